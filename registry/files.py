"""Files that are on the disk whole or not at all, whatever is killed or runs full meanwhile."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: What a file is called until its bytes are on the disk.
UNFINISHED = ".new-"


def put_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put a file in place of what was there; it has its name once its bytes are on the disk.

    Raises:
        OSError: full, read only, no such folder; what was there stays.
    """
    with _unnamed(path, data, mode) as fresh:
        fresh.replace(path)
    sync_folder(path.parent)


def put_file_once(path: Path, data: bytes) -> None:
    """Put a file on the disk unless there is one: of several that try, the first one's stays."""
    with _unnamed(path, data, 0o600) as fresh, contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    sync_folder(path.parent)


@contextlib.contextmanager
def _unnamed(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


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
