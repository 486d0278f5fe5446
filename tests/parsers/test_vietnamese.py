"""Vietnamese text: what is repaired, what matches, and what is only a key."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import vietnamese
from parsers.vietnamese import fold, key, looks_legacy, one_line, repair, squash, tone_old

LETTERS = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
)
TEXT = st.text(alphabet=LETTERS + LETTERS.upper() + " .,-/()²", max_size=40)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("chƣơng trình chất lƣợng", "chương trình chất lượng"),
        ("ÐIỂM ðồng", "ĐIỂM đồng"),
        ("Hòa\u00a0Cư", "Hòa Cư"),
        ("Hòa\u200b Cư\ufeff", "Hòa Cư"),
        ("dòng\r\nhai\u2028ba", "dòng\nhai\nba"),
        ("a\x00b\x07c\td", "abc\td"),
        (unicodedata.normalize("NFD", "Thụy Hùng"), "Thụy Hùng"),
        ("e\u0323\u0302", "ệ"),
    ],
)
def test_repair(written: str, meant: str) -> None:
    assert repair(written) == meant


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Hoà Cư", "Hòa Cư"),
        ("Thanh Loà", "Thanh Lòa"),
        ("Thuỵ Hùng", "Thụy Hùng"),
        ("UỶ BAN", "ỦY BAN"),
        ("khoẻ", "khỏe"),
        ("quý", "quý"),
        ("QUỲ", "QUỲ"),
        ("hoàn toàn", "hoàn toàn"),
        ("thuyền", "thuyền"),
        ("Huế", "Huế"),
    ],
)
def test_tone_old(new: str, old: str) -> None:
    assert tone_old(new) == old
    assert tone_old(old) == old


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("XÃ HOÀ CƯ", "xã Hòa Cư"),
        ("Thuỵ  Hùng", "thụy hùng"),
        ("Hòa\nCư", unicodedata.normalize("NFD", "hoà cư")),
    ],
)
def test_key_joins_writings_of_one_name(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_key_keeps_diacritics_apart() -> None:
    assert key("Cao Lâu") != key("Cao Lầu")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("XÃ HÒA CƯ (2)", "xa hoa cu 2"),
        ("Đồng Đăng", "dong dang"),
        ("Ðiện thoại", "dien thoai"),
        ("Diện tích (m²)", "dien tich m2"),
        ("KT&HT", "kt ht"),
        ("Hạn\ng sao", "han g sao"),
        ("—", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert squash(text) == folded.replace(" ", "")


@given(TEXT)
def test_fault_066_composed_decomposed_and_toned_names_match(text: str) -> None:
    """NFD, NFC, capitals and tone placement fold to one key; đ is never lost; display is kept."""
    apart = unicodedata.normalize("NFD", text)
    assert fold(apart) == fold(text) == fold(tone_old(text)) == fold(text.upper())
    assert key(apart) == key(text)
    assert fold(text).count("d") == text.casefold().count("đ") + text.casefold().count("d")
    assert one_line(apart) == " ".join(text.split())


@given(st.text(max_size=60))
def test_every_key_is_stable(text: str) -> None:
    assert repair(repair(text)) == repair(text)
    assert one_line(one_line(text)) == one_line(text)
    assert "\n" not in one_line(text)
    assert unicodedata.is_normalized("NFC", repair(text))


@pytest.mark.parametrize(
    "text",
    [
        "thÞ trÊn §ång §¨ng",
        "Céng hßa x· héi chñ nghÜa ViÖt Nam",
        "§iÓm giíi thiÖu vµ b¸n s¶n phÈm OCOP",
        "Coäng hoøa xaõ hoäi chuû nghóa",
        "Ñieåm giôùi thieäu",
    ],
)
def test_fault_067_legacy_fonts_are_detected(text: str) -> None:
    """TCVN3 and VNI text is told from Unicode, so that it is never stored as gibberish."""
    assert looks_legacy(text)


@pytest.mark.parametrize(
    "text",
    [
        "Điểm giới thiệu và bán sản phẩm OCOP",
        "Diện tích (m²)",
        "Cửa hàng «Ba Sao»",
        "Nestlé",
        "số 1½",
        "Café Ñ",
    ],
)
def test_unicode_text_is_not_taken_for_legacy(text: str) -> None:
    assert not looks_legacy(text)


@pytest.mark.parametrize(
    "text",
    ["xã Xuân Xuân", "Xuân Quân", "Bùi Xuân Luân, thôn Xuân Tuân", "XUÂN QUÂN – KHUÂN VÁC CHUÂN"],
)
def test_a_sound_that_comes_twice_is_no_old_font(text: str) -> None:
    """Two "uâ" in a text were once taken for VNI, and its cell refused."""
    assert not looks_legacy(text)
    assert repair(text) == text


@given(TEXT)
def test_vietnamese_words_are_never_taken_for_legacy(text: str) -> None:
    words = [word for word in text.split() if word == fold(word) or word.isalpha()]
    assert not looks_legacy(" ".join(words[:1]).translate(str.maketrans("", "", "²")))


# --- quick looks say what the close look says -----------------------------------------------------

_CODED = st.text(alphabet=f"{vietnamese._TCVN3}øõûïäåëâùñöôÖÔØÅâaeouyzZnđá°‘Ã “\u212b", max_size=12)


@given(_CODED | TEXT)
def test_what_is_not_suspect_is_in_no_old_code(text: str) -> None:
    plain = unicodedata.normalize("NFC", text)
    patterns = vietnamese._MOJIBAKE, vietnamese._TCVN3_INSIDE
    found = any(pattern.search(plain) for pattern in patterns)
    assert looks_legacy(text) == (found or len(vietnamese._VNI.findall(plain)) > 1)


@given(st.text(alphabet="oOuUaAeEyYqáạẽỳýỵÁỶộâ\u0301\u0323\u0302 n", max_size=8))
def test_what_may_not_be_new_style_is_not(text: str) -> None:
    apart = vietnamese._NEW_STYLE.sub(vietnamese._moved, unicodedata.normalize("NFD", text))
    assert tone_old(text) == unicodedata.normalize("NFC", apart)
