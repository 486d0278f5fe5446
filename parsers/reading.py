"""What a parser understood of a document: the values that leave the jail.

Everything here is a frozen value made of strings, numbers and tuples, so that a reading can cross
the jail's pipe as JSON and be stored as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
Role = Literal["form", "letter", "dossier", "archive", "message", "unknown"]
RefusalCode = Literal[
    "encrypted",  # password-protected
    "damaged",  # starts like a known format and then breaks
    "empty",  # zero bytes, or no content at all
    "wrong-form",  # a table, but not this campaign's
    "blank-template",  # this campaign's table with nothing filled in
    "too-large",  # over a budget of bytes, cells, pages
    "timeout",  # over its time
    "unreadable",  # the reader died or has no text to read (a scan, for now)
    "unsupported",  # a format that nobody here reads
]

#: Below this a value is not certain and must come with a finding (DESIGN §7).
CERTAIN = 0.9


@dataclass(frozen=True, slots=True)
class Finding:
    """An error or warning about a field, row or document, with its place.

    ``message`` is Vietnamese, says what was found and what to write instead, and never quotes the
    value of a personal field. ``row`` counts data rows from 1; ``place`` is ``Biểu 1!B9``,
    ``table 2, row 3, cell 4`` or ``page 1, row 3, column 4``.
    """

    severity: Severity
    code: str
    message: str
    field: str | None = None
    row: int | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One data row. All four maps share the field keys; an empty value has no key in ``values``.

    ``values`` are canonical (DESIGN §6), ``raw`` is the text as written, ``confidence`` is 0–1.
    ``places`` also names the place of a required value that is missing.
    """

    values: Mapping[str, str]
    places: Mapping[str, str]
    confidence: Mapping[str, float]
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """The metadata of an official letter (công văn). ``None`` = blank or not found.

    ``number`` is số and ký hiệu together without inner spaces (``45/UBND-KT``), ``issued_on`` ISO,
    ``points_stated`` the number of points that its prose names.
    """

    number: str | None = None
    issued_on: str | None = None
    subject: str | None = None
    signer: str | None = None
    organ: str | None = None
    points_stated: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of one document.

    ``heading`` are the lines of letterhead and titles, top down (who sent it; never the body).
    ``text`` is the document's plain text, at most 20,000 characters (cited numbers, stamps).
    ``nil`` is true only for a positive statement that there is no need and no rows beside it.
    """

    kind: str
    role: Role
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    letter: Letter | None = None
    nil: bool = False
    heading: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document was not read: ``message`` in Vietnamese for the sender, ``detail`` for us."""

    code: RefusalCode
    message: str
    detail: str = ""
    kind: str = "unknown"
