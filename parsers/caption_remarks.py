"""Remarks in brackets in a caption: which of them may make another question of what it asks.

"(triệu đồng)", "(nếu có)" and "(dd/mm/yyyy)" change nothing; "(đối ứng)", "(đã cấp)" or "(năm
2023)" do, and of a remark that nobody here knows nobody can tell.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from parsers.form import Field, FieldType
from parsers.vietnamese import fold

_REMARK = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_PARTS = re.compile(r"[;,:]")
_COUNT = r"(?:mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi|tram)"
_LIMIT = r"(?:khong (?:vuot )?qua|toi da|toi thieu|it nhat|den|duoi|tren|tu)"
#: What may stand in the brackets of any caption: how to fill it in, a limit, a unit, columns.
_ANYWHERE = (
    r"neu co|neu duoc|(?:ghi )?(?:cu the|ro|day du)|ghi|vi du|vd|bat buoc",
    r"(?:bang )?(?:chu )?so(?: nguyen)?|lam tron|khong (?:de|bo) trong|khong ghi (?:chu|don vi)",
    r"(?:xem )?chi tiet|xem|kem theo|dinh kem|tai phu luc|phu luc|bieu(?: mau)?|mau|cot|dong",
    r"theo|thuc te|huong dan|quy dinh|bao gia|cua|va|hoac",
    r"(?:cho )?(?:moi|tung|mot|cac) (?:diem|co so|san pham|sp)",
    r"(?<=[dgu] )(?:0?1 )?(?:diem|co so|cua hang|chu the|mo hinh)",  # behind "triệu đồng/"
    rf"(?:(?:muc|ho tro|tinh) )*{_LIMIT}(?= (?:muc )?(?:\d|{_COUNT} ))",
    rf"{_COUNT}(?= (?:{_COUNT}|ty|trieu|nghin|ngan)\b)",
    r"don vi tinh|dvt|don vi|d v(?: tinh)?|tinh (?:bang|theo)|viet nam|usd|eur",
    r"ty|ti|trieu|tr|nghin|ngan|ngin|trd|nghd|ngd|nd|ng|vnd|x?\d+d",
    r"[a-hkx]|[ivx]+",  # no "đ/ư"
)
_TAX = r"(?:(?:da|chua) )?(?:bao )?(?:gom|co|tinh)(?: ca)? (?:thue )?(?:vat|gtgt|thue)"
_MONEY = (r"uoc(?: tinh)?|tam tinh|so bo|du (?:kien|toan|tru)|khai toan|khoang", _TAX)
#: Money that is asked for, and by whom it is asked to be given.
_REQUEST = (
    r"de (?:nghi|xuat)|dang ky|ho tro|nhu cau|xin|tong(?: so| cong)?|cong(?! ty| dong)",
    r"(?:(?:tu|nguon) )*(?:nsnn|nn|ngan sach(?: nha nuoc)?|nha nuoc)",
)
#: A whole sum, of whatever parts.
_WHOLE = (
    r"tong(?: so| cong)?|cong(?! ty| dong)",
    r"(?:bao gom|nsnn|ngan sach)(?: ca| va)?(?: von| phan)? doi ung",
)
_GIVEN = (
    r"(?:neu )?(?:da )?duoc (?:cong nhan|cap|xep hang)|da (?:cong nhan|cap|xep hang|dat)|hien nay",
    r"ocop|san pham|sp|gcn|giay chung nhan|chung nhan|quyet dinh|qd|cong nhan|hien (?:tai|co)",
    r"(?:tinh den )?(?:ngay )?\d{1,2} \d{1,2} 20\d\d|gan nhat|moi nhat",
)
_STARS = (
    r"dat(?: duoc)?|(?:so|hang)? ?sao|(?:xep|phan)? ?hang|danh gia|ket qua|cap (?:tinh|huyen)",
)
_DATE = (r"ngay|thang|nam|cap|dd|mm|yy|yyyy|20\d\d",)
#: A year tells of which one the money or the rating is; another number is a column's or a limit.
_NUMBER = (r"(?!20\d\d\b)\d+",)


def _phrases(*kinds: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrase for kind in kinds for phrase in kind)})(?!\w)")


#: What changes nothing in a caption of each type whose values would be mistaken in silence.
_HARMLESS: Mapping[FieldType, re.Pattern[str]] = MappingProxyType(
    {
        "money": _phrases(_MONEY, _WHOLE, _ANYWHERE, _NUMBER),
        "stars": _phrases(_GIVEN, _STARS, _ANYWHERE, _NUMBER),
        "date": _phrases(_GIVEN, _DATE, _ANYWHERE, _NUMBER),
    }
)
_HARMLESS_OF_REQUEST = _phrases(_MONEY, _REQUEST, _ANYWHERE, _NUMBER)
_IS_REQUEST = re.compile(r"\b(?:de nghi|de xuat|dang ky|ho tro|nhu cau|xin)\b")
#: The number of a decision or guidance by which it is filled in, unless it says what became of it.
_BY_DECISION = re.compile(
    r"(?:theo|can cu) (?:qd|quyet dinh|nq|nghi quyet|hd|huong dan|tt|thong tu|nghi dinh|quy dinh)\b"
    r"(?!.*\b(?:da|dot|lan|doi ung|con|truoc|cu|duyet|giao)\b).*\d.*"
)


def doubtful_remarks(field: Field, caption: str) -> list[str]:
    """Return the remarks of a caption by which it may ask something else than its field."""
    harmless = _HARMLESS.get(field.type)
    if harmless is None:
        return []
    if field.type == "money" and _IS_REQUEST.search(fold(field.label)):
        harmless = _HARMLESS_OF_REQUEST
    return [
        part
        for remark in _REMARK.findall(caption)
        for part in _PARTS.split(remark)
        if harmless.sub("", fold(part)).strip() and not _BY_DECISION.fullmatch(fold(part))
    ]
