"""What the board shows beside the snapshot: tallies, arrivals, last mails. Read only."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from registry.model import CommuneKey, MailKind
from registry.rows import Part, not_redirected
from registry.tables import findings, mails, messages, points, submissions

Place = tuple[str, CommuneKey]

#: Mails about a commune that do not go to it.
_TO_OTHERS: tuple[MailKind, ...] = (
    *("held", "digest", "draft", "returned", "report", "department", "alert", "stranger"),
)
#: What a campaign sends of itself: the timeline shows when it did.
_SENT_UNASKED: tuple[MailKind, ...] = ("call", "reminder", "silence")
_TO_THE_HOUR = len("2024-05-22T02")


@dataclass(frozen=True, slots=True)
class MessageTally:
    """How many messages are alike. ``brought`` whether a version of an answer names the message
    as its own; ``told`` whether a held one says why.
    """  # noqa: D205  one sentence

    state: str
    verdict: str | None
    brought: bool
    told: bool
    count: int


@dataclass(frozen=True, slots=True)
class MailTally:
    """How many mails are alike; ``bounced`` came back."""

    kind: str
    state: str
    bounced: bool
    count: int


@dataclass(frozen=True, slots=True)
class LastMail:
    """The last debt that a commune was sent, over all its recipients; ``at`` when it left, or was
    queued while none has.
    """  # noqa: D205  one sentence

    kind: str
    states: frozenset[str]
    delivered: bool
    bounced: bool
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Contents:
    """How much a version contains."""

    points: int = 0
    errors: int = 0
    warnings: int = 0


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counted in one transaction. ``received`` is all messages, counted apart from ``messages``.

    ``contents`` is keyed by submission id, ``last_mails`` by (campaign, commune key); ``arrivals``
    are the moments of a campaign's messages, ``unasked`` when which mass mail left.
    """

    received: int = 0
    messages: tuple[MessageTally, ...] = ()
    mails: tuple[MailTally, ...] = ()
    contents: Mapping[int, Contents] = field(default_factory=dict)
    last_mails: Mapping[Place, LastMail] = field(default_factory=dict)
    arrivals: Mapping[str, tuple[dt.datetime, ...]] = field(default_factory=dict)
    unasked: Mapping[str, tuple[tuple[str, dt.datetime], ...]] = field(default_factory=dict)


class BoardRows(Part):
    """The board's own questions; asked when something changed, not at every tick."""

    def tallies(self, campaigns: Iterable[str]) -> Tallies:
        """Return the tallies of everything, and what these campaigns show, at one moment."""
        ids = list(dict.fromkeys(campaigns))
        with self._database.read() as connection:
            count = sa.select(sa.func.count()).select_from(messages)
            return Tallies(
                received=int(connection.execute(count).scalar_one()),
                messages=_messages(connection),
                mails=_mails(connection),
                contents=_contents(connection, ids),
                last_mails=_last_mails(connection, ids),
                arrivals=_arrivals(connection, ids),
                unasked=_unasked(connection, ids),
            )


def _messages(connection: sa.Connection) -> tuple[MessageTally, ...]:
    brought = submissions.c.id.is_not(None)
    columns = (messages.c.state, messages.c.verdict, brought, messages.c.reason != "")
    # The version must name the message too: a pointer to nothing explains nothing.
    own = sa.and_(
        submissions.c.id == messages.c.submission_id,
        submissions.c.message_id == messages.c.id,
        sa.not_(submissions.c.withdrawn),
    )
    query = (
        sa.select(*columns, sa.func.count())
        .select_from(messages.outerjoin(submissions, own))
        .group_by(*columns)
        .order_by(*columns)
    )
    return tuple(
        MessageTally(state, verdict, bool(has), bool(told), count)
        for state, verdict, has, told, count in connection.execute(query)
    )


def _mails(connection: sa.Connection) -> tuple[MailTally, ...]:
    columns = (mails.c.kind, mails.c.state, mails.c.bounced_at.is_not(None))
    query = sa.select(*columns, sa.func.count()).group_by(*columns).order_by(*columns)
    return tuple(
        MailTally(kind, state, bool(bounced), count)
        for kind, state, bounced, count in connection.execute(query)
    )


def _contents(connection: sa.Connection, ids: Sequence[str]) -> dict[int, Contents]:
    """Count the points and findings of the current versions; the rows themselves stay there."""
    current = sa.and_(submissions.c.campaign.in_(ids), submissions.c.current)
    counted = (
        sa.select(submissions.c.id, sa.func.count())
        .join(points, points.c.submission_id == submissions.c.id)
        .where(current)
        .group_by(submissions.c.id)
    )
    found = {number: [count, 0, 0] for number, count in connection.execute(counted)}
    graded = (
        sa.select(submissions.c.id, findings.c.severity, sa.func.count())
        .join(findings, findings.c.submission_id == submissions.c.id)
        .where(current)
        .group_by(submissions.c.id, findings.c.severity)
    )
    for number, severity, count in connection.execute(graded):
        place = {"error": 1, "warning": 2}.get(severity)
        if place is not None:
            found.setdefault(number, [0, 0, 0])[place] = count
    return {number: Contents(*counts) for number, counts in found.items()}


def _last_mails(connection: sa.Connection, ids: Sequence[str]) -> dict[Place, LastMail]:
    mine = sa.and_(
        mails.c.campaign.in_(ids),
        mails.c.commune_code.is_not(None),
        mails.c.kind.not_in(_TO_OTHERS),
        mails.c.state != "cancelled",
        not_redirected(),
    )
    newest = (
        sa.select(sa.func.max(mails.c.id).label("id"))
        .where(mine)
        .group_by(mails.c.campaign, mails.c.commune_code, mails.c.commune_from)
        .subquery()
    )
    last = sa.select(mails.c.key).join(newest, newest.c.id == mails.c.id).subquery()
    bounced = mails.c.bounced_at.is_not(None)
    debt = (mails.c.key, mails.c.campaign, mails.c.commune_code, mails.c.commune_from, mails.c.kind)
    query = (
        sa.select(
            *debt,
            mails.c.state,
            bounced.label("bounced"),
            sa.func.min(mails.c.sent_at).label("sent_at"),
            sa.func.min(mails.c.queued_at).label("queued_at"),
        )
        .join(last, last.c.key == mails.c.key)
        .group_by(*debt, mails.c.state, bounced)
        .order_by(sa.func.min(mails.c.id))
    )
    together: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        together.setdefault(row.key, []).append(row)
    return {
        (rows[0].campaign, (rows[0].commune_code, rows[0].commune_from)): _of_one_debt(rows)
        for rows in together.values()
    }


def _of_one_debt(rows: Sequence[Any]) -> LastMail:
    """Take together what its mails have become; each row is those that became the same."""
    left = [row.sent_at for row in rows if row.sent_at is not None]
    return LastMail(
        kind=rows[0].kind,
        states=frozenset(row.state for row in rows),
        delivered=any(row.state == "sent" and not row.bounced for row in rows),
        bounced=any(row.bounced for row in rows),
        at=min(left) if left else min(row.queued_at for row in rows),
    )


def _arrivals(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[dt.datetime, ...]]:
    query = (
        sa.select(messages.c.campaign, messages.c.received_at)
        .where(messages.c.campaign.in_(ids), messages.c.commune_code.is_not(None))
        .order_by(messages.c.received_at)
    )
    found: dict[str, list[dt.datetime]] = {}
    for campaign, at in connection.execute(query):
        found.setdefault(campaign, []).append(at)
    return {campaign: tuple(moments) for campaign, moments in found.items()}


def _unasked(
    connection: sa.Connection, ids: Sequence[str]
) -> dict[str, tuple[tuple[str, dt.datetime], ...]]:
    """Return kind and first moment of each batch: one for each hour is enough for a timeline."""
    hour = sa.func.substr(sa.type_coerce(mails.c.sent_at, sa.String), 1, _TO_THE_HOUR)
    first = sa.func.min(mails.c.sent_at)
    query = (
        sa.select(mails.c.campaign, mails.c.kind, first)
        .where(
            mails.c.campaign.in_(ids),
            mails.c.kind.in_(_SENT_UNASKED),
            mails.c.sent_at.is_not(None),
        )
        .group_by(mails.c.campaign, mails.c.kind, hour)
        .order_by(first, mails.c.kind)
    )
    found: dict[str, list[tuple[str, dt.datetime]]] = {}
    for campaign, kind, at in connection.execute(query):
        found.setdefault(campaign, []).append((kind, at))
    return {campaign: tuple(batches) for campaign, batches in found.items()}
