"""The ruled lines of a page, and what they tell of its bends: paper is never quite flat."""

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from parsers.picture import Pixels
from parsers.straighten import Sheet, ink

#: As heights of a capital: the shortest rule that is no stroke of a letter, the widest gap in one.
_SHORTEST_ACROSS, _SHORTEST_DOWN, _GAP = 1.1, 1.6, 0.9
_CRACK: Final = 0.3  # a gap in a worn line down that is narrower than one between lines of text
_THICKEST: Final = 0.3  # and four pixels, by which masks are made thicker
_LONG: Final = 5.0
_FRAME: Final = 3.5
_LEAST_BEND: Final = 1.0  # pixels
_SLACK: Final = 4.0  # pixels that a rule may lie beside the smooth bend
_STRIP: Final = 512
_TERMS: Final = 6


@dataclass(frozen=True, slots=True)
class Rules:
    """Masks (0 or 255) of a straight page's horizontal and vertical rules, and its ink's depth."""

    across: Pixels
    down: Pixels
    depth: Pixels


def rules(gray: Pixels, letter: float) -> Rules:
    """Find the rules of an evenly lit page whose capitals are ``letter`` pixels high."""
    mask = ink(gray)
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    across = _opened(thick, (1, max(20, round(_SHORTEST_ACROSS * letter))))
    across = cv2.morphologyEx(across, cv2.MORPH_CLOSE, np.ones((1, round(_GAP * letter)), np.uint8))
    wide = cv2.dilate(mask, np.ones((1, 3), np.uint8))
    wide = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((round(_CRACK * letter), 1), np.uint8))
    down = _opened(wide, (max(28, round(_SHORTEST_DOWN * letter)), 1))
    down = cv2.morphologyEx(down, cv2.MORPH_CLOSE, np.ones((round(_GAP * letter), 1), np.uint8))
    return Rules(_thin(across, letter, 3), _thin(down, letter, 2), 255 - gray)


def _opened(mask: Any, shape: tuple[int, int]) -> Any:
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(shape, np.uint8))


def _thin(mask: Any, letter: float, thickness: int) -> Pixels:
    """Return the mask without what is no line: blots, holes, filled fields, dashes.

    ``thickness`` is the column of a component's box that measures across the line.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    length = boxes[:, 5 - thickness]
    mean = boxes[:, 4] / np.maximum(length, 1)
    keep = (mean < _THICKEST * letter + 4) & (length > _SHORTEST_DOWN * letter)
    keep[0] = False
    return np.where(keep[labels], np.uint8(255), np.uint8(0)) if count > 1 else mask


def without_rules(gray: Pixels, found: Rules, letter: float) -> Pixels:
    """Return the page without its long rules: frames of stamps, lines under a letterhead."""
    drawn = np.zeros_like(gray)
    for mask, length in ((found.across, 2), (found.down, 3)):
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        long = boxes[:, length] > _FRAME * letter
        long[0] = False
        drawn[long[labels]] = 255
    clean = gray.copy()
    clean[cv2.dilate(drawn, np.ones((5, 5), np.uint8)) > 0] = 255
    return clean


# --- bends ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bend:
    """How far a page's points lie from where its rules say they should.

    Coordinates of the flat page go in, those of the bent one come out. ``rows`` and ``columns`` are
    coefficients of the shift down and to the right; ``frame`` is the part of the page they hold
    for (left, top, right, bottom): outside it the shift is that of its border.
    """

    rows: npt.NDArray[np.float64]
    columns: npt.NDArray[np.float64]
    frame: tuple[float, float, float, float]

    def bent(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return where points of the flat page lie on the bent one."""
        left, top, right, bottom = self.frame
        across = (np.clip(x, left, right) - left) / (right - left) * 2 - 1
        down = (np.clip(y, top, bottom) - top) / (bottom - top) * 2 - 1
        return x + _polynomial(self.columns, down, across), y + _polynomial(self.rows, across, down)

    def depth(self) -> float:
        """Return the largest shift in pixels."""
        left, top, right, bottom = self.frame
        x, y = np.meshgrid(np.linspace(left, right, 20), np.linspace(top, bottom, 20))
        bent = self.bent(x, y)
        return float(max(np.abs(bent[0] - x).max(), np.abs(bent[1] - y).max()))


def _polynomial(factors: Any, along: Any, across: Any) -> Any:
    """Return the shift of a line that lies at ``across`` at the point ``along`` it (−1 to 1)."""
    result = 0.0
    for factor, term in zip(factors, _terms(along, across), strict=True):
        result = result + np.float32(factor) * term
    return result


def _terms(along: Any, across: Any) -> tuple[Any, ...]:
    square = along * along
    return along, square, square * along, along * across, square * across, along * across * across


def bend(found: Rules, letter: float) -> Bend | None:
    """Return how the page's rules are bent; None where there are too few long ones to tell."""
    across = _courses(found.across, letter, upright=False)
    down = _courses(found.down, letter, upright=True)
    if len(across) < 3 or len(down) < 3:  # noqa: PLR2004  lines of one table at least
        return None
    every = np.vstack([*across, *(course[:, ::-1] for course in down)])
    left, top = every.min(axis=0)
    right, bottom = every.max(axis=0)
    frame = float(left), float(top), float(right), float(bottom)
    rows = _fitted(across, frame)
    columns = _fitted(down, (frame[1], frame[0], frame[3], frame[2]))
    return Bend(rows, columns, frame)


def _courses(mask: Pixels, letter: float, *, upright: bool) -> list[Any]:
    """Return the course of each long line: points (along, across), some two letters apart."""
    lines = mask.T if upright else mask
    lines = np.ascontiguousarray(lines)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    step = max(4, round(letter))
    courses = []
    for number in range(1, count):
        x, y, length, height = (int(value) for value in boxes[number, :4])
        if length < _LONG * letter:
            continue
        part = labels[y : y + height, x : x + length] == number
        points = []
        for start in range(0, length - step + 1, step):
            at, _ = np.nonzero(part[:, start : start + step])
            if len(at):
                points.append((x + start + step / 2, y + float(at.mean())))
        if len(points) > 3:  # noqa: PLR2004  a course has a middle
            courses.append(np.array(points))
    return courses


def _fitted(courses: list[Any], frame: tuple[float, float, float, float]) -> Any:
    """Fit one smooth shift to all lines; each has its own place, which does not count."""
    left, top, right, bottom = frame
    kept = courses
    factors = np.zeros(_TERMS)
    for _ in range(2):
        left_sides, right_sides = [], []
        for course in kept:
            along = (course[:, 0] - left) / (right - left) * 2 - 1
            across = (course[:, 1].mean() - top) / (bottom - top) * 2 - 1
            terms = np.stack(_terms(along, np.full_like(along, across)), axis=1)
            left_sides.append(terms - terms.mean(axis=0))
            right_sides.append(course[:, 1] - course[:, 1].mean())
        matrix, wanted = np.vstack(left_sides), np.concatenate(right_sides)
        slight = np.eye(_TERMS) * 1e-3 * len(wanted)
        factors = np.linalg.solve(matrix.T @ matrix + slight, matrix.T @ wanted)
        residues = [
            float(np.abs(side @ factors - want).max())
            for side, want in zip(left_sides, right_sides, strict=True)
        ]
        straight = [c for c, residue in zip(kept, residues, strict=True) if residue < _SLACK]
        if len(straight) < 3:  # noqa: PLR2004  nothing smooth: better leave it
            return factors if max(residues) < 2 * _SLACK else np.zeros(_TERMS)
        kept = straight
    return factors


def flattened(sheet: Sheet) -> tuple[Sheet, Rules, tuple[Bend, ...]]:
    """Return the page with its bends taken out, its rules, and the bends in the order they went."""
    bends: list[Bend] = []
    found = rules(sheet.gray, sheet.letter)
    for _ in range(2):
        bow = bend(found, sheet.letter)
        if bow is None or bow.depth() < _LEAST_BEND:
            break
        gray = _remapped(sheet.gray, bow)
        marked = gray if sheet.marked is sheet.gray else _remapped(sheet.marked, bow)
        sheet = replace(sheet, gray=gray, marked=marked)
        bends.append(bow)
        found = rules(gray, sheet.letter)
        if bow.depth() < 3 * _SLACK:
            break
    return sheet, found, tuple(bends)


def _remapped(gray: Pixels, bow: Bend) -> Pixels:
    high, wide = gray.shape
    flat = np.empty_like(gray)
    across = np.arange(wide, dtype=np.float32)[None]
    for top in range(0, high, _STRIP):
        down = np.arange(top, min(high, top + _STRIP), dtype=np.float32)[:, None]
        x, y = bow.bent(across, down)
        shape = (down.shape[0], wide)
        x = np.ascontiguousarray(np.broadcast_to(x, shape), np.float32)
        y = np.ascontiguousarray(np.broadcast_to(y, shape), np.float32)
        flat[top : top + shape[0]] = cv2.remap(
            gray, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(255.0,)
        )
    return flat
