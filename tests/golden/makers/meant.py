"""What is meant in the cases written by hand: the truth beside ``handwritten``'s makers.

A case that is not listed here has only its expected reading.
"""

from typing import Final

from golden.makers.paper import Truth

_CHO: Final = {
    "name": "Điểm OCOP chợ Bản Ngà",
    "address": "Thôn Bản Ngà",
    "owner": "HTX Nông sản Bản Ngà",
    "representative": "Hoàng Thị Mẫu",
    "phone": "0912345678",
    "area_m2": "35.5",
    "products": "Mật ong bạc hà",
    "stars": "4",
    "cost_requested": "50000000",
}
_QUAN: Final = {
    "name": "Cửa hàng Nà Lìn",
    "address": "Số 5, thôn Nà Lìn",
    "owner": "Hộ kinh doanh Lý Văn Thử",
    "representative": "Lý Văn Thử",
    "phone": "0987654321",
    "area_m2": "20",
    "products": "Vịt quay Nà Lìn",
    "stars": "3",
    "cost_requested": "80000000",
    "note": "Đã có mặt bằng",
}
_BEN: Final = {
    "name": "Quầy OCOP bến xe Khuổi Mạ",
    "address": "Km 4, quốc lộ 1B",
    "owner": "Công ty TNHH Khuổi Mạ",
    "representative": "Nông Văn Ví",
    "phone": "0363112233",
    "area_m2": "12.5",
    "products": "Chè dây Khuổi Mạ",
    "stars": "3",
    "cost_requested": "30500000",
}
_ALL: Final = (_CHO, _QUAN, _BEN)
_TWO: Final = (_CHO, _QUAN)
_SIXTEEN: Final = _CHO | {
    "owner_kind": "hợp tác xã",
    "registration_no": "4900123456",
    "location_kind": "Trung tâm thương mại, siêu thị, chợ",
    "products": "Mật ong bạc hà; Hồi khô",
    "certified_on": "2023-12-15",
    "needs": "Biển hiệu, kệ trưng bày",
    "cost_total": "80000000",
}


def _but(row: dict[str, str], *missing: str, **other: str) -> dict[str, str]:
    """Return a row without some of its values, and with others."""
    return {key: value for key, value in (row | other).items() if key not in missing}


def _merged_header(total: str, row: dict[str, str]) -> dict[str, str]:
    return _but(row, "note", cost_total=total)


MEANT: Final = {
    "plain-form": Truth(_ALL),
    "all-columns": Truth((_SIXTEEN,)),
    "merged-two-row-header": Truth(
        (_merged_header("80000000", _CHO), _merged_header("120500000", _QUAN))
    ),
    "unmerged-two-row-header": Truth((_CHO, _but(_QUAN, "note"))),
    "unit-line-above": Truth(_TWO),
    "unit-in-cells": Truth((_CHO, _but(_QUAN, "note"), _BEN)),
    "unit-nowhere": Truth(
        (_but(_CHO, "cost_requested"),), ((1, "cost_requested", "unit-missing"),)
    ),
    "starts-at-c5": Truth(
        (_CHO, _but(_QUAN, "address", name="Điểm thiếu địa chỉ")),
        ((2, "address", "missing-value"),),
    ),
    "reordered-columns": Truth(
        (_but(_CHO, "phone"), _but(_QUAN, "phone", "note")), said=("missing-column",)
    ),
    "missing-column": Truth((_but(_CHO, "stars"), _but(_QUAN, "stars")), said=("missing-column",)),
    "header-in-other-writing": Truth(_TWO),
    "header-with-a-slip": Truth((_CHO,)),
    "other-questions": Truth((_CHO,)),
    "group-rows": Truth(_ALL),
    "total-above": Truth(_ALL),
    "total-mismatch": Truth((_CHO, _but(_QUAN, "note"), _BEN), said=("total-mismatch",)),
    "formula-without-result": Truth(_TWO, ((1, "cost_requested", "uncalculated"),)),
    "formula-with-false-zero": Truth(_TWO, ((1, "cost_requested", "uncalculated"),)),
    "ditto-marks": Truth(
        (
            _but(_CHO, note="Gần chợ"),
            _QUAN
            | {key: _CHO[key] for key in ("address", "owner", "representative")}
            | {"note": "Gần chợ"},
        )
    ),
    "products-in-rows": Truth((_but(_CHO, products="Mật ong bạc hà; Hồi khô; Na dai"), _QUAN)),
    "products-in-cell": Truth(
        (
            _but(_CHO, products="Mật ong bạc hà; Hồi khô; Na dai"),
            _but(_QUAN, products="Vịt quay Nà Lìn; Măng ớt"),
        )
    ),
    "merged-down-values": Truth(
        (
            _but(_CHO, "cost_requested"),
            _but(_QUAN, "cost_requested", "note", address="Thôn Bản Ngà"),
        ),
        ((1, "cost_requested", "merged-value"), (2, "cost_requested", "merged-value")),
    ),
    "last-year-beside": Truth((_CHO,), said=("table-left-out",)),
    "two-sheets": Truth(_TWO, said=("several-tables",)),
    "only-hidden": Truth(outcome="wrong-form"),
    "blank-template": Truth(outcome="blank-template"),
    "wrong-form": Truth(outcome="wrong-form"),
    "nil-in-table": Truth(outcome="nil"),
    "nil-in-word-table": Truth(outcome="nil"),
    "twice-the-same": Truth((_CHO, _QUAN, _CHO), said=("duplicate-point", "count-mismatch")),
    "hidden-row-and-column": Truth(_TWO, said=("hidden-row", "hidden-column")),
    "missing-values": Truth(
        (_but(_CHO, "address", "products", "stars"), _QUAN),
        tuple((1, key, "missing-value") for key in ("address", "products", "stars")),
    ),
    "header-repeated": Truth(_ALL),
    "without-numbers": Truth((_CHO, _but(_QUAN, "note", cost_requested="80500000"))),
    "strict-workbook": Truth(_TWO),
    "letter-with-table": Truth(_TWO),
    "table-in-two-pieces": Truth(_ALL),
}
