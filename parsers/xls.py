"""Old workbooks (Excel 5 to 2003, and the bare streams before) → grids, by xlrd.

xlrd and not calamine, because it tells fonts, number formats and hidden rows. It raises whatever
broken bytes lead to (IndexError, AssertionError, struct.error …): here that is one refusal.
"""

import io
import itertools
from dataclasses import dataclass
from typing import Final

import olefile
import xlrd
from xlrd.sheet import Cell as Found
from xlrd.sheet import Sheet as Source

from parsers.biff import Position, uncalculated
from parsers.charset import decoded
from parsers.form import Form
from parsers.grid import CellValue, Extract, Limits
from parsers.legacy import code_of
from parsers.number_format import shown
from parsers.package import RefusedError, refusal_of
from parsers.reading import Refusal
from parsers.sheet_fonts import Coded, Rich, Runs, decode
from parsers.sparse import Budget, Sheet, extract_of
from parsers.vietnamese import repair

#: The record streams of BIFF8 and BIFF5 in their container.
_STREAMS: Final = ("Workbook", "Book")
#: From BIFF8 on, text is in Unicode.
_UNICODE: Final = 80


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read an old workbook's visible and hidden sheets; cells keep their true addresses.

    Dates follow the book's own epoch (1900 or 1904). A formula whose result nobody calculated
    comes as an ``uncalculated`` cell.

    Returns:
        An ``Extract`` with one grid per sheet that has content, or a ``Refusal`` with code
        ``damaged``, ``encrypted``, ``too-large`` or ``empty``.
    """
    budget = Budget(limits or Limits())
    try:
        unsaved = uncalculated(_stream(data))
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO()
        )
        coded: list[Coded] = []
        sheets = [
            _Reader(book, source, missing, coded).sheet(budget)
            for source, missing in zip(book.sheets(), unsaved, strict=True)
        ]
        decode(coded)
        return extract_of("xls", sheets)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  xlrd raises whatever the broken bytes lead to
        return refusal_of(error, "xls")


def _stream(data: bytes) -> bytes:
    """Return the records, with or without a container round them."""
    if not data.startswith(olefile.MAGIC):
        return data
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        for name in _STREAMS:
            if container.exists(name):
                return bytes(container.openstream(name).read())
    raise RefusedError("damaged", "a container without a workbook")


@dataclass(frozen=True, slots=True)
class _Reader:
    """One worksheet of an open book, and which of its formulas nobody calculated.

    ``coded`` collects the cells of all sheets that stand in fonts from before Unicode.
    """

    book: xlrd.Book
    source: Source
    unsaved: frozenset[Position]
    coded: list[Coded]

    def sheet(self, budget: Budget) -> Sheet:
        source = self.source
        sheet = Sheet(repair(source.name).strip(), budget, source.visibility != 0)
        for column, info in source.colinfo_map.items():
            if info.hidden:
                sheet.hide_columns(column + 1, column + 1)
        for top, bottom, left, right in source.merged_cells:  # the ends are not part of them
            sheet.merge(top + 1, left + 1, bottom, right)
        for row in range(source.nrows):
            info = source.rowinfo_map.get(row)
            hidden = bool(info and info.hidden)
            for column, cell in enumerate(source.row(row)):
                self._put(sheet, row, column, cell, hidden=hidden)
        return sheet

    def _put(self, sheet: Sheet, row: int, column: int, cell: Found, *, hidden: bool) -> None:
        if (row, column) in self.unsaved:
            sheet.put(row + 1, column + 1, "", None, uncalculated=True, hidden=hidden)
        elif cell.ctype not in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}:
            code, font = self._style(cell)
            text, value = self._content(cell, code, self._runs(row, column, cell))
            sheet.put(row + 1, column + 1, text, value, number_format=code, hidden=hidden)
            if text.strip() and value is text and (code_of(font) or isinstance(text, Rich)):
                self.coded.append(Coded(sheet.rows, row + 1, column + 1, font))

    def _runs(self, row: int, column: int, cell: Found) -> Runs:
        """Return the pieces of a text whose fonts differ; none if no piece has an old one."""
        starts = self.source.rich_text_runlist_map.get((row, column), [])
        fonts = [self.book.font_list[number].name for _, number in starts]
        if cell.ctype != xlrd.XL_CELL_TEXT or not any(map(code_of, fonts)):
            return ()
        text = cell.value
        ends = [*(start for start, _ in starts), len(text)]
        pieces = (text[start:end] for start, end in itertools.pairwise(ends))
        head = ((repair(text[: ends[0]]), None),) if ends[0] else ()
        return (*head, *zip(map(repair, pieces), fonts, strict=True))

    def _style(self, cell: Found) -> tuple[str, str]:
        """Return number format and font of a cell; a bare stream may have no styles at all."""
        book = self.book
        if not book.xf_list:
            return "General", ""
        style = book.xf_list[cell.xf_index]
        font = book.font_list[style.font_index].name if book.font_list else ""
        return book.format_map[style.format_key].format_str, font

    def _content(self, cell: Found, code: str, runs: Runs) -> tuple[str, CellValue]:
        """Return text and value of a cell."""
        if cell.ctype in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
            return shown(float(cell.value), code, since_1904=self.book.datemode == 1)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return ("TRUE", True) if cell.value else ("FALSE", False)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            text = xlrd.error_text_from_code.get(cell.value, "#VALUE!")
            return text, text
        raw = cell.value
        if "\0" in raw:  # a block that was never written; programs write no zeros into a text
            raise RefusedError("damaged", "zeros in a text")
        if self.book.biff_version < _UNICODE and self.book.codepage is None:
            raw = decoded(raw.encode("latin-1"))  # xlrd's guess; some exports write UTF-8 there
        text = Rich.of(repair(raw), runs)
        return text, text
