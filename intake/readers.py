"""Documents read by a team of workers elsewhere, and here whenever that does not come off.

The team is any ``concurrent.futures`` executor (threads, processes, Dask); ``intake.cluster`` finds
one. Reading is pure: what was asked elsewhere and is not answered in time, is answered by other
code, or gets lost with its worker is simply read here, and whatever still arrives is not looked at.
So is what a machine there had too little time or memory for: that may say nothing of the document.

Only documents travel. Containers are opened here: that takes milliseconds, and each of their bytes
would cross the network twice.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from parsers.container import Opened, Room
from parsers.form import Form
from parsers.jail import Jail, JailLimits
from parsers.reading import Reading, Refusal, RefusalCode
from parsers.remote import NoJailError, OtherCodeError, perform, reading_in, reading_task

_log = structlog.get_logger("readers")
#: Documents that are on their way to a team's threads or back: while one is read the next arrives.
_EACH = 2
#: As many at most: each waits in a thread of ours.
_MOST = 64
_MOST_BYTES = 200_000_000  # of documents on their way, unless one alone is larger
#: For the way there and back, beside all that the limits allow.
_MARGIN_SECONDS = 30.0
#: What a machine that stands still or lacks memory says of any document. One that is truly over
#: its limits costs them twice, once there and once here.
_OF_ITS_MACHINE: Final[frozenset[RefusalCode]] = frozenset({"timeout", "too-large"})


@dataclass(frozen=True, eq=False)
class Team:
    """Workers that read as this process does, with so many threads, each of them at least ``each``.

    ``gone`` is done, with the reason, when they are not to be waited for any more: what was asked
    of an executor may then be cancelled, or never end (Dask's own futures do either).
    """

    executor: Executor
    threads: int
    each: int = 1
    gone: "Future[str]" = field(default_factory=Future)


class Teams(Protocol):
    """Whoever knows which team there is."""

    @property
    def trouble(self) -> str:
        """What is wrong, in plain words; "" when nothing is."""

    def team(self) -> Team | None:
        """Return the team of now, None if there is none; the first call may wait for one."""

    def lost(self, team: Team, why: str) -> None:
        """Take note that a team does not answer: nothing more is given to it."""

    def doubted(self, why: str) -> None:
        """Take note that some worker does not read as it said it would."""

    def close(self) -> None:
        """Let go of the workers; waits for nothing."""


def patience_seconds(limits: JailLimits) -> float:
    """Return how long an answer from elsewhere is waited for before the document is read here.

    A worker may have to finish another document first, and to start a reader.
    """
    return _EACH * limits.longest_seconds + limits.start_seconds + _MARGIN_SECONDS


class Readers:
    """Reads in a team where there is one, else in ``local``; both are closed with it."""

    def __init__(self, local: Jail, teams: Teams) -> None:
        self.local = local
        self._teams = teams
        self._flying = self._flying_bytes = 0
        self._landed = threading.Condition()

    @property
    def limits(self) -> JailLimits:
        """What one document may use, here or elsewhere."""
        return self.local.limits

    @property
    def width(self) -> int:
        """How many documents are worth asking for at the same time, now."""
        team = self._teams.team()
        return _room_of(team) if team else self.local.width

    @property
    def trouble(self) -> str:
        """What is wrong with the workers elsewhere; "" when nothing is."""
        return self._teams.trouble

    def ready(self) -> tuple[str, ...]:
        """Have a reader at hand *here*, where any document may end up; and look for the team.

        Raises:
            JailBrokenError: this machine can start no reader.
        """
        layers = self.local.ready()
        self._teams.team()
        return layers

    def open(self, data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        """Open a container here (``Jail.open``)."""
        return self.local.open(data, name, room)

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        """Read a document elsewhere, or here; the outcome is the same (``Jail.read``).

        Raises:
            JailBrokenError: it had to be read here, and no reader could be started.
        """
        team = self._teams.team()
        if team is None or len(data) > self.limits.document.document_bytes:
            return self.local.read(data, form, name)
        with self._seat(team, len(data)):
            found = None if team.gone.done() else self._by(team, data, form, name)
        return self.local.read(data, form, name) if found is None else found

    def close(self) -> None:
        """Wait for what is being read, then end. Idempotent."""
        with self._landed:
            self._landed.wait_for(lambda: not self._flying)
        self._teams.close()
        self.local.close()

    def _by(self, team: Team, data: bytes, form: Form, name: str) -> Reading | Refusal | None:
        """Return what the team makes of a document; None if that is nothing."""
        task = reading_task(self.limits, form, name, team.each)
        seconds = patience_seconds(self.limits)
        try:
            asked = team.executor.submit(perform, task, data)
            either: list[Future[Any]] = [asked, team.gone]
            wait(either, seconds, FIRST_COMPLETED)
            if asked.done():
                found = reading_in(asked.result())
                if not isinstance(found, Refusal) or found.code not in _OF_ITS_MACHINE:
                    return found
                why = f"refused there: {found.code}"
            else:
                why = team.gone.result() if team.gone.done() else f"no answer within {seconds:g} s"
                self._teams.lost(team, why)
        except CancelledError:
            why = "what it was asked is forgotten there"
            self._teams.lost(team, why)
        except (OtherCodeError, NoJailError) as error:
            why = f"{type(error).__name__}: {error}"
            self._teams.doubted(why)
        except Exception as error:  # noqa: BLE001  of whatever library: the document is read here
            why = type(error).__name__  # its words may quote the document
            if isinstance(error, ValueError):
                self._teams.doubted(f"what it answers is none: {why}")
        _log.warning("read_here", reason=why, bytes=len(data))
        return None

    @contextmanager
    def _seat(self, team: Team, size: int) -> Iterator[None]:
        """Wait until the team has room for a document, or is gone."""

        def free() -> bool:
            small = not self._flying or self._flying_bytes + size <= _MOST_BYTES
            return team.gone.done() or (small and self._flying < _room_of(team))

        with self._landed:
            self._landed.wait_for(free)
            self._flying, self._flying_bytes = self._flying + 1, self._flying_bytes + size
        try:
            yield
        finally:
            with self._landed:
                self._flying, self._flying_bytes = self._flying - 1, self._flying_bytes - size
                self._landed.notify_all()


def _room_of(team: Team) -> int:
    return min(_EACH * team.threads, _MOST)
