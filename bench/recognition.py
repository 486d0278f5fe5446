"""How well single cells are read, and whether the confidence means what it says.

    CELL_FONTS=/where/more/fonts/are python bench/recognition.py [--cells 3000] [--part held-out]

Cells are made by ``tests/rigs/cell_pictures.py``: printed in fonts and words of the part, captured
by scanners and phones. "Wrong when certain" counts cells at 0.9 and above whose text differs from
the truth (NFC, spaces folded, m² = m2). Time is processor time of one core, pictures not counted.
Held-out fonts (Debian): fonts-texgyre, fonts-freefont-ttf, fonts-crosextra-carlito,
fonts-roboto-unhinted; tuning uses fonts-liberation2, fonts-dejavu-core, fonts-open-sans,
fonts-sil-gentium too. Unpack them anywhere and name the folder in CELL_FONTS.
"""

import argparse
import random
import sys
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from parsers.reading import CERTAIN  # noqa: E402
from parsers.recognise import Recogniser  # noqa: E402
from rigs.cell_pictures import cells  # noqa: E402
from rigs.ocop_form import FORM  # noqa: E402

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
    parser.add_argument("--part", choices=("tuning", "held-out"), default="held-out")
    parser.add_argument("--wrong", action="store_true", help="print the certain and wrong ones")
    wanted = parser.parse_args()
    recogniser = Recogniser(FORM)
    fields = {field.type: field for field in FORM.fields}
    tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    used = 0.0
    for picture in cells(wanted.part, wanted.cells, wanted.seed, KINDS, CAPTURES):
        began = time.process_time()
        field = fields.get(picture.kind)
        read = recogniser.cell(picture.crop, picture.kind, field, picture.letter_height)
        used += time.process_time() - began
        right = plain(read.text) == plain(picture.text)
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
    print(f"{wanted.part}: {wanted.cells} cells, {1000 * used / wanted.cells:.1f} ms each")
    print(f"{'':32}{'cells':>6} {'right':>8} {'certain':>8} {'wrong':>6} {'per 1000':>8}")
    for group in sorted(tallies):
        print(f"{group[0]:10}{group[1]:22}{tallies[group]}")


def plain(text: str) -> str:
    """Return the text as it is compared."""
    return " ".join(unicodedata.normalize("NFC", text).replace("²", "2").split())


if __name__ == "__main__":
    random.seed(0)
    main()
