"""A sheet that is printed and signed off: Times New Roman, borders, heights, A4 landscape.

openpyxl writes no row heights and turns text that starts with ``=`` into a formula; both are put
right here, for every sheet the office sends.
"""

import math
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

FONT = "Times New Roman"
SIZE = 11
#: Vietnamese separators wherever the program honours a format's own locale.
WHOLE = "[$-42A]#,##0_)"
DECIMAL = "[$-42A]#,##0.0###_)"
#: What no XML may hold (XML 1.0, production 2): a workbook with it is "damaged" to Excel.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A leading mark would become a formula as soon as somebody edits the cell.
FORMULAS = "=+-@\t\r"
LINE_POINTS = 1.28
_CELL_LIMIT = 32_000
_DIGITS_EXACT = 15  # Excel keeps no more; longer numbers stay text
_NARROW, _WIDE = set("iljtfrI.,;:'!|()[]-/ "), set("mwMWƠƯơưĐ%@&–…—")
_LINE = Side(style="thin", color="FF000000")
GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
UNSURE = PatternFill("solid", fgColor="FFFFF2CC")
WRONG = PatternFill("solid", fgColor="FFF8CBAD")
HEAD = PatternFill("solid", fgColor="FFE7E6E6")

Value = str | int | Decimal | None
#: The styles of a workbook: what a cell of this look has, with and without a quoted text.
_STYLES: WeakKeyDictionary[Workbook, dict[tuple["Look", bool], Any]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Look:
    """How one cell looks."""

    bold: bool = False
    italic: bool = False
    across: str = "left"
    upright: str = "center"
    size: int = SIZE
    border: bool = True
    fill: PatternFill | None = None
    number_format: str = ""


PLAIN, BOLD = Look(), Look(bold=True)
HEADER = Look(bold=True, across="center", fill=HEAD)
CENTRE = Look(across="center")
INDEX = Look(italic=True, across="center", size=SIZE - 1)
FREE = Look(border=False)


def put(cell: Any, value: Value, look: Look = PLAIN) -> None:
    """Write one value: text stays text whatever it starts with, control characters go."""
    quoted = False
    if isinstance(value, str):
        text = without_controls(value)
        cell.value = text or None
        if text:
            cell.data_type = "s"
            quoted = text[0] in FORMULAS
    elif isinstance(value, Decimal) and value == value.to_integral_value():
        cell.value = int(value)
        look = replace(look, number_format=WHOLE if look.number_format else "")
    else:
        cell.value = value
    # A style is found by its parts in openpyxl, which costs more than all else: once in a workbook.
    styles = _STYLES.setdefault(cell.parent.parent, {})
    key = (look, quoted)
    if key not in styles:
        _dress(cell, look, quoted=quoted)
        styles[key] = cell._style  # noqa: SLF001  openpyxl has no public name for all of a style
    cell._style = copy(styles[key])  # noqa: SLF001


def _dress(cell: Any, look: Look, *, quoted: bool) -> None:
    cell.font = Font(name=FONT, size=look.size, bold=look.bold, italic=look.italic)
    cell.alignment = Alignment(horizontal=look.across, vertical=look.upright, wrap_text=True)
    if look.border:
        cell.border = GRID
    if look.fill:
        cell.fill = look.fill
    if look.number_format:
        cell.number_format = look.number_format
    cell.quotePrefix = quoted


def without_controls(value: str) -> str:
    """Return a text as a cell may hold it: no characters that XML cannot have, not too long."""
    return _NOT_IN_XML.sub("", value)[:_CELL_LIMIT]


def row(sheet: Worksheet, number: int, values: Sequence[Value], looks: Sequence[Look]) -> None:
    """Write one row and give it the height that its longest cell needs."""
    for column, (value, look) in enumerate(zip(values, looks, strict=True), start=1):
        put(sheet.cell(number, column), value, look)
    lines = max(
        (
            lines_needed(shown(value, look), width_of(sheet, column), bold=look.bold)
            for column, (value, look) in enumerate(zip(values, looks, strict=True), start=1)
        ),
        default=1,
    )
    sheet.row_dimensions[number].height = round(lines * SIZE * LINE_POINTS + 5, 1)


def span(
    sheet: Worksheet, number: int, first: int, last: int, value: str, look: Look = FREE
) -> None:
    """Write one text over several columns of a row; the row grows to hold it."""
    for column in range(first, last + 1):
        put(sheet.cell(number, column), None, look)
    put(sheet.cell(number, first), value, look)
    if last > first:
        sheet.merge_cells(start_row=number, start_column=first, end_row=number, end_column=last)
    width = sum(width_of(sheet, column) for column in range(first, last + 1))
    known = sheet.row_dimensions[number].height or 0
    sheet.row_dimensions[number].height = max(height_of(value, width, look), known)


def height_of(value: str, width: float, look: Look) -> float:
    """Return how tall a row must be for one text of its own over this width, in points."""
    lines = sum(lines_needed(part, width * SIZE / look.size, bold=look.bold)
                for part in value.split("\n"))  # fmt: skip
    return round(lines * look.size * LINE_POINTS + 4, 1)


def width_of(sheet: Worksheet, column: int) -> float:
    """Return a column's width in digits of the standard font."""
    return float(sheet.column_dimensions[get_column_letter(column)].width)


def widths(sheet: Worksheet, sizes: Sequence[float]) -> None:
    """Set the columns' widths, from the first on."""
    for column, size in enumerate(sizes, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = size


def shown(value: Value, look: Look) -> str:
    """Return the text as it will be seen, to measure it."""
    if isinstance(value, int | Decimal) and look.number_format:
        return f"{value:,}"
    return "" if value is None else str(value)


class _Widths(dict[str, float]):
    """How many digits wide a character is, as far as one was met."""

    def __missing__(self, character: str) -> float:
        if character in _NARROW:
            width = 0.62
        elif character in _WIDE:
            width = 1.55
        else:
            width = 1.38 if character.isupper() else 0.95
        self[character] = width
        return width


_WIDTHS = _Widths()


@lru_cache(20_000)
def text_width(text: str, *, bold: bool = False) -> float:
    """Return roughly how many digits wide a text is in Times New Roman."""
    width = sum(map(_WIDTHS.__getitem__, text), 0.0)
    return width * (1.06 if bold else 1.0)


@lru_cache(20_000)
def lines_needed(text: str, width: float, *, bold: bool = False) -> int:
    """Return how many lines a text takes in a column, wrapped at words as Excel does."""
    room = max(width - 1.2, 1.0)
    lines = 0
    for paragraph in text.split("\n") or [""]:
        used, lines = 0.0, lines + 1
        for word in paragraph.split():
            size = text_width(word, bold=bold)
            if used and used + 0.62 + size > room:
                used, lines = 0.0, lines + 1
            if size > room:
                lines += math.ceil(size / room) - 1
                size = size % room
            used += size + (0.62 if used else 0)
    return max(lines, 1)


def page(sheet: Worksheet, repeat: tuple[int, int], last_column: int, last_row: int) -> None:
    """Set A4 landscape, one page wide, the header rows on each page, page numbers from page 2."""
    setup: Any = sheet.page_setup
    setup.orientation, setup.paperSize = "landscape", 9
    setup.fitToWidth, setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    # Centimetres to inches; NĐ 30/2020 asks 20–25 mm above and below, wide tables need the sides.
    margins: Any = sheet.page_margins
    margins.left, margins.right, margins.top, margins.bottom = 0.59, 0.4, 0.79, 0.6
    margins.header = margins.footer = 0.35
    sheet.print_title_rows = f"{repeat[0]}:{repeat[1]}"
    sheet.print_area = f"A1:{get_column_letter(last_column)}{last_row}"
    sheet.freeze_panes = f"A{repeat[1] + 1}"
    sheet.print_options.horizontalCentered = True
    footer: Any = sheet.HeaderFooter
    footer.differentFirst = True
    footer.oddHeader.center.text = "&P"
    footer.oddHeader.center.font = FONT
    footer.oddHeader.center.size = 12


def number(text: str) -> Decimal | None:
    """Return a canonical number as one that Excel can add, or None when it must stay text."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        return None
    digits = len(value.as_tuple().digits)
    return value if value.is_finite() and digits <= _DIGITS_EXACT else None
