"""The ink of one cell: paper and ink evened out, specks gone, text lines cut apart."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]

_PAPER, _INK = 250.0, 15.0
#: Ink and paper this close in grey are one: the rest is noise, not writing.
_LEAST_CONTRAST = 40.0
#: As shares of a capital letter's height.
_BODY = 0.5
_SPECK = 0.12
_NEAR = 0.75
_MARGIN = 0.35


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: its pixels with a margin of paper, dark on light, and its letters' height.

    ``top`` and ``bottom`` are the rows between which letters without marks stand (the height of
    capitals), counted in ``pixels``.
    """

    pixels: Gray
    top: float
    bottom: float
    doubtful: bool = False


def lines(crop: Gray, letter_height: float) -> list[Line]:
    """Return the lines of text in a cell from the top down; none = the cell is blank.

    ``crop`` is straight, dark on light, without ruled lines. Specks far from any letter are left
    out; what is nothing but specks is blank.
    """
    if crop.size == 0 or min(crop.shape) < letter_height / 2:
        return []
    even = _evened(crop)
    if even is None:
        return []
    mask = (even < 140).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    boxes = stats[1:count]
    bodies = [
        i for i, box in enumerate(boxes, 1) if box[cv2.CC_STAT_HEIGHT] >= letter_height * _BODY
    ]
    if not bodies:
        return _small(even, boxes, letter_height)
    rows = _rows([stats[i] for i in bodies], letter_height)
    found = []
    for top, bottom in rows:
        line = _cut(even, labels, stats, (top, bottom), rows, letter_height)
        if line is not None:
            found.append(line)
    return found


def _evened(crop: Gray) -> Gray | None:
    """Stretch grey so that paper is white and ink black; None where there is no ink at all."""
    smooth = cv2.GaussianBlur(crop, (3, 3), 0)
    paper = float(np.percentile(smooth, 85))
    ink = float(np.percentile(smooth, 0.3))
    darkest = float(smooth.min())
    if paper - darkest < _LEAST_CONTRAST:
        return None
    ink = min(ink, paper - _LEAST_CONTRAST)
    scale = (_PAPER - _INK) / (paper - ink)
    stretched = (crop.astype(np.float32) - ink) * scale + _INK
    return np.clip(stretched, 0, 255).astype(np.uint8)


def _rows(bodies: list[npt.NDArray[np.int32]], letter_height: float) -> list[tuple[float, float]]:
    """Group letters into lines: (top, bottom) of each, top down."""
    order = sorted(bodies, key=lambda box: box[1] + box[3] / 2)
    groups: list[list[npt.NDArray[np.int32]]] = []
    for box in order:
        middle = box[1] + box[3] / 2
        if groups:
            last = np.median([b[1] + b[3] / 2 for b in groups[-1]])
            if middle - last < letter_height * 0.85:
                groups[-1].append(box)
                continue
        groups.append([box])
    spans = []
    for group in groups:
        bottom = float(np.median([b[1] + b[3] for b in group]))
        spans.append((bottom - letter_height, bottom))
    return spans


def _cut(
    even: Gray,
    labels: npt.NDArray[np.int32],
    stats: npt.NDArray[np.int32],
    span: tuple[float, float],
    rows: list[tuple[float, float]],
    letter_height: float,
) -> Line | None:
    """Cut one line out with its marks above and below, without those of its neighbours."""
    top, bottom = span
    high, low = top - 0.62 * letter_height, bottom + 0.42 * letter_height
    chosen, left, right = [], even.shape[1], 0
    for i in range(1, len(stats)):
        x, y, width, height, area = stats[i]
        middle = y + height / 2
        nearest = min(
            rows, key=lambda row: abs((row[0] + row[1]) / 2 - 0.06 * letter_height - middle)
        )
        if nearest != span or middle < high or middle > low:
            continue
        if area < max(2.0, (letter_height * 0.07) ** 2):
            continue
        chosen.append(i)
    bodies = [i for i in chosen if stats[i][3] >= letter_height * _BODY]
    if not bodies:
        return None
    body_left = min(stats[i][0] for i in bodies)
    body_right = max(stats[i][0] + stats[i][2] for i in bodies)
    reach = letter_height * _NEAR
    chosen = [
        i
        for i in chosen
        if stats[i][0] + stats[i][2] > body_left - reach and stats[i][0] < body_right + reach
    ]
    left = min(stats[i][0] for i in chosen)
    right = max(stats[i][0] + stats[i][2] for i in chosen)
    up = min(stats[i][1] for i in chosen)
    down = max(stats[i][1] + stats[i][3] for i in chosen)
    wanted = np.isin(labels, chosen).astype(np.uint8)
    wanted = cv2.dilate(wanted, np.ones((3, 3), np.uint8), iterations=2)
    margin = round(letter_height * _MARGIN)
    y0, y1 = max(0, up - 3), min(even.shape[0], down + 3)
    x0, x1 = max(0, left - 3), min(even.shape[1], right + 3)
    part = np.where(wanted[y0:y1, x0:x1] > 0, even[y0:y1, x0:x1], np.uint8(255)).astype(np.uint8)
    padded = cv2.copyMakeBorder(
        part, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=[255.0]
    )
    shift = margin - y0
    return Line(np.asarray(padded, np.uint8), top + shift, bottom + shift)


def _small(even: Gray, boxes: npt.NDArray[np.int32], letter_height: float) -> list[Line]:
    """Return a line of nothing but dashes or dots where they are no specks, for "-" and "…"."""
    wide = [b for b in boxes if b[2] >= letter_height * 0.3 and b[3] >= letter_height * 0.06]
    if not wide:
        return []
    margin = round(letter_height)
    padded = cv2.copyMakeBorder(
        even, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=[255.0]
    )
    middle = float(np.median([b[1] + b[3] / 2 for b in wide])) + margin
    return [
        Line(
            np.asarray(padded, np.uint8),
            middle - letter_height / 2,
            middle + letter_height / 2,
            True,
        )
    ]
