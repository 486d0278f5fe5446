"""One cell's picture → its text, and how sure it is.

Every cell is read by passes that know nothing of each other; where they differ, or where the text
is not what its kind can be, the confidence says so. Below ``reading.CERTAIN`` a person must look.
"""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from parsers import ink
from parsers.form import Field, Form
from parsers.ink import Gray
from parsers.tesseract import Tesseract, Word

__all__ = ["Recognised", "Recogniser", "Word"]

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
_SECOND_HEIGHT: Final = 32.0


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of a cell, lines joined by a space, and the probability (0–1) that it is right."""

    text: str
    confidence: float


class Recogniser:
    """Reads cells and running text of one document; ``close`` when done.

    Not for several threads: the engines inside have state.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
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
        lines = ink.lines(crop, letter_height)
        if not lines:
            return Recognised("", 0.85)
        first = [self._line.line(line.pixels) for line in lines]
        second = [self._line.line(_scaled(line, letter_height)) for line in lines]
        text = " ".join(read.text for read in first).strip()
        agreed = [a.text for a in first] == [b.text for b in second]
        certainty = min(read.certainty for read in (*first, *second))
        return Recognised(text, (0.85 if agreed else 0.5) * certainty)

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


def _scaled(line: ink.Line, letter_height: float) -> Gray:
    factor = _SECOND_HEIGHT / letter_height
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(line.pixels, None, fx=factor, fy=factor, interpolation=how)
    return np.ascontiguousarray(scaled, np.uint8)
