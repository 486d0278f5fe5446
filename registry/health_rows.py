"""How the registry itself sees the program's health, and which troubles are open."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from registry.database import journal
from registry.inbox_rows import put_mark
from registry.model import Brake, MailKind, OpenTrouble, Vitals
from registry.rows import Part
from registry.tables import mails, marks, messages, slots

_TROUBLE = "trouble/"
#: Beside the mark of an open trouble: since when it was not seen.
_ABSENT = "trouble-absent/"
_BACKUP = "backed-up"


class HealthRows(Part):
    """Vital signs, and troubles from their beginning to their end."""

    def vitals(
        self,
        overdue_before: dt.datetime,
        lost_after: dt.datetime,
        in_hours: Collection[MailKind] = (),
    ) -> Vitals:
        """Return what the registry can tell of the program's health, read at one moment.

        Overdue is a mail that waits to be sent although its moment passed before
        ``overdue_before``, or that was tried in vain and queued before it; but mails of the kinds
        ``in_hours`` wait whole nights for office hours, and only their moment counts. Lost is one
        that was refused, or whose outcome is unknown for good, after ``lost_after``.
        """
        with self._database.read() as connection:
            known = {row.name: row for row in connection.execute(sa.select(marks))}
            polled, brake, backup = (known.get(name) for name in ("polled", "brake", _BACKUP))
            overdue = _count(connection, mails.c.queued_at, _overdue(overdue_before, in_hours))
            lost = _count(connection, mails.c.queued_at, _lost(lost_after))
            kept = _kept(connection)
            return Vitals(
                polled_at=polled.at if polled else None,
                brake=Brake(brake.at, brake.text) if brake else None,
                backed_up_at=backup.at if backup else None,
                overdue=overdue[0],
                overdue_since=overdue[1],
                kept=kept[0],
                kept_since=kept[1],
                lost=lost[0],
                lost_since=lost[1],
            )

    def backed_up(self, now: dt.datetime) -> None:
        """Write down that a sound backup was made: from now on an old one is a trouble."""
        with self._database.write() as connection:
            put_mark(connection, _BACKUP, now, "")
            journal(connection, now, "backed-up", "registry", {})

    def open_troubles(self) -> dict[str, OpenTrouble]:
        """Return the troubles that have begun and are not over, by their keys."""
        with self._database.read() as connection:
            absent, open_ = (_by_key(connection, prefix) for prefix in (_ABSENT, _TROUBLE))
        return {
            key: OpenTrouble(
                since=row.at,
                **json.loads(row.text),
                absent_since=absent[key].at if key in absent else None,
            )
            for key, row in open_.items()
        }

    def trouble_began(self, key: str, trouble: OpenTrouble, now: dt.datetime) -> None:
        """Write down that a trouble began, or that it became another (its severity changed)."""
        facts: Mapping[str, str] = {
            "severity": trouble.severity,
            "text": trouble.text,
            "advice": trouble.advice,
        }
        with self._database.write() as connection:
            put_mark(connection, _TROUBLE + key, trouble.since, json.dumps(facts))
            data = {"since": trouble.since.isoformat(), **facts}
            journal(connection, now, "trouble-began", f"trouble {key}", data)

    def trouble_absent(self, key: str, since: dt.datetime | None) -> None:
        """Note since when an open trouble was not seen; None: it was seen again.

        No event: it is a look like that at the inbox. Written down all the same, for a process may
        end (or be `intake once`) before the trouble has been away for long enough to be over.
        """
        with self._database.write() as connection:
            if since is None:
                connection.execute(marks.delete().where(marks.c.name == _ABSENT + key))
            else:
                put_mark(connection, _ABSENT + key, since, "")

    def trouble_over(self, key: str, now: dt.datetime) -> None:
        """Write down that a trouble is over; one that is not open stays so."""
        with self._database.write() as connection:
            connection.execute(marks.delete().where(marks.c.name == _ABSENT + key))
            query = marks.delete().where(marks.c.name == _TROUBLE + key)
            if connection.execute(query).rowcount:
                journal(connection, now, "trouble-over", f"trouble {key}", {})


def _by_key(connection: sa.Connection, prefix: str) -> dict[str, sa.Row[Any]]:
    query = sa.select(marks).where(marks.c.name.startswith(prefix)).order_by(marks.c.name)
    return {row.name.removeprefix(prefix): row for row in connection.execute(query)}


def _overdue(before: dt.datetime, in_hours: Collection[MailKind]) -> sa.ColumnElement[bool]:
    tried = sa.and_(
        mails.c.attempts > 0, mails.c.queued_at <= before, mails.c.kind.not_in(list(in_hours))
    )
    return sa.and_(mails.c.state == "queued", sa.or_(mails.c.next_try_at <= before, tried))


def _lost(after: dt.datetime) -> sa.ColumnElement[bool]:
    at = sa.func.coalesce(mails.c.handed_at, mails.c.queued_at)
    # Of a refused mail ``next_try_at`` only says that the admin has not been told yet.
    settled = sa.or_(
        mails.c.state == "refused",
        sa.and_(mails.c.state == "unknown", mails.c.next_try_at.is_(None)),
    )
    return sa.and_(settled, at > after)


def _count(
    connection: sa.Connection, at: sa.ColumnElement[dt.datetime], which: sa.ColumnElement[bool]
) -> tuple[int, dt.datetime | None]:
    row = connection.execute(sa.select(sa.func.count(), sa.func.min(at)).where(which)).one()
    return int(row[0]), row[1]


def _kept(connection: sa.Connection) -> tuple[int, dt.datetime | None]:
    """How many messages are kept and not understood, and when the first of them was seen."""
    query = (
        sa.select(sa.func.count(messages.c.id.distinct()), sa.func.min(slots.c.seen_at))
        .join(slots, slots.c.message_id == messages.c.id)
        .where(messages.c.state == "kept")
    )
    row = connection.execute(query).one()
    return int(row[0]), row[1]
