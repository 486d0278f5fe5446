"""``./dev soak [MESSAGES]``: a running daemon under thousands of mixed messages.

A third of them is hostile. Prints what the daemon uses after each wave and what became of each
kind of message; fails if a message is unexplained, judged wrongly, or if what the daemon uses
grows. ``--write`` puts the tables into docs/soak.md.
"""

import argparse
import datetime as dt
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rigs.whole import ENV
from soak.letters import Letter, Writer
from soak.office import Sample, SoakedOffice, hash_of

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
#: Memory may grow by this much from the first waves to the last: caches fill, heaps fragment.
GROWTH = 1.2
#: Two to the mailbox, one to the sending server, and what the watchers of the process have.
MOST_SOCKETS = 8
#: The largest document so far decides what a reader has, until a fresh one takes its place; chance
#: decides which reader got it. (That reading again needs no more: tests/parsers/test_jail.py.)
MOST_READER_MB = 400
_WAVES = 10


@dataclass
class Soaked:
    """What a soak showed. ``wrong`` says in words what should not be; empty is well."""

    samples: list[Sample] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def soak(folder: Path, count: int, seed: int, waves: int = _WAVES) -> Soaked:
    """Send ``count`` messages in waves to a daemon of its own and look at all that follows."""
    found = Soaked()
    with SoakedOffice(folder) as office:
        writer = Writer(office.config.communes, seed, dt.datetime.now(dt.UTC).date())
        letters = list(writer.letters(count))
        size = -(-count // waves)
        for start in range(0, count, size):
            wave = letters[start : start + size]
            began = time.monotonic()
            office.take([letter.raw for letter in wave])
            found.seconds.append(time.monotonic() - began)
            found.samples.append(office.sample())
            _say(f"{found.samples[-1]}  {found.seconds[-1]:.1f} s")
        found.wrong += unexplained(office, letters, found.outcomes)
        found.wrong += grown(found.samples)
        found.wrong += _asked(office, "reconcile")
        found.wrong += _asked(office, "verify")
    return found


def unexplained(
    office: SoakedOffice, letters: Sequence[Letter], outcomes: Counter[tuple[str, str, str]]
) -> Iterator[str]:
    """Yield what is lost, judged wrongly, or lies where it should not."""
    known, lies = office.messages(), office.lies_in()
    there: Counter[str] = Counter()
    for folder, hashes in lies.items():
        if folder != ".Sent":
            there += hashes
    for letter in letters:
        message = known.get(hash_of(letter.raw))
        if message is None:
            yield f"{letter.kind}: lost"
            continue
        verdict = str(message.verdict)
        outcomes[letter.kind, message.state, verdict] += 1
        if message.state not in {"recorded", "held"} or verdict not in letter.verdicts:
            yield f"{letter.kind}: message {message.id} is {message.state}, {verdict}"
    if lies.get("INBOX"):
        yield f"{lies['INBOX'].total()} messages are still in the inbox"
    if there != Counter(hash_of(letter.raw) for letter in letters):
        yield "the folders do not hold exactly what was delivered"


def grown(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield what grew over the last two thirds: before, rare kinds come for the first time."""
    early, late = samples[len(samples) // 3], samples[-1]
    if late.daemon_mb > early.daemon_mb * GROWTH:
        yield f"daemon_mb grew from {early.daemon_mb:.0f} to {late.daemon_mb:.0f}"
    for sample in samples:
        if sample.reader_mb > MOST_READER_MB:
            yield f"a reader has {sample.reader_mb:.0f} MB after {sample.messages} messages"
    if late.sockets > MOST_SOCKETS:
        yield f"{late.sockets} sockets are open"
    for name in ("open_files", "threads", "scratch"):
        before, after = getattr(early, name), getattr(late, name)
        if after > before:
            yield f"{name} grew from {before} to {after}"


def _asked(office: SoakedOffice, command: str) -> Iterator[str]:
    """Ask the program itself, while the daemon runs."""
    done = subprocess.run(
        [sys.executable, "-m", "intake", "--config", str(office.config.folder), command],
        env={**ENV, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    _say(done.stdout.strip())
    if done.returncode:
        yield f"intake {command}: {done.stdout} {done.stderr}"


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


# --- the page -------------------------------------------------------------------------------------


def page(found: Soaked, count: int, seed: int) -> str:
    """Return docs/soak.md."""
    return "\n".join(
        [
            "# Soak",
            "",
            f"{count:,} messages, a third of them hostile, through a running daemon (`intake run`)",
            f"between a Dovecot and an SMTP server: `./dev soak {count} --seed {seed} --write` on",
            f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, while",
            "other work went on; seconds are no benchmark.",
            "",
            *_usage(found),
            "",
            "## What became of each kind",
            "",
            *_kinds(found),
            "",
            "## What is wrong",
            "",
            *([f"- {line}" for line in found.wrong] or ["Nothing: every message is explained."]),
            "",
        ]
    )


def _usage(found: Soaked) -> Iterator[str]:
    names = "messages", "daemon MB", "largest reader MB", "open files", "threads", "scratch files"
    yield f"| {' | '.join(names)} | registry MB | vault MB | s |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for sample, seconds in zip(found.samples, found.seconds, strict=True):
        yield (
            f"| {sample.messages:,} | {sample.daemon_mb:.0f} | {sample.reader_mb:.0f} "
            f"| {sample.open_files} | {sample.threads} | {sample.scratch} "
            f"| {sample.registry_mb:.0f} | {sample.vault_mb:.0f} | {seconds:.0f} |"
        )


def _kinds(found: Soaked) -> Iterator[str]:
    yield "| kind | messages | became |"
    yield "|---|---|---|"
    kinds: dict[str, Counter[str]] = {}
    for (kind, state, verdict), number in found.outcomes.items():
        kinds.setdefault(kind, Counter())[f"{verdict} ({state})"] += number
    for kind, became in sorted(kinds.items()):
        words = ", ".join(f"{number} {word}" for word, number in became.most_common())
        yield f"| {kind} | {became.total()} | {words} |"


def main() -> int:
    """Run from the command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("messages", type=int, nargs="?", default=10_000)
    asked.add_argument("--seed", type=int, default=2024)
    asked.add_argument("--write", action="store_true", help="write docs/soak.md")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = soak(Path(folder), given.messages, given.seed)
    made = page(found, given.messages, given.seed)
    sys.stdout.write(made)
    if given.write:
        PAGE.write_text(made, encoding="utf-8")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
