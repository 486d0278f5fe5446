"""Made-up mails of every kind: what `intake check` renders to find a broken wording early."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

from config.model import Campaign, Commune, Config
from notifier.answered import AnswerCode, Answered
from notifier.asked_commune import AskedCommune
from notifier.changes import differences
from notifier.debt import Asks
from notifier.due import Due
from notifier.facts import title_field
from notifier.mime import Attachment
from notifier.report_gather import Material, build_inputs
from notifier.report_inputs import BaseFacts, ReportInputs
from notifier.report_view import ReportFacts
from notifier.view import Context, Target
from parsers.reading import Finding, Letter, Row
from registry.model import (
    CampaignState,
    Document,
    Heard,
    Mail,
    MailKind,
    Message,
    Point,
    ReportRow,
    SignedLetter,
    Snapshot,
    Submission,
    SubmissionState,
)

ACKS = (
    "registered", "needs-fix", "nil", "duplicate", "letter-only", "dossier", "wrong-form",
    "blank-template", "unreadable", "link", "empty", "in-review", "too-large",
    "confirmed", "confirm-nothing", "confirm-older",
    "returned", "adoption",
)  # fmt: skip
_WITH_SUBMISSION = {"registered", "needs-fix", "nil", "confirmed"}
_OTHERS: tuple[MailKind, ...] = (
    "call", "silence", "held", "digest", "draft", "report", "returned", "department",
    "stranger", "alert", "question",
)  # fmt: skip
_ASKED_ABOUT: tuple[MailKind, ...] = ("draft", "returned")
_ABOUT_A_REPORT: tuple[MailKind, ...] = ("draft", "report", "returned")
_SHA = "9f2c4be81d7a60355c0be1f4a6d2937e8b51c6f0d4a7e2931b8c5f60a1d2e3f4"


def sample_dues(config: Config) -> Iterator[tuple[Due, Context]]:
    """Yield each kind of mail that a campaign can owe, with its facts, early, late and closed."""
    for campaign in config.campaigns:
        members = config.members(campaign)
        if not members:
            continue
        for moment in (campaign.opens_at, campaign.deadline_at, campaign.closes_at):
            yield from _acks(config, campaign, members[0], moment)
        yield from _reminders(config, campaign, members[0])
        for kind in _OTHERS:
            yield due(kind, kind), context(config, campaign, members[0], campaign.closes_at)
        for kind in _ABOUT_A_REPORT:
            facts = context(config, campaign, members[0], campaign.closes_at)
            yield due(kind, kind), replace(facts, report=supplement(config, campaign))
            *_, inputs = sample_inputs(config, campaign)
            full = ReportFacts(ReportRow(1, campaign.id, 1, facts.now, _SHA, ()), inputs)
            yield due(kind, kind), replace(facts, report=full)
        yield from _decisions(config, campaign, members[0])
        yield from _report_decisions(config, campaign, members[0])
    yield due("alert", "alert"), Context(config, config.settings.office.go_live_at)


def sample_inputs(config: Config, campaign: Campaign) -> Iterator[ReportInputs]:
    """Yield the inputs of a report with points and of one in which nobody answered."""
    now = campaign.closes_at
    silent = tuple(member.key for member in config.members(campaign))
    closed = Snapshot(campaigns={campaign.id: CampaignState(campaign.id, now, now, silent)})
    yield build_inputs(config, campaign, Material(closed, (), {}, {}, ()), now)
    if not silent:
        return
    commune = config.members(campaign)[0]
    answer = submission(campaign, commune, campaign.deadline_at, "needs-fix")
    material = Material(
        _snapshot(config, campaign, answer, now),
        (answer,),
        {answer.message_id: _documents()},
        {answer.message_id: message(now)},
        _evidence(campaign, commune, now),
    )
    yield build_inputs(config, campaign, material, now)


def supplement(config: Config, campaign: Campaign) -> ReportFacts:
    """Return a supplement: released with a signed letter, and once returned (as none ever is)."""
    was, now = [*sample_inputs(config, campaign)][:2]
    base = BaseFacts(1, 1, 0, _SHA, "145/UBND-KT&HT", "2024-05-22")
    now = replace(now, base=base)
    letter = SignedLetter("Công văn.pdf", _SHA, 80_000, "valid", "146/UBND-KT&HT", "2024-05-24")
    row = ReportRow(
        2, campaign.id, 2, campaign.closes_at, _SHA, (), campaign.closes_at, "lanhdao@b.example",
        1, 1, campaign.closes_at, "lanhdao@b.example", "ví dụ", None, letter,
    )  # fmt: skip
    return ReportFacts(row, now, was, differences(was, now))


def _acks(
    config: Config, campaign: Campaign, commune: Commune, moment: dt.datetime
) -> Iterator[tuple[Due, Context]]:
    for ack in ACKS:
        facts = context(config, campaign, commune, moment)
        facts = replace(facts, message=replace(message(moment), ack=ack))
        if ack == "confirmed" and facts.submission:
            facts = replace(facts, submission=replace(facts.submission, read_from=11))
        if ack not in _WITH_SUBMISSION:
            facts = replace(facts, submission=None)
        elif ack == "nil":
            facts = replace(facts, submission=submission(campaign, commune, moment, "nil"))
        if facts.submission is not None:
            for later in ("registered", "nil"):
                counts = submission(campaign, commune, moment, later)
                yield due("ack", f"ack-{ack}"), replace(facts, previous=None, standing=counts)
        yield due("ack", f"ack-{ack}"), facts
        if facts.submission is None:
            nil = submission(campaign, commune, moment, "nil")
            yield due("ack", f"ack-{ack}"), replace(facts, previous=nil)
    bare = Context(config, moment, message=message(moment))
    for ack in set(ACKS) - _WITH_SUBMISSION:
        yield due("ack", f"ack-{ack}"), bare


def _report_decisions(
    config: Config, campaign: Campaign, commune: Commune
) -> Iterator[tuple[Due, Context]]:
    """What approvers and officers are asked about reports, and told of their answers."""
    asks = Asks("B", 1, "sample")
    facts = context(config, campaign, commune, campaign.closes_at)
    facts = replace(facts, addressee="a@b.example", submission=None)
    for kind in _ASKED_ABOUT:
        yield replace(due(kind, kind), asks=asks), facts
    for code, report in product(
        get_args(AnswerCode), (None, facts.report, supplement(config, campaign))
    ):
        said = Answered(code, "B1", ("cong-van.pdf",))
        reply = replace(message(facts.now), verdict="decision", reason=said.reason, ack="report")
        asked = None if report is None or said.done else asks
        told = replace(facts, message=reply, report=report)
        yield replace(due("ack", "ack-report"), asks=asked), told


def _decisions(
    config: Config, campaign: Campaign, commune: Commune
) -> Iterator[tuple[Due, Context]]:
    """What officers are asked, and what they are told of their answers, in every case."""
    now = campaign.opens_at
    asks = Asks("T", 12, "sample")
    held = replace(message(now), state="held", verdict="query", reason="words-only")
    facts = replace(
        context(config, campaign, commune, now),
        addressee="a@b.example",
        excerpt="Kính gửi phòng, xã gửi biểu.",
        left_out=(("anh.zip", "ví dụ"),),
    )
    yield replace(due("held", "held"), asks=asks), replace(facts, message=held)
    whose = AskedCommune(commune.title, commune.key, campaign.id, 2)
    strange = replace(held, verdict="stranger", reason=whose.reason)
    question = replace(due("question", "question"), asks=Asks("H", 12, "sample"))
    yield question, replace(facts, message=strange, submission=None)
    for code in ("answer-expired", "answer-stale", "answer-forged"):
        reply = replace(message(now), verdict="decision", reason=f"{code}: H12", ack="adoption")
        asked = question.asks if code == "answer-expired" else None
        yield replace(due("ack", "ack-adoption"), asks=asked), replace(facts, message=reply)
    targets = (
        None,
        Target(held, commune, campaign),
        Target(replace(held, state="kept"), commune, campaign),
        Target(replace(held, state="recorded"), commune, campaign, facts.submission),
    )
    for code, target in product(get_args(AnswerCode), targets):
        said = Answered(code, "T12", (commune.title,))
        reply = replace(message(now), verdict="decision", reason=said.reason, ack="decision")
        asked = None if target is None or said.done else asks
        told = replace(facts, message=reply, target=target, submission=None)
        yield replace(due("ack", "ack-decision"), asks=asked), told


def _reminders(
    config: Config, campaign: Campaign, commune: Commune
) -> Iterator[tuple[Due, Context]]:
    for template in sorted({step.template for step in campaign.remind}):
        facts = context(config, campaign, commune, campaign.opens_at)
        yield due("reminder", template), facts


def due(kind: MailKind, template: str) -> Due:
    """Return a debt of this kind and wording."""
    facts = {"what": "brake", "reason": "ví dụ"} if kind == "alert" else {}
    never = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    return Due(kind, f"sample/{template}", ("a@b.example",), template, never, facts=facts)


def context(config: Config, campaign: Campaign, commune: Commune, now: dt.datetime) -> Context:
    """Return facts of every sort for one commune."""
    current = submission(campaign, commune, now, "needs-fix")
    before = replace(current, id=1, version=1, current=False, points=current.points[:1])
    return Context(
        config=config,
        now=now,
        campaign=campaign,
        commune=commune,
        message=message(now),
        documents=_documents(),
        submission=current,
        previous=before,
        evidence=_evidence(campaign, commune, now),
        unread=frozenset({(campaign.id, commune.key)}),
        snapshot=_snapshot(config, campaign, current, now),
        attachments=(Attachment("Biểu đăng ký.xlsx", b"PK"),),
        report=ReportFacts(ReportRow(1, campaign.id, 1, now, _SHA, ())),
    )


def message(now: dt.datetime) -> Message:
    """Return a message as a commune might send it."""
    return Message(
        id=12,
        sha256=_SHA,
        size_bytes=61_000,
        received_at=now,
        state="recorded",
        sender="xa@example.example",
        subject="Báo cáo đăng ký điểm OCOP",
        rfc_message_id="<sample@xa.example>",
        verdict="submission",
        reason="ví dụ",
    )


def _documents() -> tuple[Document, ...]:
    return (
        Document(1, "Biểu đăng ký.xlsx", _SHA, 14_200, "xlsx", "form"),
        Document(2, "Công văn.pdf", _SHA[::-1], 80_000, "pdf", "unknown", "encrypted",
                 "Tệp có mật khẩu; đề nghị bỏ mật khẩu rồi gửi lại."),
    )  # fmt: skip


def submission(
    campaign: Campaign, commune: Commune, now: dt.datetime, state: SubmissionState
) -> Submission:
    """Return a version with points, an error and a warning; a nil return without them."""
    nil = state == "nil"
    return Submission(
        id=2,
        campaign=campaign.id,
        commune=commune.key,
        version=2,
        current=True,
        message_id=12,
        received_at=now,
        recorded_at=now,
        state=state,
        late=now >= campaign.deadline_at,
        after_close=now >= campaign.closes_at,
        receipt=f"{campaign.receipt_prefix}-{commune.code}-02-0",
        letter=Letter("45/UBND-KT", "2024-05-17"),
        points=() if nil else _points(campaign),
        findings=() if nil else _findings(campaign),
    )


def _points(campaign: Campaign) -> tuple[Point, ...]:
    named = title_field(campaign.form)
    amounts = {
        field.key: "50000000" if field.type == "money" else "35.5"
        for field in campaign.form.fields
        if field.type in {"money", "decimal"}
    }
    names = {named.key: "Điểm giới thiệu sản phẩm chợ trung tâm"} if named else {}
    values = amounts | names
    row = Row(values, dict.fromkeys(values, "Biểu 1!B9"), dict.fromkeys(values, 1.0))
    return Point(1, 1, row), Point(2, 1, replace(row, confidence=dict.fromkeys(values, 0.7)))


def _findings(campaign: Campaign) -> tuple[Finding, ...]:
    field = campaign.form.fields[-1].key
    return (
        Finding("error", "missing-value", "Ô bắt buộc còn trống; đề nghị ghi vào.",
                field, 2, "Biểu 1!F11"),
        Finding("warning", "unusual-value", "Giá trị khác thường; đề nghị kiểm tra.",
                field, 1, "table 2, row 3, cell 4"),
    )  # fmt: skip


def _evidence(campaign: Campaign, commune: Commune, now: dt.datetime) -> tuple[Mail, ...]:
    return (
        Mail(
            id=1,
            key="sample",
            recipient="xa@example.example",
            kind="reminder",
            subject="Nhắc",
            rfc_message_id="<sample@office.example>",
            state="sent",
            queued_at=now,
            sent_at=now,
            response="250 2.0.0 Ok",
            server="mx.example",
            campaign=campaign.id,
            commune=commune.key,
        ),
    )


def _snapshot(
    config: Config, campaign: Campaign, current: Submission, now: dt.datetime
) -> Snapshot:
    silent = tuple(member.key for member in config.members(campaign)[1:])
    return Snapshot(
        current={(campaign.id, current.commune): current},
        heard={(campaign.id, current.commune): Heard(now, now, 1, 0)},
        campaigns={campaign.id: CampaignState(campaign.id, now, now, silent)},
        held=(message(now),),
    )
