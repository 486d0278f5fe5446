"""The standard streams of a process that must go on without them: closed, broken or full."""

import contextlib
import io
import os
import sys

_STDERR = 2


class Unheard(io.TextIOBase):
    """A stream to a file descriptor; what cannot be written there is dropped, in silence.

    Nothing is buffered, so that lines which found no room do not pile up.
    """

    def __init__(self, descriptor: int = _STDERR) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        """Write all of it, or as much as there is room for."""
        rest = memoryview(text.encode("utf-8", "backslashreplace"))
        with contextlib.suppress(OSError):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        return len(text)

    def writable(self) -> bool:
        """It always is, as far as the caller is concerned."""
        return True


def keep_standard_streams() -> None:
    """Open what is closed of stdin, stdout and stderr, to nowhere.

    Else the next file to be opened, which may be the registry, would get the number of stderr, and
    whatever a library or a child process complains about would be written into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # Takes the lowest free number, which is this one. Children get it too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.dup(number), "w", encoding="utf-8"))
