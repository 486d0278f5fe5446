"""What the board says: registry, health and clock → typed facts of the page. Pure.

Nothing personal leaves here: no address, no name of a person, no subject, no name of a file; of a
held message only its number and the code of its reason. No fact changes with every minute: the page
is written anew when its facts change, not when time passes.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from config.model import Campaign, Commune, Config
from notifier import board_words as words
from notifier import wording
from notifier.board_account import Account, account
from notifier.board_chart import Chart, Day, Mark, chart
from notifier.calendar import Calendar
from notifier.health import Trouble
from notifier.schedule import begins_at, reminder_moments
from registry.board_rows import Contents, LastMail, MailTally, Tallies
from registry.model import (
    WHOSE_IS_OPEN,
    CampaignState,
    CommuneKey,
    Message,
    ReportRow,
    Snapshot,
    Vitals,
)
from registry.snapshot import commune_state

#: Widths of the timeline for a desk and for a telephone.
WIDE, NARROW = 760.0, 340.0
#: More names than this are a table, not a sentence.
_NAMES_SHOWN = 60
#: Messages that wait are shown one by one up to here; the rest is counted.
_HELD_SHOWN = 200
_DAY = dt.timedelta(days=1)
_MOMENT = dt.timedelta(microseconds=1)
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the pages are made of. ``read``: the inbox was read at least once."""

    snapshot: Snapshot
    tallies: Tallies
    config: Config
    calendar: Calendar
    now: dt.datetime
    troubles: tuple[Trouble, ...] = ()
    vitals: Vitals = field(default_factory=Vitals)
    read: bool = False

    def local(self, at: dt.datetime) -> dt.datetime:
        """Return an instant in the office's zone."""
        return at.astimezone(self.calendar.zone)


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many communes are in a state; ``share`` per mille of all, for the bar."""

    state: str
    label: str
    count: int
    start: int
    share: int


@dataclass(frozen=True, slots=True)
class MailLine:
    """A commune's last mail: what, when, and what became of it."""

    kind: str
    at: str
    state: str
    good: bool
    bad: bool


@dataclass(frozen=True, slots=True)
class CommuneLine:
    """One row of the matrix. ``answered`` is false for those from whom nothing came."""

    name: str
    state: str
    label: str
    answered: bool
    receipt: str
    received: str
    late: bool
    version: int
    points: int
    errors: int
    warnings: int
    held: int
    mail: MailLine | None


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of the timeline in words."""

    on: str
    off: bool
    arrived: int
    answered: int
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One frozen report."""

    number: int
    created: str
    approved: str


@dataclass(frozen=True, slots=True)
class CampaignPart:
    """One campaign. ``left`` stands in large figures, with its words; ``done``: it is over."""

    id: str
    title: str
    round: int
    deadline: str
    left: str
    left_words: str
    done: bool
    total: int
    answered: int
    errors: int
    waiting: int
    states: tuple[StateCount, ...]
    missing: tuple[str, ...]
    timeline: str
    wide: Chart
    narrow: Chart
    days: tuple[DayLine, ...]
    communes: tuple[CommuneLine, ...]
    reports: tuple[ReportLine, ...]


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
    parts = [_campaign(facts, one) for one in facts.config.campaigns]
    ends = {one.id: one.deadline_at for one in facts.config.campaigns}
    parts.sort(key=lambda part: (part.done, abs(ends[part.id] - facts.now)))
    held = facts.snapshot.held
    inbox_troubles = {one.code for one in facts.troubles} & {"poll", "login", "daemon"}
    return Board(
        office=wording.clean(office.name, _LONGEST_NAME),
        unit=wording.clean(office.unit, _LONGEST_NAME),
        day=wording.day(facts.local(facts.now).date()),
        campaigns=tuple(parts),
        held=tuple(_held(facts, held[:_HELD_SHOWN])),
        held_more=max(len(held) - _HELD_SHOWN, 0),
        account=account(facts.tallies),
        troubles=tuple(_trouble(facts, one) for one in facts.troubles),
        inbox=words.inbox(read=facts.read, well=not inbox_troubles),
        inbox_well=facts.read and not inbox_troubles,
        unread=facts.snapshot.unprocessed,
        backup=_moment(facts, facts.vitals.backed_up_at),
        outbox=_outbox(facts.tallies.mails),
    )


# --- a campaign ---------------------------------------------------------------------------------


def _campaign(facts: Facts, campaign: Campaign) -> CampaignPart:
    members = facts.config.members(campaign)
    lines = tuple(_commune(facts, campaign, one) for one in members)
    answered = sum(line.answered for line in lines)
    state = facts.snapshot.campaigns.get(campaign.id) or CampaignState(campaign.id)
    left, left_words = _left(facts, campaign, state)
    reports = [one for one in facts.snapshot.reports if one.campaign == campaign.id]
    missing = [line.name for line in lines if not line.answered]
    days, marks = _days(facts, campaign, members), _marks(facts, campaign, state)
    now = facts.local(facts.now)
    return CampaignPart(
        id=campaign.id,
        title=wording.clean(campaign.title, 300),
        round=campaign.round,
        deadline=wording.before(campaign.deadline_at, facts.calendar.zone),
        left=left,
        left_words=left_words,
        done=state.closed_at is not None and any(one.approved_at for one in reports),
        total=len(lines),
        answered=answered,
        errors=sum(line.errors for line in lines),
        waiting=sum(_belongs(one, campaign) for one in facts.snapshot.held),
        states=tuple(_states(lines)),
        missing=tuple(missing) if len(missing) <= _NAMES_SHOWN else (),
        timeline=words.timeline(answered, len(lines), wording.day(now.date())),
        wide=chart(days, marks, len(lines), now, WIDE),
        narrow=chart(days, marks, len(lines), now, NARROW),
        days=tuple(_day_lines(days, marks, now)),
        communes=lines,
        reports=tuple(_report(facts, one) for one in reports),
    )


def _belongs(message: Message, campaign: Campaign) -> bool:
    """Whether a held message is the campaign's; of no campaign's, whether it came while it ran."""
    if message.campaign is not None:
        return message.campaign == campaign.id
    return campaign.open_at(message.received_at)


def _left(facts: Facts, campaign: Campaign, state: CampaignState) -> tuple[str, str]:
    """Return what stands in large figures, and the words below it."""
    now, today = facts.now, facts.local(facts.now).date()
    if now < campaign.opens_at:
        opens = facts.local(campaign.opens_at).date()
        return str((opens - today).days), f"ngày nữa mở đợt ({wording.day(opens)})"
    if now < campaign.deadline_at:
        last = (facts.local(campaign.deadline_at) - _MOMENT).date()
        days = (last - today).days
        if not days:
            return "Hôm nay", "là ngày cuối của thời hạn"
        ahead = (today + number * _DAY for number in range(days + 1))
        working = sum(facts.calendar.is_working(day) for day in ahead)
        return str(days), f"ngày đến ngày cuối ({working} ngày làm việc, kể cả hôm nay)"
    if state.closed_at is not None:
        return "Đã khép", f"đợt, lúc {_moment(facts, state.closed_at)}"
    if now < campaign.closes_at:
        until = wording.before(campaign.closes_at, facts.calendar.zone)
        return "Hết hạn", f"còn nhận văn bản gửi muộn {until}"
    return "Hết hạn", "đang chờ khép đợt"


def _states(lines: Sequence[CommuneLine]) -> Iterator[StateCount]:
    start = 0
    for state in words.STATE_ORDER:
        count = sum(line.state == state for line in lines)
        share = round(1000 * count / len(lines)) if lines else 0
        share = min(share, 1000 - start)
        yield StateCount(state, wording.STATES[state], count, start, share)
        start += share


def _commune(facts: Facts, campaign: Campaign, commune: Commune) -> CommuneLine:
    place = campaign.id, commune.key
    current, heard = facts.snapshot.current.get(place), facts.snapshot.heard.get(place)
    state = commune_state(facts.snapshot, campaign.id, commune.key)
    contents = facts.tallies.contents.get(current.id, Contents()) if current else Contents()
    received_at = current.received_at if current else heard.first_at if heard else None
    return CommuneLine(
        name=wording.clean(commune.title, _LONGEST_NAME),
        state=state,
        label=wording.STATES[state],
        answered=state not in {"waiting", "silent"},
        receipt=wording.clean(current.receipt, 40) if current else "",
        received=_short(facts, received_at),
        late=current.late if current else False,
        version=current.version if current else 0,
        points=contents.points,
        errors=contents.errors,
        warnings=contents.warnings,
        held=heard.held if heard else 0,
        mail=_mail(facts, facts.tallies.last_mails.get(place)),
    )


def _mail(facts: Facts, mail: LastMail | None) -> MailLine | None:
    if mail is None:
        return None
    state = words.outcome(mail.states, delivered=mail.delivered, bounced=mail.bounced)
    bad = not mail.delivered and (mail.bounced or bool(mail.states & {"refused", "unknown"}))
    kind = words.KINDS.get(mail.kind, words.OTHER_KIND)
    return MailLine(kind, _short(facts, mail.at), state, mail.delivered, bad)


def _report(facts: Facts, report: ReportRow) -> ReportLine:
    return ReportLine(
        report.number, _moment(facts, report.created_at), _moment(facts, report.approved_at)
    )


# --- the timeline -------------------------------------------------------------------------------


def _days(facts: Facts, campaign: Campaign, members: Sequence[Commune]) -> list[Day]:
    """Every local day from the opening to the report, with what came."""
    first = facts.local(campaign.opens_at).date()
    last = max(facts.local(campaign.closes_at), facts.local(campaign.report.at)).date()
    count = max((last - first).days, 0) + 1
    arrived, answered = [0] * count, [0] * count
    for at in facts.tallies.arrivals.get(campaign.id, ()):
        number = (facts.local(at).date() - first).days
        if 0 <= number < count:
            arrived[number] += 1
    for at in _first_heard(facts.snapshot, campaign.id, (one.key for one in members)):
        number = (facts.local(at).date() - first).days
        if number < count:
            answered[max(number, 0)] += 1
    days = (first + number * _DAY for number in range(count))
    return [
        Day(day, not facts.calendar.is_working(day), letters, level)
        for day, letters, level in zip(days, arrived, accumulate(answered), strict=True)
    ]


def _first_heard(
    snapshot: Snapshot, campaign: str, keys: Iterable[CommuneKey]
) -> Iterator[dt.datetime]:
    for key in keys:
        heard, current = snapshot.heard.get((campaign, key)), snapshot.current.get((campaign, key))
        moments = [heard.first_at] if heard else []
        moments += [current.received_at] if current else []
        if moments:
            yield min(moments)


def _marks(facts: Facts, campaign: Campaign, state: CampaignState) -> list[Mark]:
    """What was sent to all, what will be, and the campaign's own moments, by their time."""
    kinds: Mapping[str, words.SentKind] = words.SENT_KINDS
    sent = [
        Mark(kinds[kind], facts.local(at))
        for kind, at in facts.tallies.unasked.get(campaign.id, ())
        if kind in kinds
    ]
    begin = begins_at(campaign, state, facts.config.settings)
    hours = facts.config.settings.hours
    coming = [
        Mark("reminder", facts.local(at), ahead=True)
        for _, at in reminder_moments(campaign, facts.calendar, hours)
        if at >= max(begin, facts.now) and state.closed_at is None
    ]
    own = [
        Mark("deadline", facts.local(campaign.deadline_at), facts.now < campaign.deadline_at),
        Mark("closes", facts.local(campaign.closes_at), facts.now < campaign.closes_at),
        Mark("report", facts.local(campaign.report.at), facts.now < campaign.report.at),
    ]
    # At noon, whatever the hour: the line must not wander from tick to tick.
    today = facts.local(facts.now).replace(hour=12, minute=0, second=0, microsecond=0)
    return sorted([*sent, *coming, *own, Mark("today", today)], key=lambda mark: mark.at)


def _day_lines(days: Sequence[Day], marks: Sequence[Mark], now: dt.datetime) -> Iterator[DayLine]:
    """The timeline in words: each day on which something happened or will."""
    for day in days:
        events = dict.fromkeys(words.MARKS[mark.kind] for mark in marks if mark.at.date() == day.on)
        if day.arrived or events:
            past = day.on <= now.date()
            yield DayLine(
                words.weekday_and_day(day.on),
                day.off,
                day.arrived,
                day.answered if past else -1,
                tuple(events),
            )


# --- what waits, and health ---------------------------------------------------------------------


def _held(facts: Facts, messages: Sequence[Message]) -> Iterator[HeldLine]:
    titles = {one.key: wording.clean(one.title, _LONGEST_NAME) for one in facts.config.communes}
    for one in messages:
        code = one.reason.partition(":")[0]
        known = titles.get(one.commune) if one.commune else None
        if known and code in WHOSE_IS_OPEN:
            known = f"{known} (chưa chắc)"
        yield HeldLine(
            one.id, _moment(facts, one.received_at), known or "Chưa rõ đơn vị", words.why(code)
        )


def _trouble(facts: Facts, trouble: Trouble) -> TroubleLine:
    return TroubleLine(
        words.trouble(trouble.code),
        trouble.severity == "broken",
        _moment(facts, trouble.since),
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


def _moment(facts: Facts, at: dt.datetime | None) -> str:
    return wording.moment(at, facts.calendar.zone) if at else ""


def _short(facts: Facts, at: dt.datetime | None) -> str:
    """Day and hour; the year only where it is not this one."""
    if at is None:
        return ""
    local = facts.local(at)
    year = f"/{local.year}" if local.year != facts.local(facts.now).year else ""
    return f"{local.day}/{local.month}{year} {local:%H:%M}"
