"""The demo's documents, made when it runs: workbooks, Word files and PDFs as communes make them.

All names are invented. An ``Entry`` holds the canonical values of one point, so that the demo can
compare what the registry read with what was meant.
"""

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm, Pt
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from notifier.filled import Cell
from parsers.form import Form

MILLION = Decimal(1_000_000)
TITLE = "DANH SÁCH ĐĂNG KÝ HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP NĂM 2024"
CALL = "Công văn của UBND huyện Cao Lộc về việc tiếp tục rà soát, đăng ký hỗ trợ Điểm OCOP"
SUBJECT = "V/v đăng ký hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP"
_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",  # the one that ./dev installs goes first
    "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
    "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf",
)

Entry = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the commune's name as it prints it, and its letter's number and day."""

    name: str
    number: str
    on: dt.date
    signer: str = "Nông Văn Thắng"
    class_word: str = "xã"

    @property
    def day(self) -> str:
        """The day as a letter has it: ``ngày 17 tháng 5 năm 2024``."""
        return f"ngày {self.on:%d} tháng {self.on.month} năm {self.on.year}"


@dataclass(frozen=True, slots=True)
class Column:
    """One printed column: which field it shows, its header and the header above it."""

    key: str
    header: str
    above: str = ""
    width: int = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """How a commune lays its table out. ``unit`` is what its money columns are in."""

    columns: tuple[Column, ...]
    unit: str = "đồng"
    index_row: bool = False
    total_row: bool = False
    group: str = ""
    note: str = ""


_NAME = Column("name", "Tên điểm", width=26)
_ADDRESS = Column("address", "Địa chỉ", width=24)
_OWNER = Column("owner", "Chủ thể quản lý", width=24)

#: One header row, every column, amounts in đồng: the clerk who follows the form.
PLAIN = Layout(
    (
        _NAME,
        _ADDRESS,
        _OWNER,
        Column("owner_kind", "Loại hình"),
        Column("registration_no", "Số ĐKKD/MST"),
        Column("representative", "Người đại diện", width=20),
        Column("phone", "Điện thoại", width=14),
        Column("location_kind", "Vị trí theo QĐ 950/QĐ-BCT", width=26),
        Column("area_m2", "Diện tích (m²)", width=10),
        Column("products", "Sản phẩm OCOP", width=24),
        Column("stars", "Hạng sao", width=8),
        Column("certified_on", "Ngày cấp giấy chứng nhận", width=14),
        Column("needs", "Nội dung đề nghị hỗ trợ", width=26),
        Column("cost_total", "Tổng kinh phí (đồng)", width=16),
        Column("cost_requested", "Kinh phí đề nghị hỗ trợ (đồng)", width=18),
        Column("note", "Ghi chú"),
    )
)

#: Two header rows with merged cells, an index row and a total, amounts in triệu đồng.
TWO_ROWS = Layout(
    (
        Column("name", "Tên điểm giới thiệu, bán hàng", width=26),
        Column("address", "Địa điểm", width=24),
        Column("owner", "Tên cơ sở", width=22),
        Column("representative", "Họ và tên", "Người đại diện", 18),
        Column("phone", "SĐT", "Người đại diện", 14),
        Column("area_m2", "DT (m2)", width=9),
        Column("products", "Tên sản phẩm", "Sản phẩm OCOP", 22),
        Column("stars", "Hạng sao", "Sản phẩm OCOP", 8),
        Column("cost_total", "Tổng kinh phí", "Kinh phí (triệu đồng)", 12),
        Column("cost_requested", "Đề nghị hỗ trợ", "Kinh phí (triệu đồng)", 12),
        Column("note", "Ghi chú", width=16),
    ),
    unit="triệu đồng",
    index_row=True,
    total_row=True,
)

#: Reordered, the unit stated once above the table, group row, notes and a total.
GROUPED = replace(
    TWO_ROWS,
    columns=(
        Column("owner", "Chủ thể", width=24),
        Column("name", "Tên Điểm", width=26),
        Column("address", "Địa chỉ (thôn, xã)", width=24),
        Column("representative", "Người đại diện", width=20),
        Column("phone", "Số điện thoại", width=14),
        Column("products", "Sản phẩm OCOP", width=24),
        Column("stars", "Hạng sao OCOP", width=8),
        Column("area_m2", "Diện tích (m2)", width=10),
        Column("cost_requested", "Kinh phí đề nghị hỗ trợ", width=16),
    ),
    unit="triệu đồng",
    group="I. Điểm đăng ký mới",
    note="Ghi chú: Hạng sao ghi theo quyết định công nhận còn hiệu lực.",
)


def blank_workbook(layout: Layout, sender: Sender) -> bytes:
    """Return the layout with no rows at all, as somebody sends the form back by mistake."""
    return workbook(layout, sender, ())


def workbook(layout: Layout, sender: Sender, entries: Sequence[Entry]) -> bytes:
    """Return an .xlsx with letterhead, title, table, total and signature block."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Biểu 01"
    width = len(layout.columns) + 1
    half = width // 2
    lines = [
        (1, 1, half, f"ỦY BAN NHÂN DÂN {sender.class_word.upper()} {sender.name.upper()}"),
        (1, half + 1, width, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (2, half + 1, width, "Độc lập - Tự do - Hạnh phúc"),
        (4, 1, width, TITLE),
        (5, 1, width, f"(Kèm theo Công văn số {sender.number} {sender.day})"),
        (6, 1, width, f"Đơn vị tính: {layout.unit}"),
    ]
    for row, first, last, text in lines:
        sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
        cell = sheet.cell(row, first, text)
        cell.font = Font(name="Times New Roman", size=13, bold=row < 5)  # noqa: PLR2004
        cell.alignment = Alignment(horizontal="center", wrap_text=True)
    last = _table_into_sheet(sheet, 8, _table(layout, entries, numbers=True))
    if layout.note:
        sheet.cell(last + 1, 1, layout.note)
    sheet.cell(last + 3, width - 2, f"{sender.name}, {sender.day}")
    sheet.cell(last + 4, width - 2, "TM. ỦY BAN NHÂN DÂN")
    sheet.cell(last + 5, width - 2, "CHỦ TỊCH")
    sheet.cell(last + 9, width - 2, sender.signer)
    for index, column in enumerate((Column("", "STT", width=5), *layout.columns), start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def word(sender: Sender, body: Sequence[str], layout: Layout, entries: Sequence[Entry]) -> bytes:
    """Return a .docx: the official letter and, where there are entries, the table below it."""
    document = docx.Document()
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(13)
    head = document.add_table(rows=2, cols=2)
    issuer = f"{sender.class_word.upper()} {sender.name.upper()}"
    head.cell(0, 0).text = f"ỦY BAN NHÂN DÂN\n{issuer}"
    head.cell(0, 1).text = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
    head.cell(1, 0).text = f"Số: {sender.number}\n{SUBJECT}"
    head.cell(1, 1).text = f"{sender.name}, {sender.day}"
    for line in body:
        paragraph = document.add_paragraph(line)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    signature = document.add_table(rows=1, cols=2)
    signature.cell(0, 0).text = "Nơi nhận:\n- Như trên;\n- Lưu: VT."
    signature.cell(0, 1).text = f"TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH\n\n\n\n{sender.signer}"
    if entries:
        section = document.add_section()
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
        document.add_paragraph(TITLE)
        document.add_paragraph(f"(Kèm theo Công văn số {sender.number} {sender.day})")
        _table_into_word(document, _table(layout, entries, numbers=False))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def typed(entry: Entry, form: Form) -> dict[str, Cell]:
    """Return a point's values as a clerk types them: numbers as numbers, days as days."""
    numbers: dict[str, Callable[[str], Cell]] = {
        "money": int,
        "stars": int,
        "decimal": float,
        "date": dt.date.fromisoformat,
    }
    types = {field.key: field.type for field in form.fields}
    return {key: numbers.get(types[key], str)(value) for key, value in entry.items()}


def pdf(
    sender: Sender,
    body: Sequence[str],
    layout: Layout,
    entries: Sequence[Entry],
    subject: str = SUBJECT,
) -> bytes:
    """Return a PDF with a text layer: letter on top, ruled table below.

    Raises:
        FileNotFoundError: No font with Vietnamese letters is installed.
    """
    from reportlab.lib.pagesizes import A4, landscape  # noqa: PLC0415  only the demo needs it
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer  # noqa: PLC0415

    fonts = (TTFont("Serif", path) for path in _FONTS if Path(path).exists())
    # Debian 12's fonts-liberation is of version 1, without most Vietnamese letters.
    font = next((one for one in fonts if ord("ệ") in one.face.charToGlyph), None)
    if font is None:
        msg = "no Vietnamese font found: install the Debian package fonts-dejavu-core"
        raise FileNotFoundError(msg)
    pdfmetrics.registerFont(font)
    style = ParagraphStyle("body", fontName="Serif", fontSize=12, leading=16)
    issuer = f"ỦY BAN NHÂN DÂN {sender.class_word.upper()} {sender.name.upper()}"
    lines = [
        issuer,
        f"Số: {sender.number}",
        subject,
        f"{sender.name}, {sender.day}",
        *body,
        "TM. ỦY BAN NHÂN DÂN",
        "CHỦ TỊCH",
        sender.signer,
    ]
    story = [Paragraph(line, style) for line in lines]
    if entries:
        story += [Spacer(1, 20), Paragraph(TITLE, style), Spacer(1, 10)]
        story.append(_table_for_pdf(_table(layout, entries, numbers=False), landscape(A4)[0] - 60))
    stream = io.BytesIO()
    page = SimpleDocTemplate(
        stream, pagesize=landscape(A4), leftMargin=30, rightMargin=30, title=TITLE, invariant=1
    )
    page.build(story)
    return stream.getvalue()


# --- one table, three renderers -----------------------------------------------------------------

_Value = str | int | float | dt.date | None


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows of values; ``heads`` header rows, spans as (row, column, rows, columns) from 0."""

    rows: tuple[tuple[_Value, ...], ...]
    spans: tuple[tuple[int, int, int, int], ...]
    widths: tuple[int, ...]


def _table(layout: Layout, entries: Sequence[Entry], *, numbers: bool) -> _Table:
    columns = layout.columns
    deep = any(column.above for column in columns)
    top: list[_Value] = ["STT", *(column.above or column.header for column in columns)]
    rows: list[list[_Value]] = [top]
    spans: list[tuple[int, int, int, int]] = []
    if deep:
        rows.append([None, *(column.header if column.above else None for column in columns)])
        spans += [(0, 0, 2, 1)]
        for index, column in enumerate(columns, start=1):
            if not column.above:
                spans.append((0, index, 2, 1))
            elif columns[index - 2].above != column.above:
                count = sum(other.above == column.above for other in columns)
                spans.append((0, index, 1, count))
                rows[0][index + 1 : index + count] = [None] * (count - 1)
    if layout.index_row:
        rows.append([f"({number})" for number in range(1, len(columns) + 2)])
    if layout.group and entries:
        spans.append((len(rows), 0, 1, len(columns) + 1))
        rows.append([layout.group, *([None] * len(columns))])
    for number, entry in enumerate(entries, start=1):
        shown = [_shown(column.key, entry, layout.unit, numbers=numbers) for column in columns]
        rows.append([number if numbers else str(number), *shown])
    if layout.total_row and entries:
        rows.append(["", "Tổng cộng", *_totals(layout, entries, numbers=numbers)])
    widths = (5, *(column.width for column in columns))
    return _Table(tuple(tuple(row) for row in rows), tuple(spans), widths)


def _totals(layout: Layout, entries: Sequence[Entry], *, numbers: bool) -> list[_Value]:
    shown: list[_Value] = []
    for column in layout.columns[1:]:
        values = [
            Decimal(e[column.key]) for e in entries if _is_number(column.key) and column.key in e
        ]
        total = {column.key: str(sum(values))} if values else {}
        shown.append(_shown(column.key, total, layout.unit, numbers=numbers))
    return shown


def _is_number(key: str) -> bool:
    return key.startswith("cost_") or key == "area_m2"


def _shown(key: str, entry: Entry, unit: str, *, numbers: bool) -> _Value:
    """Return the value as a clerk writes it: typed in a workbook, Vietnamese text elsewhere."""
    value = entry.get(key)
    if value is None:
        return None
    if _is_number(key):
        amount = Decimal(value) / (MILLION if key != "area_m2" and unit == "triệu đồng" else 1)
        return float(amount) if numbers else _vietnamese(amount)
    if key == "stars":
        return int(value) if numbers else f"{value} sao"
    if key == "certified_on":
        day = dt.date.fromisoformat(value)
        return day if numbers else f"{day:%d/%m/%Y}"
    return value.replace("; ", "\n") if key == "products" else value


def _vietnamese(number: Decimal) -> str:
    text = f"{number.normalize():,f}"
    return text.replace(",", " ").replace(".", ",").replace(" ", ".")


def _table_into_sheet(sheet: Any, first: int, table: _Table) -> int:
    thin = Side(style="thin")
    for index, values in enumerate(table.rows):
        for position, value in enumerate(values, start=1):
            cell = sheet.cell(first + index, position, value)
            cell.border = Border(thin, thin, thin, thin)
            cell.font = Font(name="Times New Roman", size=12)
            cell.alignment = Alignment(wrap_text=True, vertical="center")
            if isinstance(value, dt.date):
                cell.number_format = "dd/mm/yyyy"
    for row, column, rows, columns in table.spans:
        sheet.merge_cells(
            start_row=first + row,
            end_row=first + row + rows - 1,
            start_column=column + 1,
            end_column=column + columns,
        )
    return first + len(table.rows) - 1


def _table_into_word(document: Any, table: _Table) -> None:
    grid = document.add_table(len(table.rows), len(table.rows[0]))
    grid.style = "Table Grid"
    for index, values in enumerate(table.rows):
        for position, value in enumerate(values):
            if value is not None:
                grid.cell(index, position).text = str(value)
    for row, column, rows, columns in table.spans:
        grid.cell(row, column).merge(grid.cell(row + rows - 1, column + columns - 1))


def _table_for_pdf(table: _Table, width: float) -> Any:
    from reportlab.lib.colors import black  # noqa: PLC0415
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.platypus import Paragraph, Table, TableStyle  # noqa: PLC0415

    style = ParagraphStyle("cell", fontName="Serif", fontSize=8, leading=10)
    # Products by semicolon: in a full PDF cell nobody can tell a new line from a wrapped one.
    cells = [
        [Paragraph("" if value is None else str(value).replace("\n", "; "), style) for value in row]
        for row in table.rows
    ]
    scale = width / sum(table.widths)
    spans = [
        ("SPAN", (column, row), (column + columns - 1, row + rows - 1))
        for row, column, rows, columns in table.spans
    ]
    return Table(
        cells,
        colWidths=[part * scale for part in table.widths],
        style=TableStyle([("GRID", (0, 0), (-1, -1), 0.5, black), *spans]),
    )
