"""The journal's copy in the vault: appended to, torn, behind, ahead, another registry's."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rigs.answers import NOON, answer, arrive, at, slot

from registry import journal
from registry.journal_copy import CopyDamaged, standing
from registry.journal_file import NAME, JournalFile
from registry.model import GENESIS_HEAD, Head
from registry.store import Store, open_store

URL = "sqlite:///data/registry.db"


@pytest.fixture
def copy(tmp_path: Path) -> JournalFile:
    return JournalFile(tmp_path / "vault")


def serials(copy: JournalFile) -> list[int]:
    return [event.serial for event in copy.events()]


def test_each_round_appends_what_is_new(store: Store, copy: JournalFile) -> None:
    assert copy.catch_up(store, NOON).events == 0
    store.record(arrive(store, "a"), answer(), NOON)
    assert copy.catch_up(store, NOON).events == 2
    before = copy.path.read_bytes()
    assert copy.catch_up(store, NOON).events == 0
    arrive(store, "b")
    assert copy.catch_up(store, NOON).events == 1
    assert copy.path.read_bytes().startswith(before)
    assert list(copy.events()) == store.events_after(0)
    assert copy.head() == store.journal_head()


def test_another_process_goes_on_where_the_last_one_stopped(
    store: Store, copy: JournalFile
) -> None:
    arrive(store, "a")
    copy.catch_up(store, NOON)
    arrive(store, "b")
    assert JournalFile(copy.path.parent).catch_up(store, NOON).events == 1
    assert serials(copy) == [1, 2]


def test_a_long_journal_is_copied_in_batches(store: Store, copy: JournalFile) -> None:
    store.note_old([(slot(uid), uid, NOON) for uid in range(1, 2502)], "old", NOON)
    assert copy.catch_up(store, NOON).events == 2501
    assert journal.verify(copy.events()) is None


def test_a_torn_last_line_is_cut_off_and_written_again(store: Store, copy: JournalFile) -> None:
    """A power loss in the middle of an append leaves some of its bytes, or other ones."""
    arrive(store, "a")
    copy.catch_up(store, NOON)
    sound = copy.path.read_bytes()
    arrive(store, "b")
    copy.catch_up(store, NOON)
    whole = copy.path.read_bytes()
    new = whole[len(sound) :]
    for torn in (*(new[:length] for length in range(1, len(new), 7)), b"\0" * 5000, new[:-1]):
        copy.path.write_bytes(sound + torn)
        assert serials(copy) == [1]
        again = JournalFile(copy.path.parent)
        assert again.catch_up(store, NOON).events == 1
        assert copy.path.read_bytes() == whole


def test_a_deposed_daemon_that_ends_its_append_late_adds_nothing(
    store: Store, copy: JournalFile
) -> None:
    """On a folder that hosts share: what its successor has written already stands twice."""
    for name in "abc":
        arrive(store, name)
    late = store.events_after(1)  # it read these, and stood still
    copy.catch_up(store, NOON)
    copy._append(late[:1])
    arrive(store, "d")
    copy.catch_up(store, NOON)
    assert serials(copy) == [1, 2, 3, 4]
    assert serials(JournalFile(copy.path.parent)) == [1, 2, 3, 4]
    assert copy.standing(store) == "equal"
    forged = copy.path.read_bytes().splitlines(keepends=True)
    other = replace(next(copy.events(after=2)), subject="message 9")
    sealed = journal.seal(
        other.previous, other.serial, other.at, other.kind, other.subject, other.data
    )
    copy.path.write_bytes(b"".join([*forged, journal.to_line(sealed)]))
    assert serials(copy)[-1] == 3  # another event of that number is no repetition: it is seen


def test_a_torn_first_line_is_written_again(store: Store, copy: JournalFile) -> None:
    arrive(store, "a")
    copy.path.parent.mkdir()
    copy.path.write_bytes(b'[1,"2024')
    assert copy.head() == GENESIS_HEAD
    copy.catch_up(store, NOON)
    assert serials(copy) == [1]


def test_a_write_that_failed_half_way_is_mended_by_the_next_round(
    store: Store, copy: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: the round raises, half a line is there, the next round cuts it off."""
    arrive(store, "a")
    copy.catch_up(store, NOON)
    arrive(store, "b")

    def full(_descriptor: int) -> None:
        copy.path.write_bytes(copy.path.read_bytes()[:-40])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("registry.journal_file.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            copy.catch_up(store, NOON)
    copy.catch_up(store, NOON)
    assert list(copy.events()) == store.events_after(0)


def put_back(tmp_path: Path, name: str) -> Store:
    """Take the registry that was laid beside under this name for the present one."""
    for leftover in ("registry.db-wal", "registry.db-shm"):
        (tmp_path / "data" / leftover).unlink(missing_ok=True)
    shutil.copy(tmp_path / name, tmp_path / "data" / "registry.db")
    return open_store(URL, tmp_path)


@pytest.mark.sqlite_file  # an older file is put back
def test_a_registry_that_was_put_back_is_behind(
    store: Store, copy: JournalFile, tmp_path: Path
) -> None:
    """What it lacks can be read from the copy; the copy is not touched."""
    arrive(store, "a")
    store.copy_to(tmp_path / "yesterday.db")
    arrive(store, "b")
    arrive(store, "c")
    copy.catch_up(store, NOON)
    late = store.events_after(1)
    store.close()
    before = copy.path.read_bytes()
    with put_back(tmp_path, "yesterday.db") as old:
        assert copy.standing(old) == "registry-behind"
        assert copy.missing(old) == late
        assert JournalFile(copy.path.parent).catch_up(old, NOON).behind
        assert copy.path.read_bytes() == before


@pytest.mark.sqlite_file  # an older file is put back
def test_a_registry_that_was_put_back_and_went_on_gets_a_new_copy(
    store: Store, copy: JournalFile, tmp_path: Path
) -> None:
    """The old lines are kept under another name, however often that happens."""
    arrive(store, "a")
    store.copy_to(tmp_path / "yesterday.db")
    arrive(store, "b")
    copy.catch_up(store, NOON)
    store.close()
    olds = []
    for number in range(2):
        with put_back(tmp_path, "yesterday.db") as old:
            arrive(old, f"other {number}")
            assert copy.standing(old) == "diverged"
            olds.append(copy.path.read_bytes())
            done = JournalFile(copy.path.parent).catch_up(old, NOON)
            assert done.set_aside
            assert copy.standing(old) == "equal"
    names = ["journal-until-20240514T050000Z-1.jsonl", "journal-until-20240514T050000Z.jsonl"]
    assert sorted(path.name for path in copy.path.parent.glob("journal-*")) == names
    assert [copy.path.with_name(name).read_bytes() for name in reversed(names)] == olds


def test_a_new_registry_beside_an_old_vault_is_behind(
    store: Store, copy: JournalFile, tmp_path: Path
) -> None:
    """FAULTS 91, the beginning: the file was deleted and made anew, empty."""
    arrive(store, "a")
    copy.catch_up(store, NOON)
    with open_store(URL, tmp_path / "new") as new:
        assert copy.standing(new) == "registry-behind"


def test_lines_that_were_edited_are_found_where_they_stand(store: Store, copy: JournalFile) -> None:
    for text in "abc":
        arrive(store, text)
    copy.catch_up(store, NOON)
    lines = copy.path.read_bytes().splitlines(keepends=True)
    told = json.loads(lines[1])
    told[4]["size_bytes"] += 1
    copy.path.write_bytes(lines[0] + json.dumps(told).encode() + b"\n" + lines[2])
    with pytest.raises(CopyDamaged) as found:
        list(copy.events())
    assert found.value.line == 2


@pytest.mark.sqlite_file  # an older file is put back
def test_a_registry_that_was_put_back_beside_a_damaged_copy_begins_another(
    store: Store, copy: JournalFile, tmp_path: Path
) -> None:
    """How it stands cannot be told: that is no end of the daemon."""
    arrive(store, "a")
    arrive(store, "b")
    store.copy_to(tmp_path / "yesterday.db")
    arrive(store, "c")
    copy.catch_up(store, NOON)
    store.close()
    before = copy.path.read_bytes().replace(b'"size_bytes":', b'"size_bytes":1', 1)
    copy.path.write_bytes(before)
    with put_back(tmp_path, "yesterday.db") as old:
        again = JournalFile(copy.path.parent)
        done = again.catch_up(old, NOON)
        assert copy.path.with_name(done.set_aside).read_bytes() == before
        assert list(again.events()) == old.events_after(0)


def test_a_last_line_that_was_edited_is_kept_aside(store: Store, copy: JournalFile) -> None:
    """It is whole, so no power loss did that; nothing that was there is overwritten."""
    arrive(store, "a")
    arrive(store, "b")
    copy.catch_up(store, NOON)
    head, key, tail = copy.path.read_bytes().rpartition(b'"size_bytes":')
    before = head + key + b"9" + tail[1:]
    copy.path.write_bytes(before)
    again = JournalFile(copy.path.parent)
    done = again.catch_up(store, NOON)
    assert done.set_aside
    assert copy.path.with_name(done.set_aside).read_bytes() == before
    assert list(again.events()) == store.events_after(0)


def test_what_hostile_headers_say_is_sealed_as_it_is_stored(
    store: Store, copy: JournalFile
) -> None:
    """Lone surrogates and NULs, also deep inside: the copy holds the hash of what it shows."""
    odd = "x\udc80\0\u2028y\n"
    store.note_config({odd: odd}, NOON)
    store.reject(arrive(store, "a"), odd, odd, at(1))
    assert store.verify_journal() is None
    copy.catch_up(store, NOON)
    assert journal.verify(copy.events()) is None
    assert list(copy.events()) == store.events_after(0)


ONE, TWO, OTHER = Head(1, "1" * 64), Head(2, "2" * 64), Head(2, "9" * 64)


@pytest.mark.parametrize(
    ("registry", "copied", "in_registry", "in_copy", "expected"),
    [
        (GENESIS_HEAD, GENESIS_HEAD, "", "", "equal"),
        (TWO, TWO, TWO.sha256, TWO.sha256, "equal"),
        (TWO, GENESIS_HEAD, "", "", "registry-ahead"),
        (TWO, ONE, ONE.sha256, "", "registry-ahead"),
        (ONE, TWO, "", ONE.sha256, "registry-behind"),
        (GENESIS_HEAD, TWO, "", GENESIS_HEAD.sha256, "registry-behind"),
        (OTHER, TWO, OTHER.sha256, TWO.sha256, "diverged"),
        (ONE, TWO, "", "8" * 64, "diverged"),
        (TWO, ONE, "8" * 64, "", "diverged"),
    ],
)
def test_how_a_registry_stands_to_a_copy(
    registry: Head, copied: Head, in_registry: str, in_copy: str, expected: str
) -> None:
    assert standing(registry, copied, in_registry=in_registry, in_copy=in_copy) == expected


def test_the_name_is_no_name_of_the_vault(store: Store, copy: JournalFile) -> None:
    assert NAME == "journal.jsonl"
    arrive(store, "a")
    copy.catch_up(store, NOON + dt.timedelta(1))
    assert copy.path.stat().st_mode & 0o077 == 0
