"""How much of a document could be read: pages without text, and text that is not Vietnamese.

A text layer is no proof of text: glyphs are dropped ("T C C NG HOÀ XÃ H I"), legacy fonts (TCVN3,
VNI) give Latin look-alikes ("Céng hßa x· héi"). Such text must be refused, never stored.
"""

import random
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from parsers.grid import Extract
from parsers.reading import Finding, Refusal

_TONES: Final = "\u0300\u0301\u0309\u0303\u0323"
_WORD: Final = re.compile(r"[^\W\d_]+")
#: A Vietnamese syllable without its tone: initial, nucleus, final (tiếng Việt has no others).
_SYLLABLE: Final = re.compile(
    r"(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnpqrstvx])?"
    r"(?:uyê|uya|uye|iêu|yêu|ieu|yeu|uôi|uoi|ươi|ươu|uou|oai|oay|oeo|uao|uây|uay|uyu|uêu"
    r"|iê|ie|yê|ye|uô|uo|ươ|ưo|uơ|ia|ua|ưa|uâ|uê|ue|uy|oa|oă|oe|oo|ôô"
    r"|ai|ao|au|ay|âu|ây|eo|êu|eu|iu|oi|ôi|ơi|ui|ưi|ưu"
    r"|[aăâeêioôơuưy])"
    r"(?:ch|ng|nh|[cmnpt])?"
)
_STOPPED: Final = re.compile(r"(?:ch|[cpt])$")
_STOP_TONES: Final = frozenset("\u0301\u0323")  # a syllable that ends in a stop has no other tone
#: What no speller writes: c, g, ng before e, i; k, gh, ngh before others; vowels that never end.
_MISSPELLED: Final = re.compile(
    r"(?:c|ng)[eêiy]|g[eêy]|(?:k|gh|ngh)[^heêiy]|(?:.*(?:[ăâ]|iê|yê|uô|ươ))$|q[^u]"
    r"|(?:.*[^ư])?ơ(?:c|ng)$"
)
_ENOUGH: Final = 30
_LEAST_SHARE: Final = 0.75
#: A font is bad throughout: so many texts, taken from everywhere, tell it as well as all.
_SAMPLE: Final = 600


@dataclass(frozen=True, slots=True)
class PartialExtract(Extract):
    """An extract whose reader noticed something on the way that the sender should know."""

    findings: tuple[Finding, ...] = ()
    #: Pages or pictures whose content nobody read: nothing may be concluded from its absence.
    unread: tuple[str, ...] = ()


def unaccented(word: str) -> str:
    """Return a word without its tone; the marks that make other vowels stay: "đường" → "đương"."""
    apart = unicodedata.normalize("NFD", word.lower())
    return unicodedata.normalize("NFC", "".join(x for x in apart if x not in _TONES))


@lru_cache(maxsize=8192)
def syllable(word: str) -> bool:
    """Whether a word of letters is written like a Vietnamese syllable (with or without marks)."""
    return _SYLLABLE.fullmatch(unaccented(word)) is not None


@lru_cache(maxsize=8192)
def spelled(word: str) -> bool:
    """Whether a word is a Vietnamese syllable as people spell it: one tone at most, none wrong."""
    tones = [letter for letter in unicodedata.normalize("NFD", word) if letter in _TONES]
    bare = unaccented(word)
    if len(tones) > 1 or not _SYLLABLE.fullmatch(bare) or _MISSPELLED.match(bare):
        return False
    return not _STOPPED.search(bare) or bool(tones and tones[0] in _STOP_TONES) or word.isascii()


#: Beginnings of syllables that stand alone where the rest was dropped: "T C C NG HOÀ".
_ONSETS: Final = frozenset({"ng", "nh", "th", "tr", "ch", "kh", "ph"})
#: A sign among letters: glyphs that were shifted ("TH#NG T$").
_SHIFTED: Final = re.compile(
    r"[^\W\d_][#$%*<=>^~|{}\\!][^\W\d_]|[^\W\d_][#$%^~|{}\\]|[#$%^~|{}\\][^\W\d_]"
)
_UNKNOWN: Final = re.compile("[\ufffd\ue000-\uf8ff]")
_FEW_WORDS: Final = 12
_UNKNOWN_SHARE: Final = 0.02  # of all letters: stars and bullets of symbol fonts are fewer


def is_garbled(texts: Iterable[str]) -> bool:
    """Whether letters of a page were dropped, shifted or never mapped, so that its text is none."""
    texts = list(texts)
    whole = " ".join(texts)
    letters = sum(map(str.isalpha, whole)) + 1
    if len(_UNKNOWN.findall(whole)) > max(5, letters * _UNKNOWN_SHARE):
        return True
    words = whole.split()
    shifted = sum(bool(_SHIFTED.search(word)) for word in words)
    share, counted = share_of_syllables(texts)
    bad = counted - round(share * counted)
    enough = counted >= _FEW_WORDS and bad > counted * (1 - _LEAST_SHARE)
    return enough or (len(words) >= _FEW_WORDS and shifted > len(words) * (1 - _LEAST_SHARE) / 2)


def share_of_syllables(texts: Iterable[str]) -> tuple[float, int]:
    """Return (share of words that are syllables, number of words that were counted).

    Abbreviations and foreign words in plain ASCII are not counted; single consonants are, because
    that is what is left of a word whose glyphs were dropped.
    """
    good = counted = 0
    for text in texts:
        for match in _WORD.finditer(text):
            word = match.group()
            if syllable(word):
                good += 1
                counted += 1
            elif not word.isascii() or (
                (len(word) == 1 or word.lower() in _ONSETS)
                and text[match.end() : match.end() + 1] in {"", " "}
            ):
                counted += 1
    return (good / counted if counted else 1.0), counted


def illegible(extract: Extract) -> Refusal | None:
    """Return a refusal if the text of a document is mostly not Vietnamese words."""
    texts = [*extract.lines]
    for grid in extract.grids:
        texts.extend(
            cell.text for row in grid.rows for cell in row if cell and isinstance(cell.value, str)
        )
    if len(texts) > _SAMPLE:
        chance = random.Random(len(texts))  # noqa: S311  the same sample whenever it is read
        texts = chance.sample(texts, _SAMPLE)
    share, counted = share_of_syllables(texts)
    if counted < _ENOUGH or share >= _LEAST_SHARE:
        return None
    return Refusal(
        "unreadable",
        "Chữ trong tệp không đọc được (mất nét chữ hoặc dùng phông chữ cũ như .VnTime, VNI-Times). "
        "Đề nghị chuyển sang phông Unicode (Times New Roman) và gửi tệp Excel (.xlsx) hoặc "
        "Word (.docx) gốc.",
        f"{share:.0%} of {counted} words are Vietnamese syllables",
        extract.kind,
    )
