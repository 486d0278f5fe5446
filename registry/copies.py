"""Copies of the registry's file: examined without being changed, and marked when put back."""

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from registry import journal
from registry.database import Database
from registry.errors import RegistryDamaged
from registry.model import Event
from registry.schema import bring_up_to_date
from registry.store import Store

_NAMED = (
    "SELECT sha256 FROM messages WHERE sha256 <> ''",
    "SELECT inputs_sha256 FROM reports WHERE inputs_sha256 <> ''",
    "SELECT json_extract(file.value, '$.sha256') FROM reports, json_each(reports.files) AS file",
)
_LETTERS = "SELECT json_extract(letter, '$.sha256') FROM reports WHERE letter IS NOT NULL"
#: The first schema whose reports may bear a signed letter.
_WITH_LETTERS = "0004"


@dataclass(frozen=True, slots=True)
class Examined:
    """What a copy of the registry is: schema revision, the journal's head, what the vault owes it.

    ``named`` are the hashes of the vault's files that its rows name. ``problem`` says why the copy
    is not sound; empty when it is.
    """

    schema: str
    serial: int
    head: str
    last_at: dt.datetime | None
    named: frozenset[str]
    problem: str = ""


def examine(path: Path) -> Examined:
    """Look through a copy that nobody writes to; the file is not touched.

    Raises:
        RegistryDamaged: it is not a database of this program.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as copy:
            found = [str(row[0]) for row in copy.execute("PRAGMA quick_check(5)")]
            schema = str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])
            broken = journal.verify(_events(copy))
            last = next(_events(copy, "ORDER BY serial DESC LIMIT 1"), None)
            queries = (*_NAMED, _LETTERS) if schema >= _WITH_LETTERS else _NAMED
            named = frozenset(str(row[0]) for query in queries for row in copy.execute(query))
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise RegistryDamaged(f"{path} is no sound registry: {error}") from error
    problem = "" if found == ["ok"] else "; ".join(found)
    if broken is not None:
        problem = f"its journal was changed at or before event {broken}"
    serial, head, at = (last.serial, last.sha256, last.at) if last else (0, journal.GENESIS, None)
    return Examined(schema, serial, head, at, named, problem)


def settle(path: Path) -> None:
    """Make one file of a fresh copy, without the journal files of SQLite, safe on the disk."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def mark_as_restored(path: Path, reason: str, now: dt.datetime) -> None:
    """Bring a copy that is about to be put back up to date, and mark it as behind the mailbox.

    Raises:
        RegistryTooNew: a newer version of the program wrote it.
    """
    database = Database(sa.URL.create("sqlite", database=str(path)))
    try:
        bring_up_to_date(database)
        Store(database).fall_behind(reason, now)
    finally:
        database.close()
    settle(path)


def _events(copy: sqlite3.Connection, order: str = "ORDER BY serial") -> Iterator[Event]:
    columns = "serial, at, kind, subject, data, previous, sha256"
    for row in copy.execute(f"SELECT {columns} FROM events {order}"):  # noqa: S608  no outside text
        serial, at, kind, subject, data, previous, sha256 = row
        moment = dt.datetime.fromisoformat(at)
        yield Event(serial, moment, kind, subject, json.loads(data), previous, sha256)
