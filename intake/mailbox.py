"""The office's IMAP account: the only place that knows imap-tools, behind a shim for its traps.

imap-tools 1.16 brings folder names, logins and error types; what it would do to other people's
mail it is not asked to do: it runs a plain EXPUNGE after flags and moves, drops later chunks when
one has vanished, gives flags and bodies of one message to another, trusts any certificate, waits
without end, and loses mail that arrives while IDLE begins. Here bodies are fetched raw and keyed by
UID, and nothing but UID EXPUNGE of our own UID ever removes a message.
"""

import imaplib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from config.model import Mailbox as Settings
from intake.connection import (
    CommandRefused,
    LoginRefused,
    Unreachable,
    Untrusted,
)
from intake.folders import Fetched, Listed
from intake.imap_client import ANSWER_BYTES, number, parse_internaldate
from intake.moves import Moved, Moves

__all__ = [
    "CommandRefused",
    "Fetched",
    "Listed",
    "LoginRefused",
    "Mailbox",
    "Moved",
    "Unreachable",
    "Untrusted",
]

_LIST_CHUNK = 500  # UIDs whose size and date are asked for at once
_BATCH_BYTES = 8_000_000  # bodies held in memory at once, unless one message alone is larger
_HEADER_BYTES = 1_000_000  # of a message that is not fetched; nobody writes a longer one
_FAILURES = 2  # once in its batch and once alone

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer of the inbox.

    ``more``: the limit left some for the next call. ``complete``: every unknown message that the
    server showed is in it.
    """

    messages: tuple[Listed, ...]
    more: bool
    complete: bool


class Mailbox(Moves):
    """One account and one connection; not for use by two threads.

    Every method but `close` raises `Unreachable` (drop the tick, come back later) or, while
    logging in, `LoginRefused`. After `Unreachable` the connection is closed, except after
    `CommandRefused`. ``secret`` is the password or the OAuth token, or a function that gets it at
    each `open`.
    """

    def __init__(
        self, settings: Settings, secret: str | Callable[[], str], *, batch: int = 50
    ) -> None:
        super().__init__(settings, secret, batch=batch)
        self._suspects: dict[tuple[int, int], int] = {}
        self._left_after = 0  # the last UID of a listing that left some; 0: it left none

    # --- reading ---

    def listed(self, known: set[int]) -> list[Listed]:
        """Return the messages of `listing`, all of them."""
        return list(self.listing(known).messages)

    def listing(self, known: set[int], limit: int | None = None) -> Listing:
        """Return the inbox's messages that are not in ``known``, ascending by UID.

        With ``limit`` only the first so many of them are asked for (a full inbox at the start).

        A new selection comes first, so read `uidvalidity` first and compare it before trusting
        ``known``. Only a full inbox is gone on with in the selection that is there (a server takes
        a second to select 20,000 messages anew): where the answer before left some, all that it
        named is known or gone by now, and this one leaves some too. So a complete answer is always
        that of a new selection. Within one, UIDs do not change (RFC 3501 section 2.3.1.1); a server
        that cannot keep to this ends the connection (`Unreachable`), as Dovecot does.

        Flags play no part: what a human read or marked is listed all the same. A message without a
        usable size or INTERNALDATE is left out with an event, and asked for again at the next call.
        """
        with self._guard():
            unknown = self._rest(known)
            if limit is None or len(unknown) <= limit:
                self._select(self._settings.inbox)
                unknown = self._unknown(known)
            uids = unknown[:limit]
            more = len(uids) < len(unknown)
            self._left_after = uids[-1] if more and uids else 0
            found: list[Listed] = []
            for start in range(0, len(uids), _LIST_CHUNK):
                found += self._describe(uids[start : start + _LIST_CHUNK])
            return Listing(tuple(found), more, len(found) == len(unknown))

    def _rest(self, known: set[int]) -> list[int]:
        """Return what the selection that is there shows; nothing where a new one is to be made."""
        if not self._left_after or self._selected != self._settings.inbox:
            return []
        client = self._live()
        status, _ = client.noop()  # with its answer a server tells what went (RFC 3501, 7.4.1)
        if status != "OK" or client.code("UIDVALIDITY") is not None:
            return []
        unknown = self._unknown(known)
        return unknown if unknown and unknown[0] > self._left_after else []

    def _unknown(self, known: set[int]) -> list[int]:
        self._live().forget_news()
        return [uid for uid in self._search("ALL") if uid not in known]

    def _describe(self, uids: Sequence[int]) -> list[Listed]:
        self._live().allow(self._settings.command_seconds)
        found = []
        for uid, attributes in self._attributes(uids, "(UID RFC822.SIZE INTERNALDATE)"):
            size = number(attributes, b"RFC822.SIZE")
            at = parse_internaldate(attributes.get(b"INTERNALDATE", b""))
            if size is None or at is None:
                if attributes.keys() & {b"RFC822.SIZE", b"INTERNALDATE"}:
                    _log.warning("slot_unlisted", uid=uid, size=size, internaldate=bool(at))
                continue
            self._sizes[uid] = size
            found.append(Listed(uid, size, at))
        return sorted(found, key=lambda each: each.uid)

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Yield whole raw messages of the inbox (BODY.PEEK[]); flags are not touched.

        Batches are bounded by count and bytes, so memory stays flat however long ``uids`` is. A
        UID that is not yielded has vanished, or its body could not be had now: list again. After a
        failed batch its UIDs are fetched one by one and last, each that ends the connection again
        gets the next one a new connection: those which break the server keep no others away.
        """
        uidvalidity = self._uidvalidity
        for batch in self._batches(uids):
            try:
                bodies = self._bodies(batch, uidvalidity)
            except CommandRefused:
                self._suspect(batch, uidvalidity)
                if len(batch) > 1:
                    yield from self.fetch(batch)
                else:
                    _log.warning("body_refused", uid=batch[0], uidvalidity=uidvalidity)
                continue
            except Unreachable:
                self._suspect(batch, uidvalidity)
                if len(batch) > 1 or self._suspects[uidvalidity, batch[0]] < _FAILURES:
                    raise
                # This one message ends the connection each time: the others must not wait for it.
                _log.warning("body_breaks_connection", uid=batch[0], uidvalidity=uidvalidity)
                self.open()
                continue
            yield from bodies

    def _suspect(self, batch: Sequence[int], uidvalidity: int) -> None:
        for uid in batch:
            slot = (uidvalidity, uid)
            self._suspects[slot] = self._suspects.get(slot, 0) + 1

    def _batches(self, uids: Sequence[int]) -> Iterator[list[int]]:
        """Split by count and announced bytes; suspects alone and last, least suspected first."""
        doubts = {uid: self._suspects.get((self._uidvalidity, uid), 0) for uid in uids}
        batch: list[int] = []
        size = 0
        for uid in (uid for uid in uids if not doubts[uid]):
            # An unknown size counts as a full batch: the message travels alone.
            step = self._sizes.get(uid, _BATCH_BYTES)
            if batch and (len(batch) >= self._batch or size + step > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(uid)
            size += step
        if batch:
            yield batch
        for uid in sorted((uid for uid in uids if doubts[uid]), key=lambda uid: doubts[uid]):
            yield [uid]

    def _bodies(self, batch: Sequence[int], uidvalidity: int) -> list[Fetched]:
        with self._guard():
            if not self._select_again(self._settings.inbox, uidvalidity):
                raise imaplib.IMAP4.abort("UIDVALIDITY changed between listing and fetching")
            if any(uid not in self._sizes for uid in batch):
                self._describe([uid for uid in batch if uid not in self._sizes])
            announced = sum(self._sizes.get(uid, 0) for uid in batch)
            # RFC822.SIZE is an estimate on some servers; four gigabytes for forty bytes are a lie.
            answer = self._attributes(batch, "(UID BODY.PEEK[])", 2 * announced + ANSWER_BYTES)
            bodies = {uid: found[b"BODY[]"] for uid, found in answer if found.get(b"BODY[]")}
            for uid in batch:
                if uid not in bodies:
                    _log.info("slot_vanished", uid=uid, uidvalidity=uidvalidity)
            return [Fetched(uid, bodies[uid]) for uid in batch if uid in bodies]

    def header(self, uid: int) -> bytes:
        """Return the beginning of the header of one inbox message (PEEK).

        Empty when the message has vanished, or its header ended the connection twice.

        Raises:
            CommandRefused: the server does not give it.
        """
        uidvalidity = self._uidvalidity
        try:
            return self._header(uid)
        except CommandRefused:
            raise
        except Unreachable:
            self._suspect([uid], uidvalidity)
            if self._suspects[uidvalidity, uid] < _FAILURES:
                raise
            # It does so each time: what else waits in the inbox must not wait for it.
            _log.warning("header_breaks_connection", uid=uid, uidvalidity=uidvalidity)
            self.open()
            return b""

    def _header(self, uid: int) -> bytes:
        with self._guard():
            self._select_again(self._settings.inbox, None)
            # Of a part only: a header of many megabytes would be more than an answer may be.
            items = f"(UID BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>)"
            for _, found in self._attributes([uid], items):
                # A server that does not know parts gives the whole, under the name of the whole.
                given = found.get(b"BODY[HEADER]<0>") or found.get(b"BODY[HEADER]")
                if given:
                    return given[:_HEADER_BYTES]
            return b""

    # --- waiting ---

    def idle(self, seconds: float, wake: int | None = None) -> bool:
        """Wait until the server hints at something new, at most ``seconds``.

        False at once when it has no IDLE. Only a hint: call `listed` afterwards whatever it
        returns. ``wake`` is a file descriptor that ends the wait when it becomes readable (a
        signal's). Keep ``seconds`` below 29 minutes.
        """
        if not self.can_idle:
            return False
        with self._guard():
            client = self._live()
            if self._selected != self._settings.inbox:
                self._select(self._settings.inbox)
                return True  # what came while another folder was selected was not announced
            if client.news():
                client.forget_news()  # told once: a listener that is told for ever never waits
                return True
            return client.idle(seconds, self._settings.timeout_seconds, wake)
