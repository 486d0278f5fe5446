"""What a worker process may do: the kernel's limits, put on by the worker itself.

The layers, from outside in: resource limits; death with the parent; no new privileges, and none of
root's; Landlock (Linux ≥ 5.13): no file but below the interpreter's own folders, none to write, no
TCP; the calls of ``seccomp.READER``. The last two are left out where the kernel has none.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from parsers.seccomp import ALONE, READER, install

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_ABI_TCP: Final = 4
_ABI_SCOPE: Final = 6
#: Access rights of Landlock (linux/landlock.h).
READ: Final = (1 << 2) | (1 << 3)
RUN: Final = READ | (1 << 0)
#: Read, write, make and remove files, folders and sockets, rename across folders, cut short.
WRITE: Final = READ | (1 << 1) | 0b1110110000 | (1 << 13) | (1 << 14)
#: The rights that a rule for a single file may have.
_OF_A_FILE: Final = 0b111 | (1 << 14)
#: Access rights that each Landlock ABI knows (linux/landlock.h); a later one is treated as 5.
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_OPEN_FILES: Final = 64


#: Every layer, and what it denies that no other one does.
LAYERS: Final = {
    "rlimits": "a reader may use all memory, processors and disks",
    "no-new-privs": "a reader may gain privileges",
    "landlock": "a reader that was taken over may read every file that the daemon may",
    "seccomp": "a reader that was taken over may use the network and start programs",
}


def missing_layers(layers: Collection[str]) -> dict[str, str]:
    """Return the layers that are not among these, each with what that means."""
    return {layer: meaning for layer, meaning in LAYERS.items() if layer not in layers}


def confine(memory_bytes: int) -> tuple[str, ...]:
    """Put every layer that this kernel has on the calling process; return their names.

    Never loosens, cannot be undone, and is the same for root and for an ordinary user.
    """
    limit(
        {
            resource.RLIMIT_AS: memory_bytes,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_NOFILE: _OPEN_FILES,
        }
    )
    libc = ctypes.CDLL(None, use_errno=True)
    layers = ("rlimits", *bind(libc, dict.fromkeys(_readable(), READ)))
    if install(libc, READER):
        return (*layers, "seccomp")
    limit({resource.RLIMIT_NPROC: 0})  # binds ordinary users only
    return layers


@cache
def stay_alone() -> None:
    """Start no thread from now on; without seccomp nothing changes."""
    install(ctypes.CDLL(None), ALONE)


def bind(libc: ctypes.CDLL, folders: Mapping[str, int]) -> tuple[str, ...]:
    """Tie the process to its parent's life, to its privileges and to these paths' rights."""
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    landlock = _landlock(libc, folders)
    # Without capabilities root cannot raise its limits again.
    libc.capset(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24))
    return ("no-new-privs", "landlock") if landlock else ("no-new-privs",)


def allow_seconds(seconds: float) -> None:
    """Let the process use this much processor time from now on; then SIGXCPU ends it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # Whole seconds, of which the kernel counts what was used: a second more, so that who computes
    # all the time is told by the parent's clock, as who only waits.
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def limit(limits: Mapping[int, int]) -> None:
    """Lower the process's resource limits (``RLIMIT_…`` → value), soft and hard."""
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowered, lowered))


def _landlock(libc: ctypes.CDLL, folders: Mapping[str, int]) -> bool:
    abi = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if abi < 1:
        return False
    rights = (1 << _RIGHTS.get(abi, 16)) - 1
    fields = [rights]
    if abi >= _ABI_TCP:
        fields.append(0b11)  # bind and connect over TCP
    if abi >= _ABI_SCOPE:
        fields.append(0b11)  # abstract unix sockets, signals
    attributes = struct.pack(f"<{len(fields)}Q", *fields)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        for path, allowed in folders.items():
            _allow(libc, ruleset, path, allowed & rights)
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _readable() -> set[str]:
    own = str(Path(__file__).resolve().parent)
    return {
        own,
        sys.prefix,
        sys.base_prefix,
        *(path for path in sys.path if path.endswith(("site-packages", "dist-packages"))),
        "/usr/lib",
        "/lib",
        "/lib64",
        "/usr/share/zoneinfo",
        "/usr/share/tesseract-ocr",
        *filter(None, [os.environ.get("TESSDATA_PREFIX")]),
    }


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not Path(path).is_dir():
                rights &= _OF_A_FILE
            libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, struct.pack("<Qi", rights, handle), 0)
        finally:
            os.close(handle)
