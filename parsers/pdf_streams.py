"""Whether a PDF came whole: its table of objects is where it says, deflated streams end as such.

pdfminer and pdfium show what they can of a broken file and say nothing: the rows behind the broken
place are simply not there, pages are left out, or a font's letters are others.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from pdfminer.ascii85 import ascii85decode
from pdfminer.pdftypes import PDFStream, dict_value, list_value, resolve1

_START: Final = re.compile(rb"startxref\s+(\d{1,10})\s")
#: A table, or the stream that has it.
_TABLE: Final = re.compile(rb"\s{0,4}(?:xref\b|\d{1,10}\s+\d{1,5}\s+obj\b)")
#: A file's head may stand so far from its beginning.
_HEAD_BYTES: Final = 1024
_CHUNK: Final = 1 << 20
#: So much is unpacked of one page at most; a form has some 100 kB.
_MOST_BYTES: Final = 50_000_000
#: Bytes of a deflated stream before and behind its blocks (RFC 1950).
_HEAD: Final = 2
_CHECKSUM: Final = 4
#: Drawings in drawings.
_DEEPEST: Final = 3
_ASCII85: Final = frozenset({"ASCII85Decode", "A85"})
_FLATE: Final = frozenset({"FlateDecode", "Fl"})
_FONT_PARTS: Final = ("FontFile", "FontFile2", "FontFile3")


def is_complete(data: bytes) -> bool:
    """Whether the end of a file points to its table of objects (ISO 32000-1, 7.5.5).

    Bytes that were lost or came twice on the way move the table; what stands before the head or
    behind the end of the file does not matter.
    """
    found = _START.match(data, max(0, data.rfind(b"startxref")))
    if found is None:
        return False
    head = max(0, data[:_HEAD_BYTES].find(b"%PDF-"))
    return any(_TABLE.match(data, int(found[1]) + before) for before in (0, head))


def is_torn(page: Any) -> bool:
    """Whether a stream that a pdfminer page is drawn from is broken or ends too soon.

    Pictures are not looked at: their readers notice. Streams that were unpacked already (fonts of
    an earlier page) count as whole.
    """
    room = _MOST_BYTES
    for stream in _streams(page.contents, page.resources):
        packed = _packed(stream)
        if packed is None:
            continue
        left = _unpacked(packed, room)
        if left is None:
            return True
        room = left
        if room <= 0:
            return False
    return False


def _streams(contents: Any, resources: Any, depth: int = 0) -> Iterator[PDFStream]:
    for content in list_value(contents):
        found = resolve1(content)
        if isinstance(found, PDFStream):
            yield found
    resources = dict_value(resources)
    for font in dict_value(resources.get("Font") or {}).values():
        yield from _font(dict_value(font))
    if depth < _DEEPEST:
        for drawing in dict_value(resources.get("XObject") or {}).values():
            found = resolve1(drawing)
            if isinstance(found, PDFStream) and str(found.get("Subtype")).strip("/'") == "Form":
                inner = found.get("Resources") or {}
                yield from _streams([found], inner, depth + 1)


def _font(font: dict[Any, Any]) -> Iterator[PDFStream]:
    below = [dict_value(each) for each in list_value(font.get("DescendantFonts") or [])]
    for each in (font, *below):
        described = dict_value(each.get("FontDescriptor") or {})
        for part in (each.get("ToUnicode"), *map(described.get, _FONT_PARTS)):
            found = resolve1(part)
            if isinstance(found, PDFStream):
                yield found


def _packed(stream: PDFStream) -> bytes | None:
    """Return the deflated bytes of a stream; None if it is packed otherwise, or open already."""
    data: bytes | None = stream.rawdata
    if data is None:
        return None
    if stream.decipher:
        data = stream.decipher(stream.objid or 0, stream.genno or 0, data, stream.attrs)
    names = [str(name).strip("/'") for name, _ in stream.get_filters()]
    if names and names[0] in _ASCII85:
        data, names = ascii85decode(data), names[1:]
    return data if names and names[0] in _FLATE else None


def _unpacked(data: bytes, room: int) -> int | None:
    """Return how many bytes are left of the room; None if the data is no whole deflated stream.

    Old programs leave the checksum out at the end; then the last block must say that it is one.
    """
    left, opened = _inflated(zlib.decompressobj(), data, room)
    if left > 0 and not opened.eof:
        left, opened = _inflated(zlib.decompressobj(-zlib.MAX_WBITS), data[_HEAD:], room)
        if left > 0 and (not opened.eof or len(opened.unused_data.strip()) >= _CHECKSUM):
            return None
    return left


def _inflated(opened: "zlib._Decompress", data: bytes, room: int) -> "tuple[int, zlib._Decompress]":
    """Return (bytes left of the room, the stream as far as it could be read)."""
    with suppress(zlib.error):
        while room > 0 and not opened.eof:
            piece = opened.decompress(data, _CHUNK)
            data = opened.unconsumed_tail
            room -= len(piece)
            if not piece and not data:
                break
    return room, opened
