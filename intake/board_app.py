"""The board over HTTP: two files, /healthz and /metrics, read-only. Nothing else has an address."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.hosts import is_loopback
from intake.board_guard import WINDOW_SECONDS, Guard
from intake.board_metrics import exposition
from intake.board_pulse import Window, broken, in_words
from notifier.board import FILES, INDEX, POLICY

_log = structlog.get_logger("board")
_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ASK = {"WWW-Authenticate": 'Basic realm="Bang theo doi", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: by password, or, without one, by a name that only this machine has."""

    guard: Guard
    host: str
    #: How long a wrong password waits for its answer.
    pause_seconds: float
    counter: Callable[[], float] = field(default=time.monotonic)


def application(window: Window, door: Door) -> ASGIApp:
    """Return the application; all its answers bear the same headers."""

    async def page(request: Request) -> Response:
        name = request.url.path.lstrip("/") or INDEX
        try:
            data = await anyio.Path(window.folder() / name).read_bytes()
        except OSError:
            return PlainTextResponse("Trang chưa được viết. Vui lòng xem lại sau.\n", 404)
        return Response(data, media_type="text/html")

    async def healthz(request: Request) -> Response:
        found = window.health()
        whole = not door.guard.asks or request.state.known
        words = in_words(found) if whole else f"{'not ok' if broken(found) else 'ok'}\n"
        return PlainTextResponse(words, 503 if broken(found) else 200)

    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        data, content_type = exposition(window.pulse(), window.health(), accept)
        return Response(data, headers={"Content-Type": content_type})

    pages = [Route(path, page) for path in ("/", *(f"/{name}" for name in FILES))]
    routes = [*pages, Route("/healthz", healthz), Route("/metrics", metrics)]
    middleware = [Middleware(_Headers), Middleware(_Entrance, door=door)]
    made = Starlette(routes=routes, middleware=middleware)
    made.router.redirect_slashes = False  # one address for each page, and no answer names a host
    return made


class _Headers:
    """Puts the same headers on every answer, also on refusals."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


class _Entrance:
    """Lets in who may look; /healthz says how it is to everybody, but then no more than that."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        refusal = self._misnamed(request) or await self._unknown(request)
        await (refusal or self._app)(scope, receive, send)

    def _misnamed(self, request: Request) -> Response | None:
        """A page of a stranger in a browser here may send it to us under the stranger's name (DNS
        rebinding); without a password only the name tells it apart.
        """  # noqa: D205  one sentence
        if self._door.guard.asks:
            return None
        named = request.headers.get("host", "")
        host = named[: named.find("]") + 1] if named.startswith("[") else named.partition(":")[0]
        if not named or is_loopback(host) or host == self._door.host:
            return None
        words = "Open it as http://127.0.0.1 or http://localhost, or set a password in [board].\n"
        return PlainTextResponse(words, 421)

    async def _unknown(self, request: Request) -> Response | None:
        door, address = self._door, request.client.host if request.client else ""
        header = request.headers.get("authorization")
        answer = door.guard.answer(address, header, door.counter())
        request.state.known = answer == "open"
        if answer == "wrong":
            _log.warning("board_login_failed", client=address)
            await anyio.sleep(door.pause_seconds)
        if answer == "locked":
            headers = {"Retry-After": str(int(WINDOW_SECONDS))}
            words = "Sai mật khẩu quá nhiều lần. Vui lòng thử lại sau ít phút.\n"
            return PlainTextResponse(words, 429, headers)
        if answer == "open" or (answer == "unasked" and request.url.path == "/healthz"):
            return None
        return PlainTextResponse("Cần tên và mật khẩu để xem trang này.\n", 401, _ASK)
