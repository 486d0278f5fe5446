"""The journal's chain shows every change to what was written."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.answers import NOON, answer, arrive, at

from registry.journal import GENESIS, seal, verify
from registry.model import Event
from registry.store import Store

WORDS = st.text(max_size=12)
DATA = st.dictionaries(WORDS, st.one_of(st.none(), st.booleans(), st.integers(), WORDS), max_size=3)
LINES = st.lists(st.tuples(st.integers(0, 10**6), WORDS, WORDS, DATA), min_size=1, max_size=6)


def chain(lines: list[tuple[int, str, str, dict[str, object]]]) -> list[Event]:
    events: list[Event] = []
    for serial, (minutes, kind, subject, data) in enumerate(lines, start=1):
        previous = events[-1].sha256 if events else GENESIS
        events.append(seal(previous, serial, at(minutes), kind, subject, data))
    return events


def test_an_empty_journal_is_sound() -> None:
    assert verify([]) is None


@given(lines=LINES)
def test_an_untouched_chain_is_sound(lines: list[tuple[int, str, str, dict[str, object]]]) -> None:
    assert verify(chain(lines)) is None


@given(lines=LINES, data=st.data())
def test_an_edited_event_is_found_where_it_stands(
    lines: list[tuple[int, str, str, dict[str, object]]], data: st.DataObject
) -> None:
    events = chain(lines)
    place = data.draw(st.integers(0, len(events) - 1))
    event = events[place]
    edited = data.draw(
        st.sampled_from(
            [
                replace(event, kind=event.kind + "x"),
                replace(event, subject=event.subject + "x"),
                replace(event, at=event.at + dt.timedelta(microseconds=1)),
                replace(event, data={**event.data, "by": "someone else"}),
                replace(event, previous="f" * 64),
                replace(event, sha256="f" * 64),
                replace(event, serial=event.serial + 1),
            ]
        )
    )
    assert verify([*events[:place], edited, *events[place + 1 :]]) == place + 1


@given(lines=LINES.filter(lambda lines: len(lines) > 1), data=st.data())
def test_a_removed_or_moved_event_is_found(
    lines: list[tuple[int, str, str, dict[str, object]]], data: st.DataObject
) -> None:
    events = chain(lines)
    place = data.draw(st.integers(0, len(events) - 2))
    removed = events[:place] + events[place + 1 :]
    swapped = [*events[:place], events[place + 1], events[place], *events[place + 2 :]]
    assert verify(removed) == place + 1
    assert verify(swapped) == place + 1


def test_a_resealed_event_breaks_the_next_one() -> None:
    first, second = chain([(0, "kept", "message 1", {}), (1, "recorded", "message 1", {})])
    forged = seal(first.previous, first.serial, first.at, "kept", "message 2", {})
    assert verify([forged, second]) == 2


def test_the_same_instant_in_another_zone_is_the_same_event() -> None:
    hanoi = NOON.astimezone(dt.timezone(dt.timedelta(hours=7)))
    assert (
        seal(GENESIS, 1, hanoi, "a", "b", {}).sha256 == seal(GENESIS, 1, NOON, "a", "b", {}).sha256
    )


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE events SET data = replace(data, 'registered', 'nil') WHERE serial = 2",
        "UPDATE events SET at = replace(at, '2024', '2023') WHERE serial = 2",
        "UPDATE events SET subject = 'message 9' WHERE serial = 2",
        "DELETE FROM events WHERE serial = 2",
    ],
)
def test_an_edit_in_the_database_is_found(store: Store, edit: str) -> None:
    store.record(arrive(store, "one"), answer(), NOON)
    arrive(store, "two")
    assert store.verify_journal() is None
    with store._database.write() as connection:
        assert connection.exec_driver_sql(edit).rowcount == 1
    assert store.verify_journal() == 2
