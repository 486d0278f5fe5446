"""File: move what is settled out of the inbox, and put copies of sent mail into Sent.

Only after the commit, only by UID; a kill in between means the move is simply made at the next
tick. Nothing is ever deleted.
"""

import structlog

from intake.desk import Desk
from intake.mailbox import CommandRefused
from registry.model import Mail, Slot

_log = structlog.get_logger("filing")
_AT_ONCE = 200


def file_messages(desk: Desk) -> int:
    """Move messages to Processed or Held; return how many were settled.

    A message that the server refuses to move stays owed and keeps no other waiting.

    Raises:
        Unreachable: the server; what is left is moved at the next tick.
    """
    settings = desk.config.settings.mailbox
    folders = {"processed": settings.processed, "held": settings.held}
    slots = desk.store.slots_to_file(_AT_ONCE, account=desk.mailbox.account)
    settled = 0
    for slot, target in slots:
        folder = folders[target]
        desk.alive()
        desk.check_lease()
        try:
            new_uid = desk.mailbox.move(slot.folder, slot.uid, folder, slot.uidvalidity or None)
        except CommandRefused as error:
            _log.warning("not_filed", uid=slot.uid, target=target, reason=str(error))
            continue
        uidvalidity = desk.mailbox.target_uidvalidity
        if new_uid is None:
            new_uid = _found(desk, slot, folder)
            uidvalidity = desk.mailbox.target_uidvalidity
        desk.store.filed(
            slot, target, new_uid, desk.clock(), folder=folder, uidvalidity=uidvalidity
        )
        settled += 1
        _log.info("filed", uid=slot.uid, target=target)
    return settled


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


def save_sent(desk: Desk, tried: set[str] | None = None) -> int:
    """Append copies of sent mails to the Sent folder; one that is there already is not doubled.

    One copy stands for all recipients of a mail, also for one to whom it left on another day.

    ``tried`` are the Message-IDs of copies that may be there: left over from a process that died,
    or tried by this one (added here). Only those are asked for, because a server looks through the
    whole folder to answer; None: every one may be there.
    """
    folder = desk.config.settings.smtp.save_sent_to
    mails = desk.store.unsaved_mails(_AT_ONCE) if folder else []
    for mail in mails:
        desk.alive()
        if not desk.store.has_copy(mail.rfc_message_id):
            _copy(desk, folder, mail, tried)
        desk.store.saved(mail.id, desk.clock())
        if tried is not None:
            tried.discard(mail.rfc_message_id)  # the registry knows of its copy from here on
        _log.info("saved", mail=mail.id)
    return len(mails)


def _copy(desk: Desk, folder: str, mail: Mail, tried: set[str] | None) -> None:
    maybe_there = tried is None or mail.rfc_message_id in tried
    if tried is not None:
        tried.add(mail.rfc_message_id)
    if not maybe_there or not desk.mailbox.holds(folder, mail.rfc_message_id):
        at = mail.sent_at or desk.clock()
        desk.check_lease()
        desk.mailbox.append(folder, desk.store.mail_raw(mail.id), at)
