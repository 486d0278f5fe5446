"""How values are written for people: Vietnamese dates, money, places, states, and clean text."""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

#: State words as officers know them from their document system.
STATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "Chưa gửi",
        "registered": "Đã đăng ký",
        "needs-fix": "Cần sửa, bổ sung",
        "nil": "Không có nhu cầu",
        "in-review": "Đang xử lý",
        "silent": "Không gửi",
    }
)
SEVERITIES: Mapping[str, str] = MappingProxyType(
    {"error": "Lỗi", "warning": "Lưu ý", "note": "Ghi chú"}
)
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "form": "biểu đăng ký",
        "letter": "công văn",
        "dossier": "hồ sơ kèm theo",
        "archive": "tệp nén",
        "message": "thư chuyển tiếp",
        "unknown": "tệp khác",
    }
)
#: What a digital signature is worth: có, không kiểm được; "không" is said where one is usual.
SIGNATURES: Mapping[str, str] = MappingProxyType(
    {
        "valid": "có, hợp lệ",
        "unknown-root": "có, còn nguyên vẹn, không kiểm được chứng thư",
        "uncheckable": "có, không kiểm được",
        "expired": "có, chứng thư đã hết hạn khi ký",
        "changed-later": "có, tệp đã thay đổi sau khi ký",
        "altered": "có, nội dung đã bị thay đổi",
        "": "không",
    }
)
MAIL_STATES: Mapping[str, str] = MappingProxyType(
    {
        "queued": "chờ gửi",
        "sending": "đang gửi",
        "sent": "máy chủ đã nhận",
        "refused": "máy chủ từ chối",
        "unknown": "chưa rõ kết quả",
        "cancelled": "không gửi nữa",
        "held": "đang giữ lại",
    }
)
MAIL_KINDS: Mapping[str, str] = MappingProxyType(
    {"call": "Thư đề nghị", "reminder": "Thư nhắc", "silence": "Thông báo", "ack": "Thư trả lời"}
)

#: Type abbreviations of NĐ 30/2020; a notation without one is a công văn.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "HDLN": "Hướng dẫn liên ngành",
        "HD": "Hướng dẫn",
        "QĐ": "Quyết định",
        "NQ": "Nghị quyết",
        "KH": "Kế hoạch",
        "TB": "Thông báo",
        "BC": "Báo cáo",
        "TTr": "Tờ trình",
        "CT": "Chỉ thị",
        "NĐ": "Nghị định",
        "TT": "Thông tư",
    }
)
_PHONE = re.compile(r"(?<!\d)(?:\+?84[ .\-]?|0)[235789](?:[ .\-]?\d){8,9}(?!\d)")
_TABLE_PLACE = re.compile(r"table (\d+), row (\d+), cell (\d+)")
_PAGE_PLACE = re.compile(r"page (\d+), row (\d+), column (\d+)")
_SHEET_PLACE = re.compile(r"(.+)!([A-Z]{1,3}\d+)")
_KILO = 1000
_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: object, limit: int = 2000) -> str:
    """Return one line of text that any header, mail or sheet can carry.

    Line breaks become spaces, control and invisible characters go, lone surrogates become U+FFFD,
    and what is longer than ``limit`` characters is cut with an ellipsis.
    """
    raw = unicodedata.normalize("NFC", str(text)[: limit * 4])
    kept = raw if raw.isprintable() else "".join(map(_plain, raw))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _plain(character: str) -> str:
    if character in "\r\n\t\v\f\x85\u2028\u2029":
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category in _CONTROL else character


def discreet(text: object, limit: int = 300) -> str:
    """Return ``clean`` text in which anything that looks like a phone number is masked.

    Acknowledgments echo the sender's own words (subject, file names); a number in them must not
    travel further (Luật 91/2025/QH15: as little personal data as the purpose needs).
    """
    return _PHONE.sub("[số điện thoại]", clean(text, limit))


def masked(address: str) -> str:
    """Return an address by which its owner knows it and nobody else: ``ho…@gmail.example``."""
    local, at, domain = clean(address, 200).rpartition("@")
    return f"{local[:2]}…{at}{domain}" if local else "…"


def moment(at: dt.datetime, zone: ZoneInfo) -> str:
    """Return ``17/05/2024 09:41`` in the office's zone."""
    return at.astimezone(zone).strftime("%d/%m/%Y %H:%M")


def mail_state(state: str, bounced_at: dt.datetime | None, zone: ZoneInfo) -> str:
    """Return what became of a mail: ``máy chủ đã nhận, sau đó bị trả lại lúc …``."""
    words = MAIL_STATES.get(state, state)
    return f"{words}, sau đó bị trả lại lúc {moment(bounced_at, zone)}" if bounced_at else words


def day(on: dt.date) -> str:
    """Return a date as letters write it: ``21/5/2024``."""
    return f"{on.day}/{on.month}/{on.year}"


def month(on: dt.date) -> str:
    """Return a letter's month: only 1 and 2 take a leading zero (NĐ 30/2020, Phụ lục I)."""
    return f"{on.month:02d}" if on.month <= 2 else str(on.month)  # noqa: PLR2004  as said above


def iso_day(text: str | None) -> str:
    """Return an ISO date as ``21/5/2024``; what is no date stays as it is."""
    if not text:
        return ""
    try:
        return day(dt.date.fromisoformat(text))
    except ValueError:
        return clean(text, 40)


def before(instant: dt.datetime, zone: ZoneInfo) -> str:
    """Return an exclusive deadline in words: ``trước ngày 21/5/2024``, or with the hour."""
    local = instant.astimezone(zone)
    if (local.hour, local.minute) == (0, 0):
        return f"trước ngày {day(local.date())}"
    return f"trước {local.hour} giờ {local.minute:02d} ngày {day(local.date())}"


def last_day(instant: dt.datetime, zone: ZoneInfo) -> str:
    """Return the last day that is still in time: ``20/5/2024``."""
    return day((instant.astimezone(zone) - dt.timedelta(microseconds=1)).date())


def number(text: str) -> str:
    """Return a canonical number with Vietnamese marks: ``1234.5`` → ``1.234,5``."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return clean(text, 60)
    if not value.is_finite():
        return clean(text, 60)
    plain = value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
    return f"{plain:,f}".translate(str.maketrans(",.", ".,"))


def size(count: int) -> str:
    """Return a file size for people: ``8,2 KB``."""
    if count < _KILO:
        return f"{count} byte"
    amount, unit = count / _KILO, "KB"
    for larger in ("MB", "GB"):
        if amount >= _KILO:
            amount, unit = amount / _KILO, larger
    return f"{amount:.1f} {unit}".replace(".", ",")


@lru_cache(10_000)
def place(text: str | None) -> str:
    """Return a finding's place as a clerk would say it: ``ô B9 (trang tính “Biểu 1”)``."""
    if not text:
        return ""
    if found := _TABLE_PLACE.fullmatch(text):
        return "bảng {}, dòng {}, ô {}".format(*found.groups())
    if found := _PAGE_PLACE.fullmatch(text):
        return "trang {}, dòng {}, cột {}".format(*found.groups())
    if found := _SHEET_PLACE.fullmatch(text):
        return f"ô {found[2]} (trang tính “{clean(found[1], 60)}”)"
    return clean(text, 120)


def document_kind(number_and_notation: str) -> str:
    """Return what kind of document a number names: ``42/HDLN-SCT`` → Hướng dẫn liên ngành."""
    notation = number_and_notation.rpartition("/")[2]
    return _KINDS.get(notation.partition("-")[0], "Công văn")


def lower_first(text: str) -> str:
    """Return a title as it stands inside a sentence; abbreviations keep their capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def upper_first(text: str) -> str:
    """Return text with a capital first letter."""
    return text[:1].upper() + text[1:]


def roman(count: int) -> str:
    """Return 1–3999 in Roman numerals, as group rows are numbered."""
    marks = (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
        (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    )  # fmt: skip
    text = ""
    for value, mark in marks:
        times, count = divmod(count, value)
        text += mark * times
    return text
