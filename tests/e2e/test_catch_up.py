"""A registry from yesterday, put back: nothing leaves twice, nothing is missing (FAULTS 91)."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    form_of_gia_cat,
    form_of_hoa_cu,
    key_of,
    state,
    with_communes,
)
from rigs.cast import moment
from rigs.dovecot import PASSWORD
from rigs.replaying import comes_out_equal
from rigs.whole import CAMPAIGN, Whole, mail, parsed, real_process, words, workbook_file

from intake.backup import back_up
from intake.closing import release_report
from intake.demo_scenario import HOA_CU
from intake.mailbox import Mailbox, Unreachable
from intake.reconcile import Reconciled, reconcile
from intake.restore import restore
from intake.stock import take_stock

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.sqlite_file,
]  # an older copy of the registry's file is laid over it

DONG_DANG_MAIL = "dongdang@caoloc.example"
STRANGER = "ai.do@thudientu.example"


@pytest.fixture
def office(office: Whole) -> Whole:
    """Four communes are enough here."""
    return with_communes(office, "06184", "06223", "06235", "06187")


def first_day(office: Whole) -> None:
    """The call, an answer, and a stranger's answer that an officer assigns."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(13, 9))
    office.deliver(
        mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu()), Message_ID="<a@xa.example>")
    )
    office.deliver(
        mail(STRANGER, files=workbook_file(form_of_gia_cat()), Message_ID="<b@xa.example>")
    )
    office.tick(moment(14, 9))
    office.store.assign(
        office.store.held()[0].id, key_of(office, "06235"), CAMPAIGN, "officer", office.now
    )
    office.tick(moment(14, 10))


def later_days(office: Whole) -> None:
    """A correction, a nil return, a question, reminders, closing, the report and its release."""
    fixed = ({**HOA_CU[0], "stars": "3"},)
    office.deliver(
        mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu(fixed)), Message_ID="<c@xa.example>"),
        moment(15, 8),
    )
    office.deliver(mail(DONG_DANG_MAIL, body=NIL, Message_ID="<d@xa.example>"), moment(15, 8, 30))
    question = "Phòng cho hỏi mẫu biểu lấy ở đâu?"
    office.deliver(mail(GIA_CAT_MAIL, body=question, Message_ID="<e@xa.example>"), moment(15, 9))
    for day in (15, 16, 17, 20):
        office.tick(moment(day, 10))
    office.tick(moment(22, 8, 30))
    release_report(
        office.store, office.desk.vault, office.config, CAMPAIGN, "chủ tịch", office.now, 1
    )
    office.tick(moment(22, 9))


def go_on(office: Whole) -> None:
    """Some hours more, and the next day."""
    for hour in (10, 11, 12):
        office.tick(moment(22, hour))
    office.tick(moment(23, 9))


def answers(office: Whole) -> list[tuple[object, ...]]:
    """Every version on record with its values: the same with and without a restore."""
    return [
        (
            one.receipt, one.version, one.current, one.state, one.received_at, one.late,
            [dict(point.row.values) for point in one.points],
        )
        for one in office.store.submissions(CAMPAIGN)
    ]  # fmt: skip


def twice(office: Whole) -> list[tuple[str, str]]:
    """Which (Message-ID, recipient) left more than once."""
    left = Counter(
        (str(parsed(one.raw)["Message-ID"]), recipient)
        for one in office.smtp.accepted
        for recipient in one.recipients
    )
    return [place for place, count in left.items() if count > 1]


def copy_of(office: Whole, folder: Path) -> Path:
    office.store.copy_to(folder / "old.db")
    return folder / "old.db"


def put_back(office: Whole, old: Path) -> None:
    """Lay an old copy over the registry's file, as somebody does by hand.

    What else could tell that the registry is old is gone too: only the mailbox knows.
    """
    office._desk.close()
    data = office.folder / "data"
    (data / "vault" / "journal.jsonl").unlink(missing_ok=True)
    for path in data.glob("registry.db*"):
        path.unlink()
    shutil.copyfile(old, data / "registry.db")


def messages_by_id(office: Whole) -> dict[str, str]:
    return {one.rfc_message_id: one.state for one in office.store.messages()}


def broken_off(office: Whole, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick in which the catching up ends right after it has done this; then a new process."""
    real = getattr(office.store, step)

    def breaks_off(*given: object) -> None:
        real(*given)
        raise Unreachable("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(office.store, step, breaks_off)
        office.tick()
    office.restart()


def stock_of(office: Whole) -> Reconciled:
    """What `intake reconcile` finds."""
    mailbox = Mailbox(office.config.settings.mailbox, PASSWORD)
    try:
        return reconcile(take_stock(office.config, office.store, office.desk.vault, mailbox))
    finally:
        mailbox.close()


def new_since(office: Whole, count: int) -> list[str]:
    """The first parts of the keys of the mails that left after the first so many."""
    mails = [parsed(one.raw)["X-Commune-Intake"] for one in office.smtp.accepted[count:]]
    return [str(key).split("/")[0] for key in mails]


def test_fault_091_a_registry_copied_back_from_yesterday_sends_nothing_twice(
    office, tmp_path, monkeypatch
):
    """FAULTS 91: no second acknowledgment, reminder, silence notice or report; the same answers."""
    first_day(office)
    old = copy_of(office, tmp_path)
    later_days(office)
    before, mails, sent = answers(office), len(office.smtp.accepted), messages_by_id(office)
    put_back(office, old)
    office._open()
    broken_off(office, "take_over", monkeypatch)
    go_on(office)
    assert twice(office) == []
    assert answers(office) == before
    assert messages_by_id(office) == sent
    assert state(office, "06184") == "nil"
    # What left since: the alert that tells of it, to the officer, and nothing else.
    assert set(new_since(office, mails)) <= {"alert", "digest"}
    found = stock_of(office)
    assert (found.unexplained, found.classes["registered"]) == ((), 4), found
    assert any("phục hồi" in subject for subject in office.subjects(OFFICER))
    assert office.store.behind() is None
    assert office.store.verify_journal() is None
    (report,) = office.store.reports(CAMPAIGN)
    assert (report.number, report.approved_by) == (1, "found in Sent")
    silent = office.store.campaign_state(CAMPAIGN).silent
    assert {key[0] for key in silent} == {one.code for one in office.config.communes} - {
        "06223",
        "06235",
        "06184",
    }
    # What was found is in the journal and the vault: they alone give the same registry again.
    comes_out_equal(office, tmp_path / "new")


def a_day_later(office: Whole) -> None:
    """A correction, a stranger's answer that is assigned, a nil return, a question, a reminder."""
    fixed = ({**HOA_CU[0], "stars": "3"},)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu(fixed))), moment(15, 8))
    office.deliver(mail(DONG_DANG_MAIL, body=NIL), moment(15, 8, 30))
    office.deliver(mail(STRANGER, files=workbook_file(form_of_gia_cat())), moment(15, 9))
    office.tick(moment(16, 10))
    (held,) = office.store.held()
    office.store.assign(held.id, key_of(office, "06235"), CAMPAIGN, "officer", office.now)
    office.tick(moment(16, 11))


def lose_the_disk(office: Whole) -> None:
    office._desk.close()
    shutil.rmtree(office.folder / "data")


def test_fault_091_a_backup_that_is_restored_sends_nothing_twice(office, tmp_path):
    """FAULTS 91: by `backup` and `restore`, the vault lost too; only a decision is asked again."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(14, 9))
    made = back_up(office.config, office.store, office.desk.vault, tmp_path, office.now, "test")
    assert made.problems == ()
    a_day_later(office)
    before, mails = answers(office), len(office.smtp.accepted)
    lose_the_disk(office)
    assert restore(office.config, made.folder, moment(16, 12)).problems == ()
    office.now = moment(16, 12)
    office._open()
    office.tick(moment(16, 13))
    # The officer's decision is lost: asked again, without a second notice and a second answer.
    (held,) = office.store.held()
    assert (held.reason, held.decisions) == ("unknown-sender", 0)
    assert [parsed(raw)["Subject"] for raw in office.inbox("Chờ xử lý")]
    told = next(words(one.raw) for one in office.smtp.accepted[mails:])
    for part in (
        "đến 09:00 ngày 14/05/2024",
        "đến 12:00 ngày 16/05/2024",
        "3 thư đến",
        "intake held",
    ):
        assert part in " ".join(told.split()), told
    office.store.assign(held.id, key_of(office, "06235"), CAMPAIGN, "officer", office.now)
    office.tick(moment(16, 14))
    assert twice(office) == []
    assert answers(office) == before
    assert set(new_since(office, mails)) == {"alert"}
    assert office.inbox("Chờ xử lý") == []
    assert stock_of(office).unexplained == ()
    # From here on everything goes its way: the next reminder reaches who owes, once.
    office.tick(moment(20, 10))
    assert "remind" in new_since(office, mails)
    assert twice(office) == []
    comes_out_equal(office, tmp_path / "new")


def test_fault_091_without_copies_in_sent_everything_waits_for_a_person(open_office, tmp_path):
    """FAULTS 91: nobody can tell what has left: the brake holds all mail but the alert."""
    office = with_communes(
        open_office(smtp={"save_sent_to": '""'}), "06184", "06223", "06235", "06187"
    )
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(14, 9))
    old = copy_of(office, tmp_path)
    a_day_later(office)
    mails = len(office.smtp.accepted)
    put_back(office, old)
    office._open()
    office.tick(moment(16, 12))
    office.tick(moment(20, 10))
    assert set(new_since(office, mails)) == {"alert"}
    brake = office.store.snapshot([CAMPAIGN]).brake
    assert brake.everything
    assert "save_sent_to is empty" in brake.reason
    held = {one.kind for one in office.store.mails(state="held")}
    assert {"ack", "held", "reminder"} <= held
    assert state(office, "06184") == "nil"  # it is read all the same
    # A person who knows that all of it had left drops it, and the rest goes its way.
    dropped = office.store.cancel_held("officer", office.now)
    office.store.release_brake("officer", office.now)
    assert dropped >= len(held)
    office.tick(moment(20, 11))
    assert set(new_since(office, mails)) <= {"alert", "digest"}
    assert twice(office) == []
    office.deliver(mail(GIA_CAT_MAIL, body=NIL), moment(20, 12))
    office.tick(moment(20, 12, 5))
    assert new_since(office, mails)[-1] == "ack"
    comes_out_equal(office, tmp_path / "new")


def test_a_registry_made_anew_takes_over_all_that_the_mailbox_knows(office, tmp_path, monkeypatch):
    """FAULTS 91, deleted; and the catching up is broken off at every step it makes."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(14, 9))
    a_day_later(office)
    before, mails = messages_by_id(office), len(office.smtp.accepted)
    lose_the_disk(office)
    office._open()
    office.now = moment(16, 12)
    for step in ("keep_found", "take_over", "caught_up"):
        broken_off(office, step, monkeypatch)
        assert set(new_since(office, mails)) <= {"alert"}
    office.tick(moment(16, 13))
    office.tick(moment(16, 14))
    assert twice(office) == []
    found = messages_by_id(office)
    assert found.keys() == before.keys()
    assert office.store.campaign_state(CAMPAIGN).launched_at is not None
    assert set(new_since(office, mails)) <= {"alert", "digest"}
    assert stock_of(office).unexplained == ()
    comes_out_equal(office, tmp_path / "new")


def test_a_mailbox_that_is_away_keeps_a_restored_registry_silent(office, tmp_path):
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    made = back_up(office.config, office.store, office.desk.vault, tmp_path, office.now, "test")
    office.tick(moment(14, 9))
    mails = len(office.smtp.accepted)
    assert mails
    lose_the_disk(office)
    restore(office.config, made.folder, office.now)
    office._open()
    office.dovecot.kill()
    try:
        office.tick(moment(14, 10))
        office.tick(moment(14, 11))
        assert "mailbox is away" in office.daemon.trouble
        assert len(office.smtp.accepted) == mails
    finally:
        office.dovecot.start()
    office.tick(moment(14, 12))
    assert set(new_since(office, mails)) == {"alert"}
    assert twice(office) == []


def test_a_kill_between_a_move_and_its_record_is_no_old_registry(office, monkeypatch):
    """Nor is a mail that a person moved under those of ours, or wrote from the same account."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    monkeypatch.setattr(office.store, "filed_all", dies)
    with pytest.raises(KeyboardInterrupt):
        office.tick()
    assert len(office.inbox("Đã xử lý")) == 1
    own = mail("ocop@caoloc.example", subject="Thư của cán bộ")
    office.dovecot.deliver(own, office.now, "Sent", office.user)
    office.restart()
    office.tick()
    assert office.store.behind() is None
    assert not [event for event in office.store.journal(500) if event.kind == "fell-behind"]
    assert stock_of(office).unexplained == ()


def test_what_people_do_by_hand_is_told_by_reconcile(office):
    """Deleted, moved out, put into our folder: each is said, and only the last is unexplained."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL), moment(15, 9, 1))
    office.tick()
    assert stock_of(office).sentence() == (
        "received 2 = 2 registered + 0 no form + 0 held; 0 unexplained"
    )
    office.dovecot.expunge(1, "Đã xử lý", office.user)
    found = stock_of(office)
    assert [one.code for one in found.notes] == ["not-on-server"]
    assert found.unexplained == ()
    office.dovecot.deliver(mail(DONG_DANG_MAIL), office.now, "Đã xử lý", office.user)
    assert [one.code for one in stock_of(office).unexplained] == ["unknown-message"]
    with real_process(office.folder, "reconcile", "--json") as process:
        told = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 1
    view = json.loads(told[: told.rindex("}") + 1])
    assert [one["code"] for one in view["unexplained"]] == ["unknown-message"]
    assert "unknown-message: Đã xử lý UID" in told[told.rindex("}") :]
