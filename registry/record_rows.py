"""What follows from a message, in one transaction; and what a person decides about one."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from registry.database import journal
from registry.errors import NotPossible
from registry.filing_rows import owe_filing
from registry.inbox_rows import ack_values
from registry.model import (
    WHOSE_IS_OPEN,
    CommuneKey,
    Message,
    NewSubmission,
    Outcome,
    waits_for_us,
)
from registry.receipts import receipt_number
from registry.rows import (
    Part,
    commune_values,
    get_message,
    instant,
    plain_letter,
    point_values,
    written,
)
from registry.tables import bounced, documents, findings, mails, messages, points, submissions

# Statements of every message are built once: building costs more than running them.
_SET_MESSAGE = messages.update().where(messages.c.id == sa.bindparam("wanted"))
_NEW_SUBMISSION = submissions.insert().returning(submissions.c.id)
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
_SAME = sa.and_(
    submissions.c.campaign == sa.bindparam("answer_campaign"),
    submissions.c.commune_code == sa.bindparam("answer_code"),
    submissions.c.commune_from == sa.bindparam("answer_from"),
)
_VERSIONS = sa.select(sa.func.count()).select_from(submissions).where(_SAME)
_NEWEST = (
    sa.select(submissions.c.id)
    .where(_SAME, sa.not_(submissions.c.withdrawn))
    .order_by(submissions.c.received_at.desc(), submissions.c.id.desc())
    .limit(1)
)
_NOT_CURRENT = (
    submissions.update()
    .where(_SAME, submissions.c.current, submissions.c.id != sa.bindparam("newest"))
    .values(current=False)
)
_CURRENT = (
    submissions.update().where(submissions.c.id == sa.bindparam("newest")).values(current=True)
)


class RecordRows(Part):
    """Outcomes and decisions about messages."""

    def record(
        self, message_id: int, outcome: Outcome, now: dt.datetime, decisions: int | None = None
    ) -> Message:
        """Write down all that follows from a message, or nothing of it.

        A submission gets the next version of its commune and campaign and its receipt number; the
        current version is the one that arrived last by the server's time, whatever the order of
        recording (a delayed first mail never replaces a second one). ``decisions`` is how many
        people had decided on the message when the outcome was begun: it must know of them all.

        Raises:
            NotPossible: the message does not wait to be understood (recorded already), or a person
                decided meanwhile, and it must be read again.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            if message.state != "kept":
                raise NotPossible(f"message {message_id} is {message.state}, not kept")
            if decisions not in {None, message.decisions}:
                raise NotPossible(f"message {message_id} was decided on while it was being read")
            _put_documents(connection, message_id, outcome)
            submission_id, receipt = _put_submission(connection, message, outcome, now)
            values = _outcome_values(outcome) | {"submission_id": submission_id}
            connection.execute(_SET_MESSAGE, {"wanted": message_id, **values})
            recorded = get_message(connection, message_id)
            owed = ack_values(connection, recorded)
            connection.execute(_SET_MESSAGE, {"wanted": message_id, **owed})
            owe_filing(connection, message_id)
            _note_addresses(connection, message, outcome, now)
            data = _told(recorded) | {"receipt": receipt, "outcome": digest(outcome)}
            journal(connection, now, outcome.state, f"message {message_id}", data)
            return recorded

    def assign(
        self, message_id: int, commune: CommuneKey, campaign: str, by: str, now: dt.datetime
    ) -> Message:
        """Send a message back to be understood, as this commune's answer in this campaign.

        A version that it brought is withdrawn. A message that was never fetched cannot be read:
        it is only attributed.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            return _reopen(connection, message, "assigned", commune, campaign, by, now)

    def accept(self, message_id: int, by: str, now: dt.datetime) -> Message:
        """Send a message back to be understood, taking for granted what made it be held.

        Raises:
            NotPossible: it is not known whose answer it is in which campaign (`assign` says it),
                or it does not wait for a person.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            if message.state not in {"held", "rejected"}:
                raise NotPossible(f"message {message_id} is {message.state}: nothing to accept")
            commune = message.forced_commune or message.commune
            campaign = message.forced_campaign or message.campaign
            doubt = message.reason.partition(":")[0] if message.state == "held" else ""
            if commune is None or campaign is None or doubt in WHOSE_IS_OPEN:
                raise NotPossible(
                    f"message {message_id} has no certain commune or campaign yet: use assign"
                )
            return _reopen(connection, message, "accepted", commune, campaign, by, now)

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
            owe_filing(connection, message_id)
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
            _withdraw(connection, message)
            values = {"state": "kept", "tries": 0, "submission_id": None}
            owed = {"ack": "", "ack_key": "", "unanswered": False}
            connection.execute(_SET_MESSAGE, {"wanted": message_id, **values, **owed})
            owe_filing(connection, message_id)
            data = {"by": by, "before": _told(message)}
            journal(connection, now, "reread", f"message {message_id}", data)
            return get_message(connection, message_id)

    def reject(self, message_id: int, reason: str, by: str, now: dt.datetime) -> Message:
        """Decide that nothing follows from a message; a version that it brought is withdrawn.

        It does not count as heard any more. `assign` and `accept` bring it back.
        """
        with self._database.write() as connection:
            message = get_message(connection, message_id)
            if message.state == "rejected":
                return message
            _withdraw(connection, message)
            values = {
                "state": "rejected",
                "verdict": message.verdict or "query",
                "reason": reason,
                "ack": "",
                "ack_key": "",
                "unanswered": False,
                "forced_by": by,
            }
            return _decided(connection, message, "rejected", values, by, now)


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
        told = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        for one in dataclasses.fields(value):
            if one.metadata.get("later") and told[one.name] == one.default:
                del told[one.name]
        return told
    if isinstance(value, dt.datetime):
        return instant(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def _reopen(
    connection: sa.Connection,
    message: Message,
    kind: str,
    commune: CommuneKey,
    campaign: str,
    by: str,
    now: dt.datetime,
) -> Message:
    """Send a message back to ``kept``; what it was before goes into the journal."""
    _withdraw(connection, message)
    values: dict[str, Any] = {
        "state": "kept" if message.sha256 else "recorded",
        "tries": 0,
        "campaign": campaign,
        "forced_code": commune[0],
        "forced_from": commune[1],
        "forced_campaign": campaign,
        "forced_by": by,
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
    by: str,
    now: dt.datetime,
) -> Message:
    connection.execute(
        messages.update()
        .where(messages.c.id == message.id)
        .values(**values, submission_id=None, decisions=message.decisions + 1)
    )
    owe_filing(connection, message.id)
    after = get_message(connection, message.id)
    data = {"by": by, "before": _told(message), "after": _told(after)}
    journal(connection, now, kind, f"message {message.id}", data)
    return after


def _told(message: Message) -> dict[str, object]:
    return {
        "state": message.state,
        "verdict": message.verdict,
        "reason": message.reason,
        "commune": written(message.commune),
        "campaign": message.campaign,
        "ack": message.ack,
        "submission": message.submission_id,
    }


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
    connection.execute(documents.delete().where(documents.c.message_id == message_id))
    rows = [
        {"message_id": message_id, **dataclasses.asdict(document)} for document in outcome.documents
    ]
    if rows:
        connection.execute(documents.insert(), rows)


def _put_submission(
    connection: sa.Connection, message: Message, outcome: Outcome, now: dt.datetime
) -> tuple[int | None, str | None]:
    new = outcome.submission
    if new is None:
        return None, None
    answer = _answer(new.campaign, new.commune)
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
    _choose_current(connection, answer)
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
        connection.execute(
            points.insert(), [point_values(submission_id, point) for point in new.points]
        )
    if new.findings:
        rows = [
            {"submission_id": submission_id, "ordinal": ordinal, **dataclasses.asdict(finding)}
            for ordinal, finding in enumerate(new.findings, start=1)
        ]
        connection.execute(findings.insert(), rows)


def _withdraw(connection: sa.Connection, message: Message) -> None:
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
        _choose_current(connection, _answer(row.campaign, (row.commune_code, row.commune_from)))


def _answer(campaign: str, commune: CommuneKey) -> dict[str, object]:
    """Return whose versions in which campaign are meant, as the statements below take it."""
    return {"answer_campaign": campaign, "answer_code": commune[0], "answer_from": commune[1]}


def _choose_current(connection: sa.Connection, answer: Mapping[str, object]) -> None:
    """Make the version current that arrived last; of equal times the one recorded last."""
    newest = connection.execute(_NEWEST, answer).scalar_one_or_none() or 0
    connection.execute(_NOT_CURRENT, {**answer, "newest": newest})
    connection.execute(_CURRENT, {"newest": newest})


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
