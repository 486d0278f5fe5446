"""The demo's mail world: one office mailbox on IMAP, one SMTP server, both on loopback.

pymap keeps the mailbox in memory, aiosmtpd takes the mails that the daemon sends; both run on one
event loop in a thread. Nothing can leave the machine: SMTP hands every mail to ``received``.
"""

import asyncio
import datetime as dt
import threading
from argparse import Namespace
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend, Identity
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage

HOST = "127.0.0.1"
USER = "intake"
PASSWORD = "demo-only"  # noqa: S105  a loopback server that lives for one demo
_LINE_BYTES = 100_000  # aiosmtpd refuses lines over 1,001 bytes by default

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that the daemon sent: who gets it, its bytes, and when (virtual time)."""

    recipient: str
    raw: bytes
    at: dt.datetime


@dataclass
class MailServer:
    """Start both servers on entering, stop them on leaving.

    ``clock`` gives the virtual time that mails bear; ``refused`` addresses get a 550.
    """

    clock: Callable[[], dt.datetime]
    refused: frozenset[str] = frozenset()
    received: list[Delivered] = field(default_factory=list)
    imap_port: int = 0
    smtp_port: int = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def deliver(self, raw: bytes, at: dt.datetime) -> None:
        """Put a message into the office's inbox with this INTERNALDATE."""
        self._call(self._append(raw, at))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _start(self) -> None:
        args = Namespace(
            host=[HOST], port=0, debug=False, cert=None, key=None, tls=False,
            proxy_protocol="noop", passlib_cfg=None, inherited_sockets=None,
            demo_data=False, demo_user=USER, demo_password=PASSWORD,
        )  # fmt: skip
        self._stack = AsyncExitStack()
        backend, config = await DictBackend.init(args)
        self._backend = backend
        config.apply_context()
        await backend.start(self._stack)
        accept = ProxyProtocolReader(config.proxy_protocol).get_callback(
            IMAPServer(backend.login, config)
        )
        self._imap = await asyncio.start_server(accept, HOST, 0)
        self._smtp = await self._loop.create_server(self._smtp_session, HOST, 0)
        self.imap_port = self._imap.sockets[0].getsockname()[1]
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._imap.close()
        self._smtp.close()
        await self._stack.aclose()
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _append(self, raw: bytes, at: dt.datetime) -> None:
        identity = Identity(USER, self._backend.login, None, frozenset())
        async with identity.new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(raw, at, frozenset()), recent=True)

    def _smtp_session(self) -> SMTP:
        session = SMTP(self, hostname="demo.example", enable_SMTPUTF8=True, loop=self._loop)
        session.line_length_limit = _LINE_BYTES
        return session

    async def handle_RCPT(  # noqa: N802  the name is aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Refuse the addresses that do not exist in this world."""
        if address.casefold() in self.refused:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take the mail: from here it is in the recipient's hands."""
        raw = envelope.original_content or b""
        now = self.clock()
        self.received += [Delivered(address, raw, now) for address in envelope.rcpt_tos]
        return f"250 2.0.0 accepted as {len(self.received):04d}"
