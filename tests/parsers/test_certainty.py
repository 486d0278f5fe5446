"""How evidence becomes a probability: only agreement can be certain, doubt only takes away."""

from dataclasses import replace

import pytest

from parsers.certainty import Evidence, Seen, confidence
from parsers.reading import CERTAIN

BEST = Evidence("4 sao", agreed=True, margin=8.0, certainty=0.96)
SEEN = Seen("4 sao", (BEST,), strange=False, misshapen=False, known=False)


def test_two_readers_that_are_sure_of_the_same_are_certain():
    assert confidence(SEEN) >= CERTAIN


@pytest.mark.parametrize(
    "worse",
    [
        replace(BEST, agreed=False),
        replace(BEST, margin=0.1),
        replace(BEST, margin=2.0, certainty=0.5),
    ],
)
def test_one_weak_line_is_enough_for_doubt(worse):
    assert confidence(replace(SEEN, lines=(BEST, worse))) < CERTAIN


def test_what_cannot_be_is_never_certain():
    assert confidence(replace(SEEN, misshapen=True)) < confidence(SEEN)
    assert confidence(replace(SEEN, strange=True)) < confidence(SEEN)
    assert confidence(replace(SEEN, misshapen=True)) < CERTAIN
