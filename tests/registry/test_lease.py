"""One daemon per registry."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry.lease import Held, Lease

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
        with Lease(tmp_path) as lease:
            assert lease.path.read_text() == f"{os.getpid()}\n"


def test_the_lease_is_free_after_its_block_and_makes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Lease(folder), pytest.raises(Held) as caught:
        Lease(folder).take()
    assert caught.value.pid == os.getpid()
    with Lease(folder):
        pass


def test_a_holder_that_cannot_be_read_is_still_a_holder(tmp_path: Path) -> None:
    with Lease(tmp_path) as lease:
        lease.path.write_text("not a number")
        with pytest.raises(Held, match="another process") as caught:
            Lease(tmp_path).take()
    assert caught.value.pid is None
