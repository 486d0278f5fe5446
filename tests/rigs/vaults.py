"""The same vault on a disk and in a bucket: what a test says of one must hold for the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rigs.s3 import S3, names_in

from registry.bucket import Access, Bucket
from registry.vault import Vault


class Lies(Protocol):
    """Where a vault lies, seen from outside of the program."""

    def open(self) -> Vault:
        """Open the vault as another process would."""

    def names(self) -> list[str]:
        """Return the names of all that lies there."""

    def overwrite(self, name: str, data: bytes) -> None:
        """Change a file behind the program's back."""

    def take_away(self, name: str) -> None:
        """Lose a file."""


@dataclass(frozen=True)
class OnDisk:
    """A folder."""

    folder: Path

    def open(self) -> Vault:
        return Vault(self.folder)

    def names(self) -> list[str]:
        there = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.folder).as_posix() for path in there)

    def overwrite(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def take_away(self, name: str) -> None:
        (self.folder / name).unlink()


@dataclass(frozen=True)
class InBucket:
    """A bucket of a real server."""

    server: S3
    access: Access

    def open(self) -> Vault:
        return Vault(Bucket(self.access))

    def names(self) -> list[str]:
        return names_in(Bucket(self.access))

    def overwrite(self, name: str, data: bytes) -> None:
        self.server.put(self.access, name, data)

    def take_away(self, name: str) -> None:
        self.server.delete(self.access, name)
