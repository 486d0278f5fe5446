"""Registries as older programs left them, opened by this one (made by old/make_old.py)."""

import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from rigs.answers import NOON

from registry import schema
from registry.errors import RegistryTooNew
from registry.journal_file import JournalFile
from registry.store import open_store
from registry.vault import Vault

OLD = Path(__file__).parent / "old"
SCHEMAS = sorted(path.name.removesuffix(".tar.xz") for path in OLD.glob("*.tar.xz"))
URL = "sqlite:///data/registry.db"


def unpack(revision: str, target: Path) -> Path:
    """Lay out ``data/registry.db`` and ``data/vault`` of an old program; return the database."""
    with tarfile.open(OLD / f"{revision}.tar.xz") as packed:
        packed.extractall(target, filter="data")
    return target / "data" / "registry.db"


def told(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the old tables said of messages and mails, in columns that every schema has."""
    questions = {
        "messages": "SELECT id, sha256, state, verdict, ack, submission_id FROM messages",
        "mails": "SELECT id, key, recipient, state, attempts, body_sha256 FROM mails",
        "submissions": "SELECT id, receipt, state, current FROM submissions",
        "points": "SELECT submission_id, ordinal, row FROM points",
        "reports": "SELECT campaign, number, inputs_sha256, files FROM reports",
        "events": "SELECT serial, sha256 FROM events",
    }
    with closing(sqlite3.connect(database)) as connection:
        return {name: connection.execute(query).fetchall() for name, query in questions.items()}


def test_there_is_an_old_registry_of_every_schema_before_the_last_ones() -> None:
    assert SCHEMAS[:4] == ["0001", "0002", "0003", "0004"]


@pytest.mark.parametrize("revision", SCHEMAS)
def test_fault_092_a_registry_of_an_old_schema_is_migrated_whole(
    tmp_path: Path, revision: str
) -> None:
    """After a copy; every message, mail, answer and event is still what it was."""
    database = unpack(revision, tmp_path)
    before = told(database)
    assert {row[2] for row in before["messages"]} == {"kept", "recorded", "held"}
    assert {row[3] for row in before["mails"]} == {"queued", "sending", "held", "sent", "unknown"}
    assert len(before["reports"]) == 1
    with open_store(URL, tmp_path, thorough=True) as store:
        assert store.verify_journal() is None
        assert store.journal_head().serial == len(before["events"])
        for message in store.messages():
            store.documents(message.id)
        for row in store.reports("ocop-2024-2"):
            assert [Vault(tmp_path / "data/vault").get(file.sha256) for file in row.files]
        assert len(store.mails()) == len(before["mails"])
    assert told(database) == before
    copies = list(database.parent.glob("registry.db.before-*"))
    if revision == schema.HEAD:
        assert copies == []
    else:
        assert [path.name for path in copies] == [f"registry.db.before-{schema.HEAD}"]
        assert told(copies[0]) == before


@pytest.mark.parametrize("revision", SCHEMAS)
def test_a_vault_without_a_copy_of_the_journal_gets_one(tmp_path: Path, revision: str) -> None:
    unpack(revision, tmp_path)
    copy = JournalFile(tmp_path / "data" / "vault")
    with open_store(URL, tmp_path) as store:
        assert copy.standing(store) == "registry-ahead"
        copy.catch_up(store, NOON)
        assert copy.standing(store) == "equal"


@pytest.mark.parametrize("revision", SCHEMAS)
def test_fault_092_the_copy_from_before_serves_the_old_program(
    tmp_path: Path, revision: str
) -> None:
    """Put back, it is what the old program wrote; a newer schema is refused and not touched."""
    database = unpack(revision, tmp_path)
    original = database.read_bytes()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9000'")
        connection.commit()
    newer = database.read_bytes()
    with pytest.raises(RegistryTooNew, match="newer version"):
        open_store(URL, tmp_path)
    assert database.read_bytes() == newer
    assert not list(database.parent.glob("*.before-*"))
    database.write_bytes(original)
    open_store(URL, tmp_path).close()
    for copy in database.parent.glob("*.before-*"):
        shutil.copy(copy, database)
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(revision,)]
