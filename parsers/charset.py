"""Bytes of plain text → letters: byte order mark, UTF-16, UTF-8, then the Vietnamese code page."""

import codecs
import unicodedata
from typing import Final

from parsers.legible import share_of_syllables
from parsers.package import RefusedError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: What is looked at to tell one charset from another.
_SAMPLE_BYTES: Final = 65_536
#: In two-byte text, of every other byte so many are zero: spaces, digits, letters without marks.
_ZEROS: Final = 0.2
_LEGIBLE: Final = 0.75


def decoded(data: bytes, declared: str = "") -> str:
    """Return a text's letters, composed (NFC).

    Args:
        data: the whole text.
        declared: what it says of its own charset, if anything; believed only where the bytes do
            not show it themselves, for such claims are copied from file to file.

    Raises:
        RefusedError: ``damaged``: the text is in UTF-8 or UTF-16 and parts of it are broken, or
            zeros stand in it.
    """
    charset = charset_of(data, declared)
    try:
        text = data.decode(charset)
    except UnicodeDecodeError as error:
        raise RefusedError("damaged", f"broken {charset} text") from error
    if "\0" in text:  # a block that was never written: no program puts zeros into a text
        raise RefusedError("damaged", f"zeros in {charset} text")
    return unicodedata.normalize("NFC", text)


def charset_of(data: bytes, declared: str = "") -> str:
    """Return the name of a text's charset; it may be cut off in the middle of a letter.

    Without a mark that is UTF-16 by its zero bytes, else UTF-8 by its own checksum, the lead bytes;
    else what makes Vietnamese words: the declared charset or cp1258; else cp1252, in which text
    of TCVN3 and VNI fonts looks as it does everywhere.
    """
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return charset
    sample = data[:_SAMPLE_BYTES]
    low, high = sample[::2].count(0), sample[1::2].count(0)
    if max(low, high) > _ZEROS * len(sample) / 2 and min(low, high) * 10 < max(low, high):
        return "utf-16-le" if high > low else "utf-16-be"
    if data.isascii() or _is_utf8(data):
        return "utf-8"
    return next(filter(lambda name: _reads(sample, name), (declared, "cp1258")), _western(sample))


def _is_utf8(data: bytes) -> bool:
    """Whether the text was written as UTF-8, also if a few of its letters are broken since."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        letters = data.decode("utf-8", "replace")
        broken = letters.count("\ufffd")
        return sum(letter > "\x7f" for letter in letters) - broken > broken
    return True


def _reads(sample: bytes, charset: str) -> bool:
    """Whether a one-byte charset makes Vietnamese words of the bytes."""
    try:
        text = sample.decode(charset)
    except (LookupError, UnicodeError):
        return False
    share, _ = share_of_syllables([unicodedata.normalize("NFC", text)])
    return share >= _LEGIBLE


def _western(sample: bytes) -> str:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
