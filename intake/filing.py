"""File: move what is settled out of the inbox, and put copies of sent mail into Sent.

Only after the commit, only by UID; a kill in between means the move is simply made at the next
tick. Nothing is ever deleted.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from intake.desk import Desk
from intake.mailbox import CommandRefused
from registry.filing_rows import Filed, Target
from registry.model import Mail, Slot

_log = structlog.get_logger("filing")
#: Moved by one command where they go the same way: a server looks through a folder after each
#: command that changed it, and of 20,000 messages that takes it more than a second.
_AT_ONCE = 200
#: Fewer: without MULTIAPPEND each goes alone, and after a lost connection each is asked for.
_COPIES_AT_ONCE = 50
_COMMAND_BYTES = 4_000_000
_Item = TypeVar("_Item")


@dataclass
class Refused:
    """What the server refused to this process: it is tried again after all else.

    Else as many as are looked at in one go would stand before all others for good.
    """

    #: Their names, those that were tried the longest ago first.
    _names: dict[object, None] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many they are: so many more must be asked for to find the others."""
        return len(self._names)

    def put(self, names: Iterable[object]) -> None:
        """Note that these were refused now."""
        for name in names:
            self._names.pop(name, None)
            self._names[name] = None

    def last(self, items: Iterable[_Item], name: Callable[[_Item], object]) -> list[_Item]:
        """Return all that is owed, what was refused at the end; what is not owed is forgotten."""
        named = {name(item): item for item in items}
        self._names = {one: None for one in self._names if one in named}
        return [item for one, item in named.items() if one not in self._names] + [
            named[one] for one in self._names
        ]


def file_messages(desk: Desk, refused: Refused | None = None) -> int:
    """Move messages to Processed or Held; return how many were settled.

    A message that the server refuses to move stays owed and keeps no other waiting (``refused``
    remembers it).

    Raises:
        Unreachable: the server; what is left is moved at the next tick.
    """
    refused = Refused() if refused is None else refused
    owed = desk.store.slots_to_file(_AT_ONCE + len(refused), account=desk.mailbox.account)
    some = refused.last(owed, lambda one: one[0])[:_AT_ONCE]
    filed = {slot for target, slots in _together(some) for slot in _file(desk, target, slots)}
    refused.put(slot for slot, _ in some if slot not in filed)
    return len(filed)


def _together(owed: Sequence[tuple[Slot, Target]]) -> Iterator[tuple[Target, list[Slot]]]:
    """Yield what one command can move: out of one folder, into one folder."""
    runs: dict[tuple[str, int, Target], list[Slot]] = {}
    for slot, target in owed:
        runs.setdefault((slot.folder, slot.uidvalidity, target), []).append(slot)
    for (_, _, target), slots in runs.items():
        yield target, slots


def _file(desk: Desk, target: Target, slots: Sequence[Slot]) -> list[Slot]:
    """Move messages by one command; where that is refused, by halves, down to each alone.

    Return those that were settled.
    """
    if len(slots) == 1:
        return _file_alone(desk, target, slots[0])
    folder, first = _folder(desk, target), slots[0]
    desk.alive()
    desk.check_lease()
    uids = [slot.uid for slot in slots]
    try:
        moved = desk.mailbox.move_all(first.folder, uids, folder, first.uidvalidity or None)
    except CommandRefused:
        half = len(slots) // 2
        return _file(desk, target, slots[:half]) + _file(desk, target, slots[half:])
    told = [slot for slot in slots if slot.uid in moved.uids]
    filed = [Filed(slot, target, moved.uids[slot.uid], folder, moved.uidvalidity) for slot in told]
    filed += [_looked_for(desk, target, slot) for slot in slots if slot.uid not in moved.uids]
    _settle(desk, filed)
    return [one.slot for one in filed]


def _file_alone(desk: Desk, target: Target, slot: Slot) -> list[Slot]:
    folder = _folder(desk, target)
    desk.alive()
    desk.check_lease()
    try:
        new_uid = desk.mailbox.move(slot.folder, slot.uid, folder, slot.uidvalidity or None)
    except CommandRefused as error:
        _log.warning("not_filed", uid=slot.uid, target=target, reason=str(error))
        return []
    told = Filed(slot, target, new_uid, folder, desk.mailbox.target_uidvalidity)
    _settle(desk, [_looked_for(desk, target, slot) if new_uid is None else told])
    return [slot]


def _settle(desk: Desk, filed: Sequence[Filed]) -> None:
    desk.store.filed_all(filed, desk.clock())
    for one in filed:
        _log.info("filed", uid=one.slot.uid, target=one.target)


def _folder(desk: Desk, target: Target) -> str:
    settings = desk.config.settings.mailbox
    return settings.processed if target == "processed" else settings.held


def _looked_for(desk: Desk, target: Target, slot: Slot) -> Filed:
    """Say where a message lies of which the server did not."""
    folder = _folder(desk, target)
    desk.alive()
    uid = _found(desk, slot, folder)
    return Filed(slot, target, uid, folder, desk.mailbox.target_uidvalidity)


def _found(desk: Desk, slot: Slot, folder: str) -> int | None:
    """Look for a message that a process before us moved without living to write down its UID.

    Without its UID it could not be moved on when a person decides. None: it is not there.
    """
    message = desk.store.message_at(slot)
    if message is None:
        return None
    try:
        return desk.mailbox.find(folder, message.sha256, message.size_bytes, message.received_at)
    except CommandRefused:
        return None


def save_sent(desk: Desk, tried: set[str] | None = None, refused: Refused | None = None) -> int:
    """Append copies of sent mails to the Sent folder; one that is there already is not doubled.

    One copy stands for all recipients of a mail, also for one to whom it left on another day.

    ``tried`` are the Message-IDs of copies that may be there: left over from a process that died,
    or tried by this one (added here). Only those are asked for, because a server looks through the
    whole folder to answer; None: every one may be there.

    A copy that the server refuses stays owed and keeps no other waiting (``refused`` remembers it).
    The round ends with the command in which that happened: perhaps nothing is taken now.

    Raises:
        Unreachable: the server; what is left is copied at the next tick.
    """
    folder = desk.config.settings.smtp.save_sent_to
    refused = Refused() if refused is None else refused
    owed = desk.store.unsaved_mails(_AT_ONCE + len(refused)) if folder else []
    mails = refused.last(owed, lambda mail: mail.id)[:_AT_ONCE]
    saved = 0
    for start in range(0, len(mails), _COPIES_AT_ONCE):
        desk.alive()
        some = mails[start : start + _COPIES_AT_ONCE]
        lacking = [mail for mail in _each_once(some) if not _has_copy(desk, mail)]
        not_taken = _copy_all(desk, folder, lacking, tried)
        there = [mail for mail in some if mail.rfc_message_id not in not_taken]
        desk.store.saved_all([mail.id for mail in there], desk.clock())
        saved += len(there)
        for mail in there:
            if tried is not None:
                tried.discard(mail.rfc_message_id)  # the registry knows of its copy from here on
            _log.info("saved", mail=mail.id)
        if not_taken:
            refused.put(mail.id for mail in some if mail.rfc_message_id in not_taken)
            break
    return saved


def _each_once(mails: Sequence[Mail]) -> list[Mail]:
    return list({mail.rfc_message_id: mail for mail in reversed(mails)}.values())[::-1]


def _has_copy(desk: Desk, mail: Mail) -> bool:
    return desk.store.has_copy(mail.rfc_message_id)


def _copy_all(desk: Desk, folder: str, mails: Sequence[Mail], tried: set[str] | None) -> set[str]:
    """Put copies into the folder: by one command those that cannot be there yet, if it is able.

    Return the Message-IDs of those that the server refused.
    """
    new = [mail for mail in mails if tried is not None and mail.rfc_message_id not in tried]
    together = new if desk.mailbox.appends_many and len(new) > 1 else []
    if tried is not None:
        tried |= {mail.rfc_message_id for mail in mails}
    try:
        for some in _of_a_size(desk, together):
            desk.check_lease()
            desk.mailbox.append_all(folder, some)
    except CommandRefused:  # one of them, perhaps: each is asked for and tried alone
        new = together = []
    alone = [mail for mail in mails if mail not in together]
    return {
        mail.rfc_message_id for mail in alone if not _copied(desk, folder, mail, new=mail in new)
    }


def _copied(desk: Desk, folder: str, mail: Mail, *, new: bool) -> bool:
    """Put one copy into the folder, unless it is there; False where the server refuses it."""
    desk.alive()
    desk.check_lease()
    try:
        if new or not desk.mailbox.holds(folder, mail.rfc_message_id):
            desk.mailbox.append(folder, *_dated(desk, mail))
    except CommandRefused as error:  # too big, or no room left: others may still go
        _log.warning("not_copied", mail=mail.id, reason=str(error))
        return False
    return True


def _of_a_size(desk: Desk, mails: Sequence[Mail]) -> Iterator[list[tuple[bytes, dt.datetime]]]:
    """Yield mails with their dates, as many at a time as are held in memory."""
    some: list[tuple[bytes, dt.datetime]] = []
    for mail in mails:
        some.append(_dated(desk, mail))
        if sum(len(raw) for raw, _ in some) > _COMMAND_BYTES:
            yield some
            some = []
    if some:
        yield some


def _dated(desk: Desk, mail: Mail) -> tuple[bytes, dt.datetime]:
    return desk.store.mail_raw(mail.id), mail.sent_at or desk.clock()
