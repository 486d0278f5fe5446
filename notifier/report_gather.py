"""Reads a campaign out of the registry into the inputs of its report."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from config.model import Campaign, Commune, Config
from notifier.criteria import ANSWERS, judge
from notifier.dossier import checklist
from notifier.facts import addressee, cited, title_field
from notifier.report_inputs import (
    BaseFacts,
    CommuneFacts,
    CriterionFacts,
    FieldFacts,
    FileFacts,
    ItemFacts,
    MailFacts,
    PointFacts,
    ReportInputs,
    VersionFacts,
)
from notifier.schedule import released_report
from parsers.reading import Row
from registry.model import (
    CommuneKey,
    CommuneState,
    Document,
    Mail,
    Message,
    Point,
    ReportRow,
    Snapshot,
    Submission,
    Window,
)
from registry.snapshot import state_without_answer, windows

_TOLD = {"call", "reminder", "silence"}


@dataclass(frozen=True, slots=True)
class Material:
    """What the registry holds of a campaign; documents and messages by message id.

    ``dossiers`` are the documents of each commune that belong to a dossier, whichever mail they
    came with.
    """

    snapshot: Snapshot
    submissions: tuple[Submission, ...]
    documents: Mapping[int, Sequence[Document]]
    messages: Mapping[int, Message]
    mails: tuple[Mail, ...]
    dossiers: Mapping[CommuneKey, Sequence[Document]] = field(default_factory=dict)


def build_inputs(
    config: Config, campaign: Campaign, material: Material, now: dt.datetime
) -> ReportInputs:
    """Return the inputs of a report made ``now``. Pure.

    The latest version that arrived before ``closes_at`` counts; once a report was released, the
    next one is a supplement and later versions count too (DESIGN §6).
    """
    office, report, snapshot = config.settings.office, campaign.report, material.snapshot
    base = released_report(snapshot, campaign)
    supplement = base is not None
    state = snapshot.campaigns.get(campaign.id)
    named = title_field(campaign.form)
    answers = _grouped(item for item in material.submissions if not item.withdrawn)
    told = _grouped(
        mail
        for mail in sorted(material.mails, key=_sent_order)
        if mail.commune and mail.campaign == campaign.id and mail.kind in _TOLD
    )
    communes = tuple(
        _commune(
            campaign,
            commune,
            material,
            answers.get(commune.key, []),
            told.get(commune.key, []),
            supplement=supplement,
        )
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
        base=_base(base) if base else None,
    )


def _base(base: ReportRow) -> BaseFacts:
    """What a supplement made now adds to; a draft that was never released leaves its number."""
    letter = base.letter
    return BaseFacts(
        supplement=base.supplement + 1,
        number=base.number,
        base_supplement=base.supplement,
        inputs_sha256=base.inputs_sha256,
        letter_number=letter.number if letter else "",
        letter_issued_on=letter.issued_on if letter else "",
    )


_Item = TypeVar("_Item", Submission, Mail)


def _grouped(items: Iterable[_Item]) -> dict[CommuneKey, list[_Item]]:
    """Return each commune's, in the same order: 3,321 communes do not look through them all."""
    groups: dict[CommuneKey, list[_Item]] = {}
    for item in items:
        if item.commune is not None:
            groups.setdefault(item.commune, []).append(item)
    return groups


def _commune(
    campaign: Campaign,
    commune: Commune,
    material: Material,
    answers: Sequence[Submission],
    told: Sequence[Mail],
    *,
    supplement: bool,
) -> CommuneFacts:
    mine = sorted(answers, key=lambda item: (item.received_at, item.version))
    versions = tuple(_version(item, material, campaign) for item in mine)
    countable = [item for item in versions if supplement or not item.after_close]
    counted = countable[-1] if countable else None
    points = next((m.points for m, v in zip(mine, versions, strict=True) if v is counted), ())
    heard = material.snapshot.heard.get((campaign.id, commune.key))
    return CommuneFacts(
        code=commune.code,
        valid_from=commune.valid_from,
        title=commune.title,
        addressee=addressee(commune),
        state=_state(campaign, commune.key, counted, material.snapshot),
        counted=counted,
        versions=versions,
        heard=heard.messages if heard else 0,
        first_heard_at=heard.first_at if heard else None,
        mails=tuple(map(_mail, told)),
        dossier=_dossier(campaign, points, material.dossiers.get(commune.key, ())),
    )


def _dossier(
    campaign: Campaign, points: Sequence[Point], documents: Sequence[Document]
) -> tuple[ItemFacts, ...]:
    if not points:
        return ()
    return tuple(
        ItemFacts(
            state.item.label,
            state.item.required,
            tuple((document.name, ordinal) for document, ordinal in state.documents),
            state.missing,
            tuple(document.name for document in state.expired),
        )
        for state in checklist(campaign, documents, points)
    )


def _criteria(campaign: Campaign, row: Row) -> tuple[CriterionFacts, ...]:
    form = campaign.form
    judged = (
        (criterion, judge(criterion, row.values, row.confidence, form))
        for criterion in campaign.criterion
    )
    return tuple(
        CriterionFacts(criterion.label, ANSWERS[found.answer], found.reason)
        for criterion, found in judged
    )


def _sent_order(mail: Mail) -> tuple[dt.datetime, str, str]:
    return mail.sent_at or mail.queued_at, mail.key, mail.recipient


def _state(
    campaign: Campaign,
    key: CommuneKey,
    counted: VersionFacts | None,
    snapshot: Snapshot,
) -> CommuneState:
    """The state in this report: what came after closing does not change it before a supplement."""
    if counted is not None:
        return counted.state
    return state_without_answer(snapshot, campaign.id, key, campaign.closes_at)


def _version(submission: Submission, material: Material, campaign: Campaign) -> VersionFacts:
    documents = {item.ordinal: item for item in material.documents.get(submission.source_id, ())}
    message = material.messages.get(submission.source_id)
    points = []
    for point in submission.points:
        source = documents.get(point.document_ordinal)
        points.append(
            PointFacts(
                values=point.row.values,
                raw=point.row.raw,
                places=point.row.places,
                confidence=point.row.confidence,
                file=source.name if source else "",
                sha256=source.sha256 if source else "",
                criteria=_criteria(campaign, point.row),
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
        bounced_at=mail.bounced_at,
    )


class Registry(Protocol):
    """What ``gather`` asks of the store."""

    def snapshot(  # noqa: D102  as the store's
        self, campaigns: Mapping[str, Window], *, contents: bool, findings: bool
    ) -> Snapshot: ...
    def submissions(  # noqa: D102
        self, campaign: str, key: CommuneKey | None = None
    ) -> Sequence[Submission]: ...
    def documents_of(  # noqa: D102
        self, message_ids: Sequence[int]
    ) -> Mapping[int, Sequence[Document]]: ...
    def messages_of(self, message_ids: Sequence[int]) -> Mapping[int, Message]: ...  # noqa: D102
    def mails(self, campaign: str | None = None) -> Sequence[Mail]: ...  # noqa: D102
    def dossiers(self, campaign: str) -> Mapping[CommuneKey, Sequence[Document]]: ...  # noqa: D102


def gather(store: Registry, config: Config, campaign: Campaign, now: dt.datetime) -> ReportInputs:
    """Read a campaign out of the registry and return the inputs of its report.

    Each table is asked for all communes at once, not for one after another.
    """
    submissions = tuple(store.submissions(campaign.id))
    ids = sorted({number for item in submissions for number in (item.message_id, item.source_id)})
    material = Material(
        snapshot=store.snapshot(windows([campaign]), contents=False, findings=False),
        submissions=submissions,
        documents=store.documents_of(ids),
        messages=store.messages_of(ids),
        mails=tuple(mail for mail in store.mails(campaign=campaign.id) if not mail.redirected),
        dossiers=store.dossiers(campaign.id),
    )
    return build_inputs(config, campaign, material, now)
