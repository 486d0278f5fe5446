"""Cells read from pictures: right, or not certain. The figures are ``bench/recognition.py``'s."""

import unicodedata

import cv2
import numpy as np
import pytest
from rigs.cell_pictures import cells, picture, seeded
from rigs.cell_words import KINDS
from rigs.ocop_form import FORM

from parsers.reading import CERTAIN
from parsers.recognise import Recogniser

FIELDS = {field.type: field for field in FORM.fields}


@pytest.fixture(scope="module")
def recogniser():
    reader = Recogniser(FORM)
    yield reader
    reader.close()


def _read(recogniser, shown):
    return recogniser.cell(shown.crop, shown.kind, FIELDS.get(shown.kind), shown.letter_height)


def _plain(text):
    return " ".join(unicodedata.normalize("NFC", text).replace("²", "2").split())


def test_what_is_certain_is_right_and_most_is_right_and_much_is_certain(recogniser):
    shown = list(
        cells("held-out", 240, 20240513, KINDS, ("scan300", "scan250", "scan200", "photo"))
    )
    read = [_read(recogniser, one) for one in shown]
    right = [_plain(r.text) == _plain(s.text) for r, s in zip(read, shown, strict=True)]
    certain = [r.confidence >= CERTAIN for r in read]
    wrong = [
        (s.text, r.text)
        for r, s, good, sure in zip(read, shown, right, certain, strict=True)
        if sure and not good
    ]
    assert wrong == []
    assert sum(right) >= 0.93 * len(shown)
    assert sum(certain) >= 0.6 * len(shown)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_blurred_is_never_certain_and_wrong(recogniser, seed):
    for shown in cells("held-out", 25, seed, KINDS, ("blurred",)):
        read = _read(recogniser, shown)
        assert read.confidence < CERTAIN or _plain(read.text) == _plain(shown.text)


def test_what_nobody_can_read_is_not_certain(recogniser):
    chance = seeded(4)
    for text in ("Nguyễn Thị Hường", "0912345678", "4 sao", "24,75"):
        shown = picture(text, "text", "scan300", "LiberationSerif-Regular", chance)
        smeared = cv2.GaussianBlur(shown.crop, (0, 0), 7)
        for kind in ("text", "phone", "stars", "decimal"):
            read = recogniser.cell(smeared, kind, None, shown.letter_height)
            assert read.confidence < CERTAIN


@pytest.mark.parametrize("noise", [0, 2, 5, 9])
def test_blank_is_blank(recogniser, noise):
    grain = np.random.default_rng(noise).normal(244, noise, (80, 300))
    read = recogniser.cell(np.clip(grain, 0, 255).astype(np.uint8), "text", None, 26.0)
    assert read.text == ""
    assert read.confidence >= CERTAIN


def test_pale_writing_is_not_certainly_blank(recogniser):
    shown = picture("Thôn Nà Pàn", "text", "scan300", "LiberationSerif-Regular", seeded(1))
    pale = (235 + shown.crop.astype(np.float32) / 255 * 12).astype(np.uint8)
    assert recogniser.cell(pale, "text", None, shown.letter_height).confidence < CERTAIN


def test_half_a_cell_is_not_certain(recogniser):
    shown = picture("0912345678", "phone", "scan300", "LiberationSerif-Regular", seeded(2))
    height, width = shown.crop.shape
    for part in (shown.crop[:, : width // 2], shown.crop[: height // 2 - 2]):
        read = recogniser.cell(np.ascontiguousarray(part), "phone", None, shown.letter_height)
        assert read.confidence < CERTAIN


def test_a_phone_of_nine_digits_is_not_certain(recogniser):
    shown = picture("091234567", "phone", "scan300", "LiberationSerif-Regular", seeded(2))
    assert _read(recogniser, shown).confidence < CERTAIN


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 400), (400, 3), (2000, 5)])
@pytest.mark.parametrize("gray", [0, 128, 255])
def test_any_pixels_give_an_answer(recogniser, shape, gray):
    read = recogniser.cell(np.full(shape, gray, np.uint8), "text", None, 26.0)
    assert 0 <= read.confidence <= 1


def test_any_noise_gives_an_answer_that_is_not_certain_text(recogniser):
    noise = np.random.default_rng(9).integers(0, 256, (90, 300)).astype(np.uint8)
    read = recogniser.cell(noise, "money", None, 26.0)
    assert read.text == "" or read.confidence < CERTAIN


def test_running_text_gives_words_with_their_boxes(recogniser):
    shown = picture(
        "Kính gửi: Sở Công Thương", "text", "scan300", "LiberationSerif-Regular", seeded(8)
    )
    page = np.full((400, 1600), 245, np.uint8)
    height, width = shown.crop.shape
    page[100 : 100 + height, 200 : 200 + width] = shown.crop
    words = recogniser.words(page)
    assert " ".join(word.text for word in words) == "Kính gửi: Sở Công Thương"
    assert all(190 <= word.left < word.right <= 210 + width for word in words)
    assert all(95 <= word.top < word.bottom <= 105 + height for word in words)
