"""Rows of ``leases``: who works on a server's registry, and who stands by.

Every comparison of instants is the server's, by its own clock.
"""

import datetime as dt
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.lease import DAEMON, Holder, Tenure
from registry.rows import Part
from registry.tables import leases

_NOW = sa.func.clock_timestamp()
_ALL = sa.select(
    leases,
    sa.func.extract("epoch", _NOW - leases.c.renewed_at).label("age"),
    sa.func.extract("epoch", leases.c.expires_at - _NOW).label("left"),
).order_by(leases.c.name)
_SPAN = "make_interval(secs => :seconds)"
_TAKE = sa.text(f"""
INSERT INTO leases AS held
  (name, epoch, pid, host, account, code, since, renewed_at, expires_at)
VALUES (:name, 1, :pid, :host, :account, :code,
  clock_timestamp(), clock_timestamp(), clock_timestamp() + {_SPAN})
ON CONFLICT (name) DO UPDATE SET epoch = held.epoch + 1, pid = excluded.pid, host = excluded.host,
  account = excluded.account, code = excluded.code, since = excluded.since,
  renewed_at = excluded.renewed_at, expires_at = excluded.expires_at
WHERE held.expires_at <= clock_timestamp()
RETURNING epoch, since
""")  # noqa: S608  nothing from outside is in it
_RENEW = sa.text(f"""
UPDATE leases SET renewed_at = clock_timestamp(), expires_at = clock_timestamp() + {_SPAN}
WHERE name = :name AND epoch = :epoch AND (CAST(:since AS timestamptz) IS NULL OR since = :since)
""")  # noqa: S608  as above
_SWEEP = sa.text("DELETE FROM leases WHERE name <> :name AND expires_at <= clock_timestamp()")
_GUARD = sa.select(leases.c.epoch, leases.c.since).where(leases.c.name == sa.bindparam("whose"))


class Term(NamedTuple):
    """Which tenure: its number, and when it began by the server's clock.

    Both: a server that went back gives a number out again, and never the moment. Without a moment
    it is any of this number, of a name that only one process has.
    """

    epoch: int
    since: dt.datetime | None = None


class LeaseRows(Part):
    """Who works on this registry and who stands by; nobody is known where it is a file."""

    def tenures(self) -> list[Tenure]:
        """Return the processes whose end has not come: the holder first."""
        if not self._database.on_server:
            return []
        with self._database.read() as connection:
            return [one for one in tenures(connection) if one.left_seconds > 0]


def tenures(connection: sa.Connection) -> list[Tenure]:
    """Return all rows, the holder's first; those past their end as well."""
    return [_tenure(row) for row in connection.execute(_ALL)]


def take_over(
    connection: sa.Connection, name: str, me: Holder, code: str, seconds: float
) -> Term | None:
    """Take a lease whose end has come, or that nobody had; return its term, None if it is held."""
    values = {"pid": me.pid, "host": me.host, "account": me.account, "code": code}
    taken = connection.execute(_TAKE, values | {"name": name, "seconds": seconds}).one_or_none()
    return None if taken is None else Term(*taken)


def renew(connection: sa.Connection, name: str, term: Term | None, seconds: float) -> bool:
    """Let it end so many seconds from now; return whether it is still of this term."""
    epoch, since = term or (None, None)
    values = {"name": name, "epoch": epoch, "since": since, "seconds": seconds}
    return connection.execute(_RENEW, values).rowcount > 0


def stand_by(connection: sa.Connection, name: str, me: Holder, code: str, seconds: float) -> None:
    """Say that we stand by, under a name that is ours alone; forget those who do not any more."""
    connection.execute(_SWEEP, {"name": DAEMON})
    if not renew(connection, name, Term(1), seconds):
        take_over(connection, name, me, code, seconds)


def give_up(connection: sa.Connection, name: str, term: Term | None = None) -> None:
    """Let it end now, if it is still of this term; without one the row goes away."""
    if term is None:
        connection.execute(leases.delete().where(leases.c.name == name))
        return
    ours = sa.and_(
        leases.c.name == name, leases.c.epoch == term.epoch, leases.c.since == term.since
    )
    connection.execute(leases.update().where(ours).values(expires_at=_NOW))


def term_of(connection: sa.Connection) -> Term | None:
    """Return the term of the daemon's lease."""
    found = connection.execute(_GUARD, {"whose": DAEMON}).one_or_none()
    return None if found is None else Term(*found)


def _tenure(row: sa.Row[Any]) -> Tenure:
    since = row.since.isoformat(timespec="seconds")
    holder = Holder(row.pid, row.host, row.account, since)
    return Tenure(row.name, row.epoch, holder, row.code, float(row.age), float(row.left))
