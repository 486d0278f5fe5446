"""A cable between a client and a server on loopback, which can be cut at a chosen moment."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

# as a statement: it is also a part of READ COMMITTED
_COMMIT = b"COMMIT\0"


class Cable:
    """A TCP proxy on ``127.0.0.1``; ``with`` plugs it in.

    `cut` ends every connection at once. `lose_commit` lets a COMMIT through to the server and ends
    the connection instead of passing its answer on.
    """

    def __init__(self, port: int) -> None:
        self._to = "127.0.0.1", port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lose_in = 0
        #: How many COMMITs were seen.
        self.commits = 0
        self._deaf: socket.socket | None = None
        #: How many COMMITs reached the server without their answer reaching the client.
        self.lost = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._listening)  # shut down as well: `accept` goes on with what is only closed
        self.cut()

    def cut(self) -> None:
        """End every connection now."""
        for pair in self._pairs:
            for end in pair:
                _close(end)
        self._pairs.clear()

    def lose_commit(self, number: int = 1) -> None:
        """Let the so many-th COMMIT from now through, and not its answer."""
        self._lose_in = number

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._to)
            except OSError:  # the server is away: so is whoever asks by this cable
                _close(near)
                continue
            self._pairs.append((near, far))
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()
            threading.Thread(target=self._back, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if _COMMIT in data:
                    self.commits += 1
                    self._lose_in -= 1
                    if self._lose_in == 0:
                        self._deaf = near
                far.sendall(data)
        _close(far)

    def _back(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if self._deaf is near:
                    self.lost += 1
                    break
                near.sendall(data)
        _close(near)
        _close(far)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
