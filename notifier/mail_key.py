"""What a mail's key says: which debt it paid, of which campaign, commune or message. Pure.

The keys are made by the rules of `notifier.due` and stand in the marker header of every mail that
leaves, so that a copy in Sent tells what had been sent although the registry has forgotten it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from notifier.mime import message_id
from registry.model import CommuneKey, MailKind

#: The header that carries the key.
MARKER = "X-Commune-Intake"
_PREFIXES: Mapping[str, MailKind] = MappingProxyType(
    {
        "ack": "ack",
        "stranger": "stranger",
        "held": "held",
        "question": "question",
        "call": "call",
        "remind": "reminder",
        "silence": "silence",
        "draft": "draft",
        "report": "report",
        "returned": "returned",
        "department": "department",
        "digest": "digest",
        "alert": "alert",
    }
)
_ABOUT_A_MESSAGE = frozenset({"ack", "stranger", "held", "question", "department"})
_TO_A_COMMUNE = frozenset({"call", "reminder", "silence"})


@dataclass(frozen=True, slots=True)
class MailKey:
    """A key taken apart. ``identity`` is the beginning of a message's; ``number`` a report's."""

    kind: MailKind
    campaign: str | None = None
    commune: CommuneKey | None = None
    identity: str = ""
    number: int = 0


def read_key(key: str) -> MailKey | None:
    """Return what a key says; None if it is none of ours."""
    prefix, *parts = key.split("/")
    kind = _PREFIXES.get(prefix)
    if kind is None or not parts or not parts[0]:
        return None
    if kind in _ABOUT_A_MESSAGE:
        return MailKey(kind, identity=parts[0])
    if kind in _TO_A_COMMUNE:
        commune = _commune(parts[1]) if len(parts) > 1 else None
        return MailKey(kind, parts[0], commune) if commune else None
    if kind in {"draft", "report", "returned"}:
        number = parts[1] if len(parts) > 1 else ""
        return MailKey(kind, parts[0], number=int(number)) if number.isdecimal() else None
    return MailKey(kind)


def made_for(key: str, rfc_message_id: str, recipients: Iterable[str] = ()) -> bool:
    """Whether this Message-ID is the one that the key gives, whatever the office's domain was.

    For all its recipients together, or for one of these alone. Somebody may have edited an old
    mail of ours as new: then its marker says nothing any more.
    """
    found = rfc_message_id.strip().partition("@")[0]
    return any(
        message_id(key, "office@example", alone).partition("@")[0] == found
        for alone in ("", *recipients)
    )


def _commune(text: str) -> CommuneKey | None:
    code, _, day = text.partition("@")
    try:
        return code, dt.date.fromisoformat(day)
    except ValueError:
        return None
