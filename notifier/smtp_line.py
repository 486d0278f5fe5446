"""One SMTP connection: one mail to one recipient at a time, and what became of it.

Only this module knows aiosmtplib. It drives MAIL, RCPT and DATA itself, because the outcome hangs
on *where* a dialogue broke: before the final dot nothing was accepted, after it nobody knows.
"""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import Awaitable, Callable

import aiosmtplib
from aiosmtplib.protocol import normalize_message_line_endings

from config.hosts import is_loopback
from config.model import Smtp
from notifier.delivery import AuthFailed, Delivery, Later, Letter, Never, Sent, Unknown
from notifier.oauth import TokenAway, TokenRefused, Tokens
from notifier.replies import connection_trouble, judge, positive, said, unsendable, words

_BROKEN = (aiosmtplib.SMTPException, OSError)
_SERVICE_CLOSING = 421
_START_INPUT = 354
_TOO_LARGE = 552
_QUIT_SECONDS = 5.0
_FLUSH_POLL_SECONDS = 0.005


class NotHanded(Exception):  # noqa: N818  no fault of the dialogue
    """The content must not leave: whoever was asked before it said so."""


class Line:
    """One connection to the server of an SMTP account, reused from mail to mail.

    ``secret`` is the password, or whoever gives access tokens for ``auth = "xoauth2"``: it is
    asked at every login. A connection idle for ``probe_after_seconds`` is asked with NOOP before it
    is used again, one idle for ``max_idle_seconds`` is replaced.
    """

    def __init__(
        self,
        settings: Smtp,
        secret: str | Callable[[], str],
        probe_after_seconds: float,
        max_idle_seconds: float,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._probe_after_seconds = probe_after_seconds
        self._max_idle_seconds = max_idle_seconds
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0
        #: The end of the server's certificate as of the last connection; None without TLS.
        self.certificate_ends_at: dt.datetime | None = None

    # --- one transaction ---------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._client is not None and self._client.is_connected

    async def bring(self, letter: Letter, may_leave: Callable[[], Awaitable[bool]]) -> Delivery:
        """Hand one mail to the server, for one recipient in one transaction.

        ``may_leave`` is awaited after the server said "go on" and before the first byte of
        content: a caller that dies later knows that the outcome is unknown. What it raises passes
        through. Never raises for anything that server or network do.

        Raises:
            NotHanded: ``may_leave`` said no.
        """
        recipient, raw = letter.recipient, letter.raw
        message = normalize_message_line_endings(raw)
        refused = unsendable(recipient, self._settings.sender)
        refused = refused or await self._say_mail(message)
        refused = refused or await self._say_rcpt_and_data(recipient)
        if refused is not None:
            return refused
        try:
            if not await may_leave():
                raise NotHanded  # noqa: TRY301  dropped as what it raises is
        except BaseException:
            self.drop()
            raise
        outcome = await self._content(message)
        self._used_at = self._now()
        return outcome

    async def _say_mail(self, message: bytes) -> Delivery | None:
        """Connect if needed and say MAIL. A connection that died while idle is replaced once."""
        while True:
            reused = await self._reusable()
            if not reused:
                trouble = await self._connect()
                if trouble is not None:
                    return trouble
            options = self._mail_options(message)
            if isinstance(options, Never):
                return options
            try:
                reply = await self._command(f"MAIL FROM:<{self._settings.sender}>{options}")
            except _BROKEN as error:
                self.drop()
                if reused:
                    continue
                return Later(f"MAIL: {words(error)}")
            if reply.code == _SERVICE_CLOSING and reused:
                self.drop()
                continue
            return await self._judge_mail(reply)

    def _mail_options(self, message: bytes) -> str | Never:
        """Return the ESMTP parameters of MAIL, or why this server can never take the mail."""
        client = self._connected()
        options = ""
        if client.supports_extension("size"):
            most = client.esmtp_extensions.get("size", "")
            if most.isdecimal() and 0 < int(most) < len(message):
                return Never(f"the mail has {len(message)} bytes, the server takes {most}")
            options += f" SIZE={len(message)}"
        if not message.isascii():
            if not client.supports_extension("8bitmime"):
                return Never("the mail is not ASCII and the server takes only that")
            options += " BODY=8BITMIME"
        return options

    async def _judge_mail(self, reply: aiosmtplib.SMTPResponse) -> Delivery | None:
        """MAIL names only us and a size: a lasting refusal of anything else concerns all mail."""
        if positive(reply):
            return None
        await self._reset(reply)
        if reply.code >= 500 and reply.code != _TOO_LARGE:  # noqa: PLR2004  5yz, RFC 5321 4.2.1
            return AuthFailed(f"MAIL from {self._settings.sender} refused: {said(reply)}")
        return judge("MAIL", reply)

    async def _say_rcpt_and_data(self, recipient: str) -> Delivery | None:
        try:
            reply = await self._command(f"RCPT TO:<{recipient}>")
            verb = "RCPT"
            if positive(reply):
                reply = await self._command("DATA")
                verb = "DATA"
                if reply.code == _START_INPUT:
                    return None
        except _BROKEN as error:
            self.drop()
            return Later(f"before the content: {words(error)}")
        await self._reset(reply)
        return judge(verb, reply)

    async def _content(self, message: bytes) -> Delivery:
        """Send the content, then the dot: only a break after the dot leaves the outcome open."""
        client = self._connected()
        protocol, transport = client.protocol, client.transport
        if protocol is None or not isinstance(transport, asyncio.WriteTransport):
            self.drop()
            return Later("the connection was lost before the content")
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
        try:
            protocol.write(stuffed)
            await self._flushed(transport)
            protocol.write(b".\r\n")
        except _BROKEN as error:
            self.drop()
            return Later(f"before the final dot: {words(error)}")
        try:
            reply = await protocol.read_response(timeout=self._settings.after_data_seconds)
        except _BROKEN as error:
            self.drop()
            return Unknown(f"after the final dot: {words(error)}")
        return self._judge_content(reply)

    async def _flushed(self, transport: asyncio.WriteTransport) -> None:
        """Wait until the content has left; SMTPServerDisconnected or TimeoutError if it cannot."""
        async with asyncio.timeout(self._settings.after_data_seconds):
            await asyncio.sleep(0)
            while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110  the transport gives no event without its private protocol
                await asyncio.sleep(_FLUSH_POLL_SECONDS)
        if transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("connection lost")

    def _judge_content(self, reply: aiosmtplib.SMTPResponse) -> Delivery:
        if positive(reply):
            return Sent(said(reply), f"{self._settings.host}:{self._settings.port}")
        if reply.code == _SERVICE_CLOSING:
            self.drop()
        if 400 <= reply.code < 600:  # noqa: PLR2004  4yz and 5yz, RFC 5321 4.2.1
            return judge("content", reply)
        self.drop()
        return Unknown(f"a reply that means nothing after the final dot: {said(reply)}")

    async def _reset(self, reply: aiosmtplib.SMTPResponse) -> None:
        """Leave the refused transaction; if even that fails the connection is given up."""
        if reply.code == _SERVICE_CLOSING or 300 <= reply.code < 400:  # noqa: PLR2004  3yz
            self.drop()
            return
        try:
            await self._command("RSET")
        except _BROKEN:
            self.drop()
        self._used_at = self._now()

    # --- the connection ----------------------------------------------------------------------

    async def _reusable(self) -> bool:
        """Whether the open connection can carry another mail; drops it if not."""
        if self._client is None:
            return False
        idle_seconds = self._now() - self._used_at
        if not self._client.is_connected or idle_seconds >= self._max_idle_seconds:
            self.drop()
            return False
        if idle_seconds < self._probe_after_seconds:
            return True
        try:
            alive = positive(await self._command("NOOP"))
        except _BROKEN:
            alive = False
        if not alive:
            self.drop()
        return alive

    async def _connect(self) -> Later | AuthFailed | None:
        """Open, protect and log in; None when the connection is ready for MAIL."""
        settings = self._settings
        if settings.security == "none" and not is_loopback(settings.host):
            return AuthFailed('security = "none" is only for loopback: use "tls" or "starttls"')
        secret = self._obtain()  # first: a connection does not wait for a slow token endpoint
        if not isinstance(secret, str):
            return secret
        try:
            client = aiosmtplib.SMTP(
                hostname=settings.host,
                port=settings.port,
                use_tls=settings.security == "tls",
                start_tls=False,  # asked below: None would fall back to plain text in silence
                tls_context=self._tls(),
                local_hostname=_our_name(settings.sender),
                timeout=settings.timeout_seconds,
            )
        except (OSError, ValueError) as error:
            return AuthFailed(f"smtp settings cannot be used: {words(error)}")
        trouble: Later | AuthFailed | None
        try:
            trouble = await self._prepare(client, secret)
        except _BROKEN as error:
            trouble = connection_trouble(error)
        if trouble is not None:
            client.close()
            return trouble
        self._client, self._used_at = client, self._now()
        self.certificate_ends_at = _certificate_ends_at(client)
        return None

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.security == "none":
            return None
        return ssl.create_default_context(cafile=self._settings.ca_file or None)

    def _obtain(self) -> str | Later | AuthFailed:
        """Return the password or a token that is good now, or why there is none."""
        try:
            return self._secret() if callable(self._secret) else self._secret
        except TokenAway as error:
            return Later(f"no token can be had now: {error}", everybody=True)
        except TokenRefused as error:
            return AuthFailed(str(error))

    async def _prepare(self, client: aiosmtplib.SMTP, secret: str) -> Later | AuthFailed | None:
        await client.connect()
        await _greet(client)
        if self._settings.security == "starttls":
            if not client.supports_extension("starttls"):
                return AuthFailed("the server does not offer STARTTLS: not logging in without it")
            await client.starttls()
            await _greet(client)
        if not self._settings.user:
            return None
        try:
            return await self._login(client, secret)
        except _BROKEN as error:
            again = self._secret.refused(secret) if isinstance(self._secret, Tokens) else False
            if not again or not isinstance(error, aiosmtplib.SMTPAuthenticationError):
                raise
        renewed = self._obtain()
        return await self._login(client, renewed) if isinstance(renewed, str) else renewed

    async def _login(self, client: aiosmtplib.SMTP, secret: str) -> AuthFailed | None:
        """One attempt with the best mechanism: trying them all would triple a wrong password."""
        user = self._settings.user
        offered = client.server_auth_methods
        if self._settings.auth == "xoauth2":
            if "xoauth2" not in offered:
                return AuthFailed("the server does not offer XOAUTH2")
            await client.auth_xoauth2(user, secret)
        elif "plain" in offered:
            await client.auth_plain(user, secret)
        elif "login" in offered:
            await client.auth_login(user, secret)
        elif "cram-md5" in offered:
            await client.auth_crammd5(user, secret)
        else:
            return AuthFailed(f"the server offers no login that we know: {offered or 'none'}")
        return None

    async def look(self) -> tuple[str, ...] | Later | AuthFailed:
        """Log in and say what the server can do (EHLO keywords)."""
        if not await self._reusable():
            trouble = await self._connect()
            if trouble is not None:
                return trouble
        extensions = self._connected().esmtp_extensions
        return tuple(f"{name} {value}".strip().upper() for name, value in extensions.items())

    async def _command(self, line: str) -> aiosmtplib.SMTPResponse:
        return await self._connected().execute_command(line.encode("ascii"))

    async def quit(self) -> None:
        """Part in peace: what happens at QUIT changes nothing about mails that were accepted."""
        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(*_BROKEN):
                await self._client.quit(timeout=_QUIT_SECONDS)
        self.drop()
        await asyncio.sleep(0)

    def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None:
            raise aiosmtplib.SMTPServerDisconnected("not connected")
        return self._client

    def drop(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
        self._client = None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _certificate_ends_at(client: aiosmtplib.SMTP) -> dt.datetime | None:
    wrapped = client.transport.get_extra_info("ssl_object") if client.transport else None
    ends = (wrapped.getpeercert() or {}).get("notAfter") if wrapped else None
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), dt.UTC) if ends else None


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


def _our_name(sender: str) -> str:
    """The name for EHLO: our mail domain, so that no DNS look-up of this machine is needed."""
    domain = sender.rpartition("@")[2]
    return domain if domain.isascii() and domain.isprintable() and domain else "localhost"
