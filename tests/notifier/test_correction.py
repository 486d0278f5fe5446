"""The workbook of what was understood: it reads back as it was, and shows what is wrong."""

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rigs import office as rig
from rigs.official import CAMPAIGN, CONFIG, OFFICE, columns, converted, opened, saved

from config.model import Campaign
from notifier.correction import AMBER, RED, correction_workbook
from notifier.workbook_mark import is_genuine
from parsers import read
from parsers.form import Field
from parsers.grid import Cell
from parsers.outcome import Context
from parsers.reading import Finding, Reading, Row
from parsers.values import parse
from parsers.vietnamese import settled
from registry.model import Point, Submission

FORM = CAMPAIGN.form
HOA_CU = rig.commune(CONFIG, "Hòa Cư")
#: A correction's keys stand a line lower: over them is what its colours mean.
KEYS, FIRST = 7, 10


def submission(*rows: Row, findings: tuple[Finding, ...] = ()) -> Submission:
    points = tuple(Point(ordinal, 1, row) for ordinal, row in enumerate(rows, start=1))
    return rig.submission(CONFIG, "Hòa Cư", "needs-fix", points=points, findings=findings)


def book_of(answer: Submission, campaign: Campaign = CAMPAIGN) -> bytes:
    return correction_workbook(campaign, HOA_CU, OFFICE, answer, rig.SECRET)


def row(values: Mapping[str, str], raw: Mapping[str, str] | None = None, sure: float = 1.0) -> Row:
    return Row(values, {}, dict.fromkeys(values, sure), {**values, **(raw or {})})


def again(data: bytes) -> Reading:
    answer = read(data, FORM, name="bieu.xlsx")
    assert isinstance(answer, Reading), answer
    return answer


def back(answer: Submission) -> list[dict[str, str]]:
    return [dict(one.values) for one in again(book_of(answer)).rows]


# --- it reads back as it was ----------------------------------------------------------------------

ODD = [
    "=1+1", "+84 912", "-5", "@tên", "'trong nháy", "''hai nháy", "007", "0,5", "1E5", "1/2",
    "12/05/2024", "TRUE", "#REF", "_x0041_", "a_x000D_b", "Điểm “Hoa Hồi” & <bé>", "5.000.000",
    "Tổng hợp", "Ví dụ", "VD Farm", "* Điểm", "#name", "#", "(1)", "STT", "Nơi nhận: chợ",
    "Ghi chú: mới", "x" * 20_000, "\U0001f41d Mật ong", "Chủ tịch HTX", "I", "Nhóm 1",
]  # fmt: skip
PIECES = [
    "Điểm", "bán hàng", "chợ", "Hòa Cư", "Đồng Đăng", "OCOP", "số", "mật ong", "và", "chè",
    "1", "007", "2,5", "(mới)", "&", "=", "+", "-", "/", ",", ";", ".", "“A”", "'", '"', "@", "#",
    "%", "*", "_x0041_", "<b>", "\U0001f41d", "3.000", "50%", "nt", "//", "Tổng", "cộng", "ghi chú",
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(ODD),
    st.lists(st.sampled_from([*PIECES, "\n", "\t", "  "]), min_size=1, max_size=8).map(" ".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join),
)
NUMBERS = st.one_of(
    st.integers(1, 10**12).map(str),
    st.decimals(min_value=0, max_value=10**7, places=4).map(lambda one: f"{one:f}"),
    st.sampled_from(["1.234,5", "50 triệu đồng", "1,5 tỷ", "0,25 ha", "5x10m"]),
)
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31))


def written(field: Field) -> st.SearchStrategy[str]:
    """What people write into a column, right and wrong."""
    ways: dict[str, st.SearchStrategy[str]] = {
        "money": NUMBERS,
        "decimal": NUMBERS,
        "stars": st.sampled_from(["3", "4 sao", "*****", "6", "ba sao", "3,5"]),
        "date": DAYS.map(lambda day: f"{day:%d/%m/%Y}"),
        "phone": st.sampled_from(["0912000111", "0912 000 111; 02053 811 234", "912000111", "12"]),
        "choice": st.sampled_from([c.value for c in field.choices] or ["a"]),
        "list": st.lists(WORDS, min_size=1, max_size=4).map("; ".join),
        "code": st.sampled_from(["0012345678", "4900123456", "049012345678", "4900-AB 12"]),
    }
    return st.one_of(ways.get(field.type, WORDS), WORDS)


def understood(field: Field, text: str) -> str | None:
    """The canonical value that some reader made of a text, whatever its document looked like."""
    unit = "đồng" if field.type == "money" else ""
    text = settled(text)
    return parse(field, Cell(text, text, ""), Context(unit)).text


@st.composite
def rows(draw: st.DrawFn) -> Row:
    values, raw = {}, {}
    for field in FORM.fields:
        text = draw(st.one_of(st.none(), written(field)))
        if text is not None:
            value = understood(field, text)
            raw[field.key] = text
            if value is not None and understood(field, value) == value:
                values[field.key] = value
    return Row(values, {}, dict.fromkeys(values, 1.0), raw)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # to shrink a workbook takes minutes
    derandomize=True,
)
@given(st.lists(rows().filter(lambda one: one.values), min_size=1, max_size=6))
def test_returned_unchanged_it_reads_as_the_very_same_rows(points: list[Row]) -> None:
    answer = submission(*points)
    assert back(answer) == [dict(point.values) for point in points]


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text_stays_as_it_is(text: str) -> None:
    names = [field.key for field in FORM.fields if field.type == "text"]
    values = {key: found for key in names if (found := understood(FORM.field(key), text))}
    values = rig.POINT | values
    assert back(submission(row(values))) == [values]


def test_many_points_keep_their_order_and_their_rows() -> None:
    points = [row(rig.POINT | {"name": f"Điểm {number}"}) for number in range(1, 61)]
    answer = submission(*points)
    read_again = again(book_of(answer))
    assert [one.values["name"] for one in read_again.rows] == [f"Điểm {n}" for n in range(1, 61)]
    places = [one.places["name"] for one in read_again.rows]
    assert places == [f"Biểu đăng ký!B{FIRST + at}" for at in range(60)]
    assert {sure for one in read_again.rows for sure in one.confidence.values()} == {1.0}
    assert read_again.findings == ()


def test_its_mark_names_the_answer_that_it_corrects() -> None:
    answer = submission(row(rig.POINT))
    mark = again(book_of(answer)).official
    assert mark is not None
    assert (mark.issue, mark.commune, mark.exact) == (answer.receipt, "06223", True)
    assert is_genuine(mark, rig.SECRET)


def test_the_same_answer_gives_the_same_bytes() -> None:
    answer = submission(row(rig.POINT))
    assert book_of(answer) == book_of(answer)


def test_columns_in_another_unit_get_their_own_figures() -> None:
    labels = {"cost_total": "Tổng kinh phí (triệu đồng)", "area_m2": "Diện tích (ha)"}
    fields = tuple(replace(f, label=labels.get(f.key, f.label)) for f in FORM.fields)
    section = CAMPAIGN.form_section.model_copy(update={"field": fields})
    campaign = CAMPAIGN.model_copy(update={"form_section": section})
    data = book_of(submission(row(rig.POINT | {"area_m2": "25000"})), campaign)
    sheet = opened(data).worksheets[0]
    at = columns(sheet, KEYS)
    assert (sheet.cell(FIRST, at["cost_total"]).value, sheet.cell(FIRST, at["area_m2"]).value) == (
        120,
        2.5,
    )
    answer = read(data, campaign.form, name="bieu.xlsx")
    assert isinstance(answer, Reading)
    assert dict(answer.rows[0].values) == rig.POINT | {"area_m2": "25000"}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice")
def test_saved_by_libreoffice_it_still_reads_as_the_same_rows() -> None:
    points = [row(rig.POINT | {"name": text, "note": text}) for text in ODD if len(text) < 1_000]
    wanted = [dict(point.values) for point in points]
    data = book_of(submission(*points))
    assert [dict(one.values) for one in again(data).rows] == wanted
    for kind in ("xlsx", "ods", "xls"):
        saved_again = converted({"bieu": data}, kind)["bieu"]
        assert [dict(one.values) for one in again(saved_again).rows] == wanted, kind


# --- it shows what is wrong -----------------------------------------------------------------------

BAD_PHONE = Finding(
    "error", "bad-phone", "Cột “Điện thoại”: số điện thoại chưa đúng.", "phone", 1, "x"
)
ODD_DATE = Finding("warning", "date-year", "Đọc là 05/04/1999.", "certified_on", 1, "x")


def wrong() -> Submission:
    values = {key: text for key, text in rig.POINT.items() if key not in {"phone", "stars"}}
    point = row(values, {"phone": "không nhớ", "stars": "chưa xếp hạng"})
    point = replace(point, confidence={**point.confidence, "owner": 0.7})
    missing = Finding("error", "missing-value", "Thiếu “Hạng sao”.", "stars", 1, "x")
    second = row(rig.POINT | {"name": "Điểm thứ hai"})
    return submission(point, second, findings=(BAD_PHONE, ODD_DATE, missing))


def test_wrong_cells_are_red_and_doubtful_ones_amber_with_what_to_write() -> None:
    sheet = opened(book_of(wrong())).worksheets[0]
    at = columns(sheet, KEYS)
    fills = {
        (line, key): sheet.cell(line, column).fill.fgColor.rgb
        for key, column in at.items()
        for line in (FIRST, FIRST + 1)
        if sheet.cell(line, column).fill.fill_type
    }
    red, amber = RED.fgColor.rgb, AMBER.fgColor.rgb
    assert fills == {
        (FIRST, "phone"): red,
        (FIRST, "stars"): red,
        (FIRST, "certified_on"): amber,
        (FIRST, "owner"): amber,
    }
    said = sheet.cell(FIRST, at["phone"]).comment
    assert said is not None
    assert "CẦN SỬA" in said.text
    assert BAD_PHONE.message in said.text
    assert "Ghi 10 chữ số" in said.text
    doubt = sheet.cell(FIRST, at["certified_on"]).comment
    assert doubt is not None
    assert ODD_DATE.message in doubt.text
    assert "Ô màu đỏ (2 ô)" in str(sheet["A6"].value)
    assert "Ô màu vàng (2 ô)" in str(sheet["A6"].value)


def test_the_senders_words_stand_where_nothing_was_understood() -> None:
    sheet = opened(book_of(wrong())).worksheets[0]
    assert sheet.cell(FIRST, columns(sheet, KEYS)["phone"]).value == "không nhớ"
    assert back(wrong())[0] == dict(wrong().points[0].row.values)


def test_words_that_would_now_read_as_a_value_stand_in_the_comment() -> None:
    """Its unit was not known there; here the column has one, and nobody confirmed it."""
    values = {key: text for key, text in rig.POINT.items() if key != "cost_total"}
    unit = Finding("error", "unit-missing", "“120000000” không rõ đơn vị.", "cost_total", 1, "x")
    answer = submission(row(values, {"cost_total": "120000000"}), findings=(unit,))
    sheet = opened(book_of(answer)).worksheets[0]
    cell = sheet.cell(FIRST, columns(sheet, KEYS)["cost_total"])
    assert cell.value is None
    assert cell.comment is not None
    assert "120000000" in cell.comment.text
    assert back(answer) == [values]


def test_a_missing_column_is_red_in_every_row() -> None:
    values = {key: text for key, text in rig.POINT.items() if key != "stars"}
    gone = Finding("error", "missing-column", "Bảng không có cột “Hạng sao”.", "stars")
    answer = submission(row(values), row(values), findings=(gone,))
    sheet = opened(book_of(answer)).worksheets[0]
    column = columns(sheet, KEYS)["stars"]
    lines = [n for n in range(FIRST, FIRST + 20) if sheet.cell(n, column).fill.fill_type]
    assert lines == [FIRST, FIRST + 1]


def test_correcting_is_editing_the_red_cells() -> None:
    book = opened(book_of(wrong()))
    sheet = book.worksheets[0]
    at = columns(sheet, KEYS)
    sheet.cell(FIRST, at["phone"]).value = "0912 000 111"
    sheet.cell(FIRST, at["stars"]).value = 3
    answer = again(saved(book))
    assert [dict(one.values) for one in answer.rows] == [
        rig.POINT,
        rig.POINT | {"name": "Điểm thứ hai"},
    ]
    assert answer.findings == ()
