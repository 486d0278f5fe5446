"""Places of positions where no cell stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.grid import Cell, Grid, column_letters, column_number


@pytest.mark.parametrize(
    ("place", "right", "below"),
    [
        ("Biểu 1!B9", "Biểu 1!C9", "Biểu 1!B10"),
        ("Sheet!1!Z99", "Sheet!1!AA99", "Sheet!1!Z100"),
        ("table 2, row 3, cell 4", "table 2, row 3, cell 5", "table 2, row 4, cell 4"),
        ("page 1, row 3, column 4", "page 1, row 3, column 5", "page 1, row 4, column 4"),
        ("dòng 3", "dòng 3", "dòng 3"),
    ],
)
def test_place_follows_from_the_nearest_cell(place: str, right: str, below: str) -> None:
    grid = Grid("t", ((Cell("x", "x", place), None), (None, None)))
    assert grid.place(0, 0) == place
    assert grid.place(0, 1) == right
    assert grid.place(1, 0) == below


def test_place_in_an_empty_grid_is_its_name() -> None:
    assert Grid("Biểu 1", ((None, None),)).place(0, 1) == "Biểu 1"


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 200), st.integers(1, 100))
def test_place_is_the_same_from_every_cell(row: int, column: int, top: int, left: int) -> None:
    rows: list[list[Cell | None]] = [[None] * 31 for _ in range(31)]
    rows[30 - row][30 - column] = Cell(
        "x", "x", f"S!{column_letters(left + 30 - column)}{top + 30 - row}"
    )
    grid = Grid("S", tuple(map(tuple, rows)))
    assert grid.place(row, column) == f"S!{column_letters(left + column)}{top + row}"


@given(st.integers(1, 16_384))
def test_column_letters_and_numbers_are_inverse(number: int) -> None:
    assert column_number(column_letters(number)) == number
