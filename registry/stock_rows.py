"""What the registry believes to lie where: the mailbox, the vault and Sent are compared with it."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from registry.model import Event, MessageState, Verdict
from registry.rows import Part
from registry.tables import events, mails, messages, reports, slots


@dataclass(frozen=True, slots=True)
class Place:
    """A message in one slot: where it lies now. ``uid`` None: nobody told where it was moved.

    ``uidvalidity`` 0: not told. ``sha256`` is empty for bytes that were never fetched.
    """

    message_id: int
    state: MessageState
    verdict: Verdict | None
    registered: bool
    sha256: str
    size_bytes: int
    received_at: dt.datetime
    account: str = ""
    folder: str = ""
    uidvalidity: int = 0
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A mail that was sent. ``saved`` says that a copy was put into Sent."""

    key: str
    rfc_message_id: str
    saved: bool


class StockRows(Part):
    """Lists for `intake reconcile`: read only."""

    def places(self) -> list[Place]:
        """Return every message in each of its slots; one without a slot once, without a place."""
        query = (
            sa.select(
                messages.c.id,
                messages.c.state,
                messages.c.verdict,
                messages.c.submission_id.is_not(None),
                messages.c.sha256,
                messages.c.size_bytes,
                messages.c.received_at,
                sa.func.coalesce(slots.c.account, ""),
                sa.func.coalesce(slots.c.at_folder, ""),
                sa.func.coalesce(slots.c.at_uidvalidity, 0),
                slots.c.at_uid,
            )
            .select_from(messages.outerjoin(slots, slots.c.message_id == messages.c.id))
            .order_by(messages.c.id, slots.c.id)
        )
        with self._database.read() as connection:
            return [Place(*row) for row in connection.execute(query)]

    def named_files(self) -> set[str]:
        """Return the hashes of all files that the vault must have: a row or an event names them."""
        configs = sa.select(events.c.data).where(events.c.kind == "config")
        with self._database.read() as connection:
            named = set(connection.execute(sa.select(messages.c.sha256)).scalars())
            for data in connection.execute(configs).scalars():
                named |= set(data["files"].values())
            for inputs, files, letter in connection.execute(
                sa.select(reports.c.inputs_sha256, reports.c.files, reports.c.letter)
            ):
                named |= {inputs, *(file["sha256"] for file in (*files, letter) if file)}
        return named - {""}

    def mail_bodies(self) -> set[str]:
        """Return the hashes of all mails' bytes: alerts are in the vault too, if it took them."""
        with self._database.read() as connection:
            return set(connection.execute(sa.select(mails.c.body_sha256)).scalars())

    def events_about(self, subjects: Collection[str]) -> Iterator[Event]:
        """Yield the journal's events about these subjects (``message 12``), in their order."""
        wanted = set(subjects)
        query = sa.select(events).order_by(events.c.serial)
        with self._database.read() as connection:
            for row in connection.execute(query.execution_options(yield_per=1000)):
                if row.subject in wanted:
                    yield Event(*row)

    def left(self) -> list[Left]:
        """Return the mails that were sent, each once however many recipients it had."""
        query = (
            sa.select(mails.c.key, mails.c.rfc_message_id, sa.func.max(mails.c.appended_at))
            .where(mails.c.state == "sent")
            .group_by(mails.c.key, mails.c.rfc_message_id)
            .order_by(sa.func.min(mails.c.id))
        )
        with self._database.read() as connection:
            rows = connection.execute(query)
            return [Left(key, name, at is not None) for key, name, at in rows]
