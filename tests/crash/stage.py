"""One office on a stage of its own: Dovecot, killing SMTP server, config folder, processes."""

import csv
import datetime as dt
import io
import os
import pickle
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rigs.dovecot import USER, Dovecot
from rigs.effects import Death
from rigs.smtp import Accepted, Reply

from config.init import write_example
from config.model import Config
from config.settings import load
from crash import child
from crash.nursery import Nursery
from crash.scenario import (
    CHAIRED,
    COMMUNES,
    MESSAGE_BYTES,
    NO_SUCH_USER,
    SECOND_ADDRESS,
    Room,
    Step,
)
from crash.server import KillingSmtp
from intake.demo import _with_values
from registry.store import Store, open_store
from registry.vault import Vault

#: All kinds, so that no mail may be missing at the end.
EVERY_KIND = (
    '["ack", "call", "reminder", "silence", "held", "digest", "draft", "report", "stranger",'
    ' "alert"]'
)
_PATIENCE_SECONDS = 120  # a child that takes longer hangs; nothing is expected to
KILLED = -9
#: Alembic makes the tables of one registry at a time.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die: at this effect of this step, counted by the process or by the SMTP server."""

    step: int
    side: str  # "client" | "server"
    kind: str
    death: Death

    def __str__(self) -> str:
        number, when = self.death.number, self.death.when
        return f"step {self.step + 1}, {when} {self.side} effect {number} ({self.kind})"


@dataclass(frozen=True, slots=True)
class Saved:
    """A stage between two steps: data folder and mailbox as files, the mails taken so far."""

    folder: Path
    accepted: tuple[Accepted, ...]


class NotAsPlannedError(Exception):
    """A child ended otherwise than it had to: the run shows nothing."""


class Stage:
    """Plays steps. Every step is a process of its own, a daemon that is started anew.

    ``settings`` are values of settings.toml to change, by section.
    """

    def __init__(
        self,
        room: Path,
        settings: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.room = room
        self.folder = room / "config"
        self.data = self.folder / "data"
        every_kind = {"smtp": {"retry_unknown": EVERY_KIND}}
        self._settings = every_kind if settings is None else settings

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.dovecot = stack.enter_context(Dovecot())
            self.smtp = stack.enter_context(KillingSmtp())
            self._nursery = stack.enter_context(Nursery())
            self._stack = stack.pop_all()
        with self.dovecot.session(folder="INBOX"):
            pass  # now it has its UIDVALIDITY, which is the moment of its making
        self._configure()
        self.config: Config = load(self.folder, env=child.ENV)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _configure(self) -> None:
        self.room.mkdir(parents=True, exist_ok=True)
        write_example(self.folder)
        server = {"host": '"127.0.0.1"', "security": '"none"', "timeout": '"60s"'}
        sections: dict[str, dict[str, str]] = {
            "mailbox": {
                **server,
                "port": str(self.dovecot.port),
                "user": f'"{USER}"',
                "password_env": '"INTAKE_TEST_PASSWORD"',
            },
            "smtp": {
                **server,
                "port": str(self.smtp.port),
                "user": '""',
                "password_env": '""',
                "rate_per_minute": "100000",
                "connections": "1",  # kills are counted: one thing after another
            },
            "limits": {
                "message_bytes": f'"{MESSAGE_BYTES}"',
                "document_bytes": f'"{MESSAGE_BYTES}"',
            },
            "security": {"answer_strangers": "true"},
            # It shows moments that differ from run to run, so that no effect of it can be counted
            # on; that no page is ever half written has tests of its own.
            "board": {"path": '""'},
        }
        for section, values in self._settings.items():
            sections[section] = {**sections.get(section, {}), **values}
        path = self.folder / "settings.toml"
        text = path.read_text(encoding="utf-8")
        for section, values in sections.items():
            text = _with_values(text, section, values)
        path.write_text(text, encoding="utf-8")
        _shorten_roster(self.folder)
        self.smtp.on("RCPT", Reply("550 5.1.1 no such user"), recipient=NO_SUCH_USER)

    # --- playing ---

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The registry as the command line opens it."""
        with _one_at_a_time:
            store = open_store(self.config.settings.storage.database, self.folder)
        with store:
            yield store

    def act(self, step: Step) -> None:
        """Let those outside do their part of a step."""
        with self.store() as store:
            vault = Vault(self.data / "vault")
            step.act(Room(self.config, store, vault, self._deliver(step.at), step.at))

    def _deliver(self, at: dt.datetime) -> "Deliver":
        return Deliver(self.dovecot, at)

    def daemon(self, now: dt.datetime, point: Point | None = None) -> list[str]:
        """Run the daemon once at this moment; return the effects that the process had.

        Raises:
            NotAsPlannedError: it failed, or it did not die at its point.
        """
        log = self.room / "effects"
        at = point.death if point else None
        self.smtp.watch(at if point and point.side == "server" else None)
        death = at if point and point.side == "client" else None
        pid = self._nursery.start(child.live, self.folder, now, log, death)
        self.smtp.client(pid)
        ended = self._nursery.wait(pid, _PATIENCE_SECONDS)
        if ended != (KILLED if point else 0):
            words = log.with_suffix(".out").read_text(encoding="utf-8", errors="replace")[-3000:]
            raise NotAsPlannedError(f"{point or now}: ended with {ended}\n{words}")
        return log.read_text(encoding="utf-8").splitlines()

    def uninterrupted(self, saved: Saved, steps: Sequence[Step]) -> None:
        """Play all steps with one process that lives from the first to the last.

        ``saved`` is the stage after those outside acted in the first step.
        """
        self.restore(saved)
        self.smtp.watch(None)
        ways = [self.room / "moments", self.room / "done"]
        for way in ways:
            os.mkfifo(way)
        pid = self._nursery.start(child.live_on, self.folder, *ways, self.room / "effects")
        with ways[0].open("wb", buffering=0) as moments, ways[1].open("rb") as done:
            for number, step in enumerate(steps):
                if number:
                    self.act(step)
                pickle.dump(step.at, moments)
                if done.read(1) != b".":
                    break
        ended = self._nursery.wait(pid, _PATIENCE_SECONDS)
        if ended != 0:
            raise NotAsPlannedError(f"the uninterrupted run ended with {ended}")

    # --- going back ---

    def save(self, folder: Path) -> Saved:
        """Keep everything as it is now; no daemon may be running."""
        self._quiet()
        shutil.copytree(self.data, folder / "data")
        shutil.copytree(self.dovecot.dir / "mail", folder / "mail")
        return Saved(folder, tuple(self.smtp.accepted))

    def restore(self, saved: Saved) -> None:
        """Make everything as it was when it was saved."""
        self._quiet()
        shutil.rmtree(self.data)
        shutil.copytree(saved.folder / "data", self.data)
        mail = self.dovecot.dir / "mail"
        shutil.rmtree(mail)
        shutil.copytree(saved.folder / "mail", mail)
        self.dovecot._own(mail, *mail.rglob("*"))
        self.smtp.accepted[:] = saved.accepted

    def _quiet(self) -> None:
        """Wait until Dovecot has ended every session: it must not write into what is copied."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while self.dovecot.imap_processes():
            if time.monotonic() > end:
                raise NotAsPlannedError("a session of Dovecot does not end")
            time.sleep(0.002)  # waits for a process, as the start of a server does


@dataclass(frozen=True, slots=True)
class Deliver:
    """Puts letters into the inbox as they arrive at this moment."""

    dovecot: Dovecot
    at: dt.datetime

    def __call__(self, raw: bytes) -> None:
        """Deliver one letter."""
        self.dovecot.deliver(raw, self.at)


def _without_chair(line: str) -> str:
    cells = line.split(",")
    return ",".join([*cells[:6], "", *cells[7:]]) if cells[0].isdigit() else line


def _shorten_roster(folder: Path) -> None:
    """Call only a few communes, one of them with two addresses."""
    path = folder / "communes.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    kept = [lines[0], *(line for line in lines[1:] if line.startswith(COMMUNES))]
    kept = [_without_chair(line) if line[:5] not in CHAIRED else line for line in kept]
    first = ",thanhloa@caoloc.example"
    second = [line.replace(first, f"{first} {SECOND_ADDRESS}", 1) for line in kept]
    assert len(list(csv.reader(io.StringIO("\n".join(second))))) == len(COMMUNES) + 1
    path.write_text("\n".join(second) + "\n", encoding="utf-8")
    campaign = folder / "campaigns" / "ocop-2024-2.toml"
    text = campaign.read_text(encoding="utf-8")
    assert "\ncommunes = 22 " in text
    changed = text.replace("\ncommunes = 22 ", f"\ncommunes = {len(COMMUNES)} ")
    campaign.write_text(changed, encoding="utf-8")
