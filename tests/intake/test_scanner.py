"""Talking with clamd: what it hears, and that nothing but its exact words means clean."""

import datetime as dt
import socket
import struct
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from rigs.clamd import EICAR, MARKER, RealClamd, scripted_clamd
from rigs.packed import plain_zip

from intake.admission import TakenUp, judged, scan, take_up
from intake.backoff import Backoff
from intake.scanner import Clamd, Clean, Found, Scanned, TooLarge, Unavailable, meaning
from registry.vault import VaultDamaged


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("stream: OK", Clean()),
        ("stream: Win.Test.EICAR_HDB-1 FOUND", Found("Win.Test.EICAR_HDB-1")),
        ("stream: Own.Marker.UNOFFICIAL FOUND", Found("Own.Marker.UNOFFICIAL")),
        ("stream: a\x1b[31m\nb FOUND", Unavailable),
        ("stream: a\x1b[31m=b FOUND", Found("a??31m?b")),
        ("INSTREAM size limit exceeded. ERROR", TooLarge()),
        ("stream: Can't allocate memory ERROR", Unavailable),
        ("", Unavailable),
        ("OK", Unavailable),
        ("stream: OK\nstream: x FOUND", Unavailable),
        ("stream: ok", Unavailable),
        ("1: stream: OK", Unavailable),
        ("stream: OK ", Unavailable),
        ("UNKNOWN COMMAND", Unavailable),
    ],
)
def test_only_the_exact_words_mean_clean(answer: str, expected: object) -> None:
    found = meaning(answer)
    assert found == expected or (isinstance(expected, type) and isinstance(found, expected))


def test_what_follows_from_an_answer() -> None:
    assert judged(Clean()) is None
    for scanned, verdict, reason in (
        (Found("Own.Marker"), "infected", "infected: Own.Marker"),
        (TooLarge(), "unchecked", "scan-limit"),
        (Unavailable("away"), "unchecked", "not-scanned: away"),
    ):
        answer = judged(scanned)
        assert answer is not None
        assert (answer.verdict, answer.reason, answer.hold) == (verdict, reason, True)


class _Silent:
    """A scanner that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Scanned = Unavailable("timed out")

    def scan(self, _data: bytes) -> Scanned:
        self.asked += 1
        return self.answer


def test_a_scanner_that_hangs_is_not_asked_for_every_message() -> None:
    """Each question may take its whole time limit, and the daemon must turn."""
    now = dt.datetime(2024, 5, 15, tzinfo=dt.UTC)
    scanner = _Silent()
    desk: Any = SimpleNamespace(
        told=None, scanner=scanner, scanner_pause=Backoff(), clock=lambda: now
    )
    for _ in range(20):
        answer = scan(desk, [b"x"])
        assert answer is not None
        assert answer.reason.startswith("not-scanned")
    assert scanner.asked == 1
    now += dt.timedelta(minutes=1)
    scanner.answer = Clean()
    assert scan(desk, [b"x", b"y"]) is None
    assert scanner.asked == 3
    scanner.answer = Unavailable("allocation", answered=True)  # one file's trouble, not all's
    assert scan(desk, [b"x"]) is not None
    scanner.answer = Clean()
    assert scan(desk, [b"x"]) is None
    desk.scanner = None
    assert scan(desk, [b"x"]) is None


def test_a_waiting_message_whose_bytes_are_lost_keeps_no_other_waiting() -> None:
    """Torn by a power loss, or gone: it is sent back as well, to be read in vain and then held."""
    files: dict[str, bytes | Exception] = {
        "torn": VaultDamaged("torn", "vault/to/torn"),
        "gone": KeyError("gone"),
        "sound": b"x",
    }
    held = [
        SimpleNamespace(id=number, sha256=name, state="held", reason="not-scanned: away")
        for number, name in enumerate(files, start=1)
    ]

    def get(sha256: str) -> bytes:
        found = files[sha256]
        if isinstance(found, Exception):
            raise found
        return found

    taken: list[int] = []
    scanner = _Silent()
    scanner.answer = Found("Win.Test")
    desk: Any = SimpleNamespace(
        told=None,
        scanner=scanner,
        scanner_pause=Backoff(),
        clock=lambda: dt.datetime(2024, 5, 15, tzinfo=dt.UTC),
        vault=SimpleNamespace(get=get),
        store=SimpleNamespace(held=lambda: held, take_up=lambda one, _now: taken.append(one)),
    )
    assert take_up(desk) == TakenUp(3, 0, 3)
    assert (taken, scanner.asked) == ([1, 2, 3], 1)


def _heard(link: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = link.recv(count - len(data))
        if not more:
            raise ConnectionError("the client went away")
        data += more
    return data


def _stream(link: socket.socket) -> bytes:
    """Hear a whole INSTREAM; return what was sent, chunk by chunk."""
    assert _heard(link, 10) == b"zINSTREAM\0"
    data = b""
    while size := struct.unpack("!I", _heard(link, 4))[0]:
        data += _heard(link, size)
    return data


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 300_000])
def test_it_hears_every_byte_in_chunks(size: int) -> None:
    got: list[bytes] = []
    data = bytes(number % 251 for number in range(size))

    def act(link: socket.socket) -> None:
        got.append(_stream(link))
        link.sendall(b"stream: ")
        link.sendall(b"OK\0")

    with scripted_clamd(act) as address:
        assert Clamd(address).scan(data) == Clean()
    assert got == [data]


def _says(words: bytes) -> Callable[[socket.socket], None]:
    def act(link: socket.socket) -> None:
        _stream(link)
        link.sendall(words)

    return act


def _hangs_up_at_once(_link: socket.socket) -> None:
    pass


def _hangs_up_in_the_stream(link: socket.socket) -> None:
    _heard(link, 70_000)


def _is_silent(link: socket.socket) -> None:
    _stream(link)
    _heard(link, 1)  # until the client goes away


def _talks_without_end(link: socket.socket) -> None:
    _stream(link)
    while True:
        link.sendall(b"stream: OK" * 100)


@pytest.mark.parametrize(
    "act",
    [
        _hangs_up_at_once, _hangs_up_in_the_stream, _is_silent, _talks_without_end,
        _says(b"stream: OK"), _says(b""), _says(b"\0"), _says(b"PONG\0"), _says(b"\xff\xfe\0"),
        _says(b"stream: OK\n"), _says(b"HTTP/1.0 400 Bad Request\r\n\r\n"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_not_clean(act: Callable[[socket.socket], None]) -> None:
    with scripted_clamd(act) as address:
        found = Clamd(address, seconds=0.5).scan(b"x" * 200_000)
    assert isinstance(found, Unavailable)
    assert found.reason.isprintable()


def test_it_answers_before_it_heard_all() -> None:
    """Over StreamMaxLength clamd says so and hangs up; what it said must be read all the same."""

    def act(link: socket.socket) -> None:
        _heard(link, 100_000)
        link.sendall(b"INSTREAM size limit exceeded. ERROR\0")

    with scripted_clamd(act) as address:
        assert Clamd(address).scan(b"x" * 120_000) in (
            TooLarge(),
            Unavailable(f"{address}: ConnectionResetError: [Errno 104] Connection reset by peer"),
        )


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for address in (f"127.0.0.1:{port}", "unix:/nonexistent/clamd.ctl", "127.0.0.1:x", "rubbish"):
        assert isinstance(Clamd(address).scan(b"x"), Unavailable)
    with pytest.raises(OSError):  # noqa: PT011  any of its kinds
        Clamd(f"127.0.0.1:{port}").version()


def test_what_is_no_clamd_is_seen_before_it_is_believed() -> None:
    with (
        scripted_clamd(lambda link: link.sendall(b"220 smtp ready\r\n\0")) as address,
        pytest.raises(ConnectionError),
    ):
        Clamd(address).version()


# --- a real one ---


@pytest.fixture(scope="module")
def clamd() -> Iterator[Clamd]:
    with RealClamd(stream="1M") as server:
        yield Clamd(server.address)


@pytest.mark.e2e
def test_a_real_clamd_finds_what_its_signatures_know(clamd: Clamd) -> None:
    assert clamd.version().startswith("ClamAV ")
    assert clamd.scan(b"") == Clean()
    assert clamd.scan(b"an ordinary letter") == Clean()
    assert clamd.scan(EICAR) == Found("Own.Eicar.UNOFFICIAL")
    assert clamd.scan(b"x" * 70_000 + MARKER) == Found("Own.Marker.UNOFFICIAL")
    assert clamd.scan(plain_zip([("a/b.txt", b"z" * 1000 + MARKER)])) == Found(
        "Own.Marker.UNOFFICIAL"
    )
    assert clamd.scan(b"x" * 1_100_000) == TooLarge()
