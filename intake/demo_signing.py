"""The demo's official letter, signed: a certificate of its own, which nobody's root vouches for."""

import datetime as dt
import io
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

_GOOD_FOR = dt.timedelta(days=365)


def signed(pdf: bytes, name: str, at: dt.datetime) -> bytes:
    """Return the PDF with a PAdES signature in this name that claims this time."""
    key = ec.generate_private_key(ec.SECP256R1())
    return sign(pdf, _certificate(name, key, at), key, at, name)


def sign(
    pdf: bytes,
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    at: dt.datetime,
    name: str,
    field: str = "ChuKy",
) -> bytes:
    """Return the PDF with a PAdES signature by this certificate in a field of its own."""
    der = serialization.Encoding.DER
    private = key.private_bytes(
        der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(certificate.public_bytes(der)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=field, subfilter=fields.SigSeedSubFilter.PADES, name=name
    )
    out = io.BytesIO()
    _AtItsTime(at, metadata, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
    return out.getvalue()


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, at: dt.datetime) -> x509.Certificate:
    who = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _GOOD_FOR)
        .not_valid_after(at + _GOOD_FOR)
        .add_extension(usage, critical=True)
    )
    return builder.sign(key, hashes.SHA256())


class _AtItsTime(signers.PdfSigner):
    """A signer whose clock shows the demo's time."""

    def __init__(self, at: dt.datetime, *parts: Any) -> None:
        super().__init__(*parts)
        self._at = at

    def init_signing_session(self, *parts: Any, **more: Any) -> Any:
        """Begin to sign, at that time."""
        session = super().init_signing_session(*parts, **more)
        session.system_time = self._at
        return session
