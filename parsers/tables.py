"""The tables of a document: pieces joined that belong together, stacked ones taken apart."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parsers.columns import Captions, is_index
from parsers.grid import Cell, Extract, Grid
from parsers.header import Header, find_header
from parsers.rows import is_filled
from parsers.vietnamese import squash


def tables_of(extract: Extract, captions: Captions) -> Iterator[tuple[Grid, Header | None]]:
    """Yield every table of a document, whole and one by one, with its header if it has one."""
    for grid in _continued(extract, captions):
        yield from _stacked(grid, captions)


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
    """Yield the tables that stand one below the other in a grid, each with its titles.

    A further table is told by another header: a row that begins with "STT" and is not a repetition.
    """
    header = find_header(grid, captions)
    first = header.end if header else len(grid.rows)
    for number in range(first, len(grid.rows)):
        leading = next(filter(is_filled, grid.rows[number]), None)
        if leading is None or not is_index(leading.text):
            continue
        filled = [cell.text for cell in grid.rows[number] if cell and is_filled(cell)]
        if len(filled) < 3:  # noqa: PLR2004  "TT" may be a town's
            continue
        worded = all(any(letter.isalpha() for letter in text) for text in filled)
        if not worded or (header and _repeats(header, grid.rows[number], captions)):
            continue
        at = number
        while at > first and sum(map(is_filled, grid.rows[at - 1])) <= 1:
            at -= 1
        above = replace(grid, rows=grid.rows[:at], after=())
        yield above, find_header(above, captions)
        yield from _stacked(replace(grid, rows=grid.rows[at:], before=()), captions)
        return
    yield grid, header


def _repeats(header: Header, row: Sequence[Cell | None], captions: Captions) -> bool:
    """Tell the header's own captions, each over its old column."""
    same = all(squash(cell.text) in header.texts for cell in row if cell and cell.text)
    above = ((column.field.key, row[column.index]) for column in header.columns)
    return same and all(captions.exact(cell.text) in {None, key} for key, cell in above if cell)
