# ruff: noqa: E501  samples stand on one line
"""What a hostile text may cost: about as much per letter as any other.

Each case once took time by the square or the cube of its length. The bound on processor time is a
hundred times what these cases take now, and a thousandth of what they took.
"""

import time
from collections.abc import Callable

import pytest
from rigs.office import office

from intake.message import parse
from parsers import html
from parsers.grid import Cell, Extract, Grid
from parsers.incomplete import is_page_torn
from parsers.letter import heading_lines, nil_statement, read_letter, secrecy_mark
from parsers.mending import mended
from parsers.outcome import Context
from parsers.sniff import sniff
from parsers.values import parse as parse_value

_LETTERS = 30_000
_MOST_SECONDS = 5.0
_CONFIG = office()
_FORM = _CONFIG.campaigns[0].form


def _letter(text: str) -> object:
    return read_letter(("UBND XÃ HÒA CƯ", text, "Kính gửi: UBND huyện", text, "CHỦ TỊCH", text))


def _values(text: str) -> object:
    cell = Cell(text, text, "Biểu 1!B9")
    return [parse_value(field, cell, Context()) for field in _FORM.fields]


def _mail(kind: str, text: str) -> object:
    head = f"From: a@b.example\nSubject: {text[:2000]!r}\nContent-Type: text/{kind}\n\n"
    return parse((head + text).encode(), _CONFIG.settings.limits)


#: What looks at text that came from outside, by name.
_LOOKS: dict[str, Callable[[str], object]] = {
    "letter": _letter,
    "nil": lambda text: nil_statement((text,), _FORM),
    "heading": lambda text: heading_lines((text,)),
    "secrecy": lambda text: secrecy_mark((text,)),
    "values": _values,
    "mail": lambda text: _mail("plain", text),
    "html mail": lambda text: _mail("html", text),
    "page": lambda text: html.extract(f"<html><body>{text}</body></html>".encode()),
    "torn": is_page_torn,
    "kind": lambda text: sniff(text.encode(), "a.txt"),
    "mending": lambda text: mended(Extract("text", (Grid("B", ((Cell(text, text, ""),),)),))),
}
#: A beginning, and what is repeated behind it.
_TEXTS = (
    ("Số", " "), ("Số: 1", "…"), ("v/v", " "), ("độ mật", " "), ("độc lập", " "), ("ngày", "."),
    ("", "\xa0"), ("1", "\xa0"), ("", "\n"), ("Số: ", "1/"), ("", "A-"), ("", "không có "), ("", "("),
    ("", "không có điểm nào đăng ký, xã "), ("", "không có hộ nào đăng ký nên "), ("", "xã đăng ký "),
    ("", "<"), ("", "<!--"), ("", "<td"), ("<td style='", "border:"), ("", "=?utf-8?q?"), ("", "> "),
    ("", "1."), ("", "; "), ("", "- "), ("", "Từ: a\n"), ("", "\"'"), ("On a", " "), ("", "a@b "),
    ("Xã không có nhu cầu. ", "x"), ("", "“"), ("", "không có nhu cầu "), ("", "thôn không có nhu cầu "),
)  # fmt: skip


@pytest.mark.parametrize("name", _LOOKS)
def test_no_text_takes_time_by_the_square_of_its_length(name: str) -> None:
    for start, again in _TEXTS:
        text = (start + again * _LETTERS)[:_LETTERS] + "!"
        began = time.process_time()
        _LOOKS[name](text)
        assert time.process_time() - began < _MOST_SECONDS, (start, again)
