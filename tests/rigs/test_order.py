"""The order of a run on several workers."""

from pathlib import Path

import pytest
from rigs.order import LONGEST, dealt

TESTS = Path(__file__).parents[1]
MODULES = [name for name in ("a", LONGEST[2], "b", LONGEST[0], "c", LONGEST[1]) for _ in range(4)]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 30])
def test_every_test_is_run_once(workers: int) -> None:
    assert sorted(dealt(MODULES, workers)) == list(range(len(MODULES)))
    assert dealt([], workers) == []


def test_each_worker_begins_with_a_long_module_and_goes_on_with_others_in_their_order() -> None:
    names = [MODULES[place] for place in dealt(MODULES, 3)]
    begun = [LONGEST[0], LONGEST[1], LONGEST[2]]
    rest = "aaaa", "bbbb", "cccc"
    assert names == [
        name for long, others in zip(begun, rest, strict=True) for name in ([long] * 4 + [*others])
    ]


def test_more_long_ones_than_a_stretch_has_room_for() -> None:
    names = [LONGEST[0]] * 7 + ["a", "b"]
    assert dealt(names, 3) == list(range(9))


def test_the_long_ones_exist() -> None:
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
