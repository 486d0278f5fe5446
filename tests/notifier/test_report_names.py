"""A supplement is known by the names of its files."""

import pytest

from notifier.report_names import file_names, supplement_of


@pytest.mark.parametrize("supplement", [0, 1, 12])
def test_what_the_files_are_called_tells_which_report_it_is(supplement: int) -> None:
    assert supplement_of(file_names("ocop-2024-2", supplement)) == supplement


def test_other_names_tell_nothing() -> None:
    assert supplement_of(["145-UBND.pdf", "Bao cao bo sung x.xlsx"]) == 0
