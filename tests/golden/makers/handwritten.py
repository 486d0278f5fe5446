"""Cases written by hand, one function a case; its docstring is the case's ``why.md``.

Each decides one question of reading. Persons, firms and numbers are invented.
"""
# ruff: noqa: E501  a row of a table stands on one line

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import xlsxwriter
from docx import Document
from docx.document import Document as DocumentType
from docx.oxml.ns import qn
from golden.makers.workbooks import frozen
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from rigs.old_fonts import mojibake, tcvn3, vni
from rigs.unruled_paper import Manner, UnruledPaper

MAKERS: dict[str, tuple[Callable[[], bytes], str]] = {}

Rows = Iterable[Sequence[Any]]

HEAD = [
    "STT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Người đại diện", "Điện thoại", "Diện tích (m2)",
    "Sản phẩm OCOP", "Hạng sao", "Kinh phí đề nghị hỗ trợ (triệu đồng)", "Ghi chú",
]  # fmt: skip
CHO = [1, "Điểm OCOP chợ Bản Ngà", "Thôn Bản Ngà", "HTX Nông sản Bản Ngà", "Hoàng Thị Mẫu", "0912345678", 35.5, "Mật ong bạc hà", 4, 50, None]  # fmt: skip
QUAN = [2, "Cửa hàng Nà Lìn", "Số 5, thôn Nà Lìn", "Hộ kinh doanh Lý Văn Thử", "Lý Văn Thử", "0987654321", 20, "Vịt quay Nà Lìn", 3, 80, "Đã có mặt bằng"]  # fmt: skip
#: A table on paper with room between its columns and its rows.
AIRY = Manner("Serif", 9, 11, 5.4, 3, "top", "none", counted=False, total=False)
BEN = [3, "Quầy OCOP bến xe Khuổi Mạ", "Km 4, quốc lộ 1B", "Công ty TNHH Khuổi Mạ", "Nông Văn Ví", "0363112233", 12.5, "Chè dây Khuổi Mạ", 3, 30.5, None]  # fmt: skip


def case(extension: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Register a function as the maker of the case of its name."""

    def register(maker: Callable[[], bytes]) -> Callable[[], bytes]:
        MAKERS[maker.__name__.replace("_", "-")] = maker, extension
        return maker

    return register


def saved(book: Workbook) -> bytes:
    """Return the workbook's bytes."""
    out = io.BytesIO()
    book.save(out)
    return frozen(out.getvalue())


def put(sheet: Worksheet, rows: Rows, top: int = 1, left: int = 1) -> int:
    """Write rows from a corner; return the row below them."""
    for offset, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.cell(top + offset, left + column, value)
    return top + len(list(rows))


def plain(rows: Rows, name: str = "Biểu 1", above: Rows = (), below: Rows = ()) -> Workbook:
    """Return a workbook of one sheet: lines above, rows (the header first), lines below."""
    book = Workbook()
    sheet = book.active
    sheet.title = name
    put(sheet, [*above, *rows, *below])
    return book


@case("xlsx")
def plain_form() -> bytes:
    """The form as it was sent out: letterhead, title, one header row, three points, signatures."""
    above = [
        ["UBND XÃ HÒA CƯ", None, None, None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        [None, None, None, None, None, "Độc lập - Tự do - Hạnh phúc"],
        [],
        ["DANH SÁCH ĐĂNG KÝ HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP"],
        ["(Kèm theo Công văn số 45/UBND-KT ngày 17/5/2024 của UBND xã Hòa Cư)"],
        [],
    ]
    below = [
        ["Tổng cộng", None, None, None, None, None, 68, None, None, 160.5],
        ["Danh sách gồm 03 điểm./."],
        [],
        [None] * 7 + ["Hòa Cư, ngày 17 tháng 5 năm 2024"],
        ["NGƯỜI LẬP BIỂU"] + [None] * 6 + ["TM. ỦY BAN NHÂN DÂN"],
        [None] * 7 + ["CHỦ TỊCH"],
        [],
        ["Vi Thị Lập"] + [None] * 6 + ["Hoàng Văn Ký"],
    ]
    return saved(plain([HEAD, CHO, QUAN, BEN], above=above, below=below))


def old_font(document: DocumentType, font: str) -> None:
    """Set the whole Word file in a font from before Unicode."""
    style = document.styles["Normal"]
    style.font.name = font
    for name in ("w:ascii", "w:hAnsi"):
        style.element.rPr.rFonts.set(qn(name), font)


@case("docx")
def word_in_vntime() -> bytes:
    """A Word file typed in .VnTime (TCVN3), its title in .VnTimeH: decoded by the fonts' names."""
    document = Document()
    old_font(document, ".VnTime")
    title = document.add_paragraph().add_run(tcvn3("danh sách đăng ký điểm giới thiệu sản phẩm"))
    title.font.name = ".VnTimeH"
    document.add_paragraph(tcvn3("Kính gửi: Phòng Kinh tế và Hạ tầng. Người lập: Vi Thị Lập"))
    grid(document, [[old(tcvn3, value) for value in row] for row in (HEAD, CHO, QUAN, BEN)])
    return finished(document)


@case("xlsx")
def sheet_in_vni_times() -> bytes:
    """A workbook whose cells are set in VNI-Times, one of them half Unicode."""
    book = plain([[old(vni, value) for value in row] for row in (HEAD, CHO, QUAN, BEN)])
    for cell in (cell for row in book.active.iter_rows() for cell in row):
        cell.font = Font(name="VNI-Times")
    run = TextBlock(InlineFont(rFont="Arial"), "Đã có ")
    book.active["K3"] = CellRichText(run, vni("mặt bằng"))
    return saved(book)


@case("xlsx")
def sheet_in_tcvn3_without_fonts() -> bytes:
    """TCVN3 text in a workbook that names Calibri: the words of the table tell, ư included."""
    rows = [HEAD, [*CHO[:10], "Người Mường hướng dẫn"], QUAN, BEN]
    return saved(plain([[old(tcvn3, value) for value in row] for row in rows]))


@case("xlsx")
def sheet_of_mojibake() -> bytes:
    """UTF-8 that some program read as code page 1252, twice: Äiá»ƒm …"""
    rows = [[old(lambda text: mojibake(text, 2), value) for value in row] for row in (HEAD, CHO)]
    return saved(plain(rows))


def old(encode: Callable[[str], str], value: object) -> object:
    """Return a cell's value as an old file has it."""
    return encode(value) if isinstance(value, str) else value


def page(how: Manner, *rows: Sequence[Any], total: bool = False) -> UnruledPaper:
    """Return a PDF under way with this table and no borders but the rules that ``how`` names."""
    paper = UnruledPaper(replace(how, total=total))
    texts = [tuple("" if v is None else str(v) for v in row) for row in rows]
    texts = [tuple(text.replace(".", ",") for text in row) for row in texts]
    paper.table(texts)
    return paper


@case("pdf")
def paper_with_look_alikes() -> bytes:
    """Letters that PDF producers write for ư and Đ: ƣ (U+01A3) and the Icelandic Ð."""
    owner = "Hộ kinh doanh Lý Văn Thử, ngƣời đƣợc Ðảng uỷ giới thiệu"
    return page(AIRY, CHO, [*QUAN[:3], owner, *QUAN[4:]]).done()


@case("pdf")
def paper_without_borders() -> bytes:
    """A table without a single line: columns by the words' places, rows by the gaps between."""
    return page(AIRY, CHO, QUAN, BEN, total=True).done()


@case("pdf")
def paper_set_solid() -> bytes:
    """No line and no room between rows: wrapped texts are certain only as far as numbers tell."""
    return page(replace(AIRY, padding=0), CHO, QUAN, BEN).done()


@case("pdf")
def paper_with_rules_only() -> bytes:
    """Horizontal rules under each row and none between columns, cells set to the middle."""
    return page(replace(AIRY, rules="each", vertical="middle", padding=1), CHO, QUAN, BEN).done()


@case("pdf")
def paper_with_verticals_only() -> bytes:
    """Lines between columns and none between rows: no two rows may melt."""
    paper = page(replace(AIRY, rules="ends"), CHO, QUAN, BEN)
    paper.verticals()
    return paper.done()


@case("pdf")
def paper_on_its_side() -> bytes:
    """A landscape table that was turned by a quarter when it was printed (/Rotate 90)."""
    paper = page(AIRY, CHO, QUAN, BEN)
    paper.turn(90)
    return paper.done()


@case("xlsx")
def all_columns() -> bytes:
    """All sixteen columns of the form, each with the label of the campaign and a typed value."""
    head = [
        "TT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Loại hình", "Số ĐKKD/MST", "Người đại diện",
        "Điện thoại", "Vị trí theo QĐ 950/QĐ-BCT", "Diện tích (m²)", "Sản phẩm OCOP", "Hạng sao",
        "Ngày cấp giấy chứng nhận", "Nội dung đề nghị hỗ trợ", "Tổng kinh phí (đồng)",
        "Kinh phí đề nghị hỗ trợ (đồng)", "Ghi chú",
    ]  # fmt: skip
    row = [
        1, "Điểm OCOP chợ Bản Ngà", "Thôn Bản Ngà", "HTX Nông sản Bản Ngà", "HTX", "4900123456",
        "Hoàng Thị Mẫu", "0912345678", "Chợ", 35.5, "Mật ong bạc hà; Hồi khô", 4, dt.date(2023, 12, 15),
        "Biển hiệu, kệ trưng bày", 80_000_000, 50_000_000, "Không",
    ]  # fmt: skip
    return saved(plain([head, row]))


@case("xlsx")
def merged_two_row_header() -> bytes:
    """A header of two rows with merged parents, an index row (1)(2), money units in a parent."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Phụ lục I"
    sheet["A1"] = "BIỂU TỔNG HỢP ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP"
    sheet.merge_cells("A1:L1")
    top = ["STT", "Tên điểm", "Địa chỉ", "Chủ thể", "Người đại diện", None, "Diện tích (m2)", "Sản phẩm OCOP", None, "Kinh phí (triệu đồng)", None, "Ghi chú"]  # fmt: skip
    leaf = [None, None, None, None, "Họ và tên", "Điện thoại", None, "Tên sản phẩm", "Hạng sao", "Tổng", "Đề nghị hỗ trợ"]  # fmt: skip
    put(sheet, [top, leaf, [f"({n})" for n in range(1, 13)]], 3)
    for area in ("E3:F3", "H3:I3", "J3:K3", *(f"{c}3:{c}4" for c in "ABCDGL")):
        sheet.merge_cells(area)
    put(sheet, [[*CHO[:9], 80, 50], [*QUAN[:9], 120.5, 80]], 6)
    return saved(book)


@case("xlsx")
def unmerged_two_row_header() -> bytes:
    """A two-row header whose parents were never merged: empty cells stand beside them."""
    top = ["TT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Người đại diện", None, "Diện tích", "Sản phẩm OCOP", None, "Kinh phí đề nghị hỗ trợ"]  # fmt: skip
    leaf = [None, None, None, None, "Họ tên", "Số điện thoại", "(m2)", "Tên sản phẩm", "Hạng sao", "(nghìn đồng)"]  # fmt: skip
    index = ["A", "B", 1, 2, 3, 4, 5, 6, 7, 8]
    return saved(plain([top, leaf, index, [*CHO[:9], 50_000], [*QUAN[:9], 80_000]]))


@case("xlsx")
def unit_line_above() -> bytes:
    """The unit of money stands only in a line over the table: Đơn vị tính: triệu đồng."""
    head = [*HEAD[:9], "Kinh phí đề nghị hỗ trợ", "Ghi chú"]
    above = [["DANH SÁCH ĐIỂM BÁN HÀNG OCOP"], [None] * 9 + ["Đơn vị tính: triệu đồng"]]
    return saved(plain([head, CHO, QUAN], above=above))


@case("xlsx")
def unit_in_cells() -> bytes:
    """No unit anywhere but in the cells: 50 triệu, 0,08 tỷ, 30.500.000 đồng."""
    head = [*HEAD[:9], "Kinh phí đề nghị hỗ trợ", "Ghi chú"]
    rows = [[*CHO[:9], "50 triệu"], [*QUAN[:9], "0,08 tỷ"], [*BEN[:9], "30.500.000 đồng"]]
    return saved(plain([head, *rows]))


@case("xlsx")
def unit_nowhere() -> bytes:
    """No unit is stated anywhere: 50 may be anything, so it is an error and no value."""
    return saved(plain([[*HEAD[:9], "Kinh phí đề nghị hỗ trợ", "Ghi chú"], CHO]))


@case("xlsx")
def starts_at_c5() -> bytes:
    """The table starts at C5 (fault 59): places must be the true addresses."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Sheet1"
    put(sheet, [HEAD, CHO, [2, "Điểm thiếu địa chỉ", None, *QUAN[3:]]], 5, 3)
    return saved(book)


@case("xlsx")
def reordered_columns() -> bytes:
    """Columns in another order, one of our own making inserted, the optional ones left out."""
    order = [9, 1, 3, 2, 8, 7, 6, 4]
    head = [HEAD[n] for n in order]
    rows = [[row[n] for n in order] for row in (CHO, QUAN)]
    head.insert(3, "Tổ công tác")
    for row in rows:
        row.insert(3, "Tổ 1")
    return saved(plain([head, *rows], name="Trang tính1"))


@case("xlsx")
def missing_column() -> bytes:
    """The column of stars was deleted: read, with an error that names the column once."""
    return saved(plain([[v for n, v in enumerate(row) if n != 8] for row in (HEAD, CHO, QUAN)]))


@case("xlsx")
def header_in_other_writing() -> bytes:
    """Captions in capitals, without diacritics, broken inside words, numbered, with colons."""
    head = [
        "S T T", "TEN DIEM", "ĐỊA CHỈ:", "Chủ thể\nquản lý", "5. Người đại diện (ghi rõ họ tên)",
        "ĐIỆN THOẠI", "Diện\u00a0tích (m²)", "Sản phẩm Ocop", "Hạn\ng sao",
        "Kinh phí đề nghị hỗ trợ (ĐVT: triệu đồng)", "GHI CHÚ",
    ]  # fmt: skip
    return saved(plain([head, CHO, QUAN]))


@case("xlsx")
def header_with_a_slip() -> bytes:
    """A caption with a typing slip is taken by likeness, with less confidence and a warning."""
    head = [*HEAD]
    head[3] = "Chủ thể quản lí nhà"
    head[4] = "Ngưòi đại diên"
    return saved(plain([head, CHO]))


@case("xlsx")
def other_questions() -> bytes:
    """Columns that contain a known caption but ask something else are not taken for it."""
    head = [*HEAD, "Địa chỉ email", "Kinh phí đối ứng (triệu đồng)"]
    return saved(plain([head, [*CHO, "cho@banga.example", 30]]))


@case("xlsx")
def group_rows() -> bytes:
    """Roman group rows, numbers that start again, subtotals and a total: none of them a point."""
    rows = [
        HEAD,
        ["I", "Hợp tác xã"],
        CHO,
        ["Cộng I", None, None, None, None, None, 35.5, None, None, 50],
        ["II", "Hộ kinh doanh và doanh nghiệp"],
        [1, *QUAN[1:]],
        [2, *BEN[1:]],
        ["Cộng II", None, None, None, None, None, 32.5, None, None, 110.5],
        [None, "TỔNG CỘNG", None, None, None, None, 68, None, None, 160.5],
    ]
    return saved(plain(rows))


@case("xlsx")
def total_above() -> bytes:
    """The total stands above its rows, as in many statistical tables."""
    total = [None, "Tổng số", None, None, None, None, 68, None, None, 160.5]
    return saved(plain([HEAD, total, CHO, QUAN, BEN]))


@case("xlsx")
def total_mismatch() -> bytes:
    """Fault 83: the stated sum left out a number typed as text; the message says why."""
    rows = [HEAD, CHO, [*QUAN[:9], "80"], BEN]
    return saved(plain([*rows, ["Tổng cộng", *[None] * 5, 68, None, None, 80.5]]))


@case("xlsx")
def formula_without_result() -> bytes:
    """Fault 52: a formula that nobody calculated is an error, neither blank nor 0."""
    return saved(plain([HEAD, [*CHO[:9], "=25*2"], QUAN]))


@case("xlsx")
def formula_with_false_zero() -> bytes:
    """XlsxWriter saves 0 as the result of every formula and asks for calculation at opening."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2024, 5, 17, tzinfo=dt.UTC)})
    sheet = book.add_worksheet("Biểu 1")
    sheet.write_row(0, 0, HEAD)
    sheet.write_row(1, 0, CHO[:9])
    sheet.write_formula("J2", "=25*2")
    sheet.write_row(2, 0, QUAN)
    book.close()
    return frozen(out.getvalue())


@case("xlsx")
def ditto_marks() -> bytes:
    """nt, // and "như trên" repeat the value above, as people read them."""
    again = [2, "Cửa hàng Nà Lìn", "nt", "//", "-nt-", "0987654321", 20, "Vịt quay Nà Lìn", 3, 80, "như trên"]  # fmt: skip
    return saved(plain([HEAD, [*CHO[:10], "Gần chợ"], again]))


@case("xlsx")
def products_in_rows() -> bytes:
    """One point with three products in rows of their own, the other cells merged down."""
    book = plain([HEAD, CHO, [None] * 7 + ["Hồi khô", 4], [None] * 7 + ["Na dai", 4], QUAN])
    sheet = book.active
    for column in "ABCDEFGJK":
        sheet.merge_cells(f"{column}2:{column}4")
    return saved(book)


@case("xlsx")
def products_in_cell() -> bytes:
    """Several products in one cell: on lines, with dashes, with semicolons."""
    rows = [HEAD, [*CHO], [*QUAN]]
    rows[1][7] = "- Mật ong bạc hà\n- Hồi khô\n- Na dai"
    rows[2][7] = "Vịt quay Nà Lìn; Măng ớt"
    return saved(plain(rows))


@case("xlsx")
def merged_down_values() -> bytes:
    """An address merged over two points belongs to both; a sum merged over two belongs to none."""
    book = plain([HEAD, CHO, [2, *QUAN[1:2], None, *QUAN[3:9], None]])
    book.active.merge_cells("C2:C3")
    book.active.merge_cells("J2:J3")
    return saved(book)


@case("xlsx")
def last_year_beside() -> bytes:
    """Last year's sheet first, an empty Sheet2, a hidden sheet with data: only this year's counts."""
    book = plain([HEAD, [1, "Điểm cũ năm ngoái", *QUAN[2:]]], name="Năm 2023")
    put(book.create_sheet("Năm 2024"), [HEAD, CHO])
    book.create_sheet("Sheet2")
    hidden = book.create_sheet("Lưu")
    put(hidden, [HEAD, BEN])
    hidden.sheet_state = "hidden"
    return saved(book)


@case("xlsx")
def two_sheets() -> bytes:
    """Two visible sheets of our form with other points: both are read, and a warning asks."""
    book = plain([HEAD, CHO], name="Thôn Bản Ngà")
    put(book.create_sheet("Thôn Nà Lìn"), [HEAD, [1, *QUAN[1:]]])
    return saved(book)


@case("xlsx")
def only_hidden() -> bytes:
    """The form stands in a hidden sheet only: refused, because the sender cannot have meant it."""
    book = plain([["Kính gửi UBND huyện"]], name="Trang bìa")
    hidden = book.create_sheet("Lưu")
    put(hidden, [HEAD, BEN])
    hidden.sheet_state = "hidden"
    return saved(book)


@case("xlsx")
def blank_template() -> bytes:
    """Fault 62: our template came back with nothing but its printed numbers and dots."""
    rows = [[n, *["……"] * 3] for n in (1, 2, 3)]
    return saved(plain([HEAD, *rows, ["Tổng cộng"]], above=[["DANH SÁCH ĐĂNG KÝ"]]))


@case("xlsx")
def wrong_form() -> bytes:
    """Fault 62: another list with names, addresses and phones is refused, naming what it lacks."""
    head = ["STT", "Họ và tên", "Chức vụ", "Địa chỉ", "Điện thoại", "Ghi chú"]
    row = [1, "Nông Thị Bán", "Trưởng thôn", "Thôn Pò Lạn", "0912000111", None]
    return saved(plain([head, row], above=[["DANH SÁCH CÁN BỘ THÔN"]]))


@case("xlsx")
def nil_in_table() -> bytes:
    """Our table with the single entry "Không có nhu cầu" is a nil return, not a point."""
    above = [["UBND XÃ HÒA CƯ"], ["DANH SÁCH ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP"]]
    nil = [1, "Xã không có nhu cầu đăng ký hỗ trợ điểm giới thiệu và bán sản phẩm OCOP"]
    return saved(plain([HEAD, nil], above=above))


@case("xlsx")
def twice_the_same() -> bytes:
    """The same point twice and a count that does not fit: two warnings, both rows kept."""
    note = ["Danh sách này gồm có 02 điểm."]
    return saved(plain([HEAD, CHO, QUAN, [3, *CHO[1:]], note]))


@case("xlsx")
def hidden_row_and_column() -> bytes:
    """Hidden rows and columns are read like the others, and said."""
    book = plain([HEAD, CHO, QUAN])
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["D"].hidden = True
    return saved(book)


@case("xlsx")
def missing_values() -> bytes:
    """Required values that are missing: one error each, with the cell to fill."""
    return saved(plain([HEAD, [1, "Điểm OCOP chợ Bản Ngà", None, *CHO[3:7], None, None, 50], QUAN]))


@case("xlsx")
def header_repeated() -> bytes:
    """The header was pasted again in the middle for the second printed page."""
    return saved(plain([HEAD, CHO, QUAN, HEAD, BEN]))


@case("xlsx")
def without_numbers() -> bytes:
    """No STT column at all, and values as people type them."""
    rows = [
        HEAD[1:],
        [*CHO[1:6], "35,5 m2", "Mật ong bạc hà", "4 sao", "50 triệu"],
        [*QUAN[1:5], 987654321, "4x5m", "Vịt quay Nà Lìn", "***", "80,5"],
    ]
    return saved(plain(rows))


@case("xlsx")
def strict_workbook() -> bytes:
    """Fault 51: a Strict Open XML workbook, in which openpyxl sees no sheet and says nothing."""
    strict = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    }
    out = io.BytesIO()
    made = saved(plain([HEAD, CHO, QUAN]))
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            for transitional, name in strict.items():
                content = content.replace(transitional, name)
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return frozen(out.getvalue())


def finished(document: DocumentType) -> bytes:
    """Return the Word file's bytes."""
    out = io.BytesIO()
    document.save(out)
    return frozen(out.getvalue())


def grid(document: DocumentType, rows: Rows, style: str = "Table Grid") -> None:
    """Add a table of these rows."""
    filled = [list(row) for row in rows]
    table = document.add_table(len(filled), max(map(len, filled)), style)
    for r, row in enumerate(filled):
        for c, value in enumerate(row):
            table.cell(r, c).text = "" if value is None else str(value).replace(".", ",")


@case("docx")
def letter_with_table() -> bytes:
    """The commune's official letter with the table inside, numbers left to Word (empty STT)."""
    document = Document()
    head = document.add_table(2, 2)
    head.cell(0, 0).text = "ỦY BAN NHÂN DÂN\nXÃ HÒA CƯ"
    head.cell(0, 1).text = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
    head.cell(1, 0).text = "Số: 45/UBND-KT\nV/v đăng ký điểm giới thiệu và bán sản phẩm OCOP"
    head.cell(1, 1).text = "Hòa Cư, ngày 17 tháng 5 năm 2024"
    document.add_paragraph("Kính gửi: UBND huyện Cao Lộc.")
    document.add_paragraph(
        "Qua rà soát, UBND xã Hòa Cư đăng ký 02 điểm giới thiệu và bán sản phẩm OCOP như sau:"
    )
    grid(document, [HEAD, [None, *CHO[1:]], [None, *QUAN[1:]]])
    document.add_paragraph("UBND xã Hòa Cư trân trọng báo cáo./.")
    foot = document.add_table(1, 2)
    foot.cell(0, 0).text = "Nơi nhận:\n- Như trên;\n- Lưu: VT."
    foot.cell(0, 1).text = "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH\n\n\nHoàng Văn Ký"
    return finished(document)


@case("docx")
def nil_in_word_table() -> bytes:
    """A Word table with the one entry "Không có nhu cầu" is a nil return as well."""
    document = Document()
    document.add_paragraph("DANH SÁCH ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP")
    grid(document, [HEAD, [1, "Không có nhu cầu đăng ký điểm giới thiệu và bán sản phẩm OCOP"]])
    return finished(document)


@case("docx")
def table_in_two_pieces() -> bytes:
    """A Word table that the writer cut in two; the second piece has no header of its own."""
    document = Document()
    document.add_paragraph("DANH SÁCH ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP")
    grid(document, [HEAD, CHO])
    document.add_paragraph("")
    grid(document, [QUAN, BEN])
    return finished(document)
