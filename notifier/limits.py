"""Brake, caps and pace: how much mail may leave before a person is asked. Pure."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from config.model import Commune, Limits
from notifier.debt import ANSWERS, UNASKED, Due
from registry.model import MailKind

#: A wall clock that runs away from the machine's own counter by more than this was set by hand.
CLOCK_JUMP = dt.timedelta(minutes=10)

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


def brake(dues: Iterable[Due], limits: Limits, answered: int = 0) -> str | None:
    """Return why this tick's mails must wait for `intake release`, or None.

    Envelope recipients are counted, not debts. Unasked mail (calls, reminders, silence notices)
    and answers have each their own bound: a registry restored from yesterday, a clock that jumped
    or a mailbox read a second time shows as one of the two (FAULTS §1 rule 8). Answers fall due
    batch by batch: ``answered`` is how many were queued in the last hour, and counts with them.
    """
    unasked, answers = _counts(dues)
    if unasked > limits.brake_unasked:
        return (
            f"{unasked} unasked mails (calls, reminders, notices) fall due at once, more than "
            f"limits.brake_unasked = {limits.brake_unasked}"
        )
    if _flooded(answers, answered, limits):
        return (
            f"{answers + answered} acknowledgments fall due within an hour, more than "
            f"limits.brake_acks = {limits.brake_acks}"
        )
    return None


def braked_kinds(dues: Iterable[Due], limits: Limits, answered: int = 0) -> frozenset[MailKind]:
    """Return the kinds that a pulled brake holds: unasked mail always, answers if they flood."""
    _, answers = _counts(dues)
    return UNASKED | (ANSWERS if _flooded(answers, answered, limits) else frozenset())


def _flooded(answers: int, answered: int, limits: Limits) -> bool:
    return answers > 0 and answers + answered > limits.brake_acks


def _counts(dues: Iterable[Due]) -> tuple[int, int]:
    """Return how many envelope recipients unasked mail and answers have."""
    unasked = answers = 0
    for due in dues:
        recipients = len(due.to) + len(due.cc)
        unasked += recipients * (due.kind in UNASKED)
        answers += recipients * (due.kind in ANSWERS)
    return unasked, answers


def roster_brake(
    before: Collection[Commune], after: Collection[Commune], limits: Limits
) -> str | None:
    """Return why a reloaded roster must not be mailed to yet, or None: too many units are gone."""
    lost = {commune.key for commune in before} - {commune.key for commune in after}
    if before and len(lost) / len(before) > limits.brake_roster_share:
        return (
            f"the roster lost {len(lost)} of {len(before)} units, more than the share "
            f"limits.brake_roster_share = {limits.brake_roster_share}"
        )
    return None


def clock_trouble(
    now: dt.datetime,
    built_at: dt.datetime,
    previous: tuple[dt.datetime, float] | None = None,
    monotonic_seconds: float = 0.0,
) -> str | None:
    """Return why the wall clock cannot be trusted, or None (FAULTS 122).

    ``built_at`` is the date of this program: no true clock stands before it. ``previous`` is the
    (wall clock, monotonic seconds) of the last tick, ``monotonic_seconds`` the counter now: the
    two clocks must have moved alike.
    """
    if now < built_at:
        return f"the clock says {now.isoformat()}, before this program was built"
    if previous is None:
        return None
    wall, counter = previous
    jump = now - wall - dt.timedelta(seconds=monotonic_seconds - counter)
    if abs(jump) > CLOCK_JUMP:
        return f"the clock jumped by {jump.total_seconds():+.0f} s since the last tick"
    return None


def over_cap(sent_last_hour: int, sent_last_day: int, limits: Limits) -> bool:
    """Whether this recipient got as much as anybody may get (promise 6)."""
    return sent_last_hour >= limits.per_recipient_hour or sent_last_day >= limits.per_recipient_day


def rate_allows(sent: Sequence[dt.datetime], now: dt.datetime, per_minute: int) -> bool:
    """Whether one more mail may be handed to the server: fewer than ``per_minute`` in the minute.

    ``sent`` are the moments of the last transactions, in any order. A moment in the future (the
    clock was set back) does not count, or nothing would leave until then.
    """
    most = max(per_minute, 1)
    return len(sent) < most or sum(now - _MINUTE < moment <= now for moment in sent) < most
