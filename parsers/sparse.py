"""Sheets as their readers fill them: only cells that say something, within one budget.

What all workbook formats share once a cell is known: its address, what merged cells cover, the
rectangle that becomes a ``Grid``, and the lines of text beside the table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from parsers.grid import Cell, CellValue, Extract, Grid, Limits, column_letters
from parsers.package import RefusedError

#: A line of a sheet that is text (title, note, signature) has at most so many cells.
_LINE_CELLS = 3
#: Cells that all merged ranges of a sheet may cover together.
_MERGED_AREA = 1_000_000
_TEXT = itemgetter(0)


@dataclass(slots=True)
class Budget:
    """What is left of the cells and letters that one document may have."""

    limits: Limits
    cells: int = 0
    letters: int = 0

    def cell(self, row: int, column: int, text: str) -> None:
        """Account for a cell at this position, counted from 1."""
        if row > self.limits.sheet_rows or column > self.limits.sheet_columns:
            raise RefusedError("too-large", f"a cell as far as {column_letters(column)}{row}")
        self.cells += 1
        if self.cells > self.limits.sheet_cells:
            raise RefusedError("too-large", f"over {self.limits.sheet_cells} cells")
        self.spell(len(text))

    def row(self, row: int, cells: Mapping[int, Cell]) -> None:
        """Account for the cells of a row, by their columns."""
        letters = sum(map(len, map(_TEXT, cells.values())))
        limits = self.limits
        if (
            row <= limits.sheet_rows
            and max(cells) <= limits.sheet_columns
            and self.cells + len(cells) <= limits.sheet_cells
            and self.letters + letters <= limits.sheet_letters
        ):
            self.cells += len(cells)
            self.letters += letters
            return
        for column, cell in cells.items():  # which of them is too much, and in what
            self.cell(row, column, cell.text)

    def spell(self, letters: int) -> None:
        """Account for so many letters of text."""
        self.letters += letters
        if self.letters > self.limits.sheet_letters:
            raise RefusedError("too-large", f"over {self.limits.sheet_letters} letters")


@dataclass(slots=True)
class Sheet:
    """One sheet while it is read; rows and columns are counted from 1.

    Raises (every method):
        RefusedError: over the budget.
    """

    name: str
    budget: Budget
    hidden: bool = False
    #: Row → column → cell.
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)

    def put(
        self,
        row: int,
        column: int,
        text: str,
        value: CellValue,
        *,
        number_format: str = "",
        uncalculated: bool = False,
        hidden: bool = False,
    ) -> None:
        """Add a cell, unless it says nothing: then it costs nothing wherever it stands."""
        if not uncalculated and (not text or text.isspace()):
            return
        self.budget.cell(row, column, text)
        place = f"{self.name}!{column_letters(column)}{row}"
        hidden = hidden or column in self.hidden_columns
        cell = Cell(text, value, place, number_format, 1, 1, uncalculated, hidden)
        self.rows.setdefault(row, {})[column] = cell

    def add(self, row: int, cells: dict[int, Cell]) -> None:
        """Add a row below the others whose cells, by their columns, all say something."""
        self.budget.row(row, cells)
        self.rows[row] = cells

    def hide_columns(self, first: int, last: int) -> None:
        """Mark columns as hidden; cells that are put later know it."""
        self.hidden_columns.update(range(first, min(last, self.budget.limits.sheet_columns) + 1))

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Note a merged range by its corners."""
        most = self.budget.limits.merged_ranges
        if len(self.merges) >= most:
            raise RefusedError("too-large", f"over {most} merged ranges")
        self.merges.append((top, left, bottom, right))

    def grid(self) -> Grid:
        """Return the smallest rectangle that holds every cell; the sheet must have some."""
        rows = self._merged()
        columns = range(min(map(min, rows.values())), max(map(max, rows.values())) + 1)
        empty = (None,) * len(columns)
        table = (
            tuple(map(rows[row].get, columns)) if row in rows else empty
            for row in range(min(rows), max(rows) + 1)
        )
        return Grid(self.name, tuple(table), hidden=self.hidden)

    def _merged(self) -> dict[int, dict[int, Cell]]:
        """Return the cells with their spans; what lies unseen beneath a merged cell is dropped."""
        if not self.merges:
            return self.rows
        rows = {row: dict(cells) for row, cells in self.rows.items()}
        bottom, right = max(rows), max(map(max, rows.values()))
        covering: dict[tuple[int, int], Cell] = {}
        for top, left, last_row, last_column in self.merges:
            cell = rows.get(top, {}).get(left)
            if cell is None:
                continue
            height = max(1, min(last_row, bottom) - top + 1)
            width = max(1, min(last_column, right) - left + 1)
            rows[top][left] = covering[top, left] = cell._replace(row_span=height, col_span=width)
        if sum(cell.row_span * cell.col_span for cell in covering.values()) > _MERGED_AREA:
            raise RefusedError("too-large", "merged ranges cover too much")
        for (row, column), cell in covering.items():
            for r in range(row, row + cell.row_span):
                for c in range(column, column + cell.col_span):
                    if r in rows and (r, c) != (row, column):
                        rows[r].pop(c, None)
        return {row: cells for row, cells in rows.items() if cells}

    def lines(self) -> list[str]:
        """Return the texts beside the table, the left half of a block of rows before the right one.

        Letterhead and signatures stand side by side; read row by row, the clerk's name would follow
        the chairman's title. Above the table an empty row ends a block, below it none does, because
        the place for a signature is empty.
        """
        middle = max(map(max, self.rows.values())) / 2
        blocks: list[list[tuple[bool, int, int, str]]] = [[]]
        previous, table_seen = 0, False
        for row, cells in sorted(self.rows.items()):
            if len(cells) > _LINE_CELLS:
                table_seen = True
                blocks.append([])
                continue
            if row > previous + 1 and not table_seen:
                blocks.append([])
            blocks[-1].extend(
                (column > middle, row, column, cell.text) for column, cell in cells.items()
            )
            previous = row
        texts = (text for block in blocks for *_, text in sorted(block))
        return [line for text in texts for line in text.split("\n") if line.strip()]


def extract_of(kind: str, sheets: Iterable[Sheet]) -> Extract:
    """Return the extract of a workbook: a grid per sheet with content, the lines of visible ones.

    Raises:
        RefusedError: ``empty`` when no sheet has content, or a budget.
    """
    grids, lines = [], []
    for sheet in sheets:
        if sheet.rows:
            grids.append(sheet.grid())
            lines.extend([] if sheet.hidden else sheet.lines())
    if not grids:
        raise RefusedError("empty", "no sheet has a cell with content")
    return Extract(kind, tuple(grids), tuple(lines))
