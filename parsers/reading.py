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
    "unreadable",  # the reader died, or there is no text that can be read for certain
    "unsupported",  # a format that nobody here reads
]

#: A place on a page: its number from 1, then left, top, right, bottom as shares (0–1) of the page
#: as it is shown (upright, EXIF and /Rotate applied, nothing straightened).
Box = tuple[int, float, float, float, float]

SignatureState = Literal[
    "valid",  # intact, by a certificate under a known root
    "altered",  # bytes under the signature were changed
    "changed-later",  # the signed revision is intact, something else was added after it
    "unknown-root",  # intact, but its certificate leads to no root that is known here
    "expired",  # its certificate had ended when the document was signed or received
    "uncheckable",  # there is a signature, and nothing here can check it
]

#: Below this a value is not certain and must come with a finding (DESIGN §7).
CERTAIN = 0.9


@dataclass(frozen=True, slots=True)
class Finding:
    """An error or warning about a field, row or document, with its place.

    ``message`` is Vietnamese, says what was found and what to write instead, and never quotes the
    value of a personal field. ``row`` counts data rows from 1; ``place`` is ``Biểu 1!B9``,
    ``table 2, row 3, cell 4``, ``page 1, row 3, column 4`` or, for running text, ``line 12``.
    """

    severity: Severity
    code: str
    message: str
    field: str | None = None
    row: int | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A column whose caption the form does not know, or knows only by likeness (``field``).

    ``samples`` are at most three of its values, which may be personal: they go to no mail or log.
    """

    caption: str
    place: str
    field: str = ""
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One data row. All four maps share the field keys; an empty value has no key in ``values``.

    ``values`` are canonical (DESIGN §6), ``raw`` is the text as written, ``confidence`` is 0–1.
    ``places`` also names the place of a required value that is missing. ``boxes`` says where on the
    page a value stands, for the kinds that have pages. ``section`` is what the row stands under:
    its sheet's name and the group headings above it, outermost first, joined by ``" / "``.
    """

    values: Mapping[str, str]
    places: Mapping[str, str]
    confidence: Mapping[str, float]
    raw: Mapping[str, str] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)
    section: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A digital signature in a document: told to people, never a reason to refuse.

    ``signer`` is the certificate's common name, ``signed_at`` the claimed time (ISO, with zone).
    """

    state: SignatureState
    signer: str = ""
    signed_at: str = ""
    detail: str = ""


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
class OfficialMark:
    """What an official workbook claims to be; only who has the secret can tell whether it is.

    ``campaign`` and ``commune`` (code, with ``valid_from`` as ISO) are whom it was made for,
    ``form`` the version of the form (``official.form_version``), ``issue`` the receipt number of
    the answer that it corrects (empty: the first one), ``seal`` is over all of them. ``exact`` =
    its columns were known by their keys and not by their captions.
    """

    campaign: str
    commune: str
    valid_from: str
    form: str
    issue: str
    seal: str
    exact: bool = False

    @property
    def sealed(self) -> tuple[str, ...]:
        """What the seal is over, in order."""
        return self.campaign, self.commune, self.valid_from, self.form, self.issue


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of one document.

    ``heading`` are the lines of letterhead and titles, top down, those of every table that was read
    (who sent it; never the body).
    ``text`` is the document's plain text, at most 20,000 characters (cited numbers, stamps).
    ``nil`` is true only for a positive statement that there is no need and no rows beside it.
    ``signatures`` are the digital ones of a PDF, oldest first. ``official`` is what a workbook
    says of itself that claims to be ours.
    """

    kind: str
    role: Role
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    letter: Letter | None = None
    nil: bool = False
    heading: tuple[str, ...] = ()
    text: str = ""
    signatures: tuple[Signature, ...] = ()
    #: What was mended before anything looked at the text, one code each (``tcvn3``, ``vni``,
    #: ``mojibake`` …); the words as they were stand in ``Row.raw``.
    repairs: tuple[str, ...] = ()
    #: For whoever keeps the form; nothing follows from it.
    unknown: tuple[UnknownColumn, ...] = ()
    official: OfficialMark | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document was not read: ``message`` in Vietnamese for the sender, ``detail`` for us."""

    code: RefusalCode
    message: str
    detail: str = ""
    kind: str = "unknown"
    #: As in ``Reading``: of a table that shares a few columns with the form.
    unknown: tuple[UnknownColumn, ...] = ()
