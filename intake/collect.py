"""Collect and keep: what the inbox shows and the registry does not know, into the vault.

Order: bytes fsynced into the vault, then the rows in one transaction. A kill in between leaves
bytes without a row, and the next tick fetches them again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from intake.desk import Desk, communes_of, triage_facts
from intake.mailbox import CommandRefused, Listed, Listing, LoginRefused, Unreachable
from intake.message import parse
from intake.parsed import Parsed
from intake.post import alert
from intake.triage import never_answered
from registry.model import Arrival, Slot

_log = structlog.get_logger("collect")


@dataclass(frozen=True, slots=True)
class Collected:
    """What one pass brought: messages kept, messages noted but left on the server, more to come.

    ``complete``: everything that the inbox showed is in the registry now.
    """

    kept: int
    noted: int
    more: bool
    complete: bool


def collect(desk: Desk) -> Collected:
    """Keep the oldest unknown messages of the inbox, at most a few batches of them.

    Raises:
        Unreachable: the server; nothing is half-done, the next tick goes on.
        OSError: the disk or the bucket does not take some; the others are kept.
        LoginRefused: the server does not take the password.
    """
    limits = desk.config.settings.limits
    desk.mailbox.open()
    desk.alive()
    asked_at = desk.clock()  # what arrives from here on may not be in the answer
    listing, uidvalidity = _unknown(desk, 4 * limits.batch)
    listed = listing.messages
    old = [one for one in listed if one.received_at < desk.config.settings.office.go_live_at]
    large = [one for one in listed if one not in old and one.size_bytes > limits.message_bytes]
    wanted = [one for one in listed if one not in old and one not in large]
    _note_old(desk, uidvalidity, old)
    kept = 0
    for start in range(0, len(wanted), limits.batch):
        kept += _keep(desk, uidvalidity, wanted[start : start + limits.batch])
    for one in large:  # last: whatever the server makes of their headers keeps no other away
        desk.alive()
        _note_large(desk, _slot(desk, uidvalidity, one.uid), one)
    complete = listing.complete and kept == len(wanted)
    if complete:
        desk.store.polled(asked_at)
    return Collected(kept, len(old) + len(large), listing.more, complete)


def _slot(desk: Desk, uidvalidity: int, uid: int) -> Slot:
    return Slot(desk.mailbox.account, desk.config.settings.mailbox.inbox, uidvalidity, uid)


def _unknown(desk: Desk, limit: int) -> tuple[Listing, int]:
    """List the inbox against what is known under its present UIDVALIDITY."""
    mailbox, inbox = desk.mailbox, desk.config.settings.mailbox.inbox
    before = desk.store.last_uidvalidity(mailbox.account, inbox)
    while True:
        uidvalidity = mailbox.uidvalidity
        live_since = desk.config.settings.office.go_live_at
        known = desk.store.known_slots(mailbox.account, inbox, uidvalidity, live_since)
        listing = mailbox.listing(known, limit)
        if mailbox.uidvalidity == uidvalidity:
            break
    listed = len(listing.messages)
    if before is not None and before != uidvalidity and listed:
        # The UIDs mean other messages now; the bytes decide which of them are new (FAULTS 4-6).
        _log.warning("uidvalidity_changed", before=before, now=uidvalidity, listed=listed)
        reason = f"UIDVALIDITY {before} became {uidvalidity}: {listed} messages are read again"
        alert(desk, "uidvalidity", f"{reason}; known ones are recognised and not answered again")
    return listing, uidvalidity


def _keep(desk: Desk, uidvalidity: int, wanted: Sequence[Listed]) -> int:
    """Fetch one batch; return how many are safe now (the others have vanished or come later)."""
    by_uid = {one.uid: one for one in wanted}
    fetched: list[tuple[int, int]] = []
    lost: list[Unreachable | LoginRefused] = []

    def raws() -> Iterator[bytes]:
        try:
            for one in desk.mailbox.fetch(list(by_uid)):
                fetched.append((one.uid, len(one.raw)))
                yield one.raw
        except (Unreachable, LoginRefused) as error:  # what came before it is kept all the same
            lost.append(error)

    put = list(desk.vault.put_all(raws(), desk.alive))
    arrivals = [
        Arrival(_slot(desk, uidvalidity, uid), sha256, size, by_uid[uid].received_at)
        for (uid, size), sha256 in zip(fetched, put, strict=True)
        if isinstance(sha256, str)
    ]
    for arrival, kept in zip(arrivals, desk.store.keep_all(arrivals, desk.clock()), strict=True):
        _log.info("kept", message=kept.message_id, uid=arrival.slot.uid, new=kept.new)
    troubles = [one for one in put if isinstance(one, OSError)]
    if troubles:  # those that could not be kept stay in the inbox; they keep no others from it
        raise troubles[0]
    if lost:
        raise lost[0]
    return len(arrivals)


def _note_old(desk: Desk, uidvalidity: int, old: Sequence[Listed]) -> None:
    """Years of old mail are noted in a few transactions, not in one for each."""
    if not old:
        return
    listed = [(_slot(desk, uidvalidity, one.uid), one.size_bytes, one.received_at) for one in old]
    new = desk.store.note_old(listed, "from before go_live_at", desk.clock())
    _log.info("old", messages=len(old), new=new)


def _note_large(desk: Desk, slot: Slot, listed: Listed) -> None:
    """Too large to fetch: its header says who must be told, and that somebody wrote."""
    header = _header(desk, slot.uid)
    facts = triage_facts(desk, header, listed.received_at)
    robot = never_answered(header, facts)
    told = robot is None and facts.roster.get(header.sender) in {"commune", "chair", "officer"}
    why = f"{listed.size_bytes} bytes, more than limits.message_bytes"
    theirs = communes_of(header.sender, desk.communes_on(listed.received_at))
    desk.store.note_unfetched(
        slot,
        listed.size_bytes,
        listed.received_at,
        "too-large",
        "too-large" if told else "",
        header.sender,
        header.subject,
        desk.clock(),
        rfc_message_id=header.rfc_message_id,
        commune=theirs[0].key if len(theirs) == 1 else None,
        reason=f"{why}; {robot.reason}" if robot else why,
    )
    _log.warning("too_large", uid=slot.uid, size_bytes=listed.size_bytes)


def _header(desk: Desk, uid: int) -> Parsed:
    """What the header says; nothing where the server does not give it: then nobody is told."""
    try:
        raw = desk.mailbox.header(uid)
    except CommandRefused as error:
        _log.warning("header_refused", uid=uid, reason=str(error))
        raw = b""
    return parse(raw, desk.config.settings.limits)
