"""The board of the running program: served beside the mail, and never in its way."""

import datetime as dt
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, NIL, form_of_hoa_cu, state
from rigs.cast import moment
from rigs.ports import Ports
from rigs.running import running_office
from rigs.whole import ENV, Whole, mail, real_process, workbook_file

from intake import service as service_module
from intake import stock
from intake.reconcile import reconcile
from intake.service import Service
from notifier.board import FILES, INDEX

pytestmark = pytest.mark.e2e

_PATIENCE = 60.0


@pytest.fixture
def port() -> Iterator[int]:
    """A port where the program can listen, and nobody else, also while it does not."""
    with Ports() as ports:
        yield ports.numbers[0]


def ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def until(port: int, path: str, words: str) -> str:
    """Ask until the answer has these words."""
    ends = time.monotonic() + _PATIENCE
    found = ""
    while time.monotonic() < ends:
        try:
            found = ask(port, path)[1]
        except OSError:
            found = ""
        if words in found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{words} did not come: {found[:500]}")


def test_the_running_program_serves_its_board_and_ends_with_it(tmp_path, dovecot, port):
    changes = {"board": {"listen": f'"127.0.0.1:{port}"'}}
    user = next(dovecot.unused)
    with (
        running_office(tmp_path / "config", dovecot, user, changes) as office,
        real_process(office.folder, "run") as process,
    ):
        until(port, "/", "Bảng theo dõi tiếp nhận")
        assert ask(port, "/healthz")[0] == 200
        office.deliver(mail(HOA_CU_MAIL, body=NIL))
        shown = until(port, "/", "1 đã ghi sổ")
        assert "OCOP2-06223-01" in shown
        # The page is written within a turn, the numbers are those of its end.
        until(port, "/metrics", 'intake_messages{state="recorded",verdict="nil"} 1.0')
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0
        with pytest.raises(OSError, match="refused"):
            ask(port, "/")


def test_a_port_in_use_is_a_warning_and_no_end(tmp_path, dovecot, port):
    with socket.create_server(("127.0.0.1", port)) as taken:
        changes = {"board": {"listen": f'"127.0.0.1:{port}"'}}
        user = next(dovecot.unused)
        with (
            running_office(tmp_path / "config", dovecot, user, changes) as office,
            real_process(office.folder, "run") as process,
        ):
            office.deliver(mail(HOA_CU_MAIL, body=NIL))
            ends = time.monotonic() + _PATIENCE
            while not office.subjects(HOA_CU_MAIL) and time.monotonic() < ends:
                time.sleep(0.2)
            assert office.subjects(HOA_CU_MAIL)
            assert process.poll() is None
            told = subprocess.run(
                [*process.args[:5], "status", "--json"],
                env={**os.environ, **ENV},
                capture_output=True,
                text=True,
                check=False,
            )
            assert '"listen"' in told.stdout
            taken.close()
            until(port, "/", "1 đã ghi sổ")


@pytest.fixture
def office(open_office) -> Whole:
    """An office that writes its board, as offices do."""
    return open_office(board={"path": '"data/board"'})


@pytest.fixture
def served(office: Whole, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    service = Service(office.daemon, ENV)
    yield service
    if service._board:
        service._board.stop()


def test_listen_is_followed_when_the_config_is_edited(
    office: Whole, served: Service, port: int
) -> None:
    board = served._open_board()
    assert board.address is None
    path = office.folder / "settings.toml"
    text = path.read_text("utf-8").replace('listen = "" ', f'listen = "127.0.0.1:{port}" ')
    path.write_text(text, "utf-8")
    served.reload()
    served._turn()
    assert board.address == ("127.0.0.1", port)
    assert "Chưa trả lời" in ask(port, "/")[1]
    assert ask(port, "/healthz") == (200, "ok\n")
    office.daemon.health.signs.fails("reader", office.now, "no document can be read")
    served._beat()
    status, words = ask(port, "/healthz")
    assert status == 503
    assert words.startswith("not ok\nbroken reader since")
    assert 'intake_troubles{code="reader",severity="broken"} 1.0' in ask(port, "/metrics")[1]
    office.daemon.health.signs.works("reader")
    served._beat()
    assert ask(port, "/healthz")[0] == 200
    office.now += dt.timedelta(minutes=16)  # and no turn of the loop since
    assert ask(port, "/healthz")[1].startswith("not ok\nbroken daemon since")
    path.write_text(text.replace(f"127.0.0.1:{port}", ""), "utf-8")
    served.reload()
    served._turn()
    with pytest.raises(OSError, match="refused"):
        ask(port, "/")


def test_a_disk_that_is_really_full_under_the_board(open_office, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        office = open_office(board={"path": f'"{folder}/board"'})
        office.tick()
        before = (folder / "board" / INDEX).read_bytes()
        with (folder / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass
        office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
        office.tick(moment(15, 10))
        assert state(office) == "registered"
        assert len(office.subjects(HOA_CU_MAIL)) == 1
        assert (folder / "board" / INDEX).read_bytes() == before
        assert {one.code for one in office.daemon.health.look()} == {"board"}
        (folder / "filler").unlink()
        office.tick(moment(15, 11))
        assert "OCOP2-06223-01" in (folder / "board" / INDEX).read_text("utf-8")
        assert {one.name for one in (folder / "board").iterdir()} == set(FILES)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        shutil.rmtree(folder)


def test_the_account_of_the_board_is_that_of_reconcile(office: Whole) -> None:
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.deliver(mail(GIA_CAT_MAIL, body="Cho hỏi hạn nộp."))
    office.deliver(mail("la@thudientu.example", body="Xin hỏi."))
    office.deliver(mail(HOA_CU_MAIL, body="Tôi đi vắng.", Auto_Submitted="auto-replied"))
    office.tick()
    desk = office.desk
    told = reconcile(stock.take_stock(office.config, office.store, desk.vault, desk.mailbox))
    account = (office.folder / "data" / "board" / INDEX).read_text("utf-8")
    classes = told.classes
    words = (
        f"Đã nhận {told.received} = {classes['registered']} đã ghi sổ + "
        f"{classes['no-form']} không có biểu + {classes['held']} chờ xử lý; "
        "0 chưa giải thích được"
    )
    assert told.received == 5
    assert words in account
