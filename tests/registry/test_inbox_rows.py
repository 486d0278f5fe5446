"""Which messages are known, wait to be understood, and must be filed."""

from pathlib import Path

import pytest
from rigs.answers import CAMPAIGN, HOA_CU, NOON, answer, arrive, at, hash_of, slot
from rigs.registry import url

from registry.errors import NotPossible
from registry.model import Arrival, Outcome
from registry.store import Store, open_store

ACCOUNT = "ocop@mail.example"


def held(reason: str = "two communes are possible") -> Outcome:
    return Outcome("held", "query", reason)


def test_a_kept_message_waits_to_be_understood(store: Store) -> None:
    kept = store.keep(slot(1), hash_of("a"), 60_000, at(0), at(1))
    assert kept.new
    [message] = store.kept()
    assert (message.id, message.sha256, message.size_bytes) == (
        kept.message_id,
        hash_of("a"),
        60_000,
    )
    assert (message.received_at, message.state, message.verdict) == (at(0), "kept", None)
    assert store.known_slots(ACCOUNT, "INBOX", 7) == {1}


def test_slots_of_other_folders_accounts_and_validities_are_not_known(store: Store) -> None:
    arrive(store, "a", uid=1)
    assert store.known_slots(ACCOUNT, "INBOX", 8) == set()
    assert store.known_slots(ACCOUNT, "Other", 7) == set()
    assert store.known_slots("other@mail.example", "INBOX", 7) == set()


def test_uidvalidity_may_be_any_32_bit_number(store: Store) -> None:
    store.keep(slot(4_294_967_295, 4_294_967_295), hash_of("a"), 1, at(0), at(0))
    assert store.known_slots(ACCOUNT, "INBOX", 4_294_967_295) == {4_294_967_295}
    assert store.last_uidvalidity(ACCOUNT, "INBOX") == 4_294_967_295


def test_an_unseen_folder_has_no_uidvalidity(store: Store) -> None:
    assert store.last_uidvalidity(ACCOUNT, "INBOX") is None


def test_fault_001_message_fetched_again_is_kept_once(store: Store) -> None:
    """A kill between the row and the next step lets the same slot be kept again: one message."""
    first = store.keep(slot(1), hash_of("a"), 5, at(0), at(0))
    again = store.keep(slot(1), hash_of("a"), 5, at(0), at(9))
    assert (again.message_id, again.new) == (first.message_id, False)
    assert len(store.kept()) == 1


def test_fault_002_kept_message_is_there_after_a_kill(store: Store, tmp_path: Path) -> None:
    """What was kept is to be understood after a restart, though nothing was closed properly."""
    message_id = arrive(store, "a")
    with open_store(url(tmp_path), tmp_path) as reopened:
        assert [message.id for message in reopened.kept()] == [message_id]


def test_fault_003_recorded_message_is_still_to_be_filed_after_a_kill(
    store: Store, tmp_path: Path
) -> None:
    """A kill between commit and move leaves only the move to do; recording again is refused."""
    message_id = arrive(store, "a", uid=1)
    store.record(message_id, answer(), at(1))
    with open_store(url(tmp_path), tmp_path) as reopened:
        assert reopened.slots_to_file() == [(slot(1), "processed")]
        with pytest.raises(NotPossible, match="recorded"):
            reopened.record(message_id, answer(), at(2))
        reopened.filed(slot(1), "processed", 11, at(3))
        reopened.filed(slot(1), "processed", 11, at(3))
        assert reopened.slots_to_file() == []
        assert len(reopened.submissions(CAMPAIGN)) == 1


def test_fault_004_new_uidvalidity_changes_nothing_for_known_letters(store: Store) -> None:
    """After a change of UIDVALIDITY the same letters are known by their hashes: only filed."""
    message_id = arrive(store, "a", uid=1)
    store.record(message_id, answer(), at(1))
    store.filed(slot(1), "processed", 11, at(1))
    assert store.last_uidvalidity(ACCOUNT, "INBOX") == 7
    again = store.keep(slot(1, uidvalidity=8), hash_of("a"), 1, at(0), at(2))
    assert (again.message_id, again.new) == (message_id, False)
    assert store.kept() == []
    assert store.slots_to_file() == [(slot(1, uidvalidity=8), "processed")]
    assert store.last_uidvalidity(ACCOUNT, "INBOX") == 8


def test_fault_005_new_letters_under_old_uids_are_new(store: Store) -> None:
    """UIDs that start over under a new UIDVALIDITY hide no new letter."""
    arrive(store, "a", uid=1)
    assert store.known_slots(ACCOUNT, "INBOX", 8) == set()
    assert store.keep(slot(1, uidvalidity=8), hash_of("b"), 1, at(1), at(1)).new


def test_fault_006_recycled_uid_under_the_same_uidvalidity_hides_nothing(store: Store) -> None:
    """A mailbox made anew in the same second: a UID that we had moved away is fetched again."""
    store.record(arrive(store, "a", uid=1), answer(), at(1))
    store.filed(slot(1), "processed", 11, at(1))
    assert store.known_slots(ACCOUNT, "INBOX", 7) == set()
    assert store.keep(slot(1), hash_of("b"), 1, at(2), at(2)).new
    assert [message.sha256 for message in store.kept()] == [hash_of("b")]
    assert store.known_slots(ACCOUNT, "INBOX", 7) == {1}


def test_a_letter_that_a_move_left_in_its_slot_is_not_moved_forever(store: Store) -> None:
    store.record(arrive(store, "a", uid=1), answer(), at(1))
    store.filed(slot(1), "processed", 11, at(1))
    assert not store.keep(slot(1), hash_of("a"), 1, at(0), at(2)).new
    assert store.known_slots(ACCOUNT, "INBOX", 7) == {1}
    assert store.slots_to_file() == []


def test_fault_010_letter_moved_back_by_hand_is_filed_again(store: Store) -> None:
    """A handled letter that somebody drags back to the inbox is known, and only filed."""
    message_id = arrive(store, "a", uid=1)
    store.record(message_id, answer(), at(1))
    store.filed(slot(1), "processed", 11, at(1))
    assert store.keep(slot(2), hash_of("a"), 1, at(0), at(2)).message_id == message_id
    assert store.kept() == []
    assert store.slots_to_file() == [(slot(2), "processed")]


def test_fault_022_first_start_takes_batches_oldest_first(store: Store) -> None:
    """20,000 letters at the first start are taken in batches, the oldest arrivals first."""
    arrivals = [Arrival(slot(uid), hash_of(str(uid)), 1, at(1000 - uid)) for uid in range(1, 200)]
    kept = store.keep_all(arrivals, NOON)
    assert [one.message_id for one in kept] == list(range(1, 200))
    batch = store.kept(50)
    assert len(batch) == 50
    assert [message.received_at for message in batch] == [
        at(1000 - uid) for uid in range(199, 149, -1)
    ]


def test_of_messages_of_one_instant_the_hash_decides_the_order(store: Store) -> None:
    for text in ("a", "b", "c", "d"):
        arrive(store, text)
    hashes = [message.sha256 for message in store.kept()]
    assert hashes == sorted(hashes)


def test_fault_096_attempts_are_counted_before_they_are_made(store: Store, tmp_path: Path) -> None:
    """A letter that kills the daemon is counted by the next one: the fourth start can hold it."""
    message_id = arrive(store, "poison")
    for number in (1, 2, 3):
        with open_store(url(tmp_path), tmp_path) as started:
            assert started.begin_attempt(message_id, at(number)) == number
    assert store.message(message_id).tries == 3
    store.record(message_id, held("it broke the reader three times"), at(4))
    assert store.kept() == []
    with pytest.raises(NotPossible):
        store.begin_attempt(message_id, at(5))


def test_the_attempts_of_a_batch_are_counted_together_or_not_at_all(store: Store) -> None:
    one, two = arrive(store, "one", uid=1), arrive(store, "two", uid=2)
    assert store.begin_attempts([one, two], at(1)) == [one, two]
    assert store.begin_attempts([], at(1)) == []
    store.record(two, held(), at(2))
    assert store.begin_attempts([one, two], at(3)) == [one]
    assert (store.message(one).tries, store.message(two).tries) == (2, 1)


def test_a_held_message_goes_to_held_and_later_from_there_to_processed(store: Store) -> None:
    message_id = arrive(store, "a", uid=1)
    store.record(message_id, held(), at(1))
    assert store.slots_to_file() == [(slot(1), "held")]
    store.filed(slot(1), "held", 31, at(1), folder="Chờ xử lý", uidvalidity=9)
    assert store.slots_to_file() == []
    store.assign(message_id, HOA_CU, CAMPAIGN, "officer", at(2))
    assert store.slots_to_file() == []
    store.record(message_id, answer(), at(3))
    place = slot(31, uidvalidity=9, folder="Chờ xử lý")
    assert store.slots_to_file() == [(place, "processed")]
    store.filed(place, "processed", None, at(4), folder="Đã xử lý")
    assert store.slots_to_file() == []


def test_a_message_that_was_moved_no_one_knows_where_is_left_there(store: Store) -> None:
    message_id = arrive(store, "a", uid=1)
    store.record(message_id, held(), at(1))
    store.filed(slot(1), "held", None, at(1), folder="Chờ xử lý")
    store.assign(message_id, HOA_CU, CAMPAIGN, "officer", at(2))
    store.record(message_id, answer(), at(3))
    assert store.slots_to_file() == []


def test_a_message_that_is_not_understood_yet_stays(store: Store) -> None:
    arrive(store, "a", uid=1)
    assert store.slots_to_file() == []


def test_an_unfetched_message_is_known_answered_once_and_never_moved(store: Store) -> None:
    def note(uid: int, uidvalidity: int) -> tuple[int, bool]:
        kept = store.note_unfetched(
            slot(uid, uidvalidity),
            80_000_000,
            at(0),
            "too-large",
            "too-large",
            "hoacu@xa.example",
            "Hồ sơ",
            at(1),
            rfc_message_id="<big@xa.example>",
            commune=HOA_CU,
            campaign=CAMPAIGN,
        )
        return kept.message_id, kept.new

    message_id, new = note(1, 7)
    assert new
    assert note(1, 7) == (message_id, False)
    assert note(5, 8) == (message_id, False)
    assert store.known_slots(ACCOUNT, "INBOX", 8) == {5}
    assert store.kept() == []
    assert store.slots_to_file() == []
    [owed] = store.snapshot([CAMPAIGN]).unanswered
    assert (owed.id, owed.sha256, owed.ack) == (message_id, "", "too-large")
    assert owed.ack_key == f"ack/{owed.content_key[:20]}/too-large"


def test_two_large_messages_of_one_second_and_size_are_two(store: Store) -> None:
    ids = {
        store.note_unfetched(
            slot(uid), 10**8, at(0), "too-large", "", sender, "s", at(0)
        ).message_id
        for uid, sender in ((1, "hoacu@xa.example"), (2, "tanlien@xa.example"))
    }
    assert len(ids) == 2


def test_fault_022_letters_from_before_go_live_are_noted_and_left_alone(store: Store) -> None:
    """The years of mail that lie in the inbox at the first start are neither read nor answered."""
    listed = [(slot(uid), 1000, at(-uid)) for uid in range(1, 101)]
    assert store.note_old(listed, "before go-live", at(0)) == 100
    assert store.note_old(listed, "before go-live", at(1)) == 0
    assert store.known_slots(ACCOUNT, "INBOX", 7) == set(range(1, 101))
    assert (store.kept(), store.slots_to_file()) == ([], [])
    assert store.snapshot([]).unanswered == ()
    assert store.counts().verdicts == {"old": 100}


def test_what_was_old_is_not_known_once_going_live_was_earlier(store: Store) -> None:
    """Who mends a slip in go_live_at gets what came since then, each of it once."""
    store.note_old([(slot(uid), 1000, at(uid)) for uid in (1, 2, 3)], "before go-live", at(9))
    arrive(store, "a", received=4, uid=4)

    def known(live_since: int) -> set[int]:
        return store.known_slots(ACCOUNT, "INBOX", 7, at(live_since))

    assert (known(9), known(2), known(0)) == ({1, 2, 3, 4}, {1, 4}, {4})
    store.keep(slot(2), hash_of("b"), 1000, at(2), at(10))
    store.note_unfetched(slot(3), 1000, at(3), "too-large", "", "", "", at(10))
    assert known(2) == {1, 2, 3, 4}
    assert [one.sha256 for one in store.kept()] == [hash_of("b"), hash_of("a")]


def test_what_another_account_owes_does_not_stand_in_the_way(store: Store) -> None:
    store.record(arrive(store, "a", uid=1), held(), at(1))
    assert store.slots_to_file(1, account=ACCOUNT) == [(slot(1), "held")]
    assert store.slots_to_file(1, account="new@mail.example") == []


def test_a_poll_is_remembered(store: Store) -> None:
    assert store.snapshot([]).polled_at is None
    store.polled(at(1))
    store.polled(at(2))
    assert store.snapshot([]).polled_at == at(2)
