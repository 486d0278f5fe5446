"""The journal's copy in a bucket: segments that nobody overwrites, put together now and then."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rigs.answers import NOON, answer, arrive, slot
from rigs.bad_way import Trouble, bad_way
from rigs.s3 import S3, names_in

from registry import journal, journal_segments
from registry.bucket import Access, Bucket
from registry.errors import VaultAway
from registry.journal_copy import CopyDamaged, told_until
from registry.journal_file import JournalFile
from registry.journal_segments import JournalSegments
from registry.model import GENESIS_HEAD, Head
from registry.store import Store, open_store


@pytest.fixture
def access(s3: S3) -> Access:
    return s3.access()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four segments are many here."""
    monkeypatch.setattr(journal_segments, "_MANY", 4)


def copy_in(access: Access) -> JournalSegments:
    """The copy as another process sees it."""
    return JournalSegments(Bucket(access))


def segments(access: Access) -> list[str]:
    return [name.removeprefix("journal/") for name in names_in(Bucket(access))]


def serials(access: Access) -> list[int]:
    return [event.serial for event in copy_in(access).events()]


def one_by_one(store: Store, copy: JournalSegments, numbers: range) -> None:
    """Have letters arrive, each of them copied before the next."""
    for number in numbers:
        arrive(store, str(number))
        copy.catch_up(store, NOON)


def test_each_round_adds_a_segment(store: Store, access: Access) -> None:
    copy = copy_in(access)
    assert copy.catch_up(store, NOON).events == 0
    assert copy.head() == GENESIS_HEAD
    store.record(arrive(store, "a"), answer(), NOON)
    assert copy.catch_up(store, NOON).events == 2
    assert copy.catch_up(store, NOON).events == 0
    arrive(store, "b")
    assert copy.catch_up(store, NOON).events == 1
    assert segments(access) == ["0001/000000000001.jsonl", "0001/000000000003.jsonl"]
    assert list(copy_in(access).events()) == store.events_after(0)
    assert copy_in(access).head() == store.journal_head()
    assert copy_in(access).standing(store) == "equal"
    assert [event.serial for event in copy_in(access).events(after=1)] == [2, 3]


def test_a_round_without_events_asks_nothing(store: Store, s3: S3, access: Access) -> None:
    with bad_way(s3.endpoint) as way:
        copy = copy_in(replace(access, endpoint=way.endpoint))
        arrive(store, "a")
        copy.catch_up(store, NOON)
        assert copy.set_aside() == []
        asked = len(way.asked)
        copy.catch_up(store, NOON)
        assert copy.set_aside() == []
        assert len(way.asked) == asked
        arrive(store, "b")
        copy.catch_up(store, NOON)
        assert len(way.asked) == asked + 1


def test_another_process_goes_on_where_the_last_one_stopped(store: Store, access: Access) -> None:
    arrive(store, "a")
    copy_in(access).catch_up(store, NOON)
    arrive(store, "b")
    assert copy_in(access).catch_up(store, NOON).events == 1
    assert serials(access) == [1, 2]


def test_a_long_journal_is_copied_in_batches(store: Store, access: Access) -> None:
    store.note_old([(slot(uid), uid, NOON) for uid in range(1, 2502)], "old", NOON)
    assert copy_in(access).catch_up(store, NOON).events == 2501
    assert len(segments(access)) == 3
    assert journal.verify(copy_in(access).events()) is None


@pytest.mark.parametrize("deed", ["lose the answer", "refuse", "cut the request"])
def test_a_round_that_failed_is_mended_by_the_next(
    store: Store, s3: S3, access: Access, deed: str
) -> None:
    """Whether the server took the segment or not: nothing is missing, nothing there twice."""
    with bad_way(s3.endpoint) as way:
        copy = copy_in(replace(access, endpoint=way.endpoint))
        arrive(store, "a")
        copy.catch_up(store, NOON)
        arrive(store, "b")
        way.spoil(Trouble(deed, "PUT"))  # type: ignore[arg-type]
        with pytest.raises(VaultAway):
            copy.catch_up(store, NOON)
        way.mend()
        arrive(store, "c")
        copy.catch_up(store, NOON)
    assert list(copy_in(access).events()) == store.events_after(0)
    assert serials(access) == [1, 2, 3]


@pytest.mark.usefixtures("few")
def test_segments_are_put_together_and_nothing_is_lost(store: Store, access: Access) -> None:
    copy, most = copy_in(access), 0
    for number in range(23):
        arrive(store, str(number))
        copy.catch_up(store, NOON)
        most = max(most, len(segments(access)))
        assert serials(access) == list(range(1, number + 2))
    assert most <= 5
    assert "-" in segments(access)[0]
    assert list(copy_in(access).events()) == store.events_after(0)
    assert copy_in(access).head() == store.journal_head()


@pytest.mark.usefixtures("few")
def test_a_segment_that_is_large_enough_is_left_alone(
    store: Store, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_segments, "_FULL_BYTES", 1)
    copy = copy_in(access)
    one_by_one(store, copy, range(12))
    expected = ["0001/000000000001-000000000004.jsonl", "0001/000000000005-000000000008.jsonl"]
    assert segments(access)[:2] == expected
    assert serials(access) == list(range(1, 13))


class _Killed(Exception):  # noqa: N818  what happens to a process
    pass


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("point", range(8))
def test_killed_at_any_effect_of_putting_together_nothing_is_missing(
    store: Store, access: Access, point: int
) -> None:
    """Before each object that is made or removed; the next process ends in the same state."""

    class Dying(Bucket):
        left = 3 + point

        def _effect(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise _Killed

        def create(self, name: str, data: bytes) -> bool:
            self._effect()
            return super().create(name, data)

        def remove(self, name: str) -> None:
            self._effect()
            super().remove(name)

    copy = JournalSegments(Dying(access))
    with contextlib.suppress(_Killed):
        one_by_one(store, copy, range(4))
    there = serials(access)
    assert there == list(range(1, len(there) + 1))
    assert len(there) >= 3
    again = copy_in(access)
    one_by_one(store, again, range(4, 12))
    assert list(copy_in(access).events()) == store.events_after(0)
    assert len(segments(access)) <= 5


@pytest.mark.usefixtures("few")
def test_who_reads_while_segments_are_put_together_misses_none(
    store: Store, access: Access
) -> None:
    writer = copy_in(access)
    one_by_one(store, writer, range(3))
    read = copy_in(access).events()
    seen = [next(read).serial]
    arrive(store, "3")
    writer.catch_up(store, NOON)
    assert segments(access) == ["0001/000000000001-000000000004.jsonl"]
    assert seen + [event.serial for event in read] == [1, 2, 3, 4]


class _Late(Bucket):
    """Its next list does not show ``late`` yet."""

    late = ""

    def listed(self, under: str) -> list[tuple[str, int]]:
        late, self.late = self.late, ""
        return [one for one in super().listed(under) if one[0] != late]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_segment_that_is_listed_late_is_put_together_later(
    store: Store, access: Access, number: int
) -> None:
    """The first, one in the middle, the last: what was not read stays."""
    bucket = _Late(access)
    copy = JournalSegments(bucket)
    for count in range(3):
        arrive(store, str(count))
        copy.catch_up(store, NOON)
    arrive(store, "3")
    bucket.late = f"journal/0001/{number:012d}.jsonl"
    copy.catch_up(store, NOON)
    assert bucket.late == ""  # so the list was asked for, to put segments together
    assert list(copy_in(access).events()) == store.events_after(0)
    for count in range(4, 12):
        arrive(store, str(count))
        copy.catch_up(store, NOON)
    assert list(copy_in(access).events()) == store.events_after(0)
    assert len(segments(access)) <= 5


class _Ghost(Bucket):
    """It lists a segment that it has lost."""

    lost = ""
    asked = 0

    def read(self, name: str) -> bytes:
        if name != self.lost:
            return super().read(name)
        self.asked += 1
        assert self.asked < 10, "asked again and again"
        raise FileNotFoundError(name)


@pytest.mark.parametrize("number", [2, 4])
def test_a_segment_that_is_listed_and_gone_is_named(
    store: Store, access: Access, number: int
) -> None:
    for text in "abcd":
        arrive(store, text)
        copy_in(access).catch_up(store, NOON)
    bucket = _Ghost(access)
    bucket.lost = f"journal/0001/{number:012d}.jsonl"
    copy = JournalSegments(bucket)
    seen = []
    with pytest.raises(CopyDamaged, match="listed, and gone") as found:
        seen.extend(event.serial for event in copy.events())
    assert found.value.where == bucket.where(bucket.lost)
    with pytest.raises(CopyDamaged, match="listed, and gone"):
        b"".join(*(pieces for _, pieces in copy.as_files()))


def test_a_last_segment_that_is_gone_begins_another_copy(store: Store, access: Access) -> None:
    for text in "ab":
        arrive(store, text)
        copy_in(access).catch_up(store, NOON)
    bucket = _Ghost(access)
    bucket.lost = "journal/0001/000000000002.jsonl"
    copy = JournalSegments(bucket)
    with pytest.raises(CopyDamaged, match="listed, and gone"):
        copy.head()
    assert copy.catch_up(store, NOON).set_aside == "journal-until-0001.jsonl"
    assert list(copy_in(access).events()) == store.events_after(0)


@pytest.mark.usefixtures("few")
def test_nothing_is_put_together_over_a_segment_that_is_gone(store: Store, access: Access) -> None:
    """Nor are all of them read at each round."""
    bucket = _Ghost(access)
    bucket.lost = "journal/0001/000000000002.jsonl"
    copy = JournalSegments(bucket)
    one_by_one(store, copy, range(15))
    assert len(segments(access)) == 15
    assert bucket.asked == 2  # with 4 segments and with 12


@pytest.mark.usefixtures("few")
def test_a_backup_while_segments_are_put_together_has_each_line_once(
    store: Store, access: Access
) -> None:
    writer = copy_in(access)
    one_by_one(store, writer, range(3))
    ((name, pieces),) = copy_in(access).as_files()
    read = iter(pieces)
    first = next(read)
    arrive(store, "3")
    writer.catch_up(store, NOON)
    assert segments(access) == ["0001/000000000001-000000000004.jsonl"]
    assert name == "journal.jsonl"
    assert first + b"".join(read) == b"".join(map(journal.to_line, store.events_after(0)))


def test_a_deposed_daemon_overwrites_nothing(store: Store, access: Access) -> None:
    """It goes on from an event after which another one has written already."""
    deposed, other = copy_in(access), copy_in(access)
    arrive(store, "a")
    deposed.catch_up(store, NOON)
    arrive(store, "b")
    other.catch_up(store, NOON)
    before = Bucket(access).read("journal/0001/000000000002.jsonl")
    arrive(store, "c")
    with pytest.raises(VaultAway, match="another daemon"):
        deposed.catch_up(store, NOON)
    assert Bucket(access).read("journal/0001/000000000002.jsonl") == before
    other.catch_up(store, NOON)
    deposed.catch_up(store, NOON)
    assert list(copy_in(access).events()) == store.events_after(0)


@pytest.mark.usefixtures("few")
def test_what_a_deposed_daemon_adds_late_is_not_counted_twice(store: Store, access: Access) -> None:
    """Where a segment was that is put together with others by now, it may write one again."""
    deposed, other = copy_in(access), copy_in(access)
    arrive(store, "a")
    deposed.catch_up(store, NOON)
    one_by_one(store, other, range(3))
    assert segments(access) == ["0001/000000000001-000000000004.jsonl"]
    arrive(store, "late")
    deposed.catch_up(store, NOON)
    other.catch_up(store, NOON)
    assert list(copy_in(access).events()) == store.events_after(0)
    assert copy_in(access).head() == store.journal_head()


def put_back(tmp_path: Path, name: str) -> Store:
    """Take the registry that was laid beside under this name for the present one."""
    for leftover in ("registry.db-wal", "registry.db-shm"):
        (tmp_path / "data" / leftover).unlink(missing_ok=True)
    shutil.copy(tmp_path / name, tmp_path / "data" / "registry.db")
    return open_store("sqlite:///data/registry.db", tmp_path)


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Store]:
    """A registry whose file can be put back."""
    with open_store("sqlite:///data/registry.db", tmp_path) as opened:
        yield opened


def test_a_registry_that_was_put_back_is_behind(
    on_disk: Store, access: Access, tmp_path: Path
) -> None:
    arrive(on_disk, "a")
    on_disk.copy_to(tmp_path / "yesterday.db")
    arrive(on_disk, "b")
    arrive(on_disk, "c")
    copy_in(access).catch_up(on_disk, NOON)
    late = on_disk.events_after(1)
    on_disk.close()
    before = segments(access)
    with put_back(tmp_path, "yesterday.db") as old:
        assert copy_in(access).standing(old) == "registry-behind"
        assert copy_in(access).missing(old) == late
        assert copy_in(access).catch_up(old, NOON).behind
        assert segments(access) == before


def test_a_registry_that_was_put_back_and_went_on_begins_another_copy(
    on_disk: Store, access: Access, tmp_path: Path
) -> None:
    """The old segments stay as they are, however often that happens."""
    arrive(on_disk, "a")
    on_disk.copy_to(tmp_path / "yesterday.db")
    arrive(on_disk, "b")
    copy_in(access).catch_up(on_disk, NOON)
    on_disk.close()
    for number in (1, 2):
        with put_back(tmp_path, "yesterday.db") as old:
            arrive(old, f"other {number}")
            assert copy_in(access).standing(old) == "diverged"
            copy = copy_in(access)
            assert copy.catch_up(old, NOON).set_aside == f"journal-until-{number:04d}.jsonl"
            assert copy.set_aside() == copy_in(access).set_aside()
            assert copy_in(access).standing(old) == "equal"
            assert list(copy_in(access).events()) == old.events_after(0)
    assert copy_in(access).set_aside() == ["journal-until-0001.jsonl", "journal-until-0002.jsonl"]
    assert [name[:4] for name in segments(access)] == ["0001", "0002", "0003"]


def test_lines_that_were_edited_are_found_where_they_stand(
    store: Store, s3: S3, access: Access
) -> None:
    for text in "abc":
        arrive(store, text)
    copy_in(access).catch_up(store, NOON)
    name = "journal/0001/000000000001.jsonl"
    lines = Bucket(access).read(name).splitlines(keepends=True)
    told = json.loads(lines[1])
    told[4]["size_bytes"] += 1
    s3.put(access, name, lines[0] + json.dumps(told).encode() + b"\n" + lines[2])
    with pytest.raises(CopyDamaged) as found:
        list(copy_in(access).events())
    assert (found.value.line, found.value.where) == (2, Bucket(access).where(name))


def test_a_last_line_that_was_edited_begins_another_copy(
    store: Store, s3: S3, access: Access
) -> None:
    arrive(store, "a")
    arrive(store, "b")
    copy_in(access).catch_up(store, NOON)
    name = "journal/0001/000000000001.jsonl"
    head, key, tail = Bucket(access).read(name).rpartition(b'"size_bytes":')
    s3.put(access, name, head + key + b"9" + tail[1:])
    assert copy_in(access).catch_up(store, NOON).set_aside == "journal-until-0001.jsonl"
    assert list(copy_in(access).events()) == store.events_after(0)


def test_a_copy_put_aside_before_a_restore_is_not_taken_for_one_put_aside_after_it(
    store: Store, s3: S3, access: Access, tmp_path: Path
) -> None:
    """Each bucket counts its copies; backups of both copies have both."""
    others = [open_store(f"sqlite:///{name}.db", tmp_path) for name in ("second", "third")]
    for number, one in enumerate((store, *others)):
        arrive(one, f"letter {number}")
    copy_in(access).catch_up(store, NOON)
    copy_in(access).catch_up(others[0], NOON)
    again = Bucket(s3.access("restored"))
    for name, data in backup_of(Bucket(access)).items():
        (tmp_path / name).write_bytes(data)
        again.take_in(name, tmp_path / name)
    assert JournalSegments(again).catch_up(others[1], NOON).set_aside == "journal-until-0001.jsonl"
    told = [
        JournalSegments(one).told_as("journal-until-0001.jsonl") for one in (Bucket(access), again)
    ]
    assert len(set(told)) == 2
    for bucket, stores in ((again, (store, *others)), (Bucket(access), (store, others[0]))):
        lines = {b"".join(map(journal.to_line, one.events_after(0))) for one in stores}
        assert set(backup_of(bucket).values()) == lines
    for one in others:
        one.close()


def backup_of(bucket: Bucket) -> dict[str, bytes]:
    """Return the journals that a backup of the bucket has, as its files."""
    return {name: b"".join(pieces) for name, pieces in bucket.beside() if "journal" in name}


@pytest.mark.parametrize("how", ["edited", "gone"])
def test_what_a_damaged_copy_tells_at_the_least(
    store: Store, s3: S3, access: Access, how: str
) -> None:
    """Counted over the segments, whatever the number of a line within one."""
    one_by_one(store, copy_in(access), range(5))
    known, last = Head(2, store.event_hash(2)), store.journal_head().serial
    for name in names_in(Bucket(access)):
        bucket, data = _Ghost(access), Bucket(access).read(name)
        if how == "gone":
            bucket.lost = name
        else:
            s3.put(access, name, data[:-3] + b"x]\n")
        assert told_until(JournalSegments(bucket).readable(), known) == last
        s3.put(access, name, data)


def test_a_folders_journal_becomes_segments_and_a_folders_again(
    store: Store, access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_segments, "_BATCH_BACK", 2)
    for text in "abcde":
        arrive(store, text)
    JournalFile(tmp_path / "vault").catch_up(store, NOON)
    path = tmp_path / "vault" / "journal.jsonl"
    assert copy_in(access).take_in("journal.jsonl", path)
    assert list(copy_in(access).events()) == store.events_after(0)
    assert len(segments(access)) == 3
    assert copy_in(access).standing(store) == "equal"
    files = {name: b"".join(pieces) for name, pieces in copy_in(access).as_files()}
    assert files == {"journal.jsonl": path.read_bytes()}
    path.write_bytes(b"")
    assert copy_in(access).take_in("journal.jsonl", path)
    assert len(segments(access)) == 3
