"""SPF, DKIM and DMARC of our own address, as a resolver says – or when none answers."""

import dns.message
import dns.rcode
import dns.rrset
import pytest
from rigs.name_server import name_server, silent

from intake import dns as ours
from intake.domainkeys import DnsAway
from intake.mail_dns import mail_records, selectors

ADDRESS = "ocop@caoloc.langson.example"
SIGNED = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=langson.example; s=k1;\r\n h=from; b=AA\r\n"
    b"DKIM-Signature: v=1; d=relay.example; s=x2; b=BB\r\nSubject: x\r\n\r\nxin\r\n"
)
GOOD = {
    "caoloc.langson.example": ("v=spf1 mx -all", "another text"),
    "_dmarc.langson.example": ("v=DMARC1; p=quarantine",),
    "k1._domainkey.langson.example": ("v=DKIM1; p=MIIB",),
    "x2._domainkey.relay.example": ("v=DKIM1; p=MIIC",),
}


def told(records: dict[str, tuple[str, ...]], raw: bytes = SIGNED) -> list[str]:
    return mail_records(ADDRESS, raw, lambda name: records.get(name, ()))


def test_all_is_well() -> None:
    assert told(GOOD) == [
        "SPF of caoloc.langson.example: v=spf1 mx -all",
        "DKIM of langson.example: selector k1, key found",
        (
            "DKIM of relay.example: selector x2, key found – another domain than"
            " caoloc.langson.example: it proves nothing for DMARC"
        ),
        "DMARC of langson.example: p=quarantine",
    ]


@pytest.mark.parametrize(
    ("name", "records", "said"),
    [
        ("caoloc.langson.example", (), "no record"),
        ("caoloc.langson.example", ("v=spf1 a -all", "v=spf1 mx -all"), "2 records"),
        ("caoloc.langson.example", ("v=spf1 mx ?all",), "excludes nobody"),
        ("k1._domainkey.langson.example", (), "there is no key at k1._domainkey"),
        ("k1._domainkey.langson.example", ("v=DKIM1; p=",), "revoked"),
        ("_dmarc.langson.example", (), "no record"),
        ("_dmarc.langson.example", ("v=DMARC1; p=none",), "nothing is asked of forged mail"),
        ("_dmarc.langson.example", ("v=DMARC1; p=none", "v=DMARC1; p=reject"), "2 records"),
    ],
)
def test_what_is_wanting_is_said(name: str, records: tuple[str, ...], said: str) -> None:
    assert said in "\n".join(told(GOOD | {name: records}))


def test_without_a_mail_of_ours_the_selector_is_not_known() -> None:
    assert "DKIM of caoloc.langson.example: not checked" in "\n".join(told(GOOD, b""))


def test_no_resolver_answers() -> None:
    def away(_name: str) -> tuple[str, ...]:
        raise DnsAway("LifetimeTimeout")

    lines = mail_records(ADDRESS, SIGNED, away)
    assert len(lines) == 3
    assert all("not checked, no resolver answers" in line for line in lines)


def test_a_selector_that_is_no_name_is_not_asked_for() -> None:
    assert selectors(b"DKIM-Signature: d=a b;c.example; s=../x\r\n\r\n") == []


def answers(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query)
    name = query.question[0].name
    found = GOOD.get(name.to_text().rstrip("."))
    if found is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    else:
        texts = (f'"{one}"' for one in found)
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
    return response


def test_over_a_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_SECONDS", 60)
    with name_server(answers) as resolver:
        monkeypatch.setattr("dns.resolver.Resolver", lambda: resolver)
        assert mail_records(ADDRESS, SIGNED, ours.texts) == told(GOOD)


def test_a_name_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_SECONDS", 0.3)
    with name_server(silent) as resolver:
        monkeypatch.setattr("dns.resolver.Resolver", lambda: resolver)
        assert "not checked" in mail_records(ADDRESS, b"", ours.texts)[0]
