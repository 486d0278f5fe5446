"""A worker that misbehaves on purpose: ``python bad_worker.py WAY MEMORY``."""

import os
import resource
import signal
import struct
import sys
import time

FRAME = struct.Struct(">II")


def say(text: bytes) -> None:
    """Send one framed answer."""
    os.write(1, FRAME.pack(len(text), 0) + text)


def hang() -> None:
    """Never answer."""
    time.sleep(3600)


def fork_and_hang() -> None:
    """Never answer, and have a child that does not either."""
    os.fork()
    hang()


def fork_and_die() -> None:
    """Leave a child behind that holds the pipe open."""
    if os.fork() == 0:
        hang()
    os._exit(3)


def flood() -> None:
    """Announce a gigabyte and begin to send it."""
    os.write(1, FRAME.pack(1 << 30, 0))
    while True:
        os.write(1, b"x" * 65536)


def spin() -> None:
    """Use up the processor time."""
    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    while True:
        pass


WAYS = {
    "hang": hang,
    "fork-and-hang": fork_and_hang,
    "fork-and-die": fork_and_die,
    "flood": flood,
    "spin": spin,
    "abort": os.abort,
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "babble": lambda: say(b"no json at all"),
    "lie": lambda: say(b'{"reading": {"kind": 5}, "again": true}'),
}


def main() -> None:
    """Say hello and misbehave at the first request."""
    way = sys.argv[1]
    if way == "mute":
        time.sleep(3600)
    if way != "stillborn":
        say(b'{"layers": []}')
        if way == "deaf":
            time.sleep(3600)
        head = sys.stdin.buffer.read(FRAME.size)
        if head:
            sys.stdin.buffer.read(sum(FRAME.unpack(head)))
            WAYS[way]()


main()
