"""Slips: labels beside their values, in cells and in running text."""

from collections.abc import Sequence

import pytest
from rigs.grids import grid
from rigs.ocop_form import FORM

from parsers.columns import captions_of
from parsers.form import interpret
from parsers.grid import CellValue, Extract, Grid
from parsers.interpretation import Interpretation
from parsers.labels import labelled
from parsers.reading import CERTAIN
from parsers.ticks import ticked

CAPTIONS = captions_of(FORM)
PAIRS: list[list[CellValue]] = [
    ["Tên điểm", "Điểm A"],
    ["Địa chỉ", "Thôn B"],
    ["Chủ thể quản lý", "HTX Bản Ngà"],
    ["Người đại diện", "Lý Văn Thử"],
    ["Điện thoại", "0912345678"],
    ["Diện tích (m2)", 35.5],
    ["Sản phẩm OCOP", "Mật ong"],
    ["Hạng sao", 4],
    ["Kinh phí đề nghị hỗ trợ (triệu đồng)", 50],
]
LINES = [f"{label}: {str(value).replace('.', ',')}" for label, value in PAIRS]


def in_cells(*rows: Sequence[CellValue]) -> Interpretation:
    return interpret(Extract("xlsx", (grid(rows),)), FORM)


def in_lines(*lines: str) -> Interpretation:
    return interpret(Extract("docx", (), lines), FORM)


def codes(result: Interpretation) -> list[str]:
    return [finding.code for finding in result.findings]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("1. Tên điểm: Điểm OCOP…………", [("Tên điểm", "Điểm OCOP")]),
        ("Tên điểm ........ Điểm A ......", [("Tên điểm", "Điểm A")]),
        ("b) Điện thoại: ........", [("Điện thoại", "")]),
        ("Địa chỉ: Thôn X - Điện thoại: 0912", [("Địa chỉ", "Thôn X"), ("Điện thoại", "0912")]),
        ("Đại diện: Lý Văn Ví Điện thoại: 1", [("Đại diện", "Lý Văn Ví"), ("Điện thoại", "1")]),
        ("Địa chỉ: Thôn X; Email: a@b.example", [("Địa chỉ", "Thôn X"), ("Email", "a@b.example")]),
        ("Ghi chú: gồm: mật ong, chè", [("Ghi chú", "gồm: mật ong, chè")]),
        ("Ghi chú: Xem http://banga.example", [("Ghi chú", "Xem http://banga.example")]),
        ("Trụ sở: thôn X - Điện thoại: 0205", [("Trụ sở", "thôn X - Điện thoại: 0205")]),
        ("Qua rà soát, UBND xã có tên điểm: X", []),
        ("Tên điểm ghi ở cột 2", []),
    ],
)
def test_labels_of_a_line(line: str, found: list[tuple[str, str]]) -> None:
    assert [(one.label, one.value) for one in labelled(line, CAPTIONS)] == found


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("☐ Doanh nghiệp ☒ HTX ☐ Tổ hợp tác", "HTX"),
        ("Doanh nghiệp ☐  HTX ☑", "HTX"),
        ("[ ] DN [x] HTX", "HTX"),
        ("( ) DN (x) HTX", "HTX"),
        ("☑ DN ☑ HTX", "DN; HTX"),
        ("☐ DN ☐ HTX", ""),
        ("☐ DN ☒ HTX ☐", "☐ DN ☒ HTX ☐"),
        ("HTX (x)", None),
        ("HTX", None),
    ],
)
def test_ticked_boxes(text: str, chosen: str | None) -> None:
    assert ticked(text) == chosen


def test_two_ticks_for_one_choice_are_an_error() -> None:
    result = in_cells(*PAIRS, ["Loại hình", "☑ Doanh nghiệp ☑ HTX"])
    assert codes(result) == ["not-a-choice"]
    assert "owner_kind" not in result.rows[0].values


@pytest.mark.parametrize("lead", ["Điểm 1:", "1.", "1)"])
def test_a_list_in_a_sentence_has_small_labels_too(lead: str) -> None:
    """A name behind a mere number is taken, and asked about."""
    facts = f"{lead} Cửa hàng Nà Lìn, địa chỉ: thôn Nà Lìn, SĐT: 0987654321; diện tích: 20 m2"
    row = in_lines("Xã đăng ký:", facts).rows[0]
    assert row.values["name"] == "Cửa hàng Nà Lìn"
    assert row.values["address"] == "thôn Nà Lìn"
    assert row.values["phone"] == "0987654321"
    assert row.values["area_m2"] == "20"
    assert (row.confidence["name"] >= CERTAIN) == lead.startswith("Điểm")


def test_a_value_that_may_go_on_is_doubted() -> None:
    """A mail program broke the address: where it ends is not certain."""
    long = "Địa chỉ: Thôn B, đi qua ngầm tràn rồi rẽ trái khoảng 200 m, gần"
    result = in_lines(LINES[0], long, "Nhà văn hóa thôn", *LINES[2:])
    assert result.rows[0].confidence["address"] < CERTAIN
    assert codes(result) == ["value-unclear"]


def test_what_stands_below_its_label_is_the_value() -> None:
    """A table without lines in Word gives labels and values as lines of their own."""
    lines = [str(text) for pair in PAIRS for text in pair]
    result = in_lines(*lines[:-2], "Kinh phí đề nghị hỗ trợ:", "50 triệu đồng", "Trân trọng./.")
    assert len(result.rows[0].values) == 9
    assert min(result.rows[0].confidence.values()) >= CERTAIN
    assert result.rows[0].places["address"] == "line 4"


def test_capitals_below_a_label_may_be_its_value_or_a_heading() -> None:
    result = in_lines(*LINES[:2], "Chủ thể quản lý:", "HTX BẢN NGÀ", *LINES[3:])
    assert result.rows[0].values["owner"] == "HTX BẢN NGÀ"
    assert result.rows[0].confidence["owner"] < CERTAIN


def test_an_offices_own_telephone_is_not_the_points() -> None:
    lines = [line for line in LINES if not line.startswith("Điện thoại")]
    office = ["UBND xã Hòa Cư", "Điện thoại: 02053811222"]
    result = in_lines(*office, "Xã đăng ký như sau:", *lines, *office)
    assert len(result.rows) == 1
    assert "phone" not in result.rows[0].values
    assert codes(result) == ["missing-column"]


def test_a_sentence_within_a_slip_does_not_end_it() -> None:
    result = in_lines(*LINES[:6], "Nay đề nghị được hỗ trợ các nội dung sau:", *LINES[6:])
    assert len(result.rows) == 1
    assert len(result.rows[0].values) == 9
    assert not result.findings


@pytest.mark.parametrize(
    "lines",
    [
        ["Địa chỉ: UBND xã Hòa Cư", "Điện thoại: 02053811222", "Người liên hệ: Vi Thị Lập"],
        ["Tên điểm: ........", "Địa chỉ: ........", "Điện thoại: ........", "Hạng sao: ....."],
        ["- Tên điểm: ghi tên dự kiến;", "- Diện tích: tính cả kho hay không?"],
        ["Đề nghị ghi rõ tên điểm, địa chỉ, điện thoại: theo mẫu."],
    ],
)
def test_a_letter_that_uses_such_words_is_no_form(lines: list[str]) -> None:
    result = in_lines("Kính gửi: UBND huyện Cao Lộc", *lines, "Trân trọng./.")
    assert not result.rows
    assert result.refusal
    assert result.refusal.code == "wrong-form"


def test_two_values_for_one_label_are_doubted() -> None:
    result = in_cells(*PAIRS, ["Địa chỉ", "Khối 3, thị trấn Cao Lộc"])
    assert result.rows[0].confidence["address"] < CERTAIN
    assert "value-unclear" in codes(result)


def test_the_owners_address_is_not_surely_the_points() -> None:
    rows = [row for row in PAIRS if row[0] != "Địa chỉ"]
    result = in_cells(*rows[:1], ["II. CHỦ THỂ QUẢN LÝ"], ["Địa chỉ", "Khối 3"], *rows[1:])
    assert result.rows[0].confidence["address"] < CERTAIN


def test_a_blank_slip_is_a_blank_template() -> None:
    above = [["UBND XÃ HÒA CƯ", "CỘNG HÒA XÃ HỘI"], ["PHIẾU ĐĂNG KÝ"], ["I. THÔNG TIN CHUNG"]]
    below = [["XÁC NHẬN", "NGƯỜI ĐĂNG KÝ"], [None, "(Ký, ghi rõ họ tên)"]]
    result = in_cells(*above, *([label, "........"] for label, _ in PAIRS), *below)
    assert result.refusal
    assert result.refusal.code == "blank-template"


@pytest.mark.parametrize(
    ("name", "guidance"),
    [("Hướng dẫn", "Tên điểm như trên biển hiệu"), ("Sheet2", "Ghi đầy đủ, theo giấy chứng nhận")],
)
def test_instructions_beside_labels_are_no_slip(name: str, guidance: str) -> None:
    """Our own workbook explains each column on a sheet of its own."""
    rows: list[list[CellValue]] = [[label, guidance] for label, _ in PAIRS]
    blank = grid([["STT", *(label for label, _ in PAIRS)], [1]])
    result = interpret(Extract("xlsx", (blank, grid(rows, name))), FORM)
    assert result.refusal
    assert result.refusal.code == "blank-template"


def test_a_hint_in_brackets_is_no_value() -> None:
    result = in_cells(PAIRS[0], ["Địa chỉ", "(ghi rõ thôn, xã)"], *PAIRS[2:])
    assert codes(result) == ["missing-value"]
    assert "address" not in result.rows[0].values


def test_values_below_their_labels_are_not_called_a_blank_form() -> None:
    rows: list[list[CellValue]] = []
    for left, right in zip(PAIRS[::2], PAIRS[1::2], strict=False):
        rows += [[left[0], right[0]], [left[1], right[1]]]
    result = in_cells(*rows)
    assert result.refusal
    assert result.refusal.code == "wrong-form"


def test_the_head_over_labels_and_values_is_no_entry() -> None:
    result = in_cells(["TT", "Nội dung", "Thông tin"], *([n, *p] for n, p in enumerate(PAIRS, 1)))
    assert len(result.rows[0].values) == 9
    assert not result.findings


def test_the_second_slip_of_two_tables_goes_its_own_way() -> None:
    """Two Word tables without titles: rows of equal number are not side by side."""
    other: list[list[CellValue]] = [["Tên điểm", "Điểm D"], *PAIRS[1:]]
    tables = tuple(
        Grid(f"table {n}", grid(rows, f"table {n}").rows) for n, rows in enumerate((PAIRS, other))
    )
    result = interpret(Extract("docx", tables), FORM)
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
