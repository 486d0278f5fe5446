"""The snapshot: all that decides which mails are owed, read in one transaction."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from registry.bounce_rows import read_bounces, read_lost
from registry.campaign_rows import get_campaign, read_reports
from registry.database import Database
from registry.model import REDIRECTED, Brake, Message, Snapshot, Window
from registry.rows import Part, message_of
from registry.snapshot_memory import SINGLE, Remembered, read_current, remembered
from registry.tables import mails, marks, messages

_NOT_PASSED_ON = sa.and_(
    messages.c.verdict == "department",
    messages.c.state == "recorded",
    messages.c.id.not_in(
        sa.select(mails.c.message_id).where(
            mails.c.kind == "department", mails.c.message_id.is_not(None)
        )
    ),
)


_WAITING = sa.union(
    sa.select(messages.c.id).where(messages.c.state == "held"),
    sa.select(messages.c.id).where(messages.c.unanswered),
)
_SINGLE_KEYS = sa.select(mails.c.key).where(
    mails.c.message_id.in_(_WAITING),
    sa.or_(mails.c.kind.in_(SINGLE), mails.c.key.like(f"{REDIRECTED}%")),
)
#: One daemon asks for the same campaigns again and again; an edited config for others.
_MOST_REMEMBERED = 4


class SnapshotRows(Part):
    """The view that `notifier.due` decides on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._memory: dict[tuple[object, ...], Remembered] = {}

    def snapshot(
        self,
        campaigns: Iterable[str] | Mapping[str, Window],
        *,
        contents: bool = True,
        findings: bool = True,
    ) -> Snapshot:
        """Return the state of these campaigns at one moment.

        ``campaigns`` are ids; better a mapping from each id to the window (``opens_at``,
        ``closes_at``) in which its answers arrive (`registry.snapshot.windows`). A message of a
        known commune whose campaign nobody could tell counts as heard in every campaign that was
        open when it arrived, and while it waits for a person in those that opened later – without
        windows in every one asked for: a commune that wrote is never silent (promise 3).
        ``contents=False`` leaves out the points of the submissions, ``findings=False`` their
        findings.
        """
        windows = dict(campaigns) if isinstance(campaigns, Mapping) else {}
        ids = list(dict.fromkeys(campaigns))
        with self._database.read() as connection:
            bounces = read_bounces(connection)
            dead = frozenset(one.address for one in bounces)
            long = self._long(connection, ids, windows, contents=contents, findings=findings)
            return Snapshot(
                current=long.current,
                heard=long.heard,
                campaigns={name: get_campaign(connection, name) for name in ids},
                unanswered=_messages(connection, messages.c.unanswered),
                held=_messages(connection, messages.c.state == "held"),
                reports=tuple(read_reports(connection, ids)),
                mail_keys=long.keys | _single_keys(connection),
                department=_messages(connection, _NOT_PASSED_ON),
                bounced=dead,
                bounces=bounces,
                lost=read_lost(connection, ids, dead),
                asked=long.asked,
                polled_at=_mark(connection, "polled")[0],
                unprocessed=_unprocessed(connection),
                brake=_brake(connection),
            )

    def _long(
        self,
        connection: sa.Connection,
        ids: list[str],
        windows: Mapping[str, Window],
        *,
        contents: bool,
        findings: bool,
    ) -> Remembered:
        """Return what takes long; without contents and findings it is remembered between calls."""
        asked_for = (tuple(ids), tuple(windows.items()))
        long = remembered(connection, self._memory.get(asked_for), ids, windows)
        if len(self._memory) >= _MOST_REMEMBERED:
            self._memory.clear()
        self._memory[asked_for] = long
        if not (contents or findings):
            return long
        return replace(
            long, current=read_current(connection, ids, contents=contents, findings=findings)
        )


def _single_keys(connection: sa.Connection) -> frozenset[str]:
    """Return the keys of mails about single messages that a decision may still be repeated for."""
    return frozenset(connection.execute(_SINGLE_KEYS).scalars())


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
