"""From the inbox to the Department, on a real IMAP server and a real SMTP dialogue."""

import datetime as dt
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import openpyxl
import pytest
from rigs.cast import moment
from rigs.dovecot import PASSWORD, Dovecot
from rigs.running import running_office, wait_for
from rigs.whole import CAMPAIGN, ENV, Whole, mail, parsed, real_process, words, workbook_file

from intake.demo_documents import PLAIN, blank_workbook, workbook
from intake.demo_scenario import GIA_CAT, HOA_CU, _sender
from parsers.form import Form
from parsers.jail import JailBrokenError
from parsers.reading import Reading, Refusal
from registry.snapshot import commune_state, windows
from registry.store import open_store

pytestmark = pytest.mark.e2e

HOA_CU_MAIL = "hoacu@caoloc.example"
WHO = _sender("Hòa Cư", 45, 15)
BOOK = workbook(PLAIN, WHO, HOA_CU)
USERS = {f"box{number}": PASSWORD for number in range(40)}


@pytest.fixture(scope="module")
def dovecot():
    with Dovecot(USERS) as server:
        yield server


#: Each test has a mailbox of its own: what another registry answered is caught up with.
_free = iter(USERS)


@pytest.fixture
def whole(tmp_path, dovecot):
    with Whole(tmp_path / "config", dovecot, next(_free), moment(15)) as office:
        yield office


def _state(whole, code):
    campaign = whole.config.campaign(CAMPAIGN)
    commune = next(one for one in whole.config.communes if one.code == code)
    snapshot = whole.store.snapshot(windows([campaign]))
    return commune_state(snapshot, campaign.id, commune.key)


def test_a_form_is_recorded_acknowledged_and_filed(whole):
    raw = mail(HOA_CU_MAIL, files=workbook_file(BOOK))
    whole.deliver(raw)
    whole.tick()
    assert whole.inbox() == []
    assert len(whole.inbox("Đã xử lý")) == 1
    assert whole.subjects() == ["[Đã nhận] 2 điểm – Xã Hòa Cư – Số tiếp nhận OCOP2-06223-01-9"]
    ack = parsed(whole.sent[0].raw)
    assert ack["In-Reply-To"] == parsed(raw)["Message-ID"]
    assert ack["Auto-Submitted"] == "auto-replied"
    assert "Điểm OCOP Hòa Cư" in words(whole.sent[0].raw)
    assert _state(whole, "06223") == "registered"
    copies = [parsed(copy)["Message-ID"] for copy in whole.inbox("Sent")]
    assert sorted(copies) == sorted(whole.smtp.copies())
    assert ack["Message-ID"] in copies


def test_personal_data_never_stands_in_an_acknowledgment(whole):
    broken = {**HOA_CU[0], "phone": "091200010"}
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(workbook(PLAIN, WHO, (broken,)))))
    whole.tick()
    text = words(whole.sent[0].raw)
    assert "[Cần sửa" in whole.subjects()[0]
    assert "091200010" not in text
    assert HOA_CU[0]["representative"] not in text


def test_fault_003_a_message_committed_but_not_filed_is_only_moved(whole, monkeypatch):
    """FAULTS 3: killed between commit and move: the next start only moves, no second ack."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    monkeypatch.setattr(whole.daemon, "file", lambda: False)
    whole.tick()
    assert len(whole.inbox()) == 1
    whole.restart()
    whole.tick()
    assert (len(whole.inbox()), len(whole.inbox("Đã xử lý"))) == (0, 1)
    assert len(whole.sent) == 1


def test_fault_004_a_changed_uidvalidity_brings_no_second_answer(whole, monkeypatch):
    """FAULTS 4: the same letters under new UIDs are recognised by their bytes."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    monkeypatch.setattr(whole.daemon, "file", lambda: False)
    whole.tick()
    whole.desk.mailbox.close()
    whole.dovecot.set_uidvalidity(4242, user=whole.user)
    whole.tick()
    whole.restart()
    whole.tick()
    assert whole.inbox() == []
    assert len(whole.subjects(HOA_CU_MAIL)) == 1
    assert whole.store.counts().messages == {"recorded": 1}


def test_fault_005_new_letters_under_recycled_uids_are_not_skipped(whole):
    """FAULTS 5: UIDVALIDITY changes and UIDs start again."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    whole.tick()
    whole.desk.mailbox.close()
    whole.dovecot.recreate_inbox(user=whole.user)
    other = workbook(PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT)
    whole.deliver(mail("giacat@caoloc.example", files=workbook_file(other)))
    whole.tick()
    assert _state(whole, "06235") == "registered"


def test_fault_007_an_idle_mailbox_is_polled_without_effect(whole):
    """FAULTS 7: nothing new means nothing done, however often it is asked."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    whole.tick()
    before = whole.store.counts()
    for _ in range(3):
        whole.tick()
    assert whole.store.counts() == before


def test_fault_009_a_message_that_a_human_read_is_handled(whole):
    """FAULTS 9: flags play no part."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    uid = whole.dovecot.contents(user=whole.user)[0].uid
    whole.dovecot.flag(uid, r"\Seen", user=whole.user)
    whole.tick()
    assert _state(whole, "06223") == "registered"


def test_fault_010_a_handled_message_moved_back_is_filed_again_in_silence(whole):
    """FAULTS 10: recognised by hash, filed again, no second ack."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    whole.tick()
    whole.dovecot.doveadm("move", "-u", whole.user, "INBOX", "mailbox", "Đã xử lý", "ALL")
    assert len(whole.inbox()) == 1
    whole.tick()
    assert (len(whole.inbox()), len(whole.sent)) == (0, 1)


def test_fault_011_the_same_mail_by_two_roads_is_one_submission_and_one_answer(whole):
    """FAULTS 11: other Received lines, same Message-ID and files."""
    raw = mail(HOA_CU_MAIL, files=workbook_file(BOOK), Message_ID="<one@xa.example>")
    whole.deliver(b"Received: by alias.example\r\n" + raw)
    whole.deliver(b"Received: by direct.example\r\n" + raw)
    whole.tick()
    assert len(whole.sent) == 1
    assert whole.store.counts().verdicts == {"submission": 1, "copy": 1}
    assert len(whole.store.submissions(CAMPAIGN)) == 1


def test_fault_016_a_wrong_password_is_not_hammered_and_mail_still_leaves(whole):
    """FAULTS 16: back-off to minutes, an alert, and the notifier keeps working."""
    whole.desk.mailbox._secret = "wrong"
    whole.store.launch(CAMPAIGN, "officer", whole.now)
    whole.tick()
    assert "refuses the login" in whole.daemon.trouble
    calls = [subject for subject in whole.subjects() if "Đề nghị gửi" in subject]
    assert len(calls) >= len(whole.config.communes)
    assert any("hộp thư" in subject for subject in whole.subjects("canbo.ktht@caoloc.example"))
    tried = whole.daemon._inbox_pause.failures
    whole.tick()
    assert whole.daemon._inbox_pause.failures == tried


@pytest.fixture
def small(tmp_path, dovecot):
    changes = {"limits": {"message_bytes": '"20kB"', "document_bytes": '"10kB"'}}
    with Whole(tmp_path / "config", dovecot, next(_free), moment(15), changes) as office:
        yield office


def test_fault_021_a_message_over_the_limit_stays_and_its_sender_is_told_once(small):
    """FAULTS 21: size asked first, not fetched; and the commune counts as heard (promise 3)."""
    small.deliver(mail(HOA_CU_MAIL, files=[("a.bin", "application/octet-stream", bytes(30_000))]))
    small.tick()
    small.tick()
    assert len(small.inbox()) == 1
    assert len(small.sent) == 1
    assert "Hòa Cư" in small.subjects()[0]
    assert _state(small, "06223") == "needs-fix"


def test_fault_022_old_mail_is_left_alone(whole):
    """FAULTS 22: no acks for letters older than the go-live date."""
    for hour in (8, 9, 10):
        whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), moment(12, hour))
    whole.tick()
    assert (len(whole.inbox()), whole.sent) == (3, [])
    assert whole.store.counts().verdicts == {"old": 3}


def test_fault_075_a_strangers_form_is_held_and_nothing_is_disclosed(whole):
    """FAULTS 75: held; the officers are told; the stranger gets nothing."""
    whole.deliver(mail("ai.do@thudientu.example", files=workbook_file(BOOK)))
    whole.tick()
    assert len(whole.inbox("Chờ xử lý")) == 1
    assert {one.recipients for one in whole.sent} == {("canbo.ktht@caoloc.example",)}
    held = whole.store.held()[0]
    key = next(one.key for one in whole.config.communes if one.code == "06223")
    whole.store.assign(held.id, key, CAMPAIGN, "officer", whole.now)
    whole.tick()
    assert _state(whole, "06223") == "registered"
    assert len(whole.inbox("Đã xử lý")) == 1
    assert whole.subjects(HOA_CU_MAIL)[0].startswith("[Đã nhận]")


def test_fault_078_080_a_correction_replaces_and_a_resend_does_not(whole):
    """FAULTS 78, 80: v2 current, v1 kept; the identical file again makes no version."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    whole.tick()
    second = workbook(PLAIN, WHO, HOA_CU[:1])
    for _ in range(2):
        whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(second)))
        whole.tick()
    versions = whole.store.submissions(CAMPAIGN)
    assert [(v.version, v.current, len(v.points)) for v in versions] == [
        (1, False, 2),
        (2, True, 1),
    ]
    assert [subject.split("]")[0] for subject in whole.subjects()] == [
        "[Đã nhận",
        "[Đã nhận",
        "[Đã nhận trước đó",
    ]


def test_fault_062_our_own_blank_form_is_told_from_an_answer(whole):
    """FAULTS 62: the call's own workbook, returned as it was."""
    whole.store.launch(CAMPAIGN, "officer", whole.now)
    whole.tick()
    call = next(one for one in whole.sent if HOA_CU_MAIL in one.recipients)
    form = next(parsed(call.raw).iter_attachments())
    book = form.get_content()
    for data in (book, blank_workbook(PLAIN, WHO)):
        whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(data)))
        whole.tick()
        assert whole.store.messages()[0].verdict == "blank-template"
    assert _state(whole, "06223") == "needs-fix"


@pytest.mark.parametrize(
    ("sender", "headers", "body"),
    [
        (HOA_CU_MAIL, {"Auto_Submitted": "auto-replied"}, "Tôi đi vắng."),
        ("tin@news.example", {"Precedence": "bulk", "List_Id": "<tin.example>"}, "Bản tin tuần."),
        (HOA_CU_MAIL, {"X_Commune_Intake": "ack/abc", "Auto_Submitted": "auto-replied"}, "Nhận."),
    ],
)
def test_fault_112_114_what_no_person_wrote_is_filed_without_an_answer(
    whole, sender, headers, body
):
    """FAULTS 112, 114, 120: our own mail, automatic replies and lists get no reply."""
    whole.deliver(mail(sender, body=body, **headers))
    whole.tick()
    assert whole.sent == []
    assert len(whole.inbox("Đã xử lý")) == 1


def test_what_is_read_ahead_is_recorded_in_the_order_of_arrival(whole, monkeypatch):
    """The first form is understood only after the second was read; it is recorded first."""
    second_read = threading.Event()
    read = whole.desk.reader.read

    def late(data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        result = read(data, form, name)
        if data == BOOK:
            assert second_read.wait(120)
        else:
            second_read.set()
        return result

    other = workbook(PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT)
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), moment(15, 9, 0, 1))
    whole.deliver(mail("giacat@caoloc.example", files=workbook_file(other)), moment(15, 9, 0, 2))
    monkeypatch.setattr(whole.desk.reader, "read", late)
    whole.tick()
    assert len(whole.sent) == 2
    journal = sorted(whole.store.journal(), key=lambda event: event.serial)
    recorded = [event.subject for event in journal if event.kind == "recorded"]
    assert recorded == ["message 1", "message 2"]
    assert whole.store.message(1).sender == HOA_CU_MAIL


def test_a_message_that_makes_our_code_raise_is_held_after_three_tries(whole, monkeypatch):
    """The daemon goes on, and the next message is handled at once."""

    def burst(_data: bytes, _form: Form, _name: str = "") -> None:
        raise ZeroDivisionError

    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    whole.deliver(mail("giacat@caoloc.example", body="Xã không có nhu cầu đăng ký điểm OCOP."))
    monkeypatch.setattr(whole.desk.reader, "read", burst)
    for _ in range(4):
        whole.tick()
    assert _state(whole, "06235") == "nil"
    held = whole.store.held()
    assert [(one.verdict, one.tries) for one in held] == [("unreadable", 4)]
    assert _state(whole, "06223") == "in-review"


def test_silence_is_recorded_and_the_report_waits_for_its_approval(whole):
    whole.store.launch(CAMPAIGN, "officer", moment(13, 8))
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    whole.tick()
    for day in (16, 17, 20):
        whole.tick(moment(day, 8))
    reminded = [s for s in whole.subjects("giacat@caoloc.example") if "Nhắc" in s]
    assert len(reminded) == 3
    assert not [s for s in whole.subjects(HOA_CU_MAIL) if "Nhắc" in s]
    whole.tick(moment(22, 8))
    assert _state(whole, "06235") == "silent"
    assert any(
        "không nhận được văn bản" in s.lower() for s in whole.subjects("giacat@caoloc.example")
    )
    department = whole.config.campaign(CAMPAIGN).report.to[0]
    approver = whole.config.campaign(CAMPAIGN).report.approvers[0]
    assert whole.subjects(department) == []
    assert any("Trình duyệt" in subject for subject in whole.subjects(approver))
    whole.store.approve(CAMPAIGN, "approver", whole.now)
    whole.tick(moment(22, 9))
    sent = next(one for one in whole.sent if department in one.recipients)
    files = [part.get_filename() for part in parsed(sent.raw).iter_attachments()]
    assert [name.rsplit(".", 1)[1] for name in files] == ["xlsx", "docx"]


def test_a_commune_that_wrote_anything_is_never_silent(whole):
    """Promise 3: however unreadable it was, and although nothing could be read of it."""
    whole.deliver(mail(HOA_CU_MAIL, files=[("scan.pdf", "application/pdf", b"%PDF-1.4 broken")]))
    whole.deliver(mail("giacat@caoloc.example", body=""), moment(21, 23, 59, 59))
    whole.tick(moment(22, 8))
    states = {code: _state(whole, code) for code in ("06223", "06235", "06184")}
    assert states == {"06223": "needs-fix", "06235": "needs-fix", "06184": "silent"}


def test_fault_084_a_reminder_is_asked_again_before_it_leaves(whole):
    """FAULTS 84: the answer arrives between computing and sending: no reminder."""
    whole.store.launch(CAMPAIGN, "officer", moment(13, 8))
    whole.tick()
    whole.smtp.on("MAIL", _later(), times=1)
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), moment(16, 8))
    before = len(whole.sent)
    whole.tick(moment(16, 8))
    assert not [s for s in whole.subjects(HOA_CU_MAIL) if "Nhắc" in s]
    assert len(whole.sent) > before


def _later():
    from rigs.smtp import Reply  # noqa: PLC0415

    return Reply("451 4.3.0 try again later")


# --- the program as it is started ---------------------------------------------------------------


@pytest.fixture
def real(tmp_path, dovecot):
    with running_office(tmp_path / "config", dovecot, next(_free)) as office:
        yield office


def test_fault_024_a_second_daemon_is_refused_and_kill_9_is_survived(real):
    """FAULTS 24: refuses with the holder's pid. And: kill -9, start again, nothing is lost."""
    with real_process(real.folder, "run") as first:
        wait_for(first, "started")
        with real_process(real.folder, "once") as second:
            told = second.communicate(timeout=60)[0].decode()
            assert second.returncode == 1
            assert str(first.pid) in told
        real.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), dt.datetime.now(dt.UTC))
        wait_for(first, "filed")
        assert len(real.smtp.accepted) == 1
        first.kill()
        first.wait()
    other = workbook(PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT)
    real.deliver(mail("giacat@caoloc.example", files=workbook_file(other)), dt.datetime.now(dt.UTC))
    with real_process(real.folder, "run") as again:
        wait_for(again, "filed")
        again.terminate()
        assert again.wait(timeout=60) == 0
    assert [count for _, count in real.smtp.copies().items()] == [1, 1]


#: The program, with a reader on which it dies as by the kernel's hand.
POISONED = """
import os, signal, sys
from parsers.jail import Jail
def kill_us(jail, *_, **__):
    jail.ready()
    print("worker", jail._slots.queue[-1]._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
Jail.read = kill_us
from intake.__main__ import main
sys.exit(main())
"""


def test_fault_096_a_letter_that_kills_the_process_three_times_is_held_at_the_fourth_start(real):
    """FAULTS 96 with real processes: each dies by SIGKILL, and takes its worker along."""
    roster = (real.folder / "communes.csv").read_text(encoding="utf-8")
    (real.folder / "communes.csv").write_text(roster.replace("2025-07-01", ""), encoding="utf-8")
    nil = "Qua rà soát, xã không có nhu cầu hỗ trợ."
    real.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), real.now)
    real.deliver(mail("giacat@caoloc.example", body=nil), real.now + dt.timedelta(seconds=1))
    command = [sys.executable, "-c", POISONED, "--config", str(real.folder), "once"]
    for _ in range(3):
        died = subprocess.run(command, env={**os.environ, **ENV}, capture_output=True, check=False)
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
        worker = int(died.stdout.split()[-1])
        deadline = time.monotonic() + 60
        while _lives(worker) and time.monotonic() < deadline:
            os.sched_yield()
        assert not _lives(worker)
        _until_its_lease_ended(real)
    with real_process(real.folder, "once") as fourth:
        told = fourth.communicate(timeout=120)[0].decode()
        assert fourth.returncode == 0, told
    real.restart()
    (held,) = real.store.held()
    assert (held.sender, held.reason.partition(":")[0]) == (HOA_CU_MAIL, "program-failed")
    assert _state(real, "06235") == "nil"
    assert real.smtp.accepted


def _until_its_lease_ended(real):
    """On a server the lease of who was killed runs out; that of a file ended with its process."""
    deadline = time.monotonic() + 60
    with open_store(real.config.settings.storage.database, real.folder) as store:
        while store.tenures():
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- what must not stop the rest ----------------------------------------------------------------


def test_a_machine_that_cannot_read_uses_up_no_tries(whole, monkeypatch):
    def broken() -> None:
        raise JailBrokenError("no worker")

    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    with monkeypatch.context() as patch:
        patch.setattr(whole.desk.reader, "ready", broken)
        for _ in range(4):
            whole.tick()
    assert [one.tries for one in whole.store.kept()] == [0]
    assert any("bộ đọc" in subject for subject in whole.subjects("canbo.ktht@caoloc.example"))
    whole.tick()
    assert _state(whole, "06223") == "registered"


def test_bytes_that_the_vault_lost_are_held_and_the_daemon_goes_on(whole, monkeypatch):
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    monkeypatch.setattr(whole.daemon, "understand_and_record", lambda **_: False)
    whole.tick()
    monkeypatch.undo()
    (message,) = whole.store.kept()
    path = next((whole.folder / "data" / "vault").rglob(message.sha256))
    path.chmod(0o600)
    path.write_bytes(b"torn")
    for _ in range(4):
        whole.tick()
    assert [one.reason for one in whole.store.held()] == ["program-failed: 3 tries"]


def test_a_broken_letter_template_stops_the_report_only(whole):
    (whole.folder / "templates" / "official-letter.docx").write_bytes(b"no Word file")
    whole.store.launch(CAMPAIGN, "officer", moment(13, 8))
    whole.tick(moment(22, 8))
    assert whole.store.reports(CAMPAIGN) == []
    told = whole.subjects("canbo.ktht@caoloc.example")
    assert any("báo cáo" in subject for subject in told)
    assert any("không nhận được" in s.lower() for s in whole.subjects("giacat@caoloc.example"))


def test_a_document_stamped_secret_is_held_and_nothing_of_it_is_recorded(whole):
    stamped = workbook(PLAIN, WHO, HOA_CU)
    book = openpyxl.load_workbook(io.BytesIO(stamped))
    book.active["A3"] = "MẬT"
    stream = io.BytesIO()
    book.save(stream)
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(stream.getvalue())))
    whole.tick()
    (held,) = whole.store.held()
    assert (held.verdict, held.reason) == ("secret", "secrecy-mark: document")
    assert whole.store.documents(held.id) == []
    assert whole.subjects(HOA_CU_MAIL) == []
    assert _state(whole, "06223") == "in-review"


def test_a_message_that_a_person_rejects_meanwhile_stops_no_other(whole, monkeypatch):
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), moment(15, 8))
    other = workbook(PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT)
    whole.deliver(mail("giacat@caoloc.example", files=workbook_file(other)), moment(15, 8, 30))
    monkeypatch.setattr(whole.daemon, "understand_and_record", lambda **_: False)
    whole.tick()
    monkeypatch.undo()
    first = whole.store.kept()[0]
    kept = whole.store.kept

    def decided_after_listing(limit: int) -> list:
        listed = kept(limit)
        if any(one.id == first.id for one in listed):
            whole.store.reject(first.id, "gửi nhầm", "officer", whole.now)
        return listed

    monkeypatch.setattr(whole.store, "kept", decided_after_listing)
    whole.tick()
    assert whole.store.message(first.id).state == "rejected"
    assert _state(whole, "06235") == "registered"


@pytest.mark.parametrize(
    "date", ["Tue, 14 May 0101 09:00:00 +0700", "Tue, 14 May 9999 09:00:00 +0700"]
)
def test_fault_030_a_date_that_no_mail_can_have_keeps_nobody_waiting(whole, date):
    """FAULTS 30: the received time counts; the daemon goes on."""
    raw = mail(HOA_CU_MAIL, files=workbook_file(BOOK))
    whole.deliver(b"Date: " + date.encode() + b"\r\n" + raw)
    whole.tick()
    whole.restart()
    whole.tick()
    assert _state(whole, "06223") == "registered"


def test_a_message_whose_campaign_file_is_gone_is_held_and_stops_nobody(whole):
    whole.deliver(mail("ai.do@thudientu.example", files=workbook_file(BOOK)))
    whole.tick()
    held = whole.store.held()[0]
    key = next(one.key for one in whole.config.communes if one.code == "06223")
    whole.store.assign(held.id, key, "ocop-2023-1", "officer", whole.now)
    other = workbook(PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT)
    whole.deliver(mail("giacat@caoloc.example", files=workbook_file(other)))
    whole.tick()
    assert [one.reason for one in whole.store.held()] == ["no-campaign"]
    assert _state(whole, "06235") == "registered"


def test_a_message_that_fails_after_it_was_assigned_is_held_again(whole, monkeypatch):
    def burst(_data: bytes, _form: Form, _name: str = "") -> None:
        raise ZeroDivisionError

    whole.deliver(mail("ai.do@thudientu.example", files=workbook_file(BOOK)))
    whole.tick()
    key = next(one.key for one in whole.config.communes if one.code == "06223")
    whole.store.assign(whole.store.held()[0].id, key, CAMPAIGN, "officer", whole.now)
    monkeypatch.setattr(whole.desk.reader, "read", burst)
    for _ in range(4):
        whole.tick()
    assert [one.reason for one in whole.store.held()] == ["program-failed: 3 tries"]
    assert _state(whole, "06223") == "in-review"


def test_a_reader_that_cannot_be_started_amid_a_batch_is_told_and_no_messages_fault(
    whole, monkeypatch
):
    """One reader stood ready, the next one could not be started: the machine's fault."""

    def broken(*_: object) -> None:
        raise JailBrokenError("worker did not start (-9)")

    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    with monkeypatch.context() as patched:
        patched.setattr(whole.desk.reader, "read", broken)
        whole.tick()
        assert [one.kind for one in whole.store.mails()] == ["alert"]
    whole.daemon.understand_and_record(retry=False)  # nothing new: that proves nothing
    assert "reader" in whole.daemon.health.signs.failing
    whole.tick()
    assert "reader" not in whole.daemon.health.signs.failing
    assert _state(whole, "06223") == "registered"


def test_a_poll_counts_from_when_it_asked_and_only_when_it_saw_all(whole, monkeypatch):
    """Silence rests on it: what arrives while bodies are fetched was not seen."""
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    fetch, asked = whole.desk.mailbox.fetch, whole.now

    def slow(uids: list[int]) -> list:
        whole.now = asked + dt.timedelta(minutes=1)
        return list(fetch(uids))

    monkeypatch.setattr(whole.desk.mailbox, "fetch", slow)
    whole.daemon.tick()
    assert whole.store.snapshot([CAMPAIGN]).polled_at == asked
    for hour in range(1, 4):
        whole.deliver(mail("giacat@caoloc.example"), moment(15, hour))
    uids = [one.uid for one in whole.desk.mailbox.listing(set()).messages]
    cut = whole.desk.mailbox.listing(set(), 2)
    assert ([one.uid for one in cut.messages], cut.more, cut.complete) == (uids[:2], True, False)
