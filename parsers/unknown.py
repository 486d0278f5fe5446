"""Columns of a table that the form does not know, with samples: for whoever keeps the form."""

from collections.abc import Iterable, Iterator, Sequence

from parsers.grid import Grid, is_filled
from parsers.header import Header
from parsers.reading import CERTAIN, UnknownColumn
from parsers.vietnamese import one_line

#: Of one document; what has more is no list with a few columns of its own.
MOST_COLUMNS = 30
_SAMPLES, _SAMPLE_LETTERS = 3, 60
#: A longer one may have swallowed a row of the list.
_LONGEST_CAPTION = 120


def unknown_columns(grid: Grid, header: Header, rows: Iterable[int]) -> Iterator[UnknownColumn]:
    """Yield the columns under captions that matched no field, several, or only by likeness.

    ``rows`` are the numbers of the rows that hold data; a column with nothing in them is left out.
    """
    numbers = sorted(rows)
    loose = (*header.assignment.extras, *header.assignment.ambiguous)
    guessed = [
        (column.index, column.caption, column.field.key)
        for column in header.columns
        if column.confidence < CERTAIN
    ]
    for index, caption, key in (*((at, said, "") for at, said in loose), *guessed):
        samples = _samples(grid, index, numbers)
        if samples and 0 < len(caption) <= _LONGEST_CAPTION:
            place = grid.place(header.first, index)
            yield UnknownColumn(caption, place, key, samples)


def _samples(grid: Grid, index: int, numbers: Sequence[int]) -> tuple[str, ...]:
    cells = (grid.rows[n][index] for n in numbers if index < len(grid.rows[n]))
    texts = (one_line(cell.text)[:_SAMPLE_LETTERS] for cell in cells if cell and is_filled(cell))
    return tuple(dict.fromkeys(text for text in texts if text))[:_SAMPLES]
