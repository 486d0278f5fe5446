"""The heartbeat file: written at each turn of the loop, for whoever watches from outside.

It lies beside the registry and says what the registry may be unable to say: that its disk is full,
or that it is locked. A monitor reads ``time`` (old: the loop hangs or nothing runs) and ``health``.
"""

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from notifier.health import Code, Trouble

NAME = "heartbeat.json"
#: The file always has this size, so that on a full disk it can be written in the place it has.
_BYTES = 4096
_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One turn of the loop. ``read_at`` is until when the inbox counts as read."""

    time: dt.datetime
    pid: int
    started_at: dt.datetime
    tick: int
    read_at: dt.datetime | None
    health: tuple[Trouble, ...] = ()


def write(folder: Path, beat: Heartbeat) -> str | None:
    """Replace the file as a whole; where that cannot be done now, write it in its place.

    Returns why not even that could be done. Never raises: a heartbeat that is not written gets
    old, which is what it is for.
    """
    data = _bytes(beat)
    path = folder / NAME
    try:
        _replace(path, data)
    except OSError:
        try:
            _overwrite(path, data)
        except OSError as error:
            return str(error)
    return None


def read(folder: Path) -> Heartbeat | None:
    """Return the last heartbeat; None when there is none, or it cannot be understood."""
    try:
        found = json.loads((folder / NAME).read_bytes())
        return Heartbeat(
            time=dt.datetime.fromisoformat(found["time"]),
            pid=int(found["pid"]),
            started_at=dt.datetime.fromisoformat(found["started_at"]),
            tick=int(found["tick"]),
            read_at=_moment(found["read_at"]),
            health=tuple(_trouble(one) for one in found["health"] if one["code"] in get_args(Code)),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def shown(troubles: Sequence[Trouble]) -> list[dict[str, Any]]:
    """Return troubles as JSON shows them, here and in `intake status --json`."""
    return [
        {
            "code": one.code,
            "about": one.about,
            "severity": one.severity,
            "since": one.since.isoformat(),
            "text": one.text[:_LONGEST_TEXT],
            "advice": one.advice,
        }
        for one in troubles
    ]


def _bytes(beat: Heartbeat) -> bytes:
    """JSON, filled up with spaces; with very many troubles the last ones are left out."""
    count = len(beat.health)
    while True:
        health = shown(beat.health[:count])
        for one in health:
            del one["advice"]
        view = {
            "time": beat.time.isoformat(),
            "pid": beat.pid,
            "started_at": beat.started_at.isoformat(),
            "tick": beat.tick,
            "read_at": beat.read_at.isoformat() if beat.read_at else None,
            "well": not beat.health,
            "broken": any(one.severity == "broken" for one in beat.health),
            "health": health,
        }
        data = json.dumps(view, indent=1).encode()
        if len(data) < _BYTES:
            return data.ljust(_BYTES - 1) + b"\n"
        count -= 1


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    try:
        os.fchmod(descriptor, 0o640)  # whatever the umask is: it holds nothing personal
        whole = os.write(descriptor, data) == len(data)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    if not whole:
        fresh.unlink()
        raise OSError("the disk took only a part of it")
    fresh.replace(path)


def _overwrite(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, data, 0)
    finally:
        os.close(descriptor)


def _trouble(found: dict[str, Any]) -> Trouble:
    since = dt.datetime.fromisoformat(found["since"])
    return Trouble(found["code"], found["severity"], since, found["text"], found["about"])


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
