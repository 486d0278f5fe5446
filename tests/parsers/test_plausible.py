"""Whether a text that was read from a picture can be what its column holds."""

from dataclasses import replace

import pytest
from rigs.ocop_form import FORM

from parsers.plausible import Vocabulary, shaped, without_specks


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0912345678", "phone"),
        ("0912 345 678", "phone"),
        ("02053811234", "phone"),
        ("4 sao", "stars"),
        ("24,75 m2", "decimal"),
        ("150.000.000 đồng", "money"),
        ("80,5", "money"),
        ("29/02/2024", "date"),
        ("4900123456-001", "code"),
        ("12.", "index"),
        ("anything at all", "text"),
    ],
)
def test_a_text_that_its_kind_can_be(text, kind):
    assert shaped(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("091234567", "phone"),
        ("0112345678", "phone"),
        ("6 sao", "stars"),
        ("35", "stars"),
        ("31/02/2024", "date"),
        ("12/13/2023", "date"),
        ("150.00.000", "money"),
        ("1S0", "money"),
        ("0", "index"),
        ("45..5", "decimal"),
    ],
)
def test_a_text_that_its_kind_cannot_be(text, kind):
    assert not shaped(text, kind)


def test_words_of_the_form_are_no_strangers():
    vocabulary = Vocabulary(FORM)
    assert vocabulary.strange("HTX Nông nghiệp TNHH OCOP") == 0
    assert vocabulary.strange("Cửa hghiệp tât") == 2


def test_choices_are_known_by_value_and_alias():
    vocabulary = Vocabulary(FORM)
    field = FORM.field("owner_kind")
    assert vocabulary.is_choice("Hợp tác xã", field)
    assert vocabulary.is_choice("HTX", field)
    assert not vocabulary.is_choice("Hợp tác xạ", field)
    assert not vocabulary.is_choice("Hợp tác xã", FORM.field("name"))


@pytest.mark.parametrize(
    "text", ["tổ 1. khu phố", ". Tên điểm", "Hải Yến ,", "0C0P", "Trần_Thị", "OCOP.Chợ", "a,,b"]
)
def test_signs_where_nobody_writes_them_are_strange(text):
    assert Vocabulary(FORM).strange(text)


def test_a_speck_read_as_a_sign_can_be_left_out():
    assert "Vi Hải Yến" in Vocabulary(FORM).without_odd_signs("Vi Hải Yến ,")


@pytest.mark.parametrize(
    ("read", "kept"),
    [
        ('"Tổ hợp tác Pàn Dọc', "Tổ hợp tác Pàn Dọc"),
        ('Ki-ốt số 7 Co" Mòn', "Ki-ốt số 7 Co Mòn"),
        ('Chợ Co " Mòn', "Chợ Co Mòn"),
        ("Triệu Thu' Thủy", "Triệu Thu Thủy"),
        (". Thôn Nà Vài", "Thôn Nà Vài"),
        ('Quầy "Hương rừng"', 'Quầy "Hương rừng"'),
        ("Bản H'Mông", "Bản H'Mông"),
        ("Km 23, quốc lộ 4B.", "Km 23, quốc lộ 4B."),
    ],
)
def test_signs_that_nobody_writes_are_dropped(read, kept):
    assert without_specks(read) == kept


def test_an_unlikely_word_is_compared_with_the_likely_one_that_looks_like_it():
    vocabulary = Vocabulary(replace(FORM, words=("Quyển Sơn",)))
    assert list(vocabulary.look_alikes("Điếm bán")) == ["Điểm bán"]
    assert "Thôn Quyển Sơn" in vocabulary.look_alikes("Thôn Quyến Sơn")
    assert list(vocabulary.look_alikes("Điểm bán")) == []
