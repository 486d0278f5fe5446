"""Each mail once under its key; its outcome is never lost and never made up."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from rigs.answers import CAMPAIGN, HOA_CU, NOON, ack, answer, arrive, at, hash_of, reminder
from rigs.registry import url

from registry.errors import NotPossible
from registry.model import Mail, MailState
from registry.store import Store, open_store


def queued(store: Store) -> Mail:
    store.queue([reminder()], at(0))
    [mail] = store.next_mails(at(0), 10)
    return mail


def test_a_queued_mail_is_sent_as_it_was_rendered(store: Store) -> None:
    mail = queued(store)
    assert (mail.key, mail.recipient, mail.state) == (reminder().key, "hoacu@xa.example", "queued")
    assert (mail.campaign, mail.commune, mail.kind) == (CAMPAIGN, HOA_CU, "reminder")
    assert store.mail_raw(mail.id) == reminder().raw
    store.handed(mail.id, at(1))
    assert store.next_mails(at(9), 10) == []
    store.settle(mail.id, "sent", at(2), "250 2.0.0 ok", "mx.xa.example")
    sent = store.mail(mail.id)
    assert (sent.state, sent.attempts, sent.sent_at) == ("sent", 1, at(2))
    assert (sent.response, sent.server) == ("250 2.0.0 ok", "mx.xa.example")
    assert store.unsaved_mails() == [sent]
    store.saved(mail.id, at(3))
    assert store.unsaved_mails() == []
    assert store.verify_journal() is None


def test_the_key_is_the_idempotence(store: Store) -> None:
    """FAULTS rule 3: whoever computes the same debt again changes nothing."""
    assert store.queue([reminder(), reminder()], at(0)) == 1
    assert store.queue([replace(reminder(), raw=b"other wording")], at(1)) == 0
    assert store.queue([reminder(recipient="chair@xa.example")], at(1)) == 1
    first, second = store.next_mails(at(2), 10)
    assert store.mail_raw(first.id) == store.mail_raw(second.id) == reminder().raw


def test_two_daemons_queue_one_mail(store: Store, tmp_path: Path) -> None:
    with open_store(url(tmp_path), tmp_path) as other:
        assert store.queue([reminder()], at(0)) + other.queue([reminder()], at(0)) == 1


def test_an_answer_in_the_outbox_is_owed_no_more(store: Store) -> None:
    message_id = arrive(store, "a")
    store.record(message_id, answer(), at(1))
    [owed] = store.snapshot([CAMPAIGN]).unanswered
    assert owed.ack_key == ack(hash_of("a")).key
    store.queue([ack(hash_of("a"))], at(2))
    assert store.snapshot([CAMPAIGN]).unanswered == ()


def test_an_answer_that_is_there_already_is_not_owed_again(store: Store) -> None:
    message_id = arrive(store, "a")
    store.queue([ack(hash_of("a"))], at(0))
    store.record(message_id, answer(), at(1))
    assert store.snapshot([CAMPAIGN]).unanswered == ()


def test_after_a_decision_another_wording_is_owed(store: Store) -> None:
    message_id = arrive(store, "a")
    held = replace(answer(), state="held", ack="in-review", submission=None)
    store.record(message_id, held, at(1))
    store.queue([ack(hash_of("a"), "in-review")], at(2))
    store.accept(message_id, "officer", at(3))
    assert store.snapshot([CAMPAIGN]).unanswered == ()
    store.record(message_id, answer(), at(4))
    assert [one.ack for one in store.snapshot([CAMPAIGN]).unanswered] == ["registered"]


def test_mails_wait_for_their_time_and_the_longest_waiting_goes_first(store: Store) -> None:
    store.queue([replace(reminder("later"), not_before=at(60))], at(0))
    store.queue([reminder("second")], at(2))
    store.queue([replace(reminder("first"), not_before=at(1))], at(3))
    assert [mail.key[-6:] for mail in store.next_mails(at(5), 10)] == ["/first", "second"]
    assert len(store.next_mails(at(5), 1)) == 1
    assert len(store.next_mails(at(60), 10)) == 3


def test_fault_102_later_is_tried_at_its_time_and_each_try_counts_once(store: Store) -> None:
    """A greylisted mail waits for its next try; an attempt counts whether or not it was handed."""
    mail = queued(store)
    store.settle(mail.id, "queued", at(1), "451 greylisted", next_try_at=at(10))
    assert store.next_mails(at(9), 10) == []
    [again] = store.next_mails(at(10), 10)
    assert (again.attempts, again.response) == (1, "451 greylisted")
    store.handed(mail.id, at(10))
    store.settle(mail.id, "queued", at(11), "452 too many", next_try_at=at(20))
    assert store.mail(mail.id).attempts == 2


def test_waiting_by_our_own_doing_is_no_attempt_and_the_journal_says_so(store: Store) -> None:
    """It tells what does not count, for older programs counted it and told nothing."""
    mail = queued(store)
    store.settle(mail.id, "queued", at(1), "the cap", next_try_at=at(5), tried=False)
    store.settle(mail.id, "queued", at(5), "451 greylisted", next_try_at=at(10))
    assert store.mail(mail.id).attempts == 1
    told = [one for one in store.journal(10) if one.kind == "mail-queued"]
    assert {one.at: one.data.get("tried") for one in told} == {at(1): False, at(5): None}


def test_fault_103_never_is_the_end(store: Store) -> None:
    """A mail that a server refused for good is not sent again and not settled again."""
    mail = queued(store)
    store.settle(mail.id, "refused", at(1), "550 5.1.1 no such user")
    assert store.next_mails(at(99), 10) == []
    assert store.mail(mail.id).attempts == 1
    with pytest.raises(NotPossible, match="refused already"):
        store.settle(mail.id, "queued", at(2))
    with pytest.raises(NotPossible):
        store.handed(mail.id, at(2))


def test_fault_103_a_refusal_waits_until_somebody_is_told(store: Store) -> None:
    """The alert that tells of it ends the wait in the same transaction; an alert's own is none."""
    lost = queued(store)
    store.queue([replace(reminder(), key="alert/smtp", kind="alert")], at(0))
    [warning] = [mail for mail in store.mails() if mail.kind == "alert"]
    for mail in (lost, warning):
        store.settle(mail.id, "refused", at(1), "550 5.1.1 no such user")
    assert [mail.id for mail in store.untold_refusals()] == [lost.id]
    store.queue([], at(2), tells=[lost.id])
    assert store.untold_refusals() == []


def test_a_copy_is_known_by_the_mails_message_id(store: Store) -> None:
    """Whichever of its recipients it was made for."""
    mail = queued(store)
    store.settle(mail.id, "sent", at(1), "250 ok")
    assert not store.has_copy(mail.rfc_message_id)
    store.saved(mail.id, at(2))
    assert store.has_copy(mail.rfc_message_id)
    assert not store.has_copy("<other@caoloc.example>")


@pytest.mark.parametrize("fault", ["098 lost", "099 hung", "104 garbled"])
def test_fault_098_unknown_is_retried_only_when_asked(store: Store, fault: str) -> None:
    """After the final dot nobody knows: no retry unless settled with one, then the same bytes."""
    mail = queued(store)
    store.handed(mail.id, at(1))
    store.settle(mail.id, "unknown", at(2), fault)
    assert store.next_mails(at(999), 10) == []
    store.settle(mail.id, "unknown", at(3), fault, next_try_at=at(30))
    [again] = store.next_mails(at(30), 10)
    assert (again.attempts, again.rfc_message_id) == (1, mail.rfc_message_id)
    store.handed(mail.id, at(30))
    store.settle(mail.id, "sent", at(31), "250 ok")
    assert store.mail(mail.id).attempts == 2


def test_fault_110_kill_after_handing_over_leaves_unknown(store: Store, tmp_path: Path) -> None:
    """A kill between the final dot and its 250: at the next start the mail is unknown, not owed."""
    mail = queued(store)
    store.handed(mail.id, at(1))
    with open_store(url(tmp_path), tmp_path) as restarted:
        assert [one.id for one in restarted.interrupted(at(5))] == [mail.id]
        assert restarted.mail(mail.id).state == "unknown"
        assert restarted.next_mails(at(99), 10) == []
        assert restarted.interrupted(at(6)) == []
        assert restarted.queue([reminder()], at(7)) == 0


def test_fault_109_mails_that_the_brake_holds_leave_only_after_release(store: Store) -> None:
    """3,000 reminders after an outage: held until a person releases them, then each once."""
    assert store.queue([reminder(f"d{day}") for day in range(30)], at(0), held=True) == 30
    store.pull_brake("3000 reminders at once", at(0))
    store.pull_brake("a later reason", at(1))
    brake = store.snapshot([]).brake
    assert brake is not None
    assert (brake.pulled_at, brake.reason) == (at(0), "3000 reminders at once")
    assert store.next_mails(at(99), 99) == []
    store.release_brake("officer", at(100))
    assert store.release_mails(at(100)) == 30
    assert store.release_mails(at(100)) == 0
    assert store.snapshot([]).brake is None
    assert len(store.next_mails(at(100), 99)) == 30


def copies(store: Store, recipient: str, since: dt.datetime) -> int:
    """How many the gate counts for a recipient's cap."""
    asked = replace(store.mails()[0], recipient=recipient)
    return sum(one.copies(since) for one in store.outgoing([asked], since).given)


def test_a_cap_counts_what_a_recipient_got_or_may_have_got(store: Store) -> None:
    states: tuple[MailState, ...] = ("sent", "unknown", "refused", "cancelled", "queued")
    for number, state in enumerate(states):
        recipient = "HoaCu@xa.example" if number % 2 else "hoacu@xa.example"
        store.queue([reminder(state, recipient)], at(0))
        mail = store.mails()[-1]
        store.handed(mail.id, at(10))
        store.settle(mail.id, state, at(11))
    store.queue([reminder("sending")], at(0))
    store.handed(store.mails()[-1].id, at(12))
    assert copies(store, "HOACU@xa.example", at(10)) == 3
    assert copies(store, "hoacu@xa.example", at(11)) == 1
    assert copies(store, "other@xa.example", at(0)) == 0


def test_a_mail_that_may_have_left_twice_counts_twice(store: Store) -> None:
    """Caps hold for what a recipient may have got, not for what we meant to send."""
    store.queue([reminder()], at(0))
    (mail,) = store.next_mails(at(0), 1)
    store.handed(mail.id, at(10))
    store.settle(mail.id, "unknown", at(11), "lost after the dot", "server", at(30))
    assert copies(store, mail.recipient, at(0)) == 1
    store.handed(mail.id, at(30))
    store.settle(mail.id, "sent", at(31))
    assert copies(store, mail.recipient, at(0)) == 2
    assert copies(store, mail.recipient, at(20)) == 1
    assert copies(store, mail.recipient, at(31)) == 0


def test_mails_are_found_by_campaign_commune_message_and_state(store: Store) -> None:
    message_id = arrive(store, "a")
    store.queue([reminder(), replace(ack(hash_of("a")), message_id=message_id)], NOON)
    assert [mail.kind for mail in store.mails()] == ["reminder", "ack"]
    assert [mail.kind for mail in store.mails(campaign=CAMPAIGN, commune=HOA_CU)] == ["reminder"]
    assert [mail.kind for mail in store.mails(message_id=message_id)] == ["ack"]
    assert store.mails(state="sent") == []


def test_our_own_mails_are_known_by_their_id(store: Store) -> None:
    store.queue([reminder()], NOON)
    rfc_id = reminder().rfc_message_id
    assert store.is_our_mail(rfc_id)
    assert store.is_our_mail(rfc_id.strip("<>"))
    assert not store.is_our_mail("<other@caoloc.example>")
    assert not store.is_our_mail("")


def test_cited_mails_are_found_with_every_recipient(store: Store) -> None:
    chair = replace(reminder(), recipient="chutich@xa.example")
    store.queue([reminder(), chair], NOON)
    cited = store.cited_mails([reminder().rfc_message_id.strip("<>"), "<other@xa.example>"])
    assert [mail.recipient for mail in cited] == [reminder().recipient, chair.recipient]
    assert store.cited_mails(["", "<other@xa.example>"]) == store.cited_mails([]) == []


def test_a_reply_belongs_to_the_campaign_of_our_mails_if_that_is_one(store: Store) -> None:
    other = replace(reminder("d2"), campaign="other", rfc_message_id="<other@caoloc.example>")
    alert = replace(reminder("d1"), campaign=None, rfc_message_id="<alert@caoloc.example>")
    store.queue([reminder(), other, alert], NOON)
    ours = reminder().rfc_message_id
    assert store.campaign_of_mails([ours, "<theirs@xa.example>", alert.rfc_message_id]) == CAMPAIGN
    assert store.campaign_of_mails([ours, other.rfc_message_id]) is None
    assert store.campaign_of_mails([alert.rfc_message_id]) is None
    assert store.campaign_of_mails([]) is None


def test_unknown_mails_are_key_errors(store: Store) -> None:
    for call in (store.mail, store.mail_raw):
        with pytest.raises(KeyError):
            call(99)
    with pytest.raises(KeyError):
        store.saved(99, NOON)
