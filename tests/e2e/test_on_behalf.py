"""An officer sends what a commune sent by another road; subject or letterhead say whose it is."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, OFFICER, form_of_hoa_cu, newest, state
from rigs.replies import reply
from rigs.whole import CAMPAIGN, Whole, mail, words, workbook_file

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
PHOTO = Path("tests/golden/list-nine/input-reportlab-print.photo-sideways.jpg")
OTHER_PHOTO = Path("tests/golden/products-merged/input-reportlab.photo-iphone.heic")
ZALO = "Xã Hòa Cư – ảnh biểu từ Zalo"
JPEG, HEIC = "image/jpeg", "image/heic"


def photo(name: str = "z5412_a1.jpg") -> tuple[str, str, bytes]:
    return name, JPEG, PHOTO.read_bytes()


def points(office: Whole) -> int:
    found = office.store.submissions(CAMPAIGN)
    assert {one.commune[0] for one in found} <= {"06223"}
    return len(found[-1].points) if found else 0


def as_attachment(inner: bytes | EmailMessage, subject: str) -> bytes:
    """A mail forwarded as attachment, without a word of the officer's own."""
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = OFFICER, "ocop@caoloc.example", subject
    outer["Message-ID"] = "<behalf-1@caoloc.example>"
    outer.set_content("")
    if isinstance(inner, EmailMessage):
        outer.add_attachment(inner)
    else:
        outer.add_attachment(
            inner, maintype="application", subtype="octet-stream", filename="thu.eml"
        )
    return outer.as_bytes()


def test_a_photo_without_a_word_is_the_commune_s_in_the_subject(office: Whole):
    office.deliver(mail(OFFICER, ZALO, files=[photo()], body=""))
    office.tick()
    assert (newest(office).verdict, points(office)) == ("submission", 1)
    assert any("OCOP2-06223-01" in subject for subject in office.subjects())


@pytest.mark.parametrize("subject", ["xa hoa cu - anh bieu", "Fwd: UBND xã Hòa Cư gửi Zalo", ZALO])
def test_the_subject_may_be_written_in_haste(office: Whole, subject: str):
    office.deliver(mail(OFFICER, subject, files=[photo()], body="Gửi từ iPhone của tôi"))
    office.tick()
    assert points(office) == 1


def test_the_same_page_in_two_photos_is_one_form(office: Whole):
    again = ("z5412_a2.jpg", JPEG, PHOTO.read_bytes() + b"\xff\xd9")
    office.deliver(mail(OFFICER, ZALO, files=[photo(), again], body=""))
    office.tick()
    assert points(office) == 1


def test_pages_that_say_different_things_wait_for_the_officer_who_can_take_them_together(
    office: Whole,
):
    other = ("z5412_a2.heic", HEIC, OTHER_PHOTO.read_bytes())
    office.deliver(mail(OFFICER, ZALO, files=[photo(), other], body=""))
    office.tick()
    assert newest(office).reason.startswith("forms-differ")
    assert "NHẬN" in words(office.sent[-1].raw)
    office.store.accept(1, OFFICER, office.now)
    office.tick()
    assert points(office) == 6


@pytest.mark.parametrize("how", ["rfc822", "eml"])
def test_a_mail_forwarded_as_attachment_is_read(office: Whole, how: str):
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "canhan@thudientu.example", "Biểu"
    inner.set_content("Gửi phòng.")
    inner.add_attachment(BOOK, maintype="application", subtype="octet-stream", filename="b.xlsx")
    raw = as_attachment(inner if how == "rfc822" else inner.as_bytes(), "Fwd: biểu")
    office.deliver(raw)
    office.tick()
    assert (state(office), points(office)) == ("registered", 2)
    assert "forwarded" in newest(office).reason


def test_an_inline_forward_with_its_file_is_read(office: Whole):
    said = "---------- Forwarded message ---------\nTừ: <ai@thudientu.example>\n\nXã gửi biểu."
    office.deliver(mail(OFFICER, "Fwd: biểu", files=workbook_file(BOOK), body=said))
    office.tick()
    assert (state(office), points(office)) == ("registered", 2)


def test_a_photo_of_nobody_in_particular_waits_and_one_word_settles_it(office: Whole):
    office.deliver(mail(OFFICER, "Ảnh từ Zalo", files=[photo()], body=""))
    office.tick()
    assert newest(office).reason == "forward-unnamed"
    assert points(office) == 0
    asked = office.sent[-1].raw
    office.deliver(reply("iphone", asked, "GÁN hoà cư", sender=OFFICER))
    office.tick()
    assert points(office) == 1


def test_the_subject_and_the_letterhead_must_not_disagree(office: Whole):
    office.deliver(mail(OFFICER, "Xã Gia Cát – biểu", files=workbook_file(BOOK), body=""))
    office.tick()
    assert newest(office).reason.startswith("forward-disagrees")


def test_the_officer_s_forward_is_answered_to_the_officer(office: Whole):
    office.deliver(mail(OFFICER, ZALO, files=workbook_file(BOOK), body=""))
    office.tick()
    assert [one.recipients for one in office.sent] == [(OFFICER,)]
    assert office.subjects(HOA_CU_MAIL) == office.subjects(GIA_CAT_MAIL) == []
