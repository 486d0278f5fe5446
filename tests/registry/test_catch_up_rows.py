"""What a registry takes over from the mailbox: each thing once, nothing against its own word."""

import datetime as dt

import pytest
from rigs.cast import moment

from registry.model import Arrival, FoundMail, FoundReport, NewMail, Outcome, ReportFile, Slot
from registry.store import Store

KEY = "remind/ocop-2024-2/06223@2020-01-01/d2"
A, B = "a@xa.example", "b@xa.example"
COMMUNE = ("06223", dt.date(2020, 1, 1))


def found(
    *recipients: str, key: str = KEY, kind: str = "reminder", identity: str = ""
) -> FoundMail:
    return FoundMail(
        key, kind, recipients, "Nhắc", "<1@x.example>", b"raw", moment(16, 9),  # type: ignore[arg-type]
        "ocop-2024-2", COMMUNE, identity,
    )  # fmt: skip


def queued(store: Store, recipient: str, key: str = KEY) -> int:
    mail = NewMail(key, recipient, "reminder", "Nhắc", "<1@x.example>", b"raw", "ocop-2024-2")
    assert store.queue([mail], moment(16, 8)) == 1
    return store.mails()[-1].id


def states(store: Store) -> dict[str, str]:
    return {one.recipient: one.state for one in store.mails()}


def test_a_mail_that_is_not_there_is_taken_over_once(store: Store) -> None:
    assert store.take_over([found(A, B)], moment(17)) == 2
    assert store.take_over([found(A, B)], moment(18)) == 0
    (first, second) = store.mails()
    assert (first.state, first.sent_at, first.appended_at) == ("sent", moment(16, 9), moment(16, 9))
    assert (second.recipient, second.campaign, second.commune) == (B, "ocop-2024-2", COMMUNE)
    assert store.mail_raw(first.id) == b"raw"
    assert store.unsaved_mails() == []
    assert KEY in store.snapshot(["ocop-2024-2"]).mail_keys
    (given,) = store.outgoing([first], moment(16, 8)).given  # it counts for the recipient's cap
    assert given.copies(moment(16, 8)) == 1
    assert store.verify_journal() is None


def test_a_mail_that_waited_has_left(store: Store) -> None:
    queued(store, A)
    assert store.lacking([(KEY, [A])]) == {KEY}
    assert store.take_over([found(A)], moment(17)) == 1
    assert states(store) == {A: "sent"}
    assert store.lacking([(KEY, [A])]) == set()
    assert store.next_mails(moment(30), 9) == []


def test_of_the_others_to_whom_one_mail_went_nobody_can_tell(store: Store) -> None:
    first = queued(store, A)
    queued(store, B)
    store.handed(first, moment(16, 8))
    store.settle(first, "sent", moment(16, 8))
    store.take_over([found(A, B)], moment(17))
    assert states(store) == {A: "sent", B: "unknown"}
    assert store.next_mails(moment(30), 9) == []


@pytest.mark.parametrize("end", ["refused", "cancelled"])
def test_what_has_come_to_its_end_stays_as_it_is(store: Store, end: str) -> None:
    store.settle(queued(store, A), end, moment(16, 9))  # type: ignore[arg-type]
    assert store.take_over([found(A)], moment(17)) == 0
    assert states(store) == {A: end}


def test_only_what_was_handed_to_a_server_can_have_a_copy(store: Store) -> None:
    mail = queued(store, A)
    assert not store.may_have_left(KEY)
    store.handed(mail, moment(16, 9))
    assert store.may_have_left(KEY)
    store.settle(mail, "queued", moment(16, 9))
    assert not store.may_have_left(KEY)


def test_a_message_found_in_processed_is_answered_already_and_moved_only_elsewhere(
    store: Store,
) -> None:
    sha256 = "ab" * 32
    slot = Slot("box@here", "Đã xử lý", 7, 3)
    answer = found(A, key=f"ack/{sha256[:20]}/registered", kind="ack", identity=sha256[:20])
    (kept,) = store.keep_found([Arrival(slot, sha256, 9, moment(15))], "processed", moment(17))
    assert kept.new
    store.take_over([answer], moment(17))
    assert store.mails(message_id=kept.message_id)
    assert store.lying_in("box@here", "Đã xử lý", 7) == {3}
    done = Outcome("recorded", "nil", "", A, commune=COMMUNE, ack="registered")
    store.record(kept.message_id, done, moment(17))
    assert store.slots_to_file() == []
    assert store.snapshot(["ocop-2024-2"]).unanswered == ()


def test_a_message_found_in_processed_that_must_be_held_again_is_moved(store: Store) -> None:
    slot = Slot("box@here", "Đã xử lý", 7, 3)
    (kept,) = store.keep_found([Arrival(slot, "ab" * 32, 9, moment(15))], "processed", moment(17))
    store.record(kept.message_id, Outcome("held", "stranger", "unknown-sender", A), moment(17))
    assert store.slots_to_file() == [(slot, "held")]


def test_a_call_proves_the_launch_and_the_first_one_counts(store: Store) -> None:
    call = found(A, key="call/ocop-2024-2/06223@2020-01-01", kind="call")
    store.take_over([call], moment(17))
    assert store.campaign_state("ocop-2024-2").launched_at == moment(16, 9)
    other = FoundMail(**{**_fields(call), "key": call.key + "x", "sent_at": moment(16, 10)})
    store.take_over([other], moment(17))
    assert store.campaign_state("ocop-2024-2").launched_at == moment(16, 9)


def _fields(mail: FoundMail) -> dict[str, object]:
    return {name: getattr(mail, name) for name in FoundMail.__slots__}


def test_a_draft_then_its_report_make_one_released_report(store: Store) -> None:
    files = (ReportFile("Bao cao.xlsx", "cd" * 32, 5),)
    draft = FoundReport("ocop-2024-2", 3, moment(22, 8), files)
    sent = FoundReport("ocop-2024-2", 3, moment(22, 9), files, moment(22, 9))
    assert store.take_over_report(draft, moment(23))
    assert not store.take_over_report(draft, moment(23))
    assert store.take_over_report(sent, moment(23))
    assert not store.take_over_report(sent, moment(23))
    (row,) = store.reports("ocop-2024-2")
    assert (row.number, row.created_at, row.approved_at) == (3, moment(22, 8), moment(22, 9))
    assert (row.files, row.approved_by) == (files, "found in Sent")


def test_a_supplement_and_the_signed_letter_are_known_by_what_was_sent(store: Store) -> None:
    book = ReportFile("Bao cao.xlsx", "cd" * 32, 5)
    draft, signed = ReportFile("Du thao.docx", "de" * 32, 5), ReportFile("145.pdf", "ef" * 32, 5)
    first = FoundReport("ocop-2024-2", 1, moment(22, 8), (book,), moment(22, 9))
    drafted = FoundReport("ocop-2024-2", 3, moment(24, 8), (book, draft), supplement=1)
    sent = FoundReport("ocop-2024-2", 3, moment(24, 9), (book, signed), moment(24, 9), 1)
    for one in (first, drafted, sent):
        assert store.take_over_report(one, moment(25))
    row = store.reports("ocop-2024-2")[-1]
    assert (row.number, row.supplement, row.base) == (3, 1, 1)
    assert row.letter is not None
    assert (row.letter.name, row.letter.sha256) == ("145.pdf", "ef" * 32)
    assert row.outgoing == (book, signed)


def test_the_first_reason_stands_until_it_has_caught_up(store: Store) -> None:
    store.launch("ocop-2024-2", "officer", moment(13))
    store.fall_behind("restored", moment(17))
    store.fall_behind("again", moment(18))
    store.launch("other", "officer", moment(18))
    behind = store.behind()
    assert behind is not None
    assert (behind.reason, behind.at, behind.known_until) == ("restored", moment(17), moment(13))
    store.caught_up({"messages": 1}, moment(19))
    assert store.behind() is None
    store.fall_behind("later", moment(20))
    assert store.behind().known_until == moment(19)  # type: ignore[union-attr]


def test_all_mail_but_alerts_is_held_until_a_person_decides(store: Store) -> None:
    queued(store, A)
    alert = NewMail("alert/x", B, "alert", "Cảnh báo", "<2@x.example>", b"raw")
    store.queue([alert], moment(16))
    assert store.hold_all("nobody can tell", moment(17)) == 1
    assert states(store) == {A: "held", B: "queued"}
    brake = store.snapshot([]).brake
    assert brake is not None
    assert brake.everything
    assert store.cancel_held("officer", moment(18)) == 1
    store.release_brake("officer", moment(18))
    assert store.snapshot([]).brake is None
    assert states(store) == {A: "cancelled", B: "queued"}
    store.pull_brake("a flood", moment(19))
    assert not store.snapshot([]).brake.everything  # type: ignore[union-attr]
