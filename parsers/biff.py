"""The record stream of an old workbook: what xlrd does not tell of it.

A stream is a run of records, each of kind, length and body ([MS-XLS] 2.1.4). Here they are walked
for four facts only: whether they are encrypted, whether every sheet is there to its end, whether
each cell is said once and beside its neighbours, and which formulas have no result that was ever
calculated.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from parsers.package import RefusedError

_BOF = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
_EOF = 0x000A
_FILE_PASS = 0x002F
_BOUND_SHEET = 0x0085
_FORMULA = frozenset({0x0006, 0x0206, 0x0406})
#: Longer records go on in further ones ([MS-XLS] 2.1.4).
_LONGEST = 8_224
#: High bytes of all kinds of records: cells and settings, later additions, charts.
_FAMILIES = frozenset({*range(0x09), 0x10})
#: Numbers (two kinds), shared texts, truth values, empty cells and rows have one length each.
_LENGTHS = {0x0203: 14, 0x027E: 10, 0x00FD: 10, 0x0205: 8, 0x0201: 6, 0x0208: 16}
_BLANKS = 0x00BE
#: Empty cells, runs of cells, and all cells from BIFF3 on.
_EMPTY = frozenset({0x0201, _BLANKS})
_RUNS = frozenset({0x00BD, _BLANKS})
_CELLS = frozenset({0x0203, 0x027E, 0x00FD, 0x0204, 0x00D6, 0x0205, *_FORMULA, *_EMPTY, *_RUNS})
#: In larger sheets only the first places are watched.
_MOST_PLACES = 200_000
#: Formatted emptiness costs xlrd time all the same: this is every row of a sheet, A to Z.
_MOST_BLANKS = 2_000_000
_FORMULA_BODY = struct.Struct("<HHH8sH")
#: BIFF2 has three bytes of attributes and one of flags.
_OLDEST = 0x0009
_OLD_FORMULA = struct.Struct("<HH3s8sB")
_WORKSHEET = 0
#: Its result is to be worked out at opening ([MS-XLS] 2.4.127).
_CALCULATE_ON_LOAD = 2
_NOT_A_NUMBER = b"\xff\xff"
_NO_TEXT = 3

#: Row and column, counted from 0.
Position = tuple[int, int]


@dataclass(slots=True)
class _Formulas:
    """The formulas of one sheet: those without a sure result, and whether any has one."""

    zeros: set[Position] = field(default_factory=set)
    empty: set[Position] = field(default_factory=set)
    calculated: bool = False
    seen: set[Position] = field(default_factory=set)
    #: Rows of the last two cells with content.
    rows: tuple[int, int] = (0, 0)
    #: Cells that stand in another row than those before and after them.
    strays: int = 0


def uncalculated(stream: bytes) -> tuple[frozenset[Position], ...]:
    """Return, for each worksheet in its order, the formulas whose saved result is none.

    That is 0, or no text, beside the request to calculate at opening; and no text where no formula
    of the whole book has any other result, as xlwt leaves it (Excel saves an empty text too, but
    not only that).

    Raises:
        RefusedError: ``encrypted`` or ``damaged``.
        struct.error: a record is shorter than it must be.
    """
    sheets = [_formulas(stream, start) for start in _starts(stream)]
    never = not any(sheet.calculated for sheet in sheets)
    return tuple(frozenset(sheet.zeros | (sheet.empty if never else set())) for sheet in sheets)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of the records from here to the stream's end.

    A kind or length that no record has, or a block of zeros, shows that a part was lost.
    """
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        known = kind >> 8 in _FAMILIES and length == _LENGTHS.get(kind, length) <= _LONGEST
        if not known or (kind, length) == (0, 0):
            raise RefusedError("damaged", f"no record at {at}")
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _starts(stream: bytes) -> list[int]:
    """Return where each worksheet begins; one without a directory (before BIFF5) begins at 0."""
    starts = []
    for kind, body in _records(stream, 0):
        if kind == _FILE_PASS:
            raise RefusedError("encrypted", "a FILEPASS record")
        if kind == _BOUND_SHEET and body[5] == _WORKSHEET:
            starts.append(struct.unpack_from("<I", body)[0])
        if kind == _EOF:
            break
    return starts or [0]


def _formulas(stream: bytes, start: int) -> _Formulas:
    found, depth, blanks = _Formulas(), 0, 0
    oldest = stream[start : start + 2] == _OLDEST.to_bytes(2, "little")
    for kind, body in _records(stream, start):
        if kind in _BOF:
            depth += 1  # a chart inside the sheet has its own begin and end
        elif kind == _EOF:
            depth -= 1
            if depth == 0:
                return _without_strays(found)
        elif kind in _CELLS and depth == 1:
            _place(found, kind, body)
            if kind in _FORMULA:
                _note(found, body, old=oldest)
        if kind == _BLANKS:
            blanks += len(body) // 2
        if blanks > _MOST_BLANKS:
            raise RefusedError("too-large", f"over {_MOST_BLANKS} formatted empty cells")
        if depth == 0:
            break
    raise RefusedError("damaged", "a sheet without its end")


def _without_strays(found: _Formulas) -> _Formulas:
    """Return what was found in a sheet.

    Raises:
        RefusedError: one single cell stands out of its row. Programs write row by row, some of
            them column by column, none of them all but one.
    """
    if found.strays == 1:
        raise RefusedError("damaged", "a cell out of its row")
    return found


def _place(found: _Formulas, kind: int, body: bytes) -> None:
    """Note where cells stand.

    Raises:
        RefusedError: there is one already: a bit of its address was lost on the way.
    """
    row, first = struct.unpack_from("<HH", body)
    last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind in _RUNS else first
    if len(found.seen) > _MOST_PLACES:
        return
    for column in range(first, last + 1):
        if (row, column) in found.seen:
            raise RefusedError("damaged", f"two cells for one address in row {row}")
        found.seen.add((row, column))
    if kind not in _EMPTY:
        before, above = found.rows
        found.strays += before <= row and not before <= above <= row
        found.rows = above, row


def _note(found: _Formulas, body: bytes, *, old: bool) -> None:
    layout = _OLD_FORMULA if old else _FORMULA_BODY
    row, column, _, result, flags = layout.unpack_from(body)
    asks = flags & _CALCULATE_ON_LOAD
    if result[6:] == _NOT_A_NUMBER and result[0] == _NO_TEXT:
        (found.zeros if asks else found.empty).add((row, column))
    elif result[6:] != _NOT_A_NUMBER and asks and struct.unpack("<d", result)[0] == 0:
        found.zeros.add((row, column))
    else:
        found.calculated = True
