"""One kept message → its outcome: message → triage → unpack → matching → read → record.

Here stand the order of the messages, their attempts, and the list of decisions by which each goes
its way: `case` (not opened), `answering` (by reply), `strangers`, `opened`. What the registry
already knows is asked of the store, files are read in the jail; the decisions themselves are pure
and live in triage, matching and record.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import get_args

import structlog

from intake.admission import scan, tell_if_away, with_proof
from intake.answering import Answer, ReportAnswer, answer
from intake.case import Case, envelope_of
from intake.case_files import opener
from intake.desk import Desk
from intake.message import Parsed, parse_header
from intake.opened import Opened, department_answer, opened, self_test
from intake.post import alert, tell_admin
from intake.readings import with_readings
from intake.record import Envelope
from intake.selftest import HEADER, answer_key, in_words
from intake.signed import read_mail
from intake.strangers import Strangers, stranger
from intake.triage import triage
from parsers.jail import JailBrokenError
from registry.errors import NotPossible, RegistryBusy, RegistryProblem, VaultAway
from registry.lease import LeaseLost
from registry.model import Decided, HeldReason, Message, Outcome, Verdict
from registry.vault import VaultDamaged

_log = structlog.get_logger("understand")

#: Messages that are being read or wait for their turn to be recorded, for each document that the
#: reader takes at a time; and as many at most, for what was unpacked of them waits in memory.
_AHEAD, _MOST_AHEAD = 2, 32
_AHEAD_BYTES = 4_000_000  # and their size likewise, unless one alone is larger
#: What triage says of a mail that a person may nevertheless have read (`intake accept`).
_READ_WHEN_ACCEPTED: frozenset[Verdict] = frozenset(
    {"stranger", "auto-reply", "unchecked", "decision", "own", "loop", "automatic"}
)

#: What keeps any message from being understood now: it is told, and no message's own doing.
_NO_MESSAGES_FAULT = (RegistryProblem, RegistryBusy, VaultAway, LeaseLost, JailBrokenError)

_Prepared = Outcome | Opened | Strangers | Answer | ReportAnswer


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
        JailBrokenError: no document can be read on this machine now; mostly before an attempt was
            counted.
        VaultAway: nothing can be read of the vault now; mostly before an attempt was counted.
    """
    limits = desk.config.settings.limits
    messages = [one for one in desk.store.kept(limits.batch) if retry or not one.tries]
    if messages:
        desk.vault.ready()  # a bucket that is away must not use up a message's tries
        desk.reader.ready()  # nor a machine that cannot read
    more_wait, sent_back = len(messages) == limits.batch, False
    fresh = [message.id for message in messages if message.tries == 0]
    begun_at = desk.clock()
    begun = set(desk.store.begin_attempts(fresh, begun_at))
    messages = [message for message in messages if message.tries or message.id in begun]
    done = 0
    pool = ThreadPoolExecutor(min(desk.reader.width, _MOST_AHEAD), thread_name_prefix="prepare")
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
            except _NO_MESSAGES_FAULT:
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
) -> Iterator[tuple[Message, Future[_Prepared] | None]]:
    """Yield the messages in their order until told to stop, a few of them being read ahead.

    ``stop`` gives a sign of life: it is asked before more is begun, never while that may hang
    already. What is read ahead is bounded in number and bytes. A message that was tried before
    comes alone (None): whatever it does then is its own doing.
    """
    waiting, begun = deque(messages), deque[tuple[Message, Future[_Prepared]]]()
    while (waiting or begun) and not stop():
        most = min(_AHEAD * desk.reader.width, _MOST_AHEAD)
        ahead = sum(message.size_bytes for message, _ in begun)
        while waiting and waiting[0].tries == 0 and len(begun) < most:
            ahead += waiting[0].size_bytes
            if begun and ahead > most // _AHEAD * _AHEAD_BYTES:
                break
            message = waiting.popleft()
            begun.append((message, pool.submit(_prepare, desk, message, begun_at)))
        yield begun.popleft() if begun else (waiting.popleft(), None)


def _attempted(desk: Desk, message: Message, prepared: Future[_Prepared] | None) -> Outcome | None:
    """Return the outcome of a message; None when the attempt failed and another is left."""
    attempt, begun_at = 1, desk.clock()
    if prepared is None:
        attempt = desk.store.begin_attempt(message.id, begun_at)
        if attempt > desk.config.settings.limits.tries:
            return _poison(desk, message)
    try:
        ready = prepared.result() if prepared else _prepare(desk, message, begun_at)
        return ready if isinstance(ready, Outcome) else ready.decided()
    except _NO_MESSAGES_FAULT:
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


def read_for_another(desk: Desk, message: Message) -> None:
    """Read the files of a message that another daemon is to record: with a reader that keeps them.

    Raises:
        VaultDamaged, KeyError: its bytes are not what they were, or gone.
        JailBrokenError: no document can be read on this machine now.
    """
    _prepare(desk, message, desk.clock())


def given_up(desk: Desk, message: Message, *, again: bool = False) -> Outcome:
    """Return the outcome of a message that could not be understood: a person must look.

    ``again``: in a replay, which can be repeated as a whole.

    Raises:
        VaultAway: then, and its header cannot be read now.
    """
    limits = desk.config.settings.limits
    try:
        parsed = parse_header(desk.vault.get(message.sha256), limits)
    except VaultAway:
        if again:
            raise
        parsed = Parsed()  # the daemon has tried it often enough: others wait behind it
    except (VaultDamaged, KeyError, OSError):
        parsed = Parsed()
    # Nothing of what may have failed is asked again: no date, no campaign, no reading.
    envelope = Envelope(parsed.sender, parsed.subject, "", None, message.received_at)
    return Case(desk, message, parsed, envelope).given_up()


def _prepare(desk: Desk, message: Message, begun_at: dt.datetime) -> _Prepared:
    """Do all that needs no other message of the batch: parse, sort out, read the documents.

    Returns the outcome of what is not opened, else the opened case with its readings. Runs beside
    other messages.

    Raises:
        VaultDamaged: its bytes are not what they were.
        JailBrokenError: no document can be read on this machine now.
    """
    desk = with_readings(desk, message)
    raw, limits = desk.vault.get(message.sha256), desk.config.settings.limits
    stopped = scan(desk, [raw])
    parsed = parse_header(raw, limits) if stopped else read_mail(raw, limits, opener(desk))
    case = Case(desk, message, parsed, envelope_of(parsed, message), begun_at)
    if stopped:
        return case.stopped(stopped)
    facts = case.facts()
    # Who decided about it vouches for its sender; nobody can vouch for what the scanner found.
    sorted_out = triage(
        parsed, facts if message.forced_by else with_proof(desk, raw, parsed, facts)
    )
    if sorted_out.verdict is None:
        return _by_role(case)
    if message.forced_by and sorted_out.verdict in _READ_WHEN_ACCEPTED:
        return opened(case)
    if sorted_out.verdict == "self-test":
        return self_test(case)
    if sorted_out.verdict == "decision":
        return answer(case)
    if desk.config.settings.security.ask_communes and sorted_out.reason == "unknown-sender":
        return stranger(case, sorted_out)
    return case.sorted_out(sorted_out, sorted_out.verdict)


def _by_role(case: Case) -> _Prepared:
    """What a message is that says something, by who says it."""
    if case.role == "approver":
        return case.approval()
    return department_answer(case) if case.role == "department" else opened(case)


def _tell_self_test(desk: Desk, message: Message, outcome: Outcome) -> None:
    """Answer a form of `intake doctor`: to the admin, once, and before it counts as understood."""
    parsed = parse_header(desk.vault.get(message.sha256), desk.config.settings.limits)
    test_id = parsed.headers.get(HEADER.lower(), ("",))[0].partition(" ")[0]
    facts = {"what": "self-test", "reason": in_words(outcome.reason)}
    tell_admin(desk, answer_key(test_id), facts)


def _poison(desk: Desk, message: Message) -> Outcome:
    """Three tries ended badly: a person must look, whatever it is."""
    _log.error("given_up", message=message.id, tries=desk.config.settings.limits.tries)
    return given_up(desk, message)
