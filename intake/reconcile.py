"""Compare mailbox, registry, vault and Sent: each received message is accounted for. Pure.

`stock.py` gathers what is compared here.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from intake.folders import Listed
from registry.stock_rows import Left, Place

Role = Literal["inbox", "processed", "held"]
#: What a received message can be, in the order in which it is told.
Class = Literal[
    "registered",  # it brought a version of an answer
    "no-form",  # understood, and it brought none: a question, a bounce, a duplicate, a stranger …
    "self-test",  # the form that `intake doctor` sent
    "held",  # waits for a person
    "rejected",  # a person decided that nothing follows from it
    "waiting",  # in the vault, to be understood at the next tick
    "not-collected",  # in the inbox, to be fetched at the next tick
    "too-large",  # left on the server, never fetched
]
CLASSES: tuple[Class, ...] = (
    "registered", "no-form", "self-test", "held", "rejected", "waiting", "not-collected",
    "too-large",
)  # fmt: skip


#: Codes of messages that the mailbox shows and the registry does not know.
_UNKNOWN = frozenset({"passed-over", "unknown-message"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What a folder of the mailbox shows."""

    role: Role
    folder: str
    uidvalidity: int
    messages: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy in Sent that bears our marker."""

    uid: int
    key: str
    rfc_message_id: str


@dataclass(frozen=True, slots=True)
class Stock:
    """All that is compared. ``copies`` None: there is no Sent that could be read."""

    account: str
    go_live_at: dt.datetime
    places: tuple[Place, ...]
    folders: tuple[Shown, ...]
    named: frozenset[str]
    vault: frozenset[str]
    left: tuple[Left, ...] = ()
    copies: tuple[Copy, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something found: what, where, and what to do about it."""

    code: str
    where: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """``unexplained`` must be empty; ``notes`` are explained (a person moved a message, …).

    ``received`` is the sum of ``classes`` and of the unexplained ones among the messages.
    ``old`` messages arrived before the office went live and are left alone.
    """

    received: int
    classes: Mapping[Class, int]
    old: int
    unexplained: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    unknown: int = 0

    def sentence(self) -> str:
        """Say it in one line: ``received 143 = 131 registered + …; 0 unexplained``."""
        parts = [
            f"{self.classes[name]} {name.replace('-', ' ')}"
            for name in CLASSES
            if self.classes[name] or name in {"registered", "no-form", "held"}
        ]
        parts += [f"{self.unknown} unknown"] if self.unknown else []
        return (
            f"received {self.received} = {' + '.join(parts)}; {len(self.unexplained)} unexplained"
        )

    def view(self) -> dict[str, Any]:
        """Return all of it as JSON can carry it."""
        return {
            "received": self.received,
            "classes": dict(self.classes),
            "unknown": self.unknown,
            "old": self.old,
            "unexplained": [_remark(one) for one in self.unexplained],
            "notes": [_remark(one) for one in self.notes],
        }


def _remark(one: Remark) -> dict[str, str]:
    return {"code": one.code, "where": one.where, "remedy": one.remedy}


def reconcile(stock: Stock) -> Reconciled:
    """Account for every message, file and mail."""
    seen: set[int] = set()
    classes: Counter[Class] = Counter()
    unexplained: list[Remark] = []
    notes: list[Remark] = []
    old = unknown = 0
    known = _Known(stock)
    for shown in stock.folders:
        highest = known.highest(shown)
        for one in shown.messages:
            message_id = known.message(shown, one)
            if message_id is not None:
                seen.add(message_id)
            elif one.received_at < stock.go_live_at:
                old += 1
            elif shown.role == "inbox" and one.uid > highest:
                classes["not-collected"] += 1
            else:
                unexplained.append(_unknown(shown, one))
                unknown += 1
    for place in known.messages.values():
        if place.verdict == "old":
            old += 1
            continue
        classes[_class(place)] += 1
        if place.message_id not in seen:
            notes += _gone(place)
    unexplained += _lost(stock)
    notes += _orphans(stock)
    more, less = _mails(stock)
    received = sum(classes.values()) + unknown
    counted = {name: classes[name] for name in CLASSES}
    return Reconciled(received, counted, old, (*unexplained, *more), (*notes, *less), unknown)


def twice(before: Reconciled, after: Reconciled) -> Reconciled:
    """Return the later of two accounts: what is unexplained was so both times, at the same place.

    A message that a daemon took from the inbox while one of them was gathered is in the mailbox and
    not yet in what was asked of the registry before; nothing that stays so is explained by that.
    """
    known = {(one.code, one.where) for one in before.unexplained}
    stays = tuple(one for one in after.unexplained if (one.code, one.where) in known)
    unknown = sum(one.code in _UNKNOWN for one in stays)
    received = after.received - after.unknown + unknown
    return replace(after, received=received, unexplained=stays, unknown=unknown)


class _Known:
    """The registry's messages by where they lie, and by what the server says of them."""

    def __init__(self, stock: Stock) -> None:
        self.messages: dict[int, Place] = {}
        self._at: dict[tuple[str, int], list[Place]] = defaultdict(list)
        self._alike: dict[tuple[int, dt.datetime], int] = {}
        for place in stock.places:
            self.messages.setdefault(place.message_id, place)
            if place.uid is not None and place.account == stock.account:
                self._at[place.folder, place.uid].append(place)
            self._alike.setdefault((place.size_bytes, place.received_at), place.message_id)

    def message(self, shown: Shown, one: Listed) -> int | None:
        """Return the message that the server shows here: by its slot, or by size and date."""
        for place in self._at.get((shown.folder, one.uid), ()):
            told = place.uidvalidity == shown.uidvalidity
            if told or (not place.uidvalidity and place.received_at == one.received_at):
                return place.message_id
        return self._alike.get((one.size_bytes, one.received_at))

    def highest(self, shown: Shown) -> int:
        """Return the highest UID of this folder that the registry knows."""
        return max(
            (
                uid
                for (folder, uid), places in self._at.items()
                if folder == shown.folder
                and any(place.uidvalidity in {0, shown.uidvalidity} for place in places)
            ),
            default=0,
        )


def _class(place: Place) -> Class:
    if place.state == "held":
        return "held"
    if place.state == "rejected":
        return "rejected"
    if place.state == "kept":
        return "waiting"
    if place.registered:
        return "registered"
    if place.verdict == "self-test":
        return "self-test"
    return "too-large" if place.verdict == "too-large" else "no-form"


def _unknown(shown: Shown, one: Listed) -> Remark:
    where = f"{shown.folder} UID {one.uid}, {one.size_bytes} bytes, {one.received_at.isoformat()}"
    if shown.role == "inbox":
        remedy = "the server refuses its bytes (see `body_refused` in the log): open it by hand"
        return Remark("passed-over", where, remedy)
    remedy = (
        "a person moved it there unread, or the registry is older than the mailbox: move it back"
        " into the inbox, or restart the daemon, which then catches up"
    )
    return Remark("unknown-message", where, remedy)


def _gone(place: Place) -> Iterator[Remark]:
    """A message that the server shows nowhere: a person deleted it or moved it elsewhere."""
    if place.sha256:
        yield Remark("not-on-server", f"message {place.message_id}", "its bytes are in the vault")
    else:
        remedy = "its bytes were never fetched: ask its sender if it still matters"
        yield Remark("never-fetched-and-gone", f"message {place.message_id}", remedy)


def _lost(stock: Stock) -> Iterator[Remark]:
    for sha256 in sorted(stock.named - stock.vault):
        remedy = "put the file back from a backup; a message can be moved into the inbox again"
        yield Remark("not-in-vault", f"vault file {sha256}", remedy)


def _orphans(stock: Stock) -> Iterator[Remark]:
    count = len(stock.vault - stock.named)
    if count:
        remedy = "left by a kill before their row was written, or newer than the registry; harmless"
        yield Remark("unnamed-vault-files", f"{count} files of the vault", remedy)


def _mails(stock: Stock) -> tuple[list[Remark], list[Remark]]:
    """Compare Sent with the outbox: return what is unexplained, and what is explained."""
    if stock.copies is None:
        return [], [Remark("no-sent-folder", "Sent", "the copies cannot be compared")]
    known, copied = {one.key for one in stock.left}, {one.rfc_message_id for one in stock.copies}
    remedy = "the registry is older than the mailbox: restart the daemon, which then catches up"
    unexplained = [
        Remark("unknown-copy", f"Sent UID {one.uid}, {one.key}", remedy)
        for one in stock.copies
        if one.key not in known
    ]
    return unexplained, [*_copies(stock.left, copied)]


def _copies(left: Sequence[Left], copied: Collection[str]) -> Iterable[Remark]:
    for one in left:
        if one.rfc_message_id in copied:
            continue
        if one.saved:
            yield Remark("copy-gone", one.key, "a person deleted or moved the copy in Sent")
        else:
            yield Remark("copy-owed", one.key, "it is put into Sent at a next tick")
