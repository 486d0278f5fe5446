"""Pressed workbooks: what openpyxl reads out of them is what was put in, whatever they are made of.

Their sheets are packed as they are written and put together without being unpacked.
"""

import datetime as dt
import io
import zipfile
import zlib
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs import office as rig

from notifier import report_sheets
from notifier.fixed_zip import Packed, joined
from notifier.pressed import LAST_LINE, Book
from notifier.printed import CENTRE, DECIMAL, PLAIN, Look, Value, lines_needed

MADE_AT = dt.datetime(2024, 5, 22, 9, tzinfo=dt.UTC)
_AREA = Look(number_format=DECIMAL)


def packed(*pieces: bytes) -> Packed:
    made = Packed()
    for piece in pieces:
        made.add(piece)
    return made


@given(st.lists(st.binary(max_size=300), max_size=4), st.lists(st.binary(max_size=300)))
def test_what_is_put_behind_is_read_behind(first: list[bytes], second: list[bytes]) -> None:
    whole = packed(*first)
    whole.append(packed(*second))
    whole.add(b"the end")
    data = b"".join([*first, *second, b"the end"])
    assert (whole.size, whole.crc) == (len(data), zlib.crc32(data))
    with zipfile.ZipFile(io.BytesIO(joined([("a", packed(b"before")), ("b", whole)]))) as read:
        assert read.testzip() is None
        assert (read.read("a"), read.read("b")) == (b"before", data)
        about = read.getinfo("b")
        assert (about.date_time, about.external_attr >> 16) == ((1980, 1, 1, 0, 0, 0), 0o600)


def read(book: Book) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(book.save(MADE_AT)))


def test_a_cell_that_comes_again_is_the_same_and_one_that_looks_alike_is_not() -> None:
    rows: list[list[Value]] = [
        ["a & b", 7, Decimal(1234567)], ["a & b", 7, Decimal("1234567.5")],
        ["=1", 0, None], ["", None, Decimal("-3.0")], ["7", 12345, Decimal(7)],
        ["a & b", -7, 7], ["a & b", -7, Decimal(7)],
    ]  # fmt: skip
    book = Book("office", "title")
    sheet = book.sheet("A")
    sheet.widths([20, 4, 8])
    for number, row in enumerate(rows, start=1):
        sheet.row(number, row, [PLAIN, CENTRE, _AREA])
    found = read(book)["A"]
    assert [[cell.value for cell in line] for line in found.iter_rows()] == [
        [value if value != "" else None for value in row] for row in rows
    ]
    assert found["A3"].quotePrefix
    assert not found["A1"].quotePrefix
    assert found["C1"].number_format != found["C2"].number_format
    assert found["C6"].number_format != found["C7"].number_format
    tall = round(lines_needed("12345", 4) * 11 * 1.28 + 5, 1)
    assert found.row_dimensions[5].height == tall > found.row_dimensions[3].height


def test_a_column_forgets_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifier.pressed._REMEMBERED", 3)
    monkeypatch.setattr("notifier.pressed._PART", 200)
    texts = [f"chữ {number * number % 7}" for number in range(50)]
    book = Book("office", "title")
    sheet = book.sheet("A")
    sheet.widths([20])
    for number, text in enumerate(texts, start=1):
        sheet.row(number, [text], [PLAIN])
    assert [cell.value for cell in read(book)["A"]["A"]] == texts


def test_a_row_may_be_spanned_and_made_taller() -> None:
    book = Book("office", "title")
    sheet = book.sheet("A")
    sheet.widths([5, 5, 5])
    sheet.row(2, ["a", None, "c"], [PLAIN] * 3)
    sheet.span(2, 1, 2, "over both", PLAIN)
    sheet.row(3, ["d", "e", "f"], [PLAIN] * 3)
    sheet.tall(3, 77)
    found = read(book)["A"]
    assert [[cell.value for cell in row] for row in found.iter_rows(min_row=2)] == [
        ["over both", None, "c"], ["d", "e", "f"],
    ]  # fmt: skip
    assert [str(one) for one in found.merged_cells.ranges] == ["A2:B2"]
    assert found.row_dimensions[3].height == 77


def test_lines_are_written_from_the_top_down_each_once_and_not_beyond_the_last() -> None:
    sheet = Book("office", "title").sheet("A")
    sheet.row(3, ["a"], [PLAIN])
    with pytest.raises(ValueError, match="line 3 is written already"):
        sheet.row(3, ["b"], [PLAIN])
    with pytest.raises(ValueError, match="line 2 was left"):
        sheet.span(2, 1, 1, "b")
    with pytest.raises(ValueError, match=f"a sheet has {LAST_LINE} lines"):
        sheet.row(LAST_LINE + 1, ["b"], [PLAIN])


def test_rows_written_together_are_as_those_written_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[list[Value]] = [[number, f"chữ {number} {'dài ' * (number % 9)}", Decimal(number)]
                               for number in range(40)]  # fmt: skip
    looks = [CENTRE, PLAIN, _AREA]
    found = []
    for together in (False, True):
        book = Book("office", "title")
        sheet = book.sheet("A")
        sheet.widths([5, 12, 8])
        sheet.span(2, 1, 2, "over both")
        if together:
            assert sheet.rows(iter(rows), looks) == 42
        else:
            for number, row in enumerate(rows, start=3):
                sheet.row(number, row, looks)
        sheet.span(42, 1, 2, "over both again")
        sheet.span(44, 1, 2, "and below")
        found.append(book.save(MADE_AT))
    assert found[0] == found[1]
    monkeypatch.setattr("notifier.pressed.LAST_LINE", 44)
    with pytest.raises(ValueError, match="line 45: a sheet has 44 lines"):
        sheet.rows(rows[:1], looks)


def test_sources_beyond_the_last_line_go_on_in_a_further_sheet() -> None:
    config = rig.office()
    inputs = rig.inputs(
        config, (rig.submission(config, "Hòa Cư", points=tuple(map(rig.point, range(1, 4)))),)
    )
    commune = inputs.registering[0]
    keys = tuple(commune.points[0].values)
    found = [(commune.title, number, point, keys) for number, point in enumerate(commune.points, 1)]

    def rows(last_line: int) -> tuple[list[str], list[list[object]]]:
        book = Book("office", "title")
        report_sheets.source_rows(book, inputs, found, last_line)
        sheets = read(book).worksheets
        assert all(sheet.max_row <= last_line for sheet in sheets)
        assert {sheet.print_title_rows for sheet in sheets} == {"$6:$6"}
        assert {sheet["A6"].value for sheet in sheets} == {"TT"}
        values = [[cell.value for cell in row] for sheet in sheets
                  for row in sheet.iter_rows(min_row=7)]  # fmt: skip
        return [sheet.title for sheet in sheets], values

    names, whole = rows(LAST_LINE)
    assert names == ["Nguồn số liệu"]
    assert len(whole) == 3 * len(keys)
    half = len(whole) // 2
    names, parted = rows(6 + half)
    assert names[:2] == ["Nguồn số liệu", "Nguồn số liệu (2)"]
    assert parted == whole
    assert rows(6 + len(whole))[0] == ["Nguồn số liệu"]
    assert rows(5 + len(whole))[0] == ["Nguồn số liệu", "Nguồn số liệu (2)"]
