"""Opening the registry: new, as it was, older, newer, damaged, locked, full."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from rigs.answers import NOON, answer, arrive, at, hash_of, slot
from rigs.registry import url as url_of

from registry import schema
from registry.errors import RegistryBusy, RegistryDamaged, RegistryProblem, RegistryTooNew
from registry.model import Arrival
from registry.store import Store, open_store
from registry.tables import metadata

URL = "sqlite:///data/registry.db"

#: The version after the one that this program knows.
NEXT = f"{int(schema.HEAD) + 1:04}"
BROKEN = """
revision = "NEXT"
down_revision = "NOW"
branch_labels = None
depends_on = None

def upgrade():
    from alembic import op
    op.execute("CREATE TABLE half (id INTEGER)")
    raise RuntimeError("power loss")
"""
GOOD = BROKEN.replace('    raise RuntimeError("power loss")\n', "")


def database_of(base: Path) -> Path:
    return base / "data" / "registry.db"


def tables_of(base: Path) -> set[str]:
    with closing(sqlite3.connect(database_of(base))) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


@contextmanager
def lock(base: Path) -> Iterator[None]:
    """Hold the database as an admin's forgotten sqlite3 shell does."""
    with closing(sqlite3.connect(database_of(base), isolation_level=None)) as shell:
        shell.execute("BEGIN EXCLUSIVE")
        yield
        shell.execute("ROLLBACK")


def test_a_new_registry_is_made_with_its_folder(tmp_path: Path) -> None:
    with open_store(URL, tmp_path) as store:
        assert store.path_of_database() == database_of(tmp_path)
        store.check()
        assert store.counts().messages == {}
    with open_store(URL, tmp_path, thorough=True) as store:
        assert store.kept() == []


@pytest.mark.sqlite_file
def test_it_is_durable_and_guards_its_references(store: Store) -> None:
    with store._database.read() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.sqlite_file
def test_the_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    with store._database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        columns = {
            table: {
                (column["name"], str(column["type"]), column["nullable"])
                for column in sa.inspect(connection).get_columns(table)
            }
            for table in metadata.tables
        }
    declared = {
        name: {
            (column.name, column.type.compile(store._database.engine.dialect), column.nullable)
            for column in table.columns
        }
        for name, table in metadata.tables.items()
    }
    assert columns == declared


def test_the_code_knows_the_newest_migration() -> None:
    assert ScriptDirectory(str(schema._FOLDER)).get_heads() == [schema.HEAD]


def next_version(monkeypatch: pytest.MonkeyPatch, base: Path, revision: str) -> None:
    """Pretend that the program has one more migration."""
    folder = base / "migrations"
    shutil.copytree(schema._FOLDER, folder)
    text = revision.replace("NEXT", NEXT).replace("NOW", schema.HEAD)
    (folder / "versions" / f"{NEXT}_next.py").write_text(text)
    monkeypatch.setattr(schema, "_FOLDER", folder)
    monkeypatch.setattr(schema, "HEAD", NEXT)


def test_fault_092_older_registry_is_migrated_after_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older registry is copied beside itself, then migrated; nothing in it is lost."""
    with open_store(URL, tmp_path) as store:
        message_id = arrive(store, "a")
    next_version(monkeypatch, tmp_path, GOOD)
    with open_store(URL, tmp_path) as store:
        assert store.message(message_id).sha256 == hash_of("a")
        assert "half" in tables_of(tmp_path)
    copy = tmp_path / "data" / f"registry.db.before-{NEXT}"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT sha256 FROM messages").fetchall() == [(hash_of("a"),)]


def test_fault_092_a_migration_that_breaks_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration is one transaction: one that dies half-way leaves the old registry."""
    with open_store(URL, tmp_path) as store:
        arrive(store, "a")
    with monkeypatch.context() as patch:
        next_version(patch, tmp_path, BROKEN)
        with pytest.raises(RuntimeError, match="power loss"):
            open_store(URL, tmp_path)
    assert "half" not in tables_of(tmp_path)
    with open_store(URL, tmp_path) as store:
        assert len(store.kept()) == 1


def test_fault_092_newer_registry_is_refused(tmp_path: Path) -> None:
    """A registry of a newer program is not touched; the error says what to do."""
    open_store(URL, tmp_path).close()
    with closing(sqlite3.connect(database_of(tmp_path))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(RegistryTooNew, match="newer version"):
        open_store(URL, tmp_path)


def test_fault_090_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A registry file with other bytes does not start and the error says how to restore."""
    path = database_of(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"PK\x03\x04 this was never a database " * 200)
    with pytest.raises(RegistryDamaged, match="intake restore"):
        open_store(URL, tmp_path)


def test_fault_090_overwritten_page_is_found_at_the_start(tmp_path: Path) -> None:
    """A page that a bad disk overwrote is found before the daemon does anything."""
    with open_store(URL, tmp_path) as store:
        for number in range(200):
            arrive(store, str(number))
    path = database_of(tmp_path)
    data = bytearray(path.read_bytes())
    for page in range(8, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    with pytest.raises(RegistryDamaged, match="damaged"):
        open_store(URL, tmp_path, thorough=True)


def test_fault_089_locked_registry_is_waited_for_then_busy(tmp_path: Path) -> None:
    """While a shell holds the registry a write says busy and loses nothing; then it works."""
    with open_store(URL, tmp_path, busy_seconds=0.05) as store:
        with lock(tmp_path):
            with pytest.raises(RegistryBusy, match="locked"):
                arrive(store, "a", uid=1)
            assert store.kept() == []
        arrive(store, "a", uid=1)
        assert len(store.kept()) == 1
        assert store.verify_journal() is None


@pytest.mark.sqlite_file
def test_fault_086_full_disk_is_a_pause_and_not_a_loss(store: Store) -> None:
    """A disk that is full at the registry stops the write whole; with room again it goes on."""
    first = arrive(store, "first")
    with store._database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    many = [Arrival(slot(uid), hash_of(f"m{uid}"), 1, NOON) for uid in range(10, 500)]
    with pytest.raises(RegistryBusy, match="disk full"):
        store.keep_all(many, NOON)
    with store._database.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert [message.id for message in store.kept()] == [first]
    assert store.verify_journal() is None
    store.record(first, answer(), at(1))


@pytest.mark.sqlite_file
def test_fault_087_registry_that_may_not_be_written_is_refused_clearly(store: Store) -> None:
    """A file that cannot be written is a problem for the admin, said in one line."""
    with store._database.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(RegistryProblem, match="right to write"):
        arrive(store, "a")


def test_fault_087_folder_that_cannot_be_made_is_refused_clearly(tmp_path: Path) -> None:
    """A data folder that cannot be made stops the start with a clear line."""
    (tmp_path / "data").write_text("a file in the folder's place")
    with pytest.raises(RegistryProblem, match="cannot be made"):
        open_store(URL, tmp_path)


def test_fault_087_database_that_is_a_folder_is_refused_clearly(tmp_path: Path) -> None:
    """A folder in the database's place stops the start with a clear line."""
    database_of(tmp_path).mkdir(parents=True)
    with pytest.raises(RegistryProblem, match="cannot be opened"):
        open_store(URL, tmp_path)


@pytest.mark.parametrize("url", ["registry.db", "", "://"])
def test_what_is_no_url_is_refused_with_an_example(tmp_path: Path, url: str) -> None:
    with pytest.raises(RegistryProblem, match=r"sqlite:///data/registry\.db"):
        open_store(url, tmp_path)


def test_an_absolute_path_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / "r.db"
    with open_store(f"sqlite:///{path}", tmp_path / "config") as store:
        assert store.path_of_database() == path


def test_two_stores_see_each_others_work(store: Store, tmp_path: Path) -> None:
    with open_store(url_of(tmp_path), tmp_path) as other:
        message_id = arrive(other, "a")
        store.record(message_id, answer(), at(1))
        assert other.message(message_id).state == "recorded"
        assert other.verify_journal() is None


def test_a_write_holds_the_lock_from_its_first_moment(store: Store, tmp_path: Path) -> None:
    with (
        open_store(url_of(tmp_path), tmp_path, busy_seconds=0.05) as other,
        store._database.write(),
        pytest.raises(RegistryBusy),
    ):
        arrive(other, "a")


def test_writers_at_the_same_time_wait_for_each_other(store: Store, tmp_path: Path) -> None:
    def write(name: str) -> None:
        with open_store(url_of(tmp_path), tmp_path) as own:
            for number in range(15):
                arrive(own, f"{name} {number}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["one", "two"]))
    assert len(store.kept()) == 30
    assert store.verify_journal() is None


@pytest.mark.sqlite_file
def test_a_copy_is_a_sound_registry_of_that_moment(store: Store, tmp_path: Path) -> None:
    message_id = arrive(store, "a")
    copy = tmp_path / "copy" / "data" / "registry.db"
    copy.parent.mkdir(parents=True)
    store.copy_to(copy)
    arrive(store, "b")
    with open_store(URL, tmp_path / "copy", thorough=True) as restored:
        assert [message.id for message in restored.kept()] == [message_id]


def test_the_counts_are_for_the_status(store: Store) -> None:
    store.record(arrive(store, "a"), answer(), at(1))
    arrive(store, "b")
    counts = store.counts()
    assert counts.messages == {"kept": 1, "recorded": 1}
    assert counts.verdicts == {"submission": 1}
    assert (counts.mails, counts.mail_kinds) == ({}, {})


def test_the_journal_tells_the_story_newest_first(store: Store) -> None:
    message_id = arrive(store, "a")
    store.record(message_id, answer(), at(1))
    arrive(store, "b")
    assert [event.kind for event in store.journal(2)] == ["kept", "recorded"]
    story = store.journal(subject=f"message {message_id}")
    assert [event.kind for event in story] == ["recorded", "kept"]
