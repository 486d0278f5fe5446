"""A token endpoint on loopback: gives tokens, rotates, revokes, and misbehaves as a test says."""

import base64
import hashlib
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import trustme

from config.model import OAuth

CLIENT, SECRET, SCOPE = "tiep-nhan", "Bi-Mat-Cua-May", "mail"
#: Writes an answer of its own instead of the usual one.
Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class TokenEndpoint:
    """Use as a context manager. ``asked`` are the forms of all requests to ``/token``.

    It gives ``access-1``, ``access-2``, … to who shows ``refresh`` (or the client's secret);
    ``rotates``: with each a new refresh token, and the old one is dead. ``valid`` are the access
    tokens that ``/introspect`` confirms for ``user``. ``scripts`` answer the next requests.
    """

    user: str = "intake"
    refresh: str = "refresh-0"
    rotates: bool = False
    lasts: Any = 3600
    tls: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    scripts: list[Script] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    #: What `intake authorize` shows: code → challenge, and whether a device was allowed.
    codes: dict[str, str] = field(default_factory=dict)
    allowed: bool = False

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.post(self)

            def do_GET(self) -> None:
                outer.get(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.authority = trustme.CA()
        if self.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.authority.issue_cert("localhost").configure_cert(context)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.server.server_port}"

    def settings(self, token_file: object = "", **changes: object) -> OAuth:
        """What [oauth] says to use it."""
        return OAuth.model_validate(
            {
                "token_endpoint": f"{self.base}/token",
                "authorize_endpoint": f"{self.base}/authorize",
                "device_endpoint": f"{self.base}/device",
                "client_id": CLIENT,
                "scope": SCOPE,
                "token_file": str(token_file) or "unused",
                "timeout": "60s",
            }
            | changes
        )

    # --- the server's side ---

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        form = {k: v[0] for k, v in parse_qs(handler.rfile.read(size).decode()).items()}
        if handler.path == "/device":
            given = {"device_code": "d-1", "user_code": "WDJB-MJHT", "interval": 1}
            say(handler, 200, given | {"verification_uri": f"{self.base}/code", "expires_in": 60})
            return
        self.asked.append(form)
        if self.scripts:
            self.scripts.pop(0)(handler)
            return
        error = self._wrong(form)
        if error:
            say(handler, 400, {"error": error, "error_description": "nothing for you"})
            return
        answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": self.lasts}
        answer["access_token"] = f"access-{len(self.asked)}"
        self.valid.add(answer["access_token"])
        if form["grant_type"] != "client_credentials" and (
            self.rotates or form["grant_type"] != "refresh_token"
        ):
            self.refresh = answer["refresh_token"] = f"refresh-{len(self.asked)}"
        say(handler, 200, answer)

    def _wrong(self, form: dict[str, str]) -> str:
        grant = form.get("grant_type")
        if form.get("client_id") != CLIENT:
            return "invalid_client"
        if grant == "client_credentials":
            return "" if form.get("client_secret") == SECRET else "invalid_client"
        if grant == "refresh_token":
            return "" if form.get("refresh_token") == self.refresh else "invalid_grant"
        if grant == "authorization_code":
            proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            shown = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
            return "" if self.codes.pop(form.get("code", ""), None) == shown else "invalid_grant"
        return "" if self.allowed else "authorization_pending"

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/introspect":
            good = asked.get("token") in self.valid
            told = {"active": True, "sub": self.user, "scope": SCOPE} if good else {"active": False}
            say(handler, 200 if good else 401, told)
            return
        self.codes["code-1"] = asked["code_challenge"]
        handler.send_response(302)
        back = f"{asked['redirect_uri']}?code=code-1&state={asked['state']}"
        handler.send_header("Location", back)
        handler.end_headers()

    def hang(self, _handler: BaseHTTPRequestHandler) -> None:
        """A script: say nothing."""
        self.over.wait(60)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A script: one byte at a time, for ever."""
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not self.over.wait(0.05):
            handler.wfile.write(b" ")


def say(handler: BaseHTTPRequestHandler, status: int, answer: object) -> None:
    """Answer with JSON, or with the bytes given."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def saying(status: int, answer: object) -> Script:
    """A script: this answer, once."""
    return lambda handler: say(handler, status, answer)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def browse(url: str) -> str:
    """Open the page as a browser does, say yes, and return where it sends us."""
    try:
        urllib.request.build_opener(_NoRedirect).open(url, timeout=60)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("the page did not send us back")
