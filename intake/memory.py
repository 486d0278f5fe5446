"""Memory of processes that run for weeks, and of those that end at once."""

import atexit
import contextlib
import ctypes
import functools
import gc
from collections.abc import Callable, Iterator

#: Python's own 700 make it look through all modules again and again while they are imported.
_OBJECTS_BETWEEN_LOOKS = 200_000


def soon_over() -> None:
    """Hardly look for garbage from now on, and not at the end: for a command that ends soon.

    A quarter of its time otherwise. What is left goes with the process.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    atexit.register(gc.freeze)


@contextlib.contextmanager
def growing() -> Iterator[None]:
    """Meanwhile look for no cycles: for work that makes much, all of which lives until its end."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


def give_back() -> None:
    """Return freed memory to the system, where the C library can (glibc); some milliseconds.

    What one huge mail took must not stay taken for weeks.
    """
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", lambda _keep: 0)
    return trim
