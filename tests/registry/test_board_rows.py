"""What the board asks the registry."""

import dataclasses

import sqlalchemy as sa
from rigs.answers import CAMPAIGN, HOA_CU, NOON, ack, answer, arrive, at, finding, hash_of, reminder

from notifier.board_account import account
from registry.board_rows import Contents, LastMail, MailTally, MessageTally
from registry.store import Store
from registry.tables import messages

PLACE = CAMPAIGN, HOA_CU


def tally(store: Store) -> dict[str, int]:
    return dict(account(store.tallies([CAMPAIGN])).parts)


def test_an_empty_registry_has_nothing_to_show(store: Store) -> None:
    found = store.tallies([CAMPAIGN])
    assert (found.received, found.messages, found.mails) == (0, (), ())


def test_messages_are_counted_by_what_they_brought(store: Store) -> None:
    store.record(arrive(store, "first"), answer(), NOON)
    query = dataclasses.replace(answer(), verdict="query", submission=None, content_key="q")
    store.record(arrive(store, "second"), query, NOON)
    store.record(
        arrive(store, "third"), dataclasses.replace(query, state="held", reason="words-only"), NOON
    )
    arrive(store, "fourth")
    found = store.tallies([CAMPAIGN])
    assert found.received == 4
    assert set(found.messages) == {
        MessageTally("recorded", "submission", brought=True, told=True, count=1),
        MessageTally("recorded", "query", brought=False, told=True, count=1),
        MessageTally("held", "query", brought=False, told=True, count=1),
        MessageTally("kept", None, brought=False, told=False, count=1),
    }
    assert len(found.arrivals[CAMPAIGN]) == 3


def test_a_version_that_a_person_took_back_is_no_answer_any_more(store: Store) -> None:
    number = arrive(store, "first")
    store.record(number, answer(), NOON)
    assert tally(store)["đã ghi sổ"] == 1
    store.reject(number, "gửi nhầm", "officer", NOON)
    assert tally(store) == {
        "đã ghi sổ": 0, "không có biểu": 0, "chờ xử lý": 0, "cán bộ đã loại": 1,
    }  # fmt: skip


def test_a_pointer_to_a_version_that_names_another_message_explains_nothing(store: Store) -> None:
    first, second = arrive(store, "first"), arrive(store, "second")
    store.record(first, answer(), NOON)
    nil = dataclasses.replace(answer(), verdict="duplicate", submission=None)
    store.record(second, nil, NOON)
    with store._database.write() as connection:
        connection.execute(
            messages.update()
            .where(messages.c.id == second)
            .values(submission_id=1, verdict="correction")
        )
    assert account(store.tallies([CAMPAIGN])).unexplained == 1


def test_points_and_findings_are_counted_for_the_current_version(store: Store) -> None:
    store.record(arrive(store, "first"), answer(), NOON)
    submission = answer(content="other").submission
    assert submission is not None
    warning = dataclasses.replace(finding(), severity="warning")
    note = dataclasses.replace(finding(), severity="note")
    better = dataclasses.replace(submission, findings=(finding(), warning, warning, note))
    again = dataclasses.replace(answer(content="other"), verdict="correction", submission=better)
    store.record(arrive(store, "second", received=5), again, at(5))
    current = store.current_submission(CAMPAIGN, HOA_CU)
    assert current is not None
    assert store.tallies([CAMPAIGN]).contents == {current.id: Contents(1, 1, 2)}


def test_the_last_mail_is_that_of_the_last_debt_whoever_got_it(store: Store) -> None:
    store.queue([reminder("d5"), reminder("d5", "chutich@xa.example")], at(1))
    store.queue([reminder("d2"), reminder("d2", "chutich@xa.example")], at(2))
    last = store.tallies([CAMPAIGN]).last_mails[PLACE]
    assert last == LastMail("reminder", frozenset({"queued"}), False, False, at(2))


def test_one_recipient_who_got_it_is_enough(store: Store) -> None:
    store.queue([reminder("d5"), reminder("d5", "chutich@xa.example")], at(1))
    first, second = store.mails()
    store.settle(first.id, "sent", at(3), "250 ok", "mx.example")
    store.settle(second.id, "refused", at(4), "550 no", "mx.example")
    found = store.tallies([CAMPAIGN])
    last = LastMail("reminder", frozenset({"sent", "refused"}), True, False, at(3))
    assert found.last_mails[PLACE] == last
    assert found.unasked == {CAMPAIGN: (("reminder", at(3)),)}


def test_mails_are_counted_by_kind_state_and_whether_they_came_back(store: Store) -> None:
    store.queue([reminder("d5"), ack(hash_of("x"))], at(1))
    assert store.tallies([CAMPAIGN]).mails == (
        MailTally("ack", "queued", False, 1),
        MailTally("reminder", "queued", False, 1),
    )


def test_the_tallies_look_at_no_other_campaign(store: Store) -> None:
    store.record(arrive(store, "first"), answer(campaign="khac-1"), NOON)
    store.queue([dataclasses.replace(reminder(), campaign="khac-1")], NOON)
    found = store.tallies([CAMPAIGN])
    assert (found.arrivals, found.last_mails, found.contents, found.unasked) == ({}, {}, {}, {})
    assert found.received == 1


def test_a_row_more_than_is_tallied_would_be_seen(store: Store) -> None:
    arrive(store, "first")
    found = dataclasses.replace(store.tallies([CAMPAIGN]), received=2)
    assert account(found).unexplained == 1


def test_the_same_questions_again_give_the_same(store: Store) -> None:
    store.record(arrive(store, "first"), answer(), NOON)
    assert store.tallies([CAMPAIGN]) == store.tallies([CAMPAIGN])
    with store._database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(messages)).scalar() == 1
