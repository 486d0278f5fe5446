"""Tables whose labels stand beside their values → entries, in reading order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from parsers.columns import Captions, is_generic
from parsers.grid import Cell, Grid, Trace, is_filled
from parsers.header import is_unit
from parsers.labels import LEAD, LEADERS, bare, labelled
from parsers.slip_parts import (
    Entry,
    Mark,
    Part,
    is_closing,
    is_head,
    is_section,
    is_title,
    section_of,
)
from parsers.vietnamese import one_line

#: Beside a value it is a remark, in front of a label its number.
_MARK_LETTERS: Final = 4
_LONGEST_LABEL: Final = 100
#: A caption over a column of a header is not looked at beyond this.
_LONGEST_PATH: Final = 160
#: A colon or dots to write on part a label from its value; a bullet or number may stand before it,
#: and "Thông tin về" before a section's name. One of these signs is in all of them but the last.
_SIGNS: Final = re.compile(r"[:：\n.…_)\-–—•*+▪●]")
_MAY_LABEL: Final = re.compile(rf"[:：\n]|{LEADERS.pattern}|{LEAD.pattern}", re.IGNORECASE)
_ABOUT: Final = re.compile(r"\s*thông tin", re.IGNORECASE)


def from_grid(grid: Grid, captions: Captions, first: int = 0) -> Iterator[Part]:
    """Yield the entries and marks of a table whose labels stand left of their values.

    Labels and values may be several pairs a row, or together in one cell, one to a line. A merged
    label in front of further labels is the heading of these. Rows are counted from ``first``.
    """
    yield from (Mark(line, is_title(line)) for line in grid.before)
    yield from _merged_down(_Walk(grid, captions, first).parts())


def may_label(text: str) -> bool:
    """Tell a text that may hold labels although it is no caption itself."""
    if _SIGNS.search(text) and _MAY_LABEL.search(text):
        return True
    return len(text) > _LONGEST_LABEL or _ABOUT.match(text) is not None


def labels_in(text: str, captions: Captions) -> set[str]:
    """Return the fields that an entry of this cell may ask for, in whatever layout it stands.

    As a label, a parent or a section heading, or as labels with values in its lines.
    """
    pairs = [pair for line in text.split("\n") for pair in labelled(line, captions)]
    texts = (text, one_line(text), bare(text), section_of(text), *(pair.label for pair in pairs))
    named = {captions.exact(one[:_LONGEST_PATH]) for one in texts}
    if any(pair.numbered for pair in pairs):
        named.add(captions.form.name_key)
    return {key for key in named if key}


def _merged_down(parts: Iterator[Part]) -> Iterator[Part]:
    """Yield the parts, the further lines of a value joined to it."""
    held: Entry | None = None
    for part in parts:
        if isinstance(part, Entry) and held and not part.label.text and part.lane == held.lane:
            held = _joined(held, part)
            continue
        if held:
            yield held
        held = part if isinstance(part, Entry) else None
        if held is None:
            yield part
    if held:
        yield held


def _joined(entry: Entry, more: Entry) -> Entry:
    if not is_filled(entry.value):
        return replace(entry, value=more.value, loose=entry.loose or more.loose)
    text = f"{entry.value.text}\n{more.value.text}"
    value = entry.value._replace(text=text, value=text)
    return replace(entry, value=value, loose=entry.loose or more.loose)


@dataclass(slots=True)
class _Walk:
    """One walk over a table, remembering the section and the label that reaches down."""

    grid: Grid
    captions: Captions
    first: int
    section: str = ""
    #: The row (exclusive) down to which the latest label, and the latest parent, reach.
    label_end: int = 0
    lane: int = -1
    parent: str = ""
    parent_end: int = 0
    #: The columns in which labels stand: a strange text there is a label too.
    columns: set[int] = field(default_factory=set)

    def parts(self) -> Iterator[Part]:
        self.columns.update(
            column
            for row in self.grid.rows
            for column, cell in enumerate(row)
            if cell and self._is_label(cell)
        )
        for number, row in enumerate(self.grid.rows):
            filled = [(c, cell) for c, cell in enumerate(row) if cell and is_filled(cell)]
            cells = _unnumbered(filled, self.captions)
            if not cells:
                self.lane = -1 if number >= self.label_end else self.lane
                continue
            if number >= self.parent_end:
                self.parent = ""
            if len(cells) == 1 and (heading := self._heading(cells[0][1])):
                yield heading
            else:
                yield from self._row(number, cells)

    def _heading(self, cell: Cell) -> Mark | None:
        """Return the mark of a row of one text that is no entry, None if it may be one."""
        text = cell.text.strip()
        if is_title(text):
            self.section = ""
            return Mark(text, begins=True)
        if _has_values(text, self.captions):
            return None
        wide = cell.col_span > 1 and cell.col_span >= len(self.grid.rows[0]) - 1
        if is_section(text) or wide:
            self.section = section_of(text)
            return Mark(text)
        return None

    def _row(self, number: int, cells: Sequence[tuple[int, Cell]]) -> Iterator[Part]:
        at = 0
        while at < len(cells):
            column, cell = cells[at]
            beside = cells[at + 1][1] if at + 1 < len(cells) else None
            if _has_values(cell.text, self.captions):
                yield from self._inside(number, column, cell)
                at += 1
            elif not self._may_be_label(cell, column, first=at == 0, last=beside is None):
                yield self._rest(number, column, cell)
                at += 1
            elif beside is not None and self._is_parent(number, cell, beside):
                self.parent, self.parent_end = cell.text, number + cell.row_span
                self.columns.add(column + cell.col_span)
                at += 1
            else:
                entry, used = self._entry(number, cells[at:])
                head = is_generic(entry.label.text) and is_head(entry.value.text)
                yield Mark(entry.label.text) if head else entry
                at += used

    def _may_be_label(self, cell: Cell, column: int, *, first: bool, last: bool) -> bool:
        """Tell a caption, or a strange text that stands where labels do and has a value."""
        return self._is_label(cell) or (not last and (first or column in self.columns))

    def _is_label(self, cell: Cell) -> bool:
        return isinstance(cell.value, str) and self.captions.exact(cell.text) is not None

    def _is_parent(self, number: int, cell: Cell, beside: Cell) -> bool:
        """Tell a label over labels: "Người đại diện" in front of "Họ và tên" and "Điện thoại"."""
        if _has_values(beside.text, self.captions) or not isinstance(beside.value, str):
            return False
        if cell.row_span > 1:
            lower = self.grid.rows[number + 1 : number + cell.row_span]
            return any(sum(map(is_filled, row)) > 1 for row in lower)
        return is_generic(beside.text) and not self._is_label(beside)

    def _entry(self, number: int, cells: Sequence[tuple[int, Cell]]) -> tuple[Entry, int]:
        """Return the entry that begins with the first cell, and how many cells it used."""
        (column, label), rest = cells[0], cells[1:]
        key = self.captions.exact(label.text)
        value, used = self._blank(number, column + label.col_span), 1
        if rest and not self._begins_entry(rest[0][1], key, label):
            value, used = _own(rest[0][1]), 2
            if len(rest) > 1 and not self._begins_entry(rest[1][1], key, label):
                number_and_unit = _with_unit(value, _own(rest[1][1]))
                value, used = (number_and_unit, 3) if number_and_unit else (value, 2)
        self.label_end, self.lane = number + label.row_span, column
        section = self.parent or self.section
        place = self.first + number, column
        return Entry(_own(label), value, key, *place, section), used

    def _begins_entry(self, cell: Cell, key: str | None, label: Cell) -> bool:
        """Tell a label, where a value is looked for.

        "Điểm OCOP" may well be a point's name, and "Thôn: Nà Lìn" an address.
        """
        if _has_values(cell.text, self.captions):
            first = labelled(cell.text.split("\n", maxsplit=1)[0], self.captions)[0]
            return key is None or self.captions.exact(first.label) != key
        if not self._is_label(cell):
            return False
        return self.captions.exact(cell.text) != key or cell.text == label.text

    def _rest(self, number: int, column: int, cell: Cell) -> Part:
        """Return what goes on with the value above or beside it, or what belongs to nothing."""
        text = cell.text.strip()
        if is_closing(text):
            self.lane = -1
        hint = text.startswith("(") and text.endswith(")")
        if hint or self.lane < 0 or column <= self.lane:
            return Mark(text)
        below = number < self.label_end
        empty = Cell("", None, cell.place)
        return Entry(empty, _own(cell), None, self.first + number, self.lane, loose=not below)

    def _inside(self, number: int, column: int, cell: Cell) -> Iterator[Part]:
        """Yield the entries of a cell that holds labels and values, one or more to a line."""
        place = self.first + number, column
        for line in cell.text.split("\n"):
            pairs = labelled(line, self.captions)
            section = self.parent or self.section
            for pair in pairs:
                label = _own(cell)._replace(text=pair.label, value=pair.label)
                value = _own(cell)._replace(text=pair.value, value=pair.value)
                key = self.captions.exact(pair.label)
                yield Entry(label, value, key, *place, section, pair.numbered)
            if not pairs and line.strip():
                value = _own(cell)._replace(text=line, value=line)
                yield Entry(Cell("", None, cell.place), value, None, *place)
        self.label_end, self.lane = number + cell.row_span, column

    def _blank(self, row: int, column: int) -> Cell:
        width = len(self.grid.rows[row])
        return Cell("", None, self.grid.place(row, min(column, width - 1)))


def _own(cell: Cell) -> Cell:
    """Return the cell by itself, without the dots that its value was written on."""
    text = bare(cell.text) if isinstance(cell.value, str) else cell.text
    if text == cell.text:
        return cell._replace(row_span=1, col_span=1)
    trace = cell.trace or Trace(written=cell.text)
    return cell._replace(text=text, value=text, row_span=1, col_span=1, trace=trace)


def _has_values(text: str, captions: Captions) -> bool:
    """Tell a cell that holds a label together with its value."""
    if captions.exact(text) is not None:
        return False
    pairs = labelled(text.split("\n", maxsplit=1)[0], captions)
    return bool(pairs) and (pairs[0].known or pairs[0].numbered)


def _unnumbered(
    cells: Sequence[tuple[int, Cell]], captions: Captions
) -> Sequence[tuple[int, Cell]]:
    """Return the cells of a row without a running number in front of a label."""
    if len(cells) < 2:  # noqa: PLR2004  a number alone is a value
        return cells
    first = cells[0][1].text.strip(" .)(")
    short = len(first) <= _MARK_LETTERS and (
        first.isdecimal() or first.isupper() or len(first) == 1
    )
    known = captions.exact(cells[0][1].text) is not None
    return cells[1:] if short and not known else cells


def _with_unit(one: Cell, other: Cell) -> Cell | None:
    """Return a number with the unit that stands in the cell before or behind it."""
    for value, unit in ((one, other), (other, one)):
        if is_unit(unit.text) and _is_bare_number(value):
            text = f"{value.text} {unit.text.strip()}"
            return value._replace(text=text, value=text)
    return None


def _is_bare_number(cell: Cell) -> bool:
    return is_filled(cell) and not any(letter.isalpha() for letter in cell.text)
