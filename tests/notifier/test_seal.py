"""Seals: bound to every part, readable by people."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.seal import fits, seal

SECRET = bytes(range(32))
PARTS = st.lists(st.text(), max_size=4)


def test_a_seal_is_short_and_can_be_read_out() -> None:
    code = seal(SECRET, "decide", "12")
    assert len(code) == 16
    assert code == code.upper()
    assert not set(code) & set("ILOU")


@given(PARTS, PARTS)
def test_a_seal_fits_its_parts_alone(parts: list[str], others: list[str]) -> None:
    code = seal(SECRET, "decide", *parts)
    assert fits(code, SECRET, "decide", *parts)
    assert fits(code, SECRET, "decide", *others) == (parts == others)
    assert not fits(code, SECRET, "adopt", *parts)
    assert not fits(code, bytes(32), "decide", *parts)


def test_a_seal_may_be_typed_from_paper() -> None:
    code = seal(SECRET, "decide", "12")
    typed = "-".join(code[start : start + 4] for start in range(0, 16, 4)).lower()
    assert fits(typed.replace("0", "o").replace("1", "l"), SECRET, "decide", "12")
    assert not fits("", SECRET, "decide", "12")
