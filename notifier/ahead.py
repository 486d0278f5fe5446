"""What lies ahead: the mails of the coming time, found by playing the registry forward. Pure.

The same rules as `notifier.due`, asked at each moment at which one of them may change its answer,
with what the daemon does in between (mails leave, silence is recorded, the report is frozen) and
nothing from outside: no message arrives, nothing comes back, nobody decides anything.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from config.model import Campaign, Config
from notifier import again, answers, campaign_rules, report_rules
from notifier.calendar import Calendar
from notifier.debt import Due, World
from notifier.new_debts import new_debts
from notifier.redirect import redirected
from notifier.schedule import (
    begins_at,
    campaign_state,
    closing_due,
    newest_report,
    reminder_moments,
    report_due,
)
from registry.model import Asked, CommuneKey, ReportRow, Snapshot, debt_key
from registry.snapshot import silent_communes

_DAY = dt.timedelta(days=1)
#: How far notices about what waits are foreseen when no campaign lies ahead.
_LEAST = dt.timedelta(days=7)
#: No campaign has so many moments; the bound keeps a calendar without working days from turning.
_MOST_STEPS = 1000


def plan(
    snapshot: Snapshot,
    config: Config,
    calendar: Calendar,
    now: dt.datetime,
    at: dt.datetime | None = None,
) -> list[Due]:
    """Return every mail that would leave from ``at`` (now) on if nothing else arrived, in order.

    Each key once; ``not_before`` is the moment at which it leaves. An ``at`` that lies behind is
    taken for now, with the registry as it is. What needs a person first carries the fact ``waits``:
    ``approval`` for a report, ``launch`` for what a launch at that moment would send. Digests of
    what waits for a person end a day after the last campaign, or after a week.
    """
    moment = at or now
    begin = min(now, moment)
    until = _horizon(config, moment)
    mails = {one.key: one for one in _played(snapshot, config, calendar, begin, until)}
    for one in _if_launched(snapshot, config, calendar, moment, until):
        if one.key not in mails:
            mails[one.key] = replace(one, facts={"waits": "launch", **one.facts})
    late = [replace(one, not_before=moment) for one in mails.values() if _waits(one, moment)]
    ahead = [one for one in mails.values() if one.not_before >= moment]
    return sorted((*ahead, *late), key=lambda one: (one.not_before, debt_key(one.key), one.key))


def _waits(one: Due, moment: dt.datetime) -> bool:
    """A report that nobody has approved by then waits still."""
    return one.not_before < moment and one.facts.get("waits") == "approval"


def _horizon(config: Config, moment: dt.datetime) -> dt.datetime:
    ends = (max(one.closes_at, one.report.at) + _DAY for one in config.campaigns)
    return max((*ends, moment + _LEAST))


def _if_launched(
    snapshot: Snapshot, config: Config, calendar: Calendar, at: dt.datetime, until: dt.datetime
) -> Iterator[Due]:
    """What a launch at that moment would add, of the campaigns that were never launched."""
    states = dict(snapshot.campaigns)
    waiting = [
        one
        for one in config.campaigns
        if at < one.deadline_at and campaign_state(snapshot, one).launched_at is None
    ]
    for one in waiting:
        states[one.id] = replace(campaign_state(snapshot, one), launched_at=at)
    launched = replace(snapshot, campaigns=states)
    world = World(launched, config, calendar, at)
    mails = chain.from_iterable(_Play(world, one).mails() for one in waiting)
    yield from chain(mails, _digests(world, until) if waiting else ())


def notices(world: World) -> Iterator[Due]:
    """Yield what is owed for single messages and events, most urgent first."""
    yield from answers.answers(world)
    yield from answers.held_notices(world)
    yield from answers.questions(world)
    yield from report_rules.department_notices(world)
    yield from answers.brake_alert(world)
    yield from again.bounce_notices(world)


def _played(
    snapshot: Snapshot, config: Config, calendar: Calendar, begin: dt.datetime, until: dt.datetime
) -> Iterator[Due]:
    world = World(snapshot, config, calendar, begin)
    for one in new_debts(world, notices(world)):
        yield replace(one, not_before=begin)
    for campaign in config.campaigns:
        yield from _Play(world, campaign).mails()
    yield from _digests(world, until)


def _digests(world: World, until: dt.datetime) -> Iterator[Due]:
    """The morning's digest of each day on which it would have something to say."""
    first = world.now.astimezone(world.calendar.zone).date()
    for ahead in range((until - world.now).days + 2):
        day = first + ahead * _DAY
        morning = world.calendar.at(day, world.config.settings.officers.digest_at)
        then = replace(world, now=max(morning, world.now))
        if then.now <= until:
            yield from new_debts(then, _at(then.now, answers.digest(then, brief=True)))


def _at(moment: dt.datetime, dues: Iterable[Due]) -> Iterator[Due]:
    return (one if one.not_before == moment else replace(one, not_before=moment) for one in dues)


@dataclass(slots=True)
class _Play:
    """One campaign, from ``world.now`` to its end; only its own rules can change on the way."""

    world: World
    campaign: Campaign
    asked: dict[tuple[str, CommuneKey], Asked] = field(default_factory=dict)

    def mails(self) -> Iterator[Due]:
        """Yield the campaign's mails with the moments at which they leave."""
        moments = sorted(self._moments())
        self.asked = dict(self.world.snapshot.asked)
        for _ in range(_MOST_STEPS):
            self._close()
            later: list[Due] = []
            leaving: list[Due] = []
            for one in new_debts(self.world, self._rules()):
                (leaving if one.not_before <= self.world.now else later).append(one)
            yield from _at(self.world.now, leaving)
            self._sent(leaving)
            coming = (*moments, *(one.not_before for one in later))
            following = min((one for one in coming if one > self.world.now), default=None)
            if following is None:
                break
            snapshot = replace(self.world.snapshot, polled_at=following)
            self.world = replace(self.world, snapshot=snapshot, now=following)
        yield from self._unreleased()

    def _rules(self) -> Iterator[Due]:
        yield from again.unreached_notice(self.world, self.campaign)
        yield from campaign_rules.campaign_mails(self.world, self.campaign)

    def _moments(self) -> set[dt.datetime]:
        """When one of the campaign's rules may change its answer."""
        world, campaign = self.world, self.campaign
        steps = reminder_moments(campaign, world.calendar, world.config.settings.hours)
        launched_at = world.state(campaign).launched_at
        moments = {
            begins_at(campaign, world.state(campaign), world.config.settings),
            again.unreached_at(world, campaign),
            campaign.opens_at,
            campaign.deadline_at,
            campaign.closes_at,
            campaign.report.at,
            *(moment for _, moment in steps),
            *((launched_at,) if launched_at else ()),
        }
        return {moment for moment in moments if moment > world.now}

    def _close(self) -> None:
        """Do what `intake.closing` does at this moment."""
        campaign, now = self.campaign, self.world.now
        known = replace(self.world.snapshot, polled_at=now, unprocessed=0, brake=None)
        if closing_due(known, campaign, now):
            silent = silent_communes(known, campaign, self.world.config.members(campaign))
            state = replace(campaign_state(known, campaign), closed_at=now)
            state = replace(state, silent=tuple(one.key for one in silent))
            known = replace(known, campaigns={**known.campaigns, campaign.id: state})
        if report_due(known, campaign, now):
            number = 1 + max(
                (r.number for r in known.reports if r.campaign == campaign.id), default=0
            )
            row = ReportRow(0, campaign.id, number, now, "", ())
            if campaign.report.approval == "none":
                row = replace(row, approved_at=now)
            known = replace(known, reports=(*known.reports, row))
        self.world = replace(self.world, snapshot=known)

    def _sent(self, leaving: Iterable[Due]) -> None:
        """Write down that these have left: they are not owed again, and reach whom they go to."""
        keys = set(self.world.snapshot.mail_keys)
        for one in leaving:
            keys.add(one.key)
            if one.kind in {"call", "reminder"} and one.commune and not one.meant_for:
                self.asked[self.campaign.id, one.commune] = "reached"
        snapshot = replace(self.world.snapshot, mail_keys=frozenset(keys), asked=self.asked)
        self.world = replace(self.world, snapshot=snapshot)

    def _unreleased(self) -> Iterator[Due]:
        """The report that waits for its approval: it leaves when somebody releases it."""
        report = self.campaign.report
        row = newest_report(self.world.snapshot, self.campaign)
        if row is None or row.approved_at:
            return
        key = f"report/{self.campaign.id}/{row.number}"
        waits = {"waits": "approval"}
        one = Due("report", key, report.to, "report", row.created_at, campaign=self.campaign.id)
        yield redirected(replace(one, facts=waits), self.world.config.settings)
