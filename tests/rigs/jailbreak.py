"""What code that took over a reader would try, one by one: ``ATTEMPTS[name](World)``.

An attempt returns what it got ("open …") or raises ``OSError`` and the like where it was denied.
Only the standard library: the file also runs where nothing else can be read, as the program that
``parsers.launch`` starts (``python jailbreak.py PARENT OUTSIDE`` writes ``told.json``).
"""
# The attempts are calls of the kernel, not of a library.
# ruff: noqa: PTH104, PTH108, PTH208, PTH211, S108, S606

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
#: Numbers that are the same on every machine, and those that are not (x86_64, aarch64).
PIDFD_OPEN, IO_URING_SETUP, CLONE3, OPENAT2 = 434, 425, 435, 437
_OLD = {
    "clone": (56, 220),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "process_vm_readv": (310, 270),
    "memfd_create": (319, 279),
    "name_to_handle_at": (303, 264),
    "mq_open": (240, 180),
}
_CLONE_NEWUSER, _SIGCHLD = 0x10000000, 17


@dataclass(frozen=True)
class World:
    """The daemon's process, and a folder of its own files: ``secret.txt`` stands in it."""

    parent: int
    outside: Path


def _number(call: str) -> int:
    return _OLD[call][os.uname().machine == "aarch64"]


def _call(number: int, *arguments: object) -> int:
    """Make a call of the kernel past all libraries; raise what it answers."""
    ctypes.set_errno(0)
    result = LIBC.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"call {number}")
    return result


def _libc(name: str, *arguments: object) -> int:
    ctypes.set_errno(0)
    result = getattr(LIBC, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def _connect(family: int, kind: int, address: object) -> None:
    with socket.socket(family, kind) as end:
        end.settimeout(2)
        end.connect(address)


def _child(pid: int) -> str:
    """Where a process was made after all: end it at once."""
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f"a process {pid}"


def _thread() -> None:
    threading.Thread(target=time.sleep, args=(0,)).start()


def _many_files() -> int:
    opened: list[int] = []
    try:
        while len(opened) < 1_000:
            opened.append(os.open("/", os.O_PATH))
    finally:
        for handle in opened:
            os.close(handle)
    return len(opened)


def _secret(world: World) -> Path:
    return world.outside / "secret.txt"


def _outlive() -> int:
    _libc("prctl", 1, 0, 0, 0, 0)
    return 0


_O = os.O_WRONLY | os.O_CREAT
_WORLD_WIDE = 0o644

#: Name → attempt. Grouped: network, files written, files read, processes, the parent, the kernel.
NETWORK: dict[str, Callable[[World], object]] = {
    "tcp": lambda _: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 9)),
    "tcp over IPv6": lambda _: _connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 9)),
    "udp": lambda _: _connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 53)),
    "unix socket": lambda w: _connect(socket.AF_UNIX, socket.SOCK_STREAM, str(w.outside / "s")),
    "abstract socket": lambda w: _connect(
        socket.AF_UNIX, socket.SOCK_STREAM, f"\0intake-{w.parent}"
    ),
    "netlink": lambda _: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "raw socket": lambda _: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "vsock": lambda _: socket.socket(40, socket.SOCK_STREAM),
}
SOCKET_PAIR: dict[str, Callable[[World], object]] = {"socket pair": lambda _: socket.socketpair()}
WRITING: dict[str, Callable[[World], object]] = {
    "write in /tmp": lambda w: os.open(f"/tmp/intake-{w.parent}", _O),
    "write in /dev/shm": lambda w: os.open(f"/dev/shm/intake-{w.parent}", _O),
    "write among the daemon's files": lambda w: os.open(w.outside / "new.txt", _O),
    "append": lambda w: os.open(_secret(w), os.O_WRONLY | os.O_APPEND),
    "open for both": lambda w: os.open(_secret(w), os.O_RDWR),
    "cut short": lambda w: os.truncate(_secret(w), 0),
    "unlink": lambda w: os.unlink(_secret(w)),
    "rename": lambda w: os.rename(_secret(w), w.outside / "other.txt"),
    "hard link": lambda w: os.link(_secret(w), w.outside / "other.txt"),
    "symbolic link": lambda w: os.symlink("/etc/passwd", w.outside / "link"),
    "make a folder": lambda w: (w.outside / "folder").mkdir(),
    "make a pipe": lambda w: os.mkfifo(w.outside / "pipe"),
    "openat2": lambda w: _call(
        OPENAT2, -100, bytes(w.outside / "new.txt"), (ctypes.c_uint64 * 3)(_O, _WORLD_WIDE, 0), 24
    ),
}
CHANGING: dict[str, Callable[[World], object]] = {
    "write in its own folder": lambda w: os.open(f"intake-{w.parent}", _O),
    "write to a device": lambda _: os.open("/dev/null", os.O_WRONLY),
    "unnamed file": lambda _: os.open("/tmp", os.O_TMPFILE | os.O_RDWR),
    "memory as a file": lambda _: _call(_number("memfd_create"), b"x", 0),
    "change rights": lambda w: _secret(w).chmod(0o777),
    "change times": lambda w: os.utime(_secret(w)),
    "change attributes": lambda w: os.setxattr(_secret(w), "user.x", b"x"),
}
READING: dict[str, Callable[[World], object]] = {
    "the users' passwords": lambda _: Path("/etc/shadow").read_bytes(),
    "the daemon's files": lambda w: _secret(w).read_bytes(),
    "names of the daemon's files": lambda w: os.listdir(w.outside),
    "names of /": lambda _: os.listdir("/"),
    "the daemon's environment": lambda w: Path(f"/proc/{w.parent}/environ").read_bytes(),
    "its own environment": lambda _: Path("/proc/self/environ").read_bytes(),
    "the daemon's memory": lambda w: os.open(f"/proc/{w.parent}/mem", os.O_RDONLY),
    "who else runs": lambda _: os.listdir("/proc"),
    "file by handle": lambda w: _call(
        _number("name_to_handle_at"), -100, bytes(_secret(w)), ctypes.create_string_buffer(200), 0
    ),
}
USERS: dict[str, Callable[[World], object]] = {
    "the users": lambda _: Path("/etc/passwd").read_bytes(),
}
PROCESSES: dict[str, Callable[[World], object]] = {
    "fork": lambda _: _child(os.fork()),
    "clone": lambda _: _child(_call(_number("clone"), _SIGCHLD, 0, 0, 0, 0)),
    "clone3": lambda _: _call(CLONE3, (ctypes.c_uint64 * 8)(0, 0, 0, 0, _SIGCHLD), 64),
    "start a program": lambda _: subprocess.run(["/bin/true"], check=True),
    "become a program": lambda _: os.execv("/bin/true", ["true"]),
    "open 1,000 files": lambda _: _many_files(),
}
THREADS: dict[str, Callable[[World], object]] = {
    "thread": lambda _: _thread(),
}
PARENT: dict[str, Callable[[World], object]] = {
    "signal to the daemon": lambda w: os.kill(w.parent, signal.SIGCONT),
    "signal to all": lambda _: os.kill(-1, 0),
    "handle of the daemon": lambda w: _call(PIDFD_OPEN, w.parent, 0),
    "trace the daemon": lambda w: _libc("ptrace", 16, w.parent, 0, 0),
    "read the daemon's memory": lambda w: _call(
        _number("process_vm_readv"), w.parent, 0, 0, 0, 0, 0
    ),
    "limit the daemon": lambda w: resource.prlimit(w.parent, resource.RLIMIT_NOFILE),
    "slow the daemon down": lambda w: os.setpriority(os.PRIO_PROCESS, w.parent, 5),
    "bind the daemon to a processor": lambda w: os.sched_setaffinity(w.parent, {0}),
    "outlive the daemon": lambda _: _outlive(),
}
KERNEL: dict[str, Callable[[World], object]] = {
    "io_uring": lambda _: _call(IO_URING_SETUP, 1, ctypes.create_string_buffer(200)),
    "namespace": lambda _: _libc("unshare", _CLONE_NEWUSER),
    "enter a namespace": lambda _: _libc("setns", 0, 0),
    "mount": lambda w: _libc("mount", b"x", bytes(w.outside), b"tmpfs", 0, None),
    "other root": lambda w: os.chroot(w.outside),
    "bpf": lambda _: _call(_number("bpf"), 0, ctypes.create_string_buffer(100), 100),
    "keys": lambda _: _call(_number("keyctl"), 0, -3, 1),
    "measure": lambda _: _call(
        _number("perf_event_open"), ctypes.create_string_buffer(200), 0, -1, -1, 0
    ),
    "page faults": lambda _: _call(_number("userfaultfd"), 1),
    "shared memory": lambda _: _libc("shmget", 0, 1 << 20, 0o1600),
    "message queue": lambda _: _call(_number("mq_open"), b"intake-rig", 0o102, 0o600, None),
    "more memory": lambda _: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)),
    "call of another table": lambda _: _call(0x40000000 | 41, 2, 1, 0),
    "call that nobody knows": lambda _: _call(600),
}


def outcome(attempt: Callable[[World], object], world: World) -> str:
    """Return "denied: …" with the kernel's reason, or "open: …" with what it got."""
    try:
        return f"open: {attempt(world)!r:.100}"
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "errno", None)
        return f"denied: {os.strerror(reason) if reason else error}"


ATTEMPTS = {
    **NETWORK,
    **SOCKET_PAIR,
    **WRITING,
    **CHANGING,
    **READING,
    **USERS,
    **PROCESSES,
    **THREADS,
    **PARENT,
    **KERNEL,
}

if __name__ == "__main__":
    where = World(int(sys.argv[1]), Path(sys.argv[2]))
    told = {name: outcome(attempt, where) for name, attempt in ATTEMPTS.items()}
    Path("told.json").write_text(json.dumps(told), "utf-8")
