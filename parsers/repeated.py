"""A header's captions once more: on the next page, or over another table."""

from collections.abc import Sequence

from parsers.grid import Cell
from parsers.header import Header, is_index_row
from parsers.vietnamese import squash


def is_header_again(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row that repeats the header or its column numbers: it says nothing new."""
    return is_index_row(cells) or (has_captions(header, cells) and is_in_place(header, cells))


def has_captions(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row of nothing but the header's captions, in whatever order."""
    texts = [cell.text for cell in cells if cell and cell.text.strip()]
    return len(texts) >= 2 and all(squash(text) in header.texts for text in texts)  # noqa: PLR2004


def is_in_place(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell captions of which none stands over the column of another."""
    captions = {column.index: squash(column.caption) for column in header.columns}
    others = set(captions.values())
    written = ((own, cells[column]) for column, own in captions.items())
    return not any(cell and squash(cell.text) in others - {own} for own, cell in written)
