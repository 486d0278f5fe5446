"""`intake migrate-registry`: the whole registry into another database, of a server or a file.

Only for whoever holds the lease. The old one is only read, and nothing is changed in the settings:
which lines these need is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from config.model import Config
from intake.opening import open_database
from intake.rebuild import registry_file
from registry.database import resolve
from registry.errors import NotPossible
from registry.model import Head
from registry.postgres import has_password
from registry.store import open_store


@dataclass(frozen=True, slots=True)
class Moved:
    """What was copied where: rows by table, the journal's head, the lines that [storage] needs."""

    source: str
    target: str
    rows: Mapping[str, int]
    head: Head
    lines: tuple[str, ...]


def migrate(config: Config, url: str, *, variable: str, file: str, password: str) -> Moved:
    """Copy the registry into the database at ``url``, which must be empty.

    ``variable`` or ``file`` is where its ``password`` comes from, as the settings will say it.
    Killed, nothing was copied, and it can be called again.

    Raises:
        NotPossible: there is no registry, the target has one, or the address has a password in it.
        RegistryProblem: the target refuses us, or the journal does not hold.
        RegistryBusy: the target cannot be reached now.
    """
    there = registry_file(config)
    if there is not None and not there.exists():
        raise NotPossible(f"there is no registry at {there}: nothing to copy")
    address = resolve(url, config.folder)
    if has_password(address):
        raise NotPossible(
            "the address has a password in it, which others on this machine can see: take it out "
            "and name a variable or a file (--password-env, --password-file)"
        )
    with (
        open_database(config) as old,
        open_store(url, config.folder, password=password) as new,
    ):
        rows = new.take_all_of(old)
        lines = [f'database = "{url}"']
        lines += [f'password_env = "{variable}"'] if variable else []
        lines += [f'password_file = "{file}"'] if file else []
        return Moved(
            old.name_of_database(), new.name_of_database(), rows, new.journal_head(), tuple(lines)
        )
