"""What bears our marker but is not ours: of a unit that runs this program, or that edited our mail.

It is its sender's. Two such programs do not answer each other all the same.
"""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from promises.correspondence import letter, mail
from rigs.answering import NIL
from rigs.cast import moment
from rigs.memory_courier import Taken
from rigs.memory_office import CAMPAIGN, OFFICE, OFFICER, MemoryOffice, Unit

import intake.service as service_module
from registry.model import Message

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
UNIT = "hoacu@caoloc.example"
KEY = ("06223", dt.date(2020, 1, 1))
MARKER = {"X_Commune_Intake": "call/ocop-2024-2/06223@2020-01-01"}
AUTOMATIC = {"X_Commune_Intake": "report/don-vi/1", "Auto_Submitted": "auto-generated"}
THEIRS = "ocop@xa.example"


@pytest.fixture
def opened(tmp_path, monkeypatch) -> Iterator[Callable[..., MemoryOffice]]:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    offices: list[MemoryOffice] = []

    def open_office(address: str = OFFICE, peer: str = UNIT) -> MemoryOffice:
        changes = {"office": {"address": f'"{address}"'}, "smtp": {"from": f'"{address}"'}}
        unit = Unit("06223", "Hòa Cư", [peer])
        folder = tmp_path / str(len(offices))
        offices.append(MemoryOffice(folder, moment(15, 8), [unit], changes))
        return offices[-1]

    yield open_office
    for office in offices:
        office.close()


def taken_in(office: MemoryOffice, raw: bytes) -> Message:
    office.server.deliver(raw, office.now)
    office.tick()
    return max(office.store.messages(), key=lambda one: one.id)


def points(office: MemoryOffice) -> int:
    current = office.store.current_submission(CAMPAIGN, KEY)
    return len(current.points) if current else 0


def test_an_old_mail_of_ours_that_a_unit_edited_as_new_is_its_answer(opened) -> None:
    found = taken_in(opened(), letter("form", "Hòa Cư", UNIT, 1, 1, **MARKER))
    assert (found.state, found.verdict, found.ack) == ("recorded", "submission", "registered")


def test_what_another_installation_sends_by_itself_is_shown_and_never_answered(opened) -> None:
    """The unit was heard: silence is not recorded while a person has not looked."""
    office = opened()
    office.store.launch(CAMPAIGN, "officer", office.now)
    found = taken_in(office, letter("form", "Hòa Cư", UNIT, 1, 1, **AUTOMATIC))
    assert (found.state, found.reason, found.ack) == ("held", "automatic-with-files", "")
    while office.now < moment(23, 12):
        office.pass_time(6 * HOUR)
        office.tick()
    (closed,) = [one for one in office.store.journal(4000) if one.kind == "closed"]
    assert closed.data["silent"] == []
    assert not [one for one in office.courier.taken if one.key.startswith("ack/")]


def test_a_stranger_with_our_marker_is_a_stranger(opened) -> None:
    found = taken_in(opened(), letter("form", "Hòa Cư", "an@thu.example", 1, 1, **MARKER))
    assert (found.state, found.reason) == ("held", "unknown-sender")


def test_an_attached_mail_with_our_marker_is_read(opened) -> None:
    inner = letter("form", "Hòa Cư", "an@thu.example", 1, 1, **MARKER)
    found = taken_in(opened(), mail(UNIT, "Biểu", "Xã gửi kèm.", [("thu.eml", inner)], 2))
    assert found.verdict == "submission"
    inner = letter("form", "Hòa Cư", OFFICE, 3, 1, **MARKER)
    found = taken_in(opened(), mail(UNIT, "Biểu", "Xã gửi kèm.", [("thu.eml", inner)], 4))
    assert found.verdict != "submission", "our own mail is nobody's answer"


def _own() -> bytes:
    return letter("form", "Hòa Cư", OFFICE, 1, 1)


def _loop() -> bytes:
    relay = b"Received: from a.example by b.example; Wed, 15 May 2024 08:00:00 +0700\r\n"
    return relay * 51 + letter("form", "Hòa Cư", UNIT, 1, 1)


def _automatic() -> bytes:
    return mail(UNIT, "Trả lời", f"{NIL}\nThư tự động.", [], 1, List_Id="<xa.example>")


@pytest.mark.parametrize("raw", [_own, _loop, _automatic])
def test_what_was_taken_for_a_programs_is_read_when_it_is_assigned(opened, raw) -> None:
    office = opened()
    found = taken_in(office, raw())
    assert (f"_{found.verdict}", found.state) == (raw.__name__, "recorded")
    office.store.assign(found.id, KEY, CAMPAIGN, "canbo", office.now)
    office.tick()
    read = office.store.message(found.id)
    if raw is _automatic:  # what else it says is doubtful: a person says whether it is a nil return
        assert read.reason == "nil-doubtful"
    else:
        assert (read.verdict, points(office)) == ("submission", 2)


@pytest.mark.parametrize("kept", ["all", "the marker"])
def test_two_installations_that_face_each_other_fall_silent(opened, kept: str) -> None:
    """By what says that a program wrote; where a relay took that off, by the caps."""
    ours, theirs = opened(OFFICE, THEIRS), opened(THEIRS, OFFICE)

    def connect(one: MemoryOffice, other: MemoryOffice, address: str) -> None:
        def bring(taken: Taken) -> None:
            if taken.recipient == address:
                raw = taken.raw
                if kept == "the marker":
                    raw = raw.replace(b"Auto-Submitted:", b"X-Removed:")
                other.server.deliver(raw, other.now)

        one.courier.brought = bring

    connect(ours, theirs, THEIRS)
    connect(theirs, ours, OFFICE)
    ours.store.launch(CAMPAIGN, "officer", ours.now)
    theirs.server.deliver(letter("form", "Hòa Cư", OFFICE, 1, 1), theirs.now)
    for pause in (*[6 * MINUTE] * 20, *[4 * HOUR] * 17):
        for office in (ours, theirs):
            office.tick()
            office.pass_time(pause)
    for office, address in ((ours, THEIRS), (theirs, OFFICE)):
        sent = [one for one in office.courier.taken if one.recipient == address]
        answers = [one for one in sent if one.key.startswith("ack/")]
        if kept == "all":
            assert len(answers) == (1 if office is theirs else 0), [one.key for one in answers]
        for at in (one.at for one in sent):
            assert sum(at - HOUR < one.at <= at for one in sent) <= 10
        assert all(one.at < moment(16, 20) for one in answers), "they still answer each other"
    assert any(one.recipient == OFFICER for one in theirs.courier.taken), "a person sees what came"
    assert ours.store.submissions(CAMPAIGN) == []
