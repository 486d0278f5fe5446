"""A photographed or scanned page → upright and straight: corners, skew, which side is up."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from parsers.legible import syllable
from parsers.light import Lit
from parsers.picture import Pixels

Matrix = npt.NDArray[np.float64]

#: Long to short side of a sheet of paper seen aslant (A4: 1.41).
_LEAST_ASPECT, _MOST_ASPECT = 1.2, 1.65
_LEAST_AREA, _MOST_AREA = 0.25, 0.97
_STEEPEST: Final = 12.0
_WHITE: Final = 255.0
_RIM: Final = 0.008  # of the paper's long side: its very edge, with the desk's shadow
#: Letters stand together, specks alone: so many in a block of that share of the long side.
_BLOCK, _COMPANY = 0.03, 3
_ENOUGH_LETTERS: Final = 40
_BLEEDING: Final = 2.0  # pixels by which a mask of ink is higher than the letter
_BEYOND: Final = 0.3  # so much of what lies round the corners is kept, as a share of their box


@dataclass(frozen=True, slots=True)
class Sheet:
    """A straight, upright page: dark on light, paper at about 245.

    ``gray`` is without seal and signature, ``marked`` with them; ``to_source`` leads from its
    pixels to those of the picture as shown, whose size is ``source`` (width, height).
    ``letter`` is the height of capitals in pixels, 0.0 where there are no letters.
    """

    gray: Pixels
    marked: Pixels
    to_source: Matrix
    source: tuple[int, int]
    letter: float


def straightened(page: Lit, read: Callable[[Pixels, float], str]) -> Sheet:
    """Return the page upright and straight.

    ``read`` recognises a small block of text; it decides which of four turns is upright.
    """
    high, wide = page.gray.shape
    corners, paper = _corners(page.view, max(page.gray.shape) / max(page.view.shape))
    matrix, size = np.eye(3), (wide, high)
    if corners is not None:
        matrix, size = _unwarped(corners, (wide, high), only_paper=paper)
    small = _seen(page.gray, matrix, size, min(1.0, 1000 / max(size)))
    turn = _turn_about(size, -_skew(small))
    matrix = turn @ matrix
    gray = _seen(page.gray, matrix, size)
    labels, boxes = letters(gray)
    letter = letter_height(boxes, upright=False)
    quarter = _upright(gray, labels, boxes, letter, read) if letter else 0
    if quarter:
        back, size = _quarter(size, quarter)
        matrix = back @ matrix
        gray = np.ascontiguousarray(np.rot90(gray, -quarter))
    if quarter % 2:
        boxes = boxes[:, [1, 0, 3, 2, 4]]
    letter = letter_height(boxes)
    marked = gray if page.marked is page.gray else _seen(page.marked, matrix, size)
    return Sheet(gray, marked, np.linalg.inv(matrix).astype(np.float64), (wide, high), letter)


def _seen(gray: Pixels, matrix: Matrix, size: tuple[int, int], scale: float = 1.0) -> Pixels:
    shrink = np.diag([scale, scale, 1.0])
    target = round(size[0] * scale), round(size[1] * scale)
    if scale < 1:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        matrix = matrix @ np.linalg.inv(shrink)
    return np.asarray(
        cv2.warpPerspective(
            gray, shrink @ matrix, target, flags=cv2.INTER_CUBIC, borderValue=(_WHITE,)
        ),
        np.uint8,
    )


# --- corners of the paper -------------------------------------------------------------------------


def _corners(small: Pixels, scale: float) -> tuple[Any, bool]:
    """Return the corners of a sheet on a desk, or of a frame on it, clockwise, or None.

    ``scale`` is how much larger the picture is; the second value says whether it is the paper.
    """
    logarithm = np.log1p(cv2.GaussianBlur(small, (5, 5), 0).astype(np.float32))
    logarithm = (logarithm * (255 / max(1.0, float(logarithm.max())))).astype(np.uint8)
    edges = cv2.dilate(cv2.Canny(logarithm, 30, 90), np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:8]:
        hull = cv2.convexHull(outline)
        quad = cv2.approxPolyDP(hull, 0.02 * cv2.arcLength(hull, closed=True), closed=True)
        area = cv2.contourArea(quad) / small.size
        if not _LEAST_AREA < area < _MOST_AREA or quad.size != 8:  # noqa: PLR2004  four points
            continue
        if _is_sheet(quad.reshape(4, 2)):
            points = _clockwise(quad.reshape(4, 2).astype(np.float32))
            return points * scale, _brighter_inside(small, points)
    return None, False


def _is_sheet(quad: Any) -> bool:
    sides = [float(np.linalg.norm(quad[n] - quad[n - 1])) for n in range(4)]
    across, down = sides[0] + sides[2], sides[1] + sides[3]
    aspect = max(across, down) / max(1.0, min(across, down))
    skewed = max(sides[0] / sides[2], sides[2] / sides[0], sides[1] / sides[3], sides[3] / sides[1])
    return _LEAST_ASPECT <= aspect <= _MOST_ASPECT and skewed < 1.6  # noqa: PLR2004  far too aslant


def _clockwise(quad: Any) -> Any:
    """Order corners from the top left one, whatever a contour began with."""
    total, difference = quad.sum(axis=1), quad[:, 0] - quad[:, 1]
    order = [total.argmin(), difference.argmax(), total.argmax(), difference.argmin()]
    return quad[order]


def _brighter_inside(small: Any, quad: Any) -> bool:
    inside = np.zeros(small.shape, np.uint8)
    cv2.fillConvexPoly(inside, quad.astype(np.int32), 1)
    rim = np.ones((15, 15), np.uint8)
    within, without = inside - cv2.erode(inside, rim), cv2.dilate(inside, rim) - inside
    if not without.any():
        return False
    return float(np.median(small[within > 0])) > 1.2 * float(np.median(small[without > 0]))


def _unwarped(
    quad: Any, source: tuple[int, int], *, only_paper: bool
) -> tuple[Matrix, tuple[int, int]]:
    """Return the matrix that makes the corners a rectangle, and the size of the new picture."""
    sides = [float(np.linalg.norm(quad[n] - quad[(n + 1) % 4])) for n in range(4)]
    wide, high = max(sides[0], sides[2]), max(sides[1], sides[3])
    target = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target).astype(np.float64)
    if only_paper:
        rim = _RIM * max(wide, high)
        inward = np.array([[1, 0, -rim], [0, 1, -rim], [0, 0, 1.0]])
        return inward @ matrix, (round(wide - 2 * rim), round(high - 2 * rim))
    frame = np.array([[[0, 0]], [[source[0], 0]], [[source[0], source[1]]], [[0, source[1]]]])
    seen = cv2.perspectiveTransform(frame.astype(np.float64), matrix).reshape(4, 2)
    left, top = np.maximum(seen.min(axis=0), [-_BEYOND * wide, -_BEYOND * high])
    right, bottom = np.minimum(seen.max(axis=0), [(1 + _BEYOND) * wide, (1 + _BEYOND) * high])
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    return shift @ matrix, (round(right - left), round(bottom - top))


# --- skew -----------------------------------------------------------------------------------------


def ink(gray: Pixels) -> Pixels:
    """Return the mask of ink (255) of an evenly lit picture."""
    soft = cv2.GaussianBlur(gray, (3, 3), 0)
    return np.asarray(
        cv2.adaptiveThreshold(soft, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 41, 16),
        np.uint8,
    )


def _skew(small: Pixels) -> float:
    """Return by how many degrees (counter-clockwise) lines of text and rules are turned."""
    mask = ink(small)
    best = 0.0
    for span, step in ((_STEEPEST, 1.0), (0.9, 0.1), (0.08, 0.02)):
        picture = mask if step < 1 else cv2.resize(mask, None, fx=0.6, fy=0.6)
        angles = best + np.arange(-span, span + step / 2, step)
        best = float(max(angles, key=lambda angle: _sharpness(picture, angle)))
    return best


def _sharpness(mask: Any, angle: float) -> float:
    """Return how sharply the mask, turned back by an angle, falls into rows and columns."""
    high, wide = mask.shape
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), -angle, 1)
    turned = cv2.warpAffine(mask, turn, (wide, high), flags=cv2.INTER_NEAREST)
    return sum(
        float((np.diff(turned.sum(axis=axis, dtype=np.float64)) ** 2).sum()) for axis in (0, 1)
    )


def _turn_about(size: tuple[int, int], degrees: float) -> Matrix:
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, 1)
    return np.vstack([turn, [0, 0, 1]]).astype(np.float64)


def _quarter(size: tuple[int, int], quarter: int) -> tuple[Matrix, tuple[int, int]]:
    """Return the matrix of turning a picture clockwise by quarters, and its new size."""
    wide, high = size
    if quarter == 1:
        return np.array([[0, -1, high - 1], [1, 0, 0], [0, 0, 1.0]]), (high, wide)
    if quarter == 2:  # noqa: PLR2004  upside down
        return np.array([[-1, 0, wide - 1], [0, -1, high - 1], [0, 0, 1.0]]), size
    return np.array([[0, 1, 0], [-1, 0, wide - 1], [0, 0, 1.0]]), (high, wide)


# --- letters and which side is up -----------------------------------------------------------------


def letters(gray: Pixels) -> tuple[Any, Any]:
    """Return (labels, boxes) of the pieces of ink that may be letters by size and company.

    The box of any other piece is all zeros.
    """
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(ink(gray), connectivity=8)
    side = max(gray.shape)
    wide, high, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
    longest = np.maximum(wide, high)
    fits = (longest >= 6) & (longest <= 0.025 * side) & (area >= 8)  # noqa: PLR2004  pixels
    fits &= (longest < 5 * np.minimum(wide, high)) & (area > 0.1 * wide * high)
    fits[0] = False
    block = max(1, round(_BLOCK * side))
    blocks = boxes[:, 1] // block * (side // block + 1) + boxes[:, 0] // block
    company = np.bincount(blocks[fits], minlength=int(blocks.max()) + 1)
    fits &= company[blocks] >= _COMPANY
    return labels, np.where(fits[:, None], boxes, 0)


def letter_height(boxes: Any, *, upright: bool = True) -> float:
    """Return the height of capitals and digits in pixels; 0.0 where there is no text.

    Small letters are about 0.7 of it: the height is right where both are many. Of a page that may
    lie on its side (``upright`` false) it is an estimate: letters are about as wide as high.
    """
    sizes = boxes[:, 3] if upright else np.maximum(boxes[:, 2], boxes[:, 3])
    heights = sizes[sizes > 0]
    if len(heights) < 20:  # noqa: PLR2004  specks
        return 0.0
    count = np.bincount(heights, minlength=200).astype(np.float64)
    count = np.convolve(count, [0.25, 0.5, 0.25], "same")
    possible = range(8, 150)
    near = [
        _about(count, size) + min(_about(count, 0.7 * size), 3 * _about(count, size))
        for size in possible
    ]
    return float(possible[int(np.argmax(near))]) - _BLEEDING


def _about(count: Any, size: float) -> float:
    low, high = int(np.ceil(size * 0.93 - 0.5)), int(size * 1.07 + 0.5)
    return float(count[low : high + 1].sum()) / (high + 1 - low) * size


def _upright(
    gray: Pixels, labels: Any, boxes: Any, letter: float, read: Callable[[Pixels, float], str]
) -> int:
    """Return by how many quarters clockwise the page must be turned; the text itself decides.

    The right way up at least half of the letters stand in Vietnamese syllables, else at most a
    third, and those are short.
    """
    order = (0, 2, 1, 3) if _lies_across(boxes) else (1, 3, 0, 2)
    totals = dict.fromkeys(order, 0)
    for tile in _tiles(gray, labels, boxes, letter):
        for quarter in order:
            text = read(np.ascontiguousarray(np.rot90(tile, -quarter)), letter)
            good, bad = _weighed(text)
            totals[quarter] += good
            if good > _ENOUGH_LETTERS and good > bad:
                return quarter
        first, second = sorted(totals.values(), reverse=True)[:2]
        if first > _ENOUGH_LETTERS and first > 2 * second:
            break
    return max(order, key=lambda quarter: totals[quarter])


def _weighed(text: str) -> tuple[int, int]:
    """Return how many letters stand in Vietnamese syllables of two or more, and how many not."""
    good = bad = 0
    for word in text.split():
        bare = word.strip(".,:;()-–“”\"'/")
        if not bare.isalpha():
            bad += not bare.replace(".", "").replace(",", "").isdigit()
        elif len(bare) > 1 and syllable(bare) and (bare[1:].islower() or bare.isupper()):
            good += len(bare)
        else:
            bad += len(bare)
    return good, bad


def _lies_across(boxes: Any) -> bool:
    """Whether lines of text seem to run from left to right: there letters have near neighbours."""
    inside = boxes[boxes[:, 2] > 0]
    middles = inside[:, :2] + inside[:, 2:4] / 2
    if len(middles) > 1500:  # noqa: PLR2004  enough to tell, and all of one neighbourhood
        central = np.abs(middles - np.median(middles, axis=0)).max(axis=1)
        middles = middles[np.argsort(central, kind="stable")[:1500]]
    across = down = 0
    for start in range(0, len(middles), 300):
        apart = middles[start : start + 300, None] - middles[None]
        distance = np.hypot(apart[..., 0], apart[..., 1])
        distance[distance < 2] = np.inf  # noqa: PLR2004  itself
        nearest = distance.argmin(axis=1)
        steps = np.abs(apart[np.arange(len(nearest)), nearest])
        across += int((steps[:, 0] > steps[:, 1]).sum())
        down += int((steps[:, 0] < steps[:, 1]).sum())
    return across >= down


def _tiles(gray: Pixels, labels: Any, boxes: Any, letter: float) -> list[Pixels]:
    """Return a few small pictures of the densest text with nothing but letters on them."""
    side = round(22 * letter)
    high, wide = gray.shape
    count: dict[tuple[int, int], int] = {}
    for x, y, w, h, _ in boxes[boxes[:, 2] > 0].tolist():
        place = (y + h // 2) // side, (x + w // 2) // side
        count[place] = count.get(place, 0) + 1
    tiles = []
    for row, column in itertools.islice(sorted(count, key=lambda at: -count[at]), 3):
        box = (
            slice(row * side, min(high, (row + 1) * side)),
            slice(column * side, min(wide, (column + 1) * side)),
        )
        is_letter = boxes[:, 2] > 0
        near = cv2.dilate(is_letter[labels[box]].astype(np.uint8), np.ones((5, 5), np.uint8))
        marks = max(3, round(letter * 0.5)) | 1  # accents are too small to be letters
        near = cv2.dilate(near, np.ones((marks, marks), np.uint8))
        tiles.append(np.where(near > 0, gray[box], np.uint8(255)).astype(np.uint8))
    return tiles
