"""Tokens: what makes a reply an answer to one mail of ours, by the one person whom it asked. Pure.

A token stands in the subject, which every mail program keeps in a reply: ``T12-240610-7Q2M…`` is
about message 12, good until 10/6/2024, and sealed together with what only that mail was about and
with the address it went to. Who did not get the mail cannot answer it, whatever his From says; nor
does a token that was forwarded serve anybody else.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from notifier.seal import fits, seal

#: What a token is about: T a held message (thư), B a report (báo cáo), H a question to a commune
#: (hỏi), each with its number.
Subject = Literal["T", "B", "H"]
Verdict = Literal["good", "expired", "forged"]

_PURPOSE = "token"
_SHAPE = re.compile(
    r"(?<![\w-])(?P<about>[TBH])(?P<number>[1-9]\d{0,8})-(?P<until>\d{6})-(?P<code>[0-9A-Z]{16})(?![\w-])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was found: nothing of it is proven before `judge`."""

    about: Subject
    number: int
    until: dt.date
    code: str


def token(
    secret: bytes, about: Subject, number: int, key: str, addressee: str, until: dt.date
) -> str:
    """Return the token of a mail.

    ``key`` is the debt's: it names the message or report and the set of decisions that may be
    taken, so that a decided one makes the token stale. ``until`` is the last local day on which it
    is good, ``addressee`` the only address that may use it.
    """
    return f"{about}{number}-{until:%y%m%d}-{_code(secret, about, number, key, addressee, until)}"


def found_tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens that stand in a text (a subject), each once, at most ten."""
    return tuple(dict.fromkeys(_found(text[:2_000])))[:10]


def without_tokens(text: str) -> str:
    """Return a text without the tokens in it: what we quote of a mail must not ask once more."""
    return _SHAPE.sub("…", text)


def judge(one: Token, secret: bytes, key: str, addressee: str, today: dt.date) -> Verdict:
    """Say whether a token is good for this debt from this sender on this local day."""
    parts = (key, addressee.casefold(), f"{one.until:%Y%m%d}")
    if not fits(one.code, secret, _PURPOSE, one.about, str(one.number), *parts):
        return "forged"
    return "good" if today <= one.until else "expired"


def _code(
    secret: bytes, about: Subject, number: int, key: str, addressee: str, until: dt.date
) -> str:
    parts = (key, addressee.casefold(), f"{until:%Y%m%d}")
    return seal(secret, _PURPOSE, about, str(number), *parts)


def _found(text: str) -> Iterator[Token]:
    for match in _SHAPE.finditer(text):
        about = match["about"].upper()
        try:
            until = dt.datetime.strptime(match["until"], "%y%m%d").date()  # noqa: DTZ007  a day
        except ValueError:
            continue
        for kind in ("T", "B", "H"):
            if about == kind:
                yield Token(kind, int(match["number"]), until, match["code"].upper())
