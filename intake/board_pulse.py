"""What the service shows of itself to its web server: one value, replaced as a whole. Pure."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from config.model import Config
from intake.logs import without_persons
from notifier.board_numbers import Numbers
from notifier.health import Facts, Trouble, troubles

_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last turn of the loop. ``read_at`` is until when the inbox counts as read."""

    at: dt.datetime
    read_at: dt.datetime | None = None
    health: tuple[Trouble, ...] = ()
    numbers: Numbers = field(default_factory=Numbers)


@dataclass(frozen=True, slots=True)
class Window:
    """What the web server may look at. The functions are called in its thread and only read."""

    folder: Callable[[], Path]
    pulse: Callable[[], Pulse]
    health: Callable[[], tuple[Trouble, ...]]


def health_now(pulse: Pulse, config: Config, now: dt.datetime) -> tuple[Trouble, ...]:
    """Return the troubles as `intake status` tells them: a loop that stands still is one more."""
    facts = Facts(
        running=True, turned_at=pulse.at, poll_seconds=config.settings.mailbox.poll_seconds
    )
    return (*troubles(facts, config.settings.health, now), *pulse.health)


def broken(found: Iterable[Trouble]) -> bool:
    """Whether the program cannot do its work."""
    return any(one.severity == "broken" for one in found)


def in_words(found: Iterable[Trouble]) -> str:
    """Say how it is, a line for each trouble, naming nobody."""
    told = list(found)
    lines = ["not ok" if broken(told) else "ok"]
    for one in told:
        text = " ".join(without_persons(one.text).split())[:_LONGEST_TEXT]
        lines.append(f"{one.severity} {one.key} since {one.since.isoformat()}: {text}")
    return "\n".join(lines) + "\n"
