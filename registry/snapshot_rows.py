"""The snapshot: all that decides which mails are owed, read in one transaction."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import get_args

import sqlalchemy as sa

from registry.bounce_rows import read_asked, read_bounces, read_lost
from registry.campaign_rows import get_campaign, read_reports
from registry.look_rows import read_submissions
from registry.model import (
    ARRIVALS,
    Brake,
    CommuneKey,
    Heard,
    MailKind,
    Message,
    Snapshot,
    Window,
)
from registry.rows import Part, message_of
from registry.tables import mails, marks, messages, submissions

#: Mails about single messages besides their acknowledgments; and all the others.
_SINGLE: tuple[MailKind, ...] = ("held", "stranger", "question")
_COMMON = tuple(kind for kind in get_args(MailKind) if kind not in {"ack", *_SINGLE})

_Heard = dict[tuple[str, CommuneKey], Heard]

_SETTLED = ("recorded", "rejected")
_IS_ARRIVAL = sa.and_(
    messages.c.commune_code.is_not(None),
    sa.or_(
        messages.c.state.in_(("kept", "held")),
        sa.and_(
            # what was returned to its sender arrived all the same (promise 3)
            sa.or_(messages.c.state != "rejected", messages.c.ack == "returned"),
            messages.c.verdict.in_(ARRIVALS),
        ),
    ),
)
_WHO = (messages.c.campaign, messages.c.commune_code, messages.c.commune_from)
_ARRIVED = (
    sa.select(
        *_WHO,
        sa.func.min(messages.c.received_at).label("first_at"),
        sa.func.max(messages.c.received_at).label("last_at"),
        sa.func.count().label("messages"),
        sa.func.sum(sa.case((messages.c.state.in_(_SETTLED), 0), else_=1)).label("held"),
    )
    .where(messages.c.campaign.in_(sa.bindparam("campaigns", expanding=True)), _IS_ARRIVAL)
    .group_by(*_WHO)
)
_ARRIVED_ANYWHERE = sa.select(
    messages.c.commune_code, messages.c.commune_from, messages.c.received_at, messages.c.state
).where(messages.c.campaign.is_(None), _IS_ARRIVAL)


_NOT_PASSED_ON = sa.and_(
    messages.c.verdict == "department",
    messages.c.state == "recorded",
    messages.c.id.not_in(
        sa.select(mails.c.message_id).where(
            mails.c.kind == "department", mails.c.message_id.is_not(None)
        )
    ),
)


class SnapshotRows(Part):
    """The view that `notifier.due` decides on."""

    def snapshot(
        self, campaigns: Iterable[str] | Mapping[str, Window], *, contents: bool = True
    ) -> Snapshot:
        """Return the state of these campaigns at one moment.

        ``campaigns`` are ids; better a mapping from each id to the window (``opens_at``,
        ``closes_at``) in which its answers arrive (`registry.snapshot.windows`). A message of a
        known commune whose campaign nobody could tell counts as heard in every campaign that was
        open when it arrived – without windows in every one asked for: a commune that wrote is
        never silent (promise 3). ``contents=False`` leaves out the points of the submissions.
        """
        windows = dict(campaigns) if isinstance(campaigns, Mapping) else {}
        ids = list(dict.fromkeys(campaigns))
        with self._database.read() as connection:
            current = read_submissions(
                connection,
                sa.and_(submissions.c.campaign.in_(ids), submissions.c.current),
                contents=contents,
            )
            bounces = read_bounces(connection)
            dead = frozenset(one.address for one in bounces)
            return Snapshot(
                current={(version.campaign, version.commune): version for version in current},
                heard=_heard(connection, ids, windows),
                campaigns={name: get_campaign(connection, name) for name in ids},
                unanswered=_messages(connection, messages.c.unanswered),
                held=_messages(connection, messages.c.state == "held"),
                reports=tuple(read_reports(connection, ids)),
                mail_keys=_mail_keys(connection, ids),
                department=_messages(connection, _NOT_PASSED_ON),
                bounced=dead,
                bounces=bounces,
                lost=read_lost(connection, ids, dead),
                asked=read_asked(connection, ids),
                polled_at=_mark(connection, "polled")[0],
                unprocessed=_unprocessed(connection),
                brake=_brake(connection),
            )


def _heard(
    connection: sa.Connection, ids: list[str], windows: Mapping[str, Window]
) -> Mapping[tuple[str, CommuneKey], Heard]:
    """Fold all arrivals of these campaigns, counted by the database, and those of no campaign."""
    heard: _Heard = {}
    for row in connection.execute(_ARRIVED, {"campaigns": ids}):
        place = row.campaign, (row.commune_code, row.commune_from)
        _add(heard, place, Heard(row.first_at, row.last_at, row.messages, row.held))
    for row in connection.execute(_ARRIVED_ANYWHERE):
        at = row.received_at
        for campaign in ids:
            if _inside(windows.get(campaign), at):
                place = campaign, (row.commune_code, row.commune_from)
                _add(heard, place, Heard(at, at, 1, int(row.state not in _SETTLED)))
    return heard


def _inside(window: Window | None, moment: dt.datetime) -> bool:
    return window is None or window[0] <= moment < window[1]


def _add(heard: _Heard, place: tuple[str, CommuneKey], more: Heard) -> None:
    old = heard.get(place, more)
    if old is more:
        heard[place] = more
        return
    heard[place] = Heard(
        min(old.first_at, more.first_at),
        max(old.last_at, more.last_at),
        old.messages + more.messages,
        old.held + more.held,
    )


def _mail_keys(connection: sa.Connection, ids: list[str]) -> frozenset[str]:
    """Return the keys of all mails that a decision may still be repeated for."""
    waiting = sa.union(
        sa.select(messages.c.id).where(messages.c.state == "held"),
        sa.select(messages.c.id).where(messages.c.unanswered),
    )
    key = sa.select(mails.c.key)
    query = sa.union(
        key.where(mails.c.campaign.in_(ids), mails.c.kind.in_(_COMMON)),
        key.where(mails.c.campaign.is_(None), mails.c.kind.in_(_COMMON)),
        key.where(mails.c.message_id.in_(waiting), mails.c.kind.in_(_SINGLE)),
    )
    return frozenset(connection.execute(query).scalars())


def _messages(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[Message, ...]:
    query = sa.select(messages).where(condition).order_by(messages.c.received_at, messages.c.id)
    return tuple(message_of(row) for row in connection.execute(query))


def _unprocessed(connection: sa.Connection) -> int:
    query = sa.select(sa.func.count()).select_from(messages).where(messages.c.state == "kept")
    return int(connection.execute(query).scalar_one())


def _mark(connection: sa.Connection, name: str) -> tuple[dt.datetime | None, str]:
    row = connection.execute(sa.select(marks).where(marks.c.name == name)).one_or_none()
    return (row.at, row.text) if row else (None, "")


def _brake(connection: sa.Connection) -> Brake | None:
    at, reason = _mark(connection, "brake")
    everything = _mark(connection, "brake-all")[0] is not None
    return Brake(at, reason, everything) if at else None
