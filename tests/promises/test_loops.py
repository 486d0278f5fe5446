"""Machines that answer machines: two offices that face each other, and a peer that answers all."""

import ast
import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from promises.correspondence import letter, mail, without_marks
from rigs.cast import moment
from rigs.memory_courier import Taken
from rigs.memory_office import CAMPAIGN, OFFICER, MemoryOffice, Unit
from rigs.whole import parsed, words

import intake.service as service_module

MINUTE, HOUR, DAY = (dt.timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
ROOT = Path(__file__).parents[2]
OURS, THEIRS = "ocop@a.example", "ocop@b.example"
PEER = "hoacu@caoloc.example"


@pytest.fixture
def opened(tmp_path, monkeypatch) -> Iterator[Callable[..., MemoryOffice]]:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    offices: list[MemoryOffice] = []

    def open_office(name: str, address: str, peer: str) -> MemoryOffice:
        changes = {
            "office": {"address": f'"{address}"'},
            "smtp": {"from": f'"{address}"'},
            "officers": {"digest_at": '"23:59"'},
        }
        unit = Unit("06223", "Hòa Cư", [peer])
        offices.append(MemoryOffice(tmp_path / name, moment(15, 8), [unit], changes))
        return offices[-1]

    yield open_office
    for office in offices:
        office.close()


def connected(one: MemoryOffice, other: MemoryOffice, address: str, subject: str = "") -> None:
    """What one sends to the other arrives there without anything that says a program wrote it."""
    serials = itertools.count(1)

    def bring(taken: Taken) -> None:
        if taken.recipient == address:
            raw = without_marks(taken.raw, next(serials))
            if subject:
                raw = mail(str(parsed(raw)["From"]), subject, words(taken.raw), [], next(serials))
            other.server.deliver(raw, other.now)

    one.courier.brought = bring


def test_fault_113_two_offices_that_face_each_other_fall_silent(opened) -> None:
    """FAULTS 113: all protective headers stripped on the way; within the caps, then not at all."""
    ours, theirs = opened("ours", OURS, THEIRS), opened("theirs", THEIRS, OURS)
    connected(ours, theirs, THEIRS)
    connected(theirs, ours, OURS, subject="Re: Đăng ký điểm OCOP")
    ours.store.launch(CAMPAIGN, "officer", ours.now)
    for pause in (*[6 * MINUTE] * 20, *[4 * HOUR] * 17):
        for office in (ours, theirs):
            office.tick()
            office.pass_time(pause)
    for office, address in ((ours, THEIRS), (theirs, OURS)):
        sent = [one.at for one in office.courier.taken if one.recipient == address]
        assert sent, "they never spoke"
        for at in sent:
            assert sum(at - HOUR < other <= at for other in sent) <= 10
            assert sum(at - DAY < other <= at for other in sent) <= 20
        answers = [
            one.at
            for one in office.courier.taken
            if one.recipient == address and one.key.startswith("ack/")
        ]
        assert answers[-1] < moment(16, 20), "they still answer each other on the third day"
        held = [one for one in office.courier.taken if one.key.startswith("held/")]
        assert held, "an officer sees what came"
        assert office.store.submissions(CAMPAIGN) == [], "words of a machine are nobody's answer"


def answering(office: MemoryOffice) -> None:
    """The peer answers every mail at once with a question of its own."""
    serials = itertools.count(1000)

    def bring(taken: Taken) -> None:
        if taken.recipient == PEER:
            number = next(serials)
            office.server.deliver(letter("query", "Hòa Cư", PEER, number, number), office.now)

    office.courier.brought = bring


def test_fault_113_the_admin_is_told_once_a_day_that_a_cap_holds_somebody_back(opened) -> None:
    """FAULTS 113: whom, and only once, however many mails wait."""
    office = opened("ours", OURS, PEER)
    answering(office)
    office.server.deliver(letter("query", "Hòa Cư", PEER, 1, 1), office.now)
    for _ in range(20):
        office.tick()
        office.pass_time(5 * MINUTE)
    told = [one for one in office.courier.taken if one.key.startswith("alert/cap/")]
    assert [one.recipient for one in told] == [OFFICER]
    assert PEER in words(told[0].raw)
    assert "quá nhiều thư" in str(parsed(told[0].raw)["Subject"])


def test_fault_113_the_answer_to_a_form_waits_for_the_cap_and_is_never_dropped(opened) -> None:
    """FAULTS 113: only answers that tell nothing end with the day."""
    office = opened("ours", OURS, PEER)
    for number in range(30):
        office.server.deliver(letter("query", "Hòa Cư", PEER, number, number), office.now)
    office.server.deliver(letter("form", "Hòa Cư", PEER, 99, 1), office.now + MINUTE)
    office.tick()
    while office.now < moment(17, 12):
        office.pass_time(3 * HOUR)
        office.tick()
    sent = [one.key for one in office.courier.taken if one.recipient == PEER]
    assert sum(key.startswith("ack/") and key.endswith("/in-review") for key in sent) <= 20
    assert sum(key.endswith("/registered") for key in sent) == 1
    states = {one.state for one in office.store.mails() if one.recipient == PEER}
    assert states == {"sent", "cancelled"}


def enclosing(office: MemoryOffice, kind: str) -> None:
    """The peer answers every mail at once, and each of its mails has a file."""
    serials = itertools.count(1000)

    def bring(taken: Taken) -> None:
        if taken.recipient == PEER:
            number = next(serials)
            office.server.deliver(letter(kind, "Hòa Cư", PEER, number, number), office.now)

    office.courier.brought = bring


def test_at_the_days_cap_who_sent_a_file_hears_tomorrow_that_it_cannot_be_read(opened) -> None:
    """Dropped, it would leave a commune that did send its form believing that all was well."""
    office = opened("ours", OURS, PEER)
    for number in range(21):
        office.server.deliver(letter("query", "Hòa Cư", PEER, number, number), office.now)
    office.server.deliver(letter("garbage", "Hòa Cư", PEER, 99, 1), office.now + MINUTE)
    while office.now < moment(17, 12):
        office.tick()
        office.pass_time(3 * HOUR)
    told = [one for one in office.courier.taken if one.key.endswith("/unreadable")]
    assert [one.recipient for one in told] == [PEER]
    assert told[0].at >= moment(16, 8), "it had its twenty of the first day"


def test_a_machine_that_encloses_a_file_each_time_falls_silent_with_the_day(opened) -> None:
    """No header betrays it, and no two of its files are alike: only a reminder wakes it again."""
    office = opened("ours", OURS, PEER)
    enclosing(office, "garbage")
    office.server.deliver(letter("garbage", "Hòa Cư", PEER, 1, 1), office.now)
    for pause in (*[6 * MINUTE] * 40, *[4 * HOUR] * 24):
        office.tick()
        office.pass_time(pause)
    taken = [one for one in office.courier.taken if one.recipient == PEER]
    reminded = {one.at.date() for one in taken if one.key.startswith("remind/")}
    answered = {one.at.date() for one in taken if one.key.startswith("ack/")}
    assert office.now.date() == moment(19).date()
    assert answered == reminded | {moment(15).date()}


def test_at_the_days_cap_an_officer_hears_tomorrow_that_nothing_was_done(opened) -> None:
    """A decision that names no such commune is one that the officer believes to be taken."""
    office = opened("ours", OURS, PEER)
    for number in range(25):
        sender = f"nguoi{number}@khac.example"
        office.server.deliver(letter("query", "Hòa Cư", sender, number, number), office.now)
        office.tick()
        office.pass_time(7 * MINUTE)
    asked = [one for one in office.courier.taken if one.key.startswith("held/")]
    assert len([one for one in office.courier.taken if one.recipient == OFFICER]) == 20
    reply = f"Re: {parsed(asked[0].raw)['Subject']}"
    office.server.deliver(mail(OFFICER, reply, "GÁN xã Hoa Kỳ", [], 99), office.now)
    while office.now < moment(17, 12):
        office.tick()
        office.pass_time(3 * HOUR)
    told = [one for one in office.courier.taken if one.key.endswith("/decision")]
    assert [one.recipient for one in told] == [OFFICER]


_HAND_OVER = (".carry", ".handed", ".write_down", "sendmail", "send_message")


def test_one_gate_nothing_but_the_outbox_hands_a_mail_to_a_courier() -> None:
    """Who sends past the outbox sends past caps, brake, recheck and record."""
    hands_over, made, speaks = set(), set(), set()
    for package in ("parsers", "config", "registry", "notifier", "intake"):
        for path in (ROOT / package).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if called.endswith(_HAND_OVER):
                    hands_over.add((name, called))
                if called.endswith("Courier"):
                    made.add(name)
                if isinstance(node, ast.Import | ast.ImportFrom):
                    named = {getattr(node, "module", None), *(one.name for one in node.names)}
                    speaks |= {name} if named & {"smtplib", "aiosmtplib"} else set()
    assert hands_over == {
        ("notifier/outbox.py", "courier.carry"),
        ("notifier/clerk.py", "self._store.write_down"),
        ("registry/sending_rows.py", "self.write_down"),
        ("intake/replay_acts.py", "self.desk.store.handed"),  # tells it again, sends nothing
    }
    assert speaks == {"notifier/smtp_line.py", "notifier/replies.py"}
    # The desk's own, the one of new settings, and `intake doctor`, which only logs in.
    assert made == {"intake/desk.py", "intake/reload.py", "intake/doctor.py"}
    assert ".carry(" not in (ROOT / "intake" / "doctor.py").read_text("utf-8")
