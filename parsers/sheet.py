"""Workbooks (xlsx, xlsm) → grids.

Our own walk over the sheet's XML instead of openpyxl's model, because the walk sees in one pass
what a registry needs to know and the model hides: a formula *and* whether its result was saved,
hidden rows, Strict files (openpyxl reads zero sheets there and reports nothing), and true
addresses; and because a far-away cell costs a comparison instead of a million empty rows. The
tests compare it with openpyxl cell by cell.
"""

import re
from dataclasses import dataclass, field, replace

from lxml import etree

from parsers.grid import (
    Cell,
    CellValue,
    Extract,
    Grid,
    Limits,
    column_letters,
    column_number,
)
from parsers.number_format import Formats, shown
from parsers.package import BROKEN, Package, RefusedError, local
from parsers.reading import Refusal
from parsers.vietnamese import repair

#: Excel's own limit for the text of one cell.
_CELL_TEXT = 32_767
#: A line of a sheet that is text (title, note, signature) has at most so many cells.
_LINE_CELLS = 3
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_XML_TRUE = {"1", "true", "on"}

Sparse = dict[tuple[int, int], Cell]


def extract(data: bytes, limits: Limits | None = None) -> Extract | Refusal:
    """Read a workbook's visible and hidden sheets; cells keep their true addresses.

    Nothing is executed and no link is followed. A formula whose result was not saved comes as an
    ``uncalculated`` cell; so does a saved 0 where the producer asks for a calculation at opening
    (XlsxWriter writes 0 into every formula).

    Returns:
        An ``Extract`` with one grid per sheet that has content, or a ``Refusal`` with code
        ``damaged``, ``too-large`` or ``empty``.
    """
    try:
        return _Workbook(Package(data, limits or Limits()), limits or Limits()).extract()
    except RefusedError as refused:
        return replace(refused.refusal, kind="xlsx")
    except BROKEN as error:
        refusal = RefusedError("damaged", f"{type(error).__name__}: {error}").refusal
        return replace(refusal, kind="xlsx")


def _address(reference: str) -> tuple[int, int]:
    """Return (row, column), counted from 1."""
    match = _ADDRESS.fullmatch(reference.replace("$", ""))
    if match is None:
        raise RefusedError("damaged", "a cell without a valid address")
    return int(match[2]), column_number(match[1])


@dataclass(slots=True)
class _Sheet:
    """One sheet while it is read."""

    name: str
    hidden: bool
    cells: Sparse = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)


class _Workbook:
    def __init__(self, package: Package, limits: Limits) -> None:
        self.package = package
        self.limits = limits
        roots = package.related("")
        mains = [name for kind, name in roots.values() if kind == "officeDocument"]
        if not mains:
            raise RefusedError("damaged", "no workbook part")
        self.main = package.root(mains[0])
        self.related = package.related(mains[0])
        self.budget = limits.sheet_cells
        self.letters = limits.sheet_letters
        self.kind = "xlsm" if "xl/vbaProject.bin" in package else "xlsx"
        self.formats = self._formats()
        self.strings = self._strings()
        self.recalculates = any(
            calculation.get("fullCalcOnLoad") in _XML_TRUE
            for calculation in self.main.iter("{*}calcPr")
        )

    def extract(self) -> Extract:
        grids, lines = [], []
        for element in self.main.iter("{*}sheet"):
            sheet = self._sheet(element)
            if sheet is None or not sheet.cells:
                continue
            grids.append(_grid(sheet))
            if not sheet.hidden:
                lines.extend(_lines(sheet))
        if not grids:
            raise RefusedError("empty", "no sheet has a cell with content")
        return Extract(self.kind, tuple(grids), tuple(lines))

    def _part(self, kind: str) -> str | None:
        names = [name for found, name in self.related.values() if found == kind]
        return names[0] if names and names[0] in self.package else None

    def _strings(self) -> list[str]:
        part = self._part("sharedStrings")
        if part is None:
            return []
        return [self._text(item) for item in self.package.walk(part, "si")]

    def _formats(self) -> Formats:
        settings = next(self.main.iter("{*}workbookPr"), None)
        is_1904 = settings is not None and settings.get("date1904") in _XML_TRUE
        part = self._part("styles")
        return Formats(None if part is None else self.package.root(part), since_1904=is_1904)

    def _sheet(self, element: etree._Element) -> _Sheet | None:
        relation = next(
            (str(v) for k, v in element.attrib.items() if str(k).endswith("}id")),
            "",
        )
        kind, part = self.related.get(relation, ("", ""))
        if kind != "worksheet":  # chart sheets and macro sheets hold no form
            return None
        sheet = _Sheet(
            repair(str(element.get("name") or "")).strip(),
            element.get("state", "visible") != "visible",
        )
        row = 0
        for found in self.package.walk(part, "col", "row", "mergeCell"):
            name = local(found)
            if name == "row":
                row = int(found.get("r") or row + 1)
                self._row(sheet, found, row)
            elif name == "col":
                self._hide_columns(sheet, found)
            else:
                self._merge(sheet, found)
        return sheet

    def _hide_columns(self, sheet: _Sheet, column: etree._Element) -> None:
        if column.get("hidden") in _XML_TRUE:
            last = min(int(column.get("max") or 0), self.limits.sheet_columns)
            sheet.hidden_columns.update(range(int(column.get("min") or 1), last + 1))

    def _merge(self, sheet: _Sheet, merge: etree._Element) -> None:
        if len(sheet.merges) >= self.limits.merged_ranges:
            raise RefusedError("too-large", f"over {self.limits.merged_ranges} merged ranges")
        first, _, last = (merge.get("ref") or "").partition(":")
        top, left = _address(first)
        bottom, right = _address(last or first)
        sheet.merges.append((top, left, bottom, right))

    def _row(self, sheet: _Sheet, element: etree._Element, row: int) -> None:
        row_hidden = element.get("hidden") in _XML_TRUE
        column = 0
        for found in element:
            if local(found) != "c":
                continue
            reference = found.get("r")
            column = _address(str(reference))[1] if reference else column + 1
            text, value, uncalculated, style = self._content(found)
            if not text.strip() and not uncalculated:
                continue
            self._within_limits(row, column)
            sheet.cells[row, column] = Cell(
                text,
                value,
                f"{sheet.name}!{column_letters(column)}{row}",
                style,
                uncalculated=uncalculated,
                hidden=row_hidden or column in sheet.hidden_columns,
            )

    def _within_limits(self, row: int, column: int) -> None:
        self.budget -= 1
        if row > self.limits.sheet_rows or column > self.limits.sheet_columns or self.budget < 0:
            where = f"{column_letters(column)}{row}"
            raise RefusedError("too-large", f"cells as far as {where}, or too many of them")

    def _content(self, cell: etree._Element) -> tuple[str, CellValue, bool, str]:
        """Return text, value, whether it is an uncalculated formula, number format."""
        parts = {local(child): child for child in cell}
        kind = cell.get("t") or "n"
        style = self.formats.code(int(cell.get("s") or 0))
        if kind == "inlineStr":
            text = self._text(parts["is"]) if "is" in parts else ""
            return text, text, False, style
        saved = parts["v"].text if "v" in parts else None
        if "f" in parts and self._unsaved(kind, saved):
            return "", None, True, style
        if saved is None:
            return "", None, False, style
        if kind == "s":
            text = self.strings[int(saved)]
            return text, text, False, style
        if kind in {"str", "e", "d"}:
            text = _clean(saved)
            return text, text, False, style
        if kind == "b":
            return ("TRUE", True, False, style) if saved == "1" else ("FALSE", False, False, style)
        text, value = shown(float(saved), style, since_1904=self.formats.since_1904)
        return text, value, False, style

    def _text(self, item: etree._Element) -> str:
        """Return the text of a string item: its runs joined, without phonetic guides."""
        pieces = []
        for run in item.iter("{*}t"):
            parent = run.getparent()
            if parent is None or local(parent) != "rPh":
                pieces.append(run.text or "")
        text = "".join(pieces)
        self.letters -= len(text)
        if self.letters < 0:
            raise RefusedError("too-large", f"over {self.limits.sheet_letters} letters")
        return _clean(text)

    def _unsaved(self, kind: str, saved: str | None) -> bool:
        if saved is None or saved == "":
            return kind != "str"  # a text formula may well give an empty text
        return self.recalculates and kind == "n" and float(saved) == 0


def _clean(text: str) -> str:
    """Return a cell's text repaired, with Excel's ``_x000D_`` escapes resolved."""
    unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text[:_CELL_TEXT])
    return repair(unescaped)


def _grid(sheet: _Sheet) -> Grid:
    cells = _merged(sheet)
    rows = [row for row, _ in cells]
    columns = [column for _, column in cells]
    top, left = min(rows), min(columns)
    width = max(columns) - left + 1
    table: list[list[Cell | None]] = [[None] * width for _ in range(max(rows) - top + 1)]
    for (row, column), cell in cells.items():
        table[row - top][column - left] = cell
    return Grid(sheet.name, tuple(map(tuple, table)), hidden=sheet.hidden)


def _merged(sheet: _Sheet) -> Sparse:
    """Return the cells with their spans; whatever lies unseen beneath a merged cell is dropped."""
    cells = dict(sheet.cells)
    bottom = max(row for row, _ in cells)
    right = max(column for _, column in cells)
    for top, left, last_row, last_column in sheet.merges:
        cell = cells.get((top, left))
        if cell is None:
            continue
        rows = max(1, min(last_row, bottom) - top + 1)
        columns = max(1, min(last_column, right) - left + 1)
        cells[top, left] = replace(cell, row_span=rows, col_span=columns)
    covering = [cell for cell in cells.items() if cell[1].row_span > 1 or cell[1].col_span > 1]
    if sum(cell.row_span * cell.col_span for _, cell in covering) > _MERGED_AREA:
        raise RefusedError("too-large", "merged ranges cover too much")
    for (row, column), cell in covering:
        for r in range(row, row + cell.row_span):
            for c in range(column, column + cell.col_span):
                if (r, c) != (row, column):
                    cells.pop((r, c), None)
    return cells


#: Cells that all merged ranges of a sheet may cover together.
_MERGED_AREA = 1_000_000


def _lines(sheet: _Sheet) -> list[str]:
    """Return the texts beside the table, the left half of a block of rows before the right one.

    Letterhead and signatures stand side by side; read row by row, the clerk's name would follow
    the chairman's title. Above the table an empty row ends a block, below it none does, because
    the place for a signature is empty.
    """
    by_row: dict[int, list[tuple[int, str]]] = {}
    for row, column in sorted(sheet.cells):
        by_row.setdefault(row, []).append((column, sheet.cells[row, column].text))
    middle = max(column for _, column in sheet.cells) / 2
    blocks: list[list[tuple[bool, int, int, str]]] = [[]]
    previous, table_seen = 0, False
    for row, cells in by_row.items():
        if len(cells) > _LINE_CELLS:
            table_seen = True
            blocks.append([])
            continue
        if row > previous + 1 and not table_seen:
            blocks.append([])
        blocks[-1].extend((column > middle, row, column, text) for column, text in cells)
        previous = row
    texts = (text for block in blocks for *_, text in sorted(block))
    return [line for text in texts for line in text.split("\n") if line.strip()]
