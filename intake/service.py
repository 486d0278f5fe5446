"""The background service: signals, ticks, IDLE and config edits, all as words in one queue.

The loop takes a word and acts; nothing else runs the daemon's steps, so there is never more than
one tick at a time. APScheduler says "tick"; a second connection on IDLE says it sooner.
"""

import contextlib
import datetime as dt
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Literal

import structlog

from config.files import looks_of
from config.model import Config, Settings
from config.settings import ConfigProblems
from intake import heartbeat
from intake.backoff import Backoff
from intake.board_pulse import Pulse, Window, health_now
from intake.board_server import BoardServer
from intake.daemon import LOGIN_PAUSE, Daemon
from intake.desk import Desk, open_desk, utc_now
from intake.mailbox import LoginRefused, Mailbox, Unreachable
from intake.memory import give_back
from intake.opening import work_folder
from intake.post import alert
from intake.put_in_place import catch_up_with_copy
from intake.reload import Reload, log_warnings, logins_of
from intake.standby import take_turn
from intake.systemd import ALIVE, notify
from notifier.health import Code
from notifier.limits import clock_trouble
from parsers.confine import missing_layers
from parsers.jail import JailBrokenError
from registry.errors import RegistryBusy, VaultAway
from registry.lease import AnyLease

_log = structlog.get_logger("service")
Word = Literal["tick", "reload", "stop"]
#: No true clock stands before the day this was written (a machine that woke up in 1970).
BUILT_AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_IDLE_SECONDS = 240  # well below the 29 minutes of RFC 2177, and what NAT boxes forget
_LISTEN_PAUSE = dt.timedelta(seconds=30)  # nothing hangs on a hint
_DEAF_SECONDS = 30.0  # without IDLE: until it is looked whether the settings are others
_LEASE_SECONDS = 0.5  # how often an idle daemon makes sure that it still has the lease
_BEAT_SECONDS = 20.0  # within a long tick the heartbeat file is not written more often


def run(config: Config, env: Mapping[str, str]) -> None:
    """Run the daemon until SIGTERM or SIGINT; while another one works on the registry, wait.

    Raises:
        LeaseLost: the lock file was taken away while it ran, or the lease could not be renewed.
        ConfigProblems: a password is missing.
        RegistryProblem: the registry cannot be opened.
    """
    looked = looks_of(config.folder)
    turn = take_turn(config, env)
    if turn is None:
        return
    with turn.lease as lease, _opened(turn.config, env, lease) as desk:
        service = Service(Daemon(desk), env, folder=work_folder(turn.config))
        log_warnings(turn.config, env)
        if turn.waited or looks_of(config.folder) != looked:
            service.words.put("reload")  # an edit that is refused is told to the admin as well
        service.daemon.recover()
        service.serve()


@contextlib.contextmanager
def _opened(config: Config, env: Mapping[str, str], lease: AnyLease) -> Iterator[Desk]:
    """Open the desk, on a registry that is as far as its vault."""
    patience = "EXTEND_TIMEOUT_USEC=120000000"
    taken = catch_up_with_copy(config, utc_now(), lambda: notify(patience), lease)
    with open_desk(config, env, lease=lease) as desk:
        if taken:
            alert(desk, "brought-up", f"{taken} events were played again from the vault's copy")
        yield desk


@dataclass
class Service:
    """The daemon's surroundings. ``words`` may be put to from signals and threads."""

    daemon: Daemon
    env: Mapping[str, str]
    words: "queue.SimpleQueue[Word]" = field(default_factory=queue.SimpleQueue)
    #: Changes the seconds between ticks; does nothing before `serve`.
    poll_every: Callable[[float], object] = lambda _seconds: None
    #: Seconds of the machine's own counter, against which the wall clock is held.
    counter: Callable[[], float] = time.monotonic
    #: Where the heartbeat is written; None: nowhere.
    folder: Path | None = None
    #: The last turn, for the board's web server.
    pulse: Pulse | None = None
    _ticks: int = 0
    _beat_at: float = float("-inf")
    _board: BoardServer | None = None
    _clocks: tuple[dt.datetime, float] | None = None

    def __post_init__(self) -> None:
        self._edits = Reload(self.daemon, self.env)

    def serve(self) -> None:
        """Tick now and at every word until told to stop."""
        from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415  slow

        settings = self.daemon.desk.config.settings
        scheduler = BackgroundScheduler(timezone=settings.office.zone)
        job = scheduler.add_job(
            lambda: self.words.put("tick"),
            "interval",
            seconds=settings.mailbox.poll_seconds,
            coalesce=True,
            misfire_grace_time=None,  # a tick is never too late
        )
        self.poll_every = lambda seconds: job.reschedule("interval", seconds=seconds)
        self._obey_signals()
        ended = threading.Event()
        threads = [threading.Thread(target=self._watch_config, args=[ended], daemon=True)]
        threads.append(threading.Thread(target=self._listen, args=[ended], daemon=True))
        for thread in threads:
            thread.start()
        scheduler.start()
        self.watched()
        notify("READY=1", "STATUS=works")
        _log.info("started", pid=os.getpid(), account=self.daemon.desk.mailbox.account)
        self._tell_layers()
        board = self._open_board()
        try:
            self._loop()
        finally:
            notify("STOPPING=1")
            board.stop()
            ended.set()
            scheduler.shutdown(wait=False)
            _log.info("stopped")

    def watched(self) -> None:
        """From now on each piece of work that is done is a sign of life."""
        self.daemon.desk.alive = lambda: notify(ALIVE)
        self.daemon.moved = self._moved

    def _tell_layers(self) -> None:
        """Log what confines the readers on this machine, once; the first one then stands ready."""
        try:
            layers = self.daemon.desk.reader.ready()
        except JailBrokenError as error:
            _log.error("reader_broken", reason=str(error))
            return
        missing = missing_layers(layers)
        log = _log.warning if missing else _log.info
        log("jail", layers=" ".join(layers), missing=" ".join(missing))

    def _loop(self) -> None:
        self._turn()
        while not self.daemon.stopping:
            words = {self._next_word()}
            while not self.words.empty():
                words.add(self.words.get())
            if "stop" in words:
                break
            if "reload" in words or self._unread_edit():
                self._unless_busy(self.reload, "the config cannot be taken over yet")
            self._turn()
        self.daemon.publisher.publish(last=True)

    def _next_word(self) -> Word:
        """Wait for a word; a lease that is lost meanwhile ends the wait as it ends any work."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self.words.get(timeout=_LEASE_SECONDS)
            self.daemon.desk.check_lease()

    def _unread_edit(self) -> bool:
        """Whether the folder changed since it was last read, or its last edit was refused."""
        try:
            return self._edits.is_due()
        except OSError:
            return False

    def _turn(self) -> None:
        """Tick once, and let those who watch know; also when the tick had to be given up."""
        self._ticks += 1
        if self._unless_busy(self._tick):
            self.daemon.health.signs.works("registry")
        self._follow_board()
        self._beat()

    def _unless_busy(
        self, step: Callable[[], None], put_off: str = "the tick was given up"
    ) -> bool:
        """Do a step; a busy registry, an absent vault or a full disk only puts it off."""
        try:
            step()
        except (RegistryBusy, OSError) as error:
            reason = f"{put_off}: {error}"
            _log.error("put_off", reason=reason)
            self.daemon.health.signs.fails(_cause(error), self.daemon.desk.clock(), reason)
            return False
        return True

    def _moved(self) -> None:
        """Within a long tick the heartbeat goes on."""
        if self.counter() - self._beat_at >= _BEAT_SECONDS:
            self._beat()

    def _beat(self) -> None:
        """Write the heartbeat and tell systemd: only this loop does, so a loop that hangs is seen.

        The troubles are looked for anew, without the registry: it may be what does not work.
        """
        self._beat_at = self.counter()
        daemon, now = self.daemon, self.daemon.desk.clock()
        health, signs = daemon.health.look(), daemon.health.signs
        self.pulse = Pulse(now, daemon.health.read_at, health, daemon.publisher.numbers)
        if self.folder is not None:
            started_at = signs.started_at or now
            read_at = daemon.health.read_at
            beat = heartbeat.Heartbeat(now, os.getpid(), started_at, self._ticks, read_at, health)
            why_not = heartbeat.write(self.folder, beat)
            if why_not:
                _log.warning("heartbeat_not_written", reason=why_not)
        # On one line: what a server said must not become a word of its own to systemd.
        words = " ".join("; ".join(one.text for one in health).split())[:200]
        notify(ALIVE, f"STATUS={words or 'works'}")

    def _tick(self) -> None:
        """Tick until idle; a clock before its time waits, one that jumped pulls the brake."""
        now, counter = self.daemon.desk.clock(), self.counter()
        trouble = clock_trouble(now, BUILT_AT, self._clocks, counter)
        if trouble and now < BUILT_AT:
            _log.error("clock_wrong", reason=trouble)
            self.daemon.health.signs.fails("clock", now, trouble)
            return  # nothing was done by this clock: that it is set right is no jump
        self.daemon.health.signs.works("clock")
        if trouble:
            _log.error("clock_jumped", reason=trouble)
            self.daemon.desk.store.pull_brake(trouble, now)
        self._clocks = (now, counter)  # only now: a brake that could not be pulled is owed
        self.daemon.until_idle()
        give_back()

    # --- the board ---

    def _open_board(self) -> BoardServer:
        """Start the board's web server: it is there also while the first tick is long."""
        desk = self.daemon.desk
        started = Pulse(desk.clock())
        window = Window(
            folder=lambda: desk.config.folder / desk.config.settings.board.path,
            pulse=lambda: self.pulse or started,
            health=lambda: health_now(self.pulse or started, desk.config, desk.clock()),
        )
        self._board = BoardServer(window, self.env)
        self._follow_board()
        return self._board

    def _follow_board(self) -> None:
        """Let the web server be as the settings say; what it cannot do is a trouble, no more."""
        if self._board is None:
            return
        desk, signs = self.daemon.desk, self.daemon.health.signs
        why = self._board.follow(desk.config.settings.board)
        if why:
            signs.fails("listen", desk.clock(), why)
        else:
            signs.works("listen")

    # --- signals ---

    def _obey_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, lambda _number, _frame: self.words.put("reload"))

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Finish the current step; a second signal ends the process at once, which is safe too."""
        self.daemon.stopping = True
        self.words.put("stop")
        signal.signal(number, signal.SIG_DFL)

    # --- config ---

    def _watch_config(self, ended: threading.Event) -> None:
        from watchfiles import watch  # noqa: PLC0415  only the service watches

        folder = self.daemon.desk.config.folder
        try:
            for _ in watch(folder, stop_event=ended, recursive=True, raise_interrupt=False):
                # What the program itself writes there (data, proposals) changes no looks. A hint
                # only: each turn looks for itself, and may have taken this edit over by now.
                if self._edits.is_edited():
                    self.words.put("tick")
        except (OSError, RuntimeError) as error:  # no inotify left, or the folder went away
            _log.warning("config_not_watched", reason=f"{error}: edits are noticed at each poll")

    def reload(self) -> None:
        """Take over an edited config; one with problems changes nothing, and the admin is told."""
        polled_every = self.daemon.desk.config.settings.mailbox.poll_seconds
        new = self._edits.again()
        if new is not None and new.settings.mailbox.poll_seconds != polled_every:
            self.poll_every(new.settings.mailbox.poll_seconds)

    # --- the hint ---

    def _listen(self, ended: threading.Event) -> None:
        """Wait on IDLE with a connection of its own; any trouble only means fewer hints."""
        pause = Backoff()
        while not ended.is_set():
            settings = self.daemon.desk.config.settings
            mailbox = None
            try:
                login = logins_of(self.daemon.desk, self.env).of(settings, settings.mailbox)
                mailbox = Mailbox(settings.mailbox, login)
                self._hear(mailbox, settings, ended, pause)
            except (Unreachable, LoginRefused, ConfigProblems) as error:
                # As the loop does, which tries the same password: servers lock accounts for less.
                least = LOGIN_PAUSE if isinstance(error, LoginRefused) else _LISTEN_PAUSE
                wait = pause.failed(dt.datetime.now(dt.UTC), at_least=least)
                _log.warning("idle_lost", reason=str(error), pause_seconds=wait.total_seconds())
                ended.wait(wait.total_seconds())
            finally:
                if mailbox is not None:
                    mailbox.close()

    def _hear(
        self, mailbox: Mailbox, settings: Settings, ended: threading.Event, pause: Backoff
    ) -> None:
        """Turn what the server says into ticks, until the settings are others or the end comes."""
        if settings.mailbox.idle:
            mailbox.open()
        listens = settings.mailbox.idle and mailbox.can_idle
        while not ended.is_set() and self.daemon.desk.config.settings.mailbox == settings.mailbox:
            if not listens:
                ended.wait(_DEAF_SECONDS)
                continue
            if mailbox.idle(_IDLE_SECONDS):
                self.words.put("tick")
            pause.worked()


def _cause(error: RegistryBusy | OSError) -> Code:
    """Return which part puts a step off."""
    match error:
        case RegistryBusy():
            return "registry"
        case VaultAway():
            return "vault"
        case _:
            return "disk"
