"""DNS: the one question that this program asks it, for the key of a DKIM signature."""

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
    try:
        question = dns.name.from_text(name)
    except (dns.exception.DNSException, ValueError):
        return None  # no such name can be: nothing to ask again for
    try:
        resolver = dns.resolver.Resolver()
        answer = resolver.resolve(question, "TXT", lifetime=_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    except (dns.exception.DNSException, OSError) as error:
        raise DnsAway(type(error).__name__) from error
    if answer.rrset is None or len(answer.rrset) != 1:
        return None  # of several it is not defined which one counts (RFC 6376, 3.6.2.2)
    return b"".join(answer.rrset[0].strings)
