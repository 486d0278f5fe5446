"""Files that are on the disk whole or not at all, whatever is killed or runs full meanwhile."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

#: What a file is called until its bytes are on the disk.
UNFINISHED = ".new-"


def put_file(path: Path, data: bytes) -> None:
    """Put a file in place of what was there; it has its name once its bytes are on the disk.

    Several may write it at once. What a kill leaves is named ``UNFINISHED…`` and must be tidied.

    Raises:
        OSError: full, read only, no such folder; what was there stays.
    """
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    with _passing(Path(name)):
        _fill(descriptor, (data,))
        Path(name).replace(path)
    sync_folder(path.parent)


def put_pieces(folder: Path, pieces: Iterable[bytes], name: Callable[[], Path]) -> None:
    """Put a file on the disk piece by piece, as `put_file` does: its path is asked for at the end.

    Until then it is in ``folder``, which must be on the same file system.
    """
    descriptor, passing = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
    with _passing(Path(passing)):
        _fill(descriptor, pieces)
        path = name()
        Path(passing).replace(path)
    sync_folder(path.parent)


def put_own_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Do the same where nobody else writes: the next time overwrites what a kill has left."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with _passing(fresh):
        _fill(descriptor, (data,), mode)
        fresh.replace(path)
    sync_folder(path.parent)


def put_file_once(path: Path, data: bytes) -> bool:
    """Put a file on the disk unless there is one: of several that try, the first one's stays.

    Return whether this is the one.
    """
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    with _passing(Path(name)):
        _fill(descriptor, (data,))
        first = False
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
            first = True
        Path(name).unlink()
    sync_folder(path.parent)
    return first


@contextlib.contextmanager
def _passing(fresh: Path) -> Iterator[None]:
    """Take a passing name away if the file never gets its own."""
    try:
        yield
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _fill(descriptor: int, pieces: Iterable[bytes], mode: int = 0o600) -> None:
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.writelines(pieces)
        file.flush()
        os.fsync(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; each name is on the disk when this returns."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put the names of a folder's files on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
