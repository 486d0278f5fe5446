"""Two daemons on two hosts, one registry on a server: one works, one stands by and takes over.

Each runs twice: on hosts that are network namespaces with cables, and on hosts that are nothing but
a relay to the servers each, which needs no rights.
"""

import datetime as dt
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rigs.dovecot import Dovecot
from rigs.netns import why_not
from rigs.postgres import Postgres
from rigs.running import running_office
from rigs.two_hosts import Host, Running, two_hosts
from rigs.whole import ENV, Whole, mail, real_process, workbook_file

from config.settings import load
from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import HOA_CU, _sender
from registry.lease import DAEMON
from registry.store import Store, open_store

pytestmark = pytest.mark.e2e

LEASE = 10.0
MAILS = 40
#: From a kill to the other's work: what issue 6 promises of a lease of 20 s; these are shorter.
TAKE_OVER_SECONDS = 30.0


@pytest.fixture(params=["namespaces", "relays"])
def way(request: pytest.FixtureRequest) -> str:
    refused = why_not() if request.param == "namespaces" else ""
    if refused:
        pytest.skip(refused)
    return str(request.param)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        open_store(running.url("migrated"), running.dir).close()
        yield running


@pytest.fixture
def office(tmp_path: Path, dovecot: Dovecot, server: Postgres) -> Iterator[Whole]:
    with office_on(tmp_path / "config", dovecot, server) as made:
        yield made


@contextmanager
def office_on(folder: Path, dovecot: Dovecot, server: Postgres) -> Iterator[Whole]:
    changes = {
        "storage": {"database": f'"{server.url(template="migrated")}"'},
        "limits": {"brake_answers_hour": "1000"},
    }
    with running_office(folder, dovecot, next(dovecot.unused), changes) as made:  # type: ignore[attr-defined]
        yield made


def letters(office: Whole) -> list[tuple[bytes, dt.datetime]]:
    """Forty mails: every commune with an address of its own writes about twice, each differently."""
    senders = [one.emails[0] for one in office.config.communes if one.emails]
    book = workbook(PLAIN, _sender("Hòa Cư", 45, 15), HOA_CU)
    begin = office.now - dt.timedelta(hours=5)
    return [
        (
            mail(
                senders[number % len(senders)],
                files=workbook_file(book) if number % 4 == 0 else [],
                body="Xã không có nhu cầu đăng ký." if number % 4 else "Kính gửi UBND huyện.",
                Message_ID=f"<two-{number}@xa.example>",
            ),
            begin + dt.timedelta(minutes=number),
        )
        for number in range(MAILS)
    ]


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
        assert store.check_journal() is None if hasattr(store, "check_journal") else True
    answering = {one for one in mails if one[0].startswith("ack")}
    return {"messages": messages, "answers": answers, "mails": answering}


def once_each(office: Whole) -> int:
    """Every answer left once, or twice under one Message-ID; return how many left twice."""
    with registry_of(office) as store:
        acks = [one for one in store.mails() if one.kind == "ack"]
        unknown = [one for one in acks if one.state == "unknown"]
    copies = office.smtp.copies()
    assert len(unknown) <= 1, "a kill can leave one mail between its content and its answer"
    assert all(one.state in {"sent", "unknown"} for one in acks)
    lost = [one for one in acks if not copies[one.rfc_message_id] and one not in unknown]
    twice = [one for one in acks if copies[one.rfc_message_id] > 1]
    assert (lost, len(twice) <= 1) == ([], True)
    return len(twice)


def same_as_uninterrupted(
    office: Whole, tmp_path: Path, dovecot: Dovecot, server: Postgres
) -> None:
    with office_on(tmp_path / "alone", dovecot, server) as alone:
        for raw, at in letters(office):
            alone.deliver(raw, at)
        with real_process(alone.folder, "once") as process:
            process.communicate(timeout=200)
            assert process.returncode == 0
        wanted, got = told(alone), told(office)
    assert got["messages"] == wanted["messages"]
    assert got["answers"] == wanted["answers"]
    assert got["mails"] == wanted["mails"]


def begun(office: Whole, hosts: list[Host]) -> tuple[Running, Running]:
    """One daemon that works and one that stands by; then the mails arrive."""
    first = hosts[0].run()
    first.wait_for("started")
    second = hosts[1].run()
    second.wait_for("waiting")
    for raw, at in letters(office):
        office.deliver(raw, at)
    return first, second


def taken_over(second: Running, since: float) -> None:
    second.wait_for("started", seconds=TAKE_OVER_SECONDS)
    assert time.monotonic() - since <= TAKE_OVER_SECONDS


# --- the faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize("amid", [("recorded", 3), ("sent", 5)], ids=["reading", "sending"])
def test_fault_137_the_holder_is_killed_and_the_other_takes_over(
    office: Whole,
    server: Postgres,
    dovecot: Dovecot,
    tmp_path: Path,
    way: str,
    amid: tuple[str, int],
) -> None:
    """FAULTS 137: kill -9 amid forty mails: within 30 s the other goes on, nothing lost or twice."""
    with two_hosts(office, server, way, f"{LEASE:g}s") as hosts:
        first, second = begun(office, hosts)
        first.wait_for(f"] {amid[0]}" if False else amid[0], amid[1])
        first.send(signal.SIGKILL)
        since = time.monotonic()
        first.ended()
        taken_over(second, since)
        settled(office, second)
        second.send(signal.SIGTERM)
        assert second.ended() == 0
    once_each(office)
    with registry_of(office) as store:
        assert store.tenures() == []  # a clean end leaves the lease free
    same_as_uninterrupted(office, tmp_path, dovecot, server)


def test_fault_138_the_holder_is_cut_off_and_stops_itself_before_its_lease_ends(
    office: Whole, server: Postgres, dovecot: Dovecot, tmp_path: Path, way: str
) -> None:
    """FAULTS 138: its cable is pulled amid forty mails; it is gone before the other begins."""
    with two_hosts(office, server, way, f"{LEASE:g}s") as hosts:
        first, second = begun(office, hosts)
        ended: list[dt.datetime] = []
        watch = Thread(target=lambda: (first.process.wait(), ended.append(dt.datetime.now(dt.UTC))))
        watch.start()
        first.wait_for("sent", 5)
        hosts[0].cut()
        since = time.monotonic()
        taken_over(second, since)
        with registry_of(office) as store:
            holder = next(one for one in store.tenures() if one.name == DAEMON)
        watch.join(30)
        assert holder.epoch == 2
        taken_at = dt.datetime.fromisoformat(holder.holder.since)
        assert ended[0].replace(microsecond=0) < taken_at, f"{ended} {taken_at}\n{first.text}"
        assert first.process.returncode in {1, -signal.SIGALRM}, first.text
        settled(office, second)
        second.send(signal.SIGTERM)
        assert second.ended() == 0
    once_each(office)
    same_as_uninterrupted(office, tmp_path, dovecot, server)


def test_a_holder_that_stood_still_does_nothing_when_it_wakes(
    office: Whole, server: Postgres, dovecot: Dovecot, tmp_path: Path, way: str
) -> None:
    """SIGSTOP for longer than the lease, then SIGCONT: the kernel ends it before it acts."""
    with two_hosts(office, server, way, f"{LEASE:g}s") as hosts:
        first, second = begun(office, hosts)
        first.wait_for("sent", 5)
        first.send(signal.SIGSTOP)
        lines = first.text
        taken_over(second, time.monotonic())
        settled(office, second)
        first.send(signal.SIGCONT)
        assert first.ended() == -signal.SIGALRM
        assert first.text == lines
        second.send(signal.SIGTERM)
        assert second.ended() == 0
    once_each(office)
    same_as_uninterrupted(office, tmp_path, dovecot, server)


def test_a_clean_stop_hands_over_at_once_and_once_refuses(
    office: Whole, server: Postgres, way: str
) -> None:
    with two_hosts(office, server, way, "60s") as hosts:
        first = hosts[0].run()
        first.wait_for("started")
        second = hosts[1].run()
        second.wait_for("waiting")
        refused = hosts[1].run("once")
        assert refused.ended() == 1
        assert f"process {first.pid}" in refused.text
        status = hosts[1].run("status")
        assert status.ended() == 0
        assert "works: renewed" in status.text
        assert "stands by: renewed" in status.text
        since = time.monotonic()
        first.send(signal.SIGTERM)
        assert first.ended() == 0
        taken_over(second, since)  # long before the lease of a minute would have ended


def load_again(office: Whole) -> None:
    office.config = load(office.folder, env=ENV)
