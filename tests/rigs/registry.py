"""Which registry the tests open: a SQLite file, or a database of a private PostgreSQL.

``pytest --registry postgresql`` chooses the server. The seam is here alone: whoever makes an office
or opens a store asks `url` for the address of its folder's registry, and the product reads it in
its settings as it does in service. One server for each test process, started when first asked; each
registry, a file too, is a database of its own, copied from a migrated one: to migrate an empty one
takes longer than most of what a test does with it.
"""

from contextlib import ExitStack
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a run without registries loads nothing of them
    from rigs.postgres import Postgres

#: What settings.toml says as shipped.
FILE = "sqlite:///data/registry.db"
_TEMPLATE = "migrated"


class _Registries:
    """The registries of this test process."""

    def __init__(self) -> None:
        self.kind = "sqlite"
        #: How many were asked for, so that the session knows which tests ask for one.
        self.asked = 0
        self._server: Postgres | None = None
        self._stack = ExitStack()
        self._urls: dict[Path, str] = {}
        self._file = b""
        self._laid: set[Path] = set()

    def url(self, folder: Path) -> str:
        self.asked += 1
        folder = folder.resolve()
        if self.kind == "sqlite":
            if folder not in self._laid:
                self._laid.add(folder)
                self.lay(folder / "data" / "registry.db")
            return FILE
        if folder not in self._urls:
            self._urls[folder] = self.server().url(template=_TEMPLATE)
        return self._urls[folder]

    def lay(self, path: Path) -> None:
        if not self._file:
            from registry.store import open_store  # noqa: PLC0415

            with TemporaryDirectory() as made:
                open_store(f"sqlite:///{path.name}", Path(made)).close()
                self._file = (Path(made) / path.name).read_bytes()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(self._file)

    def copy(self, old: Path, new: Path) -> None:
        name = _name(self.url(old))
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
        self.server().sql(end.format(name))  # a template must have no connections
        self._urls[new.resolve()] = self.server().url(template=name)

    def server(self) -> "Postgres":
        if self._server is None:
            from rigs.postgres import Postgres  # noqa: PLC0415

            from registry.store import open_store  # noqa: PLC0415

            server = self._stack.enter_context(Postgres())
            open_store(server.url(_TEMPLATE), server.dir).close()
            self._server = server
        return self._server

    def drop(self) -> None:
        self._laid.clear()
        for address in self._urls.values():
            self.server().sql(f'DROP DATABASE "{_name(address)}" WITH (FORCE)')
        self._urls.clear()

    def end(self) -> None:
        self._urls.clear()
        self._server = None
        self._stack.close()


registries = _Registries()


def on_server() -> bool:
    """Whether this run's registries are databases of a server."""
    return registries.kind == "postgresql"


def url(folder: Path) -> str:
    """Return the address of the registry that belongs to a folder: the same one at each call.

    The database is made, migrated and empty, at the first call. On a server it is dropped when the
    tests of the module have ended.
    """
    return registries.url(folder)


def laid(folder: Path) -> str:
    """Return the address of a file in the folder, as `url` makes one, whatever this run opens."""
    registries.lay(folder / "registry.db")
    return "sqlite:///registry.db"


def settle(folder: Path) -> None:
    """Let the settings of a config folder name the registry of this run."""
    from config.service import with_values  # noqa: PLC0415

    address = url(folder)
    if address != FILE:
        path = folder / "settings.toml"
        text = path.read_text("utf-8")
        path.write_text(with_values(text, "storage", {"database": f'"{address}"'}), "utf-8")


def copy_office(old: Path, new: Path) -> Path:
    """Copy a config folder with its vault and its registry, which nobody has open; return it."""
    copytree(old, new)
    if on_server():
        registries.copy(old, new)
        settle(new)
    return new


def _name(address: str) -> str:
    return address.partition("@/")[2].partition("?")[0]
