"""A scripted SMTP server on loopback: it refuses, lies, hangs and hangs up wherever a test says."""

import base64
import contextlib
import datetime as dt
import email
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import trustme

Security = Literal["none", "tls", "starttls"]
_LOOK_SECONDS = 0.005
_PATIENCE_SECONDS = 60
#: Where a script can act, in the order of a dialogue. CONTENT is after the first line of content,
#: DOT after the final dot.
Verb = Literal[
    "CONNECT", "EHLO", "STARTTLS", "AUTH", "NOOP", "MAIL", "RCPT", "DATA", "CONTENT", "DOT", "QUIT"
]


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer these words instead of the usual ones; ``accept`` keeps the mail at DOT."""

    line: str
    accept: bool = False
    then_drop: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without an answer; ``accept`` keeps the mail at DOT first."""

    accept: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing to the end of the test; ``accept`` keeps the mail at DOT first.

    ``until`` is asked again and again: once it holds, the connection is closed.
    """

    accept: bool = False
    until: Callable[[], bool] = lambda: False


Action = Reply | Drop | Hang


@dataclass(frozen=True, slots=True)
class Accepted:
    """One mail that the server took over."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message_id(self) -> str:
        return str(email.message_from_bytes(self.raw)["Message-ID"])


@dataclass
class _Scripted:
    verb: Verb
    action: Action
    recipient: str | None
    times: int | None


class _Gone(Exception):  # noqa: N818  the dialogue is over, nothing went wrong
    """The connection ends here."""


class ScriptedSmtp:
    """A server with a script. Use as a context manager; ``port`` is the port it listens on.

    Without a script it accepts everything. ``on(verb, action, recipient, times)`` adds to the
    script; the first fitting line acts. ``accepted`` are the mails taken over, ``lines`` all that
    clients said, ``connections`` how many came.
    """

    def __init__(
        self,
        *,
        security: Security = "none",
        users: Mapping[str, str] | None = None,
        mechanisms: str = "PLAIN LOGIN",
        extensions: Iterable[str] = ("8BITMIME", "SIZE 10000000"),
        names: Iterable[str] = ("localhost", "127.0.0.1"),
        certificate_ends_at: dt.datetime | None = None,
    ) -> None:
        self.accepted: list[Accepted] = []
        self.lines: list[str] = []
        self.connections = 0
        self.host = "127.0.0.1"
        self._security: Security = security
        self._users = dict(users or {})
        self._mechanisms = mechanisms
        self._extensions = tuple(extensions)
        self._script: list[_Scripted] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._authority = trustme.CA()
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*names, not_after=certificate_ends_at).configure_cert(
            self._context
        )
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    def on(
        self, verb: Verb, action: Action, *, recipient: str | None = None, times: int | None = None
    ) -> None:
        """Act at this verb (only for this recipient, only so many times)."""
        self._script.append(_Scripted(verb, action, recipient, times))

    def forget(self) -> None:
        """Empty the script: from now on the server behaves."""
        with self._lock:
            self._script.clear()

    def copies(self) -> Counter[str]:
        """How many times each Message-ID was accepted."""
        return Counter(mail.message_id for mail in self.accepted)

    def wait_until_taken(self, count: int) -> None:
        """Wait until so many mails were accepted, for a client that did not wait for its answer."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while len(self.accepted) < count:
            assert time.monotonic() < end, f"{len(self.accepted)} mails instead of {count}"
            time.sleep(_LOOK_SECONDS)

    def trust(self, folder: Path) -> str:
        """Write the authority's certificate and return its path, as ``ca_file`` takes it."""
        path = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(path))
        return str(path)

    # --- the server's side -------------------------------------------------------------------

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._security == "tls":
                connection = self._context.wrap_socket(connection, server_side=True)
                self._sockets.append(connection)
            _Dialogue(self, connection).run()
        except (OSError, _Gone, ValueError):
            pass
        finally:
            connection.close()

    def action(self, verb: Verb, recipients: Iterable[str]) -> Action | None:
        """Return what the script says here, and count it down."""
        with self._lock:
            for line in self._script:
                fits = line.recipient is None or line.recipient in recipients
                if line.verb == verb and fits and line.times != 0:
                    if line.times is not None:
                        line.times -= 1
                    return line.action
        return None

    def hang(self, until: Callable[[], bool]) -> None:
        """Block until this holds or the test is over."""
        while not until() and not self._over.wait(_LOOK_SECONDS):
            pass

    @property
    def greeting(self) -> list[str]:
        """The answer to EHLO."""
        offers = [*self._extensions]
        if self._security == "starttls":
            offers.append("STARTTLS")
        if self._users:
            offers.append(f"AUTH {self._mechanisms}")
        return ["scripted.example", *offers]

    def knows(self, user: str, secret: str) -> bool:
        return self._users.get(user) == secret


class _Dialogue:
    """One connection."""

    def __init__(self, server: ScriptedSmtp, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.file = connection.makefile("rb")
        self.sender = ""
        self.recipients: list[str] = []

    def run(self) -> None:
        self.answer("CONNECT", "220 scripted.example ready")
        while True:
            line = self.read()
            verb, _, rest = line.partition(" ")
            handler = getattr(self, f"do_{verb.lower()}", None)
            if handler is None:
                self.say("502 5.5.1 no such command")
            else:
                handler(rest)

    def do_ehlo(self, _: str) -> None:
        lines = self.server.greeting
        text = "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])
        self.answer("EHLO", text)

    def do_helo(self, _: str) -> None:
        self.say("250 scripted.example")

    def do_starttls(self, _: str) -> None:
        if self.answer("STARTTLS", "220 go ahead"):
            context = self.server._context
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.server._sockets.append(self.connection)
            self.file = self.connection.makefile("rb")

    def do_auth(self, rest: str) -> None:
        mechanism, _, first = rest.partition(" ")
        if mechanism == "LOGIN":
            user = base64.b64decode(first or self._ask("VXNlcm5hbWU6")).decode()
            secret = base64.b64decode(self._ask("UGFzc3dvcmQ6")).decode()
        else:
            decoded = base64.b64decode(first).decode()
            if mechanism == "PLAIN":
                _, user, secret = decoded.split("\0")
            else:
                user, secret = decoded.split("\1")[:2]
                user = user.removeprefix("user=")
                secret = secret.removeprefix("auth=Bearer ")
        known = self.server.knows(user, secret)
        self.answer("AUTH", "235 2.7.0 welcome" if known else "535 5.7.8 wrong password")

    def do_noop(self, _: str) -> None:
        self.answer("NOOP", "250 2.0.0 here")

    def do_rset(self, _: str) -> None:
        self.sender, self.recipients = "", []
        self.say("250 2.0.0 forgotten")

    def do_mail(self, rest: str) -> None:
        self.sender = rest.partition("<")[2].partition(">")[0]
        self.answer("MAIL", "250 2.1.0 sender ok")

    def do_rcpt(self, rest: str) -> None:
        recipient = rest.partition("<")[2].partition(">")[0]
        self.recipients.append(recipient)
        self.answer("RCPT", "250 2.1.5 recipient ok")

    def do_data(self, _: str) -> None:
        if not self.answer("DATA", "354 end with a dot"):
            return
        raw = self._content()
        accepted = Accepted(self.sender, tuple(self.recipients), raw)
        action = self.server.action("DOT", self.recipients)
        if action is None or action.accept:
            self.server.accepted.append(accepted)
        number = len(self.server.accepted)
        self.sender, self.recipients = "", []
        self._act(action, f"250 2.0.0 queued as {number}")

    def do_quit(self, _: str) -> None:
        self.answer("QUIT", "221 2.0.0 bye")
        raise _Gone

    def _content(self) -> bytes:
        lines: list[bytes] = []
        while (line := self._line()) != b".\r\n":
            if not lines:
                action = self.server.action("CONTENT", self.recipients)
                if action is not None:
                    self._act(action, "")
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _ask(self, challenge: str) -> str:
        self.say(f"334 {challenge}")
        return self.read()

    def answer(self, verb: Verb, usual: str) -> bool:
        """Answer as the script says, else as usual; True when it was as usual."""
        action = self.server.action(verb, self.recipients)
        self._act(action, usual)
        return action is None

    def _act(self, action: Action | None, usual: str) -> None:
        if isinstance(action, Hang):
            self.server.hang(action.until)
        if isinstance(action, Drop | Hang):
            raise _Gone
        self.say(usual if action is None else action.line)
        if action is not None and action.then_drop:
            raise _Gone

    def say(self, line: str) -> None:
        self.connection.sendall(f"{line}\r\n".encode())

    def read(self) -> str:
        line = self._line().decode("utf-8", "replace").rstrip("\r\n")
        self.server.lines.append(line)
        return line

    def _line(self) -> bytes:
        line = self.file.readline()
        if not line:
            raise _Gone
        return line
