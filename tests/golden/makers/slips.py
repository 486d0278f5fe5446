"""Planted errors: what goes wrong in a cell, and the finding that must be said about it.

Each slip takes the cell as it should be and returns the cell as it is. What stands there instead is
never near to what was meant, so that "no certain wrong value" is a fair demand.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Final

from golden.makers.hand import MONEY_UNITS, Hand, Written, plain_number, vietnamese

REQUIRED: Final = (
    "name", "address", "owner", "representative", "phone", "area_m2", "products", "stars",
    "cost_requested",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slip:
    """One kind of error: the fields it can befall, the finding, and how the cell looks then.

    ``only`` names what a document must offer: ``typed`` (cells with types), ``unit`` (money whose
    unit stands outside the cell).
    """

    code: str
    fields: tuple[str, ...]
    spoil: Callable[[Written, Hand, Random], Written]
    only: str = ""


def _says(text: str, code: str, meant: str | None = None) -> Written:
    return Written(text, text, meant, code)


def _of(code: str, *texts: str) -> Callable[[Written, Hand, Random], Written]:
    """Return a slip that writes one of these texts."""
    return lambda _cell, _hand, rng: _says(rng.choice(texts), code)


def _blank(_cell: Written, _hand: Hand, rng: Random) -> Written:
    return _says(rng.choice(("", "", "……", "-", "chưa có")), "missing-value")


def _short_phone(cell: Written, _hand: Hand, rng: Random) -> Written:
    digits = (cell.meant or "")[:10]
    return _says(
        rng.choice((digits[:8], f"{digits[:5]} {digits[5:8]}", "đang cập nhật")), "bad-phone"
    )


def _in_dong(cell: Written, _hand: Hand, _rng: Random) -> Written:
    """Write đồng where the header says triệu or nghìn."""
    amount = Decimal(cell.meant or "0")
    text = vietnamese(amount, grouped=True)
    return Written(plain_number(amount), text, cell.meant, "unit-conflict")


def _in_thousands(cell: Written, hand: Hand, _rng: Random) -> Written:
    """Leave three zeros out: the header says đồng, the number is in thousands."""
    amount = Decimal(cell.meant or "0") / MONEY_UNITS[hand.unit] / 1000
    value = plain_number(amount)
    return Written(value, vietnamese(amount), cell.meant, "unit-doubtful")


def _lost_zero(_cell: Written, _hand: Hand, rng: Random) -> Written:
    digits = f"{rng.randrange(10**7, 10**8)}"
    return Written(int(digits), digits, f"00{digits}", "lost-zero")


def _month_first(_cell: Written, _hand: Hand, rng: Random) -> Written:
    day = dt.date(2023, rng.randrange(1, 13), rng.randrange(13, 29))
    return _says(f"{day:%m/%d/%Y}", "date-order", day.isoformat())


def _a_date_now(_cell: Written, _hand: Hand, rng: Random) -> Written:
    """Excel made a date of "12.5"."""
    day = dt.date(2024, rng.randrange(1, 13), rng.randrange(1, 29))
    return Written(day, f"{day:%d/%m/%Y}", None, "turned-into-date", "d-mmm")


def _uncalculated(cell: Written, hand: Hand, _rng: Random) -> Written:
    meant = str(50 * MONEY_UNITS[hand.unit])
    return replace(cell, formula="=25*2", meant=meant, defect="uncalculated", value=None)


SLIPS: Final = (
    Slip("missing-value", REQUIRED[1:], _blank),
    Slip("missing-value", ("phone", "stars", "cost_requested"), _blank),
    Slip("bad-phone", ("phone",), _short_phone),
    Slip("not-stars", ("stars",), _of("not-stars", "7", "6 sao", "0", "Khá", "A")),
    Slip("stars-pending", ("stars",), _of("stars-pending", "đang đề nghị 4 sao", "dự kiến 3 sao")),
    Slip("several-values", ("stars",), _of("several-values", "3-4 sao", "3 sao, 4 sao")),
    Slip(
        "impossible-date",
        ("certified_on",),
        _of("impossible-date", "31/02/2023", "30.02.2024", "31/11/2022"),
    ),
    Slip("not-a-date", ("certified_on",), _of("not-a-date", "tháng 5/2023", "năm 2022", "quý II")),
    Slip("date-order", ("certified_on",), _month_first),
    Slip("not-a-choice", ("owner_kind",), _of("not-a-choice", "Tập thể", "Khác", "xxx")),
    Slip("not-a-choice", ("location_kind",), _of("not-a-choice", "Nhà riêng", "ven đường")),
    Slip("range", ("area_m2",), _of("range", "20-30", "từ 15 đến 20", "40 – 60 m2")),
    Slip("not-a-number", ("area_m2",), _of("not-a-number", "rộng", "chưa đo", "2 gian")),
    Slip("unit-unknown", ("area_m2",), _of("not-a-number", "0,5 sào", "2 sào")),
    Slip(
        "range",
        ("cost_requested", "cost_total"),
        _of("range", "50 - 70", "30 đến 50", "50-80 triệu"),
    ),
    Slip(
        "not-a-number",
        ("cost_requested",),
        _of("not-a-number", "theo dự toán", "chưa xác định", "50%"),
    ),
    Slip("negative", ("cost_requested",), _of("negative", "-50", "(50)")),
    Slip("formula-error", ("cost_requested", "area_m2"), _of("formula-error", "#REF!", "#VALUE!")),
    Slip("unit-conflict", ("cost_requested",), _in_dong, "unit"),
    Slip("unit-doubtful", ("cost_requested",), _in_thousands, "đồng"),
    Slip("lost-zero", ("registration_no",), _lost_zero, "typed"),
    Slip("shortened", ("registration_no",), _of("shortened", "4,90012E+09", "4.9E+09")),
    Slip("turned-into-date", ("area_m2",), _a_date_now, "typed"),
    Slip("uncalculated", ("cost_requested",), _uncalculated, "formulas"),
)


def offered(hand: Hand, fields: set[str], *, typed: bool, formulas: bool) -> list[Slip]:
    """Return the slips that a document of these fields and this hand can hold."""
    can = {"": True, "typed": typed, "formulas": formulas and typed}
    can |= {"unit": hand.unit in {"triệu đồng", "nghìn đồng"}, "đồng": hand.unit == "đồng"}
    return [slip for slip in SLIPS if can[slip.only] and fields & set(slip.fields)]
