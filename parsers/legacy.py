"""Text typed in the fonts that came before Unicode: TCVN3 (ABC, ``.VnTime``) and VNI (Windows).

Such a font draws Vietnamese letters at the places of Latin-1, so the file holds ``thÞ trÊn §ång
§¨ng`` (TCVN3) or ``Coäng hoøa xaõ hoäi`` (VNI). Which of them a text is, the name of its font says;
without one, ``parsers.mending`` decides for a whole document.

Tables: TCVN 5712:1993 in the use of the ABC fonts (VN3, whose capitals with tones are a font of
their own), VNI Encoding for Windows.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from parsers.grid import Trace
from parsers.legible import spelled, unaccented
from parsers.vietnamese import sure

_CAPITALS: Final = "H"  # .VnTimeH shows every letter as a capital
_TCVN3_FONT: Final = re.compile(r"\.vn|vn(?:time|arial|avant|helv)", re.IGNORECASE)
_VNI_FONT: Final = re.compile(r"vni\b", re.IGNORECASE)
_SUBSET: Final = re.compile(r"[A-Z]{6}\+")

_TCVN3: Final = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\xad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"
_ROOF, _BOWL = "\u0302", "\u0306"
#: The letter that VNI writes behind a vowel → the marks that it puts on it.
_SIGNS: Final = {
    "ø": _GRAVE, "ù": _ACUTE, "û": _HOOK, "õ": _TILDE, "ï": _DOT,
    "â": _ROOF, "à": _ROOF + _GRAVE, "á": _ROOF + _ACUTE,
    "å": _ROOF + _HOOK, "ã": _ROOF + _TILDE, "ä": _ROOF + _DOT,
    "ê": _BOWL, "è": _BOWL + _GRAVE, "é": _BOWL + _ACUTE,
    "ú": _BOWL + _HOOK, "ü": _BOWL + _TILDE, "ë": _BOWL + _DOT,
}  # fmt: skip
#: Letters that VNI has in one piece.
_WHOLE: Final = {
    "ô": "ơ", "ö": "ư", "ñ": "đ", "ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ",
}  # fmt: skip


def _vni_table() -> dict[str, str]:
    table = {}
    for base in "aeouyôö":
        for sign, marks in _SIGNS.items():
            bare = _WHOLE.get(base, base)
            letter = unicodedata.normalize("NFC", unicodedata.normalize("NFD", bare) + marks)
            if len(letter) == 1:
                table[base + sign] = letter
                capital = letter.upper()
                table[base.upper() + sign] = table[base.upper() + sign.upper()] = capital
    for written, letter in _WHOLE.items():
        table[written], table[written.upper()] = letter, letter.upper()
    return table


VNI: Final = _vni_table()
_VNI_PIECE: Final = re.compile("|".join(sorted(map(re.escape, VNI), key=len, reverse=True)))
#: The letters that code page 1258 has at other places than 1252: TCVN3 bytes read on a
#: Vietnamese Windows came out as these.
_PAGE_1258: Final = {
    "Ă": "Ã", "\u0300": "Ì", "Đ": "Ð", "\u0309": "Ò", "Ơ": "Õ", "Ư": "Ý", "\u0303": "Þ",
    "ă": "ã", "\u0301": "ì", "đ": "ð", "\u0323": "ò", "ơ": "õ", "ư": "ý", "₫": "þ",
}  # fmt: skip
_NOT_IN_1258: Final = frozenset(_PAGE_1258.values())
_WORD: Final = re.compile(r"[^\W\d_]+")


#: So many words with marks and none with ư: 9 in 100 have one.
_LONG: Final = 60
_HORNLESS: Final = re.compile(r"ơ(?:c|ng)$", re.IGNORECASE)


class Typed(NamedTuple):
    """A text, the same as the file has it, and the code it was decoded from (``""`` = none)."""

    text: str
    written: str
    code: str

    def trace(self) -> Trace | None:
        """Return what a cell keeps of a text that was decoded."""
        return Trace(written=self.written, repair=self.code) if self.code else None


@lru_cache(maxsize=512)
def code_of(font: str) -> str:
    """Return the code that a font name stands for: ``tcvn3``, ``vni``, or ``""`` for Unicode.

    A PDF's subset prefix (``ABCDEF+.VnTime``) does not matter.
    """
    name = _SUBSET.sub("", font.strip(), count=1)
    if _TCVN3_FONT.match(name):
        return "tcvn3"
    return "vni" if _VNI_FONT.match(name) else ""


@lru_cache(maxsize=512)
def shows_capitals(font: str) -> bool:
    """Tell a TCVN3 font in which small letters look like capitals (``.VnTimeH``)."""
    if code_of(font) != "tcvn3":
        return False
    return re.split(r"[,-]", font, maxsplit=1)[0].rstrip().endswith(_CAPITALS)


def decoded(text: str, font: str) -> tuple[str, str]:
    """Return what a text set in this font shows, and the code it was in (``""`` = Unicode).

    Text with letters that the code cannot have is Unicode that was left in an old font; it stays.
    """
    code = code_of(font)
    if not code or sure(text):
        return text, ""
    shown = decode(text, code)
    if shown is None:
        return text, ""
    if shows_capitals(font):
        shown = shown.upper()
    return shown, code if shown != text else ""


def decode(text: str, code: str) -> str | None:
    """Return a text decoded, or ``None`` if it has Vietnamese letters that the code cannot have."""
    if text.isascii():
        return text
    if code == "tcvn3-1258":
        return _tcvn3(_page_1252(text))
    if any(letter in _PAGE_1258 for letter in text):
        return None
    if code == "tcvn3":
        return _tcvn3(text)
    return _VNI_PIECE.sub(lambda piece: VNI[piece[0]], text)


def _tcvn3(text: str) -> str:
    """Decode letter by letter; in a word of capitals those with tones are capitals as well."""
    shown = "".join(_TCVN3.get(letter, letter) for letter in text)
    return _WORD.sub(_in_one_case, shown)


def _in_one_case(word: re.Match[str]) -> str:
    letters = word[0]
    plain = [letter for letter in letters if letter.isascii()]
    return letters.upper() if len(plain) > 1 and all(map(str.isupper, plain)) else letters


def _page_1252(text: str) -> str:
    """Return text that was read as code page 1258 the way page 1252 would have it.

    Page 1258 has tones as letters of their own, which may have been composed since.
    """
    found: list[str] = []
    for letter in text:
        whole = letter in _PAGE_1258 or letter not in _NOT_IN_1258
        pieces = letter if whole else unicodedata.normalize("NFD", letter)
        found.extend(_PAGE_1258.get(piece, piece) for piece in pieces)
    return "".join(found)


def together(pieces: Iterable[Typed], between: str) -> Typed:
    """Return the pieces that hold something as one text."""
    filled = [piece for piece in pieces if piece.text]
    return Typed(
        between.join(piece.text for piece in filled).strip(),
        between.join(piece.written for piece in filled),
        next((piece.code for piece in filled if piece.code), ""),
    )


def believed(texts: Iterable[str], code: str) -> bool:
    """Whether texts set in a legacy font are in its code, and nothing of them was lost.

    Unicode text is sometimes left in an old font: then letters that no code has are in the
    majority over signs that only a code has.
    """
    surely = coded = 0
    words: list[str] = []
    for text in texts:
        if text.isascii():
            continue
        surely += sure(text)
        coded += not sure(text) and not all(map(spelled, _WORD.findall(text)))
        words += _WORD.findall(decode(text, code) or "")
    return coded >= surely and not (code == "tcvn3" and lost_horns(words))


def lost_horns(words: Sequence[str]) -> bool:
    """Whether decoded TCVN3 words show that the soft hyphens, which are ư there, were stripped.

    "được" becomes "đợc" then, which no Vietnamese word is; and no longer text has no ư at all.
    """
    if any("ư" in word or "Ư" in word for word in words):
        return False
    worded = sum(not word.isascii() for word in words)
    if worded >= _LONG or any(word.lower() == "ngời" for word in words):
        return True
    return any(_HORNLESS.search(unaccented(word)) for word in words)


def joined(runs: Sequence[tuple[str, str]]) -> Typed:
    """Return one text of runs (text, font): a letter's two halves may stand in two runs."""
    shown, codes = [], []
    for _, group in groupby(runs, key=lambda run: (code_of(run[1]), shows_capitals(run[1]))):
        pieces = list(group)
        text, code = decoded("".join(text for text, _ in pieces), pieces[0][1])
        shown.append(text)
        codes.append(code)
    written = "".join(text for text, _ in runs)
    return Typed("".join(shown), written, next(filter(None, codes), ""))
