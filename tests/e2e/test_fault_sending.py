"""FAULTS E to H on the whole way: servers that lie, kills in mid-send, loops, odd clocks."""

import datetime as dt
from collections import Counter

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    bounce,
    form_of_gia_cat,
    form_of_hoa_cu,
    marks,
    newest,
    state,
)
from rigs.cast import moment
from rigs.dovecot import PASSWORD
from rigs.smtp import Drop, Hang, Reply
from rigs.whole import CAMPAIGN, mail, parsed, words, workbook_file

from registry.snapshot import windows

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


class Killed(BaseException):
    """As kill -9: nothing of ours catches it."""


def die(*_: object, **__: object) -> None:
    raise Killed


# --- E: process ----------------------------------------------------------------------------------


def test_fault_096_a_letter_that_kills_the_daemon_three_times_is_held(office, monkeypatch):
    """FAULTS 96: held at the fourth start; its neighbours are handled."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL), moment(15, 9, 0, 1))
    for _ in range(3):
        monkeypatch.setattr(office.desk.reader, "read", die)
        with pytest.raises(Killed):
            office.tick()
        office.restart()
    monkeypatch.setattr(office.desk.reader, "read", die)
    office.tick()
    (held,) = office.store.held()
    assert (held.sender, held.reason.partition(":")[0]) == (HOA_CU_MAIL, "program-failed")
    assert (state(office), state(office, "06235")) == ("in-review", "nil")
    assert any("Chờ xử lý" in subject for subject in office.subjects(OFFICER))


# --- F: sending ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lost", [Drop(accept=True), Reply("gibberish", accept=True)], ids=["098", "104"]
)
def test_fault_098_104_an_unknown_outcome_has_one_retry_with_the_same_message_id(office, lost):
    """FAULTS 98, 104: accepted, then silence or garbage: one more copy, the same Message-ID."""
    office.smtp.on("DOT", lost)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    assert office.store.counts().mails == {"unknown": 1}
    for hours in (1, 2, 6):
        office.tick(moment(15) + hours * HOUR)
    assert list(office.smtp.copies().values()) == [2]
    (ack,) = office.store.mails(campaign=CAMPAIGN)
    assert (ack.state, ack.attempts) == ("unknown", 2)


def test_fault_099_hang_after_the_final_dot_is_unknown_and_not_sent_at_once_again(open_office):
    """FAULTS 99: the time-out after the dot is its own; then as 98."""
    office = open_office(smtp={"after_data_timeout": '"500ms"'})
    office.smtp.on("DOT", Hang(accept=True), times=1)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    office.tick(moment(15, 9, 5))
    assert list(office.smtp.copies().values()) == [1]
    office.tick(moment(15, 10))
    assert list(office.smtp.copies().values()) == [2]


def test_fault_100_one_refused_recipient_keeps_the_others_no_mail_away(office):
    """FAULTS 100, 103: one transaction each; the dead address is told to the operator by name."""
    office.smtp.on("RCPT", Reply("550 5.1.1 no such user"), recipient=HOA_CU_MAIL)
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    office.tick(moment(15, 9, 1))
    assert all(len(one.recipients) == 1 for one in office.smtp.accepted)
    assert office.subjects(HOA_CU_MAIL) == []
    calls = [one for one in office.store.mails(campaign=CAMPAIGN) if one.kind == "call"]
    states = Counter(one.state for one in calls)
    assert states == {"sent": 2 * len(office.config.communes) - 1, "refused": 1}
    told = [one for one in office.smtp.accepted if OFFICER in one.recipients]
    assert len(told) == 1
    assert HOA_CU_MAIL in words(told[0].raw)
    assert "550" in words(told[0].raw)
    office.tick(moment(16, 10))
    assert office.smtp.lines.count(f"RCPT TO:<{HOA_CU_MAIL}>") <= 2  # the call, and a reminder


def test_a_refusal_is_told_once_the_wording_of_alerts_is_mended(office):
    """Nothing was told while it was broken, so nothing counts as told."""
    path = office.folder / "templates" / "alert.j2"
    good = path.read_text(encoding="utf-8")
    path.write_text("{{ nothing_of_the_kind }}", encoding="utf-8")
    office.smtp.on("RCPT", Reply("550 5.1.1 no such user"), recipient=HOA_CU_MAIL)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    assert office.subjects(OFFICER) == []
    assert [one.recipient for one in office.store.untold_refusals()] == [HOA_CU_MAIL]
    path.write_text(good, encoding="utf-8")
    office.tick(moment(15, 9, 30))
    (told,) = [one for one in office.smtp.accepted if OFFICER in one.recipients]
    assert HOA_CU_MAIL in words(told.raw)
    assert office.store.untold_refusals() == []


@pytest.mark.parametrize(
    "reply", ["451 4.7.1 greylisted", "452 4.5.3 too many", "421 4.3.2 closing"]
)
def test_fault_101_102_six_hours_of_later_end_in_one_acknowledgment(office, reply):
    """FAULTS 101, 102: asked again with growing pauses; the acknowledgment goes out once."""
    office.smtp.on("RCPT", Reply(reply, then_drop=reply.startswith("421")))
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    for minute in range(0, 360, 10):
        office.tick(moment(15) + minute * MINUTE)
    tries = office.smtp.lines.count(f"RCPT TO:<{HOA_CU_MAIL}>")  # the admin hears of it as well
    assert 4 <= tries <= 12
    assert office.smtp.accepted == []
    office.smtp.forget()
    for minute in range(360, 660, 10):
        office.tick(moment(15) + minute * MINUTE)
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert set(office.smtp.copies().values()) == {1}


def test_fault_103_a_refused_login_pauses_all_mail_and_burns_no_attempt(office):
    """FAULTS 103: 535 and its like stop everything for minutes; nothing is given up."""
    office.smtp.on("MAIL", Reply("530 5.7.0 authentication required"))
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    for minute in range(5):
        office.tick(moment(15) + minute * MINUTE)
    assert sum(line.startswith("MAIL") for line in office.smtp.lines) == 1
    assert {one.attempts for one in office.store.mails(campaign=CAMPAIGN)} == {0}
    office.smtp.forget()
    office.tick(moment(15, 9, 6))
    assert len(office.subjects(HOA_CU_MAIL)) == len(office.subjects(GIA_CAT_MAIL)) == 1
    assert [subject for subject in office.subjects(OFFICER) if "Không gửi được" in subject]


def test_fault_105_a_drop_at_quit_changes_nothing(office):
    """FAULTS 105: the mail was taken over: sent, once."""
    office.smtp.on("QUIT", Drop())
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    office.restart()
    office.tick(moment(15, 16))
    assert list(office.smtp.copies().values()) == [1]
    assert office.store.counts().mails == {"sent": 1}


def test_fault_106_plain_servers_get_ascii_that_reads_as_vietnamese(office):
    """FAULTS 106: no 8BITMIME needed: ASCII lines on the wire, right when read."""
    office.deliver(mail(HOA_CU_MAIL, "Biểu đăng ký Điểm OCOP", files=workbook_file(BOOK)))
    office.tick()
    raw = office.smtp.accepted[0].raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert "Hòa Cư" in str(parsed(raw)["Subject"])
    assert "Biểu đăng ký.xlsx" in words(raw)


def test_fault_108_a_broken_wording_holds_its_own_mail_only(office):
    """FAULTS 108: edited while running: others go, the admin is told, mended it goes too."""
    path = office.folder / "templates" / "ack-registered.j2"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("commune.title", "commune.no_such"), encoding="utf-8")
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    assert (len(office.subjects(HOA_CU_MAIL)), len(office.subjects(GIA_CAT_MAIL))) == (0, 1)
    told = [one for one in office.smtp.accepted if OFFICER in one.recipients]
    assert "ack-registered" in words(told[0].raw)
    path.write_text(good, encoding="utf-8")
    office.tick(moment(15, 9, 30))
    assert len(office.subjects(HOA_CU_MAIL)) == 1


def test_fault_109_mail_after_an_outage_is_braked_until_the_operator_releases_it(open_office):
    """FAULTS 109: back after a week: only the admin hears; released, one reminder each."""
    office = open_office(limits={"brake_unasked": "20"})
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    reminded = len(office.config.communes) * 2  # the commune, the chairman in copy
    office.tick(moment(20, 8))
    office.tick(moment(20, 8, 1))
    assert {one.recipients for one in office.smtp.accepted} == {(OFFICER,)}
    assert any("Tạm dừng" in subject for subject in office.subjects(OFFICER))
    office.tick(moment(20, 9))
    assert len(office.smtp.accepted) == 1
    office.store.release_brake("officer", office.now)
    assert office.store.release_mails(office.now) == 2 * reminded  # the calls wait as well
    office.tick(moment(20, 9, 5))
    unasked = [one for one in office.smtp.accepted if one.recipients != (OFFICER,)]
    kinds = Counter(mail.kind for mail in office.store.mails(campaign=CAMPAIGN))
    assert kinds["reminder"] == reminded
    assert max(Counter(one.recipients for one in unasked).values()) <= 2  # the call, one reminder


def test_fault_110_killed_between_250_and_its_record_leaves_two_copies_at_most(office, monkeypatch):
    """FAULTS 110: at most one duplicate, of the same Message-ID."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    write_down = office.store.write_down

    def die_at_outcomes(handing, outcomes, as_of=None):
        return die() if outcomes else write_down(handing, outcomes, as_of)

    monkeypatch.setattr(office.store, "write_down", die_at_outcomes)
    with pytest.raises(Killed):
        office.tick()
    assert list(office.smtp.copies().values()) == [1]
    for minutes in (0, 30, 60, 600):
        office.restart()
        office.tick(moment(15) + minutes * MINUTE)
    assert list(office.smtp.copies().values()) == [2]
    assert office.store.counts().mails == {"sent": 1}


# --- G: loops and bounces ------------------------------------------------------------------------


def test_fault_112_our_own_acknowledgment_comes_back(office):
    """FAULTS 112: known by its marker, and by its Message-ID when a relay took the marker off."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    ours = office.smtp.accepted[0].raw
    plain = ours.replace(b"X-Commune-Intake", b"X-Other").replace(b"Auto-Submitted", b"X-Auto")
    plain = plain.replace(b"ocop@caoloc.example", HOA_CU_MAIL.encode())
    for raw in (
        ours,
        plain.replace(parsed(ours)["Message-ID"].split("@")[1].encode(), b"caoloc.example>"),
    ):
        office.deliver(raw)
        office.tick()
        assert newest(office).verdict == "own"
    assert len(office.smtp.accepted) == 1


def test_fault_113_a_peer_that_answers_everything_is_answered_within_the_caps(office):
    """FAULTS 113: no header betrays it: ten in an hour, twenty in a day, then silence."""
    sent_to_peer = 0
    office.deliver(mail(HOA_CU_MAIL, "Báo cáo", body="Chúng tôi đã nhận thư."))
    clock = moment(15, 8)
    for _ in range(90):
        office.tick(clock)
        answered = [one for one in office.smtp.accepted if HOA_CU_MAIL in one.recipients]
        for one in answered[sent_to_peer:]:
            subject = f"Re: {parsed(one.raw)['Subject']}"
            office.deliver(mail(HOA_CU_MAIL, subject, body=f"Đã nhận thư. {one.message_id}"), clock)
        sent_to_peer = len(answered)
        clock += 5 * MINUTE
    assert sent_to_peer == 20
    by_hour = Counter(
        one.sent_at.hour
        for one in office.store.mails()
        if one.recipient == HOA_CU_MAIL and one.sent_at
    )
    assert max(by_hour.values()) <= 10
    assert any("Chờ xử lý" in subject for subject in office.subjects(OFFICER))


def test_fault_115_odd_headers_on_a_persons_mail_with_a_form(office):
    """FAULTS 115: still a submission, still acknowledged."""
    headers = {"X_Auto_Response_Suppress": "All", "Precedence": "bulk"}
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK), **headers))
    office.tick()
    assert state(office) == "registered"
    assert marks(office, HOA_CU_MAIL) == ["Đã nhận"]


def test_fault_085_116_a_bounce_updates_the_address_and_is_no_submission(open_office):
    """FAULTS 85, 116: the quoted workbook is nobody's answer; the dead address is escalated."""
    office = open_office(officers={"digest_at": '"10:00"'})
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    call = next(one for one in office.smtp.accepted if HOA_CU_MAIL in one.recipients)
    office.deliver(bounce(call.raw, HOA_CU_MAIL, "delayed"))
    office.tick()
    assert office.store.snapshot(windows(office.config.campaigns)).bounced == frozenset()
    for dead in (HOA_CU_MAIL, "chutich.hoacu@caoloc.example"):
        office.deliver(bounce(call.raw, dead))
    office.tick(moment(16, 7))
    assert {one.verdict for one in office.store.messages()} == {"bounce"}
    assert office.store.submissions(CAMPAIGN) == []
    assert state(office) == "waiting"
    before = len(office.subjects(HOA_CU_MAIL))
    office.tick(moment(16, 10, 5))
    assert len(office.subjects(HOA_CU_MAIL)) == before
    digests = [
        one for one in office.smtp.accepted if "Tình hình" in str(parsed(one.raw)["Subject"])
    ]
    unreachable = words(digests[-1].raw).split("KHÔNG CÒN ĐỊA CHỈ")[1]
    assert "Hòa Cư" in unreachable
    assert "Gia Cát" not in unreachable


def test_fault_116_a_bounce_of_a_filled_form_is_not_recorded(office):
    """FAULTS 116: even when the bounced mail carried a good form from this very commune."""
    office.deliver(bounce(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), "ai@khac.example"))
    office.tick()
    assert newest(office).verdict == "bounce"
    assert office.store.submissions(CAMPAIGN) == []
    assert office.smtp.accepted == []


def test_fault_117_our_own_address_as_sender_gets_no_reply(office):
    """FAULTS 117: spoofed From: filed in silence, whatever is attached."""
    office.deliver(mail("ocop@caoloc.example", files=workbook_file(BOOK)))
    office.tick()
    assert (newest(office).verdict, office.smtp.accepted) == ("own", [])


def test_fault_118_replies_never_go_where_reply_to_points(office):
    """FAULTS 118: only to the address of the roster."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK), Reply_To="danhsach@khac.example"))
    office.tick()
    assert [one.recipients for one in office.smtp.accepted] == [(HOA_CU_MAIL,)]
    assert "khac.example" not in office.smtp.accepted[0].raw.decode()


# --- H: time -------------------------------------------------------------------------------------


def test_fault_121_the_deadline_is_local_on_a_host_in_utc(office):
    """FAULTS 121: 23:59:30 is in time and 00:00:10 late, by the server's time in +07."""
    utc = dt.UTC
    office.deliver(mail(HOA_CU_MAIL, body=NIL), moment(20, 23, 59, 30).astimezone(utc))
    office.deliver(
        mail(GIA_CAT_MAIL, files=workbook_file(form_of_gia_cat()), date=moment(19)),
        moment(21, 0, 0, 10).astimezone(utc),
    )
    office.tick(moment(21, 0, 5).astimezone(utc))
    late = {one.commune[0]: one.late for one in office.store.submissions(CAMPAIGN)}
    assert late == {"06223": False, "06235": True}
    assert "gửi muộn" in office.subjects(GIA_CAT_MAIL)[0]


def test_fault_122_a_clock_that_jumps_repeats_nothing(office):
    """FAULTS 122: an hour back, then thirty days forward and back again."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    for at in (moment(16, 8), moment(16, 7), moment(16, 8), moment(15, 8), moment(16, 9)):
        office.tick(at)
    first = office.smtp.copies()
    assert set(first.values()) <= {1, 2}  # a copy for the chairman is the same mail
    keys = [(one.key, one.recipient) for one in office.store.mails(campaign=CAMPAIGN)]
    assert len(keys) == len(set(keys))
    steps = Counter(key.rsplit("/", 1)[1] for key, _ in keys if key.startswith("remind/"))
    assert set(steps) == {"d-5"}


def test_fault_123_only_the_latest_step_after_an_outage_and_none_after_the_deadline(open_office):
    """FAULTS 123: down over two reminder dates, and down over the deadline."""
    office = open_office()
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(20, 8, 5))
    steps = {
        one.key.rsplit("/", 1)[1]
        for one in office.store.mails(campaign=CAMPAIGN)
        if one.kind == "reminder"
    }
    assert steps == {"d-1"}
    other = open_office()
    other.store.launch(CAMPAIGN, "officer", moment(13, 8))
    other.tick(moment(21, 8))
    assert other.smtp.accepted == []


def test_fault_128_no_password_is_in_the_log_or_in_any_mail(office, capfd):
    """FAULTS 128: not even when the server refuses it."""
    office.desk.mailbox._secret = f"{PASSWORD}-wrong"
    office.tick()
    assert "refuses the login" in office.daemon.trouble
    out, err = capfd.readouterr()
    assert "login_refused" in out + err
    seen = [out, err, office.daemon.trouble, *(words(one.raw) for one in office.smtp.accepted)]
    assert all(PASSWORD not in text for text in seen)
    database = office.folder / "data" / "registry.db"
    written = b"".join(path.read_bytes() for path in database.parent.glob("registry.db*"))
    assert PASSWORD.encode() not in written
