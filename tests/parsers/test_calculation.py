"""Formulas without saved results: calculated where every program agrees, else left as errors."""

import io
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from rigs.ocop_form import FORM

from parsers import office, read
from parsers.calculation import fill, repeatable
from parsers.grid import Cell, Extract, Grid, Limits
from parsers.jail import Jail, JailLimits
from parsers.office import OfficeLimits
from parsers.reading import CERTAIN, Finding, Reading, Refusal

DATA = Path(__file__).parent / "data"
HEAD = ("STT", "Tên điểm", "Địa chỉ", "Diện tích (m2)", "Kinh phí đề nghị hỗ trợ (đồng)")


def convert(data: bytes, source: str, target: str) -> bytes | Refusal:
    return office.convert(data, source, target, limits=OfficeLimits(seconds=120))


def workbook(*formulas: object, names: Mapping[str, str] | None = None) -> bytes:
    """Return a form of which these are the amounts, written by openpyxl: no result is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Biểu 1"
    sheet.append(HEAD)
    for number, formula in enumerate(formulas, 1):
        sheet.append((number, f"Điểm {number}", "Thôn 1", 30.5, formula))
    for name, value in (names or {}).items():
        book.defined_names[name] = openpyxl.workbook.defined_name.DefinedName(name, attr_text=value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def reading(data: bytes) -> Reading:
    result = read(data, FORM, convert=convert)
    assert isinstance(result, Reading), result
    return result


def amounts(result: Reading) -> list[str | None]:
    return [row.values.get("cost_requested") for row in result.rows]


def told(result: Reading, *codes: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.code in codes]


def test_fault_052_results_are_calculated_and_noted() -> None:
    """Each value that was calculated here says so, with its place."""
    result = reading(workbook("=20000000*2", 30_000_000, "=E2+E3"))
    assert amounts(result) == ["40000000", "30000000", "70000000"]
    assert [
        (one.severity, one.field, one.row, one.place) for one in told(result, "recalculated")
    ] == [
        ("note", "cost_requested", 1, "Biểu 1!E2"),
        ("note", "cost_requested", 3, "Biểu 1!E4"),
    ]
    assert all(row.confidence["cost_requested"] >= CERTAIN for row in result.rows)
    assert not told(result, "uncalculated")


def test_zero_that_a_writer_saved_for_every_formula() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Biểu 1")
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, (1, "Điểm 1", "Thôn 1", 30.5))
        sheet.write_formula(1, 4, "=25000000*2")
    assert amounts(reading(out.getvalue())) == ["50000000"]


def test_totals_are_compared_again_in_the_jail() -> None:
    """The sums that nobody had calculated agree with the rows."""
    with Jail(JailLimits(seconds=60, office=OfficeLimits(seconds=120))) as jail:
        result = jail.read((DATA / "form_formula.xlsx").read_bytes(), FORM)
    assert isinstance(result, Reading)
    assert len(result.rows) == 14
    assert not told(result, "total-uncalculated", "total-mismatch")


def test_text_where_a_number_should_stand_stays_an_error() -> None:
    """What "1.500" is worth depends on the country; an error is no value."""
    result = reading(workbook("1.500", "=E2*1000", "=10000000*3"))
    assert amounts(result)[1:] == [None, "30000000"]
    assert [one.row for one in told(result, "uncalculated")] == [2]


def test_fault_052_without_the_program_it_is_an_error() -> None:
    """Neither blank nor 0."""
    data = workbook("=20000000*2")
    for refused in (None, lambda *_: Refusal("timeout", "")):
        result = read(data, FORM, convert=refused)
        assert isinstance(result, Reading)
        assert [one.place for one in told(result, "uncalculated")] == ["Biểu 1!E2"]


@pytest.mark.parametrize(
    "formula",
    [
        "=TODAY()-45000",
        "=ROUND(RAND()*100,0)",
        '=WEBSERVICE("http://a.example/")',
        "=[1]Sheet1!$A$1",
        "='[1]Sheet 1'!A1",
        "=IFERROR(E3*2,0)",
        '=VALUE("1.500")',
        "=VLOOKUP(E3,A1:B2,2)",
        "=MyMacro(1)",
        "=Ngày_hôm_nay",
    ],
)
def test_results_that_depend_on_time_place_or_program(formula: str) -> None:
    data = workbook("=20000000*2", 5, formula, names={"Ngày_hôm_nay": "TODAY()"})
    assert not repeatable(data, Limits())
    result = read(data, FORM, convert=lambda *_: pytest.fail("was called"))
    assert isinstance(result, Reading)
    assert {one.row for one in told(result, "uncalculated")} == {1, 3}


@pytest.mark.parametrize(
    "formula", ["=SUM(E2:E9)", '=IF(E3>0,E3*2,"TODAY()")', "='Biểu 1'!E3", "=ROUND(E3/3,-3)"]
)
def test_results_that_do_not(formula: str) -> None:
    assert repeatable(workbook("=1+1", 5, formula), Limits())


@pytest.mark.parametrize("data", [b"", b"PK\3\4 no zip", (DATA / "form.xls").read_bytes()])
def test_whatever_is_no_workbook_is_not_calculated(data: bytes) -> None:
    assert not repeatable(data, Limits())


# --- what is filled in ----------------------------------------------------------------------------

OPEN = Cell("", None, "S!B1", uncalculated=True)
AMOUNT = Cell("5", 5, "S!A1")


def _extract(*cells: Cell) -> Extract:
    return Extract("xlsx", (Grid("S", (cells,)),))


def test_only_what_is_missing_is_filled_in() -> None:
    copy = _extract(AMOUNT._replace(text="5,0"), Cell("7", 7, "S!B1", "0"))
    filled, places = fill(_extract(AMOUNT, OPEN._replace(col_span=2)), copy)
    assert filled.grids[0].rows == ((AMOUNT, Cell("7", 7, "S!B1", "0", col_span=2)),)
    assert places == {"S!B1"}


@pytest.mark.parametrize(
    "copy",
    [
        (Cell("6", 6, "S!A1"), Cell("7", 7, "S!B1")),  # another number where one was saved
        (Cell("7", 7, "S!B1"),),  # that number is missing
        (AMOUNT, Cell("#NAME?", "#NAME?", "S!B1")),
        (AMOUNT, Cell("Err:522", "Err:522", "S!B1")),
        (AMOUNT, Cell("35.125 m2", "35.125 m2", "S!B1")),  # written as another country does
        (AMOUNT, OPEN),
        (AMOUNT,),
    ],
)
def test_what_is_not_certain_is_not_filled_in(copy: tuple[Cell, ...]) -> None:
    original = _extract(AMOUNT, OPEN)
    assert fill(original, _extract(*copy)) == (original, frozenset())
