"""OpenDocument sheets: the same cells as in xlsx, repetition without cost, secrets kept."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.ocop_form import FORM
from rigs.odf import cell, content, ods, row, table, value
from rigs.outcomes import extracted, refusal
from rigs.sample_form import DATA, cells, found, said, wanted

import parsers
from parsers import sheet
from parsers.grid import Extract, Limits
from parsers.ods import extract
from parsers.reading import Reading, Refusal
from parsers.sniff import sniff

SAMPLE = (DATA / "form.ods").read_bytes()


def read(data: bytes) -> Extract:
    return extracted(extract(data))


def refused(data: bytes, limits: Limits | None = None) -> Refusal:
    return refusal(extract(data, limits), "ods")


def only(*rows: str, styles: str = "", columns: str = "") -> Extract:
    return read(ods(content(table(*rows, columns=columns), styles)))


def first(text: str) -> str:
    return cells(only(row(f"<table:table-cell>{text}</table:table-cell>")))["Biểu 1!A1"].text


@pytest.mark.parametrize("name", ["form", "form_dirty", "form_formula"])
def test_same_cells_as_in_xlsx(name: str) -> None:
    """Value by value, what openpyxl wrote and LibreOffice saved as ods is the same."""
    ours = said(read((DATA / f"{name}.ods").read_bytes()))
    theirs = sheet.extract((DATA / f"{name}.xlsx").read_bytes())
    assert isinstance(theirs, Extract)
    spaces = {place: (" ".join(str(cell[0]).split()), *cell[2:]) for place, cell in ours.items()}
    for place, cell_of in said(theirs).items():
        assert spaces[place] == (" ".join(str(cell_of[0]).split()), *cell_of[2:])
        if not isinstance(cell_of[1], str):
            assert ours[place][1] == cell_of[1]


@pytest.mark.parametrize("name", ["form.ods", "form_formula.ods"])
def test_every_value_of_the_sample(name: str) -> None:
    result = parsers.read((DATA / name).read_bytes(), FORM, name="bieu.xlsx")
    assert isinstance(result, Reading)
    assert found(result) == wanted()
    assert result.rows[0].places["name"] == "Biểu 01!B11"


def test_planted_errors_are_found() -> None:
    result = parsers.read((DATA / "form_dirty.ods").read_bytes(), FORM)
    assert isinstance(result, Reading)
    told = {(item.code, item.place) for item in result.findings}
    assert {("hidden-row", "Biểu 01!B13"), ("total-mismatch", "Biểu 01!G25")} <= told


def test_fault_059_repeated_emptiness_moves_the_address() -> None:
    """Repeated empty rows and columns are counted, not built."""
    result = only(
        row(cell(), attributes='table:number-rows-repeated="4"'),
        row(cell("", 'table:number-columns-repeated="2"'), cell("STT")),
        row(cell("x", 'table:number-columns-repeated="3"')),
    )
    assert [place[7:] for place in cells(result)] == ["C5", "A6", "B6", "C6"]


def test_fault_060_merges_and_hidden_parts_are_told() -> None:
    """Merged cells have spans; hidden and filtered rows, columns and sheets are marked."""
    span = 'table:number-columns-spanned="2" table:number-rows-spanned="2"'
    shown = table(
        row(cell("a", span), "<table:covered-table-cell/>", cell("c")),
        row("<table:covered-table-cell><text:p>x</text:p></table:covered-table-cell>"),
        row(cell("d"), attributes='table:visibility="filter"'),
        row(cell("e"), attributes='table:visibility="collapse"'),
        columns='<table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:visibility="collapse"/>',
    )
    style = (
        '<style:style style:name="ta" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    hidden = table(row(cell("x")), name="ẩn", style="ta")
    one, other = read(ods(content(shown + hidden, style))).grids
    top = one.rows[0][0]
    assert top
    assert (top.row_span, top.col_span) == (2, 2)
    marked = {cell.text: cell.hidden for line in one.rows for cell in line if cell}
    assert marked == {"a": False, "c": True, "d": True, "e": True}
    assert (one.hidden, other.hidden) == (False, True)


ERROR = 'calcext:value-type="error"'
STYLES = """
<number:number-style style:name="N1"><number:number number:min-integer-digits="10"/>
</number:number-style>
<number:percentage-style style:name="N2"><number:number number:decimal-places="1"/>
<number:text>%</number:text></number:percentage-style>
<number:number-style style:name="N3"><number:number number:grouping="true"
 number:display-factor="1000"/><number:text> nghìn</number:text></number:number-style>
<number:currency-style style:name="N4P0"><number:number number:grouping="true"/>
<number:currency-symbol>₫</number:currency-symbol></number:currency-style>
<number:currency-style style:name="N4"><number:text>-</number:text><number:number/>
<style:map style:condition="value()&gt;=0" style:apply-style-name="N4P0"/></number:currency-style>
""" + "".join(
    f'<style:style style:name="c{n}" style:family="table-cell" style:data-style-name="N{n}"/>'
    f'<style:style style:name="d{n}" style:family="table-cell" style:parent-style-name="c{n}"/>'
    for n in range(1, 5)
)


def test_types_and_number_formats() -> None:
    result = only(
        row(value("912345678", "c1"), value("0.5", "d2", "percentage"), value("45.5")),
        row(
            value("1500000", "c3"),
            value("2000000", "d4", "currency"),
            value("0.25", "", "percentage"),
        ),
        row(
            cell("15/5", 'office:value-type="date" office:date-value="2024-05-15"'),
            cell("x", 'office:value-type="boolean" office:boolean-value="true"'),
            cell("12:30", 'office:value-type="time" office:time-value="PT12H30M00S"'),
        ),
        row(
            cell("Err:502", 'calcext:value-type="error"'),
            cell("#N/A", 'calcext:value-type="error"'),
        ),
        styles=STYLES,
    )
    by_place = {place[7:]: each for place, each in cells(result).items()}
    assert {place: (each.text, each.value) for place, each in by_place.items()} == {
        "A1": ("0912345678", "0912345678"),
        "B1": ("50%", 0.5),
        "C1": ("45.5", 45.5),
        "A2": ("1500000", 1500000),
        "B2": ("2000000", 2000000),
        "C2": ("25%", 0.25),
        "A3": ("15/05/2024", dt.datetime(2024, 5, 15)),  # noqa: DTZ001
        "B3": ("TRUE", True),
        "C3": ("12:30", dt.time(12, 30)),
        "A4": ("#VALUE!", "#VALUE!"),
        "B4": ("#N/A", "#N/A"),
    }
    assert by_place["A2"].number_format == '#,##0," nghìn"'
    assert by_place["B2"].number_format == "#,##0[$₫]"


def test_styles_of_rows_and_columns_hold_for_their_cells() -> None:
    number = '<table:table-cell office:value-type="float" office:value="912345678"/>'
    column = '<table:table-column table:default-cell-style-name="c1"/>'
    assert [
        each.text for each in cells(only(row(number), styles=STYLES, columns=column)).values()
    ] == ["0912345678"]
    styled = row(number, attributes='table:default-cell-style-name="c1"')
    assert [each.text for each in cells(only(styled, styles=STYLES)).values()] == ["0912345678"]


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<text:p>a</text:p><text:p>b</text:p>", "a\nb"),
        ('<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d</text:p>', "a   b\tc\nd"),
        ("<text:p>a<text:span> <text:a>b</text:a></text:span>\n   c</text:p>", "a b c"),
        (
            "<office:annotation><text:p>ghi chú</text:p></office:annotation><text:p>a</text:p>",
            "a",
        ),
        ("<text:p>e\u0302\u0309</text:p>", "ể"),
    ],
    ids=["paragraphs", "blanks", "spans", "annotation", "composed"],
)
def test_text(xml: str, expected: str) -> None:
    assert first(xml) == expected


def test_fault_052_formula_without_value() -> None:
    """Neither empty nor zero; an empty text that was calculated is empty."""
    result = only(
        row(
            cell("", 'table:formula="of:=1+1"'),
            cell("", 'table:formula="of:=1+1" office:value-type="float"'),
            cell("", 'table:formula="of:=A1" office:value-type="string" office:string-value=""'),
            cell("2", 'table:formula="of:=1+1" office:value-type="float" office:value="2"'),
        )
    )
    line = result.grids[0].rows[0]
    assert [each and each.uncalculated for each in line] == [True, True, None, False]


def test_fault_050_password() -> None:
    """An encrypted sheet is told apart from a broken one, by its manifest."""
    locked = ods("\x00", manifest="<manifest><encryption-data/></manifest>")
    assert refused(locked).code == "encrypted"
    told = sniff(locked, "bieu.ods").refusal
    assert told
    assert told.code == "encrypted"


def test_fault_057_repetition_has_a_budget() -> None:
    """A million rows of a thousand cells: nothing if they are empty, refused if they are not."""
    many = 'table:number-columns-repeated="1000"'
    empty = row(
        cell("", f'table:style-name="c" {many}'), attributes='table:number-rows-repeated="1000000"'
    )
    assert len(only(row(cell("x")), empty).grids[0].rows) == 1
    full = row(cell("x", many), attributes='table:number-rows-repeated="1000000"')
    assert refused(ods(content(table(full)))).code == "too-large"
    far = row(cell("", 'table:number-columns-repeated="16000"'), cell("x"))
    assert refused(ods(content(table(far)))).code == "too-large"
    assert (
        refused(ods(content(table(row(cell("x" * 50))))), Limits(sheet_letters=10)).code
        == "too-large"
    )


def test_fault_057_merged_ranges_have_a_budget() -> None:
    """Fifty thousand merged ranges are refused; a huge one is cut to the table."""
    span = 'table:number-columns-spanned="2"'
    many = row(cell("x", span)) * 50_000
    assert refused(ods(content(table(many))), Limits(sheet_rows=60_000)).code == "too-large"
    huge = cell("x", 'table:number-columns-spanned="16384" table:number-rows-spanned="1048576"')
    assert len(only(row(huge), row(cell("y"))).grids[0].rows) == 1


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY j "&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/hostname">]>',
    ],
    ids=["laughs", "external"],
)
def test_fault_056_entities_are_never_expanded(dtd: str) -> None:
    """A part with a DTD is refused."""
    assert refused(ods(content(table(row(cell("&j;"))), dtd=dtd))).code == "damaged"


def test_no_content_is_empty() -> None:
    assert refused(ods(content(table(row(cell()))))).code == "empty"


@pytest.mark.parametrize(
    "xml",
    ["", "<a", content(table(row(cell("x", 'table:number-columns-repeated="viel"'))))],
    ids=["nothing", "broken", "no number"],
)
def test_broken_xml_is_damaged(xml: str) -> None:
    assert refused(ods(xml)).code == "damaged"


def test_fault_074_cut_files_never_read_as_less() -> None:
    """Cut at every twentieth, a file is refused."""
    for part in range(20):
        assert isinstance(extract(SAMPLE[: len(SAMPLE) * part // 20]), Refusal)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(SAMPLE) - 1), bit=st.integers(0, 7))
def test_fault_074_a_flipped_bit_is_refused_or_harmless(at: int, bit: int) -> None:
    """Checksums guard every member: a changed bit gives a refusal or the same cells."""
    data = bytearray(SAMPLE)
    data[at] ^= 1 << bit
    result = extract(bytes(data))
    assert isinstance(result, Refusal) or said(result) == said(read(SAMPLE))
