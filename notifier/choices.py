"""Which decisions a held message allows, and how each is written in a reply. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from config.model import Commune
from registry.model import WHOSE_IS_OPEN, Choice, Message, Verdict

#: Never opened whatever a person says: accepting or assigning them would only hold them again.
_CLOSED: frozenset[Verdict] = frozenset({"infected", "secret"})
#: Not checked by the scanner: no person can say that it is clean.
_UNSCANNED = frozenset({"scan-limit", "not-scanned"})
#: No answer of any commune can be read from these.
_NO_ANSWER: frozenset[Verdict] = frozenset({"bounce", "approval"})
#: Verdicts whose sender gets no mail at all (promise 6), or has no use for a returned form.
_NOT_RETURNED: frozenset[Verdict] = frozenset(
    {"infected", "unchecked", "auto-reply", "bounce", "approval", "stranger"}
)
WORDS: Mapping[Choice, str] = MappingProxyType(
    {"assign": "GÁN", "accept": "NHẬN", "drop": "BỎ", "return": "TRẢ LẠI"}
)


def choices(message: Message, communes: tuple[Commune, ...]) -> tuple[Choice, ...]:
    """Return what may be decided about a held message, likeliest first.

    ``communes`` is the roster on the day of its arrival. It is returned only to a commune's
    registered address, whose proof did not fail: a stranger hears nothing (promise 6).
    """
    verdict = message.verdict or "query"
    found: list[Choice] = []
    scanned = message.reason.partition(":")[0] not in _UNSCANNED
    if scanned and verdict not in _CLOSED | _NO_ANSWER:
        if is_certain(message):
            found.append("accept")
        found.append("assign")
    if verdict not in _NOT_RETURNED and is_registered(message.sender, communes):
        found.append("return")
    return (*found, "drop")


def is_certain(message: Message) -> bool:
    """Whether it is known whose answer a message is, in which campaign."""
    whose = message.forced_commune or message.commune
    call = message.forced_campaign or message.campaign
    return bool(whose and call) and message.reason.partition(":")[0] not in WHOSE_IS_OPEN


def is_registered(sender: str, communes: tuple[Commune, ...]) -> bool:
    """Whether a commune has this address."""
    wanted = sender.casefold()
    addresses = (one for commune in communes for one in (*commune.emails, *commune.chair_emails))
    return bool(wanted) and wanted in map(str.casefold, addresses)
