"""The outbox's clerk: which mail may leave next, and what became of those that left.

Shell: what it decides is written down before it has an effect. Oldest first, and to one recipient
one mail at a time: then a cap counts what is under way, and nobody gets two mails in disorder.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from config.model import Config
from notifier.delivery import AuthFailed, Delivery, Later, Letter, Never, Sent, Unknown
from notifier.gate import Gate, GateStore, Stopped
from notifier.limits import rate_allows
from registry.model import Mail, MailState
from registry.sending import MailOutcome, WrittenDown

#: Back-off after "later": doubles from a minute to two hours.
FIRST_DELAY = dt.timedelta(minutes=1)
LONGEST_DELAY = dt.timedelta(hours=2)
#: Given up only when both are reached: a mail that the brake held for a week is not old.
GIVE_UP_AFTER = dt.timedelta(days=5)
GIVE_UP_ATTEMPTS = 60
#: The one retry of an unknown outcome comes when a slow server has had time to think.
UNKNOWN_DELAY = dt.timedelta(minutes=15)
#: Mails that the gate reads about at once.
_AT_ONCE = 50


class ClerkStore(GateStore, Protocol):
    """What the clerk asks of the registry; `registry.store.Store` is one."""

    def mail_raw(self, mail_id: int) -> bytes: ...  # noqa: D102  as the store's
    def write_down(  # noqa: D102
        self,
        handing: Sequence[tuple[int, dt.datetime]],
        outcomes: Sequence[MailOutcome],
        as_of: int | None = None,
    ) -> WrittenDown: ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one mail in this round. ``reason`` is plain words for operators.

    ``capped``: its recipient has had as much as anybody may get.
    """

    mail: Mail
    state: MailState
    reason: str
    capped: bool = False


_Told = tuple[Settled, MailOutcome]


@dataclass(slots=True)
class Pace:
    """When the last transactions were; kept by the daemon from tick to tick.

    ``unsettled`` are outcomes that a busy registry did not take: written down before anything else
    is sent, or a mail that was sent would look interrupted and leave again.
    """

    moments: deque[dt.datetime] = field(default_factory=lambda: deque(maxlen=10_000))
    unsettled: list[_Told] = field(default_factory=list)


class OutboxClerk:
    """Works through some mails of the outbox once; a `notifier.delivery.Clerk`.

    ``settled`` is what became of mails so far. ``trouble`` ended it early; ``paced`` says that the
    rest waits for the next minute.
    """

    def __init__(
        self,
        store: ClerkStore,
        gate: Gate,
        config: Config,
        pace: Pace,
        *,
        clock: Callable[[], dt.datetime],
        jitter: Callable[[], float],
        stop: Callable[[], bool],
    ) -> None:
        self._store, self._gate, self._config, self._pace = store, gate, config, pace
        self._clock, self._jitter, self._stop = clock, jitter, stop
        self._waiting: deque[Mail] = deque()
        self._under_way: dict[int, Mail] = {}
        self._handed: set[int] = set()
        self._heard: list[_Told] = []
        self._over = False
        self.settled: list[Settled] = []
        self.trouble: AuthFailed | Later | None = None
        self.paced = False

    def give(self, mails: Sequence[Mail]) -> None:
        """Give it the mails to work through, oldest first."""
        self._waiting.extend(mails)

    @property
    def waiting(self) -> int:
        """How many letters may still be taken, at most."""
        return 0 if self._ends() else len(self._waiting)

    def take(self) -> Letter | None:
        """Return the next letter that may leave; None: none now, perhaps after an outcome.

        What must not leave now is settled on the way. ``stop`` is asked before each one.
        """
        while mail := self._next():
            now = self._clock()
            stopped = self._asked(mail, now)
            if stopped is not None:
                self._waiting.remove(mail)
                self._write_down(stopped=[self._told(mail, stopped, now)])
                continue
            if not rate_allows(
                self._pace.moments, self._clock(), self._config.settings.smtp.rate_per_minute
            ):
                self.paced = True
                return None
            raw = self._gate.raw(mail)
            raw = self._store.mail_raw(mail.id) if raw is None else raw
            letter = Letter(mail.id, mail.recipient, raw)
            self._waiting.remove(mail)
            self._under_way[mail.id] = mail
            self._pace.moments.append(now)
            return letter
        return None

    def back(self, letter: Letter) -> None:
        """Take a letter back that could not be begun, as if it had never been taken."""
        self._waiting.appendleft(self._under_way.pop(letter.mail_id))

    def done(self, letter: Letter, delivery: Delivery) -> None:
        """Hear what became of a letter; it is written down with the next `write`."""
        if told := self._outcome(letter, delivery):
            self._heard.append(told)

    def write(self, handing: Sequence[Letter]) -> Collection[int]:
        """Write down what was heard and what is about to be handed over, in one transaction.

        A mail about which something was decided since it was taken is asked again. Return the
        numbers of the mails whose content may leave.
        """
        heard, self._heard = self._heard, []
        return self._write_down([self._under_way[letter.mail_id] for letter in handing], heard)

    def settle_kept(self) -> None:
        """Write down what a busy registry did not take before."""
        kept, self._pace.unsettled = self._pace.unsettled, []
        self._write_down(tried=kept)

    # --- what leaves ---

    def _ends(self) -> bool:
        return self._over or self.paced or self.trouble is not None

    def _next(self) -> Mail | None:
        """Return the oldest mail to somebody to whom nothing is under way."""
        if self._ends() or not self._waiting:
            return None
        busy = {mail.recipient.casefold() for mail in self._under_way.values()}
        found = next((m for m in self._waiting if m.recipient.casefold() not in busy), None)
        if found is not None and self._stop():
            self._over = True
            return None
        return found

    def _asked(self, mail: Mail, now: dt.datetime) -> Stopped | None:
        """Ask the gate; a mail is stopped only for what is true at this moment."""
        if self._gate.knows(mail):
            stopped = self._gate.ask(mail, now)
            if stopped is None or self._gate.is_current():
                return stopped
        ahead = [mail, *(one for one in self._waiting if one is not mail)][:_AT_ONCE]
        self._gate.look([*ahead, *self._under_way.values()], now)
        return self._gate.ask(mail, now)

    # --- what became of it ---

    def _write_down(
        self,
        going: Sequence[Mail] = (),
        tried: Sequence[_Told] = (),
        stopped: Sequence[_Told] = (),
    ) -> frozenset[int]:
        """Write down; what was tried and cannot be written now is kept in memory.

        A server may have done it and its answer been lost: then mails are written down as handed
        over whose content never left. They are put back before anything else is sent.
        """
        outcomes = [*tried, *stopped]
        if not going and not outcomes:
            return frozenset()
        try:
            written = self._written(going, outcomes, self._gate.as_of if going else None)
            if written.stale:
                going, more = self._asked_again(going)
                outcomes += more
                written = self._written(going, outcomes)
        except Exception:
            self._pace.unsettled += [*tried, *map(self._never_left, going)]
            raise
        self._gate.wrote(written)
        for settled, outcome in outcomes:
            self._handed.discard(outcome.mail_id)
            if outcome.mail_id not in written.impossible:
                self._gate.settled(settled.mail, outcome.state)
                self.settled.append(settled)
        for mail in going:
            if mail.id in written.impossible:  # another process took it
                del self._under_way[mail.id]
                continue
            self._handed.add(mail.id)
            self._gate.gave(mail, self._clock())
        return frozenset(mail.id for mail in going) - written.impossible

    def _never_left(self, mail: Mail) -> _Told:
        reason = "the registry was not there before the content"
        outcome = MailOutcome(
            mail.id, mail.state, self._clock(), reason, mail.server, self._clock()
        )
        return Settled(mail, mail.state, reason), outcome

    def _written(
        self, going: Sequence[Mail], outcomes: Sequence[_Told], as_of: int | None = None
    ) -> WrittenDown:
        now = self._clock()
        handing = [(mail.id, now) for mail in going]
        return self._store.write_down(handing, [outcome for _, outcome in outcomes], as_of)

    def _asked_again(self, going: Sequence[Mail]) -> tuple[list[Mail], list[_Told]]:
        """Somebody else wrote since these were taken: return those that still go, and the rest."""
        now = self._clock()
        self._gate.look(going, now)
        still, stopped = [], []
        for mail in going:
            if why := self._gate.ask(mail, now):
                del self._under_way[mail.id]
                stopped.append(self._told(mail, why, now))
            else:
                still.append(mail)
        return still, stopped

    def _told(self, mail: Mail, stopped: Stopped, now: dt.datetime) -> _Told:
        """Return what is to be written down of a mail that the gate stopped: no server was tried.

        Else days behind a cap, or of a trial, would count as if a server had said "later" all the
        time, and its first real "later" would end the mail.
        """
        server = mail.server if stopped.state == "unknown" or stopped.next_try_at else ""
        outcome = MailOutcome(
            mail.id, stopped.state, now, stopped.reason, server, stopped.next_try_at, tried=False
        )
        return Settled(mail, stopped.state, stopped.reason, stopped.capped), outcome

    def _outcome(self, letter: Letter, delivery: Delivery) -> _Told | None:
        """Return what is to be written down of a delivery; trouble ends the round."""
        mail, now = self._under_way.pop(letter.mail_id), self._clock()
        blank = MailOutcome(mail.id, mail.state, now)
        match delivery:
            case AuthFailed() | Later(everybody=True):
                self.trouble = self.trouble or delivery
                if mail.id not in self._handed:
                    return None
                outcome = replace(blank, response=delivery.reason, next_try_at=now)
                if mail.state == "unknown":
                    outcome = replace(outcome, server=mail.server)
            case Sent():
                outcome = replace(
                    blank, state="sent", response=delivery.response, server=delivery.server
                )
            case Never():
                outcome = replace(blank, state="refused", response=delivery.reason)
            case Unknown():
                smtp = self._config.settings.smtp
                first = mail.state != "unknown" and mail.kind in smtp.retry_unknown
                outcome = MailOutcome(
                    mail.id, "unknown", now, delivery.reason, f"{smtp.host}:{smtp.port}",
                    now + UNKNOWN_DELAY * (1 + self._jitter()) if first else None,
                )  # fmt: skip
            case Later():
                outcome = self._try_later(mail, delivery, blank)
        return Settled(mail, outcome.state, outcome.response), outcome

    def _try_later(self, mail: Mail, later: Later, blank: MailOutcome) -> MailOutcome:
        """Queue again, or give up. An unknown mail stays unknown while its retry is pending."""
        old = blank.at - mail.queued_at >= GIVE_UP_AFTER and mail.attempts >= GIVE_UP_ATTEMPTS
        again_at = None if old else blank.at + back_off(mail.attempts, self._jitter())
        waits = replace(blank, response=later.reason, next_try_at=again_at)
        if mail.state == "unknown":
            return replace(waits, server=mail.server)
        if old:
            reason = f"given up after {mail.attempts + 1} attempts: {later.reason}"
            return replace(blank, state="refused", response=reason)
        return replace(waits, state="queued")


def back_off(attempts: int, jitter: float) -> dt.timedelta:
    """Return how long to wait after the (``attempts`` + 1)-th failure; ``jitter`` in [0, 1).

    Doubles from ``FIRST_DELAY`` to ``LONGEST_DELAY``, stretched by up to a quarter so that many
    mails that failed together do not come back together.
    """
    doubled = FIRST_DELAY * (1 << min(max(attempts, 0), 16))
    return min(doubled, LONGEST_DELAY) * (1 + jitter / 4)
