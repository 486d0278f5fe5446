import datetime as dt
import unicodedata

import pytest

from config.roster import COLUMNS, Roster, read_roster

HEADING = ",".join(COLUMNS)
ROWS = (
    "06223,2020-01-01,2025-07-01,xã,Hòa Cư,hoacu@mau.example,chutich.hoacu@mau.example,",
    "06187,2020-01-01,,thị trấn,Cao Lộc,caoloc@mau.example van.thu@mau.example,,TT Cao Lộc|TT.CL",
)
TEXT = "\n".join((HEADING, *ROWS)) + "\n"


def read(text: str | bytes) -> Roster:
    return read_roster("communes.csv", text if isinstance(text, bytes) else text.encode())


def whats(roster: Roster) -> list[tuple[int, str]]:
    return [(found.line, found.what) for found in roster.problems]


def test_every_column_arrives() -> None:
    roster = read(TEXT)
    assert roster.problems == ()
    assert roster.remarks == ()
    hoa_cu, cao_loc = roster.communes
    assert hoa_cu.key == ("06223", dt.date(2020, 1, 1))
    assert hoa_cu.valid_to == dt.date(2025, 7, 1)
    assert hoa_cu.title == "Xã Hòa Cư"
    assert hoa_cu.chair_emails == ("chutich.hoacu@mau.example",)
    assert hoa_cu.aliases == ()
    assert cao_loc.title == "Thị trấn Cao Lộc"
    assert cao_loc.valid_to is None
    assert cao_loc.emails == ("caoloc@mau.example", "van.thu@mau.example")
    assert cao_loc.aliases == ("TT Cao Lộc", "TT.CL")
    assert roster.lines == (2, 3)


SEMICOLONS = TEXT.replace(",", ";")
SAME = [
    pytest.param(TEXT.encode("utf-8-sig"), id="BOM"),
    pytest.param(TEXT.replace("\n", "\r\n").encode(), id="windows line ends"),
    pytest.param(SEMICOLONS.encode(), id="semicolons"),
    pytest.param(("sep=;\n" + SEMICOLONS).encode(), id="Excel's sep line"),
    pytest.param(TEXT.replace(",", "\t").encode("utf-16"), id="Excel's Unicode text"),
    pytest.param(("# ghi chú\n\n" + TEXT + "\n# hết\n").encode(), id="comments"),
    pytest.param(TEXT.replace("2020-01-01", "01/01/2020").encode(), id="day-first dates"),
    pytest.param(TEXT.replace("2020-01-01", "1/1/2020").encode(), id="short dates"),
    pytest.param(TEXT.replace("xã", "XÃ").replace("thị trấn", "Thị trấn").encode(), id="case"),
    pytest.param(TEXT.replace("Hòa Cư", "  Hòa   Cư ").encode(), id="blanks"),
    pytest.param(TEXT.replace(",Hòa Cư,", ',"Hòa Cư",').encode(), id="quotes"),
    pytest.param(TEXT.replace("code,valid", "Code, VALID").encode(), id="heading in capitals"),
    pytest.param(TEXT.replace("\n", ",,\n").encode(), id="empty columns at the end"),
    pytest.param(
        TEXT.replace("e van", "e, van").replace(
            "caoloc@mau.example, van.thu@mau.example", '"caoloc@mau.example, van.thu@mau.example"'
        ).encode(),
        id="addresses separated by a comma",
    ),
]  # fmt: skip


@pytest.mark.parametrize("data", SAME)
def test_fault_125_spreadsheets_save_the_same_roster_in_many_ways(data: bytes) -> None:
    """BOM, semicolons, UTF-16, cp1258, day-first dates: the same communes come out."""
    roster = read(data)
    assert roster.problems == ()
    assert roster.communes == read(TEXT).communes


def cp1258(text: str) -> bytes:
    """As Windows writes it: letters whole where the code page has them, else letter and tone."""
    out = b""
    for letter in text:
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", letter)
            tones = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
            bare = unicodedata.normalize("NFC", "".join(p for p in parts if p not in tones))
            out += (bare + tones).encode("cp1258")
    return out


def test_fault_125_cp1258_is_read_right_and_remarked_upon() -> None:
    """Excel's plain CSV on a Vietnamese Windows."""
    roster = read(cp1258(TEXT))
    assert roster.problems == ()
    assert [commune.name for commune in roster.communes] == ["Hòa Cư", "Cao Lộc"]
    assert [found.what for found in roster.remarks] == ["the file is in the old encoding cp1258"]
    assert "CSV UTF-8" in roster.remarks[0].remedy


@pytest.mark.parametrize(
    ("code", "remedy"),
    [("6223", "06223"), ("1", "01"), ("062234", "06223"), ("06-223", "06223")],
)
def test_fault_125_codes_that_a_spreadsheet_spoilt(code: str, remedy: str) -> None:
    """A leading zero that was lost is told with the code to write, never guessed."""
    roster = read(TEXT.replace("06223", code))
    (problem,) = roster.problems
    assert problem.line == 2
    assert f"write {remedy}" in problem.remedy or f"such as {remedy}" in problem.remedy
    assert len(roster.communes) == 1


def test_fault_125_an_old_encoding_that_is_neither_is_refused() -> None:
    """Bytes that no Vietnamese encoding explains are not turned into names."""
    data = TEXT.encode().replace("ò".encode(), b"\xcc\xcc\xff\xd2")
    assert [line for line, _ in whats(read(data))] == [2]
    assert read(data).communes == ()


def test_fault_127_a_letter_cut_in_half_is_not_taken_for_an_old_encoding() -> None:
    """UTF-8 that ends inside a letter was caught while it was being saved."""
    data = TEXT.encode()
    roster = read(data[: data.rindex("ộ".encode()) + 1])
    assert [found.what for found in roster.problems] == ["the letters here cannot be read"]


def test_a_line_break_inside_quotes_keeps_the_line_numbers_right() -> None:
    text = TEXT.replace("Hòa Cư", '"Hòa\nCư"').replace("06187", "6187")
    roster = read(text)
    assert roster.communes[0].name == "Hòa Cư"
    assert [line for line, _ in whats(roster)] == [4]


def test_an_open_quote_is_a_cut_row_and_not_a_crash() -> None:
    roster = read(TEXT.replace(",Hòa Cư", ',"Hòa Cư'))
    assert [line for line, _ in whats(roster)] == [2]
    assert roster.communes == ()


def test_an_address_twice_counts_once() -> None:
    roster = read(TEXT.replace("van.thu@mau.example", "CaoLoc@MAU.example"))
    assert roster.communes[1].emails == ("caoloc@mau.example",)


BAD_ROWS = (
    "6223,2020,2019-01-01,xa,Hòa C?,hoacu,chu tich,",
    ",,,,,,,",
    ",2020-01-01,,xã,Lộc Yên,,,",
    "06250,2020-01-01",
)


def test_every_problem_of_every_row_is_told() -> None:
    text = "\n".join((HEADING, *BAD_ROWS))
    assert [line for line, _ in whats(read(text))] == [2, 2, 2, 2, 2, 2, 2, 4, 5]
