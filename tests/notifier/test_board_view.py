"""The facts of the board and of the plan, without a registry and without a page."""

import dataclasses
import datetime as dt
from typing import get_args

import pytest
from rigs import world
from rigs.board import CAMPAIGN, PRIVATE, many, sample
from rigs.office import at

from notifier import board_words as words
from notifier import wording
from notifier.board_account import Account, account, class_of
from notifier.board_campaign import CampaignPart
from notifier.board_chart import Day, Mark, chart
from notifier.board_facts import Facts
from notifier.board_numbers import numbers
from notifier.board_view import Board, board
from notifier.debt import Due
from notifier.health import ADVICE, Code
from notifier.plan_view import Plan, plan_page
from notifier.view import ALERTS
from registry.board_rows import MailTally, MessageTally, Tallies
from registry.model import CampaignState, MailKind, Snapshot

# --- the account ----------------------------------------------------------------------------------


def tally(state: str, verdict: str | None, *, brought: bool = False, told: bool = True, count=1):
    return MessageTally(state, verdict, brought, told, count)


def test_the_account_is_said_in_one_sentence() -> None:
    found = account(
        Tallies(
            received=143,
            messages=(
                tally("recorded", "submission", brought=True, count=131),
                tally("recorded", "bounce", count=9),
                tally("held", "query", count=3),
            ),
        )
    )
    assert found.sentence() == (
        "Đã nhận 143 = 131 đã ghi sổ + 9 không có biểu + 3 chờ xử lý; 0 chưa giải thích được"
    )


@pytest.mark.parametrize(
    ("state", "verdict", "brought", "told", "expected"),
    [
        ("kept", None, False, False, "waiting"),
        ("kept", "submission", True, True, "waiting"),
        ("held", "stranger", False, True, "held"),
        ("held", "stranger", False, False, None),
        ("rejected", "query", False, True, "rejected"),
        ("recorded", "submission", True, True, "registered"),
        ("recorded", "nil", True, True, "registered"),
        ("recorded", "submission", False, True, None),
        ("recorded", "correction", False, True, None),
        ("recorded", "nil", False, True, None),
        ("recorded", "duplicate", False, True, "no-form"),
        ("recorded", "too-large", False, True, "too-large"),
        ("recorded", None, False, True, None),
        ("lost", "submission", True, True, None),
    ],
)
def test_every_message_is_in_one_class_or_in_none(state, verdict, brought, told, expected) -> None:
    assert class_of(tally(state, verdict, brought=brought, told=told)) == expected


def test_what_is_in_no_class_is_unexplained() -> None:
    found = account(
        Tallies(
            received=5, messages=(tally("recorded", "nil", count=2), tally("kept", None, count=3))
        )
    )
    assert found.unexplained == 2
    assert "2 chưa giải thích được" in found.sentence()


@pytest.mark.parametrize("received", [3, 5])
def test_a_total_that_the_tallies_do_not_reach_is_unexplained(received: int) -> None:
    assert (
        account(Tallies(received=received, messages=(tally("kept", None, count=4),))).unexplained
        == 1
    )


def test_messages_from_before_stand_beside_the_account() -> None:
    found = account(Tallies(received=5, messages=(tally("recorded", "old", count=5),)))
    assert found == Account(0, (("đã ghi sổ", 0), ("không có biểu", 0), ("chờ xử lý", 0)), 0, 5)


# --- the campaign ---------------------------------------------------------------------------------


def part(facts: Facts) -> CampaignPart:
    (found,) = board(facts).campaigns
    return found


def line(facts: Facts, number: int):
    return part(facts).communes[number]


def test_every_commune_of_the_roster_has_a_line_and_a_state() -> None:
    found = part(sample())
    assert (found.total, len(found.communes)) == (22, 22)
    assert sum(one.count for one in found.states) == 22
    assert sum(one.share for one in found.states) <= 1000
    assert [one.state for one in found.states] == list(words.STATE_ORDER)
    assert set(words.STATE_ORDER) == set(wording.STATES)


def test_who_wrote_anything_has_answered() -> None:
    found = part(sample())
    assert found.answered == 22 - len(found.missing)
    states = {one.name: one.state for one in found.communes}
    assert {states[name] for name in found.missing} == {"waiting"}
    assert "in-review" in states.values()


def test_a_line_says_receipt_points_findings_and_the_last_mail() -> None:
    needs_fix = line(sample(), 2)
    assert needs_fix.label == "Cần sửa, bổ sung"
    assert needs_fix.receipt.startswith("OCOP2-")
    assert (needs_fix.points, needs_fix.errors, needs_fix.warnings) == (2, 3, 0)
    assert needs_fix.mail is not None
    assert (needs_fix.mail.kind, needs_fix.mail.state) == ("Thư trả lời", "đã đến")
    refused = line(sample(), 0).mail
    assert refused is not None
    assert (refused.state, refused.good, refused.bad) == ("bị từ chối", False, True)


def left(now: dt.datetime, **campaign: object) -> tuple[str, str]:
    config = world.config(campaigns=[world.campaign(**campaign)])
    snapshot = Snapshot(campaigns=campaign.pop("state", {}))  # type: ignore[arg-type]
    found = part(Facts(snapshot, Tallies(), config, world.calendar(config), now))
    return found.left, found.left_words


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (world.at(11), ("2", "ngày nữa mở đợt (13/5/2024)")),
        (world.at(16), ("4", "ngày đến ngày cuối (3 ngày làm việc, kể cả hôm nay)")),
        (world.at(16, 23, 59), ("4", "ngày đến ngày cuối (3 ngày làm việc, kể cả hôm nay)")),
        (world.at(20, 23, 59), ("Hôm nay", "là ngày cuối của thời hạn")),
        (world.at(21, 0), ("Hết hạn", "còn nhận văn bản gửi muộn trước ngày 22/5/2024")),
        (world.at(22, 0), ("Hết hạn", "đang chờ khép đợt")),
    ],
)
def test_the_days_that_are_left(now: dt.datetime, expected: tuple[str, str]) -> None:
    assert left(now) == expected


def test_a_closed_campaign_says_when() -> None:
    config = world.config()
    snapshot = Snapshot(campaigns=world.closed())
    found = part(Facts(snapshot, Tallies(), config, world.calendar(config), world.at(23)))
    assert (found.left, found.left_words) == ("Đã khép", "đợt, lúc 22/05/2024 00:01")
    assert not found.done


def test_campaigns_that_are_over_stand_below_those_that_run() -> None:
    second = world.campaign("dot-3", opens_at=world.at(23, 0), deadline_at=world.at(28, 0),
                            closes_at=world.at(29, 0))  # fmt: skip
    config = world.config(campaigns=[world.campaign(), second])
    snapshot = Snapshot(
        campaigns=world.closed(), reports=(world.report(approved_at=world.at(22, 9)),)
    )
    found = board(Facts(snapshot, Tallies(), config, world.calendar(config), world.at(24)))
    assert [(one.id, one.done) for one in found.campaigns] == [("dot-3", False), (CAMPAIGN, True)]
    assert found.campaigns[1].reports[0].approved == "22/05/2024 09:00"


def test_the_names_of_very_many_that_are_missing_are_left_to_the_table() -> None:
    assert part(sample(many(400))).missing == ()
    assert part(sample(many(100))).missing


def test_nothing_of_the_facts_changes_from_minute_to_minute() -> None:
    facts = sample()
    later = dataclasses.replace(facts, now=facts.now + dt.timedelta(minutes=39))
    assert board(later) == board(facts)
    assert board(dataclasses.replace(facts, now=facts.now + dt.timedelta(days=1))) != board(facts)


# --- held, health, outbox -------------------------------------------------------------------------


def test_a_held_message_is_its_number_and_the_code_of_its_reason() -> None:
    stranger, doubtful = board(sample()).held
    assert (stranger.number, stranger.commune) == (7, "Chưa rõ đơn vị")
    assert stranger.why == "Địa chỉ người gửi không có trong danh bạ"
    assert doubtful.commune.endswith("(chưa chắc)")


def test_a_held_message_counts_for_the_campaign_that_ran_when_it_came() -> None:
    assert part(sample()).waiting == 2
    facts = sample()
    held = tuple(
        dataclasses.replace(one, received_at=at(30), campaign=None) for one in facts.snapshot.held
    )
    snapshot = dataclasses.replace(facts.snapshot, held=held)
    assert part(dataclasses.replace(facts, snapshot=snapshot)).waiting == 0


def test_very_many_held_messages_are_counted() -> None:
    facts = sample()
    held = facts.snapshot.held * 150
    found = board(
        dataclasses.replace(facts, snapshot=dataclasses.replace(facts.snapshot, held=held))
    )
    assert (len(found.held), found.held_more) == (200, 100)


def test_the_inbox_is_well_unless_it_is_not_read() -> None:
    def inbox(**changes: object) -> tuple[str, bool]:
        found = board(dataclasses.replace(sample(), **changes))  # type: ignore[arg-type]
        return found.inbox, found.inbox_well

    assert inbox() == ("Không đọc được", False)
    assert inbox(troubles=()) == ("Đọc bình thường", True)
    assert inbox(troubles=(), read=False) == ("Chưa đọc lần nào", False)


def test_mails_stand_by_kind_and_what_became_of_them() -> None:
    found = board(sample()).outbox
    assert found.columns == ("Chờ gửi", "Đã đến", "Bị trả lại", "Bị từ chối")
    assert [(one.kind, one.counts) for one in found.lines] == [
        ("Thư đề nghị đăng ký", (0, 43, 1, 0)),
        ("Thư nhắc", (7, 0, 0, 0)),
        ("Thư trả lời", (0, 0, 0, 1)),
    ]
    assert found.total == (7, 43, 1, 1)


def test_a_kind_of_mail_without_words_is_counted_all_the_same() -> None:
    facts = sample()
    mails = (*facts.tallies.mails, MailTally("novelty", "held", bounced=False, count=2))
    tallies = dataclasses.replace(facts.tallies, mails=mails)
    found = board(dataclasses.replace(facts, tallies=tallies)).outbox
    assert found.lines[-1].kind == "Thư khác"
    assert found.columns == ("Chờ gửi", "Tạm giữ", "Đã đến", "Bị trả lại", "Bị từ chối")
    assert found.total == (7, 2, 43, 1, 1)


@pytest.mark.parametrize(
    ("states", "delivered", "bounced", "expected"),
    [
        ({"sent", "refused"}, True, False, "đã đến"),
        ({"queued", "refused"}, False, False, "đang chờ gửi"),
        ({"sending"}, False, False, "đang chờ gửi"),
        ({"held"}, False, False, "tạm giữ"),
        ({"sent"}, False, True, "bị trả lại"),
        ({"refused"}, False, False, "bị từ chối"),
        ({"unknown"}, False, False, "chưa rõ kết quả"),
    ],
)
def test_what_became_of_a_mail(states, delivered, bounced, expected) -> None:
    assert words.outcome(states, delivered=delivered, bounced=bounced) == expected


def test_mails_that_were_no_longer_owed_are_not_counted() -> None:
    assert words.mail_column("cancelled", bounced=False) is None
    assert words.mail_column("something new", bounced=False) == "unknown"


def test_every_kind_and_every_trouble_has_its_words() -> None:
    assert set(words.KINDS) == set(words.SHORT_KINDS) == set(get_args(MailKind))
    assert set(get_args(Code)) <= set(ALERTS)
    assert set(get_args(Code)) == set(ADVICE)


def everything(found: object) -> str:
    return repr(found)


def test_nothing_personal_is_among_the_facts() -> None:
    facts = sample()
    assert PRIVATE[0] in everything(facts), "the sample itself must have it"
    told = everything(board(facts))
    assert [word for word in PRIVATE if word in told] == []
    assert "@" not in told


def test_the_numbers_for_machines_are_those_of_the_board() -> None:
    facts = sample()
    found, page = numbers(facts), board(facts)
    assert found.communes == {
        (CAMPAIGN, one.state): one.count for one in page.campaigns[0].states if one.count
    }
    assert found.mails["bounced", "call"] == 1
    assert found.messages["held", "stranger"] == 2
    assert found.unexplained == page.account.unexplained == 0


# --- the timeline ---------------------------------------------------------------------------------


def days(count: int) -> list[Day]:
    first = dt.date(2024, 5, 13)
    return [
        Day(first + dt.timedelta(days=n), n % 7 >= 5, n % 4, min(2 * n, 22)) for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 10, 90, 1500, 4000])
@pytest.mark.parametrize("width", [340.0, 760.0])
def test_everything_of_a_timeline_stays_inside_it(count: int, width: float) -> None:
    marks = [Mark("call", at(13)), Mark("deadline", at(21, 0)), Mark("report", at(30))]
    found = chart(days(count), marks, 22, at(17), width)
    for box in (*found.shades, *found.bars):
        assert 0 <= box.x <= box.x + box.width <= width
        assert 0 <= box.y <= box.y + box.height <= found.height
    assert all(found.left <= one.x <= found.right for one in found.lines)
    assert all(found.left <= one.at <= found.right for one in found.days)
    assert [one.at for one in found.days] == sorted({one.at for one in found.days})
    gaps = [b.at - a.at for a, b in zip(found.days, found.days[1:], strict=False)]
    assert all(gap >= 39 for gap in gaps), "dates would overlap"


def test_the_curve_ends_with_today() -> None:
    found = chart(days(10), [], 22, at(15), 760.0)
    assert found.curve.count("V") == 3
    assert chart(days(10), [], 22, at(10), 760.0).curve == ""


def test_a_timeline_without_any_commune_can_be_drawn() -> None:
    found = chart([Day(dt.date(2024, 5, 13), False, 0, 0)], [], 0, at(13), 340.0)
    assert [one.label for one in found.counts] == ["0", "1"]
    assert found.bars == ()


def test_the_days_in_words_are_those_on_which_something_is() -> None:
    found = part(sample()).days
    assert found[0].on == "Thứ Hai, 13/5"
    assert found[0].events == ("Gửi thư đề nghị",)
    events = {event for day in found for event in day.events}
    assert {"Gửi thư nhắc", "Hết hạn", "Khép đợt", "Lập báo cáo", "Hôm nay"} <= events
    assert found[-1].answered == -1
    assert sum(day.arrived for day in found) == 21


def test_reminders_that_were_before_the_launch_are_not_foretold() -> None:
    config = world.config()
    state = {CAMPAIGN: CampaignState(CAMPAIGN, launched_at=world.at(17, 9))}
    facts = Facts(
        Snapshot(campaigns=state), Tallies(), config, world.calendar(config), world.at(14)
    )
    told = [day.on for day in part(facts).days if "Gửi thư nhắc" in day.events]
    assert told == ["Thứ Hai, 20/5"]


# --- the plan -------------------------------------------------------------------------------------


def due(day: int, hour: int = 8, kind: str = "reminder", **changes: object) -> Due:
    base = Due(
        kind, f"{kind}/{day}/{hour}", ("a@xa.example",), kind, at(day, hour, 0), campaign=CAMPAIGN
    )  # type: ignore[arg-type]
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def planned(*dues: Due, now: dt.datetime | None = None) -> Plan:
    config = world.config()
    return plan_page(dues, config, world.calendar(config), now or at(17, 14))


def cell(page: Plan, day: int):
    return next(
        one for week in page.months[0].weeks for one in week if one is not None and one.day == day
    )


def test_mails_stand_on_their_day_by_kind() -> None:
    page = planned(
        due(20), due(20), due(22, 7, "silence"), due(22, 8, "report", facts={"waits": "approval"})
    )
    assert page.total == 4
    assert [(one.short, one.count) for one in cell(page, 20).kinds] == [("thư nhắc", 2)]
    assert [(one.short, one.count) for one in cell(page, 22).kinds] == [
        ("thông báo", 1),
        ("báo cáo", 1),
    ]
    monday, wednesday = page.days
    assert monday.label == "Thứ Hai, 20/5/2024"
    assert [(one.at, one.count) for one in monday.batches] == [("08:00", 2)]
    assert wednesday.batches[1].note == "sau khi lãnh đạo duyệt"
    assert "@" not in everything(page)


def test_what_may_leave_at_once_has_no_hour() -> None:
    page = planned(due(17, 9))
    assert [one.at for one in page.days[0].batches] == [""]
    assert planned(due(17, 9), now=at(17, 15)) == page


def test_mail_that_was_due_on_an_earlier_day_stands_under_today() -> None:
    assert planned(due(15)).days[0].label == "Thứ Sáu, 17/5/2024"


def test_weekends_holidays_and_make_up_days_are_marked() -> None:
    file = world.CalendarFile.model_validate(
        {
            "off": [{"date": dt.date(2024, 5, 22), "notice": "nghỉ bão"}],
            "worked": [{"date": dt.date(2024, 5, 25), "notice": "làm bù ngày 22/5"}],
        }
    )
    config = world.config(calendar_file=file)
    page = plan_page((), config, world.calendar(config), at(17))
    assert (cell(page, 18).off, cell(page, 18).worked) == (True, False)
    assert (cell(page, 22).off, cell(page, 22).notice) == (True, "nghỉ bão")
    assert (cell(page, 25).off, cell(page, 25).worked) == (False, True)
    assert cell(page, 17).today
    assert "22/5: nghỉ bão" in page.months[0].notices
    assert cell(page, 20).marks == ("Ngày cuối",)
    assert any("lao động" in one.lower() for one in page.months[0].notices)


def test_days_in_a_row_with_one_notice_are_told_once() -> None:
    file = world.CalendarFile.model_validate(
        {"off": [{"date": dt.date(2024, 5, day), "notice": "nghỉ bão"} for day in (22, 23, 24)]}
    )
    config = world.config(calendar_file=file)
    page = plan_page((), config, world.calendar(config), at(17))
    assert "22/5–24/5: nghỉ bão" in page.months[0].notices


def test_months_run_from_today_to_the_last_mail() -> None:
    page = planned(due(20), due(20, not_before=at(20) + dt.timedelta(days=92)))
    assert [one.title for one in page.months] == [f"Tháng {n}/2024" for n in (5, 6, 7, 8)]
    assert all(len(week) == 7 for one in page.months for week in one.weeks)
    found = [c.day for week in page.months[1].weeks for c in week if c]
    assert found == list(range(1, 31))


def test_what_is_very_far_away_is_only_counted() -> None:
    page = planned(due(20, not_before=at(20) + dt.timedelta(days=5000)))
    assert len(page.months) == 14
    assert (page.total, page.later, page.days) == (1, 1, ())


def test_an_empty_plan_shows_this_month() -> None:
    page = planned(now=at(30))
    assert [one.title for one in page.months] == ["Tháng 5/2024"]
    assert page.days == ()


def test_the_page_is_typed() -> None:
    assert isinstance(board(sample()), Board)
