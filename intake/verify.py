"""`intake verify`: is the journal whole, does its copy agree, is every file there that is named?"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from config.model import Config
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.model import Message, MessageState, ReportRow
from registry.store import Store
from registry.vault import Vault, VaultDamaged


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written down: what it is about, what was found, what to do.

    ``code`` is ``journal``, ``copy``, ``registry-behind``, ``message-file`` or ``report-file``.
    """

    code: str
    about: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.about}: {self.found}. {self.remedy}"


def verify(
    config: Config, store: Store, vault: Vault, done: Callable[[], None] = lambda: None
) -> list[Fault]:
    """Return all that is wrong; ``done`` is called at each file. Nothing is changed."""
    return [
        *_journal(store),
        *_copy(store, vault.journal),
        *_message_files(config, store, vault, done),
        *_report_files(store, vault, done),
    ]


def files_to_check(store: Store) -> int:
    """Return how many files `verify` will read."""
    reports = chain.from_iterable(map(store.reports, store.reported_campaigns()))
    return len(store.messages()) + sum(1 + len(report.all_files) for report in reports)


def _journal(store: Store) -> Iterator[Fault]:
    broken = store.verify_journal()
    if broken is not None:
        yield Fault(
            "journal",
            "the journal",
            f"it was changed at or before event {broken}",
            "Compare with a backup, and with the copy in the vault, before trusting the registry",
        )


def _copy(store: Store, copy: JournalCopy) -> Iterator[Fault]:
    """The copy has the registry's events, in their order; it may lack the last ones."""
    about = f"the journal's copy {copy.where}"
    registry, lacking, last = store.journal_head().serial, 0, 0
    try:
        for serial, event in enumerate(copy.events(), start=1):
            if event.serial != serial:
                found = f"line {serial} is event {event.serial}: lines are missing or were moved"
                yield Fault("copy", about, found, _ASIDE)
                return
            known = store.event_hash(serial)
            if known and known != event.sha256:
                found = f"event {serial} is another one than the registry's"
                yield Fault("copy", about, found, _ASIDE)
                return
            lacking, last = lacking + (not known), serial
    except CopyDamaged as error:
        yield Fault("copy", f"the journal's copy {error.where}", error.found, _ASIDE)
        return
    if lacking:
        yield Fault(
            "registry-behind",
            "the registry",
            f"it ends at event {registry}, its copy in the vault at event {last}: events were cut "
            "off, or an older registry was put in its place",
            "Move the registry's file away and run `intake replay --in-place`",
        )


_ASIDE = (
    "Restore it from a backup; or stop the daemon, move the copy away (in a bucket all that is "
    "below journal/) and start it: it writes the copy anew"
)


def _message_files(
    config: Config, store: Store, vault: Vault, done: Callable[[], None]
) -> Iterator[Fault]:
    boxes = config.settings.mailbox
    back = f"from {boxes.processed!r} into {boxes.inbox!r}"
    ways: dict[MessageState, str] = {
        "held": f"from {boxes.held!r} into {boxes.inbox!r}",
        "kept": f"out of {boxes.inbox!r} and back into it",
    }
    for message in store.messages():
        found = _trouble(vault, message.sha256) if message.sha256 else ""
        done()
        if found:
            yield Fault(
                "message-file",
                _named(config, message),
                f"its file {message.sha256} is {found}",
                f"In the mailbox, move the message {ways.get(message.state, back)}: it is fetched "
                "again, and not answered again. Or restore the file from a backup",
            )


def _report_files(store: Store, vault: Vault, done: Callable[[], None]) -> Iterator[Fault]:
    for report in chain.from_iterable(map(store.reports, store.reported_campaigns())):
        for name, sha256 in _files_of(report):
            found = _trouble(vault, sha256)
            done()
            if found:
                yield Fault(
                    "report-file",
                    f"report {report.number} of {report.campaign}",
                    f"its file {name!r} ({sha256}) is {found}",
                    "Restore the file from a backup; or run `intake replay --out DIR`, which "
                    "builds it again, and copy what is in DIR/vault into the vault",
                )


def _files_of(report: ReportRow) -> list[tuple[str, str]]:
    files = [(one.name, one.sha256) for one in report.all_files]
    return [("its inputs", report.inputs_sha256), *files]


def _trouble(vault: Vault, sha256: str) -> str:
    try:
        vault.get(sha256)
    except KeyError:
        return "gone"
    except VaultDamaged:
        return "damaged"
    except OSError as error:
        return f"not readable ({error.strerror})"
    return ""


def _named(config: Config, message: Message) -> str:
    at: dt.datetime = message.received_at.astimezone(config.settings.office.zone)
    return f"message {message.id} (received {at:%d/%m/%Y %H:%M} from {message.sender or '?'})"
