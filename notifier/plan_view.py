"""What the page of the plan says: mails ahead → months of days with counts by kind. Pure.

Counts, no addresses. A mail that may leave at once stands under today without an hour, so that the
page does not change with every minute.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.model import Campaign, Config
from notifier import board_words as words
from notifier import wording
from notifier.calendar import Calendar
from notifier.debt import Due

#: The calendar ends after so many months; what is later is named below it.
_MOST_MONTHS = 14
_DAY = dt.timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many mails of a kind."""

    kind: str
    label: str
    short: str
    count: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar. ``notice`` names the holiday, or why a weekend is worked."""

    day: int
    label: str
    off: bool
    worked: bool
    today: bool
    notice: str
    marks: tuple[str, ...]
    kinds: tuple[KindCount, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """One month in weeks from Monday; days of other months are None. ``notices`` name its days
    off and make-up days.
    """  # noqa: D205  one sentence

    title: str
    weeks: tuple[tuple[Cell | None, ...], ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails that leave together. ``at`` is empty for what may leave at once."""

    at: str
    count: int
    label: str
    campaign: str
    note: str


@dataclass(frozen=True, slots=True)
class DayPlan:
    """All mails of one day, in words."""

    label: str
    notice: str
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole page."""

    office: str
    unit: str
    day: str
    total: int
    kinds: tuple[KindCount, ...]
    months: tuple[Month, ...]
    days: tuple[DayPlan, ...]
    later: int


def plan_page(dues: Sequence[Due], config: Config, calendar: Calendar, now: dt.datetime) -> Plan:
    """Return the facts of the page for the mails ahead (`notifier.due.plan`)."""
    today = now.astimezone(calendar.zone).date()
    by_day: dict[dt.date, list[Due]] = defaultdict(list)
    for one in dues:
        by_day[max(one.not_before.astimezone(calendar.zone).date(), today)].append(one)
    marks = _marks(config, calendar)
    ends = [*by_day, *(day for day in marks if day >= today), today]
    months = _months(today, max(ends))
    shown_until = months[-1]
    last = _next_month(shown_until) - _DAY
    office = config.settings.office
    titles = {one.id: wording.clean(one.title, 300) for one in config.campaigns}
    return Plan(
        office=wording.clean(office.name, 120),
        unit=wording.clean(office.unit, 120),
        day=wording.day(today),
        total=len(dues),
        kinds=tuple(_kinds(dues)),
        months=tuple(
            Month(
                f"Tháng {first.month}/{first.year}",
                tuple(_weeks(first, by_day, marks, calendar, today)),
                tuple(_notices(first, calendar)),
            )
            for first in months
        ),
        days=tuple(
            DayPlan(
                f"{words.weekday_and_day(day)}/{day.year}",
                _notice(calendar, day),
                tuple(_batches(by_day[day], titles, calendar, now)),
            )
            for day in sorted(by_day)
            if day <= last
        ),
        later=sum(len(found) for day, found in by_day.items() if day > last),
    )


def _months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of all months from one day to another, at most so many."""
    found = [first.replace(day=1)]
    while len(found) < _MOST_MONTHS and (following := _next_month(found[-1])) <= last:
        found.append(following)
    return found


def _next_month(first: dt.date) -> dt.date:
    return (first + 31 * _DAY).replace(day=1)


def _weeks(
    first: dt.date,
    by_day: Mapping[dt.date, Sequence[Due]],
    marks: Mapping[dt.date, Sequence[str]],
    calendar: Calendar,
    today: dt.date,
) -> Iterator[tuple[Cell | None, ...]]:
    count = (_next_month(first) - first).days
    cells: list[Cell | None] = [None] * first.weekday()
    for number in range(count):
        day = first + number * _DAY
        off = not calendar.is_working(day)
        cells.append(
            Cell(
                day=day.day,
                label=f"{words.weekday_and_day(day)}/{day.year}",
                off=off,
                worked=not off and day.weekday() >= _WEEK - 2,
                today=day == today,
                notice=_notice(calendar, day),
                marks=tuple(marks.get(day, ())),
                kinds=tuple(_kinds(by_day.get(day, ()))),
            )
        )
    cells += [None] * (-len(cells) % _WEEK)
    for start in range(0, len(cells), _WEEK):
        yield tuple(cells[start : start + _WEEK])


def _notices(first: dt.date, calendar: Calendar) -> Iterator[str]:
    """Runs of days with the same notice, each once: ``29/4–1/5: nghỉ lễ``."""
    runs: list[tuple[dt.date, dt.date, str]] = []
    for number in range((_next_month(first) - first).days):
        day = first + number * _DAY
        notice = _notice(calendar, day)
        if runs and notice and runs[-1][2] == notice and runs[-1][1] + _DAY == day:
            runs[-1] = runs[-1][0], day, notice
        elif notice:
            runs.append((day, day, notice))
    for start, end, notice in runs:
        until = f"–{end.day}/{end.month}" if end != start else ""
        yield f"{start.day}/{start.month}{until}: {notice}"


def _notice(calendar: Calendar, day: dt.date) -> str:
    return wording.clean(calendar.notice(day), 120)


def _marks(config: Config, calendar: Calendar) -> dict[dt.date, list[str]]:
    """The campaigns' own moments; an exclusive deadline at midnight stands on the last day."""
    found: dict[dt.date, list[str]] = defaultdict(list)
    for campaign in config.campaigns:
        for word, at in _moments(campaign):
            day = at.astimezone(calendar.zone).date()
            if word not in found[day]:
                found[day].append(word)
    return found


def _moments(campaign: Campaign) -> tuple[tuple[str, dt.datetime], ...]:
    moment = dt.timedelta(microseconds=1)
    return (
        ("Mở đợt", campaign.opens_at),
        ("Ngày cuối", campaign.deadline_at - moment),
        ("Khép đợt", campaign.closes_at),
        ("Lập báo cáo", campaign.report.at),
    )


def _kinds(dues: Iterable[Due]) -> Iterator[KindCount]:
    counts = Counter(str(one.kind) for one in dues)
    order = list(words.KINDS)
    for kind in sorted(counts, key=lambda kind: order.index(kind) if kind in order else len(order)):
        label = words.KINDS.get(kind, words.OTHER_KIND)
        yield KindCount(kind, label, words.SHORT_KINDS.get(kind, label), counts[kind])


def _batches(
    dues: Sequence[Due], titles: Mapping[str, str], calendar: Calendar, now: dt.datetime
) -> Iterator[Batch]:
    groups: Counter[tuple[str, str, str, bool]] = Counter()
    for one in dues:
        at = "" if one.not_before <= now else f"{one.not_before.astimezone(calendar.zone):%H:%M}"
        waits = one.facts.get("waits") == "approval"
        groups[at, str(one.kind), one.campaign or "", waits] += 1
    for (at, kind, campaign, waits), count in sorted(groups.items()):
        yield Batch(
            at=at,
            count=count,
            label=words.KINDS.get(kind, words.OTHER_KIND),
            campaign=titles.get(campaign, ""),
            note="sau khi lãnh đạo duyệt" if waits else "",
        )
