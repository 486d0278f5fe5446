"""A case that is opened: its files are read, and what they say is matched and decided.

Unpack → read → which campaign, which commune → what the registry knows of both → `record` decides.
The Department's answer and the form of `intake doctor` are read as well: no commune's answers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from intake import confirm, record
from intake.body import forwarded_words
from intake.case import Case
from intake.case_files import form_of, opener, read_files, stamped, unpacked_of
from intake.confirming import confirmation
from intake.department import answered_report
from intake.desk import communes_of, own_addresses, self_test_of
from intake.matching import CampaignMatch, CommuneMatch, Unsure, match_commune, named_communes
from intake.message import Parsed
from intake.official import workbooks_of
from intake.record import Known, ReadDocument
from intake.reply import own_words
from intake.selftest import what_was_read
from intake.triage import only_a_link, points_to_a_share
from intake.unpack import unpack
from notifier.answered_report import answer_reason
from parsers.form import Form
from parsers.letter import nil_statement
from parsers.reading import Reading
from registry.model import Outcome

_ANSWERS = r"(?:re|trả lời|tl|fwd?|tr|chuyển tiếp|ct)\s*:"
#: The subject of our own mail in a reply: its bracket speaks for us, not for the sender; nor does
#: one that a gateway put in ("[BÊN NGOÀI]").
_OUR_SUBJECT = re.compile(rf"^\s*{_ANSWERS}(?:\s*(?:{_ANSWERS}|\[[^\]]*\]))*", re.IGNORECASE)
_BRACKETS = re.compile(r"^(?:\s*\[[^\]]*\])+")


@dataclass(frozen=True, slots=True)
class Opened:
    """A case whose documents are read: what is left depends on the messages before it."""

    case: Case
    campaign: CampaignMatch | Unsure
    documents: tuple[ReadDocument, ...]
    mails: tuple[Parsed, ...]

    def decided(self) -> Outcome:
        """Decide, knowing all messages before this one."""
        with self.case.desk.store.one_moment():
            return self._decided()

    def _decided(self) -> Outcome:
        case, campaign, documents, mails = self.case, self.campaign, self.documents, self.mails
        if stamped(documents):
            return case.secret("document")
        confirmed = None if mails or case.parsed.nested else confirmation(case, documents)
        asks_again = confirmed and confirmed.state == "held" and case.decision == "accepted"
        if confirmed is not None and not asks_again:
            return confirmed
        commune = _commune(case, documents)
        nil = _nil(case, mails, form_of(case, campaign), commune)
        if not documents and points_to_a_share(case.parsed):
            if nil == "no" and not case.decision:
                return case.sorted_out(only_a_link(), "link")
            if nil == "yes":
                nil = "doubtful"  # the file that nobody could read may be the form
        if nil != "no" and not record.form_hashes(documents):
            commune = _unless_another_is_named(case, commune)
        outcome = record.decide(
            case.envelope,
            documents,
            case.parsed.text,
            nil,
            commune,
            campaign,
            _known(case, documents, commune, campaign),
            forced=case.decision == "accepted",
            assigned=case.decision == "assigned",
            roster=case.communes,
        )
        if outcome.commune is None:  # not certain whose answer it is, but who wrote is known
            outcome = replace(outcome, commune=case.heard_from())
        outcome = replace(outcome, ignored=case.ignored())
        if outcome.submission and (case.parsed.nested or mails):
            # The forwarder is the sender; who reads the registry sees that it came second-hand.
            return replace(outcome, reason=f"{outcome.reason}, with a mail forwarded as attachment")
        return outcome


def opened(case: Case) -> Outcome | Opened:
    """Return a case with its files read; its outcome, where they must not be looked at.

    A campaign of which the message alone is not sure may be known by what the files say: then they
    are read again by its form.
    """
    case = case.without_ours()
    unpacked = unpacked_of(case)
    if isinstance(unpacked, Outcome):
        return unpacked
    campaign = case.campaign(())
    documents = read_files(case, campaign, unpacked)
    if isinstance(campaign, Unsure) and campaign.candidates:
        campaign = case.campaign(documents)
        if not isinstance(campaign, Unsure):
            documents = read_files(case, campaign, unpacked)
    return Opened(case, campaign, documents, unpacked.mails)


def department_answer(case: Case) -> Outcome:
    """What the Department answered: recorded and passed on, never answered, never held."""
    unpacked = unpacked_of(case)
    if isinstance(unpacked, Outcome):
        return unpacked
    documents = read_files(case, case.campaign(()), unpacked)
    if stamped(documents):
        return case.secret("document")
    campaigns, store = case.desk.config.campaigns, case.desk.store
    call, key = answered_report(
        store.cited_mails(case.parsed.references),
        case.parsed.subject,
        case.parsed.sender,
        campaigns,
        {one.id: store.reports(one.id) for one in campaigns},
    )
    return replace(
        record.without_reading(case.envelope, "department", answer_reason(key)),
        campaign=call,
        documents=record.documents_of(documents),
    )


def self_test(case: Case) -> Outcome:
    """Read the form that `intake doctor` sent as any other; it is nobody's answer."""
    mark = self_test_of(case.desk, case.parsed, case.message.received_at)
    campaigns = case.desk.config.campaigns
    named = [one for one in campaigns if mark is not None and one.id == mark.campaign]
    unpacked = unpack(case.parsed, case.desk.config.settings.limits, opener(case.desk))
    read = read_files(case, CampaignMatch((named or list(campaigns))[0], "self-test"), unpacked)
    reason = what_was_read([one.result for one in read])
    outcome = record.without_reading(case.envelope, "self-test", reason)
    return replace(outcome, documents=record.documents_of(read))


def _nil(
    case: Case, mails: tuple[Parsed, ...], form: Form, commune: CommuneMatch | Unsure
) -> record.NilAnswer:
    """Whether the mail says that there is no need.

    Our own mails quote these words: in a reply they must stand in what two readers hold for
    the sender's own. Else a person looks; so where a mail of another commune inside this one
    says something else than the rest.
    """
    mails = (*case.parsed.nested, *mails)
    own = tuple(mail for mail in mails if not _of_another(case, mail, commune))
    said = nil_statement(_words(case, own, case.parsed.text), form)
    if len(own) < len(mails) and said != nil_statement(_words(case, mails, case.parsed.text), form):
        return "doubtful"
    if said == "no" or not (case.parsed.references or _OUR_SUBJECT.match(case.parsed.subject)):
        return said
    anew = nil_statement(_words(case, own, own_words(case.parsed.text)), form)
    return said if anew == said else "doubtful"


def _of_another(case: Case, mail: Parsed, commune: CommuneMatch | Unsure) -> bool:
    """Whether a mail inside this one was written by another commune than it speaks for."""
    owners = communes_of(mail.sender, case.communes)
    counts_for = (commune.commune,) if isinstance(commune, CommuneMatch) else case.senders
    return bool(owners) and set(owners).isdisjoint(counts_for)


def _words(case: Case, mails: tuple[Parsed, ...], text: str) -> list[str]:
    """The sender's own words with those of mails inside; of an officer's also what he forwards."""
    subject = _OUR_SUBJECT.sub("", case.parsed.subject)
    if confirm.receipts_in(subject):  # ours, without the mark of an answer
        subject = _BRACKETS.sub("", subject)
    texts = [subject, "", text]
    texts += [inner.text for inner in mails]
    if case.role == "officer":
        ours = own_addresses(case.desk.config)
        texts.append(forwarded_words(case.parsed.quoted, ours))
    return "\n".join(texts).splitlines()


def _commune(case: Case, documents: Sequence[ReadDocument]) -> CommuneMatch | Unsure:
    forced = case.message.forced_commune
    for commune in case.desk.config.communes:
        if forced and commune.key == forced:
            return CommuneMatch(commune, "decision")
    heading = [
        line
        for document in documents
        if isinstance(document.result, Reading)
        for line in document.result.heading
    ]
    return match_commune(
        case.senders,
        heading,
        case.parsed.subject,
        case.communes,
        on_behalf=case.role == "officer" or bool(case.message.forced_by),
        workbooks=workbooks_of(documents, case.communes),
    )


def _unless_another_is_named(case: Case, commune: CommuneMatch | Unsure) -> CommuneMatch | Unsure:
    """An answer in words alone has no letterhead: whom the words name, it may be meant for.

    (Beside a form they may tell where a point lies.)
    """
    if isinstance(commune, Unsure) or commune.how == "decision":
        return commune
    named = named_communes(_words(case, (), case.parsed.text), case.communes)
    others = [one.title for one in named if one != commune.commune]
    return Unsure("other-commune", (commune.commune.title, *others)) if others else commune


def _known(
    case: Case,
    documents: Sequence[ReadDocument],
    commune: CommuneMatch | Unsure,
    campaign: CampaignMatch | Unsure,
) -> Known:
    if isinstance(commune, Unsure) or isinstance(campaign, Unsure):
        return Known()
    store, key, call = case.desk.store, commune.commune.key, campaign.campaign.id
    content = record.content_key(documents, case.parsed.text)
    current = store.current_submission(call, key)
    letter = record.official_letter(documents)
    twins = (
        store.letter_twins(call, letter.number, letter.organ, key)
        if letter and letter.number
        else []
    )
    return Known(
        copy_of=case.copy_of(content, call),
        twin=store.same_content(call, key, content),
        current=current,
        current_sent_at=store.message(current.message_id).sent_at if current else None,
        letter_twins=tuple(twins),
        earlier_round=store.earlier_round(call, key, record.form_hashes(documents)),
    )
