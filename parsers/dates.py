"""Dates as written in Vietnam: the day first, always; an impossible or partial date is not one."""

import datetime as dt
import re

from parsers.form import Field
from parsers.grid import Cell
from parsers.outcome import Context, Value, doubt, error, note, quoted
from parsers.vietnamese import fold, one_line

#: A letter typed or read for a digit: what stands beside it is no whole number.
_FALSE = "lIoO"
_SIGNED = re.compile(
    rf"(?<![\d/.-])(?<!\b[{_FALSE}])"
    r"(?P<day>\d{1,2})\s*(?P<sign>[/.-])\s*(?P<month>\d{1,2})\s*(?P=sign)\s*"
    rf"(?P<year>\d{{4}}|\d{{2}})(?![\d/{_FALSE}]|[.-]\d)"
)
_ISO = re.compile(r"(?<![\d/.-])(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?!\d)")
_WORDS = re.compile(
    r"(?:ngay\s+)?(?<!\d)(?<!\b[lio])"
    r"(?P<day>\d{1,2})\s*thang\s*(?P<month>\d{1,2})\s*(?:nam\s*)?(?P<year>\d{4})(?!\d)"
)
#: A date until which something holds is not the one when it was issued.
_EXPIRY = re.compile(
    r"\b(?:het han|het hieu luc|hsd|han dung|han su dung"
    r"|(?:hieu luc|gia tri|han|thoi han)(?: \w+)? (?:den|toi)|den(?: het)?(?: ngay)? \d+)\b"
    # Not "thời hạn 36 tháng kể từ …".
    r"|^(?:toi|het|han|thoi han)(?: ngay)? (?!\d+ (?:thang|nam) \D)\d"
)
#: Nothing was issued on it: it is hoped for, or something was taken back.
_NOT_ISSUED = re.compile(
    r"\b(?:du kien|chua (?:duoc )?(?:cap|co|cong nhan)|se (?:duoc )?(?:cap|co|cong nhan)|thu hoi)\b"
)
#: What was asked for on it may not have been issued then.
_ASKED = re.compile(r"\b(?:ho so|nop|(?<!theo )(?:de nghi|de xuat)|dang ky)\b")
_EARLIEST_YEAR, _LATEST_YEAR = 1990, 2100
_CENTURY_TURN = 50
_FIRST_SERIAL, _LAST_SERIAL = 32874, 73415  # 1/1/1990 and 31/12/2100 in Excel's 1900 system
_SERIAL_ZERO = dt.date(1899, 12, 30)
_MONTHS = 12
_HINT = "Đề nghị ghi đủ ngày/tháng/năm, ví dụ 15/05/2024."


def parse_date(field: Field, cell: Cell, context: Context) -> Value:
    """Read a date into ISO form, or say why there is none.

    ``05/04/2024`` is the fifth of April with a remark, unless ``context.day_first`` says that the
    column leaves no doubt. A typed date gets one too where ``context.exchanged`` says that its day
    and month may have been. A number may be a date that lost its format: read, and asked about.
    """
    value = cell.value
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, dt.date):
        return _typed(field, value, context)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _serial(field, value)
    return _text(field, cell.text, context)


def _typed(field: Field, day: dt.date, context: Context) -> Value:
    """Read a date that a spreadsheet keeps as one, in whatever order it understood it."""
    value = _within(field, day)
    if value.text is None or not context.exchanged or day.day > _MONTHS or day.day == day.month:
        return value
    message = (
        f"ô được đọc là {_shown(field, day)}, nhưng Excel có thể đã đổi chỗ ngày và tháng. "
        "Đề nghị kiểm tra lại."
    )
    return note(field, value.text, "date-order", message, 0.85)


def _matches(text: str) -> list[re.Match[str]]:
    line = one_line(text)
    iso = list(_ISO.finditer(line))
    return [*iso, *_SIGNED.finditer(line), *_WORDS.finditer(fold(text))]


def _day(match: re.Match[str]) -> dt.date | None:
    return _date(_year(match["year"]), int(match["month"]), int(match["day"]))


def _year(text: str) -> int:
    if len(text) > 2:  # noqa: PLR2004  two digits are a short year
        return int(text)
    return int(text) + (2000 if int(text) < _CENTURY_TURN else 1900)


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _shown(field: Field, day: dt.date) -> str:
    return quoted(field, f"{day:%d/%m/%Y}")


def _serial(field: Field, value: float) -> Value:
    if not _FIRST_SERIAL <= value <= _LAST_SERIAL:
        return error(field, "not-a-date", f"ô đang ghi một số, không phải ngày. {_HINT}")
    day = _SERIAL_ZERO + dt.timedelta(days=int(value))
    message = f"ô đang ghi số của Excel, đọc là {_shown(field, day)}. {_HINT}"
    return doubt(field, day.isoformat(), "date-serial", message)


def _text(field: Field, text: str, context: Context) -> Value:
    matches = _matches(text)
    shown = quoted(field, text)
    if len(matches) > 1:
        return error(field, "several-values", f"{shown} có nhiều ngày. {_HINT}")
    if not matches:
        return error(field, "not-a-date", f"{shown} chưa phải một ngày đầy đủ. {_HINT}")
    if _EXPIRY.search(fold(text)):
        return error(field, "expiry-date", f"{shown} là ngày hết hạn, không phải ngày cấp. {_HINT}")
    if _NOT_ISSUED.search(fold(text)):
        return error(field, "not-issued", f"{shown} không phải ngày đã cấp. {_HINT}")
    value = _one(field, matches[0], shown, context)
    if value.text is not None and _ASKED.search(fold(text)):
        message = f"{shown} có thể là ngày nộp hồ sơ, không phải ngày cấp. {_HINT}"
        return doubt(field, value.text, "not-issued", message)
    return value


def _one(field: Field, match: re.Match[str], shown: str, context: Context) -> Value:
    day = _day(match)
    if day is None:
        return _swapped(field, match, shown)
    if len(match["year"]) == 2 and day.year < 2000:  # noqa: PLR2004  two digits, century guessed
        message = f"{shown} được đọc là {_shown(field, day)}. Đề nghị ghi năm đủ bốn chữ số."
        return doubt(field, day.isoformat(), "date-year", message)
    signed = match.re is _SIGNED
    if signed and day.day <= _MONTHS and day.day != day.month and not context.day_first:
        message = f"{shown} được đọc là {_shown(field, day)}, ngày đứng trước tháng."
        return note(field, day.isoformat(), "date-order", message, 0.85)
    return _within(field, day)


def _swapped(field: Field, match: re.Match[str], shown: str) -> Value:
    day = _date(_year(match["year"]), int(match["day"]), int(match["month"]))
    if day is None or match.re is not _SIGNED:
        return error(field, "impossible-date", f"{shown} không có trong lịch. {_HINT}")
    message = f"{shown} có tháng đứng trước ngày, đọc là {_shown(field, day)}. {_HINT}"
    return doubt(field, day.isoformat(), "date-order", message)


def _within(field: Field, day: dt.date) -> Value:
    if not _EARLIEST_YEAR <= day.year <= _LATEST_YEAR:
        message = f"năm {day.year} không hợp lý. {_HINT}"
        return error(field, "impossible-date", message)
    return Value(day.isoformat())
