"""What an onlooker can know of the program's health: `intake status`, beside a running daemon.

The registry, the disks and the lock file are looked at anew; what only the daemon can know (a
refused login, a certificate) is taken from its heartbeat, or from what was last written down.
"""

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.model import Config
from intake import heartbeat
from intake.opening import data_folder, holder_of, vault_folder
from notifier.debt import UNASKED
from notifier.health import LOST_FOR, Code, Disk, Facts, Trouble, troubles, with_beginnings
from registry.lease import Holder, Tenure
from registry.model import OpenTrouble, Vitals

if TYPE_CHECKING:
    from registry.store import Store  # SQLAlchemy is slow to import

#: What is looked at anew; of all other troubles the daemon's word stands.
_SEEN: frozenset[Code] = frozenset(
    {"poll", "daemon", "disk", "brake", "queue", "backlog", "refused", "backup"}
)
#: But an error of a disk shows only to who writes there.
_DISK_ERROR = "disk"


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is not well, the broken first; and who runs the daemon, None if nobody does.

    ``tenures``: of a server's registry, the daemon that works and those that stand by.
    """

    troubles: tuple[Trouble, ...]
    holder: Holder | None
    tenures: tuple[Tenure, ...] = ()


def checkup(config: Config, store: "Store", now: dt.datetime) -> Checkup:
    """Look at everything that can be looked at from outside."""
    folder = data_folder(config)
    runs, beat = holder_of(config, store), heartbeat.read(folder)
    known = store.open_troubles()
    signs = vitals(config, store, now)
    read_at = (signs.polled_at, beat.read_at if beat else None)
    # On a full disk the holder may have been unable to write down who it is.
    fresh = beat if beat and runs and runs.pid in {None, beat.pid} else None
    facts = Facts(
        watched=beat is not None,
        running=runs is not None,
        started_at=beat.started_at if beat else None,
        read_at=max((at for at in read_at if at is not None), default=None),
        turned_at=fresh.time if fresh else None,
        poll_seconds=config.settings.mailbox.poll_seconds,
        disks=disks(config, store),
        vitals=signs,
    )
    seen = list(with_beginnings(troubles(facts, config.settings.health, now), known))
    told = list(fresh.health) if fresh else [*_written(known)]
    if any(one.code == "login" for one in told):  # the same inbox, and a better reason
        seen = [one for one in seen if one.code != "poll"]
    told = [one for one in told if one.code not in _SEEN or one.key == _DISK_ERROR]
    return Checkup(
        tuple(sorted([*seen, *told], key=lambda one: one.severity)), runs, tuple(store.tenures())
    )


def _written(known: Mapping[str, OpenTrouble]) -> list[Trouble]:
    """The troubles that were open when the last daemon, or `intake once`, looked."""
    return [found for key, one in known.items() if (found := Trouble.read(key, one)) is not None]


def vitals(config: Config, store: "Store", now: dt.datetime) -> Vitals:
    """Ask the registry."""
    waits = dt.timedelta(minutes=config.settings.health.queue_minutes)
    return store.vitals(now - waits, now - LOST_FOR, UNASKED)


def disks(config: Config, store: "Store") -> tuple[Disk, ...]:
    """Return the room on the disks of registry and vault; one that serves both stands once."""
    database = store.path_of_database()
    vault = vault_folder(config)  # a bucket has no room that could be asked for
    found: dict[int, Disk] = {}
    for name, folder in (("registry", database and database.resolve().parent), ("vault", vault)):
        if folder is None:
            continue
        try:
            there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
            device, room = there.stat().st_dev, os.statvfs(there)
        except (OSError, StopIteration):
            found[-len(found) - 1] = Disk(name, None)
        else:
            found.setdefault(device, Disk(name, room.f_bavail * room.f_frsize))
    return tuple(found.values())
