"""What follows from a message, given what was read of it."""

import dataclasses
import itertools

import pytest
from rigs.cast import ERROR, GIA_CAT, HOA_CU, campaign, form_reading, letter_reading, moment
from rigs.office import office

from intake.matching import CampaignMatch, CommuneMatch, Unsure
from intake.record import Envelope, Known, ReadDocument, content_key, decide
from parsers.reading import Letter, Reading, Refusal, Row, Signature
from registry.model import Message, Submission

CAMPAIGN = campaign()
#: The shipped one, with its dossier.
OCOP = CampaignMatch(office().campaigns[0], "only-open")
COMMUNE = CommuneMatch(HOA_CU, "sender")
IN_TIME = moment(17)


def _documents(*results):
    return tuple(
        ReadDocument(number, f"tep{number}.xlsx", f"{number:064x}", 1000, result)
        for number, result in enumerate(results, start=1)
    )


def _decide(*results, **changes):
    given = {
        "envelope": Envelope("xa@caoloc.example", "Đăng ký", "<1@x>", IN_TIME, IN_TIME),
        "documents": _documents(*results),
        "own_words": "Kính gửi",
        "body_nil": "no",
        "commune": COMMUNE,
        "campaign": CampaignMatch(CAMPAIGN, "only-open"),
        "known": Known(),
        "forced": False,
    } | changes
    return decide(**given)


def _received(at, sent_at=None):
    return Envelope("xa@caoloc.example", "Đăng ký", "<1@x>", sent_at or at, at)


def _current(**changes):
    values = {
        "id": 5, "campaign": CAMPAIGN.id, "commune": HOA_CU.key, "version": 1, "current": True,
        "message_id": 3, "received_at": moment(15), "recorded_at": moment(15),
        "state": "registered", "late": False, "after_close": False, "receipt": "OCOP2-06223-01-4",
    }  # fmt: skip
    return Submission(**(values | changes))


def test_a_clean_form_is_registered():
    outcome = _decide(form_reading("A", "B"))
    assert (outcome.state, outcome.verdict, outcome.ack) == ("recorded", "submission", "registered")
    assert outcome.submission.state == "registered"
    assert [point.ordinal for point in outcome.submission.points] == [1, 2]
    assert not outcome.submission.late


def test_errors_ask_for_a_correction_and_are_still_recorded():
    outcome = _decide(form_reading("A", findings=(ERROR,)))
    assert (outcome.verdict, outcome.ack) == ("submission", "needs-fix")
    assert outcome.submission.findings == (ERROR,)


def test_fault_078_a_correction_makes_the_next_version():
    """FAULTS 78: v2 after v1."""
    outcome = _decide(form_reading("A"), known=Known(current=_current()))
    assert (outcome.verdict, outcome.ack) == ("correction", "registered")


def test_fault_079_an_older_mail_that_arrives_later_is_held():
    """FAULTS 79: v1 arrives after v2: no silent rollback."""
    known = Known(current=_current(), current_sent_at=moment(15, 8))
    late_mail = _received(moment(16), sent_at=moment(14))
    outcome = _decide(form_reading("A"), known=known, envelope=late_mail)
    assert outcome.state == "held"
    assert outcome.reason == "older-than-current"
    forced = _decide(form_reading("A"), known=known, envelope=late_mail, forced=True)
    assert forced.verdict == "correction"


def _message(**changes):
    values = {"id": 3, "sha256": "a" * 64, "size_bytes": 1, "received_at": moment(15)}
    return Message(**(values | {"state": "recorded", "submission_id": 5} | changes))


def test_fault_080_an_identical_resend_makes_no_new_version():
    """FAULTS 80: same files, same commune, same campaign: already received."""
    known = Known(twin=_message(), current=_current())
    outcome = _decide(form_reading("A"), known=known)
    assert (outcome.verdict, outcome.ack, outcome.submission) == ("duplicate", "duplicate", None)


def test_a_resend_of_what_was_confirmed_since_neither_undoes_nor_delays_it():
    confirmed = _current(id=6, version=2, message_id=9, read_from=3)
    known = Known(twin=_message(), current=confirmed)
    late = _received(moment(21, 10))
    outcome = _decide(form_reading("A"), known=known, envelope=late)
    assert (outcome.verdict, outcome.submission) == ("duplicate", None)


def test_going_back_to_an_earlier_file_is_a_correction_not_a_duplicate():
    known = Known(twin=_message(id=2, submission_id=4), current=_current())
    assert _decide(form_reading("A"), known=known).verdict == "correction"


def test_fault_011_a_copy_by_another_road_gets_no_second_answer():
    """FAULTS 11: alias and direct: joined by Message-ID and files."""
    outcome = _decide(form_reading("A"), known=Known(copy_of=_message()))
    assert (outcome.state, outcome.verdict, outcome.ack) == ("recorded", "copy", "")


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
def test_fault_082_the_order_of_the_files_does_not_matter(order):
    """FAULTS 82: one good, one damaged, one letter: the same end in any order."""
    results = (form_reading("A"), Refusal("damaged", "Tệp hỏng."), letter_reading())
    outcome = _decide(*(results[index] for index in order))
    assert (outcome.verdict, outcome.submission.state) == ("submission", "registered")
    assert [finding.code for finding in outcome.submission.findings] == ["document-refused"]


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([Refusal("blank-template", "Biểu chưa điền.")], "blank-template"),
        ([Refusal("wrong-form", "Không phải biểu.")], "wrong-form"),
        ([Refusal("encrypted", "Có mật khẩu.")], "unreadable"),
        ([Refusal("unsupported", "Ảnh.")], "unreadable"),
        ([letter_reading()], "letter-only"),
        ([letter_reading(), Refusal("unsupported", "Ảnh.")], "letter-only"),
        ([letter_reading(), Refusal("damaged", "Hỏng.")], "unreadable"),
        ([Reading("docx", "dossier")], "letter-only"),
    ],
)
def test_fault_062_each_reason_without_a_form_has_its_own_answer(results, verdict):
    """FAULTS 62: wrong form, blank template, unreadable, letter alone: told apart."""
    outcome = _decide(*results)
    assert (outcome.state, outcome.verdict, outcome.ack) == ("recorded", verdict, verdict)


def test_a_nil_letter_and_a_nil_mail_are_positive_answers():
    for outcome in (_decide(letter_reading(nil=True)), _decide(body_nil="yes")):
        assert (outcome.verdict, outcome.ack, outcome.submission.state) == ("nil", "nil", "nil")


@pytest.mark.parametrize(
    "refused",
    [
        Refusal("damaged", "Hỏng.", kind="xlsx"),
        Refusal("encrypted", "Mật khẩu.", kind="xlsx"),
        Refusal("unreadable", "Mờ.", kind="pdf"),
        Refusal("wrong-form", "Biểu khác.", kind="docx"),
        Refusal("too-large", "Quá lớn."),
    ],
)
def test_a_nil_return_beside_a_file_that_nobody_could_read_waits(refused):
    for given in ({"body_nil": "yes"}, {"body_nil": "no"}):
        results = [refused] if given["body_nil"] == "yes" else [letter_reading(nil=True), refused]
        outcome = _decide(*results, **given)
        assert (outcome.state, outcome.reason) == ("held", "nil-doubtful")
        assert _decide(*results, **given, forced=True).verdict == "nil"


def test_a_nil_return_beside_our_blank_form_or_a_logo_is_plain():
    blank = Refusal("blank-template", "Biểu chưa điền.", kind="xlsx")
    logo = Refusal("unreadable", "Không có chữ.", kind="png")
    for refused in (blank, logo):
        assert _decide(refused, body_nil="yes").verdict == "nil"
    photo = dataclasses.replace(_documents(logo)[0], size_bytes=400_000)
    assert _decide(documents=(photo,), body_nil="yes").reason == "nil-doubtful"


def _minutes(**changes):
    text = "BIÊN BẢN\nKết thúc niêm yết\nKhông có tổ chức, cá nhân nào có đơn đề nghị."
    return Reading("docx", "letter", nil=True, text=text, **changes)


def test_only_the_letter_among_the_files_says_that_there_is_no_need():
    damaged = Refusal("damaged", "Hỏng.", kind="xlsx")
    for minutes in (_minutes(), _minutes(letter=Letter("12/BB-UBND"))):
        assert _decide(minutes).reason == "nil-doubtful"
        assert _decide(damaged, minutes).reason == "nil-doubtful"
        assert _decide(form_reading("A"), minutes).verdict == "submission"
    typed = Reading("txt", "letter", nil=True, text="Xã không có nhu cầu.")
    assert _decide(typed).verdict == "nil"
    assert _decide(typed, Reading("pdf", "unknown", text="Ảnh")).reason == "nil-doubtful"


def test_a_doubtful_nil_is_held_until_a_person_accepts_it():
    assert _decide(body_nil="doubtful").state == "held"
    assert _decide(body_nil="doubtful", forced=True).verdict == "nil"


def test_a_nil_after_points_is_held_unless_it_says_that_they_are_taken_back():
    """ "Xã không có nhu cầu bổ sung" must not delete what was registered."""
    known = Known(current=_current())
    for given in ({"body_nil": "yes"}, {"documents": _documents(letter_reading(nil=True))}):
        outcome = _decide(**given, known=known)
        assert (outcome.state, outcome.reason) == ("held", "nil-after-registration")
        assert _decide(**given, known=known, forced=True).submission.state == "nil"
        assert _decide(**given, known=Known(current=_current(state="nil"))).state == "recorded"
    for words in ("Xã xin rút, không có nhu cầu.", "Thư này thay thế bản trước.", "hủy đăng ký"):
        assert _decide(body_nil="yes", own_words=words, known=known).submission.state == "nil"


@pytest.mark.parametrize(
    "words",
    [
        "Xin rút toàn bộ 02 (hai) điểm đã đăng ký.",
        "Đề nghị huỷ văn bản đăng ký hôm trước; xã không có nhu cầu.",
        "Xã xin rút lại\ncông văn số 45/UBND-KT.",
        "Công văn này thay thế Công văn số 45/UBND-KT ngày 15/5/2024 của xã.",
        "V/v rút đăng ký Điểm OCOP",
    ],
)
def test_words_with_their_marks_take_an_answer_back(words):
    known = Known(current=_current())
    assert _decide(body_nil="yes", own_words=words, known=known).submission.state == "nil"


@pytest.mark.parametrize(
    "words",
    [
        "UBND huyện huy động, phát huy",
        "Trân trọng,\nHoàng Quang Huy",
        "Trân trọng.\nHOANG QUANG HUY, dang ky",
        "Xa xin rut bieu dang ky",
        "Căn cứ Quyết định số 950/QĐ-BCT thay thế Quyết định số 920/QĐ-BCT; xã không có nhu cầu.",
        "Căn cứ Công văn số 1290 thay thế Công văn số 1144, xã không có nhu cầu.",
        "Sau khi Công văn số 1290 của UBND huyện thay thế Công văn số 1144, xã không có nhu cầu.",
        "Xã không rút đăng ký, không có nhu cầu thêm.",
        "Xã không có ý định rút biểu đã gửi",
        "Đừng hủy đăng ký của xã",
        "Đề nghị hủy văn bản không có nhu cầu trước đây.",
        "Xã rút kinh nghiệm",
    ],
)
def test_names_decrees_and_denials_take_nothing_back(words):
    outcome = _decide(body_nil="yes", own_words=words, known=Known(current=_current()))
    assert (outcome.state, outcome.reason) == ("held", "nil-after-registration")


@pytest.mark.parametrize(
    ("name", "text", "file"),
    [
        ("Cửa hàng xã Gia Cát", "", "bieu.xlsx"),
        ("Cửa hàng", "Nơi nhận: | TM. UBND XÃ GIA CÁT", "bieu.xlsx"),
        ("Cửa hàng", "TM. UBND X. GIA CÁT", "bieu.xlsx"),
        ("Cửa hàng", "", "bieu_xa_gia_cat.xlsx"),
    ],
)
def test_points_of_another_commune_are_warned_of(name, text, file):
    form = ReadDocument(1, file, "a" * 64, 1, form_reading(name, text=text))
    outcome = _decide(documents=(form,), roster=(HOA_CU, GIA_CAT))
    (found,) = outcome.submission.findings
    assert (found.severity, found.code) == ("warning", "point-elsewhere")
    assert "Xã Gia Cát" in found.message
    assert outcome.submission.state == "registered"


def test_a_sheet_of_another_commune_is_warned_of_but_a_neighbour_beside_the_own_name_is_not():
    row = Row({"name": "Cửa hàng"}, {"name": "Xã Gia Cát!B4"}, {"name": 1.0})
    outcome = _decide(Reading("xlsx", "form", rows=(row,)), roster=(HOA_CU, GIA_CAT))
    assert [found.code for found in outcome.submission.findings] == ["point-elsewhere"]
    form = form_reading("Cửa hàng xã Hòa Cư, giáp xã Gia Cát", text="TM. UBND XÃ HÒA CƯ")
    assert _decide(form, roster=(HOA_CU, GIA_CAT)).submission.findings == ()


def _letter_that_withdraws(of="toàn bộ các điểm đã đăng ký"):
    return letter_reading(text=f"V/v rút đăng ký Điểm OCOP\nUBND xã Hòa Cư xin rút {of}.")


def _registered(*names):
    return Known(current=_current(points=_decide(form_reading(*names)).submission.points))


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([_letter_that_withdraws()], ""),
        ([_letter_that_withdraws("điểm chợ Bản Ngà")], ""),
        ([Refusal("damaged", "Hỏng.")], "Xã xin rút toàn bộ các điểm đã đăng ký."),
        ([form_reading("A", "B")], "UBND xã xin rút toàn bộ biểu đăng ký gửi kèm."),
        ([_letter_that_withdraws(), form_reading("A", "B")], ""),
        ([form_reading("C")], "Đề nghị hủy tất cả biểu đã gửi, xã chưa làm được."),
        ([Refusal("damaged", "Hỏng.")], "Xa xin rut a"),
        ([letter_reading(text="Kinh gui huyen. Xa xin rut 02 diem da dang ky.")], ""),
        ([form_reading("A", "B")], "de nghi huy bieu dang ky gui kem"),
        ([form_reading("C")], "Xa khong co nhu cau xin rut het cac diem da dang ky"),
        ([Refusal("damaged", "Hỏng.")], "Do sản phẩm không đạt xin rút đăng ký"),
        ([form_reading("A", "B")], "Xã không đủ vốn nên rút đăng ký, kính báo cáo."),
        ([letter_reading(text="San pham chua du dieu kien xin rut bieu dang ky")], ""),
    ],
)
def test_a_withdrawal_that_comes_with_files_waits_and_takes_all_back_when_accepted(results, words):
    known = _registered("A", "B")
    twin = dataclasses.replace(known, twin=_message())
    for before in (known, twin):
        outcome = _decide(*results, own_words=words, known=before)
        assert (outcome.state, outcome.reason) == ("held", "nil-after-registration")
    accepted = _decide(*results, own_words=words, known=known, forced=True)
    assert (accepted.submission.state, accepted.ack) == ("nil", "nil")
    assert _decide(*results, own_words=words).state == "recorded"


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([form_reading("A")], "Xin rút điểm B, các điểm khác như biểu."),
        ([form_reading("A", "C")], "Xin hủy biểu đã gửi, gửi lại biểu kèm theo."),
        ([form_reading("A", "B")], "Xin rút biểu cũ chưa ký, thay bằng biểu này."),
        ([form_reading("A", "C")], "Biểu này thay thế biểu đã gửi."),
        ([form_reading("A", "C")], "Xa xin huy bieu da gui, gui lai bieu kem theo"),
        ([form_reading("A", "B")], "Hoang Quang Huy, dang ky 02 diem"),
        ([form_reading("A", "B")], "Huyen phat huy cac diem, rut kinh nghiem"),
        ([form_reading("A", "B")], "Xa khong xin rut dang ky"),
        ([form_reading("A", "B")], "De nghi Huy xac nhan ho so giup em"),
        ([form_reading("A", "B")], "Xa cho rut kinh nghiem ho so dot truoc"),
        ([form_reading("A", "B")], "Xã không có ý định rút đăng ký, chưa muốn hủy biểu"),
    ],
)
def test_a_form_in_place_of_the_one_withdrawn_is_a_correction(results, words):
    outcome = _decide(*results, own_words=words, known=_registered("A", "B"))
    assert (outcome.state, outcome.verdict) == ("recorded", "correction")


def test_a_form_beside_a_nil_letter_is_held():
    outcome = _decide(form_reading("A"), letter_reading(nil=True))
    assert (outcome.state, outcome.ack) == ("held", "in-review")


def test_the_same_form_twice_in_one_mail_is_one_submission():
    outcome = _decide(form_reading("A"), form_reading("A", kind="pdf"))
    assert len(outcome.submission.points) == 1
    assert outcome.submission.points[0].document_ordinal == 1


def test_forms_that_differ_are_held_and_joined_only_by_a_person():
    outcome = _decide(form_reading("A"), form_reading("B"))
    assert outcome.state == "held"
    joined = _decide(form_reading("A"), form_reading("B", findings=(ERROR,)), forced=True)
    assert [point.row.values["name"] for point in joined.submission.points] == ["A", "B"]
    assert joined.submission.findings[0].row == 2


def test_fault_083_a_letter_that_counts_other_points_is_a_warning():
    """FAULTS 83: parts that contradict each other: accepted with a warning."""
    letter = letter_reading(letter=Letter("45/UBND-KT", points_stated=3))
    outcome = _decide(form_reading("A", "B"), letter)
    assert outcome.submission.state == "registered"
    assert [finding.code for finding in outcome.submission.findings] == ["points-differ"]


def test_the_same_letter_number_is_noted_for_oneself_and_warned_for_others():
    own = _decide(form_reading("A"), letter_reading(), known=Known(letter_twins=(_current(),)))
    assert own.submission.findings[0].severity == "note"
    other = _current(commune=GIA_CAT.key)
    theirs = _decide(form_reading("A"), letter_reading(), known=Known(letter_twins=(other,)))
    assert theirs.submission.findings[0].severity == "warning"


@pytest.mark.parametrize("rule", ["list-separately", "accept", "hold"])
def test_fault_121_late_is_decided_by_the_servers_time(rule):
    """FAULTS 121: 23:59:30 is in time, 00:00:10 is late, by INTERNALDATE in +07."""
    call = CampaignMatch(campaign(late=rule), "only-open")
    in_time = _decide(form_reading("A"), campaign=call, envelope=_received(moment(20, 23, 59, 30)))
    assert in_time.submission.late is False
    after = _decide(form_reading("A"), campaign=call, envelope=_received(moment(21, 0, 0, 10)))
    expected = {"list-separately": True, "accept": False, "hold": None}[rule]
    assert (after.submission.late if after.submission else None) is expected
    assert after.state == ("held" if rule == "hold" else "recorded")


def test_after_the_close_is_marked():
    outcome = _decide(form_reading("A"), envelope=_received(moment(22, 8)))
    assert outcome.submission.after_close


def test_doubt_about_commune_or_campaign_holds_and_keeps_the_documents():
    doubt = Unsure("several-communes", ("Xã Hòa Cư", "Xã Gia Cát"))
    outcome = _decide(form_reading("A"), commune=doubt)
    assert (outcome.state, outcome.ack, outcome.submission) == ("held", "in-review", None)
    assert outcome.reason == "several-communes: Xã Hòa Cư; Xã Gia Cát"
    assert len(outcome.documents) == 1
    assert _decide(form_reading("A"), campaign=doubt).state == "held"


def test_words_alone_are_for_a_person():
    assert (_decide().state, _decide().verdict) == ("held", "query")


def test_fault_049_every_attachment_is_accounted_for():
    """FAULTS 49: fifty attachments, one of them the form: each stands in the record."""
    results = [form_reading("A"), *(Refusal("unsupported", "Ảnh.") for _ in range(49))]
    outcome = _decide(*results)
    assert len(outcome.documents) == 50
    assert {document.role for document in outcome.documents[1:]} == {"dossier"}


def test_the_content_key_is_of_files_or_else_of_words():
    one, two = _documents(form_reading("A"), letter_reading())
    assert content_key((one, two), "x") == content_key((two, one), "y")
    renamed = dataclasses.replace(one, name="khac.xlsx")
    assert content_key((one,), "") == content_key((renamed,), "")
    assert content_key((), "Không có  nhu cầu") == content_key((), "không có nhu cầu")
    assert content_key((), "a") != content_key((), "b")


def test_documents_for_registered_points_are_a_dossier():
    points = form_reading("A", "B")
    current = _current(points=_decide(points).submission.points)
    paper = Reading("pdf", "unknown", text="BẢN CAM KẾT")
    outcome = _decide(paper, known=Known(current=current), campaign=OCOP)
    assert (outcome.verdict, outcome.ack) == ("dossier", "dossier")
    assert [(one.role, one.item) for one in outcome.documents] == [("dossier", "commitment")]
    assert outcome.submission is None
    # Before any point is registered the form is what is missing.
    assert _decide(paper).verdict == "letter-only"
    # A file that nobody could read may have been the corrected form: it must be told.
    lost = Refusal("unreadable", "Ảnh mờ.", kind="jpeg")
    assert _decide(paper, lost, known=Known(current=current), campaign=OCOP).verdict == "unreadable"


def test_a_certificate_that_has_grown_old_is_a_warning():
    row = Row({"name": "Cửa hàng", "certified_on": "2021-05-19"}, {"certified_on": "B!N4"}, {})
    outcome = _decide(Reading("xlsx", "form", rows=(row,)), campaign=OCOP)
    (found,) = [f for f in outcome.submission.findings if f.code == "certificate-expired"]
    assert (found.severity, found.field, found.row, found.place) == (
        "warning", "certified_on", 1, "B!N4",
    )  # fmt: skip
    assert outcome.submission.state == "registered"


def test_the_worst_signature_of_a_file_is_kept():
    signatures = (Signature("valid"), Signature("altered"), Signature("unknown-root"))
    outcome = _decide(
        form_reading("A"), dataclasses.replace(letter_reading(), signatures=signatures)
    )
    assert [one.signature for one in outcome.documents] == ["", "altered"]
    assert outcome.state == "recorded"


def test_the_same_form_as_workbook_and_as_signed_pdf_is_one_submission():
    excel = form_reading("A", "B")
    paper = dataclasses.replace(excel, kind="pdf", text="bản ký")
    paper = dataclasses.replace(
        paper,
        rows=(dataclasses.replace(paper.rows[0], values={**paper.rows[0].values, "note": "x"}),
              *paper.rows[1:]),
    )  # fmt: skip
    outcome = _decide(paper, excel)
    assert (outcome.state, outcome.verdict) == ("recorded", "submission")
    assert len(outcome.submission.points) == 2
    assert {point.document_ordinal for point in outcome.submission.points} == {2}


def test_last_rounds_file_waits_for_a_person():
    again = _decide(form_reading("A"), known=Known(earlier_round="ocop-2024-1"))
    assert (again.state, again.reason) == ("held", "earlier-round: ocop-2024-1")
    forced = _decide(form_reading("A"), known=Known(earlier_round="ocop-2024-1"), forced=True)
    assert forced.verdict == "submission"


def _sections(*sections):
    rows = tuple(
        Row({"name": f"Cửa hàng {number}"}, {}, {"name": 1.0}, section=section)
        for number, section in enumerate(sections, 1)
    )
    return Reading("xlsx", "form", rows=rows)


@pytest.mark.parametrize(
    "sections",
    [("Xã Hòa Cư", "Xã Gia Cát"), ("Hòa Cư", "Gia Cát"), ("Sheet1 / I. XÃ HÒA CƯ", "Gia Cát")],
)
def test_two_communes_in_one_file_wait_for_a_person(sections):
    outcome = _decide(_sections(*sections), roster=(HOA_CU, GIA_CAT))
    assert (outcome.state, outcome.verdict) == ("held", "submission")
    assert outcome.reason == "several-communes: Xã Gia Cát; Xã Hòa Cư"


def test_sections_of_one_commune_are_its_own():
    outcome = _decide(_sections("Biểu 1 / Nhóm A", "Xã Hòa Cư"), roster=(HOA_CU, GIA_CAT))
    assert outcome.verdict == "submission"


def test_an_application_beside_the_form_is_a_paper_of_the_dossier():
    table = form_reading("Chợ Bản Ngà", "Cửa hàng Nà Lìn")
    slip = dataclasses.replace(form_reading("Cửa hàng Nà Lìn"), kind="docx")
    documents = _documents(table, slip)
    documents = (documents[0], dataclasses.replace(documents[1], name="Đơn đề nghị.docx"))
    outcome = _decide(documents=documents, campaign=OCOP)
    assert outcome.verdict == "submission"
    assert len(outcome.submission.points) == 2
    assert [(one.role, one.item) for one in outcome.documents] == [
        ("form", ""),
        ("dossier", "request"),
    ]
    # Alone it is the registration itself.
    alone = _decide(documents=documents[1:], campaign=OCOP)
    assert len(alone.submission.points) == 1
    assert alone.documents[0].role == "form"
