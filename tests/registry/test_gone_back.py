"""A registry that goes back under a process: a failover to an older replica, a restore in place."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from rigs.answers import NOON, arrive, at

from registry.errors import RegistryWentBack
from registry.journal_file import JournalFile
from registry.model import GENESIS_HEAD
from registry.store import Store, open_store
from registry.tables import events


def _beside(store: Store) -> Store:
    """Another process on the same registry."""
    return open_store(store._database.url.render_as_string(hide_password=False), Path("/"))


def _go_back(store: Store, serial: int) -> None:
    """Let the journal end where an older state ended."""
    with _beside(store) as other, other._database.write() as connection:
        connection.execute(events.delete().where(events.c.serial > serial))


def _write(store: Store) -> None:
    store.pull_brake("a flood", at(9))


@pytest.mark.parametrize("notice", [Store.notice_gone_back, _write])
@pytest.mark.parametrize("went_on", [0, 1, 5])
def test_what_this_process_wrote_and_is_gone_is_noticed(
    store: Store, notice: Callable[[Store], None], went_on: int
) -> None:
    """Also where others have written since, with fewer events or more than there were."""
    for text in "abc":
        arrive(store, text)
    _go_back(store, 1)
    with _beside(store) as other:
        for number in range(went_on):
            arrive(other, f"other {number}")
    head = store.journal_head()
    with pytest.raises(RegistryWentBack, match="event 3 of its journal"):
        notice(store)
    with pytest.raises(RegistryWentBack):  # and it is not forgotten
        notice(store)
    assert store.journal_head() == head


@pytest.mark.parametrize("notice", [Store.notice_gone_back, _write])
def test_what_a_person_wrote_meanwhile_and_is_gone_is_noticed(
    store: Store, notice: Callable[[Store], None]
) -> None:
    arrive(store, "a")
    with _beside(store) as other:
        arrive(other, "b")
    store.notice_gone_back()
    _go_back(store, 1)
    with pytest.raises(RegistryWentBack, match="event 2 of its journal"):
        notice(store)


def test_a_registry_that_others_go_on_with_did_not_go_back(store: Store) -> None:
    store.notice_gone_back()  # nothing is known yet
    for number in range(3):
        with _beside(store) as other:
            arrive(other, f"other {number}")
        store.notice_gone_back()
        arrive(store, f"ours {number}")
        store.notice_gone_back()
    assert store.verify_journal() is None


def test_a_write_that_was_taken_back_is_not_missed(store: Store) -> None:
    arrive(store, "a")

    def fails(_connection: sa.Connection) -> None:
        raise ZeroDivisionError

    sa.event.listen(store._database.engine, "commit", fails)
    with pytest.raises(ZeroDivisionError):
        arrive(store, "b")
    sa.event.remove(store._database.engine, "commit", fails)
    store.notice_gone_back()
    arrive(store, "c")
    assert store.verify_journal() is None


def test_a_journal_that_lacks_what_was_copied_is_not_another_registrys(
    store: Store, tmp_path: Path
) -> None:
    """A person's event, copied and gone again: the copy is the only one that tells of it."""
    copy = JournalFile(tmp_path / "vault")
    with _beside(store) as other:
        arrive(other, "a")
        arrive(other, "b")
    copy.catch_up(store, NOON)
    lines = copy.path.read_bytes()
    _go_back(store, 1)
    for _ in range(2):
        with pytest.raises(RegistryWentBack, match="event 2 of its journal"):
            copy.catch_up(store, NOON)
        with _beside(store) as other:  # now it goes on as well
            arrive(other, "other")
    assert copy.path.read_bytes() == lines
    assert copy.set_aside() == []


def test_a_registry_that_was_put_in_place_is_gone_on_with(store: Store, tmp_path: Path) -> None:
    """Not by accident but by us: what was known before does not count any more."""
    for text in "abc":
        arrive(store, text)
    with open_store("sqlite:///new.db", tmp_path) as new:
        arrive(new, "other")
        store.take_all_of(new, replace=store.journal_head())
        assert store.journal_head() == new.journal_head() != GENESIS_HEAD
    store.notice_gone_back()
    arrive(store, "d")
    assert store.verify_journal() is None
