"""The net: what it reads, and how well a text fits a picture."""

import numpy as np
import pytest
from rigs import cell_pictures

from parsers import glyphs, ink


def _line(text, font):
    shown = cell_pictures.picture(text, "text", "scan300", font, cell_pictures.seeded(1))
    (line,) = ink.writing(shown.crop, shown.letter_height).lines
    return line


def _logs(text, font="LiberationSerif-Regular"):
    return glyphs.net().frames(glyphs.strip(_line(text, font)))


@pytest.mark.parametrize("text", ["0912345678", "24,75", "Thôn Nà Pàn", "Tổ hợp tác", "5 sao"])
@pytest.mark.parametrize("font", ["LiberationSerif-Regular", "LiberationSans-Regular"])
def test_it_reads_print_with_every_letter_ahead_of_the_next_best(text, font):
    read = glyphs.read(_logs(text, font))
    assert read.text == text
    assert min(read.margins) > 0
    assert len(read.margins) == len(text)


def test_probabilities_are_probabilities():
    assert np.exp(_logs("Hồng Phong")).sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_the_right_text_fits_best():
    logs = _logs("Thôn Quyển Sơn")
    right = glyphs.fit(logs, "Thôn Quyển Sơn")
    for wrong in ("Thôn Quyến Sơn", "Thôn Quyền Sơn", "Thôn Quyển Sn", "Thôn Quyển Sơnn", ""):
        assert glyphs.fit(logs, wrong) < right


def test_a_letter_that_the_net_does_not_know_fits_nowhere():
    assert glyphs.fit(_logs("Hồng"), "Hồ€g") == -np.inf


def test_a_strip_has_its_letters_where_the_net_looks_for_them():
    shown = cell_pictures.picture(
        "HHH", "text", "scan300", "LiberationSans-Regular", cell_pictures.seeded(2)
    )
    (line,) = ink.writing(shown.crop, shown.letter_height).lines
    rows = np.flatnonzero((glyphs.strip(line) < 128).any(axis=1))
    assert abs(rows.max() - (glyphs.ABOVE + glyphs.CAPITAL - 1)) <= 1
    assert abs(rows.min() - glyphs.ABOVE) <= 3
