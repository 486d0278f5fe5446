"""The outbox with the real registry: what is sent, when, and what is written down."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rigs import world
from rigs.clerks import one_by_one
from rigs.registry import laid
from rigs.smtp import Drop, Reply, ScriptedSmtp
from rigs.world import CAMPAIGN, DEPARTMENT, HOA_CU, OFFICER, at

from config.model import Config, Smtp
from notifier.clerk import FIRST_DELAY, GIVE_UP_AFTER, LONGEST_DELAY, Pace, back_off
from notifier.delivery import AuthFailed, Clerk, Delivery, Later, Never, Sent, Unknown
from notifier.gate import READING_DELAY
from notifier.outbox import Round, recover, send_due
from notifier.smtp import Courier
from registry.errors import NotPossible, RegistryBusy
from registry.model import Mail, MailKind, Message, NewMail, NewSubmission, Outcome, Slot
from registry.sending import MailOutcome, WrittenDown
from registry.store import Store, open_store

TO = HOA_CU.emails[0]
SENT = Sent("250 2.0.0 queued", "127.0.0.1:10025")
REMINDER = f"remind/{CAMPAIGN}/06223@2020-01-01/d-5"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.now


@dataclass
class Carrier:
    """A courier that answers as it was told; what it was given is kept."""

    answers: list[Delivery] = field(default_factory=list)
    given: list[tuple[str, bytes]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def carry(self, clerk: Clerk) -> None:
        one_by_one(clerk, self.send)

    def send(self, recipient: str, raw: bytes, before_data: Callable[[], None]) -> Delivery:
        answer = self.answers.pop(0) if self.answers else SENT
        self.given.append((recipient, raw))
        self.meanwhile()
        if isinstance(answer, Sent | Unknown):
            before_data()
        return answer


@dataclass
class Desk:
    """A store, a courier, a clock, and how the daemon would use them."""

    store: Store
    config: Config
    clock: Clock
    courier: Carrier = field(default_factory=Carrier)
    pace: Pace = field(default_factory=Pace)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def queue(
        self,
        kind: MailKind = "ack",
        key: str = "",
        to: str = TO,
        *,
        held: bool = False,
        message_id: int | None = None,
    ) -> Mail:
        number = next(self.numbers)
        key = key or f"{kind}/{number}"
        mail = NewMail(
            key=key,
            recipient=to,
            kind=kind,
            subject="Thư thử",
            rfc_message_id=f"<{number}@caoloc.example>",
            raw=f"Message-ID: <{number}@caoloc.example>\r\n\r\nxin chào\r\n".encode(),
            campaign=CAMPAIGN,
            commune=HOA_CU.key,
            message_id=message_id,
        )
        assert self.store.queue([mail], self.clock(), held=held) == 1
        return next(one for one in self.store.mails() if one.key == key)

    def round(self, **more: object) -> Round:
        return send_due(
            self.store,
            self.courier,
            self.config,
            world.calendar(self.config),
            clock=self.clock,
            jitter=lambda: 0.0,
            pace=self.pace,
            **more,  # type: ignore[arg-type]
        )

    def state(self, mail: Mail) -> Mail:
        return self.store.mail(mail.id)

    def answer_arrives(self, ack: str = "") -> Message:
        """Hòa Cư's submission is kept and recorded."""
        slot = Slot("ocop@127.0.0.1", "INBOX", 1, 1)
        kept = self.store.keep(slot, "ab" * 32, 1000, self.clock(), self.clock())
        return self.read(kept.message_id, ack)

    def read(self, message_id: int, ack: str) -> Message:
        """Hòa Cư's submission, kept before, is understood; it owes this answer."""
        self.store.begin_attempt(message_id, self.clock())
        new = NewSubmission(CAMPAIGN, HOA_CU.key, "nil", False, False, "OCOP2")
        outcome = Outcome(
            "recorded",
            "nil",
            "nil letter",
            sender=TO,
            commune=HOA_CU.key,
            campaign=CAMPAIGN,
            submission=new,
            ack=ack,
        )
        return self.store.record(message_id, outcome, self.clock())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_store(laid(tmp_path), tmp_path) as store:
        store.polled(at(16, 9))
        yield Desk(store, world.config(), Clock(at(16, 9)))


def test_what_is_queued_is_sent_and_the_evidence_kept(desk: Desk) -> None:
    mail = desk.queue()
    assert desk.round().count("sent") == 1
    after = desk.state(mail)
    assert (after.state, after.response, after.server) == ("sent", SENT.response, SENT.server)
    assert after.sent_at == at(16, 9)
    assert after.attempts == 1
    assert desk.courier.given == [(TO, desk.store.mail_raw(mail.id))]
    assert desk.round() == Round()


def test_mails_leave_in_the_order_they_were_queued(desk: Desk) -> None:
    first = desk.queue(to="a@caoloc.example")
    desk.clock.now += dt.timedelta(seconds=1)
    second = desk.queue(to="b@caoloc.example")
    third = desk.queue(to="c@caoloc.example")
    desk.round()
    assert [to for to, _ in desk.courier.given] == [m.recipient for m in (first, second, third)]


def test_the_content_is_marked_handed_before_it_leaves(desk: Desk) -> None:
    mail = desk.queue()
    states: list[str] = []

    class Server(Carrier):
        def send(self, recipient: str, raw: bytes, before_data: Callable[[], None]) -> Delivery:
            outcome = super().send(recipient, raw, before_data)
            states.append(desk.state(mail).state)
            return outcome

    desk.courier = Server()
    desk.round()
    assert states == ["sending"]


def test_an_outcome_that_a_busy_registry_did_not_take_is_written_down_before_anything_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepted by the server, and the registry locked just then: one copy, not two."""
    mail = desk.queue()
    sent_at = desk.clock()

    write_down = desk.store.write_down

    def busy(
        handing: list[tuple[int, dt.datetime]], outcomes: list[MailOutcome], as_of: int | None
    ) -> WrittenDown:
        if outcomes:
            raise RegistryBusy("locked")
        return write_down(handing, outcomes, as_of)

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "write_down", busy)
        for _ in range(2):
            with pytest.raises(RegistryBusy):
                desk.round()
            desk.clock.now += dt.timedelta(minutes=1)
    assert [one.state for one in desk.round().settled] == ["sent"]
    assert (desk.state(mail).state, desk.state(mail).sent_at) == ("sent", sent_at)
    assert len(desk.courier.given) == 1
    assert desk.round() == Round()


def test_a_stop_finishes_the_current_mail_only(desk: Desk) -> None:
    desk.queue()
    desk.queue()
    asked = iter([False, True])
    assert desk.round(stop=lambda: next(asked)).count("sent") == 1
    assert len(desk.courier.given) == 1


def test_fault_084_a_reminder_is_cancelled_when_the_answer_arrives_before_sending(
    desk: Desk,
) -> None:
    """Queued at 9:00, the submission recorded at 9:00, its turn comes: not sent."""
    reminder = desk.queue("reminder", REMINDER)
    desk.answer_arrives()
    round_ = desk.round()
    assert round_.count("cancelled") == 1
    assert desk.state(reminder).response == "the commune has answered"
    assert not desk.courier.given


def test_an_answer_whose_message_is_read_again_waits_until_it_was_read(desk: Desk) -> None:
    """The form learns a word while the acknowledgment is queued: it owes the same one, once."""
    message = desk.answer_arrives("nil")
    ack = desk.queue(key=message.ack_key, message_id=message.id)
    desk.store.reread(message.id, "quản trị", desk.clock())
    assert desk.round().count("queued") == 1
    waiting = desk.state(ack)
    assert (waiting.state, waiting.next_try_at) == ("queued", desk.clock() + READING_DELAY)
    assert not desk.courier.given
    assert desk.read(message.id, "nil").ack_key == ack.key
    desk.clock.now += READING_DELAY
    assert desk.round().count("sent") == 1


def test_an_answer_that_its_message_does_not_owe_once_read_again_is_cancelled(desk: Desk) -> None:
    message = desk.answer_arrives("nil")
    ack = desk.queue(key=message.ack_key, message_id=message.id)
    desk.store.reread(message.id, "quản trị", desk.clock())
    desk.read(message.id, "registered")
    assert desk.round().count("cancelled") == 1
    assert desk.state(ack).state == "cancelled"


def test_fault_109_mail_held_by_the_brake_leaves_only_after_the_release(desk: Desk) -> None:
    """Held mails are not even looked at; released ones are asked again whether they are due."""
    reminder = desk.queue("reminder", REMINDER, held=True)
    assert desk.round() == Round()
    desk.store.release_mails(desk.clock())
    assert desk.round().count("sent") == 1
    assert desk.state(reminder).state == "sent"


def test_fault_109_a_brake_pulled_later_also_holds_what_was_queued(desk: Desk) -> None:
    """Acknowledgments go on; the reminder waits with the others."""
    reminder, ack = desk.queue("reminder", REMINDER), desk.queue()
    desk.store.pull_brake("roster halved", desk.clock())
    desk.round()
    assert (desk.state(reminder).state, desk.state(ack).state) == ("held", "sent")


def test_unasked_mail_waits_for_office_hours_and_answers_do_not(desk: Desk) -> None:
    reminder, ack = desk.queue("reminder", REMINDER), desk.queue()
    desk.clock.now = at(16, 20)
    desk.round()
    assert desk.state(ack).state == "sent"
    waiting = desk.state(reminder)
    assert (waiting.state, waiting.next_try_at) == ("queued", at(17, 7, 30))


def test_promise_005_a_report_that_is_not_approved_never_leaves(desk: Desk) -> None:
    """Even one that stands in the outbox: the gate is asked at the moment of sending."""
    desk.clock.now = at(22, 9)
    desk.store.freeze_report(CAMPAIGN, "0" * 64, [], at(22, 8))
    report = desk.queue("report", f"report/{CAMPAIGN}/1", DEPARTMENT)
    desk.round()
    assert desk.state(report).state == "cancelled"
    assert not desk.courier.given


def test_an_approved_report_leaves(desk: Desk) -> None:
    desk.clock.now = at(22, 18)
    desk.store.freeze_report(CAMPAIGN, "0" * 64, [], at(22, 8))
    desk.store.approve(CAMPAIGN, "lanhdao", at(22, 17))
    desk.queue("report", f"report/{CAMPAIGN}/1", DEPARTMENT)
    assert desk.round().count("sent") == 1


# --- caps and pace --------------------------------------------------------------------------------


def test_fault_113_the_cap_of_a_recipient_holds_whatever_the_headers_say(desk: Desk) -> None:
    """Two daemons that answer each other: ten mails in an hour, twenty in a day, then silence."""
    sent = []
    for _ in range(23):
        for _ in range(15):
            desk.queue()
        desk.round()
        sent.append(len(desk.courier.given))
        desk.clock.now += dt.timedelta(minutes=61)
    assert sent == [10] + [20] * 22


def test_the_cap_of_one_recipient_stops_nobody_else(desk: Desk) -> None:
    for _ in range(12):
        desk.queue()
    other = desk.queue(to=OFFICER)
    desk.round()
    assert desk.state(other).state == "sent"
    assert len(desk.courier.given) == 11


def test_what_may_have_arrived_counts_towards_the_cap(desk: Desk) -> None:
    desk.courier.answers = [Unknown("lost")] * 10
    for _ in range(11):
        desk.queue()
    desk.round()
    assert len(desk.courier.given) == 10


def test_the_rate_per_minute_ends_the_round(desk: Desk) -> None:
    desk.config = world.config(smtp={"rate_per_minute": 3})
    for number in range(5):
        desk.queue(to=f"{number}@caoloc.example")
    first = desk.round()
    assert (first.count("sent"), first.paced) == (3, True)
    assert desk.round() == Round(paced=True)
    desk.clock.now += dt.timedelta(minutes=1)
    assert desk.round().count("sent") == 2


# --- later, never, unknown ------------------------------------------------------------------------


def test_back_off_doubles_from_a_minute_to_two_hours_with_jitter() -> None:
    delays = [back_off(attempts, 0.0) for attempts in range(12)]
    assert delays[:4] == [FIRST_DELAY * n for n in (1, 2, 4, 8)]
    assert delays[7:] == [LONGEST_DELAY] * 5
    assert back_off(0, 0.99) > FIRST_DELAY
    assert back_off(10**6, 0.999) < LONGEST_DELAY * 1.25


def test_fault_102_greylisting_for_six_hours_ends_in_one_acknowledgment(desk: Desk) -> None:
    """Refused for now again and again, then accepted once; the tries get rarer."""
    mail = desk.queue()
    tries = 0
    while desk.clock() < at(16, 15):
        desk.courier.answers = [Later("RCPT: 450 4.2.0 greylisted")]
        tries += len(desk.round().settled)
        desk.clock.now += dt.timedelta(minutes=1)
    desk.courier.answers = []
    while desk.state(mail).state == "queued":
        desk.round()
        desk.clock.now += dt.timedelta(minutes=1)
    assert desk.state(mail).state == "sent"
    assert 5 <= tries <= 12
    assert len(desk.courier.given) == tries + 1


def test_fault_102_given_up_after_five_days(desk: Desk) -> None:
    """The operator finds it refused, with the server's last words."""
    mail = desk.queue()
    while desk.state(mail).state == "queued":
        desk.courier.answers = [Later("RCPT: 450 4.2.0 greylisted")]
        desk.round()
        desk.clock.now = desk.state(mail).next_try_at or desk.clock.now
    after = desk.state(mail)
    assert after.state == "refused"
    assert "450 4.2.0" in after.response
    assert desk.clock() - at(16, 9) >= GIVE_UP_AFTER


def test_a_mail_that_the_brake_held_for_a_week_is_not_given_up_at_once(desk: Desk) -> None:
    mail = desk.queue(held=True)
    desk.clock.now += dt.timedelta(days=7)
    desk.store.release_mails(desk.clock())
    desk.courier.answers = [Later("451")]
    desk.round()
    assert desk.state(mail).state == "queued"


def test_a_mail_that_waited_days_for_a_trial_to_end_is_not_given_up_at_once(desk: Desk) -> None:
    """Stopped by the gate at each round, no server was tried: the first "later" is its first."""
    mail = desk.queue()
    desk.config = world.config(smtp={"redirect_all_to": OFFICER})
    while desk.clock() < at(22, 10):
        desk.round()
        desk.clock.now = desk.state(mail).next_try_at or desk.clock.now
    assert (desk.state(mail).state, desk.state(mail).attempts) == ("queued", 0)
    desk.config = world.config()
    desk.courier.answers = [Later("RCPT: 451 4.7.1 greylisted")]
    desk.round()
    after = desk.state(mail)
    assert (after.state, after.attempts) == ("queued", 1)
    assert after.next_try_at == desk.clock() + FIRST_DELAY


def test_fault_103_never_is_final_and_told(desk: Desk) -> None:
    """550: refused, never tried again, the reason kept for the operator."""
    mail = desk.queue()
    desk.courier.answers = [Never("RCPT: 550 5.1.1 no such user")]
    (settled,) = desk.round().settled
    assert (settled.state, settled.reason) == ("refused", "RCPT: 550 5.1.1 no such user")
    desk.clock.now += dt.timedelta(days=1)
    assert desk.round() == Round()
    assert desk.state(mail).response == "RCPT: 550 5.1.1 no such user"


@pytest.mark.parametrize(
    "trouble", [AuthFailed("535 5.7.8"), Later("no connection", everybody=True)]
)
def test_fault_103_trouble_with_the_server_pauses_everything_and_burns_no_attempt(
    desk: Desk, trouble: AuthFailed | Later
) -> None:
    """One try per round, no outcome for any mail; afterwards all of them leave."""
    mails = [desk.queue(to=f"{number}@caoloc.example") for number in range(3)]
    for _ in range(5):
        desk.courier.answers = [trouble]
        assert desk.round() == Round(trouble=trouble)
    assert len(desk.courier.given) == 5
    assert {desk.state(mail).attempts for mail in mails} == {0}
    assert {desk.state(mail).state for mail in mails} == {"queued"}
    assert desk.round().count("sent") == 3


@pytest.mark.parametrize(
    ("kind", "key", "tries"), [("ack", "ack/x/registered", 2), ("reminder", REMINDER, 1)]
)
def test_fault_098_an_unknown_outcome_is_retried_once_with_the_same_bytes(
    desk: Desk, kind: MailKind, key: str, tries: int
) -> None:
    """An acknowledgment twice rather than never; a reminder rather never than twice."""
    mail = desk.queue(kind, key)
    desk.courier.answers = [Unknown("after the final dot: lost")] * 5
    for _ in range(10):
        desk.round()
        desk.clock.now += dt.timedelta(minutes=20)
    assert desk.courier.given == [(TO, desk.store.mail_raw(mail.id))] * tries
    after = desk.state(mail)
    assert (after.state, after.next_try_at) == ("unknown", None)


def test_fault_098_the_retry_of_an_unknown_outcome_can_succeed(desk: Desk) -> None:
    """Later in between does not use up the retry."""
    mail = desk.queue()
    desk.courier.answers = [Unknown("lost"), Later("451"), SENT]
    for _ in range(4):
        desk.round()
        desk.clock.now += dt.timedelta(minutes=20)
    assert desk.state(mail).state == "sent"
    assert len(desk.courier.given) == 3


def test_fault_110_killed_between_250_and_its_record(desk: Desk) -> None:
    """Found in ``sending``: unknown, one retry for kinds that want it, and never a third copy."""
    ack, reminder = desk.queue(), desk.queue("reminder", REMINDER)
    for _ in range(3):  # killed at every start
        for mail in (ack, reminder):
            if desk.state(mail).next_try_at or desk.state(mail).state == "queued":
                desk.store.handed(mail.id, desk.clock())
        recover(desk.store, desk.config, now=desk.clock(), jitter=lambda: 0.0)
    assert desk.state(ack).attempts == 2
    assert desk.state(reminder).attempts == 1
    desk.clock.now += dt.timedelta(hours=1)
    assert desk.round() == Round()


def test_fault_110_the_retry_after_a_kill_is_sent(desk: Desk) -> None:
    """The same bytes, so the same Message-ID."""
    ack = desk.queue()
    desk.store.handed(ack.id, desk.clock())
    assert [mail.id for mail in recover(desk.store, desk.config, now=at(16, 9), jitter=lambda: 0.0)]
    assert desk.round() == Round()
    desk.clock.now += dt.timedelta(minutes=15)
    assert desk.round().count("sent") == 1


def test_a_kill_while_recovering_costs_no_mail_its_retry(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the first of them was written down: the next start gives the rest theirs."""
    mails = [desk.queue(to=f"{number}@caoloc.example") for number in range(2)]
    reminder = desk.queue("reminder", REMINDER)
    for mail in (*mails, reminder):
        desk.store.handed(mail.id, desk.clock())
    settle = desk.store.settle

    def killed(mail_id: int, *told: object, **more: object) -> None:
        if mail_id != mails[0].id:
            raise SystemExit
        settle(mail_id, *told, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "settle", killed)
        with pytest.raises(SystemExit):
            recover(desk.store, desk.config, now=desk.clock(), jitter=lambda: 0.0)
    recover(desk.store, desk.config, now=desk.clock(), jitter=lambda: 0.0)
    desk.clock.now += dt.timedelta(hours=1)
    assert desk.round().count("sent") == 2
    assert [desk.state(mail).state for mail in (*mails, reminder)] == ["sent", "sent", "unknown"]


def test_a_mail_that_another_process_took_is_left_alone(desk: Desk) -> None:
    mail = desk.queue()

    def taken() -> None:
        desk.store.settle(mail.id, "cancelled", desk.clock(), "by hand")

    desk.courier.meanwhile = taken
    assert desk.round() == Round()
    with pytest.raises(NotPossible):
        desk.store.handed(mail.id, desk.clock())


# --- with the real courier ------------------------------------------------------------------------


def smtp(server: ScriptedSmtp) -> Smtp:
    return Smtp.model_validate(
        {
            "host": server.host,
            "port": server.port,
            "security": "none",
            "from": world.OFFICE,
            "timeout": "60s",
            "after_data_timeout": "60s",
        }
    )


def test_fault_098_over_a_real_dialogue_both_copies_bear_the_same_message_id(desk: Desk) -> None:
    """The server kept the mail and hung up: a duplicate, recognisable as one."""
    mail = desk.queue()
    with ScriptedSmtp() as server, Courier(smtp(server)) as courier:
        desk.courier = courier  # type: ignore[assignment]
        server.on("DOT", Drop(accept=True), times=1)
        assert desk.round().count("unknown") == 1
        desk.clock.now += dt.timedelta(minutes=20)
        assert desk.round().count("sent") == 1
        assert server.copies() == {mail.rfc_message_id: 2}


def test_fault_100_one_dead_recipient_of_two(desk: Desk) -> None:
    """The same debt to two addresses: two mails, two outcomes, both written down."""
    good, dead = desk.queue(), desk.queue(to="cu@caoloc.example")
    with ScriptedSmtp() as server, Courier(smtp(server)) as courier:
        desk.courier = courier  # type: ignore[assignment]
        server.on("RCPT", Reply("550 5.1.1 no such user"), recipient="cu@caoloc.example")
        desk.round()
    assert (desk.state(good).state, desk.state(dead).state) == ("sent", "refused")
    assert desk.state(good).server == f"{server.host}:{server.port}"


def test_fault_101_421_after_the_recipient_leads_to_one_copy(desk: Desk) -> None:
    """Later by the dialogue, sent by the next round, once."""
    mail = desk.queue()
    with ScriptedSmtp() as server, Courier(smtp(server)) as courier:
        desk.courier = courier  # type: ignore[assignment]
        server.on("DATA", Reply("421 4.3.2 shutting down", then_drop=True), times=1)
        assert desk.round().count("queued") == 1
        desk.clock.now += dt.timedelta(minutes=5)
        assert desk.round().count("sent") == 1
        assert server.copies() == {mail.rfc_message_id: 1}


def test_a_login_demanded_after_the_dot_puts_the_mail_back(desk: Desk) -> None:
    mail = desk.queue()
    with ScriptedSmtp() as server, Courier(smtp(server)) as courier:
        desk.courier = courier  # type: ignore[assignment]
        server.on("DOT", Reply("530 5.7.0 authentication required"), times=1)
        assert isinstance(desk.round().trouble, AuthFailed)
        assert desk.state(mail).state == "queued"
        assert desk.round().count("sent") == 1
        assert server.copies() == {mail.rfc_message_id: 1}
