"""The wait for the lease: a second daemon stands by, says who holds it, and takes over.

Where the registry is a server's it reads meanwhile for the one that works (`intake.read_beside`).
"""

import contextlib
import queue
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from config.model import Config
from config.settings import ConfigProblems, load
from intake.opening import open_lease
from intake.read_beside import reading_beside
from intake.systemd import notify
from registry.lease import AnyLease, Away, Holder

_log = structlog.get_logger("standby")
#: systemd's patience with a start, renewed at each look.
_PATIENCE = "EXTEND_TIMEOUT_USEC=60000000"


@dataclass(frozen=True, slots=True)
class Turn:
    """The lease, taken, and the config to run with; ``waited``: it is as of the wait's end."""

    lease: AnyLease
    config: Config
    waited: bool


def take_turn(config: Config, env: Mapping[str, str]) -> Turn | None:
    """Take the lease of the config's registry, waiting while another daemon holds it.

    The config is read again after a wait, for it may have been edited; one with problems leaves
    the old one in use. None: a signal ended the wait.

    Raises:
        RegistryProblem: the lock file cannot be used.
    """
    wait = _Wait()
    while True:
        lease = open_lease(config)
        with wait.listening(), reading_beside(config) as reads:
            wait.goes_on = reads
            ours = lease.wait(wait.pause, wait.tell)
        if not ours or wait.told_to_stop:
            lease.release()
            _log.info("stopped", reason="a signal came before the registry was free")
            return None
        if not wait.waited:
            return Turn(lease, config, waited=False)
        config = _read_again(config, env)
        if open_lease(config).place == lease.place:
            return Turn(lease, config, waited=True)
        lease.release()  # the settings name another registry now


@dataclass(slots=True)
class _Wait:
    """What a waiting daemon hears and says."""

    signals: "queue.SimpleQueue[int]" = field(default_factory=queue.SimpleQueue)
    waited: bool = False
    #: Called at each look while another daemon works.
    goes_on: Callable[[], None] = lambda: None

    @property
    def told_to_stop(self) -> bool:
        return not self.signals.empty()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """SIGTERM and SIGINT end the wait; SIGHUP is nothing new, the config is read again."""
        before = {
            number: signal.signal(number, lambda found, _frame: self.signals.put(found))
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda _number, _frame: None)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def pause(self, seconds: float) -> bool:
        self.goes_on()
        notify(_PATIENCE)
        try:
            self.signals.put(self.signals.get(timeout=seconds))
        except queue.Empty:
            return True
        return False

    def tell(self, holder: Holder | Away) -> None:
        self.waited = True
        if isinstance(holder, Away):
            notify(f"STATUS=waits: {holder}", _PATIENCE)
            _log.warning("waiting", reason=str(holder))
            return
        notify(f"STATUS=waits: the registry is in use by {holder}", _PATIENCE)
        _log.warning(
            "waiting",
            reason=f"the registry is in use by {holder}; this daemon takes over when it ends",
            pid=holder.pid,
            host=holder.host,
            since=holder.since,
        )


def _read_again(config: Config, env: Mapping[str, str]) -> Config:
    try:
        return load(config.folder, env=env)
    except ConfigProblems as error:
        for problem in error.problems:
            _log.error("config_refused", problem=str(problem))
        return config
