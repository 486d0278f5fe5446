"""A first run: everything goes to one address, counts for nobody, and is owed afterwards."""

import datetime as dt
from collections.abc import Iterator

import pytest
from promises.correspondence import letter
from rigs.cast import moment
from rigs.memory_courier import Taken
from rigs.memory_office import (
    CAMPAIGN,
    DEPARTMENT,
    OFFICER,
    MemoryOffice,
    Unit,
)
from rigs.replaying import no_bar
from rigs.whole import parsed, words

import intake.service as service_module
from intake.closing import release_report
from intake.demo import _with_values
from intake.message import parse
from intake.post import alert
from intake.rebuild import rebuild
from intake.sent_copies import key_of
from intake.views import mails_ahead
from notifier.report import gather
from registry.snapshot import commune_state, windows

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
HOA_CU, CHAIR, GIA_CAT = "hoacu@caoloc.example", "ct.hoacu@caoloc.example", "giacat@caoloc.example"
TRIAL = "thu@caoloc.example"
UNITS = [("06223", "Hòa Cư", [HOA_CU], [CHAIR]), ("06235", "Gia Cát", [GIA_CAT], [])]


@pytest.fixture(autouse=True)
def _clock(monkeypatch) -> None:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))


@pytest.fixture
def office(tmp_path) -> Iterator[MemoryOffice]:
    units = [Unit(*unit) for unit in UNITS]
    changes = {"smtp": {"redirect_all_to": f'"{TRIAL}"'}}
    opened = MemoryOffice(tmp_path / "office", moment(15, 8), units, changes)
    yield opened
    opened.close()


def redirect(office: MemoryOffice, target: str) -> None:
    """Edit the line as an admin would, and start the daemon anew (with the courier in memory)."""
    path = office.folder / "settings.toml"
    text = _with_values(path.read_text("utf-8"), "smtp", {"redirect_all_to": f'"{target}"'})
    path.write_text(text, "utf-8")
    office.restart()


def later(office: MemoryOffice, when: dt.datetime) -> None:
    """Let the daemon look every hour until then."""
    while office.now < when:
        office.pass_time(min(60 * MINUTE, when - office.now))
        office.tick()


def got(office: MemoryOffice, recipient: str, kind: str = "") -> list[Taken]:
    return [m for m in office.courier.taken if m.recipient == recipient and kind in m.key]


def recipients(office: MemoryOffice) -> set[str]:
    return {mail.recipient for mail in office.courier.taken}


def test_a_whole_campaign_reaches_only_the_address_of_the_trial(office) -> None:
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), office.now)
    later(office, moment(22, 9))
    release_report(office.store, office.vault, office.desk.config, CAMPAIGN, "lanhdao", office.now)
    office.tick()
    alert(office.desk, "template", "ví dụ")
    office.tick()
    assert recipients(office) == {TRIAL}
    seen = {one.key.split("/")[2] for one in office.courier.taken}
    assert seen == {"ack", "call", "remind", "digest", "silence", "draft", "report", "alert"}
    for mail in office.courier.taken:
        read = parsed(mail.raw)
        assert str(read["Subject"]).startswith("[Thư thử] ")
        meant = str(read["X-Commune-Intake-Meant-For"]).split(", ")
        assert TRIAL not in str(read["To"]).replace(TRIAL, "", 1)
        assert meant != [""]
        told = " ".join(words(mail.raw).split())
        assert told.startswith("THƯ THỬ – lẽ ra gửi đến: " + ", ".join(meant))
    (report,) = got(office, TRIAL, "/report/")
    assert str(parsed(report.raw)["X-Commune-Intake-Meant-For"]) == DEPARTMENT


def test_what_was_only_shown_is_no_evidence(office) -> None:
    office.store.launch(CAMPAIGN, "officer", office.now)
    later(office, moment(22, 9))
    snapshot = office.store.snapshot(windows(office.desk.config.campaigns))
    assert snapshot.asked == {}
    assert commune_state(snapshot, CAMPAIGN, ("06223", dt.date(2020, 1, 1))) == "silent"
    mails = office.store.mails()
    assert {one.state for one in mails} == {"sent"}
    assert not any(one.delivered for one in mails if one.redirected)
    inputs = gather(office.store, office.desk.config, office.desk.config.campaigns[0], office.now)
    assert [(one.mails, one.reached) for one in inputs.communes] == [((), False)] * 2
    (notice, _) = got(office, TRIAL, "/silence/")
    assert "không có chứng cứ đơn vị đã nhận được" in " ".join(words(notice.raw).split())


def test_what_was_shown_is_owed_once_the_address_is_taken_out(office) -> None:
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), office.now)
    office.tick()
    shown = len(office.courier.taken)
    office.pass_time(MINUTE)
    office.tick()
    assert len(office.courier.taken) == shown, "nothing is shown twice"
    redirect(office, "")
    ahead = mails_ahead(office.desk.config, office.store, office.now, CAMPAIGN)
    assert [one["to"] for one in ahead if one["kind"] == "call"] == [[GIA_CAT]]
    office.tick()
    (ack,) = got(office, HOA_CU, "ack/")
    assert "Thư thử" not in str(parsed(ack.raw)["Subject"])
    assert "X-Commune-Intake-Meant-For" not in parsed(ack.raw)
    assert len(got(office, GIA_CAT, "call/")) == 1
    assert got(office, HOA_CU, "call/") == [], "it answered during the trial"
    place = (CAMPAIGN, ("06235", dt.date(2020, 1, 1)))
    assert office.store.snapshot(windows(office.desk.config.campaigns)).asked[place] == "reached"
    before = len(office.courier.taken)
    office.restart()
    office.tick()
    assert len(office.courier.taken) == before


def test_what_was_queued_before_the_trial_waits_for_its_end(office) -> None:
    redirect(office, "")
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.courier.answers.append("away")
    office.tick()
    redirect(office, TRIAL)
    later(office, office.now + dt.timedelta(hours=3))
    assert recipients(office) <= {TRIAL}
    assert got(office, TRIAL, "/call/") == [], "it is queued, and not owed a second time"
    redirect(office, "")
    later(office, office.now + dt.timedelta(hours=2))
    assert len(got(office, GIA_CAT, "call/")) == 1


def test_what_was_queued_for_the_trial_does_not_leave_after_it(office) -> None:
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.courier.answers.append("away")
    office.tick()
    redirect(office, "khac@caoloc.example")
    later(office, office.now + dt.timedelta(hours=3))
    assert TRIAL not in recipients(office)
    assert len(got(office, "khac@caoloc.example", "/call/")) == 2
    redirect(office, "")
    later(office, office.now + dt.timedelta(hours=1))
    assert TRIAL not in recipients(office)


def test_a_launch_to_the_whole_district_is_no_flood_but_a_loop_is_capped(tmp_path) -> None:
    units = [Unit(f"0{n}", f"Đơn vị {n}", [f"u{n}@caoloc.example"]) for n in range(6000, 6030)]
    changes = {"smtp": {"redirect_all_to": f'"{TRIAL}"', "rate_per_minute": "100"}}
    office = MemoryOffice(tmp_path / "office", moment(15, 8), units, changes)
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    assert len(got(office, TRIAL, "/call/")) == 30
    for number in range(25):  # a person's words, or a machine's, again and again
        office.server.deliver(
            letter("query", "Đơn vị 6000", "u6000@caoloc.example", number, number), office.now
        )
        office.tick()
    assert len(got(office, TRIAL, "/ack/")) <= office.desk.config.settings.limits.per_recipient_hour
    office.close()


def test_a_mail_to_the_address_itself_is_real(tmp_path) -> None:
    changes = {"smtp": {"redirect_all_to": f'"{OFFICER}"'}}
    office = MemoryOffice(tmp_path / "o", moment(15, 8), [Unit(*one) for one in UNITS], changes)
    office.tick()
    (digest,) = got(office, OFFICER, "digest/")
    assert digest.key == "digest/2024-05-15"
    told = " ".join(words(digest.raw).split())
    assert f"mọi thư của hệ thống chỉ gửi đến {OFFICER}" in told
    office.close()


def test_a_copy_in_sent_of_what_was_only_shown_proves_nothing(office) -> None:
    """A registry that was lost must not take the trial for the campaign."""
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    limits = office.desk.config.settings.limits
    assert {key_of(parse(one.raw, limits)) for one in office.courier.taken} == {""}
    redirect(office, "")
    office.tick()
    assert all(key_of(parse(one.raw, limits)) for one in got(office, GIA_CAT))


def test_a_trial_comes_out_again_when_the_journal_is_played(office, tmp_path) -> None:
    """Promise 8: what was shown was decided by the config of that time."""
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.server.deliver(letter("form", "Hòa Cư", HOA_CU, 1, 1), office.now)
    office.tick()
    alert(office.desk, "template", "ví dụ")
    office.pass_time(MINUTE)
    office.tick()
    redirect(office, "")
    office.pass_time(MINUTE)
    office.tick()
    made = rebuild(office.desk.config, tmp_path / "again", no_bar)
    assert made.view["differences"] == []
    assert {one.redirected for one in office.store.mails()} == {True, False}
