"""The journal's copy in the vault's folder: the file ``journal.jsonl``, appended to."""

import contextlib
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

from registry import journal
from registry.files import make_folder, sync_folder
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.model import GENESIS_HEAD, Event, Head

NAME = "journal.jsonl"
ASIDE = "journal-until-"
_BLOCK_BYTES = 65_536
#: More events than anybody appends in one round.
_LATELY = 10_000


class JournalFile(JournalCopy):
    """The file ``journal.jsonl`` beside the shelves; one fsync a round.

    A last line that a power loss tore is cut off and written again.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.where = str(self.path)
        self._known: tuple[Head, int] | None = None  # the file's head and size, as we left it

    def set_aside(self) -> list[str]:
        """Return the names of the files that were put aside here."""
        return sorted(path.name for path in self.path.parent.glob(f"{ASIDE}*.jsonl"))

    def told_as(self, name: str) -> str:
        """Return its name, which says when that was."""
        return name

    def is_damaged(self, name: str) -> bool:
        """Look through a file that was put aside here."""
        return None in map(journal.from_line, _whole_lines(self.path.with_name(name)))

    def head(self) -> Head:
        """Return the event of the last whole line."""
        last = _last_line(self.path)
        if not last:
            return GENESIS_HEAD
        event = journal.from_line(last)
        if event is None:
            raise CopyDamaged(self.where, sum(1 for _ in self._lines()))
        return Head(event.serial, event.sha256)

    def events(self, after: int = 0) -> Iterator[Event]:
        """Yield the events of the whole lines.

        On a folder that hosts share, a daemon that lost its lease in the middle of an append may
        end it when its successor has written the same events: what stands twice counts once.
        """
        lately: dict[int, str] = {}
        for number, line in enumerate(self._lines(), start=1):
            event = journal.from_line(line)
            if event is None:
                raise CopyDamaged(self.where, number)
            if lately.get(event.serial) == event.sha256:
                continue
            lately[event.serial] = event.sha256
            if len(lately) > _LATELY:
                del lately[next(iter(lately))]
            if event.serial > after:
                yield event

    def readable(self) -> Iterator[Event | None]:
        """Yield the event of each whole line, None for one that is no event."""
        return map(journal.from_line, self._lines())

    def _lines(self) -> Iterator[bytes]:
        return _whole_lines(self.path)

    def _end(self) -> Head | None:
        known, self._known = self._known, None  # whatever happens now, look again next time
        return known[0] if known and known[1] == self._size() else self._whole_end()

    def _whole_end(self) -> Head | None:
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

    def _left(self, head: Head) -> None:
        self._known = head, self._size()

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _put_aside(self, now: dt.datetime) -> str:
        """Give the file another name, with the date."""
        if not self.path.exists():
            return ""
        stem = f"{ASIDE}{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
        names = (f"{stem}{f'-{n}' if n else ''}.jsonl" for n in range(1_000_000))
        target = next(path for path in map(self.path.with_name, names) if not path.exists())
        self.path.rename(target)
        sync_folder(self.path.parent)
        return target.name

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


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, none where there is no file; a torn last one is left out."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))


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
