"""Headings inside a table: which rows are some, what stands below them, what their amounts sum."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice, zip_longest

from parsers.body import LABEL, NUMBERS, SUMMED, BodyRow, mark_of, stated
from parsers.columns import Column
from parsers.header import Header
from parsers.vietnamese import one_line

_MARK = re.compile(r"[IVX]{1,5}|[A-HĐ]|[a-hđ]|[IVX]{1,5}\.\d{1,2}")
_NUMBERED_TEXT = re.compile(r"\d{1,2}\s*[.)]\s*[^\W\d_]")
_TEXT = re.compile(
    r"^\*|^(?:[IVX]{1,5}|[A-HĐ])\s*[.):/-]\s*\S"
    r"|^(?:nhóm|cụm|thôn|xã|thị trấn|khu vực|phần|mục|loại hình)\b",
    re.IGNORECASE,
)
_KINDS = (("roman", r"[IVX]+"), ("capital", r"[A-HĐ]"), ("small", r"[a-hđ]"))


def is_heading(header: Header, row: BodyRow, words: set[str]) -> bool:
    """Tell a heading: one text (``words`` are the fields with any), the rest empty but its sums.

    It stands in the column of the names or is merged, or it stands in that of the running numbers:
    there any text beside sums is one. "xã Hòa Cư" among the addresses goes on with the one above.
    """
    if len(words) > 1 or not row.own.keys() - words <= header.keys_of(NUMBERS):
        return False
    if not words:
        in_front = row.index is not None and row.text == row.index.text.strip()
        return in_front and (bool(row.own) or bool(_TEXT.match(row.text[:LABEL])))
    (key,) = words
    cell = row.own[key]
    if row.mark and row.mark != mark_of(cell):
        return bool(_MARK.fullmatch(row.mark))
    merged = cell.col_span >= 3  # noqa: PLR2004  two merged cells are often a slip
    return merged or (key == header.name and bool(_TEXT.match(cell.text.strip())))


def is_lone_heading(header: Header, row: BodyRow, rows: Sequence[BodyRow]) -> bool:
    """Tell "1. Hợp tác xã" or "CÁC ĐIỂM ĐỢT 2" alone or beside sums, where points have numbers.

    Capitals tell nothing where the points' names are written in capitals too.
    """
    name = row.own.get(header.name)
    if (
        row.is_marked
        or name is None
        or not row.own.keys() - {header.name} <= header.keys_of(SUMMED)
    ):
        return False
    text = name.text.strip()
    if _NUMBERED_TEXT.match(text):
        return True
    points = (one.own.get(header.name) for one in rows if one.kind == "data" and one.is_marked)
    return text.isupper() and " " in text and not any(one and one.text.isupper() for one in points)


def outlined(rows: Sequence[BodyRow]) -> Iterator[BodyRow]:
    """Yield the rows, a lone "1 Hợp tác xã" above a row numbered 1.1 being a heading.

    So is a lone text above a row with which the numbers begin anew: its "I" may read as 1.
    """
    for row, below in zip_longest(rows, rows[1:]):
        lone = row.kind == "data" and len(row.own) == 1
        mark, next_mark = row.mark, below.mark if below is not None else ""
        begins = next_mark == "1" or (mark and next_mark.startswith(f"{mark}."))
        yield replace(row, kind="group") if lone and row.index and begins else row


def with_points_called_headings(header: Header, rows: Sequence[BodyRow]) -> Iterator[BodyRow]:
    """Yield the rows of a list without running numbers, its headings with an amount of their own.

    "Nhóm phụ nữ khởi nghiệp" may be a point's name: it is a heading if the rows below add up to it.
    """
    summed = header.keys_of(SUMMED)
    for at, row in enumerate(rows):
        is_point = row.kind == "group" and not row.is_marked and summed & row.own.keys()
        yield replace(row, kind="data") if is_point and not _adds_up(header, rows, at) else row


def _adds_up(header: Header, rows: Sequence[BodyRow], at: int) -> bool:
    """Tell a heading of whose amounts each is the sum of points below it."""
    own = rows[at].own
    columns = [c for c in header.columns if c.field.type in SUMMED and c.field.key in own]

    def below(column: Column) -> list[Decimal]:
        return sums_below(rows, at, lambda row: stated(column, row.own.get(column.field.key)))

    sums = zip(*map(below, columns), strict=True)
    if any(own[column.field.key].uncalculated for column in columns):
        return any(True for _ in sums)
    return tuple(stated(column, own[column.field.key]) for column in columns) in sums


def sums_below(
    rows: Sequence[BodyRow], at: int, amount: Callable[[BodyRow], Decimal | None]
) -> list[Decimal]:
    """Return what the points below a heading add up to, wherever what it sums may end.

    It ends before any other heading or sum, at last before a heading of its own kind; nowhere above
    the first point.
    """
    kind = _kind(rows[at])
    sums: list[Decimal] = []
    total, points = Decimal(0), 0
    for row in islice(rows, at + 1, None):
        if row.kind == "data":
            total += amount(row) or 0
            points += 1
        elif row.kind in {"group", "total", "subtotal"}:
            sums += [total] if points else []
            if row.kind == "group" and _kind(row) == kind:
                return sums
    return [*sums, total] if points else sums


def sections(rows: Sequence[BodyRow]) -> dict[int, str]:
    """Return the headings over each data row by its number, outermost first.

    A heading ends those of its own kind (Roman, letter, number, none) and what stands below them.
    """
    open_: list[tuple[str, str]] = []
    found: dict[int, str] = {}
    for row in rows:
        if row.kind == "group":
            kind = _kind(row)
            kinds = [one for one, _ in open_]
            if kind in kinds:
                del open_[kinds.index(kind) :]
            open_.append((kind, one_line(row.text)))
        elif row.kind == "data":
            found[row.number] = " / ".join(text for _, text in open_)
    return found


def _kind(row: BodyRow) -> str:
    first = row.mark or re.split(r"[\s.):/-]", row.text.strip(), maxsplit=1)[0]
    found = (kind for kind, pattern in _KINDS if re.fullmatch(pattern, first))
    return next(found, "number" if first[:1].isdecimal() else "text")
