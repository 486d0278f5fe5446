"""What is a trouble, how bad, and when the admin hears of it."""

import datetime as dt

import pytest
from rigs.world import at

from config.model import Health
from notifier.health import (
    QUIET,
    Certificate,
    Disk,
    Facts,
    Failing,
    Trouble,
    course,
    mail_key,
    over_key,
    troubles,
)
from registry.model import Brake, OpenTrouble, Vitals

LIMITS = Health()
NOW = at(15, 9)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


def found(**facts):
    """Code, severity and ``about`` of what is not well with these facts."""
    return [(one.code, one.severity, one.about) for one in troubles(Facts(**facts), LIMITS, NOW)]


def test_nothing_known_is_no_trouble() -> None:
    assert found() == []
    assert found(watched=True, running=True, read_at=NOW, turned_at=NOW, started_at=NOW) == []


@pytest.mark.parametrize(
    ("facts", "bad"),
    [
        ({"read_at": NOW - 14 * MINUTE}, False),
        ({"read_at": NOW - 15 * MINUTE}, True),
        ({"started_at": NOW - 15 * MINUTE}, True),
        ({"read_at": NOW - 1 * MINUTE, "started_at": NOW - DAY}, False),
        ({"read_at": NOW - 40 * MINUTE, "poll_seconds": 900.0}, False),
        ({"read_at": NOW - 45 * MINUTE, "poll_seconds": 900.0}, True),
        ({"read_at": NOW + DAY}, False),  # the clock was set back
        ({"read_at": NOW - DAY, "watched": False}, False),
    ],
)
def test_fault_015_an_inbox_that_is_not_read_is_a_trouble_after_a_while(facts, bad) -> None:
    """FAULTS 15: after poll_minutes, or three polls where that is longer; since the last read."""
    wanted = [("poll", "broken", "")] if bad else []
    assert found(**{"watched": True, "running": True} | facts) == wanted


def test_the_reason_of_an_unread_inbox_is_named() -> None:
    facts = {"watched": True, "read_at": NOW - DAY}
    away = {"poll": Failing(NOW - DAY, "the mailbox is away: BYE")}
    for more, why in (
        ({"running": False}, "no daemon runs"),
        ({"running": True, "failing": away}, "BYE"),
        ({"running": True}, "cannot be had"),
    ):
        (one,) = troubles(Facts(**facts | more), LIMITS, NOW)
        assert why in one.text
        assert one.since == NOW - DAY


def test_fault_016_a_refused_login_is_told_at_once_and_once() -> None:
    """FAULTS 16: not again as an inbox that is not read."""
    failing = {"login": Failing(NOW, "wrong password")}
    facts = {"watched": True, "running": True, "read_at": NOW - DAY, "failing": failing}
    assert found(**facts) == [("login", "broken", "")]


def test_a_sending_server_may_be_away_for_a_while_but_not_refuse_us() -> None:
    for since, lasting, bad in ((1, False, False), (15, False, True), (0, True, True)):
        failing = {"smtp": Failing(NOW - since * MINUTE, "no connection", lasting)}
        assert found(failing=failing) == ([("smtp", "broken", "")] if bad else [])


def test_what_keeps_the_program_from_working_is_broken() -> None:
    codes = ("reader", "registry", "clock", "disk")
    told = found(failing={code: Failing(NOW, "reason") for code in codes})
    assert sorted(told) == sorted((code, "broken", "") for code in codes)


def test_machines_that_should_read_and_do_not_are_a_warning() -> None:
    assert found(failing={"readers": Failing(NOW, "reason")}) == [("readers", "warning", "")]


def test_fault_086_a_disk_with_little_room_warns_before_it_is_full() -> None:
    """FAULTS 86: below disk_bytes a warning; a disk that cannot even be asked is broken."""
    low, enough = LIMITS.disk_bytes - 1, LIMITS.disk_bytes
    assert found(disks=(Disk("registry", enough), Disk("vault", low))) == [
        ("disk", "warning", "vault")
    ]
    assert found(disks=(Disk("vault", None),)) == [("disk", "broken", "vault")]


def test_what_the_registry_says_is_a_warning() -> None:
    vitals = Vitals(
        brake=Brake(NOW, "too many"),
        overdue=2,
        overdue_since=NOW - DAY,
        kept=3,
        kept_since=NOW - 60 * MINUTE,
        lost=1,
        lost_since=NOW,
        backed_up_at=NOW - 7 * DAY,
    )
    told = found(vitals=vitals)
    assert [code for code, _, _ in told] == ["brake", "queue", "backlog", "refused", "backup"]
    assert {severity for _, severity, _ in told} == {"warning"}
    fresh = Vitals(kept=1, kept_since=NOW - 59 * MINUTE, backed_up_at=NOW - 6 * DAY)
    assert found(vitals=fresh) == []
    never_asked = Health(backup_days=0)
    old = Facts(vitals=Vitals(backed_up_at=NOW - 400 * DAY))
    assert troubles(old, never_asked, NOW) == []


@pytest.mark.parametrize(
    ("left", "words"), [(dt.timedelta(days=22), ""), (10 * DAY, "ends soon"), (-DAY, "ended")]
)
def test_a_certificate_near_its_end_warns(left, words) -> None:
    facts = Facts(certificates=(Certificate("the IMAP server", NOW + left),))
    told = troubles(facts, LIMITS, NOW)
    assert [words in one.text for one in told] == [True] * bool(words)


def test_fault_124_a_year_without_holidays_warns() -> None:
    """FAULTS 124: which year, and what to do."""
    (one,) = troubles(Facts(unknown_year=2027), LIMITS, NOW)
    assert (one.key, one.severity) == ("calendar/2027", "warning")
    assert "calendar.toml" in one.text
    assert "calendar.toml" in one.advice


def test_a_daemon_without_a_sign_of_life_is_broken() -> None:
    facts = {"watched": True, "running": True, "read_at": NOW}
    assert found(**facts, turned_at=NOW - 15 * MINUTE) == [("daemon", "broken", "")]
    assert found(**facts, turned_at=NOW - 14 * MINUTE) == []


def test_every_trouble_has_advice_in_vietnamese_and_a_title() -> None:
    from typing import get_args  # noqa: PLC0415

    from notifier.health import ADVICE, Code  # noqa: PLC0415
    from notifier.view import ALERTS  # noqa: PLC0415

    assert set(ADVICE) == set(get_args(Code))
    assert set(get_args(Code)) <= set(ALERTS)


# --- its course ---------------------------------------------------------------------------------

LOW = Trouble("disk", "warning", NOW, "little room", "vault")
OPEN = {LOW.key: OpenTrouble(NOW - DAY, "warning", "little room")}


def test_a_new_trouble_begins_and_a_known_one_keeps_its_beginning() -> None:
    new = course([LOW], {}, {}, NOW)
    assert (new.began, new.over) == ((LOW,), ())
    again = course([LOW], OPEN, {}, NOW)
    assert again.began == ()
    assert [one.since for one in again.current] == [NOW - DAY]


def test_a_trouble_that_got_worse_begins_anew() -> None:
    worse = Trouble("disk", "broken", NOW, "full", "vault")
    (began,) = course([worse], OPEN, {}, NOW).began
    assert (began.severity, began.since) == ("broken", NOW - DAY)


def test_a_trouble_is_over_when_it_stayed_away_and_not_when_it_flickers() -> None:
    gone = course([], OPEN, {}, NOW)
    assert (gone.over, dict(gone.absent)) == ((), {LOW.key: NOW})
    back = course([LOW], OPEN, gone.absent, NOW + 10 * MINUTE)
    assert (back.began, back.over, dict(back.absent)) == ((), (), {})
    gone = course([], OPEN, back.absent, NOW + 20 * MINUTE)
    assert course([], OPEN, gone.absent, NOW + 20 * MINUTE + QUIET - MINUTE).over == ()
    assert course([], OPEN, gone.absent, NOW + 20 * MINUTE + QUIET).over == (LOW.key,)


def test_the_admin_hears_at_the_beginning_and_once_for_each_day() -> None:
    keys = [mail_key(LOW, NOW + hours * DAY / 24) for hours in range(72)]
    assert len(set(keys)) == 3
    assert keys[0] == keys[23] != keys[24]
    worse = Trouble("disk", "broken", NOW, "full", "vault")
    assert mail_key(worse, NOW) != keys[0]


def test_what_others_tell_is_told_by_us_from_the_second_day_on() -> None:
    brake = Trouble("brake", "warning", NOW, "too many")
    assert mail_key(brake, NOW) is None
    assert mail_key(brake, NOW + DAY) is not None
    assert over_key("brake", OpenTrouble(NOW, "warning", "too many")) is None
    assert over_key("disk/vault", OPEN[LOW.key]) is not None


def test_what_was_written_down_is_read_again_and_unknown_codes_are_left_out() -> None:
    assert Trouble.read("disk/vault", OPEN[LOW.key]) == Trouble(
        "disk", "warning", NOW - DAY, "little room", "vault"
    )
    assert Trouble.read("gremlins", OPEN[LOW.key]) is None
