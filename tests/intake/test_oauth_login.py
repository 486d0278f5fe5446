"""XOAUTH2 at the mailbox: a real Dovecot that asks our endpoint about tokens, and scripted ones."""

import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.dovecot import USER, Dovecot
from rigs.imap import Drop, ImapServer
from rigs.token_endpoint import TokenEndpoint, browse, saying

from config.model import Mailbox as Settings
from intake import authorize
from intake.mailbox import LoginRefused, Mailbox, Unreachable
from notifier.oauth import TokenRefused, Tokens

pytestmark = pytest.mark.e2e


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint(user=USER) as running:
        yield running


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "refresh"
    path.write_text("refresh-0\n")
    return path


def settings(server: Dovecot | ImapServer) -> Settings:
    return Settings.model_validate(
        {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "user": USER,
            "auth": "xoauth2",
            "timeout": 60,
            "command_timeout": 60,
        }
    )


def test_dovecot_lets_us_in_with_a_token_and_again_after_it_was_revoked(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    now = [0.0]
    tokens = Tokens(endpoint.settings(kept), "", lambda: now[0])
    with Dovecot(introspection_url=f"{endpoint.base}/introspect") as server:
        mailbox = Mailbox(settings(server), tokens)
        mailbox.open()
        assert mailbox.listed(set()) == []
        assert mailbox.can_idle
        mailbox.close()
        endpoint.valid.clear()  # revoked, or the machine slept: our counter does not know
        now[0] = 60.0
        mailbox.open()
        assert mailbox.listed(set()) == []
        mailbox.close()
        assert endpoint.valid == {"access-2"}


def test_dovecot_refuses_a_fresh_token_and_the_endpoint_is_not_hammered(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    tokens = Tokens(endpoint.settings(kept), "", lambda: 0.0)  # fresh however slow the login is
    endpoint.user = "somebody-else"
    with Dovecot(introspection_url=f"{endpoint.base}/introspect") as server:
        mailbox = Mailbox(settings(server), tokens)
        with pytest.raises((LoginRefused, Unreachable)):
            mailbox.open()
    assert len(endpoint.asked) == 1


def test_a_server_that_hangs_up_on_an_old_token_gets_a_new_one_the_next_time(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    def script(line: str) -> bytes | None:
        return Drop(b"* BYE no\r\n") if line.startswith("AUTHENTICATE") else None

    tokens = Tokens(endpoint.settings(kept), "")
    with ImapServer(script, capabilities="IMAP4rev1 AUTH=XOAUTH2") as server:
        for _ in range(2):
            with pytest.raises(Unreachable):
                Mailbox(settings(server), tokens).open()
    assert len(endpoint.asked) == 2


def test_without_a_token_nobody_connects(endpoint: TokenEndpoint, kept: Path) -> None:
    endpoint.scripts += [saying(503, b""), saying(400, {"error": "invalid_grant"})]
    tokens = Tokens(endpoint.settings(kept), "")
    with ImapServer(capabilities="IMAP4rev1 AUTH=XOAUTH2") as server:
        with pytest.raises(Unreachable):
            Mailbox(settings(server), tokens).open()
        with pytest.raises(LoginRefused, match="invalid_grant"):
            Mailbox(settings(server), tokens).open()
        assert server.commands == []


# --- the first refresh token --------------------------------------------------------------------


def test_a_browser_on_this_machine_says_yes(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    section = endpoint.settings(tmp_path / "data" / "refresh")
    waiting = authorize.Redirected()
    asked = authorize.consent(section, "ocop@caoloc.example", waiting.uri)

    def click() -> None:
        icon = waiting.uri + "favicon.ico"
        for page in (icon, browse(asked.url)):
            urllib.request.build_opener().open(page, timeout=60).read()

    browser = threading.Thread(target=click)
    browser.start()
    token = authorize.redeem(section, "", asked, waiting.wait(60))
    browser.join(60)
    authorize.keep(section, token)
    tokens = Tokens(section, "")
    assert tokens() == "access-2"


def test_an_answer_to_another_question_and_a_no_are_refused(endpoint: TokenEndpoint) -> None:
    section = endpoint.settings()
    asked = authorize.consent(section, "u", "http://localhost:8400/")
    other = authorize.consent(section, "u", "http://localhost:8400/")
    for came_back, why in (
        (browse(other.url), "another question"),
        (f"/?error=access_denied&state={asked.state}", "access_denied"),
        (f"/?state={asked.state}", "no answer"),
        ("nobody came in time", "another question"),
        ("", "another question"),
    ):
        with pytest.raises(TokenRefused, match=why):
            authorize.redeem(section, "", asked, came_back)
    assert endpoint.asked == []


def test_access_without_a_refresh_token_is_said(endpoint: TokenEndpoint) -> None:
    section = endpoint.settings()
    asked = authorize.consent(section, "u", "http://localhost:8400/")
    back = browse(asked.url)
    endpoint.scripts.append(saying(200, {"access_token": "a", "expires_in": 3600}))
    with pytest.raises(TokenRefused, match="offline_access"):
        authorize.redeem(section, "", asked, back)


def test_nobody_comes(endpoint: TokenEndpoint) -> None:
    assert authorize.Redirected().wait(0.1) == ""
    with pytest.raises(TokenRefused, match="authorize_endpoint"):
        authorize.consent(endpoint.settings(authorize_endpoint=""), "u", "http://localhost/")


def test_a_code_typed_in_on_another_device(endpoint: TokenEndpoint) -> None:
    shown: list[tuple[str, str]] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        endpoint.allowed = len(slept) == 4

    endpoint.scripts += [
        saying(400, {"error": "authorization_pending"}),
        saying(400, {"error": "slow_down"}),
        saying(503, b""),
    ]
    token = authorize.by_device(endpoint.settings(), "", lambda *seen: shown.append(seen), sleep)
    assert token == "refresh-4"
    assert shown == [(f"{endpoint.base}/code", "WDJB-MJHT")]
    assert slept == [1, 1, 6, 6]


def test_a_device_that_is_refused_or_forgotten(endpoint: TokenEndpoint) -> None:
    endpoint.scripts.append(saying(400, {"error": "access_denied"}))
    with pytest.raises(TokenRefused, match="access_denied"):
        authorize.by_device(endpoint.settings(), "", lambda *_: None, lambda _: None)
    with pytest.raises(TokenRefused, match="in time"):
        authorize.by_device(endpoint.settings(), "", lambda *_: None, lambda _: None)
    with pytest.raises(TokenRefused, match="device_endpoint"):
        authorize.by_device(
            endpoint.settings(device_endpoint=""), "", lambda *_: None, lambda _: None
        )
