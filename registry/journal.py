"""The journal's hash chain: each event carries the hash of the one before it. Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping

from registry.model import GENESIS_HEAD, Event

#: What stands before the first event.
GENESIS = GENESIS_HEAD.sha256


def seal(
    previous: str,
    serial: int,
    at: dt.datetime,
    kind: str,
    subject: str,
    data: Mapping[str, object],
) -> Event:
    """Return the event with its hash over all it says and over the event before it.

    ``data`` holds only what JSON can carry: text, whole numbers, booleans, None, lists, mappings.
    ``at`` is aware; it is sealed as UTC with microseconds.
    """
    digest = _digest(previous, serial, at, kind, subject, data)
    return Event(serial, at, kind, subject, data, previous, digest)


def verify(events: Iterable[Event]) -> int | None:
    """Return the serial of the first event that does not fit the chain, or None if all do.

    The events start with the first one ever and are in order. An edited, removed, inserted or
    moved event is found; events cut off at the end are not: for that there is the copy in the
    vault (`registry.journal_copy`).
    """
    previous, expected = GENESIS, 1
    for event in events:
        if (event.serial, event.previous) != (expected, previous) or not sound(event):
            return expected
        previous, expected = event.sha256, expected + 1
    return None


def sound(event: Event) -> bool:
    """Whether an event bears the hash over what it says."""
    digest = _digest(event.previous, event.serial, event.at, event.kind, event.subject, event.data)
    return event.sha256 == digest


def to_line(event: Event) -> bytes:
    """Return an event as one line of JSON, as the copy in the vault has it."""
    told = [
        event.serial,
        _moment(event.at),
        event.kind,
        event.subject,
        event.data,
        event.previous,
        event.sha256,
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Event | None:
    """Return the event of a line; None when it is no line of a journal or was changed."""
    try:
        serial, at, kind, subject, data, previous, sha256 = json.loads(line)
        event = Event(serial, dt.datetime.fromisoformat(at), kind, subject, data, previous, sha256)
        return event if sound(event) else None
    except (ValueError, TypeError, AttributeError):
        return None


def _digest(
    previous: str,
    serial: int,
    at: dt.datetime,
    kind: str,
    subject: str,
    data: Mapping[str, object],
) -> str:
    line = json.dumps(
        [previous, serial, _moment(at), kind, subject, data],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")
