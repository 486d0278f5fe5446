"""The outbox at work: take what is queued, ask once more, send, write down what became of it.

Shell. What must survive a kill is in the registry: ``handed`` is written before the content leaves,
so that a mail found in ``sending`` at the next start is known to be unknown. `notifier.gate` asks,
`notifier.clerk` gives out and writes down, a courier brings.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from config.model import Config
from notifier.calendar import Calendar
from notifier.clerk import UNKNOWN_DELAY, ClerkStore, OutboxClerk, Pace, Settled
from notifier.delivery import AuthFailed, Clerk, Later
from notifier.gate import Gate
from registry.model import Mail, MailState


class OutboxStore(ClerkStore, Protocol):
    """What the outbox asks of the registry; `registry.store.Store` is one."""

    def next_mails(self, now: dt.datetime, limit: int) -> list[Mail]: ...  # noqa: D102
    def mails(self, *, state: MailState | None = None) -> list[Mail]: ...  # noqa: D102
    def interrupted(self, now: dt.datetime) -> list[Mail]: ...  # noqa: D102
    def settle(  # noqa: D102
        self,
        mail_id: int,
        state: MailState,
        now: dt.datetime,
        response: str = "",
        server: str = "",
        next_try_at: dt.datetime | None = None,
    ) -> None: ...


class Carrier(Protocol):
    """Who brings mails to a server; `notifier.smtp.Courier` is one."""

    def carry(self, clerk: Clerk) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Round:
    """One pass over the outbox.

    ``trouble`` ended it early: ``AuthFailed`` needs the admin (nothing was tried further, no
    attempt counted), ``Later`` with ``everybody`` is a server out of reach. ``paced`` says that
    the rest waits for the next minute.
    """

    settled: tuple[Settled, ...] = ()
    trouble: AuthFailed | Later | None = None
    paced: bool = False

    def count(self, state: MailState) -> int:
        """Return how many mails this round brought into that state."""
        return sum(one.state == state for one in self.settled)


def send_due(
    store: OutboxStore,
    courier: Carrier,
    config: Config,
    calendar: Calendar,
    *,
    clock: Callable[[], dt.datetime],
    jitter: Callable[[], float],
    pace: Pace | None = None,
    limit: int = 200,
    stop: Callable[[], bool] = lambda: False,
) -> Round:
    """Send what is queued, oldest first, and record every outcome.

    Each mail is asked "still due?", then measured against office hours, the recipient's cap and
    the rate. Several may be under way at once, as many as `[smtp] connections`; to one recipient
    one. ``jitter`` gives numbers in [0, 1). ``stop`` is asked before each mail (SIGTERM finishes
    what is under way). At most ``limit`` mails are looked at.
    """
    clerk = OutboxClerk(
        store,
        Gate(store, config, calendar, jitter),
        config,
        pace or Pace(),
        clock=clock,
        jitter=jitter,
        stop=stop,
    )
    clerk.settle_kept()
    clerk.give(sorted(store.next_mails(clock(), limit), key=lambda m: (m.queued_at, m.id)))
    courier.carry(clerk)
    return Round(tuple(clerk.settled), clerk.trouble, clerk.paced)


def recover(
    store: OutboxStore, config: Config, *, now: dt.datetime, jitter: Callable[[], float]
) -> list[Mail]:
    """Before a round: mails that a kill left in ``sending`` are unknown; give each its one retry.

    Only for a process that holds the lease and is not sending at this moment. ``server`` marks a
    mail whose outcome was open before: it has had its retry (FAULTS 110). Each with a retry leaves
    ``sending`` together with it: killed in between, the next start finds the others there.
    """
    lost = store.mails(state="sending")
    server = f"{config.settings.smtp.host}:{config.settings.smtp.port}"
    for mail in lost:
        if mail.kind in config.settings.smtp.retry_unknown and not mail.server:
            reason = "interrupted between the content and its answer"
            again_at = now + UNKNOWN_DELAY * (1 + jitter())
            store.settle(mail.id, "unknown", now, reason, server, again_at)
    store.interrupted(now)
    return lost
