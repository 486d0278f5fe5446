"""The captions of columns as people write them."""

import re
import unicodedata
from collections.abc import Mapping
from random import Random
from typing import Final

from rigs.shipped import shipped_form

LABELS: Final[Mapping[str, str]] = {
    "name": "Tên điểm",
    "address": "Địa chỉ",
    "owner": "Chủ thể quản lý",
    "owner_kind": "Loại hình",
    "registration_no": "Số ĐKKD/MST",
    "representative": "Người đại diện",
    "phone": "Điện thoại",
    "location_kind": "Vị trí theo QĐ 950/QĐ-BCT",
    "area_m2": "Diện tích (m²)",
    "products": "Sản phẩm OCOP",
    "stars": "Hạng sao",
    "certified_on": "Ngày cấp giấy chứng nhận",
    "needs": "Nội dung đề nghị hỗ trợ",
    "cost_total": "Tổng kinh phí",
    "cost_requested": "Kinh phí đề nghị hỗ trợ",
    "note": "Ghi chú",
}
_SYNONYMS: Final[Mapping[str, str]] = {
    "name": "Tên điểm giới thiệu và bán sản phẩm OCOP",
    "address": "Địa điểm",
    "owner": "Tên cơ sở",
    "owner_kind": "Loại hình kinh doanh",
    "registration_no": "Mã số thuế",
    "representative": "Họ và tên người đại diện",
    "phone": "SĐT",
    "location_kind": "Loại vị trí",
    "area_m2": "DT mặt bằng",
    "products": "Tên sản phẩm được công nhận",
    "stars": "Xếp hạng",
    "certified_on": "Ngày công nhận",
    "needs": "Nhu cầu hỗ trợ",
    "cost_total": "Tổng mức đầu tư",
    "cost_requested": "NSNN hỗ trợ",
    "note": "Ghi chú",
}
_OTHERS: Final[Mapping[str, str]] = {
    "name": "Cửa hàng, điểm bán",
    "address": "Thôn, khu",
    "owner": "Chủ thể",
    "owner_kind": "Loại hình chủ thể",
    "registration_no": "Số giấy ĐKKD",
    "representative": "Họ tên người phụ trách",
    "phone": "ĐT liên hệ",
    "location_kind": "Tiêu chí vị trí",
    "area_m2": "Diện tích trưng bày",
    "products": "Các sản phẩm OCOP",
    "stars": "Đạt hạng sao",
    "certified_on": "Ngày cấp GCN",
    "needs": "Nội dung hỗ trợ",
    "cost_total": "Tổng dự toán",
    "cost_requested": "Kinh phí đề nghị NSNN hỗ trợ",
    "note": "Chú thích",
}


_LONGER: Final[Mapping[str, str]] = {
    "name": "Tên điểm giới thiệu và bán sản phẩm OCOP (dự kiến đăng ký)",
    "address": "Địa chỉ đặt điểm (ghi rõ thôn, khu phố)",
    "owner": "Chủ thể quản lý điểm",
    "owner_kind": "Loại hình chủ thể (DN, HTX, THT, hộ)",
    "registration_no": "Số giấy ĐKKD hoặc mã số thuế",
    "representative": "Họ và tên người đại diện của chủ thể",
    "phone": "Số điện thoại liên hệ của người đại diện",
    "location_kind": "Vị trí theo Quyết định số 950/QĐ-BCT ngày 18/4/2023",
    "area_m2": "Diện tích mặt bằng của điểm (m2)",
    "products": "Tên sản phẩm OCOP bày bán tại điểm",
    "stars": "Hạng sao OCOP của sản phẩm",
    "certified_on": "Ngày cấp giấy chứng nhận OCOP",
    "needs": "Nội dung đề nghị hỗ trợ cụ thể",
    "cost_total": "Tổng kinh phí thực hiện",
    "cost_requested": "Kinh phí đề nghị Nhà nước hỗ trợ",
    "note": "Ghi chú (nếu có)",
}
#: Begins the way that draws each caption from those the form knows.
KNOWN: Final = "known"


def caption(key: str, way: str = "label", unit: str = "") -> str:
    """Return the caption of a field, written in one of the ways, with the unit of money if any."""
    if way.startswith(KNOWN):
        field = shipped_form().field(key)
        base = Random(f"{way} {key}").choice((field.label, *field.aliases))  # noqa: S311  test data
    else:
        named = {"synonyms": _SYNONYMS, "others": _OTHERS, "longer": _LONGER}
        base = named.get(way, LABELS)[key]
    text = f"{base} ({unit})" if unit and key.startswith("cost_") else base
    if way == "capitals":
        return text.upper()
    if way == "bare":
        return bare(text)
    if way == "broken":
        return re.sub(r" (?=\S+$)", "\n", text).replace("Hạng\nsao", "Hạn\ng sao")
    if way == "colons":
        return f"{text}:"
    return text


def bare(text: str) -> str:
    """Return the text without diacritics."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
