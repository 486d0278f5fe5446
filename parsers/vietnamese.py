"""Vietnamese text: repair and folding.

Four forms of the same text, each for one use: ``repair`` for everything that comes in, ``one_line``
for what is stored, ``key`` for matching that respects diacritics, ``fold`` and ``squash`` for
matching that does not. Only ``one_line`` of the text as written is ever stored; the rest are keys.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

#: Look-alikes that PDF producers and old keyboards write for Vietnamese letters.
_LOOK_ALIKES = {
    "\u01a3": "ư",  # latin letter OI, in thousands of public PDFs
    "\u01a2": "Ư",
    "\u00d0": "Đ",  # Icelandic eth
    "\u00f0": "đ",
    "\u0189": "Đ",  # African D
    "\u2215": "/",
    "\u2044": "/",
}
#: Text of nothing but these needs no repair: keyboards of today write the letters in one piece.
_GOOD = re.compile(r"[\n\t -~–—‘’“”…²°ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ]*")
_LINE_BREAKS = "\r\x0b\x0c\x85\u2028\u2029"
#: Letters that no code page of one byte has: text with one of them is Unicode for certain.
_SURE = re.compile(r"[Ạ-ỹĩũĨŨ]")
#: What a decoding still needs: the soft hyphen (ư in TCVN3), the eths (é, and a letter of bytes),
#: the control characters and the no-break space that UTF-8 gives in another code page.
_NEEDED = "".join(map(chr, range(0x80, 0xA1))) + "\xad\xd0\xf0"
_UNDECIDED = re.compile("[\x80-\x9f\xad\xd0\xf0]|[ÂÃĂ]\xa0")
_TONES = "\u0300\u0301\u0309\u0303\u0323"
#: An open oa, oe, uy that carries its tone on the second vowel; "quý" is qu + ý and stays.
_NEW_STYLE = re.compile(
    rf"(?P<first>[oO])(?P<second>[aAeE])(?P<tone>[{_TONES}])(?![^\W\d_]|[{_TONES}\u0302\u0306\u031b])"
    rf"|(?<![qQ])(?P<u>[uU])(?P<y>[yY])(?P<mark>[{_TONES}])(?![^\W\d_])"
)

#: Without one of these no tone stands so; text in one piece has the vowel and its tone as one.
_MAY_BE_NEW_STYLE = re.compile(r"[oO][àáảãạèéẻẽẹÀÁẢÃẠÈÉẺẼẸ]|[uU][ỳýỷỹỵỲÝỶỸỴ]")

#: Texts up to this length are folded or keyed once: form aliases and captions come again and again.
_SHORT = 120
#: So many are remembered: those of a large workbook, which are asked for again and again.
_MOST_FOLDS = 20_000
_folds: dict[str, str] = {}
#: Beyond this code point letters are rare here and many: a table must not grow with hostile text.
_REMEMBERED = 0x3000


class _Table(dict[int, str]):
    """A table for `str.translate` that works out each letter when it is first met."""

    def __init__(self, changed: Callable[[str], str]) -> None:
        super().__init__()
        self._changed = changed

    def __missing__(self, code: int) -> str:
        changed = self._changed(chr(code))
        if code < _REMEMBERED:
            self[code] = changed
        return changed


def repair(text: str) -> str:
    """Return the text as its writer meant it: NFC, Vietnamese letters, nothing invisible.

    ƣ becomes ư, the Icelandic ð becomes đ, every kind of space one plain space, every kind of line
    break a line feed, every kind of digit 0–9. Zero-width, direction and control characters go;
    line feed and tab stay. Nothing that a person can see is lost, and repairing twice changes
    nothing.

    Text that may still be in the code of an old font or in a wrong code page keeps what its
    decoding needs (a soft hyphen is ư in TCVN3) until ``parsers.mending`` has looked at the whole
    document; ``settled`` and everything built on it does not.
    """
    if _GOOD.fullmatch(text):
        return text
    kept = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_KEPT))
    if _UNDECIDED.search(kept) and not sure(kept):
        return kept
    return unicodedata.normalize("NFC", kept.translate(_REPAIRED))


def settled(text: str) -> str:
    """Return ``repair`` for text whose code is known to be Unicode: nothing invisible is kept."""
    if _GOOD.fullmatch(text):
        return text
    repaired = repair(text)
    if _UNDECIDED.search(repaired):
        return unicodedata.normalize("NFC", repaired.translate(_REPAIRED))
    return repaired


def sure(text: str) -> bool:
    """Whether a text is Unicode for certain: it has Vietnamese letters that no old code has."""
    return _SURE.search(text) is not None


def is_plain(text: str) -> bool:
    """Whether a text has nothing but the letters, digits and signs of Vietnamese writing."""
    return _GOOD.fullmatch(text) is not None


def _repaired(letter: str) -> str:
    if letter in "\n\t" or " " <= letter <= "~":
        return letter
    if letter in _LOOK_ALIKES:
        return _LOOK_ALIKES[letter]
    if letter in _LINE_BREAKS:
        return "\n"
    category = unicodedata.category(letter)
    if category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.digit(letter))
    return "" if category in {"Cc", "Cf", "Cs", "Cn"} else letter


_REPAIRED = _Table(_repaired)
_KEPT = _Table(lambda letter: letter if letter in _NEEDED else _repaired(letter))


def one_line(text: str) -> str:
    """Return the canonical stored text: repaired, on one line, single spaces, stripped."""
    return " ".join(settled(text).split())


def fold(text: str) -> str:
    """Return the match key without diacritics: ``"XÃ HÒA CƯ (2)"`` gives ``"xa hoa cu 2"``.

    đ becomes d, case goes, everything that is neither letter nor digit becomes a space, spaces are
    squeezed. ``m²`` gives ``m2``.
    """
    folded = _folds.get(text)
    if folded is None:
        folded = _fold(text)
        if len(text) <= _SHORT:
            _remember({text: folded})
    return folded


def _remember(folded: dict[str, str]) -> None:
    if len(_folds) > _MOST_FOLDS:
        _folds.clear()
    _folds.update(folded)


def _fold(text: str) -> str:
    bare = unicodedata.normalize("NFKD", settled(text).casefold())
    return " ".join(bare.translate(_FOLDED).casefold().split())


def _folded(letter: str) -> str:
    if letter == "đ":
        return "d"
    if unicodedata.category(letter) in {"Mn", "Mc", "Me"}:
        return ""
    return letter if letter.isalnum() else " "


_FOLDED = _Table(_folded)


def folded_lines(texts: Iterable[str]) -> list[str]:
    """Return ``fold`` of many texts of one line each, for hardly more than that of one.

    Letter by letter, for nothing that folding keeps depends on a letter's neighbours. ``fold``
    remembers them.
    """
    texts = list(texts)
    joined = _SPACES.sub(" ", "\n".join(texts).translate(_FOLDED_LINE))
    folded = joined.replace(" \n", "\n").replace("\n ", "\n").strip(" ").split("\n")
    _remember(
        {text: line for text, line in zip(texts, folded, strict=False) if len(text) <= _SHORT}
    )
    return folded


_SPACES = re.compile(r"  +")


def _fold_letter(letter: str) -> str:
    if letter == "\n":
        return letter
    bare = unicodedata.normalize("NFKD", settled(letter).casefold())
    return bare.translate(_FOLDED).casefold()


_FOLDED_LINE = _Table(_fold_letter)


def unmarked(text: str) -> str:
    """Return the text without marks on its letters and with d for đ; all other signs stay.

    For what is no text to be matched: names of files, patterns, addresses.
    """
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def squash(text: str) -> str:
    """Return ``fold`` without any space, for headers that a PDF broke in the middle of a word."""
    return fold(text).replace(" ", "")


def tone_old(text: str) -> str:
    """Return the text with tones placed the old way: Hoà → Hòa, khoẻ → khỏe, Thuỵ → Thụy.

    The official names of communes are written the old way. Closed syllables (hoàn, thuyền) and
    ``quý`` are the same in both ways and stay.
    """
    if text.isascii():
        return text
    if unicodedata.is_normalized("NFC", text) and not _MAY_BE_NEW_STYLE.search(text):
        return text
    apart = _NEW_STYLE.sub(_moved, unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", apart)


def _moved(match: re.Match[str]) -> str:
    first, second = match["first"] or match["u"], match["second"] or match["y"]
    return first + (match["tone"] or match["mark"]) + second


def key(text: str) -> str:
    """Return the match key that keeps diacritics: repaired, casefolded, old tones, one line."""
    return _key_once(text) if len(text) <= _SHORT else _key(text)


def _key(text: str) -> str:
    return " ".join(tone_old(settled(text).casefold()).split())


_key_once = lru_cache(maxsize=4096)(_key)


#: Symbols that stand for accented letters in TCVN3 (.VnTime) when they touch a letter.
_TCVN3 = "µ¸¶·¹¨»¾¼½Æ©Ç®§ª«¬Ë×ØÞßäåæçëîñöïø÷ûþÿ"
_TCVN3_INSIDE = re.compile(rf"[^\W\d_][{_TCVN3}]+[^\W\d_]|[§®][^\W\d_]|[^\W\d_][µ¸¶¨¾¼Æ]")
#: VNI-Windows writes a vowel and then a sign that is a letter: "Coäng hoøa xaõ hoäi".
#: "uâ" is good Vietnamese: Xuân, Quân, Luân.
_VNI = re.compile(r"[aeouy][øõûï]|[aeo][äåëâ]|[aeo]ù(?![a-z])|ñ[aeiou]|[öô][øõûï]", re.IGNORECASE)
#: What UTF-8 gives in a code page of one byte: "Äiá»ƒm giá»›i thiá»‡u".
_MOJIBAKE = re.compile(r"á[º»]|Æ[°¡¯]|Ä[‘ƒ©¨]|Ã[¡¢£¨©ª¬²³´µ¹º½]")
#: One of these letters is in whatever the three patterns find.
_SUSPECT = re.compile(
    f"[{_TCVN3}øõûïäåëâùñöØÕÛÏÄÅËÂÙÑÖº»°¡¯‘ƒ©¨¢£ª¬²³´µ¹½]",
)


def looks_legacy(text: str) -> bool:
    """Tell text in TCVN3 (.VnTime) or VNI, or in a wrong code page: ``"thÞ trÊn §ång §¨ng"``.

    Such text shows right only in its font; stored as it is, it is gibberish. One sign that no
    Vietnamese word has is enough, because a cell is short.
    """
    if text.isascii():
        return False
    plain = unicodedata.normalize("NFC", text)
    if not _SUSPECT.search(plain):
        return False
    if _MOJIBAKE.search(plain):
        return True
    return bool(_TCVN3_INSIDE.search(plain) or len(_VNI.findall(plain)) > 1)
