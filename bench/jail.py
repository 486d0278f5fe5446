"""What the jail costs: one small workbook read in this process, and in a worker by layers.

The ways take turns in one run; medians, each beside reading in-process, and the processor time of
the process that read, which other work on the machine disturbs least. ``no seccomp`` is the
same worker on a machine whose calls it does not know, ``nothing`` one that confines itself by
nothing at all. Starting a worker is measured apart: it happens once in 200 documents.

    python bench/jail.py [--turns 200] [--starts 10]
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rigs.ocop_form import FORM  # noqa: E402

from parsers import read, warm  # noqa: E402
from parsers.jail import Jail, JailLimits  # noqa: E402
from parsers.reading import Reading  # noqa: E402

BOOK = (ROOT / "tests" / "parsers" / "data" / "form.xlsx").read_bytes()
_SERVE = "import sys\n{}\nimport parsers.serve\nsys.exit(parsers.serve.main(sys.argv[1:]))"
WORKERS = {
    "jail, all layers": None,
    "jail, no seccomp": "import parsers.confine as c\nc.install = lambda *_: False",
    "jail, nothing": "import parsers.confine as c\nc.confine = lambda *_: ()\n"
    "c.stay_alone = lambda: None",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--starts", type=int, default=10)
    wanted, _ = parser.parse_known_args()
    warm()
    with ExitStack() as stack:
        jails = {name: stack.enter_context(_jail(change)) for name, change in WORKERS.items()}
        ways: dict[str, Callable[[], object]] = {"in this process": lambda: read(BOOK, FORM)}
        ways |= {name: lambda jail=jail: jail.read(BOOK, FORM) for name, jail in jails.items()}
        for way in ways.values():
            if not isinstance(way(), Reading):
                sys.exit("the workbook was not read")
        clocks: dict[str, Callable[[], float]] = {"in this process": time.process_time}
        clocks |= {name: lambda jail=jail: _processor(jail) for name, jail in jails.items()}
        used = {name: -clock() for name, clock in clocks.items()}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(wanted.turns):
            for name, way in ways.items():
                began = time.process_time()
                times[name].append(_seconds(way))
                if name in jails:  # what this process did meanwhile is not the other way's
                    used["in this process"] -= time.process_time() - began
        used = {name: (used[name] + clock()) / wanted.turns for name, clock in clocks.items()}
        layers = {name: jail.ready() for name, jail in jails.items()}
    starts: dict[str, list[float]] = {name: [] for name in WORKERS}
    for _ in range(wanted.starts):
        for name, change in WORKERS.items():
            with _jail(change) as fresh:
                starts[name].append(_seconds(fresh.ready))
    _report(times, used, starts, layers)


def _jail(change: str | None) -> Jail:
    limits = JailLimits(jobs=1_000_000)  # one worker for all turns
    if change is None:
        return Jail(limits)
    return Jail(limits, command=(sys.executable, "-P", "-s", "-c", _SERVE.format(change)))


def _seconds(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def _processor(jail: Jail) -> float:
    """Return the seconds of processor time that the jail's idle worker has used (proc(5))."""
    worker = jail._slots.queue[-1]  # noqa: SLF001  there is no other way to its number
    if worker is None:
        sys.exit("the worker is gone")
    stat = Path(f"/proc/{worker._process.pid}/stat").read_text("ascii")  # noqa: SLF001
    ticks = stat.rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _report(
    times: dict[str, list[float]],
    used: dict[str, float],
    starts: dict[str, list[float]],
    layers: dict[str, tuple[str, ...]],
) -> None:
    print(f"\njail: one workbook of {len(BOOK)} bytes, medians in milliseconds")
    print(
        f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} "
        f"{platform.release()}; Python {platform.python_version()}, lxml {version('lxml')}"
    )
    bare = statistics.median(times["in this process"])
    print(f"\n{'':20}{'reading':>9}{'× alone':>9}{'processor':>11}{'start':>9}   layers")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        start = f"{statistics.median(starts[name]) * 1e3:>9.0f}" if name in starts else f"{'':9}"
        columns = f"{median * 1e3:>9.2f}{median / bare:>9.2f}{used[name] * 1e3:>11.2f}{start}"
        print(f"{name:20}{columns}   {' '.join(layers.get(name, ()))}")


if __name__ == "__main__":
    main()
