"""The virus scanner: clamd's INSTREAM, and what its answers mean.

The program does not judge files itself. A scanner that does not answer, or answers in words that
are not known here, has not said that a message is clean.
"""

import contextlib
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from parsers.names import one_line

_CHUNK = 65_536
_ANSWER_BYTES = 4_096
_FOUND = re.compile(r"stream: (.+) FOUND")
#: The characters of signature names; it stands in reasons, logs and mails.
_NO_NAME = re.compile(r"[^A-Za-z0-9._:()+/-]")


@dataclass(frozen=True, slots=True)
class Clean:
    """The scanner looked at all of it and found nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """The scanner knows it; ``name`` is the signature's, fit to show."""

    name: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The scanner takes less (StreamMaxLength): it will say so again until it is configured."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No usable answer now; ``reason`` is for operators. ``answered``: but it is there."""

    reason: str
    answered: bool = False


Scanned = Clean | Found | TooLarge | Unavailable


@dataclass(frozen=True, slots=True)
class Clamd:
    """One clamd, at ``unix:/path`` or ``host:port``. Each question is a connection of its own.

    ``seconds`` is the longest that one question may take as a whole, ``connect_seconds`` to be let
    in.
    """

    address: str
    seconds: float = 120.0
    connect_seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic

    def scan(self, data: bytes) -> Scanned:
        """Return what clamd says of these bytes, which it gets as a stream; never raises."""
        try:
            with self._asked(b"zINSTREAM\0") as talk:
                for start in range(0, len(data), _CHUNK):
                    chunk = data[start : start + _CHUNK]
                    if not talk.send(struct.pack("!I", len(chunk)) + chunk):
                        break  # it has answered before it heard all: too much for it
                else:
                    talk.send(struct.pack("!I", 0))
                return meaning(talk.answer())
        except (OSError, ValueError) as error:
            return Unavailable(one_line(f"{self.address}: {type(error).__name__}: {error}")[:300])

    def version(self) -> str:
        """Return what clamd says of itself and its signatures.

        Raises:
            OSError: it does not answer, or not like clamd.
        """
        with self._asked(b"zPING\0") as talk:
            if talk.answer() != "PONG":
                raise ConnectionError("what answers there is no clamd")
        with self._asked(b"zVERSION\0") as talk:
            return one_line(talk.answer())[:200]

    @contextlib.contextmanager
    def _asked(self, command: bytes) -> Iterator["_Talk"]:
        ends = self.clock() + self.seconds
        path = self.address.removeprefix("unix:")
        if path != self.address:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            where: str | tuple[str, int] = path
        else:
            host, _, port = self.address.rpartition(":")
            where = host.strip("[]"), int(port)
            family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
            link = socket.socket(family, socket.SOCK_STREAM)
        with link:
            link.settimeout(min(self.connect_seconds, self.seconds))
            link.connect(where)
            talk = _Talk(link, ends, self.clock)
            talk.send(command)
            yield talk


@dataclass(frozen=True, slots=True)
class _Talk:
    """A connection with an end in time: many slow steps must not add up."""

    link: socket.socket
    ends: float
    clock: Callable[[], float]

    def send(self, data: bytes) -> bool:
        """Send; False when the other side hears no more but may have said why."""
        self._wait()
        try:
            self.link.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def answer(self) -> str:
        """Return the answer, without the NUL that must end it.

        Raises:
            OSError: it broke off, came too late or is too long.
        """
        heard = b""
        while not heard.endswith(b"\0"):
            self._wait()
            more = self.link.recv(_ANSWER_BYTES)
            heard += more
            if not more or len(heard) > _ANSWER_BYTES:
                raise ConnectionError("it hung up without an answer" if not more else "too long")
        return heard.rstrip(b"\0").decode("utf-8", "replace")

    def _wait(self) -> None:
        left = self.ends - self.clock()
        if left <= 0:
            raise TimeoutError("no answer in time")
        self.link.settimeout(left)


def meaning(answer: str) -> Scanned:
    """Return what an answer to INSTREAM means. Only the exact words mean clean."""
    if answer == "stream: OK":
        return Clean()
    if found := _FOUND.fullmatch(answer):
        return Found(_NO_NAME.sub("?", found[1])[:120])
    if answer.startswith("INSTREAM size limit exceeded"):
        return TooLarge()
    return Unavailable(one_line(f"it answered {answer[:200]!r}"), answered=True)
