"""The stamp MẬT on a scan: large letters in a frame, red or black, which no line of text has.

A page's own text is read as lines of one size; a stamp is sought by its size alone. Its accents may
be lost in the ink: MAT in a stamp's letters is taken for MẬT, because overlooking one is worse.
"""

import re
from typing import Any, Final

import cv2
import numpy as np

from parsers.picture import Pixels
from parsers.recognise import Recogniser
from parsers.straighten import ink
from parsers.vietnamese import fold

_MARK: Final = re.compile(r"(?:\w+ ){0,2}(?:toi|tuyet)?mat(?: \w)?")
_HEAD: Final = 0.45  # of the page's height: below stands no stamp of secrecy
#: As heights of a capital of the page's text.
_LEAST, _MOST = 1.25, 8.0
_MOST_STAMPS: Final = 6


def secrecy_stamp(page: Pixels, letter: float, recogniser: Recogniser) -> str | None:
    """Return ``MẬT`` if a stamp of secrecy is on the page, which has no rules any more."""
    head = page[: round(_HEAD * page.shape[0])]
    for left, top, right, bottom, height in _large_words(head, letter):
        margin = round(0.7 * height)  # a circumflex above, a dot below
        part = head[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
        text = recogniser.cell(np.ascontiguousarray(part), "text", None, float(height)).text
        if _MARK.fullmatch(fold(text)):
            return "MẬT"
    return None


def _large_words(head: Pixels, letter: float) -> list[tuple[int, int, int, int, int]]:
    """Return (left, top, right, bottom, height of a letter) of what may be words in large type."""
    found: Any = cv2.connectedComponentsWithStats(ink(head), connectivity=8)
    count, labels, boxes, _ = found
    wide, high = boxes[:, 2], boxes[:, 3]
    large = (high > _LEAST * letter) & (high < _MOST * letter) & (wide < 1.5 * _MOST * letter)
    large[0] = False
    if count < 2 or not large.any():  # noqa: PLR2004  the first is the paper
        return []
    reach = round(float(np.median(high[large])))
    joined = cv2.dilate(large[labels].astype(np.uint8), np.ones((3, reach | 1), np.uint8))
    number, groups = cv2.connectedComponents(joined)
    homes = {int(at): _home(groups, labels, boxes[at], int(at)) for at in np.flatnonzero(large)}
    words = []
    for group in range(1, number):
        members = [at for at, home in homes.items() if home == group]
        if len(members) < 3:  # noqa: PLR2004  M, A, T
            continue
        x, y = boxes[members, 0], boxes[members, 1]
        right, bottom = x + boxes[members, 2], y + boxes[members, 3]
        height = int(np.median(boxes[members, 3]))
        words.append((int(x.min()), int(y.min()), int(right.max()), int(bottom.max()), height))
    return sorted(words, key=lambda word: -word[4])[:_MOST_STAMPS]


def _home(groups: Any, labels: Any, box: Any, number: int) -> int:
    """Return the group in which a component lies."""
    x, y, wide, high = (int(value) for value in box[:4])
    part = slice(y, y + high), slice(x, x + wide)
    return int(groups[part][labels[part] == number][0])
