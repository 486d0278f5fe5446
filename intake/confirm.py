"""A commune's "ĐÚNG": what we read of its answer is what it wrote. Pure.

It confirms the version that stands recorded, and only if it is certain that this one is meant.
What is doubtful becomes certain; what is missing or wrong stays so: nobody can confirm an error.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import ZoneInfo

from config.model import Campaign, Commune
from intake.record import Envelope, ReadDocument, as_recorded
from intake.reply import Order, orders, own_words
from notifier.doubts import doubts, settled
from parsers.vietnamese import fold
from registry.model import (
    CommuneKey,
    Message,
    NewSubmission,
    Outcome,
    Submission,
    SubmissionState,
    held_reason,
)
from registry.receipts import valid_receipt

_RECEIPT = re.compile(r"(?<![\w-])[A-Z0-9]{1,12}-[0-9A-Z]{1,12}-\d{2,4}-\d(?![\w-])", re.IGNORECASE)
#: What courtesy puts around an answer, folded.
_COURTESY = re.compile(
    r"(?:kinh gui|kinh thua|kinh chao|xin chao|chao|dear|kinh thu|tran trong|than ai"
    r"|xin (?:chan thanh )?cam on|cam on|xin tran trong|thanks|best regards)\b"
)
#: How a signature goes on, folded: the unit, the office, the telephone.
_SIGNATURE = re.compile(
    r"(?:tm )?(?:ubnd|uy ban|xa|thi tran|tt|phuong|chu tich|pho chu tich|kt|cong chuc|can bo"
    r"|van phong|dt|sdt|dien thoai|tel|di dong|email|mail)\b"
)
#: What no signature says.
_OBJECTS = re.compile(
    r"\b(?:khong|chua|nhung|tuy nhien|sai|sua|thieu|thua|bo sung|doi|tru|de nghi|con|chi)\b"
)
_NAME = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){1,5}")
_NUMBER = re.compile(r"[\d +().-]{8,20}")
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Meant:
    """What a "ĐÚNG" may be about, as the registry knows it.

    ``versions`` are those that the mail names: by the mail of ours that it answers, by the receipt
    number in its subject. ``current`` is the one that counts now for the first of them.
    """

    versions: tuple[Submission, ...] = ()
    current: Submission | None = None


def says_right(text: str) -> bool:
    """Whether somebody's own words are "ĐÚNG" and nothing else: courtesy and a signature apart.

    ``text`` is without what `intake.body.split_quoted` took for quoted. "Không đúng", "đúng
    nhưng…", or an ĐÚNG with a remark below it are words for a person.
    """
    words = own_words(text)
    if orders(words) != (Order("confirm"),):
        return False
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    at = next(index for index, line in enumerate(lines) if orders(line))
    before, after = lines[:at], [line for line in lines[at + 1 :] if not orders(line)]
    return all(map(_is_courtesy, before)) and all(_is_courtesy(x) or _signs(x) for x in after)


def receipts_in(subject: str) -> tuple[str, ...]:
    """Return the receipt numbers in a subject whose check digit is right, each once."""
    found = (match[0].upper() for match in _RECEIPT.finditer(subject[:500]))
    return tuple(dict.fromkeys(one for one in found if valid_receipt(one)))[:5]


def decide(
    envelope: Envelope,
    documents: Sequence[ReadDocument],
    words: str,
    meant: Meant,
    senders: Collection[CommuneKey],
    copy_of: Message | None,
    commune: Commune | None,
    campaign: Campaign | None,
    zone: ZoneInfo,
) -> Outcome:
    """Decide what follows from "ĐÚNG".

    Args:
        envelope: The message itself.
        documents: What came with it, none of them a form.
        words: The sender's own words.
        meant: The versions that it names.
        senders: The communes whose address the sender has (or for whom a person vouched).
        copy_of: The same mail by another road, if it came before.
        commune: The commune of what is meant.
        campaign: Its campaign.
        zone: Where the office is.

    Returns:
        A new version whose points are certain; or why nothing was confirmed, told to the commune;
        or held, when nobody can tell what is meant.
    """
    recorded = as_recorded(envelope, documents, words, commune, campaign)
    current = meant.current
    if copy_of is not None:
        told = f"the same mail as message {copy_of.id}"
        return replace(recorded, verdict="copy", reason=told, ack="")
    doubt = _unclear(meant, senders, campaign)
    if doubt or current is None or campaign is None:
        return replace(recorded, state="held", reason=held_reason("confirms-unclear", doubt))
    if any(_is_older(one, current) for one in meant.versions):
        told = f"it confirms {meant.versions[0].receipt}, and {current.receipt} counts now"
        return replace(recorded, verdict="confirmation", reason=told, ack="confirm-older")
    if not doubts(current.points, current.findings):
        told = f"nothing to confirm in {current.receipt}"
        return replace(recorded, verdict="confirmation", reason=told, ack="confirm-nothing")
    return _confirmed(recorded, envelope, current, campaign, zone)


def _confirmed(
    recorded: Outcome,
    envelope: Envelope,
    current: Submission,
    campaign: Campaign,
    zone: ZoneInfo,
) -> Outcome:
    points, findings = settled(current, envelope.received_at, zone)
    wrong = any(finding.severity == "error" for finding in findings)
    state: SubmissionState = "needs-fix" if wrong else "registered"
    version = NewSubmission(
        campaign=current.campaign,
        commune=current.commune,
        state=state,
        # The values are those that came then: a late yes does not make them late.
        late=current.late,
        after_close=current.after_close,
        receipt_prefix=campaign.receipt_prefix,
        letter=current.letter,
        points=points,
        findings=findings,
        read_from=current.source_id,
    )
    return replace(
        recorded,
        verdict="confirmation",
        reason=f"confirms {current.receipt}",
        ack="needs-fix" if wrong else "confirmed",
        submission=version,
    )


Doubt = Literal["", "no version named", "several versions named", "another commune", "no campaign"]


def _unclear(meant: Meant, senders: Collection[CommuneKey], campaign: Campaign | None) -> Doubt:
    """Return why nobody can tell what is confirmed; empty when it is clear."""
    if not meant.versions or meant.current is None:
        return "no version named"
    if len({(one.campaign, one.commune, one.source_id) for one in meant.versions}) > 1:
        return "several versions named"
    if meant.versions[0].commune not in senders:
        return "another commune"
    return "" if campaign else "no campaign"


def _is_older(named: Submission, current: Submission) -> bool:
    """Whether what was named says something else than what counts now.

    A version that was confirmed already says the same as its confirmation.
    """
    return named.withdrawn or named.source_id != current.source_id


def _is_courtesy(line: str) -> bool:
    plain = fold(line)
    polite = len(line) <= _SHORT * 2 and _COURTESY.match(plain) is not None
    return polite and not _OBJECTS.search(plain)


def _signs(line: str) -> bool:
    """Whether a line below an answer is part of a signature: a unit, a name, a telephone."""
    if len(line) > _SHORT:
        return False
    if _NUMBER.fullmatch(line) or re.fullmatch(r"\S+@\S+", line):
        return True
    if _SIGNATURE.match(fold(line)):
        return not _OBJECTS.search(fold(line))
    return _NAME.fullmatch(line) is not None and all(word[0].isupper() for word in line.split())
