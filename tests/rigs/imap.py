"""A scripted IMAP server on loopback, for what no honest server does.

A script is a function ``(line) -> bytes | None`` per command: it gets the command without its tag
(upper-case verb first) and returns the bytes to send, with ``TAG`` where the tag belongs, or None
for the polite default. `Drop` closes the connection after sending.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Script = Callable[[str], "bytes | Drop | Drip | None"]

CAPABILITIES = "IMAP4rev1 IDLE MOVE UIDPLUS"


class Drop(bytes):
    """Send these bytes, then close the connection."""


class Drip(bytes):
    """Send these bytes one at a time for as long as the client listens."""


class ImapServer:
    """One scripted server; ``commands`` records every command line of every connection."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        capabilities: str = CAPABILITIES,
        greeting: bytes = b"* OK ready\r\n",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.commands: list[str] = []
        self._script = script or (lambda _line: None)
        self._capabilities = capabilities
        self._greeting = greeting
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._sockets.append(connection)
            connection.sendall(self._greeting)
            reader = connection.makefile("rb")
            idle_tag = ""
            while line := reader.readline():
                tag, _, command = line.decode("latin-1").rstrip("\r\n").partition(" ")
                if tag == "DONE":
                    tag, command = idle_tag, "DONE"
                elif command.upper() == "IDLE":
                    idle_tag = tag
                self.commands.append(command or tag)
                answer = self._script(command)
                if answer is None:
                    answer = self._polite(command)
                filled = answer.replace(b"TAG", tag.encode())
                if isinstance(answer, Drip):
                    self._drip(connection, filled)
                    break
                connection.sendall(filled)
                if isinstance(answer, Drop) or command.upper() == "LOGOUT":
                    break
            reader.close()
            connection.close()

    def _drip(self, connection: socket.socket, data: bytes) -> None:
        for byte in data:
            if self._stop.wait(0.02):
                return
            connection.sendall(bytes([byte]))

    def _polite(self, command: str) -> bytes:
        verb = command.upper().removeprefix("UID ").split(" ")[0]
        before = {
            "CAPABILITY": f"* CAPABILITY {self._capabilities}\r\n".encode(),
            "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n",
            "LIST": b'* LIST (\\HasNoChildren) "/" "INBOX"\r\n',
            "SEARCH": b"* SEARCH 1\r\n",
            "LOGOUT": b"* BYE bye\r\n",
        }.get(verb, b"")
        return before + b"TAG OK done\r\n"


def fetch_size(uid: int, size: int) -> bytes:
    """The answer to the first FETCH of a listing."""
    return (
        f'* 1 FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "17-May-2024 08:00:00 +0700")\r\n'
        "TAG OK done\r\n"
    ).encode()
