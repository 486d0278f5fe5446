"""Text as old programs, fonts and keyboards leave it; what it means stays the same."""

import subprocess
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from golden.makers.paper import Box, Paper, Sheet

_TONES: Final = "\u0301\u0300\u0309\u0303\u0323"
#: VNI writes a tone as a letter of its own after the vowel; with ^ or ˘ on it, as another one.
_VNI_PLAIN: Final = dict(zip(_TONES, "ùøûõï", strict=True))
_VNI_HAT: Final = dict(zip(("", *_TONES), "âáàåãä", strict=True))
_VNI_BREVE: Final = dict(zip(("", *_TONES), "êéèúüë", strict=True))
_VNI_I: Final = dict(zip(("", *_TONES), "iíìæóò", strict=True))
_VNI_BASES: Final = {"ơ": "ô", "ư": "ö", "đ": "ñ"}


def worn(paper: Paper, wear: Callable[[str], str]) -> Paper:
    """Return the paper with every text changed, in cells and lines."""
    return replace(paper, sheets=[_worn(sheet, wear) for sheet in paper.sheets])


def _worn(sheet: Sheet, wear: Callable[[str], str]) -> Sheet:
    rows = [[None if box is None else _worn_box(box, wear) for box in row] for row in sheet.rows]
    lines = [[tuple(map(wear, line)) for line in side] for side in (sheet.above, sheet.below)]
    return replace(sheet, rows=rows, above=lines[0], below=lines[1])


def _worn_box(box: Box, wear: Callable[[str], str]) -> Box:
    value = wear(box.value) if isinstance(box.value, str) else box.value
    return replace(box, text=wear(box.text), value=value)


def look_alikes(text: str) -> str:
    """Write ƣ for ư and Ð for Đ, as conversions of the 2000s did; invisible spaces."""
    table = str.maketrans({"ư": "ƣ", "Ư": "Ƣ", "Đ": "Ð", "đ": "đ"})
    return unicodedata.normalize("NFC", text).translate(table).replace(" và ", " \u200bvà\u00a0")


def decomposed(text: str) -> str:
    """Write letters and their marks apart, as macOS does."""
    return unicodedata.normalize("NFD", text)


def tcvn3(text: str) -> str:
    """Write in the bytes of the .Vn fonts, each as the Latin letter that Unicode has for it.

    Capitals with a tone have no code there: those who typed them changed to a font of capitals.
    """
    codes = _tcvn_codes()
    return "".join(codes.get(letter, letter) for letter in unicodedata.normalize("NFC", text))


@cache
def _tcvn_codes() -> Mapping[str, str]:
    """Return letter → code, from the C library's table of the standard (TCVN 5712)."""
    codes = bytes(range(0xA1, 0xFF))
    found = {}
    for code in codes:
        made = subprocess.run(
            ["iconv", "-f", "TCVN5712-1", "-t", "UTF-8"],
            input=bytes([code]),
            capture_output=True,
            check=False,
        ).stdout.decode()
        letter = unicodedata.normalize("NFC", made)
        if len(letter) == 1 and letter.isalpha():
            found[letter] = chr(code)
    return found


def vni(text: str) -> str:
    """Write in the bytes of the VNI fonts, each as the Latin letter that Unicode has for it."""
    return "".join(map(_vni, unicodedata.normalize("NFC", text)))


def _vni(letter: str) -> str:
    small = letter.lower()
    parts = unicodedata.normalize("NFD", small)
    tone = next((mark for mark in parts if mark in _TONES), "")
    base = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in _TONES))
    bare = parts[0]
    if base == "i" and tone:
        code = _VNI_I[tone]
    elif base in {"â", "ê", "ô"}:
        code = bare + _VNI_HAT[tone]
    elif base == "ă":
        code = bare + _VNI_BREVE[tone]
    elif base == "y" and tone == "\u0323":
        code = "î"
    elif base in _VNI_BASES or tone:
        code = _VNI_BASES.get(base, base) + _VNI_PLAIN.get(tone, "")
    else:
        return letter
    return code.upper() if letter != small else code
