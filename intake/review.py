"""What a person decides about a message, before it is written down. Pure."""

from config.model import Config
from intake.matching import CampaignMatch, match_campaign
from registry.errors import NotPossible
from registry.model import Message


def campaign_for(config: Config, message: Message, wanted: str = "") -> str:
    """Return the campaign that a message is assigned to: as wanted, as recognised, or the only one.

    Raises:
        NotPossible: several campaigns could be meant; the officer must name one.
    """
    if wanted or message.campaign:
        return wanted or message.campaign or ""
    match = match_campaign(None, message.subject, (), config.campaigns, message.received_at)
    if isinstance(match, CampaignMatch):
        return match.campaign.id
    known = ", ".join(campaign.id for campaign in config.campaigns)
    raise NotPossible(f"{match.reason}: name one with --campaign ({known})")
