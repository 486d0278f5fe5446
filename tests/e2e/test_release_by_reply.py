"""A leader releases and returns reports by answering mails; what comes late makes a supplement."""

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, NIL, OFFICER, form_of_hoa_cu
from rigs.replaying import comes_out_equal
from rigs.replies import PROGRAMS, reply
from rigs.report_letter import PDF, ROOT, altered, letter, signed_letter
from rigs.whole import CAMPAIGN, Files, Whole, mail, parsed, words, workbook_file

from intake.export import export
from intake.views import status
from registry.errors import VaultAway
from registry.model import Event, Message, ReportRow
from registry.vault import Vault

pytestmark = pytest.mark.e2e

LEADER = "lanhdao@caoloc.example"
DEPUTY = "phochutich@caoloc.example"
SCT = "qltm@soct-langson.example"
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
BOOK = form_of_hoa_cu()


def report_moment(office: Whole) -> dt.datetime:
    return office.config.campaign(CAMPAIGN).report.at


def drafted(office: Whole) -> bytes:
    """Gia Cát has no need, all others are silent. Return the draft that the leader got."""
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    office.tick(office.config.campaign(CAMPAIGN).closes_at + 5 * MINUTE)
    return next_morning(office, days=0)


def next_morning(office: Whole, days: int) -> bytes:
    office.tick(report_moment(office) + days * DAY + MINUTE)
    return last(office)


def last(office: Whole, to: str = LEADER) -> bytes:
    """The newest mail to somebody."""
    return next(one.raw for one in reversed(office.sent) if to in one.recipients)


def last_words(office: Whole, to: str = LEADER) -> str:
    return " ".join(words(last(office, to)).split())


def answer(
    office: Whole, asked: bytes, said: str, files: Files = (), sender: str = LEADER, **more: object
) -> None:
    program = str(more.pop("program", "gmail"))
    raw = reply(program, asked, said, sender=sender, files=list(files), **more)  # type: ignore[arg-type]
    office.deliver(raw)
    office.tick()


def pdf(data: bytes, name: str = "145-UBND.pdf") -> Files:
    return [(name, PDF, data)]


def rows(office: Whole) -> list[ReportRow]:
    return office.store.reports(CAMPAIGN)


def newest_reply(office: Whole) -> Message:
    return max(office.store.messages(), key=lambda one: one.id)


def sent_to_department(office: Whole) -> list[bytes]:
    return [one.raw for one in office.sent if SCT in one.recipients]


def names(raw: bytes) -> list[str]:
    return [str(part.get_filename()) for part in parsed(raw).iter_attachments()]


def attached(raw: bytes, ending: str) -> bytes:
    for part in parsed(raw).iter_attachments():
        if str(part.get_filename()).endswith(ending):
            return bytes(part.get_content())
    raise LookupError(ending)


def story(office: Whole) -> list[Event]:
    return office.store.journal(1000, subject=f"campaign {CAMPAIGN}")


# --- released ------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_one_word_releases_the_report_from_any_mail_program(office: Whole, program: str):
    asked = drafted(office)
    assert sent_to_department(office) == []
    answer(office, asked, "DUYỆT", program=program)
    (row,) = rows(office)
    assert (row.approved_by, row.letter) == (LEADER, None)
    (event,) = (one for one in story(office) if one.kind == "report-approved")
    assert event.data == {"number": 1, "by": LEADER, "reply": newest_reply(office).id}
    (report,) = sent_to_department(office)
    assert names(report) == [f"Bao cao {CAMPAIGN}.xlsx", f"Du thao cong van {CAMPAIGN}.docx"]
    assert "[Đã thực hiện]" in office.subjects(LEADER)[-1]
    assert office.store.held() == []


def test_the_signed_letter_goes_to_the_department_in_place_of_the_draft(office: Whole):
    asked = drafted(office)
    data = signed_letter()
    answer(office, asked, "Kính gửi công văn đã ký.", pdf(data))
    (row,) = rows(office)
    assert row.letter is not None
    assert (row.letter.signature, row.letter.name) == ("unknown-root", "145-UBND.pdf")
    assert (row.letter.number, row.letter.issued_on) == ("145/UBND-KT&HT", "2024-05-22")
    assert office.desk.vault.get(row.letter.sha256) == data
    (report,) = sent_to_department(office)
    assert names(report) == [f"Bao cao {CAMPAIGN}.xlsx", "145-UBND.pdf"]
    assert attached(report, ".pdf") == data
    told = "có, còn nguyên vẹn, không kiểm được chứng thư"
    assert told in " ".join(words(report).split())
    assert "Công văn số 145/UBND-KT&HT ngày 22/5/2024" in " ".join(words(report).split())
    assert told in last_words(office)


def test_a_signature_under_a_known_root_is_valid(office: Whole):
    (office.folder / "roots.pem").write_text(ROOT.pem, "ascii")
    settings = office.folder / "settings.toml"
    text = settings.read_text("utf-8")
    settings.write_text(re.sub(r'(?m)^signature_roots = ""', 'signature_roots = "roots.pem"', text),
                        "utf-8")  # fmt: skip
    office.restart()
    answer(office, drafted(office), "DUYỆT", pdf(signed_letter()))
    assert rows(office)[0].letter is not None
    assert rows(office)[0].letter.signature == "valid"
    assert "Chữ ký số của tệp: có, hợp lệ" in " ".join(words(sent_to_department(office)[0]).split())
    view = status(office.config, office.store, office.now)["campaigns"][0]["report"]
    assert (view["state"], view["letter"]["signature"]) == ("released", "valid")


def test_a_picture_of_the_letter_counts_with_the_word_only(office: Whole):
    asked = drafted(office)
    answer(office, asked, "Kính gửi công văn.", pdf(letter()))
    assert newest_reply(office).reason == "answer-not-signed: B1; 145-UBND.pdf"
    assert rows(office)[0].approved_at is None
    answer(office, last(office), "DUYỆT", pdf(letter()))
    assert rows(office)[0].letter is not None
    assert rows(office)[0].letter.signature == ""
    (report,) = sent_to_department(office)
    assert "Chữ ký số của tệp: không" in " ".join(words(report).split())


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (pdf(altered(signed_letter())), "answer-altered"),
        (pdf(b"%PDF-1.7\nbroken"), "answer-file-unreadable"),
        ([("145.docx", "application/msword", b"PK\x03\x04 no")], "answer-not-pdf"),
        (pdf(letter(title="PHONG CHONG LUT BAO NAM 2024")), "answer-not-the-letter"),
        (pdf(letter()) + pdf(letter("146/UBND-KT&HT"), "146.pdf"), "answer-which-file"),
    ],
)
def test_what_is_not_certainly_the_letter_releases_nothing(office: Whole, files: Files, code: str):
    asked = drafted(office)
    answer(office, asked, "DUYỆT", files)
    assert newest_reply(office).reason.startswith(f"{code}: B1")
    assert rows(office)[0].approved_at is None
    assert sent_to_department(office) == []
    assert "[Chưa thực hiện]" in office.subjects(LEADER)[-1]
    answer(office, last(office), "DUYỆT")  # the answer asks again, with a token of its own
    assert rows(office)[0].approved_by == LEADER


def test_of_several_files_the_letter_is_taken(office: Whole):
    asked = drafted(office)
    other = letter(title="PHONG CHONG LUT BAO NAM 2024")
    files = [*pdf(other, "bao-lut.pdf"), *pdf(signed_letter()), *workbook_file(BOOK)]
    answer(office, asked, "", files)
    assert rows(office)[0].letter is not None
    assert rows(office)[0].letter.name == "145-UBND.pdf"
    (report,) = sent_to_department(office)
    assert names(report) == [f"Bao cao {CAMPAIGN}.xlsx", "145-UBND.pdf"]
    assert office.store.submissions(CAMPAIGN, None)[0].points == ()  # nobody's form was read


def test_our_own_files_sent_back_are_no_letter(office: Whole):
    asked = drafted(office)
    files = [
        (str(part.get_filename()), part.get_content_type(), bytes(part.get_content()))
        for part in parsed(asked).iter_attachments()
    ]
    answer(office, asked, "DUYỆT", files)
    assert rows(office)[0].approved_by == LEADER
    assert rows(office)[0].letter is None


# --- returned ------------------------------------------------------------------------------------


def test_a_returned_draft_goes_back_with_its_reason_until_an_officer_says_it_is_done(office):
    asked = drafted(office)
    answer(office, asked, "TRẢ LẠI cần gọi xác minh xã Hòa Cư")
    (row,) = rows(office)
    assert (row.returned_by, row.returned_reason) == (LEADER, "cần gọi xác minh xã Hòa Cư")
    assert "cần gọi xác minh xã Hòa Cư" in last_words(office, OFFICER)
    assert "[Báo cáo được trả lại]" in office.subjects(OFFICER)[-1]
    answer(office, asked, "DUYỆT")
    assert newest_reply(office).reason == f"answer-was-returned: B1; {LEADER}"
    assert sent_to_department(office) == []
    back = last(office, OFFICER)
    assert [row.number for row in rows(office)] == [1]
    answer(office, back, "NHẬN", sender=OFFICER)
    assert [row.number for row in rows(office)] == [1, 2]
    assert "[Trình duyệt]" in office.subjects(LEADER)[-1]
    answer(office, asked, "DUYỆT")
    assert newest_reply(office).reason.startswith("answer-older-draft: B1")
    drafts = [one.raw for one in office.sent if LEADER in one.recipients]
    newest = next(raw for raw in reversed(drafts) if "Trình duyệt" in str(parsed(raw)["Subject"]))
    answer(office, newest, "DUYỆT")
    assert rows(office)[1].approved_by == LEADER
    assert len(sent_to_department(office)) == 1


def test_a_reason_is_asked_for(office: Whole):
    answer(office, drafted(office), "TRẢ LẠI")
    assert newest_reply(office).reason == "answer-no-reason: B1"
    assert rows(office)[0].returned_at is None
    assert "TRẢ LẠI cần kèm lý do" in last_words(office)


# --- nobody else ---------------------------------------------------------------------------------


def test_without_the_token_an_approvers_address_decides_nothing(office: Whole):
    """Whoever forges the From has no token; and one that is guessed is not sealed."""
    asked = drafted(office)
    office.deliver(mail(LEADER, "Re: báo cáo", body="DUYỆT"))
    office.tick()
    assert newest_reply(office).verdict == "approval"
    subject = f"{parsed(asked)['Subject']}"
    forged = subject.rpartition("-")[0] + "-AAAAAAAAAAAAAAAA]"
    answer(office, asked, "DUYỆT", subject=forged)
    assert newest_reply(office).reason == "answer-forged: B1"
    assert rows(office)[0].approved_at is None


@pytest.mark.parametrize("sender", [HOA_CU_MAIL, OFFICER, SCT, "ai-do@khac.example"])
def test_a_token_serves_nobody_whom_it_was_not_sent_to(office: Whole, sender: str):
    asked = drafted(office)
    answer(office, asked, "DUYỆT", sender=sender)
    assert rows(office)[0].approved_at is None
    assert sent_to_department(office) == []


def test_two_answers_in_one_reply_are_none(office: Whole):
    answer(office, drafted(office), "DUYỆT\nTRẢ LẠI thiếu công văn")
    assert newest_reply(office).reason == "answer-several: B1"
    assert (rows(office)[0].approved_at, rows(office)[0].returned_at) == (None, None)


def test_of_two_approvers_the_first_one_counts(open_office):
    office = open_office()
    path = office.folder / "campaigns" / f"{CAMPAIGN}.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace(f'["{LEADER}"]', f'["{LEADER}", "{DEPUTY}"]'), "utf-8")
    office.restart()
    drafted(office)
    mine, theirs = last(office), last(office, DEPUTY)
    assert mine != theirs
    answer(office, theirs, "TRẢ LẠI kiểm tra lại kinh phí", sender=DEPUTY)
    answer(office, mine, "DUYỆT")
    assert newest_reply(office).reason == f"answer-was-returned: B1; {DEPUTY}"
    assert DEPUTY in last_words(office)
    assert sent_to_department(office) == []
    answer(office, theirs, "DUYỆT")  # of somebody else's mail
    assert newest_reply(office).reason == "answer-forged: B1"


def test_a_token_is_used_once_and_expires(office: Whole):
    asked = drafted(office)
    answer(office, asked, "DUYỆT")
    answer(office, asked, "TRẢ LẠI tôi đổi ý")
    assert newest_reply(office).reason == f"answer-released: B1; {LEADER}"
    assert rows(office)[0].returned_at is None
    assert len(sent_to_department(office)) == 1


def test_a_token_that_is_too_old_is_replaced(office: Whole):
    asked = drafted(office)
    office.tick(office.now + 60 * DAY)
    answer(office, asked, "DUYỆT")
    assert newest_reply(office).reason.startswith("answer-expired: B1")
    answer(office, last(office), "DUYỆT")
    assert rows(office)[0].approved_by == LEADER


def test_a_draft_that_counts_what_was_taken_back_is_not_released(office: Whole):
    asked = drafted(office)
    nil = next(one for one in office.store.messages() if one.sender == GIA_CAT_MAIL)
    office.store.reject(nil.id, "wrong", "officer", office.now)
    office.deliver(reply("gmail", asked, "DUYỆT", sender=LEADER))
    office.tick()
    assert newest_reply(office).reason.startswith(("answer-taken-back: B1", "answer-older-draft"))
    assert [row.approved_at for row in rows(office)] == [None, None]


# --- supplements ---------------------------------------------------------------------------------


def cells(raw: bytes, sheet: str) -> list[str]:
    book = openpyxl.load_workbook(io.BytesIO(attached(raw, ".xlsx")))
    return [str(cell.value) for row in book[sheet].iter_rows() for cell in row if cell.value]


def test_a_late_answer_makes_a_supplement_with_the_difference_alone(office: Whole, tmp_path: Path):
    answer(office, drafted(office), "", pdf(signed_letter()))
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick(office.now + MINUTE)
    asked = next_morning(office, days=1)
    row = rows(office)[-1]
    assert (row.number, row.supplement, row.base) == (2, 1, 1)
    assert "Báo cáo bổ sung số 1" in str(parsed(asked)["Subject"])
    assert "Xã Hòa Cư" in words(asked)
    assert "đã báo cáo “Không gửi”, nay là" in " ".join(words(asked).split())
    assert "Công văn số 145/UBND-KT&HT ngày 22/5/2024" in " ".join(words(asked).split())
    assert names(asked)[0] == f"Bao cao bo sung 1 {CAMPAIGN}.xlsx"
    told = cells(asked, "Bổ sung")
    assert any("BÁO CÁO BỔ SUNG SỐ 1" in one for one in told)
    assert any("XÃ HÒA CƯ (2 điểm)" in one for one in told)
    assert not any("GIA CÁT" in one for one in told)
    answer(office, asked, "DUYỆT", pdf(signed_letter()))  # the earlier letter again
    assert newest_reply(office).reason.startswith("answer-not-the-letter")
    answer(office, asked, "DUYỆT")
    assert [row.approved_by for row in rows(office)] == [LEADER, LEADER]
    assert len(sent_to_department(office)) == 2
    assert "[Báo cáo bổ sung số 1]" in office.subjects(SCT)[-1]
    next_morning(office, days=3)
    assert len(rows(office)) == 2  # nothing differs: no supplement
    comes_out_equal(office, tmp_path / "again")


def test_the_same_answer_again_makes_no_supplement_and_a_correction_does(office: Whole):
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    answer(office, drafted(office), "DUYỆT")
    office.deliver(mail(HOA_CU_MAIL, "Gửi lại", files=workbook_file(form_of_hoa_cu(), "b.xlsx")))
    next_morning(office, days=1)
    assert len(rows(office)) == 1


# --- the Department ------------------------------------------------------------------------------


def test_what_the_department_answers_is_passed_on_and_never_answered(office: Whole, tmp_path: Path):
    answer(office, drafted(office), "", pdf(signed_letter()))
    (report,) = sent_to_department(office)
    files = pdf(letter("700/SCT-QLTM"), "700-SCT.pdf")
    said = "Đề nghị huyện rà soát lại số liệu của xã Hòa Cư."
    office.deliver(reply("outlook", report, said, sender=SCT, files=files))
    office.tick()
    got = newest_reply(office)
    assert (got.verdict, got.state, got.campaign) == ("department", "recorded", CAMPAIGN)
    assert got.reason == f"answers report/{CAMPAIGN}/1"
    assert office.store.held() == []
    assert len(sent_to_department(office)) == 1
    for reader in (LEADER, OFFICER):
        assert "[Sở trả lời]" in office.subjects(reader)[-1]
        assert said in last_words(office, reader)
        assert names(last(office, reader)) == ["700-SCT.pdf"]
    told = status(office.config, office.store, office.now)["department"]
    assert [(one["message"], one["report"], one["sender"]) for one in told] == [(got.id, 1, SCT)]
    before = len(office.sent)
    office.tick(office.now + MINUTE)
    assert len(office.sent) == before
    comes_out_equal(office, tmp_path / "again")


def test_a_new_mail_of_the_department_is_linked_by_its_subject(office: Whole):
    answer(office, drafted(office), "DUYỆT")
    office.deliver(mail(SCT, "V/v báo cáo kết quả đợt 2", body="Sở đã nhận được."))
    office.tick()
    assert newest_reply(office).reason == f"answers report/{CAMPAIGN}/1"


def test_the_department_decides_nothing(office: Whole):
    asked = drafted(office)
    answer(office, asked, "DUYỆT", sender=SCT)
    assert newest_reply(office).verdict == "department"
    assert rows(office)[0].approved_at is None


# --- dossiers ------------------------------------------------------------------------------------


def with_dossiers(office: Whole, room: str = "8MB") -> None:
    """Hòa Cư has registered with a certificate; dossiers travel with the report."""
    for path, old, new in (
        (office.folder / "campaigns" / f"{CAMPAIGN}.toml", "attach_dossiers = false", "true"),
        (office.folder / "settings.toml", 'notice_bytes = "8MB"', f'"{room}"'),
    ):
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, f"{old.split(' = ')[0]} = {new}", 1), "utf-8")
    office.restart()
    office.deliver(mail(HOA_CU_MAIL, files=[*workbook_file(BOOK), *pdf(CERTIFICATE, CERTIFIED)]))


CERTIFICATE = letter("12/GCN-UBND", title="GIẤY CHỨNG NHẬN sản phẩm OCOP")
CERTIFIED = "Giấy chứng nhận OCOP.pdf"


def test_the_dossiers_travel_with_the_report_when_it_is_wanted(office: Whole, tmp_path: Path):
    with_dossiers(office)
    asked = drafted(office)
    assert names(asked)[2:] == ["Ho so 06223 xa hoa cu.zip"]
    with zipfile.ZipFile(io.BytesIO(attached(asked, ".zip"))) as archive:
        (name,) = archive.namelist()
        assert name.endswith(CERTIFIED)
        assert archive.read(name) == CERTIFICATE
    answer(office, asked, "DUYỆT")
    assert names(sent_to_department(office)[0])[2:] == ["Ho so 06223 xa hoa cu.zip"]
    comes_out_equal(office, tmp_path / "again")


def test_dossiers_that_do_not_fit_are_named(office: Whole):
    with_dossiers(office, room="1KB")
    asked = drafted(office)
    assert names(asked)[2:] == ["Ho so khong gui kem.txt"]
    assert "Xã Hòa Cư: 1 tệp" in attached(asked, ".txt").decode("utf-8-sig")


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_dossier_that_the_vault_has_lost_is_named(office: Whole, damage: str):
    """Else the Department would take it that the commune sent none."""
    with_dossiers(office)
    office.tick()
    (came,) = office.store.messages()
    path = office.desk.vault.place.folder / came.sha256[:2] / came.sha256
    whole = path.read_bytes()
    path.unlink()
    if damage == "damaged":
        path.write_bytes(whole[:-1])
    asked = drafted(office)
    assert names(asked)[2:] == ["Ho so khong gui kem.txt"]
    head, line, _ = attached(asked, ".txt").decode("utf-8-sig").split("\r\n")
    assert "không còn đọc được trong kho lưu" in head
    assert line == f"- Xã Hòa Cư: {CERTIFIED}"


def test_a_vault_that_is_away_leaves_no_dossier_out(office: Whole, monkeypatch):
    """The bucket does not answer for a moment: the report is frozen when it does."""
    with_dossiers(office)
    office.tick()
    (came,) = office.store.messages()
    held = Vault.get

    def away(vault: Vault, sha256: str) -> bytes:
        if sha256 == came.sha256:
            raise VaultAway("the bucket does not answer")
        return held(vault, sha256)

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "get", away)
        office.tick(office.config.campaign(CAMPAIGN).report.at + MINUTE)
        assert rows(office) == []
    alerts = [one.key.split("/")[1] for one in office.store.mails() if one.kind == "alert"]
    assert alerts == ["vault"]
    office.tick(office.now + MINUTE)
    assert [file.name for file in rows(office)[0].files][2:] == ["Ho so 06223 xa hoa cu.zip"]


def test_the_archive_holds_the_signed_letter_and_who_decided(office: Whole, tmp_path: Path):
    answer(office, drafted(office), "", pdf(signed_letter()))
    campaign = office.config.campaign(CAMPAIGN)
    export(office.config, office.store, office.desk.vault, campaign, tmp_path / "out", office.now)
    (kept,) = (tmp_path / "out").rglob("145-UBND.pdf")
    assert kept.read_bytes() == signed_letter()


def test_a_spoofed_approver_releases_nothing_where_senders_must_prove_themselves(open_office):
    """Even the right token, stolen from the mailbox, needs the proof of the address."""
    office = open_office(security={"require": '"dmarc"'})
    asked = drafted(office)
    answer(office, asked, "DUYỆT")
    assert newest_reply(office).reason.startswith("unproven-sender")
    assert rows(office)[0].approved_at is None
    assert sent_to_department(office) == []
