"""Where the captions of a table without borders are, and the columns they stand over."""

import itertools
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from parsers.pdf_lines import Line, Span, blocks_of, gap_above, touched
from parsers.pdf_text import Segment
from parsers.vietnamese import fold

_HEADER_LINES: Final = 12
_HEADER_GAP: Final = 1.2  # of the height: a wider gap parts the header from the title over it
_PADDED_GAP: Final = 4.0  # but high rows may leave so much below it
_WIDEST_CAPTION: Final = 2  # columns under one caption; a text over more is a title
_UNIT_LINE: Final = re.compile(r"(?:don vi tinh|dvt|don vi)\b")
_EMPTY_GAP: Final = 0.6  # of the height: text so near an empty column may have come out of it
_ASIDE: Final = 2.5  # of the height: so near stands a caption in the middle to a text at the side
_LOOSE: Final = 0.7  # of the height: lines of one cell stand nearer


@dataclass(frozen=True, slots=True)
class Around:
    """What beside its letters tells a page's tables.

    ``rules`` are the heights of horizontal rules as wide as a table, top down; ``is_caption`` knows
    the captions of the form.
    """

    rules: Sequence[float] = ()
    is_caption: Callable[[str], bool] = field(default=lambda _: False)


class CrowdedError(Exception):
    """Two captions stand side by side over what looks like one column."""

    def __init__(self, left: Segment, right: Segment) -> None:
        super().__init__(left.text, right.text)
        self.captions = left, right


def header_start(
    rows: list[Line], numbers: list[int], blocks: Sequence[Span], rules: Sequence[float]
) -> int:
    """Return the first line of the captions above a table's first row."""
    body = numbers[0]
    usual = max((gap_above(rows, at) for at in range(body + 1, numbers[-1] + 1)), default=0.0)
    above = [rule for rule in rules if rule < rows[body].middle]
    first = body
    while first > 0 and body - first < _HEADER_LINES:
        line, below = rows[first - 1], rows[first]
        over = [len(touched(piece, blocks)) for piece in line.pieces]
        if above and line.middle < min(above):
            break
        padded = first == body or below.counts
        most = _PADDED_GAP * line.height if padded else max(line.height * _HEADER_GAP, usual + 1)
        if below.top - line.bottom > most:
            break
        lone = len(over) == 1 and (over[0] > _WIDEST_CAPTION or body - first == 0 < over[0] - 1)
        if lone or _UNIT_LINE.match(fold(line.pieces[0].text)):
            break
        first -= 1
    return first


def header_lines(above: Sequence[Line], body: Line, blocks: Sequence[Span], page: Around) -> int:
    """Return how many of the lines above the first number are captions.

    The rest belongs to the first row, whose cells are then not set to the top. The row of column
    numbers ends the captions, or a rule does; else they are as many as make most known captions,
    and a text well below the caption over it is none of it.
    """
    counting = [at for at, line in enumerate(above, 1) if line.counts]
    if counting:
        return counting[-1]
    closing = [rule for rule in page.rules if above and above[0].middle < rule < body.middle]
    if closing:
        return sum(line.middle < closing[-1] for line in above)
    sizes = range(len(above), 0, -1)
    known = {size: _known(above[:size], blocks, page) for size in sizes}
    best = max(sizes, key=lambda size: known[size], default=0)
    tight = _tight_lines(above, blocks)
    return tight if tight < best and known.get(tight) == known[best] else best


def _known(lines: Sequence[Line], blocks: Sequence[Span], page: Around) -> int:
    """Return how many columns have a caption of the form."""
    texts: dict[int, list[str]] = {}
    for piece in (piece for line in lines for piece in line.pieces):
        over = touched(piece, blocks)
        if len(over) == 1:
            texts.setdefault(over[0], []).append(piece.text)
    return sum(page.is_caption(" ".join(words)) for words in texts.values())


def _tight_lines(lines: Sequence[Line], blocks: Sequence[Span]) -> int:
    """Return how many lines there are before one that stands well below its column's text."""
    last: dict[int, float] = {}
    for at, line in enumerate(lines):
        for piece in line.pieces:
            over = touched(piece, blocks)
            if len(over) == 1:
                if piece.top - last.get(over[0], piece.top) > _LOOSE * line.height:
                    return at
                last[over[0]] = piece.bottom
    return len(lines)


def columns_of(
    blocks: list[Span], data: Sequence[Line], captions: Sequence[Line]
) -> list[Span] | None:
    """Return the columns: what data and captions fill; ``None`` unless each has one caption."""
    single = [
        Line((piece,))
        for line in captions
        for piece in line.pieces
        if len(touched(piece, blocks)) <= 1
    ]
    columns = _under_captions(blocks_of([*data, *single]), blocks, single)
    homes = [
        next(at for at, (x0, x1) in enumerate(columns) if x0 <= block[0] and block[1] <= x1)
        for block in blocks
    ]
    if len(set(homes)) < len(blocks):
        return None
    _refuse_crowded(captions, columns)
    for left, right in itertools.pairwise(columns):
        empty = not all(
            any(block[0] < span[1] and span[0] < block[1] for block in blocks)
            for span in (left, right)
        )
        if empty and right[0] - left[1] < _EMPTY_GAP * data[0].height:
            return None
    captioned = {at for line in single for at in touched(line.pieces[0], columns)}
    bare = set(range(1, len(columns))) - captioned
    return None if bare or not captioned else columns


def _under_captions(
    columns: list[Span], blocks: Sequence[Span], captions: Sequence[Line]
) -> list[Span]:
    """Join short texts at the side of a column with the caption in its middle.

    Only two neighbours that stand near, one without a caption and one with nothing but a caption.
    """
    heads = blocks_of(captions)
    bare = [not _overlaps(column, heads) for column in columns]
    empty = [not _overlaps(column, blocks) for column in columns]
    size = statistics.median(line.height for line in captions) if captions else 0.0
    spans = list(columns)
    for at, (x0, x1) in enumerate(columns):
        near = [n for n in (at - 1, at + 1) if 0 <= n < len(columns) and empty[n]]
        if not bare[at] or empty[at] or len(near) != 1:
            continue
        left, right = columns[near[0]]
        if max(left - x1, x0 - right) < _ASIDE * size:
            spans[at] = spans[near[0]] = min(x0, left), max(x1, right)
    return sorted(set(spans))


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(other[0] < span[1] and span[0] < other[1] for other in others)


def _refuse_crowded(captions: Sequence[Line], columns: Sequence[Span]) -> None:
    """Raise if two captions stand side by side over one column: the lines of one overlap."""
    over: dict[int, list[Segment]] = {}
    for piece in (piece for line in captions for piece in line.pieces):
        homes = touched(piece, columns)
        if len(homes) == 1:
            over.setdefault(homes[0], []).append(piece)
    for pieces in over.values():
        pieces.sort(key=lambda piece: piece.x0)
        reach = pieces[0]
        for piece in pieces[1:]:
            if piece.x0 > reach.x1:
                raise CrowdedError(reach, piece)
            reach = max(reach, piece, key=lambda each: each.x1)
