"""What a slip is made of: entries, and the marks between them (titles, sections, greetings)."""

import re
from dataclasses import dataclass
from typing import Final

from parsers.grid import Cell
from parsers.labels import LEAD, LEADERS, is_point_number
from parsers.vietnamese import fold, one_line

_LONGEST_TITLE: Final = 150
_TITLE: Final = re.compile(r"(?:mau )?phieu\b|(?:don|bieu|to khai) (?:dang ky|de nghi)\b")
_SECTION: Final = re.compile(r"(?:[IVX]{1,4}|[A-H])\s*[.)/:-]\s*\S|(?:phần|mục)\s", re.IGNORECASE)
#: What never belongs to a value: greetings, promises, signatures.
_CLOSING: Final = re.compile(
    r"(?:tran trong|xin (?:tran trong|cam on)|rat mong|kinh (?:gui|mong|de nghi)|toi (?:xin )?cam"
    r"|(?:chung toi|co so|don vi) (?:xin )?cam ket|noi nhan|nguoi (?:lap|dang ky|de nghi|dai dien)"
    r"|dai dien|xac nhan|chu tich|tm\b|kt\b|ubnd|uy ban|ky ten|\(?ky\b|thong tin"
    r"|.{2,40} ngay .{0,4} ?thang)"
)
#: How a form says what to write: "Bắt buộc. Ghi bằng chữ", "(ghi rõ thôn, xã)", "VD: …".
_GUIDANCE: Final = re.compile(
    r"(?:khong )?bat buoc\b|ghi (?:ro|day du|theo|bang|ten|so|cu the|dung|mot|dia|thon|ngay)\b"
    r"|(?:nhap|dien|chon|neu ro) (?:ten|so|mot|cac|ro|theo|trong|day du)\b|(?:vi du|vd)\b"
)
_HEADS: Final = {
    "thong tin", "noi dung", "gia tri", "ket qua", "tra loi", "ke khai", "noi dung ke khai",
    "noi dung tra loi", "noi dung dang ky", "thong tin dang ky", "thong tin ke khai", "chi tiet",
    "dvt", "don vi tinh",
}  # fmt: skip
_ABOUT: Final = re.compile(r"^thông tin(?: chung)?(?: (?:về|của))?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A label and its value as two cells, ``key`` the field whose caption the label is.

    ``row`` and ``lane`` say where the label stands, ``section`` what it stands under. ``counted`` =
    the label is only a point's number. ``loose`` = where the value ends is not certain.
    """

    label: Cell
    value: Cell
    key: str | None
    row: int = 0
    lane: int = 0
    section: str = ""
    counted: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A text between entries: a title, a section, a note; ``begins`` = a new slip begins here.

    ``mild`` = unless what follows plainly goes on with the slip above: only a sentence stands here.
    """

    text: str
    begins: bool = False
    mild: bool = False


Part = Entry | Mark


def is_guidance(text: str) -> bool:
    """Tell what a form says about filling it in, where a value should stand."""
    return _GUIDANCE.match(fold(text[:_LONGEST_TITLE])) is not None


def is_title(text: str) -> bool:
    """Tell the title of a slip: "PHIẾU ĐĂNG KÝ …", "Đơn đề nghị …", "Điểm số 2"."""
    short = len(text) <= _LONGEST_TITLE
    return short and (_TITLE.match(fold(text)) is not None or is_point_number(text))


def section_of(text: str) -> str:
    """Return a section's heading as a caption: "II. Thông tin về chủ thể:" gives "chủ thể"."""
    line = one_line(text)
    line = line[lead.end() :] if (lead := LEAD.match(line)) else line
    return _ABOUT.sub("", line).strip(" .:")


def is_section(text: str) -> bool:
    """Tell a heading within a slip: numbered by letters, or in capitals."""
    return is_capitals(text) or (
        len(text) <= _LONGEST_TITLE and _SECTION.match(text.strip()) is not None
    )


def is_capitals(text: str) -> bool:
    """Tell a line in capitals: a heading, or a name written large."""
    return len(text) <= _LONGEST_TITLE and text.isupper() and len(text.split()) > 1


def is_opening(text: str) -> bool:
    """Tell a line that only leads on to what follows: "Xã đăng ký như sau:"."""
    bare_end = text.rstrip().endswith(":") and not LEADERS.search(text)
    return bare_end and not LEAD.match(text)


def is_closing(text: str) -> bool:
    """Tell a greeting, a promise, a signature: it belongs to no label."""
    return _CLOSING.match(fold(text[:_LONGEST_TITLE])) is not None


def is_head(text: str) -> bool:
    """Tell what stands over values, not among them: "Thông tin", "Điểm 2", "(2)"."""
    folded = fold(text)
    return folded in _HEADS or folded.isdecimal() or is_point_number(text)
