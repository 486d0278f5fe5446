"""`intake replay`: a registry built anew from the vault and a journal, and held against it.

Shell around `intake.replay`: which journal is played, onto what, and where the new registry lies.
Putting it in the old one's place is `intake.put_in_place`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.model import Config
from intake.desk import reading_desk
from intake.opening import open_database, open_vault
from intake.replay import Moment, Played, replay
from intake.replay_script import Difference
from registry.database import resolve
from registry.errors import NotPossible, RegistryProblem
from registry.journal_copy import CopyDamaged, JournalCopy, Standing
from registry.model import GENESIS_HEAD, Event, Head
from registry.store import Store, open_store
from registry.vault import Overlay

#: The new registry, in the folder that it is made in.
NEW = "sqlite:///registry.db"
View = dict[str, Any]
#: Opens a bar for so many events; what it gives is called at each.
Bar = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True, slots=True)
class Source:
    """The journal that is played: whose, its end, how many events are played, which."""

    name: str
    head: Head
    count: int
    events: Callable[[], Iterator[Event]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a replay made: the source, what was played, where the new registry lies.

    ``known`` is where the journal ended of the registry that it was played onto.
    """

    source: Source
    played: Played
    folder: Path
    known: Head = GENESIS_HEAD
    placed: str = ""

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
            "registry": self.placed or str(self.folder / "registry.db"),
            "placed": bool(self.placed),
        }


def rebuild(config: Config, out: Path, bar: Bar, *, from_vault: bool = False) -> Rebuilt:
    """Play the journal of the present registry, or of the vault's copy, into a new one in ``out``.

    The copy is taken when there is no registry (or an empty one), or when it is asked for. The
    vault is read only; what a report is made of today that it was not then is written to ``out``.

    Raises:
        NotPossible: ``out`` is not empty, or there is no journal.
        ReplayImpossible: the journal cannot be played by this version.
        RegistryProblem: the copy is damaged.
    """
    _empty(out)
    if from_vault or not is_present(config):
        return _play(config, out, bar, _from_copy(config, GENESIS_HEAD))
    with open_database(config) as store:
        head = store.journal_head()
        source = Source("registry", head, head.serial, lambda: _events_of(store, head))
        return _play(config, out, bar, source)


def bring_up_to_copy(config: Config, out: Path, bar: Bar) -> Rebuilt:
    """Play what the registry lacks and the vault's copy has onto a copy of the registry in ``out``.

    The registry was put back from before, or is gone or empty: then all of the copy is played.

    Raises: as `rebuild`, and
        NotPossible: the registry lacks nothing, or went on otherwise than the copy.
    """
    _empty(out)
    known = GENESIS_HEAD
    if is_present(config):
        standing = standing_of(config)
        if standing != "registry-behind":
            where = registry_file(config) or "the configured database"
            raise NotPossible(
                f"there is a registry at {where} which lacks nothing that the vault's copy of the "
                f"journal has ({standing}): move it away first, if another shall take its place"
            )
        with open_database(config) as store:
            store.copy_to(out / "registry.db")
        with open_store(NEW, out) as copied:  # somebody may write to the other one at any moment
            known = copied.journal_head()
    return replace(_play(config, out, bar, _from_copy(config, known)), known=known)


def standing_of(config: Config) -> Standing:
    """Return how the registry, which is there, stands to the journal's copy in its vault.

    Raises:
        RegistryProblem: the copy is damaged.
    """
    with open_database(config) as store, _undamaged():
        return open_vault(config).journal.standing(store)


def is_present(config: Config) -> bool:
    """Whether there is a registry in which something is written."""
    path = registry_file(config)
    if path is not None and not path.exists():
        return False
    with closing(open_database(config)) as store:
        return store.journal_head() != GENESIS_HEAD


def registry_file(config: Config) -> Path | None:
    """Return where the registry's file is, or would be; None when it is a server's."""
    url = resolve(config.settings.storage.database, config.folder)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(url.database) if is_file and url.database else None


def _empty(out: Path) -> None:
    if out.exists() and any(out.iterdir()):
        raise NotPossible(f"{out} is not empty: name another folder")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)


def _play(config: Config, out: Path, bar: Bar, source: Source) -> Rebuilt:
    clock, overlay = Moment(), Overlay(out / "vault", open_vault(config))
    with (
        open_store(NEW, out, durable=False) as new,
        reading_desk(config, new, overlay, clock) as (desk, new_reader),
        bar("replaying", source.count) as done,
    ):
        played = replay(desk, clock, source.events(), out, new_reader, done)
    return Rebuilt(source, played, out)


def _from_copy(config: Config, known: Head) -> Source:
    """Return the copy's events after ``known``, which is one of its events or its beginning."""
    copy = open_vault(config).journal
    with _undamaged():
        head = copy.head()
    if head == GENESIS_HEAD:
        raise NotPossible(f"there is neither a registry nor a journal's copy: no {copy.where}")
    count = head.serial - known.serial
    return Source("vault", head, count, lambda: _sound_events(copy, known))


def _events_of(store: Store, head: Head) -> Iterator[Event]:
    """Yield the events up to ``head``; a daemon may append others meanwhile."""
    last = 0
    while last < head.serial:
        events = store.events_after(last, min(1000, head.serial - last))
        yield from events
        last = events[-1].serial


def _sound_events(copy: JournalCopy, known: Head) -> Iterator[Event]:
    """Yield the copy's events after ``known``; a chain that is broken is not played any further."""
    previous = GENESIS_HEAD
    with _undamaged():
        for event in copy.events():
            if (event.serial, event.previous) != (previous.serial + 1, previous.sha256):
                raise RegistryProblem(
                    f"{copy.where}: event {event.serial} does not follow event {previous.serial}: "
                    "lines are missing or were moved; restore this file from a backup"
                )
            previous = Head(event.serial, event.sha256)
            if event.serial == known.serial and previous != known:
                raise NotPossible(
                    f"somebody wrote to the registry: it goes on otherwise than {copy.where}"
                )
            if event.serial > known.serial:
                yield event


@contextmanager
def _undamaged() -> Iterator[None]:
    try:
        yield
    except CopyDamaged as error:
        raise RegistryProblem(f"{error}: restore this file from a backup of the vault") from error


def _told(one: Difference) -> View:
    return {
        "event": one.serial or None,
        "at": one.at.isoformat(),
        "kind": one.kind,
        "subject": one.subject,
        "then": dict(one.then),
        "now": dict(one.now),
        "why": one.why or None,
        "mail": one.of or None,
    }
