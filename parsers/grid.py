"""Tables as every format family gives them: cells with text, value, place and span."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from parsers.reading import Box, Refusal

CellValue = str | int | float | bool | dt.datetime | dt.date | dt.time | None

#: A line break that may be the writer's or only the width's of a printed cell. As white space like
#: any other for everyone who does not care; ``repair`` makes it a line feed.
WRAP = "\v"

#: The property of a document that holds the mark of an official workbook (``parsers.official``).
MARK_PROPERTY = "intake"


@dataclass(frozen=True, slots=True)
class Trace:
    """What else is known of where a cell's text comes from; most cells have none.

    ``written`` is the text as the file has it where ``Cell.text`` was mended, ``repair`` names how
    (``tcvn3``, ``vni``, ``mojibake``). ``confidence`` (0–1) is how sure a recogniser of letters is
    of the text; ``box`` is where it stands on its page.
    """

    written: str = ""
    repair: str = ""
    confidence: float = 1.0
    box: Box | None = None


class Cell(NamedTuple):
    """One cell at its top-left corner; a tuple, because a workbook has thousands of them.

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
    #: A narrow column of a PDF may have torn its words apart: where they end is not certain.
    torn: bool = False
    trace: Trace | None = None


#: Placeholders of a printed form: dots, dashes, underscores.
_BLANKS = " .…_-–—\n\t"


def is_filled(cell: Cell | None) -> bool:
    """Tell whether a cell holds anything: a text beyond dots to write on, or an unsaved formula."""
    return cell is not None and (cell.text.strip(_BLANKS) != "" or cell.uncalculated)


@dataclass(frozen=True, slots=True)
class Keys:
    """Which column of an official workbook's sheet holds which field (``parsers.official``).

    ``row`` is that of the captions, ``columns`` are (column, field's key; empty for the running
    number), all counted from 0.
    """

    row: int
    columns: tuple[tuple[int, str], ...]


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
    keys: Keys | None = None

    def place(self, row: int, column: int) -> str:
        """Return the place of a position (counted from 0), also where no cell stands.

        The address follows from the nearest cell to the left, else from any cell of the sheet;
        a format without a running address gives the place of the nearest cell.
        """
        cell = self.rows[row][column] if column < len(self.rows[row]) else None
        if cell is not None:
            return cell.place
        near = [(abs(c - column), c) for c, other in enumerate(self.rows[row]) if other]
        if near:
            found = min(near)[1]
            return _moved(self.rows[row][found], 0, column - found)
        for distance in range(1, len(self.rows)):
            for r in (row - distance, row + distance):
                if 0 <= r < len(self.rows):
                    for c, other in enumerate(self.rows[r]):
                        if other:
                            return _moved(other, row - r, column - c)
        return self.name


@lru_cache(maxsize=1024)
def column_letters(column: int) -> str:
    """Return the letters of a sheet's column counted from 1: 1 → A, 27 → AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the number of a sheet's column, counted from 1: A → 1, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


_SHEET_PLACE = re.compile(r"(.*)!([A-Z]{1,3})(\d+)", re.DOTALL)
_TABLE_PLACE = re.compile(r"(.*, row )(\d+)(, (?:cell|column) )(\d+)", re.DOTALL)


def _moved(cell: Cell | None, rows: int, columns: int) -> str:
    """Return the place so many rows below and columns right of a cell."""
    if cell is None:
        return ""
    sheet = _SHEET_PLACE.fullmatch(cell.place)
    if sheet:
        letters = column_letters(column_number(sheet[2]) + columns)
        return f"{sheet[1]}!{letters}{int(sheet[3]) + rows}"
    table = _TABLE_PLACE.fullmatch(cell.place)
    if table:
        return f"{table[1]}{int(table[2]) + rows}{table[3]}{int(table[4]) + columns}"
    return cell.place


#: Kinds whose grids are whole sheets.
_WORKBOOKS = frozenset({"xlsx", "xlsm", "xlsb", "xls", "ods", "csv", "xml"})


@dataclass(frozen=True, slots=True)
class Extract:
    """What a format family gives of one document: its tables and all its text, in reading order.

    ``lines`` leaves out the cells of tables in ``grids`` unless the table is borderless
    letterhead or signature block, whose text belongs to the letter. A workbook has no text beside
    its cells: its lines are the cells of visible rows with at most three texts (titles, notes,
    signatures), for the same use. ``repairs`` names the codes that the reader decoded by the names
    of fonts (``legacy.joined``); the rest is decided in ``parsers.mending``.
    """

    kind: str
    grids: tuple[Grid, ...] = ()
    lines: tuple[str, ...] = ()
    repairs: tuple[str, ...] = field(default=(), kw_only=True)
    #: What the document's own property says of an official workbook (``parsers.official``).
    marks: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def is_workbook(self) -> bool:
        """Whether each grid is a whole sheet, never a piece of a table that goes on in the next."""
        return self.kind in _WORKBOOKS


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
    sheet_letters: int = 10_000_000
    merged_ranges: int = 20_000
    pdf_pages: int = 200
    picture_pixels: int = 60_000_000


#: Turns a document of one kind (``doc``, ``odt``, ``rtf``, ``xlsx`` to be calculated …) into one of
#: the other kind named, by a program outside.
Convert = Callable[[bytes, str, str], bytes | Refusal]
