"""Workbooks of hundreds of thousands of rows: openpyxl makes the frame, the rows are pressed here.

Styles, widths, page setup and the package are openpyxl's. Its cells, an object each, cost 15 ms and
1.4 kB a point of a report; here a row is text as soon as it is written, and packed once: a cell
that says what one above it said is not made again. Rows are written from the top down: a line that
was left cannot be written again.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache, lru_cache

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter

from notifier import printed
from notifier.fixed_zip import Packed, dated, joined
from notifier.printed import FREE, SIZE, Look, Value, height_of, lines_needed, shown

#: No sheet has more rows than this: Excel calls one that has damaged.
LAST_LINE = 1_048_576
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_SPECIAL = re.compile("[&<>\r]|^[ \t\n]|[ \t\n]$|\n")
_PART = 1 << 18  # bytes that are packed together
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'(<dimension ref=")[^"]*(")')
#: What is put into a cell to see which style it gets.
_SAMPLES: dict[str, Value] = {"": None, "=": "=", "#": Decimal(1)}
_LETTERS = [get_column_letter(number) for number in range(1, 200)]
_ROW = b'<row r="'
#: What begins each cell; the number of its line follows.
_OPEN = [f'<c r="{letter}'.encode() for letter in _LETTERS]
#: Texts that a column remembers.
_REMEMBERED = 5_000
#: No letter is wider than this many digits; what a cell's borders take.
_WIDEST, _MARGIN = 1.65, 1.2
#: One digit is as wide as another: numbers of the same length are measured once.
_AS_WIDE = str.maketrans("123456789", "000000000")
#: Counts of fewer digits than this are measured beforehand.
_DIGITS = 10
_COUNTS = 10 ** (_DIGITS - 1)


class Book:
    """A workbook in the making."""

    def __init__(self, creator: str, title: str) -> None:
        self.frame = Workbook()
        self.frame.remove(self.frame.worksheets[0])
        self.frame.properties.creator, self.frame.properties.title = creator, title
        self.sheets: list[Sheet] = []
        #: The numbers of a look's styles, by its identity.
        self.styles: dict[int, dict[str, int]] = {}
        self._looks: list[Look] = []

    def sheet(self, title: str) -> "Sheet":
        """Add an empty sheet."""
        self.sheets.append(Sheet(self, title))
        return self.sheets[-1]

    def style(self, look: Look, kind: str = "") -> int:
        """Return the number of a cell's style; ``kind`` is "=" for quoted text, "#" for a whole.

        Looks are found by identity: comparing them would cost more than all else.
        """
        numbers = self.styles.get(id(look))
        if numbers is None:
            self._looks.append(look)  # kept, so that the identity stays its own
            numbers = self.styles[id(look)] = {}
        if kind not in numbers:
            cell = Cell(self.frame.worksheets[0], row=1, column=1)
            printed.put(cell, _SAMPLES[kind], look)
            numbers[kind] = int(cell.style_id)
        return numbers[kind]

    def cell(self, value: Value, look: Look) -> bytes:
        """Return a cell's text after the number of its line."""
        kind, rest = _text(value) if isinstance(value, str) else _figure(value)
        numbers = self.styles.get(id(look))
        style = numbers.get(kind) if numbers else None
        if style is None:
            style = self.style(look, kind)
        return b'" s="%d"%b' % (style, rest)

    def save(self, made_at: dt.datetime) -> bytes:
        """Return the workbook's bytes: the same rows and ``made_at``, the same bytes."""
        for sheet in self.sheets:
            sheet.end()
        frame = io.BytesIO()
        self.frame.save(frame)
        members = []
        with zipfile.ZipFile(frame) as source:
            for name in source.namelist():
                content = dated(name, source.read(name), made_at)
                if found := _SHEET.fullmatch(name):
                    packed = self.sheets[int(found[1]) - 1].whole(content)
                else:
                    packed = Packed()
                    packed.add(content)
                members.append((name, packed))
        return joined(members)


class _Column(dict[str, tuple[bytes, int]]):
    """The cells of a column in one look: by their text, the cell and how many lines it takes.

    A cell is what follows the number of its line, and whatever stands before the next one's.
    """

    def __init__(self, book: Book, look: Look, width: float, after: bytes) -> None:
        super().__init__()
        self._book, self._look, self._width, self._after = book, look, width, after
        self._start = book.cell(0, look).removesuffix(b"0</v></c>")
        self._end = b"</v></c>" + after
        #: How many lines a count takes, by its digits.
        self._counts = [self._lines("0" * digits) for digits in range(_DIGITS)]
        #: The cells of other numbers, by the number as Python writes it: 35.5 is not 35.50.
        self._figures: dict[str, tuple[bytes, int]] = {}

    def __missing__(self, text: str) -> tuple[bytes, int]:
        """Make a cell that no line above had."""
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = made = self._book.cell(text, self._look) + self._after, self._lines(text)
        return made

    def figure(self, value: int | Decimal) -> tuple[bytes, int]:
        """Return the cell of a number. Counts, which seldom come again, are made anew."""
        if isinstance(value, int) and 0 <= value < _COUNTS and not self._look.number_format:
            told = b"%d" % value
            return self._start + told + self._end, self._counts[len(told)]
        written = repr(value)
        made = self._figures.get(written)
        if made is None:
            if len(self._figures) >= _REMEMBERED:
                self._figures.clear()
            lines = self._lines(shown(value, self._look).translate(_AS_WIDE))
            made = self._figures[written] = self._book.cell(value, self._look) + self._after, lines
        return made

    def _lines(self, text: str) -> int:
        # Most cells need no measuring.
        if len(text) * _WIDEST + _MARGIN > self._width or "\n" in text:
            return lines_needed(text, self._width, bold=self._look.bold)
        return 1


class Sheet:
    """A sheet in the making; ``frame`` bears its settings."""

    def __init__(self, book: Book, title: str) -> None:
        self.frame = book.frame.create_sheet(title)
        self._book = book
        self._widths: list[float] = []
        self._merged: list[str] = []
        self._line, self._height = 0, 0.0
        #: The open line: what it holds, and its text as long as it is one whole row.
        self._values: Sequence[Value] = ()
        self._looks: Sequence[Look | None] = ()
        self._text = b""
        self._last = 0
        self._columns: dict[tuple[int, int, bool], _Column] = {}
        self._rows: dict[tuple[int, ...], list[_Column]] = {}
        self._pressed: list[bytes] = []
        self._size = 0
        self._packed = Packed()

    # --- what is written ---

    def row(self, number: int, values: Sequence[Value], looks: Sequence[Look]) -> None:
        """Write one row and give it the height that its longest cell needs."""
        if number == self._line:
            raise ValueError(f"line {number} is written already")
        self._go_to(number)
        self._height, self._text = _whole_row(number, values, self._columns_of(looks))
        self._values, self._looks = values, looks

    def rows(self, rows: Iterable[Sequence[Value]], looks: Sequence[Look]) -> int:
        """Write rows of the same looks, each beneath the last; return the last one's number.

        What `row` does of each, without asking for each what is the same for all.
        """
        columns: list[_Column] = []
        for values in rows:
            self._press()
            self._line += 1
            columns = columns or self._columns_of(looks)  # styles are numbered as they are met
            self._height, self._text = _whole_row(self._line, values, columns)
            self._values, self._looks = values, looks
        self._check(self._line)
        return self._line

    def span(self, number: int, first: int, last: int, value: str, look: Look = FREE) -> None:
        """Write one text over several columns of a row; the row grows to hold it."""
        self._go_to(number)
        missing = [None] * (last - len(self._values))
        values: list[Value] = [*self._values, *missing]
        looks: list[Look | None] = [*self._looks, *missing]
        values[first - 1 : last] = [value, *[None] * (last - first)]
        looks[first - 1 : last] = [look] * (last - first + 1)
        self._values, self._looks, self._text = values, looks, b""
        if last > first:
            self._merged.append(f"{_LETTERS[first - 1]}{number}:{_LETTERS[last - 1]}{number}")
        width = sum(self.width_of(column) for column in range(first, last + 1))
        self._height = max(height_of(value, width, look), self._height)

    def tall(self, number: int, height: float) -> None:
        """Make a row as tall as that, whatever is in it."""
        self._go_to(number)
        self._text, self._height = b"", height

    def widths(self, sizes: Sequence[float]) -> None:
        """Set the columns' widths, from the first on, before the rows."""
        self._widths = [float(size) for size in sizes]
        printed.widths(self.frame, sizes)

    def width_of(self, column: int) -> float:
        """Return a column's width in digits of the standard font."""
        if column <= len(self._widths):
            return self._widths[column - 1]
        return printed.width_of(self.frame, column)

    def page(self, repeat: tuple[int, int], last_column: int, last_row: int) -> None:
        """Set A4 landscape and what `notifier.printed.page` says."""
        printed.page(self.frame, repeat, last_column, last_row)

    # --- how it becomes text ---

    def end(self) -> None:
        """Nothing more is written."""
        self._press()
        self._pack()

    def whole(self, frame: bytes) -> Packed:
        """Return the sheet's XML: the frame's, with the rows and what is merged in their place."""
        corner = f"A1:{_LETTERS[max(self._last, 1) - 1]}{max(self._line, 1)}".encode()
        head, tail = _DATA.split(frame, maxsplit=1)
        whole = Packed()
        whole.add(_DIMENSION.sub(rb"\g<1>" + corner + rb"\g<2>", head) + b"<sheetData>")
        whole.append(self._packed)
        merged = ""
        if self._merged:
            cells = "".join(f'<mergeCell ref="{ref}"/>' for ref in self._merged)
            merged = f'<mergeCells count="{len(self._merged)}">{cells}</mergeCells>'
        whole.add(b"</sheetData>" + merged.encode() + tail)
        return whole

    def _columns_of(self, looks: Sequence[Look]) -> list[_Column]:
        """Return the columns of a row of these looks, which are found by identity as styles are."""
        identity = tuple(map(id, looks))
        found = self._rows.get(identity)
        if found is None:
            end = len(looks) - 1
            found = [self._column(index, look, last=index == end)
                     for index, look in enumerate(looks)]  # fmt: skip
            self._rows[identity] = found
        return found

    def _column(self, index: int, look: Look, *, last: bool) -> _Column:
        key = index, id(look), last
        column = self._columns.get(key)
        if column is None:
            after = b"</row>" if last else _OPEN[index + 1]
            # Making it asks for a style: that keeps the look, so that its identity stays its own.
            column = _Column(self._book, look, self.width_of(index + 1), after)
            self._columns[key] = column
        return column

    def _go_to(self, number: int) -> None:
        if number == self._line:
            return
        if number < self._line:
            raise ValueError(f"line {number} was left: line {self._line} is written now")
        self._check(number)
        self._press()
        self._line, self._height = number, 0.0
        self._values, self._looks, self._text = (), (), b""

    def _check(self, number: int) -> None:
        if number > LAST_LINE:
            raise ValueError(f"line {number}: a sheet has {LAST_LINE} lines")

    def _press(self) -> None:
        """Turn the open line into text."""
        if not self._line:
            return
        self._last = max(self._last, len(self._values))
        told = self._text or self._pieced()
        self._pressed.append(told)
        self._size += len(told)
        if self._size > _PART:
            self._pack()

    def _pieced(self) -> bytes:
        """Return the text of a line that is more, or less, than one whole row."""
        line = str(self._line).encode()
        height = f' ht="{self._height:g}" customHeight="1"' if self._height else ""
        cells = [
            opened + line + self._book.cell(value, look)
            for opened, value, look in zip(_OPEN, self._values, self._looks, strict=False)
            if look is not None
        ]
        return b"".join((_ROW, line, b'"', height.encode(), b">", *cells, b"</row>"))

    def _pack(self) -> None:
        self._packed.add(b"".join(self._pressed))
        self._pressed, self._size = [], 0


def _whole_row(
    number: int, values: Sequence[Value], columns: Sequence[_Column]
) -> tuple[float, bytes]:
    """Return the height of a row and its text."""
    parts, lines = [_ROW, b""], 1
    for value, column in zip(values, columns, strict=True):
        if isinstance(value, str):
            cell, needed = column[value]
        else:
            cell, needed = column[""] if value is None else column.figure(value)
        parts.append(cell)
        if needed > lines:  # noqa: PLR1730  ten million times: max() costs a tenth of it all
            lines = needed
    height, parts[1] = _tall(lines)
    return height, (b"%d" % number).join(parts)


@cache
def _tall(lines: int) -> tuple[float, bytes]:
    """Return the height of a row of so many lines, and what stands between its two numbers."""
    height = round(lines * SIZE * printed.LINE_POINTS + 5, 1)
    return height, f'" ht="{height:g}" customHeight="1">'.encode() + _OPEN[0]


@lru_cache(5_000)
def _text(value: str) -> tuple[str, bytes]:
    """Return the kind of style and the rest of the cell of a text."""
    text = printed.without_controls(value)
    if not text:
        return "", b"/>"
    kind, space = "=" if text[0] in printed.FORMULAS else "", ""
    if _SPECIAL.search(text):
        text, space = text.translate(_ESCAPED), ' xml:space="preserve"'
    return kind, f' t="inlineStr"><is><t{space}>{text}</t></is></c>'.encode("utf-8", "replace")


def _figure(value: int | Decimal | None) -> tuple[str, bytes]:
    """Return the kind of style and the rest of the cell of a number, or of nothing."""
    if value is None:
        return "", b"/>"
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return "#", b"><v>%d</v></c>" % int(value)
    return "", f"><v>{value}</v></c>".encode()
