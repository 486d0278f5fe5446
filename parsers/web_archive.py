"""Web archives (.mht): a page and what belongs to it in one MIME file, as Word and Excel save."""

import re
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Final

from parsers.package import RefusedError

_FIELD: Final = re.compile(rb"\s*[A-Za-z-]{1,60}:")
_HEAD: Final = 4_096


def pages(data: bytes) -> list[tuple[bytes, str]]:
    """Return the pages of a web archive, in its order, each with its declared charset.

    Anything else is one page by itself. The row of tabs that Excel saves beside its sheets is none.

    Raises:
        RefusedError: ``damaged``.
    """
    head = data[:_HEAD].lower()
    if not _FIELD.match(head) or b"multipart/related" not in head:
        return [(data, "")]
    try:
        archive = BytesParser(policy=compat32).parsebytes(data)
        parts = [part for part in archive.walk() if part.get_content_type() == "text/html"]
        found = [(_payload(part), part.get_content_charset() or "") for part in parts]
    except (RecursionError, ValueError, LookupError) as error:
        raise RefusedError("damaged", f"web archive: {type(error).__name__}") from error
    return [page for page, part in zip(found, parts, strict=True) if not _is_tabs(part)]


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _is_tabs(part: Message) -> bool:
    return str(part.get("Content-Location", "")).lower().endswith("tabstrip.htm")
