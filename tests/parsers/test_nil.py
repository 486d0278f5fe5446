"""Nil returns: what a commune states about itself, against letters that only mention the words."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.form import Form
from parsers.letter import nil_statement

OCOP = Form(
    "Điểm giới thiệu và bán sản phẩm OCOP",
    (),
    nil_phrases=("xin phép chưa triển khai điểm nào",),
    topic_phrases=("điểm giới thiệu và bán sản phẩm",),
)
LETTERS = Path(__file__).parent / "letters"
CALL = (LETTERS / "call.txt").read_text("utf-8")


def _wordings() -> Iterator[tuple[str, str, str]]:
    """What a wording is taken for, what its group shows, and the wording."""
    answer = shows = ""
    for line in (LETTERS / "wordings.txt").read_text("utf-8").splitlines():
        if line.startswith("## "):
            answer, _, shows = line[3:].partition(": ")
        elif line and not line.startswith("#"):
            yield answer, shows, line


WORDINGS = list(_wordings())
#: The plainest of them, for what may stand beside them.
YES = [text for _, shows, text in WORDINGS if shows == "a plain statement about the whole commune"]


def without_marks(text: str) -> str:
    bare = text.replace("đ", "d").replace("Đ", "D")
    return unicodedata.normalize("NFD", bare).encode("ascii", "ignore").decode()


def in_every_writing(text: str) -> list[str]:
    """As typed, with its marks apart (macOS, iOS), and as typed without any (telephones)."""
    return [text, unicodedata.normalize("NFD", text), without_marks(text)]


@pytest.mark.parametrize(("answer", "shows", "text"), WORDINGS)
def test_a_wording_is_taken_for_what_an_officer_takes_it(
    answer: str, shows: str, text: str
) -> None:
    right = {"doubtful", "no"} if answer == "held" else {answer}
    for written in in_every_writing(text):
        assert nil_statement([written], OCOP) in right, shows


#: Without their marks nobody could tell them from "chưa có nhu cầu" and "không có nhu cầu ạ".
@pytest.mark.parametrize("text", ["Chùa có nhu cầu", "Xã không có nhu cầu à"])
def test_marks_tell_a_pagoda_and_a_question_from_a_denial(text: str) -> None:
    assert nil_statement([text], OCOP) != "yes"


@pytest.mark.parametrize("lines", [[], [""], ["", ""]])
def test_nothing_said_is_no_nil_return(lines: list[str]) -> None:
    assert nil_statement(lines, OCOP) == "no"


@pytest.mark.parametrize("text", YES)
def test_lines_broken_by_a_pdf_do_not_change_the_answer(text: str) -> None:
    words = text.split()
    lines = [" ".join(words[at : at + 6]) for at in range(0, len(words), 6)]
    assert nil_statement(lines, OCOP) == "yes"


@pytest.mark.parametrize("text", YES)
def test_a_registration_beside_the_statement_is_never_nil(text: str) -> None:
    assert nil_statement([text, "UBND xã đăng ký 02 điểm tại chợ trung tâm."], OCOP) == "no"


@pytest.mark.parametrize("text", [text for text in YES if "đăng ký" in text])
def test_dang_ki_is_dang_ky_where_nobody_registers(text: str) -> None:
    for written in in_every_writing(text.replace("đăng ký", "đăng kí")):
        assert nil_statement([written], OCOP) == "yes"


@pytest.mark.parametrize("text", YES)
@pytest.mark.parametrize(
    "beside",
    [
        "UBND xã gửi biểu đăng ký kèm theo.",
        "UBND xã đứng ra đăng ký điểm tại chợ.",
        "Xã xin lùi thời hạn đến 25/5.",
        "Hiện còn chờ họp dân.",
        "UBND xã đề nghị cải tạo điểm cũ.",
    ],
)
def test_no_plain_statement_hides_the_sentence_beside_it(text: str, beside: str) -> None:
    for lines in ([text, "", beside], [beside, "", text]):
        for written in zip(*map(in_every_writing, lines), strict=True):
            assert nil_statement(written, OCOP) != "yes"


@pytest.mark.parametrize(
    ("head", "answer"),
    [("Hòa Cư, ngày 17 tháng 5 năm 2024", "yes"), ("V/v đăng ký điểm năm 2025", "doubtful")],
)
def test_a_year_of_its_own_is_the_year_of_the_letter(head: str, answer: str) -> None:
    assert nil_statement([head, "", "Năm 2024 xã không có nhu cầu."], OCOP) == answer


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Re: Nhắc đăng ký Điểm giới thiệu và bán sản phẩm OCOP, hạn 21/5/2024, còn 2 ngày", "yes"),
        ("Trả lời CV 1200/UBND-KTHT v/v đăng ký điểm OCOP", "yes"),
        ("Đăng ký điểm OCOP – xã Tân Lập 3 (ocop-2024-2)", "yes"),
        ("Xã chưa chốt đăng ký điểm, sẽ gửi bổ sung", "doubtful"),
        ("Có hộ lưỡng lự đăng ký điểm", "doubtful"),
        ("Rút đăng ký điểm tại chợ Giếng Vuông", "doubtful"),
        ("Xã Hòa Cư đăng ký 2 điểm OCOP", "no"),
    ],
)
def test_a_subject_names_the_matter_in_words_of_its_own(subject: str, answer: str) -> None:
    """What it answers and until when is nothing beside the statement; what it says itself is."""
    for written in in_every_writing("Xã Tân Lập không có nhu cầu đăng ký."):
        assert nil_statement([subject, "", written], OCOP) == answer


@pytest.mark.parametrize(
    "subject",
    ["Re:", "Báo cáo", "V/v đăng ký điểm", "CV 52 xã Phú Xá", "Phúc đáp CV 1200/UBND-KT&HT"],
)
def test_a_subject_of_known_words_need_not_name_the_matter(subject: str) -> None:
    for written in in_every_writing("Xã Tân Lập không có nhu cầu đăng ký."):
        assert nil_statement([subject, "", written], OCOP) == "yes"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Đăng ký tham gia hội chợ", "Máy tính", "Vay vốn ngân hàng chính sách", "Re: Mời họp",
        "Hỗ trợ giống lúa", "Công văn 77/UBND về phòng chống dịch", "Dự thảo", "Hỏi", "Đính chính",
        "Recall: báo cáo", "Tự động trả lời", "Một điểm tại chợ Bản Ngà", "Danh sách điểm của xã",
        "Biểu đăng ký của xã Hòa Cư", "Báo cáo 1 điểm OCOP tại chợ", "Xã Hòa Cư: HTX Hoa Mận",
        "Điểm OCOP chợ Bản Ngà",
    ],
)  # fmt: skip
def test_a_subject_of_another_matter_or_of_points_leaves_it_open(subject: str) -> None:
    for said in ("Xã không có nhu cầu ạ.", "Các thôn không có nhu cầu."):
        for written in zip(*map(in_every_writing, (subject, "", said)), strict=True):
            assert nil_statement(written, OCOP) != "yes"


def test_all_others_need_nothing_where_the_commune_registers_in_the_subject() -> None:
    lines = ["Xã Hòa Cư đăng ký điểm OCOP", "", "Các thôn trên địa bàn xã không có nhu cầu."]
    assert nil_statement(lines, OCOP) == "doubtful"


@pytest.mark.parametrize(
    "line",
    [
        "P/s: bà Hoa vừa nộp đơn", "Lãnh đạo chưa ký", "Chiều em báo lại", "Mẫu trả lời như sau:",
        "Bản nháp", "DỰ THẢO", "Biên bản họp thôn", "Em soạn thế này ạ", "Phòng ghi:",
        "Đấy là xã Gia Cát", "Cửa hàng cô Lan được",
    ],
)  # fmt: skip
def test_a_line_of_its_own_that_says_something_is_heard(line: str) -> None:
    said = "UBND xã không có nhu cầu đăng ký"
    for lines in ((said, "", line), (line, "", said)):
        for written in zip(*map(in_every_writing, lines), strict=True):
            assert nil_statement(["Báo cáo", "", *written], OCOP) != "yes"


def test_a_subject_that_only_names_the_matter_registers_nothing() -> None:
    said = "Qua rà soát, UBND xã không có nhu cầu đăng ký hỗ trợ điểm."
    for subject in ("Xã Tân Liên: đăng ký điểm OCOP", "UBND xã Hòa Cư đăng ký điểm OCOP năm 2024"):
        for written in zip(*map(in_every_writing, (subject, "", said)), strict=True):
            assert nil_statement(written, OCOP) == "yes"
    for act in ("Xã Hòa Cư đăng ký điểm chợ Bản Ngà", "Xã Hòa Cư đăng ký điểm OCOP."):
        assert nil_statement([act, "", said], OCOP) == "doubtful"


#: Courteous letters and mails about nothing: a citation of the call, the way it went, thanks.
COURTEOUS = [
    letter.split("\n") for letter in (LETTERS / "nil.txt").read_text("utf-8").strip().split("\n\n")
]


@pytest.mark.parametrize("letter", COURTEOUS, ids=lambda letter: letter[-1][:40])
def test_a_courteous_letter_stays_plain(letter: list[str]) -> None:
    for written in zip(*map(in_every_writing, letter), strict=True):
        assert nil_statement(written, OCOP) == "yes"


def test_the_address_line_does_not_run_into_the_statement() -> None:
    lines = ["V/v báo cáo nhu cầu", "Kính gửi: UBND huyện", "Xã không có nhu cầu đăng ký./."]
    assert nil_statement(lines, OCOP) == "yes"
    assert nil_statement(["Kính gửi UBND huyện, xã không có nhu cầu đăng ký"], OCOP) == "yes"


def test_the_call_itself_sent_back_is_no_nil_return() -> None:
    assert nil_statement(CALL.splitlines(), OCOP) == "no"


@pytest.mark.parametrize("text", YES)
def test_the_call_quoted_below_an_answer_does_not_disturb_it(text: str) -> None:
    assert nil_statement([text, "", *CALL.splitlines()], OCOP) == "yes"


def test_the_words_of_a_quoted_mail_are_not_the_writers() -> None:
    lines = [
        "Xã gửi danh sách kèm theo.",
        "Vào 14:20, Th 2, 20 thg 5, 2024 Xã khác <xa@khac.example> đã viết:",
        "> Xã không có nhu cầu đăng ký.",
        "Xã không có nhu cầu đăng ký.",
    ]
    assert nil_statement(lines, OCOP) == "no"
