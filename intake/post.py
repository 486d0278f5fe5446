"""Decide, compose, queue: what is owed now becomes mails in the outbox."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import structlog

from config.model import Campaign, Commune
from intake.desk import Desk
from intake.enclosed import enclosed, enclosed_forms, is_disguised, may_be_enclosed
from intake.message import parse
from notifier.answered import answered
from notifier.answered_report import answered_by_department
from notifier.changes import differences
from notifier.compose import Attachment, Context, Templates, WordingProblem, compose
from notifier.correction import correction_workbook
from notifier.debt import ANSWERS, HELD_WHEN_UNSURE
from notifier.doubts import doubts
from notifier.due import Due, due
from notifier.fill_in import fill_in_workbook
from notifier.limits import HOUR, brake, braked_kinds
from notifier.redirect import redirected
from notifier.report_inputs import ReportInputs, read_inputs
from notifier.report_view import ReportFacts
from notifier.view import Target
from registry.errors import VaultAway
from registry.model import (
    CommuneKey,
    Document,
    Mail,
    MailKind,
    Message,
    NewMail,
    ReportRow,
    Snapshot,
    Submission,
)
from registry.snapshot import windows
from registry.vault import Vault, VaultDamaged

_log = structlog.get_logger("post")
#: Larger answers are not sent back as workbooks: nobody reviews so many red cells in a mail, and
#: the mailboxes of communes are small.
_MOST_POINTS, _MOST_BYTES = 300, 1_000_000
#: Answers that speak of what stands recorded.
_CORRECTED = frozenset(
    f"ack-{name}"
    for name in (
        *("registered", "needs-fix", "duplicate"),
        *("confirmed", "confirm-nothing", "confirm-older"),
    )
)
_AT_ONCE = 50  # dues that are composed and then queued in one transaction
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: Mails that bear the files of a report, whose number ends their key.
ABOUT_A_REPORT: frozenset[MailKind] = frozenset({"draft", "report", "returned"})
#: Mails that pass a message on, with its files.
_PASSED_ON: frozenset[MailKind] = frozenset({"held", "question", "department"})
#: Alerts that ask for decisions, which the admin does not take.
_OFFICERS_TOO = frozenset({"behind"})
_TYPES = {".xlsx": XLSX, ".docx": DOCX, ".pdf": "application/pdf", ".zip": "application/zip"}


def decide_and_queue(desk: Desk) -> int:
    """Queue every mail that is owed now; return how many are new.

    When the brake is pulled, unasked mail is queued as ``held``, and so are all answers if it was
    they that were too many, or everything but alerts when nobody can tell what has left already;
    `intake release` lets them go.
    """
    now = desk.clock()
    snapshot = _snapshot(desk)
    owed = due(snapshot, desk.config, desk.calendar, now)
    limits, answers = desk.config.settings.limits, any(one.kind in ANSWERS for one in owed)
    answered = desk.store.answers_since(now - HOUR) if answers else 0
    flood = brake(owed, limits, answered)
    if flood and snapshot.brake is None:
        desk.store.pull_brake(flood, now)
        _log.error("brake_pulled", reason=flood)
    braked = bool(flood or snapshot.brake)
    stopped = braked_kinds(owed, limits, answered) if braked else frozenset()
    if snapshot.brake and snapshot.brake.everything:
        stopped = HELD_WHEN_UNSURE
    templates, queued = desk.templates, 0
    for start in range(0, len(owed), _AT_ONCE):
        desk.alive()
        composed = _composed(desk, owed[start : start + _AT_ONCE], snapshot, templates, now)
        for held in (False, True):
            mails = [mail for mail in composed if (mail.kind in stopped) == held]
            queued += desk.store.queue(mails, now, held=held) if mails else 0
    return queued


def _snapshot(desk: Desk) -> Snapshot:
    """What decides, without the contents of the answers: those of one are read when it is told."""
    campaigns = windows(desk.config.campaigns)
    return desk.store.snapshot(campaigns, contents=False, findings=False)


def _with_contents(desk: Desk) -> Snapshot:
    return desk.store.snapshot(windows(desk.config.campaigns), findings=False)


def owed_at(desk: Desk, now: dt.datetime, keys: Collection[str]) -> list[NewMail]:
    """Return the mails of these keys that the registry as it stands owes at ``now``, rendered.

    For a replay: the inbox counts as read completely, and nothing is queued.

    Raises:
        VaultAway: a file that one of them shows cannot be read now.
    """
    snapshot = _snapshot(desk)
    snapshot = dataclasses.replace(snapshot, polled_at=now)
    owed = due(snapshot, desk.config, desk.calendar, now)
    wanted = [one for one in owed if one.key in keys]
    done = _rendered_all(desk, wanted, snapshot, desk.templates, now)
    if done.away:
        raise done.away
    return done.mails


def _composed(
    desk: Desk, owed: Sequence[Due], snapshot: Snapshot, templates: Templates, now: dt.datetime
) -> list[NewMail]:
    """Render what is owed; what a broken wording or a lost file keeps back waits, and is told."""
    done = _rendered_all(desk, owed, snapshot, templates, now)
    if done.problem:
        alert(desk, "wording", done.problem)
    if done.lost:
        alert(desk, "report", done.lost)
    return done.mails


@dataclasses.dataclass(frozen=True, slots=True)
class _Rendering:
    """Mails, the first problem of a wording, and the first file that is gone, or cannot be read."""

    mails: list[NewMail]
    problem: str
    lost: str
    away: VaultAway | None


def _rendered_all(
    desk: Desk, owed: Sequence[Due], snapshot: Snapshot, templates: Templates, now: dt.datetime
) -> _Rendering:
    """Render; all mails of one decision bear its moment, so that a replay makes the same bytes."""
    mails: list[NewMail] = []
    problem = lost = ""
    away: VaultAway | None = None
    for one in owed:
        try:
            with desk.store.one_moment():
                context = context_for(desk, one, snapshot, now)
            mails += compose(one, context, templates)
        except WordingProblem as broken:
            _log.error("wording_broken", key=one.key, template=one.template)
            problem = problem or str(broken)
        except (KeyError, VaultDamaged, OSError) as error:
            _log.error("file_lost", key=one.key, reason=str(error))
            lost = lost or f"{one.key}: a file of the vault is gone or damaged: {error}"
            away = away or (error if isinstance(error, VaultAway) else None)
    return _Rendering(mails, problem, lost, away)


def alert(desk: Desk, what: str, reason: str, about: str = "", tells: Sequence[int] = ()) -> bool:
    """Tell the admin of an event, at most once a day for each kind (and ``about``).

    What lasts (a server away, a full disk) is told by `intake.health`, also when it is over.
    ``tells`` are refused mails that it tells of (`Store.untold_refusals`). Return whether it is
    told, now or before.
    """
    today = desk.clock().astimezone(desk.config.settings.office.zone).date()
    key = f"alert/{what}/{today.isoformat()}{about and f'/{about}'}"
    return tell_admin(desk, key, {"what": what, "reason": reason}, tells)


def tell_admin(desk: Desk, key: str, facts: Mapping[str, str], tells: Sequence[int] = ()) -> bool:
    """Queue a mail to the admin (without one: to the officers); one for each key.

    Its bytes go into the vault too: nothing else in there would tell the trouble again. Return
    whether it is told, now or before: not while the wording of alerts is what is broken, and then
    what it ``tells`` stays untold.
    """
    now = desk.clock()
    one = _alert(desk, key, facts, now)
    told = desk.store.has_mail(key) or desk.store.has_mail(one.key)
    mails = [] if told else _rendered(desk, one, Context(desk.config, now))
    with contextlib.suppress(OSError):  # the trouble may be the disk
        for mail in mails[:1]:
            desk.vault.put(mail.raw)
    if mails or (told and tells):
        desk.store.queue(mails, now, tells=tells)
    return told or bool(mails)


def alert_mails(desk: Desk, key: str, facts: Mapping[str, str], now: dt.datetime) -> list[NewMail]:
    """Return the mails of an alert, one for each admin; its key is ``alert/<what>/…``."""
    return _rendered(desk, _alert(desk, key, facts, now), Context(desk.config, now))


def _alert(desk: Desk, key: str, facts: Mapping[str, str], now: dt.datetime) -> Due:
    officers, what = desk.config.settings.officers, key.split("/")[1]
    one = Due(
        kind="alert",
        key=key,
        to=officers.admin or officers.addresses,
        cc=officers.addresses if what in _OFFICERS_TOO and officers.admin else (),
        template="alert",
        not_before=now,
        facts={name: value[:2_000] for name, value in facts.items()},
    )
    return redirected(one, desk.config.settings)


def _rendered(desk: Desk, one: Due, context: Context) -> list[NewMail]:
    """An alert must not fail because the wording of alerts is what is broken."""
    try:
        return compose(one, context, desk.templates)
    except (WordingProblem, OSError):
        _log.error("wording_broken", key=one.key, template=one.template)
        return []


def context_for(desk: Desk, one: Due, snapshot: Snapshot, now: dt.datetime) -> Context:
    """Gather what the wording of one due may speak of; ``now`` is the moment of the decision."""
    store, config = desk.store, desk.config
    # A campaign whose file was taken away: its old messages are still answered, if the wording can.
    campaign = config.campaign_if_known(one.campaign)
    commune = commune_of(desk, one.commune)
    message = store.message(one.message_id) if one.message_id is not None else None
    submission = _submission(desk, message)
    previous = _previous(desk, message, submission, snapshot)
    enclosure = _enclosure(desk, one, message) if message else _Enclosure()
    standing = _standing(desk, submission)
    files = enclosure.files or _attachments(desk, one, campaign, commune)
    # Nobody is to mend a version that does not count.
    to_mend = None if standing else submission or previous
    return Context(
        config=config,
        now=now,
        campaign=campaign,
        commune=commune,
        message=message,
        documents=tuple(store.documents(message.id)) if message else (),
        submission=submission,
        previous=previous,
        standing=standing,
        evidence=_evidence(desk, one),
        unread=_unread(desk) if one.kind == "digest" else frozenset(),
        snapshot=snapshot,
        attachments=files or _correction(desk, one, campaign, commune, to_mend),
        dossier=_dossier(desk, one),
        report=_report(desk, one, campaign),
        secret=desk.vault.secret() if one.asks else b"",
        target=_target(desk, message),
        excerpt=enclosure.words,
        left_out=enclosure.left_out,
        with_contents=lambda: _with_contents(desk),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Enclosure:
    """What of a held message goes with its notice."""

    files: tuple[Attachment, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    words: str = ""


def _enclosure(desk: Desk, one: Due, message: Message) -> _Enclosure:
    """Take a held message apart as far as its wrapping goes; no file in it is opened."""
    limits = desk.config.settings.limits
    if one.kind not in _PASSED_ON or not message.sha256 or not may_be_enclosed(message):
        return _Enclosure()
    parsed = parse(desk.vault.get(message.sha256), limits)
    parts = [part for mail in (parsed, *parsed.nested) for part in mail.parts]
    if one.kind == "question":
        forms = {file.sha256 for file in desk.store.documents(message.id) if file.role == "form"}
        return _Enclosure(enclosed_forms(parts, forms, limits.notice_bytes))
    files, left_out = enclosed(message, parts, limits.notice_bytes)
    words = "" if is_disguised(message) else parsed.text or parsed.quoted
    return _Enclosure(files, left_out, words)


def _target(desk: Desk, message: Message | None) -> Target | None:
    """Return what an answer by reply was about; None for any other message."""
    told = answered(message) if message else None
    if told is None or told.about.startswith("B"):
        return None
    try:
        about = desk.store.message(told.number)
    except KeyError:  # a forged token of a message that never was
        return None
    brought = _submission(desk, about)
    return Target(
        about,
        commune_of(desk, about.commune),
        desk.config.campaign_if_known(about.campaign),
        brought,
        _standing(desk, brought),
    )


def commune_of(desk: Desk, key: CommuneKey | None) -> Commune | None:
    """Return the commune of this key, if the roster still has it."""
    return desk.config.commune(key)


def _submission(desk: Desk, message: Message | None) -> Submission | None:
    if message is None or message.submission_id is None:
        return None
    return desk.store.submission(message.submission_id)


def _unread(desk: Desk) -> frozenset[tuple[str, CommuneKey]]:
    return desk.store.newest_unread([campaign.id for campaign in desk.config.campaigns])


def _standing(desk: Desk, submission: Submission | None) -> Submission | None:
    """The version that counts instead of this one, which came earlier."""
    if submission is None or submission.current:
        return None
    return desk.store.current_submission(submission.campaign, submission.commune)


def _current(message: Message, snapshot: Snapshot) -> Submission | None:
    if message.campaign is None or message.commune is None:
        return None
    return snapshot.current.get((message.campaign, message.commune))


def _previous(
    desk: Desk, message: Message | None, submission: Submission | None, snapshot: Snapshot
) -> Submission | None:
    """The version replaced by this one; for an answer without a version, the current one."""
    if message is None:
        return None
    if submission is None:
        current = _current(message, snapshot)
        return desk.store.submission(current.id) if current else None
    if submission.version == 1 or not submission.current:  # one that came late replaces nothing
        return None
    return desk.store.submission_before(submission)


def _dossier(desk: Desk, one: Due) -> tuple[Document, ...]:
    if one.kind != "ack" or one.campaign is None or one.commune is None:
        return ()
    return tuple(desk.store.dossier(one.campaign, one.commune))


def _report_row(desk: Desk, one: Due, campaign: Campaign) -> ReportRow | None:
    """The report that a mail is about: its key names it, or the answer by reply that it answers."""
    if one.kind in ABOUT_A_REPORT:
        number = int(one.key.rsplit("/", 1)[1])
    else:
        number = _report_number(desk.store.message(one.message_id)) if one.message_id else 0
    if not number:
        return None
    return next((row for row in desk.store.reports(campaign.id) if row.number == number), None)


def _report_number(message: Message) -> int:
    """The report that an answer by reply, or the Department's, is about; 0 for none."""
    told, key = answered(message), answered_by_department(message)
    if told is not None:
        return told.number if told.about.startswith("B") else 0
    return key.number if key else 0


def _report(desk: Desk, one: Due, campaign: Campaign | None) -> ReportFacts | None:
    """The report that a mail is about; of a supplement also what differs, if it is still known."""
    row = _report_row(desk, one, campaign) if campaign else None
    if row is None:
        return None
    inputs = frozen_inputs(desk.vault, row.inputs_sha256)
    base = inputs.base if inputs else None
    was = frozen_inputs(desk.vault, base.inputs_sha256) if base else None
    changes = differences(was, inputs) if was and inputs else None
    return ReportFacts(row, inputs, was, changes)


def frozen_inputs(vault: Vault, sha256: str) -> ReportInputs | None:
    """Return the inputs of a frozen report; None when they are not known (any more).

    Raises:
        VaultAway: they cannot be read now.
    """
    try:
        return read_inputs(vault.get(sha256)) if sha256 else None
    except VaultAway:
        raise
    except (KeyError, ValueError, VaultDamaged, OSError) as error:
        _log.warning("inputs_lost", sha256=sha256, why=str(error))
        return None


def _evidence(desk: Desk, one: Due) -> tuple[Mail, ...]:
    if one.kind != "silence" or one.commune is None:
        return ()
    mails = desk.store.mails(campaign=one.campaign, commune=one.commune)
    return tuple(m for m in mails if m.kind in {"call", "reminder"} and not m.redirected)


def _correction(
    desk: Desk,
    one: Due,
    campaign: Campaign | None,
    commune: Commune | None,
    answer: Submission | None,
) -> tuple[Attachment, ...]:
    """The workbook in which a commune corrects its answer by replying; none where none is needed.

    What a commune wrote goes to nobody else: an officer who forwarded it has the original. What is
    too large for a mail is corrected in the commune's own file.
    """
    if one.template not in _CORRECTED or campaign is None or commune is None or answer is None:
        return ()
    own = {address.casefold() for address in (*commune.emails, *commune.chair_emails)}
    if not own.issuperset(address.casefold() for address in (*one.to, *one.cc)):
        return ()
    if answer.commune != commune.key or not 0 < len(answer.points) <= _MOST_POINTS:
        return ()
    if not (answer.errors or doubts(answer.points, answer.findings)):
        return ()
    office, secret = desk.config.settings.office, desk.vault.secret()
    book = correction_workbook(campaign, commune, office, answer, secret)
    name = f"Bieu can sua {campaign.id} {commune.code} lan {answer.version}.xlsx"
    return (Attachment(name, book, XLSX),) if len(book) <= _MOST_BYTES else ()


def _attachments(
    desk: Desk, one: Due, campaign: Campaign | None, commune: Commune | None
) -> tuple[Attachment, ...]:
    if campaign is None:
        return ()
    if one.kind == "call" and commune is not None:
        office, secret = desk.config.settings.office, desk.vault.secret()
        book = fill_in_workbook(campaign, commune, office, secret)
        return (Attachment(f"Bieu dang ky {campaign.id} {commune.code}.xlsx", book, XLSX),)
    if one.kind in ABOUT_A_REPORT:
        report = _report_row(desk, one, campaign)
        if report is None:
            return ()
        files = report.outgoing if one.kind == "report" else report.files
        return tuple(
            Attachment(
                file.name,
                desk.vault.get(file.sha256),
                _TYPES.get(file.name[file.name.rfind(".") :], "application/octet-stream"),
            )
            for file in files
        )
    return ()
