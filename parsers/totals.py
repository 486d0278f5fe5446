"""Totals and counts that a table states about itself, compared with what was read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from parsers.body import SUMMED, BodyRow, stated
from parsers.columns import Column
from parsers.grid import Cell
from parsers.header import Header
from parsers.headings import sums_below
from parsers.outcome import Context
from parsers.reading import Finding
from parsers.records import Record
from parsers.vietnamese import fold

_COUNT = re.compile(
    r"\b(?:danh sach|bieu|bang|tong so|tong cong|tong)\b[a-z ]{0,40}?\b0?(\d{1,3})"
    r"(?: [a-z ]{1,20}?)? diem\b"
)
_LINE = 400
_TEXT_NUMBERS = " Cột này có ô ghi số dưới dạng chữ nên phần mềm bảng tính không cộng ô đó."


@dataclass(slots=True)
class _Sums:
    """The sums of one column: over everything, since the last total, since the last group."""

    everything: Decimal = Decimal(0)
    since_total: Decimal = Decimal(0)
    since_group: Decimal = Decimal(0)
    text_number: bool = False
    stated: list[tuple[BodyRow, Cell, tuple[Decimal, ...]]] = field(default_factory=list)


def total_findings(
    header: Header,
    rows: Iterable[BodyRow],
    records: Sequence[Record],
    contexts: Mapping[str, Context],
) -> list[Finding]:
    """Return a warning for each stated total that equals no sum of the rows it could stand for.

    A total may stand above or below its rows and may be of a group or of all; a formula that was
    not calculated is only noted.
    """
    by_number = {record.body.number: record for record in records}
    sequence = list(rows)
    findings: list[Finding] = []
    for column in header.columns:
        if column.field.type in SUMMED:
            sums = _sums(column, sequence, by_number)
            findings.extend(_compared(column, sums, contexts[column.field.key]))
            findings.extend(_headings(column, sequence, by_number, contexts[column.field.key]))
    return findings


def _headings(
    column: Column,
    rows: Sequence[BodyRow],
    by_number: Mapping[int, Record],
    context: Context,
) -> Iterable[Finding]:
    """Yield a warning for each heading with an amount to which no points below it add up."""
    key = column.field.key

    def read(point: BodyRow) -> Decimal:
        return Decimal(by_number[point.number].values.get(key, "0"))

    for at, row in enumerate(rows):
        cell = row.own.get(key) if row.kind == "group" else None
        amount = stated(column, cell, context)
        if cell is None or amount is None:
            continue
        sums = sums_below(rows, at, read)
        if amount not in sums:
            first = next(iter(sums), Decimal(0))
            message = _HEADING.format(column.field.label, _shown(amount), _shown(first))
            yield Finding("warning", "total-mismatch", message, key, None, cell.place)


_HEADING = (
    "Dòng nhóm ở cột “{}” ghi {} nhưng cộng các dòng bên dưới được {}; đề nghị kiểm tra lại, "
    "nếu dòng này là một điểm thì đề nghị ghi số thứ tự và đủ các cột."
)


def _sums(column: Column, rows: Sequence[BodyRow], by_number: Mapping[int, Record]) -> _Sums:
    key = column.field.key
    sums = _Sums()
    for row in rows:
        record = by_number.get(row.number)
        if row.kind == "group":
            sums.since_group = Decimal(0)
        if record is not None:
            amount = Decimal(record.values.get(key, "0"))
            sums.everything += amount
            sums.since_total += amount
            sums.since_group += amount
            cell = row.cells.get(key)
            sums.text_number |= bool(cell and isinstance(cell.value, str) and key in record.values)
        elif row.kind in {"total", "subtotal"} and key in row.own:
            scopes = (sums.since_total, sums.since_group, sums.everything)
            sums.stated.append((row, row.own[key], scopes))
            sums.since_total = sums.since_group = Decimal(0)
    return sums


def _compared(column: Column, sums: _Sums, context: Context) -> Iterable[Finding]:
    label, key = column.field.label, column.field.key
    for _, cell, scopes in sums.stated:
        if cell.uncalculated:
            message = (
                f"Ô tổng của cột “{label}” là công thức chưa có kết quả nên không đối chiếu được."
            )
            yield Finding("note", "total-uncalculated", message, key, None, cell.place)
            continue
        amount = stated(column, cell, context)
        if amount is None:
            amount = _zero(cell)
        if amount is None or amount in {sums.everything, *scopes}:
            continue
        counted = sums.everything if len(sums.stated) == 1 else scopes[0]
        hint = _TEXT_NUMBERS if sums.text_number and not isinstance(cell.value, str) else ""
        message = (
            f"Tổng cột “{label}” ghi {_shown(amount)} nhưng cộng các dòng được {_shown(counted)}; "
            f"đề nghị kiểm tra lại các dòng và dòng tổng.{hint}"
        )
        yield Finding("warning", "total-mismatch", message, key, None, cell.place)


def _zero(cell: Cell) -> Decimal | None:
    """Return 0 for a total that says so; None for one that cannot be read."""
    return Decimal(0) if cell.value == 0 and not isinstance(cell.value, bool) else None


def _shown(number: Decimal) -> str:
    """Return a number as it is written in Vietnamese: 2.001.250.000 or 618,95."""
    whole, _, rest = f"{number:,f}".partition(".")
    rest = rest.rstrip("0")
    return whole.replace(",", ".") + (f",{rest}" if rest else "")


def count_findings(lines: Iterable[str], points: int) -> list[Finding]:
    """Return a warning if a line such as "Danh sách gồm 02 điểm" states another number of rows."""
    for line in lines:
        stated = _COUNT.search(fold(line[:_LINE]))
        if stated and int(stated[1]) != points:
            message = (
                f"Văn bản ghi {int(stated[1]):02d} điểm nhưng bảng có {points:02d} dòng; "
                "đề nghị kiểm tra lại danh sách."
            )
            return [Finding("warning", "count-mismatch", message)]
    return []
