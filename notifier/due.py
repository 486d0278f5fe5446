"""Which mails are owed now: a pure function of the registry, the calendar and the clock."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.model import CommuneKey, MailKind


@dataclass(frozen=True, slots=True)
class Due:
    """A mail owed now. ``key`` is stable: the same debt has the same key after any restart.

    ``template`` names the wording (``ack-registered``, ``reminder``, …). ``facts`` carries what
    else the wording needs (step id, report id). Nothing leaves before ``not_before``.
    """

    kind: MailKind
    key: str
    to: tuple[str, ...]
    template: str
    not_before: dt.datetime
    cc: tuple[str, ...] = ()
    campaign: str | None = None
    commune: CommuneKey | None = None
    message_id: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
