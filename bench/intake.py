"""From inbox to queued acknowledgments, beside the script that an engineer would write.

2,000 messages of about 60 kB with one workbook each lie in an inbox of a real Dovecot: a workbook
of 44 kB, the form and beside it a catalogue of products that the office left in (``--workload
catalogue``), or a small form and a photograph (``--workload small``). The daemon
walks its own steps over them (collect, keep, understand, read, record, decide, queue) with a vault
and a registry that survive a power loss; the naive script fetches them with imap-tools, opens each
workbook with openpyxl and keeps nothing. Both run in child processes, by turns, in one run. Sending
and filing are measured apart, on a local server that takes everything.

    python bench/intake.py [--workload small] [--messages 2000] [--few 200] [--runs 3]
                           [--profile FILE]
"""

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from rigs.dovecot import PASSWORD, USER, Dovecot  # noqa: E402  the path comes first
from workload import ENV, NOW, WORKLOADS, configure, fill, machine  # noqa: E402  beside this file

# --- what is measured, each in a child process of its own -----------------------------------------


def naive(port: int, user: str) -> dict[str, float]:
    """Fetch, open, look at every cell, forget."""
    from imap_tools import MailBoxUnencrypted  # noqa: PLC0415  only this child
    from openpyxl import load_workbook  # noqa: PLC0415

    began, messages, cells = time.perf_counter(), 0, 0
    with MailBoxUnencrypted("127.0.0.1", port).login(user, PASSWORD) as mailbox:
        for message in mailbox.fetch(mark_seen=False):
            messages += 1
            for attachment in message.attachments:
                book = load_workbook(io.BytesIO(attachment.payload), data_only=True)
                for sheet in book:
                    for row in sheet.iter_rows(values_only=True):
                        cells += sum(value is not None for value in row)
    seconds = time.perf_counter() - began
    return {
        "messages": messages,
        "seconds": seconds,
        "cells": cells,
        "peak_kb": _peak_kb(),
        "cpu": _cpu(resource.RUSAGE_SELF),
    }


def daemon(
    folder: Path, imap_port: int, smtp_port: int, user: str, *, to_the_end: bool
) -> dict[str, float]:
    """The daemon's own steps until every acknowledgment is queued; perhaps send and file too."""
    import structlog  # noqa: PLC0415  only this child

    from config.settings import load  # noqa: PLC0415
    from intake.closing import close_campaigns  # noqa: PLC0415
    from intake.daemon import Daemon  # noqa: PLC0415
    from intake.desk import open_desk  # noqa: PLC0415
    from intake.post import decide_and_queue  # noqa: PLC0415

    configure(folder, imap_port, smtp_port, user)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    config = load(folder, env=ENV)
    spent: dict[str, float] = {}
    began = time.perf_counter()
    with open_desk(config, ENV, lambda: NOW) as desk:
        house = Daemon(desk)
        house.recover()
        steps: dict[str, Callable[[], object]] = {
            "collect, keep": house.collect_and_keep,
            "understand, read, record": house.understand_and_record,
            "close": lambda: close_campaigns(desk),
            "decide, compose, queue": lambda: decide_and_queue(desk),
        }
        more = True
        while more:
            more = any(list(map(partial(_timed, spent), steps, steps.values())))  # each of them
        seconds = time.perf_counter() - began
        messages = desk.store.counts().messages.get("recorded", 0)
        queued = sum(mail.kind == "ack" for mail in desk.store.mails(state="queued"))
        peak_kb, cpu = _peak_kb(), _cpu(resource.RUSAGE_SELF)
        sent: dict[str, float] = {}
        while to_the_end and desk.store.next_mails(NOW, 1):
            _timed(sent, "send", house.send)
        while to_the_end and _timed(sent, "file, save to Sent", house.file):
            pass
    return {
        "messages": messages, "seconds": seconds, "acknowledgments": queued, "peak_kb": peak_kb,
        "cpu": cpu, "readers_cpu": _cpu(resource.RUSAGE_CHILDREN),
        **{f"step {name}": value for name, value in (spent | sent).items()},
    }  # fmt: skip


_OF_IT = "of it "


def _timed(spent: dict[str, float], name: str, step: Callable[[], object]) -> object:
    began, used = time.perf_counter(), _cpu(resource.RUSAGE_SELF)
    more = step()
    spent[name] = spent.get(name, 0) + time.perf_counter() - began
    own = f"{_OF_IT}{name}"  # whatever the threads of this process did meanwhile
    spent[own] = spent.get(own, 0) + _cpu(resource.RUSAGE_SELF) - used
    return more


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# --- the run --------------------------------------------------------------------------------------


class Bench:
    """Two inboxes on one Dovecot, and children that work on them."""

    def __init__(self, dovecot: Dovecot, smtp_port: int, folder: Path) -> None:
        self.dovecot, self.smtp_port, self.folder = dovecot, smtp_port, folder
        self._runs = 0
        self.message_bytes = 0

    def fill(self, user: str, workload: str, count: int) -> None:
        """Deliver; made in a child, for children inherit the peak of this process's memory."""
        self.message_bytes = fill(self.dovecot, user, workload, count, self.folder)

    def naive(self, user: str) -> dict[str, float]:
        """Run the naive script once."""
        return json.loads(self._child("naive", str(self.dovecot.port), user))

    def daemon(self, user: str, *, to_the_end: bool = False, profile: str = "") -> dict[str, float]:
        """Run the daemon once, on a registry of its own."""
        self._runs += 1
        folder = self.folder / f"office-{self._runs}"
        ports = str(self.dovecot.port), str(self.smtp_port)
        words = ["daemon", str(folder), *ports, user, *(["to the end"] if to_the_end else [])]
        return json.loads(self._child(*words, profile=profile))

    def _child(self, *words: str, profile: str = "") -> str:
        watched = ["-m", "cProfile", "-o", profile] if profile else []
        command = [sys.executable, *watched, __file__, "--child", *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def child(words: list[str]) -> None:
    """Do one measured thing and print it as JSON."""
    match words:
        case ["naive", port, user]:
            print(json.dumps(naive(int(port), user)))
        case ["daemon", folder, imap_port, smtp_port, user, *end]:
            ports = int(imap_port), int(smtp_port)
            print(json.dumps(daemon(Path(folder), *ports, user, to_the_end=bool(end))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workload", choices=WORKLOADS, default=WORKLOADS[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--few", type=int, default=200, help="the small inbox, for memory")
    parser.add_argument("--runs", type=int, default=3, help="of each, by turns")
    parser.add_argument("--profile", default="", help="write a cProfile of one run and stop")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    wanted, _ = parser.parse_known_args()
    if wanted.child:
        child(wanted.child)
        return
    from rigs.smtp import ScriptedSmtp  # noqa: PLC0415  the children do without
    from start import compile_all  # noqa: PLC0415  beside this file

    compile_all()
    with ExitStack() as stack:
        dovecot = stack.enter_context(Dovecot({USER: PASSWORD, "few": PASSWORD}))
        smtp = stack.enter_context(ScriptedSmtp())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        bench = Bench(dovecot, smtp.port, folder)
        bench.fill(USER, wanted.workload, wanted.messages)
        if wanted.profile:
            bench.daemon(USER, to_the_end=True, profile=wanted.profile)
            return
        bench.fill("few", wanted.workload, wanted.few)
        few = bench.daemon("few", to_the_end=True)
        naive_runs, daemon_runs = [], []
        for run in range(wanted.runs):
            naive_runs.append(bench.naive(USER))
            daemon_runs.append(bench.daemon(USER, to_the_end=run == wanted.runs - 1))
    print(f"\nworkload {wanted.workload}: messages of {bench.message_bytes // 1000} kB")
    report(few, naive_runs, daemon_runs)


def report(
    few: dict[str, float], naive_runs: list[dict[str, float]], daemon_runs: list[dict[str, float]]
) -> None:
    """Print medians, ratios, and where the time goes."""
    last = daemon_runs[-1]
    for runs in ([few], naive_runs, daemon_runs):
        assert len({run["messages"] for run in runs}) == 1  # noqa: S101  else nothing was measured
    assert last["messages"] == last["acknowledgments"] == naive_runs[0]["messages"]  # noqa: S101
    count = int(last["messages"])
    some = int(few["messages"])
    print(f"intake: {count} messages, one workbook each")
    print(machine("imap-tools", "openpyxl", "SQLAlchemy", "lxml", "pydantic", "Jinja2"))
    print(f"\n{'':38}{'seconds':>9}{'ms/message':>12}{'peak MB':>9}")
    theirs = statistics.median(run["seconds"] for run in naive_runs)
    ours = statistics.median(run["seconds"] for run in daemon_runs)
    _line("naive script, keeps nothing", theirs, count, naive_runs[0]["peak_kb"])
    _line("daemon, to the queued acknowledgment", ours, count, last["peak_kb"])
    _line(f"daemon, {some} messages", few["seconds"], some, few["peak_kb"])
    print(f"\nnaive / daemon: {theirs / ours:.2f}   (1 or more: the daemon is as fast)")
    ratio = last["peak_kb"] / few["peak_kb"]
    print(f"peak memory of {count} / of {some}: {ratio:.2f}   (at most 1.2 is wanted)")
    print(
        f"processor time, s: naive {naive_runs[-1]['cpu']:.1f}; daemon {last['cpu']:.1f}"
        f" and its readers {last['readers_cpu']:.1f}"
    )
    print(f"\n{'where the daemon spends it, ms/message':46}{some:>8}{count:>8}   of it, processor")
    for name in [name for name in last if name.startswith("step ") and _OF_IT not in name]:
        each = few[name] / some * 1000, last[name] / count * 1000
        own = last[name.replace("step ", f"step {_OF_IT}")] / count * 1000
        print(f"  {name.removeprefix('step '):44}{each[0]:>8.2f}{each[1]:>8.2f}{own:>8.2f}")
    runs = ", ".join(
        f"{one['seconds']:.1f}/{two['seconds']:.1f}"
        for one, two in zip(naive_runs, daemon_runs, strict=True)
    )
    print(f"\nruns, naive/daemon, seconds: {runs}")


def _line(name: str, seconds: float, count: int, peak_kb: float) -> None:
    print(f"{name:38}{seconds:>9.1f}{seconds / count * 1000:>12.2f}{peak_kb / 1000:>9.1f}")


if __name__ == "__main__":
    main()
