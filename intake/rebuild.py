"""`intake replay`: a new registry from the vault, held against the old one, put in place if asked.

Shell around `intake.replay`: which journal is played, where the new registry lies, what is shown.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.model import Config
from intake.desk import reading_desk
from intake.opening import data_folder
from intake.replay import Moment, Played, replay
from intake.replay_script import Difference
from registry.database import resolve
from registry.errors import NotPossible, RegistryProblem
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.lease import Lease
from registry.model import Event, Head
from registry.store import Store, open_store
from registry.vault import Overlay, Vault, sync_folder

_NEW = "sqlite:///registry.db"
View = dict[str, Any]
#: Opens a bar for so many events; what it gives is called at each.
Bar = Callable[[str, int], Any]


@dataclass(frozen=True, slots=True)
class Source:
    """The journal that is played: whose, how far it goes, and its events in order."""

    name: str
    head: Head
    events: Callable[[], Iterator[Event]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a replay made: the source, what was played, where the new registry lies."""

    source: Source
    played: Played
    folder: Path
    placed: Path | None = None

    @property
    def equal(self) -> bool:
        """Whether the new registry is the old one, event by event."""
        return not self.played.differences

    @property
    def view(self) -> View:
        """Return it as plain data, for ``--json`` and the terminal."""
        return {
            "equal": self.equal,
            "source": self.source.name,
            "events": self.played.events,
            "same_chain": self.played.head == self.source.head,
            "differences": [_told(one) for one in self.played.differences],
            "registry": str(self.placed or self.folder / "registry.db"),
            "placed": self.placed is not None,
        }


def rebuild(config: Config, out: Path, bar: Bar, *, from_vault: bool = False) -> Rebuilt:
    """Play the journal of the present registry, or of the vault's copy, into a new one in ``out``.

    The copy is taken when there is no registry (or an empty one), or when it is asked for. The
    vault is read only; what a report is made of today that it was not then is written to ``out``.

    Raises:
        NotPossible: ``out`` is not empty, or there is no journal.
        ReplayImpossible: the journal cannot be played by this version.
    """
    if out.exists() and any(out.iterdir()):
        raise NotPossible(f"{out} is not empty: name another folder")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault, clock = Vault(config.folder / config.settings.storage.vault), Moment()
    with _source(config, vault, from_vault=from_vault) as source:
        new = open_store(_NEW, out, durable=False)
        overlay = Overlay(out / "vault", vault)
        with (
            new,
            reading_desk(config, new, overlay, clock) as (desk, new_reader),
            bar("replaying", source.head.serial) as done,
        ):
            played = replay(desk, clock, source.events(), out, new_reader, done)
    return Rebuilt(source, played, out)


def put_in_place(config: Config, rebuilt: Rebuilt) -> Rebuilt:
    """Put the new registry where the settings say; only where there is none, or an empty one.

    Raises:
        NotPossible: there is a registry, or it is not a file.
        Held: a daemon is running on it.
    """
    target = registry_file(config)
    if target is None:
        raise NotPossible("the registry is a server's: load the new one with its own tools")
    with Lease(data_folder(config)):
        refuse_if_there(config)
        vault = Vault(config.folder / config.settings.storage.vault)
        for sha256 in Vault(rebuilt.folder / "vault").names():
            vault.put(Vault(rebuilt.folder / "vault").get(sha256))
        arriving = target.with_name(f"{target.name}.new")
        arriving.unlink(missing_ok=True)
        with open_store(_NEW, rebuilt.folder) as new:
            new.copy_to(arriving)
        _sync_file(arriving)
        for leftover in ("-wal", "-shm"):
            target.with_name(target.name + leftover).unlink(missing_ok=True)
        arriving.replace(target)
        sync_folder(target.parent)
    return Rebuilt(rebuilt.source, rebuilt.played, rebuilt.folder, target)


def refuse_if_there(config: Config) -> None:
    """Refuse to go on when there is a registry where a new one should be put.

    Raises:
        NotPossible: it says where.
    """
    if _present(config):
        where = registry_file(config) or config.settings.storage.database
        raise NotPossible(f"there is a registry at {where}: move it away first")


def registry_file(config: Config) -> Path | None:
    """Return where the registry's file is, or would be; None when it is a server's."""
    url = resolve(config.settings.storage.database, config.folder)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(url.database) if is_file and url.database else None


@contextmanager
def _source(config: Config, vault: Vault, *, from_vault: bool) -> Iterator[Source]:
    if not from_vault and _present(config):
        with open_store(config.settings.storage.database, config.folder) as store:
            yield Source("registry", store.journal_head(), lambda: _all_events(store))
        return
    copy = JournalCopy(vault.folder)
    try:
        head = copy.head()
    except CopyDamaged as error:
        raise RegistryProblem(_damaged(error)) from error
    if not head.serial:
        raise NotPossible(f"there is neither a registry nor a journal in {vault.folder}")
    yield Source("vault", head, lambda: _sound_events(copy))


def _present(config: Config) -> bool:
    """Whether there is a registry in which something is written."""
    path = registry_file(config)
    if path is not None and not path.exists():
        return False
    with closing(open_store(config.settings.storage.database, config.folder)) as store:
        return store.journal_head().serial > 0


def _all_events(store: Store) -> Iterator[Event]:
    last = 0
    while events := store.events_after(last):
        yield from events
        last = events[-1].serial


def _sound_events(copy: JournalCopy) -> Iterator[Event]:
    """Yield the copy's events; a chain that is broken is not played any further."""
    previous = Head(0, "0" * 64)
    try:
        for event in copy.events():
            if (event.serial, event.previous) != (previous.serial + 1, previous.sha256):
                raise RegistryProblem(
                    f"{copy.path}: event {event.serial} does not follow event {previous.serial}: "
                    "lines are missing or were moved; restore this file from a backup"
                )
            previous = Head(event.serial, event.sha256)
            yield event
    except CopyDamaged as error:
        raise RegistryProblem(_damaged(error)) from error


def _damaged(error: CopyDamaged) -> str:
    return f"{error}: restore this file from a backup of the vault"


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _told(one: Difference) -> View:
    return {
        "event": one.serial or None,
        "at": one.at.isoformat(),
        "kind": one.kind,
        "subject": one.subject,
        "then": dict(one.then),
        "now": dict(one.now),
        "why": one.why or None,
    }
