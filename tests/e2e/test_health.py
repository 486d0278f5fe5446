"""Not well: told at the beginning, daily, and at the end; in the journal, status and heartbeat."""

import datetime as dt
import json

import pytest
from rigs.answering import HOA_CU_MAIL, NIL, OFFICER, state
from rigs.cast import moment
from rigs.dovecot import PASSWORD, Dovecot
from rigs.running import running_office
from rigs.smtp import Reply, ScriptedSmtp
from rigs.systemd import NotifySocket
from rigs.whole import ENV, Whole, mail, parsed, real_process, words

from intake import heartbeat, views
from intake import service as service_module
from intake.mailbox import LoginRefused, Unreachable
from intake.opening import data_folder, open_lease
from intake.service import Service
from notifier.calendar import Calendar

pytestmark = pytest.mark.e2e

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def away(*_):
    raise Unreachable("BYE too many connections")


def events(office):
    """The troubles of the journal, oldest first."""
    found = [one for one in office.store.journal(1000) if one.kind.startswith("trouble-")]
    return [(one.kind, one.subject.removeprefix("trouble ")) for one in reversed(found)]


def health(office):
    view = views.status(office.config, office.store, office.now)
    return [(one["code"], one["severity"]) for one in view["health"]]


# --- from its beginning to its end --------------------------------------------------------------


def test_fault_015_a_server_that_is_away_for_two_days_is_told_daily_and_at_its_end(
    office, monkeypatch
):
    """FAULTS 15: at its beginning, after each whole day, and when it was over for a while."""
    office.tick()
    start = office.now
    with monkeypatch.context() as patch:
        patch.setattr(office.desk.mailbox, "open", away)
        patch.setattr(office.desk.mailbox, "listing", away)
        for minutes in range(0, 50 * 60, 10):
            office.tick(start + minutes * MINUTE)
        assert len(office.subjects(OFFICER)) == 3
    assert list(office.store.open_troubles()) == ["poll"]
    gone = office.now + 20 * MINUTE
    office.tick(gone)
    assert len(office.subjects(OFFICER)) == 3
    office.tick(gone + 20 * MINUTE)
    office.tick(gone + 40 * MINUTE)
    told = office.subjects(OFFICER)
    assert told[-1] == "[Thông báo hệ thống] Đã hết sự cố: Không đọc được hộp thư đến"
    assert len(told) == 4
    assert events(office) == [("trouble-began", "poll"), ("trouble-over", "poll")]
    last = words([one for one in office.sent if OFFICER in one.recipients][-1].raw)
    assert "15/05/2024 09:00" in last  # since when
    office.tick(gone + DAY)
    assert len(office.subjects(OFFICER)) == 4


def test_a_trouble_is_over_also_for_processes_that_live_for_one_look(office, monkeypatch):
    """From a timer no process sees that it stayed away; it stands in the registry since when."""
    with monkeypatch.context() as patch:
        patch.setattr(office.desk.mailbox, "open", away)
        office.tick()
        office.tick(office.now + HOUR)
    assert list(office.store.open_troubles()) == ["poll"]
    for minutes in (10, 20, 35):
        office.restart()
        office.tick(office.now + minutes * MINUTE)
    assert events(office) == [("trouble-began", "poll"), ("trouble-over", "poll")]
    assert len(office.subjects(OFFICER)) == 2


def test_a_server_that_comes_and_goes_is_one_trouble(office, monkeypatch):
    """Twenty minutes away, ten there, all day: one mail, not a hundred."""
    office.tick()
    start = office.now
    opened = office.desk.mailbox.open
    for minutes in range(0, 8 * 60, 10):
        there = minutes % 30 == 20
        monkeypatch.setattr(office.desk.mailbox, "open", opened if there else away)
        if not there:
            office.desk.mailbox.close()
        office.tick(start + minutes * MINUTE)
    assert len(office.subjects(OFFICER)) <= 1


def test_a_restart_forgets_no_trouble_and_repeats_no_mail(office, monkeypatch):
    office.desk.mailbox._secret = "wrong"
    office.tick()
    assert health(office) == [("login", "broken")]
    since = office.store.open_troubles()["login"].since
    for _ in range(2):
        office.restart()
        office.desk.mailbox._secret = "wrong"
        office.tick(office.now + 10 * MINUTE)
    assert len(office.subjects(OFFICER)) == 1
    assert office.store.open_troubles()["login"].since == since
    assert events(office) == [("trouble-began", "login")]
    monkeypatch.undo()


def test_fault_016_a_mail_about_a_refused_login_says_what_to_do(office):
    """FAULTS 16: what, how bad, since when, why and what to do, in Vietnamese."""
    office.desk.mailbox._secret = "wrong"
    office.tick()
    (told,) = office.sent
    assert str(parsed(told.raw)["Subject"]) == (
        "[Cảnh báo hệ thống] Máy chủ không cho vào hộp thư đến"
    )
    text = " ".join(words(told.raw).split())
    for part in ("nghiêm trọng", "15/05/2024 09:00", "intake check --connect", "not let in"):
        assert part in text


def test_a_pulled_brake_is_told_by_its_own_mail_and_then_daily(office):
    office.store.pull_brake("too many", office.now)
    for hours in range(0, 55, 5):
        office.tick(moment(15) + hours * HOUR)
    told = [subject for subject in office.subjects(OFFICER) if "Tạm dừng" in subject]
    assert len(told) == 3
    assert health(office) == [("brake", "warning")]


def test_fault_103_a_sending_server_that_refuses_us_shows_where_no_mail_is_needed(office):
    """FAULTS 103: the alert cannot leave; status and heartbeat say so; it leaves afterwards."""
    office.smtp.on("MAIL", Reply("530 5.7.0 authentication required"))
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    office.tick(office.now + 6 * MINUTE)
    assert health(office) == [("smtp", "broken")]
    office.smtp.forget()
    office.tick(office.now + 20 * MINUTE)
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    office.tick(office.now + 40 * MINUTE)
    assert health(office) == []
    assert events(office) == [("trouble-began", "smtp"), ("trouble-over", "smtp")]


def test_a_mail_that_no_server_takes_for_hours_is_an_old_queue(office):
    office.smtp.on("RCPT", Reply("451 4.7.1 greylisted"), recipient=HOA_CU_MAIL)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    for minutes in range(0, 200, 20):
        office.tick(moment(15) + minutes * MINUTE)
    assert health(office) == [("queue", "warning")]
    assert any("chưa gửi được" in subject for subject in office.subjects(OFFICER))


def test_mails_that_fell_due_while_nothing_ran_are_not_late(office):
    """They leave in the first tick after the pause, and nobody is alarmed."""
    office.smtp.on("CONNECT", Reply("421 4.3.2 not now", then_drop=True))
    office.store.launch("ocop-2024-2", "officer", office.now)
    office.tick(moment(15, 16, 50))
    assert office.store.counts().mails["queued"] >= 22
    office.smtp.forget()
    office.restart()
    office.tick(moment(16, 14))
    assert len([one for one in office.subjects() if "Đề nghị gửi" in one]) >= 22
    assert office.store.open_troubles() == {}


def test_a_message_that_cannot_be_had_keeps_the_inbox_unread(office, monkeypatch):
    """Else nothing would say why the campaign is never closed."""
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    monkeypatch.setattr(office.desk.mailbox, "fetch", lambda _uids: iter(()))
    for minutes in range(0, 30, 5):
        office.tick(moment(15) + minutes * MINUTE)
    (one,) = office.daemon.health.current
    assert (one.code, one.severity) == ("poll", "broken")
    assert "cannot be had" in one.text


def test_a_full_inbox_that_is_worked_on_is_no_trouble(open_office, monkeypatch):
    """Hours of reading at the first start: the registry knows of no complete poll all the while."""
    office = open_office(limits={"batch": "1"})
    for _ in range(12):
        office.deliver(mail(HOA_CU_MAIL, body=NIL))
    record = office.store.record

    def slow(*arguments):
        office.now += 10 * MINUTE
        return record(*arguments)

    monkeypatch.setattr(office.store, "record", slow)
    more = True
    while more:
        more = office.daemon.tick()
        assert "poll" not in {one.code for one in office.daemon.health.current}
    assert office.now > moment(15) + HOUR


def test_fault_124_a_year_whose_days_off_are_unknown_shows_in_status(open_office):
    """FAULTS 124: sixty days ahead, by mail and in status, which does not ask the table itself."""
    office = open_office()
    year = Calendar(office.config.calendar, office.config.settings.office.zone)._last_announced
    office.tick(dt.datetime(year, 10, 25, 9, tzinfo=moment(15).tzinfo))
    assert health(office) == []
    office.tick(dt.datetime(year, 11, 25, 9, tzinfo=moment(15).tzinfo))
    (one,) = views.status(office.config, office.store, office.now)["health"]
    assert (one["code"], one["severity"]) == ("calendar", "warning")
    assert str(year + 1) in one["text"]
    assert any("lịch nghỉ" in subject for subject in office.subjects(OFFICER))


# --- seen from outside --------------------------------------------------------------------------


@pytest.fixture
def served(office, monkeypatch):
    """An office with its lease and heartbeat, as `intake run` has them."""
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    folder = data_folder(office.config)
    with open_lease(office.config) as lease:
        office.desk.check_lease = lease.check
        office.service = Service(office.daemon, ENV, folder=folder)
        office.service._turn()
        yield office


def test_an_onlooker_sees_who_runs_and_that_all_is_well(served):
    view = views.status(served.config, served.store, served.now)
    assert view["daemon"]["pid"] > 0
    assert view["health"] == []


def test_an_onlooker_sees_a_daemon_that_hangs(served):
    served.now += 20 * MINUTE
    assert ("daemon", "broken") in health(served)


def test_an_onlooker_takes_the_daemons_word_for_what_only_it_can_know(served):
    served.desk.mailbox.close()
    served.desk.mailbox._secret = "wrong"
    served.service._turn()
    assert health(served) == [("login", "broken")]


def test_a_registry_on_which_no_daemon_ever_ran_is_not_broken(office):
    office.tick()
    office.now += 30 * DAY
    assert health(office) == []
    with open_lease(office.config):  # a daemon has begun, and has not turned yet
        assert health(office) == []


def test_a_daemon_that_is_gone_leaves_an_unread_inbox(office, monkeypatch):
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    with open_lease(office.config):
        Service(office.daemon, ENV, folder=data_folder(office.config))._turn()
    office.now += 14 * MINUTE
    assert health(office) == []
    office.now += 1 * MINUTE
    (one,) = views.status(office.config, office.store, office.now)["health"]
    assert (one["code"], one["text"]) == ("poll", "the inbox is not read: no daemon runs")


def test_the_heartbeat_goes_on_within_a_long_tick(served, monkeypatch):
    seconds = iter(range(0, 100_000, 30))
    served.service.counter = lambda: float(next(seconds))
    served.service._beat_at = float("-inf")
    served.service.watched()
    served.deliver(mail(HOA_CU_MAIL, body=NIL))
    record, seen = served.store.record, []
    folder = served.service.folder
    served.now += 5 * MINUTE

    def noted(*arguments):
        seen.append(heartbeat.read(folder).time)
        return record(*arguments)

    monkeypatch.setattr(served.store, "record", noted)
    served.service._turn()
    assert seen == [served.now]
    assert state(served) == "nil"


def test_what_a_server_says_is_no_word_to_systemd(served, monkeypatch):
    """A line break in its words must not become a line of its own, such as STOPPING=1."""

    def refused():
        raise LoginRefused("no\nSTOPPING=1")

    monkeypatch.setattr(served.desk.mailbox, "open", refused)
    with NotifySocket() as systemd:
        monkeypatch.setenv("NOTIFY_SOCKET", systemd.address)
        served.service._turn()
        lines = [line for one in systemd.heard() for line in one.splitlines()]
    assert "STATUS=the mailbox refuses the login: no STOPPING=1" in lines
    assert "STOPPING=1" not in lines


def test_a_clock_of_1970_is_in_the_heartbeat(served):
    served.now = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    served.service._turn()
    assert "clock" in {one.code for one in heartbeat.read(served.service.folder).health}


def test_status_of_a_broken_office_ends_with_one(tmp_path, dovecot):
    """The whole program: exit code, JSON and words, for a monitor."""
    user = next(dovecot.unused)
    with running_office(tmp_path / "config", dovecot, user) as office:
        path = office.folder / "settings.toml"
        text = path.read_text(encoding="utf-8")
        with real_process(office.folder, "status") as status:
            assert "none runs" in status.communicate(timeout=60)[0].decode()
        assert status.returncode == 0
        wrong = text.replace(f'user = "{user}"', 'user = "nobody"', 1)
        assert wrong != text
        path.write_text(wrong, encoding="utf-8")
        with real_process(office.folder, "once") as once:
            assert "refuses the login" in once.communicate(timeout=60)[0].decode()
        assert once.returncode == 1
        for form in ((), ("--json",)):
            with real_process(office.folder, "status", *form) as status:
                told = status.communicate(timeout=60)[0].decode()
            assert status.returncode == 1
            assert "login" in told
        assert json.loads(told)["health"][0]["severity"] == "broken"


# --- certificates -------------------------------------------------------------------------------


@pytest.fixture
def tls_office(tmp_path):
    """Open an office that talks TLS to both servers, whose certificates end at this moment."""
    opened = []

    def office_of(ends_at):
        server = Dovecot({"box": PASSWORD}, certificate_ends_at=ends_at).__enter__()
        opened.append(server)
        smtp = ScriptedSmtp(security="tls", certificate_ends_at=ends_at).__enter__()
        opened.append(smtp)
        changes = {
            "mailbox": {
                "security": '"tls"',
                "port": str(server.tls_port),
                "ca_file": f'"{server.ca_file}"',
            },
            "smtp": {
                "security": '"tls"',
                "port": str(smtp.port),
                "ca_file": f'"{smtp.trust(tmp_path)}"',
            },
        }
        now = dt.datetime.now(dt.UTC)
        office = Whole(tmp_path / "config", server, "box", now, changes).__enter__()
        opened.append(office)
        return office, smtp

    yield office_of
    for one in reversed(opened):
        one.__exit__(None, None, None)


def test_a_certificate_with_ten_days_left_warns_of_both_servers(tls_office):
    office, smtp = tls_office(dt.datetime.now(dt.UTC) + 10 * DAY)
    office.deliver(mail("ai.do@thudientu.example"), office.now)
    office.tick()  # the held notice opens the connection to the other server
    office.tick()
    found = [one for one in office.daemon.health.current if one.code == "certificate"]
    assert [one.about for one in found] == ["the IMAP server", "the SMTP server"]
    assert {one.severity for one in found} == {"warning"}
    told = [str(parsed(one.raw)["Subject"]) for one in smtp.accepted]
    assert sum("Chứng thư sắp hết hạn" in subject for subject in told) == 2
    # A day later the mailbox is asked anew, by a new connection.
    before = office.desk.mailbox._client
    office.tick(office.now + HOUR)
    assert office.desk.mailbox._client is before
    office.tick(office.now + DAY)
    office.tick()
    assert office.desk.mailbox._client not in {before, None}


def test_a_certificate_with_enough_time_is_no_trouble(tls_office):
    office, _ = tls_office(dt.datetime.now(dt.UTC) + 30 * DAY)
    office.tick()
    assert office.desk.mailbox.certificate_ends_at is not None
    assert not [one for one in office.daemon.health.current if one.code == "certificate"]


def test_a_certificate_that_has_ended_is_refused_and_named(tls_office):
    office, smtp = tls_office(dt.datetime.now(dt.UTC) - DAY)
    office.deliver(mail(HOA_CU_MAIL, body=NIL), office.now)
    office.tick()
    broken = [one for one in office.daemon.health.current if one.severity == "broken"]
    assert [one.code for one in broken] == ["login"]
    assert "certificate has expired" in broken[0].text
    office.tick()
    office.daemon.health.look()
    (sending,) = [one for one in office.daemon.health.current if one.code == "smtp"]
    assert "certificate" in sending.text
    assert smtp.accepted == []
    assert smtp.lines == []  # not a word, and no password, was said to it
