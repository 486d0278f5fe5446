"""Stars drawn as signs (``***``, ``★★★``): counted, for no recogniser of letters knows them."""

from itertools import pairwise
from typing import Any, Final

import cv2
import numpy as np

from parsers.ink import Gray

_FEWEST, _MOST = 2, 5
#: How much the signs may differ in width and height, and their distances, from the usual one.
_ALIKE, _EVEN = 0.3, 0.35
#: Smaller than this (in pixels) is a speck.
_SPECK: Final = 4


def star_marks(pixels: Gray) -> int:
    """Return how many equal signs stand in a row, evenly apart; 0 if that is not all there is.

    ``pixels`` is one line, dark on light. One sign alone may be anything.
    """
    _, dark = cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    # The arms of a small star may have come apart, two that stand close must not grow together.
    whole = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return _count(dark) or _count(whole)


def _count(mask: Any) -> int:
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    signs = sorted(tuple(box) for box in boxes[1:].tolist() if box[2] >= _SPECK <= box[3])
    if not _FEWEST <= len(signs) <= _MOST:
        return 0
    wide, high = (float(np.median([sign[at] for sign in signs])) for at in (2, 3))
    alike = all(
        abs(sign[2] - wide) <= _ALIKE * wide and abs(sign[3] - high) <= _ALIKE * high
        for sign in signs
    )
    steps = [b[0] - a[0] for a, b in pairwise(signs)]
    even = max(steps) - min(steps) <= _EVEN * max(steps)
    square = 1 - _ALIKE <= wide / high <= 1 + _ALIKE
    return len(signs) if alike and even and square else 0
