"""Counts the effects of a process on the world, and ends it by SIGKILL before or after one of them.

It wraps the calls of the libraries through which every effect must go (``os``, imaplib, the SQLite
driver), from outside: the program does not know of it. The effects on the SMTP server are counted
at that server (`crash.smtp`), because what matters there happens between two of its answers.
"""

import functools
import imaplib
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar
from unittest import mock

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from registry.place import Folder

When = Literal["before", "after"]
_Result = TypeVar("_Result")

#: IMAP commands that change something, fetch what must not be lost, or begin a session. The others
#: (SELECT, SEARCH, LIST …) only ask.
_COMMANDS = frozenset(
    {"LOGIN", "FETCH", "MOVE", "COPY", "STORE", "EXPUNGE", "APPEND", "CREATE", "SUBSCRIBE"}
)
#: What lies in the data folder, by the beginning of its path there.
_ROOMS = {
    "vault/journal": "copy",
    "vault": "vault",
    "heartbeat": "heartbeat",
    ".heartbeat": "heartbeat",
}
_HAS_EVENTS = "SELECT 1 FROM sqlite_master WHERE name = 'events'"
_LAST_EVENT = "SELECT serial, kind FROM events ORDER BY serial DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Death:
    """Die before or after the effect of this number (from 1)."""

    number: int
    when: When


@dataclass
class Effects:
    """The effects of this process so far. ``log`` is a descriptor that gets a line for each."""

    folder: Path
    log: int
    death: Death | None = None
    seen: int = 0
    #: Rows that each connection of the database has changed up to its last commit.
    _changes: dict[Any, int] = field(default_factory=dict)
    #: The last event of the journal.
    serial: int = 0

    def around(self, kind: str, act: Callable[[], _Result]) -> _Result:
        """Do one effect; what raises has not happened."""
        self.seen += 1
        os.write(self.log, f"{kind}\n".encode())
        self._die("before")
        result = act()
        self._die("after")
        return result

    def _die(self, when: When) -> None:
        if self.death == Death(self.seen, when):
            os.kill(os.getpid(), signal.SIGKILL)

    # --- what an effect is called ---

    def place(self, path: object, descriptor: int | None = None) -> str:
        """Return in which room of the data folder a path lies; "" for one outside of it."""
        if isinstance(path, int):
            path = f"/proc/self/fd/{path}"
        if descriptor is not None:
            path = f"/proc/self/fd/{descriptor}"
        known = Path(os.fsdecode(path))  # type: ignore[arg-type]
        whole = known.readlink() if known.is_symlink() else known.absolute()
        if not whole.is_relative_to(self.folder):
            return ""
        name = str(whole.relative_to(self.folder))
        return next((room for start, room in _ROOMS.items() if name.startswith(start)), "files")

    def committed(self, connection: sqlite3.Connection, commit: Callable[[], None]) -> None:
        """Commit; an effect only if the transaction wrote something."""
        if connection.total_changes == self._changes.get(connection, 0):
            commit()
            return
        self._changes[connection] = connection.total_changes
        self.around(f"registry {self._event(connection)}", commit)

    def _event(self, connection: sqlite3.Connection) -> str:
        """Return the kind of event that the transaction adds to the journal; "mark" for none."""
        if not connection.execute(_HAS_EVENTS).fetchone():
            return "schema"
        serial, kind = connection.execute(_LAST_EVENT).fetchone() or (0, "schema")
        kind = kind if serial != self.serial else "mark"
        self.serial = serial
        return str(kind)


def last_serial(database: Path) -> int:
    """Return the number of the last event of a registry; 0 if there is none yet."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute(_LAST_EVENT).fetchone()
        return found[0] if found else 0


@contextmanager
def counted(effects: Effects) -> Iterator[None]:
    """Count the effects of this process while the block runs."""
    with (
        mock.patch.object(os, "fsync", _fsync(effects, os.fsync)),
        mock.patch.object(Folder, "at_once", 1),  # in the same order each time
        _paths(effects),
    ):
        command = _command(effects, imaplib.IMAP4._simple_command)  # type: ignore[attr-defined]
        commit = _commit(effects, SQLiteDialect_pysqlite.do_commit)
        with (
            mock.patch.object(imaplib.IMAP4, "_simple_command", command),
            mock.patch.object(SQLiteDialect_pysqlite, "do_commit", commit),
        ):
            yield


@contextmanager
def _paths(effects: Effects) -> Iterator[None]:
    """Wrap what makes, renames and removes files."""
    with (
        mock.patch.object(os, "open", _open(effects, os.open)),
        mock.patch.object(os, "mkdir", _named(effects, os.mkdir, "mkdir")),
        mock.patch.object(os, "replace", _named(effects, os.replace, "rename")),
        mock.patch.object(os, "rename", _named(effects, os.rename, "rename")),
        mock.patch.object(os, "unlink", _named(effects, os.unlink, "unlink")),
        mock.patch.object(os, "remove", _named(effects, os.remove, "unlink")),
    ):
        yield


def _named(effects: Effects, real: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def call(path: Any, *more: Any, **options: Any) -> Any:
        there = what == "mkdir" and Path(path).is_dir()  # then it only asks
        place = "" if there else effects.place(path)
        act = functools.partial(real, path, *more, **options)
        return effects.around(f"{place} {what}", act) if place else act()

    return call


def _open(effects: Effects, real: Callable[..., int]) -> Callable[..., int]:
    @functools.wraps(real)
    def call(path: Any, flags: int, *more: Any, **options: Any) -> int:
        place = effects.place(path) if flags & os.O_CREAT else ""
        act = functools.partial(real, path, flags, *more, **options)
        return effects.around(f"{place} create", act) if place else act()

    return call


def _fsync(effects: Effects, real: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(real)
    def call(descriptor: Any) -> None:
        place = effects.place("", descriptor)
        what = "fsync folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "fsync"
        act = functools.partial(real, descriptor)
        return effects.around(f"{place} {what}", act) if place else act()

    return call


def _command(effects: Effects, real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def call(client: Any, name: str, *arguments: Any) -> Any:
        verb = str(arguments[0]).upper() if name == "UID" else name
        act = functools.partial(real, client, name, *arguments)
        return effects.around(f"mailbox {verb}", act) if verb in _COMMANDS else act()

    return call


def _commit(effects: Effects, real: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(real)
    def call(dialect: Any, connection: Any) -> None:
        driver = getattr(connection, "driver_connection", connection)  # a pool wraps it
        effects.committed(driver, functools.partial(real, dialect, connection))

    return call
