"""Made-up facts for the board: the shipped campaign on a day in its middle, some of everything."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence
from pathlib import Path

from rigs.office import at, office

from config.model import Commune, Config
from notifier.board import PLAN, Page, pages
from notifier.board_facts import Facts
from notifier.board_view import board
from notifier.calendar import Calendar
from notifier.due import plan
from notifier.health import Trouble
from notifier.plan_view import plan_page
from registry.board_rows import Contents, LastMail, MailTally, MessageTally, Tallies
from registry.model import (
    Brake,
    CampaignState,
    Heard,
    Message,
    Snapshot,
    Submission,
    Vitals,
    held_reason,
)

CAMPAIGN = "ocop-2024-2"
#: Words of persons and letters that must never stand on a page.
PRIVATE = (
    "nguyenvanthu@thudientu.example", "Nguyễn Văn Thử", "0912 345 678", "V/v gửi tiền",
    "bảng lương.xlsx", "lanhdao@caoloc.example",
)  # fmt: skip


def sample(config: Config | None = None, day: int = 17) -> Facts:
    """Five kinds of communes by turns, two held messages, a mail that came back."""
    config = config or office()
    now = at(day, 14, 20)
    (campaign,) = config.campaigns
    members = config.members(campaign)
    current = {
        (CAMPAIGN, one.key): _version(number, one)
        for number, one in enumerate(members)
        if number % 5 < 3
    }
    heard = {place: Heard(one.received_at, one.received_at, 1, 0) for place, one in current.items()}
    in_review = {(CAMPAIGN, one.key) for one in members[3::5]}
    heard |= {place: Heard(at(16, 10), at(16, 10), 1, 1) for place in in_review}
    snapshot = Snapshot(
        current=current,
        heard=heard,
        campaigns={CAMPAIGN: CampaignState(CAMPAIGN, launched_at=at(13, 8))},
        held=held_messages(members),
        polled_at=now,
        brake=None,
    )
    tallies = Tallies(
        received=21,
        messages=(
            MessageTally("recorded", "submission", brought=True, told=True, count=12),
            MessageTally("recorded", "nil", brought=True, told=True, count=3),
            MessageTally("recorded", "bounce", brought=False, told=True, count=1),
            MessageTally("recorded", "auto-reply", brought=False, told=True, count=2),
            MessageTally("held", "stranger", brought=False, told=True, count=2),
            MessageTally("kept", None, brought=False, told=False, count=1),
        ),
        mails=(
            MailTally("call", "sent", bounced=False, count=43),
            MailTally("call", "sent", bounced=True, count=1),
            MailTally("reminder", "queued", bounced=False, count=7),
            MailTally("ack", "refused", bounced=False, count=1),
        ),
        contents={one.id: _contents(one) for one in current.values()},
        last_mails={(CAMPAIGN, one.key): _last_mail(number) for number, one in enumerate(members)},
        arrivals={CAMPAIGN: tuple(at(13 + number % 5, 8) for number in range(21))},
        unasked={CAMPAIGN: (("call", at(13, 8)), ("reminder", at(16, 8)))},
    )
    return Facts(
        snapshot,
        tallies,
        config,
        Calendar(config.calendar, config.settings.office.zone),
        now,
        troubles=(
            Trouble("poll", "broken", at(17, 14), f"the inbox is not read: {PRIVATE[0]}"),
            Trouble("certificate", "warning", at(17, 9), "ends soon", "the IMAP server"),
        ),
        vitals=Vitals(backed_up_at=at(16, 23)),
        read=True,
    )


def held_messages(members: Sequence[Commune]) -> tuple[Message, ...]:
    """A stranger's and one of an open commune, each with all that is private about it."""
    stranger = Message(
        7, "a" * 64, 1000, at(16, 9), "held", sender=PRIVATE[0], subject=PRIVATE[3],
        verdict="stranger", reason=held_reason("unknown-sender", *PRIVATE),
    )  # fmt: skip
    doubtful = dataclasses.replace(
        stranger, id=9, commune=members[3].key, campaign=CAMPAIGN,
        reason=held_reason("other-commune", PRIVATE[4]),
    )  # fmt: skip
    return stranger, doubtful


def with_names(config: Config, names: Sequence[str], title: str = "") -> Config:
    """The same office whose communes and campaign bear other names."""
    renamed = tuple(
        dataclasses.replace(one, name=name)
        for one, name in zip(config.communes, itertools.cycle(names), strict=False)
    )
    (campaign,) = config.campaigns
    campaign = campaign.model_copy(update={"title": title or campaign.title})
    return dataclasses.replace(config, communes=renamed, campaigns=(campaign,))


def many(count: int) -> Config:
    """The shipped office with so many communes."""
    config = office()
    units = tuple(
        Commune(
            f"{number:05d}", dt.date(2020, 1, 1), None, "xã", f"Thử Nghiệm {number}",
            (f"xa{number}@tinh.example",), (f"ct{number}@tinh.example",),
        )
        for number in range(1, count + 1)
    )  # fmt: skip
    (campaign,) = config.campaigns
    campaign = campaign.model_copy(update={"communes": None})
    return dataclasses.replace(config, communes=units, campaigns=(campaign,))


def rendered(facts: Facts) -> dict[str, Page]:
    """Both pages of these facts, by their names."""
    dues = plan(facts.snapshot, facts.config, facts.calendar, facts.now)
    ahead = plan_page(dues, facts.config, facts.calendar, facts.now)
    return {page.name: page for page in pages(board(facts), ahead)}


def text_of(facts: Facts, name: str = PLAN) -> str:
    """One page as text, with a fixed time."""
    return rendered(facts)[name].stamped("17/05/2024 14:20").decode()


def put(folder: Path, facts: Facts) -> dict[str, str]:
    """Write both pages; return their addresses."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in rendered(facts).values():
        (folder / page.name).write_bytes(page.stamped("17/05/2024 14:20"))
    return {name: (folder / name).as_uri() for name in rendered(facts)}


def braked(facts: Facts) -> Facts:
    """The same facts with the brake pulled."""
    snapshot = dataclasses.replace(facts.snapshot, brake=Brake(facts.now, "too many"))
    return dataclasses.replace(facts, snapshot=snapshot)


def _version(number: int, commune: Commune) -> Submission:
    received_at = at(13 + number % 5, 8, number % 60)
    states = ("registered", "nil", "needs-fix")
    return Submission(
        id=number + 1,
        campaign=CAMPAIGN,
        commune=commune.key,
        version=1 + number % 2,
        current=True,
        message_id=number + 1,
        received_at=received_at,
        recorded_at=received_at,
        state=states[number % 5],  # type: ignore[arg-type]
        late=number % 10 == 0,
        after_close=False,
        receipt=f"OCOP2-{commune.code}-01-7",
    )


def _contents(version: Submission) -> Contents:
    if version.state == "nil":
        return Contents()
    return Contents(2, 3 if version.state == "needs-fix" else 0, version.id % 3)


def _last_mail(number: int) -> LastMail:
    good = number % 6 != 0
    states = frozenset({"sent"}) if good else frozenset({"refused"})
    kind = "ack" if number % 5 < 3 else "reminder"
    return LastMail(kind, states, delivered=good, bounced=False, at=at(16, 8, number % 60))
