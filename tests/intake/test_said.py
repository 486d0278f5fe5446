"""What a commune said, and what others said in its mail. The daemon is real, servers are not."""

import contextlib
import email
import email.policy
from email.message import EmailMessage

import pytest
from rigs.answering import NIL, form_of_hoa_cu
from rigs.arrival_desk import HOUR, ArrivalDesk
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, OFFICER, MemoryOffice, Unit
from rigs.replies import reply
from rigs.whole import mail, parsed, workbook_file

from intake.demo_scenario import HOA_CU as ENTRIES
from registry.model import CommuneKey, Message
from registry.snapshot import commune_state, windows

HOA_CU, GIA_CAT = "hoacu@caoloc.example", "giacat@caoloc.example"
STRANGER = "mai.hoang@thudientu.example"
BOOK = workbook_file(form_of_hoa_cu())


class Desk(ArrivalDesk):
    """An office with two communes, and what it makes of their mails."""

    def hears(self, sender: str = HOA_CU, **what: object) -> tuple[str, str]:
        """A mail comes; its reason if it is held, else its verdict, and where Hòa Cư stands."""
        return told(self.gets(mail(sender, **what))), self.state()  # type: ignore[arg-type]

    def decides(self, choice: str, commune: str = "06223") -> tuple[str, str]:
        """An officer decides about the newest message."""
        message, now = max(self.store.messages(), key=lambda one: one.id), self.office.now
        if choice == "assign":
            self.store.assign(message.id, self.key(commune), CAMPAIGN, OFFICER, now)
        else:
            self.store.accept(message.id, OFFICER, now)
        self.office.daemon.until_idle()
        return told(self.store.message(message.id)), self.state()

    def key(self, code: str) -> CommuneKey:
        return next(one.key for one in self.office.desk.config.communes if one.code == code)

    def state(self, code: str = "06223") -> str:
        snapshot = self.store.snapshot(windows(self.office.desk.config.campaigns))
        return commune_state(snapshot, CAMPAIGN, self.key(code))

    @property
    def points(self) -> list[str]:
        """The names of the points that count for Hòa Cư."""
        current = self.store.current_submission(CAMPAIGN, self.key("06223"))
        return [point.row.values["name"] for point in current.points] if current else []

    @property
    def last(self) -> bytes:
        """What left last."""
        return self.office.courier.taken[-1].raw


def told(message: Message) -> str:
    """The code of the reason for which a message is held, else what it was."""
    if message.state == "held":
        return message.reason.partition(":")[0]
    return str(message.verdict)


@pytest.fixture
def open_desk(tmp_path):
    def opened(**changes):
        communes = [Unit("06223", "Hòa Cư", [HOA_CU]), Unit("06235", "Gia Cát", [GIA_CAT])]
        changes = {"officers": {"digest_at": '"23:59"'}} | changes
        office = MemoryOffice(tmp_path / "office", moment(14), communes, changes)
        stack.callback(office.close)
        return Desk(office)

    with contextlib.ExitStack() as stack:
        yield opened


@pytest.fixture
def desk(open_desk):
    return open_desk()


@pytest.fixture
def asking(open_desk):
    """An office that asks communes about strangers' forms."""
    return open_desk(security={"ask_communes": "true"})


def forwarding(inner: bytes, body: str, how: str = "rfc822", **headers: str) -> bytes:
    """A mail of Hòa Cư with another one attached, as mail programs and people attach them."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = HOA_CU, "ocop@caoloc.example", "Xã Hòa Cư trả lời"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    if how == "rfc822":
        made.add_attachment(email.message_from_bytes(inner, policy=email.policy.default))
    else:
        made.add_attachment(
            inner, maintype="application", subtype="octet-stream", filename="thu.eml"
        )
    return made.as_bytes()


# --- mails inside mails ---

PLEA = "Đề nghị hủy bản ghi nhận không có nhu cầu này, xã đã gửi biểu."


@pytest.mark.parametrize("how", ["rfc822", "eml"])
def test_our_own_mail_attached_speaks_for_us_and_not_for_who_attached_it(desk, how):
    desk.gets(mail(HOA_CU, body=NIL))
    ack = desk.last
    assert desk.hears(files=BOOK) == ("correction", "registered")
    for body in (PLEA, "Phòng cho hỏi thư gửi kèm này nghĩa là gì ạ?"):
        assert desk.gets(forwarding(ack, body, how)).state == "held"
        assert len(desk.points) == 2


def test_a_reply_with_our_notice_of_silence_attached_is_not_a_nil_return(desk):
    desk.store.launch(CAMPAIGN, "officer", desk.office.now)
    desk.office.daemon.until_idle()
    for _ in range(3):
        desk.office.pass_time(moment(22, 9) - desk.office.now if _ == 0 else HOUR)
        desk.office.daemon.until_idle()
    notices = [one for one in desk.office.courier.taken if one.key.startswith("silence")]
    silence = next(one for one in notices if one.recipient == HOA_CU)
    message_id = str(parsed(silence.raw)["Message-ID"])
    body = "Kính gửi Phòng, xã đã gửi văn bản từ ngày 17/5 qua iOffice, đề nghị kiểm tra lại."
    found = desk.gets(forwarding(silence.raw, body, In_Reply_To=message_id))
    assert (found.state, found.submission_id) == ("held", None)


def test_the_files_of_our_own_mail_are_not_sent_by_who_attached_it(desk):
    desk.store.launch(CAMPAIGN, "officer", desk.office.now)
    desk.office.daemon.until_idle()
    call = next(one for one in desk.office.courier.taken if one.recipient == HOA_CU)
    found = desk.gets(forwarding(call.raw, "Phòng cho hỏi mẫu biểu gửi kèm ạ"))
    assert told(found) == "words-only"
    assert desk.store.documents(found.id) == []


def test_a_mail_of_another_commune_attached_waits_for_a_person(desk):
    theirs = mail(GIA_CAT, "Gia Cát báo cáo", body=NIL)
    question = "Phòng cho hỏi xã có phải gửi như mẫu của xã bạn gửi kèm không ạ?"
    assert told(desk.gets(forwarding(theirs, question))) == "nil-doubtful"
    assert desk.state() == "in-review"


def test_a_commune_s_own_mail_and_one_from_elsewhere_are_heard_as_before(desk):
    for sender in (HOA_CU, STRANGER):
        assert told(desk.gets(forwarding(mail(sender, body=NIL), f"Thư của {sender}."))) == "nil"


# --- words on behalf of another ---

FOR_HOA_CU = "Gửi nhờ hộp thư xã bạn. Qua rà soát, xã Hòa Cư không có nhu cầu."


@pytest.mark.parametrize(
    "what",
    [
        {"body": FOR_HOA_CU},
        {"body": "Xã Gia Cát đã họp các thôn hôm qua. Xã Hòa Cư không có nhu cầu."},
        {"subject": "UBND xã Hòa Cư báo cáo", "body": NIL},
    ],
)
def test_a_nil_return_in_words_that_name_another_commune_counts_for_nobody_yet(desk, what):
    found = desk.gets(mail(GIA_CAT, **what))
    assert (found.state, found.reason) == ("held", "other-commune: Xã Gia Cát; Xã Hòa Cư")
    assert (desk.state(), desk.state("06235")) == ("waiting", "in-review")
    assert desk.decides("assign") == ("nil", "nil")


def test_an_officer_s_forward_of_words_that_name_another_than_its_subject_waits(desk):
    said = f"---------- Forwarded message ---------\nTừ: <ai@thudientu.example>\n\n{FOR_HOA_CU}"
    assert desk.hears(OFFICER, subject="Fwd: xã Gia Cát", body=said)[0] == "other-commune"
    said = said.replace("Hòa Cư", "Gia Cát")
    assert desk.hears(OFFICER, subject="Fwd: xã Gia Cát", body=said)[0] == "nil"


def test_words_that_name_their_own_commune_or_the_place_of_a_point_do_not_wait(desk):
    assert desk.hears(body=f"UBND xã Hòa Cư báo cáo: {NIL}") == ("nil", "nil")
    said = "Xã gửi biểu; một điểm giáp xã Gia Cát. Các thôn khác không có nhu cầu."
    assert desk.hears(body=said, files=BOOK) == ("correction", "registered")


# --- what a decision settles ---

LATE = "Kính gửi Phòng, em Mai ở UBND xã Hòa Cư. Xã em chưa đăng ký kịp, xin gia hạn đến 25/5."


def test_whose_answer_it_is_does_not_settle_what_it_says(desk):
    """GÁN says whose; a second notice offers NHẬN, and that one settles it."""
    assert desk.hears(STRANGER, body=LATE) == ("unknown-sender", "waiting")
    assert desk.decides("assign") == ("nil-doubtful", "in-review")
    assert "NHẬN" in str(parsed(desk.last).get_body().get_content())
    assert desk.decides("assign") == ("nil-doubtful", "in-review")
    assert desk.decides("accept") == ("nil", "nil")


def test_assigned_words_take_no_points_back(desk):
    desk.hears(files=BOOK)
    body = "Em Mai xã Hòa Cư, ngoài 02 điểm đã gửi xã không có nhu cầu đăng ký thêm ạ."
    desk.hears(STRANGER, body=body)
    assert desk.decides("assign")[0] in {"nil-doubtful", "nil-after-registration"}
    assert len(desk.points) == 2


def test_what_is_clear_is_recorded_when_it_is_known_whose_it_is(desk):
    desk.hears(STRANGER, body=NIL)
    assert desk.decides("assign") == ("nil", "nil")
    desk.hears(STRANGER, body="Xin hỏi mẫu biểu.")
    assert desk.decides("assign")[0] == "query"
    desk.hears(STRANGER, files=BOOK)
    assert desk.decides("assign") == ("correction", "registered")


def test_forms_that_differ_are_joined_by_a_person_s_yes_alone(desk):
    two = [*BOOK, *workbook_file(form_of_hoa_cu(ENTRIES[:1]), "bieu moi.xlsx")]
    assert desk.hears(STRANGER, files=two)[0] == "unknown-sender"
    assert desk.decides("assign") == ("forms-differ", "in-review")
    assert desk.points == []
    assert desk.decides("accept")[0] == "submission"


def test_a_commune_s_yes_to_a_stranger_s_forms_does_not_join_them(asking):
    two = [*BOOK, *workbook_file(form_of_hoa_cu(ENTRIES[:1]), "bieu moi.xlsx")]
    asking.gets(mail(STRANGER, files=two))
    sent = [one for one in asking.office.courier.taken if one.recipient == HOA_CU]
    asking.gets(reply("gmail", sent[0].raw, "ĐÚNG", sender=HOA_CU))
    assert told(asking.store.message(1)) == "forms-differ"
    assert (asking.points, asking.state()) == ([], "in-review")


def test_a_confirmation_of_nothing_known_is_not_held_twice(desk):
    assert desk.hears(body="ĐÚNG")[0] == "confirms-unclear"
    assert desk.decides("accept")[0] == "query"


# --- by a group's address ---


@pytest.mark.parametrize(
    "headers",
    [{"List_Id": "<xa.example>", "Precedence": "list"}, {"Auto_Submitted": "auto-generated"}],
)
def test_a_nil_return_by_a_group_s_address_is_shown_unanswered_and_counts_when_accepted(
    desk, headers
):
    assert desk.hears(body=NIL, **headers) == ("words-only", "in-review")
    assert [one.recipient for one in desk.office.courier.taken] == [OFFICER]
    assert desk.decides("accept") == ("nil", "nil")


# --- links ---


def test_a_telephone_at_zalo_in_a_signature_is_no_file(desk):
    contact = "Trân trọng.\nHoàng Thị Mai\nZalo: https://zalo.me/0912000101"
    assert desk.hears(body=f"{NIL}\n\n{contact}") == ("nil", "nil")
    assert desk.hears(body=f"Xin hỏi mẫu biểu.\n\n{contact}")[0] == "words-only"


@pytest.mark.parametrize("link", ["https://drive.google.com/abc", "https://zalo.me/g/abcdef"])
def test_a_nil_return_beside_a_link_to_a_file_waits_and_a_link_alone_asks_for_the_file(desk, link):
    assert desk.hears(body=f"{NIL}\nChi tiết: {link}")[0] == "nil-doubtful"
    for said in ("Xã gửi biểu", "Tệp lớn, không gửi kèm được"):
        assert desk.hears(body=f"{said}: {link}")[0] == "link"


def test_whose_it_is_does_not_settle_what_a_link_beside_a_nil_return_holds(desk):
    desk.hears(STRANGER, body=f"{NIL}\nBiểu: https://drive.google.com/abc")
    assert desk.decides("assign")[0] == "nil-doubtful"
    assert desk.decides("accept") == ("nil", "nil")
