"""The vault: raw bytes in files named by their sha256. Written once, never changed."""

import hashlib
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from registry.journal_copy import JournalCopy
from registry.place import Folder, Place

_NAME = re.compile(r"[0-9a-f]{64}")
#: Beside the shelves, so that a backup has it and an export has not.
_SECRET = "secret.key"  # noqa: S105  a file's name
_SECRET_BYTES = 32
_AHEAD_BYTES = 32_000_000
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class VaultDamaged(Exception):  # noqa: N818  a finding about a file, to be handled by its reader
    """A file of the vault does not hold the bytes that its name promises."""

    def __init__(self, sha256: str, where: str) -> None:
        self.sha256 = sha256
        self.where = where
        super().__init__(
            f"{where} does not hold what its name says (power loss or a bad disk): "
            "fetch the message again or restore the file from a backup"
        )


class Vault:
    """Immutable files in a place (a folder, a bucket), on shelves by the first two digits.

    `put` returns only when the bytes and their name are on the disk, or the bucket has said so:
    after that a power loss takes nothing away.
    """

    def __init__(self, place: Place | Path) -> None:
        self.place: Place = Folder(place) if isinstance(place, Path) else place
        self._secret: bytes | None = None
        self._journal: JournalCopy | None = None

    @property
    def journal(self) -> JournalCopy:
        """The journal's copy beside the shelves."""
        if self._journal is None:
            self._journal = self.place.journal()
        return self._journal

    def secret(self) -> bytes:
        """Return the 32 bytes that seal workbooks and answers to us; made when first asked for.

        They live as long as the vault: what was sealed years ago can still be told from a forgery.

        Raises:
            VaultDamaged: the file holds something else. A new one would disown all that was sealed.
            OSError: the disk, the bucket.
        """
        if self._secret is None:
            try:
                text = self.place.read(_SECRET)
            except FileNotFoundError:
                self.place.create(_SECRET, secrets.token_hex(_SECRET_BYTES).encode())
                text = self.place.read(_SECRET)  # ours, or that of who was faster
            try:
                found = bytes.fromhex(text.decode("ascii"))
            except ValueError:
                found = b""
            if len(found) != _SECRET_BYTES:
                raise VaultDamaged(_SECRET, self.place.where(_SECRET))
            self._secret = found
        return self._secret

    def ready(self) -> None:
        """Make sure that the place answers.

        Raises:
            OSError: it does not; whatever would need its files can wait.
        """
        self.place.ready()

    def put(self, data: bytes) -> str:
        """Store bytes and return their sha256. The same bytes again change nothing.

        A file of that name that holds something else (torn by a power loss) is replaced.
        OSError (disk full, no permission, bucket away) leaves no half file of that name behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        self.place.keep(_on_shelf(sha256), data)
        return sha256

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Store bytes that come in pieces as one file, as `put` does; return their sha256.

        In a folder they are never in memory together.
        """
        return self.place.keep_pieces(pieces, _on_shelf)

    def put_all(
        self, batch: Iterable[bytes], done: Callable[[], None] = lambda: None
    ) -> Iterator[str | OSError]:
        """Store several, as many at the same time as the place is good for; ``done`` after each.

        Yield in their order the sha256 of each, or why it was not stored: one that cannot be
        stored keeps no other from it. Few are taken ahead: their bytes stay bounded.
        """

        def put(data: bytes) -> str | OSError:
            try:
                return self.put(data)
            except OSError as error:
                return error
            finally:
                done()

        return self._each(put, batch, len)

    def get(self, sha256: str) -> bytes:
        """Return the bytes of this hash.

        Raises:
            KeyError: there is no such file.
            VaultDamaged: the file holds other bytes.
            OSError: the disk, the bucket.
        """
        name = _on_shelf(sha256)
        try:
            data = self.place.read(name)
        except FileNotFoundError:
            raise KeyError(sha256) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VaultDamaged(sha256, self.place.where(name))
        return data

    def raw_all(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield hash and bytes of these files as they are, unchecked, a few being read ahead.

        Raises:
            OSError: one cannot be read, or is not there.
        """
        return self._each(lambda sha256: (sha256, self.place.read(_on_shelf(sha256))), names)

    def has(self, sha256: str) -> bool:
        """Whether a file of this name is there (`get` checks what it holds)."""
        return self.place.has(_on_shelf(sha256))

    def holds(self, sha256: str, data: bytes) -> bool:
        """Whether the file of this name is there and holds these bytes."""
        return self.place.holds(_on_shelf(sha256), data)

    def names(self) -> Iterator[str]:
        """Yield the hashes of all files, in order."""
        return self.place.shelved()

    def tidy(self, spare_seconds: float = 0.0) -> int:
        """Remove what a kill left half-written, and return how many files that were.

        Only for the process that alone writes here: another one's file would vanish under it.
        Where other hosts write too, what is younger than ``spare_seconds`` is theirs perhaps.
        """
        return self.place.tidy(spare_seconds)

    def _each(
        self,
        act: Callable[[_Item], _Result],
        items: Iterable[_Item],
        weigh: Callable[[_Item], int] = lambda _item: 0,
    ) -> Iterator[_Result]:
        """Act on each item, as many at the same time as is good here; yield in their order."""
        if self.place.at_once == 1:
            yield from map(act, items)
            return
        with ThreadPoolExecutor(self.place.at_once, thread_name_prefix="vault") as pool:
            ahead: deque[tuple[int, Future[_Result]]] = deque()
            for item in items:
                ahead.append((weigh(item), pool.submit(act, item)))
                while ahead and (
                    len(ahead) > self.place.at_once or sum(one for one, _ in ahead) > _AHEAD_BYTES
                ):
                    yield ahead.popleft()[1].result()
            for _, one in ahead:
                yield one.result()


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

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Store bytes that come in pieces, as `put` does."""
        return self.put(b"".join(pieces))

    def get(self, sha256: str) -> bytes:
        """Return the bytes of this hash, from wherever they are; as `Vault.get`."""
        return super().get(sha256) if super().has(sha256) else self._under.get(sha256)

    def has(self, sha256: str) -> bool:
        """Whether a file of this name is in either folder."""
        return super().has(sha256) or self._under.has(sha256)


def _on_shelf(sha256: str) -> str:
    """Return the name of a file in its place; KeyError for what is no hash."""
    if not _NAME.fullmatch(sha256):
        raise KeyError(sha256)
    return f"{sha256[:2]}/{sha256}"
