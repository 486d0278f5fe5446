"""The files of a message → the documents to read, within budgets. Pure.

Every file that is left out is named in a note with the reason; nothing disappears silently.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from config.model import Limits
from intake import tnef
from intake.message import Parsed, Part

#: Smaller pictures are icons and buttons; pictures inside the text below the larger bound are
#: logos and signatures when real documents came too.
_ICON_BYTES = 10_000
_LOGO_BYTES = 150_000
_TRIFLES = frozenset(
    {
        "application/pgp-signature",
        "application/pgp-keys",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "text/calendar",
        "application/ics",
        "text/x-vcard",
        "text/vcard",
        "text/directory",
        "message/delivery-status",
        "message/disposition-notification",
    }
)

NoteCode = Literal[
    "same-file",  # the same bytes once more
    "picture",  # a logo or icon
    "trifle",  # a signature, a calendar entry, a visiting card, an empty placeholder of a mailer
    "too-large",
    "too-many",
    "encrypted",
    "damaged",  # what the mailer wrapped could not be unwrapped
]


@dataclass(frozen=True, slots=True)
class Note:
    """Why a file is not among the documents. ``message`` is Vietnamese, for the sender."""

    code: NoteCode
    name: str
    message: str = ""


class Unpacked(NamedTuple):
    """The documents in the order of the mail, and what was left out."""

    files: tuple[Part, ...]
    notes: tuple[Note, ...]


def is_document(part: Part) -> bool:
    """Whether a file may say something: not a trifle of the mailer, not an icon."""
    return not _is_trifle(part) and not _is_icon(part)


def unpack(parsed: Parsed, limits: Limits) -> Unpacked:
    """Return the documents of a message: its own files, then those of forwarded mails.

    Equal bytes count once; logos and trifles are left out; winmail.dat is opened; a table that
    stands in the mail's own HTML and nothing else is offered as an ``.html`` document.
    """
    offered = [
        part for mail in (parsed, *parsed.nested) for each in mail.parts for part in _opened(each)
    ]
    has_document = any(is_document(part) and not _is_logo(part) for part in offered)
    kept: list[Part] = []
    notes = _encrypted(parsed)
    seen: set[str] = set()
    room = int(limits.message_bytes)
    for part in offered:
        sha256 = hashlib.sha256(part.data).hexdigest()
        note = _left_out(part, has_document=has_document) or (
            Note("same-file", part.name)
            if sha256 in seen
            else _over_budget(part, kept, room, limits)
        )
        seen.add(sha256)
        if note is not None:
            notes.append(note)
            continue
        room -= len(part.data)
        kept.append(part)
    if not kept and parsed.has_table and not notes:
        kept.append(Part("nội dung thư.html", "text/html", parsed.html.encode()))
    return Unpacked(_distinct_names(kept), tuple(notes))


def _opened(part: Part) -> list[Part]:
    """Return the files inside winmail.dat, or the part itself."""
    return tnef.files(part.data, part) if tnef.is_tnef(part.data) else [part]


def _encrypted(parsed: Parsed) -> list[Note]:
    if "encrypted" not in parsed.defects:
        return []
    text = "Thư được mã hóa nên hệ thống không đọc được. Đề nghị gửi lại thư không mã hóa."
    return [Note("encrypted", "", text)]


def _left_out(part: Part, *, has_document: bool) -> Note | None:
    if _is_trifle(part):
        return Note("trifle", part.name)
    if _is_icon(part) or (has_document and _is_logo(part)):
        return Note("picture", part.name)
    return None


def _is_trifle(part: Part) -> bool:
    name = part.name.lower()
    placeholder = name.startswith("att0") and name.endswith((".txt", ".htm", ".html", ".dat"))
    return (
        part.content_type in _TRIFLES
        or name.endswith((".p7s", ".vcf", ".ics", ".asc"))
        or (placeholder and len(part.data) < 2_000)  # noqa: PLR2004  Outlook's empty shells
    )


def _is_icon(part: Part) -> bool:
    return part.content_type.startswith("image/") and len(part.data) < _ICON_BYTES


def _is_logo(part: Part) -> bool:
    is_picture = part.content_type.startswith("image/")
    return is_picture and part.inline and len(part.data) < _LOGO_BYTES


def _over_budget(part: Part, kept: list[Part], room: int, limits: Limits) -> Note | None:
    if len(kept) >= limits.documents:
        text = f"Thư có quá {limits.documents} tệp. Đề nghị gửi các tệp còn lại trong thư khác."
        return Note("too-many", part.name, text)
    if len(part.data) > limits.document_bytes or len(part.data) > room:
        most = int(limits.document_bytes) // 1_000_000
        text = f"Tệp quá lớn. Đề nghị gửi tệp không quá {most} MB, hoặc chia thành nhiều thư."
        return Note("too-large", part.name, text)
    return None


def _distinct_names(parts: list[Part]) -> tuple[Part, ...]:
    """Number files of the same name, so that a reply can say which one it means."""
    count: dict[str, int] = {}
    distinct = []
    for part in parts:
        key = part.name.casefold()
        count[key] = count.get(key, 0) + 1
        stem, dot, suffix = part.name.rpartition(".")
        numbered = f"{stem if dot else part.name} ({count[key]}){dot}{suffix if dot else ''}"
        distinct.append(part if count[key] == 1 else replace(part, name=numbered))
    return tuple(distinct)
