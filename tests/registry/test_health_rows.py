"""What the registry tells of the program's health, and what it keeps of troubles."""

from dataclasses import replace
from datetime import timedelta

from rigs.answers import NOON, ack, answer, arrive, at, hash_of, reminder

from registry.model import OpenTrouble
from registry.store import Store

HOUR = 60
LOW = OpenTrouble(at(0), "warning", "little room", "Giải phóng ổ đĩa.")


def seen(store: Store, now: int):
    return store.vitals(at(now - 3 * HOUR), at(now - 24 * HOUR), {"reminder"})


def test_an_empty_registry_tells_nothing(store: Store) -> None:
    found = seen(store, 0)
    assert (found.polled_at, found.brake, found.backed_up_at) == (None, None, None)
    assert (found.overdue, found.kept, found.lost) == (0, 0, 0)
    assert (found.overdue_since, found.kept_since, found.lost_since) == (None, None, None)


def test_marks_are_told(store: Store) -> None:
    store.polled(at(1))
    store.pull_brake("too many", at(2))
    store.backed_up(at(3))
    found = seen(store, 5)
    assert (found.polled_at, found.backed_up_at) == (at(1), at(3))
    assert found.brake is not None
    assert (found.brake.pulled_at, found.brake.reason) == (at(2), "too many")


def test_a_mail_is_overdue_when_its_time_passed_or_it_was_tried_in_vain_for_long(
    store: Store,
) -> None:
    store.queue([ack(hash_of("a"))], at(0))
    assert seen(store, 2 * HOUR).overdue == 0
    assert (seen(store, 3 * HOUR).overdue, seen(store, 3 * HOUR).overdue_since) == (1, at(0))
    [mail] = store.next_mails(at(0), 1)
    store.settle(mail.id, "queued", at(HOUR), "451 greylisted", next_try_at=at(20 * HOUR))
    assert seen(store, 2 * HOUR).overdue == 0
    assert seen(store, 4 * HOUR).overdue == 1
    store.handed(mail.id, at(20 * HOUR))
    store.settle(mail.id, "sent", at(20 * HOUR), "250 ok")
    assert seen(store, 40 * HOUR).overdue == 0


def test_a_reminder_that_waits_for_office_hours_is_not_overdue(store: Store) -> None:
    store.queue([reminder()], at(0))
    [mail] = store.next_mails(at(0), 1)
    store.settle(mail.id, "queued", at(1), "outside office hours", next_try_at=at(20 * HOUR))
    assert seen(store, 19 * HOUR).overdue == 0
    assert seen(store, 23 * HOUR).overdue == 1


def test_what_the_brake_holds_is_not_overdue(store: Store) -> None:
    store.queue([reminder()], at(0), held=True)
    assert seen(store, 40 * HOUR).overdue == 0


def test_lost_mails_are_told_for_a_day_and_those_with_a_retry_are_not_lost(store: Store) -> None:
    store.queue([reminder("d5"), reminder("d2"), reminder("d1")], at(0))
    refused, unknown, retried = store.next_mails(at(0), 3)
    store.settle(refused.id, "refused", at(1), "550 no such user")
    for mail in (unknown, retried):
        store.handed(mail.id, at(1))
    store.settle(unknown.id, "unknown", at(2), "lost after the final dot")
    store.settle(retried.id, "unknown", at(2), "lost", next_try_at=at(20))
    found = seen(store, 5)
    assert (found.lost, found.lost_since) == (2, at(0))
    assert seen(store, 25 * HOUR).lost == 0


def test_a_kept_message_counts_from_when_it_was_seen_until_it_is_understood(store: Store) -> None:
    message = arrive(store, "a", received=5)
    arrive(store, "b", received=9)
    found = seen(store, 60)
    assert (found.kept, found.kept_since) == (2, at(5))
    store.record(message, answer(), at(10))
    assert (seen(store, 60).kept, seen(store, 60).kept_since) == (1, at(9))


def test_a_trouble_is_open_until_it_is_over_and_both_stand_in_the_journal(store: Store) -> None:
    assert store.open_troubles() == {}
    store.trouble_began("disk/vault", LOW, at(1))
    worse = OpenTrouble(at(0), "broken", "full", "Giải phóng ổ đĩa.")
    store.trouble_began("poll", LOW, at(1))
    store.trouble_began("disk/vault", worse, at(2))
    assert store.open_troubles() == {"disk/vault": worse, "poll": LOW}
    store.trouble_over("disk/vault", at(3))
    store.trouble_over("disk/vault", at(4))
    assert list(store.open_troubles()) == ["poll"]
    kinds = [(one.kind, one.subject) for one in reversed(store.journal())]
    assert kinds == [
        ("trouble-began", "trouble disk/vault"),
        ("trouble-began", "trouble poll"),
        ("trouble-began", "trouble disk/vault"),
        ("trouble-over", "trouble disk/vault"),
    ]
    assert store.verify_journal() is None


def test_since_when_a_trouble_is_absent_is_kept_with_it_and_is_no_event(store: Store) -> None:
    store.trouble_began("poll", LOW, at(1))
    store.trouble_absent("poll", at(5))
    assert store.open_troubles() == {"poll": replace(LOW, absent_since=at(5))}
    store.trouble_absent("poll", None)
    assert store.open_troubles() == {"poll": LOW}
    store.trouble_absent("poll", at(7))
    store.trouble_over("poll", at(8))
    store.trouble_began("poll", LOW, at(9))
    assert store.open_troubles() == {"poll": LOW}
    assert len(store.journal()) == 3


def test_a_trouble_pulls_no_brake_and_is_no_poll(store: Store) -> None:
    store.trouble_began("poll", LOW, NOON + timedelta(days=1))
    snapshot = store.snapshot([])
    assert (snapshot.brake, snapshot.polled_at) == (None, None)
