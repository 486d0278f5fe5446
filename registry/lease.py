"""The lease: one daemon per registry. Held by the system's lock, so that a kill releases it.

Where the registry is a server's, `registry.server_lease` has the lease of the same shape.
"""

import contextlib
import errno
import fcntl
import getpass
import json
import os
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.errors import RegistryProblem

NAME = "daemon.lock"
#: Among the leases on a server: the daemon that works; the others are those that stand by.
DAEMON = "daemon"
STANDBY = "standby "
#: How often a waiting daemon looks whether the holder is gone.
LOOK_SECONDS = 1.0
#: How often it says again that it still waits.
TELL_EVERY = 300
#: `holder` locks the file for a moment to look: a refusal counts only when it lasts longer.
_LOOKS = 4
_MOMENT_SECONDS = 0.02
_NOTE_BYTES = 512
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who wrote the lock file. What cannot be read is None or empty, never guessed."""

    pid: int | None = None
    host: str = ""
    account: str = ""
    since: str = ""

    def __str__(self) -> str:
        """Return it for a log line: ``process 12 of intake on mail1 since 2026-11-26T07:00:00``."""
        words = f"process {self.pid}" if self.pid else "another process"
        words += f" of {self.account}" if self.account else ""
        words += f" on {self.host}" if self.host and self.host != socket.gethostname() else ""
        return words + (f" since {self.since}" if self.since else "")


@dataclass(frozen=True, slots=True)
class Tenure:
    """One process that holds a lease or stands by, as the server sees it at this moment.

    ``renewed_seconds`` ago it gave its last sign of life; ``left_seconds`` (negative: past) until
    its end. ``code`` is the fingerprint of the code that reads documents there.
    """

    name: str
    epoch: int
    holder: Holder
    code: str
    renewed_seconds: float
    left_seconds: float


class Held(Exception):  # noqa: N818  an expected answer, not a fault
    """Another process holds the lease; ``holder`` says who, as far as it can be read."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        super().__init__(f"the registry is in use by {holder}: stop that daemon first")

    @property
    def pid(self) -> int | None:
        """The holder's process id, None if it cannot be read."""
        return self.holder.pid


class LeaseLost(Exception):  # noqa: N818  named for what happened
    """Another daemon may work on the registry now. Stop at once; starting again is safe."""


@dataclass(frozen=True, slots=True)
class Away:
    """Nobody can tell who holds the lease: the server that keeps it does not answer."""

    reason: str

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason


class AnyLease(ABC):
    """The right to be the only daemon on a registry, wherever it is written down."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is written down: two of one place cannot be held at once."""

    @abstractmethod
    def take(self) -> None:
        """Take it at once, or raise `Held`."""

    @abstractmethod
    def wait(self, pause: Callable[[float], bool], tell: Callable[[Holder | Away], None]) -> bool:
        """Take it as soon as it is free; return whether we have it."""

    @abstractmethod
    def check(self) -> None:
        """Make sure that we still have it, before anything that cannot be taken back.

        Raises:
            LeaseLost: another daemon may have it.
        """

    @abstractmethod
    def release(self) -> None:
        """Give it back; harmless when it is not held."""

    @property
    @abstractmethod
    def held(self) -> bool:
        """Whether we took it and did not give it back."""

    def __enter__(self) -> Self:
        """Take it, unless it was taken."""
        if not self.held:
            self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        self.release()


class Lease(AnyLease):
    """The right to be the only daemon on a registry, from ``with`` (or `take`) to its end.

    ``folder`` is where the registry's file really lies, so that two config folders (or a symbolic
    link) which name one registry meet at one lock. The file stays: removing it would let two
    processes lock two different files of one name; `check` notices if somebody does. Who copies
    the folder has a second registry, and nothing here can know that.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._descriptor: int | None = None

    @property
    def place(self) -> str:
        """The lock file."""
        return str(self.path)

    @property
    def held(self) -> bool:
        """Whether the lock is ours."""
        return self._descriptor is not None

    def take(self) -> None:
        """Take the lease, at once or not at all.

        Raises:
            Held: another process (or another `Lease` in this one) has it.
            RegistryProblem: the folder cannot be written, or its file system has no locks.
        """
        for _ in range(_LOOKS):
            descriptor = self._open()
            try:
                held = not _lock(descriptor, fcntl.LOCK_EX, self.path)
                if not held and _is_at(descriptor, self.path):
                    _write(descriptor)
                    self._descriptor, descriptor = descriptor, -1
                    return
                holder = _read(descriptor)
            finally:
                if descriptor >= 0:
                    os.close(descriptor)
            time.sleep(_MOMENT_SECONDS)
        raise Held(holder)

    def wait(
        self,
        pause: Callable[[float], bool],
        tell: Callable[[Holder | Away], None] = lambda _: None,
    ) -> bool:
        """Take the lease as soon as its holder gives it up or dies; return whether we have it.

        ``pause`` waits so many seconds and returns whether to go on waiting. ``tell`` is called at
        once, whenever the holder is another one, and every five minutes.

        Raises:
            RegistryProblem: as `take`.
        """
        return wait_for(self._try, pause, tell)

    def _try(self) -> Holder | None:
        """Take it; else return who has it."""
        try:
            self.take()
        except Held as held:
            return held.holder
        return None

    def check(self) -> None:
        """Make sure that the file which we hold is still the one that others would lock.

        Raises:
            LeaseLost: it was removed or replaced.
        """
        if self._descriptor is not None and not _is_at(self._descriptor, self.path):
            raise LeaseLost(
                f"{self.path} was removed or replaced while this daemon held it: stopping, because "
                "a second daemon may work on the registry now. Never remove that file; starting "
                "again is safe"
            )

    def release(self) -> None:
        """Give the lease back; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RegistryProblem(
                f"{self.path} cannot be written ({error.strerror}): the daemon's user needs to "
                "write the registry's folder, and the disk must have room"
            ) from None


def wait_for(
    attempt: Callable[[], Holder | Away | None],
    pause: Callable[[float], bool],
    tell: Callable[[Holder | Away], None],
) -> bool:
    """Do as `Lease.wait` with an attempt that returns None when it succeeded, else who is why."""
    told: Holder | Away | None = None
    looks = 0
    while (found := attempt()) is not None:
        if found != told or looks >= TELL_EVERY / LOOK_SECONDS:
            told, looks = found, 0
            tell(found)
        looks += 1
        if not pause(LOOK_SECONDS):
            return False
    return True


def this_process() -> Holder:
    """Return who we are, as of now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(os.getpid(), socket.gethostname(), _account(), now)


def holder(folder: Path) -> Holder | None:
    """Return who holds the lease of this folder, None if nobody does (or nobody can tell).

    What the file says is believed only while the system says that somebody holds it: a process id
    left by a kill names nobody.
    """
    path = folder / NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH, path) else _read(descriptor)
    except RegistryProblem:
        return None
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int, path: Path) -> bool:
    """Lock the file, or return False because another process has it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise RegistryProblem(
            f"{path} cannot be locked ({error.strerror}): its file system has no locks, so that "
            "two daemons could not be told apart; move [storage] database to a local disk"
        ) from None
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one of this name; True as well when nobody can tell."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return os.path.samestat(os.fstat(descriptor), there)


def _write(descriptor: int) -> None:
    """Say who we are; on a full disk nobody will read it, but the lock holds all the same."""
    note = json.dumps(asdict(this_process())).encode().ljust(_NOTE_BYTES - 1) + b"\n"
    try:
        os.pwrite(descriptor, note, 0)  # always of one size: a full disk has the old one's place
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)  # better nobody's name than that of a dead process


def _read(descriptor: int) -> Holder:
    """Return who wrote the file; older versions wrote their process id alone."""
    try:
        found = json.loads(os.pread(descriptor, 2 * _NOTE_BYTES, 0))
    except (OSError, ValueError):
        return Holder()
    if type(found) is int:
        return Holder(found)
    if not isinstance(found, dict):
        return Holder()
    pid, words = found.get("pid"), (found.get(key) for key in ("host", "account", "since"))
    return Holder(
        pid if type(pid) is int else None,
        *(word if isinstance(word, str) else "" for word in words),
    )


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return str(os.getuid())
