"""winmail.dat: the files that Outlook hides in Microsoft's TNEF envelope ([MS-OXTNEF]).

Runs in the jail. Only what a mail's reader needs: each attachment's bytes and its name. Everything
is a slice of the input, and there are only so many slices, so nothing can grow.
"""

import struct

from parsers.container import Member, Opened, Room, refused
from parsers.names import extension, file_name
from parsers.reading import Refusal

_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
#: Attributes that are looked at: a file has some ten, and no mail five hundred files.
_MOST_ATTRIBUTES = 10_000
_LONG_NAMES = (0x3707001F, 0x3707001E)  # PR_ATTACH_LONG_FILENAME as UTF-16 or in the code page


def open_container(data: bytes, kind: str, _name: str, room: Room) -> Opened | Refusal | None:
    """Return the attachments; None when the stream holds none or is damaged."""
    inside = files(data)
    if not inside:
        return None
    if len(inside) > room.members:
        return refused("too-many", f"{len(inside)} files", kind)
    if sum(len(one.data) for one in inside) > room.total_bytes:
        return refused("too-large", "its files together are over the budget", kind)
    return Opened(kind, inside)


def files(data: bytes) -> tuple[Member, ...]:
    """Return the attachments of a stream; none of what is damaged."""
    found: list[tuple[list[tuple[bytes, str]], bytes]] = []
    for attribute, value in _attributes(data):
        if attribute == _RENDERING:
            found.append(([], b""))
        elif not found:
            continue
        elif attribute == _TITLE:
            found[-1][0].append((value.rstrip(b"\0"), "windows-1258"))
        elif attribute == _DATA:
            found[-1] = (found[-1][0], value)
        elif attribute == _PROPERTIES:
            found[-1][0].extend(_long_name(value))
    return tuple(
        Member(file_name(names) or f"tệp {number}{extension(names)}", value)
        for number, (names, value) in enumerate(found, start=1)
        if value
    )


def _attributes(data: bytes) -> list[tuple[int, bytes]]:
    """Return (id, value) of each attribute up to the first one that is cut off."""
    found: list[tuple[int, bytes]] = []
    at = 6  # signature and key
    while at + 9 <= len(data) and len(found) < _MOST_ATTRIBUTES:
        attribute, size = struct.unpack_from("<II", data, at + 1)
        at += 9
        if at + size > len(data):
            break
        found.append((attribute, data[at : at + size]))
        at += size + 2  # checksum
    return found


def _long_name(properties: bytes) -> list[tuple[bytes, str]]:
    """Find the long file name among MAPI properties without walking all of their types."""
    for tag in _LONG_NAMES:
        at = properties.find(struct.pack("<I", tag))
        if at < 0 or at + 12 > len(properties):
            continue
        size = struct.unpack_from("<I", properties, at + 8)[0]
        value = properties[at + 12 : at + 12 + min(size, 1_000)]
        if tag == _LONG_NAMES[0]:
            return [
                (
                    value[: len(value) // 2 * 2]
                    .decode("utf-16-le", "replace")
                    .rstrip("\0")
                    .encode(),
                    "utf-8",
                )
            ]
        return [(value.rstrip(b"\0"), "windows-1258")]
    return []
