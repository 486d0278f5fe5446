"""Tables of HTML: which cell stands where, what is hidden, and what a spreadsheet says of a cell.

Spans are claims of the file and are clamped; nothing is executed or fetched.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from parsers.grid import CellValue
from parsers.number_format import shown, unnamed
from parsers.package import RefusedError

_RULE: Final = re.compile(r"([^{}]{0,500})\{([^{}]*)\}")
_CLASS: Final = re.compile(r"\.([\w-]+)")
_FORMAT: Final = re.compile(r'mso-number-format:\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]+))', re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\([0-9a-fA-F]{4})|\\(.)")
_UNSEEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"[+-]?\d{1,300}(?:\.\d{1,300})?(?:E[+-]?\d{1,3})?", re.IGNORECASE)
_LINE: Final = re.compile(
    r"border[\w-]{0,40}\s{0,40}:[^;]{0,200}(?:solid|double|dashed|dotted)", re.IGNORECASE
)
_LOOKED_AT: Final = 5
_SECTIONS: Final = ("thead", "tbody", "tfoot")


@dataclass(slots=True)
class Look:
    """What the style sheets of a page say of its classes; only simple rules are understood."""

    _formats: dict[str, str] = field(default_factory=dict)
    _unseen: set[str] = field(default_factory=set)

    def learn(self, sheet: str) -> None:
        """Take note of a style sheet."""
        for selector, body in _RULE.findall(sheet):
            code, unseen = _format(body), _UNSEEN.search(body)
            for name in _CLASS.findall(selector) if code or unseen else ():
                if code:
                    self._formats[name] = code
                if unseen:
                    self._unseen.add(name)

    def hides(self, element: etree._Element) -> bool:
        """Whether a browser would not show this element."""
        if element.get("hidden") is not None or _UNSEEN.search(element.get("style") or ""):
            return True
        return bool(self._unseen) and any(name in self._unseen for name in _classes(element))

    def number_format(self, cell: etree._Element) -> str:
        """Return the number format of a cell that Excel or LibreOffice wrote; General otherwise."""
        own = _format(cell.get("style") or "") or (cell.get("sdnum") or "").split(";", 2)[-1]
        named = (self._formats[name] for name in _classes(cell) if name in self._formats)
        return unnamed(own or next(named, ""))


def _classes(element: etree._Element) -> list[str]:
    return (element.get("class") or "").split()


def _format(style: str) -> str:
    found = _FORMAT.search(style)
    if not found:
        return ""
    escaped = found[1] if found[1] is not None else found[2]
    return _ESCAPED.sub(lambda each: chr(int(each[1], 16)) if each[1] else each[2], escaped).strip()


def typed(cell: etree._Element, text: str, code: str) -> tuple[str, CellValue]:
    """Return text and value of a cell, by what the spreadsheet that wrote it says of its value.

    Excel: ``x:num="45.5"``, or ``x:num`` alone where the text is the number; LibreOffice:
    ``sdval="45.5"``. A cell without is text, whatever it looks like.
    """
    if cell.get("x:bool") in {"TRUE", "FALSE"}:
        return str(cell.get("x:bool")), cell.get("x:bool") == "TRUE"
    number = cell.get("x:num", cell.get("sdval"))
    if number is None:
        return text, text
    written = number.strip() or text.strip()
    return shown(float(written), code) if _NUMBER.fullmatch(written) else (text, text)


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell's place and span in its table, from 1; ``ordinal`` is its number in the row."""

    element: etree._Element
    row: int
    column: int
    ordinal: int
    down: int
    across: int
    hidden: bool


def placed(
    table: etree._Element, look: Look, most_columns: int, most_rows: int
) -> Iterator[Placed]:
    """Yield a table's own cells, rows in the order in which they are shown.

    Raises:
        RefusedError: ``too-large``.
    """
    covered: dict[int, int] = {}  # column → last row that a cell above reaches
    hidden_columns = _hidden_columns(table, look, most_columns)
    all_rows = rows(table)
    if len(all_rows) > most_rows:
        raise RefusedError("too-large", f"{len(all_rows)} rows in a table")
    for row, element in enumerate(all_rows, 1):
        hidden, column = look.hides(element), 1
        for ordinal, cell in enumerate(element.iterchildren("td", "th"), 1):
            while covered.get(column, 0) >= row:
                column += 1
            if column > most_columns:
                raise RefusedError("too-large", f"over {most_columns} columns in a table")
            across = min(_span(cell, "colspan", 1), most_columns - column + 1)
            down = _span(cell, "rowspan", len(all_rows))  # 0 = to the end
            down = min(down, len(all_rows) - row + 1)
            unseen = hidden or column in hidden_columns or look.hides(cell)
            yield Placed(cell, row, column, ordinal, down, across, unseen)
            for covering in range(column, column + across):
                covered[covering] = row + down - 1
            column += across


def rows(table: etree._Element) -> list[etree._Element]:
    """Return the rows of a table but not of those inside it; its foot comes last."""
    found: list[etree._Element] = []
    foot: list[etree._Element] = []
    for child in table.iterchildren("tr", *_SECTIONS):
        if child.tag == "tr":
            found.append(child)
        else:
            (foot if child.tag == "tfoot" else found).extend(child.iterchildren("tr"))
    return found + foot


def _span(cell: etree._Element, name: str, nought: int) -> int:
    written = (cell.get(name) or "1").strip()
    number = int(written) if written.isdecimal() and len(written) < 10 else 1  # noqa: PLR2004  int() of megabytes is slow
    return number or nought


def _hidden_columns(table: etree._Element, look: Look, most: int) -> frozenset[int]:
    found: set[int] = set()
    column = 1
    for element in table.iter("col"):
        if next(element.iterancestors("table")) is not table:
            continue
        after = min(column + _span(element, "span", 1), most + 1)
        if look.hides(element):
            found.update(range(column, after))
        column = after
    return frozenset(found)


def width(table: etree._Element) -> int:
    """Return how many columns the widest row of a table claims."""
    return max(
        (
            sum(_span(cell, "colspan", 1) for cell in row.iterchildren("td", "th"))
            for row in rows(table)
        ),
        default=0,
    )


def is_large(table: etree._Element) -> bool:
    """Whether a table in a cell is itself a form: the outer one then only lays out the page."""
    return len(rows(table)) > 1 and width(table) > 2  # noqa: PLR2004  more than label and value


def is_ruled(table: etree._Element) -> bool:
    """Whether a table shows lines."""
    if (table.get("border") or "0").strip() != "0":
        return True
    cells = (cell for row in rows(table)[:_LOOKED_AT] for cell in row.iterchildren("td", "th"))
    return any(_LINE.search(each.get("style") or "") for each in (table, *cells))
