"""Two daemons on two hosts, one registry on a server: one works, one stands by and takes over.

The hosts are network namespaces with cables, or nothing but a relay to the servers each, which
needs no rights. Who is cut off is shown both ways. Who is killed, stopped or frozen has its network
as before, so one way shows it: namespaces, where this machine lets us make them.
"""

import datetime as dt
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from rigs.dovecot import Dovecot
from rigs.netns import why_not
from rigs.postgres import Postgres
from rigs.running import running_office
from rigs.two_hosts import Host, Running, two_hosts
from rigs.whole import Whole, mail, real_process, workbook_file

from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import HOA_CU, _sender
from registry.lease import DAEMON
from registry.store import Store, open_store

pytestmark = pytest.mark.e2e

LEASE = 10.0
MAILS = 40
#: From a kill to the other's work: what issue 6 promises of a lease of 20 s; these are shorter.
TAKE_OVER_SECONDS = 30.0


@pytest.fixture
def way(request: pytest.FixtureRequest) -> str:
    """How the hosts are made: as a test asks, else the nearest to real hosts that can be had."""
    asked = str(getattr(request, "param", ""))
    refused = why_not() if asked != "relays" else ""
    if asked and refused:
        pytest.skip(refused)
    return asked or ("relays" if refused else "namespaces")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        open_store(running.url("migrated"), running.dir).close()
        yield running


@contextmanager
def office_on(folder: Path, dovecot: Dovecot, server: Postgres) -> Iterator[Whole]:
    changes = {
        "storage": {"database": f'"{server.url(template="migrated")}"'},
    }
    with running_office(folder, dovecot, next(dovecot.unused), changes) as made:  # type: ignore[attr-defined]
        yield made


@dataclass(frozen=True)
class Undisturbed:
    """Forty letters, and what an office tells of them that nobody disturbs."""

    letters: list[tuple[bytes, dt.datetime]]
    told: dict[str, Any]


@dataclass
class Scene:
    """An office with forty letters, and two hosts for its daemons."""

    office: Whole
    hosts: list[Host]
    undisturbed: Undisturbed

    def begin(self) -> tuple[Running, Running]:
        """One daemon that works and one that stands by; then the letters arrive."""
        first = self.hosts[0].run()
        first.wait_for("started")
        second = self.hosts[1].run()
        second.wait_for("waiting")
        deliver(self.office, self.undisturbed.letters)
        return first, second

    def finish(self, second: Running) -> None:
        """The other daemon ends the work and itself; all is as if nothing had happened."""
        settled(self.office, second)
        second.send(signal.SIGTERM)
        assert second.ended() == 0
        with registry_of(self.office) as store:
            assert store.tenures() == []  # a clean end leaves the lease free
        once_each(self.office)
        got = told(self.office)
        for part, expected in self.undisturbed.told.items():
            assert got[part] == expected, part


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot, server: Postgres
) -> Undisturbed:
    """The same letters for every test, and so the same that an office makes of them alone."""
    folder = tmp_path_factory.mktemp("alone") / "config"
    with office_on(folder, dovecot, server) as alone:
        made = letters(alone)
        deliver(alone, made)
        with real_process(alone.folder, "once") as process:
            process.communicate(timeout=200)
            assert process.returncode == 0
        return Undisturbed(made, told(alone))


@pytest.fixture
def scene(
    tmp_path: Path, dovecot: Dovecot, server: Postgres, way: str, undisturbed: Undisturbed
) -> Iterator[Scene]:
    with ExitStack() as stack:
        office = stack.enter_context(office_on(tmp_path / "config", dovecot, server))
        hosts = stack.enter_context(two_hosts(office, server, way, f"{LEASE:g}s"))
        yield Scene(office, hosts, undisturbed)


def letters(office: Whole) -> list[tuple[bytes, dt.datetime]]:
    """Every commune with an address of its own writes about twice, forms and nil returns."""
    communes = [one for one in office.config.communes if one.emails]
    begin = office.now - dt.timedelta(hours=5)
    made = []
    for number in range(MAILS):
        commune = communes[number % len(communes)]
        book = workbook(PLAIN, _sender(commune.name, number, 15), HOA_CU)
        files = workbook_file(book) if number % 2 else []
        body = "Kính gửi UBND huyện." if files else "Xã không có nhu cầu đăng ký."
        mark = f"<two-{number}@xa.example>"
        raw = mail(commune.emails[0], files=files, body=body, Message_ID=mark)
        made.append((raw, begin + dt.timedelta(minutes=number)))
    return made


def deliver(office: Whole, letters: list[tuple[bytes, dt.datetime]]) -> None:
    for raw, at in letters:
        office.deliver(raw, at)


@contextmanager
def registry_of(office: Whole) -> Iterator[Store]:
    with open_store(office.config.settings.storage.database, office.folder) as store:
        yield store


def settled(office: Whole, running: Running, seconds: float = 150) -> None:
    """Wait until nothing is left to do for whoever works now."""
    ends_at = time.monotonic() + seconds
    with registry_of(office) as store:
        while True:
            counts = store.counts()
            mails = Counter(one.state for one in store.mails())
            filed = not store.slots_to_file(1, account=f"{office.user}@127.0.0.1")
            done = counts.messages.get("recorded", 0) + counts.messages.get("held", 0)
            if done >= MAILS and not mails["queued"] + mails["sending"] and filed:
                return
            assert running.process.poll() is None, running.text
            assert time.monotonic() < ends_at, f"{counts.messages} {mails}\n{running.text}"
            time.sleep(0.1)


def told(office: Whole) -> dict[str, Any]:
    """What two registries of the same mails must agree in, whoever wrote them, and when."""
    with registry_of(office) as store:
        messages = {
            one.rfc_message_id: (one.state, one.verdict, one.reason, one.commune, one.ack)
            for one in store.messages()
        }
        answers = {}
        for campaign in office.config.campaigns:
            for commune in office.config.communes:
                for one in store.submissions(campaign.id, commune.key):
                    rows = [
                        (dict(point.row.values), dict(point.row.places)) for point in one.points
                    ]
                    answers[campaign.id, commune.key, one.version] = (
                        one.receipt, one.state, one.current, one.letter, rows,
                        store.message(one.message_id).rfc_message_id,
                    )  # fmt: skip
        mails = {(one.key, one.recipient, one.rfc_message_id) for one in store.mails()}
    answering = {one for one in mails if one[0].startswith("ack")}
    return {"messages": messages, "answers": answers, "mails": answering}


def once_each(office: Whole) -> None:
    """Every answer left once; at most one twice, or perhaps not, and under one Message-ID."""
    with registry_of(office) as store:
        ours = {one.rfc_message_id for one in store.mails()}
        acks = [one for one in store.mails() if one.kind == "ack"]
    copies = office.smtp.copies()
    unknown = [one for one in acks if one.state == "unknown"]
    assert all(one.state in {"sent", "unknown"} for one in acks)
    assert len(unknown) <= 1, "one mail was between its content and its answer, no more"
    assert set(copies) <= ours
    assert [one for one in acks if not copies[one.rfc_message_id] and one not in unknown] == []
    assert sum(count - 1 for count in copies.values()) <= 1


def taken_over(second: Running, since: float) -> None:
    second.wait_for("started", seconds=TAKE_OVER_SECONDS)
    assert time.monotonic() - since <= TAKE_OVER_SECONDS


def taken_at(office: Whole, server: Postgres) -> dt.datetime:
    """When the lease was taken, by the clock of the server, which is on this machine."""
    asked = f"SELECT since FROM leases WHERE name = '{DAEMON}'"  # noqa: S608  our own word
    name = sa.make_url(office.config.settings.storage.database).database
    return dt.datetime.fromisoformat(server.sql(asked, name or ""))


# --- the faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize("amid", [("recorded", 3), ("sent", 5)], ids=["reading", "sending"])
def test_fault_137_the_holder_is_killed_and_the_other_takes_over(
    scene: Scene, amid: tuple[str, int]
) -> None:
    """FAULTS 137: kill -9 amid forty mails: within 30 s the other goes on, nothing lost."""
    first, second = scene.begin()
    first.wait_for(*amid)
    first.send(signal.SIGKILL)
    since = time.monotonic()
    first.ended()
    taken_over(second, since)
    scene.finish(second)


@pytest.mark.parametrize("way", ["namespaces", "relays"], indirect=True)
def test_fault_138_the_holder_is_cut_off_and_stops_itself_before_its_lease_ends(
    scene: Scene, server: Postgres
) -> None:
    """FAULTS 138: its cable is pulled amid forty mails; it is gone before the other begins."""
    first, second = scene.begin()
    ended: list[dt.datetime] = []
    watch = Thread(target=lambda: (first.process.wait(), ended.append(dt.datetime.now(dt.UTC))))
    watch.start()
    first.wait_for("sent", 5)
    scene.hosts[0].cut()
    taken_over(second, time.monotonic())
    with registry_of(scene.office) as store:
        holder = next(one for one in store.tenures() if one.name == DAEMON)
    watch.join(30)
    assert holder.epoch == 2
    assert ended[0] < taken_at(scene.office, server), first.text
    assert first.process.returncode in {1, -signal.SIGALRM}, first.text
    scene.finish(second)


def test_a_holder_that_stood_still_does_nothing_when_it_wakes(scene: Scene) -> None:
    """SIGSTOP for longer than the lease, then SIGCONT: the kernel ends it before it acts."""
    first, second = scene.begin()
    first.wait_for("sent", 5)
    first.halt()
    lines = first.text
    taken_over(second, time.monotonic())
    settled(scene.office, second)
    first.send(signal.SIGCONT)
    assert first.ended() == -signal.SIGALRM
    assert first.text == lines
    scene.finish(second)


def test_a_clean_stop_hands_over_at_once_and_once_refuses(scene: Scene) -> None:
    first = scene.hosts[0].run()
    first.wait_for("started")
    second = scene.hosts[1].run()
    second.wait_for("waiting")
    refused = scene.hosts[1].run("once")
    assert refused.ended() == 1
    assert f"process {first.pid}" in refused.text
    status = scene.hosts[1].run("status")
    assert status.ended() == 0
    assert "works: renewed" in status.text
    assert "stands by: renewed" in status.text
    first.send(signal.SIGTERM)
    assert first.ended() == 0
    with registry_of(scene.office) as store:  # and not when its lease ends
        assert first.pid not in {one.holder.pid for one in store.tenures()}
    second.wait_for("started")
    second.send(signal.SIGTERM)
    assert second.ended() == 0
