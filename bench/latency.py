"""From delivery to the acknowledgment that SMTP has taken: a running `intake run`, Dovecot, IDLE.

A mail with a workbook appears in the inbox's Maildir as a delivery agent puts it there (a whole
file, by rename): the clock starts. It stops when the SMTP sink has answered the final dot of the
mail that answers it. First one mail at a time, the daemon having been idle before; then several a
second. The daemon's own log tells when each step was done.

Dovecot says nothing of a new mail for half a second (it collects what comes together); a tick of
the clock is a minute away, as shipped.

    python bench/latency.py [--idle 100] [--rate 5] [--seconds 60] [--workload small]
"""

import argparse
import email
import itertools
import os
import queue
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from rigs.dovecot import PASSWORD, USER, Dovecot, program  # noqa: E402  the path comes first
from rigs.running import running_office  # noqa: E402
from rigs.smtp import Accepted, ScriptedSmtp  # noqa: E402
from rigs.whole import ENV, Whole  # noqa: E402
from workload import WORKLOADS, machine, make  # noqa: E402  beside this file

_PATIENCE_SECONDS = 60
#: What the log of a running daemon says of one message, in this order.
_STEPS = ("kept", "recorded", "sent")
_SETTINGS = {
    "mailbox": {"poll": '"60s"'},
    "limits": {
        "brake_acks": "1000000",
        "per_recipient_hour": "1000000",
        "per_recipient_day": "1000000",
    },
}


class Arrivals(list[Accepted]):
    """What the sink took over, with the moment of each."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()

    def append(self, one: Accepted) -> None:
        """Note a mail; its answer to the final dot follows at once."""
        now = time.perf_counter()
        super().append(one)
        self.answers.put((str(email.message_from_bytes(one.raw)["In-Reply-To"]), now))


@dataclass
class Log:
    """The daemon's log, with the moment at which each line came."""

    steps: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in _STEPS})
    listening: threading.Event = field(default_factory=threading.Event)
    last: bytes = b""

    def read(self, lines: Iterator[bytes]) -> None:
        """Read until the daemon ends."""
        for line in lines:
            now, self.last = time.perf_counter(), line
            event = re.search(rb"\bevent=(\S+)", line)
            step = event[1].decode() if event else ""
            if step == "jail":  # the last thing before it waits
                self.listening.set()
            self.steps.get(step, []).append(now)


@dataclass
class Run:
    """An office whose daemon runs, and mails to come."""

    office: Whole
    dovecot: Dovecot
    log: Log
    answers: "queue.SimpleQueue[tuple[str, float]]"
    mails: Iterator[bytes]
    sent_at: dict[str, float] = field(default_factory=dict)
    taken_at: dict[str, float] = field(default_factory=dict)

    def deliver(self) -> str:
        """Put the next mail into the inbox; return its Message-ID."""
        raw = next(self.mails)
        name = str(email.message_from_bytes(raw)["Message-ID"])
        self.sent_at[name] = time.perf_counter()
        self.dovecot.fill([raw], first=len(self.sent_at))
        return name

    def wait(self, count: int) -> None:
        """Wait until so many mails in all were answered."""
        while len(self.taken_at) < count:
            name, at = self.answers.get(timeout=_PATIENCE_SECONDS)
            if name in self.sent_at:
                self.taken_at.setdefault(name, at)

    def seconds(self, names: list[str]) -> list[float]:
        """Return how long each took."""
        return sorted(self.taken_at[name] - self.sent_at[name] for name in names)


@contextmanager
def running(folder: Path, workload: str, count: int) -> Iterator[Run]:
    """Start Dovecot, the sink and the daemon; everything is ready and idle."""
    with ExitStack() as stack:
        mails = stack.enter_context(_made(workload, count))
        dovecot = stack.enter_context(Dovecot({USER: PASSWORD}))
        office = stack.enter_context(running_office(folder, dovecot, USER, _SETTINGS))
        accepted = _sink(office.smtp)
        command = [sys.executable, "-m", "intake", "--config", str(folder), "run"]
        process = subprocess.Popen(
            command,
            env={**os.environ, **ENV, "PYTHONPATH": os.pathsep.join(sys.path[:2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        assert process.stdout is not None  # noqa: S101  it was asked for
        log = Log()
        threading.Thread(target=log.read, args=[iter(process.stdout)], daemon=True).start()
        if not log.listening.wait(_PATIENCE_SECONDS):
            raise SystemExit(f"the daemon did not start: {log.last!r}")
        time.sleep(2)  # its first tick, and the second connection that listens
        yield Run(office, dovecot, log, accepted.answers, mails)


@contextmanager
def _made(workload: str, count: int) -> Iterator[Iterator[bytes]]:
    """Make the mails beforehand, on the disk: making one takes longer than answering it."""
    with tempfile.TemporaryDirectory(prefix="bench-mails-") as folder:
        paths = [Path(folder, f"{serial:06d}") for serial in range(count)]
        for path, raw in zip(paths, make(workload, count), strict=True):
            path.write_bytes(raw)
        yield (path.read_bytes() for path in paths)


def _sink(smtp: ScriptedSmtp) -> Arrivals:
    accepted = Arrivals()
    smtp.accepted = accepted
    return accepted


def idle(run: Run, count: int) -> tuple[list[float], list[list[float]]]:
    """One mail at a time, each after a pause; return seconds, and seconds up to each step."""
    chance, names, steps = random.Random(7), [], []  # noqa: S311  the same pauses at every run
    for _ in range(count):
        time.sleep(0.3 + chance.random() * 0.5)  # filing and the board of the last one are done
        before = {step: len(times) for step, times in run.log.steps.items()}
        names.append(run.deliver())
        run.wait(len(run.sent_at))
        time.sleep(0.05)  # the line of the log that tells of it
        sent_at = run.sent_at[names[-1]]
        times = [run.log.steps[step][before[step] :] for step in _STEPS]
        if all(times):
            steps.append([own[0] - sent_at for own in times])
    return run.seconds(names), steps


def loaded(run: Run, rate: float, seconds: float) -> list[float]:
    """So many mails a second, whatever the daemon does."""
    began, names = time.perf_counter(), []
    for number in itertools.count():
        due = began + number / rate
        if due - began >= seconds:
            break
        time.sleep(max(0.0, due - time.perf_counter()))
        names.append(run.deliver())
    run.wait(len(run.sent_at))
    return run.seconds(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workload", choices=WORKLOADS, default=WORKLOADS[0])
    parser.add_argument("--idle", type=int, default=100, help="mails, one at a time")
    parser.add_argument("--rate", type=float, default=5, help="mails a second")
    parser.add_argument("--seconds", type=float, default=60, help="how long at this rate")
    wanted, _ = parser.parse_known_args()
    under_load = int(wanted.rate * wanted.seconds)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        running(Path(folder) / "office", wanted.workload, wanted.idle + under_load + 2) as run,
    ):
        run.deliver()  # the first one of all pays for readers and templates
        run.wait(1)
        alone, steps = idle(run, wanted.idle)
        busy = loaded(run, wanted.rate, wanted.seconds) if under_load else []
    report(wanted, alone, steps, busy)


def report(
    wanted: argparse.Namespace, alone: list[float], steps: list[list[float]], busy: list[float]
) -> None:
    """Print the tables in Markdown."""
    told = subprocess.run([program(), "--version"], capture_output=True, text=True, check=False)
    dovecot = told.stdout.split()[0] if told.stdout else "of unknown version"
    print(f"\nlatency: workload {wanted.workload}, seconds from delivery to the 250 of its answer")
    print(f"{machine('APScheduler', 'aiosmtplib', 'imap-tools')}, Dovecot {dovecot}")
    print("\n| mails | median | 95 % | worst | wanted |\n|---|---|---|---|---|")
    _row(f"{len(alone)}, one at a time", alone, "median < 1, 95 % < 2")
    if busy:
        _row(f"{len(busy)}, {wanted.rate:g} a second", busy, "")
    if steps:
        print("\n| of those one at a time, until | median s |\n|---|---|")
        names = ("kept", "recorded", "sent, as the daemon knows it")
        for name, column in zip(names, zip(*steps, strict=True), strict=True):
            print(f"| {name} | {statistics.median(column):.2f} |")


def _row(name: str, seconds: list[float], goal: str) -> None:
    worst = seconds[-1]
    most = seconds[min(len(seconds) - 1, round(0.95 * len(seconds)))]
    print(f"| {name} | {statistics.median(seconds):.2f} | {most:.2f} | {worst:.2f} | {goal} |")


if __name__ == "__main__":
    main()
