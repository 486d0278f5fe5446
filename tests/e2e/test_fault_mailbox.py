"""FAULTS A on the whole way: what servers and colleagues do to the inbox while the daemon works."""

import datetime as dt
import os

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    form_of_gia_cat,
    form_of_hoa_cu,
    state,
)
from rigs.cast import moment
from rigs.replaying import comes_out_equal
from rigs.whole import CAMPAIGN, mail, workbook_file

from intake.mailbox import CommandRefused, Unreachable

pytestmark = pytest.mark.e2e


def test_fault_006_recycled_uids_under_the_same_uidvalidity_lose_no_letter(office):
    """FAULTS 6: the inbox was made anew within the second: the bytes decide, nothing is skipped."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    before = office.desk.mailbox.uidvalidity
    office.desk.mailbox.close()
    office.dovecot.recreate_inbox(user=office.user)
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(form_of_gia_cat())))
    office.dovecot.set_uidvalidity(before, user=office.user)
    office.tick()
    assert office.desk.mailbox.uidvalidity == before
    assert (state(office), state(office, "06235")) == ("registered", "registered")


def test_fault_008_a_letter_that_vanishes_before_its_fetch_is_no_letter(office, monkeypatch):
    """FAULTS 8: deleted between the listing and the fetch: the others are handled, no trouble."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(form_of_gia_cat())))
    office.desk.mailbox.open()
    fetch = office.desk.mailbox.fetch

    def after_a_colleague_deleted(uids):
        office.dovecot.expunge(uids[0], user=office.user)
        return fetch(uids)

    monkeypatch.setattr(office.desk.mailbox, "fetch", after_a_colleague_deleted)
    office.tick()
    assert (state(office), state(office, "06235")) == ("waiting", "registered")
    assert len(office.store.messages()) == 1
    assert office.daemon.trouble == ""
    assert office.subjects(HOA_CU_MAIL) == []


def test_fault_016_the_login_is_tried_again_after_minutes_only(office):
    """FAULTS 16: one try, a pause of five minutes, then the right password works at once."""
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    right, office.desk.mailbox._secret = office.desk.mailbox._secret, "wrong"
    office.tick()
    office.desk.mailbox._secret = right
    office.tick(office.now + dt.timedelta(minutes=4))
    assert state(office) == "waiting"
    office.tick(office.now + dt.timedelta(minutes=2))
    assert state(office) == "nil"
    assert len(office.subjects(OFFICER)) == 1


def test_fault_017_without_move_a_letter_is_filed_and_others_stay(office, monkeypatch):
    """FAULTS 17: only this one is expunged; what a colleague marked \\Deleted stays."""
    office.deliver(mail("ai.do@thudientu.example"), moment(12))
    office.dovecot.flag(
        office.dovecot.contents(user=office.user)[0].uid, r"\Deleted", user=office.user
    )
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.desk.mailbox.open()
    have = office.desk.mailbox.capabilities()
    assert "MOVE" in have
    monkeypatch.setattr(office.desk.mailbox, "_capabilities", frozenset(have) - {"MOVE"})
    office.tick()
    assert len(office.inbox()) == 1
    assert len(office.inbox("Đã xử lý")) == 1
    assert state(office) == "nil"


def test_fault_022_a_first_start_takes_small_batches_oldest_first(open_office, monkeypatch):
    """FAULTS 22: hundreds of letters: few at a time, none of the old ones fetched or answered."""
    office = open_office(limits={"batch": "5"})
    inbox = [mail("bantin@tintuc.example", body=f"Tin {n}", Precedence="bulk") for n in range(230)]
    office.dovecot.fill(inbox, office.user)
    go_live_at = moment(13, 0)
    maildir = office.dovecot.dir / "mail" / office.user / "new"
    for n, path in enumerate(sorted(maildir.iterdir())):
        at = go_live_at + dt.timedelta(minutes=n - 200)
        os.utime(path, (at.timestamp(), at.timestamp()))
    office.desk.mailbox.open()
    fetch, fetched, seen = office.desk.mailbox.fetch, [], []

    def counted(uids):
        fetched.append(len(uids))
        return fetch(uids)

    monkeypatch.setattr(office.desk.mailbox, "fetch", counted)
    more = True
    while more:
        more = office.daemon.tick()
        known = sum(office.store.counts().verdicts.values()) + len(office.store.kept(1_000))
        seen.append(known)
    steps = [after - before for before, after in zip([0, *seen], seen, strict=False)]
    assert max(steps) <= 20
    assert max(fetched) <= 5
    assert sum(fetched) == 30
    assert office.store.counts().verdicts == {"old": 200, "automatic": 30}
    fresh = [one for one in office.store.messages() if one.verdict == "automatic"]
    in_order = sorted(fresh, key=lambda one: one.id)
    assert [one.received_at for one in in_order] == sorted(one.received_at for one in fresh)
    assert office.smtp.accepted == []


def test_what_came_before_the_connection_was_lost_is_recorded(office, monkeypatch):
    """Bytes that are in the vault are a message, whatever the server does after them."""
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.desk.mailbox.open()
    fetch = office.desk.mailbox.fetch

    def lost_after_the_first(uids):
        yield from fetch(uids[:1])
        raise Unreachable("the server closed the connection")

    monkeypatch.setattr(office.desk.mailbox, "fetch", lost_after_the_first)
    office.tick()
    assert (state(office), state(office, "06235")) == ("nil", "waiting")
    assert "closed the connection" in office.daemon.trouble


def test_a_large_letter_whose_header_cannot_be_had_keeps_no_other_away(open_office, monkeypatch):
    """It is noted without one, last: nobody can be told, and all others are read."""
    office = open_office(limits={"message_bytes": '"100KB"', "document_bytes": '"90KB"'})
    office.deliver(mail(HOA_CU_MAIL, body="x" * 200_000))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.desk.mailbox.open()

    def refused(_uid):
        assert len(office.store.kept()) == 1
        raise CommandRefused("FETCH was refused: [SERVERBUG] Internal error")

    monkeypatch.setattr(office.desk.mailbox, "header", refused)
    office.tick()
    assert state(office, "06235") == "nil"
    assert office.daemon.trouble == ""
    assert office.store.counts().verdicts == {"nil": 1, "too-large": 1}
    assert (office.subjects(HOA_CU_MAIL), len(office.inbox())) == ([], 1)


def test_who_mends_the_moment_of_going_live_gets_what_came_since(open_office, tmp_path):
    """A slip of the month: what was left alone is read at the next turn, and replayed so."""
    office = open_office(office={"go_live_at": "2024-06-13T00:00:00+07:00"})
    office.deliver(mail(OFFICER, body="Thư cũ"), moment(12))
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    assert office.store.counts().verdicts == {"old": 2}
    path = office.folder / "settings.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("2024-06-13T00:00", "2024-05-13T00:00"), "utf-8")
    office.restart()
    office.tick()
    office.tick(office.now + dt.timedelta(hours=1))
    assert (state(office), len(office.subjects(HOA_CU_MAIL))) == ("nil", 1)
    assert (len(office.inbox()), len(office.inbox("Đã xử lý"))) == (1, 1)
    assert office.store.counts().verdicts == {"old": 2, "nil": 1}
    kinds = [one.kind for one in office.store.events_after(0, 1_000)]
    assert (kinds.count("unfetched"), kinds.count("kept")) == (2, 1)
    comes_out_equal(office, tmp_path / "again")


def test_fault_023_folders_with_vietnamese_names_and_spaces(open_office):
    """FAULTS 23: made when missing, found again, written right for other programs."""
    office = open_office(mailbox={"processed": '"Sổ & thư/Đã xử lý 2024"'})
    for _ in range(2):
        office.deliver(mail(HOA_CU_MAIL, body=NIL))
        office.tick()
        office.restart()
    assert len(office.inbox("Sổ & thư/Đã xử lý 2024")) == 2
    assert office.store.submissions(CAMPAIGN) != []


def test_fault_004_the_operator_hears_of_a_renumbered_inbox_once(office, monkeypatch):
    """FAULTS 4: nothing is recorded or answered again, and the admin knows why mail was re-read."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    monkeypatch.setattr(office.daemon, "file", lambda: False)
    office.tick()
    office.desk.mailbox.close()
    office.dovecot.set_uidvalidity(4242, user=office.user)
    for _ in range(2):
        office.tick()
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert len(office.store.messages()) == len(office.store.submissions(CAMPAIGN)) == 1
    assert ["đánh số lại" in subject for subject in office.subjects(OFFICER)] == [True]


def test_fault_004_an_inbox_renumbered_between_two_turns_loses_no_letter(open_office):
    """FAULTS 4: the server ends the connection; all is read again, and nothing counts twice."""
    office = open_office(limits={"batch": "1"})
    for n in range(10):
        office.deliver(mail("bantin@tintuc.example", body=f"Tin {n}", Precedence="bulk"))
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    assert office.daemon.tick()
    assert len(office.store.messages()) == 4
    office.dovecot.set_uidvalidity(4242, user=office.user)
    office.daemon.tick(again=True)
    assert "mailbox is away" in office.daemon.trouble
    assert len(office.store.messages()) == 4
    office.tick(office.now + dt.timedelta(minutes=1))
    assert office.desk.mailbox.uidvalidity == 4242
    assert (state(office), office.daemon.trouble) == ("nil", "")
    assert office.store.counts().verdicts["automatic"] == 10
    assert len(office.store.messages()) == 11
    assert office.inbox() == []


def test_fault_015_a_server_that_stays_away_is_told_once(office, monkeypatch):
    """FAULTS 15: growing pauses, one alert after some ten minutes, and all is well afterwards."""
    office.deliver(mail(HOA_CU_MAIL, body=NIL))

    def away():
        raise Unreachable("BYE too many connections")

    monkeypatch.setattr(office.desk.mailbox, "open", away)
    start, told = office.now, []
    for minutes in range(60):
        office.tick(start + dt.timedelta(minutes=minutes))
        told.append(len(office.subjects(OFFICER)))
    assert told[8] == 0
    assert told[15] == told[-1] == 1
    assert office.daemon._inbox_pause.failures < 15
    monkeypatch.undo()
    office.tick(office.now + dt.timedelta(minutes=16))
    assert (state(office), office.daemon.trouble) == ("nil", "")
