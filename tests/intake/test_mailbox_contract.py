"""The same tests against the mailbox in memory and a real Dovecot: it must not promise more."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from rigs.dovecot import PASSWORD, Dovecot
from rigs.memory_mailbox import MemoryMailbox, MemoryServer

from config.model import Mailbox as Settings
from intake.mailbox import CommandRefused, LoginRefused, Mailbox, Unreachable

AT = dt.datetime(2024, 5, 15, 9, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=7)))
USERS = [f"c{number}" for number in range(20)]


def raw(number: int) -> bytes:
    return f"Message-ID: <{number}@xa.example>\r\nSubject: {number}\r\n\r\nwords\r\n".encode()


@dataclass
class Case:
    """A mailbox, and what somebody else does at the server."""

    box: Mailbox | MemoryMailbox
    deliver: Callable[[bytes, dt.datetime], object]
    expunge: Callable[[int], object]
    renumber: Callable[[], object]
    folder: Callable[[str], list[bytes]]
    refuse: Callable[[], "Mailbox | MemoryMailbox"]

    def uids(self, known: set[int] = frozenset()) -> list[int]:  # type: ignore[assignment]
        return [one.uid for one in self.box.listing(set(known)).messages]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(dict.fromkeys(USERS, PASSWORD)) as server:
        server.unused = iter(USERS)  # type: ignore[attr-defined]
        yield server


def _in_memory() -> Case:
    server = MemoryServer()

    def refuse() -> MemoryMailbox:
        server.trouble = "login"
        return MemoryMailbox(server)

    return Case(
        MemoryMailbox(server),
        server.deliver,
        lambda uid: server.take("INBOX", uid),
        server.renumber,
        lambda name: [one.raw for one in server.folders.get(name, [])],
        refuse,
    )


def _on_dovecot(server: Dovecot) -> Case:
    user = next(server.unused)  # type: ignore[attr-defined]
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": user}
    settings = Settings(**given, timeout=60, command_timeout=60)
    return Case(
        Mailbox(settings, PASSWORD),
        lambda data, at: server.deliver(data, at, user=user),
        lambda uid: server.expunge(uid, user=user),
        lambda: server.set_uidvalidity(4242, user=user),
        lambda name: [stored.raw for stored in server.contents(name, user)],
        lambda: Mailbox(settings, "wrong"),
    )


@pytest.fixture(params=["memory", pytest.param("dovecot", marks=pytest.mark.e2e)])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "memory":
        yield _in_memory()
        return
    found = _on_dovecot(request.getfixturevalue("dovecot"))
    yield found
    found.box.close()


def test_what_is_unknown_is_listed_oldest_first_up_to_the_limit(case: Case) -> None:
    for number in range(3):
        case.deliver(raw(number), AT + dt.timedelta(minutes=number))
    case.box.open()
    answer = case.box.listing(set(), 2)
    assert (len(answer.messages), answer.more, answer.complete) == (2, True, False)
    assert [one.received_at for one in answer.messages] == [AT, AT + dt.timedelta(minutes=1)]
    known = {one.uid for one in answer.messages}
    rest = case.box.listing(known, 2)
    assert (len(rest.messages), rest.more, rest.complete) == (1, False, True)


def test_a_full_inbox_is_listed_on_past_what_others_and_we_took_out_meanwhile(case: Case) -> None:
    for number in range(8):
        case.deliver(raw(number), AT)
    case.box.open()
    first, second = (one.uid for one in case.box.listing(set(), 2).messages)
    (third, fourth, *_) = case.uids({first, second})
    assert case.box.listing({first, second}, 2).more
    assert list(case.box.move_all("INBOX", [first], "Đã xử lý", case.box.uidvalidity).uids) == [
        first
    ]
    case.expunge(third)
    case.deliver(raw(8), AT)
    known = {first, second, fourth}
    found = []
    while (answer := case.box.listing(known, 2)).messages:
        uids = [one.uid for one in answer.messages]
        assert answer.complete != answer.more
        found += [one.raw for one in case.box.fetch(uids)]
        known |= set(uids)
    assert found == [raw(number) for number in (4, 5, 6, 7, 8)]
    assert (answer.more, answer.complete) == (False, True)


def test_renumbered_while_it_is_listed_on_no_old_uid_counts(case: Case) -> None:
    for number in range(6):
        case.deliver(raw(number), AT)
    case.box.open()
    before, known = case.box.uidvalidity, {one.uid for one in case.box.listing(set(), 2).messages}
    assert case.box.listing(known, 2).more
    case.renumber()
    with pytest.raises(Unreachable):
        case.box.listing({*known, max(known) + 1, max(known) + 2}, 1)
    case.box.open()
    assert case.box.uidvalidity != before
    assert not case.box.move_all("INBOX", sorted(known), "Đã xử lý", before).uids
    assert [one.raw for one in case.box.fetch(case.uids())] == [raw(number) for number in range(6)]


def test_bodies_are_whole_and_what_vanished_is_not_there(case: Case) -> None:
    for number in range(3):
        case.deliver(raw(number), AT)
    case.box.open()
    first, second, third = case.uids()
    case.expunge(second)
    fetched = {one.uid: one.raw for one in case.box.fetch([first, second, third])}
    assert fetched == {first: raw(0), third: raw(2)}
    assert case.box.header(third).startswith(b"Message-ID: <2@xa.example>")
    assert case.box.header(second) == b""


def test_a_move_makes_the_folder_and_tells_the_new_uid(case: Case) -> None:
    case.deliver(raw(1), AT)
    case.box.open()
    (uid,) = case.uids()
    new_uid = case.box.move("INBOX", uid, "Đã xử lý", case.box.uidvalidity)
    assert new_uid is not None
    assert case.uids() == []
    assert case.folder("Đã xử lý") == [raw(1)]
    assert case.box.move("Đã xử lý", new_uid, "Chờ xử lý", None) is not None
    assert case.folder("Chờ xử lý") == [raw(1)]
    assert case.folder("Đã xử lý") == []


def test_many_are_moved_by_one_command_and_each_new_uid_is_told(case: Case) -> None:
    for number in range(5):
        case.deliver(raw(number), AT)
    case.box.open()
    uids = case.uids()
    wanted = [uids[4], uids[0], uids[3]]
    moved = case.box.move_all("INBOX", wanted, "Đã xử lý", case.box.uidvalidity)
    assert sorted(moved.uids) == [uids[0], uids[3], uids[4]]
    assert case.uids() == [uids[1], uids[2]]
    for uid, number in ((uids[0], 0), (uids[3], 3), (uids[4], 4)):
        sha256 = hashlib.sha256(raw(number)).hexdigest()
        size = len(raw(number))
        assert case.box.find("Đã xử lý", sha256, size, AT) == moved.uids[uid]
    assert moved.uidvalidity == case.box.target_uidvalidity


def test_when_one_of_many_is_gone_the_others_are_moved_at_once_or_each_alone(case: Case) -> None:
    for number in range(3):
        case.deliver(raw(number), AT)
    case.box.open()
    uids = case.uids()
    case.expunge(uids[1])
    try:
        moved = case.box.move_all("INBOX", uids, "Đã xử lý", case.box.uidvalidity)
        assert sorted(moved.uids) == [uids[0], uids[2]]
    except CommandRefused:
        alone = [case.box.move("INBOX", uid, "Đã xử lý", case.box.uidvalidity) for uid in uids]
        assert [new_uid is None for new_uid in alone] == [False, True, False]
    assert case.folder("Đã xử lý") == [raw(0), raw(2)]


def test_after_renumbering_old_uids_move_nothing_together_either(case: Case) -> None:
    case.deliver(raw(1), AT)
    case.box.open()
    uids, before = case.uids(), case.box.uidvalidity
    case.renumber()
    case.box.close()
    case.box.open()
    assert len(case.uids()) == 1
    assert not case.box.move_all("INBOX", uids, "Đã xử lý", before).uids
    assert case.folder("INBOX") == [raw(1)]


def test_many_copies_are_put_by_one_command(case: Case) -> None:
    case.box.open()
    assert case.box.appends_many
    case.box.append_all("Đã gửi", [(raw(number), AT) for number in range(3)])
    assert case.folder("Đã gửi") == [raw(number) for number in range(3)]


def test_what_is_gone_is_not_moved(case: Case) -> None:
    case.deliver(raw(1), AT)
    case.box.open()
    (uid,) = case.uids()
    case.expunge(uid)
    assert case.box.move("INBOX", uid, "Đã xử lý", case.box.uidvalidity) is None
    assert case.folder("Đã xử lý") == []


def test_after_renumbering_old_uids_move_nothing(case: Case) -> None:
    case.deliver(raw(1), AT)
    case.box.open()
    (uid,) = case.uids()
    before = case.box.uidvalidity
    case.renumber()
    case.box.close()
    case.box.open()
    assert len(case.uids()) == 1
    assert case.box.uidvalidity != before
    assert case.box.move("INBOX", uid, "Đã xử lý", before) is None
    assert case.folder("INBOX") == [raw(1)]


def test_a_copy_is_found_by_its_message_id(case: Case) -> None:
    case.box.open()
    assert not case.box.holds("Sent", "<7@xa.example>")
    case.box.append("Sent", raw(7), AT)
    assert case.box.holds("Sent", "<7@xa.example>")
    assert case.folder("Sent") == [raw(7)]


def test_without_a_connection_nothing_is_answered(case: Case) -> None:
    with pytest.raises(Unreachable):
        case.box.listing(set())
    with pytest.raises(LoginRefused):
        case.refuse().open()
