"""Where a vault lies: a folder on a disk, or a bucket of objects. The vault says what, this where.

A place holds bytes under names: ``ab/abcd…`` on its shelves (`registry.vault` names them), a few
others beside the shelves. Each is there whole or not at all.
"""

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from registry.files import UNFINISHED, make_folder, put_file, put_file_once, put_pieces, sync_folder
from registry.journal_copy import JournalCopy
from registry.journal_file import JournalFile

#: A file on a shelf.
SHELVED = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})")
_NAME = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
#: Where a file is written whose name is not known yet; what a kill leaves there is tidied.
_ANY_SHELF = "00"


class Place(Protocol):
    """What a vault asks of the disk or the bucket that it lies on.

    Every method raises OSError when that does not do it (full, away, no right): nothing is
    half-done then, and the same call may be repeated. `registry.errors.VaultAway` is a bucket's.
    """

    #: How many files are worth putting or reading at the same time.
    at_once: int

    def where(self, name: str = "") -> str:
        """Return how people find a file of this name: a path, or an address."""

    def ready(self) -> None:
        """Make sure that it answers, before something is begun that counts on it."""

    def read(self, name: str) -> bytes:
        """Return the bytes of this name; FileNotFoundError only if there surely are none."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def holds(self, name: str, data: bytes) -> bool:
        """Whether there is such a file, and it holds these bytes."""

    def keep(self, name: str, data: bytes) -> None:
        """See to it that this name holds these bytes, whatever it held; they are safe then."""

    def keep_pieces(self, pieces: Iterable[bytes], named: Callable[[str], str]) -> str:
        """Keep bytes that come in pieces under the name that their sha256 gives; return that."""

    def create(self, name: str, data: bytes) -> bool:
        """Put bytes under a name unless there is one: of several that try, the first one's stay.

        Return whether these are the ones.
        """

    def shelved(self) -> Iterator[str]:
        """Yield the hashes of all files on the shelves, in order."""

    def beside(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield what lies beside the shelves, as files of a folder: name and bytes, in chunks."""

    def take_in(self, name: str, source: Path) -> None:
        """Put back a file that `beside` gave. One of that name may know more: it stays."""

    def journal(self) -> JournalCopy:
        """Return the journal's copy that lies here."""

    def tidy(self, spare_seconds: float = 0.0) -> int:
        """Remove what a kill left half-written so long ago; return how many files that were."""


class Folder:
    """A place on a disk: a folder, fanned out by the first two digits of the names."""

    #: Syncs that wait together share what the file system writes for all of them: on a disk that
    #: others force their files to as well, eight kept 5 to 10 times as many files as one alone.
    at_once = 8

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._making = threading.Lock()

    def where(self, name: str = "") -> str:
        """Return the path."""
        return str(self.folder / name)

    def ready(self) -> None:
        """Do nothing: a disk that fails says so at once."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return (self.folder / name).read_bytes()

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.folder / name).is_file()

    def holds(self, name: str, data: bytes) -> bool:
        """Whether there is such a file with these bytes."""
        path = self.folder / name
        try:
            return path.stat().st_size == len(data) and path.read_bytes() == data
        except FileNotFoundError:
            return False

    def keep(self, name: str, data: bytes) -> None:
        """Write a file unless it holds that already; bytes and name are on the disk then."""
        if self.holds(name, data):
            return
        path = self.folder / name
        with self._making:  # who finds a shelf there must find its name on the disk as well
            make_folder(path.parent)
        put_file(path, data)

    def keep_pieces(self, pieces: Iterable[bytes], named: Callable[[str], str]) -> str:
        """Write a file as its pieces come: they are never in memory together."""
        digest = hashlib.sha256()

        def read() -> Iterator[bytes]:
            for piece in pieces:
                digest.update(piece)
                yield piece

        def path() -> Path:
            path = self.folder / named(digest.hexdigest())
            with self._making:
                make_folder(path.parent)
            return path

        shelf = self.folder / _ANY_SHELF
        with self._making:
            make_folder(shelf)
        put_pieces(shelf, read(), path)
        return digest.hexdigest()

    def create(self, name: str, data: bytes) -> bool:
        """Put a file on the disk unless there is one."""
        path = self.folder / name
        make_folder(path.parent)
        return put_file_once(path, data)

    def shelved(self) -> Iterator[str]:
        """Yield the names on the shelves."""
        for path in sorted(self.folder.glob("??/*")):
            if _NAME.fullmatch(path.name):
                yield path.name

    def beside(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the files of the folder itself, without hidden ones."""
        there = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        for path in there:
            if path.is_file() and not path.name.startswith("."):
                yield path.name, chunks(path)

    def take_in(self, name: str, source: Path) -> None:
        """Copy a file unless one of that name is there."""
        target = self.folder / name
        if not target.exists():
            make_folder(self.folder)
            put_file_once(target, source.read_bytes())
            sync_folder(self.folder)

    def journal(self) -> JournalCopy:
        """Return the file ``journal.jsonl`` of the folder."""
        return JournalFile(self.folder)

    def tidy(self, spare_seconds: float = 0.0) -> int:
        """Remove temporary files of a killed process, which never had a name."""
        removed = 0
        for path in self.folder.glob(f"??/{UNFINISHED}*"):
            if not spare_seconds or _age_seconds(path) > spare_seconds:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _age_seconds(path: Path) -> float:
    """Return how long ago a file was written; 0 when it is gone."""
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime
    return 0.0


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, a piece at a time."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
