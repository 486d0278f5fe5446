"""OpenDocument sheets → grids: our own walk over content.xml.

No library tells values, merged cells, hidden rows and number formats at once. The file says a row
or cell once and how often it repeats; what repeats nothing costs nothing.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from parsers.form import Form
from parsers.grid import MARK_PROPERTY, CellValue, Extract, Limits
from parsers.number_format import shown
from parsers.ods_styles import TAGS, Styles
from parsers.package import (
    BROKEN,
    Package,
    RefusedError,
    decimal,
    local,
    property_texts,
    refusal_of,
    whole,
)
from parsers.reading import Refusal
from parsers.sparse import Budget, Sheet, extract_of
from parsers.vietnamese import repair

_NAMESPACE: Final = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
_OFFICE: Final = _NAMESPACE.format("office")
_TABLE: Final = _NAMESPACE.format("table")
_TEXT: Final = _NAMESPACE.format("text")
_CALC: Final = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
#: Not part of what a cell says: comments, footnotes, the reading aid over a word.
_ASIDE: Final = frozenset({"annotation", "note", "ruby-text", "frame", "custom-shape"})
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_DURATION: Final = re.compile(r"PT(\d{1,2})H(\d{1,2})M(\d{1,2})(?:[.,]\d*)?S")
_MOST_SPACES: Final = 1_000


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read an OpenDocument workbook's visible and hidden sheets; cells keep their true addresses.

    A formula without a saved value comes as an ``uncalculated`` cell. Comments are not read.

    Returns:
        An ``Extract`` with one grid per sheet that has content, or a ``Refusal`` with code
        ``damaged``, ``encrypted``, ``too-large`` or ``empty``.
    """
    limits = limits or Limits()
    try:
        package = Package(data, limits)
        extract = extract_of("ods", _Workbook(package, Budget(limits)).sheets())
        marks = property_texts(package, "meta.xml", "user-defined", MARK_PROPERTY)
        return replace(extract, marks=marks)
    except (RefusedError, *BROKEN) as error:
        return refusal_of(error, "ods")


@dataclass(slots=True)
class _Open:
    """The sheet that is being read: where the walk is, and what its columns ask of their cells."""

    element: etree._Element
    sheet: Sheet
    row: int = 0
    column: int = 0
    #: Last column and cell style of each run of columns, from left to right.
    styles: list[tuple[int, str]] = field(default_factory=list)

    def style(self, column: int) -> str:
        return next((style for last, style in self.styles if column <= last), "")


class _Workbook:
    def __init__(self, package: Package, budget: Budget) -> None:
        self.package = package
        self.budget = budget
        self.styles = Styles()
        manifest = "META-INF/manifest.xml"
        if manifest in package:
            for _ in package.root(manifest).iter("{*}encryption-data"):
                raise RefusedError("encrypted", "the manifest has encryption data")
        if "styles.xml" in package:
            for element in package.root("styles.xml").iter(*(f"{{*}}{tag}" for tag in TAGS)):
                self.styles.add(element)

    def sheets(self) -> Iterator[Sheet]:
        """Yield each sheet when it is complete."""
        opened: _Open | None = None
        for element in self.package.walk("content.xml", *TAGS, "table-column", "table-row"):
            if local(element) in TAGS:
                self.styles.add(element)
                continue
            tables = list(element.iterancestors(f"{_TABLE}table"))
            if len(tables) != 1 or next(tables[0].iterancestors()).tag != f"{_OFFICE}spreadsheet":
                continue  # a table inside a cell, or the copy of one that a link brought
            if opened is None or tables[0] is not opened.element:
                if opened:
                    yield opened.sheet
                opened = self._open(tables[0])
            if local(element) == "table-row":
                self._row(opened, element)
            else:
                self._columns(opened, element)
        if opened:
            yield opened.sheet

    def _open(self, table: etree._Element) -> _Open:
        name = repair(table.get(f"{_TABLE}name") or "").strip()
        hidden = self.styles.hides(table.get(f"{_TABLE}style-name") or "")
        return _Open(table, Sheet(name, self.budget, hidden))

    def _columns(self, opened: _Open, element: etree._Element) -> None:
        last = opened.column + _count(element, "number-columns-repeated")
        if _is_hidden(element):
            opened.sheet.hide_columns(opened.column + 1, last)
        opened.styles.append((last, element.get(f"{_TABLE}default-cell-style-name") or ""))
        opened.column = last

    def _row(self, opened: _Open, element: etree._Element) -> None:
        most = self.budget.limits
        first, repeated = opened.row + 1, _count(element, "number-rows-repeated")
        rows = range(first, first + min(repeated, most.sheet_rows + 1))
        opened.row += repeated
        hidden, column = _is_hidden(element), 1
        row_style = element.get(f"{_TABLE}default-cell-style-name")
        for cell in element.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            times = _count(cell, "number-columns-repeated")
            columns = range(column, column + min(times, most.sheet_columns + 1))
            column += times
            if len(cell) or len(cell.attrib):
                style = cell.get(f"{_TABLE}style-name") or row_style or opened.style(columns[0])
                found = _content(cell, self.styles.code(style))
                if found.text or found.uncalculated:
                    _put(opened.sheet, found, rows, columns, hidden=hidden)
                    _merge(opened.sheet, cell, first, columns[0])


@dataclass(frozen=True, slots=True)
class _Content:
    """What a cell says, wherever it stands and however often."""

    text: str
    value: CellValue
    number_format: str
    uncalculated: bool = False


def _put(sheet: Sheet, found: _Content, rows: range, columns: range, *, hidden: bool) -> None:
    for row in rows:
        for column in columns:
            sheet.put(
                row,
                column,
                found.text,
                found.value,
                number_format=found.number_format,
                uncalculated=found.uncalculated,
                hidden=hidden,
            )


def _merge(sheet: Sheet, cell: etree._Element, row: int, column: int) -> None:
    down, across = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
    if down > 1 or across > 1:
        sheet.merge(row, column, row + down - 1, column + across - 1)


def _count(element: etree._Element, name: str) -> int:
    return max(1, whole(element.get(f"{_TABLE}{name}") or "1"))


def _is_hidden(element: etree._Element) -> bool:
    return element.get(f"{_TABLE}visibility", "visible") != "visible"  # collapsed, or filtered away


def _content(cell: etree._Element, code: str) -> _Content:
    text, value = _typed(cell, code)
    formula = cell.get(f"{_TABLE}formula") is not None
    unsaved = formula and not text and cell.get(f"{_OFFICE}value-type") != "string"
    return _Content(text, None if unsaved else value, code, unsaved)


def _typed(cell: etree._Element, code: str) -> tuple[str, CellValue]:
    """Return text and value of a cell; the text of a number is made from its value, as in xlsx."""
    kind = cell.get(f"{_OFFICE}value-type")
    if cell.get(f"{_CALC}value-type") == "error":
        text = _text(cell)
        text = text if text.startswith("#") else "#VALUE!"  # LibreOffice has numbers for some
        return text, text
    number = cell.get(f"{_OFFICE}value")
    if kind in {"float", "currency", "percentage"} and number:
        percent = kind == "percentage" and "%" not in code
        return shown(decimal(number), "0%" if percent else code)
    if kind == "boolean":
        value = cell.get(f"{_OFFICE}boolean-value") == "true"
        return ("TRUE" if value else "FALSE"), value
    text = _text(cell)
    if kind in {"date", "time"}:
        return _moment(cell, text)
    return text, text


def _moment(cell: etree._Element, text: str) -> tuple[str, CellValue]:
    duration = _DURATION.fullmatch(cell.get(f"{_OFFICE}time-value") or "")
    if duration:
        hours, minutes, seconds = map(int, duration.groups())
        return text, dt.time(hours % 24, minutes, seconds)
    try:
        moment = dt.datetime.fromisoformat((cell.get(f"{_OFFICE}date-value") or "")[:19])
    except ValueError:
        return text, text
    pattern = "%d/%m/%Y" if moment.time() == dt.time() else "%d/%m/%Y %H:%M"
    return moment.strftime(pattern), moment.replace(tzinfo=None)


def _text(cell: etree._Element) -> str:
    paragraphs = ["".join(_pieces(each)) for each in cell.iterchildren(f"{_TEXT}p", f"{_TEXT}h")]
    text = "\n".join(paragraphs) if paragraphs else cell.get(f"{_OFFICE}string-value") or ""
    return repair(text)


def _pieces(element: etree._Element) -> Iterator[str]:
    """Yield the text of a paragraph, as it is seen."""
    yield _BLANKS.sub(" ", element.text or "")
    for child in element.iterchildren(tag=etree.Element):
        name = local(child)
        if name == "s":
            yield " " * min(whole(child.get(f"{_TEXT}c") or "1"), _MOST_SPACES)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name not in _ASIDE:
            yield from _pieces(child)
        yield _BLANKS.sub(" ", child.tail or "")
