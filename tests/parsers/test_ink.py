"""A cell's ink: what is a line, what is a speck, what is nothing."""

import cv2
import numpy as np
import pytest
from rigs import cell_pictures

from parsers import ink

HEIGHT = 26.0


def _blank(noise=3.0, paper=245):
    grain = np.random.default_rng(5).normal(0, noise, (90, 400))
    return np.clip(paper + grain, 0, 255).astype(np.uint8)


def _text(words, width=10**6):
    chance = cell_pictures.seeded(3)
    drawn = cell_pictures.draw(words, "LiberationSerif-Regular", 40, width, chance)
    return drawn, cell_pictures.capital("LiberationSerif-Regular", 40)


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0, 10.0])
def test_blank_paper_has_no_line_and_nothing_pale(noise):
    found = ink.writing(_blank(noise), HEIGHT)
    assert (found.lines, found.faint, found.left_out) == ((), False, 0.0)


def test_a_speck_is_no_line_and_its_size_is_told():
    crop = _blank()
    cv2.circle(crop, (200, 45), 2, 30, -1)
    found = ink.writing(crop, HEIGHT)
    assert found.lines == ()
    assert 0 < found.left_out < 0.05


def test_writing_too_pale_to_read_is_not_taken_for_blank():
    drawn, height = _text("Thôn Đồng Văn")
    pale = (225 + (drawn / 255) * 20).astype(np.uint8)
    found = ink.writing(pale, height)
    assert found.lines == ()
    assert found.faint


@pytest.mark.parametrize(
    ("words", "width", "count"),
    [
        ("3", 10**6, 1),
        ("Thôn Đồng Văn", 10**6, 1),
        ("Ấp Ễ Ộ gỹ gỵ", 10**6, 1),
        ("Cửa hàng nông sản sạch Quỳnh Ngọc", 260, 3),
    ],
)
def test_lines_are_cut_apart(words, width, count):
    crop, height = _text(words, width)
    found = ink.writing(crop, height)
    assert len(found.lines) == count
    for line in found.lines:
        assert line.bottom - line.top == pytest.approx(height)


def test_the_rest_of_a_rule_along_the_edge_is_wiped():
    crop, height = _text("4 sao")
    ruled = crop.copy()
    ruled[:2, :] = 0
    ruled[:, -2:] = 0
    assert len(ink.writing(ruled, height).lines) == 1
    clean, with_rule = ink.writing(crop, height).lines[0], ink.writing(ruled, height).lines[0]
    assert np.abs(np.subtract(clean.pixels.shape, with_rule.pixels.shape)).max() <= 2


def test_letters_cut_by_the_edge_are_told():
    crop, height = _text("Thôn Đồng Văn")
    stem = int(np.argmax((crop < 128).sum(axis=0)))
    assert not ink.writing(crop, height).clipped
    assert ink.writing(np.ascontiguousarray(crop[:, : stem + 2]), height).clipped


def test_a_tilted_line_is_levelled():
    crop, height = _text("Cửa hàng nông sản sạch Thôn Đồng Văn")
    tall, width = crop.shape
    turn = cv2.getRotationMatrix2D((width / 2, tall / 2), 0.8, 1)
    tilted = cv2.warpAffine(crop, turn, (width, tall), borderValue=255)
    (level,) = ink.writing(crop, height).lines
    (found,) = ink.writing(tilted, height).lines
    assert abs(found.pixels.shape[0] - level.pixels.shape[0]) < height * 0.4
    assert (
        abs((found.bottom / found.pixels.shape[0]) - (level.bottom / level.pixels.shape[0])) < 0.1
    )


def test_a_dash_is_a_line_of_dashes():
    crop = _blank()
    crop[44:47, 190:204] = 20
    (line,) = ink.writing(crop, HEIGHT).lines
    assert line.dashes
