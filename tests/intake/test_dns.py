"""Asking for a key: what is an answer, and what is none."""

import dns.rcode
import pytest
from rigs.name_server import Answer, name_server, says, silent

from intake import dns as ours
from intake.domainkeys import DnsAway

NAME = "s1._domainkey.commune.example."


def ask(answer: Answer, monkeypatch: pytest.MonkeyPatch, seconds: float = 60) -> bytes | None:
    monkeypatch.setattr(ours, "_SECONDS", seconds)
    with name_server(answer) as resolver:
        monkeypatch.setattr("dns.resolver.Resolver", lambda: resolver)
        return ours.key_record(NAME)


@pytest.mark.parametrize(
    ("answer", "record"),
    [
        (says('"v=DKIM1; k=rsa; p=AAAA"'), b"v=DKIM1; k=rsa; p=AAAA"),
        (says('"v=DKIM1; p=AA" "BB"'), b"v=DKIM1; p=AABB"),  # long keys come in pieces
        (says('"v=DKIM1; p=AA"', '"v=DKIM1; p=BB"'), None),  # which one would count?
        (says(), None),
        (says(rcode=dns.rcode.NXDOMAIN), None),
    ],
)
def test_an_answer(answer: Answer, record: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(answer, monkeypatch) == record


@pytest.mark.parametrize(
    "answer", [silent, says(rcode=dns.rcode.SERVFAIL), says(rcode=dns.rcode.REFUSED)]
)
def test_no_answer(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DnsAway):
        ask(answer, monkeypatch, 0.5)


@pytest.mark.parametrize("name", [".." + NAME, "x" * 70 + "." + NAME, "a." * 200])
def test_a_name_that_dns_cannot_carry(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no such key, now and later: a mail must not wait for it."""
    with name_server(silent) as resolver:
        monkeypatch.setattr(ours, "_SECONDS", 0.2)
        monkeypatch.setattr("dns.resolver.Resolver", lambda: resolver)
        assert ours.key_record(name) is None
