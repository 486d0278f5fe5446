"""The numbers behind the board, for whoever watches by machine. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifier.board_account import account
from notifier.board_facts import Facts
from registry.snapshot import commune_state


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts by their labels: (state, verdict), (state, kind), (campaign, state)."""

    messages: Mapping[tuple[str, str], int] = field(default_factory=dict)
    mails: Mapping[tuple[str, str], int] = field(default_factory=dict)
    communes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unexplained: int = 0


def numbers(facts: Facts) -> Numbers:
    """Count; a mail that came back has the state ``bounced``."""
    messages: Counter[tuple[str, str]] = Counter()
    mails: Counter[tuple[str, str]] = Counter()
    communes: Counter[tuple[str, str]] = Counter()
    for message in facts.tallies.messages:
        messages[message.state, message.verdict or ""] += message.count
    for mail in facts.tallies.mails:
        mails["bounced" if mail.bounced else mail.state, mail.kind] += mail.count
    for campaign in facts.config.campaigns:
        for commune in facts.config.members(campaign):
            communes[campaign.id, commune_state(facts.snapshot, campaign.id, commune.key)] += 1
    return Numbers(messages, mails, communes, account(facts.tallies).unexplained)
