"""The outbox at work: take what is queued, ask once more, send, write down what became of it.

Shell: one effect at a time, every outcome recorded before the next mail is touched. What must
survive a kill is in the registry: ``handed`` is written before the content leaves, so that a mail
found in ``sending`` at the next start is known to be unknown.
"""

import contextlib
import datetime as dt
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from config.model import Config
from notifier.calendar import Calendar
from notifier.debt import ANSWERS, UNASKED
from notifier.delivery import AuthFailed, Delivery, Later, Never, Sent, Unknown
from notifier.limits import DAY, HOUR, over_cap, rate_allows
from notifier.recheck import still_due
from notifier.redirect import stray
from registry.errors import NotPossible, RegistryBusy
from registry.model import (
    Mail,
    MailKind,
    MailState,
    Message,
    Snapshot,
    Window,
    debt_key,
    redirection,
)
from registry.snapshot import windows

#: Back-off after "later": doubles from a minute to two hours.
FIRST_DELAY = dt.timedelta(minutes=1)
LONGEST_DELAY = dt.timedelta(hours=2)
#: Given up only when both are reached: a mail that the brake held for a week is not old.
GIVE_UP_AFTER = dt.timedelta(days=5)
GIVE_UP_ATTEMPTS = 60
#: The one retry of an unknown outcome comes when a slow server has had time to think.
UNKNOWN_DELAY = dt.timedelta(minutes=15)
CAP_DELAY = dt.timedelta(minutes=30)
_MACHINE = "the recipient's cap of the day is reached, and its message brought no answer"
#: Kinds that no snapshot is needed for to ask again; an answer's own message is.
_WITHOUT_SNAPSHOT: frozenset[MailKind] = frozenset({"ack", "alert"})


class OutboxStore(Protocol):
    """What the outbox asks of the registry; `registry.store.Store` is one."""

    def next_mails(self, now: dt.datetime, limit: int) -> list[Mail]: ...  # noqa: D102
    def message(self, message_id: int) -> Message: ...  # noqa: D102
    def mail_raw(self, mail_id: int) -> bytes: ...  # noqa: D102
    def handed(self, mail_id: int, now: dt.datetime) -> None: ...  # noqa: D102
    def interrupted(self, now: dt.datetime) -> list[Mail]: ...  # noqa: D102
    def sent_since(  # noqa: D102
        self, recipient: str, moment: dt.datetime, redirection: str = ""
    ) -> int: ...
    def snapshot(  # noqa: D102
        self, campaigns: Mapping[str, Window], *, contents: bool = True
    ) -> Snapshot: ...

    def settle(  # noqa: D102
        self,
        mail_id: int,
        state: MailState,
        now: dt.datetime,
        response: str = "",
        server: str = "",
        next_try_at: dt.datetime | None = None,
    ) -> None: ...


class Carrier(Protocol):
    """Who brings a mail to a server; `notifier.smtp.Courier` is one."""

    def send(  # noqa: D102
        self, recipient: str, raw: bytes, before_data: Callable[[], None]
    ) -> Delivery: ...


@dataclass(slots=True)
class Pace:
    """When the last transactions were; kept by the daemon from tick to tick.

    ``unsettled`` are outcomes that a busy registry did not take: written down before anything else
    is sent, or a mail that was sent would look interrupted and leave again.
    """

    moments: deque[dt.datetime] = field(default_factory=lambda: deque(maxlen=10_000))
    unsettled: "deque[Callable[[], Settled]]" = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one mail in this round. ``reason`` is plain words for operators.

    ``capped``: its recipient has had as much as anybody may get.
    """

    mail: Mail
    state: MailState
    reason: str
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One pass over the outbox.

    ``trouble`` ended it early: ``AuthFailed`` needs the admin (nothing was tried further, no
    attempt counted), ``Later`` with ``everybody`` is a server out of reach. ``paced`` says that
    the rest waits for the next minute.
    """

    settled: tuple[Settled, ...] = ()
    trouble: AuthFailed | Later | None = None
    paced: bool = False

    def count(self, state: MailState) -> int:
        """Return how many mails this round brought into that state."""
        return sum(one.state == state for one in self.settled)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What sending one mail needs."""

    store: OutboxStore
    courier: Carrier
    config: Config
    calendar: Calendar
    clock: Callable[[], dt.datetime]
    jitter: Callable[[], float]
    pace: Pace


def send_due(
    store: OutboxStore,
    courier: Carrier,
    config: Config,
    calendar: Calendar,
    *,
    clock: Callable[[], dt.datetime],
    jitter: Callable[[], float],
    pace: Pace | None = None,
    limit: int = 200,
    stop: Callable[[], bool] = lambda: False,
) -> Round:
    """Send what is queued, one mail at a time, oldest first, and record every outcome.

    Each mail is asked "still due?" against a fresh snapshot, then measured against office hours,
    the recipient's cap and the rate. ``jitter`` gives numbers in [0, 1). ``stop`` is asked between
    two mails (SIGTERM finishes the current one). At most ``limit`` mails are looked at.
    """
    pace = pace or Pace()
    desk = _Desk(store, courier, config, calendar, clock, jitter, pace)
    settled = _settle_kept(pace)
    for mail in sorted(store.next_mails(clock(), limit), key=lambda m: (m.queued_at, m.id)):
        if stop():
            break
        waits = _not_now(desk, mail)
        if waits is not None:
            settled.append(waits)
            continue
        if not rate_allows(pace.moments, clock(), config.settings.smtp.rate_per_minute):
            return Round(tuple(settled), paced=True)
        outcome = _send(desk, mail)
        if isinstance(outcome, Settled):
            settled.append(outcome)
        elif outcome is not None:
            return Round(tuple(settled), trouble=outcome)
    return Round(tuple(settled))


def recover(
    store: OutboxStore, config: Config, *, now: dt.datetime, jitter: Callable[[], float]
) -> list[Mail]:
    """Before a round: mails that a kill left in ``sending`` are unknown; give each its one retry.

    Only for a process that holds the lease and is not sending at this moment. ``server`` marks a
    mail whose outcome was open before: it has had its retry (FAULTS 110).
    """
    lost = store.interrupted(now)
    for mail in lost:
        if mail.kind in config.settings.smtp.retry_unknown and not mail.server:
            reason = "interrupted between the content and its answer"
            again_at = now + UNKNOWN_DELAY * (1 + jitter())
            store.settle(mail.id, "unknown", now, reason, _server(config), again_at)
    return lost


def back_off(attempts: int, jitter: float) -> dt.timedelta:
    """Return how long to wait after the (``attempts`` + 1)-th failure; ``jitter`` in [0, 1).

    Doubles from ``FIRST_DELAY`` to ``LONGEST_DELAY``, stretched by up to a quarter so that many
    mails that failed together do not come back together.
    """
    doubled = FIRST_DELAY * (1 << min(max(attempts, 0), 16))
    return min(doubled, LONGEST_DELAY) * (1 + jitter / 4)


def _not_now(desk: _Desk, mail: Mail) -> Settled | None:
    """Return what becomes of a mail that must not leave at this moment, or None."""
    now = desk.clock()
    settings = desk.config.settings
    if why_not := stray(mail, settings):
        return _strayed(desk, mail, why_not)
    if mail.state == "unknown" and mail.kind not in settings.smtp.retry_unknown:
        return _settle(desk, mail, "unknown", "outcomes of this kind are not tried again")
    if mail.kind in ANSWERS and _decided_otherwise(desk, mail):
        return _lapsed(desk, mail, "a person has decided otherwise about the message")
    if mail.kind not in _WITHOUT_SNAPSHOT:
        snapshot = desk.store.snapshot(windows(desk.config.campaigns), contents=False)
        why_not = still_due(mail, snapshot, desk.config, now, desk.calendar)
        if why_not:
            return _lapsed(desk, mail, why_not)
        everything = snapshot.brake is not None and snapshot.brake.everything
        if snapshot.brake is not None and (everything or mail.kind in UNASKED):
            return _settle(desk, mail, "held", "the brake is pulled")
    if mail.kind in UNASKED and not desk.calendar.in_hours(now, settings.hours):
        opens_at = desk.calendar.next_moment(now, settings.hours)
        return _postpone(desk, mail, "outside office hours", opens_at)
    return _over_caps(desk, mail, now)


def _over_caps(desk: _Desk, mail: Mail, now: dt.datetime) -> Settled | None:
    """What becomes of a mail whose recipient has had enough; a redirected one has its own caps."""
    apart, limits = redirection(mail.key), desk.config.settings.limits
    hour = desk.store.sent_since(mail.recipient, now - HOUR, apart)
    day = desk.store.sent_since(mail.recipient, now - DAY, apart)
    if not over_cap(hour, day, limits):
        return None
    if day >= limits.per_recipient_day and _tells_nothing(desk, mail):
        return replace(_lapsed(desk, mail, _MACHINE), capped=True)
    again_at = now + CAP_DELAY * (1 + desk.jitter())
    return replace(_postpone(desk, mail, "the recipient's cap is reached", again_at), capped=True)


def _strayed(desk: _Desk, mail: Mail, why_not: str) -> Settled:
    """A redirected mail goes nowhere else; a real one waits until nothing is redirected."""
    if mail.redirected:
        return _lapsed(desk, mail, why_not)
    return _postpone(desk, mail, why_not, desk.clock() + CAP_DELAY * (1 + desk.jitter()))


def _tells_nothing(desk: _Desk, mail: Mail) -> bool:
    """Whether it answers a message that brought no answer of a commune: what robots send.

    Kept for tomorrow it would keep two machines that answer each other talking for ever (FAULTS
    113). The message itself is recorded, or waits for a person.
    """
    if mail.kind not in ANSWERS or mail.message_id is None:
        return False
    return desk.store.message(mail.message_id).submission_id is None


def _decided_otherwise(desk: _Desk, mail: Mail) -> bool:
    """Whether its message does not owe this answer any more: it was rejected or read again."""
    if mail.message_id is None:
        return False
    return desk.store.message(mail.message_id).ack_key != debt_key(mail.key)


def _lapsed(desk: _Desk, mail: Mail, why_not: str) -> Settled:
    return _settle(desk, mail, "unknown" if mail.state == "unknown" else "cancelled", why_not)


def _send(desk: _Desk, mail: Mail) -> Settled | AuthFailed | Later | None:
    """Hand over one mail. Trouble comes back unsettled; None = another process took the mail."""
    handed: list[dt.datetime] = []

    def before_data() -> None:
        desk.store.handed(mail.id, desk.clock())
        handed.append(desk.clock())

    desk.pace.moments.append(desk.clock())
    try:
        outcome = desk.courier.send(mail.recipient, desk.store.mail_raw(mail.id), before_data)
    except NotPossible:
        return None
    if isinstance(outcome, AuthFailed) or (isinstance(outcome, Later) and outcome.everybody):
        if handed:
            _settle_handed(desk, mail, mail.state, outcome.reason, next_try_at=desk.clock())
        return outcome
    return _record(desk, mail, outcome)


def _record(desk: _Desk, mail: Mail, outcome: Sent | Later | Never | Unknown) -> Settled:
    now = desk.clock()
    match outcome:
        case Sent():
            return _settle_handed(desk, mail, "sent", outcome.response, server=outcome.server)
        case Never():
            return _settle_handed(desk, mail, "refused", outcome.reason)
        case Unknown():
            first = mail.state != "unknown" and mail.kind in desk.config.settings.smtp.retry_unknown
            again_at = now + UNKNOWN_DELAY * (1 + desk.jitter()) if first else None
            server = _server(desk.config)
            return _settle_handed(desk, mail, "unknown", outcome.reason, server, again_at)
        case Later():
            return _try_later(desk, mail, outcome, now)


def _try_later(desk: _Desk, mail: Mail, outcome: Later, now: dt.datetime) -> Settled:
    """Queue again, or give up. An unknown mail stays unknown while its one retry is pending."""
    old = now - mail.queued_at >= GIVE_UP_AFTER and mail.attempts >= GIVE_UP_ATTEMPTS
    again_at = None if old else now + back_off(mail.attempts, desk.jitter())
    if mail.state == "unknown":
        return _settle_handed(desk, mail, "unknown", outcome.reason, mail.server, again_at)
    if old:
        reason = f"given up after {mail.attempts + 1} attempts: {outcome.reason}"
        return _settle_handed(desk, mail, "refused", reason)
    return _settle_handed(desk, mail, "queued", outcome.reason, next_try_at=again_at)


def _postpone(desk: _Desk, mail: Mail, reason: str, until: dt.datetime) -> Settled:
    return _settle(desk, mail, mail.state, reason, mail.server, until)


def _settle(
    desk: _Desk,
    mail: Mail,
    state: MailState,
    reason: str,
    server: str = "",
    next_try_at: dt.datetime | None = None,
) -> Settled:
    if state == "unknown":
        server = server or mail.server
    desk.store.settle(mail.id, state, desk.clock(), reason, server, next_try_at)
    return Settled(mail, state, reason)


def _settle_handed(
    desk: _Desk,
    mail: Mail,
    state: MailState,
    reason: str,
    server: str = "",
    next_try_at: dt.datetime | None = None,
) -> Settled:
    """Settle a mail that was tried; if the registry is busy the outcome is kept in memory."""
    now = desk.clock()
    then = replace(desk, clock=lambda: now)
    settle = partial(_settle, then, mail, state, reason, server, next_try_at)
    try:
        return settle()
    except RegistryBusy:
        desk.pace.unsettled.append(settle)
        raise


def _settle_kept(pace: Pace) -> list[Settled]:
    settled: list[Settled] = []
    while pace.unsettled:
        with contextlib.suppress(NotPossible):  # it was written down after all
            settled.append(pace.unsettled[0]())
        pace.unsettled.popleft()
    return settled


def _server(config: Config) -> str:
    return f"{config.settings.smtp.host}:{config.settings.smtp.port}"
