"""What communes send in whole-way tests, and what the office then knows of them."""

import re
from collections.abc import Sequence

from rigs.whole import CAMPAIGN, Whole, parsed

from intake.demo_documents import PLAIN, Entry, workbook
from intake.demo_scenario import GIA_CAT, HOA_CU, _sender
from registry.model import CommuneKey, Message
from registry.snapshot import commune_state, windows

HOA_CU_MAIL = "hoacu@caoloc.example"
GIA_CAT_MAIL = "giacat@caoloc.example"
OFFICER = "canbo.ktht@caoloc.example"
NIL = "Qua rà soát, xã không có nhu cầu đăng ký Điểm giới thiệu và bán sản phẩm OCOP."


def form_of_hoa_cu(entries: Sequence[Entry] = HOA_CU) -> bytes:
    """The filled-in workbook of Hòa Cư (06223): two points."""
    return workbook(PLAIN, _sender("Hòa Cư", 45, 15), tuple(entries))


def form_of_gia_cat(entries: Sequence[Entry] = GIA_CAT) -> bytes:
    """The filled-in workbook of Gia Cát (06235)."""
    return workbook(PLAIN, _sender("Gia Cát", 31, 14), tuple(entries))


def with_communes(whole: Whole, *codes: str) -> Whole:
    """Leave only these communes on the roster: fewer calls and reminders, all else the same."""
    roster = whole.folder / "communes.csv"
    head, *lines = roster.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.startswith(codes)]
    roster.write_text("\n".join([head, *kept, ""]), "utf-8")
    call = whole.folder / "campaigns" / f"{CAMPAIGN}.toml"
    text = call.read_text("utf-8")
    call.write_text(re.sub(r"(?m)^communes = \d+", f"communes = {len(kept)}", text), "utf-8")
    whole.restart()
    return whole


def key_of(whole: Whole, code: str) -> CommuneKey:
    """The registry's key of a commune."""
    return next(one.key for one in whole.config.communes if one.code == code)


def state(whole: Whole, code: str = "06223") -> str:
    """Where the commune stands in the campaign; Hòa Cư if none is named."""
    snapshot = whole.store.snapshot(windows(whole.config.campaigns))
    return commune_state(snapshot, CAMPAIGN, key_of(whole, code))


def newest(whole: Whole) -> Message:
    """The message that came last."""
    return max(whole.store.messages(), key=lambda message: message.id)


def marks(whole: Whole, recipient: str) -> list[str]:
    """The bracketed first words of all mails to one recipient: ``Đã nhận``, ``Cần sửa …``."""
    return [subject.partition("]")[0].lstrip("[") for subject in whole.subjects(recipient)]


def threads(whole: Whole, recipient: str) -> list[str]:
    """The In-Reply-To of all mails to one recipient."""
    return [
        str(parsed(one.raw)["In-Reply-To"])
        for one in whole.smtp.accepted
        if recipient in one.recipients
    ]


def bounce(returned: bytes, recipient: str, action: str = "failed") -> bytes:
    """What a server sends back: a delivery status with the whole mail as it was."""
    status = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {recipient}\n"
        f"Action: {action}\nStatus: 5.1.1\n"
    )
    lines = (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>",
        "To: ocop@caoloc.example",
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "",
        "I'm sorry.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        status,
        "--b",
        "Content-Type: message/rfc822",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + returned + b"\r\n--b--\r\n"
