"""Form pages drawn with PIL, so that every cell's box and truth is known: what a scanner gets.

Boxes are pixels of the drawn page (300 dpi unless told otherwise): left, top, right, bottom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

_FONTS = {
    "serif": "/usr/share/fonts/truetype/liberation2/LiberationSerif-{}.ttf",
    "sans": "/usr/share/fonts/truetype/liberation2/LiberationSans-{}.ttf",
    "dejavu": "/usr/share/fonts/truetype/dejavu/DejaVuSans{}.ttf",
}
_A4_MM = (210.0, 297.0)

Pixels = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its caption, relative width, how its cells are set, the caption over it."""

    caption: str
    weight: float = 1.0
    align: str = "left"
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page looks. Sizes are millimetres and points, as an office would say them."""

    columns: tuple[Column, ...]
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    font: str = "serif"
    points: float = 12.0
    landscape: bool = True
    margin_mm: float = 15.0
    padding_mm: float = 1.2
    rule_points: float = 0.6
    index_row: bool = False
    letterhead: bool = False
    dpi: int = 300
    #: Share of each rule that is missing (a bad photocopy).
    broken: float = 0.0


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """A cell as drawn: where it begins in the grid, how far it reaches, its box and text."""

    row: int
    column: int
    row_span: int
    col_span: int
    box: Pixels
    text: str


@dataclass(slots=True)
class DrawnPage:
    """A page and its truth; ``rows`` and ``columns`` are the size of its table's grid."""

    image: Image.Image
    rows: int
    columns: int
    cells: list[DrawnCell] = field(default_factory=list)
    header_rows: int = 1

    def texts(self) -> list[list[str | None]]:
        """Return the grid of texts, None where a merged cell covers."""
        grid: list[list[str | None]] = [[None] * self.columns for _ in range(self.rows)]
        for cell in self.cells:
            grid[cell.row][cell.column] = cell.text
        return grid


@lru_cache(maxsize=64)
def font_of(name: str, pixels: int, style: str = "Regular") -> ImageFont.FreeTypeFont:
    """Return a font by its short name (``serif``, ``sans``, ``dejavu``) and height in pixels."""
    if name == "dejavu":
        style = "" if style == "Regular" else f"-{style}"
    return ImageFont.truetype(_FONTS[name].format(style), pixels)


def draw(
    layout: Layout,
    rows: Sequence[Sequence[str | None]],
    *,
    merges: Sequence[tuple[int, int, int, int]] = (),
) -> list[DrawnPage]:
    """Draw a table on as many pages as it needs, its header on the first only.

    Args:
        layout: the look.
        rows: body rows; a cell's text may hold line feeds, long text is wrapped.
        merges: body cells that are one: (row, column, row span, column span), counted from 0.
    """
    return _Sheet(layout, rows, merges).pages()


class _Sheet:
    def __init__(
        self,
        layout: Layout,
        rows: Sequence[Sequence[str | None]],
        merges: Sequence[tuple[int, int, int, int]],
    ) -> None:
        self.layout = layout
        self.rows = rows
        self.merges = {(r, c): (h, w) for r, c, h, w in merges}
        self.mm = layout.dpi / 25.4
        wide, high = _A4_MM[::-1] if layout.landscape else _A4_MM
        self.size = round(wide * self.mm), round(high * self.mm)
        self.margin = round(layout.margin_mm * self.mm)
        self.pixels = round(layout.points * layout.dpi / 72)
        self.rule = max(1, round(layout.rule_points * layout.dpi / 72))
        self.font = font_of(layout.font, self.pixels)
        self.bold = font_of(layout.font, self.pixels, "Bold")
        self.padding = round(layout.padding_mm * self.mm)
        total = sum(column.weight for column in layout.columns)
        inner = self.size[0] - 2 * self.margin
        edges, x = [self.margin], float(self.margin)
        for column in layout.columns:
            x += inner * column.weight / total
            edges.append(round(x))
        self.edges = edges

    def pages(self) -> list[DrawnPage]:
        page, y = self._new_page(first=True)
        y = self._header(page, y)
        heights = [self._height(number) for number in range(len(self.rows))]
        number = 0
        while number < len(self.rows):
            group = self._group(number)
            needed = sum(heights[number:group])
            if y + needed > self.size[1] - self.margin and page.cells:
                self._done.append(page)
                page, y = self._new_page(first=False)
            top = y
            base = page.rows
            tops = [top]
            for height in heights[number:group]:
                tops.append(tops[-1] + height)
            for r in range(number, group):
                self._row(page, r, base + r - number, tops, r - number)
            page.rows += group - number
            y = tops[-1]
            number = group
        self._lines(page, self.layout.below, y + self.pixels)
        return [*self._done, page]

    def _new_page(self, *, first: bool) -> tuple[DrawnPage, int]:
        if first:
            self._done: list[DrawnPage] = []
        page = DrawnPage(Image.new("L", self.size, 255), 0, len(self.layout.columns))
        if not first:
            page.header_rows = 0
            return page, self.margin
        y = self.margin
        if self.layout.letterhead:
            y = self._letterhead(page, y)
        return page, self._lines(page, self.layout.above, y, centred=True) + self.pixels // 2

    def _letterhead(self, page: DrawnPage, y: int) -> int:
        pen = ImageDraw.Draw(page.image)
        left = ("UỶ BAN NHÂN DÂN", "XÃ HÒA CƯ", "Số: 45/UBND-KT")
        right = (
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "Độc lập - Tự do - Hạnh phúc",
            "Hòa Cư, ngày 17 tháng 5 năm 2024",
        )
        for lines, share in ((left, 0.2), (right, 0.7)):
            for number, line in enumerate(lines):
                at = (self.size[0] * share, y + number * self.pixels * 1.3)
                pen.text(at, line, fill=0, font=self.bold, anchor="ma")
        return round(y + 4 * self.pixels * 1.3)

    def _lines(
        self, page: DrawnPage, lines: Sequence[str], y: int, *, centred: bool = False
    ) -> int:
        pen = ImageDraw.Draw(page.image)
        for line in lines:
            at = (self.size[0] / 2, y) if centred else (self.margin, y)
            pen.text(at, line, fill=0, font=self.font, anchor="ma" if centred else "la")
            y += round(self.pixels * 1.35)
        return y

    def _header(self, page: DrawnPage, y: int) -> int:
        columns = self.layout.columns
        nested = any(column.parent for column in columns)
        lower = max(self._text_height(c.caption, n, 1, self.bold) for n, c in enumerate(columns))
        upper = round(self.pixels * 1.3) + 2 * self.padding if nested else 0
        page.header_rows = 2 if nested else 1
        c = 0
        while c < len(columns):
            column = columns[c]
            if not column.parent:
                box = (self.edges[c], y, self.edges[c + 1], y + upper + lower)
                self._cell(page, 0, c, (page.header_rows, 1), box, column.caption, head=True)
                c += 1
                continue
            end = c
            while end < len(columns) and columns[end].parent == column.parent:
                below = (self.edges[end], y + upper, self.edges[end + 1], y + upper + lower)
                self._cell(page, 1, end, (1, 1), below, columns[end].caption, head=True)
                end += 1
            over = (self.edges[c], y, self.edges[end], y + upper)
            self._cell(page, 0, c, (1, end - c), over, column.parent, head=True)
            c = end
        y += upper + lower
        page.rows = page.header_rows
        if self.layout.index_row:
            high = round(self.pixels * 1.3) + self.padding
            for n in range(len(columns)):
                box = (self.edges[n], y, self.edges[n + 1], y + high)
                self._cell(page, page.rows, n, (1, 1), box, f"({n + 1})", head=True)
            page.rows += 1
            page.header_rows += 1
            y += high
        return y

    def _group(self, number: int) -> int:
        """Return the row after the last one that a merged cell holds together with this one."""
        end = number + 1
        r = number
        while r < end:
            for c in range(len(self.layout.columns)):
                end = max(end, r + self.merges.get((r, c), (1, 1))[0])
            r += 1
        return end

    def _height(self, number: int) -> int:
        heights = [self.pixels + 2 * self.padding]
        for c, text in enumerate(self.rows[number]):
            tall, wide = self.merges.get((number, c), (1, 1))
            if text and tall == 1:
                heights.append(self._text_height(text, c, wide, self.font))
        return max(heights)

    def _row(self, page: DrawnPage, r: int, at: int, tops: list[int], step: int) -> None:
        for c, text in enumerate(self.rows[r]):
            if text is None:
                continue
            tall, wide = self.merges.get((r, c), (1, 1))
            box = (self.edges[c], tops[step], self.edges[c + wide], tops[step + tall])
            self._cell(page, at, c, (tall, wide), box, text)

    def _cell(
        self,
        page: DrawnPage,
        row: int,
        column: int,
        span: tuple[int, int],
        box: Pixels,
        text: str,
        *,
        head: bool = False,
    ) -> None:
        pen = ImageDraw.Draw(page.image)
        self._rules(pen, box)
        font = self.bold if head else self.font
        wrapped = "\n".join(self._wrapped(text, column, span[1], font))
        align = "center" if head else self.layout.columns[column].align
        anchor = {"left": "la", "center": "ma", "right": "ra"}[align]
        x = {
            "left": box[0] + self.padding,
            "center": (box[0] + box[2]) // 2,
            "right": box[2] - self.padding,
        }[align]
        lines = wrapped.split("\n")
        pitch = round(self.pixels * 1.2)
        y = (box[1] + box[3] - pitch * len(lines)) // 2
        for line in lines:
            pen.text((x, y), line, fill=0, font=font, anchor=anchor)
            y += pitch
        page.cells.append(DrawnCell(row, column, *span, box, text))

    def _rules(self, pen: ImageDraw.ImageDraw, box: Pixels) -> None:
        left, top, right, bottom = box
        gap = self.layout.broken
        period = self.pixels
        for a, b, upright in (
            ((left, top), (right, top), False),
            ((left, bottom), (right, bottom), False),
            ((left, top), (left, bottom), True),
            ((right, top), (right, bottom), True),
        ):
            if not gap:
                pen.line([a, b], fill=0, width=self.rule)
                continue
            start, end = (a[1], b[1]) if upright else (a[0], b[0])
            for at in range(start, end, period):
                stop = min(end, at + round(period * (1 - gap)))
                ends = [(a[0], at), (a[0], stop)] if upright else [(at, a[1]), (stop, a[1])]
                pen.line(ends, fill=0, width=self.rule)

    def _text_height(self, text: str, column: int, span: int, font: ImageFont.FreeTypeFont) -> int:
        lines = len(self._wrapped(text, column, span, font))
        return round(lines * self.pixels * 1.2) + 2 * self.padding

    def _wrapped(
        self, text: str, column: int, span: int, font: ImageFont.FreeTypeFont
    ) -> list[str]:
        room = self.edges[column + span] - self.edges[column] - 2 * self.padding
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word}" if line else word
                if line and font.getlength(longer) > room:
                    lines.append(line)
                    line = word
                else:
                    line = longer
            lines.append(line)
        return lines
