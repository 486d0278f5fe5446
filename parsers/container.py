"""What stands inside a file that holds others: an archive, a mail of Outlook, what is signed.

``open_container`` is the one door. Nothing is ever written to a disk, and the names inside are only
shown. Outside bytes belong into the jail (``Jail.open``): a library may still hang or abort here.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Final, Literal

from parsers.reading import Refusal, RefusalCode
from parsers.sniff import sniff

#: Kind (``sniff``) → the module whose ``open_container(data, kind, name, room)`` opens it.
_OPENERS: Final = {
    **dict.fromkeys(("zip", "rar", "7z", "tar", "gz", "bz2", "xz"), "parsers.archive"),
    "msg": "parsers.msg",
    "tnef": "parsers.tnef",
    "p7m": "parsers.smime",
}
#: What is no document itself but holds some; ``archive`` is a member that could not be taken out.
CONTAINERS: Final = frozenset({*_OPENERS, "eml", "archive"})
#: How files begin that may hold others; an Office file looks alike until it is opened.
_BEGINNINGS: Final = (
    *(b"PK", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
)
_TAR_MARK: Final = 257
_TNEF: Final = b"\x78\x9f\x3e\x22"  # and a key of two bytes
_TNEF_HEAD_BYTES: Final = 6

LeftOutCode = Literal[
    "trifle",  # of the packing program: Thumbs.db, __MACOSX, ~$lock files
    "same-file",  # a reference to another member
    "link",  # a link, no file
    "encrypted",
    "damaged",
    "too-large",
    "too-many",
    "too-deep",
    "unsupported",  # packed in a way that nobody here knows
]


@dataclass(frozen=True, slots=True)
class Room:
    """What one container may hold at most; sizes are of streamed bytes, never of a header's claim.

    More members than ``members`` refuse it, and so do members that together are ``ratio`` times as
    large as they were packed, once they are large at all; a member over ``member_bytes`` is left
    out, and so is all that does not fit into ``total_bytes`` any more.
    """

    members: int = 500
    member_bytes: int = 25_000_000
    total_bytes: int = 200_000_000
    ratio: int = 100


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside. ``name`` is fit to show (folders as a hint) and never a path.

    ``inline`` = a picture inside the text of a mail.
    """

    name: str
    data: bytes
    inline: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A member that was not taken, and why: ``message`` is Vietnamese, for the sender."""

    code: LeftOutCode
    name: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """The words of a mail that was saved as a file; empty where it has none."""

    subject: str = ""
    sender: str = ""
    text: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The members in their order, what was left out, and the words of a mail."""

    kind: str
    members: tuple[Member, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    cover: Cover | None = None


def may_hold_files(data: bytes) -> bool:
    """Whether it is worth asking ``open_container``; looks at the first bytes only."""
    return data.startswith(_BEGINNINGS) or data[_TAR_MARK : _TAR_MARK + 5] == b"ustar"


def wrapping(data: bytes, name: str) -> Literal["", "tnef", "p7m"]:
    """Tell what only wraps its content, which is never larger: winmail.dat, a signature's envelope.

    An envelope is known by its name alone: whatever bears it was meant to be one.
    """
    if data.startswith(_TNEF) and len(data) > _TNEF_HEAD_BYTES:
        return "tnef"
    return "p7m" if name.casefold().endswith(".p7m") else ""


def open_container(
    data: bytes, name: str = "", room: Room | None = None
) -> Opened | Refusal | None:
    """Return what stands inside, or why it cannot be opened; None for any other document.

    Args:
        data: the file's bytes, of any kind and in any state.
        name: its name as sent; never trusted, a part of a split archive is told by it.
        room: how much is taken out at most.

    One level only: an archive inside is a member like any other.
    """
    kind: str = wrapping(data, name)
    if not kind:
        found = sniff(data, name)
        if found.kind == "tnef" or (found.refusal and found.refusal.code != "encrypted"):
            return None  # what is broken already: reading it says so
        kind = found.kind
    module = _OPENERS.get(kind)
    if module is None:
        return None
    result: Opened | Refusal | None = import_module(module).open_container(
        data, kind, name, room or Room()
    )
    return result


_AGAIN: Final = "Đề nghị nén lại thành một tệp .zip, hoặc đính kèm trực tiếp từng tệp vào thư."
_ARCHIVE: Final[dict[LeftOutCode, str]] = {
    "encrypted": "Tệp nén có mật khẩu nên không mở được. Đề nghị nén lại không đặt mật khẩu, hoặc "
    "đính kèm trực tiếp từng tệp vào thư.",
    "damaged": f"Tệp nén bị hỏng hoặc gửi chưa trọn vẹn, không mở được. {_AGAIN}",
    "unsupported": f"Chương trình không mở được kiểu nén này. {_AGAIN}",
    "too-large": "Tệp nén khi mở ra quá lớn. Đề nghị chỉ gửi công văn, biểu mẫu và hồ sơ kèm theo, "
    "đính kèm trực tiếp hoặc chia thành nhiều thư.",
    "too-many": "Tệp nén có quá nhiều tệp. Đề nghị chỉ gửi công văn, biểu mẫu và hồ sơ kèm theo, "
    "hoặc chia thành nhiều thư.",
    "too-deep": "Tệp nằm trong quá nhiều lớp tệp nén hoặc thư chuyển tiếp. Đề nghị đính kèm trực "
    "tiếp vào thư.",
}
_MEMBER: Final[dict[LeftOutCode, str]] = {
    "encrypted": "Tệp này trong tệp nén có mật khẩu nên không mở được. Đề nghị gửi lại không đặt "
    "mật khẩu.",
    "damaged": "Tệp này trong tệp nén bị hỏng, không lấy ra được. Đề nghị gửi lại tệp này, đính "
    "kèm trực tiếp vào thư.",
    "unsupported": "Chương trình không lấy được tệp này ra khỏi tệp nén. Đề nghị gửi lại tệp này, "
    "đính kèm trực tiếp vào thư.",
    "too-large": "Tệp này trong tệp nén quá lớn nên không được đọc. Đề nghị chia nhỏ hoặc gửi "
    "riêng trong thư khác.",
    "too-deep": _ARCHIVE["too-deep"],
    "link": "Mục này trong tệp nén chỉ là liên kết, không phải tệp. Đề nghị gửi chính tệp đó.",
}
_REFUSALS: Final[dict[LeftOutCode, RefusalCode]] = {
    "encrypted": "encrypted",
    "damaged": "damaged",
    "unsupported": "unsupported",
    "too-large": "too-large",
    "too-many": "too-large",
    "too-deep": "too-large",
}
_SPLIT: Final = (
    "Tệp nén bị chia thành nhiều phần nên không mở được từng phần. Đề nghị nén lại thành một tệp "
    ".zip không chia phần, hoặc đính kèm trực tiếp từng tệp vào thư."
)
_NOTHING: Final = "Tệp nén không có tệp nào bên trong. Đề nghị kiểm tra và gửi lại."


def left_out(code: LeftOutCode, name: str) -> LeftOut:
    """Say of one member why it is not there."""
    return LeftOut(code, name, _MEMBER.get(code, ""))


def refused(code: LeftOutCode, detail: str, kind: str) -> Refusal:
    """Say of a whole container why it cannot be opened."""
    return Refusal(_REFUSALS[code], _ARCHIVE[code], detail, kind)


def refused_split(kind: str) -> Refusal:
    """Say that this is one part of an archive in several."""
    return Refusal("unsupported", _SPLIT, "one volume of several", kind)


def refused_empty(kind: str) -> Refusal:
    """Say that nothing is inside."""
    return Refusal("empty", _NOTHING, "no files inside", kind)
