"""What must hold between the keys of settings.toml and between the lines of the roster."""

import ipaddress
import itertools
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from config.model import Commune, Settings
from config.problem import Problem
from config.roster import Roster
from config.toml_file import TomlFile
from parsers.vietnamese import fold


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_settings(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    """Yield what is wrong between the keys of settings.toml."""
    yield from _check_server(file, settings, "mailbox")
    yield from _check_server(file, settings, "smtp")
    yield from _check_folders(file, settings)
    if settings.hours.ends <= settings.hours.starts:
        yield file.problem(
            ("hours", "ends"),
            f"hours.ends {settings.hours.ends:%H:%M} is not after hours.starts",
            "there would be no office hour in which to send reminders",
            'write such as starts = "07:30" and ends = "17:00"',
        )
    if settings.limits.document_bytes > settings.limits.message_bytes:
        yield file.problem(
            ("limits", "document_bytes"),
            "limits.document_bytes is more than limits.message_bytes",
            "a file cannot be larger than the mail that brought it",
            "raise message_bytes or lower document_bytes",
        )
    if settings.limits.per_recipient_day < settings.limits.per_recipient_hour:
        yield file.problem(
            ("limits", "per_recipient_day"),
            "limits.per_recipient_day is less than limits.per_recipient_hour",
            "an hour's share cannot exceed the day's",
            "raise per_recipient_day or lower per_recipient_hour",
        )
    if urlsplit(settings.storage.database).password:
        yield file.problem(
            ("storage", "database"),
            "storage.database has a password in it",
            "secrets are never kept in TOML",
            "take it out and put it in ~/.pgpass of the daemon's user",
        )
    if settings.security.require == "dmarc" and not settings.security.trusted_authserv_ids:
        yield file.problem(
            ("security", "require"),
            'security.require = "dmarc" without trusted_authserv_ids',
            "no result would be believed and every mail held",
            "name your own server in trusted_authserv_ids as its Authentication-Results do",
        )


def _check_server(file: TomlFile, settings: Settings, name: str) -> Iterator[Problem]:
    server = settings.mailbox if name == "mailbox" else settings.smtp
    here = is_loopback(server.host)
    if server.security == "none" and not here:
        yield file.problem(
            (name, "security"),
            f'{name}.security = "none" with the host {server.host}',
            "the password and every letter would cross the network readable by anyone",
            'write "tls" or "starttls"; "none" is for 127.0.0.1 only',
        )
    if server.password_env and server.password_file:
        yield file.problem(
            (name, "password_file"),
            f"{name} has both password_env and password_file",
            "it would be unclear which of the two counts",
            "keep one",
        )
    if server.user and not server.password_env and not server.password_file and not here:
        yield file.problem(
            (name,),
            f"{name} has a user and no password",
            "the server would refuse the login",
            'add password_env = "…" with the name of an environment variable, or password_file',
        )


def _check_folders(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    box = settings.mailbox
    names = {"inbox": box.inbox, "processed": box.processed, "held": box.held}
    for (key, name), (other_key, other) in itertools.combinations(names.items(), 2):
        if name.casefold() == other.casefold():
            yield file.problem(
                ("mailbox", other_key),
                f'mailbox.{key} and mailbox.{other_key} are both "{name}"',
                "mail that was dealt with could not be told from new mail",
                "give each its own folder",
            )


def check_roster(name: str, roster: Roster, settings: Settings | None) -> Iterator[Problem]:
    """Yield what is wrong between the lines of the roster, and between it and the settings."""
    entries = list(zip(roster.communes, roster.lines, strict=True))
    for (first, line), (second, other) in itertools.combinations(entries, 2):
        if _overlap(first, second):
            yield from _check_pair(name, first, line, second, other)
    if settings is None:
        return
    ours = {settings.office.address.lower(): "the office's own address"}
    ours |= {found.lower(): "an officer's address" for found in settings.officers.addresses}
    for commune, line in entries:
        for found in (*commune.emails, *commune.chair_emails):
            if found.lower() in ours:
                yield Problem(
                    name,
                    line,
                    f"{found} of {commune.title} is {ours[found.lower()]}",
                    "it would be unclear for whom its mail speaks",
                    "take it off this line or out of settings.toml",
                )


def _overlap(first: Commune, second: Commune) -> bool:
    return first.valid_on(second.valid_from) or second.valid_on(first.valid_from)


def _check_pair(
    file: str, first: Commune, line: int, second: Commune, other: int
) -> Iterator[Problem]:
    if first.code == second.code:
        yield Problem(
            file,
            other,
            f"the code {second.code} stands on line {line} too, for the same time",
            "a code means one commune at a time",
            "correct the code, or end the older one with valid_to",
        )
    for found in sorted(_boxes(first).keys() & _boxes(second).keys()):
        yield Problem(
            file,
            other,
            f"{_boxes(second)[found]} of {second.title} belongs to {first.title} (line {line}) too",
            "mail from it could not be told apart",
            "give the address to one of the two and leave the other's empty if it has none",
        )
    for found in sorted(_spellings(first).keys() & _spellings(second).keys()):
        yield Problem(
            file,
            other,
            f'"{_spellings(second)[found]}" of {second.title} is also {first.title} (line {line})',
            "without diacritics and case the two names are the same",
            "take the alias out, or correct the name",
        )


def _boxes(commune: Commune) -> Mapping[str, str]:
    return {found.lower(): found for found in (*commune.emails, *commune.chair_emails)}


def _spellings(commune: Commune) -> Mapping[str, str]:
    """Return folded spelling → spelling; never the bare name, which xã and thị trấn may share."""
    return {fold(spelling): spelling for spelling in (commune.title, *commune.aliases)}
