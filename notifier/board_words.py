"""The board's words: what an officer reads for states, kinds and codes. Data, and how to choose."""

import datetime as dt
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal

from notifier.board_chart import MarkKind
from notifier.held_reasons import HELD_REASONS
from notifier.view import ALERTS
from registry.model import CommuneState

SentKind = Literal["call", "reminder", "silence"]
MailColumn = Literal["waiting", "held", "sent", "bounced", "refused", "unknown"]

#: Kinds of mail, in the order of their lines.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "call": "Thư đề nghị đăng ký",
        "reminder": "Thư nhắc",
        "ack": "Thư trả lời",
        "silence": "Thông báo không nhận được văn bản",
        "draft": "Dự thảo báo cáo trình duyệt",
        "returned": "Dự thảo báo cáo bị trả lại",
        "report": "Báo cáo",
        "department": "Trả lời của cấp trên, chuyển cán bộ",
        "question": "Hỏi đơn vị về biểu của người lạ",
        "held": "Báo cán bộ có thư chờ xử lý",
        "digest": "Tổng hợp hằng ngày",
        "stranger": "Trả lời người gửi ngoài danh bạ",
        "alert": "Cảnh báo hệ thống",
    }
)
#: From what is done to what is missing.
STATE_ORDER: tuple[CommuneState, ...] = (
    "registered", "nil", "needs-fix", "in-review", "waiting", "silent",
)  # fmt: skip
OTHER_KIND = "Thư khác"
#: The same, for the narrow boxes of a calendar.
SHORT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "call": "thư đề nghị",
        "reminder": "thư nhắc",
        "ack": "thư trả lời",
        "silence": "thông báo",
        "draft": "dự thảo",
        "returned": "dự thảo trả lại",
        "report": "báo cáo",
        "department": "cấp trên trả lời",
        "question": "hỏi đơn vị",
        "held": "báo cán bộ",
        "digest": "tổng hợp",
        "stranger": "trả lời",
        "alert": "cảnh báo",
    }
)
MAIL_COLUMNS: tuple[tuple[MailColumn, str], ...] = (
    ("waiting", "Chờ gửi"),
    ("held", "Tạm giữ"),
    ("sent", "Đã đến"),
    ("bounced", "Bị trả lại"),
    ("refused", "Bị từ chối"),
    ("unknown", "Chưa rõ"),
)
#: Columns that are shown also when nothing is in them.
ALWAYS: frozenset[MailColumn] = frozenset({"waiting", "sent"})
SENT_KINDS: Mapping[str, SentKind] = MappingProxyType(
    {"call": "call", "reminder": "reminder", "silence": "silence"}
)
MARKS: Mapping[MarkKind, str] = MappingProxyType(
    {
        "opens": "Mở đợt",
        "call": "Gửi thư đề nghị",
        "reminder": "Gửi thư nhắc",
        "silence": "Gửi thông báo không nhận được văn bản",
        "deadline": "Hết hạn",
        "closes": "Khép đợt",
        "report": "Lập báo cáo",
        "today": "Hôm nay",
    }
)
#: Short and whole.
WEEKDAYS = (
    ("T2", "Thứ Hai"),
    ("T3", "Thứ Ba"),
    ("T4", "Thứ Tư"),
    ("T5", "Thứ Năm"),
    ("T6", "Thứ Sáu"),
    ("T7", "Thứ Bảy"),
    ("CN", "Chủ nhật"),
)


def weekday_and_day(on: dt.date) -> str:
    """Return ``Thứ Năm, 16/5``."""
    return f"{WEEKDAYS[on.weekday()][1]}, {on.day}/{on.month}"


def timeline(answered: int, total: int, day: str) -> str:
    """Say in one sentence what the timeline shows."""
    return f"Đến ngày {day}, {answered} trên {total} đơn vị đã trả lời"


def inbox(*, read: bool, well: bool) -> str:
    """Say how the inbox is."""
    if not read:
        return "Chưa đọc lần nào"
    return "Đọc bình thường" if well else "Không đọc được"


def why(code: str) -> str:
    """Return why a message is held; details are left out, they may name persons or files."""
    return {str(key): told for key, told in HELD_REASONS.items()}.get(code, "Đề nghị cán bộ xem")


def trouble(code: str) -> str:
    """Return a trouble's title."""
    return ALERTS.get(code, "Có sự cố")


def outcome(states: Collection[str], *, delivered: bool, bounced: bool) -> str:
    """Return what became of a debt's mails, the best first: one that arrived is enough."""
    if delivered:
        return "đã đến"
    if set(states) & {"queued", "sending"}:
        return "đang chờ gửi"
    if "held" in states:
        return "tạm giữ"
    if bounced:
        return "bị trả lại"
    return "bị từ chối" if "refused" in states else "chưa rõ kết quả"


def mail_column(state: str, *, bounced: bool) -> MailColumn | None:
    """Return where a mail is counted; None for one that was no longer owed when its turn came."""
    if state == "cancelled":
        return None
    if bounced:
        return "bounced"
    columns: Mapping[str, MailColumn] = {
        "queued": "waiting",
        "sending": "waiting",
        "held": "held",
        "sent": "sent",
        "refused": "refused",
    }
    return columns.get(state, "unknown")
