"""Start a program from outside with no network, no children and one folder to write into.

``python -m parsers.launch MEMORY_BYTES SECONDS FOLDER PROGRAM ARGUMENT …`` puts the kernel's limits
on itself and then becomes the program, so that the program never runs without them. Beside the
layers of ``confine`` there is the filter of ``seccomp.OFFICE``, which the program inherits and
cannot take off; without it the program is not started at all.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from parsers.confine import READ, RUN, WRITE, bind, limit
from parsers.seccomp import OFFICE, install

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
    if bind(libc, rules) and install(libc, OFFICE):
        os.execve(command[0], command, dict(os.environ))  # noqa: S606  the purpose of this program
    return UNGUARDED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
