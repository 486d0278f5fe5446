"""Stars drawn as signs are counted; anything else in the cell is no count."""

import cv2
import numpy as np
import pytest

from parsers.star_marks import star_marks


def line(*signs: tuple[int, int, int]) -> np.ndarray:
    """A line with dots: centre across, centre down, radius."""
    pixels = np.full((60, 320), 255, np.uint8)
    for x, y, radius in signs:
        cv2.circle(pixels, (x, y), radius, 20, -1)
    return pixels


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_equal_signs_evenly_apart(count: int) -> None:
    assert star_marks(line(*((40 + 30 * at, 30, 9) for at in range(count)))) == count


@pytest.mark.parametrize(
    "signs",
    [
        [],
        [(40, 30, 9)],
        [(40 + 30 * at, 30, 9) for at in range(6)],
        [(40, 30, 9), (70, 30, 9), (160, 30, 9)],
        [(40, 30, 9), (70, 30, 4), (100, 30, 9)],
    ],
)
def test_anything_else_is_no_count(signs: list[tuple[int, int, int]]) -> None:
    assert star_marks(line(*signs)) == 0


def test_letters_are_no_stars() -> None:
    pixels = np.full((60, 320), 255, np.uint8)
    cv2.putText(pixels, "3 sao", (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 20, 3)
    assert star_marks(pixels) == 0
