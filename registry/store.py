"""The store: the one door to the database. All SQL of the house is behind it."""

from pathlib import Path
from types import TracebackType
from typing import Self

from registry.board_rows import BoardRows
from registry.campaign_rows import CampaignRows
from registry.catch_up_rows import CatchUpRows
from registry.column_rows import ColumnRows
from registry.database import Database, resolve
from registry.event_rows import EventRows
from registry.filing_rows import FilingRows
from registry.health_rows import HealthRows
from registry.inbox_rows import InboxRows
from registry.look_rows import LookRows
from registry.outbox_rows import OutboxRows
from registry.record_rows import RecordRows
from registry.schema import bring_up_to_date
from registry.sending_rows import SendingRows
from registry.snapshot_rows import SnapshotRows
from registry.stock_rows import StockRows


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
        """Write a sound copy of the database file, also while others write to it."""
        self._database.copy_to(target)

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
) -> Store:
    """Open the registry, make it if there is none, migrate it if it is older than the program.

    Before a migration a copy is laid beside the file. ``base`` is the folder at which a relative
    SQLite path starts. ``thorough`` looks through the whole file first, as a daemon should at its
    start. ``busy_seconds`` is how long a call waits for another program's lock. ``durable=False``
    is for a registry that nobody misses after a power loss: it is not waited for the disk.

    Raises:
        RegistryTooNew: a newer version of the program wrote it.
        RegistryDamaged: the file is not a sound database.
        RegistryProblem: the file cannot be opened.
        RegistryBusy: another program holds it.
    """
    database = Database(resolve(url, base), busy_seconds=busy_seconds, durable=durable)
    try:
        if thorough:
            database.check()
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database)
