"""A mailbox in memory with the surface of `intake.mailbox.Mailbox` that the daemon uses.

`tests/intake/test_mailbox_contract.py` runs the same tests against it and a real Dovecot.
"""

import datetime as dt
import email
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rigs.troubles import Effects

from intake.folders import Survey
from intake.mailbox import CommandRefused, Fetched, Listed, LoginRefused, Moved, Unreachable
from intake.mailbox import Listing as Answer

Trouble = Literal["", "away", "login", "full"]


@dataclass
class Lying:
    """One message in a folder."""

    uid: int
    raw: bytes
    at: dt.datetime


@dataclass
class MemoryServer:
    """An IMAP account: folders, UIDs that only grow, a UIDVALIDITY that can change.

    ``trouble``: ``away`` (nobody answers), ``login`` (the password is refused), ``full`` (moves and
    copies are refused). ``meanwhile`` is called once before the next fetch: somebody else at work.
    """

    folders: dict[str, list[Lying]] = field(default_factory=lambda: {"INBOX": []})
    uidvalidity: int = 1
    trouble: Trouble = ""
    meanwhile: Callable[[], None] | None = None
    _next_uid: int = 1

    def put(self, folder: str, raw: bytes, at: dt.datetime) -> int:
        """Put a message into a folder; its INTERNALDATE is whole seconds, as IMAP has it."""
        uid, self._next_uid = self._next_uid, self._next_uid + 1
        self.folders.setdefault(folder, []).append(Lying(uid, raw, at.replace(microsecond=0)))
        return uid

    def deliver(self, raw: bytes, at: dt.datetime) -> int:
        """Accept a message for the inbox."""
        return self.put("INBOX", raw, at)

    def renumber(self) -> None:
        """Change UIDVALIDITY: all messages of the inbox get new UIDs, from 1 on."""
        self.uidvalidity += 1
        for uid, lying in enumerate(self.folders["INBOX"], start=1):
            lying.uid = uid

    def take(self, folder: str, uid: int) -> Lying | None:
        """Take a message out of a folder; None if it is not there."""
        for lying in self.folders.get(folder, []):
            if lying.uid == uid:
                self.folders[folder].remove(lying)
                return lying
        return None

    def everywhere(self) -> list[bytes]:
        """All messages of all folders."""
        return [lying.raw for folder in self.folders.values() for lying in folder]


@dataclass
class MemoryMailbox:
    """A connection to the account. What it promises is what `Mailbox` promises."""

    server: MemoryServer
    effects: Effects = field(default_factory=Effects)
    inbox: str = "INBOX"
    account: str = "ocop@memory.example"
    can_idle: bool = False
    certificate_ends_at: dt.datetime | None = None
    #: UIDVALIDITY of the folder into which the last move went.
    target_uidvalidity: int = 0
    _uidvalidity: int = 0
    _open: bool = False
    _goes_on: bool = False

    @property
    def uidvalidity(self) -> int:
        return self._uidvalidity

    def open(self) -> None:
        if not self._open:
            if self.server.trouble == "login":
                raise LoginRefused("the server does not take the password")
            self._answer()
            self._open = True
            self._uidvalidity = self.server.uidvalidity

    def close(self) -> None:
        self._open = False

    def listed(self, known: Collection[int]) -> list[Listed]:
        return list(self.listing(known).messages)

    def listing(self, known: Collection[int], limit: int | None = None) -> Answer:
        self._live()
        if self._goes_on and self._uidvalidity != self.server.uidvalidity:
            self._open = False
            raise Unreachable("UIDVALIDITY changed within a selection")  # as Dovecot does
        self._uidvalidity = self.server.uidvalidity
        unknown = [one for one in self._inbox() if one.uid not in known]
        shown = tuple(Listed(one.uid, len(one.raw), one.at) for one in unknown[:limit])
        self._goes_on = len(shown) < len(unknown)
        return Answer(shown, self._goes_on, len(shown) == len(unknown))

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        meanwhile, self.server.meanwhile = self.server.meanwhile, None
        if meanwhile:
            meanwhile()
        self._live()
        if self._uidvalidity != self.server.uidvalidity:
            self._open = False
            raise Unreachable("UIDVALIDITY changed between listing and fetching")
        for lying in self._inbox():
            if lying.uid in uids:
                yield Fetched(lying.uid, lying.raw)

    def header(self, uid: int) -> bytes:
        self._live()
        raw = next((one.raw for one in self._inbox() if one.uid == uid), b"")
        return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]

    def move(
        self, folder_from: str, uid: int, folder_to: str, uidvalidity: int | None = None
    ) -> int | None:
        self._live()
        self._uidvalidity = self.server.uidvalidity
        if folder_from == self.inbox and uidvalidity not in {None, self._uidvalidity}:
            return None
        self._has_room()
        self.effects.step("before a move")
        lying = self.server.take(folder_from, uid)
        if lying is None:
            return None
        new_uid = self.server.put(folder_to, lying.raw, lying.at)
        self.target_uidvalidity = self._validity(folder_to)
        self.effects.step("after a move")
        return new_uid

    def move_all(
        self, folder_from: str, uids: Sequence[int], folder_to: str, uidvalidity: int | None = None
    ) -> Moved:
        lying = {one.uid for one in self.server.folders.get(folder_from, [])}
        if lying.intersection(uids) and not lying.issuperset(uids):
            raise CommandRefused("[EXPUNGEISSUED] some of them are gone")  # as Dovecot does
        moved = {uid: self.move(folder_from, uid, folder_to, uidvalidity) for uid in uids}
        told = {uid: new for uid, new in moved.items() if new is not None}
        return Moved(self._validity(folder_to) if told else 0, told)

    appends_many = True

    def append_all(self, folder: str, mails: Sequence[tuple[bytes, dt.datetime]]) -> None:
        self._live()
        self._has_room()
        self.effects.step("before copies")
        for raw, at in mails:
            self.server.put(folder, raw, at)
        self.effects.step("after copies")

    def append(self, folder: str, raw: bytes, at: dt.datetime) -> int | None:
        self._live()
        self._has_room()
        self.effects.step("before a copy")
        uid = self.server.put(folder, raw, at)
        self.effects.step("after a copy")
        return uid

    def holds(self, folder: str, rfc_message_id: str) -> bool:
        self._live()
        return any(
            email.message_from_bytes(one.raw)["Message-ID"] == rfc_message_id
            for one in self.server.folders.get(folder, [])
        )

    def find(
        self, folder: str, sha256: str, size_bytes: int, received_at: dt.datetime
    ) -> int | None:
        self._live()
        self.target_uidvalidity = self._validity(folder)
        for one in self.server.folders.get(folder, []):
            alike = (len(one.raw), one.at) == (size_bytes, received_at)
            if alike and hashlib.sha256(one.raw).hexdigest() == sha256:
                return one.uid
        return None

    # --- any folder: `intake.folders.Folders` ---

    def survey(self, folder: str) -> Survey | None:
        self._live()
        lying = self.server.folders.get(folder)
        if lying is None:
            return None
        return Survey(folder, self._validity(folder), tuple(sorted(one.uid for one in lying)))

    def with_header(self, place: Survey, name: str, since: dt.datetime, low: int = 1) -> list[int]:
        lying = self._shown(place, place.uids)
        return [
            one.uid
            for one in lying
            if one.uid >= low and one.at >= since and email.message_from_bytes(one.raw)[name]
        ]

    def describe(self, place: Survey, uids: Sequence[int]) -> list[Listed]:
        return [Listed(one.uid, len(one.raw), one.at) for one in self._shown(place, uids)]

    def headers(self, place: Survey, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for one in self._shown(place, uids):
            yield one.uid, one.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n\n"

    def bodies(self, place: Survey, listed: Sequence[Listed]) -> Iterator[list[Fetched]]:
        for one in self._shown(place, [each.uid for each in listed]):
            yield [Fetched(one.uid, one.raw)]

    def _shown(self, place: Survey, uids: Collection[int]) -> list[Lying]:
        self._live()
        if self._validity(place.folder) != place.uidvalidity:
            raise Unreachable(f"UIDVALIDITY of {place.folder} changed meanwhile")
        lying = self.server.folders.get(place.folder, [])
        return sorted((one for one in lying if one.uid in uids), key=lambda one: one.uid)

    def _validity(self, folder: str) -> int:
        return self.server.uidvalidity if folder == self.inbox else 1

    def _inbox(self) -> list[Lying]:
        return sorted(self.server.folders[self.inbox], key=lambda one: one.uid)

    def _live(self) -> None:
        self._answer()
        if not self._open:
            raise Unreachable("not connected")

    def _answer(self) -> None:
        if self.server.trouble in {"away", "login"}:
            self._open = False
            raise Unreachable("nobody answers")

    def _has_room(self) -> None:
        if self.server.trouble == "full":
            raise CommandRefused("[OVERQUOTA] the mailbox is full")
