"""Readings made on another host: kept by who stands by, used by who works, or left alone.

A reading counts only where the bytes, the file's name, the form, the limits and the reading code
are those that would read here: then reading here would give the same. What was refused there is
read here again: a machine without time or memory says nothing of this one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from intake.opening import jail_limits
from parsers.container import Opened, Room
from parsers.fingerprint import code_fingerprint, is_current
from parsers.form import Form
from parsers.jail import JailLimits
from parsers.pipe import adapter, result_of
from parsers.reading import Reading, Refusal
from registry.errors import RegistryBusy, RegistryProblem
from registry.model import Message

if TYPE_CHECKING:
    from intake.desk import Desk, Reader

_log = structlog.get_logger("readings")


def reading_key(data: bytes, form: Form, name: str, limits: JailLimits, code: str) -> str:
    """Return the sha256 (hex) of all that decides what is read of a document."""
    written = adapter(Form).dump_json(form)
    allowed = json.dumps(asdict(limits), sort_keys=True).encode()
    parts = (data, name.encode("utf-8", "surrogatepass"), written, allowed, code.encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def with_readings(desk: "Desk", message: Message) -> "Desk":
    """Return the desk with what was read of a message elsewhere; the same one where nothing was."""
    if not desk.shared or not is_current():
        return desk
    try:
        answers = desk.store.readings_of(message.id)
    except (RegistryBusy, RegistryProblem, ValueError) as error:  # only a help
        _log.warning("readings_not_asked", message=message.id, reason=str(error))
        return desk
    if not answers:
        return desk
    return replace(desk, reader=Given(desk.reader, jail_limits(desk.config), answers, message.id))


@dataclass(frozen=True)
class _Around:
    """A reader around another one."""

    reader: "Reader"
    limits: JailLimits

    def open(self, data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        """Open a container, as the other."""
        return self.reader.open(data, name, room)

    def ready(self) -> tuple[str, ...]:
        """Make sure that documents can be read, as the other."""
        return self.reader.ready()

    @property
    def width(self) -> int:
        """How many documents to ask for at the same time, as the other."""
        return self.reader.width

    @property
    def trouble(self) -> str:
        """What is wrong with other machines, as the other says."""
        return self.reader.trouble

    def close(self) -> None:
        """Leave the other open: it is lent for one message."""

    def key(self, data: bytes, form: Form, name: str) -> str:
        """Return the key of a document here."""
        return reading_key(data, form, name, self.limits, code_fingerprint())


@dataclass(frozen=True)
class Given(_Around):
    """Takes what was read elsewhere, and reads what was not, or not as it would be read here."""

    answers: Mapping[str, str]
    message_id: int

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        """Return the reading of a document, wherever it was made."""
        answer = self.answers.get(self.key(data, form, name))
        if answer is not None:
            try:
                result, _ = result_of(answer.encode("utf-8", "surrogatepass"))
            except ValueError as error:
                _log.warning("reading_unusable", message=self.message_id, reason=str(error)[:200])
            else:
                _log.info("read_beside", message=self.message_id)
                return result
        return self.reader.read(data, form, name)


@dataclass(frozen=True)
class Keeping(_Around):
    """Keeps the readings that the other one made: key → what travels over the jail's pipe."""

    answers: dict[str, str] = field(default_factory=dict)

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        """Read a document as the other, and keep it."""
        result = self.reader.read(data, form, name)
        if isinstance(result, Reading):
            said = {"reading": adapter(Reading).dump_python(result, mode="json")}
            self.answers[self.key(data, form, name)] = json.dumps(said)
        return result
