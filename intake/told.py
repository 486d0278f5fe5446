"""What the scanner and DNS had said of a message, concluded from what was recorded of it. Pure.

A replay asks neither: another answer of today would make another registry. A message that was
held for one of them is taken as told; one that was read had passed both.
"""

from dataclasses import dataclass, field

from intake.domainkeys import Proof
from intake.scanner import Clean, Found, Scanned, TooLarge, Unavailable


@dataclass(frozen=True, slots=True)
class Told:
    """The answers to all that is asked of one message before it may be opened."""

    scanned: Scanned = field(default_factory=Clean)
    proof: Proof = field(default_factory=lambda: Proof("proven", "as recorded"))


def told_by(verdict: str, reason: str) -> Told:
    """Return what must have been answered for a message to be recorded so."""
    code, _, detail = reason.partition(": ")
    if verdict == "infected":
        return Told(scanned=Found(detail))
    if verdict == "unchecked" and code == "scan-limit":
        return Told(scanned=TooLarge())
    if verdict == "unchecked" and code == "not-scanned":
        return Told(scanned=Unavailable(detail))
    if verdict == "unchecked" and code == "proof-pending":
        return Told(proof=Proof("away", detail))
    if verdict == "stranger" and code == "unproven-sender":
        return Told(proof=Proof("unproven", detail))
    return Told()
