"""What follows from a message, in one transaction; and what a person decides about one."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from registry.campaign_rows import apply_report_decision
from registry.database import journal
from registry.decision_rows import (
    SAME_ANSWER,
    DecisionRows,
    apply_decision,
    choose_current,
    told,
    whose,
    withdraw,
)
from registry.errors import NotPossible
from registry.filing_rows import owe_filing
from registry.inbox_rows import ack_values
from registry.model import (
    Message,
    NewSubmission,
    Outcome,
    ReportDecision,
    waits_for_us,
)
from registry.receipts import receipt_number
from registry.rows import (
    commune_values,
    flat,
    get_message,
    instant,
    plain_letter,
    point_values,
)
from registry.tables import bounced, documents, findings, mails, messages, points, submissions

# Statements of every message are built once: building costs more than running them.
_SET_MESSAGE = messages.update().where(messages.c.id == sa.bindparam("wanted"))
_NEW_SUBMISSION = submissions.insert().returning(submissions.c.id)
_NO_DOCUMENTS = documents.delete().where(documents.c.message_id == sa.bindparam("wanted"))
_NEW_DOCUMENT, _NEW_POINT, _NEW_FINDING = documents.insert(), points.insert(), findings.insert()
_RECEIPT = sa.select(submissions.c.id).where(submissions.c.receipt == sa.bindparam("wanted"))
_RETURNED = (
    mails.update()
    .where(
        mails.c.key == sa.bindparam("wanted"),
        mails.c.recipient == sa.bindparam("whose"),
        mails.c.bounced_at.is_(None),
    )
    .values(bounced_at=sa.bindparam("arrived"))
    .returning(mails.c.id)
)
_ALIVE = bounced.delete().where(bounced.c.address == sa.bindparam("wanted"))
_NEVER = object()  # equal to no value
_VERSIONS = sa.select(sa.func.count()).select_from(submissions).where(SAME_ANSWER)


class RecordRows(DecisionRows):
    """Outcomes of messages."""

    def record(
        self, message_id: int, outcome: Outcome, now: dt.datetime, decisions: int | None = None
    ) -> Message:
        """Write down all that follows from a message, or nothing of it.

        A submission gets the next version of its commune and campaign and its receipt number; the
        current version is the one that arrived last by the server's time, whatever the order of
        recording (a delayed first mail never replaces a second one). ``decisions`` is how many
        people had decided on the message when the outcome was begun: it must know of them all.
        What it decides about another message is done in the same transaction.

        Raises:
            NotPossible: the message does not wait to be understood (recorded already), or a person
                decided meanwhile – on it, or on what it decides – and it must be read again.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            if message.state != "kept":
                raise NotPossible(f"message {message_id} is {message.state}, not kept")
            if decisions not in {None, message.decisions}:
                raise NotPossible(f"message {message_id} was decided on while it was being read")
            if isinstance(outcome.decided, ReportDecision):
                apply_report_decision(connection, outcome.decided, message_id, now)
            elif outcome.decided is not None:
                apply_decision(connection, outcome.decided, message_id, now)
            _put_documents(connection, message_id, outcome)
            submission_id, receipt = _put_submission(connection, message, outcome, now)
            owed = ack_values(connection, _with_answer(message, outcome))
            values = _outcome_values(outcome) | {"submission_id": submission_id} | owed
            connection.execute(_SET_MESSAGE, {"wanted": message_id, **values})
            recorded = get_message(connection, message_id)
            owe_filing(connection, recorded)
            _note_addresses(connection, message, outcome, now)
            _note_ignored(connection, message_id, outcome, now)
            data = told(recorded) | {"receipt": receipt, "outcome": digest(outcome)}
            journal(connection, now, outcome.state, f"message {message_id}", data)
            return recorded

    def take_up(self, message_id: int, now: dt.datetime) -> Message:
        """Send a message back to be understood that was held only until we can check it.

        No decision of a person: whose answer it is, is as open as before.

        Raises:
            NotPossible: it does not wait for that.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            if not waits_for_us(message):
                raise NotPossible(f"message {message_id} does not wait for a check")
            values = {"state": "kept", "tries": 0}
            connection.execute(_SET_MESSAGE, {"wanted": message_id, **values})
            owe_filing(connection, get_message(connection, message_id))
            data = {"reason": message.reason}
            journal(connection, now, "taken-up", f"message {message_id}", data)
            return get_message(connection, message_id)

    def reread(self, message_id: int, by: str, now: dt.datetime) -> Message:
        """Send a message back to be understood because the form has learnt a word since.

        No decision about it: whose answer it is, is as open or as certain as before, and an answer
        with the same wording is not sent again. A version that it brought is withdrawn.

        Raises:
            NotPossible: it waits to be understood anyhow, was never fetched, or was rejected.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            if message.state not in {"recorded", "held"} or not message.sha256:
                raise NotPossible(f"message {message_id} is {message.state}: nothing to read again")
            withdraw(connection, message)
            values = {"state": "kept", "tries": 0, "submission_id": None}
            owed = {"ack": "", "ack_key": "", "unanswered": False}
            connection.execute(_SET_MESSAGE, {"wanted": message_id, **values, **owed})
            owe_filing(connection, get_message(connection, message_id))
            data = {"by": by, "before": told(message)}
            journal(connection, now, "reread", f"message {message_id}", data)
            return get_message(connection, message_id)


def digest(outcome: Outcome) -> str:
    """Return a hash over all that follows from a message: documents, points, findings, envelope.

    So the journal vouches for every value, and a replay can be held against it alone. Columns that
    the form does not know are left out: nothing follows from them.
    """
    bare = tuple(dataclasses.replace(one, reading_json="") for one in outcome.documents)
    outcome = dataclasses.replace(outcome, documents=bare)
    written_out = json.dumps(
        outcome,
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
        default=_in_words,
    )
    return hashlib.sha256(written_out.encode()).hexdigest()


def _in_words(value: Any) -> object:
    if dataclasses.is_dataclass(value):  # not `asdict`, which copies all that is in it
        kind: Any = type(value)
        told_of = ((name, getattr(value, name), left_out) for name, left_out in _fields(kind))
        return {name: said for name, said, left_out in told_of if said != left_out}
    if isinstance(value, dt.datetime):
        return instant(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


@cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields of a dataclass, each with what is left out: the default of one that came later."""
    fields: Any = dataclasses.fields(kind)
    return tuple((one.name, one.default if one.metadata.get("later") else _NEVER) for one in fields)


def _with_answer(message: Message, outcome: Outcome) -> Message:
    """Return the message as far as its answer's key depends on the outcome."""
    verdict, ack, content = outcome.verdict, outcome.ack, outcome.content_key
    return dataclasses.replace(message, verdict=verdict, ack=ack, content_key=content)


def _outcome_values(outcome: Outcome) -> dict[str, object]:
    return {
        "state": outcome.state,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "sender": outcome.sender,
        "subject": outcome.subject,
        "rfc_message_id": outcome.rfc_message_id,
        "sent_at": outcome.sent_at,
        "campaign": outcome.campaign,
        "content_key": outcome.content_key,
        "ack": outcome.ack,
        **commune_values(outcome.commune),
    }


def _put_documents(connection: sa.Connection, message_id: int, outcome: Outcome) -> None:
    connection.execute(_NO_DOCUMENTS, {"wanted": message_id})
    rows = [{"message_id": message_id, **flat(document)} for document in outcome.documents]
    if rows:
        connection.execute(_NEW_DOCUMENT, rows)


def _put_submission(
    connection: sa.Connection, message: Message, outcome: Outcome, now: dt.datetime
) -> tuple[int | None, str | None]:
    new = outcome.submission
    if new is None:
        return None, None
    answer = whose(new.campaign, new.commune)
    version = connection.execute(_VERSIONS, answer).scalar_one() + 1
    receipt = _free_receipt(connection, new, version)
    values = {
        "campaign": new.campaign,
        "version": version,
        "message_id": message.id,
        "received_at": message.received_at,
        "recorded_at": now,
        "state": new.state,
        "late": new.late,
        "after_close": new.after_close,
        "receipt": receipt,
        "letter": plain_letter(new.letter),
        "letter_key": letter_key(new.letter.number if new.letter else None),
        "read_from": new.read_from,
        **commune_values(new.commune),
    }
    submission_id = int(connection.execute(_NEW_SUBMISSION, values).scalar_one())
    _put_contents(connection, submission_id, new)
    choose_current(connection, answer)
    return submission_id, receipt


def letter_key(number: str | None) -> str:
    """Return what is equal for one official letter's số and ký hiệu however they are typed."""
    return "".join((number or "").split()).casefold()


def _free_receipt(connection: sa.Connection, new: NewSubmission, version: int) -> str:
    """Return the receipt number of a version: its serial is the version's number.

    Only when two campaigns share a prefix (or a code means two communes) is that number taken;
    then the serial counts on.
    """
    serial = version
    while True:
        receipt = receipt_number(new.receipt_prefix, new.commune[0], serial)
        if connection.execute(_RECEIPT, {"wanted": receipt}).one_or_none() is None:
            return receipt
        serial += 1


def _put_contents(connection: sa.Connection, submission_id: int, new: NewSubmission) -> None:
    if new.points:
        rows = [point_values(submission_id, point) for point in new.points]
        connection.execute(_NEW_POINT, rows)
    if new.findings:
        rows = [
            {"submission_id": submission_id, "ordinal": ordinal, **flat(finding)}
            for ordinal, finding in enumerate(new.findings, start=1)
        ]
        connection.execute(_NEW_FINDING, rows)


def _note_ignored(
    connection: sa.Connection, message_id: int, outcome: Outcome, now: dt.datetime
) -> None:
    """Write down tokens that came with a message and were not its sender's to use."""
    if outcome.ignored:
        data = {"tokens": list(outcome.ignored), "sender": outcome.sender}
        journal(connection, now, "token-ignored", f"message {message_id}", data)


def _note_addresses(
    connection: sa.Connection, message: Message, outcome: Outcome, now: dt.datetime
) -> None:
    """Remember mails that came back and dead addresses; one that writes to us is alive again."""
    sender = outcome.sender.strip().lower()
    if sender and outcome.verdict not in {"bounce", "auto-reply"}:
        connection.execute(_ALIVE, {"wanted": sender})
    for key, recipient in outcome.returned:
        place = {"wanted": key, "whose": recipient, "arrived": message.received_at}
        for mail_id in connection.execute(_RETURNED, place).scalars().all():
            data = {"key": key, "recipient": recipient, "message": message.sha256}
            journal(connection, now, "mail-bounced", f"mail {mail_id}", data)
    for address in dict.fromkeys(one.strip().lower() for _, one in outcome.returned):
        connection.execute(_ALIVE, {"wanted": address})
        connection.execute(bounced.insert().values(address=address, message_id=message.id, at=now))
