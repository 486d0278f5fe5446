"""Workbooks: true cells, true addresses, and a quick refusal of what is hostile."""

import datetime as dt
import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.utils import get_column_letter
from rigs.golden import cases, document
from rigs.outcomes import extracted

from parsers.grid import Extract, Limits, column_letters, column_number
from parsers.number_format import is_date, shown
from parsers.reading import Refusal
from parsers.sheet import extract
from parsers.vietnamese import repair

WORKBOOKS = [document(case) for case in cases() if document(case).suffix == ".xlsx"]
SHEET = "xl/worksheets/sheet1.xml"
Patch = Callable[[bytes], bytes]


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def simple() -> bytes:
    book = Workbook()
    book.active.append(["STT", "Tên điểm"])
    book.active.append([1, "Điểm A"])
    return saved(book)


def with_shared_strings() -> bytes:
    """Return the same from XlsxWriter, which shares strings where openpyxl writes them inline."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet("Sheet").write_row(0, 0, ["STT", "Tên điểm"])
    book.close()
    return out.getvalue()


def patched(data: bytes, parts: dict[str, Patch]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            patch = parts.get(entry.filename, lambda same: same)
            new.writestr(entry.filename, patch(content), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def read(data: bytes, limits: Limits | None = None) -> Extract:
    return extracted(extract(data, limits))


def refused(data: bytes, limits: Limits | None = None) -> Refusal:
    result = extract(data, limits)
    assert isinstance(result, Refusal)
    assert result.message
    assert result.kind == "xlsx"
    return result


@pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: path.parent.name)
def test_same_cells_as_openpyxl(path: Path) -> None:
    """Our own walk gives what openpyxl gives, cell by cell, but for what openpyxl cannot see."""
    if path.parent.name in {"strict-workbook", "formula-with-false-zero"}:
        assert read(path.read_bytes()).grids
        return
    book = openpyxl.load_workbook(path, data_only=True)
    theirs = {}
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    theirs[f"{sheet.title}!{cell.coordinate}"] = cell.value
    ours = {
        cell.place: (cell.trace and cell.trace.written) or cell.value
        for grid in read(path.read_bytes()).grids
        for row in grid.rows
        for cell in row
        if cell and not cell.uncalculated
    }
    repaired = {k: repair(v) if isinstance(v, str) else v for k, v in theirs.items()}
    assert ours == repaired


@pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
def test_fault_051_strict_workbook_is_read() -> None:
    """Strict Open XML, where openpyxl returns zero sheets and no error, is read like any other."""
    path = next(path for path in WORKBOOKS if path.parent.name == "strict-workbook")
    assert openpyxl.load_workbook(path).sheetnames == []
    assert read(path.read_bytes()).grids[0].rows[1][1].text == "Điểm OCOP chợ Bản Ngà"


@pytest.mark.parametrize("remark", ["<!-- x -->", "<?x y?>"])
def test_a_remark_of_xml_inside_a_value_or_text_cuts_nothing_off(remark: str) -> None:
    def remarked(was: bytes) -> bytes:
        now = was.replace(b"50000000", f"5000000{remark}0".encode())
        now = now.replace(b"HTX An", f"HTX{remark} An".encode())
        assert now != was
        return now

    book = Workbook()
    book.active.append(["HTX An", 50000000])
    data = patched(saved(book), {SHEET: remarked, "xl/sharedStrings.xml": remarked})
    assert [cell and cell.text for cell in read(data).grids[0].rows[0]] == ["HTX An", "50000000"]


def test_fault_052_formula_without_saved_result_is_neither_empty_nor_zero() -> None:
    """A formula whose result was not saved comes as uncalculated."""
    book = Workbook()
    book.active.append(["=1+1", 2, '=""'])
    cells = read(saved(book)).grids[0].rows[0]
    assert [cell.uncalculated for cell in cells if cell] == [True, False, True]


@pytest.mark.parametrize(
    ("asks", "expected"), [(True, (True, None)), (False, (False, 0))], ids=["asks", "settled"]
)
def test_fault_052_saved_zero_counts_only_if_it_was_calculated(
    asks: bool, expected: tuple[bool, object]
) -> None:
    """0 beside a formula is believed unless the producer asks for calculation at opening."""
    saved_zero = patched(
        simple(),
        {
            SHEET: lambda xml: re.sub(
                rb'<c r="A2"[^>]*><v>1</v>', b'<c r="A2"><f>B9*2</f><v>0</v>', xml
            ),
            "xl/workbook.xml": lambda xml: xml if asks else xml.replace(b'fullCalcOnLoad="1"', b""),
        },
    )
    cell = read(saved_zero).grids[0].rows[1][0]
    assert (cell.uncalculated, cell.value) == expected


EMPTY_TEXT_FORMULA = b'<c r="A2" t="str"><f>""</f><v></v></c>'


def test_text_formula_with_empty_result_is_empty() -> None:
    data = patched(
        simple(),
        {
            SHEET: lambda xml: re.sub(
                rb'<c r="A2".*?</c>', b'<c r="A2" t="str"><f>""</f><v></v></c>', xml
            )
        },
    )
    assert read(data).grids[0].rows[1][0] is None


@pytest.mark.parametrize("corner", [(5, 3), (1, 1), (17, 28), (400, 150)])
def test_fault_059_addresses_are_true_wherever_the_table_starts(corner: tuple[int, int]) -> None:
    """Leading empty rows and columns do not shift the places."""
    row, column = corner
    book = Workbook()
    book.active.title = "Biểu 1"
    book.active.cell(row, column, "STT")
    book.active.cell(row + 2, column + 1, "Điểm A")
    grid = read(saved(book)).grids[0]
    assert grid.rows[0][0].place == f"Biểu 1!{get_column_letter(column)}{row}"
    assert grid.rows[2][1].place == f"Biểu 1!{get_column_letter(column + 1)}{row + 2}"
    assert grid.place(1, 1) == f"Biểu 1!{get_column_letter(column + 1)}{row + 1}"


def test_fault_060_merges_and_hidden_parts_are_told() -> None:
    """A merged cell has a span and covers; hidden rows, columns and sheets are marked."""
    book = Workbook()
    sheet = book.active
    for values in (["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]):
        sheet.append(values)
    sheet.merge_cells("A1:B2")
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("ẩn").append(["x"])
    book["ẩn"].sheet_state = "veryHidden"
    visible, hidden = read(saved(book)).grids
    top = visible.rows[0][0]
    assert (top.row_span, top.col_span) == (2, 2)
    assert visible.rows[0][1] is visible.rows[1][0] is visible.rows[1][1] is None
    assert [cell.hidden for cell in visible.rows[2]] == [True, True, True]
    assert [cell.hidden for cell in visible.rows[0] if cell] == [False, True]
    assert (visible.hidden, hidden.hidden) == (False, True)


def far(reference: str) -> Patch:
    row = re.sub(r"\D", "", reference)
    cell = f'<row r="{row}"><c r="{reference}"><v>1</v></c></row></sheetData>'
    return lambda xml: xml.replace(b"</sheetData>", cell.encode())


@pytest.mark.parametrize("reference", ["XFD1048576", "K1000000", "A20001", "ZZ3"])
def test_fault_057_far_cell_is_refused_at_once(reference: str) -> None:
    """One cell far away costs neither time nor memory."""
    assert refused(patched(simple(), {SHEET: far(reference)})).code == "too-large"


def test_fault_057_claimed_dimension_is_not_believed() -> None:
    """A sheet that claims A1:XFD1048576 but holds four cells is read."""
    claim = {SHEET: lambda xml: re.sub(rb'ref="A1:B2"', b'ref="A1:XFD1048576"', xml)}
    assert len(read(patched(simple(), claim)).grids[0].rows) == 2


def test_fault_057_formatted_emptiness_is_no_content() -> None:
    """A million styled empty rows below the table are not part of it."""
    rows = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(1000, 40_000))
    stray = {SHEET: lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>")}
    assert len(read(patched(simple(), stray)).grids[0].rows) == 2


@pytest.mark.parametrize(
    "merges",
    [
        b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(100, 50_100)),
        b'<mergeCell ref="A1:XFD1048576"/>' * 10,
    ],
    ids=["50000 merges", "huge merges"],
)
def test_fault_057_merged_ranges_have_a_budget(merges: bytes) -> None:
    """Fifty thousand merged ranges are refused; a huge one is cut to the table."""
    tail = b"</sheetData><mergeCells>" + merges + b"</mergeCells>"
    data = patched(simple(), {SHEET: lambda xml: xml.replace(b"</sheetData>", tail)})
    result = extract(data)
    if len(merges) > 1000:
        assert isinstance(result, Refusal)
        assert result.code == "too-large"
    else:
        assert isinstance(result, Extract)
        assert len(result.grids[0].rows) <= 2


def test_fault_055_bombs_are_refused_by_their_declared_sizes() -> None:
    """A member, the sum of members, or their number over the limits: refused before unpacking."""
    data = simple()
    assert refused(data, Limits(member_bytes=100)).code == "too-large"
    assert refused(data, Limits(unpacked_bytes=1000)).code == "too-large"
    assert refused(data, Limits(members=3)).code == "too-large"
    assert refused(data, Limits(document_bytes=100)).code == "too-large"
    assert refused(data, Limits(sheet_cells=3)).code == "too-large"
    assert refused(data, Limits(sheet_letters=10)).code == "too-large"


def test_fault_055_a_size_that_lies_ends_as_damaged() -> None:
    """A member that unpacks to more than it declares does not unpack further."""
    big = patched(simple(), {SHEET: lambda xml: xml + b" " * 1_000_000})
    with zipfile.ZipFile(io.BytesIO(big)) as archive:
        size = archive.getinfo(SHEET).file_size
    lying = big.replace(struct.pack("<L", size), struct.pack("<L", 1000))
    assert refused(lying).code == "damaged"


def test_fault_055_overlapping_members_are_refused() -> None:
    """Two directory entries that share one member's bytes: a bomb without repetition."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.filelist.append(archive.filelist[0])
    assert refused(out.getvalue()).code == "damaged"


LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
OUTSIDE = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY j "&a;">]>'


@pytest.mark.parametrize("dtd", [LAUGHS, OUTSIDE], ids=["laughs", "external"])
@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_fault_056_entities_are_never_expanded(dtd: bytes, part: str) -> None:
    """A part with a DTD is refused: no expansion, no file read, no network."""

    def bomb(xml: bytes) -> bytes:
        bare = re.sub(rb"^<\?xml[^>]*\?>", b"", xml)
        return dtd + re.sub(rb">(STT|1|Sheet)<", b">&j;<", bare)

    made = with_shared_strings() if part == "xl/sharedStrings.xml" else simple()
    assert refused(patched(made, {part: bomb})).code == "damaged"


def test_fault_068_external_links_and_macros_are_left_alone() -> None:
    """A workbook with macros is read as values and named for what it is."""
    out = io.BytesIO(simple())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    found = read(out.getvalue())
    assert found.kind == "xlsm"
    assert found.grids[0].rows[1][1].text == "Điểm A"


def test_fault_068_hyperlink_formula_is_its_saved_text() -> None:
    """=HYPERLINK and DDE formulas are never run: only the saved result counts."""
    formula = b'<c r="A2" t="str"><f>HYPERLINK("http://x.example","Xem")</f><v>Xem</v></c>'
    data = patched(simple(), {SHEET: lambda xml: re.sub(rb'<c r="A2".*?</c>', formula, xml)})
    assert read(data).grids[0].rows[1][0].text == "Xem"


def test_fault_074_cut_workbooks_never_read_as_less() -> None:
    """Cut at every twentieth, a workbook is refused, not read in part."""
    data = simple()
    whole = read(data)
    for part in range(20):
        result = extract(data[: len(data) * part // 20])
        assert isinstance(result, Refusal) or result == whole


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 5000), value=st.integers(0, 255))
def test_fault_074_a_flipped_byte_is_refused_or_harmless(at: int, value: int) -> None:
    """A changed byte gives a refusal or the same cells: checksums guard every member."""
    data = bytearray(simple())
    whole = read(bytes(data))
    data[at % len(data)] = value
    result = extract(bytes(data))
    assert isinstance(result, Refusal) or result.grids[0].rows == whole.grids[0].rows


def _numbered(index: bytes) -> bytes:
    """Return the workbook of shared texts whose last cell points to this one."""
    return patched(
        with_shared_strings(), {SHEET: lambda xml: xml.replace(b"<v>1</v>", b"<v>%s</v>" % index)}
    )


@pytest.mark.parametrize("index", [b"2", b"-1", b"", b"1_0", b"1e0", "\u0661".encode()])
def test_fault_074_a_text_that_is_not_there_is_damage(index: bytes) -> None:
    """FAULTS 74: -1 is not the last text of the list, whatever Python says."""
    assert refused(_numbered(index)).code == "damaged"
    assert read(_numbered(b"1")).grids[0].rows[0][1].text == "Tên điểm"


@pytest.mark.parametrize(
    "number", [b"NaN", b"INF", b"1_0", b"0x10", "\u0661\u0662".encode(), b"1,5"]
)
def test_fault_074_what_is_no_number_is_damage(number: bytes) -> None:
    """FAULTS 74: Python would read 1_0 as 10, and the digits of any script."""
    data = patched(simple(), {SHEET: lambda xml: xml.replace(b"<v>1</v>", b"<v>%s</v>" % number)})
    assert refused(data).code == "damaged"


def test_fault_074_a_list_that_lost_a_text_is_damage() -> None:
    """FAULTS 74: every text behind the lost one would stand in another's cell."""
    strings = "xl/sharedStrings.xml"
    cut = patched(
        with_shared_strings(),
        {strings: lambda xml: re.sub(rb"<si>.*?</si>", b"", xml, count=1),
         SHEET: lambda xml: xml.replace(b"<v>1</v>", b"<v>0</v>")},
    )  # fmt: skip
    assert refused(cut).code == "damaged"


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b'<row r="2"', b'<row r="1"'),
        (b'<c r="B2"', b'<c r="A2"'),
        (b'<c r="B2"', b'<c r="B3"'),
        (b'<c r="A2"', b'<c r="C2"'),
    ],
    ids=["row twice", "cell twice", "cell of another row", "cells out of order"],
)
def test_fault_074_two_contents_for_one_address_are_damage(was: bytes, now: bytes) -> None:
    """FAULTS 74: programs do not agree on which of the two counts."""
    assert refused(patched(simple(), {SHEET: lambda xml: xml.replace(was, now)})).code == "damaged"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_fault_074_two_members_of_one_name_are_damage() -> None:
    """FAULTS 74: one reader takes the first, another the last."""
    out = io.BytesIO(simple())
    with zipfile.ZipFile(out, "a") as package:
        package.writestr(SHEET, b"<worksheet/>")
    assert refused(out.getvalue()).code == "damaged"


def test_workbook_without_content_is_empty() -> None:
    assert refused(saved(Workbook())).code == "empty"


def test_not_a_zip_is_damaged() -> None:
    assert refused(b"PK\x03\x04 nothing").code == "damaged"


def test_lines_are_titles_notes_and_signatures() -> None:
    path = next(path for path in WORKBOOKS if path.parent.name == "plain-form")
    lines = read(path.read_bytes()).lines
    assert lines[0] == "UBND XÃ HÒA CƯ"
    assert "TM. ỦY BAN NHÂN DÂN" in lines
    assert "Thôn Bản Ngà" not in lines


@pytest.mark.parametrize(
    ("number", "code", "text", "value"),
    [
        (45.0, "General", "45", 45),
        (0.1 + 0.2, "General", "0.3", 0.3),
        (912345678.0, "0000000000", "0912345678", "0912345678"),
        (0.5, "0%", "50%", 0.5),
        (45427.0, "dd/mm/yyyy", "15/05/2024", dt.datetime(2024, 5, 15)),  # noqa: DTZ001
        (45427.5, "m/d/yy h:mm", "15/05/2024 12:00", dt.datetime(2024, 5, 15, 12)),  # noqa: DTZ001
        (59.0, "mm-dd-yy", "28/02/1900", dt.datetime(1900, 2, 28)),  # noqa: DTZ001
        (1.5, '#,##0.0 "đồng mỗi"', "1.5", 1.5),
        (-3.0, "yyyy", "-3", -3),
        (1e20, "General", "1e+20", 1e20),
    ],
)
def test_shown(number: float, code: str, text: str, value: object) -> None:
    assert shown(number, code) == (text, value)


@pytest.mark.parametrize("code", ["dd/mm/yyyy", "#,##0,"])
def test_a_conditional_formats_number_format_is_no_cells(code: str) -> None:
    """Its number may be one that a cell's format has too (openpyxl writes both from 164 on)."""
    book = Workbook()
    sheet = book.active
    sheet["A1"] = 500
    sheet["A1"].number_format = "#,##0.0"
    style = DifferentialStyle(numFmt=NumberFormat(numFmtId=164, formatCode=code))
    rule = Rule(type="expression", formula=["TRUE"], dxf=style)
    sheet.conditional_formatting.add("B1:B9", rule)
    (cell,) = read(saved(book)).grids[0].rows[0]
    assert cell is not None
    assert (cell.value, cell.number_format) == (500, "#,##0.0")


def test_fault_064_serials_of_1904() -> None:
    """A workbook that counts days from 1904 gives the same dates."""
    assert shown(43965.0, "d/m/yyyy", since_1904=True)[0] == "15/05/2024"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("General", False),
        ('0.00 "m2"', False),
        ("#,##0 [$đ-42A]", False),
        ("[Red]0", False),
        ("d/m/yyyy", True),
        ("[h]:mm", True),
        ("[$-42A]dd mmmm yyyy", True),
        ("[HH]:mm", True),
        ("[ss].00", True),
        ("[Magenta]#,##0", False),
        ("[Magenta]d/m/yyyy", True),
    ],
)
def test_is_date(code: str, expected: bool) -> None:
    assert is_date(code) is expected


@given(st.integers(1, 16_384))
def test_column_letters_round_trip(number: int) -> None:
    assert column_letters(number) == get_column_letter(number)
    assert column_number(column_letters(number)) == number
