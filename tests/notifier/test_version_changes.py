"""What changed between two versions: told point by point, never with a person's data."""

import dataclasses

import pytest
from rigs.ocop_form import FORM
from rigs.world import submission

from notifier.version_changes import Change, changes
from parsers.reading import Row
from registry.model import Point, Submission

SHOP = {
    "name": "Cửa hàng OCOP Hòa Cư",
    "address": "Thôn Bản Lìm",
    "owner": "HTX Nông sản",
    "representative": "Nguyễn Văn Thử",
    "phone": "0912345678",
    "area_m2": "35.5",
    "products": "Chè; Mật ong",
    "stars": "3",
    "cost_requested": "50000000",
}
STALL = SHOP | {
    "name": "Quầy chợ trung tâm",
    "address": "Thôn Chợ",
    "owner": "HTX Chợ",
    "representative": "Lý Thị Mẫu",
    "phone": "0987654321",
    "area_m2": "12",
    "cost_requested": "20000000",
}


def version(*rows: dict[str, str]) -> Submission:
    points = tuple(
        Point(number, 1, Row(row, {}, dict.fromkeys(row, 1.0)))
        for number, row in enumerate(rows, start=1)
    )
    return dataclasses.replace(submission(), points=points)


def told(old: Submission, new: Submission) -> list[Change]:
    return list(changes(old, new, FORM))


def test_versions_that_say_the_same_have_no_changes() -> None:
    assert told(version(SHOP, STALL), version(SHOP, STALL)) == []


def test_another_order_is_no_change() -> None:
    assert told(version(SHOP, STALL), version(STALL, SHOP)) == []


def test_values_are_told_in_words() -> None:
    now = SHOP | {"area_m2": "1240.5", "cost_requested": "45000000", "certified_on": "2024-03-01"}
    found = [(one.field, one.before, one.after) for one in told(version(SHOP), version(now))]
    assert found == [
        ("Diện tích (m²)", "35,5", "1.240,5"),
        ("Ngày cấp giấy chứng nhận", "(trống)", "1/3/2024"),
        ("Kinh phí đề nghị hỗ trợ", "50.000.000 đồng", "45.000.000 đồng"),
    ]


def test_a_renamed_point_is_one_change() -> None:
    renamed = SHOP | {"name": "Điểm giới thiệu sản phẩm Hòa Cư"}
    (only,) = told(version(SHOP, STALL), version(renamed, STALL))
    assert (only.kind, only.point, only.field) == ("changed", 1, "Tên điểm")
    assert only.before == "Cửa hàng OCOP Hòa Cư"


def test_points_that_came_and_went() -> None:
    other = {"name": "Trạm dừng nghỉ", "address": "Quốc lộ 1", "area_m2": "80", "stars": "4"}
    found = told(version(SHOP, STALL), version(SHOP, other))
    assert [(one.kind, one.point, one.name) for one in found] == [
        ("added", 2, "Trạm dừng nghỉ"),
        ("removed", 2, "Quầy chợ trung tâm"),
    ]


def test_a_point_that_moved_up_keeps_its_changes() -> None:
    """The first was taken out: the second is still itself."""
    found = told(version(SHOP, STALL), version(STALL | {"stars": "4"}))
    assert [(one.kind, one.point) for one in found] == [("changed", 1), ("removed", 1)]
    assert (found[0].before, found[0].after) == ("3 sao", "4 sao")


@pytest.mark.parametrize(
    ("key", "old", "new", "word"),
    [
        ("phone", "0912345678", "0987654321", "đã sửa"),
        ("phone", "", "0987654321", "đã bổ sung"),
        ("representative", "Nguyễn Văn Thử", "", "đã xóa"),
        ("registration_no", "001084012345", "001084054321", "đã sửa"),
    ],
)
def test_personal_data_is_only_said_to_have_changed(
    key: str, old: str, new: str, word: str
) -> None:
    before = {name: value for name, value in (SHOP | {key: old}).items() if value}
    after = {name: value for name, value in (SHOP | {key: new}).items() if value}
    (only,) = told(version(before), version(after))
    assert (only.before, only.after) == ("", word)
    assert "09" not in repr(only)
    assert "Nguyễn" not in repr(only)


def test_a_phone_in_an_address_is_masked() -> None:
    (only,) = told(version(SHOP), version(SHOP | {"address": "Thôn Chợ, ĐT 0912 345 678"}))
    assert only.after == "Thôn Chợ, ĐT [số điện thoại]"


def test_points_of_one_name_are_told_apart_by_the_rest() -> None:
    twin = STALL | {"name": SHOP["name"]}
    (only,) = told(version(SHOP, twin), version(twin, SHOP | {"stars": "5"}))
    assert (only.kind, only.point, only.after) == ("changed", 2, "5 sao")


def test_five_thousand_points_are_compared_soon() -> None:
    rows = [SHOP | {"name": f"Điểm {number}", "area_m2": str(number)} for number in range(5_000)]
    renamed = [row | {"name": f"Cửa hàng {row['name']}"} for row in rows]
    found = told(version(*rows), version(*renamed))
    assert len(found) == 5_000
    assert {one.kind for one in found} == {"changed"}


def test_what_could_not_be_read_is_not_called_empty() -> None:
    before = {key: value for key, value in SHOP.items() if key != "stars"}
    old = version(before)
    row = dataclasses.replace(old.points[0].row, raw={"stars": "7"})
    old = dataclasses.replace(old, points=(dataclasses.replace(old.points[0], row=row),))
    (only,) = told(old, version(SHOP))
    assert (only.before, only.after) == ("(chưa hợp lệ)", "3 sao")
