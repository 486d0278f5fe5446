"""The program's own health: facts from everywhere, troubles written down, the admin told.

What counts as a trouble is decided by `notifier.health`. Looking costs one question to the registry
and two to the disks; certificates are those of the connections that the daemon has anyway.
"""

import datetime as dt
import ssl
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import structlog

from config.model import Config
from intake.checkup import disks, vitals
from intake.desk import Desk
from intake.post import tell_admin
from notifier.health import (
    Certificate,
    Code,
    Facts,
    Failing,
    Trouble,
    course,
    mail_key,
    over_key,
    troubles,
)
from registry.errors import RegistryBusy
from registry.model import OpenTrouble, Vitals

_log = structlog.get_logger("health")
_DAY = dt.timedelta(days=1)


@dataclass
class Signs:
    """What the running process has seen itself; nothing of it outlives the process."""

    started_at: dt.datetime | None = None
    #: Until when the inbox counts as read, although the registry may know of no complete poll.
    read_at: dt.datetime | None = None
    failing: dict[str, Failing] = field(default_factory=dict)

    def fails(self, code: Code, now: dt.datetime, reason: str, *, lasting: bool = False) -> None:
        """Note that a part does not work; it has not since it was first noted."""
        before = self.failing.get(code)
        self.failing[code] = Failing(before.since if before else now, reason, lasting)

    def works(self, *codes: Code) -> None:
        """Note that parts work (again)."""
        for code in codes:
            self.failing.pop(code, None)


@dataclass
class Health:
    """Looks once a tick, writes down how troubles begin and end, tells the admin of both."""

    desk: Desk
    signs: Signs = field(default_factory=Signs)
    #: The troubles of the last look.
    current: tuple[Trouble, ...] = ()
    _told: set[str] = field(default_factory=set)
    _vitals: Vitals = field(default_factory=Vitals)
    _examined_at: dt.datetime | None = None
    #: The end of the mailbox's certificate as it was last read, and when that was.
    _certificate: tuple[dt.datetime, dt.datetime] | None = None

    @property
    def read_at(self) -> dt.datetime | None:
        """Until when the inbox counts as read."""
        moments = (self.signs.read_at, self._vitals.polled_at)
        return max((at for at in moments if at is not None), default=None)

    @property
    def vitals(self) -> Vitals:
        """What the registry said at the last look."""
        return self._vitals

    def __post_init__(self) -> None:
        self.signs.started_at = self.signs.started_at or self.desk.clock()

    def examine(self) -> None:
        """Look; a registry or a disk that cannot be used now keeps nothing else from being done."""
        now = self.desk.clock()
        try:
            self._vitals = self._after_a_pause(vitals(self.desk.config, self.desk.store, now), now)
            known = self.desk.store.open_troubles()
        except (RegistryBusy, OSError) as error:
            _log.error("not_examined", reason=str(error))
            self.look()
            return
        absent = {
            key: one.absent_since for key, one in known.items() if one.absent_since is not None
        }
        went = course(self.look(), known, absent, now)
        self.current = went.current
        for one in went.began:
            self._began(one, now)
        for key in sorted(known.keys() - went.over):
            if went.absent.get(key) != absent.get(key):
                self._absent(key, went.absent.get(key))
        for key in went.over:
            self._over(key, known[key], now)
        for one in went.current:
            self._tell(one, now)

    def _after_a_pause(self, found: Vitals, now: dt.datetime) -> Vitals:
        """Mails that fell due while nothing ran are not late: they leave with this tick."""
        before, self._examined_at = self._examined_at, now
        waits = dt.timedelta(minutes=self.desk.config.settings.health.queue_minutes)
        if before is not None and now - before < waits:
            return found
        return replace(found, overdue=0, overdue_since=None)

    def look(self) -> tuple[Trouble, ...]:
        """Return the troubles of this moment as far as they can be seen without the registry."""
        config, now = self.desk.config, self.desk.clock()
        facts = Facts(
            watched=True,
            running=True,
            started_at=self.signs.started_at,
            read_at=self.read_at,
            poll_seconds=config.settings.mailbox.poll_seconds,
            failing=self.signs.failing,
            disks=disks(config, self.desk.store),
            vitals=self._vitals,
            unknown_year=self.desk.calendar.unknown_ahead(now.astimezone(_zone(config)).date()),
            certificates=self._certificates(now),
        )
        before = {one.key: one.since for one in self.current}
        self.current = tuple(
            Trouble(one.code, one.severity, before.get(one.key, one.since), one.text, one.about)
            for one in troubles(facts, config.settings.health, now)
        )
        return self.current

    def _certificates(self, now: dt.datetime) -> tuple[Certificate, ...]:
        """Those of both servers as they were when we last connected, and the signatures' roots."""
        settings = self.desk.config.settings
        found = []
        for name, ends_at in (
            ("the IMAP server", self.desk.mailbox.certificate_ends_at),
            ("the SMTP server", self.desk.courier.certificate_ends_at),
        ):
            if ends_at is not None:
                found.append(Certificate(name, ends_at))
        if settings.security.signature_roots:
            path = self.desk.config.folder / settings.security.signature_roots
            found += _roots(path, now.date())
        return tuple(found)

    def renew(self) -> None:
        """Reconnect once a day to a mailbox whose certificate ends soon: it may be a new one."""
        now, ends_at = self.desk.clock(), self.desk.mailbox.certificate_ends_at
        days = dt.timedelta(days=self.desk.config.settings.health.certificate_days)
        if ends_at is None or ends_at - now >= days:
            return
        known, read_at = self._certificate or (None, now)
        if known == ends_at and now - read_at < _DAY:
            return
        self._certificate = (ends_at, now)
        if known == ends_at:
            self.desk.mailbox.close()

    def _began(self, one: Trouble, now: dt.datetime) -> None:
        _log.warning("trouble", code=one.key, severity=one.severity, reason=one.text)
        written = OpenTrouble(one.since, one.severity, one.text, one.advice)
        try:
            self.desk.store.trouble_began(one.key, written, now)
        except (RegistryBusy, OSError) as error:  # it is as new at the next look
            _log.error("not_written", code=one.key, reason=str(error))

    def _absent(self, key: str, since: dt.datetime | None) -> None:
        try:
            self.desk.store.trouble_absent(key, since)
        except (RegistryBusy, OSError) as error:  # it is as absent at the next look
            _log.error("not_written", code=key, reason=str(error))

    def _over(self, key: str, was: OpenTrouble, now: dt.datetime) -> None:
        _log.warning("trouble_over", code=key)
        facts = {"what": key.partition("/")[0], "reason": was.text, "over": self._local(now)}
        told = over_key(key, was)
        try:
            if told:  # first: after a kill in between it is over once more, and told only once
                tell_admin(self.desk, told, {**facts, "since": self._local(was.since)})
            self.desk.store.trouble_over(key, now)
        except (RegistryBusy, OSError) as error:
            _log.error("not_written", code=key, reason=str(error))

    def _tell(self, one: Trouble, now: dt.datetime) -> None:
        """Queue the mail that is owed; the same key is never composed twice by one process."""
        key = mail_key(one, now)
        if key is None or key in self._told:
            return
        facts = {
            "what": one.code,
            "severity": one.severity,
            "since": self._local(one.since),
            "advice": one.advice,
            "reason": one.text,
        }
        try:
            tell_admin(self.desk, key, facts)
        except (RegistryBusy, OSError) as error:
            _log.error("not_told", code=one.key, reason=str(error))
        else:
            self._told.add(key)

    def _local(self, moment: dt.datetime) -> str:
        return moment.astimezone(_zone(self.desk.config)).strftime("%d/%m/%Y %H:%M")


@lru_cache(maxsize=1)
def _roots(path: Path, today: dt.date) -> tuple[Certificate, ...]:
    """The signatures' roots, read once a day."""
    del today
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=path)
    except (OSError, ValueError):
        return ()  # `intake check` says what is wrong with the file
    ends = [ssl.cert_time_to_seconds(str(one["notAfter"])) for one in context.get_ca_certs()]
    if not ends:
        return ()
    first = dt.datetime.fromtimestamp(min(ends), dt.UTC)
    return (Certificate("a root in signature_roots", first),)


def _zone(config: Config) -> dt.tzinfo:
    return config.settings.office.zone
