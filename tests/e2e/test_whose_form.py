"""A stranger's form: the commune that it names is asked at its registered address.

Between real servers. The stranger himself never hears of it.
"""

import datetime as dt
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook
from rigs.answering import HOA_CU_MAIL, OFFICER, form_of_gia_cat, form_of_hoa_cu, newest, state
from rigs.cast import moment
from rigs.replaying import comes_out_equal
from rigs.replies import reply
from rigs.whole import CAMPAIGN, Whole, mail, parsed, words, workbook_file

from intake.demo_documents import typed
from intake.demo_scenario import HOA_CU
from notifier.fill_in import fill_in_workbook
from notifier.filled import filled
from registry.model import Message

pytestmark = pytest.mark.e2e

STRANGER = "hoacu2010@gmail.example"
ASKING = {"ask_communes": "true"}
BOOK = form_of_hoa_cu()
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def office(open_office) -> Whole:
    return open_office(security=ASKING)


def strangers_form(book: bytes = BOOK, sender: str = STRANGER, **headers: str) -> bytes:
    return mail(sender, "Biểu OCOP", files=workbook_file(book), **headers)


def question(office: Whole, to: str = HOA_CU_MAIL) -> bytes:
    return next(one.raw for one in reversed(office.sent) if one.recipients == (to,))


def ask(office: Whole, raw: bytes | None = None) -> bytes:
    office.deliver(raw or strangers_form())
    office.tick()
    return question(office)


def message(office: Whole, number: int = 1) -> Message:
    return office.store.message(number)


def assigned(office: Whole, number: int = 1) -> list[object]:
    story = office.store.journal(1000, subject=f"message {number}")
    return [event.data["by"] for event in story if event.kind == "assigned"]


def test_the_commune_is_asked_and_nothing_is_recorded_before_it_answers(office: Whole):
    asked = ask(office)
    text = " ".join(words(asked).split())
    assert "ho…@gmail.example" in text
    assert STRANGER not in text
    assert "Số điểm trong biểu: 2" in text
    (form,) = parsed(asked).iter_attachments()
    assert form.get_content() == BOOK
    assert message(office).commune is None
    assert state(office) == "waiting"
    told = " ".join(words(question(office, OFFICER)).split())
    assert "đã hỏi địa chỉ đã đăng ký của đơn vị đó" in told
    assert "GÁN xã Hòa Cư" in told


@pytest.mark.parametrize("program", ["outlook-vi", "gmail", "iphone", "bare"])
def test_one_word_adopts_it_with_its_own_time_of_arrival(office: Whole, program: str):
    arrived = office.now
    asked = ask(office)
    office.now += 6 * HOUR
    office.deliver(reply(program, asked, "ĐÚNG", sender=HOA_CU_MAIL))
    office.tick()
    assert assigned(office) == [HOA_CU_MAIL]
    assert (state(office), message(office).received_at) == ("registered", arrived)
    assert "OCOP2-06223-01" in office.subjects(HOA_CU_MAIL)[-1]
    assert len(office.subjects(HOA_CU_MAIL)) == 2
    assert all(STRANGER not in one.recipients for one in office.sent)


def test_the_whole_story_is_the_same_when_it_is_replayed(office: Whole, tmp_path: Path):
    asked = ask(office)
    office.deliver(reply("gmail", asked, "Đúng ạ", sender=HOA_CU_MAIL))
    office.tick()
    office.deliver(reply("gmail", asked, "ĐÚNG", sender=HOA_CU_MAIL))
    office.tick()
    comes_out_equal(office, tmp_path / "again")


@pytest.mark.parametrize("said", ["KHÔNG PHẢI", "Không phải của xã ạ", "Để tôi hỏi lại", "NHẬN"])
def test_any_other_answer_leaves_it_to_the_officers(office: Whole, said: str):
    asked = ask(office)
    office.deliver(reply("outlook", asked, said, sender=HOA_CU_MAIL))
    office.tick()
    assert assigned(office) == []
    assert [one.id for one in office.store.held()] == [1, 2]
    assert said in " ".join(words(question(office, OFFICER)).split())


@pytest.mark.parametrize("sender", ["giacat@caoloc.example", OFFICER, STRANGER])
def test_nobody_else_can_adopt_it(office: Whole, sender: str):
    asked = ask(office)
    office.deliver(reply("gmail", asked, "ĐÚNG", sender=sender))
    office.tick()
    assert assigned(office) == []
    assert office.store.submissions(CAMPAIGN) == []


def test_what_an_officer_decided_meanwhile_stands(office: Whole):
    asked = ask(office)
    office.store.reject(1, "", "canbo", office.now)
    office.deliver(reply("gmail", asked, "ĐÚNG", sender=HOA_CU_MAIL))
    office.tick()
    assert assigned(office) == []
    assert newest(office).reason == "answer-stale: H1"
    assert "đã được xử lý trước" in " ".join(words(question(office)).split())


@pytest.mark.parametrize("sender", [HOA_CU_MAIL, "chutich.hoacu@caoloc.example"])
def test_an_answer_that_decides_nothing_is_no_silence(office: Whole, sender: str):
    """Too late, or by the chairman to the question that the commune's box got: it has written."""
    asked = ask(office)
    if sender == HOA_CU_MAIL:
        office.store.reject(1, "", "canbo", office.now)
    office.deliver(reply("gmail", asked, "ĐÚNG", sender=sender))
    office.tick()
    assert newest(office).reason.startswith(("answer-stale", "answer-forged"))
    assert assigned(office) == []
    assert state(office) == "needs-fix"
    office.tick(office.config.campaign(CAMPAIGN).closes_at + HOUR)
    assert state(office) == "needs-fix"


def test_an_answer_of_somebody_else_makes_no_commune_heard(office: Whole):
    asked = ask(office)
    office.deliver(reply("gmail", asked, "ĐÚNG", sender=OFFICER))
    office.tick()
    assert state(office) == "waiting"


def test_an_expired_question_is_asked_again(open_office):
    office = open_office(security=ASKING | {"reply_days": "2"})
    asked = ask(office)
    office.tick(office.now + 5 * DAY)
    office.deliver(reply("gmail", asked, "ĐÚNG", sender=HOA_CU_MAIL))
    office.tick()
    assert newest(office).reason == "answer-expired: H1"
    office.deliver(reply("gmail", question(office), "ĐÚNG", sender=HOA_CU_MAIL))
    office.tick()
    assert assigned(office) == [HOA_CU_MAIL]


def test_a_commune_is_asked_so_often_a_day_and_no_more(open_office):
    office = open_office(security=ASKING | {"questions_per_commune_day": "2"})
    for number in range(5):
        office.deliver(strangers_form(sender=f"ai{number}@la.example"))
    office.tick()
    assert len(office.subjects(HOA_CU_MAIL)) == 2
    codes = sorted(one.reason.partition(":")[0] for one in office.store.held())
    assert codes == ["asked-commune"] * 2 + ["unknown-sender"] * 3
    office.tick(office.now + DAY + HOUR)
    office.deliver(strangers_form(sender="ai9@la.example"))
    office.tick()
    assert len([one for one in office.subjects(HOA_CU_MAIL) if "xác nhận" in one]) == 3


def test_at_night_it_waits_for_the_morning(office: Whole):
    office.tick(moment(15, 22))
    office.deliver(strangers_form())
    office.tick()
    assert office.subjects(HOA_CU_MAIL) == []
    office.tick(moment(16, 8))
    assert office.subjects(HOA_CU_MAIL)[0].startswith("[Đề nghị xác nhận]")


@pytest.mark.parametrize(
    "raw",
    [
        mail(STRANGER, "Biểu xã Hòa Cư", body="Biểu của xã Hòa Cư gửi sau."),
        mail(STRANGER, files=workbook_file(BOOK) + workbook_file(form_of_gia_cat(), "hai.xlsx")),
        mail("hoacu@caol0c.example", files=workbook_file(BOOK)),
        mail(STRANGER, "Biểu [MẬT]", files=workbook_file(BOOK)),
    ],
    ids=["words", "two communes", "lookalike", "secret"],
)
def test_nobody_is_asked_about_anything_else(office: Whole, raw: bytes):
    office.deliver(raw)
    office.tick()
    assert {one.recipients for one in office.sent} == {(OFFICER,)}
    assert "asked-commune" not in office.store.held()[0].reason


def test_without_the_setting_nobody_is_asked(open_office):
    office = open_office()
    office.deliver(strangers_form())
    office.tick()
    assert {one.recipients for one in office.sent} == {(OFFICER,)}
    assert office.store.documents(1) == []


def official_book(office: Whole, secret: bytes | None = None) -> bytes:
    """The official workbook of Hòa Cư with one point, of which only the seal tells whose it is."""
    campaign = office.config.campaign(CAMPAIGN)
    whose = next(one for one in office.config.communes if one.code == "06223")
    sealed = fill_in_workbook(
        campaign, whose, office.config.settings.office, secret or office.desk.vault.secret()
    )
    blank = load_workbook(io.BytesIO(sealed))
    blank.worksheets[0]["A1"] = None
    made = io.BytesIO()
    blank.save(made)
    return filled(made.getvalue(), campaign.form, [typed(HOA_CU[0], campaign.form)])


def test_the_seal_of_an_official_workbook_tells_whose_it_is(office: Whole):
    asked = ask(office, strangers_form(official_book(office)))
    assert "Số điểm trong biểu: 1" in " ".join(words(asked).split())


def test_about_a_forged_workbook_nobody_is_asked(office: Whole):
    office.deliver(strangers_form(official_book(office, b"x" * 32)))
    office.tick()
    assert office.subjects(HOA_CU_MAIL) == []
    assert [one.reason for one in office.store.held()] == ["unknown-sender"]
