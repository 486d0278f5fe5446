"""Official letters as Word and PDF give their text, with the blanks and tears of real ones."""

from pathlib import Path

import pytest

from parsers.letter import (
    annex_letter,
    cited_numbers,
    heading_lines,
    read_letter,
    secrecy_mark,
)
from parsers.reading import Letter

LETTERS = Path(__file__).parent / "letters"
EXPECTED = Letter(
    number="37/UBND-KT",
    issued_on="2025-03-18",
    subject="đăng ký điểm trưng bày, bán sản phẩm OCOP năm 2025",
    signer="Nguyễn Văn Trường",
    organ="ỦY BAN NHÂN DÂN XÃ YÊN THƯỢNG",
    points_stated=14,
)


def _lines(name: str) -> list[str]:
    return (LETTERS / name).read_text("utf-8").splitlines()


def _letter(
    number: str = "Số: 45/UBND-KT",
    date: str = "Hòa Cư, ngày 17 tháng 5 năm 2024",
    organ: tuple[str, ...] = ("ỦY BAN NHÂN DÂN", "XÃ HÒA CƯ"),
    body: str = "UBND xã đăng ký 02 điểm.",
    signature: tuple[str, ...] = ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", "", "Lộc Văn Thử"),
) -> list[str]:
    return [
        *organ,
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        number,
        "V/v đăng ký điểm giới thiệu và bán",
        "sản phẩm OCOP",
        date,
        "Kính gửi: UBND huyện Cao Lộc.",
        "Thực hiện Công văn số 1144/UBND-KT&HT ngày 26/4/2024 của UBND huyện.",
        body,
        "Nơi nhận:",
        "- Như trên;",
        "- Lưu: VT.",
        *signature,
    ]


@pytest.mark.parametrize("name", ["from_word.txt", "two_columns_from_pdf.txt"])
def test_word_and_pdf_give_the_same_letter(name: str) -> None:
    assert read_letter(_lines(name)) == EXPECTED


def test_the_call_without_letterhead_is_a_letter_with_blanks() -> None:
    assert read_letter(_lines("call.txt")) == Letter()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("Số: 45/UBND-KT", "45/UBND-KT"),
        ("Số 45 /UBND-VP", "45/UBND-VP"),
        ("Số: 05/CV-UBND", "05/CV-UBND"),
        ("SỐ: 45/BC-UBND", "45/BC-UBND"),
        ("Số: 1144/UBND-KT&HT", "1144/UBND-KT&HT"),
        ("Số: 42/HDLN-SCT-SNNPTNT-SVHTTDL-STC", "42/HDLN-SCT-SNNPTNT-SVHTTDL-STC"),
        ("Số: 45/UBND - KT", "45/UBND-KT"),
        ("Số: 45/UBND–KT", "45/UBND-KT"),
        ("Số: 45/UBND-KT & HT", "45/UBND-KT&HT"),
        ("Số: 45a/UBND", "45a/UBND"),
        ("Số: 45/2024/CV-UBND", "45/2024/CV-UBND"),
        ("Số:      /BC-UBND", None),
        ("Số: …./UBND-KT", None),
        ("Số:     /", None),
        ("Số: 45/", None),
        ("Số: 45/Ubnd-kt", None),
    ],
)
def test_own_number(written: str, number: str | None) -> None:
    letter = read_letter(_letter(number=written))
    assert letter is not None
    assert letter.number == number


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Hòa Cư, ngày 17 tháng 5 năm 2024", "2024-05-17"),
        ("Hòa Cư, ngày 05 tháng 02 năm 2024", "2024-02-05"),
        ("Hòa Cư, ngày 17/5/2024", "2024-05-17"),
        ("Hoà Cư ngày 17 tháng 5 năm 2024", "2024-05-17"),
        ("Hòa Cư, ngày      tháng 5 năm 2024", None),
        ("Hòa Cư, ngày … tháng … năm 2024", None),
        ("Hòa Cư, ngày     /5/2024", None),
        ("Hòa Cư, ngày 31 tháng 2 năm 2024", None),
    ],
)
def test_the_date_of_the_letterhead_never_a_cited_one(written: str, day: str | None) -> None:
    letter = read_letter(_letter(date=written))
    assert letter is not None
    assert letter.issued_on == day


@pytest.mark.parametrize(
    ("lines", "organ"),
    [
        (("ỦY BAN NHÂN DÂN", "XÃ HÒA CƯ"), "ỦY BAN NHÂN DÂN XÃ HÒA CƯ"),
        (("UBND HUYỆN CAO LỘC", "UBND XÃ HÒA CƯ"), "UBND XÃ HÒA CƯ"),
        (("UBND HUYỆN CAO LỘC", "ỦY BAN NHÂN DÂN", "XÃ HÒA CƯ"), "ỦY BAN NHÂN DÂN XÃ HÒA CƯ"),
        (("UỶ BAN NHÂN DÂN", "THỊ TRẤN ĐỒNG ĐĂNG"), "UỶ BAN NHÂN DÂN THỊ TRẤN ĐỒNG ĐĂNG"),
        (("UBND XÃ HÒA CƯ CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",), "UBND XÃ HÒA CƯ"),
        ((), None),
    ],
)
def test_the_issuing_organ(lines: tuple[str, ...], organ: str | None) -> None:
    letter = read_letter(_letter(organ=lines))
    assert letter is not None
    assert letter.organ == organ


@pytest.mark.parametrize(
    ("block", "signer"),
    [
        (("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH", "(Đã ký)", "Lộc Văn Thử"), "Lộc Văn Thử"),
        (("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Nông Thị Mẫu"), "Nông Thị Mẫu"),
        (("CHỦ TỊCH", "LỘC VĂN THỬ"), "LỘC VĂN THỬ"),
        (("- Lưu: VT. CHỦ TỊCH", "- Như trên; Hoàng Thử Nghiệm"), "Hoàng Thử Nghiệm"),
        (("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"), None),
        ((), None),
    ],
)
def test_the_signer(block: tuple[str, ...], signer: str | None) -> None:
    letter = read_letter(_letter(signature=block))
    assert letter is not None
    assert letter.signer == signer


@pytest.mark.parametrize(
    ("body", "points"),
    [
        ("UBND xã đăng ký 02 điểm.", 2),
        ("Tổng số điểm đăng ký: 14 điểm, trong đó có 03 điểm do hợp tác xã quản lý.", 14),
        ("Danh sách gồm 03 (ba) điểm.", 3),
        ("UBND xã đề nghị hỗ trợ một điểm tại chợ.", 1),
        ("UBND xã đăng ký 0 điểm.", 0),
        ("Sản phẩm đạt 72 điểm.", None),
        ("UBND xã gửi danh sách các điểm có nhu cầu.", None),
    ],
)
def test_the_points_that_the_prose_names(body: str, points: int | None) -> None:
    letter = read_letter(_letter(body=body))
    assert letter is not None
    assert letter.points_stated == points


def test_a_report_has_its_subject_below_its_type() -> None:
    lines = _letter()
    lines[5:7] = []
    at = lines.index("Kính gửi: UBND huyện Cao Lộc.")
    lines[at:at] = ["BÁO CÁO", "Kết quả rà soát điểm giới thiệu", "và bán sản phẩm OCOP"]
    letter = read_letter(lines)
    assert letter is not None
    assert letter.subject == "Kết quả rà soát điểm giới thiệu và bán sản phẩm OCOP"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["DANH SÁCH ĐĂNG KÝ", "(Kèm theo Công văn số   /UBND ngày   /5/2024)", "CHỦ TỊCH"],
        ["Em gửi biểu ạ.", "Trân trọng."],
        ["Số 12, tổ 3, khu phố Mẫu"],
    ],
)
def test_what_is_no_letter(lines: list[str]) -> None:
    assert read_letter(lines) is None


def test_heading_has_letterhead_and_titles_but_never_the_body() -> None:
    heading = heading_lines(_letter())
    assert heading[:2] == ("ỦY BAN NHÂN DÂN", "XÃ HÒA CƯ")
    assert not any("huyện" in line or "CỘNG HÒA" in line for line in heading)
    assert heading_lines(["Kính gửi: UBND xã Gia Cát", "XÃ GIA CÁT"]) == ()


@pytest.mark.parametrize(
    "body",
    [
        "Kính gửi: UBND xã Gia Cát",
        "UBND xã Gia Cát báo cáo kết quả rà soát như sau:",
        "Qua rà soát tại xã Gia Cát",
        "Ghi chú: cột 9 theo báo cáo của UBND xã Gia Cát",
        "TM. UBND XÃ GIA CÁT",
        "Trong thời gian qua các cơ sở đã phối hợp với xã Gia Cát để rà soát các điểm tại thôn",
    ],
)
def test_heading_ends_where_the_body_or_the_signature_begins(body: str) -> None:
    assert heading_lines(["DANH SÁCH", "XÃ HÒA CƯ", body, "XÃ GIA CÁT"]) == (
        "DANH SÁCH",
        "XÃ HÒA CƯ",
    )


def test_a_sheet_with_a_date_is_no_letter_by_its_annex_line() -> None:
    lines = [
        "BIỂU",
        "(Kèm theo Công văn số 45/UBND-KT của UBND xã Hòa Cư)",
        "Hòa Cư, ngày 17/5/2024",
    ]
    assert read_letter(lines) is None


def test_cited_numbers_survive_line_breaks_and_keep_their_order() -> None:
    assert cited_numbers("\n".join(_lines("call.txt"))) == (
        "689/SCT-QLTM",
        "1144/UBND-KT&HT",
        "42/HDLN-SCT-SNNPTNT-SVHTTDL-STC",
    )
    assert cited_numbers("Nghị định số 30/2020/NĐ-CP; ngày 26/4/2024") == ("30/2020/NĐ-CP",)
    assert cited_numbers("Công văn 689/SCT–QLTM, 45/UBND-KT & Kế hoạch") == (
        "689/SCT-QLTM",
        "45/UBND-KT",
    )
    assert cited_numbers("giá 50.000/kg, 17/5/2024, QL 1/4") == ()


def test_the_annex_names_its_letter() -> None:
    lines = [
        "BIỂU TỔNG HỢP",
        "(Kèm theo Công văn số 45/UBND-KT",
        "ngày 17/5/2024 của UBND xã Hòa Cư)",
    ]
    letter = annex_letter(lines)
    assert letter == Letter(number="45/UBND-KT", issued_on="2024-05-17", organ="UBND xã Hòa Cư")
    assert annex_letter(["(Kèm theo Công văn số 1144/UBND-KT&HT của UBND huyện Cao Lộc)"]) is None
    assert (
        annex_letter(["(Kèm theo Công văn số    /UBND ngày   /5/2024 của UBND xã Hòa Cư)"]) is None
    )


@pytest.mark.parametrize(
    "line",
    [
        "MẬT",
        " TỐI MẬT ",
        "[TUYỆT MẬT]",
        "Độ mật: Mật",
        "Độ mật: TỐI MẬT",
        "TÀI LIỆU MẬT",
        "M\u00c2\u0323T",
        "MAT",
        "TOI MẶT",
    ],
)
def test_secrecy_marks(line: str) -> None:
    assert secrecy_mark(["ỦY BAN NHÂN DÂN", line, "XÃ HÒA CƯ"])


@pytest.mark.parametrize(
    "line",
    [
        "Mật ong hoa nhãn",
        "MẬT ONG",
        "bảo mật thông tin",
        "mật độ dân cư",
        "Độ mật: Thường",
        "MẶT BẰNG",
        "Mật",
        "Mặt",
        "",
    ],
)
def test_words_that_are_no_secrecy_mark(line: str) -> None:
    assert not secrecy_mark([line])
