"""`intake verify`: events changed, removed, inserted, moved, cut off; files torn and gone."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs import world
from rigs.answers import NOON, answer, at, slot

from config.model import Config
from intake.put_in_place import notice_behind
from intake.verify import Fault, files_to_check, verify
from registry import journal
from registry.errors import RegistryBehind
from registry.journal_copy import told_until
from registry.journal_file import JournalFile
from registry.model import Head, ReportFile
from registry.store import Store, open_store
from registry.vault import Vault

URL = "sqlite:///data/registry.db"
CONFIG: Config = world.config()


@dataclasses.dataclass
class Kept:
    """A registry with two messages and a report, its vault, its journal's copy."""

    store: Store
    vault: Vault
    copy: JournalFile
    messages: tuple[str, str]
    report: str

    def faults(self) -> list[Fault]:
        return verify(CONFIG, self.store, self.vault)

    def codes(self) -> list[str]:
        return [fault.code for fault in self.faults()]

    def path(self, sha256: str) -> Path:
        return self.vault.place.folder / sha256[:2] / sha256

    def sql(self, statement: str) -> None:
        """As somebody who tampers with it: no write of ours goes on from an event that is gone."""
        with self.store._database.aside() as connection:
            assert connection.exec_driver_sql(statement).rowcount >= 1


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    vault = Vault(tmp_path / "vault")
    with open_store(URL, tmp_path) as store:
        shas = tuple(vault.put(raw) for raw in (b"From: a\n\none", b"From: b\n\ntwo"))
        for uid, sha256 in enumerate(shas, start=1):
            store.keep(slot(uid), sha256, 12, at(uid), at(uid))
        store.record(1, answer(), at(3))
        report = vault.put(b"a workbook")
        files = [ReportFile("Bao cao.xlsx", report, 10)]
        store.freeze_report("ocop-2024-2", vault.put(b"{}"), files, at(4))
        copy = JournalFile(vault.place.folder)
        copy.catch_up(store, NOON)
        yield Kept(store, vault, copy, shas, report)  # type: ignore[arg-type]


def test_what_is_whole_is_found_whole(kept: Kept) -> None:
    assert kept.faults() == []
    assert files_to_check(kept.store) == 4
    kept.store.reject(2, "", "officer", at(5))  # the copy lacks it until the next tick
    assert kept.faults() == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE events SET data = replace(data, '12', '13') WHERE serial = 2", "journal"),
        ("DELETE FROM events WHERE serial = 2", "journal"),
        ("DELETE FROM events WHERE serial > 2", "registry-behind"),
        ("DELETE FROM events", "registry-behind"),
    ],
)
def test_events_that_were_changed_removed_or_cut_off_are_found(
    kept: Kept, statement: str, code: str
) -> None:
    kept.sql(statement)
    assert code in kept.codes()


def test_events_that_were_inserted_or_moved_are_found(kept: Kept) -> None:
    kept.sql("UPDATE events SET serial = serial + 1000 WHERE serial > 1")
    kept.sql(
        "INSERT INTO events SELECT 2, at, kind, 'message 9', data, previous, sha256 "
        "FROM events WHERE serial = 1"
    )
    kept.sql("UPDATE events SET serial = serial - 999 WHERE serial > 1000")
    assert "journal" in kept.codes()


def test_a_journal_that_was_written_anew_from_some_event_on_is_found(kept: Kept) -> None:
    """A forger with a calculator keeps the chain whole; the copy knows better."""
    events = kept.store.events_after(0)
    kept.sql("DELETE FROM events WHERE serial > 2")
    previous = events[1].sha256
    with kept.store._database.aside() as connection:
        for old in events[2:]:
            new = journal.seal(previous, old.serial, old.at, old.kind, "message 7", old.data)
            connection.exec_driver_sql(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(new.serial, new.at.isoformat(timespec="microseconds")[:-6] + "Z", new.kind),
                    *(new.subject, json.dumps(new.data, ensure_ascii=False)),
                    *(previous, new.sha256),
                ),
            )
            previous = new.sha256
    assert kept.store.verify_journal() is None
    (fault,) = kept.faults()
    assert (fault.code, fault.found) == ("copy", "event 3 is another one than the registry's")


def test_lines_of_the_copy_that_were_changed_removed_or_moved_are_found(kept: Kept) -> None:
    lines = kept.copy.path.read_bytes().splitlines(keepends=True)
    edited = lines[1].replace(b'"kept"', b'"held"')
    for changed, found in (
        ([lines[0], edited, *lines[2:]], "line 2 was changed"),
        ([lines[0], *lines[2:]], "line 2 is event 3"),
        ([lines[1], lines[0], *lines[2:]], "line 1 is event 2"),
    ):
        kept.copy.path.write_bytes(b"".join(changed))
        (fault,) = kept.faults()
        assert fault.code == "copy"
        assert fault.found.startswith(found)


def test_a_line_that_a_deposed_daemon_appended_again_counts_once(kept: Kept) -> None:
    lines = kept.copy.path.read_bytes().splitlines(keepends=True)
    kept.copy.path.write_bytes(b"".join([*lines[:2], *lines]))
    assert kept.faults() == []


def test_a_byte_that_flipped_in_the_vault_names_its_message(kept: Kept) -> None:
    path = kept.path(kept.messages[0])
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        (fault,) = kept.faults()
        assert (fault.code, fault.about[:11]) == ("message-file", "message 1 (")
        assert fault.found.endswith("is damaged")
    assert "from 'Đã xử lý' into 'INBOX'" in str(fault)


def test_a_file_that_is_gone_names_what_it_belonged_to(kept: Kept) -> None:
    kept.path(kept.messages[1]).unlink()
    kept.path(kept.report).unlink()
    message, report = kept.faults()
    assert "out of 'INBOX' and back into it" in message.remedy  # it is not yet understood
    assert report.about == "report 1 of ocop-2024-2"
    assert report.found.startswith("its file 'Bao cao.xlsx'")
    assert "intake replay --out" in report.remedy


def test_a_file_that_may_not_be_read_is_a_fault_and_no_crash(kept: Kept) -> None:
    path = kept.path(kept.report)
    path.unlink()
    path.mkdir()
    assert kept.codes() == ["report-file"]


def test_a_registry_older_than_its_vault_catches_up_before_it_speaks(
    kept: Kept, tmp_path: Path
) -> None:
    notice_behind(kept.copy, kept.store, NOON)
    assert kept.store.behind() is None
    kept.sql("DELETE FROM events WHERE serial > 2")
    with open_store(URL, tmp_path) as started:
        notice_behind(kept.copy, started, NOON)
        behind = started.behind()
    assert behind is not None
    assert "has 2 events and the journal's copy in the vault" in behind.reason


def test_an_empty_registry_beside_a_vault_that_has_a_journal_is_not_worked_on(kept: Kept) -> None:
    kept.sql("DELETE FROM events")
    with pytest.raises(RegistryBehind, match=r"has 0 events .*intake replay --in-place"):
        notice_behind(kept.copy, kept.store, NOON)


def damage(kept: Kept, at: int) -> None:
    lines = kept.copy.path.read_bytes().splitlines(keepends=True)
    lines[at] = lines[at][:-3] + b"x]\n"
    kept.copy.path.write_bytes(b"".join(lines))


EVERYWHERE = pytest.mark.parametrize("at", [0, 1, -2, -1])


@EVERYWHERE
def test_a_copy_that_is_damaged_stops_no_daemon(kept: Kept, at: int) -> None:
    """It is set aside at the first tick; a registry is there, and whole."""
    damage(kept, at)
    notice_behind(kept.copy, kept.store, NOON)
    assert kept.store.behind() is None


@EVERYWHERE
def test_a_copy_that_is_damaged_hides_no_older_registry(
    kept: Kept, tmp_path: Path, at: int
) -> None:
    last = kept.store.journal_head().serial
    damage(kept, at)
    kept.sql("DELETE FROM events WHERE serial > 2")
    with open_store(URL, tmp_path) as started:
        notice_behind(kept.copy, started, NOON)
        behind = started.behind()
    assert behind is not None
    assert f"has 2 events and the journal's copy in the vault has {last}" in behind.reason


@EVERYWHERE
def test_a_copy_that_is_damaged_hides_no_new_registry(kept: Kept, at: int) -> None:
    last = kept.store.journal_head().serial
    damage(kept, at)
    kept.sql("DELETE FROM events")
    with pytest.raises(RegistryBehind, match=f"has 0 events .* has {last}"):
        notice_behind(kept.copy, kept.store, NOON)


def test_what_a_damaged_copy_tells_at_the_least(kept: Kept) -> None:
    """Lines that stand twice count once; a registry that went on otherwise lacks none of them."""
    one, two, three, *_ = kept.store.events_after(0)
    known = Head(one.serial, one.sha256)
    assert told_until([one, None, three], known) == 3
    assert told_until([one, None, None], known) == 3
    assert told_until([one, two, None, two], known) == 2
    assert told_until([one, two, None], Head(2, "another")) == 0
    assert told_until([], known) == 0
