"""Promise 3: a commune from which anything arrived in time is never silent."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
from rigs.answers import (
    CAMPAIGN,
    HOA_CU,
    NOON,
    TAN_LIEN,
    ack,
    answer,
    arrive,
    at,
    hash_of,
    reminder,
    slot,
)

from config.model import Campaign, Commune
from registry.model import ARRIVALS, Heard, Outcome, Snapshot, Verdict
from registry.snapshot import (
    commune_state,
    owes_answer,
    silent_communes,
    state_without_answer,
    windows,
)
from registry.store import Store

HOA_CU_COMMUNE = Commune(*HOA_CU, None, "xã", "Hòa Cư", ())
TAN_LIEN_COMMUNE = Commune(*TAN_LIEN, None, "xã", "Tân Liên", ())
#: Only what the questions look at.
CALL = cast("Campaign", SimpleNamespace(id=CAMPAIGN, opens_at=at(-1000), closes_at=at(1000)))


def outcome(verdict: Verdict, state: str = "recorded", **more: Any) -> Outcome:
    return replace(answer(), verdict=verdict, state=cast("Any", state), submission=None, **more)


def silent(snapshot: Snapshot) -> list[str]:
    found = silent_communes(snapshot, CALL, [HOA_CU_COMMUNE, TAN_LIEN_COMMUNE])
    return [commune.name for commune in found]


def test_an_empty_registry_gives_an_empty_snapshot(store: Store) -> None:
    assert store.snapshot([]) == Snapshot()
    assert silent(store.snapshot([CAMPAIGN])) == ["Hòa Cư", "Tân Liên"]


@pytest.mark.parametrize("state", ["recorded", "held"])
@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_every_arrival_breaks_the_silence_and_nothing_else_does(
    store: Store, verdict: Verdict, state: str
) -> None:
    store.record(arrive(store, "a"), outcome(verdict, state), at(1))
    snapshot = store.snapshot([CAMPAIGN])
    counts = verdict in ARRIVALS or state == "held"
    assert silent(snapshot) == (["Tân Liên"] if counts else ["Hòa Cư", "Tân Liên"])
    assert ((CAMPAIGN, HOA_CU) in snapshot.heard) == counts
    waiting = {"recorded": "needs-fix", "held": "in-review"}[state]
    assert commune_state(snapshot, CAMPAIGN, HOA_CU) == (waiting if counts else "waiting")
    assert [message.state for message in snapshot.held] == ["held"] * (state == "held")


def test_a_message_too_large_to_fetch_breaks_the_silence(store: Store) -> None:
    store.note_unfetched(
        slot(1),
        10**8,
        at(0),
        "too-large",
        "too-large",
        "hoacu@xa.example",
        "Hồ sơ",
        at(1),
        commune=HOA_CU,
        campaign=CAMPAIGN,
    )
    assert silent(store.snapshot([CAMPAIGN])) == ["Tân Liên"]


@pytest.mark.parametrize(("minute", "names"), [(999, ["Tân Liên"]), (1000, ["Hòa Cư", "Tân Liên"])])
def test_only_what_arrived_before_closing_breaks_the_silence(
    store: Store, minute: int, names: list[str]
) -> None:
    store.record(arrive(store, "a", minute), answer(), at(2000))
    assert silent(store.snapshot([CAMPAIGN])) == names


def test_an_answer_after_an_unreadable_one_in_time_is_still_no_silence(store: Store) -> None:
    store.record(arrive(store, "late", 1500), answer(content="2"), at(2000))
    store.record(arrive(store, "in time", 900), outcome("unreadable"), at(2000))
    snapshot = store.snapshot([CAMPAIGN])
    assert silent(snapshot) == ["Tân Liên"]
    assert snapshot.heard[CAMPAIGN, HOA_CU] == Heard(at(900), at(1500), 2, 0)


def test_a_message_that_is_looked_at_again_is_in_review(store: Store) -> None:
    message_id = arrive(store, "a")
    assert store.snapshot([CAMPAIGN]).unprocessed == 1
    store.record(message_id, outcome("query", "held", commune=None, campaign=None), at(1))
    assert silent(store.snapshot([CAMPAIGN])) == ["Hòa Cư", "Tân Liên"]
    store.assign(message_id, HOA_CU, CAMPAIGN, "officer", at(2))
    snapshot = store.snapshot([CAMPAIGN])
    assert commune_state(snapshot, CAMPAIGN, HOA_CU) == "in-review"
    assert not owes_answer(snapshot, CALL, HOA_CU_COMMUNE)
    assert snapshot.unprocessed == 1


@pytest.mark.parametrize(
    ("window", "heard"), [((-10, 10), True), ((0, 1), True), ((1, 10), False), ((-10, 0), False)]
)
def test_an_arrival_of_no_known_campaign_counts_where_it_fell(
    store: Store, window: tuple[int, int], heard: bool
) -> None:
    store.record(arrive(store, "a", 0), outcome("query", campaign=None), at(1))
    asked = {CAMPAIGN: (at(window[0]), at(window[1]))}
    assert ((CAMPAIGN, HOA_CU) in store.snapshot(asked).heard) == heard
    assert (CAMPAIGN, HOA_CU) in store.snapshot([CAMPAIGN]).heard


def test_a_form_from_before_the_opening_counts_while_it_waits(store: Store) -> None:
    """Its commune must not be called silent while its own form lies here unread."""
    message_id = arrive(store, "a", 0)
    store.record(message_id, outcome("query", "held", campaign=None), at(1))
    opens_later, closed_before = {CAMPAIGN: (at(5), at(10))}, {CAMPAIGN: (at(-10), at(0))}
    assert commune_state(store.snapshot(opens_later), CAMPAIGN, HOA_CU) == "in-review"
    assert commune_state(store.snapshot(closed_before), CAMPAIGN, HOA_CU) == "waiting"
    store.reject(message_id, "about another matter", "officer", at(2))
    assert commune_state(store.snapshot(opens_later), CAMPAIGN, HOA_CU) == "waiting"


def test_a_newest_message_that_was_not_read_is_known(store: Store) -> None:
    def unread() -> bool:
        return (CAMPAIGN, HOA_CU) in store.newest_unread([CAMPAIGN])

    store.record(arrive(store, "form", 0), answer(), at(1))
    assert not unread()
    store.record(arrive(store, "damaged", 5), outcome("unreadable"), at(6))
    assert unread()
    assert store.newest_unread(["other"]) == frozenset()
    held = arrive(store, "locked", 7)
    store.record(held, outcome("unreadable", "held"), at(8))
    assert not unread()  # a person has it
    store.reject(held, "no", "officer", at(9))
    assert unread()
    store.record(arrive(store, "again", 10), answer(content="2"), at(11))
    assert not unread()


def test_windows_are_what_the_config_says() -> None:
    assert windows([CALL]) == {CAMPAIGN: (at(-1000), at(1000))}


def test_the_state_of_a_commune(store: Store) -> None:
    assert commune_state(store.snapshot([CAMPAIGN]), CAMPAIGN, HOA_CU) == "waiting"
    store.close_campaign(CAMPAIGN, [HOA_CU], at(1))
    assert commune_state(store.snapshot([CAMPAIGN]), CAMPAIGN, HOA_CU) == "silent"
    store.record(arrive(store, "held"), outcome("query", "held"), at(2))
    assert commune_state(store.snapshot([CAMPAIGN]), CAMPAIGN, HOA_CU) == "in-review"
    store.record(arrive(store, "good"), answer(), at(3))
    assert commune_state(store.snapshot([CAMPAIGN]), CAMPAIGN, HOA_CU) == "registered"


def test_in_a_report_only_what_came_in_time_undoes_a_silence(store: Store) -> None:
    store.record(arrive(store, "late", 1000), outcome("unreadable"), at(1001))
    store.close_campaign(CAMPAIGN, [HOA_CU], at(1002))
    late = store.snapshot([CAMPAIGN])
    assert commune_state(late, CAMPAIGN, HOA_CU) == "needs-fix"
    assert state_without_answer(late, CAMPAIGN, HOA_CU, at(1000)) == "silent"
    store.record(arrive(store, "assigned later", 999), outcome("unreadable"), at(1003))
    in_time = store.snapshot([CAMPAIGN])
    assert state_without_answer(in_time, CAMPAIGN, HOA_CU, at(1000)) == "needs-fix"


def test_points_can_be_left_out(store: Store) -> None:
    store.record(arrive(store, "a"), answer(), at(1))
    [full] = store.snapshot([CAMPAIGN]).current.values()
    [slim] = store.snapshot([CAMPAIGN], contents=False).current.values()
    assert full.points
    assert slim == replace(full, points=())


def test_only_the_campaigns_asked_for_are_in_it(store: Store) -> None:
    store.record(arrive(store, "a"), answer(), at(1))
    store.record(arrive(store, "b"), answer(campaign="other"), at(1))
    store.queue([reminder(), replace(reminder("x"), key="remind/other", campaign="other")], at(1))
    snapshot = store.snapshot([CAMPAIGN])
    assert set(snapshot.current) == set(snapshot.heard) == {(CAMPAIGN, HOA_CU)}
    assert snapshot.mail_keys == {reminder().key}


def test_keys_of_every_kind_but_acknowledgments_are_in_it(store: Store) -> None:
    message_id = arrive(store, "a")
    store.record(message_id, outcome("query", "held"), at(1))
    held = replace(reminder(), key="held/1/0", kind="held", message_id=message_id)
    digest = replace(reminder(), key="digest/2024-05-15", kind="digest", campaign=None)
    store.queue([reminder(), held, digest, ack(hash_of("a"))], at(1))
    keys = {reminder().key, "held/1/0", "digest/2024-05-15"}
    assert store.snapshot([CAMPAIGN]).mail_keys == keys
    store.reject(message_id, "no", "officer", at(2))
    assert store.snapshot([CAMPAIGN]).mail_keys == keys - {"held/1/0"}


def test_instants_come_back_aware(store: Store) -> None:
    hanoi = dt.timezone(dt.timedelta(hours=7))
    message_id = store.keep(slot(1), hash_of("a"), 1, NOON.astimezone(hanoi), NOON).message_id
    assert store.message(message_id).received_at == NOON
    assert store.message(message_id).received_at.tzinfo is not None
