"""The journal's copy in the vault: what rebuilds a registry that is gone.

One event a line, appended after each tick. The database and this copy are written at different
moments and may be restored on their own; `standing` says how they stand. How lines are kept is
the place's: one file (`registry.journal_file`) or segments (`registry.journal_segments`).
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from registry.errors import RegistryWentBack
from registry.model import GENESIS_HEAD, Event, Head

_BATCH = 1000

Standing = Literal[
    "equal",
    "registry-ahead",  # the copy lacks the last events: the next tick appends them
    "registry-behind",  # the registry lacks events: an older copy was restored, or it is new
    "diverged",  # both go on differently after the same beginning
]


class Journal(Protocol):
    """What the copy asks of the registry; `registry.store.Store` is one."""

    def journal_head(self) -> Head: ...  # noqa: D102  as the store's
    def events_after(self, serial: int, limit: int = 1000) -> list[Event]: ...  # noqa: D102
    def event_hash(self, serial: int) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Copied:
    """What one round did: how many events it appended, and where it put a copy that is another's.

    ``set_aside`` is the old copy's new name; "" when the old one was gone on with.
    ``behind``: the registry lacks events of the copy and has none of its own: nothing was written.
    """

    events: int
    set_aside: str = ""
    behind: bool = False


class CopyDamaged(Exception):  # noqa: N818  a finding about a file, to be handled by its reader
    """A line of the copy is no event of a journal, or was changed. ``line`` counts from 1.

    0: all of it is lost, a segment that the bucket lists and does not have.
    """

    def __init__(self, where: str, line: int = 0) -> None:
        self.where, self.line = where, line
        self.found = f"line {line} was changed or is damaged" if line else "it is listed, and gone"
        super().__init__(f"{where}: {self.found}")


class JournalCopy(ABC):
    """A copy of a journal. One process at a time appends to it.

    ``where`` is how people find it: a path, or an address.
    """

    where: str
    #: The event up to which this process has copied.
    _copied = GENESIS_HEAD

    def catch_up(self, store: Journal, now: dt.datetime) -> Copied:
        """Append the events that the copy lacks, and make them safe.

        A copy that is not the beginning of this journal (the registry was put back and went on),
        or whose end is no event any more, is never changed: it is kept under another name, and a
        new copy begins.

        Raises:
            OSError: the disk, the bucket; the next round mends what this one left.
            RegistryWentBack: it lacks what this process has copied of it.
        """
        head, set_aside = self._end(), ""
        if head is None or (head.serial and store.event_hash(head.serial) != head.sha256):
            if head is not None and head == self._copied:
                raise RegistryWentBack(head.serial)
            if head is not None and self._knows_more(store):
                return Copied(0, behind=True)
            set_aside, head = self._put_aside(now), GENESIS_HEAD
        appended = 0
        while events := store.events_after(head.serial, _BATCH):
            self._append(events)
            head = Head(events[-1].serial, events[-1].sha256)
            appended += len(events)
        self._left(head)
        self._copied = head
        return Copied(appended, set_aside)

    @abstractmethod
    def set_aside(self) -> list[str]:
        """Return the names of the copies of other registries that were put aside, oldest first."""

    @abstractmethod
    def told_as(self, name: str) -> str:
        """Return a name for a copy that was put aside which no other one has, wherever it lies."""

    @abstractmethod
    def is_damaged(self, name: str) -> bool:
        """Whether a line of a copy that was put aside is no event, or a part of it is gone."""

    @abstractmethod
    def head(self) -> Head:
        """Return the last event's serial and hash; ``GENESIS_HEAD`` when there is no copy.

        Raises:
            CopyDamaged: the last line is whole but no event.
        """

    @abstractmethod
    def events(self, after: int = 0) -> Iterator[Event]:
        """Yield the copy's events after a serial, in their order; a torn last line is left out.

        Raises:
            CopyDamaged: a line was changed or damaged.
        """

    @abstractmethod
    def readable(self) -> Iterator[Event | None]:
        """Yield what can be read of a damaged copy; None for each line, or segment, that cannot."""

    def missing(self, store: Journal) -> list[Event]:
        """Return what a registry lacks that stands "registry-behind": the events after its head."""
        return list(self.events(after=store.journal_head().serial))

    def standing(self, store: Journal) -> Standing:
        """Return how the registry stands to the copy."""
        registry, copied = store.journal_head(), self.head()
        shared = ""
        if copied.serial > registry.serial:
            shared = self._hash_at(registry.serial)
        return standing(
            registry, copied, in_registry=store.event_hash(copied.serial), in_copy=shared
        )

    def _knows_more(self, store: Journal) -> bool:
        """Whether the registry lacks events of the copy; not of one that cannot be read so far."""
        try:
            return self.standing(store) == "registry-behind"
        except CopyDamaged:
            return False

    def _hash_at(self, serial: int) -> str:
        if serial == 0:
            return GENESIS_HEAD.sha256
        found = next(self.events(after=serial - 1), None)
        return found.sha256 if found is not None and found.serial == serial else ""

    @abstractmethod
    def _end(self) -> Head | None:
        """Return where the next round goes on, what it may trust; None when it is no event."""

    @abstractmethod
    def _left(self, head: Head) -> None:
        """Remember the head as this round left it."""

    @abstractmethod
    def _put_aside(self, now: dt.datetime) -> str:
        """Keep what is there under another name; return that name, "" if nothing was there."""

    @abstractmethod
    def _append(self, events: list[Event]) -> None:
        """Add events after those that are there; they are safe when this returns."""


def told_until(readable: Iterable[Event | None], registry: Head) -> int:
    """Return the number of the last event that a damaged copy tells of, at the least. Pure.

    What cannot be read at its end was one event each. 0 if it is seen to go on otherwise than the
    registry, which then lacks nothing.
    """
    last = unread = 0
    for event in readable:
        if event is None:
            unread += 1
        elif event.serial == registry.serial and event.sha256 != registry.sha256:
            return 0
        else:
            last, unread = max(last, event.serial), 0
    return last + unread


def standing(registry: Head, copied: Head, *, in_registry: str, in_copy: str) -> Standing:
    """Return how a registry stands to a copy of a journal. Pure.

    ``in_registry`` is the registry's hash at the copy's last serial, ``in_copy`` the copy's hash at
    the registry's last serial; ``""`` where there is no such event.
    """
    if registry == copied:
        return "equal"
    if copied == GENESIS_HEAD or in_registry == copied.sha256:
        return "registry-ahead"
    if in_copy == registry.sha256:
        return "registry-behind"
    return "diverged"
