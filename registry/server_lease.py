"""The lease of a registry on a server: a row with an end, renewed as long as its holder lives.

What makes it safe, on hosts whose clocks differ, that sleep, or that are cut off:

- When it ends is for the server's clock alone to say. The holder counts spans of time that it
  measured itself, from before it sent a renewal, on a clock that nobody sets and that goes on
  while the machine sleeps: so its end always comes before the server's.
- A holder that could not renew stops itself a fifth of the lease before that end (`check`). One
  that hangs is ended by the kernel's own timer, a tenth before it: no thread of ours has to be
  alive for that, and a process that was stopped dies before it does anything else.
- Each take-over adds one to ``epoch``. `guard` compares it, and the moment of the take-over by the
  server's clock, in every write transaction, behind the same lock that `take` waits for: what a
  deposed holder writes is refused, whatever it believes. The moment, because a server that goes
  back to an older state gives the same number out again.
"""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

import sqlalchemy as sa

from registry.database import Database, lock_writers
from registry.errors import RegistryBusy
from registry.lease import (
    DAEMON,
    STANDBY,
    AnyLease,
    Away,
    Held,
    Holder,
    LeaseLost,
    this_process,
    wait_for,
)
from registry.lease_rows import (
    Term,
    give_up,
    renew,
    stand_by,
    take_over,
    tenures,
    term_of,
)
from registry.postgres import explained, make_engine, place
from registry.schema import bring_up_to_date, refuse_newer

#: Parts of the lease's length: how often it is renewed, when it is stopped, when it is killed.
_RENEW: Final = 0.25
_STOP: Final = 0.8
_KILL: Final = 0.9
#: One question to the server takes no longer than this part.
_ANSWER: Final = 0.2
_AGAIN_SECONDS: Final = 0.5


def since_boot() -> float:
    """Return seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def kernel_alarm(seconds: float) -> None:
    """Have the kernel end this process in so many seconds; 0 calls that off."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


class ServerLease(AnyLease):
    """The right to be the only daemon on a server's registry.

    ``seconds`` is its length. ``code`` tells others which code reads here. ``warn`` hears, from
    another thread, why it could not be renewed. ``clock`` and ``alarm`` are for tests.
    """

    def __init__(
        self,
        url: sa.URL,
        seconds: float = 20.0,
        *,
        password: str = "",
        code: Callable[[], str] = str,
        warn: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = since_boot,
        alarm: Callable[[float], None] = kernel_alarm,
    ) -> None:
        self.seconds = seconds
        self._url, self._password, self._code, self._warn = url, password, code, warn
        self._clock, self._alarm = clock, alarm
        answer = seconds * _ANSWER
        self._engine = make_engine(url, password, answer, durable=True, answer_seconds=answer)
        self._me = this_process()
        self._state = threading.Lock()
        self._term: Term | None = None
        self._until = 0.0
        self._lost = ""
        #: Whether the server has answered us: what it refuses later may pass by itself.
        self._answered = False
        self._announced_at: float | None = None
        self._ended = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def idle_seconds(self) -> float:
        """How long a transaction of its holder may stand still: it ends well before the lease."""
        return self.seconds / 2

    @property
    def place(self) -> str:
        """The server's address, without a password."""
        return place(self._url)

    @property
    def epoch(self) -> int | None:
        """The number of our tenure; None while we have none."""
        return self._term.epoch if self._term else None

    @property
    def held(self) -> bool:
        """Whether we have a tenure."""
        return self._term is not None

    @property
    def standby(self) -> str:
        """The name under which this process stands by."""
        return f"{STANDBY}{self._me.host} {self._me.pid}"

    def take(self) -> None:
        """Take the lease, at once or not at all.

        Raises:
            Held: another process has it, and its end has not come.
            RegistryBusy: the server does not answer.
            RegistryProblem: it lets us not in, or a newer program has been at work.
        """
        found = self._try()
        if isinstance(found, Away):
            raise RegistryBusy(found.reason)
        if found is not None:
            raise Held(found)

    def wait(
        self,
        pause: Callable[[float], bool],
        tell: Callable[[Holder | Away], None] = lambda _: None,
    ) -> bool:
        """Take the lease as soon as its holder gives it up, or its end has come; as `Lease.wait`.

        Meanwhile others see that this process stands by. A server that is away is waited for, and
        one that lets us in no more: it may have too many clients.

        Raises:
            RegistryProblem: it never let us in, or a newer program has been at work.
        """

        def attempt() -> Holder | Away | None:
            found = self._try()
            if isinstance(found, Holder):
                self._stand_by()
            return found

        return wait_for(attempt, pause, tell)

    def check(self) -> None:
        """Make sure that the lease cannot have ended, before anything that cannot be taken back.

        Raises:
            LeaseLost: it could not be renewed in time, or another process has it.
        """
        if self._term is None:
            return
        if not self._lost and self._clock() >= self._until - self.seconds * (1 - _STOP):
            self._lost = (
                f"the lease of {self.place} could not be renewed in time: stopping, because "
                "another daemon takes over when it ends. Look at the network to the database "
                "server, or whether this machine stood still; starting again is safe"
            )
        if self._lost:
            raise LeaseLost(self._lost)

    def guard(self, connection: sa.Connection) -> None:
        """Refuse a write transaction of whoever does not hold the lease any more.

        It has the write lock: a take-over waits for its end, or was before it and is seen.

        Raises:
            LeaseLost: another process has taken the lease, or may have.
        """
        self.check()
        if term_of(connection) != self._term:
            self._depose()
            raise LeaseLost(self._lost)

    def release(self) -> None:
        """Give the lease back, so that others need not wait for its end."""
        self._ended.set()
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.join(self.seconds * _ANSWER)
        with self._state:
            term, self._term = self._term, None
            if term:
                self._alarm(0)
        if term and not self._lost and not (keeper and keeper.is_alive()):
            self._quietly(lambda connection: give_up(connection, DAEMON, term))
        if self._announced_at is not None:
            self._quietly(lambda connection: give_up(connection, self.standby))
        self._engine.dispose()

    # --- taking -----------------------------------------------------------------------------------

    def _try(self) -> Holder | Away | None:
        try:
            return self._take()
        except RegistryBusy as error:
            return Away(str(error))
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != _NO_SUCH_TABLE:
                problem = explained(self._url, error.orig, opening=not self._answered)
                if isinstance(problem, RegistryBusy):
                    return Away(str(problem))
                raise problem or error from error
        self._make_tables()
        return self._try()

    def _take(self) -> Holder | None:
        with self._engine.connect() as connection:
            held = next((one for one in tenures(connection) if one.name == DAEMON), None)
        self._answered = True
        if held is not None and held.left_seconds > 0:
            return held.holder
        with closing(Database(self._url, password=self._password, reached=True)) as database:
            refuse_newer(database)  # a daemon of that version must have it
        with self._engine.begin() as connection:
            # what a deposed holder had begun to write is written or gone
            lock_writers(connection, self.idle_seconds)
            began = self._clock()
            term = take_over(connection, DAEMON, self._me, self._code(), self.seconds)
        if term is None:  # another one was faster
            return held.holder if held else Holder()
        with self._state:
            self._term, self._lost = term, ""
            self._extend(began)
        self._ended.clear()
        self._keeper = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._keeper.start()
        if self._announced_at is not None:
            self._quietly(lambda connection: give_up(connection, self.standby))
            self._announced_at = None
        return None

    def _make_tables(self) -> None:
        """On a database without the table: it is new, or of a program that knew one host only."""
        with closing(Database(self._url, password=self._password)) as database:
            bring_up_to_date(database)

    def _stand_by(self) -> None:
        now = self._clock()
        if self._announced_at is None or now - self._announced_at >= self.seconds * _RENEW:
            self._announced_at = now
            me, code = self._me, self._code()
            self._quietly(
                lambda connection: stand_by(connection, self.standby, me, code, self.seconds)
            )

    # --- holding ----------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Renew until the end: the thread."""
        pause = self.seconds * _RENEW
        while not self._ended.wait(pause) and not self._lost:
            began = self._clock()
            try:
                with self._engine.begin() as connection:
                    ours = renew(connection, DAEMON, self._term, self.seconds)
            except sa.exc.SQLAlchemyError as error:
                pause = min(_AGAIN_SECONDS, self.seconds * _RENEW)
                left = self._until - self._clock()
                self._warn(f"the lease, with {left:.0f} s left, was not renewed: {_words(error)}")
                continue
            pause = self.seconds * _RENEW
            if not ours:
                self._depose()
                return
            with self._state:
                if self._term is not None and not self._lost:
                    self._extend(began)

    def _extend(self, began: float) -> None:
        """Count the lease anew from the moment before the server was asked."""
        self._until = began + self.seconds
        self._alarm(max(self._until - self.seconds * (1 - _KILL) - self._clock(), 0.001))

    def _depose(self) -> None:
        self._lost = (
            f"another daemon has taken the lease of {self.place} over: stopping. This machine "
            "stood still or was cut off for longer than the lease, or the server went back to an "
            "older state; starting again is safe"
        )
        self._warn(self._lost)

    def _quietly(self, act: Callable[[sa.Connection], object]) -> None:
        """Do what only saves others a wait; where it cannot be done, the end comes by itself."""
        try:
            with self._engine.begin() as connection:
                act(connection)
        except sa.exc.SQLAlchemyError as error:
            self._warn(f"the leases could not be told of it: {_words(error)}")


_NO_SUCH_TABLE: Final = "42P01"


def _words(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:200]
