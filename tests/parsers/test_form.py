"""Tables → rows of the form, from any reasonable layout."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.grids import grid
from rigs.ocop_form import FORM

from parsers.columns import assign, captions_of
from parsers.form import interpret
from parsers.grid import Cell, CellValue, Extract, Grid, column_letters
from parsers.header import is_index_row
from parsers.interpretation import Interpretation
from parsers.reading import CERTAIN
from parsers.sheet import extract

DATA = Path(__file__).parent / "data"
HEAD = [
    "STT",
    "Tên điểm",
    "Địa chỉ",
    "Chủ thể quản lý",
    "Người đại diện",
    "Điện thoại",
    "Diện tích (m2)",
    "Sản phẩm OCOP",
    "Hạng sao",
    "Kinh phí đề nghị hỗ trợ (triệu đồng)",
]
ROW: list[CellValue] = [
    1,
    "Điểm A",
    "Thôn B",
    "HTX C",
    "Lý Văn Thử",
    "0912345678",
    35.5,
    "Mật ong",
    4,
    50,
]
SECOND: list[CellValue] = [
    2,
    "Điểm D",
    "Thôn E",
    "HTX F",
    "Lý Thị Mẫu",
    "0987654321",
    20,
    "Hồi",
    3,
    80,
]


Rows = Sequence[Sequence[CellValue]]


def reading(*rows: Sequence[CellValue], kind: str = "xlsx") -> Interpretation:
    return interpret(Extract(kind, (grid(rows),)), FORM)


def codes(result: Interpretation) -> list[str]:
    return [finding.code for finding in result.findings]


@pytest.mark.parametrize("name", ["form.xlsx", "form_dirty.xlsx", "form_formula.xlsx"])
def test_every_cell_of_a_known_form(name: str) -> None:
    """Fourteen rows as three kinds of clerks would save them, against the truth beside them."""
    truth = json.loads((DATA / "truth.json").read_text(encoding="utf-8"))
    extracted = extract((DATA / name).read_bytes())
    assert isinstance(extracted, Extract)
    result = interpret(extracted, FORM)
    assert len(result.rows) == len(truth["rows"])
    for known, row in zip(truth["rows"], result.rows, strict=True):
        number, title, address, owner, person, phone, area, products, stars, cost, note = known
        if name == "form_dirty.xlsx" and number == 3:
            title += " (mới)"
        expected = {
            "name": title,
            "address": address,
            "owner": owner,
            "representative": person,
            "phone": phone.replace(" ", "").replace(".", ""),
            "area_m2": f"{Decimal(str(area)).normalize():f}",
            "products": products,
            "stars": str(stars),
            "cost_requested": str(int(Decimal(str(cost)) * 10**6)),
        }
        assert dict(row.values) == expected | ({"note": note} if note else {})
        assert row.places["name"] == f"Biểu 01!B{10 + number}"


@settings(max_examples=80, deadline=None)
@given(
    order=st.permutations(range(1, 10)),
    top=st.integers(1, 40),
    left=st.integers(1, 30),
    titles=st.integers(0, 8),
    numbered=st.booleans(),
    indexed=st.booleans(),
    writing=st.sampled_from(["as is", "capitals", "lower", "broken", "spaced"]),
)
def test_values_do_not_depend_on_the_layout(
    *,
    order: list[int],
    top: int,
    left: int,
    titles: int,
    numbered: bool,
    indexed: bool,
    writing: str,
) -> None:
    """Order of columns, place on the sheet, titles, STT, index row, way of writing: same rows."""
    ways = {
        "as is": str,
        "capitals": str.upper,
        "lower": str.lower,
        "broken": lambda text: f"{text[:3]}\n{text[3:]}",
        "spaced": lambda text: f"  {text.replace(' ', '  ')} :",
    }
    columns = ([0] if numbered else []) + order
    rows: list[list[CellValue]] = [[f"Dòng tiêu đề {n}"] for n in range(titles)]
    rows.append([ways[writing](HEAD[c]) for c in columns])
    if indexed:
        rows.append([f"({n})" for n in range(1, len(columns) + 1)])
    body = len(rows)
    rows += [[row[c] for c in columns] for row in (ROW, SECOND)]
    result = interpret(Extract("xlsx", (grid(rows, "S", top, left),)), FORM)
    assert [dict(row.values)["cost_requested"] for row in result.rows] == ["50000000", "80000000"]
    assert [len(row.values) for row in result.rows] == [9, 9]
    assert not result.findings
    at = column_letters(left + columns.index(1))
    assert result.rows[1].places["name"] == f"S!{at}{top + body + 1}"


@pytest.mark.parametrize(
    ("caption", "field"),
    [
        ("Tên điểm giới thiệu và bán sản phẩm OCOP", "name"),
        ("TÊN ĐIỂM DỰ KIẾN", "name"),
        ("Ten diem", "name"),
        ("Số ĐT", "phone"),
        ("SĐT (nếu có)", "phone"),
        ("Diện tích mặt bằng (m²)", "area_m2"),
        ("Hạn\ng sao", "stars"),
        ("Kinh phí đề nghị hỗ trợ, ĐVT: triệu đồng", "cost_requested"),
        ("7. Nội dung đề nghị hỗ trợ (ghi cụ thể)", "needs"),
        ("Họ và tên người đại diện", "representative"),
        ("Địa chỉ: thôn, xã", "address"),
        ("ĐT", "phone"),
        ("DT (m2)", "area_m2"),
        ("Tên SP OCOP", "products"),
        ("KP đề nghị hỗ trợ (trđ)", "cost_requested"),
        ("Ngày cấp GCN", "certified_on"),
    ],
)
def test_fault_061_captions_are_known_however_written(caption: str, field: str) -> None:
    """Capitals, missing diacritics, units, numbering and harmless words change no caption."""
    best = captions_of(FORM).matches((caption,))[0]
    assert (best.key, best.confidence) == (field, 1.0)


@pytest.mark.parametrize(
    "caption",
    ["Địa chỉ email", "Kinh phí đối ứng", "Năm sinh", "Chức vụ", "Số hộ", "Dân tộc", "Tỷ lệ (%)"],
)
def test_fault_061_foreign_captions_are_not_ours(caption: str) -> None:
    """A caption that asks something else is never taken for one of ours as certain."""
    assert not [m for m in captions_of(FORM).matches((caption,)) if m.confidence == 1.0]


def test_likeness_is_believed_only_alone_and_said() -> None:
    result = reading([*HEAD[:2], "Địa chie", *HEAD[3:]], ROW)
    assert result.rows[0].values["address"] == "Thôn B"
    assert result.rows[0].confidence["address"] < 0.9
    assert codes(result) == ["column-guessed"]


def test_ambiguous_caption_is_left_alone() -> None:
    """A caption with two of our names in it is no column, and a finding says so."""
    head = [*HEAD, "Loại hình và Ghi chú thêm của số ĐKKD"]
    result = reading(head, [*ROW, "?"])
    assert {"extra-column", "column-unclear"} & set(codes(result))
    assert len(result.rows[0].values) == 9


def test_child_captions_take_the_meaning_of_their_parents() -> None:
    paths = {
        0: ("Người đại diện", "Họ và tên"),
        1: ("Người đại diện", "Điện thoại"),
        2: ("Sản phẩm OCOP", "Tên sản phẩm"),
        3: ("Sản phẩm OCOP", "Hạng sao"),
        4: ("Kinh phí", "Tổng"),
        5: ("Kinh phí", "Đề nghị hỗ trợ"),
        8: ("Hiện trạng", "Diện tích", "(m2)"),
        6: ("Người đại diện", "Địa chỉ"),
        7: ("Địa chỉ",),
    }
    found = assign(paths, captions_of(FORM))
    assert {column.index: column.field.key for column in found.columns} == {
        0: "representative",
        1: "phone",
        2: "products",
        3: "stars",
        4: "cost_total",
        5: "cost_requested",
        7: "address",
        8: "area_m2",
    }


def test_hints_under_the_header_are_no_point() -> None:
    hints = [None, "(ghi đầy đủ)", "(thôn, xã)", None, None, None, None, None, "(1-5)"]
    assert len(reading(HEAD, hints, ROW).rows) == 1


def test_outline_numbers_make_groups() -> None:
    rows = [["1", "Hợp tác xã"], ["1.1", *ROW[1:]], ["2", "Hộ"], ["2.1", *SECOND[1:]]]
    result = reading(HEAD, *rows)
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
    assert not result.findings


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Tổng cộng", 130),
        ("TỔNG SỐ", 130),
        ("Cộng", 130),
        ("Cộng I", 130),
        ("Tổng", "130"),
        ("Tổng cộng (I+II)", 130),
    ],
)
def test_fault_083_totals_are_no_points_and_are_compared(label: str, value: CellValue) -> None:
    """A total row is never a point; a fitting one says nothing, a wrong one warns."""
    total: list[CellValue] = [label, *[None] * 8, value]
    good = reading(HEAD, ROW, SECOND, total)
    assert (len(good.rows), codes(good)) == (2, [])
    bad = reading(HEAD, ROW, SECOND, [*total[:9], 999])
    assert (len(bad.rows), codes(bad)) == (2, ["total-mismatch"])
    assert bad.findings[0].place == "Biểu 1!J4"


@pytest.mark.parametrize("name", ["Công ty Tổng Hợp", "Tổng kho OCOP", "Cộng đồng Nà Lìn"])
def test_names_that_begin_like_totals_are_points(name: str) -> None:
    assert len(reading(HEAD, ROW, [2, name, *SECOND[2:]]).rows) == 2


def test_total_of_zero_against_text_numbers_says_why() -> None:
    result = reading(HEAD, [*ROW[:9], "50"], ["Tổng cộng", *[None] * 8, 0])
    assert codes(result) == ["total-mismatch"]
    assert "dạng chữ" in result.findings[0].message


@pytest.mark.parametrize(
    "line",
    [
        ["I", "Hợp tác xã"],
        ["II.", "Doanh nghiệp"],
        [None, "A. Doanh nghiệp"],
        [None, "Thôn Nà Lìn"],
        [None, "CÁC ĐIỂM ĐĂNG KÝ ĐỢT 2"],
        [None, "1. Hợp tác xã"],
        ["a", "Hợp tác xã"],
        ["B", "Các hộ kinh doanh", None, None, None, None, 55.5, None, None, 130],
    ],
)
def test_group_rows_are_no_points(line: list[CellValue]) -> None:
    assert len(reading(HEAD, line, ROW, SECOND).rows) == 2


def test_capitals_are_no_heading_where_names_are_in_capitals() -> None:
    rest: list[CellValue] = [None, "CHỢ BẢN NGÀ"]
    result = reading(HEAD, [1, "ĐIỂM OCOP", *ROW[2:]], rest)
    assert result.rows[0].values["name"] == "ĐIỂM OCOP CHỢ BẢN NGÀ"


@pytest.mark.parametrize(
    "line",
    [
        ["Ghi chú: số liệu tính đến 15/5/2024"],
        ["Bằng chữ: một trăm ba mươi triệu đồng"],
        ["Danh sách gồm 02 điểm./."],
        ["Nơi nhận:", None, None, None, None, None, None, "TM. ỦY BAN NHÂN DÂN"],
        [None, None, None, None, None, None, None, "Hòa Cư, ngày 17 tháng 5 năm 2024"],
        ["NGƯỜI LẬP BIỂU"],
        ["(1)", "(2)", "(3)", "(4)", "(5)"],
        HEAD,
        [3],
        [3, "…………", "....", "____"],
    ],
)
def test_other_rows_are_no_points(line: list[CellValue]) -> None:
    result = reading(HEAD, ROW, SECOND, line)
    assert (len(result.rows), codes(result)) == (2, [])


def test_a_point_below_the_signature_is_not_read_and_not_lost_in_silence() -> None:
    result = reading(
        HEAD, ROW, ["NGƯỜI LẬP BIỂU", None, None, None, "CHỦ TỊCH"], [None] * 3, SECOND
    )
    assert len(result.rows) == 1
    assert [(f.severity, f.code, f.place) for f in result.findings] == [
        ("error", "below-table", "Biểu 1!B5")
    ]


def test_without_running_numbers_a_point_below_the_signature_is_told_by_its_values() -> None:
    total: list[CellValue] = ["Tổng cộng", *[None] * 4, 55.5, None, None, 130]
    rows = [HEAD[1:], ROW[1:], ["NGƯỜI LẬP BIỂU"], [None] * 3, SECOND[1:], total]
    result = reading(*rows)
    assert len(result.rows) == 1
    assert codes(result) == ["below-table"]


@pytest.mark.parametrize(
    "line",
    [
        [None] * 7 + ["Chè Shan", "4 sao", "QĐ 45 ngày 15 tháng 5 năm 2023"],
        [None] * 4 + ["Kế toán: Trần Thị B", "0987654321"],
        [None] * 4 + ["Chủ tịch HĐQT Trần Văn B"],
        [None] * 3 + ["Xác nhận của xã"],
    ],
)
@pytest.mark.parametrize("numbered", [True, False])
def test_what_looks_like_a_signature_above_a_point_ends_no_table(
    line: list[CellValue], *, numbered: bool
) -> None:
    rows = [HEAD, ROW, line, SECOND]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
    assert "row-joined" in codes(result)


@pytest.mark.parametrize("numbered", [True, False])
def test_what_looks_like_a_signature_with_a_telephone_is_asked_about(*, numbered: bool) -> None:
    """As the last row it may be the clerk, or the last point's second representative."""
    last: list[CellValue] = [*[None] * 4, "Kế toán: Trần Thị B", "0987654321"]
    sparse: list[CellValue] = [None, "Kế toán Store", *[None] * 3, "(+84) 987654321"]
    for line in (last, sparse):
        for rows in ([HEAD, ROW, line], [HEAD, ROW, [], line]):
            result = reading(*(rows if numbered else [row[1:] for row in rows]))
            assert result.rows[0].values["phone"] == "0912345678"
            assert [(f.severity, f.code) for f in result.findings] == [("warning", "below-table")]


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("place", ["Thôn E", None])
def test_a_name_beside_what_looks_like_a_signature_is_asked_about(
    place: CellValue, *, numbered: bool
) -> None:
    """As the last row it may be a point with its owner."""
    rows = [HEAD, ROW, [None, "Điểm D", place, "Kế toán HTX"]]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["name"] for row in result.rows] == ["Điểm A"]
    assert [(f.severity, f.code) for f in result.findings] == [("warning", "below-table")]


@pytest.mark.parametrize(
    "signed",
    [
        [None, "Nơi nhận:", *[None] * 3, "TM. UBND XÃ"],
        [None, "Hòa Cư, ngày 17 tháng 5 năm 2024", None, "Chủ tịch"],
        [None, "Người lập biểu: Nguyễn Văn A - SĐT 0912.345.678"],
        [None, "NGƯỜI LẬP BIỂU", *[None] * 4, "Hòa Cư, ngày 17 tháng 5 năm 2024"],
        [None, "Kế toán", None, None, None, "Trần Thị B"],
    ],
)
def test_a_signature_alone_is_not_asked_about(signed: list[CellValue]) -> None:
    names: list[CellValue] = [None, "Nông Văn A - 0912345678", None, None, None, "Lộc Văn B"]
    total: list[CellValue] = [None, "Tổng cộng", *[None] * 7, 50]
    assert not reading(HEAD, ROW, signed, [], [], names, [], total).findings


@pytest.mark.parametrize("mark", [2, "2.", "02)", "(2)", "1.2"])
def test_a_row_with_a_running_number_is_no_signature(mark: CellValue) -> None:
    result = reading(HEAD, ROW, [mark, "Kế toán Store", "Thôn B"])
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Kế toán Store"]


@pytest.mark.parametrize("numbered", [True, False])
def test_what_looks_like_a_signature_is_no_name(*, numbered: bool) -> None:
    rows = [HEAD, ROW, [None, "Cán bộ phụ trách: ông A"], SECOND]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]


def test_a_row_with_a_number_of_its_own_is_no_signature() -> None:
    """Further products of the last point, with the decision by which they were certified."""
    decided: list[CellValue] = [None] * 7 + ["Chè Shan", 4, None, "QĐ 45 ngày 15 tháng 5 năm 2023"]
    result = reading([*HEAD, "Ghi chú"], ROW, decided)
    assert result.rows[0].values["products"] == "Mật ong; Chè Shan"


def test_a_row_cut_by_a_page_break_is_one_point() -> None:
    """The rest of a row on the next page has no number and few values: it joins the row above."""
    rest: list[CellValue] = [None, "mở rộng", "xã H", None, None, None, None, "bạc hà"]
    result = reading(HEAD, ROW, rest, SECOND, kind="pdf")
    assert len(result.rows) == 2
    values = result.rows[0].values
    assert values["name"] == "Điểm A mở rộng"
    assert values["address"] == "Thôn B xã H"


def test_contradicting_rows_of_one_point_lower_the_confidence() -> None:
    more: list[CellValue] = [None] * 7 + ["Hồi khô", 3]
    result = reading(HEAD, ROW, more)
    assert result.rows[0].values["products"] == "Mật ong; Hồi khô"
    assert result.rows[0].confidence["stars"] < 0.9
    assert codes(result) == ["conflicting-values", "row-joined"]


def merged_down(rows: Rows, columns: Iterable[int]) -> Interpretation:
    """Read rows of which the first two under the header are one cell in these columns."""
    made = grid(rows)
    first, second = list(made.rows[1]), list(made.rows[2])
    for column in columns:
        cell = first[column]
        assert cell is not None
        first[column], second[column] = cell._replace(row_span=2), None
    body = (made.rows[0], tuple(first), tuple(second), *made.rows[3:])
    return interpret(Extract("xlsx", (replace(made, rows=body),)), FORM)


def test_equal_amounts_in_several_rows_of_one_point_are_asked_about() -> None:
    """Said again, or to be added up? The one amount is recorded, never as certain."""
    more: list[CellValue] = [None] * 7 + ["Chè", 4, 50]
    for result in (
        reading(HEAD, ROW, more, SECOND),
        merged_down([HEAD, ROW, more, SECOND], range(7)),
    ):
        assert result.rows[0].values["cost_requested"] == "50000000"
        assert result.rows[0].confidence["cost_requested"] == 0.5
        assert [f.field for f in result.findings if f.code == "repeated-amount"] == [
            "cost_requested"
        ]


def test_an_amount_in_one_merged_cell_is_stated_once() -> None:
    result = merged_down([HEAD, ROW, [None] * 7 + ["Chè", 4], SECOND], [*range(7), 9])
    assert result.rows[0].confidence["cost_requested"] == 1.0
    assert not result.findings


def test_ditto_without_a_row_above_is_an_error() -> None:
    result = reading(HEAD, [*ROW[:2], "nt", *ROW[3:]])
    assert codes(result) == ["ditto"]
    assert "address" not in result.rows[0].values


def test_missing_required_values_have_the_place_to_fill() -> None:
    result = reading(HEAD, [*ROW[:8], None, 50])
    (finding,) = result.findings
    assert (finding.severity, finding.code, finding.field, finding.row, finding.place) == (
        "error",
        "missing-value",
        "stars",
        1,
        "Biểu 1!I2",
    )
    assert result.rows[0].places["stars"] == "Biểu 1!I2"


def test_messages_never_quote_a_personal_value() -> None:
    result = reading(HEAD, [*ROW[:5], "không rõ 12ab", *ROW[6:]])
    assert result.findings
    assert not [f for f in result.findings if "12ab" in f.message]


def test_running_numbers_that_skip_are_asked_about() -> None:
    result = reading(HEAD, ROW, [4, *SECOND[1:]])
    assert codes(result) == ["number-gap"]


def test_fault_074_running_numbers_that_do_not_begin_with_one_are_asked_about() -> None:
    """FAULTS 74: what lost its first rows looks like any list, but for the numbers."""
    result = reading(HEAD, [2, *ROW[1:]], [3, *SECOND[1:]])
    assert codes(result) == ["number-gap"]
    assert "bắt đầu từ 2" in result.findings[0].message


def test_fault_074_a_caption_that_swallowed_a_row_is_asked_about() -> None:
    """FAULTS 74: the first row became a part of the header."""
    swollen = " ".join(["Gian hàng đặc sản, thôn Lũng Ngà, 0912000111"] * 4)
    result = reading([*HEAD, swollen], [*ROW, "x"])
    assert [(f.severity, f.code) for f in result.findings] == [("warning", "extra-column")]
    usual = reading([*HEAD, "Ghi nhận khác"], [*ROW, "x"])
    assert [(f.severity, f.code) for f in usual.findings] == [("note", "extra-column")]


def test_running_numbers_may_start_again_in_groups() -> None:
    assert not reading(HEAD, ["I", "HTX"], ROW, ["II", "Hộ"], [1, *SECOND[1:]]).findings


def test_fault_062_refusals_are_distinct() -> None:
    """Blank template, another list, no table, instructions only: each says what it is."""
    blank = reading(HEAD, [1], [2])
    other = reading(["STT", "Họ và tên", "Địa chỉ", "Điện thoại"], [1, "Lý Thị Mẫu", "X", "1"])
    none = interpret(Extract("docx"), FORM)
    assert blank.refusal
    assert other.refusal
    assert none.refusal
    assert [blank.refusal.code, other.refusal.code, none.refusal.code] == [
        "blank-template",
        "wrong-form",
        "wrong-form",
    ]
    assert "“Diện tích (m²)”" in other.refusal.message
    assert "“Địa chỉ”" not in other.refusal.message
    assert none.score == 0.0


def test_fault_060_hidden_sheet_never_wins() -> None:
    """A fuller hidden sheet loses to a visible one, and alone it is refused."""
    hidden = grid([HEAD, ROW, SECOND], "Ẩn", hidden=True)
    both = interpret(Extract("xlsx", (hidden, grid([HEAD, ROW]))), FORM)
    assert len(both.rows) == 1
    alone = interpret(Extract("xlsx", (hidden,)), FORM)
    assert alone.refusal
    assert "ẩn" in alone.refusal.message


@pytest.mark.parametrize("name", ["Hòa Cư", "Mẫu Sơn"])
def test_sheets_named_after_communes_are_not_old_or_samples(name: str) -> None:
    """Hòa Cư is not "cũ" and Mẫu Sơn is no "mẫu"."""
    both = (grid([HEAD, ROW], "Sheet1"), grid([HEAD, SECOND], name))
    result = interpret(Extract("xlsx", both), FORM)
    assert len(result.rows) == 2
    assert codes(result) == ["several-tables"]
    point = reading(HEAD, [1, f"{name} OCOP", *ROW[2:]])
    assert point.rows[0].values["name"] == f"{name} OCOP"


def test_example_rows_of_the_template_are_not_points() -> None:
    result = reading(HEAD, ["VD", *ROW[1:]], SECOND)
    assert [row.values["name"] for row in result.rows] == ["Điểm D"]
    assert codes(result) == ["example-row"]


def test_letterhead_table_is_not_the_form() -> None:
    letterhead = grid([["UBND XÃ HÒA CƯ", "CỘNG HÒA XÃ HỘI"], ["Số: 45/UBND", "ngày 17/5/2024"]])
    result = interpret(Extract("docx", (letterhead, grid([HEAD, ROW]))), FORM)
    assert len(result.rows) == 1


def test_auto_numbered_word_tables_have_empty_numbers() -> None:
    result = reading(HEAD, [None, *ROW[1:]], [None, *SECOND[1:]], kind="docx")
    assert len(result.rows) == 2


@pytest.mark.parametrize(
    ("above", "caption", "cost"),
    [
        ("Đơn vị tính: triệu đồng", "Kinh phí đề nghị hỗ trợ", "50000000"),
        ("ĐVT: nghìn đồng", "Kinh phí đề nghị hỗ trợ (triệu đồng)", "50000000"),
        ("Đơn vị tính: m2, triệu đồng", "Kinh phí đề nghị hỗ trợ", "50000000"),
    ],
)
def test_units_come_from_the_nearest_statement(above: str, caption: str, cost: str) -> None:
    result = reading([None] * 8 + [above], [*HEAD[:9], caption], ROW)
    assert result.rows[0].values["cost_requested"] == cost


@pytest.mark.parametrize(
    ("caption", "area"), [("Diện tích (ha)", "100"), ("Diện tích (ĐVT: m2)", "0.01")]
)
def test_area_is_read_in_the_unit_of_its_caption(caption: str, area: str) -> None:
    header = [caption if text == "Diện tích (m2)" else text for text in HEAD]
    result = reading(header, [0.01 if value == 35.5 else value for value in ROW])
    assert result.rows[0].values["area_m2"] == area


def test_area_in_a_unit_of_no_fixed_size_is_not_guessed() -> None:
    header = ["Diện tích (sào)" if text == "Diện tích (m2)" else text for text in HEAD]
    result = reading(header, ROW)
    assert "area_m2" not in result.rows[0].values
    assert "unit-unknown" in codes(result)


def test_header_is_as_high_as_its_merged_captions() -> None:
    """Unknown captions in its second row ("Năm 2024") are no point."""
    cells = grid([[*HEAD, "Ý kiến"], [*(None for _ in HEAD), "Năm 2024"], [*ROW, 1]]).rows
    tall = tuple(cell._replace(row_span=2) if cell else None for cell in cells[0][:-1])
    rows = ((*tall, cells[0][-1]), (*(None for _ in HEAD), cells[1][-1]), cells[2])
    result = interpret(Extract("xlsx", (Grid("Biểu 1", rows),)), FORM)
    assert [row.values["name"] for row in result.rows] == [ROW[1]]


def test_a_caption_beside_its_unmerged_parent_is_read_with_it() -> None:
    """ "Đề nghị hỗ trợ" alone may ask what for; beside "Tổng" under "Kinh phí" it asks how much."""
    top: list[CellValue] = [*HEAD[:9], "Kinh phí (triệu đồng)", None]
    leaf: list[CellValue] = [*(None for _ in HEAD[:9]), "Tổng", "Đề nghị hỗ trợ"]
    result = reading(top, leaf, [*ROW[:9], 90, 50])
    assert result.rows[0].values["cost_requested"] == "50000000"
    assert result.rows[0].values["cost_total"] == "90000000"
    assert "needs" not in result.rows[0].values


@pytest.mark.parametrize(
    "text", ["Mang sang trang sau", "Chuyển sang trang tiếp theo", "Mang sang"]
)
def test_a_sum_carried_over_the_page_is_no_point(text: str) -> None:
    assert len(reading(HEAD, ROW, [None, text]).rows) == 1


def test_a_further_table_below_is_not_more_points() -> None:
    contacts: list[CellValue] = ["STT", "Họ và tên", "Chức vụ", "Số điện thoại"]
    person: list[CellValue] = [1, "Nông Văn Ký", "Chủ tịch", "0911111111"]
    result = reading(HEAD, ROW, [], ["Danh sách cán bộ đầu mối"], contacts, person)
    assert [row.values["name"] for row in result.rows] == [ROW[1]]


def test_a_further_table_of_ours_in_another_order_is_read_too() -> None:
    swapped: list[CellValue] = [HEAD[0], HEAD[2], HEAD[1], *HEAD[3:]]
    line: list[CellValue] = [2, "Thôn Nà Lìn", "Cửa hàng Nà Lìn", *ROW[3:]]
    result = reading(HEAD, ROW, [], swapped, line)
    assert [row.values["name"] for row in result.rows] == [ROW[1], "Cửa hàng Nà Lìn"]


@pytest.mark.parametrize("caption", ["Chủ thể (người đại diện)", "Chủ thể, điện thoại"])
def test_caption_that_asks_for_two_fields_is_never_certain(caption: str) -> None:
    header = [caption if text == "Chủ thể quản lý" else text for text in HEAD]
    result = reading(header, ROW)
    assert result.rows[0].confidence.get("owner", 0) < CERTAIN
    assert {"column-guessed", "column-unclear", "missing-column"} & set(codes(result))


COST = "Kinh phí đề nghị hỗ trợ"
IN_MILLIONS = ["Đơn vị tính: triệu đồng"]


@pytest.mark.parametrize(
    "caption", ["Kinh phí hỗ trợ (%)", "Tỷ lệ NSNN hỗ trợ", "Kinh phí hỗ trợ\n%"]
)
def test_a_share_is_no_money(caption: str) -> None:
    alone = reading(IN_MILLIONS, [*HEAD[:9], caption], ROW)
    assert "cost_requested" not in alone.rows[0].values
    beside = reading(IN_MILLIONS, [*HEAD[:9], caption, COST], [*ROW, 60])
    assert beside.rows[0].values["cost_requested"] == "60000000"


def test_a_unit_row_with_a_share_makes_no_money() -> None:
    units: list[CellValue] = [None] * 6 + ["m2", None, None, "%"]
    result = reading(IN_MILLIONS, [*HEAD[:9], COST], units, ROW)
    assert len(result.rows) == 1
    assert "cost_requested" not in result.rows[0].values


@pytest.mark.parametrize(
    "caption",
    ["Hạng sao đề nghị", "Hạng sao đăng ký", "Hạng sao dự kiến", "Tổng kinh phí đăng ký hỗ trợ"],
)
def test_words_that_change_the_question_make_no_certain_column(caption: str) -> None:
    assert not [m for m in captions_of(FORM).matches((caption,)) if m.confidence == 1.0]


OTHER_QUESTIONS = {
    COST: "đã cấp|đối ứng|đợt 1|năm 2023|còn thiếu|năm trước|còn lại|vốn tự có|đ/ư|dân góp|xã"
    "|cộng đồng|công ty|điện|được duyệt|không được hỗ trợ|1 năm|triệu đồng/tháng|nguồn khác"
    "|đối ứng, triệu đồng|triệu đồng; đợt 2|theo QĐ đã duyệt năm 2023",
    "Tổng kinh phí": "đề nghị hỗ trợ|NSNN|đã thực hiện|đối ứng|năm 2023",
    "Hạng sao": "dự kiến|đề nghị|đăng ký|khách sạn|mục tiêu|cũ|năm 2025|điểm",
    "Ngày cấp": "hết hạn|CCCD|ĐKKD|GCN ATTP|dự kiến|nộp hồ sơ",
}
SAME_QUESTIONS = {
    COST: "triệu đồng|Tr.đ|ngđ|1.000 đ|'000 đồng|10^6 đồng|ĐVT: 1.000 đồng|Đ/v: triệu đồng"
    "|triệu đồng/điểm|triệu đồng/01 điểm|không quá 100 triệu đồng/điểm|tối đa 100 triệu"
    "|không quá một trăm triệu đồng|nếu có|ước tính|dự kiến|tạm tính|bằng số|ghi rõ|4"
    "|9=10+11|a+b|*|NSNN|theo Quyết định số 950/QĐ-BCT ngày 18/4/2023|đề nghị"
    "|đã bao gồm VAT|VD: 50|tổng cộng|làm tròn|trăm nghìn đồng",
    "Tổng kinh phí": "triệu đồng|dự kiến|9=10+11|bao gồm cả đối ứng|NSNN + đối ứng",
    "Hạng sao": "1-5|3, 4, 5 sao|từ 3 đến 5 sao|nếu có|nếu đã được công nhận|***|hiện nay"
    "|ghi theo giấy chứng nhận|tính đến 31/12/2023",
    "Ngày cấp": "dd/mm/yyyy|ngày/tháng/năm|nếu có|GCN OCOP|theo QĐ công nhận|VD: 15/05/2024",
}


@pytest.mark.parametrize("caption", OTHER_QUESTIONS)
def test_a_remark_that_may_change_the_question_makes_no_certain_column(caption: str) -> None:
    matches = captions_of(FORM).matches
    for remark in OTHER_QUESTIONS[caption].split("|"):
        for path in ((f"{caption} ({remark})",), (caption, f"({remark})")):
            assert not [m for m in matches(path) if m.confidence == 1.0], path


@pytest.mark.parametrize("caption", SAME_QUESTIONS)
def test_a_remark_on_how_to_fill_it_in_changes_no_caption(caption: str) -> None:
    matches = captions_of(FORM).matches
    for remark in SAME_QUESTIONS[caption].split("|"):
        for path in ((f"{caption} ({remark})",), (caption, f"({remark})")):
            assert matches(path)[0].confidence == 1.0, path


def day_of(paths: Sequence[tuple[str, ...]]) -> float:
    """Return how sure the column of the certificate's day is in a table with these captions."""
    found = assign(dict(enumerate([("Tên điểm",), *paths])), captions_of(FORM)).columns
    [column] = [column for column in found if column.field.key == "certified_on"]
    return column.confidence


@pytest.mark.parametrize(
    "paths",
    [
        [("Giấy ĐKKD", "Số"), ("Giấy ĐKKD", "Ngày cấp")],
        [("Giấy ĐKKD", "Số"), ("Giấy ĐKKD", "Nơi cấp"), ("Giấy ĐKKD", "Ngày cấp")],
        [("Giấy chứng nhận ATTP", "Số"), ("Giấy chứng nhận ATTP", "Ngày cấp")],
        [("CCCD", "Số"), ("CCCD", "Ngày cấp")],
        [("Số ĐKKD",), ("Ngày cấp",)],
        [("Mã số thuế",), ("Ngày cấp (dd/mm/yyyy)",)],
        [("Số ĐKKD",), ("Nơi cấp",), ("11. Ngày cấp",)],
        [("Số CCCD",), ("Ngày cấp",)],
        [("Biểu tổng hợp điểm OCOP", "Số ĐKKD"), ("Biểu tổng hợp điểm OCOP", "Ngày cấp")],
    ],
)
def test_the_day_of_another_paper_is_not_surely_the_certificates(
    paths: list[tuple[str, ...]],
) -> None:
    assert day_of(paths) < CERTAIN


@pytest.mark.parametrize(
    "paths",
    [
        [("Hạng sao",), ("Ngày cấp",)],
        [("Số ĐKKD",), ("Hạng sao",), ("Ngày cấp",)],
        [("Số ĐKKD",), ("Ngày cấp GCN",)],
        [("Số ĐKKD",), ("Sản phẩm OCOP", "Ngày cấp")],
        [("Giấy chứng nhận OCOP", "Số"), ("Giấy chứng nhận OCOP", "Ngày cấp")],
    ],
)
def test_a_day_of_issue_beside_no_other_paper_is_the_certificates(
    paths: list[tuple[str, ...]],
) -> None:
    assert day_of(paths) == 1.0


def test_a_day_of_issue_below_another_papers_number_in_a_slip_is_asked_about() -> None:
    slip = [[str(label), value] for label, value in zip(HEAD[1:], ROW[1:], strict=True)]
    for label, number in (("Số ĐKKD", "14D8001234"), ("Số CCCD", "020089001234")):
        [row] = reading(*slip, [label, number], ["Ngày cấp", "15/05/2019"]).rows
        assert row.confidence["certified_on"] < CERTAIN


def test_two_captions_for_one_sum_are_asked_about() -> None:
    head = [*HEAD[:9], "Kinh phí hỗ trợ (triệu đồng)", "Kinh phí đề nghị hỗ trợ (triệu đồng)"]
    result = reading(head, [*ROW, 60])
    assert result.rows[0].confidence.get("cost_requested", 0) < CERTAIN
    assert {f.field for f in result.findings if f.code == "column-guessed"} == {"cost_requested"}
    assert "column-unclear" in codes(result)


@pytest.mark.parametrize("leaf", ["Tổng", "Tổng số", "Cộng", "Đối ứng", "NSNN"])
def test_a_part_of_a_sum_is_never_certain(leaf: str) -> None:
    matches = captions_of(FORM).matches(("Kinh phí đề nghị hỗ trợ", leaf))
    assert not [m for m in matches if m.confidence >= CERTAIN]
    assert leaf != "Đối ứng" or not matches


@pytest.mark.parametrize(
    "parent", ["Đã được hỗ trợ đợt 1", "Năm trước", "Hỗ trợ lần 1", "Đã hỗ trợ năm 2023"]
)
def test_what_was_given_is_not_what_is_asked_for(parent: str) -> None:
    matches = captions_of(FORM).matches((parent, "Kinh phí hỗ trợ"))
    assert not [m for m in matches if m.confidence >= CERTAIN]


def test_the_later_year_wins_over_the_earlier() -> None:
    years = {10: ("Năm 2023", "Kinh phí hỗ trợ"), 12: ("Năm 2024", "Kinh phí hỗ trợ")}
    found = assign({0: ("Tên điểm",), **years}, captions_of(FORM)).columns
    assert [(c.index, c.confidence) for c in found if c.field.type == "money"] == [(12, 1.0)]
    alone = {10: years[10], 12: ("Năm 2024", "Nội dung")}
    [cost] = [c for c in assign(alone, captions_of(FORM)).columns if c.field.type == "money"]
    assert cost.confidence < CERTAIN


def test_where_the_representative_lives_is_not_surely_where_the_point_is() -> None:
    matches = captions_of(FORM).matches(("Người đại diện", "Địa chỉ"))
    assert not [m for m in matches if m.confidence >= CERTAIN]


def test_a_sum_merged_over_several_points_is_nobodys() -> None:
    """The first point has no better claim to it than the others."""
    merged = grid([HEAD, ROW, [*SECOND[:9], None]])
    last = merged.rows[1][9]
    assert last is not None
    rows = (merged.rows[0], (*merged.rows[1][:9], last._replace(row_span=2)), merged.rows[2])
    result = interpret(Extract("xlsx", (replace(merged, rows=rows),)), FORM)
    assert codes(result) == ["merged-value", "merged-value"]
    assert not any("cost_requested" in row.values for row in result.rows)


def test_a_block_over_two_columns_and_rows_says_nothing_in_its_second_column() -> None:
    """Owner and representative in one cell over two points: a representative of neither."""
    made = grid([HEAD, ROW, SECOND])
    block = made.rows[1][3]
    assert block is not None
    first = (*made.rows[1][:3], block._replace(row_span=2, col_span=2), None, *made.rows[1][5:])
    second = (*made.rows[2][:3], None, None, *made.rows[2][5:])
    merged = replace(made, rows=(made.rows[0], first, second))
    result = interpret(Extract("xlsx", (merged,)), FORM)
    assert [row.values["owner"] for row in result.rows] == ["HTX C", "HTX C"]
    assert not any("representative" in row.values for row in result.rows)
    missing = [(f.row, f.field) for f in result.findings if f.code == "missing-value"]
    assert missing == [(1, "representative"), (2, "representative")]


def test_a_sum_merged_over_two_columns_and_rows_is_nobodys() -> None:
    made = grid([[*HEAD[:9], "Tổng kinh phí (triệu đồng)", HEAD[9]], [*ROW, None], [*SECOND, None]])
    block = made.rows[1][9]
    assert block is not None
    first = (*made.rows[1][:9], block._replace(row_span=2, col_span=2), None)
    second = (*made.rows[2][:9], None, None)
    merged = replace(made, rows=(made.rows[0], first, second))
    result = interpret(Extract("xlsx", (merged,)), FORM)
    found = [(f.row, f.field) for f in result.findings if f.code == "merged-value"]
    assert found == [(1, "cost_total"), (2, "cost_total"), (2, "cost_requested")]


def test_a_point_without_number_is_not_melted_into_the_one_above() -> None:
    second: list[CellValue] = [None, "Điểm G", "Thôn H", "HTX I"]
    result = reading(HEAD, ROW, second)
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm G"]


def test_texts_joined_without_a_merged_cell_are_asked_about() -> None:
    result = reading(HEAD, ROW, [None, "mở rộng", "xã H"], SECOND)
    assert result.rows[0].confidence["name"] <= 0.8
    assert {f.field for f in result.findings if f.code == "joined-texts"} == {"name", "address"}


@pytest.mark.parametrize("number", [2, None])
def test_a_name_that_begins_like_a_note_is_a_point(number: int | None) -> None:
    sparse: list[CellValue] = [number, "Nguồn Việt", "Thôn B", *[None] * 5, 4, 60]
    assert len(reading(HEAD, ROW, sparse).rows) == 2


def test_commas_without_space_may_part_products() -> None:
    result = reading(HEAD, [*ROW[:7], "Mật ong,Chè xanh,Rượu", *ROW[8:]])
    assert result.rows[0].confidence["products"] < CERTAIN
    assert codes(result) == ["list-items"]


@pytest.mark.parametrize("written", ["Có", "x"])
def test_a_registration_number_has_digits(written: str) -> None:
    result = reading([*HEAD, "Số ĐKKD/MST"], [*ROW, written])
    assert "registration_no" not in result.rows[0].values
    assert codes(result) == ["not-a-code"]


def test_a_row_says_what_it_stands_under() -> None:
    """Sheet, then groups; a group of the same kind ends the one before and what is in it."""
    rows = [
        ["I", "Xã Hòa Cư"],
        [None, "Nhóm hợp tác xã"],
        ROW,
        ["II", "Xã Gia Cát"],
        SECOND,
    ]
    result = reading(HEAD, *rows)
    assert [row.section for row in result.rows] == [
        "Biểu 1 / Xã Hòa Cư / Nhóm hợp tác xã",
        "Biểu 1 / Xã Gia Cát",
    ]


def test_the_heading_has_the_titles_of_every_table() -> None:
    sheets = (
        grid([["UBND XÃ HÒA CƯ"], HEAD, ROW], "Sheet1"),
        grid([["UBND XÃ GIA CÁT"], HEAD, SECOND], "Sheet2"),
    )
    result = interpret(Extract("xlsx", sheets), FORM)
    assert result.heading == ("UBND XÃ HÒA CƯ", "UBND XÃ GIA CÁT")
    assert [row.section for row in result.rows] == ["Sheet1", "Sheet2"]


def test_the_same_table_twice_is_read_once() -> None:
    sheets = (grid([HEAD, ROW, SECOND]), grid([HEAD, ROW, SECOND], "Biểu 1 (2)"))
    result = interpret(Extract("xlsx", sheets), FORM)
    assert (len(result.rows), codes(result)) == (2, ["table-repeated"])


def test_a_unit_that_caption_and_unit_row_contradict_is_doubted() -> None:
    units: list[CellValue] = [None] * 6 + ["m2", None, None, "nghìn đồng"]
    result = reading(HEAD, units, [*ROW[:9], 50])
    assert result.rows[0].confidence["cost_requested"] < CERTAIN
    assert codes(result) == ["unit-doubtful"]


@pytest.mark.parametrize("part", ["NSNN", "Nguồn NSNN", "Ngân sách nhà nước"])
def test_the_states_part_of_a_sum_is_not_the_sum(part: str) -> None:
    for parent in ("Kinh phí đề nghị hỗ trợ", "Tổng kinh phí"):
        matches = captions_of(FORM).matches((parent, part))
        assert not [match for match in matches if match.confidence >= CERTAIN]


def test_a_list_of_contacts_beside_the_table_lends_it_nothing() -> None:
    contacts: list[CellValue] = ["STT", "Họ và tên", "Điện thoại", None]
    person: list[CellValue] = [1, "Vi Thị Lập", "0911222333", None]
    result = reading([*contacts, *HEAD], [*person, *ROW])
    assert result.rows[0].values["phone"] == "0912345678"
    assert not result.findings


@pytest.mark.parametrize(
    ("marks", "is_index"),
    [
        (["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(80", "(9)", "(10)", "(11)"], True),
        (["(1U", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)"], True),
        (["A", "B", "1", "2", "3", "4"], True),
        (["1", "Chợ", "2", "3", "4"], False),
        (["1", "45", "3", "150", "80"], False),
        (["5", "6", "7", "8"], False),
    ],
)
def test_a_row_of_column_numbers_may_have_one_slip(marks: list[str], is_index: bool) -> None:
    row = [Cell(mark, mark, f"B!{mark}") for mark in marks]
    assert is_index_row(row) is is_index


TORN_HEAD = (
    "STT|Tên điểm|Địa chỉ|Chủ thể quản lý|Người đại diện|Điện thoại|Diện tích (m2)|"
    "Sản phẩm OCOP|Hạng sao|Kinh phí đề nghị hỗ trợ (triệu đồng)"
)
UPPER = "1|Ki-ốt số|Số 5, khu|Hộ kinh|Vi Kim|0912000111|20|Chè|3|50"
LOWER = "|16 Thâm Quang|Pác Vài|doanh Vi Kim|Nghiệp|||Mật||"


def test_a_row_that_may_be_the_rest_of_the_one_above_leaves_neither_certain() -> None:
    """It has a name and an address, no number, and lacks a third of what is required."""
    rows = tuple(
        tuple(
            Cell(text, text, f"page 1, row {r}, column {c}") if text else None
            for c, text in enumerate(line.split("|"), 1)
        )
        for r, line in enumerate((TORN_HEAD, UPPER, LOWER), 1)
    )
    result = interpret(Extract("pdf", (Grid("page 1", rows),)), FORM)
    assert len(result.rows) == 2
    for row in result.rows:
        assert row.confidence["name"] < CERTAIN
        assert row.confidence["address"] < CERTAIN
    assert "stray-row" in {finding.code for finding in result.findings}


BELOW = [
    "Người lập biểu: Nguyễn Văn A - SĐT 0912.345.678",
    "Theo mục 1.2 của hướng dẫn",
    "Ghi chú: tỷ lệ 12.5 %",
]


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize(
    ("caption", "written"),
    [("Diện tích (m2)", "12.500"), ("Tổng kinh phí (triệu đồng)", "1.500")],
)
def test_a_text_below_the_points_does_not_say_how_their_numbers_are_written(
    below: str, caption: str, written: str
) -> None:
    """ "1.500" has two readings, whatever stands under its column."""
    head = [*[text for text in HEAD if text != "Diện tích (m2)"], caption]
    row: list[CellValue] = [*ROW[:6], *ROW[7:], written]
    remark: list[CellValue] = [None] * 9 + [below]
    field = "cost_total" if "kinh phí" in caption else "area_m2"
    for rows in ([row, [], ["NGƯỜI LẬP BIỂU"], remark], [row, remark]):
        result = reading(head, *rows)
        assert result.rows[0].confidence.get(field, 0) < CERTAIN


@pytest.mark.parametrize("other", ["12,5", "12,5 m2", "1.012,5 m²"])
def test_a_number_of_another_point_says_how_the_columns_numbers_are_written(other: str) -> None:
    row: list[CellValue] = [*ROW[:6], "1.500", *ROW[7:]]
    result = reading(HEAD, row, [*SECOND[:6], other, *SECOND[7:]])
    assert result.rows[0].values["area_m2"] == "1500"
    assert result.rows[0].confidence["area_m2"] >= CERTAIN


@pytest.mark.parametrize("below", ["17/5/2024", "Hòa Cư, ngày 17/5/2024"])
def test_a_date_below_the_points_does_not_say_that_their_days_come_first(below: str) -> None:
    head, row = [*HEAD, "Ngày cấp GCN"], [*ROW, "05/06/2023"]
    result = reading(head, row, [], ["NGƯỜI LẬP BIỂU"], [None] * 10 + [below])
    assert codes(result) == ["date-order"]
    assert codes(reading(head, row)) == ["date-order"]


@pytest.mark.parametrize("between", [[], [[]]])
@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(("area", "cost"), [(None, 50), (35.5, None), (35.5, 50)])
def test_a_sum_without_a_label_is_no_amount_of_the_last_point(
    between: Rows, area: CellValue, cost: CellValue, *, numbered: bool
) -> None:
    """What the last point lacks stays missing, and the sum is compared."""
    lacking: list[CellValue] = [*SECOND[:6], None, *SECOND[7:9], None]
    total: list[CellValue] = [*[None] * 6, area, None, None, cost]
    rows = [HEAD, ROW, lacking, *between, total]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [len(row.values) for row in result.rows] == [9, 7]
    assert codes(result) == ["missing-value", "missing-value"]


def test_a_sum_without_a_label_that_is_none_is_asked_about() -> None:
    """Amounts that were typed one row too low are no sum of the points above."""
    result = reading(HEAD, ROW, [*SECOND[:9], None], [*[None] * 9, 80])
    assert codes(result) == ["missing-value", "total-mismatch"]


@pytest.mark.parametrize("cost", [50, "50 triệu đồng"])
@pytest.mark.parametrize("label", ["Tổng cộng (I+II)", "Toàn xã Hòa Cư"])
def test_an_amount_that_only_a_row_without_number_has_is_not_certain(
    label: str, cost: CellValue
) -> None:
    """It may be the rest of the point above or a sum of all."""
    total: list[CellValue] = [*[None] * 7, label, None, cost]
    result = reading(HEAD, ROW, [*SECOND[:9], None], total)
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
    assert result.rows[1].confidence.get("cost_requested", 0) < CERTAIN
    assert {"missing-value", "joined-number"} & {*codes(result)}


@pytest.mark.parametrize("cost", [130, "130 triệu đồng"])
@pytest.mark.parametrize("column", [1, 3, 7])
def test_a_total_is_one_however_its_amounts_are_written(column: int, cost: CellValue) -> None:
    total: list[CellValue] = [*[None] * column, "Tổng cộng", *[None] * (8 - column), cost]
    result = reading(HEAD, ROW, SECOND, total)
    assert (len(result.rows), codes(result)) == (2, [])


@pytest.mark.parametrize("sums", [[50, 80], ["50 triệu", "80 triệu"], [None, None]])
@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        (0, "I. Hợp tác xã", "II. Hộ kinh doanh"),
        (0, "Xã Hòa Cư", "Xã Tân Liên"),
        (1, "1. Hợp tác xã", "2. Hộ kinh doanh"),
        (1, "CÁC HỢP TÁC XÃ", "CÁC HỘ KINH DOANH"),
    ],
)
def test_headings_with_their_sums_are_no_points(
    column: int, one: str, other: str, sums: list[CellValue]
) -> None:
    headings: list[list[CellValue]] = [
        [*[None] * column, text, *[None] * (8 - column), amount]
        for text, amount in zip((one, other), sums, strict=True)
    ]
    result = reading(HEAD, headings[0], ROW, headings[1], SECOND)
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
    assert [row.section for row in result.rows] == [f"Biểu 1 / {one}", f"Biểu 1 / {other}"]
    assert codes(result) == []


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("rest", ["thôn Nà Pàn, xã Hòa Cư", "xã Hòa Cư", "Khu vực chợ"])
def test_an_address_that_goes_on_in_the_next_row_is_no_heading(
    rest: str, *, numbered: bool
) -> None:
    first: list[CellValue] = [*ROW[:2], "Số 12, chợ trung tâm,", *ROW[3:]]
    rows = [HEAD, first, [None, None, rest], SECOND]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["address"] for row in result.rows] == [
        f"Số 12, chợ trung tâm, {rest}",
        "Thôn E",
    ]
    assert codes(result) == ["joined-texts", "row-joined"]


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        "Chợ Bản Ngà (hiện không có đơn vị quản lý)",
        "Hộ Hoa (không đăng ký kinh doanh)",
        "Chợ Không Điểm",
    ],
)
def test_a_row_with_amounts_does_not_say_that_there_is_nothing(
    name: str, *, numbered: bool
) -> None:
    sparse: list[CellValue] = [2, name, *[None] * 3, "0987654321", "20 m²", None, "3 sao", "80 tr"]
    rows = [HEAD, ROW, sparse]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["name"] for row in result.rows] == ["Điểm A", name]
    assert set(codes(result)) == {"missing-value"}


@pytest.mark.parametrize("amounts", [[None] * 4, [0, None, 0, 0], ["0,0 m2", None, "-", "0,00"]])
@pytest.mark.parametrize("mark", [2, None])
def test_a_row_that_says_that_there_is_nothing_is_no_point(
    mark: CellValue, amounts: list[CellValue]
) -> None:
    nothing: list[CellValue] = [mark, "Các thôn khác không có nhu cầu", *[None] * 4, *amounts]
    result = reading(HEAD, ROW, nothing)
    assert ([row.values["name"] for row in result.rows], codes(result)) == (["Điểm A"], [])


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(
    "rest",
    [
        ["Thôn E", None, None, "0987654321", 20, None, 3, 80],
        [None, None, None, "0987654321", 20, None, 3, 80],
        [None, None, None, None, 20, None, 3, 80],
        [None, None, None, None, None, "Hồi", None, 80],
    ],
)
def test_a_star_before_a_name_makes_no_remark_of_a_point(
    rest: list[CellValue], *, numbered: bool
) -> None:
    rows: list[list[CellValue]] = [[*HEAD], ROW, [2, "* Chợ Bản Ngà", *rest]]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "* Chợ Bản Ngà"]
    assert set(codes(result)) == {"missing-value"}


@pytest.mark.parametrize("numbered", [True, False])
def test_headings_and_remarks_may_begin_with_a_star(*, numbered: bool) -> None:
    one, other = ([None, text, *[None] * 7, sum_] for text, sum_ in (("* HTX", 50), ("* Hộ", 80)))
    rows: list[list[CellValue]] = [[*HEAD], one, ROW, other, SECOND, [None, "* Số liệu tạm tính"]]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.section for row in result.rows] == ["Biểu 1 / * HTX", "Biểu 1 / * Hộ"]
    assert codes(result) == []


@pytest.mark.parametrize("first", [3, 6, 9])
def test_the_names_column_may_stand_anywhere(first: int) -> None:
    """Headings and remarks stand in the column of the names, not in the leftmost one."""

    def turned(line: Sequence[CellValue]) -> list[CellValue]:
        padded = [*line, *[None] * (10 - len(line))]
        return [padded[0], *padded[first:], *padded[1:first]]

    lone: list[list[CellValue]] = [[None, "1. Hợp tác xã"], [None, "2. Hộ kinh doanh"]]
    result = reading(*map(turned, (HEAD, lone[0], ROW, lone[1], SECOND)))
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
    assert codes(result) == []


@pytest.mark.parametrize(
    ("caption", "written", "gap", "sure"),
    [
        ("Ghi chú", "Mặt bằng", False, True),
        ("Ghi chú", "Mặt bằng", True, False),
        ("MST", "4900123456", False, False),
    ],
)
def test_what_a_row_without_number_adds_to_an_optional_text_or_a_code(
    caption: str, written: str, *, gap: bool, sure: bool
) -> None:
    """A text may go on in the next row; below an empty one, or in a code, it may be a remark."""
    rest: list[CellValue] = [*[None] * 10, "(Điểm này ở trung tâm xã)"]
    result = reading([*HEAD, caption], [*ROW, written], *([[]] if gap else []), rest, SECOND)
    key = "note" if caption == "Ghi chú" else "registration_no"
    assert (result.rows[0].confidence[key] >= CERTAIN) is sure
    assert ("joined-texts" in codes(result)) is not sure


SUMS: list[CellValue] = [*HEAD[:9], "Tổng kinh phí", "Kinh phí đề nghị hỗ trợ"]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_header_repeated_in_another_order_begins_a_table(*, numbered: bool) -> None:
    """Two columns of money that were exchanged lower down."""
    exchanged = [*SUMS[:9], SUMS[10], SUMS[9]]
    rows = [SUMS, [*ROW[:9], 90_000_000, 50_000_000], [], exchanged]
    rows.append([*SECOND[:9], 80_000_000, 95_000_000])
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    costs = [(row.values["cost_total"], row.values["cost_requested"]) for row in result.rows]
    assert costs == [("90000000", "50000000"), ("95000000", "80000000")]
    assert codes(result) == ["several-tables"]


def test_a_header_repeated_one_column_further_left_begins_a_table() -> None:
    result = reading(HEAD, ROW, [], HEAD[1:], SECOND[1:])
    assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
    assert [row.values["address"] for row in result.rows] == ["Thôn B", "Thôn E"]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_header_repeated_under_another_unit_begins_a_table(*, numbered: bool) -> None:
    line: list[CellValue] = ["Đơn vị tính: nghìn đồng"]
    rows = [SUMS, [*ROW[:9], 90_000_000, 50_000_000], [], SUMS]
    rows.append([*SECOND[:9], 1_200_000, 80_000])
    if not numbered:
        rows = [row[1:] for row in rows]
    for above in ([], [["Đơn vị tính: đồng"]]):
        result = reading(*above, *rows[:3], ["Danh sách 2", *line], *rows[3:])
        assert [row.values["cost_total"] for row in result.rows] == ["90000000", "1200000000"]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_header_repeated_with_its_unit_is_the_same_table(*, numbered: bool) -> None:
    rows = [SUMS, [*ROW[:9], 90_000, 50_000], [], SUMS, [*SECOND[:9], 600_000, 80_000]]
    if not numbered:
        rows = [row[1:] for row in rows]
    line: list[CellValue] = ["Đơn vị tính: nghìn đồng"]
    result = reading(line, *rows[:3], line, *rows[3:])
    assert [row.values["cost_total"] for row in result.rows] == ["90000000", "600000000"]
    assert not result.findings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "(Kèm theo Công văn số 45/UBND ngày 17/5/2024)",
            "(theo Quyết định số 950/QĐ-BCT ngày 18/4/2023)",
        ),
        ("DANH SÁCH ĐIỂM OCOP giai đoạn 2023-2025", "DANH SÁCH NĂM 2024"),
        ("DANH SÁCH giai đoạn năm 2021 đến năm 2023", "DANH SÁCH NĂM 2024"),
        ("Hòa Cư, ngày 17 tháng 5 năm 2023", "Hòa Cư, ngày    tháng 5 năm 2024"),
        ("Số: 2023/UBND", "Số: 2024/UBND"),
        ("Quyết định năm 2023", "Hội chợ Việt Nam 2024"),
    ],
)
def test_years_of_decrees_dates_and_periods_leave_no_table_out(one: str, other: str) -> None:
    sheets = (grid([[one], HEAD, ROW], "A"), grid([[other], HEAD, SECOND], "B"))
    assert len(interpret(Extract("xlsx", sheets), FORM).rows) == 2
    stacked = reading([one], HEAD, ROW, [], [other], [HEAD[0], *HEAD[2:], HEAD[1]], [2, *"BCDE"])
    assert "table-left-out" not in codes(stacked)


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (("DANH SÁCH NĂM 2023", "DANH SÁCH NĂM 2024 (theo QĐ số 1 năm 2022)"), ("A", "B")),
        (("DANH SACH NAM 2023", "DANH SACH NAM 2024"), ("A", "B")),
        (("DANH SÁCH", "DANH SÁCH"), ("2023", "2024")),
    ],
)
def test_a_list_of_an_earlier_year_is_left_out_with_a_warning(
    titles: tuple[str, str], names: tuple[str, str]
) -> None:
    this = grid([[titles[1]], HEAD, [1, *SECOND[1:]]], names[1])
    sheets = (grid([[titles[0]], HEAD, ROW], names[0]), this)
    result = interpret(Extract("xlsx", sheets), FORM)
    assert [row.values["name"] for row in result.rows] == ["Điểm D"]
    assert [(f.severity, f.code) for f in result.findings] == [("warning", "table-left-out")]


@pytest.mark.parametrize("name", ["VD Farm", "VD - Nông sản Bản Ngà", "Cửa hàng VD"])
@pytest.mark.parametrize("numbered", [True, False])
def test_a_name_that_begins_with_vd_is_no_example(name: str, *, numbered: bool) -> None:
    rows = [HEAD, [1, name, *ROW[2:]], SECOND]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert [row.values["name"] for row in result.rows] == [name, "Điểm D"]


@pytest.mark.parametrize("name", ["VD: Điểm A", "VD", "(VD)", "Ví dụ: Điểm A", "vi du Điểm A"])
def test_a_name_that_says_so_is_an_example(name: str) -> None:
    result = reading(HEAD, [None, name, *ROW[2:]], [1, *SECOND[1:]])
    assert [row.values["name"] for row in result.rows] == ["Điểm D"]
    assert codes(result) == ["example-row"]


@pytest.mark.parametrize(
    "label",
    [
        "TỔNG CỘNG XÃ HÒA CƯ",
        "Tổng giá trị",
        "Tổng cộng toàn bộ",
        "Tổng kinh phí đề nghị NSNN hỗ trợ",
        "Tong gia tri",
        "Cộng của cả hai thôn",
    ],
)
@pytest.mark.parametrize("column", [0, 1])
def test_a_label_that_begins_like_a_total_is_one_beside_numbers_alone(
    label: str, column: int
) -> None:
    lacking: list[CellValue] = [*SECOND[:9], None]
    for cost in (50, "50 triệu"):
        total: list[CellValue] = [*[None] * column, label, *[None] * (8 - column), cost]
        result = reading(HEAD, ROW, lacking, total)
        assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
        assert codes(result) == ["missing-value"]
    unnumbered = reading(HEAD[1:], ROW[1:], [label, *[None] * 7, 50])
    assert (len(unnumbered.rows), codes(unnumbered)) == (1, [])


@pytest.mark.parametrize(
    "name", ["Tổng kho OCOP", "Cộng đồng Nà Lìn", "Công viên Bản Ngà", "Tổng đại lý Nà Lìn"]
)
def test_a_sparse_point_whose_name_begins_like_a_total_is_a_point(name: str) -> None:
    result = reading(HEAD[1:], ROW[1:], [name, *[None] * 7, 80])
    assert [row.values["name"] for row in result.rows] == ["Điểm A", name]


def test_a_remark_that_begins_like_a_total_is_no_total() -> None:
    result = reading([*HEAD, "Ghi chú"], ROW, [*[None] * 10, "Cộng cả tiền vận chuyển"])
    assert result.rows[0].values["note"] == "Cộng cả tiền vận chuyển"


@pytest.mark.parametrize(
    "name", ["Nhóm phụ nữ khởi nghiệp", "Mục Đồng Quán", "A - Z Mart", "Thôn Nà Lìn"]
)
@pytest.mark.parametrize("cost", [80, "80 triệu"])
def test_a_group_to_whose_amount_nothing_below_adds_up_is_a_point(
    name: str, cost: CellValue
) -> None:
    """In a list without running numbers."""
    sparse: list[CellValue] = [name, *[None] * 7, cost]
    for rows in ([ROW[1:], sparse], [sparse, ROW[1:], SECOND[1:]]):
        result = reading(HEAD[1:], *rows)
        assert name in [row.values["name"] for row in result.rows]
        assert "missing-value" in codes(result)


def test_a_group_to_whose_amount_the_points_below_add_up_is_one() -> None:
    groups: list[list[CellValue]] = [
        ["Nhóm hợp tác xã", *[None] * 7, 50],
        ["Nhóm hộ kinh doanh", *[None] * 7, 80],
    ]
    outer: list[CellValue] = ["I. Xã Hòa Cư", *[None] * 7, 130]
    for above in ([], [outer]):
        result = reading(HEAD[1:], *above, groups[0], ROW[1:], groups[1], SECOND[1:])
        assert [row.values["name"] for row in result.rows] == ["Điểm A", "Điểm D"]
        assert not result.findings


def test_a_group_to_whose_amount_nothing_below_adds_up_is_asked_about() -> None:
    """Among numbered points it stays a group, which may be a point without its number."""
    sparse: list[CellValue] = [None, "Nhóm phụ nữ khởi nghiệp", *[None] * 7, 80]
    assert codes(reading(HEAD, ROW, sparse)) == ["total-mismatch"]
    above = reading(HEAD, sparse, ROW)
    assert codes(above) == ["total-mismatch"]
    assert "80.000.000 nhưng cộng các dòng bên dưới được 50.000.000" in above.findings[0].message
    assert not reading(HEAD, sparse, [1, *SECOND[1:]], ["II", "Hộ kinh doanh"], ROW).findings
