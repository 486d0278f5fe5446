"""The official workbook is read by its keys, whatever program saved it and whatever was moved."""

import datetime as dt
import io
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace

import openpyxl
import pytest
import xlsxwriter
from rigs import office as rig
from rigs.official import (
    CAMPAIGN,
    FIRST,
    KEYS,
    blank,
    columns,
    converted,
    fill,
    insert_rows,
    opened,
    saved,
)

from notifier.workbook_mark import is_genuine
from parsers import read
from parsers.form import Form
from parsers.jail import Jail, JailLimits
from parsers.official import MARK_SHEET, form_version
from parsers.reading import CERTAIN, OfficialMark, Reading, Refusal

FORM = CAMPAIGN.form
TYPED = rig.POINT | {
    "area_m2": 35.5,
    "stars": 3,
    "cost_total": 120_000_000,
    "cost_requested": 50_000_000,
    "certified_on": dt.date(2022, 4, 5),
}
MEANT = rig.POINT | {"certified_on": "2022-04-05"}
SECOND = {"name": "VD Farm – Tổng kho OCOP", "note": "=1+1"}
POINTS = [TYPED, TYPED | SECOND, TYPED | {"name": "*Điểm số 3"}]
VALUES = [MEANT, MEANT | SECOND, MEANT | {"name": "*Điểm số 3"}]
FILLED = fill(blank(), POINTS)
needs_soffice = pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice")


def reading(data: bytes, form: Form = FORM) -> Reading:
    answer = read(data, form, name="bieu.xlsx")
    assert isinstance(answer, Reading), answer
    return answer


def mark(data: bytes) -> OfficialMark:
    found = reading(data).official
    assert found is not None
    return found


def is_exact(answer: Reading, values: list[dict[str, str]] = VALUES) -> None:
    """Every value as it was meant, wholly certain, nothing to be said, and the mark ours."""
    assert [dict(row.values) for row in answer.rows] == values
    assert {sure for row in answer.rows for sure in row.confidence.values()} == {1.0}
    assert answer.findings == ()
    assert answer.official is not None
    assert answer.official.exact
    assert is_genuine(answer.official, rig.SECRET)


def test_a_filled_one_is_read_exactly_and_says_whose_it_is() -> None:
    answer = reading(FILLED)
    is_exact(answer)
    assert answer.official is not None
    made_for = answer.official.campaign, answer.official.commune, answer.official.valid_from
    assert made_for == ("ocop-2024-2", "06223", "2020-01-01")
    assert answer.official.form == form_version(FORM)
    assert not is_genuine(answer.official, b"another office")
    shown = (*answer.heading, answer.text)
    assert not any("#" in line or answer.official.seal in line for line in shown)


def test_the_mark_crosses_the_jails_pipe() -> None:
    with Jail() as jail:
        answer = jail.read(FILLED, FORM, "bieu.xlsx")
    assert isinstance(answer, Reading)
    is_exact(answer)


def test_a_wrong_value_is_told_and_the_others_stay_certain() -> None:
    wrong = TYPED | {"cost_requested": "năm chục", "phone": 123, "certified_on": "20/4/99"}
    answer = reading(fill(blank(), [wrong]))
    codes = {(one.field, one.code) for one in answer.findings}
    assert codes == {
        ("cost_requested", "not-a-number"),
        ("phone", "bad-phone"),
        ("certified_on", "date-year"),
    }
    (row,) = answer.rows
    assert set(row.values) == set(MEANT) - {"cost_requested", "phone"}
    doubtful = {key for key, sure in row.confidence.items() if sure < 1.0}
    assert doubtful == {"certified_on"}


def test_the_forms_own_rules_are_no_guesses() -> None:
    """Days come first and ``;`` parts products, because the form says so."""
    point = TYPED | {"certified_on": "05/04/2022", "products": "Chè, mật ong và phấn hoa; Hạt dẻ"}
    is_exact(
        reading(fill(blank(), [point])),
        [MEANT | {"products": "Chè, mật ong và phấn hoa; Hạt dẻ"}],
    )
    denied = fill(blank(), [point, TYPED | {"certified_on": "12/20/2022"}])
    assert reading(denied).rows[0].confidence["certified_on"] < CERTAIN


# --- one row, one point ---------------------------------------------------------------------------


def test_rows_need_no_number_and_may_stand_apart() -> None:
    """Rows between others are left empty, added ones have no number, more stand than printed."""
    book = opened(blank())
    sheet = book.worksheets[0]
    insert_rows(sheet, FIRST + 2, 30)
    points = [TYPED | {"name": f"Điểm {number}"} for number in range(1, 26)]
    answer = reading(fill(fill(saved(book), points[:2]), points[2:], skipped=3))
    is_exact(answer, [MEANT | {"name": point["name"]} for point in points])


def test_a_point_that_lacks_nearly_all_is_a_point_and_not_the_rest_of_another() -> None:
    book = opened(fill(blank(), [TYPED, {"products": "Mật ong"}]))
    book.worksheets[0].cell(FIRST + 1, 1).value = None
    answer = reading(saved(book))
    assert len(answer.rows) == 2
    assert dict(answer.rows[1].values) == {"products": "Mật ong"}
    missing = {one.field for one in answer.findings if one.code == "missing-value"}
    assert {"name", "address", "phone"} <= missing


def test_a_point_below_the_signatures_is_not_lost_in_silence() -> None:
    answer = reading(fill(fill(blank(), [TYPED]), [TYPED | {"name": "Điểm cuối"}], skipped=26))
    assert [(one.severity, one.code) for one in answer.findings] == [("error", "below-table")]
    assert [dict(row.values) for row in answer.rows] == [MEANT]


def test_a_sum_is_no_point() -> None:
    total = {"name": "Tổng cộng", "cost_total": 120_000_000, "cost_requested": 50_000_000}
    answer = reading(fill(blank(), [TYPED, total]))
    is_exact(answer, [MEANT])


def test_no_need_typed_into_the_table_is_a_nil_return() -> None:
    words = {"name": "Xã không có nhu cầu đăng ký điểm OCOP"}
    answer = reading(fill(blank(), [words]))
    assert answer.nil
    assert not answer.rows


# --- what people do to it -------------------------------------------------------------------------


def _moved(book: openpyxl.Workbook) -> None:
    sheet = book.worksheets[0]
    at, last = columns(sheet), sheet.max_row
    one, other = at["phone"], at["name"]
    for line in range(KEYS, last + 1):
        left, right = sheet.cell(line, one).value, sheet.cell(line, other).value
        if line < FIRST + 20:
            sheet.cell(line, one).value, sheet.cell(line, other).value = right, left


def _with_a_column(book: openpyxl.Workbook) -> None:
    for merged in list(book.worksheets[0].merged_cells.ranges):
        book.worksheets[0].unmerge_cells(str(merged))
    book.worksheets[0].insert_cols(3)


def _without_a_column(book: openpyxl.Workbook) -> None:
    for merged in list(book.worksheets[0].merged_cells.ranges):
        book.worksheets[0].unmerge_cells(str(merged))
    book.worksheets[0].delete_cols(columns(book.worksheets[0])["needs"])


def _renamed(book: openpyxl.Workbook) -> None:
    book.worksheets[0].title = "Sheet1 (2)"


def _turned_round(book: openpyxl.Workbook) -> None:
    book.move_sheet(book.worksheets[0], 1)


def _hidden_column(book: openpyxl.Workbook) -> None:
    book.worksheets[0].column_dimensions["D"].hidden = True


def _shown_keys(book: openpyxl.Workbook) -> None:
    book.worksheets[0].row_dimensions[KEYS].hidden = False
    book[MARK_SHEET].sheet_state = "visible"


def _without_sheet(book: openpyxl.Workbook) -> None:
    book.remove(book[MARK_SHEET])


def _without_property(book: openpyxl.Workbook) -> None:
    book.custom_doc_props.props.clear()  # type: ignore[attr-defined]


CHANGES: list[Callable[[openpyxl.Workbook], None]] = [
    _moved, _with_a_column, _renamed, _turned_round, _shown_keys, _without_sheet, _without_property
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_it_is_read_exactly_after(change: Callable[[openpyxl.Workbook], None]) -> None:
    book = opened(FILLED)
    change(book)
    is_exact(reading(saved(book)))


def test_a_column_that_was_deleted_is_missing_and_the_rest_is_exact() -> None:
    book = opened(FILLED)
    _without_a_column(book)
    values = [{key: text for key, text in one.items() if key != "needs"} for one in VALUES]
    is_exact(reading(saved(book)), values)


def test_a_hidden_column_is_read_and_told() -> None:
    book = opened(FILLED)
    _hidden_column(book)
    answer = reading(saved(book))
    assert [dict(row.values) for row in answer.rows] == VALUES
    assert [one.code for one in answer.findings] == ["hidden-column"]


def test_a_column_of_the_senders_own_is_told() -> None:
    book = opened(FILLED)
    _with_a_column(book)
    book.worksheets[0].cell(KEYS + 1, 3).value = "Người nhập"
    book.worksheets[0].cell(FIRST, 3).value = "Lan"
    answer = reading(saved(book))
    assert [one.code for one in answer.findings] == ["extra-column"]
    assert [dict(row.values) for row in answer.rows] == VALUES


@pytest.mark.parametrize("text", ["Tổng kinh phí (triệu đồng)", "Ghi chú khác", None])
def test_who_changes_a_caption_is_read_by_captions(text: str | None) -> None:
    """A caption that says another unit must not be overruled by what we once printed."""
    book = opened(FILLED)
    sheet = book.worksheets[0]
    sheet.cell(KEYS + 1, columns(sheet)["cost_total"]).value = text
    answer = reading(saved(book))
    assert answer.official is not None
    assert not answer.official.exact
    assert is_genuine(answer.official, rig.SECRET)
    for row in answer.rows:
        sure = row.confidence.get("cost_total", 0.0) >= CERTAIN
        assert row.values.get("cost_total") == "120000000" or not sure


def test_keys_that_stand_twice_or_nowhere_leave_it_to_the_captions() -> None:
    for line in (KEYS, KEYS + 1):
        book = opened(FILLED)
        sheet = book.worksheets[0]
        if line == KEYS:
            sheet.delete_rows(KEYS)
        else:
            sheet.cell(KEYS, 4).value = sheet.cell(KEYS, 5).value
        answer = reading(saved(book))
        assert answer.official is not None
        assert not answer.official.exact
        assert answer.rows[0].values["name"] == MEANT["name"]


def test_an_edited_form_is_not_read_by_the_keys_of_the_earlier_one() -> None:
    other = replace(FORM, fields=tuple(
        replace(one, required=not one.required) if one.key == "needs" else one
        for one in FORM.fields
    ))  # fmt: skip
    answer = reading(FILLED, other)
    assert answer.official is not None
    assert not answer.official.exact
    assert answer.official.form != form_version(other)
    assert dict(answer.rows[0].values)["cost_requested"] == "50000000"


def test_the_sheet_in_another_book_is_an_ordinary_form() -> None:
    source = opened(FILLED).worksheets[0]
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in source.iter_rows():
        for cell in row:
            sheet.cell(cell.row, cell.column).value = cell.value
    answer = reading(saved(book))
    assert answer.official is None
    assert dict(answer.rows[0].values) == MEANT
    assert not any("#name" in line for line in answer.heading)


def test_another_communes_mark_beside_ours_is_worth_nothing() -> None:
    book = opened(FILLED)
    other = opened(blank("Đồng Đăng"))
    book[MARK_SHEET]["A1"].value = other[MARK_SHEET]["A1"].value
    found = mark(saved(book))
    assert found.seal == ""
    assert not is_genuine(found, rig.SECRET)


@pytest.mark.parametrize("part", range(1, 6))
def test_a_mark_that_was_edited_is_not_genuine(part: int) -> None:
    book = opened(FILLED)
    _without_property(book)
    cell = book[MARK_SHEET]["A1"]
    parts = str(cell.value).split("|")
    parts[part] = {1: "ocop-2024-1", 2: "06235", 3: "2019-01-01"}.get(part, "x1")
    cell.value = "|".join(parts)
    assert not is_genuine(mark(saved(book)), rig.SECRET)


@pytest.mark.parametrize(
    "text", ["", "a|b|c|d|e|f|g", f"{'x' * 200}|a|b|c|d|e", "<b>|a|b|c|d|e", "a|b|c|d|e"]
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    book = opened(FILLED)
    _without_property(book)
    book[MARK_SHEET]["A1"].value = f"intake-form/1|{text}"
    assert reading(saved(book)).official is None


# --- what programs do to it -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def conversions() -> Mapping[str, Mapping[str, bytes]]:
    sources = {"filled": FILLED, "blank": blank()}
    return {kind: converted(sources, kind) for kind in ("xlsx", "ods", "xls")}


@needs_soffice
@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_saved_by_libreoffice(conversions: Mapping[str, Mapping[str, bytes]], kind: str) -> None:
    is_exact(reading(conversions[kind]["filled"]))
    unfilled = read(conversions[kind]["blank"], FORM, name=f"bieu.{kind}")
    assert isinstance(unfilled, Refusal)
    assert unfilled.code == "blank-template"


@needs_soffice
def test_saved_by_libreoffice_it_still_helps(
    conversions: Mapping[str, Mapping[str, bytes]],
) -> None:
    """Lists, comments, formats and the page's set-up are what LibreOffice sees."""
    sheet = opened(conversions["xlsx"]["blank"]).worksheets[0]
    kinds = {rule.type for rule in sheet.data_validations.dataValidation}
    assert kinds == {"list", "whole", "decimal", "date"}
    lists = [str(r.formula1) for r in sheet.data_validations.dataValidation if r.type == "list"]
    assert any("hợp tác xã" in rule for rule in lists)
    assert any(MARK_SHEET in rule for rule in lists)
    assert sum(cell.comment is not None for cell in sheet[KEYS + 1]) == len(FORM.fields)
    assert sheet.print_title_rows == f"${KEYS + 1}:${KEYS + 2}"
    setup = sheet.page_setup
    assert (setup.orientation, str(setup.paperSize), setup.fitToWidth) == ("landscape", "9", 1)
    assert sheet.row_dimensions[KEYS].hidden
    phone = sheet.cell(FIRST, columns(sheet)["phone"])
    assert phone.number_format == "@"
    assert not sheet.protection.sheet


def _by_xlsxwriter(data: bytes, *, strings: bool) -> bytes:
    """The cells as XlsxWriter writes them: shared strings, or in the order of rows."""
    target = io.BytesIO()
    source = opened(data)
    with xlsxwriter.Workbook(target, {"constant_memory": not strings}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for sheet in source.worksheets:
            made = book.add_worksheet(sheet.title)
            for row in sheet.iter_rows():
                for cell in row:
                    if isinstance(cell.value, str):
                        made.write_string(cell.row - 1, cell.column - 1, cell.value)
                    elif isinstance(cell.value, dt.datetime):
                        made.write_datetime(cell.row - 1, cell.column - 1, cell.value, day)
                    elif cell.value is not None:
                        made.write(cell.row - 1, cell.column - 1, cell.value)
            if sheet.sheet_state != "visible":
                made.very_hidden()
    return target.getvalue()


@pytest.mark.parametrize("strings", [True, False])
def test_written_anew_by_another_library(strings: bool) -> None:
    is_exact(reading(_by_xlsxwriter(FILLED, strings=strings)))


def test_saved_by_a_program_with_the_habits_of_wps() -> None:
    """A dimension of A1, properties of its own only, hidden instead of very hidden, no spans."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FILLED)) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', content)
                content = re.sub(rb' spans="[^"]*"', b"", content)
            content = content.replace(b'state="veryHidden"', b'state="hidden"')
            if name == "docProps/custom.xml":
                content = (
                    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
                    b'custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument'
                    b'/2006/docPropsVTypes"><property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}'
                    b'" pid="2" name="KSOProductBuildVer"><vt:lpwstr>1033-12.2.0.13215</vt:lpwstr>'
                    b"</property></Properties>"
                )
            if name == "xl/sharedStrings.xml":
                content = content.replace(b"<t>", b'<t xml:space="preserve">')
                content = re.sub(rb' uniqueCount="\d+"', b"", content)
            made.writestr(name, content)
    is_exact(reading(target.getvalue()))


def test_broken_properties_stand_beside_the_answer() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FILLED)) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            broken = name == "docProps/custom.xml"
            made.writestr(
                name, b"<!DOCTYPE x [<!ENTITY a 'b'>]><x" if broken else source.read(name)
            )
    is_exact(reading(target.getvalue()))


# --- how much -------------------------------------------------------------------------------------


def _long(points: int, rows: int) -> bytes:
    """A workbook of so many rows, the first ones filled in."""
    book = opened(blank())
    sheet = book.worksheets[0]
    insert_rows(sheet, FIRST + 1, rows)
    for line in range(FIRST, FIRST + rows):
        sheet.cell(line, 1).value = line - FIRST + 1
    return fill(saved(book), [TYPED | {"name": f"Điểm {number}"} for number in range(points)])


def _read_in_jail(data: bytes) -> tuple[Reading | Refusal, float]:
    """Return what was read, and the processor time of it: the clock runs for others as well."""
    before = os.times()
    with Jail(JailLimits(seconds=120)) as jail:
        answer = jail.read(data, FORM, "bieu.xlsx")
    after = os.times()  # the reader has ended: its time is known
    used = after.children_user + after.children_system
    return answer, used - before.children_user - before.children_system


@pytest.mark.parametrize(("points", "rows"), [(3, 5_000), (2_000, 5_000)])
def test_a_workbook_of_five_thousand_rows_is_read_in_good_time(points: int, rows: int) -> None:
    data = _long(points, rows)
    answer, seconds = _read_in_jail(data)
    assert seconds < 20
    assert isinstance(answer, Reading), answer
    is_exact(answer, [MEANT | {"name": f"Điểm {number}"} for number in range(points)])


def test_five_thousand_points_are_refused_with_advice_in_good_time() -> None:
    """More than a jail may say about one document, and more than any commune has."""
    data = _long(5_000, 5_000)
    answer, seconds = _read_in_jail(data)
    assert seconds < 20
    assert isinstance(answer, Refusal)
    assert answer.code == "too-large"
    assert "chỉ giữ các dòng cần gửi" in answer.message
