"""All rows of a registry into another one: from a file to a server, back, and into a copy."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from registry import journal
from registry.database import Database, last_event
from registry.errors import NotPossible, RegistryProblem
from registry.model import Event, Head
from registry.postgres import counted
from registry.schema import bring_up_to_date
from registry.tables import events, metadata

#: So many rows are on their way at a time.
_ROWS = 500
#: Who works on a registry, and what was read ahead there, belongs to the place: it does not move.
_OF_THE_PLACE = {"leases", "readings"}
_TABLES = [table for table in metadata.sorted_tables if table.name not in _OF_THE_PLACE]
_SQLITE_COUNTER = "sqlite_sequence", "name", "seq"
_SERVER_COUNTER = "serials", "name", "last"


def transfer(source: Database, target: Database, *, replace: Head | None = None) -> dict[str, int]:
    """Copy every row as it is stored; return how many each table has.

    They are read at one moment and written in one transaction, which reads them back: they must be
    the same bytes, and the journal's chain must hold. The source is only read. Killed, nothing has
    happened. ``replace`` puts them in place of what the target has, if its journal ends there: what
    somebody wrote since would be lost.

    Raises:
        NotPossible: the target is not empty, or its journal ends elsewhere.
        RegistryProblem: what arrived is not what left; nothing was written.
        RegistryBusy: one of the two cannot be used now; nothing was written.
    """
    with target.write() as new:
        there = [table.name for table in _TABLES if _has_rows(new, table)]
        if there and replace is None:
            raise NotPossible(
                f"{target.name} is not empty ({', '.join(sorted(there))}): nothing was copied; "
                "name a database that no registry was ever in"
            )
        if replace is not None and last_event(new) != (replace.serial, replace.sha256):
            raise NotPossible(
                f"{target.name} was written to since event {replace.serial}: it was not replaced"
            )
        if there:
            _empty(target, new)
        with source.read() as old:
            left = {table.name: _copy(old, new, table) for table in _TABLES}
            _set_counters(source, old, target, new)
        # The source is done with: a server ends a transaction in which nothing happens for long.
        for table in _TABLES:
            if _told(new, table) != left[table.name]:
                raise RegistryProblem(
                    f"the table {table.name} arrived otherwise than it left: nothing was copied"
                )
        broken = journal.verify(_events(new))
        if broken is not None:
            raise RegistryProblem(
                f"the journal of {source.name} was changed at or before event {broken}: nothing "
                "was copied; `intake verify` says what is wrong"
            )
        target.replaced(new)
    return {name: count for name, (count, _) in left.items()}


def write_file(source: Database, path: Path) -> None:
    """Write the registry of a server into a new SQLite file, as `Database.copy_to` does a file's.

    Raises: as `transfer`.
    """
    made = Database(sa.URL.create("sqlite", database=str(path)), durable=False)
    try:
        bring_up_to_date(made)
        transfer(source, made)
    finally:
        made.close()


def _empty(target: Database, connection: sa.Connection) -> None:
    """Take all rows out; whoever reads meanwhile sees them as they were, which TRUNCATE forgets."""
    if target.on_server:
        # It looks for each body in the mails: without an index, in all of them. The index stays:
        # taking it away would wait for whoever reads.
        connection.exec_driver_sql(
            "CREATE INDEX IF NOT EXISTS ix_replacing_mails ON mails (body_sha256)"
        )
    for table in reversed(_TABLES):
        connection.execute(table.delete())


def _has_rows(connection: sa.Connection, table: sa.Table) -> bool:
    return (
        connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None
    )


def _copy(old: sa.Connection, new: sa.Connection, table: sa.Table) -> tuple[int, bytes]:
    """Copy the rows; return how many there are, and a hash over what they say."""
    digest, count = hashlib.sha256(), 0
    raw = _as_stored(table)
    for rows in _chunks(old, table):
        new.execute(raw.insert(), [dict(zip(raw.c.keys(), row, strict=True)) for row in rows])
        count += len(rows)
        _add(digest, rows)
    return count, digest.digest()


def _told(connection: sa.Connection, table: sa.Table) -> tuple[int, bytes]:
    """Return how many rows a table has, and a hash over what they say."""
    digest, count = hashlib.sha256(), 0
    for rows in _chunks(connection, table):
        count += len(rows)
        _add(digest, rows)
    return count, digest.digest()


def _as_stored(table: sa.Table) -> sa.TableClause:
    """Return the table with the types of the database: no text is read and written anew."""
    return sa.table(table.name, *(sa.column(one.name, _stored(one.type)) for one in table.columns))


def _stored(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind


def _chunks(connection: sa.Connection, table: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
    raw = _as_stored(table)
    order = [raw.c[one.name] for one in table.primary_key.columns]
    # of the statement: an option of the connection would hold for what is inserted as well
    query = sa.select(*raw.c).order_by(*order).execution_options(yield_per=_ROWS)
    for part in connection.execute(query).partitions():
        yield [tuple(row) for row in part]


def _add(digest: Any, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        digest.update(repr([bytes(v) if isinstance(v, memoryview) else v for v in row]).encode())


def _set_counters(
    source: Database, old: sa.Connection, target: Database, new: sa.Connection
) -> None:
    """Let ids go on where they were, also after rows that are gone."""
    table, name, last = _counter(source)
    counters = dict(map(tuple, old.execute(sa.text(f"SELECT {name}, {last} FROM {table}"))))  # noqa: S608
    table, name, last = _counter(target)
    for one in counted(metadata):
        known = {"name": one, "last": counters.get(one, 0)}
        new.execute(sa.text(f"DELETE FROM {table} WHERE {name} = :name"), known)  # noqa: S608
        new.execute(sa.text(f"INSERT INTO {table} ({name}, {last}) VALUES (:name, :last)"), known)  # noqa: S608


def _counter(database: Database) -> tuple[str, str, str]:
    return _SERVER_COUNTER if database.on_server else _SQLITE_COUNTER


def _events(connection: sa.Connection) -> Iterator[Event]:
    query = sa.select(events).order_by(events.c.serial).execution_options(yield_per=_ROWS)
    for row in connection.execute(query):
        yield Event(*row)
