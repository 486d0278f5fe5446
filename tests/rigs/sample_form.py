"""The sample form of tests/parsers/data in all its formats, and what a reading of it must hold."""

import json
import re
from pathlib import Path
from typing import Any, Final

from parsers.grid import Cell, Extract
from parsers.reading import Reading

DATA: Final = Path(__file__).parent.parent / "parsers" / "data"
TRUTH: Final = json.loads((DATA / "truth.json").read_text("utf-8"))
#: Column of the sample → field of the form; the sample lacks the others.
COLUMNS: Final = {
    1: "name",
    2: "address",
    3: "owner",
    4: "representative",
    5: "phone",
    6: "area_m2",
    7: "products",
    8: "stars",
    9: "cost_requested",
    10: "note",
}


def canonical(key: str, value: object) -> str | None:
    """Return a value of the truth as a reading has it."""
    if value == "":
        return None
    if key == "phone":
        return re.sub(r"\D", "", str(value))
    if key == "cost_requested":
        return str(round(float(str(value)) * 1_000_000))
    return str(value).removesuffix(".0")


def wanted() -> list[dict[str, str | None]]:
    """Return the values of every row, by field."""
    return [
        {key: canonical(key, line[column]) for column, key in COLUMNS.items()}
        for line in TRUTH["rows"]
    ]


def found(reading: Reading) -> list[dict[str, str | None]]:
    """Return what was read, in the same shape."""
    return [{key: row.values.get(key) for key in COLUMNS.values()} for row in reading.rows]


def cells(extract: Extract) -> dict[str, Cell]:
    """Return every cell by its place."""
    return {cell.place: cell for grid in extract.grids for row in grid.rows for cell in row if cell}


def said(extract: Extract) -> dict[str, tuple[Any, ...]]:
    """Return what the cells say: all that must not depend on the format a sheet is saved in."""
    return {
        place: (cell.text, cell.value, cell.row_span, cell.col_span, cell.hidden)
        for place, cell in cells(extract).items()
        if not cell.uncalculated
    }
