# ruff: noqa: E501  the letter's sentences stand whole, as they are read
"""Builds config/cao-loc/templates/official-letter.docx anew, when it is run as a script.

Layout: Nghị định 30/2020/NĐ-CP, Phụ lục I. An admin edits the .docx itself in Word; this script
only shows how the shipped one was made.
"""

import datetime as dt
import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt

from notifier.fixed_zip import repack

TARGET = Path(__file__).parents[2] / "config/cao-loc/templates/official-letter.docx"
FONT = "Times New Roman"


def text(paragraph, words, size=14, *, bold=False, italic=False, align=None):
    run = paragraph.add_run(words)
    run.font.name, run.font.size, run.bold, run.italic = FONT, Pt(size), bold, italic
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    form = paragraph.paragraph_format
    form.space_after = form.space_before = Pt(0)
    if align is not None:
        paragraph.alignment = align
    return paragraph


def rule(paragraph, indent_cm):
    """A line under the paragraph, shorter than its box."""
    border = OxmlElement("w:pBdr")
    line = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        line.set(qn(f"w:{name}"), value)
    border.append(line)
    paragraph._p.get_or_add_pPr().append(border)
    paragraph.paragraph_format.line_spacing = Pt(4)
    paragraph.paragraph_format.left_indent = Cm(indent_cm)
    paragraph.paragraph_format.right_indent = Cm(indent_cm)


def body(document, words, *, italic=False, bold=False):
    paragraph = text(document.add_paragraph(), words, italic=italic, bold=bold)
    paragraph.alignment = ALIGN.JUSTIFY
    form = paragraph.paragraph_format
    form.first_line_indent, form.space_before, form.line_spacing = Cm(1.27), Pt(6), 1.1
    return paragraph


def tag(document, words):
    """A paragraph that only steers and disappears."""
    return text(document.add_paragraph(), words)


def widths(table, sizes):
    table.autofit = False
    for column, size in zip(table.columns, sizes, strict=True):
        column.width = Cm(size)
    for row in table.rows:
        for cell, size in zip(row.cells, sizes, strict=True):
            cell.width = Cm(size)


def head(document):
    table = document.add_table(1, 2)
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    left, right = table.rows[0].cells
    first = left.paragraphs[0]
    text(first, "{%p if parent %}", 13)
    text(left.add_paragraph(), "{{ parent }}", 13, align=ALIGN.CENTER)
    text(left.add_paragraph(), "{%p endif %}", 13)
    text(left.add_paragraph(), "{{ issuer }}", 13, bold=True, align=ALIGN.CENTER)
    text(left.add_paragraph(), "{%p if issuer_place %}", 13)
    text(left.add_paragraph(), "{{ issuer_place }}", 13, bold=True, align=ALIGN.CENTER)
    text(left.add_paragraph(), "{%p endif %}", 13)
    rule(text(left.add_paragraph(), "", 4), 2.2)
    number = text(left.add_paragraph(), "Số:        /{{ notation }}", 13, align=ALIGN.CENTER)
    number.paragraph_format.space_before = Pt(4)
    about = text(left.add_paragraph(), "V/v {{ subject }}", 12, align=ALIGN.CENTER)
    about.paragraph_format.space_before = Pt(6)
    nation = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    text(right.paragraphs[0], nation, 12, bold=True, align=ALIGN.CENTER)
    motto = "Độc lập - Tự do - Hạnh phúc"
    text(right.add_paragraph(), motto, 13, bold=True, align=ALIGN.CENTER)
    rule(text(right.add_paragraph(), "", 4), 2.2)
    date = "{{ place }}, ngày      tháng {{ month }} năm {{ year }}"
    place = text(right.add_paragraph(), date, 13, italic=True, align=ALIGN.CENTER)
    place.paragraph_format.space_before = Pt(4)
    widths(table, (6.4, 10.2))


def results(document):
    tag(document, "{%p if points %}")
    body(
        document,
        "2. Kết quả đăng ký: {{ registering }} xã, thị trấn đăng ký {{ points }} điểm; {{ sums }}. Cụ thể như sau:",
    )
    labels = ("TT", "Xã, thị trấn", "Số điểm", "{%tc for label in headings %}")
    rows = (
        (*labels, "{{ label }} (đồng)", "{%tc endfor %}"),
        ("{%tr for row in rows %}", "", "", "", "", ""),
        ("{{ row.index }}", "{{ row.name }}", "{{ row.points }}",
         "{%tc for amount in row.amounts %}", "{{ amount }}", "{%tc endfor %}"),
        ("{%tr endfor %}", "", "", "", "", ""),
        ("", "Tổng cộng", "{{ points }}",
         "{%tc for amount in totals %}", "{{ amount }}", "{%tc endfor %}"),
    )  # fmt: skip
    table = document.add_table(len(rows), 6)
    table.style, table.alignment = "Table Grid", WD_TABLE_ALIGNMENT.CENTER
    for number, (row, values) in enumerate(zip(table.rows, rows, strict=True)):
        for column, (cell, value) in enumerate(zip(row.cells, values, strict=True)):
            align = (
                ALIGN.LEFT
                if column == 1 and number
                else ALIGN.RIGHT
                if column > 2 and number
                else ALIGN.CENTER
            )
            text(cell.paragraphs[0], value, 12, bold=number in {0, 4}, align=align)
    widths(table, (1.2, 4.8, 1.7, 3.5, 3.5, 1.0))
    repeat = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    tag(document, "{%p if wrong %}")
    body(
        document,
        "Biểu của {{ wrong_names }} còn chỗ chưa đầy đủ hoặc chưa đúng, được nêu tại Phụ lục; {{ office }} tiếp tục yêu cầu hoàn thiện.",
    )
    tag(document, "{%p endif %}")
    tag(document, "{%p if late %}")
    body(
        document,
        "Văn bản của {{ late_names }} đến sau thời hạn, được ghi riêng tại Phụ lục để {{ recipient }} xem xét.",
    )
    tag(document, "{%p endif %}")
    body(document, "(Chi tiết tại Phụ lục gửi kèm)", italic=True)
    tag(document, "{%p else %}")
    body(
        document,
        "2. Kết quả đăng ký: qua tổng hợp, không có xã, thị trấn nào trên địa bàn đăng ký trong đợt này (tình hình gửi văn bản của từng đơn vị tại Phụ lục gửi kèm).",
    )
    tag(document, "{%p endif %}")


def addition(document):
    """A supplement's own words; the full report's follow as the other way."""
    tag(document, "{%p if addition %}")
    body(
        document,
        "Tiếp theo {{ earlier }}, {{ office }} báo cáo bổ sung (lần {{ supplement_number }}) kết quả {{ topic }} (đợt {{ round }}), số liệu tính đến {{ counted_until }}, như sau:",
    )
    body(document, "1. Nội dung bổ sung, thay đổi so với số liệu đã báo cáo:")
    tag(document, "{%p for line in changes %}")
    body(document, "- {{ line }}{% if loop.last and not changes_left %}.{% else %};{% endif %}")
    tag(document, "{%p endfor %}")
    tag(document, "{%p if changes_left %}")
    body(document, "- và {{ changes_left }} đơn vị khác, nêu tại Phụ lục.")
    tag(document, "{%p endif %}")
    body(
        document,
        "2. Sau khi bổ sung: {% if registering %}{{ registering }} xã, thị trấn đăng ký {{ points }} điểm; {{ sums }}{% else %}không có xã, thị trấn nào đăng ký{% endif %}. Các nội dung khác giữ nguyên như đã báo cáo.",
    )
    body(document, "(Chi tiết tại Phụ lục gửi kèm)", italic=True)
    tag(document, "{%p else %}")


def signature(document):
    text(document.add_paragraph(), "", 6)
    table = document.add_table(1, 2)
    left, right = table.rows[0].cells
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    text(left.paragraphs[0], "Nơi nhận:", 12, bold=True, italic=True)
    for line in (
        "- Như trên;",
        "- CT, PCT {{ office }};",
        "- {{ unit }};",
        "- Lưu: VT, {{ drafted_by }}.",
    ):
        text(left.add_paragraph(), line, 11)
    text(right.paragraphs[0], "{{ signer_authority }}", 14, bold=True, align=ALIGN.CENTER)
    text(right.add_paragraph(), "{{ signer_title }}", 14, bold=True, align=ALIGN.CENTER)
    for _ in range(4):
        text(right.add_paragraph(), "", 14)
    widths(table, (8.1, 8.1))


def page(document):
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(18)
    section.different_first_page_header_footer = True
    paragraph = text(section.header.paragraphs[0], "", 13, align=ALIGN.CENTER)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def build():
    document = Document()
    document.styles["Normal"].font.name = FONT
    document.styles["Normal"].font.size = Pt(14)
    document.core_properties.author = document.core_properties.comments = ""
    page(document)
    head(document)
    text(document.add_paragraph(), "", 10)
    text(document.add_paragraph(), "Kính gửi: {{ recipient }}", 14, align=ALIGN.CENTER)
    text(document.add_paragraph(), "", 6)
    body(
        document,
        "{% if basis %}Thực hiện {{ basis }}, {% endif %}{{ office }}{% if calls %} đã ban hành {{ calls }} và{% endif %} đã đề nghị UBND các xã, thị trấn rà soát, gửi văn bản {{ deadline }}.",
    )
    addition(document)
    body(
        document,
        "{{ office }} báo cáo {{ recipient }} kết quả {{ topic }} (đợt {{ round }}){% if supplement %} (báo cáo bổ sung){% endif %}, số liệu tính đến {{ counted_until }}, như sau:",
    )
    body(
        document,
        "1. Tình hình gửi văn bản: trong tổng số {{ members }} xã, thị trấn {% if registering %}có {{ registering }} đơn vị đăng ký{% else %}không có đơn vị nào đăng ký{% endif %}{% if nil %}; {{ nil }} đơn vị có văn bản trả lời không có nhu cầu ({{ nil_names }}){% endif %}{% if silent %}; {{ silent }} đơn vị không gửi văn bản ({{ silent_names }}){% if silence_rule %}, theo {{ call }} của {{ office }} được hiểu là không có nhu cầu đề nghị hỗ trợ{% endif %}{% endif %}{% if unfinished %}; {{ unfinished }} đơn vị đã có thư nhưng chưa ghi nhận được nội dung hoặc chưa gửi ({{ unfinished_names }}){% endif %}.",
    )
    results(document)
    tag(document, "{%p endif %}")
    body(document, "{{ office }} kính đề nghị {{ recipient }} xem xét, tổng hợp theo quy định./.")
    signature(document)
    target = io.BytesIO()
    document.save(target)
    return repack(target.getvalue(), dt.datetime(2024, 5, 13, tzinfo=dt.UTC))


if __name__ == "__main__":
    TARGET.write_bytes(build())
