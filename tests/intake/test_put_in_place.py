"""A registry's file that was put back from before, and people who work on it meanwhile.

Of a server: tests/e2e/test_server_goes_back.py.
"""

import datetime as dt
import os
import resource
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from promises.correspondence import letter
from rigs.cast import moment
from rigs.dump import dump
from rigs.memory_office import CAMPAIGN, ENV, MemoryOffice, Unit
from rigs.replaying import no_bar

import intake.service
import registry.transfer
from config.model import Config
from config.settings import load
from intake.__main__ import _explain
from intake.dossier_files import _parts
from intake.opening import open_database, open_vault
from intake.put_in_place import catch_up_with_copy, put_in_place
from intake.rebuild import bring_up_to_copy
from registry.errors import RegistryBusy, VaultAway
from registry.journal_file import JournalFile
from registry.lease import Lease
from registry.place import Folder
from registry.store import Store, open_store
from registry.vault import Vault

pytestmark = pytest.mark.sqlite_file

NOW = moment(15, 9)


@dataclass
class Scene:
    """A registry of one event; its vault's copy knows of two more."""

    config: Config
    file: Path

    def open(self) -> Store:
        return open_database(self.config)

    def bring_up(self, lease: Lease | None = None) -> int:
        return catch_up_with_copy(self.config, NOW, lambda: None, lease)

    @property
    def beside(self) -> list[str]:
        """The files that lie beside it, but those of SQLite."""
        others = (path.name for path in self.file.parent.glob(f"{self.file.name}?*"))
        return sorted(name for name in others if not name.endswith(("-wal", "-shm")))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    office = MemoryOffice(
        tmp_path / "office", NOW, [Unit("06223", "Hòa Cư", ["hoacu@caoloc.example"])]
    )
    office.store.copy_to(tmp_path / "old.db")
    office.store.pull_brake("thử", NOW)
    office.store.release_brake("officer", NOW)
    office.daemon.copy_journal()
    office.close()
    made = Scene(load(office.folder, env=ENV), office.folder / "data" / "registry.db")
    for path in made.file.parent.glob("registry.db*"):
        path.unlink()
    shutil.copy(tmp_path / "old.db", made.file)
    return made


def decide(store: Store) -> None:
    store.pull_brake("what a person decided", NOW)


def decided(scene: Scene) -> list[str]:
    with scene.open() as store:
        assert store.verify_journal() is None
        return [event.kind for event in store.events_after(0)]


def test_what_is_written_by_a_command_that_was_there_before_stands(scene: Scene) -> None:
    """It has the file open: another one under the same name would never have it."""
    with scene.open() as command:
        assert command.journal_head().serial == 1
        assert scene.bring_up() == 2
        decide(command)
    assert decided(scene) == ["config", "brake-pulled", "brake-released", "brake-pulled"]
    (kept,) = scene.beside
    with open_store(f"sqlite:///{kept}", scene.file.parent) as old:
        assert old.journal_head().serial == 1


def test_a_bucket_that_stumbles_once_ends_the_start_and_loses_no_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is: the next start finds all as it was, and brings the registry up."""
    monkeypatch.setattr(intake.service, "BUILT_AT", moment(1))
    scene = worked(tmp_path)
    read, vault = Folder.read, Path(open_vault(scene.config).place.where())
    stumbles = 0

    def stumbling(place: Folder, name: str) -> bytes:
        nonlocal stumbles
        if place.folder == vault:
            stumbles -= 1
            if not stumbles:
                raise VaultAway("s3://kho/vault: the server asks to be asked less often")
        return read(place, name)

    monkeypatch.setattr(Folder, "read", stumbling)
    for asked in range(1, 1_000):
        stumbles = asked
        try:
            brought = scene.bring_up()
        except VaultAway:
            continue
        break
    assert stumbles > 0, "it was asked less often than that"
    assert brought > 0
    assert asked > 50
    with scene.open() as store:
        assert [one.state for one in store.messages() if one.id == 2] == ["rejected"]
        assert [one.number for one in store.reports(CAMPAIGN)] == [1]


def test_no_report_is_frozen_without_a_file_that_cannot_be_read_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a replay nor by the daemon, which tells of the vault and tries it again."""

    def away(*_: object) -> bytes:
        raise VaultAway("s3://kho/vault: it gives no answer in time")

    office = MemoryOffice(tmp_path / "office", NOW, [Unit("06223", "Hòa Cư", [])])
    monkeypatch.setattr(Vault, "get", away)
    with pytest.raises(VaultAway):
        _parts(office.desk, "a" * 64)
    office.close()


def worked(tmp_path: Path) -> Scene:
    """A registry from before a form, a decision of a person, silence and a report."""
    hoa_cu = "hoacu@caoloc.example"
    office = MemoryOffice(tmp_path / "office", NOW, [Unit("06223", "Hòa Cư", [hoa_cu])])
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    office.store.copy_to(tmp_path / "old.db")
    office.server.deliver(letter("form", "Hòa Cư", hoa_cu, 1, 1), office.now)
    office.server.deliver(letter("query", "Hòa Cư", hoa_cu, 2, 2), office.now)
    office.tick()
    office.store.reject(2, "không liên quan", "officer", office.now)
    while office.now < moment(22, 9):
        office.pass_time(dt.timedelta(hours=6 if office.now.day < 22 else 1))
        office.tick()
    office.close()
    made = Scene(load(office.folder, env=ENV), office.folder / "data" / "registry.db")
    for path in made.file.parent.glob("registry.db*"):
        path.unlink()
    shutil.copy(tmp_path / "old.db", made.file)
    return made


@pytest.mark.parametrize("room", [30_000, 100_000])
def test_a_full_disk_ends_the_start_with_one_line(
    scene: Scene, capsys: pytest.CaptureFixture[str], room: int
) -> None:
    """No file grows past that room: exit code 1, and the next start brings the registry up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(RegistryBusy) as found:
            scene.bring_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(SystemExit) as ended:
        _explain(found.value)
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "is the disk full?" in line
    assert scene.beside == []
    assert scene.bring_up() == 2


@pytest.mark.parametrize("at", [0, -1])
def test_of_a_copy_that_was_damaged_the_admin_hears_just_that(tmp_path: Path, at: int) -> None:
    """And not that it was another registry's; once, also after a kill."""
    office = MemoryOffice(tmp_path / "office", NOW, [Unit("06223", "Hòa Cư", [])])
    office.daemon.copy_journal()
    copy = JournalFile(office.folder / "data" / "vault")
    lines = copy.path.read_bytes().splitlines(keepends=True)
    lines[at] = lines[at][:-3] + b"x]\n"
    copy.path.write_bytes(b"".join(lines))
    copy._put_aside(NOW)
    for _ in range(2):
        office.restart()
        office.daemon.copy_journal()
    (told,) = [one for one in office.store.mails() if one.kind == "alert"]
    assert told.key.startswith("alert/journal-damaged/journal-until-")
    assert "bị hỏng" in told.subject
    office.close()


@pytest.mark.parametrize("when", ["while the old one is kept", "just before it is replaced"])
def test_what_is_written_meanwhile_stands_and_no_copy_is_left(
    scene: Scene, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each start would lay another one beside it, until the disk is full."""
    name = "copy_to" if when == "while the old one is kept" else "take_all_of"
    step = getattr(Store, name)
    once = [decide]

    def meanwhile(store: Store, *arguments: object, **more: object) -> object:
        if once and "rebuilding-" not in str(arguments[0]):  # that copy is played onto
            with scene.open() as command:
                once.pop()(command)
        return step(store, *arguments, **more)

    monkeypatch.setattr(Store, name, meanwhile)
    assert scene.bring_up() == 0
    assert once == []
    assert decided(scene) == ["config", "brake-pulled"]
    assert scene.beside == []
    assert scene.bring_up() == 0
    assert scene.beside == []


def test_a_file_that_stays_locked_is_left_as_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at each start while some program has it: none leaves a copy."""
    monkeypatch.setattr(
        "intake.put_in_place.open_database",
        lambda config: open_database(config, busy_seconds=0.1),
    )
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as program:
        program.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(RegistryBusy, match="locked by another program"):
                scene.bring_up()
            assert scene.beside == []
        program.execute("ROLLBACK")
    assert scene.bring_up() == 2
    assert len(scene.beside) == 1


def test_killed_within_the_replacement_the_old_one_is_there_whole(
    scene: Scene, tmp_path: Path
) -> None:
    rebuilt = bring_up_to_copy(scene.config, tmp_path / "new", no_bar)
    with scene.open() as store:
        before = dump(store)
    child = os.fork()
    if child == 0:
        try:
            registry.transfer._told = lambda *_: os._exit(9)
            put_in_place(scene.config, rebuilt, NOW)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with open_store(f"sqlite:///{scene.file}", tmp_path, thorough=True) as store:
        assert dump(store) == before
    with Lease(scene.file.parent) as lease:
        assert scene.bring_up(lease) == 2
    with scene.open() as store, open_store("sqlite:///new/registry.db", tmp_path) as new:
        assert dump(store) == dump(new)
