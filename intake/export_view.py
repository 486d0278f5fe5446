"""A campaign's part of the registry as plain data for the archive; with or without persons. Pure.

Without persons is not masking: only what cannot hold a name, number or address of a person is left
– codes, instants, sizes, hashes, and the values of fields whose type allows nothing else.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from config.model import Campaign, Commune
from parsers.form import FieldType, Form
from parsers.reading import Finding, Letter
from registry.model import (
    CampaignState,
    Document,
    Event,
    HeldReason,
    Mail,
    Message,
    Point,
    ReportRow,
    SignedLetter,
    Submission,
)

View = dict[str, Any]
#: Types whose canonical values are figures, dates or words of the form itself.
_IMPERSONAL: frozenset[FieldType] = frozenset({"choice", "decimal", "stars", "date", "money"})
_FIGURES = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?|\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Material:
    """All that the registry holds of a campaign. ``documents`` are keyed by message id."""

    campaign: Campaign
    members: tuple[Commune, ...]
    state: CampaignState
    messages: tuple[Message, ...]
    documents: Mapping[int, Sequence[Document]]
    submissions: tuple[Submission, ...]
    mails: tuple[Mail, ...]
    reports: tuple[ReportRow, ...]
    events: tuple[Event, ...]


def registry_view(material: Material, *, redact: bool) -> View:
    """Return ``registry.json``: every version, point, value, finding, message and mail."""
    campaign, state = material.campaign, material.state
    return {
        "campaign": {
            "id": campaign.id,
            "title": campaign.title,
            "round": campaign.round,
            "opens_at": _at(campaign.opens_at),
            "deadline_at": _at(campaign.deadline_at),
            "closes_at": _at(campaign.closes_at),
            "launched_at": _at(state.launched_at),
            "closed_at": _at(state.closed_at),
            "silent": [code for code, _ in state.silent],
        },
        "fields": [
            {"key": one.key, "label": one.label, "type": one.type, "left_out": redact and not kept}
            for one in campaign.form.fields
            for kept in [one.key in impersonal_keys(campaign.form)]
        ],
        "communes": [
            {"code": one.code, "valid_from": one.valid_from.isoformat(), "title": one.title}
            for one in material.members
        ],
        "messages": [
            message_view(one, material.documents.get(one.id, ()), redact=redact)
            for one in material.messages
        ],
        "submissions": [
            submission_view(one, campaign.form, redact=redact) for one in material.submissions
        ],
        "mails": [mail_view(one, redact=redact) for one in material.mails],
        "reports": [report_view(one, redact=redact) for one in material.reports],
    }


def impersonal_keys(form: Form) -> frozenset[str]:
    """Return the fields whose values say nothing about a person, whoever filled them in."""
    return frozenset(one.key for one in form.fields if one.type in _IMPERSONAL and not one.personal)


def _is_impersonal(form: Form, key: str, value: str) -> bool:
    """Whether a value is a figure, a date or a word of the form: its type promises it, it is."""
    if key not in impersonal_keys(form):
        return False
    choices = {choice.value for choice in form.field(key).choices}
    return value in choices or _FIGURES.fullmatch(value) is not None


def message_view(message: Message, documents: Sequence[Document], *, redact: bool) -> View:
    """Return a message with its documents."""
    code = message.reason.partition(":")[0]
    view: View = {
        "id": message.id,
        "sha256": message.sha256,
        "size_bytes": message.size_bytes,
        "received_at": _at(message.received_at),
        "state": message.state,
        "verdict": message.verdict,
        "reason": code if code in get_args(HeldReason) or not redact else "",
        "commune": message.commune[0] if message.commune else None,
        "submission": message.submission_id,
        "decisions": message.decisions,
        "documents": [_document(one, redact=redact) for one in documents],
    }
    if not redact:
        view |= {
            "reason": message.reason,
            "sender": message.sender,
            "subject": message.subject,
            "message_id": message.rfc_message_id,
            "dated_at": _at(message.sent_at),
            "decided_by": message.forced_by,
        }
    return view


def _document(document: Document, *, redact: bool) -> View:
    view: View = {
        "ordinal": document.ordinal,
        "sha256": document.sha256,
        "size_bytes": document.size_bytes,
        "kind": document.kind,
        "role": document.role,
        "refusal": document.refusal_code,
        "item": document.item,
        "signature": document.signature,
    }
    return view if redact else view | {"name": document.name}


def submission_view(one: Submission, form: Form, *, redact: bool) -> View:
    """Return a version with its points and findings."""
    return {
        "id": one.id,
        "receipt": one.receipt,
        "commune": one.commune[0],
        "version": one.version,
        "current": one.current,
        "withdrawn": one.withdrawn,
        "state": one.state,
        "late": one.late,
        "after_close": one.after_close,
        "message": one.message_id,
        "read_from": one.source_id,
        "received_at": _at(one.received_at),
        "recorded_at": _at(one.recorded_at),
        "letter": _letter(one.letter, redact=redact),
        "points": [_point(point, form, redact=redact) for point in one.points],
        "findings": [_finding(finding, redact=redact) for finding in one.findings],
    }


def _point(point: Point, form: Form, *, redact: bool) -> View:
    row = point.row
    values = {
        key: {
            "value": value,
            "confidence": row.confidence.get(key, 1.0),
            **({} if redact else {"place": row.places.get(key, ""), "raw": row.raw.get(key, "")}),
        }
        for key, value in row.values.items()
        if not redact or _is_impersonal(form, key, value)
    }
    return {"ordinal": point.ordinal, "document": point.document_ordinal, "values": values}


def _letter(letter: Letter | None, *, redact: bool) -> View | None:
    if letter is None:
        return None
    return {"issued_on": _iso_day(letter.issued_on)} if redact else asdict(letter)


def _iso_day(text: str | None) -> str | None:
    """Return an ISO date, and nothing else that may stand in its place."""
    try:
        return dt.date.fromisoformat(text or "").isoformat()
    except ValueError:
        return None


def _finding(finding: Finding, *, redact: bool) -> View:
    view: View = {
        "severity": finding.severity,
        "code": finding.code,
        "field": finding.field,
        "row": finding.row,
    }
    return view if redact else view | {"place": finding.place, "message": finding.message}


def mail_view(mail: Mail, *, redact: bool) -> View:
    """Return a mail and what became of it."""
    view: View = {
        "id": mail.id,
        "kind": mail.kind,
        "state": mail.state,
        "redirected": mail.redirected,
        "commune": mail.commune[0] if mail.commune else None,
        "message": mail.message_id,
        "queued_at": _at(mail.queued_at),
        "sent_at": _at(mail.sent_at),
    }
    if redact:
        return view
    return view | {
        "key": mail.key,
        "recipient": mail.recipient,
        "subject": mail.subject,
        "message_id": mail.rfc_message_id,
        "server": mail.server,
        "response": mail.response,
    }


def report_view(report: ReportRow, *, redact: bool) -> View:
    """Return a frozen report."""
    view: View = {
        "number": report.number,
        "created_at": _at(report.created_at),
        "approved_at": _at(report.approved_at),
        "inputs_sha256": report.inputs_sha256,
        "files": [
            {"sha256": file.sha256, "size_bytes": file.size_bytes}
            | ({} if redact else {"name": file.name})
            for file in report.all_files
        ],
        "supplement": report.supplement,
        "base": report.base,
        "returned_at": _at(report.returned_at),
        "letter": _signed(report.letter, redact=redact),
    }
    said = {
        "approved_by": report.approved_by,
        "returned_by": report.returned_by,
        "returned_reason": report.returned_reason,
    }
    return view if redact else view | said


def _signed(letter: SignedLetter | None, *, redact: bool) -> View | None:
    """The signed letter that went out; without persons neither its signer nor its file's name."""
    if letter is None:
        return None
    view = asdict(letter)
    return {key: view[key] for key in view if not redact or key not in {"name", "signer"}}


def event_view(event: Event, *, redact: bool) -> View:
    """Return an event of the journal; without persons its hash alone stands for its data."""
    view: View = {
        "serial": event.serial,
        "at": _at(event.at),
        "kind": event.kind,
        "subject": event.subject,
        "sha256": event.sha256,
    }
    return view if redact else view | {"data": dict(event.data), "previous": event.previous}


def _at(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat() if moment else None
