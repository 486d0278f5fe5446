"""RAR and 7z by libarchive, streamed from memory.

The bindings' own iterator takes a warning of ``read_data`` (-20) for a length, so the loop is ours.
"""

import ctypes
import os
from collections.abc import Iterator
from typing import Any, Final

from parsers import rar
from parsers.archive import Taking
from parsers.container import LeftOutCode

# In the jail nothing can be started, and ctypes finds a library by starting ldconfig.
os.environ.setdefault("LIBARCHIVE", "libarchive.so.13")

from libarchive import ArchiveError, ffi
from libarchive.entry import ArchiveEntry
from libarchive.read import new_archive_read

_CHUNK: Final = 1 << 16
_WARNED: Final = -20
_REGULAR: Final = 0o100000
_FOLDER: Final = 0o040000

_format = ffi.libarchive.archive_format
_locked = ffi.libarchive.archive_read_has_encrypted_entries
for _function in (_format, _locked):
    _function.argtypes = [ctypes.c_void_p]
    _function.restype = ctypes.c_int


def take_all(data: bytes, form: str, taking: Taking, look: rar.Look | None = None) -> None:
    """Take every file of an archive of this libarchive format.

    ``look`` is what the headers of a RAR say of its entries, in the same order.

    Raises:
        RefusedArchiveError: encrypted, too many, a bomb, or broken before its first member.
    """
    with new_archive_read(form, "none") as pointer:
        number = 0
        try:
            ffi.read_open_memory(
                pointer, ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p), len(data)
            )
            entry = ArchiveEntry(pointer)
            while ffi.read_next_header2(pointer, _c(entry)) != ffi.ARCHIVE_EOF:
                _take(pointer, entry, taking, _known(look, number))
                number += 1
                entry = ArchiveEntry(pointer)
            if look and not look.whole:
                taking.leave("damaged", _rest(look, number))
        except ArchiveError:
            # The end of what can be read; whatever comes after it has not even a name.
            code: LeftOutCode = "encrypted" if _has_encrypted(pointer) else "damaged"
            if code == "damaged" and look and look.version == 4 and look.solid:  # noqa: PLR2004  RAR 4
                code = "unsupported"
            if number == 0:
                raise taking.refused(code, f"libarchive cannot open it as {form}") from None
            taking.leave(code, _rest(look, number))


def _take(pointer: Any, entry: ArchiveEntry, taking: Taking, known: rar.Entry) -> None:
    if entry.filetype == _FOLDER:
        return
    name = taking.named(entry.pathname or b"")
    if name is None:
        return
    if known.encrypted:
        taking.leave("encrypted", name)
    elif known.copy:
        taking.leave("same-file", name)
    elif entry.filetype != _REGULAR or entry.linkpath:
        taking.leave("link", name)
    else:
        try:
            taking.take(name, _chunks(pointer), known.crc)
        except ArchiveError:
            taking.leave("encrypted" if _has_encrypted(pointer) else "damaged", name)


def _has_encrypted(pointer: Any) -> bool:
    # Asked of an archive whose format was not found, libarchive 3.6 follows a null pointer.
    return bool(_format(pointer)) and _locked(pointer) == 1


def _chunks(pointer: Any) -> Iterator[bytes]:
    buffer = ctypes.create_string_buffer(_CHUNK)
    while size := ffi.read_data(pointer, buffer, _CHUNK):
        if size < 0:
            raise ArchiveError("a warning amid the data", retcode=_WARNED)
        yield buffer.raw[:size]


def _c(entry: ArchiveEntry) -> Any:
    return entry._entry_p  # noqa: SLF001  the bindings' own reader does the same, and has the flaw above


def _known(look: rar.Look | None, number: int) -> rar.Entry:
    if look is None:
        return rar.Entry()
    # More entries than headers: they do not belong together, and nothing is believed.
    return look.entries[number] if number < len(look.entries) else rar.Entry(encrypted=True)


def _rest(look: rar.Look | None, number: int) -> str:
    left = len(look.entries) - number if look else 0
    return f"{left} tệp còn lại" if left > 0 else "các tệp còn lại"
