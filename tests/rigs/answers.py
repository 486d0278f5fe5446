"""Made-up arrivals and outcomes for tests of the registry and of what stands on it."""

import datetime as dt
import hashlib
import itertools

from parsers.reading import Finding, Letter, Row
from registry.model import (
    CommuneKey,
    Document,
    NewMail,
    NewSubmission,
    Outcome,
    Point,
    Slot,
)
from registry.store import Store

HOA_CU: CommuneKey = ("06223", dt.date(2004, 1, 1))
TAN_LIEN: CommuneKey = ("06226", dt.date(2004, 1, 1))
CAMPAIGN = "ocop-2024-2"
NOON = dt.datetime(2024, 5, 14, 5, 0, tzinfo=dt.UTC)
_uids = itertools.count(1)


def at(minutes: int) -> dt.datetime:
    """Return an instant so many minutes after noon of 14/5/2024 in Vietnam."""
    return NOON + dt.timedelta(minutes=minutes)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def slot(uid: int, uidvalidity: int = 7, folder: str = "INBOX") -> Slot:
    return Slot("ocop@mail.example", folder, uidvalidity, uid)


def arrive(store: Store, text: str, received: int = 0, uid: int | None = None) -> int:
    """Keep a message whose bytes are ``text``; return its id."""
    place = slot(next(_uids) if uid is None else uid)
    return store.keep(place, hash_of(text), len(text), at(received), at(received)).message_id


def letter(number: str = "45/UBND-KT", organ: str = "UBND xã Hòa Cư") -> Letter:
    return Letter(number, "2024-05-17", "V/v đăng ký", "Nguyễn Văn Thử", organ, 1)


def point(name: str = "Cửa hàng OCOP Hòa Cư", ordinal: int = 1) -> Point:
    row = Row(
        {"name": name, "area_m2": "35.5"},
        {"name": "Biểu 1!B9", "area_m2": "Biểu 1!E9"},
        {"name": 1.0, "area_m2": 0.95},
        {"name": f" {name} ", "area_m2": "35,5"},
    )
    return Point(ordinal, 1, row)


def finding() -> Finding:
    return Finding("error", "missing-value", "Thiếu số điện thoại.", "phone", 1, "Biểu 1!F9")


def document(ordinal: int = 1) -> Document:
    return Document(ordinal, "biểu.xlsx", hash_of("biểu"), 6000, "xlsx", "form", "", "", "{}")


def answer(
    commune: CommuneKey = HOA_CU,
    campaign: str = CAMPAIGN,
    content: str = "content",
    rfc_message_id: str = "<1@hoacu.example>",
) -> Outcome:
    """Return the outcome of a good form with one point and one finding."""
    return Outcome(
        "recorded",
        "submission",
        "read",
        sender="hoacu@xa.example",
        subject="Đăng ký điểm OCOP",
        rfc_message_id=rfc_message_id,
        sent_at=NOON,
        commune=commune,
        campaign=campaign,
        content_key=content,
        ack="registered",
        documents=(document(),),
        submission=NewSubmission(
            campaign,
            commune,
            "registered",
            late=False,
            after_close=False,
            receipt_prefix="OCOP2",
            letter=letter(),
            points=(point(),),
            findings=(finding(),),
        ),
    )


def ack(sha256: str, ack_name: str = "registered", recipient: str = "hoacu@xa.example") -> NewMail:
    key = f"ack/{sha256[:20]}/{ack_name}"
    return NewMail(
        key, recipient, "ack", "Đã nhận", f"<{key}@caoloc.example>", b"raw " + key.encode()
    )


def reminder(step: str = "d5", recipient: str = "hoacu@xa.example") -> NewMail:
    key = f"remind/{CAMPAIGN}/06223@2004-01-01/{step}"
    return NewMail(
        key,
        recipient,
        "reminder",
        "Nhắc",
        f"<{key}@caoloc.example>",
        b"raw " + key.encode(),
        campaign=CAMPAIGN,
        commune=HOA_CU,
    )
