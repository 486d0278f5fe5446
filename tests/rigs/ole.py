"""OLE containers with their sectors in another order, as some writers lay them out."""

import struct

_SECTOR = 512
_FREE, _END = 0xFFFFFFFF, 0xFFFFFFFE
_SPECIAL = 0xFFFFFFFA
_FAT_LIST = 0x4C


def directory_first(data: bytes) -> bytes:
    """Return the same container with its tables and directory in front of its streams.

    Where the file is cut then, everything that lists the streams is still there ([MS-CFB] 2.2).
    """
    header = bytearray(data[:_SECTOR])
    sectors = [data[at : at + _SECTOR] for at in range(_SECTOR, len(data), _SECTOR)]
    count, first = struct.unpack_from("<I", header, 0x2C)[0], struct.unpack_from("<I", header, 0x30)
    tables = list(struct.unpack_from(f"<{count}I", header, _FAT_LIST))
    fat = [n for table in tables for n in struct.unpack("<128I", sectors[table])]
    chain, at = [], first[0]
    while at < _SPECIAL:
        chain.append(at)
        at = fat[at]
    front = tables + chain
    order = front + [n for n in range(len(sectors)) if n not in front]
    place = {old: new for new, old in enumerate(order)}

    def moved(number: int) -> int:
        return place.get(number, number)

    new_fat = [_FREE] * len(fat)
    for old, following in enumerate(fat[: len(sectors)]):
        new_fat[place[old]] = moved(following)
    pieces = [sectors[old].ljust(_SECTOR, b"\0") for old in order]
    for index, table in enumerate(tables):
        pieces[place[table]] = struct.pack("<128I", *new_fat[index * 128 : index * 128 + 128])
    for old in chain:
        entries = bytearray(pieces[place[old]])
        for offset in range(0x74, _SECTOR, 128):
            start = struct.unpack_from("<I", entries, offset)[0]
            size = struct.unpack_from("<I", entries, offset + 4)[0]
            is_root = entries[offset - 0x74 + 66] == 5
            if size >= 4096 or is_root:  # smaller streams stand inside the root's
                struct.pack_into("<I", entries, offset, moved(start))
        pieces[place[old]] = bytes(entries)
    for at in (0x30, 0x3C):
        struct.pack_into("<I", header, at, moved(struct.unpack_from("<I", header, at)[0]))
    struct.pack_into(f"<{count}I", header, _FAT_LIST, *map(moved, tables))
    return bytes(header) + b"".join(pieces)
