"""Hosts of the tests' own: network namespaces on one bridge, each with a cable that can be pulled.

Needs root. What was made is taken away at the end of the block, whatever happens in it.
"""

import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self


def why_not() -> str:
    """Return why there can be no namespaces here; "" if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        with Network(1):
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespaces here: {error}"


@dataclass(frozen=True)
class Namespace:
    """One host: its name and address, and what a command begins with that runs there."""

    name: str
    address: str
    cable: str

    @property
    def command(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        """Pull its cable: nothing comes or goes, and nobody is told."""
        _ip("link", "set", self.cable, "down")


class Network:
    """A bridge in the tests' own namespace (``address``) and so many hosts on it."""

    def __init__(self, hosts: int) -> None:
        self._mark = f"{os.getpid()}"
        self._net = f"10.213.{os.getpid() % 250}"
        self.address = f"{self._net}.1"
        self._count = hosts
        self.hosts: list[Namespace] = []

    def __enter__(self) -> Self:
        _sweep()
        bridge = f"tb{self._mark}"
        with ExitStack() as stack:
            stack.callback(_quietly, "link", "del", bridge)
            _ip("link", "add", bridge, "type", "bridge")
            _ip("addr", "add", f"{self.address}/24", "dev", bridge)
            _ip("link", "set", bridge, "up")
            for number in range(self._count):
                host = Namespace(
                    f"th{self._mark}-{number}",
                    f"{self._net}.{number + 2}",
                    f"tc{self._mark}-{number}",
                )
                stack.callback(_quietly, "netns", "del", host.name)
                _ip("netns", "add", host.name)
                stack.callback(_quietly, "link", "del", host.cable)
                _ip("link", "add", host.cable, "type", "veth", "peer", "eth0", "netns", host.name)
                _ip("link", "set", host.cable, "master", bridge, "up")
                _ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
                for device in ("lo", "eth0"):
                    _ip("-n", host.name, "link", "set", device, "up")
                self.hosts.append(host)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def _sweep() -> None:
    """Take away what runs left that were killed: names tell whose they are, and who is gone."""
    for folder, pattern in (("/run/netns", r"th(\d+)-\d"), ("/sys/class/net", r"t[bc](\d+)(-\d)?")):
        for path in Path(folder).glob("t*"):
            owner = re.fullmatch(pattern, path.name)
            if owner and not Path(f"/proc/{owner[1]}").exists():
                _quietly("netns" if path.name.startswith("th") else "link", "del", path.name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _quietly(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=False, capture_output=True)
