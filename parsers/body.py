"""One row under a header, as everyone who decides what it is sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from parsers.columns import Column
from parsers.form import FieldType
from parsers.grid import Cell, is_filled
from parsers.header import Header
from parsers.outcome import Context
from parsers.values import parse

RowKind = Literal["data", "continued", "total", "subtotal", "group", "note"]

#: Types of columns whose values are numbers, and of those that are summed.
NUMBERS: Final[frozenset[FieldType]] = frozenset({"decimal", "money", "stars"})
SUMMED: Final[frozenset[FieldType]] = frozenset({"decimal", "money"})
#: What a row is shows in its first words.
LABEL: Final = 200
#: How one is written: "50", "1.200 nghìn đồng", "4 sao", "45 m2".
_AMOUNT: Final = re.compile(r"(?:[1-9]|0[.,])[\d.,]*\s*(?:m2|\D{0,12})")
_PAGE: Final = re.compile(r"page \d+")


@dataclass(frozen=True, slots=True)
class BodyRow:
    """One row under the header.

    ``cells`` are those of the columns that hold fields, by field key, with merged-down cells
    standing in each row they cover; ``shared`` names the keys whose cell began in a row above;
    ``own`` are the filled cells that begin in this row. ``text`` is its label: the first text that
    is no number. ``stray`` is a row without a number among numbered ones that lacks a third of
    what is required: perhaps the rest of the row above.
    """

    kind: RowKind
    number: int
    cells: Mapping[str, Cell]
    own: Mapping[str, Cell]
    shared: frozenset[str] = frozenset()
    index: Cell | None = None
    text: str = ""
    stray: bool = False

    @property
    def mark(self) -> str:
        """What stands in the column of running numbers, without its dot or brackets."""
        return mark_of(self.index)

    @property
    def is_marked(self) -> bool:
        """Whether anything stands in the column of running numbers."""
        return is_filled(self.index)

    @property
    def is_counted(self) -> bool:
        """Whether it has a running number."""
        return is_running_number(self.index)


def mark_of(cell: Cell | None) -> str:
    """Return a running number or a heading's letter as it stands, without its dot or brackets."""
    return cell.text.strip(" .():") if cell is not None and is_filled(cell) else ""


def is_running_number(cell: Cell | None) -> bool:
    """Tell the number of a point: "1", "02.", "(3)", "1.4"."""
    return mark_of(cell).replace(".", "").isdigit()


def is_number(cell: Cell) -> bool:
    """Tell a cell without a letter in it, or with a typed number."""
    if isinstance(cell.value, (int, float)):
        return True
    return not any(map(str.isalpha, cell.text))


def amounts(header: Header, row: BodyRow) -> dict[str, Cell]:
    """Return the cells in the columns of numbers that hold an amount, by the columns' keys."""
    found = ((key, row.own[key]) for key in header.keys_of(NUMBERS) if key in row.own)
    return {key: cell for key, cell in found if _AMOUNT.fullmatch(cell.text.strip())}


def page_of(cell: Cell) -> str:
    """Return the page on which a cell stands, empty where there are no pages."""
    page = _PAGE.match(cell.place)
    return page[0] if page else ""


def begins_page(row: BodyRow, above: BodyRow) -> bool:
    """Tell a row that stands on another page than the one above."""
    pages = [next(map(page_of, one.own.values()), "") for one in (row, above)]
    return all(pages) and pages[0] != pages[1]


def stated(column: Column, cell: Cell | None, context: Context | None = None) -> Decimal | None:
    """Return the number that a sum or a heading states in a column, None if none can be read."""
    if cell is None:
        return None
    unbounded = replace(column.field, low=None, high=None)
    value = parse(unbounded, cell, context or Context(column.unit, column.unit_certain))
    return None if value.text is None else Decimal(value.text)
