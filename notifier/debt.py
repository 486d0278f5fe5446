"""The debt: one mail owed, and the world in which the rules of `notifier.due` find it. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from config.model import Campaign, Config
from notifier.calendar import Calendar
from notifier.schedule import Addresses, campaign_state, live
from notifier.token import Subject
from registry.model import CampaignState, CommuneKey, MailKind, Snapshot, Verdict

#: Mail that nobody asked for: office hours only, counted by the brake.
UNASKED: frozenset[MailKind] = frozenset({"call", "reminder", "silence", "question"})

#: Mail that answers a message of its recipient.
ANSWERS: frozenset[MailKind] = frozenset({"ack", "stranger"})

#: Unasked mail that would be wrong to send to somebody whose answer was not read yet.
NEEDS_INBOX: frozenset[MailKind] = frozenset({"reminder", "silence"})

#: What waits for a person when nobody can tell what has left already: all but the alert about it.
HELD_WHEN_UNSURE: frozenset[MailKind] = frozenset(get_args(MailKind)) - {"alert"}

#: Verdicts that are never answered, whatever else the registry says (promise 6).
NEVER_ANSWERED: frozenset[Verdict] = frozenset(
    {
        *("copy", "bounce", "auto-reply", "own", "self-test", "automatic", "loop", "old"),
        *("infected", "unchecked", "department"),
    }
)


@dataclass(frozen=True, slots=True)
class Asks:
    """What a mail asks a decision about: the message or report, and the key that seals the tokens.

    The key names the set of decisions that may be taken: once one is taken, it is another key.
    """

    about: Subject
    number: int
    key: str


@dataclass(frozen=True, slots=True)
class Due:
    """A mail owed now. ``key`` is stable: the same debt has the same key after any restart.

    ``template`` names the wording (``ack-registered``, ``reminder``, …). ``facts`` carries what
    else the wording needs (step id, report id). Nothing leaves before ``not_before``. ``meant_for``
    are the true recipients of a mail that is redirected to somebody else. A mail that ``asks`` is
    rendered for each recipient alone, with a token that only this one can use.
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
    meant_for: Addresses = ()
    asks: Asks | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What every rule looks at: the arguments of `due`, and questions asked of them often."""

    snapshot: Snapshot
    config: Config
    calendar: Calendar
    now: dt.datetime

    def office_moment(self, moment: dt.datetime) -> dt.datetime:
        """Return the first instant in office hours from ``moment`` and from now on."""
        return self.calendar.next_moment(max(moment, self.now), self.config.settings.hours)

    def state(self, campaign: Campaign) -> CampaignState:
        """Return what happened to the campaign so far."""
        return campaign_state(self.snapshot, campaign)

    def paid(self) -> Callable[[str], bool]:
        """Return what tells of a key whether its mail is in the outbox, and reached somebody.

        Rules that ask it first need not work out whom a mail would go to that is not owed: a nation
        is called once, and looked at a hundred times a day.
        """
        known, lost = self.snapshot.mail_keys, {one.key for one in self.snapshot.lost}
        return lambda key: key in known and key not in lost

    def officers(self) -> Addresses:
        """Return where notices to the officers go."""
        return self.alive(self.config.settings.officers.addresses)

    def alive(self, addresses: Addresses) -> Addresses:
        """Return the living ones of our own people; if all bounced, all of them all the same."""
        return live(addresses, self.snapshot.bounced) or addresses
