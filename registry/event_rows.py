"""The journal as it stands in the database: read only (each write appends its own event)."""

import sqlalchemy as sa

from registry import journal
from registry.model import GENESIS_HEAD, Event, Head
from registry.rows import Part
from registry.tables import events

_HEAD = sa.select(events.c.serial, events.c.sha256).order_by(events.c.serial.desc()).limit(1)
_AFTER = (
    sa.select(events)
    .where(events.c.serial > sa.bindparam("serial"))
    .order_by(events.c.serial)
    .limit(sa.bindparam("most"))
)
_HASH = sa.select(events.c.sha256).where(events.c.serial == sa.bindparam("wanted"))


class EventRows(Part):
    """Questions about the journal."""

    def journal(self, limit: int = 100, subject: str | None = None) -> list[Event]:
        """Return the last events, newest first; of one subject (``message 12``) if it is given."""
        query = sa.select(events).order_by(events.c.serial.desc()).limit(limit)
        if subject is not None:
            query = query.where(events.c.subject == subject)
        with self._database.read() as connection:
            return [Event(*row) for row in connection.execute(query)]

    def journal_head(self) -> Head:
        """Return the last event's serial and hash; ``GENESIS_HEAD`` when there is none yet."""
        with self._database.read() as connection:
            row = connection.execute(_HEAD).one_or_none()
        return Head(row.serial, row.sha256) if row else GENESIS_HEAD

    def notice_gone_back(self) -> None:
        """Make sure that the journal still has the newest event that this process knows of it.

        Each write asks the same. A process that only looks, or waits, asks now and then.

        Raises:
            RegistryWentBack: it has not: an older state is in its place.
        """
        self._database.notice_gone_back()

    def events_after(self, serial: int, limit: int = 1000) -> list[Event]:
        """Return the events after this serial, oldest first, at most ``limit``."""
        with self._database.read() as connection:
            rows = connection.execute(_AFTER, {"serial": serial, "most": limit})
            return [Event(*row) for row in rows]

    def event_hash(self, serial: int) -> str:
        """Return the hash of an event; ``""`` when there is none of this serial."""
        with self._database.read() as connection:
            return connection.execute(_HASH, {"wanted": serial}).scalar_one_or_none() or ""

    def verify_journal(self) -> int | None:
        """Return the serial of the first event that does not fit the chain, or None."""
        query = sa.select(events).order_by(events.c.serial).execution_options(yield_per=1000)
        with self._database.read() as connection:
            rows = connection.execute(query)
            return journal.verify(Event(*row) for row in rows)
