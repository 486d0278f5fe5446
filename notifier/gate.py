"""The gate that every mail passes: may it leave now, and if not, what becomes of it?

Shell: reads the registry, writes nothing. What it read holds as long as nobody else writes: the
journal's last event tells.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from config.model import Config
from notifier.calendar import Calendar
from notifier.debt import ANSWERS, UNASKED
from notifier.limits import DAY, HOUR, over_cap
from notifier.recheck import still_due
from notifier.redirect import stray
from registry.model import (
    Head,
    Mail,
    MailKind,
    MailState,
    Message,
    Snapshot,
    Verdict,
    Window,
    debt_key,
    redirection,
)
from registry.sending import Given, Outgoing, WrittenDown
from registry.snapshot import windows

CAP_DELAY = dt.timedelta(minutes=30)
#: How long an answer waits for its message to be read again, before it is asked once more.
READING_DELAY = dt.timedelta(minutes=5)
_MACHINE = "the recipient's cap of the day is reached, and its message brought no answer"
#: Verdicts of messages with files: whoever sent one must hear what became of it.
_WITH_FILES: frozenset[Verdict] = frozenset(
    {
        *("submission", "correction", "duplicate", "dossier", "letter-only"),
        *("wrong-form", "blank-template", "unreadable", "too-large"),
    }
)
#: So many answers to one sender's files of one verdict wait for tomorrow: more says the same, and a
#: machine may be enclosing them.
_WAIT_AT_MOST = 2
#: Kinds that no snapshot is needed for to ask again; an answer's own message is.
_WITHOUT_SNAPSHOT: frozenset[MailKind] = frozenset({"ack", "alert"})
#: Of mails in these states a copy is with the recipient, or may be.
_GIVEN: frozenset[MailState] = frozenset({"sent", "sending", "unknown"})
_UNKNOWN_HEAD = -1


class GateStore(Protocol):
    """What the gate asks of the registry; `registry.store.Store` is one."""

    def journal_head(self) -> Head: ...  # noqa: D102  as the store's
    def outgoing(self, asked: Sequence[Mail], since: dt.datetime) -> Outgoing: ...  # noqa: D102
    def answers_before(self, message: Message, since: dt.datetime) -> int: ...  # noqa: D102
    def snapshot(  # noqa: D102
        self, campaigns: Mapping[str, Window], *, contents: bool = True, findings: bool = True
    ) -> Snapshot: ...


@dataclass(frozen=True, slots=True)
class Stopped:
    """A mail that must not leave now. ``reason`` is plain words for operators.

    ``capped``: its recipient has had as much as anybody may get.
    """

    state: MailState
    reason: str
    next_try_at: dt.datetime | None = None
    capped: bool = False


class Gate:
    """Asked of each mail before its dialogue, and again before its content if anybody wrote.

    `look` reads what concerns some mails at once; `wrote` tells it what we wrote ourselves.
    """

    def __init__(
        self, store: GateStore, config: Config, calendar: Calendar, jitter: Callable[[], float]
    ) -> None:
        self._store, self._config, self._calendar = store, config, calendar
        self._jitter = jitter
        #: The journal's event up to which it knows what was written.
        self.as_of = _UNKNOWN_HEAD
        self._raws: Mapping[int, bytes] = {}
        self._seen: frozenset[int] = frozenset()
        self._messages: Mapping[int, Message] = {}
        self._given: dict[str, dict[int, Given]] = {}
        self._snapshot: Snapshot | None = None

    # --- what is known ---

    def look(self, mails: Sequence[Mail], now: dt.datetime) -> None:
        """Read what decides about these mails, as it is now."""
        found = self._store.outgoing(mails, now - DAY)
        if found.head != self.as_of:
            self._snapshot = None
        self.as_of, self._messages, self._raws = found.head, found.messages, found.raws
        self._seen = frozenset(mail.id for mail in mails)
        self._given = {_whose(mail.recipient): {} for mail in mails}
        for one in found.given:
            self._given[one.recipient_key][one.mail_id] = one

    def knows(self, mail: Mail) -> bool:
        """Whether `look` was asked for this mail."""
        return mail.id in self._seen

    def raw(self, mail: Mail) -> bytes | None:
        """Return a mail's bytes, if `look` brought them."""
        return self._raws.get(mail.id)

    def is_current(self) -> bool:
        """Whether nobody but us has written anything since `look`."""
        return self.as_of == self._store.journal_head().serial

    def wrote(self, written: WrittenDown) -> None:
        """Take note of our own writing, and of anybody's in between."""
        ours = written.before == self.as_of
        self.as_of = written.after if ours else _UNKNOWN_HEAD

    def gave(self, mail: Mail, at: dt.datetime) -> None:
        """Take note that a mail is handed over, and counts for its recipient's caps."""
        mine = self._given.setdefault(_whose(mail.recipient), {})
        before = mine.get(mail.id)
        doubted_at = before.handed_at if before and mail.state == "unknown" else None
        mine[mail.id] = Given(mail.id, mail.key, _whose(mail.recipient), at, doubted_at)

    def settled(self, mail: Mail, state: MailState) -> None:
        """Take note of an outcome: what was not taken does not count for the caps."""
        if state not in _GIVEN:
            self._given.get(_whose(mail.recipient), {}).pop(mail.id, None)

    # --- the question ---

    def ask(self, mail: Mail, now: dt.datetime) -> Stopped | None:
        """Return what becomes of a mail that must not leave at this moment, or None."""
        settings = self._config.settings
        if why_not := stray(mail, settings):
            # A redirected mail goes nowhere else; a real one waits until nothing is redirected.
            return _lapsed(mail, why_not) if mail.redirected else self._later(mail, why_not, now)
        if mail.state == "unknown" and mail.kind not in settings.smtp.retry_unknown:
            return Stopped("unknown", "outcomes of this kind are not tried again")
        if mail.kind in ANSWERS and self._is_read_again(mail):
            again_at = now + READING_DELAY * (1 + self._jitter())
            return Stopped(mail.state, "its message is being read again", again_at)
        if mail.kind in ANSWERS and self._decided_otherwise(mail):
            return _lapsed(mail, "a person has decided otherwise about the message")
        if mail.kind not in _WITHOUT_SNAPSHOT:
            snapshot = self._as_it_stands()
            why_not = still_due(mail, snapshot, self._config, now, self._calendar)
            if why_not:
                return _lapsed(mail, why_not)
            everything = snapshot.brake is not None and snapshot.brake.everything
            if snapshot.brake is not None and (everything or mail.kind in UNASKED):
                return Stopped("held", "the brake is pulled")
        if mail.kind in UNASKED and not self._calendar.in_hours(now, settings.hours):
            opens_at = self._calendar.next_moment(now, settings.hours)
            return Stopped(mail.state, "outside office hours", opens_at)
        return self._over_caps(mail, now)

    def _as_it_stands(self) -> Snapshot:
        if self._snapshot is None:
            campaigns = windows(self._config.campaigns)
            self._snapshot = self._store.snapshot(campaigns, contents=False, findings=False)
        return self._snapshot

    def _over_caps(self, mail: Mail, now: dt.datetime) -> Stopped | None:
        """What becomes of a mail whose recipient has had enough.

        What is redirected has caps of its own, by whom it is meant for.
        """
        limits = self._config.settings.limits
        hour, day = self._copies(mail, now - HOUR), self._copies(mail, now - DAY)
        if not over_cap(hour, day, limits):
            return None
        if day >= limits.per_recipient_day and self._tells_nothing(mail):
            return Stopped(_end(mail), _MACHINE, capped=True)
        again_at = now + CAP_DELAY * (1 + self._jitter())
        return Stopped(mail.state, "the recipient's cap is reached", again_at, capped=True)

    def _copies(self, mail: Mail, since: dt.datetime) -> int:
        """How many copies its recipient got since, or may have got."""
        apart = redirection(mail.key)
        return sum(
            one.copies(since)
            for one in self._given[_whose(mail.recipient)].values()
            if redirection(one.key) == apart
        )

    def _later(self, mail: Mail, why_not: str, now: dt.datetime) -> Stopped:
        return Stopped(mail.state, why_not, now + CAP_DELAY * (1 + self._jitter()))

    def _tells_nothing(self, mail: Mail) -> bool:
        """Whether it answers a message that brought nothing: words alone, as robots send them.

        Kept for tomorrow it would keep two machines that answer each other talking for ever
        (FAULTS 113). The message itself is recorded, or waits for a person. What became of files
        is told tomorrow, but not time and again; what came of a decision as well: of those that
        decide nothing `intake.answering` owes two at most.
        """
        if mail.kind not in ANSWERS or mail.message_id is None:
            return False
        message = self._messages[mail.message_id]
        if message.submission_id is not None or message.verdict == "decision":
            return False
        if mail.kind == "stranger" or message.verdict not in _WITH_FILES:
            return True
        before = self._store.answers_before(message, message.received_at - DAY)
        return before >= _WAIT_AT_MOST

    def _is_read_again(self, mail: Mail) -> bool:
        """Whether nobody knows now if its message owes this answer.

        It may owe the same one when it was read: that key is taken, by this mail. Cancelled now,
        the answer would never leave.
        """
        return mail.message_id is not None and self._messages[mail.message_id].state == "kept"

    def _decided_otherwise(self, mail: Mail) -> bool:
        """Whether its message does not owe this answer any more: it was rejected or read again."""
        if mail.message_id is None:
            return False
        return self._messages[mail.message_id].ack_key != debt_key(mail.key)


def _whose(recipient: str) -> str:
    return recipient.strip().lower()


def _end(mail: Mail) -> MailState:
    return "unknown" if mail.state == "unknown" else "cancelled"


def _lapsed(mail: Mail, why_not: str) -> Stopped:
    return Stopped(_end(mail), why_not)
