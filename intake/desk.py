"""The desk: everything a tick of the daemon has at hand, opened and closed in one place."""

import contextlib
import datetime as dt
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Protocol

from config.communes import Commune, Communes
from config.model import Config
from config.scale_checks import with_paths
from intake import selftest
from intake.backoff import Backoff
from intake.dns import key_record
from intake.domainkeys import FindKey
from intake.mailbox import Mailbox
from intake.message import Parsed
from intake.opening import jail_limits, open_jail, open_registry
from intake.scanner import Clamd, Scanned
from intake.told import Told
from intake.triage import TriageFacts
from notifier.calendar import Calendar
from notifier.compose import Templates
from notifier.oauth import Logins
from notifier.schedule import ReportChange
from notifier.smtp import Courier
from parsers.container import Opened, Room
from parsers.form import Form
from parsers.jail import Jail, JailLimits
from parsers.reading import Reading, Refusal
from registry.journal_copy import JournalCopy
from registry.lease import AnyLease
from registry.server_lease import ServerLease
from registry.store import Store
from registry.vault import Vault

Clock = Callable[[], dt.datetime]


class Reader(Protocol):
    """Whoever reads a document safely: the jail, here or on other machines. Used from threads."""

    @property
    def width(self) -> int:
        """How many documents are worth asking for at the same time, now."""

    @property
    def trouble(self) -> str:
        """What is wrong with other machines that should read; "" when nothing is."""

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        """Return what was understood, or why not; never raises for what a document does."""

    def open(self, data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        """Return what stands inside a container, or why not; None for any other document."""

    def ready(self) -> tuple[str, ...]:
        """Make sure that documents can be read at all; return what confines their readers."""

    def close(self) -> None:
        """End, once what is being read is done. Idempotent."""


class Scanner(Protocol):
    """Whoever knows infected bytes: clamd."""

    def scan(self, data: bytes) -> Scanned:
        """Return what is known of these bytes; never raises."""


def utc_now() -> dt.datetime:
    """Return the wall clock, aware."""
    return dt.datetime.now(dt.UTC)


@dataclass
class Desk:
    """The config of the moment, and the five shells: mailbox, vault, registry, SMTP, jail."""

    config: Config
    store: Store
    vault: Vault
    mailbox: Mailbox
    courier: Courier
    reader: Reader
    clock: Clock = utc_now
    #: Who logs in with what; None: as the environment of whoever asks says.
    logins: Logins | None = None
    #: Where the keys of DKIM signatures are asked for: DNS.
    find_key: FindKey = key_record
    #: Only in a replay: what scanner and DNS had said. Then neither is asked.
    told: Told | None = None
    #: A scanner that hangs costs its time limit once, not once for every message.
    scanner_pause: Backoff = field(default_factory=Backoff)
    #: Called whenever a piece of work is done, from any thread: what watches over us may hear it.
    alive: Callable[[], None] = lambda: None
    #: Raises when another daemon may work on this registry: asked before what cannot be taken back.
    check_lease: Callable[[], None] = lambda: None
    #: Whether daemons on other hosts may share registry and vault, and read what waits here.
    shared: bool = False
    #: An edit of the wordings is broken: those that are known stay in use.
    keeps_wordings: bool = False
    #: By campaign: of what its newest report was last compared with the answers, and the result.
    compared: dict[str, tuple[object, ReportChange]] = field(default_factory=dict)
    _templates: Templates | None = None

    @property
    def scanner(self) -> Scanner | None:
        """The virus scanner of the settings, if there is one."""
        address = self.config.settings.security.clamd
        return Clamd(address) if address else None

    @property
    def calendar(self) -> Calendar:
        """The office's working days."""
        return Calendar(self.config.calendar, self.config.settings.office.zone)

    @property
    def templates(self) -> Templates:
        """The wordings as they stand in the config folder; compiled again only when edited."""
        folder = self.config.folder / "templates"
        known = self._templates
        same = known is not None and known.folder == folder
        if known and same and self.keeps_wordings:
            return known
        self._templates = known.renewed() if known and same else Templates(folder)
        return self._templates

    def use_wordings(self, wordings: Templates) -> None:
        """Go on with these, whatever the folder has, until ``keeps_wordings`` is taken back."""
        self._templates, self.keeps_wordings = wordings, True

    @property
    def journal_copy(self) -> JournalCopy:
        """The journal's copy in the vault."""
        return self.vault.journal

    def communes_on(self, moment: dt.datetime) -> Communes:
        """The roster on the local day of an instant."""
        return self.config.communes_on(moment.astimezone(self.config.settings.office.zone).date())


@contextlib.contextmanager
def open_desk(
    config: Config,
    env: Mapping[str, str],
    clock: Clock = utc_now,
    lease: AnyLease | None = None,
) -> Iterator[Desk]:
    """Open everything a tick needs; connections are made when first used.

    With a lease, which must be held, nothing is written or moved once it is lost.

    Raises:
        ConfigProblems: a password is not where the settings say.
        RegistryProblem: the registry cannot be opened.
    """
    settings = config.settings
    with contextlib.ExitStack() as stack:
        store, vault = open_registry(config, thorough=True)
        stack.callback(store.close)
        logins = Logins(env)
        desk = Desk(
            config,
            store,
            vault,
            Mailbox(
                settings.mailbox, logins.of(settings, settings.mailbox), batch=settings.limits.batch
            ),
            Courier(settings.smtp, logins.of(settings, settings.smtp)),
            open_reader(config, env),
            clock,
            logins=logins,
        )
        stack.callback(_close, desk)
        if lease is not None:
            desk.check_lease = lease.check
        if isinstance(lease, ServerLease):
            store.guarded(lease.guard, lease.idle_seconds)
            desk.shared = True
        yield desk


def _close(desk: Desk) -> None:
    """Close what is there at the end: an edited config may have put others in place."""
    desk.mailbox.close()
    desk.courier.close()
    desk.reader.close()


def open_reader(config: Config, env: Mapping[str, str]) -> Reader:
    """Return the reader of the settings: the jail here, and a cluster's workers if one is named."""
    scale, jail = with_paths(config.settings.scale, env), open_jail(config)
    if not scale.readers:
        return jail
    from intake.cluster import Cluster  # noqa: PLC0415  few offices have one
    from intake.readers import Readers  # noqa: PLC0415

    return Readers(jail, Cluster(scale, jail.limits))


@contextlib.contextmanager
def reading_desk(
    config: Config, store: Store, vault: Vault, clock: Clock
) -> Iterator[tuple[Desk, Callable[[Config], Reader]]]:
    """Open a desk that reads and decides but reaches no server: no password is asked for.

    Scanner and DNS are not asked either: unless it is told otherwise, all is clean and proven.

    With it comes a function that returns the reader for another config: the same one, unless the
    limits differ. It reads on this machine.
    """
    settings = config.settings
    with contextlib.ExitStack() as stack:
        readers: dict[JailLimits, Jail] = {}

        def reader_for(wanted: Config) -> Reader:
            limits = jail_limits(wanted)
            if limits not in readers:
                readers[limits] = stack.enter_context(open_jail(wanted))
            return readers[limits]

        courier = stack.enter_context(Courier(settings.smtp))
        mailbox = Mailbox(settings.mailbox, "")
        desk = Desk(config, store, vault, mailbox, courier, reader_for(config), clock, told=Told())
        yield desk, reader_for


def own_addresses(config: Config) -> frozenset[str]:
    """Return the office's own addresses, case-folded: mail from them is never answered."""
    settings = config.settings
    sender = parseaddr(settings.smtp.sender)[1] or settings.smtp.sender
    return frozenset({settings.office.address.casefold(), sender.casefold()})


def triage_facts(desk: Desk, parsed: Parsed, received_at: dt.datetime) -> TriageFacts:
    """Return what triage must know besides the message."""
    settings = desk.config.settings
    communes = desk.communes_on(received_at)
    return TriageFacts(
        own_addresses=own_addresses(desk.config),
        is_our_mail=desk.store.is_our_mail(parsed.rfc_message_id),
        roster=roles(desk.config, communes),
        received_at=received_at,
        go_live_at=settings.office.go_live_at,
        require=settings.security.require,
        trusted_authserv_ids=settings.security.trusted_authserv_ids,
        is_self_test=self_test_of(desk, parsed, received_at) is not None,
        titles=communes.titles,
    )


def self_test_of(desk: Desk, parsed: Parsed, received_at: dt.datetime) -> selftest.Mark | None:
    """Return the mark of a form that `intake doctor` sent; None for any other message."""
    if not selftest.bears_mark(parsed):
        return None
    return selftest.proven(parsed, desk.vault.secret(), received_at)


def communes_of(sender: str, communes: Communes) -> tuple[Commune, ...]:
    """Return the communes that have this address, their own or their chairman's; none for ""."""
    return communes.by_address.get(sender.casefold(), ()) if sender else ()


def roles(config: Config, communes: Communes) -> Mapping[str, str]:
    """Return who may speak: address (case-folded) → commune, chair, officer, approver, department.

    Who is both an officer and something else speaks as an officer.
    """
    officers, approvers, departments = (
        dict.fromkeys(map(str.casefold, addresses), role)
        for role, addresses in (
            ("officer", config.settings.officers.addresses),
            ("approver", [one for call in config.campaigns for one in call.report.approvers]),
            ("department", [one for call in config.campaigns for one in call.report.to]),
        )
    )
    return ChainMap(officers, communes.speakers, approvers, departments)  # type: ignore[arg-type]  # none is written to
