"""The nouns of sending: what the gate asks the registry, and what is written down after."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.model import MailState, Message


@dataclass(frozen=True, slots=True)
class Given:
    """A mail that its recipient got, or may have got; twice, if ``doubted_at`` is set."""

    mail_id: int
    key: str
    recipient_key: str
    handed_at: dt.datetime
    doubted_at: dt.datetime | None = None

    def copies(self, since: dt.datetime) -> int:
        """How many copies of it the recipient got since, or may have got."""
        if self.handed_at < since:
            return 0
        return 1 + (self.doubted_at is not None and self.doubted_at >= since)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What decides whether mails may leave, as of the journal's event ``head``.

    ``messages`` are those that the mails answer, by id; ``raws`` the bytes of the smaller mails.
    """

    head: int
    raws: Mapping[int, bytes]
    messages: Mapping[int, Message]
    given: Sequence[Given]


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """What became of a mail: sent, queued again (later), refused, unknown, cancelled, held.

    ``next_try_at`` is the moment of the next try; a queued mail without one is tried at once, an
    unknown one without one is not tried again. A refused one waits for somebody to be told.
    ``tried``: a server was asked, so that the attempt counts; not if we ourselves let it wait.
    """

    mail_id: int
    state: MailState
    at: dt.datetime
    response: str = ""
    server: str = ""
    next_try_at: dt.datetime | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True)
class WrittenDown:
    """The journal's last event before and after; the mails of which it was not possible.

    ``stale``: somebody else had written, and nothing was written down.
    """

    before: int
    after: int
    impossible: frozenset[int] = frozenset()
    stale: bool = False
