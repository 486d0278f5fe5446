"""A proxy on loopback in front of a real S3 server: a bad way between an office and its bucket."""

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

Deed = Literal[
    "refuse",  # an error of S3 instead of an answer
    "hang",  # no answer, until `BadWay.mend`
    "cut the request",  # the connection ends while the body is sent
    "cut the answer",  # … while the answer's body is
    "lose the answer",  # the server did it, and nobody hears of it
    "other bytes",  # a byte of the body that is fetched is another one
]
_BODY = 65_536


@dataclass
class Trouble:
    """What happens to requests of this verb ("" for any) whose path has this in it."""

    deed: Deed
    verb: str = ""
    part: str = ""
    status: int = 503
    code: str = "SlowDown"
    #: How often; -1: until it is mended.
    times: int = -1


class BadWay:
    """The proxy; started by ``with``. ``asked`` are verb and path of each request that came."""

    def __init__(self, server: str, *, delay_seconds: float = 0.0) -> None:
        self._delay_seconds = delay_seconds  # of each answer
        self._target = urlsplit(server).netloc
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._troubles: list[Trouble] = []
        self._mended = threading.Event()
        self._lock = threading.Lock()
        self.asked: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.mend()
        self._http.shutdown()
        self._http.server_close()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def spoil(self, *troubles: Trouble) -> None:
        """From now on these happen; the first that fits a request."""
        self.mend()
        self._mended = threading.Event()
        self._troubles = list(troubles)

    def mend(self) -> None:
        """All is well again; what hangs is cut off."""
        self._troubles = []
        self._mended.set()

    def _trouble(self, verb: str, path: str) -> Trouble | None:
        with self._lock:
            self.asked.append((verb, path))
            for one in self._troubles:
                if one.times and one.verb in {"", verb} and one.part in path:
                    one.times -= 1
                    return one
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901  one branch for each deed
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                trouble = way._trouble(self.command, self.path)
                length = int(self.headers.get("Content-Length") or 0)
                if trouble and trouble.deed == "cut the request":
                    self.rfile.read(length // 2)
                    self._cut()
                    return
                body = self.rfile.read(length)
                time.sleep(way._delay_seconds)
                if trouble and trouble.deed == "hang":
                    way._mended.wait()
                    self._cut()
                    return
                if trouble and trouble.deed == "refuse":
                    self._answer(
                        trouble.status, {"Content-Type": "application/xml"}, _error(trouble)
                    )
                    return
                status, headers, found = way._ask(self.command, self.path, self.headers, body)
                if trouble and trouble.deed == "lose the answer":
                    self._cut()
                elif trouble and trouble.deed == "cut the answer":
                    self._answer(status, headers, found, upto=len(found) // 2)
                    self._cut()
                elif trouble and trouble.deed == "other bytes" and found:
                    self._answer(status, headers, bytes([found[0] ^ 1]) + found[1:])
                else:
                    self._answer(status, headers, found)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815  its names

            def _answer(
                self, status: int, headers: dict[str, str], body: bytes, upto: int | None = None
            ) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body[:upto])

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(2)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  its name
                pass

        return Handler

    def _ask(
        self, verb: str, path: str, headers: http.client.HTTPMessage, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(http.client.HTTPConnection(self._target, timeout=60)) as server:
            server.putrequest(verb, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                server.putheader(name, value)
            server.endheaders(body or None)
            answer = server.getresponse()
            found = answer.read()
            gone = {"transfer-encoding", "connection", "date"}
            told = {n: v for n, v in answer.getheaders() if n.lower() not in gone}
            if verb != "HEAD":
                told = {n: v for n, v in told.items() if n.lower() != "content-length"}
            return answer.status, told, found


def _error(trouble: Trouble) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{trouble.code}</Code><Message>made up</Message></Error>"
    ).encode()


@contextlib.contextmanager
def bad_way(server: str) -> Iterator[BadWay]:
    """Open a proxy in front of a server."""
    with BadWay(server) as way:
        yield way
