"""Everything a report is made of, frozen: the same inputs give the same files, byte for byte.

No row ids and no times of our own processing are in it, so that replaying the vault into an empty
registry gives the same inputs again (DESIGN §5, promise 8).
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol
from zoneinfo import ZoneInfo

from config.model import Campaign, Commune, Config
from notifier.view import addressee, cited, title_field
from parsers.reading import Finding, Letter
from registry.model import (
    CommuneKey,
    CommuneState,
    Document,
    Mail,
    Message,
    Snapshot,
    Submission,
    SubmissionState,
    Window,
)
from registry.snapshot import commune_state, windows

_TOLD = {"call", "reminder", "silence"}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that a commune sent."""

    name: str
    sha256: str
    role: str


@dataclass(frozen=True, slots=True)
class PointFacts:
    """One point with the place of each value; ``raw`` is the text as written."""

    values: Mapping[str, str]
    raw: Mapping[str, str]
    places: Mapping[str, str]
    confidence: Mapping[str, float]
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version of a commune's answer."""

    version: int
    receipt: str
    state: SubmissionState
    received_at: dt.datetime
    late: bool
    after_close: bool
    message_sha256: str
    letter: Letter | None
    files: tuple[FileFacts, ...]
    points: tuple[PointFacts, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class MailFacts:
    """One of our mails to a commune: the evidence that it was asked."""

    kind: str
    recipient: str
    state: str
    at: dt.datetime
    server: str
    response: str


@dataclass(frozen=True, slots=True)
class CommuneFacts:
    """One commune: its state, the version that counts (if any), all versions, our mails to it."""

    code: str
    valid_from: dt.date
    title: str
    addressee: str
    state: CommuneState
    counted: VersionFacts | None
    versions: tuple[VersionFacts, ...]
    heard: int
    first_heard_at: dt.datetime | None
    mails: tuple[MailFacts, ...]

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """The points that count."""
        return self.counted.points if self.counted else ()


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One column of the form."""

    key: str
    label: str
    type: str
    required: bool
    title: bool


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """One report. ``made_at`` is its only clock; ``supplement`` = answers after closing count.

    ``basis`` are the documents of others that the campaign rests on, ``calls`` our own before it.
    """

    made_at: dt.datetime
    timezone: str
    office_name: str
    office_unit: str
    office_place: str
    office_parent: str
    campaign: str
    title: str
    round: int
    number: str
    basis: tuple[str, ...]
    calls: tuple[str, ...]
    deadline_at: dt.datetime
    closes_at: dt.datetime
    closed: bool
    silence: str
    late: str
    recipient: str
    report_title: str
    notation: str
    signer_authority: str
    signer_title: str
    supplement: bool
    fields: tuple[FieldFacts, ...]
    communes: tuple[CommuneFacts, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.timezone)

    def in_state(self, *states: CommuneState) -> tuple[CommuneFacts, ...]:
        """Return the communes in one of these states, in roster order."""
        return tuple(commune for commune in self.communes if commune.state in states)

    @property
    def registering(self) -> tuple[CommuneFacts, ...]:
        """The communes whose answer holds points."""
        return tuple(commune for commune in self.communes if commune.points)

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """All points that count."""
        return tuple(point for commune in self.communes for point in commune.points)


def total(points: Sequence[PointFacts], key: str) -> Decimal:
    """Return the sum of a numeric column; what is no number counts nothing."""
    result = Decimal(0)
    for point in points:
        try:
            value = Decimal(point.values.get(key, "0"))
        except InvalidOperation:
            continue
        result += value if value.is_finite() else 0
    return result


def inputs_json(inputs: ReportInputs) -> bytes:
    """Return the canonical JSON of a report's inputs; its sha256 freezes the report."""
    text = json.dumps(
        dataclasses.asdict(inputs),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        default=_plain,
    )
    return text.encode("utf-8", "backslashreplace")


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


@dataclass(frozen=True, slots=True)
class Material:
    """What the registry holds of a campaign; documents and messages by message id."""

    snapshot: Snapshot
    submissions: tuple[Submission, ...]
    documents: Mapping[int, Sequence[Document]]
    messages: Mapping[int, Message]
    mails: tuple[Mail, ...]


def build_inputs(
    config: Config, campaign: Campaign, material: Material, now: dt.datetime
) -> ReportInputs:
    """Return the inputs of a report made ``now``. Pure.

    The latest version that arrived before ``closes_at`` counts; once a report was released, the
    next one is a supplement and later versions count too (DESIGN §6).
    """
    office, report, snapshot = config.settings.office, campaign.report, material.snapshot
    supplement = any(
        row.campaign == campaign.id and row.approved_at is not None for row in snapshot.reports
    )
    state = snapshot.campaigns.get(campaign.id)
    named = title_field(campaign.form)
    communes = tuple(
        _commune(campaign, commune, material, supplement=supplement)
        for commune in config.members(campaign)
    )
    return ReportInputs(
        made_at=now,
        timezone=office.timezone,
        office_name=office.name,
        office_unit=office.unit,
        office_place=office.place,
        office_parent=office.parent,
        campaign=campaign.id,
        title=campaign.title,
        round=campaign.round,
        number=campaign.number,
        basis=tuple(cited(item) for item in campaign.basis if item.organ != office.name),
        calls=tuple(cited(item) for item in campaign.basis if item.organ == office.name),
        deadline_at=campaign.deadline_at,
        closes_at=campaign.closes_at,
        closed=state is not None and state.closed_at is not None,
        silence=campaign.silence,
        late=campaign.late,
        recipient=report.recipient,
        report_title=report.title or campaign.form.title,
        notation=report.notation,
        signer_authority=report.signer_authority,
        signer_title=report.signer_title,
        supplement=supplement,
        fields=tuple(
            FieldFacts(field.key, field.label, field.type, field.required, field is named)
            for field in campaign.form.fields
        ),
        communes=communes,
    )


def _commune(
    campaign: Campaign, commune: Commune, material: Material, *, supplement: bool
) -> CommuneFacts:
    mine = sorted(
        (
            item
            for item in material.submissions
            if item.commune == commune.key and not item.withdrawn
        ),
        key=lambda item: (item.received_at, item.version),
    )
    versions = tuple(_version(item, material) for item in mine)
    countable = [item for item in versions if supplement or not item.after_close]
    counted = countable[-1] if countable else None
    heard = material.snapshot.heard.get((campaign.id, commune.key))
    return CommuneFacts(
        code=commune.code,
        valid_from=commune.valid_from,
        title=commune.title,
        addressee=addressee(commune),
        state=_state(campaign, commune.key, counted, versions, material.snapshot),
        counted=counted,
        versions=versions,
        heard=heard.messages if heard else 0,
        first_heard_at=heard.first_at if heard else None,
        mails=tuple(
            _mail(mail)
            for mail in sorted(material.mails, key=_sent_order)
            if mail.commune == commune.key and mail.campaign == campaign.id and mail.kind in _TOLD
        ),
    )


def _sent_order(mail: Mail) -> tuple[dt.datetime, str, str]:
    return mail.sent_at or mail.queued_at, mail.key, mail.recipient


def _state(
    campaign: Campaign,
    key: CommuneKey,
    counted: VersionFacts | None,
    versions: tuple[VersionFacts, ...],
    snapshot: Snapshot,
) -> CommuneState:
    """The state in this report: what came after closing does not change it before a supplement."""
    if counted is not None:
        return counted.state
    state = snapshot.campaigns.get(campaign.id)
    if state is not None and key in state.silent:
        return "silent"
    return "needs-fix" if versions else commune_state(snapshot, campaign.id, key)


def _version(submission: Submission, material: Material) -> VersionFacts:
    documents = {item.ordinal: item for item in material.documents.get(submission.message_id, ())}
    message = material.messages.get(submission.message_id)
    points = []
    for point in submission.points:
        source = documents.get(point.document_ordinal)
        points.append(
            PointFacts(
                values=dict(point.row.values),
                raw=dict(point.row.raw),
                places=dict(point.row.places),
                confidence=dict(point.row.confidence),
                file=source.name if source else "",
                sha256=source.sha256 if source else "",
            )
        )
    return VersionFacts(
        version=submission.version,
        receipt=submission.receipt,
        state=submission.state,
        received_at=submission.received_at,
        late=submission.late,
        after_close=submission.after_close,
        message_sha256=message.sha256 if message else "",
        letter=submission.letter,
        files=tuple(FileFacts(item.name, item.sha256, item.role) for item in documents.values()),
        points=tuple(points),
        findings=submission.findings,
    )


def _mail(mail: Mail) -> MailFacts:
    return MailFacts(
        kind=mail.kind,
        recipient=mail.recipient,
        state=mail.state,
        at=mail.sent_at or mail.queued_at,
        server=mail.server,
        response=mail.response,
    )


class Registry(Protocol):
    """What ``gather`` asks of the store."""

    def snapshot(self, campaigns: Mapping[str, Window]) -> Snapshot: ...  # noqa: D102  as the store's
    def submissions(  # noqa: D102
        self, campaign: str, key: CommuneKey | None = None
    ) -> Sequence[Submission]: ...
    def documents(self, message_id: int) -> Sequence[Document]: ...  # noqa: D102
    def message(self, message_id: int) -> Message: ...  # noqa: D102
    def mails(self, campaign: str | None = None) -> Sequence[Mail]: ...  # noqa: D102


def gather(store: Registry, config: Config, campaign: Campaign, now: dt.datetime) -> ReportInputs:
    """Read a campaign out of the registry and return the inputs of its report."""
    submissions = tuple(store.submissions(campaign.id))
    ids = sorted({item.message_id for item in submissions})
    material = Material(
        snapshot=store.snapshot(windows([campaign])),
        submissions=submissions,
        documents={number: store.documents(number) for number in ids},
        messages={number: store.message(number) for number in ids},
        mails=tuple(store.mails(campaign=campaign.id)),
    )
    return build_inputs(config, campaign, material, now)
