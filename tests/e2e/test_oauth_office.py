"""An office whose mailbox wants tokens: the dead refresh token is told, a new one is taken up."""

import datetime as dt
import queue
import stat
import threading
from dataclasses import replace

import pytest
from rigs.cast import moment
from rigs.dovecot import USER, Dovecot
from rigs.token_endpoint import TokenEndpoint, browse
from rigs.whole import ENV, Whole, mail
from typer.testing import CliRunner

from config.init import write_example
from config.settings import load
from intake import cli_admin
from intake.__main__ import app
from intake.reload import replace_config
from intake.service import Service

pytestmark = pytest.mark.e2e
HOA_CU_MAIL, OFFICER = "hoacu@caoloc.example", "canbo.ktht@caoloc.example"


def changes(endpoint: TokenEndpoint) -> dict[str, dict[str, str]]:
    return {
        "mailbox": {"auth": '"xoauth2"', "password_env": '""'},
        "oauth": {
            "token_endpoint": f'"{endpoint.base}/token"',
            "authorize_endpoint": f'"{endpoint.base}/authorize"',
            "client_id": '"tiep-nhan"',
            "scope": '"mail"',
        },
    }


def kept(whole: Whole, token: str) -> None:
    path = whole.folder / "data" / "oauth-refresh-token"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{token}\n")
    path.chmod(0o600)


def test_a_dead_refresh_token_is_told_at_once_and_a_new_one_needs_no_restart(tmp_path):
    with (
        TokenEndpoint(user=USER, refresh="good") as endpoint,
        Dovecot(introspection_url=f"{endpoint.base}/introspect") as server,
        Whole(tmp_path / "config", server, USER, moment(15), changes(endpoint)) as whole,
    ):
        kept(whole, "revoked")
        whole.deliver(mail(HOA_CU_MAIL, body="Xã không có nhu cầu hỗ trợ."))
        whole.tick()
        (told,) = whole.subjects(OFFICER)
        assert "không cho vào hộp thư" in told
        whole.tick(whole.now + dt.timedelta(minutes=1))
        assert len(endpoint.asked) == 1  # a refused login has its pause
        kept(whole, "good")
        whole.tick(whole.now + dt.timedelta(hours=1))
        assert [one.sender for one in whole.store.messages()] == [HOA_CU_MAIL]
        assert len(whole.subjects(HOA_CU_MAIL)) == 1
        assert "Bearer" not in str(whole.store.journal(1000))


def test_the_listener_hears_mail_with_the_same_token(tmp_path):
    with (
        TokenEndpoint(user=USER, refresh="good") as endpoint,
        Dovecot(introspection_url=f"{endpoint.base}/introspect") as server,
        Whole(tmp_path / "config", server, USER, moment(15), changes(endpoint)) as whole,
    ):
        kept(whole, "good")
        whole.tick()
        service, ended, heard = Service(whole.daemon, ENV), threading.Event(), None
        listener = threading.Thread(target=service._listen, args=[ended], daemon=True)
        listener.start()
        for _ in range(30):  # a letter before its IDLE is not announced
            whole.deliver(mail(HOA_CU_MAIL, body="Xã không có nhu cầu hỗ trợ."))
            try:
                heard = service.words.get(timeout=1)
                break
            except queue.Empty:
                continue
        ended.set()
        whole.deliver(mail(HOA_CU_MAIL, body="Xã không có nhu cầu hỗ trợ."))
        listener.join(timeout=30)
        assert heard == "tick"
        assert len(endpoint.asked) == 1


def test_an_endpoint_that_is_away_is_no_trouble_yet(tmp_path):
    with (
        TokenEndpoint(user=USER, refresh="good") as endpoint,
        Dovecot(introspection_url=f"{endpoint.base}/introspect") as server,
        Whole(tmp_path / "config", server, USER, moment(15), changes(endpoint)) as whole,
    ):
        kept(whole, "good")
        endpoint.scripts += [endpoint.hang] * 2
        section = whole.config.settings.oauth.model_copy(update={"timeout_seconds": 0.3})
        settings = whole.config.settings.model_copy(update={"oauth": section})
        patient = load(whole.folder, env=ENV)
        replace_config(whole.desk, replace(patient, settings=settings), ENV)
        whole.deliver(mail(HOA_CU_MAIL, body="Xã không có nhu cầu hỗ trợ."))
        whole.tick()
        assert "no token can be had now" in whole.daemon.trouble
        assert whole.subjects(OFFICER) == []
        whole.tick(whole.now + dt.timedelta(hours=1))
        assert whole.subjects(HOA_CU_MAIL) == []
        endpoint.scripts.clear()  # who waits so short may be gone before the question arrives
        replace_config(whole.desk, patient, ENV)
        whole.tick(whole.now + dt.timedelta(hours=2))
        assert len(whole.subjects(HOA_CU_MAIL)) == 1


class Pasting:
    """Whoever opens the printed address elsewhere and pastes where the browser ended."""

    def __init__(self, printed: list[str]) -> None:
        self.printed = printed

    def __call__(self) -> str:
        url = next(line for line in self.printed if "/authorize?" in line)
        return browse(url[url.index("http") :].split()[0])


def test_the_command_takes_a_pasted_address(tmp_path, monkeypatch):
    with (
        TokenEndpoint(user=USER) as endpoint,
        Dovecot(introspection_url=f"{endpoint.base}/introspect") as server,
        Whole(tmp_path / "config", server, USER, moment(15), changes(endpoint)) as whole,
    ):
        printed: list[str] = []
        monkeypatch.setattr(cli_admin, "echo", lambda text, **_: printed.append(str(text)))
        monkeypatch.setattr("builtins.input", Pasting(printed))
        arguments = ["--config", str(whole.folder), "authorize", "--paste"]
        done = CliRunner().invoke(app, arguments, env=ENV)
        assert done.exit_code == 0, printed
        path = whole.folder / "data" / "oauth-refresh-token"
        assert path.read_text() == "refresh-1\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any("refresh-1" in line for line in printed)
        whole.deliver(mail(HOA_CU_MAIL, body="Xã không có nhu cầu hỗ trợ."))
        whole.tick()
        assert len(whole.subjects(HOA_CU_MAIL)) == 1


def test_there_is_nothing_to_authorize_without_oauth(tmp_path):
    write_example(tmp_path / "config")
    done = CliRunner().invoke(app, ["--config", str(tmp_path / "config"), "authorize"])
    assert done.exit_code == 1
    assert "nothing to authorize" in done.output
