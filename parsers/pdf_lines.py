"""The lines of a table without borders, cut into pieces at wide gaps; where they begin and end."""

import itertools
import re
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
