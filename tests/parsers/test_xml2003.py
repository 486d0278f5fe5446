"""XML Spreadsheet 2003: every address, span and type that its writers leave implicit."""

import datetime as dt

import pytest
from rigs.ocop_form import FORM
from rigs.outcomes import extracted, refusal
from rigs.sample_form import TRUTH, cells, found, wanted

import parsers
from parsers.grid import Extract, Limits
from parsers.reading import Reading, Refusal
from parsers.sniff import sniff
from parsers.xml2003 import extract

SPACE = (
    'xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)


def book(*sheets: str, styles: str = "", dtd: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>{dtd}'
        f"<Workbook {SPACE}><Styles>{styles}</Styles>{''.join(sheets)}</Workbook>"
    ).encode()


def sheet(rows: str, *, name: str = "Biểu 1", options: str = "") -> str:
    return (
        f'<Worksheet ss:Name="{name}"><Table>{rows}</Table>'
        f"<x:WorksheetOptions>{options}</x:WorksheetOptions></Worksheet>"
    )


def cell(text: object, attributes: str = "", kind: str = "String") -> str:
    return f'<Cell {attributes}><Data ss:Type="{kind}">{text}</Data></Cell>'


def row(*parts: str, attributes: str = "") -> str:
    return f"<Row {attributes}>{''.join(parts)}</Row>"


def read(data: bytes) -> Extract:
    return extracted(extract(data))


def refused(data: bytes, limits: Limits | None = None) -> Refusal:
    return refusal(extract(data, limits), "xml")


def test_every_value_of_the_sample() -> None:
    """The sample form as an export writes it: numbers as numbers, the rest as text."""
    lines = [TRUTH["head"], *TRUTH["rows"]]
    head = ["STT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Người đại diện", *TRUTH["head"][5:]]
    lines[0] = head
    rows = [
        row(*(cell(v, "", "String" if isinstance(v, str) else "Number") for v in line))
        for line in lines
    ]
    result = parsers.read(book(sheet("".join(rows))), FORM, name="bieu.xls")
    assert isinstance(result, Reading)
    assert result.kind == "xml"
    assert found(result) == wanted()


def test_fault_059_index_and_merges_move_the_address() -> None:
    """ss:Index jumps, what is merged across is skipped, and places follow."""
    rows = row(cell("a", 'ss:Index="3"'), cell("b"), attributes='ss:Index="5"') + row(
        cell("c", 'ss:MergeAcross="2" ss:MergeDown="1"'), cell("d")
    )
    result = cells(read(book(sheet(rows))))
    assert {cell.text: place[7:] for place, cell in result.items()} == {
        "a": "C5",
        "b": "D5",
        "c": "A6",
        "d": "D6",
    }
    assert (result["Biểu 1!A6"].row_span, result["Biểu 1!A6"].col_span) == (1, 3)


def test_fault_060_hidden_parts_are_told() -> None:
    """Hidden rows, columns and sheets are marked."""
    rows = '<Column/><Column ss:Hidden="1" ss:Span="1"/>' + row(cell("a"), cell("b"), cell("c"))
    shown = sheet(rows + row(cell("d"), attributes='ss:Hidden="1"'))
    hidden = sheet(row(cell("x")), name="ẩn", options="<x:Visible>SheetVeryHidden</x:Visible>")
    one, other = read(book(shown, hidden)).grids
    marked = {cell.text: cell.hidden for line in one.rows for cell in line if cell}
    assert marked == {"a": False, "b": True, "c": True, "d": True}
    assert (one.hidden, other.hidden) == (False, True)


def test_types_and_number_formats() -> None:
    styles = (
        '<Style ss:ID="Default"/><Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style>'
        '<Style ss:ID="q" ss:Parent="p"/><Style ss:ID="z"><NumberFormat ss:Format="0000"/></Style>'
        '<Style ss:ID="d"><NumberFormat ss:Format="Short Date"/></Style>'
    )
    rows = row(
        cell(45.5, "", "Number"),
        cell(0.5, 'ss:StyleID="q"', "Number"),
        cell("2024-05-15T00:00:00.000", "", "DateTime"),
        cell(45427, 'ss:StyleID="d"', "Number"),
        cell(1, "", "Boolean"),
        cell("#REF!", "", "Error"),
    ) + row(cell(42, "", "Number"), attributes='ss:StyleID="z"')
    day = dt.datetime(2024, 5, 15)  # noqa: DTZ001  a cell's date has no zone
    result = cells(read(book(sheet(rows), styles=styles)))
    assert [(cell.text, cell.value) for cell in result.values()] == [
        ("45.5", 45.5),
        ("50%", 0.5),
        ("15/05/2024", day),
        ("15/05/2024", day),
        ("TRUE", True),
        ("#REF!", "#REF!"),
        ("0042", "0042"),
    ]
    assert result["Biểu 1!B1"].number_format == "0.00%"


def test_text_keeps_its_lines_and_leaves_comments() -> None:
    inside = (
        '<Cell><Data ss:Type="String">a&#10;<B xmlns="http://www.w3.org/TR/REC-html40">b</B></Data>'
        "<Comment><Data>ghi chú</Data></Comment></Cell>"
    )
    assert cells(read(book(sheet(row(inside)))))["Biểu 1!A1"].text == "a\nb"


def test_fault_052_formula_without_data() -> None:
    """Neither empty nor zero."""
    made = (
        '<Cell ss:Formula="=1+1"/>'
        + cell("", 'ss:Formula="=1+1"', "Number")
        + cell("", 'ss:Formula="=A1"')
        + cell(2, 'ss:Formula="=1+1"', "Number")
    )
    line = read(book(sheet(row(made)))).grids[0].rows[0]
    assert [each and each.uncalculated for each in line] == [True, True, None, False]


@pytest.mark.parametrize(
    "rows",
    [
        row(cell("x"), attributes='ss:Index="1000000"'),
        row(cell("x", 'ss:Index="16000"')),
        row(cell("x", 'ss:MergeAcross="1"')) * 30_000,
    ],
    ids=["far row", "far column", "merges"],
)
def test_fault_057_budgets(rows: str) -> None:
    """A far cell or too many merged ranges: refused."""
    assert refused(book(sheet(rows)), Limits(sheet_rows=40_000)).code == "too-large"


def test_fault_056_entities_are_never_expanded() -> None:
    """A workbook with a DTD is refused."""
    dtd = '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/hostname">]>'
    assert refused(book(sheet(row(cell("&j;"))), dtd=dtd)).code == "damaged"


def test_fault_069_xml_named_xls() -> None:
    """Told by its namespace, in any charset."""
    data = book(sheet(row(cell("x"))))
    wide = data.decode().replace('"1.0"', '"1.0" encoding="utf-16"', 1).encode("utf-16")
    for each in (data, wide):
        assert sniff(each, "bieu.xls").kind == "xml"
        assert cells(read(each))["Biểu 1!A1"].text == "x"


def test_empty_and_damaged() -> None:
    assert refused(book(sheet(""))).code == "empty"
    assert refused(book(sheet(row(cell("x", 'ss:Index="?"'))))).code == "damaged"
    assert refused(book(sheet(row(cell("x", "", "Number"))))).code == "damaged"


def test_fault_074_cut_files_never_read_as_less() -> None:
    """Cut at every twentieth, a file is refused."""
    data = book(sheet(row(cell("x")) * 50))
    for part in range(20):
        assert isinstance(extract(data[: len(data) * part // 20]), Refusal)


@pytest.mark.parametrize(
    "rows",
    [
        row(cell("A")) + row(cell("B"), attributes='ss:Index="1"'),
        row(cell("A"), cell("B", 'ss:Index="1"')),
        row(cell("A"), cell("B", 'ss:Index="1_0"')),
        row(cell("1_0", kind="Number")),
        row(cell("NaN", kind="Number")),
    ],
)
def test_fault_074_two_contents_for_one_address_are_damage(rows: str) -> None:
    """FAULTS 74: and numbers that only Python takes for some."""
    assert refused(book(sheet(rows))).code == "damaged"
