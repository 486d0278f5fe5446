"""Office Open XML packages: a zip whose sizes are known before anything is unpacked.

lxml is told not to expand entities, and a part with a DTD is refused outright: the packaging
standard (ECMA-376 part 2, §8) forbids one, so only an attacker has a use for it.
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, Final, cast

from lxml import etree

from parsers.grid import Limits
from parsers.reading import Refusal, RefusalCode
from parsers.sniff import LOCKED

_MESSAGES: Mapping[RefusalCode, str] = {
    "damaged": "Tệp bị hỏng, không mở được; đề nghị mở lại trên máy, lưu thành tệp mới và gửi lại.",
    "too-large": (
        "Tệp quá lớn so với một biểu đăng ký (quá nhiều dòng, cột hoặc dữ liệu ẩn); "
        "đề nghị chép riêng bảng đăng ký sang tệp mới và gửi lại."
    ),
    "encrypted": LOCKED,
    "empty": "Tệp không có nội dung; đề nghị kiểm tra và gửi lại tệp đã điền.",
}

#: Numbers as XML Schema has them: Python would also take "1_0", "nan" and the digits of any script.
_WHOLE = re.compile(r"\s*[0-9]{1,10}\s*")
_DECIMAL = re.compile(
    r"\s*[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?\s*"
)

#: What zipfile and lxml raise on a file that is broken or meant to hurt.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


_HAS_DTD: Final = "an XML part has a DTD (entity bomb or external entity)"
_RESOURCE_LIMIT: Final = etree.ErrorTypes.ERR_RESOURCE_LIMIT
#: Where a DTD stands, if there is one: lxml would work through it first.
_HEAD_BYTES: Final = 4_096


class RefusedError(Exception):
    """Carries a refusal from deep inside a reader to its door, which returns it as a value."""

    def __init__(self, code: RefusalCode, detail: str, message: str = "") -> None:
        super().__init__(detail)
        self.refusal = Refusal(code, message or _MESSAGES[code], detail)


def whole(written: str) -> int:
    """Return a number of a file that counts something: an index, a row, a repetition.

    Raises:
        RefusedError: ``damaged``: it is none.
    """
    if not _WHOLE.fullmatch(written):
        raise RefusedError("damaged", "a count that is no number")
    return int(written)


def decimal(written: str) -> float:
    """Return the number that a cell's value is.

    Raises:
        RefusedError: ``damaged``: it is none.
    """
    if not _DECIMAL.fullmatch(written):
        raise RefusedError("damaged", "a cell whose number is none")
    return float(written)


def refusal_of(error: Exception, kind: str) -> Refusal:
    """Return what an error of this kind's reader means: the refusal it carries, else damaged."""
    if isinstance(error, RefusedError):
        return replace(error.refusal, kind=kind)
    if isinstance(error, etree.XMLSyntaxError) and getattr(error, "code", 0) == _RESOURCE_LIMIT:
        detail = "XML nested too deeply, or with a text of over 10 MB"
        return Refusal("too-large", _MESSAGES["too-large"], detail, kind)
    return Refusal("damaged", _MESSAGES["damaged"], type(error).__name__, kind)


class Package:
    """The parts of one package, each read at most to its declared and allowed size.

    Raises:
        RefusedError: too many parts, or unpacked sizes over the limits.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        if len(data) > limits.document_bytes:
            raise RefusedError("too-large", f"{len(data)} bytes")
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        # Python's zipfile never yields more than the declared size, so the sum of these is a bound.
        entries = self._archive.infolist()
        if len(entries) > limits.members:
            raise RefusedError("too-large", f"{len(entries)} members")
        largest = max((entry.file_size for entry in entries), default=0)
        if largest > limits.member_bytes:
            raise RefusedError("too-large", f"a member of {largest} bytes")
        total = sum(entry.file_size for entry in entries)
        if total > limits.unpacked_bytes:
            raise RefusedError("too-large", f"{total} bytes unpacked")
        starts = {entry.header_offset for entry in entries}
        if len(starts) < len(entries):
            raise RefusedError("damaged", "zip members overlap")
        self._names = {entry.filename for entry in entries}
        if len(self._names) < len(entries):  # which of the two counts, programs do not agree on
            raise RefusedError("damaged", "two zip members of one name")

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def root(self, name: str) -> etree._Element:
        """Return the parsed XML of a small part (workbook, styles, relationships)."""
        return parsed(self._archive.read(name))

    def small(self, name: str, most: int) -> bytes | None:
        """Return a part's bytes; ``None`` if they are more than ``most``, or broken in any way."""
        try:
            entry = self._archive.getinfo(name)
            return self._archive.read(entry) if entry.file_size <= most else None
        except BROKEN:
            return None

    def walk(self, name: str, *tags: str) -> Iterator[etree._Element]:
        """Yield the elements with these local names as they end; each is cleared afterwards."""
        with self._archive.open(name) as stream:
            _refuse_doctype(cast("zipfile.ZipExtFile", stream).peek(_HEAD_BYTES))
            yield from walk(stream, *tags)

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """Return the parts related to a part: id → (last word of the type, part name).

        External targets (links to files and addresses elsewhere) are left out: never followed.
        """
        folder, base = posixpath.split(name)
        rels = posixpath.join(folder, "_rels", f"{base}.rels")
        if rels not in self:
            return {}
        found = {}
        for relation in self.root(rels):
            if relation.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or ""))
            kind = (relation.get("Type") or "").rsplit("/", 1)[-1]
            found[relation.get("Id") or ""] = (kind, target.lstrip("/"))
        return found


def parsed(content: bytes) -> etree._Element:
    """Return the root of a small document.

    Raises:
        RefusedError: the document has a DTD.
        lxml.etree.XMLSyntaxError: it is not well formed.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,  # one inside a number or a text would cut off what follows it
        remove_pis=True,
    )
    _refuse_doctype(content[:_HEAD_BYTES])
    root = etree.fromstring(content, parser)
    _refuse_dtd(root)
    return root


def walk(stream: IO[bytes], *tags: str) -> Iterator[etree._Element]:
    """Yield the elements with these local names as they end; each is cleared afterwards.

    An element's ancestors are there with their attributes; what stood before it is gone.

    Raises:
        RefusedError: the document has a DTD.
        lxml.etree.XMLSyntaxError: it is not well formed.
    """
    events = etree.iterparse(
        stream,
        events=("end",),
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,  # as above
        remove_pis=True,
    )
    for number, (_, element) in enumerate(events):
        if number == 0:
            _refuse_dtd(element)
        yield element
        element.clear(keep_tail=False)
        while (earlier := element.getprevious()) is not None:
            parent = earlier.getparent()
            if parent is None:
                break
            parent.remove(earlier)


def property_texts(package: Package, part: str, element: str, name: str) -> tuple[str, ...]:
    """Return the texts of a document's own properties of this name; none where they are broken.

    ``part`` holds them as elements of the local name ``element`` (``docProps/custom.xml`` has
    ``property``, OpenDocument's ``meta.xml`` has ``user-defined``). What is in it is beside the
    answer, and so is what is wrong with it.
    """
    if part not in package:
        return ()
    try:
        root = package.root(part)
    except (RefusedError, *BROKEN):
        return ()
    return tuple(
        "".join(map(str, found.itertext())).strip()
        for found in root.iter(f"{{*}}{element}")
        if name in (str(value) for key, value in found.attrib.items() if local(key) == "name")
    )


def oversized(data: bytes, limits: Limits) -> Refusal | None:
    """Return why a zip package is over its limits; ``None`` if it is not, or is no zip at all."""
    if not data.startswith(b"PK"):
        return None
    try:
        Package(data, limits)
    except RefusedError as refused:
        return refused.refusal
    except BROKEN as error:
        return RefusedError("damaged", type(error).__name__).refusal
    return None


def _refuse_doctype(head: bytes) -> None:
    if b"<!DOCTYPE" in head:
        raise RefusedError("damaged", _HAS_DTD)


def _refuse_dtd(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise RefusedError("damaged", _HAS_DTD)


def local(element: etree._Element | str | bytes) -> str:
    """Return a name without its namespace, an element's or an attribute's.

    Transitional and Strict files are alike in it.
    """
    return etree.QName(element).localname
