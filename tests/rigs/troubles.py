"""Effects that can be counted, and a process that dies or meets trouble at one of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from registry.database import Database
from registry.errors import RegistryBusy
from registry.vault import Vault


class Killed(BaseException):
    """The process is gone: nothing but the disk is left. Not an `Exception`: nobody catches it."""


@dataclass
class Effects:
    """Counts the steps of all shells; the ``die_in``-th dies, the ``busy_in``-th write is locked.

    ``full_in``: the so many-th file into the vault finds the disk full.
    """

    die_in: int = 0
    busy_in: int = 0
    full_in: int = 0
    steps: int = 0
    #: Where processes died.
    deaths: list[str] = field(default_factory=list)
    #: Called when the process dies, before anything is thrown away.
    at_death: Callable[[], None] = lambda: None

    def step(self, name: str) -> None:
        """Say that an effect is about to be made, or was made."""
        self.steps += 1
        if self._counted("die_in"):
            self.deaths.append(name)
            self.at_death()
            raise Killed(name)

    def disarm(self) -> None:
        """Let the process live and its servers and disk be well."""
        self.die_in = self.busy_in = self.full_in = 0

    def _counted(self, name: str) -> bool:
        left = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return left == 1

    def watch_database(self, database: Database) -> None:
        """Count each write transaction: before it, before its commit, after it."""
        write = database.write

        @contextmanager
        def counted() -> Iterator[sa.Connection]:
            self.step("before a transaction")
            if self._counted("busy_in"):
                raise RegistryBusy("the registry is locked by another program")
            with write() as connection:
                yield connection
                self.step("before a commit")
            self.step("after a commit")

        database.write = counted  # type: ignore[method-assign]

    def watch_vault(self, vault: Vault) -> None:
        """Count each file that goes into the vault, before and after."""
        put, vault.place.at_once = vault.put, 1  # one after the other: a life can be lived again

        def counted(data: bytes) -> str:
            self.step("before a file")
            if self._counted("full_in"):
                raise OSError(28, "No space left on device")
            sha256 = put(data)
            self.step("after a file")
            return sha256

        vault.put = counted  # type: ignore[method-assign]
