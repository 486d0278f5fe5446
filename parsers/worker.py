"""The parent's end of one worker process: its pipes, its deadline, its end."""

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from parsers.death import Death
from parsers.pipe import FRAME

_CHUNK: Final = 1 << 16
#: Threads of a worker that may have some: the decoder's own, and a few to spare.
_MOST_THREADS: Final = 16
_DYING_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1  # how often a silent worker is looked at


class JailBrokenError(RuntimeError):
    """No worker could be started at all: the machine's fault, never a document's."""


class WorkerDiedError(Exception):
    """The worker ended, or said something that is no answer."""


class OutputTooLargeError(Exception):
    """The worker's answer is over its cap."""


class TooManyThreadsError(Exception):
    """The worker started more threads than any reader needs."""


_BAD_ENDS: Final = (WorkerDiedError, OutputTooLargeError, TooManyThreadsError)


class Worker:
    """One child process with its pipes, in a process group of its own: all die at once.

    ``layers`` are what confines it, by its own account. What it writes to standard error goes into
    a pipe that never makes it wait: what is too much is lost.
    """

    def __init__(
        self,
        command: Sequence[str],
        memory_bytes: int,
        output_bytes: int,
        document_bytes: int,
        start_seconds: float,
    ) -> None:
        self.jobs = 0
        self.finished = False
        self._output_bytes = output_bytes
        self._document_bytes = document_bytes
        self._memory_bytes = memory_bytes
        self._memory_seen = 0
        self._oom_kills = _oom_kills()
        self._words, stderr = os.pipe()
        try:
            for end in (self._words, stderr):
                os.set_blocking(end, False)
            fcntl.fcntl(self._words, fcntl.F_SETPIPE_SZ, _CHUNK)
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter, no shell, no outside words
                [*command, str(memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            os.close(self._words)
            raise
        finally:
            os.close(stderr)
        try:
            for pipe in self._pipes():
                os.set_blocking(pipe.fileno(), False)
            hello, _ = self._answer(time.monotonic() + start_seconds)
            self.layers = tuple(map(str, json.loads(hello)["layers"]))
        except (TimeoutError, OSError, ValueError, LookupError, TypeError, *_BAD_ENDS) as error:
            code = self.kill()
            raise JailBrokenError(f"worker did not start ({code}): {error!r}") from error

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not self.finished and not self._ended()

    def ask(
        self, request: bytes, data: bytes, deadline: float, room_bytes: int | None = None
    ) -> tuple[bytes, bytes]:
        """Send one request and return the JSON of its answer, and the document after it.

        ``room_bytes`` is for an answer that may bring more than one document.
        """
        self._memory_seen = 0
        frame = memoryview(FRAME.pack(len(request), len(data)) + request + data)
        stdin, _ = self._pipes()
        while frame:
            self._wait(stdin, select.POLLOUT, deadline)
            frame = frame[os.write(stdin.fileno(), frame[:_CHUNK]) :]
        return self._answer(deadline, room_bytes)

    def kill(self) -> int:
        """End the worker and everything it started; return its exit code (negative: a signal)."""
        self.finished = True
        if self._process.returncode is None:
            # Before the wait: until then nobody else can have got this process group's number.
            self._kill_group()
        code = self._process.wait()
        for pipe in self._pipes():
            pipe.close()
        if self._words >= 0:
            os.close(self._words)
            self._words = -1
        return code

    def bury(self) -> Death:
        """Let a worker that closed its pipe finish dying, so that its end tells the cause."""
        deadline = time.monotonic() + _DYING_SECONDS
        while time.monotonic() < deadline and not self._ended():
            time.sleep(0.01)
        ended, words = self._ended(), self.last_words()
        code = self.kill()
        ran_out = _oom_kills() > self._oom_kills
        used = self._memory_seen / self._memory_bytes
        return Death(code if ended else None, words, ran_out, used)

    def last_words(self) -> bytes:
        """Take what the worker wrote to standard error since it was last asked, up to a pipe full.

        Asked after each job, so that a later one has room to say why it died.
        """
        try:
            return os.read(self._words, _CHUNK)
        except OSError:
            return b""

    def _ended(self) -> bool:
        # WNOWAIT: not reaped, so that its process group's number stays ours until kill().
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            self._process.kill()

    def _answer(self, deadline: float, room_bytes: int | None = None) -> tuple[bytes, bytes]:
        size, document = FRAME.unpack(self._receive(FRAME.size, deadline))
        room_bytes = self._document_bytes if room_bytes is None else room_bytes
        if size > self._output_bytes or document > room_bytes:
            raise OutputTooLargeError(max(size, document))
        return self._receive(size, deadline), self._receive(document, deadline)

    def _receive(self, size: int, deadline: float) -> bytes:
        _, stdout = self._pipes()
        received = bytearray()
        while len(received) < size:
            self._wait(stdout, select.POLLIN, deadline)
            piece = os.read(stdout.fileno(), min(_CHUNK, size - len(received)))
            if not piece:
                raise WorkerDiedError("the worker closed its pipe")
            received += piece
        return bytes(received)

    def _wait(self, pipe: IO[bytes], event: int, deadline: float) -> None:
        """Wait until the pipe is ready; a dead worker's pipe may be held open by its children."""
        poll = select.poll()  # select() itself fails on descriptors over 1,023
        poll.register(pipe, event)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ended = self._ended()
            if poll.poll(0 if ended else min(left, _LOOK_SECONDS) * 1000):
                return
            if ended:
                raise WorkerDiedError("the worker ended")
            threads, memory = _size(self._process.pid)
            self._memory_seen = memory or self._memory_seen  # one that has just died has none
            if threads > _MOST_THREADS:
                raise TooManyThreadsError

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # Popen was asked for both
            raise WorkerDiedError("no pipes")
        return stdin, stdout


def _oom_kills() -> int:
    """Return how many processes the kernel has ended for want of memory since it started."""
    try:
        found = re.search(rb"^oom_kill (\d+)$", Path("/proc/vmstat").read_bytes(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def _size(pid: int) -> tuple[int, int]:
    """Return a process's threads and bytes of address space (proc(5)); 0 where nobody may know."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[17]), int(fields[20])
    except (OSError, LookupError, ValueError):
        return 0, 0


def _environment() -> dict[str, str]:
    """Return the worker's whole environment: no secret of the daemon's is in it."""
    letters = os.environ.get("TESSDATA_PREFIX")
    return {
        **({"TESSDATA_PREFIX": letters} if letters else {}),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        # A confined worker may start no thread; OpenBLAS also reserves memory for each.
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_FOR_THREADS_NUM": "1",
    }
