"""One campaign on the board: its figures, its communes, its timeline, its reports. Pure."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.model import Campaign, Commune
from notifier import board_words as words
from notifier import wording
from notifier.board_chart import Chart, chart
from notifier.board_facts import LONGEST_NAME, LONGEST_TITLE, Facts
from notifier.board_timeline import DayLine, day_lines, days_of, marks_of
from registry.board_rows import Contents, LastMail
from registry.model import CampaignState, Message, ReportRow
from registry.snapshot import commune_state

#: Widths of the timeline for a desk and for a telephone.
WIDE, NARROW = 760.0, 340.0
#: More names than this are a table, not a sentence.
_NAMES_SHOWN = 60
_DAY = dt.timedelta(days=1)
_MOMENT = dt.timedelta(microseconds=1)


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
class ReportLine:
    """One frozen report or supplement; ``letter`` says how the official letter was signed."""

    name: str
    created: str
    approved: str
    returned: str
    letter: str


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


def campaign_part(facts: Facts, campaign: Campaign) -> CampaignPart:
    """Return all that is shown of a campaign."""
    members = facts.config.members(campaign)
    lines = tuple(_commune(facts, campaign, one) for one in members)
    answered = sum(line.answered for line in lines)
    state = facts.snapshot.campaigns.get(campaign.id) or CampaignState(campaign.id)
    left, left_words = _left(facts, campaign, state)
    reports = [one for one in facts.snapshot.reports if one.campaign == campaign.id]
    missing = [line.name for line in lines if not line.answered]
    days, marks = days_of(facts, campaign, members), marks_of(facts, campaign, state)
    now = facts.local(facts.now)
    return CampaignPart(
        id=campaign.id,
        title=wording.clean(campaign.title, LONGEST_TITLE),
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
        days=tuple(day_lines(days, marks, now)),
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
        return "Đã khép", f"đợt, lúc {facts.moment(state.closed_at)}"
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
        name=wording.clean(commune.title, LONGEST_NAME),
        state=state,
        label=wording.STATES[state],
        answered=state not in {"waiting", "silent"},
        receipt=wording.clean(current.receipt, 40) if current else "",
        received=facts.short(received_at),
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
    return MailLine(kind, facts.short(mail.at), state, mail.delivered, bad)


def _report(facts: Facts, report: ReportRow) -> ReportLine:
    added = report.supplement
    letter = report.letter
    return ReportLine(
        f"Bổ sung số {added}" if added else f"Bản số {report.number}",
        facts.moment(report.created_at),
        facts.moment(report.approved_at),
        facts.moment(report.returned_at),
        wording.SIGNATURES.get(letter.signature, "") if letter else "",
    )
