"""The days of a campaign: what came, what was sent to all, and what is to come. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from config.model import Campaign, Commune
from notifier import board_words as words
from notifier.board_chart import Day, Mark
from notifier.board_facts import Facts
from notifier.schedule import begins_at, reminder_moments
from registry.model import CampaignState, CommuneKey, Snapshot

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of the timeline in words."""

    on: str
    off: bool
    arrived: int
    answered: int
    events: tuple[str, ...]


def days_of(facts: Facts, campaign: Campaign, members: Sequence[Commune]) -> list[Day]:
    """Return every local day from the opening to the report, with what came."""
    first = facts.local(campaign.opens_at).date()
    last = max(facts.local(campaign.closes_at), facts.local(campaign.report.at)).date()
    count = max((last - first).days, 0) + 1
    arrived, answered = [0] * count, [0] * count
    for at in facts.tallies.arrivals.get(campaign.id, ()):
        number = (facts.local(at).date() - first).days
        if 0 <= number < count:
            arrived[number] += 1
    for at in _first_heard(facts.snapshot, campaign.id, (one.key for one in members)):
        number = (facts.local(at).date() - first).days
        if number < count:
            answered[max(number, 0)] += 1
    days = (first + number * _DAY for number in range(count))
    return [
        Day(day, not facts.calendar.is_working(day), letters, level)
        for day, letters, level in zip(days, arrived, accumulate(answered), strict=True)
    ]


def _first_heard(
    snapshot: Snapshot, campaign: str, keys: Iterable[CommuneKey]
) -> Iterator[dt.datetime]:
    for key in keys:
        heard, current = snapshot.heard.get((campaign, key)), snapshot.current.get((campaign, key))
        moments = [heard.first_at] if heard else []
        moments += [current.received_at] if current else []
        if moments:
            yield min(moments)


def marks_of(facts: Facts, campaign: Campaign, state: CampaignState) -> list[Mark]:
    """Return what was sent to all, what will be, and the campaign's own moments, by their time."""
    kinds: Mapping[str, words.SentKind] = words.SENT_KINDS
    sent = [
        Mark(kinds[kind], facts.local(at))
        for kind, at in facts.tallies.unasked.get(campaign.id, ())
        if kind in kinds
    ]
    begin = begins_at(campaign, state, facts.config.settings)
    hours = facts.config.settings.hours
    coming = [
        Mark("reminder", facts.local(at), ahead=True)
        for _, at in reminder_moments(campaign, facts.calendar, hours)
        if at >= max(begin, facts.now) and state.closed_at is None
    ]
    own = [
        Mark("deadline", facts.local(campaign.deadline_at), facts.now < campaign.deadline_at),
        Mark("closes", facts.local(campaign.closes_at), facts.now < campaign.closes_at),
        Mark("report", facts.local(campaign.report.at), facts.now < campaign.report.at),
    ]
    # At noon, whatever the hour: the line must not wander from tick to tick.
    today = facts.local(facts.now).replace(hour=12, minute=0, second=0, microsecond=0)
    return sorted([*sent, *coming, *own, Mark("today", today)], key=lambda mark: mark.at)


def day_lines(days: Sequence[Day], marks: Sequence[Mark], now: dt.datetime) -> Iterator[DayLine]:
    """Yield the timeline in words: each day on which something happened or will."""
    for day in days:
        events = dict.fromkeys(words.MARKS[mark.kind] for mark in marks if mark.at.date() == day.on)
        if day.arrived or events:
            past = day.on <= now.date()
            yield DayLine(
                words.weekday_and_day(day.on),
                day.off,
                day.arrived,
                day.answered if past else -1,
                tuple(events),
            )
