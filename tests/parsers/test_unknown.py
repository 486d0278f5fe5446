"""Columns that the form does not know: which are told, and what of them."""

from collections.abc import Sequence

import pytest
from rigs.shipped import shipped_form

from parsers import understand
from parsers.grid import Cell, Extract, Grid
from parsers.reading import Reading, Refusal

KNOWN = ["TT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Người đại diện", "Điện thoại"]
POINT = ["1", "Điểm A", "Thôn Một", "HTX Một", "Lý Văn Thử", "0912000111"]


def table(captions: Sequence[str], *rows: Sequence[str]) -> Extract:
    cells = tuple(
        tuple(Cell(text, text, f"Biểu!{chr(65 + c)}{r}") for c, text in enumerate(row))
        for r, row in enumerate((captions, *rows), start=1)
    )
    return Extract("xlsx", (Grid("Biểu", cells),))


def read(captions: Sequence[str], *rows: Sequence[str]) -> Reading | Refusal:
    return understand(table(captions, *rows), shipped_form())


def test_caption_place_and_at_most_three_different_samples() -> None:
    rows = [[str(n), f"Điểm {n}", *POINT[2:], text] for n, text in enumerate("aabcd", start=1)]
    (one,) = read([*KNOWN, "Cột lạ"], *rows).unknown
    assert (one.caption, one.place, one.field) == ("Cột lạ", "Biểu!G1", "")
    assert one.samples == ("a", "b", "c")


def test_samples_are_short_and_on_one_line() -> None:
    (one,) = read([*KNOWN, "Cột lạ"], [*POINT, "dòng một\n" + "x" * 500]).unknown
    assert one.samples[0].startswith("dòng một x")
    assert len(one.samples[0]) == 60


def test_empty_columns_and_swollen_captions_are_left_out() -> None:
    assert read([*KNOWN, "Cột lạ"], [*POINT, ""]).unknown == ()
    assert read([*KNOWN, "dài " * 40], [*POINT, "x"]).unknown == ()


def test_a_known_table_has_none() -> None:
    assert read(KNOWN, POINT).unknown == ()


def test_a_guess_names_its_field() -> None:
    captions = [*KNOWN[:2], "Địa chỉ dự tính mở", *KNOWN[3:]]
    (one,) = read(captions, POINT).unknown
    assert (one.caption, one.field) == (captions[2], "address")


@pytest.mark.parametrize("many", [5, 60])
def test_a_table_that_is_not_ours_tells_at_most_thirty(many: int) -> None:
    result = read(
        ["TT", "Tên điểm", "Địa chỉ", *(f"Lạ số {n} đó" for n in range(many))],
        ["1", "Điểm A", "Thôn Một", *("x" for _ in range(many))],
    )
    assert isinstance(result, Refusal)
    assert len(result.unknown) == min(many, 30)
