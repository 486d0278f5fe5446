"""A disk that is full or bad, and files that cannot be read: nothing else waits for them."""

import errno

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, NIL, OFFICER, form_of_hoa_cu, state
from rigs.cast import moment
from rigs.whole import CAMPAIGN, mail, workbook_file

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()


def test_a_message_on_a_bad_sector_is_held_and_the_others_are_answered(office, monkeypatch):
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL), moment(15, 9, 0, 1))
    office.daemon.collect_and_keep()
    bad, get = office.store.kept()[0].sha256, office.desk.vault.get

    def read(sha256):
        if sha256 == bad:
            raise OSError(errno.EIO, "Input/output error")
        return get(sha256)

    monkeypatch.setattr(office.desk.vault, "get", read)
    office.tick()
    assert state(office, "06235") == "nil"
    for _ in range(3):
        office.tick()
    assert [one.reason for one in office.store.held()] == ["program-failed: 3 tries"]
    assert any("Ổ đĩa" in subject for subject in office.subjects(OFFICER))


def test_a_full_disk_keeps_no_answer_back(office, monkeypatch):
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.daemon.collect_and_keep()
    office.daemon.understand_and_record()
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))

    def full(_data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(office.desk.vault, "put", full)
        office.tick()
    assert "disk" in office.daemon.trouble
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert any("Ổ đĩa" in subject for subject in office.subjects(OFFICER))
    office.tick()
    assert state(office, "06235") == "nil"


def test_what_an_editor_leaves_among_the_wordings_stops_no_mail(office):
    templates = office.folder / "templates"
    (templates / ".#ack.j2").symlink_to("officer@host.123:456")
    (templates / "old.j2").mkdir()
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    assert len(office.subjects(HOA_CU_MAIL)) == 1


def test_an_unreadable_letter_template_stops_the_report_only(office):
    letter = office.folder / "templates" / office.config.campaign(CAMPAIGN).report.letter_template
    letter.unlink()
    letter.mkdir()
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(22, 8))
    assert office.store.reports(CAMPAIGN) == []
    assert any("báo cáo" in subject for subject in office.subjects(OFFICER))
    assert any("không nhận được" in s.lower() for s in office.subjects(GIA_CAT_MAIL))
