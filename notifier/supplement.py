"""The workbook of a supplement: only what differs from what was released, each value with its file.

Sheets: Bổ sung (new points, points that are gone, the totals before and after), Thay đổi (each
column that says something else: as reported, as it is now), Trạng thái đơn vị, Lỗi còn lại, Nguồn
số liệu. Printed and signed off like the report itself (`notifier.report`).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from notifier import report_sheets, wording
from notifier.change_words import earlier, narrative, state_words
from notifier.changes import ChangedPoint, Changes, CommuneChange, Numbered
from notifier.point_rows import (
    cell_of,
    column_width,
    header_rows,
    point_row,
    source_of,
    subtotal_row,
)
from notifier.pressed import Book, Sheet
from notifier.printed import BOLD, CENTRE, HEADER, PLAIN, Look, Value
from notifier.report_inputs import CommuneFacts, FieldFacts, PointFacts, ReportInputs

_NOTE = Look(italic=True, border=False, upright="top")
_SMALL = Look(size=9)
_NONE = Look(italic=True, across="center")


def supplement_workbook(inputs: ReportInputs, was: ReportInputs, changes: Changes) -> bytes:
    """Return the supplement as ``.xlsx``; the same inputs give the same bytes.

    ``was`` are the inputs of the report that it adds to, ``changes`` what differs between the two.
    """
    title = wording.clean(report_sheets.report_title(inputs), 200)
    book = Book(wording.clean(inputs.office_name, 100), title)
    _summary(book.sheet("Bổ sung"), inputs, was, changes)
    _changed(book.sheet("Thay đổi"), inputs, changes)
    _states(book.sheet("Trạng thái đơn vị"), inputs, changes)
    report_sheets.open_findings(book.sheet("Lỗi còn lại"), _only(inputs, changes))
    _sources(book, inputs, changes)
    return book.save(inputs.made_at)


def _only(inputs: ReportInputs, changes: Changes) -> ReportInputs:
    """The same report of the communes alone that something changed for."""
    return replace(inputs, communes=tuple(one.now for one in changes.communes if one.now))


# --- what came and what went ---


def _summary(sheet: Sheet, inputs: ReportInputs, was: ReportInputs, changes: Changes) -> None:
    columns = len(changes.fields) + 2
    sheet.widths([5.0, *(column_width(field) for field in changes.fields), 12.0])
    title = report_sheets.report_title(inputs)
    line = report_sheets.titles(sheet, inputs, title, columns)
    sheet.span(line, 1, columns, f"(Bổ sung {earlier(inputs, was)})",
         Look(italic=True, across="center", border=False))  # fmt: skip
    sheet.span(line + 1, 1, columns, "Đơn vị tính: đồng; m²",
         Look(italic=True, across="right", border=False))  # fmt: skip
    header = line + 2
    header_rows(sheet, header, changes.fields)
    line = _section(sheet, header + 2, "A. ĐIỂM BỔ SUNG", [(one, one.added, one.now)
                    for one in changes.communes], changes.fields)  # fmt: skip
    line = _section(sheet, line, "B. ĐIỂM RÚT KHỎI BÁO CÁO", [(one, one.withdrawn, one.was)
                    for one in changes.communes], changes.fields)  # fmt: skip
    for text, whole in (("TỔNG CỘNG ĐÃ BÁO CÁO", was), ("TỔNG CỘNG SAU BỔ SUNG", inputs)):
        words = f"{text} ({len(whole.points)} điểm, {len(whole.registering)} đơn vị)"
        subtotal_row(sheet, line, "", words, whole.points, changes.fields, "")
        line += 1
    sheet.span(line, 1, columns, narrative(changes), _NOTE)
    line = report_sheets.signatures(sheet, line + 1, columns, inputs)
    sheet.page((header, header + 1), columns, line)


def _section(
    sheet: Sheet,
    line: int,
    title: str,
    found: Sequence[tuple[CommuneChange, tuple[Numbered, ...], CommuneFacts | None]],
    fields: Sequence[FieldFacts],
) -> int:
    """Write the points that came or went, commune by commune; return the next free line."""
    columns = len(fields) + 2
    count = sum(len(points) for _, points, _ in found)
    sheet.span(line, 1, columns, f"{title} ({count} điểm)", Look(bold=True))
    line += 1
    if not count:
        sheet.span(line, 1, columns, "Không có.", _NONE)
        return line + 1
    shown = [one for one in found if one[1]]
    for index, (change, points, commune) in enumerate(shown, start=1):
        counted = commune.counted if commune else None
        text = f"{change.title.upper()} ({len(points)} điểm)"
        receipt = counted.receipt if counted else ""
        plain = [point for _, point in points]
        subtotal_row(sheet, line, wording.roman(index), text, plain, fields, receipt)
        wrong = report_sheets.wrong_cells(commune)
        for ordinal, point in points:
            line += 1
            point_row(sheet, line, ordinal, point, fields, wrong)
        line += 1
    return line


# --- what says something else ---


def _changed(sheet: Sheet, inputs: ReportInputs, changes: Changes) -> None:
    heads = ["TT", "Đơn vị", "Điểm số", "Tên điểm", "Cột", "Đã báo cáo", "Nay là",
             "Nguồn (tệp, ô)"]  # fmt: skip
    sheet.widths([5, 20, 7, 30, 22, 30, 30, 30])
    line = report_sheets.titles(sheet, inputs, "Các nội dung thay đổi", len(heads))
    header = line
    sheet.row(header, heads, [HEADER] * len(heads))
    count = 0
    for commune in changes.communes:
        for point in commune.changed:
            for key in point.keys:
                line, count = line + 1, count + 1
                field = next(one for one in changes.fields if one.key == key)
                values, looks = _change(commune, point, field, changes.fields)
                sheet.row(line, [count, *values], [CENTRE, *looks])
    if not count:
        line += 1
        sheet.span(line, 1, len(heads), "Không có nội dung nào thay đổi.", _NONE)
    sheet.page((header, header), len(heads), line)


def _change(
    commune: CommuneChange, point: ChangedPoint, field: FieldFacts, fields: Sequence[FieldFacts]
) -> tuple[list[Value], list[Look]]:
    was, was_look = cell_of(field, point.was)
    now, now_look = cell_of(field, point.now)
    title = next((one.key for one in fields if one.title), "")
    place = wording.place(point.now.places.get(field.key))
    file = wording.clean(point.now.file, 120)
    source = f"{file}; {place}" if place else source_of(point.now, fields)
    values: list[Value] = [
        commune.title,
        point.ordinal,
        wording.clean(point.now.values.get(title, ""), 200),
        field.label,
        was if was is not None and was != "" else "(trống)",
        now if now is not None and now != "" else "(trống)",
        source,
    ]
    return values, [PLAIN, CENTRE, PLAIN, PLAIN, was_look, _bold(now_look), _SMALL]


@cache
def _bold(look: Look) -> Look:
    """Return the look in bold, the same one for the same look (`notifier.pressed`)."""
    return replace(look, bold=True)


def _states(sheet: Sheet, inputs: ReportInputs, changes: Changes) -> None:
    heads = ["TT", "Mã", "Đơn vị", "Đã báo cáo", "Nay là", "Số tiếp nhận",
             "Nhận lúc (giờ máy chủ)", "Số điểm", "Công văn của đơn vị"]  # fmt: skip
    sheet.widths([5, 9, 22, 24, 24, 20, 18, 8, 44])
    line = report_sheets.titles(sheet, inputs, "Các đơn vị thay đổi trạng thái", len(heads))
    header = line
    sheet.row(header, heads, [HEADER] * len(heads))
    for index, one in enumerate(changes.moved, start=1):
        line += 1
        looks = [CENTRE, CENTRE, PLAIN, PLAIN, BOLD, PLAIN, CENTRE, CENTRE, PLAIN]
        sheet.row(line, _state(index, one, inputs), looks)
    if not changes.moved:
        line += 1
        sheet.span(line, 1, len(heads), "Không có đơn vị nào thay đổi trạng thái.", _NONE)
    sheet.page((header, header), len(heads), line)


def _state(index: int, one: CommuneChange, inputs: ReportInputs) -> list[Value]:
    known = one.now or one.was
    counted = one.now.counted if one.now else None
    was, now = one.states
    return [
        index,
        known.code if known else "",
        one.title,
        state_words(was),
        state_words(now),
        counted.receipt if counted else "",
        wording.moment(counted.received_at, inputs.zone) if counted else "",
        len(one.now.points) if one.now and counted else None,
        report_sheets.letter_words(counted),
    ]


# --- where it stands ---


def _sources(book: Book, inputs: ReportInputs, changes: Changes) -> None:
    """Every value of a new point and every changed value; the earlier ones stand in the report."""
    found: list[tuple[str, int, PointFacts, tuple[str, ...]]] = []
    for one in changes.communes:
        found += [(one.title, number, point, tuple(point.values)) for number, point in one.added]
        found += [(one.title, point.ordinal, point.now, point.keys) for point in one.changed]
    report_sheets.source_rows(book, inputs, found)
