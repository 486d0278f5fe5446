"""A real clamd beside Dovecot: what it knows is never opened, and without it nothing is."""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    OFFICER,
    form_of_gia_cat,
    form_of_hoa_cu,
    state,
)
from rigs.clamd import EICAR, MARKER, RealClamd
from rigs.packed import plain_zip
from rigs.whole import mail, words, workbook_file

from intake.desk import Desk
from intake.doctor import connections
from intake.scanner import Clean, Found

pytestmark = pytest.mark.e2e

HOUR = dt.timedelta(hours=1)
LARGE = bytes(range(256)) * 800


@pytest.fixture
def clamd() -> Iterator[RealClamd]:
    with RealClamd() as server:
        yield server


@pytest.fixture
def office(open_office, clamd):
    return open_office(security={"clamd": f'"{clamd.address}"'})


def infected_book() -> bytes:
    """A workbook that every reader takes, with one member more."""
    book = io.BytesIO(form_of_hoa_cu())
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", b"\0" * 2000 + MARKER)
    return book.getvalue()


def states(office) -> list[tuple[str, str, str]]:
    return [
        (one.state, one.verdict, one.reason.partition(":")[0])
        for one in sorted(office.store.messages(), key=lambda one: one.id)
    ]


def test_what_is_infected_is_held_and_never_opened(office, monkeypatch):
    """A workbook, one in a zip, EICAR in the words of a mail; a clean form is answered."""
    opened: list[bytes] = []
    reader = office.desk.reader
    monkeypatch.setattr(office.desk, "reader", _Watched(reader, opened))  # the jail behind it
    bad = infected_book()
    zipped = [("bieu.zip", "application/zip", plain_zip([("bieu.xlsx", bad)]))]
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(bad)))
    office.deliver(mail(HOA_CU_MAIL, files=zipped))
    office.deliver(mail(HOA_CU_MAIL, body=EICAR.decode()))
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(form_of_gia_cat())))
    office.tick()
    assert states(office)[:3] == [("held", "infected", "infected")] * 3
    assert states(office)[3][:2] == ("recorded", "submission")
    assert office.store.messages(state="held")[0].reason.startswith("infected: Own.")
    assert all(MARKER not in data for data in opened)
    assert opened, "the clean form was read"
    assert all(office.store.documents(number) == [] for number in (1, 2, 3))
    assert office.subjects(HOA_CU_MAIL) == []
    assert len(office.subjects(GIA_CAT_MAIL)) == 1
    told = [one for one in office.sent if OFFICER in one.recipients]
    assert len(told) == 3
    assert "phát hiện mã độc" in " ".join(words(told[0].raw).split())
    assert all(MARKER not in one.raw and b"PK\x03\x04" not in one.raw for one in told)
    assert state(office) == "in-review"  # who wrote is not silent


class _Watched:
    """Notes what the reader is given."""

    width, trouble = 1, ""

    def __init__(self, reader, opened):
        self._reader, self._opened = reader, opened

    def read(self, data, form, name=""):
        self._opened.append(data)
        return self._reader.read(data, form, name)

    def open(self, data, name, room):
        self._opened.append(data)
        return self._reader.open(data, name, room)

    def ready(self):
        self._reader.ready()

    def close(self):
        self._reader.close()


def test_a_person_cannot_open_what_is_infected(office):
    """Accepting scans it again: only the scanner can take its word back."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(infected_book())))
    office.tick()
    office.store.accept(1, "officer", office.now)
    office.tick()
    assert states(office) == [("held", "infected", "infected")]
    assert office.subjects(HOA_CU_MAIL) == []


def test_without_its_scanner_nothing_is_opened_and_with_it_everything(office, clamd):
    """Killed: held, the admin is told once a day. Back: read and answered, by itself."""
    clamd.stop()
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(infected_book())))
    office.tick()
    office.tick(office.now + HOUR)
    assert states(office) == [("held", "unchecked", "not-scanned")] * 2
    alerts = [subject for subject in office.subjects() if "quét vi-rút" in subject]
    assert len(office.subjects()) == len(alerts) == 1
    office.tick(office.now + dt.timedelta(days=1))
    assert len([subject for subject in office.subjects() if "quét vi-rút" in subject]) == 2
    assert "taken-up" not in {event.kind for event in office.store.journal()}
    clamd.start()
    office.tick(office.now + HOUR)
    assert states(office)[0][:2] == ("recorded", "submission")
    assert states(office)[1] == ("held", "infected", "infected")
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert office.subjects(GIA_CAT_MAIL) == []
    assert len(office.inbox("Đã xử lý")) == 1
    assert len(office.inbox("Chờ xử lý")) == 1


def test_a_letter_larger_than_the_scanner_takes_is_not_passed(open_office):
    with RealClamd(stream="64k") as small:
        office = open_office(security={"clamd": f'"{small.address}"'})
        office.deliver(mail(HOA_CU_MAIL, files=[("anh.bin", "application/octet-stream", LARGE)]))
        office.tick()
        office.tick(office.now + HOUR)
        assert states(office) == [("held", "unchecked", "scan-limit")]
        assert len([one for one in office.sent if OFFICER in one.recipients]) == 1


class _KnowsOnlyFiles:
    """A scanner that does not look into mails: the file alone tells it something."""

    def scan(self, data):
        return Found("Own.File") if data.startswith(b"PK") and MARKER in data else Clean()


def test_what_was_unpacked_is_scanned_as_well(office, monkeypatch):
    """The program opens more wrappings than a scanner may know."""
    monkeypatch.setattr(Desk, "scanner", property(lambda _: _KnowsOnlyFiles()))
    marked = io.BytesIO(form_of_hoa_cu())
    with zipfile.ZipFile(marked, "a") as archive:
        archive.writestr("xl/media/image1.bin", MARKER)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(marked.getvalue())))
    office.tick()
    (held,) = office.store.messages()
    assert (held.state, held.reason) == ("held", "infected: Own.File")
    assert office.store.documents(1) == []


def test_check_connect_says_whether_the_scanner_answers(office, clamd):
    answers, problems = connections(office.config, {"INTAKE_TEST_PASSWORD": "x"})
    assert any(answer.startswith(f"clamd {clamd.address}: ClamAV 1") for answer in answers)
    clamd.stop()
    _, problems = connections(office.config, {"INTAKE_TEST_PASSWORD": "x"})
    assert any("clamd" in problem and "does not answer" in problem for problem in problems)
