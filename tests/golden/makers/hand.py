"""How people write what they mean: one point → what stands in its cells, and what that means.

A hand keeps its habits through one document (all telephone numbers with dots, all amounts in triệu)
as a person does; a few cells differ, as a person's do.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Final

from golden.makers.grammar import Point

MONEY_UNITS: Final = {"đồng": 1, "nghìn đồng": 10**3, "triệu đồng": 10**6, "": 10**6}
_OTHER_KIND_NAMES: Final = {
    "hợp tác xã": ("HTX", "Hợp tác xã", "HỢP TÁC XÃ"),
    "hộ kinh doanh": ("Hộ KD", "HKD", "Hộ kinh doanh cá thể", "Hộ kinh doanh"),
    "doanh nghiệp": ("Công ty TNHH", "DN", "Doanh nghiệp"),
    "tổ hợp tác": ("THT", "Tổ hợp tác"),
}
_STAR_WORDS: Final = {"3": "Ba", "4": "Bốn", "5": "Năm"}
#: The first prefixes of eleven digits for those of ten that replaced them in 2018 (DOMAIN §4.3).
_OLD_PREFIXES: Final = {"032": "0162", "036": "0166", "037": "0167", "039": "0169", "081": "0127"}

Scalar = str | int | float | dt.date | None


@dataclass(frozen=True, slots=True)
class Written:
    """One cell: ``value`` as a workbook stores it, ``text`` as it is written anywhere else.

    ``meant`` is the canonical value that the sender has in mind, None for nothing. ``defect`` names
    the finding that must be said about the cell; ``meant`` is then what may be read without it.
    """

    value: Scalar
    text: str
    meant: str | None = None
    defect: str = ""
    number_format: str = ""
    formula: str = ""


BLANK: Final = Written(None, "")


@dataclass(frozen=True, slots=True)
class Hand:
    """The habits of one document.

    ``unit`` is that of money (``""`` = beside each amount), ``typed`` whether a workbook holds
    numbers and dates as such. The rest name a way of writing; ``mixed`` = not everywhere.
    """

    unit: str = "triệu đồng"
    typed: bool = True
    phone: str = "plain"
    area: str = "number"
    stars: str = "digit"
    date: str = "slashes"
    items: str = "semicolons"
    kinds: str = "value"
    spaces: str = "clean"
    mixed: bool = False


def habits(rng: Random, unit: str) -> Hand:
    """Draw a hand for one document."""
    return Hand(
        unit,
        typed=rng.random() < 0.7,
        phone=rng.choice(("plain", "plain", "dots", "spaces", "number", "abroad", "old")),
        area=rng.choice(("number", "number", "m2", "m²")),
        stars=rng.choice(("digit", "digit", "sao", "signs", "ocop", "word")),
        date=rng.choice(("slashes", "slashes", "words", "dots", "dashes")),
        items=rng.choice(("semicolons", "semicolons", "lines", "bullets", "numbered", "plus")),
        kinds=rng.choice(("value", "other")),
        spaces=rng.choice(("clean", "clean", "clean", "messy")),
        mixed=rng.random() < 0.25,
    )


def tidy(hand: Hand) -> Hand:
    """Return the hand as it is on paper that is printed: single lines, no typed cells."""
    items = hand.items if hand.items in {"semicolons", "plus"} else "semicolons"
    return replace(hand, items=items, spaces="clean")


def write(point: Point, hand: Hand, rng: Random) -> dict[str, Written]:
    """Write every field of the point; a mixed hand has other habits in every third cell."""
    written = {}
    for key, value in point.items():
        other = hand.mixed and rng.random() < 0.3
        now = replace(habits(rng, hand.unit), typed=hand.typed) if other else hand
        written[key] = _WRITERS[key](key, value, replace(now, items=hand.items), rng)
    return written


def vietnamese(number: Decimal, grouped: bool = False) -> str:
    """Return a number as it is written by hand: comma for decimals, dots for thousands."""
    whole, _, rest = format(number.normalize(), "f").partition(".")
    if grouped:
        whole = f"{int(whole):,}".replace(",", ".")
    return f"{whole},{rest}" if rest else whole


def plain_number(number: Decimal) -> int | float:
    """Return the number as a workbook's cell holds it."""
    return int(number) if number == int(number) else float(number)


def _text(_key: str, value: str, hand: Hand, rng: Random) -> Written:
    shown = value
    if hand.spaces == "messy":
        ways: tuple[Callable[[str], str], ...] = (
            lambda text: text + " ",
            lambda text: text.replace(" ", "\u00a0", 1),
            lambda text: text.replace(" ", "  ", 1),
            lambda text: unicodedata.normalize("NFD", text),
            lambda text: text,
        )
        shown = rng.choice(ways)(value)
    return Written(shown, shown, value)


def _phone(_key: str, value: str, hand: Hand, rng: Random) -> Written:
    split = f"{value[:4]} {value[4:7]} {value[7:]}"
    old = _OLD_PREFIXES.get(value[:3])
    if hand.phone == "number":
        return Written(int(value), value, value)
    if hand.phone == "old" and old:
        shown = f"{old}{value[3:]}"
    else:
        shown = {
            "dots": split.replace(" ", "."),
            "spaces": split,
            "abroad": f"+84 {split[1:]}",
        }.get(hand.phone, value)
    if rng.random() < 0.04:
        other = f"0912{rng.randrange(10**6):06d}"
        return Written(f"{shown}; {other}", f"{shown}; {other}", f"{value}; {other}")
    return Written(shown, shown, value)


def _area(_key: str, value: str, hand: Hand, _rng: Random) -> Written:
    number = Decimal(value)
    text = vietnamese(number)
    if hand.area == "number":
        return Written(plain_number(number) if hand.typed else text, text, value)
    shown = f"{text} m2" if hand.area == "m2" else f"{text}m²"
    return Written(shown, shown, value)


def _stars(_key: str, value: str, hand: Hand, _rng: Random) -> Written:
    shown = {
        "sao": f"{value} sao",
        "signs": "*" * int(value),
        "ocop": f"OCOP {value} sao",
        "word": f"{_STAR_WORDS[value]} sao",
    }.get(hand.stars, value)
    return Written(int(value) if shown == value and hand.typed else shown, shown, value)


def _date(_key: str, value: str, hand: Hand, _rng: Random) -> Written:
    day = dt.date.fromisoformat(value)
    text = {
        "words": f"ngày {day:%d} tháng {day.month:02d} năm {day.year}",
        "dots": f"{day:%d.%m.%Y}",
        "dashes": f"{day:%d-%m-%Y}",
    }.get(hand.date, f"{day:%d/%m/%Y}")
    typed = hand.typed and hand.date == "slashes"
    return Written(day if typed else text, text, value, number_format="dd/mm/yyyy" if typed else "")


def _items(_key: str, value: str, hand: Hand, _rng: Random) -> Written:
    items = value.split("; ")
    shown = {
        "lines": "\n".join(items),
        "bullets": "\n".join(f"- {item}" for item in items),
        "numbered": "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1)),
        "plus": " + ".join(items),
    }.get(hand.items, value)
    if len(items) == 1:
        shown = value
    return Written(shown, shown, value)


def _kind(_key: str, value: str, hand: Hand, rng: Random) -> Written:
    shown = value[0].upper() + value[1:]
    if hand.kinds == "other":
        shown = rng.choice(_OTHER_KIND_NAMES[value])
    return Written(shown, shown, value)


def _choice(_key: str, value: str, _hand: Hand, _rng: Random) -> Written:
    return Written(value, value, value)


def _money(_key: str, value: str, hand: Hand, rng: Random) -> Written:
    number = Decimal(value) / MONEY_UNITS[hand.unit]
    text = vietnamese(number, grouped=hand.unit in {"đồng", "nghìn đồng"})
    if hand.unit == "":
        text = rng.choice((f"{text} triệu", f"{text} triệu đồng", f"{text}tr", _in_dong(value)))
        return Written(text, text, value)
    form = "#,##0" if hand.unit != "triệu đồng" else ""
    return Written(plain_number(number) if hand.typed else text, text, value, number_format=form)


def _in_dong(value: str) -> str:
    return f"{vietnamese(Decimal(value), grouped=True)} đồng"


def _code(_key: str, value: str, hand: Hand, _rng: Random) -> Written:
    typed = hand.typed and re.fullmatch(r"[1-9]\d{9}", value) and hand.phone == "number"
    return Written(int(value) if typed else value, value, value)


_Writer = Callable[[str, str, Hand, Random], Written]
_WRITERS: Final[Mapping[str, _Writer]] = {
    "name": _text,
    "address": _text,
    "owner": _text,
    "owner_kind": _kind,
    "registration_no": _code,
    "representative": _text,
    "phone": _phone,
    "location_kind": _choice,
    "area_m2": _area,
    "products": _items,
    "stars": _stars,
    "certified_on": _date,
    "needs": _text,
    "cost_total": _money,
    "cost_requested": _money,
    "note": _text,
}
