"""Text in the Vietnamese code page, as old Windows programs write it: letters, then their tones."""

import unicodedata

_TONES = "\u0300\u0301\u0303\u0309\u0323"


def encoded(text: str) -> bytes:
    return "".join(map(_torn, text)).encode("cp1258")


def _torn(letter: str) -> str:
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        apart = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in apart if mark in _TONES)
        rest = "".join(mark for mark in apart if mark not in _TONES)
        return unicodedata.normalize("NFC", rest) + tones
    return letter
