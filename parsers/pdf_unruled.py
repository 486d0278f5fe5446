"""Tables without borders, or with horizontal rules only: columns by the places of their words.

A column is a strip of the page that its words keep to in every row and that has a caption of its
own over it. A word in the strip between two columns, a column without a caption or two captions
over one column make the geometry uncertain, and then there is no table: a value must never move to
the column beside it.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.grid import Cell
from parsers.pdf_captions import Around, CrowdedError, columns_of, header_lines, header_start
from parsers.pdf_cells import Placed
from parsers.pdf_join import Row
from parsers.pdf_lines import (
    Line,
    Span,
    blocks_of,
    cut,
    end_of,
    numbered,
    touched,
    words,
)
from parsers.pdf_rows import Band, Cut, banded
from parsers.pdf_text import Glyph, Segment, one_line
from parsers.vietnamese import squash

_FEWEST: Final = 4  # columns: fewer side by side are a letterhead, signatures, a list
_MOST_LINES: Final = 500  # of one page: print so small nobody sends
_MOST_WALLS: Final = 8
_CERTAIN_LINES: Final = 5  # so many texts on both sides of a narrow strip prove it
_IN_DOUBT: Final = 0.6


@dataclass(frozen=True, slots=True)
class Unruled:
    """A table found among the lines of a page: lines ``first`` to ``end`` (exclusive).

    ``captions`` are those of the page before unless it is ``headed``.
    """

    first: int
    end: int
    blocks: tuple[Span, ...]
    edges: tuple[float, ...]
    rows: Cut
    captions: tuple[Line, ...]
    headed: bool = True

    @property
    def last(self) -> int:
        """Its last running number."""
        return [band.serial for band in self.rows.bands if band.serial is not None][-1]


def find(lines: Sequence[Sequence[Glyph]], page: Around, before: Unruled | None) -> Unruled | None:
    """Return the table that a page's lines hold, or ``None`` if none is certain.

    Args:
        lines: the page's lines of glyphs, those of ruled tables left out.
        page: what else tells the page's tables.
        before: the table at the end of the page before, which may go on here without a header.
    """
    if len(lines) > _MOST_LINES:
        return None
    firsts = frozenset({1} | ({before.last + 1} if before else set()))
    walls: list[float] = []
    for _ in range(_MOST_WALLS):
        rows = cut(lines, walls)
        numbers = numbered(rows, firsts)
        if not numbers:
            return None
        try:
            found = _with_header(rows, numbers, page, before)
        except CrowdedError as crowded:
            wall = _wall(lines[numbers[0] : numbers[-1] + 1], crowded.captions)
            if wall is None or wall in walls:
                return None
            walls.append(wall)
            continue
        if found is None and before is not None:
            rows = cut(lines, before.edges[1:-1])
            found = _going_on(rows, numbered(rows, firsts), page, before)
        return found
    return None


def looks_numbered(lines: Sequence[Sequence[Glyph]]) -> bool:
    """Whether lines look like rows of a table whose columns are not certain."""
    return any(line.serial is not None and len(line.pieces) >= _FEWEST for line in cut(lines, ()))


def _wall(lines: Sequence[Sequence[Glyph]], captions: tuple[Segment, Segment]) -> float | None:
    """Return where two columns meet whose texts come as near as words, ``None`` if not certain.

    It is the one strip below the two captions in which no line has a letter. In a column of text
    the spaces of so many lines do not stand one under the other.
    """
    low, high = ((caption.x0 + caption.x1) / 2 for caption in captions)
    spans = [Line((word,)) for line in lines for word in words(line)]
    filled = [block for block in blocks_of(spans) if block[1] > low and block[0] < high]
    crowded = sum(
        any(word.x0 < low for word in words(line)) and any(word.x1 > high for word in words(line))
        for line in lines
    )
    free = [(a[1] + b[0]) / 2 for a, b in itertools.pairwise(filled) if b[0] > low and a[1] < high]
    return free[0] if len(free) == 1 and crowded >= _CERTAIN_LINES else None


def _with_header(
    rows: list[Line], numbers: list[int], page: Around, before: Unruled | None
) -> Unruled | None:
    data = [line for line in rows[numbers[0] : numbers[-1] + 1] if not line.opens]
    blocks = blocks_of(data)
    if len(blocks) < _FEWEST:
        return None
    end = end_of(rows, numbers, blocks, page.rules)
    data += [line for line in rows[numbers[-1] + 1 : end] if not line.opens]
    blocks = blocks_of(data)
    first = header_start(rows, numbers, blocks, page.rules)
    above = rows[first : numbers[0]]
    repeated = before.captions if before else ()
    again = bool(repeated) and _text(above[: len(repeated)]) == _text(repeated)
    head = len(repeated) if again else header_lines(above, rows[numbers[0]], blocks, page)
    captions, data = above[:head], [*above[head:], *data]
    columns = columns_of(blocks_of(data), data, captions)
    if columns is None:
        return None
    if again and before and _same_columns(before, [*data, *captions]):
        columns = list(before.blocks)
    body = rows[first + head : end]
    found = banded(body, page.rules, columns, above=before.rows if again and before else None)
    return None if found is None else _table((first, end), columns, found, captions)


def _text(lines: Iterable[Line]) -> str:
    return squash(" ".join(piece.text for line in lines for piece in line.pieces))


def _going_on(
    rows: list[Line], numbers: list[int], page: Around, before: Unruled
) -> Unruled | None:
    """Return the rest of a table that began on the page before, in its columns."""
    if not numbers:
        return None
    end = end_of(rows, numbers, before.blocks, page.rules)
    if not _same_columns(before, [line for line in rows[:end] if not line.opens]):
        return None
    found = banded(rows[:end], page.rules, before.blocks, above=before.rows)
    if found is None:
        return None
    return replace(_table((0, end), list(before.blocks), found, before.captions), headed=False)


def _table(
    lines: tuple[int, int], blocks: list[Span], rows: Cut, captions: Sequence[Line]
) -> Unruled:
    between = [(left[1] + right[0]) / 2 for left, right in itertools.pairwise(blocks)]
    edges = (blocks[0][0], *between, blocks[-1][1])
    return Unruled(*lines, tuple(blocks), edges, rows, tuple(captions))


def _same_columns(before: Unruled, lines: Iterable[Line]) -> bool:
    """Whether every word stands between the same edges as on the page before."""
    spans = list(zip(before.edges, before.edges[1:], strict=False))
    spans[0], spans[-1] = (0.0, spans[0][1]), (spans[-1][0], float("inf"))
    return all(
        any(left <= piece.x0 and piece.x1 <= right for left, right in spans)
        for line in lines
        for piece in line.pieces
    )


# --- cells ----------------------------------------------------------------------------------------


def rows_of(table: Unruled, placed: Placed) -> tuple[Row, ...]:
    """Return the table's rows, its captions first: one row of them, or two if one covers others."""
    rows: list[list[tuple[int, int, list[Segment], float]]] = []
    if table.headed:
        rows += _caption_rows(table)
    rows += [_band_row(table, band) for band in table.rows.bands]
    result = []
    for at, row in enumerate(rows, 1):
        cells: list[Cell | None] = [None] * len(table.blocks)
        inked = [line for _, _, lines, _ in row for line in lines]
        top, bottom = min(line.top for line in inked), max(line.bottom for line in inked)
        for column, span, lines, sure in row:
            box = table.blocks[column][0], top, table.blocks[column + span - 1][1], bottom
            cells[column] = placed.cell(lines, box, (at, column + 1), (1, span), sure=sure)
        result.append(tuple(cells))
    return tuple(result)


def _caption_rows(table: Unruled) -> list[list[tuple[int, int, list[Segment], float]]]:
    """Return the rows of captions; a caption over two columns stands in a row above theirs."""
    counting = [line for line in table.captions if line.counts]
    lines = [line for line in table.captions if not line.counts]
    wide: dict[tuple[int, int], list[Segment]] = {}
    single: dict[int, list[Segment]] = {}
    for piece in (piece for line in lines for piece in line.pieces):
        over = touched(piece, table.blocks)
        if len(over) > 1:
            wide.setdefault((over[0], len(over)), []).append(piece)
        elif over:
            single.setdefault(over[0], []).append(piece)
    rows = []
    if wide:
        rows.append([(at, span, pieces, 1.0) for (at, span), pieces in wide.items()])
    if single:
        rows.append([(at, 1, pieces, 1.0) for at, pieces in sorted(single.items())])
    rows += [_band_row(table, Band((line,))) for line in counting]
    return rows


def _band_row(table: Unruled, band: Band) -> list[tuple[int, int, list[Segment], float]]:
    cells: dict[int, tuple[int, list[Segment]]] = {}
    for line in band.lines:
        here: dict[int, tuple[int, list[Segment]]] = {}
        for piece in line.pieces:
            over = touched(piece, table.blocks) or [_nearest(piece, table.blocks)]
            span, pieces = here.get(over[0], (1, []))
            here[over[0]] = max(span, len(over)), [*pieces, piece]
        for at, (span, pieces) in here.items():
            before, lines = cells.get(at, (1, []))
            cells[at] = max(span, before), [*lines, one_line(pieces)]
    covered = {at + n for at, (span, _) in cells.items() for n in range(span)}
    cells |= {at: (1, []) for at in range(len(table.blocks)) if at not in covered}
    return [
        (at, span, lines, _IN_DOUBT if at in band.doubtful else 1.0)
        for at, (span, lines) in cells.items()
    ]


def _nearest(piece: Segment, blocks: Sequence[Span]) -> int:
    return min(range(len(blocks)), key=lambda at: abs(sum(blocks[at]) - piece.x0 - piece.x1))
