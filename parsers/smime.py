"""Opaquely signed S/MIME: the mail or file inside the CMS envelope (RFC 8551). No cryptography.

Runs in the jail. The signature is not checked here: it is unwrapped, because senders whose mailer
signs everything must be able to answer. BER as OpenSSL and Outlook write it, definite and
indefinite lengths.
"""

from parsers.container import Member, Opened, Room, refused
from parsers.reading import Refusal

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_OBJECT, _OCTETS, _CONTEXT_0 = 0x06, 0x04, 0xA0
_MAX_DEPTH = 12
#: Values that are looked at: a content of 50 MB in the smallest pieces that any mailer writes
#: (1 kB) has 50,000, and each is met once for every value round it whose end is not told.
_MOST_VALUES = 500_000


_NOT_TO_BE_HAD = (
    "Tệp được mã hóa, hoặc được ký số theo cách mà chương trình không mở được. Đề nghị gửi lại tệp "
    "không mã hóa, đính kèm trực tiếp vào thư."
)


def open_container(data: bytes, kind: str, name: str, room: Room) -> Opened | Refusal:
    """Unwrap what a digital signature wraps: a mail (``smime.eml``) or a document.

    ``CV 45.pdf.p7m`` holds ``CV 45.pdf``. What is no whole SignedData is refused as encrypted.
    """
    content = signed_content(data)
    if content is None:
        return Refusal("encrypted", _NOT_TO_BE_HAD, "CMS that is not only signed", kind)
    if not room.members:
        return refused("too-many", "no room for what is signed", kind)
    if len(content) > min(room.member_bytes, room.total_bytes):
        return refused("too-large", f"{len(content)} bytes are signed", kind)
    bare = name[: -len(".p7m")] if name.casefold().endswith(".p7m") else name
    inner = f"{bare}.eml" if bare.rpartition("/")[2].casefold() == "smime" else bare
    return Opened(kind, (Member(inner, content),))


def signed_content(data: bytes) -> bytes | None:
    """Return the content of a SignedData structure; None when it is encrypted or malformed."""
    try:
        return _Walk().content(data)
    except (IndexError, ValueError):
        return None


class _Walk:
    """One walk over a structure, within a budget: a hostile one ends soon."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def content(self, data: bytes) -> bytes:
        """Return what is signed; ``ValueError`` or ``IndexError`` if that is not to be had."""
        # ContentInfo ::= SEQUENCE { contentType, [0] content }
        info = self._children(self._read(data, 0)[1])
        if info[0] != (_OBJECT, _SIGNED_DATA):
            raise ValueError("not SignedData")
        # SEQUENCE { version, digests, encapsulated, … }
        signed = self._children(self._children(info[1][1])[0][1])
        encapsulated = self._children(signed[2][1])  # SEQUENCE { eContentType, [0] eContent }
        if encapsulated[1][0] != _CONTEXT_0:
            raise ValueError("detached")
        pieces = self._children(encapsulated[1][1])
        return b"".join(self._octets(tag, value) for tag, value in pieces)

    def _octets(self, tag: int, value: bytes, depth: int = 0) -> bytes:
        """Return the bytes of an OCTET STRING, joined when it was sent in pieces."""
        if depth > _MAX_DEPTH or tag & 0x1F != _OCTETS:
            raise ValueError("not an OCTET STRING")
        if not tag & 0x20:
            return value
        pieces = self._children(value)
        return b"".join(self._octets(inner, part, depth + 1) for inner, part in pieces)

    def _children(self, value: bytes) -> list[tuple[int, bytes]]:
        found = []
        at = 0
        while at < len(value):
            tag, inner, at = self._read(value, at)
            found.append((tag, inner))
        return found

    def _read(self, data: bytes, at: int, depth: int = 0) -> tuple[int, bytes, int]:
        """Return (tag, content, position after it) of the value at ``at``."""
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            raise ValueError("too deep, or in too many pieces")
        tag, first = data[at], data[at + 1]
        at += 2
        if first == 0x80:  # noqa: PLR2004  indefinite: until two zero bytes
            start = at
            while data[at : at + 2] != b"\0\0":
                at = self._read(data, at, depth + 1)[2]
            return tag, data[start:at], at + 2
        size = first
        if first & 0x80:
            count = first & 0x7F
            size = int.from_bytes(data[at : at + count])
            at += count
        if at + size > len(data):
            raise ValueError("cut off")
        return tag, data[at : at + size], at + size
