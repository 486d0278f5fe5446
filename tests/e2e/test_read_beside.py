"""What a daemon that stands by has read is used by the one that works, or left alone."""

import dataclasses
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
import sqlalchemy as sa
from rigs.cast import moment
from rigs.dovecot import Dovecot
from rigs.dump import dump
from rigs.postgres import Postgres
from rigs.whole import Whole, mail, workbook_file

import parsers
from intake import read_beside, readings
from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import HOA_CU, _sender
from intake.opening import jail_limits
from intake.read_beside import Beside
from intake.readings import reading_key
from parsers.fingerprint import code_fingerprint, fingerprint_of
from parsers.form import Form
from registry.errors import NotPossible
from registry.lease import this_process
from registry.lease_rows import take_over
from registry.store import open_beside, open_store

pytestmark = pytest.mark.e2e

BOOK = workbook(PLAIN, _sender("Hòa Cư", 45, 15), HOA_CU)
SENDERS = ["hoacu@caoloc.example", "giacat@caoloc.example", "thanhloa@caoloc.example"]
RAWS = [mail(sender, files=workbook_file(BOOK)) for sender in SENDERS]


class Kept(Whole):
    """An office that has fetched its mails and understood none."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.reads = watched(self)
        self.desk.shared = True
        for raw in RAWS:
            self.deliver(raw)
        self.daemon.collect_and_keep()
        return self


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        open_store(running.url("migrated"), running.dir).close()
        yield running


@pytest.fixture
def office(tmp_path: Path, dovecot: Dovecot, server: Postgres) -> Iterator[Kept]:
    """An office on a server's registry that has kept three mails with a workbook each."""
    with opened(tmp_path / "config", dovecot, server) as made:
        yield made


def opened(folder: Path, dovecot: Dovecot, server: Postgres) -> Kept:
    storage = {"storage": {"database": f'"{server.url(template="migrated")}"'}}
    user = next(dovecot.unused)  # type: ignore[attr-defined]
    return Kept(folder, dovecot, user, moment(15), storage)


def watched(office: Whole) -> list[str]:
    """Note what the office's own reader is asked to read."""
    asked: list[str] = []
    read = office.desk.reader.read

    def noted(data: bytes, form: Form, name: str = "") -> Any:
        asked.append(name)
        return read(data, form, name)

    office.desk.reader.read = noted  # type: ignore[method-assign]
    return asked


def read_all_beside(office: Kept) -> None:
    """Be the daemon that stands by until it has read what waits."""
    beside = Beside(office.config)
    thread = threading.Thread(target=beside._read_on)
    thread.start()
    try:
        for _ in range(600):
            if all(office.store.readings_of(one.id) for one in office.store.kept()):
                return
            time.sleep(0.1)
        raise AssertionError("it did not read")
    finally:
        beside.ended.set()
        thread.join(60)


def rows_of(office: Kept) -> int:
    engine = sa.create_engine(office.config.settings.storage.database)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM readings")).scalar_one()
    engine.dispose()
    return int(count)


def test_what_was_read_beside_is_recorded_as_if_it_had_been_read_here(
    office: Kept, tmp_path: Path, dovecot: Dovecot, server: Postgres
) -> None:
    read_all_beside(office)
    assert office.smtp.lines == []  # neither SMTP nor the mailbox was asked
    office.tick()
    assert office.reads == []
    with opened(tmp_path / "alone", dovecot, server) as alone:
        alone.tick()
        assert len(alone.reads) == 3
        mine, theirs = dump(office.store), dump(alone.store)
    for table in ("submissions", "points", "findings", "documents"):
        assert [_timeless(row) for row in mine[table]] == [_timeless(row) for row in theirs[table]]
    office.store.forget_readings()
    assert rows_of(office) == 0  # they go away with their message's wait


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not key.endswith("_at")}


def test_fault_135_readings_of_another_version_are_not_used(
    office: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 135: one letter of the parsers differs there: all is read here, none of it counts."""
    older = tmp_path / "older" / "parsers"
    shutil.copytree(Path(parsers.__file__).parent, older)
    (older / "money.py").write_text((older / "money.py").read_text("utf-8") + "# older\n", "utf-8")
    with monkeypatch.context() as there:
        there.setattr(readings, "code_fingerprint", lambda: fingerprint_of(older))
        read_all_beside(office)
    office.tick()
    assert len(office.reads) == 3


def test_fault_135_who_stands_by_with_another_version_does_not_even_read(office: Kept) -> None:
    """FAULTS 135: it sees what the holder runs, says so once, and claims nothing."""
    engine = sa.create_engine(office.config.settings.storage.database)
    with engine.begin() as connection:
        take_over(connection, "daemon", this_process(), "another version", 60)
    engine.dispose()
    beside, told = Beside(office.config), []
    beside._tell = lambda reason: (told.append(reason), beside.ended.set())  # type: ignore[method-assign,func-returns-value,assignment]
    beside._read_on()
    assert told == ["the daemon that works runs another version of the program"]
    assert rows_of(office) == 0


def test_an_upgrade_under_a_running_process_stops_the_sharing(
    office: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all_beside(office)
    monkeypatch.setattr(readings, "is_current", lambda: False)
    office.tick()
    assert len(office.reads) == 3
    monkeypatch.setattr(read_beside, "is_current", lambda: False)
    assert "start it again" in Beside(office.config)._of_no_use([code_fingerprint()])


def test_rows_that_say_nothing_of_use_cost_a_reading_and_no_more(office: Kept) -> None:
    read_all_beside(office)
    first, second, third = office.store.kept()
    broken = dict.fromkeys(office.store.readings_of(first.id), '{"reading": {"kind": 7}}')
    office.store.put_readings(first.id, Beside(office.config)._me, broken)
    engine = sa.create_engine(office.config.settings.storage.database)
    put = sa.text("UPDATE readings SET answers = :answers WHERE message_id = :id")
    with engine.begin() as connection:
        for one, answers in ((second, "null"), (third, "not json")):
            connection.execute(put, {"answers": answers, "id": one.id})
    engine.dispose()
    office.tick()
    assert len(office.reads) == 3
    assert sum(one.kind == "ack" for one in office.store.mails()) == 3


def test_every_part_of_the_key_counts(office: Kept) -> None:
    form, limits = office.config.campaigns[0].form, jail_limits(office.config)
    mine = reading_key(b"data", form, "a.xlsx", limits, "code")
    others = {
        reading_key(b"Data", form, "a.xlsx", limits, "code"),
        reading_key(b"data", replace(form, words=("x",)), "a.xlsx", limits, "code"),
        reading_key(b"data", form, "b.xlsx", limits, "code"),
        reading_key(b"data", form, "a.xlsx", replace(limits, seconds=7), "code"),
        reading_key(b"data", form, "a.xlsx", limits, "edoc"),
        *(
            reading_key(b"data", form, "a.xlsx", replace(limits, document=other), "code")
            for one in dataclasses.fields(limits.document)
            for other in [replace(limits.document, **{one.name: 3})]
        ),
    }
    assert mine not in others
    assert len(others) == 5 + len(dataclasses.fields(limits.document))


def test_who_stands_by_can_write_nothing_else(office: Kept) -> None:
    beside = open_beside(office.config.settings.storage.database, office.folder)
    assert beside is not None
    with beside, pytest.raises(NotPossible, match="only stands by"):
        beside.pull_brake("why", office.now)


def test_a_registry_of_an_older_schema_is_left_to_the_daemon_that_works(
    office: Kept, server: Postgres
) -> None:
    address = sa.make_url(server.url(template="migrated"))
    server.sql("UPDATE alembic_version SET version_num = '0004'", address.database or "")
    assert open_beside(address.render_as_string(hide_password=False), office.folder) is None


def test_two_that_stand_by_claim_different_messages_from_the_far_end(office: Kept) -> None:
    store = office.store
    line = [one.id for one in store.kept()]
    claimed = [store.claim_reading(f"host {n}", 60) for n in range(4)]
    assert [one.id if one else None for one in claimed] == [*reversed(line), None]
    store.put_readings(line[0], "host 2", {})
    assert store.claim_reading("host 9", 0.0) is None  # claims last, and what is done is done
