"""A login to the office's IMAP account: TLS, password or token, folders, and what can go wrong.

imap-tools brings folder names, logins and error types; the rest of it is not used (see mailbox).
"""

import contextlib
import datetime as dt
import imaplib
import re
import ssl
import unicodedata
from collections.abc import Callable, Iterator

import structlog
from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderCreateError,
    MailboxLoginError,
    UnexpectedCommandStatusError,
)
from imap_tools.folder import FolderInfo, MailBoxFolderManager
from imap_tools.imap_utf7 import utf7_decode
from imap_tools.mailbox import BaseMailBox
from imap_tools.utils import encode_folder

from config.hosts import is_loopback
from config.model import Mailbox as Settings
from intake.imap_client import Client
from notifier.oauth import TokenAway, TokenRefused, Tokens

#: Response codes of a refused login that will pass by themselves (RFC 5530).
_PASSING_CODES = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA")

_log = structlog.get_logger()


class Unreachable(Exception):  # noqa: N818  named for what happened; reads well in `except`
    """The server cannot be used now: try again later, after `Mailbox.close`."""


class Untrusted(Unreachable):
    """Its certificate does not stand up, or it offers no TLS although the config demands it."""


class CommandRefused(Unreachable):
    """The server said NO to one command; the connection is still good."""


class LoginRefused(Exception):  # noqa: N818  named for what happened
    """User name, password or token are wrong: a person must act, hammering would lock the box."""


class _Box(BaseMailBox):
    """imap-tools on our own client; only its folder and login code is used."""

    def __init__(self, client: Client) -> None:
        self._ready = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._ready


class Connection:
    """One login to one account, its folders made and selected.

    Methods raise `Unreachable` or `LoginRefused`; after `Unreachable` the connection is closed,
    except after `CommandRefused`.
    """

    def __init__(self, settings: Settings, secret: str | Callable[[], str]) -> None:
        self._settings = settings
        self._secret = secret
        self._box: _Box | None = None
        self._client: Client | None = None
        self._capabilities: frozenset[str] = frozenset()
        self._selected = ""
        self._namespace = ("", "/")
        self._ready_folders: set[str] = set()
        self._sizes: dict[int, int] = {}  # announced, of the inbox as it was last listed
        self._uidvalidity = 0
        self._selected_uidvalidity = 0
        self._certificate_ends_at: dt.datetime | None = None

    # --- connection ---

    @property
    def account(self) -> str:
        """Who and where this mailbox is; part of every slot's identity."""
        return f"{self._settings.user}@{self._settings.host}"

    @property
    def uidvalidity(self) -> int:
        """UIDVALIDITY of the inbox as of its last SELECT."""
        return self._uidvalidity

    @property
    def certificate_ends_at(self) -> dt.datetime | None:
        """The end of the server's certificate as of the last connection; None without TLS."""
        return self._certificate_ends_at

    @property
    def can_idle(self) -> bool:
        """Whether `idle` can wait; without it, poll."""
        return "IDLE" in self._capabilities

    def capabilities(self) -> tuple[str, ...]:
        """What the server can do after the login (before it, it tells only half)."""
        return tuple(sorted(self._capabilities))

    def open(self) -> None:
        """Connect, log in, and select the inbox. Does nothing when the connection is open."""
        if self._client is not None:
            return
        with self._guard():
            secret = self._obtain()  # first: a connection does not wait for a slow token endpoint
            client = self._client = self._connect()
            self._certificate_ends_at = client.certificate_ends_at()
            self._box = _Box(client)
            client.allow(self._settings.command_seconds)
            self._log_in_again(self._box, client, secret)
            self._capabilities = frozenset(client.read_capabilities())
            self._namespace = self._read_namespace(client)
            self._select(self._settings.inbox)

    def close(self) -> None:
        """Log out if possible, and forget the connection. Never raises."""
        client = self._client
        self._drop(hard=False)
        if client is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError, ValueError, LookupError):
                client.allow(5)
                client.logout()
            client.shutdown()

    def _drop(self, *, hard: bool = True) -> None:
        if hard and self._client is not None:
            self._client.shutdown()
        self._client = self._box = None
        self._selected = ""
        self._ready_folders.clear()
        self._sizes.clear()

    def _connect(self) -> Client:
        settings = self._settings
        if settings.security == "none" and not is_loopback(settings.host):
            raise LoginRefused(
                f'security = "none" is for loopback only: {settings.host} would get the password'
                ' in the clear; write security = "tls" or "starttls"'
            )
        if settings.security == "tls":
            return Client(settings.host, settings.port, settings.timeout_seconds, self._tls())
        client = Client(settings.host, settings.port, settings.timeout_seconds)
        if settings.security == "starttls":
            if "STARTTLS" not in client.capabilities:
                client.shutdown()
                raise Untrusted(
                    f"{settings.host}:{settings.port} offers no STARTTLS: not logging in without"
                    ' TLS; ask for the TLS port (993) and write security = "tls"'
                )
            try:
                client.starttls(self._tls())
            except BaseException:
                client.shutdown()
                raise
        return client

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)

    def _obtain(self) -> str:
        """Return the password, or a token that is good now."""
        try:
            return self._secret() if callable(self._secret) else self._secret
        except TokenAway as error:
            raise Unreachable(f"no token can be had now: {error}") from error
        except TokenRefused as error:
            raise LoginRefused(str(error)) from error

    def _log_in_again(self, box: _Box, client: Client, secret: str) -> None:
        """Log in; with a token that is no longer good, once more with a new one."""
        try:
            self._log_in(box, client, secret)
        except LoginRefused:
            if not isinstance(self._secret, Tokens) or not self._secret.refused(secret):
                raise
            self._log_in(box, client, self._obtain())
        except imaplib.IMAP4.abort:
            if isinstance(self._secret, Tokens):  # some servers hang up on a bad token
                self._secret.refused(secret)
            raise

    def _log_in(self, box: _Box, client: Client, secret: str) -> None:
        user = self._settings.user
        if any(char in "\r\n\0" for char in user + secret):
            raise LoginRefused("user name or password contains a line break")
        try:
            if self._settings.auth == "xoauth2":
                _xoauth2(client, user, secret)
            elif "LOGINDISABLED" in client.capabilities:
                raise LoginRefused("the server takes no password on this connection; use TLS")
            elif (user + secret).isascii():
                box.login(user, secret, initial_folder=None)
            else:
                box.login_utf8(user, secret, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except (MailboxLoginError, imaplib.IMAP4.error) as error:
            if any(client.code(code) is not None for code in _PASSING_CODES):
                raise Unreachable(f"the server cannot log in now: {error}") from error
            raise LoginRefused(f"{self.account} was not let in: {_said(error)}") from error

    def _read_namespace(self, client: Client) -> tuple[str, str]:
        """Return (prefix, delimiter) of personal folders, by RFC 2342 or else by LIST."""
        if "NAMESPACE" in self._capabilities:
            status, data = client.namespace()
            found = _namespace(data[-1]) if status == "OK" and data else None
            if found is not None:
                return found
        infos: list[FolderInfo] = self._folders().list("", "")
        return "", (infos[0].delim if infos and len(infos[0].delim) == 1 else "/")

    @contextlib.contextmanager
    def _guard(self, seconds: float | None = None) -> Iterator[None]:
        """Bound a command in time, and turn whatever goes wrong into our few exceptions."""
        if self._client is not None:
            self._client.allow(seconds or self._settings.command_seconds)
        try:
            yield
        except (LoginRefused, Unreachable) as error:
            if not isinstance(error, CommandRefused):
                self._drop()
            raise
        except UnexpectedCommandStatusError as error:
            raise CommandRefused(f"the server refused a command: {error}") from error
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise Untrusted(
                f"the certificate of {self._settings.host} was not accepted:"
                f" {error.verify_message}; not logging in"
            ) from error
        except (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError, LookupError) as error:
            self._drop()
            what = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            raise Unreachable(f"{self._settings.host}:{self._settings.port}: {what}") from error

    def _live(self) -> Client:
        if self._client is None:
            raise Unreachable("not connected")
        return self._client

    # --- folders ---

    def _folders(self) -> MailBoxFolderManager:
        if self._box is None:
            raise Unreachable("not connected")
        return self._box.folder

    def _server_name(self, folder: str) -> str:
        """Write a configured name (levels joined by ``/``) the way this server names folders."""
        prefix, delimiter = self._namespace
        if folder.upper() == "INBOX":
            return "INBOX"
        levels = unicodedata.normalize("NFC", folder).split("/")
        name = delimiter.join(level.strip() for level in levels if level.strip())
        return name if not prefix or name.startswith(prefix) else prefix + name

    def _select(self, folder: str, *, readonly: bool = False) -> None:
        """SELECT, and read its UIDVALIDITY anew."""
        client = self._live()
        self._selected = ""
        self._folders().set(self._server_name(folder), readonly=readonly)
        client.is_readonly = readonly
        value = client.code("UIDVALIDITY")
        self._selected_uidvalidity = int(value) if value and value.isdigit() else 0
        if folder == self._settings.inbox:
            if value is None or not value.isdigit():
                raise imaplib.IMAP4.abort("the server names no UIDVALIDITY")
            if int(value) != self._uidvalidity:
                self._sizes.clear()
            self._uidvalidity = int(value)
        self._selected = folder

    def _select_again(self, folder: str, uidvalidity: int | None) -> bool:
        """Select if need be; False when the folder is no longer the one that was listed."""
        if self._selected != folder:
            self._select(folder)
        return uidvalidity is None or self._selected_uidvalidity in {0, uidvalidity}

    def _make(self, folder: str) -> None:
        """Create a folder that is missing, with the levels above it."""
        if folder in self._ready_folders:
            return
        name = self._server_name(folder)
        folders = self._folders()
        if not any(info.name == name for info in folders.list("", name)):
            with contextlib.suppress(MailboxFolderCreateError):  # another session was faster
                folders.create(name)
                _log.info("folder_created", folder=folder)
            with contextlib.suppress(UnexpectedCommandStatusError):  # only so that webmail shows it
                folders.subscribe(name, value=True)
        self._ready_folders.add(folder)


def _said(error: Exception) -> str:
    """Return the server's own words: imap-tools wraps them in its own."""
    result = getattr(error, "command_result", None)
    data = result[1] if result else error.args
    words = data[0] if data else ""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return text.strip() or str(error)


def _xoauth2(client: Client, user: str, token: str) -> None:
    """AUTHENTICATE XOAUTH2; a refusal comes as a challenge that wants an empty answer."""
    answers = iter([f"user={user}\1auth=Bearer {token}\1\1".encode()])
    client.authenticate("XOAUTH2", lambda _challenge: next(answers, b""))


def _namespace(data: object) -> tuple[str, str] | None:
    """Read the first personal namespace of RFC 2342: ``(("INBOX." ".")) NIL NIL``."""
    text = data.decode("ascii", "replace") if isinstance(data, bytes) else ""
    match = re.match(r'\(\("([^"]*)" (?:"(\\?.)"|NIL)', text)
    if match is None:
        return None
    return utf7_decode(match[1].encode()), (match[2] or "/")[-1]


def quoted(name: str) -> str:
    """Write a folder name as a quoted string in modified UTF-7."""
    return encode_folder(name).decode("ascii")
