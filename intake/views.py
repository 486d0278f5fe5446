"""What the command line shows, as plain data: the JSON shapes of the README, one function each."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from config.model import Campaign, Commune, Config
from intake.checkup import checkup
from intake.heartbeat import shown
from notifier.answered_report import answered_by_department
from notifier.calendar import Calendar
from notifier.due import plan
from parsers.reading import Finding
from parsers.vietnamese import fold
from registry.lease import DAEMON, Tenure
from registry.model import Mail, Message, ReportRow, Snapshot, Submission
from registry.snapshot import commune_state, windows

if TYPE_CHECKING:
    from registry.store import Store  # SQLAlchemy is slow, and `intake parse` needs none of it

View = dict[str, Any]


def status(config: Config, store: "Store", now: dt.datetime) -> View:
    """Return the state of everything: campaigns and communes, messages, outbox, mailbox, health."""
    found = checkup(config, store, now)
    snapshot = store.snapshot(windows(config.campaigns))
    counts, behind = store.counts(), store.behind()
    return {
        "campaigns": [_campaign(config, campaign, snapshot) for campaign in config.campaigns],
        "department": [_department(one) for one in store.messages(verdict="department")],
        "messages": {
            **{state: counts.messages.get(state, 0) for state in ("kept", "recorded", "held")},
            "by_verdict": dict(counts.verdicts),
        },
        "outbox": {
            **{state: counts.mails.get(state, 0) for state in ("queued", "sent", "refused")},
            "unknown": counts.mails.get("unknown", 0) + counts.mails.get("sending", 0),
            "held": counts.mails.get("held", 0),
            "redirect_all_to": config.settings.smtp.redirect_all_to or None,
            "by_kind": dict(counts.mail_kinds),
        },
        "mailbox": {
            "account": f"{config.settings.mailbox.user}@{config.settings.mailbox.host}",
            "polled_at": _instant(snapshot.polled_at),
            "brake": snapshot.brake.reason if snapshot.brake else None,
            "behind": behind.reason if behind else None,
        },
        "daemon": asdict(found.holder) if found.holder else None,
        "lease": [_tenure(one) for one in found.tenures],
        "health": shown(found.troubles),
    }


def _tenure(one: Tenure) -> View:
    """One daemon of several: which works, which stand by, and how old its sign of life is."""
    return {
        "role": "works" if one.name == DAEMON else "stands by",
        "pid": one.holder.pid,
        "host": one.holder.host,
        "since": one.holder.since,
        "epoch": one.epoch,
        "renewed_seconds": round(one.renewed_seconds, 1),
        "left_seconds": round(one.left_seconds, 1),
        "code": one.code[:12],
    }


def _campaign(config: Config, campaign: Campaign, snapshot: Snapshot) -> View:
    state = snapshot.campaigns.get(campaign.id)
    reports = [report for report in snapshot.reports if report.campaign == campaign.id]
    return {
        "id": campaign.id,
        "title": campaign.title,
        "deadline_at": campaign.deadline_at.isoformat(),
        "closes_at": campaign.closes_at.isoformat(),
        "launched_at": _instant(state.launched_at) if state else None,
        "closed_at": _instant(state.closed_at) if state else None,
        "communes": [_commune(campaign, commune, snapshot) for commune in config.members(campaign)],
        "report": report(reports[-1]) if reports else {},
        "reports": [report(one) for one in reports],
    }


def _commune(campaign: Campaign, commune: Commune, snapshot: Snapshot) -> View:
    current = snapshot.current.get((campaign.id, commune.key))
    heard = snapshot.heard.get((campaign.id, commune.key))
    received_at = current.received_at if current else heard.first_at if heard else None
    return {
        "code": commune.code,
        "name": commune.title,
        "state": commune_state(snapshot, campaign.id, commune.key),
        "receipt": current.receipt if current else None,
        "version": current.version if current else 0,
        "points": len(current.points) if current else 0,
        "errors": current.errors if current else 0,
        "received_at": _instant(received_at),
        "late": current.late if current else False,
    }


def _department(one: Message) -> View:
    """What the Department wrote: about which report, as far as it is known."""
    about = answered_by_department(one)
    return {
        "message": one.id,
        "campaign": one.campaign,
        "report": about.number if about else None,
        "received_at": one.received_at.isoformat(),
        "sender": one.sender,
        "subject": one.subject,
    }


def report(row: ReportRow) -> View:
    """Return a frozen report: its state is ``waiting``, ``returned`` or ``released``."""
    return {
        "number": row.number,
        "supplement": row.supplement,
        "base": row.base,
        "state": report_state(row),
        "created_at": row.created_at.isoformat(),
        "inputs_sha256": row.inputs_sha256,
        "files": [{"name": file.name, "sha256": file.sha256} for file in row.files],
        "approved_at": _instant(row.approved_at),
        "approved_by": row.approved_by or None,
        "returned_at": _instant(row.returned_at),
        "returned_by": row.returned_by or None,
        "returned_reason": row.returned_reason or None,
        "again_at": _instant(row.again_at),
        "letter": asdict(row.letter) if row.letter else None,
    }


def report_state(row: ReportRow) -> str:
    """Return where a report stands: nobody decided yet, returned, or released."""
    return "released" if row.approved_at else "returned" if row.returned_at else "waiting"


def report_line(row: ReportRow) -> str:
    """Return a report in one line: which one it is, when it was frozen, where it stands."""
    what = f"supplement {row.supplement} to report {row.base}, " if row.supplement else ""
    line = f"report {row.number}: {what}frozen {row.created_at.isoformat()}, {report_state(row)}"
    if row.letter is None:
        return line
    return f"{line}, with {row.letter.name} (signature: {row.letter.signature or 'none'})"


def mails_ahead(
    config: Config,
    store: "Store",
    now: dt.datetime,
    only: str | None,
    at: dt.datetime | None = None,
) -> list[View]:
    """Return every mail that would leave from ``at`` (now) on, by its moment, without sending any.

    ``waits`` says what a person must do first: ``approval``, ``launch``, or nothing (None).
    ``meant_for`` are the true recipients of a mail that is redirected.
    """
    calendar = Calendar(config.calendar, config.settings.office.zone)
    snapshot = store.snapshot(windows(config.campaigns))
    titles = {commune.key: commune.title for commune in config.communes}
    return [
        {
            "at": one.not_before.astimezone(config.settings.office.zone).isoformat(),
            "kind": one.kind,
            "template": one.template,
            "commune": titles.get(one.commune) if one.commune else None,
            "to": list(one.to),
            "cc": list(one.cc),
            "waits": one.facts.get("waits"),
            "key": one.key,
            "campaign": one.campaign,
            "meant_for": list(one.meant_for),
        }
        for one in plan(snapshot, config, calendar, now, at)
        if only is None or one.campaign in {only, None}
    ]


def days(config: Config, first: dt.date, last: dt.date) -> list[View]:
    """Return each day from ``first`` to ``last``: do offices work on it, and why it differs."""
    calendar = Calendar(config.calendar, config.settings.office.zone)
    whole = (first + dt.timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return [
        {"date": day.isoformat(), "working": calendar.is_working(day), "why": calendar.notice(day)}
        for day in whole
    ]


def held(config: Config, store: "Store") -> list[View]:
    """Return the messages that wait for a person."""
    return [message(config, one) for one in store.held()]


def message(config: Config, one: Message) -> View:
    """Return a message as people are shown it: where from, what, why."""
    titles = {commune.key: commune.title for commune in config.communes}
    return {
        "id": one.id,
        "sha256": one.sha256,
        "received_at": one.received_at.astimezone(config.settings.office.zone).isoformat(),
        "sender": one.sender,
        "subject": one.subject,
        "state": one.state,
        "verdict": one.verdict,
        "reason": one.reason,
        "commune": titles.get(one.commune) if one.commune else None,
        "campaign": one.campaign,
    }


def find(config: Config, store: "Store", what: str, now: dt.datetime) -> View | None:
    """Return the whole history of what an id names, or None.

    A number is a message; ``mail:N`` and ``submission:N`` name those; else a receipt number, a
    commune's code or name, or the beginning of a message's sha256.
    """
    kind, _, number = what.rpartition(":")
    if number.isdigit() and (kind or len(number) < _CODE_DIGITS):
        found = _numbered(config, store, kind or "message", int(number))
        if found is not None:
            return found
    commune = named_commune(config, what, now)
    if commune is not None:
        return _commune_history(config, store, commune)
    submission = store.submission_by_receipt(what)
    if submission is not None:
        return _submission(config, store, submission)
    by_hash = store.message_by_sha(what.lower()) if len(what) >= _HASH_START else None
    return _message_history(config, store, by_hash) if by_hash else None


_CODE_DIGITS = 5  # a commune's code; a message's number is shorter until 10,000 and goes first
_HASH_START = 8


def _numbered(config: Config, store: "Store", kind: str, number: int) -> View | None:
    try:
        if kind == "message":
            return _message_history(config, store, store.message(number))
        if kind == "submission":
            return _submission(config, store, store.submission(number))
        if kind == "mail":
            return _mail(store.mail(number))
    except KeyError:
        return None
    return None


def named_commune(config: Config, what: str, moment: dt.datetime) -> Commune | None:
    """Return the commune of a code or a whole name; None when none or several are meant.

    Codes and names were given again: of several units the one of the local day of ``moment``.
    """
    wanted = fold(what)
    matches = [
        commune
        for commune in config.communes
        if what == commune.code or wanted in {fold(commune.title), fold(commune.name)}
    ]
    if len(matches) > 1:
        day = moment.astimezone(config.settings.office.zone).date()
        matches = [commune for commune in matches if commune.valid_on(day)]
    return matches[0] if len(matches) == 1 else None


def _message_history(config: Config, store: "Store", one: Message) -> View:
    return {
        **message(config, one),
        "documents": [
            {
                "name": document.name,
                "kind": document.kind,
                "role": document.role,
                "sha256": document.sha256,
                "refusal": document.refusal_code or None,
                "item": document.item or None,
                "signature": document.signature or None,
            }
            for document in store.documents(one.id)
        ],
        "submission": _submission(config, store, store.submission(one.submission_id))
        if one.submission_id is not None
        else None,
        "mails": [_mail(mail) for mail in store.mails(message_id=one.id)],
        "journal": _journal(store, f"message {one.id}"),
    }


def _commune_history(config: Config, store: "Store", commune: Commune) -> View:
    return {
        "code": commune.code,
        "name": commune.title,
        "emails": list(commune.emails),
        "campaigns": {
            campaign.id: [
                _submission(config, store, version)
                for version in store.submissions(campaign.id, commune.key)
            ]
            for campaign in config.campaigns
        },
        "messages": [message(config, one) for one in store.messages(commune=commune.key)],
        "mails": [_mail(mail) for mail in store.mails(commune=commune.key)],
    }


def _submission(config: Config, store: "Store", one: Submission) -> View:
    titles = {commune.key: commune.title for commune in config.communes}
    names = {document.ordinal: document.name for document in store.documents(one.source_id)}
    return {
        "id": one.id,
        "campaign": one.campaign,
        "commune": titles.get(one.commune),
        "version": one.version,
        "current": one.current,
        "state": one.state,
        "receipt": one.receipt,
        "received_at": one.received_at.isoformat(),
        "late": one.late,
        "message": one.message_id,
        "read_from": one.source_id,
        "letter": letter(one),
        "points": [
            {
                "file": names.get(point.document_ordinal),
                "values": dict(point.row.values),
                "raw": dict(point.row.raw),
                "places": dict(point.row.places),
                "confidence": dict(point.row.confidence),
            }
            for point in one.points
        ],
        "findings": [finding(each) for each in one.findings],
    }


def letter(one: Submission) -> View | None:
    """Return the official letter of a version."""
    if one.letter is None:
        return None
    return {
        "number": one.letter.number,
        "issued_on": one.letter.issued_on,
        "subject": one.letter.subject,
        "signer": one.letter.signer,
    }


def finding(one: Finding) -> View:
    """Return a finding in the shape of `intake parse --json`."""
    return {
        "severity": one.severity,
        "code": one.code,
        "field": one.field,
        "row": one.row,
        "place": one.place,
        "message": one.message,
    }


def _mail(one: Mail) -> View:
    return {
        "id": one.id,
        "key": one.key,
        "kind": one.kind,
        "recipient": one.recipient,
        "subject": one.subject,
        "message_id": one.rfc_message_id,
        "state": one.state,
        "queued_at": one.queued_at.isoformat(),
        "sent_at": _instant(one.sent_at),
        "bounced_at": _instant(one.bounced_at),
        "redirected": one.redirected,
        "server": one.server or None,
        "response": one.response or None,
    }


def _journal(store: "Store", subject: str) -> list[View]:
    return [
        {"at": event.at.isoformat(), "event": event.kind, **_plain(event.data)}
        for event in store.journal(1000, subject)
    ]


def _plain(data: Mapping[str, object]) -> View:
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _instant(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
