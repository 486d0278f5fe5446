"""Replay: the journal is played again, scene by scene, into an empty registry.

What came from outside – arrivals, decisions, what servers answered, the brake – is applied as the
journal tells it. What the program itself concludes – readings, versions, receipts, who was silent,
reports, the text of every mail – is concluded again by today's code, at the recorded moment, and
held against the journal. Nothing is sent, and no server is asked.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from config.model import Config
from intake.desk import Desk, Reader
from intake.replay_acts import Player
from intake.replay_script import Difference, scenes
from registry.model import Event, Head


@dataclass
class Moment:
    """A clock that shows the moment of the event that is played."""

    at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        """Return that moment."""
        return self.at


@dataclass
class Played:
    """What came of a replay. ``head`` is the end of the journal that it wrote."""

    events: int = 0
    head: Head | None = None
    differences: list[Difference] = field(default_factory=list)


def replay(
    desk: Desk,
    clock: Moment,
    events: Iterable[Event],
    folder: Path,
    new_reader: Callable[[Config], Reader],
    done: Callable[[], None] = lambda: None,
) -> Played:
    """Play events into the registry of a desk whose clock is ``clock``; ``done`` at each event.

    The registry is empty, or it has exactly the events before these. Configs of the past are
    written below ``folder``; ``new_reader`` gives a reader with the limits of a config.

    Raises:
        ReplayImpossible: an event of an unknown kind, or of a version that told too little.
        JailBrokenError: no document can be read on this machine.
    """
    player = Player(desk, folder, new_reader, desk.store.journal_head().serial)
    player.take_up_config()
    played = Played()
    for scene in scenes(events):
        clock.at = scene[0].at
        played.differences += player.play(scene)
        played.events += len(scene)
        for _ in scene:
            done()
    played.head = desk.store.journal_head()
    return played
