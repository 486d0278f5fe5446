"""Papers as Word files, written by python-docx."""

import io
from collections.abc import Sequence

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.shared import Cm, Pt
from docx.table import Table
from golden.makers.paper import Paper, Sheet
from golden.makers.workbooks import frozen, merged

_WIDE_COLUMNS = 6


def by_python_docx(paper: Paper, font: str = "Times New Roman") -> bytes:
    """Return a Word file: letterhead and salutation if it is a letter, then each table."""
    document = Document()
    style = document.styles["Normal"].font
    style.name, style.size = font, Pt(11)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    if max(sheet.width for sheet in paper.sheets) > _WIDE_COLUMNS:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
        section.left_margin = section.right_margin = Cm(1.2)
    if paper.letter:
        _opening(document, len(paper.truth.rows))
    for sheet in paper.sheets:
        _lines(document, sheet.above)
        _table(document, sheet)
        _lines(document, sheet.below)
        document.add_paragraph()  # as Word does; without, LibreOffice's .doc loses the table
    if paper.letter:
        _closing(document)
    out = io.BytesIO()
    document.save(out)
    return frozen(out.getvalue())


def _opening(document: DocumentType, count: int) -> None:
    head = document.add_table(2, 2)
    head.cell(0, 0).text = "ỦY BAN NHÂN DÂN\nXÃ HÒA CƯ"
    head.cell(0, 1).text = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
    head.cell(1, 0).text = "Số: 45/UBND-KT\nV/v đăng ký điểm giới thiệu và bán sản phẩm OCOP"
    head.cell(1, 1).text = "Hòa Cư, ngày 17 tháng 5 năm 2024"
    document.add_paragraph("Kính gửi: UBND huyện Cao Lộc.")
    document.add_paragraph(
        f"Qua rà soát, UBND xã Hòa Cư đăng ký {count:02d} điểm giới thiệu và bán sản phẩm OCOP."
    )


def _closing(document: DocumentType) -> None:
    document.add_paragraph("UBND xã Hòa Cư trân trọng báo cáo./.")
    foot = document.add_table(1, 2)
    foot.cell(0, 0).text = "Nơi nhận:\n- Như trên;\n- Lưu: VT."
    foot.cell(0, 1).text = "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH\n\n\nHoàng Văn Ký"


def _lines(document: DocumentType, lines: Sequence[tuple[str, ...]]) -> None:
    """Write lines as paragraphs, those of two sides as a borderless table."""
    pairs: list[tuple[str, ...]] = []
    for line in [*lines, ()]:
        if len(line) > 1:
            pairs.append(line)
            continue
        if pairs:
            table = document.add_table(len(pairs), 2)
            for row, (left, right) in enumerate(pairs):
                table.cell(row, 0).text, table.cell(row, 1).text = left, right
            pairs = []
        if line:
            document.add_paragraph(line[0])


def _table(document: DocumentType, sheet: Sheet) -> None:
    table = document.add_table(len(sheet.rows), sheet.width, "Table Grid")
    cells = _cells(table)
    for r, boxes in enumerate(sheet.rows):
        for c, box in enumerate(boxes):
            if box is not None and box.text:
                cells[r][c].text = box.text
    for r, c, box in merged(sheet):
        cells[r][c].merge(cells[r + box.down - 1][c + box.across - 1])
    for c, width in enumerate(widths(sheet)):
        for row in cells:
            row[c].width = Cm(27 * width)


def _cells(table: Table) -> list[list]:
    """Return the cells once: asking python-docx for each of them takes quadratic time."""
    flat, width = table._cells, len(table.columns)
    return [flat[at : at + width] for at in range(0, len(flat), width)]


def widths(sheet: Sheet) -> list[float]:
    """Return the columns' shares of the width, by the longest words and texts in them."""
    needs = []
    for column in range(sheet.width):
        texts = [
            box.text
            for row in sheet.rows
            if column < len(row) and (box := row[column]) and box.across == 1
        ]
        word = max((len(word) for text in texts for word in text.split()), default=1)
        whole = max((len(text) for text in texts), default=1)
        needs.append(max(word + 1.5, min(18, whole / 3), 4))
    return [need / sum(needs) for need in needs]
