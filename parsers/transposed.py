"""Tables that lie on their side: fields down the first column, one point a column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.columns import Captions, is_generic
from parsers.grid import Cell, Grid, is_filled
from parsers.header import is_unit
from parsers.slip_parts import is_head
from parsers.vietnamese import fold

#: Beyond this no table lies on its side: so many fields no form has.
_MOST_ROWS: Final = 200
_FEWEST_FIELDS: Final = 3
_UNIT_HEADS: Final = {"dvt", "don vi tinh", "don vi"}
_REMARK_HEADS: Final = {"ghi chu", "huong dan", "cach ghi", "yeu cau", "giai thich"}
_NO_POINTS: Final = _UNIT_HEADS | _REMARK_HEADS

_Line = Sequence[Cell | None]


@dataclass(frozen=True, slots=True)
class _Labels:
    """The column of captions: its number, and the rows it takes (``last`` included)."""

    column: int
    first: int
    last: int


def transposed(grid: Grid, captions: Captions) -> Grid | None:
    """Return the table turned so that its captions lie on top, None if it does not lie on its side.

    Cells keep their places. A column of units becomes the row of units, the line over the points
    their numbers; a column of remarks on how to fill in and headings across the table are left out.
    A table with captions in further columns, or with one caption twice, is no such table.
    """
    if not grid.rows or len(grid.rows[0]) < 3 or len(grid.rows) > _MOST_ROWS:  # noqa: PLR2004  a caption and two points
        return None
    labels = _labels(grid, captions)
    if labels is None:
        return None
    head = _head(grid, labels)
    rows = [n for n in range(labels.first, labels.last + 1) if not _is_heading(grid.rows[n])]
    beside = range(labels.column + 1, len(grid.rows[0]))
    units = [column for column in beside if _is_units(grid, column, rows)]
    points = [c for c in beside if c not in units and _is_point(grid, c, rows, head)]
    if len(points) < 2:  # noqa: PLR2004  one point beside its captions is a slip
        return None
    columns = [*range(labels.column + 1), *units, *points]
    numbers = _numbers(grid, labels, head, columns)
    turned = tuple(
        (number, *line) for number, line in zip(numbers, _turned(grid, rows, columns), strict=True)
    )
    above = (cell for row in grid.rows[: labels.first] if row is not head for cell in row if cell)
    below = (cell for row in grid.rows[labels.last + 1 :] for cell in row if cell)
    return replace(
        grid,
        rows=turned,
        before=(*grid.before, *(cell.text for cell in above)),
        after=(*(cell.text for cell in below), *grid.after),
    )


def _labels(grid: Grid, captions: Captions) -> _Labels | None:
    """Return the one column that holds the form's captions, each of them once."""
    found: dict[int, list[tuple[int, str]]] = {}
    for number, row in enumerate(grid.rows):
        for column, cell in enumerate(row):
            key = captions.exact(cell.text) if cell and isinstance(cell.value, str) else None
            if key:
                found.setdefault(column, []).append((number, key))
    if not found:
        return None
    column = max(found, key=lambda one: len(found[one]))
    if _is_over(grid, column, found[column][0][0]):
        del found[column][0]
    keys = [key for _, key in found[column]]
    elsewhere = any(len(keys) > 1 for other, keys in found.items() if other > column)
    if len(keys) < _FEWEST_FIELDS or len(set(keys)) < len(keys) or elsewhere:
        return None
    return _Labels(column, found[column][0][0], found[column][-1][0])


def _is_over(grid: Grid, column: int, number: int) -> bool:
    """Tell the line over captions and points: "Nội dung | Điểm 1 | Điểm 2"."""
    label, *beside = [cell for cell in grid.rows[number][column:] if cell and is_filled(cell)]
    heads = [is_head(cell.text) for cell in beside if fold(cell.text) not in _NO_POINTS]
    return is_generic(label.text) and any(heads) and all(heads)


def _head(grid: Grid, labels: _Labels) -> _Line | None:
    """Return the line over the points ("Chỉ tiêu | ĐVT | Điểm 1 | Điểm 2"), if there is one."""
    above = (row for row in reversed(grid.rows[: labels.first]) if not _is_heading(row))
    row = next(above, None)
    return row if row and sum(map(is_filled, row[labels.column + 1 :])) > 1 else None


def _is_heading(row: _Line) -> bool:
    """Tell a row of one cell across the table: "I. THÔNG TIN CHUNG"."""
    filled = [cell for cell in row if cell and cell.text.strip()]
    return len(filled) == 1 and filled[0].col_span >= len(row) - 1


def _is_point(grid: Grid, column: int, rows: Sequence[int], head: _Line | None) -> bool:
    over = head[column] if head else None
    if over and fold(over.text) in _REMARK_HEADS:
        return False
    return any(is_filled(grid.rows[number][column]) for number in rows)


def _is_units(grid: Grid, column: int, rows: Sequence[int]) -> bool:
    filled = [cell for n in rows if (cell := grid.rows[n][column]) and is_filled(cell)]
    return bool(filled) and all(is_unit(cell.text) for cell in filled)


def _numbers(
    grid: Grid, labels: _Labels, head: _Line | None, columns: Sequence[int]
) -> list[Cell | None]:
    """Return the first column of the turned table: what stands over each point, as its number."""
    at = max(0, labels.first - 1)
    numbers: list[Cell | None] = []
    for column in columns:
        over = head[column] if head else None
        if column < labels.column:
            numbers.append(None)
        elif column == labels.column:
            numbers.append(Cell("STT", "STT", grid.place(at, column)))
        elif over and fold(over.text) not in _UNIT_HEADS:
            numbers.append(over._replace(row_span=1, col_span=1))
        else:
            numbers.append(None)
    return numbers


def _turned(grid: Grid, rows: Sequence[int], columns: Sequence[int]) -> list[list[Cell | None]]:
    """Return the cells with rows and columns exchanged, empty ones with their places."""
    lines: list[list[Cell | None]] = [[None] * len(rows) for _ in columns]
    covered: set[tuple[int, int]] = set()
    for down, number in enumerate(rows):
        for across, column in enumerate(columns):
            cell = grid.rows[number][column]
            if cell is None:
                if (number, column) not in covered:
                    lines[across][down] = Cell("", None, grid.place(number, column))
                continue
            reach = range(number, number + cell.row_span), range(column, column + cell.col_span)
            covered.update((r, c) for r in rows if r in reach[0] for c in columns if c in reach[1])
            lines[across][down] = cell._replace(
                row_span=sum(1 for c in columns if c in reach[1]),
                col_span=sum(1 for r in rows if r in reach[0]),
            )
    return lines
