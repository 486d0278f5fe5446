"""The days that are played: who does what when, from the launch of a call to its report.

Eight communes, a whole Friday, and the days around the deadline. Steps stand at least sixteen
minutes apart, so that the one retry of a mail whose outcome is unknown falls into the next step.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from rigs.answering import OFFICER, bounce
from rigs.cast import moment
from rigs.whole import CAMPAIGN, Files, mail, parsed, workbook_file

from config.model import Config
from intake.closing import release_report
from intake.demo_documents import PLAIN, TWO_ROWS, Entry, word, workbook
from intake.demo_scenario import (
    DOCX,
    DONG_DANG,
    GIA_CAT,
    HOA_CU,
    HONG_PHONG,
    YEN_TRACH,
    _letter,
    _sender,
)
from notifier.fixed_zip import repack
from registry.model import Message
from registry.store import Store
from registry.vault import Vault

#: Those that are called. Thanh Lòa has a second address; nobody there answers, nor in Tân Thành.
COMMUNES = ("06184", "06193", "06205", "06223", "06235", "06244", "06247", "06250")
#: Those whose chairmen have an address.
CHAIRED = ("06193", "06250")
SECOND_ADDRESS = "vp.thanhloa@caoloc.example"
#: The server refuses this chairman for good.
NO_SUCH_USER = "chutich.tanthanh@caoloc.example"
MESSAGE_BYTES = 150_000
_FIRST_ADDRESS = "thanhloa@caoloc.example"
_NIL = "Qua rà soát, trên địa bàn xã không có nhu cầu đề nghị hỗ trợ Điểm OCOP."


@dataclass(frozen=True, slots=True)
class Room:
    """What those outside can do: put letters into the inbox, and decide at the office's desk."""

    config: Config
    store: Store
    vault: Vault
    deliver: Callable[[bytes], None]
    now: dt.datetime

    def held(self, sender: str) -> Message:
        """The message of this sender that waits for a person."""
        return next(one for one in self.store.held() if one.sender == sender)

    def got(self, recipient: str, kind: str) -> tuple[str, bytes]:
        """Message-ID and bytes of the newest mail of a kind that went to an address."""
        mails = [
            one for one in self.store.mails() if (one.recipient, one.kind) == (recipient, kind)
        ]
        return mails[-1].rfc_message_id, self.store.mail_raw(mails[-1].id)


@dataclass(frozen=True, slots=True)
class Step:
    """At this moment those outside act, then the daemon does all that can be done."""

    at: dt.datetime
    story: str
    act: Callable[[Room], None] = lambda _room: None


def letter(
    name: str, sender: str, subject: str, files: Files | None = None, body: str = "", **more: str
) -> bytes:
    """The same bytes at every call: a letter to the office."""
    made = parsed(
        mail(
            sender,
            subject,
            body=body or "Kính gửi UBND huyện, xã gửi văn bản kèm theo.",
            files=[],
            Message_ID=f"<{name}@xa.example>",
            **more,
        )
    )
    for file_name, kind, data in files or []:
        main, sub = kind.split("/")
        made.add_attachment(data, maintype=main, subtype=sub, filename=file_name)
    if files:
        made.set_boundary(f"=={name}==")
    return made.as_bytes()


@cache
def book(
    commune: str, number: int, day: int, entries: tuple[int, ...] = (), **changes: str
) -> bytes:
    """The workbook of a commune: ``entries`` picks points, ``changes`` spoil the first."""
    known: dict[str, tuple[Entry, ...]] = {
        "Hòa Cư": HOA_CU,
        "Gia Cát": GIA_CAT,
        "Hồng Phong": HONG_PHONG,
        "Yên Trạch": YEN_TRACH,
    }
    points = [dict(known[commune][index]) for index in entries or range(len(known[commune]))]
    points[0] |= changes
    data = workbook(PLAIN, _sender(commune, number, day), tuple(points))
    return repack(data, moment(day))


@cache
def word_letter() -> bytes:
    """The official letter of Đồng Đăng with its table."""
    who = _sender("Đồng Đăng", 88, 17, "thị trấn")
    return repack(word(who, _letter(who, len(DONG_DANG)), TWO_ROWS, DONG_DANG), moment(17))


@cache
def archive() -> bytes:
    """Hòa Cư's form in a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr(zipfile.ZipInfo("Bieu dang ky.xlsx"), book("Hòa Cư", 45, 16))
    return stream.getvalue()


def _launch(room: Room) -> None:
    room.store.launch(CAMPAIGN, "officer", room.now)


def _first_answers(room: Room) -> None:
    _, call = room.got(_FIRST_ADDRESS, "call")
    room.deliver(bounce(call, _FIRST_ADDRESS))
    called, _ = room.got("tanlien@caoloc.example", "call")
    away = {"Auto_Submitted": "auto-replied", "In_Reply_To": called}
    sender = "tanlien@caoloc.example"
    room.deliver(letter("away", sender, "Trả lời tự động", body="Tôi đi công tác.", **away))
    wrong = book("Gia Cát", 31, 17, phone="086600010")
    room.deliver(letter("gc-1", "giacat@caoloc.example", "Đăng ký OCOP", workbook_file(wrong)))


def _stranger_and_archive(room: Room) -> None:
    form = workbook_file(book("Hồng Phong", 17, 17))
    room.deliver(letter("hp-1", "nguoi.la@thudientu.example", "Đăng ký điểm OCOP", form))
    packed = [("Ho so.zip", "application/zip", archive())]
    room.deliver(letter("hc-1", "hoacu@caoloc.example", "Xã Hòa Cư đăng ký", packed))


def _assign(room: Room) -> None:
    """The officer answers the notice of the stranger's form."""
    assert room.held("nguoi.la@thudientu.example")
    notified, notice = room.got(OFFICER, "held")
    subject = str(parsed(notice)["Subject"])
    more = {"In_Reply_To": notified}
    room.deliver(letter("cb-1", OFFICER, f"Re: {subject}", body="GÁN xã Hồng Phong", **more))


def _afternoon(room: Room) -> None:
    acknowledged, _ = room.got("giacat@caoloc.example", "ack")
    right = workbook_file(book("Gia Cát", 31, 17))
    more = {"In_Reply_To": acknowledged}
    room.deliver(letter("gc-2", "giacat@caoloc.example", "Re: Cần sửa", right, **more))
    table = [("CV dang ky.docx", DOCX, word_letter())]
    room.deliver(letter("dd-1", "dongdang@caoloc.example", "Đồng Đăng đăng ký OCOP", table))
    room.deliver(letter("tl-1", "tanlien@caoloc.example", "Xã Tân Liên", body=_NIL))


def _trouble(room: Room) -> None:
    table = [("CV dang ky.docx", DOCX, word_letter())]
    room.deliver(letter("dd-2", "dongdang@caoloc.example", "Fwd: Đồng Đăng đăng ký", table))
    large = [("anh.bin", "application/octet-stream", bytes(2 * MESSAGE_BYTES))]
    room.deliver(letter("gc-3", "giacat@caoloc.example", "Hồ sơ OCOP", large))
    asks = "Đề nghị cho biết mẫu biểu lấy ở đâu?"
    room.deliver(letter("tl-2", "tanlien@caoloc.example", "Hỏi về đăng ký OCOP", body=asks))
    room.deliver(letter("hc-2", "hoacu@caoloc.example", "Xã Hòa Cư", body=_NIL))


def _decide(room: Room) -> None:
    asked = room.held("tanlien@caoloc.example")
    room.store.reject(asked.id, "answered by phone", "officer", room.now)
    room.store.accept(room.held("hoacu@caoloc.example").id, "officer", room.now)


def _late(room: Room) -> None:
    form = workbook_file(book("Yên Trạch", 24, 21))
    room.deliver(letter("yt-1", "yentrach@caoloc.example", "Yên Trạch gửi muộn", form))


def _approve(room: Room) -> None:
    release_report(room.store, room.vault, room.config, CAMPAIGN, "approver", room.now)


SCENARIO: tuple[Step, ...] = (
    Step(moment(17, 9, 0), "the call is launched", _launch),
    Step(moment(17, 9, 20), "nothing: time for retries"),
    Step(moment(17, 9, 40), "a bounce, an out-of-office, a form with an error", _first_answers),
    Step(moment(17, 10, 0), "a stranger's form, an archive", _stranger_and_archive),
    Step(moment(17, 10, 20), "nothing: time for retries"),
    Step(moment(17, 10, 30), "the officer assigns the stranger's form", _assign),
    Step(moment(17, 14, 0), "the correction, a Word letter, a nil in words", _afternoon),
    Step(moment(17, 14, 30), "a duplicate, a too large one, a question, a doubt", _trouble),
    Step(moment(17, 14, 50), "nothing: time for retries"),
    Step(moment(17, 15, 0), "the officer rejects one and accepts one", _decide),
    Step(moment(17, 15, 30), "nothing: time for retries"),
    Step(moment(20, 7, 40), "Monday: the digest"),
    Step(moment(20, 8, 5), "the last reminder, chairmen in copy"),
    Step(moment(20, 8, 25), "nothing: time for retries"),
    Step(moment(21, 9, 0), "a late form", _late),
    Step(moment(21, 9, 20), "nothing: time for retries"),
    Step(moment(22, 0, 10), "the campaign closes: silence is recorded"),
    Step(moment(22, 7, 40), "notices of silence, the digest"),
    Step(moment(22, 7, 58), "nothing: time for retries"),
    Step(moment(22, 8, 5), "the report is frozen, its draft goes to the approvers"),
    Step(moment(22, 8, 25), "nothing: time for retries"),
    Step(moment(22, 8, 40), "the approver releases it to the Department", _approve),
    Step(moment(22, 9, 0), "the end: time for retries"),
)
