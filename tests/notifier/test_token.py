"""Tokens: for one debt, one person, and not for ever."""

import datetime as dt

import pytest

from notifier.token import Token, found_tokens, judge, token

SECRET = bytes(range(32))
UNTIL = dt.date(2024, 6, 10)
KEY = "held/0123456789abcdef0123/0"
WHO = "Canbo@caoloc.example"


def made(**changes: object) -> Token:
    asked = {"about": "T", "number": 12, "key": KEY, "addressee": WHO, "until": UNTIL, **changes}
    subject = f"Re: [Chờ xử lý] Thư số 12 – Xã Hòa Cư [{token(SECRET, **asked)}]"
    (found,) = found_tokens(subject)
    return found


def test_a_token_is_good_for_its_debt_until_its_last_day() -> None:
    found = made()
    assert (found.about, found.number, found.until) == ("T", 12, UNTIL)
    assert judge(found, SECRET, KEY, WHO.lower(), UNTIL) == "good"
    assert judge(found, SECRET, KEY, WHO, UNTIL + dt.timedelta(days=1)) == "expired"


@pytest.mark.parametrize(
    ("secret", "key", "who"),
    [
        (bytes(32), KEY, WHO),
        (SECRET, "held/0123456789abcdef0123/1", WHO),
        (SECRET, KEY, "khac@caoloc.example"),
    ],
)
def test_a_token_serves_nobody_and_nothing_else(secret: bytes, key: str, who: str) -> None:
    assert judge(made(), secret, key, who, UNTIL) == "forged"


def test_nothing_of_a_token_can_be_changed() -> None:
    good = made()
    longer = Token(good.about, good.number, dt.date(2030, 1, 1), good.code)
    other = Token(good.about, 13, good.until, good.code)
    report = Token("B", good.number, good.until, good.code)
    for changed in (longer, other, report):
        assert judge(changed, SECRET, KEY, WHO, UNTIL) == "forged"


def test_only_whole_tokens_are_found() -> None:
    code = token(SECRET, "B", 1, "draft/x/1", WHO, UNTIL)
    assert [one.number for one in found_tokens(f"({code}) {code.lower()}")] == [1]
    assert found_tokens(f"x{code} {code}x {code[:-1]} T0-240610-0123456789ABCDEF") == ()
    assert found_tokens("T1-241399-0123456789ABCDEF") == ()
    assert len(found_tokens(" ".join(f"T{n}-240610-0123456789ABCDEF" for n in range(1, 99)))) <= 10
