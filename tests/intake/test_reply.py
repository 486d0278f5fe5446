"""Answers by reply: only the sender's own words, only what is certainly an answer."""

import pytest

from intake.body import read_html, split_quoted, tidy
from intake.reply import Order, orders, own_words


def answers(text: str) -> tuple[Order, ...]:
    """As the daemon does: what is quoted is cut off by two readers, one after the other."""
    return orders(own_words(split_quoted(tidy(text))[0]))


GMAIL = """ĐÚNG

Vào Th 2, 20 thg 5, 2024 vào lúc 08:00 UBND huyện Cao Lộc <ocop@caoloc.example>
đã viết:

> Các câu trả lời có thể dùng:
> BỎ
> NHẬN
"""
OUTLOOK = """TRẢ LẠI: thiếu số liệu xã Yên Trạch
và tổng chưa khớp.

Trân trọng
________________________________
Từ: UBND huyện Cao Lộc <ocop@caoloc.example>
Đã gửi: Thứ Hai, 20 tháng 5, 2024 8:00 SA
Đến: lanhdao@caoloc.example
Chủ đề: [Trình duyệt] Báo cáo

DUYỆT
"""
ENGLISH = """NHẬN

From: UBND <ocop@caoloc.example>
Sent: Monday, May 20, 2024 8:00 AM
To: canbo@caoloc.example
Subject: [Chờ xử lý] Thư số 12

BỎ
"""
PHONE = "Duyệt ạ.\n\nGửi từ iPhone của tôi\n\n> Vào 20 thg 5, 2024, UBND đã viết:\n>\n> TRẢ LẠI\n"
OUTLOOK_HTML = (
    '<div class="WordSection1"><p class="MsoNormal">G&Aacute;N xã Hòa Cư</p></div>'
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> UBND '
    "&lt;ocop@caoloc.example&gt;<br><b>Sent:</b> Monday, May 20, 2024<br><b>To:</b> "
    "canbo@caoloc.example<br><b>Subject:</b> [Chờ xử lý]</p></div><p>BỎ</p>"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GMAIL, [Order("confirm")]),
        (OUTLOOK, [Order("return", "thiếu số liệu xã Yên Trạch và tổng chưa khớp")]),
        (ENGLISH, [Order("accept")]),
        (PHONE, [Order("release")]),
        (
            "Kính gửi hệ thống,\nGÁN xã Hòa Cư\nTrân trọng\nNguyễn Văn Mẫu",
            [("assign", "xã Hòa Cư")],
        ),
        ("“DUYỆT”", [Order("release")]),
        ("* duyet *", [Order("release")]),
        ("Bỏ qua nhé!", [Order("drop")]),
        ("TRẢ LẠI\nSai tổng kinh phí.", [Order("return", "Sai tổng kinh phí")]),
        ("Trả lại", [Order("return")]),
        ("\u0110U\u0301NG", [Order("confirm")]),  # letters in pieces, as iPhones write them
    ],
)
def test_an_answer_is_understood(text: str, expected: list[Order | tuple[str, str]]) -> None:
    assert answers(text) == tuple(
        Order(*one) if isinstance(one, tuple) else one for one in expected
    )


def test_an_answer_in_html_of_outlook_is_understood() -> None:
    assert answers(read_html(OUTLOOK_HTML).text) == (Order("assign", "xã Hòa Cư"),)


@pytest.mark.parametrize(
    "text",
    [
        "dừng",
        "DUNG",  # đừng, dừng or đúng: nobody knows
        "Đừng",
        "không đúng",
        "đúng như vậy thì tôi phải làm gì",
        "Duyệt gửi Sở nhưng sửa lại trang 2",
        "Không nhận",
        "Đồng ý",
        "Nhận được rồi, cảm ơn",
        "",
        "> DUYỆT",
        "-- \nDUYỆT",
    ],
)
def test_what_is_not_certainly_an_answer_is_none(text: str) -> None:
    assert answers(text) == ()


def test_two_answers_are_both_seen() -> None:
    assert answers("NHẬN\nBỎ") == (Order("accept"), Order("drop"))
    assert answers("Nhận\nNHẬN") == (Order("accept"),)


@pytest.mark.parametrize(
    "evil", ["On ", "From: x\n", "Từ: a\n", " ", "\n", "> ", "_", "Trân trọng\n", "Vào a ", "\n \n"]
)
def test_hostile_words_end(evil: str) -> None:
    """The parser's patterns grow faster than their text: what it sees is bounded."""
    assert answers(evil * 100_000) == ()
