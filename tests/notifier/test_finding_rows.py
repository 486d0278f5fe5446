"""What a finding becomes in a mail: the cell, what was found, what to write."""

import pytest
from rigs import office as rig

from notifier.finding_rows import SHOWN, how_to_write, rows
from parsers.reading import Finding

FORM = rig.office().campaigns[0].form


def row(message: str, key: str | None = None, code: str = "x", severity: str = "error") -> dict:
    (one,) = rows([Finding(severity, code, message, key, 1, None)], (), FORM)  # type: ignore[arg-type]
    return one


@pytest.mark.parametrize(
    ("message", "key", "found", "needed"),
    [
        (
            "Cột “Kinh phí đề nghị hỗ trợ”: “50” không rõ đơn vị tiền. Đề nghị ghi kèm đơn vị.",
            "cost_requested",
            "“50” không rõ đơn vị tiền",
            "Ghi kèm đơn vị.",
        ),
        (
            "Cột “Kinh phí đề nghị” được hiểu là “Kinh phí”; nếu không đúng, đề nghị ghi tên cột.",
            None,
            "Cột “Kinh phí đề nghị” được hiểu là “Kinh phí”",
            "Nếu không đúng, ghi tên cột.",
        ),
        ("Đề nghị bỏ cột thừa.", None, "", "Bỏ cột thừa."),
        (
            "Tổng là 1.000.000; khác 2.000.000.",
            None,
            "Tổng là 1.000.000; khác 2.000.000",
            "Sửa lại ô này rồi gửi lại biểu.",
        ),
        ("Thiếu “Địa chỉ”; đề nghị bổ sung.", "address", "Thiếu “Địa chỉ”", "Bổ sung."),
    ],
)
def test_a_message_is_taken_apart(message: str, key: str | None, found: str, needed: str) -> None:
    made = row(message, key)
    assert (made["found"], made["needed"]) == (found, needed)


def test_what_is_missing_is_told_by_how_it_is_written() -> None:
    made = row("Thiếu “Loại hình”; đề nghị bổ sung vào ô này.", "owner_kind", "missing-value")
    assert made["found"] == "Ô để trống"
    assert made["needed"] == ("Ghi một trong: doanh nghiệp; hợp tác xã; tổ hợp tác; hộ kinh doanh.")
    assert all(how_to_write(field) for field in FORM.fields)


def test_a_personal_value_is_never_quoted() -> None:
    point = rig.point(representative="Lường Văn Mẫu", phone="0912 000 11")
    places = point.row.places
    found = []
    for key in ("representative", "phone", "address"):
        message = f"Cột “{FORM.field(key).label}”: chưa đúng. Đề nghị xem lại."
        found.append(Finding("error", "odd", message, key, 1, places[key]))
    told = {one["field"]: one["found"] for one in rows(found, (point,), FORM)}
    assert told == {
        "Người đại diện": "Giá trị đã ghi: chưa đúng",
        "Điện thoại": "Số có 9 chữ số: chưa đúng",
        "Địa chỉ": "“Thôn Bản Cưởm, xã Hòa Cư”: chưa đúng",
    }


def test_many_of_one_kind_are_one_row_and_errors_come_first() -> None:
    many = [
        Finding("warning", "odd", "Khác thường. Đề nghị xem lại.", "area_m2", n, f"Biểu 1!J{n}")
        for n in range(1, 5001)
    ]
    made = rows([*many, Finding("error", "bad", "Sai. Đề nghị sửa.", "stars", 1, None)], (), FORM)
    assert [(one["severity"], one["count"]) for one in made] == [("error", 1), ("warning", 5000)]
    assert made[1]["place"].endswith("(trang tính “Biểu 1”) và 4992 chỗ khác")
    kinds = [Finding("error", f"code-{n}", "Sai.", None, n, None) for n in range(SHOWN + 10)]
    assert len(rows(kinds, (), FORM)) == SHOWN + 10


def test_places_are_told_sheet_by_sheet() -> None:
    places = ("Biểu 1!A1", "Biểu 2!B2", "Biểu 1!A3", "table 2, row 3, cell 4")
    found = [Finding("error", "bad", "Sai.", None, 1, place) for place in places]
    (made,) = rows(found, (), FORM)
    assert made["place"] == (
        "ô A1, A3 (trang tính “Biểu 1”); ô B2 (trang tính “Biểu 2”); bảng 2, dòng 3, ô 4"
    )
