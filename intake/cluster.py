"""A cluster of Dask distributed as the team that reads: found, followed, given up, found again.

One thread of our own talks to the scheduler. It asks each worker once whether it reads as we do
(the fingerprint of its code, a reader that starts) and makes a team of those; tasks go to no other.
A scheduler that does not answer is given up at once, and looked for again after a growing pause;
nobody waits for it meanwhile. Only this module knows Dask, and imports it when it connects.

Whoever can speak to a scheduler can run code on its workers, and what they answer is unpickled
here: hence TLS with certificates for both sides beyond this machine (``config.scale_checks``).
"""

import logging
import threading
import warnings
import weakref
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import structlog

from config.model import Scale
from intake.readers import Team
from parsers.confine import missing_layers
from parsers.jail import JailLimits
from parsers.remote import NoJailError, OtherCodeError, greeting_task, layers_in, perform

_log = structlog.get_logger("cluster")
_TALKERS: Final = frozenset({"distributed", "tornado"})
_CONNECT_SECONDS: Final = 5.0
_PING_SECONDS: Final = 10.0  # silence of the scheduler that means it is gone
_LOOK_SECONDS: Final = 2.0  # between two looks at who is there
_GREETING_SECONDS: Final = 30.0  # a worker imports everything and starts a reader
#: A worker that could not be used is asked again after so many looks: it may have been mended.
_LOOKS_UNTIL_ASKED_AGAIN: Final = 30
_PAUSES_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One worker of a cluster: why it cannot be used ("" = it can), and what its jail lacks."""

    address: str
    threads: int
    unfit: str = ""
    missing: tuple[str, ...] = ()


class _AwayError(Exception):
    """The scheduler cannot be used now."""


class Cluster:
    """The team of a Dask cluster (``intake.readers.Teams``); connects in the background."""

    def __init__(self, scale: Scale, limits: JailLimits) -> None:
        self._scale, self._limits = scale, limits
        #: Holds for all that is known: nobody sees a new team beside the trouble of before it.
        self._lock = threading.Lock()
        self._team: Team | None = None
        self._trouble = ""
        #: Those that somebody may still wait for, with the addresses of their workers.
        self._teams: weakref.WeakKeyDictionary[Team, frozenset[str]] = weakref.WeakKeyDictionary()
        self._known: dict[str, Seen] = {}
        self._tried, self._wake, self._ended = (threading.Event() for _ in range(3))
        self._why_lost = ""
        self._failures = 0
        self._warned: set[tuple[str, str]] = set()
        threading.Thread(target=self._live, name="cluster", daemon=True).start()

    # --- what readers ask and tell ---

    def team(self) -> Team | None:
        """Return the team of now; until the first try to find one has ended, wait for that."""
        self._tried.wait(_CONNECT_SECONDS + _PING_SECONDS + _GREETING_SECONDS)
        with self._lock:
            return self._team

    @property
    def trouble(self) -> str:
        """What is wrong, in plain words; "" when nothing is."""
        with self._lock:
            return self._trouble

    def lost(self, team: Team, why: str) -> None:
        """Give the connection up: every document that is on its way is read here."""
        with self._lock:
            if team in self._teams and not team.gone.done():
                self._why_lost = why
                self._dismiss(why, self._teams)
        self._wake.set()

    def doubted(self, why: str) -> None:
        """Ask every worker again who it is before it gets more to read."""
        _log.warning("worker_doubted", reason=why)
        with self._lock:
            self._known = {}
            self._team = None
        self._wake.set()

    def close(self) -> None:
        """End; the connection is closed by the thread that made it."""
        self._ended.set()
        self._wake.set()
        with self._lock:
            self._dismiss("closed", self._teams)

    # --- the thread ---

    def _live(self) -> None:
        while not self._ended.is_set():
            try:
                client = connect(self._scale)
                try:
                    self._follow(client)
                finally:
                    _leave(client)
            except Exception as error:  # noqa: BLE001  of whatever library: documents are read here
                self._fell(str(error) if isinstance(error, _AwayError) else _in_words(error))

    def _fell(self, why: str) -> None:
        """Go on without a cluster, and wait before the next try to reach it."""
        address, pause = self._scale.readers, _PAUSES_SECONDS[self._failures]
        self._failures = min(self._failures + 1, len(_PAUSES_SECONDS) - 1)
        if not self._ended.is_set():
            _log.warning("cluster_away", address=address, reason=why, pause_seconds=pause)
        with self._lock:
            self._trouble = f"documents are read on this machine only: {address}: {why}"
            self._known, self._why_lost = {}, ""
            self._dismiss(why, self._teams)
        self._tried.set()
        self._ended.wait(pause)

    def _follow(self, client: Any) -> None:
        """Keep the team true to who is there until this is to end, or something fails."""
        looks = 0
        while not self._ended.is_set():
            self._wake.clear()
            threads = _threads(client)
            with self._lock:
                if self._why_lost:
                    raise _AwayError(self._why_lost)
                known = self._known = {
                    address: seen for address, seen in self._known.items() if address in threads
                }
                fit = [address for address, seen in known.items() if not seen.unfit]
                looks += 1
                again = looks % _LOOKS_UNTIL_ASKED_AGAIN == 0
                new = {a: n for a, n in threads.items() if a not in (fit if again else known)}
            found = greet(client.get_executor(pure=False), new, self._limits)
            with self._lock:
                if self._known is known:  # nobody doubted them meanwhile
                    known |= {seen.address: seen for seen in found}
                    self._settle(client, threads)
            for seen in found:
                self._tell(seen)
            self._tried.set()
            self._wake.wait(_LOOK_SECONDS)

    def _settle(self, client: Any, threads: Mapping[str, int]) -> None:
        """Make the team of the workers that are fit; dismiss those of which nobody is left."""
        fit = frozenset(one for one, seen in self._known.items() if not seen.unfit)
        stale = [team for team, addresses in self._teams.items() if not addresses & threads.keys()]
        self._dismiss("its workers are gone", stale)
        if not fit:
            self._team = None
        elif self._team is None or self._teams[self._team] != fit:
            executor = client.get_executor(pure=False, workers=sorted(fit))
            found = [threads[one] for one in fit]
            count = sum(found)
            self._team, self._failures = Team(executor, count, min(found)), 0
            self._teams[self._team] = fit
            _log.info("cluster_joined", workers=len(fit), threads=count)
        self._trouble = self._trouble_of(threads)

    def _trouble_of(self, threads: Mapping[str, int]) -> str:
        if not threads:
            return f"documents are read on this machine only: {self._scale.readers} has no worker"
        unfit = [one for one in self._known.values() if one.unfit]
        told = "; ".join(f"{one.address} {one.unfit}" for one in unfit[:3])
        return f"{len(unfit)} of {len(threads)} workers read nothing: {told}" if unfit else ""

    def _dismiss(self, why: str, teams: Iterable[Team]) -> None:
        """Have nobody wait for these any more; to be called with the lock."""
        for team in list(teams):
            if not team.gone.done():
                team.gone.set_result(why)
            if team is self._team:
                self._team = None

    def _tell(self, seen: Seen) -> None:
        """Log what is wrong with a worker, once."""
        for what in (seen.unfit, " ".join(seen.missing)):
            if what and (seen.address, what) not in self._warned:
                self._warned.add((seen.address, what))
                event = "worker_not_used" if seen.unfit else "worker_jail"
                _log.warning(event, worker=seen.address, reason=what)


def _in_words(error: Exception) -> str:
    """The first line of an error of Dask, which explains itself at length."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


# --- Dask -----------------------------------------------------------------------------------------


def connect(scale: Scale) -> Any:
    """Return a connection to the scheduler of the settings.

    Raises:
        OSError, ImportError, ValueError, RuntimeError: whatever keeps Dask from it.
    """
    distributed = import_module("distributed")  # half a second, and an extra
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _TALKERS:  # they tell at length what we tell in a line
            logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
    security = None
    if scale.tls_ca:
        security = distributed.Security(
            require_encryption=True,
            tls_ca_file=scale.tls_ca,
            tls_client_cert=scale.tls_cert,
            tls_client_key=scale.tls_key,
        )
    return distributed.Client(
        scale.scheduler,
        security=security,
        timeout=_CONNECT_SECONDS,
        set_as_default=False,
        name="commune-intake",
        direct_to_workers=False,  # what workers say comes by way of the scheduler
    )


def greet(executor: Any, threads: Mapping[str, int], limits: JailLimits) -> list[Seen]:
    """Ask workers whether they read as we do; one that does not answer in time is not fit."""
    task, submit = greeting_task(limits), executor.submit
    asked = {one: submit(perform, task, b"", workers=[one]) for one in threads}
    wait(asked.values(), _GREETING_SECONDS)
    return [_seen(one, threads[one], future) for one, future in asked.items()]


def _seen(address: str, threads: int, future: Any) -> Seen:
    if not future.done():
        return Seen(address, threads, f"does not answer within {_GREETING_SECONDS:g} s")
    try:
        layers = layers_in(future.result())
    except OtherCodeError:
        return Seen(
            address, threads, "reads with another version of the program, its libraries or programs"
        )
    except NoJailError as error:
        return Seen(address, threads, f"can start no reader: {error}")
    except Exception as error:  # noqa: BLE001  of whatever library, such as a package not installed
        hint = "is this program installed there and on the scheduler's machine?"
        return Seen(address, threads, f"cannot be asked ({hint} {_in_words(error)})")
    return Seen(address, threads, missing=tuple(missing_layers(layers)))


def _threads(client: Any) -> Mapping[str, int]:
    """Return the workers' addresses and threads.

    Raises:
        _AwayError: the scheduler does not say.
    """
    try:
        found: Mapping[str, int] = client.sync(
            client.scheduler.ncores, callback_timeout=_PING_SECONDS
        )
    except Exception as error:
        raise _AwayError(f"the scheduler does not answer ({_in_words(error)})") from error
    return found


def _leave(client: Any) -> None:
    """Close a connection without waiting: whoever is at the other end may hang."""

    def close() -> None:
        try:
            client.close(timeout=_CONNECT_SECONDS)
        except Exception as error:  # noqa: BLE001  it is given up in any case
            _log.debug("not_closed", reason=_in_words(error))

    threading.Thread(target=close, name="cluster-close", daemon=True).start()


def survey(scale: Scale, limits: JailLimits) -> Collection[Seen]:
    """Connect, ask every worker, leave.

    Raises:
        Exception: of whatever kind Dask has for what keeps us from it.
    """
    client = connect(scale)
    try:
        return greet(client.get_executor(pure=False), _threads(client), limits)
    finally:
        _leave(client)
