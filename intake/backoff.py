"""How long to leave a server alone after it failed: doubled each time, with an end."""

import datetime as dt
from dataclasses import dataclass

_FIRST = dt.timedelta(seconds=10)
_LONGEST = dt.timedelta(minutes=15)


@dataclass
class Backoff:
    """One server's pause. Time comes from outside."""

    failures: int = 0
    until: dt.datetime | None = None

    def waiting(self, now: dt.datetime) -> bool:
        """Whether the pause still lasts; a clock that was set back does not prolong it."""
        return self.until is not None and now < self.until <= now + _LONGEST

    def failed(self, now: dt.datetime, at_least: dt.timedelta = _FIRST) -> dt.timedelta:
        """Note a failure; return the pause that begins now."""
        pause: dt.timedelta = min(max(_FIRST * 2 ** min(self.failures, 10), at_least), _LONGEST)
        self.failures += 1
        self.until = now + pause
        return pause

    def worked(self) -> None:
        """Note a success: no pause, and the next failure begins small."""
        self.failures, self.until = 0, None
