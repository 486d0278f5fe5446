"""A socket that listens as systemd does: what a service tells it, in order."""

import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self


class NotifySocket:
    """Use as a context manager; ``address`` goes into ``NOTIFY_SOCKET``."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="sd-")  # a socket's path must be short
        self.address = str(Path(self._folder.name) / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._folder.cleanup()

    def heard(self) -> list[str]:
        """Return what was said since the last call (no more than the kernel keeps: some ten)."""
        found = []
        self._socket.setblocking(False)
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def wait_for(self, word: str, seconds: float = 60) -> str:
        """Return the next message with this word; TimeoutError if none comes in time.

        What is said while nobody waits is lost when the kernel keeps no more.
        """
        ends_at = time.monotonic() + seconds
        while True:
            self._socket.settimeout(max(ends_at - time.monotonic(), 0.001))
            message = self._socket.recv(4096).decode()
            if word in message:
                return message
