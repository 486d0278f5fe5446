"""What Vietnamese can spell: initial, rhyme, tone."""

import pytest

from parsers.syllables import possible


@pytest.mark.parametrize(
    "word",
    [
        *("Thượng", "nghiêng", "ghi", "gì", "giếng", "quốc", "Quỳnh", "khuỷu", "thuở", "Ý", "yến"),
        *("Uyên", "hoà", "hòa", "XÃ", "tốt", "một", "ngoéo", "Lộc", "uống", "đ" + "i"),
    ],
)
def test_vietnamese_spells_it(word):
    assert possible(word)


@pytest.mark.parametrize(
    ("word", "because"),
    [
        ("tât", "a stopped syllable has sắc or nặng"),
        ("hểt", "a stopped syllable has sắc or nặng"),
        ("kông", "c stands before ô"),
        ("nge", "ngh stands before e"),
        ("Thưọng", "ưo is no rhyme"),
        ("tổố", "one tone a syllable"),
        ("hghiệp", "hg is no initial"),
        ("hIện", "a capital inside a word"),
        ("xyz", "no rhyme at all"),
    ],
)
def test_vietnamese_cannot_spell_it(word, because):
    assert not possible(word), because
