"""imaplib with its own receive buffer: deadlines, byte budgets, IDLE that loses nothing.

The stdlib client reads through a buffered file. That makes three things impossible which a daemon
needs: to wait for one line and keep half of it, to stop a whole command (and not only one read)
in time, and to refuse a literal before its bytes are in memory. Here every byte from the server
passes `Client._fill`, which watches the clock and the budget.
"""

import datetime as dt
import imaplib
import re
import select
import socket
import ssl
import time
from collections.abc import Iterable, Mapping

#: What a command may receive when it does not ask for bodies: 20,000 UIDs are 120 kB.
ANSWER_BYTES = 16_000_000
_CHUNK_BYTES = 1 << 18
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_INTERNALDATE = re.compile(
    rb" ?(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})"
)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_TOKEN = re.compile(rb'\s*+(\(|\)|\{\d+\}$|"(?:[^"\\]|\\.)*+"|[^\s()"]++)')
#: Names that a FETCH answer may carry; any other means that a literal's length was a lie.
_FETCH_NAMES = frozenset(
    {
        *(b"UID", b"FLAGS", b"RFC822.SIZE", b"INTERNALDATE", b"MODSEQ"),
        *(b"BODY[]", b"BODY[HEADER]", b"BODY[HEADER]<0>"),
    }
)

FetchPiece = bytes | tuple[bytes, bytes] | None


class Client(imaplib.IMAP4):
    """An IMAP connection; ``tls`` wraps it from the first byte.

    ``timeout_seconds`` bounds each read; `allow` bounds the whole next command in seconds and in
    received bytes. Overstepping raises TimeoutError or ``imaplib.IMAP4.abort``; the connection
    cannot be used afterwards.
    """

    def __init__(
        self, host: str, port: int, timeout_seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        self._buffer = bytearray()
        self._read_seconds = timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds * 3  # connect, greeting, capabilities
        self._budget_bytes = ANSWER_BYTES
        super().__init__(host, port, timeout_seconds)

    # --- the transport that imaplib talks through ---

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, and wrap the socket when ``tls`` was given (server name checked)."""
        self.host = host
        self.port = port
        self.sock = socket.create_connection((host, port), timeout)
        if self._tls is not None:
            try:
                self.sock = self._tls.wrap_socket(self.sock, server_hostname=host)
            except BaseException:
                self.sock.close()
                raise

    def allow(self, seconds: float, answer_bytes: int = ANSWER_BYTES) -> None:
        """Start the budget of the next command."""
        self._deadline = time.monotonic() + seconds
        self._budget_bytes = answer_bytes

    def _fill(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the command took longer than its deadline")
        self.sock.settimeout(min(self._read_seconds, left))
        data = self.sock.recv(_CHUNK_BYTES)
        if not data:
            raise self.abort("the server closed the connection")
        self._budget_bytes -= len(data)
        if self._budget_bytes < 0:
            raise self.abort("the server sent more bytes than were asked for")
        self._buffer += data

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return taken

    def read(self, size: int) -> bytes:
        """Return exactly ``size`` bytes; a size beyond the budget is refused unread."""
        if size - len(self._buffer) > self._budget_bytes:
            raise self.abort(f"the server announced {size} bytes, more than were asked for")
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def readline(self) -> bytes:
        """Return one line with its end; half a line stays in the buffer until the rest comes."""
        at = self._buffer.find(b"\n")
        while at < 0:
            seen = len(self._buffer)
            self._fill()
            at = self._buffer.find(b"\n", seen)
        return self._take(at + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override]  # typeshed asks for Buffer
        """Send all bytes within the deadline."""
        view = memoryview(data)
        while view:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the command took longer than its deadline")
            self.sock.settimeout(min(self._read_seconds, left))
            view = view[self.sock.send(view[:_CHUNK_BYTES]) :]

    def certificate_ends_at(self) -> dt.datetime | None:
        """Return the last moment of the server's certificate; None without TLS."""
        if not isinstance(self.sock, ssl.SSLSocket):
            return None
        ends = (self.sock.getpeercert() or {}).get("notAfter")
        if ends is None:
            return None
        return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), dt.UTC)

    def shutdown(self) -> None:
        """Close the socket; never waits, never raises."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server was faster
        finally:
            self.sock.close()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> tuple[str, list[None]]:  # type: ignore[override]
        """Turn on TLS; bytes that came before it are an attack and end the connection.

        imaplib would keep such bytes and take them for the first encrypted answer
        (CVE-2011-0411 and its kin).
        """
        if ssl_context is None:
            raise ValueError("a verifying TLS context is required")
        if "STARTTLS" not in self.capabilities:
            raise self.abort("the server does not offer STARTTLS")
        typ, _ = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.abort("the server refused STARTTLS")
        if self._buffer:
            raise self.abort("bytes arrived between STARTTLS and TLS")
        self.sock.settimeout(self._read_seconds)
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        self.untagged_responses.clear()
        self._tls_established = True
        self.read_capabilities()
        return "OK", [None]

    # --- what imaplib lacks ---

    def read_capabilities(self) -> tuple[str, ...]:
        """Ask again what the server can do: the answer changes with TLS and with the login."""
        self._get_capabilities()
        return tuple(self.capabilities)

    def code(self, name: str) -> str | None:
        """Return the last response code ``[NAME data]`` (RFC 5530) and forget it; None = none."""
        found = self.untagged_responses.pop(name, None)
        if not found:
            return None
        data = found[-1] or b""
        return data.decode("ascii", "replace") if isinstance(data, bytes) else ""

    def codes(self, name: str) -> list[str]:
        """Return the data of all response codes of this name, and forget them."""
        found = self.untagged_responses.pop(name, None) or []
        return [one.decode("ascii", "replace") for one in found if isinstance(one, bytes)]

    def append_all(
        self, folder: str, flags: str, mails: Iterable[tuple[bytes, dt.datetime]]
    ) -> None:
        """Put messages (bytes, date) into a folder by one command (RFC 3502, RFC 7888 LITERAL+).

        ``folder`` is quoted already. Raises ``imaplib.IMAP4.error`` when the server says no.
        """
        tag = self._new_tag()
        self.send(tag + f" APPEND {folder}".encode())
        for raw, at in mails:
            literal = _LINE_END.sub(b"\r\n", raw)
            date = imaplib.Time2Internaldate(at)
            self.send(f" {flags} {date} {{{len(literal)}+}}\r\n".encode())
            self.send(literal)
        self.send(b"\r\n")
        status, data = self._command_complete("APPEND", tag)
        if status != "OK":
            raise self.error(f"APPEND was refused: {data!r}")

    def news(self) -> bool:
        """Whether the server spoke of new messages since the last `forget_news`."""
        return "EXISTS" in self.untagged_responses

    def forget_news(self) -> None:
        """Drop what was said so far: the next command asks for everything anyway."""
        # in a selection that lasts they would gather: imaplib forgets them at a SELECT
        for name in ("EXISTS", "RECENT", "EXPUNGE", "FETCH"):
            self.untagged_responses.pop(name, None)

    def idle(self, seconds: float, answer_seconds: float, wake: int | None = None) -> bool:
        """IDLE (RFC 2177) until the server speaks of a change, ``seconds`` pass or ``wake`` reads.

        ``wake`` is a file descriptor. Returns whether something changed: a hint, not a promise.
        Lines that come with the continuation or in halves are not lost.
        """
        self.allow(answer_seconds)
        tag = self._new_tag()
        self.send(tag + b" IDLE\r\n")
        changed = False
        while not (line := self.readline()).startswith(b"+"):
            if line.startswith(tag):
                self.tagged_commands.pop(tag, None)
                raise self.error(line.decode("ascii", "replace").strip())
            changed = changed or _is_change(line)
        end = time.monotonic() + seconds
        while not changed and self._line_within(end, wake):
            self.allow(answer_seconds)
            changed = _is_change(self.readline())
        self.allow(answer_seconds)
        self.send(b"DONE\r\n")
        while not (line := self.readline()).startswith(tag):
            changed = changed or _is_change(line)
        self.tagged_commands.pop(tag, None)
        return changed

    def _line_within(self, end: float, wake: int | None) -> bool:
        """Whether a whole line is there before ``end`` and before ``wake`` becomes readable."""
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0:
                return False
            if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
                watched: list[socket.socket | int] = [self.sock]
                watched += [] if wake is None else [wake]
                ready = select.select(watched, [], [], left)[0]
                if self.sock not in ready:
                    return False
            self.allow(self._read_seconds)
            self._fill()
        return True


def _is_change(line: bytes) -> bool:
    return line.startswith(b"*") and (b" EXISTS" in line or b" EXPUNGE" in line or b" BYE" in line)


def parse_fetch(answer: Iterable[FetchPiece]) -> list[dict[bytes, bytes]]:
    """Return the attributes of each FETCH response in what ``Client.uid("FETCH", …)`` gave.

    Keys are upper-case names (``UID``, ``BODY[]``); values are the bytes of a literal, of a quoted
    string without its quotes, or of an atom; lists (FLAGS, MODSEQ) are left out, and so is NIL.
    Raises ``imaplib.IMAP4.abort`` when a response does not follow the grammar (RFC 3501 section 9):
    then a literal's announced length was wrong and nothing in the answer can be trusted.
    """
    responses = []
    tokens: list[tuple[bytes, bool]] = []
    for piece in answer:
        if piece is None:
            continue
        if isinstance(piece, tuple):
            tokens += _tokens(piece[0])
            tokens.append((piece[1], True))
        else:
            tokens += _tokens(piece)
            responses.append(_attributes(tokens))
            tokens = []
    if tokens:
        raise imaplib.IMAP4.abort("a FETCH response broke off after a literal")
    return responses


def _tokens(text: bytes) -> list[tuple[bytes, bool]]:
    """Split into (token, is_string); a closing ``{n}`` announces the literal and is dropped."""
    found = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise imaplib.IMAP4.abort("a FETCH response could not be understood")
        at = match.end()
        token = match[1]
        if token.startswith(b'"'):
            found.append((re.sub(rb"\\(.)", rb"\1", token[1:-1]), True))
        elif not (token.startswith(b"{") and at == len(text)):
            found.append((token, False))
    return found


def _attributes(tokens: list[tuple[bytes, bool]]) -> dict[bytes, bytes]:
    if len(tokens) < 3 or tokens[1] != (b"(", False) or tokens[-1] != (b")", False):  # noqa: PLR2004  number ( … )
        raise imaplib.IMAP4.abort("a FETCH response has no list of attributes")
    found: dict[bytes, bytes] = {}
    rest = iter(tokens[2:-1])
    for token, _ in rest:
        name = token.upper()
        if name not in _FETCH_NAMES:
            raise imaplib.IMAP4.abort("a FETCH response names an attribute that nobody asked for")
        value, is_string = next(rest, (b"", False))
        if (value, is_string) == (b"(", False):
            depth = 1
            while depth:
                inner, quoted = next(rest, (b"", True))
                if inner == b"" and quoted:
                    raise imaplib.IMAP4.abort("a FETCH response has an open list")
                depth += 0 if quoted else {b"(": 1, b")": -1}.get(inner, 0)
        elif is_string:
            found[name] = value
        elif value in {b"", b")"}:
            raise imaplib.IMAP4.abort("a FETCH response has a name without a value")
        elif value.upper() != b"NIL":
            found[name] = value
    return found


def parse_internaldate(value: bytes) -> dt.datetime | None:
    """Return the aware instant of an INTERNALDATE (``" 7-May-2024 23:59:30 +0700"``) or None."""
    match = _INTERNALDATE.fullmatch(value)
    if match is None or match[2].decode() not in _MONTHS:
        return None
    offset = dt.timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = dt.timezone(-offset if match[7] == b"-" else offset)
        day = dt.date(int(match[3]), _MONTHS.index(match[2].decode()) + 1, int(match[1]))
        clock = dt.time(int(match[4]), int(match[5]), int(match[6]), tzinfo=zone)
        return dt.datetime.combine(day, clock).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def imap_date(day: dt.date) -> str:
    """Write a day as SEARCH wants it: ``7-May-2024``."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def uid_set(uids: Iterable[int]) -> str:
    """Write UIDs as an IMAP set, runs joined: ``1:4,9``. Empty for no UIDs (never send that)."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{low}" if low == high else f"{low}:{high}" for low, high in runs)


def number(attributes: Mapping[bytes, bytes], name: bytes) -> int | None:
    """Return a numeric attribute, None when it is absent or not a number."""
    value = attributes.get(name, b"")
    return int(value) if value.isdigit() and len(value) <= 19 else None  # noqa: PLR2004  2^63 has 19
