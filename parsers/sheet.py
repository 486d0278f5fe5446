"""Workbooks (xlsx, xlsm) → grids.

Our own walk over the sheet's XML instead of openpyxl's model, because the walk sees in one pass
what a registry needs to know and the model hides: a formula *and* whether its result was saved,
hidden rows, Strict files (openpyxl reads zero sheets there and reports nothing), and true
addresses; and because a far-away cell costs a comparison instead of a million empty rows. The
tests compare it with openpyxl cell by cell.
"""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lxml import etree

from parsers.form import Form
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
from parsers.package import BROKEN, Package, RefusedError
from parsers.reading import Refusal
from parsers.sheet_fonts import Coded, Fonts, Rich, Runs, Sparse, decode, runs_of
from parsers.vietnamese import repair

#: Excel's own limit for the text of one cell.
_CELL_TEXT = 32_767
#: A line of a sheet that is text (title, note, signature) has at most so many cells.
_LINE_CELLS = 3
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_XML_TRUE = {"1", "true", "on"}
#: The columns that tables have, by their letters; further ones are worked out.
_COLUMNS = {column_letters(number): number for number in range(1, 703)}


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
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


@dataclass(frozen=True, slots=True)
class _Names:
    """The qualified names of a cell and its parts: a comparison costs less than taking one apart.

    Transitional and Strict files differ in the namespace only.
    """

    cell: str
    value: str
    formula: str
    inline: str
    text: str


@lru_cache(maxsize=4)
def _names(tag: str) -> _Names:
    """Return the names in the namespace of this one (of a row, of a string item)."""
    space = tag[: tag.rfind("}") + 1]
    return _Names(*(space + name for name in ("c", "v", "f", "is", "t")))


@dataclass(slots=True)
class _Sheet:
    """One sheet while it is read."""

    name: str
    hidden: bool
    rows: Sparse = field(default_factory=dict)
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
        self.fonts = Fonts(None)
        self.coded: list[Coded] = []
        self.formats = self._formats()
        self.strings = self._strings()
        self.recalculates = any(
            calculation.get("fullCalcOnLoad") in _XML_TRUE
            for calculation in self.main.iter("{*}calcPr")
        )

    def extract(self) -> Extract:
        grids, lines = [], []
        sheets = [sheet for sheet in map(self._sheet, self.main.iter("{*}sheet")) if sheet]
        decode(self.coded)
        for sheet in sheets:
            if not sheet.rows:
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
        return [self._text(item, _names(item.tag).text) for item in self.package.walk(part, "si")]

    def _formats(self) -> Formats:
        settings = next(self.main.iter("{*}workbookPr"), None)
        is_1904 = settings is not None and settings.get("date1904") in _XML_TRUE
        part = self._part("styles")
        styles = None if part is None else self.package.root(part)
        self.fonts = Fonts(styles)
        return Formats(styles, since_1904=is_1904)

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
            if found.tag.endswith("row"):
                row = int(found.get("r") or row + 1)
                self._row(sheet, found, row)
            elif found.tag.endswith("col"):
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
        names = _names(element.tag)
        row_hidden = element.get("hidden") in _XML_TRUE
        number, before = str(row), f"{sheet.name}!"
        cells: dict[int, Cell] = {}
        column = 0
        for found in element.iterchildren(names.cell):
            reference = found.get("r")
            if reference:
                column = _COLUMNS.get(reference.removesuffix(number)) or _address(reference)[1]
            else:
                column += 1
            text, value, uncalculated, style = self._content(found, names)
            if not uncalculated and (not text or text.isspace()):
                continue
            if row > self.limits.sheet_rows or column > self.limits.sheet_columns:
                raise RefusedError("too-large", f"a cell as far as {column_letters(column)}{row}")
            if len(cells) >= self.budget:
                raise RefusedError("too-large", f"over {self.limits.sheet_cells} cells")
            place = f"{before}{column_letters(column)}{number}"
            hidden = row_hidden or column in sheet.hidden_columns
            cells[column] = Cell(text, value, place, style, 1, 1, uncalculated, hidden)
            font = self.fonts.of(found.get("s"))
            if (font or type(text) is Rich) and value is text:
                self.coded.append(Coded(sheet.rows, row, column, font))
        if cells:
            sheet.rows.setdefault(row, {}).update(cells)
            self.budget -= len(cells)

    def _content(self, cell: etree._Element, names: _Names) -> tuple[str, CellValue, bool, str]:
        """Return text, value, whether it is an uncalculated formula, number format."""
        kind, style = cell.get("t") or "n", self.formats.code(int(cell.get("s") or 0))
        saved, formula = None, False
        for part in cell:
            tag = part.tag
            if tag == names.value:
                saved = part.text
            elif tag == names.formula:
                formula = True
            elif tag == names.inline and kind == "inlineStr":
                text = self._text(part, names.text)
                return text, text, False, style
        if formula and kind != "inlineStr" and self._unsaved(kind, saved):
            return "", None, True, style
        if saved is None or kind == "inlineStr":
            return "", None, False, style
        text, value = self._saved(kind, saved, style)
        return text, value, False, style

    def _saved(self, kind: str, saved: str, style: str) -> tuple[str, CellValue]:
        """Return text and value of what stands in a cell's ``v``."""
        if kind == "s":
            text = self.strings[int(saved)]
            return text, text
        if kind in {"str", "e", "d"}:
            text = _clean(saved)
            return text, text
        if kind == "b":
            return ("TRUE", True) if saved == "1" else ("FALSE", False)
        return shown(float(saved), style, since_1904=self.formats.since_1904)

    def _text(self, item: etree._Element, tag: str) -> str:
        """Return the text of a string item: its runs joined, without phonetic guides."""
        runs: Runs = ()
        if len(item) == 1 and item[0].tag == tag:
            text = item[0].text or ""
        else:
            runs = runs_of(item, tag, _clean)
            text = "".join(run.text or "" for run in item.iter(tag) if not _is_phonetic(run))
        self.letters -= len(text)
        if self.letters < 0:
            raise RefusedError("too-large", f"over {self.limits.sheet_letters} letters")
        return Rich.of(_clean(text), runs)

    def _unsaved(self, kind: str, saved: str | None) -> bool:
        if saved is None or saved == "":
            return kind != "str"  # a text formula may well give an empty text
        return self.recalculates and kind == "n" and float(saved) == 0


def _is_phonetic(run: etree._Element) -> bool:
    parent = run.getparent()
    return parent is not None and str(parent.tag).endswith("rPh")


def _clean(text: str) -> str:
    """Return a cell's text repaired, with Excel's ``_x000D_`` escapes resolved."""
    text = text[:_CELL_TEXT]
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return repair(text)


def _grid(sheet: _Sheet) -> Grid:
    rows = _merged(sheet)
    top, bottom = min(rows), max(rows)
    columns = range(min(map(min, rows.values())), max(map(max, rows.values())) + 1)
    empty = (None,) * len(columns)
    table = (
        tuple(map(rows[row].get, columns)) if row in rows else empty
        for row in range(top, bottom + 1)
    )
    return Grid(sheet.name, tuple(table), hidden=sheet.hidden)


def _merged(sheet: _Sheet) -> Sparse:
    """Return the cells with their spans; whatever lies unseen beneath a merged cell is dropped."""
    rows = {row: dict(cells) for row, cells in sheet.rows.items()}
    bottom, right = max(rows), max(map(max, rows.values()))
    covering: dict[tuple[int, int], Cell] = {}
    for top, left, last_row, last_column in sheet.merges:
        cell = rows.get(top, {}).get(left)
        if cell is None:
            continue
        height = max(1, min(last_row, bottom) - top + 1)
        width = max(1, min(last_column, right) - left + 1)
        rows[top][left] = covering[top, left] = replace(cell, row_span=height, col_span=width)
    if sum(cell.row_span * cell.col_span for cell in covering.values()) > _MERGED_AREA:
        raise RefusedError("too-large", "merged ranges cover too much")
    for (row, column), cell in covering.items():
        for r in range(row, row + cell.row_span):
            for c in range(column, column + cell.col_span):
                if r in rows and (r, c) != (row, column):
                    rows[r].pop(c, None)
    return {row: cells for row, cells in rows.items() if cells}


#: Cells that all merged ranges of a sheet may cover together.
_MERGED_AREA = 1_000_000


def _lines(sheet: _Sheet) -> list[str]:
    """Return the texts beside the table, the left half of a block of rows before the right one.

    Letterhead and signatures stand side by side; read row by row, the clerk's name would follow
    the chairman's title. Above the table an empty row ends a block, below it none does, because
    the place for a signature is empty.
    """
    middle = max(map(max, sheet.rows.values())) / 2
    blocks: list[list[tuple[bool, int, int, str]]] = [[]]
    previous, table_seen = 0, False
    for row, cells in sorted(sheet.rows.items()):
        if len(cells) > _LINE_CELLS:
            table_seen = True
            blocks.append([])
            continue
        if row > previous + 1 and not table_seen:
            blocks.append([])
        blocks[-1].extend(
            (column > middle, row, column, cell.text) for column, cell in cells.items()
        )
        previous = row
    texts = (text for block in blocks for *_, text in sorted(block))
    return [line for text in texts for line in text.split("\n") if line.strip()]
