"""What the board is made of, and how it writes moments. Pure."""

import datetime as dt
from dataclasses import dataclass, field

from config.model import Config
from notifier import wording
from notifier.calendar import Calendar
from notifier.health import Trouble
from registry.board_rows import Tallies
from registry.model import Snapshot, Vitals

#: Names are cut here, titles at more.
LONGEST_NAME, LONGEST_TITLE = 120, 300


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the pages are made of. ``read``: the inbox was read at least once."""

    snapshot: Snapshot
    tallies: Tallies
    config: Config
    calendar: Calendar
    now: dt.datetime
    troubles: tuple[Trouble, ...] = ()
    vitals: Vitals = field(default_factory=Vitals)
    read: bool = False

    def local(self, at: dt.datetime) -> dt.datetime:
        """Return an instant in the office's zone."""
        return at.astimezone(self.calendar.zone)

    def moment(self, at: dt.datetime | None) -> str:
        """Return ``17/05/2024 09:41``; nothing for no instant."""
        return wording.moment(at, self.calendar.zone) if at else ""

    def short(self, at: dt.datetime | None) -> str:
        """Return ``17/5 09:41``; the year only where it is not this one."""
        if at is None:
            return ""
        local = self.local(at)
        year = f"/{local.year}" if local.year != self.local(self.now).year else ""
        return f"{local.day}/{local.month}{year} {local:%H:%M}"
