"""The lease of a registry on a server: taken by one, renewed, ended by the server's clock alone."""

import contextlib
import os
import signal
import struct
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
from registry.lease import DAEMON, Away, Held, Holder, LeaseLost
from registry.lease_rows import renew
from registry.server_lease import ServerLease, since_boot
from registry.store import Store, open_store

LENGTH = 5.0
#: Nobody renews it while a test lasts, and no wait of its connection ends.
LONG = 600.0


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


def end_of(url: sa.URL) -> float:
    """Return when the lease ends, by the clock of this machine, which is the server's."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        asked = "SELECT extract(epoch FROM expires_at) FROM leases WHERE name = 'daemon'"
        found = float(connection.execute(sa.text(asked)).scalar_one())
    engine.dispose()
    return found


def fall_silent(lease: ServerLease) -> None:
    """Let it be renewed no more, as by a process that hangs; a renewal under way has its end."""
    assert lease._keeper is not None
    lease._ended.set()
    lease._keeper.join()


def pauses(seconds: float = 60) -> Callable[[float], bool]:
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
    leases = [lease_of(seconds=LONG) for _ in range(8)]
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
        found = wait_until(store, lambda one: one.left_seconds > LENGTH / 2)
        assert (found.epoch, found.holder) == (seen.epoch, seen.holder)


def wait_until(store: Store, test: Callable[..., bool]):
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        for one in store.tenures():
            if test(one):
                return one
        time.sleep(0.05)
    raise AssertionError(store.tenures())


def test_who_cannot_renew_stops_before_the_end(lease_of) -> None:
    """Its own count ends it: four fifths of the length after the last renewal was sent."""
    clock = Clock()
    with lease_of(clock=clock) as lease:
        fall_silent(lease)  # its thread hangs, as in a dead connection
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
        fall_silent(lease)
        clock.now += 3600
        with pytest.raises(LeaseLost):
            lease.check()


def test_the_alarm_is_set_before_the_end_and_called_off_at_the_release(lease_of) -> None:
    alarms: list[float] = []
    with lease_of(alarm=alarms.append):
        assert 0 < alarms[0] <= LENGTH * 0.9
    assert alarms[-1] == 0


HANGS = """
import mmap, sys, time
from collections import deque
from itertools import repeat
from struct import Struct
import sqlalchemy as sa
from registry.server_lease import ServerLease
lease = ServerLease(sa.make_url(sys.argv[1]), float(sys.argv[2]))
with open(sys.argv[3], "r+b") as file:
    shared = mmap.mmap(file.fileno(), 8)
lease.take()
lease._ended.set()
print("held", flush=True)
# Never gives another thread a turn but by force, never ends; what it leaves is its last moment.
deque(map(Struct("d").pack_into, repeat(shared), repeat(0), iter(time.time, None)), maxlen=0)
"""


def test_a_process_that_hangs_is_ended_by_the_kernel_before_the_end(url, tmp_path: Path) -> None:
    last = tmp_path / "last"
    last.write_bytes(bytes(8))
    address = url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", HANGS, address, str(LENGTH), str(last)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert process.wait(timeout=60) == -signal.SIGALRM
    (ended,) = struct.unpack("d", last.read_bytes())
    assert end_of(url) - LENGTH < ended < end_of(url)


# --- fencing --------------------------------------------------------------------------------------


@pytest.fixture
def stores(url) -> Iterator[Callable[[ServerLease], Store]]:
    opened: list[Store] = []

    def make(lease: ServerLease) -> Store:
        opened.append(open_store(str(url), Path()))
        opened[-1].guarded(lease.guard, lease.idle_seconds)
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_a_deposed_holder_writes_nothing_whatever_it_believes(lease_of, stores, url) -> None:
    first = lease_of(seconds=LONG)
    first.take()
    old = stores(first)
    old.launch("a", "before", NOON)
    end_now(url)
    second = lease_of(seconds=LONG)
    second.take()
    new = stores(second)
    first._lost = ""  # it has not noticed
    with pytest.raises(LeaseLost, match="another daemon has taken"):
        old.launch("b", "after", NOON)
    new.launch("c", "new", NOON)
    with pytest.raises(LeaseLost):  # and now it knows
        first.check()
    assert [one.data["by"] for one in reversed(new.journal(5))] == ["before", "new"]


def go_back(url: sa.URL) -> None:
    """Let the server forget the last take-over, as a replica or a backup from before it would."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        forget = "UPDATE leases SET epoch = epoch - 1, expires_at = clock_timestamp()"
        connection.execute(sa.text(forget))
    engine.dispose()


def test_of_two_with_one_number_on_a_server_that_went_back_the_later_one_writes(
    lease_of, stores, url
) -> None:
    first, second = lease_of(seconds=LONG), lease_of(seconds=LONG)
    first.take()
    old = stores(first)
    go_back(url)
    second.take()
    new = stores(second)
    assert first.epoch == second.epoch
    with pytest.raises(LeaseLost, match="another daemon has taken"):
        old.launch("a", "twin", NOON)
    new.launch("b", "successor", NOON)
    assert [one.data["by"] for one in new.journal(5)] == ["successor"]


def test_its_twin_hears_of_it_at_the_next_renewal(lease_of, url) -> None:
    warned: list[str] = []
    first, second = lease_of(warn=warned.append), lease_of(seconds=LONG)
    first.take()
    go_back(url)
    second.take()
    until(lambda: warned)
    with pytest.raises(LeaseLost, match="went back to an older state"):
        first.check()


def test_its_twins_clean_end_leaves_it_the_lease(lease_of, url) -> None:
    first, second = lease_of(seconds=LONG), lease_of(seconds=LONG)
    first.take()
    go_back(url)
    second.take()
    first.release()
    with pytest.raises(Held):
        lease_of().take()


def test_who_holds_no_lease_writes_as_ever(lease_of, url) -> None:
    with lease_of(), open_store(str(url), Path()) as store:
        store.launch("d", "by a command", NOON)


def test_a_take_over_waits_for_a_write_that_was_allowed(lease_of, url) -> None:
    """What was checked under the old epoch is committed before the new one is given out."""
    first = lease_of(seconds=LONG)
    first.take()
    database = Database(url)
    database.guard, database.idle_seconds = first.guard, first.idle_seconds
    order: list[str] = []
    with database.write():
        end_now(url)
        other = lease_of(seconds=LONG)
        taker = threading.Thread(target=lambda: (other.take(), order.append("taken")))
        taker.start()
        taker.join(0.3)
        assert taker.is_alive()
        order.append("written")
    taker.join(60)
    database.close()
    assert order == ["written", "taken"]


@pytest.mark.parametrize("asked", [False, True], ids=["with the lock", "asked for its epoch"])
def test_a_holder_that_stands_still_in_a_transaction_does_not_keep_the_lock(
    lease_of, url, asked: bool
) -> None:
    """Wherever it stops: the server ends the idle transaction."""
    first = lease_of()
    first.take()
    database = Database(url)
    database.idle_seconds = first.idle_seconds

    def stand_still(connection: sa.Connection) -> None:
        if asked:
            first.guard(connection)
        fall_silent(first)
        end_now(url)
        assert lease_of().wait(pauses())
        connection.execute(sa.text("SELECT 1"))

    database.guard = stand_still
    with pytest.raises(RegistryBusy), database.write():
        pass
    database.close()


def test_a_holder_that_stands_still_in_a_renewal_does_not_keep_the_row(lease_of) -> None:
    """Its own connection: stopped between the renewal and its commit."""
    first = lease_of()
    first.take()
    fall_silent(first)

    def stand_still() -> None:
        with first._engine.begin() as connection:
            assert renew(connection, DAEMON, first._term, LENGTH)
            assert lease_of().wait(pauses())

    with pytest.raises(sa.exc.DBAPIError, match="idle-in-transaction timeout"):
        stand_still()


# --- waiting --------------------------------------------------------------------------------------


def test_who_waits_is_seen_and_takes_over_at_the_end_of_the_lease(lease_of, url) -> None:
    holder, told = lease_of(seconds=LONG), []
    holder.take()
    waiting, patient = lease_of(), pauses()
    with open_store(str(url), Path()) as store:

        def pause(_seconds: float) -> bool:
            names = [one.name for one in store.tenures()]
            if len(names) == 2:
                assert names == ["daemon", waiting.standby]
                end_now(url)  # it died without a word
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
def test_a_server_that_takes_nobody_else_in_is_waited_for(server, lease_of, url, cut_off) -> None:
    """Too many clients for a moment: at a look, and at the look at which it would take over."""
    lease_of(seconds=LONG).take()  # by a connection that it keeps
    waiting, told, patient = lease_of(), [], pauses()
    with contextlib.ExitStack() as crowd:

        def pause(seconds: float) -> bool:
            if len(told) == 1:  # it was let in before
                if cut_off:
                    waiting._engine.dispose()
                else:
                    end_now(url)
                crowd.enter_context(server.crowd(beside=1 if cut_off else 2))
            elif len(told) == 2:
                crowd.close()
                end_now(url)
            return patient(seconds)

        assert waiting.wait(pause, told.append)
    assert [type(one) for one in told] == [Holder, Away]
    assert "too many clients" in told[1].reason
    assert "tried again" in told[1].reason


def test_a_server_that_never_let_us_in_is_the_admins_to_mend(url) -> None:
    stranger = ServerLease(url.set(username="ai-do"), LENGTH)
    with pytest.raises(RegistryProblem, match="refuses us"):
        stranger.wait(lambda _seconds: False)


# --- a server that goes away ----------------------------------------------------------------------


def test_fault_131_a_restart_shorter_than_the_lease_costs_nothing(
    server, lease_of, url, monkeypatch
) -> None:
    """FAULTS 131: the next renewal finds the server again, and the lease goes on."""
    warned: list[str] = []
    monkeypatch.setattr(server_lease, "_RENEW", 0.05)  # a long lease, and soon a renewal in vain
    with lease_of(seconds=20.0, warn=warned.append) as lease:
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
        assert again.wait(pauses())
        assert again.epoch == 2


def until(test: Callable[[], object], seconds: float = 60) -> None:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if test():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_the_parts_of_the_length_come_in_their_order() -> None:
    parts = (server_lease._RENEW, server_lease._STOP, server_lease._KILL, 1.0)
    assert list(parts) == sorted(parts)
    assert server_lease._RENEW + server_lease._ANSWER < server_lease._STOP
