"""FAULTS 38, 42, 43, 55, 73 on the whole way: what communes pack, from a real inbox to a reply."""

import pytest
from rigs import letters, packed
from rigs.answering import HOA_CU_MAIL, NIL, form_of_hoa_cu, newest, state
from rigs.packed import Lie, odd_zip, plain_zip
from rigs.saved_mail import message, saved
from rigs.whole import mail, words, workbook_file

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()
FILES = (("Bieu.xlsx", BOOK), ("Thumbs.db", b"x" * 20))
FORWARDED = mail("canhan@thudientu.example", files=workbook_file(BOOK, "Bieu.xlsx"), body="Gửi xã.")
PLAIN = "application/octet-stream"

PACKED = {
    **{f"ho so.{kind}": pack(FILES) for kind, pack in packed.PACKERS.items()},
    "Bieu.xlsx.gz": packed.gz(BOOK),
    "zip trong rar.rar": packed.rar5([("trong.zip", plain_zip(FILES))]),
    "thu.msg": saved([("Bieu.xlsx", BOOK)], text="Gửi xã."),
    "thu trong thu.msg": saved(inner=[message([("Bieu.xlsx", BOOK)], head=24)]),
    "thu chuyen tiep.dat": FORWARDED,
    "thu.zip": plain_zip([("thu.eml", FORWARDED)]),
    "winmail.dat": letters.winmail("ho so.zip", plain_zip(FILES)),
}


@pytest.mark.parametrize("name", PACKED)
def test_fault_042_043_073_a_form_in_any_container_is_registered(office, name):
    """FAULTS 42, 43, 73: its real file under its name; the forwarder is the sender, and noted."""
    office.deliver(mail(HOA_CU_MAIL, files=[(name, PLAIN, PACKED[name])]))
    office.tick()
    assert state(office) == "registered"
    (document,) = office.store.documents(newest(office).id)
    assert document.name.endswith("Bieu.xlsx")
    assert document.size_bytes == len(BOOK)
    assert newest(office).sender == HOA_CU_MAIL
    assert ("forwarded" in newest(office).reason) == ("thu" in name)
    assert {one.recipients for one in office.smtp.accepted} == {(HOA_CU_MAIL,)}
    assert "Bieu.xlsx" in words(office.smtp.accepted[0].raw)


def test_fault_043_a_nil_return_in_a_saved_mail_is_heard(office):
    """FAULTS 43: the words of the .msg count like those of a forwarded mail."""
    office.deliver(mail(HOA_CU_MAIL, files=[("thu.msg", PLAIN, saved(text=NIL))]))
    office.tick()
    assert (newest(office).verdict, state(office)) == ("nil", "nil")


REFUSED = {
    "mật khẩu": packed.rar5(FILES, locked=True),
    "nhiều phần": packed.rar4(FILES, about=1),
    "quá lớn": odd_zip([Lie(data=packed.zeros(2_000), method=8, size=2_000_000_000)]),
    "quá nhiều tệp": odd_zip([Lie(b"%d" % number, b"") for number in range(60_000)]),
    "hỏng": packed.seven_zip(FILES)[:-20],
    "không có tệp nào": plain_zip(FILES[1:]),
}


@pytest.mark.parametrize("why", REFUSED)
def test_fault_055_073_an_archive_that_cannot_be_opened_is_refused_by_its_reason(office, why):
    """FAULTS 55, 73: a password, a part, a bomb, damage, nothing: each told as what it is."""
    office.deliver(mail(HOA_CU_MAIL, files=[("ho so.rar", PLAIN, REFUSED[why])]))
    office.tick()
    assert (newest(office).verdict, state(office)) == ("unreadable", "needs-fix")
    told = " ".join(words(office.smtp.accepted[0].raw).split())
    assert "ho so.rar" in told
    assert why in told
    assert "Đề nghị" in told


def test_fault_038_073_beside_a_good_form_what_was_left_out_is_told(office):
    """FAULTS 38, 73: the locked file is named in the reply, without its path."""
    archive = odd_zip([Lie(b"Bieu.xlsx", BOOK), Lie(b"../../etc/khoa.pdf", flags=packed.LOCKED)])
    office.deliver(mail(HOA_CU_MAIL, files=[("ho so.zip", PLAIN, archive)]))
    office.tick()
    assert state(office) == "registered"
    told = " ".join(words(office.smtp.accepted[0].raw).split())
    assert "ho so.zip/etc/khoa.pdf" in told
    assert "mật khẩu" in told
    assert "../" not in told


def test_fault_073_an_archive_beside_a_good_form_is_not_passed_over(office):
    """FAULTS 73: what nobody could open may hold another form: said in the reply."""
    split = packed.rar4(FILES, about=1)
    files = [*workbook_file(BOOK), ("ho so.part1.rar", PLAIN, split)]
    office.deliver(mail(HOA_CU_MAIL, files=files))
    office.tick()
    assert state(office) == "registered"
    told = " ".join(words(office.smtp.accepted[0].raw).split())
    assert "Không đọc được tệp “ho so.part1.rar”" in told
    assert "nhiều phần" in told


def test_a_secrecy_mark_inside_an_archive_stops_the_reading(office):
    archive = plain_zip([("MẬT - Bieu.xlsx", BOOK)])
    office.deliver(mail(HOA_CU_MAIL, files=[("ho so.zip", PLAIN, archive)]))
    office.tick()
    assert (newest(office).verdict, newest(office).state) == ("secret", "held")
    assert office.store.documents(newest(office).id) == []


def test_the_same_form_packed_and_unpacked_is_one_answer(office):
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    office.deliver(mail(HOA_CU_MAIL, files=[("ho so.rar", PLAIN, packed.rar5(FILES))]))
    office.tick()
    assert newest(office).verdict == "duplicate"
