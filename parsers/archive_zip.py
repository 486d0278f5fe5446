"""zip by the standard library, member by member: names of any age, overlaps and lies found out."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from parsers.archive import BROKEN, RefusedArchiveError, Taking
from parsers.container import refused_split

_CHUNK: Final = 1 << 16
_UTF8_FLAG: Final = 0x800
_LOCAL_HEADER_BYTES: Final = 30
#: Info-ZIP's and WinRAR's field with the name in UTF-8 beside one in the code page (APPNOTE 4.6.9).
_UNICODE_PATH: Final = 0x7075
_SPANNED: Final = b"PK\x07\x08"
_END: Final = b"PK\x05\x06"


def take_all(data: bytes, taking: Taking) -> None:
    """Take every member of a zip.

    Raises:
        RefusedArchiveError: it is split, too many, overlapping, broken or a bomb.
    """
    disks, count = _end(data)
    if data.startswith(_SPANNED) or disks:
        raise RefusedArchiveError(refused_split("zip"))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, struct.error, *BROKEN) as error:
        raise taking.refused("damaged", f"broken zip: {type(error).__name__}") from error
    with archive:
        entries = archive.infolist()
        taking.check_count(len(entries))
        if _overlap(entries):
            raise taking.refused("damaged", "zip members overlap")
        for entry in entries:
            _take(archive, entry, taking)
        if (count - len(entries)) % 0x10000:  # a broken directory hides members
            taking.leave("damaged", "các tệp còn lại")


def _take(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, taking: Taking) -> None:
    if entry.is_dir():
        return
    name = taking.named(_name(entry))
    if name is None:
        return
    if stat.S_ISLNK(entry.external_attr >> 16):
        taking.leave("link", name)
    elif entry.flag_bits & 1:
        taking.leave("encrypted", name)
    else:
        try:
            with archive.open(entry) as stream:
                taking.take(name, iter(lambda: stream.read(_CHUNK), b""))
        except NotImplementedError:  # deflate64, PPMd and other rare methods
            taking.leave("unsupported", name)
        except (zipfile.BadZipFile, RuntimeError, zlib.error, *BROKEN):
            taking.leave("damaged", name)


def _name(entry: zipfile.ZipInfo) -> str | bytes:
    if entry.flag_bits & _UTF8_FLAG:
        return entry.filename
    try:
        raw = entry.orig_filename.encode("cp437")
    except UnicodeEncodeError:  # never made by zipfile
        return entry.filename
    return _unicode_path(entry.extra, raw) or raw


def _unicode_path(extra: bytes, raw: bytes) -> bytes:
    """Return the UTF-8 name of the extra field if it belongs to this name, else b""."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        if kind == _UNICODE_PATH and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:]
        at += 4 + size
    return b""


def _end(data: bytes) -> tuple[bool, int]:
    """Return (whether there are several disks, how many members) by the end record (4.3.16)."""
    at = data.rfind(_END, max(0, len(data) - 66_000))
    if at < 0 or at + 12 > len(data):
        return False, 0
    this, first, _, count = struct.unpack_from("<HHHH", data, at + 4)
    return this not in {0, 0xFFFF} or first not in {0, 0xFFFF}, count


def _overlap(entries: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether two members share bytes, as in the bombs of David Fifield (2019)."""
    spans = sorted(
        (entry.header_offset, entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size)
        for entry in entries
    )
    return any(end > start for (_, end), (start, _) in pairwise(spans))
