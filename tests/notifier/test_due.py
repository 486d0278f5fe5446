"""Which mails are owed: the rules one by one, then what must hold for any registry."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import world
from rigs.world import (
    APPROVER,
    CAMPAIGN,
    COMMUNES,
    DEPARTMENT,
    HOA_CU,
    OFFICE,
    OFFICER,
    STEPS,
    at,
    snapshot,
)

from config.model import CalendarFile, Config, Hours
from notifier.debt import Asks
from notifier.due import (
    UNASKED,
    Due,
    closing_due,
    due,
    plan,
    reminder_moments,
    report_due,
    still_due,
)
from notifier.schedule import ReportChange
from registry.model import Brake, CampaignState, Snapshot
from registry.snapshot import commune_state

CONFIG = world.config()
CALENDAR = world.calendar(CONFIG)


#: A campaign that the daemon has run: somebody was reminded.
REMINDED_ONCE = frozenset({f"remind/{CAMPAIGN}/06223@2020-01-01/D-5"})


def everything(what: Snapshot, now: dt.datetime, config: Config = CONFIG) -> list[Due]:
    return due(what, config, world.calendar(config), now)


def owed(what: Snapshot, now: dt.datetime, config: Config = CONFIG) -> list[Due]:
    """All but the morning's digest, which has its own tests below."""
    return [one for one in everything(what, now, config) if one.kind != "digest"]


def digests(what: Snapshot, now: dt.datetime, config: Config = CONFIG) -> list[Due]:
    return [one for one in everything(what, now, config) if one.kind == "digest"]


def keys(dues: Iterable[Due]) -> list[str]:
    return [one.key for one in dues]


def reminded(dues: Iterable[Due]) -> set[tuple[str, str]]:
    """(commune code, step) of the reminders among them."""
    return {
        (one.commune[0], one.facts["step"])
        for one in dues
        if one.kind == "reminder" and one.commune
    }


# --- reminders ------------------------------------------------------------------------------------


def test_steps_fall_on_the_working_day_before() -> None:
    """D-5 = Thursday 16/5, D-2 = Sunday, moved to Friday 17/5, D-1 = Monday 20/5."""
    moments = reminder_moments(world.campaign(), CALENDAR, Hours())
    assert [(step.id, moment) for step, moment in moments] == [
        ("d-5", at(16, 8)),
        ("d-2", at(17, 8)),
        ("d-1", at(20, 8)),
    ]


def test_of_two_steps_on_the_same_moment_only_the_later_stays() -> None:
    """D-3 is a Saturday and D-2 a Sunday: both move to Friday."""
    campaign = world.campaign(remind=[*STEPS, {"id": "d-3", "days_before": 3}])
    moments = reminder_moments(campaign, CALENDAR, Hours())
    assert [step.id for step, _ in moments] == ["d-5", "d-2", "d-1"]


def test_a_step_outside_office_hours_moves_into_them_and_never_past_the_deadline() -> None:
    campaign = world.campaign(
        remind=[
            {"id": "early", "days_before": 5, "at": "05:00"},
            {"id": "evening", "days_before": 4, "at": "20:00"},
            {"id": "too-late", "days_before": 1, "at": "20:00"},
        ]
    )
    moments = reminder_moments(campaign, CALENDAR, Hours())
    assert [(step.id, moment) for step, moment in moments] == [
        ("early", at(16, 7, 30)),
        ("evening", at(20, 7, 30)),
    ]


def test_every_commune_that_owes_is_reminded_once() -> None:
    now = at(16, 8)
    dues = owed(snapshot(now), now)
    assert reminded(dues) == {(unit.code, "d-5") for unit in COMMUNES}
    assert [one.to for one in dues] == [unit.emails for unit in COMMUNES]
    assert keys(dues)[3] == "remind/ocop-2024-2/06223@2020-01-01/d-5"
    assert not owed(snapshot(now, mail_keys=frozenset(keys(dues))), at(16, 16, 59))


def test_the_last_reminder_has_the_chairman_in_copy() -> None:
    dues = owed(snapshot(at(20, 8)), at(20, 8))
    assert [one.cc for one in dues] == [unit.chair_emails for unit in COMMUNES]
    assert {one.template for one in dues} == {"reminder-last"}


@pytest.mark.parametrize("now", [at(16, 7, 59), at(21, 0), at(21, 9), at(30, 9)])
def test_no_reminder_before_the_first_step_or_from_the_deadline_on(now: dt.datetime) -> None:
    assert not reminded(owed(snapshot(now), now))


@pytest.mark.parametrize("now", [at(16, 7), at(16, 17), at(18, 9), at(19, 9), at(20, 7, 29)])
def test_no_reminder_outside_office_hours(now: dt.datetime) -> None:
    assert not reminded(owed(snapshot(now), now))


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (at(16, 11), "d-5"),  # down at 8:00, up at 11:00 on the same day
        (at(17, 16), "d-2"),  # down over both: the earlier one is never sent late
        (at(20, 7, 45), "d-2"),  # the weekend passed too; D-1 is not there yet
        (at(20, 8), "d-1"),
        (at(20, 16, 59), "d-1"),
    ],
)
def test_fault_123_after_an_outage_only_the_latest_step_is_sent(
    now: dt.datetime, step: str
) -> None:
    """Down over several steps: one reminder per commune, the latest that has come."""
    assert reminded(owed(snapshot(now), now)) == {(unit.code, step) for unit in COMMUNES}


@pytest.mark.parametrize("now", [at(20, 17), at(21, 8), at(22, 8)])
def test_fault_123_down_over_the_deadline_sends_no_reminder(now: dt.datetime) -> None:
    """What was missed by the deadline stays unsent."""
    assert not reminded(owed(snapshot(now), now))


def test_an_earlier_step_does_not_come_back_after_a_later_one() -> None:
    now = at(17, 9)
    sent = frozenset(keys(owed(snapshot(now), now)))
    assert not owed(snapshot(now, mail_keys=sent), now)


def test_whoever_answered_is_not_reminded() -> None:
    now = at(16, 8)
    states = ["registered", "nil", "needs-fix"]
    current = {
        (CAMPAIGN, unit.key): world.submission(unit.key, at(15), state=state)
        for unit, state in zip(COMMUNES, states, strict=False)
    }
    review = {(CAMPAIGN, COMMUNES[3].key): world.heard(at(15), held=1)}
    dues = owed(snapshot(now, current=current, heard=review), now)
    assert {code for code, _ in reminded(dues)} == {COMMUNES[2].code, COMMUNES[4].code}


def test_whoever_wrote_after_the_step_was_told_by_the_acknowledgment() -> None:
    now = at(16, 10)
    wrote = {(CAMPAIGN, HOA_CU.key): world.heard(at(16, 9))}
    assert HOA_CU.code not in {code for code, _ in reminded(owed(snapshot(now, heard=wrote), now))}
    later = at(17, 8)
    assert (HOA_CU.code, "d-2") in reminded(owed(snapshot(later, heard=wrote), later))


def test_steps_before_the_launch_or_before_go_live_were_somebody_elses() -> None:
    launched = {CAMPAIGN: CampaignState(CAMPAIGN, launched_at=at(16, 9))}
    called = frozenset(f"call/{CAMPAIGN}/{unit.code}@2020-01-01" for unit in COMMUNES)
    now = at(16, 10)
    assert not owed(snapshot(now, campaigns=launched, mail_keys=called), now)
    late_start = world.config(office={"go_live_at": at(16, 9)})
    assert not reminded(owed(snapshot(now), now, late_start))
    assert reminded(owed(snapshot(at(17, 8)), at(17, 8), late_start))


def test_a_commune_that_joins_late_gets_the_step_of_the_day() -> None:
    now = at(17, 10)
    sent = frozenset(keys(owed(snapshot(now), now)))
    joined = world.config(communes=[*COMMUNES, world.commune("06240", "Bình Trung")])
    assert reminded(owed(snapshot(now, mail_keys=sent), now, joined)) == {("06240", "d-2")}


def test_a_commune_that_no_longer_exists_at_the_deadline_is_left_alone() -> None:
    gone = dataclasses.replace(HOA_CU, valid_to=dt.date(2024, 5, 20))
    config = world.config(communes=[gone])
    assert not owed(snapshot(at(16, 8)), at(16, 8), config)


@pytest.mark.parametrize(
    "changes",
    [{"polled_at": None}, {"polled_at": at(16, 7)}, {"unprocessed": 1}],
)
def test_nobody_is_reminded_while_the_inbox_is_not_known(changes: dict[str, object]) -> None:
    """Somebody may have answered: the mailbox is out of reach, or messages wait to be read."""
    now = at(16, 8)
    assert reminded(owed(snapshot(now), now))
    assert not reminded(owed(snapshot(now, **changes), now))


def test_fault_085_bounced_addresses_are_replaced_by_the_remaining_ones() -> None:
    """Two addresses, one dead: the living one; both dead: the chairman; all dead: the digest."""
    two = dataclasses.replace(HOA_CU, emails=("a@caoloc.example", "B@caoloc.example"))
    config = world.config(communes=[two])
    now = at(16, 8)

    def recipients(*dead: str) -> list[tuple[str, ...]]:
        dues = owed(snapshot(now, bounced=frozenset(dead)), now, config)
        return [one.to for one in dues if one.kind == "reminder"]

    assert recipients() == [two.emails]
    assert recipients("A@caoloc.example") == [("B@caoloc.example",)]
    assert recipients("a@caoloc.example", "b@caoloc.example") == [two.chair_emails]
    assert recipients(*two.emails, *two.chair_emails) == []
    all_dead = frozenset((*two.emails, *two.chair_emails))
    told = digests(snapshot(now, bounced=all_dead), now, config)
    assert [one.facts["undeliverable"] for one in told] == [two.code]
    assert owed(snapshot(now, bounced=all_dead), now, config) == []


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [at(15, 9, 1), at(18, 23), at(19, 3)])
def test_an_acknowledgment_leaves_at_any_hour(now: dt.datetime) -> None:
    message = world.message()
    (one,) = owed(snapshot(now, unanswered=(message,)), now)
    assert (one.kind, one.template, one.to) == ("ack", "ack-registered", HOA_CU.emails)
    assert one.key == f"ack/{message.sha256[:20]}/registered"
    assert (one.commune, one.message_id) == (HOA_CU.key, message.id)


@pytest.mark.parametrize(
    "changes",
    [
        {"received_at": at(12, 23)},  # before go-live
        {"ack": ""},
        {"sender": ""},
        {"sender": OFFICE.upper()},
        {"verdict": "bounce"},
        {"verdict": "auto-reply"},
        {"verdict": "own"},
        {"verdict": "automatic"},
        {"verdict": "loop"},
        {"verdict": "copy"},
        {"verdict": "old"},
        {"verdict": "stranger", "ack": "stranger", "commune": None, "sender": "x@y.example"},
        {"commune": None, "sender": "x@y.example"},
    ],
)
def test_what_is_never_answered(changes: dict[str, object]) -> None:
    message = world.message(**changes)  # type: ignore[arg-type]
    assert not owed(snapshot(at(15, 10), unanswered=(message,)), at(15, 10))


def test_a_stranger_gets_one_neutral_line_only_if_so_configured() -> None:
    config = world.config(security={"answer_strangers": True})
    message = world.message(verdict="stranger", ack="stranger", commune=None, sender="x@y.example")
    (one,) = owed(snapshot(at(15, 10), unanswered=(message,)), at(15, 10), config)
    assert (one.kind, one.template, one.to) == ("stranger", "stranger", ("x@y.example",))
    again = snapshot(at(15, 11), unanswered=(message,), mail_keys=frozenset({one.key}))
    assert not owed(again, at(15, 11), config)


def test_what_a_stranger_sent_for_a_commune_is_answered_to_the_commune() -> None:
    message = world.message(sender="ca.nhan@mail.example", forced_by="canbo")
    (one,) = owed(snapshot(at(15, 10), unanswered=(message,)), at(15, 10))
    assert one.to == HOA_CU.emails


def test_an_officers_forward_is_answered_to_the_officer() -> None:
    message = world.message(sender=OFFICER.upper())
    (one,) = owed(snapshot(at(15, 10), unanswered=(message,)), at(15, 10))
    assert one.to == (OFFICER.upper(),)


# --- officers -------------------------------------------------------------------------------------


def test_officers_are_not_asked_about_what_only_waits_for_us() -> None:
    """The daemon takes it up again by itself; the digest names what still waits in the morning."""
    held = world.message(state="held", reason="not-scanned: away")
    infected = world.message(2, state="held", reason="infected: X")
    told = owed(snapshot(at(15), held=(held, infected)), at(15))
    assert [one.message_id for one in told if one.kind == "held"] == [2]
    (digest,) = digests(snapshot(at(16), held=(held,)), at(16))
    assert digest.facts["held"] == "1"


def test_a_held_message_is_told_at_once_and_again_after_a_decision_that_failed() -> None:
    now = at(19, 23)  # Sunday night
    message = world.message(state="held", ack="", verdict="query")
    (one,) = owed(snapshot(now, held=(message,)), now)
    assert (one.kind, one.to, one.message_id) == ("held", (OFFICER,), message.id)
    told = frozenset({one.key})
    assert not owed(snapshot(now, held=(message,), mail_keys=told), now)
    again = dataclasses.replace(message, decisions=1)
    assert owed(snapshot(now, held=(again,), mail_keys=told), now)


@pytest.mark.parametrize(
    ("now", "count"),
    [(at(16, 7, 29), 0), (at(16, 7, 30), 1), (at(16, 21), 1), (at(18, 9), 0)],
)
def test_the_digest_comes_in_the_morning_of_a_working_day(now: dt.datetime, count: int) -> None:
    assert len(digests(snapshot(now), now)) == count


def test_the_digest_names_what_waited_before_it_and_not_what_came_later() -> None:
    early = world.message(state="held", ack="", received_at=at(16, 7))
    late = world.message(state="held", ack="", id=2, sha256="2" * 64, received_at=at(16, 8))
    (one,) = digests(snapshot(at(16, 9), held=(early, late)), at(16, 9))
    assert one.facts["held"] == "1"


def test_no_digest_when_no_campaign_runs_and_nothing_waits() -> None:
    after = at(24, 9)
    closed = snapshot(after, campaigns=world.closed())
    assert not digests(closed, after)
    waiting = world.message(state="held", ack="", received_at=at(23, 15))
    assert digests(dataclasses.replace(closed, held=(waiting,)), after)


def test_the_brake_tells_the_admin_once() -> None:
    config = world.config(officers={"admin": ["root@caoloc.example"]})
    pulled = Brake(at(15, 8), "too many")
    (one,) = owed(snapshot(at(15, 9), brake=pulled), at(15, 9), config)
    assert (one.kind, one.to, one.facts["what"]) == ("alert", ("root@caoloc.example",), "brake")
    told = snapshot(at(15, 9), brake=pulled, mail_keys=frozenset({one.key}))
    assert not owed(told, at(15, 9), config)


# --- call, closing, silence, report ---------------------------------------------------------------


def test_the_call_goes_to_every_member_in_office_hours_after_the_launch() -> None:
    launched = {CAMPAIGN: CampaignState(CAMPAIGN, launched_at=at(13, 18))}
    assert not owed(snapshot(at(13, 19), campaigns=launched), at(13, 19))
    dues = owed(snapshot(at(14, 7, 30), campaigns=launched), at(14, 7, 30))
    assert [(one.kind, one.to, one.cc) for one in dues] == [
        ("call", unit.emails, unit.chair_emails) for unit in COMMUNES
    ]
    assert not owed(snapshot(at(14, 8)), at(14, 8))


@pytest.mark.parametrize(
    ("now", "changes", "expected"),
    [
        (at(22, 0), {}, True),
        (at(21, 23, 59), {}, False),
        (at(22, 0, 5), {"polled_at": at(21, 23, 59)}, False),
        (at(22, 0, 5), {"polled_at": None}, False),
        (at(22, 0, 5), {"unprocessed": 1}, False),
        (at(22, 0, 5), {"campaigns": world.closed()}, False),
    ],
)
def test_closing_waits_for_a_complete_poll(
    now: dt.datetime, changes: dict[str, object], expected: bool
) -> None:
    what = snapshot(now, **({"mail_keys": REMINDED_ONCE} | changes))
    assert closing_due(what, world.campaign(), now) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"mail_keys": REMINDED_ONCE},
        {"mail_keys": frozenset({f"call/{CAMPAIGN}/06223@2020-01-01"})},
        {"campaigns": {CAMPAIGN: CampaignState(CAMPAIGN, launched_at=at(13, 8))}},
        {"heard": {(CAMPAIGN, HOA_CU.key): world.heard(at(15))}},
    ],
)
def test_a_campaign_in_which_nobody_was_asked_or_wrote_accuses_no_one(
    changes: dict[str, object],
) -> None:
    """An old campaign file beside a new registry: no silence is recorded, no notice sent."""
    now = at(25, 9)
    others = {"mail_keys": frozenset({"remind/another/06223@2020-01-01/D-5", "digest/2024-05-24"})}
    assert not closing_due(snapshot(now, **others), world.campaign(), now)
    assert closing_due(snapshot(now, **changes), world.campaign(), now)


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"sender": HOA_CU.emails[0], "commune": HOA_CU.key}, False),
        ({"sender": "ai.do@thudientu.example"}, False),
        ({"commune": HOA_CU.key}, False),
        ({"reason": "odd-sender: no usable From"}, False),
        ({"received_at": at(22, 0)}, False),
        ({"reason": "not-scanned: away", "sender": OFFICER}, True),
        ({"reason": "proof-pending: away", "sender": "a@b.example", "commune": HOA_CU.key}, True),
        ({"reason": "not-scanned: away", "received_at": at(22, 0)}, False),
        ({"reason": "not-scanned: away", "state": "rejected"}, False),
        ({"reason": "infected: X", "sender": OFFICER}, False),
    ],
)
def test_closing_waits_for_a_person_when_the_program_cannot_say_who_wrote(
    changes: dict[str, object], waits: bool
) -> None:
    """It may have been any commune (promise 3)."""
    now = at(22, 9)
    lost = dataclasses.replace(
        world.message(), state="held", sender="", commune=None, reason="program-failed: 3 tries"
    )
    held = dataclasses.replace(lost, **changes)  # type: ignore[arg-type]
    what = snapshot(now, mail_keys=REMINDED_ONCE, held=(held,))
    assert closing_due(what, world.campaign(), now) is not waits


def test_fault_122_closing_waits_while_the_brake_is_pulled() -> None:
    """A clock that jumped to after ``closes_at`` must not record silence before a person looked."""
    now = at(22, 9)
    ready = snapshot(now, mail_keys=REMINDED_ONCE)
    pulled = dataclasses.replace(ready, brake=Brake(now, "the clock jumped"))
    assert closing_due(ready, world.campaign(), now)
    assert not closing_due(pulled, world.campaign(), now)


def test_fault_121_the_deadline_is_an_instant_whatever_zone_the_host_keeps() -> None:
    """closes_at 22/5 00:00 +07 is 21/5 17:00 UTC."""
    before = dt.datetime(2024, 5, 21, 16, 59, 59, tzinfo=dt.UTC)
    assert not closing_due(snapshot(before, mail_keys=REMINDED_ONCE), world.campaign(), before)
    after = dt.datetime(2024, 5, 21, 17, tzinfo=dt.UTC)
    assert closing_due(snapshot(after, mail_keys=REMINDED_ONCE), world.campaign(), after)
    last = dt.datetime(2024, 5, 20, 9, 59, tzinfo=dt.UTC)  # 16:59 +07 on the last day
    assert reminded(owed(snapshot(last), last))


def silence(now: dt.datetime, config: Config = CONFIG, **changes: object) -> list[Due]:
    what = snapshot(now, campaigns=world.closed([HOA_CU.key]), **changes)
    return [one for one in owed(what, now, config) if one.kind == "silence"]


def test_silence_is_told_to_the_commune_and_its_chairman_in_office_hours() -> None:
    assert not silence(at(22, 0, 5))
    (one,) = silence(at(22, 7, 30))
    assert (one.to, one.cc) == (HOA_CU.emails, HOA_CU.chair_emails)
    assert one.key == "silence/ocop-2024-2/06223@2020-01-01"


def test_silence_is_not_told_to_whoever_wrote_or_where_it_means_nothing() -> None:
    now = at(22, 9)
    assert not silence(now, heard={(CAMPAIGN, HOA_CU.key): world.heard(at(22, 1))})
    assert not silence(now, world.config(campaigns=[world.campaign(silence="ask")]))
    assert not silence(now, unprocessed=1)


def test_the_report_is_frozen_once_closed_and_due() -> None:
    campaign = world.campaign()
    done = world.closed()
    assert not report_due(snapshot(at(22, 9)), campaign, at(22, 9))
    assert not report_due(snapshot(at(22, 7), campaigns=done), campaign, at(22, 7))
    assert report_due(snapshot(at(22, 8), campaigns=done), campaign, at(22, 8))
    frozen = snapshot(at(22, 9), campaigns=done, reports=(world.report(),))
    assert not report_due(frozen, campaign, at(30, 9))


def test_other_answers_than_the_report_counts_make_one_supplement_on_a_later_day() -> None:
    campaign = world.campaign()
    what = snapshot(at(22, 11), campaigns=world.closed(), reports=(world.report(),))
    assert not report_due(what, campaign, at(22, 11), "other")
    assert report_due(what, campaign, at(23, 8), "other")
    second = dataclasses.replace(
        what, reports=(world.report(), world.report(2, created_at=at(23, 8)))
    )
    assert not report_due(second, campaign, at(23, 9), "other")
    assert not report_due(second, campaign, at(25, 8), "none")


@pytest.mark.parametrize("change", ["taken-back", "heard"])
def test_a_draft_that_says_what_is_known_not_to_be_so_is_replaced_at_once(
    change: ReportChange,
) -> None:
    campaign = world.campaign()
    draft = snapshot(at(22, 11), campaigns=world.closed(), reports=(world.report(),))
    assert report_due(draft, campaign, at(22, 11), change)
    released = dataclasses.replace(draft, reports=(world.report(approved_at=at(22, 10)),))
    assert not report_due(released, campaign, at(22, 11), change)
    assert report_due(released, campaign, at(23, 8), change)


def reports(now: dt.datetime, config: Config = CONFIG, **changes: object) -> list[Due]:
    return owed(snapshot(now, campaigns=world.closed(), **changes), now, config)


def test_the_draft_goes_to_the_approvers_and_nothing_to_the_department() -> None:
    (one,) = reports(at(22, 8), reports=(world.report(),))
    assert (one.kind, one.key, one.to) == ("draft", "draft/ocop-2024-2/1", (APPROVER,))
    assert one.facts == {"report": "1", "number": "1"}


def test_the_approved_report_goes_to_the_department_at_any_hour() -> None:
    approved = world.report(approved_at=at(22, 18), approved_by="lanhdao")
    (one,) = reports(at(22, 18, 1), reports=(approved,))
    assert (one.kind, one.key, one.to) == ("report", "report/ocop-2024-2/1", (DEPARTMENT,))


def test_every_released_supplement_goes_out_for_each_tells_only_what_it_adds() -> None:
    first = world.report(approved_at=at(22, 18))
    second = world.report(2, created_at=at(23, 8), approved_at=at(23, 9), supplement=1, base=1)
    owed = reports(at(23, 10), reports=(first, second))
    assert keys(owed) == ["report/ocop-2024-2/1", "report/ocop-2024-2/2"]


def test_a_returned_draft_goes_back_to_the_officers_and_is_asked_of_nobody_else() -> None:
    returned = world.report(returned_at=at(22, 9), returned_reason="kinh phí")
    (one,) = reports(at(22, 10), reports=(returned,))
    assert (one.kind, one.key) == ("returned", "returned/ocop-2024-2/1")
    assert one.to == world.config().settings.officers.addresses
    assert one.asks == Asks("B", 1, "returned/ocop-2024-2/1")
    (again,) = reports(at(22, 10), reports=(dataclasses.replace(returned, again_at=at(22, 10)),))
    assert again.asks is None


def test_the_department_answer_is_passed_on_once_to_approvers_and_officers() -> None:
    message = world.message(verdict="department", campaign=CAMPAIGN, sender=DEPARTMENT)
    what = snapshot(at(23, 9), department=(message,))
    (one,) = [due for due in everything(what, at(23, 9)) if due.kind == "department"]
    campaign, officers = world.campaign(), world.config().settings.officers.addresses
    assert one.to == tuple(dict.fromkeys((*campaign.report.approvers, *officers)))
    assert one.key == f"department/{message.identity[:20]}"
    told = dataclasses.replace(what, mail_keys=frozenset([one.key]))
    assert not [due for due in everything(told, at(23, 9)) if due.kind == "department"]


def test_a_bounce_does_not_keep_the_report_from_the_department() -> None:
    approved = world.report(approved_at=at(22, 18), approved_by="lanhdao")
    (one,) = reports(at(22, 19), reports=(approved,), bounced=frozenset([DEPARTMENT]))
    assert one.to == (DEPARTMENT,)


def test_without_approval_rule_the_report_goes_at_its_time() -> None:
    rules = {"to": [DEPARTMENT], "recipient": "Sở", "at": at(22, 8), "approval": "none"}
    config = world.config(campaigns=[world.campaign(report=rules)])
    planned = plan(snapshot(at(22, 7), campaigns=world.closed()), config, CALENDAR, at(22, 7))
    leaving = [(one.not_before, one.facts) for one in planned if one.kind == "report"]
    assert leaving == [(at(22, 8), {"report": "0", "number": "1"})]


def test_an_edit_of_the_approval_releases_nothing_and_takes_nothing_back() -> None:
    """What was returned stays returned; what was released is not asked about again."""
    returned = world.report(returned_at=at(22, 9), returned_reason="kinh phí")
    waiting = world.report(2, created_at=at(23, 8))
    released = dataclasses.replace(waiting, approved_at=at(23, 8), approved_by="config")
    for approval in ("required", "none"):
        call = world.campaign(
            report={
                "to": [DEPARTMENT], "recipient": "Sở", "at": at(22, 8),
                "approvers": [APPROVER], "approval": approval,
            }
        )  # fmt: skip
        config = world.config(campaigns=[call])
        (one,) = reports(at(22, 10), config, reports=(returned,))
        assert one.kind == "returned"
        (one,) = reports(at(23, 9), config, reports=(returned, waiting))
        assert one.key == "draft/ocop-2024-2/2"
        (one,) = reports(at(23, 9), config, reports=(returned, released))
        assert one.key == "report/ocop-2024-2/2"
        facts = snapshot(at(23, 9), campaigns=world.closed(), reports=(world.report(),))
        assert still_due(REPORT, facts, config, at(23, 9)) == "the report is not approved"


def test_only_the_newest_draft_is_sent() -> None:
    rows = (world.report(1), world.report(2, created_at=at(23, 8)))
    assert keys(reports(at(23, 9), reports=rows)) == ["draft/ocop-2024-2/2"]


# --- plan -----------------------------------------------------------------------------------------


def _if_launched(one: Due) -> bool:
    return one.facts.get("waits") == "launch"


def test_before_a_launch_the_plan_shows_what_it_would_send() -> None:
    for moment, leaves_at in ((at(14, 9), at(14, 9)), (at(18, 10), at(20, 7, 30))):
        planned = plan(snapshot(at(14, 9)), CONFIG, CALENDAR, at(14, 9), moment)
        calls = [one for one in planned if one.kind == "call"]
        assert {one.commune for one in calls} == {unit.key for unit in COMMUNES}
        assert {(one.not_before, one.facts["waits"]) for one in calls} == {(leaves_at, "launch")}
        assert {one.kind for one in planned if _if_launched(one)} == {"call"}
    over = plan(snapshot(at(14)), CONFIG, CALENDAR, at(14), at(20, 17))
    assert not [one for one in over if one.kind == "call"], "no working hour is left for it"
    launched = {CAMPAIGN: CampaignState(CAMPAIGN, at(13, 8))}
    after = plan(snapshot(at(14), campaigns=launched), CONFIG, CALENDAR, at(14))
    assert not any(map(_if_launched, after))


def test_the_plan_travels_in_time() -> None:
    now = at(14, 9)
    whole = plan(snapshot(now), CONFIG, CALENDAR, now)
    own = [one for one in whole if not _if_launched(one)]
    for moment in (at(16, 8), at(16, 8, 0, 1), at(20, 12), at(22, 8), at(23)):
        then = plan(snapshot(now), CONFIG, CALENDAR, now, moment)
        ahead = {one.key: one.not_before for one in then if not _if_launched(one)}
        wanted = {one.key: one.not_before for one in own if one.not_before >= moment}
        report = f"report/{CAMPAIGN}/1"
        assert ahead.pop(report) == max(moment, at(22, 8))  # it waits until somebody approves it
        wanted.pop(report, None)
        assert ahead == wanted
    past = plan(snapshot(at(30)), CONFIG, CALENDAR, at(30), now)
    assert {one.key for one in past} == {one.key for one in whole}


def test_the_plan_names_every_coming_mail_in_order() -> None:
    now = at(14, 9)
    whole = plan(snapshot(now), CONFIG, CALENDAR, now)
    planned = [one for one in whole if one.kind != "digest" and not _if_launched(one)]
    assert [one.not_before for one in whole if one.kind == "digest"] == [
        now, *(at(day, 7, 30) for day in (15, 16, 17, 20, 21))
    ]  # fmt: skip
    moments = list(dict.fromkeys((one.kind, one.not_before) for one in planned))
    assert moments == [
        ("reminder", at(16, 8)),
        ("reminder", at(17, 8)),
        ("reminder", at(20, 8)),
        ("silence", at(22, 7, 30)),
        ("draft", at(22, 8)),
        ("report", at(22, 8)),
    ]
    assert len(planned) == 3 * 5 + 5 + 2
    assert planned[-1].facts["waits"] == "approval"


def test_the_plan_shows_what_waits_for_the_morning() -> None:
    now = at(16, 20)
    digest, *more = plan(snapshot(now), CONFIG, CALENDAR, now)
    assert digest.kind == "digest"
    first = next(one for one in more if not _if_launched(one) and one.kind != "digest")
    assert (first.facts["step"], first.not_before) == ("d-5", at(17, 7, 30))


# --- asked again at the moment of sending ---------------------------------------------------------

REMINDER = world.mail("reminder", f"remind/{CAMPAIGN}/06223@2020-01-01/d-5")
CALL = world.mail("call", f"call/{CAMPAIGN}/06223@2020-01-01")
SILENCE = world.mail("silence", f"silence/{CAMPAIGN}/06223@2020-01-01", queued_at=at(22, 8))
REPORT = world.mail("report", f"report/{CAMPAIGN}/1", DEPARTMENT, commune=None)
DRAFT = world.mail("draft", f"draft/{CAMPAIGN}/1", APPROVER, commune=None)
HELD = world.mail("held", world.message().held_key, OFFICER, message_id=1)
DIGEST = world.mail("digest", "digest/2024-05-16", OFFICER)
ACK = world.mail("ack", "ack/abc/registered")
STRANGER = world.mail("stranger", "stranger/abc", "x@y.example")


@pytest.mark.parametrize(
    ("mail", "now", "changes"),
    [
        (REMINDER, at(16, 9), {}),
        (CALL, at(16, 9), {}),
        (SILENCE, at(22, 9), {"campaigns": world.closed([HOA_CU.key])}),
        (REPORT, at(22, 9), {"reports": (world.report(approved_at=at(22, 9)),)}),
        (DRAFT, at(22, 9), {"campaigns": world.closed(), "reports": (world.report(),)}),
        (
            REPORT,
            at(22, 9),
            {
                "reports": (world.report(approved_at=at(22, 9)),),
                "bounced": frozenset([DEPARTMENT]),
            },
        ),
        (HELD, at(16, 9), {"held": (world.message(state="held"),)}),
        (DIGEST, at(16, 9), {}),
        (ACK, at(30, 23), {}),
    ],
)
def test_a_mail_that_is_still_owed(
    mail: world.Mail, now: dt.datetime, changes: dict[str, object]
) -> None:
    assert still_due(mail, snapshot(now, **changes), CONFIG, now) == ""


ANSWERED = {"current": {(CAMPAIGN, HOA_CU.key): world.submission()}}


@pytest.mark.parametrize(
    ("mail", "now", "changes"),
    [
        (REMINDER, at(16, 9), ANSWERED),
        (REMINDER, at(16, 9), {"heard": {(CAMPAIGN, HOA_CU.key): world.heard(at(16, 9), 1)}}),
        (REMINDER, at(16, 9), {"heard": {(CAMPAIGN, HOA_CU.key): world.heard(at(16, 8, 30))}}),
        (REMINDER, at(17, 8), {}),  # the next step has come
        (REMINDER, at(21, 0), {}),  # the deadline has passed
        (REMINDER, at(16, 9), {"bounced": frozenset(HOA_CU.emails)}),
        (REMINDER, at(16, 9), {"campaigns": world.closed()}),
        (CALL, at(16, 9), ANSWERED),
        (CALL, at(21, 0), {}),
        (SILENCE, at(22, 9), {}),
        (
            SILENCE,
            at(22, 9),
            {
                "campaigns": world.closed([HOA_CU.key]),
                "heard": {(CAMPAIGN, HOA_CU.key): world.heard(at(22, 8, 30))},
            },
        ),
        (REPORT, at(22, 9), {"reports": (world.report(),)}),
        (REPORT, at(22, 9), {}),
        (DRAFT, at(23, 9), {"campaigns": world.closed()}),
        (
            DRAFT,
            at(22, 9),
            {"campaigns": world.closed(), "reports": (world.report(approved_at=at(22, 9)),)},
        ),
        (HELD, at(16, 9), {}),
        (DIGEST, at(17, 9), {}),
        (STRANGER, at(16, 9), {}),
        (dataclasses.replace(ACK, recipient=OFFICE.upper()), at(16, 9), {}),
        (dataclasses.replace(REMINDER, campaign="gone"), at(16, 9), {}),
        (dataclasses.replace(REMINDER, commune=("00000", world.SINCE)), at(16, 9), {}),
    ],
)
def test_fault_084_what_is_no_longer_owed_when_its_turn_comes(
    mail: world.Mail, now: dt.datetime, changes: dict[str, object]
) -> None:
    """The submission arrived after the reminder was queued, and everything alike: not sent."""
    assert still_due(mail, snapshot(now, **changes), CONFIG, now) != ""


# --- what must hold for any registry --------------------------------------------------------------

moments = st.integers(0, 14 * 24 * 60).map(lambda m: at(12, 0) + dt.timedelta(minutes=m))
codes = st.sampled_from([unit.key for unit in COMMUNES])
places = codes.map(lambda key: (CAMPAIGN, key))


@st.composite
def messages(draw: st.DrawFn, state: str) -> world.Message:
    return world.message(
        draw(st.integers(1, 9)),
        draw(moments),
        state=state,
        sender=draw(st.sampled_from(["", OFFICE, OFFICER, "x@y.example", *HOA_CU.emails])),
        verdict=draw(st.sampled_from(["submission", "bounce", "stranger", "query", None])),
        ack=draw(st.sampled_from(["", "registered", "stranger", "in-review"])),
        commune=draw(st.sampled_from([None, HOA_CU.key, ("99999", world.SINCE)])),
        campaign=draw(st.sampled_from([None, CAMPAIGN, "gone"])),
        decisions=draw(st.integers(0, 2)),
    )


@st.composite
def submissions(draw: st.DrawFn) -> dict[tuple[str, tuple[str, dt.date]], world.Submission]:
    states = st.sampled_from(["registered", "needs-fix", "nil"])
    return {
        place: world.submission(place[1], draw(moments), state=draw(states))
        for place in draw(st.sets(places, max_size=5))
    }


@st.composite
def campaign_states(draw: st.DrawFn) -> dict[str, CampaignState]:
    launched, closed_at = draw(st.none() | moments), draw(st.none() | moments)
    silent = tuple(draw(st.sets(codes))) if closed_at else ()
    return {CAMPAIGN: CampaignState(CAMPAIGN, launched, closed_at, silent)}


@st.composite
def report_rows(draw: st.DrawFn) -> tuple[world.ReportRow, ...]:
    return tuple(
        world.report(number, created_at=draw(moments), approved_at=draw(st.none() | moments))
        for number in range(1, draw(st.integers(0, 3)) + 1)
    )


ADDRESSES = [address for unit in COMMUNES for address in unit.emails + unit.chair_emails]
snapshots = st.builds(
    Snapshot,
    current=submissions(),
    heard=st.dictionaries(places, st.builds(world.heard, moments, st.integers(0, 2))),
    campaigns=st.just({}) | campaign_states(),
    # A registry numbers its messages: no two have the same.
    unanswered=st.lists(messages("recorded"), max_size=4, unique_by=lambda one: one.id).map(tuple),
    held=st.lists(messages("held"), max_size=3, unique_by=lambda one: one.id).map(tuple),
    reports=report_rows(),
    bounced=st.frozensets(
        st.sampled_from([a for c in COMMUNES for a in c.emails + c.chair_emails])
    ),
    polled_at=st.none() | moments,
    unprocessed=st.integers(0, 1),
    brake=st.none() | st.builds(Brake, moments, st.just("why")),
)
configs = st.sampled_from(
    [
        CONFIG,
        world.config(campaigns=[]),
        world.config(communes=[]),
        world.config(security={"answer_strangers": True}),
        world.config(campaigns=[world.campaign(silence="ask"), world.campaign("other")]),
        world.config(calendar_file=CalendarFile(unknown_year="hold")),
        world.config(office={"go_live_at": at(16, 12)}),
    ]
)


@settings(max_examples=250, deadline=None)
@given(snapshots, configs, moments)
def test_any_registry(what: Snapshot, config: Config, now: dt.datetime) -> None:
    calendar = world.calendar(config)
    dues = due(what, config, calendar, now)
    for one in dues:
        assert one.to
        assert one.not_before <= now
        assert not {address.casefold() for address in one.to + one.cc} & {OFFICE}
        if one.kind in UNASKED:
            assert calendar.in_hours(now, config.settings.hours)
        if one.kind in {"call", "reminder"}:
            _owes(one, what, config, now)
        if DEPARTMENT in one.to + one.cc:
            assert one.kind == "report"
            assert any(row.approved_at for row in what.reports)
    assert len(set(keys(dues))) == len(dues)


def _owes(one: Due, what: Snapshot, config: Config, now: dt.datetime) -> None:
    assert one.campaign is not None
    assert one.commune is not None
    assert commune_state(what, one.campaign, one.commune) in {"waiting", "needs-fix"}
    assert now < config.campaign(one.campaign).deadline_at


@settings(max_examples=100, deadline=None)
@given(snapshots, configs, moments, st.randoms(use_true_random=False))
def test_repeats_give_nothing_new_and_the_order_of_the_registry_does_not_matter(
    what: Snapshot, config: Config, now: dt.datetime, random: Random
) -> None:
    calendar = world.calendar(config)
    dues = due(what, config, calendar, now)
    sent = dataclasses.replace(what, mail_keys=what.mail_keys | frozenset(keys(dues)))
    assert due(sent, config, calendar, now) == []
    shuffled = dataclasses.replace(
        what,
        current=dict(random.sample(list(what.current.items()), len(what.current))),
        unanswered=tuple(random.sample(what.unanswered, len(what.unanswered))),
        held=tuple(random.sample(what.held, len(what.held))),
        reports=tuple(random.sample(what.reports, len(what.reports))),
    )
    assert due(shuffled, config, calendar, now) == dues


@settings(max_examples=100, deadline=None)
@given(snapshots, configs, st.lists(moments, min_size=2, max_size=8).map(sorted))
def test_fault_122_whatever_the_clock_does_no_commune_gets_a_step_twice_or_an_older_one_after(
    what: Snapshot, config: Config, times: list[dt.datetime]
) -> None:
    """The clock goes on by leaps, then back an hour: no key twice, no step going back."""
    calendar = world.calendar(config)
    order = [step["id"] for step in STEPS]
    last: dict[object, int] = {}
    seen: set[str] = set(what.mail_keys)
    for now in times:
        for moment in (now, now - dt.timedelta(hours=1)):
            view = dataclasses.replace(
                what, mail_keys=frozenset(seen), polled_at=moment, unprocessed=0
            )
            for one in due(view, config, calendar, moment):
                assert one.key not in seen
                if one.kind == "reminder" and moment == now:
                    place = (one.campaign, one.commune)
                    stage = order.index(one.facts["step"])
                    assert stage > last.get(place, -1)
                    last[place] = stage
                seen.add(one.key)


@settings(max_examples=100, deadline=None)
@given(snapshots, configs, moments)
def test_the_plan_contains_what_is_due_and_nothing_of_the_past(
    what: Snapshot, config: Config, now: dt.datetime
) -> None:
    calendar = world.calendar(config)
    planned = plan(what, config, calendar, now)
    assert set(keys(due(what, config, calendar, now))) <= set(keys(planned))
    assert len(set(keys(planned))) == len(planned)
    assert [one.not_before for one in planned] == sorted(one.not_before for one in planned)


@settings(max_examples=150, deadline=None)
@given(snapshots, configs, moments)
def test_what_is_due_now_is_still_due_a_moment_later(
    what: Snapshot, config: Config, now: dt.datetime
) -> None:
    """The two sets of rules agree: nothing is queued only to be cancelled."""
    calendar = world.calendar(config)
    for one in due(what, config, calendar, now):
        mail = world.mail(
            one.kind,
            one.key,
            one.to[0],
            campaign=one.campaign,
            commune=one.commune,
            message_id=one.message_id,
            queued_at=now,
        )
        wrote = what.heard.get((CAMPAIGN, one.commune or ("", world.SINCE)))
        if wrote is None or wrote.last_at < now:
            assert still_due(mail, what, config, now, calendar) == ""
