"""zip, RAR, 7z, tar and single compressed files → their members, within budgets.

RAR and 7z by libarchive from memory, the others by the standard library. Every byte is counted as
it streams: what a header claims decides nothing. Runs in the jail; nothing is written anywhere.
"""

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from parsers import rar
from parsers.container import (
    Cover,
    LeftOut,
    LeftOutCode,
    Member,
    Opened,
    Room,
    left_out,
    refused,
    refused_empty,
    refused_split,
)
from parsers.names import decode_bytes, member_name
from parsers.reading import Refusal

_CHUNK: Final = 1 << 16
#: What unpacks to less is no bomb, however small it was.
_ENOUGH_BYTES: Final = 10_000_000
#: What Windows, macOS and Office leave beside the files, by the name or the folder.
_TRIFLE: Final = re.compile(
    r"(?:^|/)__macosx/|(?:^|/)(?:\.ds_store|thumbs\.db|desktop\.ini|~\$[^/]*|\._[^/]*)$",
    re.IGNORECASE,
)
#: A part of a split archive whose bytes do not say so: ``x.7z.001``.
_PART: Final = re.compile(r"\.(?:7z|zip)\.\d{3}$", re.IGNORECASE)
#: What the standard library raises on a stream that is cut or mutilated.
BROKEN: Final = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


class RefusedArchiveError(Exception):
    """Carries the refusal of a whole archive to the door, which returns it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class NoRoomError(Exception):
    """The budget of bytes is used up; carries the name of the member that was too much."""


class Taking:
    """The members taken so far, and what is left of the budget."""

    def __init__(self, kind: str, packed_bytes: int, room: Room) -> None:
        self.kind = kind
        self._packed_bytes = packed_bytes
        self._room = room
        self._entries = 0
        self._streamed = 0
        self._members: list[Member] = []
        self._left_out: list[LeftOut] = []

    def named(self, name: str | bytes) -> str | None:
        """Count an entry and return its name to show; None for a trifle, which is noted.

        Raises:
            RefusedArchiveError: more entries than there is room for.
        """
        self._entries += 1
        self.check_count(self._entries)
        shown = member_name(name, self._entries)
        path = name if isinstance(name, str) else decode_bytes(name)[0]
        if not _TRIFLE.search(path.replace("\\", "/")):
            return shown
        self._left_out.append(LeftOut("trifle", shown))
        return None

    def check_count(self, entries: int) -> None:
        """Refuse an archive of more entries than there is room for."""
        if entries > self._room.members:
            raise self.refused("too-many", f"over {self._room.members} entries")

    def refused(self, code: LeftOutCode, detail: str) -> RefusedArchiveError:
        """Return the error that refuses the whole archive."""
        return RefusedArchiveError(refused(code, detail, self.kind))

    def leave(self, code: LeftOutCode, name: str) -> None:
        """Note a member that is left out."""
        self._left_out.append(left_out(code, name))

    def take(
        self,
        name: str,
        chunks: Iterable[bytes],
        crc: int | None = None,
        *,
        inline: bool = False,
        counted: bool = False,
    ) -> None:
        """Stream one member in; it counts only when its stream ends well.

        Raises:
            RefusedArchiveError: a bomb.
            NoRoomError: the budget of all members together is used up.
        """
        content = bytearray()
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if not counted:
                self.count(len(chunk), name)
            if size <= self._room.member_bytes:
                content += chunk
            else:
                content.clear()
        if size > self._room.member_bytes:
            self.leave("too-large", name)
        elif crc is not None and zlib.crc32(content) != crc:
            self.leave("damaged", name)
        else:
            self._members.append(Member(name, bytes(content), inline))

    def count(self, size: int, name: str) -> None:
        """Count streamed bytes; ``take`` does so itself unless they were ``counted`` before.

        Raises:
            RefusedArchiveError: a bomb.
            NoRoomError: the budget is used up.
        """
        self._streamed += size
        if self._streamed > max(_ENOUGH_BYTES, self._room.ratio * self._packed_bytes):
            times = self._streamed // max(1, self._packed_bytes)
            raise self.refused("too-large", f"{times} times its packed size and no end")
        if self._streamed > self._room.total_bytes:
            raise NoRoomError(name)

    def opened(self) -> Opened | Refusal:
        """Return what was taken; an archive that gave nothing is refused by its first reason."""
        told = [one for one in self._left_out if one.code != "trifle"]
        if self._members:
            return Opened(self.kind, tuple(self._members), tuple(self._left_out))
        for one in told:
            if one.code in {"encrypted", "damaged", "unsupported", "too-large"}:
                return refused(one.code, f"no member could be taken: {one.code}", self.kind)
        return refused_empty(self.kind)

    def mail(self, cover: Cover) -> Opened:
        """Return what was taken of a mail, with its words; it may well have no attachment."""
        return Opened(self.kind, tuple(self._members), tuple(self._left_out), cover)


def open_container(data: bytes, kind: str, name: str, room: Room) -> Opened | Refusal:
    """Return the members of an archive of this kind (see ``parsers.container``)."""
    if _PART.search(name.strip()):
        return refused_split(kind)
    taking = Taking(kind, len(data), room)
    try:
        if kind == "zip":
            from parsers.archive_zip import take_all  # noqa: PLC0415  one format at a time

            take_all(data, taking)
        elif kind == "rar":
            _rar(data, taking)
        elif kind == "7z":
            _streamed(data, "7zip", taking)
        elif kind == "tar":
            _tar(io.BytesIO(data), taking)
        else:
            _single(data, kind, name, taking)
    except RefusedArchiveError as error:
        return error.refusal
    except NoRoomError as full:
        taking.leave("too-large", f"{full} và các tệp sau đó".strip())
    return taking.opened()


def _tar(stream: io.BufferedIOBase, taking: Taking) -> None:
    from parsers.archive_tar import take_all  # noqa: PLC0415  one format at a time

    take_all(stream, taking)


def _streamed(data: bytes, form: str, taking: Taking, look: rar.Look | None = None) -> None:
    from parsers.archive_stream import take_all  # noqa: PLC0415  loads libarchive

    take_all(data, form, taking, look)


def _rar(data: bytes, taking: Taking) -> None:
    look = rar.look(data)
    locked = [entry.encrypted for entry in look.entries]
    if look.locked or (any(locked) and (look.solid or all(locked))):
        raise taking.refused("encrypted", "RAR with a password")
    if look.volume or any(entry.split for entry in look.entries):
        raise RefusedArchiveError(refused_split("rar"))
    if any(entry.old for entry in look.entries):
        raise taking.refused("unsupported", "packed by RAR 2 or earlier")
    taking.check_count(len(look.entries))
    _streamed(data, "rar5" if look.version == 5 else "rar", taking, look)  # noqa: PLR2004  RAR 5


# --- one compressed stream: a file by itself, or a tar ------------------------------------------

_ENDINGS: Final = {"gz": r"\.t?gz$", "bz2": r"\.(?:bz2|tbz2?)$", "xz": r"\.t?xz$"}
_TAR_HEAD: Final = 512


def _single(data: bytes, kind: str, name: str, taking: Taking) -> None:
    try:
        with _unpacking(data, kind) as stream:
            head = stream.read(_TAR_HEAD)
    except BROKEN as error:
        raise taking.refused("damaged", f"broken {kind}: {type(error).__name__}") from error
    if head[257:262] == b"ustar":
        with _unpacking(data, kind) as stream:
            _tar(stream, taking)
        return
    given = _gzip_name(data) if kind == "gz" else b""
    shown = taking.named(given or re.sub(_ENDINGS[kind], "", name, flags=re.IGNORECASE))
    try:
        with _unpacking(data, kind) as stream:
            if shown is not None:
                taking.take(shown, _chunks(stream))
    except BROKEN as error:
        raise taking.refused("damaged", f"broken {kind}: {type(error).__name__}") from error


def _unpacking(data: bytes, kind: str) -> io.BufferedIOBase:
    packed = io.BytesIO(data)
    if kind == "gz":
        return gzip.GzipFile(fileobj=packed)
    if kind == "bz2":
        return bz2.BZ2File(packed)
    return lzma.LZMAFile(packed)


def _chunks(stream: io.BufferedIOBase) -> Iterator[bytes]:
    return iter(lambda: stream.read(_CHUNK), b"")


def _gzip_name(data: bytes) -> bytes:
    """Return the file name in a gzip header (RFC 1952: flag 8, after the extra field), or b""."""
    if len(data) < 12 or not data[3] & 8:  # noqa: PLR2004  the fixed part
        return b""
    at = 10
    if data[3] & 4:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    return data[at : at + 1_000].split(b"\0")[0]
