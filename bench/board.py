"""The board of a district and of a country: ask the registry, make both pages; a quiet tick.

A registry with 22 and one with 3,321 communes (every commune of Việt Nam since 1/7/2025), three of
five of which have answered and each got its call and a reminder. ``gather`` asks the registry,
``facts`` makes the typed facts of both pages (with `notifier.due.plan`), ``html`` renders them,
``write`` puts them on the disk; ``quiet`` is the step of a tick in which nothing has changed.
Medians of processor time, which other work on the machine disturbs least, both sizes by turns;
``clock`` is the whole by the wall clock, the last column the whole beside 22 communes.

    python bench/board.py [--turns 7]
"""

import argparse
import dataclasses
import datetime as dt
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Self, TypeVar

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rigs.board import CAMPAIGN, many  # noqa: E402  the path comes first

from config.model import Commune, Config  # noqa: E402
from intake.health import Health  # noqa: E402
from intake.publish import Publisher, gather  # noqa: E402
from notifier.board import FILES, pages, write  # noqa: E402
from notifier.board_view import Board, board  # noqa: E402
from notifier.calendar import Calendar  # noqa: E402
from notifier.due import plan  # noqa: E402
from notifier.plan_view import Plan, plan_page  # noqa: E402
from parsers.reading import Finding, Row  # noqa: E402
from registry.model import NewMail, NewSubmission, Outcome, Point, Slot  # noqa: E402
from registry.store import Store, open_store  # noqa: E402

NOW = dt.datetime.fromisoformat("2024-05-17T14:20:00+07:00")
SIZES = (22, 3321)
_T = TypeVar("_T")
_STEPS = ("gather", "facts", "html", "write", "whole", "clock", "quiet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=7)
    wanted, _ = parser.parse_known_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        offices = {size: stack.enter_context(_Office(folder / str(size), size)) for size in SIZES}
        times: dict[int, dict[str, list[float]]] = {
            size: {step: [] for step in _STEPS} for size in SIZES
        }
        for turn in range(wanted.turns + 1):
            for size, office in offices.items():
                for step, seconds in office.turn(turn):
                    if turn:  # the first turn compiles statements and templates
                        times[size][step].append(seconds)
        sizes = {size: office.bytes() for size, office in offices.items()}
    _report(times, sizes)


class _Office:
    """A registry full of answers, and what the daemon makes the board of."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir()
        config = many(size)
        self.config = dataclasses.replace(config, folder=folder)
        self.store = open_store("sqlite:///registry.db", folder, durable=False)
        _fill(self.store, self.config)
        calendar = Calendar(config.calendar, config.settings.office.zone)
        self.desk = SimpleNamespace(
            config=self.config, store=self.store, calendar=calendar, clock=lambda: NOW
        )
        self.health = Health(self.desk)  # type: ignore[arg-type]
        self.publisher = Publisher(self.desk, self.health)  # type: ignore[arg-type]
        self.folder = folder / self.config.settings.board.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def turn(self, number: int) -> Iterator[tuple[str, float]]:
        """Yield each step with its seconds, and the whole, as the daemon does it after a change."""
        for name in FILES:
            (self.folder / name).unlink(missing_ok=True)
        began, worked = time.perf_counter(), time.process_time()
        facts, seconds = _timed(lambda: gather(self.desk, self.health, NOW))  # type: ignore[arg-type]
        yield "gather", seconds

        def typed() -> tuple[Board, Plan]:
            dues = plan(facts.snapshot, facts.config, facts.calendar, facts.now)
            ahead = plan_page(dues, facts.config, facts.calendar, facts.now)
            return board(facts), ahead

        (shown, ahead), seconds = _timed(typed)
        yield "facts", seconds
        made, seconds = _timed(lambda: pages(shown, ahead))
        yield "html", seconds
        _, seconds = _timed(lambda: [write(self.folder, page, f"{number}") for page in made])
        yield "write", seconds
        yield "whole", time.process_time() - worked
        yield "clock", time.perf_counter() - began
        self.publisher.publish()
        _, seconds = _timed(self.publisher.publish)
        yield "quiet", seconds
        if self.health.signs.failing:
            sys.exit(f"the board failed: {self.health.signs.failing}")

    def bytes(self) -> dict[str, int]:
        """Return the sizes of the files."""
        return {name: (self.folder / name).stat().st_size for name in FILES}


def _fill(store: Store, config: Config) -> None:
    (campaign,) = config.campaigns
    members = config.members(campaign)
    store.launch(CAMPAIGN, "officer", campaign.opens_at)
    mails = [mail for one in members for mail in _asked(one)]
    for start in range(0, len(mails), 500):
        store.queue(mails[start : start + 500], campaign.opens_at)
    for number, one in enumerate(members):
        if number % 5 < 3:  # noqa: PLR2004  three of five
            at = campaign.opens_at + dt.timedelta(minutes=1 + number)
            sha256 = f"{number:064x}"
            slot = Slot("ocop@mail.example", "INBOX", 7, number + 1)
            message = store.keep(slot, sha256, 60_000, at, at).message_id
            store.record(message, _answer(one, number), at)
    store.polled(NOW)


def _asked(commune: Commune) -> Iterator[NewMail]:
    for kind in ("call", "reminder"):
        for address in (*commune.emails, *commune.chair_emails):
            key = f"{kind}/{CAMPAIGN}/{commune.code}"
            yield NewMail(
                key, address, kind, "Thư", f"<{key}@tinh.example>", b"raw",  # type: ignore[arg-type]
                campaign=CAMPAIGN, commune=commune.key,
            )  # fmt: skip


def _answer(commune: Commune, number: int) -> Outcome:
    row = Row({"name": f"Điểm {number}"}, {"name": "Biểu!B9"}, {"name": 1.0}, {"name": "Điểm"})
    finding = Finding("warning", "x", "Thiếu số điện thoại.", "phone", 1, "Biểu!F9")
    return Outcome(
        "recorded", "submission", "read", sender=commune.emails[0], commune=commune.key,
        campaign=CAMPAIGN, content_key=str(number),
        submission=NewSubmission(
            CAMPAIGN, commune.key, "registered", late=False, after_close=False,
            receipt_prefix="OCOP2", points=tuple(Point(n, 1, row) for n in (1, 2, 3)),
            findings=(finding, finding),
        ),
    )  # fmt: skip


def _timed(step: Callable[[], _T]) -> tuple[_T, float]:
    began = time.process_time()
    found = step()
    return found, time.process_time() - began


def _report(times: dict[int, dict[str, list[float]]], sizes: dict[int, dict[str, int]]) -> None:
    print("\nboard: both pages, medians in milliseconds")
    print(
        f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {platform.system()}; "
        f"Python {platform.python_version()}, Jinja2 {version('Jinja2')}, "
        f"SQLAlchemy {version('SQLAlchemy')}"
    )
    print(f"\n{'communes':>9}" + "".join(f"{step:>9}" for step in _STEPS) + f"{'× 22':>8}")
    few = statistics.median(times[SIZES[0]]["whole"])
    for size, steps in times.items():
        medians = {step: statistics.median(found) for step, found in steps.items()}
        line = "".join(f"{medians[step] * 1e3:>9.1f}" for step in _STEPS)
        print(f"{size:>9,}{line}{medians['whole'] / few:>8.1f}")
    whole, clock = (statistics.median(times[SIZES[-1]][step]) for step in ("whole", "clock"))
    print(
        f"\n{SIZES[-1]:,} communes: {whole:.2f} s of work, {clock:.2f} s by the clock; "
        "wanted below 1 s"
    )
    for size, found in sizes.items():
        told = ", ".join(f"{name} {count / 1e3:,.0f} kB" for name, count in found.items())
        print(f"{size:,} communes: {told}" + ("; wanted below 300 kB" if size == SIZES[0] else ""))


if __name__ == "__main__":
    main()
