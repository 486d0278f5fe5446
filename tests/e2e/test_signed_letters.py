"""FAULTS 42, 44 on the whole way: what only wraps is opened in the jail, never in the daemon."""

import sys
from pathlib import Path

import pytest
from rigs import letters
from rigs.answering import HOA_CU_MAIL, NIL, form_of_hoa_cu, newest, state
from rigs.letters import p7m
from rigs.whole import mail, words

from intake.export import export
from parsers import smime, tnef
from parsers.jail import Jail, JailLimits

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
BAD = str(Path(__file__).parents[1] / "rigs" / "bad_worker.py")
KIND = "application/pkcs7-mime; smime-type=signed-data"


def signed(inner: bytes) -> bytes:
    """A mail of the commune that is signed as a whole."""
    given = {"sender": HOA_CU_MAIL, "subject": "Dang ky diem OCOP"}
    return letters.head(**given).encode() + letters.file("smime.p7m", p7m(inner), KIND)


@pytest.fixture(autouse=True)
def _not_in_this_process(monkeypatch):
    """The daemon's own process cannot take anything apart; its workers are others."""

    def never(*_arguments):
        raise AssertionError("parsed in the daemon's own process")

    for module in (smime, tnef):
        monkeypatch.setattr(module, "open_container", never)
    monkeypatch.setattr(smime, "signed_content", never)
    monkeypatch.setattr(tnef, "files", never)


def test_fault_044_a_form_in_a_signed_mail_is_registered(office):
    """FAULTS 44: like any mail of the commune: nothing was forwarded."""
    inner = letters.pieces([letters.words("Gửi biểu."), letters.file("Bieu.xlsx", BOOK)])
    office.deliver(signed(inner))
    office.tick()
    assert state(office) == "registered"
    (document,) = office.store.documents(newest(office).id)
    assert (document.name, document.size_bytes) == ("Bieu.xlsx", len(BOOK))
    assert "forwarded" not in newest(office).reason


def test_the_dossier_has_the_files_of_a_signed_mail(office, tmp_path):
    inner = letters.pieces([letters.words("Gửi biểu."), letters.file("Bieu.xlsx", BOOK)])
    office.deliver(signed(inner))
    office.tick()
    (campaign,) = office.config.campaigns
    desk = office.desk
    export(office.config, office.store, desk.vault, campaign, tmp_path / "ho so", office.now)
    (document,) = (tmp_path / "ho so").rglob("01 Bieu.xlsx")
    assert document.read_bytes() == BOOK


def test_fault_042_044_signed_and_rich_text_files_are_opened(office):
    """FAULTS 42, 44: winmail.dat in a signed mail; a document in an envelope of its own."""
    office.deliver(signed(letters.file("winmail.dat", letters.winmail("Bieu.xlsx", BOOK))))
    office.tick()
    assert state(office) == "registered"
    files = [("Bieu.xlsx.p7m", "application/octet-stream", p7m(BOOK))]
    office.deliver(mail(HOA_CU_MAIL, files=files))
    office.tick()
    assert newest(office).verdict == "duplicate"


def test_fault_044_a_nil_return_in_signed_words_is_heard(office):
    """FAULTS 44: the words count as the sender's own."""
    office.deliver(signed(letters.words(NIL)))
    office.tick()
    assert (newest(office).verdict, state(office)) == ("nil", "nil")


def test_fault_044_a_secrecy_mark_in_signed_words_stops_the_reading(office):
    """FAULTS 44: seen before any file is opened."""
    inner = letters.pieces([letters.words("MẬT\n\nKính gửi."), letters.file("Bieu.xlsx", BOOK)])
    office.deliver(signed(inner))
    office.tick()
    assert (newest(office).verdict, newest(office).state) == ("secret", "held")
    assert office.store.documents(newest(office).id) == []


@pytest.mark.parametrize("way", ["abort", "hang", "half-letter"])
@pytest.mark.parametrize("what", ["signed mail", "winmail.dat"])
def test_fault_042_044_who_kills_the_reader_is_answered(office, monkeypatch, way, what):
    """FAULTS 42, 44: whatever the envelope does to its reader, the mail is there and answered."""
    data = letters.winmail("Bieu.xlsx", BOOK)
    raw = mail(HOA_CU_MAIL, files=[(what, "application/ms-tnef", data)])
    office.deliver(raw if what == "winmail.dat" else signed(letters.words(NIL)))
    limits = JailLimits(seconds=0.5, start_seconds=20)
    with Jail(limits, command=(sys.executable, BAD, way)) as jail:
        monkeypatch.setattr(office.desk, "reader", jail)
        office.tick()
    assert (newest(office).verdict, state(office)) == ("unreadable", "needs-fix")
    (document,) = office.store.documents(newest(office).id)
    name = "smime.p7m" if what == "signed mail" else what
    assert document.name == name
    assert name in words(office.smtp.accepted[0].raw)
