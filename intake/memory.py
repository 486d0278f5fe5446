"""Give memory back to the system: what one huge mail took must not stay taken for weeks."""

import ctypes
import functools
from collections.abc import Callable


def give_back() -> None:
    """Return freed memory to the system, where the C library can (glibc); some milliseconds."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", lambda _keep: 0)
    return trim
