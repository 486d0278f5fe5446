"""The shipped office as values, and communes' answers in it: what compose and report tests need."""

import csv
import datetime as dt
import tomllib
from dataclasses import replace
from pathlib import Path

from config.model import CalendarFile, Campaign, Commune, Config, Settings
from notifier.report import Material, ReportInputs, build_inputs
from parsers.reading import Finding, Letter, Row
from registry.model import (
    CampaignState,
    Document,
    Heard,
    Mail,
    Message,
    Point,
    Snapshot,
    Submission,
    SubmissionState,
)

FOLDER = Path(__file__).parents[2] / "config" / "cao-loc"
#: What seals workbooks in tests.
SECRET = bytes(range(32))
VN = dt.timezone(dt.timedelta(hours=7))
SHA = "9f2c4be81d7a60355c0be1f4a6d2937e8b51c6f0d4a7e2931b8c5f60a1d2e3f4"


def at(day: int, hour: int = 9, minute: int = 41) -> dt.datetime:
    """A moment of May 2024 in Vietnam."""
    return dt.datetime(2024, 5, day, hour, minute, tzinfo=VN)


def office() -> Config:
    """The shipped configuration, read without the checks of `config.settings`."""
    with (FOLDER / "communes.csv").open(encoding="utf-8-sig") as lines:
        communes = tuple(
            Commune(
                row["code"],
                dt.date.fromisoformat(row["valid_from"]),
                dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                row["kind"],
                row["name"],
                tuple(row["emails"].split()),
                tuple(row["chair_emails"].split()),
            )
            for row in csv.DictReader(lines)
        )
    return Config(
        FOLDER,
        Settings.model_validate(tomllib.loads((FOLDER / "settings.toml").read_text("utf-8"))),
        communes,
        CalendarFile(),
        (
            Campaign.model_validate(
                tomllib.loads((FOLDER / "campaigns" / "ocop-2024-2.toml").read_text("utf-8"))
            ),
        ),
    )


def commune(config: Config, name: str) -> Commune:
    return next(one for one in config.communes if one.name == name)


POINT = {
    "name": "Điểm giới thiệu và bán sản phẩm OCOP chợ Hòa Cư",
    "address": "Thôn Bản Cưởm, xã Hòa Cư",
    "owner": "Hợp tác xã nông nghiệp Hoa Mận",
    "owner_kind": "hợp tác xã",
    "registration_no": "4900123456",
    "representative": "Lường Văn Mẫu",
    "phone": "0912000111",
    "location_kind": "Trung tâm thương mại, siêu thị, chợ",
    "area_m2": "35.5",
    "products": "Hạt dẻ tươi; Mật ong bạc hà",
    "stars": "3",
    "certified_on": "2022-12-20",
    "needs": "Biển hiệu, kệ trưng bày",
    "cost_total": "120000000",
    "cost_requested": "50000000",
}


def point(ordinal: int = 1, **changes: str) -> Point:
    values = {key: value for key, value in (POINT | changes).items() if value}
    places = {key: f"Biểu 1!{chr(66 + index)}{8 + ordinal}" for index, key in enumerate(POINT)}
    return Point(ordinal, 1, Row(values, places, dict.fromkeys(values, 1.0), values))


MISSING_PHONE = Finding(
    "error",
    "missing-value",
    "Ô “Điện thoại” bắt buộc còn trống; đề nghị ghi số điện thoại 10 chữ số.",
    "phone",
    1,
    "Biểu 1!H9",
)


def submission(
    config: Config, name: str, state: SubmissionState = "registered", **changes: object
) -> Submission:
    key = commune(config, name).key
    whole = Submission(
        id=1,
        campaign="ocop-2024-2",
        commune=key,
        version=1,
        current=True,
        message_id=1,
        received_at=at(16),
        recorded_at=at(16),
        state=state,
        late=False,
        after_close=False,
        receipt=f"OCOP2-{key[0]}-01-7",
        letter=Letter("45/UBND-KT", "2024-05-16", "Đăng ký điểm OCOP", "Hoàng Văn Thử"),
        points=(point(),) if state != "nil" else (),
        findings=(MISSING_PHONE,) if state == "needs-fix" else (),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def message(**changes: object) -> Message:
    whole = Message(
        id=1,
        sha256=SHA,
        size_bytes=61_000,
        received_at=at(16),
        state="recorded",
        sender="hoacu@caoloc.example",
        subject="Báo cáo đăng ký điểm OCOP",
        rfc_message_id="<abc@hoacu.example>",
        verdict="submission",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def document(name: str = "Biểu đăng ký.xlsx") -> Document:
    return Document(1, name, SHA, 14_200, "xlsx", "form")


def reminder(config: Config, name: str) -> Mail:
    one = commune(config, name)
    return Mail(
        id=1,
        key=f"remind/ocop-2024-2/{one.code}@{one.valid_from}/d-5",
        recipient=one.emails[0],
        kind="reminder",
        subject="[Nhắc: hạn hết ngày 20/5/2024]",
        rfc_message_id="<r@caoloc.example>",
        state="sent",
        queued_at=at(16, 8, 0),
        sent_at=at(16, 8, 1),
        response="250 2.0.0 Ok: queued as 4VfX",
        server="mx.caoloc.example",
        campaign="ocop-2024-2",
        commune=one.key,
    )


def material(config: Config, submissions: tuple[Submission, ...], **changes: object) -> Material:
    """A closed campaign in which these versions came and everybody else was silent."""
    campaign = config.campaign("ocop-2024-2")
    current = {(campaign.id, item.commune): item for item in submissions if item.current}
    heard = {pair: Heard(item.received_at, item.received_at, 1, 0)
             for pair, item in current.items()}  # fmt: skip
    in_time = {item.commune for item in submissions if not item.after_close}
    silent = tuple(one.key for one in config.members(campaign) if one.key not in in_time)
    whole = Snapshot(
        current=current,
        heard=heard,
        campaigns={campaign.id: CampaignState(campaign.id, at(13), at(22, 0, 5), silent)},
    )
    ids = {item.message_id for item in submissions}
    return Material(
        snapshot=replace(whole, **changes),  # type: ignore[arg-type]
        submissions=submissions,
        documents={number: (document(),) for number in ids},
        messages={number: message(id=number) for number in ids},
        mails=tuple(
            reminder(config, one.name) for one in config.members(campaign) if one.key in silent
        ),
    )


def inputs(config: Config, submissions: tuple[Submission, ...] = ()) -> ReportInputs:
    campaign = config.campaign("ocop-2024-2")
    return build_inputs(config, campaign, material(config, submissions), at(22, 8, 0))
