"""Two hosts that share a registry on a server, a mailbox and a folder; each can be cut off.

``namespaces``: each is a network namespace with a cable. ``relays``: each reaches the servers by
a relay of its own that can stand still, which needs no rights at all.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from rigs.netns import Network
from rigs.ports import Ports
from rigs.postgres import Postgres
from rigs.relay import relayed
from rigs.running import replace_line
from rigs.whole import ENV, Whole


@dataclass
class Running:
    """A daemon as a process, with its log in a file. ``ended_at`` is when it was seen to end."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for(self, word: str, count: int = 1, seconds: float = 90) -> None:
        """Wait until so many lines of the log have a word."""
        ends_at = time.monotonic() + seconds
        while (seen := self.count(word)) < count:
            assert self.process.poll() is None, f"ended without {word!r}:\n{self.text}"
            assert time.monotonic() < ends_at, f"{seen} of {count} {word!r} in:\n{self.text}"
            time.sleep(0.02)

    def count(self, word: str) -> int:
        return sum(word in line for line in self.text.splitlines())

    @property
    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def halt(self) -> None:
        """Stop it where it is, and wait until each of its threads stands still."""
        self.send(signal.SIGSTOP)
        ends_at = time.monotonic() + 60
        while {_state(one) for one in Path(f"/proc/{self.pid}/task").iterdir()} != {"T"}:
            assert time.monotonic() < ends_at, "it does not stand still"
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """The daemon's own process: ``ip netns exec`` becomes it."""
        return self.process.pid

    def ended(self, seconds: float = 60) -> int:
        return self.process.wait(timeout=seconds)


@dataclass
class Host:
    """One host: the config folder of its daemon, what commands begin with, how it is cut."""

    folder: Path
    command: tuple[str, ...]
    cut: Callable[[], object]
    _stack: ExitStack
    _count: int = field(default=0)

    def run(self, *arguments: str) -> Running:
        self._count += 1
        log = self.folder / f"run{self._count}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*self.command, sys.executable, "-m", "intake", "--config", str(self.folder),
                 *(arguments or ("run",))],
                env={**os.environ, **ENV}, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._stack.callback(_end, process)
        return Running(process, log)


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


@contextmanager
def two_hosts(office: Whole, server: Postgres, way: str, lease: str) -> Iterator[list[Host]]:
    """Make two hosts for an office whose registry is on this server."""
    url = sa.make_url(office.config.settings.storage.database)
    imap, smtp = office.dovecot.port, office.smtp.port
    with ExitStack() as stack:
        if way == "namespaces":
            network = stack.enter_context(Network(2))
            near = network.address
            pairs = [f"{near}:{port}=127.0.0.1:{port}" for port in (imap, smtp)]
            pairs.append(f"{near}:{server.port}={server.dir}/.s.PGSQL.{server.port}")
            stack.enter_context(relayed(pairs))
            hosts = []
            for number, namespace in enumerate(network.hosts):
                inner = [f"127.0.0.1:{port}={near}:{port}" for port in (imap, smtp)]
                stack.enter_context(relayed(inner, namespace.command))
                folder = _folder(office, number, imap, smtp, url, near, server.port, lease)
                hosts.append(Host(folder, namespace.command, namespace.cut, stack))
            yield hosts
            return
        hosts = []
        for number in range(2):
            free = stack.enter_context(Ports(3)).numbers
            ends = (
                f"127.0.0.1:{imap}",
                f"127.0.0.1:{smtp}",
                f"{server.dir}/.s.PGSQL.{server.port}",
            )
            pairs = [f"127.0.0.1:{port}={end}" for port, end in zip(free, ends, strict=True)]
            relay = stack.enter_context(relayed(pairs))
            folder = _folder(office, number, free[0], free[1], url, "127.0.0.1", free[2], lease)
            hosts.append(
                Host(folder, (), lambda relay=relay: relay.send_signal(signal.SIGUSR1), stack)
            )
        yield hosts


def _folder(
    office: Whole, number: int, imap: int, smtp: int, url: sa.URL, near: str, port: int, lease: str
) -> Path:
    """Copy the config folder for a host, which reaches the servers by these ports."""
    folder = office.folder.with_name(f"host{number}")
    shutil.copytree(office.folder, folder, ignore=shutil.ignore_patterns("data"))
    path = folder / "settings.toml"
    text = path.read_text("utf-8")
    there = url.set(query={"host": near, "port": str(port)})
    text = replace_line(text, "port", str(imap), after="\n[mailbox]")
    text = replace_line(text, "port", str(smtp), after="\n[smtp]")
    text = replace_line(text, "database", f'"{there.render_as_string(hide_password=False)}"')
    text = replace_line(text, "vault", f'"{office.folder}/data/vault"')
    text = replace_line(text, "lease", f'"{lease}"', after="\n[storage]")
    path.write_text(text, "utf-8")
    return folder
