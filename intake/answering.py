"""An answer by reply: to whom it speaks about what, asked of the store, and recorded.

What it decides is pure: about a held message in `by_reply`, about a report in `release`.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from config.model import Campaign
from intake import record
from intake.by_reply import Asked, Reply, decide_adoption, decide_held
from intake.case import Case
from intake.case_files import read_files, stamped, unpacked_of
from intake.closing import Untrue, untrue
from intake.desk import Desk
from intake.matching import CampaignMatch
from intake.record import ReadDocument
from intake.release import AskedReport, asked_by, decide_report
from notifier.answered import AnswerCode, Answered
from notifier.report_rules import Question
from notifier.token import Subject, Token
from registry.model import Choice, Decided, Outcome, ReportDecision

#: The same answer to the same useless reply.
_TOLD_AT_MOST = 2
_DONE: Mapping[str, AnswerCode] = {
    "release": "decided-release",
    "return": "decided-give-back",
    "again": "decided-again",
}

#: What whoever releases a draft is told that says what is not so any more.
_UNTRUE: Mapping[Untrue, AnswerCode | None] = {
    "": None,
    "taken-back": "answer-taken-back",
    "heard": "answer-heard-since",
    "as-released": "answer-nothing-new",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A case that answers a question of ours: others may have answered it a moment before."""

    case: Case

    def decided(self) -> Outcome:
        """Decide what a person's reply decides; what it may not decide is recorded, and told."""
        case = self.case
        desk, sender = case.desk, case.parsed.sender
        reply = case.reply()
        today = case.message.received_at.astimezone(desk.config.settings.office.zone).date()
        asked = _asked(case, reply.tokens[0])
        about = reply.tokens[0].about
        decide = decide_adoption if about == "H" else decide_held
        found = decide(reply, sender, asked, desk.vault.secret(), today)
        told = found if isinstance(found, Answered) else _told(found, about)
        ack = "decision"
        if about == "H":  # what was adopted is acknowledged: no second mail about that
            ack = "" if told.done else "adoption"
        return _answered(case, reply, found, told, ack)


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The same about a report, with the files that came with it: read, and by their hashes."""

    case: Case
    documents: tuple[ReadDocument, ...]
    files: Mapping[str, bytes]

    def decided(self) -> Outcome:
        """Decide what a person's reply decides about a report, with what came with it."""
        case, documents = self.case, self.documents
        desk, reply = case.desk, case.reply()
        if stamped(documents):
            return case.secret("document")
        today = case.message.received_at.astimezone(desk.config.settings.office.zone).date()
        found, call = answer_report(desk, reply, case.parsed.sender, today, documents)
        if isinstance(found, ReportDecision) and found.letter:
            desk.vault.put(self.files[found.letter.sha256])
        told = found if isinstance(found, Answered) else told_of_report(found)
        outcome = _answered(case, reply, found, told, "report", documents)
        return replace(outcome, campaign=call, documents=record.documents_of(documents))


def answer(case: Case) -> Outcome | Answer | ReportAnswer:
    """Return an answer to a question of ours; what comes with one about a report is read."""
    if case.reply().tokens[0].about != "B":
        return Answer(case)
    unpacked = unpacked_of(case)
    if isinstance(unpacked, Outcome):
        return unpacked
    files = {hashlib.sha256(part.data).hexdigest(): part.data for part in unpacked.files}
    return ReportAnswer(case, read_files(case, case.campaign(()), unpacked), files)


def answer_report(
    desk: Desk,
    reply: Reply,
    sender: str,
    today: dt.date,
    documents: Sequence[ReadDocument],
) -> tuple[ReportDecision | Answered, str | None]:
    """Return what a reply decides about a report, or why nothing; and the report's campaign."""
    reports = [(call, desk.store.reports(call.id)) for call in desk.config.campaigns]
    hit = asked_by(reply.tokens[0], desk.vault.secret(), sender, today, reports)
    if hit is None:
        return decide_report(reply, sender, None, documents), None
    campaign, row, question, seal = hit
    newest = next(rows[-1] for call, rows in reports if call.id == campaign.id)
    asked = AskedReport(
        campaign,
        row,
        newest,
        question,
        seal,
        _may_answer(desk, campaign, question),
        _UNTRUE[untrue(desk.store, desk.vault, desk.config, row, desk.clock())],
    )
    return decide_report(reply, sender, asked, documents), campaign.id


def _may_answer(desk: Desk, campaign: Campaign, question: Question) -> frozenset[str]:
    """Whose answer counts by the config of now, whoever had been asked."""
    officers = desk.config.settings.officers.addresses
    approvers = campaign.report.approvers or officers
    asked = approvers if question == "draft" else officers
    return frozenset(map(str.casefold, asked))


def told_of_report(decided: ReportDecision) -> Answered:
    """Return what is written down of a decision about the reply that brought it."""
    about = f"B{decided.number}"
    if decided.letter is not None:
        return Answered("decided-release-signed", about, (decided.letter.name,))
    return Answered(_DONE[decided.choice], about)


def _asked(case: Case, token: Token) -> Asked | None:
    """Return the message that a token is about, if there is one."""
    try:
        message = case.desk.store.message(token.number)
    except KeyError:
        return None
    return Asked(message, case.desk.config, case.desk.communes_on(message.received_at))


def _answered(
    case: Case,
    reply: Reply,
    found: Decided | ReportDecision | Answered,
    told: Answered,
    ack: str,
    documents: Sequence[ReadDocument] = (),
) -> Outcome:
    """Record an answer by reply; the same one by another road is a copy of it."""
    words = "\n".join([f"{reply.tokens}\n{reply.orders}", *(one.sha256 for one in documents)])
    outcome = replace(
        record.without_reading(case.envelope, "decision", told.reason, ack),
        content_key=hashlib.sha256(words.encode("utf-8", "replace")).hexdigest(),
        decided=None if isinstance(found, Answered) else found,
        ignored=case.ignored(),
    )
    if not told.done and case.role in {"commune", "chair"}:
        outcome = _heard(case, outcome)
    copy = case.copy_of(outcome.content_key)
    if copy is not None:
        reason = f"the same reply as message {copy.id}, by another road"
        return replace(outcome, verdict="copy", reason=reason, ack="", decided=None)
    return _once(case, outcome, told)


def _heard(case: Case, outcome: Outcome) -> Outcome:
    """The same of a commune: it has written, though its answer decides nothing (promise 3)."""
    campaign = case.campaign(())
    return replace(
        outcome,
        commune=case.heard_from(),
        campaign=campaign.campaign.id if isinstance(campaign, CampaignMatch) else None,
    )


def _once(case: Case, outcome: Outcome, told: Answered) -> Outcome:
    """Say the same thing to the same person twice at most: a machine may be answering us."""
    if told.done:
        return outcome
    again = case.desk.store.answers_like(outcome.sender, outcome.reason)
    return replace(outcome, ack="") if again >= _TOLD_AT_MOST else outcome


def _told(decided: Decided, about: Subject) -> Answered:
    """Return what is written down of a decision about the reply that brought it."""
    codes: Mapping[Choice, AnswerCode] = {
        "assign": "decided-assign",
        "accept": "decided-accept",
        "drop": "decided-drop",
        "return": "decided-return",
    }
    return Answered(codes[decided.choice], f"{about}{decided.message_id}")
