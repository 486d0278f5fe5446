"""The board's web server over loopback: what it shows, to whom, and what it refuses."""

import base64
import contextlib
import dataclasses
import datetime as dt
import http.client
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rigs.board import put, sample
from rigs.ports import Ports
from rigs.world import config

from config.model import Board
from intake.board_guard import TRIES, WINDOW_SECONDS, Guard
from intake.board_pulse import Pulse, Window, broken, health_now, in_words
from intake.board_server import BoardServer
from notifier.board import FILES, INDEX, PLAN
from notifier.board_numbers import numbers
from notifier.health import Trouble

NOW = dt.datetime(2024, 5, 17, 7, 20, tzinfo=dt.UTC)
ENV = {"BOARD_PASSWORD": "Mật khẩu: dài"}
RIGHT = "canbo:Mật khẩu: dài"
POLL = Trouble("poll", "broken", NOW, "the inbox is not read: nguyenvanthu@thudientu.example away")
OLD = Trouble("backup", "warning", NOW, "the last backup is 9 days old")


@dataclasses.dataclass
class Site:
    """A served folder whose health the test sets."""

    folder: Path
    health: tuple[Trouble, ...] = ()
    server: BoardServer | None = None
    pause_seconds: float = 0.0
    pulse: Pulse = dataclasses.field(default_factory=lambda: Pulse(NOW))

    def serve(self, listen: str = "127.0.0.1:0", **keys: str) -> str:
        window = Window(lambda: self.folder, lambda: self.pulse, lambda: self.health)
        self.server = self.server or BoardServer(window, ENV, self.pause_seconds)
        return self.server.follow(Board.model_construct(listen=listen, **{**_DEFAULTS, **keys}))

    def ask(
        self, path: str, method: str = "GET", login: str = "", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        assert self.server is not None
        assert self.server.address is not None
        connection = http.client.HTTPConnection(*self.server.address, timeout=60)
        if login:
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def status(self, path: str, method: str = "GET", login: str = "", **headers: str) -> int:
        return self.ask(path, method, login, **headers)[0].status


_DEFAULTS = {"path": "data/board", "user": "canbo", "password_env": "", "password_file": ""}
LOCKED = {"password_env": "BOARD_PASSWORD"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    put(tmp_path / "board", sample())
    (tmp_path / "secret.txt").write_text("not for the network")
    (tmp_path / "board" / "other.html").write_text("not for the network")
    found = Site(tmp_path / "board")
    yield found
    if found.server:
        found.server.stop()


# --- what it shows --------------------------------------------------------------------------------


def test_the_pages_are_those_on_the_disk(site: Site) -> None:
    assert site.serve() == ""
    for path, name in (("/", INDEX), ("/index.html", INDEX), ("/plan.html", PLAN)):
        answer, body = site.ask(path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert body == (site.folder / name).read_bytes()


def test_a_page_that_is_not_written_yet_is_told_kindly(site: Site) -> None:
    site.serve()
    (site.folder / INDEX).unlink()
    answer, body = site.ask("/")
    assert answer.status == 404
    assert "Trang chưa được viết" in body.decode()


@pytest.mark.parametrize("path", ["/", "/plan.html", "/healthz", "/metrics", "/nothing"])
def test_every_answer_bears_the_headers(site: Site, path: str) -> None:
    site.serve()
    for method in ("GET", "POST"):
        headers = site.ask(path, method)[0].headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "Server" not in headers


def test_the_style_is_the_one_that_the_policy_allows(
    site: Site, page: Callable[..., object]
) -> None:
    site.serve()
    assert site.server is not None
    assert site.server.address is not None
    host, port = site.server.address
    shown = page(f"http://{host}:{port}/", 1280)
    look = "getComputedStyle(document.querySelector('.card')).borderRadius"
    assert shown.evaluate(look) == "8px"  # type: ignore[attr-defined]


def test_head_is_like_get_without_the_body(site: Site) -> None:
    site.serve()
    answer, body = site.ask("/", "HEAD")
    assert (answer.status, body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == (site.folder / INDEX).stat().st_size


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_done_but_looked_at(site: Site, method: str) -> None:
    site.serve()
    for path in ("/", "/plan.html", "/healthz", "/metrics"):
        assert site.status(path, method) == 405
    assert {one.name for one in site.folder.iterdir()} == {*FILES, "other.html"}


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "//secret.txt",
        "/./../secret.txt", "/other.html", "/index.html/", "/index.html/../../secret.txt",
        "/index.html%00.txt", "/..\\secret.txt", "/%252e%252e/secret.txt", "/etc/passwd",
        "/file:///etc/passwd", "/plan", "/INDEX.HTML", "/.index.html.new", "/healthz/x",
        "/index.html%0d%0aX-Bad:1",
    ],
)  # fmt: skip
def test_no_other_file_can_be_reached(site: Site, path: str) -> None:
    site.serve()
    answer, body = site.ask(path)
    assert answer.status == 404
    assert b"not for the network" not in body
    assert "X-Bad" not in answer.headers


def test_what_is_no_http_breaks_nothing(site: Site) -> None:
    site.serve()
    assert site.server is not None
    assert site.server.address is not None
    for data in (
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"A" * 100_000,
        b"\r\n" * 9,
    ):
        address = site.server.address
        with socket.create_connection(address, 60) as raw, contextlib.suppress(ConnectionError):
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            while chunk := raw.recv(4096):
                assert b"Traceback" not in chunk
                assert b" 500 " not in chunk
    assert site.status("/") == 200


# --- health and numbers ---------------------------------------------------------------------------


def test_healthz_says_how_it_is_in_plain_words(site: Site) -> None:
    site.serve()
    answer, body = site.ask("/healthz")
    assert (answer.status, body) == (200, b"ok\n")
    site.health = (OLD,)
    answer, body = site.ask("/healthz")
    assert answer.status == 200
    assert body.decode().splitlines() == [
        "ok", "warning backup since 2024-05-17T07:20:00+00:00: the last backup is 9 days old",
    ]  # fmt: skip
    site.health = (POLL, OLD)
    answer, body = site.ask("/healthz")
    assert answer.status == 503
    assert body.decode().startswith("not ok\nbroken poll since")
    assert b"nguyenvanthu" not in body


def test_a_loop_that_stands_still_is_broken() -> None:
    of = config(health={"poll_minutes": 15})
    pulse = Pulse(NOW, NOW, (OLD,))
    assert health_now(pulse, of, NOW + dt.timedelta(minutes=14)) == (OLD,)
    found = health_now(pulse, of, NOW + dt.timedelta(minutes=15))
    assert [one.code for one in found] == ["daemon", "backup"]
    assert broken(found)
    assert in_words(found).startswith("not ok\nbroken daemon")


def test_metrics_are_the_numbers_of_the_board(site: Site) -> None:
    site.serve()
    site.pulse = Pulse(NOW, NOW, (), numbers(sample()))
    site.health = (POLL, OLD)
    answer, body = site.ask("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    samples = {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(body.decode())
        for one in family.samples
    }
    assert samples["intake_messages", "recorded", "submission"] == 12
    assert samples["intake_mails", "bounced", "call"] == 1
    assert samples["intake_communes", "nil", "ocop-2024-2"] == 5
    assert samples["intake_troubles", "broken", "poll"] == 1
    assert samples["intake_unexplained_messages",] == 0
    assert samples["intake_last_tick_timestamp_seconds",] == NOW.timestamp()
    assert samples["intake_last_poll_timestamp_seconds",] == NOW.timestamp()
    assert b"python_gc" not in body
    assert b"@" not in body


def test_metrics_come_as_openmetrics_to_who_asks_for_it(site: Site) -> None:
    site.serve()
    answer, body = site.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


# --- who may look ---------------------------------------------------------------------------------


def test_with_a_password_nobody_looks_without_it(site: Site) -> None:
    assert site.serve(**LOCKED) == ""
    for path in ("/", "/plan.html", "/metrics", "/nothing"):
        answer, body = site.ask(path)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert "Cần tên và mật khẩu" in body.decode()
        assert site.status(path, "HEAD") == 401
        assert site.status(path, "POST") == 401
    assert site.status("/", login=RIGHT) == 200
    assert site.status("/metrics", login=RIGHT) == 200
    assert site.status("/", login="canbo:khác") == 401
    assert site.status("/", login=RIGHT.replace("canbo", "admin")) == 401


def test_healthz_without_the_password_says_no_more_than_whether(site: Site) -> None:
    site.serve(**LOCKED)
    site.health = (POLL, OLD)
    answer, body = site.ask("/healthz")
    assert (answer.status, body) == (503, b"not ok\n")
    answer, body = site.ask("/healthz", login=RIGHT)
    assert answer.status == 503
    assert b"broken poll" in body
    assert site.status("/healthz", login="canbo:khác") == 401


def test_who_guesses_too_often_is_not_even_heard(site: Site) -> None:
    site.serve(**LOCKED)
    for _ in range(TRIES):
        assert site.status("/", login="canbo:sai") == 401
    answer, _ = site.ask("/", login=RIGHT)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == str(int(WINDOW_SECONDS))
    assert site.status("/healthz") == 200
    assert site.status("/") == 401


def test_a_wrong_password_waits_for_its_answer(tmp_path: Path) -> None:
    put(tmp_path, sample())
    for pause_seconds, login, status in ((86_400.0, RIGHT, 200), (1.0, "canbo:sai", 401)):
        site = Site(tmp_path, pause_seconds=pause_seconds)
        site.serve(**LOCKED)
        try:
            began = time.monotonic()
            assert site.status("/", login=login) == status  # a right one does not wait a day
            assert status == 200 or time.monotonic() - began >= pause_seconds
        finally:
            assert site.server is not None
            site.server.stop()


def test_without_a_password_a_strangers_name_for_us_is_refused(site: Site) -> None:
    site.serve()
    for name in ("ban-do.example", "ban-do.example:8080", "127.0.0.1.ban-do.example", "[", "[::1"):
        assert site.status("/", Host=name) == 421, name
    for name in ("localhost", "127.0.0.1:8080", "[::1]:8080"):
        assert site.status("/", Host=name) == 200, name


def test_with_a_password_a_proxy_may_name_us_as_it_likes(site: Site) -> None:
    site.serve(**LOCKED)
    assert site.status("/", login=RIGHT, Host="bang.caoloc.example") == 200


def header(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (None, "unasked"),
        (header("canbo:mật khẩu:x"), "open"),
        (header("canbo:mật khẩu:x").replace("Basic", "bAsIc"), "open"),
        (header("canbo:mật khẩu"), "wrong"),
        (header("canbo:mật khẩu:xx"), "wrong"),
        (header("canbo"), "wrong"),
        (header(""), "wrong"),
        ("Basic", "wrong"),
        ("Basic !!!", "wrong"),
        ("Basic \u00e9", "wrong"),
        ("Bearer abc", "wrong"),
        ("", "wrong"),
    ],
)
def test_what_a_browser_may_send(sent: str | None, answer: str) -> None:
    assert Guard("canbo", "mật khẩu:x").answer("192.0.2.1", sent, 0.0) == answer


def test_without_a_password_the_door_is_open() -> None:
    assert Guard("canbo", "").answer("192.0.2.1", None, 0.0) == "open"


def test_a_locked_address_is_heard_again_after_the_window() -> None:
    guard = Guard("canbo", "đúng")
    wrong, right = header("canbo:sai"), header("canbo:đúng")
    for second in range(TRIES):
        assert guard.answer("192.0.2.1", wrong, float(second)) == "wrong"
    assert guard.answer("192.0.2.1", right, 10.0) == "locked"
    assert guard.answer("192.0.2.2", right, 10.0) == "open"
    assert guard.answer("192.0.2.1", None, 10.0) == "unasked"
    assert guard.answer("192.0.2.1", right, WINDOW_SECONDS + TRIES) == "open"


def test_one_ipv6_line_is_one_guesser() -> None:
    guard = Guard("canbo", "đúng")
    for number in range(TRIES):
        guard.answer(f"2001:db8::{number:x}", header("canbo:sai"), 0.0)
    assert guard.answer("2001:db8::ffff", header("canbo:đúng"), 1.0) == "locked"
    assert guard.answer("2001:db8:0:1::1", header("canbo:đúng"), 1.0) == "open"


def test_the_memory_of_guessers_is_bounded() -> None:
    guard = Guard("canbo", "đúng")
    for number in range(12_000):
        guard.answer(f"guesser-{number}", header("canbo:sai"), 0.0)
    assert len(guard._wrong) == 10_000


# --- starting and ending --------------------------------------------------------------------------


def test_a_port_in_use_is_told_and_tried_again(site: Site) -> None:
    with Ports() as ports:
        (port,) = ports.numbers
        listen = f"127.0.0.1:{port}"
        with socket.create_server(("127.0.0.1", port)):
            why = site.serve(listen)
            assert "in use" in why
            assert listen in why
            assert site.server is not None
            assert site.server.address is None
        assert site.serve(listen) == ""
        assert site.status("/") == 200


def test_other_settings_are_followed_while_it_runs(site: Site) -> None:
    with Ports() as ports:
        (port,) = ports.numbers
        listen = f"127.0.0.1:{port}"
        assert site.serve(listen) == ""
        assert site.server is not None
        first, thread = site.server.address, site.server._thread
        assert site.serve(listen) == ""
        assert site.server._thread is thread, "the same settings change nothing"
        assert site.serve(**LOCKED) == ""
        assert site.status("/") == 401
        assert site.serve("") == ""
        assert site.server.address is None
        assert first == ("127.0.0.1", port)
        with pytest.raises(ConnectionRefusedError), socket.create_connection(first, timeout=60):
            pass


def test_a_missing_password_serves_nothing(site: Site) -> None:
    site.serve(**LOCKED)
    why = site.serve(password_env="NOT_SET")
    assert "NOT_SET" in why
    assert "the board is not served" in why
    assert site.server is not None
    assert site.server.address is None


def test_without_the_extra_it_says_what_to_install(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    why = site.serve()
    assert "uvicorn" in why
    assert "pip install 'commune-intake[board]'" in why


def test_it_takes_no_signal_and_ends_when_told(site: Site) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    site.serve()
    assert site.status("/") == 200
    assert {one: signal.getsignal(one) for one in before} == before
    assert "board" in {one.name for one in threading.enumerate()}
    assert site.server is not None
    site.server.stop()
    assert "board" not in {one.name for one in threading.enumerate()}
    site.server.stop()


def test_a_browser_that_hangs_on_does_not_keep_it(site: Site) -> None:
    site.serve()
    assert site.server is not None
    assert site.server.address is not None
    thread = site.server._thread
    assert thread is not None
    with socket.create_connection(site.server.address, timeout=60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        site.server.stop()
        thread.join(60)
        assert not thread.is_alive()


def test_a_thread_that_died_is_started_anew(site: Site) -> None:
    site.serve()
    assert site.server is not None
    assert site.server._thread is not None
    assert site.server._server is not None
    site.server._server.should_exit = True
    site.server._thread.join(10)
    assert site.serve() == ""
    assert site.status("/") == 200


def test_it_listens_on_ipv6(site: Site) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert site.serve("[::1]:0") == ""
    assert site.status("/") == 200
