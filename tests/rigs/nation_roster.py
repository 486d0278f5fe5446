"""A nation's communes, all invented: codes, names as they repeat in Việt Nam, addresses.

The numbers of kinds are those of the country since 1/7/2025: 2,621 xã, 687 phường and 13 đặc khu
in 34 provinces. Names are put together from two or three syllables, so that some are the beginning
of others, as they really are. None is borne by two communes, as hundreds really are: the roster's
check refuses that (docs/scale.md).
"""

import random
from dataclasses import dataclass

from parsers.vietnamese import fold

PROVINCES = 34
_KINDS = (("xã", 2621), ("phường", 687), ("đặc khu", 13))
_FIRST = [
    "An",
    "Bình",
    "Bắc",
    "Cẩm",
    "Châu",
    "Đại",
    "Đông",
    "Đồng",
    "Gia",
    "Hà",
    "Hải",
    "Hòa",
    "Hoàng",
    "Hồng",
    "Hợp",
    "Hưng",
    "Khánh",
    "Kim",
    "La",
    "Lâm",
    "Liên",
    "Long",
    "Lộc",
    "Mai",
    "Minh",
    "Mỹ",
    "Nam",
    "Nga",
    "Nghĩa",
    "Ngọc",
    "Nhân",
    "Phong",
    "Phú",
    "Phúc",
    "Phước",
    "Quang",
    "Quảng",
    "Sơn",
    "Tam",
    "Tân",
    "Tây",
    "Thạch",
    "Thanh",
    "Thành",
    "Thắng",
    "Thiện",
    "Thọ",
    "Thuận",
    "Thượng",
    "Thủy",
    "Tiên",
    "Tiến",
    "Trung",
    "Trường",
    "Tú",
    "Vạn",
    "Văn",
    "Vĩnh",
    "Xuân",
    "Yên",
]
_SECOND = [
    "An",
    "Bình",
    "Bảng",
    "Châu",
    "Cường",
    "Dương",
    "Đạo",
    "Đông",
    "Đồng",
    "Đức",
    "Giang",
    "Hà",
    "Hải",
    "Hiệp",
    "Hòa",
    "Hoàng",
    "Hội",
    "Hưng",
    "Khê",
    "Lạc",
    "Lâm",
    "Lập",
    "Lễ",
    "Long",
    "Lộc",
    "Lợi",
    "Mỹ",
    "Ninh",
    "Phong",
    "Phú",
    "Phúc",
    "Phương",
    "Quang",
    "Sơn",
    "Tân",
    "Thành",
    "Thạnh",
    "Thắng",
    "Thịnh",
    "Thọ",
    "Thuận",
    "Thủy",
    "Tiến",
    "Trạch",
    "Trung",
    "Vân",
    "Viên",
    "Xá",
    "Xuân",
    "Yên",
]

_THIRD = ("Đông", "Tây", "Nam", "Bắc", "Thượng", "Hạ")


@dataclass(frozen=True, slots=True)
class Unit:
    """One commune. Mails to a ``dead`` address come back; then its chairman's gets them."""

    code: str
    kind: str
    name: str
    province: int
    emails: tuple[str, ...]
    chair: str
    dead: bool = False

    @property
    def line(self) -> str:
        """Its line of communes.csv."""
        return (
            f"{self.code},2020-01-01,,{self.kind},{self.name},{' '.join(self.emails)},{self.chair},"
        )


def roster(count: int, seed: int) -> tuple[Unit, ...]:
    """Return so many communes; the same seed gives the same ones."""
    chance = random.Random(f"{seed}/roster")  # noqa: S311  the same at every run
    kinds = [kind for kind, number in _KINDS for _ in range(number)]
    units, taken = [], set[str]()
    for number in range(count):
        name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)}"
        while fold(name) in taken:  # "Tân Thành Đông" beside "Tân Thành"
            name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {chance.choice(_THIRD)}"
        taken.add(fold(name))
        code = f"{10_000 + number * 3:05d}"
        province = number * PROVINCES // count + 1
        domain = f"tinh{province:02d}.example"
        emails = [f"xa{code}@{domain}"]
        if chance.random() < 0.2:
            emails.append(f"vp.xa{code}@{domain}")
        kind = kinds[number * len(kinds) // count]
        dead = chance.random() < 0.01
        units.append(
            Unit(code, kind, name, province, tuple(emails), f"ct{code}@{domain}", dead=dead)
        )
    return tuple(units)


def csv(units: tuple[Unit, ...]) -> str:
    """Return communes.csv."""
    head = "code,valid_from,valid_to,kind,name,emails,chair_emails,aliases"
    return "\n".join([head, *(unit.line for unit in units), ""])
