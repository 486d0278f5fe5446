"""A courier in memory: what it is told to answer, it answers; what was taken over is kept."""

import datetime as dt
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from functools import cached_property
from typing import Literal

from rigs.clerks import one_by_one
from rigs.troubles import Effects, Killed

from notifier.delivery import AuthFailed, Clerk, Delivery, Later, Never, Sent, Unknown

#: ``lost``: the connection broke after the final dot and the server had not taken the mail;
#: ``taken``: it had. ``busy`` is before the content, ``greylisted`` after it.
Answer = Literal["sent", "busy", "greylisted", "away", "never", "lost", "taken", "login"]


@dataclass(frozen=True)
class Taken:
    """One mail that the server took over, by the clock of the office."""

    recipient: str
    raw: bytes
    at: dt.datetime

    @cached_property
    def key(self) -> str:
        return str(self._head["X-Commune-Intake"])

    @property
    def message_id(self) -> str:
        return str(self._head["Message-ID"])

    @cached_property
    def _head(self) -> Message:
        """The header alone, read once: a life asks its mails ten thousand times."""
        return BytesHeaderParser().parsebytes(self.raw)


@dataclass
class MemoryCourier:
    """Brings mails to ``taken``; ``answers`` are the answers to the next mails, then all is well.

    ``open_ends`` are (key, recipient) of mails whose outcome the program could not know.
    ``brought`` is called with every mail that was taken over.
    """

    clock: Callable[[], dt.datetime]
    effects: Effects = field(default_factory=Effects)
    answers: deque[Answer] = field(default_factory=deque)
    taken: list[Taken] = field(default_factory=list)
    open_ends: set[tuple[str, str]] = field(default_factory=set)
    brought: Callable[[Taken], None] = lambda _mail: None
    certificate_ends_at: dt.datetime | None = None

    def carry(self, clerk: Clerk) -> None:
        one_by_one(clerk, self.send)

    def send(self, recipient: str, raw: bytes, before_data: Callable[[], None]) -> Delivery:
        answer: Answer = self.answers.popleft() if self.answers else "sent"
        mail = Taken(recipient, raw, self.clock())
        if answer == "login":
            return AuthFailed("535 the password is refused")
        if answer == "away":
            return Later("nobody answers", everybody=True)
        if answer == "busy":
            return Later("451 try later")
        self.effects.step("before the content")
        before_data()
        match answer:
            case "greylisted":
                return Later("451 greylisted")
            case "never":
                return Never("550 no such user")
            case "lost":
                self.open_ends.add((mail.key, recipient))
                return Unknown("lost after the final dot")
            case "taken":
                self._take(mail)
                self.open_ends.add((mail.key, recipient))
                return Unknown("lost after the final dot")
        try:
            self.effects.step("before the final dot")
            self._take(mail)
            self.effects.step("before the answer to the final dot")
        except Killed:
            self.open_ends.add((mail.key, recipient))
            raise
        return Sent("250 2.0.0 queued", "memory.example:25")

    def close(self) -> None:
        """Nothing is open."""

    def _take(self, mail: Taken) -> None:
        self.taken.append(mail)
        self.brought(mail)
