"""Builders of received mail: bytes as a commune's mailer would send them, and worse."""

import base64
import struct
from collections.abc import Sequence

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BIG = b"PK\x03\x04" + bytes(range(256)) * 50
SENDER = "hoacu@commune.example"


def head(
    extra: str = "", *, sender: str = f"UBND xa Hoa Cu <{SENDER}>", subject: str = "Dang ky"
) -> str:
    """Return header lines of an ordinary mail; ``extra`` are whole lines with CRLF."""
    return (
        f"From: {sender}\r\nTo: ocop@caoloc.example\r\nSubject: {subject}\r\n"
        "Message-ID: <1@commune.example>\r\nDate: Fri, 17 May 2024 08:00:00 +0700\r\n"
        f"{extra}MIME-Version: 1.0\r\n"
    )


def plain(text: str = "Kính gửi Phòng.", extra: str = "", **given: str) -> bytes:
    """Return a mail of words only."""
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return (
        head(extra, **given)
        + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + f"{lines}\r\n"
    ).encode("utf-8", "surrogateescape")


def words(text: str, kind: str = "text/plain") -> bytes:
    """Return a body part."""
    return (
        f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode() + text.encode()


def file(
    name: str = "bieu.xlsx",
    data: bytes = BIG,
    kind: str = XLSX,
    *,
    disposition: str = "attachment",
    extra: str = "",
) -> bytes:
    """Return an attached file in base64."""
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    header = (
        f'Content-Type: {kind}; name="{name}"\r\n'
        f'Content-Disposition: {disposition}; filename="{name}"\r\n'
        f"{extra}Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return header.encode() + lines


def named(header: bytes, data: bytes = BIG) -> bytes:
    """Return an attached file whose header lines are given raw."""
    return header + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


def multipart(
    parts: Sequence[bytes], extra: str = "", *, kind: str = "mixed", params: str = "", **given: str
) -> bytes:
    """Return a mail of several parts."""
    # A boundary of its own: mails are put into mails.
    boundary = f"b{sum(map(len, parts))}"
    return head(extra, **given).encode() + pieces(
        parts, kind=kind, params=params, boundary=boundary
    )


def pieces(
    parts: Sequence[bytes], *, kind: str = "mixed", params: str = "", boundary: str = "b0"
) -> bytes:
    """Return a multipart entity, from its Content-Type on."""
    start = f'Content-Type: multipart/{kind}; boundary="{boundary}"{params}\r\n\r\n'.encode()
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return start + body + b"--" + boundary.encode() + b"--\r\n"


def forwarded(raw: bytes) -> bytes:
    """Return a mail attached as message/rfc822."""
    return b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + raw


def winmail(name: str, data: bytes) -> bytes:
    """Return Microsoft's envelope around one file, as Outlook makes it for "rich text" mail."""

    def attribute(identity: int, value: bytes) -> bytes:
        return struct.pack("<BII", 2, identity, len(value)) + value + b"\0\0"

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(0x00069002, b"\0" * 14)
        + attribute(0x00018010, name.encode() + b"\0")
        + attribute(0x0006800F, data)
    )


def p7m(content: bytes) -> bytes:
    """A CMS SignedData without signers around bytes (RFC 5652)."""

    def tag(kind: int, value: bytes) -> bytes:
        size = len(value).to_bytes(4, "big")
        return bytes([kind, 0x84]) + size + value

    data = bytes.fromhex("06092a864886f70d010701")
    inner = tag(0x30, data + tag(0xA0, tag(0x04, content)))
    signed = tag(0x30, b"\x02\x01\x01" + tag(0x31, b"") + inner)
    return tag(0x30, bytes.fromhex("06092a864886f70d010702") + tag(0xA0, signed))
