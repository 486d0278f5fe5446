"""DNS: the questions that this program asks it, all for TXT records."""

import dns.exception
import dns.name
import dns.resolver

from intake.domainkeys import DnsAway

_SECONDS = 4.0  # for all servers of the machine together; the message is asked about again later


def key_record(name: str) -> bytes | None:
    """Return the TXT record of this full name; None when there is none, or more than one.

    Raises:
        DnsAway: no server gave an answer that could be believed.
    """
    found = _records(name)
    return found[0] if len(found) == 1 else None  # of several none counts (RFC 6376, 3.6.2.2)


def texts(name: str) -> tuple[str, ...]:
    """Return all TXT records of this full name as text; none when there is no such name.

    Raises:
        DnsAway: no server gave an answer that could be believed.
    """
    return tuple(one.decode("utf-8", "replace") for one in _records(f"{name.rstrip('.')}."))


def _records(name: str) -> tuple[bytes, ...]:
    try:
        question = dns.name.from_text(name)
    except (dns.exception.DNSException, ValueError):
        return ()  # no such name can be: nothing to ask again for
    try:
        resolver = dns.resolver.Resolver()
        answer = resolver.resolve(question, "TXT", lifetime=_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError) as error:
        raise DnsAway(type(error).__name__) from error
    return tuple(b"".join(one.strings) for one in answer.rrset or ())
