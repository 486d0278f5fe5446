"""A worker as the jail starts it, whose reader was taken over: ``python broken_reader.py MEMORY``.

The document says what to do: ``{"attempt": …, "parent": …, "outside": …}`` of ``jailbreak``, or
``{"end": …}``, a way to die.
"""

import _thread
import contextlib
import ctypes
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

import parsers
import parsers.serve
from parsers.reading import Refusal

sys.path.insert(0, str(Path(__file__).parent))

import jailbreak

GIGABYTE = 1 << 30


def _sleep() -> None:
    time.sleep(3600)


def _spin() -> None:
    while True:
        pass


def _use_up_processor_time() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
    _spin()


def _memory() -> None:
    kept = []
    while True:
        kept.append(bytearray(100_000_000))


def _memory_in_c() -> None:
    """What a Rust reader does when it gets no memory."""
    os.write(2, b"memory allocation of 1200000000 bytes failed\n")
    os.abort()


def _recurse(depth: int = 0) -> int:
    return _recurse(depth + 1) + 1


def _print_for_ever(handle: int) -> None:
    line = b"x" * 1_000_000
    for _ in range(GIGABYTE // len(line)):
        with contextlib.suppress(BlockingIOError):
            os.write(handle, line)
    raise LookupError("wrote it all")


def _close_and_go_on() -> None:
    os.closerange(0, 64)
    _sleep()


def _threads() -> None:
    """As many threads as there will be, with next to no stack each, and all of them stay."""
    threading.stack_size(1 << 15)
    with contextlib.suppress(RuntimeError, MemoryError):  # the parent was slower than its limits
        while True:
            _thread.start_new_thread(_sleep, ())
    _sleep()


ENDS = {
    "sleep": _sleep,
    "spin": _spin,
    "processor time": _use_up_processor_time,
    "memory": _memory,
    "memory in C": _memory_in_c,
    "recursion": _recurse,
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit": lambda: os._exit(7),
    "stdout": lambda: _print_for_ever(1),
    "stderr": lambda: _print_for_ever(2),
    "close": _close_and_go_on,
    "threads": _threads,
    "answer of 20 MB": lambda: "x" * 20_000_000,
}


def read(data: bytes, *_: object, **__: object) -> Refusal:
    """Stand in for ``parsers.read``: do what the document says."""
    wanted = json.loads(data[data.index(b"{") :])
    if "end" in wanted:
        return Refusal("unreadable", "", str(ENDS[wanted["end"]]()))
    world = jailbreak.World(wanted["parent"], Path(wanted["outside"]))
    told = jailbreak.outcome(jailbreak.ATTEMPTS[wanted["attempt"]], world)
    return Refusal("unsupported", "", told)


parsers.read = read
sys.exit(parsers.serve.main(sys.argv[1:]))
