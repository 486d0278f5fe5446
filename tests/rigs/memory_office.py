"""One office without sockets: config folder, registry and vault on disk, servers in memory.

What the daemon does here is what it does in service, `intake.service` included; only the servers
are `rigs.memory_mailbox` and `rigs.memory_courier`, and documents are read in this process.
"""

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from rigs import registry
from rigs.memory_courier import MemoryCourier
from rigs.memory_mailbox import MemoryMailbox, MemoryServer
from rigs.plain_reader import PlainReader
from rigs.troubles import Effects, Killed

from config.init import write_example
from config.settings import load
from intake.daemon import Daemon
from intake.demo import _with_values
from intake.desk import Desk
from intake.opening import open_registry
from intake.service import Service
from registry.errors import RegistryBusy

CAMPAIGN = "ocop-2024-2"
ENV = {"INTAKE_IMAP_PASSWORD": "made-up", "INTAKE_SMTP_PASSWORD": "made-up"}
OFFICE = "ocop@caoloc.example"
OFFICER = "canbo.ktht@caoloc.example"
DEPARTMENT = "qltm@soct-langson.example"
APPROVER = "lanhdao@caoloc.example"
#: Read once for all offices: the same bytes mean the same.
_READER = PlainReader()


@dataclass
class Unit:
    """A line of communes.csv."""

    code: str
    name: str
    emails: list[str]
    chairs: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        addresses = f"{' '.join(self.emails)},{' '.join(self.chairs)}"
        return f"{self.code},2020-01-01,2025-07-01,xã,{self.name},{addresses},"


@cache
def _example() -> Path:
    """The shipped config without a fixed number of communes, with an empty registry."""
    folder = Path(mkdtemp(prefix="example-")) / "config"
    write_example(folder)
    campaign = folder / "campaigns" / f"{CAMPAIGN}.toml"
    lines = campaign.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("communes =")]
    campaign.write_text("\n".join(kept) + "\n", "utf-8")
    open_registry(load(folder, env=ENV))[0].close()
    return folder


@dataclass
class MemoryOffice:
    """A folder, a clock, and a daemon that can die. ``changes`` are sections of settings.toml."""

    folder: Path
    now: dt.datetime
    roster: list[Unit]
    changes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    server: MemoryServer = field(default_factory=MemoryServer)
    effects: Effects = field(default_factory=Effects)
    #: The machine's own counter; the wall clock may jump, this one never does.
    counter: float = 0.0

    def __post_init__(self) -> None:
        shutil.copytree(_example(), self.folder)
        self.courier = MemoryCourier(lambda: self.now, self.effects)
        path = self.folder / "settings.toml"
        text = path.read_text("utf-8")
        for section, values in self.changes.items():
            text = _with_values(text, section, dict(values))
        path.write_text(text, "utf-8")
        if "database" not in self.changes.get("storage", {}):
            registry.settle(self.folder)
        self.write_roster()
        self.open()

    # --- the process ---

    def open(self) -> None:
        """Start the process: nothing but the disk is carried on."""
        config = load(self.folder, env=ENV)
        store, vault = open_registry(config)
        # What was on its way when the last process died: nobody can know whether it was taken.
        self.courier.open_ends |= {(m.key, m.recipient) for m in store.mails(state="sending")}
        self.effects.watch_database(store._database)
        self.effects.watch_vault(vault)
        mailbox = MemoryMailbox(self.server, self.effects)
        desk = Desk(config, store, vault, mailbox, self.courier, _READER, lambda: self.now)  # type: ignore[arg-type]
        # Compiled wordings are only quicker: an edited folder is read anew all the same.
        desk._templates = self.desk._templates if hasattr(self, "desk") else None
        self.desk = desk
        self.daemon = Daemon(self.desk, jitter=lambda: 0.0)
        self.service = Service(self.daemon, ENV, counter=lambda: self.counter)
        self.store, self.vault = store, vault
        self.daemon.recover()

    def close(self) -> None:
        self.store.close()

    def restart(self) -> None:
        """End the process and start it again, also if it dies while it starts."""
        while True:
            self.close()
            try:
                self.open()
            except (Killed, RegistryBusy):
                continue  # whoever watches over the service starts it again
            return

    def survive(self, step: Callable[[], None]) -> bool:
        """Do a step; if the process dies in it, start it again. Return whether it was done.

        A command that finds the registry locked ends with that error: nothing happened.
        """
        try:
            step()
        except Killed:
            self.restart()
            return False
        except RegistryBusy:
            return False
        return True

    def tick(self) -> bool:
        """Let the service do all that can be done now; return whether the process lived."""
        return self.survive(lambda: self.service._unless_busy(self.service._tick))

    # --- time ---

    def pass_time(self, span: dt.timedelta) -> None:
        """Let real time pass."""
        self.now += span
        self.counter += span.total_seconds()

    def jump(self, span: dt.timedelta) -> None:
        """Set the wall clock by hand, or by a bad time server."""
        self.now += span

    # --- the admin ---

    def write_roster(self) -> None:
        """Write communes.csv as ``roster`` says."""
        head = "code,valid_from,valid_to,kind,name,emails,chair_emails,aliases"
        text = "\n".join([head, *(unit.line for unit in self.roster)]) + "\n"
        (self.folder / "communes.csv").write_text(text, "utf-8")

    def edit_campaign(self, **values: str) -> None:
        """Change plain lines before the first section of the campaign's file."""
        path = self.folder / "campaigns" / f"{CAMPAIGN}.toml"
        lines, inside = [], False
        for line in path.read_text("utf-8").splitlines():
            inside = inside or line.startswith("[")
            key = line.split("=")[0].strip()
            lines.append(f"{key} = {values[key]}" if not inside and key in values else line)
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def edit_report(self, **values: str) -> None:
        """Change plain lines of the campaign's section ``[report]``."""
        path = self.folder / "campaigns" / f"{CAMPAIGN}.toml"
        path.write_text(_with_values(path.read_text("utf-8"), "report", dict(values)), "utf-8")

    def reload(self) -> bool:
        """Let the service take the edited files over; return whether the process lived."""
        return self.survive(lambda: self.service._unless_busy(self.service.reload))
