"""Forged, proven and disguised senders on the whole way, between Dovecot and an SMTP server."""

import datetime as dt

import pytest
from rigs.answering import HOA_CU_MAIL, OFFICER, form_of_hoa_cu, key_of
from rigs.domain_keys import Zone, rsa_key, signed
from rigs.whole import CAMPAIGN, mail, words, workbook_file

from intake.domainkeys import DnsAway

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
DMARC = {"require": '"dmarc"'}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def zone() -> Zone:
    return Zone().put("s1", "caoloc.example", rsa_key()[1])


def form(sender: str = HOA_CU_MAIL, **headers: str) -> bytes:
    return mail(sender, files=workbook_file(BOOK), **headers)


def states(office) -> list[tuple[str, str, str]]:
    found = reversed(office.store.messages())
    return [(one.state, one.verdict, one.reason.partition(":")[0]) for one in found]


def test_fault_075_a_forged_sender_is_held_and_never_answered(open_office, zone):
    """No signature, somebody else's, or one that was changed: nothing goes to the commune."""
    office = open_office(security=DMARC)
    office.desk.find_key = zone
    good = signed(form(), "caoloc.example")
    for raw in (form(), signed(form(), "evil.example"), good.replace(b"Subject:", b"Subject: x")):
        office.deliver(raw)
    office.tick()
    assert states(office) == [("held", "stranger", "unproven-sender")] * 3
    assert office.subjects(HOA_CU_MAIL) == []
    assert len(office.subjects(OFFICER)) == 3
    office.deliver(good)
    office.tick()
    assert states(office)[-1][:2] == ("recorded", "submission")
    assert "OCOP2-06223-01" in office.subjects(HOA_CU_MAIL)[0]


def test_dns_away_holds_and_its_return_reads(open_office, zone):
    """No officer is asked to do anything; the answer goes out as soon as DNS answers again."""
    office = open_office(security=DMARC)
    office.desk.find_key = zone
    zone.away = True
    office.deliver(signed(form(), "caoloc.example"))
    office.tick()
    assert states(office) == [("held", "unchecked", "proof-pending")]
    office.tick(office.now + HOUR)
    assert states(office) == [("held", "unchecked", "proof-pending")]
    assert office.sent == []
    assert "taken-up" not in {event.kind for event in office.store.journal()}
    zone.away = False
    office.tick(office.now + HOUR)
    assert states(office)[0][:2] == ("recorded", "submission")
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert office.inbox("INBOX") == []
    assert len(office.inbox("Đã xử lý")) == 1
    assert [event.kind for event in office.store.journal(subject="message 1")].count(
        "taken-up"
    ) == 1


def test_those_that_never_get_an_answer_do_not_stand_before_the_others(
    open_office, zone, monkeypatch
):
    office = open_office(security=DMARC)
    monkeypatch.setattr("intake.admission._PATIENCE", 2)

    def half_away(name):
        if name.startswith("dead"):
            raise DnsAway("SERVFAIL")
        return zone(name)

    office.desk.find_key = half_away
    for _ in range(4):
        office.deliver(signed(form(), "caoloc.example", selector="dead"))
    zone.away = True
    office.deliver(signed(form(), "caoloc.example"))
    office.tick()
    assert len(office.store.held()) == 5
    zone.away = False
    for _ in range(3):
        office.tick(office.now + HOUR)
    assert states(office)[4][:2] == ("recorded", "submission")
    assert len(office.store.held()) == 4


def test_a_person_may_vouch_for_a_sender_whom_dns_does_not_prove(open_office, zone):
    office = open_office(security=DMARC)
    office.desk.find_key = zone
    zone.away = True
    office.deliver(signed(form(), "caoloc.example"))
    office.tick()
    office.store.assign(1, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    office.tick()
    assert states(office)[0][:2] == ("recorded", "submission")


@pytest.mark.parametrize(
    "sender",
    [
        "hoacu@caol0c.example",
        f"{HOA_CU_MAIL}.evil.example",
        f'"{HOA_CU_MAIL}" <thu@nobody.example>',
        "UBND xa Hoa Cu <thu@nobody.example>",
    ],
)
def test_a_lookalike_is_never_answered_and_the_officer_is_warned(open_office, sender):
    office = open_office(security={"answer_strangers": "true"})
    office.deliver(form(sender))
    office.deliver(form("thu@nobody.example"))  # an ordinary stranger gets the neutral line
    office.tick()
    assert states(office)[0] == ("held", "stranger", "lookalike-sender")
    told = [words(one.raw) for one in office.sent if OFFICER in one.recipients]
    assert "có thể là giả mạo" in " ".join(told[0].split())
    assert len([one for one in office.sent if OFFICER not in one.recipients]) == 1
    assert [one.recipients for one in office.sent if OFFICER not in one.recipients] == [
        ("thu@nobody.example",)
    ]


def test_fault_118_only_from_is_answered(office):
    names = ("Reply_To", "Sender", "Return_Path", "X_Original_From", "Errors_To")
    others = dict.fromkeys(names, "nguoi.khac@evil.example")
    office.deliver(form(**others, Disposition_Notification_To="nguoi.khac@evil.example"))
    office.tick()
    assert [one.recipients for one in office.sent] == [(HOA_CU_MAIL,)]
    assert b"evil.example" not in office.sent[0].raw
