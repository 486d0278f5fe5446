"""An answer says what holds when it leaves, also after a person has decided otherwise."""

import datetime as dt

import pytest
from rigs.answering import HOA_CU_MAIL, form_of_hoa_cu, key_of, marks
from rigs.cast import moment
from rigs.whole import CAMPAIGN, mail, words, workbook_file

from intake.demo_scenario import HOA_CU
from notifier.delivery import Later

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
HOUR = dt.timedelta(hours=1)


def test_the_answer_to_a_message_that_was_rejected_meanwhile_does_not_leave(office, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(office.desk.courier, "send", lambda *_: Later("away", everybody=True))
        office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
        office.tick()
    office.store.reject(1, "wrong commune", "officer", office.now)
    office.tick(office.now + HOUR)
    assert office.subjects(HOA_CU_MAIL) == []
    assert [one.state for one in office.store.mails(message_id=1)] == ["cancelled"]


def test_who_is_assigned_to_another_commune_gets_the_new_receipt_number(office):
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    office.store.assign(1, key_of(office, "06235"), CAMPAIGN, "officer", office.now)
    office.tick()
    office.tick(office.now + HOUR)
    first, second = office.subjects(HOA_CU_MAIL)
    assert "OCOP2-06223-01" in first
    assert "OCOP2-06235-01" in second


def test_an_older_letter_that_is_accepted_later_replaces_nothing(office):
    first, second = moment(14), moment(15)
    held = mail(HOA_CU_MAIL, files=workbook_file(BOOK), date=first, Auto_Submitted="auto-generated")
    office.deliver(held)
    office.tick()
    office.deliver(
        mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu(HOA_CU[:1])), date=second),
        office.now + HOUR,
    )
    office.tick(office.now + HOUR)
    office.store.assign(1, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    office.tick()
    assert marks(office, HOA_CU_MAIL) == ["Đã nhận", "Đã nhận"]
    assert "thay thế bản đã nhận" not in " ".join(words(office.sent[-1].raw).split())
