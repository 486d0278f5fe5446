"""Mails on their way: what the gate asks before they leave, and what became of them after.

Many mails share one transaction here, for its cost is that of a disk that has to write.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from registry.database import journal_all
from registry.errors import NotPossible
from registry.model import Mail, MailState
from registry.rows import Part, instant, message_of
from registry.sending import Given, MailOutcome, Outgoing, WrittenDown
from registry.tables import bodies, events, mails, messages

#: States that a mail can still leave.
OPEN = ("queued", "sending", "unknown", "held")
_ATTEMPTED = ("queued", "sent", "refused", "unknown")
#: Of these a copy is with the recipient, or may be.
_GIVEN = ("sent", "sending", "unknown")
#: Larger mails are fetched one by one.
_SMALL_BYTES = 100_000
# Statements of every mail are built once: building costs more than running them.
_AS_THEY_ARE = sa.select(
    *(mails.c[name] for name in ("id", "key", "recipient", "kind", "state", "attempts")),
    *(mails.c[name] for name in ("handed_at", "doubted_at", "sent_at")),
).where(mails.c.id.in_(sa.bindparam("ids", expanding=True)))
#: On a server, those that somebody else works on are left out: nobody gets one twice, or waits.
_CLAIM = _AS_THEY_ARE.with_for_update(skip_locked=True)
_OF_ONE = mails.c.id == sa.bindparam("wanted")
_SET_MAIL = mails.update().where(_OF_ONE)
_STATE = sa.select(mails.c.state).where(_OF_ONE)
_HEAD = sa.select(sa.func.coalesce(sa.func.max(events.c.serial), 0))
_RAWS = (
    sa.select(mails.c.id, bodies.c.raw)
    .join(bodies, mails.c.body_sha256 == bodies.c.sha256)
    .where(
        mails.c.id.in_(sa.bindparam("ids", expanding=True)),
        sa.func.length(bodies.c.raw) <= _SMALL_BYTES,
    )
)
_ANSWERED = sa.select(messages).where(messages.c.id.in_(sa.bindparam("ids", expanding=True)))
_GIVEN_SINCE = sa.select(
    mails.c.id, mails.c.key, mails.c.recipient_key, mails.c.handed_at, mails.c.doubted_at
).where(
    mails.c.recipient_key.in_(sa.bindparam("whose", expanding=True)),
    mails.c.handed_at >= sa.bindparam("since"),
    mails.c.state.in_(_GIVEN),
)

_Event = tuple[dt.datetime, str, str, Mapping[str, object]]


class SendingRows(Part):
    """Mails between the queue and their end."""

    def outgoing(self, asked: Sequence[Mail], since: dt.datetime) -> Outgoing:
        """Return what decides whether these mails may leave now, all of one moment.

        The messages that they answer; what their recipients got, or may have got, since then.
        """
        whose = sorted({one.recipient.strip().lower() for one in asked})
        message_ids = sorted({one.message_id for one in asked if one.message_id is not None})
        ids = [one.id for one in asked]
        with self._database.read() as connection:
            head = int(connection.execute(_HEAD).scalar_one())
            raws = connection.execute(_RAWS, {"ids": ids})
            answered = connection.execute(_ANSWERED, {"ids": message_ids}) if message_ids else ()
            given = connection.execute(_GIVEN_SINCE, {"whose": whose, "since": since})
            return Outgoing(
                head,
                {row.id: bytes(row.raw) for row in raws},
                {row.id: message_of(row) for row in answered},
                [Given(*row) for row in given],
            )

    def write_down(
        self,
        handing: Sequence[tuple[int, dt.datetime]],
        outcomes: Sequence[MailOutcome],
        as_of: int | None = None,
    ) -> WrittenDown:
        """Write down what became of mails and which are about to be handed over, all at once.

        ``handing`` are (mail, moment): from here on nobody knows whether a server took it, and the
        attempt counts. Of an outcome that is written down before its mail was handed the attempt
        counts here, if a server was tried. What was not possible (the mail is not waiting, or has
        reached its end already) is told, and the rest is done. Unless the journal's last event is
        ``as_of``, nothing is.

        Raises:
            KeyError: there is no mail of an outcome's id.
        """
        ids, wanted = [one.mail_id for one in outcomes], [mail_id for mail_id, _ in handing]
        with self._database.write() as connection:
            if as_of is not None:
                head = int(connection.execute(_HEAD).scalar_one())
                if head != as_of:
                    return WrittenDown(head, head, stale=True)
            found = _by_id(connection, _AS_THEY_ARE, ids)
            claimed = _by_id(connection, _CLAIM, wanted)
            settled: list[dict[str, object]] = []
            handed: list[dict[str, object]] = []
            told: list[_Event] = []
            impossible: set[int] = set()
            for outcome in outcomes:
                mail = found[outcome.mail_id]
                if mail.state not in OPEN:
                    impossible.add(mail.id)
                    continue
                settled.append(_settled(mail, outcome))
                told.append(_told(mail, outcome))
            for mail_id, at in handing:
                if mail_id not in claimed or claimed[mail_id].state not in {"queued", "unknown"}:
                    impossible.add(mail_id)
                    continue
                mail = claimed[mail_id]
                # Tried once more: the first copy may be there, and counts for the caps.
                doubted_at = mail.handed_at if mail.state == "unknown" else mail.doubted_at
                handed.append(
                    {
                        "wanted": mail_id,
                        "state": "sending",
                        "attempts": mail.attempts + 1,
                        "handed_at": at,
                        "doubted_at": doubted_at,
                    }
                )
                told.append((at, "handed", f"mail {mail_id}", {"key": mail.key}))
            if settled:
                connection.execute(_SET_MAIL, settled)
            if handed:
                connection.execute(_SET_MAIL, handed)
            last = journal_all(connection, told)
            return WrittenDown(last - len(told), last, frozenset(impossible))

    def handed(self, mail_id: int, now: dt.datetime) -> None:
        """Write down that the content is about to be handed to a server.

        Raises:
            NotPossible: the mail is not waiting to be sent.
        """
        if self.write_down([(mail_id, now)], []).impossible:
            raise NotPossible(f"mail {mail_id} is {self._state(mail_id)}, not queued")

    def settle(
        self,
        mail_id: int,
        state: MailState,
        now: dt.datetime,
        response: str = "",
        server: str = "",
        next_try_at: dt.datetime | None = None,
        *,
        tried: bool = True,
    ) -> None:
        """Write down what became of a mail: sent, queued again (later), refused, unknown.

        ``tried`` is false where no server was asked: no attempt counts.

        Raises:
            NotPossible: the mail has reached its end already.
        """
        outcome = MailOutcome(mail_id, state, now, response, server, next_try_at, tried)
        if self.write_down([], [outcome]).impossible:
            raise NotPossible(f"mail {mail_id} is {self._state(mail_id)} already")

    def _state(self, mail_id: int) -> str:
        with self._database.read() as connection:
            state = connection.execute(_STATE, {"wanted": mail_id}).scalar_one_or_none()
        if state is None:
            raise KeyError(f"no mail {mail_id}")
        return str(state)


def _by_id(
    connection: sa.Connection, query: sa.Select[Any], ids: Sequence[int]
) -> dict[int, sa.Row[Any]]:
    return {row.id: row for row in connection.execute(query, {"ids": ids})} if ids else {}


def _settled(mail: sa.Row[Any], outcome: MailOutcome) -> dict[str, object]:
    """Return the columns of a mail with this outcome."""
    state, now = outcome.state, outcome.at
    counted = outcome.tried and mail.state == "queued" and state in _ATTEMPTED
    next_try_at = None
    if state in {"queued", "unknown", "held"}:
        next_try_at = outcome.next_try_at or (now if state == "queued" else None)
    elif state == "refused" and mail.kind != "alert":  # a refused alert makes no further one
        next_try_at = now
    sent = state == "sent"
    return {
        "wanted": mail.id,
        "state": state,
        "response": outcome.response,
        "server": outcome.server,
        "next_try_at": next_try_at,
        "attempts": mail.attempts + (1 if counted else 0),
        "sent_at": now if sent else mail.sent_at,
        "handed_at": now if sent and mail.state == "queued" else mail.handed_at,
    }


def _told(mail: sa.Row[Any], outcome: MailOutcome) -> _Event:
    next_try_at = outcome.next_try_at
    if outcome.state == "queued":
        next_try_at = next_try_at or outcome.at
    data: dict[str, object] = {
        "key": mail.key,
        "recipient": mail.recipient,
        "response": outcome.response,
        "server": outcome.server,
        "next_try_at": instant(next_try_at) if next_try_at else None,
    }
    if not outcome.tried:  # older programs, which counted it as an attempt, did not tell
        data["tried"] = False
    return outcome.at, f"mail-{outcome.state}", f"mail {mail.id}", data
