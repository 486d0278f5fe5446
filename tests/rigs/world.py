"""A small district for the notifier's tests: five communes, one campaign, a registry by hand."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from config.model import CalendarFile, Campaign, Commune, Config, Settings
from notifier.calendar import Calendar
from registry.model import (
    CampaignState,
    CommuneKey,
    Heard,
    Mail,
    Message,
    ReportRow,
    Snapshot,
    Submission,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SINCE = dt.date(2020, 1, 1)
CAMPAIGN = "ocop-2024-2"
OFFICE = "ocop@caoloc.example"
OFFICER = "canbo@caoloc.example"
APPROVER = "lanhdao@caoloc.example"
DEPARTMENT = "qltm@soct.example"


def at(day: int, hour: int = 9, minute: int = 0, second: int = 0) -> dt.datetime:
    """An instant of May 2024, local time."""
    return dt.datetime(2024, 5, day, hour, minute, second, tzinfo=ZONE)


def commune(code: str, name: str, kind: str = "xã", **changes: object) -> Commune:
    unit = Commune(
        code,
        SINCE,
        None,
        kind,
        name,
        (f"xa{code}@caoloc.example",),
        (f"ct{code}@caoloc.example",),
    )
    return dataclasses.replace(unit, **changes)  # type: ignore[arg-type]


COMMUNES = (
    commune("06184", "Đồng Đăng", "thị trấn"),
    commune("06187", "Cao Lộc", "thị trấn"),
    commune("06208", "Thụy Hùng"),
    commune("06223", "Hòa Cư"),
    commune("06235", "Gia Cát"),
)
HOA_CU = COMMUNES[3]

STEPS: tuple[dict[str, object], ...] = (
    {"id": "d-5", "days_before": 5},
    {"id": "d-2", "days_before": 2},
    {"id": "d-1", "days_before": 1, "cc": ["chair"], "template": "reminder-last"},
)


def campaign(campaign_id: str = CAMPAIGN, **changes: object) -> Campaign:
    base: dict[str, object] = {
        "id": campaign_id,
        "title": "Đăng ký Điểm OCOP đợt 2",
        "round": 2,
        "opens_at": at(13, 0),
        "deadline_at": at(21, 0),
        "closes_at": at(22, 0),
        "receipt_prefix": "OCOP2",
        "remind": list(STEPS),
        "report": {
            "to": [DEPARTMENT],
            "recipient": "Sở Công Thương",
            "at": at(22, 8),
            "approvers": [APPROVER],
        },
        "form": {
            "title": "Biểu đăng ký",
            "field": [{"key": "name", "label": "Tên điểm", "type": "text", "required": True}],
        },
    }
    return Campaign.model_validate(base | changes)


def settings(**sections: dict[str, object]) -> Settings:
    base: dict[str, dict[str, object]] = {
        "office": {
            "name": "UBND huyện Cao Lộc",
            "unit": "Phòng Kinh tế và Hạ tầng",
            "place": "Cao Lộc",
            "address": OFFICE,
            "go_live_at": at(13, 0),
        },
        "mailbox": {"host": "127.0.0.1", "port": 10143, "security": "none", "user": "ocop"},
        "smtp": {"host": "127.0.0.1", "port": 10025, "security": "none", "from": OFFICE},
        "officers": {"addresses": [OFFICER]},
    }
    for name, changes in sections.items():
        base[name] = base.get(name, {}) | changes
    return Settings.model_validate(base)


def config(
    *,
    communes: Iterable[Commune] = COMMUNES,
    campaigns: Iterable[Campaign] | None = None,
    calendar_file: CalendarFile | None = None,
    **sections: dict[str, object],
) -> Config:
    return Config(
        Path("config"),
        settings(**sections),
        tuple(communes),
        calendar_file or CalendarFile(),
        tuple(campaigns) if campaigns is not None else (campaign(),),
    )


def calendar(of: Config | None = None) -> Calendar:
    return Calendar((of or config()).calendar, ZONE)


def snapshot(now: dt.datetime, **changes: object) -> Snapshot:
    """A registry whose inbox was read completely at ``now``; every commune was asked and got it."""
    asked = {(CAMPAIGN, one.key): "reached" for one in COMMUNES}
    base = Snapshot(polled_at=now, asked=asked)  # type: ignore[arg-type]
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def message(number: int = 1, received_at: dt.datetime | None = None, **changes: object) -> Message:
    base = Message(
        id=number,
        sha256=f"{number:064x}"[::-1],
        size_bytes=1000,
        received_at=received_at or at(15),
        state="recorded",
        sender=HOA_CU.emails[0],
        verdict="submission",
        commune=HOA_CU.key,
        campaign=CAMPAIGN,
        ack="registered",
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def submission(
    key: CommuneKey = HOA_CU.key, received_at: dt.datetime | None = None, **changes: object
) -> Submission:
    received_at = received_at or at(15)
    base = Submission(
        id=1,
        campaign=CAMPAIGN,
        commune=key,
        version=1,
        current=True,
        message_id=1,
        received_at=received_at,
        recorded_at=received_at,
        state="registered",
        late=False,
        after_close=False,
        receipt=f"OCOP2-{key[0]}-01-7",
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def heard(last_at: dt.datetime, held: int = 0) -> Heard:
    return Heard(last_at, last_at, 1, held)


def closed(
    silent: Iterable[CommuneKey] = (), closed_at: dt.datetime | None = None
) -> dict[str, CampaignState]:
    state = CampaignState(CAMPAIGN, None, closed_at or at(22, 0, 1), tuple(silent))
    return {CAMPAIGN: state}


def report(number: int = 1, **changes: object) -> ReportRow:
    row = ReportRow(number, CAMPAIGN, number, at(22, 8), "0" * 64, ())
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def mail(kind: str, key: str, recipient: str = HOA_CU.emails[0], **changes: object) -> Mail:
    base = Mail(
        id=1,
        key=key,
        recipient=recipient,
        kind=kind,  # type: ignore[arg-type]
        subject="Thư thử",
        rfc_message_id="<1@caoloc.example>",
        state="queued",
        queued_at=at(16, 8),
        campaign=CAMPAIGN,
        commune=HOA_CU.key,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]
