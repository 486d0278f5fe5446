"""A vault in a bucket of objects: S3 itself, or any server that speaks its protocol.

obstore (the Rust crate object_store) signs, retries and checks; here stands what a vault may trust.
"""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RegistryProblem, VaultAway
from registry.journal_copy import JournalCopy
from registry.journal_segments import JournalSegments, unmistakable
from registry.place import SHELVED

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

#: What was put or read a moment ago is read again by the next steps.
_REMEMBERED_BYTES = 64_000_000
_RETRIES = 2
_CONNECT_SECONDS = 5.0
#: Of so many bytes it is not the line's fault if they do not get through in time.
_SMALL_BYTES = 1_000_000
#: The code in an error's answer: for the words, and for what a server cannot do at all.
_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3} [A-Z][A-Za-z ]+)")
_TOO_SLOW = "the line is too slow for it, raise s3_timeout"
_WORDS = {
    "AccessDenied": "the key may not do this: give it the right to read, write and list there",
    "InvalidAccessKeyId": "the server does not know this access key",
    "SignatureDoesNotMatch": "the secret does not belong to the access key",
    "NoSuchBucket": "there is no such bucket",
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it (NTP)",
    "SlowDown": "the server asks to be asked less often",
    "ServiceUnavailable": "the server is overloaded",
    "BadDigest": "what arrived there was not what was sent",
    "XAmzContentSHA256Mismatch": "what arrived there was not what was sent",
    "NoSpace": "the server has no room left",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Where a bucket is and who we are there. ``endpoint`` is empty for Amazon's own."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    key: str
    secret: str = field(repr=False)
    #: For one request; with its retries it may take three times that.
    timeout_seconds: float = 60.0


class Bucket:
    """A place in a bucket, below a prefix. What it keeps is not deleted, whatever happens.

    A name is absent only when the bucket itself says so and answers otherwise: an answer that does
    not come is `VaultAway`. A server that hangs costs its time limit once, not once for every
    object; one object that is too large for the line costs it each time, and bars no other. All
    methods may be called by several threads.
    """

    #: Each costs a round trip, and most servers are slow to say yes.
    at_once = 8

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._recent = _Recent(_REMEMBERED_BYTES)
        self._can_create = True  # until the server says that it cannot
        self._hung_until, self._hung = float("-inf"), ""

    @cached_property
    def _store(self) -> "S3Store":
        try:
            from obstore.store import S3Store  # noqa: PLC0415  an extra, and slow to import
        except ImportError:
            raise RegistryProblem(
                f"the vault {self.where()} is a bucket, and obstore is not installed: "
                "pip install 'commune-intake[scale]'"
            ) from None
        access, limit = self._access, timedelta(seconds=self._access.timeout_seconds)
        connect = timedelta(seconds=min(_CONNECT_SECONDS, access.timeout_seconds))
        endpoint: S3Config = {"endpoint": access.endpoint} if access.endpoint else {}
        return S3Store(
            access.bucket,
            prefix=access.prefix or None,
            region=access.region,
            access_key_id=access.key,
            secret_access_key=access.secret,
            checksum_algorithm="SHA256",
            client_options={
                "timeout": limit,
                "connect_timeout": connect,
                "allow_http": access.endpoint.startswith("http://"),
            },
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": limit,
                "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": connect},
            },
            config=endpoint,
        )

    # --- what every place does ---

    def where(self, name: str = "") -> str:
        """Return the address: ``s3://bucket/prefix/name``."""
        parts = [self._access.bucket, self._access.prefix, name]
        return "s3://" + "/".join(part for part in parts if part)

    def ready(self) -> None:
        """Ask for a list of nothing: whether it answers, knows us and has the bucket."""
        with self._asking("list", ""):
            for _ in self._store.list("-"):
                pass

    def read(self, name: str) -> bytes:
        """Return an object's bytes; what was put or read a moment ago is remembered."""
        known = self._recent.get(name)
        if known is None:
            known = self._fetch(name)
            if _named_otherwise(name, known):  # perhaps only on its way: a proxy, a bad cable
                known = self._fetch(name)
            if not _named_otherwise(name, known):
                self._recent.put(name, known)
        return known

    def has(self, name: str) -> bool:
        """Whether there is such an object."""
        try:
            with self._asking("look", name):
                self._store.head(name)
        except FileNotFoundError:
            self.ready()  # a bucket that is not there has no object either: that is no answer
            return False
        return True

    def holds(self, name: str, data: bytes) -> bool:
        """Whether the bucket itself has these bytes under this name."""
        try:
            return self._fetch(name) == data
        except FileNotFoundError:
            return False

    def keep(self, name: str, data: bytes) -> None:
        """Put an object unless it holds that already; the bucket has said that it has it then.

        An answer that is lost is an error, and the next call finds the bytes there.
        """
        if not self.create(name, data) and not self.holds(name, data):
            with self._asking("put", name, len(data)):
                self._store.put(name, data, mode="overwrite", use_multipart=False)
        self._recent.put(name, data)

    def keep_pieces(self, pieces: Iterable[bytes], named: Callable[[str], str]) -> str:
        """Put an object whose bytes come in pieces: it must be whole before its name is known."""
        data = b"".join(pieces)
        sha256 = hashlib.sha256(data).hexdigest()
        self.keep(named(sha256), data)
        return sha256

    def create(self, name: str, data: bytes) -> bool:
        """Put an object unless there is one, by a conditional PUT (``If-None-Match: *``).

        On a server that knows no such thing: asked before and looked at afterwards, and what keeps
        two daemons apart is the lease alone.
        """
        if self._can_create:
            try:
                with self._asking("put", name, len(data)):
                    self._store.put(name, data, mode="create", use_multipart=False)
            except FileExistsError:
                return False
            except _CannotError:
                pass
            else:
                return True
        there = self.has(name)
        if not there:
            with self._asking("put", name, len(data)):
                self._store.put(name, data, mode="overwrite", use_multipart=False)
        self._can_create = False  # it does all else: a moment of "cannot" proves nothing
        return not there and self.holds(name, data)

    def shelved(self) -> Iterator[str]:
        """Yield the hashes of the objects on the shelves, in order."""
        for name, _ in self.listed(""):
            if found := SHELVED.fullmatch(name):
                yield found[1]

    def beside(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the other objects; the journal's segments as the one file that a folder has."""
        for name in self.beside_names():
            data = self._fetch(name)
            yield unmistakable(name, data), [data]
        yield from JournalSegments(self).as_files()

    def take_in(self, name: str, source: Path) -> None:
        """Put back a file of a folder's vault: a journal becomes segments again.

        One that was put aside lies beside them, under a name that no later one gets.
        """
        if not JournalSegments(self).take_in(name, source):
            data = source.read_bytes()
            self.create(unmistakable(name, data), data)

    def journal(self) -> JournalCopy:
        """Return the segments below ``journal/``."""
        return JournalSegments(self)

    def tidy(self, spare_seconds: float = 0.0) -> int:
        """Do nothing: an object is there whole or not at all."""
        del spare_seconds
        return 0

    # --- what only a bucket does ---

    def beside_names(self) -> list[str]:
        """Return the names of the objects that lie neither on a shelf nor in the journal."""
        with self._asking("list", ""):
            return [one["path"] for one in self._store.list_with_delimiter("")["objects"]]

    def listed(self, under: str) -> list[tuple[str, int]]:
        """Return names and sizes of the objects below a name, in order."""
        with self._asking("list", under):
            found = [
                (one["path"], one["size"]) for batch in self._store.list(under) for one in batch
            ]
        return sorted(found)

    def remove(self, name: str) -> None:
        """Remove an object. Only for a segment of the journal that a longer one holds whole."""
        with self._asking("delete", name):
            self._store.delete(name)

    def versions(self, name: str, data: bytes) -> bool:
        """Overwrite an object that only tries things out; whether the bucket keeps versions."""
        with self._asking("put", name):
            done = self._store.put(name, data, mode="overwrite", use_multipart=False)
        return done["version"] is not None

    @property
    def can_create(self) -> bool:
        """Whether the server has not said that it knows no conditional PUT."""
        return self._can_create

    def _fetch(self, name: str) -> bytes:
        try:
            with self._asking("get", name):
                return bytes(self._store.get(name).bytes())
        except FileNotFoundError:
            self.ready()  # as in `has`
            raise

    @contextmanager
    def _asking(self, verb: str, name: str, size_bytes: int = 0) -> Iterator[None]:
        """Turn what goes wrong into FileNotFoundError, FileExistsError or VaultAway."""
        if self._clock() < self._hung_until:
            raise VaultAway(self._hung)
        _ = self._store  # made before what is translated: a missing extra is no trouble of a bucket
        from obstore import exceptions  # noqa: PLC0415  as above

        began = self._clock()
        try:
            yield
        except exceptions.AlreadyExistsError as error:
            raise FileExistsError(name) from error
        except FileNotFoundError as error:
            if _code(error) != "NoSuchBucket" and verb != "list":
                raise FileNotFoundError(self.where(name)) from error
            raise self._away(verb, name, error) from error
        except (exceptions.BaseError, OSError) as error:
            trouble = self._away(verb, name, error)
            if self._clock() - began >= self._access.timeout_seconds:
                small = verb != "get" and size_bytes <= _SMALL_BYTES
                if not small and self._answers():
                    raise VaultAway(f"{trouble}; all else is answered: {_TOO_SLOW}") from error
                self._hung = str(trouble)
                self._hung_until = self._clock() + self._access.timeout_seconds
            raise trouble from error

    def _answers(self) -> bool:
        try:
            self.ready()
        except VaultAway:
            return False
        return True

    def _away(self, verb: str, name: str, error: Exception) -> VaultAway:
        kind = _CannotError if _code(error) == "NotImplemented" else VaultAway
        return kind(f"{self.where(name)} ({verb}): {_in_words(error)}")


class _CannotError(VaultAway):
    """The server says that it does not know such a request."""


class _Recent:
    """What was put or read last, up to so many bytes; the oldest goes first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit, self._bytes = limit_bytes, 0
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
            return self._known.get(name)

    def put(self, name: str, data: bytes) -> None:
        with self._lock:
            self._bytes += len(data) - len(self._known.pop(name, b""))
            self._known[name] = data
            while self._bytes > self._limit:
                self._bytes -= len(self._known.popitem(last=False)[1])


def _named_otherwise(name: str, data: bytes) -> bool:
    """Whether a name on a shelf promises other bytes than these."""
    promised = SHELVED.fullmatch(name)
    return promised is not None and hashlib.sha256(data).hexdigest() != promised[1]


def _code(error: BaseException) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""


def _in_words(error: BaseException) -> str:
    """Return what went wrong, for people: nothing is decided by it."""
    text, code = str(error), _code(error)
    status = _STATUS.search(text)
    if code:
        return f"{_WORDS.get(code, 'the server refuses it')} ({code})"
    if status:
        return f"the server answers {status[1]}"
    said = text.partition("\n\nDebug source")[0].split(" - ")[-1]
    return f"it cannot be reached or gives no answer in time ({' '.join(said.split())[:200]})"
