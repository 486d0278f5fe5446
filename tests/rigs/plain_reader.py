"""Reads documents in this process: what the tests made themselves needs no jail."""

import hashlib
from dataclasses import dataclass, field

from parsers import read
from parsers.container import Opened, Room
from parsers.form import Form
from parsers.reading import Reading, Refusal


@dataclass
class PlainReader:
    """The surface of the jail. The same bytes are read once for each form."""

    known: dict[tuple[str, str], list[tuple[Form, Reading | Refusal]]] = field(default_factory=dict)
    #: How many it reads at once.
    width: int = 1
    trouble: str = ""

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        place = hashlib.sha256(data).hexdigest(), name
        results = self.known.setdefault(place, [])
        for other, result in results:
            if other == form:
                return result
        results.append((form, read(data, form, name=name)))
        return results[-1][1]

    def open(self, data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        del data, name, room
        return None

    def ready(self) -> tuple[str, ...]:
        """It always is, and confines nothing."""
        return ()
