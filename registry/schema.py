"""The schema's version: made new, migrated after a backup copy, or refused."""

from pathlib import Path

import sqlalchemy as sa

from registry import postgres
from registry.database import Database
from registry.errors import RegistryTooNew
from registry.tables import metadata

#: The newest revision in migrations/versions (a test holds it to that).
HEAD = "0005"
_FOLDER = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database) -> None:
    """Make the tables of an empty database, or migrate an older one in one transaction.

    An older SQLite file is copied first, to ``<file>.before-<revision>``.

    Raises:
        RegistryTooNew: the database has a revision that this program does not know.
    """
    revision = _revision(database)
    if revision == HEAD:
        return
    if revision is not None:
        refuse_newer(database)
        if database.path is not None:
            database.copy_to(database.path.with_name(f"{database.path.name}.before-{HEAD}"))
    _upgrade(database)


def refuse_newer(database: Database) -> None:
    """Raise `RegistryTooNew` when a newer version of the program has migrated the database."""
    revision = _revision(database)
    if revision not in {None, HEAD} and revision not in _known_revisions():
        raise RegistryTooNew(
            f"{database.name} was written by a newer version "
            f"(schema {revision}, this program knows {HEAD}): install that version again, "
            "or restore a copy from before the upgrade"
        )


def is_up_to_date(database: Database) -> bool:
    """Whether the database has the schema of this program."""
    return _revision(database) == HEAD


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _known_revisions() -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  only a migration needs Alembic

    return {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}


def _upgrade(database: Database) -> None:
    from alembic import command  # noqa: PLC0415  only a migration needs Alembic
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    with database.write() as connection:
        if database.on_server:  # however large its tables are
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if database.on_server:
            postgres.shape(connection, metadata)
