"""The nouns of the registry: frozen values that the store gives and takes (DESIGN §2)."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from parsers.reading import Finding, Letter, Row

#: Marks a field of an outcome that older programs did not know: at its default it is left out of
#: the outcome's hash, so that journals which they wrote can still be held against a replay.
LATER: Mapping[str, bool] = MappingProxyType({"later": True})

CommuneKey = tuple[str, dt.date]
#: From ``opens_at`` until before ``closes_at``.
Window = tuple[dt.datetime, dt.datetime]

MessageState = Literal[
    "kept",  # in the vault, not yet understood (or sent back to be understood again)
    "recorded",  # understood; what follows from it is in the registry
    "held",  # waits for a person
    "rejected",  # a person decided that nothing follows from it
]
Verdict = Literal[
    "submission",  # the campaign's form was read from it
    "correction",  # the same, and it replaces an earlier version
    "nil",  # "không có nhu cầu", positively
    "confirmation",  # "ĐÚNG": the version that we asked about is right as we read it
    "duplicate",  # sent again, identical: "already received at …"
    "copy",  # the same mail by another road (same Message-ID and files): no second answer
    "letter-only",  # an official letter, but no form and no nil statement
    "dossier",  # documents for the points that are registered already
    "wrong-form",  # a table, but not this campaign's
    "blank-template",  # our own form, not filled in
    "unreadable",  # files that could not be read
    "link",  # a share link instead of a file
    "empty",  # nothing in it
    "query",  # words for a person
    "approval",  # an approver's reply
    "department",  # what the Department answered to a report
    "decision",  # a person's answer, by reply, to a mail of ours that asked for one
    "bounce",
    "auto-reply",
    "own",  # one of our own mails came back
    "self-test",  # the form that `intake doctor` sent: nobody's answer
    "automatic",  # read receipts, invitations, lists: no reply, no form
    "loop",  # too many Received lines
    "stranger",  # nobody on the roster
    "secret",  # marked MẬT: not read
    "infected",  # the virus scanner knows it: not read
    "unchecked",  # what must check it (scanner, DNS) is away: not read yet
    "too-large",  # over message_bytes: left on the server, not fetched
    "old",  # before go_live_at: left alone
]
#: What counts as an arrival: after one of these a commune is not silent (promise 3).
#: Why a message waits for a person. The officers read it in Vietnamese (`notifier.held_reasons`).
HeldReason = Literal[
    "unknown-sender",
    "asked-commune",  # the same, and the commune that the form names is asked
    "unproven-sender",
    "odd-sender",
    "lookalike-sender",
    "proof-pending",
    "infected",
    "not-scanned",
    "scan-limit",
    "secrecy-mark",
    "broken-structure",
    "encrypted",
    "words-only",
    "confirms-unclear",
    "automatic-with-files",
    "approver-wrote",
    "program-failed",
    "several-communes",
    "unknown-unit",
    "other-commune",
    "shared-address",
    "forward-disagrees",
    "forward-unnamed",
    "no-campaign",
    "several-campaigns",
    "forms-differ",
    "earlier-round",
    "copied-workbook",
    "workbook-seal",
    "workbook-campaign",
    "nil-beside-form",
    "nil-doubtful",
    "nil-after-registration",
    "after-deadline",
    "older-than-current",
    "report-bounced",
]
ARRIVALS: tuple[Verdict, ...] = (
    "submission",
    "correction",
    "nil",
    "confirmation",
    "decision",  # bears a commune only where a commune's answer to our question decided nothing
    "duplicate",
    "letter-only",
    "dossier",
    "wrong-form",
    "blank-template",
    "unreadable",
    "link",
    "empty",
    "query",
    "secret",
    "infected",
    "unchecked",
    "too-large",
)
#: Held because it is not certain whose answer it is: its commune is only who sent it.
WHOSE_IS_OPEN: frozenset[HeldReason] = frozenset(
    {"several-communes", "unknown-unit", "other-commune", "copied-workbook", "shared-address"}
)
#: Held because something on our side is away: the daemon takes these up again by itself.
WAITS_FOR_US: frozenset[HeldReason] = frozenset({"proof-pending", "not-scanned"})
SubmissionState = Literal["registered", "needs-fix", "nil"]
CommuneState = Literal["waiting", "registered", "needs-fix", "nil", "in-review", "silent"]
MailKind = Literal[
    "ack",
    "call",
    "reminder",
    "silence",
    "held",
    "digest",
    "draft",
    "report",
    "returned",  # a draft, back to the officers
    "department",  # what the Department answered, to officers and approvers
    "stranger",
    "alert",
    "question",  # to a commune: is this stranger's form yours?
]
#: Whether a commune was asked: a call or reminder was delivered (accepted by a server and not come
#: back), one may still arrive, or all were in vain.
Asked = Literal["reached", "open", "in-vain"]
MailState = Literal[
    "queued",
    "sending",  # handed to a server, no outcome known yet (a kill here leaves it so)
    "sent",
    "refused",  # the server said never
    "unknown",  # lost after the final dot
    "cancelled",  # no longer owed when its turn came
    "held",  # by the brake, until `intake release`
]


def waits_for_us(message: "Message") -> bool:
    """Whether a message is held only until something on our side answers again."""
    return message.state == "held" and message.reason.partition(":")[0] in WAITS_FOR_US


#: What stands between a debt's own key and the addresses that it was sent to again.
_AGAIN = "/again/"
#: What stands before the key of a mail that was only shown to whom everything is redirected.
REDIRECTED = "redirected/"


def again_key(key: str, addresses: Iterable[str]) -> str:
    """Return the key under which a debt is sent again, to these other addresses."""
    return f"{debt_key(key)}{_AGAIN}{address_mark(addresses)}"


def address_mark(addresses: Iterable[str]) -> str:
    """Return what stands for addresses in a key: keys are logged, and logs name nobody."""
    folded = "\n".join(sorted(address.strip().lower() for address in addresses))
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()[:12]


def redirected_key(key: str, shown_to: str, meant_for: Iterable[str]) -> str:
    """Return the key of a mail that is shown to one address in place of those it is meant for.

    It pays no debt: the debt's own key stays free, and is owed once nothing is redirected any more.
    """
    return f"{REDIRECTED}{address_mark([shown_to, *meant_for])}/{key}"


def redirection(key: str) -> str:
    """Return the beginning that all mails redirected from the same addresses share; else empty."""
    if not key.startswith(REDIRECTED):
        return ""
    return "/".join(key.split("/", 2)[:2]) + "/"


def debt_key(key: str) -> str:
    """Return a debt's own key, also of a mail sent again to another address, or redirected."""
    return key.removeprefix(redirection(key)).partition(_AGAIN)[0]


def held_reason(code: HeldReason, *details: str) -> str:
    """Return the reason as it is stored and logged: ``code`` or ``code: detail; detail``."""
    return f"{code}: {'; '.join(details)}" if details else code


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a server shows a message. UIDs say "have I seen this slot", never "this message"."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Message:
    """One incoming e-mail. ``sha256`` names its raw bytes in the vault (empty: never fetched).

    ``received_at`` is the server's INTERNALDATE. ``content_key`` is equal for the same files (or
    the same nil words) whatever road they came. ``ack`` is the wording of the acknowledgment that
    is owed, or empty. ``forced_commune``/``forced_campaign`` are a person's decision,
    ``decisions`` how many a person has taken about this message.
    """

    id: int
    sha256: str
    size_bytes: int
    received_at: dt.datetime
    state: MessageState
    tries: int = 0
    sender: str = ""
    subject: str = ""
    rfc_message_id: str = ""
    sent_at: dt.datetime | None = None  # the sender's Date, for information only
    verdict: Verdict | None = None
    reason: str = ""
    commune: CommuneKey | None = None
    campaign: str | None = None
    content_key: str = ""
    ack: str = ""
    submission_id: int | None = None
    forced_commune: CommuneKey | None = None
    forced_campaign: str | None = None
    forced_by: str = ""
    decisions: int = 0

    @property
    def identity(self) -> str:
        """What names this message in keys: its bytes, or what is known of it if never fetched."""
        return self.sha256 or self.content_key

    @property
    def held_key(self) -> str:
        """The outbox key of the notice that asks what to do with it: one for each decision."""
        return self.held_key_after(self.decisions)

    def held_key_after(self, decisions: int) -> str:
        """The key of the notice that was owed when so many decisions had been taken."""
        return f"held/{self.identity[:20]}/{decisions}"

    @property
    def ack_key(self) -> str:
        """The outbox key of the answer that is owed; empty when none is."""
        if not self.ack:
            return ""
        if self.verdict == "stranger":
            return f"stranger/{self.identity[:20]}"
        key = f"ack/{self.identity[:20]}/{self.ack}"
        # What follows from a decision is told again. (Bytes never fetched are not read again.)
        return f"{key}/{self.decisions}" if self.decisions and self.sha256 else key


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message whose bytes are in the vault and that is about to be kept."""

    slot: Slot
    sha256: str
    size_bytes: int
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """The row of a message; ``new`` is false when these bytes were known from another slot."""

    message_id: int
    new: bool


@dataclass(frozen=True, slots=True)
class Document:
    """One file of a message and what became of it. ``refusal_code`` is empty when it was read.

    ``item`` is the key of the dossier's item that it is, ``about`` the folded words of its name and
    head by which its point can be told, ``issued_on`` its day (ISO). ``signature`` is the worst
    state of its digital signatures, empty without one. ``reading_json`` holds the columns that the
    form did not know (`registry.columns`), empty when there was none.
    """

    ordinal: int
    name: str
    sha256: str
    size_bytes: int
    kind: str = "unknown"
    role: str = "unknown"
    refusal_code: str = ""
    refusal_message: str = ""
    reading_json: str = ""
    item: str = ""
    about: str = ""
    issued_on: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One row of a submission, with the document that it was read from."""

    ordinal: int
    document_ordinal: int
    row: Row


@dataclass(frozen=True, slots=True)
class Submission:
    """One version of a commune's answer in a campaign. Exactly one per pair is current.

    ``late`` = received at or after ``deadline_at``; ``after_close`` = at or after ``closes_at``.
    ``withdrawn`` = a person sent its message back to be understood again: it counts no more, but
    its number stays taken. ``read_from`` is the message whose files the points were read from, of
    a version that a commune confirmed in words; None = its own message.
    """

    id: int
    campaign: str
    commune: CommuneKey
    version: int
    current: bool
    message_id: int
    received_at: dt.datetime
    recorded_at: dt.datetime
    state: SubmissionState
    late: bool
    after_close: bool
    receipt: str
    letter: Letter | None = None
    points: tuple[Point, ...] = ()
    findings: tuple[Finding, ...] = ()
    withdrawn: bool = False
    read_from: int | None = None

    @property
    def source_id(self) -> int:
        """The message in whose files the values stand, whichever message made this version."""
        return self.read_from or self.message_id

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A version about to be recorded; the store gives it id, version and receipt number.

    ``read_from`` as in `Submission`: when that message is taken back, so is this version.
    """

    campaign: str
    commune: CommuneKey
    state: SubmissionState
    late: bool
    after_close: bool
    receipt_prefix: str
    letter: Letter | None = None
    points: tuple[Point, ...] = ()
    findings: tuple[Finding, ...] = ()
    read_from: int | None = field(default=None, metadata=LATER)


#: What a person may decide about a held message by answering its notice.
Choice = Literal["assign", "accept", "drop", "return"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person's reply decides about a held message.

    ``by`` is that person's address, ``decisions`` how many had been taken about the message when
    it was asked: if another one was taken since, this one is void. ``commune`` and ``campaign`` say
    whose answer it is (assign), ``reason`` why nothing follows from it (drop, return).
    """

    choice: Choice
    message_id: int
    decisions: int
    by: str
    commune: CommuneKey | None = None
    campaign: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that follows from one message; the store records it in one transaction.

    ``state`` is ``recorded`` or ``held``; a held message says why in ``reason``.
    ``returned`` are our mails that came back, as (key, recipient): those addresses are dead.
    ``decided`` is what the message decides about another one, or about a report. ``ignored`` are
    tokens in it that its sender may not use, as ``T12``.
    """

    state: MessageState
    verdict: Verdict
    reason: str
    sender: str = ""
    subject: str = ""
    rfc_message_id: str = ""
    sent_at: dt.datetime | None = None
    commune: CommuneKey | None = None
    campaign: str | None = None
    content_key: str = ""
    ack: str = ""
    documents: tuple[Document, ...] = ()
    submission: NewSubmission | None = None
    returned: tuple[tuple[str, str], ...] = ()
    decided: "Decided | ReportDecision | None" = field(default=None, metadata=LATER)
    ignored: tuple[str, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class NewMail:
    """One rendered mail for one envelope recipient. (``key``, ``recipient``) is unique."""

    key: str
    recipient: str
    kind: MailKind
    subject: str
    rfc_message_id: str
    raw: bytes
    campaign: str | None = None
    commune: CommuneKey | None = None
    message_id: int | None = None
    not_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """One outgoing e-mail in the outbox.

    ``response`` and ``server`` are evidence that a server took it – and that it arrived, unless it
    came back: ``bounced_at`` is when the bounce that cites it arrived.
    """

    id: int
    key: str
    recipient: str
    kind: MailKind
    subject: str
    rfc_message_id: str
    state: MailState
    queued_at: dt.datetime
    attempts: int = 0
    next_try_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    response: str = ""
    server: str = ""
    appended_at: dt.datetime | None = None  # copy put into Sent
    campaign: str | None = None
    commune: CommuneKey | None = None
    message_id: int | None = None
    bounced_at: dt.datetime | None = None

    @property
    def redirected(self) -> bool:
        """Whether it was only shown to somebody else than those it is meant for."""
        return bool(redirection(self.key))

    @property
    def delivered(self) -> bool:
        """Whether it counts as delivered: a server took it for those it is meant for, for good."""
        return self.state == "sent" and self.bounced_at is None and not self.redirected


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One frozen file of a report; its bytes are in the vault."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SignedLetter:
    """The official letter as it was signed: its bytes are in the vault.

    ``signature`` is the worst state of its digital signatures (`parsers.reading.SignatureState`),
    empty without one; ``number``, ``issued_on`` (ISO) and ``signer`` what could be read of it.
    """

    name: str
    sha256: str
    size_bytes: int
    signature: str = ""
    number: str = ""
    issued_on: str = ""
    signer: str = ""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report, frozen with its inputs. It goes to the Department only after ``approved_at``.

    ``supplement`` is 0 for a full report, else the supplement's own number; ``base`` is then the
    number of the report that had been released last. One that was returned is never released;
    ``again_at`` is when a person asked for another draft in its place.
    """

    id: int
    campaign: str
    number: int
    created_at: dt.datetime
    inputs_sha256: str
    files: tuple[ReportFile, ...]
    approved_at: dt.datetime | None = None
    approved_by: str = ""
    supplement: int = 0
    base: int = 0
    returned_at: dt.datetime | None = None
    returned_by: str = ""
    returned_reason: str = ""
    again_at: dt.datetime | None = None
    letter: SignedLetter | None = None

    @property
    def outgoing(self) -> tuple[ReportFile, ...]:
        """The files that go to the Department: a signed letter takes the place of the draft."""
        drafts = [one for one in self.files if one.name.lower().endswith(".docx")]
        return tuple(one for one in self.all_files if not self.letter or one not in drafts)

    @property
    def all_files(self) -> tuple[ReportFile, ...]:
        """All its files that are in the vault."""
        if self.letter is None:
            return self.files
        signed = ReportFile(self.letter.name, self.letter.sha256, self.letter.size_bytes)
        return (*self.files, signed)


@dataclass(frozen=True, slots=True)
class ReportDecision:
    """What a person's reply decides about a report: ``again`` asks for another draft.

    ``letter`` is the signed one that goes out with a release; its bytes are in the vault.
    """

    choice: Literal["release", "return", "again"]
    campaign: str
    number: int
    by: str
    reason: str = ""
    letter: SignedLetter | None = None


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A frozen report as it had been sent; ``released_at`` when it went to the Department.

    ``supplement`` is 0 for a full report. What a supplement adds to is not known.
    """

    campaign: str
    number: int
    created_at: dt.datetime
    files: tuple[ReportFile, ...]
    released_at: dt.datetime | None = None
    supplement: int = 0


@dataclass(frozen=True, slots=True)
class CampaignState:
    """What happened to a campaign so far. ``silent`` is fixed at the moment of closing."""

    campaign: str
    launched_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    silent: tuple[CommuneKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """All that arrived from a commune in a campaign, versions included: none of it is silence.

    ``first_at`` against ``closes_at`` says whether the commune was silent (promise 3). ``held``
    counts the messages that wait for a person or are about to be understood again.
    """

    first_at: dt.datetime
    last_at: dt.datetime
    messages: int
    held: int


@dataclass(frozen=True, slots=True)
class Brake:
    """Mass mail is stopped until a person releases it; with ``everything`` all mail but alerts."""

    pulled_at: dt.datetime
    reason: str
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """The registry is older than the mailbox: ``at`` is when that was found, ``reason`` how.

    ``known_until`` is when it was last written before; None when it was empty.
    """

    at: dt.datetime
    reason: str
    known_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FoundMail:
    """A mail of ours whose copy was found in Sent.

    ``identity`` is the beginning of what names the message that it is about; empty for others.
    """

    key: str
    kind: MailKind
    recipients: tuple[str, ...]
    subject: str
    rfc_message_id: str
    raw: bytes
    sent_at: dt.datetime
    campaign: str | None = None
    commune: CommuneKey | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the registry can tell of the program's health; counts with their oldest moment."""

    polled_at: dt.datetime | None = None
    brake: Brake | None = None
    backed_up_at: dt.datetime | None = None
    overdue: int = 0
    overdue_since: dt.datetime | None = None
    kept: int = 0
    kept_since: dt.datetime | None = None
    lost: int = 0
    lost_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenTrouble:
    """A trouble as it was written down when it began. ``advice`` is in the admin's language.

    ``absent_since``: since when no look has found it any more; None while it is there.
    """

    since: dt.datetime
    severity: str
    text: str
    advice: str = ""
    absent_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """An address that a bounce called dead. ``identity`` is that of the message that said so."""

    address: str
    identity: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """A debt to a commune that reached nobody: its mails came back, were refused, or did not leave.

    ``tried`` are the addresses (lower case) that it went to. ``message`` is what an acknowledgment
    answers.
    """

    key: str
    campaign: str
    commune: CommuneKey
    tried: frozenset[str]
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal: append-only and hash-chained."""

    serial: int
    at: dt.datetime
    kind: str
    subject: str
    data: Mapping[str, object]
    previous: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Head:
    """How far a journal goes: the serial and the hash of its last event."""

    serial: int
    sha256: str


#: The head of a journal without events; its hash stands before the first one.
GENESIS_HEAD = Head(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages and mails there are, for the status."""

    messages: Mapping[str, int]
    verdicts: Mapping[str, int]
    mails: Mapping[str, int]
    mail_kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that `notifier.due` looks at, read in one transaction.

    ``current`` and ``heard`` are keyed by (campaign, commune key). ``unanswered`` are messages
    whose acknowledgment is not in the outbox. ``held`` are messages that wait for a person.
    ``mail_keys`` are the keys in the outbox of every kind but ``ack`` (of answers to single
    messages only those whose message still waits; redirected ones of every kind). ``polled_at`` is
    the last complete poll of the inbox, ``unprocessed`` how many messages are kept but not
    understood. ``bounced`` are addresses that a bounce called dead, ``bounces`` the same with what
    said so, ``lost`` the debts that reached nobody, ``department`` the Department's answers that
    were not passed on yet. ``asked`` says what became of the calls and reminders to a commune; one
    that got none is not in it.
    """

    current: Mapping[tuple[str, CommuneKey], Submission] = field(default_factory=dict)
    heard: Mapping[tuple[str, CommuneKey], Heard] = field(default_factory=dict)
    campaigns: Mapping[str, CampaignState] = field(default_factory=dict)
    unanswered: tuple[Message, ...] = ()
    held: tuple[Message, ...] = ()
    reports: tuple[ReportRow, ...] = ()
    mail_keys: frozenset[str] = frozenset()
    department: tuple[Message, ...] = ()
    bounced: frozenset[str] = frozenset()
    bounces: tuple[Bounce, ...] = ()
    lost: tuple[Lost, ...] = ()
    asked: Mapping[tuple[str, CommuneKey], Asked] = field(default_factory=dict)
    polled_at: dt.datetime | None = None
    unprocessed: int = 0
    brake: Brake | None = None
