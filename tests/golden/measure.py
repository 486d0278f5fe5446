"""``./dev golden``: reads every golden document and shows how right the readings are.

Prints the accuracy table per family of formats and fails if a figure of ``figures.LIMITS`` is not
reached, or if a reading is not as ``expected.json`` says: the whole reading for a case written by
hand, the findings and the cells that are not as meant for a drawn one. ``--write`` replaces
expectations; without it only missing ones are written and the difference is shown. What the words
of the table mean stands in ``accuracy.py``.
"""

import argparse
import difflib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
from golden.accuracy import Score, compare
from golden.figures import Figures, family, missed_limits, table
from golden.make import all_drawn, make
from rigs.golden import CASES, cases, document, measured, read, shape, truth, written

import parsers
from parsers.reading import Refusal

#: Families whose letters a program recognises: two machines may not agree on every one of them.
RECOGNISED = frozenset({"scans", "photos", "bad pictures"})


@dataclass(frozen=True, slots=True)
class Measured:
    """One document: how right it was read, what was remarked, and what that took."""

    path: Path
    score: Score
    remarks: list[str]
    seconds: float
    pages: int
    memory_mb: float


def measure(path: Path, data: bytes, meant: dict[str, Any]) -> Measured:
    """Read one document and compare it with what was meant."""
    _forget_peak()
    start = _processor_seconds()
    outcome = read(data, path.name)
    seconds = _processor_seconds() - start
    memory_mb = _peak_mb()
    score = compare(outcome, meant)
    if isinstance(outcome, Refusal):
        score.counts["unsupported"] += outcome.code == "unsupported"
        remarks = [f"refused: {outcome.code}"]
    else:
        remarks = sorted(
            f"{f.severity} {f.code} row {f.row or '-'} {f.field or '-'}" for f in outcome.findings
        )
    return Measured(path, score, remarks, seconds, _pages(data), memory_mb)


def _processor_seconds() -> float:
    """Return what this process and the programs it started have used: others do not count."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _forget_peak() -> None:
    """Let the kernel count the peak of memory anew (Linux, proc(5): clear_refs)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _pages(data: bytes) -> int:
    if not data.startswith(b"%PDF"):
        return 1
    pdf = pypdfium2.PdfDocument(data)
    try:
        return len(pdf)
    finally:
        pdf.close()


def measure_file(path: Path) -> Measured:
    """Measure a committed document."""
    return measure(path, path.read_bytes(), truth(path))


def seen_again(seed: int, every: int = 1) -> Iterator[Measured]:
    """Measure (every so many) documents of a seed that nobody has seen, made on the spot."""
    for one in islice(all_drawn(seed), 0, None, every):
        path = Path(one.layout) / one.name
        yield measure(path, one.bytes(), json.loads(json.dumps(one.paper.truth.shape())))


def figures_of(results: Iterable[Measured]) -> dict[str, Figures]:
    """Return the sums of each family."""
    by_family: dict[str, Figures] = defaultdict(Figures)
    for one in results:
        by_family[family(one.path)].add(one.score.counts, one.seconds, one.pages, one.memory_mb)
    return by_family


def said_of(one: Measured) -> dict[str, list[str]]:
    """Return what is expected of a drawn document: its findings, and the cells not as meant."""
    return {"findings": one.remarks, "not as meant": one.score.misread}


def expectations(results: Iterable[Measured]) -> dict[Path, str]:
    """Return what should stand in each ``expected.json``."""
    texts = {case / "expected.json": written(shape(document(case))) for case in cases()}
    drawn: dict[Path, dict[str, Any]] = defaultdict(dict)
    for one in results:
        by_hand = one.path.name.startswith("input.")
        unread = bool(one.score.counts["unsupported"])
        if not by_hand and not unread and family(one.path) not in RECOGNISED:
            drawn[one.path.parent / "expected.json"][one.path.name] = said_of(one)
    return texts | {path: written(said) for path, said in drawn.items()}


def differing(texts: dict[Path, str], *, write: bool) -> int:
    """Show expectations that differ, write those that may be written; return how many may not."""
    refused = 0
    for target, new in texts.items():
        old = target.read_text(encoding="utf-8") if target.exists() else ""
        if new == old:
            continue
        name = str(target.relative_to(CASES))
        say(
            "\n".join(
                difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="")
            )
        )
        if old and not write:
            refused += 1
        else:
            target.write_text(new, encoding="utf-8")
    if refused:
        say(f"{refused} expectations differ; --write replaces them")
    return refused


def say(text: str) -> None:
    """Print for people."""
    print(text)  # noqa: T201  a program for people


def main() -> int:
    """Return 1 if an expectation differs or a figure is not reached."""
    parser = argparse.ArgumentParser(prog="./dev golden", description=__doc__)
    parser.add_argument("case", nargs="*", help="only these cases")
    parser.add_argument(
        "--write", action="store_true", help="replace expectations (with --make: inputs)"
    )
    parser.add_argument(
        "--make", action="store_true", help="make inputs and truths that are missing"
    )
    parser.add_argument(
        "--seed", type=int, help="measure documents of another seed, never seen before"
    )
    parser.add_argument(
        "--misread", action="store_true", help="show every cell that is not as meant"
    )
    chosen = parser.parse_args()
    if chosen.make:
        for path in make(again=chosen.write):
            say(f"wrote {path.relative_to(CASES)}")
        return 0
    parsers.warm()
    if chosen.seed is not None:
        results = list(seen_again(chosen.seed))
    else:
        paths = [p for p in measured() if not chosen.case or p.parent.name in chosen.case]
        with ProcessPoolExecutor(2, initializer=parsers.warm) as pool:
            results = list(pool.map(measure_file, paths))
    refused = 0
    if chosen.seed is None:
        texts = expectations(results)
        mine = {p: t for p, t in texts.items() if not chosen.case or p.parent.name in chosen.case}
        refused = differing(mine, write=chosen.write)
    if chosen.misread:
        for one in results:
            for line in one.score.misread:
                say(f"{one.path.parent.name}/{one.path.name}: {line}")
    by_family = figures_of(results)
    say(table(by_family))
    short, missed = (
        [x for name, one in by_family.items() for x in missed_limits(name, one, known=known)]
        for known in (False, True)
    )
    say("\n".join(f"short: {line}" for line in short))
    say("\n".join(missed) or "no figure is missed but those in figures.SHORTFALLS")
    return 1 if refused or missed else 0


if __name__ == "__main__":
    sys.exit(main())
