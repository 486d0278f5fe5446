"""Several mails under way at once: the same promises as one by one."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rigs import world
from rigs.clerks import one_by_one
from rigs.registry import laid
from rigs.smtp import Hang, Reply, ScriptedSmtp
from rigs.world import CAMPAIGN, HOA_CU, at

from config.model import Config, Smtp
from notifier.clerk import Pace
from notifier.delivery import AuthFailed, Clerk, Delivery, Later, Letter, Sent
from notifier.outbox import Carrier, Round, recover, send_due
from notifier.smtp import Courier, _Round
from registry.errors import RegistryBusy
from registry.model import NewMail
from registry.sending import MailOutcome, WrittenDown
from registry.store import Store, open_store

LINES = 3


class KilledError(BaseException):
    """The process ends here."""


def smtp(server: ScriptedSmtp, **more: object) -> Smtp:
    values: dict[str, object] = {
        "host": server.host,
        "port": server.port,
        "security": "none",
        "from": world.OFFICE,
        "timeout": "60s",
        "after_data_timeout": "60s",
        "connections": LINES,
    }
    return Smtp.model_validate(values | more)


class Office:
    """A registry, a clock that stands, and rounds of the outbox."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = at(16, 9)
        self.pace = Pace()
        self.config: Config = world.config(smtp={"rate_per_minute": 100_000})
        self.asked = 0

    def queue(self, count: int, to: str = "") -> None:
        first = len(self.store.mails())
        mails = [
            NewMail(
                f"ack/{n}",
                to or f"xa{n}@caoloc.example",
                "ack",
                "Thư thử",
                f"<{n}@caoloc.example>",
                f"Message-ID: <{n}@caoloc.example>\r\n\r\nxin chào {n}\r\n".encode(),
                campaign=CAMPAIGN,
                commune=HOA_CU.key,
            )
            for n in range(first, first + count)
        ]
        assert self.store.queue(mails, self.now) == count

    def round(self, courier: Carrier, stop: Callable[[], bool] = lambda: False) -> Round:
        calendar = world.calendar(self.config)
        return send_due(
            self.store, courier, self.config, calendar,
            clock=lambda: self.now, jitter=lambda: 0.0, pace=self.pace, stop=stop,
        )  # fmt: skip

    def states(self) -> dict[str, int]:
        states = [mail.state for mail in self.store.mails()]
        return {state: states.count(state) for state in set(states)}


class Alone:
    """A courier that does what it is told, one by one, with an office in between."""

    def __init__(self, send: Callable[[str, bytes, Callable[[], None]], Delivery]) -> None:
        self._send = send

    def carry(self, clerk: Clerk) -> None:
        one_by_one(clerk, self._send)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_store(laid(tmp_path), tmp_path) as store:
        store.polled(at(16, 9))
        yield Office(store)


@pytest.fixture
def server() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp() as running:
        yield running


def test_every_mail_leaves_once_and_is_marked_before_it_leaves(
    office: Office, server: ScriptedSmtp
) -> None:
    office.queue(60)
    with Courier(smtp(server)) as courier:
        assert office.round(courier).count("sent") == 60
    assert set(server.copies().values()) == {1}
    assert len(server.accepted) == 60
    assert server.connections == LINES
    told = [(one.kind, one.subject) for one in office.store.events_after(0)]
    for n in range(1, 61):
        handed, sent = told.index(("handed", f"mail {n}")), told.index(("mail-sent", f"mail {n}"))
        assert handed < sent
    assert office.store.verify_journal() is None
    assert {mail.attempts for mail in office.store.mails()} == {1}


def test_a_few_mails_are_not_worth_a_second_connection(
    office: Office, server: ScriptedSmtp
) -> None:
    office.queue(8)
    with Courier(smtp(server)) as courier:
        office.round(courier)
    assert (server.connections, office.states()) == (1, {"sent": 8})


def test_to_one_recipient_one_mail_at_a_time_and_in_order(
    office: Office, server: ScriptedSmtp
) -> None:
    office.config = world.config(
        smtp={"rate_per_minute": 1000},
        limits={"per_recipient_hour": 100, "per_recipient_day": 100},
    )
    office.queue(30, "one@caoloc.example")
    with Courier(smtp(server)) as courier:
        assert office.round(courier).count("sent") == 30
    assert [one.message_id for one in server.accepted] == [
        f"<{n}@caoloc.example>" for n in range(30)
    ]
    assert server.connections == 1


def test_the_cap_of_a_recipient_counts_what_is_under_way(
    office: Office, server: ScriptedSmtp
) -> None:
    """Ten an hour, whatever leaves beside them."""
    for _ in range(15):
        office.queue(1, "one@caoloc.example")
        office.queue(2)
    with Courier(smtp(server)) as courier:
        office.round(courier)
    got = [one for one in server.accepted if one.recipients == ("one@caoloc.example",)]
    assert len(got) == 10
    assert len(server.accepted) == 40


def test_a_wrong_password_is_tried_once_whatever_the_connections(office: Office) -> None:
    office.queue(40)
    with (
        ScriptedSmtp(users={"u": "right"}) as server,
        Courier(smtp(server, user="u"), "wrong") as courier,
    ):
        assert isinstance(office.round(courier).trouble, AuthFailed)
        assert sum(line.startswith("AUTH") for line in server.lines) == 1
    assert office.states() == {"queued": 40}
    assert {mail.attempts for mail in office.store.mails()} == {0}


def test_a_server_that_admits_no_second_connection_is_not_pressed(
    office: Office, server: ScriptedSmtp
) -> None:
    """What was meant for it leaves over the first one; nobody is told of a trouble."""
    office.queue(1)
    with Courier(smtp(server)) as courier:
        office.round(courier)
        server.on("CONNECT", Reply("421 4.7.0 too many connections", then_drop=True))
        office.queue(40)
        done = office.round(courier)
    assert (done.trouble, done.count("sent")) == (None, 40)
    assert server.connections <= 1 + LINES - 1
    assert set(server.copies().values()) == {1}
    assert {mail.attempts for mail in office.store.mails()} == {1}


class ListClerk:
    """Gives letters of a list; ``outcomes`` is what became of each."""

    waiting = 1000

    def __init__(self, count: int) -> None:
        self._left = [Letter(number, f"xa{number}@caoloc.example", b"") for number in range(count)]
        self.outcomes: dict[int, Delivery] = {}

    def take(self) -> Letter | None:
        return self._left.pop(0) if self._left else None

    def back(self, letter: Letter) -> None:
        self._left.insert(0, letter)

    def done(self, letter: Letter, delivery: Delivery) -> None:
        self.outcomes[letter.mail_id] = delivery

    def write(self, handing: Sequence[Letter]) -> list[int]:
        return [letter.mail_id for letter in handing]


class SlowLine:
    """Is done with its second letter when the other line is."""

    def __init__(self, meeting: asyncio.Barrier, *, admitted: bool) -> None:
        self._meeting, self._met, self.is_open = meeting, False, admitted

    async def bring(self, letter: Letter, go: Callable[[], Awaitable[bool]]) -> Delivery:
        if self.is_open:
            await go()
        if letter.mail_id in {1, 2} and not self._met:
            self._met = True
            await self._meeting.wait()
        return Sent("250 ok", "mail") if self.is_open else Later("421 too many", everybody=True)

    def drop(self) -> None:
        self.is_open = False


def test_who_is_not_admitted_just_when_the_other_is_done_gives_its_letter_back() -> None:
    """Both are heard of at once: no line has a letter then, and yet the server works."""

    async def walk() -> None:
        meeting = asyncio.Barrier(2)
        lines = [SlowLine(meeting, admitted=True), SlowLine(meeting, admitted=False)]
        with ThreadPoolExecutor(1) as writer:
            await _Round(clerk, lines, writer).walk()  # type: ignore[arg-type]

    clerk = ListClerk(4)
    asyncio.run(walk())
    assert {number: type(one) for number, one in clerk.outcomes.items()} == dict.fromkeys(
        range(4), Sent
    )


def test_trouble_with_the_server_ends_the_round_and_burns_no_attempt(
    office: Office, server: ScriptedSmtp
) -> None:
    office.queue(40)
    with Courier(smtp(server)) as courier:
        server.on("MAIL", Reply("530 5.7.0 authentication required"))
        assert isinstance(office.round(courier).trouble, AuthFailed)
    assert office.states() == {"queued": 40}


def test_a_stop_finishes_what_is_under_way_and_begins_nothing(
    office: Office, server: ScriptedSmtp
) -> None:
    office.queue(60)
    asked = iter([False] * 20 + [True])
    with Courier(smtp(server)) as courier:
        office.round(courier, stop=lambda: next(asked))
    assert office.states() == {"sent": 20, "queued": 40}


@pytest.mark.parametrize("moment", range(1, 14, 2))
def test_promise_002_killed_with_several_under_way(
    office: Office, server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """At most one unknown mail for each connection, each with one retry; no copy unmarked."""
    office.queue(40)
    write_down, calls = office.store.write_down, []

    def until(*arguments: object) -> WrittenDown:
        calls.append(arguments)
        if len(calls) >= moment:
            raise KilledError
        return write_down(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(office.store, "write_down", until)
        with Courier(smtp(server)) as courier, pytest.raises(KilledError):
            office.round(courier)
    under_way = office.states().get("sending", 0)
    assert under_way <= LINES
    left = server.copies()
    recorded = {mail.rfc_message_id for mail in office.store.mails() if mail.state != "queued"}
    assert set(left) <= recorded, "nothing left without being marked before"
    lost = recover(office.store, office.config, now=office.now, jitter=lambda: 0.0)
    assert len(lost) == under_way
    office.now += dt.timedelta(minutes=20)
    with Courier(smtp(server)) as courier:
        office.round(courier)
    assert office.states() == {"sent": 40}
    twice = {name for name, copies in server.copies().items() if copies > 1}
    assert twice <= {mail.rfc_message_id for mail in lost}
    assert set(server.copies().values()) <= {1, 2}


@pytest.mark.parametrize("moment", range(1, 14, 2))
def test_a_busy_registry_among_several_costs_no_mail_and_no_copy(
    office: Office, server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """What the server took meanwhile is remembered and written down first."""
    office.queue(40)
    write_down, calls = office.store.write_down, []

    def busy(*arguments: object) -> WrittenDown:
        calls.append(arguments)
        if len(calls) >= moment:
            raise RegistryBusy("locked")
        return write_down(*arguments)  # type: ignore[arg-type]

    with Courier(smtp(server)) as courier:
        with monkeypatch.context() as patch:
            patch.setattr(office.store, "write_down", busy)
            with pytest.raises(RegistryBusy):
                office.round(courier)
        remembered = {outcome.mail_id for _, outcome in office.pace.unsettled}
        handed = {one.id for one in office.store.mails() if one.state == "sending"}
        assert handed <= remembered
        assert server.copies().keys() <= {
            one.rfc_message_id
            for one in office.store.mails()
            if one.state == "sent" or one.id in remembered
        }
        office.round(courier)
        office.round(courier)
    assert office.states() == {"sent": 40}
    assert set(server.copies().values()) == {1}


def test_a_lease_that_is_lost_begins_nothing_more(office: Office, server: ScriptedSmtp) -> None:
    class LostError(Exception):
        pass

    asked: list[int] = []

    def lost() -> bool:
        asked.append(1)
        if len(asked) > 20:
            raise LostError
        return False

    office.queue(60)
    with Courier(smtp(server)) as courier, pytest.raises(LostError):
        office.round(courier, stop=lost)
    states = office.states()
    assert set(states) == {"sent", "queued"}, "what was leaving has its outcome"
    assert states["sent"] <= 20


def test_a_hanging_answer_holds_up_one_connection_only(
    office: Office, server: ScriptedSmtp
) -> None:
    office.queue(1)
    with Courier(smtp(server)) as courier:
        office.round(courier)
        office.queue(40)
        # Until all others were taken: if they waited for it, its time would run out. (The first
        # mail of a round does hold up the others: it proves that the server lets us in.)
        others_left = Hang(accept=True, until=lambda: len(server.accepted) == 1 + 40)
        server.on("DOT", others_left, recipient="xa20@caoloc.example")
        office.round(courier)
    assert office.states() == {"sent": 40, "unknown": 1}
    (unknown,) = (one for one in office.store.mails() if one.state == "unknown")
    assert "Timeout" not in unknown.response


# --- asked again at the last moment ---------------------------------------------------------------


def test_what_is_decided_during_the_dialogue_still_counts(office: Office) -> None:
    """The brake is pulled between RCPT and the content: the reminder does not leave."""
    key = f"remind/{CAMPAIGN}/06223@2020-01-01/d-5"
    reminder = NewMail(key, "a@caoloc.example", "reminder", "Nhắc", "<r@caoloc.example>", b"nhac",
                       campaign=CAMPAIGN, commune=HOA_CU.key)  # fmt: skip
    office.store.queue([reminder], office.now)
    left = []

    def send(recipient: str, _raw: bytes, before_data: Callable[[], None]) -> Delivery:
        office.store.pull_brake("roster halved", office.now)
        before_data()
        left.append(recipient)
        return Sent("250 ok", "server")

    office.round(Alone(send))
    assert (left, office.states()) == ([], {"held": 1})


def test_what_others_write_meanwhile_stops_nothing(office: Office) -> None:
    """A second daemon that reads, or a person at the command line: asked again, and sent."""
    office.queue(3)

    def send(_recipient: str, _raw: bytes, before_data: Callable[[], None]) -> Delivery:
        office.store.polled(office.now)
        office.store.launch(f"other-{office.asked}", "officer", office.now)
        office.asked += 1
        before_data()
        return Sent("250 ok", "server")

    office.round(Alone(send))
    assert office.states() == {"sent": 3}


def test_nothing_is_written_if_somebody_else_wrote_first(office: Office) -> None:
    office.queue(1)
    head = office.store.journal_head().serial
    office.store.launch(CAMPAIGN, "officer", office.now)
    outcome = MailOutcome(1, "cancelled", office.now)
    stale = office.store.write_down([(1, office.now)], [outcome], head)
    assert stale.stale
    assert office.states() == {"queued": 1}
    assert not office.store.write_down([(1, office.now)], [], stale.after).stale
    assert office.states() == {"sending": 1}
