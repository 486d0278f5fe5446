"""The months of a plan as grids of days: what leaves on which day, and which days are off. Pure."""

import calendar
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

View = Mapping[str, Any]
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SATURDAY = 5
#: Kinds as they fit under a day.
_SHORT = {"reminder": "remind", "silence": "silent"}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a grid: ``mails`` are lines such as ``22 call``, ``why`` what the day is."""

    number: int
    working: bool
    why: str
    mails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month: weeks from Monday, None outside of it; ``told`` says which days differ and why."""

    name: str
    weeks: tuple[tuple[Day | None, ...], ...]
    told: tuple[str, ...]


def months(mails: Sequence[View], days: Sequence[View]) -> list[Month]:
    """Return the months in which mails leave.

    ``mails`` are of `views.mails_ahead`, ``days`` of `views.days`; days that these do not name are
    ordinary ones.
    """
    known = {dt.date.fromisoformat(one["date"]): one for one in days}
    counts: dict[dt.date, Counter[str]] = {}
    for one in mails:
        on = dt.datetime.fromisoformat(one["at"]).date()
        kind = str(one.get("kind", ""))
        mark = "?" if one["waits"] else ""
        counts.setdefault(on, Counter())[_SHORT.get(kind, kind) + mark] += 1
    return [
        _month(year, month, known, counts)
        for year, month in sorted({(day.year, day.month) for day in counts})
    ]


def _month(
    year: int,
    month: int,
    known: Mapping[dt.date, View],
    counts: Mapping[dt.date, Counter[str]],
) -> Month:
    told: list[str] = []

    def cell(day: dt.date) -> Day | None:
        if day.month != month:
            return None
        said = known.get(day, {"working": day.weekday() < _SATURDAY, "why": ""})
        if said["why"]:
            told.append(f"{day:%d/%m} {'worked' if said['working'] else 'off'}: {said['why']}")
        lines = tuple(f"{count} {kind}" for kind, count in sorted(counts.get(day, {}).items()))
        return Day(day.day, said["working"], said["why"], lines)

    weeks: tuple[tuple[Day | None, ...], ...] = tuple(
        tuple(map(cell, week)) for week in calendar.Calendar().monthdatescalendar(year, month)
    )
    return Month(f"{dt.date(year, month, 1):%B %Y}", weeks, tuple(told))
