"""What a power loss would take away: SIGKILL cannot show it, the order of system calls can.

A daemon keeps, records and acknowledges one letter under strace. Whatever it says to the outside
must rest on what was forced to the disk before.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rigs.answering import HOA_CU_MAIL, form_of_hoa_cu
from rigs.whole import mail, workbook_file

pytestmark = [pytest.mark.e2e, pytest.mark.sqlite_file]  # about the bytes of the registry's file

_ROOT = Path(__file__).parents[2]
_CALLS = "fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,pwrite64,sendto"
_ONCE = """
import sys
from pathlib import Path
from crash.child import once
from rigs.cast import moment
once(Path(sys.argv[1]), moment(15))
"""


@pytest.fixture
def calls(office, tmp_path) -> list[str]:
    """The system calls of one run of the daemon, in their order."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.desk.store.close()
    shutil.rmtree(office.folder / "data")  # the run makes everything anew, also the vault's folder
    log = tmp_path / "calls"
    # -y names the file of a descriptor; -s shows whole pages of the database.
    strace = ["strace", "-f", "-y", "-s", "9000", "-e", f"trace={_CALLS}", "-o", str(log)]
    done = subprocess.run(
        [*strace, sys.executable, "-c", _ONCE, str(office.folder)],
        env={"PYTHONPATH": f"{_ROOT}:{_ROOT / 'tests'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert len(office.sent) == 1
    return _whole(log.read_text(encoding="utf-8", errors="replace").splitlines())


def _whole(lines: Sequence[str]) -> list[str]:
    """Put calls together that strace tells in two lines because others came in between.

    A sync stands where it ended, any other call where it began.
    """
    calls: list[str] = []
    begun: dict[str, tuple[int, str]] = {}
    for line in lines:
        process = line.split()[0]
        start, unfinished, _ = line.partition(" <unfinished ...>")
        if unfinished:
            begun[process] = len(calls), start
            calls.append(start)
        elif " resumed>" in line:
            at, start = begun.pop(process)
            call = start + line.partition(" resumed>")[2]
            if "sync(" in start:
                calls.append(call)
            else:
                calls[at] = call
        else:
            calls.append(line)
    return calls


def _first(calls: Sequence[str], fits: Callable[[str], bool], after: int = -1) -> int:
    """Where the first such call stands; it must be there."""
    found = next((at for at, call in enumerate(calls) if at > after and fits(call)), None)
    assert found is not None
    return found


def _synced(path: str) -> Callable[[str], bool]:
    """Whether a call forces this file, or folder, to the disk."""
    return lambda call: (
        ("fsync(" in call or "fdatasync(" in call) and f"{path}>" in call and "= 0" in call
    )


def test_fault_002_a_letter_is_on_the_disk_before_the_registry_speaks_of_it(calls, office):
    """FAULTS 2: bytes, then their name, then the folders, then the row; then the row's own sync."""
    office.restart()
    [message] = office.store.messages()
    shelf = office.folder / "data" / "vault" / message.sha256[:2]
    renamed = _first(calls, lambda call: "rename" in call and f"{shelf / message.sha256}" in call)
    temporary = calls[renamed].split('"')[1]
    bytes_synced = _first(calls, _synced(temporary))
    name_synced = _first(calls, _synced(str(shelf)), after=renamed)
    shelf_made = _first(calls, lambda call: "mkdir" in call and f'{shelf}"' in call)
    shelf_synced = _first(calls, _synced(str(shelf.parent)), after=shelf_made)
    vault_made = _first(calls, lambda call: "mkdir" in call and f'{shelf.parent}"' in call)
    vault_synced = _first(calls, _synced(str(shelf.parent.parent)), after=vault_made)
    row = _first(calls, lambda call: "registry.db-wal>" in call and message.sha256 in call)
    assert bytes_synced < renamed < name_synced < row
    assert max(shelf_synced, vault_synced) < row
    row_synced = _first(calls, _synced("registry.db-wal"), after=row)
    moved = _first(calls, lambda call: "sendto(" in call and "UID MOVE" in call)
    assert row_synced < moved


def test_fault_110_what_is_handed_over_is_on_the_disk_before_a_byte_of_it_leaves(calls):
    """FAULTS 110: after a power loss nobody takes a mail for unsent that may have been sent."""
    asked = _first(calls, lambda call: "sendto(" in call and '"DATA\\r\\n"' in call)
    content = _first(calls, lambda call: "sendto(" in call and "Message-ID: " in call, after=asked)
    assert asked < _first(calls, _synced("registry.db-wal"), after=asked) < content


def test_every_commit_is_forced_to_the_disk(office):
    """SQLite's synchronous = FULL (2) in the journal mode WAL, on every connection."""
    with office.store._database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
