"""Questions about single messages, documents and submissions."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from registry.model import CommuneKey, Counts, Document, Mail, Message, Submission, Verdict
from registry.record_rows import letter_key
from registry.rows import (
    Part,
    commune_is,
    document_of,
    finding_of,
    get_message,
    mail_of,
    message_of,
    point_of,
    read_key,
    submission_of,
)
from registry.tables import documents, findings, mails, messages, points, submissions

#: Shorter beginnings of a hash name too many messages.
_HASH_START = 6
_CHUNK = 500
# Statements of every message are built once: building costs more than running them.
_OUR_MAIL = (
    sa.select(mails.c.id)
    .where(mails.c.rfc_message_id.in_(sa.bindparam("spellings", expanding=True)))
    .limit(1)
)
_OLDEST = (messages.c.received_at, messages.c.id)
_NEWEST = tuple(column.desc() for column in _OLDEST)
_HIS = (  # of one commune in one campaign
    messages.c.campaign == sa.bindparam("call"),
    messages.c.commune_code == sa.bindparam("code"),
    messages.c.commune_from == sa.bindparam("since"),
)
_FIRST_HAND = messages.c.verdict.not_in(["copy", "duplicate"])
_SAME_CONTENT = (
    sa.select(messages)
    .where(
        messages.c.content_key == sa.bindparam("content"),
        messages.c.content_key != "",
        *_HIS,
        messages.c.state == "recorded",
        _FIRST_HAND,
    )
    .order_by(*_NEWEST)
    .limit(1)
)
_SAME_RFC_ID = (
    sa.select(messages)
    .where(
        messages.c.rfc_message_id.in_(sa.bindparam("spellings", expanding=True)),
        messages.c.content_key == sa.bindparam("content"),
        messages.c.sender == sa.bindparam("sender"),
        messages.c.sent_at.is_not_distinct_from(
            sa.bindparam("sent_at", type_=messages.c.sent_at.type)
        ),
        messages.c.state.in_(["recorded", "held"]),
        _FIRST_HAND,
    )
    .order_by(*_OLDEST)
    .limit(1)
)
_CALLS_OF_MAILS = (
    sa.select(mails.c.campaign)
    .where(
        mails.c.rfc_message_id.in_(sa.bindparam("spellings", expanding=True)),
        mails.c.campaign.is_not(None),
    )
    .distinct()
)
_DOCUMENTS = (
    sa.select(documents)
    .where(documents.c.message_id == sa.bindparam("wanted"))
    .order_by(documents.c.ordinal)
)
_DOCUMENTS_OF = (
    sa.select(documents)
    .where(documents.c.message_id.in_(sa.bindparam("chunk", expanding=True)))
    .order_by(documents.c.message_id, documents.c.ordinal)
)
_MESSAGES_OF = sa.select(messages).where(messages.c.id.in_(sa.bindparam("chunk", expanding=True)))
_DOSSIERS = (
    sa.select(documents, messages.c.commune_code, messages.c.commune_from)
    .join(messages, messages.c.id == documents.c.message_id)
    .where(documents.c.item != "", _HIS[0], messages.c.state == "recorded")
    .order_by(*_OLDEST, documents.c.ordinal)
)
_DOSSIER = (
    sa.select(documents)
    .join(messages, messages.c.id == documents.c.message_id)
    .where(documents.c.item != "", *_HIS, messages.c.state == "recorded")
    .order_by(*_OLDEST, documents.c.ordinal)
)
_EARLIER_ROUND = (
    sa.select(messages.c.campaign)
    .join(documents, messages.c.id == documents.c.message_id)
    .where(
        documents.c.sha256.in_(sa.bindparam("hashes", expanding=True)),
        messages.c.campaign != sa.bindparam("call"),
        *_HIS[1:],
        messages.c.state == "recorded",
    )
    .order_by(messages.c.id.desc())
    .limit(1)
)
_WHO = (messages.c.campaign, messages.c.commune_code, messages.c.commune_from)
_NEWEST_OF_EACH = (
    sa.select(*_WHO, sa.func.max(messages.c.received_at).label("newest_at"))
    .where(
        messages.c.campaign.in_(sa.bindparam("campaigns", expanding=True)),
        messages.c.commune_code.is_not(None),
        messages.c.state != "rejected",
    )
    .group_by(*_WHO)
    .subquery()
)
_NEWEST_UNREAD = (
    sa.select(*_WHO)
    .join(
        _NEWEST_OF_EACH,
        sa.and_(
            messages.c.received_at == _NEWEST_OF_EACH.c.newest_at,
            *(column == _NEWEST_OF_EACH.c[column.name] for column in _WHO),
        ),
    )
    .where(messages.c.state == "recorded", messages.c.verdict.in_(["unreadable", "too-large"]))
)
_VERSIONS = sa.select(submissions).order_by(
    submissions.c.campaign,
    submissions.c.commune_code,
    submissions.c.commune_from,
    submissions.c.version,
)
_THEIRS = (
    submissions.c.campaign == sa.bindparam("call"),
    submissions.c.commune_code == sa.bindparam("code"),
    submissions.c.commune_from == sa.bindparam("since"),
)
_SUBMISSION = _VERSIONS.where(submissions.c.id == sa.bindparam("wanted"))
_CURRENT = _VERSIONS.where(*_THEIRS, submissions.c.current)
_BEFORE = (
    sa.select(submissions)
    .where(*_THEIRS, submissions.c.version < sa.bindparam("version"))
    .order_by(submissions.c.received_at.desc(), submissions.c.version)
    .limit(1)
)
_CITING = _VERSIONS.where(
    submissions.c.campaign == sa.bindparam("call"),
    submissions.c.letter_key == sa.bindparam("letter"),
    sa.not_(submissions.c.withdrawn),
)
_CONTENTS = {
    table.name: sa.select(table)
    .where(table.c.submission_id.in_(sa.bindparam("chunk", expanding=True)))
    .order_by(table.c.submission_id, table.c.ordinal)
    for table in (points, findings)
}


class LookRows(Part):
    """What is known: read only."""

    def message(self, message_id: int) -> Message:
        """Return a message.

        Raises:
            KeyError: there is none of this id.
        """
        with self._database.read() as connection:
            return get_message(connection, message_id)

    def message_by_sha(self, start: str) -> Message | None:
        """Return the only message whose hash starts so (six digits at least), else None."""
        if len(start) < _HASH_START:
            return None
        start = start.lower()
        found = self._messages(sa.and_(messages.c.sha256 >= start, messages.c.sha256 < start + "g"))
        return found[0] if len(found) == 1 else None

    def messages(
        self,
        campaign: str | None = None,
        commune: CommuneKey | None = None,
        state: str | None = None,
        limit: int | None = None,
        verdict: Verdict | None = None,
    ) -> list[Message]:
        """Return messages, newest arrivals first, of a campaign, a commune, a state, a verdict."""
        conditions: list[sa.ColumnElement[bool]] = [sa.true()]
        if campaign is not None:
            conditions.append(messages.c.campaign == campaign)
        if commune is not None:
            conditions.append(commune_is(messages, commune))
        if state is not None:
            conditions.append(messages.c.state == state)
        if verdict is not None:
            conditions.append(messages.c.verdict == verdict)
        return self._messages(sa.and_(*conditions), newest=True, limit=limit)

    def held(self) -> list[Message]:
        """Return the messages that wait for a person, oldest first."""
        return self._messages(messages.c.state == "held")

    def same_content(self, campaign: str, commune: CommuneKey, content_key: str) -> Message | None:
        """Return the last message of this commune and campaign that brought the same content.

        The last, so that its submission can be compared with the current one: who goes back to an
        earlier answer (A, B, then A again) makes a new version, who repeats it makes a duplicate.

        Only a recorded message counts, and none that is itself a copy or a duplicate: when the
        first one is sent back to be understood again, it must not become a duplicate of its own.
        """
        values = {"content": content_key, **_whose(campaign, commune)}
        return self._message(_SAME_CONTENT, values)

    def same_rfc_id(
        self, rfc_message_id: str, content_key: str, sender: str, sent_at: dt.datetime | None
    ) -> Message | None:
        """Return the message that is this very mail, come by another road.

        Message-ID, content, sender and Date must all be equal: an ID alone is forgeable, repeated
        or missing, and a nil return has the words of any other.
        """
        if not rfc_message_id.strip() or not content_key:
            return None
        values = {
            "spellings": _spellings([rfc_message_id]),
            "content": content_key,
            "sender": sender,
            "sent_at": sent_at,
        }
        return self._message(_SAME_RFC_ID, values)

    def answers_like(self, sender: str, reason: str) -> int:
        """Count the answers by reply of this sender with this reason that were answered by us."""
        query = (
            sa.select(sa.func.count())
            .select_from(messages)
            .where(
                messages.c.verdict == "decision",
                messages.c.sender == sender,
                messages.c.reason == reason,
                messages.c.ack != "",
            )
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def answers_before(self, message: Message, since: dt.datetime) -> int:
        """Count the messages of its sender and verdict before it that were answered, or will be."""
        query = (
            sa.select(sa.func.count())
            .select_from(messages)
            .where(
                messages.c.received_at >= since,
                messages.c.received_at <= message.received_at,
                messages.c.verdict == message.verdict,
                messages.c.sender == message.sender,
                messages.c.ack != "",
                sa.or_(
                    messages.c.received_at < message.received_at,
                    messages.c.id < message.id,
                ),
            )
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def questions_since(self, asked: str, moment: dt.datetime) -> int:
        """Count the strangers' messages about which a commune is asked, or was, since a moment.

        ``asked`` is the commune as `registry.rows.written` writes it in the reason.
        """
        key = read_key(asked)
        by_mail = sa.select(mails.c.message_id).where(
            mails.c.kind == "question",
            commune_is(mails, key) if key else sa.false(),
            mails.c.message_id.is_not(None),
        )
        query = (
            sa.select(sa.func.count())
            .select_from(messages)
            .where(
                messages.c.received_at > moment,
                sa.or_(
                    messages.c.reason.contains(f"; {asked}; ", autoescape=True)
                    & messages.c.reason.startswith("asked-commune: "),
                    messages.c.id.in_(by_mail),
                ),
            )
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def is_our_mail(self, rfc_message_id: str) -> bool:
        """Whether a mail of our outbox has this Message-ID, with or without its brackets."""
        spellings = _spellings([rfc_message_id])
        if not spellings:
            return False
        with self._database.read() as connection:
            found = connection.execute(_OUR_MAIL, {"spellings": spellings})
            return found.one_or_none() is not None

    def cited_mails(self, rfc_message_ids: Iterable[str]) -> list[Mail]:
        """Return our mails with these Message-IDs, one for each recipient."""
        spellings = _spellings(rfc_message_ids)[:_CHUNK]
        if not spellings:
            return []
        query = sa.select(mails).where(mails.c.rfc_message_id.in_(spellings)).order_by(mails.c.id)
        with self._database.read() as connection:
            return [mail_of(row) for row in connection.execute(query)]

    def campaign_of_mails(self, rfc_message_ids: Iterable[str]) -> str | None:
        """Return the campaign of our mails with these Message-IDs; None: none, or several."""
        spellings = _spellings(rfc_message_ids)
        if not spellings:
            return None
        with self._database.read() as connection:
            rows = connection.execute(_CALLS_OF_MAILS, {"spellings": spellings[:_CHUNK]})
            found = rows.scalars().all()
        return found[0] if len(found) == 1 else None

    def documents(self, message_id: int) -> list[Document]:
        """Return the documents of a message in their order."""
        with self._database.read() as connection:
            rows = connection.execute(_DOCUMENTS, {"wanted": message_id})
            return [document_of(row) for row in rows]

    def dossier(self, campaign: str, commune: CommuneKey) -> list[Document]:
        """Return the documents of a commune in a campaign that are items of a dossier.

        Oldest first. Those of a message that waits for a person or was rejected do not count.
        """
        with self._database.read() as connection:
            rows = connection.execute(_DOSSIER, _whose(campaign, commune))
            return [document_of(row) for row in rows]

    def documents_of(self, message_ids: Sequence[int]) -> dict[int, list[Document]]:
        """Return the documents of these messages, as `documents` does of one, by message id."""
        found: dict[int, list[Document]] = {wanted: [] for wanted in message_ids}
        with self._database.read() as connection:
            for chunk in _chunks(message_ids):
                for row in connection.execute(_DOCUMENTS_OF, {"chunk": chunk}):
                    found[row.message_id].append(document_of(row))
        return found

    def messages_of(self, message_ids: Sequence[int]) -> dict[int, Message]:
        """Return these messages, as far as there are any, by their id."""
        with self._database.read() as connection:
            return {
                row.id: message_of(row)
                for chunk in _chunks(message_ids)
                for row in connection.execute(_MESSAGES_OF, {"chunk": chunk})
            }

    def dossiers(self, campaign: str) -> dict[CommuneKey, list[Document]]:
        """Return what `dossier` returns, of every commune that has any."""
        found: dict[CommuneKey, list[Document]] = {}
        with self._database.read() as connection:
            for row in connection.execute(_DOSSIERS, {"call": campaign}):
                if row.commune_code is not None:
                    key = row.commune_code, row.commune_from
                    found.setdefault(key, []).append(document_of(row))
        return found

    def dossier_sources(self, campaign: str, commune: CommuneKey) -> list[tuple[str, Document]]:
        """Return the same documents, each with the hash of the message that brought it."""
        query = (
            sa.select(documents, messages.c.sha256.label("message_sha256"))
            .join(messages, messages.c.id == documents.c.message_id)
            .where(
                documents.c.item != "",
                messages.c.campaign == campaign,
                commune_is(messages, commune),
                messages.c.state == "recorded",
            )
            .order_by(messages.c.received_at, messages.c.id, documents.c.ordinal)
        )
        with self._database.read() as connection:
            return [(row.message_sha256, document_of(row)) for row in connection.execute(query)]

    def earlier_round(self, campaign: str, commune: CommuneKey, sha256s: Iterable[str]) -> str:
        """Return another campaign in which this commune sent one of these files, else ``""``."""
        values = {"hashes": list(sha256s), **_whose(campaign, commune)}
        with self._database.read() as connection:
            return str(connection.execute(_EARLIER_ROUND, values).scalar() or "")

    def submission(self, submission_id: int) -> Submission:
        """Return a submission with its points and findings; KeyError if there is none."""
        found = self._versions(_SUBMISSION, {"wanted": submission_id})
        if not found:
            raise KeyError(f"no submission {submission_id}")
        return found[0]

    def withdrawn_receipts(self, campaign: str) -> set[str]:
        """Return the receipt numbers of the versions that a person has taken back."""
        query = sa.select(submissions.c.receipt).where(
            submissions.c.campaign == campaign, submissions.c.withdrawn
        )
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def newest_unread(self, campaigns: Sequence[str]) -> frozenset[tuple[str, CommuneKey]]:
        """Return the communes whose newest message in a campaign was not read, by campaign.

        One that is held waits for a person, who was told.
        """
        with self._database.read() as connection:
            found = connection.execute(_NEWEST_UNREAD, {"campaigns": list(campaigns)})
            return frozenset((row[0], (row[1], row[2])) for row in found)

    def submissions(self, campaign: str, key: CommuneKey | None = None) -> list[Submission]:
        """Return all versions in a campaign, withdrawn ones too, by commune and version."""
        condition = submissions.c.campaign == campaign
        if key is not None:
            condition = sa.and_(condition, commune_is(submissions, key))
        return self._submissions(condition)

    def current_submission(self, campaign: str, key: CommuneKey) -> Submission | None:
        """Return the current version of a commune's answer."""
        found = self._versions(_CURRENT, _whose(campaign, key))
        return found[0] if found else None

    def submission_before(self, later: Submission) -> Submission | None:
        """Return, of the versions with a lower number, the one that arrived last."""
        values = _whose(later.campaign, later.commune) | {"version": later.version}
        found = self._versions(_BEFORE, values)
        return found[0] if found else None

    def submission_by_receipt(self, receipt: str) -> Submission | None:
        """Return the submission of a receipt number, however it is cased."""
        wanted = receipt.strip()
        found = self._submissions(submissions.c.receipt.in_([wanted, wanted.upper()]))
        return found[0] if found else None

    def letter_twins(
        self, campaign: str, number: str, organ: str | None, commune: CommuneKey
    ) -> list[Submission]:
        """Return the versions in a campaign that cite the same official letter.

        The same số and ký hiệu, and the same commune or the same issuing body (each commune
        counts its letters from 1: the number alone says nothing).
        """
        key = letter_key(number)
        if not key:
            return []
        found = self._versions(_CITING, {"call": campaign, "letter": key})
        issuer = letter_key(organ)
        return [
            twin
            for twin in found
            if twin.commune == commune
            or (issuer and twin.letter and letter_key(twin.letter.organ) == issuer)
        ]

    def counts(self) -> Counts:
        """Count messages and mails by state, verdict and kind."""
        with self._database.read() as connection:
            tallies = [
                {
                    str(name): int(number)
                    for name, number in connection.execute(
                        sa.select(column, sa.func.count()).group_by(column).order_by(column)
                    )
                    if name is not None
                }
                for column in (messages.c.state, messages.c.verdict, mails.c.state, mails.c.kind)
            ]
        return Counts(*tallies)

    def _message(self, query: sa.Select[Any], values: Mapping[str, object]) -> Message | None:
        with self._database.read() as connection:
            row = connection.execute(query, values).one_or_none()
        return message_of(row) if row is not None else None

    def _messages(
        self, condition: sa.ColumnElement[bool], *, newest: bool = False, limit: int | None = None
    ) -> list[Message]:
        order: list[sa.ColumnElement[dt.datetime] | sa.ColumnElement[int]]
        order = [messages.c.received_at, messages.c.id]
        query = sa.select(messages).where(condition).limit(limit)
        query = query.order_by(*(column.desc() if newest else column.asc() for column in order))
        with self._database.read() as connection:
            return [message_of(row) for row in connection.execute(query)]

    def _versions(self, query: sa.Select[Any], values: Mapping[str, object]) -> list[Submission]:
        with self._database.read() as connection:
            return _with_contents(connection, connection.execute(query, values).all())

    def _submissions(self, condition: sa.ColumnElement[bool]) -> list[Submission]:
        with self._database.read() as connection:
            return read_submissions(connection, condition)


def read_submissions(
    connection: sa.Connection,
    condition: sa.ColumnElement[bool],
    *,
    contents: bool = True,
    notes: bool = True,
) -> list[Submission]:
    """Return submissions by commune and version, with points and findings (``notes``) if asked."""
    rows = connection.execute(_VERSIONS.where(condition)).all()
    return _with_contents(connection, rows, contents=contents, notes=notes)


def _with_contents(
    connection: sa.Connection,
    rows: Sequence[sa.Row[Any]],
    *,
    contents: bool = True,
    notes: bool = True,
) -> list[Submission]:
    ids = [row.id for row in rows]
    found = _contents(connection, points, ids, partial(point_of, known={})) if contents else {}
    noted = _contents(connection, findings, ids, finding_of) if notes else {}
    return [submission_of(row, found.get(row.id, []), noted.get(row.id, [])) for row in rows]


def _contents(
    connection: sa.Connection,
    table: sa.Table,
    ids: Sequence[int],
    make: Callable[[sa.Row[Any]], Any],
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for chunk in _chunks(ids):
        for row in connection.execute(_CONTENTS[table.name], {"chunk": chunk}):
            found.setdefault(row.submission_id, []).append(make(row))
    return found


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _whose(campaign: str, commune: CommuneKey) -> dict[str, object]:
    """Return what the statements about one commune in one campaign are asked with."""
    return {"call": campaign, "code": commune[0], "since": commune[1]}


def _spellings(rfc_message_ids: Iterable[str]) -> list[str]:
    """Return each Message-ID with and without its angle brackets."""
    bare = [text.strip().strip("<>") for text in rfc_message_ids]
    return [spelling for name in bare if name for spelling in (name, f"<{name}>")]
