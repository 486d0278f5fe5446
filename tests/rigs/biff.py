"""Old workbooks (BIFF8 and BIFF5 record streams, without a container), written record by record."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from rigs.cp1258 import encoded

BOLD_FONT = ".VnTime"


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def short_text(text: str, *, wide: bool) -> bytes:
    if not wide:
        raw = encoded(text)
        return struct.pack("<B", len(raw)) + raw
    return struct.pack("<BB", len(text), 1) + text.encode("utf-16-le")


def cell(kind: int, row: int, column: int, body: bytes, style: int = 0) -> bytes:
    return record(kind, struct.pack("<HHH", row, column, style) + body)


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    return cell(0x0203, row, column, struct.pack("<d", value), style)


def text(row: int, column: int, value: str, style: int = 0) -> bytes:
    raw = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
    return cell(0x0204, row, column, raw, style)


def text_biff5(row: int, column: int, raw: bytes) -> bytes:
    return cell(0x0204, row, column, struct.pack("<H", len(raw)) + raw)


def truth(row: int, column: int, value: int, *, error: bool = False) -> bytes:
    return cell(0x0205, row, column, bytes([value, error]))


def formula(row: int, column: int, result: bytes, flags: int = 0) -> bytes:
    tokens = b"\x1e\x01\x00"  # the number 1
    tail = struct.pack("<HLH", flags, 0, len(tokens)) + tokens
    return cell(0x0006, row, column, result + tail)


def double(value: float) -> bytes:
    return struct.pack("<d", value)


EMPTY_TEXT = b"\x03\0\0\0\0\0\xff\xff"


def hidden_row(row: int) -> bytes:
    return record(0x0208, struct.pack("<HHHHHHI", row, 0, 9, 300, 0, 0, 0x20))


def hidden_columns(first: int, last: int) -> bytes:
    return record(0x007D, struct.pack("<HHHHHH", first, last, 2000, 0, 1, 0))


def merged(*ranges: tuple[int, int, int, int]) -> bytes:
    """Return the record for ranges of first row, last row, first column, last column."""
    body = b"".join(struct.pack("<HHHH", *corners) for corners in ranges)
    return record(0x00E5, struct.pack("<H", len(ranges)) + body)


@dataclass(frozen=True)
class Leaf:
    """One sheet: its name, its records, and whether it is hidden."""

    name: str
    records: Sequence[bytes]
    hidden: int = 0


def workbook(
    *sheets: Leaf,
    formats: Sequence[str] = (),
    since_1904: bool = False,
    before: bytes = b"",
    version: int = 0x0600,
) -> bytes:
    """Return a workbook; cell style 0 is General, style n has the n-th of ``formats``."""
    wide = version == 0x0600
    begin = struct.pack("<HHHHII" if wide else "<HHHH", version, 5, 0, 0, *((0, 6) if wide else ()))
    font = struct.pack("<HHHHHBBBB", 240, 0, 0x7FFF, 400, 0, 0, 0, 0, 0)
    head = record(0x0809, begin) + before
    head += record(0x0042, struct.pack("<H", 1200 if wide else 1258))
    head += record(0x0022, struct.pack("<H", since_1904))
    head += record(0x0031, font + short_text(BOLD_FONT, wide=wide)) * 4
    for at, code in enumerate(formats, 164):
        raw = code.encode("utf-16-le") if wide else code.encode()
        length = struct.pack("<HB", len(code), 1) if wide else struct.pack("<B", len(code))
        head += record(0x041E, struct.pack("<H", at) + length + raw)
    size = 20 if wide else 16
    for key in (0, *range(164, 164 + len(formats))):
        head += record(0x00E0, struct.pack("<HHH", 0, key, 0).ljust(size, b"\0"))
    entries = [
        record(0x0085, struct.pack("<IBB", 0, leaf.hidden, 0) + short_text(leaf.name, wide=wide))
        for leaf in sheets
    ]
    at = len(head) + sum(map(len, entries)) + 4
    bodies = []
    for number_of, leaf in enumerate(sheets):
        entry = entries[number_of]
        entries[number_of] = entry[:4] + struct.pack("<I", at) + entry[8:]
        start = struct.pack("<HH", version, 0x10) + begin[4:]
        bodies.append(record(0x0809, start) + b"".join(leaf.records) + record(0x000A))
        at += len(bodies[-1])
    return head + b"".join(entries) + record(0x000A) + b"".join(bodies)
