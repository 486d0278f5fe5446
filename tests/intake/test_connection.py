"""What is told of a server that is away or refuses the login: which, and in its own words."""

import socket

import pytest
from imap_tools.errors import MailboxLoginError

from config.model import Mailbox
from intake.connection import Connection, Unreachable, _said


def test_a_refused_login_is_told_in_the_servers_words():
    error = MailboxLoginError(("NO", [b"[AUTHENTICATIONFAILED] Wrong password."]), "OK")
    assert _said(error) == "[AUTHENTICATIONFAILED] Wrong password."


def test_a_refusal_without_words_is_still_told():
    assert _said(MailboxLoginError(("NO", [None]), "OK"))


def test_a_server_that_is_away_is_named():
    with socket.socket() as taken:  # bound but not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings = Mailbox(host="127.0.0.1", port=port, security="none", user="intake")
        with pytest.raises(Unreachable, match=f"^127.0.0.1:{port}: Connection refused$"):
            Connection(settings, "").open()
