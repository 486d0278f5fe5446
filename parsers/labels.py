"""Labels with their values in running text: ``Tên điểm: … - Địa chỉ: …``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from parsers.columns import Captions
from parsers.grid import Cell
from parsers.vietnamese import fold, one_line

#: Before a label: a bullet, "1.", "2.1)", "a)", "IV.".
_LEAD: Final = re.compile(
    r"^\s*(?:[-–—•*+▪●]\s*|\(?\d{1,2}(?:\.\d{1,2})*\s*[.)]\s*|\(?[a-hđA-H]\s*[.)]\s*|[IVX]{1,4}\s*[.)]\s*)"
)
#: Dots, underscores to write on.
_LEADERS: Final = re.compile(r"(?:[.…_]\s?){3,}|…")
_COLON: Final = re.compile(r"[:：](?!//)")
#: What parts two labels on one line, and is no part of the value before it.
_PARTING: Final = " \t-–—;,|"
_STRANGE: Final = re.compile(
    r"(?:\s[-–—]\s|[;|,]\s*)(?P<label>[^\W\d_]\w*(?: \w+){0,4}(?: ?\([^()]*\))?)\s*$"
)
_NUMBERED_POINT: Final = re.compile(
    r"(?:điểm|diem|cơ sở|cửa hàng)\s*(?:số|thứ|so)?\s*\d{1,2}", re.IGNORECASE
)
#: A word that a caption's comparison takes for its number: "Lý Văn Ví" before "Điện thoại".
_ORDINAL: Final = re.compile(r"[a-h]|[ivx]+")
_POINT: Final = "Điểm 1"
_LONGEST_LABEL: Final = 100
#: Beyond this a line is no list of labels.
_MOST_LABELS: Final = 40
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
_HEADS: Final = {
    "thong tin", "noi dung", "gia tri", "ket qua", "tra loi", "ke khai", "noi dung ke khai",
    "noi dung tra loi", "noi dung dang ky", "thong tin dang ky", "thong tin ke khai", "chi tiet",
    "dvt", "don vi tinh",
}  # fmt: skip
_ABOUT: Final = re.compile(r"^thông tin(?: chung)?(?: (?:về|của))?\s*", re.IGNORECASE)
_WORDS_OF_A_LABEL: Final = 12


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label and the value behind it; ``known`` = the label is a caption of the form.

    ``numbered`` = the label only counts points ("Điểm 1: …"): what follows is a point's name;
    ``assumed`` = not even that, a number stood there ("1. Cửa hàng A - Địa chỉ: …").
    """

    label: str
    value: str
    known: bool
    numbered: bool = False
    assumed: bool = False


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
    """A text between entries: a title, a section, a note; ``begins`` = a new slip begins here."""

    text: str
    begins: bool = False


Part = Entry | Mark


def is_title(text: str) -> bool:
    """Tell the title of a slip: "PHIẾU ĐĂNG KÝ …", "Đơn đề nghị …", "Điểm số 2"."""
    short = len(text) <= _LONGEST_TITLE
    return short and (_TITLE.match(fold(text)) is not None or is_point_number(text))


def section_of(text: str) -> str:
    """Return a section's heading as a caption: "II. Thông tin về chủ thể:" gives "chủ thể"."""
    line = one_line(text)
    line = line[lead.end() :] if (lead := _LEAD.match(line)) else line
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
    bare_end = text.rstrip().endswith(":") and not _LEADERS.search(text)
    return bare_end and not _LEAD.match(text)


def labelled(line: str, captions: Captions) -> tuple[Labelled, ...]:
    """Return the labels of a line with their values, none if it does not begin with a label.

    A label within the line begins with a capital, or in the list of a point's facts ("Điểm 1: A,
    địa chỉ: B") stands behind a comma, dash or semicolon; a strange one ("Email: …") also ends the
    value before it if one of these parts the two. A strange label at the beginning takes the whole
    line: what stands there is about something else. Dots to write on are no value.
    """
    text, lead = line.strip(), _LEAD.match(line.strip())
    assumed = lead is not None and _lists_facts(text[lead.end() :], lead.group(), captions)
    if lead:
        text = f"{_POINT}: {text[lead.end() :]}" if assumed else text[lead.end() :]
    leaders = _LEADERS.search(text)
    if leaders and ":" not in text[: leaders.start()]:
        text = f"{text[: leaders.start()]}:{text[leaders.start() :]}"
    starts = list(_starts(text, captions))
    if not starts:
        return ()
    ends = [start for start, *_ in starts[1:]] + [len(text)]
    found: list[Labelled] = []
    for (start, colon, known), end in zip(starts, ends, strict=True):
        label = text[start:colon].strip()
        value = text[colon + 1 : end]
        parted = value.rstrip(_PARTING) if end < len(text) else value
        numbered = not known and _NUMBERED_POINT.fullmatch(label) is not None
        if not found and not known and not numbered:
            return (Labelled(label, bare(text[colon + 1 :]), known=False),)
        found.append(Labelled(label, bare(parted), known, numbered, numbered and assumed))
    return tuple(found)


def _lists_facts(text: str, lead: str, captions: Captions) -> bool:
    """Tell "1. Cửa hàng A - Địa chỉ: …": a number, a name, and then a label."""
    window = text.partition(":")[0]
    if not any(map(str.isdecimal, lead)) or captions.exact(window) is not None:
        return False
    at = _label_within(window, captions, listed=True)
    return bool(at) and window[:at].rstrip().endswith(tuple(_PARTING.strip()))


def is_point_number(text: str) -> bool:
    """Tell a line that only counts: "Điểm số 2"."""
    return _NUMBERED_POINT.fullmatch(text.strip(" .:-")) is not None


def is_closing(text: str) -> bool:
    """Tell a greeting, a promise, a signature: it belongs to no label."""
    return _CLOSING.match(fold(text[:_LONGEST_TITLE])) is not None


def is_head(text: str) -> bool:
    """Tell what stands over values, not among them: "Thông tin", "Điểm 2", "(2)"."""
    folded = fold(text)
    return folded in _HEADS or folded.isdecimal() or is_point_number(text)


def bare(text: str) -> str:
    """Return a value without the dots that it was written on."""
    line = _LEADERS.sub("…", text).strip(" …\t")
    return text.strip() if "…" in line else line


def _starts(text: str, captions: Captions) -> Iterator[tuple[int, int, bool]]:
    """Yield where labels begin, where their colons stand, and whether they are known."""
    before, latest = 0, ""
    listed = _NUMBERED_POINT.match(text) is not None
    for number, match in enumerate(islice(_COLON.finditer(text), _MOST_LABELS)):
        colon = match.start()
        window = text[before:colon]
        if number == 0:
            label = window.strip()
            known = captions.exact(label) is not None
            if not known and not _looks_like_label(label):
                return
            yield 0, colon, known
            latest = label
        else:
            at = _label_within(window, captions, listed=listed)
            strange = _STRANGE.search(window) if at is None else None
            if at is not None:
                label = window[at:]
                if not window[:at].strip() and captions.exact(label) == captions.exact(latest):
                    continue  # "Địa chỉ: Thôn: Nà Lìn"
                yield before + at, colon, True
                latest = label
            elif strange and strange["label"][0].isupper():
                yield before + strange.start("label"), colon, False
        before = colon + 1


def _looks_like_label(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_LABEL // 2
        and text[0].isupper()
        and len(text.split()) <= _WORDS_OF_A_LABEL // 2
    )


def _label_within(window: str, captions: Captions, *, listed: bool) -> int | None:
    """Return where the longest known caption at the end of a text begins.

    It begins with a capital; in a ``listed`` line a parting sign before it does as well.
    """
    words = list(re.finditer(r"\S+", window[-_LONGEST_LABEL * 2 :]))[-_WORDS_OF_A_LABEL:]
    skipped = max(0, len(window) - _LONGEST_LABEL * 2)
    for word in words:
        start, end = word.start() + skipped, word.end() + skipped
        parted = listed and window[:start].rstrip().endswith(tuple(_PARTING.strip()))
        if not (window[start].isupper() or parted) or captions.exact(window[start:]) is None:
            continue
        rest = window[end:]
        if _ORDINAL.fullmatch(fold(word.group())) and captions.exact(rest) is not None:
            return end + len(rest) - len(rest.lstrip(_PARTING))
        return start
    return None
