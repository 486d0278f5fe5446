"""One page of a PDF with a text layer: its ruled tables and its lines."""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from parsers.grid import Cell
from parsers.layout import is_layout
from parsers.package import RefusedError
from parsers.pdf_join import Row
from parsers.pdf_text import Glyph, Segment, cell_text, columns, glyphs, lines_of, segments
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
_UNRULED_COLUMNS: Final = 4
_UNRULED_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table: its box, its columns' edges, its rows."""

    box: Box
    edges: tuple[float, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The content of a page: text and tables in reading order, and what is wrong with them.

    ``overlapped`` are places whose letters lie on top of each other; ``unruled`` says that lines
    look like a table without borders, which nobody here reads.
    """

    content: tuple[str | Table, ...]
    overlapped: tuple[str, ...] = ()
    unruled: bool = False


def read_page(page: Any, number: int) -> Page:
    """Read a ``pdfplumber`` page, upright, as page ``number`` (counted from 1)."""
    across = {round(edge["top"]) for edge in page.horizontal_edges}
    down = {round(edge["x0"]) for edge in page.vertical_edges}
    if len(across) * len(down) > _MOST_CROSSINGS:
        raise RefusedError("too-large", f"page {number}: {len(across)} x {len(down)} lines")
    letters = glyphs(page.dedupe_chars().chars)
    ruled = page.find_tables({"explicit_horizontal_lines": _unclosed(page)})
    found = [table for table in ruled if len(table.cells) > 1]
    tables, overlapped = [], []
    rest = letters
    kept = 0
    for table in sorted(found, key=lambda table: (table.bbox[1], table.bbox[0])):
        inside = [letter for letter in rest if _within(letter, table.bbox)]
        frame = _Frame(table.cells)
        text = "".join(letter.text for letter in sorted(inside, key=lambda glyph: glyph.middle))
        if not text.strip():
            continue
        prose = " ".join(segment.text for line in lines_of(inside) for segment in segments(line))
        if is_layout(frame.width, frame.height, prose, ruled=True):
            continue
        kept += 1
        place = f"page {number}" + (f", table {kept}" if kept > 1 else "")
        rows, doubtful = frame.filled(inside, place)
        tables.append(Table(table.bbox, frame.edges, rows))
        overlapped += doubtful
        rest = [letter for letter in rest if not _within(letter, table.bbox)]
    lines = [segments(line) for line in lines_of(rest)]
    return Page(_in_order(lines, tables), tuple(overlapped), not tables and looks_tabular(lines))


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


def looks_tabular(lines: Sequence[list[Segment]]) -> bool:
    """Tell lines that look like a table without borders: several in a row with wide gaps."""
    run = 0
    for line in lines:
        run = run + 1 if len(line) >= _UNRULED_COLUMNS else 0
        if run >= _UNRULED_ROWS:
            return True
    return False


class _Frame:
    """The cells of one table on the lattice of all their borders."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.edges = _distinct([edge for box in boxes for edge in (box[0], box[2])])
        self._tops = _distinct([edge for box in boxes for edge in (box[1], box[3])])
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

    def filled(self, letters: Sequence[Glyph], place: str) -> tuple[tuple[Row, ...], list[str]]:
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
        margin = self._margin(texts)
        rows: list[list[Cell | None]] = [[None] * self.width for _ in range(self.height)]
        doubtful = []
        for number, (row, column, row_span, col_span) in enumerate(self._spans):
            where = f"{place}, row {row + 1}, column {column + 1}"
            right = self.edges[min(column + col_span, self.width)] - margin
            text, torn = cell_text(texts[number], right)
            rows[row][column] = Cell(
                text, text or None, where, row_span=row_span, col_span=col_span, torn=torn
            )
            if sum(line.overlaps for line in texts[number]) >= _OVERLAPS:
                doubtful.append(where)
        return tuple(map(tuple, rows)), doubtful

    def _margin(self, texts: Sequence[Sequence[Segment]]) -> float:
        """Return the smallest distance of text from its cell's left border."""
        distances = [
            line.x0 - self.edges[self._spans[number][1]]
            for number, lines in enumerate(texts)
            for line in lines
        ]
        return max(0.0, min(distances, default=0.0))


def _distinct(values: list[float]) -> tuple[float, ...]:
    """Return the sorted values, those that are one drawn line only once."""
    distinct: list[float] = []
    for value in sorted(values):
        if not distinct or value - distinct[-1] > _SAME_EDGE:
            distinct.append(value)
    return tuple(distinct)


def _nearest(edges: Sequence[float], value: float) -> int:
    return min(range(len(edges)), key=lambda at: abs(edges[at] - value))
