"""What can become of a mail that was handed to a server: five outcomes, no exceptions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took the mail over. ``response`` is its own words, ``server`` who said them."""

    response: str
    server: str


@dataclass(frozen=True, slots=True)
class Later:
    """Certainly not accepted, worth another try.

    ``everybody``: the trouble is the server's and not this mail's (no connection, no login now).
    """

    reason: str
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Never:
    """Refused for good: the same mail to the same recipient would be refused again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Lost after the final dot: accepted or not, nobody can tell (FAULTS §1 rule 4)."""

    reason: str


@dataclass(frozen=True, slots=True)
class AuthFailed:
    """The server must not be trusted, or does not let us send: all mail waits for the admin.

    Wrong password, certificate that does not verify, STARTTLS not offered, sender refused.
    """

    reason: str


Delivery = Sent | Later | Never | Unknown | AuthFailed
