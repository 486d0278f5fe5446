"""What every tick asks is answered by indices: no question searches a whole growing table."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from rigs.answers import (
    CAMPAIGN,
    HOA_CU,
    NOON,
    ack,
    answer,
    arrive,
    at,
    hash_of,
    reminder,
    slot,
)

from registry.model import Outcome
from registry.store import Store

#: The plans are SQLite's; a server plans by its statistics, with the same indices.
pytestmark = pytest.mark.sqlite_file

#: Not the journal: its last event is read by walking from the end, and the walk stops at once.
GROWING = ("messages", "mails", "slots", "submissions", "points", "findings", "bodies")

QUESTIONS: dict[str, Callable[[Store], object]] = {
    "snapshot": lambda store: store.snapshot([CAMPAIGN]),
    "kept": lambda store: store.kept(50),
    "known_slots": lambda store: store.known_slots("ocop@mail.example", "INBOX", 7, NOON),
    "last_uidvalidity": lambda store: store.last_uidvalidity("ocop@mail.example", "INBOX"),
    "slots_to_file": lambda store: store.slots_to_file(),
    "next_mails": lambda store: store.next_mails(NOON, 10),
    "interrupted": lambda store: store.interrupted(NOON),
    "unsaved_mails": lambda store: store.unsaved_mails(10),
    "outgoing": lambda store: store.outgoing(store.next_mails(NOON, 10), NOON),
    "same_content": lambda store: store.same_content(CAMPAIGN, HOA_CU, "content"),
    "same_rfc_id": lambda store: store.same_rfc_id(
        "<1@hoacu.example>", "content", "hoacu@xa.example", NOON
    ),
    "answers_since": lambda store: store.answers_since(NOON),
    "answers_before": lambda store: store.answers_before(store.message(1), NOON),
    "is_our_mail": lambda store: store.is_our_mail("<1@caoloc.example>"),
    "cited_mails": lambda store: store.cited_mails(["<1@caoloc.example>"]),
    "campaign_of_mails": lambda store: store.campaign_of_mails(["<1@caoloc.example>"]),
    "current_submission": lambda store: store.current_submission(CAMPAIGN, HOA_CU),
    "submission_before": lambda store: store.submission_before(
        store.submissions(CAMPAIGN, HOA_CU)[0]
    ),
    "letter_twins": lambda store: store.letter_twins(CAMPAIGN, "45/UBND-KT", None, HOA_CU),
    "vitals": lambda store: store.vitals(NOON, NOON),
    "open_troubles": lambda store: store.open_troubles(),
    "keep": lambda store: arrive(store, "new", uid=99),
    "queue": lambda store: store.queue([ack(hash_of("new"))], NOON),
    "filed": lambda store: store.filed(slot(1), "processed", 3, NOON),
    "unfetched": lambda store: store.note_unfetched(
        slot(98), 10**9, NOON, "too-large", "too-large", "hoacu@xa.example", "Hồ sơ", NOON
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_tick_asks_through_indices(store: Store, name: str) -> None:
    store.record(arrive(store, "first", uid=1), answer(), NOON)
    store.record(arrive(store, "held", 1, uid=2), Outcome("held", "query", "words"), at(2))
    store.queue([reminder()], NOON)
    (mail,) = store.next_mails(NOON, 1)
    store.settle(mail.id, "refused", NOON, "550 no such user")
    asked: list[tuple[str, object]] = []
    engine = store._database.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    QUESTIONS[name](store)
    scans = [
        f"{detail}: {statement}"
        for statement, parameters in asked
        if statement.startswith(("SELECT", "UPDATE", "DELETE"))
        for detail in _plan(store, statement, parameters)
        if any(f"{detail} ".startswith(f"SCAN {table} ") for table in GROWING)
    ]
    assert asked
    assert not scans


def _plan(store: Store, statement: str, parameters: object) -> list[str]:
    with store._database.read() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[3]) for row in rows]
