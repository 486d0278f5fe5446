"""Which files of a held message go with its notice, and which do not, and why. Pure.

Nothing is opened here: a file goes when its name and its first bytes agree on a kind that officers
read anyway. Programs, archives, pages and what only pretends to be a document stay in the vault.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType

from intake.message import Part
from intake.unpack import is_document
from notifier.mime import Attachment
from registry.model import Message, Verdict

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_OPEN = "application/vnd.oasis.opendocument"
_OFFICE = "application/vnd.openxmlformats-officedocument"
#: Ending → (MIME type, how its bytes begin).
_KINDS: Mapping[str, tuple[str, tuple[bytes, ...]]] = MappingProxyType(
    {
        "pdf": ("application/pdf", (b"%PDF-",)),
        "xlsx": (f"{_OFFICE}.spreadsheetml.sheet", (_ZIP,)),
        "docx": (f"{_OFFICE}.wordprocessingml.document", (_ZIP,)),
        "ods": (f"{_OPEN}.spreadsheet", (_ZIP,)),
        "odt": (f"{_OPEN}.text", (_ZIP,)),
        "xls": ("application/vnd.ms-excel", (_OLE, b"\x09\x08")),
        "doc": ("application/msword", (_OLE,)),
        "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
        "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
        "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
        "tif": ("image/tiff", (b"II*\x00", b"MM\x00*")),
        "tiff": ("image/tiff", (b"II*\x00", b"MM\x00*")),
    }
)
#: Never looked into, whoever asks.
_CLOSED: frozenset[Verdict] = frozenset({"infected", "secret", "unchecked"})
#: What made our own program fail is not taken apart once more only to tell of it.
_UNTOUCHED = frozenset({"program-failed"})
_NOT_A_DOCUMENT = "không phải tệp PDF, Excel, Word hoặc ảnh, hoặc tên tệp không khớp nội dung"
_TOO_MUCH = "vượt dung lượng gửi kèm"
_LOOKALIKE = "người gửi có thể là giả mạo"


def may_be_enclosed(message: Message) -> bool:
    """Whether a held message may be taken apart for its notice at all."""
    return message.verdict not in _CLOSED and _code(message) not in _UNTOUCHED


def is_disguised(message: Message) -> bool:
    """Whether its sender looks like somebody else: neither words nor files are passed on."""
    return _code(message) == "lookalike-sender"


def enclosed(
    message: Message, parts: Iterable[Part], room_bytes: int
) -> tuple[tuple[Attachment, ...], tuple[tuple[str, str], ...]]:
    """Return the files that go with a notice, and (name, reason) of those that do not.

    Together they use ``room_bytes`` at most, first come first served.
    """
    taken: list[Attachment] = []
    left: list[tuple[str, str]] = []
    for part in filter(is_document, parts):
        kind = _kind(part)
        size = len(part.data)
        why_not = _LOOKALIKE if is_disguised(message) else "" if kind else _NOT_A_DOCUMENT
        if not why_not and size > room_bytes:
            why_not = _TOO_MUCH
        if why_not:
            left.append((part.name, why_not))
            continue
        room_bytes -= size
        taken.append(Attachment(part.name, part.data, kind))
    return tuple(taken), tuple(left)


def enclosed_forms(
    parts: Iterable[Part], forms: Container[str], room_bytes: int
) -> tuple[Attachment, ...]:
    """Return the forms (by their hashes) that go back to the commune that they name.

    No kind that can carry a program: a stranger chose these bytes.
    """
    taken: list[Attachment] = []
    for part in parts:
        kind = _kind(part)
        known = hashlib.sha256(part.data).hexdigest() in forms
        if known and kind and not part.data.startswith(_OLE) and len(part.data) <= room_bytes:
            room_bytes -= len(part.data)
            taken.append(Attachment(part.name, part.data, kind))
    return tuple(taken)


def _kind(part: Part) -> str:
    """Return the MIME type of a document, as its name and its bytes say; "" for anything else."""
    kind, beginnings = _KINDS.get(part.name.rpartition(".")[2].lower(), ("", ()))
    return kind if part.data.startswith(beginnings) else ""


def _code(message: Message) -> str:
    return message.reason.partition(":")[0]
