"""An answer says what holds when it leaves, also after a person has decided otherwise."""

import datetime as dt

import pytest
from rigs.answering import HOA_CU_MAIL, OFFICER, form_of_hoa_cu, key_of, marks
from rigs.cast import moment
from rigs.whole import CAMPAIGN, mail, words, workbook_file

from intake.demo_scenario import HOA_CU
from notifier.delivery import Later
from notifier.smtp_line import Line

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
HOUR = dt.timedelta(hours=1)


async def away(*_):
    return Later("away", everybody=True)


def test_the_answer_to_a_message_that_was_rejected_meanwhile_does_not_leave(office, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Line, "bring", away)
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


def test_a_decision_while_the_message_is_read_counts(office, monkeypatch):
    """Whom a person named is whose answer it is, though the form says another commune."""
    reader = office.desk.reader

    class Slow:
        """A person decides while the jail reads."""

        asked = 0

        def __getattr__(self, name):
            return getattr(reader, name)

        def read(self, *given):
            if not self.asked:
                key = key_of(office, "06235")
                office.store.assign(1, key, CAMPAIGN, "officer", office.now)
            self.asked += 1
            return reader.read(*given)

    slow = Slow()
    monkeypatch.setattr(office.desk, "reader", slow)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    assert (slow.asked, office.store.message(1).state) == (1, "kept")
    office.tick()
    message = office.store.message(1)
    assert (message.commune, message.state) == (key_of(office, "06235"), "recorded")
    (answer,) = office.subjects(HOA_CU_MAIL)
    assert "OCOP2-06235-01" in answer
    assert [one.receipt[:11] for one in office.store.submissions(CAMPAIGN)] == ["OCOP2-06235"]


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
    assert marks(office, HOA_CU_MAIL) == ["Đã nhận", "Đã lưu – bản đến sau có hiệu lực"]
    assert "thay thế bản đã nhận" not in " ".join(words(office.sent[-1].raw).split())


def test_a_flood_of_answers_trips_the_brake_also_batch_by_batch(open_office):
    office = open_office(limits={"batch": "5", "brake_acks": "10"})
    senders = [one.emails[0] for one in office.config.communes if one.emails]
    for number in range(25):
        text = f"https://drive.google.com/{number}"
        office.deliver(mail(senders[number % len(senders)], f"Thư {number}", body=text))
    office.tick()
    assert office.store.counts().mails["held"] == 15
    assert len([one for one in office.sent if OFFICER not in one.recipients]) == 10
    office.store.release_brake("officer", office.now)
    office.store.release_mails(office.now)
    office.deliver(mail(senders[0], "Một thư nữa", body="https://drive.google.com/one-more"))
    office.tick(office.now + dt.timedelta(minutes=1))
    assert "held" not in office.store.counts().mails


@pytest.mark.parametrize(
    "header", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "auto_reply"}]
)
def test_a_large_mail_that_no_person_sent_is_not_answered(open_office, header):
    office = open_office(limits={"message_bytes": '"100kB"', "document_bytes": '"50kB"'})
    office.deliver(mail(HOA_CU_MAIL, body="x\n" * 100_000, **header))
    office.tick()
    assert [(one.verdict, one.ack) for one in office.store.messages()] == [("too-large", "")]
    assert office.subjects() == []
