"""The report's workbook: laid out to be printed and signed off.

Sheets: Tổng hợp (communes as Roman group rows, their points beneath, totals), Tình hình gửi,
Không nhu cầu & không gửi, Lỗi còn lại, Nguồn số liệu (each value's file and cell). The structure
of the first is that of provincial roll-ups: title, (Kèm theo …), unit line, index row, groups.
"""

from collections.abc import Iterable
from decimal import Decimal

from notifier import report_sheets, wording
from notifier.dossier_sheet import dossier_sheet
from notifier.point_rows import column_width, header_rows, point_row, subtotal_row
from notifier.pressed import Book, Sheet
from notifier.printed import Look
from notifier.report_gather import Material, build_inputs, gather
from notifier.report_inputs import (
    CommuneFacts,
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

_LATE_BANNER = "GỬI SAU THỜI HẠN"
#: Of a supplement whose base is lost: what differs cannot be told, so all is told.
_WHOLE = "Không còn số liệu của báo cáo trước để so sánh: báo cáo bổ sung này nêu toàn bộ số liệu."


def workbook(inputs: ReportInputs) -> bytes:
    """Return the report as ``.xlsx``; the same inputs give the same bytes."""
    title = wording.clean(report_sheets.report_title(inputs), 200)
    book = Book(wording.clean(inputs.office_name, 100), title)
    _summary(book.sheet("Tổng hợp"), inputs)
    report_sheets.answers(book.sheet("Tình hình gửi"), inputs)
    report_sheets.without_points(book.sheet("Không nhu cầu & không gửi"), inputs)
    dossier_sheet(book.sheet("Tiêu chí & hồ sơ"), inputs)
    report_sheets.open_findings(book.sheet("Lỗi còn lại"), inputs)
    report_sheets.sources(book, inputs)
    return book.save(inputs.made_at)


def _summary(sheet: Sheet, inputs: ReportInputs) -> None:
    columns = len(inputs.fields) + 2
    sheet.widths([5.0, *(column_width(field) for field in inputs.fields), 12.0])
    line = report_sheets.titles(sheet, inputs, report_sheets.report_title(inputs), columns)
    sheet.span(line, 1, columns, "Đơn vị tính: đồng; m²",
         Look(italic=True, across="right", border=False))  # fmt: skip
    header = line + 1
    header_rows(sheet, header, inputs.fields)
    line = _groups(sheet, header + 2, inputs)
    line = _notes(sheet, line, columns, inputs)
    line = report_sheets.signatures(sheet, line, columns, inputs)
    sheet.page((header, header + 1), columns, line)


def _groups(sheet: Sheet, line: int, inputs: ReportInputs) -> int:
    """Write in-time communes, then those after the deadline under their own banner."""
    columns = len(inputs.fields) + 2
    apart = inputs.late == "list-separately"
    late = [one for one in inputs.registering if apart and one.counted and one.counted.late]
    timely = [one for one in inputs.registering if one not in late]
    if not inputs.registering:
        text = f"Không có xã, thị trấn nào đăng ký ({len(inputs.communes)} đơn vị)."
        sheet.span(line, 1, columns, text, Look(italic=True, across="center"))
        line += 1
    line = _communes(sheet, line, timely, inputs, 1)
    if late:
        sheet.span(line, 1, columns, _LATE_BANNER, Look(bold=True, italic=True))
        line = _communes(sheet, line + 1, late, inputs, len(timely) + 1)
    points = inputs.points
    text = f"TỔNG CỘNG ({len(points)} điểm, {len(inputs.registering)} đơn vị)"
    subtotal_row(sheet, line, "", text, points, inputs.fields, "")
    return line + 1


def _communes(
    sheet: Sheet,
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
        subtotal_row(
            sheet, line, wording.roman(index), text, commune.points, inputs.fields, receipt
        )
        line += 1
        wrong = report_sheets.wrong_cells(commune)
        for ordinal, point in enumerate(commune.points, start=1):
            point_row(sheet, line, ordinal, point, inputs.fields, wrong)
            line += 1
    return line


def _notes(sheet: Sheet, line: int, columns: int, inputs: ReportInputs) -> int:
    texts = [_narrative(inputs)]
    if inputs.base is not None:
        texts.append(_WHOLE)
    if any(value < CERTAIN for point in inputs.points for value in point.confidence.values()):
        texts.append("Ô nền vàng: hệ thống đọc chưa chắc chắn, cần đối chiếu với tệp gốc.")
    if any(commune.counted and commune.counted.errors for commune in inputs.registering):
        texts.append("Ô nền cam: còn thiếu hoặc sai, xem trang “Lỗi còn lại”.")
    for text in texts:
        sheet.span(line, 1, columns, text, Look(italic=True, border=False, upright="top"))
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
