"""What the settings say about storage and reading, opened – without the mail servers of the desk.

Commands that only look something up start with this module; it imports SQLAlchemy when asked.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from config.model import Config
from parsers import Limits as DocumentLimits
from parsers.jail import JailLimits
from parsers.office import OfficeLimits

if TYPE_CHECKING:
    from registry.lease import AnyLease, Holder
    from registry.store import Store
    from registry.vault import Vault


def open_registry(config: Config, *, thorough: bool = False) -> "tuple[Store, Vault]":
    """Open (and make, and migrate) the registry and the vault of a config."""
    from registry.store import open_store  # noqa: PLC0415  SQLAlchemy is slow to import

    store = open_store(config.settings.storage.database, config.folder, thorough=thorough)
    return store, open_vault(config)


def open_vault(config: Config) -> "Vault":
    """Return the vault of a config; nothing is made before something is put into it."""
    from registry.vault import Vault  # noqa: PLC0415

    return Vault(config.folder / config.settings.storage.vault)


def jail_limits(config: Config) -> JailLimits:
    """Return the reading budgets of the settings, and the roots of signatures, for the jail."""
    limits, roots = config.settings.limits, config.settings.security.signature_roots
    return JailLimits(
        roots=((config.folder / roots).read_text("ascii"),) if roots else (),
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
    """Return the folder where the registry's file really lies (links followed), else the vault."""
    from registry.database import resolve  # noqa: PLC0415  as above

    storage = config.settings.storage
    database = resolve(storage.database, config.folder).database
    if is_file(config) and database:
        return Path(database).resolve().parent
    return (config.folder / storage.vault).resolve()
