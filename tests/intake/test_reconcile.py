"""Nothing that was received is unaccounted for, and what is said of it is true."""

import datetime as dt
from dataclasses import replace

import pytest
from promises.correspondence import letter
from rigs.cast import moment
from rigs.memory_office import MemoryOffice, Unit

import intake.service
from intake.folders import Listed
from intake.reconcile import Copy, Shown, Stock, reconcile, twice
from intake.stock import account
from registry.stock_rows import Left, Place

AT = dt.datetime(2024, 5, 15, 2, tzinfo=dt.UTC)
ME = "box@here"


def place(number, state="recorded", verdict="submission", folder="Done", **more):
    base = {
        "message_id": number, "state": state, "verdict": verdict,
        "registered": verdict in {"submission", "correction", "nil"} and state == "recorded",
        "sha256": f"{number:064d}", "size_bytes": 1000 + number,
        "received_at": AT + dt.timedelta(minutes=number),
        "account": ME, "folder": folder, "uidvalidity": 7, "uid": number,
    }  # fmt: skip
    return Place(**{**base, **more})


def listed(one, uid=None):
    return Listed(uid or one.uid, one.size_bytes, one.received_at)


def stock(places, shown=None, **more):
    """A stock in which everything lies where the registry says, unless told otherwise."""
    roles = {"INBOX": "inbox", "Done": "processed", "Held": "held"}
    if shown is None:
        shown = {
            folder: [listed(one) for one in places if one.folder == folder] for folder in roles
        }
    folders = tuple(
        Shown(roles[folder], folder, 7, tuple(messages)) for folder, messages in shown.items()
    )
    hashes = frozenset(one.sha256 for one in places if one.sha256)
    base = Stock(ME, AT - dt.timedelta(days=1), tuple(places), folders, hashes, hashes)
    return replace(base, **more)


EVERY_KIND = (
    place(1), place(2, verdict="correction"), place(3, verdict="bounce"),
    place(4, "held", "query", "Held"), place(5, "rejected", "stranger"),
    place(6, "kept", None, "INBOX"), place(7, "recorded", "too-large", "INBOX", sha256=""),
    place(8, "recorded", "old", "INBOX", sha256="", received_at=AT - dt.timedelta(days=9)),
)  # fmt: skip


def test_every_message_is_counted_once_in_its_class():
    found = reconcile(stock(EVERY_KIND))
    assert found.sentence() == (
        "received 7 = 2 registered + 1 no form + 1 held + 1 rejected + 1 waiting + 1 too large;"
        " 0 unexplained"
    )
    assert (found.old, found.notes) == (1, ())


def test_a_form_that_we_sent_ourselves_counts_apart():
    found = reconcile(stock([place(1), place(2, verdict="self-test")]))
    told = "received 2 = 1 registered + 0 no form + 1 self test + 0 held; 0 unexplained"
    assert found.sentence() == told


def test_what_is_new_in_the_inbox_waits_to_be_collected():
    known = place(6, "kept", None, "INBOX")
    new = Listed(9, 50, AT)
    found = reconcile(stock([known], {"INBOX": [listed(known), new]}))
    assert found.classes["not-collected"] == 1
    assert found.unexplained == ()


def test_what_a_later_message_overtook_in_the_inbox_is_unexplained():
    known = place(6, "kept", None, "INBOX")
    passed = Listed(5, 50, AT)
    found = reconcile(stock([known], {"INBOX": [passed, listed(known)]}))
    assert [one.code for one in found.unexplained] == ["passed-over"]
    assert found.received == 2


@pytest.mark.parametrize("folder", ["Done", "Held"])
def test_an_unknown_message_in_a_folder_of_ours_is_unexplained(folder):
    found = reconcile(stock([place(1)], {"Done": [listed(place(1))], "Held": []}))
    assert found.unexplained == ()
    shown = {"Done": [listed(place(1))], "Held": []}
    shown[folder] = [*shown[folder], Listed(77, 50, AT)]
    found = reconcile(stock([place(1)], shown))
    assert [one.code for one in found.unexplained] == ["unknown-message"]
    assert "1 unknown" in found.sentence()
    assert "catches up" in found.unexplained[0].remedy


def test_what_was_there_before_the_office_went_live_is_left_alone():
    found = reconcile(stock([], {"Done": [Listed(1, 5, AT - dt.timedelta(days=40))]}))
    assert (found.received, found.old, found.unexplained) == (0, 1, ())


def test_a_message_that_a_person_moved_within_our_folders_is_known_by_size_and_date():
    one = place(1)
    assert reconcile(stock([one], {"Held": [listed(one, uid=55)], "Done": []})).notes == ()


def test_a_message_that_a_person_deleted_is_told_and_its_bytes_are_in_the_vault():
    found = reconcile(stock([place(1)], {"Done": []}))
    assert [one.code for one in found.notes] == ["not-on-server"]
    assert found.unexplained == ()
    never = place(7, "recorded", "too-large", "INBOX", sha256="")
    found = reconcile(stock([never], {"INBOX": []}))
    assert [one.code for one in found.notes] == ["never-fetched-and-gone"]


def test_uids_of_another_uidvalidity_say_nothing():
    """The same UID after a folder was made anew is another message."""
    one = place(1, uidvalidity=6)
    other = Listed(1, 50, AT)
    found = reconcile(stock([one], {"Done": [other]}))
    assert [each.code for each in found.unexplained] == ["unknown-message"]
    # A move whose UIDVALIDITY nobody told counts only with the same date.
    untold = place(1, uidvalidity=0)
    assert reconcile(stock([untold], {"Done": [listed(untold)]})).unexplained == ()
    assert len(reconcile(stock([untold], {"Done": [other]})).unexplained) == 1


def test_a_file_that_the_vault_lost_is_unexplained_and_an_unnamed_one_is_not():
    found = reconcile(stock([place(1)], vault=frozenset()))
    assert [one.code for one in found.unexplained] == ["not-in-vault"]
    more = frozenset({place(1).sha256, "f" * 64})
    found = reconcile(stock([place(1)], vault=more))
    assert ([one.code for one in found.notes], found.unexplained) == (["unnamed-vault-files"], ())


def test_sent_is_compared_with_the_outbox():
    left = (Left("ack/a", "<a>", True), Left("ack/b", "<b>", True), Left("ack/c", "<c>", False))
    copies = (Copy(1, "ack/a", "<a>"), Copy(2, "ack/x", "<x>"))
    found = reconcile(stock([], {}, left=left, copies=copies))
    assert [one.code for one in found.unexplained] == ["unknown-copy"]
    assert [(one.code, one.where) for one in found.notes] == [
        ("copy-gone", "ack/b"), ("copy-owed", "ack/c"),
    ]  # fmt: skip
    assert [one.code for one in reconcile(stock([], {}, copies=None)).notes] == ["no-sent-folder"]


def test_only_what_is_unexplained_both_times_is():
    """A message that passed by is not counted either: it arrived after the account began."""
    stays, passed, next_one = (Listed(uid, uid, AT) for uid in (90, 91, 92))
    before = reconcile(stock([place(1)], {"Done": [listed(place(1)), stays, passed]}))
    after = reconcile(stock([place(1)], {"Done": [listed(place(1)), stays, next_one]}))
    found = twice(before, after)
    assert [one.where.partition(",")[0] for one in found.unexplained] == ["Done UID 90"]
    assert (found.received, found.unknown) == (2, 1)


def test_a_daemon_that_works_meanwhile_raises_no_alarm(tmp_path, monkeypatch):
    """At each account a letter is filed between the question to the registry and the mailbox."""
    monkeypatch.setattr(intake.service, "BUILT_AT", moment(1))
    sender = "hoacu@caoloc.example"
    office = MemoryOffice(tmp_path / "o", moment(15, 8), [Unit("06223", "Hòa Cư", [sender])])
    desk, survey, serials, busy = office.desk, office.desk.mailbox.survey, iter((1, 2)), []

    def racing(folder):
        if folder == "Đã xử lý" and not busy:
            busy.append(serial := next(serials))
            office.server.deliver(letter("form", "Hòa Cư", sender, serial, serial), office.now)
            office.pass_time(dt.timedelta(minutes=20))
            office.service._turn()
            office.service._turn()
            busy.clear()
        return survey(folder)

    monkeypatch.setattr(desk.mailbox, "survey", racing)
    found = account(desk.config, desk.store, desk.vault, desk.mailbox)
    assert (found.unexplained, found.unknown, found.received) == ((), 0, 1)
    office.close()
