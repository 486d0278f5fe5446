"""The desk: everything a tick of the daemon has at hand, opened and closed in one place."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Protocol

from config.model import Commune, Config
from config.settings import secret
from intake.mailbox import Mailbox
from intake.message import Parsed
from intake.opening import jail_limits, open_registry
from intake.triage import TriageFacts
from notifier.calendar import Calendar
from notifier.compose import Templates
from notifier.smtp import Courier
from parsers.container import Opened, Room
from parsers.form import Form
from parsers.jail import Jail
from parsers.reading import Reading, Refusal
from registry.store import Store
from registry.vault import Vault

Clock = Callable[[], dt.datetime]
#: Documents that are read at the same time: one message at a time, its files side by side.
_WORKERS = 2


class Reader(Protocol):
    """Whoever reads a document safely: the jail."""

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        """Return what was understood, or why not; never raises for what a document does."""

    def open(self, data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        """Return what stands inside a container, or why not; None for any other document."""

    def ready(self) -> tuple[str, ...]:
        """Make sure that documents can be read at all; return what confines their readers."""


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
    _templates: Templates | None = None

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
        self._templates = known.renewed() if known and same else Templates(folder)
        return self._templates

    def communes_on(self, moment: dt.datetime) -> tuple[Commune, ...]:
        """The roster on the local day of an instant."""
        day = moment.astimezone(self.config.settings.office.zone).date()
        return tuple(commune for commune in self.config.communes if commune.valid_on(day))


@contextlib.contextmanager
def open_desk(config: Config, env: Mapping[str, str], clock: Clock = utc_now) -> Iterator[Desk]:
    """Open everything a tick needs; connections are made when first used.

    Raises:
        ConfigProblems: a password is not where the settings say.
        RegistryProblem: the registry cannot be opened.
    """
    settings = config.settings
    with contextlib.ExitStack() as stack:
        store, vault = open_registry(config, thorough=True)
        stack.callback(store.close)
        mailbox = Mailbox(
            settings.mailbox, secret(settings.mailbox, env), batch=settings.limits.batch
        )
        stack.callback(mailbox.close)
        courier = Courier(settings.smtp, secret(settings.smtp, env))
        stack.callback(courier.close)
        reader = stack.enter_context(Jail(jail_limits(config), workers=_WORKERS))
        yield Desk(config, store, vault, mailbox, courier, reader, clock)


def own_addresses(config: Config) -> frozenset[str]:
    """Return the office's own addresses, case-folded: mail from them is never answered."""
    settings = config.settings
    sender = parseaddr(settings.smtp.sender)[1] or settings.smtp.sender
    return frozenset({settings.office.address.casefold(), sender.casefold()})


def triage_facts(desk: Desk, parsed: Parsed, received_at: dt.datetime) -> TriageFacts:
    """Return what triage must know besides the message."""
    settings = desk.config.settings
    return TriageFacts(
        own_addresses=own_addresses(desk.config),
        is_our_mail=desk.store.is_our_mail(parsed.rfc_message_id),
        roster=roles(desk.config, desk.communes_on(received_at)),
        received_at=received_at,
        go_live_at=settings.office.go_live_at,
        require=settings.security.require,
        trusted_authserv_ids=settings.security.trusted_authserv_ids,
    )


def communes_of(sender: str, communes: tuple[Commune, ...]) -> tuple[Commune, ...]:
    """Return the communes that have this address, their own or their chairman's; none for ""."""
    wanted = sender.casefold()
    return tuple(
        commune
        for commune in communes
        if wanted and wanted in map(str.casefold, (*commune.emails, *commune.chair_emails))
    )


def roles(config: Config, communes: tuple[Commune, ...]) -> dict[str, str]:
    """Return who may speak: address (case-folded) → commune, chair, officer or approver.

    Who is both an officer and something else speaks as an officer.
    """
    found: dict[str, str] = {}
    for campaign in config.campaigns:
        found |= dict.fromkeys(map(str.casefold, campaign.report.approvers), "approver")
    for commune in communes:
        found |= dict.fromkeys(map(str.casefold, commune.chair_emails), "chair")
    for commune in communes:
        found |= dict.fromkeys(map(str.casefold, commune.emails), "commune")
    return found | dict.fromkeys(map(str.casefold, config.settings.officers.addresses), "officer")
