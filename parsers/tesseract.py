"""Tesseract, in its own words: pictures in, text with the engine's own certainty out.

The wheel of tesserocr carries the engine; the Vietnamese letters are Debian's
``tesseract-ocr-vie``.
What Tesseract says of its certainty means little (unanimous and wrong in 8 % of text cells):
``recognise`` makes a probability of it.
"""

import os
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import tesserocr

from parsers import tessdata

Gray = npt.NDArray[np.uint8]

_DPI: Final = 300


@dataclass(frozen=True, slots=True)
class Read:
    """What one pass gives: the text on one line, and the least certainty (0–1) of its words."""

    text: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Word:
    """One word of running text and its box in pixels of the page."""

    text: str
    confidence: float
    left: int
    top: int
    right: int
    bottom: int


class Tesseract:
    """One engine, set up once and used for line after line; ``close`` gives its memory back."""

    def __init__(self, mode: int = tesserocr.PSM.SINGLE_LINE) -> None:
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        self._api = tesserocr.PyTessBaseAPI(
            path=f"{tessdata.folder()}/", lang=tessdata.LANGUAGE, psm=mode
        )
        # Its messages go to standard error: the jail refuses to open /dev/null for them.
        self._api.SetVariable("debug_file", "")
        self._allowed = ""

    def line(self, pixels: Gray, allowed: str = "") -> Read:
        """Read one line of text; ``allowed`` are the only letters it can have (empty = all)."""
        self._show(pixels, allowed)
        text = " ".join(self._api.GetUTF8Text().split())
        certainties = self._api.AllWordConfidences()
        return Read(text, min(certainties, default=0) / 100)

    def words(self, page: Gray) -> list[Word]:
        """Read running text: words in reading order."""
        self._show(page, "")
        self._api.Recognize()
        found = self._api.GetIterator()
        words = []
        for item in tesserocr.iterate_level(found, tesserocr.RIL.WORD) if found else ():
            if item.Empty(tesserocr.RIL.WORD):
                continue
            text = item.GetUTF8Text(tesserocr.RIL.WORD).strip()
            box = item.BoundingBox(tesserocr.RIL.WORD)
            if text and box:
                words.append(Word(text, item.Confidence(tesserocr.RIL.WORD) / 100, *box))
        return words

    def close(self) -> None:
        """Give the engine's memory back."""
        self._api.End()

    def _show(self, pixels: Gray, allowed: str) -> None:
        if allowed != self._allowed:
            self._api.SetVariable("tessedit_char_whitelist", allowed)
            self._allowed = allowed
        height, width = pixels.shape
        self._api.SetImageBytes(pixels.tobytes(), width, height, 1, width)
        self._api.SetSourceResolution(_DPI)
