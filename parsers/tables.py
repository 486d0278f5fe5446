"""The tables of a document: pieces joined that belong together, stacked ones taken apart."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from parsers.columns import Captions, is_index
from parsers.grid import Cell, Extract, Grid, is_filled
from parsers.header import Header, find_header, is_caption, stated_unit, unit_above
from parsers.repeated import has_captions, is_in_place
from parsers.rows import is_point
from parsers.vietnamese import squash

_SEARCHED_ROWS = 300
#: So many tables beside each other are looked for.
_BESIDE = 4
#: So many captions make a header; fewer texts may be a point's.
_CAPTIONS = 3


def tables_of(extract: Extract, captions: Captions) -> Iterator[tuple[Grid, Header | None]]:
    """Yield every table of a document, whole and one by one, with its header if it has one."""
    for grid in _continued(extract, captions):
        for part in _side_by_side(grid, captions):
            yield from _stacked(part, captions)


def _side_by_side(grid: Grid, captions: Captions, most: int = _BESIDE) -> Iterator[Grid]:
    """Yield the tables that stand beside each other in a sheet, from left to right.

    A further table is told by a row that begins twice with the same caption, and by the point's
    name among its captions. The caption is that of the running number, or both name points: a
    parent caption over columns apart from each other ("Người đại diện") begins no table.
    """
    searched = grid.rows[: _SEARCHED_ROWS if most > 1 else 0]
    starts = ((number, _second_start(row, captions)) for number, row in enumerate(searched))
    for number, again in islice(((n, start) for n, start in starts if start), _BESIDE):
        left = replace(grid, rows=tuple(line[:again] for line in grid.rows))
        above = (cell.text for line in left.rows[:number] for cell in line if cell)
        right = replace(
            grid,
            rows=tuple(line[again:] for line in grid.rows),
            before=(*grid.before, *above),
        )
        lead = next(cell.text for cell in grid.rows[number] if cell)
        own = is_index(lead) or _names_points(find_header(left, captions), captions)
        if own and _names_points(find_header(right, captions), captions):
            yield left
            yield from _side_by_side(right, captions, most - 1)
            return
    yield grid


def _second_start(row: Sequence[Cell | None], captions: Captions) -> int | None:
    """Return the column where a row of captions begins again, None if it does not."""
    lead = next(filter(None, row), None)
    if lead is None or not is_caption(lead.text, captions):
        return None
    cells = [(column, cell) for column, cell in enumerate(row) if cell]
    if len(cells) < 4:  # noqa: PLR2004  two captions twice
        return None
    first = squash(lead.text)
    starts = [column for column, cell in cells[1:] if squash(cell.text[:40]) == first]
    return starts[0] if starts else None


def _names_points(header: Header | None, captions: Captions) -> bool:
    """Tell a header with the form's first required field; labels beside values name two fields."""
    found = {column.field.key for column in header.columns} if header else set()
    return captions.form.name_key in found and len(found) >= _CAPTIONS


def _continued(extract: Extract, captions: Captions) -> list[Grid]:
    """Return the grids, with tables that go on without a header joined to the one before."""
    if extract.is_workbook:
        return list(extract.grids)
    joined: list[Grid] = []
    for grid in extract.grids:
        before = joined[-1] if joined else None
        width = len(grid.rows[0]) if grid.rows else 0
        if (
            before
            and len(before.rows[0]) == width
            and width > 3  # noqa: PLR2004  letterhead and signatures have two or three columns
            and find_header(before, captions)
            and not find_header(grid, captions)
        ):
            joined[-1] = replace(before, rows=before.rows + grid.rows, after=grid.after)
        elif grid.rows:
            joined.append(grid)
    return joined


def _stacked(grid: Grid, captions: Captions) -> Iterator[tuple[Grid, Header | None]]:
    """Yield the tables that stand one below the other in a grid, each with its titles."""
    rest = [grid]
    while rest:
        part = rest.pop()
        header = find_header(part, captions)
        at = _begin_of_another(part, header, captions)
        if at:
            rest.append(replace(part, rows=part.rows[at:], before=()))
            rest.append(replace(part, rows=part.rows[:at], after=()))
        else:
            yield part, header


def _begin_of_another(grid: Grid, header: Header | None, captions: Captions) -> int:
    """Return the row with which another table than the header's begins, 0 if there is none.

    Above it is one if points stand under another header: of two the one that names more fields was
    found. Below it another header tells one: a row of captions that is no repetition, but in
    another order, or under another unit of money.
    """
    if header and (upper := _header_above(grid, header, captions)):
        return _titles(grid, upper, upper.end, header.first)
    first = header.end if header else len(grid.rows)
    for number in range(first, len(grid.rows)):
        row = grid.rows[number]
        if _is_header_row(header, row, captions):
            at = _titles(grid, header, first, number)
            if not _goes_on(grid, header, at, number, captions):
                return at
    return 0


def _header_above(grid: Grid, header: Header, captions: Captions) -> Header | None:
    """Return the header of a table with points that stands above another one's, None without."""
    above = replace(grid, rows=grid.rows[: header.first])
    upper = find_header(above, captions) if len(above.rows) > 1 else None
    if upper is None or not _names_points(upper, captions):
        return None
    return upper if any(is_point(upper, row) for row in above.rows[upper.end :]) else None


def _is_header_row(header: Header | None, row: Sequence[Cell | None], captions: Captions) -> bool:
    """Tell a row of texts that are captions: "STT" before others, the header's, or the form's."""
    leading = next(filter(is_filled, row), None)
    if leading is None:
        return False
    filled = [cell.text for cell in row if cell and is_filled(cell)]
    numbered = not captions.is_strange(leading.text) and is_index(leading.text)
    if not numbered and not (header and has_captions(header, row)):
        known = {captions.exact(text) for text in captions.familiar({*filled})} - {None}
        if len(known) < _CAPTIONS or len(known) * 2 <= len(filled):
            return False
    worded = all(any(letter.isalpha() for letter in text) for text in filled)
    return worded and len(filled) >= _CAPTIONS  # "TT" may be a town's


def _titles(grid: Grid, header: Header | None, first: int, number: int) -> int:
    """Return the first of the rows over a header row that belong to its table."""
    while number > first:
        row = grid.rows[number - 1]
        texts = [cell.text for cell in row if cell and is_filled(cell)]
        parents = header is not None and has_captions(header, row)
        if len(texts) > 1 and not parents and not stated_unit(texts):
            break
        number -= 1
    while header and number < len(grid.rows) and _is_rest(header, grid.rows[number]):
        number += 1
    return number


def _is_rest(header: Header, row: Sequence[Cell | None]) -> bool:
    """Tell a lone text that goes on with the point right above it: one more product, no title."""
    filled = [(at, cell) for at, cell in enumerate(row) if cell and is_filled(cell)]
    if len(filled) != 1:
        return False
    ((at, cell),) = filled
    within = at in [column.index for column in header.columns[1:]]
    return (
        within and cell.col_span == 1 and not cell.text.isupper() and not stated_unit([cell.text])
    )


def _goes_on(grid: Grid, header: Header | None, at: int, number: int, captions: Captions) -> bool:
    """Tell a row of captions that only repeats the header above, under the same unit of money."""
    if header is None or not _repeats(header, grid.rows[number], captions):
        return False
    return not _in_other_unit(grid, header, at, number)


def _in_other_unit(grid: Grid, header: Header, at: int, number: int) -> bool:
    """Tell a header over which another unit of money stands than over the one above."""
    between = [cell.text for row in grid.rows[at:number] for cell in row if cell]
    return stated_unit(between) not in {"", unit_above(grid, header.first)}


def _repeats(header: Header, row: Sequence[Cell | None], captions: Captions) -> bool:
    """Tell the header's own captions, each over its old column."""
    if not has_captions(header, row) or not is_in_place(header, row):
        return False
    above = ((column.field.key, row[column.index]) for column in header.columns)
    return all(captions.exact(cell.text) in {None, key} for key, cell in above if cell)
