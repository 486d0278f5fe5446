"""Access tokens against a token endpoint on loopback, and what goes wrong with one."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rigs.clerks import LoneClerk
from rigs.smtp import ScriptedSmtp
from rigs.token_endpoint import SECRET, TokenEndpoint, saying

from config.model import Settings, Smtp
from config.settings import ConfigProblems
from notifier.delivery import AuthFailed, Later, Letter, Sent
from notifier.oauth import Logins, TokenAway, TokenRefused, Tokens
from notifier.smtp import Courier


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint() as running:
        yield running


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "refresh"
    path.write_text("refresh-0\n")
    path.chmod(0o600)
    return path


def test_one_token_serves_until_shortly_before_its_end(endpoint: TokenEndpoint, kept: Path) -> None:
    now = [0.0]
    tokens = Tokens(endpoint.settings(kept), "", lambda: now[0])
    assert (tokens(), tokens()) == ("access-1", "access-1")
    now[0] = 3600 - 121
    assert tokens() == "access-1"
    now[0] = 3600 - 120
    assert tokens() == "access-2"
    assert [one["grant_type"] for one in endpoint.asked] == ["refresh_token"] * 2
    assert "client_secret" not in endpoint.asked[0]


@pytest.mark.parametrize(
    ("lasts", "good_for"), [("3600", 3480), (60, 30), (None, 180), (-1, 180), (0, 0)]
)
def test_however_the_endpoint_says_how_long_a_token_lasts(
    endpoint: TokenEndpoint, kept: Path, lasts: object, good_for: int
) -> None:
    now = [0.0]
    endpoint.lasts = lasts
    tokens = Tokens(endpoint.settings(kept), "", lambda: now[0])
    for moment in range(0, good_for, 10):
        now[0] = moment
        tokens()
    assert len(endpoint.asked) == (1 if good_for else 0)
    now[0] = good_for
    tokens()
    assert len(endpoint.asked) == (2 if good_for else 1)


def test_client_credentials_need_no_person_and_no_file(endpoint: TokenEndpoint) -> None:
    tokens = Tokens(endpoint.settings(flow="client-credentials"), SECRET)
    assert tokens() == "access-1"
    assert endpoint.asked[0]["scope"] == "mail"


def test_a_rotated_refresh_token_is_written_back_for_its_owner_only(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    endpoint.rotates = True
    kept.chmod(0o644)
    now = [0.0]
    tokens = Tokens(endpoint.settings(kept), "", lambda: now[0])
    for hour in range(3):
        now[0] = hour * 3600.0
        tokens()
    assert kept.read_text() == "refresh-3\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["refresh"]


def test_what_cannot_be_written_back_serves_this_process_until_somebody_writes_anew(
    endpoint: TokenEndpoint, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    endpoint.rotates = True
    now = [0.0]
    tokens = Tokens(endpoint.settings(kept), "", lambda: now[0])
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        for hour in range(2):
            now[0] = hour * 3600.0
            tokens()
    assert kept.read_text() == "refresh-0\n"
    assert [one["refresh_token"] for one in endpoint.asked] == ["refresh-0", "refresh-1"]
    now[0] = 7200.0
    tokens()
    assert kept.read_text() == "refresh-3\n"
    kept.write_text("given-by-a-person\n")
    endpoint.refresh = "given-by-a-person"
    now[0] = 10800.0
    assert tokens() == "access-4"


def test_two_processes_take_turns_at_a_token_that_is_good_for_one_use(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    endpoint.rotates = True
    found: list[str] = []
    both = [Tokens(endpoint.settings(kept), "") for _ in range(6)]
    threads = [threading.Thread(target=lambda one=one: found.append(one())) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [f"access-{number}" for number in range(1, 7)]


REFUSALS = ["invalid_grant", "invalid_client", "unauthorized_client", "interaction_required"]


@pytest.mark.parametrize("code", REFUSALS)
def test_a_dead_refresh_token_needs_a_person_and_tells_no_secret(
    endpoint: TokenEndpoint, kept: Path, code: str
) -> None:
    endpoint.scripts.append(saying(400, {"error": code, "error_description": "revoked\nby admin"}))
    with pytest.raises(TokenRefused) as caught:
        Tokens(endpoint.settings(kept), SECRET)()
    assert caught.value.code == code
    assert "revoked by admin" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "refresh-0" not in str(caught.value)


def test_no_refresh_token_yet_names_the_command(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "no-folder" / "none"):
        with pytest.raises(TokenRefused, match=r"intake authorize|cannot be read"):
            Tokens(endpoint.settings(path), "")()
    assert endpoint.asked == []


AWAY: dict[str, Callable[[TokenEndpoint], object]] = {
    "hang": lambda one: one.hang,
    "drip": lambda one: one.drip,
    "500": lambda _: saying(500, {"error": "server_error"}),
    "busy": lambda _: saying(400, {"error": "temporarily_unavailable"}),
    "page": lambda _: saying(200, b"<html>log in to the wifi</html>"),
    "soon": lambda _: saying(200, {"access_token": "a", "expires_in": "soon"}),
    "list": lambda _: saying(200, [1, 2]),
    "404": lambda _: saying(404, b"not here"),
    "empty": lambda _: saying(200, {}),
    "number": lambda _: saying(200, {"access_token": 7}),
    "line break": lambda _: saying(200, {"access_token": "a\r\nb"}),
}
#: These end with the time that we give them, all others with their answer.
NO_END = ("hang", "drip")


@pytest.mark.parametrize("what", AWAY)
def test_an_endpoint_that_is_away_or_makes_no_sense_passes_by_itself(
    endpoint: TokenEndpoint, kept: Path, what: str
) -> None:
    endpoint.scripts.append(AWAY[what](endpoint))  # type: ignore[arg-type]
    tokens = Tokens(endpoint.settings(kept, timeout="700ms" if what in NO_END else "60s"), "")
    with pytest.raises(TokenAway):
        tokens()
    endpoint.scripts.clear()  # who waits so short may be done before the question arrives
    tokens.settings = endpoint.settings(kept)
    assert tokens() in endpoint.valid
    assert len(endpoint.asked) == 2 or what in NO_END
    assert kept.read_text() == "refresh-0\n"


def test_nobody_listens_there(endpoint: TokenEndpoint, kept: Path) -> None:
    gone = endpoint.settings(kept, token_endpoint="http://127.0.0.1:1/token")
    with pytest.raises(TokenAway):
        Tokens(gone, "")()


def test_tls_is_verified(tmp_path: Path, kept: Path) -> None:
    with TokenEndpoint(tls=True) as endpoint:
        roots = tmp_path / "roots.pem"
        endpoint.authority.cert_pem.write_to_path(str(roots))
        assert Tokens(endpoint.settings(kept, ca_file=str(roots)), "")() == "access-1"
        with pytest.raises(TokenRefused, match="certificate"):
            Tokens(endpoint.settings(kept), "")()
        assert len(endpoint.asked) == 1


# --- logins -------------------------------------------------------------------------------------


def settings_of(endpoint: TokenEndpoint, kept: Path, **mailbox: object) -> Settings:
    server = {"host": "127.0.0.1", "port": 1, "security": "none", "user": "u", "auth": "xoauth2"}
    return Settings.model_validate(
        {
            "office": {
                "name": "Mẫu",
                "unit": "Mẫu",
                "place": "Mẫu",
                "address": "a@mau.example",
                "go_live_at": "2024-05-13T00:00:00+07:00",
            },
            "mailbox": server | mailbox,
            "smtp": server | {"from": "a@mau.example"},
            "officers": {"addresses": ["b@mau.example"]},
            "oauth": endpoint.settings(kept).model_dump(by_alias=True),
        }
    )


def test_both_servers_share_one_giver_until_the_settings_change(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    logins, settings = Logins({"P": "pw"}), settings_of(endpoint, kept)
    first = logins.of(settings, settings.mailbox)
    assert isinstance(first, Tokens)
    assert logins.of(settings, settings.smtp) is first
    other = settings.model_copy(
        update={"oauth": settings.oauth.model_copy(update={"scope": "other"})}
    )
    assert logins.of(other, other.smtp) is not first
    password = settings_of(endpoint, kept, auth="password", password_env="P")
    assert logins.of(password, password.mailbox) == "pw"


def test_a_client_secret_that_is_not_there(endpoint: TokenEndpoint, kept: Path) -> None:
    section = endpoint.settings(kept, client_secret_env="NOT_SET")
    with pytest.raises(ConfigProblems, match="NOT_SET"):
        Logins({}).tokens(section)


# --- SMTP ---------------------------------------------------------------------------------------


def smtp_settings(server: ScriptedSmtp) -> Smtp:
    return Smtp.model_validate(
        {
            "host": server.host,
            "port": server.port,
            "security": "none",
            "user": "ocop",
            "auth": "xoauth2",
            "from": "ocop@caoloc.example",
            "timeout": "60s",
            "after_data_timeout": "60s",
        }
    )


MAIL = b"From: ocop@caoloc.example\r\nTo: x@xa.example\r\nMessage-ID: <1@x>\r\n\r\nxin\r\n"


def send(courier: Courier) -> object:
    clerk = LoneClerk(Letter(1, "x@xa.example", MAIL), lambda: None)
    courier.carry(clerk)
    return clerk.outcome


def test_the_courier_logs_in_with_the_token_and_renews_one_that_was_revoked(
    endpoint: TokenEndpoint, kept: Path
) -> None:
    now = [0.0]
    tokens = Tokens(endpoint.settings(kept), "", lambda: now[0])
    with ScriptedSmtp(users={"ocop": "access-1"}, mechanisms="XOAUTH2") as server:
        with Courier(smtp_settings(server), tokens) as courier:
            assert isinstance(send(courier), Sent)
        server._users["ocop"] = "access-2"  # the first was revoked
        now[0] = 60.0
        with Courier(smtp_settings(server), tokens) as courier:
            assert isinstance(send(courier), Sent)
        assert len(endpoint.asked) == 2


def test_a_fresh_token_that_is_refused_is_not_hammered(endpoint: TokenEndpoint, kept: Path) -> None:
    tokens = Tokens(endpoint.settings(kept), "")
    with (
        ScriptedSmtp(users={"ocop": "none fits"}, mechanisms="XOAUTH2") as server,
        Courier(smtp_settings(server), tokens) as courier,
    ):
        assert isinstance(send(courier), AuthFailed)
        assert (len(endpoint.asked), server.connections) == (1, 1)
        assert isinstance(send(courier), AuthFailed)
        assert len(endpoint.asked) == 2  # at the next try a new one, of its own


def test_no_connection_is_made_without_a_token(endpoint: TokenEndpoint, kept: Path) -> None:
    tokens = Tokens(endpoint.settings(kept), "")
    with (
        ScriptedSmtp(users={"ocop": "x"}, mechanisms="XOAUTH2") as server,
        Courier(smtp_settings(server), tokens) as courier,
    ):
        endpoint.scripts += [saying(503, b""), saying(400, {"error": "invalid_grant"})]
        away, dead = send(courier), send(courier)
        assert isinstance(away, Later)
        assert away.everybody
        assert isinstance(dead, AuthFailed)
        assert "invalid_grant" in dead.reason
        assert server.connections == 0
