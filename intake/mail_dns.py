"""What DNS says of our own address's domain: SPF, DKIM and DMARC (RFC 7208, 6376, 9989).

Pure but for the question itself, which is an argument. Others judge our mail by these records; a
missing one is why an acknowledgment lies in a commune's spam folder.
"""

import re
from collections.abc import Callable, Iterator
from email.parser import BytesHeaderParser
from email.policy import compat32

from intake.domainkeys import DnsAway

#: Full name → its TXT records. Raises `DnsAway` when nobody can tell.
Texts = Callable[[str], tuple[str, ...]]
_TAG = re.compile(r"\s*([A-Za-z]+)\s*=\s*([^;]*)")
#: Parents of a domain that are asked for a DMARC record (RFC 9989 walks the tree up likewise).
_STEPS = 8


def mail_records(address: str, raw: bytes, texts: Texts) -> list[str]:
    """Return one line for each of the three; ``raw`` is a mail of ours as it arrived.

    It names the selectors with which our server signs; without it DKIM cannot be looked up.
    """
    domain = address.rpartition("@")[2].strip("> ").lower()
    lines: list[str] = []
    looks: dict[str, Iterator[str]] = {
        "SPF": _spf(domain, texts),
        "DKIM": _dkim(domain, raw, texts),
        "DMARC": _dmarc(domain, texts),
    }
    for name, found in looks.items():
        try:
            lines += [f"{name} {line}" for line in found]
        except DnsAway as error:
            lines.append(f"{name} of {domain}: not checked, no resolver answers ({error})")
    return lines


def _spf(domain: str, texts: Texts) -> Iterator[str]:
    found = [one for one in texts(domain) if re.match(r"v=spf1(?: |$)", one, re.IGNORECASE)]
    if len(found) != 1:
        count = "no record" if not found else f"{len(found)} records, which counts as an error"
        yield f"of {domain}: {count}; ask whoever runs its DNS for one v=spf1 … line"
        return
    words = found[0].lower().split()
    if any(word.startswith("redirect=") for word in words) or {"-all", "~all"} & set(words):
        yield f"of {domain}: {found[0][:200]}"
    else:
        yield f"of {domain}: {found[0][:200]} – ends without -all or ~all: it excludes nobody"


def _dkim(domain: str, raw: bytes, texts: Texts) -> Iterator[str]:
    signed = selectors(raw)
    if not signed:
        yield f"of {domain}: not checked, no signature of ours was seen on a mail that arrived"
    for selector, of in signed:
        name = f"{selector}._domainkey.{of}"
        keys = [one for one in texts(name) if "p" in _tags(one)]
        if not keys:
            yield f"of {of}: it signs with {selector}, but there is no key at {name}"
        elif not _tags(keys[0])["p"]:
            yield f"of {of}: the key at {name} was revoked (p= is empty)"
        else:
            ours = of == domain or domain.endswith(f".{of}") or of.endswith(f".{domain}")
            note = "" if ours else f" – another domain than {domain}: it proves nothing for DMARC"
            yield f"of {of}: selector {selector}, key found{note}"


def selectors(raw: bytes) -> list[tuple[str, str]]:
    """Return (selector, domain) of the signatures in a mail's header, each once."""
    header = BytesHeaderParser(policy=compat32).parsebytes(raw)
    found = [_tags(str(value)) for value in header.get_all("DKIM-Signature", [])]
    named = [(tags.get("s", "").lower(), tags.get("d", "").lower()) for tags in found]
    return list(dict.fromkeys(pair for pair in named if all(map(_is_name, pair))))


def _is_name(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9_](?:[a-z0-9_.-]{0,200}[a-z0-9_])?", text))


def _tags(text: str) -> dict[str, str]:
    pairs = (_TAG.match(part) for part in text.split(";"))
    return {one[1].lower(): "".join(one[2].split()) for one in pairs if one}


def _dmarc(domain: str, texts: Texts) -> Iterator[str]:
    labels = domain.split(".")
    for start in range(min(len(labels) - 1, _STEPS)):
        of = ".".join(labels[start:])
        found = [one for one in texts(f"_dmarc.{of}") if one.startswith("v=DMARC1")]
        if len(found) == 1:
            policy = _tags(found[0]).get("p", "none")
            note = " – nothing is asked of forged mail" if policy == "none" else ""
            yield f"of {of}: p={policy}{note}"
            return
        if found:
            yield f"of {of}: {len(found)} records, which counts as none"
            return
    yield f"of {domain}: no record; ask whoever runs its DNS for _dmarc.{domain}"
