"""The outbox: mails that are owed, under way, gone – each under its own key, once."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from registry.database import journal
from registry.model import CommuneKey, Mail, MailState, NewMail
from registry.rows import (
    Part,
    commune_is,
    commune_values,
    get_mail,
    instant,
    mail_of,
    written,
)
from registry.tables import bodies, mails, marks, messages

# Statements of every mail are built once: building costs more than running them.
_THERE = sa.select(mails.c.id).where(
    mails.c.key == sa.bindparam("wanted"), mails.c.recipient == sa.bindparam("whose")
)
_OF_KEY = sa.select(mails.c.id).where(mails.c.key == sa.bindparam("wanted")).limit(1)
_NEW_MAIL = mails.insert().returning(mails.c.id)
_SET_MAIL = mails.update().where(mails.c.id == sa.bindparam("wanted"))
_ANSWERED = (
    messages.update()
    .where(
        messages.c.ack_key == sa.bindparam("wanted"),
        messages.c.ack_key != "",
        messages.c.unanswered,
    )
    .values(unanswered=False)
)
_RAW = (
    sa.select(bodies.c.raw)
    .join(mails, mails.c.body_sha256 == bodies.c.sha256)
    .where(mails.c.id == sa.bindparam("wanted"))
)
_BODY = sa.select(bodies.c.sha256).where(bodies.c.sha256 == sa.bindparam("wanted"))
_NEW_BODY = bodies.insert()
_COPIED = (
    sa.select(mails.c.id)
    .where(mails.c.rfc_message_id == sa.bindparam("wanted"), mails.c.appended_at.is_not(None))
    .limit(1)
)


class OutboxRows(Part):
    """Mails from the queue to the copy in Sent."""

    def queue(
        self,
        new: Sequence[NewMail],
        now: dt.datetime,
        held: bool = False,
        tells: Sequence[int] = (),
    ) -> int:
        """Put mails into the outbox and return how many were new there.

        A (key, recipient) that is there already is left as it is: repeating is harmless. ``held``
        mails wait for `release_mails`. ``tells`` are ids of `untold_refusals` of which these mails
        tell. All mails of one call are queued, or none.
        """
        with self._database.write() as connection:
            if tells:
                for mail_id in tells:
                    _update(connection, mail_id, {"next_try_at": None})
                journal(connection, now, "refusals-told", "outbox", {"mails": list(tells)})
            return sum(_queue(connection, mail, now, held=held) for mail in new)

    def next_mails(self, now: dt.datetime, limit: int) -> list[Mail]:
        """Return mails to send now: queued ones and unknown ones with a retry whose time came.

        Those that have waited longest come first.
        """
        query = (
            sa.select(mails)
            .where(mails.c.state.in_(["queued", "unknown"]), mails.c.next_try_at <= now)
            .order_by(mails.c.next_try_at, mails.c.id)
            .limit(limit)
        )
        return self._mails(query)

    def has_mail(self, key: str) -> bool:
        """Whether a mail of this key is in the outbox, to whomever."""
        with self._database.read() as connection:
            return connection.execute(_OF_KEY, {"wanted": key}).one_or_none() is not None

    def mail(self, mail_id: int) -> Mail:
        """Return a mail; KeyError if there is none of this id."""
        with self._database.read() as connection:
            return get_mail(connection, mail_id)

    def mail_raw(self, mail_id: int) -> bytes:
        """Return the bytes of a mail as they were rendered; KeyError if there is none."""
        with self._database.read() as connection:
            raw = connection.execute(_RAW, {"wanted": mail_id}).scalar_one_or_none()
        if raw is None:
            raise KeyError(f"no mail {mail_id}")
        return bytes(raw)

    def untold_refusals(self) -> list[Mail]:
        """Return the mails that a server refused for good and of which nobody was told yet."""
        return self._mails(
            sa.select(mails)
            .where(mails.c.state == "refused", mails.c.next_try_at.is_not(None))
            .order_by(mails.c.id)
        )

    def interrupted(self, now: dt.datetime) -> list[Mail]:
        """Turn mails that a kill left in ``sending`` into unknown ones, and return them.

        They are not tried again unless `settle` gives them a ``next_try_at``.
        """
        with self._database.write() as connection:
            query = sa.select(mails.c.id).where(mails.c.state == "sending").order_by(mails.c.id)
            ids = connection.execute(query).scalars().all()
            for mail_id in ids:
                _update(connection, mail_id, {"state": "unknown", "next_try_at": None})
                journal(connection, now, "mail-unknown", f"mail {mail_id}", {"why": "interrupted"})
            return [get_mail(connection, mail_id) for mail_id in ids]

    def unsaved_mails(self, limit: int | None = None) -> list[Mail]:
        """Return the sent mails of which no copy is in Sent yet, oldest first."""
        query = (
            sa.select(mails)
            .where(sa.text("state = 'sent' AND appended_at IS NULL"))
            .order_by(mails.c.id)
            .limit(limit)
        )
        return self._mails(query)

    def has_copy(self, rfc_message_id: str) -> bool:
        """Whether a copy of the mail with this Message-ID is known to be in Sent."""
        with self._database.read() as connection:
            found = connection.execute(_COPIED, {"wanted": rfc_message_id})
            return found.one_or_none() is not None

    def saved(self, mail_id: int, now: dt.datetime) -> None:
        """Write down that a copy of the mail is in Sent."""
        self.saved_all([mail_id], now)

    def saved_all(self, mail_ids: Iterable[int], now: dt.datetime) -> None:
        """Do as `saved` for several mails in one transaction."""
        with self._database.write() as connection:
            for mail_id in mail_ids:
                get_mail(connection, mail_id)
                _update(connection, mail_id, {"appended_at": now})
                journal(connection, now, "saved", f"mail {mail_id}", {})

    def answers_since(self, moment: dt.datetime) -> int:
        """Count the answers queued after this moment and after the brake's last release."""
        released = sa.select(marks.c.at).where(marks.c.name == "released")
        with self._database.read() as connection:
            since = max(moment, connection.execute(released).scalar_one_or_none() or moment)
            query = (
                sa.select(sa.func.count())
                .select_from(mails)
                .where(mails.c.kind.in_(["ack", "stranger"]), mails.c.queued_at > since)
            )
            return int(connection.execute(query).scalar_one())

    def mails(
        self,
        campaign: str | None = None,
        commune: CommuneKey | None = None,
        message_id: int | None = None,
        state: MailState | None = None,
        limit: int | None = None,
        key: str | None = None,
    ) -> list[Mail]:
        """Return mails, oldest first, of a campaign, commune, answered message, state or key."""
        query = sa.select(mails).order_by(mails.c.id).limit(limit)
        if key is not None:
            query = query.where(mails.c.key == key)
        if campaign is not None:
            query = query.where(mails.c.campaign == campaign)
        if commune is not None:
            query = query.where(commune_is(mails, commune))
        if message_id is not None:
            query = query.where(mails.c.message_id == message_id)
        if state is not None:
            query = query.where(mails.c.state == state)
        return self._mails(query)

    def cancel_held(self, by: str, now: dt.datetime) -> int:
        """Decide that the mails which the brake held are not sent; return how many these were.

        They stay in the outbox as cancelled, so that they are not owed again.
        """
        with self._database.write() as connection:
            held = mails.update().where(mails.c.state == "held")
            count = connection.execute(held.values(state="cancelled", next_try_at=None)).rowcount
            if count:
                data = {"mails": count, "by": by}
                journal(connection, now, "mails-cancelled", "outbox", data)
            return count

    def release_mails(self, now: dt.datetime) -> int:
        """Queue the mails that the brake held, and return how many these were."""
        with self._database.write() as connection:
            query = sa.select(mails).where(mails.c.state == "held").order_by(mails.c.id)
            rows = connection.execute(query).all()
            for row in rows:
                _update(
                    connection, row.id, {"state": "queued", "next_try_at": row.next_try_at or now}
                )
            if rows:
                journal(connection, now, "mails-released", "outbox", {"mails": len(rows)})
            return len(rows)

    def _mails(self, query: sa.Select[tuple[object, ...]]) -> list[Mail]:
        with self._database.read() as connection:
            return [mail_of(row) for row in connection.execute(query)]


def _queue(connection: sa.Connection, mail: NewMail, now: dt.datetime, *, held: bool) -> int:
    answered(connection, mail.key)
    place = {"wanted": mail.key, "whose": mail.recipient}
    if connection.execute(_THERE, place).one_or_none() is not None:
        return 0
    values = {
        "key": mail.key,
        "recipient": mail.recipient,
        "recipient_key": mail.recipient.strip().lower(),
        "kind": mail.kind,
        "subject": mail.subject,
        "rfc_message_id": mail.rfc_message_id,
        "body_sha256": put_body(connection, mail.raw),
        "state": "held" if held else "queued",
        "queued_at": now,
        "next_try_at": mail.not_before or now,
        "campaign": mail.campaign,
        "message_id": mail.message_id,
        **commune_values(mail.commune),
    }
    mail_id = connection.execute(_NEW_MAIL, values).scalar_one()
    data = {
        "key": mail.key,
        "recipient": mail.recipient,
        "held": held,
        "kind": mail.kind,
        "rfc_message_id": mail.rfc_message_id,
        "body": values["body_sha256"],
        "next_try_at": instant(mail.not_before or now),
        "campaign": mail.campaign,
        "commune": written(mail.commune),
        "message": mail.message_id,
    }
    journal(connection, now, "queued", f"mail {mail_id}", data)
    return 1


def answered(connection: sa.Connection, key: str) -> None:
    """Mark the message whose answer has this key: nobody needs to look for its debt any more."""
    connection.execute(_ANSWERED, {"wanted": key})


def put_body(connection: sa.Connection, raw: bytes) -> str:
    """Store the bytes once, however many recipients get them; return their hash."""
    sha256 = hashlib.sha256(raw).hexdigest()
    if connection.execute(_BODY, {"wanted": sha256}).one_or_none() is None:
        connection.execute(_NEW_BODY, {"sha256": sha256, "raw": raw})
    return sha256


def _update(connection: sa.Connection, mail_id: int, values: dict[str, object]) -> None:
    connection.execute(_SET_MAIL, {"wanted": mail_id, **values})
