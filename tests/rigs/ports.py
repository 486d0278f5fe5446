"""Ports on loopback that nobody else is given: for servers that are told where to listen.

A port that is asked for and let go again may be somebody else's before the server listens on it,
or while it is away: each `socket.bind` to port 0 on the machine draws from the same few thousands.
"""

import socket
from types import TracebackType
from typing import Self


class Ports:
    """So many ports, ours until `let_go`. Use as a context manager, or let go at the end.

    Each is bound and not listened on: the kernel gives it to nobody, refuses whoever connects, and
    lets a server listen there that asks for SO_REUSEADDR, as servers do.
    """

    def __init__(self, count: int = 1) -> None:
        self._bound = [socket.socket() for _ in range(count)]
        for each in self._bound:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(("127.0.0.1", 0))
        self.numbers: list[int] = [each.getsockname()[1] for each in self._bound]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Give them back; idempotent."""
        for each in self._bound:
            each.close()
