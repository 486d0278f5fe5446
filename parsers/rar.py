"""The headers of a RAR archive: what libarchive does not say, or says wrongly.

libarchive 3.6 hands out bytes of encrypted RAR 5 members as if they were the file, reads a
reference to another member as an empty file, and calls a split archive broken. So the headers are
walked here (RAR 4: technote.txt of UnRAR; RAR 5: rarlab.com/technote.htm). Nothing is unpacked.
"""

import struct
from dataclasses import dataclass, replace
from typing import Final

_RAR5: Final = b"Rar!\x1a\x07\x01\0"
_MOST_BLOCKS: Final = 100_000
#: RAR 4 block types and flags.
_MAIN4, _FILE4, _END4 = 0x73, 0x74, 0x7B
_LONG_BLOCK, _LARGE_FILE, _SOLID_FILE = 0x8000, 0x100, 0x10
_STORED4: Final = 0x30
_VERSION_KNOWN: Final = 29  # packed by RAR 2.9 or later: what libarchive unpacks
#: RAR 5 header types and flags.
_MAIN5, _FILE5, _LOCKED5, _END5 = 1, 2, 4, 5
_HAS_EXTRA, _HAS_DATA = 1, 2
_ENCRYPTION, _REDIRECTION = 1, 5
_HARD_LINK, _FILE_COPY = 4, 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder: ``crc`` (CRC-32 of its bytes) is None where the header has none."""

    encrypted: bool = False
    copy: bool = False
    split: bool = False
    old: bool = False
    crc: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What the headers say. ``locked`` = they are encrypted themselves; ``whole`` = to the end."""

    version: int
    entries: tuple[Entry, ...] = ()
    locked: bool = False
    volume: bool = False
    solid: bool = False
    whole: bool = False


def look(data: bytes) -> Look:
    """Walk the headers of a RAR archive; never raises."""
    walk, seen = (_walk5, Look(5)) if data.startswith(_RAR5) else (_walk4, Look(4))
    try:
        return walk(data, seen)
    except (struct.error, IndexError):
        return seen


def _walk4(data: bytes, seen: Look) -> Look:
    entries: list[Entry] = []
    at = 7
    for _ in range(_MOST_BLOCKS):
        if at + 7 > len(data):
            return replace(seen, entries=tuple(entries), whole=at == len(data))
        kind, flags, size = struct.unpack_from("<BHH", data, at + 2)
        added = struct.unpack_from("<I", data, at + 7)[0] if flags & _LONG_BLOCK else 0
        if kind == _MAIN4:
            seen = replace(
                seen, volume=bool(flags & 1), solid=bool(flags & 8), locked=bool(flags & 0x80)
            )
            if seen.locked:
                return seen
        elif kind == _FILE4:
            entry, added = _file4(data, at, flags, added)
            entries.append(entry)
            seen = replace(seen, solid=seen.solid or bool(flags & _SOLID_FILE))
        elif kind == _END4:
            return replace(seen, entries=tuple(entries), whole=True)
        if size < 7:  # noqa: PLR2004  no block is shorter than its own head
            break
        at += size + added
    return replace(seen, entries=tuple(entries))


def _file4(data: bytes, at: int, flags: int, packed: int) -> tuple[Entry, int]:
    """Return the file of this header, and how many packed bytes follow it."""
    crc = struct.unpack_from("<I", data, at + 16)[0]
    version, method = data[at + 24], data[at + 25]
    if flags & _LARGE_FILE:
        packed += struct.unpack_from("<I", data, at + 32)[0] << 32
    entry = Entry(
        encrypted=bool(flags & 4),
        split=bool(flags & 3),
        old=version < _VERSION_KNOWN and method != _STORED4,
        crc=crc,
    )
    return entry, packed


def _walk5(data: bytes, seen: Look) -> Look:
    entries: list[Entry] = []
    at = len(_RAR5)
    for _ in range(_MOST_BLOCKS):
        if at >= len(data):
            return replace(seen, entries=tuple(entries), whole=False)
        size, start = _number(data, at + 4)
        kind, place = _number(data, start)
        flags, place = _number(data, place)
        extra = added = 0
        if flags & _HAS_EXTRA:
            extra, place = _number(data, place)
        if flags & _HAS_DATA:
            added, place = _number(data, place)
        if kind == _LOCKED5:
            return replace(seen, locked=True)
        if kind == _MAIN5:
            about, _ = _number(data, place)
            seen = replace(seen, volume=bool(about & 1), solid=bool(about & 4))
        elif kind == _FILE5:
            end = start + size
            file = _file5(data, place, flags)
            entries.append(_extras(data, end - extra, end, file))
        elif kind == _END5:
            return replace(seen, entries=tuple(entries), whole=True)
        at = start + size + added
    return replace(seen, entries=tuple(entries))


def _file5(data: bytes, place: int, flags: int) -> Entry:
    about, place = _number(data, place)
    _, place = _number(data, place)  # unpacked size
    _, place = _number(data, place)  # attributes
    place += 4 if about & 2 else 0  # time
    crc = struct.unpack_from("<I", data, place)[0] if about & 4 else None
    return Entry(split=bool(flags & 0x18), crc=crc)


def _extras(data: bytes, place: int, end: int, entry: Entry) -> Entry:
    while place < end:
        size, place = _number(data, place)
        kind, inside = _number(data, place)
        if kind == _ENCRYPTION:
            # With a password the checksum is changed by a key that is not known here.
            entry = replace(entry, encrypted=True, crc=None)
        elif kind == _REDIRECTION:
            target, _ = _number(data, inside)
            entry = replace(entry, copy=target in {_HARD_LINK, _FILE_COPY})
        place += size
    return entry


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return (value, position after it) of a number of seven bits a byte."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  the last byte has no high bit
            return value, at
    raise IndexError("a number without end")
