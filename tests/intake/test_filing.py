"""What is settled leaves the inbox; sent mail is copied, each once, and little is asked for."""

import datetime as dt
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from intake.filing import Refused, file_messages, save_sent
from intake.mailbox import CommandRefused, Moved, Unreachable
from registry.model import Slot

NOW = dt.datetime(2024, 5, 16, 9, tzinfo=dt.UTC)


@dataclass
class Office:
    """A Sent folder, the outbox beside it, and what the server was asked."""

    sent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    unsaved: dict[int, str] = field(default_factory=dict)
    #: Copies of which the registry knows.
    known: set[str] = field(default_factory=set)
    #: The answer to the next APPEND is lost, though the server has done it.
    loses_answer: bool = False
    #: Whether the server takes many copies by one command, and which one it refuses.
    appends_many: bool = False
    refuses: str = ""
    commands: int = 0

    @property
    def desk(self):
        settings = SimpleNamespace(smtp=SimpleNamespace(save_sent_to="Sent"))
        return SimpleNamespace(
            config=SimpleNamespace(settings=settings),
            store=self,
            mailbox=self,
            clock=lambda: NOW,
            alive=lambda: None,
            check_lease=lambda: None,
        )

    def unsaved_mails(self, limit):
        return [
            SimpleNamespace(id=number, rfc_message_id=name, sent_at=NOW)
            for number, name in list(self.unsaved.items())[:limit]
        ]

    def mail_raw(self, mail_id):
        return self.unsaved[mail_id].encode()

    def has_copy(self, name):
        return name in self.known

    def saved_all(self, mail_ids, _now):
        for mail_id in mail_ids:
            self.known.add(self.unsaved.pop(mail_id))

    def holds(self, _folder, name):
        self.asked.append(name)
        return name in self.sent

    def append_all(self, folder, mails):
        if any(raw.decode() == self.refuses for raw, _ in mails):
            raise CommandRefused("NO one of them")
        for raw, at in mails:
            self.append(folder, raw, at)
        self.commands -= len(mails) - 1

    def append(self, _folder, raw, _at):
        if raw.decode() == self.refuses:
            raise CommandRefused("NO this one")
        self.commands += 1
        self.sent.append(raw.decode())
        if self.loses_answer:
            self.loses_answer = False
            raise Unreachable("connection lost")


def test_a_mail_of_this_process_is_copied_without_asking():
    office = Office(unsaved={1: "<a>", 2: "<b>"})
    assert save_sent(office.desk, set()) == 2
    assert (office.sent, office.asked, office.unsaved) == (["<a>", "<b>"], [], {})


def test_many_copies_go_by_one_command():
    office = Office(unsaved={1: "<a>", 2: "<b>", 3: "<c>"}, appends_many=True)
    save_sent(office.desk, {"<b>"})
    assert (sorted(office.sent), office.asked) == (["<a>", "<b>", "<c>"], ["<b>"])
    assert office.commands == 2  # <b> may be there already: it is asked for, and goes alone


def test_of_copies_that_were_refused_together_each_goes_alone_and_none_twice():
    names = {1: "<a>", 2: "<b>", 3: "<c>"}
    office = Office(unsaved=dict(names), appends_many=True, refuses="<b>")
    tried = set()
    assert save_sent(office.desk, tried) == 2
    assert (office.sent, office.unsaved) == (["<a>", "<c>"], {2: "<b>"})
    assert save_sent(office.desk, tried) == 0
    office.refuses = ""
    assert save_sent(office.desk, tried) == 1
    assert (office.sent, office.unsaved) == (["<a>", "<c>", "<b>"], {})


def test_a_copy_that_a_dead_process_made_is_not_doubled():
    office = Office(sent=["<a>"], unsaved={1: "<a>", 2: "<b>"})
    save_sent(office.desk, {"<a>", "<b>"})
    assert (office.sent, office.asked) == (["<a>", "<b>"], ["<a>", "<b>"])


def test_a_copy_whose_answer_was_lost_is_not_doubled():
    office = Office(unsaved={1: "<a>"}, loses_answer=True)
    tried = set()
    with pytest.raises(Unreachable):
        save_sent(office.desk, tried)
    save_sent(office.desk, tried)
    assert (office.sent, office.asked, office.unsaved) == (["<a>"], ["<a>"], {})


def test_a_mail_to_two_recipients_has_one_copy():
    office = Office(unsaved={1: "<a>", 2: "<a>"})
    save_sent(office.desk, set())
    assert (office.sent, office.unsaved) == (["<a>"], {})


def test_without_knowing_the_past_every_copy_is_asked_for():
    office = Office(sent=["<a>"], unsaved={1: "<a>"})
    save_sent(office.desk)
    assert (office.sent, office.asked) == (["<a>"], ["<a>"])


@dataclass
class Shelf:
    """Messages to be filed; the server refuses to move some."""

    account: str = "box@here"
    target_uidvalidity: int = 1
    owed: list[int] = field(default_factory=lambda: [1, 2, 3])
    refuses: frozenset[int] = frozenset({2})
    commands: int = 0

    @property
    def desk(self):
        mailbox = SimpleNamespace(processed="Done", held="Held")
        return SimpleNamespace(
            config=SimpleNamespace(settings=SimpleNamespace(mailbox=mailbox)),
            alive=lambda: None,
            check_lease=lambda: None,
            store=self, mailbox=self, clock=lambda: NOW,
        )  # fmt: skip

    def slots_to_file(self, limit, account):
        return [(Slot(account, "INBOX", 7, uid), "processed") for uid in self.owed[:limit]]

    def move_all(self, _folder, uids, _target, _uidvalidity):
        self.commands += 1
        if self.refuses.intersection(uids):  # all or none
            raise CommandRefused("NO cannot move one of them")
        return Moved(1, {uid: uid + 100 for uid in uids})

    def move(self, _folder, uid, _target, _uidvalidity):
        self.commands += 1
        if uid in self.refuses:
            raise CommandRefused("NO cannot move this one")
        return uid + 100

    def filed_all(self, filed, _now):
        for one in filed:
            assert (one.folder, one.uidvalidity) == ("Done", 1)
            assert one.new_uid == one.slot.uid + 100
            self.owed.remove(one.slot.uid)


def test_a_message_that_the_server_refuses_to_move_keeps_no_other_waiting():
    shelf = Shelf()
    assert file_messages(shelf.desk) == 2
    assert shelf.owed == [2]
    assert file_messages(shelf.desk) == 0


def test_among_many_the_one_that_cannot_be_moved_is_found_by_halves():
    shelf = Shelf(owed=[1, *range(3, 201)])
    assert file_messages(shelf.desk) == 199
    assert shelf.commands == 1
    shelf = Shelf(owed=list(range(1, 201)))
    assert file_messages(shelf.desk) == 199
    assert shelf.owed == [2]
    assert shelf.commands < 40


def test_as_many_refused_messages_as_are_looked_at_do_not_stand_before_the_others():
    """What was refused comes last from then on, the longest ago first."""
    shelf = Shelf(owed=list(range(1, 411)), refuses=frozenset(range(1, 406)))
    refused = Refused()
    assert [file_messages(shelf.desk, refused) for _ in range(4)] == [0, 0, 5, 0]
    assert shelf.owed == list(range(1, 406))
    shelf.refuses = frozenset()
    assert [file_messages(shelf.desk, refused) for _ in range(4)] == [200, 200, 5, 0]
    assert (shelf.owed, len(refused)) == ([], 0)


def test_as_many_refused_copies_as_are_looked_at_do_not_stand_before_the_others():
    office = Office(unsaved=dict.fromkeys(range(1, 251), "<big>") | {251: "<a>"})
    office.refuses = "<big>"
    refused = Refused()
    rounds = [save_sent(office.desk, set(), refused) for _ in range(6)]
    assert (sum(rounds), office.sent, len(office.unsaved)) == (1, ["<a>"], 250)
