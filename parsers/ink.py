"""The ink of one cell: paper and ink evened out, specks gone, text lines cut apart."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int64]

_PAPER: Final = 250.0
_INK: Final = 15.0
_CUT: Final = 140
#: Ink and paper this close in grey are one: the rest is noise, not writing.
_LEAST_CONTRAST: Final = 40.0
#: All as shares of a capital letter's height: the least height of a letter's body and the most of
#: one that is alone, the pitch of lines, how far marks stand above and below, how far from the
#: nearest letter a sign may stand, the margin of paper round a line.
_BODY: Final = 0.5
_TALL: Final = 1.75
_PITCH: Final = 0.85
_ABOVE: Final = 0.62
_BELOW: Final = 0.42
_NEAR: Final = 0.75
_MARGIN: Final = 0.35
#: The most thickness of what is left of a rule along the edge.
_RULE: Final = 0.16
#: No letter's stroke is so long.
_LONG: Final = 1.25
#: Grey levels, and multiples of the paper's noise, by which pale writing stands out.
_PALE: Final = 3.0
_OUTSTANDING: Final = 6.0
#: A line's tilt is measured from so many letters on.
_FEWEST_FOR_TILT: Final = 6
_STEEPEST: Final = 0.03
#: Pixels from end to end that are not worth the blur of a shear.
_LEAST_DROP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: level, dark on light, with a margin of paper.

    ``top`` and ``bottom`` are the rows of ``pixels`` between which capitals stand, ``left`` the
    column of the cell at which ``pixels`` begin. ``dashes``: no letter, only dashes and dots.
    """

    pixels: Gray
    top: float
    bottom: float
    left: int = 0
    dashes: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written in a cell: its lines from the top down, none = the cell is blank.

    ``left_out`` is the area of the largest mark that was taken for a speck, ``faint`` says that
    there may be writing too pale to tell, ``clipped`` that letters touch the edge of the picture.
    """

    lines: tuple[Line, ...] = ()
    left_out: float = 0.0
    faint: bool = False
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class _Marks:
    """The connected pieces of ink of a cell, one entry each."""

    labels: npt.NDArray[np.int32]
    left: _Ints
    top: _Ints
    width: _Ints
    height: _Ints
    area: _Ints

    @property
    def middle(self) -> npt.NDArray[np.float64]:
        return self.top + self.height / 2

    @property
    def bottom(self) -> _Ints:
        return self.top + self.height

    @property
    def right(self) -> _Ints:
        return self.left + self.width


def writing(crop: Gray, letter_height: float) -> Writing:
    """Cut the text of a cell into lines.

    ``crop`` is straight, dark on light, without ruled lines. Specks far from any letter and what
    is left of a rule along the edge are left out; what is nothing else is blank.
    """
    if crop.size == 0 or min(crop.shape) < letter_height / 2:
        return Writing(faint=crop.size > 0 and bool(np.ptp(crop) > _LEAST_CONTRAST))
    even, faint = _evened(crop)
    if even is None:
        return Writing(faint=faint)
    mask = (even < _CUT).astype(np.uint8)
    mask = _without_rules(mask, letter_height)
    marks = _marks(mask)
    body = marks.height >= letter_height * _BODY
    if not body.any():
        found = _dashes(even, marks, letter_height)
        left_out = 0.0 if found else float(marks.area.max(initial=0))
        return Writing(tuple(found), left_out / letter_height**2)
    bottoms = _rows(marks, body, letter_height)
    tall = body & (marks.height > letter_height * _TALL)
    if len(bottoms) > 1 and tall.any():  # a tail below touches a mark of the next line
        for upper, lower in pairwise(bottoms):
            cut = round(upper + 0.45 * (lower - letter_height - upper))
            mask[max(0, cut) : cut + 1] = 0
        marks = _marks(mask)
    kept = [_chosen(marks, row, bottoms, letter_height) for row in range(len(bottoms))]
    lost = ~np.logical_or.reduce(kept)
    body = marks.height >= letter_height * _BODY
    return Writing(
        tuple(
            _cut(even, marks, chosen, chosen & body, bottom, letter_height)
            for chosen, bottom in zip(kept, bottoms, strict=True)
            if (chosen & body).any()
        ),
        float(marks.area[lost].max(initial=0)) / letter_height**2,
        clipped=_clipped(marks, body, crop.shape),
    )


def _clipped(marks: _Marks, body: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> bool:
    at_edge = (marks.left == 0) | (marks.right == shape[1])
    at_edge |= (marks.top == 0) | (marks.bottom == shape[0])
    return bool((at_edge & body).any())


def _without_rules(mask: Gray, letter_height: float) -> Gray:
    """Return the mask without what is left of ruled lines along the edges of the cell."""
    thin, long = max(1, round(letter_height * _RULE)), round(letter_height * _LONG)
    flat = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    upright = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((long, 1), np.uint8))
    flat[thin:-thin] = 0
    upright[:, thin:-thin] = 0
    return np.where(np.maximum(flat, upright) > 0, np.uint8(0), mask)


def _evened(crop: Gray) -> tuple[Gray | None, bool]:
    """Stretch grey so that paper is white and ink black; None where there is no ink.

    The second answer: whether something paler than ink stands out from the paper's noise.
    """
    smooth = cv2.GaussianBlur(crop, (3, 3), 0)
    paper = float(np.percentile(smooth, 85))
    if paper - float(smooth.min()) < _LEAST_CONTRAST:
        soft = cv2.GaussianBlur(crop, (0, 0), 2)
        middle = float(np.median(soft))
        noise = 1.48 * float(np.median(np.abs(soft - middle)))
        return None, middle - float(soft.min()) > _PALE + _OUTSTANDING * noise
    ink = min(float(np.percentile(smooth, 0.3)), paper - _LEAST_CONTRAST)
    scale = (_PAPER - _INK) / (paper - ink)
    stretched = np.clip((crop.astype(np.float32) - ink) * scale + _INK, 0, 255)
    return stretched.astype(np.uint8), False


def _marks(mask: Gray) -> _Marks:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, area = np.asarray(stats[1:count], np.int64).T
    return _Marks(np.asarray(labels, np.int32), left, top, width, height, area)


def _rows(marks: _Marks, body: npt.NDArray[np.bool_], letter_height: float) -> list[float]:
    """Return where the lines' letters stand (the bottom of most), top down."""
    alone = body & (marks.height <= letter_height * _TALL)
    chosen = np.flatnonzero(alone if alone.any() else body)
    order = chosen[np.argsort(marks.middle[chosen], kind="stable")]
    groups: list[list[int]] = []
    for i in order:
        if (
            groups
            and marks.middle[i] - np.median(marks.middle[groups[-1]]) < letter_height * _PITCH
        ):
            groups[-1].append(int(i))
        else:
            groups.append([int(i)])
    return [float(np.median(marks.bottom[group])) for group in groups]


def _chosen(
    marks: _Marks, row: int, bottoms: list[float], letter_height: float
) -> npt.NDArray[np.bool_]:
    """Return which marks belong to a line: its letters and the signs near them."""
    bottom = bottoms[row]
    centres = np.array(bottoms) - letter_height * 0.56
    nearest = np.abs(marks.middle[:, None] - centres).argmin(axis=1)
    chosen: npt.NDArray[np.bool_] = (nearest == row) & (
        marks.area >= max(2.0, (letter_height * 0.07) ** 2)
    )
    chosen &= marks.middle > bottom - letter_height * (1 + _ABOVE)
    chosen &= marks.middle < bottom + letter_height * _BELOW
    body = chosen & (marks.height >= letter_height * _BODY)
    if not body.any():
        return body
    reach = letter_height * _NEAR
    chosen &= marks.right > marks.left[body].min() - reach
    chosen &= marks.left < marks.right[body].max() + reach
    return chosen


def _cut(
    even: Gray,
    marks: _Marks,
    chosen: npt.NDArray[np.bool_],
    body: npt.NDArray[np.bool_],
    bottom: float,
    letter_height: float,
) -> Line:
    """Cut one line out with its marks above and below, without those of its neighbours."""
    x0 = max(0, int(marks.left[chosen].min()) - 3)
    x1 = min(even.shape[1], int(marks.right[chosen].max()) + 3)
    y0 = max(0, int(marks.top[chosen].min()) - 3)
    y1 = min(even.shape[0], int(marks.bottom[chosen].max()) + 3)
    keep = np.concatenate(([False], chosen))[marks.labels[y0:y1, x0:x1]].astype(np.uint8)
    near = cv2.dilate(keep, np.ones((5, 5), np.uint8))
    part = np.where(near > 0, even[y0:y1, x0:x1], np.uint8(255))
    margin = round(letter_height * _MARGIN)
    padded = np.pad(part, margin, constant_values=255)
    level, drop = _levelled(padded, marks, body, x0 - margin)
    base = (bottom if drop is None else drop) - y0 + margin
    return Line(level, base - letter_height, base, x0 - margin)


def _levelled(
    pixels: Gray, marks: _Marks, body: npt.NDArray[np.bool_], left: int
) -> tuple[Gray, float | None]:
    """Shear a line level; return it and where its letters then stand, None if it was left as is."""
    if body.sum() < _FEWEST_FOR_TILT:
        return pixels, None
    x = (marks.left + marks.width / 2)[body] - left
    y = marks.bottom[body].astype(np.float64)
    i, j = np.triu_indices(len(x), 1)
    apart = np.abs(x[i] - x[j]) > (x.max() - x.min()) * 0.3
    slopes = (y[i] - y[j])[apart] / (x[i] - x[j])[apart]
    slope = float(np.median(slopes)) if len(slopes) else 0.0
    height, width = pixels.shape
    if abs(slope) > _STEEPEST or abs(slope) * width < _LEAST_DROP:
        return pixels, None
    shear = np.array([[1, 0, 0], [-slope, 1, slope * width / 2]], np.float64)
    level = cv2.warpAffine(
        pixels, shear, (width, height), flags=cv2.INTER_CUBIC, borderValue=[255.0]
    )
    base = float(np.median(y - slope * (x - width / 2)))
    return np.asarray(level, np.uint8), base


def _dashes(even: Gray, marks: _Marks, letter_height: float) -> list[Line]:
    """Return a line of nothing but dashes and dots, if they are no specks: "-", "…"."""
    wide = (marks.width >= letter_height * 0.3) & (marks.height >= letter_height * 0.06)
    if not wide.any():
        return []
    margin = round(letter_height)
    middle = float(np.median(marks.middle[wide])) + margin
    half = letter_height / 2
    pixels = np.pad(even, margin, constant_values=255)
    return [Line(pixels, middle - half, middle + half, -margin, dashes=True)]
