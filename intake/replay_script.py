"""The journal read as a script: what is played together, and how two tellings differ. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from registry.model import Event

#: What an event must tell to be played again; older versions of the program told less.
_NEEDED: Mapping[str, str] = {
    "kept": "received_at",
    "seen-again": "received_at",
    "unfetched": "received_at",
    "filed": "to",
    "queued": "body",
    "found-in-sent": "body",
    "report-found": "created_at",
}

#: Events that follow from the next one, and are written in its transaction before it.
BEFORE_THEIR_CAUSE = frozenset({"mail-bounced", "token-ignored"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that came out differently: what the journal says, and what was played.

    ``then`` and ``now`` hold only what differs; an empty ``then`` is an event that the journal
    does not have, an empty ``now`` one that did not come out. ``why`` is a reason in words, ``of``
    the key of a mail.
    """

    serial: int
    at: dt.datetime
    kind: str
    subject: str
    then: Mapping[str, object] = field(default_factory=dict)
    now: Mapping[str, object] = field(default_factory=dict)
    why: str = ""
    of: str = ""


def scenes(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Yield the events that are played together; the last one of a scene says what is played.

    Mails that were queued in one decision are one scene. So are a copy found in Sent, for all its
    recipients, and the launch that it proves; and an event and what came of it in the same
    transaction, if that was written down before it – so a reply and the decision that it brought.
    """
    together: list[Event] = []
    for event in events:
        if together and not _belongs(event, together[-1]):
            yield together
            together = []
        together.append(event)
    if together:
        yield together


def _belongs(event: Event, before: Event) -> bool:
    if before.kind in BEFORE_THEIR_CAUSE or by_reply(before):
        return True
    if before.kind == "found-in-sent" and event.at == before.at:
        proves = event.kind == "launched" and "launched_at" in event.data
        return proves or (event.kind == before.kind and _copy(event) == _copy(before))
    return event.kind == before.kind == "queued" and event.at == before.at


def by_reply(event: Event) -> bool:
    """Whether it is a decision that somebody took by a reply: the reply's own event follows."""
    return "reply" in event.data


def _copy(event: Event) -> tuple[object, object]:
    return event.data["key"], event.data.get("body")


def too_old(event: Event) -> bool:
    """Whether an event was written by a version that did not tell enough to play it again."""
    return event.kind in _NEEDED and _NEEDED[event.kind] not in event.data


def differences(then: Sequence[Event], now: Sequence[Event]) -> list[Difference]:
    """Hold what was played against what the journal says; hashes and serials do not count.

    What an older version of the program did not tell is not compared.
    """
    found = []
    for old, new in zip_longest(then, now):
        if old is None:
            found.append(_extra(new))
        elif new is None or (new.kind, new.subject) != (old.kind, old.subject):
            found.append(Difference(old.serial, old.at, old.kind, old.subject, old.data))
            if new is not None:
                found.append(_extra(new))
        else:
            found += _changes(old, new)
    return found


def _extra(new: Event) -> Difference:
    return Difference(0, new.at, new.kind, new.subject, {}, new.data)


def _changes(old: Event, new: Event) -> list[Difference]:
    changed = [key for key in old.data if new.data.get(key) != old.data[key]]
    if not changed:
        return []
    then = {key: old.data[key] for key in changed}
    now = {key: new.data.get(key) for key in changed}
    key = str(old.data.get("key", ""))
    return [Difference(old.serial, old.at, old.kind, old.subject, then, now, of=key)]


def number_of(event: Event) -> int:
    """Return the number in an event's subject: ``message 12`` → 12."""
    return int(event.subject.rpartition(" ")[2])


def name_of(event: Event) -> str:
    """Return the name in an event's subject: ``campaign ocop-2024-2`` → ``ocop-2024-2``."""
    return event.subject.partition(" ")[2]
