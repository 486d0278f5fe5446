"""Back up: the registry, the vault and the config as one verified folder. `restore` puts it back.

The registry is copied first, then the vault: the vault only grows, and bytes are in it before a
row names them, so that the later copy has all that the earlier one names. Both may be written to
meanwhile. The folder gets its name when it is whole.
"""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from config.model import Config
from intake.opening import data_folder, vault_folder
from registry.copies import Examined, examine, settle
from registry.errors import NotPossible, RegistryBusy
from registry.files import sync_folder
from registry.journal_copy import CopyDamaged
from registry.place import chunks
from registry.store import Store
from registry.vault import Vault

MANIFEST = "manifest.json"
DATABASE = "registry.db"
_NAME = re.compile(r"intake-\d{8}T\d{6}Z")
_CONFIG_TYPES = frozenset({".toml", ".csv", ".j2", ".txt", ".html", ".docx", ".md"})


@dataclass(frozen=True, slots=True)
class File:
    """A file of a backup: its path inside it, what it holds, how long it is."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is. ``journal`` is the head of the chain: with it a shortened one is found."""

    program: str
    schema: str
    made_at: str
    journal_serial: int
    journal_sha256: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that was looked through; ``problems`` is empty when it is sound."""

    folder: Path
    manifest: Manifest
    problems: tuple[str, ...]


# --- making one ---


def back_up(
    config: Config, store: Store, vault: Vault, parent: Path, now: dt.datetime, program: str
) -> Checked:
    """Write a backup into a new folder of ``parent`` and look it through; the daemon may run.

    Files of the vault that an earlier backup there has are linked to it, not copied.

    Raises:
        NotPossible: there is a backup of this second already, or the disk does not take it, or the
            bucket has lost a part of the journal's copy (then nothing of it is left).
        RegistryProblem: what was copied from a server is not what is there.
    """
    name = f"intake-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    folder, part = parent / name, parent / f".{name}.part"
    if folder.exists():
        raise NotPossible(f"{folder} is there already: wait a second and try again")
    try:
        part.mkdir(parents=True, mode=0o700)
        store.copy_to(part / DATABASE)
        settle(part / DATABASE)
        _copy_vault(vault, part / "vault", _earlier(parent))
        _copy_config(config, part / "config")
        known = examine(part / DATABASE)
        manifest = Manifest(
            program, known.schema, now.isoformat(), known.serial, known.head, tuple(_files(part))
        )
        written = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
        _write(part / MANIFEST, [written])
        _sync_folders(part)
        part.rename(folder)
        sync_folder(parent)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)  # its own half copy; links leave their files
        if isinstance(error, OSError | sqlite3.Error | RegistryBusy | CopyDamaged):
            raise NotPossible(f"no backup was made in {parent}: {error}") from error
        raise
    return check(folder)


def _earlier(parent: Path) -> Path | None:
    names = [path for path in parent.iterdir() if _NAME.fullmatch(path.name)]
    return max(names, key=lambda path: path.name, default=None)


def _copy_vault(vault: Vault, target: Path, earlier: Path | None) -> None:
    target.mkdir(mode=0o700)
    wanted = (sha256 for sha256 in vault.names() if not _linked(sha256, target, earlier))
    for sha256, data in vault.raw_all(wanted):
        _write(_shelf(target, sha256) / sha256, [data])
    for name, pieces in vault.place.beside():
        _write(target / name, pieces)


def _linked(sha256: str, target: Path, earlier: Path | None) -> bool:
    """Whether an earlier backup has this file, and it could be linked to."""
    twin = earlier / "vault" / sha256[:2] / sha256 if earlier else None
    if twin is None or not twin.is_file() or not _holds(twin, sha256):
        return False
    try:
        os.link(twin, _shelf(target, sha256) / sha256)
    except OSError:
        return False  # another file system, or one without links
    return True


def _shelf(target: Path, sha256: str) -> Path:
    shelf = target / sha256[:2]
    shelf.mkdir(exist_ok=True, mode=0o700)
    return shelf


def beside_shelves(vault: Path) -> list[Path]:
    """Return what lies in a backup's vault besides its shelves of files named by their hash."""
    there = sorted(vault.iterdir()) if vault.is_dir() else []
    return [path for path in there if path.is_file() and not path.name.startswith(".")]


def is_shelved(one: File) -> bool:
    """Whether a file of a backup is one of the vault that is named by its hash."""
    return len(Path(one.path).parts) == 3 and one.path.startswith("vault/")  # noqa: PLR2004  vault/ab/ab…


def _copy_config(config: Config, target: Path) -> None:
    """Copy what the admin wrote; never a password, nor what the program wrote itself."""
    settings, folder = config.settings, config.folder
    secrets = {
        (start / os.path.expandvars(name)).resolve()
        for name in (
            settings.mailbox.password_file,
            settings.smtp.password_file,
            settings.storage.password_file,
            settings.board.password_file,
            settings.storage.s3_secret_file,
            settings.oauth.client_secret_file,
            settings.oauth.token_file,
        )
        for start in (folder, Path())
        if name
    }
    pem = {
        (folder / name).resolve()
        for name in (
            settings.security.signature_roots, settings.mailbox.ca_file, settings.smtp.ca_file,
            settings.oauth.ca_file,
        )
        if name
    }  # fmt: skip
    own = {data_folder(config).resolve(), (folder / settings.board.path).resolve()}
    vault = vault_folder(config)
    own = (own | ({vault.resolve()} if vault else set())) - {folder.resolve()}
    for path in sorted(folder.rglob("*")):
        real = path.resolve()
        inside = path.relative_to(folder)
        skip = real in secrets or "secrets" in inside.parts or not own.isdisjoint(real.parents)
        wanted = path.suffix in _CONFIG_TYPES or real in pem
        if path.is_file() and wanted and not skip and not inside.name.startswith("."):
            copied = target / inside
            copied.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            copy_file(path, copied)


# --- looking through one ---


def check(folder: Path) -> Checked:
    """Look through a backup: every file as its manifest says, and nothing missing that is named.

    Raises:
        NotPossible: it is no backup of this program.
    """
    manifest = read_manifest(folder)
    problems = [
        f"{one.path} is not what it was"
        for one in manifest.files
        if not _is_sound(folder / one.path, one)
    ]
    if problems and f"{DATABASE} is not what it was" in problems:
        return Checked(folder, manifest, tuple(problems))
    known = examine(folder / DATABASE)
    problems += _registry_problems(known, manifest)
    shelved = [one for one in manifest.files if is_shelved(one)]
    have = {Path(one.path).name for one in shelved}
    problems += [
        f"the registry names {sha256}, which the vault does not have"
        for sha256 in sorted(known.named - have)
    ]
    problems += [
        f"{one.path} does not hold what its name says"
        for one in shelved
        if Path(one.path).name != one.sha256
    ]
    return Checked(folder, manifest, tuple(problems))


def _registry_problems(known: Examined, manifest: Manifest) -> Iterator[str]:
    if known.problem:
        yield f"{DATABASE}: {known.problem}"
    if (known.serial, known.head) != (manifest.journal_serial, manifest.journal_sha256):
        yield f"{DATABASE}: its journal does not end where the manifest says"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a backup.

    Raises:
        NotPossible: there is none, or it is not one of ours.
    """
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = tuple(File(**one) for one in found.pop("files"))
        manifest = Manifest(files=files, **found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotPossible(
            f"{folder} is no backup (its {MANIFEST} cannot be read: {error}): give the folder that"
            " `intake backup` wrote, such as …/intake-20240515T090000Z"
        ) from None
    if any(Path(one.path).is_absolute() or ".." in Path(one.path).parts for one in files):
        raise NotPossible(f"{folder / MANIFEST} names files outside the backup")
    return manifest


# --- files ---


def _files(part: Path) -> Iterator[File]:
    for path in sorted(part.rglob("*")):
        if path.is_file():
            sha256, size = _digest(path)
            yield File(path.relative_to(part).as_posix(), sha256, size)


def _is_sound(path: Path, told: File) -> bool:
    try:
        return _digest(path) == (told.sha256, told.size_bytes)
    except OSError:
        return False


def _holds(path: Path, sha256: str) -> bool:
    return _digest(path)[0] == sha256


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks(path):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; it is on the disk, and its owner's alone, when this returns."""
    _write(target, chunks(source))


def _write(target: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that only its owner can read, and make it safe on the disk."""
    target.touch(mode=0o600)
    with target.open("wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())


def _sync_folders(part: Path) -> None:
    for path in (part, *part.rglob("*")):
        if path.is_dir():
            sync_folder(path)
