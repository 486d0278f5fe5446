"""Does the sender's domain itself vouch for a mail? DKIM signatures (RFC 6376) over the kept bytes.

dkimpy hashes and verifies; what a signature must cover to prove a sender is decided here, and is
more than DKIM asks. Everything that the sender wrote is bounded before dkimpy sees it (header
bytes, signatures, white space that its expressions would go over again and again, keys), so that
it takes milliseconds and needs no jail: nothing is unpacked, decoded or executed.
"""

import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import dkim
from dkim.canonicalization import CanonicalizationPolicy
from dkim.util import parse_tag_value

#: Name of a key → its TXT record, None when there is none. Raises `DnsAway`.
FindKey = Callable[[str], bytes | None]

_SIGNATURES = 5  # of the sender's domain; no honest mail has more
_SIGNATURE_BYTES, _KEY_BYTES = 4_000, 4_000
_SPACES = re.compile(rb"\s{40}")
_LEAST_BITS, _MOST_BITS, _LARGEST_EXPONENT = 1024, 4096, 2**32
_ALGORITHMS = {b"rsa-sha256": b"rsa", b"ed25519-sha256": b"ed25519"}  # rsa-sha1: RFC 8301
_DOMAIN = re.compile(rb"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,10}")
_HEADER_LINE = re.compile(rb"[!-9;-~]+:[^\0\r]*|[ \t][^\0\r]*")
#: What we act upon. A copy that the signature does not cover may have been added on the way; an
#: uncovered Content-Type can make another message of the very same body.
GUARDED = (
    b"from",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"content-type",
    b"content-transfer-encoding",
    b"content-disposition",
)
_quiet = logging.getLogger("intake.dkimpy")  # it would log what is in the mail
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class DnsAway(Exception):  # noqa: N818  named for what it says
    """No name server answered: nothing is known of the key, neither that it is there nor not."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the signatures of a mail prove about its sender; ``why`` is for operators.

    ``away``: a key could not be asked for now. It may be proven later.
    """

    state: Literal["proven", "unproven", "away"]
    why: str = ""


class _Refused(Exception):  # noqa: N818  an answer, not a fault
    """This signature proves nothing; says why."""


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail as dkimpy takes it apart: its headers, and its body with CRLF."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def prove(
    raw: bytes, sender: str, at: dt.datetime, find_key: FindKey, header_bytes: int = 64_000
) -> Proof:
    """Return whether a signature proves that the mail came from the domain of ``sender``.

    It does when it is valid, unexpired at ``at``, made by that domain or one above it, with a
    strong enough key, and covers the whole body and all copies of the headers in ``GUARDED``.
    Never raises.
    """
    try:
        mail = _taken_apart(raw, header_bytes)
        why, away = "no DKIM signature of its domain", ""
        for signature, tags in _signatures(mail, sender):
            try:
                _check_promises(mail, tags, at)
                _verify(mail, signature, tags, find_key)
            except _Refused as refusal:
                why = f"DKIM: {refusal}"
            except DnsAway as error:
                away = f"the key of {_text(tags[b'd'])} could not be asked for: {error}"
            else:
                return Proof("proven", f"DKIM: {_text(tags[b'd'])}")
    except _Refused as refusal:
        return Proof("unproven", f"DKIM: {refusal}")
    return Proof("away", away) if away else Proof("unproven", why)


def is_aligned(domain: str, sender: str) -> bool:
    """Whether a signing domain may vouch for an address: its own domain, or one above it.

    Only *above* it, unlike DMARC's relaxed mode: who runs a zone decides about the names in it
    anyway, so no list of public suffixes is needed to tell an owner from a neighbour. Two labels
    at least, for no one signs as a top-level domain.
    """
    domain, own = domain.lower(), sender.rpartition("@")[2].lower()
    return "." in domain and (own == domain or own.endswith(f".{domain}"))


# --- taking apart ---


def _taken_apart(raw: bytes, header_bytes: int) -> _Mail:
    """Take a mail apart in the one way on which all parsers agree, or refuse.

    A lone CR, a NUL, an mbox line or an empty name is where two parsers see two mails: the one
    that was signed, and the one that is read.
    """
    end = re.search(rb"\r?\n\r?\n", raw[: header_bytes + 4])
    if end is None:
        raise _Refused("its header is too long or has no end")
    lines = re.split(rb"\r?\n", raw[: end.start()])
    headers: list[list[bytes]] = []
    for line in lines:
        if not _HEADER_LINE.fullmatch(line):
            raise _Refused("its header can be read in two ways")
        if line[:1] in b" \t":
            if not headers:
                raise _Refused("its header can be read in two ways")
            headers[-1][1] += line + b"\r\n"
        else:
            name, _, value = line.partition(b":")
            headers.append([name, value + b"\r\n"])
    body = re.sub(rb"\r?\n", b"\r\n", raw[end.end() :])
    return _Mail(tuple((name, value) for name, value in headers), body)


def _signatures(
    mail: _Mail, sender: str
) -> Iterator[tuple[tuple[bytes, bytes], dict[bytes, bytes]]]:
    """Yield the signatures that could vouch for the sender, topmost first, with their tags."""
    count = 0
    for name, value in mail.headers:
        if name.strip().lower() != b"dkim-signature" or count == _SIGNATURES:
            continue
        if len(value) > _SIGNATURE_BYTES or _SPACES.search(value):
            continue
        try:
            tags = parse_tag_value(value)
        except Exception:  # noqa: BLE001, S112  what dkimpy cannot read is no signature
            continue
        if is_aligned(_text(tags.get(b"d", b"")), sender):
            count += 1
            yield (name, value), tags


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


# --- what a signature must promise ---


def _check_promises(mail: _Mail, tags: Mapping[bytes, bytes], at: dt.datetime) -> None:
    try:
        # Without its times: dkimpy asks the wall clock, with ten hours' grace.
        dkim.validate_signature_fields({k: v for k, v in tags.items() if k not in {b"t", b"x"}})
    except Exception as error:
        raise _Refused("the signature is malformed") from error
    if tags[b"a"] not in _ALGORITHMS:
        raise _Refused(f"the algorithm {_text(tags[b'a'])} is not accepted")
    if not _DOMAIN.fullmatch(tags[b"d"]) or not _DOMAIN.fullmatch(tags[b"s"]):
        raise _Refused("d= or s= is no domain name")
    expires = tags.get(b"x")
    if expires is not None and (
        not re.fullmatch(rb"\d{1,12}", expires) or int(expires) < at.timestamp()
    ):
        raise _Refused("the signature had expired when the mail arrived")
    _check_headers(mail, tags[b"h"])
    _check_body(mail, tags)


def _check_headers(mail: _Mail, listed: bytes) -> None:
    signed = Counter(name.strip().lower() for name in listed.split(b":"))
    there = Counter(name.strip().lower() for name, _ in mail.headers)
    if there[b"from"] != 1 or not signed[b"from"]:
        raise _Refused("From is not signed, or not once there")
    open_ones = [_text(name) for name in GUARDED if there[name] > signed[name]]
    if open_ones:
        raise _Refused(f"the signature does not cover {', '.join(open_ones)}")


def _check_body(mail: _Mail, tags: Mapping[bytes, bytes]) -> None:
    if b"l" not in tags:
        return
    try:
        policy = CanonicalizationPolicy.from_c_value(tags.get(b"c", b"simple/simple"))
        length = len(policy.canonicalize_body(_flat(mail.body, tags)))
    except Exception as error:
        raise _Refused("the signature is malformed") from error
    if int(tags[b"l"] or b"0") != length:
        raise _Refused("the signature covers only a part of the body")


def _flat(body: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """Return the body with each run of blanks as one, where they do not count anyway.

    Only for speed: dkimpy's expression for blanks at the end of lines takes time with the square
    of a run's length.
    """
    relaxed = tags.get(b"c", b"").partition(b"/")[2] == b"relaxed"
    return re.sub(rb"[\t ]+", b" ", body) if relaxed else body


# --- the signature itself ---


def _verify(
    mail: _Mail,
    signature: tuple[bytes, bytes],
    tags: dict[bytes, bytes],
    find_key: FindKey,
) -> None:
    name = f"{_text(tags[b's'])}._domainkey.{_text(tags[b'd'])}."
    record = find_key(name)
    if not record:
        raise _Refused(f"there is no key {name}")
    checker = dkim.DKIM(logger=_quiet, minkey=_LEAST_BITS)
    checker.headers, checker.body = [list(each) for each in mail.headers], _flat(mail.body, tags)
    checker.pk, checker.keysize, checker.ktag = _key(name, record, tags)
    include = [each.strip().lower() for each in tags[b"h"].split(b":")]
    try:
        valid = checker.verify_sig_process(tags, include, signature, None)
    except Exception as error:
        raise _Refused("the signature does not match the mail") from error
    if valid is not True:
        raise _Refused("the signature does not match the mail")


def _key(name: str, record: bytes, tags: Mapping[bytes, bytes]) -> tuple[object, int, bytes]:
    """Return (key, its bits, its type) of a key record that may be used for this signature."""
    if len(record) > _KEY_BYTES:
        raise _Refused(f"the key {name} is too long")
    try:
        said = parse_tag_value(record)
        key, bits, kind, _ = dkim.evaluate_pk(name, record)
    except Exception as error:
        raise _Refused(f"the key {name} cannot be read") from error
    flags = {each.strip() for each in said.get(b"t", b"").split(b":")}
    identity = tags.get(b"i", b"@" + tags[b"d"]).rpartition(b"@")[2]
    usable = (
        kind == _ALGORITHMS[tags[b"a"]]
        and said.get(b"s", b"*") in {b"*", b"email"}
        and b"sha256" in {each.strip() for each in said.get(b"h", b"sha256").split(b":")}
        and b"y" not in flags  # testing: the mail counts as unsigned (RFC 6376, 3.6.1)
        and (b"s" not in flags or identity.lower() == tags[b"d"].lower())
    )
    if not usable:
        raise _Refused(f"the key {name} is not meant for this")
    if kind == b"rsa" and not (
        _LEAST_BITS <= bits <= _MOST_BITS and key["publicExponent"] <= _LARGEST_EXPONENT
    ):
        raise _Refused(f"the key {name} has {bits} bits")
    return key, bits, kind
