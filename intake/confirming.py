"""A case that says "ĐÚNG": which version it means, asked of the store (`confirm` decides)."""

from dataclasses import replace

from intake import confirm, record
from intake.case import Case
from intake.matching import CampaignMatch
from intake.record import ReadDocument
from parsers.reading import Reading
from registry.model import Mail, Outcome, Submission, debt_key


def confirmation(case: Case, documents: tuple[ReadDocument, ...]) -> Outcome | None:
    """Return what follows from "ĐÚNG"; None of other words, and where a form of its own counts."""
    vouched = case.message.forced_commune
    speaks = case.role in {"commune", "chair"} or vouched is not None
    if not speaks or not confirm.says_right(case.parsed.text):
        return None
    store, meant = case.desk.store, _meant(case)
    current, content = meant.current, record.content_key(documents, case.parsed.text)
    known = {one.sha256 for one in store.documents(current.source_id)} if current else set()
    if any(map(_is_answer, documents)) and not set(record.form_hashes(documents)) <= known:
        return None
    config = case.desk.config
    named = meant.versions[0] if meant.versions else None
    outcome = confirm.decide(
        case.envelope,
        documents,
        case.parsed.text,
        meant,
        {vouched} if vouched else {one.key for one in case.senders},
        case.copy_of(content, named.campaign if named else None),
        next((one for one in config.communes if named and one.key == named.commune), None),
        config.campaign_if_known(named.campaign if named else None),
        config.settings.office.zone,
    )
    return outcome if outcome.state == "recorded" else _asked_back(case, outcome)


def _meant(case: Case) -> confirm.Meant:
    """The versions that a reply names: by the mail that it answers, and in its subject."""
    store = case.desk.store
    named: dict[int, Submission] = {}
    for reference in case.parsed.references:
        mails = [mail for mail in store.cited_mails([reference]) if mail.message_id]
        if mails:
            version = _told_of(case, mails[0])
            named |= {version.id: version} if version else {}
            break
    for receipt in confirm.receipts_in(case.parsed.subject):
        found = store.submission_by_receipt(receipt)
        named |= {found.id: found} if found else {}
    versions = tuple(named.values())
    first = versions[0] if versions else None
    current = store.current_submission(first.campaign, first.commune) if first else None
    return confirm.Meant(versions, current)


def _told_of(case: Case, mail: Mail) -> Submission | None:
    """The version that an acknowledgment of ours told of, if it is what its message made."""
    if mail.kind != "ack" or mail.message_id is None:
        return None
    message = case.desk.store.message(mail.message_id)
    if message.submission_id is None or message.ack_key != debt_key(mail.key):
        return None
    return case.desk.store.submission(message.submission_id)


def _asked_back(case: Case, outcome: Outcome) -> Outcome:
    """Held: whose answer it is, is known only from who sent it."""
    campaign = case.campaign(())
    call = campaign.campaign.id if isinstance(campaign, CampaignMatch) else None
    return replace(outcome, commune=case.heard_from(), campaign=call)


def _is_answer(document: ReadDocument) -> bool:
    """Whether a document is an answer of its own: points, or a statement that there are none."""
    read = document.result
    return isinstance(read, Reading) and bool(read.rows or read.nil)
