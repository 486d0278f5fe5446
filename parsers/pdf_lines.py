"""The lines of a table without borders: cut into pieces at wide gaps, and grouped into rows.

What a ruled table shows by its lines, only the places of its words tell here. A row begins at a
rule, at its running number, or below a gap that is wider than those inside rows; where these leave
two readings open, the lines in question are told.
"""

import itertools
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from parsers.pdf_text import Glyph, Segment, pieces
from parsers.vietnamese import fold

_COLUMN_GAP: Final = 0.45  # of the size: wider than a space, no wider than two cells' margins
_WORD_GAP: Final = 0.15
_SERIAL: Final = re.compile(r"0?(\d{1,3})[.)]?")
_COUNT: Final = re.compile(r"\(?(?:[A-H]|(\d{1,2})[a-z]?)(?:\s*=.*)?\)?")
_GROUP: Final = re.compile(r"[IVX]{1,5}[.)]?|[A-HĐ][.)]?")
_SUM: Final = re.compile(
    r"(?:tong(?: cong| so| kinh phi)?|cong)(?: (?:[ivx]+|\d+|[abc]|muc|nhom|phan|diem))*"
)
_FIGURE: Final = re.compile(r"[\d.,]*\d")
_CLEARER: Final = 0.13  # of the height: a gap between rows is so much wider than those inside
_SAME: Final = 0.05  # of the height: gaps that differ by less are one
_UNDER: Final = 1.5  # points: running numbers stand one under the other

#: A strip of the page from left to right, in points.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text on the page, its pieces from left to right."""

    pieces: tuple[Segment, ...]

    @property
    def top(self) -> float:
        """The top of its highest letter."""
        return min(piece.top for piece in self.pieces)

    @property
    def bottom(self) -> float:
        """The bottom of its lowest letter."""
        return max(piece.bottom for piece in self.pieces)

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """How high it is."""
        return self.bottom - self.top

    @property
    def serial(self) -> int | None:
        """The running number that it begins with and that stands alone; else ``None``."""
        found = None if self.counts else _SERIAL.fullmatch(self.pieces[0].text)
        return int(found[1]) if found else None

    @property
    def counts(self) -> bool:
        """Whether it is the row of column numbers under a header: (1) (2) (3), A B 1 2."""
        marks = [_COUNT.fullmatch(piece.text) for piece in self.pieces]
        numbers = [int(mark[1]) for mark in marks if mark and mark[1]]
        rising = all(upper <= lower <= upper + 2 for upper, lower in itertools.pairwise(numbers))
        first = bool(numbers) and numbers[0] <= 2  # noqa: PLR2004  A, B may come first
        return len(marks) > 2 and all(marks) and first and rising  # noqa: PLR2004  too few to tell

    @property
    def opens(self) -> bool:
        """Whether it begins a row that has no running number: a group's heading, a sum."""
        first, more = self.pieces[0].text, self.pieces[1:]
        if more and not self.counts and _GROUP.fullmatch(first):
            return True
        told = " " in first or any(_FIGURE.fullmatch(piece.text) for piece in more)
        return told and _SUM.fullmatch(fold(first)) is not None


@dataclass(frozen=True, slots=True)
class Band:
    """The lines of one row; ``doubtful`` are the blocks whose lines may be another row's."""

    lines: tuple[Line, ...]
    doubtful: frozenset[int] = frozenset()

    @property
    def serial(self) -> int | None:
        """The row's running number."""
        return next((line.serial for line in self.lines if line.serial is not None), None)


def cut(lines: Iterable[Sequence[Glyph]], walls: Sequence[float]) -> list[Line]:
    """Return lines of glyphs as lines of pieces, cut at wide gaps and where a wall stands."""
    return [Line(tuple(pieces(line, _COLUMN_GAP, walls))) for line in lines]


def words(line: Sequence[Glyph]) -> list[Segment]:
    """Return the words of a line."""
    return pieces(line, _WORD_GAP, ())


def numbered(lines: Sequence[Line], firsts: frozenset[int]) -> list[int]:
    """Return which lines begin with the running numbers of one table, the first in ``firsts``.

    They count one by one, may begin again at 1, and stand one under the other.
    """
    found: list[int] = []
    for at, line in enumerate(lines):
        serial = line.serial
        if serial is None or len(line.pieces) < 2:  # noqa: PLR2004  a number alone is a page's
            continue
        if not found:
            if serial in firsts:
                found.append(at)
            continue
        above = lines[found[-1]]
        if serial in {(above.serial or 0) + 1, 1} and _meet(above.pieces[0], line.pieces[0]):
            found.append(at)
    return found


def _meet(one: Segment, other: Segment) -> bool:
    return one.x0 - _UNDER <= other.x1 and other.x0 - _UNDER <= one.x1


def blocks_of(lines: Iterable[Line]) -> list[Span]:
    """Return the strips of the page that these lines fill: each a column, if nothing crosses."""
    blocks: list[Span] = []
    for x0, x1 in sorted((piece.x0, piece.x1) for line in lines for piece in line.pieces):
        if blocks and x0 <= blocks[-1][1]:
            blocks[-1] = blocks[-1][0], max(x1, blocks[-1][1])
        else:
            blocks.append((x0, x1))
    return blocks


def touched(piece: Segment, blocks: Sequence[Span]) -> list[int]:
    """Return the blocks that a piece stands in, or reaches into."""
    return [at for at, (x0, x1) in enumerate(blocks) if piece.x0 < x1 and piece.x1 > x0]


def end_of(
    lines: Sequence[Line], numbers: Sequence[int], blocks: Sequence[Span], rules: Sequence[float]
) -> int:
    """Return the line behind the table's last one; ``numbers`` are those with running numbers.

    The table ends at the last rule, if rules close it, else above a wide gap; and above a text that
    reaches over several columns, as only a sum's words may.
    """
    first, last = numbers[0], numbers[-1]
    middle = lines[last].middle
    closed = any(rule < middle for rule in rules) and any(rule > middle for rule in rules)
    usual = max((gap_above(lines, at) for at in range(first + 1, last + 1)), default=0.0)
    end = last + 1
    while end < len(lines):
        line = lines[end]
        wide = any(len(touched(piece, blocks)) > 1 for piece in line.pieces)
        apart = gap_above(lines, end) > max(usual, line.height) + _UNDER
        if (wide and not line.opens) or (line.middle > rules[-1] if closed else apart):
            break
        end += 1
    return end


def gap_above(lines: Sequence[Line], at: int) -> float:
    """Return the space above a line."""
    return lines[at].top - lines[at - 1].bottom


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of a table; ``settled`` says that nothing but one way of cutting is possible."""

    bands: tuple[Band, ...]
    settled: bool = True


def banded(
    lines: Sequence[Line], rules: Sequence[float], blocks: Sequence[Span], *, settled: bool
) -> Cut | None:
    """Return the rows of a table's lines, captions included; ``None`` if they cannot be told.

    A rule between two lines always parts rows. ``settled``: the same table was cut for certain on
    the page before, so that its cells are known to be set to the top.
    """
    bands: list[Band] = []
    certain = True
    for _, group in itertools.groupby(lines, key=lambda line: sum(r < line.middle for r in rules)):
        part = _rows(list(group), blocks, settled=settled)
        if part is None:
            return None
        bands += part.bands
        certain = certain and part.settled
    return Cut(tuple(bands), certain)


def _rows(lines: list[Line], blocks: Sequence[Span], *, settled: bool) -> Cut | None:
    starts = [at for at, line in enumerate(lines) if line.serial is not None or line.opens]
    if not starts or (len(starts) == 1 and not any(line.counts for line in lines)):
        return Cut((Band(tuple(lines)),))
    gaps = {at: gap_above(lines, at) for at in range(1, len(lines))}
    widest = [max(gaps[at] for at in range(a + 1, b + 1)) for a, b in itertools.pairwise(starts)]
    least = min(widest, default=max(gaps.values()))
    height = statistics.median(line.height for line in lines)
    cuts = [at for at, gap in gaps.items() if gap >= least - _SAME * height]
    clear = all(gap < least - _CLEARER * height for at, gap in gaps.items() if at not in cuts)
    inner = [at for at in cuts if starts[0] < at <= starts[-1]]
    if clear and len(inner) == len(starts) - 1:
        ends = itertools.pairwise([0, *cuts, len(lines)])
        return Cut(tuple(Band(tuple(lines[a:b])) for a, b in ends))
    return _by_numbers(lines, starts, blocks, settled=settled)


def _by_numbers(
    lines: list[Line], starts: list[int], blocks: Sequence[Span], *, settled: bool
) -> Cut | None:
    """Cut above every running number: right where cells are set to the top, the usual way.

    Cells set to the middle or the bottom may give the same picture when every gap is alike. What
    the lines rule out is ruled out; else all that stands between two numbers is in doubt. Text
    between the row of column numbers and the first number belongs to the first row, so that the
    cells are not set to the top.
    """
    counting = [at for at in range(starts[0]) if lines[at].counts]
    if counting and counting[-1] + 1 < starts[0]:
        return _by_last_lines(lines, starts, counting[-1] + 1, blocks)
    ends = [*starts[1:], len(lines)]
    between = [lines[start + 1 : end] for start, end in zip(starts, ends, strict=True)]
    closed = [end == len(lines) or lines[end].opens for end in ends]
    lowest = any(inner and last for inner, last in zip(between, closed, strict=True))
    certain = settled or not any(between)
    certain = certain or (lowest and not _may_be_centred(lines, starts, [], blocks))
    bands = [Band(tuple(lines[: starts[0]]))] if starts[0] else []
    above: frozenset[int] = frozenset()
    for start, end, inner in zip(starts, ends, between, strict=True):
        below = frozenset(
            at for line in inner for piece in line.pieces for at in touched(piece, blocks)
        )
        bands.append(Band(tuple(lines[start:end]), frozenset() if certain else above | below))
        above = below
    return Cut(tuple(bands), certain)


def _by_last_lines(
    lines: list[Line], starts: list[int], body: int, blocks: Sequence[Span]
) -> Cut | None:
    """Cut below every running number, if the cells can only be set to the bottom."""
    ends = [start + 1 for start in starts]
    if ends[-1] < len(lines) or _may_be_centred(lines, starts, lines[body : starts[0]], blocks):
        return None
    pairs = itertools.pairwise([0, body, *ends])
    return Cut(tuple(Band(tuple(lines[a:b])) for a, b in pairs), settled=False)


def _may_be_centred(
    lines: list[Line], starts: list[int], leading: Sequence[Line], blocks: Sequence[Span]
) -> bool:
    """Whether every column may have, about each number, as many lines above as below it.

    What leads stands above the first number. So each count of lines between two numbers tells how
    many of them the lower row has above its own, and so many follow it.
    """
    ends = [*starts[1:], len(lines)]
    for block in blocks:
        below = _filled(leading, block)
        for start, end in zip(starts, ends, strict=True):
            below = _filled(lines[start + 1 : end], block) - below
            if below < 0 or (below and (end == len(lines) or lines[end].opens)):
                return False
    return True


def _filled(lines: Iterable[Line], block: Span) -> int:
    """Return how many lines have text in a block."""
    return sum(any(touched(piece, [block]) for piece in line.pieces) for line in lines)
