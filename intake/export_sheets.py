"""The exported registry as a workbook: what `export_view` says, a sheet for each kind of row. Pure.

Text stays text whatever it begins with; the bytes depend on the content alone.
"""

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from notifier.fixed_zip import repack
from notifier.printed import HEADER, PLAIN, put

View = dict[str, Any]
_WIDTH = 18


def registry_workbook(view: View, made_at: dt.datetime) -> bytes:
    """Return ``registry.xlsx`` for a view of `export_view.registry_view`."""
    book = Workbook()
    for blank in book.worksheets:
        book.remove(blank)
    points = [(one, point) for one in view["submissions"] for point in one["points"]]
    _sheet(book, "Văn bản", _flat(view["submissions"], leave=("points", "findings", "letter")))
    _sheet(book, "Điểm", _points(points, [one["key"] for one in view["fields"]]))
    _sheet(book, "Giá trị", _values(points))
    findings = [
        {"receipt": one["receipt"], **finding}
        for one in view["submissions"]
        for finding in one["findings"]
    ]
    _sheet(book, "Lỗi, lưu ý", findings)
    _sheet(book, "Thư đến", _flat(view["messages"], leave=("documents",)))
    documents = [
        {"message": one["id"], **document}
        for one in view["messages"]
        for document in one["documents"]
    ]
    _sheet(book, "Tệp", documents)
    _sheet(book, "Thư đi", view["mails"])
    reports = [row | _letter(row["letter"]) for row in view["reports"]]
    _sheet(book, "Báo cáo", _flat(reports, leave=("files", "letter")))
    stream = io.BytesIO()
    book.save(stream)
    return repack(stream.getvalue(), made_at)


def _flat(rows: Iterable[View], leave: Sequence[str]) -> list[View]:
    return [{key: value for key, value in row.items() if key not in leave} for row in rows]


def _letter(letter: View | None) -> View:
    """The signed letter of a report as columns."""
    keys = ("number", "issued_on", "signature", "sha256")
    return {f"letter_{key}": letter[key] if letter else "" for key in keys}


def _points(points: Iterable[tuple[View, View]], keys: Sequence[str]) -> list[View]:
    """One row for each point, one column for each field that any point has."""
    found = list(points)
    used = [key for key in keys if any(key in point["values"] for _, point in found)]
    return [
        {
            "receipt": one["receipt"],
            "commune": one["commune"],
            "current": one["current"],
            "ordinal": point["ordinal"],
            **{key: point["values"].get(key, {}).get("value", "") for key in used},
        }
        for one, point in found
    ]


def _values(points: Iterable[tuple[View, View]]) -> Iterator[View]:
    for one, point in points:
        for key, value in point["values"].items():
            yield {"receipt": one["receipt"], "ordinal": point["ordinal"], "field": key, **value}


def _sheet(book: Workbook, title: str, rows: Iterable[View]) -> None:
    sheet = book.create_sheet(title)
    found = list(rows)
    heads = list(dict.fromkeys(key for row in found for key in row))
    for column, head in enumerate(heads, start=1):
        put(sheet.cell(1, column), head, HEADER)
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
    for line, row in enumerate(found, start=2):
        for column, head in enumerate(heads, start=1):
            put(sheet.cell(line, column), _cell(row.get(head)), PLAIN)
    sheet.freeze_panes = "A2"


def _cell(value: object) -> str | int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return "x" if value else ""
    return str(value)
