"""Give memory back to the system: what one huge mail took must not stay taken for weeks.

And do not go through all of it again and again while it grows.
"""

import contextlib
import ctypes
import functools
import gc
from collections.abc import Callable, Iterator


def give_back() -> None:
    """Return freed memory to the system, where the C library can (glibc); some milliseconds."""
    _trim()(0)


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


@functools.cache
def _trim() -> Callable[[int], object]:
    trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", lambda _keep: 0)
    return trim
