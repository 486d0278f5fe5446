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
    letterhead or signature block, whose text belongs to the letter. A workbook has no text beside
    its cells: its lines are the cells of visible rows with at most three texts (titles, notes,
    signatures), for the same use.
    """

    kind: str
    grids: tuple[Grid, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one document is read at most; more is refused as ``too-large``.

    The unpacked sizes are for the zip families (xlsx, docx), a workbook and a Word file alike.
    """

    document_bytes: int = 25_000_000
    unpacked_bytes: int = 100_000_000
    member_bytes: int = 50_000_000
    members: int = 1_000
    sheet_rows: int = 20_000
    sheet_columns: int = 200
    sheet_cells: int = 400_000
    merged_ranges: int = 20_000
    pdf_pages: int = 200
