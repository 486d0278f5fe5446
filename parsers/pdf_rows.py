"""The rows of a table without borders.

A row begins at a rule, below a gap that is wider than those inside rows, or at its running number.
What these leave open is told, or the table is not read.
"""

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from parsers.pdf_lines import Line, Span, gap_above, touched

_CLEARER: Final = 0.13  # of the height: a gap between rows is so much wider than those inside
_SAME: Final = 0.05  # of the height: gaps that differ by less are one

Side = Literal["top", "bottom", ""]


@dataclass(frozen=True, slots=True)
class Band:
    """The lines of one row; ``doubtful`` are the blocks whose lines may be another row's."""

    lines: tuple[Line, ...]
    doubtful: frozenset[int] = frozenset()

    @property
    def serial(self) -> int | None:
        """The row's running number."""
        return next((line.serial for line in self.lines if line.serial is not None), None)


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of a table; ``side`` is where its cells' text is set, if that is certain.

    ``closed`` says that a rule stands below the last row: no page break cuts it.
    """

    bands: tuple[Band, ...]
    side: Side = ""
    closed: bool = False


def banded(
    lines: Sequence[Line], rules: Sequence[float], blocks: Sequence[Span], *, above: "Cut | None"
) -> Cut | None:
    """Return the rows of the lines under a header; ``None`` if they cannot be told apart.

    A rule between two lines always parts rows. ``above`` are the rows of the same table on the page
    before: then what stands over the first number is the rest of a row.
    """
    bands: list[Band] = []
    sides: set[Side] = set()
    above = None if above and above.closed else above
    for _, group in itertools.groupby(lines, key=lambda line: sum(r < line.middle for r in rules)):
        part = _rows(list(group), blocks, None if bands else above)
        if part is None:
            return None
        bands += part.bands
        sides.add(part.side)
    closed = bool(lines and rules) and rules[-1] > lines[-1].middle
    return Cut(tuple(bands), sides.pop() if len(sides) == 1 else "", closed)


def _rows(lines: list[Line], blocks: Sequence[Span], above: Cut | None) -> Cut | None:
    starts = [at for at, line in enumerate(lines) if line.serial is not None or line.opens]
    if not starts or (len(starts) == 1 and (above is None or starts[0] == 0)):
        return Cut((Band(tuple(lines)),))
    gaps = {at: gap_above(lines, at) for at in range(1, len(lines))}
    widest = [max(gaps[at] for at in range(a + 1, b + 1)) for a, b in itertools.pairwise(starts)]
    height = statistics.median(line.height for line in lines)
    least = min(widest, default=max(gaps.values())) - _SAME * height
    cuts = [at for at, gap in gaps.items() if gap >= least]
    inside = [gap for at, gap in gaps.items() if at not in cuts]
    clear = all(gap < least - _CLEARER * height for gap in inside)
    inner = [at for at in cuts if starts[0] < at <= starts[-1]]
    if clear and (inside or len(lines) == len(starts)) and len(inner) == len(starts) - 1:
        ends = itertools.pairwise([0, *cuts, len(lines)])
        return Cut(tuple(Band(tuple(lines[a:b])) for a, b in ends))
    side = above.side if above else ""
    if side == "bottom" or (starts[0] and above is None):
        return _by_last_lines(lines, starts, blocks, certain=side == "bottom")
    if starts[0] and side != "top":
        return None
    return _by_numbers(lines, starts, blocks, certain=side == "top")


def _by_numbers(
    lines: list[Line], starts: list[int], blocks: Sequence[Span], *, certain: bool
) -> Cut:
    """Cut above every running number: right where cells are set to the top, the usual way.

    Cells set to the middle or the bottom may give the same picture when every gap is alike. What
    the lines rule out is ruled out; else all that stands between two numbers is in doubt.
    """
    ends = [*starts[1:], len(lines)]
    between = [lines[start + 1 : end] for start, end in zip(starts, ends, strict=True)]
    closed = [end == len(lines) or lines[end].opens for end in ends]
    lowest = any(inner and last for inner, last in zip(between, closed, strict=True))
    certain = certain or (lowest and not _may_be_centred(lines, starts, [], blocks))
    bands = [Band(tuple(lines[: starts[0]]))] if starts[0] else []
    above: frozenset[int] = frozenset()
    for start, end, inner in zip(starts, ends, between, strict=True):
        below = frozenset(
            at for line in inner for piece in line.pieces for at in touched(piece, blocks)
        )
        bands.append(Band(tuple(lines[start:end]), frozenset() if certain else above | below))
        above = below
    return Cut(tuple(bands), "top" if certain else "")


def _by_last_lines(
    lines: list[Line], starts: list[int], blocks: Sequence[Span], *, certain: bool
) -> Cut | None:
    """Cut below every running number, if the cells can only be set to the bottom.

    Text over the first number is the first row's: the cells are not set to the top.
    """
    ends = [start + 1 for start in starts]
    if ends[-1] < len(lines):
        return None
    if not certain and _may_be_centred(lines, starts, lines[: starts[0]], blocks):
        return None
    pairs = itertools.pairwise([0, *ends])
    return Cut(tuple(Band(tuple(lines[a:b])) for a, b in pairs), "bottom")


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
