"""When things fall due and whom they reach: the dates and addresses behind `notifier.due`. Pure."""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from config.model import Campaign, Commune, Hours, Remind, Settings, Step
from notifier.calendar import Calendar
from registry.model import (
    CampaignState,
    CommuneKey,
    Message,
    ReportRow,
    Snapshot,
    waits_for_us,
)

#: A longer look back than this is a typing error; the bound keeps date arithmetic total.
_MOST_DAYS = 3650

#: Unasked mail waits when the inbox was not read completely for this long, or three polls.
_STALE_SECONDS = 900.0

Addresses = tuple[str, ...]

#: What has become of what the newest report tells: still the same, other answers or states, or
#: what must not be signed – an answer that a person took back, the silence of a commune that is
#: known by now to have written in time –; or a person asked for a new draft.
ReportChange = Literal["none", "other", "taken-back", "heard", "asked"]


def reminder_moments(
    campaign: Campaign, calendar: Calendar, hours: Hours
) -> list[tuple[Remind, dt.datetime]]:
    """Return every reminder step with the instant it falls due, earliest first.

    ``days_before`` calendar days before the deadline's local date, moved back to the previous
    working day, at the step's time, moved into office hours. Of two steps on the same instant
    only the later one (nearer to the deadline) stays; nothing stays at or after the deadline.
    """
    last_on = campaign.deadline_at.astimezone(calendar.zone).date()
    moments: dict[dt.datetime, Remind] = {}
    for step in sorted(campaign.remind, key=lambda step: -step.days_before):
        days = min(step.days_before, _MOST_DAYS)
        day = calendar.previous_working(last_on - dt.timedelta(days=days))
        moments[calendar.next_moment(calendar.at(day, step.at), hours)] = step
    return [
        (step, moment) for moment, step in sorted(moments.items()) if moment < campaign.deadline_at
    ]


def begins_at(campaign: Campaign, state: CampaignState, settings: Settings) -> dt.datetime:
    """Return the instant from which the campaign's own mails count.

    That is its launch, or ``opens_at`` when the call went another way; never before go-live: what
    fell due earlier was somebody else's work.
    """
    return max(state.launched_at or campaign.opens_at, settings.office.go_live_at)


def campaign_state(snapshot: Snapshot, campaign: Campaign) -> CampaignState:
    """Return what happened to the campaign so far; the empty state when nothing did."""
    return snapshot.campaigns.get(campaign.id) or CampaignState(campaign.id)


def last_heard_at(snapshot: Snapshot, campaign: Campaign, key: CommuneKey) -> dt.datetime | None:
    """Return when the commune last wrote in this campaign, or None."""
    heard = snapshot.heard.get((campaign.id, key))
    current = snapshot.current.get((campaign.id, key))
    moments = [heard.last_at] if heard else []
    moments += [current.received_at] if current else []
    return max(moments, default=None)


def live(
    addresses: Iterable[str], bounced: frozenset[str], besides: Iterable[str] = ()
) -> Addresses:
    """Return the addresses that no bounce called dead, each once, in their order.

    Those of ``besides`` are left out: they get the mail already.
    """
    dead = _folded(bounced)
    seen = set(map(str.casefold, besides))
    kept: list[str] = []
    for address in addresses:
        folded = address.casefold()
        if folded and folded not in dead and folded not in seen:
            seen.add(folded)
            kept.append(address)
    return tuple(kept)


@lru_cache(maxsize=16)
def _folded(addresses: frozenset[str]) -> frozenset[str]:
    """Each rule asks of each commune: the same dead addresses, thousands of times."""
    return frozenset(map(str.casefold, addresses))


def reach(
    commune: Commune, to: Step, cc: Iterable[Step], bounced: frozenset[str]
) -> tuple[Addresses, Addresses]:
    """Return the living addresses of one mail as (to, cc); both empty = it cannot be delivered.

    When the side that is meant has no living address the other one stands in: a chairman who gets
    the commune's reminder is better than nobody.
    """
    meant = live(_side(commune, to), bounced)
    other: Step = "chair" if to == "commune" else "commune"
    first = meant or live(_side(commune, other), bounced)
    copies = [address for step in cc for address in _side(commune, step)]
    return first, live(copies, bounced, first) if first else ()


def closing_due(snapshot: Snapshot, campaign: Campaign, now: dt.datetime) -> bool:
    """Whether the campaign can be closed: silence may be recorded only from here on.

    Past ``closes_at``, with a complete poll of the inbox after it and nothing kept that is not yet
    understood (promise 3: who wrote is not silent); what waits for our scanner or DNS is not
    understood either, and a held message whose sender the program could not read waits for a
    person first. A pulled brake puts it off: the clock that
    says so, or the roster, may be what is wrong. A campaign in which nobody was asked and nobody
    wrote is not this registry's: an old campaign file beside a new registry accuses no one.
    """
    return (
        now >= campaign.closes_at
        and _was_run(snapshot, campaign)
        and snapshot.brake is None
        and campaign_state(snapshot, campaign).closed_at is None
        and snapshot.polled_at is not None
        and snapshot.polled_at >= campaign.closes_at
        and snapshot.unprocessed == 0
        and not any(_may_be_anybodys(message, campaign) for message in snapshot.held)
    )


def _may_be_anybodys(message: Message, campaign: Campaign) -> bool:
    """Whether any commune may speak in it: nobody looked inside, or not even the sender is known.

    An officer may forward for a commune, so the sender alone does not say whose answer it is.
    """
    failed = message.reason.startswith("program-failed")
    unknown = failed and not message.sender and message.commune is None
    in_time = campaign.opens_at <= message.received_at < campaign.closes_at
    return in_time and (unknown or waits_for_us(message))


def _was_run(snapshot: Snapshot, campaign: Campaign) -> bool:
    asked = (f"call/{campaign.id}/", f"remind/{campaign.id}/")
    return (
        campaign_state(snapshot, campaign).launched_at is not None
        or any(key.startswith(asked) for key in snapshot.mail_keys)
        or any(place[0] == campaign.id for place in (*snapshot.heard, *snapshot.current))
    )


def report_due(
    snapshot: Snapshot, campaign: Campaign, now: dt.datetime, change: ReportChange = "none"
) -> bool:
    """Whether a report of the campaign must be frozen now.

    The first one from ``report.at`` on, once the campaign is closed. A further one when another
    one would count other answers than the newest does (``change``), at the same time of a later
    day, so that a busy morning makes one draft and not ten; at once, when a draft that may still
    be released counts an answer that a person has taken back or calls silent who has written, or
    when a person asked for it.
    """
    closed_at = campaign_state(snapshot, campaign).closed_at
    if closed_at is None or now < campaign.report.at or snapshot.unprocessed:
        return False
    newest = newest_report(snapshot, campaign)
    if newest is None:
        return True
    if change in {"taken-back", "heard", "asked"} and newest.approved_at is None:
        return True
    return change != "none" and next_report_due(newest, campaign, now)


def next_report_due(newest: ReportRow, campaign: Campaign, now: dt.datetime) -> bool:
    """Whether the day has come on which a further report may be made, if there is reason."""
    at = campaign.report.at
    frozen_on = newest.created_at.astimezone(at.tzinfo).date()
    next_at = dt.datetime.combine(frozen_on + dt.timedelta(days=1), at.timetz())
    return now >= next_at


def newest_report(snapshot: Snapshot, campaign: Campaign) -> ReportRow | None:
    """Return the newest report frozen after the campaign was closed, or None."""
    return max(_since_closing(snapshot, campaign), key=lambda row: row.number, default=None)


def _since_closing(snapshot: Snapshot, campaign: Campaign) -> list[ReportRow]:
    """The reports frozen after the campaign was closed.

    After a restore the closing is repeated; a report found in Sent is older than that, never than
    ``closes_at``.
    """
    closed_at = campaign_state(snapshot, campaign).closed_at
    return [
        row
        for row in snapshot.reports
        if row.campaign == campaign.id
        and closed_at is not None
        and row.created_at >= min(closed_at, campaign.closes_at)
    ]


def released_report(snapshot: Snapshot, campaign: Campaign) -> ReportRow | None:
    """Return the newest report that may go to the Department, or None (promise 5)."""
    return next(reversed(released_reports(snapshot, campaign)), None)


def released_reports(snapshot: Snapshot, campaign: Campaign) -> list[ReportRow]:
    """Return the reports that may go to the Department, by number.

    First the full one, then each supplement to it. A release is what was written down, never what
    the config says by now: an edit of ``approval`` neither takes one back nor makes one.
    """
    mine = (row for row in snapshot.reports if row.campaign == campaign.id)
    return sorted((row for row in mine if row.approved_at), key=lambda row: row.number)


def inbox_known(snapshot: Snapshot, settings: Settings, now: dt.datetime) -> bool:
    """Whether what arrived is known well enough to remind anybody.

    While the inbox cannot be read, or messages wait to be understood, a reminder could reach
    somebody who has answered.
    """
    stale_after = dt.timedelta(seconds=max(_STALE_SECONDS, 3 * settings.mailbox.poll_seconds))
    return (
        snapshot.unprocessed == 0
        and snapshot.polled_at is not None
        and now - snapshot.polled_at <= stale_after
    )


def _side(commune: Commune, step: Step) -> Addresses:
    return commune.emails if step == "commune" else commune.chair_emails
