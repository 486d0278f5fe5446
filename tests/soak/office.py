"""A daemon as a user runs it, between a Dovecot and an SMTP server, watched from outside."""

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rigs.dovecot import USER, Dovecot
from rigs.smtp import ScriptedSmtp
from rigs.whole import ENV

from config.init import write_example
from config.model import Config
from config.settings import load
from intake.demo import _with_values
from registry.model import Message
from registry.store import open_store

_EVENT = re.compile(r"event=(\S+)")
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the daemon uses at one moment. ``scratch`` are files left in its temporary folder.

    ``open_files`` leaves out what comes and goes as it is needed and has bounds of its own: the two
    pipes of each reader, connections to the registry, and ``sockets`` to the mail servers.
    ``reader_mb`` is the largest reader.
    """

    messages: int
    daemon_mb: float
    reader_mb: float
    open_files: int
    sockets: int
    threads: int
    scratch: int
    registry_mb: float
    vault_mb: float


class SoakedOffice:
    """One office whose campaign is open today. Use as a context manager.

    ``take(raws)`` puts messages into the inbox and returns when the daemon has filed them all.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.events: Counter[str] = Counter()
        self._delivered = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.dovecot = stack.enter_context(Dovecot())
            self.smtp = stack.enter_context(ScriptedSmtp())
            self.config: Config = self._configured()
            self._process = self._started()
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    # --- the office ---

    def _configured(self) -> Config:
        config = self.folder / "config"
        write_example(config)
        server = {"host": '"127.0.0.1"', "security": '"none"'}
        sections = {
            "office": {"go_live_at": (_today() - 2 * _DAY).isoformat()},
            "mailbox": {
                **server,
                "port": str(self.dovecot.port),
                "user": f'"{USER}"',
                "password_env": '"INTAKE_TEST_PASSWORD"',
                "poll": '"1s"',
            },
            "smtp": {
                **server,
                "port": str(self.smtp.port),
                "user": '""',
                "password_env": '""',
                "rate_per_minute": "1000000",
            },
            # A soak is a flood: what protects people from one has tests of its own.
            "limits": {
                "brake_acks": "1000000",
                "brake_unasked": "1000000",
                "per_recipient_hour": "1000000",
                "per_recipient_day": "1000000",
                "read_seconds": '"10s"',
            },
            "officers": {"digest_at": '"23:59"'},
        }
        settings = config / "settings.toml"
        text = settings.read_text(encoding="utf-8")
        for section, values in sections.items():
            text = _with_values(text, section, values)
        settings.write_text(text, encoding="utf-8")
        self._open_campaign(config / "campaigns" / "ocop-2024-2.toml")
        roster = config / "communes.csv"  # the units ended with the district level
        lines = roster.read_text(encoding="utf-8")
        roster.write_text(lines.replace(",2025-07-01,", ",,"), encoding="utf-8")
        return load(config, env=ENV)

    def _open_campaign(self, path: Path) -> None:
        moments = {
            "opens_at": _today() - 2 * _DAY,
            "deadline_at": _today() + 60 * _DAY,
            "closes_at": _today() + 61 * _DAY,
            "at": _today() + 61 * _DAY + dt.timedelta(hours=8),
        }
        text = path.read_text(encoding="utf-8")
        for key, moment in moments.items():
            text = re.sub(
                rf"^{key} = \d{{4}}-\S+", f"{key} = {moment.isoformat()}", text, flags=re.MULTILINE
            )
        path.write_text(text, encoding="utf-8")

    def _started(self) -> subprocess.Popen[str]:
        self.scratch.mkdir()
        return subprocess.Popen(
            [sys.executable, "-m", "intake", "--config", str(self.config.folder), "run"],
            env={**os.environ, **ENV, "TMPDIR": str(self.scratch)},
            stderr=subprocess.PIPE,
            text=True,
        )

    def _end(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)

    # --- work ---

    def take(self, raws: Sequence[bytes]) -> None:
        """Put these messages into the inbox; return when each of them was filed."""
        self.dovecot.fill(list(raws), first=self._delivered)
        self._delivered += len(raws)
        assert self._process.stderr is not None
        while self.events["filed"] < self._delivered:
            line = self._process.stderr.readline()
            if not line:
                raise RuntimeError(f"the daemon ended with {self._process.wait()}")
            found = _EVENT.search(line)
            self.events[found[1] if found else "?"] += 1

    def sample(self) -> Sample:
        """Look at the daemon's process, its readers and its folders, once it is at rest."""
        pid, turn = self._process.pid, self._turn()
        while self._turn() < turn + 2:
            os.sched_yield()
        files = [one for one in _open(pid) if not _comes_and_goes(one)]
        readers = [child for child in _processes() if _status(child, "PPid") == pid]
        data = self.config.folder / "data"
        return Sample(
            messages=self._delivered,
            daemon_mb=_status(pid, "VmRSS") / 1_000,
            reader_mb=max((_status(child, "VmRSS") for child in readers), default=0) / 1_000,
            open_files=len(files) - 2 * len(readers),
            sockets=sum(one.startswith("socket:") for one in _open(pid)),
            threads=_status(pid, "Threads"),
            scratch=sum(1 for _ in self.scratch.rglob("*"))
            + sum(1 for path in data.rglob(".new-*") if path.is_file()),
            registry_mb=sum(path.stat().st_size for path in data.glob("registry.db*")) / 1e6,
            vault_mb=sum(path.stat().st_size for path in (data / "vault").rglob("*")) / 1e6,
        )

    def _turn(self) -> int:
        """The number of the daemon's turn, as its heartbeat tells; 0 before the first."""
        with contextlib.suppress(OSError, ValueError):  # it is being written
            told = json.loads((self.config.folder / "data" / "heartbeat.json").read_text("utf-8"))
            return int(told["tick"])
        return 0

    def messages(self) -> dict[str, Message]:
        """Return what the registry knows, by the hash of the message's bytes."""
        storage = self.config.settings.storage
        with open_store(storage.database, self.config.folder) as store:
            return {one.sha256: one for one in store.messages()}

    def lies_in(self) -> dict[str, Counter[str]]:
        """Return the hashes of the messages in each folder of the mailbox, from the disk."""
        root = self.dovecot.dir / "mail" / USER
        found: dict[str, Counter[str]] = {}
        for path in root.rglob("*"):
            if path.is_file() and path.parent.name in {"new", "cur"}:
                folder = path.parent.parent
                name = "INBOX" if folder == root else folder.name
                digest = hashlib.sha256(_as_fetched(path.read_bytes())).hexdigest()
                found.setdefault(name, Counter())[digest] += 1
        return found


def _as_fetched(raw: bytes) -> bytes:
    """A server hands out lines with CRLF whatever the file has."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def hash_of(raw: bytes) -> str:
    """Return the name of a message in the vault."""
    return hashlib.sha256(_as_fetched(raw)).hexdigest()


def _today() -> dt.datetime:
    zone = dt.timezone(dt.timedelta(hours=7))
    return dt.datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _open(pid: int) -> list[str]:
    """Return what the open files of a process are."""
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.append(str(path.readlink()))
    return found


def _comes_and_goes(name: str) -> bool:
    return name.startswith("socket:") or "registry.db" in name


def _status(pid: int, name: str) -> int:
    """Return a number of /proc/PID/status (kB for sizes); 0 when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
