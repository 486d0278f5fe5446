"""What a wording may speak of: every fact of a mail as plain text, lists and maps.

The templates get nothing else: no objects of ours, so the sandbox has nothing to leak, and every
key is always there (None or empty when it does not apply), so StrictUndefined finds misspellings.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from config.model import Campaign, Commune, Config
from notifier import finding_rows, wording
from notifier.again import unreached_of
from notifier.answered import answered
from notifier.asked_commune import asked_commune
from notifier.dossier import checklist, remarks
from notifier.doubts import TOLD_OTHERWISE, is_confirmed
from notifier.due import Due
from notifier.facts import Values, addressee, cited, point_names, sums
from notifier.held_reasons import in_vietnamese
from notifier.mime import Attachment
from notifier.options import options
from notifier.report_inputs import CommuneFacts, ReportInputs
from notifier.report_view import ReportFacts, report_view
from notifier.schedule import live
from notifier.token import token, without_tokens
from notifier.versions import told_changes, told_doubts
from notifier.when_asked import WhenAsked
from parsers.form import Form
from parsers.reading import Letter
from registry.model import (
    WHOSE_IS_OPEN,
    CommuneKey,
    Document,
    Mail,
    Message,
    Snapshot,
    Submission,
)
from registry.snapshot import commune_state

View = dict[str, Any]

#: More than this is no longer read in a mail; the rest is counted.
_POINTS_SHOWN, _FILES_SHOWN = 60, 50
#: So much of a held message's own words stands in its notice.
_WORDS_SHOWN = 600
#: And of what the Department wrote, which is passed on whole.
_LETTER_SHOWN = 4_000

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "submission": "biểu đăng ký",
        "correction": "bản sửa đổi",
        "nil": "trả lời không có nhu cầu",
        "confirmation": "xác nhận nội dung đã đọc là đúng",
        "duplicate": "gửi lại, nội dung giống hệt",
        "copy": "bản sao của một thư đã nhận",
        "letter-only": "có công văn, chưa có biểu",
        "dossier": "hồ sơ bổ sung",
        "wrong-form": "biểu không đúng mẫu",
        "blank-template": "biểu mẫu chưa điền",
        "unreadable": "tệp không đọc được",
        "link": "đường dẫn thay cho tệp",
        "empty": "thư không có nội dung",
        "query": "thư cần cán bộ xem",
        "approval": "ý kiến duyệt",
        "department": "thư trả lời của Sở",
        "decision": "trả lời câu hỏi của hệ thống",
        "bounce": "báo không gửi được",
        "auto-reply": "trả lời tự động",
        "own": "thư của chính hệ thống",
        "self-test": "thư tự kiểm tra của hệ thống",
        "automatic": "thư tự động",
        "loop": "thư quay vòng",
        "stranger": "người gửi ngoài danh bạ",
        "secret": "thư có dấu chỉ mức độ mật",
        "infected": "thư có mã độc",
        "unchecked": "thư chờ kiểm tra",
        "too-large": "thư vượt dung lượng",
        "old": "thư cũ",
    }
)

#: What an alert may be about (``Due.facts["what"]``).
ALERTS: Mapping[str, str] = MappingProxyType(
    {
        "brake": "Tạm dừng gửi thư hàng loạt",
        "config": "Cấu hình mới có lỗi, đang dùng cấu hình cũ",
        "poll": "Không đọc được hộp thư đến",
        "login": "Máy chủ không cho vào hộp thư đến",
        "uidvalidity": "Hộp thư đến đã được máy chủ đánh số lại",
        "smtp": "Không gửi được thư đi",
        "refused": "Có thư bị máy chủ thư từ chối",
        "template": "Mẫu thư có lỗi",
        "wording": "Mẫu thư có lỗi",
        "disk": "Ổ đĩa có lỗi hoặc đã đầy",
        "reader": "Không khởi động được bộ đọc tệp",
        "readers": "Các máy đọc tệp không dùng được hết, máy này đọc thay",
        "report": "Không lập được báo cáo",
        "behind": "Sổ đăng ký đã được phục hồi từ bản cũ",
        "journal": "Bản chép nhật ký trong kho gốc là của một sổ đăng ký khác",
        "journal-damaged": "Bản chép nhật ký trong kho gốc bị hỏng, đã được lập bản mới",
        "brought-up": "Sổ đăng ký cũ hơn kho gốc, đã được bổ sung",
        "scanner": "Phần mềm quét vi-rút không trả lời, thư đến đang chờ",
        "registry": "Không ghi được sổ đăng ký",
        "clock": "Đồng hồ của máy sai",
        "daemon": "Chương trình không còn hoạt động",
        "queue": "Có thư quá giờ chưa gửi được",
        "backlog": "Có thư đã nhận lâu mà chưa đọc",
        "calendar": "Chưa có lịch nghỉ của năm tới",
        "certificate": "Chứng thư sắp hết hạn",
        "backup": "Lâu chưa sao lưu",
        "board": "Không viết được bảng theo dõi",
        "vault": "Kho gốc không trả lời",
        "listen": "Không mở được bảng theo dõi trên mạng",
        "bounced": "Thư gửi đi bị trả lại",
        "unreached": "Có đơn vị chưa nhận được thư nào",
        "self-test": "Kết quả tự kiểm tra",
        "cap": "Một địa chỉ đã nhận quá nhiều thư, tạm dừng gửi",
    }
)
_FACTS: Mapping[str, str] = MappingProxyType(
    {
        "what": "Sự việc",
        "severity": "Mức độ",
        "since": "Bắt đầu lúc",
        "over": "Kết thúc lúc",
        "reason": "Chi tiết",
        "advice": "Cần làm",
        "date": "Ngày",
        "campaign": "Đợt",
        "address": "Địa chỉ",
        "commune": "Đơn vị",
        "next": "Việc tiếp theo",
        "note": "Lưu ý",
    }
)
_FACT_ORDER = tuple(_FACTS)
_SEVERITIES = {"broken": "nghiêm trọng, công việc đang dừng", "warning": "lưu ý"}
#: Alerts about communes and their mail: for the officers, not for whoever runs the machine.
_OFFICERS: frozenset[str] = frozenset({"bounced", "unreached"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a mail may speak of besides its due.

    ``previous`` is the version that this submission replaces, or, for a duplicate, the version
    already recorded; ``standing`` the one that counts, where this submission does not because it
    came earlier. ``evidence`` are the mails that went to the commune before. ``snapshot``
    serves the mails about a whole campaign (digest, draft, report). ``dossier`` are all documents
    that came for the commune's points, whichever mail brought them. ``report`` is the one that a
    draft, a report, an answer by reply or the Department's answer is about. ``secret`` seals the
    token of a mail that asks for a decision, ``addressee`` is whom this rendering of it is for.
    ``target`` is what an answer by reply was about. ``excerpt`` are the own words of a message that
    is passed on, ``left_out`` the (name, reason) of its files that do not go with the notice.
    """

    config: Config
    now: dt.datetime
    campaign: Campaign | None = None
    commune: Commune | None = None
    message: Message | None = None
    documents: tuple[Document, ...] = ()
    submission: Submission | None = None
    previous: Submission | None = None
    standing: Submission | None = None
    evidence: tuple[Mail, ...] = ()
    unread: frozenset[tuple[str, CommuneKey]] = frozenset()
    snapshot: Snapshot | None = None
    attachments: tuple[Attachment, ...] = ()
    dossier: tuple[Document, ...] = ()
    report: ReportFacts | None = None
    secret: bytes = b""
    addressee: str = ""
    target: "Target | None" = None
    excerpt: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    #: The same snapshot with the contents of the answers; ``snapshot`` itself may have none.
    with_contents: Callable[[], Snapshot] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A message that somebody's reply decided about, as it stands now."""

    message: Message
    commune: Commune | None = None
    campaign: Campaign | None = None
    submission: Submission | None = None
    #: The version that counts instead of it, if it came earlier than that.
    standing: Submission | None = None


def reply_token(due: Due, context: Context) -> str:
    """Return the token of a mail that asks for a decision; "" for any other."""
    if due.asks is None or not context.addressee:
        return ""
    asks, until = due.asks, _last_day(context)
    return token(context.secret, asks.about, asks.number, asks.key, context.addressee, until)


def _last_day(context: Context) -> dt.date:
    """The last local day on which a reply counts."""
    settings = context.config.settings
    today = context.now.astimezone(settings.office.zone).date()
    return today + dt.timedelta(days=settings.security.reply_days)


def view(due: Due, context: Context) -> View:
    """Return the facts of one mail, for ``Templates.render``."""
    campaign = context.campaign
    return {
        "kind": due.kind,
        "meant_for": wording.clean(", ".join(due.meant_for), 2000),
        "redirect_all_to": wording.clean(context.config.settings.smtp.redirect_all_to, 200),
        "now": wording.moment(context.now, context.config.settings.office.zone),
        "office": _office(context.config),
        "campaign": _campaign(campaign, context) if campaign else None,
        "commune": _commune(context.commune) if context.commune else None,
        "message": _message(context.message, context) if context.message else None,
        "documents": [_document(item, context) for item in context.documents[:_FILES_SHOWN]],
        "submission": _submission(context.submission, campaign, context),
        "previous": _version(context.previous, context),
        "standing": _version(context.standing, context),
        "changes": told_changes(campaign, context.previous, context.submission),
        "asked": told_doubts(campaign, _asked_about(context)),
        "dossier": _dossier(context),
        "timing": _timing(context),
        "evidence": [_evidence(mail, context) for mail in context.evidence],
        "evidence_rows": [_evidence_row(mail, context) for mail in context.evidence],
        # What takes a look at every commune or all that waits is made when a wording asks for it.
        "status": WhenAsked(lambda: _status(context)),
        "held": WhenAsked(lambda: _held(context)),
        "held_rows": WhenAsked(
            lambda: [[one["id"], one["received"], one["reason"]] for one in _held(context)]
        ),
        "attachments": [_attachment(item) for item in context.attachments],
        "unreachable": WhenAsked(lambda: _unreachable(context)),
        "unread": WhenAsked(lambda: _unread(context)),
        "unreached": WhenAsked(lambda: _unreached(context)),
        "unproven": WhenAsked(lambda: _unproven(context)),
        "facts": [
            [_FACTS.get(key, wording.clean(key, 60)), _fact(key, value)]
            for key, value in sorted(due.facts.items(), key=_fact_place)
        ],
        "number": due.facts.get("number", ""),
        "report": report_view(context.report, context.config),
        "unknown_year": due.facts.get("unknown_year", ""),
        "alert": _alert(due),
        "over": due.facts.get("over", ""),
        "is_good_news": bool(due.facts.get("over")) or due.facts.get("what") == "self-test",
        "about": wording.discreet(due.facts.get("commune", ""), 100),
        "for_officers": due.facts.get("what", "") in _OFFICERS,
        "token": reply_token(due, context),
        "answer_until": wording.day(_last_day(context)),
        "options": _options(due, context),
        "colleagues": _colleagues(context),
        "answered": _answered(context.message),
        "target": _target(context),
        "returned": _returned(context.message),
        "question": _question(context.message),
        "excerpt": wording.clean(without_tokens(context.excerpt), _LETTER_SHOWN)
        if due.kind == "department"
        else _quoted(context.excerpt, _WORDS_SHOWN),
        "left_out": [
            f"{wording.discreet(name, 160)}: {wording.clean(why, 200)}"
            for name, why in context.left_out[:_FILES_SHOWN]
        ],
    }


def _options(due: Due, context: Context) -> list[list[str]]:
    """Return the answers that a mail offers about a held message."""
    message = context.target.message if context.target else context.message
    if message is None or due.asks is None or due.asks.about != "T":
        return []
    config, commune = context.config, context.target.commune if context.target else context.commune
    day = message.received_at.astimezone(config.settings.office.zone).date()
    communes = tuple(one for one in config.communes if one.valid_on(day))
    # Only a name that its reader can take for granted: whom the file speaks of, not who sent it.
    sure = message.reason.partition(":")[0] not in WHOSE_IS_OPEN
    known = {one.id for one in config.campaigns}
    # Of two that could be meant only one may still have its file: it must be named all the same.
    several = len(known) > 1 or message.reason.partition(":")[0] == "several-campaigns"
    open_ = config.campaigns if several and message.campaign not in known else ()
    return options(message, communes, commune if sure else None, open_)


def _colleagues(context: Context) -> list[str]:
    """Return who else among the officers was asked the same."""
    officers = context.config.settings.officers.addresses
    others = (one for one in officers if one.casefold() != context.addressee.casefold())
    return [wording.clean(one, 200) for one in others] if context.addressee else []


def _answered(message: Message | None) -> View | None:
    """Return what came of a reply, as `notifier.answered` reads it."""
    found = answered(message) if message else None
    if found is None:
        return None
    names = [wording.discreet(name, 200) for name in found.names]
    return {"code": found.code, "done": found.done, "about": found.number, "names": names}


def _returned(message: Message | None) -> str:
    """Return why an officer returned a message, in the officer's own words."""
    if message is None or message.ack != "returned":
        return ""
    return wording.discreet(message.reason, 1000)


def _question(message: Message | None) -> View | None:
    """Return what a commune is told of a stranger's form that names it: counts, no contents."""
    asked = asked_commune(message)
    if asked is None or message is None:
        return None
    return {"sender": wording.masked(message.sender), "points": asked.points}


def _quoted(text: str, limit: int) -> str:
    """Return somebody's words as we quote them; a token in them is about another mail."""
    return wording.discreet(without_tokens(text), limit)


def _target(context: Context) -> View | None:
    """Return the message that a reply decided about, as it stands now."""
    target = context.target
    if target is None:
        return None
    by_commune = wording.clean(target.commune.title, 100) if target.commune else ""
    return {
        **_message(target.message, context),
        "state": target.message.state,
        "commune": by_commune,
        "campaign": wording.clean(target.campaign.title, 200) if target.campaign else "",
        "by": wording.clean(target.message.forced_by, 200),
        "submission": _version(target.submission, context),
        "standing": _version(target.standing, context),
    }


def _alert(due: Due) -> str:
    title = ALERTS.get(due.facts.get("what", ""), "Hệ thống tiếp nhận cần kiểm tra")
    return f"Đã hết sự cố: {title}" if due.facts.get("over") else title


def _fact_place(fact: tuple[str, str]) -> tuple[int, str]:
    """The order in which facts are told; unknown ones last."""
    key = fact[0]
    return (_FACT_ORDER.index(key) if key in _FACTS else len(_FACTS), key)


def _fact(key: str, value: str) -> str:
    if key == "what":
        return ALERTS.get(value, value)
    if key == "severity":
        return _SEVERITIES.get(value, value)
    return wording.discreet(value, 2000)


def _office(config: Config) -> View:
    office = config.settings.office
    return {
        "name": wording.clean(office.name, 200),
        "unit": wording.clean(office.unit, 200),
        "place": wording.clean(office.place, 100),
        "address": wording.clean(office.address, 200),
        "phone": wording.clean(office.phone, 60),
    }


def _campaign(campaign: Campaign, context: Context) -> View:
    zone = context.config.settings.office.zone
    title = wording.clean(campaign.title, 200)
    return {
        "id": campaign.id,
        "title": title,
        "topic": wording.lower_first(title),
        "round": campaign.round,
        "number": wording.clean(campaign.number, 60),
        "basis": [cited(item) for item in campaign.basis],
        "deadline": wording.before(campaign.deadline_at, zone),
        "last_day": wording.last_day(campaign.deadline_at, zone),
        "closes": wording.moment(campaign.closes_at, zone),
        "passed": context.now >= campaign.deadline_at,
        "closed": context.now >= campaign.closes_at,
        "grace": campaign.closes_at > campaign.deadline_at,
        "days_left": _days_left(campaign, context),
        "silence": campaign.silence,
        "late": campaign.late,
        "recipient": wording.clean(campaign.report.recipient, 200),
        "approval": campaign.report.approval,
        "dossier": [
            {"label": wording.clean(item.label, 200), "required": item.required}
            for item in campaign.dossier
        ],
        "columns": [wording.clean(column.label, 100) for column in campaign.form.fields],
    }


def _days_left(campaign: Campaign, context: Context) -> int:
    zone = context.config.settings.office.zone
    last = (campaign.deadline_at.astimezone(zone) - dt.timedelta(microseconds=1)).date()
    return (last - context.now.astimezone(zone).date()).days


def _commune(commune: Commune) -> View:
    return {
        "code": commune.code,
        "title": wording.clean(commune.title, 100),
        "addressee": addressee(commune),
        "kind": wording.clean(commune.kind.lower(), 30),
    }


def _message(message: Message, context: Context) -> View:
    zone = context.config.settings.office.zone
    return {
        "id": message.id,
        # A mark of secrecy in a reply's quotation would keep the reply itself from being read.
        "subject": "" if message.verdict == "secret" else _quoted(message.subject, 200),
        "sender": wording.clean(message.sender, 200),
        "received": wording.moment(message.received_at, zone),
        "reason": wording.discreet(in_vietnamese(message.reason), 400),
        "verdict": VERDICTS.get(message.verdict or "", ""),
        "infected": message.verdict == "infected",
        "closed": message.verdict in {"infected", "secret", "unchecked"},
        "size": wording.size(message.size_bytes),
        "sha": message.sha256,
        "short": message.sha256[:12],
        "tries": message.tries,
        "waits": message.state == "held",
    }


def _document(document: Document, context: Context) -> View:
    items = context.campaign.dossier if context.campaign else ()
    item = next((one.label for one in items if one.key == document.item), "")
    signed = document.role == "letter" or document.signature
    return {
        "name": wording.discreet(document.name, 160),
        "sha": document.sha256,
        "short": document.sha256[:12],
        "size": wording.size(document.size_bytes),
        "role": wording.clean(item, 120) or wording.ROLES.get(document.role, "tệp khác"),
        "signature": wording.SIGNATURES.get(document.signature, "") if signed else "",
        "refusal": wording.discreet(document.refusal_message, 500),
        "refused": bool(document.refusal_code),
    }


def _attachment(attachment: Attachment) -> View:
    return {
        "name": wording.clean(attachment.name, 160),
        "size": wording.size(len(attachment.data)),
        "line": f"{wording.discreet(attachment.name, 160)} ({wording.size(len(attachment.data))})",
    }


def _version(submission: Submission | None, context: Context) -> View | None:
    if submission is None:
        return None
    zone = context.config.settings.office.zone
    return {
        "receipt": submission.receipt,
        "version": submission.version,
        "state": submission.state,
        "state_words": wording.STATES[submission.state],
        "received": wording.moment(submission.received_at, zone),
        "points": len(submission.points),
        "errors": submission.errors,
    }


def _submission(
    submission: Submission | None, campaign: Campaign | None, context: Context
) -> View | None:
    if submission is None or campaign is None:
        return None
    form = campaign.form
    findings = tuple(one for one in submission.findings if one.code not in TOLD_OTHERWISE)
    rows = finding_rows.rows(findings, submission.points, form)
    return {
        **(_version(submission, context) or {}),
        "letter": _letter(submission.letter),
        "names": point_names(submission.points, form)[:_POINTS_SHOWN],
        "names_left": max(0, len(submission.points) - _POINTS_SHOWN),
        "sums": sums([point.row.values for point in submission.points], form),
        "findings": rows[: finding_rows.SHOWN],
        "findings_left": sum(row["count"] for row in rows[finding_rows.SHOWN :]),
        "warnings": sum(item.severity == "warning" for item in findings),
        "confirmed": is_confirmed(submission),
    }


def _asked_about(context: Context) -> Submission | None:
    """The version of which a mail asks: none that does not count, as it came earlier.

    Where a commune confirmed another one it is the version that counts.
    """
    if context.submission is not None:
        return None if context.standing else context.submission
    told = context.message is not None and context.message.ack == "confirm-older"
    return context.previous if told else None


def _dossier(context: Context) -> View:
    """What came for the points of the answer that counts, and what is still missing."""
    answer = context.submission or context.previous
    if context.campaign is None or answer is None or not answer.points:
        return {"remarks": [], "complete": False, "asked": False}
    states = checklist(context.campaign, context.dossier, answer.points)
    lines = remarks(states, len(answer.points))
    return {
        "remarks": [wording.discreet(line, 400) for line in lines[: finding_rows.SHOWN]],
        "complete": bool(context.dossier) and not lines,
        "asked": bool(states),
    }


def _letter(letter: Letter | None) -> str:
    """``Công văn số 45/UBND-KT ngày 17/5/2024``; blanks are normal and left out."""
    if letter is None or not (letter.number or letter.issued_on):
        return ""
    number = f" số {letter.number}" if letter.number else ""
    on = f" ngày {wording.iso_day(letter.issued_on)}" if letter.issued_on else ""
    return wording.discreet(f"Công văn{number}{on}", 120)


def _timing(context: Context) -> str:
    """``in-time``, ``late`` or ``after-close``, by the server's time of arrival."""
    campaign, message = context.campaign, context.message
    if context.submission and is_confirmed(context.submission):
        return "in-time"  # nothing new came: what was late was told so when it came
    if campaign is None or message is None or campaign.late == "accept":
        late_but_closed = campaign and message and message.received_at >= campaign.closes_at
        return "after-close" if late_but_closed else "in-time"
    if message.received_at >= campaign.closes_at:
        return "after-close"
    return "late" if message.received_at >= campaign.deadline_at else "in-time"


def _evidence(mail: Mail, context: Context) -> View:
    zone = context.config.settings.office.zone
    at = mail.sent_at or mail.queued_at
    return {
        "kind": wording.MAIL_KINDS.get(mail.kind, mail.kind),
        "subject": wording.discreet(mail.subject, 200),
        "recipient": wording.clean(mail.recipient, 200),
        "sent": mail.delivered,
        "state": wording.mail_state(mail.state, mail.bounced_at, zone),
        "at": wording.moment(at, zone),
        "server": wording.clean(mail.server, 120),
        "response": wording.discreet(mail.response, 200),
    }


def _evidence_row(mail: Mail, context: Context) -> list[str]:
    """Which mail went to which address, and what which server said when."""
    facts = _evidence(mail, context)
    said = f"{facts['state']} lúc {facts['at']}"
    if facts["server"]:
        said += f" (máy chủ {facts['server']}{', trả lời: ' if facts['response'] else ''}"
        said += f"{facts['response']})"
    return [facts["kind"], facts["recipient"], wording.upper_first(said)]


def _campaigns(context: Context) -> tuple[Campaign, ...]:
    return (context.campaign,) if context.campaign else context.config.campaigns


def _status(context: Context) -> list[View]:
    """Return per campaign how many communes are in which state, and which.

    A report's mails say what the report says: answers that came since are not in its files, and
    those that came after closing only in a supplement. Of one whose inputs are not known (any
    more) no figures are told rather than others.
    """
    if context.report is not None:
        inputs, campaign = context.report.inputs, context.campaign
        return [_frozen_status(campaign, inputs, context)] if campaign and inputs else []
    snapshot = context.with_contents() if context.with_contents else context.snapshot
    if snapshot is None:
        return []
    return [_campaign_status(campaign, snapshot, context) for campaign in _campaigns(context)]


def _campaign_status(campaign: Campaign, snapshot: Snapshot, context: Context) -> View:
    """Where the campaign stands now."""
    tally = _Tally()
    for commune in context.config.members(campaign):
        state = commune_state(snapshot, campaign.id, commune.key)
        current = snapshot.current.get((campaign.id, commune.key))
        points = [point.row.values for point in current.points] if current else []
        tally.count(commune.title, state, points, late=current is not None and current.late)
    return {"campaign": _campaign(campaign, context), **tally.view(campaign.form)}


def _frozen_status(campaign: Campaign, inputs: ReportInputs, context: Context) -> View:
    """Where it stood in a report, by the rules that held then."""
    tally = _Tally()
    for one in inputs.communes:
        points = [point.values for point in one.points]
        tally.count(one.title, one.state, points, late=bool(one.counted and one.counted.late))
    rules = {"silence": inputs.silence, "late": inputs.late}
    return {"campaign": _campaign(campaign, context) | rules, **tally.view(campaign.form)}


@dataclass(slots=True)
class _Tally:
    """The communes of a campaign by their states, and what they registered."""

    by_state: dict[str, list[str]] = field(
        default_factory=lambda: {state: [] for state in wording.STATES}
    )
    points: list[Values] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    registering: int = 0

    def count(self, title: str, state: str, points: Sequence[Values], *, late: bool) -> None:
        name = wording.clean(title, 100)
        self.by_state[state].append(name)
        self.points += points
        self.registering += bool(points)
        self.late += [name] if late else []

    def view(self, form: Form) -> View:
        who = self.by_state
        registered, to_mend = len(who["registered"]), len(who["needs-fix"])
        return {
            "members": sum(map(len, who.values())),
            "states": [
                {"state": state, "words": words, "count": len(who[state]), "who": who[state]}
                for state, words in wording.STATES.items()
            ],
            "count": {state.replace("-", "_"): len(names) for state, names in who.items()},
            "registering": self.registering,
            "unusable": to_mend + registered - self.registering,
            "points": len(self.points),
            "sums": sums(self.points, form),
            "late": self.late,
            "answered": registered + to_mend + len(who["nil"]),
        }


def _held(context: Context) -> list[View]:
    if context.snapshot is None:
        return []
    waiting = sorted(context.snapshot.held, key=lambda item: (item.received_at, item.id))
    return [_message(message, context) for message in waiting[:_FILES_SHOWN]]


def _unreachable(context: Context) -> list[str]:
    """Return the communes whose every address is missing or bounced: a person must call them."""
    bounced = context.snapshot.bounced if context.snapshot else frozenset()
    return _titles(one for _, one in _members(context) if not live(one.emails, bounced))


def _unread(context: Context) -> list[str]:
    """Return the communes whose newest mail could not be read: an older answer may count."""
    return _titles(one for call, one in _members(context) if (call.id, one.key) in context.unread)


def _unreached(context: Context) -> list[str]:
    """Return the communes that were asked in vain, or cannot be asked at all."""
    snapshot = context.snapshot
    if snapshot is None:
        return []
    return _titles(
        commune
        for campaign in _campaigns(context)
        for commune in unreached_of(snapshot, campaign, context.config.members(campaign))
    )


def _unproven(context: Context) -> list[str]:
    """Return the communes recorded as silent though no call or reminder was delivered to them.

    Of a report they are those whom it calls so.
    """
    inputs = context.report.inputs if context.report else None
    if inputs is not None:
        return _titles(one for one in inputs.in_state("silent") if not one.reached)
    snapshot = context.snapshot
    if snapshot is None:
        return []
    return _titles(
        commune
        for campaign, commune in _members(context)
        if commune_state(snapshot, campaign.id, commune.key) == "silent"
        and snapshot.asked.get((campaign.id, commune.key)) != "reached"
    )


def _members(context: Context) -> Iterator[tuple[Campaign, Commune]]:
    """Yield the communes that must answer, campaign by campaign."""
    for campaign in _campaigns(context):
        for commune in context.config.members(campaign):
            yield campaign, commune


def _titles(communes: Iterable[Commune | CommuneFacts]) -> list[str]:
    """Return how communes are called, each once."""
    return list(dict.fromkeys(wording.clean(one.title, 100) for one in communes))
