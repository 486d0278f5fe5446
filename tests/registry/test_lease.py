"""One daemon per registry."""

import errno
import getpass
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry import lease as module
from registry.errors import RegistryProblem
from registry.lease import Held, Holder, Lease, LeaseLost
from registry.lease import holder as holder_of

HOLDER = """
import sys
from pathlib import Path
from registry.lease import Lease
with Lease(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start another process that holds the lease until its input ends."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_fault_024_second_daemon_is_refused_with_the_holders_pid(tmp_path: Path) -> None:
    """A second daemon on the same data folder does not start and says who holds it."""
    with holder(tmp_path) as process:
        with pytest.raises(Held, match=f"process {process.pid}") as caught:
            Lease(tmp_path).take()
        assert caught.value.pid == process.pid
    with Lease(tmp_path):
        pass


def test_a_killed_daemon_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait()
        assert str(process.pid) in (tmp_path / "daemon.lock").read_text()
        assert holder_of(tmp_path) is None  # what the dead one wrote names nobody
        with Lease(tmp_path):
            found = holder_of(tmp_path)
    assert found is not None
    assert (found.pid, found.host) == (os.getpid(), socket.gethostname())
    assert (found.account, found.since[:2]) == (getpass.getuser(), "20")


def test_the_lease_is_free_after_its_block_and_makes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Lease(folder), pytest.raises(Held) as caught:
        Lease(folder).take()
    assert caught.value.pid == os.getpid()
    with Lease(folder):
        pass


def test_a_holder_that_cannot_be_read_is_still_a_holder(tmp_path: Path) -> None:
    with Lease(tmp_path) as lease:
        for text in ("not a number", "", "[]", '{"pid": "x", "host": 7}', "true"):
            lease.path.write_text(text)
            with pytest.raises(Held, match="another process") as caught:
                Lease(tmp_path).take()
            assert caught.value.pid is None


def test_the_note_of_an_older_version_names_its_process(tmp_path: Path) -> None:
    with Lease(tmp_path) as lease:
        lease.path.write_text("4711\n")
        assert holder_of(tmp_path) == Holder(4711)


def test_who_looks_disturbs_nobody(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None  # nor does it make a file
    assert not (tmp_path / "daemon.lock").exists()
    with Lease(tmp_path):
        assert holder_of(tmp_path) is not None
    with Lease(tmp_path) as again:
        again.check()


# --- waiting ------------------------------------------------------------------------------------


def test_fault_024_a_second_daemon_waits_says_who_holds_it_and_takes_over(tmp_path: Path) -> None:
    """FAULTS 24: it looks once a second, says so at once, and has it after the holder's death."""
    told: list[Holder] = []
    pauses: list[float] = []
    with holder(tmp_path) as process:

        def pause(seconds: float) -> bool:
            pauses.append(seconds)
            if len(pauses) == 3:
                process.kill()
                process.wait()
            return True

        lease = Lease(tmp_path)
        assert lease.wait(pause, told.append)
    with lease:
        lease.check()
    assert pauses == [1.0, 1.0, 1.0]
    assert [one.pid for one in told] == [process.pid]


def test_who_waits_long_says_so_again_and_can_be_told_to_stop(tmp_path: Path) -> None:
    told: list[Holder] = []
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) < 900

    with holder(tmp_path), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.time, "sleep", lambda _: None)
        lease = Lease(tmp_path)
        assert not lease.wait(pause, told.append)
    assert len(told) == 3  # in a quarter of an hour
    with Lease(tmp_path):
        pass  # it took nothing


# --- what breaks a lease ------------------------------------------------------------------------


def test_a_lock_file_that_was_removed_or_replaced_ends_the_lease(tmp_path: Path) -> None:
    """Never two: who replaces the file lets a second daemon in, so the first must stop."""
    with Lease(tmp_path) as lease:
        lease.check()
        lease.path.unlink()
        with pytest.raises(LeaseLost, match="removed or replaced"):
            lease.check()
        with Lease(tmp_path) as second:
            second.check()
            with pytest.raises(LeaseLost):
                lease.check()


def test_a_file_replaced_between_opening_and_locking_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, opened = Lease._open, []

    def opens(lease: Lease) -> int:
        opened.append(real(lease))
        if len(opened) == 1:
            lease.path.unlink()
        return opened[-1]

    monkeypatch.setattr(Lease, "_open", opens)
    with Lease(tmp_path) as lease:
        lease.check()
    assert len(opened) == 2


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(_descriptor: int, _kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(module.fcntl, "flock", flock)
    with pytest.raises(RegistryProblem, match="local disk"):
        Lease(tmp_path).take()


def test_fault_087_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """FAULTS 87: one clear line, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(RegistryProblem, match="cannot be written"):
        Lease(tmp_path / "file").take()


def test_a_note_that_finds_no_room_costs_only_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.os, "pwrite", full)
    (tmp_path / "daemon.lock").write_text("4711\n")  # of a daemon that was killed
    with Lease(tmp_path), pytest.raises(Held, match="another process"):
        Lease(tmp_path).take()
