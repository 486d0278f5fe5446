"""The store: the one door to the database. All SQL of the house is behind it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from registry.board_rows import BoardRows
from registry.campaign_rows import CampaignRows
from registry.catch_up_rows import CatchUpRows
from registry.column_rows import ColumnRows
from registry.database import Database, resolve
from registry.errors import NotPossible
from registry.event_rows import EventRows
from registry.filing_rows import FilingRows
from registry.health_rows import HealthRows
from registry.inbox_rows import InboxRows
from registry.lease_rows import LeaseRows
from registry.look_rows import LookRows
from registry.model import Head
from registry.outbox_rows import OutboxRows
from registry.reading_rows import ReadingRows
from registry.record_rows import RecordRows
from registry.schema import bring_up_to_date, is_up_to_date
from registry.sending_rows import SendingRows
from registry.snapshot_rows import SnapshotRows
from registry.stock_rows import StockRows
from registry.transfer import transfer, write_file


class Store(
    InboxRows,
    FilingRows,
    RecordRows,
    LookRows,
    OutboxRows,
    SendingRows,
    CampaignRows,
    CatchUpRows,
    SnapshotRows,
    StockRows,
    EventRows,
    HealthRows,
    BoardRows,
    ColumnRows,
    LeaseRows,
    ReadingRows,
):
    """The registry's database. Each method is one transaction; each write is in the journal.

    Every method may raise `RegistryBusy` (locked by another program or disk full: nothing
    happened, try again later) and `RegistryDamaged`.
    """

    def path_of_database(self) -> Path | None:
        """Return the database's file; None when it is a server."""
        return self._database.path

    def check(self) -> None:
        """Look through the whole database file; raise `RegistryDamaged` if it is not sound."""
        self._database.check()

    def copy_to(self, target: Path) -> None:
        """Write a sound copy as one SQLite file, also while others write to the registry."""
        if self._database.on_server:
            write_file(self._database, target)
        else:
            self._database.copy_to(target)

    def take_all_of(self, other: "Store", *, replace: Head | None = None) -> dict[str, int]:
        """Copy all rows of another registry into this one; see `registry.transfer`."""
        return transfer(other._database, self._database, replace=replace)  # noqa: SLF001  a twin

    def name_of_database(self) -> str:
        """Return the database's file, or its address without a password."""
        return self._database.name

    def one_moment(self) -> AbstractContextManager[None]:
        """Let what this thread asks within share one transaction; see `Database.one_moment`."""
        return self._database.one_moment()

    def guarded(self, guard: Callable[[sa.Connection], None], idle_seconds: float) -> None:
        """Have each write transaction ask first whether it may still write; it raises if not.

        The server ends one of them whose client stands still for ``idle_seconds``.
        """
        self._database.guard = guard
        self._database.idle_seconds = idle_seconds

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(
    url: str,
    base: Path,
    *,
    busy_seconds: float = 30.0,
    thorough: bool = False,
    durable: bool = True,
    password: str = "",
) -> Store:
    """Open the registry, make it if there is none, migrate it if it is older than the program.

    Before a migration a copy is laid beside the file. ``base`` is the folder at which a relative
    SQLite path starts. ``thorough`` looks through the whole file first, as a daemon should at its
    start. ``busy_seconds`` is how long a call waits for another program's lock. ``durable=False``
    is for a registry that nobody misses after a power loss: it is not waited for the disk.
    ``password`` is a server's, which the URL does not tell.

    Raises:
        RegistryTooNew: a newer version of the program wrote it.
        RegistryDamaged: the file is not a sound database.
        RegistryProblem: the file cannot be opened, or the server refuses us.
        RegistryBusy: another program holds it, or the server cannot be reached.
    """
    address = resolve(url, base)
    database = Database(address, busy_seconds=busy_seconds, durable=durable, password=password)
    try:
        if thorough:
            database.check()
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


def open_beside(url: str, base: Path, *, password: str = "") -> Store | None:
    """Open a server's registry beside the daemon that works on it: to look, never to write.

    None: it has not the schema of this program, and that daemon alone may change it.

    Raises:
        RegistryBusy, RegistryProblem: as `open_store`.
    """
    database = Database(resolve(url, base), password=password)
    try:
        known = is_up_to_date(database)
    except BaseException:
        database.close()
        raise
    if not known:
        database.close()
        return None
    database.guard = _refuse
    return Store(database)


def _refuse(_connection: sa.Connection) -> None:
    raise NotPossible("this process only stands by: it must not write to the registry")
