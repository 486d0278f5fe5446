"""Domains that sign their mail: keys made here, a zone in a dict, signatures by dkimpy."""

import base64
import random
from functools import cache

import dkim
import nacl.signing
from asn1crypto import keys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from intake.domainkeys import DnsAway


@cache
def rsa_key(bits: int = 2048) -> tuple[bytes, bytes]:
    """Return (private PEM, key record)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@cache
def weak_rsa_key(bits: int = 768) -> tuple[bytes, bytes]:
    """Return a key as short as no library of today makes one."""
    chance = random.Random(bits)  # noqa: S311  a key that must be refused
    first, second = _prime(chance, bits // 2), _prime(chance, bits // 2)
    secret = pow(65537, -1, (first - 1) * (second - 1))
    private = keys.RSAPrivateKey(
        {
            "version": "two-prime",
            "modulus": first * second,
            "public_exponent": 65537,
            "private_exponent": secret,
            "prime1": first,
            "prime2": second,
            "exponent1": secret % (first - 1),
            "exponent2": secret % (second - 1),
            "coefficient": pow(second, -1, first),
        }
    )
    public = keys.RSAPublicKey({"modulus": first * second, "public_exponent": 65537})
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.b64encode(private.dump())
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public.dump())
    return pem + b"\n-----END RSA PRIVATE KEY-----\n", record


def _prime(chance: random.Random, bits: int) -> int:
    while True:
        found = chance.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(pow(base, found - 1, found) == 1 for base in (2, 3, 5, 7)) and found % 65537 != 1:
            return found


@cache
def ed25519_key() -> tuple[bytes, bytes]:
    """Return (private seed in Base64, key record)."""
    key = nacl.signing.SigningKey.generate()
    record = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(key.verify_key))
    return base64.b64encode(bytes(key)), record


class Zone:
    """A name server: key records by name. ``away`` answers nothing."""

    def __init__(self, **records: bytes) -> None:
        self.records = {f"{name}.": record for name, record in records.items()}
        self.away = False
        self.asked: list[str] = []

    def put(self, selector: str, domain: str, record: bytes) -> "Zone":
        self.records[f"{selector}._domainkey.{domain}."] = record
        return self

    def __call__(self, name: str) -> bytes | None:
        self.asked.append(name)
        if self.away:
            raise DnsAway("Timeout")
        return self.records.get(name)


HEADERS = (
    "from", "from", "to", "subject", "subject", "date", "message-id", "in-reply-to", "references",
    "mime-version", "content-type", "content-transfer-encoding",
)  # fmt: skip


def signed(
    raw: bytes,
    domain: str = "commune.example",
    key: bytes | None = None,
    *,
    selector: str = "s1",
    algorithm: bytes = b"rsa-sha256",
    headers: tuple[str, ...] = HEADERS,
    canon: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    length: bool = False,
    extra: bytes = b"",
) -> bytes:
    """Return the mail with a signature on top; ``extra`` are further tags, signed as well."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    signer = _Signer(raw)
    signer.extra = extra
    line = signer.sign(
        selector.encode(),
        domain.encode(),
        rsa_key()[0] if key is None else key,
        signature_algorithm=algorithm,
        canonicalize=canon,
        include_headers=[name.encode() for name in headers],
        length=length,
    )
    return line + raw


class _Signer(dkim.DKIM):
    """dkimpy's signer, able to add tags such as x= before it signs."""

    extra = b""

    def gen_header(self, fields, *arguments, **more):
        for tag in filter(None, self.extra.split(b";")):
            name, _, value = tag.partition(b"=")
            fields.insert(1, (name.strip(), value.strip()))
        return super().gen_header(fields, *arguments, **more)
