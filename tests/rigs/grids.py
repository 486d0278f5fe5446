"""Grids as a sheet would give them, from rows of plain values."""

from collections.abc import Sequence

from parsers.grid import Cell, CellValue, Grid, column_letters

Rows = Sequence[Sequence[CellValue]]


def grid(rows: Rows, name: str = "Biểu 1", top: int = 1, left: int = 1, **more: object) -> Grid:
    """Return the sheet of this name whose first cell has this address; None is no cell."""
    width = max(map(len, rows))
    cells: list[tuple[Cell | None, ...]] = []
    for r, row in enumerate(rows):
        line: list[Cell | None] = []
        for c in range(width):
            value = row[c] if c < len(row) else None
            place = f"{name}!{column_letters(left + c)}{top + r}"
            line.append(None if value is None else Cell(str(value), value, place))
        cells.append(tuple(line))
    return Grid(name, tuple(cells), **more)  # type: ignore[arg-type]
