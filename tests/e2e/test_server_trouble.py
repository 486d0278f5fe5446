"""A whole office on PostgreSQL while the server stops, loses answers or takes nobody in."""

import contextlib
import datetime as dt
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from promises.correspondence import letter
from rigs.cable import Cable
from rigs.cast import moment
from rigs.memory_courier import Taken
from rigs.memory_office import CAMPAIGN, MemoryOffice, Unit
from rigs.ports import Ports
from rigs.postgres import Postgres
from rigs.replaying import no_bar

import intake.service as service_module
from intake.rebuild import rebuild
from registry.model import Mail
from registry.store import Store

MINUTES = dt.timedelta(minutes=20)
HOA_CU, GIA_CAT, STRANGER = "hoacu@caoloc.example", "giacat@caoloc.example", "ai.do@la.example"
CONNECTIONS = 20
#: What is under way when the server stops.
STEPS = [
    ("INSERT INTO messages", "fast"),
    ("INSERT INTO submissions", "immediate"),
    ("INSERT INTO mails", "fast"),
    ("UPDATE mails", "immediate"),
    ("UPDATE slots", "fast"),
    ("SELECT", "immediate"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with (
        Ports() as ports,  # ours also while it is stopped
        Postgres(address="127.0.0.1", port=ports.numbers[0], connections=CONNECTIONS) as started,
    ):
        yield started


@pytest.fixture(autouse=True)
def _any_clock(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    yield
    if not server.running:  # a test failed in between
        server.start()


def office_at(folder: Path, url: str) -> MemoryOffice:
    """An office with two forms and a stranger's letter in its inbox."""
    units = [Unit("06223", "Hòa Cư", [HOA_CU]), Unit("06235", "Gia Cát", [GIA_CAT])]
    changes = {
        "officers": {"digest_at": '"23:59"'},
        "security": {"answer_strangers": "true"},
        "storage": {"database": f'"{url}"'},
    }
    opened = MemoryOffice(folder, moment(15, 8), units, changes)
    opened.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), opened.now)
    opened.server.deliver(letter("form", "Gia Cát", GIA_CAT, 2, 2), opened.now)
    opened.server.deliver(letter("form", "Hòa Cư", STRANGER, 3, 3), opened.now)
    return opened


def outcome(office: MemoryOffice) -> dict[str, object]:
    """What people see of it: answers, mails that left (how often), where the messages lie."""
    store: Store = office.store
    return {
        "answers": [
            (one.commune, one.version, one.receipt, one.current, len(one.points))
            for one in store.submissions(CAMPAIGN)
        ],
        "mails": Counter((one.recipient, one.key) for one in office.courier.taken if _owed(one)),
        "outbox": Counter(
            (one.recipient, one.key, one.state) for one in store.mails() if _owed(one)
        ),
        "folders": {
            name: len(lying) for name, lying in office.server.folders.items() if name != "Sent"
        },
        "journal": store.verify_journal(),
    }


def _owed(mail: Mail | Taken) -> bool:
    """Whether it is owed anyhow: of trouble the admin is told."""
    return not mail.key.startswith("alert/")


@pytest.fixture(scope="module")
def calm(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What comes of it when nothing happens."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_module, "BUILT_AT", moment(1))
        office = office_at(tmp_path_factory.mktemp("calm") / "office", server.url())
        _finish(office)
        found = outcome(office)
        office.close()
    return found


def turn(office: MemoryOffice) -> None:
    """One turn of the service's loop: a tick, and what those who watch are told."""
    office.survive(office.service._turn)


def _finish(office: MemoryOffice) -> None:
    for _ in range(3):
        turn(office)
        office.pass_time(MINUTES)


def _troubles(office: MemoryOffice) -> set[str]:
    return {one.code for one in office.daemon.health.look()}


@pytest.mark.parametrize(("step", "mode"), STEPS)
def test_fault_131_server_restarts_in_the_middle_of_a_tick(
    server: Postgres, tmp_path: Path, calm: dict[str, object], step: str, mode: str
) -> None:
    """The tick is given up and told; with the server back all is as if nothing had been."""
    office = office_at(tmp_path / "office", server.url())
    engine = office.store._database.engine
    stopped: list[str] = []

    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(step) and not stopped:
            stopped.append(statement)
            server.stop(mode)

    sa.event.listen(engine, "before_cursor_execute", stop)
    turn(office)
    assert "registry" in _troubles(office)
    turn(office)  # still away
    server.start()
    _finish(office)
    assert "registry" not in _troubles(office)
    assert outcome(office) == calm
    office.close()


@pytest.mark.parametrize("number", range(1, 16))
def test_fault_131_server_that_took_a_commit_whose_answer_was_lost(
    server: Postgres, tmp_path: Path, calm: dict[str, object], number: int
) -> None:
    """Whichever commit it is: the step that is repeated finds it done, nothing is done twice."""
    name = server.url().partition("@/")[2].partition("?")[0]
    with Cable(server.port) as cable:
        url = f"postgresql+psycopg://intake@127.0.0.1:{cable.port}/{name}"
        office = office_at(tmp_path / "office", url)
        written: list[sa.Connection] = []

        def committing(connection: sa.Connection) -> None:
            if connection.get_execution_options().get("immediate"):
                written.append(connection)
                if len(written) == number:
                    cable.lose_commit()

        sa.event.listen(office.store._database.engine, "commit", committing)
        turn(office)
        assert cable.lost == 1
        _finish(office)
        assert "registry" not in _troubles(office)
        assert outcome(office) == calm
        office.close()


def test_fault_132_server_that_takes_nobody_in(
    server: Postgres, tmp_path: Path, calm: dict[str, object]
) -> None:
    """Too many clients: told by health, and mended when they are gone."""
    office = office_at(tmp_path / "office", server.url())
    office.store._database.engine.dispose()
    engine = sa.create_engine(server.url(), poolclass=sa.NullPool)
    taken: list[sa.Connection] = []
    ends_at = time.monotonic() + 60
    while len(taken) < CONNECTIONS:  # a place that was left a moment ago is refused, then free
        assert time.monotonic() < ends_at
        with contextlib.suppress(sa.exc.OperationalError):
            taken.append(engine.connect())
    turn(office)
    assert "registry" in _troubles(office)
    assert office.courier.taken == []
    for one in taken:
        one.close()
    _finish(office)
    assert "registry" not in _troubles(office)
    assert outcome(office) == calm
    office.close()


def test_fault_132_pool_of_the_daemon_is_in_use(
    server: Postgres, tmp_path: Path, calm: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All connections of the process are taken: the tick waits a while, is given up, and told."""
    office = office_at(tmp_path / "office", server.url())
    engine = office.store._database.engine
    monkeypatch.setattr(engine.pool, "_timeout", 0.05)
    taken = [engine.connect() for _ in range(8)]
    turn(office)
    assert "registry" in _troubles(office)
    for one in taken:
        one.close()
    _finish(office)
    assert "registry" not in _troubles(office)
    assert outcome(office) == calm
    office.close()


# --- an edit and a clock that meet an absent server -----------------------------------------------


def turn_with_edits(office: MemoryOffice) -> None:
    """One turn of the service's loop, with the look at the config before it."""
    if office.service._unread_edit():
        office.reload()
    turn(office)
    office.pass_time(MINUTES)


def test_an_edited_roster_is_noted_before_it_is_used(server: Postgres, tmp_path: Path) -> None:
    """It waits for the server, so that a replay decides by it what was decided by it."""
    office = office_at(tmp_path / "office", server.url())
    turn_with_edits(office)
    office.roster.append(Unit("06241", "Xuất Lễ", ["xuatle@caoloc.example"]))
    office.write_roster()
    server.stop()
    office.reload()
    assert len(office.desk.config.communes) == 2
    server.start()
    office.server.deliver(letter("form", "Xuất Lễ", "xuatle@caoloc.example", 50, 3), office.now)
    turn_with_edits(office)
    assert len(office.desk.config.communes) == 3
    (message,) = [one for one in office.store.messages() if one.sender == "xuatle@caoloc.example"]
    assert (message.state, message.verdict) == ("recorded", "submission")
    turn_with_edits(office)
    again = rebuild(office.desk.config, tmp_path / "again", no_bar, from_vault=True)
    assert again.equal, again.view["differences"]
    office.close()


def test_a_halved_roster_is_not_used_without_its_brake(server: Postgres, tmp_path: Path) -> None:
    """The brake could not be pulled: nothing of the edit is in use, and nothing is forgotten."""
    office = office_at(tmp_path / "office", server.url())
    office.roster += [Unit(f"063{n}", f"Xã {n}", [f"xa{n}@caoloc.example"]) for n in range(10, 20)]
    office.write_roster()
    turn_with_edits(office)
    assert len(office.desk.config.communes) == 12
    del office.roster[3:]
    office.write_roster()
    settings = office.folder / "settings.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("rate_per_minute = 60", "rate_per_minute = 5"), "utf-8")
    courier = office.desk.courier
    server.stop()
    office.reload()
    assert (len(office.desk.config.communes), office.desk.courier) == (12, courier)
    server.start()
    if office.service._unread_edit():
        office.reload()
    assert len(office.desk.config.communes) == 3
    assert office.desk.config.settings.smtp.rate_per_minute == 5
    brake = office.store.snapshot({}).brake
    assert brake is not None
    assert "roster lost 9 of 12" in brake.reason
    office.close()


def test_a_clock_that_jumped_while_the_server_was_away_pulls_the_brake(
    server: Postgres, tmp_path: Path
) -> None:
    office = office_at(tmp_path / "office", server.url())
    turn(office)
    office.jump(dt.timedelta(days=3))
    server.stop()
    turn(office)
    server.start()
    office.pass_time(MINUTES)
    turn(office)
    brake = office.store.snapshot({}).brake
    assert brake is not None
    assert "jumped by +259200 s" in brake.reason
    office.close()
