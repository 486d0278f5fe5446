"""`intake doctor`: a form goes the whole way and is nobody's answer; a leg that hangs is named."""

import datetime as dt
import email
import email.policy
import re
import threading
import time
from collections.abc import Callable
from typing import Self

import pytest
from rigs.cast import moment
from rigs.dovecot import PASSWORD, Dovecot
from rigs.replaying import comes_out_equal
from rigs.running import running_office, wait_for
from rigs.smtp import Drop, Reply
from rigs.whole import CAMPAIGN, ENV, Whole, parsed, real_process, words
from typer.testing import CliRunner

from config.settings import load
from intake import selftest
from intake.__main__ import app
from intake.follow import _queue, follow
from intake.message import parse
from intake.opening import open_registry
from intake.selftest import HEADER, self_test

pytestmark = pytest.mark.e2e
OFFICER = "canbo.ktht@caoloc.example"
OWN = "ocop@caoloc.example"
USERS = {f"box{number}": PASSWORD for number in range(40)}
_free = iter(USERS)
PATIENCE = 60.0


@pytest.fixture(scope="module")
def dovecot():
    with Dovecot(USERS) as server:
        yield server


@pytest.fixture
def whole(tmp_path, dovecot):
    with Whole(tmp_path / "config", dovecot, next(_free), moment(15)) as office:
        yield office


def made(whole: Whole) -> selftest.SelfTest:
    return self_test(whole.config, whole.desk.vault.secret(), whole.now)


# --- what becomes of it ---------------------------------------------------------------------------


def test_it_is_read_answered_to_the_admin_and_counts_apart(whole, tmp_path):
    test = made(whole)
    _queue(whole.config, whole.store, whole.desk.vault, test, whole.now)
    whole.tick()
    (form,) = whole.sent
    assert form.recipients == (OWN,)
    whole.deliver(form.raw)
    whole.tick()
    (message,) = whole.store.messages()
    assert (message.state, message.verdict) == ("recorded", "self-test")
    assert message.reason == "1 point(s), 0 error(s)"
    assert (message.commune, message.campaign, message.submission_id) == (None, None, None)
    assert [one.role for one in whole.store.documents(message.id)] == ["form"]
    assert whole.store.submissions(CAMPAIGN) == []
    (answer,) = whole.sent[1:]
    assert answer.recipients == (OFFICER,)
    assert parsed(answer.raw)["Subject"] == "[Thông báo hệ thống] Kết quả tự kiểm tra"
    assert "được đọc đúng từng ô" in " ".join(words(answer.raw).split())
    assert whole.inbox() == []
    assert len(whole.inbox("Đã xử lý")) == 1
    whole.deliver(form.raw)  # the server shows it twice: it is the same message
    whole.restart()
    whole.tick()
    assert len(whole.sent) == 2
    comes_out_equal(whole, tmp_path / "anew")


def forged(raw: bytes, how: str) -> bytes:
    letter = email.message_from_bytes(raw, policy=email.policy.SMTP)
    test_id, campaign, code = str(letter[HEADER]).split()
    changed = {
        "code": f"{test_id} {campaign} {'0' * 16}",
        "id": f"20240515T010000Z-deadbeef {campaign} {code}",
        "campaign": f"{test_id} other {code}",
        "words": "xin chào",
        "empty": "",
    }
    if how in changed:
        del letter[HEADER]
        letter[HEADER] = changed[how]
    elif how == "workbook":
        (part,) = letter.iter_attachments()
        part.set_content(b"PK another", maintype="application", subtype="zip", filename="a.xlsx")
    return letter.as_bytes()


@pytest.mark.parametrize("how", ["code", "id", "campaign", "words", "empty", "workbook"])
def test_a_forged_one_is_only_our_own_mail_and_never_answered(whole, how):
    whole.deliver(forged(made(whole).raw, how))
    whole.tick()
    (message,) = whole.store.messages()
    assert message.verdict == "own"
    assert whole.sent == []


def test_a_forged_mark_on_a_communes_form_changes_nothing_about_it(whole):
    letter = email.message_from_bytes(made(whole).raw, policy=email.policy.SMTP)
    del letter["From"]
    letter["From"] = "hoacu@caoloc.example"
    raw = forged(letter.as_bytes(), "code")
    whole.deliver(raw)
    whole.tick()
    (message,) = whole.store.messages()
    assert message.verdict not in {"self-test", "own"}
    assert message.commune is not None


def test_one_that_is_days_old_proves_nothing(whole):
    raw = made(whole).raw
    whole.deliver(raw, whole.now + dt.timedelta(days=2))
    whole.tick(whole.now + dt.timedelta(days=2))
    assert whole.store.messages()[0].verdict == "own"


def test_its_mark_is_the_same_however_the_mail_was_wrapped(whole):
    test = made(whole)
    secret = whole.desk.vault.secret()
    limits = whole.config.settings.limits
    relayed = b"Received: from a by b\r\nDKIM-Signature: v=1; s=k1; d=x.example\r\n" + test.raw
    mark = selftest.proven(parse(relayed, limits), secret, whole.now)
    assert mark == selftest.Mark(test.id, CAMPAIGN)
    assert selftest.proven(parse(relayed, limits), b"another" * 5, whole.now) is None


# --- following it ---------------------------------------------------------------------------------


class Postman:
    """Brings what the scripted SMTP server took for us into the mailbox, as a provider does."""

    def __init__(self, office: Whole) -> None:
        self.office = office
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def run(self) -> None:
        brought = 0
        while not self.over.wait(0.05):
            taken = self.office.smtp.accepted
            for one in taken[brought:]:
                brought += 1
                if one.recipients == (OWN,):
                    signed = b"DKIM-Signature: v=1; d=caoloc.example; s=k7; b=AA\r\n" + one.raw
                    self.office.deliver(signed, dt.datetime.now(dt.UTC))


@pytest.fixture
def office(tmp_path, dovecot):
    with running_office(tmp_path / "config", dovecot, next(_free)) as running:
        yield running


def followed(office: Whole, until: Callable[[], object] = lambda: False):
    """Follow a form; where it hangs, time is up once ``until`` holds, however long that took."""
    gives_up_at = time.monotonic() + PATIENCE

    def counter() -> float:
        return PATIENCE if until() or time.monotonic() > gives_up_at else 0.0

    return follow(load(office.folder, env=ENV), ENV, PATIENCE, counter=counter)


def is_read(office: Whole) -> bool:
    store, _ = open_registry(load(office.folder, env=ENV))
    with store:
        return any(one.state == "recorded" for one in store.messages())


def test_without_a_daemon_it_does_the_work_itself(office):
    with Postman(office):
        course = followed(office)
    assert course.problem == ""
    assert not course.by_daemon
    assert [leg.name for leg in course.legs] == ["SMTP", "IMAP", "read", "acknowledgment"]
    assert all(0 <= leg.seconds < PATIENCE for leg in course.legs)
    assert b"s=k7" in course.raw


def test_beside_a_daemon_it_only_watches(office):
    with real_process(office.folder, "run") as daemon, Postman(office):
        wait_for(daemon, "started")
        course = followed(office)
        assert course.problem == ""
        assert course.by_daemon
        assert len(course.legs) == 4


def test_the_command_prints_each_leg_and_dns(office, monkeypatch):
    monkeypatch.setattr("intake.dns._records", lambda _name: ())
    with Postman(office):
        done = CliRunner().invoke(app, ["--config", str(office.folder), "doctor"], env=ENV)
    assert done.exit_code == 0, done.output
    for leg in ("SMTP", "IMAP", "read", "acknowledgment"):
        assert re.search(rf"^  {leg}: \d+\.\d s – ", done.output, re.MULTILINE)
    assert "IMAP 127.0.0.1" in done.output
    assert "DKIM of caoloc.example: it signs with k7, but there is no key" in done.output
    assert "all legs work" in done.output


def test_smtp_that_refuses_is_the_leg_that_hangs(office):
    office.smtp.on("RCPT", Reply("550 5.1.1 no such user"), recipient=OWN)
    course = followed(office)
    assert course.legs == ()
    assert "SMTP" in course.problem
    assert "no such user" in course.problem


def test_a_mail_that_never_arrives_is_the_leg_that_hangs(office):
    course = followed(office, lambda: office.smtp.accepted)
    assert [leg.name for leg in course.legs] == ["SMTP"]
    assert course.problem.startswith("IMAP: SMTP took it")
    assert "spam" in course.problem


def test_an_acknowledgment_that_cannot_leave_is_the_leg_that_hangs(office):
    office.smtp.on("RCPT", Drop(), recipient=OFFICER)
    with Postman(office):
        course = followed(office, lambda: is_read(office))
    assert [leg.name for leg in course.legs] == ["SMTP", "IMAP", "read"]
    assert course.problem.startswith("acknowledgment: it did not leave")


def test_an_office_whose_wording_is_broken_is_told_so(office):
    path = office.folder / "templates" / "alert.j2"
    path.write_text("{{ nothing_of_the_kind }}", "utf-8")
    with Postman(office):
        course = followed(office, lambda: is_read(office))
    assert "none was queued" in course.problem
