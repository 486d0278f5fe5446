"""A disk that is really full: at the vault, at the registry, at the report. And one we may not use.

The disks are small tmpfs mounts, which only root can make; elsewhere these tests say so.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, NIL, OFFICER, form_of_hoa_cu, state
from rigs.cast import moment
from rigs.running import running_office
from rigs.whole import CAMPAIGN, ENV, Whole, mail, real_process, workbook_file

from intake import heartbeat, views
from intake import service as service_module
from intake.daemon import Daemon
from intake.service import Service
from registry.database import Database
from registry.lease import Lease

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.sqlite_file,
]  # about the disk that has the registry's file

BOOK = form_of_hoa_cu()


class SmallDisk:
    """A tmpfs that can be filled up and emptied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def empty(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    yield SmallDisk(folder)
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(autouse=True)
def built_long_ago(monkeypatch):
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))


def service_of(office):
    """The daemon with its surroundings, after one quiet turn."""
    service = Service(office.daemon, ENV, folder=office.store.path_of_database().parent)
    service._turn()
    return service


def codes(office):
    return {(one.key, one.severity) for one in office.daemon.health.current}


def test_fault_086_a_full_vault_stops_intake_before_anything_is_moved(open_office, disk):
    """FAULTS 86: told by mail, heartbeat and status; resumes alone; nothing was lost."""
    office = open_office(storage={"vault": f'"{disk.folder}/vault"'})
    service = service_of(office)
    disk.fill()
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    service._turn()
    assert len(office.inbox()) == 1
    assert office.store.counts().messages == {}
    assert any("Ổ đĩa" in subject for subject in office.subjects(OFFICER))
    beat = heartbeat.read(service.folder)
    assert ("disk", "broken") in {(one.code, one.severity) for one in beat.health}
    disk.empty()
    service._turn()
    assert state(office) == "registered"
    assert (len(office.inbox()), len(office.subjects(HOA_CU_MAIL))) == (0, 1)


def test_fault_086_a_full_registry_gives_up_the_tick_and_resumes_alone(open_office, disk):
    """FAULTS 86: no write to the WAL, so no mail can be queued: the heartbeat carries it."""
    office = open_office(
        storage={
            "database": f'"sqlite:///{disk.folder}/registry.db"',
            "vault": f'"{disk.folder}/vault"',
        }
    )
    service = service_of(office)
    # Four megabytes are little: that was said while there was room to say it.
    assert [subject.startswith("[Cảnh báo") for subject in office.subjects()] == [True]
    disk.fill()
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    for _ in range(2):
        service._turn()
    assert len(office.inbox()) == 2
    assert len(office.smtp.accepted) == 1
    beat = heartbeat.read(service.folder)
    assert beat.tick == 3
    assert {"broken"} <= {one.severity for one in beat.health}
    assert {one.code for one in beat.health} & {"registry", "disk"}
    with Lease(service.folder):
        told = views.status(office.config, office.store, office.now)["health"]
    assert ("disk", "broken") in {(one["code"], one["severity"]) for one in told}
    disk.empty()
    service._turn()
    assert (state(office), state(office, "06235")) == ("registered", "nil")
    assert len(office.inbox()) == 0
    assert set(office.smtp.copies().values()) == {1}
    assert "registry" not in {key for key, _ in codes(office)}


def test_fault_086_a_report_that_finds_no_room_is_frozen_when_there_is_some(open_office, disk):
    """FAULTS 86: the silence was recorded, its notices leave; the report comes with the room."""
    office = open_office(storage={"vault": f'"{disk.folder}/vault"'})
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(21, 9))
    disk.fill()
    office.tick(moment(22, 8))
    assert office.store.reports(CAMPAIGN) == []
    assert any("báo cáo" in subject for subject in office.subjects(OFFICER))
    disk.empty()
    office.tick(moment(22, 9))
    assert len(office.store.reports(CAMPAIGN)) == 1


# --- locked -------------------------------------------------------------------------------------


def test_fault_089_a_shell_that_locks_the_registry_for_a_minute_costs_its_ticks(
    office, monkeypatch
):
    """FAULTS 89: each tick waits, is given up and lost nothing; then all goes on."""
    office._desk.close()
    monkeypatch.setattr(
        "registry.store.Database", lambda url, **_: Database(url, busy_seconds=0.05)
    )
    office._open()
    service = service_of(office)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    path = office.store.path_of_database()
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN EXCLUSIVE")
    for seconds in (0, 30, 60):
        office.now = moment(15, 9, 0, seconds) if seconds < 60 else moment(15, 9, 1)
        service._turn()
        assert heartbeat.read(path.parent).health[0].code == "registry"
    assert (len(office.inbox()), office.smtp.accepted) == (1, [])
    shell.execute("ROLLBACK")
    shell.close()
    service._turn()
    assert state(office) == "nil"
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert heartbeat.read(path.parent).health == ()


# --- damaged, or not ours -----------------------------------------------------------------------


@pytest.fixture
def elsewhere():
    """A folder that other users can reach; pytest's own is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="office-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_fault_090_a_damaged_registry_does_not_start_and_the_mailbox_stays(tmp_path, dovecot):
    """FAULTS 90: says how to come back, exit code 1; not one message is touched."""
    user = next(dovecot.unused)
    with running_office(tmp_path / "config", dovecot, user) as office:
        office._open()
        office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
        office.tick()
        office._desk.close()
        office.deliver(mail(GIA_CAT_MAIL, body=NIL))
        path = office.folder / "data" / "registry.db"
        size = path.stat().st_size
        with path.open("r+b") as file:
            for page in range(2, size // 4096, 2):
                file.seek(page * 4096)
                file.write(b"\xff" * 4096)
        before = office.inbox()
        for command in ("run", "once"):
            with real_process(office.folder, command) as daemon:
                told = daemon.communicate(timeout=60)[0].decode()
            assert daemon.returncode == 1
            assert "is damaged" in told
            assert "intake restore" in told
            assert "Traceback" not in told
        assert office.inbox() == before != []


def test_fault_087_lost_permissions_are_named_and_nothing_is_moved(elsewhere, dovecot):
    """FAULTS 87: a data folder that the service's user may not write; one line, exit code 1."""
    user = next(dovecot.unused)
    with running_office(elsewhere / "config", dovecot, user) as office:
        office.deliver(mail(HOA_CU_MAIL, body=NIL))
        for path in (elsewhere, *elsewhere.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        as_nobody = (
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            if os.geteuid() == 0
            else []
        )
        for command in ("run", "once"):
            done = subprocess.run(
                [*as_nobody, sys.executable, "-m", "intake", "--config", office.folder, command],
                env={**os.environ, **ENV, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert done.returncode == 1, done.stderr
            assert "cannot be written" in done.stderr
            assert "Traceback" not in done.stderr
        assert len(office.inbox()) == 1
        for path in (elsewhere, *elsewhere.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_fault_087_a_vault_that_may_not_be_written_pauses_intake_alone(open_office, monkeypatch):
    """FAULTS 87: EACCES as EIO: the mailbox is left alone, what is known is still answered."""
    office: Whole = open_office()
    daemon: Daemon = office.daemon
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    daemon.collect_and_keep()
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))

    def refused(_data):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(office.desk.vault, "put", refused)
        office.tick()
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert len(office.inbox()) == 1
    office.tick()
    assert state(office, "06235") == "nil"
