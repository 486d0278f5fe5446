"""A case: one message on the desk, what is known of it, and what becomes of it unopened.

Who wrote, as whom, about which campaign; recorded or held for what triage or the scanner says of
it. What needs its files is done in `opened`, `answering` and `strangers`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from config.communes import Commune, Communes
from intake import record
from intake.by_reply import Reply, read_reply
from intake.desk import Desk, communes_of, own_addresses, roles, triage_facts
from intake.matching import CampaignMatch, Unsure, match_campaign
from intake.message import Parsed, parse_header
from intake.official import workbooks_of
from intake.record import Envelope, ReadDocument
from intake.triage import Triage, TriageFacts
from notifier.debt import NEVER_ANSWERED
from parsers.letter import cited_numbers
from parsers.reading import Reading
from registry.model import CommuneKey, Mail, MailState, Message, Outcome, Verdict, held_reason

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)

#: The acknowledgment of what triage sorts out; only people of the roster get one.
_ACKS: Mapping[Verdict, str] = MappingProxyType(
    {"link": "link", "empty": "empty", "unreadable": "unreadable", "query": "in-review"}
)

#: After a decision a message has few events: attempts, moves, readings anew.
_LATEST = 100
#: States of a mail of ours that a bounce can speak of.
_LEFT: frozenset[MailState] = frozenset({"sent", "sending", "unknown"})


@dataclass(frozen=True, slots=True)
class Case:
    """One message with the desk it lies on."""

    desk: Desk
    message: Message
    parsed: Parsed
    envelope: Envelope
    #: When the attempt began. What was recorded later may or may not be there already.
    begun_at: dt.datetime = _NEVER

    @property
    def communes(self) -> Communes:
        """The roster on the day of its arrival."""
        return self.desk.communes_on(self.message.received_at)

    @property
    def senders(self) -> tuple[Commune, ...]:
        """The communes that have the sender's address."""
        return communes_of(self.parsed.sender, self.communes)

    @property
    def decision(self) -> Literal["", "assigned", "accepted"]:
        """What a person decided last about it: whose answer it is, or that it counts as it is.

        Of a commune that adopted a stranger's form: that it is its own.
        """
        if not self.message.forced_by:
            return ""
        story = self.desk.store.journal(_LATEST, subject=f"message {self.message.id}")
        last = next((one.kind for one in story if one.kind in {"assigned", "accepted"}), "")
        return "accepted" if last == "accepted" else "assigned"

    @property
    def role(self) -> str:
        """Who speaks: commune, chair, officer, approver, department; "" for anybody else."""
        return roles(self.desk.config, self.communes).get(self.parsed.sender, "")

    def is_ours(self, mail: Parsed) -> bool:
        """Whether a mail that came inside this one is one of ours: its words are not the sender's.

        By the same signs as a mail that comes back to us alone.
        """
        from_us = not own_addresses(self.desk.config).isdisjoint(mail.senders)
        return from_us or self.desk.store.is_our_mail(mail.rfc_message_id)

    def without_ours(self) -> "Case":
        """The same message without the mails of ours that were forwarded in it."""
        theirs = tuple(mail for mail in self.parsed.nested if not self.is_ours(mail))
        return replace(self, parsed=replace(self.parsed, nested=theirs))

    def facts(self) -> TriageFacts:
        """What triage must know besides the message."""
        return triage_facts(self.desk, self.parsed, self.message.received_at)

    def reply(self) -> Reply:
        """What it says as an answer to a mail of ours."""
        return read_reply(self.parsed.subject, self.parsed.text, self.parsed.quoted, self.role)

    def heard_from(self) -> CommuneKey | None:
        """The commune that spoke, if only one has this address; a person's word goes before."""
        if self.message.forced_commune:
            return self.message.forced_commune
        return self.senders[0].key if len(self.senders) == 1 else None

    def campaign(self, documents: Sequence[ReadDocument]) -> CampaignMatch | Unsure:
        """The campaign by all that is known and these documents, or why it is not certain."""
        config, message = self.desk.config, self.message
        if message.forced_campaign:
            for campaign in config.campaigns:
                if campaign.id == message.forced_campaign:
                    return CampaignMatch(campaign, "decision")
            return Unsure("no-campaign")  # its file was taken away since
        texts = [self.parsed.subject, self.parsed.text]
        texts += [d.result.text for d in documents if isinstance(d.result, Reading)]
        return match_campaign(
            self.desk.store.campaign_of_mails(self.parsed.references),
            self.parsed.subject,
            cited_numbers("\n".join(texts)),
            config.campaigns,
            message.received_at,
            workbooks_of(documents, self.communes),
        )

    def copy_of(self, content: str, campaign: str | None = None) -> Message | None:
        """The message that is this very mail, come by another road.

        ``campaign`` is the one that this one is known to answer. Some programs give every mail the
        same Message-ID: without a Date either, a nil return is that of an earlier round to the
        letter. And a person may say that this one counts elsewhere.
        """
        one = self.envelope
        found = self.desk.store.same_rfc_id(one.rfc_message_id, content, one.sender, one.sent_at)
        if found is None or found.id == self.message.id:
            return None
        elsewhere = campaign is not None and found.campaign not in {None, campaign}
        doubtful = one.sent_at is None or self.message.forced_campaign is not None
        return None if elsewhere and doubtful else found

    def sorted_out(self, answer: Triage, verdict: Verdict) -> Outcome:
        """Record or hold what triage recognised. Whoever of a commune wrote was heard."""
        lost = self._lost(answer)
        undelivered = next((mail for mail in lost if mail.kind in {"draft", "report"}), None)
        held = (answer.hold or undelivered is not None) and not self.message.forced_by
        reason = answer.reason
        if undelivered is not None:
            reason = held_reason("report-bounced", undelivered.key, undelivered.recipient)
        campaign = self.campaign(())
        outcome = record.without_reading(self.envelope, verdict, reason)
        return replace(
            outcome,
            state="held" if held else "recorded",
            ack="" if reason.startswith("lookalike-sender") else self._ack(verdict),
            commune=self.heard_from(),
            campaign=campaign.campaign.id if isinstance(campaign, CampaignMatch) else None,
            returned=tuple((mail.key, mail.recipient) for mail in lost),
            ignored=() if verdict in NEVER_ANSWERED else self.ignored(),
        )

    def secret(self, where: str) -> Outcome:
        """Hold what bears a secrecy mark, in ``where``: nothing of it is recorded."""
        answer = Triage("secret", held_reason("secrecy-mark", where), hold=True)
        return self.sorted_out(answer, "secret")

    def stopped(self, answer: Triage) -> Outcome:
        """Hold what must not be opened, whoever sent it and whatever a person decided before.

        Nobody gets an answer: nothing was read. Who wrote was heard all the same.
        """
        campaign = self.campaign(())
        return replace(
            record.without_reading(self.envelope, answer.verdict or "unchecked", answer.reason),
            state="held",
            commune=self.heard_from(),
            campaign=campaign.campaign.id if isinstance(campaign, CampaignMatch) else None,
        )

    def given_up(self) -> Outcome:
        """Hold a message on which the program failed, also one that a person had accepted."""
        tries = self.desk.config.settings.limits.tries
        reason = held_reason("program-failed", f"{tries} tries")
        outcome = record.without_reading(self.envelope, "unreadable", reason, self._ack("query"))
        return replace(outcome, state="held", commune=self.heard_from())

    def approval(self) -> Outcome:
        """Hold what an approver writes without an answer to a question of ours."""
        answer = Triage("approval", held_reason("approver-wrote"), hold=True)
        return self.sorted_out(answer, "approval")

    def closed(self) -> "Case":
        """The same message, of which only the header is looked at: it must not be opened."""
        raw = self.desk.vault.get(self.message.sha256)
        parsed = parse_header(raw, self.desk.config.settings.limits)
        return replace(self, parsed=parsed, envelope=envelope_of(parsed, self.message))

    def ignored(self) -> tuple[str, ...]:
        """The tokens in it that nobody of its sender's role answers, each once."""
        return tuple(dict.fromkeys(f"{one.about}{one.number}" for one in self.reply().ignored))

    def _ack(self, verdict: Verdict) -> str:
        if verdict == "stranger":
            # A roster address that failed its proof is somebody else: nothing goes back to it.
            told = self.desk.config.settings.security.answer_strangers and not self.role
            return "stranger" if told else ""
        return _ACKS.get(verdict, "") if self.role in {"commune", "chair", "officer"} else ""

    def _lost(self, answer: Triage) -> list[Mail]:
        """Our mails that a bounce cites, to those of its failed addresses that they went to.

        A bounce says nothing about any other address: whoever got a mail of ours can write one.
        Nor about a mail that never left.
        """
        cited = self.desk.store.cited_mails(answer.about)
        return [
            mail
            for mail in cited
            if mail.recipient.casefold() in answer.failed and mail.state in _LEFT
        ]


def envelope_of(parsed: Parsed, message: Message) -> Envelope:
    """Return what is recorded of a message whatever becomes of it."""
    return Envelope(
        parsed.sender, parsed.subject, parsed.rfc_message_id, parsed.date, message.received_at
    )
