"""Answers by reply: whose token is it, what is meant, and does it still count? Pure.

The order of the questions matters: a token that is not its sender's says nothing at all, one about
something decided says only that, and only then is asked what the sender wrote.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import cast, get_args

from rapidfuzz import fuzz, process

from config.model import Commune, Config
from intake.matching import named_communes
from intake.reply import Order, Verb, orders, own_words
from intake.review import acceptable, campaign_for
from notifier.answered import AnswerCode, Answered
from notifier.asked_commune import asked_commune, question_key
from notifier.choices import choices, is_certain, is_registered
from notifier.token import Subject, Token, found_tokens, judge
from parsers.vietnamese import fold, key
from registry.errors import NotPossible
from registry.model import Choice, Decided, Message

#: Who may answer a mail about what. An officer may be an approver besides: the seal tells.
ANSWERED_BY: Mapping[Subject, frozenset[str]] = MappingProxyType(
    {
        "T": frozenset({"officer"}),
        "B": frozenset({"approver", "officer"}),
        "H": frozenset({"commune", "chair", "officer"}),
    }
)
#: What may stand beside the name of the one commune that is meant; anything else may be a denial,
#: or the rest of another name.
_BESIDE = frozenset(
    {
        *("xa", "x", "thi", "tran", "tt", "phuong", "ubnd", "uy", "ban", "nhan", "dan"),
        *("cua", "cho", "la", "thu", "van", "nay", "a", "nhe", "nha"),
    }
)
_POLITE = re.compile(r"(?:\s*\b(?:ạ|nhé|nha))+$", re.IGNORECASE)
_NEAR, _NAMES = 70, 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What a mail says as an answer: its sender's tokens, and the answers in his own words."""

    tokens: tuple[Token, ...]
    orders: tuple[Order, ...]
    #: Tokens about something that nobody of the sender's role answers.
    ignored: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A held message that an answer is about, and what decides about the answer."""

    message: Message
    config: Config
    #: The roster on the day of its arrival.
    communes: tuple[Commune, ...]


def read_reply(subject: str, own: str, quoted: str, role: str) -> Reply:
    """Return the answer that a mail may be. The subject's tokens count, else those it quotes.

    ``own`` and ``quoted`` are the mail's text as `intake.body.split_quoted` parts it.
    """
    found = found_tokens(subject) or found_tokens(quoted)
    may = tuple(one for one in found if role in ANSWERED_BY[one.about])
    ignored = tuple(one for one in found if one not in may)
    return Reply(may, orders(own_words(_above_tokens(own))) if may else (), ignored)


def _above_tokens(own: str) -> str:
    """Return what stands above the first token.

    Where a program's way of quoting was not recognised, our own mail begins there at the latest,
    and the answers that it offers are nobody's.
    """
    lines = own.splitlines()
    end = next((place for place, line in enumerate(lines) if found_tokens(line)), len(lines))
    return "\n".join(lines[:end])


def decide_held(
    reply: Reply, sender: str, asked: Asked | None, secret: bytes, today: dt.date
) -> Decided | Answered:
    """Return what an officer's reply decides about the held message that its token is about.

    ``asked`` is None when there is no such message; ``today`` the local day on which the reply
    arrived. An `Answered` says why nothing is decided.
    """
    one = reply.tokens[0]
    about = f"{one.about}{one.number}"
    why_not = _void(one, sender, asked, secret, today)
    if why_not is not None or asked is None:
        return Answered(why_not or "answer-forged", about)
    if len(reply.tokens) > 1 or len(reply.orders) > 1:
        return Answered("answer-several", about)
    if not reply.orders:
        return Answered("answer-none", about)
    return _ordered(reply.orders[0], sender, asked, about)


def decide_adoption(
    reply: Reply, sender: str, asked: Asked | None, secret: bytes, today: dt.date
) -> Decided | Answered:
    """Return what a commune's ĐÚNG decides about the stranger's form that names it.

    ``sender`` must still be a registered address of that commune. (Any other answer than ĐÚNG is a
    mail like others: a person reads it.)
    """
    one = reply.tokens[0]
    about = f"{one.about}{one.number}"
    whose = asked_commune(asked.message) if asked else None
    why_not = _void(one, sender, asked, secret, today)
    if why_not is not None or asked is None:
        return Answered(why_not or "answer-forged", about)
    commune = next((each for each in asked.communes if whose and each.key == whose.key), None)
    if whose is None or commune is None or not is_registered(sender, (commune,)):
        return Answered("answer-forged", about)
    known = {call.id for call in asked.config.campaigns}
    if whose.campaign not in known or len(reply.tokens) > 1:
        return Answered("answer-several", about)
    message = asked.message
    return Decided("assign", message.id, message.decisions, sender, whose.key, whose.campaign)


def confirms(reply: Reply) -> bool:
    """Whether an answer is ĐÚNG and nothing else."""
    return [order.verb for order in reply.orders] == ["confirm"]


def _void(
    one: Token, sender: str, asked: Asked | None, secret: bytes, today: dt.date
) -> AnswerCode | None:
    """Return why a token opens nothing; None when it does.

    It is stale when it fits the question as it stood before a decision that was taken since.
    """
    if asked is None:
        return "answer-forged"
    message = asked.message
    for decisions in range(message.decisions, -1, -1):
        key_then = (
            question_key(message, decisions)
            if one.about == "H"
            else message.held_key_after(decisions)
        )
        verdict = judge(one, secret, key_then, sender, today)
        if verdict == "forged":
            continue
        if decisions != message.decisions or message.state != "held":
            return "answer-stale"
        return "answer-expired" if verdict == "expired" else None
    return "answer-forged"


def _ordered(order: Order, sender: str, asked: Asked, about: str) -> Decided | Answered:
    choice = _choice(order.verb)
    if choice is None or choice not in choices(asked.message, asked.communes):
        return Answered(_not_offered(choice, asked), about)
    message = asked.message
    if choice == "assign":
        return _assigned(order.said, sender, asked, about)
    if choice == "accept":
        try:
            acceptable(asked.config, message)
        except NotPossible:
            return Answered("answer-which-campaign", about, _campaigns(asked.config))
    if choice == "return" and not order.said:
        return Answered("answer-no-reason", about)
    reason = order.said if choice == "return" else ""
    return Decided(choice, message.id, message.decisions, sender, reason=reason)


def _not_offered(choice: Choice | None, asked: Asked) -> AnswerCode:
    offered = choices(asked.message, asked.communes)
    if choice == "accept" and "assign" in offered and not is_certain(asked.message):
        return "answer-no-commune"
    return "answer-not-offered"


def _choice(verb: Verb) -> Choice | None:
    return cast("Choice", verb) if verb in get_args(Choice) else None


def _assigned(said: str, sender: str, asked: Asked, about: str) -> Decided | Answered:
    message, config = asked.message, asked.config
    wanted = next((one.id for one in config.campaigns if _names(said, one.id)), "")
    name = re.sub(re.escape(wanted), " ", said, flags=re.IGNORECASE).strip() if wanted else said
    name = _POLITE.sub("", name)
    whose = _meant(name, asked)
    if isinstance(whose, Answered):
        return replace(whose, about=about)
    try:
        call = campaign_for(config, message, wanted)
    except NotPossible:
        return Answered("answer-which-campaign", about, _campaigns(config))
    return Decided("assign", message.id, message.decisions, sender, whose.key, call)


def _meant(name: str, asked: Asked) -> Commune | Answered:
    """Return the commune that is meant; without a name the recognised one. Else why not."""
    if name:
        return meant_commune(name, asked.communes)
    message, proposed = asked.message, asked_commune(asked.message)
    whose = message.forced_commune or message.commune if is_certain(message) else None
    whose = proposed.key if proposed else whose
    known = (one for one in asked.communes if one.key == whose)
    return next(known, Answered("answer-no-commune", ""))


def meant_commune(said: str, communes: Sequence[Commune]) -> Commune | Answered:
    """Return the one commune that somebody means, or why not, with those that could be meant.

    By its code, its name with or without class word, an alias; marks may be missing. Only where
    several are written alike without marks do the marks decide.
    """
    exact = [one for one in communes if said.strip() == one.code or key(said) in _called(one, key)]
    loose = [one for one in communes if fold(said) in _called(one, fold)]
    named = list(named_communes([said], communes))
    if len(named) == 1 and not _only_named(said, named[0]):
        named = []
    for found in (exact, loose, named):
        if len(found) == 1:
            return found[0]
        if found:
            return Answered("answer-which-commune", "", tuple(one.title for one in found))
    return Answered("answer-unknown-commune", "", _near(said, communes))


def _only_named(said: str, commune: Commune) -> bool:
    """Whether nothing else of weight stands beside a commune's name."""
    words = f" {fold(said)} "
    for name in (commune.name, *commune.aliases):
        words = words.replace(f" {fold(name)} ", "  ")
    return _BESIDE.issuperset(words.split())


def _called(commune: Commune, written: Callable[[str], str]) -> set[str]:
    return {written(name) for name in (commune.title, commune.name, *commune.aliases)}


def _near(said: str, communes: Iterable[Commune]) -> tuple[str, ...]:
    titles = {one.title: fold(one.title) for one in communes}
    found = process.extract(fold(said), titles, scorer=fuzz.WRatio, limit=_NAMES)
    return tuple(title for _, score, title in found if score >= _NEAR)


def _names(said: str, campaign: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(campaign)}(?![\w-])", said, re.IGNORECASE) is not None


def _campaigns(config: Config) -> tuple[str, ...]:
    return tuple(one.id for one in config.campaigns)
