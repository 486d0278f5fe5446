"""An officer decides about held messages by answering their notices, between real servers."""

import datetime as dt
from pathlib import Path

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    OFFICER,
    form_of_hoa_cu,
    key_of,
    state,
)
from rigs.replaying import comes_out_equal
from rigs.replies import PROGRAMS, reply
from rigs.whole import CAMPAIGN, Whole, mail, parsed, words, workbook_file

from intake.demo_scenario import HOA_CU
from registry.errors import NotPossible
from registry.model import Event, Message

pytestmark = pytest.mark.e2e

STRANGER = "hoacu2010@gmail.example"
COLLEAGUE = "canbo2.ktht@caoloc.example"
TWO_OFFICERS = {"addresses": f'["{OFFICER}", "{COLLEAGUE}"]'}
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
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


def test_an_officer_drops_a_strangers_mail(office: Whole):
    asked = ask(office, strangers_form())
    answer(office, asked, "BỎ")
    (event,) = decisions(office)
    assert event.kind == "rejected"
    assert state(office) == "waiting"
    assert "người gửi không được trả lời" in last_words(office)
    assert {one.recipients for one in office.sent} == {(OFFICER,)}


def test_a_form_is_returned_with_the_officers_reason(office: Whole):
    """The commune hears why; it wrote, and is not silent."""
    asked = ask(office, mail(HOA_CU_MAIL, "Hỏi về biểu", body="Xã gửi biểu sau được không ạ?"))
    answer(office, asked, "TRẢ LẠI: đề nghị gửi biểu Excel <b>kèm</b> công văn", program="outlook")
    (event,) = decisions(office)
    assert (event.kind, event.data["by"]) == ("rejected", OFFICER)
    returned = next(one.raw for one in office.sent if "Trả lại" in str(parsed(one.raw)["Subject"]))
    assert parsed(returned)["To"] == HOA_CU_MAIL
    assert "“đề nghị gửi biểu Excel <b>kèm</b> công văn”" in " ".join(words(returned).split())
    page = parsed(returned).get_body(("html",))
    assert page is not None
    assert "&lt;b&gt;kèm" in page.get_content()
    assert state(office) == "needs-fix"
    office.tick(office.config.campaigns[0].closes_at + DAY)
    assert state(office) == "needs-fix"


def test_a_query_is_accepted(office: Whole):
    asked = ask(office, mail(HOA_CU_MAIL, "Hỏi", body="Xã gửi biểu ngày mai được không ạ?"))
    answer(office, asked, "NHẬN")
    assert [event.kind for event in decisions(office)] == ["accepted"]
    assert office.store.held() == []


def test_a_forged_token_does_nothing(office: Whole):
    asked = ask(office, strangers_form())
    subject = str(parsed(asked)["Subject"])
    forged = subject[:-5] + ("0000]" if subject[-5:-1] != "0000" else "1111]")
    answer(office, asked, "BỎ", subject=f"Re: {forged}")
    assert decisions(office) == []
    assert [one.reason for one in answers(office)] == ["answer-forged: T1"]
    assert [one.id for one in office.store.held()] == [1]
    assert "không phải là mã mà hệ thống đã gửi" in last_words(office)


def test_a_token_serves_nobody_but_its_addressee(open_office):
    """Not a colleague, not a commune, not a stranger – and whose form it is stays open."""
    office = open_office(officers=TWO_OFFICERS)
    asked = ask(office, strangers_form())
    assert {one.recipients for one in office.sent} == {(OFFICER,), (COLLEAGUE,)}
    mine = notice(office, OFFICER)
    answer(office, mine, "BỎ", sender=COLLEAGUE)
    answer(office, mine, "BỎ", sender=GIA_CAT_MAIL)
    answer(office, mine, "BỎ", sender=STRANGER)
    assert decisions(office) == []
    assert [one.reason for one in answers(office)] == ["answer-forged: T1"]
    ignored = [one for one in office.store.journal(1000) if one.kind == "token-ignored"]
    assert {one.data["sender"] for one in ignored} == {GIA_CAT_MAIL, STRANGER}
    assert 1 in [one.id for one in office.store.held()]
    assert asked


def test_the_first_of_two_officers_decides_and_the_second_is_told(open_office):
    office = open_office(officers=TWO_OFFICERS)
    ask(office, strangers_form())
    first, second = notice(office, OFFICER), notice(office, COLLEAGUE)
    office.deliver(reply("gmail", first, "GÁN xã Hòa Cư", sender=OFFICER))
    later = office.now + dt.timedelta(minutes=1)
    office.deliver(reply("outlook", second, "BỎ", sender=COLLEAGUE), later)
    office.tick(later)  # both in one batch
    assert [event.kind for event in decisions(office)] == ["assigned"]
    assert state(office) == "registered"
    assert f"người quyết định: {OFFICER}" in last_words(office, COLLEAGUE)


def test_the_same_reply_again_changes_nothing_and_says_nothing(office: Whole):
    asked = ask(office, strangers_form())
    one = reply("gmail", asked, "BỎ", sender=OFFICER, Message_ID="<once@caoloc.example>")
    office.deliver(one)
    office.tick()
    told = len(office.sent)
    office.deliver(one)
    office.deliver(b"Received: from relay.example; Mon, 20 May 2024 08:00:00 +0700\r\n" + one)
    office.tick()
    assert len(decisions(office)) == 1
    assert len(office.sent) == told
    assert [each.verdict for each in office.store.messages()].count("copy") == 1


def test_an_expired_token_brings_a_fresh_one(open_office):
    office = open_office(security={"reply_days": "3"})
    asked = ask(office, strangers_form())
    office.tick(office.now + 4 * DAY)
    answer(office, asked, "BỎ")
    assert decisions(office) == []
    fresh = notice(office)
    assert "đã hết hạn" in " ".join(words(fresh).split())
    answer(office, fresh, "BỎ")
    assert [event.kind for event in decisions(office)] == ["rejected"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("BỎ\n\nGÁN xã Hòa Cư", "answer-several: T1"),
        ("Để tôi xem lại đã.", "answer-none: T1"),
        ("GÁN xã Hòa Cư Thượng", "answer-unknown-commune: T1; Xã Hòa Cư"),
        ("TRẢ LẠI sai mẫu", "answer-not-offered: T1"),
    ],
)
def test_an_unclear_answer_decides_nothing_and_the_next_one_does(
    office: Whole, said: str, reason: str
):
    asked = ask(office, strangers_form())
    answer(office, asked, said)
    assert decisions(office) == []
    assert answers(office)[0].reason.startswith(reason)
    assert office.subjects(OFFICER)[-1].startswith("[Chưa thực hiện] Thư số 1")
    answer(office, notice(office), "GÁN xã Hòa Cư", program="iphone")
    assert state(office) == "registered"


def test_a_machine_that_answers_us_is_told_twice_at_most(office: Whole):
    asked = ask(office, strangers_form())
    for _ in range(5):
        answer(office, asked, "Tôi đang đi công tác.")
        asked = notice(office)
    assert office.subjects(OFFICER).count(office.subjects(OFFICER)[-1]) == 2
    assert [one.id for one in office.store.held()] == [1]


def test_an_automatic_reply_that_quotes_a_token_is_one(office: Whole):
    asked = ask(office, strangers_form())
    told = len(office.sent)
    answer(office, asked, "BỎ", Auto_Submitted="auto-replied")
    answer(office, asked, "BỎ", prefix="Automatic reply: ")
    assert decisions(office) == []
    assert [one.verdict for one in office.store.messages()].count("auto-reply") == 2
    assert len(office.sent) == told


def test_a_spoofed_officer_is_held_where_senders_must_prove_themselves(open_office):
    office = open_office(security={"require": '"dmarc"'})
    office.desk.find_key = lambda _name: None
    asked = ask(office, strangers_form())
    answer(office, asked, "BỎ")  # even with a token that somebody has read
    assert decisions(office) == []
    assert [one.reason.partition(":")[0] for one in office.store.held()] == [
        "unknown-sender",
        "unproven-sender",
    ]


def test_without_a_token_a_spoofed_officer_decides_nothing(office: Whole):
    ask(office, strangers_form())
    for subject in ("Re: [Chờ xử lý] Thư số 1", "BỎ thư số 1"):
        office.deliver(mail(OFFICER, subject, body="BỎ"))
    office.tick()
    assert decisions(office) == []
    assert 1 in [one.id for one in office.store.held()]


def test_a_decision_at_the_command_line_comes_first_too(office: Whole):
    asked = ask(office, strangers_form())
    office.store.reject(1, "", "canbo", office.now)
    answer(office, asked, "GÁN xã Hòa Cư")
    assert [event.kind for event in decisions(office)] == ["rejected"]
    assert [one.reason for one in answers(office)] == ["answer-stale: T1"]


def test_a_message_marked_secret_can_be_dropped_by_reply(office: Whole):
    """Its notice must not carry the mark, or the answer would be held for it."""
    asked = ask(office, mail(HOA_CU_MAIL, "Báo cáo [MẬT]", files=workbook_file(BOOK)))
    assert list(parsed(asked).iter_attachments()) == []
    answer(office, asked, "BỎ", program="outlook")
    assert [event.kind for event in decisions(office)] == ["rejected"]
    assert office.store.held() == []


def test_a_notice_carries_the_files_that_officers_can_open(open_office):
    office = open_office(limits={"notice_bytes": '"40kB"'})
    files = [
        *workbook_file(BOOK),
        ("ảnh.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(60_000)),
        ("biểu.pdf", "application/pdf", b"MZ this is a program"),
        ("chạy.exe", "application/octet-stream", b"MZ"),
    ]
    asked = ask(office, mail(STRANGER, "Biểu", files=files, body="Gửi phòng biểu của xã."))
    (form,) = parsed(asked).iter_attachments()
    assert (form.get_filename(), form.get_content()) == ("Biểu đăng ký.xlsx", BOOK)
    text = " ".join(words(asked).split())
    assert "“Gửi phòng biểu của xã.”" in text
    for name in ("ảnh.png: vượt dung lượng", "biểu.pdf: không phải", "chạy.exe: không phải"):
        assert name in text


def test_a_disguised_senders_files_and_words_are_not_passed_on(office: Whole):
    disguised = mail("hoacu@caol0c.example", files=workbook_file(BOOK), body="Mở tệp ngay ạ.")
    asked = ask(office, disguised)
    assert list(parsed(asked).iter_attachments()) == []
    assert "Mở tệp ngay" not in words(asked)
    assert "Biểu đăng ký.xlsx: người gửi có thể là giả mạo" in words(asked)


def test_an_answer_that_is_left_unfinished_is_finished_after_a_kill(office: Whole, monkeypatch):
    """Somebody decides at the command line between our look and our writing: no half state."""
    asked = ask(office, strangers_form())
    apply = "registry.record_rows.apply_decision"

    def meanwhile(*_: object) -> None:
        raise NotPossible("decided meanwhile")

    with monkeypatch.context() as patch:
        patch.setattr(apply, meanwhile)
        answer(office, asked, "BỎ")
    assert decisions(office) == []
    assert answers(office) == []
    office.store.reject(1, "", "canbo", office.now)
    office.tick(office.now + dt.timedelta(minutes=5))
    assert [one.reason for one in answers(office)] == ["answer-stale: T1"]
    assert len(decisions(office)) == 1


def test_a_notice_about_a_reply_asks_about_that_reply_alone(office: Whole):
    """A commune answers with an officer's token: the next notice must not carry that one too."""
    asked = ask(office, strangers_form())
    answer(office, asked, "Cho hỏi thư này là gì?", sender=GIA_CAT_MAIL)
    assert [one.id for one in office.store.held()] == [1, 2]
    answer(office, notice(office), "BỎ")
    assert [event.kind for event in decisions(office, 2)] == ["rejected"]
    assert decisions(office, 1) == []


def test_an_older_answer_that_is_accepted_does_not_pass_for_the_one_that_counts(office: Whole):
    """A nil return is held, a form comes after it: whoever hears of the nil hears what counts."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    asked = ask(office, mail(HOA_CU_MAIL, "bc", body="Qua rà soát, xã không có nhu cầu."))
    office.now += HOUR
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu(HOA_CU[:1]))))
    office.tick()
    answer(office, asked, "NHẬN")
    assert state(office) == "registered"
    counts = office.store.current_submission(CAMPAIGN, key_of(office, "06223"))
    assert counts is not None
    told = [one for one in office.sent if one.recipients == (HOA_CU_MAIL,)][-1]
    assert str(parsed(told.raw)["Subject"]).startswith("[Đã lưu – bản đến sau có hiệu lực]")
    for said in (" ".join(words(told.raw).split()), last_words(office)):
        assert counts.receipt in said
        assert "có hiệu lực" in said
