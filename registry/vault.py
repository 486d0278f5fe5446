"""The vault: raw bytes in files named by their sha256. Written once, never changed."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from registry.files import UNFINISHED, make_folder, put_file, put_file_once

_NAME = re.compile(r"[0-9a-f]{64}")
#: Beside the shelves, so that a backup has it and an export has not.
_SECRET = "secret.key"  # noqa: S105  a file's name
_SECRET_BYTES = 32


class VaultDamaged(Exception):  # noqa: N818  a finding about a file, to be handled by its reader
    """A file of the vault does not hold the bytes that its name promises."""

    def __init__(self, sha256: str, path: Path) -> None:
        self.sha256 = sha256
        self.path = path
        super().__init__(
            f"{path} does not hold what its name says (power loss or a bad disk): "
            "fetch the message again or restore the file from a backup"
        )


class Vault:
    """A folder of immutable files, fanned out by the first two digits of their names.

    `put` returns only when the bytes and their name are on the disk: after that a power loss
    takes nothing away.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._secret: bytes | None = None

    def secret(self) -> bytes:
        """Return the 32 bytes that seal workbooks and answers to us; made when first asked for.

        They live as long as the vault: what was sealed years ago can still be told from a forgery.

        Raises:
            VaultDamaged: the file holds something else. A new one would disown all that was sealed.
        """
        if self._secret is None:
            path = self.folder / _SECRET
            if not path.exists():
                make_folder(self.folder)
                put_file_once(path, secrets.token_hex(_SECRET_BYTES).encode())
            try:
                found = bytes.fromhex(path.read_text("ascii"))
            except ValueError:
                found = b""
            if len(found) != _SECRET_BYTES:
                raise VaultDamaged(_SECRET, path)
            self._secret = found
        return self._secret

    def put(self, data: bytes) -> str:
        """Store bytes and return their sha256. The same bytes again change nothing.

        A file of that name that holds something else (torn by a power loss) is replaced.
        OSError (disk full, no permission) leaves no file of that name behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if self.holds(sha256, data):
            return sha256
        make_folder(path.parent)
        put_file(path, data)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the bytes of this hash.

        Raises:
            KeyError: there is no such file.
            VaultDamaged: the file holds other bytes.
        """
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise KeyError(sha256) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VaultDamaged(sha256, path)
        return data

    def has(self, sha256: str) -> bool:
        """Whether a file of this name is there (`get` checks what it holds)."""
        return self._path(sha256).is_file()

    def holds(self, sha256: str, data: bytes) -> bool:
        """Whether the file of this name is there and holds these bytes."""
        return _holds(self._path(sha256), data)

    def names(self) -> Iterator[str]:
        """Yield the hashes of all files, in order."""
        for path in sorted(self.folder.glob("??/*")):
            if _NAME.fullmatch(path.name):
                yield path.name

    def tidy(self) -> int:
        """Remove what a kill left half-written, and return how many files that were.

        Only for the process that alone writes here: another one's file would vanish under it.
        """
        unfinished = list(self.folder.glob(f"??/{UNFINISHED}*"))
        for path in unfinished:
            path.unlink(missing_ok=True)
        return len(unfinished)

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise KeyError(sha256)
        return self.folder / sha256[:2] / sha256


class Overlay(Vault):
    """A vault that reads from another one, and writes only what that one lacks into its own folder.

    For trying something out: the other vault is never touched.
    """

    def __init__(self, folder: Path, under: Vault) -> None:
        super().__init__(folder)
        self._under = under

    def secret(self) -> bytes:
        """Return the other vault's secret: what is tried out must look as if it were true."""
        return self._under.secret()

    def put(self, data: bytes) -> str:
        """Store bytes unless the other vault holds them; return their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        return sha256 if self._under.holds(sha256, data) else super().put(data)

    def get(self, sha256: str) -> bytes:
        """Return the bytes of this hash, from wherever they are; as `Vault.get`."""
        return super().get(sha256) if super().has(sha256) else self._under.get(sha256)

    def has(self, sha256: str) -> bool:
        """Whether a file of this name is in either folder."""
        return super().has(sha256) or self._under.has(sha256)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False
