"""The rows under a header: which are data, and which are totals, headings, notes or signatures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

from parsers.body import LABEL, NUMBERS, SUMMED, BodyRow, amounts, is_number, is_running_number
from parsers.closing import ends_table, is_signature
from parsers.continued import joined, one_each
from parsers.form import FieldType
from parsers.grid import Cell, Grid, is_filled
from parsers.header import Header
from parsers.headings import is_heading
from parsers.repeated import is_header_again
from parsers.sums import is_subtotal_label, is_sum_label, is_sum_of_something
from parsers.vietnamese import fold

_NOTE = re.compile(
    r"(?:ghi chu|luu y|chu thich|giai thich|ghi ro|bang chu|so tien bang chu"
    r"|danh sach (?:nay )?(?:gom|co)"
    r"|tong so (?:co )?\d|tong cong (?:co )?\d|bieu (?:nay )?gom|noi nhan|kinh gui|nguon"
    r"|don vi tinh|dvt)\b"
)
_NOTHING = re.compile(
    r"khong(?: co)?|(?:.* )?khong (?:co )?(?:nhu cau|diem|dang ky|phat sinh|de xuat|don vi)\b.*"
)
#: A digit that makes a number other than 0; that of "m2" does not.
_NOT_ZERO = re.compile(r"(?<!m)[1-9]")
#: The longest text that may be a heading's number, such as "VIII."
_LONGEST_MARK = 5
#: Types whose values are numbers or begin like one.
_WITH_DIGITS: Final[frozenset[FieldType]] = NUMBERS | frozenset({"phone", "code"})
#: So many columns of the form are filled in a row that is a point and no signature.
_A_POINT = 3


class _Cover(NamedTuple):
    """A merged cell in a column that it covers, down to the row before ``end``.

    ``first`` = it begins in that column: only there does a block say anything.
    """

    cell: Cell
    end: int
    first: bool


def body_rows(grid: Grid, header: Header) -> tuple[BodyRow, ...]:
    """Return the rows under the header, empty ones and repeated headers left out.

    Signatures end the table: what stands below is none of it. What looks like one and has a point
    below it, before any empty row, is none: "Kế toán: …" may be a point's second representative.
    A row that continues the one above (a page break, or further products of the same point) is
    told by its missing number and name.
    """
    rows: list[BodyRow] = []
    covers: dict[int, _Cover] = {}
    point = 0  # the table is known to go on to this row
    for number in range(header.end, len(grid.rows)):
        cells = grid.rows[number]
        found = _body_row(header, cells, number, covers)
        _cover(cells, number, covers)
        row = found or BodyRow("note", number, {}, {})  # "STT" alone may have a signature below it
        if found and is_header_again(header, cells):
            continue
        if ends_table(header, row, cells):
            point = point if point > number else _next_point(grid, header, number + 1)
            if not point:
                break
            if list(row.own) == [header.name]:
                row = replace(row, kind="note")  # a signature is no point's name
        if found:
            rows.append(row)
    return one_each(header, rows) if header.exact else joined(header, rows)


def _next_point(grid: Grid, header: Header, first: int) -> int:
    """Return the first row that is a point, 0 if an empty row or the end comes before it."""
    for number, cells in enumerate(grid.rows[first:], first):
        if not any(map(is_filled, cells)):
            return 0
        if is_point(header, cells):
            return number
    return 0


def is_point(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row that is a point and no signature, whatever stands above it.

    It has a name, and a running number with two more values or most of what is required. Nothing
    else stands in the columns of an official workbook: there the number may be missing.
    """
    own = {column.field.key for column in header.columns if is_filled(cells[column.index])}
    if header.name not in own or is_header_again(header, cells):
        return False
    index = header.assignment.index
    if header.exact or (index is not None and is_running_number(cells[index])):
        return len(own) >= _A_POINT
    return len(own.intersection(header.required)) * 2 > len(header.required)


def may_be_of_point(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row with a text and, in its own column, a number such as a telephone's; no sum.

    Under a table that may be a clerk with her telephone, or what belongs to a point.
    """
    row = _body_row(header, cells, 0, {})
    if row is None or row.kind != "data" or len(row.own) < 2:  # noqa: PLR2004
        return False
    numbers = (row.own[key].text for key in header.keys_of(_WITH_DIGITS) & row.own.keys())
    return any(text.lstrip(" (+")[:1].isdigit() for text in numbers)


def names_a_point(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row of signatures in whose column of names something else stands; no "Nơi nhận".

    "Điểm D" beside "Kế toán HTX" may be a point and its owner.
    """
    row = _body_row(header, cells, 0, {})
    if row is None or row.kind != "data" or header.name not in row.own:
        return False
    return ends_table(header, row, cells) and not is_signature(row.own[header.name].text)


def _cover(cells: Sequence[Cell | None], number: int, covers: dict[int, _Cover]) -> None:
    """Remember which columns a merged cell covers, and down to which row."""
    for column, cell in enumerate(cells):
        if cell and cell.row_span > 1:
            for covered in range(column, column + cell.col_span):
                covers[covered] = _Cover(cell, number + cell.row_span, covered == column)


def _body_row(
    header: Header,
    cells: Sequence[Cell | None],
    number: int,
    covers: Mapping[int, _Cover],
) -> BodyRow | None:
    """Return a row as what it is by itself; None for one that says nothing."""
    filled = [cell for cell in cells if cell and is_filled(cell)]
    if not filled:
        return None
    found: dict[str, Cell] = {}
    shared = set()
    for column in header.columns:
        cell = cells[column.index] if column.index < len(cells) else None
        cover = covers.get(column.index) if cell is None else None
        if cover is not None and number < cover.end:
            shared.add(column.field.key)
            # An amount is nobody's in all that its block covers, and an error says so.
            cell = cover.cell if cover.first or column.field.type in SUMMED else None
        if cell is not None:
            found[column.field.key] = cell
    index = header.assignment.index
    mark = cells[index] if index is not None and index < len(cells) else None
    own = {key: cell for key, cell in found.items() if key not in shared and is_filled(cell)}
    return _classified(header, filled, BodyRow("data", number, found, own, frozenset(shared), mark))


def _classified(header: Header, filled: Sequence[Cell], row: BodyRow) -> BodyRow | None:
    numbers = {*map(id, amounts(header, row).values())}
    worded = (cell for cell in filled if id(cell) not in numbers and not is_number(cell))
    texts = [cell.text.strip() for cell in islice(worded, 3)]  # whether there are more, nobody asks
    row = replace(row, text=_label(texts, row))
    folded = fold(row.text[:LABEL])
    own = (key for key, cell in row.own.items() if id(cell) not in numbers and not is_number(cell))
    words = set(islice(own, 2))  # same
    if len(words) <= 1:
        if is_sum_label(row.text) and not _is_remark(header, row):
            return replace(row, kind="subtotal" if is_subtotal_label(row.text) else "total")
        if _NOTHING.fullmatch(folded) and not _has_amount(header, row):
            return replace(row, kind="note")
    if header.exact and row.own and row.is_counted:
        return row
    noted = row.text.startswith("*") or _NOTE.match(folded)
    if noted and len(texts) <= 2 and not _is_numbered(header, row):  # noqa: PLR2004
        return replace(row, kind="note")
    if is_sum_of_something(header, row):
        return replace(row, kind="total")
    if is_heading(header, row, words):
        return replace(row, kind="group")
    if not row.own:
        lonely = [cell for cell in filled if cell is not row.index]
        return replace(row, kind="note") if lonely and texts else None
    return row


def _label(texts: Sequence[str], row: BodyRow) -> str:
    """Return the first text of a row; behind a heading's number, such as "II.", the second."""
    first = texts[0] if texts else ""
    if len(texts) < 2 or row.index is None or first != row.index.text.strip():  # noqa: PLR2004
        return first
    return first if len(first) > _LONGEST_MARK or is_sum_label(first) else texts[1]


def _is_remark(header: Header, row: BodyRow) -> bool:
    """Tell a point of an official workbook in one of whose columns the word for a sum stands."""
    named = row.own[header.name].text.strip() if header.name in row.own else ""
    return header.exact and row.is_counted and row.text != named


def _has_amount(header: Header, row: BodyRow) -> bool:
    """Tell a row with a number other than 0 in a column of numbers, however it is written."""
    return any(
        _NOT_ZERO.search(row.own[key].text) for key in header.keys_of(NUMBERS) & row.own.keys()
    )


def _is_numbered(header: Header, row: BodyRow) -> bool:
    """Tell a row with a running number or a number of its own: "Nguồn Việt" may name a point."""
    if row.is_counted:
        return True
    return len(row.own) > 1 and not row.own.keys().isdisjoint(header.keys_of(NUMBERS))
