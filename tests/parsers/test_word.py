"""Word documents: what a reader of the printed page sees, at the place where a clerk finds it."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from rigs.outcomes import extracted, refusal
from rigs.papers import BORDERS, STRICT, cell, docx, paragraph, row, table

from parsers.grid import Extract, Limits
from parsers.legible import PartialExtract
from parsers.reading import Refusal
from parsers.word import extract

DATA = Path(__file__).parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))


def read(data: bytes) -> Extract:
    return extracted(extract(data))


def texts(data: bytes) -> list[list[str | None]]:
    (grid,) = read(data).grids
    return [[cell.text if cell else None for cell in line] for line in grid.rows]


def refused(data: bytes) -> Refusal:
    return refusal(extract(data), "docx")


def test_sample_form_whole() -> None:
    (grid,) = read((DATA / "form.docx").read_bytes()).grids
    body = [line for line in grid.rows if line[0] and line[0].text.isdigit()]
    found = [[re.sub(r"\s", "", cell.text) for cell in line if cell] for line in body]
    wanted = [
        [re.sub(r"\s", "", str(value)).replace(".0", "") for value in line]
        for line in TRUTH["rows"]
    ]
    decimals = {6, 9}
    for one, other in zip(found, wanted, strict=True):
        for column, (text, value) in enumerate(zip(one, other, strict=True)):
            assert (text.replace(",", ".") if column in decimals else text) == value
    assert grid.rows[3][1] is not None
    assert grid.rows[3][1].place == "table 1, row 4, cell 2"
    assert grid.before[0].startswith("BIỂU TỔNG HỢP")
    assert grid.after == ("Ghi chú: Cột (9) ghi hạng sao theo Quyết định công nhận còn hiệu lực.",)


def test_letterhead_and_signature_are_lines_and_counted_as_tables() -> None:
    result = read((DATA / "letter_form.docx").read_bytes())
    (grid,) = result.grids
    assert grid.name == "table 3"
    assert result.lines[:5] == (
        "ỦY BAN NHÂN DÂN",
        "XÃ YÊN THƯỢNG",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: 37/UBND-KT",
    )
    assert "Nguyễn Văn Trường" in result.lines


def test_a_comment_of_xml_inside_a_text_cuts_nothing_off() -> None:
    data = docx(table(row("Tên", "Kinh phí"), row("A", "50000000<!-- x -->0")))
    assert texts(data)[1] == ["A", "500000000"]


def test_merged_cells_come_once_with_their_span() -> None:
    restart, go_on = "<w:vMerge w:val='restart'/>", "<w:vMerge/>"
    data = docx(
        table(
            row(cell("STT", restart), cell("Người đại diện", "<w:gridSpan w:val='2'/>")),
            row(cell("", go_on), "Họ tên", "Điện thoại"),
            row("1", "A", "B"),
        )
    )
    (grid,) = read(data).grids
    first = grid.rows[0]
    assert first[0] is not None
    assert first[1] is not None
    assert (first[0].row_span, first[1].col_span, first[2]) == (2, 2, None)
    assert grid.rows[1][0] is None
    assert grid.rows[1][2] is not None
    assert grid.rows[1][2].place == "table 1, row 2, cell 3"


def test_tracked_changes_content_controls_and_hidden_text() -> None:
    inserted = (
        "<w:tc><w:p><w:ins><w:r><w:t>mới</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>cũ</w:delText></w:r></w:del></w:p></w:tc>"
    )
    control = f"<w:sdt><w:sdtContent>{cell('trong khung')}</w:sdtContent></w:sdt>"
    hidden = (
        "<w:tc><w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>ẩn</w:t></w:r>"
        "<w:r><w:t>thấy</w:t></w:r></w:p></w:tc>"
    )
    gone = f"<w:tr><w:trPr><w:del/></w:trPr>{cell('dòng bỏ')}{cell('x')}{cell('y')}</w:tr>"
    data = docx(table(row("A", "B", "C"), row(inserted, control, hidden), gone))
    assert texts(data) == [["A", "B", "C"], ["mới", "trong khung", "thấy"]]


def test_automatic_numbers_are_text() -> None:
    numbering = (
        "<w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='0'><w:start w:val='1'/>"
        "<w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl></w:abstractNum>"
        "<w:num w:numId='5'><w:abstractNumId w:val='0'/></w:num>"
    )
    number = "<w:numPr><w:ilvl w:val='0'/><w:numId w:val='5'/></w:numPr>"
    auto = f"<w:tc><w:p><w:pPr>{number}</w:pPr></w:p></w:tc>"
    rows = [row("STT", "Tên điểm", "Địa chỉ"), *(row(auto, name, "Thôn 1") for name in "ABC")]
    data = docx(table(*rows), numbering=numbering)
    assert [line[0] for line in texts(data)] == ["STT", "1.", "2.", "3."]


@pytest.mark.parametrize(
    ("form", "label"), [("lowerLetter", "c)"), ("upperRoman", "III)"), ("decimalZero", "03)")]
)
def test_number_forms_and_style_numbers(form: str, label: str) -> None:
    numbering = (
        f"<w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='0'><w:start w:val='3'/>"
        f"<w:numFmt w:val='{form}'/><w:lvlText w:val='%1)'/></w:lvl></w:abstractNum>"
        "<w:num w:numId='5'><w:abstractNumId w:val='0'/></w:num>"
    )
    styles = (
        "<w:style w:styleId='Muc'><w:pPr><w:numPr><w:numId w:val='5'/></w:numPr></w:pPr></w:style>"
    )
    body = paragraph("Nội dung", "<w:pPr><w:pStyle w:val='Muc'/></w:pPr>")
    assert read(docx(body, numbering=numbering, styles=styles)).lines == (f"{label} Nội dung",)


def test_form_inside_a_layout_table_is_found() -> None:
    inner = table(row("STT", "Tên điểm", "Địa chỉ"), row("1", "Điểm A", "Thôn 1"))
    outer = f"<w:tbl><w:tr><w:tc>{paragraph('Tiêu đề')}{inner}</w:tc></w:tr></w:tbl>"
    result = read(docx(outer))
    assert result.grids[0].name == "table 2"
    assert result.grids[0].before == ("Tiêu đề",)


def test_text_box_is_read_once() -> None:
    box = f"<w:txbxContent>{paragraph('ĐỘ MẬT: Mật')}</w:txbxContent>"
    body = (
        "<w:p><w:r><mc:AlternateContent><mc:Choice>" + box + "</mc:Choice><mc:Fallback>"
        + box + "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )  # fmt: skip
    assert read(docx(body)).lines == ("ĐỘ MẬT: Mật",)


def test_borderless_pair_is_layout_but_a_ruled_pair_is_a_table() -> None:
    rows = row("Tên điểm", "Điểm A"), row("Địa chỉ", "Thôn 1")
    assert read(docx(table(*rows, properties=""))).grids == ()
    assert len(read(docx(table(*rows))).grids) == 1


def test_strict_documents_are_read() -> None:
    data = docx(table(row("STT", "Tên", "Địa chỉ"), row("1", "A", "B")), namespace=STRICT)
    assert texts(data)[1] == ["1", "A", "B"]


def test_large_picture_beside_text_is_noticed() -> None:
    size = "<wp:extent cx='6000000' cy='8000000'/>"
    drawing = f"<w:drawing><wp:inline>{size}<a:blip/></wp:inline></w:drawing>"
    result = read(docx(paragraph("Kính gửi") + f"<w:p><w:r>{drawing}</w:r></w:p>"))
    assert isinstance(result, PartialExtract)
    assert result.findings[0].code == "not-read"
    only = refused(docx(f"<w:p><w:r>{drawing}</w:r></w:p>"))
    assert only.code == "unreadable"
    assert ".xlsx" in only.message


def test_empty_document() -> None:
    assert refused(docx("<w:p/>")).code == "empty"


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
)
_OUTSIDE = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(("head", "text"), [(_LAUGHS, "&b;"), (_OUTSIDE, "&x;")])
def test_fault_056_entities_are_refused(head: str, text: str) -> None:
    """A DTD is refused: nothing is expanded, no file is read."""
    assert refused(docx(paragraph(text), head=head)).code == "damaged"


def test_fault_055_unpacked_size_is_bounded() -> None:
    """A small zip that unpacks to much is refused by its directory, before anything is unpacked."""
    data = docx(paragraph("A" * 3_000_000))
    assert len(data) < 20_000
    result = extract(data, Limits(unpacked_bytes=1_000_000))
    assert isinstance(result, Refusal)
    assert result.code == "too-large"


def test_fault_057_huge_spans_are_clamped() -> None:
    """A cell that claims fifty million columns costs nothing."""
    data = docx(table(row(cell("A", "<w:gridSpan w:val='50000000'/>")), row("1", "2", "3")))
    assert len(texts(data)[0]) <= 64


def test_fault_060_merged_two_row_header() -> None:
    """The two-row header of the sample: spans told, covered cells None."""
    (grid,) = read((DATA / "form.docx").read_bytes()).grids
    first, second = grid.rows[0], grid.rows[1]
    assert [cell.col_span for cell in first if cell] == [1, 1, 1, 1, 2, 1, 2, 1, 1]
    assert [cell.text for cell in second if cell] == [
        "Họ và tên",
        "Điện thoại",
        "Tên sản phẩm",
        "Hạng sao",
    ]


def test_fault_074_damaged_documents_are_refused_not_misread() -> None:
    """Cut short or with a broken part: a refusal, never half a table."""
    whole = (DATA / "form.docx").read_bytes()
    for twentieth in range(1, 20):
        assert refused(whole[: len(whole) * twentieth // 20]).code in {"damaged", "empty"}
    source = zipfile.ZipFile(io.BytesIO(whole))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name in source.namelist():
            content = source.read(name)
            package.writestr(name, content[:5000] if name == "word/document.xml" else content)
    assert refused(buffer.getvalue()).code == "damaged"


def test_too_many_rows() -> None:
    rows = "".join(row("1", "2", "3") for _ in range(30))
    data = docx(f"<w:tbl>{BORDERS}{rows}</w:tbl>")
    result = extract(data, Limits(sheet_rows=20))
    assert isinstance(result, Refusal)
    assert result.code == "too-large"


@pytest.mark.parametrize("more", [(), ("x", "y")], ids=["narrower", "wider"])
def test_fault_074_a_row_of_another_width_is_an_error(more: tuple[str, ...]) -> None:
    """FAULTS 74: in which column its values belong, nobody knows."""
    head, body = row("STT", "A", "B", "C"), row("1", "a", "b", "c")
    odd = row("2", "a", "b", *more)
    result = read(docx(table(head, body, body, odd)))
    assert isinstance(result, PartialExtract)
    assert [(f.severity, f.code, f.place) for f in result.findings] == [
        ("error", "ragged-row", "table 1, row 4, cell 1")
    ]
    assert not isinstance(read(docx(table(head, body, body, row("Ghi chú")))), PartialExtract)
