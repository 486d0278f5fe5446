"""What a person decides about a message: at the command line, or by answering its notice."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from registry.database import journal
from registry.errors import NotPossible
from registry.filing_rows import owe_filing
from registry.inbox_rows import ack_values
from registry.model import WHOSE_IS_OPEN, CommuneKey, Decided, Message
from registry.rows import Part, commune_values, get_message, written
from registry.tables import events, messages, submissions

#: The versions of the answer that `whose` names.
SAME_ANSWER = sa.and_(
    submissions.c.campaign == sa.bindparam("answer_campaign"),
    submissions.c.commune_code == sa.bindparam("answer_code"),
    submissions.c.commune_from == sa.bindparam("answer_from"),
)
_NEWEST = (
    sa.select(submissions.c.id)
    .where(SAME_ANSWER, sa.not_(submissions.c.withdrawn))
    .order_by(submissions.c.received_at.desc(), submissions.c.id.desc())
    .limit(1)
)
_NOT_CURRENT = (
    submissions.update()
    .where(SAME_ANSWER, submissions.c.current, submissions.c.id != sa.bindparam("newest"))
    .values(current=False)
)
_CURRENT = (
    submissions.update().where(submissions.c.id == sa.bindparam("newest")).values(current=True)
)
_REJECTED = (
    sa.select(events.c.data)
    .where(events.c.subject == sa.bindparam("about"), events.c.kind == "rejected")
    .order_by(events.c.serial.desc())
    .limit(1)
)


class DecisionRows(Part):
    """Decisions about messages."""

    def assign(
        self, message_id: int, commune: CommuneKey, campaign: str, by: str, now: dt.datetime
    ) -> Message:
        """Send a message back to be understood, as this commune's answer in this campaign.

        A version that it brought is withdrawn. A message that was never fetched cannot be read:
        it is only attributed.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            return _assign(connection, message, commune, campaign, _By(by), now)

    def accept(self, message_id: int, by: str, now: dt.datetime) -> Message:
        """Send a message back to be understood, taking for granted what made it be held.

        Raises:
            NotPossible: it is not known whose answer it is in which campaign (`assign` says it),
                or it does not wait for a person.
        """
        with self._database.write() as connection:
            return _accept(connection, get_message(connection, message_id), _By(by), now)

    def reject(self, message_id: int, reason: str, by: str, now: dt.datetime) -> Message:
        """Decide that nothing follows from a message; a version that it brought is withdrawn.

        It does not count as heard any more. `assign` and `accept` bring it back.
        """
        with self._database.write() as connection:
            return _reject(connection, get_message(connection, message_id), reason, _By(by), now)


@dataclasses.dataclass(frozen=True, slots=True)
class _By:
    """Who decided, and the number of the message that said so; 0 = it was typed."""

    person: str
    reply_id: int = 0


def apply_decision(
    connection: sa.Connection, decided: Decided, reply_id: int, now: dt.datetime
) -> Message:
    """Do what a person's reply says, inside the transaction that records the reply.

    Raises:
        NotPossible: the message does not wait for this decision any more.
    """
    message = get_message(connection, decided.message_id)
    if message.state != "held" or message.decisions != decided.decisions:
        raise NotPossible(f"message {message.id} was decided on while a reply about it was read")
    by = _By(decided.by, reply_id)
    if decided.choice == "accept":
        return _accept(connection, message, by, now)
    if decided.choice == "assign":
        if decided.commune is None or decided.campaign is None:
            raise NotPossible("a message is assigned to a commune and a campaign")
        return _assign(connection, message, decided.commune, decided.campaign, by, now)
    ack = "returned" if decided.choice == "return" else ""
    return _reject(connection, message, decided.reason, by, now, ack)


def _assign(
    connection: sa.Connection,
    message: Message,
    commune: CommuneKey,
    campaign: str,
    by: _By,
    now: dt.datetime,
) -> Message:
    return _reopen(connection, message, "assigned", commune, campaign, by, now)


def _accept(connection: sa.Connection, message: Message, by: _By, now: dt.datetime) -> Message:
    if message.state not in {"held", "rejected"}:
        raise NotPossible(f"message {message.id} is {message.state}: nothing to accept")
    commune = message.forced_commune or message.commune
    campaign = message.forced_campaign or message.campaign
    doubt = _reason_before(connection, message).partition(":")[0]
    if commune is None or campaign is None or doubt in WHOSE_IS_OPEN:
        raise NotPossible(
            f"message {message.id} has no certain commune or campaign yet: use assign"
        )
    return _reopen(connection, message, "accepted", commune, campaign, by, now)


def _reason_before(connection: sa.Connection, message: Message) -> str:
    """Return what the program said of a message; once it is rejected, its row has other words.

    What was in doubt before is no more certain for having been refused.
    """
    if message.state != "rejected":
        return message.reason
    data = connection.execute(_REJECTED, {"about": f"message {message.id}"}).scalar_one_or_none()
    return str(data["before"]["reason"]) if data else ""


def _reject(
    connection: sa.Connection,
    message: Message,
    reason: str,
    by: _By,
    now: dt.datetime,
    ack: str = "",
) -> Message:
    """Reject a message; ``ack`` is what its sender is told all the same."""
    if message.state == "rejected":
        return message
    withdraw(connection, message)
    values = {
        "state": "rejected",
        "verdict": message.verdict or "query",
        "reason": reason,
        "ack": ack,
        "ack_key": "",
        "unanswered": False,
        "forced_by": by.person,
    }
    return _decided(connection, message, "rejected", values, by, now)


def _reopen(
    connection: sa.Connection,
    message: Message,
    kind: str,
    commune: CommuneKey,
    campaign: str,
    by: _By,
    now: dt.datetime,
) -> Message:
    """Send a message back to ``kept``; what it was before goes into the journal."""
    withdraw(connection, message)
    values: dict[str, Any] = {
        "state": "kept" if message.sha256 else "recorded",
        "tries": 0,
        "campaign": campaign,
        "forced_code": commune[0],
        "forced_from": commune[1],
        "forced_campaign": campaign,
        "forced_by": by.person,
        **commune_values(commune),
    }
    if message.sha256:
        values |= {"ack": "", "ack_key": "", "unanswered": False}
    return _decided(connection, message, kind, values, by, now)


def _decided(
    connection: sa.Connection,
    message: Message,
    kind: str,
    values: dict[str, Any],
    by: _By,
    now: dt.datetime,
) -> Message:
    connection.execute(
        messages.update()
        .where(messages.c.id == message.id)
        .values(**values, submission_id=None, decisions=message.decisions + 1)
    )
    after = get_message(connection, message.id)
    owe_filing(connection, after)
    if after.ack and after.state == "rejected":
        owed = ack_values(connection, after)
        connection.execute(messages.update().where(messages.c.id == message.id).values(**owed))
    data: dict[str, object] = {"by": by.person, "before": told(message), "after": told(after)}
    if by.reply_id:
        data["reply"] = by.reply_id
    journal(connection, now, kind, f"message {message.id}", data)
    return after


def told(message: Message) -> dict[str, object]:
    """Return what the journal tells of a message."""
    return {
        "state": message.state,
        "verdict": message.verdict,
        "reason": message.reason,
        "commune": written(message.commune),
        "campaign": message.campaign,
        "ack": message.ack,
        "submission": message.submission_id,
    }


def withdraw(connection: sa.Connection, message: Message) -> None:
    """Take back the version that a message brought, and those that only confirmed what it says.

    An older one may be current again.
    """
    query = sa.select(submissions).where(
        sa.or_(submissions.c.message_id == message.id, submissions.c.read_from == message.id),
        sa.not_(submissions.c.withdrawn),
    )
    for row in connection.execute(query).all():
        connection.execute(
            submissions.update()
            .where(submissions.c.id == row.id)
            .values(withdrawn=True, current=False)
        )
        choose_current(connection, whose(row.campaign, (row.commune_code, row.commune_from)))


def whose(campaign: str, commune: CommuneKey) -> dict[str, object]:
    """Return whose versions in which campaign are meant, as the statements below take it."""
    return {"answer_campaign": campaign, "answer_code": commune[0], "answer_from": commune[1]}


def choose_current(connection: sa.Connection, answer: Mapping[str, object]) -> None:
    """Make the version current that arrived last; of equal times the one recorded last."""
    newest = connection.execute(_NEWEST, answer).scalar_one_or_none() or 0
    connection.execute(_NOT_CURRENT, {**answer, "newest": newest})
    connection.execute(_CURRENT, {"newest": newest})
