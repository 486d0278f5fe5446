"""Releasing, returning and drafting anew by reply: what an answer to a report's mail decides. Pure.

Only the addressee's own token opens it, and only while nobody else has answered. The signed
official letter that comes with a release is looked for among the files: whatever is not certainly
it is never sent to the Department in its place.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from config.model import Campaign
from intake.by_reply import Reply
from intake.record import ReadDocument, worst_signature
from notifier.answered import AnswerCode, Answered
from notifier.report_rules import Question, question_key
from notifier.token import Token, Verdict, judge
from parsers.reading import Letter, Reading
from parsers.vietnamese import fold
from registry.model import ReportDecision, ReportRow, SignedLetter

#: Bytes under the signature, or beside it, were changed: this is not what was signed.
_ALTERED = frozenset({"altered", "changed-later"})
#: Nothing vouches for these but the approver's own word.
_ONLY_A_PICTURE = frozenset({"", "uncheckable"})
_TITLE_LIKENESS = 88


@dataclass(frozen=True, slots=True)
class AskedReport:
    """The report that an answer is about, and what decides about the answer.

    ``newest`` is the last report of its campaign, ``seal`` what its token is worth, ``may_answer``
    whose answer counts by today's config (lower case). ``untrue``: why it must not be released
    any more, though nobody has decided.
    """

    campaign: Campaign
    row: ReportRow
    newest: ReportRow
    question: Question
    seal: Verdict
    may_answer: frozenset[str]
    untrue: AnswerCode | None = None


def asked_by(
    one: Token,
    secret: bytes,
    sender: str,
    today: dt.date,
    reports: Iterable[tuple[Campaign, Sequence[ReportRow]]],
) -> tuple[Campaign, ReportRow, Question, Verdict] | None:
    """Return which question a token belongs to; None for a token that is not this sender's.

    A token tells the number of a report, the seal tells whose campaign's.
    """
    questions: tuple[Question, ...] = ("draft", "returned")
    for campaign, rows in reports:
        for row in rows:
            if row.number != one.number:
                continue
            for question in questions:
                key = question_key(question, campaign.id, row.number)
                verdict = judge(one, secret, key, sender, today)
                if verdict != "forged":
                    return campaign, row, question, verdict
    return None


def decide_report(
    reply: Reply,
    sender: str,
    asked: AskedReport | None,
    files: Sequence[ReadDocument],
) -> ReportDecision | Answered:
    """Return what a reply decides about the report that its token is about, or why nothing.

    ``files`` are all documents that came with it.
    """
    about = f"B{reply.tokens[0].number}"
    if asked is None or sender.casefold() not in asked.may_answer:
        return Answered("answer-forged", about)
    why_not = _void(asked)
    if why_not is not None:
        return Answered(why_not, about, _who(asked.row))
    if len(reply.tokens) > 1 or len(reply.orders) > 1:
        return Answered("answer-several", about)
    decide = _approver if asked.question == "draft" else _officer
    return decide(reply, sender, asked, files, about)


def _void(asked: AskedReport) -> AnswerCode | None:
    """Return why nothing can be decided about this report any more; None when it can."""
    row = asked.row
    checks: tuple[tuple[bool, AnswerCode], ...] = (
        (row.approved_at is not None, "answer-released"),
        (row.number != asked.newest.number, "answer-older-draft"),
        (asked.question == "draft" and row.returned_at is not None, "answer-was-returned"),
        (row.again_at is not None, "answer-older-draft"),
        (asked.seal == "expired", "answer-expired"),
    )
    return next((code for holds, code in checks if holds), None)


def _who(row: ReportRow) -> tuple[str, ...]:
    """Who decided before, where somebody did."""
    return tuple(filter(None, [row.approved_by or row.returned_by]))


def _officer(
    reply: Reply, sender: str, asked: AskedReport, _files: Sequence[ReadDocument], about: str
) -> ReportDecision | Answered:
    if not reply.orders:
        return Answered("answer-none", about)
    if reply.orders[0].verb != "accept":
        return Answered("answer-not-offered", about)
    return _decision("again", sender, asked)


def _approver(
    reply: Reply, sender: str, asked: AskedReport, files: Sequence[ReadDocument], about: str
) -> ReportDecision | Answered:
    verb = reply.orders[0].verb if reply.orders else ""
    if verb == "return":
        reason = reply.orders[0].said
        return (
            _decision("return", sender, asked, reason=reason)
            if reason
            else Answered("answer-no-reason", about)
        )
    if verb not in {"", "release"}:
        return Answered("answer-not-offered", about)
    ours = {file.sha256 for file in asked.row.files}  # some programs send back what they answer
    sent = [file for file in files if file.sha256 not in ours]
    if not verb and not sent:
        return Answered("answer-none", about)
    if asked.untrue is not None:
        return Answered(asked.untrue, about)
    if not sent:
        return _decision("release", sender, asked)
    letter = _letter(sent, asked, said=verb == "release")
    if isinstance(letter, SignedLetter):
        return _decision("release", sender, asked, letter=letter)
    code, names = letter
    return Answered(code, about, tuple(names))


def _decision(
    choice: Literal["release", "return", "again"],
    sender: str,
    asked: AskedReport,
    reason: str = "",
    letter: SignedLetter | None = None,
) -> ReportDecision:
    row = asked.row
    return ReportDecision(choice, row.campaign, row.number, sender, reason, letter)


# --- the signed letter ---


def _letter(
    files: Sequence[ReadDocument], asked: AskedReport, *, said: bool
) -> SignedLetter | tuple[AnswerCode, list[str]]:
    """Return the letter among the files, or why it is none. ``said``: DUYỆT was written."""
    pdfs = [file for file in files if file.result.kind == "pdf"]
    if not pdfs:
        return "answer-not-pdf", [file.name for file in files]
    letters = list(_letters(pdfs, asked))
    if not letters:
        unread = [file.name for file in pdfs if not isinstance(file.result, Reading)]
        code: AnswerCode = "answer-file-unreadable" if unread else "answer-not-the-letter"
        return code, unread or [file.name for file in pdfs]
    signed = [one for one in letters if one[1].signature not in _ONLY_A_PICTURE]
    chosen = letters if len(letters) == 1 else signed
    if len(chosen) != 1:
        return "answer-which-file", [file.name for file, _ in letters]
    _, letter = chosen[0]
    if letter.signature in _ALTERED:
        return "answer-altered", [letter.name]
    if letter.signature in _ONLY_A_PICTURE and not said:
        return "answer-not-signed", [letter.name]
    return letter


def _letters(
    pdfs: Iterable[ReadDocument], asked: AskedReport
) -> Iterator[tuple[ReadDocument, SignedLetter]]:
    for file in pdfs:
        read = file.result
        if isinstance(read, Reading) and is_the_letter(read, asked.campaign, asked.row):
            known = read.letter or Letter()
            yield (
                file,
                SignedLetter(
                    file.name,
                    file.sha256,
                    file.size_bytes,
                    worst_signature(read.signatures),
                    known.number or "",
                    known.issued_on or "",
                    known.signer or "",
                ),
            )


def is_the_letter(read: Reading, campaign: Campaign, row: ReportRow) -> bool:
    """Whether a document is the official letter of this report.

    It speaks of the campaign, looks like a letter or bears the office's notation, and a
    supplement's says that it is one: an earlier report's letter must not go out again.
    """
    written = fold(" ".join(read.text.split()))
    speaks: Callable[[str], bool] = lambda words: (  # noqa: E731
        fuzz.partial_ratio(fold(words), written) >= _TITLE_LIKENESS
    )
    notation = fold(campaign.report.notation).replace(" ", "")
    ours = read.role == "letter" or (bool(notation) and notation in written.replace(" ", ""))
    subject = fold(read.letter.subject or "") if read.letter else ""
    adds = "bo sung" in (subject or written)
    return ours and speaks(campaign.title) and (adds or not row.supplement)
