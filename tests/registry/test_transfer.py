"""All rows from a file to a server and back: the same bytes, or nothing."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from rigs.answers import answer, arrive, at, reminder
from rigs.dump import dump
from rigs.postgres import Postgres

from registry import journal
from registry.errors import NotPossible, RegistryProblem
from registry.store import Store, open_store
from registry.tables import events, messages


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as started:
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    with open_store("sqlite:///registry.db", tmp_path) as opened:
        _work(opened)
        yield opened


@pytest.fixture
def target(server: Postgres, tmp_path: Path) -> Iterator[Store]:
    with open_store(server.url(), tmp_path) as opened:
        yield opened


def _work(store: Store) -> None:
    """Some of everything, with a message that is taken back and a slot that starts over."""
    store.record(arrive(store, "a", uid=1), answer(), at(1))
    second = arrive(store, "b ẩm thực 🌾", uid=2)
    store.reject(second, "trùng", "cán bộ", at(2))
    store.queue([reminder()], at(3))
    store.pull_brake("thử", at(4))


def test_a_file_moves_to_a_server_and_back_as_it_was(
    file: Store, target: Store, tmp_path: Path
) -> None:
    counts = target.take_all_of(file)
    assert counts["messages"] == 2
    assert counts["mails"] == 1
    assert dump(target) == dump(file)
    assert target.verify_journal() is None
    with open_store("sqlite:///back.db", tmp_path) as back:
        back.take_all_of(target)
        assert dump(back) == dump(file)


def test_what_comes_next_has_the_same_ids_in_both(file: Store, target: Store) -> None:
    target.take_all_of(file)
    assert arrive(file, "next", uid=9) == arrive(target, "next", uid=9)
    file.queue([reminder("d3")], at(5))
    target.queue([reminder("d3")], at(5))
    assert dump(target) == dump(file)


def test_a_write_that_failed_leaves_no_gap_in_the_ids(target: Store) -> None:
    """A sequence would: and a replayed journal would find other ids than it tells of."""
    first = arrive(target, "a", uid=1)
    values = {"size_bytes": 1, "received_at": at(0), "state": "kept"}
    with contextlib.suppress(ZeroDivisionError), target._database.write() as connection:
        connection.execute(messages.insert().values(**values))
        raise ZeroDivisionError
    assert arrive(target, "b", uid=2) == first + 1


def test_a_target_that_is_not_empty_is_refused(file: Store, target: Store) -> None:
    arrive(target, "mine", uid=1)
    before = dump(target)
    with pytest.raises(NotPossible, match="not empty"):
        target.take_all_of(file)
    assert dump(target) == before
    target.take_all_of(file, replace=target.journal_head())
    assert dump(target) == dump(file)


def test_what_was_written_since_is_not_replaced(file: Store, target: Store) -> None:
    """A person's command holds no lease: it may come between the look and the replacement."""
    arrive(target, "mine", uid=1)
    head = target.journal_head()
    arrive(target, "meanwhile", uid=2)
    before = dump(target)
    with pytest.raises(NotPossible, match=f"written to since event {head.serial}"):
        target.take_all_of(file, replace=head)
    assert dump(target) == before


def test_replacing_takes_no_longer_for_each_mail_the_more_there_are(
    server: Postgres, file: Store, tmp_path: Path
) -> None:
    """Rows taken out one by one had all mails looked through for each body.

    Half a minute for half as many.
    """
    url = server.url()
    with open_store(f"{url}&options=-c%20statement_timeout%3D20s", tmp_path) as target:
        arrive(target, "mine", uid=1)
        for statement in (_MANY_BODIES, _MANY_MAILS):
            server.sql(statement, str(sa.make_url(url).database))
        target.take_all_of(file, replace=target.journal_head())
        assert dump(target) == dump(file)


def test_a_server_is_replaced_beside_readers_who_see_what_was_there(
    server: Postgres, file: Store, tmp_path: Path
) -> None:
    """A copy that is made meanwhile is no empty one, and who reads on in psql stops nobody."""
    url = f"{server.url()}&options=-c%20lock_timeout%3D1s"
    copy = tmp_path / "meanwhile.db"

    def copied(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO events") and not copy.exists():
            beside.copy_to(copy)

    with (
        open_store(url, tmp_path) as target,
        open_store(url, tmp_path) as before,
        open_store(url, tmp_path) as beside,
    ):
        arrive(target, "mine", uid=1)
        there = dump(target)
        with before.one_moment():
            assert dump(before) == there
            sa.event.listen(target._database.engine, "before_cursor_execute", copied)
            target.take_all_of(file, replace=target.journal_head())
            assert dump(before) == there
        assert dump(target) == dump(beside) == dump(file)
    with open_store("sqlite:///meanwhile.db", tmp_path) as made:
        assert dump(made) == there


_MANY_BODIES = "INSERT INTO bodies SELECT 'body ' || i, 'x' FROM generate_series(1, 40000) i"
_MANY_MAILS = """
INSERT INTO mails (id, key, recipient, recipient_key, kind, subject, rfc_message_id, body_sha256,
  state, queued_at, attempts, response, server)
SELECT i, 'ack/' || i, 'a@xa.example', 'a@xa.example', 'ack', 'Xin chào', '<' || i || '@office>',
  'body ' || i, 'sent', '2024-05-15T02:00:00.000000Z', 1, '250', 'smtp.example'
FROM generate_series(1, 40000) i
"""


def test_a_journal_that_was_changed_is_not_copied(file: Store, target: Store) -> None:
    with file._database.write() as connection:
        connection.execute(events.update().where(events.c.serial == 2).values(kind="forged"))
    with pytest.raises(RegistryProblem, match="at or before event 2"):
        target.take_all_of(file)
    assert target.journal_head().sha256 == journal.GENESIS


def test_the_source_is_done_with_before_the_copy_is_read_back(
    file: Store, target: Store, tmp_path: Path
) -> None:
    """Of millions of events that takes minutes, and a server ends what is idle so long."""
    target.take_all_of(file)
    told: list[str] = []

    def ended(_connection: sa.Connection) -> None:
        told.append("the source")

    def asked(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT events."):
            told.append("read back")

    with open_store("sqlite:///back.db", tmp_path) as back:
        sa.event.listen(target._database.engine, "commit", ended)
        sa.event.listen(back._database.engine, "before_cursor_execute", asked)
        back.take_all_of(target)
        assert told[0] == "the source"
        assert "read back" in told
        assert dump(back) == dump(file)


def test_a_cut_in_the_middle_leaves_nothing_and_it_can_be_repeated(
    file: Store, target: Store, server: Postgres
) -> None:
    def cut(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO events"):
            server.stop("immediate")
            server.start()

    sa.event.listen(target._database.engine, "before_cursor_execute", cut)
    with pytest.raises(Exception, match="tried again"):
        target.take_all_of(file)
    sa.event.remove(target._database.engine, "before_cursor_execute", cut)
    assert not any(dump(target).values())
    target.take_all_of(file)
    assert dump(target) == dump(file)


def test_a_copy_of_a_server_is_a_registry_in_a_file(target: Store, tmp_path: Path) -> None:
    _work(target)
    target.copy_to(tmp_path / "copy.db")
    with open_store("sqlite:///copy.db", tmp_path, thorough=True) as copy:
        assert dump(copy) == dump(target)
