"""Outlook's .msg ([MS-OXMSG]) → its words and its attachments, also those of mails inside it.

Read with olefile, property by property: each is a stream named after its tag and type. Runs in the
jail; every stream is counted, for a crafted file may use the same sectors many times.
"""

import io
import re
import struct
from collections.abc import Iterator
from typing import Final

import olefile

from parsers.archive import NoRoomError, RefusedArchiveError, Taking
from parsers.container import Cover, Opened, Room, refused
from parsers.names import decode_bytes, display_name
from parsers.reading import Refusal

#: Property tags ([MS-OXPROPS]).
_CLASS, _SUBJECT, _BODY, _HTML = 0x001A, 0x0037, 0x1000, 0x1013
_SENDER_ADDRESS, _SENDER_OTHER, _SENDER_NAME = 0x5D01, 0x0C1F, 0x0C1A
_LONG_NAME, _SHORT_NAME, _TITLE, _MIME_TYPE = 0x3707, 0x3704, 0x3001, 0x370E
_DATA, _CONTENT_ID = 0x3701, 0x3712
_INTERNET_CODE_PAGE, _MESSAGE_CODE_PAGE = 0x3FDE, 0x3FFD
_UNICODE, _STRING8, _BINARY, _OBJECT, _INTEGER = 0x001F, 0x001E, 0x0102, 0x000D, 0x0003

_PROPERTIES: Final = "__properties_version1.0"
_ATTACHMENT: Final = "__attach_version1.0_#"
_HEAD_BYTES: Final = (32, 24)  # of the property stream: the message itself, one inside another
_UTF8_PAGE: Final = 65001
_DEPTH: Final = 3
_WORDS_BYTES: Final = 2_000_000

Place = tuple[str, ...]


def open_container(data: bytes, kind: str, _name: str, room: Room) -> Opened | Refusal:
    """Return a saved mail's words and attachments; a mail attached to it adds its own to both.

    A signed one keeps its MIME text as ``smime.eml`` or ``smime.p7m``: whoever asks opens that
    next. Never raises for what is merely broken.
    """
    taking = Taking(kind, len(data), room)
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            message = _Message(ole, taking)
            covers = message.read((), "", 0)
    except RefusedArchiveError as error:
        return error.refusal
    except NoRoomError:
        return refused("too-large", "its streams together are over the budget", kind)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  olefile raises whatever the broken bytes lead to
        return refused("damaged", f"broken msg: {type(error).__name__}", kind)
    first, *inner = covers
    forwarded = [text for each in inner for text in (each.subject, each.text) if text]
    cover = Cover(
        first.subject, first.sender, "\n\n".join(filter(None, (first.text, *forwarded))), first.html
    )
    return taking.mail(cover)


class _Message:
    """One OLE file under way: streams by property tag, with the code page of the message."""

    def __init__(self, ole: olefile.OleFileIO, taking: Taking) -> None:
        self._ole = ole
        self._taking = taking
        self._streams: dict[Place, Place] = {
            tuple(part.casefold() for part in path): tuple(path)
            for path in ole.listdir(streams=True, storages=True)
        }

    def read(self, place: Place, prefix: str, depth: int) -> list[Cover]:
        """Take the attachments of the message at a place; return its words, then the inner ones."""
        charset = self._charset(place, _HEAD_BYTES[bool(depth)])
        html = self._bytes(place, _HTML, _BINARY)[:_WORDS_BYTES]
        covers = [
            Cover(
                self._text(place, _SUBJECT, charset),
                self._sender(place, charset),
                self._text(place, _BODY, charset),
                decode_bytes(html, charset)[0] or self._text(place, _HTML, charset),
            )
        ]
        signed = self._text(place, _CLASS, charset).casefold().startswith("ipm.note.smime")
        for attachment in self._attachments(place):
            inner = (*attachment, f"__substg1.0_{_DATA:04X}{_OBJECT:04X}")
            if (*_folded(inner), _PROPERTIES) in self._streams:
                name = display_name(self._text(attachment, _TITLE, charset)) or "thư"
                name = f"{prefix}{name.removesuffix('.msg')}.msg"
                if depth < _DEPTH:
                    covers += self.read(inner, f"{name}/", depth + 1)
                else:
                    self._taking.leave("too-deep", name)
            else:
                self._take(attachment, prefix, charset, signed=signed)
        return covers

    def _take(self, place: Place, prefix: str, charset: str, *, signed: bool) -> None:
        texts = (self._text(place, tag, charset) for tag in (_LONG_NAME, _SHORT_NAME, _TITLE))
        name = self._taking.named(prefix + next(filter(None, texts), ""))
        kind = self._text(place, _MIME_TYPE, charset).casefold()
        path = self._path(place, _DATA, _BINARY)
        if name is None:
            return
        if path is None:  # a link to a file on a disk or in a cloud
            self._taking.leave("link", name)
            return
        if signed and kind == "multipart/signed":
            name = f"{prefix}smime.eml"
        inline = bool(self._text(place, _CONTENT_ID, charset)) and kind.startswith("image/")
        self._taking.take(name, _chunks(self._ole, path), inline=inline)

    def _attachments(self, place: Place) -> Iterator[Place]:
        depth = len(place) + 1
        found = {
            folded[:depth]: path[:depth]
            for folded, path in self._streams.items()
            if len(path) >= depth
            and folded[: depth - 1] == _folded(place)
            and folded[depth - 1].startswith(_ATTACHMENT)
        }
        return iter(found[key] for key in sorted(found))

    def _sender(self, place: Place, charset: str) -> str:
        addresses = (self._text(place, tag, charset) for tag in (_SENDER_ADDRESS, _SENDER_OTHER))
        mail = next((one for one in addresses if re.fullmatch(r"[^@\s/]+@[^@\s/]+", one)), "")
        return mail or self._text(place, _SENDER_NAME, charset)

    def _charset(self, place: Place, head: int) -> str:
        path = self._streams.get((*_folded(place), _PROPERTIES))
        properties = self._ole.openstream(list(path)).read(_WORDS_BYTES) if path else b""
        pages: dict[int, int] = {}
        for at in range(head, len(properties) - 15, 16):
            kind, tag, _, value = struct.unpack_from("<HHII", properties, at)
            if kind == _INTEGER:
                pages.setdefault(tag, value)
        page = pages.get(_INTERNET_CODE_PAGE) or pages.get(_MESSAGE_CODE_PAGE) or 0
        return "utf-8" if page == _UTF8_PAGE else f"cp{page}" if page else ""

    def _text(self, place: Place, tag: int, charset: str) -> str:
        wide = self._bytes(place, tag, _UNICODE)
        if wide:
            return wide[: len(wide) // 2 * 2].decode("utf-16-le", "replace").rstrip("\0")
        return decode_bytes(self._bytes(place, tag, _STRING8).rstrip(b"\0"), charset)[0]

    def _bytes(self, place: Place, tag: int, kind: int) -> bytes:
        path = self._path(place, tag, kind)
        return bytes(self._ole.openstream(list(path)).read(_WORDS_BYTES)) if path else b""

    def _path(self, place: Place, tag: int, kind: int) -> Place | None:
        path = self._streams.get((*_folded(place), f"__substg1.0_{tag:04x}{kind:04x}"))
        return path if path and self._ole.get_type(list(path)) == olefile.STGTY_STREAM else None


def _folded(place: Place) -> Place:
    return tuple(part.casefold() for part in place)


def _chunks(ole: olefile.OleFileIO, path: Place) -> Iterator[bytes]:
    stream = ole.openstream(list(path))
    return iter(lambda: stream.read(1 << 16), b"")
