"""Workbooks (xlsx, xlsm) → grids.

Our own walk over the sheet's XML instead of openpyxl's model, because the walk sees in one pass
what a registry needs to know and the model hides: a formula *and* whether its result was saved,
hidden rows, Strict files (openpyxl reads zero sheets there and reports nothing), and true
addresses; and because a far-away cell costs a comparison instead of a million empty rows. The
tests compare it with openpyxl cell by cell.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

from parsers.form import Form
from parsers.grid import (
    MARK_PROPERTY,
    Cell,
    CellValue,
    Extract,
    Limits,
    column_number,
)
from parsers.number_format import Formats, shown
from parsers.package import (
    BROKEN,
    Package,
    RefusedError,
    decimal,
    parsed,
    property_texts,
    refusal_of,
    whole,
)
from parsers.reading import Refusal
from parsers.sheet_fonts import Coded, Fonts, Rich, Runs, decode, runs_of
from parsers.sheet_rows import (
    COLUMNS,
    PLAIN_BYTES,
    OtherShapeError,
    PlainRow,
    plain_content,
    plain_sheet,
    plain_strings,
)
from parsers.sparse import Budget, Sheet, extract_of
from parsers.vietnamese import is_plain, repair

#: Excel's own limit for the text of one cell.
_CELL_TEXT = 32_767
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_XML_TRUE = {"1", "true", "on"}


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
    except (RefusedError, *BROKEN) as error:
        return refusal_of(error, "xlsx")


def _address(reference: str) -> tuple[int, int]:
    """Return (row, column), counted from 1."""
    match = _ADDRESS.fullmatch(reference.replace("$", ""))
    if match is None:
        raise RefusedError("damaged", "a cell without a valid address")
    return int(match[2]), column_number(match[1])


def _in_row(reference: str, row: int) -> int:
    """Return the column of a cell's address, which must name the row that the cell stands in."""
    found, column = _address(reference)
    if found != row:
        raise RefusedError("damaged", f"a cell of row {found} in row {row}")
    return column


def _stated(item: etree._Element) -> int:
    """Return how many texts the list of a text says that it has; 0 if it does not say."""
    table = item.getparent()
    return 0 if table is None else whole(table.get("uniqueCount") or "0")


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


#: Text, value, number format of a cell, whether its formula's result was not saved, and its legacy
#: font; no font if none need be decoded.
_Content = tuple[str, CellValue, str, bool, str | None]


class _Workbook:
    def __init__(self, package: Package, limits: Limits) -> None:
        self.package = package
        self.limits = limits
        self.roots = package.related("")
        mains = [name for kind, name in self.roots.values() if kind == "officeDocument"]
        if not mains:
            raise RefusedError("damaged", "no workbook part")
        self.main = package.root(mains[0])
        self.related = package.related(mains[0])
        self.budget = Budget(limits)
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
        sheets = [sheet for sheet in map(self._sheet, self.main.iter("{*}sheet")) if sheet]
        decode(self.coded)
        return replace(extract_of(self.kind, sheets), marks=self._marks())

    def _marks(self) -> tuple[str, ...]:
        related = self.roots.values()
        part = next((name for kind, name in related if kind == "custom-properties"), "")
        return property_texts(self.package, part, "property", MARK_PROPERTY)

    def _part(self, kind: str) -> str | None:
        names = [name for found, name in self.related.values() if found == kind]
        return names[0] if names and names[0] in self.package else None

    def _strings(self) -> list[str]:
        part = self._part("sharedStrings")
        if part is None:
            return []
        plain = self._plain_strings(part)
        if plain is not None:
            return plain
        strings: list[str] = []
        stated = 0
        for item in self.package.walk(part, "si"):
            if not strings:
                stated = _stated(item)
            strings.append(self._text(item, _names(item.tag).text))
        if len(strings) < stated:
            raise RefusedError("damaged", f"{len(strings)} of {stated} texts")
        return strings

    def _plain_strings(self, part: str) -> list[str] | None:
        """Return the shared texts if their part is of the shape that patterns know."""
        content = self.package.small(part, PLAIN_BYTES)
        plain = plain_strings(content) if content else None
        frame = None if plain is None else _frame(plain[0])
        if plain is None or frame is None or next(frame.iter("{*}si"), None) is not None:
            return None
        if len(plain[1]) < whole(frame.get("uniqueCount") or "0"):
            return None  # as below, with the reason
        return _cleaned(plain[1])

    def _formats(self) -> Formats:
        settings = next(self.main.iter("{*}workbookPr"), None)
        is_1904 = settings is not None and settings.get("date1904") in _XML_TRUE
        part = self._part("styles")
        styles = None if part is None else self.package.root(part)
        self.fonts = Fonts(styles)
        return Formats(styles, since_1904=is_1904)

    def _sheet(self, element: etree._Element) -> Sheet | None:
        relation = next(
            (str(v) for k, v in element.attrib.items() if str(k).endswith("}id")),
            "",
        )
        kind, part = self.related.get(relation, ("", ""))
        if kind != "worksheet":  # chart sheets and macro sheets hold no form
            return None
        sheet = Sheet(
            repair(str(element.get("name") or "")).strip(),
            self.budget,
            element.get("state", "visible") != "visible",
        )
        if self._plain(sheet, part):
            return sheet
        row = 0
        for found in self.package.walk(part, "col", "row", "mergeCell"):
            if found.tag.endswith("row"):
                above, row = row, whole(found.get("r") or str(row + 1))
                if row <= above:
                    raise RefusedError("damaged", f"row {row} after row {above}")
                self._row(sheet, found, row)
            elif found.tag.endswith("col"):
                self._hide_columns(sheet, found)
            else:
                self._merge(sheet, found)
        return sheet

    def _plain(self, sheet: Sheet, part: str) -> bool:
        """Fill a sheet whose part is of the shape that patterns know; False if it is not."""
        content = self.package.small(part, PLAIN_BYTES)
        plain = plain_sheet(content) if content else None
        frame = None if plain is None else _frame(plain.frame)
        if plain is None or frame is None or next(frame.iter("{*}row"), None) is not None:
            return False
        for found in frame.iter("{*}col", "{*}sheetData", "{*}mergeCell"):
            if found.tag.endswith("col"):
                self._hide_columns(sheet, found)
            elif found.tag.endswith("mergeCell"):
                self._merge(sheet, found)
            else:
                rows = self._plain_rows(sheet, plain.rows)
                if rows is None:
                    sheet.hidden_columns.clear()
                    sheet.merges.clear()
                    return False
                for number, cells in rows:
                    sheet.add(number, cells)
        return True

    def _plain_rows(
        self, sheet: Sheet, rows: Iterable[PlainRow]
    ) -> list[tuple[int, dict[int, Cell]]] | None:
        """Return for the rows of a plain sheet what ``_row`` puts for elements, by their numbers.

        ``None`` if they are not plain, or if anything is wrong: the walk finds out what is first.
        """
        known: dict[str, _Content | None] = {}
        made: list[tuple[int, dict[int, Cell]]] = []
        coded: list[Coded] = []
        prefix, new, hidden_columns = f"{sheet.name}!", tuple.__new__, sheet.hidden_columns
        try:
            for number, hidden, columns, written in rows:
                cells: dict[int, Cell] = {}
                for column, (address, _, text) in zip(columns, written, strict=True):
                    if text not in known:
                        known[text] = self._meant(*plain_content(text))
                    content = known[text]
                    if content is None:
                        continue
                    seen, value, code, unsaved, font = content
                    hides = hidden or column in hidden_columns
                    place = prefix + address
                    cells[column] = new(
                        Cell, (seen, value, place, code, 1, 1, unsaved, hides, False, None)
                    )
                    if font is not None:
                        coded.append(Coded(sheet.rows, number, column, font))
                if cells:
                    made.append((number, cells))
        except (OtherShapeError, RefusedError):
            return None
        self.coded += coded
        return made

    def _meant(
        self, style: str, kind: str, formula: str, saved: str, inline: str
    ) -> _Content | None:
        """Return what a plain sheet's cells with this content are; ``None`` if it says nothing."""
        code = self.formats.code(int(style or 0))
        kind = kind or "n"
        value: CellValue
        if kind == "inlineStr":
            text = value = _clean(inline)
        elif formula and self._unsaved(kind, saved or None):
            return "", None, code, True, None
        elif saved:
            text, value = self._saved(kind, saved, code)
        else:
            return None
        if not text or text.isspace():
            return None
        font = self.fonts.of(style)
        is_coded = (font or type(text) is Rich) and value is text
        return text, value, code, False, font if is_coded else None

    def _hide_columns(self, sheet: Sheet, column: etree._Element) -> None:
        if column.get("hidden") in _XML_TRUE:
            sheet.hide_columns(whole(column.get("min") or "1"), whole(column.get("max") or "0"))

    def _merge(self, sheet: Sheet, merge: etree._Element) -> None:
        first, _, last = (merge.get("ref") or "").partition(":")
        top, left = _address(first)
        bottom, right = _address(last or first)
        sheet.merge(top, left, bottom, right)

    def _row(self, sheet: Sheet, element: etree._Element, row: int) -> None:
        names = _names(element.tag)
        row_hidden = element.get("hidden") in _XML_TRUE
        number = str(row)
        column = 0
        for found in element.iterchildren(names.cell):
            reference, before = found.get("r"), column
            if reference:
                column = COLUMNS.get(reference.removesuffix(number)) or _in_row(reference, row)
            else:
                column += 1
            if column <= before:
                raise RefusedError("damaged", f"two cells for one address in row {row}")
            text, value, uncalculated, style = self._content(found, names)
            sheet.put(
                row,
                column,
                text,
                value,
                number_format=style,
                uncalculated=uncalculated,
                hidden=row_hidden,
            )
            font = self.fonts.of(found.get("s"))
            if (font or type(text) is Rich) and value is text and text.strip():
                self.coded.append(Coded(sheet.rows, row, column, font))

    def _content(self, cell: etree._Element, names: _Names) -> tuple[str, CellValue, bool, str]:
        """Return text, value, whether it is an uncalculated formula, number format."""
        kind, style = cell.get("t") or "n", self.formats.code(whole(cell.get("s") or "0"))
        saved, formula = None, False
        for part in cell:
            tag = part.tag
            if tag == names.value:
                saved = part.text
                if kind == "s" and not saved:
                    raise RefusedError("damaged", "a text without its number")
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
            index = whole(saved)
            if index >= len(self.strings):
                raise RefusedError("damaged", f"text {index} of {len(self.strings)}")
            text = self.strings[index]
            return text, text
        if kind in {"str", "e", "d"}:
            text = _clean(saved)
            return text, text
        if kind == "b":
            return ("TRUE", True) if saved == "1" else ("FALSE", False)
        return shown(decimal(saved), style, since_1904=self.formats.since_1904)

    def _text(self, item: etree._Element, tag: str) -> str:
        """Return the text of a string item: its runs joined, without phonetic guides."""
        runs: Runs = ()
        if len(item) == 1 and item[0].tag == tag:
            text = item[0].text or ""
        else:
            runs = runs_of(item, tag, _clean)
            text = "".join(run.text or "" for run in item.iter(tag) if not _is_phonetic(run))
        return Rich.of(_clean(text), runs)

    def _unsaved(self, kind: str, saved: str | None) -> bool:
        if saved is None or saved == "":
            return kind != "str"  # a text formula may well give an empty text
        return self.recalculates and kind == "n" and decimal(saved) == 0


def _frame(content: bytes) -> etree._Element | None:
    """Return what stands round the rows, ``None`` if that is broken: the walk finds out how."""
    try:
        return parsed(content)
    except (RefusedError, *BROKEN):
        return None


def _is_phonetic(run: etree._Element) -> bool:
    parent = run.getparent()
    return parent is not None and str(parent.tag).endswith("rPh")


def _cleaned(texts: list[str]) -> list[str]:
    """Return ``_clean`` of texts; most workbooks have none with anything to clean."""
    together = "\n".join(texts)
    if "_x" in together or not is_plain(together) or max(map(len, texts), default=0) > _CELL_TEXT:
        return list(map(_clean, texts))
    return texts


def _clean(text: str) -> str:
    """Return a cell's text repaired, with Excel's ``_x000D_`` escapes resolved."""
    text = text[:_CELL_TEXT]
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return repair(text)
