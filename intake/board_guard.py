"""Who may look at the board: name and password, and how often somebody may be wrong. No I/O.

HTTP Basic (RFC 7617). Guessing is limited for each address that asks: once it has been wrong too
often, not even the right password is looked at until the window has passed, so that many guesses
at the same time learn nothing.
"""

import base64
import binascii
import hmac
import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

Answer = Literal["open", "unasked", "wrong", "locked"]
#: So many wrong tries are allowed in so many seconds.
TRIES, WINDOW_SECONDS = 10, 300.0
#: So many addresses are remembered; then the oldest is forgotten.
_ADDRESSES = 10_000
#: Behind one IPv6 line lies a whole network.
_V6_NETWORK = 64


@dataclass(slots=True)
class Guard:
    """Compares what a browser sends; without a password the door is open."""

    user: str = ""
    password: str = ""
    _wrong: "OrderedDict[str, list[float]]" = field(default_factory=OrderedDict)

    @property
    def asks(self) -> bool:
        """Whether anybody is asked for a password."""
        return bool(self.password)

    def answer(self, address: str, header: str | None, seconds: float) -> Answer:
        """Return whether this request may pass. ``seconds`` is a clock that never goes back."""
        if not self.asks:
            return "open"
        if header is None:
            return "unasked"
        who = _network(address)
        recent = [at for at in self._wrong.get(who, ()) if seconds - at < WINDOW_SECONDS]
        if len(recent) >= TRIES:
            return "locked"
        if self._right(header):
            return "open"
        self._wrong[who] = [*recent, seconds]
        self._wrong.move_to_end(who)
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        return "wrong"

    def _right(self, header: str) -> bool:
        """Compare in a time that does not depend on where the two differ."""
        sent = _credentials(header)
        known = f"{self.user}:{self.password}".encode()
        return hmac.compare_digest(sent, known)


def _credentials(header: str) -> bytes:
    """Return what the header says; nothing for another scheme or what is not base64."""
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _V6_NETWORK), strict=False))
    return address
