"""Deaths between two effects that once left something behind: each is now made good."""

import pytest
from rigs.answering import HOA_CU_MAIL, OFFICER, form_of_hoa_cu, key_of, newest
from rigs.cast import moment
from rigs.smtp import Reply
from rigs.whole import CAMPAIGN, mail, workbook_file

from registry.model import OpenTrouble

pytestmark = pytest.mark.e2e


class Killed(BaseException):
    """The process ends here: nothing handles it."""


def die(*_: object, **__: object) -> None:
    raise Killed


def test_fault_003_a_message_that_was_moved_before_a_kill_is_moved_on_by_a_decision(
    office, monkeypatch
):
    """FAULTS 3: nobody wrote down its new UID; the next process finds it by its bytes."""
    form = workbook_file(form_of_hoa_cu())
    office.deliver(mail("ai.do@thudientu.example", files=form))
    monkeypatch.setattr(office.store, "filed_all", die)
    with pytest.raises(Killed):
        office.tick()
    assert len(office.inbox("Chờ xử lý")) == 1
    office.restart()
    office.tick()
    office.store.assign(newest(office).id, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    office.tick()
    assert (office.inbox("Chờ xử lý"), len(office.inbox("Đã xử lý"))) == ([], 1)


def test_a_mail_that_reaches_a_second_recipient_later_has_one_copy(office):
    """One of the call's recipients is put off; another process sends to it, and makes no copy."""
    chair = "chutich.hoacu@caoloc.example"
    office.smtp.on("RCPT", Reply("451 4.3.0 later"), recipient=chair, times=1)
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    before = len(office.inbox("Sent"))
    office.restart()
    office.tick(moment(15, 9, 30))
    assert office.subjects(chair)
    assert len(office.inbox("Sent")) == before


def test_fault_103_a_refusal_is_told_also_after_a_kill(office, monkeypatch):
    """FAULTS 103: the process dies when the refusal is written down and nobody was told yet."""
    office.smtp.on("RCPT", Reply("550 5.1.1 no such user"), recipient=HOA_CU_MAIL)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))

    def dies():
        return die() if office.store.untold_refusals() else False

    monkeypatch.setattr(office.daemon, "_tell_refused", dies)
    with pytest.raises(Killed):
        office.tick()
    for _ in range(3):
        office.restart()
        office.tick()
    assert len(office.subjects(OFFICER)) == 1


@pytest.mark.parametrize("noted", [False, True])
def test_the_end_of_a_trouble_is_told_also_after_a_kill(office, monkeypatch, noted):
    """The process dies right before or after it is written down that the trouble is over."""
    over = office.store.trouble_over

    def dies(*arguments):
        if noted:
            over(*arguments)
        die()

    trouble = OpenTrouble(office.now, "broken", "the inbox is not read")
    office.store.trouble_began("poll", trouble, office.now)
    office.tick()
    with monkeypatch.context() as patch:
        patch.setattr(office.store, "trouble_over", dies)
        with pytest.raises(Killed):
            office.tick(moment(15, 9, 40))
    for _ in range(2):
        office.restart()
        office.tick()
    assert office.subjects(OFFICER) == [
        "[Thông báo hệ thống] Đã hết sự cố: Không đọc được hộp thư đến"
    ]
    assert office.store.open_troubles() == {}


def test_a_copy_that_was_put_aside_is_told_also_after_a_kill(office, monkeypatch):
    """The process dies when the file has its other name and nobody was told yet; then one mail."""
    office.tick()
    copy = office.desk.journal_copy.path
    with copy.open("ab") as file:
        file.write(b"no event\n")
    with monkeypatch.context() as patch:
        patch.setattr("intake.daemon.tell_admin", die)
        with pytest.raises(Killed):
            office.tick()
    for _ in range(2):
        office.restart()
        office.tick()
    assert len(office.desk.journal_copy.set_aside()) == 1
    assert len(office.subjects(OFFICER)) == 1


def test_what_a_kill_left_half_written_in_the_vault_is_removed(office):
    """A temporary file that no process will ever finish."""
    left = office.folder / "data" / "vault" / "ab" / ".new-abcdefgh"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    office.restart()
    assert not left.exists()
