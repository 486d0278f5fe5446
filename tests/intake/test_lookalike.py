"""Strangers who look like somebody known, and those who do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.lookalike import resembles

KNOWN = frozenset(
    {
        "xahoacu@caoloc.example",
        "ttdongdang@caoloc.example",
        "ubndxagiacat@gmail.example",
        "canbo.ktht@caoloc.example",
        "ocop@caoloc.example",
    }
)
TITLES = ("Xã Hòa Cư", "Thị trấn Đồng Đăng", "TT Đồng Đăng", "Xã Gia Cát", "Xã Suất Lễ")
HOA_CU = "xahoacu@caoloc.example"


@pytest.mark.parametrize(
    ("sender", "model"),
    [
        ("xahoocu@caoloc.example", HOA_CU),  # another letter
        ("xahoacuu@caoloc.example", HOA_CU),  # one more
        ("xahaocu@caoloc.example", HOA_CU),  # two swapped
        ("xahocu@caolc.example", HOA_CU),  # two fewer
        ("xah0acu@ca0l0c.example", HOA_CU),  # digits for letters
        ("xahoacu@caol0c.example", HOA_CU),
        ("xahoacu@caoioc.example", HOA_CU),  # i for l
        ("xahoacu@xn--caolo-5ye.example", HOA_CU),  # Cyrillic с
        ("xahoacu@xn--cal-tedbs.example", HOA_CU),  # Cyrillic а, о
        ("xahoacu@caoloc.example.evil.example", HOA_CU),  # our domain in front
        ("van.thu@caoloc.example.evil.example", "canbo.ktht@caoloc.example"),
        ("ocop@mail.caoloc-example.test", "ocop@caoloc.example"),
        ("xahoacu@caoloc.test", HOA_CU),  # another top-level domain
        ("xahoacu@caoloc.vn.example", HOA_CU),
        ("xahoacu@gmail.example", HOA_CU),  # the name elsewhere
        ("xahoacu.caoloc.example@gmail.example", HOA_CU),  # the whole address as a name
        ("xahoacu=caoloc.example@evil.example", HOA_CU),
        ("ubndxagiacat@grnail.example", "ubndxagiacat@gmail.example"),  # rn for m
        ("ocop@caoloc.exarnple", "ocop@caoloc.example"),
    ],
)
def test_an_address_that_looks_like_a_known_one(sender: str, model: str) -> None:
    assert resembles(sender, "", KNOWN, TITLES) == model


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("xahoacu@caoloc.example", HOA_CU),
        ("UBND xã Hòa Cư <xahoacu@caoloc.example>", HOA_CU),
        ("XAHOACU@CAOLOC.EXAMPLE", HOA_CU),
        ("xаhoacu@caoloc.example", HOA_CU),  # Cyrillic а
        ("UBND xã Hòa Cư", "Xã Hòa Cư"),
        ("UBND XA HOA CU, huyen Cao Loc", "Xã Hòa Cư"),
        ("Ủy ban nhân dân thị trấn Đồng Đăng", "Thị trấn Đồng Đăng"),
        ("VP TT Đồng Đăng", "TT Đồng Đăng"),
        ("Хã Hòа Сư", "Xã Hòa Cư"),  # Cyrillic Х, а, С
        ("Hòa Cư", "Xã Hòa Cư"),
        ("Xã Hoà Cư", "Xã Hòa Cư"),  # the other way to place the tone
    ],
)
def test_a_display_name_that_looks_like_a_known_one(name: str, model: str) -> None:
    assert resembles("thu@nobody.example", name, KNOWN, TITLES) == model


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("thu@nobody.example", "Nguyễn Văn A"),
        ("nguyenvana@gmail.example", ""),
        ("baotran@caoloc.example", "Phòng Nội vụ"),  # a colleague at the same domain
        ("vanthu@phong.caoloc.example", ""),  # below our domain only its owner makes names
        ("thu@nobody.example", "Nguyễn Gia Cát Tường"),  # a person's name holds a commune's
        ("thu@nobody.example", "Sở Công Thương Lạng Sơn"),
        ("banhang@gmail.example", "Siêu thị"),
        ("ocop@tinh.example", "Chương trình OCOP"),
        ("a@b.example", ""),
        ("x@xn--.example", ""),
        ("x@xn--0.example", ""),
    ],
)
def test_who_looks_like_nobody(sender: str, name: str) -> None:
    assert resembles(sender, name, KNOWN, TITLES) == ""


def test_short_addresses_are_like_each_other_at_one_edit_only() -> None:
    assert resembles("bc@b.example", "", {"bd@b.example"}) == "bd@b.example"
    assert resembles("xy@b.example", "", {"bd@b.example"}) == ""


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.sampled_from(sorted(KNOWN - {"ocop@caoloc.example"})),
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-")),
        min_size=1, max_size=2,
    ),
)  # fmt: skip
def test_one_or_two_letters_changed_are_always_seen(
    known: str, changes: list[tuple[int, str]]
) -> None:
    letters = list(known)
    for at, letter in changes:
        place = at % len(letters)
        letters[place] = letter if letters[place] != "@" else "@"
    changed = "".join(letters)
    if changed not in KNOWN:
        assert resembles(changed, "", KNOWN) != ""


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.emails(), st.text(max_size=80))
def test_any_sender_and_name_is_judged(sender: str, name: str) -> None:
    assert isinstance(resembles(sender.lower(), name, KNOWN, TITLES), str)
