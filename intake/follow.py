"""Follows a self-test through the program, leg by leg, and says which one hangs.

Beside a running daemon it only watches the registry; where none runs it ticks itself, as
`intake once` does: then all that waits is done as well.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from config.model import Config
from intake.daemon import Daemon
from intake.desk import open_desk
from intake.opening import holder_of, open_lease, open_registry
from intake.put_in_place import catch_up_with_copy
from intake.selftest import SUBJECT, SelfTest, is_well_read, self_test
from registry.lease import Held
from registry.model import Event, Mail, Message, NewMail
from registry.store import Store
from registry.vault import Vault, VaultDamaged

LegName = Literal["SMTP", "IMAP", "read", "acknowledgment"]
#: Beside the poll's pause: a provider may scan a mail for a minute before it shows it.
PATIENCE_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_LOST = frozenset({"refused", "unknown", "cancelled"})
_MESSAGES = 200  # of the newest: nobody gets more while a self-test is on its way


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of the way that was gone, and how long it took."""

    name: LegName
    seconds: float
    told: str


@dataclass(frozen=True, slots=True)
class Course:
    """How far a self-test got; ``problem`` is empty when it came home. ``raw`` is as it arrived."""

    legs: tuple[Leg, ...]
    problem: str = ""
    raw: bytes = b""
    by_daemon: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the registry knows of a self-test by now."""

    form: Mail | None = None
    message: Message | None = None
    story: tuple[Event, ...] = ()
    mails: tuple[Mail, ...] = ()


def follow(
    config: Config,
    env: Mapping[str, str],
    seconds: float = 0.0,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    sleep: Callable[[float], None] = time.sleep,
    counter: Callable[[], float] = time.monotonic,
) -> Course:
    """Send a form to ourselves and follow it until the admin's mail has left, or time is up.

    ``counter`` are the seconds of the machine's own counter, by which time is up.

    Raises:
        ConfigProblems: a password is missing.
        RegistryProblem, RegistryBusy: the registry cannot be used.
    """
    store, vault = open_registry(config)
    with store:
        test = self_test(config, vault.secret(), now())
        queued_at = now()
        _queue(config, store, vault, test, queued_at)
        # The form waits for a tick to leave, and for a poll to come back.
        patience = seconds or PATIENCE_SECONDS + 2 * config.settings.mailbox.poll_seconds
        ends_at = counter() + patience
        seen = _Seen()
        with _worker(config, env) as worker:
            while True:
                worker.tick()
                seen = _look(store, vault, test, seen)
                problem = _wrong(seen)
                home = bool(seen.mails) and all(one.state == "sent" for one in seen.mails)
                if problem or home or counter() >= ends_at:
                    break
                sleep(_LOOK_SECONDS)
        legs = tuple(_legs(seen, queued_at))
        raw = _raw(vault, seen.message)
        if not problem and not home:
            problem = _hangs(config, store, seen, patience, by_daemon=worker.by_daemon)
            problem += f" ({worker.trouble})" if worker.trouble else ""
        return Course(legs, problem, raw, worker.by_daemon)


def _queue(config: Config, store: Store, vault: Vault, test: SelfTest, now: dt.datetime) -> None:
    """Put the form into the outbox, the one gate for all mail; its bytes are kept for a replay."""
    vault.put(test.raw)
    form = NewMail(
        key=test.form_key,
        recipient=config.settings.office.address,
        kind="alert",
        subject=SUBJECT,
        rfc_message_id=test.rfc_message_id,
        raw=test.raw,
        not_before=now,
    )
    store.queue([form], now)


@dataclass(frozen=True, slots=True)
class _Worker:
    """Who does the work: a daemon of our own, or one that runs elsewhere (None)."""

    daemon: Daemon | None = None

    @property
    def by_daemon(self) -> bool:
        return self.daemon is None

    @property
    def trouble(self) -> str:
        return self.daemon.trouble if self.daemon else ""

    def tick(self) -> None:
        """Do what has to be done between two looks."""
        if self.daemon is not None:
            self.daemon.until_idle()


@contextmanager
def _worker(config: Config, env: Mapping[str, str]) -> Iterator[_Worker]:
    """Yield who does the work; while it is we, no daemon can start beside us."""
    try:
        lease = open_lease(config)
        lease.take()
    except Held:
        yield _Worker()
        return
    try:
        catch_up_with_copy(config, dt.datetime.now(dt.UTC), lambda: None, lease)
        with open_desk(config, env, lease=lease) as desk:
            daemon = Daemon(desk)
            daemon.recover()
            yield _Worker(daemon)
    finally:
        lease.release()


def _look(store: Store, vault: Vault, test: SelfTest, seen: _Seen) -> _Seen:
    form = next(iter(store.mails(key=test.form_key)), None)
    message = seen.message and store.message(seen.message.id)
    message = message or _find(store, vault, test)
    if message is None:
        return _Seen(form)
    story = tuple(reversed(store.journal(50, subject=f"message {message.id}")))
    return _Seen(form, message, story, tuple(store.mails(key=test.key)))


def _find(store: Store, vault: Vault, test: SelfTest) -> Message | None:
    """Return the message: by its Message-ID, or, before it was understood, by its bytes."""
    for one in store.messages(limit=_MESSAGES):
        if one.rfc_message_id == test.rfc_message_id:
            return one
        if one.state == "kept" and test.id.encode() in _raw(vault, one):
            return one
    return None


def _raw(vault: Vault, message: Message | None) -> bytes:
    if message is None or not message.sha256:
        return b""
    try:
        return vault.get(message.sha256)
    except (KeyError, VaultDamaged):
        return b""


def _wrong(seen: _Seen) -> str:
    """Return what went another way than it should; "" while all is well."""
    form, message = seen.form, seen.message
    if message is None and form is not None and form.state in _LOST:
        return f"SMTP: the form to {form.recipient} was {form.state}: {form.response}"
    if message is None or message.state == "kept":
        return ""
    if message.verdict != "self-test":
        why = message.reason or "no reason"
        return f"read: it was taken for {message.verdict} ({why}): message {message.id}"
    if not is_well_read(message.reason):
        return f"read: the workbook did not come out as it was written: {message.reason}"
    for one in seen.mails:
        if one.state in _LOST:
            return f"acknowledgment: the mail to {one.recipient} was {one.state}: {one.response}"
    return ""


def _legs(seen: _Seen, queued_at: dt.datetime) -> Iterator[Leg]:
    """Yield the legs that were gone, by the registry's own moments."""
    sent_at = seen.form.sent_at if seen.form is not None else None
    if seen.form is not None and sent_at is not None:
        yield Leg("SMTP", _seconds(queued_at, sent_at), f"{seen.form.server} took it")
    if seen.message is None:
        return
    sent_at = sent_at or queued_at
    moments = {event.kind: event.at for event in seen.story}
    kept_at = moments.get("kept")
    if kept_at is not None:
        yield Leg("IMAP", _seconds(sent_at, kept_at), f"kept as message {seen.message.id}")
    recorded_at = moments.get("recorded")
    if kept_at is None or recorded_at is None:
        return
    yield Leg("read", _seconds(kept_at, recorded_at), seen.message.reason)
    left_at = [one.sent_at for one in seen.mails if one.sent_at is not None]
    if left_at and len(left_at) == len(seen.mails):
        whom = ", ".join(one.recipient for one in seen.mails)
        yield Leg("acknowledgment", _seconds(recorded_at, max(left_at)), f"sent to {whom}")


def _seconds(first: dt.datetime, then: dt.datetime) -> float:
    return max((then - first).total_seconds(), 0.0)


def _hangs(config: Config, store: Store, seen: _Seen, patience: float, *, by_daemon: bool) -> str:
    """Return which leg hangs, and where to look."""
    settings, message = config.settings, seen.message
    who = f"the daemon ({holder_of(config, store)})" if by_daemon else "this command"
    if message is None and (seen.form is None or seen.form.state != "sent"):
        state = f"{seen.form.state} {seen.form.response}".strip() if seen.form else "gone"
        return (
            f"SMTP: the form did not leave the outbox ({state}): did {who} tick (`intake status`)?"
        )
    if message is None:
        return (
            f"IMAP: SMTP took it, but within {patience:.0f} s it was not in "
            f"{settings.mailbox.inbox} of {settings.mailbox.user}: look there and under spam for "
            f"“{SUBJECT}”; does {settings.office.address} lead into this mailbox? Did {who} read "
            "the inbox (`intake status`)?"
        )
    if message.state == "kept":
        return f"read: message {message.id} is kept, but {who} did not read it: see its log"
    if not seen.mails:
        return "acknowledgment: none was queued: see the log (wording_broken), run `intake check`"
    states = ", ".join(f"{one.recipient}: {one.state} {one.response}".strip() for one in seen.mails)
    return f"acknowledgment: it did not leave ({states}): run `intake check --connect`"
