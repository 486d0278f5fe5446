"""Tables as every format family gives them: cells with text, value, place and span."""

import datetime as dt
from dataclasses import dataclass

CellValue = str | int | float | bool | dt.datetime | dt.date | dt.time | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell at its top-left corner.

    ``text`` is what a person sees, already repaired (``vietnamese.repair``), line breaks kept.
    ``value`` is the typed value where the format has types, else the text. ``place`` is what a
    clerk can find: ``Biểu 1!B9``, ``table 2, row 3, cell 4``, ``page 1, row 3, column 4``.
    """

    text: str
    value: CellValue
    place: str
    number_format: str = ""
    row_span: int = 1
    col_span: int = 1
    #: A formula whose result was not saved: neither empty nor zero.
    uncalculated: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangular table. ``None`` = covered by a merged cell, or not there at all.

    ``before`` and ``after`` are the lines of text round the table (docx, PDF; a sheet carries its
    titles in its own rows). A PDF table over several pages is one grid.
    """

    name: str
    rows: tuple[tuple[Cell | None, ...], ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Extract:
    """What a format family gives of one document: its tables and all its text, in reading order.

    ``lines`` leaves out the cells of tables in ``grids`` unless the table is borderless
    letterhead or signature block, whose text belongs to the letter.
    """

    kind: str
    grids: tuple[Grid, ...] = ()
    lines: tuple[str, ...] = ()
