"""FAULTS B, C and D on the whole way: hostile and odd letters between a real inbox and a reply."""

import datetime as dt
import re
import struct
from email.message import EmailMessage

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    form_of_gia_cat,
    form_of_hoa_cu,
    key_of,
    marks,
    newest,
    state,
)
from rigs.cast import moment
from rigs.whole import CAMPAIGN, mail, parsed, words, workbook_file

from intake.demo_scenario import HOA_CU

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()


def head(sender: str = HOA_CU_MAIL, *lines: str) -> bytes:
    """The header of a mail, written by hand: what no mail library would write."""
    usual = ("To: ocop@caoloc.example", "MIME-Version: 1.0", *lines)
    return "\r\n".join((f"From: {sender}", *usual)).encode() + b"\r\n"


def deep_multiparts() -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(1_000)
    )
    return head() + opened


def deep_messages() -> bytes:
    return head() + b"Content-Type: message/rfc822\r\n\r\n" * 1_000


HOSTILE = {
    "026 nested multiparts": deep_multiparts(),
    "027 nested messages": deep_messages(),
    "028 parentheses": mail(HOA_CU_MAIL, body="x").replace(
        b"To: ocop@caoloc.example", b"To: " + b"(" * 5_000
    ),
    "029 subject": mail(HOA_CU_MAIL).replace(
        b"MIME-Version", b"Subject: " + b"=?utf-8?b?w6DDoA==?= " * 12_000 + b"\r\nMIME-Version"
    ),
    "029 parts": head(HOA_CU_MAIL, "Content-Type: multipart/mixed; boundary=b")
    + b"\r\n--b\r\n\r\nx" * 20_000,
    "030 date": b"Date: Mon, 99 Foo 99999 99:99:99 +9999\n" + mail(HOA_CU_MAIL, body=NIL),
    "031 no From": mail(HOA_CU_MAIL).replace(b"From: hoacu@caoloc.example\n", b""),
    "031 two From": b"From: a@caoloc.example\n" + mail(HOA_CU_MAIL),
    "032 message-id": mail(HOA_CU_MAIL, Message_ID="<taken-out@x.example>").replace(
        b"taken-out", b"<script>alert(1)</script>"
    ),
    "033 charset": head(HOA_CU_MAIL, "Content-Type: text/plain; charset=utf-8-broken")
    + b"\r\nXin ch\xc3\xa0o",
    "034 leaf labelled multipart": head(HOA_CU_MAIL, "Content-Type: multipart/mixed")
    + b"\r\nno parts",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_fault_026_034_a_hostile_letter_is_kept_and_the_next_one_is_handled(office, what):
    """FAULTS 26-34: the daemon stays up, the bytes are kept, the good letter is registered."""
    office.deliver(HOSTILE[what])
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(form_of_gia_cat())))
    original = office.inbox()[0]
    office.tick()
    assert state(office, "06235") == "registered"
    first = min(office.store.messages(), key=lambda message: message.id)
    assert first.state in {"recorded", "held"}
    assert first.tries == 1
    assert office.desk.vault.get(first.sha256) == original
    assert office.inbox() == []
    fatal = what[:3] in {"026", "027"} or what == "029 parts"
    assert (first.verdict == "unreadable") == fatal
    if what[:3] == "031":
        assert (first.verdict, marks(office, HOA_CU_MAIL)) == ("stranger", [])
    if what[:3] == "030":
        assert (first.verdict, first.sent_at) == ("nil", None)
        assert first.received_at == moment(15)


def test_fault_032_107_what_a_sender_writes_is_harmless_in_the_reply(office):
    """FAULTS 32, 38, 107: markup, line breaks and paths from a letter never act in our mail."""
    nasty = {**HOA_CU[0], "name": "Điểm\r\nBcc: ai@thu.example\r\n\r\n<script>x()</script>"}
    book = form_of_hoa_cu([nasty])
    office.deliver(
        mail(
            HOA_CU_MAIL,
            "Biểu <script>alert(1)</script>",
            files=workbook_file(book, "../../etc/<b>passwd</b>.xlsx"),
        )
    )
    office.tick()
    assert state(office) == "registered"
    answers = [one for one in office.smtp.accepted if HOA_CU_MAIL in one.recipients]
    assert [one.recipients for one in office.smtp.accepted] == [(HOA_CU_MAIL,)]
    made = parsed(answers[0].raw)
    assert made["Bcc"] is None
    page = made.get_body(("html",)).get_content()
    assert "<script" not in page
    assert "<b>passwd" not in page
    assert "../" not in words(answers[0].raw)


def test_fault_035_the_raw_bytes_are_kept_as_they_came(office):
    """FAULTS 35: a letter that no library could write again is in the vault byte for byte."""
    raw = head(HOA_CU_MAIL, "Subject: x") + b"X-Odd: \xff\xfe\xe1\r\n\r\nBody \xff\r\n"
    office.deliver(raw)
    office.tick()
    assert office.desk.vault.get(newest(office).sha256) == raw


NAMES = {
    "036 unquoted spaces": b"attachment; filename=Bieu dang ky Hoa Cu.xlsx",
    "037 2047 in quotes": b'attachment; filename="=?UTF-8?B?Qmnhu4N1Lnhsc3g=?="',
    "037 2231 split": b"attachment; filename*0*=utf-8''Bi%E1%BB%83; filename*1*=u.xlsx",
    "037 raw utf-8": 'attachment; filename="Biểu.xlsx"'.encode(),
    "037 windows-1258": b'attachment; filename="Bi\xea\xd2u.xlsx"',
    "038 nul and rtl": 'attachment; filename="CON\u202e\x00.xlsx"'.encode(),
    "039 no name at all": b"attachment",
}


@pytest.mark.parametrize("what", NAMES)
def test_fault_036_039_the_form_is_read_whatever_its_wrapping_says(office, what):
    """FAULTS 36-39: type from the content, a readable or neutral name, never mojibake."""
    raw = mail(HOA_CU_MAIL, files=[("x.xlsx", "application/octet-stream", BOOK)])
    raw = raw.replace(b'attachment; filename="x.xlsx"', NAMES[what])
    raw = raw.replace(b"application/octet-stream", b"text/plain")
    assert NAMES[what] in raw
    office.deliver(raw)
    office.tick()
    assert state(office) == "registered"
    (document,) = office.store.documents(newest(office).id)
    assert "\ufffd" not in document.name
    assert all(char.isprintable() and char not in "/\\" for char in document.name)
    if what[:3] == "036":
        assert document.name == "Bieu dang ky Hoa Cu.xlsx"
    if what in {"037 2047 in quotes", "037 2231 split", "037 raw utf-8"}:
        assert document.name == "Biểu.xlsx"


@pytest.mark.parametrize("container", ["related", "alternative", "mixed"])
def test_fault_040_a_form_in_any_container_is_registered(office, container):
    """FAULTS 40: inline, in multipart/related or in multipart/alternative."""
    raw = mail(HOA_CU_MAIL, files=workbook_file(BOOK)).replace(b"attachment;", b"inline;")
    office.deliver(raw.replace(b"multipart/mixed", b"multipart/" + container.encode()))
    office.tick()
    assert state(office) == "registered"


def test_fault_041_a_form_cut_on_its_way_is_asked_for_again(office):
    """FAULTS 41: truncated base64 is "damaged in transit, please resend", never half a form."""
    raw = mail(HOA_CU_MAIL, files=workbook_file(BOOK))
    office.deliver(raw[: len(raw) * 2 // 3])
    office.tick()
    assert (newest(office).verdict, state(office)) == ("unreadable", "needs-fix")
    assert "gửi lại" in words(office.smtp.accepted[0].raw)


def winmail(data: bytes) -> bytes:
    """Microsoft's envelope around one file, as Outlook makes it for "rich text" mail."""

    def attribute(identity: int, value: bytes) -> bytes:
        return struct.pack("<BII", 2, identity, len(value)) + value + b"\0\0"

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(0x00069002, b"\0" * 14)
        + attribute(0x00018010, b"BIEU.xlsx\0")
        + attribute(0x0006800F, data)
    )


@pytest.mark.parametrize("whole_envelope", [True, False])
def test_fault_042_a_form_inside_winmail_dat(office, whole_envelope):
    """FAULTS 42: opened; a broken envelope is refused and an ordinary attachment asked for."""
    data = winmail(BOOK) if whole_envelope else winmail(BOOK)[:5_000]
    office.deliver(mail(HOA_CU_MAIL, files=[("winmail.dat", "application/ms-tnef", data)]))
    office.tick()
    assert state(office) == ("registered" if whole_envelope else "needs-fix")
    if not whole_envelope:
        told = " ".join(words(office.smtp.accepted[0].raw).split())
        assert "winmail.dat" in told
        assert "đính kèm trực tiếp từng tệp" in told


@pytest.mark.parametrize("how", ["message/rfc822", "thu.eml"])
def test_fault_043_forwarded_as_an_attachment_counts_for_the_forwarder(office, how):
    """FAULTS 43: the form is found one level down; the forwarder is the sender, and it is noted."""
    inner = mail("canhan@thudientu.example", files=workbook_file(BOOK), body="Gửi xã.")
    if how == "thu.eml":
        raw = mail(HOA_CU_MAIL, files=[(how, "application/octet-stream", inner)])
    else:
        outer = EmailMessage()
        outer["From"], outer["To"] = HOA_CU_MAIL, "ocop@caoloc.example"
        outer["Subject"], outer["Message-ID"] = "Chuyển tiếp", "<forward-1@xa.example>"
        outer.set_content("Xã gửi kèm.")
        attached = EmailMessage()
        attached["Subject"] = "Biểu"
        attached["From"] = "canhan@thudientu.example"
        attached.set_content("Gửi xã.")
        attached.add_attachment(
            BOOK, maintype="application", subtype="octet-stream", filename="b.xlsx"
        )
        outer.add_attachment(attached)
        raw = outer.as_bytes()
    office.deliver(raw)
    office.tick()
    assert state(office) == "registered"
    assert newest(office).sender == HOA_CU_MAIL
    assert "forwarded" in newest(office).reason
    assert {one.recipients for one in office.smtp.accepted} == {(HOA_CU_MAIL,)}


def test_fault_045_a_share_link_is_never_followed_and_the_reply_explains(office):
    """FAULTS 45: only a link: told to attach the file itself."""
    office.deliver(mail(HOA_CU_MAIL, body="Hồ sơ: https://drive.google.com/file/d/1/view"))
    office.tick()
    assert (newest(office).verdict, state(office)) == ("link", "needs-fix")
    assert "đính kèm" in words(office.smtp.accepted[0].raw)


def _pasted(*rows: str) -> bytes:
    """A mail with a table of these rows (cells parted by "|") in its text and no file."""
    cells = "".join(f"<tr><td>{row.replace('|', '</td><td>')}</td></tr>" for row in rows)
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = HOA_CU_MAIL, "ocop@caoloc.example", "Biểu"
    made["Message-ID"] = "<table-1@xa.example>"
    made.set_content("\n".join(rows))
    made.add_alternative(f"<p>Kính gửi</p><table>{cells}</table>", subtype="html")
    return made.as_bytes()


def test_fault_046_the_form_pasted_into_the_mail_is_read(office):
    """FAULTS 46: a table in the mail's own text is a form like any other."""
    head = "STT|Tên điểm|Địa chỉ|Chủ thể quản lý|Người đại diện|Điện thoại|Diện tích (m2)|"
    head += "Sản phẩm OCOP|Hạng sao|Kinh phí đề nghị hỗ trợ (triệu đồng)"
    row = "1|Điểm OCOP|Thôn Bản Ngà|HTX Bản Ngà|Lý Văn Mẫu|0912000111|35,5|Mật ong|4|50"
    office.deliver(_pasted(head, row))
    office.tick()
    assert (state(office), newest(office).verdict) == ("registered", "submission")


def test_fault_046_a_pasted_table_that_is_not_the_form_is_answered(office):
    """FAULTS 46: nothing says what its columns are: the form is asked for."""
    office.deliver(_pasted(*["1|Điểm OCOP|50"] * 4))
    office.tick()
    assert (state(office), newest(office).state) == ("needs-fix", "recorded")
    assert len(office.smtp.accepted) == 1
    assert "trả lời thư này kèm biểu đó" in " ".join(words(office.smtp.accepted[0].raw).split())


@pytest.mark.parametrize("subject", ["", "Báo cáo OCOP"])
def test_fault_048_an_empty_letter_gets_one_polite_reply(office, subject):
    """FAULTS 48: one reply, whatever happens afterwards."""
    office.deliver(mail(HOA_CU_MAIL, subject, body=""))
    for _ in range(3):
        office.tick()
    office.restart()
    office.tick(moment(15, 16))
    assert newest(office).verdict == "empty"
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert "Kính gửi" in words(office.smtp.accepted[0].raw)


def test_fault_049_three_forms_in_one_letter_are_each_named_in_one_reply(office):
    """FAULTS 49: which of three differing forms counts is a person's decision; none is lost."""
    forms = [
        form_of_hoa_cu(),
        form_of_hoa_cu(HOA_CU[:1]),
        form_of_hoa_cu(({**HOA_CU[0], "name": "Điểm khác"},)),
    ]
    files = [(f"Biểu {n}.xlsx", "application/octet-stream", data) for n, data in enumerate(forms)]
    office.deliver(mail(HOA_CU_MAIL, files=files))
    office.tick()
    assert (newest(office).state, state(office)) == ("held", "in-review")
    assert newest(office).reason.startswith("forms-differ")
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    told = next(one for one in office.smtp.accepted if HOA_CU_MAIL in one.recipients)
    for name, _, _ in files:
        assert name in words(told.raw)
    office.store.accept(newest(office).id, "officer", office.now)
    office.tick()
    assert state(office) == "registered"
    names = {point.row.values["name"] for point in office.store.submissions(CAMPAIGN)[0].points}
    assert "Điểm khác" in names
    assert len(names) == len(HOA_CU) + 1


def test_fault_050_a_password_is_told_apart_from_damage(office):
    """FAULTS 50: an encrypted workbook: "send it without the password"."""
    data = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(data + bytes(4_000))))
    office.tick()
    assert state(office) == "needs-fix"
    assert "mật khẩu" in words(office.smtp.accepted[0].raw)


# --- D: meaning ----------------------------------------------------------------------------------


def test_fault_076_a_form_of_another_commune_is_held_and_both_are_named(office):
    """FAULTS 76: sender A, form of B: held, both named to the officer, neither registered."""
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(BOOK)))
    office.tick()
    assert newest(office).state == "held"
    told = next(one for one in office.smtp.accepted if OFFICER in one.recipients)
    assert "Gia Cát" in words(told.raw)
    assert "Hòa Cư" in words(told.raw)
    assert state(office) == "waiting"
    assert office.store.submissions(CAMPAIGN) == []


def test_fault_077_a_commune_that_was_merged_speaks_no_more(office):
    """FAULTS 77: from the day of the merger the old unit's address is a stranger's."""
    after = dt.datetime(2025, 7, 1, 9, tzinfo=moment(15).tzinfo)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), after - dt.timedelta(days=1))
    office.deliver(mail(HOA_CU_MAIL, body=NIL), after)
    office.tick(after)
    early, late = sorted(office.store.messages(), key=lambda message: message.received_at)
    assert (early.commune, early.state) == (key_of(office, "06223"), "recorded")
    assert (late.verdict, late.state) == ("stranger", "held")


def test_fault_079_an_older_letter_that_arrives_later_rolls_nothing_back(office):
    """FAULTS 79: order by receipt; the older Date is noted and a person decides."""
    second = form_of_hoa_cu(HOA_CU[:1])
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(second), date=moment(15, 8)))
    office.tick()
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK), date=moment(14, 8)))
    office.tick(moment(15, 10))
    assert newest(office).reason.startswith("older-than-current")
    assert [one.current for one in office.store.submissions(CAMPAIGN)] == [True]
    assert len(office.store.submissions(CAMPAIGN)[0].points) == 1
    assert any("Chờ xử lý" in subject for subject in office.subjects(OFFICER))


def test_fault_081_the_period_is_never_guessed_by_todays_date(open_office):
    """FAULTS 81: before it opens: held; after the deadline: late; after it closed: said so."""
    office = open_office(office={"go_live_at": "2024-05-01T00:00:00+07:00"})
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)), moment(12))
    office.tick()
    assert (newest(office).state, newest(office).reason) == ("held", "no-campaign")
    office.deliver(mail(GIA_CAT_MAIL, files=workbook_file(form_of_gia_cat())), moment(21, 10))
    office.tick(moment(21, 10))
    office.tick(moment(22, 8))
    assert state(office, "06184") == "silent"
    office.deliver(mail("dongdang@caoloc.example", body=NIL), moment(23, 10))
    office.tick(moment(23, 10))
    marked = {
        one.commune[0]: (one.late, one.after_close) for one in office.store.submissions(CAMPAIGN)
    }
    assert marked == {"06235": (True, False), "06184": (True, True)}
    last = [one for one in office.smtp.accepted if "dongdang@caoloc.example" in one.recipients][-1]
    assert "chốt số liệu" in words(last.raw)
    assert state(office, "06184") == "nil"


@pytest.mark.parametrize(
    "above",
    [
        "---------- Forwarded message ---------\nTừ: <giacat@caoloc.example>\nTo: <x@x.example>",
        "Từ: Gia Cát <giacat@caoloc.example>\nĐã gửi: Thứ Sáu\nĐến: Phòng KT\nChủ đề: OCOP\n",
    ],
)
def test_a_nil_that_an_officer_forwards_in_the_text_is_heard(open_office, above):
    office = open_office()
    said = f"Kính chuyển.\n\n{above}\n{NIL}\n"
    office.deliver(mail(OFFICER, "Fwd: xã Gia Cát trả lời", body=said))
    office.tick()
    assert state(office, "06235") == "nil"


def test_the_bracket_of_our_own_subject_is_not_the_senders_word(office):
    subject = "Re: [Không có nhu cầu – đã ghi] Xã Hòa Cư – Số tiếp nhận OCOP2-06223-01-1"
    office.deliver(mail(HOA_CU_MAIL, subject, body="Xã có nhu cầu, sẽ báo thêm. Cảm ơn phòng."))
    office.tick()
    assert newest(office).reason == "words-only"


@pytest.mark.parametrize("bad", ["needs-fix", "unreadable", "nil"])
def test_fault_082_two_letters_in_one_tick_end_alike_in_either_order(open_office, bad):
    """FAULTS 82: the same two letters, delivered in both orders, at the same second."""
    broken = form_of_hoa_cu(({**HOA_CU[0], "phone": ""},))
    good = mail(HOA_CU_MAIL, files=workbook_file(BOOK))
    other = {
        "needs-fix": lambda: mail(HOA_CU_MAIL, files=workbook_file(broken)),
        "unreadable": lambda: mail(HOA_CU_MAIL, files=workbook_file(b"PK\x03\x04 torn")),
        "nil": lambda: mail(HOA_CU_MAIL, body=NIL),
    }[bad]()
    ends = []
    for letters in ((good, other), (other, good)):
        office = open_office()
        for raw in letters:
            office.deliver(raw)
        office.tick()
        current = [one for one in office.store.submissions(CAMPAIGN) if one.current]
        told = sorted(
            re.sub(r"(?<=Thư số )\d+| \[T\d+-.*\]$", "", subject) for subject in office.subjects()
        )
        ends.append((state(office), [len(one.points) for one in current], told))
    assert ends[0] == ends[1]
    assert len(current) == 1
    if bad == "unreadable":
        assert ends[0][0] == "registered"
