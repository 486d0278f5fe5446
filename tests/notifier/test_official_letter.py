"""The draft công văn: reads well with points and with none, and what is in it survives."""

import io
import re

import docx
import pytest
from docx.document import Document
from rigs import office as rig
from rigs import official_letter_template

from notifier.official_letter import draft
from notifier.templates import WordingProblem

CONFIG = rig.office()
TEMPLATE = (rig.FOLDER / "templates" / "official-letter.docx").read_bytes()


def letter(*submissions: object) -> Document:
    made = draft(rig.inputs(CONFIG, submissions), TEMPLATE)  # type: ignore[arg-type]
    return docx.Document(io.BytesIO(made))


def text(document: Document) -> str:
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    lines = [paragraph.text for paragraph in document.paragraphs]
    return "\n".join([*cells, *lines])


def test_it_has_the_parts_of_a_letter_and_no_number_day_or_signature() -> None:
    said = text(letter(rig.submission(CONFIG, "Hòa Cư")))
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "ỦY BAN NHÂN DÂN",
        "HUYỆN CAO LỘC",
        "/UBND-KT&HT",
        "V/v báo cáo kết quả đăng ký hỗ trợ",
        "Kính gửi: Sở Công Thương tỉnh Lạng Sơn",
        "TM. ỦY BAN NHÂN DÂN",
        "CHỦ TỊCH",
        "Nơi nhận:",
        "- Lưu: VT, KT&HT.",
        "./.",
    ):
        assert part in said
    assert re.search(r"Số: +/UBND-KT&HT", said)
    assert re.search(r"Cao Lộc, ngày +tháng 5 năm 2024", said)


def test_it_says_until_when_answers_count() -> None:
    """Until closing, though it is drafted hours later."""
    assert "số liệu tính đến 22/05/2024 00:00, như sau" in text(letter())


def test_points_are_summed_by_commune() -> None:
    document = letter(rig.submission(CONFIG, "Hòa Cư", points=(rig.point(), rig.point(2))))
    table = next(table for table in document.tables if table.cell(0, 0).text == "TT")
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows[0][1:3] == ["Xã, thị trấn", "Số điểm"]
    assert rows[1] == ["1", "Xã Hòa Cư", "2", "240.000.000", "100.000.000"]
    assert rows[2] == ["", "Tổng cộng", "2", "240.000.000", "100.000.000"]


def test_it_reads_well_when_nobody_registered() -> None:
    said = text(letter(rig.submission(CONFIG, "Gia Cát", "nil")))
    assert (
        "không có đơn vị nào đăng ký; 1 đơn vị có văn bản trả lời không có nhu cầu (xã Gia Cát)"
        in said
    )
    assert "không có xã, thị trấn nào trên địa bàn đăng ký" in said
    assert "Cụ thể như sau" not in said
    assert not re.search(r"\b0 (đơn vị|điểm)|None|\{", said)


def test_ampersands_and_brackets_survive() -> None:
    office = CONFIG.settings.office.model_copy(update={"unit": "Phòng A&B <C>"})
    settings = CONFIG.settings.model_copy(update={"office": office})
    config = rig.replace(CONFIG, settings=settings)
    made = draft(rig.inputs(config), TEMPLATE)
    assert "- Phòng A&B <C>;" in text(docx.Document(io.BytesIO(made)))


def test_the_same_inputs_give_the_same_bytes() -> None:
    inputs = rig.inputs(CONFIG, (rig.submission(CONFIG, "Hòa Cư"),))
    assert draft(inputs, TEMPLATE) == draft(inputs, TEMPLATE)


def test_the_shipped_template_is_what_the_script_builds() -> None:
    built = docx.Document(io.BytesIO(official_letter_template.build()))
    shipped = docx.Document(io.BytesIO(TEMPLATE))
    assert built.element.xml == shipped.element.xml


@pytest.mark.parametrize("words", ["{{ chairman }}", "{% if points %}", "{{ office.x.y }}"])
def test_fault_108_a_broken_letter_template_is_named(words: str) -> None:
    """A tag that asks for what is not there, or does not end, is the admin's to mend."""
    document = docx.Document(io.BytesIO(TEMPLATE))
    document.add_paragraph(words)
    target = io.BytesIO()
    document.save(target)
    with pytest.raises(WordingProblem, match=r"official-letter\.docx"):
        draft(rig.inputs(CONFIG), target.getvalue())


def test_fault_108_a_template_that_is_no_word_file_is_named() -> None:
    """A template saved in another format is told as such."""
    with pytest.raises(WordingProblem):
        draft(rig.inputs(CONFIG), b"not a docx")
