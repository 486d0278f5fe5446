"""A backup is whole and sound whatever happens meanwhile; what is put back is what was taken."""

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rigs.cast import moment

from config.init import write_example
from config.settings import load
from intake.backup import back_up, check, read_manifest
from intake.opening import open_registry
from intake.restore import restore
from registry.errors import NotPossible
from registry.model import Slot

ENV = {"INTAKE_IMAP_PASSWORD": "x", "INTAKE_SMTP_PASSWORD": "x"}
NOW = moment(15)

#: A second process that keeps messages as fast as it can, until its stdin is closed.
WRITER = """
import datetime as dt, sys, threading
from pathlib import Path
from registry.model import Slot
from registry.store import open_store
from registry.vault import Vault
folder, ended = Path(sys.argv[1]), threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
now = dt.datetime(2024, 5, 15, 9, tzinfo=dt.UTC)
vault = Vault(folder / "data/vault")
with open_store("sqlite:///data/registry.db", folder) as store:
    uid = 1000
    while not ended.is_set():
        uid += 1
        raw = f"Message-ID: <{uid}@x.example>\\r\\n\\r\\n{uid}".encode() * 50
        store.keep(Slot("box@here", "INBOX", 7, uid), vault.put(raw), len(raw), now, now)
        print(uid, flush=True)
"""


@pytest.fixture
def office(tmp_path):
    folder = tmp_path / "config"
    write_example(folder)
    return load(folder, env=ENV)


def keep(config, *raws):
    store, vault = open_registry(config)
    with store:
        for number, raw in enumerate(raws, start=1):
            slot = Slot("box@here", "INBOX", 7, number)
            store.keep(slot, vault.put(raw), len(raw), NOW, NOW)
        return store.journal(limit=1)[0]


def taken(config, parent, at=NOW):
    store, vault = open_registry(config)
    with store:
        return back_up(config, store, vault, parent, at, "program 1")


def wait_for_more(config, serial):
    """Wait until somebody else has written more than these events: it may not have had its turn."""
    store, _ = open_registry(config)
    with store:
        ends = time.monotonic() + 60
        while store.journal_head().serial <= serial:
            assert time.monotonic() < ends, "the other process writes nothing"
            time.sleep(0.01)


def test_a_backup_says_what_it_holds_and_is_sound(office, tmp_path):
    head = keep(office, b"one", b"two")
    made = taken(office, tmp_path / "backups")
    assert made.problems == ()
    assert made.folder.name == "intake-20240515T020000Z"
    manifest = read_manifest(made.folder)
    assert (manifest.journal_serial, manifest.journal_sha256) == (head.serial, head.sha256)
    names = {one.path for one in manifest.files}
    assert {"registry.db", "config/settings.toml", "config/communes.csv"} <= names
    assert sum(name.startswith("vault/") for name in names) == 2
    on_disk = {p.relative_to(made.folder).as_posix() for p in made.folder.rglob("*") if p.is_file()}
    assert on_disk == names | {"manifest.json"}
    assert list((tmp_path / "backups").glob(".*")) == []
    assert (made.folder.stat().st_mode & 0o077) == 0


def test_passwords_are_not_in_a_backup(office, tmp_path):
    settings = office.folder / "settings.toml"
    (office.folder / "secrets").mkdir()
    (office.folder / "secrets" / "smtp.txt").write_text("hai-ba-bon")
    (office.folder / "imap.txt").write_text("mot-hai-ba")
    text = settings.read_text("utf-8")
    path = office.folder / "imap.txt"
    text = text.replace('password_env = "INTAKE_IMAP_PASSWORD"', 'password_env = ""', 1)
    text = text.replace('password_file = ""', f'password_file = "{path}"', 1)
    settings.write_text(text, "utf-8")
    config = load(office.folder, env=ENV)
    made = taken(config, tmp_path / "backups")
    held = b"".join(p.read_bytes() for p in made.folder.rglob("*") if p.is_file())
    assert b"mot-hai-ba" not in held
    assert b"hai-ba-bon" not in held
    assert b"password_file" in held


def test_a_backup_while_another_process_writes_is_whole(office, tmp_path):
    keep(office, b"first")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(office.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ) as writer:  # fmt: skip
        assert writer.stdout.readline()
        drain = threading.Thread(target=writer.stdout.read)
        drain.start()
        made = []
        for number in range(3):
            made.append(taken(office, tmp_path / "backups", moment(15, 10, number)))
            wait_for_more(office, made[-1].manifest.journal_serial)
        writer.stdin.close()
        drain.join()
        writer.wait()
    serials = [one.manifest.journal_serial for one in made]
    assert [one.problems for one in made] == [(), (), ()]
    assert serials[0] < serials[2], "the other process wrote nothing meanwhile"


def test_files_of_an_earlier_backup_are_linked(office, tmp_path):
    keep(office, b"one", b"two")
    first = taken(office, tmp_path / "b", moment(15, 10))
    second = taken(office, tmp_path / "b", moment(15, 11))
    assert second.problems == ()
    path = next(one.path for one in second.manifest.files if one.path.startswith("vault/"))
    assert (first.folder / path).stat().st_ino == (second.folder / path).stat().st_ino


def test_a_rotten_file_of_an_earlier_backup_is_not_linked(office, tmp_path):
    keep(office, b"one")
    first = taken(office, tmp_path / "b", moment(15, 10))
    path = next(one.path for one in first.manifest.files if one.path.startswith("vault/"))
    (first.folder / path).write_bytes(b"two")
    assert taken(office, tmp_path / "b", moment(15, 11)).problems == ()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda f: next((f / "vault").glob("??/*")).write_bytes(b"x"), "is not what it was"),
        (lambda f: next((f / "vault").glob("??/*")).unlink(), "is not what it was"),
        (lambda f: (f / "registry.db").write_bytes(b"x"), "registry.db is not what it was"),
        (lambda f: (f / "config/settings.toml").unlink(), "is not what it was"),
    ],
)
def test_a_backup_that_was_harmed_is_told_and_not_restored(office, tmp_path, harm, told):
    keep(office, b"one", b"two")
    made = taken(office, tmp_path / "b")
    harm(made.folder)
    assert any(told in problem for problem in check(made.folder).problems)
    shutil.rmtree(office.folder / "data")
    with pytest.raises(NotPossible, match="not sound"):
        restore(office, made.folder, NOW)
    assert not (office.folder / "data" / "registry.db").exists()


def test_a_file_that_the_vault_had_lost_is_told(office, tmp_path):
    keep(office, b"one", b"two")
    next((office.folder / "data/vault").glob("??/*")).unlink()
    made = taken(office, tmp_path / "b")
    assert made.folder.is_dir()
    assert any("which the vault does not have" in problem for problem in made.problems)


def test_a_changed_journal_is_told(office, tmp_path):
    keep(office, b"one", b"two")
    store, _ = open_registry(office)
    store.close()
    with sqlite3.connect(office.folder / "data/registry.db") as connection:
        connection.execute("UPDATE events SET kind = 'other' WHERE serial = 1")
    made = taken(office, tmp_path / "b")
    assert any("journal was changed" in problem for problem in made.problems)


def test_what_is_restored_is_what_was_taken_and_marked(office, tmp_path):
    head = keep(office, b"one", b"two")
    made = taken(office, tmp_path / "b")
    keep(office, b"one", b"two", b"three")
    shutil.rmtree(office.folder / "data")
    done = restore(office, made.folder, moment(16))
    assert done.problems == ()
    store, vault = open_registry(office)
    with store:
        assert store.counts().messages == {"kept": 2}
        assert vault.get(store.kept()[0].sha256) in {b"one", b"two"}
        assert store.verify_journal() is None
        behind = store.behind()
        assert made.folder.name in behind.reason
        assert (behind.at, behind.known_until) == (moment(16), head.at)
    left = sorted(path.name for path in (office.folder / "data").iterdir())
    assert not [name for name in left if "restoring" in name]


def test_a_registry_that_is_there_is_never_overwritten(office, tmp_path):
    keep(office, b"one")
    made = taken(office, tmp_path / "b")
    keep(office, b"one", b"two")
    with pytest.raises(NotPossible, match="move these files away"):
        restore(office, made.folder, NOW)
    store, _ = open_registry(office)
    with store:
        assert store.counts().messages == {"kept": 2}


def test_a_newer_vault_keeps_its_files(office, tmp_path):
    keep(office, b"one")
    made = taken(office, tmp_path / "b")
    keep(office, b"one", b"two")
    for path in (office.folder / "data").glob("registry.db*"):
        path.unlink()
    assert restore(office, made.folder, NOW).problems == ()
    assert len(list((office.folder / "data/vault").glob("??/*"))) == 2


def test_a_full_disk_leaves_no_half_backup_and_no_half_registry(office, tmp_path, monkeypatch):
    keep(office, b"one", b"two")
    made = taken(office, tmp_path / "b", moment(15, 10))

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("intake.backup.os.fsync", full)
        with pytest.raises(NotPossible, match="No space left"):
            taken(office, tmp_path / "b", moment(15, 11))
    assert [path.name for path in (tmp_path / "b").iterdir()] == [made.folder.name]
    assert check(made.folder).problems == ()
    shutil.rmtree(office.folder / "data")
    with monkeypatch.context() as patch:
        patch.setattr("intake.backup.os.fsync", full)
        with pytest.raises(NotPossible, match="call it again"):
            restore(office, made.folder, NOW)
    assert not (office.folder / "data" / "registry.db").exists()
    assert restore(office, made.folder, NOW).problems == ()


def test_what_lies_beside_the_shelves_of_the_vault_comes_along(office, tmp_path):
    keep(office, b"one")
    beside = office.folder / "data/vault/notes.jsonl"
    beside.write_text("old")
    made = taken(office, tmp_path / "b")
    assert made.problems == ()
    shutil.rmtree(office.folder / "data")
    restore(office, made.folder, NOW)
    assert beside.read_text() == "old"
    beside.write_text("newer")
    for path in (office.folder / "data").glob("registry.db*"):
        path.unlink()
    restore(office, made.folder, NOW)
    assert beside.read_text() == "newer"


def test_what_is_no_backup_is_refused(office, tmp_path):
    with pytest.raises(NotPossible, match="is no backup"):
        restore(office, tmp_path, NOW)
    made = taken(office, tmp_path / "b")
    manifest = made.folder / "manifest.json"
    found = json.loads(manifest.read_text("utf-8"))
    found["files"][0]["path"] = "../../outside"
    manifest.write_text(json.dumps(found), "utf-8")
    with pytest.raises(NotPossible, match="outside"):
        check(made.folder)


def test_the_commands(office, tmp_path):
    """As a user calls them: exit codes and what is printed."""
    keep(office, b"one")

    def intake(*words):
        return subprocess.run(
            [sys.executable, "-m", "intake", "--config", str(office.folder), *words],
            capture_output=True, text=True, check=False, env={**os.environ, **ENV},
        )  # fmt: skip

    made = intake("backup", str(tmp_path / "b"))
    assert made.returncode == 0, made.stderr
    folder = made.stdout.splitlines()[0]
    refused = intake("restore", folder)
    assert refused.returncode == 1
    assert "move these files away" in refused.stderr
    shutil.rmtree(office.folder / "data")
    done = intake("restore", folder)
    assert done.returncode == 0, done.stderr
    assert "start the daemon" in done.stdout
    dossier = intake("export", "ocop-2024-2", "--out", str(tmp_path / "dossier"), "--redact")
    assert dossier.returncode == 0, dossier.stderr
    assert (tmp_path / "dossier" / "SHA256SUMS").exists()
    assert intake("export", "ocop-1999", "--out", str(tmp_path / "x")).returncode == 2
    dropped = intake("release", "--cancel")
    assert (dropped.returncode, "are not sent" in dropped.stdout) == (0, True), dropped.stderr
