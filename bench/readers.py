"""Reading on many machines: scans and small workbooks by the jail here and by workers of Dask.

The ways take turns; times are medians of the runs. Scheduler and workers are processes on this
machine: beyond its cores more workers only show what the way there and back costs, and that they
wait for each other; on machines of their own they would not. ``processor`` is all that was used for
a document by every process together, ``asking`` what the asking process used of it.

    python bench/readers.py [--scans 12] [--books 200] [--runs 3] [--workers 1,2,4]
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rigs.dask_cluster import DaskCluster, until  # noqa: E402
from rigs.golden import CASES  # noqa: E402
from rigs.shipped import shipped_form  # noqa: E402

from intake.cluster import Cluster  # noqa: E402
from intake.readers import Readers  # noqa: E402
from parsers.jail import Jail, JailLimits  # noqa: E402
from parsers.reading import Reading  # noqa: E402

FORM = shipped_form()
LIMITS = JailLimits(seconds=300)
BOOK = CASES / "list-nine" / "input-xlsxwriter.xlsx"


@dataclass
class Times:
    """What each run took for one document: seconds of the clock, of all processors, of ours."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    asking: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scans", type=int, default=12)
    parser.add_argument("--books", type=int, default=200)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--workers", default="1,2,4")
    wanted, _ = parser.parse_known_args()
    scans = sorted(CASES.glob("*/*.scan-*.pdf"))[: wanted.scans]
    work = {"scans": scans, "workbooks": [BOOK] * wanted.books}
    cores = len(os.sched_getaffinity(0))
    ways = [0, *map(int, wanted.workers.split(","))]
    times = {(kind, way): Times() for kind in work for way in ways}
    for _ in range(wanted.runs):
        for way in ways:
            with readers(way, cores) as reader:
                for kind, paths in work.items():
                    measure(reader, [path.read_bytes() for path in paths], times[kind, way])
    print(
        f"\n{platform.machine()}, {cores} cores, {platform.system()} {platform.release()}; Python "
        f"{platform.python_version()}, distributed {version('distributed')}; medians of "
        f"{wanted.runs} runs"
    )
    for kind, paths in work.items():
        print(f"\n{len(paths)} {kind} of the golden set\n")
        print("| read by | documents/s | × local | processor, ms | asking, ms |")
        print("|---|---:|---:|---:|---:|")
        local = statistics.median(times[kind, 0].clock)
        for way in ways:
            print(_row(way, cores, times[kind, way], local))


@contextmanager
def readers(workers: int, cores: int) -> Iterator[Jail | Readers]:
    """The jail with a worker for each core, or so many Dask workers of one thread, warmed up."""
    with ExitStack() as stack:
        if not workers:
            yield stack.enter_context(Jail(LIMITS, workers=cores))
            return
        cluster = stack.enter_context(DaskCluster(workers))
        nowhere = Jail(LIMITS, command=("/bin/false",))  # nothing may be read here unseen
        teams = Cluster(cluster.scale, LIMITS)
        found = Readers(nowhere, teams)
        stack.callback(found.close)
        until(lambda: (team := teams.team()) and team.threads == workers, "all workers are there")
        yield found


def measure(reader: Jail | Readers, documents: list[bytes], times: Times) -> None:
    """Read all of them, as many at a time as the reader takes; note what one of them took."""
    with ThreadPoolExecutor(reader.width) as pool:

        def read(data: bytes) -> None:
            if not isinstance(reader.read(data, FORM, ""), Reading):
                sys.exit("a document was not read")

        list(pool.map(read, [documents[0]] * reader.width))  # every worker has begun
        began, all_of, ours = time.perf_counter(), used(os.getpid()), time.process_time()
        list(pool.map(read, documents))
        count = len(documents)
        times.clock.append((time.perf_counter() - began) / count)
        times.processor.append((used(os.getpid()) - all_of) / count)
        times.asking.append((time.process_time() - ours) / count)


def used(root: int) -> float:
    """Return the seconds of processor time of a process and all below it (proc(5))."""
    below: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        below.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))
    found, todo = 0, [root]
    while todo:
        pid = todo.pop()
        found += ticks.get(pid, 0)
        todo += below.get(pid, [])
    return found / os.sysconf("SC_CLK_TCK")


def _row(way: int, cores: int, times: Times, local: float) -> str:
    clock, processor, asking = (
        statistics.median(one) for one in (times.clock, times.processor, times.asking)
    )
    name = f"Dask, {way} worker(s)" if way else f"jail here, {cores} workers"
    figures = f"{1 / clock:.2f} | {local / clock:.2f} | {processor * 1e3:.1f} | {asking * 1e3:.1f}"
    return f"| {name} | {figures} |"


if __name__ == "__main__":
    main()
