"""Access tokens for ``auth = "xoauth2"`` (RFC 6749): asked for, kept in memory, renewed.

Only this module knows Authlib. IMAP, IDLE and SMTP of one process share one `Tokens`; other
processes of ours take turns at the token file, for a refresh token may be good for one use only.
"""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog

from config.model import Mailbox, OAuth, Settings, Smtp
from config.password import client_secret, secret
from config.problem import ConfigProblems, Problem
from notifier.token_file import TokenFile

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client


_log = structlog.get_logger("oauth")
#: Answers of a token endpoint that pass by themselves; any other error needs a person (RFC 6749
#: 5.2, RFC 6750, and what providers add, such as ``interaction_required``).
_PASSING = frozenset({"temporarily_unavailable", "server_error"})
#: A token is renewed so long before its end: a login that begins with it must also end with it.
_MARGIN_SECONDS = 120.0
#: An endpoint that does not say how long its token lasts (RFC 6749 only recommends it).
_UNTOLD_SECONDS = 300.0
#: A token that was refused although it is younger than this is not renewed at once.
_FRESH_SECONDS = 30.0


class TokenAway(Exception):  # noqa: N818  named for what happened
    """No token can be had now: the endpoint does not answer, or makes no sense. Try later."""


class TokenRefused(Exception):  # noqa: N818  named for what happened
    """The endpoint gives us no token: a person must act. ``code`` is its error (RFC 6749 5.2)."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class Tokens:
    """Gives access tokens; call it at every login. Safe to share between threads.

    ``counter`` counts seconds and never jumps: the wall clock may be wrong, and the end of a token
    is told as a duration.
    """

    def __init__(
        self, settings: OAuth, secret_of_client: str, counter: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self.client_secret = secret_of_client
        self._counter = counter
        self._file = TokenFile(settings.token_file)
        self._lock = threading.Lock()
        self._token = ""
        self._given_at = 0.0
        self._ends_at = 0.0

    def __call__(self) -> str:
        """Return a token that is good for a login now.

        Raises:
            TokenAway: try later.
            TokenRefused: a person must act.
        """
        with self._lock:
            if not self._token or self._counter() >= self._ends_at:
                self._renew()
            return self._token

    def refused(self, token: str) -> bool:
        """Forget a token that a mail server did not take; whether to ask for another at once.

        It may have been revoked, or our counter stood still while the machine slept.
        """
        with self._lock:
            if token != self._token:
                return bool(self._token)  # another thread was faster
            self._token = ""
            return self._counter() - self._given_at >= _FRESH_SECONDS

    def _renew(self) -> None:
        self._token = ""
        if self.settings.flow == "client-credentials":
            answer = ask(
                self.settings,
                self.client_secret,
                lambda client: client.fetch_token(
                    self.settings.token_endpoint, grant_type="client_credentials"
                ),
            )
        else:
            answer = self._refresh()
        lasts = _seconds(answer.get("expires_in"))
        margin = min(_MARGIN_SECONDS, lasts / 2)
        self._token, self._given_at = _text(answer, "access_token"), self._counter()
        self._ends_at = self._given_at + lasts - margin

    def _refresh(self) -> Mapping[str, Any]:
        try:
            with self._file.turn():
                mine = self._file.read()
                if not mine:
                    raise TokenRefused(
                        f"there is no refresh token in {self.settings.token_file}: run"
                        " `intake authorize`"
                    )
                answer = ask(
                    self.settings,
                    self.client_secret,
                    lambda client: client.refresh_token(
                        self.settings.token_endpoint, refresh_token=mine
                    ),
                )
                theirs = answer.get("refresh_token")
                if isinstance(theirs, str) and theirs and theirs != mine:
                    self._keep(theirs)
                return answer
        except OSError as error:
            raise TokenRefused(
                f"the refresh token in {self.settings.token_file} cannot be read:"
                f" {error.strerror or error}"
            ) from error

    def _keep(self, theirs: str) -> None:
        """Write a new refresh token down; where that fails this process goes on with it."""
        try:
            self._file.write(theirs)
        except OSError as error:
            self._file.hold(theirs)
            _log.error(
                "refresh_token_not_saved",
                file=self.settings.token_file,
                reason=f"{error.strerror or error}: after a restart `intake authorize` may be due",
            )


class Password:
    """A password from a file, read at every login: a new one needs no restart."""

    def __init__(self, server: Mailbox | Smtp, env: Mapping[str, str], found: str) -> None:
        self._server, self._env, self._last = server, env, found

    def __call__(self) -> str:
        """Return the file's first line; the last one known while the file is gone or empty."""
        with contextlib.suppress(ConfigProblems):
            self._last = secret(self._server, self._env)
        return self._last


class Logins:
    """Who logs in with what. Tokens are shared for as long as [oauth] and its secret are the same.

    Raises (both methods):
        ConfigProblems: a secret is not where the settings say.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self._tokens: Tokens | None = None

    def of(self, settings: Settings, server: Mailbox | Smtp) -> "str | Password | Tokens":
        """Return the password of a server, or the giver of its tokens."""
        if server.auth != "xoauth2" or not settings.oauth.token_endpoint:
            found = secret(server, self.env)
            return Password(server, self.env, found) if server.password_file else found
        return self.tokens(settings.oauth)

    def tokens(self, section: OAuth) -> Tokens:
        """Return the giver of tokens, the same one as before if nothing changed."""
        _must_be_installed()
        known, wanted = self._tokens, client_secret(section, self.env)
        if known is None or known.settings != section or known.client_secret != wanted:
            known = self._tokens = Tokens(section, wanted)
        return known


# --- the question to the endpoint -----------------------------------------------------------------

Question = Callable[["AsyncOAuth2Client"], Coroutine[Any, Any, Any]]


def ask(settings: OAuth, secret_of_client: str, question: Question) -> Mapping[str, Any]:
    """Ask an endpoint, within ``timeout_seconds`` for all of it, and return its answer.

    Works wherever it is called, also within a running event loop.

    Raises:
        TokenAway: no answer, or none that makes sense.
        TokenRefused: the endpoint said no, or is not who it should be.
    """
    with _sorted_out(settings), ThreadPoolExecutor(max_workers=1) as own_thread:
        return own_thread.submit(_ask, settings, secret_of_client, question).result()


def _ask(settings: OAuth, secret_of_client: str, question: Question) -> Mapping[str, Any]:
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # noqa: PLC0415  slow to import

    async def within_time() -> Mapping[str, Any]:
        client = AsyncOAuth2Client(
            client_id=settings.client_id,
            client_secret=secret_of_client or None,
            scope=settings.scope,
            token_endpoint_auth_method="client_secret_post" if secret_of_client else "none",
            code_challenge_method="S256",
            verify=ssl.create_default_context(cafile=settings.ca_file or None),
            timeout=settings.timeout_seconds,
        )
        async with asyncio.timeout(settings.timeout_seconds), client:
            return dict(await question(client))

    return asyncio.run(within_time())


@contextlib.contextmanager
def _sorted_out(settings: OAuth) -> Iterator[None]:
    """Turn whatever goes wrong into our two exceptions."""
    import httpx2  # noqa: PLC0415  only with OAuth
    from authlib.integrations.base_client import OAuthError  # noqa: PLC0415  only with OAuth

    where = settings.token_endpoint
    try:
        yield
    except OAuthError as error:
        code, told = _line(error.error), _line(error.description)
        if code in _PASSING:
            raise TokenAway(f"{where}: {code} {told}") from error
        raise TokenRefused(f"{where} gives no token: {code} {told}", code) from error
    except TimeoutError as error:
        seconds = settings.timeout_seconds
        raise TokenAway(f"{where} gave no answer within {seconds:g} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        if _is_untrusted(error):
            raise TokenRefused(f"the certificate of {where} was not accepted: {error}") from error
        raise TokenAway(f"{where}: {type(error).__name__}: {_line(error)}") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise TokenAway(f"{where} gave an answer that makes no sense: {_line(error)}") from error


def _is_untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _line(told: object) -> str:
    """Return what somebody else's server said on one line, at most 300 characters."""
    return " ".join(str(told or "").split())[:300]


def _text(answer: Mapping[str, Any], key: str) -> str:
    """Return a token that can be put into a login.

    Raises:
        TokenAway: there is none.
    """
    found = answer.get(key)
    if isinstance(found, str) and found and found.isascii() and found.isprintable():
        return found
    raise TokenAway(f"the endpoint's answer has no {key}")


def _seconds(told: object) -> float:
    """Return how long a token lasts; some endpoints say it as text, some not at all."""
    try:
        lasts = float(str(told))
    except ValueError:
        return _UNTOLD_SECONDS
    return lasts if 0 <= lasts < float("inf") else _UNTOLD_SECONDS


def _must_be_installed() -> None:
    try:
        import authlib  # noqa: F401, PLC0415
        import httpx2  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        problem = Problem(
            "settings.toml",
            0,
            f"[oauth] needs {error.name}",
            "tokens are asked for with it",
            "install the extra: pipx install 'commune-intake[oauth]'",
        )
        raise ConfigProblems([problem]) from error
