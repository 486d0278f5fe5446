"""Tables that a page break cut in pieces become whole again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.grid import WRAP, Cell, Trace
from parsers.legible import syllable
from parsers.vietnamese import squash

Row = tuple[Cell | None, ...]

_EDGE_POINTS: Final = 6.0
_NUMBER: Final = re.compile(r"[.,+/\s-]*\d[\d.,+/\s-]*")
_WHOLE_PHONE: Final = re.compile(r"0\d{9,10}")
#: A row of further products fills no more cells than these (product, stars, date).
_PRODUCT_CELLS: Final = 3
_SERIAL: Final = re.compile(r"\d{1,4}[.)]?")


@dataclass(frozen=True, slots=True)
class Piece:
    """One table as it stands on one page.

    ``edges`` are the x of its column borders in points; ``opens`` and ``closes`` say that no text
    stands above it, below it, on its page.
    """

    page: int
    name: str
    rows: tuple[Row, ...]
    edges: tuple[float, ...]
    opens: bool
    closes: bool


def continues(upper: Piece, lower: Piece) -> bool:
    """Whether a piece is the next page's part of the same table."""
    if lower.page != upper.page + 1 or not (upper.closes and lower.opens):
        return False
    if len(upper.edges) != len(lower.edges):
        return False
    shift = upper.edges[0] - lower.edges[0]  # bound pages have mirrored margins
    same = all(
        abs(a - b - shift) <= _EDGE_POINTS for a, b in zip(upper.edges, lower.edges, strict=True)
    )
    return same or _repeated(upper.rows, lower.rows) > 0


def joined(upper: Piece, lower: Piece) -> Piece:
    """Return both as one piece: no repeated header, and a row cut by the break put together."""
    rest = list(lower.rows[_repeated(upper.rows, lower.rows) :])
    rows = list(upper.rows)
    if rows and rest and _is_rest_of_row(rows, rest[0]):
        torn = _figures_meet(rows[-1], rest[0])
        rows[-1] = _whole_row(rows[-1], rest.pop(0), torn=torn)
    return replace(upper, page=lower.page, rows=(*rows, *rest), closes=lower.closes)


def _repeated(first: Sequence[Row], later: Sequence[Row]) -> int:
    """Return how many rows at the top of a page repeat the table's first rows."""
    count = 0
    for one, other in zip(first, later, strict=False):
        texts = [squash(cell.text) if cell else "" for cell in one]
        if texts != [squash(cell.text) if cell else "" for cell in other] or not any(texts):
            break
        count += 1
    return count


def _is_rest_of_row(rows: Sequence[Row], row: Row) -> bool:
    """Whether a page's first row is the lower part of the row above the break.

    It is when the table counts its rows and this one has no number, some text, no merged cell, and
    no figure where the row above has one: a second product of the same subject has its own. Figures
    on both sides are torn ones where the row goes on in many cells, and in some that are filled
    above does not; a point without a number of its own would fill those too.
    """
    numbered = sum(bool(other[0] and _SERIAL.fullmatch(other[0].text.strip())) for other in rows)
    last = rows[-1]
    if not numbered or row[0] is None or row[0].text.strip() or len(row) != len(last):
        return False
    if last[0] is None or not _SERIAL.fullmatch(last[0].text.strip()):
        return False
    texts = [
        (above.text, below.text) for above, below in zip(last, row, strict=True) if above and below
    ]
    if len(texts) != len(row) or not any(below for _, below in texts):
        return False
    below = sum(bool(lower) for _, lower in texts)
    ended = sum(bool(upper) and not lower for upper, lower in texts[1:])
    goes_on = below > _PRODUCT_CELLS and ended * 8 >= len(row)
    return goes_on or not _figures_meet(last, row)


def _figures_meet(upper: Row, lower: Row) -> bool:
    """Whether figures stand on both sides of the break in a column, other than a torn telephone."""
    return any(
        _NUMBER.fullmatch(above.text)
        and _NUMBER.fullmatch(below.text)
        and not _WHOLE_PHONE.fullmatch(squash(above.text + below.text))
        for above, below in zip(upper, lower, strict=True)
        if above and below
    )


def _whole_row(upper: Row, lower: Row, *, torn: bool) -> Row:
    """Join two rows cell by cell; ``torn`` = every joined cell is in doubt."""
    whole: list[Cell | None] = []
    for above, below in zip(upper, lower, strict=True):
        if above is None or below is None or not below.text:
            whole.append(above)
        else:
            text, doubtful = whole_text(above.text, below.text)
            doubtful = doubtful or torn or above.torn or below.torn
            trace = _less_sure(above, below)
            whole.append(above._replace(text=text, value=text, torn=doubtful, trace=trace))
    return tuple(whole)


def _less_sure(above: Cell, below: Cell) -> Trace | None:
    """Return what is known of a joined cell: it is as sure as the less sure of its parts.

    Its box is that of the part that says something, the upper one if both do.
    """
    if above.trace is None or below.trace is None:
        return above.trace or below.trace
    shown = above.trace if above.text.strip() else below.trace
    return replace(shown, confidence=min(above.trace.confidence, below.trace.confidence))


def whole_text(above: str, below: str) -> tuple[str, bool]:
    """Join what stood before and after a break; say whether it may have torn a word.

    A break that may part words or items is kept as ``grid.WRAP``.
    """
    if not above or not below:
        return above + below, False
    last, first = above.rsplit(maxsplit=1)[-1], below.split(maxsplit=1)[0].rstrip(".,;:)")
    words = last.isalpha() and first.isalpha() and (first.islower() or last.isupper())
    if not words or not syllable(last + first):
        return f"{above}{WRAP}{below}", words and not (syllable(last) and syllable(first))
    both = syllable(last) and syllable(first)
    return f"{above}{WRAP if both else ''}{below}", both
