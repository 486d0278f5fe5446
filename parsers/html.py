"""Web pages → lines and grids: the .xls or .doc that is one, and the table in a mail's own HTML.

Excel writes a page per sheet: it becomes that sheet again, with its addresses. Every other page is
read as a browser shows it. Nothing is fetched, no script runs.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from parsers.charset import decoded
from parsers.form import Form
from parsers.grid import Cell, Extract, Grid, Limits
from parsers.html_flow import Piece, cell_text, flow, lines_of
from parsers.html_tables import Look, Placed, is_large, is_ruled, placed, rows, typed, width
from parsers.incomplete import CUT_OFF, UNREAD, is_page_torn, ragged_rows
from parsers.layout import is_layout
from parsers.legible import PartialExtract
from parsers.package import RefusedError, refusal_of
from parsers.reading import Finding, Refusal
from parsers.sparse import Budget, Sheet, extract_of
from parsers.vietnamese import repair
from parsers.web_archive import pages

_CHARSET: Final = re.compile(
    rb"<meta\b[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE
)
_EXCEL: Final = "urn:schemas-microsoft-com:office:excel"
_SHEET: Final = "<x:ExcelWorksheet>"
_SHEET_NAME: Final = re.compile(r"\s*<x:Name>([^<]{1,100})</x:Name>")
_SHEET_HIDDEN: Final = re.compile(r"<x:Visible>\s*Sheet(?:Very)?Hidden")
_MOST_SHEETS: Final = 200
_HEAD: Final = 4_096
#: So much of a table's text tells a letterhead.
_LETTERHEAD: Final = 2_000


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read a web page or a web archive (``.mht``).

    Places are ``Biểu 1!B9`` in what Excel wrote, else ``table 2, row 3, cell 4`` as in a Word file.
    Text outside of tables, and the text of letterhead and layout tables, is in ``lines``. A mail
    that the page quotes is left out.

    Returns:
        An ``Extract``, or a ``Refusal`` with code ``damaged``, ``too-large``, ``empty`` or
        ``unreadable`` (a frame whose pages are other files).
    """
    reader = _Reader(limits or Limits())
    try:
        for page, declared in pages(data):
            meta = _CHARSET.search(page[:_HEAD])
            reader.read(decoded(page, meta[1].decode("ascii") if meta else declared))
        return reader.extract()
    except (RefusedError, etree.LxmlError, ValueError) as error:
        return refusal_of(error, "html")


class _Reader:
    """What has been read of one or more pages, in their order."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.budget = Budget(limits)
        self.look = Look()
        self.lines: list[str] = []
        #: Number of lines that stood before each grid.
        self.grids: list[tuple[int, Grid]] = []
        self.sheets: list[Sheet] = []
        #: Name of each sheet that the workbook has, and whether it is hidden.
        self.names: list[tuple[str, bool]] = []
        self.tables = 0
        self.framed = False
        self.torn = False
        self.findings: list[Finding] = []

    def read(self, text: str) -> None:
        """Read one page."""
        Budget(self.limits).spell(len(text))
        self.torn = self.torn or is_page_torn(text)
        parser = etree.HTMLParser(
            encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
        if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
            raise RefusedError("too-large", "nested too deeply")
        if root is None:
            return
        self.look = Look()
        for style in root.iter("style"):
            self.look.learn(style.text or "")
        self.framed = self.framed or next(root.iter("frameset"), None) is not None
        self.names += _sheet_names(text)
        pieces = list(flow(root, self.look))
        tables = [piece for piece in pieces if isinstance(piece, tuple)]
        if _EXCEL in text[:_HEAD] and len(tables) == 1 and not lines_of(pieces):
            self._sheet(tables[0][0])
        else:
            self._page(pieces)

    def extract(self) -> Extract:
        """Return everything that was read."""
        if not self.grids and not self.lines and not any(sheet.rows for sheet in self.sheets):
            if self.framed:
                raise RefusedError("unreadable", "a frameset without its pages", _FRAMES)
            raise RefusedError("empty", "no text")
        ends = [0, *(at for at, _ in self.grids), len(self.lines)]
        grids = tuple(
            replace(
                grid,
                before=tuple(self.lines[ends[number] : at]),
                after=tuple(self.lines[at : ends[number + 2]]),
            )
            for number, (at, grid) in enumerate(self.grids)
        )
        if not any(sheet.rows for sheet in self.sheets):
            return self._whole(grids, self.lines)
        workbook = extract_of("html", self.sheets)
        return self._whole(grids + workbook.grids, [*self.lines, *workbook.lines])

    def _whole(self, grids: tuple[Grid, ...], lines: list[str]) -> Extract:
        findings = ((CUT_OFF,) if self.torn else ()) + tuple(self.findings)
        if findings:
            unread = UNREAD if self.torn else ()
            return PartialExtract("html", grids, tuple(lines), findings, unread)
        return Extract("html", grids, tuple(lines))

    def _page(self, pieces: Iterable[Piece]) -> None:
        pending: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, str):
                pending.append(piece)
                continue
            self.lines += lines_of(pending)
            pending = []
            self._table(*piece)
        self.lines += lines_of(pending)

    def _table(self, table: etree._Element, hidden: bool) -> None:
        self.tables += 1
        own = rows(table)
        words = " ".join(" ".join(map(str, row.itertext())) for row in own[:12])[:_LETTERHEAD]
        nested = any(is_large(inner) for inner in table.iter("table") if inner is not table)
        if nested or is_layout(width(table), len(own), words, ruled=is_ruled(table)):
            for cell in (cell for row in own for cell in row.iterchildren("td", "th")):
                self._page(list(flow(cell, self.look, hidden=hidden)))
            return
        name = f"table {self.tables}"
        cells: dict[int, dict[int, Cell]] = {}
        reach = _Reach()
        for each in self._placed(table):
            found = self._cell(each, f"{name}, row {each.row}, cell {each.ordinal}")
            reach.note(each, found.text)
            self.budget.cell(each.row, each.column, found.text)
            cells.setdefault(each.row, {})[each.column] = found
        if any(found.text for row in cells.values() for found in row.values()):
            columns = range(1, max(map(max, cells.values())) + 1)
            grid = tuple(
                tuple(map(cells.get(row, {}).get, columns)) for row in range(1, max(cells) + 1)
            )
            self.grids.append((len(self.lines), Grid(name, grid, hidden=hidden)))
            self.findings += ragged_rows(name, reach.rows(), f"{name}, row {{}}, cell 1")

    def _placed(self, table: etree._Element) -> Iterator[Placed]:
        return placed(table, self.look, self.limits.sheet_columns, self.limits.sheet_rows)

    def _cell(self, each: Placed, place: str) -> Cell:
        element = each.element
        code = self.look.number_format(element)
        text, value = typed(element, cell_text(element, self.look), code)
        unsaved = not text and bool(element.get("x:fmla"))
        return Cell(text, value, place, code, each.down, each.across, unsaved, each.hidden)

    def _sheet(self, table: etree._Element) -> None:
        """Read a page that Excel made of a sheet: the table's rows and columns are the sheet's."""
        number = len(self.sheets)
        name, hidden = self.names[number] if number < len(self.names) else (_UNNAMED, False)
        sheet, reach = Sheet(name, self.budget, hidden), _Reach()
        for each in self._placed(table):
            cell = self._cell(each, "")
            reach.note(each, cell.text)
            sheet.put(
                each.row,
                each.column,
                cell.text,
                cell.value,
                number_format=cell.number_format,
                uncalculated=cell.uncalculated,
                hidden=each.hidden,
            )
            if cell.text and (each.down > 1 or each.across > 1):
                bottom, right = each.row + each.down - 1, each.column + each.across - 1
                sheet.merge(each.row, each.column, bottom, right)
        self.sheets.append(sheet)
        self.findings += ragged_rows(name, reach.rows(), f"{name.translate(_PLAIN)}!A{{}}")


@dataclass(slots=True)
class _Reach:
    """How far each row of a table reaches, and how many of its cells say something."""

    columns: dict[int, int] = field(default_factory=dict)
    filled: Counter[int] = field(default_factory=Counter)

    def note(self, cell: Placed, text: str) -> None:
        """Add a cell."""
        for row in range(cell.row, cell.row + cell.down):
            self.columns[row] = max(self.columns.get(row, 0), cell.column + cell.across - 1)
        self.filled[cell.row] += bool(text)

    def rows(self) -> list[tuple[int, int]]:
        """Return width and filled cells of each row, in order."""
        last = max(self.columns, default=0)
        return [(self.columns.get(row, 0), self.filled[row]) for row in range(1, last + 1)]


def _sheet_names(text: str) -> Iterator[tuple[str, bool]]:
    """Yield name and hiddenness of each sheet that Excel's page names, in the sheets' order."""
    for piece in text.split(_SHEET, _MOST_SHEETS)[1:]:
        found = _SHEET_NAME.match(piece)
        if found:
            yield repair(found[1]).strip(), bool(_SHEET_HIDDEN.search(piece[:_HEAD]))


_UNNAMED: Final = "Bảng"
_PLAIN: Final = str.maketrans("", "", "{}")
_FRAMES: Final = (
    "Tệp chỉ là khung của trang web do Excel lưu; số liệu nằm ở thư mục kèm theo, không có trong "
    "thư. Đề nghị mở tệp bằng Excel, chọn Lưu thành (Save As) dạng Excel (.xlsx) rồi gửi lại."
)
