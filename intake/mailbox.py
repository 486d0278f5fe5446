"""The office's IMAP account: the only place that knows imap-tools, behind a shim for its traps.

imap-tools 1.16 brings folder names, logins and error types; what it would do to other people's
mail it is not asked to do: it runs a plain EXPUNGE after flags and moves, drops later chunks when
one has vanished, gives flags and bodies of one message to another, trusts any certificate, waits
without end, and loses mail that arrives while IDLE begins. Here bodies are fetched raw and keyed by
UID, and nothing but UID EXPUNGE of our own UID ever removes a message.
"""

import datetime as dt
import hashlib
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
    quoted,
)
from intake.folders import Fetched, Folders, Listed
from intake.imap_client import ANSWER_BYTES, imap_date, number, parse_internaldate

__all__ = [
    "CommandRefused",
    "Fetched",
    "Listed",
    "LoginRefused",
    "Mailbox",
    "Unreachable",
    "Untrusted",
]

_LIST_CHUNK = 500  # UIDs whose size and date are asked for at once
_BATCH_BYTES = 8_000_000  # bodies held in memory at once, unless one message alone is larger
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


class Mailbox(Folders):
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
        self._target = 0

    @property
    def target_uidvalidity(self) -> int:
        """UIDVALIDITY of the folder that the last `move` led to; 0 when the server did not tell."""
        return self._target

    # --- reading ---

    def listed(self, known: set[int]) -> list[Listed]:
        """Return the messages of `listing`, all of them."""
        return list(self.listing(known).messages)

    def listing(self, known: set[int], limit: int | None = None) -> Listing:
        """Return the inbox's messages that are not in ``known``, ascending by UID.

        With ``limit`` only the first so many of them are asked for (a full inbox at the start).

        Selects the inbox again, so `uidvalidity` is read first: compare it before trusting
        ``known``. Flags play no part: what a human read or marked is listed all the same. A
        message without a usable size or INTERNALDATE is left out with an event, and asked for
        again at the next call.
        """
        with self._guard():
            client = self._live()
            self._select(self._settings.inbox)
            client.forget_news()
            unknown = [uid for uid in self._search("ALL") if uid not in known]
            uids = unknown[:limit]
            found: list[Listed] = []
            for start in range(0, len(uids), _LIST_CHUNK):
                found += self._describe(uids[start : start + _LIST_CHUNK])
            return Listing(tuple(found), len(uids) < len(unknown), len(found) == len(unknown))

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
        failed batch its UIDs are fetched one by one and last, so that one message which breaks
        the server does not keep the others away.
        """
        uidvalidity = self._uidvalidity
        reconnected = False
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
                if reconnected or self._suspects[uidvalidity, batch[0]] < _FAILURES:
                    raise
                # This one message ends the connection each time: the others must not wait for it.
                _log.warning("body_breaks_connection", uid=batch[0], uidvalidity=uidvalidity)
                self.open()
                reconnected = True
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
        """Return the header block of one inbox message (PEEK); empty when it has vanished."""
        with self._guard():
            self._select_again(self._settings.inbox, None)
            for _, attributes in self._attributes([uid], "(UID BODY.PEEK[HEADER])"):
                if attributes.get(b"BODY[HEADER]"):
                    return attributes[b"BODY[HEADER]"]
            return b""

    # --- filing ---

    def move(
        self, folder_from: str, uid: int, folder_to: str, uidvalidity: int | None = None
    ) -> int | None:
        """Move one message, creating the folder; return its new UID if the server tells (COPYUID).

        None also when the message is no longer there, or when the folder no longer has the
        ``uidvalidity`` under which ``uid`` was listed (nothing is moved then). Without MOVE:
        COPY, then the Deleted flag and UID EXPUNGE of this one UID. Without UIDPLUS too: the
        original stays, flagged Deleted, because a plain EXPUNGE would remove what others have
        flagged.
        """
        with self._guard():
            if not self._select_again(folder_from, uidvalidity):
                _log.warning("slot_outdated", folder=folder_from, uid=uid)
                return None
            self._make(folder_to)
            try:
                return self._move(uid, folder_to)
            except CommandRefused:
                # The folder may have been deleted since we looked: look once more.
                self._ready_folders.discard(folder_to)
                self._make(folder_to)
                return self._move(uid, folder_to)

    def _move(self, uid: int, folder_to: str) -> int | None:
        client = self._live()
        client.allow(self._settings.command_seconds)
        client.code("COPYUID")
        self._target = 0
        target = quoted(self._server_name(folder_to))
        if "MOVE" in self._capabilities:
            self._uid_command("MOVE", uid, target)
            self._target, new_uid = _copied(client.code("COPYUID"))
            return new_uid
        self._uid_command("COPY", uid, target)
        self._target, new_uid = _copied(client.code("COPYUID"))
        self._uid_command("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._capabilities:
            self._uid_command("EXPUNGE", uid)
        else:
            _log.warning("original_left", uid=uid, reason="the server has neither MOVE nor UIDPLUS")
        return new_uid

    def _uid_command(self, command: str, uid: int, *arguments: str) -> None:
        status, data = self._live().uid(command, str(uid), *arguments)
        if status != "OK":
            raise CommandRefused(f"UID {command} was refused: {data!r}")

    def append(self, folder: str, raw: bytes, at: dt.datetime) -> int | None:
        """Put a message into a folder as read, dated ``at``; return its UID if told (APPENDUID)."""
        with self._guard():
            self._make(folder)
            client = self._live()
            client.code("APPENDUID")
            target = quoted(self._server_name(folder))
            status, data = client.append(target, r"(\Seen)", at, raw)
            if status != "OK":
                self._ready_folders.discard(folder)
                raise CommandRefused(f"APPEND was refused: {data!r}")
            words = (client.code("APPENDUID") or "").split()
            return int(words[1]) if len(words) == 2 and words[1].isdigit() else None  # noqa: PLR2004  RFC 4315

    def holds(self, folder: str, rfc_message_id: str) -> bool:
        """Whether a folder already has a message with this Message-ID (asked before `append`)."""
        with self._guard():
            self._make(folder)
            self._select(folder, readonly=True)
            clean = "".join(char for char in rfc_message_id if " " < char <= "~")
            escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
            return bool(self._search("HEADER", "Message-ID", f'"{escaped}"'))

    def find(
        self, folder: str, sha256: str, size_bytes: int, received_at: dt.datetime
    ) -> int | None:
        """Return the UID of a message in a folder, known by its bytes; None if it is not there.

        INTERNALDATE (a move keeps it) and size narrow the search, the hash decides. A server whose
        RFC822.SIZE is an estimate finds nothing.
        """
        with self._guard():
            self._make(folder)
            self._select(folder, readonly=True)
            try:
                # The server compares dates in its own zone.
                first, last = (received_at.date() + dt.timedelta(days) for days in (-1, 2))
                uids = self._search("SINCE", imap_date(first), "BEFORE", imap_date(last))
                alike = self._of_size(uids, size_bytes)
                self._target = self._selected_uidvalidity
                return next((uid for uid in alike if self._hash(uid, size_bytes) == sha256), None)
            finally:
                self._selected = ""  # a move out of this folder must not find it read-only

    def _of_size(self, uids: Sequence[int], size_bytes: int) -> Iterator[int]:
        for start in range(0, len(uids), _LIST_CHUNK):
            chunk = uids[start : start + _LIST_CHUNK]
            for uid, attributes in self._attributes(chunk, "(UID RFC822.SIZE)"):
                if number(attributes, b"RFC822.SIZE") == size_bytes:
                    yield uid

    def _hash(self, uid: int, size_bytes: int) -> str:
        room = 2 * size_bytes + ANSWER_BYTES
        for _, attributes in self._attributes([uid], "(UID BODY.PEEK[])", room):
            return hashlib.sha256(attributes.get(b"BODY[]", b"")).hexdigest()
        return ""

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


def _copied(code: str | None) -> tuple[int, int | None]:
    """Return (UIDVALIDITY, new UID) out of ``COPYUID uidvalidity old new`` for one message.

    (0, None) when the server did not tell (RFC 4315).
    """
    words = (code or "").split()
    told = len(words) == 3 and words[0].isdigit() and words[2].isdigit()  # noqa: PLR2004  RFC 4315
    return (int(words[0]), int(words[2])) if told else (0, None)
