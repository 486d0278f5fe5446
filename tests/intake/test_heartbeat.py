"""The heartbeat file: whole, readable by a monitor, and written on a full disk as well."""

import datetime as dt
import errno
import json
import os
import stat

import pytest

from intake import heartbeat
from intake.heartbeat import Heartbeat
from notifier.health import Trouble

NOW = dt.datetime(2024, 5, 15, 9, tzinfo=dt.UTC)
FULL = Trouble("disk", "broken", NOW, "the disk fails: No space left on device")
BEAT = Heartbeat(NOW, 4711, NOW, 3, NOW, (FULL,))


def test_what_is_written_is_read(tmp_path):
    assert heartbeat.write(tmp_path, BEAT) is None
    assert heartbeat.read(tmp_path) == BEAT
    path = tmp_path / "heartbeat.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    view = json.loads(path.read_bytes())
    assert (view["well"], view["broken"], view["tick"]) == (False, True, 3)
    assert [one.name for one in tmp_path.iterdir()] == ["heartbeat.json"]


def test_nothing_or_nonsense_is_no_heartbeat(tmp_path):
    assert heartbeat.read(tmp_path) is None
    for text in ("", "[]", "{}", '{"time": 7}', '{"time": "2024-05-15T09:00:00", "pid": "x"}'):
        (tmp_path / "heartbeat.json").write_text(text)
        assert heartbeat.read(tmp_path) is None


def test_a_hundred_troubles_still_fit(tmp_path):
    many = tuple(Trouble("disk", "broken", NOW, "x" * 5_000, str(n)) for n in range(100))
    assert heartbeat.write(tmp_path, Heartbeat(NOW, 1, NOW, 1, None, many)) is None
    assert len((tmp_path / "heartbeat.json").read_bytes()) == 4096
    found = heartbeat.read(tmp_path)
    assert found is not None
    assert 0 < len(found.health) < 100


def test_fault_086_a_full_disk_leaves_the_place_that_the_file_has(tmp_path, monkeypatch):
    """FAULTS 86: no room for a new file, so the old one is written over; the state is told."""
    heartbeat.write(tmp_path, BEAT)
    real = os.open

    def full(path, flags, *mode, **more):
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, *mode, **more)

    monkeypatch.setattr(heartbeat.os, "open", full)
    later = Heartbeat(NOW + dt.timedelta(minutes=1), 4711, NOW, 4, NOW, (FULL,))
    assert heartbeat.write(tmp_path, later) is None
    assert heartbeat.read(tmp_path) == later


def test_a_heartbeat_that_cannot_be_written_is_no_crash(tmp_path):
    why = heartbeat.write(tmp_path / "nowhere", BEAT)
    assert why is not None
    assert "nowhere" in why


@pytest.mark.parametrize("count", [0, 1])
def test_a_torn_file_is_overwritten_whole(tmp_path, count):
    (tmp_path / "heartbeat.json").write_bytes(b"{" * count)
    heartbeat.write(tmp_path, BEAT)
    assert heartbeat.read(tmp_path) == BEAT
