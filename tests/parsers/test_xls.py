"""Old workbooks: the same cells as in the new format, and one refusal for whatever is broken."""

import datetime as dt
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import biff
from rigs.biff import Leaf, workbook
from rigs.cp1258 import encoded
from rigs.ocop_form import FORM
from rigs.outcomes import extracted, refusal
from rigs.sample_form import DATA, cells, found, said, wanted

import parsers
from parsers import sheet
from parsers.grid import Extract, Limits
from parsers.reading import Reading, Refusal
from parsers.sniff import sniff
from parsers.xls import extract

SAMPLE = (DATA / "form.xls").read_bytes()


def read(data: bytes, limits: Limits | None = None) -> Extract:
    return extracted(extract(data, limits))


def refused(data: bytes, limits: Limits | None = None) -> Refusal:
    return refusal(extract(data, limits), "xls")


def one(*records: bytes, **options: object) -> Extract:
    return read(workbook(Leaf("Biểu 1", records), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["form", "form_dirty", "form_formula"])
def test_same_cells_as_in_the_new_format(name: str) -> None:
    """Value by value, what openpyxl wrote and LibreOffice saved as xls is the same."""
    old = said(read((DATA / f"{name}.xls").read_bytes()))
    new = sheet.extract((DATA / f"{name}.xlsx").read_bytes())
    assert isinstance(new, Extract)
    assert {place: old[place] for place in said(new)} == said(new)
    calculated = {place for place, cell in cells(new).items() if cell.uncalculated}
    assert set(old) == set(said(new)) | calculated


@pytest.mark.parametrize("name", ["form.xls", "form_formula.xls"])
def test_every_value_of_the_sample(name: str) -> None:
    result = parsers.read((DATA / name).read_bytes(), FORM, name="bieu.xlsx")
    assert isinstance(result, Reading)
    assert found(result) == wanted()
    assert result.rows[0].places["name"] == "Biểu 01!B11"


def test_planted_errors_are_found() -> None:
    result = parsers.read((DATA / "form_dirty.xls").read_bytes(), FORM)
    assert isinstance(result, Reading)
    told = {(item.code, item.place) for item in result.findings}
    assert {("hidden-row", "Biểu 01!B13"), ("total-mismatch", "Biểu 01!G25")} <= told


def test_fault_059_addresses_are_true_wherever_the_table_starts() -> None:
    """Leading empty rows and columns do not shift the places."""
    grid = one(biff.text(4, 2, "STT"), biff.text(6, 3, "Điểm A")).grids[0]
    assert grid.rows[0][0].place == "Biểu 1!C5"  # type: ignore[union-attr]
    assert grid.rows[2][1].place == "Biểu 1!D7"  # type: ignore[union-attr]


def test_fault_060_merges_and_hidden_parts_are_told() -> None:
    """A merged cell has a span; hidden rows, columns and sheets are marked."""
    leaf = Leaf(
        "Biểu 1",
        [
            biff.hidden_columns(2, 2),
            biff.hidden_row(2),
            *(biff.text(row, column, "x") for row in range(3) for column in range(3)),
            biff.merged((0, 1, 0, 1)),
        ],
    )
    shown, hidden = read(workbook(leaf, Leaf("ẩn", [biff.text(0, 0, "x")], hidden=2))).grids
    top = shown.rows[0][0]
    assert top
    assert (top.row_span, top.col_span) == (2, 2)
    assert shown.rows[0][1] is shown.rows[1][0] is shown.rows[1][1] is None
    assert [cell.hidden for cell in shown.rows[2] if cell] == [True, True, True]
    assert [cell.hidden for cell in shown.rows[0] if cell] == [False, True]
    assert (shown.hidden, hidden.hidden) == (False, True)


@pytest.mark.parametrize(("since_1904", "serial"), [(False, 45427), (True, 43965)])
def test_fault_064_dates_of_both_epochs(since_1904: bool, serial: float) -> None:
    """A date is the same whether the book counts its days from 1900 or from 1904."""
    result = one(biff.number(0, 0, serial, 1), formats=["dd/mm/yyyy"], since_1904=since_1904)
    cell = cells(result)["Biểu 1!A1"]
    assert (cell.text, cell.value) == ("15/05/2024", dt.datetime(2024, 5, 15))  # noqa: DTZ001


def test_types_and_number_formats() -> None:
    result = one(
        biff.number(0, 0, 912345678, 1),
        biff.number(0, 1, 0.5, 2),
        biff.number(0, 2, 1500000, 3),
        biff.truth(1, 0, 1),
        biff.truth(1, 1, 0x17, error=True),
        biff.number(1, 2, 45.5),
        formats=["0000000000", "0%", "#,##0,"],
    )
    said_here = {place[7:]: (cell.text, cell.value) for place, cell in cells(result).items()}
    assert said_here == {
        "A1": ("0912345678", "0912345678"),
        "B1": ("50%", 0.5),
        "C1": ("1500000", 1500000),
        "A2": ("TRUE", True),
        "B2": ("#REF!", "#REF!"),
        "C2": ("45.5", 45.5),
    }
    assert cells(result)["Biểu 1!C1"].number_format == "#,##0,"


def test_fault_052_formulas_that_nobody_calculated() -> None:
    """A saved 0 that is to be calculated at opening is none; a calculated 0 is one."""
    result = one(
        biff.formula(0, 0, biff.double(0), 2),
        biff.formula(0, 1, biff.double(0)),
        biff.formula(0, 2, biff.EMPTY_TEXT, 3),
        biff.formula(0, 3, biff.double(7), 2),
        biff.formula(0, 4, biff.EMPTY_TEXT),
        biff.text(0, 5, "cuối"),
    )
    row = result.grids[0].rows[0]
    assert [cell and cell.uncalculated for cell in row] == [True, False, True, False, None, False]


def test_fault_052_formulas_of_a_writer_that_never_calculates() -> None:
    """Where every formula of a book has an empty result, none was calculated (xlwt)."""
    row = one(biff.formula(0, 0, biff.EMPTY_TEXT), biff.text(0, 1, "x")).grids[0].rows[0]
    assert [cell and cell.uncalculated for cell in row] == [True, False]


def test_excel_5_in_the_vietnamese_code_page() -> None:
    leaf = Leaf("Biểu", [biff.text_biff5(0, 0, encoded("Điểm bán ở chợ Kỳ Lừa"))])
    assert set(cells(read(workbook(leaf, version=0x0500)))) == {"Biểu!A1"}
    assert cells(read(workbook(leaf, version=0x0500)))["Biểu!A1"].text == "Điểm bán ở chợ Kỳ Lừa"


def test_excel_2_without_a_container() -> None:
    label = biff.record(0x0004, struct.pack("<HH", 0, 0) + b"\0\0\0" + b"\x03STT")
    data = biff.record(0x0009, b"\x02\0\x10\0") + label + biff.record(0x000A)
    assert sniff(data).kind == "xls"
    assert [cell.text for cell in cells(read(data)).values()] == ["STT"]


def test_fault_050_password() -> None:
    """A workbook with a password is told apart from a broken one."""
    locked = workbook(Leaf("a", [biff.text(0, 0, "x")]), before=biff.record(0x2F, b"\0" * 6))
    assert refused(locked).code == "encrypted"


def test_export_without_styles_or_charset() -> None:
    """The shortest of all writers: a beginning, cells in UTF-8, an end."""
    name = "Điểm A".encode()
    data = (
        struct.pack("<6H", 0x809, 8, 0, 0x10, 0, 0)
        + struct.pack("<6H", 0x204, 8 + len(name), 0, 0, 0, len(name))
        + name
        + struct.pack("<5Hd", 0x203, 14, 1, 0, 0, 45.5)
        + biff.record(0x000A)
    )
    assert sniff(data).kind == "xls"
    assert [cell.value for cell in cells(read(data)).values()] == ["Điểm A", 45.5]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        workbook(Leaf("a", [biff.text(0, 0, "x")]))[:-4],
        workbook(Leaf("a", [biff.record(0x0204, b"\0")])),
        workbook(Leaf("a", [biff.text(0, 0, "x"), b"\0" * 8, biff.text(9, 9, "x")])),
        workbook(Leaf("a", [biff.text(0, 0, "x"), biff.record(0x00FD, b"\0" * 12)])),
        workbook(Leaf("a", [biff.number(0, 0, 1.0, style=900)])),
        workbook(Leaf("a", [biff.formula(0, 0, b"\x09\0\0\0\0\0\xff\xff")])),
        workbook(Leaf("a", [biff.text_biff5(0, 0, b"\x8a")]), version=0x0500),
    ],
    ids=[
        "nothing",
        "container",
        "no end",
        "short",
        "zeros",
        "length",
        "style",
        "result",
        "charset",
    ],
)
def test_fault_054_whatever_xlrd_raises_is_one_refusal(data: bytes) -> None:
    """IndexError, AssertionError, struct.error, UnicodeDecodeError: the file is damaged."""
    assert refused(data).code == "damaged"


def test_fault_057_budgets() -> None:
    """A far cell, too many cells, letters or merged ranges: refused."""
    far = workbook(Leaf("a", [biff.text(0, 0, "x"), biff.text(60_000, 200, "x")]))
    assert refused(far).code == "too-large"
    many = biff.merged(*((row, row, 0, 1) for row in range(1000)))
    ranges = workbook(Leaf("a", [biff.text(0, 0, "x"), *([many] * 50)]))
    assert refused(ranges).code == "too-large"
    assert refused(SAMPLE, Limits(sheet_cells=100)).code == "too-large"
    assert refused(SAMPLE, Limits(sheet_letters=100)).code == "too-large"


def test_fault_058_formatted_emptiness_has_a_budget() -> None:
    """Whole sheets of empty cells with borders, which xlrd would build one by one."""
    blanks = [
        biff.record(0x00BE, struct.pack("<HH", row, 0) + b"\0" * 512 + struct.pack("<H", 255))
        for row in range(1, 20_000)
    ]
    assert refused(workbook(Leaf("a", [biff.text(0, 0, "x"), *blanks]))).code == "too-large"
    assert len(one(biff.text(0, 0, "x"), *blanks[:100]).grids[0].rows) == 1


def test_no_content_is_empty() -> None:
    assert refused(workbook(Leaf("a", []))).code == "empty"


def test_fault_074_cut_workbooks_never_read_as_less() -> None:
    """Cut at every twentieth, a workbook is refused, or whole."""
    whole = read(SAMPLE)
    for part in range(20):
        result = extract(SAMPLE[: len(SAMPLE) * part // 20])
        assert isinstance(result, Refusal) or result == whole


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(SAMPLE) - 1), value=st.integers(0, 255))
def test_fault_074_a_flipped_byte_has_an_outcome(at: int, value: int) -> None:
    """The format has no checksums, but no changed byte may crash the reader."""
    data = bytearray(SAMPLE)
    data[at] = value
    assert isinstance(extract(bytes(data)), Extract | Refusal)


def _rows(*order: int) -> list[bytes]:
    """Return rows of four numbers, written in this order of their cells' rows."""
    return [biff.number(row, column, 1.0) for row in order for column in range(4)]


def test_fault_074_a_cell_that_lost_its_row_is_damage() -> None:
    """FAULTS 74: one bit of an address, and a value stands in another point's row."""
    records = _rows(0, 1, 2, 3)
    assert read(workbook(Leaf("a", records))).grids
    stray = [*records[:5], biff.number(3, 6, 7.0), *records[5:]]
    assert refused(workbook(Leaf("a", stray))).code == "damaged"
    twice = [*records, biff.number(1, 2, 7.0)]
    assert refused(workbook(Leaf("a", twice))).code == "damaged"


def test_cells_may_be_written_column_by_column() -> None:
    records = [biff.number(row, column, 1.0) for column in range(4) for row in range(2)]
    assert read(workbook(Leaf("a", records))).grids
    assert read(workbook(Leaf("a", [*_rows(1, 2), biff.text(0, 0, "Tiêu đề")]))).grids


def test_fault_074_zeros_in_a_text_are_damage() -> None:
    """FAULTS 74: a block that was never written; its rows looked empty and were left out."""
    records = [*_rows(0, 1), biff.text(2, 0, "Đi\0\0\0\0")]
    assert refused(workbook(Leaf("a", records))).code == "damaged"
