"""The demo, and how it tells what it does."""

import email
import email.policy

import pypdfium2
import pytest

from intake import demo_documents as make
from intake.demo import play, sent_lines
from intake.demo_documents import PLAIN
from intake.demo_scenario import HOA_CU, _sender
from registry.errors import NotPossible


def parsed(path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return play(out), out


def test_every_commune_ends_as_it_must_and_the_department_got_the_approved_report(played):
    right, _ = played
    assert right


def test_a_pdf_is_written_with_every_vietnamese_letter():
    data = make.pdf(_sender("Hòa Cư", 45, 15), ["Kính gửi: Ủy ban nhân dân huyện"], PLAIN, HOA_CU)
    page = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded()
    assert "Ủy ban nhân dân huyện" in page


def test_it_leaves_mails_report_and_registry(played):
    _, out = played
    reports = {path.name for path in (out / "report").iterdir()}
    assert reports == {
        "145-UBND-KTHT.pdf",
        "Bao cao ocop-2024-2.xlsx",
        "Du thao cong van ocop-2024-2.docx",
        "Bao cao bo sung 1 ocop-2024-2.xlsx",
        "Du thao cong van bo sung 1 ocop-2024-2.docx",
    }
    assert (out / "config" / "data" / "registry.db").exists()
    mails = sorted((out / "mails").iterdir())
    assert len(mails) > 100
    to_department = [path for path in mails if "soct-langson" in path.name]
    assert len(to_department) == 2
    assert to_department[1:] == mails[-1:]


def test_every_loop_is_closed_by_answering_a_mail(played):
    """Corrected, decided and released by reply; the signed letter goes in place of the draft."""
    _, out = played
    mails = [
        (path.stem.split(" ", 1)[1], parsed(path)) for path in sorted((out / "mails").iterdir())
    ]
    subjects = {who: [str(mail["Subject"]) for to, mail in mails if to == who] for who, _ in mails}
    assert [one.split("]")[0] for one in subjects["giacat@caoloc.example"]] == [
        "[Đề nghị gửi trước ngày 21/5/2024",
        "[Cần sửa 2 chỗ",
        "[Đã nhận",
    ]
    done = [
        one for one in subjects["canbo.ktht@caoloc.example"] if one.startswith("[Đã thực hiện]")
    ]
    assert len(done) == 1
    assert len([s for s in subjects["lanhdao@caoloc.example"] if "[Đã thực hiện]" in s]) == 2
    report, supplement = (mail for to, mail in mails if to == "qltm@soct-langson.example")
    names = [
        [str(one.get_filename()) for one in mail.iter_attachments()]
        for mail in (report, supplement)
    ]
    assert names == [
        ["Bao cao ocop-2024-2.xlsx", "145-UBND-KTHT.pdf"],
        ["Bao cao bo sung 1 ocop-2024-2.xlsx", "Du thao cong van bo sung 1 ocop-2024-2.docx"],
    ]


def test_the_board_shows_each_day(played):
    _, out = played
    days = sorted((out / "board").iterdir())
    assert len(days) == 11
    boards = {day.name: (day / "index.html").read_text("utf-8") for day in days}
    answered = [boards[day] for day in ("2024-05-13", "2024-05-16", "2024-05-21")]
    assert len(set(answered)) == 3
    last = (out / "config" / "data" / "board" / "index.html").read_text("utf-8")
    assert "Xã Bình Trung" in last
    assert not [one for one in (*boards.values(), last) if ".example" in one]


def test_who_must_not_be_answered_got_nothing(played):
    _, out = played
    recipients = {path.stem.split(" ", 1)[1] for path in (out / "mails").iterdir()}
    assert not {one for one in recipients if "mailer-daemon" in one or "nguoi.la" in one}


def test_every_mail_says_that_a_program_wrote_it(played):
    _, out = played
    for path in (out / "mails").iterdir():
        head = parsed(path)
        assert head["Auto-Submitted"] in {"auto-replied", "auto-generated"}
        assert head["X-Commune-Intake"]


def test_a_second_demo_replaces_the_first_but_nobody_elses_files(tmp_path):
    (tmp_path / "thesis.odt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotPossible, match=r"thesis\.odt"):
        play(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_mass_mail_is_told_in_one_line():
    calls = [
        ("call/ocop/06184@2020-01-01", "[Đề nghị] Đồng Đăng"),
        ("call/ocop/06184@2020-01-01", "[Đề nghị] Đồng Đăng"),
        ("call/ocop/06187@2020-01-01", "[Đề nghị] Cao Lộc"),
    ]
    assert sent_lines(calls) == ["the call to 2 communes (3 mails)"]


def test_single_mails_are_told_by_their_subject():
    assert sent_lines([("remind/ocop/06184@2020-01-01/d-5", "[Nhắc] Đồng Đăng")]) == [
        "[Nhắc] Đồng Đăng"
    ]
    both = [("ack/1/nil", "[Đã ghi nhận] A"), ("ack/2/nil", "[Đã ghi nhận] B")]
    assert sent_lines(both) == ["[Đã ghi nhận] A", "[Đã ghi nhận] B"]
    twice = [("silence/ocop/06184@2020-01-01", "[Không nhận được] A")] * 2
    assert sent_lines(twice) == ["[Không nhận được] A (×2)"]
