"""The file that holds the refresh token: read, rewritten without ever being half there, 0600."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from registry.files import put_own_file


class TokenFile:
    """One file with one token on its first line, shared by the processes of one office."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._held: tuple[str, str] | None = None  # what the file said, what counts instead

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until no other process of ours asks with this token.

        The lock is on the folder, for the file itself is replaced.

        Raises:
            OSError: the folder is not there.
        """
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def read(self) -> str:
        """Return the token; ``""`` if there is none.

        Raises:
            OSError: the file cannot be read.
        """
        try:
            lines = self.path.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        written = lines[0].strip() if lines else ""
        if self._held is not None and self._held[0] == written:
            return self._held[1]
        self._held = None  # somebody wrote a newer one
        return written

    def write(self, token: str) -> None:
        """Replace the token: whoever reads, also after a power failure, finds the old or the new.

        Raises:
            OSError: the disk is full, the folder is not ours, …
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        put_own_file(self.path, f"{token}\n".encode("ascii"))
        self._held = None

    def hold(self, token: str) -> None:
        """Let this token count for this process for as long as the file says what it says now."""
        self._held = (self._plain(), token)

    def _plain(self) -> str:
        held, self._held = self._held, None
        try:
            return self.read()
        finally:
            self._held = held
