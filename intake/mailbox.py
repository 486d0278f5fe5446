"""The office's IMAP account: the only place that knows imap-tools, behind a shim for its traps.

imap-tools 1.16 brings folder names, logins and error types; what it would do to other people's
mail it is not asked to do: it runs a plain EXPUNGE after flags and moves, drops later chunks when
one has vanished, gives flags and bodies of one message to another, trusts any certificate, waits
without end, and loses mail that arrives while IDLE begins. Here bodies are fetched raw and keyed by
UID, and nothing but UID EXPUNGE of our own UID ever removes a message.
"""

import contextlib
import datetime as dt
import imaplib
import ipaddress
import re
import ssl
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

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

from config.model import Mailbox as Settings
from intake.imap_client import (
    ANSWER_BYTES,
    Client,
    number,
    parse_fetch,
    parse_internaldate,
    uid_set,
)

_LIST_CHUNK = 500  # UIDs whose size and date are asked for at once
_BATCH_BYTES = 8_000_000  # bodies held in memory at once, unless one message alone is larger
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A message that the server shows: its UID, RFC822.SIZE and INTERNALDATE (aware, UTC)."""

    uid: int
    size_bytes: int
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """The whole raw message of one UID, as the server holds it."""

    uid: int
    raw: bytes


class _Box(BaseMailBox):
    """imap-tools on our own client; only its folder and login code is used."""

    def __init__(self, client: Client) -> None:
        self._ready = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._ready


class Mailbox:
    """One account and one connection; not for use by two threads.

    Every method but `close` raises `Unreachable` (drop the tick, come back later) or, while
    logging in, `LoginRefused`. After `Unreachable` the connection is closed, except after
    `CommandRefused`. ``secret`` is the password or the OAuth token, or a function that gets it at
    each `open`.
    """

    def __init__(
        self, settings: Settings, secret: str | Callable[[], str], *, batch: int = 50
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._batch = batch
        self._box: _Box | None = None
        self._client: Client | None = None
        self._capabilities: frozenset[str] = frozenset()
        self._selected = ""
        self._namespace = ("", "/")
        self._ready_folders: set[str] = set()
        self._sizes: dict[int, int] = {}
        self._suspects: dict[tuple[int, int], int] = {}
        self._uidvalidity = 0

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
            client = self._client = self._connect()
            self._box = _Box(client)
            client.allow(self._settings.command_seconds)
            self._log_in(self._box, client)
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
        if settings.security == "none" and not _is_loopback(settings.host):
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

    def _log_in(self, box: _Box, client: Client) -> None:
        secret = self._secret() if callable(self._secret) else self._secret
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
            raise LoginRefused(f"{self.account} was not let in: {error}") from error

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
            raise Unreachable(f"{type(error).__name__}: {error}") from error

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
        """SELECT, and read UIDVALIDITY of the inbox anew."""
        client = self._live()
        self._selected = ""
        self._folders().set(self._server_name(folder), readonly=readonly)
        client.is_readonly = readonly
        value = client.code("UIDVALIDITY")
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
        if folder != self._settings.inbox or uidvalidity is None:
            return True
        return self._uidvalidity == uidvalidity

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

    # --- reading ---

    def listed(self, known: set[int], limit: int | None = None) -> list[Listed]:
        """Return the inbox's messages that are not in ``known``, ascending by UID.

        With ``limit`` only the first so many of them are asked for (a full inbox at the start).

        Selects the inbox again, so `uidvalidity` is read first: compare it before trusting
        ``known``. Flags play no part: what a human read or marked is listed all the same. A
        message without a usable size or INTERNALDATE is left out with an event, and asked for
        again at the next call.
        """
        with self._guard():
            client = self._live()
            self._select(self._settings.inbox)
            client.forget_news()
            uids = [uid for uid in self._search("ALL") if uid not in known][:limit]
            found = []
            for start in range(0, len(uids), _LIST_CHUNK):
                found += self._describe(uids[start : start + _LIST_CHUNK])
            return found

    def _search(self, *criteria: str) -> list[int]:
        client = self._live()
        client.untagged_responses.pop("SEARCH", None)
        status, data = client.uid("SEARCH", *criteria)
        if status != "OK":
            raise CommandRefused(f"SEARCH was refused: {data!r}")
        words = b" ".join(piece for piece in data if isinstance(piece, bytes)).split()
        return sorted({int(word) for word in words if word.isdigit()})

    def _describe(self, uids: Sequence[int]) -> list[Listed]:
        self._live().allow(self._settings.command_seconds)
        found = []
        for uid, attributes in self._attributes(uids, "(UID RFC822.SIZE INTERNALDATE)"):
            size = number(attributes, b"RFC822.SIZE")
            at = parse_internaldate(attributes.get(b"INTERNALDATE", b""))
            if size is None or at is None:
                if attributes.keys() & {b"RFC822.SIZE", b"INTERNALDATE"}:
                    _log.warning("slot_unlisted", uid=uid, size=size, internaldate=bool(at))
                continue
            self._sizes[uid] = size
            found.append(Listed(uid, size, at))
        return sorted(found, key=lambda each: each.uid)

    def _attributes(
        self, uids: Sequence[int], items: str, answer_bytes: int = ANSWER_BYTES
    ) -> list[tuple[int, dict[bytes, bytes]]]:
        """UID FETCH; answers for other UIDs, and unsolicited ones, are not passed on."""
        client = self._live()
        client.allow(self._settings.command_seconds, answer_bytes)
        client.untagged_responses.pop("FETCH", None)
        status, data = client.uid("FETCH", uid_set(uids), items)
        if status != "OK":
            raise CommandRefused(f"FETCH was refused: {data!r}")
        wanted = set(uids)
        pairs = []
        for attributes in parse_fetch(data):
            uid = number(attributes, b"UID")
            if uid in wanted:
                pairs.append((uid, attributes))
        return pairs

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Yield whole raw messages of the inbox (BODY.PEEK[]); flags are not touched.

        Batches are bounded by count and bytes, so memory stays flat however long ``uids`` is. A
        UID that is not yielded has vanished, or its body could not be had now: list again. After a
        failed batch its UIDs are fetched one by one and last, so that one message which breaks
        the server does not keep the others away.
        """
        uidvalidity = self._uidvalidity
        for batch in self._batches(uids):
            try:
                bodies = self._bodies(batch, uidvalidity)
            except CommandRefused:
                self._suspect(batch)
                if len(batch) > 1:
                    yield from self.fetch(batch)
                else:
                    _log.warning("body_refused", uid=batch[0], uidvalidity=uidvalidity)
                continue
            except Unreachable:
                self._suspect(batch)
                raise
            yield from bodies

    def _suspect(self, batch: Sequence[int]) -> None:
        for uid in batch:
            slot = (self._uidvalidity, uid)
            self._suspects[slot] = self._suspects.get(slot, 0) + 1

    def _batches(self, uids: Sequence[int]) -> Iterator[list[int]]:
        """Split by count and announced bytes; suspects alone and last, least suspected first."""
        doubts = {uid: self._suspects.get((self._uidvalidity, uid), 0) for uid in uids}
        batch: list[int] = []
        size = 0
        for uid in (uid for uid in uids if not doubts[uid]):
            # An unknown size counts as a full batch: the message travels alone.
            step = self._sizes.get(uid, _BATCH_BYTES)
            if batch and (len(batch) >= self._batch or size + step > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(uid)
            size += step
        if batch:
            yield batch
        for uid in sorted((uid for uid in uids if doubts[uid]), key=lambda uid: doubts[uid]):
            yield [uid]

    def _bodies(self, batch: Sequence[int], uidvalidity: int) -> list[Fetched]:
        with self._guard():
            if not self._select_again(self._settings.inbox, uidvalidity):
                raise imaplib.IMAP4.abort("UIDVALIDITY changed between listing and fetching")
            if any(uid not in self._sizes for uid in batch):
                self._describe([uid for uid in batch if uid not in self._sizes])
            announced = sum(self._sizes.get(uid, 0) for uid in batch)
            # RFC822.SIZE is an estimate on some servers; four gigabytes for forty bytes are a lie.
            answer = self._attributes(batch, "(UID BODY.PEEK[])", 2 * announced + ANSWER_BYTES)
            bodies = {uid: found[b"BODY[]"] for uid, found in answer if found.get(b"BODY[]")}
            for uid in batch:
                if uid not in bodies:
                    _log.info("slot_vanished", uid=uid, uidvalidity=uidvalidity)
            return [Fetched(uid, bodies[uid]) for uid in batch if uid in bodies]

    def header(self, uid: int) -> bytes:
        """Return the header block of one inbox message (PEEK); empty when it has vanished."""
        with self._guard():
            self._select_again(self._settings.inbox, None)
            for _, attributes in self._attributes([uid], "(UID BODY.PEEK[HEADER])"):
                if attributes.get(b"BODY[HEADER]"):
                    return attributes[b"BODY[HEADER]"]
            return b""

    # --- filing ---

    def move(
        self, folder_from: str, uid: int, folder_to: str, uidvalidity: int | None = None
    ) -> int | None:
        """Move one message, creating the folder; return its new UID if the server tells (COPYUID).

        None also when the message is no longer there, or when the inbox no longer has the
        ``uidvalidity`` under which ``uid`` was listed (nothing is moved then). Without MOVE:
        COPY, then the Deleted flag and UID EXPUNGE of this one UID. Without UIDPLUS too: the
        original stays, flagged Deleted, because a plain EXPUNGE would remove what others have
        flagged.
        """
        with self._guard():
            if not self._select_again(folder_from, uidvalidity):
                _log.warning("slot_outdated", folder=folder_from, uid=uid)
                return None
            self._make(folder_to)
            try:
                return self._move(uid, folder_to)
            except CommandRefused:
                # The folder may have been deleted since we looked: look once more.
                self._ready_folders.discard(folder_to)
                self._make(folder_to)
                return self._move(uid, folder_to)

    def _move(self, uid: int, folder_to: str) -> int | None:
        client = self._live()
        client.allow(self._settings.command_seconds)
        client.code("COPYUID")
        target = _quoted(self._server_name(folder_to))
        if "MOVE" in self._capabilities:
            self._uid_command("MOVE", uid, target)
            return _copied_uid(client.code("COPYUID"))
        self._uid_command("COPY", uid, target)
        new_uid = _copied_uid(client.code("COPYUID"))
        self._uid_command("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._capabilities:
            self._uid_command("EXPUNGE", uid)
        else:
            _log.warning("original_left", uid=uid, reason="the server has neither MOVE nor UIDPLUS")
        return new_uid

    def _uid_command(self, command: str, uid: int, *arguments: str) -> None:
        status, data = self._live().uid(command, str(uid), *arguments)
        if status != "OK":
            raise CommandRefused(f"UID {command} was refused: {data!r}")

    def append(self, folder: str, raw: bytes, at: dt.datetime) -> int | None:
        """Put a message into a folder as read, dated ``at``; return its UID if told (APPENDUID)."""
        with self._guard():
            self._make(folder)
            client = self._live()
            client.code("APPENDUID")
            target = _quoted(self._server_name(folder))
            status, data = client.append(target, r"(\Seen)", at, raw)
            if status != "OK":
                self._ready_folders.discard(folder)
                raise CommandRefused(f"APPEND was refused: {data!r}")
            words = (client.code("APPENDUID") or "").split()
            return int(words[1]) if len(words) == 2 and words[1].isdigit() else None  # noqa: PLR2004  RFC 4315

    def holds(self, folder: str, rfc_message_id: str) -> bool:
        """Whether a folder already has a message with this Message-ID (asked before `append`)."""
        with self._guard():
            self._make(folder)
            self._select(folder, readonly=True)
            clean = "".join(char for char in rfc_message_id if " " < char <= "~")
            quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
            return bool(self._search("HEADER", "Message-ID", f'"{quoted}"'))

    # --- waiting ---

    def idle(self, seconds: float, wake: int | None = None) -> bool:
        """Wait until the server hints at something new, at most ``seconds``.

        False at once when it has no IDLE. Only a hint: call `listed` afterwards whatever it
        returns. ``wake`` is a file descriptor that ends the wait when it becomes readable (a
        signal's). Keep ``seconds`` below 29 minutes.
        """
        if not self.can_idle:
            return False
        with self._guard():
            client = self._live()
            if self._selected != self._settings.inbox:
                self._select(self._settings.inbox)
                return True  # what came while another folder was selected was not announced
            return client.news() or client.idle(seconds, self._settings.timeout_seconds, wake)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _xoauth2(client: Client, user: str, token: str) -> None:
    """AUTHENTICATE XOAUTH2; a refusal comes as a challenge that wants an empty answer."""
    answers = iter([f"user={user}\1auth=Bearer {token}\1\1".encode()])
    client.authenticate("XOAUTH2", lambda _challenge: next(answers, b""))


def _quoted(name: str) -> str:
    """Write a folder name as a quoted string in modified UTF-7."""
    return encode_folder(name).decode("ascii")


def _copied_uid(code: str | None) -> int | None:
    """Return the new UID out of ``COPYUID uidvalidity old new`` (RFC 4315) for one message."""
    words = (code or "").split()
    return int(words[2]) if len(words) == 3 and words[2].isdigit() else None  # noqa: PLR2004  RFC 4315


def _namespace(data: object) -> tuple[str, str] | None:
    """Read the first personal namespace of RFC 2342: ``(("INBOX." ".")) NIL NIL``."""
    text = data.decode("ascii", "replace") if isinstance(data, bytes) else ""
    match = re.match(r'\(\("([^"]*)" (?:"(\\?.)"|NIL)', text)
    if match is None:
        return None
    return utf7_decode(match[1].encode()), (match[2] or "/")[-1]
