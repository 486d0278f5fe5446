"""What follows from a message is written whole or not at all; versions keep their order."""

import itertools
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rigs.answers import (
    CAMPAIGN,
    HOA_CU,
    NOON,
    TAN_LIEN,
    answer,
    arrive,
    at,
    document,
    finding,
    hash_of,
    letter,
    point,
    slot,
)

from registry.errors import NotPossible
from registry.model import (
    WAITS_FOR_US,
    WHOSE_IS_OPEN,
    HeldReason,
    Outcome,
    Submission,
    held_reason,
)
from registry.receipts import valid_receipt
from registry.store import Store

_campaigns = (f"campaign-{number}" for number in itertools.count())


def test_all_that_follows_comes_back_as_it_was_given(store: Store) -> None:
    message_id = arrive(store, "a", received=3)
    recorded = store.record(message_id, answer(), at(5))
    assert recorded == store.message(message_id)
    assert (recorded.state, recorded.verdict, recorded.commune) == (
        "recorded",
        "submission",
        HOA_CU,
    )
    assert (recorded.sender, recorded.sent_at) == ("hoacu@xa.example", NOON)
    assert store.documents(message_id) == [document()]
    [version] = store.submissions(CAMPAIGN)
    assert version == Submission(
        id=recorded.submission_id or 0,
        campaign=CAMPAIGN,
        commune=HOA_CU,
        version=1,
        current=True,
        message_id=message_id,
        received_at=at(3),
        recorded_at=at(5),
        state="registered",
        late=False,
        after_close=False,
        receipt=version.receipt,
        letter=letter(),
        points=(point(),),
        findings=(finding(),),
    )
    assert version.errors == 1
    assert version.receipt.startswith("OCOP2-06223-01-")
    assert valid_receipt(version.receipt)
    assert store.submission_by_receipt(f" {version.receipt.lower()} ") == version
    assert store.submission(version.id) == store.current_submission(CAMPAIGN, HOA_CU) == version
    assert store.verify_journal() is None


def test_the_dossier_of_a_commune_comes_from_every_mail_that_counts(store: Store) -> None:
    paper = replace(
        document(), role="dossier", item="plan", about="bao gia", issued_on="2024-01-02"
    )
    for number, (mail, outcome) in enumerate(
        {
            "with the form": answer(content="1"),
            "later": answer(content="2"),
            "of another commune": answer(commune=TAN_LIEN, content="3"),
            "held": replace(answer(content="4"), state="held", submission=None),
        }.items()
    ):
        brought = replace(outcome, documents=(document(), replace(paper, ordinal=2, name=mail)))
        store.record(arrive(store, mail, number), brought, at(number))
    found = store.dossier(CAMPAIGN, HOA_CU)
    assert [one.name for one in found] == ["with the form", "later"]
    assert found[0] == replace(paper, ordinal=2, name="with the form")


def test_fault_078_correction_becomes_current_and_the_first_version_stays(store: Store) -> None:
    """A second answer of a commune is version 2 and current; version 1 is kept beside it."""
    store.record(arrive(store, "v1", 0), answer(content="1"), at(1))
    store.record(arrive(store, "v2", 2), answer(content="2"), at(3))
    versions = [(one.version, one.current) for one in store.submissions(CAMPAIGN, HOA_CU)]
    assert versions == [(1, False), (2, True)]


def test_before_a_version_came_the_one_that_arrived_last_of_those_with_lower_numbers(
    store: Store,
) -> None:
    for number, minute in enumerate((5, 2, 9), start=1):
        store.record(arrive(store, f"v{number}", minute), answer(content=str(number)), at(10))
    first, second, third = store.submissions(CAMPAIGN, HOA_CU)
    assert store.submission_before(third) == first
    assert store.submission_before(second) == first
    assert store.submission_before(first) is None


def test_fault_079_delayed_first_version_never_rolls_back_the_second(store: Store) -> None:
    """What the server received last is current, in whatever order the messages were recorded."""
    store.record(arrive(store, "v2", 10), answer(content="2"), at(11))
    store.record(arrive(store, "v1", 5), answer(content="1"), at(12))
    current = store.current_submission(CAMPAIGN, HOA_CU)
    assert current is not None
    assert (current.version, current.received_at) == (1, at(10))


def test_of_two_versions_of_one_instant_the_later_recorded_is_current(store: Store) -> None:
    store.record(arrive(store, "v1", 5), answer(content="1"), at(6))
    second = store.record(arrive(store, "v2", 5), answer(content="2"), at(6))
    current = store.current_submission(CAMPAIGN, HOA_CU)
    assert current is not None
    assert current.id == second.submission_id


def test_fault_080_identical_resend_is_found(store: Store) -> None:
    """A message with the same content of the same commune and campaign is known."""
    first = arrive(store, "first", 0)
    store.record(first, answer(content="same"), at(1))
    resend = replace(answer(content="same"), verdict="duplicate", submission=None)
    store.record(arrive(store, "second", 2), resend, at(3))
    found = store.same_content(CAMPAIGN, HOA_CU, "same")
    assert found is not None
    assert found.id == first
    assert store.same_content(CAMPAIGN, TAN_LIEN, "same") is None
    assert store.same_content("other", HOA_CU, "same") is None
    assert store.same_content(CAMPAIGN, HOA_CU, "other") is None


def test_of_several_the_last_one_is_compared(store: Store) -> None:
    for minute, content in enumerate("ABA"):
        store.record(arrive(store, f"{minute} {content}", minute), answer(content=content), at(9))
    found = store.same_content(CAMPAIGN, HOA_CU, "A")
    current = store.current_submission(CAMPAIGN, HOA_CU)
    assert found is not None
    assert current is not None
    assert found.submission_id == current.id


def test_a_message_sent_back_is_no_duplicate_of_its_own_duplicate(store: Store) -> None:
    first = arrive(store, "first", 0)
    store.record(first, answer(content="same"), at(1))
    duplicate = replace(answer(content="same"), verdict="duplicate", submission=None)
    store.record(arrive(store, "second", 2), duplicate, at(3))
    copy = replace(answer(content="same"), verdict="copy", submission=None)
    store.record(arrive(store, "third", 4), copy, at(5))
    store.assign(first, HOA_CU, CAMPAIGN, "officer", at(6))
    assert store.same_content(CAMPAIGN, HOA_CU, "same") is None
    assert store.same_rfc_id("<1@hoacu.example>", "same", "hoacu@xa.example", NOON) is None


def test_fault_011_same_mail_by_two_roads_is_joined_by_id_and_content(store: Store) -> None:
    """Two copies with other Received lines: Message-ID and content together say it is one mail.

    Of one sender and one Date: some programs give every mail the same Message-ID.
    """
    whose = ("hoacu@xa.example", NOON)
    first = arrive(store, "Received: one\r\nthe mail")
    store.record(first, answer(content="same", rfc_message_id="<one@xa.example>"), at(1))
    for spelling in ("<one@xa.example>", "one@xa.example", " <one@xa.example> "):
        found = store.same_rfc_id(spelling, "same", *whose)
        assert found is not None
        assert found.id == first
    assert store.same_rfc_id("<one@xa.example>", "other files", *whose) is None
    assert store.same_rfc_id("<two@xa.example>", "same", *whose) is None
    assert store.same_rfc_id("", "same", *whose) is None
    assert store.same_rfc_id("<>", "same", *whose) is None
    for others in (("tanlien@xa.example", NOON), ("hoacu@xa.example", at(1)), (whose[0], None)):
        assert store.same_rfc_id("<one@xa.example>", "same", *others) is None
    undated = replace(answer(content="same", rfc_message_id="<1@localhost>"), sent_at=None)
    store.record(arrive(store, "undated"), undated, at(2))
    assert store.same_rfc_id("<1@localhost>", "same", "hoacu@xa.example", None) is not None


def test_fault_082_order_within_a_tick_changes_nothing(store: Store) -> None:
    """A good and two other answers of one commune end the same in every order of recording."""
    endings = set()
    for order in itertools.permutations((0, 1, 2)):
        campaign = next(_campaigns)
        for place in order:
            message = arrive(store, f"{campaign} {place}", place)
            outcome = answer(campaign=campaign, content=str(place))
            if place == 0:
                outcome = replace(outcome, verdict="unreadable", submission=None)
            store.record(message, outcome, at(9))
        current = store.current_submission(campaign, HOA_CU)
        heard = store.snapshot([campaign]).heard[campaign, HOA_CU]
        endings.add((current and current.received_at, heard))
    assert len(endings) == 1


def test_an_outcome_is_recorded_whole_or_not_at_all(store: Store) -> None:
    message_id = arrive(store, "a")
    events = len(store.journal())
    naive = replace(answer(), sent_at=NOON.replace(tzinfo=None))
    with pytest.raises(Exception, match="no time zone"):
        store.record(message_id, naive, at(1))
    assert store.message(message_id).state == "kept"
    assert store.submissions(CAMPAIGN) == []
    assert store.documents(message_id) == []
    assert len(store.journal()) == events


def test_hostile_headers_are_stored_as_far_as_they_can_be(store: Store) -> None:
    message_id = arrive(store, "a")
    outcome = replace(answer(), subject="Đăng \udce1 ký\0", sender="a\udcff@xa.example")
    recorded = store.record(message_id, outcome, at(1))
    assert recorded.subject == "Đăng ? ký"
    assert store.verify_journal() is None


def test_receipts_never_collide_when_campaigns_share_a_prefix(store: Store) -> None:
    store.record(arrive(store, "a"), answer(), at(1))
    store.record(arrive(store, "b"), answer(campaign="other"), at(1))
    [one], [other] = store.submissions(CAMPAIGN), store.submissions("other")
    assert one.receipt != other.receipt
    assert valid_receipt(other.receipt)


def test_letter_twins_share_number_and_commune_or_body(store: Store) -> None:
    store.record(arrive(store, "a"), answer(), at(1))
    twins = store.letter_twins

    def found(number: str, organ: str | None, key: tuple[str, object]) -> int:
        return len(twins(CAMPAIGN, number, organ, key))  # type: ignore[arg-type]

    assert found(" 45/ubnd-kt", None, HOA_CU) == 1
    assert found("45/UBND-KT", "UBND XÃ HÒA CƯ", TAN_LIEN) == 1
    assert found("45/UBND-KT", "UBND xã Tân Liên", TAN_LIEN) == 0
    assert found("45/UBND-KT", None, TAN_LIEN) == 0
    assert found("46/UBND-KT", None, HOA_CU) == 0
    assert found("", None, HOA_CU) == 0


def test_dead_addresses_are_remembered_until_they_write(store: Store) -> None:
    lost = (("call/1", "HoaCu@xa.example"), ("call/1", "x@xa.example"))
    bounce = Outcome("recorded", "bounce", "550", returned=lost)
    store.record(arrive(store, "bounce"), bounce, at(1))
    assert store.snapshot([]).bounced == {"hoacu@xa.example", "x@xa.example"}
    store.record(arrive(store, "alive"), answer(), at(2))
    assert store.snapshot([]).bounced == {"x@xa.example"}


# --- decisions ----------------------------------------------------------------------------------


def test_assigning_sends_a_held_message_back_with_the_decision(store: Store) -> None:
    message_id = arrive(store, "a")
    store.begin_attempt(message_id, at(1))
    store.record(message_id, Outcome("held", "query", "two communes"), at(1))
    after = store.assign(message_id, TAN_LIEN, CAMPAIGN, "officer@caoloc.example", at(2))
    assert (after.state, after.tries, after.decisions) == ("kept", 0, 1)
    assert (after.forced_commune, after.forced_campaign) == (TAN_LIEN, CAMPAIGN)
    assert after.forced_by == "officer@caoloc.example"
    event = store.journal(1)[0]
    assert (event.kind, event.subject) == ("assigned", f"message {message_id}")
    before = event.data["before"]
    assert isinstance(before, dict)
    assert (before["state"], before["reason"]) == ("held", "two communes")


def test_an_outcome_that_knows_nothing_of_a_decision_is_not_recorded(store: Store) -> None:
    """The person was faster than the reader: the message is read again, as they decided."""
    message_id = arrive(store, "a")
    store.begin_attempt(message_id, at(1))
    store.assign(message_id, TAN_LIEN, CAMPAIGN, "officer", at(2))
    events = store.journal_head()
    with pytest.raises(NotPossible, match="decided on while"):
        store.record(message_id, answer(HOA_CU), at(3), decisions=0)
    assert store.journal_head() == events
    (message,) = store.kept()
    assert (message.forced_commune, message.decisions) == (TAN_LIEN, 1)
    assert store.record(message_id, answer(TAN_LIEN), at(4), decisions=1).state == "recorded"


def test_assigning_a_recorded_message_withdraws_its_version(store: Store) -> None:
    store.record(arrive(store, "old", 0), answer(content="1"), at(1))
    message_id = arrive(store, "new", 2)
    store.record(message_id, answer(content="2"), at(3))
    store.assign(message_id, TAN_LIEN, CAMPAIGN, "officer", at(4))
    current = store.current_submission(CAMPAIGN, HOA_CU)
    assert current is not None
    assert current.version == 1
    store.record(message_id, answer(TAN_LIEN, content="2"), at(5))
    assert store.documents(message_id) == [document()]
    tan_lien = store.current_submission(CAMPAIGN, TAN_LIEN)
    assert tan_lien is not None
    assert (tan_lien.version, tan_lien.message_id) == (1, message_id)
    versions = [(one.version, one.withdrawn) for one in store.submissions(CAMPAIGN, HOA_CU)]
    assert versions == [(1, False), (2, True)]


def test_a_withdrawn_number_is_never_given_again(store: Store) -> None:
    message_id = arrive(store, "a")
    store.record(message_id, answer(), at(1))
    store.assign(message_id, HOA_CU, CAMPAIGN, "officer", at(2))
    store.record(message_id, answer(), at(3))
    assert [one.version for one in store.submissions(CAMPAIGN)] == [1, 2]


def test_accepting_needs_a_commune_and_a_campaign(store: Store) -> None:
    message_id = arrive(store, "a")
    with pytest.raises(NotPossible, match="nothing to accept"):
        store.accept(message_id, "officer", at(1))
    store.record(message_id, Outcome("held", "query", "who?"), at(1))
    with pytest.raises(NotPossible, match="use assign"):
        store.accept(message_id, "officer", at(2))


@pytest.mark.parametrize("code", sorted(WHOSE_IS_OPEN))
def test_accepting_does_not_say_whose_answer_it_is(store: Store, code: HeldReason) -> None:
    message_id = arrive(store, "a")
    reason = held_reason(code, "Xã Hòa Cư", "Xã Gia Cát")
    held = replace(answer(), state="held", reason=reason, submission=None)
    store.record(message_id, held, at(1))
    with pytest.raises(NotPossible, match="use assign"):
        store.accept(message_id, "officer", at(2))
    store.reject(message_id, "not theirs", "officer", at(3))
    with pytest.raises(NotPossible, match="use assign"):
        store.accept(message_id, "officer", at(4))
    store.assign(message_id, HOA_CU, CAMPAIGN, "officer", at(5))
    store.record(message_id, answer(), at(6))
    store.reject(message_id, "twice", "officer", at(7))
    assert store.accept(message_id, "officer", at(8)).state == "kept"


def test_accepting_keeps_what_was_understood(store: Store) -> None:
    message_id = arrive(store, "a")
    held = replace(answer(), state="held", verdict="secret", submission=None)
    store.record(message_id, held, at(1))
    after = store.accept(message_id, "officer", at(2))
    assert (after.state, after.forced_commune, after.forced_campaign) == ("kept", HOA_CU, CAMPAIGN)


@pytest.mark.parametrize("code", get_args(HeldReason))
def test_only_what_waits_for_us_is_taken_up_without_a_person(
    store: Store, code: HeldReason
) -> None:
    message_id = arrive(store, "a", uid=900)
    store.begin_attempt(message_id, at(1))
    held = Outcome("held", "unchecked", held_reason(code, "away"), commune=HOA_CU)
    store.record(message_id, held, at(1))
    if code not in WAITS_FOR_US:
        with pytest.raises(NotPossible):
            store.take_up(message_id, at(2))
        return
    after = store.take_up(message_id, at(2))
    assert (after.state, after.tries, after.decisions, after.forced_by) == ("kept", 0, 0, "")
    assert [one.id for one in store.kept()] == [message_id]
    event = store.journal(subject=f"message {message_id}")[0]
    assert (event.kind, event.data["reason"]) == ("taken-up", f"{code}: away")
    with pytest.raises(NotPossible):
        store.take_up(message_id, at(3))


def test_rejecting_withdraws_and_is_no_longer_heard(store: Store) -> None:
    message_id = arrive(store, "a", uid=900)
    store.record(message_id, answer(), at(1))
    after = store.reject(message_id, "spam", "officer", at(2))
    assert (after.state, after.reason, after.decisions) == ("rejected", "spam", 1)
    snapshot = store.snapshot([CAMPAIGN])
    assert (snapshot.current, snapshot.heard, snapshot.unanswered) == ({}, {}, ())
    assert store.slots_to_file() == [(slot(900), "processed")]
    assert store.reject(message_id, "again", "officer", at(3)) == after


def test_assigning_a_message_that_was_never_fetched_only_attributes_it(store: Store) -> None:
    message_id = store.note_unfetched(
        slot(1), 10**8, at(0), "too-large", "too-large", "kt@gmail.example", "Hồ sơ", at(1)
    ).message_id
    after = store.assign(message_id, HOA_CU, CAMPAIGN, "officer", at(2))
    assert (after.state, after.commune, after.ack) == ("recorded", HOA_CU, "too-large")
    assert store.kept() == []
    assert (CAMPAIGN, HOA_CU) in store.snapshot([CAMPAIGN]).heard


def test_decisions_about_nothing_are_key_errors(store: Store) -> None:
    with pytest.raises(KeyError):
        store.assign(99, HOA_CU, CAMPAIGN, "officer", NOON)
    with pytest.raises(KeyError):
        store.record(99, answer(), NOON)
    with pytest.raises(KeyError):
        store.submission(99)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["record", "record", "assign", "reject"]),
        st.integers(0, 5),
        st.sampled_from([HOA_CU, TAN_LIEN]),
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_exactly_one_version_is_current_whatever_happens(
    store: Store, steps: list[tuple[str, int, tuple[str, object]]]
) -> None:
    campaign = next(_campaigns)
    for number, (step, minute, commune) in enumerate(steps):
        message_id = arrive(store, f"{campaign} {number}", minute)
        outcome = answer(commune, campaign, content=str(number))  # type: ignore[arg-type]
        store.record(message_id, outcome, at(9))
        if step == "assign":
            store.assign(message_id, HOA_CU, campaign, "officer", at(10))
        if step == "reject":
            store.reject(message_id, "no", "officer", at(10))
    for key in (HOA_CU, TAN_LIEN):
        versions = store.submissions(campaign, key)
        assert [one.version for one in versions] == list(range(1, len(versions) + 1))
        valid = [one for one in versions if not one.withdrawn]
        newest = max(valid, key=lambda one: (one.received_at, one.id), default=None)
        assert [one for one in versions if one.current] == ([newest] if newest else [])
    assert store.verify_journal() is None


def test_messages_are_found_by_the_beginning_of_their_hash(store: Store) -> None:
    message_id = arrive(store, "a")
    found = store.message_by_sha(hash_of("a")[:10].upper())
    assert found is not None
    assert found.id == message_id
    assert store.message_by_sha(hash_of("a")[:5]) is None
    assert store.message_by_sha("0" * 10) is None


def test_a_file_of_an_earlier_round_is_known(store: Store) -> None:
    store.record(arrive(store, "first"), answer(campaign="ocop-2024-1"), at(1))
    same = [document().sha256]
    assert store.earlier_round(CAMPAIGN, HOA_CU, same) == "ocop-2024-1"
    assert store.earlier_round("ocop-2024-1", HOA_CU, same) == ""
    assert store.earlier_round(CAMPAIGN, TAN_LIEN, same) == ""
    assert store.earlier_round(CAMPAIGN, HOA_CU, []) == ""
