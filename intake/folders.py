"""Any folder of the account, read without a trace: what lies there, its headers, its bodies.

The daemon's own way is `intake.mailbox`; this is for looking back (after a restored registry) and
for comparing. Folders are opened read-only (EXAMINE) and bodies asked for with PEEK.
"""

import datetime as dt
import imaplib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from config.model import Mailbox as Settings
from intake.connection import CommandRefused, Connection, Unreachable
from intake.imap_client import (
    ANSWER_BYTES,
    imap_date,
    number,
    parse_fetch,
    parse_internaldate,
    uid_set,
)

_LIST_CHUNK = 500  # UIDs whose size and date are asked for at once
_BATCH_BYTES = 8_000_000  # bodies held in memory at once, unless one message alone is larger
_TRIES = 2  # a message whose body ends the connection so often is passed over

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listed:
    """A message that the server shows: its UID, RFC822.SIZE and INTERNALDATE (aware, UTC)."""

    uid: int
    size_bytes: int
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """The whole raw message of one UID, as the server holds it."""

    uid: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Survey:
    """What a folder shows: its UIDVALIDITY and its UIDs, ascending."""

    folder: str
    uidvalidity: int
    uids: tuple[int, ...]


class Folders(Connection):
    """A connection that can read any folder. Errors are those of `Connection`.

    After `survey` the other methods refuse a folder whose UIDVALIDITY has changed (`Unreachable`:
    survey again).
    """

    def __init__(
        self, settings: Settings, secret: str | Callable[[], str], *, batch: int = 50
    ) -> None:
        super().__init__(settings, secret)
        self._batch = batch
        self._examined = 0
        self._broken: dict[tuple[str, int, int], int] = {}

    def survey(self, folder: str) -> Survey | None:
        """Return what lies in a folder; None when there is no such folder (none is made)."""
        with self._guard():
            name = self._server_name(folder)
            if not any(info.name == name for info in self._folders().list("", name)):
                return None
            self._selected = ""
            return Survey(folder, self._examine(folder), tuple(self._search("ALL")))

    def with_header(self, place: Survey, name: str, since: dt.datetime, low: int = 1) -> list[int]:
        """Return the UIDs from ``low`` on of messages that have this header line, ascending.

        ``since`` bounds by the server's date, a day generously: servers count days as they like.
        """
        if not place.uids:
            return []
        day = (since - dt.timedelta(days=1)).date()
        with self._guard():
            self._same(place)
            criteria = ["UID", f"{low}:*", "HEADER", name, '""']
            date = imap_date(day)
            # ``low:*`` also names the last message when its UID is lower
            return [uid for uid in self._search(*criteria, "SINCE", date) if uid >= low]

    def describe(self, place: Survey, uids: Sequence[int]) -> list[Listed]:
        """Return size and INTERNALDATE of messages, ascending; one without either is left out."""
        found = []
        for start in range(0, len(uids), _LIST_CHUNK):
            with self._guard():
                self._same(place)
                chunk = uids[start : start + _LIST_CHUNK]
                for uid, attributes in self._attributes(chunk, "(UID RFC822.SIZE INTERNALDATE)"):
                    size = number(attributes, b"RFC822.SIZE")
                    at = parse_internaldate(attributes.get(b"INTERNALDATE", b""))
                    if size is not None and at is not None:
                        found.append(Listed(uid, size, at))
        return sorted(found, key=lambda each: each.uid)

    def headers(self, place: Survey, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the header blocks of messages, a batch in memory at a time."""
        for start in range(0, len(uids), self._batch):
            with self._guard():
                self._same(place)
                chunk = uids[start : start + self._batch]
                answers = self._attributes(chunk, "(UID BODY.PEEK[HEADER])")
            for uid, attributes in answers:
                if attributes.get(b"BODY[HEADER]"):
                    yield uid, attributes[b"BODY[HEADER]"]

    def bodies(self, place: Survey, listed: Sequence[Listed]) -> Iterator[list[Fetched]]:
        """Yield whole raw messages in batches, bounded in number and announced bytes.

        A message that has vanished is not in them, nor one that the server refuses to give or
        that ended the connection twice (with an event): it keeps no other back.
        """
        for batch in self._grouped(place, listed):
            try:
                yield self._raw(place, batch)
            except CommandRefused:
                if len(batch) > 1:
                    self._doubt(place, batch)
                    yield from self.bodies(place, batch)
                else:
                    _log.warning("body_refused", uid=batch[0].uid, folder=place.folder)
            except Unreachable:
                self._doubt(place, batch)
                raise

    def _doubt(self, place: Survey, batch: Sequence[Listed]) -> None:
        for one in batch:
            slot = (place.folder, place.uidvalidity, one.uid)
            self._broken[slot] = self._broken.get(slot, 0) + 1

    def _grouped(self, place: Survey, listed: Sequence[Listed]) -> Iterator[list[Listed]]:
        """Split into batches; what was in one that failed travels alone and last."""
        doubts = [self._broken.get((place.folder, place.uidvalidity, one.uid), 0) for one in listed]
        batch: list[Listed] = []
        size = 0
        for one, doubt in zip(listed, doubts, strict=True):
            if doubt:
                continue
            if batch and (len(batch) >= self._batch or size + one.size_bytes > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(one)
            size += one.size_bytes
        if batch:
            yield batch
        for one, doubt in zip(listed, doubts, strict=True):
            if doubt > _TRIES:
                _log.warning("body_breaks_connection", uid=one.uid, folder=place.folder)
            elif doubt:
                yield [one]

    def _raw(self, place: Survey, batch: Sequence[Listed]) -> list[Fetched]:
        with self._guard():
            self._same(place)
            announced = sum(one.size_bytes for one in batch)
            uids = [one.uid for one in batch]
            # RFC822.SIZE is an estimate on some servers.
            answer = self._attributes(uids, "(UID BODY.PEEK[])", 2 * announced + ANSWER_BYTES)
            bodies = {uid: found[b"BODY[]"] for uid, found in answer if found.get(b"BODY[]")}
            return [Fetched(uid, bodies[uid]) for uid in uids if uid in bodies]

    # --- commands ---

    def _same(self, place: Survey) -> None:
        if self._examine(place.folder) != place.uidvalidity:
            raise imaplib.IMAP4.abort(f"UIDVALIDITY of {place.folder} changed meanwhile")

    def _examine(self, folder: str) -> int:
        """Open a folder read-only and return its UIDVALIDITY; nothing else finds it selected."""
        client = self._live()
        read_only = f"\0{folder}"
        if self._selected == read_only:
            return self._examined
        self._selected = ""
        self._folders().set(self._server_name(folder), readonly=True)
        client.is_readonly = True
        value = client.code("UIDVALIDITY")
        if value is None or not value.isdigit():
            raise imaplib.IMAP4.abort("the server names no UIDVALIDITY")
        self._selected, self._examined = read_only, int(value)
        return self._examined

    def _search(self, *criteria: str) -> list[int]:
        client = self._live()
        client.untagged_responses.pop("SEARCH", None)
        status, data = client.uid("SEARCH", *criteria)
        if status != "OK":
            raise CommandRefused(f"SEARCH was refused: {data!r}")
        words = b" ".join(piece for piece in data if isinstance(piece, bytes)).split()
        return sorted({int(word) for word in words if word.isdigit()})

    def _attributes(
        self, uids: Sequence[int], items: str, answer_bytes: int = ANSWER_BYTES
    ) -> list[tuple[int, dict[bytes, bytes]]]:
        """UID FETCH; answers for other UIDs, and unsolicited ones, are not passed on."""
        client = self._live()
        client.allow(self._settings.command_seconds, answer_bytes)
        client.untagged_responses.pop("FETCH", None)
        status, data = client.uid("FETCH", uid_set(uids), items)
        if status != "OK":
            raise CommandRefused(f"FETCH was refused: {data!r}")
        wanted = set(uids)
        pairs = []
        for attributes in parse_fetch(data):
            uid = number(attributes, b"UID")
            if uid in wanted:
                pairs.append((uid, attributes))
        return pairs
