"""An officer decides about held messages by answering their notices, between real servers."""

import datetime as dt
from pathlib import Path

import pytest
from rigs.answering import HOA_CU_MAIL, OFFICER, form_of_hoa_cu, state
from rigs.replaying import comes_out_equal
from rigs.replies import PROGRAMS, reply
from rigs.whole import Whole, mail, words, workbook_file

from registry.model import Event, Message

pytestmark = pytest.mark.e2e

STRANGER = "hoacu2010@gmail.example"
COLLEAGUE = "canbo2.ktht@caoloc.example"
TWO_OFFICERS = {"addresses": f'["{OFFICER}", "{COLLEAGUE}"]'}
DAY = dt.timedelta(days=1)
BOOK = form_of_hoa_cu()


def strangers_form() -> bytes:
    return mail(STRANGER, "Biểu OCOP", files=workbook_file(BOOK))


def notice(office: Whole, to: str = OFFICER) -> bytes:
    """The newest notice or answer to an officer."""
    return next(one.raw for one in reversed(office.sent) if one.recipients == (to,))


def last_words(office: Whole, to: str = OFFICER) -> str:
    return " ".join(words(notice(office, to)).split())


def ask(office: Whole, raw: bytes) -> bytes:
    """Deliver what will be held; return the notice."""
    office.deliver(raw)
    office.tick()
    return notice(office)


def answer(office: Whole, asked: bytes, said: str, sender: str = OFFICER, **more: object) -> None:
    program = str(more.pop("program", "gmail"))
    office.deliver(reply(program, asked, said, sender=sender, **more))  # type: ignore[arg-type]
    office.tick()


def decisions(office: Whole, message: int = 1) -> list[Event]:
    kinds = {"assigned", "accepted", "rejected"}
    story = office.store.journal(1000, subject=f"message {message}")
    return [event for event in story if event.kind in kinds]


def answers(office: Whole) -> list[Message]:
    return [one for one in office.store.messages() if one.verdict == "decision"]


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_an_officer_assigns_a_strangers_form_from_any_mail_program(office: Whole, program: str):
    asked = ask(office, strangers_form())
    answer(office, asked, "GÁN xã Hòa Cư", program=program)
    (event,) = decisions(office)
    (said,) = answers(office)
    assert (event.kind, event.data["by"], event.data["reply"]) == ("assigned", OFFICER, said.id)
    assert said.reason == "decided-assign: T1"
    assert state(office) == "registered"
    assert "OCOP2-06223-01" in office.subjects(HOA_CU_MAIL)[0]
    assert "OCOP2-06223-01" in last_words(office)
    assert [one.recipients for one in office.sent if STRANGER in one.recipients] == []
    assert office.store.held() == []


def test_the_whole_story_is_the_same_when_it_is_replayed(office: Whole, tmp_path: Path):
    asked = ask(office, strangers_form())
    answer(office, asked, "GÁN xã Hòa Cư")
    answer(office, asked, "BỎ")
    comes_out_equal(office, tmp_path / "again")
