"""Rules of reports: to the Department, to the approvers, back to the officers. Pure."""

from collections.abc import Iterator
from typing import Literal

from config.model import Campaign
from notifier.debt import Asks, Due, World
from notifier.schedule import Addresses, newest_report, released_reports
from registry.model import ReportRow

#: ``draft``: the approvers are asked to release it; ``returned``: the officers say when it is done.
Question = Literal["draft", "returned"]


def reports(world: World, campaign: Campaign) -> Iterator[Due]:
    """Yield every released report to the Department, and the newest undecided one to its approvers.

    A supplement tells only what it adds: each of them goes out. A draft that was returned goes
    back to the officers. ``approval`` is no question here: it counts when a report is frozen.
    """
    for released in released_reports(world.snapshot, campaign):
        yield Due(
            kind="report",
            key=f"report/{campaign.id}/{released.number}",
            to=world.alive(campaign.report.to),
            template="report",
            not_before=min(released.approved_at or world.now, world.now),
            campaign=campaign.id,
            facts={"report": str(released.id), "number": str(released.number)},
        )
    newest = newest_report(world.snapshot, campaign)
    if newest is None or newest.approved_at:
        return
    if newest.returned_at:
        yield _returned(world, campaign, newest)
        return
    yield Due(
        kind="draft",
        key=f"draft/{campaign.id}/{newest.number}",
        to=report_readers(world, campaign, "draft"),
        template="draft",
        not_before=campaign.report.at,
        campaign=campaign.id,
        facts={"report": str(newest.id), "number": str(newest.number)},
        asks=asks_about("draft", newest),
    )


def _returned(world: World, campaign: Campaign, report: ReportRow) -> Due:
    """What the approver said of a draft, to the officers, whose work it is now."""
    return Due(
        kind="returned",
        key=f"returned/{campaign.id}/{report.number}",
        to=report_readers(world, campaign, "returned"),
        template="returned",
        not_before=world.now,
        campaign=campaign.id,
        facts={"report": str(report.id), "number": str(report.number)},
        asks=None if report.again_at else asks_about("returned", report),
    )


def department_notices(world: World) -> Iterator[Due]:
    """Yield what the Department answered, to those who answer for the report and do its work."""
    for message in world.snapshot.department:
        campaign = world.config.campaign_if_known(message.campaign)
        approvers = report_readers(world, campaign, "draft") if campaign else ()
        known = dict.fromkeys((*approvers, *world.officers()))
        yield Due(
            kind="department",
            key=f"department/{message.identity[:20]}",
            to=tuple(one for one in known if one.casefold() != message.sender.casefold()),
            template="department",
            not_before=min(message.received_at, world.now),
            campaign=message.campaign,
            message_id=message.id,
        )


def report_readers(world: World, campaign: Campaign, question: Question) -> Addresses:
    """Return who decides on a draft, or gets back one that was returned."""
    if question == "returned":
        return world.officers()
    return world.alive(campaign.report.approvers or world.config.settings.officers.addresses)


def question_key(question: Question, campaign: str, number: int) -> str:
    """Return the key of the mail that asks it, which seals the tokens of that mail."""
    return f"{question}/{campaign}/{number}"


def asks_about(question: Question, report: ReportRow) -> Asks:
    """Return what is asked about a report: its key seals the tokens (`intake.release`)."""
    return Asks("B", report.number, question_key(question, report.campaign, report.number))
