"""Web pages: what a browser shows of them, and the sheet again that Excel made the page of."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.cp1258 import encoded
from rigs.ocop_form import FORM
from rigs.outcomes import extracted, refusal
from rigs.sample_form import TRUTH, cells, found, wanted

import parsers
from parsers.grid import Extract, Limits
from parsers.html import extract
from parsers.legible import PartialExtract
from parsers.reading import Reading, Refusal
from parsers.sniff import sniff

HEAD = ["STT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Người đại diện", *TRUTH["head"][5:]]
EXCEL = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns="http://www.w3.org/TR/REC-html40">'
)


def excel(rows: str, *, name: str = "Biểu 1", visible: str = "", style: str = "") -> str:
    return (
        f"{EXCEL}<head><meta name=Generator content='Microsoft Excel 15'><style><!-- {style} -->"
        "</style><!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets><x:ExcelWorksheet>"
        f"<x:Name>{name}</x:Name><x:WorksheetOptions>{visible}</x:WorksheetOptions>"
        "</x:ExcelWorksheet></x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]--></head>"
        f"<body><table border=0>{rows}<![if supportMisalignedColumns]><tr height=0 "
        "style='display:none'><td width=64></td></tr><![endif]></table></body></html>"
    )


def row(*values: object, tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{value}</{tag}>" for value in values) + "</tr>"


def table(*rows: str) -> str:
    return f"<table border=1>{''.join(rows)}</table>"


def read(page: str | bytes) -> Extract:
    return extracted(extract(page.encode() if isinstance(page, str) else page))


def refused(page: str | bytes, limits: Limits | None = None) -> Refusal:
    return refusal(extract(page.encode() if isinstance(page, str) else page, limits), "html")


def texts(page: str | bytes) -> list[list[str | None]]:
    (grid,) = read(page).grids
    return [[cell and cell.text for cell in line] for line in grid.rows]


SAMPLE = table(row(*HEAD, tag="th"), *(row(*line) for line in TRUTH["rows"]))


@pytest.mark.parametrize(
    ("page", "place"),
    [
        (f"<p>Kính gửi Phòng Kinh tế,</p>{SAMPLE}", "table 1, row 2, cell 2"),
        (excel(SAMPLE.removeprefix("<table border=1>").removesuffix("</table>")), "Biểu 1!B2"),
    ],
    ids=["mail", "Excel"],
)
def test_every_value_of_the_sample(page: str, place: str) -> None:
    result = parsers.read(page.encode(), FORM, name="bieu.xls")
    assert isinstance(result, Reading)
    assert result.kind == "html"
    assert found(result) == wanted()
    assert result.rows[0].places["name"] == place


def test_fault_069_html_named_xls() -> None:
    """Markup is markup, whatever its name and wherever it begins."""
    for page in (SAMPLE, f"Kính gửi anh,<br>biểu như sau:<br> {SAMPLE}", f"\n<!-- x -->{SAMPLE}"):
        assert sniff(page.encode(), "bieu.xls").kind == "html"
    assert sniff(SAMPLE.encode("utf-16"), "bieu.doc").kind == "html"
    word = '<html xmlns:w="urn:schemas-microsoft-com:office:word"><body><p>Kính gửi</p></body>'
    assert sniff(word.encode(), "cong van.doc").kind == "html"


def test_fault_060_spans_cover_and_hidden_parts_are_told() -> None:
    """rowspan and colspan as a browser lays them out; hidden rows, columns and tables marked."""
    page = (
        "<style>.no {display:none}</style><table border=1><col><col><col style='display: none'>"
        "<tr><td rowspan=2>a</td><td colspan=0>b</td><td>c</td></tr>"
        "<tr style='display:none'><td>d</td><td>e</td></tr><tr class=no><td>f</td></tr></table>"
        f"<table border=1 class=no>{row('x', 'y', 'z')}</table>"
    )
    one, other = read(page).grids
    top = one.rows[0][0]
    assert top
    assert (top.row_span, top.col_span) == (2, 1)
    assert one.rows[1][0] is None
    marked = {cell.text: cell.hidden for line in one.rows for cell in line if cell}
    assert marked == {"a": False, "b": False, "c": True, "d": True, "e": True, "f": True}
    assert (one.hidden, other.hidden) == (False, True)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("a<br>b", "a\nb"),
        ("<p>a</p>\n <p>b&nbsp;&nbsp; c</p>", "a\nb c"),
        ("  a\n   <b>b</b>c ", "a bc"),
        ("<p class=MsoNormal><o:p>&nbsp;</o:p></p>", ""),
        ("a<del>x</del><script>y</script><span style='mso-hide:all'>z</span>", "a"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ("25 m<sup>2</sup>", "25 m2"),
        ("e&#770;&#777;", "ể"),
    ],
)
def test_text_of_a_cell(inside: str, expected: str) -> None:
    assert texts(table(row(inside, "2", "3"), row("4", "5", "6")))[0][0] == expected


def test_layout_tables_are_text_and_what_they_hold_is_read() -> None:
    page = (
        "<table><tr><td><b>UBND XÃ HÒA CƯ</b><br>Số: 12/UBND</td><td>CỘNG HÒA</td></tr></table>"
        f"<table><tr><td><p>Trước bảng</p>{SAMPLE}<p>Sau bảng</p></td></tr></table>"
    )
    result = read(page)
    assert result.lines == ("UBND XÃ HÒA CƯ", "Số: 12/UBND", "CỘNG HÒA", "Trước bảng", "Sau bảng")
    (grid,) = result.grids
    assert (grid.name, grid.before[-1], grid.after) == ("table 3", "Trước bảng", ("Sau bảng",))


def test_letter_without_table() -> None:
    page = (
        "<html><head><title>x</title></head><body><div>UBND XÃ HÒA CƯ</div><div>Kính gửi: Phòng "
        "Kinh tế</div><div>Xã không có nhu cầu đăng ký điểm giới thiệu.</div></body></html>"
    )
    result = parsers.read(page.encode(), FORM, name="thu.doc")
    assert isinstance(result, Reading)
    assert result.nil


def test_quoted_mail_is_left_out() -> None:
    old = f"<blockquote type='cite'>{SAMPLE}</blockquote><div class='gmail_quote'>{SAMPLE}</div>"
    assert len(read(SAMPLE + old).grids) == 1


def test_what_excel_says_of_a_value() -> None:
    style = (
        '.xl65 {mso-number-format:"0\\0022 triệu\\0022";} .xl66 {mso-number-format:"Short Date";}'
        ' .xl67 {mso-number-format:"\\#\\,\\#\\#0\\,";}'
    )
    page = excel(
        '<tr><td class=xl65 x:num="45.5">46 triệu</td><td class=xl66 x:num="45427">15/5/24</td>'
        '<td x:num>30</td><td x:num="912345678" style=\'mso-number-format:"0000000000"\'>9E+8</td>'
        '<td class=xl67 x:num="1500000">1,500</td><td x:str>0912</td><td x:bool="TRUE">TRUE</td>'
        '<td x:fmla="=A1+1"></td></tr>',
        style=style,
    )
    line = read(page).grids[0].rows[0]
    assert [cell and cell.text for cell in line] == [
        "45.5", "15/05/2024", "30", "0912345678", "1500000", "0912", "TRUE", ""
    ]  # fmt: skip
    assert [cell and cell.uncalculated for cell in line] == [False] * 7 + [True]
    formats = [cell.number_format for cell in line[:5] if cell]
    assert formats == ['0" triệu"', "mm-dd-yy", "General", "0000000000", "#,##0,"]


def test_what_libreoffice_says_of_a_value() -> None:
    page = table(row("a", "b", "c"), '<tr><td sdval="0.5" sdnum="1066;0;0%">50 %</td></tr>')
    cell = read(page).grids[0].rows[1][0]
    assert cell
    assert (cell.text, cell.value) == ("50%", 0.5)


def test_fault_059_sheet_of_excel_has_its_addresses() -> None:
    """Empty rows and merged titles are part of Excel's page, so that places are the sheet's."""
    rows = "<tr><td colspan=3></td></tr><tr><td></td><td colspan=2 rowspan=2>a</td></tr><tr></tr>"
    result = cells(read(excel(rows + row("b", "c", "d"))))
    assert list(result) == ["Biểu 1!B2", "Biểu 1!A4", "Biểu 1!B4", "Biểu 1!C4"]
    assert (result["Biểu 1!B2"].row_span, result["Biểu 1!B2"].col_span) == (2, 2)


def test_hidden_sheet_of_excel() -> None:
    page = excel(row("a", "b", "c"), visible="<x:Visible>SheetHidden</x:Visible>")
    assert read(page).grids[0].hidden


FRAME = (
    f"{EXCEL}<head><!--[if gte mso 9]><xml>"
    "<x:ExcelWorksheet><x:Name>Biểu 1</x:Name></x:ExcelWorksheet>"
    "<x:ExcelWorksheet><x:Name>Biểu 2</x:Name></x:ExcelWorksheet></xml><![endif]--></head>"
    '<frameset rows="*,39"><frame src="x.files/sheet001.htm"><noframes><body>'
    "<p>This page uses frames, but your browser doesn't support them.</p></body></noframes>"
    "</frameset></html>"
)


def test_frame_without_its_pages() -> None:
    """The sheets are files that were not sent: the reply says what to do."""
    result = refused(FRAME)
    assert result.code == "unreadable"
    assert "Lưu thành" in result.message


def archive(*pages: tuple[str, str]) -> bytes:
    parts = [
        f"--edge\r\nContent-Location: file:///C:/x/{name}\r\nContent-Transfer-Encoding: "
        f'quoted-printable\r\nContent-Type: text/html; charset="utf-8"\r\n\r\n'
        + quopri.encodestring(page.encode()).decode()
        for name, page in pages
    ]
    head = (
        "MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n"
        'Content-Type: multipart/related; boundary="edge"\r\n\r\n'
        "This document is a Single File Web Page.\r\n\r\n"
    )
    return (head + "\r\n".join([*parts, "--edge--"])).encode()


def test_web_archive_of_excel() -> None:
    """A .mht holds the frame and a page for each sheet."""
    sheet = f"{EXCEL}<body><table>{{}}</table></body></html>"
    data = archive(
        ("x.htm", FRAME),
        ("x.files/tabstrip.htm", "<table><tr><td>Biểu 1</td></tr></table>"),
        ("x.files/sheet001.htm", sheet.format(row("a", "b", "c"))),
        ("x.files/sheet002.htm", sheet.format(row("d", "e", "f"))),
    )
    assert sniff(data, "bieu.xls").kind == "html"
    places = list(cells(read(data)))
    assert places == [f"Biểu {sheet}!{column}1" for sheet in (1, 2) for column in "ABC"]


def test_mail_is_no_web_archive() -> None:
    head = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n"
    assert sniff(head + archive(("x.htm", SAMPLE))).kind == "eml"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (b"<meta charset=windows-1258>" + encoded(table(row("Điểm bán", "b", "c"))), "Điểm bán"),
        (b"<meta charset=windows-1252>" + table(row("Điểm bán", "b", "c")).encode(), "Điểm bán"),
        (table(row("Điểm bán", "b", "c")).encode("utf-16"), "Điểm bán"),
        (table(row("Điểm bán", "b", "c")).encode("utf-8-sig"), "Điểm bán"),
        (b"<meta charset=unknown>" + encoded(table(row("Điểm bán", "b", "c"))), "Điểm bán"),
        (table(row("&#272;i&#7875;m b&aacute;n", "b", "c")).encode(), "Điểm bán"),
    ],
    ids=["declared", "lie", "utf-16", "mark", "unknown", "entities"],
)
def test_fault_072_charset_by_mark_bytes_and_claim(page: bytes, text: str) -> None:
    """The bytes count more than what the page says of itself."""
    assert texts(page)[0][0] == text


@pytest.mark.parametrize(
    "page",
    [
        table("<tr><td colspan=99999999 rowspan=99999999>a</td><td>b</td></tr>"),
        table("<tr>" + "<td>x</td>" * 300 + "</tr>"),
        table(row("a", "b", "c") * 20_001),
        "<div>" * 5_000 + SAMPLE,
        "<p>" + "x" * 10_000_001,
    ],
    ids=["spans", "columns", "rows", "depth", "letters"],
)
def test_fault_057_budgets(page: str) -> None:
    """Claims of the file cost nothing; more than a form can be is refused."""
    assert refused(page).code == "too-large"


def test_fault_057_spans_are_cut_to_the_table() -> None:
    """A span that reaches beyond the table ends with it."""
    page = table("<tr><td>a</td><td>b</td><td rowspan=99999999>c</td></tr>", row("d", "e"))
    assert texts(page) == [["a", "b", "c"], ["d", "e", None]]


def test_fault_056_nothing_outside_is_read() -> None:
    """Entities, links and frames are left alone."""
    page = (
        '<!DOCTYPE html [<!ENTITY j SYSTEM "file:///etc/hostname">]>'
        '<iframe src="file:///etc/hostname"></iframe><p>a &j; b</p>'
    )
    assert read(page).lines == ("]>", "a &j; b")


def test_no_text_is_empty() -> None:
    assert refused("<html><body><p>&nbsp;</p></body></html>").code == "empty"
    assert refused("<!-- -->").code == "empty"


@given(st.text("<>/=tdrable br&;#x0a\"' \n-![]", max_size=300))
def test_fault_074_any_markup_has_an_outcome(text: str) -> None:
    """No markup crashes the reader."""
    assert isinstance(extract(f"{text}{SAMPLE}{text}".encode()), Extract | Refusal)


@given(st.binary(max_size=300))
def test_fault_074_any_archive_has_an_outcome(data: bytes) -> None:
    """No web archive crashes the reader."""
    whole = archive(("x.htm", SAMPLE))
    assert isinstance(extract(whole[:200] + data + whole[200:]), Extract | Refusal)


def _codes(page: str) -> list[str]:
    result = read(page)
    return [f.code for f in result.findings] if isinstance(result, PartialExtract) else []


def test_fault_074_a_torn_page_is_told() -> None:
    """FAULTS 74: a page cut anywhere inside its table is not a shorter list."""
    page = f"<html><body>{SAMPLE}</body></html>"
    assert _codes(page) == _codes(SAMPLE) == []
    inside = range(page.index("</tr>") + 5, page.index("</table>"), 40)
    for end in inside:
        assert _codes(page[:end])[:1] == ["cut-off"], end


def test_fault_074_a_page_that_lost_a_piece_is_told() -> None:
    """FAULTS 74: the end of one row and the beginning of the next are no row."""
    first = SAMPLE.index("</td>", SAMPLE.index("<td>"))
    later = SAMPLE.index("</td>", SAMPLE.index("<td>", first + 400))
    torn = SAMPLE[: first + 2] + SAMPLE[later + 3 :]
    assert {"cut-off", "ragged-row"} & set(_codes(torn))


def test_a_person_may_leave_end_tags_out_but_then_everywhere() -> None:
    bare = SAMPLE.replace("</td>", "").replace("</th>", "").replace("</tr>", "")
    assert _codes(bare) == []
    assert texts(bare) == texts(SAMPLE)


def test_a_comment_may_say_anything() -> None:
    assert _codes(f"<!-- <table><tr><td> -->{SAMPLE}<!-- <td> -->") == []


@pytest.mark.parametrize("cells_", [4, 6])
def test_fault_074_a_row_of_another_width_is_an_error(cells_: int) -> None:
    """FAULTS 74: in which column its values belong, nobody knows."""
    head, row_ = row("STT", "A", "B", "C", "D"), row(1, "a", "b", "c", "d")
    page = table(head, row_, row_, row(*range(cells_)))
    assert _codes(page) == ["ragged-row"]
    assert _codes(excel(head + row_ + row_ + row(*range(cells_)))) == ["ragged-row"]
    assert _codes(table(head, row_, row_, "<tr><td>Ghi chú</td></tr>")) == []
