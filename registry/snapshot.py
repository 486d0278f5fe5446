"""What a snapshot says about one commune: pure questions with one answer each."""

from collections.abc import Iterable

from config.model import Campaign, Commune
from registry.model import CommuneKey, CommuneState, Snapshot


def commune_state(snapshot: Snapshot, campaign_id: str, key: CommuneKey) -> CommuneState:
    """Return the state of a commune in a campaign (DESIGN §7).

    A current version decides. Without one, anything held is ``in-review`` and anything else that
    arrived is ``needs-fix``: a commune that wrote is never silent (promise 3). Only after the
    campaign was closed is the rest ``silent``.
    """
    current = snapshot.current.get((campaign_id, key))
    if current is not None:
        return current.state
    heard = snapshot.heard.get((campaign_id, key))
    if heard is not None:
        return "in-review" if heard.held else "needs-fix"
    state = snapshot.campaigns.get(campaign_id)
    return "silent" if state is not None and key in state.silent else "waiting"


def owes_answer(snapshot: Snapshot, campaign: Campaign, commune: Commune) -> bool:
    """Whether the commune still has to do something: it never wrote, or nothing usable."""
    return commune_state(snapshot, campaign.id, commune.key) in {"waiting", "needs-fix"}


def silent_communes(
    snapshot: Snapshot, campaign: Campaign, members: Iterable[Commune]
) -> tuple[Commune, ...]:
    """Return the members from which nothing at all arrived, in roster order."""
    return tuple(
        commune
        for commune in members
        if (campaign.id, commune.key) not in snapshot.current
        and (campaign.id, commune.key) not in snapshot.heard
    )
