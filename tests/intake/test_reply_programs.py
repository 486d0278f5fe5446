"""Own words out of real mail programs' replies to mails of ours: all of them, no more."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from rigs.replies import PROGRAMS, reply
from rigs.shipped import shipped

from config.model import Config
from intake.message import Parsed, parse
from intake.reply import own_words
from notifier.compose import Templates, compose
from notifier.sample import sample_dues

WHO = "xa@xa.example"


@pytest.fixture(scope="module")
def config() -> Config:
    return shipped()


@pytest.fixture(scope="module")
def ours(config: Config) -> list[bytes]:
    """Mails that people answer; those that quote an answer's words among them."""
    wanted = {"call", "draft", "held", "reminder", "ack-needs-fix", "ack-nil", "ack-letter-only"}
    templates = Templates(config.folder / "templates")
    kinds = {
        due.template: compose(due, context, templates)[0].raw
        for due, context in sample_dues(config)
        if due.template in wanted
    }
    assert kinds.keys() == wanted
    return list(kinds.values())


def only(raw: bytes, kind: str) -> bytes | None:
    """The same reply as a program sends it that writes only HTML, or only text."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    part = mail.get_body((kind,))
    if part is None:
        return None
    made = EmailMessage()
    for name in ("From", "To", "Subject", "Message-ID", "Date"):
        made[name] = mail[name]
    made.set_content(part.get_content(), subtype=kind, cte="base64")
    return made.as_bytes()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("words", ["ĐÚNG", "Xã không có nhu cầu.", "Dòng một\nDòng hai", ""])
def test_own_words_are_all_that_was_written(
    config: Config, ours: list[bytes], program: str, words: str
) -> None:
    limits = config.settings.limits

    def said(got: Parsed) -> str:
        assert not got.has_table, "a table of ours is nobody's form"
        assert not got.links
        return " ".join(own_words(got.text).split())

    for original in ours:
        raw = reply(program, original, words, sender=WHO)
        variants = [raw, only(raw, "html"), only(raw, "plain")]
        for each in filter(None, variants):
            assert said(parse(each, limits)) == " ".join(words.split())
