"""One daemon on one registry, with real processes: waiting, taking over, standing down."""

import datetime as dt
import json
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, NIL
from rigs.running import replace_line, running_office, wait_for
from rigs.systemd import NotifySocket
from rigs.whole import mail, real_process

pytestmark = [pytest.mark.e2e, pytest.mark.sqlite_file]  # about the lock beside the registry's file


@pytest.fixture
def real(tmp_path, dovecot):
    with running_office(tmp_path / "config", dovecot, next(dovecot.unused)) as office:
        yield office


def other_folder(office, tmp_path):
    """A second config folder that names the same registry, by way of a symbolic link."""
    other = tmp_path / "other"
    shutil.copytree(office.folder, other, ignore=shutil.ignore_patterns("data"))
    (tmp_path / "linked.db").symlink_to(office.folder / "data" / "registry.db")
    path = other / "settings.toml"
    text = path.read_text(encoding="utf-8")
    text = replace_line(text, "database", f'"sqlite:///{tmp_path}/linked.db"')
    text = replace_line(text, "vault", f'"{office.folder}/data/vault"')
    path.write_text(text, encoding="utf-8")
    return other


def today():
    return dt.datetime.now(dt.UTC)


def test_fault_024_the_second_daemon_waits_takes_over_and_mails_leave_once(
    real, tmp_path, monkeypatch
):
    """FAULTS 24: kill -9 the first; the second goes on where it was; a third still waits."""
    with (
        NotifySocket() as systemd,
        ThreadPoolExecutor(1) as listening,
        real_process(real.folder, "run") as first,
    ):
        wait_for(first, "started")
        monkeypatch.setenv("NOTIFY_SOCKET", systemd.address)
        second_folder = other_folder(real, tmp_path)
        with real_process(second_folder, "run") as second:
            told = wait_for(second, "waiting")
            assert f"process {first.pid} of " in told
            assert f"process {first.pid}" in systemd.wait_for("STATUS=waits")
            assert "EXTEND_TIMEOUT_USEC" in systemd.wait_for("EXTEND_TIMEOUT_USEC")
            # It says so each second: who does not listen all the while may miss what comes then.
            ready = listening.submit(systemd.wait_for, "READY=1", 120)
            real.deliver(mail(HOA_CU_MAIL, body=NIL), today())
            wait_for(first, "filed")
            first.send_signal(signal.SIGSTOP)  # it holds the lease, and does nothing any more
            real.deliver(mail(GIA_CAT_MAIL, body=NIL), today())
            # Edited while the second waits: read again before it begins.
            path = second_folder / "settings.toml"
            text = path.read_text(encoding="utf-8")
            path.write_text(replace_line(text, "processed", '"Xong"'), encoding="utf-8")
            first.kill()
            first.wait()
            wait_for(second, "started")
            assert "READY=1" in ready.result(timeout=60)
            wait_for(second, "filed")
            with real_process(real.folder, "run") as third:
                assert f"process {second.pid} of " in wait_for(third, "waiting")
                third.send_signal(signal.SIGHUP)  # nothing new to one that waits
                third.terminate()
                assert third.wait(timeout=60) == 0
            with real_process(real.folder, "status", "--json") as status:
                shown = json.loads(status.communicate(timeout=60)[0])
            assert shown["daemon"]["pid"] == second.pid
            second.terminate()
            assert second.wait(timeout=60) == 0
    assert len(real.inbox("Xong")) == 1
    assert list(real.smtp.copies().values()) == [1, 1]


def test_never_two_daemons_although_somebody_removes_the_lock_file(real):
    """The first sees that what it holds is not the file any more, and ends before any step."""
    lock = real.folder / "data" / "daemon.lock"
    with real_process(real.folder, "run") as first:
        wait_for(first, "started")
        lock.unlink()
        told = first.communicate(timeout=60)[0].decode()
        assert first.returncode == 1
        assert "removed or replaced" in told
    with real_process(real.folder, "run") as again:
        wait_for(again, "started")
        again.terminate()
        assert again.wait(timeout=60) == 0
