"""The same document in other wrappings, and wrappings that were damaged on the way."""

import base64
import binascii
import bz2
import gzip
import io
import re
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from random import Random

from fuzz.mutant import Input, Mutant, mutant, posted
from rigs import letters, saved_mail

_TEXTS = frozenset({"csv", "html", "text", "xml"})
_DECLARED = re.compile(rb"charset|encoding", re.IGNORECASE)
_LINES = re.compile(rb"\r\n\r\n([A-Za-z0-9+/=\r\n]{200,})\r\n")


def other_name(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Send it under a wrong or no name and as another type: content alone decides."""
    names = ("tep", "bieu.bin", "anh.jpg", "BIEU MAU.DOC", "Biểu đăng ký.xlsx", "x.p7s.dat")
    for name in names:
        if one.kind in {"csv", "text"}:  # a text needs its name to be known as a table
            continue
        yield Mutant(name, posted(one.data, name, "text/plain-not"), "same")


def zipped(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Send it in archives, archives in archives, and in a forwarded mail."""
    once = _zip(one.name, one.data)
    inner = posted(one.data, one.name)
    for name, data in (
        ("bieu.zip", once),
        ("bieu.zip", _zip("trong.zip", once)),
        ("bieu.docx", once),
        ("bieu.tar", _tar(one)),
        ("bieu.tar.gz", gzip.compress(_tar(one), mtime=0)),
        (f"{one.name}.gz", gzip.compress(one.data, mtime=0)),
        (f"{one.name}.bz2", bz2.compress(one.data)),
        ("thu.eml", inner),
        ("bieu.zip", _zip("thu.eml", inner)),
        ("thu.eml", posted(once, "bieu.zip")),
    ):
        yield Mutant(name, posted(data, name), "same")
    yield Mutant("message/rfc822", _forwarded(inner), "same")
    yield Mutant("beside a letter", _beside(one), "same")


def damaged_archive(one: Input, chance: Random) -> Iterator[Mutant]:
    """Damage the archive that it came in."""
    for name, data in (
        ("bieu.zip", _zip(one.name, one.data)),
        ("bieu.zip", _zip(one.name, one.data, zipfile.ZIP_STORED)),
        ("bieu.tar", _tar(one)),
        ("bieu.tar.gz", gzip.compress(_tar(one), mtime=0)),
    ):
        for part in (4, 10, 16, 19):
            yield Mutant(f"{name} cut at {part}/20", posted(data[: len(data) * part // 20], name))
        if name != "bieu.tar":  # a plain tar has no checksum over its files
            for _ in range(3):
                broken = bytearray(data)
                at = chance.randrange(len(broken))
                broken[at] ^= 1 << chance.randrange(8)
                yield Mutant(f"{name} bit at {at}", posted(bytes(broken), name))


def outlook(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Send it in Outlook's envelopes, whole and cut off."""
    for name, data in (
        ("winmail.dat", letters.winmail(one.name, one.data)),
        ("thu.msg", saved_mail.saved([(one.name, one.data)])),
    ):
        yield Mutant(name, posted(data, name), "same")
        for part in (8, 14, 17, 19):
            yield Mutant(f"{name} cut at {part}/20", posted(data[: len(data) * part // 20], name))


def damaged_mail(one: Input, chance: Random) -> Iterator[Mutant]:
    """Damage the lines of base64 in which a mail carries it."""
    mail = posted(one.data, one.name)
    found = max(
        _LINES.finditer(mail.replace(b"\n", b"\r\n")), key=lambda m: len(m[1]), default=None
    )
    if found is None:
        return
    mail = mail.replace(b"\n", b"\r\n")
    lines = found[1].split(b"\r\n")
    at = chance.randrange(len(lines))

    def with_(changed: list[bytes]) -> bytes:
        return mail[: found.start(1)] + b"\r\n".join(changed) + mail[found.end(1) :]

    yield Mutant("cut in the body", mail[: (found.start(1) + found.end(1)) // 2])
    yield Mutant("without its last lines", mail[: found.end(1) - 3])
    yield Mutant(f"line {at} lost", with_(lines[:at] + lines[at + 1 :]))
    yield Mutant(f"line {at} twice", with_([*lines[: at + 1], *lines[at:]]))
    yield Mutant(f"line {at} cut", with_([*lines[:at], lines[at][:-3], *lines[at + 1 :]]))
    yield Mutant(f"line {at} with '!'", with_([*lines[:at], b"!" + lines[at], *lines[at + 1 :]]))
    yield Mutant(f"line {at} with '=='", with_([*lines[:at], lines[at] + b"==", *lines[at + 1 :]]))
    yield Mutant("spaces at line ends", with_([line + b"  " for line in lines]), "same")
    yield Mutant("bare line feeds", mail.replace(b"\r\n", b"\n"), "same")
    yield Mutant("one long line", with_([b"".join(lines)]), "same")


def other_encoding(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Carry it as quoted-printable instead of base64, and as that with a line lost."""
    body = binascii.b2a_qp(one.data, istext=False).replace(b"=\n", b"=\r\n")
    if len(body) > 2_000_000:
        return
    yield Mutant("quoted-printable", _by_hand(one, b"quoted-printable", body), "same")
    yield Mutant("declared base64, is text", _by_hand(one, b"base64", b"Day khong phai base64 !!"))
    coded = base64.encodebytes(one.data)
    yield Mutant("declared 8bit, is base64", _by_hand(one, b"8bit", coded))


def recoded(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Write a text in other charsets, with and without a mark: the same letters."""
    if one.kind not in _TEXTS or _DECLARED.search(one.data[:4096]):
        return
    text = _text(one.data)
    if text is None:
        return
    for charset, mark in (
        ("utf-8", ""),
        ("utf-8", "\ufeff"),
        ("utf-16", ""),
        ("utf-16-be", "\ufeff"),
    ):
        yield mutant(one, f"{charset} {mark!r}", (mark + text).encode(charset), "same")
    apart = unicodedata.normalize("NFD", text)
    yield mutant(one, "NFD", apart.encode(), "same")
    yield mutant(one, "line ends", text.replace("\r\n", "\n").encode(), "same")


def _text(data: bytes) -> str | None:
    for charset in ("utf-8-sig", "utf-16"):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    return None


def _zip(name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2024, 5, 15, 9, 0, 0)), data, method)
    return buffer.getvalue()


def _tar(one: Input) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(one.name)
        info.size = len(one.data)
        archive.addfile(info, io.BytesIO(one.data))
    return buffer.getvalue()


def _forwarded(inner: bytes) -> bytes:
    head = (
        b"From: xahoacu@caoloc.example\r\nTo: ocop@caoloc.example\r\nSubject: Fwd\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n'
        b"--b1\r\nContent-Type: text/plain\r\n\r\nXin chuyen.\r\n"
        b"--b1\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return head + inner + b"\r\n--b1--\r\n"


def _beside(one: Input) -> bytes:
    mail = EmailMessage()
    mail["From"] = "xahoacu@caoloc.example"
    mail["Subject"] = "Gui bieu"
    mail.set_content("Kinh gui.")
    mail.add_attachment(b"Danh thiep", "text", "plain", filename="ghi chu.txt")
    mail.add_attachment(one.data, "application", "octet-stream", filename=one.name)
    return mail.as_bytes()


def _by_hand(one: Input, encoding: bytes, body: bytes) -> bytes:
    return (
        b"From: xahoacu@caoloc.example\r\nTo: ocop@caoloc.example\r\nSubject: Gui bieu\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n'
        b"--b1\r\nContent-Type: text/plain\r\n\r\nKinh gui.\r\n"
        b"--b1\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n"
        b'Content-Disposition: attachment; filename="' + one.name.encode() + b'"\r\n\r\n'
        + body + b"\r\n--b1--\r\n"
    )  # fmt: skip
