"""Put a backup back: into the configured places, where there is no registry, marked as behind."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from config.model import Config
from intake.backup import (
    DATABASE,
    Checked,
    beside_shelves,
    check,
    copy_file,
    is_shelved,
)
from intake.opening import open_database, open_vault, work_folder
from intake.rebuild import is_present, registry_file
from registry.copies import examine, mark_as_restored
from registry.errors import NotPossible
from registry.files import sync_folder
from registry.store import open_store
from registry.vault import Vault


def restore(config: Config, folder: Path, now: dt.datetime) -> Checked:
    """Put a backup's registry and vault into the configured places, where there is no registry.

    The vault may hold files: they are named by what they hold, and those of the backup are added.
    The registry gets its name last (on a server: its rows, in one transaction), marked as behind
    the mailbox, so that the daemon catches up before it does anything else. Killed at any point it
    can be called again.

    Raises:
        NotPossible: there is a registry, the backup is not sound, or the disk does not take it.
        RegistryProblem: a newer program wrote the backup.
    """
    target = registry_file(config)
    _must_be_free(config, target)
    checked = check(folder)
    if checked.problems:
        raise NotPossible(
            f"{folder} is not sound, nothing was restored: {'; '.join(checked.problems[:5])}"
        )
    vault = open_vault(config)
    try:
        part = _put_back(checked, vault, target or work_folder(config) / DATABASE, now)
        missing = tuple(_after(part, vault))
        if target is None:
            _load(config, part)
        else:
            part.rename(target)
            sync_folder(target.parent)
    except OSError as error:
        raise NotPossible(
            f"{folder} was not restored, call it again when this is mended: {error}"
        ) from error
    return Checked(folder, checked.manifest, missing)


def _put_back(checked: Checked, vault: Vault, target: Path, now: dt.datetime) -> Path:
    """Put all back but the registry's name; return what is to get it."""
    folder = checked.folder
    for one in checked.manifest.files:
        if is_shelved(one):
            vault.put((folder / one.path).read_bytes())
    for path in beside_shelves(folder / "vault"):
        vault.place.take_in(path.name, path)
    part = target.with_name(f"{target.name}.restoring")
    for old in (part, *_beside(part)):
        old.unlink(missing_ok=True)
    copy_file(folder / DATABASE, part)
    made_at = checked.manifest.made_at
    mark_as_restored(part, f"restored from {folder.name}, made at {made_at}", now)
    return part


def _load(config: Config, part: Path) -> None:
    """Copy the rows of a file into the database of a server."""
    with open_database(config) as store, open_store(f"sqlite:///{part}", part.parent) as restored:
        store.take_all_of(restored)
    for leftover in (part, *_beside(part)):
        leftover.unlink(missing_ok=True)


def _must_be_free(config: Config, target: Path | None) -> None:
    if target is None:
        if is_present(config):
            raise NotPossible(
                "the configured database has a registry: stop the daemon, and name another, empty "
                "database in [storage]; the vault can stay where it is"
            )
        return
    there = [path for path in (target, *_beside(target)) if path.exists()]
    if there:
        names = ", ".join(path.name for path in there)
        raise NotPossible(
            f"{target.parent} has a registry ({names}): stop the daemon and move these files away"
            " first; the vault can stay where it is"
        )


def _beside(database: Path) -> tuple[Path, ...]:
    """The files that SQLite lays beside a database: they belong to it and to no other."""
    return tuple(
        database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm", "-journal")
    )


def _after(target: Path, vault: Vault) -> Iterator[str]:
    known = examine(target)
    if known.problem:
        yield f"{target}: {known.problem}"
    for sha256 in sorted(known.named):
        if not vault.has(sha256):
            yield f"the registry names {sha256}, which the vault does not have"
