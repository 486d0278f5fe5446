"""What a jail and its worker say to each other: frames of JSON with a document after it.

The parent sends a request and its document. The worker answers ``{"reading": …, "again": …}`` or
``{"refusal": …, "again": …}``; ``again`` is false when something was raised in it. A worker can
start no program. Where a document must go through LibreOffice first, it asks instead,
``{"convert": [kind, wanted kind]}`` with the document; the parent sends ``{"converted": true}``
with the new one or ``{"refusal": …}``, and the worker goes on.

A scan of several pages may be read by several workers (``parsers.shared_scan``). Each of them says
``{"pages": [0, 1 …], "most": 4}``: these are to be read, until so many of them count. The parent
names one at a time, ``{"page": 1}``, and gets ``{"page": …, "counts": …}``. One worker is given all
in the end, ``{"pages": {"0": …}}``, and goes on; the others are told that it is enough.

Asked to open a container (``{"open": …}``) it answers ``{"opened": …, "sizes": […]}`` with the
bytes of all members one after the other; ``"opened"`` is null for any other document.
"""

import json
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import IO, TYPE_CHECKING, Any, Final

from parsers.container import Opened
from parsers.reading import Reading, Refusal

if TYPE_CHECKING:
    from parsers.scan import PageRead

#: Before each message, either way: length of its JSON, length of the document after it.
FRAME: Final = struct.Struct(">II")

#: A half of a letter in UTF-16, as JSON has it escaped: two together are one letter.
_HALF_LETTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")

#: Pages of one scan that are read at most: some 5 to 8 s each.
MOST_PAGES: Final = 8
#: What each page of a scan after the first adds to a document's time, as a part of it.
_PAGE_TIME: Final = 0.5
#: Said to a worker that is to read no more pages; its answer says the same.
ENOUGH: Final = b'{"enough": true}'

_ADAPTERS: dict[Any, Any] = {}


class EnoughError(Exception):
    """Others read the rest of the scan: what this worker makes of it is not wanted."""


def adapter(kind: Any) -> Any:
    """Return pydantic's adapter of a type, made once: making one costs milliseconds."""
    if kind not in _ADAPTERS:
        from pydantic import TypeAdapter  # noqa: PLC0415  `intake status` does without

        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


# --- the parent's end -----------------------------------------------------------------------------


def result_of(answer: bytes) -> tuple[Reading | Refusal, bool]:
    """Check and return (result, whether the worker may be used again); ValueError if malformed."""
    parts = _object(answer)
    kind = Reading if "reading" in parts else Refusal
    value = parts.get("reading", parts.get("refusal"))
    result: Reading | Refusal = adapter(kind).validate_python(value)
    return result, parts.get("again") is True


def opened_of(answer: bytes, content: bytes) -> tuple[Opened | Refusal | None, bool]:
    """Like ``result_of`` for what was opened: its members get their bytes again."""
    parts = _object(answer)
    if "opened" not in parts:
        refused, again = result_of(answer)
        if isinstance(refused, Refusal):
            return refused, again
        raise ValueError("not what was asked")
    again = parts.get("again") is True
    if parts["opened"] is None:
        return None, again
    opened: Opened = adapter(Opened).validate_python(parts["opened"])
    sizes: list[int] = adapter(list[int]).validate_python(parts.get("sizes"))
    if len(sizes) != len(opened.members) or min(sizes, default=0) < 0 or sum(sizes) != len(content):
        raise ValueError("the members are not as long as they should be")
    members, at = [], 0
    for member, size in zip(opened.members, sizes, strict=True):
        members.append(replace(member, data=content[at : at + size]))
        at += size
    return replace(opened, members=tuple(members)), again


def question_of(answer: bytes) -> tuple[str, str] | None:
    """Return (kind, wanted kind) if it asks for a conversion; ValueError if malformed."""
    wanted = _object(answer).get("convert")
    if wanted is None:
        return None
    source, target = adapter(tuple[str, str]).validate_python(wanted)
    return source, target


def reply(made: bytes | Refusal) -> tuple[bytes, bytes]:
    """Return the JSON and the document that answer a worker's question."""
    if isinstance(made, Refusal):
        return json.dumps({"refusal": asdict(made)}).encode(), b""
    return json.dumps({"converted": True}).encode(), made


def pages_of(answer: bytes) -> tuple[tuple[int, ...], int] | None:
    """Return (pages from 0, most that count) if it asks for some; ValueError if malformed."""
    parts = _object(answer)
    if "pages" not in parts:
        return None
    said = parts["pages"], parts.get("most")
    numbers, most = adapter(tuple[tuple[int, ...], int]).validate_python(said)
    if most < 1 or len(numbers) > min(len(set(numbers)), MOST_PAGES):
        raise ValueError("no pages of a scan")
    return numbers, most


def page_of(answer: bytes) -> dict[str, Any] | None:
    """Return an answer that brings a page, as it is: only workers look into it; None for others."""
    parts = _object(answer)
    return parts if "page" in parts else None


def pages_seconds(seconds: float, pages: int) -> float:
    """Return the time of a scan of several pages, where a document of one has ``seconds``."""
    return seconds * (1 + _PAGE_TIME * (pages - 1))


def is_free(answer: bytes) -> bool:
    """Whether it says that a worker which was told ``ENOUGH`` may be used again."""
    parts = _object(answer)
    return "enough" in parts and parts.get("again") is True


def one_page(number: int) -> bytes:
    """Return the JSON that asks for a page."""
    return json.dumps({"page": number}).encode()


def all_pages(read: Mapping[int, Any]) -> bytes:
    """Return the JSON that gives a worker all pages that were read."""
    return json.dumps({"pages": read}).encode()


def _object(answer: bytes) -> dict[str, Any]:
    parts = json.loads(answer)
    if not isinstance(parts, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004  as any other malformed answer
    if _HALF_LETTER.search(answer):
        # One by itself is no text: the registry could not write it.
        json.dumps(parts, ensure_ascii=False).encode()
    return parts


# --- the worker's end -----------------------------------------------------------------------------


def written(opened: Opened) -> tuple[dict[str, Any], bytes]:
    """Return the JSON and the bytes that ``opened_of`` makes an ``Opened`` of."""
    bare = replace(opened, members=tuple(replace(one, data=b"") for one in opened.members))
    sizes = [len(member.data) for member in opened.members]
    content = {"opened": adapter(Opened).dump_python(bare, mode="json"), "sizes": sizes}
    return content, b"".join(member.data for member in opened.members)


class Parent:
    """The worker's end of its two pipes."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._answers = answers

    def hear(self) -> tuple[dict[str, Any], bytes] | None:
        """Return the JSON and the document of the next message, ``None`` when there is no more."""
        head = self._requests.read(FRAME.size)
        if not head:
            return None
        json_bytes, data_bytes = FRAME.unpack(head)
        content: dict[str, Any] = json.loads(self._requests.read(json_bytes))
        return content, self._requests.read(data_bytes)

    def say(self, content: dict[str, Any], data: bytes = b"") -> None:
        """Send one message."""
        encoded = json.dumps(content).encode()
        self._answers.write(FRAME.pack(len(encoded), len(data)) + encoded)
        self._answers.write(data)
        self._answers.flush()

    def convert(self, data: bytes, source: str, target: str) -> bytes | Refusal:
        """Have the parent convert a document: a ``Convert`` for the reader."""
        self.say({"convert": [source, target]}, data)
        content, made = self._reply()
        return made if "converted" in content else Refusal(**content["refusal"])

    def share(
        self, numbers: Sequence[int], most: int, read_page: "Callable[[int], PageRead]"
    ) -> "dict[int, PageRead]":
        """Read the pages that the parent names; return those of all: a ``Share`` for the reader.

        Raises:
            EnoughError: another worker returns them.
        """
        from parsers.scan_page import ScannedPage  # noqa: PLC0415  heavy, and an extra

        pages = adapter(ScannedPage | Refusal)
        self.say({"pages": list(numbers), "most": most})
        while "page" in (content := self._reply()[0]):
            page = read_page(content["page"])
            counts = isinstance(page, ScannedPage) and page.has_table
            self.say({"page": pages.dump_python(page, mode="json"), "counts": counts})
        if "pages" not in content:
            raise EnoughError
        return {int(at): pages.validate_python(page) for at, page in content["pages"].items()}

    def _reply(self) -> tuple[dict[str, Any], bytes]:
        heard = self.hear()
        if heard is None:
            raise EOFError("the parent is gone")
        return heard
