"""What is told of a refused login: the server's own words."""

from imap_tools.errors import MailboxLoginError

from intake.connection import _said


def test_a_refused_login_is_told_in_the_servers_words():
    error = MailboxLoginError(("NO", [b"[AUTHENTICATIONFAILED] Wrong password."]), "OK")
    assert _said(error) == "[AUTHENTICATIONFAILED] Wrong password."


def test_a_refusal_without_words_is_still_told():
    assert _said(MailboxLoginError(("NO", [None]), "OK"))
