"""Slips (phiếu đăng ký): one point each, its labels beside their values, in tables or in lines.

A slip becomes a grid of three rows (sections, labels, values) with its header, so that from here on
it is read like a table of one point.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Final

from parsers.columns import Captions
from parsers.grid import Cell, Extract, Grid, is_filled
from parsers.header import Header, header_of
from parsers.slip_lines import from_lines
from parsers.slip_parts import Entry, Part, is_guidance
from parsers.slip_tables import from_grid, labels_in, may_label

#: Labels of the form that a slip beside a complete one must have to be one too.
_FEW: Final = 3
_MOST_CELLS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: its grid and header, the lines over it alone (``grid.before`` has all above).

    ``loose`` are the fields whose value is not certain: where it ends, or which of two it is.
    """

    grid: Grid
    header: Header
    titles: tuple[str, ...]
    loose: frozenset[str]


_Test = Callable[[Slip, Captions], bool]


def slips_of(grids: Sequence[Grid], captions: Captions) -> list[Slip]:
    """Return the slips that tables hold; one slip may go on in the next table of a Word file."""
    found: list[Slip] = []
    for _, together in groupby(grids, _sheet):
        members = [grid for grid in together if _is_small(grid)]
        if not _may_hold_slips(members, captions):
            continue
        firsts = accumulate((len(grid.rows) for grid in members), initial=0)
        parts = [
            part
            for grid, first in zip(members, firsts, strict=False)
            for part in from_grid(grid, captions, first)
        ]
        slips = _slips(parts, members[0].name, captions, _is_slip)
        if _is_filled_otherwise(parts) and not any(_is_meant(slip, captions) for slip in slips):
            continue
        found += slips
    return found


def slips_in_lines(extract: Extract, captions: Captions) -> list[Slip]:
    """Return the slips in the running text; a letter that mentions such words holds none."""
    return _slips(list(from_lines(extract.lines, captions)), "", captions, _is_list)


def _is_filled_otherwise(parts: Sequence[Part]) -> bool:
    """Tell a table with half as many other texts as labels: not blank, only not understood.

    Values below their labels are no layout that is read.
    """
    entries = [part for part in parts if isinstance(part, Entry)]
    known = sum(entry.key is not None for entry in entries)
    strange = sum(entry.key is None and is_filled(entry.value) for entry in entries)
    return strange * 2 >= known


def _is_small(grid: Grid) -> bool:
    """Tell a table that may hold slips: they are looked at cell by cell, lists of thousands not."""
    if sum(map(len, grid.rows)) <= _MOST_CELLS:
        return True
    return sum(sum(cell is not None for cell in row) for row in grid.rows) <= _MOST_CELLS


def _may_hold_slips(grids: Sequence[Grid], captions: Captions) -> bool:
    """Tell whether any text could be the label of what each slip asks for (``_is_slip``).

    Looking for slips walks over every cell several times; most sheets beside a form are lists.
    """
    needed = {field.key for field in captions.form.fields if field.required}
    texts = {cell.text for grid in grids for row in grid.rows for cell in row if cell}
    likely = captions.familiar(texts).union(filter(may_label, texts))
    named = {key for text in likely for key in labels_in(text, captions)}
    return captions.form.name_key in named and len(named & needed) * 2 >= len(needed)


def _sheet(grid: Grid) -> str:
    """Return what keeps slips apart: sheets do, tables of one document do not."""
    place = next((cell.place for row in grid.rows for cell in row if cell), "")
    return place.rpartition("!")[0]


def _slips(parts: Iterable[Part], name: str, captions: Captions, enough: _Test) -> list[Slip]:
    candidates = []
    above = 0
    for block in _whole(_blocks(parts), captions):
        for members in _separate(_in_lanes(block.entries), captions):
            slip = _slip(members, block.texts, name, captions)
            if slip:
                candidates.append(replace(slip, titles=block.texts[above:]))
                above = len(block.texts)
    if not any(enough(slip, captions) for slip in candidates):
        return []
    return [slip for slip in candidates if enough(slip, captions) or _is_meant(slip, captions)]


@dataclass(slots=True)
class _Block:
    """The entries between two beginnings, with all texts that stood before them."""

    texts: tuple[str, ...]
    entries: list[Entry]
    mild: bool

    @property
    def keys(self) -> set[str]:
        return {entry.key for entry in self.entries if entry.key}


def _blocks(parts: Iterable[Part]) -> Iterator[_Block]:
    texts: list[str] = []
    block = _Block((), [], mild=False)
    for part in parts:
        if isinstance(part, Entry):
            block.texts = block.texts if block.entries else tuple(texts)
            block.entries.append(part)
            continue
        if part.begins and block.entries:
            yield block
            block = _Block((), [], part.mild)
        elif part.begins:
            block.mild = block.mild and part.mild
        texts.append(part.text)
    if block.entries:
        yield block


def _whole(blocks: Iterable[_Block], captions: Captions) -> list[_Block]:
    """Return the blocks, those joined between which only a sentence stands.

    What goes on with a slip has several labels and no name: not a lone telephone. Where it repeats
    a label, it may be about the office as well, and nothing of it is certain; of a lone telephone
    only that the slip's own may be another.
    """
    name = captions.form.name_key
    whole: list[_Block] = []
    for block in blocks:
        above = whole[-1] if whole else None
        if above is None or not block.mild or name in block.keys or name not in above.keys:
            whole.append(block)
            continue
        again = block.keys & above.keys
        alone = len(block.keys) < _FEW
        above.entries += [
            replace(one, loose=one.loose or bool(again))
            for one in block.entries
            if one.key in again or not alone
        ]
    return whole


def _in_lanes(entries: list[Entry]) -> list[Entry]:
    """Return the entries slip by slip where two slips stand side by side."""
    seen: set[tuple[int, str]] = set()
    for entry in entries:
        if entry.key and (entry.row, entry.key) in seen:
            return sorted(entries, key=lambda one: (one.lane, one.row))
        if entry.key:
            seen.add((entry.row, entry.key))
    return entries


def _separate(entries: Sequence[Entry], captions: Captions) -> list[list[Entry]]:
    """Return the entries of each slip: from "Điểm 1" on, else from the label that all begin with.

    There are as many slips as names; one that would hold next to nothing shows that a name only
    stands twice.
    """
    first = captions.form.name_key
    counts = Counter(entry.key for entry in entries if entry.key)
    counted = any(entry.counted for entry in entries)
    if counts[first] < 2 and not counted:  # noqa: PLR2004  one name, one slip
        return [list(entries)]
    start = next((key for key, count in counts.items() if count == counts[first]), "")
    pieces: list[list[Entry]] = []
    for entry in entries:
        if entry.counted or (not counted and entry.key == start):
            pieces.append([])
        if pieces:
            pieces[-1].append(entry)
    if counted:
        return pieces
    slight = any(sum(1 for one in piece if one.key) < _FEW for piece in pieces)
    return [list(entries)] if slight else pieces


def _slip(
    entries: Sequence[Entry], texts: tuple[str, ...], name: str, captions: Captions
) -> Slip | None:
    first = captions.form.name_key
    named = any(entry.key == first for entry in entries)
    entries = [_renamed(entry, captions) for entry in entries if not (entry.counted and named)]
    known = [number for number, entry in enumerate(entries) if entry.key]
    if not known:
        return None
    entries = [one for one in entries[known[0] : known[-1] + 1] if one.label.text]
    sections = tuple(Cell(one.section, one.section, one.label.place) for one in entries)
    values = [one.value for one in entries if is_filled(one.value)]
    if values and sum(is_guidance(value.text) for value in values) * 2 >= len(values):
        return None
    rows = (sections, tuple(one.label for one in entries), tuple(map(_value, entries)))
    grid = Grid(name or entries[0].value.place, rows, before=texts)
    header = header_of(grid, captions, 2)
    if header is None:
        return None
    return Slip(grid, header, (), _loose(entries, header, captions))


def _value(entry: Entry) -> Cell:
    """Return the value, nothing where only "(ghi rõ thôn, xã)" stands."""
    text = entry.value.text
    hint = text.startswith("(") and text.endswith(")") and is_guidance(text)
    return Cell("", None, entry.value.place) if hint else entry.value


def _renamed(entry: Entry, captions: Captions) -> Entry:
    """Return "Điểm 1: …" as the entry of a point's name."""
    if not entry.counted:
        return entry
    field = captions.form.field(captions.form.name_key)
    label = entry.label._replace(text=field.label, value=field.label)
    return replace(entry, label=label, key=field.key)


def _loose(entries: Sequence[Entry], header: Header, captions: Captions) -> frozenset[str]:
    """Return the fields of which a value's end is not certain, or that have two values."""
    values: dict[str, set[str]] = {}
    for entry in entries:
        meant = captions.matches(tuple(filter(None, (entry.section, entry.label.text))))
        if meant and meant[0].confidence == 1.0:
            values.setdefault(meant[0].key, set()).add(entry.value.text)
    return frozenset(
        column.field.key
        for column in header.columns
        if entries[column.index].loose or len(values.get(column.field.key, ())) > 1
    )


def _required(slip: Slip, captions: Captions, *, filled: bool) -> set[str]:
    """Return the required fields that the slip asks for by their own captions."""
    values = slip.grid.rows[-1]
    return {
        column.field.key
        for column in slip.header.columns
        if column.field.required
        and captions.exact(column.caption) == column.field.key
        and (not filled or is_filled(values[column.index]))
    }


def _is_meant(slip: Slip, captions: Captions) -> bool:
    """Tell an incomplete slip beside a complete one: it names a point or has several values."""
    values = slip.grid.rows[-1]
    given = {c.field.key for c in slip.header.columns if is_filled(values[c.index])}
    return captions.form.name_key in given or len(given) >= _FEW


def _is_slip(slip: Slip, captions: Captions) -> bool:
    """Tell a slip in a table: the point's name and half of the required fields."""
    asked = _required(slip, captions, filled=False)
    needed = sum(field.required for field in captions.form.fields) / 2
    return captions.form.name_key in asked and len(asked) >= needed


def _is_list(slip: Slip, captions: Captions) -> bool:
    """Tell a slip in running text: a point's name and two further required values."""
    given = _required(slip, captions, filled=True)
    return captions.form.name_key in given and len(given) >= _FEW
