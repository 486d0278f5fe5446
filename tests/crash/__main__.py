"""`./dev crash`: kill the daemon before and after every effect of the days, and print the table."""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crash.play import Reference, Result, kill, play, points, uninterrupted
from crash.scenario import SCENARIO
from crash.stage import Point, Stage

#: Every so many points the days are played to their end although nothing differed any more.
TO_THE_END = 10


def main() -> int:
    """Run; 0 when every killed run ended as the uninterrupted one, else 1."""
    asked = _asked()
    began = time.monotonic()
    room = Path(tempfile.mkdtemp(prefix="crash-"))
    with ThreadPoolExecutor(asked.workers) as pool:
        runs = [
            pool.submit(_worker, room / f"{number}", asked, number)
            for number in range(asked.workers)
        ]
        ended = [run.result() for run in runs]
    reference, results = ended[0][0], [one for _, found in ended for one in found]
    alike = all(_same_for_all(one) == _same_for_all(reference) for one, _ in ended)
    lines = [*table(reference, results), f"{time.monotonic() - began:.0f} s"]
    sys.stdout.write("\n".join(lines) + "\n")
    wrong = [one for one in results if one.verdict.differences]
    if wrong or not alike:
        _say(f"differences: see above; what the last runs left is in {room}")
        return 1
    shutil.rmtree(room)
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev crash", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many points")
    parser.add_argument("--kind", default="", help="only effects whose kind begins so")
    parser.add_argument("--step", type=int, default=0, help="only this step of the days (from 1)")
    parser.add_argument("--to-the-end", action="store_true", help="play all days after each kill")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def _worker(room: Path, asked: argparse.Namespace, number: int) -> tuple[Reference, list[Result]]:
    """Play the days on a stage of its own, and kill at its share of the points."""
    with Stage(room) as stage:
        reference = play(stage)
        chosen = [
            one
            for one in list(points(reference))[:: asked.every]
            if one.kind.startswith(asked.kind) and asked.step in {0, one.step + 1}
        ]
        if not number:
            verdict = uninterrupted(stage, reference)
            told = "; ".join(verdict.differences) or "equal"
            _say(f"one process for all days against one for each step: {told}")
            _say(f"{reference.effects} effects in {len(SCENARIO)} steps, {len(chosen)} points")
        share = _share(reference, chosen, asked.workers, number)
        return reference, list(_killed(stage, reference, share, asked, number))


def _freezes(reference: Reference) -> set[int]:
    """The steps that freeze a report: it names the port of the stage's own server.

    So its hash, and whether its shelf in the vault is new, differ from stage to stage.
    """
    kinds = enumerate(reference.client)
    return {step for step, effects in kinds if "registry report-frozen" in effects}


def _same_for_all(reference: Reference) -> list[Sequence[str]]:
    return [
        effects for step, effects in enumerate(reference.client) if step not in _freezes(reference)
    ]


def _share(reference: Reference, chosen: Sequence[Point], workers: int, number: int) -> list[Point]:
    """Divide the points; those of steps that differ from stage to stage are all the first's."""
    own = _freezes(reference)
    others = [point for point in chosen if point.step not in own][number::workers]
    return others if number else [point for point in chosen if point.step in own] + others


def _killed(
    stage: Stage,
    reference: Reference,
    share: Sequence[Point],
    asked: argparse.Namespace,
    number: int,
) -> Iterable[Result]:
    for index, point in enumerate(share):
        to_the_end = asked.to_the_end or index % TO_THE_END == 0
        result = kill(stage, reference, point, to_the_end=to_the_end)
        for difference in result.verdict.differences:
            _say(f"{point}: {difference}")
        if index % 50 == 0:
            _say(f"worker {number + 1}: {index} of {len(share)}")
        yield result


_lock = threading.Lock()


def _say(line: str) -> None:
    with _lock:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def table(reference: Reference, results: Sequence[Result]) -> list[str]:
    """Return the table: how often the process died at each kind of effect, and how it ended."""
    effects = Counter(kind for side in (reference.client, reference.server)
                      for step in side for kind in step)  # fmt: skip
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for result in results:
        row = rows[result.point.kind]
        row[0] += 1
        row[1] += not result.verdict.differences
        row[2] += result.verdict.duplicates
    lines = [f"{'effect':28}{'effects':>8}{'killed':>8}{'equal':>8}{'second copies':>15}"]
    for kind, row in sorted(rows.items()):
        lines.append(f"{kind:28}{effects[kind]:8}{row[0]:8}{row[1]:8}{row[2]:15}")
    total = [sum(row[index] for row in rows.values()) for index in range(3)]
    lines.append(f"{'all':28}{effects.total():8}{total[0]:8}{total[1]:8}{total[2]:15}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
