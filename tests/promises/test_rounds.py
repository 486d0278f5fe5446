"""Two rounds of one campaign, one after the other: what is said in one is not lost in the other."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from promises.correspondence import mail
from rigs.answering import NIL
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, OFFICER, MemoryOffice, Unit
from rigs.replies import reply
from rigs.whole import parsed, words

import intake.service as service_module
from registry.model import Message

UNIT, OTHER = "hoacu@caoloc.example", "giacat@caoloc.example"
EARLIER = "ocop-2024-1"
_EARLIER = {
    rf"\"{CAMPAIGN}\"": f'"{EARLIER}"',
    r'"OCOP2"': '"OCOP1"',
    r"^round = .*$": "round = 1",
    r"^opens_at = .*$": "opens_at = 2024-04-13T00:00:00+07:00",
    r"^deadline_at = .*$": "deadline_at = 2024-05-14T00:00:00+07:00",
    r"^closes_at = .*$": "closes_at = 2024-05-14T12:00:00+07:00",
    r"^at = 2024-.*$": "at = 2024-05-14T13:00:00+07:00",
    r"^identifies = .*$": "identifies = false",
    r"689/SCT-QLTM": "1/SCT",
    r"1144/UBND-KT&HT": "2/UBND",
    r"42/HDLN-SCT-SNNPTNT-SVHTTDL-STC": "3/HD",
}


@pytest.fixture
def office(tmp_path, monkeypatch) -> Iterator[MemoryOffice]:
    """The earlier round is open until noon of 14 May, the other one from 15 May on."""
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    units = [Unit("06223", "Hòa Cư", [UNIT]), Unit("06235", "Gia Cát", [OTHER])]
    one = MemoryOffice(tmp_path / "office", moment(13, 9), units)
    text = (one.folder / "campaigns" / f"{CAMPAIGN}.toml").read_text("utf-8")
    for old, new in _EARLIER.items():
        text = re.sub(old, new, text, flags=re.MULTILINE)
    earlier_file(one).write_text(text, "utf-8")
    one.edit_campaign(opens_at="2024-05-15T00:00:00+07:00")
    one.restart()
    yield one
    one.close()


def earlier_file(office: MemoryOffice) -> Path:
    return office.folder / "campaigns" / f"{EARLIER}.toml"


def taken_in(office: MemoryOffice, raw: bytes, at: dt.datetime | None = None) -> Message:
    office.pass_time(at - office.now if at else dt.timedelta(minutes=10))
    office.server.deliver(raw, office.now)
    office.tick()
    return max(office.store.messages(), key=lambda one: one.id)


def nil(sender: str = UNIT, serial: int = 1, **headers: str) -> bytes:
    return mail(sender, "Báo cáo", f"Kính gửi Phòng. {NIL}", [], serial, **headers)


def reply_in_the_old_thread(office: MemoryOffice, serial: int) -> bytes:
    """A nil return in answer to the earlier round's call."""
    call = next(one for one in office.courier.taken if one.key.startswith(f"call/{EARLIER}/06223"))
    cited = str(parsed(call.raw)["Message-ID"])
    return nil(serial=serial, In_Reply_To=cited, References=cited)


def test_the_same_words_under_the_same_id_of_another_commune_are_its_own(office) -> None:
    """A program that calls each of its mails <1@localhost>: no copy, and nobody is silent."""
    for sender in (UNIT, OTHER):
        found = taken_in(office, nil(sender, Message_ID="<1@localhost>"), moment(15, 9))
        assert (found.verdict, found.campaign) == ("nil", CAMPAIGN)
    assert taken_in(office, b"Received: by b\r\n" + nil(Message_ID="<1@localhost>")).id == 3
    assert office.store.message(3).verdict == "copy"


@pytest.mark.parametrize("date", ["", "dated"])
def test_the_same_words_under_the_same_id_in_another_round_count_there(office, date: str) -> None:
    for day, round_ in ((13, EARLIER), (15, CAMPAIGN)):
        dated = {"Date": f"{day} May 2024 09:00:00 +0700"} if date else {}
        raw = nil(Received=f"by day-{day}", Message_ID="<1@localhost>", **dated)
        found = taken_in(office, raw, moment(day, 10))
        assert (found.verdict, found.campaign) == ("nil", round_)
    assert len(office.store.submissions(CAMPAIGN)) == 1


def test_a_copy_that_comes_when_the_next_round_runs_is_still_a_copy(office) -> None:
    """The Date says that it is the very mail."""
    raw = nil(Date="13 May 2024 09:00:00 +0700")
    taken_in(office, raw)
    found = taken_in(office, b"Received: by another road\r\n" + raw, moment(15, 9))
    assert (found.verdict, office.store.submissions(CAMPAIGN)) == ("copy", [])


def answered(office: MemoryOffice, said: str) -> Message:
    """What the newest notice's officer decides in a line, told of its message."""
    notice = next(one for one in reversed(office.courier.taken) if one.key.startswith("held/"))
    raw = reply("gmail", notice.raw, said, sender=OFFICER)
    found = taken_in(office, raw)
    assert found.verdict == "decision"
    return found


def test_an_officer_names_the_round_of_a_message_of_which_it_is_not_known(office) -> None:
    office.store.launch(EARLIER, "officer", office.now)
    office.tick()
    held = taken_in(office, reply_in_the_old_thread(office, 1), moment(15, 10))
    assert held.reason == f"several-campaigns: {EARLIER}; {CAMPAIGN}"
    assert answered(office, "GÁN xã Hòa Cư").reason.startswith("answer-which-campaign")
    assert office.store.submissions(CAMPAIGN) == []
    assert answered(office, f"GÁN xã Hòa Cư {EARLIER}").reason.startswith("decided-assign")
    assert office.store.message(held.id).campaign == EARLIER


def test_an_answer_in_the_thread_of_a_round_whose_file_is_gone_waits_for_an_officer(office) -> None:
    office.store.launch(EARLIER, "officer", office.now)
    office.tick()
    raw = reply_in_the_old_thread(office, 1)
    earlier_file(office).unlink()
    office.restart()
    held = taken_in(office, raw, moment(15, 10))
    assert (held.reason, held.campaign) == (f"several-campaigns: {EARLIER}; {CAMPAIGN}", None)
    notice = next(one for one in office.courier.taken if one.key.startswith("held/"))
    told = " ".join(words(notice.raw).split())
    assert f"GÁN xã Hòa Cư {CAMPAIGN}" in told, "what it offers can be done"
    assert answered(office, "GÁN xã Hòa Cư").reason.startswith("answer-which-campaign")
    assert answered(office, f"GÁN xã Hòa Cư {CAMPAIGN}").reason.startswith("decided-assign")
    assert office.store.message(held.id).campaign == CAMPAIGN
