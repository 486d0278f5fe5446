"""Office files whose bytes depend on their content alone: fixed member times and properties."""

import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable

EPOCH = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:(?:created|modified)>)")
_CORE = "docProps/core.xml"
#: The third level packs sheets as small as the fifth, in half of its time.
_LEVEL = 3
#: APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16: what is before a member, its line after all, and the end.
_LOCAL, _LISTED = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UNIX, _DEFLATED, _DATE = 20, 3 << 8, 8, (1 << 5) | 1
_LARGEST = 0xFFFFFFFF
#: The polynomial of zip's checksum, x^0 in the highest bit.
_POLYNOMIAL = 0xEDB88320


def repack(data: bytes, made_at: dt.datetime) -> bytes:
    """Return the same zip with every member dated 1980 and the document dated ``made_at``.

    openpyxl and python-docx stamp the present moment into members and core properties; a frozen
    report must not differ because it was written again.
    """
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            content = dated(name, source.read(name), made_at)
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            member.create_system = 3
            copy.writestr(member, content)
    return target.getvalue()


def dated(name: str, content: bytes, made_at: dt.datetime) -> bytes:
    """Return a member as it is when the document was made then."""
    if name != _CORE:
        return content
    stamp = made_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return _STAMP.sub(rb"\g<1>" + stamp + rb"\g<3>", content)


class Packed:
    """Bytes that are packed as they come, and can be put behind others without unpacking them.

    ``size`` counts them unpacked, ``crc`` is their CRC-32.
    """

    def __init__(self) -> None:
        self.size, self.crc = 0, 0
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._parts: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Pack these bytes."""
        self._parts.append(self._packer.compress(data))
        self.size, self.crc = self.size + len(data), zlib.crc32(data, self.crc)

    def append(self, other: "Packed") -> None:
        """Put what another one has packed behind; nothing is added to that one any more."""
        # Each part ends at a whole byte, and nothing in it refers to what is before.
        self._parts += [self._packer.flush(zlib.Z_FULL_FLUSH), *other.parts(zlib.Z_FULL_FLUSH)]
        shifted = _times(self.crc, _power(other.size))
        self.size, self.crc = self.size + other.size, shifted ^ other.crc

    def parts(self, ending: int = zlib.Z_FINISH) -> list[bytes]:
        """Return the packed bytes; nothing is added any more."""
        return [*self._parts, self._packer.flush(ending)]


def joined(members: Iterable[tuple[str, Packed]]) -> bytes:
    """Return a zip of these members, as `repack` writes one.

    Raises:
        ValueError: more than 4 GiB, which such a zip cannot hold.
    """
    parts: list[bytes] = []
    listed, place = [], 0
    for name, member in members:
        packed, called = member.parts(), name.encode("ascii")
        about = (0, _DEFLATED, 0, _DATE, member.crc, sum(map(len, packed)), member.size)
        if max(place, *about) > _LARGEST:
            raise ValueError(f"{name}: {member.size} bytes are too many for a workbook")
        listed.append(_LISTED.pack(b"PK\1\2", _UNIX | _VERSION, _VERSION, *about, len(called),
                                   0, 0, 0, 0, 0o600 << 16, place) + called)  # fmt: skip
        head = _LOCAL.pack(b"PK\3\4", _VERSION, *about, len(called), 0) + called
        parts += [head, *packed]
        place += len(head) + about[5]
    lines = b"".join(listed)
    count = len(listed)
    parts += [lines, _END.pack(b"PK\5\6", 0, 0, count, count, len(lines), place, 0)]
    return b"".join(parts)


def _power(length: int) -> int:
    """Return x^(8·length) modulo the polynomial: what so many bytes behind make of a checksum."""
    power, square = 1 << 31, 1 << 23  # 1 and x^8
    while length:
        if length & 1:
            power = _times(power, square)
        square, length = _times(square, square), length >> 1
    return power


def _times(one: int, other: int) -> int:
    """Multiply modulo the polynomial."""
    product = 0
    for bit in range(31, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product
