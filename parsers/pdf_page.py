"""One page of a PDF with a text layer: its tables and its lines."""

import bisect
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from parsers.grid import Cell
from parsers.layout import is_layout
from parsers.package import RefusedError
from parsers.pdf_captions import Around
from parsers.pdf_cells import Placed
from parsers.pdf_join import Row
from parsers.pdf_objects import letters
from parsers.pdf_text import Glyph, Segment, columns, glyphs, lines_of, segments
from parsers.pdf_unruled import Unruled, find, looks_numbered, rows_of
from parsers.vietnamese import fold

Box = tuple[float, float, float, float]  # x0, top, x1, bottom in points

_SAME_EDGE: Final = 1.5
_MOST_CROSSINGS: Final = 20_000
_PAGE_NUMBER: Final = re.compile(r"(?:trang |page )?\d{1,3}(?: (?:of )?\d{1,3})?")
#: So many letters drawn over others in one cell are text of another row, not a typographer's kern.
_OVERLAPS: Final = 3
#: So near in points a horizontal line closes a vertical one; so many open ones are a row.
_CLOSED: Final = 3.0
_OPEN_BORDERS: Final = 4
_SERIAL: Final = re.compile(r"(\d{1,3})[.)]?")
_TABLE_WIDTH: Final = 0.5  # of the page's
_MOST_UNRULED: Final = 10  # of one page
_UNRULED_COLUMNS: Final = 4
#: A header has at least so many captions beside each other, within so many lines, that far apart.
_CAPTIONS_BESIDE: Final = 3
_HEADER_LINES: Final = 4
_CAPTION_GAP: Final = 20.0  # points
_UNRULED_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its box, its columns' edges, its rows; ``found`` if it has no borders."""

    box: Box
    edges: tuple[float, ...]
    rows: tuple[Row, ...]
    found: Unruled | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The content of a page: text and tables in reading order, and what is wrong with them.

    ``overlapped`` are places whose letters lie on top of each other; ``unruled`` says that lines
    look like a table without borders whose columns are not certain.
    """

    content: tuple[str | Table, ...]
    overlapped: tuple[str, ...] = ()
    unruled: bool = False

    @property
    def texts(self) -> list[str]:
        """All its text, line by line and cell by cell."""
        lines = [item for item in self.content if isinstance(item, str)]
        tables = [item for item in self.content if isinstance(item, Table)]
        cells = (cell for table in tables for row in table.rows for cell in row if cell)
        return [*lines, *(cell.text for cell in cells if cell.text)]


def read_page(
    page: Any, number: int, before: Page | None, is_caption: Callable[[str], bool]
) -> Page:
    """Read a ``pdfplumber`` page, upright, as page ``number`` (counted from 1).

    ``before`` is the page before it, whose last table may go on here; ``is_caption`` knows the
    captions of the form.
    """
    rest = glyphs(letters(page))
    across = {round(edge["top"]) for edge in page.horizontal_edges}
    down = {round(edge["x0"]) for edge in page.vertical_edges}
    if len(across) * len(down) > _MOST_CROSSINGS:
        raise RefusedError("too-large", f"page {number}: {len(across)} x {len(down)} lines")
    tables: list[Table] = []
    overlapped: list[str] = []
    if down:
        tables, overlapped, rest = _ruled(page, number, rest)
    lines = lines_of(rest)
    around, open_table = Around(_rules(page), is_caption), _last_unruled(before)
    for _ in range(_MOST_UNRULED):
        unruled = find(lines, around, open_table)
        if unruled is None:
            break
        tables.append(_unruled_table(unruled, lines, _placed(page, number, len(tables))))
        lines = lines[: unruled.first] + lines[unruled.end :]
        open_table = None
    written = [segments(line) for line in lines]
    tables.sort(key=lambda table: table.box[1])
    unread = looks_tabular(written) or looks_numbered(lines) or _is_headed(written, is_caption)
    return Page(_in_order(written, tables), tuple(overlapped), unread)


def _ruled(page: Any, number: int, rest: list[Glyph]) -> tuple[list[Table], list[str], list[Glyph]]:
    """Return the ruled tables, the places where their letters overlap, the letters left over."""
    tables: list[Table] = []
    overlapped: list[str] = []
    found = page.find_tables({"explicit_horizontal_lines": _unclosed(page)})
    found = [table for table in found if len(table.cells) > 1]
    for table in sorted(found, key=lambda table: (table.bbox[1], table.bbox[0])):
        inside = [letter for letter in rest if _within(letter, table.bbox)]
        frame = _Frame(table.cells)
        if not any(letter.text.strip() for letter in inside):
            continue
        prose = " ".join(segment.text for line in lines_of(inside) for segment in segments(line))
        if is_layout(frame.width, frame.height, prose, ruled=True):
            continue
        rows, doubtful = frame.filled(inside, _placed(page, number, len(tables)))
        if frame.melted:
            continue
        tables.append(Table(table.bbox, frame.edges, rows))
        overlapped += doubtful
        rest = [letter for letter in rest if not _within(letter, table.bbox)]
    return tables, overlapped, rest


def _placed(page: Any, number: int, earlier: int) -> Placed:
    name = f"page {number}" + (f", table {earlier + 1}" if earlier else "")
    x0, top, x1, bottom = page.cropbox
    return Placed(name, number, x0, top, max(1.0, x1 - x0), max(1.0, bottom - top))


def _last_unruled(page: Page | None) -> Unruled | None:
    """Return the borderless table that stands last on a page."""
    last = page.content[-1] if page and page.content else None
    return last.found if isinstance(last, Table) else None


def _unruled_table(found: Unruled, lines: Sequence[Sequence[Glyph]], placed: Placed) -> Table:
    inked = [letter for line in lines[found.first : found.end] for letter in line]
    box = (
        min(letter.x0 for letter in inked),
        min(letter.top for letter in inked),
        max(letter.x1 for letter in inked),
        max(letter.bottom for letter in inked),
    )
    return Table(box, found.edges, rows_of(found, placed), found)


def _rules(page: Any) -> list[float]:
    """Return the heights of the horizontal lines that are as wide as a table, top down."""
    parts: dict[int, list[tuple[float, float]]] = {}
    for edge in page.horizontal_edges:
        parts.setdefault(round(edge["top"]), []).append((edge["x0"], edge["x1"]))
    least = _TABLE_WIDTH * float(page.width)
    return sorted(
        float(height)
        for height, spans in parts.items()
        if sum(x1 - x0 for x0, x1 in set(spans)) >= least
    )


def _unclosed(page: Any) -> list[float]:
    """Return the heights where a table's vertical lines end without a horizontal one.

    A row that a page break cuts, or the first one after it, may be drawn open; it is a row.
    """
    drawn = sorted(edge["top"] for edge in page.horizontal_edges)
    ends: dict[int, set[int]] = {}
    for edge in page.vertical_edges:
        for end in (edge["top"], edge["bottom"]):
            near = bisect.bisect_left(drawn, end - _CLOSED)
            if near == len(drawn) or drawn[near] > end + _CLOSED:
                ends.setdefault(round(end), set()).add(round(edge["x0"]))
    return [float(height) for height, across in ends.items() if len(across) >= _OPEN_BORDERS]


def _within(letter: Glyph, box: Box) -> bool:
    x0, top, x1, bottom = box
    return x0 <= (letter.x0 + letter.x1) / 2 <= x1 and top <= letter.middle <= bottom


def _in_order(lines: Sequence[list[Segment]], tables: Sequence[Table]) -> tuple[str | Table, ...]:
    """Put lines and tables in order, without the page number at the head or foot."""
    kept = list(lines)
    for end in (0, -1):
        if kept and _PAGE_NUMBER.fullmatch(fold(" ".join(piece.text for piece in kept[end]))):
            kept.pop(end)
    content: list[str | Table] = []
    for table in tables:
        above = [line for line in kept if line[0].top < table.box[1]]
        kept = kept[len(above) :]
        content += columns(above)
        content.append(table)
    return (*content, *columns(kept))


def _is_headed(lines: Sequence[list[Segment]], is_caption: Callable[[str], bool]) -> bool:
    """Tell lines that hold a header of the form beside each other: the table of it was not read.

    The labels of a slip stand one below the other.
    """
    for at in range(len(lines)):
        near = [piece for line in lines[at : at + _HEADER_LINES] for piece in line]
        starts = sorted(piece.x0 for piece in near if is_caption(piece.text))
        apart = 1 + sum(b - a > _CAPTION_GAP for a, b in itertools.pairwise(starts))
        if len(starts) >= _CAPTIONS_BESIDE <= apart:
            return True
    return False


def looks_tabular(lines: Sequence[list[Segment]]) -> bool:
    """Tell lines of many texts beside each other; what wraps in a cell may stand between them."""
    return sum(len(line) >= _UNRULED_COLUMNS for line in lines) >= _UNRULED_ROWS


class _Frame:
    """The cells of one table on the lattice of all their borders."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.edges = _distinct([edge for box in boxes for edge in (box[0], box[2])])
        self._tops = _distinct([edge for box in boxes for edge in (box[1], box[3])])
        #: Whether one cell holds several running numbers: lines between the rows are missing.
        self.melted = False
        self._owners: dict[tuple[int, int], int] = {}
        self._spans: list[tuple[int, int, int, int]] = []
        for number, (x0, top, x1, bottom) in enumerate(boxes):
            left, right = _nearest(self.edges, x0), _nearest(self.edges, x1)
            upper, lower = _nearest(self._tops, top), _nearest(self._tops, bottom)
            self._spans.append((upper, left, max(1, lower - upper), max(1, right - left)))
            for row in range(upper, max(lower, upper + 1)):
                for column in range(left, max(right, left + 1)):
                    self._owners.setdefault((row, column), number)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.edges) - 1

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self._tops) - 1

    def filled(self, letters: Sequence[Glyph], placed: Placed) -> tuple[tuple[Row, ...], list[str]]:
        """Return the rows with the letters in their cells, and the places where they overlap."""
        inside: list[list[Glyph]] = [[] for _ in self._spans]
        for letter in letters:
            row = bisect.bisect_right(self._tops, letter.middle) - 1
            column = bisect.bisect_right(self.edges, (letter.x0 + letter.x1) / 2) - 1
            owner = self._owners.get((row, column))
            if owner is not None:
                inside[owner].append(letter)
        texts = [
            [segments(line, split=False)[0] for line in lines_of(content)] for content in inside
        ]
        index = (texts[number] for number, span in enumerate(self._spans) if span[1] == 0)
        self.melted = _is_melted(list(index))
        margin = self._margin(texts)
        rows: list[list[Cell | None]] = [[None] * self.width for _ in range(self.height)]
        doubtful = []
        for number, (row, column, row_span, col_span) in enumerate(self._spans):
            right = self.edges[min(column + col_span, self.width)]
            bottom = self._tops[min(row + row_span, self.height)]
            cell = placed.cell(
                texts[number],
                (self.edges[column], self._tops[row], right, bottom),
                (row + 1, column + 1),
                (row_span, col_span),
                margin=margin,
            )
            rows[row][column] = cell
            if sum(line.overlaps for line in texts[number]) >= _OVERLAPS:
                doubtful.append(cell.place)
        return tuple(map(tuple, rows)), doubtful

    def _margin(self, texts: Sequence[Sequence[Segment]]) -> float:
        """Return the smallest distance of text from its cell's left border."""
        distances = [
            line.x0 - self.edges[self._spans[number][1]]
            for number, lines in enumerate(texts)
            for line in lines
        ]
        return max(0.0, min(distances, default=0.0))


def _is_melted(index: Sequence[Sequence[Segment]]) -> bool:
    """Tell whether one cell of the first column counts several rows: 7 over 8.

    A narrow column tears 12 into 1 over 2: that is the number after the one in the cell above.
    """
    above = -1
    for lines in index:
        whole = "".join(line.text for line in lines)
        number = int(whole) if _SERIAL.fullmatch(whole) and whole.isdecimal() else -1
        if _counts(lines) and not (len(lines) == 2 and number == above + 1):  # noqa: PLR2004
            return True
        above = number
    return False


def _counts(lines: Sequence[Segment]) -> bool:
    marks = [_SERIAL.fullmatch(line.text) for line in lines]
    numbers = [int(mark[1]) if mark else -1 for mark in marks]
    return any(upper >= 0 and lower == upper + 1 for upper, lower in itertools.pairwise(numbers))


def _distinct(values: list[float]) -> tuple[float, ...]:
    """Return the sorted values, those that are one drawn line only once."""
    distinct: list[float] = []
    for value in sorted(values):
        if not distinct or value - distinct[-1] > _SAME_EDGE:
            distinct.append(value)
    return tuple(distinct)


def _nearest(edges: Sequence[float], value: float) -> int:
    return min(range(len(edges)), key=lambda at: abs(edges[at] - value))
