"""One scan by several workers: the outcome of a single reader, whoever read which page and died."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rigs.ocop_form import FORM
from rigs.papers import Paper
from rigs.pictures import Column, Layout, draw
from rigs.scanner import Scan, encoded_pages, scan

from parsers import jail as jail_module
from parsers import read
from parsers.jail import Jail, JailLimits
from parsers.reading import Reading, Refusal
from parsers.shared_scan import SharedScan
from parsers.worker import Worker

if TYPE_CHECKING:
    from parsers.scan import PageRead

PAGED = (sys.executable, str(Path(__file__).parents[1] / "rigs" / "paged_reader.py"))
LIMITS = JailLimits(seconds=60)


@dataclass
class Asked:
    """The pages that workers were asked for, (page, process) in their order, and what then is done.

    ``deadlines`` are those that they were given, of the monotonic clock.

    ``then`` is called in the thread that asks, before the worker hears of the page.
    """

    then: Callable[[int, Worker], object] = lambda *_: None
    pages: list[tuple[int, int]] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _opened_soon_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others help however long a busy machine takes to open the document."""
    monkeypatch.setattr(jail_module, "_LONG_SECONDS", 60.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    noted, ask = Asked(), Worker.ask

    def noting(worker: Worker, request: bytes, *rest: Any) -> tuple[bytes, bytes]:
        if request.startswith(b'{"page":'):
            number = json.loads(request)["page"]
            noted.pages.append((number, worker._process.pid))
            noted.deadlines.append(rest[1])
            noted.then(number, worker)
        return ask(worker, request, *rest)

    monkeypatch.setattr(Worker, "ask", noting)
    return noted


@contextmanager
def paged(workers: int, limits: JailLimits = LIMITS) -> Iterator[Jail]:
    """Return a jail of readers of ``rigs.paged_reader``, on whatever number of processors."""
    with Jail(limits, workers, command=PAGED) as jail:
        jail.at_once = workers
        yield jail


def pages_of(found: Reading | Refusal) -> dict[str, tuple[str, int]]:
    assert isinstance(found, Reading), found
    pages: dict[str, tuple[str, int]] = json.loads(found.text)
    return pages


def words_of(found: Reading | Refusal) -> list[str]:
    return [text for text, _ in pages_of(found).values()]


def single(pages: str) -> list[str]:
    """What a single reader reads: up to the fourth page with a table."""
    read = []
    for number, letter in enumerate(pages):
        read.append(f"{number}{letter}")
        if "".join(read).count("t") == 4:
            break
    return read


def both_begin() -> Callable[[int, Worker], object]:
    """Nobody reads its first page before another one has begun one."""
    barrier, begun = threading.Barrier(2), set[int]()

    def meet(_: int, worker: Worker) -> None:
        if worker._process.pid not in begun:
            begun.add(worker._process.pid)
            barrier.wait(60)

    return meet


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        os.sched_yield()


def page_pictures() -> list[np.ndarray]:
    columns = (
        Column("STT", 0.5, "center"),
        Column("Tên điểm", 2.2),
        Column("Địa chỉ", 2.2),
        Column("Diện tích (m2)", 0.9, "center"),
        Column("Kinh phí đề nghị hỗ trợ", 1.2, "right"),
    )
    rows = [
        (str(n), f"Điểm bán hàng số {n}", "Thôn Bản Lìm, xã Hòa Cư", f"{20 + n}", f"{100 + n}")
        for n in range(1, 5)
    ]
    layout = Layout(columns, above=("DANH SÁCH ĐĂNG KÝ ĐIỂM BÁN SẢN PHẨM OCOP",))
    parts = [draw(layout, some)[0].image for some in (rows[:2], rows[2:])]
    return [scan(part, Scan(dpi=200, angle=0.4)) for part in parts]


def test_two_processes_read_one_scan_at_the_same_time_and_the_reading_is_a_single_ones(
    asked: Asked,
) -> None:
    data = encoded_pages([*page_pictures(), np.full((1000, 1400), 255, np.uint8)])
    alone = read(data, FORM, name="quet.pdf")
    with Jail(JailLimits(seconds=300), workers=2) as jail:
        jail.at_once, asked.then = 2, both_begin()
        assert jail.read(data, FORM, "quet.pdf") == alone
    assert isinstance(alone, Reading)
    assert len(alone.rows) == 4
    assert sorted(number for number, _ in asked.pages) == [0, 1, 2]
    assert len({process for _, process in asked.pages}) == 2


@pytest.mark.parametrize("workers", [2, 5])
def test_exactly_the_pages_that_a_single_reader_reads_are_read(workers: int, asked: Asked) -> None:
    """In its order, and none in vain: not even one that would be read and not used."""
    with paged(workers) as jail:
        for pages in ("tt", "t-", "--------", "ttttt---", "t-t-t-t-", "-tttt---") * 2:
            asked.pages.clear()
            assert words_of(jail.read(pages.encode(), FORM)) == single(pages)
            assert sorted(number for number, _ in asked.pages) == list(range(len(single(pages))))


def _paper(kind: str) -> bytes:
    back = np.full((1000, 1400), 255, np.uint8)
    if kind != "letter":
        return encoded_pages([back, back], kind, dpi=200)
    paper = Paper().line(60, 60, "Kinh gui: UBND huyen Cao Loc, danh sach dang ky kem theo")
    return paper.page().picture(0, 0, 595, 842).page().picture(0, 0, 595, 842).done()


@pytest.mark.parametrize(
    ("kind", "expected"), [("tiff", [0, 1]), ("pdf", [0, 1]), ("letter", [1, 2])]
)
def test_only_pages_that_are_pictures_are_shared(kind: str, expected: list[int]) -> None:
    """Whoever reads them, backwards: a typed letter before two scanned pages is the same."""
    shared: list[int] = []

    def share(
        pages: Sequence[int], most: int, read_page: "Callable[[int], PageRead]"
    ) -> "dict[int, PageRead]":
        shared.extend(pages)
        assert most == 4
        return {page: read_page(page) for page in reversed(pages)}

    data = _paper(kind)
    assert read(data, FORM, share=share) == read(data, FORM)
    assert shared == expected


def test_a_single_page_is_nobody_elses_business() -> None:
    def share(*_: object) -> "dict[int, PageRead]":
        raise AssertionError

    read(encoded_pages([np.full((1000, 1400), 255, np.uint8)], "png"), FORM, share=share)


def test_a_worker_by_itself_reads_all_and_no_second_one_is_started(asked: Asked) -> None:
    with paged(1) as jail:
        assert words_of(jail.read(b"t-t", FORM)) == ["0t", "1-", "2t"]
    assert [number for number, _ in asked.pages] == [0, 1, 2]
    assert len({process for _, process in asked.pages}) == 1


def test_nobody_helps_where_opening_the_document_took_long(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred typed pages before two scanned ones would all be read once more."""
    monkeypatch.setattr(jail_module, "_LONG_SECONDS", 0.0)
    with paged(2) as jail:
        assert words_of(jail.read(b"--", FORM)) == ["0-", "1-"]
    assert len({process for _, process in asked.pages}) == 1


def test_each_further_page_brings_half_of_the_time_again(asked: Asked) -> None:
    """On the clock and of the processor: eight photographs take longer than any other document."""
    began = time.monotonic()
    with paged(1) as jail:
        last = words_of(jail.read(b"--s", FORM))[2]
    assert 120 <= int(last[1:]) < 150
    assert [deadline - began >= 120 for deadline in asked.deadlines] == [True] * 3
    assert JailLimits(seconds=30, conversions=0).longest_seconds == 30 + 7 * 15


def test_the_processors_bound_how_many_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    assert [Jail(workers=workers).at_once for workers in (1, 2, 8)] == [1, 2, 3]


def test_a_helper_that_is_killed_at_its_page_costs_only_time(asked: Asked) -> None:
    """The leader reads that page itself; workers are whole for the next document."""
    meet, leader, killed = both_begin(), list[int](), list[int]()

    def kill_who_helps(number: int, worker: Worker) -> None:
        if number == 0:
            leader.append(worker._process.pid)
        meet(number, worker)
        if worker._process.pid != leader[0] and not killed:
            killed.append(number)
            os.kill(worker._process.pid, signal.SIGKILL)

    asked.then = kill_who_helps
    with paged(2) as jail:
        assert words_of(jail.read(b"t-t-", FORM)) == ["0t", "1-", "2t", "3-"]
        assert [process for number, process in asked.pages if number in killed][1:] == leader[:1]
        until(lambda: jail._busy == 0)
        asked.then = both_begin()
        assert words_of(jail.read(b"t-t-", FORM)) == ["0t", "1-", "2t", "3-"]


def test_a_leader_that_somebody_kills_gets_a_second_try(asked: Asked) -> None:
    meet, killed = both_begin(), list[int]()

    def kill_who_leads(number: int, worker: Worker) -> None:
        if killed:
            return
        meet(number, worker)
        if number == 0:
            killed.append(worker._process.pid)
            os.kill(worker._process.pid, signal.SIGKILL)

    asked.then = kill_who_leads
    with paged(2) as jail:
        assert words_of(jail.read(b"t-t-", FORM)) == ["0t", "1-", "2t", "3-"]
    assert killed


@pytest.mark.parametrize(
    ("pages", "code"), [("tx--", "unreadable"), ("tm--", "too-large"), ("th--", "timeout")]
)
def test_a_page_that_ends_its_reader_ends_the_document_as_it_ends_a_single_reader(
    pages: str, code: str, asked: Asked
) -> None:
    """Whoever helped with it: the leader gets it again, and its end is the document's."""
    limits = JailLimits(seconds=3) if code == "timeout" else LIMITS
    with paged(1, limits) as jail:
        alone = jail.read(pages.encode(), FORM)
    with paged(2, limits) as jail:
        asked.pages.clear()
        if code != "timeout":
            asked.then = both_begin()
        assert jail.read(pages.encode(), FORM) == alone
        assert [number for number, _ in asked.pages].count(1) <= 2  # never a third reader's end
        asked.then = lambda *_: None
        jail.limits = LIMITS  # the next one gets its time
        assert words_of(jail.read(b"--", FORM)) == ["0-", "1-"]
        until(lambda: jail._busy == 0)
    assert isinstance(alone, Refusal)
    assert alone.code == code


def test_a_document_that_waits_gets_a_worker_after_the_page_that_it_reads(asked: Asked) -> None:
    """A helper begins no second page while somebody waits; the scan's own worker goes on.

    The scan is not done before the other begins, or its own worker might be the first that is free.
    """
    meet, waiting, other_begun = both_begin(), threading.Event(), threading.Event()

    def wait_for_the_other(number: int, worker: Worker) -> None:
        meet(number, worker)
        if [page for page, _ in asked.pages].count(0) == 2:
            other_begun.set()
        waiting.wait(60)
        if number >= 2:
            other_begun.wait(60)

    asked.then = wait_for_the_other
    with paged(2) as jail, ThreadPoolExecutor(2) as callers:
        large = callers.submit(jail.read, b"--------", FORM)
        until(lambda: len(asked.pages) == 2)
        small = callers.submit(jail.read, b"--", FORM)
        until(lambda: jail._busy == 3)
        begun = len(asked.pages)
        waiting.set()
        assert words_of(small.result()) == ["0-", "1-"]
        assert len(pages_of(large.result())) == 8
    assert begun == 2
    helper = next(process for number, process in asked.pages if number == 1)
    helped = [number for number, process in asked.pages if process == helper]
    assert helped[:2] == [1, 0]  # 0 is the first page of the document that waited


def test_while_others_are_read_nobody_helps(asked: Asked) -> None:
    """Documents come before pages: two scans have a worker each."""
    together = threading.Barrier(2)
    asked.then = lambda number, _: together.wait(60) if number == 0 else None
    with paged(2) as jail, ThreadPoolExecutor(2) as callers:
        found = [callers.submit(jail.read, b"t", FORM) for _ in range(2)]
        first = [pages_of(one.result()) for one in found]
    assert len({pages["0"][1] for pages in first}) == 2


@pytest.mark.parametrize("wanted", ["[0, 0]", "[0, 1, 2, 3, 4, 5, 6, 7, 8]", '"all"', "[-1.5]"])
def test_pages_that_no_scan_has_are_no_pages(wanted: str) -> None:
    nonsense = (
        "import os, sys, struct\nF = struct.Struct('>II')\n"
        "def say(text): os.write(1, F.pack(len(text), 0) + text)\n"
        "say(b'{\"layers\": []}')\nsys.stdin.buffer.read(sum(F.unpack(sys.stdin.buffer.read(8))))\n"
        f'say(b\'{{"pages": {wanted}, "most": 4}}\')\nsys.stdin.buffer.read()'
    )
    with Jail(LIMITS, 2, command=(sys.executable, "-c", nonsense)) as jail:
        found = jail.read(b"any", FORM)
    assert isinstance(found, Refusal)
    assert found.code == "unreadable"
    assert found.detail.startswith("the reader said what is no answer")


def test_who_leads_does_not_wait_for_ever_for_a_page_that_a_helper_has_begun() -> None:
    shared = SharedScan(b"", b"", 0.0, (0, 1), 4)
    assert shared._begun(leads=False) == 0
    assert shared._begun(leads=False) == 1
    with pytest.raises(TimeoutError):
        shared._begun(leads=True)
