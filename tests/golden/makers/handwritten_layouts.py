"""Cases of unusual layouts, written by hand: slips, tables on their side, several at once."""
# ruff: noqa: E501  a row of a table stands on one line

import datetime as dt
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.table import Table
from golden.makers.handwritten import (
    BEN,
    CHO,
    HEAD,
    QUAN,
    case,
    finished,
    grid,
    plain,
    put,
    saved,
)
from openpyxl import Workbook

LABELS = HEAD[1:]


def slip(point: Sequence[Any]) -> list[list[Any]]:
    """Return a point's labels with their values, one pair a row."""
    return [[label, value] for label, value in zip(LABELS, point[1:], strict=True)]


def typed(value: Any) -> str:
    """Return a value as people type it, with a decimal comma."""
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)


def spoken(point: Sequence[Any]) -> list[str]:
    """Return a point's labels with their values as lines of text, Vietnamese decimals."""
    return [
        f"{number}. {label}: {'.' * 30 if value is None else typed(value)}"
        for number, (label, value) in enumerate(slip(point), 1)
    ]


@case("xlsx")
def slip_on_a_sheet() -> bytes:
    """A phiếu: letterhead, title, sections across the sheet, labels beside values, signatures."""
    pairs = slip(CHO)
    rows = [
        ["UBND XÃ HÒA CƯ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        [None, "Độc lập - Tự do - Hạnh phúc"],
        [],
        ["PHIẾU ĐĂNG KÝ"],
        ["HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP"],
        ["I. THÔNG TIN CHUNG"],
        *pairs[:5],
        ["II. NỘI DUNG ĐĂNG KÝ"],
        *pairs[5:],
        [],
        [None, "Hòa Cư, ngày 17 tháng 5 năm 2024"],
        ["XÁC NHẬN CỦA UBND XÃ", "NGƯỜI ĐĂNG KÝ"],
        ["Hoàng Văn Ký", "Hoàng Thị Mẫu"],
    ]
    book = plain(rows, name="Phiếu")
    for row in (4, 5, 6, 12):
        book.active.merge_cells(start_row=row, start_column=1, end_row=row, end_column=2)
    return saved(book)


@case("xlsx")
def slips_on_sheets() -> bytes:
    """One phiếu a sheet, with an instruction sheet, a list of choices and an empty Sheet3 beside."""
    book = plain(
        [["HƯỚNG DẪN KÊ KHAI"], ["Tên điểm", "Ghi tên đầy đủ"], ["Địa chỉ", "Ghi thôn, xã"]],
        name="Hướng dẫn",
    )
    for name, point in (("Phiếu 1", CHO), ("Phiếu 2", QUAN), ("Phiếu 3", BEN)):
        put(book.create_sheet(name), [["PHIẾU ĐĂNG KÝ"], *slip(point)])
    put(
        book.create_sheet("Danh mục"),
        [["Loại hình", "Hạng sao"], ["Hợp tác xã", 3], ["Hộ kinh doanh", 4]],
    )
    book.create_sheet("Sheet3")
    return saved(book)


@case("xlsx")
def slips_stacked() -> bytes:
    """Three phiếu below each other, each with its title; the last one is not filled in."""
    blank = [[label, None] for label in LABELS]
    rows = [
        row for pairs in (slip(CHO), slip(QUAN), blank) for row in (["PHIẾU ĐĂNG KÝ"], *pairs, [])
    ]
    return saved(plain(rows))


@case("xlsx")
def slip_in_four_columns() -> bytes:
    """Label, value, label, value; a label merged down in front of two further labels."""
    rows = [
        ["PHIẾU ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP"],
        ["Tên điểm", CHO[1], "Chủ thể quản lý", CHO[3]],
        ["Địa chỉ", CHO[2], "Diện tích (m2)", CHO[6]],
        ["Người đại diện", "Họ và tên", CHO[4]],
        [None, "Điện thoại", CHO[5]],
        ["Sản phẩm OCOP", CHO[7], "Hạng sao", "4 sao"],
        ["Kinh phí đề nghị hỗ trợ", "50", "triệu đồng"],
    ]
    book = plain(rows)
    book.active.merge_cells("A1:D1")
    book.active.merge_cells("A4:A5")
    return saved(book)


@case("xlsx")
def slip_in_single_cells() -> bytes:
    """Label and value in one cell; dots to write on are a blank and are asked for."""
    lines = spoken([*CHO[:5], None, *CHO[6:]])
    lines[8] = "9. Kinh phí đề nghị hỗ trợ: 50.000.000 đồng........"
    return saved(plain([["PHIẾU ĐĂNG KÝ"], *([line] for line in lines)]))


@case("xlsx")
def slips_side_by_side() -> bytes:
    """Two phiếu beside each other in one sheet: read down, not across."""
    rows = [[*left, None, *right] for left, right in zip(slip(CHO), slip(QUAN), strict=True)]
    return saved(plain(rows))


@case("xlsx")
def slip_with_two_addresses() -> bytes:
    """The owner's address is not the point's; without sections two addresses leave a doubt."""
    owner = [
        ["I. THÔNG TIN VỀ CHỦ THỂ QUẢN LÝ"],
        ["Chủ thể quản lý", CHO[3]],
        ["Địa chỉ", "Khối 3, thị trấn Cao Lộc"],
    ]
    rows = [row for row in slip(CHO) if row[0] != "Chủ thể quản lý"]
    return saved(plain([["PHIẾU ĐĂNG KÝ"], *owner, ["II. ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM"], *rows]))


@case("xlsx")
def transposed() -> bytes:
    """One point a column: numbers, groups merged down the side, a column of units, a total."""
    labels = [
        "Tên điểm",
        "Địa chỉ",
        "Chủ thể quản lý",
        "Người đại diện",
        "Điện thoại",
        "Diện tích",
        "Sản phẩm OCOP",
        "Hạng sao",
        "Kinh phí đề nghị hỗ trợ",
    ]
    units = {"Diện tích": "m2", "Kinh phí đề nghị hỗ trợ": "triệu đồng"}
    sums = {"Diện tích": 68, "Kinh phí đề nghị hỗ trợ": 160.5}
    rows: list[list[Any]] = [["Nhóm", "Chỉ tiêu", "ĐVT", "Điểm 1", "Điểm 2", "Điểm 3", "Tổng cộng"]]
    for number, label in enumerate(labels, 1):
        group = {1: "Thông tin chung", 6: "Nội dung đăng ký"}.get(number)
        points = (CHO[number], QUAN[number], BEN[number])
        rows.append([group, label, units.get(label), *points, sums.get(label)])
    book = plain(rows, above=[["DANH SÁCH ĐĂNG KÝ ĐIỂM OCOP"], []])
    book.active.merge_cells("A4:A8")
    book.active.merge_cells("A9:A12")
    return saved(book)


@case("xlsx")
def tables_side_by_side() -> bytes:
    """A table of ours left, another of ours right of it, with one empty column between."""
    rows = [[*HEAD, None, *HEAD], [*CHO, None, *BEN], [*QUAN]]
    return saved(plain(rows))


@case("xlsx")
def table_right_of_contacts() -> bytes:
    """Left of our table stands a list of contacts, with telephone numbers of its own."""
    contacts = [["STT", "Họ và tên", "Điện thoại"], [1, "Vi Thị Lập", "0911222333"]]
    rows = [[*left, None, *right] for left, right in zip(contacts, [HEAD, CHO], strict=True)]
    return saved(plain(rows))


@case("xlsx")
def communes_as_groups() -> bytes:
    """Several communes in one sheet, each a group with groups of its own; each row says under which."""
    rows = [
        HEAD,
        ["I", "Xã Hòa Cư"],
        [None, "Hợp tác xã"],
        CHO,
        ["Cộng I", *[None] * 5, 35.5, None, None, 50],
        ["II", "Xã Gia Cát"],
        [1, *QUAN[1:]],
        [2, *BEN[1:]],
        ["Tổng cộng (I+II)", *[None] * 5, 68, None, None, 160.5],
    ]
    book = plain(rows)
    book.active.merge_cells("B3:K3")
    return saved(book)


@case("xlsx")
def commune_a_sheet() -> bytes:
    """One commune a sheet, the title naming it: both are read, and the heading names both."""
    book = Workbook()
    for number, (commune, point) in enumerate((("HÒA CƯ", CHO), ("GIA CÁT", QUAN))):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = f"Sheet{number + 1}"
        put(sheet, [[f"UBND XÃ {commune}"], ["DANH SÁCH ĐĂNG KÝ ĐIỂM OCOP"], HEAD, [1, *point[1:]]])
    return saved(book)


@case("xlsx")
def same_table_twice() -> bytes:
    """The same table in two sheets is one answer, read once and said."""
    book = plain([HEAD, CHO, QUAN], name="Biểu 1")
    put(book.create_sheet("Biểu 1 (2)"), [HEAD, CHO, QUAN])
    return saved(book)


@case("xlsx")
def groups_and_page_sums() -> bytes:
    """Groups by small letters and by "1." without number; sums of pages and brought forward."""
    rows = [
        HEAD,
        ["a", "Hợp tác xã"],
        CHO,
        [None, "Cộng trang 1", *[None] * 4, 35.5, None, None, 50],
        [None, "Mang sang", *[None] * 4, 35.5, None, None, 50],
        [None, "2. Hộ kinh doanh, doanh nghiệp"],
        QUAN,
        BEN,
        [None, "Lũy kế", *[None] * 4, 68, None, None, 160.5],
    ]
    return saved(plain(rows))


@case("xlsx")
def ditto_in_numbers_and_dates() -> bytes:
    """Ditto marks stand for numbers, stars, dates and sums as well."""
    head = [*HEAD[:9], "Ngày cấp giấy chứng nhận", HEAD[9]]
    rows = [
        head,
        [*CHO[:9], dt.date(2023, 12, 15), 50],
        [*QUAN[:6], '"', QUAN[7], "nt", "-nt-", "//"],
    ]
    return saved(plain(rows))


@case("xlsx")
def unit_against_values() -> bytes:
    """The caption says triệu đồng, the cells hold đồng: an error each, never a guess."""
    rows = [HEAD, [*CHO[:9], 50_000_000], [*QUAN[:9], "80.000.000"], BEN]
    return saved(plain(rows))


@case("xlsx")
def rows_that_are_no_points() -> bytes:
    """A title between header and rows, hints, numbered empty rows, notes, signatures in the table."""
    hints = [None, "(ghi đầy đủ)", "(thôn, xã)", None, None, None, None, None, "(1-5)"]
    rows = [
        HEAD,
        hints,
        [f"({n})" for n in range(1, 12)],
        ["CÁC ĐIỂM ĐĂNG KÝ ĐỢT 2"],
        CHO,
        HEAD,
        QUAN,
        [3],
        [4, "…………"],
        ["Ghi chú: số liệu đến ngày 15/5/2024"],
        [None, "NGƯỜI LẬP BIỂU", None, None, None, None, None, "TM. ỦY BAN NHÂN DÂN"],
        [None, "Vi Thị Lập", None, None, None, None, None, "Hoàng Văn Ký"],
    ]
    book = plain(rows)
    book.active.merge_cells("A4:K4")
    return saved(book)


@case("xlsx")
def nsnn_under_a_sum() -> bytes:
    """ "Nguồn NSNN" under the sum asked for is a part of it: doubted, and the total beside too."""
    head = [*HEAD[:9], "Kinh phí đề nghị hỗ trợ (triệu đồng)", None]
    rows = [head, [*[None] * 9, "Nguồn NSNN", "Đối ứng"], [*CHO[:9], 50, 30]]
    book = plain(rows)
    for column in "ABCDEFGHI":
        book.active.merge_cells(f"{column}1:{column}2")
    book.active.merge_cells("J1:K1")
    return saved(book)


def pairs_table(document: DocumentType, rows: Sequence[Sequence[Any]]) -> Table:
    """Add a table of these rows; a row of one text goes across."""
    width = max(map(len, rows))
    table = document.add_table(len(rows), width, "Table Grid")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            table.cell(number, column).text = "" if value is None else typed(value)
        if len(row) == 1:
            table.cell(number, 0).merge(table.cell(number, width - 1))
    return table


@case("docx")
def slip_in_word() -> bytes:
    """A Word phiếu with numbers, sections, ticked boxes, dots to write on and a wrong caption kept."""
    document = Document()
    document.add_paragraph("UBND XÃ HÒA CƯ")
    document.add_paragraph("PHIẾU ĐĂNG KÝ")
    document.add_paragraph("HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP")
    pairs = slip(CHO)
    rows = [["I. THÔNG TIN CHUNG"], *([n, *pair] for n, pair in enumerate(pairs[:5], 1))]
    rows += [
        [6, "Loại hình", "☐ Doanh nghiệp   ☒ HTX   ☐ Tổ hợp tác   ☐ Hộ kinh doanh"],
        [7, "Số ĐKKD/MST", "................"],
        [8, "Email", "banga@htx.example"],
        ["II. NỘI DUNG ĐĂNG KÝ"],
        *([n, *pair] for n, pair in enumerate(pairs[5:9], 9)),
    ]
    pairs_table(document, rows)
    document.add_paragraph("Hòa Cư, ngày 17 tháng 5 năm 2024")
    return finished(document)


@case("docx")
def slip_over_two_tables() -> bytes:
    """One phiếu whose two sections are tables of their own, and a second phiếu after it."""
    document = Document()
    for point in (CHO, QUAN):
        document.add_paragraph("PHIẾU ĐĂNG KÝ")
        document.add_paragraph("I. Thông tin chung")
        pairs_table(document, slip(point)[:5])
        document.add_paragraph("II. Nội dung đăng ký")
        pairs_table(document, slip(point)[5:])
    return finished(document)


@case("docx")
def slips_in_paragraphs() -> bytes:
    """Two phiếu without any table: numbered lines, dots, a list of products on lines of its own."""
    document = Document()
    document.add_paragraph("UBND XÃ HÒA CƯ")
    for point in (CHO, QUAN):
        document.add_paragraph("PHIẾU ĐĂNG KÝ")
        document.add_paragraph("Hỗ trợ điểm giới thiệu và bán sản phẩm OCOP")
        lines = spoken(point)
        lines[6] = "7. Sản phẩm OCOP:"
        lines[7] = "8. Hạng sao: 4 sao - Ngày cấp giấy chứng nhận: 15/12/2023"
        for number, line in enumerate(lines):
            document.add_paragraph(line)
            if number == 6:
                document.add_paragraph("- Mật ong bạc hà")
                document.add_paragraph("- Hồi khô")
        document.add_paragraph("NGƯỜI ĐĂNG KÝ")
        document.add_paragraph("(Ký, ghi rõ họ tên)")
    return finished(document)


@case("docx")
def list_in_a_letter() -> bytes:
    """A letter that lists its points in sentences of labels: each is read, what is missing asked for."""
    document = Document()
    for line in (
        "UBND XÃ HÒA CƯ",
        "Số: 45/UBND-KT",
        "Kính gửi: UBND huyện Cao Lộc",
        "UBND xã đăng ký 02 điểm như sau:",
        "Điểm 1: Điểm OCOP chợ Bản Ngà - Địa chỉ: Thôn Bản Ngà - Chủ thể: HTX Nông sản Bản Ngà - Người đại diện: Hoàng Thị Mẫu - Điện thoại: 0912.345.678 - Diện tích: 35,5 m2 - Sản phẩm: Mật ong bạc hà - Hạng sao: 4 sao - Kinh phí đề nghị hỗ trợ: 50 triệu đồng.",
        "Điểm 2: Cửa hàng Nà Lìn - Địa chỉ: Thôn Nà Lìn - Người đại diện: Lý Văn Ví - Điện thoại: 0987654321 - Kinh phí đề nghị hỗ trợ: 80 triệu đồng.",
        "Trân trọng báo cáo./.",
        "Mọi chi tiết liên hệ:",
        "Điện thoại: 0205 3811 222",
    ):
        document.add_paragraph(line)
    return finished(document)


@case("docx")
def letter_that_names_the_columns() -> bytes:
    """A letter that mentions the form's columns and has an address and a telephone is no form."""
    document = Document()
    for line in (
        "UBND XÃ HÒA CƯ",
        "Địa chỉ: Thôn Bản Ngà, xã Hòa Cư",
        "Điện thoại: 0205 3811 222",
        "Số: 46/UBND-KT",
        "Kính gửi: UBND huyện Cao Lộc",
        "UBND xã đề nghị hướng dẫn cách ghi các cột sau của biểu:",
        "- Tên điểm: ghi tên dự kiến hay tên trên biển hiệu;",
        "- Diện tích: tính cả kho hay không?",
        "Nơi nhận: Như trên; Lưu: VT.",
    ):
        document.add_paragraph(line)
    return finished(document)


@case("docx")
def transposed_in_word() -> bytes:
    """One point a column in Word, with a section across and remarks how to fill in at the right."""
    document = Document()
    document.add_paragraph("DANH SÁCH ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP")
    rows: list[list[Any]] = [["Nội dung", "Điểm 1", "Điểm 2", "Ghi chú"], ["I. THÔNG TIN CHUNG"]]
    for number, label in enumerate(LABELS[:9], 1):
        hint = "ghi theo giấy chứng nhận" if label == "Hạng sao" else None
        rows.append([label, CHO[number], QUAN[number], hint])
    pairs_table(document, rows)
    return finished(document)


@case("docx")
def groups_in_word() -> bytes:
    """Groups across a Word table, a two-row header, a value merged down, further products below."""
    document = Document()
    document.add_paragraph("DANH SÁCH ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP")
    rows = [
        HEAD,
        [f"({n})" for n in range(1, 12)],
        ["I. Xã Hòa Cư"],
        CHO,
        [None] * 7 + ["Hồi khô"],
        ["II. Xã Gia Cát"],
        [1, *QUAN[1:]],
    ]
    grid(document, rows)
    table = document.tables[0]
    for row in (2, 5):
        table.cell(row, 0).merge(table.cell(row, 10))
    for column in (0, 1, 2, 3, 4, 5, 6, 8, 9):
        table.cell(3, column).merge(table.cell(4, column))
    return finished(document)
