"""The journal's copy in a bucket: segments, because nothing can be appended to an object.

``journal/0001/000000000001.jsonl`` holds the events from number 1 on, as many as there were in that
round; the next segment bears the number after its last. Whoever writes a segment creates its name:
of two daemons that go on from the same event only one can. Now and then the last segments are put
together into one ``000000000001-000000004711.jsonl``, which is there and read back before they go.
``0001`` counts copies: one that is another registry's stays, and the next one begins.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Protocol

from registry import journal
from registry.errors import VaultAway
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.journal_file import ASIDE, NAME
from registry.model import GENESIS_HEAD, Event, Head

_ROOM = "journal"
_SEGMENT = re.compile(r"journal/(\d{4})/(\d{12})(?:-(\d{12}))?\.jsonl")
_COUNTED = re.compile(rf"{ASIDE}\d{{4}}\.jsonl")
#: So many segments are put together, from the first one on that is not this large yet.
_MANY = 64
_FULL_BYTES = 4_000_000


class Objects(Protocol):
    """What segments ask of a bucket: `registry.bucket.Bucket` is one."""

    def where(self, name: str = "") -> str: ...  # noqa: D102  as the bucket's
    def listed(self, under: str) -> list[tuple[str, int]]: ...  # noqa: D102
    def read(self, name: str) -> bytes: ...  # noqa: D102
    def holds(self, name: str, data: bytes) -> bool: ...  # noqa: D102
    def create(self, name: str, data: bytes) -> bool: ...  # noqa: D102
    def remove(self, name: str) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, order=True)
class _Segment:
    """An object of the copy; ``last`` is known only of one that was put together, else 0."""

    first: int
    last: int
    name: str
    size_bytes: int


class JournalSegments(JournalCopy):
    """The newest copy below ``journal/``. A segment is never changed."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.where = objects.where(_ROOM)
        self._known: Head | None = None  # as we left it
        self._copy = 1  # the number of the newest copy
        self._old: list[str] | None = None
        self._loose = 0  # segments that were not put together yet, as far as we know

    def set_aside(self) -> list[str]:
        """Return the names of all copies but the newest."""
        if self._old is None:
            copies = sorted({number for number, _ in self._all()})
            self._old = [_aside(number) for number in copies[:-1]]
        return list(self._old)

    def told_as(self, name: str) -> str:
        """Return its name with a mark of what it ends with."""
        last = _needed(self._segments(_number(name)))[-1].name
        try:
            return unmistakable(name, self._objects.read(last))
        except FileNotFoundError:  # it is listed, and gone
            return unmistakable(name, last.encode())

    def is_damaged(self, name: str) -> bool:
        """Look through a copy that is not the newest."""
        return None in self.readable(_number(name))

    def head(self) -> Head:
        """Return the last event of the last segment."""
        gone = ""
        while segments := _needed(self._segments()):
            name = segments[-1].name
            try:
                lines = self._objects.read(name).splitlines()
            except FileNotFoundError:
                gone = self._gone(name, gone)
                continue
            event = journal.from_line(lines[-1]) if lines else None
            if event is None:
                raise CopyDamaged(self._objects.where(name), max(len(lines), 1))
            return Head(event.serial, event.sha256)
        return GENESIS_HEAD

    def events(self, after: int = 0) -> Iterator[Event]:
        """Yield the events of all segments; what is there twice is yielded once.

        Raises:
            CopyDamaged: a line was changed or damaged, or a segment is listed and gone.
        """
        for name, number, _, event in self._lines(after):
            if event is None:
                raise CopyDamaged(self._objects.where(name), number)
            yield event

    def readable(self, copy: int = 0) -> Iterator[Event | None]:
        """Yield the event of each line, None for one that is no event; for a lost segment once."""
        for one in _needed(self._segments(copy)):
            try:
                lines = self._objects.read(one.name).splitlines()
            except FileNotFoundError:
                yield None
            else:
                yield from map(journal.from_line, lines)

    def as_files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the copies as files of a folder's vault: the newest is its ``journal.jsonl``."""
        for name in self.set_aside():
            yield name, self._pieces(_number(name))
        if newest := self._newest():
            yield NAME, self._pieces(newest)

    def take_in(self, name: str, source: Path) -> bool:
        """Put back a file that `as_files` or a folder gave; False for what is no journal.

        Where there is a copy already it stays as it is: it may know more.
        """
        if name != NAME:
            return False
        if self._newest():
            return True
        events: list[Event] = []
        with source.open("rb") as file:
            whole = takewhile(lambda line: line.endswith(b"\n"), file)
            for number, line in enumerate(whole, start=1):
                event = journal.from_line(line)
                if event is None:
                    raise OSError(f"{source}, line {number}: changed or damaged")
                events.append(event)
                if len(events) == _BATCH_BACK:
                    self._append(events)
                    events = []
        if events:
            self._append(events)
        return True

    # --- a round ---

    def _end(self) -> Head | None:
        known, self._known = self._known, None  # whatever happens now, look again next time
        if known is not None:
            return known
        self._copy, self._old = self._newest() or 1, None
        self._loose = sum(not one.last for one in _needed(self._segments()))
        try:
            return self.head()
        except CopyDamaged:
            return None

    def _left(self, head: Head) -> None:
        if self._loose >= _MANY:
            self._put_together()
        self._known = head

    def _put_aside(self, now: dt.datetime) -> str:
        """Begin another copy; the old one stays where it is."""
        del now  # the number says which came later, whatever a clock says
        old = self._newest()
        self._copy, self._old, self._loose = old + 1, None, 0
        return _aside(old) if old else ""

    def _append(self, events: list[Event]) -> None:
        name = f"{_ROOM}/{self._copy:04d}/{events[0].serial:012d}.jsonl"
        data = b"".join(map(journal.to_line, events))
        if not self._objects.create(name, data) and not self._objects.holds(name, data):
            raise VaultAway(f"{self._objects.where(name)}: another daemon has written it")
        self._loose += 1

    def _put_together(self) -> None:
        """Put the last segments into one. At each moment all events are there, once or twice.

        Only what follows each other, and only what was read is removed: a list may show a segment
        late. Where events are missing nothing is done; `intake verify` tells if they stay away.
        """
        there = self._segments()
        tail = list(dropwhile(_is_full, _needed(there)))
        self._loose = 0
        if len(tail) < _MANY // 2:
            return
        self._loose = -len(tail)  # if in vain: all were read, the next time they are twice as many
        joined = [one for one in there if one.first >= tail[0].first]
        try:
            chain = self._chained(joined)
        except (CopyDamaged, FileNotFoundError):
            return
        if not chain:
            return
        first, last = chain[0].serial, chain[-1].serial
        name = f"{_ROOM}/{self._copy:04d}/{first:012d}-{last:012d}.jsonl"
        data = b"".join(map(journal.to_line, chain))
        self._objects.create(name, data)
        if not self._objects.holds(name, data):
            return
        for one in joined:
            if one.name != name:
                self._objects.remove(one.name)
        self._loose = 0

    def _chained(self, segments: list[_Segment]) -> list[Event]:
        """Return the events of segments, each once; none if one does not follow the one before."""
        chain: list[Event] = []
        for one in segments:
            for event in self._events_in(one):
                at = event.serial - chain[0].serial if chain else 0
                if 0 <= at < len(chain) and event == chain[at]:
                    continue  # a kill left it, or a deposed daemon wrote it late
                if chain and (at, event.previous) != (len(chain), chain[-1].sha256):
                    return []
                chain.append(event)
        return chain

    # --- which segments there are ---

    def _all(self) -> Iterator[tuple[int, _Segment]]:
        for name, size in self._objects.listed(_ROOM):
            if found := _SEGMENT.fullmatch(name):
                number, first, last = int(found[1]), int(found[2]), int(found[3] or 0)
                yield number, _Segment(first, last, name, size)

    def _newest(self) -> int:
        return max((number for number, _ in self._all()), default=0)

    def _segments(self, copy: int = 0) -> list[_Segment]:
        """Return the segments of a copy (the newest), those that begin alike the longest first."""
        there = list(self._all())
        wanted = copy or max((number for number, _ in there), default=0)
        mine = [segment for number, segment in there if number == wanted]
        return sorted(mine, key=lambda one: (one.first, -one.last))

    def _lines(
        self, after: int = 0, copy: int = 0
    ) -> Iterator[tuple[str, int, bytes, Event | None]]:
        """Yield the lines after an event, each once, with their segment's name and their number.

        One that is no event is yielded with None.
        """
        seen, gone = after, ""
        while True:
            segments = _needed(self._segments(copy))
            begin = max((n for n, one in enumerate(segments) if one.first <= seen + 1), default=0)
            for one in segments[begin:]:
                try:
                    lines = self._objects.read(one.name).splitlines(keepends=True)
                except FileNotFoundError:
                    gone = self._gone(one.name, gone)
                    break  # look anew, and go on from there
                for number, line in enumerate(lines, start=1):
                    event = journal.from_line(line)
                    if event is None or event.serial > seen:
                        seen = event.serial if event else seen
                        yield one.name, number, line, event
            else:
                return

    def _gone(self, name: str, before: str) -> str:
        """Return the name of a segment that was listed and is not there, to be asked for it again.

        Mostly it was put together with others meanwhile: the next list does not show it.

        Raises:
            CopyDamaged: it was not there ``before`` either: it is lost, whatever the list says.
        """
        if name == before:
            raise CopyDamaged(self._objects.where(name))
        return name

    def _pieces(self, copy: int) -> Iterator[bytes]:
        for _, _, line, _ in self._lines(copy=copy):
            yield line

    def _events_in(self, segment: _Segment) -> Iterator[Event]:
        lines = self._objects.read(segment.name).splitlines()
        for number, line in enumerate(lines, start=1):
            event = journal.from_line(line)
            if event is None:
                raise CopyDamaged(self._objects.where(segment.name), number)
            yield event


def _needed(segments: Iterable[_Segment]) -> list[_Segment]:
    """Return what must be read: without segments that one put together holds already."""
    needed: list[_Segment] = []
    covered = 0
    for one in segments:
        if one.first > covered:
            needed.append(one)
            covered = max(covered, one.last)
    return needed


def _is_full(segment: _Segment) -> bool:
    return bool(segment.last) and segment.size_bytes >= _FULL_BYTES


#: Events in a segment of a journal that is put back.
_BATCH_BACK = 5000


def unmistakable(name: str, data: bytes) -> str:
    """Return a name that counts the copies of one bucket with a mark of its bytes, others as it is.

    In a bucket that was restored from a backup the same number is given out again.
    """
    if not _COUNTED.fullmatch(name):
        return name
    return f"{name.removesuffix('.jsonl')}-{hashlib.sha256(data).hexdigest()[:12]}.jsonl"


def _aside(number: int) -> str:
    return f"{ASIDE}{number:04d}.jsonl"


def _number(name: str) -> int:
    return int(name.removeprefix(ASIDE).removesuffix(".jsonl"))
