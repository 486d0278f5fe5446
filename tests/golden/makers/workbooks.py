"""Papers as workbooks, by two producers with habits of their own."""

import datetime as dt
import io
import re
import zipfile

import xlsxwriter
from golden.makers.paper import Box, Paper, Sheet, shown
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

_FIXED = (2024, 5, 17, 8, 0, 0)
_THIN = Side(style="thin")
_BORDER = Border(_THIN, _THIN, _THIN, _THIN)


def frozen(data: bytes) -> bytes:
    """Return the zip with fixed times, inside and outside."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"2024-05-17T08:00:00Z", content)
            new.writestr(zipfile.ZipInfo(entry.filename, _FIXED), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def by_openpyxl(paper: Paper, font: str = "") -> bytes:
    """Return a workbook written by openpyxl: one sheet a table, borders, wrapped texts."""
    book = Workbook()
    book.remove(book.active)
    for sheet in paper.sheets:
        page = book.create_sheet(sheet.name)
        below = _openpyxl_table(
            page, sheet, _openpyxl_lines(page, sheet.above, sheet, 1 + sheet.top)
        )
        _openpyxl_lines(page, sheet.below, sheet, below)
        page.sheet_state = "hidden" if sheet.hidden else "visible"
        if font:
            for cell in (cell for row in page.iter_rows() for cell in row if cell.value):
                cell.font = Font(name=font, size=12)
    out = io.BytesIO()
    book.save(out)
    return frozen(out.getvalue())


def _openpyxl_lines(page: Worksheet, lines: list[tuple[str, ...]], sheet: Sheet, row: int) -> int:
    right = sheet.left + max(2, sheet.width - 3)
    for line in lines:
        for text, column in zip(line, (1 + sheet.left, right), strict=False):
            if text:
                page.cell(row, column, text)
        row += 1
    return row


def _openpyxl_table(page: Worksheet, sheet: Sheet, top: int) -> int:
    wrapped, bold = Alignment(wrap_text=True, vertical="top"), Font(bold=True)
    for r, boxes in enumerate(sheet.rows):
        for c, box in enumerate(boxes):
            cell = page.cell(top + r, 1 + sheet.left + c)
            cell.border = _BORDER
            if box is None:
                continue
            cell.value = box.formula or box.value
            if isinstance(cell.value, str) and not box.formula:
                cell.data_type = "s"
            cell.alignment = wrapped
            if box.heading:
                cell.font = bold
            if box.number_format:
                cell.number_format = box.number_format
    for r, c, box in merged(sheet):
        page.merge_cells(
            start_row=top + r,
            start_column=1 + sheet.left + c,
            end_row=top + r + box.down - 1,
            end_column=sheet.left + c + box.across,
        )
    for row in sheet.hidden_rows:
        page.row_dimensions[top + row].hidden = True
    for column in sheet.hidden_columns:
        page.column_dimensions[get_column_letter(1 + sheet.left + column)].hidden = True
    return top + len(sheet.rows)


def merged(sheet: Sheet) -> list[tuple[int, int, Box]]:
    """Return (row, column, box) of every box that covers others."""
    return [
        (r, c, box)
        for r, boxes in enumerate(sheet.rows)
        for c, box in enumerate(boxes)
        if box is not None and (box.across > 1 or box.down > 1)
    ]


def by_xlsxwriter(paper: Paper) -> bytes:
    """Return a workbook written by XlsxWriter: cached results of formulas are all 0."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"created": dt.datetime(2024, 5, 17, tzinfo=dt.UTC)})
    for sheet in paper.sheets:
        page = book.add_worksheet(sheet.name)
        row = _xlsxwriter_lines(page, sheet.above, sheet, sheet.top)
        row = _xlsxwriter_table(book, page, sheet, row)
        _xlsxwriter_lines(page, sheet.below, sheet, row)
        if sheet.hidden:
            page.hide()
    first = next(n for n, sheet in enumerate(paper.sheets) if not sheet.hidden)
    book.worksheets()[first].activate()
    book.worksheets()[first].set_first_sheet()
    book.close()
    return frozen(out.getvalue())


def _xlsxwriter_lines(
    page: xlsxwriter.worksheet.Worksheet, lines: list[tuple[str, ...]], sheet: Sheet, row: int
) -> int:
    right = sheet.left + max(1, sheet.width - 4)
    for line in lines:
        for text, column in zip(line, (sheet.left, right), strict=False):
            if text:
                page.write_string(row, column, text)
        row += 1
    return row


def _xlsxwriter_table(
    book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet, sheet: Sheet, top: int
) -> int:
    formats: dict[tuple[str, bool], xlsxwriter.format.Format] = {}
    for r, boxes in enumerate(sheet.rows):
        for c, box in enumerate(boxes):
            if box is None:
                continue
            look = box.number_format, box.heading
            if look not in formats:
                style = {"border": 1, "text_wrap": True, "bold": box.heading}
                formats[look] = book.add_format(style)
                if box.number_format:
                    formats[look].set_num_format(box.number_format)
            at = top + r, sheet.left + c
            if box.across > 1 or box.down > 1:
                end = at[0] + box.down - 1, at[1] + box.across - 1
                page.merge_range(*at, *end, "", formats[look])
            _xlsxwriter_cell(page, at, box, formats[look])
    for row in sheet.hidden_rows:
        page.set_row(top + row, None, None, {"hidden": True})
    for column in sheet.hidden_columns:
        at = sheet.left + column
        page.set_column(at, at, None, None, {"hidden": True})
    return top + len(sheet.rows)


def _xlsxwriter_cell(
    page: xlsxwriter.worksheet.Worksheet,
    at: tuple[int, int],
    box: Box,
    style: xlsxwriter.format.Format,
) -> None:
    if box.formula:
        page.write_formula(*at, box.formula, style, 0 if box.value is None else box.value)
    elif isinstance(box.value, dt.date):
        page.write_datetime(*at, dt.datetime.combine(box.value, dt.time()), style)
    elif isinstance(box.value, int | float):
        page.write_number(*at, box.value, style)
    elif box.value is None:
        page.write_blank(*at, None, style)
    else:
        page.write_string(*at, shown(box.value), style)
