"""What a person decides about a message, before it is written down. Pure."""

from config.model import Config
from intake.matching import CampaignMatch, match_campaign
from registry.errors import NotPossible
from registry.model import Message


def acceptable(config: Config, message: Message) -> None:
    """Refuse to take a message as the answer in a campaign that the config no longer has.

    Raises:
        NotPossible: its campaign's file was taken away.
    """
    campaign = message.forced_campaign or message.campaign
    if campaign and campaign not in {one.id for one in config.campaigns}:
        raise NotPossible(f"campaign {campaign} is no longer configured: use assign")


def campaign_for(config: Config, message: Message, wanted: str = "") -> str:
    """Return the campaign that a message is assigned to: as wanted, as recognised, or the only one.

    Raises:
        NotPossible: several campaigns could be meant; the officer must name one. So it was when
            all that is known of the message left it open: its subject and time know less.
    """
    for named in (wanted, message.campaign):
        if named in {campaign.id for campaign in config.campaigns}:
            return str(named)
    known = ", ".join(campaign.id for campaign in config.campaigns)
    if message.reason.partition(":")[0] == "several-campaigns":
        raise NotPossible(f"{message.reason}: name one with --campaign ({known})")
    match = match_campaign(None, message.subject, (), config.campaigns, message.received_at)
    if isinstance(match, CampaignMatch):
        return match.campaign.id
    raise NotPossible(f"{match.reason}: name one with --campaign ({known})")
