"""A registry on a PostgreSQL server: what each trouble of it means, and what it leaves behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from rigs.answers import answer, arrive, at, hash_of, reminder
from rigs.cable import Cable
from rigs.dump import dump
from rigs.ports import Ports
from rigs.postgres import Postgres

from registry import database
from registry.errors import RegistryBusy, RegistryProblem
from registry.store import Store, open_store
from registry.tables import mails, messages


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with (
        Ports() as ports,  # ours also while it is stopped
        Postgres(address="127.0.0.1", port=ports.numbers[0], connections=20) as started,
    ):
        started.sql("CREATE ROLE office LOGIN PASSWORD 'Bi-Mat-1'")
        access = "local all all trust\nhost all intake all trust\nhost all all all scram-sha-256\n"
        (started.dir / "data" / "pg_hba.conf").write_text(access)
        started.stop()
        started.start()
        yield started


@pytest.fixture
def store(server: Postgres, tmp_path: Path) -> Iterator[Store]:
    with open_store(server.url(), tmp_path) as opened:
        yield opened


def _address(server: Postgres, name: str, port: int | None = None) -> str:
    return f"postgresql+psycopg://office@127.0.0.1:{port or server.port}/{name}"


def test_the_password_opens_it_and_is_told_to_nobody(server: Postgres, tmp_path: Path) -> None:
    server.url("office")
    server.sql("ALTER DATABASE office OWNER TO office")
    with open_store(_address(server, "office"), tmp_path, password="Bi-Mat-1") as opened:
        assert opened.journal_head().serial == 0
        assert "Bi-Mat" not in opened.name_of_database()
    for password in ("Bi-Mat-2", ""):
        with pytest.raises(RegistryProblem, match="password_env or password_file") as refused:
            open_store(_address(server, "office"), tmp_path, password=password)
        assert "Bi-Mat" not in str(refused.value)


@pytest.mark.parametrize("name", ["nowhere", "others"])
def test_a_database_that_is_not_ours_is_the_admins_to_mend(
    server: Postgres, tmp_path: Path, name: str
) -> None:
    if name == "others":
        server.url(name)
    with pytest.raises(RegistryProblem, match="belong to this user"):
        open_store(_address(server, name), tmp_path, password="Bi-Mat-1")


def test_a_server_that_is_away_passes_by_itself(server: Postgres, tmp_path: Path) -> None:
    with Ports() as ports, pytest.raises(RegistryBusy, match="tried again"):
        open_store(_address(server, "office", ports.numbers[0]), tmp_path, password="x")
    with pytest.raises(RegistryBusy, match="tried again"):
        open_store("postgresql+psycopg://office@no-such-host.invalid/x", tmp_path)


def test_an_encoding_without_vietnamese_is_refused(server: Postgres, tmp_path: Path) -> None:
    server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    url = f"postgresql+psycopg://intake@/latin?host={server.dir}&port={server.port}"
    with pytest.raises(RegistryProblem, match="ENCODING 'UTF8'"):
        open_store(url, tmp_path)


def test_text_is_ordered_as_in_a_file_whatever_the_databases_language(
    server: Postgres, tmp_path: Path
) -> None:
    """A Vietnamese database would put ă after a, and capitals beside small letters."""
    server.sql(
        "CREATE DATABASE viet TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'vi-VN'"
        " LOCALE 'C.UTF-8'"
    )
    url = f"postgresql+psycopg://intake@/viet?host={server.dir}&port={server.port}"
    with open_store(url, tmp_path) as viet, open_store("sqlite:///file.db", tmp_path) as file:
        for name in ("b", "B", "ă", "a", "Z", "đ", "_", "é", "10", "9"):
            for store in (viet, file):
                mail = reminder(f"d-{name}")
                store.queue([mail], at(0))
        order = sa.select(mails.c.key).order_by(mails.c.key)
        keys = []
        for store in (viet, file):
            with store._database.read() as connection:
                keys.append(connection.execute(order).scalars().all())
        assert keys[0] == keys[1]
        assert keys[0] == sorted(keys[0])


def test_a_question_sees_one_moment_throughout(store: Store) -> None:
    count = sa.select(sa.func.count()).select_from(messages)
    with store._database.read() as connection:
        assert connection.execute(count).scalar_one() == 0
        arrive(store, "a", uid=1)
        assert connection.execute(count).scalar_one() == 0
    with store._database.read() as connection:
        assert connection.execute(count).scalar_one() == 1
        with pytest.raises(sa.exc.InternalError, match="read-only"):
            connection.execute(messages.delete())


def test_somebody_elses_lock_is_waited_for_then_busy(store: Store, tmp_path: Path) -> None:
    other = open_store(str(store._database.url), tmp_path, busy_seconds=0.05)
    with other, store._database.write(), pytest.raises(RegistryBusy, match="55P03"):
        arrive(other, "a", uid=1)


def test_writers_at_the_same_time_make_one_chain(store: Store, tmp_path: Path) -> None:
    def write(name: str) -> None:
        with open_store(str(store._database.url), tmp_path) as own:
            for number in range(15):
                arrive(own, f"{name} {number}")

    writers = [threading.Thread(target=write, args=(name,)) for name in ("one", "two", "three")]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [message.id for message in store.kept()] != []
    assert sorted(message.id for message in store.kept()) == list(range(1, 46))
    assert store.verify_journal() is None


def test_fault_131_a_restart_between_two_steps_costs_nothing(
    store: Store, server: Postgres
) -> None:
    """The pool looks at a connection before it gives it out."""
    first = arrive(store, "a", uid=1)
    server.stop("fast")
    server.start()
    store.record(first, answer(), at(1))
    assert store.message(first).state == "recorded"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_fault_131_a_restart_in_the_middle_gives_the_step_up_whole(
    store: Store, server: Postgres, mode: str
) -> None:
    """Stopped between the statements of a transaction: nothing of it was done, repeated it is."""
    first = arrive(store, "a", uid=1)
    before = dump(store)

    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO submissions"):
            sa.event.remove(store._database.engine, "before_cursor_execute", stop)
            server.stop(mode)

    sa.event.listen(store._database.engine, "before_cursor_execute", stop)
    with pytest.raises(RegistryBusy, match="tried again"):
        store.record(first, answer(), at(1))
    with pytest.raises(RegistryBusy, match="cannot be reached"):
        store.kept()
    server.start()
    assert dump(store) == before
    assert store.record(first, answer(), at(1)).state == "recorded"
    assert store.verify_journal() is None


def test_fault_131_a_lost_answer_to_commit_leaves_a_step_that_can_be_repeated(
    server: Postgres, tmp_path: Path
) -> None:
    """The server committed, the cable was cut: busy is said, and the step is found done."""
    name = server.url().partition("@/")[2].partition("?")[0]
    with Cable(server.port) as cable:
        url = f"postgresql+psycopg://intake@127.0.0.1:{cable.port}/{name}"
        with open_store(url, tmp_path) as store:
            cable.lose_commit()
            with pytest.raises(RegistryBusy, match="tried again"):
                arrive(store, "a", uid=1)
            assert cable.lost == 1
            [kept] = store.kept()
            assert kept.sha256 == hash_of("a")
            assert arrive(store, "a", uid=1) == kept.id  # the step repeated
            cable.lose_commit()
            with pytest.raises(RegistryBusy):
                store.queue([reminder()], at(1))
            assert store.queue([reminder()], at(1)) == 0
            assert len(store.mails()) == 1
            assert store.verify_journal() is None


def test_fault_132_a_pool_that_is_exhausted_is_busy(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All connections of the process in use: the question is given up, and works later."""
    monkeypatch.setattr(store._database.engine.pool, "_timeout", 0.05)
    taken = [store._database.engine.connect() for _ in range(8)]
    with pytest.raises(RegistryBusy, match="became free"):
        store.kept()
    for one in taken:
        one.close()
    assert store.kept() == []


def test_fault_132_a_server_with_too_many_clients_is_busy(store: Store, server: Postgres) -> None:
    """The server takes no further connection: busy, and with one that ends it works again."""
    arrive(store, "a", uid=1)
    store._database.engine.dispose()
    with server.crowd() as taken:
        with pytest.raises(RegistryBusy, match="tried again"):
            store.kept()
        server.dismiss([taken.pop()])
        assert len(store.kept()) == 1


def test_two_claimers_never_get_the_same_mail(store: Store, tmp_path: Path) -> None:
    """At the same time, many times over: each mail is handed over once, by one of them."""
    store.queue([reminder(f"d{number}") for number in range(30)], at(0))
    ids = [mail.id for mail in store.next_mails(at(0), 100)]
    got: dict[str, list[int]] = {"one": [], "two": []}
    ready = threading.Barrier(2)

    def claim(name: str) -> None:
        with open_store(str(store._database.url), tmp_path) as own:
            ready.wait()
            for mail_id in ids:
                if not own.write_down([(mail_id, at(1))], []).impossible:
                    got[name].append(mail_id)

    claimers = [threading.Thread(target=claim, args=(name,)) for name in got]
    for one in claimers:
        one.start()
    for one in claimers:
        one.join()
    assert sorted(got["one"] + got["two"]) == ids
    assert {mail.attempts for mail in store.mails()} == {1}


def test_a_mail_that_somebody_holds_is_left_out_and_not_waited_for(store: Store) -> None:
    store.queue([reminder("d1"), reminder("d2")], at(0))
    first, second = (mail.id for mail in store.next_mails(at(0), 10))
    with store._database.engine.begin() as other:
        other.execute(sa.select(mails).where(mails.c.id == first).with_for_update())
        written = store.write_down([(first, at(1)), (second, at(1))], [])
        assert written.impossible == {first}
    assert [mail.state for mail in store.mails()] == ["queued", "sending"]


def test_a_claimer_does_not_wait_for_what_somebody_holds(store: Store) -> None:
    """It leaves it out, and begins the others."""
    first, second = arrive(store, "a", uid=1), arrive(store, "b", uid=2)
    with store._database.engine.begin() as other:
        other.execute(sa.select(messages).where(messages.c.id == first).with_for_update())
        assert store.begin_attempts([first, second], at(1)) == [second]
    assert store.begin_attempts([first], at(1)) == [first]


def test_a_write_waits_for_no_reader(store: Store) -> None:
    with store._database.read() as connection:
        connection.execute(sa.select(messages))
        arrive(store, "a", uid=1)


def test_every_wait_of_a_connection_ends(store: Store) -> None:
    with store._database.read() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in (
                "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
            )
        }  # fmt: skip
    assert shown == {
        "statement_timeout": "2min",
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "5min",
    }


def test_an_address_with_options_of_its_own_keeps_them(server: Postgres, tmp_path: Path) -> None:
    url = f"{server.url()}&options=-c%20statement_timeout%3D7s"
    with open_store(url, tmp_path) as store, store._database.read() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "7s"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "30s"


def test_what_it_is_can_be_asked_without_making_a_table(server: Postgres) -> None:
    asked = database.Database(sa.make_url(server.url()))
    assert asked.describe().startswith("PostgreSQL ")
    assert "UTF8" in asked.describe()
    with asked.read() as connection:
        assert sa.inspect(connection).get_table_names() == []
    asked.close()
