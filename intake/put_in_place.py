"""A rebuilt registry in the old one's place; at the daemon's start without being asked.

A registry that lacks events of its vault's journal was put back from before, or is new. It does not
know which mails have left since. The copy knows: what it has more is played onto the registry, and
then nothing leaves twice.
"""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import structlog

from config.model import Config
from intake.backup import DATABASE
from intake.opening import data_folder, open_database, open_vault, work_folder
from intake.rebuild import (
    NEW,
    Rebuilt,
    bring_up_to_copy,
    is_present,
    registry_file,
    standing_of,
)
from parsers.jail import JailBrokenError
from registry.errors import (
    NotPossible,
    RegistryBehind,
    RegistryBusy,
    RegistryProblem,
    VaultAway,
)
from registry.files import sync_folder
from registry.journal_copy import CopyDamaged, JournalCopy, told_until
from registry.lease import AnyLease
from registry.model import GENESIS_HEAD, Head
from registry.server_lease import ServerLease
from registry.store import Store, open_store
from registry.vault import Vault

_log = structlog.get_logger("in_place")


def put_in_place(
    config: Config, rebuilt: Rebuilt, now: dt.datetime, lease: AnyLease | None = None
) -> Rebuilt:
    """Put a new registry where the settings say; what was there is kept in a file beside it.

    Only for whoever holds the lease. It is one write transaction, of a file as of a server: what
    others write comes before it, and then nothing is replaced, or after it. Killed at any point,
    either the old one or the new one is there, whole.

    Raises:
        NotPossible: there is a registry that lacks nothing, or somebody has written to it since.
        LeaseLost: another daemon may work on it.
        RegistryBusy: it cannot be used now.
        RegistryProblem: what is there is damaged.
    """
    target = registry_file(config)
    if is_present(config) and (standing := standing_of(config)) != "registry-behind":
        where = target or "the configured database"
        raise NotPossible(f"there is a registry at {where} ({standing}): move it away first")
    vault, made = open_vault(config), Vault(rebuilt.folder / "vault")
    for sha256 in made.names():
        vault.put(made.get(sha256))
    kept = _unused(target or data_folder(config) / DATABASE, _before(now))
    with open_database(config) as old, open_store(NEW, rebuilt.folder) as new:
        if isinstance(lease, ServerLease):
            old.guarded(lease.guard, lease.idle_seconds)
        elif lease is not None:
            lease.check()
        _replace(old, new, rebuilt.known, kept)
        return replace(rebuilt, placed=old.name_of_database())


def _replace(old: Store, new: Store, known: Head, kept: Path) -> None:
    """Put the new rows in place of the old ones, which are kept in a file.

    If it fails the file goes: each start tries again, and the disk would fill with such copies. It
    stays where the server's answer was lost, and the old rows may be nowhere else.
    """
    try:
        if old.journal_head() != GENESIS_HEAD:
            old.copy_to(kept)
            _sync_file(kept)
            sync_folder(kept.parent)
        old.take_all_of(new, replace=known)
    except BaseException:
        with suppress(RegistryBusy):
            if old.journal_head() != new.journal_head():
                kept.unlink(missing_ok=True)
        raise


def _before(now: dt.datetime) -> str:
    return f"before-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def catch_up_with_copy(
    config: Config,
    now: dt.datetime,
    beat: Callable[[], None],
    lease: AnyLease | None = None,
) -> int:
    """Before the registry is opened for work: play onto it what only the vault's copy knows.

    Only when all comes out again as it was, and nobody writes meanwhile (commands hold no lease);
    else `notice_behind` or the signs of `intake.catch_up` have the mailbox asked. Return how many
    events that were. ``beat`` is called at each: it may take long.

    Raises:
        LeaseLost: another daemon may work on the registry.
        RegistryBusy: the registry cannot be used now, or the disk is full. The next start tries it
            again, for what people decided is nowhere but in the copy.
        VaultAway: a file cannot be read now; likewise.
    """
    if not _behind(config):
        return 0

    for stale in data_folder(config).glob("rebuilding-*"):  # a kill left it
        shutil.rmtree(stale, ignore_errors=True)

    @contextmanager
    def beats(_what: str, _total: int) -> Iterator[Callable[[], None]]:
        yield beat

    work = work_folder(config)
    try:
        with tempfile.TemporaryDirectory(prefix="rebuilding-", dir=work) as folder:
            rebuilt = bring_up_to_copy(config, Path(folder), beats)
            if not rebuilt.equal:
                _log.error("not_brought_up", differences=len(rebuilt.played.differences))
                return 0
            put_in_place(config, rebuilt, now, lease)
    except (NotPossible, RegistryProblem, JailBrokenError) as error:
        _log.error("not_brought_up", reason=str(error))
        return 0
    except VaultAway:
        raise
    except OSError as error:
        raise RegistryBusy(
            "the registry was not brought up to the journal's copy in the vault "
            f"({error}): is the disk of {work} full?"
        ) from error
    _log.warning("brought_up", events=rebuilt.played.events)
    return rebuilt.played.events


def notice_behind(copy: JournalCopy, store: Store, now: dt.datetime) -> None:
    """Mark a registry that still lacks events of its vault: it asks the mailbox before it speaks.

    Also where the copy is damaged and cannot be played: it tells all the same that there was more.

    Raises:
        RegistryBehind: it is empty, and the vault tells more than the mailbox.
    """
    has = store.journal_head().serial
    try:
        if copy.standing(store) != "registry-behind":
            return
        knows, damage = copy.head().serial, ""
    except CopyDamaged as error:  # it is set aside after this; `intake verify` says more
        _log.error("journal_copy_damaged", reason=str(error))
        knows, damage = told_until(copy.readable(), store.journal_head()), f", damaged: {error}"
        if knows <= has:
            return
    told = f"has {has} events and the journal's copy in the vault has {knows}{damage}"
    if has == 0:
        raise RegistryBehind(
            f"{store.name_of_database()} {told} ({copy.where}): it is new, and going on would "
            "answer and remind again: run `intake replay --in-place`, which says what stands "
            "against it"
        )
    store.fall_behind(f"the registry {told}: an older copy was put in its place", now)


def _behind(config: Config) -> bool:
    """Whether the copy has events that the registry, if there is one, lacks."""
    copy = open_vault(config).journal
    try:
        if not is_present(config):
            return copy.head() != GENESIS_HEAD
        return standing_of(config) == "registry-behind"
    except (CopyDamaged, RegistryProblem) as error:
        _log.error("journal_copy_damaged", reason=str(error))
        return False


def _unused(target: Path, ending: str) -> Path:
    names = (f"{target.name}.{ending}{f'-{n}' if n else ''}" for n in range(1_000_000))
    return next(path for path in map(target.with_name, names) if not path.exists())


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
