"""Children that begin with everything imported: a process of one thread forks them on request.

One nursery for each stage: forking from the process that also serves SMTP in threads would copy
locks that nobody will ever release.
"""

import os
import pickle
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Self

#: Returned for a child that did not end in time and was killed for it.
HANGS = 1000


class Nursery:
    """Starts children and waits for their end. Use as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crash.nursery"],
            bufsize=0,  # what a reader holds back, `select` does not see
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stdin.close()
        self._process.wait()
        self._stdout.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def start(self, work: Callable[..., None], *arguments: object) -> int:
        """Fork a child that does this work (a function of a module), and return its pid."""
        pickle.dump((work, arguments), self._stdin)
        self._stdin.flush()
        pid: int = pickle.load(self._stdout)  # noqa: S301  our own process wrote it
        return pid

    def wait(self, pid: int, seconds: float) -> int:
        """Return how the child ended: 0, 1 for an exception, negative for a signal, or HANGS."""
        ready, _, _ = select.select([self._stdout], [], [], seconds)
        if not ready:
            os.kill(pid, signal.SIGKILL)
        ended: int = pickle.load(self._stdout)  # noqa: S301  our own process wrote it
        return ended if ready else HANGS


def main() -> None:
    """Fork a child for each request, one after the other, until the requests end."""
    from crash import warm  # noqa: PLC0415  only here

    assert warm
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            work, arguments = pickle.load(requests)  # noqa: S301  our own parent wrote it
        except EOFError:
            return
        pid = os.fork()
        if not pid:
            os._exit(_done(work, arguments))
        _say(answers, pid)
        _, status = os.waitpid(pid, 0)
        _say(answers, os.waitstatus_to_exitcode(status))


def _say(answers: IO[bytes], what: int) -> None:
    pickle.dump(what, answers)
    answers.flush()


def _done(work: Callable[..., None], arguments: tuple[Any, ...]) -> int:
    try:
        work(*arguments)
    except BaseException:  # noqa: BLE001  the child's end, told by its exit code
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
