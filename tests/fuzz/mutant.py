"""What a mutant is: a mail like one that arrives, and what may be expected of its reading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from random import Random
from typing import Literal

#: What the mutation did to the meaning of the document:
#:
#: ``any``       it may have hurt anything: whatever is recorded as complete must still be right.
#: ``same``      it hurt nothing: the reading must be that of the document as it was.
#: ``otherwise`` the document is whole by every sign it has and says something else now, which
#:               nobody can see (docs/known-limits.md); it must only be survived.
#: ``one byte``  one byte of a format without checksums changed: that a text or number in one row
#:               says something else now cannot be seen; everything else must be.
Meaning = Literal["any", "same", "otherwise", "one byte"]

#: Kinds in which every byte of content stands under a checksum (the zip's CRC-32).
CHECKED = frozenset({"xlsx", "xlsm", "xlsb", "ods", "odt", "docx", "zip"})


@dataclass(frozen=True, slots=True)
class Input:
    """A document to be mutated: its name as sent, its bytes, and its kind (``sniff``)."""

    name: str
    data: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutated document in its mail; ``detail`` says where it was changed."""

    detail: str
    mail: bytes
    meaning: Meaning = "any"


Mutator = Callable[[Input, Random], Iterator[Mutant]]


def posted(data: bytes, name: str, content_type: str = "application/octet-stream") -> bytes:
    """Return a commune's mail with this file attached, as a mailer writes it."""
    mail = EmailMessage()
    mail["From"] = "xahoacu@caoloc.example"
    mail["To"] = "ocop@caoloc.example"
    mail["Subject"] = "Gui bieu"
    mail["Date"] = "Thu, 16 May 2024 09:00:00 +0700"
    mail["Message-ID"] = "<bieu@hoacu.example>"
    mail.set_content("Kính gửi cán bộ tiếp nhận.")
    main, _, sub = content_type.partition("/")
    mail.add_attachment(data, main, sub, filename=name)
    return mail.as_bytes()


def mutant(one: Input, detail: str, data: bytes, meaning: Meaning = "any") -> Mutant:
    """Return a mutant of a document's own bytes, sent under its own name."""
    return Mutant(detail, posted(data, one.name), meaning)
