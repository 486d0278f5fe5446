"""Rules of a campaign: calls, reminders, silence notices, drafts and reports. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator

from config.model import Campaign, Commune, Remind
from notifier import report_rules
from notifier.debt import Due, World
from notifier.schedule import (
    begins_at,
    last_heard_at,
    reach,
    reminder_moments,
)
from registry.model import MailKind
from registry.snapshot import owes_answer, still_silent


def campaign_mails(world: World, campaign: Campaign) -> Iterator[Due]:
    """Yield what the campaign owes: reports, then the call, reminders and silence notices."""
    yield from report_rules.reports(world, campaign)
    yield from _calls(world, campaign)
    yield from _latest_reminders(world, campaign)
    yield from _silence_notices(world, campaign)


def _calls(world: World, campaign: Campaign) -> Iterator[Due]:
    """The call to every member, once a person launched it; to late joiners until the deadline."""
    launched_at = world.state(campaign).launched_at
    if launched_at is None:
        return
    not_before = world.office_moment(launched_at)
    if not_before >= campaign.deadline_at:
        return
    yield from _to_communes("call", world, campaign, _owing(world, campaign), not_before)


def _latest_reminders(world: World, campaign: Campaign) -> Iterator[Due]:
    """Of the steps whose moment has passed only the latest, at the next working moment.

    Whoever wrote after that moment was told by the acknowledgment what is still missing. Earlier
    steps that were missed are superseded, never sent late (FAULTS 123).
    """
    steps = _steps(world, campaign)
    passed = [pair for pair in steps if pair[1] <= world.now]
    if not passed:
        return
    step, moment = passed[-1]
    not_before = world.office_moment(moment)
    overtaken = any(world.now < other <= not_before for _, other in steps)
    if not overtaken and not_before < campaign.deadline_at:
        yield from _reminders(world, campaign, step, moment, not_before)


def _steps(world: World, campaign: Campaign) -> list[tuple[Remind, dt.datetime]]:
    """The steps that fall between the campaign's begin and its deadline; none once it is closed."""
    state = world.state(campaign)
    if state.closed_at is not None or world.now >= campaign.deadline_at:
        return []
    begin = begins_at(campaign, state, world.config.settings)
    moments = reminder_moments(campaign, world.calendar, world.config.settings.hours)
    return [(step, moment) for step, moment in moments if moment >= begin]


def _reminders(
    world: World,
    campaign: Campaign,
    step: Remind,
    moment: dt.datetime,
    not_before: dt.datetime,
) -> Iterator[Due]:
    communes = (
        commune
        for commune in _owing(world, campaign)
        if (heard_at := last_heard_at(world.snapshot, campaign, commune.key)) is None
        or heard_at < moment
    )
    yield from _to_communes("reminder", world, campaign, communes, not_before, step)


def _silence_notices(world: World, campaign: Campaign) -> Iterator[Due]:
    """To every commune recorded as silent, the chairman in copy: what the silence means."""
    closed_at = world.state(campaign).closed_at
    if closed_at is None or campaign.silence != "no-need":
        return
    not_before = world.office_moment(closed_at)
    silent = still_silent(world.snapshot, campaign.id)
    communes = (commune for commune in world.config.communes if commune.key in silent)
    yield from _to_communes("silence", world, campaign, communes, not_before)


def _owing(world: World, campaign: Campaign) -> Iterator[Commune]:
    for commune in world.config.members(campaign):
        if owes_answer(world.snapshot, campaign, commune):
            yield commune


def _to_communes(
    kind: MailKind,
    world: World,
    campaign: Campaign,
    communes: Iterable[Commune],
    not_before: dt.datetime,
    step: Remind | None = None,
) -> Iterator[Due]:
    """Yield this mail to each of them, but to those who have it: most have, at most moments."""
    had, bounced = world.snapshot.mail_keys, world.snapshot.bounced
    lost = {one.key for one in world.snapshot.lost}  # owed again perhaps (`notifier.again`)
    prefix = f"{'remind' if kind == 'reminder' else kind}/{campaign.id}"
    suffix = f"/{step.id}" if step else ""
    facts = {"step": step.id, "days_before": str(step.days_before)} if step else {}
    side, copies = (step.to, step.cc) if step else ("commune", ("chair",))
    for commune in communes:
        key = f"{prefix}/{commune.code}@{commune.valid_from.isoformat()}{suffix}"
        if key in had and key not in lost:
            continue
        to, cc = reach(commune, side, copies, bounced)
        yield Due(
            kind=kind,
            key=key,
            to=to,
            template=step.template if step else kind,
            not_before=not_before,
            cc=cc,
            campaign=campaign.id,
            commune=commune.key,
            facts=facts,
        )
