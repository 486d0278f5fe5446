"""Rules for single messages: who is answered, and what our own people must know. Pure."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, filterfalse

from config.model import Campaign, Commune, Config
from notifier.answered import answered
from notifier.asked_commune import asked_commune, question_key
from notifier.choices import is_registered
from notifier.debt import NEVER_ANSWERED, Asks, Due, World
from notifier.report_rules import Question, asks_about, report_readers
from notifier.schedule import Addresses, begins_at, live, newest_report, reach
from registry.model import CommuneKey, Message, waits_for_us
from registry.snapshot import owes_answer


def answers(world: World) -> Iterator[Due]:
    """Acknowledgments, at any hour, oldest message first; and the neutral line to strangers.

    Also those that came back: they are owed to another address of the commune.
    """
    roster = _roster(world.config)
    lost = (
        one.message for one in world.snapshot.lost if one.message and one.message.ack_key == one.key
    )
    for message in sorted(chain(world.snapshot.unanswered, lost), key=_oldest_first):
        stranger = message.verdict == "stranger" or message.ack == "stranger"
        if not _answerable(world, message):
            continue
        yield Due(
            kind="stranger" if stranger else "ack",
            key=message.ack_key,
            to=(message.sender,) if stranger else _ack_recipients(world, message, roster),
            template="stranger" if stranger else f"ack-{message.ack}",
            not_before=min(message.received_at, world.now),
            campaign=message.campaign,
            commune=message.commune,
            message_id=message.id,
            asks=_asks_again(world, message),
        )


def _asks_again(world: World, message: Message) -> Asks | None:
    """An answer by reply that decided nothing: what it was about is asked again, if it waits."""
    told = answered(message)
    if told is None or told.done:
        return None
    if told.about.startswith("B"):
        return _asks_about_report(world, message, told.number)
    waiting = next((one for one in _held_now(world) if one.id == told.number), None)
    if waiting is None:
        return None
    if told.about.startswith("T"):
        return asks(waiting)
    own = asked_commune(waiting) is not None and message.ack == "adoption"
    return Asks("H", waiting.id, question_key(waiting, waiting.decisions)) if own else None


def _asks_about_report(world: World, message: Message, number: int) -> Asks | None:
    """The same about a report that nobody has decided on yet, to those whom its draft asked."""
    campaign = world.config.campaign_if_known(message.campaign)
    newest = newest_report(world.snapshot, campaign) if campaign else None
    if campaign is None or newest is None or newest.number != number or newest.approved_at:
        return None
    question: Question = "returned" if newest.returned_at else "draft"
    asked = report_readers(world, campaign, question)
    known = message.sender.casefold() in map(str.casefold, asked)
    return asks_about(question, newest) if known and not newest.again_at else None


def asks(message: Message) -> Asks:
    """Return what is asked about a held message."""
    return Asks("T", message.id, message.held_key)


def _oldest_first(message: Message) -> tuple[dt.datetime, int]:
    return message.received_at, message.id


def _answerable(world: World, message: Message) -> bool:
    settings = world.config.settings
    sender = message.sender.casefold()
    if not message.ack or not sender or message.verdict in NEVER_ANSWERED:
        return False
    if sender in {settings.office.address.casefold(), settings.smtp.sender.casefold()}:
        return False
    if message.received_at < settings.office.go_live_at:
        return False
    stranger = message.verdict == "stranger" or message.ack == "stranger"
    return settings.security.answer_strangers or not stranger


def _ack_recipients(world: World, message: Message, roster: frozenset[str]) -> Addresses:
    """The sender if the roster knows the address, else the commune's own addresses.

    An officer may assign a stranger's message to a commune; what was read of it then goes only to
    addresses that belong to that commune (promise 6). What an officer returns goes to its sender,
    or to nobody.
    """
    if message.ack == "returned" and not is_registered(message.sender, world.config.communes):
        return ()
    if message.sender.casefold() in roster:
        return (message.sender,)
    commune = world.config.commune(message.commune)
    return reach(commune, "commune", (), world.snapshot.bounced)[0] if commune else ()


def _roster(config: Config) -> frozenset[str]:
    officers = config.settings.officers
    communes = ((*c.emails, *c.chair_emails) for c in config.communes)
    approvers = (c.report.approvers for c in config.campaigns)
    known = chain(officers.addresses, officers.admin, *communes, *approvers)
    return frozenset(address.casefold() for address in known)


def _held_now(world: World) -> list[Message]:
    go_live_at = world.config.settings.office.go_live_at
    held = (message for message in world.snapshot.held if message.received_at >= go_live_at)
    return sorted(held, key=lambda message: (message.received_at, message.id))


def held_notices(world: World) -> Iterator[Due]:
    """To the officers at once, once per holding: a new decision that fails makes a new notice.

    Not of what only waits for us (a scanner, DNS): the daemon takes that up again by itself, the
    admin was told what is away, and the digest names what still waits in the morning.
    """
    for message in filterfalse(waits_for_us, _held_now(world)):
        yield Due(
            kind="held",
            key=message.held_key,
            to=world.officers(),
            template="held",
            not_before=min(message.received_at, world.now),
            campaign=message.campaign,
            commune=message.commune or _asked_key(message),
            message_id=message.id,
            asks=asks(message),
        )


def _asked_key(message: Message) -> CommuneKey | None:
    asked = asked_commune(message)
    return asked.key if asked else None


def questions(world: World) -> Iterator[Due]:
    """To the registered address of the commune that a stranger's form names: is it yours?

    In office hours, once for each message; how often a commune may be asked a day was counted when
    the message was read.
    """
    if not world.config.settings.security.ask_communes:
        return
    for message in _held_now(world):
        asked = asked_commune(message)
        commune = world.config.commune(asked.key if asked else None)
        if asked is None or commune is None:
            continue
        yield Due(
            kind="question",
            key=f"question/{message.identity[:20]}",
            to=live(commune.emails, world.snapshot.bounced),
            template="question",
            not_before=world.office_moment(message.received_at),
            campaign=asked.campaign,
            commune=commune.key,
            message_id=message.id,
            asks=Asks("H", message.id, question_key(message, message.decisions)),
        )


def brake_alert(world: World) -> Iterator[Due]:
    """To whoever runs the machine, at once: mass mail waits for `intake release`."""
    brake = world.snapshot.brake
    if brake is None:
        return
    officers = world.config.settings.officers
    yield Due(
        kind="alert",
        key=f"alert/brake/{brake.pulled_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        to=world.alive(officers.admin or officers.addresses),
        template="alert",
        not_before=min(brake.pulled_at, world.now),
        facts={"what": "brake", "reason": brake.reason},
    )


def digest(world: World, *, brief: bool = False) -> Iterator[Due]:
    """In the morning of a working day: what waits, and how a running campaign stands.

    What came after the digest's own time was told by its held notice, and is in the next one.
    ``brief`` leaves the facts out, which take a look at every commune; so does a digest that was
    sent.
    """
    today = world.now.astimezone(world.calendar.zone).date()
    moment = world.calendar.at(today, world.config.settings.officers.digest_at)
    held = [message for message in _held_now(world) if message.received_at < moment]
    running = [one for one in world.config.campaigns if _is_running(world, one, moment)]
    if not (held or running) or not world.calendar.is_working(today):
        return
    one = Due(
        kind="digest",
        key=f"digest/{today.isoformat()}",
        to=world.officers(),
        template="digest",
        not_before=moment,
    )
    if brief or world.paid()(one.key):
        yield one
        return
    dead = [commune.code for campaign in running for commune in _unreachable(world, campaign)]
    facts = {
        "date": today.isoformat(),
        "held": str(len(held)),
        "undeliverable": " ".join(dict.fromkeys(dead)),
        "unknown_year": str(world.calendar.unknown_ahead(today) or ""),
    }
    yield replace(one, facts=facts)


def _is_running(world: World, campaign: Campaign, moment: dt.datetime) -> bool:
    begun = begins_at(campaign, world.state(campaign), world.config.settings)
    return begun <= moment < campaign.closes_at


def _unreachable(world: World, campaign: Campaign) -> Iterator[Commune]:
    """Communes that owe an answer and have no living address left (FAULTS 85)."""
    for commune in world.config.members(campaign):
        if owes_answer(world.snapshot, campaign, commune):
            to, _ = reach(commune, "commune", (), world.snapshot.bounced)
            if not to:
                yield commune
