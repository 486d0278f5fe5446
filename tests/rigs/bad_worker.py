"""A worker that misbehaves on purpose: ``python bad_worker.py WAY MEMORY``."""

import os
import resource
import signal
import struct
import sys
import time

FRAME = struct.Struct(">II")


def say(text: bytes, data: bytes = b"") -> None:
    """Send one framed answer."""
    os.write(1, FRAME.pack(len(text), len(data)) + text + data)


def hear() -> bool:
    """Take one message; false when there is no more."""
    head = sys.stdin.buffer.read(FRAME.size)
    if head:
        sys.stdin.buffer.read(sum(FRAME.unpack(head)))
    return bool(head)


def ask() -> None:
    """Ask for a conversion of a kind that nobody converts."""
    say(b'{"convert": ["nonsense", "docx"]}', b"any")


def ask_for_ever() -> None:
    """Never be content with the answer."""
    ask()
    while hear():
        ask()


def ask_and_hang() -> None:
    """Ask once, and go on for ever."""
    ask()
    hear()
    hang()


def ask_and_die() -> None:
    """Ask, and do not wait for the answer."""
    ask()
    os._exit(4)


def ask_too_much() -> None:
    """Ask for the conversion of a gigabyte."""
    text = b'{"convert": ["doc", "docx"]}'
    os.write(1, FRAME.pack(len(text), 1 << 30) + text)
    hang()


def pages() -> None:
    """Want two pages of a scan read."""
    say(b'{"pages": [0, 1], "most": 4}')


def pages_for_ever() -> None:
    """Want pages read instead of reading one."""
    pages()
    while hear():
        pages()


def pages_and_die() -> None:
    """Want pages read, and die of the first."""
    pages()
    hear()
    os.abort()


def pages_and_hang() -> None:
    """Want pages read, and never read one."""
    pages()
    hang()


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
    "ask-for-ever": ask_for_ever,
    "ask-and-hang": ask_and_hang,
    "ask-and-die": ask_and_die,
    "ask-too-much": ask_too_much,
    "pages-for-ever": pages_for_ever,
    "pages-and-die": pages_and_die,
    "pages-and-hang": pages_and_hang,
    "ask-nonsense": lambda: say(b'{"convert": 5}'),
    "babble": lambda: say(b"no json at all"),
    "deep": lambda: say(b"[" * 500_000),
    "huge-frame": lambda: os.write(1, b"\xff" * FRAME.size + b"x" * 100),
    "cut": lambda: os.write(1, FRAME.pack(100, 0) + b'{"reading"'),
    "half-letter": lambda: say(
        b'{"refusal": {"code": "empty", "message": "\\ud800", "detail": "", "kind": "x"}, '
        b'"again": true}'
    ),
    "other-code": lambda: say(
        b'{"refusal": {"code": "fine", "message": "", "detail": "", "kind": "x"}, "again": true}'
    ),
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
        if hear():
            WAYS[way]()


main()
