"""The watchdog is fed by work that is done: a long step feeds it, a frozen one does not."""

import signal
import sys
from pathlib import Path

import pytest
from rigs.answering import HOA_CU_MAIL, NIL, form_of_hoa_cu, state
from rigs.cast import moment
from rigs.systemd import NotifySocket
from rigs.whole import ENV, mail, workbook_file

from intake import service as service_module
from intake.service import Service
from intake.systemd import longest_silence, misfit
from notifier.smtp_line import Line
from parsers.jail import Jail, JailLimits

pytestmark = pytest.mark.e2e

BAD = str(Path(__file__).parents[1] / "rigs" / "bad_worker.py")
BOOK = form_of_hoa_cu()
FED = "WATCHDOG=1"


@pytest.fixture
def systemd(monkeypatch):
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    with NotifySocket() as listener:
        monkeypatch.setenv("NOTIFY_SOCKET", listener.address)
        yield listener


def watched(office):
    service = Service(office.daemon, ENV)
    service.watched()
    return service


def test_a_frozen_mail_server_stops_the_feeding(office, systemd, monkeypatch):
    service = watched(office)
    service._turn()
    assert any(FED in one for one in systemd.heard())
    listing, heard = office.desk.mailbox.listing, []

    def frozen(*arguments):
        client = office.desk.mailbox._client
        client._read_seconds = 1.0  # not before: a server that is slow is not frozen
        office.dovecot.signal_sessions(signal.SIGSTOP)
        systemd.heard()
        try:
            return listing(*arguments)
        finally:
            heard.append(systemd.heard())
            office.dovecot.signal_sessions(signal.SIGCONT)

    monkeypatch.setattr(office.desk.mailbox, "listing", frozen)
    service._turn()
    assert heard == [[]]  # the step that waits says nothing; its own timeout ends it
    assert "away" in office.daemon.trouble
    assert any(FED in one for one in systemd.heard())  # and the loop goes on


def test_a_reader_that_hangs_stops_the_feeding(office, systemd, monkeypatch):
    service = watched(office)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    heard = []
    with Jail(JailLimits(seconds=1), command=(sys.executable, BAD, "hang")) as jail:

        def listened_to(work):
            def works(*arguments):
                systemd.heard()
                try:
                    return work(*arguments)
                finally:
                    heard.append(systemd.heard())

            return works

        monkeypatch.setattr(jail, "open", listened_to(jail.open))
        monkeypatch.setattr(jail, "read", listened_to(jail.read))
        monkeypatch.setattr(office.desk, "reader", jail)
        service._turn()
    assert heard
    assert not any(heard)
    assert state(office) == "needs-fix"  # it could not be read, and that was recorded


def test_a_long_step_that_moves_feeds_it_between_its_documents(office, systemd, monkeypatch):
    service = watched(office)
    notes = [(f"{n}.txt", "text/plain", f"Ghi chú số {n}".encode()) for n in range(6)]
    office.deliver(mail(HOA_CU_MAIL, files=notes))
    read, fed = office.desk.reader.read, []

    def counted(*arguments):
        fed.extend(systemd.heard())
        seen.append(len(fed))
        return read(*arguments)

    seen: list[int] = []
    monkeypatch.setattr(office.desk.reader, "read", counted)
    service._turn()
    assert len(seen) == 6
    assert seen[-1] >= seen[0] + 4  # one for each document that was done before the last two


def test_a_long_step_feeds_it_between_two_mails(office, systemd, monkeypatch):
    service = watched(office)
    office.store.launch("ocop-2024-2", "officer", office.now)
    bring, fed = Line.bring, []

    async def counted(*arguments):
        fed.append(sum(FED in one for one in systemd.heard()))
        return await bring(*arguments)

    monkeypatch.setattr(Line, "bring", counted)
    service._turn()
    assert len(fed) >= 22
    assert sum(fed) >= len(fed)  # several may be under way at once: one word for each all the same


@pytest.mark.usefixtures("systemd")
def test_a_listener_that_is_gone_or_deaf_is_no_trouble(office, monkeypatch):
    service = watched(office)
    for _ in range(100):  # nobody takes them out of the socket: it is full after some ten
        office.desk.alive()
    monkeypatch.setenv("NOTIFY_SOCKET", "/nonexistent/notify")
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    service._turn()
    assert state(office) == "nil"


def test_an_interval_that_is_too_short_is_named(office):
    config = office.config
    assert misfit(config, {}) is None
    silence = longest_silence(config)
    assert misfit(config, {"WATCHDOG_USEC": str(int(silence + 1) * 1_000_000)}) is None
    told = misfit(config, {"WATCHDOG_USEC": "30000000"})
    assert told is not None
    assert f"WatchdogSec={int(silence) + 60}s" in told


def test_the_shipped_unit_waits_longer_than_the_shipped_settings_may_be_silent():
    from config.settings import load  # noqa: PLC0415

    root = Path(__file__).parents[2]
    config = load(root / "config" / "cao-loc", env={})
    unit = (root / "intake" / "intake@.service").read_text(encoding="utf-8")
    minutes = next(
        int(line.removeprefix("WatchdogSec=").removesuffix("min"))
        for line in unit.splitlines()
        if line.startswith("WatchdogSec=")
    )
    assert longest_silence(config) < minutes * 60
