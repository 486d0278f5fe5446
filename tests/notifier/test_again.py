"""Debts that reached nobody, and who is told of what came back. Pure."""

import dataclasses
import datetime as dt

import pytest
from rigs import world
from rigs.world import CAMPAIGN, COMMUNES, HOA_CU, OFFICER, at, snapshot

from config.model import Config
from notifier.due import Due, due, plan
from notifier.recheck import still_due
from registry.model import (
    Bounce,
    CampaignState,
    Lost,
    Mail,
    Snapshot,
    again_key,
)

CONFIG = world.config()
KEY = f"remind/{CAMPAIGN}/06223@2020-01-01/d-5"
CALL = f"call/{CAMPAIGN}/06223@2020-01-01"
(TO,) = HOA_CU.emails
(CHAIR,) = HOA_CU.chair_emails


def owed(what: Snapshot, now: dt.datetime, config: Config = CONFIG) -> list[Due]:
    found = due(what, config, world.calendar(config), now)
    return [one for one in found if one.kind != "digest"]


def lost(key: str = KEY, *tried: str, **more: object) -> Lost:
    return Lost(key, CAMPAIGN, HOA_CU.key, frozenset(tried), **more)  # type: ignore[arg-type]


def after_d5(now: dt.datetime, **more: object) -> Snapshot:
    """All d-5 reminders are in the outbox."""
    keys = {f"remind/{CAMPAIGN}/{unit.code}@2020-01-01/d-5" for unit in COMMUNES}
    return snapshot(now, mail_keys=frozenset(keys), **more)


def test_fault_085_a_lost_reminder_is_owed_to_the_chair_when_the_commune_has_no_other() -> None:
    """FAULTS 85: under a key of its own, in office hours, like the first one."""
    now = at(16, 9)
    (one,) = owed(after_d5(now, lost=(lost(KEY, TO),), bounced=frozenset({TO})), now)
    assert (one.to, one.cc, one.key) == ((CHAIR,), (), again_key(KEY, [CHAIR]))
    assert one.facts["step"] == "d-5"
    evening = at(16, 20)
    assert owed(after_d5(evening, lost=(lost(KEY, TO),)), evening) == []


def test_fault_085_nothing_is_owed_to_addresses_that_were_tried_or_are_dead() -> None:
    """FAULTS 85: and not twice under the same key."""
    now = at(16, 9)
    both = lost(KEY, TO, CHAIR)
    assert owed(after_d5(now, lost=(both,)), now) == []
    dead = after_d5(now, lost=(lost(KEY, TO),), bounced=frozenset({TO, CHAIR}))
    assert owed(dead, now) == []
    queued = after_d5(now, lost=(lost(KEY, TO),))
    again = frozenset({again_key(KEY, [CHAIR])})
    queued = dataclasses.replace(queued, mail_keys=queued.mail_keys | again)
    assert owed(queued, now) == []


def test_fault_085_what_is_not_owed_any_more_is_not_sent_again() -> None:
    """FAULTS 85: a later step has taken its place, or the commune answered since."""
    now = at(17, 9)
    earlier = after_d5(now, lost=(lost(KEY, TO),))
    assert not any("/again/" in one.key for one in owed(earlier, now))
    answered = after_d5(
        at(16, 9),
        lost=(lost(KEY, TO),),
        current={(CAMPAIGN, HOA_CU.key): world.submission()},
    )
    assert owed(answered, at(16, 9)) == []


def test_a_mail_that_is_sent_again_is_asked_again_like_the_first() -> None:
    now = at(16, 9)
    mail = Mail(
        1, again_key(KEY, [CHAIR]), CHAIR, "reminder", "Nhắc", "<1@a.example>", "queued",
        at(16, 8), campaign=CAMPAIGN, commune=HOA_CU.key,
    )  # fmt: skip
    assert still_due(mail, after_d5(now), CONFIG, now) == ""
    later = at(17, 9)
    assert "d-2" in still_due(mail, after_d5(later), CONFIG, later)


def test_fault_085_a_lost_acknowledgment_is_owed_to_whoever_else_the_commune_has() -> None:
    """FAULTS 85: but not when its message was decided otherwise since."""
    now = at(15, 20)
    message = world.message()
    key = message.ack_key
    found = owed(snapshot(now, lost=(lost(key, TO, message=message),)), now)
    assert [(one.kind, one.to, one.message_id) for one in found] == [("ack", (CHAIR,), message.id)]
    rejected = dataclasses.replace(message, ack="")
    assert owed(snapshot(now, lost=(lost(key, TO, message=rejected),)), now) == []


BOUNCE = Bounce(TO, "ab" * 32, at(15, 20))


def test_fault_085_the_officers_hear_of_each_bounce_once_and_at_any_hour() -> None:
    """FAULTS 85: the next bounce of the same address is another message, and another notice."""
    now = at(15, 21)
    told = snapshot(now, bounces=(BOUNCE,), bounced=frozenset({TO}))
    (one,) = owed(told, now)
    assert (one.kind, one.to) == ("alert", (OFFICER,))
    assert one.facts["address"] == TO
    assert CHAIR in one.facts["next"]
    assert TO not in one.key, "keys are logged"
    assert owed(dataclasses.replace(told, mail_keys=frozenset({one.key})), now) == []
    second = dataclasses.replace(BOUNCE, identity="cd" * 32)
    (other,) = owed(dataclasses.replace(told, bounces=(second,)), now)
    assert other.key != one.key


def test_a_bounce_of_the_only_officer_makes_no_notice_to_him() -> None:
    """It would come back, and make the next one."""
    now = at(15, 21)
    bounce = dataclasses.replace(BOUNCE, address=OFFICER)
    assert owed(snapshot(now, bounces=(bounce,), bounced=frozenset({OFFICER})), now) == []


def test_addresses_of_nobody_on_the_roster_are_nobodys_news() -> None:
    now = at(15, 21)
    bounce = dataclasses.replace(BOUNCE, address="cu@caoloc.example")
    assert owed(snapshot(now, bounces=(bounce,)), now) == []


@pytest.mark.parametrize(
    ("asked", "told"), [("reached", False), ("open", False), ("in-vain", True), (None, False)]
)
def test_fault_085_who_was_asked_in_vain_is_told_before_closing(asked, told) -> None:
    """FAULTS 85: not who was not asked yet, nor whose mail is still on its way."""
    now = at(21, 9)
    place = (CAMPAIGN, HOA_CU.key)
    before = dict(snapshot(now).asked)
    after = {**before, place: asked} if asked else {k: v for k, v in before.items() if k != place}
    found = [one for one in owed(snapshot(now, asked=after), now) if one.kind == "alert"]
    assert [one.facts["commune"] for one in found] == ([HOA_CU.title] if told else [])
    assert not plan(snapshot(at(14), asked=after), CONFIG, world.calendar(CONFIG), at(14))[
        0
    ].key.startswith("alert/")


@pytest.mark.parametrize("now", [at(16, 9), at(22, 9)], ids=["too early", "closed"])
def test_the_notice_of_the_unreached_has_its_time(now: dt.datetime) -> None:
    asked = {(CAMPAIGN, unit.key): "in-vain" for unit in COMMUNES}
    found = owed(after_d5(now, asked=asked), now)
    assert not [one for one in found if one.kind == "alert"]
    closed = {CAMPAIGN: CampaignState(CAMPAIGN, None, at(20, 8))}
    assert owed(snapshot(at(21, 9), asked=asked, campaigns=closed), at(21, 9)) == []
