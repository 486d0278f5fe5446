"""Rows of the tables ↔ the nouns of `registry.model`. No queries here."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

import sqlalchemy as sa

from parsers.reading import Finding, Letter, Row
from registry.database import Database
from registry.model import (
    REDIRECTED,
    CommuneKey,
    Document,
    Mail,
    Message,
    Point,
    ReportFile,
    ReportRow,
    SignedLetter,
    Submission,
)
from registry.tables import mails, messages

# Built once: they are asked several times for every message.
_MESSAGE = sa.select(messages).where(messages.c.id == sa.bindparam("wanted"))
_MAIL = sa.select(mails).where(mails.c.id == sa.bindparam("wanted"))


class Part:
    """One room of the store: methods over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def key_of(code: str | None, valid_from: dt.date | None) -> CommuneKey | None:
    """Return the commune's key, or None where no commune is known."""
    return (code, valid_from) if code is not None and valid_from is not None else None


#: How many texts are remembered while points are read, and what most cells are read with.
_KNOWN, _SURE = 20_000, 1.0


def commune_is(table: sa.Table, key: CommuneKey) -> sa.ColumnElement[bool]:
    """Return the condition that a row belongs to this commune."""
    return sa.and_(table.c.commune_code == key[0], table.c.commune_from == key[1])


def commune_values(key: CommuneKey | None) -> dict[str, object]:
    """Return the two columns of a commune's key."""
    code, valid_from = key or (None, None)
    return {"commune_code": code, "commune_from": valid_from}


def not_redirected() -> sa.ColumnElement[bool]:
    """Return the condition that a mail went to those it is meant for."""
    return mails.c.key.not_like(f"{REDIRECTED}%")


def written(key: CommuneKey | None) -> str | None:
    """Return a commune's key as the journal writes it: ``06223@2020-01-01``."""
    return f"{key[0]}@{key[1].isoformat()}" if key else None


def read_key(text: object) -> CommuneKey | None:
    """Return the commune's key of what `written` wrote."""
    if not isinstance(text, str) or "@" not in text:
        return None
    code, _, day = text.rpartition("@")
    return code, dt.date.fromisoformat(day)


def instant(moment: dt.datetime) -> str:
    """Return an instant as the journal writes it."""
    return moment.astimezone(dt.UTC).isoformat()


def message_of(row: sa.Row[Any]) -> Message:
    """Return the message of a row of ``messages``."""
    return Message(
        id=row.id,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        received_at=row.received_at,
        state=row.state,
        tries=row.tries,
        sender=row.sender,
        subject=row.subject,
        rfc_message_id=row.rfc_message_id,
        sent_at=row.sent_at,
        verdict=row.verdict,
        reason=row.reason,
        commune=key_of(row.commune_code, row.commune_from),
        campaign=row.campaign,
        content_key=row.content_key,
        ack=row.ack,
        submission_id=row.submission_id,
        forced_commune=key_of(row.forced_code, row.forced_from),
        forced_campaign=row.forced_campaign,
        forced_by=row.forced_by,
        decisions=row.decisions,
    )


def document_of(row: sa.Row[Any]) -> Document:
    """Return the document of a row of ``documents``."""
    return Document(
        row.ordinal,
        row.name,
        row.sha256,
        row.size_bytes,
        row.kind,
        row.role,
        row.refusal_code,
        row.refusal_message,
        row.reading_json,
        row.item,
        row.about,
        row.issued_on,
        row.signature,
    )


def submission_of(
    row: sa.Row[Any], points: Sequence[Point], findings: Sequence[Finding]
) -> Submission:
    """Return the submission of a row of ``submissions`` with its points and findings."""
    return Submission(
        id=row.id,
        campaign=row.campaign,
        commune=(row.commune_code, row.commune_from),
        version=row.version,
        current=row.current,
        message_id=row.message_id,
        received_at=row.received_at,
        recorded_at=row.recorded_at,
        state=row.state,
        late=row.late,
        after_close=row.after_close,
        receipt=row.receipt,
        letter=Letter(**row.letter) if row.letter else None,
        points=tuple(points),
        findings=tuple(findings),
        withdrawn=row.withdrawn,
        read_from=row.read_from,
    )


def point_of(row: sa.Row[Any], known: dict[str, str]) -> Point:
    """Return the point of a row of ``points``.

    ``known`` are texts of the points read before: what comes again – a column's key, a place, what
    was written as it is – is the same object. Of a country's points that saves two thirds.
    """
    if len(known) > _KNOWN:
        known.clear()
    once = known.setdefault
    parts = cast("dict[str, Any]", row.row)
    for name in ("values", "raw", "places"):
        if texts := parts.get(name):
            parts[name] = {once(key, key): once(text, text) for key, text in texts.items()}
    sure = parts["confidence"]
    parts["confidence"] = {once(key, key): _SURE if isinstance(one, float) and one == _SURE else one
                           for key, one in sure.items()}  # fmt: skip
    boxes = {key: tuple(box) for key, box in parts.get("boxes", {}).items()}
    return Point(row.ordinal, row.document_ordinal, Row(**{**parts, "boxes": boxes}))


def point_values(submission_id: int, point: Point) -> dict[str, object]:
    """Return the columns of a point."""
    row = {
        "values": dict(point.row.values),
        "places": dict(point.row.places),
        "confidence": dict(point.row.confidence),
        "raw": dict(point.row.raw),
        "boxes": dict(point.row.boxes),
    }
    return {
        "submission_id": submission_id,
        "ordinal": point.ordinal,
        "document_ordinal": point.document_ordinal,
        "row": row,
    }


def finding_of(row: sa.Row[Any]) -> Finding:
    """Return the finding of a row of ``findings``."""
    return Finding(row.severity, row.code, row.message, row.field, row.row, row.place)


def mail_of(row: sa.Row[Any]) -> Mail:
    """Return the mail of a row of ``mails``."""
    return Mail(
        id=row.id,
        key=row.key,
        recipient=row.recipient,
        kind=row.kind,
        subject=row.subject,
        rfc_message_id=row.rfc_message_id,
        state=row.state,
        queued_at=row.queued_at,
        attempts=row.attempts,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        response=row.response,
        server=row.server,
        appended_at=row.appended_at,
        campaign=row.campaign,
        commune=key_of(row.commune_code, row.commune_from),
        message_id=row.message_id,
        bounced_at=row.bounced_at,
    )


def report_of(row: sa.Row[Any]) -> ReportRow:
    """Return the report of a row of ``reports``."""
    return ReportRow(
        row.id,
        row.campaign,
        row.number,
        row.created_at,
        row.inputs_sha256,
        tuple(ReportFile(**file) for file in row.files),
        row.approved_at,
        row.approved_by,
        row.supplement,
        row.base,
        row.returned_at,
        row.returned_by,
        row.returned_reason,
        row.again_at,
        SignedLetter(**row.letter) if row.letter else None,
    )


def flat(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass whose values are plain, by name: `asdict` copies each."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(kind))


def plain_letter(letter: Letter | None) -> Mapping[str, object] | None:
    """Return a letter's metadata as JSON can carry it."""
    return flat(letter) if letter else None


def get_message(connection: sa.Connection, message_id: int) -> Message:
    """Return a message inside the caller's transaction; KeyError if there is none."""
    row = connection.execute(_MESSAGE, {"wanted": message_id}).one_or_none()
    if row is None:
        raise KeyError(f"no message {message_id}")
    return message_of(row)


def get_mail(connection: sa.Connection, mail_id: int) -> Mail:
    """Return a mail inside the caller's transaction; KeyError if there is none."""
    row = connection.execute(_MAIL, {"wanted": mail_id}).one_or_none()
    if row is None:
        raise KeyError(f"no mail {mail_id}")
    return mail_of(row)
