"""A whole campaign, replayed from its vault; the registry deleted, and put back from there."""

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    bounce,
    form_of_gia_cat,
    form_of_hoa_cu,
    key_of,
    newest,
    state,
)
from rigs.cast import moment
from rigs.dump import dump
from rigs.replaying import no_bar, without_servers
from rigs.smtp import Drop, Reply
from rigs.whole import CAMPAIGN, Whole, mail, workbook_file

import intake.replay_acts
from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import DONG_DANG, HOA_CU, _sender
from intake.put_in_place import catch_up_with_copy, put_in_place
from intake.rebuild import Rebuilt, rebuild
from intake.verify import verify
from registry.errors import NotPossible, RegistryBehind
from registry.snapshot import windows
from registry.store import open_store

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.sqlite_file,
]  # files are put back, moved away and laid beside; a server: test_migrate.py

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
STRANGER = "ai.do@thudientu.example"
BAO_LAM_MAIL, DONG_DANG_MAIL = "baolam@caoloc.example", "dongdang@caoloc.example"
TAN_LIEN_MAIL, CONG_SON_MAIL = "tanlien@caoloc.example", "congson@caoloc.example"
BOOK_OF_DONG_DANG = workbook(PLAIN, _sender("Đồng Đăng", 88, 15, "thị trấn"), DONG_DANG)


def write(office: Whole, sender: str, at: dt.datetime, **more: object) -> bytes:
    """Deliver a mail and do all that can be done."""
    raw = mail(sender, date=at, **more)  # type: ignore[arg-type]
    office.deliver(raw, at)
    office.tick(at)
    return raw


def first_days(office: Whole) -> None:
    """The call; good, wrong, corrected and repeated answers; servers that refuse and hang up."""
    office.smtp.on("RCPT", Reply("550 5.1.1 no such user"), recipient=BAO_LAM_MAIL, times=1)
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(13, 8))
    wrong = [{**HOA_CU[0], "phone": "12"}, HOA_CU[1]]
    office.smtp.on("DOT", Drop(accept=True), times=1)
    write(office, HOA_CU_MAIL, moment(14, 9), files=workbook_file(form_of_hoa_cu(wrong)))
    office.tick(moment(14, 11))
    corrected = write(
        office, HOA_CU_MAIL, moment(14, 15), files=workbook_file(form_of_hoa_cu()), subject="Sửa"
    )
    office.deliver(corrected)  # the very same bytes in another slot
    office.smtp.on("RCPT", Reply("450 4.2.1 later"), recipient=GIA_CAT_MAIL, times=1)
    book = workbook_file(form_of_gia_cat())
    write(office, GIA_CAT_MAIL, moment(14, 16), files=book)
    write(office, GIA_CAT_MAIL, moment(14, 17), files=book)
    write(office, STRANGER, moment(12, 9), body=NIL)  # from before go_live_at


def decisions(office: Whole) -> None:
    """Held mails assigned, rejected and accepted; a bounce; a mail that is too large."""
    write(office, STRANGER, moment(15, 9), files=workbook_file(BOOK_OF_DONG_DANG))
    office.store.assign(
        newest(office).id, key_of(office, "06184"), CAMPAIGN, "officer", moment(15, 9, 5)
    )
    office.tick(moment(15, 9, 6))
    write(office, STRANGER, moment(15, 10), body="Xin chào.")
    office.store.reject(newest(office).id, "spam", "officer", moment(15, 10, 1))
    call = next(one for one in office.sent if TAN_LIEN_MAIL in one.recipients)
    office.deliver(bounce(call.raw, TAN_LIEN_MAIL), moment(15, 11))
    office.tick(moment(15, 11))
    large = [("so.pdf", "application/pdf", bytes(120_000))]
    write(office, BAO_LAM_MAIL, moment(15, 12), files=large)
    write(office, GIA_CAT_MAIL, moment(16, 9), body=NIL)
    office.store.accept(newest(office).id, "officer", moment(16, 9, 5))
    office.tick(moment(16, 9, 6))


def roster_is_edited(office: Whole) -> None:
    """From here on Tân Liên has another address; a mail of that day goes there."""
    path = office.folder / "communes.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(TAN_LIEN_MAIL, "xa.tanlien@caoloc.example"), encoding="utf-8")
    office.now = moment(17, 8)
    office.restart()


def last_days(office: Whole) -> None:
    """Reminders behind the brake; silence; two reports, each released; an answer between them."""
    office.store.pull_brake("the clock jumped", moment(17, 9))
    office.tick(moment(20, 8, 30))
    write(office, CONG_SON_MAIL, moment(20, 8, 40), body=NIL)  # its reminder lapses
    office.store.release_brake("officer", moment(20, 9))
    office.store.release_mails(moment(20, 9))
    office.tick(moment(20, 9, 1))
    campaign = office.config.campaign(CAMPAIGN)
    office.tick(campaign.closes_at + 5 * MINUTE)
    office.tick(campaign.report.at + MINUTE)
    office.store.approve(CAMPAIGN, "boss", office.now, 1)
    write(office, BAO_LAM_MAIL, office.now + MINUTE, body=NIL)
    office.tick(campaign.report.at + DAY + MINUTE)
    office.store.approve(CAMPAIGN, "boss", office.now, 2)
    office.tick(office.now + MINUTE)


@pytest.fixture(scope="module")
def played(tmp_path_factory, dovecot) -> Iterator[Whole]:
    """An office after a whole campaign."""
    folder = tmp_path_factory.mktemp("replay") / "config"
    changes = {"limits": {"message_bytes": '"100kB"', "document_bytes": '"90kB"'}}
    user = next(dovecot.unused)
    with Whole(folder, dovecot, user, moment(13, 7), changes) as office:
        first_days(office)
        decisions(office)
        office.store.copy_to(folder / "yesterday.db")
        roster_is_edited(office)
        last_days(office)
        yield office


@pytest.fixture(scope="module")
def replayed(played, tmp_path_factory) -> Rebuilt:
    """Its registry, replayed; a server that was asked would fail the test."""
    sent = len(played.smtp.accepted)
    made = without_servers(played, tmp_path_factory.mktemp("new"))
    assert len(played.smtp.accepted) == sent
    return made


def test_the_campaign_had_everything_in_it(played):
    """What is not in it would be proved by nothing below."""
    kinds = Counter(event.kind for event in played.store.events_after(0, 100_000))
    assert kinds.keys() == {
        *("config", "kept", "seen-again", "unfetched", "attempt", "recorded", "held"),
        *("assigned", "accepted", "rejected", "launched", "closed", "report-frozen"),
        *("report-approved", "brake-pulled", "brake-released", "mails-released", "queued"),
        *("handed", "mail-sent", "mail-refused", "mail-unknown", "mail-cancelled", "mail-queued"),
        *("saved", "filed", "mail-bounced", "trouble-began", "trouble-over"),
        "refusals-told",
    }
    assert (kinds["config"], kinds["report-frozen"]) == (2, 2)
    verdicts = set(played.store.counts().verdicts)
    assert verdicts >= {"submission", "correction", "nil", "duplicate", "bounce", "old"}
    assert {"stranger", "too-large"} & verdicts
    assert [state(played, code) for code in ("06223", "06235", "06184")] == [
        *("registered", "nil", "registered")
    ]
    assert len(played.store.campaign_state(CAMPAIGN).silent) > 10


def test_promise_8_the_vault_gives_the_same_registry_and_the_same_report(played, replayed):
    """Every row of every table; the reports' bytes were built again, not copied."""
    assert replayed.view["differences"] == []
    assert replayed.view["same_chain"]
    with open_store("sqlite:///registry.db", replayed.folder) as new:
        assert dump(new) == dump(played.store)
        assert [row.files for row in new.reports(CAMPAIGN)] == [
            row.files for row in played.store.reports(CAMPAIGN)
        ]
    # nothing new: each file that was built has the bytes that the vault holds under its name
    assert not (replayed.folder / "vault").exists()


def test_what_a_changed_program_makes_otherwise_is_named(played, tmp_path, monkeypatch):
    """Another reading: the message, the answers and the reports that it changes, nothing else."""
    again = intake.replay_acts.understand_again

    def reads_otherwise(desk, message, begun_at):
        outcome = again(desk, message, begun_at)
        if outcome.commune != key_of(played, "06184") or outcome.submission is None:
            return outcome
        new = outcome.submission
        first = new.points[0]
        row = replace(first.row, values={**first.row.values, "area_m2": "61"})
        points = (replace(first, row=row), *new.points[1:])
        return replace(outcome, submission=replace(new, points=points), ack="needs-fix")

    monkeypatch.setattr("intake.replay_acts.understand_again", reads_otherwise)
    made = rebuild(played.config, tmp_path / "new", no_bar)
    found = {(one.kind, one.subject.split()[0]) for one in made.played.differences}
    assert found == {("recorded", "message"), ("queued", "mail"), ("report-frozen", "campaign")}
    assert not made.view["same_chain"]
    (message,) = {one.subject for one in made.played.differences if one.kind == "recorded"}
    answers = [one for one in made.played.differences if one.why.startswith("the answer stays")]
    assert [(one.then, one.now) for one in answers] == [
        ({"ack": "registered"}, {"ack": "needs-fix"})
    ]
    assert int(message.split()[1]) > 0
    reports = [one for one in made.played.differences if one.kind == "report-frozen"]
    assert [set(one.then) for one in reports] == [{"inputs", "files"}] * 2
    # its reports lie beside it (the letter says nothing of areas: two workbooks, two inputs);
    # the vault was not touched; the old answer would not leave again
    assert len(list((tmp_path / "new" / "vault").glob("??/*"))) == 4
    with open_store("sqlite:///registry.db", tmp_path / "new") as new:
        assert new.snapshot(windows(played.config.campaigns)).unanswered == ()
    assert verify(played.config, played.store, played.desk.vault) == []


def test_a_registry_that_is_there_is_never_replaced(played, replayed):
    before = dump(played.store)
    with pytest.raises(NotPossible, match="move it away first"):
        put_in_place(played.config, replayed, played.now)
    assert dump(played.store) == before
    with pytest.raises(NotPossible, match="not empty"):
        rebuild(played.config, replayed.folder, no_bar)


def stop_and_lose_the_registry(office: Whole) -> None:
    office._desk.close()
    for path in (office.folder / "data").glob("registry.db*"):
        path.unlink()


def test_fault_091_a_registry_from_yesterday_takes_over_what_its_vault_knows(played):
    """FAULTS 91: put back by hand; the daemon's start plays the missing days onto it."""
    office = played
    before, events = dump(office.store), office.store.journal_head().serial
    stop_and_lose_the_registry(office)
    database = office.folder / "data" / "registry.db"
    shutil.copy(office.folder / "yesterday.db", database)
    with open_store(f"sqlite:///{database}", office.folder) as old:
        lacking = events - old.journal_head().serial
    assert 100 < lacking < events
    assert catch_up_with_copy(office.config, office.now, lambda: None) == lacking
    (kept,) = database.parent.glob("registry.db.before-*")
    with open_store(f"sqlite:///{kept}", office.folder) as old:
        assert old.journal_head().serial == events - lacking
    office.restart()
    assert dump(office.store) == before
    assert catch_up_with_copy(office.config, office.now, lambda: None) == 0


def test_fault_091_a_deleted_registry_comes_back_from_the_vault_and_nothing_leaves_twice(played):
    """FAULTS 91: never begun anew; rebuilt, the daemon goes on where it was."""
    office = played
    before, mails = dump(office.store), len(office.smtp.accepted)
    stop_and_lose_the_registry(office)
    with pytest.raises(RegistryBehind, match="intake replay --in-place"):
        office.restart()  # the empty one that it made is not worked on
    office._desk.close()
    assert catch_up_with_copy(office.config, office.now, lambda: None) == len(before["events"])
    office.restart()
    assert dump(office.store) == before
    for hours in (0, 1, 24, 48, 24 * 30):
        office.tick(office.now + dt.timedelta(hours=hours))
    assert len(office.smtp.accepted) == mails  # no acknowledgment, no reminder, no report
    other = workbook_file(form_of_hoa_cu([{**HOA_CU[0], "area_m2": "46"}]))
    write(office, HOA_CU_MAIL, office.now, files=other, subject="Lần 3")
    # what is new is answered, and what differs makes the draft of a supplement
    after = [one.recipients for one in office.smtp.accepted[mails:]]
    assert after == [(HOA_CU_MAIL,), ("lanhdao@caoloc.example",)]
    assert newest(office).verdict == "correction"
    assert verify(office.config, office.store, office.desk.vault) == []
    assert office.desk.journal_copy.standing(office.store) == "equal"
    assert not list(office.desk.vault.place.folder.glob("journal-until-*"))
