"""One cell's picture → its text, and how sure it is.

Two readers that share nothing look at every line: Tesseract, and a small net of our own
(``glyphs``). Where they agree and the net is sure of every letter, the text is certain; where they
differ, what both make of each other's reading decides, and a person must look
(``reading.CERTAIN``). The shape of the kind and the spelling of Vietnamese can only take certainty
away, or break a tie.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from parsers import certainty, glyphs, ink
from parsers.certainty import Evidence, Seen
from parsers.form import Field, Form
from parsers.glyphs import Floats
from parsers.ink import Gray, Line
from parsers.pdf_join import whole_text
from parsers.plausible import Vocabulary, shaped, without_specks
from parsers.star_marks import star_marks
from parsers.tesseract import Read, Tesseract, Word
from parsers.vietnamese import fold

__all__ = ["Kind", "Recognised", "Recogniser", "Word"]

Kind = Literal[
    "text",
    "list",
    "code",
    "phone",
    "choice",
    "decimal",
    "money",
    "stars",
    "date",
    "index",
    "caption",
]
#: The letters that a column of numbers can have, for a pass that knows it.
_ALLOWED: Final = {
    "phone": "0123456789. ",
    "decimal": "0123456789., m",
    "money": "0123456789., đồng",
    "stars": "0123456789 sao",
    "date": "0123456789/-.",
    "index": "0123456789.",
}
#: Heights of capitals, in pixels, at which Tesseract looks again.
_LARGE: Final = 32.0
_SMALL: Final = 24.0
#: What speaks against a candidate: the net's log-probability, each letter that Tesseract saw
#: otherwise, each word that Vietnamese cannot spell; and for it: the shape of its kind, each word
#: that this campaign is likely to have.
_FIT: Final = 0.2
_VOTE: Final = 3.0
_STRANGE: Final = 3.0
_SHAPED: Final = 3.0
_LIKELY: Final = 3.0
#: Below this margin of the net both readers may have missed an accent.
_CLOSE: Final = 1.5
_SAME: Final = str.maketrans("–—−‘’“”", "---''\"\"")
#: Kinds whose breaks may part words or items; kinds that are one number without a space.
_WORDED: Final = frozenset({"text", "list", "choice"})
_UNBROKEN: Final = frozenset({"date", "money", "decimal", "code"})
_IN_NUMBER: Final = re.compile(r"[\d/.,-]$")
#: A word fits for certain with that share of it to spare; darker than this is ink.
_ROOM, _DARK = 0.25, 150
#: A mark left out that is larger than this (in squares of a capital's height) may be writing.
_SPECK: Final = 0.03


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of a cell, and the probability (0–1) that it is right.

    Lines are joined by a space; by ``grid.WRAP`` where the break may part words or items.
    """

    text: str
    confidence: float


class Recogniser:
    """Reads cells and running text of one document; ``close`` when done.

    Not for several threads: the engines inside have state.
    """

    def __init__(self, form: Form) -> None:
        self._vocabulary = Vocabulary(form)
        self._line = Tesseract()
        self._page: Tesseract | None = None

    def cell(self, crop: Gray, kind: Kind, field: Field | None, letter_height: float) -> Recognised:
        """Read one cell.

        Args:
            crop: grey, straight, dark on light, ruled lines erased.
            kind: what the cell should hold: a field's type, ``index`` (STT) or ``caption``.
            field: the column's field where it is known.
            letter_height: of capitals, in pixels, as the page has them.
        """
        writing = ink.writing(crop, letter_height)
        if not writing.lines:
            return Recognised("", _blank(writing))
        seen = self.seen(writing, kind, field, crop.shape[1])
        if kind == "stars" and seen.misshapen and len(writing.lines) == 1:
            stars = star_marks(writing.lines[0].pixels)
            if stars:
                return Recognised("*" * stars, certainty.DOUBTFUL)
        sure = certainty.confidence(seen)
        if not seen.text or writing.clipped or writing.left_out > _SPECK:
            sure = min(sure, certainty.DOUBTFUL)
        return Recognised(seen.text, sure)

    def seen(self, writing: ink.Writing, kind: Kind, field: Field | None, width: int = 0) -> Seen:
        """Read the lines of a cell so wide, and judge the text by what its column holds."""
        lines = tuple(self._evidence(line, kind) for line in writing.lines)
        texts = [line.text.strip() for line in lines]
        if kind == "list":
            texts = _items(writing.lines, texts, width)
        whole, torn = _joined(texts, kind)
        text = without_specks(whole) if kind in _WORDED else whole
        strange = kind != "code" and self._vocabulary.strange(text) > 0
        torn = torn or text != whole
        return Seen(
            text,
            lines,
            strange=strange or torn,
            misshapen=not shaped(text, kind),
            known=self._vocabulary.is_choice(text, field),
        )

    def _evidence(self, line: Line, kind: Kind) -> Evidence:
        """Read one line with both readers, and with more passes where they differ."""
        logs = glyphs.net().frames(glyphs.strip(line))
        own = glyphs.read(logs)
        first = self._line.line(line.pixels)
        margin = min(own.margins, default=0.0)
        own_text = _folded(own.text)
        if _folded(first.text) == own_text:
            close = margin < _CLOSE and next(self._vocabulary.look_alikes(own_text), "")
            text = self._decided(logs, own_text, [first], kind) if close else own_text
            return Evidence(text, text == own_text, margin, first.certainty)
        looks = [first, *(self._line.line(look(line)) for look in (_sharp, _large))]
        if kind in _ALLOWED:
            looks.append(self._line.line(line.pixels, _ALLOWED[kind]))
        text = self._decided(logs, own_text, looks, kind)
        sure = max((look.certainty for look in looks if _folded(look.text) == text), default=0.0)
        return Evidence(text, text == own_text and sure > 0, margin, sure)

    def _decided(self, logs: Floats, own: str, looks: list[Read], kind: Kind) -> str:
        """Choose among what was read, and what it gives with one difference taken over.

        Also tried: without an odd sign, which may be a speck, and with a likely word's accents.
        """
        texts = list(dict.fromkeys([own, *(_folded(look.text) for look in looks)]))
        score = {text: self._score(text, logs, looks, kind) for text in texts}
        best = max(score, key=score.__getitem__)
        for other in texts:
            for text in (*_swapped(best, other), *self._mended(best)):
                if text not in score:
                    score[text] = self._score(text, logs, looks, kind)
                if score[text] > score[best]:
                    best = text
        return best

    def _mended(self, text: str) -> Iterator[str]:
        yield from self._vocabulary.without_odd_signs(text)
        yield from self._vocabulary.look_alikes(text)

    def _score(self, text: str, logs: Floats, looks: list[Read], kind: Kind) -> float:
        """Weigh a candidate: the net's fit, Tesseract's votes, spelling, the kind's shape."""
        errors = sum(_differences(text, _folded(look.text)) for look in looks) / len(looks)
        return (
            _FIT * glyphs.fit(logs, text)
            - _VOTE * errors
            - _STRANGE * self._vocabulary.strange(text)
            + _SHAPED * shaped(text, kind)
            + _LIKELY * self._vocabulary.likely(text)
        )

    def words(self, page: Gray) -> list[Word]:
        """Read running text (letterhead, titles, signature): words in reading order."""
        if self._page is None:
            self._page = Tesseract(mode=3)
        return self._page.words(page)

    def close(self) -> None:
        """Give the engines' memory back."""
        self._line.close()
        if self._page is not None:
            self._page.close()


def _items(lines: Sequence[Line], texts: list[str], width: int) -> list[str]:
    """Join lines by a line feed where the writer broke them: there was room for the next word."""
    extents = [_extent(line) for line in lines]
    margin = min((left for left, _ in extents), default=0)
    items: list[str] = []
    for at, text in enumerate(texts):
        if at and text and items and items[-1]:
            left, right = extents[at]
            word = (right - left) * (len(text.split()[0]) + 1) / len(text)
            if extents[at - 1][1] + word < width - margin - _ROOM * word:
                items[-1] += "\n" + text
                continue
        items.append(text)
    return items


def _extent(line: Line) -> tuple[int, int]:
    """Return the columns of the cell between which a line's ink stands."""
    inked = np.flatnonzero((line.pixels < _DARK).any(axis=0))
    return (line.left + int(inked[0]), line.left + int(inked[-1])) if len(inked) else (0, 0)


def _joined(lines: list[str], kind: Kind) -> tuple[str, bool]:
    """Join the lines of a cell; say whether a narrow column may have torn a word."""
    whole, torn = "", False
    for line in filter(None, map(str.strip, lines)):
        if kind in _WORDED:
            whole, doubtful = whole_text(whole, line)
            torn = torn or doubtful
        else:
            apart = " " if whole and not (kind in _UNBROKEN and _IN_NUMBER.search(whole)) else ""
            whole += apart + line
    return whole, torn


def _folded(text: str) -> str:
    """Fold what a picture does not tell apart: spaces, dashes, quotation marks."""
    return " ".join(text.translate(_SAME).split())


def _differences(text: str, other: str) -> float:
    """Count letters that differ, those that only differ in accents by half."""
    bare = Levenshtein.distance(fold(text), fold(other))
    return (Levenshtein.distance(text, other) + bare) / 2


def _swapped(text: str, other: str) -> Iterator[str]:
    """Yield the text with one of its differences from the other taken over, for each."""
    for edit in Levenshtein.opcodes(text, other):
        if edit.tag != "equal":
            piece = other[edit.dest_start : edit.dest_end]
            yield _folded(text[: edit.src_start] + piece + text[edit.src_end :])


def _large(line: Line) -> Gray:
    """Return a line as a second look of Tesseract sees it: with higher letters."""
    return _scaled(line, _LARGE)


def _sharp(line: Line) -> Gray:
    """Return a line as a third look of Tesseract sees it: small, its edges sharpened."""
    small = _scaled(line, _SMALL)
    soft = cv2.GaussianBlur(small, (0, 0), 1.5)
    return np.asarray(cv2.addWeighted(small, 2.0, soft, -1.0, 0), np.uint8)


def _scaled(line: Line, letter_height: float) -> Gray:
    factor = letter_height / (line.bottom - line.top)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(line.pixels, None, fx=factor, fy=factor, interpolation=how)
    return np.ascontiguousarray(scaled, np.uint8)


def _blank(writing: ink.Writing) -> float:
    """Return how sure it is that a cell without a line of text is empty."""
    if writing.faint or writing.left_out > _SPECK:
        return 0.6
    return 0.99
