"""The nation in one run: 3,321 communes, two campaigns, 20,000 mails, in virtual time.

The daemon, its desk, registry (durable), vault, jailed readers, wordings and board are the real
ones; mailbox and courier are in memory (the contract tests hold them against Dovecot), and who
writes what stands in ``tests/rigs/nation.py``. The mails are made in a process of their own, and
only the daemon's turns are measured. At the end every mail and every commune is compared with what
the nation knows. What is assumed, and what the figures mean: docs/scale.md.

    python bench/nation.py [--communes 3321] [--mails 20000] [--seed 2026] [--registry URL]
                           [--folder DIR] [--step MINUTES]

A short run: ``--communes 332 --mails 2000``. The full one takes tens of minutes on two cores.
"""

import argparse
import datetime as dt
import functools
import os
import platform
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import structlog  # noqa: E402  the path comes first
from rigs.nation import Nation  # noqa: E402
from rigs.nation_office import LIMITS, NationOffice, nation_office  # noqa: E402
from rigs.nation_roster import Unit, roster  # noqa: E402

import intake.daemon  # noqa: E402
from config.model import Campaign, Config  # noqa: E402
from intake.desk import Desk  # noqa: E402
from notifier.fill_in import fill_in_workbook  # noqa: E402

#: The daemon's steps, as methods of the daemon or functions that it calls.
_METHODS = ("collect_and_keep", "understand_and_record", "send", "file", "copy_journal", "propose")
_FUNCTIONS = ("close_campaigns", "decide_and_queue")
_WINDOWS = 10


class Watch:
    """Processor and wall time of the daemon's turns, by step and by mails that came so far."""

    def __init__(self, mails: int) -> None:
        self.mails, self.seen, self.turns, self.said = mails, 0, 0, 0
        self.wall = self.cpu = 0.0
        self.steps: Counter[str] = Counter()
        self.quiet: list[float] = []
        self.windows: list[tuple[int, float, float, float]] = []
        self._began = (0, 0.0, 0.0, 0.0)

    def attach(self, office: NationOffice) -> None:
        """Measure this office's turns and steps."""
        self.office = office
        daemon = office.daemon
        for name in _METHODS:
            setattr(daemon, name, self._timed(name, getattr(daemon, name)))
        daemon.publisher.publish = self._timed("publish", daemon.publisher.publish)  # type: ignore[method-assign]
        daemon.health.examine = self._timed("examine", daemon.health.examine)  # type: ignore[method-assign]
        for name in _FUNCTIONS:
            setattr(intake.daemon, name, self._timed(name, getattr(intake.daemon, name)))
        office.watch = self.turn

    def _timed(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def timed(*values: object, **more: object) -> object:
            began = time.process_time()
            try:
                return step(*values, **more)
            finally:
                self.steps[name] += time.process_time() - began  # type: ignore[assignment]

        return timed

    def turn(self, tick: Callable[[], None], mails: int) -> None:
        """One turn of the daemon, in which so many mails arrived."""
        head = self.office.desk.store.journal_head()
        began, cpu = time.perf_counter(), time.process_time()
        tick()
        self.wall += time.perf_counter() - began
        spent = time.process_time() - cpu
        self.cpu += spent
        self.turns += 1
        self.seen += mails
        if not mails and self.office.desk.store.journal_head() == head:
            self.quiet.append(spent)
        if self.seen - self._began[0] >= self.mails / _WINDOWS:
            self.close_window()

    def close_window(self) -> None:
        """End a window: so many mails, their time in all steps and in those of single mails."""
        single = sum(self.steps[name] for name in ("collect_and_keep", "understand_and_record"))
        mails, wall, cpu, before = self._began
        self.windows.append((self.seen - mails, self.wall - wall, self.cpu - cpu, single - before))
        self._began = (self.seen, self.wall, self.cpu, single)
        say(
            f"{self.office.now:%Y-%m-%d %H:%M}  {self.seen:6d} mails  {self.turns:5d} turns  "
            f"{self.wall:7.0f} s  {self.cpu:7.0f} s of processor time  {peak_mb():5.0f} MB"
        )


def machine() -> str:
    """Say what the figures belong to."""
    cores, python = len(os.sched_getaffinity(0)), platform.python_version()
    packages = ", ".join(f"{one} {version(one)}" for one in ("SQLAlchemy", "openpyxl", "Jinja2"))
    return f"{platform.machine()}, {cores} cores, {platform.system()}; Python {python}, {packages}"


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def readers_peak_mb() -> float:
    """The most that one of this process's children has used, those that live included."""
    alive = [
        int(line.split()[1]) / 1_000
        for status in Path("/proc").glob("[0-9]*/status")
        for text in [_read(status)]
        if f"\nPPid:\t{os.getpid()}\n" in text
        for line in text.splitlines()
        if line.startswith("VmHWM")
    ]
    return max([resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_000, *alive])


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@contextmanager
def maker() -> Iterator[Callable[..., bytes]]:
    """Yield what calls a function in another process: making mails is not measured."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def make(made: Callable[..., bytes], *values: object, **more: object) -> bytes:
            return pool.submit(made, *values, **more).result()

        yield make


def nation_for(
    units: tuple[Unit, ...], mails: int, seed: int, make: Callable[..., bytes]
) -> Callable[[Config, Desk], Nation]:
    """Return what makes the nation of a config."""

    def made(config: Config, desk: Desk) -> Nation:
        communes = {one.code: one for one in config.communes}

        def blank(campaign: Campaign, unit: Unit) -> bytes:
            secret = desk.vault.secret()
            return make(
                fill_in_workbook, campaign, communes[unit.code], config.settings.office, secret
            )

        return Nation(units, config.campaigns, mails, seed, make, blank)

    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--communes", type=int, default=3321)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--registry", default="", help="postgresql+psycopg://…; default: SQLite")
    parser.add_argument("--folder", help="where registry and vault lie; default: a temporary one")
    parser.add_argument("--step", type=int, default=5, help="minutes between turns that bring mail")
    wanted = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    units = roster(wanted.communes, wanted.seed)
    with (
        tempfile.TemporaryDirectory(prefix="nation-", dir=wanted.folder) as folder,
        maker() as make,
    ):
        nation = nation_for(units, wanted.mails, wanted.seed, make)
        with nation_office(Path(folder) / "office", units, nation, wanted.registry) as office:
            office.step = dt.timedelta(minutes=wanted.step)
            watch = Watch(wanted.mails)
            watch.attach(office)
            office.live()
            watch.close_window()
            wrong = report(office, watch, wanted)
    return 1 if wrong else 0


def report(office: NationOffice, watch: Watch, wanted: argparse.Namespace) -> list[str]:
    """Print what it came to; return what is wrong."""
    peak, readers = peak_mb(), readers_peak_mb()
    store = office.desk.store
    began = time.process_time()
    broken = store.verify_journal()
    verified = time.process_time() - began
    wrong = [*office.wrong(), *([f"the journal breaks at {broken}"] if broken else [])]
    data = office.config.folder / "data"
    registry = sum(one.stat().st_size for one in data.glob("registry.db*")) / 1e6
    vault = sum(one.stat().st_size for one in (data / "vault").rglob("*") if one.is_file()) / 1e6
    mails, sent = watch.seen, office.sent.total()
    print(f"\n{machine()}")
    print(
        f"`python bench/nation.py --communes {wanted.communes} --mails {wanted.mails} --seed {wanted.seed} --step {wanted.step}`\n"  # noqa: E501
    )
    print(f"| {wanted.communes:,} communes, {mails:,} mails | |\n|---|---|")
    rows = [
        ("daemon's turns", f"{watch.turns:,} in {watch.wall:,.0f} s"),
        ("processor time of the daemon", f"{watch.cpu:,.0f} s, {watch.cpu / mails * 1000:.1f} ms a mail"),  # noqa: E501
        ("peak memory: daemon, largest reader", f"{peak:.0f} MB, {readers:.0f} MB"),
        ("registry, vault", f"{registry:,.0f} MB, {vault:,.0f} MB"),
        ("mails sent", f"{sent:,}: " + ", ".join(f"{n:,} {k}" for k, n in office.sent.most_common())),  # noqa: E501
        ("a turn in which nothing happens, median", f"{median(watch.quiet) * 1000:.0f} ms of {len(watch.quiet):,}"),  # noqa: E501
        ("journal", f"{store.journal_head().serial:,} events, verified in {verified:.0f} s: {broken or 'whole'}"),  # noqa: E501
        ("decided by people", ", ".join(f"{n:,} {k}" for k, n in office.decided.most_common())),
        ("limits", ", ".join(f"{key} = {value}" for key, value in LIMITS.items())),
    ]  # fmt: skip
    for campaign in office.config.campaigns:
        made = store.reports(campaign.id)
        sizes = ", ".join(
            f"{sum(file.size_bytes for file in one.files) / 1e6:.1f} MB" for one in made
        )
        rows.append((f"reports of {campaign.id}", f"{len(made)}: {sizes}"))
    rows.append(("otherwise than the nation knows", f"{len(wrong)}"))
    for name, value in rows:
        print(f"| {name} | {value} |")
    print("\n| step | s of processor time | ms a mail |\n|---|---|---|")
    for name, seconds in watch.steps.most_common():
        print(f"| {name} | {seconds:.1f} | {seconds / mails * 1000:.2f} |")
    print(
        "\n| mails | ms of processor time a mail, all steps | collect, keep, understand, record |\n|---|---|---|"  # noqa: E501
    )
    at = 0
    for count, _, cpu, single in watch.windows:
        if count:
            print(
                f"| {at + 1:,}–{at + count:,} | {cpu / count * 1000:.1f} | {single / count * 1000:.1f} |"  # noqa: E501
            )
        at += count
    print("\n| kind of mail | mails |\n|---|---|")
    for kind, count in office.nation.delivered.most_common():
        print(f"| {kind} | {count:,} |")
    for line in wrong[:20]:
        print(f"- {line}")
    return wrong


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


if __name__ == "__main__":
    sys.exit(main())
