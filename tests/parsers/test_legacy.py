"""Text older than Unicode: what the font says, what the words say, and what must stay."""

import io
import unicodedata
from collections.abc import Callable, Sequence

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from rigs.old_fonts import cp1258, mojibake, tcvn3, vni
from rigs.papers import docx, paragraph

from parsers import sheet, word
from parsers.grid import Cell, Extract, Grid, Trace
from parsers.legacy import believed, code_of, decoded, joined, shows_capitals
from parsers.legible import spelled
from parsers.mending import mended
from parsers.mojibake import unscrambled
from parsers.vietnamese import looks_legacy, repair, settled

LETTERS = "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ"
ROWS = (
    ("STT", "Tên điểm", "Địa chỉ", "Người đại diện"),
    ("1", "Điểm OCOP chợ Bản Ngà", "Thôn Bản Ngà, xã Hòa Cư", "Hoàng Thị Mẫu"),
    ("2", "Cửa hàng nông sản Nà Lìn", "Số 5, thôn Nà Lìn", "Nguyễn Văn Hướng"),
)
UNICODE = (
    ("Điểm giới thiệu và bán sản phẩm OCOP", "35 m²", "Café Nestlé"),
    ("Xã Hòa Cư", "½ sào", "«Ba Sao» ®"),
    ("§ 5, Điều 2", "“XÃ”–2024", "Crème brûlée à la carte"),
    ("Hà Là", "Lò bà Tú", "SKU-µ45·A"),
)


def table(rows: Sequence[Sequence[str]], lines: Sequence[str] = ()) -> Extract:
    grid = Grid("Biểu 1", tuple(tuple(Cell(text, text, "B1") for text in row) for row in rows))
    return Extract("xlsx", (grid,), tuple(lines))


def texts(extract: Extract) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row if cell) for row in extract.grids[0].rows]


def written(rows: Sequence[Sequence[str]], encode: Callable[[str], str]) -> Extract:
    return table([[encode(text) for text in row] for row in rows])


@pytest.mark.parametrize(
    ("font", "code"),
    [
        (".VnTime", "tcvn3"),
        (".VnArial NarrowH", "tcvn3"),
        ("ABCDEF+.VnTime,Bold", "tcvn3"),
        ("VNI-Times", "vni"),
        ("ABCDEF+VNI-Helve-Condense", "vni"),
        ("Times New Roman", ""),
        ("Vni", "vni"),
        ("Vnpt Sans", ""),
        ("", ""),
    ],
)
def test_code_of_a_font(font: str, code: str) -> None:
    assert code_of(font) == code


def test_fonts_of_capitals() -> None:
    assert shows_capitals(".VnTimeH")
    assert shows_capitals("ABCDEF+.VnTimeH,Bold")
    assert not shows_capitals(".VnTime")
    assert decoded("céng hoµ x· héi", ".VnTimeH") == ("CỘNG HOÀ XÃ HỘI", "tcvn3")


def test_every_letter_comes_back() -> None:
    assert decoded(tcvn3(LETTERS), ".VnTime") == (LETTERS, "tcvn3")
    assert decoded(vni(LETTERS + LETTERS.upper()), "VNI-Times") == (
        LETTERS + LETTERS.upper(),
        "vni",
    )
    assert decoded(tcvn3("Ư Ơ Đ Ă Â Ê Ô"), ".VnTime")[0] == "Ư Ơ Đ Ă Â Ê Ô"


def test_the_soft_hyphen_is_a_letter() -> None:
    """TCVN3's ư is U+00AD, which every cleaner strips: "người" became "ngời"."""
    assert tcvn3("người") == "ng\xadêi".replace("ê", "\xea")
    assert repair(tcvn3("người")) == tcvn3("người")
    assert decoded(repair(tcvn3("người")), ".VnTime")[0] == "người"
    assert settled("Hòa\u00adCư") == "HòaCư"


def test_unicode_left_in_an_old_font_stays() -> None:
    assert decoded("Điểm giới thiệu", ".VnTime") == ("Điểm giới thiệu", "")
    assert not believed(["Điểm giới thiệu", "Hà", "bán sản phẩm"], "tcvn3")
    assert believed([tcvn3("Điểm giới thiệu"), "OCOP", tcvn3("bán sản phẩm")], "tcvn3")


def test_a_letter_in_two_runs() -> None:
    whole = joined([("Co", "VNI-Times"), ("ä", "VNI-Times"), ("ng Hòa", "Arial")])
    assert whole == ("Cộng Hòa", "Coäng Hòa", "vni")


@pytest.mark.parametrize(
    ("encode", "code"),
    [
        (tcvn3, "tcvn3"),
        (cp1258, "tcvn3"),
        (vni, "vni"),
        (mojibake, "mojibake"),
        (lambda text: mojibake(text, 2), "mojibake"),
    ],
)
def test_fault_067_words_tell_the_code_of_a_table(encode: Callable[[str], str], code: str) -> None:
    """Without a font's name the whole table decides; what stood there is kept."""
    result = mended(written(ROWS, encode))
    assert texts(result) == list(ROWS)
    assert result.repairs == (code,)
    cell = result.grids[0].rows[1][1]
    assert cell is not None
    assert cell.trace is not None
    assert (cell.trace.written, cell.trace.repair) == (encode(ROWS[1][1]), code)
    assert not any(looks_legacy(text) for row in texts(result) for text in row)


def test_columns_of_two_codes() -> None:
    """A column pasted from an old file is decoded, its Unicode neighbour is not."""
    mixed = [(name, tcvn3(name)) for name in ("Hòa Cư", "Hoàng Thị Mẫu", "Nguyễn Văn Hướng", "Hà")]
    result = texts(mended(table(mixed)))
    assert [row[1] for row in result] == [row[0] for row in mixed] == [row[0] for row in result]


def test_a_cell_that_may_be_either_is_in_doubt() -> None:
    names = ("Hòa Cư", "Hoàng Thị Mẫu", "Nguyễn Văn Hướng")
    rows = [(name, tcvn3(name), "Hé") for name in names]
    doubtful = mended(table(rows)).grids[0].rows[0][2]
    assert doubtful is not None
    assert doubtful.text == "Hé"
    assert doubtful.trace == Trace(confidence=0.5)


def test_too_little_evidence_changes_nothing() -> None:
    """Two legacy words are no proof; the error `legacy-font` of the cell asks for them again."""
    result = mended(table([("Tªn ®iÓm",), ("OCOP",)]))
    assert texts(result) == [("Tªn ®iÓm",), ("OCOP",)]
    assert result.repairs == ()
    assert looks_legacy(texts(result)[0][0])


def test_tcvn3_that_lost_its_soft_hyphens_is_not_decoded() -> None:
    """A printer or cleaner took every ư away: "được" would become "đợc", "người" "ngời"."""
    stripped = [tcvn3(text).replace("\xad", "") for text in ("được hưởng", "Người Mường ở chợ")]
    assert texts(mended(table([stripped]))) == [tuple(stripped)]
    assert not believed(stripped, "tcvn3")
    assert believed([tcvn3("được hưởng")], "tcvn3")
    long = tcvn3("Bản Ngà ở chợ Đồng Đăng, hồi khô và mật ong bạc hà của xã " * 8)
    assert not believed([long], "tcvn3")


def test_the_soft_hyphen_of_a_word_file() -> None:
    """LibreOffice writes it as an element of its own."""
    fonts = "<w:rPr><w:rFonts w:ascii='.VnTime' w:hAnsi='.VnTime'/></w:rPr>"
    run = f"<w:p><w:r>{fonts}<w:t>§iÓm ng</w:t><w:softHyphen/><w:t>êi</w:t></w:r></w:p>"
    result = word.extract(docx(run))
    assert isinstance(result, Extract)
    assert result.lines == ("Điểm người",)


def test_letters_that_look_scrambled_and_are_not() -> None:
    assert unscrambled("Điểm") is None
    assert texts(mended(table([("“XÃ”",), ("TOÀN XÃ–2024",)]))) == [("“XÃ”",), ("TOÀN XÃ–2024",)]


@pytest.mark.parametrize("row", UNICODE)
def test_unicode_is_never_decoded(row: tuple[str, ...]) -> None:
    for rows in ([row], UNICODE, [*UNICODE, *ROWS]):
        result = mended(table(rows, lines=[*row]))
        assert texts(result) == [tuple(map(settled, each)) for each in rows]
        assert result.repairs == ()
        assert result.lines == tuple(map(settled, row))


MIXED = (
    "xã hà là và bà cô lò tú hội chợ điểm Ngà Đồng mận sản phẩm người rượu Café m² ½ "
    "Nestlé Été OCOP SP-12 § ® naïve 35,5 «Sao» 50% Zoë Müller señor L’Oréal "
)
SYLLABLES = st.sampled_from(MIXED.split())


@given(st.lists(st.lists(SYLLABLES, max_size=6).map(" ".join), min_size=1, max_size=12))
def test_no_unicode_text_is_changed(cells: list[str]) -> None:
    """Vietnamese, French-looking, signs, codes, in any mixture: what was Unicode stays as it is."""
    result = mended(table([cells], lines=cells))
    assert texts(result) == [tuple(map(settled, cells))]
    assert result.repairs == ()


@given(st.text(max_size=60))
def test_mending_never_fails_and_leaves_nothing_invisible(text: str) -> None:
    result = mended(table([(text,)], lines=[text]))
    (line,) = result.lines
    assert unicodedata.is_normalized("NFC", line)
    assert "\xad" not in line


@pytest.mark.parametrize("word", ["người", "nghiêng", "quyết", "gì", "Hoà", "khuỷu", "rượu"])
def test_spelled(word: str) -> None:
    assert spelled(word)
    assert not spelled(tcvn3(word))


# --- fonts of Word and Excel ----------------------------------------------------------------------


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_fault_067_runs_of_a_word_file_in_old_and_new_fonts() -> None:
    """The font of each run decides, also that of its style and of the document."""
    document = Document()
    document.styles["Normal"].font.name = "Arial"
    document.styles["Normal"].element.rPr.rFonts.set(qn("w:hAnsi"), "Arial")
    line = document.add_paragraph()
    line.add_run("Xã Hòa Cư: ")
    line.add_run(tcvn3("người đăng ký")).font.name = ".VnTime"
    line.add_run(tcvn3(" hòa cư")).font.name = ".VnTimeH"
    style = document.styles.add_style("Cu", 1)
    style.font.name = "VNI-Times"
    document.add_paragraph(vni("Điểm giới thiệu"), style="Cu")
    result = word.extract(saved(document))
    assert isinstance(result, Extract)
    assert result.lines == ("Xã Hòa Cư: người đăng ký HÒA CƯ", "Điểm giới thiệu")
    assert result.repairs == ("tcvn3", "vni")


def test_the_document_default_font_is_old() -> None:
    fonts = "<w:rFonts w:ascii='.VnTime' w:hAnsi='.VnTime'/>"
    styles = f"<w:docDefaults><w:rPrDefault><w:rPr>{fonts}</w:rPr></w:rPrDefault></w:docDefaults>"
    result = word.extract(docx(paragraph(tcvn3("Điểm giới thiệu")), styles=styles))
    assert isinstance(result, Extract)
    assert result.lines == ("Điểm giới thiệu",)


def test_fault_067_cells_and_runs_of_a_workbook_in_an_old_font() -> None:
    """The cell's font, or the run's own; a Unicode cell beside them stays."""
    book = Workbook()
    page = book.active
    page["A1"] = tcvn3("Điểm chợ người")
    page["A1"].font = Font(name=".VnTime")
    page["B1"] = "Hà"
    page["C1"] = CellRichText("Hà ", TextBlock(InlineFont(rFont="VNI-Times"), vni("Tên điểm")))
    result = sheet.extract(saved(book))
    assert isinstance(result, Extract)
    first, second, third = result.grids[0].rows[0]
    assert first == Cell(
        "Điểm chợ người",
        "Điểm chợ người",
        "Sheet!A1",
        "General",
        trace=Trace(written=tcvn3("Điểm chợ người"), repair="tcvn3"),
    )
    assert second is not None
    assert third is not None
    assert (second.text, third.text) == ("Hà", "Hà Tên điểm")


def test_a_workbook_of_unicode_in_an_old_font_stays() -> None:
    book = Workbook()
    names = ["Điểm giới thiệu", "Hòa Cư", "Hà", "Nguyễn"]
    for row, name in enumerate(names, 1):
        book.active.cell(row, 1, name).font = Font(name=".VnTime")
    result = sheet.extract(saved(book))
    assert isinstance(result, Extract)
    assert texts(result) == [(name,) for name in names]
