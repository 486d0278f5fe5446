"""The lease: one daemon per registry. Held by the system's lock, so that a kill releases it."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Held(Exception):  # noqa: N818  an expected answer, not a fault
    """Another process holds the lease. ``pid`` is its process id, None if it cannot be read."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"the registry is in use by {holder}: stop that daemon first")


class Lease:
    """The right to be the only daemon on a folder, from ``with`` (or `take`) to its end.

    Raises `Held` on entry when somebody else has it. The file stays: removing it would let two
    processes lock two different files of one name.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "daemon.lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lease, at once or not at all.

        Raises:
            Held: another process (or another `Lease` in this one) has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _pid(os.read(descriptor, 32))
            os.close(descriptor)
            raise Held(holder) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lease back; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _pid(text: bytes) -> int | None:
    return int(text) if text.strip().isdigit() else None
