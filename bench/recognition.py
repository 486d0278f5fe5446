"""How well single cells are read, and whether the confidence means what it says.

    CELL_FONTS=/where/more/fonts/are python bench/recognition.py [--cells 3000] [--part held-out]

Cells are made by ``tests/rigs/cell_pictures.py``: printed in fonts and words of the part, captured
by scanners and phones. "Wrong when certain" counts cells at 0.9 and above whose text differs from
the truth. Compared are NFC with spaces folded, m² as m2, in amounts the comma as the point (either
is read as the same value), in running numbers "3." as "3". Time is processor time of one core,
pictures not counted.

Fonts (Debian): fonts-liberation2, fonts-dejavu-core, fonts-texgyre, fonts-freefont-ttf,
fonts-crosextra-carlito, fonts-roboto-unhinted, fonts-open-sans, fonts-sil-gentium,
fonts-linuxlibertine. Unpack them anywhere (``dpkg -x``) and name the folder in CELL_FONTS.
"""

import argparse
import math
import os
import resource
import sys
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core is what is measured
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from rigs.cell_pictures import cells  # noqa: E402
from rigs.ocop_form import FORM  # noqa: E402

from parsers import certainty, ink  # noqa: E402
from parsers.reading import CERTAIN  # noqa: E402
from parsers.recognise import Recogniser  # noqa: E402

NUMBERS = frozenset({"phone", "code", "decimal", "money", "stars", "date", "index"})
#: As often as they stand in forms: eleven columns of which some six are words.
KINDS = (
    *("text",) * 5,
    *("list",) * 2,
    *("phone", "phone", "money", "money", "code", "choice", "decimal", "stars", "date"),
    *("index", "caption"),
)
CAPTURES = (
    *("scan300",) * 4,
    *("scan250",) * 2,
    *("scan200",) * 4,
    *("photo",) * 3,
    *("scan150", "fax200", "blurred"),
)
#: Of cells that are called certain, this share may be wrong by the model: less than is allowed.
EXPECTED_WRONG = 0.0007
RIDGE = 0.1
GOOD_SCANS = frozenset({"scan300", "scan250", "scan200"})


@dataclass(slots=True)
class Tally:
    """Counts of one group of cells."""

    cells: int = 0
    right: int = 0
    certain: int = 0
    certain_wrong: int = 0

    def __str__(self) -> str:
        wrong = 1000 * self.certain_wrong / max(1, self.certain)
        return (
            f"{self.cells:6} {self.right / max(1, self.cells):8.1%} "
            f"{self.certain / max(1, self.cells):8.1%} {self.certain_wrong:6} {wrong:8.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=("tuning", "calibration", "held-out"), default="held-out")
    parser.add_argument("--fit", action="store_true", help="print weights for parsers/certainty.py")
    parser.add_argument("--wrong", action="store_true", help="print the certain and wrong ones")
    wanted = parser.parse_args()
    if wanted.fit:
        fit(wanted.cells, wanted.seed)
        return
    recogniser = Recogniser(FORM)
    fields = {field.type: field for field in FORM.fields}
    tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    used = 0.0
    for picture in cells(wanted.part, wanted.cells, wanted.seed, KINDS, CAPTURES):
        began = time.process_time()
        field = fields.get(picture.kind)
        read = recogniser.cell(picture.crop, picture.kind, field, picture.letter_height)
        used += time.process_time() - began
        right = plain(read.text, picture.kind) == plain(picture.text, picture.kind)
        sort = "numbers" if picture.kind in NUMBERS else "text"
        capture = "scan 200-300" if picture.capture in GOOD_SCANS else picture.capture
        for group in ((sort, capture), (sort, "all"), (picture.kind, "scan 200-300 + photo")):
            if group[1].endswith("+ photo") and picture.capture not in {*GOOD_SCANS, "photo"}:
                continue
            tally = tallies[group]
            tally.cells += 1
            tally.right += right
            tally.certain += read.confidence >= CERTAIN
            tally.certain_wrong += read.confidence >= CERTAIN and not right
        if wanted.wrong and read.confidence >= CERTAIN and not right:
            print(f"{picture.kind} {picture.capture} {picture.font}: {picture.text} | {read}")
    recogniser.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = 1000 * used / wanted.cells
    print(f"{wanted.part}: {wanted.cells} cells, {each:.1f} ms each, {memory:.0f} MB at most")
    print(f"{'':32}{'cells':>6} {'right':>8} {'certain':>8} {'wrong':>6} {'per 1000':>8}")
    for group in sorted(tallies):
        print(f"{group[0]:10}{group[1]:22}{tallies[group]}")


def fit(count: int, seed: int) -> None:
    """Fit the weights of certainty on the calibration part, and say where they lie."""
    recogniser = Recogniser(FORM)
    fields = {field.type: field for field in FORM.fields}
    rows, right = [], []
    for picture in cells("calibration", count, seed, KINDS, CAPTURES):
        writing = ink.writing(picture.crop, picture.letter_height)
        if not writing.lines or writing.clipped:
            continue
        seen = recogniser.seen(writing, picture.kind, fields.get(picture.kind))
        if seen.agreed:
            rows.append(seen.features)
            right.append(plain(seen.text, picture.kind) == plain(picture.text, picture.kind))
    x, y = np.array(rows)[:, :-1], np.array(right, float)  # the last weight is set, not fitted
    weights = np.zeros(x.shape[1])
    for _ in range(60):  # Newton's method, with a ridge so that rare features stay small
        p = 1 / (1 + np.exp(-x @ weights))
        bend = x.T @ (x * (p * (1 - p))[:, None]) + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(bend, x.T @ (y - p) - RIDGE * weights)
    odds = x @ weights
    order = np.argsort(-odds)
    expected = np.cumsum(1 / (1 + np.exp(odds[order]))) / np.arange(1, len(order) + 1)
    last = int(np.flatnonzero(expected <= EXPECTED_WRONG).max(initial=0))
    least = odds[order[last]]
    print(f"{len(y)} agreed, {int(len(y) - y.sum())} of them wrong; fitted {weights.round(2)}")
    print(
        f"certain from {least:.2f}: {last / len(y):.1%}, {int((1 - y)[order[:last]].sum())} wrong"
    )
    weights[0] += math.log(CERTAIN / (1 - CERTAIN)) - least
    print("WEIGHTS =", (*weights.round(2).tolist(), certainty.WEIGHTS[-1]))


def plain(text: str, kind: str) -> str:
    """Return the text as it is compared, by what it says: see the module's docstring."""
    folded = " ".join(unicodedata.normalize("NFC", text).replace("²", "2").split())
    if kind in {"decimal", "money"}:
        return folded.replace(",", ".")
    return folded.rstrip(".") if kind == "index" else folded


if __name__ == "__main__":
    main()
