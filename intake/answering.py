"""An answer by reply about a report: what the registry knows of it, asked of the store."""

import datetime as dt
from collections.abc import Mapping, Sequence

from config.model import Campaign
from intake.by_reply import Reply
from intake.closing import takes_back
from intake.desk import Desk
from intake.record import ReadDocument
from intake.release import AskedReport, asked_by, decide_report
from notifier.answered import AnswerCode, Answered
from notifier.report_rules import Question
from registry.model import ReportDecision

_DONE: Mapping[str, AnswerCode] = {
    "release": "decided-release",
    "return": "decided-give-back",
    "again": "decided-again",
}


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
        takes_back(desk.store, desk.vault, row),
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
