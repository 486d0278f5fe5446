"""What a received message is, and why, before any file in it is read. Pure.

The order of the questions matters: what must never be answered comes first, then who may speak,
then what was said. None of them looks at a clock or at the registry.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Literal

from intake.by_reply import confirms, read_reply
from intake.confirm import says_right
from intake.domainkeys import Proof
from intake.lookalike import resembles
from intake.message import Parsed, Part
from intake.results import Result, read_results
from intake.unpack import is_document
from parsers.letter import secrecy_mark
from parsers.vietnamese import fold
from registry.model import Verdict, held_reason

MAX_RECEIVED = 50

_ROBOTS = re.compile(
    r"(?:mailer-daemon|postmaster|mail-daemon|bounces?)(?:[+=.-].*)?", re.IGNORECASE
)
#: Words that mailers put in front of the subject of an automatic reply (Exchange rules send it
#: without any header). Only believed when no document comes with it.
_AWAY = re.compile(
    r"^(?:automatic reply|auto[- ]?reply|auto(?:matic)? response|out of (?:the )?office"
    r"|(?:thư )?trả lời tự động|phản hồi tự động|tự động trả lời)\b",
    re.IGNORECASE,
)
#: What old programs write for people who are away, with no header but Precedence: bulk.
_IS_AWAY = re.compile(
    r"\b(?:tự động|tu dong|nghỉ phép|vắng|đang (?:đi )?(?:công tác|nghỉ)|sẽ trả lời"
    r"|auto(?:matic(?:ally)?|-?reply)|out of (?:the )?office|vacation|on leave)\b",
    re.IGNORECASE,
)
_MARK = r"(?:TUYỆT MẬT|TỐI MẬT|MẬT)"
_SECRET_SUBJECT = re.compile(rf"(?:^|[\[(\-–—:|*/])\s*{_MARK}\s*(?:$|[\])\-–—:|*/])")
_SECRET_NAME = re.compile(rf"(?:^|[\[(\-–—_.])\s*{_MARK}\s*(?:$|[\])\-–—_.])")
_READ_ANYWAY = frozenset({"approver", "department"})
#: A word of negation, folded: it may be a nil return, which is for the letter's reader to decide.
_NEGATION = re.compile(r"\b(?:khong|chua|ko|hong|kg|k)\b")
_WORDS_ONLY = held_reason("words-only")


@dataclass(frozen=True, slots=True)
class TriageFacts:
    """What triage must know besides the message.

    ``own_addresses`` and the keys of ``roster`` are lower case; a role is ``commune``, ``chair``,
    ``officer``, ``approver`` or ``department``. ``is_our_mail``: its Message-ID is one of ours.
    """

    own_addresses: frozenset[str]
    is_our_mail: bool
    roster: Mapping[str, str]
    received_at: dt.datetime
    go_live_at: dt.datetime
    require: Literal["none", "dmarc"] = "none"
    trusted_authserv_ids: tuple[str, ...] = ()
    #: What the mail's own signatures prove; None = not looked at (see `needs_proof`).
    proof: Proof | None = None
    #: Names and aliases of the communes, with their class word: no stranger should bear one.
    titles: tuple[str, ...] = ()
    #: It is a form that `intake doctor` sent, proven by the vault's secret.
    is_self_test: bool = False


@dataclass(frozen=True, slots=True)
class Triage:
    """``verdict`` None = go on to matching and reading.

    ``reason`` is one sentence for operators; with ``hold`` (a person should look, although nothing
    is read) it begins with a code of `registry.model.HeldReason`.

    Of a bounce: ``failed`` and ``delayed`` recipients in lower case, and ``about``, the
    Message-IDs of the mail that it returns – without one of ours it proves nothing.
    """

    verdict: Verdict | None
    reason: str = ""
    hold: bool = False
    failed: tuple[str, ...] = ()
    delayed: tuple[str, ...] = ()
    about: tuple[str, ...] = field(default=())


def triage(parsed: Parsed, facts: TriageFacts) -> Triage:
    """Return what the message is; the first question that has an answer decides."""
    questions: tuple[Callable[[Parsed, TriageFacts], Triage | None], ...] = (
        never_answered,
        _automatic,
        _secret,
        _stranger,
        _unproven,
        _unreadable,
        _answer_by_reply,
        _without_documents,
    )
    for question in questions:
        answer = question(parsed, facts)
        if answer is not None:
            return answer
    return Triage(None)


def never_answered(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    """Return why it must not be answered, as far as its header says so; None if it does not."""
    questions = (_old, _loop, _self_test, _own, _bounce, _auto_reply)
    return next(filter(None, (question(parsed, facts) for question in questions)), None)


def documents(parsed: Parsed) -> tuple[Part, ...]:
    """Return the files that may be documents: not logos, signatures or calendar entries."""
    own = [part for part in parsed.parts if is_document(part)]
    return tuple(
        own + [part for inner in parsed.nested for part in inner.parts if is_document(part)]
    )


# --- what is never answered ---


def _old(_parsed: Parsed, facts: TriageFacts) -> Triage | None:
    if facts.received_at < facts.go_live_at:
        return Triage("old", "it arrived before the office went live")
    return None


def _loop(parsed: Parsed, _facts: TriageFacts) -> Triage | None:
    if parsed.received_count > MAX_RECEIVED:
        return Triage("loop", f"it has {parsed.received_count} Received lines")
    return None


def _self_test(_parsed: Parsed, facts: TriageFacts) -> Triage | None:
    if facts.is_self_test:
        return Triage("self-test", "a form that `intake doctor` sent")
    return None


def _own(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    # Our marker alone says nothing: a unit may run this program as well, or have edited an old mail
    # of ours as new. What such a program sends by itself says so (Auto-Submitted).
    if facts.is_our_mail:
        return Triage("own", "its Message-ID is one that we gave")
    if not facts.own_addresses.isdisjoint(parsed.senders):
        return Triage("own", "its From is our own address")
    return None


def _bounce(parsed: Parsed, _facts: TriageFacts) -> Triage | None:
    status = "delivery-status" in _raw(parsed, "content-type") or parsed.deliveries
    returned = "x-failed-recipients" in parsed.headers
    robot = not parsed.senders or any(
        _ROBOTS.fullmatch(each.split("@")[0]) for each in parsed.senders
    )
    null_path = _raw(parsed, "return-path").strip() == "<>"
    if not (status or returned or (robot and (null_path or parsed.senders))):
        return None
    failed = {each.address for each in parsed.deliveries if each.action == "failed"}
    delayed = {each.address for each in parsed.deliveries if each.action == "delayed"}
    if not parsed.deliveries:
        failed |= {each.strip().lower() for each in _raw(parsed, "x-failed-recipients").split(",")}
        more_failed, delayed = _guessed_bounce(parsed)
        failed |= more_failed
    about = (*parsed.about, *(inner.rfc_message_id for inner in parsed.nested))
    return Triage(
        "bounce",
        "it reports on the delivery of a mail",
        failed=tuple(sorted(failed - {""})),
        delayed=tuple(sorted(delayed - failed - {""})),
        about=tuple(dict.fromkeys(each for each in about if each)),
    )


def _guessed_bounce(parsed: Parsed) -> tuple[set[str], set[str]]:
    """Ask flufl.bounce about a bounce without delivery status; it knows the odd ones of old."""
    from flufl.bounce import all_failures  # noqa: PLC0415  rarely needed, and not light

    plain = Message()
    for name in ("from", "subject"):
        plain[name] = " ".join(parsed.value(name).split())
    plain.set_payload(f"{parsed.text}\n\n{parsed.quoted}\n".encode("ascii", "replace").decode())
    try:
        delayed, failed = all_failures(plain)
    except Exception:  # noqa: BLE001  its detectors were not made for hostile mail
        return set(), set()
    return _decoded(failed), _decoded(delayed)


def _decoded(found: frozenset[bytes]) -> set[str]:
    return {address.decode("ascii", "replace").lower() for address in found}


def _auto_reply(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    submitted = re.split(r"[\s;(]", _raw(parsed, "auto-submitted").strip().lower())[0]
    if submitted == "auto-generated" and (shown := _words_passed_on(parsed, facts)):
        return shown
    if submitted not in {"", "no"}:
        return _unanswered("auto-reply", f"its Auto-Submitted says {submitted[:40]}", parsed, facts)
    for name in ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-vacation"):
        if _raw(parsed, name).strip().lower() not in {"", "no"}:
            return _unanswered("auto-reply", f"it has a header {name}", parsed, facts)
    if _raw(parsed, "precedence").strip().lower() == "auto_reply":
        return _unanswered("auto-reply", "its Precedence says auto_reply", parsed, facts)
    if _AWAY.match(parsed.subject) and not documents(parsed):
        return Triage("auto-reply", "its subject is that of an automatic reply")
    return None


def _unanswered(verdict: Verdict, reason: str, parsed: Parsed, facts: TriageFacts) -> Triage:
    """Never answered; but files from a roster address (a scanner sends so) are shown to someone."""
    hold = parsed.sender in facts.roster and bool(documents(parsed))
    if hold:
        return Triage(verdict, held_reason("automatic-with-files"), hold=True)
    return Triage(verdict, reason)


def _words_passed_on(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    """Hold a commune's words without files that a group's address or an office's system passed on.

    A person looks at them, and nobody is answered. What people's programs send while they are
    away is dropped as ever.
    """
    speaks = facts.roster.get(parsed.sender) in {"commune", "chair"} and bool(parsed.text.strip())
    if not speaks or documents(parsed) or _AWAY.match(parsed.subject):
        return None
    words = f"{_raw(parsed, 'auto-submitted')}\n{parsed.subject}\n{parsed.text}"
    return None if _IS_AWAY.search(words) else Triage("auto-reply", _WORDS_ONLY, hold=True)


def _automatic(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    report = _raw(parsed, "content-type").lower()
    if "disposition-notification" in report:
        return Triage("automatic", "it is a read receipt")
    if documents(parsed):
        return None  # a human may write through a list or with odd headers (and be answered)
    if any(part.content_type == "text/calendar" for part in parsed.parts) or (
        parsed.content_type == "text/calendar"
    ):
        return Triage("automatic", "it is a calendar entry")
    listed = not {"list-id", "list-unsubscribe"}.isdisjoint(parsed.headers)
    precedence = _raw(parsed, "precedence").strip().lower()
    if (listed or precedence in {"bulk", "list"}) and (shown := _words_passed_on(parsed, facts)):
        return shown
    if listed:
        return Triage("automatic", "it came through a mailing list")
    if precedence in {"bulk", "junk", "list"}:
        return Triage("automatic", "its Precedence is that of mass mail")
    return None


# --- who may speak ---


def _secret(parsed: Parsed, _facts: TriageFacts) -> Triage | None:
    messages = (parsed, *parsed.nested)
    where = secrecy(messages, (part.name for each in messages for part in each.parts))
    if not where:
        return None
    return Triage("secret", held_reason("secrecy-mark", where), hold=True)


def secrecy(messages: Sequence[Parsed], names: Iterable[str]) -> str:
    """Return where mails or the names of files bear a secrecy mark; "" if nowhere."""
    if any(_SECRET_SUBJECT.search(unicodedata.normalize("NFC", each.subject)) for each in messages):
        return "subject"
    if any(secrecy_mark(_lines(each)) for each in messages):
        return "body"
    parts = (part for name in names for part in name.split("/"))
    return "file name" if any(_SECRET_NAME.search(_stem(part)) for part in parts) else ""


def _lines(parsed: Parsed) -> list[str]:
    return [*parsed.text.splitlines(), *parsed.quoted.splitlines()]


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _stranger(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    if not parsed.sender:
        count = len(parsed.headers.get("from", ()))
        why = "several senders" if len(parsed.senders) > 1 or count > 1 else "no usable From"
        return Triage("stranger", held_reason("odd-sender", why), hold=True)
    if parsed.sender not in facts.roster:
        known = {*facts.roster, *facts.own_addresses}
        model = resembles(parsed.sender, parsed.sender_name, known, facts.titles)
        if model:
            return Triage("stranger", held_reason("lookalike-sender", model), hold=True)
        return Triage("stranger", held_reason("unknown-sender"), hold=True)
    return None


def needs_proof(parsed: Parsed, facts: TriageFacts) -> bool:
    """Whether only the mail's own signatures can prove a roster address (``facts.proof``)."""
    asked = facts.require == "dmarc" and parsed.sender in facts.roster
    return asked and _server_says(parsed, facts) == "nothing"


def _unproven(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    """With ``require = "dmarc"`` a roster address must be proven, whatever its domain's policy.

    By our own server, or, where that says nothing, by the domain's signature. Nothing else: SPF
    proves an envelope that is not here any more, ARC only that some relay says so.
    """
    said = "pass" if facts.require == "none" else _server_says(parsed, facts)
    proof = facts.proof or Proof("unproven", "no trusted result")
    if said == "pass" or (said == "nothing" and proof.state == "proven"):
        return None
    if said == "nothing" and proof.state == "away":
        return Triage("unchecked", held_reason("proof-pending", proof.why), hold=True)
    why = "DMARC" if said == "fail" else proof.why
    return Triage("stranger", held_reason("unproven-sender", why), hold=True)


def _server_says(parsed: Parsed, facts: TriageFacts) -> Literal["pass", "fail", "nothing"]:
    """Return what our own server found out about DMARC.

    Only the topmost Authentication-Results counts, and only with a trusted authserv-id, whole:
    lower ones may have come with the mail (RFC 8601 section 5).
    """
    found = read_results(_raw(parsed, "authentication-results"))
    trusted = {each.lower() for each in facts.trusted_authserv_ids}
    if found is None or found.server not in trusted:
        return "nothing"
    results = found.of("dmarc")
    if results and all(one.value == "pass" and _aligned(one, parsed.sender) for one in results):
        return "pass"
    undecided = {"none", "temperror", "permerror"}  # it had no policy or no answer to go by
    return "nothing" if all(one.value in undecided for one in results) else "fail"


def _aligned(result: Result, sender: str) -> bool:
    """Whether a result speaks of this sender's domain; of one sender it need not say."""
    domain = sender.rpartition("@")[2]
    return result.properties.get("header.from", domain).rpartition("@")[2] == domain


# --- what was said ---


def _unreadable(parsed: Parsed, _facts: TriageFacts) -> Triage | None:
    if parsed.fatal:
        why = ", ".join(sorted(parsed.defects))
        return Triage("unreadable", held_reason("broken-structure", why), hold=True)
    if "partial" in parsed.defects and not documents(parsed):
        return Triage("unreadable", held_reason("broken-structure", "message/partial"), hold=True)
    if "encrypted" in parsed.defects and not documents(parsed):
        return Triage("unreadable", held_reason("encrypted"), hold=True)
    return None


def _answer_by_reply(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    """An answer to a mail of ours that asked for a decision; its token is not proven here.

    Files without an answer in words are read as any others: somebody used the thread at hand.
    (Files about a report are part of the answer: the signed letter.)
    """
    role = facts.roster.get(parsed.sender, "")
    reply = read_reply(parsed.subject, parsed.text, parsed.quoted, role)
    about = {one.about for one in reply.tokens}
    if not about or (documents(parsed) and not reply.orders and "B" not in about):
        return None
    if "H" in about and not (confirms(reply) and not documents(parsed)):
        return None  # a commune's own words or files: a mail like its others
    return Triage("decision", "it answers a mail of ours that asked for a decision")


def _without_documents(parsed: Parsed, facts: TriageFacts) -> Triage | None:
    if documents(parsed) or parsed.has_table or facts.roster.get(parsed.sender) in _READ_ANYWAY:
        return None
    if facts.roster.get(parsed.sender) in {"commune", "chair"} and says_right(parsed.text):
        return None  # it may confirm what we read of an answer
    words = [parsed.text, *(inner.text for inner in parsed.nested)]
    if facts.roster.get(parsed.sender) == "officer":
        words.append(parsed.quoted)  # an officer forwards what a commune wrote
    if _NEGATION.search(fold("\n".join([parsed.subject, *words]))):
        return None  # may be a nil return
    if points_to_a_share(parsed):
        return only_a_link()
    if not any(each.strip() for each in (*words, parsed.quoted)):
        return Triage("empty", "it has neither words nor files")
    return Triage("query", _WORDS_ONLY, hold=True)


def points_to_a_share(parsed: Parsed) -> bool:
    """Whether its sender, or a mail forwarded in it, names a file that lies elsewhere."""
    return any(mail.links for mail in (parsed, *parsed.nested))


def only_a_link() -> Triage:
    """What a message is that attaches nothing, says nothing, and names a file elsewhere."""
    return Triage("link", "it points to a file share and attaches nothing")


def _raw(parsed: Parsed, name: str) -> str:
    """The topmost raw value of a header, "" without one."""
    return parsed.headers.get(name, ("",))[0]
