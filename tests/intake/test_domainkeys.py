"""DKIM as the only proof of a sender: what a signature must cover, and what it never proves."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import letters
from rigs.domain_keys import HEADERS, Zone, ed25519_key, rsa_key, signed, weak_rsa_key

from intake.domainkeys import is_aligned, prove

SENDER = letters.SENDER  # …@commune.example
AT = dt.datetime(2024, 5, 17, tzinfo=dt.UTC)
MAIL = letters.multipart([letters.words("Xin gửi biểu"), letters.file()])


@pytest.fixture
def zone() -> Zone:
    return Zone().put("s1", "commune.example", rsa_key()[1])


def state(raw: bytes, zone: Zone, sender: str = SENDER, at: dt.datetime = AT) -> str:
    return prove(raw, sender, at, zone).state


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in HEADERS if name not in names)


# --- what proves ---


@pytest.mark.parametrize("body", [b"relaxed", b"simple"])
@pytest.mark.parametrize("header", [b"relaxed", b"simple"])
def test_a_signature_of_the_domain_proves(zone: Zone, header: bytes, body: bytes) -> None:
    found = prove(signed(MAIL, canon=(header, body)), SENDER, AT, zone)
    assert (found.state, found.why) == ("proven", "DKIM: commune.example")
    assert zone.asked == ["s1._domainkey.commune.example."]


def test_ed25519_proves_too() -> None:
    private, record = ed25519_key()
    zone = Zone().put("s1", "commune.example", record)
    assert state(signed(MAIL, key=private, algorithm=b"ed25519-sha256"), zone) == "proven"


def test_line_ends_that_were_changed_on_the_way_do_no_harm(zone: Zone) -> None:
    assert state(signed(MAIL).replace(b"\r\n", b"\n"), zone) == "proven"


def test_one_good_signature_among_others_is_enough(zone: Zone) -> None:
    """A relay's own on top of it, a broken one, an unreadable one."""
    raw = signed(signed(MAIL), "relay.example", selector="r")
    raw = b"DKIM-Signature: rubbish\r\nDKIM-Signature: v=1; d=commune.example; s=s1\r\n" + raw
    assert state(raw, zone) == "proven"


def test_the_domain_above_may_sign_and_no_other() -> None:
    record = rsa_key()[1]
    zone = Zone().put("s1", "caoloc.example", record).put("s1", "example", record)
    zone.put("s1", "evil.example", record).put("s1", "xa.hoacu.caoloc.example", record)
    mail = MAIL.replace(SENDER.encode(), b"xa@hoacu.caoloc.example")
    for domain, expected in (
        ("caoloc.example", "proven"),
        ("example", "unproven"),
        ("evil.example", "unproven"),
        ("xa.hoacu.caoloc.example", "unproven"),
    ):
        assert state(signed(mail, domain), zone, "xa@hoacu.caoloc.example") == expected, domain


@pytest.mark.parametrize(
    ("domain", "sender", "aligned"),
    [
        ("caoloc.example", "a@caoloc.example", True),
        ("CaoLoc.Example", "a@xa.caoloc.example", True),
        ("loc.example", "a@caoloc.example", False),
        ("example", "a@caoloc.example", False),
        ("caoloc.example.evil", "a@caoloc.example", False),
        ("xa.caoloc.example", "a@caoloc.example", False),
        ("", "a@caoloc.example", False),
        (".", "a@caoloc.example", False),
    ],
)
def test_alignment(domain: str, sender: str, aligned: bool) -> None:
    assert is_aligned(domain, sender) is aligned


# --- what does not ---


def test_no_signature_and_one_without_a_key(zone: Zone) -> None:
    assert state(MAIL, zone) == "unproven"
    assert state(signed(MAIL), Zone()) == "unproven"
    assert state(b"", zone) == "unproven"


def test_a_changed_body_or_header(zone: Zone) -> None:
    raw = signed(MAIL)
    assert state(raw.replace(b"Xin g", b"Xin h"), zone) == "unproven"
    assert state(raw.replace(b"Subject: ", b"Subject: Re: "), zone) == "unproven"
    assert state(raw + b"more\r\n", zone) == "unproven"


@pytest.mark.parametrize("name", ["From", "Subject", "Date", "Message-ID", "Content-Type"])
@pytest.mark.parametrize("oversigned", [True, False])
def test_a_header_that_was_added_later_does_not_pass(
    zone: Zone, name: str, oversigned: bool
) -> None:
    """Whether the signer signed it once more than it stands there, or not."""
    headers = (*HEADERS, name.lower()) if oversigned else HEADERS
    headers = headers if oversigned else tuple(dict.fromkeys(headers))
    raw = signed(MAIL, headers=headers)
    assert state(raw, zone) == "proven"
    line = f"{name}: nguoi.khac@commune.example\r\n".encode()
    assert state(line + raw, zone) == "unproven"
    head, _, body = raw.partition(b"\r\n\r\n")
    assert state(head + b"\r\n" + line + b"\r\n" + body, zone) == "unproven"


@pytest.mark.parametrize("name", ["subject", "date", "message-id", "content-type"])
def test_a_header_that_decides_must_be_signed(zone: Zone, name: str) -> None:
    """A Content-Type of one's own makes another message of a body that was signed."""
    found = prove(signed(MAIL, headers=without(name)), SENDER, AT, zone)
    assert found.state == "unproven"
    assert name in found.why


def test_a_signature_of_a_part_of_the_body(zone: Zone) -> None:
    raw = signed(MAIL, length=True)
    assert state(raw, zone) == "proven"
    assert state(raw + b"an attachment of somebody else\r\n", zone) == "unproven"


def test_expired(zone: Zone) -> None:
    """By the moment of arrival, not by today's clock: a replay must see the same."""
    raw = signed(MAIL, extra=b"x=%d" % AT.timestamp())
    assert state(raw, zone) == "proven"
    assert state(raw, zone, at=AT + dt.timedelta(seconds=1)) == "unproven"


def test_weak_and_oversized_keys_and_sha1(zone: Zone) -> None:
    for (private, record), expected in (
        (rsa_key(1024), "proven"),
        (weak_rsa_key(768), "unproven"),
        (rsa_key(4104), "unproven"),
    ):
        keys = Zone().put("s1", "commune.example", record)
        assert state(signed(MAIL, key=private), keys) == expected
    assert state(signed(MAIL, algorithm=b"rsa-sha1"), zone) == "unproven"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (b"; s=email", "proven"),
        (b"; s=tlsrpt", "unproven"),
        (b"; s=other", "unproven"),
        (b"; t=y", "unproven"),
        (b"; t=s", "proven"),
        (b"; h=sha256", "proven"),
        (b"; h=sha1", "unproven"),
        (b"; p=", "unproven"),
        (b"; " + b"n=x" * 2000, "unproven"),
    ],
)
def test_what_a_key_says_of_its_use(more: bytes, expected: str) -> None:
    zone = Zone().put("s1", "commune.example", rsa_key()[1] + more)
    assert state(signed(MAIL), zone) == expected


@pytest.mark.parametrize(
    "record",
    [
        b"", b"v=DKIM1; p=", b"v=DKIM1; k=rsa; p=AAAA", b"v=DKIM2; p=x", b"\xff\xfe", b"p=====",
        b"v=DKIM1; k=ed25519; p=AAAA", b"k=rot13; p=AAAA", b"v=DKIM1; k=rsa; p=" + b"MIIB" * 300,
    ],
)  # fmt: skip
def test_a_hostile_key_is_no_key(record: bytes) -> None:
    assert state(signed(MAIL), Zone().put("s1", "commune.example", record)) == "unproven"


@pytest.mark.parametrize(
    "line",
    [
        b"X-Note: a\rFrom: nguoi.khac@evil.example",
        b"From someone Fri May 17",
        b": empty",
        b"X \0: y",
    ],
)
def test_a_header_that_two_parsers_read_differently(zone: Zone, line: bytes) -> None:
    head, _, body = signed(MAIL).partition(b"\r\n\r\n")
    assert state(head + b"\r\n" + line + b"\r\n\r\n" + body, zone) == "unproven"


# --- DNS away ---


def test_dns_away_is_neither_a_proof_nor_a_failure(zone: Zone) -> None:
    zone.away = True
    found = prove(signed(MAIL), SENDER, AT, zone)
    assert found.state == "away"
    assert "commune.example" in found.why
    # A signature that cannot prove anything needs no answer.
    assert state(signed(MAIL, "evil.example"), zone) == "unproven"
    zone.away = False
    assert state(signed(MAIL), zone) == "proven"


# --- budgets ---


def test_many_signatures_ask_dns_a_few_times_only() -> None:
    raw = MAIL
    for number in range(12):
        raw = signed(raw, selector=f"k{number}")
    zone = Zone()
    assert state(raw, zone) == "unproven"
    assert len(zone.asked) == 5


@pytest.mark.parametrize(
    "raw",
    [
        b"DKIM-Signature: v=1; a=rsa-sha256; d=commune.example; s=s1; b=" + b"\r\n " * 30_000,
        b"DKIM-Signature: v=1; d=commune.example; b=" + b" " * 60_000 + b"!",
        b"DKIM-Signature: " + b"d=commune.example;" * 3_000,
        b"X: y\r\n" * 200_000,
    ],
)
def test_endless_headers_are_refused(zone: Zone, raw: bytes) -> None:
    assert state(raw + b"\r\nFrom: a@commune.example\r\n\r\nbody", zone) == "unproven"
    assert zone.asked == []


def test_blanks_without_end_cost_their_length_and_no_more(zone: Zone) -> None:
    """The expression for blanks at the end of lines would take hours for this body."""
    raw = signed(letters.plain("x y"))
    head, _, body = raw.partition(b"\r\n\r\n")
    stretched = body.replace(b"x y", b"x" + b" " * 2_000_000 + b"y")
    assert state(head + b"\r\n\r\n" + stretched, zone) == "proven"  # the same to "relaxed"


@settings(derandomize=True, deadline=None, max_examples=150)
@given(data=st.data())
def test_no_changed_mail_is_proven(data: st.DataObject) -> None:
    """One byte changed anywhere: proven only if what a reader sees is the same."""
    zone = Zone().put("s1", "commune.example", rsa_key()[1])
    raw = bytearray(signed(MAIL, canon=(b"simple", b"simple")))
    end_of_signature = raw.index(b"\r\nFrom:")
    at = data.draw(st.integers(0, len(raw) - 1))
    old, raw[at] = raw[at], data.draw(st.integers(0, 255))
    proven = state(bytes(raw), zone) == "proven"
    assert not proven or raw[at] == old or at < end_of_signature


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    tags=st.lists(
        st.tuples(
            st.sampled_from([*"vabcdhilqstxzkp", "bh"]),
            st.one_of(
                st.text(max_size=40),
                st.sampled_from(
                    [
                        "1",
                        "rsa-sha256",
                        "commune.example",
                        "from:subject",
                        "relaxed/relaxed",
                        "s1",
                        "9" * 60,
                        "-1",
                        "@",
                        "AAAA",
                        "/",
                        ":",
                    ]
                ),
            ),
        ),
        max_size=14,
    ),
    record=st.binary(max_size=200),
)
def test_signatures_of_any_shape_never_raise_nor_prove(
    tags: list[tuple[str, str]], record: bytes
) -> None:
    value = "; ".join(f"{name}={text}" for name, text in tags).encode("utf-8", "replace")
    raw = b"DKIM-Signature: " + value + b"\r\n" + MAIL
    assert prove(raw, SENDER, AT, lambda _: record).state == "unproven"
