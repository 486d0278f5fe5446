"""The journal's hash chain: each event carries the hash of the one before it. Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping

from registry.model import Event

#: What stands before the first event.
GENESIS = "0" * 64


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
    moved event is found; events cut off at the end are not (compare with a backup's last hash).
    """
    previous, expected = GENESIS, 1
    for event in events:
        digest = _digest(
            event.previous, event.serial, event.at, event.kind, event.subject, event.data
        )
        if (event.serial, event.previous, event.sha256) != (expected, previous, digest):
            return expected
        previous, expected = event.sha256, expected + 1
    return None


def _digest(
    previous: str,
    serial: int,
    at: dt.datetime,
    kind: str,
    subject: str,
    data: Mapping[str, object],
) -> str:
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    line = json.dumps(
        [previous, serial, moment, kind, subject, data],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()
