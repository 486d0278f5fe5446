"""Brake, caps, pace and the clock."""

import datetime as dt
from collections.abc import Sequence

import pytest
from rigs import world
from rigs.world import COMMUNES, at

from config.model import Limits
from notifier.debt import UNASKED
from notifier.due import Due, due
from notifier.limits import brake, braked_kinds, clock_trouble, over_cap, rate_allows, roster_brake
from registry.model import MailKind

LIMITS = Limits(brake_unasked=3, brake_acks=5)


def debts(kind: MailKind, count: int, cc: Sequence[str] = ()) -> list[Due]:
    return [
        Due(kind, f"{kind}/{n}", (f"xa{n}@caoloc.example",), kind, at(16), cc=tuple(cc))
        for n in range(count)
    ]


@pytest.mark.parametrize("kind", ["reminder", "call", "silence"])
def test_the_brake_counts_unasked_mail(kind: MailKind) -> None:
    assert brake(debts(kind, 3), LIMITS) is None
    reason = brake(debts(kind, 4), LIMITS)
    assert reason is not None
    assert "brake_unasked = 3" in reason


def test_the_brake_counts_recipients_and_adds_up_kinds() -> None:
    assert brake(debts("reminder", 2, cc=["ct@caoloc.example"]), LIMITS) is not None
    assert brake(debts("reminder", 2) + debts("silence", 2), LIMITS) is not None


def test_answers_have_a_brake_of_their_own() -> None:
    assert brake(debts("ack", 3) + debts("stranger", 2), LIMITS) is None
    reason = brake(debts("ack", 4) + debts("stranger", 2), LIMITS)
    assert reason is not None
    assert "brake_acks = 5" in reason


def test_answers_of_the_last_hour_count_with_those_of_this_moment() -> None:
    assert brake(debts("ack", 3), LIMITS, answered=2) is None
    assert brake(debts("ack", 3), LIMITS, answered=3) is not None
    assert "ack" in braked_kinds(debts("ack", 3), LIMITS, answered=3)
    assert brake(debts("held", 1), LIMITS, answered=99) is None


def test_a_pulled_brake_holds_answers_only_if_they_are_the_flood() -> None:
    assert braked_kinds(debts("reminder", 99), LIMITS) == UNASKED
    assert braked_kinds(debts("ack", 6), LIMITS) >= {"ack", "stranger", "reminder"}


def test_our_own_people_are_never_braked() -> None:
    assert brake(debts("held", 99) + debts("alert", 99) + debts("draft", 99), LIMITS) is None


def test_fault_109_a_weeks_outage_is_braked_and_reminds_each_commune_once() -> None:
    """3,000 communes, two missed steps: 3,000 reminders and not 6,000, and the brake holds them."""
    many = [world.commune(f"{number:05d}", f"Xã {number}") for number in range(3000)]
    config = world.config(communes=many)
    now = at(17, 9)
    owed = due(world.snapshot(now), config, world.calendar(config), now)
    dues = [one for one in owed if one.kind == "reminder"]
    assert len(dues) == len({one.commune for one in dues}) == 3000
    assert brake(dues, config.settings.limits) is not None


def test_fault_122_a_clock_before_this_program_was_built_is_not_believed() -> None:
    """NTP at boot says 1970: nothing may run."""
    built_at = at(1)
    reason = clock_trouble(dt.datetime(1970, 1, 1, 0, 3, tzinfo=dt.UTC), built_at)
    assert reason is not None
    assert "before this program was built" in reason
    assert clock_trouble(at(2), built_at) is None


@pytest.mark.parametrize(
    ("hours", "trouble"), [(0, False), (0.1, False), (-1, True), (720, True), (-0.1, False)]
)
def test_fault_122_a_jump_is_seen_against_the_machines_own_counter(
    hours: float, trouble: bool
) -> None:
    """One minute passed by the counter; the wall clock says something else."""
    now = at(16, 8) + dt.timedelta(minutes=1, hours=hours)
    assert (clock_trouble(now, at(1), (at(16, 8), 100.0), 160.0) is not None) is trouble


def test_a_machine_that_slept_is_no_jump() -> None:
    assert clock_trouble(at(17, 8), at(1), (at(16, 8), 0.0), 86_400.0) is None


def test_fault_125_a_roster_that_shrank_is_not_mailed_to() -> None:
    """Emptied or halved: the brake holds; one unit of five is within the share."""
    limits = Limits()
    assert roster_brake(COMMUNES, COMMUNES, limits) is None
    assert roster_brake(COMMUNES, COMMUNES[:4], limits) is None
    assert roster_brake(COMMUNES, COMMUNES[:2], limits) is not None
    assert roster_brake(COMMUNES, (), limits) is not None
    assert roster_brake((), COMMUNES, limits) is None


@pytest.mark.parametrize(
    ("hour", "day", "over"), [(9, 19, False), (10, 10, True), (0, 20, True), (11, 25, True)]
)
def test_caps(hour: int, day: int, over: bool) -> None:
    assert over_cap(hour, day, Limits()) is over


def test_the_rate_looks_at_the_last_minute_only() -> None:
    sent = [at(16, 8, 0, second) for second in (0, 30, 50)]
    assert not rate_allows(sent, at(16, 8, 0, 59), 3)
    assert rate_allows(sent, at(16, 8, 1), 3)
    assert rate_allows([], at(16, 8), 1)


def test_a_clock_set_back_does_not_stop_the_mail() -> None:
    assert rate_allows([at(16, 9)] * 5, at(16, 8), 1)
