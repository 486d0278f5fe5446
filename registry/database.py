"""One database: where it lies, how a transaction begins, and what its errors mean.

All that differs between SQLite and PostgreSQL stands here and in `registry.postgres`.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from registry import postgres
from registry.errors import RegistryBusy, RegistryDamaged, RegistryProblem, RegistryWentBack
from registry.journal import GENESIS, seal
from registry.tables import events, plain

#: Where a write transaction remembers the journal's last event.
_HEAD = "journal head"
# Statements of every transaction are built once: building costs more than running them.
_LAST_EVENT = sa.select(events.c.serial, events.c.sha256).order_by(events.c.serial.desc()).limit(1)
_HASH = sa.select(events.c.sha256).where(events.c.serial == sa.bindparam("wanted"))
_NEW_EVENT = events.insert()
_LOCK_WRITER = sa.select(sa.func.pg_advisory_xact_lock(postgres.WRITER))
_LOCK_BRIEFLY = sa.select(
    sa.func.set_config("idle_in_transaction_session_timeout", sa.bindparam("idle"), True),
    sa.func.pg_advisory_xact_lock(postgres.WRITER),
)

#: What is wrong with the file that is copied; all else is about the copy.
_OF_SOURCE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CORRUPT", "SQLITE_NOTADB")


class Database:
    """An engine with the transactions of this house: `read` and `write`.

    A write transaction takes the write lock at its start (BEGIN IMMEDIATE; an advisory lock), so
    that it never finds half-way that somebody else wrote; a read transaction sees one moment
    throughout. ``password`` is a server's; it is kept apart from the address. ``reached``: whoever
    opens it had answers from this server already.
    """

    def __init__(
        self,
        url: sa.URL,
        *,
        busy_seconds: float = 30.0,
        durable: bool = True,
        password: str = "",
        reached: bool = False,
    ) -> None:
        self.url = url
        #: Asked in each write transaction, when it has the write lock; raises if it must not write.
        self.guard: Callable[[sa.Connection], None] = lambda _connection: None
        #: For how long a write transaction may stand still on a server; None: as any other.
        self.idle_seconds: float | None = None
        #: Whether a connection was ever made: what fails later may pass by itself.
        self._reached = reached
        #: Serial and hash of the journal's newest event that this process knows to be committed.
        self._known = 0, GENESIS
        if url.get_backend_name() == "sqlite":
            self.engine = self._reader = sa.create_engine(url)
            _prepare_sqlite(self.engine, busy_seconds, durable=durable)
        else:
            self.engine = postgres.make_engine(url, password, busy_seconds, durable=durable)
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writer = self.engine.execution_options(immediate=True)
        self._of_thread = threading.local()

    @property
    def on_server(self) -> bool:
        """Whether it is a server's database and no file."""
        return self.engine.dialect.name == "postgresql"

    @property
    def name(self) -> str:
        """What it is called in messages: its file, or its address without a password."""
        return str(self.path) if self.path else postgres.place(self.url)

    @property
    def path(self) -> Path | None:
        """The database's file; None when it is a server."""
        is_file = self.engine.dialect.name == "sqlite" and self.url.database
        return Path(self.url.database) if is_file and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection inside a read transaction; within `one_moment`, inside that one."""
        shared: sa.Connection | None = getattr(self._of_thread, "shared", None)
        if shared is not None:
            yield shared
            return
        with self._transaction(self._reader) as connection:
            yield connection

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Let what this thread reads share one transaction: one moment is seen throughout.

        Opening a transaction costs as much as a question. Only around questions: what is written
        meanwhile, by this thread too, is not seen.
        """
        if getattr(self._of_thread, "shared", None) is not None:
            yield
            return
        with self.read() as connection:
            self._of_thread.shared = connection
            try:
                yield
            finally:
                self._of_thread.shared = None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection that holds the write lock; commits at the end, or nothing happened.

        Raises:
            RegistryBusy: somebody else holds the lock, the disk is full, or the server is away.
                If the server's last answer was lost nobody knows whether it was done: whoever
                repeats the step finds it done, or does it.
            RegistryProblem: the file may not be written, or it is damaged.
            RegistryWentBack: it is not the one any more that this process wrote to.
        """
        with self._transaction(self._writer) as connection:
            if self.on_server:
                lock_writers(connection, self.idle_seconds)
            connection.info.pop(_HEAD, None)  # others have written since
            self.guard(connection)
            if self._known[0]:
                connection.info[_HEAD] = _last_after(self._known, connection)
            yield connection
            head = connection.info.get(_HEAD, self._known)
        self._known = head

    def notice_gone_back(self) -> None:
        """Make sure that the newest event which this process knows is still there; learn the last.

        A server that failed over to a replica, or was restored, answers under the old address from
        an older state, and a connection that was made anew in between tells nobody.

        Raises:
            RegistryWentBack: the event is not there, or is another one.
        """
        known = self._known  # from before the moment that is read: other threads write
        with self._transaction(self._reader) as connection:
            self._known = _last_after(known, connection)

    def replaced(self, connection: sa.Connection) -> None:
        """Go on from the journal that was put in place within this write transaction."""
        connection.info[_HEAD] = last_event(connection)

    @contextmanager
    def aside(self) -> Iterator[sa.Connection]:
        """Yield a connection that commits at the end and waits for no writer.

        For what is no part of the registry: no journal tells of it, and nothing depends on it.
        """
        with self._transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction; SQLite's begins here, at once.

        Not in an event of the engine: with one, SQLAlchemy asks for events at every statement.
        """
        with _explained(self), engine.begin() as connection:
            if not self.on_server:
                immediate = connection.get_execution_options().get("immediate", False)
                driver = connection.connection.driver_connection  # SQLAlchemy's way costs more
                assert driver is not None  # noqa: S101  just checked out
                driver.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
            self._reached = True
            yield connection

    def describe(self) -> str:
        """Return what serves it; a server is asked, and no table is made."""
        if not self.on_server:
            return f"SQLite {sqlite3.sqlite_version}"
        with self.read() as connection:
            return postgres.describe(connection)

    def check(self) -> None:
        """Look through the whole file; raise `RegistryDamaged` if it is not sound."""
        if self.on_server:
            return  # a server looks after its own files
        with self.read() as connection:
            answers = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(5)")]
        if answers != ["ok"]:
            raise _damaged(self.path, "; ".join(answers))

    def copy_to(self, target: Path) -> None:
        """Write a sound copy of a SQLite database, also while others write to it.

        Raises:
            RegistryBusy: the copy cannot be written, as on a full disk, or somebody locks the file.
            RegistryDamaged: it is no sound database.
            RegistryProblem: it is no file (`registry.transfer` makes one of it).
        """
        source = self.path
        if source is None:
            raise RegistryProblem(f"{self.name} is no file that could be copied")
        try:
            with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
                old.backup(new)
        except sqlite3.Error as error:
            code = str(getattr(error, "sqlite_errorname", error))
            if code.startswith(_OF_SOURCE) and (problem := _problem(source, error)):
                raise problem from error
            raise RegistryBusy(f"{target} cannot be written ({code}): is the disk full?") from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def lock_writers(connection: sa.Connection, idle_seconds: float | None = None) -> None:
    """Let no other write transaction be under way on this server until this one ends.

    With ``idle_seconds`` the server ends it when its client stands still for so long: from the
    moment on at which it has the lock, or one that is stopped right then keeps all others out.
    """
    if idle_seconds is None:
        connection.execute(_LOCK_WRITER)
    else:
        connection.execute(_LOCK_BRIEFLY, {"idle": str(int(idle_seconds * 1000))})


def last_event(connection: sa.Connection) -> tuple[int, str]:
    """Return serial and hash of the journal's last event; 0 and what stands before the first."""
    last = connection.execute(_LAST_EVENT).one_or_none()
    return (last.serial, last.sha256) if last else (0, GENESIS)


def _last_after(known: tuple[int, str], connection: sa.Connection) -> tuple[int, str]:
    """Return the same, if it is the event that is known or that one still stands before it."""
    last = last_event(connection)
    serial, sha256 = known
    if serial and last != known:
        there = connection.execute(_HASH, {"wanted": serial}).scalar_one_or_none()
        if there != sha256:
            raise RegistryWentBack(serial)
    return last


def journal(
    connection: sa.Connection, at: datetime, kind: str, subject: str, data: Mapping[str, object]
) -> None:
    """Append an event to the journal, inside the caller's write transaction."""
    journal_all(connection, [(at, kind, subject, data)])


def journal_all(
    connection: sa.Connection, told: Sequence[tuple[datetime, str, str, Mapping[str, object]]]
) -> int:
    """Append events (at, kind, subject, data) to the journal; return the serial of the last.

    Inside the caller's write transaction. Without events it is the serial of the one before.
    """
    if _HEAD not in connection.info:  # asked once a transaction: nobody else writes meanwhile
        connection.info[_HEAD] = last_event(connection)
    serial, previous = connection.info[_HEAD]
    rows = []
    for at, kind, subject, data in told:
        serial += 1
        event = seal(previous, serial, at, plain(kind), plain(subject), _storable(data))
        previous = event.sha256
        rows.append(
            {
                "serial": event.serial,
                "at": event.at,
                "kind": event.kind,
                "subject": event.subject,
                "data": event.data,
                "previous": event.previous,
                "sha256": event.sha256,
            }
        )
    if rows:
        connection.execute(_NEW_EVENT, rows)
        connection.info[_HEAD] = serial, previous
    return int(serial)


def resolve(url: str, base: Path) -> sa.URL:
    """Return the URL with a relative SQLite path starting at ``base``; makes its folder.

    Raises:
        RegistryProblem: the URL is not one, or the folder cannot be made.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise RegistryProblem(
            f"{url!r} is no database URL: write sqlite:///data/registry.db"
        ) from None
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return parsed
    path = base / parsed.database
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RegistryProblem(f"{path.parent} cannot be made: {error.strerror}") from None
    return parsed.set(database=str(path))


def _storable(data: Mapping[str, object]) -> dict[str, object]:
    """Return the data as it will be read back: what is sealed must be what is stored."""
    return {plain(key): _plain_all(value) for key, value in data.items()}


def _plain_all(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return _storable(value)
    if isinstance(value, list | tuple):
        return [_plain_all(item) for item in value]
    return value


def _prepare_sqlite(engine: sa.Engine, busy_seconds: float, *, durable: bool) -> None:
    """Make SQLite durable and its transactions ours (the driver would begin them too late)."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


@contextmanager
def _explained(database: Database) -> Iterator[None]:
    """Turn the driver's errors into ours, by code and never by text."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise postgres.pool_exhausted(database.url) from error
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if database.on_server:
            problem = postgres.explained(database.url, cause, opening=not database._reached)  # noqa: SLF001  one module
        else:
            problem = _problem(database.path, cause)
        if problem is None:
            raise
        raise problem from error


def _problem(path: Path | None, error: BaseException | None) -> Exception | None:
    """Return what an error of SQLite means."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = str(getattr(error, "sqlite_errorname", ""))
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RegistryBusy(f"{path} is locked by another program; it is tried again")
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return RegistryBusy(f"{path} cannot be written ({code}): is the disk full?")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _damaged(path, code)
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return RegistryProblem(
            f"{path} cannot be opened for writing ({code}): "
            "give the service's user the right to write the file and its folder"
        )
    return None


def _damaged(path: Path | None, detail: str) -> RegistryDamaged:
    return RegistryDamaged(
        f"{path} is damaged ({detail}): stop the daemon, put the last good copy in its place "
        "(`intake restore`), or move the file away and rebuild it from the vault "
        "(`intake replay --in-place`); the mailbox was not touched"
    )
