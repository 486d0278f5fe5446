"""From what two readers saw to the probability that a cell is read right.

A logistic model of few weights, fitted by ``bench/recognition.py --fit`` on words, fonts and
captures that the net was not trained on, and moved so that of cells at ``reading.CERTAIN`` and
above fewer than 2 in 1,000 are wrong on the part held out from both.
"""

import math
from dataclasses import dataclass
from typing import Final

#: Beyond these a margin or a certainty says no more.
_MOST_MARGIN: Final = 5.0
_LEAST_CERTAINTY: Final = 0.5
_MOST_CERTAINTY: Final = 0.96
#: Where the readers differ, whatever speaks for the one that was chosen.
DIFFERING: Final = 0.5
#: What looks impossible, or may not be all that the cell says, is never certain.
DOUBTFUL: Final = 0.7


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the text of a line.

    ``agreed``: the net and Tesseract read the same. ``margin`` is the least by which one of its
    letters won in the net, ``certainty`` Tesseract's of its worst word.
    """

    text: str
    agreed: bool
    margin: float
    certainty: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read in a cell, line by line, and what the text says against or for itself.

    ``strange``: words that are neither likely here nor possible, or odd signs. ``misshapen``: not
    of the shape of its kind. ``known``: one of the values that are expected.
    """

    text: str
    lines: tuple[Evidence, ...]
    strange: bool
    misshapen: bool
    known: bool

    @property
    def agreed(self) -> bool:
        """Whether both readers read every line the same."""
        return all(line.agreed for line in self.lines)

    @property
    def features(self) -> tuple[float, ...]:
        """The numbers that ``WEIGHTS`` weigh, in their order; lines count as their worst."""
        certainty = min(line.certainty for line in self.lines)
        return (
            1.0,
            min(_MOST_MARGIN, *(line.margin for line in self.lines)),
            min(max(certainty, _LEAST_CERTAINTY), _MOST_CERTAINTY) - _LEAST_CERTAINTY,
            float(self.strange),
            float(self.misshapen),
            float(self.known),
        )


#: In log-odds: any agreement, the least margin, Tesseract's certainty, a strange word, a wrong
#: shape – as fitted; a known value – set: it would have to be misread as another one, by both.
WEIGHTS: Final = (-2.52, 1.01, 4.54, -2.13, -3.77, 2.0)


def confidence(seen: Seen) -> float:
    """Return the probability (0–1) that the text of a cell's lines is right."""
    if not seen.agreed:
        return DIFFERING
    pairs = zip(WEIGHTS, seen.features, strict=True)
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in pairs)))
