"""Collect and keep alone, beside two programs that only fetch: mbsync and getmail6.

The same inbox of a real Dovecot, by turns: the daemon's own step until the inbox is read (bytes in
the vault, rows in the registry), mbsync with FSync and getmail6 into a Maildir. All three have each
message on the disk before it counts, and leave the inbox as it was. Whole processes for the others;
for the daemon, which starts once, from the first connection on.

    python bench/collect.py [--workload small] [--sizes 200 2000] [--runs 3] [--many]
"""

import argparse
import json
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from rigs.dovecot import PASSWORD, Dovecot  # noqa: E402  the path comes first
from workload import WORKLOADS, fill, machine  # noqa: E402  beside this file

_MBSYNC = """\
FSync yes

IMAPAccount office
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account office

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel inbox
Far :far:INBOX
Near :near:INBOX
Sync Pull New
Create Near
SyncState *
"""
_GETMAIL = """\
[retriever]
type = SimpleIMAPRetriever
server = 127.0.0.1
port = {port}
username = {user}
password = {password}
mailboxes = ("INBOX",)
[destination]
type = Maildir
path = {folder}/INBOX/
[options]
read_all = true
delete = false
delivered_to = false
received = false
verbose = 0
"""
_PROGRAMS = ("mbsync", "getmail")
_OURS = "daemon: collect, keep"


@dataclass(frozen=True)
class Took:
    """What one run cost."""

    seconds: float
    cpu: float
    peak_kb: float


def ours(port: int, user: str, folder: Path, count: int) -> Took:
    """Run the daemon's step in a child, on a registry and a vault of its own."""
    words = ["--child", str(folder), str(port), user]
    done = subprocess.run(
        [sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True
    )
    told = json.loads(done.stdout)
    kept = told.pop("kept")
    assert kept == count, f"{kept} of {count} messages"  # noqa: S101  else nothing was measured
    return Took(**told)


def child(folder: Path, port: int, user: str) -> None:
    """Do it, and print what it cost."""
    import resource  # noqa: PLC0415  only the child

    import structlog  # noqa: PLC0415
    from workload import ENV, NOW, configure  # noqa: PLC0415

    from config.settings import load  # noqa: PLC0415
    from intake.daemon import Daemon  # noqa: PLC0415
    from intake.desk import open_desk  # noqa: PLC0415

    configure(folder, port, 25, user)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with open_desk(load(folder, env=ENV), ENV, lambda: NOW) as desk:
        house = Daemon(desk)
        house.recover()
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        while house.collect_and_keep():
            pass
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        told = {
            "seconds": seconds,
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "peak_kb": after.ru_maxrss,
            "kept": desk.store.counts().messages.get("kept", 0),
        }
    print(json.dumps(told))


def theirs(name: str, port: int, user: str, folder: Path, count: int) -> Took:
    """Run a fetching program once, into a new Maildir; getmail refuses to do it as root."""
    text = _MBSYNC if name == "mbsync" else _GETMAIL
    for part in ("cur", "new", "tmp"):
        (folder / "INBOX" / part).mkdir(parents=True)
    rules = folder / "rules"
    rules.write_text(text.format(port=port, user=user, password=PASSWORD, folder=folder))
    rules.chmod(0o600)
    command = {
        "mbsync": ["mbsync", "-q", "-c", str(rules), "-a"],
        "getmail": ["getmail", "-q", "-g", str(folder), "-r", str(rules)],
    }[name]
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        **({"user": account.pw_uid, "group": account.pw_gid} if account else {}),
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    fetched = sum(1 for part in ("cur", "new") for _ in (folder / "INBOX" / part).iterdir())
    assert fetched == count, f"{name}: {fetched} of {count}"  # noqa: S101  else nothing was measured
    return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workload", choices=WORKLOADS, default=WORKLOADS[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--runs", type=int, default=3, help="of each, by turns")
    parser.add_argument("--many", action="store_true", help="20,000 messages too, without getmail")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    wanted, _ = parser.parse_known_args()
    if wanted.child:
        folder, port, user = wanted.child
        child(Path(folder), int(port), user)
        return
    sizes = [*wanted.sizes, *([20_000] if wanted.many else [])]
    took: dict[tuple[str, int], list[Took]] = {}
    with ExitStack() as stack:
        users = {f"inbox{size}": PASSWORD for size in sizes}
        dovecot = stack.enter_context(Dovecot(users))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o711)  # nobody must find its own folder in it
        for size in sizes:
            fill(dovecot, f"inbox{size}", wanted.workload, size, folder)
        for run in range(wanted.runs):
            for size, name in [(size, name) for size in sizes for name in (_OURS, *_PROGRAMS)]:
                if name != _OURS and (shutil.which(name) is None or (name, size) in _TOO_LONG):
                    continue
                place = folder / f"{name[:6]}-{size}-{run}"
                place.mkdir()
                user = f"inbox{size}"
                if name == _OURS:
                    one = ours(dovecot.port, user, place / "office", size)
                else:
                    one = theirs(name, dovecot.port, user, place, size)
                took.setdefault((name, size), []).append(one)
                shutil.rmtree(place)
    report(wanted.workload, sizes, took)


#: getmail fetches some 90 messages a second.
_TOO_LONG = {("getmail", 20_000)}


def report(workload: str, sizes: list[int], took: dict[tuple[str, int], list[Took]]) -> None:
    """Print medians and ratios in Markdown."""
    print(f"\ncollect and keep: workload {workload}")
    print(f"{machine('SQLAlchemy')}, {', '.join(map(_version, _PROGRAMS))}")
    print("\n| messages | program | messages a second | ms of processor time each | peak MB | × |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        own = _median(took[_OURS, size])
        for name in (_OURS, *_PROGRAMS):
            runs = took.get((name, size))
            if runs is None:
                why = "not run" if (name, size) in _TOO_LONG else "not installed"
                print(f"| {size} | {name} | {why} | | | |")
                continue
            seconds, cpu = _median(runs), statistics.median(one.cpu for one in runs)
            peak = max(one.peak_kb for one in runs) / 1000
            print(
                f"| {size} | {name} | {size / seconds:.0f} | {cpu / size * 1000:.2f} | {peak:.0f}"
                f" | {seconds / own:.2f} |"
            )
    print("\n×: how many times as fast the daemon is; wanted ≥ 0.8 (mbsync), ≥ 8 (getmail).")
    least, most = min(sizes), max(sizes)
    each = [_median(took[_OURS, size]) / size for size in (least, most)]
    peaks = [max(one.peak_kb for one in took[_OURS, size]) for size in (least, most)]
    print(
        f"{most} beside {least} messages: time for each {each[1] / each[0]:.2f}, peak memory "
        f"{peaks[1] / peaks[0]:.2f} (wanted ≤ 1.2)."
    )


def _median(runs: list[Took]) -> float:
    return statistics.median(one.seconds for one in runs)


def _version(name: str) -> str:
    if shutil.which(name) is None:
        return f"{name} not installed (apt-get install {name.replace('mbsync', 'isync')})"
    told = subprocess.run([name, "--version"], capture_output=True, text=True, check=False)
    return " ".join((told.stdout or told.stderr).split("\n")[0].split()[:2])


if __name__ == "__main__":
    main()
