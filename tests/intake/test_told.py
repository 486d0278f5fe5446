"""What scanner and DNS had said, concluded from what was recorded."""

import pytest

from intake.admission import judged
from intake.domainkeys import Proof
from intake.scanner import Clean, Found, Scanned, TooLarge, Unavailable
from intake.told import Told, told_by
from registry.model import held_reason


@pytest.mark.parametrize(
    "scanned", [Found("Own.Eicar"), TooLarge(), Unavailable("/run/clamd: OSError: no: file")]
)
def test_what_the_scanner_said_is_read_back_from_what_followed(scanned: Scanned) -> None:
    followed = judged(scanned)
    assert followed is not None
    assert followed.verdict is not None
    told = told_by(followed.verdict, followed.reason)
    assert judged(told.scanned) == followed
    assert told.proof.state == "proven"


@pytest.mark.parametrize(
    ("verdict", "reason", "proof"),
    [
        ("unchecked", held_reason("proof-pending", "no: answer"), Proof("away", "no: answer")),
        ("stranger", held_reason("unproven-sender", "DKIM: x"), Proof("unproven", "DKIM: x")),
    ],
)
def test_what_dns_said_as_well(verdict: str, reason: str, proof: Proof) -> None:
    assert told_by(verdict, reason) == Told(Clean(), proof)


@pytest.mark.parametrize("verdict", ["submission", "nil", "query", "stranger", "bounce"])
def test_what_was_read_had_passed_both(verdict: str) -> None:
    assert told_by(verdict, "unknown-sender") == Told()
    assert (Told().scanned, Told().proof.state) == (Clean(), "proven")
