"""Mails that come back: another address gets them, people hear of it, evidence is taken away."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from promises.correspondence import letter
from rigs.answering import bounce
from rigs.cast import moment
from rigs.memory_courier import Taken
from rigs.memory_office import CAMPAIGN, OFFICER, MemoryOffice, Unit
from rigs.whole import parsed, words

import intake.service as service_module
from intake.closing import release_report
from notifier.report import gather
from registry.errors import VaultAway
from registry.snapshot import windows
from registry.vault import Vault

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
HOA_CU, CHAIR = "hoacu@caoloc.example", "chutich.hoacu@caoloc.example"
GIA_CAT, GIA_CAT_2 = "giacat@caoloc.example", "vp.giacat@caoloc.example"
LONE = "tanlien@caoloc.example"


@pytest.fixture
def office(tmp_path, monkeypatch) -> Iterator[MemoryOffice]:
    """Three communes: with a chair's address, with two addresses, with a single one."""
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    units = [
        Unit("06223", "Hòa Cư", [HOA_CU], [CHAIR]),
        Unit("06235", "Gia Cát", [GIA_CAT, GIA_CAT_2]),
        Unit("06226", "Tân Liên", [LONE]),
    ]
    opened = MemoryOffice(
        tmp_path / "office", moment(15, 8), units, {"officers": {"digest_at": '"23:59"'}}
    )
    yield opened
    opened.close()


def to(office: MemoryOffice, recipient: str, kind: str = "") -> list[Taken]:
    return [m for m in office.courier.taken if m.recipient == recipient and m.key.startswith(kind)]


def come_back(office: MemoryOffice, mail: Taken, action: str = "failed") -> None:
    office.server.deliver(bounce(mail.raw, mail.recipient, action), office.now)
    office.tick()


def notices(office: MemoryOffice, what: str = "alert/bounced") -> list[str]:
    return [words(mail.raw) for mail in to(office, OFFICER, what)]


def one_line(text: str) -> str:
    return " ".join(text.split())


def launched(office: MemoryOffice) -> None:
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()


def test_fault_085_a_bounced_call_goes_to_the_next_living_address_once(office) -> None:
    """FAULTS 85: the only mail of the debt came back, and the roster gained an address."""
    launched(office)
    (call,) = to(office, LONE, "call/")
    come_back(office, call)
    assert len(office.courier.taken) == 6, "nobody is left: only the officer is told"
    office.roster[2].emails.append("moi@caoloc.example")
    office.write_roster()
    office.reload()
    office.tick()
    (again,) = to(office, "moi@caoloc.example")
    assert again.key.startswith(f"{call.key}/again/")
    assert str(parsed(again.raw)["To"]) == "moi@caoloc.example"
    assert parsed(again.raw)["Subject"] == parsed(call.raw)["Subject"]
    office.pass_time(HOUR)
    office.restart()
    office.tick()
    assert len(to(office, "moi@caoloc.example")) == 1
    assert len(to(office, LONE)) == 1


def test_fault_085_while_one_address_of_a_commune_has_it_no_other_gets_it_again(office) -> None:
    """FAULTS 85: of two addresses one bounced, the other has the call."""
    launched(office)
    come_back(office, to(office, GIA_CAT, "call/")[0])
    assert [len(to(office, one, "call/")) for one in (GIA_CAT, GIA_CAT_2)] == [1, 1]
    come_back(office, to(office, HOA_CU, "call/")[0])
    assert len(to(office, CHAIR, "call/")) == 1, "the chair had a copy"


def test_fault_085_a_bounced_acknowledgment_goes_to_another_address_of_the_commune(office) -> None:
    """FAULTS 85: whoever wrote has no living address, but the commune has."""
    office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), office.now)
    office.tick()
    (ack,) = to(office, HOA_CU, "ack/")
    come_back(office, ack)
    (again,) = to(office, CHAIR, "ack/")
    assert again.key.startswith(f"{ack.key}/again/")
    assert words(again.raw) == words(ack.raw)
    come_back(office, again)
    office.pass_time(DAY)
    office.tick()
    assert len(to(office, HOA_CU, "ack/")) == len(to(office, CHAIR, "ack/")) == 1


def test_fault_085_a_call_that_a_server_refuses_goes_to_the_next_address(office) -> None:
    """FAULTS 85: refused in the dialogue is no other fate than sent back later."""
    office.roster = [Unit("06223", "Hòa Cư", [HOA_CU])]
    office.write_roster()
    office.reload()
    office.store.release_brake("officer", office.now)
    office.courier.answers.append("never")
    launched(office)
    office.roster[0].chairs.append(CHAIR)
    office.write_roster()
    office.reload()
    office.tick()
    assert [mail.key.partition("/again/")[0] for mail in to(office, CHAIR)] == [
        f"call/{CAMPAIGN}/06223@2020-01-01"
    ]


def test_fault_085_the_officer_is_told_at_once_who_is_dead_and_who_is_left(office) -> None:
    """FAULTS 85: at night too; once for each bounce that kills an address."""
    launched(office)
    office.pass_time(15 * HOUR)
    come_back(office, to(office, GIA_CAT, "call/")[0])
    (told,) = map(one_line, notices(office))
    assert "Xã Gia Cát (mã 06235)" in told
    assert GIA_CAT in told
    assert GIA_CAT_2 in told.partition("còn lại")[2]
    come_back(office, to(office, GIA_CAT_2, "call/")[0])
    assert len(notices(office)) == 2
    assert "KHÔNG CÒN ĐỊA CHỈ NÀO DÙNG ĐƯỢC" in one_line(notices(office)[1])
    assert "gọi điện thoại" in one_line(notices(office)[1])
    office.pass_time(HOUR)
    office.tick()
    assert len(notices(office)) == 2


def test_fault_085_whoever_writes_is_alive_and_can_die_again(office) -> None:
    """FAULTS 85: a second death is told like the first."""
    launched(office)
    come_back(office, to(office, LONE, "call/")[0])
    office.server.deliver(letter("query", "Tân Liên", LONE, 1, 1), office.now)
    office.tick()
    assert office.store.snapshot([CAMPAIGN]).bounced == frozenset()
    come_back(office, to(office, LONE, "ack/")[0])
    assert office.store.snapshot([CAMPAIGN]).bounced == {LONE}
    assert len(notices(office)) == 2


def test_fault_116_a_mail_that_is_only_late_changes_nothing(office) -> None:
    """FAULTS 116: a delayed DSN kills no address and takes no evidence."""
    launched(office)
    before = len(office.courier.taken)
    come_back(office, to(office, LONE, "call/")[0], "delayed")
    assert len(office.courier.taken) == before
    assert office.store.snapshot([CAMPAIGN]).bounced == frozenset()
    assert all(mail.delivered for mail in office.store.mails())


@pytest.mark.parametrize("about", ["made-up", "another-recipient", "never-sent"])
def test_fault_116_a_forged_bounce_silences_nobody(office, about) -> None:
    """FAULTS 116: it must cite a mail of ours that really went to this address."""
    if about == "never-sent":
        office.courier.answers.extend(["busy"] * 5)
    launched(office)
    if about == "made-up":
        raw = letter("query", "Hòa Cư", "ocop@caoloc.example", 9, 1)
    elif about == "another-recipient":
        raw = to(office, LONE, "call/")[0].raw
    else:
        queued = next(one for one in office.store.mails() if one.recipient == HOA_CU)
        assert queued.state == "queued"
        raw = office.store.mail_raw(queued.id)
    office.server.deliver(bounce(raw, HOA_CU), office.now)
    office.tick()
    assert max(office.store.messages(), key=lambda one: one.id).verdict == "bounce"
    assert office.store.snapshot([CAMPAIGN]).bounced == frozenset()
    assert notices(office) == []


def closed(office: MemoryOffice) -> None:
    """Time passes until the campaign is closed and its report frozen."""
    while office.now < moment(22, 9):
        office.pass_time(6 * HOUR if office.now.day < 22 else HOUR)
        office.tick()


def test_fault_085_who_was_never_reached_is_told_before_closing_and_in_the_report(office) -> None:
    """FAULTS 85: silence needs evidence that the commune was asked; without it that is said."""
    launched(office)
    come_back(office, to(office, LONE, "call/")[0])
    office.pass_time(moment(17, 7) - office.now)
    office.tick()
    assert notices(office, "alert/unreached") == []
    closed(office)
    (told,) = map(one_line, notices(office, "alert/unreached"))
    assert "Tân Liên" in told
    assert "Gia Cát" not in told
    inputs = gather(office.store, office.desk.config, office.desk.config.campaigns[0], office.now)
    reached = {one.title: one.reached for one in inputs.communes if one.state == "silent"}
    assert reached == {"Xã Hòa Cư": True, "Xã Gia Cát": True, "Xã Tân Liên": False}
    draft = one_line(words(to(office, "lanhdao@caoloc.example", "draft/")[0].raw))
    unproven = draft.partition("CHƯA CÓ CHỨNG CỨ")[2].partition("ĐỀ NGHỊ XEM XÉT")[0]
    assert "Tân Liên" in unproven
    assert "Hòa Cư" not in unproven
    evidence = {row[2]: row[5] for row in rows_of_the_report(office) if row[3] == "Không gửi"}
    assert {name: "KHÔNG CÓ CHỨNG CỨ" in text for name, text in evidence.items()} == {
        "Xã Hòa Cư": False,
        "Xã Gia Cát": False,
        "Xã Tân Liên": True,
    }
    assert "sau đó bị trả lại lúc" in evidence["Xã Tân Liên"]


def rows_of_the_report(office: MemoryOffice) -> list[tuple[Any, ...]]:
    """All rows of the newest frozen workbook, each with six cells at least."""
    report = office.store.reports(CAMPAIGN)[-1]
    (file,) = [one for one in report.files if one.name.endswith(".xlsx")]
    book = load_workbook(BytesIO(office.vault.get(file.sha256)))
    found = (row for sheet in book for row in sheet.iter_rows(values_only=True))
    return [(*row, *[None] * 6) for row in found]


def test_fault_085_a_bounce_after_closing_takes_evidence_away(office) -> None:
    """FAULTS 85: the officer hears it, and the approver gets another draft."""
    launched(office)
    closed(office)
    snapshot = office.store.snapshot(windows(office.desk.config.campaigns))
    assert len(snapshot.campaigns[CAMPAIGN].silent) == 3
    for mail in to(office, LONE):
        if mail.key.startswith(("call/", "remind/")):
            come_back(office, mail)
    assert "được ghi nhận là không gửi" in one_line(notices(office)[0])
    mails = office.store.mails(campaign=CAMPAIGN)
    lost = {(one.kind, one.delivered) for one in mails if one.recipient == LONE}
    assert ("call", False) in lost
    assert ("reminder", True) not in lost
    office.pass_time(DAY)
    office.tick()
    assert [one.number for one in office.store.reports(CAMPAIGN)] == [1, 2]
    release_report(
        office.store, office.vault, office.desk.config, CAMPAIGN, "lãnh đạo", office.now, 2
    )


def test_a_bounce_of_an_address_that_was_dead_already_takes_evidence_away_too(office) -> None:
    """Each morning's comparison was made without it: it counts, also without a restart."""
    launched(office)
    while office.now < moment(20, 20):
        office.pass_time(dt.timedelta(hours=6))
        office.tick()
    asked = [one for one in to(office, LONE) if one.key.startswith(("call/", "remind/"))]
    come_back(office, asked[0])
    closed(office)
    office.pass_time(2 * DAY)
    office.tick()
    assert [one.number for one in office.store.reports(CAMPAIGN)] == [1]
    for mail in asked[1:]:
        come_back(office, mail)
    office.pass_time(DAY)
    office.tick()
    assert [one.number for one in office.store.reports(CAMPAIGN)] == [1, 2]


def test_a_vault_that_was_away_for_a_while_is_no_reason_for_another_draft(
    office, monkeypatch
) -> None:
    """What a report counts cannot be read meanwhile; that is not that it counts nothing."""

    def away(*_: object) -> bytes:
        raise VaultAway("the bucket does not answer")

    launched(office)
    office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), office.now)
    office.tick()
    closed(office)
    office.pass_time(DAY)
    with monkeypatch.context() as patched:
        patched.setattr(Vault, "get", away)
        office.tick()
        assert "the vault is away" in office.daemon.trouble
    office.tick()
    assert [one.number for one in office.store.reports(CAMPAIGN)] == [1]


def test_the_silence_notice_shows_what_came_back_and_never_as_received(office) -> None:
    launched(office)
    come_back(office, to(office, HOA_CU, "call/")[0])
    closed(office)
    assert to(office, HOA_CU, "silence/") == []
    told = one_line(words(to(office, CHAIR, "silence/")[0].raw))
    assert f"{HOA_CU}" in told
    assert "sau đó bị trả lại lúc" in told


def test_a_mail_that_came_back_is_told_in_the_journal_and_the_chain_holds(office) -> None:
    launched(office)
    come_back(office, to(office, LONE, "call/")[0])
    (event,) = [one for one in office.store.journal(1000) if one.kind == "mail-bounced"]
    assert event.data["recipient"] == LONE
    assert office.store.verify_journal() is None
    mail = next(one for one in office.store.mails() if one.bounced_at)
    assert dataclasses.replace(mail, bounced_at=None).delivered
