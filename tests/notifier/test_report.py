"""The report: every value with its source, every commune in its state, the same bytes again."""

import io
import json
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from rigs import office as rig

from notifier import printed
from notifier.point_rows import source_of
from notifier.report import (
    Material,
    ReportInputs,
    build_inputs,
    gather,
    inputs_json,
    workbook,
)
from notifier.report_inputs import (
    PointFacts,
    counted_receipts,
    read_inputs,
    told_states,
    total,
    unreached_silent,
)
from notifier.wording import roman
from registry.model import Document, ReportRow
from registry.snapshot import windows

CONFIG = rig.office()


def mixed() -> ReportInputs:
    return rig.inputs(
        CONFIG,
        (
            rig.submission(
                CONFIG,
                "Hòa Cư",
                points=(rig.point(), rig.point(2, cost_requested="75000000", area_m2="40")),
            ),
            rig.submission(CONFIG, "Hợp Thành", "needs-fix", id=2, message_id=2,
                           points=(rig.point(phone=""),)),
            rig.submission(CONFIG, "Gia Cát", "nil", id=3, message_id=3),
            rig.submission(CONFIG, "Mẫu Sơn", id=4, message_id=4, late=True,
                           received_at=rig.at(21, 10)),
            rig.submission(CONFIG, "Tân Liên", id=5, message_id=5, late=True, after_close=True,
                           received_at=rig.at(22, 10)),
        ),
    )  # fmt: skip


def sheets(inputs: ReportInputs) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(workbook(inputs)))
    return {sheet.title: sheet for sheet in book.worksheets}


def lines(sheet: Worksheet) -> list[list[object]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def line_with(sheet: Worksheet, text: str) -> list[object]:
    return next(line for line in lines(sheet) if any(text in str(value) for value in line))


def test_communes_are_roman_groups_with_points_beneath_and_totals() -> None:
    sheet = sheets(mixed())["Tổng hợp"]
    group = line_with(sheet, "XÃ HÒA CƯ (2 điểm)")
    assert group[0] == "I"
    assert 125_000_000 in group
    assert 75.5 in group
    total = line_with(sheet, "TỔNG CỘNG (4 điểm, 3 đơn vị)")
    assert 225_000_000 in total
    assert line_with(sheet, "XÃ HỢP THÀNH (1 điểm, còn 1 chỗ cần sửa)")[0] == "II"
    banner = lines(sheet).index(line_with(sheet, "GỬI SAU THỜI HẠN"))
    assert lines(sheet).index(line_with(sheet, "XÃ MẪU SƠN")) == banner + 1
    assert "XÃ TÂN LIÊN" not in str(lines(sheet))


def test_every_point_and_value_names_its_file_and_cell() -> None:
    found = sheets(mixed())
    assert "Biểu đăng ký.xlsx; Biểu 1!B9" in line_with(found["Tổng hợp"], rig.POINT["name"])
    values = [line for line in lines(found["Nguồn số liệu"]) if line[1] == "Xã Hợp Thành"]
    assert len(values) == len(rig.POINT) - 1
    area = next(line for line in values if "Diện tích" in str(line[3]))
    assert area[4:9] == ["35.5", "35.5", "ô J9 (trang tính “Biểu 1”)", "100%", "Biểu đăng ký.xlsx"]
    assert str(area[9]).replace(" ", "") == rig.SHA


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("Biểu 1!B9", "biểu.xlsx; Biểu 1!B9"),
        ("table 3, row 4, cell 2", "biểu.xlsx; bảng 3, dòng 4, ô 2"),
        ("page 1, row 4, column 2", "biểu.xlsx; trang 1, dòng 4, cột 2"),
        ("", "biểu.xlsx"),
    ],
)
def test_the_source_of_a_point_reads_vietnamese(place: str, told: str) -> None:
    point = PointFacts({}, {}, {"name": place} if place else {}, {}, "biểu.xlsx", rig.SHA)
    assert source_of(point, ()) == told


def test_each_commune_has_its_state_and_silence_its_evidence() -> None:
    found = sheets(mixed())
    states = {line[2]: line[3] for line in lines(found["Tình hình gửi"])[6:]}
    assert len(states) == 22
    assert states["Xã Hòa Cư"] == "Đã đăng ký"
    assert states["Xã Hợp Thành"] == "Cần sửa, bổ sung"
    assert states["Xã Gia Cát"] == "Không có nhu cầu"
    assert states["Xã Tân Liên"] == "Không gửi"
    assert "báo cáo bổ sung" in str(line_with(found["Tình hình gửi"], "Xã Tân Liên")[-1])
    empty = found["Không nhu cầu & không gửi"]
    assert "Số tiếp nhận OCOP2-06235-01-7" in str(line_with(empty, "Xã Gia Cát")[5])
    silent = str(line_with(empty, "Xã Bảo Lâm")[5])
    assert "16/05/2024 08:01 đến baolam@caoloc.example: máy chủ đã nhận (mx.caoloc" in silent
    assert "18 đơn vị" in str(line_with(empty, "B. KHÔNG GỬI")[0])


def test_open_findings_are_listed_and_marked_in_the_table() -> None:
    found = sheets(mixed())
    finding = line_with(found["Lỗi còn lại"], "bắt buộc còn trống")
    assert finding[1:5] == ["Xã Hợp Thành", "Lỗi", 1, "Điện thoại"]
    sheet = found["Tổng hợp"]
    group = lines(sheet).index(line_with(sheet, "XÃ HỢP THÀNH")) + 1
    phone = sheet.cell(group + 1, 8)
    assert phone.value is None
    assert phone.fill.fgColor.rgb == printed.WRONG.fgColor.rgb


def test_a_full_report_says_that_it_counts_until_closing() -> None:
    """What came in the hours between closing and the report is not in it."""
    inputs = rig.inputs(CONFIG)
    assert (inputs.made_at, inputs.counted_until) == (rig.at(22, 8, 0), inputs.closes_at)
    for name in ("Tổng hợp", "Tình hình gửi"):
        assert line_with(sheets(inputs)[name], "Số liệu tính đến 22/05/2024 00:00, giờ Việt Nam")
    preview = replace(inputs, made_at=rig.at(20, 8, 0), closed=False)
    assert preview.counted_until == preview.made_at


def test_a_supplement_counts_what_came_after_closing() -> None:
    version = rig.submission(CONFIG, "Tân Liên", late=True, after_close=True,
                             received_at=rig.at(22, 10))  # fmt: skip
    released = ReportRow(1, "ocop-2024-2", 1, rig.at(22, 8), "", (), rig.at(22, 9), "lanh dao")
    material = rig.material(CONFIG, (version,), reports=(released,))
    inputs = build_inputs(CONFIG, CONFIG.campaigns[0], material, rig.at(23))
    assert inputs.supplement
    assert inputs.counted_until == inputs.made_at
    assert "XÃ TÂN LIÊN (1 điểm)" in str(lines(sheets(inputs)["Tổng hợp"]))


def test_a_withdrawn_version_counts_no_more() -> None:
    inputs = rig.inputs(CONFIG, (rig.submission(CONFIG, "Hòa Cư", withdrawn=True, current=False),))
    assert not inputs.points


def test_nobody_registered_reads_well() -> None:
    sheet = sheets(rig.inputs(CONFIG))["Tổng hợp"]
    assert line_with(sheet, "Không có xã, thị trấn nào đăng ký (22 đơn vị).")
    assert "không có đơn vị nào đăng ký" in str(lines(sheet))


def test_it_is_laid_out_to_be_printed() -> None:
    for sheet in sheets(mixed()).values():
        assert sheet.page_setup.orientation == "landscape"
        assert str(sheet.page_setup.paperSize) == "9"
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows
        fonts = {cell.font.name for row in sheet.iter_rows() for cell in row if cell.value}
        assert fonts == {"Times New Roman"}
        heights = [sheet.row_dimensions[cell.row].height for cell in sheet["A"] if cell.value]
        assert all(heights)


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://x.example")', "+84", "-5", "@SUM(A1)",
                                  "=cmd|' /C calc'!A0"])  # fmt: skip
def test_fault_068_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    """A value from a commune never becomes a formula in the Department's workbook."""
    inputs = rig.inputs(CONFIG, (rig.submission(CONFIG, "Hòa Cư", points=(rig.point(name=text),)),))
    data = workbook(inputs)
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    mine = [cell for cell in cells if cell.value == text]
    assert mine
    assert {cell.data_type for cell in mine} == {"s"}
    assert all(cell.quotePrefix for cell in mine)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert all(b"<f>" not in parts.read(name) for name in parts.namelist())


def test_the_same_inputs_give_the_same_bytes_and_the_json_is_canonical() -> None:
    assert workbook(mixed()) == workbook(mixed())
    assert inputs_json(mixed()) == inputs_json(mixed())
    assert json.loads(inputs_json(mixed()))["campaign"] == "ocop-2024-2"
    other = rig.inputs(CONFIG)
    assert inputs_json(other) != inputs_json(mixed())
    with zipfile.ZipFile(io.BytesIO(workbook(other))) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


def test_the_json_tells_all_versions_and_the_one_that_counts_in_canonical_form() -> None:
    note = '"counted":null,"versions":[]'
    twice = (rig.submission(CONFIG, "Hòa Cư", "needs-fix", points=(rig.point(note=note),)),
             rig.submission(CONFIG, "Hòa Cư", id=2, message_id=2, version=2, points=(rig.point(),)),
             rig.submission(CONFIG, "Hòa Cư", id=3, message_id=3, version=3, after_close=True,
                            received_at=rig.at(22, 10)))  # fmt: skip
    for inputs in (mixed(), rig.inputs(CONFIG, twice), rig.inputs(CONFIG)):
        written = inputs_json(inputs)
        assert read_inputs(written) == inputs
        assert written.decode().replace("\n", "") == json.dumps(
            json.loads(written), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        assert [
            json.loads(line.strip(","))["code"] for line in written.decode().split("\n")[1:-1]
        ] == [commune.code for commune in inputs.communes]


def test_what_was_written_in_one_line_is_read_as_well() -> None:
    inputs = mixed()
    unreached = replace(inputs.communes[-1], state="silent", mails=())
    inputs = replace(inputs, communes=(*inputs.communes[:-1], unreached))
    once = inputs_json(inputs).replace(b"\n", b"")
    assert read_inputs(once) == inputs
    assert counted_receipts(once) == inputs.receipts
    assert unreached_silent(once) == inputs.unreached
    assert inputs.receipts
    assert inputs.unreached


def test_inputs_without_a_commune_are_read_back() -> None:
    none = replace(mixed(), communes=())
    assert read_inputs(inputs_json(none)) == none


def test_a_version_that_counts_is_held_once() -> None:
    """Of a country the second one would be 150 MB."""
    for commune in read_inputs(inputs_json(mixed())).registering:
        assert any(version is commune.counted for version in commune.versions)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(list(rig.POINT)), st.text(st.characters(), max_size=40)))
def test_no_value_breaks_the_workbook(values: dict[str, str]) -> None:
    inputs = rig.inputs(CONFIG, (rig.submission(CONFIG, "Hòa Cư", points=(rig.point(**values),)),))
    assert openpyxl.load_workbook(io.BytesIO(workbook(inputs)))
    written = inputs_json(inputs)
    assert inputs_json(read_inputs(written)) == written


@pytest.mark.parametrize("text", ["\ud83d", "nửa \udc00", "😀", '\\ud800 "'])
def test_half_of_a_pair_is_read_back_as_well(text: str) -> None:
    inputs = rig.inputs(CONFIG, (rig.submission(CONFIG, "Hòa Cư", points=(rig.point(name=text),)),))
    assert inputs_json(read_inputs(inputs_json(inputs))) == inputs_json(inputs)
    assert read_inputs(inputs_json(inputs)) == inputs


@pytest.mark.parametrize(("number", "text"), [(1, "I"), (4, "IV"), (9, "IX"), (22, "XXII")])
def test_roman_numerals(number: int, text: str) -> None:
    assert roman(number) == text


def test_more_text_needs_more_lines() -> None:
    assert printed.lines_needed("Biển hiệu", 12) == 1
    assert printed.lines_needed("Biển hiệu, kệ trưng bày, tủ kính", 12) == 3
    assert printed.lines_needed("a\nb", 12) == 2
    assert printed.lines_needed("x" * 100, 12) > 8


class Registry:
    """The store as `gather` sees it."""

    def __init__(self, material: Material) -> None:
        self.material = material

    def snapshot(self, campaigns: object, *, contents: bool, findings: bool) -> object:
        assert not contents
        assert not findings  # the versions are asked for with theirs
        assert campaigns == windows(CONFIG.campaigns)
        return self.material.snapshot

    def submissions(self, campaign: str) -> object:
        assert campaign == "ocop-2024-2"
        return self.material.submissions

    def documents_of(self, message_ids: list[int]) -> object:
        assert message_ids == sorted(self.material.documents)
        return self.material.documents

    def messages_of(self, message_ids: list[int]) -> object:
        assert message_ids == sorted(self.material.messages)
        return self.material.messages

    def mails(self, campaign: str) -> object:
        assert campaign == "ocop-2024-2"
        return self.material.mails

    def dossiers(self, campaign: str) -> object:
        assert campaign == "ocop-2024-2"
        return self.material.dossiers


def test_gather_reads_what_the_pure_part_needs() -> None:
    answer = rig.submission(CONFIG, "Hòa Cư")
    paper = Document(2, "Cam kết.pdf", "1" * 64, 9, "pdf", "dossier", item="commitment")
    material = replace(rig.material(CONFIG, (answer,)), dossiers={answer.commune: [paper]})
    now = rig.at(22, 8, 0)
    found = gather(Registry(material), CONFIG, CONFIG.campaigns[0], now)  # type: ignore[arg-type]
    assert found == build_inputs(CONFIG, CONFIG.campaigns[0], material, now)
    assert found.points
    commitment = next(i for c in found.communes for i in c.dossier if i.files)
    assert commitment.files == (("Cam kết.pdf", 1),)


def test_criteria_and_dossier_stand_on_a_sheet_of_their_own() -> None:
    answer = rig.submission(CONFIG, "Hòa Cư")
    paper = Document(2, "Cam kết.pdf", "1" * 64, 9, "pdf", "dossier", item="commitment")
    material = replace(rig.material(CONFIG, (answer,)), dossiers={answer.commune: [paper]})
    inputs = build_inputs(CONFIG, CONFIG.campaigns[0], material, rig.at(22, 8, 0))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(inputs)))["Tiêu chí & hồ sơ"]
    texts = [str(cell.value) for line in sheet.iter_rows() for cell in line if cell.value]
    assert any(text.startswith("Đạt. Hạng sao: 3") for text in texts)
    assert any("Cam kết.pdf" in text for text in texts)
    assert any("Đơn đề nghị hỗ trợ" in text for text in texts)


def test_a_sum_that_nobody_stated_is_not_zero() -> None:
    def stated(**values: str) -> PointFacts:
        return PointFacts(values, {}, {}, {}, "bieu.xlsx", "0" * 64)

    assert total([stated(name="A"), stated()], "cost_total") is None
    assert total([stated(cost_total="0"), stated()], "cost_total") == 0
    assert total([stated(cost_total="5"), stated(cost_total="x")], "cost_total") == 5


def test_the_counted_receipts_are_read_back_out_of_the_frozen_inputs():
    inputs = mixed()
    assert counted_receipts(inputs_json(inputs)) == inputs.receipts
    assert len(inputs.receipts) == 4  # the fifth came after closing
    assert told_states(inputs_json(inputs)) == inputs.states


@pytest.mark.parametrize("broken", [b"[]", b"{}", b'{"communes":[{"counted":1}]}'])
def test_other_json_is_no_inputs(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not the inputs of a report"):
        counted_receipts(broken)
    with pytest.raises(ValueError, match="not the inputs of a report"):
        told_states(broken)
