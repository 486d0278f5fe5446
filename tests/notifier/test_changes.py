"""The differences that a supplement tells: all of them, and nothing else."""

import io
from dataclasses import replace

import docx
import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import office as rig

from notifier.change_words import told
from notifier.changes import differences, told_the_same
from notifier.official_letter import Addition, draft
from notifier.report import build_inputs
from notifier.report_inputs import BaseFacts, PointFacts, ReportInputs, inputs_json, read_inputs
from notifier.supplement import supplement_workbook
from registry.model import ReportRow, SignedLetter, Submission

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaign("ocop-2024-2")
TEMPLATE = (rig.FOLDER / "templates" / "official-letter.docx").read_bytes()
LETTER = SignedLetter("cv.pdf", "cd" * 32, 10, "valid", "145/UBND-KT&HT", "2024-05-22")
RELEASED = ReportRow(1, CAMPAIGN.id, 1, rig.at(22), "ab" * 32, (), rig.at(22), "x", letter=LETTER)

FIRST = rig.submission(CONFIG, "Hòa Cư", points=(rig.point(), rig.point(2, name="Kéo Tào")))
NIL = rig.submission(CONFIG, "Gia Cát", "nil", id=3, message_id=3)


def again(old: Submission, **changes: object) -> Submission:
    """A later version of the same commune, after closing."""
    later = {"id": 9, "message_id": 9, "version": 2, "after_close": True, "late": True}
    return replace(old, **(later | {"receipt": "OCOP2-x-02-0"} | changes))  # type: ignore[arg-type]


def report(*submissions: Submission) -> ReportInputs:
    return rig.inputs(CONFIG, submissions)


def supplement(*submissions: Submission) -> ReportInputs:
    material = rig.material(CONFIG, submissions, reports=(RELEASED,))
    return build_inputs(CONFIG, CAMPAIGN, material, rig.at(24, 8, 0))


def test_a_silent_commune_that_answers_late_is_one_commune_with_its_points() -> None:
    late = rig.submission(CONFIG, "Tân Liên", id=5, message_id=5, late=True, after_close=True,
                          received_at=rig.at(22, 10))  # fmt: skip
    changes = differences(report(FIRST, NIL), supplement(FIRST, NIL, late))
    (one,) = changes.communes
    assert (one.title, one.states) == ("Xã Tân Liên", ("silent", "registered"))
    assert [number for number, _ in one.added] == [1]
    assert (changes.added, changes.changed, changes.withdrawn) == (1, 0, 0)


def test_the_same_values_sent_again_are_no_difference() -> None:
    was, now = report(FIRST, NIL), supplement(again(FIRST), NIL)
    assert not told_the_same(was, now)
    assert not differences(was, now)


def test_a_changed_column_is_told_as_old_and_new() -> None:
    points = (rig.point(cost_requested="60000000", stars="4"), FIRST.points[1])
    changes = differences(report(FIRST), supplement(again(FIRST, points=points)))
    ((point,),) = [one.changed for one in changes.communes]
    assert point.keys == ("stars", "cost_requested")
    ((title, words),) = told(changes, values=True)
    assert title == "Xã Hòa Cư"
    assert "Hạng sao: 3 → 4" in words
    assert "Kinh phí đề nghị hỗ trợ: 50.000.000 → 60.000.000" in words


def test_a_corrected_name_is_a_correction_and_another_point_is_not() -> None:
    renamed = rig.point(2, name="Kéo Tào 2")
    other = rig.point(2, name="Bản Lìm", address="Bản Lìm", owner="HTX Lìm", phone="0912000222",
                      area_m2="9", products="Chè")  # fmt: skip
    (one,) = differences(report(FIRST), supplement(again(FIRST, points=(renamed,)))).communes
    assert [point.keys for point in one.changed] == [("name",)]
    assert [number for number, _ in one.withdrawn] == [1]
    (one,) = differences(
        report(FIRST), supplement(again(FIRST, points=(FIRST.points[0], other)))
    ).communes
    assert (one.changed, len(one.added), len(one.withdrawn)) == ((), 1, 1)


def test_points_in_another_order_are_the_same_points() -> None:
    turned = tuple(reversed(FIRST.points))
    assert not differences(report(FIRST), supplement(again(FIRST, points=turned)))


def test_a_commune_that_left_the_roster_is_told() -> None:
    was = report(FIRST, NIL)
    now = replace(was, communes=tuple(one for one in was.communes if one.title != "Xã Hòa Cư"))
    (one,) = differences(was, now).communes
    assert (one.title, one.now, len(one.withdrawn)) == ("Xã Hòa Cư", None, 2)
    assert "Không có trong danh sách đơn vị" in told(differences(was, now), values=True)[0][1]


def test_no_phone_number_stands_in_a_mail() -> None:
    points = (rig.point(phone="0912000222"), FIRST.points[1])
    changes = differences(report(FIRST), supplement(again(FIRST, points=points)))
    assert "0912000" not in str(told(changes, values=True))


POINTS = st.lists(
    st.builds(
        lambda name, area: rig.point(name=name, area_m2=area),
        st.sampled_from(["A", "B", "C", ""]),
        st.sampled_from(["1", "2", "3"]),
    ),
    max_size=5,
)


def _values(points: tuple[PointFacts, ...]) -> list[dict[str, str]]:
    return sorted((dict(one.values) for one in points), key=str)


@given(POINTS, POINTS)
@settings(max_examples=60, deadline=None)
def test_the_differences_lead_from_what_was_to_what_is(before: list, after: list) -> None:  # type: ignore[type-arg]
    """Taking away what went, putting in what came and changing what changed gives the present."""
    was = report(replace(FIRST, points=tuple(before)))
    now = supplement(again(FIRST, points=tuple(after)))
    held = dict(enumerate(_hoa_cu(was), start=1))
    for one in differences(was, now).communes:
        for number, point in one.withdrawn:
            assert held.pop(number).values == point.values
        for change in one.changed:
            assert held[change.was_ordinal].values == change.was.values
            held[change.was_ordinal] = change.now
        for number, point in one.added:
            held[100 + number] = point
    assert _values(tuple(held.values())) == _values(_hoa_cu(now))


def _hoa_cu(inputs: ReportInputs) -> tuple[PointFacts, ...]:
    return next(one.points for one in inputs.communes if one.title == "Xã Hòa Cư")


def test_a_supplement_knows_its_base_and_its_inputs_can_be_read_again() -> None:
    now = supplement(again(FIRST, points=FIRST.points[:1]))
    assert now.base == BaseFacts(1, 1, 0, "ab" * 32, "145/UBND-KT&HT", "2024-05-22")
    assert inputs_json(read_inputs(inputs_json(now))) == inputs_json(now)
    assert b'"base"' not in inputs_json(report(FIRST))  # as full reports always were


def _workbook(now: ReportInputs, was: ReportInputs) -> bytes:
    return supplement_workbook(now, was, differences(was, now))


def test_the_workbook_holds_the_differences_and_nothing_else() -> None:
    points = (rig.point(cost_requested="60000000"), rig.point(3, name="Bản Lìm", address="Lìm",
              owner="HTX Lìm", phone="0912000222", area_m2="9", products="Chè"))  # fmt: skip
    was, now = report(FIRST, NIL), supplement(again(FIRST, points=points), NIL)
    made = _workbook(now, was)
    assert made == _workbook(now, was)
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert book.sheetnames == [
        "Bổ sung", "Thay đổi", "Trạng thái đơn vị", "Lỗi còn lại", "Nguồn số liệu",
    ]  # fmt: skip
    text = {
        sheet.title: "\n".join(str(c.value) for row in sheet.iter_rows() for c in row if c.value)
        for sheet in book.worksheets
    }
    first = text["Bổ sung"]
    assert "BÁO CÁO BỔ SUNG SỐ 1" in first
    assert "kèm Công văn số 145/UBND-KT&HT ngày 22/5/2024" in first
    assert "A. ĐIỂM BỔ SUNG (1 điểm)" in first
    assert "B. ĐIỂM RÚT KHỎI BÁO CÁO (1 điểm)" in first
    assert "Bản Lìm" in first.partition("B. ĐIỂM RÚT")[0]
    assert "Kéo Tào" in first.partition("B. ĐIỂM RÚT")[2]
    assert "Gia Cát" not in str(text)
    row = next(
        [cell.value for cell in row]
        for row in book["Thay đổi"].iter_rows()
        if row[4].value == "Kinh phí đề nghị hỗ trợ"
    )
    assert row[5:7] == [50_000_000, 60_000_000]
    assert "Không có đơn vị nào thay đổi trạng thái." in text["Trạng thái đơn vị"]
    assert rig.SHA[:32] in text["Nguồn số liệu"]


def test_the_letter_tells_the_differences_and_cites_the_earlier_one() -> None:
    late = rig.submission(CONFIG, "Tân Liên", id=5, message_id=5, late=True, after_close=True,
                          received_at=rig.at(22, 10))  # fmt: skip
    was, now = report(FIRST, NIL), supplement(FIRST, NIL, late)
    letter = docx.Document(io.BytesIO(draft(now, TEMPLATE, Addition(was, differences(was, now)))))
    text = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    assert "kèm Công văn số 145/UBND-KT&HT ngày 22/5/2024" in text
    assert "- xã Tân Liên: đã báo cáo “Không gửi”, nay là “Đã đăng ký”; bổ sung 1 điểm" in text
    assert "Các nội dung khác giữ nguyên như đã báo cáo." in text
    assert "Tình hình gửi văn bản" not in text
    # The full report counted until closing, though it was made later; a supplement until it is.
    assert "số liệu tính đến 22/05/2024 00:00, " in text
    assert "số liệu tính đến 24/05/2024 08:00, " in text
