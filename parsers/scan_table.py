"""A ruled table's picture → rows of cells: header first, for it says what each column can hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from parsers.columns import Captions, Column, is_index
from parsers.grid import Cell, Grid, Trace
from parsers.header import Header, find_header, is_index_row
from parsers.pdf_join import Row
from parsers.picture import Pixels
from parsers.reading import Box
from parsers.recognise import Kind, Recogniser
from parsers.ruled import RuledCell, RuledTable, crop

_FIRST_ROWS: Final = 2
_MOST_HEADER_ROWS: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands: its name, and the way from its pixels to shares of the page."""

    name: str
    box: Callable[[float, float, float, float], Box]


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the columns of a table hold, from its header."""

    columns: dict[int, Column]
    index: frozenset[int]


def read_table(
    table: RuledTable,
    clean: Pixels,
    letter: float,
    recogniser: Recogniser,
    captions: Captions,
    place: Place,
) -> tuple[Row, ...]:
    """Recognise every cell of a table; ``clean`` is its part of the page without rules.

    Cells above the header's end are captions. Those below are read as their column's field says; a
    cell over several columns, or in a table without a header of ours, is text.
    """
    reader = _Reader(table, clean, letter, recogniser, place)
    header = reader.header(captions)
    first = reader.numbered(header.end) if header else 0
    kinds = _kinds(header, reader.rows)
    for cell in table.cells:
        if cell.row >= first or (header is None and reader.rows[cell.row][cell.column] is None):
            reader.body(cell, kinds)
    return tuple(map(tuple, reader.rows))


def _kinds(header: Header | None, rows: Sequence[Sequence[Cell | None]]) -> Kinds:
    if header is None:
        return Kinds({}, frozenset())
    index = frozenset(
        at
        for row in rows[header.first : header.end]
        for at, cell in enumerate(row)
        if cell and cell.col_span == 1 and is_index(cell.text)
    )
    return Kinds({column.index: column for column in header.columns}, index)


class _Reader:
    """The cells of one table as they are recognised."""

    def __init__(
        self,
        table: RuledTable,
        clean: Pixels,
        letter: float,
        recogniser: Recogniser,
        place: Place,
    ) -> None:
        self._table = table
        self._clean = clean
        self._letter = letter
        self._recogniser = recogniser
        self._place = place
        wide, high = len(table.xs) - 1, len(table.ys) - 1
        self.rows: list[list[Cell | None]] = [[None] * wide for _ in range(high)]

    def header(self, captions: Captions) -> Header | None:
        """Recognise rows from the top until the header is found and ends above the last of them."""
        high = len(self.rows)
        done, found = 0, None
        end = min(_FIRST_ROWS, high)
        while True:
            for cell in self._table.cells:
                if done <= cell.row < end:
                    self._recognise(cell, "caption", None)
            done = end
            rows = tuple(tuple(row) for row in self.rows[:done])
            found = find_header(Grid(self._place.name, rows), captions)
            if done == high or (found and found.end < done) or done >= _MOST_HEADER_ROWS:
                return found
            end = min(high, done + 1)

    def numbered(self, first: int) -> int:
        """Return where the body begins: below the row of column numbers, if there is one."""
        cells = [cell for cell in self._table.cells if cell.row == first]
        for cell in cells:
            if self.rows[first][cell.column] is None:  # the search for the header looks ahead
                self._recognise(cell, "caption", None)
        is_numbers = bool(cells) and is_index_row(self.rows[first])
        return first + 1 if is_numbers else first

    def body(self, cell: RuledCell, kinds: Kinds) -> None:
        """Recognise a cell as its column says."""
        column = kinds.columns.get(cell.column)
        if cell.col_span > 1 or (column is None and cell.column not in kinds.index):
            self._recognise(cell, "text", None)
        elif column is None:
            self._recognise(cell, "index", None)
        else:
            self._recognise(cell, column.field.type, column)

    def _recognise(self, cell: RuledCell, kind: Kind, column: Column | None) -> None:
        picture = crop(self._clean, self._table, cell, self._letter)
        field = column.field if column else None
        read = self._recogniser.cell(picture, kind, field, self._letter)
        where = f"{self._place.name}, row {cell.row + 1}, column {cell.column + 1}"
        box = self._place.box(cell.left, cell.top, cell.right, cell.bottom)
        self.rows[cell.row][cell.column] = Cell(
            read.text,
            read.text or None,
            where,
            row_span=cell.row_span,
            col_span=cell.col_span,
            trace=Trace(confidence=read.confidence, box=box),
        )
