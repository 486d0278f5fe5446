"""A stranger's form that names one commune: which one is asked whether it is its own. Pure.

It stands in the reason for which the message is held, so that the officers read it too. The commune
is not taken for its sender: until it says so, it has sent nothing.
"""

import datetime as dt
from dataclasses import dataclass

from registry.model import CommuneKey, HeldReason, Message, held_reason

_CODE: HeldReason = "asked-commune"


@dataclass(frozen=True, slots=True)
class AskedCommune:
    """Whom a message seems to be from, in which campaign, and how many points it has."""

    title: str
    key: CommuneKey
    campaign: str
    points: int

    @property
    def reason(self) -> str:
        """The reason for which the message is held."""
        code, since = self.key
        title = self.title.replace(";", ",")
        return held_reason(
            _CODE, title, f"{code}@{since.isoformat()}", self.campaign, str(self.points)
        )


def question_key(message: Message, decisions: int) -> str:
    """Return what seals the tokens of the question, when so many decisions had been taken."""
    return f"question/{message.identity[:20]}/{decisions}"


def asked_commune(message: Message | None) -> AskedCommune | None:
    """Return which commune is asked about a held message; None for any other."""
    code, _, details = message.reason.partition(": ") if message else ("", "", "")
    parts = details.split("; ")
    if code != _CODE or len(parts) != 4:  # noqa: PLR2004  as `AskedCommune.reason` writes it
        return None
    title, whose, campaign, points = parts
    number, _, since = whose.partition("@")
    return AskedCommune(title, (number, dt.date.fromisoformat(since)), campaign, int(points))
