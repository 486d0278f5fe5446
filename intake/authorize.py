"""`intake authorize`: somebody who may use the mailbox says yes once; we keep the refresh token.

By a browser (RFC 8252 with PKCE), on this machine or elsewhere, or by a code that is typed in on
another device (RFC 8628; Google does not offer it for mail).
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from config.model import OAuth
from notifier.oauth import TokenAway, TokenRefused, ask
from notifier.token_file import TokenFile

#: How long a person may take.
PATIENCE_SECONDS = 600.0
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_SECONDS = 5.0  # between two looks, and what slow_down adds (RFC 8628, 3.5)
_THANKS = (
    '<!doctype html><html lang="vi"><meta charset="utf-8"><title>Tiếp nhận biểu mẫu</title>'
    "<p>Đã nhận được trả lời. Ông/Bà có thể đóng trang này và xem tiếp ở cửa sổ dòng lệnh.</p>"
)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person is asked, and what must come back with the answer."""

    url: str
    redirect_uri: str
    state: str
    verifier: str


def consent(settings: OAuth, user: str, redirect_uri: str) -> Consent:
    """Return the page on which a person says yes.

    Raises:
        TokenRefused: the settings name no such page.
    """
    from authlib.oauth2.client import OAuth2Client  # noqa: PLC0415  only with OAuth

    if not settings.authorize_endpoint:
        raise TokenRefused("[oauth] has no authorize_endpoint: fill it in, or use --device")
    verifier = secrets.token_urlsafe(48)
    client = OAuth2Client(
        session=None,
        client_id=settings.client_id,
        scope=settings.scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    # Google gives a refresh token only to who asks for both of the first; others pass over them.
    url, state = client.create_authorization_url(
        settings.authorize_endpoint,
        code_verifier=verifier,
        access_type="offline",
        prompt="consent",
        login_hint=user,
    )
    return Consent(str(url), redirect_uri, str(state), verifier)


def redeem(settings: OAuth, secret: str, asked: Consent, came_back: str) -> str:
    """Turn the address at which the browser ended into a refresh token.

    Raises:
        TokenAway: the endpoint cannot be asked now.
        TokenRefused: the person said no, the answer belongs to another question, or no refresh
            token was given.
    """
    told = {key: values[0] for key, values in parse_qs(urlsplit(came_back).query).items()}
    if "error" in told:
        reason = f"{told['error']} {told.get('error_description', '')}".strip()
        raise TokenRefused(f"it was not allowed: {reason}", told["error"])
    if not secrets.compare_digest(told.get("state", "").encode(), asked.state.encode()):
        raise TokenRefused("this answer belongs to another question: begin anew")
    if not told.get("code"):
        raise TokenRefused("this address has no answer in it: it must contain code=…")
    answer = ask(
        settings,
        secret,
        lambda client: client.fetch_token(
            settings.token_endpoint,
            grant_type="authorization_code",
            code=told["code"],
            redirect_uri=asked.redirect_uri,
            code_verifier=asked.verifier,
        ),
    )
    return _refresh_token(answer)


class Redirected:
    """Waits on loopback for the browser to come back. ``port`` 0 takes any."""

    def __init__(self, port: int = 0) -> None:
        self.came_back = ""
        outer = self

        class Page(BaseHTTPRequestHandler):
            timeout = 10  # a connection that says nothing does not keep the others out

            def do_GET(self) -> None:
                if "state=" in self.path:  # a browser also asks for its little icon
                    outer.came_back = self.path
                body = _THANKS.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """The address holds the code: it goes into no log."""

        self._server = HTTPServer(("127.0.0.1", port), Page)

    @property
    def uri(self) -> str:
        """Where the browser is to come back."""
        return f"http://localhost:{self._server.server_port}/"

    def wait(self, seconds: float = PATIENCE_SECONDS) -> str:
        """Return the address that came; ``""`` when nobody came in time."""
        ends_at = time.monotonic() + seconds
        with self._server:
            while not self.came_back and (left := ends_at - time.monotonic()) > 0:
                self._server.timeout = left
                self._server.handle_request()
        return self.came_back


def by_device(
    settings: OAuth,
    secret: str,
    show: Callable[[str, str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Show a person an address and a code, and wait until they were used; the refresh token.

    Raises:
        TokenAway: an endpoint cannot be asked now.
        TokenRefused: the person said no or took too long, or the settings name no such endpoint.
    """
    if not settings.device_endpoint:
        raise TokenRefused("[oauth] has no device_endpoint: fill it in, or go without --device")

    async def begin(client: Any) -> Mapping[str, Any]:
        response = await client.request(
            "POST",
            settings.device_endpoint,
            data={"client_id": settings.client_id, "scope": settings.scope},
            withhold_token=True,
        )
        begun: Mapping[str, Any] = client.parse_response_token(response)
        return begun

    begun = ask(settings, secret, begin)
    try:
        device_code = str(begun["device_code"])
        address = str(begun.get("verification_uri") or begun["verification_url"])
        show(address, str(begun["user_code"]))
        interval = float(begun.get("interval") or _INTERVAL_SECONDS)
        looks = int(min(float(begun.get("expires_in") or 600), PATIENCE_SECONDS) / interval)
    except (LookupError, TypeError, ValueError, ZeroDivisionError) as error:
        raise TokenAway(f"{settings.device_endpoint} gave an answer that makes no sense") from error
    for _ in range(max(looks, 1)):
        sleep(interval)
        try:
            answer = ask(
                settings,
                secret,
                lambda client: client.fetch_token(
                    settings.token_endpoint, grant_type=_DEVICE_GRANT, device_code=device_code
                ),
            )
        except TokenRefused as error:
            if error.code not in {"authorization_pending", "slow_down"}:
                raise
            interval += _INTERVAL_SECONDS if error.code == "slow_down" else 0.0
        except TokenAway:
            continue  # the person may be typing: one unanswered look is nothing
        else:
            return _refresh_token(answer)
    raise TokenRefused("nobody typed the code in time: begin anew")


def keep(settings: OAuth, refresh_token: str) -> None:
    """Write the refresh token where the daemon looks for it.

    Raises:
        OSError: it cannot be written there.
    """
    file = TokenFile(settings.token_file)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    with file.turn():
        file.write(refresh_token)


def _refresh_token(answer: Mapping[str, Any]) -> str:
    found = answer.get("refresh_token")
    if not isinstance(found, str) or not found or not (found.isascii() and found.isprintable()):
        raise TokenRefused(
            "access was given, but no refresh token: Microsoft wants offline_access in scope,"
            " Google a client of the kind Desktop"
        )
    return found
