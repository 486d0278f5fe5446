"""Into other folders: messages that are moved, copies that are put there; by one command for many.

Nothing but UID EXPUNGE of our own UID ever removes a message.
"""

import datetime as dt
import hashlib
import imaplib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from config.model import Mailbox as Settings
from intake.connection import CommandRefused, quoted
from intake.folders import Folders
from intake.imap_client import ANSWER_BYTES, imap_date, number, uid_set

_LIST_CHUNK = 500  # UIDs whose size is asked for at once

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Moved:
    """Where messages went: UIDVALIDITY of the folder (0: not told), old UID → new UID."""

    uidvalidity: int
    uids: Mapping[int, int]


class Moves(Folders):
    """Folders into which the office's messages are moved, and copies are put."""

    def __init__(
        self, settings: Settings, secret: str | Callable[[], str], *, batch: int = 50
    ) -> None:
        super().__init__(settings, secret, batch=batch)
        self._target = 0

    @property
    def target_uidvalidity(self) -> int:
        """UIDVALIDITY of the folder that the last `move` led to; 0 when the server did not tell."""
        return self._target

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

    def move_all(
        self, folder_from: str, uids: Sequence[int], folder_to: str, uidvalidity: int | None = None
    ) -> Moved:
        """Move many messages by one command; what this says of a UID is as of `move`.

        A UID that is not in the answer was not there, or the server did not tell where it went.

        Raises:
            CommandRefused: the server refused it, or has no MOVE: `move` each alone. Some may have
                been moved.
        """
        with self._guard():
            if not self._select_again(folder_from, uidvalidity):
                _log.warning("slot_outdated", folder=folder_from, uids=len(uids))
                return Moved(0, {})
            if "MOVE" not in self._capabilities:
                raise CommandRefused("the server has no MOVE")
            self._make(folder_to)
            client = self._live()
            client.allow(self._settings.command_seconds)
            client.codes("COPYUID")
            target = quoted(self._server_name(folder_to))
            try:
                self._uid_command("MOVE", uid_set(uids), target)
            except CommandRefused:
                self._ready_folders.discard(folder_to)  # it may have been deleted since we looked
                raise
            return copied_all(client.codes("COPYUID"), frozenset(uids))

    def _move(self, uid: int, folder_to: str) -> int | None:
        client = self._live()
        client.allow(self._settings.command_seconds)
        client.code("COPYUID")
        self._target = 0
        target = quoted(self._server_name(folder_to))
        if "MOVE" in self._capabilities:
            self._uid_command("MOVE", str(uid), target)
            self._target, new_uid = _copied(client.code("COPYUID"))
            return new_uid
        self._uid_command("COPY", str(uid), target)
        self._target, new_uid = _copied(client.code("COPYUID"))
        self._uid_command("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._capabilities:
            self._uid_command("EXPUNGE", str(uid))
        else:
            _log.warning("original_left", uid=uid, reason="the server has neither MOVE nor UIDPLUS")
        return new_uid

    def _uid_command(self, command: str, uids: str, *arguments: str) -> None:
        status, data = self._live().uid(command, uids, *arguments)
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

    @property
    def appends_many(self) -> bool:
        """Whether `append_all` can be asked: the server has MULTIAPPEND and LITERAL+."""
        return {"MULTIAPPEND", "LITERAL+"} <= self._capabilities

    def append_all(self, folder: str, mails: Sequence[tuple[bytes, dt.datetime]]) -> None:
        """Put messages (bytes, date) into a folder as read, by one command: all or none of them.

        Raises:
            CommandRefused: the server refused it (RFC 3502: then none is there).
        """
        with self._guard():
            self._make(folder)
            target = quoted(self._server_name(folder))
            try:
                self._live().append_all(target, r"(\Seen)", mails)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                self._ready_folders.discard(folder)
                raise CommandRefused(f"APPEND was refused: {error}") from error

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


def _copied(code: str | None) -> tuple[int, int | None]:
    """Return (UIDVALIDITY, new UID) out of ``COPYUID uidvalidity old new`` for one message.

    (0, None) when the server did not tell (RFC 4315).
    """
    words = (code or "").split()
    told = len(words) == 3 and words[0].isdigit() and words[2].isdigit()  # noqa: PLR2004  RFC 4315
    return (int(words[0]), int(words[2])) if told else (0, None)


def copied_all(codes: Sequence[str], uids: Collection[int]) -> Moved:
    """Return what ``COPYUID uidvalidity old-set new-set`` tells of these UIDs, in all its codes.

    Sets that do not fit each other, or name more than was asked for, tell nothing (RFC 4315).
    """
    validity = 0
    moved: dict[int, int] = {}
    for code in codes:
        words = code.split()
        if len(words) != 3 or not words[0].isdigit():  # noqa: PLR2004  RFC 4315
            continue
        old, new = (_members(word, len(uids)) for word in words[1:])
        if old and len(old) == len(new) and int(words[0]) == (validity or int(words[0])):
            validity = int(words[0])
            moved |= {one: to for one, to in zip(old, new, strict=True) if one in uids}
    return Moved(validity, moved)


def _members(uid_set: str, most: int) -> list[int]:
    """Return the UIDs of a set in the order of the set; none if it is no set or has too many."""
    found: list[int] = []
    for part in uid_set.split(","):
        low, colon, high = part.partition(":")
        if not low.isdigit() or (colon and not high.isdigit()):
            return []
        first, last = sorted((int(low), int(high or low)))
        if len(found) + last - first >= most:
            return []
        found += range(first, last + 1)
    return found
