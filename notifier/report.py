"""The report's workbook: laid out to be printed and signed off.

Sheets: Tổng hợp (communes as Roman group rows, their points beneath, totals), Tình hình gửi,
Không nhu cầu & không gửi, Lỗi còn lại, Nguồn số liệu (each value's file and cell). The structure
of the first is that of provincial roll-ups: title, (Kèm theo …), unit line, index row, groups.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from notifier import report_sheets, wording
from notifier.dossier_sheet import dossier_sheet
from notifier.fixed_zip import repack
from notifier.printed import (
    BOLD,
    CENTRE,
    DECIMAL,
    HEADER,
    INDEX,
    PLAIN,
    UNSURE,
    WHOLE,
    WRONG,
    Look,
    Value,
    number,
    page,
    row,
    span,
    widths,
)
from notifier.report_gather import Material, build_inputs, gather
from notifier.report_inputs import (
    CommuneFacts,
    FieldFacts,
    PointFacts,
    ReportInputs,
    inputs_json,
    total,
)
from parsers.reading import CERTAIN

__all__ = [
    "Material",
    "ReportInputs",
    "build_inputs",
    "gather",
    "inputs_json",
    "workbook",
]

_WIDTHS = {
    "text": 11.5, "list": 14.0, "choice": 10.0, "code": 11.0, "phone": 11.5,
    "decimal": 8.0, "stars": 5.5, "date": 11.0, "money": 13.0,
}  # fmt: skip
_LATE_BANNER = "GỬI SAU THỜI HẠN"


def workbook(inputs: ReportInputs) -> bytes:
    """Return the report as ``.xlsx``; the same inputs give the same bytes."""
    book = Workbook()
    book.properties.creator = wording.clean(inputs.office_name, 100)
    book.properties.title = wording.clean(inputs.report_title, 200)
    book.remove(book.worksheets[0])
    _summary(book.create_sheet("Tổng hợp"), inputs)
    report_sheets.answers(book.create_sheet("Tình hình gửi"), inputs)
    report_sheets.without_points(book.create_sheet("Không nhu cầu & không gửi"), inputs)
    dossier_sheet(book.create_sheet("Tiêu chí & hồ sơ"), inputs)
    report_sheets.open_findings(book.create_sheet("Lỗi còn lại"), inputs)
    report_sheets.sources(book.create_sheet("Nguồn số liệu"), inputs)
    target = io.BytesIO()
    book.save(target)
    return repack(target.getvalue(), inputs.made_at)


def _summary(sheet: Worksheet, inputs: ReportInputs) -> None:
    columns = len(inputs.fields) + 2
    widths(sheet, [5.0, *(_width(field) for field in inputs.fields), 12.0])
    line = report_sheets.titles(sheet, inputs, inputs.report_title, columns)
    span(sheet, line, 1, columns, "Đơn vị tính: đồng; m²",
         Look(italic=True, across="right", border=False))  # fmt: skip
    header = line + 1
    _header(sheet, header, inputs.fields)
    line = _groups(sheet, header + 2, inputs)
    line = _notes(sheet, line, columns, inputs)
    line = report_sheets.signatures(sheet, line, columns, inputs)
    page(sheet, (header, header + 1), columns, line)


def _width(field: FieldFacts) -> float:
    base = _WIDTHS.get(field.type, 12.0)
    return 15.0 if field.title else base if field.required or field.type != "text" else base - 1


def _header(sheet: Worksheet, line: int, fields: Sequence[FieldFacts]) -> None:
    labels = [f"{field.label} (đồng)" if field.type == "money" and "đồng" not in field.label
              else field.label for field in fields]  # fmt: skip
    row(sheet, line, ["TT", *labels, "Nguồn (tệp, ô)"], [HEADER] * (len(fields) + 2))
    marks = ["A", "B", *(str(index) for index in range(1, len(fields) + 1))]
    row(sheet, line + 1, marks, [INDEX] * (len(fields) + 2))


def _groups(sheet: Worksheet, line: int, inputs: ReportInputs) -> int:
    """Write in-time communes, then those after the deadline under their own banner."""
    columns = len(inputs.fields) + 2
    apart = inputs.late == "list-separately"
    late = [one for one in inputs.registering if apart and one.counted and one.counted.late]
    timely = [one for one in inputs.registering if one not in late]
    if not inputs.registering:
        text = f"Không có xã, thị trấn nào đăng ký ({len(inputs.communes)} đơn vị)."
        span(sheet, line, 1, columns, text, Look(italic=True, across="center"))
        line += 1
    line = _communes(sheet, line, timely, inputs, 1)
    if late:
        span(sheet, line, 1, columns, _LATE_BANNER, Look(bold=True, italic=True))
        line = _communes(sheet, line + 1, late, inputs, len(timely) + 1)
    points = inputs.points
    text = f"TỔNG CỘNG ({len(points)} điểm, {len(inputs.registering)} đơn vị)"
    _subtotal(sheet, line, "", text, points, inputs.fields, "")
    return line + 1


def _communes(
    sheet: Worksheet,
    line: int,
    communes: Iterable[CommuneFacts],
    inputs: ReportInputs,
    first: int,
) -> int:
    for index, commune in enumerate(communes, start=first):
        counted = commune.counted
        errors = f", còn {counted.errors} chỗ cần sửa" if counted and counted.errors else ""
        text = f"{commune.title.upper()} ({len(commune.points)} điểm{errors})"
        receipt = counted.receipt if counted else ""
        _subtotal(sheet, line, wording.roman(index), text, commune.points, inputs.fields, receipt)
        line += 1
        wrong = _wrong_cells(commune)
        for ordinal, point in enumerate(commune.points, start=1):
            _point(sheet, line, ordinal, point, inputs.fields, wrong)
            line += 1
    return line


def _wrong_cells(commune: CommuneFacts) -> frozenset[tuple[int, str]]:
    findings = commune.counted.findings if commune.counted else ()
    return frozenset(
        (finding.row, finding.field)
        for finding in findings
        if finding.severity == "error" and finding.row and finding.field
    )


def _subtotal(
    sheet: Worksheet,
    line: int,
    mark: str,
    text: str,
    points: Sequence[PointFacts],
    fields: Sequence[FieldFacts],
    receipt: str,
) -> None:
    """A group or total row: its name runs over the columns before the first sum."""
    summed = [index for index, field in enumerate(fields) if field.type in {"money", "decimal"}]
    values: list[Value] = [mark, text, *[None] * (len(fields) - 1), receipt]
    looks = [Look(bold=True, across="center"), *[BOLD] * len(fields), Look(size=9)]
    for index in summed:
        values[index + 1] = total(points, fields[index].key)
        looks[index + 1] = _figure(fields[index], bold=True)
    values[1] = text
    until = (summed[0] if summed else len(fields)) or 1
    row(sheet, line, [values[0], None, *values[2:]], looks)
    span(sheet, line, 2, until + 1 if until > 1 else 2, text, BOLD)


def _figure(field: FieldFacts, *, bold: bool = False) -> Look:
    return Look(
        bold=bold, across="right", number_format=WHOLE if field.type == "money" else DECIMAL
    )


def _point(
    sheet: Worksheet,
    line: int,
    ordinal: int,
    point: PointFacts,
    fields: Sequence[FieldFacts],
    wrong: frozenset[tuple[int, str]],
) -> None:
    values: list[Value] = [ordinal]
    looks = [CENTRE]
    for field in fields:
        value, look = _cell(field, point)
        if (ordinal, field.key) in wrong:
            look = _filled(look, wrong=True)
        elif point.confidence.get(field.key, 1.0) < CERTAIN:
            look = _filled(look, wrong=False)
        values.append(value)
        looks.append(look)
    values.append(_source(point, fields))
    looks.append(Look(size=9))
    row(sheet, line, values, looks)


def _filled(look: Look, *, wrong: bool) -> Look:
    return replace(look, fill=WRONG if wrong else UNSURE)


def _cell(field: FieldFacts, point: PointFacts) -> tuple[Value, Look]:
    """The value as Excel should hold it, and its look; what is no number stays text."""
    text = point.values.get(field.key, "")
    if field.type in {"money", "decimal"} and (value := number(text)) is not None:
        return value, _figure(field)
    if field.type == "stars" and (value := number(text)) is not None:
        return value, CENTRE
    if field.type == "date":
        return wording.iso_day(text), CENTRE
    if field.type in {"phone", "code"}:
        return text, Look(number_format="@")
    return text, PLAIN


def _source(point: PointFacts, fields: Sequence[FieldFacts]) -> str:
    key = next((field.key for field in fields if field.title), "")
    place = point.places.get(key) or next(iter(point.places.values()), "")
    told = place if "!" in place else wording.place(place)  # Biểu 1!B9 is what Excel calls it
    file = wording.clean(point.file, 120)
    return f"{file}; {told}" if told else file


def _notes(sheet: Worksheet, line: int, columns: int, inputs: ReportInputs) -> int:
    texts = [_narrative(inputs)]
    if any(value < CERTAIN for point in inputs.points for value in point.confidence.values()):
        texts.append("Ô nền vàng: hệ thống đọc chưa chắc chắn, cần đối chiếu với tệp gốc.")
    if any(commune.counted and commune.counted.errors for commune in inputs.registering):
        texts.append("Ô nền cam: còn thiếu hoặc sai, xem trang “Lỗi còn lại”.")
    for text in texts:
        span(sheet, line, 1, columns, text, Look(italic=True, border=False, upright="top"))
        line += 1
    return line


def _narrative(inputs: ReportInputs) -> str:
    """The totals in words, as forms have them beneath the table."""
    registering, points = inputs.registering, inputs.points
    nil, silent = len(inputs.in_state("nil")), len(inputs.in_state("silent"))
    parts = [f"Tổng số {len(inputs.communes)} xã, thị trấn"]
    if registering:
        parts.append(f"{len(registering)} đơn vị đăng ký {len(points)} điểm")
    else:
        parts.append("không có đơn vị nào đăng ký")
    parts.append(f"{nil} đơn vị có văn bản không có nhu cầu")
    deemed = " (được hiểu là không có nhu cầu)" if inputs.silence == "no-need" and silent else ""
    parts.append(f"{silent} đơn vị không gửi văn bản{deemed}")
    others = len(inputs.communes) - len(registering) - nil - silent
    if others:
        parts.append(f"{others} đơn vị khác (chưa gửi, đang xử lý hoặc cần bổ sung)")
    return "; ".join(parts) + "."


def sums(inputs: ReportInputs) -> list[tuple[str, Decimal, str]]:
    """Return label, sum and type of every column in which something is stated."""
    found = [
        (field.label, total(inputs.points, field.key), field.type)
        for field in inputs.fields
        if field.type in {"money", "decimal"}
    ]
    return [(label, amount, kind) for label, amount, kind in found if amount is not None]
