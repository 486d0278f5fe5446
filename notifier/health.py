"""Is the program well? Facts and limits → the troubles there are, and what to say of them. Pure.

A trouble is *broken* when the program cannot do its work and somebody or something outside must
change, else a *warning*: work goes on, but a person should look.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

from config.model import Health as Limits
from registry.model import OpenTrouble, Vitals

Severity = Literal["broken", "warning"]
Code = Literal[
    "poll",
    "login",
    "smtp",
    "reader",
    "readers",
    "disk",
    "vault",
    "registry",
    "clock",
    "config",
    "daemon",
    "brake",
    "queue",
    "backlog",
    "refused",
    "calendar",
    "certificate",
    "backup",
    "board",
    "listen",
]
#: A trouble counts as over when it was not seen for so long: one that comes and goes is one.
QUIET = dt.timedelta(minutes=30)
_DAY = dt.timedelta(days=1)
#: Mails that were lost longer ago than this are history, not health.
LOST_FOR = _DAY
#: Others tell the admin of their beginning, with more to say: the brake's own mail, each refusal.
_TOLD_ELSEWHERE = frozenset({"brake", "refused"})

#: What to do, for whoever gets the mail.
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "poll": "Kiểm tra mạng và máy chủ thư; xem nhật ký (journalctl -u intake). Chương trình tự "
        "thử lại, thư vẫn nằm an toàn trong hộp thư.",
        "login": "Kiểm tra mật khẩu, quyền IMAP và chứng thư của máy chủ thư: chạy lệnh intake "
        "check --connect. Nếu đăng nhập bằng OAuth2 mà bị thu hồi quyền: chạy lệnh "
        "intake authorize.",
        "smtp": "Kiểm tra máy chủ gửi thư và mật khẩu: chạy lệnh intake check --connect. Thư chờ "
        "gửi vẫn được giữ.",
        "reader": "Không đọc được tệp nào: xem nhật ký, kiểm tra bộ nhớ và cài đặt. Thư vẫn được "
        "lưu và sẽ được đọc khi khắc phục xong.",
        "readers": "Tệp vẫn được đọc, nhưng chậm hơn: máy này đọc thay. Kiểm tra bộ điều phối "
        "(dask scheduler), các máy đọc, mạng và chứng thư ở mục [scale]; mọi máy phải cài cùng một "
        "phiên bản. Chạy lệnh intake check --connect. Khi các máy đọc hoạt động lại, chương trình "
        "tự dùng lại.",
        "disk": "Giải phóng hoặc mở rộng ổ đĩa, kiểm tra quyền ghi. Thư chưa lưu được vẫn nằm "
        "trong hộp thư.",
        "vault": "Kho gốc (S3) không nhận hoặc không trả dữ liệu: kiểm tra mạng, máy chủ lưu trữ, "
        "khóa truy cập và đồng hồ máy; chạy lệnh intake check --connect. Thư chưa lưu được vẫn nằm "
        "trong hộp thư và sẽ được lưu khi khắc phục xong.",
        "registry": "Kiểm tra ổ đĩa của sổ đăng ký và chương trình khác đang mở tệp sổ.",
        "clock": "Chỉnh lại đồng hồ máy (NTP).",
        "config": "Sửa lại tệp theo chỉ dẫn trên; lệnh intake check liệt kê mọi lỗi. Trong "
        "lúc chờ, hệ thống vẫn làm việc theo cấu hình và mẫu thư cũ.",
        "daemon": "Xem nhật ký (journalctl -u intake) và khởi động lại dịch vụ.",
        "brake": "Xem lệnh intake plan; đúng ý thì chạy intake release.",
        "queue": "Có thư quá giờ chưa gửi được: xem intake status và nhật ký.",
        "backlog": "Có thư đã nhận mà lâu chưa đọc xong: xem nhật ký.",
        "refused": "Xem intake status; kiểm tra địa chỉ trong danh bạ, hoặc gửi tay.",
        "calendar": "Ghi ngày nghỉ, ngày làm bù của năm đó vào tệp calendar.toml khi có thông báo.",
        "certificate": "Gia hạn chứng thư trước khi hết hạn.",
        "backup": "Chạy lệnh intake backup, kiểm tra lịch sao lưu.",
        "board": "Việc nhận và gửi thư vẫn chạy bình thường. Kiểm tra ổ đĩa và quyền ghi của thư "
        "mục ghi ở [board] path; xem nhật ký.",
        "listen": "Việc nhận và gửi thư vẫn chạy bình thường. Kiểm tra địa chỉ, cổng và mật khẩu ở "
        "mục [board] trong settings.toml; cổng có thể đang do chương trình khác dùng.",
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is not well. ``about`` tells apart several of one code (two disks)."""

    code: Code
    severity: Severity
    since: dt.datetime
    text: str
    about: str = ""

    @property
    def key(self) -> str:
        """Code and ``about``: the same trouble has the same key at every tick."""
        return f"{self.code}/{self.about}" if self.about else self.code

    @classmethod
    def read(cls, key: str, written: OpenTrouble) -> "Trouble | None":
        """Return a trouble as it was written down; None for a code that is not known any more."""
        name, _, about = key.partition("/")
        code: Code | None = next((code for code in get_args(Code) if code == name), None)
        if code is None:
            return None
        severity: Severity = "broken" if written.severity == "broken" else "warning"
        return cls(code, severity, written.since, written.text, about)

    @property
    def advice(self) -> str:
        """What to do, in Vietnamese."""
        return ADVICE[self.code]


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that has not worked since; ``lasting``: a person must act, waiting is no help."""

    since: dt.datetime
    reason: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Disk:
    """Room on the disk of the registry or the vault; None: it could not even be asked."""

    name: str
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whose certificate, and its last moment."""

    name: str
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known; what is not known is None or empty and is no trouble.

    ``watched``: a daemon is meant to run, so that an inbox which nobody reads is a trouble.
    ``read_at`` is until when the inbox counts as read: the last complete poll, or later while what
    it brought is worked on. ``turned_at`` is the last sign of life of the daemon that holds the
    registry, ``running`` whether there is one. ``failing`` are the parts that do not work, by the
    code of their trouble.
    """

    watched: bool = False
    running: bool = False
    started_at: dt.datetime | None = None
    read_at: dt.datetime | None = None
    turned_at: dt.datetime | None = None
    poll_seconds: float = 60.0
    failing: Mapping[str, Failing] = field(default_factory=dict)
    disks: tuple[Disk, ...] = ()
    vitals: Vitals = field(default_factory=Vitals)
    unknown_year: int | None = None
    certificates: tuple[Certificate, ...] = ()


def troubles(facts: Facts, limits: Limits, now: dt.datetime) -> list[Trouble]:
    """Return what is not well at ``now``, the broken first. Never raises."""
    found = [
        *_inbox(facts, limits, now),
        *_parts(facts, limits, now),
        *_disks(facts, limits, now),
        *_registry_says(facts.vitals, limits, now),
        *_certificates(facts, limits, now),
        *_calendar(facts, now),
    ]
    return sorted(found, key=lambda one: one.severity)


def _patience(facts: Facts, limits: Limits) -> dt.timedelta:
    """How long an inbox may go unread: an admin who polls seldom wants no alarm at every poll."""
    polls = dt.timedelta(seconds=3 * facts.poll_seconds)
    return max(dt.timedelta(minutes=limits.poll_minutes), polls)


def _inbox(facts: Facts, limits: Limits, now: dt.datetime) -> Iterator[Trouble]:
    """Whether the inbox is read; a refused login is told at once, and as that."""
    failing = facts.failing.get("login")
    if failing is not None:
        yield Trouble("login", "broken", failing.since, failing.reason)
        return
    since = facts.read_at or facts.started_at
    if not facts.watched or since is None or now - since < _patience(facts, limits):
        return
    why = "no daemon runs"
    if facts.running:
        away = facts.failing.get("poll")
        why = away.reason if away else "the server answers, but some messages cannot be had"
    yield Trouble("poll", "broken", since, f"the inbox is not read: {why}")


def _parts(facts: Facts, limits: Limits, now: dt.datetime) -> Iterator[Trouble]:
    """Parts that fail; a mail server may be away for a while before it is a trouble."""
    patience = _patience(facts, limits)
    smtp = facts.failing.get("smtp")
    if smtp is not None and (smtp.lasting or now - smtp.since >= patience):
        yield Trouble("smtp", "broken", smtp.since, f"mail cannot be sent: {smtp.reason}")
    names: tuple[Code, ...] = ("reader", "vault", "registry", "clock")
    for code in names:
        failing = facts.failing.get(code)
        if failing is not None:
            yield Trouble(code, "broken", failing.since, failing.reason)
    minor: tuple[Code, ...] = ("board", "listen", "readers")
    for code in minor:
        failing = facts.failing.get(code)
        if failing is not None:
            yield Trouble(code, "warning", failing.since, failing.reason)
    edit = facts.failing.get("config")
    if edit is not None:
        text = f"the edited config is refused, the old one is in use: {edit.reason}"
        yield Trouble("config", "warning", edit.since, text)
    if facts.running and facts.turned_at is not None and now - facts.turned_at >= patience:
        text = "the daemon holds the registry but gives no sign of life"
        yield Trouble("daemon", "broken", facts.turned_at, text)


def _disks(facts: Facts, limits: Limits, now: dt.datetime) -> Iterator[Trouble]:
    failing = facts.failing.get("disk")
    if failing is not None:
        yield Trouble("disk", "broken", failing.since, f"the disk fails: {failing.reason}")
    for disk in facts.disks:
        if disk.free_bytes is None:
            text = f"the disk of the {disk.name} cannot be asked for its free room"
            yield Trouble("disk", "broken", now, text, disk.name)
        elif disk.free_bytes < limits.disk_bytes:
            text = (
                f"{_size(disk.free_bytes)} free on the disk of the {disk.name}, less than "
                f"health.disk_bytes = {_size(limits.disk_bytes)}"
            )
            yield Trouble("disk", "warning", now, text, disk.name)


def _registry_says(vitals: Vitals, limits: Limits, now: dt.datetime) -> Iterator[Trouble]:
    if vitals.brake is not None:
        text = f"the brake is pulled, mass mail waits: {vitals.brake.reason}"
        yield Trouble("brake", "warning", vitals.brake.pulled_at, text)
    if vitals.overdue_since is not None:
        text = f"{vitals.overdue} mail(s) should have left long ago"
        yield Trouble("queue", "warning", vitals.overdue_since, text)
    if vitals.kept_since is not None and now - vitals.kept_since >= _minutes(limits.kept_minutes):
        text = f"{vitals.kept} message(s) are kept but not understood"
        yield Trouble("backlog", "warning", vitals.kept_since, text)
    if vitals.lost_since is not None:
        text = f"{vitals.lost} mail(s) of the last day were refused or have an unknown outcome"
        yield Trouble("refused", "warning", vitals.lost_since, text)
    old = dt.timedelta(days=limits.backup_days)
    if vitals.backed_up_at is not None and old and now - vitals.backed_up_at >= old:
        text = f"the last backup is {(now - vitals.backed_up_at).days} days old"
        yield Trouble("backup", "warning", vitals.backed_up_at + old, text)


def _certificates(facts: Facts, limits: Limits, now: dt.datetime) -> Iterator[Trouble]:
    """Ends that are near; nothing can be read of a certificate that was not accepted."""
    for one in facts.certificates:
        left = one.ends_at - now
        if left < dt.timedelta(days=limits.certificate_days):
            ends = "ended" if left <= dt.timedelta(0) else "ends soon"
            text = f"the certificate of {one.name} {ends}: {one.ends_at.date().isoformat()}"
            yield Trouble("certificate", "warning", now, text, one.name)


def _calendar(facts: Facts, now: dt.datetime) -> Iterator[Trouble]:
    if facts.unknown_year is not None:
        text = f"the days off of {facts.unknown_year} are not known: enter them in calendar.toml"
        yield Trouble("calendar", "warning", now, text, str(facts.unknown_year))


# --- what to say of them ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Course:
    """How the troubles went on: to be written down, and to be told.

    ``current`` are those of now with their true beginnings; ``began`` those of them that are new
    or became worse or better; ``over`` the keys that were not seen for `QUIET`; ``absent`` since
    when the others that are open were not seen.
    """

    current: tuple[Trouble, ...]
    began: tuple[Trouble, ...]
    over: tuple[str, ...]
    absent: Mapping[str, dt.datetime]


def course(
    found: Collection[Trouble],
    known: Mapping[str, OpenTrouble],
    absent: Mapping[str, dt.datetime],
    now: dt.datetime,
) -> Course:
    """Compare what was found with what is open; ``absent`` is that of the last time."""
    current = tuple(with_beginnings(found, known))
    keys = {one.key for one in current}
    began = tuple(
        one for one in current if one.key not in known or known[one.key].severity != one.severity
    )
    missing = {key: min(absent.get(key, now), now) for key in known if key not in keys}
    over = tuple(key for key, since in missing.items() if now - since >= QUIET)
    still = {key: since for key, since in missing.items() if key not in over}
    return Course(current, began, over, still)


def with_beginnings(
    found: Collection[Trouble], known: Mapping[str, OpenTrouble]
) -> Iterator[Trouble]:
    """Yield the troubles with the moment at which they were first seen."""
    for one in found:
        before = known.get(one.key)
        yield replace(one, since=min(one.since, before.since)) if before else one


def mail_key(trouble: Trouble, now: dt.datetime) -> str | None:
    """Return the key of the mail that is owed for a trouble at ``now``: one at its beginning, one
    for each whole day that it lasts; None when another rule tells of its beginning.
    """  # noqa: D205  one sentence
    day = max((now - trouble.since) // _DAY, 0)
    if not day and trouble.code in _TOLD_ELSEWHERE:
        return None
    since = trouble.since.astimezone(dt.UTC)
    return f"alert/{trouble.key}/{since:%Y-%m-%dT%H:%M:%SZ}/{trouble.severity}/{day}"


def over_key(key: str, trouble: OpenTrouble) -> str | None:
    """Return the key of the mail that says that a trouble is over; None when nobody needs it."""
    if key.partition("/")[0] in _TOLD_ELSEWHERE:
        return None
    return f"alert/{key}/{trouble.since.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}/over"


def _minutes(count: int) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.0f} MB"
