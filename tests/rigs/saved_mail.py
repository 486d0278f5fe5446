"""Outlook's .msg for tests: a small writer of compound files ([MS-CFB]) and its properties."""

import struct
import unicodedata
from collections.abc import Sequence

Tree = dict[str, "bytes | Tree"]

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def message(
    files: Sequence[tuple[str, bytes]] = (),
    *,
    subject: str = "Đăng ký",
    sender: str = "canhan@thudientu.example",
    text: str = "",
    inner: Sequence[bytes | Tree] = (),
    kind: str = "IPM.Note",
    code_page: int = 0,
    mime: str = "",
    head: int = 32,
) -> Tree:
    """The streams of a saved mail; with a code page its texts are 8-bit, else UTF-16."""
    texts = {0x001A: kind, 0x0037: subject, 0x5D01: sender, 0x1000: text}
    tree: Tree = {"__properties_version1.0": bytes(head) + _integer(0x3FFD, code_page)}
    for tag, value in texts.items():
        _add_text(tree, tag, value, code_page)
    for number, (name, data) in enumerate(files):
        attached: Tree = {"__properties_version1.0": bytes(8), "__substg1.0_37010102": data}
        _add_text(attached, 0x3707, name, code_page)
        _add_text(attached, 0x370E, mime, code_page)
        tree[f"__attach_version1.0_#{number:08X}"] = attached
    for number, mail in enumerate(inner, start=len(files)):
        tree[f"__attach_version1.0_#{number:08X}"] = {
            "__properties_version1.0": bytes(8),
            "__substg1.0_3701000D": mail,
        }
    return tree


def saved(files: Sequence[tuple[str, bytes]] = (), **given: object) -> bytes:
    """A .msg with these attachments."""
    return compound(message(files, **given))  # type: ignore[arg-type]


def _add_text(tree: Tree, tag: int, value: str, code_page: int) -> None:
    if value and code_page:
        tree[f"__substg1.0_{tag:04X}001E"] = cp1258(value)
    elif value:
        tree[f"__substg1.0_{tag:04X}001F"] = value.encode("utf-16-le")


def cp1258(text: str) -> bytes:
    """Text in the code page of Vietnamese Windows, where tones are letters of their own."""
    parts = (unicodedata.normalize("NFD", letter) for letter in unicodedata.normalize("NFC", text))
    tones = "\u0300\u0301\u0303\u0309\u0323"
    return "".join(
        unicodedata.normalize("NFC", "".join(mark for mark in part if mark not in tones))
        + "".join(mark for mark in part if mark in tones)
        for part in parts
    ).encode("cp1258")


def _integer(tag: int, value: int) -> bytes:
    return struct.pack("<HHIII", 3, tag, 6, value, 0)


class _Writer:
    """Sectors and chains under way: large streams in sectors, small ones in the mini stream."""

    def __init__(self) -> None:
        self.sectors = bytearray()
        self.fat: list[int] = []
        self.mini = bytearray()
        self.mini_fat: list[int] = []
        self.entries: list[bytearray] = []

    def chain(self, data: bytes) -> int:
        """Store bytes in sectors of their own and return the first one's number."""
        if not data:
            return _END
        first = len(self.fat)
        count = -(-len(data) // _SECTOR)
        self.sectors += data.ljust(count * _SECTOR, b"\0")
        self.fat += [*range(first + 1, first + count), _END]
        return first

    def stream(self, data: bytes) -> int:
        if len(data) >= _CUTOFF:
            return self.chain(data)
        if not data:
            return _END
        first = len(self.mini_fat)
        count = -(-len(data) // _MINI)
        self.mini += data.ljust(count * _MINI, b"\0")
        self.mini_fat += [*range(first + 1, first + count), _END]
        return first

    def folder(self, tree: Tree, at: int) -> None:
        """Add the entries of a storage; its children hang on one another, rightwards."""
        names = sorted(tree, key=lambda name: (len(name), name.upper()))
        previous, place = at, 76  # the child of the storage, then the right sibling
        for name in names:
            content = tree[name]
            number = len(self.entries)
            is_stream = isinstance(content, bytes)
            start = self.stream(content) if isinstance(content, bytes) else 0
            size = len(content) if is_stream else 0
            self.entries.append(_entry(name, 2 if is_stream else 1, start, size))
            struct.pack_into("<I", self.entries[previous], place, number)
            previous, place = number, 72
            if not isinstance(content, bytes):
                self.folder(content, number)


def _entry(name: str, kind: int, start: int, size: int) -> bytearray:
    raw = (name + "\0").encode("utf-16-le")
    head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
    return bytearray(
        head
        + struct.pack("<III", _FREE, _FREE, _FREE)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def compound(tree: Tree) -> bytes:
    """A compound file of these storages and streams."""
    writer = _Writer()
    writer.entries.append(_entry("Root Entry", 5, 0, 0))
    writer.folder(tree, 0)
    struct.pack_into("<IQ", writer.entries[0], 116, writer.chain(writer.mini), len(writer.mini))
    mini_fat = b"".join(struct.pack("<I", one) for one in writer.mini_fat)
    mini_count = -(-len(mini_fat) // _SECTOR)
    mini_start = writer.chain(mini_fat.ljust(mini_count * _SECTOR, b"\xff"))
    directory = writer.chain(b"".join(writer.entries))
    count = 0
    while count * (_SECTOR // 4) < len(writer.fat) + count:
        count += 1
    first = len(writer.fat)
    fat = [*writer.fat, *[_FAT] * count]
    fat += [_FREE] * (count * (_SECTOR // 4) - len(fat))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6),
        *(0, count, directory, 0, _CUTOFF, mini_start, mini_count, _END, 0),
    )
    difat = [*range(first, first + count), *[_FREE] * (109 - count)]
    header += b"".join(struct.pack("<I", one) for one in difat)
    return header + bytes(writer.sectors) + b"".join(struct.pack("<I", one) for one in fat)
