"""Ruled lines of a flat page → tables: edges of rows and columns, cells with their spans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from parsers.picture import Pixels
from parsers.rules import Rules

#: As heights of a capital.
_SAME_EDGE: Final = 0.4
_LEAST_ROW, _LEAST_COLUMN = 0.9, 0.7
_LEAST_WIDTH, _LEAST_HEIGHT = 6.0, 2.5
_NEAR: Final = 0.35
_OVERHANG: Final = 1.2
#: A line along so much of its table needs no ends to be one.
_LONG: Final = 0.5
#: A shorter one is nearly as deep where it is pale as where it is deep, text is not; that share,
#: and how high a strip is looked at.
_WHOLE, _STRIP = 0.5, 0.06
#: So far beside it (heights of a capital) there is less text than along that share of it.
_BESIDE, _MOST_BESIDE = (0.12, 0.4), 0.55
_SURELY_LONG: Final = 12.0  # heights of a capital
_DRAWN: Final = 40  # of 255: how much darker than white a drawn line is
#: The table's outermost lines are drawn along more than that share of it.
_OUTER: Final = 0.3
#: A crease is paler than that share of a table's lines.
_PALE: Final = 0.6
#: Shares of a cell's edge that is drawn: from the first on it is a border, below it is none;
#: between the second and the third nobody can be sure.
_BORDER, _SURELY_NONE, _SURELY = 0.45, 0.2, 0.7
#: A row lower than so many letters has room for one line only; half the thickness of a rule; the
#: depth of ink; less of it at an end of a border is a gap; so much of a whole line is clean.
_LOW_ROW, _RULE, _INKED, _ENDS_DRAWN, _CLEAN = 2.6, 3, 70, 0.5, 0.85
_MOST_CELLS: Final = 6000
_FEW_COLUMNS: Final = 3
#: A rule under one cell alone (a further product) is drawn whole; a line of text has gaps.
_FROM_EDGE_TO_EDGE: Final = 0.97


@dataclass(frozen=True, slots=True)
class RuledCell:
    """A cell at its top left corner (counted from 0) and its box in pixels, rules outside it."""

    row: int
    column: int
    row_span: int
    col_span: int
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A ruled table.

    ``xs`` and ``ys`` are the edges of its columns and rows in pixels; ``open_sides`` those of
    ``left``, ``top``, ``right``, ``bottom`` where rules run on but none closes the table;
    ``doubtful`` is the share of inner edges that are neither clearly drawn nor clearly absent.
    """

    xs: tuple[int, ...]
    ys: tuple[int, ...]
    cells: tuple[RuledCell, ...]
    open_sides: frozenset[str]
    doubtful: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]


def tables(found: Rules, letter: float) -> list[RuledTable]:
    """Return the tables of a page from the top down."""
    result = []
    for left, top, right, bottom in _regions(found, letter):
        inside = slice(top, bottom), slice(left, right)
        part = Rules(found.across[inside], found.down[inside], found.depth[inside])
        table = _table(part, letter, (left, top))
        if table is not None:
            result.append(table)
    return sorted(result, key=lambda table: (table.ys[0], table.xs[0]))


def erased(gray: Pixels, found: Rules, table: RuledTable, letter: float) -> Pixels:
    """Return the table's part of the page, white where its own rules are drawn."""
    left, top, right, bottom = _padded(table.box, gray.shape, letter)
    reach = round(_SAME_EDGE * letter)
    across = np.zeros((bottom - top, right - left), np.uint8)
    for y in table.ys:
        rows = slice(max(0, y - top - reach), y - top + reach + 1)
        across[rows] = found.across[top:bottom, left:right][rows]
    down = np.zeros_like(across)
    for x in table.xs:
        columns = slice(max(0, x - left - reach), x - left + reach + 1)
        down[:, columns] = found.down[top:bottom, left:right][:, columns]
    drawn = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    clean = gray[top:bottom, left:right].copy()
    clean[drawn > 0] = 255
    return clean


def crop(clean: Pixels, table: RuledTable, cell: RuledCell, letter: float) -> Pixels:
    """Return a cell's picture out of what ``erased`` gave."""
    left, top, _, _ = _padded(table.box, None, letter)
    return clean[
        max(0, cell.top - top) : cell.bottom - top, max(0, cell.left - left) : cell.right - left
    ]


def _padded(
    box: tuple[int, int, int, int], shape: tuple[int, ...] | None, letter: float
) -> tuple[int, int, int, int]:
    margin = round(letter)
    left, top, right, bottom = box
    high, wide = shape or (bottom + margin, right + margin)
    return (
        max(0, left - margin),
        max(0, top - margin),
        min(wide, right + margin),
        min(high, bottom + margin),
    )


def _regions(found: Rules, letter: float) -> list[tuple[int, int, int, int]]:
    """Return the boxes within which rules hang together."""
    reach = max(3, round(0.4 * letter)) | 1
    joined = cv2.dilate(cv2.bitwise_or(found.across, found.down), np.ones((reach, reach), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    regions = []
    for x, y, wide, high, _ in boxes[1:count].tolist():
        if wide >= _LEAST_WIDTH * letter and high >= _LEAST_HEIGHT * letter:
            regions.append((x, y, x + wide, y + high))
    return [
        one for one in regions if not any(other != one and _inside(one, other) for other in regions)
    ]


def _inside(one: Sequence[int], other: Sequence[int]) -> bool:
    return other[0] <= one[0] and other[1] <= one[1] and one[2] <= other[2] and one[3] <= other[3]


def _table(part: Rules, letter: float, origin: tuple[int, int]) -> RuledTable | None:
    reach = np.ones((2 * round(_NEAR * letter) + 1,) * 2, np.uint8)
    crossing = cv2.dilate(part.across, reach).T
    xs = _edges(part.down.T, crossing, part.depth.T, letter * _LEAST_COLUMN, letter)
    crossing = cv2.dilate(part.down, reach)
    ys = _edges(part.across, crossing, part.depth, letter * _LEAST_ROW, letter)
    if len(xs) < 2 or len(ys) < 2:  # noqa: PLR2004  a box has two of each
        return None
    ys, creased = _without_folds(ys, xs, part, letter)
    open_sides = set()
    ys, ends = _closed(ys, xs, part.down.T, letter)
    open_sides.update({"top", "bottom"} & {("top", "bottom")[end] for end in ends})
    xs, ends = _closed(xs, ys, part.across, letter)
    open_sides.update({("left", "right")[end] for end in ends})
    if (len(xs) - 1) * (len(ys) - 1) > _MOST_CELLS:
        return None
    cells, doubtful = _cells(xs, ys, part, letter)
    left, top = origin
    moved = tuple(
        RuledCell(
            cell.row,
            cell.column,
            cell.row_span,
            cell.col_span,
            cell.left + left,
            cell.top + top,
            cell.right + left,
            cell.bottom + top,
        )
        for cell in cells
    )
    return RuledTable(
        tuple(x + left for x in xs),
        tuple(y + top for y in ys),
        moved,
        frozenset(open_sides),
        1.0 if creased else doubtful,
    )


def _without_folds(
    ys: list[int], xs: list[int], part: Rules, letter: float
) -> tuple[list[int], bool]:
    """Leave out creases: they run on beyond the table and are paler than its own lines.

    The second value says that a line may be either.
    """
    reach = max(2, round(0.5 * letter))
    beyond, depths = [], []
    for y in ys:
        rows = slice(max(0, y - reach), y + reach + 1)
        drawn = np.flatnonzero(part.across[rows].max(axis=0))
        over = max(xs[0] - drawn[0], drawn[-1] - xs[-1]) if len(drawn) else 0
        beyond.append(over > _OVERHANG * letter)
        depths.append(float(np.median(part.depth[rows, xs[0] : xs[-1]].max(axis=0))))
    if sum(beyond) * 4 > len(ys):  # a table whose lines all run on, and none closes them
        return ys, False
    usual = float(np.median(depths))
    pale = [over and depth < _PALE * usual for over, depth in zip(beyond, depths, strict=True)]
    kept = [y for y, crease in zip(ys, pale, strict=True) if not crease]
    return kept, sum(beyond) > sum(pale)


def _edges(lines: Any, crossing: Any, depth: Any, least: float, letter: float) -> list[int]:
    """Return the places of lines that run along the rows of this mask, each place once.

    A line must be whole, and one that is short for the table end at lines that cross it: others are
    lines of text and underlined words. ``crossing`` is the mask of those, made thick; ``least`` is
    how far apart two lines are at least.
    """
    lines = np.ascontiguousarray(lines)
    count, _, boxes, middles = cv2.connectedComponentsWithStats(lines, connectivity=8)
    whole = [n for n in range(1, count) if _whole(boxes[n], depth, letter)]
    order = sorted(whole, key=lambda number: middles[number][1])
    groups: list[list[int]] = []
    for number in order:
        place = middles[number][1]
        if groups and place - _place(groups[-1], boxes, middles) <= _SAME_EDGE * letter:
            groups[-1].append(number)
        else:
            groups.append([number])
    kept: list[tuple[float, int]] = []
    for group in groups:
        drawn, place = sum(int(boxes[n][2]) for n in group), _place(group, boxes, middles)
        if drawn < _LONG * lines.shape[1] and not any(_anchored(boxes[n], crossing) for n in group):
            continue
        if kept and place - kept[-1][0] < least:  # a double line: the longer one counts
            if drawn > kept[-1][1]:
                kept[-1] = (place, drawn)
            continue
        kept.append((place, drawn))
    for end in (0, -1):
        while len(kept) > 2 and kept[end][1] < _OUTER * lines.shape[1]:  # noqa: PLR2004  a box has two
            kept.pop(end)
    return [round(place) for place, _ in kept]


def _whole(box: Any, depth: Any, letter: float) -> bool:
    """Whether a line is drawn all along itself, and alone; a long one surely is a rule.

    Runs through a line of text have gaps, and the letters' bodies beside them.
    """
    x, y, length, height = (int(value) for value in box[:4])
    if length > _SURELY_LONG * letter:
        return True
    strip = max(1, round(_STRIP * letter))
    columns = slice(x, x + length)
    for at in range(y, y + height):
        low, high = np.percentile(depth[at : at + strip, columns].max(axis=0), (8, 85))
        if high >= _DRAWN and low >= _WHOLE * high:
            break
    else:
        return False
    near, far = round(_BESIDE[0] * letter), round(_BESIDE[1] * letter)
    beside = (
        depth[max(0, y - far) : max(1, y - near), columns],
        depth[y + height + near : y + height + far + 1, columns],
    )
    return all(not part.size or _inked(part, high) < _MOST_BESIDE for part in beside)


def _inked(part: Any, high: float) -> float:
    """Return the share of columns in which something is about half as deep as the line itself."""
    return float((part.max(axis=0) > high / 2).mean())


def _anchored(box: Any, crossing: Any) -> bool:
    x, y, length, height = (int(value) for value in box[:4])
    middle = y + height // 2
    return bool(crossing[middle, x] and crossing[middle, x + length - 1])


def _place(group: list[int], boxes: Any, middles: Any) -> float:
    lengths = np.array([boxes[n][2] for n in group], np.float64)
    return float((np.array([middles[n][1] for n in group]) * lengths).sum() / lengths.sum())


def _closed(
    edges: list[int], crossing: list[int], lines: Any, letter: float
) -> tuple[list[int], list[int]]:
    """Add an edge where most crossing lines run on beyond the outermost one.

    ``lines`` is the mask whose rows are the crossing lines. Returns the edges and which ends were
    open: 0 for the first, 1 for the last.
    """
    reach = max(2, round(0.3 * letter))
    starts, stops = [], []
    for place in crossing:
        band = lines[max(0, place - reach) : place + reach + 1].max(axis=0)
        drawn = np.flatnonzero(band)
        if len(drawn):
            starts.append(int(drawn[0]))
            stops.append(int(drawn[-1]))
    if not starts:
        return edges, []
    first, last = float(np.median(starts)), float(np.median(stops))
    ends = []
    closed = list(edges)
    if closed[0] - first > _OVERHANG * letter:
        closed.insert(0, round(first))
        ends.append(0)
    if last - closed[-1] > _OVERHANG * letter:
        closed.append(round(last))
        ends.append(1)
    return closed, ends


def _cells(
    xs: list[int], ys: list[int], part: Rules, letter: float
) -> tuple[list[RuledCell], float]:
    """Join the fields of the lattice that no border divides."""
    right = _borders(part.down, part.depth, xs, ys, letter)
    below = _borders(part.across.T, part.depth.T, ys, xs, letter).T
    inner = np.concatenate([right.ravel(), below.ravel()])
    unsure = (inner > _SURELY_NONE) & (inner < _SURELY)
    doubtful = float(unsure.mean()) if inner.size else 0.0
    rows, columns = len(ys) - 1, len(xs) - 1
    alone = (below >= _BORDER).sum(axis=1) == 1
    ragged = below.max(axis=1, initial=0.0) < _FROM_EDGE_TO_EDGE
    if (alone & ragged).any() and columns > _FEW_COLUMNS:
        doubtful = 1.0  # a row of one cell only: rather a line of text taken for a rule
    owner = np.arange(rows * columns).reshape(rows, columns)
    for _ in range(rows + columns):
        before = owner.copy()
        joined = np.where(right < _BORDER, np.minimum(owner[:, :-1], owner[:, 1:]), -1)
        owner[:, :-1] = np.where(joined >= 0, joined, owner[:, :-1])
        owner[:, 1:] = np.where(joined >= 0, joined, owner[:, 1:])
        joined = np.where(below < _BORDER, np.minimum(owner[:-1], owner[1:]), -1)
        owner[:-1] = np.where(joined >= 0, joined, owner[:-1])
        owner[1:] = np.where(joined >= 0, joined, owner[1:])
        if (before == owner).all():
            break
    cells = []
    for name in np.unique(owner):
        at = np.argwhere(owner == name)
        (r0, c0), (r1, c1) = at.min(axis=0), at.max(axis=0) + 1
        if len(at) != (r1 - r0) * (c1 - c0):  # no rectangle: a border was missed, so take them all
            cells += [_cell(r, c, 1, 1, xs, ys) for r, c in at.tolist()]
            doubtful = 1.0
            continue
        cells.append(_cell(int(r0), int(c0), int(r1 - r0), int(c1 - c0), xs, ys))
    return sorted(cells, key=lambda cell: (cell.row, cell.column)), doubtful


def _cell(row: int, column: int, tall: int, wide: int, xs: list[int], ys: list[int]) -> RuledCell:
    return RuledCell(
        row, column, tall, wide, xs[column], ys[row], xs[column + wide], ys[row + tall]
    )


def _borders(lines: Any, depth: Any, xs: list[int], ys: list[int], letter: float) -> Any:
    """Return for each row and inner edge the share of the edge that is drawn.

    In a low row the strokes of a text that reaches over the edge can close the gap between the
    edges above and below it. But they end before the rules, and a border does not: ``depth`` (of
    ink) tells.
    """
    reach = max(2, round(0.25 * letter))
    shares = np.zeros((len(ys) - 1, max(0, len(xs) - 2)))
    for column, x in enumerate(xs[1:-1]):
        near = slice(max(0, x - reach), x + reach + 1)
        band = lines[:, near].max(axis=1) > 0
        inked = depth[:, near].max(axis=1) > _INKED
        # Where the line is worn elsewhere too, a gap at an end says nothing.
        clean = inked[ys[0] : ys[-1]].mean() > _CLEAN
        for row in range(len(ys) - 1):
            top, bottom = ys[row], ys[row + 1]
            margin = min(round(0.3 * letter), (bottom - top) // 4)
            shares[row, column] = band[top + margin : bottom - margin].mean()
            ends = inked[top + _RULE : top + margin], inked[bottom - margin : bottom - _RULE]
            low = bottom - top < _LOW_ROW * letter and margin > _RULE
            if low and clean and any(end.mean() < _ENDS_DRAWN for end in ends):
                shares[row, column] = 0.0
    return shares
