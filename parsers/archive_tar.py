"""tar by the standard library, plain or inside a compressed stream, read once from front to end.

Not by libarchive, which stops at the tar's own end and never sees the stream's checksum.
"""

import tarfile
from typing import IO, Final, Protocol, cast

from parsers.archive import BROKEN, NoRoomError, Taking

_CHUNK: Final = 1 << 16


class Stream(Protocol):
    """Whatever can be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


class _Counted:
    """A stream whose bytes are counted, also those between the members."""

    def __init__(self, stream: Stream, taking: Taking) -> None:
        self._stream = stream
        self._taking = taking
        self.name = ""  # of the member that is being read

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._taking.count(len(piece), self.name)
        return piece


def take_all(stream: Stream, taking: Taking) -> None:
    """Take every file of a tar, and read on to the stream's own checksum at its end.

    Raises:
        RefusedArchiveError: too many, a bomb, or broken anywhere: of a stream whose checksum is
            wrong nobody knows which member is.
        NoRoomError: the budget of all members together is used up.
    """
    counted = _Counted(stream, taking)
    try:
        with tarfile.open(
            fileobj=cast("IO[bytes]", counted), mode="r|", errors="surrogateescape"
        ) as archive:
            for entry in archive:
                _take(archive, entry, taking, counted)
        while counted.read(_CHUNK):
            pass
    except NoRoomError:
        raise
    except (tarfile.TarError, *BROKEN) as error:
        raise taking.refused("damaged", f"broken tar: {type(error).__name__}") from error


def _take(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, taking: Taking, counted: _Counted
) -> None:
    if entry.isdir():
        return
    name = taking.named(entry.name.encode("utf-8", "surrogateescape"))
    if name is None:
        return
    counted.name = name
    content = archive.extractfile(entry) if entry.isreg() else None
    if content is None:
        taking.leave("link", name)
    else:
        taking.take(name, iter(lambda: content.read(_CHUNK), b""), counted=True)
