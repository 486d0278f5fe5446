"""Transfer encodings undone as far as damage allows (RFC 2045, uuencode). Pure; never raises."""

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp, a2b_uu
from string import ascii_letters, digits

#: First line of a uuencoded file; group 1 is its name.
UU_BEGIN = re.compile(r"begin [0-7]{3,4} ([^\r\n]{1,255})")
_NOT_BASE64 = bytes(set(range(256)) - set(ascii_letters.encode() + digits.encode() + b"+/"))


def decode(content: bytes, encoding: str) -> tuple[bytes, tuple[str, ...]]:
    """Return (bytes, defects): best effort, as much as came through."""
    if encoding == "base64":
        return base64(content)
    if encoding == "quoted-printable":
        return a2b_qp(content), ()
    if encoding in {"x-uuencode", "uuencode", "uue", "x-uue"}:
        lines = content.decode("latin-1").splitlines()
        return uudecode([line for line in lines if not UU_BEGIN.fullmatch(line)])
    return content, ()


def base64(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Decode base64 that may have junk in it or end too early."""
    dense = content.translate(None, b" \t\r\n")
    letters = dense.translate(None, _NOT_BASE64)
    defects = ["base64-junk"] if len(letters) + dense.count(b"=") != len(dense) else []
    if len(letters) % 4 == 1:
        letters = letters[:-1]
        defects.append("base64-truncated")
    elif len(letters) % 4 and b"=" not in dense:
        defects.append("base64-truncated")
    return a2b_base64(letters + b"=" * (-len(letters) % 4)), tuple(defects)


def uudecode(lines: list[str]) -> tuple[bytes, tuple[str, ...]]:
    """Decode uuencoded lines up to the first that is none."""
    data = bytearray()
    for line in lines:
        if line.strip() in {"", "`", "end"}:
            continue
        try:
            data += a2b_uu(line.encode("latin-1", "replace"))
        except BinasciiError:
            return bytes(data), ("uuencode",)
    return bytes(data), ()
