"""The fill-in workbook: empty it is recognised, filled in it reads back value for value."""

import datetime as dt
import io

import openpyxl
import pytest
from rigs import office as rig

from notifier.fill_in import ROWS, caption, fill_in_workbook
from parsers import read
from parsers.reading import Reading, Refusal

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
FIRST = 9


def form(name: str = "Hòa Cư") -> bytes:
    commune = rig.commune(CONFIG, name)
    return fill_in_workbook(CAMPAIGN, commune, CONFIG.settings.office, rig.SECRET)


def filled(*points: dict[str, object]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(form()))
    sheet = book.worksheets[0]
    for line, values in enumerate(points, start=FIRST):
        for column, field in enumerate(CAMPAIGN.form.fields, start=2):
            sheet.cell(line, column).value = values.get(field.key)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("name", ["Hòa Cư", "Đồng Đăng"])
def test_unfilled_it_is_recognised_as_our_blank_form(name: str) -> None:
    answer = read(form(name), CAMPAIGN.form, name="bieu.xlsx")
    assert isinstance(answer, Refusal)
    assert answer.code == "blank-template"


@pytest.mark.parametrize("typed", [True, False])
def test_filled_in_it_reads_back_value_for_value(typed: bool) -> None:
    point: dict[str, object] = dict(rig.POINT)
    if typed:
        point |= {
            "area_m2": 35.5,
            "stars": 3,
            "cost_total": 120_000_000,
            "cost_requested": 50_000_000,
            "certified_on": dt.date(2022, 12, 20),
        }
    else:
        point |= {"area_m2": "35,5", "cost_total": "120.000.000", "cost_requested": "50.000.000",
                  "certified_on": "20/12/2022"}  # fmt: skip
    answer = read(filled(point, point | {"name": "Điểm thứ hai"}), CAMPAIGN.form, name="bieu.xlsx")
    assert isinstance(answer, Reading)
    assert [dict(row.values) for row in answer.rows] == [
        rig.POINT,
        rig.POINT | {"name": "Điểm thứ hai"},
    ]
    assert not answer.nil
    assert [item for item in answer.findings if item.severity == "error"] == []
    assert "UBND XÃ HÒA CƯ" in answer.heading


def test_it_names_the_commune_states_units_and_helps() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(form())).worksheets[0]
    assert sheet["A1"].value == "UBND XÃ HÒA CƯ"
    assert sheet["A2"].value == "Mã đơn vị: 06223"
    captions = [cell.value for cell in sheet[7]]
    assert captions == ["STT", *(caption(field) for field in CAMPAIGN.form.fields)]
    assert "Kinh phí đề nghị hỗ trợ (đồng)" in captions
    assert all(cell.comment for cell in sheet[7][1:])
    kinds = {rule.type for rule in sheet.data_validations.dataValidation}
    assert kinds == {"list", "whole", "decimal", "date"}
    assert sheet.freeze_panes == "C9"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$7:$8"
    last = FIRST + ROWS - 1
    phone = 2 + [field.key for field in CAMPAIGN.form.fields].index("phone")
    assert {sheet.cell(line, phone).number_format for line in (FIRST, last)} == {"@"}


def test_the_same_call_gives_the_same_bytes() -> None:
    assert form() == form()
    assert form() != form("Đồng Đăng")
