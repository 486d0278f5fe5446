"""Tables that stand one below the other in a sheet: none of them is lost, each has its columns."""

from collections.abc import Sequence

import pytest
from rigs.grids import grid
from rigs.ocop_form import FORM

from parsers.form import interpret
from parsers.grid import CellValue, Extract
from parsers.interpretation import Interpretation

Rows = Sequence[Sequence[CellValue]]
FEW: Sequence[CellValue] = [
    "STT",
    "Tên điểm",
    "Địa chỉ",
    "Chủ thể quản lý",
    "Điện thoại",
    "Diện tích (m2)",
]
ONE: Sequence[CellValue] = [1, "Điểm A", "Thôn B", "HTX C", "0912345678", 35.5]
OTHER: Sequence[CellValue] = [2, "Điểm D", "Thôn E", "HTX F", "0987654321", 20]
#: The same columns with one more among them.
MORE: Sequence[CellValue] = [*FEW[:4], "Loại hình", *FEW[4:]]
THIRD: Sequence[CellValue] = [1, "Điểm G", "Thôn H", "HTX I", "hợp tác xã", "0363112233", 48]


def reading(*rows: Sequence[CellValue]) -> Interpretation:
    return interpret(Extract("xlsx", (grid(rows),)), FORM)


def read(result: Interpretation) -> list[tuple[str, str, str | None]]:
    """Return what tells whether each value was read by its own table's columns."""
    values = [row.values for row in result.rows]
    return [(one["name"], one["area_m2"], one.get("owner_kind")) for one in values]


@pytest.mark.parametrize("between", [[], [[]], [["Bằng chữ: năm mươi triệu đồng"], [], ["II."]]])
@pytest.mark.parametrize("numbered", [True, False])
def test_a_table_above_one_that_names_more_fields_is_no_title(
    between: Rows, *, numbered: bool
) -> None:
    rows = [FEW, ONE, OTHER, *between, MORE, THIRD]
    result = reading(*(rows if numbered else [row[1:] if len(row) > 1 else row for row in rows]))
    assert read(result) == [
        ("Điểm A", "35.5", None),
        ("Điểm D", "20", None),
        ("Điểm G", "48", "hợp tác xã"),
    ]
    assert "several-tables" in [finding.code for finding in result.findings]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_table_with_a_column_of_its_own_below_another_is_read_by_its_own(
    *, numbered: bool
) -> None:
    owned = [*FEW[:4], "Người đại diện", *FEW[4:]]
    rows = [MORE, THIRD, [], owned, [*ONE[:4], "Lý Văn Thử", *ONE[4:]]]
    result = reading(*(rows if numbered else [row[1:] for row in rows]))
    assert read(result) == [("Điểm G", "48", "hợp tác xã"), ("Điểm A", "35.5", None)]
    assert result.rows[1].values["representative"] == "Lý Văn Thử"


def test_three_tables_of_three_kinds_are_all_read() -> None:
    turned = [FEW[0], FEW[5], *FEW[1:5]]
    line = [3, 60, "Điểm K", "Thôn L", "HTX M", "0334567890"]
    for rows in ([FEW, ONE, MORE, THIRD, turned, line], [turned, line, FEW, ONE, MORE, THIRD]):
        assert sorted(name for name, *_ in read(reading(*rows))) == ["Điểm A", "Điểm G", "Điểm K"]


@pytest.mark.parametrize("between", [[], [[]], [[], ["DANH SÁCH 2"]]])
def test_further_products_are_no_title_of_the_table_below(between: Rows) -> None:
    head, other = [*FEW, "Sản phẩm OCOP"], [*MORE, "Sản phẩm OCOP"]
    more: Rows = [[*[None] * 6, "Hồi khô"], [*[None] * 6, "Đào"]]
    result = reading(head, [*ONE, "Rượu"], *more, *between, other, [*THIRD, "Chè"])
    assert [row.values["products"] for row in result.rows] == ["Rượu; Hồi khô; Đào", "Chè"]


def test_two_captions_among_values_begin_no_table() -> None:
    """ "Đơn vị" and "Cơ sở" may be a point's own words."""
    strange: Sequence[CellValue] = [2, "Đơn vị", "Nơi đặt", "HTX F", "0987654321", 20]
    result = reading(FEW, ONE, strange)
    assert [name for name, *_ in read(result)] == ["Điểm A", "Đơn vị"]
