"""Number formats of workbooks: what a person sees of a stored number."""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache

from lxml import etree

from parsers.grid import CellValue

#: The built-in formats that matter (ECMA-376 part 1, §18.8.30); the rest show plain numbers.
_BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    14: "mm-dd-yy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yy h:mm",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mmss.0",
    49: "@",
}
#: What Excel's XML and HTML call some of them.
_NAMED = {
    "general number": "General",
    "fixed": "0.00",
    "standard": "#,##0.00",
    "percent": "0.00%",
    "scientific": "0.00E+00",
    "currency": "#,##0.00",
    "euro currency": "[$€] #,##0.00",
    "general date": "m/d/yy h:mm",
    "long date": "dddd, mmmm d, yyyy",
    "medium date": "d-mmm-yy",
    "short date": "mm-dd-yy",
    "long time": "h:mm:ss AM/PM",
    "medium time": "h:mm AM/PM",
    "short time": "h:mm",
}
#: Not part of the pattern: quoted text, escaped signs, colours and locales, padding. In brackets
#: only hours, minutes and seconds that run on count.
_LITERAL = re.compile(r'"[^"]*"|\\.|\[(?!(?:h+|m+|s+)\])[^\]]*\]|[_*].', re.IGNORECASE)
_PADDED = re.compile(r"0{2,}")
#: Excel takes 1900 for a leap year: its days before 1 March 1900 are one off.
_LEAP_BUG = 60
_EPOCH_1900 = dt.datetime(1899, 12, 30)  # noqa: DTZ001  a cell's date has no zone
_EPOCH_1904 = dt.datetime(1904, 1, 1)  # noqa: DTZ001  a cell's date has no zone
_LARGEST_INTEGER = 10**15


class Formats:
    """The number format of each cell style of one workbook."""

    def __init__(self, styles: etree._Element | None, *, since_1904: bool) -> None:
        self.since_1904 = since_1904
        self._codes: list[str] = []
        if styles is None:
            return
        own = {
            item.get("numFmtId"): str(item.get("formatCode") or "")
            for item in styles.iterfind("{*}numFmts/{*}numFmt")  # dxfs have their own, of any id
        }
        for style in styles.iterfind("{*}cellXfs/{*}xf"):
            number = style.get("numFmtId") or "0"
            self._codes.append(own.get(number) or _BUILT_IN.get(int(number), "General"))

    def code(self, style: int) -> str:
        """Return the format code of a style; ``General`` for one that is not there."""
        return self._codes[style] if 0 <= style < len(self._codes) else "General"


def unnamed(code: str) -> str:
    """Return the format code behind one of the names that Excel's XML and HTML use for it."""
    return _NAMED.get(code.casefold(), code or "General")


@lru_cache(maxsize=512)
def is_date(code: str) -> bool:
    """Tell whether numbers under this format code are shown as dates or times."""
    pattern = _LITERAL.sub("", code.split(";", maxsplit=1)[0]).casefold()
    return pattern != "general" and any(letter in pattern for letter in "dmyhs")


@lru_cache(maxsize=512)
def _is_percent(code: str) -> bool:
    return "%" in _LITERAL.sub("", code)


@lru_cache(maxsize=512)
def beside(code: str) -> str:
    """Return what a person sees beside a number under this format code: `` ha``, ``$``, ``₫``.

    That is text quoted or escaped, a currency, and signs that Excel shows as they are.
    """
    section = _GENERAL.sub("", code.split(";", maxsplit=1)[0])
    return "".join("".join(found) for found in _BESIDE.findall(section)).strip()


#: Quoted text, an escaped sign (one of numbers tells no unit), a currency, other brackets and
#: padding, a sign that is none of the pattern.
_BESIDE = re.compile(
    r'"([^"]*)"|\\([^0-9#?.,%+()/-])|\\.|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].'
    r'|([^"\\\[_*0-9#?.,%+()/E@-])'
)
_GENERAL = re.compile("general", re.IGNORECASE)


def seen(number: Decimal, code: str) -> Decimal:
    """Return the number that a person sees: commas behind the digits show thousands, millions."""
    section = code.split(";", maxsplit=1)[0]
    commas = re.search(r"[0#?](,+)$", _LITERAL.sub("", section).strip())
    return number / Decimal(1000) ** len(commas[1]) if commas else number


@lru_cache(maxsize=4096)
def shown(number: float, code: str, *, since_1904: bool = False) -> tuple[str, CellValue]:
    """Return what a person sees of a stored number, and its typed value.

    Whole numbers come as int, floats with the 15 digits that Excel itself keeps. Dates come as
    ``datetime`` (text ``dd/mm/yyyy``); a format of zeros only (``0000000000`` for phones and
    codes) is typed text, because its leading zeros are part of what was written.
    """
    if is_date(code):
        moment = _moment(number, since_1904=since_1904)
        if moment is not None:
            return moment
    whole_already = number.is_integer() and abs(number) < _LARGEST_INTEGER
    value = number if whole_already else float(f"{number:.15g}")
    if value.is_integer() and abs(value) < _LARGEST_INTEGER:
        whole = int(value)
        if _PADDED.fullmatch(code) and whole >= 0:
            text = str(whole).zfill(len(code))
            return text, text
        return (f"{whole * 100}%" if _is_percent(code) else str(whole)), whole
    if _is_percent(code):
        return f"{value * 100:.15g}%", value
    return f"{value:.15g}", value


def _moment(number: float, *, since_1904: bool) -> tuple[str, CellValue] | None:
    if not 0 <= number < 2_958_466:  # noqa: PLR2004  the day after 31/12/9999
        return None
    if not since_1904 and number < _LEAP_BUG:
        number += 1
    epoch = _EPOCH_1904 if since_1904 else _EPOCH_1900
    try:
        moment = epoch + dt.timedelta(seconds=round(number * 86_400))
    except OverflowError:
        return None
    if moment.time() == dt.time():
        return moment.strftime("%d/%m/%Y"), moment
    return moment.strftime("%d/%m/%Y %H:%M"), moment
