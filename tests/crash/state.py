"""Everything that a run leaves behind: registry, files, mailbox, mails that the server took."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rigs.dovecot import USER
from rigs.smtp import Accepted

from crash.stage import Stage
from intake import heartbeat
from registry import journal_file
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.journal_file import JournalFile
from registry.store import Store
from registry.tables import events, metadata

Row = Mapping[str, Any]
#: Files whose bytes tell nothing: the database and the journal's copy are read, not hashed.
_APART = ("registry.db", "daemon.lock", f"vault/{journal_file.NAME}")


@dataclass(frozen=True)
class State:
    """What is there after a step; nothing may be running.

    ``files`` are those below ``data/`` except the database, by their hash; ``folders`` the
    mailbox's messages as (hash, flags); ``chain`` is where the journal's chain breaks. ``copied``
    says how the journal's copy in the vault stands to it: "equal" when it has the same events.
    """

    tables: Mapping[str, tuple[Row, ...]]
    journal: tuple[tuple[str, str, str], ...]
    chain: int | None
    copied: str
    files: Mapping[str, str]
    folders: Mapping[str, Counter[tuple[str, str]]]
    taken: Counter[tuple[str, str, bytes]]


def state_of(stage: Stage) -> State:
    """Read everything."""
    with stage.store() as store:
        tables = dict(_tables(store))
        chain = store.verify_journal()
        copied = _copied(JournalFile(stage.data / "vault"), store)
    journal = tuple(
        (row["kind"], row["subject"], json.dumps(row["data"], sort_keys=True))
        for row in tables.pop(events.name)
    )
    return State(
        tables,
        journal,
        chain,
        copied,
        dict(_files(stage.data)),
        dict(_folders(stage.dovecot.dir / "mail" / USER)),
        Counter(_taken(stage.smtp.accepted)),
    )


def _tables(store: Store) -> Iterator[tuple[str, tuple[Row, ...]]]:
    with store._database.read() as connection:
        for table in metadata.sorted_tables:
            query = sa.select(table).order_by(*table.primary_key.columns)
            yield table.name, tuple(dict(row) for row in connection.execute(query).mappings())


def _copied(copy: JournalCopy, store: Store) -> str:
    """How the copy stands to the journal, event by event."""
    try:
        there = list(copy.events())
    except CopyDamaged as error:
        return str(error)
    standing = copy.standing(store)
    same = there == store.events_after(0, limit=len(there) + 1)
    return standing if same or standing != "equal" else "the same end after other events"


def _files(data: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(data.rglob("*")):
        name = str(path.relative_to(data))
        if name == heartbeat.NAME:  # the moment and the process that wrote it differ, not its form
            yield name, "whole" if heartbeat.read(data) else "torn"
        elif path.is_file() and not name.startswith(_APART):
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()


def _folders(maildir: Path) -> Iterator[tuple[str, Counter[tuple[str, str]]]]:
    """Read a Maildir++ as it lies on the disk."""
    for folder in (maildir, *sorted(maildir.glob(".*/"))):
        found = Counter(
            (hashlib.sha256(path.read_bytes()).hexdigest(), path.name.partition(":2,")[2])
            for room in ("cur", "new")
            for path in (folder / room).glob("*")
        )
        yield folder.name if folder != maildir else "INBOX", found


def _taken(accepted: list[Accepted]) -> Iterator[tuple[str, str, bytes]]:
    for one in accepted:
        for recipient in one.recipients:
            yield one.message_id, recipient, one.raw
