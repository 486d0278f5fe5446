"""A log that cannot be written: the daemon works on, as a real process."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rigs.answering import HOA_CU_MAIL, NIL
from rigs.running import running_office
from rigs.systemd import NotifySocket
from rigs.whole import ENV, mail

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("stderr", ["2>/dev/full", "0<&- 1>&- 2>&-"])
def test_fault_129_a_log_on_a_full_disk_or_closed_stops_nothing(tmp_path, dovecot, stderr):
    """FAULTS 129: stderr full or closed; a mail is answered, SIGTERM ends it with 0.

    Where it was closed no other file takes its number: what a child complains about must not be
    written into the registry.
    """
    user = next(dovecot.unused)
    with running_office(tmp_path / "config", dovecot, user) as office, NotifySocket() as systemd:
        office.deliver(mail(HOA_CU_MAIL, body=NIL), dt.datetime.now(dt.UTC))
        command = f'exec "$@" {stderr}'
        process = subprocess.Popen(
            ["sh", "-c", command, "sh", sys.executable, "-m", "intake", "--config",
             str(office.folder), "run"],
            env={**os.environ, **ENV, "NOTIFY_SOCKET": systemd.address},
        )  # fmt: skip
        try:
            systemd.wait_for("READY=1")
            while not office.smtp.accepted:
                systemd.wait_for("WATCHDOG=1")
            assert office.subjects() == office.subjects(HOA_CU_MAIL)
            wanted = "/dev/full" if "full" in stderr else "/dev/null"
            assert Path(f"/proc/{process.pid}/fd/2").readlink() == Path(wanted)
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
            process.wait()
