"""The journal's copy in the vault's folder: what rebuilds a registry that is gone.

One event a line, appended after each tick with one fsync. The database and this file are written
at different moments and may be restored on their own; `standing` says how they stand.
"""

import contextlib
import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from registry import journal
from registry.files import make_folder, sync_folder
from registry.model import GENESIS_HEAD, Event, Head

NAME = "journal.jsonl"
_ASIDE = "journal-until-"
_BATCH = 1000
_BLOCK_BYTES = 65_536

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

    ``set_aside`` is the old file under its new name; None when the old one was gone on with.
    ``behind``: the registry lacks events of the copy and has none of its own: nothing was written.
    """

    events: int
    set_aside: Path | None = None
    behind: bool = False


class CopyDamaged(Exception):  # noqa: N818  a finding about a file, to be handled by its reader
    """A line of the copy is no event of a journal, or was changed. ``line`` counts from 1."""

    def __init__(self, path: Path, line: int) -> None:
        self.path, self.line = path, line
        super().__init__(f"{path}, line {line}: changed or damaged")


class JournalCopy:
    """The file ``journal.jsonl`` beside the messages. One process at a time appends to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._left: tuple[Head, int] | None = None  # the file's head and size, as we left it

    def catch_up(self, store: Journal, now: dt.datetime) -> Copied:
        """Append the events that the copy lacks, and put them on the disk.

        A last line that a power loss tore is cut off and written again. A copy that is not the
        beginning of this journal (the registry was put back and went on), or whose end is no event
        any more, is never changed: it is kept under another name, and a new copy begins.

        Raises:
            OSError: the disk; the next round mends what this one left.
        """
        left, self._left = self._left, None  # whatever happens now, look again next time
        head = left[0] if left and left[1] == self._size() else self._end()
        set_aside = None
        if head is None or (head.serial and store.event_hash(head.serial) != head.sha256):
            if head is not None and self.standing(store) == "registry-behind":
                return Copied(0, behind=True)
            set_aside, head = self._put_aside(now), GENESIS_HEAD
        appended = 0
        while events := store.events_after(head.serial, _BATCH):
            self._append(events)
            head = Head(events[-1].serial, events[-1].sha256)
            appended += len(events)
        self._left = head, self._size()
        return Copied(appended, set_aside)

    def set_aside(self) -> list[Path]:
        """Return the copies of other registries that were put aside here, oldest first."""
        return sorted(self.path.parent.glob(f"{_ASIDE}*.jsonl"))

    def head(self) -> Head:
        """Return the last event's serial and hash; ``GENESIS_HEAD`` when there is no copy.

        Raises:
            CopyDamaged: the last line is whole but no event.
        """
        last = _last_line(self.path)
        if not last:
            return GENESIS_HEAD
        event = journal.from_line(last)
        if event is None:
            raise CopyDamaged(self.path, sum(1 for _ in self._lines()))
        return Head(event.serial, event.sha256)

    def events(self) -> Iterator[Event]:
        """Yield the events of the copy in their order; a torn last line is left out.

        Raises:
            CopyDamaged: a line was changed or damaged.
        """
        for number, line in enumerate(self._lines(), start=1):
            event = journal.from_line(line)
            if event is None:
                raise CopyDamaged(self.path, number)
            yield event

    def missing(self, store: Journal) -> list[Event]:
        """Return what a registry lacks that stands "registry-behind": the events after its head."""
        head = store.journal_head()
        return [event for event in self.events() if event.serial > head.serial]

    def standing(self, store: Journal) -> Standing:
        """Return how the registry stands to the copy."""
        registry, copied = store.journal_head(), self.head()
        shared = ""
        if copied.serial > registry.serial:
            shared = self._hash_at(registry.serial)
        return standing(
            registry, copied, in_registry=store.event_hash(copied.serial), in_copy=shared
        )

    def _hash_at(self, serial: int) -> str:
        if serial == 0:
            return GENESIS_HEAD.sha256
        return next((one.sha256 for one in self.events() if one.serial == serial), "")

    def _lines(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield line
        except FileNotFoundError:
            return

    def _end(self) -> Head | None:
        """Cut off a torn last line and return the head; None when the end is no event."""
        size = self._size()
        whole = _whole_bytes(self.path, size) if size else 0
        if whole < size:
            with self.path.open("rb+") as file:
                file.truncate(whole)
                os.fsync(file.fileno())
        try:
            return self.head()
        except CopyDamaged:
            return None

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _put_aside(self, now: dt.datetime) -> Path | None:
        """Give the file another name, with the date; return it."""
        if not self.path.exists():
            return None
        stem = f"{_ASIDE}{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
        names = (f"{stem}{f'-{n}' if n else ''}.jsonl" for n in range(1_000_000))
        target = next(path for path in map(self.path.with_name, names) if not path.exists())
        self.path.rename(target)
        sync_folder(self.path.parent)
        return target

    def _append(self, events: list[Event]) -> None:
        new = not self.path.exists()
        make_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"".join(map(journal.to_line, events)))
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(self.path.parent)


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


def _whole_bytes(path: Path, size: int) -> int:
    """Return how many bytes of a file are whole lines."""
    with path.open("rb") as file:
        end = size
        while end:
            start = max(end - _BLOCK_BYTES, 0)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
    return 0


def _last_line(path: Path) -> bytes:
    """Return the last whole line of a file; nothing when there is none."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        end = _whole_bytes(path, path.stat().st_size)
        start, found = end, b""
        while start and found[:-1].rfind(b"\n") < 0:
            start = max(start - _BLOCK_BYTES, 0)
            file.seek(start)
            found = file.read(end - start)
        return found[found[:-1].rfind(b"\n") + 1 :]
    return b""
