"""``./dev fuzz``: mutates every golden document and looks at what would be recorded of it.

Prints a table of mutators and what became of their mutants, the violations, the readers that raised
instead of refusing, and the mutants that took most time and memory. ``verdict`` says what the words
mean. Exit code 1 if there is a violation.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from fuzz import bytewise, members, wrapping
from fuzz.door import Door, Recorded
from fuzz.mutant import Input, Mutant, Mutator, posted
from fuzz.verdict import Kind, as_meant, judge
from golden.figures import family
from rigs.golden import CASES, cases, document, measured, truth

from parsers.sniff import sniff

MUTATORS: tuple[Mutator, ...] = (
    bytewise.truncate, bytewise.flip_bit, bytewise.flip_byte, bytewise.zero_block,
    bytewise.drop_block, bytewise.swap_blocks, bytewise.repeat_block, bytewise.garbage_after,
    bytewise.garbage_before, members.drop_member, members.rename_member, members.empty_member,
    members.cut_member, members.repeat_member, members.recompress, members.string_index,
    members.drop_string, members.repeat_string, members.cell_reference, members.repeat_cell,
    members.drop_cell, members.repeat_row, members.drop_row, members.move_merge, members.no_number,
    members.attribute, wrapping.other_name, wrapping.zipped, wrapping.damaged_archive,
    wrapping.outlook, wrapping.damaged_mail, wrapping.other_encoding, wrapping.recoded,
)  # fmt: skip
#: Every so many jobs of the families that take seconds for each mutant.
_SOME = {"doc/odt/rtf": 6, "scans": 40, "photos": 40, "bad pictures": 40}
_KINDS: tuple[Kind, ...] = ("refused", "flagged", "equal", "unseen", "violation")


@dataclass(frozen=True, slots=True)
class Job:
    """One document under one mutator."""

    path: Path
    mutator: int
    seed: int
    #: At most so many mutants, evenly chosen; 0 = all.
    each: int = 0

    @property
    def name(self) -> str:
        """The mutator's name."""
        return MUTATORS[self.mutator].__name__


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one mutant."""

    job: Job
    detail: str
    kind: Kind
    wrong: tuple[str, ...]
    crashes: tuple[str, ...]
    seconds: float
    memory_mb: float
    was: str

    def __str__(self) -> str:
        """Return where it is to be found again."""
        return f"{self.job.path.relative_to(CASES)} {self.job.name} {self.detail}"


@cache
def _door() -> Door:
    return Door()


@cache
def before(path: Path) -> Recorded:
    """Return what is recorded of a document as it is."""
    return _door().record(posted(path.read_bytes(), path.name))


def mutants_of(path: Path, mutator: Mutator, seed: int) -> Iterator[Mutant]:
    """Yield the mutants of a document; the same ones for the same seed."""
    data = path.read_bytes()
    one = Input(path.name, data, sniff(data, path.name).kind)
    # Not for secrets: the same seed makes the same mutants.
    chance = Random(f"{path.parent.name}/{path.name} {mutator.__name__} {seed}")  # noqa: S311
    yield from mutator(one, chance)


def truth_of(path: Path, was: Recorded) -> Sequence[Mapping[str, str]]:
    """Return the rows that were meant; of a document without a truth those that are read."""
    rows: Sequence[Mapping[str, str]] = (
        truth(path)["rows"] if path in _with_truth() else as_meant(was.rows)
    )
    return rows


@cache
def _with_truth() -> frozenset[Path]:
    return frozenset(measured())


def run(job: Job) -> list[Done]:
    """Make and judge the mutants of one job."""
    was = before(job.path)
    meant = truth_of(job.path, was)
    done = []
    mutants = list(mutants_of(job.path, MUTATORS[job.mutator], job.seed))
    step = -(-len(mutants) // job.each) if job.each else 1
    for mutant in mutants[:: max(1, step)]:
        after = _door().record(mutant.mail)
        verdict = judge(was, after, meant, mutant.meaning)
        done.append(
            Done(
                job, mutant.detail, verdict.kind, verdict.wrong, tuple(after.crashes),
                after.seconds, after.memory_mb, was.state,
            )
        )  # fmt: skip
    return done


def jobs(
    seed: int, only: Sequence[str] = (), names: Sequence[str] = (), each: int = 0
) -> list[Job]:
    """Return what is to be done, in an order that makes every beginning of it a fair sample."""
    paths = sorted({*measured(), *map(document, cases())})
    all_of: dict[str, list[Job]] = defaultdict(list)
    for path in paths:
        if only and not any(word in str(path) for word in only):
            continue
        for number, mutator in enumerate(MUTATORS):
            if not names or mutator.__name__ in names:
                all_of[family(path)].append(Job(path, number, seed, each))
    chosen = []
    chance = Random(seed)  # noqa: S311
    for name, of_family in sorted(all_of.items()):
        chance.shuffle(of_family)
        chosen += of_family[:: 1 if only else _SOME.get(name, 1)]
    chance.shuffle(chosen)
    return chosen


@dataclass(slots=True)
class Sums:
    """One line of the table."""

    inputs: set[Path] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    crashes: int = 0
    slowest: float = 0.0
    largest: float = 0.0

    def add(self, one: Done) -> None:
        """Add one mutant."""
        self.inputs.add(one.job.path)
        self.kinds[one.kind] += 1
        self.crashes += bool(one.crashes)
        self.slowest = max(self.slowest, one.seconds)
        self.largest = max(self.largest, one.memory_mb)


_COLUMNS = ("", "inputs", "mutants", *_KINDS, "raised", "most s", "most MB")


def table(results: Iterable[Done], by_family: bool = False) -> str:
    """Return the table: a line for each mutator or family, and their sum."""
    lines: dict[str, Sums] = defaultdict(Sums)
    for one in results:
        lines[family(one.job.path) if by_family else one.job.name].add(one)
        lines["all"].add(one)
    cells = [_COLUMNS]
    for name in sorted(lines, key=lambda name: (name == "all", name)):
        sums = lines[name]
        cells.append(
            (
                name, str(len(sums.inputs)), str(sums.kinds.total()),
                *(str(sums.kinds[kind]) for kind in _KINDS), str(sums.crashes),
                f"{sums.slowest:.1f}", f"{sums.largest:.0f}",
            )
        )  # fmt: skip
    widths = [max(len(line[at]) for line in cells) for at in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if at else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def all_done(todo: Sequence[Job], minutes: float, workers: int) -> Iterator[Done]:
    """Yield every mutant's end until all are done or the time is over."""
    deadline = time.monotonic() + minutes * 60
    with ProcessPoolExecutor(workers) as pool:
        waiting = {pool.submit(run, job) for job in todo}
        for future in as_completed(waiting):
            yield from future.result()
            if time.monotonic() > deadline:
                pool.shutdown(wait=True, cancel_futures=True)
                return


def say(text: str) -> None:
    """Print for people."""
    print(text, flush=True)  # noqa: T201  a program for people


def main() -> int:
    """Return 1 if a mutant was recorded as complete with a wrong value."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("only", nargs="*", help="only documents with one of these in their path")
    parser.add_argument("--mutator", action="append", default=[], help="only this mutator")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--each", type=int, default=0, help="so many mutants of each kind at most")
    parser.add_argument("--unseen", action="store_true", help="also show what nobody can see")
    chosen = parser.parse_args()
    todo = jobs(chosen.seed, chosen.only, chosen.mutator, chosen.each)
    began = time.monotonic()
    results = []
    for one in all_done(todo, chosen.minutes, chosen.workers):
        results.append(one)
        if one.kind == "violation" or (chosen.unseen and one.kind == "unseen"):
            say(f"{one.kind.upper()} {one} ({one.was})")
            for line in one.wrong[:6]:
                say(f"    {line}")
        for crash in one.crashes:
            say(f"RAISED {one}: {crash}")
    say(table(results))
    say("")
    say(table(results, by_family=True))
    slowest = sorted(results, key=lambda one: -one.seconds)[:5]
    largest = sorted(results, key=lambda one: -one.memory_mb)[:5]
    say("\nmost time:")
    say("\n".join(f"  {one.seconds:6.1f} s   {one}" for one in slowest))
    say("most memory:")
    say("\n".join(f"  {one.memory_mb:6.0f} MB  {one}" for one in largest))
    jobs_done = len({one.job for one in results})
    minutes = (time.monotonic() - began) / 60
    say(f"\nseed {chosen.seed}: {jobs_done} of {len(todo)} jobs in {minutes:.1f} minutes")
    return 1 if any(one.kind == "violation" for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
