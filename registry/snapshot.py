"""What a snapshot says about one commune: pure questions with one answer each."""

import datetime as dt
from collections.abc import Iterable

from config.model import Campaign, Commune
from registry.model import CommuneKey, CommuneState, Snapshot, Window


def windows(campaigns: Iterable[Campaign]) -> dict[str, Window]:
    """Return when each campaign's answers arrive, as `Store.snapshot` takes it."""
    return {campaign.id: (campaign.opens_at, campaign.closes_at) for campaign in campaigns}


def commune_state(snapshot: Snapshot, campaign_id: str, key: CommuneKey) -> CommuneState:
    """Return the state of a commune in a campaign (DESIGN §7).

    A current version decides. Without one, anything held is ``in-review`` and anything else that
    arrived is ``needs-fix``: a commune that wrote is never silent (promise 3). Only after the
    campaign was closed is the rest ``silent``.
    """
    current = snapshot.current.get((campaign_id, key))
    return current.state if current else state_without_answer(snapshot, campaign_id, key)


def state_without_answer(
    snapshot: Snapshot, campaign_id: str, key: CommuneKey, before: dt.datetime | None = None
) -> CommuneState:
    """Return the state of a commune none of whose versions counts.

    With ``before`` only what arrived earlier undoes a silence that was recorded: so a report sees
    it, whatever comes after closing.
    """
    heard = snapshot.heard.get((campaign_id, key))
    in_time = heard is not None and (before is None or heard.first_at < before)
    state = snapshot.campaigns.get(campaign_id)
    if state is not None and key in state.silent and not in_time:
        return "silent"
    if heard is None:
        return "waiting"
    return "in-review" if heard.held else "needs-fix"


def still_silent(snapshot: Snapshot, campaign_id: str) -> frozenset[CommuneKey]:
    """Return the communes whose `commune_state` is ``silent``, all at once: a country has many."""
    state = snapshot.campaigns.get(campaign_id)
    return frozenset(
        key
        for key in (state.silent if state else ())
        if (campaign_id, key) not in snapshot.current and (campaign_id, key) not in snapshot.heard
    )


def owes_answer(snapshot: Snapshot, campaign: Campaign, commune: Commune) -> bool:
    """Whether the commune still has to do something: it never wrote, or nothing usable."""
    return commune_state(snapshot, campaign.id, commune.key) in {"waiting", "needs-fix"}


def silent_communes(
    snapshot: Snapshot, campaign: Campaign, members: Iterable[Commune]
) -> tuple[Commune, ...]:
    """Return the members from which nothing arrived before ``closes_at``, in roster order.

    Whatever arrived counts, however unreadable (promise 3), by the server's time; what arrived at
    ``closes_at`` or later does not undo the silence.
    """
    return tuple(
        commune for commune in members if not _heard_in_time(snapshot, campaign, commune.key)
    )


def undone_silences(snapshot: Snapshot, campaign: Campaign) -> frozenset[CommuneKey]:
    """Return the communes recorded as silent of which it is known since that they wrote in time.

    A stranger's letter proved to be theirs, or what was rejected counts again.
    """
    state = snapshot.campaigns.get(campaign.id)
    silent = state.silent if state else ()
    return frozenset(key for key in silent if _heard_in_time(snapshot, campaign, key))


def _heard_in_time(snapshot: Snapshot, campaign: Campaign, key: CommuneKey) -> bool:
    place = campaign.id, key
    heard, current = snapshot.heard.get(place), snapshot.current.get(place)
    arrivals = [heard.first_at] if heard else []
    if current is not None:
        arrivals.append(current.received_at)
    return any(arrival < campaign.closes_at for arrival in arrivals)
