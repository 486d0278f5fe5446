"""May a kept message be opened? First the virus scanner, then the proof of its sender.

Both ask something outside that may be away. Then the message is held, never passed, and taken up
again by the daemon itself as soon as there is an answer: no person can decide that better.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog

from intake.desk import Desk, Scanner, triage_facts
from intake.domainkeys import prove
from intake.message import Parsed, parse_header
from intake.post import alert
from intake.scanner import Clean, Found, Scanned, TooLarge, Unavailable
from intake.triage import Triage, TriageFacts, needs_proof
from registry.errors import NotPossible
from registry.model import WAITS_FOR_US, Message, held_reason, waits_for_us
from registry.vault import VaultDamaged

_log = structlog.get_logger("admission")
_PATIENCE = 20  # messages without an answer in one go: each may cost a time limit


def scan(desk: Desk, pieces: Iterable[bytes]) -> Triage | None:
    """Return why bytes must not be opened, or None: all clean, or no scanner is configured."""
    if desk.told is not None:
        return judged(desk.told.scanned)
    scanner = desk.scanner
    if scanner is None:
        return None
    answers = (judged(_asked(desk, scanner, data)) for data in pieces)
    return next((answer for answer in answers if answer is not None), None)


def _asked(desk: Desk, scanner: Scanner, data: bytes) -> Scanned:
    """Ask the scanner, unless it was silent a moment ago."""
    if desk.scanner_pause.waiting(desk.clock()):
        return Unavailable("it did not answer a moment ago")
    answer = scanner.scan(data)
    if isinstance(answer, Unavailable) and not answer.answered:
        desk.scanner_pause.failed(desk.clock())
    else:
        desk.scanner_pause.worked()
    return answer


def judged(scanned: Scanned) -> Triage | None:
    """Return what follows from the scanner's answer; None when it is clean. Pure."""
    if isinstance(scanned, Clean):
        return None
    if isinstance(scanned, Found):
        return Triage("infected", held_reason("infected", scanned.name), hold=True)
    if isinstance(scanned, TooLarge):
        return Triage("unchecked", held_reason("scan-limit"), hold=True)
    return Triage("unchecked", held_reason("not-scanned", scanned.reason), hold=True)


def with_proof(desk: Desk, raw: bytes, parsed: Parsed, facts: TriageFacts) -> TriageFacts:
    """Return the facts with what the signatures prove, where triage will ask for it."""
    if not needs_proof(parsed, facts):
        return facts
    if desk.told is not None:
        return replace(facts, proof=desk.told.proof)
    limit = desk.config.settings.limits.header_bytes
    proof = prove(raw, parsed.sender, facts.received_at, desk.find_key, limit)
    return replace(facts, proof=proof)


@dataclass(frozen=True, slots=True)
class TakenUp:
    """How many messages were sent back, how many still wait, and the last that was looked at."""

    taken: int
    waiting: int
    last: int


def take_up(desk: Desk, after: int = 0) -> TakenUp:
    """Send held messages back to be understood that waited for an answer which is there now.

    Begins behind the message ``after``: a few that never get an answer must not stand before all
    others. No decision of a person is touched.
    """
    held = [message for message in desk.store.held() if waits_for_us(message)]
    waiting = sorted(held, key=lambda message: (message.id <= after, message.id))
    taken = missed = 0
    for message in waiting:
        after = message.id
        missing = _missing(desk, message)
        if missing:
            missed += 1
            tell_if_away(desk, missing)
            if missed == _PATIENCE:
                break
            continue
        try:
            desk.store.take_up(message.id, desk.clock())
        except NotPossible:  # a person decided meanwhile
            continue
        taken += 1
        _log.info("taken_up", message=message.id)
    return TakenUp(taken, len(waiting) - taken, after)


def tell_if_away(desk: Desk, reason: str) -> None:
    """Tell the admin, once a day, if a message is held because nothing scans."""
    code, _, why = reason.partition(": ")
    if code == "not-scanned":
        alert(desk, "scanner", why)


def _missing(desk: Desk, message: Message) -> str:
    """Return the reason for which a message would have to go on waiting; "" if it need not."""
    try:
        raw = desk.vault.get(message.sha256)
    except (KeyError, VaultDamaged) as error:
        # No answer will mend it: the attempts to read it fail, and then a person gets it.
        _log.error("bytes_lost", message=message.id, reason=str(error))
        return ""
    answer = scan(desk, [raw])
    if answer is not None:
        return answer.reason if answer.reason.partition(":")[0] in WAITS_FOR_US else ""
    parsed = parse_header(raw, desk.config.settings.limits)
    facts = with_proof(desk, raw, parsed, triage_facts(desk, parsed, message.received_at))
    proof = facts.proof
    return held_reason("proof-pending", proof.why) if proof and proof.state == "away" else ""
