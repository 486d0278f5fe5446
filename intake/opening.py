"""What the settings say about storage and reading, opened – without the mail servers of the desk.

Commands that only look something up start with this module; it imports SQLAlchemy when asked.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.model import Config
from config.settings import secret

if TYPE_CHECKING:
    from parsers.jail import Jail, JailLimits
    from registry.bucket import Bucket
    from registry.lease import AnyLease, Holder
    from registry.store import Store
    from registry.vault import Vault

#: Where the settings name no number: more readers, half a gigabyte each, than most have memory for.
_MOST_AT_ONCE = 4


def open_registry(config: Config, *, thorough: bool = False) -> "tuple[Store, Vault]":
    """Open (and make, and migrate) the registry and the vault of a config."""
    return open_database(config, thorough=thorough), open_vault(config)


def open_database(config: Config, **options: Any) -> "Store":
    """Open the registry of a config as `registry.store.open_store` does, with its password.

    Raises:
        ConfigProblems: the password is not where the settings say.
    """
    from registry.store import open_store  # noqa: PLC0415  SQLAlchemy is slow to import

    storage = config.settings.storage
    password = secret(storage, os.environ)
    return open_store(storage.database, config.folder, password=password, **options)


def open_registry_beside(config: Config) -> "Store | None":
    """Open the registry of a config as `registry.store.open_beside` does, with its password."""
    from registry.store import open_beside  # noqa: PLC0415

    storage = config.settings.storage
    password = secret(storage, os.environ)
    return open_beside(storage.database, config.folder, password=password)


def open_vault(config: Config) -> "Vault":
    """Return the vault of a config; nothing is made before something is put into it.

    Raises:
        ConfigProblems: it is a bucket whose secret is not where the settings say.
        RegistryProblem: it is a bucket, and what speaks with it is not installed.
    """
    from registry.vault import Vault  # noqa: PLC0415

    where = config.settings.storage.bucket
    return Vault(
        _bucket(config, *where) if where else config.folder / config.settings.storage.vault
    )


def vault_folder(config: Config) -> Path | None:
    """Return the folder of the vault; None when it is a bucket."""
    storage = config.settings.storage
    return None if storage.bucket else config.folder / storage.vault


def _bucket(config: Config, bucket: str, prefix: str) -> "Bucket":
    from config.password import bucket_secret  # noqa: PLC0415  only who has a bucket needs it
    from registry.bucket import Access, Bucket  # noqa: PLC0415

    storage = config.settings.storage
    access = Access(
        bucket=bucket,
        prefix=prefix,
        endpoint=storage.s3_endpoint,
        region=storage.s3_region,
        key=storage.s3_access_key,
        secret=bucket_secret(storage, os.environ),
        timeout_seconds=storage.s3_timeout_seconds,
    )
    return Bucket(access)


def jail_limits(config: Config) -> "JailLimits":
    """Return the reading budgets of the settings, and the roots of signatures, for the jail."""
    from parsers import Limits as DocumentLimits  # noqa: PLC0415  only who reads needs a jail
    from parsers.jail import JailLimits  # noqa: PLC0415
    from parsers.office import OfficeLimits  # noqa: PLC0415

    limits, roots = config.settings.limits, config.settings.security.signature_roots
    return JailLimits(
        roots=((config.folder / roots).read_text("utf-8", "replace"),) if roots else (),
        seconds=limits.read_seconds,
        memory_bytes=int(limits.read_memory),
        output_bytes=int(limits.read_output),
        office=OfficeLimits(
            seconds=limits.convert_seconds, memory_bytes=int(limits.convert_memory)
        ),
        document=DocumentLimits(
            document_bytes=int(limits.document_bytes),
            unpacked_bytes=int(limits.unpacked_bytes),
            sheet_cells=limits.sheet_cells,
            picture_pixels=limits.picture_pixels,
            sheet_rows=limits.sheet_rows,
            sheet_columns=limits.sheet_columns,
            pdf_pages=limits.pdf_pages,
        ),
    )


def open_jail(config: Config) -> "Jail":
    """Return the jail of the settings on this machine; its workers start when needed."""
    from parsers.jail import Jail  # noqa: PLC0415

    processors = len(os.sched_getaffinity(0))
    at_once = config.settings.scale.at_once or min(max(processors, 2), _MOST_AT_ONCE)
    return Jail(jail_limits(config), workers=at_once)


def open_lease(config: Config) -> "AnyLease":
    """Return the lease of the registry that a config names, not taken yet.

    It belongs to the registry and not to the config folder: a lock beside the registry's file, or
    a row on its server.
    """
    storage = config.settings.storage
    if is_file(config):
        from registry.lease import Lease  # noqa: PLC0415  most commands need none

        return Lease(data_folder(config))
    import structlog  # noqa: PLC0415

    from parsers.fingerprint import code_fingerprint  # noqa: PLC0415
    from registry.database import resolve  # noqa: PLC0415
    from registry.server_lease import ServerLease  # noqa: PLC0415

    log = structlog.get_logger("lease")
    return ServerLease(
        resolve(storage.database, config.folder),
        storage.lease_seconds,
        password=secret(storage, os.environ),
        code=code_fingerprint,
        warn=lambda reason: log.warning("lease_in_danger", reason=reason),
    )


def holder_of(config: Config, store: "Store") -> "Holder | None":
    """Return who works on the registry of a config, None if nobody does (or nobody can tell)."""
    from registry.lease import DAEMON, holder  # noqa: PLC0415

    if is_file(config):
        return holder(data_folder(config))
    return next((one.holder for one in store.tenures() if one.name == DAEMON), None)


def is_file(config: Config) -> bool:
    """Whether the registry is a file of one host; else it is a server's."""
    return config.settings.storage.database.startswith("sqlite")


def data_folder(config: Config) -> Path:
    """Return the folder where the registry's file really lies (links followed), else the vault.

    Where neither is on a disk: what ``storage.state`` says.
    """
    from registry.database import resolve  # noqa: PLC0415  as above

    storage = config.settings.storage
    database = resolve(storage.database, config.folder).database
    if is_file(config) and database:
        return Path(database).resolve().parent
    return (vault_folder(config) or config.folder / storage.state).resolve()


def work_folder(config: Config) -> Path:
    """Return the same folder, for whoever writes there: it is made where it was missing."""
    from registry.files import make_folder  # noqa: PLC0415  as above

    folder = data_folder(config)
    make_folder(folder)
    return folder
