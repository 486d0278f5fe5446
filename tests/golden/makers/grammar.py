"""What senders register: invented points of sale, put together from words by a seeded generator.

Villages, persons, firms and telephone numbers are made of syllables and digits; any likeness is
chance. A value is canonical (DESIGN §6): what the registry must hold if the document is read right.
"""

import datetime as dt
from random import Random
from typing import Final

#: Field key → canonical value; an empty field has no key.
Point = dict[str, str]

_BEGINNINGS: Final = (
    "Bản", "Nà", "Pò", "Khuổi", "Lũng", "Cốc", "Pác", "Kéo", "Phai", "Co", "Tồng", "Khòn",
    "Pàn", "Thâm", "Đông",
)  # fmt: skip
_ENDINGS: Final = (
    "Ngà", "Lìn", "Mạ", "Lạn", "Tấu", "Chuông", "Sả", "Hin", "Quang", "Mòn", "Dọc", "Thán",
    "Vài", "Rọ", "Xá", "Phước", "Luông", "Nghiều", "Ôi", "Khoang", "Tẩu", "Mới", "Làng",
    "Tềnh", "Riềng", "Quyền",
)  # fmt: skip
_SURNAMES: Final = (
    "Hoàng", "Nông", "Lý", "Vi", "Triệu", "Lương", "Đàm", "Hứa", "Bế", "La", "Chu", "Đinh",
    "Phùng", "Dương", "Mông", "Nguyễn",
)  # fmt: skip
_MIDDLES: Final = (
    "Thị", "Văn", "Thúy", "Minh", "Đức", "Ngọc", "Thu", "Quốc", "Hữu", "Bích", "Xuân", "Kim",
)  # fmt: skip
_NAMES: Final = (
    "Mẫu", "Thử", "Ví", "Dụ", "Lập", "Ký", "Quỳnh", "Thủy", "Huệ", "Phượng", "Tuyết", "Nghĩa",
    "Đạo", "Ước", "Diễm", "Thưởng", "Khuyên", "Bằng", "Hạnh", "Sỹ", "Yến", "Loan", "Giỏi",
    "Tưởng", "Nghiệp",
)  # fmt: skip
_KINDS_OF_POINT: Final = (
    "Điểm OCOP {}", "Điểm OCOP chợ {}", "Cửa hàng nông sản {}", "Quầy OCOP {}",
    "Điểm giới thiệu và bán sản phẩm OCOP {}", "Gian hàng đặc sản {}", "Cửa hàng {}",
    "Điểm bán hàng OCOP {} (cổng chợ)", "Siêu thị mini {}", "Điểm dừng chân {}", "Ki-ốt số {n} {}",
)  # fmt: skip
_ADDRESSES: Final = (
    "Thôn {}", "Khu {n}, thị trấn {}", "Số {n}, thôn {}", "Km {n}, quốc lộ 4B, thôn {}",
    "Chợ {}, thôn {other}", "Thôn {}, xã {other}", "Số nhà {n}A, khu {other}, thị trấn {}",
    "Ngã ba {}, tỉnh lộ 2{n}", "Cổng trường THCS {}, thôn {other}",
)  # fmt: skip
_PRODUCTS: Final = (
    "Mật ong bạc hà", "Hồi khô", "Na dai", "Hạt dẻ tươi", "Vịt quay {}", "Chè dây {}", "Cao khô",
    "Măng ớt", "Khâu nhục {}", "Rượu men lá {}", "Thạch đen", "Gạo nếp cái hoa vàng", "Bánh khảo",
    "Miến dong {}", "Tinh dầu hồi", "Tinh dầu quế", "Trà hoa vàng", "Ba kích tím", "Nấm hương khô",
    "Lạp sườn hun khói", "Quýt vàng {}", "Hồng vành khuyên", "Giảo cổ lam", "Bánh chưng đen {}",
    "Tương ớt {}", "Thịt lợn gác bếp", "Gà sáu ngón", "Mác mật sấy (gói 200 g)", "Mứt mận",
    "Dầu sở {}", "Thổ cẩm {}", "Bánh ngải", "Cá ruộng {}", "Đậu tương rang muối",
)  # fmt: skip
_NEEDS: Final = (
    "Biển hiệu, kệ trưng bày", "Biển hiệu", "Sửa chữa mặt bằng", "Tủ bảo quản lạnh",
    "Kệ, tủ trưng bày và biển hiệu theo mẫu", "Thiết kế, in biển hiệu; mua kệ gỗ",
    "Quầy, kệ, tem truy xuất nguồn gốc", "Cải tạo mái che, lắp điện", "Máy tính tiền",
)  # fmt: skip
_NOTES: Final = (
    "Đã có mặt bằng", "Đề nghị hỗ trợ năm 2024", "Mặt bằng đi thuê đến năm 2027", "Mới thành lập",
    "Gần chợ phiên", "Đang sửa chữa", "Hoạt động từ tháng 3 năm 2022", "Ưu tiên 1",
)  # fmt: skip
_TRADES: Final = (
    "Nông sản", "Nông nghiệp sạch", "Dược liệu", "Chăn nuôi", "Dịch vụ", "Nông lâm nghiệp",
)  # fmt: skip
OWNER_KINDS: Final = ("hợp tác xã", "hộ kinh doanh", "doanh nghiệp", "tổ hợp tác")
LOCATIONS: Final = (
    "Khu bán hàng tại nhà ga, sân bay, bến xe, bến cảng",
    "Trạm dừng nghỉ trên đường cao tốc, quốc lộ",
    "Trung tâm thương mại, siêu thị, chợ",
    "Điểm bán hàng tại khu du lịch, nhà hàng, khách sạn",
    "Làng nghề, làng nghề truyền thống",
    "Trung tâm thương mại - dịch vụ cấp huyện, cấp xã, khu công nghiệp, cụm công nghiệp",
    "Trung tâm hội chợ, triển lãm, giới thiệu sản phẩm",
    "Bưu điện, bưu điện văn hóa xã",
)
_MILLION: Final = 1_000_000


def village(rng: Random) -> str:
    """Return the name of a village or market, two syllables."""
    return f"{rng.choice(_BEGINNINGS)} {rng.choice(_ENDINGS)}"


def person(rng: Random) -> str:
    """Return a person's name, three syllables."""
    return f"{rng.choice(_SURNAMES)} {rng.choice(_MIDDLES)} {rng.choice(_NAMES)}"


def point(rng: Random) -> Point:
    """Return one point with all sixteen fields; money in steps of half a million đồng."""
    here, kind, chief = village(rng), rng.choice(OWNER_KINDS), person(rng)
    requested = rng.randrange(20, 400) * _MILLION // 2
    total = min(requested * rng.choice((2, 2, 3)), 990 * _MILLION)
    certified = dt.date(2021, 6, 1) + dt.timedelta(days=rng.randrange(1_050))
    return {
        "name": _filled(rng, rng.choice(_KINDS_OF_POINT), here),
        "address": _filled(rng, rng.choice(_ADDRESSES), here),
        "owner": _owner(rng, kind, here, chief),
        "owner_kind": kind,
        "registration_no": _registration(rng, kind),
        "representative": chief,
        "phone": phone(rng),
        "location_kind": rng.choice(LOCATIONS),
        "area_m2": _area(rng),
        "products": "; ".join(products(rng, here)),
        "stars": str(rng.choice((3, 3, 3, 4, 4, 5))),
        "certified_on": certified.isoformat(),
        "needs": rng.choice(_NEEDS),
        "cost_total": str(total),
        "cost_requested": str(requested),
        "note": rng.choice(_NOTES),
    }


def points(rng: Random, count: int) -> list[Point]:
    """Return so many points of which no two have the same name and address."""
    found: dict[tuple[str, str], Point] = {}
    while len(found) < count:
        one = point(rng)
        found[one["name"], one["address"]] = one
    return list(found.values())


def products(rng: Random, here: str) -> list[str]:
    """Return one to four different products."""
    count = rng.choice((1, 1, 2, 2, 3, 4))
    return [text.format(here) for text in rng.sample(_PRODUCTS, count)]


def phone(rng: Random) -> str:
    """Return a mobile number of ten digits, now and then a landline of the province."""
    if rng.random() < 0.06:
        return f"0205{rng.randrange(3_700_000, 3_900_000)}"
    start = rng.choice(("032", "036", "037", "039", "081", "085", "086", "091", "097", "098"))
    return f"{start}{rng.randrange(10**7):07d}"


def _filled(rng: Random, text: str, here: str) -> str:
    return text.format(here, n=rng.randrange(1, 39), other=village(rng))


def _owner(rng: Random, kind: str, here: str, chief: str) -> str:
    trade = rng.choice(_TRADES)
    return {
        "hợp tác xã": rng.choice(("HTX {} {}", "Hợp tác xã {} {}")).format(trade, here),
        "hộ kinh doanh": f"Hộ kinh doanh {chief}",
        "doanh nghiệp": rng.choice(
            ("Công ty TNHH {}", "Công ty TNHH MTV {} Xanh", "Công ty CP {} & Bạn")
        ).format(here),
        "tổ hợp tác": f"Tổ hợp tác {trade.lower()} {here}",
    }[kind]


def _registration(rng: Random, kind: str) -> str:
    if kind == "hộ kinh doanh":
        return f"14{rng.choice('ABCDE')}8{rng.randrange(10**6):06d}"
    return f"49{rng.randrange(10**8):08d}"


def _area(rng: Random) -> str:
    whole = rng.randrange(9, 160)
    return rng.choice((str(whole), str(whole), f"{whole}.5", f"{whole}.{rng.choice('2468')}"))
