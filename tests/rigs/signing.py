"""An invented certificate authority that signs PDFs as a commune's office would."""

import datetime as dt
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from intake.demo_signing import sign

MADE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
SIGNED = dt.datetime(2024, 5, 17, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=7)))


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def certificate(
    name: str, issuer: Certificate | None = None, days: int = 3650, *, usage: bool = True
) -> Certificate:
    """Return a root, or a signer's certificate below an issuer, valid from 1/1/2024 for so long."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    is_root = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(MADE)
        .not_valid_after(MADE + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(_usage(is_root=is_root, repudiation=usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signing_key = key if issuer is None else issuer.key
    return Certificate(builder.sign(signing_key, hashes.SHA256()), key)


def _usage(*, is_root: bool, repudiation: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=not is_root and repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )


def signed(
    pdf: bytes, signer: Certificate, at: dt.datetime = SIGNED, field: str = "ChuKy"
) -> bytes:
    """Return the PDF with a PAdES signature that claims this time."""
    return sign(pdf, signer.certificate, signer.key, at, "UBND xã Hòa Cư", field)
