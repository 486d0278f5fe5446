"""A real Dask scheduler with workers on loopback: processes of their own, killed when wanted."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import trustme
from rigs.ports import Ports
from rigs.server import Server

from config.model import Scale

ROOT = Path(__file__).parents[2]
_SECONDS = 90


def until(holds: Callable[[], object], what: str, seconds: float = _SECONDS) -> None:
    """Wait until something holds; fail with its name after a long time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class DaskCluster(Server):
    """A scheduler and its workers (each one process of ``threads`` threads, without a nanny).

    Use it as a context manager; ``start`` a killed scheduler again at the same address. Its workers
    end with it, as Dask's do, and are started by whoever watches over them: `add`.
    """

    def __init__(self, workers: int = 2, *, threads: int = 1, tls: bool = False) -> None:
        super().__init__("dask-")
        self._wanted, self._threads = workers, threads
        self._ports = Ports()  # ours also while the scheduler is dead
        self.port = self._ports.numbers[0]
        self.scheduler: subprocess.Popen[bytes] | None = None
        #: Those that run, by their number.
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self._serial = 0
        self._logs: list[IO[bytes]] = []
        self._tls: tuple[str, ...] = ()
        self.scale = Scale(readers=f"dask://127.0.0.1:{self.port}")
        if tls:
            self._certify()

    def begin(self) -> None:
        """Start the scheduler, then its workers one after another."""
        self.start()
        for _ in range(self._wanted):
            self.add()

    def end(self) -> None:
        """End all at once."""
        for process in [*self.workers.values(), self.scheduler]:
            _end(process)
        for log in self._logs:
            log.close()
        self._ports.let_go()

    @property
    def address(self) -> str:
        return f"{'tls' if self._tls else 'tcp'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the scheduler and wait until it listens."""
        command = ("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        self.scheduler = self._run("scheduler", *command, "--dashboard-address", "127.0.0.1:0")
        until(self._listens, "the scheduler listens")

    def add(self, root: Path = ROOT) -> int:
        """Start a worker with the code below ``root``; return its number once it is known."""
        self._serial += 1
        number = self._serial
        process = self._run(
            f"worker{number}", "worker", self.address, "--host", "127.0.0.1",
            "--dashboard-address", "127.0.0.1:0",
            "--no-nanny", "--nthreads", str(self._threads), "--memory-limit", "0",
            "--name", f"w{number}", "--local-directory", str(self.dir), root=root,
        )  # fmt: skip
        self.workers[number] = process
        log = self.dir / f"worker{number}.log"
        until(
            lambda: process.poll() is not None or b"Registered to" in log.read_bytes(),
            f"worker {number} is known to the scheduler",
        )
        assert process.poll() is None, log.read_text("utf-8", "replace")
        return number

    def kill(self, number: int) -> None:
        """End a worker at once, as a machine that loses its power does."""
        _end(self.workers.pop(number))

    def kill_scheduler(self) -> None:
        """End the scheduler at once; its workers end by themselves."""
        _end(self.scheduler)
        self.scheduler = None
        for number in list(self.workers):
            self.workers.pop(number).wait(_SECONDS)

    def signal(self, number: int, what: signal.Signals) -> None:
        self.workers[number].send_signal(what)

    @contextmanager
    def watched(self) -> Iterator[Callable[[], int]]:
        """Yield what halts a worker that is doing a task, so that it cannot end it: its number.

        Begin before the task is given: to connect may take longer than a task does.
        """
        from distributed import Client  # noqa: PLC0415  half a second, for few tests

        with Client(self.address, timeout=_SECONDS, set_as_default=False) as client:
            numbers = {
                one["name"].removeprefix("w"): address
                for address, one in client.scheduler_info(n_workers=-1)["workers"].items()
            }

            def busy() -> list[int]:
                tasks = client.processing()
                found = [int(number) for number, address in numbers.items() if tasks.get(address)]
                return [number for number in found if number in self.workers]  # not yet missed

            def halted() -> int:
                for number in busy():
                    self.signal(number, signal.SIGSTOP)
                    if number in busy():  # not done meanwhile: it will never be
                        return number
                    self.signal(number, signal.SIGCONT)
                return 0

            def stopped_at_work() -> int:
                found: list[int] = []
                until(lambda: found.append(halted()) or found[-1], "a worker is at work")
                return found[-1]

            yield stopped_at_work

    def _run(self, name: str, *command: str, root: Path = ROOT) -> "subprocess.Popen[bytes]":
        log = (self.dir / f"{name}.log").open("wb")
        self._logs.append(log)
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *command, *self._tls],
            stdout=log,
            stderr=log,
            cwd=self.dir,
            env=os.environ
            | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
            | {"DASK_TEMPORARY_DIRECTORY": str(self.dir)},
            start_new_session=True,
        )

    def _listens(self) -> bool:
        assert self.scheduler is not None
        assert self.scheduler.poll() is None, (self.dir / "scheduler.log").read_text("utf-8")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _certify(self) -> None:
        authority = trustme.CA()
        own = authority.issue_cert("127.0.0.1")
        files = {name: str(self.dir / f"{name}.pem") for name in ("ca", "cert", "key")}
        authority.cert_pem.write_to_path(files["ca"])
        own.cert_chain_pems[0].write_to_path(files["cert"])
        own.private_key_pem.write_to_path(files["key"])
        Path(files["key"]).chmod(0o600)
        words = ("--tls-ca-file", "ca"), ("--tls-cert", "cert"), ("--tls-key", "key")
        self._tls = tuple(word for flag, name in words for word in (flag, files[name]))
        self.scale = Scale(
            readers=self.scale.readers,
            **{f"tls_{name}": path for name, path in files.items()},
        )


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None:
        return
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
