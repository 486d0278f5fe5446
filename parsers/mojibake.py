"""UTF-8 that was read as a code page of one byte (``Äiá»ƒm giá»›i thiá»‡u``), undone.

The undoing proves itself: letters that a person wrote almost never are valid UTF-8 by chance.
"""

import re
import unicodedata
from typing import Final

_MOST_TIMES: Final = 3  # each save in the wrong page scrambles once more
_RUN: Final = re.compile(r"[^\x00-\x7f]+")
#: The no-break space was byte A0 of à and became a plain one; byte 90 of Đ is no letter anywhere
#: and was dropped.
_LOST: Final = ((re.compile("Ã[ \xa0]"), "Ã\xa0"), (re.compile(r"Ä(?=[a-zA-Z\s.,]|$)"), "Ä\x90"))


def _bytes_of_letters() -> dict[str, int]:
    """Return letter → byte of Latin-1 and of the code pages 1252 and 1258, which never disagree."""
    table = {chr(byte): byte for byte in range(0x80, 0x100)}
    for page in ("cp1252", "cp1258"):
        for byte in range(0x80, 0x100):
            letter = bytes([byte]).decode(page, "ignore")
            if letter:
                table.setdefault(letter, byte)
    return table


_BYTES: Final = _bytes_of_letters()


def unscrambled(text: str) -> str | None:
    """Return the text that was scrambled, however often; ``None`` if it was not."""
    found: str | None = None
    for _ in range(_MOST_TIMES):
        once = _once(text if found is None else found)
        if once is None:
            break
        found = once
    return found


def _once(text: str) -> str | None:
    if text.isascii():
        return None
    for lost, byte in ((None, ""), *_LOST):
        text = text if lost is None else lost.sub(byte, text)
        try:
            plain = _RUN.sub(_decoded, text)
        except (KeyError, UnicodeDecodeError):
            continue
        return unicodedata.normalize("NFC", plain)
    return None


def _decoded(run: re.Match[str]) -> str:
    return bytes(_BYTES[letter] for letter in run[0]).decode("utf-8")
