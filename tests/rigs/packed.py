"""Archives for tests: honest ones, and the lies that no packing program would write."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

# As in the jail: without it the bindings start ldconfig to find the library.
os.environ.setdefault("LIBARCHIVE", "libarchive.so.13")

Files = Sequence[tuple[str, bytes]]

UTF8 = 0x800
LOCKED = 1


def plain_zip(files: Files) -> bytes:
    """A zip as Python writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, (2024, 5, 15, 9, 0, 0))
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@dataclass(frozen=True)
class Lie:
    """One zip entry, every field as wished. ``at`` is another entry's header to point to."""

    name: bytes = b"a.txt"
    data: bytes = b"x"
    flags: int = 0
    method: int = 0
    size: int | None = None
    crc: int | None = None
    extra: bytes = b""
    mode: int = 0
    at: int | None = None


def odd_zip(entries: Sequence[Lie], disk: int = 0) -> bytes:
    """A zip written field by field (APPNOTE 4.3)."""
    out, central = bytearray(), bytearray()
    for entry in entries:
        size = len(entry.data) if entry.size is None else entry.size
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        middle = struct.pack(
            "<HHHHIIIHH",
            *(entry.flags, entry.method, 0x4800, 0x58AF, crc, len(entry.data), size),
            *(len(entry.name), len(entry.extra)),
        )
        start = len(out) if entry.at is None else entry.at
        if entry.at is None:
            out += b"PK\x03\x04" + struct.pack("<H", 20) + middle
            out += entry.name + entry.extra + entry.data
        central += b"PK\x01\x02" + struct.pack("<HH", 20 | 3 << 8, 20) + middle
        central += struct.pack("<HHHII", 0, 0, 0, entry.mode << 16, start)
        central += entry.name + entry.extra
    count = min(len(entries), 0xFFFF)
    end = struct.pack("<HHHHIIH", disk, disk, count, count, len(central), len(out), 0)
    return bytes(out + central + b"PK\x05\x06" + end)


def zeros(megabytes: int) -> bytes:
    """A deflate stream of so many megabytes of zeros, made without compressing them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * megabytes + packer.flush()


def rar5(
    files: Files, *, about: int = 0, locked: bool = False, extra: bytes = b"", split: int = 0
) -> bytes:
    """A RAR 5 archive of stored files (rarlab.com/technote.htm).

    ``about`` are flags of the archive (1 a volume, 4 solid), ``extra`` a record of every file.
    """
    out = b"Rar!\x1a\x07\x01\0"
    if locked:
        return out + _block5(4, 0, _vint(0) + _vint(0) + bytes(17)) + bytes(64)
    out += _block5(1, 0, _vint(about))
    for name, data in files:
        raw = name.encode()
        fields = _vint(4) + _vint(len(data)) + _vint(0x20) + struct.pack("<I", zlib.crc32(data))
        fields += _vint(0) + _vint(0) + _vint(len(raw)) + raw
        out += _block5(2, 2 | split, fields, extra, data)
    return out + _block5(5, 0, _vint(0))


#: Extra records of a RAR 5 file: encrypted with AES-256; the same as another member.
ENCRYPTED5 = b"\x31\x01" + bytes(48)
COPY5 = b"\x09\x05\x05\x00\x05a.txt"


def _block5(kind: int, flags: int, fields: bytes, extra: bytes = b"", data: bytes = b"") -> bytes:
    flags |= bool(extra)
    head = _vint(kind) + _vint(flags)
    head += _vint(len(extra)) if extra else b""
    head += _vint(len(data)) if flags & 2 else b""
    head += fields + extra
    sized = _vint(len(head)) + head
    return struct.pack("<I", zlib.crc32(sized)) + sized + data


def _vint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def rar4(
    files: Files, *, about: int = 0, flags: int = 0, later: int = 0, version: int = 29
) -> bytes:
    """A RAR 4 archive of stored files (technote.txt of UnRAR).

    ``about`` are flags of the archive (1 a volume, 8 solid, 0x80 headers encrypted), ``flags``
    those of every file (3 split, 4 encrypted), ``later`` those of every file but the first (0x10
    packed with what was before).
    """
    out = b"Rar!\x1a\x07\0" + _block4(0x73, about, bytes(6))
    for number, (name, data) in enumerate(files):
        flags |= later if number else 0
        raw = name.encode("ascii", "replace")
        fields = struct.pack(
            "<IIBIIBBHI",
            *(len(data), len(data), 2, zlib.crc32(data), 0x58AF4800, version, 0x30, len(raw), 0x20),
        )
        out += _block4(0x74, 0x8000 | flags, fields + raw) + data
    return out + _block4(0x7B, 0x4000, b"")


def _block4(kind: int, flags: int, fields: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head


def seven_zip(files: Files) -> bytes:
    """A 7z by libarchive."""
    import libarchive  # noqa: PLC0415  loads a library of the system

    pieces: list[bytes] = []

    def keep(piece: bytes) -> int:
        pieces.append(bytes(piece))
        return len(piece)

    with libarchive.custom_writer(keep, "7zip") as archive:
        for name, data in files:
            archive.add_file_from_memory(name, len(data), data)
    return b"".join(pieces)


def tar(files: Files, *links: tuple[str, str, bytes]) -> bytes:
    """A tar; ``links`` are (name, target, type)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target, kind in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return buffer.getvalue()


def gz(data: bytes, name: bytes = b"") -> bytes:
    """A gzip; with a name in its header when one is given."""
    packed = gzip.compress(data, mtime=0)
    return packed[:3] + b"\x08" + packed[4:10] + name + b"\0" + packed[10:] if name else packed


#: How the same files are packed by each kind that is opened.
PACKERS = {
    "zip": plain_zip,
    "rar5.rar": rar5,
    "rar4.rar": rar4,
    "7z": seven_zip,
    "tar": tar,
    "tar.gz": lambda files: gz(tar(files)),
    "tar.bz2": lambda files: bz2.compress(tar(files)),
    "tar.xz": lambda files: lzma.compress(tar(files)),
}
