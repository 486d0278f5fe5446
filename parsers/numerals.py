"""Written numbers: the declared rule is Vietnamese, dot for thousands and comma for decimals.

A numeral with only one possible reading is sure, whatever signs it uses (``1,234.5``). One with
two (``1.500``) is read by the rule and says so through ``other``; nothing is guessed.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_GROUPED = re.compile(r"\d{1,3}(?:(?P<sign>[.,' ])\d{3})(?:(?P=sign)\d{3})*")
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?E[+-]?\d+", re.IGNORECASE)
_PLAIN_DIGITS = 15
#: One number as it may stand in running text, with its signs and grouping spaces.
NUMBER = r"\d+(?:[.,']\s*\d+|\s\d{3}(?!\d))*"


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as read by the declared rule; ``other`` is the second reading if there is one.

    ``broken`` = its digits were torn apart by a line break and only make sense joined.
    """

    value: Decimal
    other: Decimal | None = None
    broken: bool = False


def numeral(text: str, decimal_sign: str = "") -> Numeral | None:
    """Read a bare unsigned numeral; None if it is not one, not well formed, or of over 15 digits.

    ``decimal_sign`` is the column's convention where it is known; it settles the two readings.
    """
    line = text.strip().replace("\u2019", "'")
    if len(_digits(line)) > _PLAIN_DIGITS:
        return None
    found = _read(line.replace("\n", " "), decimal_sign)
    if found is None and re.search(r"\s", line):
        joined = _read(re.sub(r"\s+", "", line), decimal_sign)
        if joined is not None:
            found = Numeral(joined.value, joined.other, broken=True)
    return found


def scientific(text: str) -> Decimal | None:
    """Read ``1E+05`` or ``1,5E+8``: what Excel shows when a column is too narrow."""
    line = text.strip()
    if not _SCIENTIFIC.fullmatch(line):
        return None
    value = Decimal(line.replace(",", "."))
    return value if -_PLAIN_DIGITS <= value.adjusted() <= _PLAIN_DIGITS else None


def _read(text: str, decimal_sign: str) -> Numeral | None:
    if re.fullmatch(r"\d+", text):
        return Numeral(Decimal(text))
    grouped = _GROUPED.fullmatch(text)
    if grouped and not text.startswith("0"):
        return _grouped(text, grouped["sign"], decimal_sign)
    whole, sign, fraction = _split_at_last_sign(text)
    if not sign or not re.fullmatch(r"\d+", fraction):
        return None
    if re.fullmatch(r"\d+", whole):
        return Numeral(Decimal(f"{whole}.{fraction}"))
    inner = _GROUPED.fullmatch(whole)
    if inner and inner["sign"] != sign and not whole.startswith("0"):
        return Numeral(Decimal(f"{_digits(whole)}.{fraction}"))
    return None


def _grouped(text: str, sign: str, decimal_sign: str) -> Numeral:
    """Read a numeral whose every group has three digits; one group alone may be decimals."""
    joined = Decimal(_digits(text))
    if sign in "' " or text.count(sign) > 1:
        return Numeral(joined)
    fraction = Decimal(text.replace(",", "."))
    if decimal_sign:
        return Numeral(fraction if sign == decimal_sign else joined)
    return Numeral(fraction, joined) if sign == "," else Numeral(joined, fraction)


def _split_at_last_sign(text: str) -> tuple[str, str, str]:
    at = max(text.rfind("."), text.rfind(","))
    return (text[:at], text[at], text[at + 1 :]) if at > 0 else (text, "", "")


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def plain(value: Decimal) -> str:
    """Return the canonical text of a decimal: a dot, no grouping, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
