"""What came of somebody's answer by reply: how it is written down, and read again. Pure.

It stands in the reply's own reason, so that the journal tells it and the mail back can say it.
"""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from registry.model import Message

#: What was done, or why nothing was.
AnswerCode = Literal[
    "decided-assign",
    "decided-accept",
    "decided-drop",
    "decided-return",
    "answer-forged",  # no token of ours, not for this person, or not about this
    "answer-stale",  # somebody decided before
    "answer-expired",
    "answer-none",  # no answer stands in the sender's own words
    "answer-several",  # more than one, or about more than one mail
    "answer-not-offered",  # an answer that this question does not have
    "answer-no-commune",  # GÁN of nothing that could be meant
    "answer-unknown-commune",
    "answer-which-commune",  # several could be meant
    "answer-which-campaign",
    "answer-no-reason",  # TRẢ LẠI without a word why
    # --- about a report ---
    "decided-release",
    "decided-release-signed",  # with the signed letter that came with it
    "decided-give-back",
    "decided-again",  # another draft is made
    "answer-released",  # somebody released it before
    "answer-was-returned",
    "answer-older-draft",  # a newer one has taken its place
    "answer-taken-back",  # it counts an answer that was taken back since
    "answer-heard-since",  # it calls silent who is known by now to have written in time
    "answer-nothing-new",  # a supplement, and what counts is again what was released
    "answer-not-pdf",
    "answer-file-unreadable",
    "answer-not-the-letter",
    "answer-which-file",
    "answer-altered",  # changed after it was signed
    "answer-not-signed",  # a picture of the letter, and no DUYỆT beside it
]
#: Between the details of a reason; so no detail may have it inside.
_BETWEEN = "; "


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer about ``about`` (``T12``); ``names`` are what could be meant."""

    code: AnswerCode
    about: str
    names: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether something was decided."""
        return self.code.startswith("decided-")

    @property
    def number(self) -> int:
        """The number of the message or report that it is about."""
        return int(self.about[1:])

    @property
    def reason(self) -> str:
        """The reason of the reply as it is stored and logged."""
        names = (name.replace(";", ",") for name in self.names)
        return f"{self.code}: {_BETWEEN.join((self.about, *names))}"


def answered(message: Message) -> Answered | None:
    """Return what came of a message that is an answer by reply; None for any other."""
    code, _, details = message.reason.partition(": ")
    if message.verdict != "decision" or code not in get_args(AnswerCode):
        return None
    about, *names = details.split(_BETWEEN)
    if not about[1:].isdecimal():
        return None
    return Answered(cast("AnswerCode", code), about, tuple(names))
