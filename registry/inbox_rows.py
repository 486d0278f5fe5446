"""Which messages were seen where on the server, which were kept, which wait to be understood."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from registry.database import journal
from registry.errors import NotPossible
from registry.filing_rows import owe_filing
from registry.model import Arrival, CommuneKey, Kept, Message, MessageState, Slot, Verdict
from registry.rows import (
    Part,
    commune_values,
    flat,
    get_message,
    instant,
    key_of,
    message_of,
    written,
)
from registry.tables import mails, marks, messages, plain, slots

# Statements of every message are built once: building costs more than running them.
_BY_BYTES = sa.select(messages.c.id).where(
    messages.c.sha256 == sa.bindparam("wanted"),
    # the literal lets the database use the index, which leaves out messages without bytes
    messages.c.sha256 != sa.literal_column("''"),
)
_SLOT = sa.select(slots).where(
    *(slots.c[name] == sa.bindparam(name) for name in ("account", "folder", "uidvalidity", "uid"))
)
_ANSWER = sa.select(mails.c.id).where(mails.c.key == sa.bindparam("wanted")).limit(1)
_NEW = messages.insert().returning(messages.c.id)
_NEW_SLOT = slots.insert()
# A file is locked as a whole; a server locks rows, and those that are locked are left out.
_CLAIM = (
    sa.select(messages)
    .where(messages.c.id.in_(sa.bindparam("ids", expanding=True)))
    .with_for_update(skip_locked=True)
)
_TRY = (
    messages.update()
    .where(messages.c.id == sa.bindparam("wanted"))
    .values(tries=sa.bindparam("tries"))
)


@dataclass(frozen=True, slots=True)
class _Unfetched:
    """What the server and the header say of a message whose bytes nobody fetched."""

    slot: Slot
    size_bytes: int
    received_at: dt.datetime
    verdict: Verdict
    ack: str = ""
    sender: str = ""
    subject: str = ""
    rfc_message_id: str = ""

    @property
    def identity(self) -> str:
        """A hash that stands for the bytes."""
        facts = (self.size_bytes, int(self.received_at.timestamp()), self.sender)
        likeness = " ".join(map(str, (*facts, self.rfc_message_id)))
        return hashlib.sha256(likeness.encode("utf-8", "replace")).hexdigest()


class InboxRows(Part):
    """Slots and messages, from the listing of the inbox to the attempt to understand."""

    def known_slots(
        self, account: str, folder: str, uidvalidity: int, live_since: dt.datetime | None = None
    ) -> set[int]:
        """Return the UIDs that were seen in this folder and not moved out of it by us.

        A UID that we moved away and that is listed again was given to another message (a mailbox
        made anew in the same second keeps its UIDVALIDITY): it is fetched, and its bytes decide.

        What was noted as old and came after ``live_since`` is not known: the moment of going live
        was mended since, and nobody has looked at it.
        """
        query = sa.select(slots.c.uid).where(
            slots.c.account == account,
            slots.c.folder == folder,
            slots.c.uidvalidity == uidvalidity,
            slots.c.filed_at.is_(None),
        )
        with self._database.read() as connection:
            known = set(connection.execute(query).scalars())
            if live_since is not None and known:
                # asked apart: of a mailbox that began with this program nothing is old
                not_old = query.join(messages, slots.c.message_id == messages.c.id).where(
                    messages.c.verdict == "old",
                    messages.c.sha256 == "",  # what was fetched is known by its bytes
                    messages.c.received_at >= live_since,
                )
                known -= set(connection.execute(not_old).scalars())
            return known

    def last_uidvalidity(self, account: str, folder: str) -> int | None:
        """Return the UIDVALIDITY under which this folder was last seen; None if never."""
        query = (
            sa.select(slots.c.uidvalidity)
            .where(slots.c.account == account, slots.c.folder == folder)
            .order_by(slots.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def keep(
        self, slot: Slot, sha256: str, size_bytes: int, received_at: dt.datetime, now: dt.datetime
    ) -> Kept:
        """Write down that these bytes, which are in the vault, lie in this slot.

        Bytes that are known from another slot stay one message: then only the slot is new, and
        the message is filed from there again.
        """
        return self.keep_all([Arrival(slot, sha256, size_bytes, received_at)], now)[0]

    def keep_all(self, arrivals: Sequence[Arrival], now: dt.datetime) -> list[Kept]:
        """Do as `keep` for several messages in one transaction, in the order given."""
        with self._database.write() as connection:
            return [keep_arrival(connection, arrival, now) for arrival in arrivals]

    def note_unfetched(
        self,
        slot: Slot,
        size_bytes: int,
        received_at: dt.datetime,
        verdict: Verdict,
        ack: str,
        sender: str,
        subject: str,
        now: dt.datetime,
        *,
        rfc_message_id: str = "",
        commune: CommuneKey | None = None,
        campaign: str | None = None,
        reason: str = "",
        state: MessageState = "recorded",
    ) -> Kept:
        """Write down a message that stays on the server unread: too large, or older than go-live.

        It is never filed. Its ``content_key`` stands for the bytes that nobody fetched: what the
        server and the header say of it, so that it is known again after a change of UIDVALIDITY.
        With commune and campaign it counts as heard.
        """
        note = _Unfetched(
            slot, size_bytes, received_at, verdict, ack, sender, subject, rfc_message_id
        )
        more = {
            "state": state,
            "reason": reason,
            "campaign": campaign,
            **commune_values(commune),
        }
        with self._database.write() as connection:
            return _note(connection, note, more, now)

    def note_old(
        self, listed: Sequence[tuple[Slot, int, dt.datetime]], reason: str, now: dt.datetime
    ) -> int:
        """Write down many messages from before go-live at once; return how many were new.

        Each is (slot, size in bytes, INTERNALDATE). They are left alone: not fetched, not
        answered, not filed.
        """
        more = {"state": "recorded", "reason": reason}
        with self._database.write() as connection:
            return sum(
                _note(connection, _Unfetched(slot, size, at, "old"), more, now).new
                for slot, size, at in listed
            )

    def polled(self, now: dt.datetime) -> None:
        """Remember that all that the inbox showed at this moment is in the registry.

        The one write that is no event of the journal: it comes with every poll.
        """
        with self._database.write() as connection:
            put_mark(connection, "polled", now, "")

    def kept(self, limit: int | None = None) -> list[Message]:
        """Return the messages to understand: oldest first by arrival, then by hash."""
        query = (
            sa.select(messages)
            .where(messages.c.state == "kept")
            .order_by(messages.c.received_at, messages.c.sha256)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [message_of(row) for row in connection.execute(query)]

    def begin_attempt(self, message_id: int, now: dt.datetime) -> int:
        """Count an attempt to understand a message, before it is made; return its number.

        A message that kills the daemon is so counted as well (three tries, then it is held).

        Raises:
            NotPossible: the message does not wait to be understood.
        """
        with self._database.write() as connection:
            return _begin(connection, get_message(connection, message_id), now)

    def begin_attempts(self, message_ids: Sequence[int], now: dt.datetime) -> list[int]:
        """Do as `begin_attempt` for several messages in one transaction; return whose was begun.

        One that a person decided on in the meantime is left out, and one that somebody else has
        claimed: on a server nobody waits for it.
        """
        if not message_ids:
            return []
        with self._database.write() as connection:
            rows = connection.execute(_CLAIM, {"ids": message_ids})
            waiting = {row.id: message_of(row) for row in rows if row.state == "kept"}
            begun = [one for one in message_ids if one in waiting]
            for message_id in begun:
                _begin(connection, waiting[message_id], now)
            return begun


def ack_values(connection: sa.Connection, message: Message) -> dict[str, object]:
    """Return the columns that say which answer is owed and whether the outbox has it."""
    key = message.ack_key
    queued = bool(key) and connection.execute(_ANSWER, {"wanted": key}).one_or_none() is not None
    return {"ack": message.ack, "ack_key": key, "unanswered": bool(key) and not queued}


def _begin(connection: sa.Connection, message: Message, now: dt.datetime) -> int:
    if message.state != "kept":
        raise NotPossible(f"message {message.id} is {message.state}, not kept")
    tries = message.tries + 1
    connection.execute(_TRY, {"wanted": message.id, "tries": tries})
    journal(connection, now, "attempt", f"message {message.id}", {"tries": tries})
    return tries


def put_mark(connection: sa.Connection, name: str, at: dt.datetime, text: str) -> None:
    """Set a single fact (``polled``, ``brake``)."""
    connection.execute(marks.delete().where(marks.c.name == name))
    connection.execute(marks.insert().values(name=name, at=at, text=text))


def keep_arrival(
    connection: sa.Connection, arrival: Arrival, now: dt.datetime, found_in: str = ""
) -> Kept:
    """Do as `InboxRows.keep` inside the caller's transaction.

    ``found_in`` says, for the journal, which folder of ours the message lay in already.
    """
    known = connection.execute(_BY_BYTES, {"wanted": arrival.sha256}).scalar_one_or_none()
    message_id = known or _insert(
        connection,
        {
            "sha256": arrival.sha256,
            "size_bytes": arrival.size_bytes,
            "received_at": arrival.received_at,
            "state": "kept",
        },
    )
    _put_slot(connection, arrival.slot, message_id, now)
    if known is not None:  # a new one waits to be understood, where it lies
        owe_filing(connection, get_message(connection, message_id))
    journal(
        connection,
        now,
        "kept" if known is None else "seen-again",
        f"message {message_id}",
        {
            "sha256": arrival.sha256,
            **_place(arrival.slot),
            "size_bytes": arrival.size_bytes,
            "received_at": instant(arrival.received_at),
            **({"found_in": found_in} if found_in else {}),
        },
    )
    return Kept(message_id, new=known is None)


def _place(slot: Slot) -> dict[str, object]:
    """Return a slot as the journal writes it."""
    return {
        "account": plain(slot.account),
        "folder": plain(slot.folder),
        "uidvalidity": slot.uidvalidity,
        "uid": slot.uid,
    }


def _all_of(note: _Unfetched, more: Mapping[str, Any]) -> dict[str, object]:
    """Return all that is known of a message that nobody fetched, as the journal writes it."""
    key = key_of(more.get("commune_code"), more.get("commune_from"))
    return {
        "verdict": note.verdict,
        **_place(note.slot),
        "size_bytes": note.size_bytes,
        "received_at": instant(note.received_at),
        "ack": note.ack,
        "sender": note.sender,
        "subject": note.subject,
        "rfc_message_id": note.rfc_message_id,
        "commune": written(key),
        "campaign": more.get("campaign"),
        "reason": more["reason"],
        "state": more["state"],
    }


def _insert(connection: sa.Connection, values: dict[str, object]) -> int:
    return int(connection.execute(_NEW, values).scalar_one())


def _note(
    connection: sa.Connection, note: _Unfetched, more: Mapping[str, object], now: dt.datetime
) -> Kept:
    query = sa.select(messages.c.id).where(
        messages.c.sha256 == "",
        messages.c.content_key == note.identity,
        # what was old and is only too large now is another thing to know of it
        messages.c.verdict == note.verdict,
    )
    known = connection.execute(query).scalar_one_or_none()
    if known is not None:
        _put_slot(connection, note.slot, known, now)
        journal(connection, now, "unfetched-again", f"message {known}", _place(note.slot))
        return Kept(known, new=False)
    message_id = _insert(
        connection,
        {
            "size_bytes": note.size_bytes,
            "received_at": note.received_at,
            "verdict": note.verdict,
            "sender": note.sender,
            "subject": note.subject,
            "rfc_message_id": note.rfc_message_id,
            "content_key": note.identity,
            "ack": note.ack,
            **more,
        },
    )
    owed = ack_values(connection, get_message(connection, message_id)) if note.ack else {}
    if owed:
        connection.execute(messages.update().where(messages.c.id == message_id).values(**owed))
    _put_slot(connection, note.slot, message_id, now)
    journal(connection, now, "unfetched", f"message {message_id}", _all_of(note, more))
    return Kept(message_id, new=True)


def _put_slot(connection: sa.Connection, slot: Slot, message_id: int, now: dt.datetime) -> None:
    """Write a slot. One that shows another message than before starts over.

    A message that is back in the very slot that we moved it out of came back with the mailbox (a
    restored copy) or never left it (a server that cannot expunge one message): it is known from
    now on, and not moved again, or a copy would be made at every poll.
    """
    old = connection.execute(_SLOT, flat(slot)).one_or_none()
    if old is not None and old.message_id == message_id:
        if old.filed_at is not None:
            connection.execute(slots.update().where(slots.c.id == old.id).values(filed_at=None))
        return
    if old is not None:
        connection.execute(slots.delete().where(slots.c.id == old.id))
    values = {
        **flat(slot),
        "message_id": message_id,
        "seen_at": now,
        "at_folder": slot.folder,
        "at_uidvalidity": slot.uidvalidity,
        "at_uid": slot.uid,
    }
    connection.execute(_NEW_SLOT, values)
