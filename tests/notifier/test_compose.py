"""What communes, officers and the Department read: facts, wire format, and what must never leak."""

import dataclasses
import email
import email.policy
import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import office as rig

from notifier.compose import (
    Attachment,
    Context,
    Templates,
    WordingProblem,
    check_templates,
    compose,
)
from notifier.debt import Asks
from notifier.due import Due
from notifier.mail_key import made_for
from notifier.sample import sample_dues
from notifier.templates import Rendered
from notifier.token import found_tokens, judge
from notifier.view import view
from parsers.letter import nil_statement
from registry.model import Snapshot

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
HOA_CU = rig.commune(CONFIG, "Hòa Cư")
TEMPLATES = Templates(rig.FOLDER / "templates")
SAMPLES = list(sample_dues(CONFIG))


def due(template: str = "ack-registered", **changes: object) -> Due:
    kind = "ack" if template.startswith("ack") else template
    whole = Due(
        kind=kind,  # type: ignore[arg-type]
        key="ack/9f2c4be81d7a60355c0b/registered",
        to=("hoacu@caoloc.example",),
        template=template,
        not_before=rig.at(16),
        campaign=CAMPAIGN.id,
        commune=HOA_CU.key,
        message_id=1,
    )
    return dataclasses.replace(whole, **changes)


def context(**changes: object) -> Context:
    whole = Context(
        config=CONFIG,
        now=rig.at(16, 9, 45),
        campaign=CAMPAIGN,
        commune=HOA_CU,
        message=rig.message(),
        documents=(rig.document(),),
        submission=rig.submission(CONFIG, "Hòa Cư"),
    )
    return dataclasses.replace(whole, **changes)


def words(one: Due, facts: Context) -> Rendered:
    return TEMPLATES.render(one.template, view(one, facts))


def flat(text: str) -> str:
    return " ".join(text.split())


# --- what is said ---------------------------------------------------------------------------------


def test_an_acknowledgment_says_what_was_received_and_read() -> None:
    said = words(due(), context())
    assert said.subject == "[Đã nhận] 1 điểm – Xã Hòa Cư – Số tiếp nhận OCOP2-06223-01-7"
    for text in (flat(said.text), flat(re.sub(r"<[^>]+>", " ", said.html))):
        for fact in (
            "Kính gửi: UBND xã Hòa Cư",
            "OCOP2-06223-01-7",
            "16/05/2024 09:41 (giờ Việt Nam",
            "Báo cáo đăng ký điểm OCOP",
            "Biểu đăng ký.xlsx",
            rig.SHA,
            rig.POINT["name"],
            "50.000.000 đồng",
            "35,5 m²",
            "trước ngày 21/5/2024",
            "hết ngày 20/5/2024",
            "Phòng Kinh tế và Hạ tầng",
            "Đây là thư tự động",
        ):
            assert fact in text


def test_a_finding_is_named_with_its_cell_and_remedy() -> None:
    facts = context(submission=rig.submission(CONFIG, "Hòa Cư", "needs-fix"))
    said = words(due("ack-needs-fix"), facts)
    assert said.subject.startswith("[Cần sửa 1 chỗ] 1 điểm – Xã Hòa Cư")
    assert "Lỗi – Điện thoại – ô H9 (trang tính “Biểu 1”)" in flat(said.text)
    assert "Đã thấy: Ô để trống Cần ghi: Ghi 10 chữ số, giữ số 0 ở đầu." in flat(said.text)


def test_a_replaced_version_is_named_with_its_time() -> None:
    old = rig.submission(CONFIG, "Hòa Cư", received_at=rig.at(15, 14, 5))
    new = rig.submission(CONFIG, "Hòa Cư", version=2, receipt="OCOP2-06223-02-3")
    said = flat(words(due(), context(submission=new, previous=old)).text)
    assert "bản thứ 2) thay thế bản đã nhận lúc 15/05/2024 14:05" in said


def test_a_late_answer_is_told_so_and_one_after_closing_too() -> None:
    late = rig.message(received_at=rig.at(21, 10))
    said = words(due(), context(message=late, now=rig.at(21, 10)))
    assert said.subject.startswith("[Đã nhận, gửi muộn]")
    assert "ghi riêng ở phần gửi sau thời hạn" in flat(said.text)
    after = rig.message(received_at=rig.at(22, 10))
    said = words(due(), context(message=after, now=rig.at(22, 10)))
    assert said.subject.startswith("[Đã nhận, sau khi chốt số liệu]")
    assert "báo cáo bổ sung" in flat(said.text)


def test_a_nil_return_is_an_answer_and_a_duplicate_points_to_the_first() -> None:
    said = words(due("ack-nil"), context(submission=rig.submission(CONFIG, "Hòa Cư", "nil")))
    assert said.subject.startswith("[Không có nhu cầu – đã ghi] Xã Hòa Cư")
    first = rig.submission(CONFIG, "Hòa Cư")
    said = words(due("ack-duplicate"), context(submission=None, previous=first))
    assert said.subject == "[Đã nhận trước đó] Xã Hòa Cư – Số tiếp nhận OCOP2-06223-01-7"


def test_a_letter_after_the_form_is_put_with_the_answer_that_stands() -> None:
    """Excel first, the công văn an hour later: nobody is asked again whether there is a need."""
    form = rig.submission(CONFIG, "Hòa Cư")
    said = words(due("ack-letter-only"), context(submission=None, previous=form))
    assert said.subject.startswith("[Đã nhận công văn] Xã Hòa Cư")
    assert "số tiếp nhận OCOP2-06223-01-7 (1 điểm). Bản đăng ký vẫn có hiệu lực" in flat(said.text)
    assert "không phải làm gì thêm" in flat(said.text)
    assert "không có nhu cầu" not in flat(said.text).replace("\u00a0", " ")
    to_mend = rig.submission(CONFIG, "Hòa Cư", "needs-fix")
    said = words(due("ack-letter-only"), context(submission=None, previous=to_mend))
    assert "còn 1 chỗ cần sửa" in flat(said.text)
    for before in (None, rig.submission(CONFIG, "Hòa Cư", "nil")):
        said = words(due("ack-letter-only"), context(submission=None, previous=before))
        assert said.subject.startswith("[Cần gửi thêm biểu] Xã Hòa Cư")


@pytest.mark.parametrize(
    "kind", ["unreadable", "link", "empty", "wrong-form", "blank-template", "returned", "too-large"]
)
def test_nobody_who_has_registered_is_told_that_nothing_is(kind: str) -> None:
    nothing, ask = "chưa có nội dung đăng ký được ghi nhận", "“không có nhu cầu”"
    facts = context(submission=None, previous=rig.submission(CONFIG, "Hòa Cư"))
    said = flat(words(due(f"ack-{kind}"), facts).text).replace("\u00a0", " ")
    assert nothing not in said
    assert ask not in said
    assert "Bản đang có hiệu lực vẫn là bản nhận lúc 16/05/2024" in said
    assert nothing in flat(words(due(f"ack-{kind}"), context(submission=None)).text)


@pytest.mark.parametrize("state", ["recorded", "held"])
def test_only_who_was_told_is_said_to_have_been_told(state: str) -> None:
    facts = context(submission=None, message=rig.message(state=state))
    said = flat(words(due("ack-unreadable"), facts).text)
    assert ("Cán bộ phụ trách cũng đã được báo" in said) == (state == "held")


def test_the_call_names_ask_deadline_silence_rule_and_responsibility() -> None:
    form = Attachment("Bieu.xlsx", b"PK")
    said = words(due("call"), context(message=None, submission=None, attachments=(form,)))
    text = flat(said.text)
    for fact in (
        "Công văn số 689/SCT-QLTM ngày 10/5/2024",
        "Hướng dẫn liên ngành số 42/HDLN-SCT-SNNPTNT-SVHTTDL-STC",
        "(qua Phòng Kinh tế và Hạ tầng) trước ngày 21/5/2024",
        "được hiểu là không có nhu cầu",
        "Chủ tịch UBND xã Hòa Cư chịu trách nhiệm trước Chủ tịch UBND huyện Cao Lộc",
        "Bieu.xlsx",
    ):
        assert fact in text


@pytest.mark.parametrize("template", ["reminder", "reminder-last"])
def test_the_subject_of_a_reminder_is_true_on_whatever_day_it_leaves(template: str) -> None:
    """It is fixed when it is queued: a brake, a cap or a server may let it leave days later."""
    subjects = {
        words(
            due(template, kind="reminder"),
            context(message=None, submission=None, now=rig.at(day, 8)),
        ).subject
        for day in (16, 17)
    }
    (subject,) = subjects
    assert "hạn hết ngày 20/5/2024" in subject


def test_the_silence_notice_carries_which_server_accepted_what_when() -> None:
    evidence = (rig.reminder(CONFIG, "Hòa Cư"),)
    facts = context(message=None, submission=None, evidence=evidence, now=rig.at(22, 8))
    text = flat(words(due("silence"), facts).text)
    assert "hoacu@caoloc.example" in text
    assert "Máy chủ đã nhận lúc 16/05/2024 08:01 (máy chủ mx.caoloc.example, trả lời: 250" in text


HELD = due("held", asks=Asks("T", 41, "held/9f2c4be81d7a60355c0b/0"))


def test_a_held_notice_says_why_and_which_answers_there_are() -> None:
    held = rig.message(id=41, state="held", reason="hai biểu khác nhau", campaign=CAMPAIGN.id)
    held = dataclasses.replace(held, commune=HOA_CU.key)
    facts = context(message=held, submission=None, addressee="canbo@caoloc.example")
    text = flat(words(HELD, facts).text)
    assert "hai biểu khác nhau" in text
    for answer in ("NHẬN đồng ý", "GÁN xã Hòa Cư thư này", "TRẢ LẠI lý do không", "BỎ không"):
        assert answer in text


def test_a_held_notice_of_an_infected_mail_offers_no_way_to_open_it() -> None:
    infected = rig.message(id=41, state="held", verdict="infected", reason="infected: Own.Eicar")
    facts = context(message=infected, submission=None, addressee="canbo@caoloc.example")
    text = flat(words(HELD, facts).text)
    assert not re.search("NHẬN|GÁN|TRẢ LẠI", text)
    assert "BỎ không ghi nhận" in text
    assert "không mở thư trên máy tính" in text


def test_what_asks_for_a_decision_is_another_mail_for_each_recipient() -> None:
    """Its own token, Message-ID and To: nobody's token lies in somebody else's mailbox."""
    to = ("canbo@caoloc.example", "canbo2@caoloc.example")
    facts = context(message=rig.message(id=41, state="held"), secret=b"s" * 32)
    made = compose(dataclasses.replace(HELD, to=to), facts, TEMPLATES)
    tokens = {mail.recipient: found_tokens(mail.subject) for mail in made}
    assert len({mail.rfc_message_id for mail in made}) == len({mail.raw for mail in made}) == 2
    for mail in made:
        seen = email.message_from_bytes(mail.raw, policy=email.policy.default)
        assert [mail.recipient] == [seen["To"]]
        assert found_tokens(str(seen["Subject"])) == tokens[mail.recipient]
        for whose, (one,) in tokens.items():
            mine = whose == mail.recipient
            assert (one.code in seen.get_body(("plain",)).get_content()) == mine
            today = rig.at(16).date()
            judged = judge(one, b"s" * 32, HELD.asks.key, mail.recipient, today)
            assert judged == ("good" if mine else "forged")
        assert made_for(mail.key, mail.rfc_message_id, [mail.recipient])
        assert not made_for(mail.key, mail.rfc_message_id, ["somebody@else.example"])


def test_a_token_is_whole_however_long_the_subject_is() -> None:
    long = rig.message(id=41, state="held", subject="Biểu đăng ký " * 60)
    facts = context(message=long, secret=b"s" * 32)
    (mail,) = compose(dataclasses.replace(HELD, to=("canbo@caoloc.example",)), facts, TEMPLATES)
    assert len(found_tokens(mail.subject)) == 1


def test_a_draft_names_the_mail_that_nobody_decided_on_yet() -> None:
    """A held mail may be the answer of a commune that the report calls silent."""
    waiting = dataclasses.replace(rig.message(), state="held", reason="unknown-sender")
    told = words(due("draft"), context(snapshot=Snapshot(held=(waiting,))))
    assert "Còn 1 thư đang chờ cán bộ quyết định" in flat(told.text)
    assert "không có trong danh bạ" in flat(told.text)
    assert "đang chờ" not in words(due("draft"), context(snapshot=Snapshot())).text


def test_a_draft_says_how_to_release_it_and_a_digest_who_waits() -> None:
    snapshot = Snapshot(held=(rig.message(id=41, reason="hai biểu khác nhau"),))
    facts = context(message=None, commune=None, submission=None, snapshot=snapshot)
    assert "intake approve ocop-2024-2" in flat(words(due("draft"), facts).text)
    said = words(due("digest"), facts)
    assert "1 thư chờ xử lý" in said.subject
    assert "Xã Hòa Cư" in said.text


@pytest.mark.parametrize("template", sorted({one.template for one, _ in SAMPLES}))
def test_no_mail_of_ours_reads_as_a_commune_s_nil_return(template: str) -> None:
    """A reply quotes us: our words must never be taken for the commune's (promise 4)."""
    for one, facts in SAMPLES:
        if one.template == template:
            said = words(one, facts)
            body = said.text.splitlines()
            for lines in ([said.subject], body, [said.subject, "", *body]):
                found = nil_statement(lines, CAMPAIGN.form)
                if template == "ack-nil":  # it states what the commune itself wrote
                    assert found != "yes"
                else:
                    assert found == "no"


def test_a_notice_of_silence_without_any_mail_before_it_is_no_nil_return() -> None:
    """It says that there is no proof of a mail that asked, in words of a nil return."""
    said = words(due("silence"), context(evidence=(), message=None, submission=None))
    assert "không có chứng cứ đơn vị đã nhận được thư đề nghị" in flat(said.text)
    assert nil_statement([said.subject, "", *said.text.splitlines()], CAMPAIGN.form) == "no"


def test_no_personal_value_is_in_any_mail() -> None:
    point = rig.point(name="Điểm chợ Hòa Cư, ĐT 0912 000 111")
    facts = context(
        submission=rig.submission(CONFIG, "Hòa Cư", "needs-fix", points=(point,)),
        message=rig.message(subject="Gửi biểu, liên hệ 0912.000.111", reason="gọi 0912000111"),
        documents=(rig.document("Biểu 0912000111.xlsx"),),
        snapshot=Snapshot(held=(rig.message(subject="+84912000111"),)),
        evidence=(rig.reminder(CONFIG, "Hòa Cư"),),
    )
    for template in sorted({one.template for one, _ in SAMPLES}):
        said = words(due(template), facts)
        for text in (said.subject, said.text, said.html):
            assert not re.search(r"912[ .]?000[ .]?111", text)
            assert rig.POINT["representative"] not in text


# --- the wire -------------------------------------------------------------------------------------


def parsed(raw: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def test_headers_say_automatic_and_thread_to_the_sender_s_mail() -> None:
    mail = parsed(compose(due(), context(), TEMPLATES)[0].raw)
    assert mail["Auto-Submitted"] == "auto-replied"
    suppressed = mail["X-Auto-Response-Suppress"].split(", ")
    assert "OOF" in suppressed
    assert "NDR" not in suppressed  # a bounce is evidence
    assert mail["In-Reply-To"] == mail["References"] == "<abc@hoacu.example>"
    assert mail["X-Commune-Intake"] == due().key
    assert mail["Date"] == "Thu, 16 May 2024 09:45:00 +0700"
    assert mail["From"].addresses[0].display_name == "UBND huyện Cao Lộc"
    unasked = parsed(compose(due("call"), context(message=None), TEMPLATES)[0].raw)
    assert unasked["Auto-Submitted"] == "auto-generated"
    assert unasked["In-Reply-To"] is None


def test_one_mail_per_recipient_with_the_same_bytes_and_id() -> None:
    one = due(to=("a@x.example", "b@x.example"), cc=("c@x.example", "a@x.example"))
    mails = compose(one, context(), TEMPLATES)
    assert [mail.recipient for mail in mails] == ["a@x.example", "b@x.example", "c@x.example"]
    assert len({mail.raw for mail in mails}) == len({mail.rfc_message_id for mail in mails}) == 1
    assert mails == compose(one, context(), TEMPLATES)
    other = compose(due(key="ack/other"), context(), TEMPLATES)[0]
    assert other.rfc_message_id != mails[0].rfc_message_id


def assert_plain_wire(raw: bytes) -> None:
    raw.decode("ascii")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize("index", range(len(SAMPLES)))
def test_fault_106_ascii_on_the_wire_correct_on_reading(index: int) -> None:
    """A server without SMTPUTF8/8BITMIME carries Vietnamese subjects, names and filenames."""
    one, facts = SAMPLES[index]
    mail = compose(one, facts, TEMPLATES)[0]
    assert_plain_wire(mail.raw)
    read = parsed(mail.raw)
    assert read["Subject"] == mail.subject
    assert read.get_body(("plain",)).get_content() == words(one, facts).text  # type: ignore[union-attr]
    assert read.get_body(("html",)).get_content() == words(one, facts).html  # type: ignore[union-attr]


def test_fault_106_attachment_names_in_both_encodings() -> None:
    """RFC 2231 for programs that follow it, RFC 2047 in name= for those that do not."""
    name = "Biểu đăng ký xã Hòa Cư.xlsx"
    files = (Attachment(name, b"PK\x03\x04" * 500, "application/vnd.ms-excel"),)
    raw = compose(due("call"), context(attachments=files), TEMPLATES)[0].raw
    assert_plain_wire(raw)
    part = next(parsed(raw).iter_attachments())
    assert part.get_filename() == name
    assert part.get_content() == b"PK\x03\x04" * 500
    old = re.search(rb'name="(=\?utf-8\?[^"]+)"', raw)
    assert old is not None
    assert str(make_header(decode_header(old[1].decode()))) == name


@pytest.mark.parametrize(
    "strange",
    [
        "a\r\nBcc: x@evil.example",
        "\udcc3\ud800",
        "x" * 5000,
        "\x00\x07",
        "\u202eabc",
        "=?utf-8?b?",
        "",
    ],
)
def test_fault_107_strange_text_is_sanitised_before_composing(strange: str) -> None:
    """CR/LF, lone surrogates and endless names in subject, file or commune kill no batch."""
    facts = context(
        message=rig.message(subject=strange, rfc_message_id=strange, sender=strange),
        commune=dataclasses.replace(HOA_CU, name=strange),
        documents=(rig.document(strange),),
        submission=rig.submission(CONFIG, "Hòa Cư", points=(rig.point(name=strange or "x"),)),
        attachments=(Attachment(strange, b"x", strange),),
    )
    for template in ("ack-registered", "ack-link", "held", "call"):
        one = due(template, to=("hoacu@caoloc.example", f"{strange}@x.example"), key=strange)
        mail = compose(one, facts, TEMPLATES)[0]
        assert_plain_wire(mail.raw)
        assert "\n" not in mail.subject
        assert parsed(mail.raw)["Bcc"] is None


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), max_size=80), st.text(st.characters(), max_size=80))
def test_compose_never_raises_for_what_a_sender_may_write(subject: str, name: str) -> None:
    facts = context(message=rig.message(subject=subject), documents=(rig.document(name),))
    assert_plain_wire(compose(due(), facts, TEMPLATES)[0].raw)


def test_html_is_escaped_and_loads_nothing_from_outside() -> None:
    facts = context(documents=(rig.document("<img src=x onerror=alert(1)>.xlsx"),))
    said = words(due(), facts)
    assert "&lt;img" in said.html
    assert not re.search(r"<(img|link|script|iframe)|url\(|https?://", said.html)
    assert '<html lang="vi"' in said.html


# --- broken wordings ------------------------------------------------------------------------------


def test_the_shipped_templates_render_for_every_kind() -> None:
    assert check_templates(rig.FOLDER / "templates", CONFIG) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ack-nil.j2", "{% extends layout %}{% block body %}{{ chair }}{% endblock %}", "chair"),
        ("ack-nil.j2", "{% extends layout %}{% block body %}", "ack-nil.j2:1"),
        ("layout.html", "\n{{ office.nam }}", "templates/layout.html:2: UndefinedError"),
        ("official-letter.docx", "not a docx", "official-letter.docx"),
        ("official-letter.docx", None, "official-letter.docx"),
        ("call.j2", "{% extends layout %}", "subject block is empty"),
        ("call.j2", None, "call"),
    ],
)  # fmt: skip
def test_fault_108_a_broken_template_is_named_and_others_go(
    tmp_path, name: str, text: str | None, said: str
) -> None:
    """`check` names file, line and reason; at run time only mails of that wording wait."""
    for file in (rig.FOLDER / "templates").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    problems = check_templates(tmp_path, CONFIG)
    assert any(said in problem for problem in problems)
    templates = Templates(tmp_path)
    if name == "ack-nil.j2":
        nil = context(submission=rig.submission(CONFIG, "Hòa Cư", "nil"))
        with pytest.raises(WordingProblem):
            compose(due("ack-nil"), nil, templates)
        assert compose(due(), context(), templates)


def test_a_template_cannot_reach_python(tmp_path) -> None:
    for file in (rig.FOLDER / "templates").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    spell = "{% block subject %}{{ office.__class__.__mro__[1].__subclasses__() }}{% endblock %}"
    (tmp_path / "call.j2").write_text("{% extends layout %}" + spell, "utf-8")
    with pytest.raises(WordingProblem):
        compose(due("call"), context(), Templates(tmp_path))


def test_wordings_are_compiled_again_only_when_one_was_edited(tmp_path):
    for file in (rig.FOLDER / "templates").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    templates = Templates(tmp_path)
    assert templates.renewed() is templates
    (tmp_path / "ack-nil.j2").unlink()
    renewed = templates.renewed()
    assert renewed is not templates
    assert "ack-nil" in templates.names() - renewed.names()
