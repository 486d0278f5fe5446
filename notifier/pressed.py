"""Workbooks of hundreds of thousands of rows: openpyxl makes the frame, the rows are pressed here.

Styles, widths, page setup and the package are openpyxl's. Its cells, an object each, cost 15 ms and
1.4 kB a point of a report; here a row is text as soon as the next one begins, and packed at once.
Rows are written from the top down: a line that was left cannot be written again.
"""

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter

from notifier import printed
from notifier.fixed_zip import EPOCH, dated
from notifier.printed import FREE, SIZE, Look, Value, height_of, lines_needed, shown

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_SPECIAL = re.compile("[&<>\r]|^[ \t\n]|[ \t\n]$|\n")
_PART = 1 << 18  # characters that are packed together
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'(<dimension ref=")[^"]*(")')
#: Packing harder takes twice the time and saves a tenth.
_LEVEL = 4
#: What is put into a cell to see which style it gets.
_SAMPLES: dict[str, Value] = {"": None, "=": "=", "#": Decimal(1)}
_LETTERS = [get_column_letter(number) for number in range(1, 200)]


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

    def save(self, made_at: dt.datetime) -> bytes:
        """Return the workbook's bytes: the same rows and ``made_at``, the same bytes."""
        for sheet in self.sheets:
            sheet.end()
        frame, target = io.BytesIO(), io.BytesIO()
        self.frame.save(frame)
        with (
            zipfile.ZipFile(frame) as source,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as copy,
        ):
            for name in source.namelist():
                member = zipfile.ZipInfo(name, EPOCH)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr, member.create_system = 0o600 << 16, 3
                content = dated(name, source.read(name), made_at)
                with copy.open(member, "w") as out:
                    if found := _SHEET.fullmatch(name):
                        for part in self.sheets[int(found[1]) - 1].parts(content):
                            out.write(part)
                    else:
                        out.write(content)
        return target.getvalue()


class Sheet:
    """A sheet in the making; ``frame`` bears its settings."""

    def __init__(self, book: Book, title: str) -> None:
        self.frame = book.frame.create_sheet(title)
        self._book = book
        self._widths: list[float] = []
        self._merged: list[str] = []
        self._line, self._height = 0, 0.0
        self._values: list[Value] = []
        self._looks: list[Look | None] = []
        self._columns = 1
        self._pressed: list[str] = []
        self._size = 0
        self._packer = zlib.compressobj(1)
        self._packed: list[bytes] = []

    # --- what is written ---

    def row(self, number: int, values: Sequence[Value], looks: Sequence[Look]) -> None:
        """Write one row and give it the height that its longest cell needs."""
        self._go_to(number)
        self._values[: len(values)], self._looks[: len(looks)] = values, looks
        lines = 1
        for value, look, width in zip(values, looks, self._widths, strict=False):
            if value is None or value == "":
                continue
            text = value if isinstance(value, str) else shown(value, look)
            # Nothing is wider than 1.65 digits a letter: most cells need no measuring.
            if len(text) * 1.65 + 1.2 > width or "\n" in text:
                needed = lines_needed(text, width, bold=look.bold)
                lines = max(lines, needed)
        self._height = round(lines * SIZE * printed.LINE_POINTS + 5, 1)

    def span(self, number: int, first: int, last: int, value: str, look: Look = FREE) -> None:
        """Write one text over several columns of a row; the row grows to hold it."""
        self._go_to(number)
        missing = last - len(self._values)
        self._values += [None] * missing
        self._looks += [None] * missing
        self._values[first - 1 : last] = [value, *[None] * (last - first)]
        self._looks[first - 1 : last] = [look] * (last - first + 1)
        if last > first:
            self._merged.append(f"{_LETTERS[first - 1]}{number}:{_LETTERS[last - 1]}{number}")
        width = sum(self.width_of(column) for column in range(first, last + 1))
        self._height = max(height_of(value, width, look), self._height)

    def tall(self, number: int, height: float) -> None:
        """Make a row as tall as that, whatever is in it."""
        self._go_to(number)
        self._height = height

    def widths(self, sizes: Sequence[float]) -> None:
        """Set the columns' widths, from the first on."""
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
        self._packed.append(self._packer.flush())

    def _go_to(self, number: int) -> None:
        if number == self._line:
            return
        if number < self._line:
            raise ValueError(f"line {number} was left: line {self._line} is written now")
        self._press()
        self._line, self._height = number, 0.0
        self._values, self._looks = [], []

    def _press(self) -> None:
        """Turn the open line into text."""
        if not self._line:
            return
        line, styles, cells = self._line, self._book.styles, []
        for letter, value, look in zip(_LETTERS, self._values, self._looks, strict=False):
            if look is None:
                continue
            kind, rest = _text(value) if isinstance(value, str) else _figure(value)
            numbers = styles.get(id(look))
            style = numbers.get(kind) if numbers else None
            if style is None:
                style = self._book.style(look, kind)
            cells.append(f'<c r="{letter}{line}" s="{style}"{rest}')
        self._columns = max(self._columns, len(self._values))
        height = f' ht="{self._height:g}" customHeight="1"' if self._height else ""
        told = f'<row r="{line}"{height}>{"".join(cells)}</row>'
        self._pressed.append(told)
        self._size += len(told)
        if self._size > _PART:
            self._pack()

    def _pack(self) -> None:
        text = "".join(self._pressed).encode("utf-8", "replace")
        self._packed.append(self._packer.compress(text))
        self._pressed, self._size = [], 0

    def parts(self, frame: bytes) -> Iterator[bytes]:
        """Yield the sheet's XML: the frame's, with the rows and what is merged in their place."""
        corner = f"A1:{_LETTERS[self._columns - 1]}{max(self._line, 1)}".encode()
        head, tail = _DATA.split(frame, maxsplit=1)
        yield _DIMENSION.sub(rb"\g<1>" + corner + rb"\g<2>", head) + b"<sheetData>"
        unpacker = zlib.decompressobj()
        for part in self._packed:
            yield unpacker.decompress(part)
        yield unpacker.flush() + b"</sheetData>"
        if self._merged:
            cells = "".join(f'<mergeCell ref="{ref}"/>' for ref in self._merged)
            yield f'<mergeCells count="{len(self._merged)}">{cells}</mergeCells>'.encode()
        yield tail


@lru_cache(50_000)
def _text(value: str) -> tuple[str, str]:
    """Return the kind of style and the rest of the cell of a text."""
    text = printed.without_controls(value)
    if not text:
        return "", "/>"
    kind, space = "=" if text[0] in printed.FORMULAS else "", ""
    if _SPECIAL.search(text):
        text, space = text.translate(_ESCAPED), ' xml:space="preserve"'
    return kind, f' t="inlineStr"><is><t{space}>{text}</t></is></c>'


def _figure(value: int | Decimal | None) -> tuple[str, str]:
    """Return the kind of style and the rest of the cell of a number, or of nothing."""
    if value is None:
        return "", "/>"
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return "#", f"><v>{int(value)}</v></c>"
    return "", f"><v>{value}</v></c>"
