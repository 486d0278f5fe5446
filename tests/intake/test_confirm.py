"""ĐÚNG by reply: what it confirms, and what it does not. The daemon is real, servers are not."""

import datetime as dt
import functools
import io
import itertools

import openpyxl
import pytest
from rigs.answering import form_of_hoa_cu
from rigs.arrival_desk import ArrivalDesk
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, OFFICER, MemoryOffice, Unit
from rigs.replies import PREFIXES, PROGRAMS, reply
from rigs.whole import mail, parsed, words, workbook_file

from intake.confirm import receipts_in, says_right
from intake.demo_scenario import HOA_CU
from registry.model import Submission

WHO = "hoacu@caoloc.example"
CHAIR = "chutich.hoacu@caoloc.example"
OTHER = "giacat@caoloc.example"
KEY = ("06223", dt.date(2020, 1, 1))


@functools.cache
def doubtful(area: str = "khoảng 45,5", **faults: object) -> bytes:
    """A form that is read with a doubt about an area; ``faults`` are written into its first row."""
    book = openpyxl.load_workbook(io.BytesIO(form_of_hoa_cu()))
    sheet = book.worksheets[0]
    old = {"area_m2": 45.5, "representative": "Hoàng Thị Mai"}
    for key, value in {"area_m2": area, **faults}.items():
        cell = next(c for row in sheet.iter_rows() for c in row if c.value == old[key])
        cell.value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Desk(ArrivalDesk):
    """An office with two communes, and what they see of it."""

    def gets_form(self, data: bytes | None = None, name: str = "Biểu đăng ký.xlsx") -> bytes:
        """A commune sends a form; the acknowledgment."""
        self.gets(mail(WHO, files=workbook_file(data or doubtful(), name)))
        return self.last

    @property
    def last(self) -> bytes:
        """The newest mail to Hòa Cư."""
        return next(one.raw for one in reversed(self.office.courier.taken) if one.recipient == WHO)

    @property
    def current(self) -> Submission:
        found = self.store.current_submission(CAMPAIGN, KEY)
        assert found is not None
        return found

    @property
    def mark(self) -> str:
        """What the newest mail says of the outcome."""
        return str(parsed(self.last)["Subject"]).partition("]")[0].lstrip("[")


@pytest.fixture
def desk(tmp_path):
    office = MemoryOffice(
        tmp_path / "config",
        moment(15, 9),
        [Unit("06223", "Hòa Cư", [WHO], [CHAIR]), Unit("06235", "Gia Cát", [OTHER])],
        {"smtp": {"rate_per_minute": "100000"}},
    )
    yield Desk(office)
    office.close()


def attached(raw: bytes) -> list[tuple[str, bytes]]:
    """The files of a mail by name."""
    return [(one.get_filename(), one.get_content()) for one in parsed(raw).iter_attachments()]


def is_sure(version: Submission) -> bool:
    return all(value >= 0.9 for one in version.points for value in one.row.confidence.values())


# --- words ---


@pytest.mark.parametrize(
    "text",
    [
        "ĐÚNG",
        "Đúng ạ.",
        "“Đúng”!",
        "Kính gửi Phòng Kinh tế và Hạ tầng,\n\nĐÚNG\n\nTrân trọng",
        "Đúng rồi ạ\nUBND xã Hòa Cư\nNguyễn Văn Mẫu\nĐT: 0912 345 678",
        "Đúng\n\n-- \nVăn phòng UBND xã",
        "ĐÚNG\nXin cảm ơn!",
        "\u0110U\u0301NG",
    ],
)
def test_one_word_is_a_yes(text: str) -> None:
    assert says_right(text)


@pytest.mark.parametrize(
    "text",
    [
        "không đúng",
        "Đúng nhưng thiếu một điểm",
        "ĐÚNG\nNhưng điểm 2 thiếu số điện thoại",
        "ĐÚNG\nĐiểm 2 sửa diện tích thành 40",
        "ĐÚNG\nXã còn một điểm nữa",
        "Chưa\nĐÚNG",
        "dung",
        "Đúng không ạ?",
        "ĐÚNG\nBỎ",
        "",
        "> ĐÚNG",
        "Cảm ơn, không\nĐÚNG",
    ],
)
def test_anything_more_is_for_a_person(text: str) -> None:
    assert not says_right(text)


def test_receipts_in_a_subject_must_be_right() -> None:
    assert receipts_in("RE: [Đã nhận] – Số tiếp nhận OCOP2-06223-01-9") == ("OCOP2-06223-01-9",)
    assert receipts_in("RE: OCOP2-06223-01-8, ngày 2024-05-21-3") == ()


# --- what it confirms ---


@pytest.mark.parametrize(
    ("program", "threaded"), list(zip(PROGRAMS, itertools.cycle([True, False])))
)
def test_a_yes_in_any_program_makes_the_version_certain(desk, program, threaded):
    ack = desk.gets_form()
    first = desk.current
    assert not is_sure(first)
    got = desk.gets(reply(program, ack, "ĐÚNG", sender=WHO, threaded=threaded))
    assert (got.state, got.verdict, got.ack) == ("recorded", "confirmation", "confirmed")
    second = desk.current
    assert (second.version, second.state, second.message_id) == (2, "registered", got.id)
    assert second.source_id == first.message_id
    assert [one.row.values for one in second.points] == [one.row.values for one in first.points]
    assert is_sure(second)
    assert [one.code for one in second.findings if one.severity == "warning"] == []
    assert desk.mark == "Đã xác nhận"


@pytest.mark.parametrize(("prefix", "sender"), list(zip(PREFIXES, itertools.cycle([WHO, CHAIR]))))
def test_whatever_stands_before_the_subject(desk, prefix, sender):
    ack = desk.gets_form()
    desk.gets(reply("outlook", ack, "Đúng ạ", sender=sender, prefix=prefix, threaded=False))
    assert desk.current.version == 2


def test_what_is_missing_stays_missing(desk):
    """The doubt is settled, the error told again; without doubts there is no new version."""
    ack = desk.gets_form(doubtful(representative=None))
    assert desk.mark == "Cần sửa 1 chỗ"
    desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO))
    assert (desk.current.version, desk.current.state) == (2, "needs-fix")
    assert is_sure(desk.current)
    assert desk.mark == "Cần sửa 1 chỗ"
    told = " ".join(words(desk.last).split())
    assert "đã ghi nhận trả lời “ĐÚNG”" in told
    assert "“ĐÚNG” không thay được giá trị còn thiếu" in told
    got = desk.gets(reply("gmail", desk.last, "ĐÚNG", sender=WHO))
    assert (got.ack, desk.current.version, desk.mark) == (
        "confirm-nothing",
        2,
        "Còn 1 chỗ cần sửa",
    )


def test_a_second_yes_changes_nothing(desk):
    ack = desk.gets_form()
    desk.gets(reply("iphone", ack, "ĐÚNG", sender=WHO))
    got = desk.gets(reply("iphone", ack, "ĐÚNG", sender=CHAIR))
    assert (got.state, got.ack, desk.current.version) == ("recorded", "confirm-nothing", 2)
    got = desk.gets(reply("iphone", desk.last, "ĐÚNG", sender=WHO))
    assert (got.ack, desk.current.version) == ("confirm-nothing", 2)
    assert desk.mark == "Đã ghi nhận trước đó"


def test_a_yes_to_what_is_clear_is_thanked_for(desk):
    ack = desk.gets_form(form_of_hoa_cu())
    got = desk.gets(reply("samsung", ack, "ĐÚNG", sender=WHO))
    assert (got.state, got.ack, desk.current.version) == ("recorded", "confirm-nothing", 1)


def test_a_yes_to_a_nil_return_is_thanked_for(desk):
    desk.gets(mail(WHO, body="Xã không có nhu cầu."))
    got = desk.gets(reply("gmail", desk.last, "ĐÚNG", sender=WHO))
    assert (got.state, got.ack, desk.current.state) == ("recorded", "confirm-nothing", "nil")


@pytest.mark.parametrize("threaded", [True, False])
def test_a_yes_to_an_older_version_confirms_none(desk, threaded):
    first = desk.gets_form()
    desk.gets_form(doubtful("khoảng 60"))
    got = desk.gets(reply("outlook-vi", first, "ĐÚNG", sender=WHO, threaded=threaded))
    assert (got.state, got.ack) == ("recorded", "confirm-older")
    assert (desk.current.version, is_sure(desk.current)) == (2, False)
    assert "đã có bản mới hơn" in desk.mark
    told = " ".join(words(desk.last).split())
    assert desk.current.receipt in told
    assert "60" in told
    desk.gets(reply("outlook-vi", desk.last, "ĐÚNG", sender=WHO, threaded=threaded))
    assert (desk.current.version, is_sure(desk.current)) == (3, True)


def test_the_thread_and_the_subject_must_agree(desk):
    """Who answers one mail under the subject of another may mean either."""
    first = desk.gets_form()
    second = desk.gets_form(doubtful("khoảng 60"))
    subject = f"Re: {parsed(second)['Subject']}"
    got = desk.gets(reply("bare", first, "ĐÚNG", sender=WHO, subject=subject))
    assert (got.state, got.reason) == ("held", "confirms-unclear: several versions named")
    assert not is_sure(desk.current)


def test_a_yes_to_nothing_of_ours_is_held(desk):
    desk.gets_form()
    for raw in (
        mail(WHO, "Đăng ký", body="ĐÚNG"),
        mail(WHO, "Re: OCOP2-06223-01-3", body="ĐÚNG"),  # its check digit is wrong
    ):
        got = desk.gets(raw)
        assert (got.state, got.reason) == ("held", "confirms-unclear: no version named")
        assert got.commune == KEY
    assert desk.current.version == 1


def test_only_the_commune_itself_confirms(desk):
    ack = desk.gets_form()
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender=OTHER))
    assert (got.state, got.reason) == ("held", "confirms-unclear: another commune")
    assert got.commune is not None
    assert got.commune[0] == "06235"
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender="nguoila@khac.example"))
    assert (got.state, got.verdict) == ("held", "stranger")
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender=OFFICER))
    assert got.state == "held"
    assert (desk.current.version, is_sure(desk.current)) == (1, False)


def test_an_address_that_proves_nothing_confirms_nothing(tmp_path):
    office = MemoryOffice(
        tmp_path / "config",
        moment(15, 9),
        [Unit("06223", "Hòa Cư", [WHO])],
        {"security": {"require": '"dmarc"', "trusted_authserv_ids": '["mx.caoloc.example"]'}},
    )
    desk = Desk(office)
    passed = {"Authentication_Results": "mx.caoloc.example; dmarc=pass header.from=caoloc.example"}
    failed = {"Authentication_Results": "mx.caoloc.example; dmarc=fail header.from=caoloc.example"}
    desk.gets(mail(WHO, files=workbook_file(doubtful()), **passed))
    got = desk.gets(reply("gmail", desk.last, "ĐÚNG", sender=WHO, **failed))
    assert (got.state, got.verdict, desk.current.version) == ("held", "stranger", 1)
    desk.gets(reply("gmail", desk.last, "ĐÚNG", sender=WHO, **passed))
    assert desk.current.version == 2
    office.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_quoted_confirms_nothing(desk, program):
    """Our own mail says ĐÚNG; whoever only thanks for it has not said it."""
    ack = desk.gets_form()
    assert "“ĐÚNG”" in words(ack)
    got = desk.gets(reply(program, ack, "Đã nhận được thư.", sender=WHO))
    assert (got.state, got.reason, desk.current.version) == ("held", "words-only", 1)
    got = desk.gets(reply(program, ack, "Không đúng", sender=WHO))
    assert (got.state, got.reason, desk.current.version) == ("held", "words-only", 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"prefix": "Trả lời tự động: "},
    ],
    ids=str,
)
def test_an_automatic_reply_confirms_nothing(desk, headers):
    ack = desk.gets_form()
    got = desk.gets(reply("outlook", ack, "ĐÚNG", sender=WHO, **headers))
    assert (got.verdict, got.ack, desk.current.version) == ("auto-reply", "", 1)


def test_a_form_beside_the_word_counts(desk):
    ack = desk.gets_form()
    book = workbook_file(form_of_hoa_cu(HOA_CU[:1]))
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO, files=book))
    assert (got.verdict, got.ack) == ("correction", "registered")
    assert len(desk.current.points) == 1


def test_the_same_file_beside_the_word_is_only_a_copy_of_it(desk):
    """Some programs send back what they got: then the word is what is new."""
    ack = desk.gets_form()
    got = desk.gets(reply("iphone", ack, "ĐÚNG", sender=WHO, files=workbook_file(doubtful())))
    assert (got.verdict, desk.current.version, is_sure(desk.current)) == ("confirmation", 2, True)


def test_the_workbook_sent_back_as_it_is_confirms_as_well(desk):
    ack = desk.gets_form()
    ((name, book),) = attached(ack)
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO, files=workbook_file(book, name)))
    assert (got.verdict, got.ack, is_sure(desk.current)) == ("correction", "registered", True)
    assert "không có thay đổi" in " ".join(words(desk.last).split()).lower()


def test_the_workbook_of_an_older_version_is_told_apart(desk):
    """It may undo what was corrected meanwhile."""
    first = desk.gets_form(doubtful("khoảng 60"))
    desk.gets_form(form_of_hoa_cu())
    receipt = desk.current.receipt
    ((name, book),) = attached(first)
    desk.gets(reply("gmail", first, "Gửi biểu.", sender=WHO, files=workbook_file(book, name)))
    (told,) = [one for one in desk.current.findings if one.code == "workbook-of-older"]
    assert receipt in told.message
    assert "Bản này: 60" in " ".join(words(desk.last).split())


def test_papers_beside_the_word_go_to_the_dossier(desk):
    ack = desk.gets_form()
    text = "CAM KẾT DUY TRÌ HOẠT ĐỘNG CỦA ĐIỂM\nHTX cam kết duy trì."
    paper = [("Bản cam kết.txt", "text/plain", text.encode())]
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO, files=paper))
    assert (got.verdict, desk.current.version) == ("confirmation", 2)
    assert [one.item for one in desk.store.dossier(CAMPAIGN, KEY)] == ["commitment"]


def test_a_yes_after_the_deadline_makes_nothing_late(desk):
    ack = desk.gets_form()
    desk.office.pass_time(moment(21, 9) - desk.office.now)
    desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO))
    assert (desk.current.version, desk.current.late, desk.current.after_close) == (2, False, False)
    assert "muộn" not in words(desk.last)


def test_what_is_taken_back_takes_its_confirmation_along(desk):
    ack = desk.gets_form()
    first = desk.current
    desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO))
    desk.store.reject(first.message_id, "wrong commune", "officer", desk.office.now)
    assert desk.store.current_submission(CAMPAIGN, KEY) is None
    assert [one.withdrawn for one in desk.store.submissions(CAMPAIGN, KEY)] == [True, True]
    got = desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO))
    assert got.state == "held"


def test_the_same_yes_by_another_road_is_a_copy(desk):
    ack = desk.gets_form()
    yes = reply("gmail", ack, "ĐÚNG", sender=WHO, Message_ID="<yes@xa.example>")
    desk.gets(yes)
    got = desk.gets(b"X-Road: two\r\n" + yes)
    assert (got.verdict, got.ack, desk.current.version) == ("copy", "", 2)


def test_an_earlier_date_of_the_sender_is_no_matter(desk):
    ack = desk.gets_form()
    desk.gets(reply("gmail", ack, "ĐÚNG", sender=WHO, date=moment(10, 9)))
    assert desk.current.version == 2


# --- nil returns by reply ---


@pytest.fixture
def call(desk):
    desk.store.launch(CAMPAIGN, "officer", desk.office.now)
    desk.office.daemon.until_idle()
    assert "không có nhu cầu" in " ".join(words(desk.last).split())
    return desk.last


@pytest.mark.parametrize(
    ("program", "said"),
    list(
        zip(
            PROGRAMS,
            itertools.cycle(["Không có nhu cầu", "Kính gửi huyện, xã không có nhu cầu ạ."]),
        )
    ),
)
def test_one_line_is_a_nil_return(desk, call, program, said):
    got = desk.gets(reply(program, call, said, sender=WHO))
    assert (got.state, got.verdict, got.ack) == ("recorded", "nil", "nil")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_quoted_words_are_no_nil_return(desk, call, program):
    got = desk.gets(reply(program, call, "Xã đang rà soát, sẽ gửi sau.", sender=WHO))
    assert (got.state, got.reason) == ("held", "words-only")


@pytest.mark.parametrize(
    ("prefix", "threaded"), list(zip(PREFIXES, itertools.cycle([False, True])))
)
def test_our_own_subject_says_nothing(desk, prefix, threaded):
    """[Không có nhu cầu – đã ghi nhận] is what we wrote; a reply under it may be anything."""
    desk.gets(mail(WHO, body="Xã không có nhu cầu."))
    assert "Không có nhu cầu" in desk.mark
    raw = reply(
        "outlook-web",
        desk.last,
        "Xin hỏi thêm về hồ sơ.",
        sender=WHO,
        prefix=prefix,
        threaded=threaded,
    )
    got = desk.gets(raw)
    assert (got.state, got.reason) == ("held", "words-only")
