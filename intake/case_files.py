"""The files of a case: unpacked, looked through by the scanner, and read in the jail.

The form of the likely campaign says what to look for; what could not be unpacked is a refusal.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

from config.model import Campaign
from intake.admission import scan
from intake.case import Case
from intake.containers import Note
from intake.desk import Desk
from intake.matching import CampaignMatch, Unsure
from intake.message import Part
from intake.record import ReadDocument
from intake.signed import Open
from intake.triage import secrecy
from intake.unpack import Unpacked, unpack
from notifier.workbook_mark import is_genuine
from parsers.container import Opened, Room
from parsers.form import Form
from parsers.letter import secrecy_mark
from parsers.reading import Reading, Refusal, RefusalCode
from parsers.sniff import has_pages
from registry.model import Outcome

_AT_ONCE = 8  # files of one message that are read at the same time, where the reader takes so many
#: Notes of which the sender hears, as documents that were refused; the others are trifles.
_NOTE_CODES: Mapping[str, RefusalCode] = MappingProxyType(
    {
        "too-large": "too-large",
        "too-many": "too-large",
        "too-deep": "too-large",
        "encrypted": "encrypted",
        "damaged": "damaged",
        "empty": "empty",
        "timeout": "timeout",
        "unreadable": "unreadable",
        "unsupported": "unsupported",
        "link": "unsupported",
    }
)


def unpacked_of(case: Case) -> Unpacked | Outcome:
    """Return what the message holds; its outcome, where it must not be looked at."""
    limits = case.desk.config.settings.limits
    unpacked = unpack(case.parsed, limits, opener(case.desk), case.is_ours)
    names = [part.name for part in unpacked.files] + [note.name for note in unpacked.notes]
    where = secrecy(unpacked.mails, names)
    if where:
        return case.secret(f"{where} inside a file")
    # The scanner knows mails and archives, but not all that was unpacked here.
    stopped = scan(case.desk, (part.data for part in unpacked.files))
    if stopped:
        return case.closed().stopped(stopped)
    return unpacked


def read_files(
    case: Case, campaign: CampaignMatch | Unsure, unpacked: Unpacked
) -> tuple[ReadDocument, ...]:
    """Read every file in the jail; what could not even be unwrapped is refused as well."""
    form = form_of(case, campaign)
    seen = [has_pages(part.data) for part in unpacked.files]
    looking = replace(form, words=_likely_words(case, campaign)) if any(seen) else form

    def result_of(part: Part, by_looking: bool) -> Reading | Refusal:
        read = case.desk.reader.read(part.data, looking if by_looking else form, part.name)
        case.desk.alive()
        return read

    most = min(case.desk.reader.width, _AT_ONCE)
    with ThreadPoolExecutor(most) as pool:  # its threads begin with the first file
        side_by_side = pool.map if len(unpacked.files) > 1 else map
        results = list(side_by_side(result_of, unpacked.files, seen))
    read = [
        ReadDocument(
            ordinal,
            part.name,
            hashlib.sha256(part.data).hexdigest(),
            len(part.data),
            result,
            _genuine(case, result),
        )
        for ordinal, (part, result) in enumerate(zip(unpacked.files, results, strict=True), start=1)
    ]
    return (*read, *refused_notes(unpacked.notes, len(read)))


def _genuine(case: Case, result: Reading | Refusal) -> bool | None:
    """Whether the mark of an official workbook is ours; None where there is none."""
    mark = result.official if isinstance(result, Reading) else None
    return None if mark is None else is_genuine(mark, case.desk.vault.secret())


def form_of(case: Case, campaign: CampaignMatch | Unsure) -> Form:
    """Return the form of the campaign, or of the one that it most likely is."""
    return _likely(case, campaign).form


def _likely(case: Case, campaign: CampaignMatch | Unsure) -> Campaign:
    """The campaign, or the first candidate: its form is good enough to look at the files."""
    config = case.desk.config
    if isinstance(campaign, CampaignMatch):
        return campaign.campaign
    known = [one for one in config.campaigns if one.id in campaign.candidates]
    return (known or list(config.campaigns))[0]


def _likely_words(case: Case, campaign: CampaignMatch | Unsure) -> tuple[str, ...]:
    """The communes' names, and what the sender's communes wrote before in this campaign.

    They help a recogniser of letters to tell words that differ in their marks only.
    """
    call = _likely(case, campaign)
    prose = [field.key for field in call.form.fields if field.type in {"text", "list"}]
    earlier = {
        point.row.values.get(key, "")
        for commune in case.senders
        for answer in case.desk.store.submissions(call.id, commune.key)
        if answer.recorded_at < case.begun_at
        for point in answer.points
        for key in prose
    }
    return (*(one.title for one in case.communes), *sorted(earlier - {""}))


def stamped(documents: Iterable[ReadDocument]) -> bool:
    """Whether a document turned out to bear a secrecy mark: nothing of it is recorded then."""
    read = (one.result for one in documents)
    return any(isinstance(one, Reading) and secrecy_mark(one.text.splitlines()) for one in read)


def refused_notes(notes: Sequence[Note], offset: int) -> tuple[ReadDocument, ...]:
    """Files that unpacking had to leave out, as documents that were refused."""
    told = [note for note in notes if note.code in _NOTE_CODES]
    return tuple(
        ReadDocument(
            offset + index,
            note.name,
            note.sha256 or hashlib.sha256(f"{note.code} {note.name}".encode()).hexdigest(),
            note.size_bytes,
            Refusal(_NOTE_CODES[note.code], note.message, note.code, note.kind),
        )
        for index, note in enumerate(told, start=1)
    )


def opener(desk: Desk) -> Open:
    """Return the way to open containers: in the jail, and each one opened is work done."""

    def open_(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        opened = desk.reader.open(data, name, room)
        desk.alive()
        return opened

    return open_
