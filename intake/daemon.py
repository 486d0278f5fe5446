"""The daemon: tick → collect → keep → understand → read → record → close → decide → send → file.

The same steps in the same order as docs/flow.md. Each step commits before the next begins and can
be repeated; a step that cannot be done now (server away, disk full) leaves the others working.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from intake.backoff import Backoff
from intake.closing import close_campaigns
from intake.collect import collect
from intake.desk import Desk
from intake.filing import file_messages, save_sent
from intake.mailbox import LoginRefused, Unreachable
from intake.post import alert, decide_and_queue
from intake.understand import understand_kept
from notifier.delivery import AuthFailed
from notifier.outbox import Pace, recover, send_due
from parsers.jail import JailBrokenError

_log = structlog.get_logger("daemon")
#: Minutes, not seconds: hammering with a wrong password locks accounts.
LOGIN_PAUSE = dt.timedelta(minutes=5)
#: Failures in a row, at growing pauses: after some ten minutes a person should know.
AWAY_TOO_LONG = 7


@dataclass
class Daemon:
    """One office's daemon. `tick` does all that can be done now; `run` ticks until told to stop."""

    desk: Desk
    #: Set from a signal: the current step is finished, the next is not begun.
    stopping: bool = False
    #: What kept this tick from doing everything, in plain words; empty when nothing did.
    trouble: str = ""
    #: Called once a tick: the systemd watchdog lives on it.
    turned: Callable[[], None] = lambda: None
    #: Numbers in [0, 1): servers that failed together are not asked again together.
    jitter: Callable[[], float] = random.random
    _inbox_pause: Backoff = field(default_factory=Backoff)
    _smtp_pause: Backoff = field(default_factory=Backoff)
    _pace: Pace = field(default_factory=Pace)
    #: Message-IDs of mails whose copy may be in Sent already; None until `recover` has looked.
    _copied: set[str] | None = None

    def recover(self) -> None:
        """At the start: mails that a kill left half-way get their one retry, and one copy.

        Only for a process that holds the lease.
        """
        desk = self.desk
        unfinished = desk.vault.tidy()
        if unfinished:
            _log.info("tidied", files=unfinished)
        for mail in recover(desk.store, desk.config, now=desk.clock(), jitter=self.jitter):
            _log.warning("interrupted", mail=mail.id, kind=mail.kind)
        self._copied = {mail.rfc_message_id for mail in desk.store.unsaved_mails()}

    def tick(self, *, again: bool = False) -> bool:
        """Walk the way of a message once; return whether there is more to do at once.

        ``again``: right after another tick. What failed there is left for the next poll.
        """
        self.trouble = ""
        more = self._despite_the_disk(lambda: self._from_the_inbox(self.collect_and_keep))
        more |= self._despite_the_disk(lambda: self.understand_and_record(retry=not again))
        self._despite_the_disk(lambda: close_campaigns(self.desk))
        self._despite_the_disk(lambda: decide_and_queue(self.desk))
        more |= self._despite_the_disk(self.send)
        more |= self._despite_the_disk(lambda: self._from_the_inbox(self.file))
        self.turned()
        return more and not self.stopping

    def until_idle(self) -> None:
        """Tick until nothing is left to do now."""
        more = self.tick()
        while more:
            more = self.tick(again=True)

    # --- the steps ---

    def collect_and_keep(self) -> bool:
        """Fetch what is new into the vault and the registry; more may wait on the server."""
        return collect(self.desk).more

    def understand_and_record(self, *, retry: bool = True) -> bool:
        """Understand, read and record what is kept, oldest first."""
        try:
            return understand_kept(self.desk, lambda: self.stopping, retry=retry)
        except JailBrokenError as error:
            self.trouble = f"no document can be read: {error}"
            _log.error("reader_broken", reason=str(error))
            alert(self.desk, "reader", str(error))
            return False

    def send(self) -> bool:
        """Send what is queued and still owed; return whether that left something to tell.

        A server that is away or refuses us gets a pause.
        """
        desk = self.desk
        if self._smtp_pause.waiting(desk.clock()):
            return False
        sent = send_due(
            desk.store,
            desk.courier,
            desk.config,
            desk.calendar,
            clock=desk.clock,
            jitter=self.jitter,
            pace=self._pace,
            stop=lambda: self.stopping,
        )
        for one in sent.settled:
            _log.info(one.state, mail=one.mail.id, kind=one.mail.kind, reason=one.reason)
        told = self._tell_refused()
        if sent.trouble is None:
            self._smtp_pause.worked()
            return told
        self.trouble = f"mail cannot be sent: {sent.trouble.reason}"
        refused = isinstance(sent.trouble, AuthFailed)
        least = LOGIN_PAUSE if refused else dt.timedelta(0)
        pause = self._smtp_pause.failed(desk.clock(), at_least=least)
        _log.error("smtp_away", reason=sent.trouble.reason, pause_seconds=pause.total_seconds())
        if refused:
            alert(desk, "smtp", sent.trouble.reason)
        return False

    def _tell_refused(self) -> bool:
        """Tell the admin whom a server refused for good, also before a kill."""
        lost = self.desk.store.untold_refusals()
        if lost:
            told = "; ".join(f"{mail.recipient}: {mail.response[:100]}" for mail in lost)
            tells = [mail.id for mail in lost]
            alert(self.desk, "refused", told, about=str(tells[0]), tells=tells)
        return bool(lost)

    def file(self) -> bool:
        """Move what is settled out of the inbox; copy what was sent into Sent."""
        moved = file_messages(self.desk)
        return save_sent(self.desk, self._copied) + moved > 0

    def _despite_the_disk(self, step: Callable[[], object]) -> bool:
        """Do a step; a disk that is full or bad keeps no other step from being done."""
        try:
            return bool(step())
        except OSError as error:
            self.trouble = f"the disk fails: {error}"
            _log.error("disk_trouble", reason=str(error))
            alert(self.desk, "disk", str(error))
            return False

    def _from_the_inbox(self, step: Callable[[], bool]) -> bool:
        """Do a step that needs the mailbox, unless the mailbox was away a moment ago."""
        now = self.desk.clock()
        if self._inbox_pause.waiting(now):
            return False
        try:
            more = step()
        except Unreachable as error:
            pause = self._inbox_pause.failed(now)
            self.trouble = f"the mailbox is away: {error}"
            _log.warning("mailbox_away", reason=str(error), pause_seconds=pause.total_seconds())
            if self._inbox_pause.failures == AWAY_TOO_LONG:
                alert(self.desk, "mailbox", str(error))
            return False
        except LoginRefused as error:
            pause = self._inbox_pause.failed(now, at_least=LOGIN_PAUSE)
            self.trouble = f"the mailbox refuses the login: {error}"
            _log.error("login_refused", reason=str(error), pause_seconds=pause.total_seconds())
            alert(self.desk, "mailbox", str(error))
            return False
        self._inbox_pause.worked()
        return more
