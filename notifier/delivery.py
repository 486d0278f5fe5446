"""What can become of a mail that was handed to a server: five outcomes, no exceptions.

And how a courier and the outbox work together: the clerk gives out letters and writes down.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


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


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """A mail that may leave now: its number in the outbox, one recipient, its bytes."""

    mail_id: int
    recipient: str
    raw: bytes


class Clerk(Protocol):
    """Gives a courier its letters, and writes down what becomes of them. What it raises is final:
    nothing is taken or handed over after it."""  # noqa: D205, D209  one thought

    def take(self) -> Letter | None:
        """Return the next letter that may leave; None: none now, perhaps after an outcome."""

    def back(self, letter: Letter) -> None:
        """Take a letter back that could not be begun, as if it had never been taken."""

    def done(self, letter: Letter, delivery: Delivery) -> None:
        """Hear what became of a letter; it is written down with the next `write`."""

    def write(self, handing: Sequence[Letter]) -> Collection[int]:
        """Write down what was heard and what is about to be handed over, in one transaction.

        Return the numbers of those of ``handing`` whose content may leave.
        """

    @property
    def waiting(self) -> int:
        """How many letters may still be taken, at most."""
