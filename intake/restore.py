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
from intake.opening import open_vault
from registry.copies import examine, mark_as_restored
from registry.database import resolve
from registry.errors import NotPossible, RegistryProblem
from registry.files import sync_folder
from registry.vault import Vault


def restore(config: Config, folder: Path, now: dt.datetime) -> Checked:
    """Put a backup's registry and vault into the configured places, where there is no registry.

    The vault may hold files: they are named by what they hold, and those of the backup are added.
    The registry gets its name last, marked as behind the mailbox, so that the daemon catches up
    before it does anything else. Killed at any point it can be called again.

    Raises:
        NotPossible: there is a registry, the backup is not sound, or the disk does not take it.
        RegistryProblem: the configured database is no file, or a newer program wrote the backup.
    """
    target = _place_of(config)
    checked = check(folder)
    if checked.problems:
        raise NotPossible(
            f"{folder} is not sound, nothing was restored: {'; '.join(checked.problems[:5])}"
        )
    vault = open_vault(config)
    try:
        _put_back(checked, vault, target, now)
    except OSError as error:
        raise NotPossible(
            f"{folder} was not restored, call it again when this is mended: {error}"
        ) from error
    return Checked(folder, checked.manifest, tuple(_after(target, vault)))


def _put_back(checked: Checked, vault: Vault, target: Path, now: dt.datetime) -> None:
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
    part.rename(target)
    sync_folder(target.parent)


def _place_of(config: Config) -> Path:
    url = resolve(config.settings.storage.database, config.folder)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise RegistryProblem(f"{url} is a server: restore it with its own tools")
    target = Path(url.database)
    there = [path for path in (target, *_beside(target)) if path.exists()]
    if there:
        names = ", ".join(path.name for path in there)
        raise NotPossible(
            f"{target.parent} has a registry ({names}): stop the daemon and move these files away"
            " first; the vault can stay where it is"
        )
    return target


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
