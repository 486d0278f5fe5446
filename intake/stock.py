"""Take stock: gather from registry, mailbox and vault what `intake.reconcile` compares."""

from collections.abc import Iterator

from config.model import Config
from intake.mailbox import CommandRefused, Mailbox
from intake.reconcile import Copy, Reconciled, Role, Shown, Stock, reconcile, twice
from intake.sent_copies import key_of, our_headers, sent_place
from registry.store import Store
from registry.vault import Vault


def account(config: Config, store: Store, vault: Vault, mailbox: Mailbox) -> Reconciled:
    """Compare all that lies where; once more if something is unexplained: the daemon may run.

    Raises: as `take_stock`.
    """
    found = reconcile(take_stock(config, store, vault, mailbox))
    if not found.unexplained:
        return found
    return twice(found, reconcile(take_stock(config, store, vault, mailbox)))


def take_stock(config: Config, store: Store, vault: Vault, mailbox: Mailbox) -> Stock:
    """Return what lies where at this moment; nothing is changed, the daemon may run.

    The registry is asked first: what is moved meanwhile is then explained, and what arrives is too
    as long as it lies in the inbox.

    Raises:
        Unreachable: the server.
        LoginRefused: the server does not take the password.
    """
    places, named, left = store.places(), store.named_files(), store.left()
    alerts = store.mail_bodies() - named  # in the vault too, when the disk took them
    mailbox.open()
    return Stock(
        account=mailbox.account,
        go_live_at=config.settings.office.go_live_at,
        places=tuple(places),
        folders=tuple(_shown(config, mailbox)),
        named=frozenset(named),
        vault=frozenset(vault.names()) - alerts,
        left=tuple(left),
        copies=_copies(config, mailbox),
    )


def _shown(config: Config, mailbox: Mailbox) -> Iterator[Shown]:
    settings = config.settings.mailbox
    folders: tuple[tuple[Role, str], ...] = (
        ("inbox", settings.inbox), ("processed", settings.processed), ("held", settings.held),
    )  # fmt: skip
    for role, folder in folders:
        survey = mailbox.survey(folder)
        if survey is not None:
            listed = tuple(mailbox.describe(survey, survey.uids))
            yield Shown(role, folder, survey.uidvalidity, listed)


def _copies(config: Config, mailbox: Mailbox) -> tuple[Copy, ...] | None:
    place, _ = sent_place(config, mailbox)
    if place is None:
        return None
    try:
        return tuple(
            Copy(uid, key, header.rfc_message_id)
            for uid, header in our_headers(config, mailbox, place)
            if (key := key_of(header))
        )
    except CommandRefused:
        return None
