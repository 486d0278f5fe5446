"""Start a program from outside with no network, no children and one folder to write into.

``python -m parsers.launch MEMORY_BYTES SECONDS FOLDER PROGRAM ARGUMENT …`` puts the kernel's limits
on itself and then becomes the program, so that the program never runs without them. Beside the
layers of ``confine`` there is a seccomp filter (Linux ≥ 3.5), which the program inherits and cannot
take off; without it the program is not started at all.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from parsers.confine import READ, RUN, WRITE, bind, limit

#: Exit status when this machine has no way to keep a program off the network.
UNGUARDED: Final = 78  # EX_CONFIG of sysexits.h
#: Largest file that the program may write.
_FILE_BYTES: Final = 200_000_000
_OPEN_FILES: Final = 256
#: What LibreOffice needs beside its own folder: never /etc as a whole, never /proc or /home, where
#: secrets of the daemon stand. ``/var/spool`` is where Debian's package keeps its extensions.
_LIBRARIES: Final = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")
_FILES: Final = (
    "/usr/share",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/libreoffice",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/var/cache/fontconfig",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/dev/null",
    "/dev/urandom",
)

# --- seccomp --------------------------------------------------------------------------------------

_PR_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000
#: Offsets in struct seccomp_data: call number, architecture, low halves of the arguments.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, (16, 24, 32)
_AF_UNIX: Final = 1
_CLONE_THREAD: Final = 0x10000
#: Bit of the calls of x32, a second table of the same processor.
_X32: Final = 0x40000000
_CLONE3, _IO_URING_SETUP = 435, 425
#: Machine → audit architecture; socket, clone, fork and vfork; access and where its mode stands.
_MACHINES: Final[dict[str, tuple[int, int, int, tuple[int, ...], int, int]]] = {
    "x86_64": (0xC000003E, 41, 56, (57, 58), 21, 1),
    "aarch64": (0xC00000B7, 198, 220, (), 48, 2),
}


def main(arguments: Sequence[str]) -> int:
    """Confine this process and become the program; return only if that cannot be."""
    memory_bytes, seconds, folder, *command = arguments
    limit(
        {
            resource.RLIMIT_AS: int(memory_bytes),
            resource.RLIMIT_CPU: int(seconds),
            resource.RLIMIT_FSIZE: _FILE_BYTES,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_NOFILE: _OPEN_FILES,
        }
    )
    libc = ctypes.CDLL(None, use_errno=True)
    own = str(Path(command[0]).parents[1])
    rules = dict.fromkeys((*_LIBRARIES, own), RUN) | dict.fromkeys(_FILES, READ) | {folder: WRITE}
    for ignored in (signal.SIGXFSZ, signal.SIGPIPE):  # by Python, and a program inherits that
        signal.signal(ignored, signal.SIG_DFL)
    if bind(libc, rules) and _filter_calls(libc):
        os.execve(command[0], command, dict(os.environ))  # noqa: S606  the purpose of this program
    return UNGUARDED


def _filter_calls(libc: ctypes.CDLL) -> bool:
    program = _instructions()
    code = ctypes.create_string_buffer(b"".join(program))
    head = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    return bool(program) and libc.prctl(_PR_SET_SECCOMP, _FILTER, head, 0, 0) == 0


def _instructions() -> list[bytes]:
    """Return the filter (classic BPF), empty on a machine whose calls are not known here.

    Refused: every socket but a local one, io_uring (it opens sockets unseen), new processes.
    ``access`` to write is refused too: it knows nothing of Landlock and would tell LibreOffice
    that /tmp may take its pipe; told no, it puts the pipe where ``OSL_SOCKET_PATH`` says.
    """
    known = _MACHINES.get(platform.machine())
    if known is None:
        return []
    architecture, socket, clone, forks, access, mode = known
    return [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, skip_false=2),
        _step(_LOAD, _NUMBER),
        _step(_ANY_BIT, _X32, skip_false=1),
        _fail(errno.ENOSYS),
        # C libraries take ENOSYS of clone3 as "old kernel" and use clone, whose flags can be seen.
        *_refuse(_CLONE3, errno.ENOSYS),
        *_refuse(_IO_URING_SETUP, errno.ENOSYS),
        *(step for call in forks for step in _refuse(call, errno.EPERM)),
        *_refuse_unless(clone, 0, _step(_ANY_BIT, _CLONE_THREAD, skip_true=1), errno.EPERM),
        *_refuse_unless(socket, 0, _step(_EQUAL, _AF_UNIX, skip_true=1), errno.EACCES),
        *_refuse_unless(access, mode, _step(_EQUAL, os.W_OK, skip_false=1), errno.EACCES),
        _step(_RETURN, _ALLOW),
    ]


def _refuse(call: int, error: int) -> list[bytes]:
    return [_step(_EQUAL, call, skip_false=1), _fail(error)]


def _refuse_unless(call: int, argument: int, test: bytes, error: int) -> list[bytes]:
    """Return the steps that fail a call, unless the test of an argument skips that."""
    return [
        _step(_EQUAL, call, skip_false=4),
        _step(_LOAD, _ARGUMENTS[argument]),
        test,
        _fail(error),
        _step(_LOAD, _NUMBER),
    ]


def _fail(error: int) -> bytes:
    return _step(_RETURN, _FAIL | error)


def _step(code: int, value: int, *, skip_true: int = 0, skip_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, skip_true, skip_false, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
