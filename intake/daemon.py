"""Collect → keep → understand → read → record → close → decide → send → file → copy → show.

Between close and decide it looks after itself: is it well, and who must be told?

The same steps in the same order as docs/flow.md. Each step commits before the next begins and can
be repeated; a step that cannot be done now (server away, disk full) leaves the others working.
"""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog

from intake.admission import take_up
from intake.backoff import Backoff
from intake.catch_up import catch_up
from intake.closing import close_campaigns
from intake.collect import collect
from intake.desk import Desk
from intake.filing import Refused, file_messages, save_sent
from intake.health import Health
from intake.kept_config import keep_config
from intake.logs import reply_codes
from intake.mailbox import LoginRefused, Unreachable, Untrusted
from intake.post import alert, decide_and_queue, tell_admin
from intake.proposals import write_proposals
from intake.publish import Publisher
from intake.put_in_place import notice_behind
from intake.understand import understand_kept
from notifier.clerk import Pace, Settled
from notifier.delivery import AuthFailed
from notifier.outbox import recover, send_due
from parsers.jail import JailBrokenError
from registry.errors import RegistryBusy, VaultAway
from registry.model import address_mark

_log = structlog.get_logger("daemon")
#: No host takes longer to write a file into a vault that several share.
_OTHERS_SECONDS = 3600.0
#: Minutes, not seconds: hammering with a wrong password locks accounts.
LOGIN_PAUSE = dt.timedelta(minutes=5)
#: What a tick stores to, and what is not well when that fails.
Stored = Literal["disk", "vault"]
_STORED: tuple[Stored, ...] = ("disk", "vault")
#: What a mail becomes when a server had its say about it: then sending works.
_ANSWERED = frozenset({"sent", "refused"})
#: What the admin is asked to do about a copy of the journal that was damaged.
_DAMAGED_COPY = (
    "Bản hỏng vẫn được giữ lại, bản mới được lập từ sổ đăng ký. Đề nghị kiểm tra ổ đĩa hoặc máy "
    "chủ lưu trữ của kho gốc, sau đó chạy `intake verify`."
)


@dataclass
class Daemon:
    """One office's daemon. `tick` does all that can be done now; `run` ticks until told to stop."""

    desk: Desk
    #: Set from a signal: the current step is finished, the next is not begun.
    stopping: bool = False
    #: What kept this tick from doing everything, in plain words; empty when nothing did.
    trouble: str = ""
    #: Called between two pieces of work, in the daemon's own thread.
    moved: Callable[[], None] = lambda: None
    #: Numbers in [0, 1): servers that failed together are not asked again together.
    jitter: Callable[[], float] = random.random
    _inbox_pause: Backoff = field(default_factory=Backoff)
    _smtp_pause: Backoff = field(default_factory=Backoff)
    _checks_pause: Backoff = field(default_factory=Backoff)
    _last_checked: int = 0
    _pace: Pace = field(default_factory=Pace)
    _inbox_read: bool = False
    _failed: set[Stored] = field(default_factory=set)
    #: Message-IDs of mails whose copy may be in Sent already; None until `recover` has looked.
    _copied: set[str] | None = None
    #: What the mailbox refused to move, and to take into Sent.
    _not_moved: Refused = field(default_factory=Refused)
    _not_copied: Refused = field(default_factory=Refused)
    #: Whether messages were read, or the config changed, since the proposals were last written.
    proposals_due: bool = True
    #: Whether the config in use, or an edit that had to wait, is still to be noted (`Reload`).
    config_due: bool = False
    #: Copies of the journal that were put aside and told; each is looked through once.
    _told_aside: set[str] = field(default_factory=set)
    #: Whether the mailbox was asked if it knows more than the registry.
    _caught_up: bool = False

    def __post_init__(self) -> None:
        self.health = Health(self.desk)
        self.publisher = Publisher(self.desk, self.health)

    def recover(self) -> None:
        """At the start: mails that a kill left half-way get their one retry, and one copy.

        Only for a process that holds the lease.

        Raises:
            RegistryBehind: the registry is empty beside a vault that has a journal.
        """
        desk = self.desk
        desk.store.forget_readings()
        unfinished = desk.vault.tidy(_OTHERS_SECONDS if desk.shared else 0.0)
        if unfinished:
            _log.info("tidied", files=unfinished)
        notice_behind(desk.journal_copy, desk.store, desk.clock())
        for mail in recover(desk.store, desk.config, now=desk.clock(), jitter=self.jitter):
            _log.warning("interrupted", mail=mail.id, kind=mail.kind)
        self._copied = {mail.rfc_message_id for mail in desk.store.unsaved_mails()}
        self.config_due = True
        self._despite_the_disk(self.note_config)
        self._despite_the_disk(self.copy_journal)

    def tick(self, *, again: bool = False) -> bool:
        """Walk the way of a message once; return whether there is more to do at once.

        ``again``: right after another tick. What failed there is left for the next poll.

        Raises:
            RegistryWentBack: the database is not the one any more that was worked on.
        """
        self.desk.store.notice_gone_back()
        self.trouble, self._inbox_read, self._failed = "", False, set()
        if not self._caught_up:
            self._despite_the_disk(lambda: self._from_the_inbox(self.catch_up))
        if not self._caught_up and self.desk.store.behind():
            self._despite_the_disk(self.health.examine)
            self.publisher.publish()
            self.health.renew()
            self.turned()
            return False  # what has left already is not known yet
        more = self._despite_the_disk(lambda: self._from_the_inbox(self.collect_and_keep))
        if not again:
            self._despite_the_disk(self.take_up_waiting)
        more |= self._despite_the_disk(lambda: self.understand_and_record(retry=not again))
        self._despite_the_disk(lambda: close_campaigns(self.desk))
        self._despite_the_disk(self._tell_refused)  # first what a process before us left untold
        self._despite_the_disk(self.health.examine)
        self._despite_the_disk(lambda: decide_and_queue(self.desk))
        more |= self._despite_the_disk(self.send)
        more |= self._despite_the_disk(lambda: self._from_the_inbox(self.file))
        self._despite_the_disk(self.copy_journal)
        self.publisher.publish(busy=more)
        if not more:
            self.propose()
        self.health.renew()
        self.health.signs.works(*(one for one in _STORED if one not in self._failed))
        self.turned()
        return more and not self.stopping

    def until_idle(self) -> None:
        """Tick until nothing is left to do now."""
        more = self.tick()
        while more:
            more = self.tick(again=True)

    def turned(self) -> None:
        """Give a sign of life.

        Raises:
            LeaseLost: another daemon may work on this registry.
        """
        self.desk.check_lease()
        if self._inbox_read:
            self.health.signs.read_at = self.desk.clock()
        self.desk.alive()
        self.moved()

    # --- the steps ---

    def note_config(self) -> None:
        """Have the config in use in the vault and the journal; else it is due."""
        keep_config(self.desk)
        self.config_due = False

    def catch_up(self) -> bool:
        """Before the first tick: a registry older than the mailbox takes over what it forgot."""
        catch_up(self.desk, self.turned)
        self._caught_up = True
        return True

    def collect_and_keep(self) -> bool:
        """Fetch what is new into the vault and the registry; more may wait on the server."""
        found = collect(self.desk)
        # Hours may pass with what it brought; the inbox is not neglected for that.
        self._inbox_read = found.complete or found.more
        self.turned()
        return found.more

    def take_up_waiting(self) -> None:
        """Send back what waits only for the scanner or DNS, if those answer now.

        The pause between two looks grows as long as anything waits, also when it was sent back.
        """
        now = self.desk.clock()
        if self._checks_pause.waiting(now):
            return
        found = take_up(self.desk, self._last_checked)
        self._last_checked = found.last
        if found.taken or found.waiting:
            self._checks_pause.failed(now)
        else:
            self._checks_pause.worked()

    def understand_and_record(self, *, retry: bool = True) -> bool:
        """Understand, read and record what is kept, oldest first."""
        before = self.desk.store.journal_head()
        try:
            more = understand_kept(self.desk, self._stops, retry=retry)
            self._tell_readers()
        except JailBrokenError as error:
            self.trouble = f"no document can be read: {error}"
            _log.error("reader_broken", reason=str(error))
            self.health.signs.fails("reader", self.desk.clock(), self.trouble)
            return False
        if self.desk.store.journal_head() != before:  # only what was tried proves anything
            self.health.signs.works("reader")
            self.proposals_due = True
        return more

    def _tell_readers(self) -> None:
        """Other machines that should read and do not are a trouble; the documents were read."""
        reason = self.desk.reader.trouble
        if reason:
            self.health.signs.fails("readers", self.desk.clock(), reason)
        else:
            self.health.signs.works("readers")

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
            stop=self._stops,
        )
        for one in sent.settled:
            reason = reply_codes(one.reason)
            _log.info(one.state, mail=one.mail.id, kind=one.mail.kind, reason=reason)
        told = self._tell_refused()
        self._tell_capped(sent.settled)
        if sent.trouble is None:
            self._smtp_pause.worked()
            if any(one.state in _ANSWERED for one in sent.settled):
                self.health.signs.works("smtp")
            return told
        self.trouble = f"mail cannot be sent: {sent.trouble.reason}"
        refused = isinstance(sent.trouble, AuthFailed)
        least = LOGIN_PAUSE if refused else dt.timedelta(0)
        pause = self._smtp_pause.failed(desk.clock(), at_least=least)
        _log.error("smtp_away", reason=sent.trouble.reason, pause_seconds=pause.total_seconds())
        self.health.signs.fails("smtp", desk.clock(), sent.trouble.reason, lasting=refused)
        return False

    def _tell_refused(self) -> bool:
        """Tell the admin whom a server refused for good, also before a kill.

        Return whether anything was told: what cannot be said now is tried again at the next tick.
        """
        lost = self.desk.store.untold_refusals()
        if not lost:
            return False
        told = "; ".join(f"{mail.recipient}: {mail.response[:100]}" for mail in lost)
        tells = [mail.id for mail in lost]
        return alert(self.desk, "refused", told, about=str(tells[0]), tells=tells)

    def _tell_capped(self, settled: Sequence[Settled]) -> None:
        """Tell the admin, once a day, whom a cap holds back: a machine may be answering us."""
        officers = self.desk.config.settings.officers
        ours = {one.casefold() for one in (*officers.admin, *officers.addresses)}
        capped = [one.mail.recipient for one in settled if one.capped]
        for recipient in dict.fromkeys(one for one in capped if one.casefold() not in ours):
            _log.warning("capped", recipient=address_mark([recipient]))
            alert(self.desk, "cap", recipient, about=address_mark([recipient]))

    def file(self) -> bool:
        """Move what is settled out of the inbox; copy what was sent into Sent."""
        moved = file_messages(self.desk, self._not_moved)
        return save_sent(self.desk, self._copied, self._not_copied) + moved > 0

    def copy_journal(self) -> None:
        """Append to the journal's copy in the vault what it lacks: the vault alone must suffice."""
        copied = self.desk.journal_copy.catch_up(self.desk.store, self.desk.clock())
        if copied.set_aside:
            _log.warning("journal_copy_set_aside", kept_as=copied.set_aside)
        for name in self.desk.journal_copy.set_aside():  # once for each, also after a kill
            if name not in self._told_aside:
                self._tell_set_aside(name)
                self._told_aside.add(name)

    def _tell_set_aside(self, name: str) -> None:
        """Tell the admin of a copy that was put aside, and whether it was damaged or another's."""
        desk = self.desk
        stem = desk.journal_copy.told_as(name).removesuffix(".jsonl")
        if desk.store.has_mail(f"alert/journal/{stem}"):
            return
        damaged = desk.journal_copy.is_damaged(name)
        what = "journal-damaged" if damaged else "journal"
        found = "is damaged" if damaged else "was another registry's"
        reason = (
            f"the journal's copy in the vault {found}: it is kept as {name}, and a new one was "
            "begun from the registry"
        )
        facts = {"what": what, "reason": reason, **({"advice": _DAMAGED_COPY} if damaged else {})}
        tell_admin(desk, f"alert/{what}/{stem}", facts)

    def propose(self) -> None:
        """Write down which captions the forms do not know, when messages were read since."""
        desk, read = self.desk, self.proposals_due
        self.proposals_due = False
        if not read:
            return
        try:
            for campaign in desk.config.campaigns:
                write_proposals(desk.config, campaign, desk.store.unknown_columns(campaign.id))
        except (OSError, RegistryBusy) as error:  # only a help for the admin: nothing waits for it
            _log.warning("proposals_not_written", reason=str(error))

    def _stops(self) -> bool:
        """Asked between two messages or mails: whether to stop after the one that is done."""
        self.turned()
        return self.stopping

    def _despite_the_disk(self, step: Callable[[], object]) -> bool:
        """Do a step; a full disk, or a bucket that is away, keeps no other step from being done."""
        self.turned()
        try:
            return bool(step())
        except VaultAway as error:
            self.trouble = f"the vault is away: {error}"
            self._failed.add("vault")
            _log.error("vault_away", reason=str(error))
            self.health.signs.fails("vault", self.desk.clock(), self.trouble)
            return False
        except OSError as error:
            self.trouble = f"the disk fails: {error}"
            self._failed.add("disk")
            _log.error("disk_trouble", reason=str(error))
            self.health.signs.fails("disk", self.desk.clock(), str(error))
            return False

    def _from_the_inbox(self, step: Callable[[], bool]) -> bool:
        """Do a step that needs the mailbox, unless the mailbox was away a moment ago."""
        now, signs = self.desk.clock(), self.health.signs
        if self._inbox_pause.waiting(now):
            return False
        try:
            more = step()
        except Unreachable as error:
            pause = self._inbox_pause.failed(now)
            self.trouble = f"the mailbox is away: {error}"
            _log.warning("mailbox_away", reason=str(error), pause_seconds=pause.total_seconds())
            lasting = isinstance(error, Untrusted)  # a certificate does not mend itself
            signs.fails("login" if lasting else "poll", now, self.trouble)
            return False
        except LoginRefused as error:
            pause = self._inbox_pause.failed(now, at_least=LOGIN_PAUSE)
            self.trouble = f"the mailbox refuses the login: {error}"
            _log.error("login_refused", reason=str(error), pause_seconds=pause.total_seconds())
            signs.fails("login", now, self.trouble)
            return False
        self._inbox_pause.worked()
        signs.works("login", "poll")
        return more
