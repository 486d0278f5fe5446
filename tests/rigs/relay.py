"""A relay of TCP connections that can be cut as a cable is: nothing is closed, nothing arrives.

``python relay.py LISTEN=TARGET…`` (each ``address:port``, a target may be the path of a Unix
socket) says ``ready`` and works until it is ended. SIGUSR1 cuts it: bytes under way are lost, new
connections hang.
"""

import contextlib
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence

_BYTES = 1 << 16


def main(arguments: Sequence[str]) -> None:
    """Relay until the process is ended."""
    selector = selectors.DefaultSelector()
    for pair in arguments:
        here, there = pair.split("=")
        listener = socket.create_server(_address(here))
        selector.register(listener, selectors.EVENT_READ, there)
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _stand_still())
    print("ready", flush=True)  # noqa: T201  who started it waits for this
    while True:
        for key, _ in selector.select():
            if isinstance(key.data, socket.socket):
                _pass_on(selector, key.fileobj, key.data)  # type: ignore[arg-type]
            else:
                _connect(selector, key.fileobj, key.data)  # type: ignore[arg-type]


def _stand_still() -> None:
    while True:
        signal.pause()


def _connect(selector: selectors.BaseSelector, listener: socket.socket, there: str) -> None:
    near, _ = listener.accept()
    try:
        if there.startswith("/"):
            far = socket.socket(socket.AF_UNIX)
            far.connect(there)
        else:
            far = socket.create_connection(_address(there), timeout=5)
            far.settimeout(None)
    except OSError:
        near.close()
        return
    selector.register(near, selectors.EVENT_READ, far)
    selector.register(far, selectors.EVENT_READ, near)


def _pass_on(selector: selectors.BaseSelector, one: socket.socket, other: socket.socket) -> None:
    try:
        data = one.recv(_BYTES)
        other.sendall(data)
    except OSError:
        data = b""
    if not data:
        for end in (one, other):
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(end)
            end.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


@contextlib.contextmanager
def relayed(pairs: Sequence[str], before: Sequence[str] = ()) -> Iterator["subprocess.Popen[str]"]:
    """Run a relay as a process; ``before`` is what its command begins with."""
    process = subprocess.Popen(
        [*before, sys.executable, "-P", __file__, *pairs], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main(sys.argv[1:])
