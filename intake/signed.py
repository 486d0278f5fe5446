"""A mail with what its opaque signatures wrap (S/MIME): parsed, opened elsewhere, parsed again.

Whoever is passed as ``Open`` (the jail) takes the envelope apart; the mail inside it belongs to the
message like any other part. What could not be opened stays a file, whose refusal says why.
"""

from collections.abc import Callable, Iterator

from config.model import Limits
from intake.message import parse
from intake.parsed import Parsed
from parsers.container import Opened, Room
from parsers.reading import Refusal

#: ``Jail.open``: what stands inside, or why not; None for a document like any other.
Open = Callable[[bytes, str, Room], Opened | Refusal | None]


def read_mail(raw: bytes, limits: Limits, open_: Open) -> Parsed:
    """Return what a message says, its signed parts opened with ``open_``.

    Signed once more inside what is signed: as deep as archives; what is deeper stays a file.
    Raises only what ``open_`` raises.
    """
    unsealed: dict[bytes, bytes | None] = {}
    asked: set[bytes] = set()
    parsed = parse(raw, limits)
    for _ in range(limits.archive_depth):
        fresh = set(_sealed(parsed)) - asked
        if not fresh:
            break
        for envelope in sorted(fresh):
            size = len(envelope)
            found = open_(envelope, "smime.p7m", Room(1, size, size))
            if isinstance(found, Opened) and found.members:
                unsealed[envelope] = found.members[0].data
            elif isinstance(found, Refusal) and found.code == "encrypted":
                unsealed[envelope] = None
        asked |= fresh
        parsed = parse(raw, limits, unsealed)
    return parsed


def _sealed(parsed: Parsed) -> Iterator[bytes]:
    yield from parsed.sealed
    for inner in parsed.nested:
        yield from _sealed(inner)
