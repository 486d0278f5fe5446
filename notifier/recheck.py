"""Asked again at the moment of sending: is a queued mail still owed? Pure."""

import datetime as dt
from collections.abc import Callable, Mapping

from config.model import Campaign, Commune, Config
from notifier.asked_commune import asked_commune
from notifier.calendar import Calendar
from notifier.schedule import (
    begins_at,
    campaign_state,
    last_heard_at,
    newest_report,
    reminder_moments,
)
from registry.model import Mail, MailKind, Snapshot, debt_key
from registry.snapshot import commune_state, owes_answer


def still_due(
    mail: Mail,
    snapshot: Snapshot,
    config: Config,
    now: dt.datetime,
    calendar: Calendar | None = None,
) -> str:
    """Return "" if the mail is still owed at ``now``, else why not (English, for operators).

    Acknowledgments and alerts stay owed; everything else is measured against the snapshot
    (FAULTS 84). Without ``calendar`` the one of ``config`` is built.
    """
    if mail.recipient.casefold() in _ourselves(config):
        return "the recipient is our own mailbox"
    if mail.kind == "stranger" and not config.settings.security.answer_strangers:
        return "strangers are not answered any more"
    if mail.kind == "question":
        return _question(mail, snapshot, config)
    if mail.kind in {"held", "digest"}:
        return _notice(mail, snapshot, config, now)
    if mail.kind not in _CAMPAIGN_RULES:
        return ""
    campaign = config.campaign_if_known(mail.campaign)
    if campaign is None:
        return "the campaign is no longer configured"
    dead = mail.recipient.casefold() in {address.casefold() for address in snapshot.bounced}
    if dead and mail.kind not in _ALL_THE_SAME:
        return "a bounce has called the address dead"
    calendar = calendar or Calendar(config.calendar, config.settings.office.zone)
    return _CAMPAIGN_RULES[mail.kind](_Question(mail, campaign, snapshot, config, calendar, now))


#: Mails whose readers get them all the same: a bounce of theirs must not end all reports.
_ALL_THE_SAME: frozenset[MailKind] = frozenset({"draft", "report", "returned"})


class _Question:
    """One mail of a campaign and all that decides about it."""

    __slots__ = ("calendar", "campaign", "config", "mail", "now", "snapshot")

    def __init__(
        self,
        mail: Mail,
        campaign: Campaign,
        snapshot: Snapshot,
        config: Config,
        calendar: Calendar,
        now: dt.datetime,
    ) -> None:
        self.mail, self.campaign, self.snapshot = mail, campaign, snapshot
        self.config, self.calendar, self.now = config, calendar, now

    @property
    def last_part(self) -> str:
        """The debt's last part: step id or report number."""
        return debt_key(self.mail.key).rsplit("/", 1)[-1]

    @property
    def commune(self) -> Commune | None:
        """The commune as the roster has it now."""
        return self.config.commune(self.mail.commune)


def _ourselves(config: Config) -> frozenset[str]:
    settings = config.settings
    return frozenset({settings.office.address.casefold(), settings.smtp.sender.casefold()})


def _notice(mail: Mail, snapshot: Snapshot, config: Config, now: dt.datetime) -> str:
    if mail.kind == "digest":
        today = now.astimezone(config.settings.office.zone).date().isoformat()
        return "" if debt_key(mail.key) == f"digest/{today}" else "it is another day's digest"
    for message in snapshot.held:
        if message.id == mail.message_id:
            asked = debt_key(mail.key) == message.held_key
            return "" if asked else "a person has decided, and a newer notice asks again"
    return "the message does not wait any more"


def _question(mail: Mail, snapshot: Snapshot, config: Config) -> str:
    """A commune is asked about a stranger's form only while nobody has decided about it."""
    if not config.settings.security.ask_communes:
        return "communes are not asked any more"
    asked = (asked_commune(one) for one in snapshot.held if one.id == mail.message_id)
    if not any(one is not None and one.key == mail.commune for one in asked):
        return "the message does not wait for the commune any more"
    dead = mail.recipient.casefold() in map(str.casefold, snapshot.bounced)
    return "a bounce has called the address dead" if dead else ""


def _call(question: _Question) -> str:
    """A call or reminder serves only before the deadline, and only who still owes."""
    if question.now >= question.campaign.deadline_at:
        return "the deadline has passed"
    commune = question.commune
    if commune is None:
        return "the commune is no longer on the roster"
    if not owes_answer(question.snapshot, question.campaign, commune):
        return "the commune has answered"
    return ""


def _reminder(question: _Question) -> str:
    why_not = _call(question)
    if why_not or question.mail.commune is None:
        return why_not or "no commune is named"
    heard_at = last_heard_at(question.snapshot, question.campaign, question.mail.commune)
    if heard_at is not None and heard_at >= question.mail.queued_at:
        return "the commune has written since, and was answered"
    return _superseded(question)


def _superseded(question: _Question) -> str:
    """Of all steps only the latest one whose moment has passed is worth sending."""
    hours = question.config.settings.hours
    state = campaign_state(question.snapshot, question.campaign)
    if state.closed_at is not None:
        return "the campaign is closed"
    begin = begins_at(question.campaign, state, question.config.settings)
    passed = [
        step.id
        for step, moment in reminder_moments(question.campaign, question.calendar, hours)
        if begin <= moment <= question.now
    ]
    if passed and passed[-1] != question.last_part:
        return f"the later step {passed[-1]} has taken its place"
    return ""


def _silence(question: _Question) -> str:
    commune = question.mail.commune
    if commune is None or question.campaign.silence != "no-need":
        return "silence does not mean no need in this campaign"
    state = commune_state(question.snapshot, question.campaign.id, commune)
    return "" if state == "silent" else "the commune is not silent any more"


def _report(question: _Question) -> str:
    """The last gate before the Department (promise 5)."""
    for row in question.snapshot.reports:
        if row.campaign == question.campaign.id and str(row.number) == question.last_part:
            return "" if row.approved_at is not None else "the report is not approved"
    return "there is no such report"


def _draft(question: _Question) -> str:
    newest = newest_report(question.snapshot, question.campaign)
    if newest is None or str(newest.number) != question.last_part:
        return "a newer draft has taken its place"
    if newest.returned_at:
        return "the draft was returned"
    return "the report is released already" if newest.approved_at else ""


def _returned(question: _Question) -> str:
    newest = newest_report(question.snapshot, question.campaign)
    same = newest is not None and str(newest.number) == question.last_part
    return "" if same else "a newer draft has taken its place"


_CAMPAIGN_RULES: Mapping[MailKind, Callable[[_Question], str]] = {
    "call": _call,
    "reminder": _reminder,
    "silence": _silence,
    "report": _report,
    "draft": _draft,
    "returned": _returned,
}
