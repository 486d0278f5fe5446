"""The files of a message → the documents to read, within budgets. Pure.

Every file that is left out is named in a note with the reason; nothing disappears silently.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from config.model import Limits
from intake.containers import Node, Note, Open, Opening
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

#: Notes of what stands beside documents, or beside a table in the mail's own words.
_BESIDE = frozenset({"trifle", "picture"})

_TIFF = (b"II*\0", b"MM\0*")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", *_TIFF)
#: So many files over the number are named one by one; the rest is counted.
_NAMED = 5


class Unpacked(NamedTuple):
    """The documents in the order of the mail, what was left out, and the mails found in files."""

    files: tuple[Part, ...]
    notes: tuple[Note, ...]
    mails: tuple[Parsed, ...] = ()


def is_document(part: Part) -> bool:
    """Whether a file may say something: not a trifle of the mailer, not an icon."""
    return not _is_trifle(part) and not _is_icon(part)


def unpack(
    parsed: Parsed,
    limits: Limits,
    open_: Open,
    is_ours: Callable[[Parsed], bool] = lambda _mail: False,
) -> Unpacked:
    """Return the documents of a message: its own files, those of forwarded mails and archives.

    Equal bytes count once; logos and trifles are left out; what holds other files is opened with
    ``open_``; a table that stands in the mail's own HTML and nothing else is offered as an
    ``.html`` document. A saved mail of which ``is_ours`` is true says nothing, nor do its files.
    """
    opening = Opening(open_, limits)
    nodes = [
        Node(part) if _is_trifle(part) else opening.node(part)
        for mail in (parsed, *parsed.nested)
        for part in mail.parts
    ]
    theirs = [(each, each is node) for node in nodes for each in _walk(node, is_ours)]
    inner = [mail for each, _ in theirs for mail in each.mails if not is_ours(mail)]
    mails = (parsed, *parsed.nested, *inner)
    leaves = [(each.part, arrived) for each, arrived in theirs if not each.kind]
    has_document = any(is_document(part) and not _is_logo(part) for part, _ in leaves)
    candidates: list[Part] = []
    notes = [
        *_of_mails(mails),
        *(note for each, _ in theirs for note in each.notes),
    ]
    seen: set[str] = set()
    room = int(limits.message_bytes)
    for part, arrived in leaves:
        if beside := _beside(part, has_document=has_document):
            notes.append(beside)
            continue  # not seen: the same picture may be attached as well, and is a scan then
        sha256 = hashlib.sha256(part.data).hexdigest()
        note = (
            Note("same-file", part.name)
            if sha256 in seen
            else _over_budget(part, room if arrived else len(part.data), limits)
        )
        seen.add(sha256)
        if note is not None:
            notes.append(note)
            continue
        room -= len(part.data) if arrived else 0  # the others have a budget of their own
        candidates.append(part)
    kept, many = _most_telling(candidates, limits.documents)
    notes += many
    if not kept and all(note.code in _BESIDE for note in notes):
        kept = [
            Part("nội dung thư.html", "text/html", mail.html.encode())
            for mail in mails
            if mail.has_table
        ][:1]
    held_mails = any(each.mails for node in nodes for each in node.walk())
    if not (kept or _told(notes) or held_mails) and any(node.children for node in nodes):
        text = "Tệp nén không có biểu mẫu hay văn bản nào bên trong. Đề nghị kiểm tra và gửi lại."
        notes.append(Note("empty", nodes[0].part.name, text))
    return Unpacked(_distinct_names(kept), tuple(notes), tuple(inner))


def _walk(node: Node, is_ours: Callable[[Parsed], bool]) -> Iterator[Node]:
    """Yield a file and all below it, but nothing of a mail that we wrote."""
    if node.mails and is_ours(node.mails[0]):
        return
    yield node
    for child in node.children:
        yield from _walk(child, is_ours)


def _told(notes: Iterable[Note]) -> bool:
    return any(note.message for note in notes)


def _of_mails(mails: Sequence[Parsed]) -> list[Note]:
    """Say which mails could not be opened: the message itself or one forwarded in it."""
    notes = []
    if any("encrypted" in mail.defects for mail in mails):
        text = "Thư được mã hóa nên hệ thống không đọc được. Đề nghị gửi lại thư không mã hóa."
        notes.append(Note("encrypted", "", text))
    if any("partial" in mail.defects for mail in mails):
        text = (
            "Thư bị phần mềm gửi thư chia thành nhiều mảnh (message/partial) nên hệ thống không "
            "đọc được. Đề nghị gửi lại thư nguyên vẹn, hoặc chia các tệp thành nhiều thư."
        )
        notes.append(Note("unsupported", "message/partial", text))
    if any("nested-deeper" in mail.defects for mail in mails):
        text = (
            "Thư chuyển tiếp nằm trong thư chuyển tiếp khác nên không được mở. Đề nghị đính kèm "
            "trực tiếp các tệp vào thư."
        )
        notes.append(Note("too-deep", "", text))
    return notes


def _most_telling(candidates: list[Part], most: int) -> tuple[list[Part], list[Note]]:
    """Return as many as are read, and notes of the others: pictures give way to documents."""
    if len(candidates) <= most:
        return candidates, []
    order = range(len(candidates))
    ranked = sorted(order, key=lambda at: candidates[at].data.startswith(_PICTURES))
    taken = set(ranked[:most])
    text = f"Thư có quá {most} tệp. Đề nghị gửi các tệp còn lại trong thư khác."
    names = [candidates[at].name for at in order if at not in taken]
    if len(names) > _NAMED:
        names[_NAMED:] = [f"và {len(names) - _NAMED} tệp khác"]
    return (
        [candidates[at] for at in order if at in taken],
        [Note("too-many", name, text) for name in names],
    )


def _beside(part: Part, *, has_document: bool) -> Note | None:
    """Say that a part is no document, but what mail programs and signatures bring along."""
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
    is_picture = part.content_type.startswith("image/")
    # Nobody's icon is a TIFF: scanners write sparse pages of black and white so small.
    return is_picture and len(part.data) < _ICON_BYTES and not part.data.startswith(_TIFF)


def _is_logo(part: Part) -> bool:
    is_picture = part.content_type.startswith("image/")
    return is_picture and part.inline and len(part.data) < _LOGO_BYTES


def _over_budget(part: Part, room: int, limits: Limits) -> Note | None:
    if len(part.data) <= min(int(limits.document_bytes), room):
        return None
    most = int(limits.document_bytes) // 1_000_000
    text = f"Tệp quá lớn. Đề nghị gửi tệp không quá {most} MB, hoặc chia thành nhiều thư."
    return Note("too-large", part.name, text)


def _distinct_names(parts: list[Part]) -> tuple[Part, ...]:
    """Number files of the same name, so that a reply can say which one it means."""
    count: dict[str, int] = {}
    distinct = []
    for part in parts:
        key = part.name.casefold()
        count[key] = count.get(key, 0) + 1
        folders, slash, name = part.name.rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        numbered = f"{stem if dot else name} ({count[key]}){dot}{suffix if dot else ''}"
        numbered = f"{folders}{slash}{numbered}"
        distinct.append(part if count[key] == 1 else replace(part, name=numbered))
    return tuple(distinct)
