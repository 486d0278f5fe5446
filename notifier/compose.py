"""A due and its facts → the bytes of a mail. Pure: the same debt at the same moment, same bytes."""

from collections.abc import Iterator
from dataclasses import replace
from email.utils import parseaddr
from pathlib import Path

from config.model import Config
from notifier import mime, wording
from notifier.due import Due
from notifier.mime import Attachment
from notifier.report_inputs import ReportInputs
from notifier.templates import Rendered, Templates, WordingProblem
from notifier.view import Context, reply_token, view
from registry.model import NewMail

__all__ = ["Attachment", "Context", "Templates", "WordingProblem", "check_templates", "compose"]

#: RFC 3834: answers to a message say so; everything else that no person sent is "generated".
_ANSWERS = {"ack", "stranger"}
#: A token stands at the end of a subject, whole, however long the subject is.
_SUBJECT_BEFORE_TOKEN = 150


def compose(due: Due, context: Context, templates: Templates) -> list[NewMail]:
    """Return one mail per envelope recipient, all with the same bytes and Message-ID.

    A mail that asks for a decision is another one for each recipient: it names this one alone, so
    that nobody's token lies in somebody else's mailbox.

    Strange data (line breaks, lone surrogates, endless names) is made harmless, never refused.

    Raises:
        WordingProblem: the template itself is broken; that mail waits, others go (FAULTS 108).
    """
    recipients = dict.fromkeys(_address(address) for address in (*due.to, *due.cc))
    wanted = [recipient for recipient in recipients if recipient]
    if due.asks is not None:
        return list(_personal(due, context, templates, wanted))
    one = _mail(due, context, templates)
    return [replace(one, recipient=recipient) for recipient in wanted]


def _personal(
    due: Due, context: Context, templates: Templates, recipients: list[str]
) -> Iterator[NewMail]:
    for recipient in recipients:
        alone = replace(due, to=(recipient,), cc=())
        facts = replace(context, addressee=recipient)
        yield replace(_mail(alone, facts, templates), recipient=recipient)


def _mail(due: Due, context: Context, templates: Templates) -> NewMail:
    rendered = templates.render(due.template, view(due, context))
    if due.meant_for:  # whatever an admin's layout shows, the subject tells
        rendered = replace(rendered, subject=wording.clean(f"[Thư thử] {rendered.subject}", 200))
    token = reply_token(due, context)
    if token:
        subject = f"{wording.clean(rendered.subject, _SUBJECT_BEFORE_TOKEN)} [{token}]"
        rendered = replace(rendered, subject=subject)
    office = context.config.settings.office.address
    identity = mime.message_id(due.key, office, context.addressee)
    raw = _raw(due, context, rendered, identity)
    return NewMail(
        key=due.key,
        recipient="",
        kind=due.kind,
        subject=rendered.subject,
        rfc_message_id=identity,
        raw=raw,
        campaign=due.campaign,
        commune=due.commune,
        message_id=due.message_id,
        not_before=due.not_before,
    )


def _raw(due: Due, context: Context, rendered: Rendered, identity: str) -> bytes:
    settings = context.config.settings
    answered = context.message
    name, sender = parseaddr(wording.clean(settings.smtp.sender, 400))
    envelope = mime.Envelope(
        key=due.key,
        message_id=identity,
        date=context.now.astimezone(settings.office.zone),
        sender_name=name or settings.office.name,  # short: one encoded word, and fits a phone
        sender=sender,
        reply_to=settings.office.address,
        to=tuple(_address(address) for address in due.to),
        cc=tuple(_address(address) for address in due.cc),
        subject=rendered.subject,
        auto_submitted="auto-replied" if due.kind in _ANSWERS else "auto-generated",
        meant_for=tuple(_address(address) for address in due.meant_for),
        in_reply_to=answered.rfc_message_id if answered and due.kind in _ANSWERS else "",
    )
    return mime.build(envelope, rendered.text, rendered.html, context.attachments)


def _address(address: str) -> str:
    """The address for the envelope; one that ASCII cannot carry stays, for the server to refuse."""
    return mime.ascii_address(address) or wording.clean(address, 320)


def check_templates(folder: Path, config: Config) -> list[str]:
    """Render every kind of mail with made-up data; return each problem as one line for the admin.

    Covers what ``compose`` may ask of the folder: missing files, broken syntax, unknown names, an
    empty subject, a reminder step whose template does not exist, the official letter.
    """
    from notifier.sample import sample_dues  # noqa: PLC0415  only `intake check` needs it

    templates = Templates(folder)
    problems: dict[str, None] = {}
    for due, context in sample_dues(config):
        try:
            rendered = templates.render(due.template, view(due, context))
        except WordingProblem as problem:
            problems[str(problem)] = None
        else:
            if not rendered.subject:
                problems[f"templates/{due.template}.j2: the subject block is empty"] = None
    return [*problems, *_letter_problems(folder, config)]


def _letter_problems(folder: Path, config: Config) -> list[str]:
    from notifier.official_letter import Addition, draft  # noqa: PLC0415  heavy, as above
    from notifier.sample import sample_inputs, supplement  # noqa: PLC0415

    problems: dict[str, None] = {}
    for campaign in config.campaigns:
        file = folder / campaign.report.letter_template
        if not file.is_file():
            problems[f"templates/{file.name}: the official letter's template is missing"] = None
            continue
        letters: list[tuple[ReportInputs, Addition | None]]
        letters = [(inputs, None) for inputs in sample_inputs(config, campaign)]
        facts = supplement(config, campaign) if config.members(campaign) else None
        if facts and facts.inputs and facts.was and facts.changes:
            letters.append((facts.inputs, Addition(facts.was, facts.changes)))
        for inputs, addition in letters:
            try:
                draft(inputs, file.read_bytes(), addition)
            except WordingProblem as problem:
                problems[f"{problem} ({file.name} of campaign {campaign.id})"] = None
    return list(problems)
