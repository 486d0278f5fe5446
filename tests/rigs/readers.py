"""An office's readers outlive it: the next office of the test process goes on with them.

To start a worker of the jail takes as long as all else that a letter's test computes. A worker is
made to read one document after another, so whose they are is nothing to it: only what it was
started with must be the same. Which thread started it matters as well, for it ends with that one
(``parsers.jail``): all of them are started by one that stays.
"""

import queue
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from parsers.jail import Jail
from parsers.worker import Worker

_Started = tuple[object, ...]


class _Starter(ThreadPoolExecutor):
    """Stays when a jail is closed that was made for another config."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: the thread ends with the process."""


_starter = _Starter(1, thread_name_prefix="kept-jail-starter")
_kept: dict[_Started, list[Worker]] = defaultdict(list)
#: Of each kind; more than most tests have at work at once.
_MOST = 2


@contextmanager
def kept(reader: object) -> Iterator[None]:
    """Begin with a worker that another office left, and leave those that are idle at the end."""
    if not isinstance(reader, Jail):
        yield
        return
    own, reader._starter = reader._starter, _starter
    stock = _kept[_started_with(reader)]
    slots = _all(reader._slots)
    while stock and None in slots:
        slots.remove(None)
        slots.append(stock.pop())  # the last one is the first to be asked
    _put(reader._slots, slots)
    try:
        yield
    finally:
        reader._starter = own
        slots = _all(reader._slots)
        left = [one for one in slots if one is not None and one.alive]
        stock += left[: max(0, _MOST - len(stock))]
        _put(reader._slots, [None if one in stock else one for one in slots])


def _started_with(reader: Jail) -> _Started:
    limits = reader.limits
    return (
        reader._command,
        limits.memory_bytes,
        limits.output_bytes,
        limits.document.document_bytes,
    )


def _all(slots: "queue.LifoQueue[Worker | None]") -> list[Worker | None]:
    """Take out what lies there; what is at work is not there, and is ended with its office."""
    found = []
    while True:
        try:
            found.append(slots.get_nowait())
        except queue.Empty:
            return found[::-1]


def _put(slots: "queue.LifoQueue[Worker | None]", workers: list[Worker | None]) -> None:
    for one in workers:
        slots.put(one)
