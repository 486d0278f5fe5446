"""One kept message → its outcome: message → triage → unpack → matching → read → record.

What the registry already knows is asked of the store, files are read in the jail; the decisions
themselves are pure and live in triage, matching and record.
"""

import datetime as dt
import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import get_args

import structlog

from config.model import Campaign, Commune
from intake import confirm, record
from intake.admission import scan, tell_if_away, with_proof
from intake.answering import answer_report, told_of_report
from intake.body import forwarded_words
from intake.by_reply import Asked, Reply, decide_adoption, decide_held, read_reply
from intake.containers import Note
from intake.department import answered_report
from intake.desk import (
    Desk,
    communes_of,
    own_addresses,
    roles,
    self_test_of,
    triage_facts,
)
from intake.matching import (
    CampaignMatch,
    CommuneMatch,
    Unsure,
    match_campaign,
    match_commune,
    named_communes,
    unknown_issuers,
)
from intake.message import Parsed, Part, parse_header
from intake.official import workbooks_of
from intake.post import alert, tell_admin
from intake.record import Envelope, Known, ReadDocument
from intake.reply import own_words
from intake.selftest import HEADER, answer_key, in_words, what_was_read
from intake.signed import Open, read_mail
from intake.triage import Triage, TriageFacts, documents, secrecy, triage
from intake.unpack import Unpacked, unpack
from notifier.answered import AnswerCode, Answered
from notifier.answered_report import answer_reason
from notifier.asked_commune import AskedCommune
from notifier.debt import NEVER_ANSWERED
from notifier.token import Subject, Token
from notifier.workbook_mark import is_genuine
from parsers.container import Opened, Room
from parsers.form import Form
from parsers.letter import cited_numbers, nil_statement, secrecy_mark
from parsers.reading import Reading, Refusal, RefusalCode
from parsers.sniff import has_pages
from registry.errors import NotPossible, RegistryBusy, RegistryProblem
from registry.model import (
    Choice,
    CommuneKey,
    Decided,
    HeldReason,
    Mail,
    MailState,
    Message,
    Outcome,
    ReportDecision,
    Submission,
    Verdict,
    debt_key,
    held_reason,
)
from registry.rows import written
from registry.vault import VaultDamaged

_log = structlog.get_logger("understand")

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)
_AT_ONCE = 2  # messages, or files of one message, in the jail at the same time
_AHEAD = 4  # messages that are being read or wait for their turn to be recorded
_AHEAD_BYTES = 8_000_000  # and their size, unless one alone is larger

#: The acknowledgment of what triage sorts out; only people of the roster get one.
_ACKS: Mapping[Verdict, str] = MappingProxyType(
    {"link": "link", "empty": "empty", "unreadable": "unreadable", "query": "in-review"}
)
#: The same answer to the same useless reply.
_TOLD_AT_MOST = 2
#: States of a mail of ours that a bounce can speak of.
_LEFT: frozenset[MailState] = frozenset({"sent", "sending", "unknown"})
#: What triage says of a mail that a person may nevertheless have read (`intake accept`).
_READ_WHEN_ACCEPTED: frozenset[Verdict] = frozenset(
    {"stranger", "auto-reply", "unchecked", "decision"}
)
_ANSWERS = r"(?:re|trả lời|tl|fwd?|tr|chuyển tiếp|ct)\s*:"
#: The subject of our own mail in a reply: its bracket speaks for us, not for the sender; nor does
#: one that a gateway put in ("[BÊN NGOÀI]").
_OUR_SUBJECT = re.compile(rf"^\s*{_ANSWERS}(?:\s*(?:{_ANSWERS}|\[[^\]]*\]))*", re.IGNORECASE)
_BRACKETS = re.compile(r"^(?:\s*\[[^\]]*\])+")
#: Notes of which the sender hears, as documents that were refused; the others are trifles.
_NOTE_CODES: Mapping[str, RefusalCode] = MappingProxyType(
    {
        "too-large": "too-large",
        "too-many": "too-large",
        "too-deep": "too-large",
        "encrypted": "encrypted",
        "damaged": "damaged",
        "empty": "empty",
        "timeout": "timeout",
        "unreadable": "unreadable",
        "unsupported": "unsupported",
        "link": "unsupported",
    }
)


def understand_kept(
    desk: Desk, stop: Callable[[], bool] = lambda: False, *, retry: bool = True
) -> bool:
    """Understand and record what is kept, oldest first; return whether some is left to do now.

    A message that makes our code raise is tried again at the next tick, and held after
    ``limits.tries`` attempts. An attempt is counted before it is made: the first attempts of a
    batch together, later ones one at a time, so that a message which kills the daemon spoils the
    first try of its neighbours and no other. Without ``retry`` only new messages are taken: what
    failed a moment ago would fail again.

    Raises:
        JailBrokenError: no document can be read on this machine now; no attempt was counted.
    """
    limits = desk.config.settings.limits
    messages = [one for one in desk.store.kept(limits.batch) if retry or not one.tries]
    if messages:
        desk.reader.ready()  # a machine that cannot read must not use up a message's tries
    more_wait, sent_back = len(messages) == limits.batch, False
    fresh = [message.id for message in messages if message.tries == 0]
    begun_at = desk.clock()
    begun = set(desk.store.begin_attempts(fresh, begun_at))
    messages = [message for message in messages if message.tries or message.id in begun]
    done = 0
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="prepare")
    try:
        for message, prepared in _in_order(desk, messages, pool, begun_at, stop):
            try:
                outcome = _attempted(desk, message, prepared)
                if outcome is None:
                    continue
                if outcome.verdict == "self-test":
                    _tell_self_test(desk, message, outcome)
                desk.store.record(message.id, outcome, desk.clock(), message.decisions)
            except NotPossible as error:
                _log.info("decided_meanwhile", message=message.id, reason=str(error))
                continue
            except (RegistryProblem, RegistryBusy):
                raise
            except Exception:  # noqa: BLE001  what cannot be written down is a failed attempt too
                _log.exception("attempt_failed", message=message.id)
                continue
            sent_back |= isinstance(outcome.decided, Decided)
            tell_if_away(desk, outcome.reason)
            reason = _code(outcome)
            _log.info(outcome.state, message=message.id, verdict=outcome.verdict, reason=reason)
            done += 1
    finally:
        pool.shutdown(cancel_futures=True)
    if sent_back and not more_wait and not stop():
        # What a reply decided is read at once: the answer to the reply tells what came of it.
        return understand_kept(desk, stop, retry=False)
    return done > 0 and more_wait


def _code(outcome: Outcome) -> str:
    """The code of a reason, for the log: its details may be the sender's own words."""
    code = outcome.reason.partition(":")[0]
    return code if code in get_args(HeldReason) else ""


def _in_order(
    desk: Desk,
    messages: Sequence[Message],
    pool: ThreadPoolExecutor,
    begun_at: dt.datetime,
    stop: Callable[[], bool],
) -> Iterator[tuple[Message, "Future[_Prepared] | None"]]:
    """Yield the messages in their order until told to stop, a few of them being read ahead.

    ``stop`` gives a sign of life: it is asked before more is begun, never while that may hang
    already. What is read ahead is bounded in number and bytes. A message that was tried before
    comes alone (None): whatever it does then is its own doing.
    """
    waiting, begun = deque(messages), deque[tuple[Message, Future[_Prepared]]]()
    while (waiting or begun) and not stop():
        ahead = sum(message.size_bytes for message, _ in begun)
        while waiting and waiting[0].tries == 0 and len(begun) < _AHEAD:
            ahead += waiting[0].size_bytes
            if begun and ahead > _AHEAD_BYTES:
                break
            message = waiting.popleft()
            begun.append((message, pool.submit(_prepare, desk, message, begun_at)))
        yield begun.popleft() if begun else (waiting.popleft(), None)


def _attempted(
    desk: Desk, message: Message, prepared: "Future[_Prepared] | None"
) -> Outcome | None:
    """Return the outcome of a message; None when the attempt failed and another is left."""
    attempt, begun_at = 1, desk.clock()
    if prepared is None:
        attempt = desk.store.begin_attempt(message.id, begun_at)
        if attempt > desk.config.settings.limits.tries:
            return _poison(desk, message)
    try:
        ready = prepared.result() if prepared else _prepare(desk, message, begun_at)
        return ready if isinstance(ready, Outcome) else ready.decided()
    except (RegistryProblem, RegistryBusy):
        raise
    except OSError as error:  # its own file may be what is bad: the others must not wait for it
        _log.exception("attempt_failed", message=message.id, attempt=attempt)
        alert(desk, "disk", str(error))
        return None
    except Exception:  # noqa: BLE001  whatever it is: three times, then a person gets it
        _log.exception("attempt_failed", message=message.id, attempt=attempt)
        return None


def understand_again(desk: Desk, message: Message, begun_at: dt.datetime) -> Outcome:
    """Return what the program makes of a message whose attempt began at that moment.

    For a replay, on a desk that was told what scanner and DNS had said: nothing is counted or
    recorded, and nobody is told of what goes wrong.

    Raises:
        VaultDamaged, KeyError: its bytes are not what they were, or gone.
        JailBrokenError: no document can be read on this machine now.
    """
    ready = _prepare(desk, message, begun_at)
    return ready if isinstance(ready, Outcome) else ready.decided()


def given_up(desk: Desk, message: Message) -> Outcome:
    """Return the outcome of a message that could not be understood: a person must look."""
    limits = desk.config.settings.limits
    try:
        parsed = parse_header(desk.vault.get(message.sha256), limits)
    except (VaultDamaged, KeyError, OSError):
        parsed = Parsed()
    # Nothing of what may have failed is asked again: no date, no campaign, no reading.
    envelope = Envelope(parsed.sender, parsed.subject, "", None, message.received_at)
    return _Case(desk, message, parsed, envelope).given_up()


def _prepare(desk: Desk, message: Message, begun_at: dt.datetime) -> "_Prepared":
    """Do all that needs no other message of the batch: parse, sort out, read the documents.

    Returns the outcome of what is not opened, else the opened case with its readings. Runs beside
    other messages.

    Raises:
        VaultDamaged: its bytes are not what they were.
        JailBrokenError: no document can be read on this machine now.
    """
    raw, limits = desk.vault.get(message.sha256), desk.config.settings.limits
    stopped = scan(desk, [raw])
    parsed = parse_header(raw, limits) if stopped else read_mail(raw, limits, _opener(desk))
    case = _Case(desk, message, parsed, _envelope(parsed, message), begun_at)
    if stopped:
        return case.stopped(stopped)
    facts = case.facts()
    # Who decided about it vouches for its sender; nobody can vouch for what the scanner found.
    sorted_out = triage(
        parsed, facts if message.forced_by else with_proof(desk, raw, parsed, facts)
    )
    if sorted_out.verdict is None:
        return case.by_role()
    if message.forced_by and sorted_out.verdict in _READ_WHEN_ACCEPTED:
        return case.opened()
    if sorted_out.verdict == "self-test":
        return case.self_test()
    if sorted_out.verdict == "decision":
        return case.answering()
    if desk.config.settings.security.ask_communes and sorted_out.reason == "unknown-sender":
        return case.strangers(sorted_out)
    return case.sorted_out(sorted_out, sorted_out.verdict)


def _tell_self_test(desk: Desk, message: Message, outcome: Outcome) -> None:
    """Answer a form of `intake doctor`: to the admin, once, and before it counts as understood."""
    parsed = parse_header(desk.vault.get(message.sha256), desk.config.settings.limits)
    test_id = parsed.headers.get(HEADER.lower(), ("",))[0].partition(" ")[0]
    facts = {"what": "self-test", "reason": in_words(outcome.reason)}
    tell_admin(desk, answer_key(test_id), facts)


def _opener(desk: Desk) -> Open:
    """Return the way to open containers: in the jail, and each one opened is work done."""

    def open_(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        opened = desk.reader.open(data, name, room)
        desk.alive()
        return opened

    return open_


def _envelope(parsed: Parsed, message: Message) -> Envelope:
    return Envelope(
        parsed.sender, parsed.subject, parsed.rfc_message_id, parsed.date, message.received_at
    )


def _poison(desk: Desk, message: Message) -> Outcome:
    """Three tries ended badly: a person must look, whatever it is."""
    _log.error("given_up", message=message.id, tries=desk.config.settings.limits.tries)
    return given_up(desk, message)


@dataclass(frozen=True, slots=True)
class _Case:
    """One message with the desk it lies on."""

    desk: Desk
    message: Message
    parsed: Parsed
    envelope: Envelope
    #: When the attempt began. What was recorded later may or may not be there already.
    begun_at: dt.datetime = _NEVER

    @property
    def communes(self) -> tuple[Commune, ...]:
        return self.desk.communes_on(self.message.received_at)

    @property
    def senders(self) -> tuple[Commune, ...]:
        """The communes that have the sender's address."""
        return communes_of(self.parsed.sender, self.communes)

    @property
    def role(self) -> str:
        return roles(self.desk.config, self.communes).get(self.parsed.sender, "")

    def facts(self) -> TriageFacts:
        return triage_facts(self.desk, self.parsed, self.message.received_at)

    # --- not opened ---

    def sorted_out(self, answer: Triage, verdict: Verdict) -> Outcome:
        """Record or hold what triage recognised. Whoever of a commune wrote was heard."""
        lost = self._lost(answer)
        undelivered = next((mail for mail in lost if mail.kind in {"draft", "report"}), None)
        held = (answer.hold or undelivered is not None) and not self.message.forced_by
        reason = answer.reason
        if undelivered is not None:
            reason = held_reason("report-bounced", undelivered.key, undelivered.recipient)
        campaign = self._campaign(())
        outcome = record.without_reading(self.envelope, verdict, reason)
        return replace(
            outcome,
            state="held" if held else "recorded",
            ack="" if reason.startswith("lookalike-sender") else self._ack(verdict),
            commune=self._heard_from(),
            campaign=campaign.campaign.id if isinstance(campaign, CampaignMatch) else None,
            returned=tuple((mail.key, mail.recipient) for mail in lost),
            ignored=() if verdict in NEVER_ANSWERED else _named(self._reply().ignored),
        )

    def self_test(self) -> Outcome:
        """Read the form that `intake doctor` sent as any other; it is nobody's answer."""
        mark = self_test_of(self.desk, self.parsed, self.message.received_at)
        campaigns = self.desk.config.campaigns
        named = [one for one in campaigns if mark is not None and one.id == mark.campaign]
        unpacked = unpack(self.parsed, self.desk.config.settings.limits, _opener(self.desk))
        read = self._read(CampaignMatch((named or list(campaigns))[0], "self-test"), unpacked)
        reason = what_was_read([one.result for one in read])
        outcome = record.without_reading(self.envelope, "self-test", reason)
        return replace(outcome, documents=record.documents_of(read))

    def stopped(self, answer: Triage) -> Outcome:
        """Hold what must not be opened, whoever sent it and whatever a person decided before.

        Nobody gets an answer: nothing was read. Who wrote was heard all the same.
        """
        campaign = self._campaign(())
        return replace(
            record.without_reading(self.envelope, answer.verdict or "unchecked", answer.reason),
            state="held",
            commune=self._heard_from(),
            campaign=campaign.campaign.id if isinstance(campaign, CampaignMatch) else None,
        )

    def given_up(self) -> Outcome:
        """Hold a message on which the program failed, also one that a person had accepted."""
        tries = self.desk.config.settings.limits.tries
        reason = held_reason("program-failed", f"{tries} tries")
        outcome = record.without_reading(self.envelope, "unreadable", reason, self._ack("query"))
        return replace(outcome, state="held", commune=self._heard_from())

    def by_role(self) -> "_Prepared":
        """What a message is that says something, by who says it."""
        if self.role == "approver":
            return self.approval()
        return self.department() if self.role == "department" else self.opened()

    def department(self) -> Outcome:
        """What the Department answered: recorded and passed on, never answered, never held."""
        unpacked = self._unpacked()
        if isinstance(unpacked, Outcome):
            return unpacked
        documents = self._read(self._campaign(()), unpacked)
        if any(map(_is_stamped, documents)):
            return self.secret("document")
        campaigns, store = self.desk.config.campaigns, self.desk.store
        call, key = answered_report(
            store.cited_mails(self.parsed.references),
            self.parsed.subject,
            self.parsed.sender,
            campaigns,
            {one.id: store.reports(one.id) for one in campaigns},
        )
        return replace(
            record.without_reading(self.envelope, "department", answer_reason(key)),
            campaign=call,
            documents=record.documents_of(documents),
        )

    def approval(self) -> Outcome:
        answer = Triage("approval", held_reason("approver-wrote"), hold=True)
        return self.sorted_out(answer, "approval")

    def answer(self) -> Outcome:
        """Decide what a person's reply decides; what it may not decide is recorded, and told."""
        desk, sender = self.desk, self.parsed.sender
        reply = self._reply()
        today = self.message.received_at.astimezone(desk.config.settings.office.zone).date()
        asked = self._asked(reply.tokens[0])
        about = reply.tokens[0].about
        decide = decide_adoption if about == "H" else decide_held
        found = decide(reply, sender, asked, desk.vault.secret(), today)
        told = found if isinstance(found, Answered) else _told(found, about)
        ack = "decision"
        if about == "H":  # what was adopted is acknowledged: no second mail about that
            ack = "" if told.done else "adoption"
        return self._answered(reply, found, told, ack)

    def answer_about_report(
        self, documents: tuple[ReadDocument, ...], files: Mapping[str, bytes]
    ) -> Outcome:
        """Decide what a person's reply decides about a report, with what came with it."""
        desk, reply = self.desk, self._reply()
        if any(map(_is_stamped, documents)):
            return self.secret("document")
        today = self.message.received_at.astimezone(desk.config.settings.office.zone).date()
        found, call = answer_report(desk, reply, self.parsed.sender, today, documents)
        if isinstance(found, ReportDecision) and found.letter:
            desk.vault.put(files[found.letter.sha256])
        told = found if isinstance(found, Answered) else told_of_report(found)
        outcome = self._answered(reply, found, told, "report", documents)
        return replace(outcome, campaign=call, documents=record.documents_of(documents))

    def _answered(
        self,
        reply: Reply,
        found: Decided | ReportDecision | Answered,
        told: Answered,
        ack: str,
        documents: Sequence[ReadDocument] = (),
    ) -> Outcome:
        """Record an answer by reply; the same one by another road is a copy of it."""
        desk = self.desk
        words = "\n".join([f"{reply.tokens}\n{reply.orders}", *(one.sha256 for one in documents)])
        outcome = replace(
            record.without_reading(self.envelope, "decision", told.reason, ack),
            content_key=hashlib.sha256(words.encode("utf-8", "replace")).hexdigest(),
            decided=None if isinstance(found, Answered) else found,
            ignored=_named(reply.ignored),
        )
        copy = desk.store.same_rfc_id(outcome.rfc_message_id, outcome.content_key)
        if copy is not None and copy.id != self.message.id:
            reason = f"the same reply as message {copy.id}, by another road"
            return replace(outcome, verdict="copy", reason=reason, ack="", decided=None)
        return self._once(outcome, told)

    def _once(self, outcome: Outcome, told: Answered) -> Outcome:
        """Say the same thing to the same person twice at most: a machine may be answering us."""
        if told.done:
            return outcome
        again = self.desk.store.answers_like(outcome.sender, outcome.reason)
        return replace(outcome, ack="") if again >= _TOLD_AT_MOST else outcome

    def _reply(self) -> Reply:
        return read_reply(self.parsed.subject, self.parsed.text, self.parsed.quoted, self.role)

    def _asked(self, token: Token) -> Asked | None:
        """Return the message that a token is about, if there is one."""
        try:
            message = self.desk.store.message(token.number)
        except KeyError:
            return None
        return Asked(message, self.desk.config, self.desk.communes_on(message.received_at))

    def _ack(self, verdict: Verdict) -> str:
        if verdict == "stranger":
            # A roster address that failed its proof is somebody else: nothing goes back to it.
            told = self.desk.config.settings.security.answer_strangers and not self.role
            return "stranger" if told else ""
        return _ACKS.get(verdict, "") if self.role in {"commune", "chair", "officer"} else ""

    def _heard_from(self) -> CommuneKey | None:
        if self.message.forced_commune:
            return self.message.forced_commune
        return self.senders[0].key if len(self.senders) == 1 else None

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

    # --- opened ---

    def answering(self) -> "_Prepared":
        """An answer to a question of ours; what comes with one about a report is read."""
        if self._reply().tokens[0].about != "B":
            return _Answer(self)
        unpacked = self._unpacked()
        if isinstance(unpacked, Outcome):
            return unpacked
        files = {hashlib.sha256(part.data).hexdigest(): part.data for part in unpacked.files}
        return _ReportAnswer(self, self._read(self._campaign(()), unpacked), files)

    def opened(self) -> "_Prepared":
        unpacked = self._unpacked()
        if isinstance(unpacked, Outcome):
            return unpacked
        campaign = self._campaign(())
        documents = self._read(campaign, unpacked)
        if isinstance(campaign, Unsure) and campaign.candidates:
            campaign = self._campaign(documents)
            if not isinstance(campaign, Unsure):
                documents = self._read(campaign, unpacked)
        return _Opened(self, campaign, documents, unpacked.mails)

    def _unpacked(self) -> Unpacked | Outcome:
        """What the message holds; its outcome, where it must not be looked at."""
        limits = self.desk.config.settings.limits
        unpacked = unpack(self.parsed, limits, _opener(self.desk))
        names = [part.name for part in unpacked.files] + [note.name for note in unpacked.notes]
        where = secrecy(unpacked.mails, names)
        if where:
            return self.secret(f"{where} inside a file")
        # The scanner knows mails and archives, but not all that was unpacked here.
        stopped = scan(self.desk, (part.data for part in unpacked.files))
        if stopped:
            return self._closed().stopped(stopped)
        return unpacked

    def strangers(self, answer: Triage) -> "_Prepared":
        """Read a stranger's files, for the commune that they name to be asked about them."""
        if not documents(self.parsed):
            return self.sorted_out(answer, "stranger")
        opened = self.opened()
        return _Strangers(opened, answer) if isinstance(opened, _Opened) else opened

    def asked(
        self, answer: Triage, files: tuple[ReadDocument, ...], campaign: CampaignMatch | Unsure
    ) -> Outcome:
        """Hold a stranger's message; if its form names one commune, that one is asked."""
        if any(map(_is_stamped, files)):
            return self.secret("document")
        plain = self.sorted_out(answer, "stranger")
        whose = self._named_by(files)
        if whose is None or isinstance(campaign, Unsure):
            return plain
        rows = [len(one.result.rows) for one in files if isinstance(one.result, Reading)]
        asks = AskedCommune(whose.title, whose.key, campaign.campaign.id, max(rows))
        since, most = self.message.received_at - _DAY, self.desk.config.settings.security
        asked_before = self.desk.store.questions_since(written(whose.key) or "", since)
        if asked_before >= most.questions_per_commune_day:
            return plain
        return replace(
            plain,
            reason=asks.reason,
            campaign=campaign.campaign.id,
            documents=record.documents_of(files),
        )

    def _named_by(self, files: tuple[ReadDocument, ...]) -> Commune | None:
        """Return the one commune that the headings of a stranger's forms name, and no other."""
        read = [one.result for one in files if isinstance(one.result, Reading)]
        heading = [line for each in read for line in each.heading]
        named = named_communes(heading, self.communes)
        if not any(each.rows for each in read) or unknown_issuers(heading, self.communes):
            return None
        return named[0] if len(named) == 1 else None

    def _closed(self) -> "_Case":
        """The same message, of which only the header is looked at: it must not be opened."""
        raw = self.desk.vault.get(self.message.sha256)
        parsed = parse_header(raw, self.desk.config.settings.limits)
        return replace(self, parsed=parsed, envelope=_envelope(parsed, self.message))

    def secret(self, where: str) -> Outcome:
        answer = Triage("secret", held_reason("secrecy-mark", where), hold=True)
        return self.sorted_out(answer, "secret")

    def decided(
        self,
        campaign: CampaignMatch | Unsure,
        documents: tuple[ReadDocument, ...],
        mails: tuple[Parsed, ...],
    ) -> Outcome:
        """Decide, knowing all messages before this one."""
        if any(map(_is_stamped, documents)):
            return self.secret("document")
        confirmed = None if mails or self.parsed.nested else self._confirmation(documents)
        if confirmed is not None:
            return confirmed
        commune = self._commune(documents)
        outcome = record.decide(
            self.envelope,
            documents,
            self.parsed.text,
            self._nil(mails, self._form(campaign)),
            commune,
            campaign,
            self._known(documents, commune, campaign),
            forced=bool(self.message.forced_by),
            roster=self.communes,
        )
        if outcome.commune is None:  # not certain whose answer it is, but who wrote is known
            outcome = replace(outcome, commune=self._heard_from())
        outcome = replace(outcome, ignored=_named(self._reply().ignored))
        if outcome.submission and (self.parsed.nested or mails):
            # The forwarder is the sender; who reads the registry sees that it came second-hand.
            return replace(outcome, reason=f"{outcome.reason}, with a mail forwarded as attachment")
        return outcome

    def _confirmation(self, documents: tuple[ReadDocument, ...]) -> Outcome | None:
        """What follows from "ĐÚNG"; None of other words, and where a form of its own counts."""
        vouched = self.message.forced_commune
        speaks = self.role in {"commune", "chair"} or vouched is not None
        if not speaks or not confirm.says_right(self.parsed.text):
            return None
        store, meant = self.desk.store, self._meant()
        current, content = meant.current, record.content_key(documents, self.parsed.text)
        known = {one.sha256 for one in store.documents(current.source_id)} if current else set()
        if any(map(_is_answer, documents)) and not set(record.form_hashes(documents)) <= known:
            return None
        copy = store.same_rfc_id(self.envelope.rfc_message_id, content)
        config = self.desk.config
        named = meant.versions[0] if meant.versions else None
        outcome = confirm.decide(
            self.envelope,
            documents,
            self.parsed.text,
            meant,
            {vouched} if vouched else {one.key for one in self.senders},
            copy if copy and copy.id != self.message.id else None,
            next((one for one in config.communes if named and one.key == named.commune), None),
            next((one for one in config.campaigns if named and one.id == named.campaign), None),
            config.settings.office.zone,
        )
        return outcome if outcome.state == "recorded" else self._asked_back(outcome)

    def _meant(self) -> confirm.Meant:
        """The versions that a reply names: by the mail that it answers, and in its subject."""
        store = self.desk.store
        named: dict[int, Submission] = {}
        for reference in self.parsed.references:
            mails = [mail for mail in store.cited_mails([reference]) if mail.message_id]
            if mails:
                version = self._told_of(mails[0])
                named |= {version.id: version} if version else {}
                break
        for receipt in confirm.receipts_in(self.parsed.subject):
            found = store.submission_by_receipt(receipt)
            named |= {found.id: found} if found else {}
        versions = tuple(named.values())
        first = versions[0] if versions else None
        current = store.current_submission(first.campaign, first.commune) if first else None
        return confirm.Meant(versions, current)

    def _told_of(self, mail: Mail) -> Submission | None:
        """The version that an acknowledgment of ours told of, if it is what its message made."""
        if mail.kind != "ack" or mail.message_id is None:
            return None
        message = self.desk.store.message(mail.message_id)
        if message.submission_id is None or message.ack_key != debt_key(mail.key):
            return None
        return self.desk.store.submission(message.submission_id)

    def _asked_back(self, outcome: Outcome) -> Outcome:
        """Held: whose answer it is, is known only from who sent it."""
        campaign = self._campaign(())
        call = campaign.campaign.id if isinstance(campaign, CampaignMatch) else None
        return replace(outcome, commune=self._heard_from(), campaign=call)

    def _nil(self, mails: tuple[Parsed, ...], form: Form) -> record.NilAnswer:
        """Whether the mail says that there is no need.

        Our own mails quote these words: in a reply they must stand in what two readers hold for
        the sender's own. Else a person looks.
        """
        said = nil_statement(self._words(mails, self.parsed.text), form)
        if said == "no" or not (self.parsed.references or _OUR_SUBJECT.match(self.parsed.subject)):
            return said
        anew = nil_statement(self._words(mails, own_words(self.parsed.text)), form)
        return said if anew == said else "doubtful"

    def _words(self, mails: tuple[Parsed, ...], text: str) -> list[str]:
        """The sender's own words; of an officer's forward also what was forwarded."""
        subject = _OUR_SUBJECT.sub("", self.parsed.subject)
        if confirm.receipts_in(subject):  # ours, without the mark of an answer
            subject = _BRACKETS.sub("", subject)
        texts = [subject, "", text]
        texts += [inner.text for inner in (*self.parsed.nested, *mails)]
        if self.role == "officer":
            ours = own_addresses(self.desk.config)
            texts.append(forwarded_words(self.parsed.quoted, ours))
        return "\n".join(texts).splitlines()

    def _form(self, campaign: CampaignMatch | Unsure) -> Form:
        return self._likely(campaign).form

    def _likely(self, campaign: CampaignMatch | Unsure) -> Campaign:
        """The campaign, or the first candidate: its form is good enough to look at the files."""
        config = self.desk.config
        if isinstance(campaign, CampaignMatch):
            return campaign.campaign
        known = [one for one in config.campaigns if one.id in campaign.candidates]
        return (known or list(config.campaigns))[0]

    def _read(
        self, campaign: CampaignMatch | Unsure, unpacked: Unpacked
    ) -> tuple[ReadDocument, ...]:
        """Read every file in the jail; what could not even be unwrapped is refused as well."""
        form = self._form(campaign)
        seen = [has_pages(part.data) for part in unpacked.files]
        looking = replace(form, words=self._likely_words(campaign)) if any(seen) else form

        def result_of(part: Part, by_looking: bool) -> Reading | Refusal:
            read = self.desk.reader.read(part.data, looking if by_looking else form, part.name)
            self.desk.alive()
            return read

        with ThreadPoolExecutor(_AT_ONCE) as pool:  # its threads begin with the first file
            side_by_side = pool.map if len(unpacked.files) > 1 else map
            results = list(side_by_side(result_of, unpacked.files, seen))
        read = [
            ReadDocument(
                ordinal,
                part.name,
                hashlib.sha256(part.data).hexdigest(),
                len(part.data),
                result,
                self._genuine(result),
            )
            for ordinal, (part, result) in enumerate(
                zip(unpacked.files, results, strict=True), start=1
            )
        ]
        return (*read, *_refused_notes(unpacked.notes, len(read)))

    def _genuine(self, result: Reading | Refusal) -> bool | None:
        """Whether the mark of an official workbook is ours; None where there is none."""
        mark = result.official if isinstance(result, Reading) else None
        return None if mark is None else is_genuine(mark, self.desk.vault.secret())

    def _likely_words(self, campaign: CampaignMatch | Unsure) -> tuple[str, ...]:
        """The communes' names, and what the sender's communes wrote before in this campaign.

        They help a recogniser of letters to tell words that differ in their marks only.
        """
        call = self._likely(campaign)
        prose = [field.key for field in call.form.fields if field.type in {"text", "list"}]
        earlier = {
            point.row.values.get(key, "")
            for commune in self.senders
            for answer in self.desk.store.submissions(call.id, commune.key)
            if answer.recorded_at < self.begun_at
            for point in answer.points
            for key in prose
        }
        return (*(one.title for one in self.communes), *sorted(earlier - {""}))

    def _campaign(self, documents: Sequence[ReadDocument]) -> CampaignMatch | Unsure:
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

    def _commune(self, documents: Sequence[ReadDocument]) -> CommuneMatch | Unsure:
        forced = self.message.forced_commune
        for commune in self.desk.config.communes:
            if forced and commune.key == forced:
                return CommuneMatch(commune, "decision")
        heading = [
            line
            for document in documents
            if isinstance(document.result, Reading)
            for line in document.result.heading
        ]
        return match_commune(
            self.senders,
            heading,
            self.parsed.subject,
            self.communes,
            on_behalf=self.role == "officer" or bool(self.message.forced_by),
            workbooks=workbooks_of(documents, self.communes),
        )

    def _known(
        self,
        documents: Sequence[ReadDocument],
        commune: CommuneMatch | Unsure,
        campaign: CampaignMatch | Unsure,
    ) -> Known:
        if isinstance(commune, Unsure) or isinstance(campaign, Unsure):
            return Known()
        store, key, call = self.desk.store, commune.commune.key, campaign.campaign.id
        content = record.content_key(documents, self.parsed.text)
        copy = store.same_rfc_id(self.envelope.rfc_message_id, content)
        current = store.current_submission(call, key)
        letter = record.official_letter(documents)
        twins = (
            store.letter_twins(call, letter.number, letter.organ, key)
            if letter and letter.number
            else []
        )
        return Known(
            copy_of=copy if copy and copy.id != self.message.id else None,
            twin=store.same_content(call, key, content),
            current=current,
            current_sent_at=store.message(current.message_id).sent_at if current else None,
            letter_twins=tuple(twins),
            earlier_round=store.earlier_round(call, key, record.form_hashes(documents)),
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A case whose documents are read: what is left depends on the messages before it."""

    case: _Case
    campaign: CampaignMatch | Unsure
    documents: tuple[ReadDocument, ...]
    mails: tuple[Parsed, ...]

    def decided(self) -> Outcome:
        return self.case.decided(self.campaign, self.documents, self.mails)


@dataclass(frozen=True, slots=True)
class _Strangers:
    """A stranger's case whose documents are read: how often its commune was asked is not known."""

    opened: _Opened
    answer: Triage

    def decided(self) -> Outcome:
        one = self.opened
        return one.case.asked(self.answer, one.documents, one.campaign)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A case that answers a question of ours: others may have answered it a moment before."""

    case: _Case

    def decided(self) -> Outcome:
        return self.case.answer()


@dataclass(frozen=True, slots=True)
class _ReportAnswer:
    """The same about a report, with the files that came with it: read, and by their hashes."""

    case: _Case
    documents: tuple[ReadDocument, ...]
    files: Mapping[str, bytes]

    def decided(self) -> Outcome:
        return self.case.answer_about_report(self.documents, self.files)


_Prepared = Outcome | _Opened | _Strangers | _Answer | _ReportAnswer


def _told(decided: Decided, about: Subject) -> Answered:
    """Return what is written down of a decision about the reply that brought it."""
    codes: Mapping[Choice, AnswerCode] = {
        "assign": "decided-assign",
        "accept": "decided-accept",
        "drop": "decided-drop",
        "return": "decided-return",
    }
    return Answered(codes[decided.choice], f"{about}{decided.message_id}")


def _named(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{one.about}{one.number}" for one in tokens))


def _is_answer(document: ReadDocument) -> bool:
    """Whether a document is an answer of its own: points, or a statement that there are none."""
    read = document.result
    return isinstance(read, Reading) and bool(read.rows or read.nil)


def _is_stamped(document: ReadDocument) -> bool:
    """Whether a document turned out to bear a secrecy mark: nothing of it is recorded then."""
    read = document.result
    return isinstance(read, Reading) and secrecy_mark(read.text.splitlines())


def _refused_notes(notes: Sequence[Note], offset: int) -> tuple[ReadDocument, ...]:
    """Files that unpacking had to leave out, as documents that were refused."""
    told = [note for note in notes if note.code in _NOTE_CODES]
    return tuple(
        ReadDocument(
            offset + index,
            note.name,
            note.sha256 or hashlib.sha256(f"{note.code} {note.name}".encode()).hexdigest(),
            note.size_bytes,
            Refusal(_NOTE_CODES[note.code], note.message, note.code, note.kind),
        )
        for index, note in enumerate(told, start=1)
    )
