"""The timeline of a campaign as shapes to draw: arrivals against mails and deadlines. Pure.

Two sizes are made of the same facts: text in a picture that is only scaled down would be too small
to read on a telephone.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MarkKind = Literal["opens", "call", "reminder", "silence", "deadline", "closes", "report", "today"]
#: A campaign may run for years; more days than this share a step of the curve.
_MOST_DAYS = 1500
_LEFT, _RIGHT, _TOP = 30.0, 10.0, 26.0
_PLOT, _GAP, _STRIP, _AXIS = 118.0, 14.0, 40.0, 22.0
#: Room that a date below the axis, and a number over a bar, needs.
_LABEL_WIDTH, _NUMBER_WIDTH = 40.0, 14.0
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: messages that came, communes that had answered when it ended."""

    on: dt.date
    off: bool
    arrived: int
    answered: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the timeline; ``ahead``: it has not come yet."""

    kind: MarkKind
    at: dt.datetime
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, with the number that belongs to it."""

    x: float
    y: float
    width: float
    height: float
    number: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line of a kind."""

    x: float
    kind: MarkKind
    ahead: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at a place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything to draw, in the units of the view box."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    strip: float
    shades: tuple[Box, ...]
    bars: tuple[Box, ...]
    area: str
    curve: str
    lines: tuple[Line, ...]
    days: tuple[Tick, ...]
    counts: tuple[Tick, ...]


def chart(
    days: Sequence[Day], marks: Sequence[Mark], total: int, now: dt.datetime, width: float
) -> Chart:
    """Return the shapes; ``days`` are consecutive and at least one, ``now`` is local.

    The curve ends with today: what comes is not known.
    """
    days = days[:_MOST_DAYS]
    scale = _Scale(days[0].on, len(days), max(total, 1), width)
    past = [day for day in days if day.on <= now.date()]
    curve, area = scale.curve(past)
    shown = [mark for mark in marks if scale.holds(mark.at)]
    return Chart(
        width=width,
        height=_TOP + _PLOT + _GAP + _STRIP + _AXIS,
        left=_LEFT,
        right=round(width - _RIGHT, 1),
        top=_TOP,
        bottom=_TOP + _PLOT,
        strip=_TOP + _PLOT + _GAP + _STRIP,
        shades=tuple(scale.shades(days)),
        bars=tuple(scale.bars(past)),
        area=area,
        curve=curve,
        lines=tuple(Line(scale.x(mark.at), mark.kind, mark.ahead) for mark in shown),
        days=tuple(scale.day_ticks(days)),
        counts=tuple(scale.count_ticks()),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: dt.date
    count: int
    total: int
    width: float

    @property
    def step(self) -> float:
        return (self.width - _LEFT - _RIGHT) / self.count

    def holds(self, at: dt.datetime) -> bool:
        return 0 <= (at.date() - self.first).days < self.count

    def x(self, at: dt.datetime) -> float:
        share = (at.hour * 60 + at.minute) / (24 * 60)
        return round(_LEFT + ((at.date() - self.first).days + share) * self.step, 1)

    def day_x(self, number: int) -> float:
        return round(_LEFT + number * self.step, 1)

    def y(self, answered: int) -> float:
        return round(_TOP + _PLOT * (1 - min(answered, self.total) / self.total), 1)

    def curve(self, past: Sequence[Day]) -> tuple[str, str]:
        """A staircase: each day's level stands over the whole day."""
        if not past:
            return "", ""
        steps = [f"M{_LEFT} {self.y(0)}"]
        for number, day in enumerate(past):
            steps.append(f"H{self.day_x(number)}V{self.y(day.answered)}")
        steps.append(f"H{self.day_x(len(past))}")
        curve = "".join(steps)
        return curve, f"{curve}V{self.y(0)}Z"

    def shades(self, days: Sequence[Day]) -> list[Box]:
        """Runs of days off, each one box."""
        found: list[tuple[int, int]] = []
        for number, day in enumerate(days):
            if day.off and found and found[-1][1] == number:
                found[-1] = (found[-1][0], number + 1)
            elif day.off:
                found.append((number, number + 1))
        height = _PLOT + _GAP + _STRIP
        return [
            Box(self.day_x(start), _TOP, round((end - start) * self.step, 1), height)
            for start, end in found
        ]

    def bars(self, past: Sequence[Day]) -> list[Box]:
        most = max((day.arrived for day in past), default=0)
        foot = _TOP + _PLOT + _GAP + _STRIP
        room, wide = _STRIP - 12, max(min(self.step * 0.6, 22.0), 1.0)
        labelled = self.step >= _NUMBER_WIDTH
        return [
            Box(
                x=round(_LEFT + (number + 0.5) * self.step - wide / 2, 1),
                y=round(foot - (height := max(room * day.arrived / most, 2.0)), 1),
                width=round(wide, 1),
                height=round(height, 1),
                number=day.arrived,
                label=str(day.arrived) if labelled else "",
            )
            for number, day in enumerate(past)
            if day.arrived
        ]

    def day_ticks(self, days: Sequence[Day]) -> list[Tick]:
        every = max(1, -int(-_LABEL_WIDTH // self.step))
        return [
            Tick(round(_LEFT + (number + 0.5) * self.step, 1), f"{day.on.day}/{day.on.month}")
            for number, day in enumerate(days)
            if number % every == 0
        ]

    def count_ticks(self) -> list[Tick]:
        steps = min(_STEPS, self.total)
        levels = dict.fromkeys(round(self.total * step / steps) for step in range(steps + 1))
        return [Tick(self.y(level), str(level)) for level in levels]
