"""Word documents: a walk over the XML that sees what a reader of the printed page sees.

Tracked insertions, content controls and text boxes are part of the page; deletions, moved-away and
hidden text are not. python-docx hides the first and repeats merged cells, hence the walk.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from parsers.form import Form
from parsers.grid import Cell, Extract, Grid, Limits
from parsers.incomplete import ragged_rows
from parsers.layout import is_layout
from parsers.legacy import Typed, believed, code_of, joined, together
from parsers.legible import PartialExtract
from parsers.numbering import Numbering
from parsers.package import BROKEN, Package, RefusedError, local, refusal_of
from parsers.reading import Finding, Refusal
from parsers.vietnamese import repair
from parsers.word_styles import Styles

#: Containers that only wrap what belongs to the page.
_WRAPPERS: Final = frozenset(
    {
        "sdt",
        "sdtContent",
        "ins",
        "moveTo",
        "customXml",
        "smartTag",
        "hyperlink",
        "fldSimple",
        "dir",
        "bdo",
    }
)
_GONE: Final = frozenset({"del", "moveFrom", "instrText", "delText"})
#: A row's span is a claim of the file; more columns than this no form has.
_MOST_COLUMNS: Final = 64
#: A picture from this share of an A4 page on (in EMU²) may hold the table itself.
_LARGE_PICTURE: Final = 0.25 * 7_560_000 * 10_692_000
#: Wingdings code points that forms use for stars, and the letters they show.
_SYMBOLS: Final = {0xAB: "★", 0xB6: "☆", 0xA8: "☐", 0xFE: "☑", 0xFC: "✓", 0xB2: "²"}


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read a ``.docx`` (also Strict, also ``.docm`` without its macros).

    Form tables become grids whose places are ``table 2, row 3, cell 4``: tables, rows and cells
    counted as they stand in the document, letterhead tables included. Letterhead and signature
    tables give their text to ``lines``.

    Returns:
        An ``Extract``; a ``Refusal`` with code ``damaged``, ``too-large``, ``empty`` or
        ``unreadable`` (pictures only).
    """
    limits = limits or Limits()
    try:
        return _Document(Package(data, limits), limits).extract()
    except (RefusedError, *BROKEN) as error:
        return refusal_of(error, "docx")


@dataclass(slots=True)
class _Pages:
    """What has been collected so far, in reading order."""

    lines: list[str] = field(default_factory=list)
    #: Number of lines that stood before each grid.
    grids: list[tuple[int, str, tuple[tuple[Cell | None, ...], ...]]] = field(default_factory=list)
    tables: int = 0
    cells: int = 0
    pictures: int = 0
    findings: list[Finding] = field(default_factory=list)


class _Document:
    """One open document: its main part and what the other parts say about numbers and borders."""

    def __init__(self, package: Package, limits: Limits) -> None:
        main = next(
            (name for kind, name in package.related("").values() if kind == "officeDocument"),
            "word/document.xml",
        )
        related = dict(package.related(main).values())
        self.root = package.root(main)
        if sum(1 for _ in self.root.iter("{*}tc")) > limits.sheet_cells:
            raise RefusedError("too-large", f"over {limits.sheet_cells} cells")
        self.styles = Styles(package.root(related["styles"]) if "styles" in related else None)
        self.numbering = Numbering(
            package.root(related["numbering"]) if "numbering" in related else None
        )
        self.limits = limits
        self.pages = _Pages()
        self.coded = self._coded()
        self.codes: set[str] = set()

    def extract(self) -> Extract | Refusal:
        """Walk the body once and put lines and grids together."""
        body = next(self.root.iter("{*}body"), None)
        if body is None:
            raise RefusedError("damaged", "no body")
        self._blocks(body)
        pages = self.pages
        if not pages.lines and not pages.grids:
            if next(self.root.iter("{*}blip", "{*}imagedata"), None) is not None:
                return _ONLY_PICTURES
            raise RefusedError("empty", "no text")
        grids = tuple(
            Grid(
                name,
                rows,
                before=tuple(pages.lines[self._previous(number) : at]),
                after=tuple(pages.lines[at : self._next(number)]),
            )
            for number, (at, name, rows) in enumerate(pages.grids)
        )
        lines, repairs = tuple(pages.lines), tuple(sorted(self.codes))
        unread = ("picture",) if pages.pictures else ()
        findings = (*pages.findings, *((_PICTURE,) if pages.pictures else ()))
        if findings:
            return PartialExtract("docx", grids, lines, findings, unread, repairs=repairs)
        return Extract("docx", grids, lines, repairs=repairs)

    def _previous(self, number: int) -> int:
        return self.pages.grids[number - 1][0] if number else 0

    def _next(self, number: int) -> int | None:
        later = self.pages.grids[number + 1 : number + 2]
        return later[0][0] if later else None

    # --- blocks -----------------------------------------------------------------------------

    def _blocks(self, parent: etree._Element) -> None:
        for block in _content(parent):
            if local(block) == "p":
                self._add(self._paragraph(block).text)
                self.pages.pictures += _large_pictures(block)
                for box in _text_boxes(block):
                    self._blocks(box)
            elif local(block) == "tbl":
                self._table(block)

    def _add(self, text: str) -> None:
        self.pages.lines.extend(
            line for piece in text.split("\n") if (line := " ".join(piece.split()))
        )

    def _table(self, table: etree._Element) -> None:
        self.pages.tables += 1
        number = self.pages.tables
        rows = [row for row in _content(table) if local(row) == "tr" and not _deleted_row(row)]
        nested = [inner for row in rows for inner in row.iter("{*}tbl") if _is_large(inner)]
        widest = max((_width(row) for row in rows), default=0)
        words = " ".join(map(self._words, rows[:12]))
        if nested or is_layout(widest, len(rows), words, ruled=self.styles.ruled(table)):
            for row in rows:
                for cell in _cells(row):
                    self._blocks(cell)
            return
        grid = self._rows(rows, number)
        if any(cell and cell.text for row in grid for cell in row):
            name = f"table {number}"
            self.pages.grids.append((len(self.pages.lines), name, grid))
            filled = [sum(1 for cell in row if cell and cell.text) for row in grid]
            widths = [*zip(map(_reach, rows), filled, strict=True)]
            self.pages.findings += ragged_rows(name, widths, f"{name}, row {{}}, cell 1")

    def _rows(self, rows: list[etree._Element], number: int) -> tuple[tuple[Cell | None, ...], ...]:
        if len(rows) > self.limits.sheet_rows:
            raise RefusedError("too-large", f"{len(rows)} rows in table {number}")
        grid: list[dict[int, Cell]] = []
        above: dict[int, tuple[int, int]] = {}  # column → (row index, column) of an open vMerge
        width = 0
        for at, row in enumerate(rows):
            line: dict[int, Cell] = {}
            column = min(_number(row, "gridBefore"), _MOST_COLUMNS)
            for ordinal, cell in enumerate(_cells(row), 1):
                span = max(1, min(_number(cell, "gridSpan", 1), _MOST_COLUMNS - column))
                if column >= _MOST_COLUMNS:
                    raise RefusedError("too-large", f"table {number} is too wide")
                merge = _merge(cell)
                if merge == "continue" and column in above:
                    top, left = above[column]
                    grid[top][left] = _taller(grid[top][left], at - top + 1)
                    # Text that somehow stands in a covered cell is hidden on the page.
                else:
                    place = f"table {number}, row {at + 1}, cell {ordinal}"
                    typed = self._cell_text(cell)
                    text, trace = typed.text, typed.trace()
                    line[column] = Cell(text, text or None, place, col_span=span, trace=trace)
                    above.pop(column, None)
                    if merge == "restart":
                        above[column] = (at, column)
                column += span
            width = max(width, column)
            grid.append(line)
            self.pages.cells += len(line)
            if self.pages.cells > self.limits.sheet_cells:
                raise RefusedError("too-large", "too many cells")
        return tuple(tuple(line.get(column) for column in range(width)) for line in grid)

    def _cell_text(self, cell: etree._Element) -> Typed:
        """All text of a cell, nested small tables and text boxes included, one line per block."""
        texts: list[Typed] = []
        for block in _content(cell):
            if local(block) == "p":
                texts.append(self._paragraph(block))
                texts += [self._cell_text(box) for box in _text_boxes(block)]
                self.pages.pictures += _large_pictures(block)
            elif local(block) == "tbl":
                for row in (row for row in _content(block) if local(row) == "tr"):
                    texts.append(together(map(self._cell_text, _cells(row)), " "))
        return together(texts, "\n")

    # --- text -------------------------------------------------------------------------------

    def _paragraph(self, paragraph: etree._Element) -> Typed:
        label = self.numbering.label(*self.styles.numbered(paragraph))
        shown, written, code = self._typed(paragraph)
        self.codes |= {code} if code else set()
        text = repair(shown).strip()
        return Typed(f"{label} {text}".strip() if label else text, written, code)

    def _typed(self, paragraph: etree._Element) -> Typed:
        """Return a paragraph's runs as one text, decoded where its fonts are older than Unicode."""
        if not self.coded:
            text = "".join(text for text, _ in _runs(paragraph))
            return Typed(text, text, "")
        return joined([(text, self._font(run, paragraph)) for text, run in _runs(paragraph)])

    def _font(self, run: etree._Element, paragraph: etree._Element) -> str:
        font = self.styles.font(run, paragraph)
        return font if code_of(font) in self.coded else ""

    def _coded(self) -> frozenset[str]:
        """Return the codes in which this document's text is, by the names of its fonts."""
        named = {code_of(font) for font in self.styles.fonts(self.root)} - {""}
        if not named:
            return frozenset()
        texts: dict[str, list[str]] = {code: [] for code in named}
        for paragraph in self.root.iter("{*}p"):
            for text, run in _runs(paragraph):
                code = code_of(self.styles.font(run, paragraph))
                if code:
                    texts[code].append(text)
        return frozenset(code for code in named if believed(texts[code], code))

    def _words(self, row: etree._Element) -> str:
        """Return a row's text, to tell a letterhead from a form."""
        if not self.coded:
            return "".join(map(str, row.itertext("{*}t")))
        return " ".join(self._typed(paragraph).text for paragraph in row.iter("{*}p"))


def _content(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield the children that are on the page, through every wrapper."""
    for child in parent.iterchildren(tag=etree.Element):
        name = local(child)
        if name in _WRAPPERS:
            yield from _content(child)
        elif name not in _GONE:
            yield child


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    return (cell for cell in _content(row) if local(cell) == "tc")


def _runs(paragraph: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Yield the visible texts of a paragraph, each with its run."""
    for run in _content(paragraph):
        if local(run) != "r" or _vanished(run):
            continue
        for piece in _content(run):
            match local(piece):
                case "t":
                    yield piece.text or "", run
                case "tab" | "ptab":
                    yield " ", run
                case "br" | "cr":
                    yield "\n", run
                case "noBreakHyphen":
                    yield "-", run
                case "softHyphen":  # LibreOffice writes TCVN3's ư so
                    yield "\xad", run
                case "sym":
                    yield _symbol(piece), run


def _symbol(piece: etree._Element) -> str:
    try:
        code = int(_value(piece, "char") or "0", 16)
    except ValueError:
        return ""
    private = range(0xF000, 0xF100)
    return _SYMBOLS.get(code - private.start, "") if code in private else chr(code % 0x110000)


def _vanished(run: etree._Element) -> bool:
    properties = run.find("{*}rPr")
    mark = None if properties is None else properties.find("{*}vanish")
    return mark is not None and _value(mark) not in {"0", "false", "off"}


def _text_boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Yield text boxes once: a drawing carries the same box again as its fallback."""
    for box in paragraph.iter("{*}txbxContent"):
        above = {local(ancestor) for ancestor in _up_to(box, paragraph)}
        if not above & ({"Fallback", "txbxContent"} | _GONE):
            yield box


def _up_to(element: etree._Element, top: etree._Element) -> Iterator[etree._Element]:
    for ancestor in element.iterancestors():
        if ancestor is top:
            return
        yield ancestor


def _large_pictures(paragraph: etree._Element) -> int:
    count = 0
    for extent in paragraph.iter("{*}extent"):
        drawing = extent.getparent()
        if drawing is None or next(drawing.iter("{*}blip"), None) is None:
            continue
        sides = [int(value) for side in ("cx", "cy") if (value := extent.get(side) or "").isdigit()]
        count += len(sides) == 2 and sides[0] * sides[1] >= _LARGE_PICTURE  # noqa: PLR2004  width, height
    return count


def _deleted_row(row: etree._Element) -> bool:
    properties = row.find("{*}trPr")
    return properties is not None and properties.find("{*}del") is not None


def _is_large(table: etree._Element) -> bool:
    """Whether a nested table is itself a form: the outer one then only lays out the page."""
    rows = [row for row in _content(table) if local(row) == "tr"]
    return len(rows) > 1 and max(map(_width, rows)) > 2  # noqa: PLR2004  more than label and value


def _width(row: etree._Element) -> int:
    return sum(max(1, min(_number(cell, "gridSpan", 1), _MOST_COLUMNS)) for cell in _cells(row))


def _reach(row: etree._Element) -> int:
    """Return how many columns of the table a row takes, with those that it leaves out."""
    return _number(row, "gridBefore") + _width(row) + _number(row, "gridAfter")


def _merge(cell: etree._Element) -> str:
    properties = cell.find("{*}tcPr")
    mark = None if properties is None else properties.find("{*}vMerge")
    return "" if mark is None else _value(mark) or "continue"


def _taller(cell: Cell, rows: int) -> Cell:
    return cell._replace(row_span=rows)


def _number(element: etree._Element, name: str, default: int = 0) -> int:
    """Return a row's or cell's numeric property; what is no number is the default."""
    for properties in element.iterchildren("{*}trPr", "{*}tcPr"):
        found = properties.find(f"{{*}}{name}")
        if found is not None:
            value = _value(found) or ""
            return min(int(value), 10**6) if value.isdecimal() and len(value) < 10 else default  # noqa: PLR2004  int() of megabytes is slow
    return default


def _value(element: etree._Element, name: str = "val") -> str | None:
    """Return a ``w:`` attribute whatever the namespace (transitional or Strict)."""
    return next(
        (str(text) for key, text in element.attrib.items() if str(key).rpartition("}")[2] == name),
        None,
    )


_ADVICE: Final = "Đề nghị gửi tệp Excel (.xlsx) hoặc Word (.docx) có bảng gõ chữ."
_PICTURE: Final = Finding(
    "warning",
    "not-read",
    "Trong tệp có ảnh lớn, chương trình chưa đọc được chữ trong ảnh. " + _ADVICE,
)
_ONLY_PICTURES: Final = Refusal(
    "unreadable",
    "Tệp Word chỉ có ảnh chụp/ảnh quét, chương trình chưa đọc được chữ trong ảnh. " + _ADVICE,
    "pictures only, no text",
    "docx",
)
