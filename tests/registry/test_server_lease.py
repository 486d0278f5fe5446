"""The lease of a registry on a server: taken by one, renewed, ended by the server's clock alone."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from rigs.answers import NOON
from rigs.postgres import Postgres

from registry import server_lease
from registry.database import Database
from registry.errors import RegistryBusy, RegistryProblem, RegistryTooNew
from registry.lease import Away, Held, Holder, LeaseLost
from registry.server_lease import ServerLease, since_boot
from registry.store import Store, open_store

LENGTH = 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        open_store(running.url("migrated"), running.dir).close()
        yield running


@pytest.fixture
def url(server: Postgres) -> sa.URL:
    return sa.make_url(server.url(template="migrated"))


@pytest.fixture
def lease_of(url: sa.URL) -> Iterator[Callable[..., ServerLease]]:
    """Make leases whose alarm does not end the tests' own process; given back at the end."""
    made: list[ServerLease] = []

    def make(**more: object) -> ServerLease:
        more = {"alarm": lambda _seconds: None, **more}
        made.append(ServerLease(url, more.pop("seconds", LENGTH), **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.release()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def end_now(url: sa.URL) -> None:
    """Let the lease's end be past, as after so many seconds without a renewal."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE leases SET expires_at = clock_timestamp()"))
    engine.dispose()


def pauses(seconds: float) -> Callable[[float], bool]:
    """Wait as a standby does, but for no longer than so."""
    ends_at = time.monotonic() + seconds

    def pause(_seconds: float) -> bool:
        time.sleep(0.1)
        return time.monotonic() < ends_at

    return pause


def rows(url: sa.URL) -> list[tuple[str, int]]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        found = connection.execute(sa.text("SELECT name, epoch FROM leases ORDER BY name"))
        result = [(row.name, row.epoch) for row in found]
    engine.dispose()
    return result


# --- taking ---------------------------------------------------------------------------------------


def test_one_takes_it_and_another_hears_who_has_it(lease_of) -> None:
    with lease_of():
        with pytest.raises(Held, match=f"process {os.getpid()}") as caught:
            lease_of().take()
        assert caught.value.holder.host == os.uname().nodename


def test_a_clean_end_releases_it_at_once_and_the_next_epoch_is_higher(lease_of) -> None:
    with lease_of() as first:
        assert first.epoch == 1
    with lease_of() as second:
        assert second.epoch == 2


def test_of_many_that_try_at_once_one_has_it(lease_of, url) -> None:
    leases = [lease_of(seconds=600.0) for _ in range(8)]  # nobody renews it meanwhile
    gate = threading.Barrier(len(leases))
    taken: list[ServerLease] = []

    def attempt(lease: ServerLease) -> None:
        gate.wait()
        try:
            lease.take()
        except Held:
            return
        taken.append(lease)

    for _ in range(3):
        threads = [threading.Thread(target=attempt, args=[one]) for one in leases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == 1
        taken.pop()
        end_now(url)
    assert rows(url) == [("daemon", 3)]


def test_an_empty_database_gets_its_tables_and_a_newer_one_is_left_alone(server) -> None:
    fresh = sa.make_url(server.url())
    with ServerLease(fresh, LENGTH, alarm=lambda _: None) as lease:
        assert lease.epoch == 1
    server.sql("UPDATE alembic_version SET version_num = '9000'", fresh.database or "")
    with pytest.raises(RegistryTooNew):
        ServerLease(fresh, LENGTH, alarm=lambda _: None).take()


def test_a_server_that_is_not_there_is_named_and_waited_for(tmp_path: Path) -> None:
    away = sa.make_url(f"postgresql+psycopg://intake@/registry?host={tmp_path}")
    lease = ServerLease(away, LENGTH)
    with pytest.raises(RegistryBusy, match="cannot be reached"):
        lease.take()
    told: list[Holder | Away] = []
    assert not lease.wait(lambda _seconds: len(told) < 1, told.append)
    assert isinstance(told[0], Away)


# --- holding --------------------------------------------------------------------------------------


def test_it_is_renewed_beyond_its_length_while_its_holder_lives(lease_of, url) -> None:
    with lease_of() as lease, open_store(str(url), Path()) as store:
        seen = wait_until(
            store, lambda one: one.renewed_seconds < 0.5 and one.left_seconds < LENGTH
        )
        begun = time.monotonic()
        while time.monotonic() - begun < LENGTH * 1.5:
            time.sleep(0.2)
            lease.check()
        (found,) = store.tenures()
        assert (found.epoch, found.holder) == (seen.epoch, seen.holder)
        assert found.left_seconds > LENGTH / 2


def wait_until(store: Store, test: Callable[..., bool]):
    for _ in range(100):
        for one in store.tenures():
            if test(one):
                return one
        time.sleep(0.05)
    raise AssertionError(store.tenures())


def test_who_cannot_renew_stops_before_the_end(lease_of) -> None:
    """Its own count ends it: four fifths of the length after the last renewal was sent."""
    clock = Clock()
    with lease_of(clock=clock) as lease:
        lease._ended.set()  # its thread hangs, as in a dead connection
        clock.now += LENGTH * 0.79
        lease.check()
        clock.now += LENGTH * 0.02
        with pytest.raises(LeaseLost, match="could not be renewed"):
            lease.check()
        clock.now -= LENGTH  # what is lost stays lost
        with pytest.raises(LeaseLost):
            lease.check()


def test_a_machine_that_slept_counts_the_sleep(lease_of) -> None:
    """The clock is one that goes on while the machine sleeps: no renewal, no work after it."""
    assert abs(since_boot() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
    clock = Clock()
    with lease_of(clock=clock) as lease:
        clock.now += 3600
        with pytest.raises(LeaseLost):
            lease.check()


def test_the_alarm_is_set_before_the_end_and_called_off_at_the_release(lease_of) -> None:
    alarms: list[float] = []
    with lease_of(alarm=alarms.append):
        assert 0 < alarms[0] <= LENGTH * 0.9
    assert alarms[-1] == 0


HANGS = """
import sys, time
import sqlalchemy as sa
from registry.server_lease import ServerLease
lease = ServerLease(sa.make_url(sys.argv[1]), float(sys.argv[2]))
lease.take()
lease._ended.set()
print("held", flush=True)
sum(iter(int, 1))  # never gives another thread a turn but by force, never ends
"""


def test_a_process_that_hangs_is_ended_by_the_kernel_before_the_end(url) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HANGS, url.render_as_string(hide_password=False), str(LENGTH)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert process.wait(timeout=60) == -signal.SIGALRM
    with open_store(str(url), Path()) as store:
        (found,) = store.tenures()  # its end has not come yet
        assert found.left_seconds > 0


# --- fencing --------------------------------------------------------------------------------------


@pytest.fixture
def stores(url) -> Iterator[Callable[[ServerLease], Store]]:
    opened: list[Store] = []

    def make(lease: ServerLease) -> Store:
        opened.append(open_store(str(url), Path()))
        opened[-1].guarded(lease.guard)
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_a_deposed_holder_writes_nothing_whatever_it_believes(lease_of, stores, url) -> None:
    first = lease_of()
    first.take()
    old = stores(first)
    old.launch("a", "before", NOON)
    end_now(url)
    second = lease_of()
    second.take()
    new = stores(second)
    first._lost = ""  # it has not noticed
    with pytest.raises(LeaseLost, match="another daemon has taken"):
        old.launch("b", "after", NOON)
    new.launch("c", "new", NOON)
    with pytest.raises(LeaseLost):  # and now it knows
        first.check()
    assert [one.data["by"] for one in reversed(new.journal(5))] == ["before", "new"]


def test_who_holds_no_lease_writes_as_ever(lease_of, url) -> None:
    with lease_of(), open_store(str(url), Path()) as store:
        store.launch("d", "by a command", NOON)


def test_a_take_over_waits_for_a_write_that_was_allowed(lease_of, url) -> None:
    """What was checked under the old epoch is committed before the new one is given out."""
    first = lease_of()
    first.take()
    database = Database(url)
    database.guard = first.guard
    order: list[str] = []
    with database.write():
        first._ended.set()
        end_now(url)
        other = lease_of()
        taker = threading.Thread(target=lambda: (other.take(), order.append("taken")))
        taker.start()
        taker.join(0.3)
        assert taker.is_alive()
        order.append("written")
    taker.join(30)
    database.close()
    assert order == ["written", "taken"]


def test_a_holder_that_stands_still_in_a_transaction_does_not_keep_the_lock(lease_of, url) -> None:
    first = lease_of()
    first.take()
    database = Database(url)
    database.guard = first.guard

    def stand_still() -> None:
        with database.write() as connection:
            first._ended.set()  # no thread of it renews any more
            end_now(url)
            assert lease_of().wait(pauses(30))  # the server ends the idle transaction
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(RegistryBusy):
        stand_still()
    database.close()


# --- waiting --------------------------------------------------------------------------------------


def test_who_waits_is_seen_and_takes_over_at_the_end_of_the_lease(lease_of, url) -> None:
    holder, told = lease_of(), []
    holder.take()
    waiting, patient = lease_of(), pauses(30)
    with open_store(str(url), Path()) as store:

        def pause(_seconds: float) -> bool:
            names = [one.name for one in store.tenures()]
            if len(names) == 2:
                assert names == ["daemon", waiting.standby]
                holder._ended.set()  # it dies without a word
                end_now(url)
            return patient(_seconds)

        assert waiting.wait(pause, told.append)
        assert [one.name for one in store.tenures()] == ["daemon"]
    assert told[0].pid == os.getpid()
    assert waiting.epoch == 2


def test_fault_136_no_hosts_clock_comes_into_it(lease_of, url, monkeypatch) -> None:
    """FAULTS 136: hosts whose clocks differ by hours, either way, take and keep it alike."""
    with lease_of() as lease:
        for shift in (-7 * 3600, 7 * 3600):
            monkeypatch.setattr(time, "time", lambda shift=shift: 1.8e9 + shift)
            other = lease_of(clock=lambda shift=shift: since_boot() + shift)
            with pytest.raises(Held):  # however late it thinks it is
                other.take()
            lease.check()
    shifted = lease_of(clock=lambda: since_boot() - 7 * 3600)
    with shifted, open_store(str(url), Path()) as store:
        shifted.check()
        (found,) = store.tenures()
        assert 0 < found.left_seconds <= LENGTH
        with pytest.raises(Held):
            lease_of().take()


@pytest.mark.parametrize("cut_off", [True, False])
def test_a_server_that_takes_nobody_else_in_is_waited_for(lease_of, url, cut_off) -> None:
    """Too many clients for a moment: at a look, and at the look at which it would take over."""
    lease_of().take()
    waiting, told, taken = lease_of(), [], []
    engine, patient = sa.create_engine(url, poolclass=sa.NullPool), pauses(30)

    def pause(seconds: float) -> bool:
        if len(told) == 1 and not taken:  # it was let in before
            if cut_off:
                waiting._engine.dispose()
            else:
                end_now(url)
            with contextlib.suppress(sa.exc.OperationalError):
                while True:
                    taken.append(engine.connect())
        elif len(told) == 2 and taken:
            for one in taken:
                one.close()
            end_now(url)
            taken.clear()
        return patient(seconds)

    try:
        assert waiting.wait(pause, told.append)
    finally:
        for one in taken:
            one.close()
    assert [type(one) for one in told] == [Holder, Away]
    assert "too many clients" in told[1].reason
    assert "tried again" in told[1].reason


def test_a_server_that_never_let_us_in_is_the_admins_to_mend(url) -> None:
    stranger = ServerLease(url.set(username="ai-do"), LENGTH)
    with pytest.raises(RegistryProblem, match="refuses us"):
        stranger.wait(lambda _seconds: False)


# --- a server that goes away ----------------------------------------------------------------------


def test_fault_131_a_restart_shorter_than_the_lease_costs_nothing(server, lease_of, url) -> None:
    """FAULTS 131: the next renewal finds the server again, and the lease goes on."""
    warned: list[str] = []
    with lease_of(warn=warned.append) as lease:
        server.stop()
        until(lambda: warned)
        server.start()
        with open_store(str(url), Path()) as store:
            wait_until(store, lambda one: one.renewed_seconds < 0.5)
        lease.check()
        assert lease.epoch == 1


def test_fault_131_one_longer_than_the_lease_ends_the_holder(server, lease_of) -> None:
    """FAULTS 131: it cannot know whether another host has it: it stops; started again it waits."""
    with lease_of() as lease:
        server.stop()
        with pytest.raises(LeaseLost, match="could not be renewed"):
            until(lease.check)  # type: ignore[func-returns-value]
        server.start()
        again = lease_of()
        assert again.wait(pauses(30))
        assert again.epoch == 2


def until(test: Callable[[], object], seconds: float = 30) -> None:
    for _ in range(int(seconds / 0.05)):
        if test():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_the_parts_of_the_length_come_in_their_order() -> None:
    parts = (server_lease._RENEW, server_lease._STOP, server_lease._KILL, 1.0)
    assert list(parts) == sorted(parts)
    assert server_lease._RENEW + server_lease._ANSWER < server_lease._STOP
