"""What the board says: registry, health and clock → typed facts of the page. Pure.

Nothing personal leaves here: no address, no name of a person, no subject, no name of a file; of a
held message only its number and the code of its reason. No fact changes with every minute: the page
is written anew when its facts change, not when time passes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from notifier import board_words as words
from notifier import wording
from notifier.board_account import Account, account
from notifier.board_campaign import CampaignPart, campaign_part
from notifier.board_facts import LONGEST_NAME, Facts
from notifier.health import Trouble
from registry.board_rows import MailTally
from registry.model import WHOSE_IS_OPEN, Message

#: Messages that wait are shown one by one up to here; the rest is counted.
_HELD_SHOWN = 200


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One message that waits for a person."""

    number: int
    received: str
    commune: str
    why: str


@dataclass(frozen=True, slots=True)
class TroubleLine:
    """One thing that is not well."""

    title: str
    broken: bool
    since: str
    advice: str


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """The mails of one kind by what became of them, in the order of the outbox' columns."""

    kind: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outbox:
    """The mails by kind; of the columns only those that say something."""

    columns: tuple[str, ...]
    lines: tuple[OutboxLine, ...]
    total: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The whole page."""

    office: str
    unit: str
    day: str
    campaigns: tuple[CampaignPart, ...]
    held: tuple[HeldLine, ...]
    held_more: int
    account: Account
    troubles: tuple[TroubleLine, ...]
    inbox: str
    inbox_well: bool
    unread: int
    backup: str
    outbox: Outbox


def board(facts: Facts) -> Board:
    """Return the facts of the page; those campaigns first that still run."""
    office = facts.config.settings.office
    parts = [campaign_part(facts, one) for one in facts.config.campaigns]
    ends = {one.id: one.deadline_at for one in facts.config.campaigns}
    parts.sort(key=lambda part: (part.done, abs(ends[part.id] - facts.now)))
    held = facts.snapshot.held
    inbox_troubles = {one.code for one in facts.troubles} & {"poll", "login", "daemon"}
    return Board(
        office=wording.clean(office.name, LONGEST_NAME),
        unit=wording.clean(office.unit, LONGEST_NAME),
        day=wording.day(facts.local(facts.now).date()),
        campaigns=tuple(parts),
        held=tuple(_held(facts, held[:_HELD_SHOWN])),
        held_more=max(len(held) - _HELD_SHOWN, 0),
        account=account(facts.tallies),
        troubles=tuple(_trouble(facts, one) for one in facts.troubles),
        inbox=words.inbox(read=facts.read, well=not inbox_troubles),
        inbox_well=facts.read and not inbox_troubles,
        unread=facts.snapshot.unprocessed,
        backup=facts.moment(facts.vitals.backed_up_at),
        outbox=_outbox(facts.tallies.mails),
    )


def _held(facts: Facts, messages: Sequence[Message]) -> Iterator[HeldLine]:
    titles = {one.key: wording.clean(one.title, LONGEST_NAME) for one in facts.config.communes}
    for one in messages:
        code = one.reason.partition(":")[0]
        known = titles.get(one.commune) if one.commune else None
        if known and code in WHOSE_IS_OPEN:
            known = f"{known} (chưa chắc)"
        yield HeldLine(
            one.id, facts.moment(one.received_at), known or "Chưa rõ đơn vị", words.why(code)
        )


def _trouble(facts: Facts, trouble: Trouble) -> TroubleLine:
    return TroubleLine(
        words.trouble(trouble.code),
        trouble.severity == "broken",
        facts.moment(trouble.since),
        trouble.advice,
    )


def _outbox(tallies: Iterable[MailTally]) -> Outbox:
    counts: Counter[tuple[str, words.MailColumn]] = Counter()
    for one in tallies:
        column = words.mail_column(one.state, bounced=one.bounced)
        if column is not None:
            counts[one.kind, column] += one.count
    used = {column for _, column in counts}
    columns = [(name, label) for name, label in words.MAIL_COLUMNS if name in words.ALWAYS | used]
    order = list(words.KINDS)
    kinds = sorted(
        {kind for kind, _ in counts},
        key=lambda kind: (order.index(kind) if kind in order else len(order), kind),
    )
    return Outbox(
        columns=tuple(label for _, label in columns),
        lines=tuple(
            OutboxLine(
                words.KINDS.get(kind, words.OTHER_KIND),
                tuple(counts[kind, name] for name, _ in columns),
            )
            for kind in kinds
        ),
        total=tuple(sum(counts[kind, name] for kind in kinds) for name, _ in columns),
    )
