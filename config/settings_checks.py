"""What must hold between the keys of settings.toml and between the lines of the roster."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from config.hosts import is_loopback
from config.model import Board, Campaign, Commune, Settings, Storage
from config.oauth_checks import check_oauth
from config.problem import Problem
from config.roster import Roster
from config.storage_checks import check_vault
from config.toml_file import TomlFile
from parsers.vietnamese import fold

_Entry = tuple[Commune, int]
_PERSON = "write the address of a person who looks at the mails, such as an officer's"
_DATABASES = ("sqlite", "postgresql+psycopg")
_LISTEN = re.compile(r".+:\d{1,5}")
_LAST_PORT = 65535
_PASSWORD_IN_URL = re.compile(r"^[^:/]+://[^@/]*:[^@]+@|[?&](?:ssl)?password=")


def check_settings(file: TomlFile, settings: Settings, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong between the keys of settings.toml; its paths start at ``folder``."""
    yield from _check_server(file, settings, "mailbox", folder)
    yield from _check_server(file, settings, "smtp", folder)
    yield from check_oauth(file, settings, folder)
    yield from _check_people(file, settings)
    yield from _check_folders(file, settings)
    yield from _check_limits(file, settings)
    yield from _check_lease(file, settings.storage.lease_seconds)
    yield from _check_database(file, settings.storage)
    yield from check_vault(file, settings.storage)
    if settings.hours.ends <= settings.hours.starts:
        yield file.problem(
            ("hours", "ends"),
            f"hours.ends {settings.hours.ends:%H:%M} is not after hours.starts",
            "there would be no office hour in which to send reminders",
            'write such as starts = "07:30" and ends = "17:00"',
        )
    yield from _check_clamd(file, settings.security.clamd)
    yield from _check_roots(file, settings.security.signature_roots, folder)
    yield from _check_board(file, settings.board)


def _check_board(file: TomlFile, board: Board) -> Iterator[Problem]:
    if board.listen and not (_LISTEN.fullmatch(board.listen) and _port(board.listen)):
        yield file.problem(
            ("board", "listen"),
            f'board.listen = "{board.listen}"',
            "it must be an address and a port",
            'write such as "127.0.0.1:8080", or "" to serve nothing',
        )
    elif board.address and not is_loopback(board.address[0]) and not _has_password(board):
        yield file.problem(
            ("board", "listen"),
            f'board.listen = "{board.listen}" without a password',
            "whoever reaches this machine could read the board",
            'add password_env = "…" or password_file = "…" to [board], or listen on 127.0.0.1',
        )
    if board.listen and not board.path:
        yield file.problem(
            ("board", "path"),
            "board.listen is set and board.path is empty",
            "there would be no page to serve",
            'write path = "data/board"',
        )
    if board.password_env and board.password_file:
        yield file.problem(
            ("board", "password_file"),
            "board has both password_env and password_file",
            "it would be unclear which of the two counts",
            "keep one",
        )
    if ":" in board.user:
        yield file.problem(
            ("board", "user"),
            f'board.user = "{board.user}"',
            "a browser cannot send a name with a colon (RFC 7617)",
            'write such as "canbo"',
        )


def _has_password(board: Board) -> bool:
    return bool(board.password_env or board.password_file)


def _port(listen: str) -> bool:
    return 0 < int(listen.rpartition(":")[2]) <= _LAST_PORT


def own_mailbox(settings: Settings) -> frozenset[str]:
    """Return the addresses, in small letters, of which all mail comes back to ourselves."""
    return frozenset({settings.office.address.lower(), settings.smtp.sender.lower()})


def is_own(file: TomlFile, where: tuple[str | int, ...], name: str, address: str) -> Problem:
    """Return what is wrong when one of our people has the office's own mailbox as his address."""
    return file.problem(
        where,
        f'{name} = "{address}" is our own mailbox',
        "what comes back there is filed as ours, and nobody sees it",
        _PERSON,
    )


def _check_people(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    ours = own_mailbox(settings)
    people = {"addresses": settings.officers.addresses, "admin": settings.officers.admin}
    for name, addresses in people.items():
        for at, address in enumerate(addresses):
            if address.lower() in ours:
                where = "officers", name, at
                yield is_own(file, where, f"officers.{name}[{at + 1}]", address)


def check_redirection(
    file: TomlFile, settings: Settings, communes: Sequence[Commune], campaigns: Sequence[Campaign]
) -> Iterator[Problem]:
    """Yield why the address of a trial must be another: it is nobody's who only gets real mail."""
    target = settings.smtp.redirect_all_to
    if not target:
        return
    whose = {found.lower(): one.title for one in communes for found in _boxes(one)}
    whose |= {found.lower(): one.report.recipient for one in campaigns for found in one.report.to}
    where, name = ("smtp", "redirect_all_to"), "smtp.redirect_all_to"
    if target.lower() in own_mailbox(settings):
        yield is_own(file, where, name, target)
    elif target.lower() in whose:
        what = f'{name} = "{target}" is an address of {whose[target.lower()]}'
        yield file.problem(where, what, "it would get the mails of all others", _PERSON)


def _check_clamd(file: TomlFile, address: str) -> Iterator[Problem]:
    host, _, port = address.rpartition(":")
    local = address.startswith("unix:/") or (port.isdecimal() and is_loopback(host))
    if address and not local:
        yield file.problem(
            ("security", "clamd"),
            f'security.clamd = "{address}"',
            "it must be a scanner on this machine, for every letter goes to it readable by anyone",
            'write such as "unix:/run/clamav/clamd.ctl" or "127.0.0.1:3310", or "" for none',
        )


def _check_roots(file: TomlFile, name: str, folder: Path) -> Iterator[Problem]:
    if not name:
        return
    path = folder / name
    text = path.read_text("utf-8", "replace") if path.is_file() else ""
    if "-----BEGIN CERTIFICATE-----" not in text:
        what = "holds no certificate" if path.is_file() else "is not there"
        yield file.problem(
            ("security", "signature_roots"),
            f"the file {name} of security.signature_roots {what}",
            "no digital signature could be traced to a known root",
            'write the path of a PEM file with the root certificates, or ""',
        )


def _check_limits(file: TomlFile, settings: Settings) -> Iterator[Problem]:
    if settings.limits.document_bytes > settings.limits.message_bytes:
        yield file.problem(
            ("limits", "document_bytes"),
            "limits.document_bytes is more than limits.message_bytes",
            "a file cannot be larger than the mail that brought it",
            "raise message_bytes or lower document_bytes",
        )
    if settings.limits.archive_bytes < settings.limits.document_bytes:
        yield file.problem(
            ("limits", "archive_bytes"),
            "limits.archive_bytes is less than limits.document_bytes",
            "the largest file that may be read would never come out of an archive",
            "raise archive_bytes or lower document_bytes",
        )
    if settings.limits.per_recipient_day < settings.limits.per_recipient_hour:
        yield file.problem(
            ("limits", "per_recipient_day"),
            "limits.per_recipient_day is less than limits.per_recipient_hour",
            "an hour's share cannot exceed the day's",
            "raise per_recipient_day or lower per_recipient_hour",
        )


#: Shorter, and a busy server or a slow network would end daemons; longer, and mail waits.
_LEASE_SECONDS = (5.0, 300.0)


def _check_lease(file: TomlFile, seconds: float) -> Iterator[Problem]:
    least, most = _LEASE_SECONDS
    if not least <= seconds <= most:
        yield file.problem(
            ("storage", "lease"),
            f"storage.lease is {seconds:g} seconds",
            f"it must be from {least:g} seconds to {most / 60:g} minutes",
            'write such as "20s": so long mail waits when a daemon is gone without a word',
        )


def _check_database(file: TomlFile, storage: Storage) -> Iterator[Problem]:
    # The address may hold a password, so it is never quoted.
    url = storage.database
    scheme, colon, _ = url.partition("://")
    if not colon or scheme not in _DATABASES:
        yield file.problem(
            ("storage", "database"),
            "storage.database is no address of a database that is known",
            f"it begins with one of: {', '.join(_DATABASES)}",
            'write such as "sqlite:///data/registry.db"',
        )
    elif _PASSWORD_IN_URL.search(url):
        yield file.problem(
            ("storage", "database"),
            "storage.database has a password in it",
            "secrets are never kept in TOML",
            'take it out, and add password_env = "…" or password_file = "…" to [storage]',
        )
    if storage.password_env and storage.password_file:
        yield file.problem(
            ("storage", "password_file"),
            "storage has both password_env and password_file",
            "it would be unclear which of the two counts",
            "keep one",
        )
    if (storage.password_env or storage.password_file) and scheme == "sqlite":
        yield file.problem(
            ("storage", "password_env" if storage.password_env else "password_file"),
            "storage has a password and its database is a file",
            "a file is protected by its rights, not by a password",
            "take the password out, or write the address of a server in database",
        )


def _check_server(file: TomlFile, settings: Settings, name: str, folder: Path) -> Iterator[Problem]:
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
    if server.ca_file and not (folder / server.ca_file).is_file():
        yield file.problem(
            (name, "ca_file"),
            f"the file {server.ca_file} of {name}.ca_file is not there",
            "the server's certificate could not be verified",
            'write the path of a PEM file, or "" for the roots that this machine trusts',
        )
    by_token = server.auth == "xoauth2" and settings.oauth.token_endpoint
    without = not server.password_env and not server.password_file and not by_token
    if server.user and without and not here:
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
    yield from _check_clashes(name, entries)
    yield from _check_bare_names(name, entries)
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


def _check_clashes(file: str, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Yield codes, addresses and names that two communes share at the same time."""
    for first, line, second, other, found in _shared(entries, lambda commune: {commune.code: ""}):
        yield Problem(
            file,
            other,
            f"the code {found} of {second.title} is that of {first.title} (line {line}) too",
            "a code means one commune at a time",
            "correct the code, or end the older one with valid_to",
        )
    for first, line, second, other, found in _shared(entries, _boxes):
        yield Problem(
            file,
            other,
            f"{_boxes(second)[found]} of {second.title} belongs to {first.title} (line {line}) too",
            "mail from it could not be told apart",
            "give the address to one of the two and leave the other's empty if it has none",
        )
    for first, line, second, other, found in _shared(entries, _spellings):
        yield Problem(
            file,
            other,
            f'"{_spellings(second)[found]}" of {second.title} is also {first.title} (line {line})',
            "without diacritics and case the two names are the same",
            "take the alias out, or correct the name",
        )


def _check_bare_names(file: str, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Yield aliases that are a name without its class word: xã, thị trấn or huyện?"""
    names = {fold(commune.name) for commune, _ in entries}
    for commune, line in entries:
        for alias in commune.aliases:
            if fold(alias) in names:
                yield Problem(
                    file,
                    line,
                    f'the alias "{alias}" of {commune.title} is a name without its class word',
                    "letters that name the district or another unit would be taken for its own",
                    "write such as TT Cao Lộc, or leave the alias out",
                )


def _shared(
    entries: Sequence[_Entry], marks: Callable[[Commune], Mapping[str, str]]
) -> Iterator[tuple[Commune, int, Commune, int, str]]:
    """Yield each pair with a mark in common that exists on a common day."""
    owners: dict[str, list[_Entry]] = {}
    for commune, line in entries:
        for mark in marks(commune):
            for first, earlier in owners.get(mark, []):
                if first.valid_on(commune.valid_from) or commune.valid_on(first.valid_from):
                    yield first, earlier, commune, line, mark
            owners.setdefault(mark, []).append((commune, line))


def _boxes(commune: Commune) -> Mapping[str, str]:
    return {found.lower(): found for found in (*commune.emails, *commune.chair_emails)}


def _spellings(commune: Commune) -> Mapping[str, str]:
    """Return folded spelling → spelling; never the bare name, which xã and thị trấn may share."""
    return {fold(spelling): spelling for spelling in (commune.title, *commune.aliases)}
