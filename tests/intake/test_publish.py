"""The daemon's last step: the board as static files, written when something changed."""

import dataclasses
import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, MemoryOffice, Unit
from rigs.whole import mail

from intake import publish
from intake import service as service_module
from notifier.board import FILES, INDEX, PLAN
from notifier.board_account import account
from registry.errors import RegistryBusy

HOA_CU = Unit("06223", "Hòa Cư", ["hoacu@caoloc.example"], ["ct.hoacu@caoloc.example"])
GIA_CAT = Unit("06235", "Gia Cát", ["giacat@caoloc.example"])


def opened(folder: Path, **board: str) -> MemoryOffice:
    changes = {"board": board} if board else {}
    return MemoryOffice(folder, moment(14), [HOA_CU, GIA_CAT], changes)


@pytest.fixture(autouse=True)
def _the_clock_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MemoryOffice]:
    found = opened(tmp_path / "config")
    yield found
    found.close()


def pages(office: MemoryOffice) -> Path:
    return office.folder / "data" / "board"


def shown(office: MemoryOffice, name: str = INDEX) -> str:
    return (pages(office) / name).read_text("utf-8")


def written_at(office: MemoryOffice) -> list[int]:
    return [(pages(office) / name).stat().st_mtime_ns for name in FILES]


def nil(office: MemoryOffice, unit: Unit = HOA_CU) -> None:
    body = "Xã không có nhu cầu đăng ký hỗ trợ điểm OCOP đợt này."
    office.server.deliver(mail(unit.emails[0], body=body), office.now)


def codes(office: MemoryOffice) -> set[str]:
    return set(office.daemon.health.signs.failing)


def test_a_tick_writes_both_pages(office: MemoryOffice) -> None:
    assert not pages(office).exists()
    office.tick()
    assert {one.name for one in pages(office).iterdir()} == set(FILES)
    assert "Xã Hòa Cư" in shown(office)
    assert "Lịch thư sắp gửi" in shown(office, PLAN)


def test_each_step_of_a_commune_shows(office: MemoryOffice) -> None:
    office.tick()
    assert "Chưa trả lời:</b> Xã Hòa Cư, Xã Gia Cát" in shown(office)
    nil(office)
    office.pass_time(dt.timedelta(minutes=5))
    office.tick()
    assert "Chưa trả lời:</b> Xã Gia Cát" in shown(office)
    assert "OCOP2-06223-01" in shown(office)
    assert "1 đã ghi sổ" in shown(office)
    assert "Thư trả lời" in shown(office)
    assert "lúc 14/05/2024 09:05" in shown(office)


def test_a_quiet_hour_writes_nothing(office: MemoryOffice) -> None:
    office.tick()
    before = written_at(office)
    for _ in range(20):
        office.pass_time(dt.timedelta(minutes=2))
        office.tick()
    assert written_at(office) == before


def test_a_quiet_tick_does_not_even_look(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tick()
    monkeypatch.setattr(publish, "gather", lambda *_: pytest.fail("nothing had changed"))
    office.pass_time(dt.timedelta(minutes=2))
    office.daemon.publisher.publish()
    assert codes(office) == set()


def test_midnight_alone_is_a_change(office: MemoryOffice) -> None:
    office.tick()
    assert "6</p>" in shown(office)
    office.pass_time(dt.timedelta(hours=15))
    office.tick()
    assert "5</p>" in shown(office)


def test_a_restart_alone_writes_nothing(office: MemoryOffice) -> None:
    office.tick()
    before = written_at(office)
    office.restart()
    office.pass_time(dt.timedelta(minutes=1))
    office.tick()
    assert written_at(office) == before


def test_pages_that_somebody_deleted_come_back(office: MemoryOffice) -> None:
    office.tick()
    shutil.rmtree(pages(office))
    office.tick()
    assert {one.name for one in pages(office).iterdir()} == set(FILES)


def test_an_edited_config_shows_at_once(office: MemoryOffice) -> None:
    office.tick()
    office.edit_campaign(title='"Đợt mới <b>&</b>"')
    office.reload()
    office.tick()
    assert "Đợt mới &lt;b&gt;&amp;&lt;/b&gt;" in shown(office)


def test_the_pages_of_a_nation_are_made_once_a_minute(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "_FEW", 1)  # more than one commune is a nation here
    office.tick()
    before = shown(office)
    nil(office)
    office.now += dt.timedelta(seconds=59)
    office.tick()
    assert shown(office) == before
    office.now += dt.timedelta(seconds=1)
    office.tick()  # nothing new came: what was put off is made
    assert shown(office) != before


def test_whoever_publishes_for_the_last_time_does_not_wait_a_minute(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`intake once` of a nation: its pages would be those from before the mail, until the next."""
    monkeypatch.setattr(publish, "_FEW", 1)
    office.tick()
    before = shown(office)
    nil(office)
    office.tick()
    office.daemon.publisher.publish(last=True)
    assert shown(office) != before


def test_a_clock_that_was_put_back_does_not_keep_the_pages_as_they_were(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "_FEW", 1)
    office.tick()
    before = shown(office)
    nil(office)
    office.now -= dt.timedelta(minutes=5)
    office.tick()
    assert shown(office) != before


def test_an_office_may_do_without(tmp_path: Path) -> None:
    office = opened(tmp_path / "config", path='""')
    office.tick()
    assert not pages(office).exists()
    assert not list(office.folder.glob("*.html"))
    office.close()


def test_a_full_disk_under_the_board_breaks_nothing_else(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tick()
    before = shown(office)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("notifier.board.put_own_file", full)
        nil(office)
        office.tick()
        assert [one.kind for one in office.store.mails() if one.state == "sent"].count("ack") == 1
        assert codes(office) == {"board"}
        assert shown(office) == before
        office.tick()
        told = {one.code: one.severity for one in office.daemon.health.look()}
        assert told["board"] == "warning"
    office.tick()
    assert codes(office) == set()
    assert "OCOP2-06223-01" in shown(office)


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), KeyError("x"), RecursionError()])
def test_a_mistake_in_the_page_stops_no_mail(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    nil(office)
    with monkeypatch.context() as patched:
        patched.setattr(publish, "board", broken)
        office.tick()
    assert [one.kind for one in office.store.mails() if one.state == "sent"].count("ack") == 1
    (failing,) = office.daemon.health.signs.failing.values()
    assert type(error).__name__ in failing.reason
    office.tick()
    assert codes(office) == set()


def test_a_locked_registry_only_puts_it_off(
    office: MemoryOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise RegistryBusy("the registry is locked by another program")

    with monkeypatch.context() as patched:
        patched.setattr(publish, "gather", locked)
        office.daemon.publisher.publish()
    assert codes(office) == set()
    assert not pages(office).exists()
    office.daemon.publisher.publish()
    assert pages(office).exists()


def test_the_account_is_that_of_the_registry(office: MemoryOffice) -> None:
    nil(office)
    office.server.deliver(mail("la@thudientu.example", body="Xin hỏi."), office.now)
    office.server.deliver(mail(GIA_CAT.emails[0], body="Alo, cho hỏi hạn."), office.now)
    office.tick()
    found = account(office.store.tallies([CAMPAIGN]))
    assert found.unexplained == 0
    assert found.received == 3
    assert found.sentence() in shown(office)
    held = {one.id for one in office.store.held()}
    assert held
    for number in held:
        assert f"số {number}<" in shown(office)


def test_a_message_that_lost_its_answer_is_seen(office: MemoryOffice) -> None:
    nil(office)
    office.tick()
    with office.store._database.write() as connection:
        connection.exec_driver_sql("UPDATE messages SET submission_id = NULL")
    office.pass_time(dt.timedelta(hours=1))
    office.tick()
    assert "1 chưa giải thích được" in shown(office)
    assert "Cần kiểm tra" in shown(office)
    assert office.daemon.publisher.numbers.unexplained == 1


def test_a_trouble_stands_on_the_page_and_goes_again(office: MemoryOffice) -> None:
    office.tick()
    office.server.trouble = "login"
    for _ in range(2):  # the connection is lost first, then the login refused
        office.pass_time(dt.timedelta(minutes=20))
        office.tick()
    assert "Máy chủ không cho vào hộp thư đến" in shown(office)
    office.server.trouble = ""
    office.pass_time(dt.timedelta(hours=1))
    office.tick()
    assert "Máy chủ không cho vào hộp thư đến" not in shown(office)


def test_nobody_is_named_on_the_pages_of_a_busy_day(office: MemoryOffice) -> None:
    office.store.launch(CAMPAIGN, "officer", office.now)
    nil(office)
    stranger = mail("nguyenvanthu@thudientu.example", subject="Chuyện riêng 0912 345 678")
    office.server.deliver(stranger, office.now)
    office.tick()
    text = shown(office) + shown(office, PLAN)
    for word in ("nguyenvanthu", "Chuyện riêng", "0912", "@"):
        assert word not in text.replace("@media", "").replace("@page", "")


def test_a_registry_that_must_catch_up_first_is_shown_as_well(office: MemoryOffice) -> None:
    office.store.fall_behind("restored", office.now)
    office.restart()
    office.server.trouble = "away"
    office.tick()
    assert office.store.behind() is not None
    assert {one.name for one in pages(office).iterdir()} == set(FILES)


def test_facts_are_gathered_from_one_registry(office: MemoryOffice) -> None:
    office.tick()
    facts = publish.gather(office.desk, office.daemon.health, office.now)
    assert dataclasses.replace(facts, now=office.now) == facts
