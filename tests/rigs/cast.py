"""Made-up values that many tests need: communes, a campaign, readings."""

import datetime as dt
from zoneinfo import ZoneInfo

from config.model import Campaign, Commune
from parsers.reading import Finding, Letter, Reading, Row

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SINCE = dt.date(2020, 1, 1)


def moment(day: int, hour: int = 9, minute: int = 0, second: int = 0) -> dt.datetime:
    """An instant of May 2024, local time."""
    return dt.datetime(2024, 5, day, hour, minute, second, tzinfo=ZONE)


def commune(code: str, name: str, kind: str = "xã", **more: object) -> Commune:
    slug = code if not name.isascii() else name.lower()
    emails = more.pop("emails", (f"xa{slug}@caoloc.example",))
    return Commune(code, SINCE, None, kind, name, emails, **more)  # type: ignore[arg-type]


HOA_CU = commune("06223", "Hòa Cư")
GIA_CAT = commune("06235", "Gia Cát")
THUY_HUNG = commune("06208", "Thụy Hùng")
CAO_LOC = commune("06187", "Cao Lộc", "thị trấn")
DONG_DANG = commune("06184", "Đồng Đăng", "thị trấn")
COMMUNES = (DONG_DANG, CAO_LOC, THUY_HUNG, HOA_CU, GIA_CAT)


def campaign(campaign_id: str = "ocop-2024-2", **changes: object) -> Campaign:
    base: dict[str, object] = {
        "id": campaign_id,
        "title": "Đăng ký Điểm OCOP đợt 2",
        "round": 2,
        "number": "1290/UBND-KT&HT",
        "basis": [
            {"number": "689/SCT-QLTM"},
            {"number": "1144/UBND-KT&HT", "identifies": False},
        ],
        "opens_at": moment(13, 0),
        "deadline_at": moment(21, 0),
        "closes_at": moment(22, 0),
        "receipt_prefix": "OCOP2",
        "report": {
            "to": ["qltm@soct.example"],
            "recipient": "Sở Công Thương",
            "at": moment(22, 8),
            "approvers": ["lanhdao@caoloc.example"],
        },
        "form": {
            "title": "Đăng ký",
            "field": [{"key": "name", "label": "Tên điểm", "type": "text", "required": True}],
        },
    }
    return Campaign.model_validate(base | changes)


def form_reading(*names: str, **changes: object) -> Reading:
    rows = tuple(
        Row({"name": name}, {"name": f"Biểu!B{9 + index}"}, {"name": 1.0})
        for index, name in enumerate(names)
    )
    values: dict[str, object] = {"kind": "xlsx", "role": "form", "rows": rows} | changes
    return Reading(**values)  # type: ignore[arg-type]


def letter_reading(**changes: object) -> Reading:
    letter = Letter(number="45/UBND-KT", organ="UBND xã Hòa Cư")
    values: dict[str, object] = {"kind": "pdf", "role": "letter", "letter": letter} | changes
    return Reading(**values)  # type: ignore[arg-type]


ERROR = Finding("error", "missing-value", "Thiếu điện thoại.", "phone", 1, "Biểu!F9")
