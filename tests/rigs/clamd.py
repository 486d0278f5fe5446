"""A real clamd in the foreground, with signatures of the tests' own; and one that is scripted."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from intake.scanner import Clamd

#: Taken apart: a scanner would delete a file of the repository that held it whole.
EICAR = b"X5O!P%%@AP[4\\PZX54(P^)7CC)7}$%s-STANDARD-%s-TEST-FILE!$H+H*" % (b"EICAR", b"ANTIVIRUS")
MARKER = b"infected-by-the-tests-of-this-program"
_NAMES = {"Own.Eicar": EICAR, "Own.Marker": MARKER}
_CONF = """\
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
Foreground yes
StreamMaxLength {stream}
AlertExceedsMax yes
"""


class RealClamd:
    """clamd of Debian on a socket in a folder of its own; ``address`` is for ``security.clamd``."""

    def __init__(self, stream: str = "4M") -> None:
        # A folder with a short name: the path of a socket has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="clamd"))
        self.address = f"unix:{self.folder}/clamd.sock"
        self._process: subprocess.Popen[bytes] | None = None
        signatures = self.folder / "signatures"
        signatures.mkdir()
        lines = [f"{name}:0:*:{data.hex()}\n" for name, data in _NAMES.items()]
        (signatures / "own.ndb").write_text("".join(lines), encoding="ascii")
        (self.folder / "clamd.conf").write_text(
            _CONF.format(folder=self.folder, stream=stream), encoding="ascii"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it answers (some tenths of a second with these signatures)."""
        program = shutil.which("clamd") or "/usr/sbin/clamd"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "--config-file", str(self.folder / "clamd.conf")],
                stdout=log, stderr=log,
            )  # fmt: skip
        ends = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                Clamd(self.address).version()
                return
            if self._process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))
            self._process_wait(0.02)

    def _process_wait(self, seconds: float) -> None:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def stop(self) -> None:
        """Kill it, as a machine does that runs out of memory."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        (self.folder / "clamd.sock").unlink(missing_ok=True)


@contextlib.contextmanager
def scripted_clamd(act: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve on loopback; ``act`` plays clamd on each connection. Yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link, contextlib.suppress(OSError):
                act(link)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
