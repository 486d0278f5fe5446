"""Rows that go on with the point above: a page break, further products, a remark."""

from collections.abc import Sequence
from dataclasses import replace

from parsers.body import NUMBERS, BodyRow, RowKind, begins_page
from parsers.header import Header
from parsers.headings import is_lone_heading, outlined, with_points_called_headings
from parsers.sums import is_unlabelled_sum


def one_each(header: Header, rows: Sequence[BodyRow]) -> tuple[BodyRow, ...]:
    """Return the rows of an official workbook: one is one point, unless their names are merged."""
    name = header.name
    merged = (name in row.shared and name not in row.own for row in rows)
    return tuple(
        replace(row, kind="continued") if row.kind == "data" and below and at else row
        for at, (row, below) in enumerate(zip(rows, merged, strict=True))
    )


def joined(header: Header, rows: Sequence[BodyRow]) -> tuple[BodyRow, ...]:
    """Return the rows with those marked that continue the data row above them.

    Below a total or a note only a row with a number or with half of the required values is data.
    """
    numbered = any(row.kind == "data" and row.is_marked for row in rows)
    done: list[BodyRow] = []
    for row in rows:
        if row.kind == "data" and numbered and is_lone_heading(header, row, rows):
            done.append(replace(row, kind="group"))
        elif row.kind == "data" and done and not row.is_marked:
            done.append(_below(header, row, done[-1], numbered=numbered))
        else:
            done.append(row)
    done = list(outlined(done))
    return tuple(done if numbered else with_points_called_headings(header, done))


def _below(header: Header, row: BodyRow, above: BodyRow, *, numbered: bool) -> BodyRow:
    """Return a row without number as what it is below the row above it."""
    required = header.required
    lacking = sum(key not in row.own for key in required)
    mostly = lacking * 2 >= len(required)
    kind: RowKind = "data"
    if is_unlabelled_sum(header, row, above):
        kind = "total"
    elif above.kind in {"data", "continued"}:
        nameless = bool(header.name) and header.name not in row.own
        tied = header.name in row.shared
        if (nameless and (tied or mostly)) or (
            numbered and mostly and not _names_a_point(header, row, above)
        ):
            kind = "continued"
        elif numbered and lacking * 3 >= len(required):
            return replace(row, stray=True)
    elif mostly and above.kind in {"total", "note"}:
        kind = "note"
    return row if kind == "data" else replace(row, kind=kind)


def _names_a_point(header: Header, row: BodyRow, above: BodyRow) -> bool:
    """Tell a point without number from the rest of the row above.

    A point has a name that begins like one and one more required text. What goes on below a page
    break may look the same: it stays joined, which lowers its confidence.
    """
    name = row.own.get(header.name)
    more = {*header.required} - {header.name} - header.keys_of(NUMBERS)
    if name is None or not more & row.own.keys():
        return False
    return not begins_page(row, above) and not name.text.strip()[:1].islower()
