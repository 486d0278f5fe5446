"""PDFs with a text layer: tables whole across pages, letterheads in order, pictures refused."""

import io
import json
import re
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from pdfminer.pdftypes import PDFStream
from pdfminer.psparser import LIT
from pypdfium2 import PdfDocument
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from rigs.old_fonts import tcvn3
from rigs.outcomes import extracted, refusal
from rigs.papers import Paper

from parsers import pdf
from parsers.grid import Cell, Extract, Limits
from parsers.legible import PartialExtract, is_garbled
from parsers.pdf import extract, picture_pages
from parsers.pdf_join import Piece, joined
from parsers.pdf_page import _is_melted
from parsers.pdf_streams import is_complete, is_torn
from parsers.pdf_text import Segment, cell_text, glyphs, segments
from parsers.reading import Refusal

DATA = Path(__file__).parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))
HEADER = ("STT", "Ten diem", "Dia chi", "Kinh phi")
WIDTHS = (30, 150, 150, 80)
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def read(data: bytes) -> Extract:
    return extracted(extract(data))


def texts(data: bytes) -> list[list[str | None]]:
    (grid,) = read(data).grids
    return [[cell.text if cell else None for cell in line] for line in grid.rows]


def refused(data: bytes) -> Refusal:
    result = refusal(extract(data), "pdf")
    assert result.message.count(" ") > 5
    return result


@pytest.mark.parametrize("name", ["form_docx.pdf", "form_split.pdf", "letter_form.pdf"])
def test_sample_form_whole(name: str) -> None:
    (grid,) = read((DATA / name).read_bytes()).grids
    body = [line for line in grid.rows if line[0] and line[0].text.isdigit()]
    found = [[re.sub(r"\s", "", cell.text) for cell in line if cell] for line in body]
    wanted = [
        [re.sub(r"\s", "", str(value)).replace(".0", "") for value in line]
        for line in TRUTH["rows"]
    ]
    decimals = {6, 9}
    for one, other in zip(found, wanted, strict=True):
        for column, (text, value) in enumerate(zip(one, other, strict=True)):
            assert (text.replace(",", ".") if column in decimals else text) == value
    assert grid.before[-2].startswith("BIỂU TỔNG HỢP")


def test_letterhead_is_read_column_by_column() -> None:
    lines = read((DATA / "letter_form.pdf").read_bytes()).lines
    assert lines[:8] == (
        "ỦY BAN NHÂN DÂN",
        "XÃ YÊN THƯỢNG",
        "Số: 37/UBND-KT",
        "V/v đăng ký điểm trưng bày, bán",
        "sản phẩm OCOP năm 2025",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Yên Thượng, ngày 18 tháng 3 năm 2025",
    )
    at = lines.index("Nơi nhận:")
    assert lines[at + 3 : at + 6] == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", "Nguyễn Văn Trường")


def test_words_broken_for_lack_of_room_are_whole() -> None:
    found = texts((DATA / "form_docx.pdf").read_bytes())
    assert found[1][8] == "Hạng sao"
    assert found[3][5] == "0912345678"


def line(text: str, x1: float, word: float = 20) -> Segment:
    return Segment(text, 0, x1, 0, 10, word)


@pytest.mark.parametrize(
    ("upper", "lower", "text"),
    [
        (line("091234567", 49), line("8", 5), "0912345678"),
        (line("0912345678", 50), line("0987654321", 50), "0912345678\n0987654321"),
        (line("Hạn", 49), line("g sao", 20, 5), "Hạng sao"),
        (line("Mật ong", 40, 20), line("hoa nhãn", 40, 20), "Mật ong hoa nhãn"),
        (line("4 sa", 48), line("o", 5, 5), "4 sao"),
        (line("Mật ong", 40, 20), line("Chè tuyết", 40, 20), "Mật ong\vChè tuyết"),
        (line("Mật ong", 20, 10), line("Chè", 10, 10), "Mật ong\nChè"),
        (line("Mật ong", 49), line("- Chè", 30), "Mật ong\n- Chè"),
        (line("Tổ", 10), line("3 phố Muối", 40, 5), "Tổ\n3 phố Muối"),
        (line("Khu 17", 48), line(", thị trấn", 40, 4), "Khu 17, thị trấn"),
    ],
)
def test_breaks_in_a_cell(upper: Segment, lower: Segment, text: str) -> None:
    assert cell_text([upper, lower], 50)[0] == text


@pytest.mark.parametrize(
    ("upper", "lower", "text", "torn"),
    [
        (line("Nguy", 48), line("ên", 20, 20), "Nguyên", True),
        (line("Nguy", 48), line("ên, xã", 40, 24), "Nguyên, xã", True),
        (line("OCO", 48), line("P Nà", 20, 8), "OCOP Nà", True),
        (line("HTX", 48), line("Nông", 40, 40), "HTX\vNông", True),
        (line("Nguyên", 48), line("hoa", 20, 20), "Nguyên hoa", False),
        (line("Hòa", 48), line("Cư", 20, 20), "Hòa\vCư", False),
        (line("nướn", 48), line("g", 8, 8), "nướng", False),
        (line("Biển hi", 48), line("ệu mới", 30, 12), "Biển hi ệu mới", True),
        (line("Quầy O", 48), line("COP Nà", 30, 16), "Quầy O\vCOP Nà", True),
        (line("Vịt quay", 48), line("Nà Lìn", 30, 12), "Vịt quay\vNà Lìn", False),
    ],
)
def test_words_that_a_narrow_column_may_have_torn_are_in_doubt(
    upper: Segment, lower: Segment, text: str, *, torn: bool
) -> None:
    assert cell_text([upper, lower], 50) == (text, torn)


def two_pages(second: list[tuple[str, ...]], *, title: str = "") -> bytes:
    paper = Paper()
    paper.line(40, 60, "Bieu dang ky")
    paper.table(
        700, [HEADER, ("1", "Diem A", "Thon 1", "50"), ("2", "Diem", "Thon 2", "60")], WIDTHS
    )
    paper.page()
    if title:
        paper.line(40, 60, title)
    paper.table(80, second, WIDTHS)
    paper.line(290, 820, "2")
    return paper.done()


def test_fault_071_repeated_header_is_no_row() -> None:
    """A table over two pages is one table; its second header and the page number are not rows."""
    data = two_pages([HEADER, ("3", "Diem C", "Thon 3", "70")])
    assert [row[0] for row in texts(data)] == ["STT", "1", "2", "3"]
    (grid,) = read(data).grids
    assert grid.rows[3][1] is not None
    assert grid.rows[3][1].place == "page 2, row 2, column 2"
    assert read(data).lines == ("Bieu dang ky",)


def test_fault_071_row_cut_by_the_page_break_is_joined() -> None:
    """The rest of a row at the head of the next page joins its row."""
    data = two_pages([HEADER, ("", "B", "xa Hoa Cu", ""), ("3", "Diem C", "Thon 3", "70")])
    found = texts(data)
    assert found[2] == ["2", "Diem\vB", "Thon 2\vxa Hoa Cu", "60"]
    assert found[3][0] == "3"


def test_second_product_after_the_break_is_a_row_of_its_own() -> None:
    data = two_pages([("", "Diem B2", "", "75"), ("3", "Diem C", "Thon 3", "70")])
    assert [row[3] for row in texts(data)] == ["Kinh phi", "50", "60", "75", "70"]


def test_a_titled_table_on_the_next_page_is_another_table() -> None:
    data = two_pages([HEADER, ("1", "Diem C", "Thon 3", "70")], title="Bieu nam 2023")
    assert [len(grid.rows) for grid in read(data).grids] == [3, 2]


@pytest.mark.parametrize("turned_text", [0, 90, 180, 270])
@pytest.mark.parametrize("turned_page", [0, 90, 180, 270])
def test_fault_071_rotated_pages_read_upright(turned_text: int, turned_page: int) -> None:
    """Text drawn on its side, a page turned by /Rotate, or both: the letters decide."""
    paper = Paper((800, 800))
    canvas = paper.canvas
    canvas.translate(400, 400)
    canvas.rotate(turned_text)
    canvas.translate(-400, -400)
    paper.line(40, 60, "Bieu dang ky")
    paper.table(100, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    canvas.setPageRotation(turned_page)
    assert texts(paper.done()) == [list(HEADER), ["1", "Diem A", "Thon 1", "50"]]


def test_fault_071_two_tables_on_a_page() -> None:
    """Two tables of a page stay two, with places that tell them apart."""
    paper = Paper()
    below = paper.table(100, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    paper.line(40, below + 20, "Lien he")
    paper.table(below + 40, [("Ho ten", "So", "Ghi chu"), ("A", "1", "x")], (100, 80, 90))
    first, second = read(paper.done()).grids
    assert first.after == second.before == ("Lien he",)
    assert second.rows[1][0] is not None
    assert second.rows[1][0].place == "page 1, table 2, row 2, column 1"


def _locked(user: str, owner: str) -> bytes:
    paper = Paper(encrypt=StandardEncryption(user, owner, canPrint=1))
    paper.line(40, 60, "Bieu dang ky")
    paper.table(100, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    return paper.done()


def test_fault_071_empty_user_password_is_no_obstacle() -> None:
    """An owner's password only forbids printing: the file is read."""
    assert texts(_locked("", "chu"))[1][1] == "Diem A"


def test_fault_050_pdf_with_a_password() -> None:
    """A PDF that asks for a password says so."""
    refusal = refused(_locked("mat khau", "chu"))
    assert refusal.code == "encrypted"
    assert "mật khẩu" in refusal.message


def test_fault_070_scan_is_refused_with_advice() -> None:
    """A page that is a picture, with or without OCR's invisible text, is not silently empty."""
    scan = Paper().picture(0, 0, 595, 842).done()
    searchable = Paper().picture(0, 0, 595, 842)
    hidden = searchable.canvas.beginText(40, 700)
    hidden.setTextRenderMode(3)
    hidden.setFont("Helvetica", 11)
    hidden.textLine("Danh sach dang ky diem gioi thieu va ban san pham")
    searchable.canvas.drawText(hidden)
    for data in (scan, searchable.done()):
        assert picture_pages(data) == {1}
        refusal = refused(data)
        assert refusal.code in {"unreadable", "empty"}
        assert ".xlsx" in refusal.message


def test_fault_070_picture_page_beside_text_is_told() -> None:
    """A letter with a scanned table behind it: the unread page is named."""
    paper = Paper().line(40, 60, "Kinh gui Phong Kinh te va Ha tang huyen").page()
    result = read(paper.picture(0, 0, 595, 842).done())
    assert isinstance(result, PartialExtract)
    assert result.unread == ("page 2",)
    assert "Trang 2" in result.findings[0].message


def test_fault_070_too_many_pages() -> None:
    """More pages than the limit are refused before any is read."""
    paper = Paper()
    for _ in range(6):
        paper.line(40, 60, "trang").page()
    result = extract(paper.done(), Limits(pdf_pages=5))
    assert isinstance(result, Refusal)
    assert result.code == "too-large"


def test_fault_057_lattice_of_a_million_crossings() -> None:
    """A page with hundreds of lines in both directions is refused at once."""
    paper = Paper()
    for at in range(300):
        paper.canvas.line(at, 0, at, 842)
        paper.canvas.line(0, 2 * at, 595, 2 * at)
    paper.line(40, 60, "Danh sach dang ky cua xa")
    assert refused(paper.done()).code == "too-large"


def test_fault_057_too_many_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with more drawn objects than any form has is refused by the first look."""
    monkeypatch.setattr(pdf, "_MOST_OBJECTS", 50)
    paper = Paper()
    for at in range(60):
        paper.canvas.line(at, 0, at, 842)
    assert refused(paper.done()).code == "too-large"


def test_overlapping_letters_are_refused() -> None:
    refusal = refused((DATA / "form_overlap_xlsx.pdf").read_bytes())
    assert refusal.code == "unreadable"
    assert "đè lên nhau" in refusal.message


def test_empty_page() -> None:
    assert refused(Paper().page().done()).code == "empty"


def test_fault_074_truncated_or_flipped_pdf() -> None:
    """Cut at every twentieth or with bytes flipped: a refusal or the right rows, never others."""
    paper = Paper()
    paper.table(100, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    whole = paper.done()
    right = texts(whole)
    for twentieth in range(1, 20):
        result = extract(whole[: len(whole) * twentieth // 20])
        assert isinstance(result, Refusal) or [
            [cell.text if cell else None for cell in line]
            for grid in result.grids
            for line in grid.rows
        ] in ([], right)
    for at in range(0, len(whole), 97):
        broken = bytearray(whole)
        broken[at] ^= 0x20
        assert isinstance(extract(bytes(broken)), Extract | Refusal)


_STREAM = re.compile(rb"/FlateDecode[^>]*>>\s*stream\r?\n(.+?)endstream", re.DOTALL)


@pytest.mark.parametrize("name", ["form_docx.pdf", "letter_form.pdf"])
def test_fault_074_a_page_whose_stream_breaks_off_is_damaged(name: str) -> None:
    """FAULTS 74: a viewer shows what comes before the broken place, and no rows behind it."""
    data = (DATA / name).read_bytes()
    whole = read(data).grids
    first = min(_STREAM.finditer(data), key=lambda found: found.start())
    for part in (0.2, 0.5, 0.9):
        broken = bytearray(data)
        broken[first.start(1) + int(len(first[1]) * part)] ^= 0x10
        result = extract(bytes(broken))
        assert isinstance(result, Refusal) or result.grids == whole
        if isinstance(result, Refusal):
            assert result.code == "damaged"


def test_fault_074_a_stream_without_its_checksum_is_whole() -> None:
    """FAULTS 74: old programs leave it out; a wrong one, or half a stream, is damage."""
    packed = zlib.compress(b"BT (x) Tj ET " * 500)
    cases = {packed: True, packed[:-4] + b"\r\n": True, packed[:-4] + b"abcd": False,
             packed[:-9]: False, packed[: len(packed) // 2]: False, b"": False}  # fmt: skip
    for data, is_whole in cases.items():
        stream = PDFStream({"Filter": LIT("FlateDecode")}, data)
        page = SimpleNamespace(contents=[stream], resources={})
        assert is_torn(page) is not is_whole, len(data)


def test_fault_074_a_pdf_that_lost_or_gained_bytes_is_told() -> None:
    """FAULTS 74: its table of objects is not where its end says; rows may be gone or wrong."""
    data = (DATA / "form_docx.pdf").read_bytes()
    assert is_complete(data)
    assert is_complete(b"\r\n" + data + bytes(300))
    middle = data.index(b"endobj", len(data) // 2)
    for torn in (data[:middle] + data[middle + 60 :], data[:middle] * 2 + data[middle:]):
        assert not is_complete(torn)
        result = extract(torn)
        assert isinstance(result, Refusal | PartialExtract)
        if isinstance(result, PartialExtract):
            assert result.findings[0].code == "cut-off"
    assert not is_complete(data[: len(data) // 2])
    assert not is_complete(b"%PDF-1.4 startxref 99999999 %%EOF")


def test_fault_054_library_errors_become_one_code() -> None:
    """pdfminer's errors, some with empty text, are the one refusal `damaged`."""
    copy = io.BytesIO()
    PdfDocument((DATA / "form_docx.pdf").read_bytes()).save(copy)
    data = copy.getvalue()
    assert refused(data[: len(data) // 2]).code == "damaged"
    assert refused(b"%PDF-1.7\n" + b"x" * 2000).code == "damaged"


def test_a_row_drawn_open_at_the_page_end_is_a_row() -> None:
    """A page break may leave out the line below the last row; the row must not be lost."""
    paper = Paper()
    bottom = paper.table(700, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    edges = [40 + sum(WIDTHS[:count]) for count in range(len(WIDTHS) + 1)]
    for x in edges:
        paper.canvas.line(x, paper.size[1] - bottom, x, paper.size[1] - bottom - 30)
    for x, text in zip(edges, ("2", "Diem B", "Thon 2", "60"), strict=False):
        paper.line(x + 3, bottom + 11, text, 9)
    assert texts(paper.done())[-1] == ["2", "Diem B", "Thon 2", "60"]


def test_a_phone_torn_by_the_page_break_does_not_make_two_rows() -> None:
    """Only the rest of a row has the rest of its telephone number; words may be torn too."""
    first = [HEADER, ("1", "Diem A", "0912345678", "50"), ("2", "Nôn", "07100098", "60")]
    rows = [tuple(Cell(text, text, "") for text in line) for line in first]
    rest = tuple(Cell(text, text, "") for text in ("", "g san Nguy", "13", ""))
    edges = (0.0, 30.0, 180.0, 330.0, 410.0)
    upper = Piece(1, "", tuple(rows), edges, opens=True, closes=True)
    whole = joined(upper, Piece(2, "", (rest,), edges, opens=True, closes=True))
    assert [cell.text for cell in whole.rows[-1] if cell] == [
        "2",
        "Nông san Nguy",
        "07100098\v13",
        "60",
    ]
    assert len(whole.rows) == 3


def test_a_row_whose_code_the_page_break_tore_is_one_row_in_doubt() -> None:
    """Figures on both sides, but the row goes on in many cells and has ended in others."""
    above = ("7", "Điểm", "Thôn 1", "496584", "Vi Th", "52", "91")
    below = ("", "bán hàng", "xã Bản Ngà", "8266", "ị Mẫu", "", "")
    full = ("", "Điểm khác", "Thôn 2", "497777", "Vi Ví", "30", "40")
    rows = [tuple(Cell(text, text, "") for text in texts) for texts in (above, below, full)]
    edges = tuple(float(at) for at in range(0, 400, 50))
    upper = Piece(1, "", (rows[0],), edges, opens=True, closes=True)
    whole = joined(upper, Piece(2, "", (rows[1],), edges, opens=True, closes=True))
    assert len(whole.rows) == 1
    assert [cell.torn for cell in whole.rows[0] if cell] == [False, *[True] * 4, False, False]
    two = joined(upper, Piece(2, "", (rows[2],), edges, opens=True, closes=True))
    assert len(two.rows) == 2


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_boxes_are_shares_of_the_upright_page(turned: int) -> None:
    """Whatever /Rotate says, a box is where the cell stands on the page that one can read."""
    paper = Paper((800, 800))
    canvas = paper.canvas
    canvas.translate(400, 400)
    canvas.rotate(turned)
    canvas.translate(-400, -400)
    paper.table(100, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    canvas.setPageRotation(turned)
    (grid,) = read(paper.done()).grids
    cell = grid.rows[1][1]
    assert cell is not None
    assert cell.trace is not None
    page, *sides = cell.trace.box or ()
    assert page == 1
    assert sides == pytest.approx([70 / 800, 130 / 800, 220 / 800, 160 / 800], abs=0.002)


def test_boxes_are_shares_of_the_page_that_is_shown() -> None:
    """A crop box hides the rest of the page: shares are of what a viewer shows."""
    paper = Paper()
    paper.canvas.setCropBox((0, 421, 595, 842))
    paper.table(100, [HEADER, ("1", "Diem A", "Thon 1", "50")], WIDTHS)
    (grid,) = read(paper.done()).grids
    cell = grid.rows[1][0]
    assert cell is not None
    assert cell.trace is not None
    assert cell.trace.box is not None
    assert cell.trace.box[2] == pytest.approx(130 / 421, abs=0.002)


GARBLED = (
    ["U BAN DÂN T C C NG HOÀ XÃ H I", "CH NGH A VI T NAM Đ C L P T DO H NH PH C"] * 3,
    ["TH#NG T$ ch!ng c#$ v% vi^c h#ng d!n th%c hi^n m*t s# n*i dung c#a"] * 3,
)


@pytest.mark.parametrize("lines", GARBLED)
def test_fault_070_a_page_whose_letters_are_no_text_is_a_picture(lines: list[str]) -> None:
    """A text layer that drops, shifts or does not map its letters is not read; the page is told."""
    pdfmetrics.registerFont(TTFont("DejaVu", DEJAVU))
    paper = Paper().line(40, 60, "Kinh gui Phong Kinh te va Ha tang huyen").page()
    for number, line in enumerate(lines):
        paper.canvas.setFont("DejaVu", 9)
        paper.canvas.drawString(40, 700 - 20 * number, line)
    data = paper.done()
    assert picture_pages(data) == {2}
    result = read(data)
    assert not isinstance(result, Refusal)
    assert result.lines[0] == "Kinh gui Phong Kinh te va Ha tang huyen"
    # What was drawn is read from the page's picture, and is no better than what was drawn.
    assert is_garbled(result.lines[1:]) or isinstance(result, PartialExtract)


@pytest.mark.parametrize(
    "text", ["\ufffd\ufffd\ufffdm gi\ufffd\ufffdi thi\ufffdu", "\ue012\ue045\ue007\ue099 " * 4]
)
def test_letters_without_a_meaning_are_garbled(text: str) -> None:
    assert is_garbled([text])
    assert not is_garbled(["Điểm giới thiệu và bán sản phẩm OCOP \uf0b7 3 \uf0ab"])


def test_fault_070_text_under_an_opaque_picture_is_not_what_one_sees() -> None:
    """Some scanners draw the recognised letters first and the scan over them."""
    paper = Paper().line(40, 60, "Danh sach dang ky diem gioi thieu va ban san pham")
    data = paper.picture(0, 0, 595, 842).done()
    assert picture_pages(data) == {1}
    assert refused(data).code in {"unreadable", "empty"}


def test_fault_067_a_font_of_a_pdf_tells_its_code() -> None:
    """Letters in a subset of .VnTime are decoded one by one, the soft hyphen to ư."""
    chars = [
        {"text": letter, "fontname": "ABCDEF+.VnTime", "size": 10.0}
        | {"x0": 10.0 * at, "x1": 10.0 * at + 9, "top": 0.0, "bottom": 10.0}
        for at, letter in enumerate(tcvn3("người Điểm"))
    ]
    assert "".join(glyph.text for glyph in glyphs(chars)) == "người Điểm"
    (segment,) = segments(glyphs(chars), split=False)
    assert (segment.written, segment.code) == (tcvn3("người Điểm"), "tcvn3")


def test_a_number_torn_by_a_narrow_column_is_not_two_rows() -> None:
    """12 over two lines looks like rows 1 and 2 in one cell; after 11 it is 12."""

    def cells(*numbers: str) -> list[list[Segment]]:
        return [[line(part, 10) for part in number.split()] for number in numbers]

    assert not _is_melted(cells("STT", "9", "1 0", "1 1", "1 2", "1 3"))
    assert _is_melted(cells("STT", "1 2", "3"))
    assert _is_melted(cells("STT", "7", "8 9"))
    assert _is_melted(cells("STT", "11", "1 2 3"))
