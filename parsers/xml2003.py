"""Workbooks as "XML Spreadsheet 2003" → grids: what Excel and many exports write into an .xls."""

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from parsers.form import Form
from parsers.grid import CellValue, Extract, Limits
from parsers.number_format import shown, unnamed
from parsers.package import BROKEN, RefusedError, decimal, local, refusal_of, walk, whole
from parsers.reading import Refusal
from parsers.sparse import Budget, Sheet, extract_of
from parsers.vietnamese import repair

_SS: Final = "{urn:schemas-microsoft-com:office:spreadsheet}"
_MOST_PARENTS: Final = 20


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read an XML Spreadsheet's visible and hidden sheets; cells keep their true addresses.

    A formula without data comes as an ``uncalculated`` cell. Comments are not read.

    Returns:
        An ``Extract`` with one grid per sheet that has content, or a ``Refusal`` with code
        ``damaged``, ``too-large`` or ``empty``.
    """
    try:
        return extract_of("xml", _Workbook(Budget(limits or Limits())).sheets(data))
    except (RefusedError, *BROKEN) as error:
        return refusal_of(error, "xml")


@dataclass(slots=True)
class _Open:
    """The sheet that is being read, and where the walk is in it."""

    sheet: Sheet
    row: int = 0
    column: int = 0
    #: First and last column with a style of their own, from left to right.
    styles: list[tuple[int, int, str]] = field(default_factory=list)

    def style(self, column: int) -> str:
        runs = (style for first, last, style in self.styles if first <= column <= last)
        return next(runs, "Default")


class _Workbook:
    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        #: Style → its number format ("" = its parent's), its parent.
        self.styles: dict[str, tuple[str, str]] = {}
        self.since_1904 = False

    def sheets(self, data: bytes) -> Iterator[Sheet]:
        """Yield each sheet when it is complete."""
        opened: _Open | None = None
        tags = ("Date1904", "Style", "Column", "Row", "Visible", "Worksheet")
        for element in walk(io.BytesIO(data), *tags):
            name = local(element)
            if name == "Date1904":
                self.since_1904 = True
            elif name == "Style":
                self._style(element)
            elif opened is None:
                for sheet in element.iterancestors(f"{_SS}Worksheet"):
                    opened = _Open(Sheet(repair(_get(sheet, "Name")).strip(), self.budget))
            if opened and name == "Worksheet":
                yield opened.sheet
                opened = None
            elif opened:
                self._part(opened, element)

    def _part(self, opened: _Open, element: etree._Element) -> None:
        match local(element):
            case "Row":
                self._row(opened, element)
            case "Column":
                self._column(opened, element)
            case "Visible":
                opened.sheet.hidden = (element.text or "").strip() != "SheetVisible"

    def _style(self, element: etree._Element) -> None:
        formats = element.iterchildren(f"{_SS}NumberFormat")
        code = next((_get(each, "Format") or "General" for each in formats), "")
        self.styles[_get(element, "ID")] = code, _get(element, "Parent")

    def _code(self, style: str) -> str:
        for _ in range(_MOST_PARENTS):
            code, style = self.styles.get(style, ("", ""))
            if code:
                return unnamed(code)
        return "General"

    def _column(self, opened: _Open, element: etree._Element) -> None:
        first = whole(_get(element, "Index") or str(opened.column + 1))
        last = first + whole(_get(element, "Span") or "0")
        if _get(element, "Hidden") == "1":
            opened.sheet.hide_columns(first, last)
        if style := _get(element, "StyleID"):
            opened.styles.append((first, last, style))
        opened.column = last

    def _row(self, opened: _Open, element: etree._Element) -> None:
        row = whole(_get(element, "Index") or str(opened.row + 1))
        if row <= opened.row:
            raise RefusedError("damaged", f"row {row} after row {opened.row}")
        opened.row = row + whole(_get(element, "Span") or "0")
        hidden = _get(element, "Hidden") == "1"
        column = 0
        for cell in element.iterchildren(f"{_SS}Cell"):
            before, column = column, whole(_get(cell, "Index") or str(column + 1))
            if column <= before:
                raise RefusedError("damaged", f"two cells for one address in row {row}")
            style = _get(cell, "StyleID") or _get(element, "StyleID") or opened.style(column)
            code = self._code(style)
            text, value = self._content(cell, code)
            data = cell.find(f"{_SS}Data[@{_SS}Type='String']")
            unsaved = bool(_get(cell, "Formula")) and not text and data is None
            opened.sheet.put(
                row,
                column,
                text,
                value,
                number_format=code,
                uncalculated=unsaved,
                hidden=hidden,
            )
            across, down = (whole(_get(cell, f"Merge{way}") or "0") for way in ("Across", "Down"))
            if across > 0 or down > 0:
                opened.sheet.merge(row, column, row + down, column + across)
            column += across

    def _content(self, cell: etree._Element, code: str) -> tuple[str, CellValue]:
        data = cell.find(f"{_SS}Data")
        if data is None:
            return "", None
        text = repair("".join(map(str, data.itertext())))
        kind = _get(data, "Type") if text.strip() else "String"
        if kind == "Number":
            return shown(decimal(text), code, since_1904=self.since_1904)
        if kind == "Boolean":
            value = text.strip() == "1"
            return ("TRUE" if value else "FALSE"), value
        if kind == "DateTime":
            moment = dt.datetime.fromisoformat(text.strip()[:19]).replace(tzinfo=None)
            pattern = "%d/%m/%Y" if moment.time() == dt.time() else "%d/%m/%Y %H:%M"
            return moment.strftime(pattern), moment
        return text, text


def _get(element: etree._Element, name: str) -> str:
    """Return an attribute, with or without the namespace that it should have."""
    return element.get(_SS + name) or element.get(name) or ""
