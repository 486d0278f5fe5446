"""Text with separators: charset and separator by content; what does not fit is never shifted."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.cp1258 import encoded
from rigs.ocop_form import FORM
from rigs.outcomes import extracted, refusal
from rigs.sample_form import DATA, TRUTH, cells, found, wanted

import parsers
from parsers.charset import charset_of
from parsers.delimited import extract, separator
from parsers.grid import Extract, Limits
from parsers.legible import PartialExtract
from parsers.reading import CERTAIN, Reading, Refusal
from parsers.sniff import sniff
from parsers.vietnamese import repair

HEAD = "STT;Tên điểm;Địa chỉ;Diện tích (m2)\n"
LETTER = (
    "ỦY BAN NHÂN DÂN XÃ HÒA CƯ\nKính gửi: Phòng Kinh tế, Hạ tầng và Đô thị huyện,\n"
    "Thực hiện Công văn số 12, ngày 5/3/2025, của huyện, xã đã rà soát, tổng hợp.\n"
    "Xã không có nhu cầu đăng ký, đề nghị Phòng xem xét, tổng hợp./.\nNơi nhận: Như trên; Lưu VT.\n"
)


def read(data: bytes | str) -> Extract:
    return extracted(extract(data.encode() if isinstance(data, str) else data))


def refused(data: bytes | str, limits: Limits | None = None) -> Refusal:
    return refusal(extract(data.encode() if isinstance(data, str) else data, limits), "csv")


def texts(data: bytes | str) -> dict[str, str]:
    return {place.removeprefix("Bảng!"): cell.text for place, cell in cells(read(data)).items()}


ROWS = HEAD + "1;Điểm A;Thôn A;35,5\n2;Điểm B;Thôn B;20\n"


def test_fault_074_a_cut_last_row_is_told() -> None:
    """FAULTS 74: a short last line without its end: what else is missing, nobody knows."""
    result = read(ROWS + "3;Điểm C;Th")
    assert isinstance(result, PartialExtract)
    assert [(f.severity, f.code) for f in result.findings][:1] == [("error", "cut-off")]
    assert result.unread


def test_fault_074_a_last_value_that_may_be_cut_is_doubted() -> None:
    """FAULTS 74: 120 may have been 1200; who ends a file without a line end is asked."""
    last = cells(read(ROWS + "3;Điểm C;Thôn C;120"))["Bảng!D4"]
    assert last.trace is not None
    assert last.trace.confidence < CERTAIN
    assert cells(read(ROWS))["Bảng!D3"].trace is None
    assert not isinstance(read(ROWS), PartialExtract)


def test_fault_074_zeros_in_a_text_are_damage() -> None:
    """FAULTS 74: a block that was never written."""
    assert refused(ROWS.encode() + bytes(40) + ROWS.encode()).code == "damaged"


@pytest.mark.parametrize("name", ["cp1258", "utf16", "utf8", "utf8bom"])
def test_fault_072_every_value_of_the_samples(name: str) -> None:
    """CSV as programs write it, in every charset, with whatever name."""
    data = (DATA / f"csv_{name}.csv").read_bytes()
    result = parsers.read(data, FORM, name="bieu.xls")
    assert isinstance(result, Reading)
    assert result.kind == "csv"
    # The samples' one-row header does not say whose name column E is: then it is told, not guessed.
    for one, right in zip(found(result), wanted(), strict=True):
        assert one | {"representative": None} == right | {"representative": None}
    assert ("missing-column", "representative") in {(f.code, f.field) for f in result.findings}
    assert result.rows[0].places["name"] == "Bảng!B2"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_fault_072_separator_and_charset_by_content(mark: str, charset: str) -> None:
    """Comma, semicolon, tab, pipe; UTF-8 and UTF-16 with and without a mark."""
    out = io.StringIO()
    head = ["STT", "Tên điểm", "Địa chỉ", "Điện thoại", "Diện tích"]
    lines = [head, ["1", "Điểm A, B; C", "Thôn 1, xã Hòa Cư", "0912345678", "45,5"]] * 2
    csv.writer(out, delimiter=mark).writerows(lines)
    data = out.getvalue().encode(charset)
    assert sniff(data, "bieu.xls").kind == "csv"
    result = texts(data)
    assert result["B2"] == "Điểm A, B; C"
    assert result["E4"] == "45,5"


def test_fault_072_quotes_with_newlines() -> None:
    """A quoted cell may hold lines, separators and quotes; rows are counted as Excel counts."""
    result = texts(HEAD + '1;"Điểm ""A""\nchợ; cũ";Thôn 1;30\n2;Điểm B;Thôn 2;"40,5"\n')
    assert result["B2"] == 'Điểm "A"\nchợ; cũ'
    assert (result["B3"], result["D3"]) == ("Điểm B", "40,5")


def test_vietnamese_code_page_composes_its_tones() -> None:
    data = encoded(HEAD + "1;Điểm bán nông sản chợ Kỳ Lừa;Thôn Bản Ngà;30\n")
    assert charset_of(data) == "cp1258"
    assert texts(data)["B2"] == "Điểm bán nông sản chợ Kỳ Lừa"


def test_text_of_old_fonts_stays_as_it_looks_everywhere() -> None:
    """TCVN3 is no code page: its bytes come as the letters that a Western program shows."""
    data = "Céng hßa x· héi chñ nghÜa ViÖt Nam, ®éc lËp tù do h¹nh phóc".encode("cp1252")
    assert charset_of(data) == "cp1252"


def test_hint_of_excel_is_obeyed_and_not_counted() -> None:
    assert texts("sep=|\r\n" + HEAD.replace(";", "|") + "1|A|B|45,5\r\n")["D2"] == "45,5"


def test_empty_lines_keep_the_row_numbers() -> None:
    assert texts("BIỂU ĐĂNG KÝ\n\n" + HEAD + "1;A;B;3\n")["A4"] == "1"


def test_pipes_round_a_table() -> None:
    assert texts("| STT | Tên |\n|---|---|\n| 1 | Điểm A |\n")["C3"].strip() == "Điểm A"


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace(";", ",") + "1,Điểm A,Thôn 1, xã B,30\n",
        HEAD.replace(";", ",") + "1,Điểm A,Thôn 1,45,5\n",
        HEAD.replace(";", ",") + "1,Điểm A,Thôn 1, xã B,30\n2,Điểm C,Thôn 2, xã B,31\n" * 3,
    ],
    ids=["address", "decimal comma", "every row"],
)
def test_row_beyond_the_header_is_refused(text: str) -> None:
    """A separator inside a value would shift all that follows into wrong columns."""
    result = refused(text)
    assert result.code == "damaged"
    assert "Dòng 2" in result.message


def test_short_row_is_asked_about() -> None:
    result = read(HEAD + "1;Điểm A;Thôn 1;30\n2;Điểm B;31\n")
    assert isinstance(result, PartialExtract)
    assert [(f.code, f.place) for f in result.findings] == [("ragged-row", "Bảng!A3")]


def test_titles_and_signatures_may_be_shorter() -> None:
    text = "UBND XÃ HÒA CƯ\n" + HEAD + "1;Điểm A;Thôn 1;30\nTM. ỦY BAN NHÂN DÂN\n"
    assert not isinstance(read(text), PartialExtract)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '1;"Điểm A;Thôn 1;30\n2;Điểm B;Thôn 2;31\n',
        HEAD + '1;"Điểm A;Thôn 1;30\n2;Điểm B";Thôn 2;31\n',
        HEAD + '1;Điểm A;"Thôn 1;30\n2;Điểm B";Thôn 2;31\n',
        HEAD + '1;"Điểm" A;Thôn 1;30\n',
    ],
    ids=["open", "pair over rows", "pair that fits", "inside"],
)
def test_stray_quotes_never_swallow_rows(text: str) -> None:
    """Quotes that join rows, or end in the middle of a cell: refused, with what to do."""
    result = refused(text)
    assert result.code == "damaged"
    assert "Đề nghị" in result.message


@pytest.mark.parametrize("name", ["cong van.txt", "bieu.xls", ""])
def test_prose_is_no_table(name: str) -> None:
    assert separator(LETTER, sure=False) == ""
    assert sniff(LETTER.encode(), name).kind == "text"


def test_letter_in_a_text_file_is_read() -> None:
    for charset in ("utf-8", "utf-16"):
        result = parsers.read(LETTER.encode(charset), FORM, name="cong van.txt")
        assert isinstance(result, Reading)
        assert (result.kind, result.nil) == ("text", True)


def test_broken_utf8_is_damaged() -> None:
    data = (HEAD + "1;Điểm A;Thôn Bản Ngà;30\n").encode()
    assert refused(data.replace("ể".encode(), b"\xe1\xbb")).code == "damaged"


@pytest.mark.parametrize(
    "data",
    [
        b"a;b;c\n" * 30_000,
        b"a;b;c\n1;2;3\n" + b";" * 300 + b"x\n",
        HEAD.encode() + b"1;" + b"x" * 200_000 + b";y;z\n",
        b"a;b;c\n1;2;" + b"x" * 11_000_000,
        b"a;b;c\n1;2;3\n" + b"x;" * 4_000_000,
    ],
    ids=["rows", "columns", "cell", "one line", "one line of cells"],
)
def test_fault_057_budgets(data: bytes) -> None:
    """Too many rows, columns or letters: refused."""
    assert refused(data).code in {"too-large", "damaged"}


def test_no_content_is_empty() -> None:
    assert refused(";;;\n;;;\n").code == "empty"


@given(st.binary(max_size=300))
def test_fault_074_any_bytes_have_an_outcome(data: bytes) -> None:
    """No bytes crash the reader."""
    assert isinstance(extract(HEAD.encode() + data), Extract | Refusal)


LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Cf", "Cn", "Co", "Zs", "M"])


@given(
    st.lists(
        st.lists(
            st.text(LETTERS),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(",;\t|"),
)
def test_written_cells_come_back_or_are_refused(rows: list[list[str]], mark: str) -> None:
    """What the csv module quotes is read back in its place."""
    out = io.StringIO()
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([TRUTH["head"][:3], *rows])
    result = extract(f"sep={mark}\r\n{out.getvalue()}".encode())
    if isinstance(result, Extract):
        for place, cell in cells(result).items():
            line, column = int(place[6:]) - 2, ord(place[5]) - 65
            if line >= 0:
                assert cell.text == repair(rows[line][column])
