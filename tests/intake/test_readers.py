"""Readers over any executor: the same outcome as here, and never a document that waits for ever."""

import gc
import multiprocessing
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rigs.ocop_form import FORM

from intake import readers
from intake.readers import Readers, Team, patience_seconds
from parsers import remote
from parsers.fingerprint import code_fingerprint
from parsers.jail import Jail, JailBrokenError, JailLimits
from parsers.reading import Reading, Refusal

DATA = Path(__file__).parents[1] / "parsers" / "data"
BOOK = (DATA / "form.xlsx").read_bytes()
LIMITS = JailLimits(seconds=60)


@dataclass
class Given:
    """The team that a test gives, and what it is told."""

    now: Team | None = None
    trouble: str = ""
    told: list[str] = field(default_factory=list)

    def team(self) -> Team | None:
        return self.now

    def lost(self, team: Team, why: str) -> None:
        self.told.append(f"lost: {why}")
        if not team.gone.done():
            team.gone.set_result(why)
        self.now = None

    def doubted(self, why: str) -> None:
        self.told.append(f"doubted: {why}")
        self.now = None

    def close(self) -> None:
        self.told.append("closed")


class Puppet(Executor):
    """An executor whose futures end when, and as, the test says."""

    def __init__(self) -> None:
        self.asked: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self.more = threading.Condition()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self.more:
            self.asked.append((future, fn, args))
            self.more.notify_all()
        return future

    def wait_for(self, count: int) -> None:
        with self.more:
            assert self.more.wait_for(lambda: len(self.asked) >= count, 60)

    def answer(self, index: int) -> None:
        future, fn, args = self.asked[index]
        future.set_result(fn(*args))


@pytest.fixture(scope="module")
def here() -> Iterator[Jail]:
    with Jail(LIMITS, workers=2) as jail:
        yield jail


@pytest.fixture(scope="module")
def expected(here: Jail) -> Reading:
    found = here.read(BOOK, FORM, "form.xlsx")
    assert isinstance(found, Reading)
    return found


@pytest.fixture
def nowhere() -> Iterator[Jail]:
    """A machine that can read nothing: what comes was read elsewhere."""
    with Jail(LIMITS, command=("/bin/false",)) as jail:
        yield jail


@pytest.fixture(autouse=True, scope="module")
def _no_worker_is_left() -> Iterator[None]:
    yield
    for jail in remote._jails().jails.values():
        jail.close()
    remote._jails.cache_clear()


def threads_() -> Executor:
    return ThreadPoolExecutor(2)


def processes() -> Executor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("executor", [threads_, processes])
def test_every_kind_of_document_is_read_the_same_by_any_executor(
    here: Jail, nowhere: Jail, executor: Callable[[], Executor]
) -> None:
    with executor() as pool:
        there = Readers(nowhere, Given(Team(pool, 2)))
        for name in (
            "form.xlsx",
            "form.xls",
            "form.ods",
            "form.docx",
            "form_docx.pdf",
            "letter.doc",
        ):
            data = (DATA / name).read_bytes()
            assert there.read(data, FORM, name) == here.read(data, FORM, name)
        assert isinstance(there.read(b"", FORM, "x.xlsx"), Refusal)


def test_without_a_team_it_is_read_here(here: Jail, expected: Reading) -> None:
    alone = Readers(here, Given())
    assert alone.read(BOOK, FORM, "form.xlsx") == expected
    assert alone.width == here.width
    assert alone.ready() == here.ready()


def test_a_machine_that_cannot_read_says_so_although_others_could(nowhere: Jail) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(JailBrokenError):
        Readers(nowhere, Given(Team(pool, 2))).ready()


def test_what_is_too_large_never_travels(nowhere: Jail) -> None:
    puppet = Puppet()
    found = Readers(nowhere, Given(Team(puppet, 1))).read(b"0" * 25_000_001, FORM)
    assert isinstance(found, Refusal)
    assert found.code == "too-large"
    assert not puppet.asked


def test_fault_135_an_answer_of_other_code_is_read_again_here(
    here: Jail, expected: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is not used, however whole it looks; the worker is asked again who it is."""
    wrong = here.read(b"", FORM)

    def older(*_: bytes) -> tuple[str, bytes]:
        return "older", b'{"refusal": {"code": "empty", "message": "x"}}'

    monkeypatch.setattr(readers, "perform", older)
    with ThreadPoolExecutor(1) as pool:
        given = Given(Team(pool, 1))
        found = Readers(here, given).read(BOOK, FORM, "form.xlsx")
    assert found == expected != wrong
    assert given.told == ["doubted: OtherCodeError: older"]


def answers(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let every worker refuse what it is asked, by our own code."""
    said = f'{{"refusal": {{"code": "{code}", "message": "x"}}}}'.encode()
    monkeypatch.setattr(readers, "perform", lambda *_: (code_fingerprint(), said))


@pytest.mark.parametrize("code", ["timeout", "too-large"])
def test_what_a_machine_had_no_time_or_memory_for_is_read_here(
    here: Jail, expected: Reading, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """It swaps, or stood still: no fact about the document, and no doubt about its code."""
    answers(monkeypatch, code)
    with ThreadPoolExecutor(1) as pool:
        given = Given(Team(pool, 1))
        assert Readers(here, given).read(BOOK, FORM, "form.xlsx") == expected
    assert given.told == []


@pytest.mark.parametrize("code", ["encrypted", "wrong-form", "unreadable"])
def test_what_is_refused_for_what_it_is_costs_nothing_here(
    nowhere: Jail, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    answers(monkeypatch, code)
    with ThreadPoolExecutor(1) as pool:
        found = Readers(nowhere, Given(Team(pool, 1))).read(BOOK, FORM, "form.xlsx")
    assert isinstance(found, Refusal)
    assert found.code == code


def test_a_worker_whose_task_fails_costs_nothing_but_time(
    here: Jail, expected: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: bytes) -> None:
        raise ModuleNotFoundError("No module named 'parsers'")

    monkeypatch.setattr(readers, "perform", raises)
    with ThreadPoolExecutor(1) as pool:
        assert Readers(here, Given(Team(pool, 1))).read(BOOK, FORM, "form.xlsx") == expected


def test_fault_134_what_was_forgotten_elsewhere_is_read_here(here: Jail, expected: Reading) -> None:
    """Dask cancels every future when it loses its scheduler."""
    puppet = Puppet()
    given = Given(Team(puppet, 1))
    with ThreadPoolExecutor(1) as caller:
        asked = caller.submit(Readers(here, given).read, BOOK, FORM, "form.xlsx")
        puppet.wait_for(1)
        puppet.asked[0][0].cancel()
        puppet.asked[0][0].set_running_or_notify_cancel()
        assert asked.result() == expected
    assert given.told == ["lost: what it was asked is forgotten there"]


def test_fault_134_an_executor_that_is_shut_down_is_no_reason_to_fail(
    here: Jail, expected: Reading
) -> None:
    """A connection that was closed a moment ago takes no more tasks."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    assert Readers(here, Given(Team(pool, 1))).read(BOOK, FORM, "form.xlsx") == expected


def test_fault_134_nobody_waits_for_a_team_that_is_gone(here: Jail, expected: Reading) -> None:
    """Those on their way and those that wait for room are all read here, each once."""
    puppet = Puppet()
    team = Team(puppet, 1)
    given = Given(team)
    many = Readers(here, given)
    with ThreadPoolExecutor(5) as callers:
        asked = [callers.submit(many.read, BOOK, FORM, "form.xlsx") for _ in range(5)]
        puppet.wait_for(2)
        given.now = None
        team.gone.set_result("the scheduler does not answer")
        assert [one.result() for one in asked] == [expected] * 5
    # What arrives now is late, and nobody looks at it.
    puppet.answer(0)


def test_fault_134_an_answer_that_never_comes_is_not_waited_for(
    here: Jail, expected: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline of our own: the worker may hang, or the network swallow the answer."""
    monkeypatch.setattr(readers, "patience_seconds", lambda _: 0.0)
    given = Given(Team(Puppet(), 1))
    assert Readers(here, given).read(BOOK, FORM, "form.xlsx") == expected
    assert given.told == ["lost: no answer within 0 s"]


def test_the_patience_covers_all_that_the_limits_allow() -> None:
    limits = JailLimits(seconds=40, conversions=2, start_seconds=60)
    # Another document first, then ours; each with its conversions; and a reader that starts.
    assert patience_seconds(limits) > 2 * (40 + 2 * limits.office.seconds) + 60


def test_documents_on_their_way_are_bounded_by_the_teams_width(here: Jail) -> None:
    puppet = Puppet()
    many = Readers(here, Given(Team(puppet, 2)))
    assert many.width == 4
    with ThreadPoolExecutor(6) as callers:
        asked = [callers.submit(many.read, BOOK, FORM, "form.xlsx") for _ in range(6)]
        puppet.wait_for(4)
        for index in range(6):
            assert len(puppet.asked) <= 4 + index
            puppet.answer(index)
            puppet.wait_for(min(5 + index, 6))
        assert all(isinstance(one.result(), Reading) for one in asked)
    assert Readers(here, Given(Team(puppet, 1000))).width == 64


def test_a_process_of_the_team_shares_a_scans_pages_among_its_own_threads(here: Jail) -> None:
    puppet = Puppet()
    with ThreadPoolExecutor(1) as caller:
        asked = caller.submit(Readers(here, Given(Team(puppet, 8, 4))).read, b"", FORM)
        puppet.wait_for(1)
        puppet.answer(0)
        assert isinstance(asked.result(), Refusal)
    assert [jail.at_once for jail in remote._jails().jails.values()][-1:] == [4]


def test_and_by_their_bytes(here: Jail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MOST_BYTES", len(BOOK) + 1)
    puppet = Puppet()
    many = Readers(here, Given(Team(puppet, 2)))
    with ThreadPoolExecutor(3) as callers:
        asked = [callers.submit(many.read, BOOK, FORM, "form.xlsx") for _ in range(3)]
        for index in range(3):
            puppet.wait_for(index + 1)
            assert len(puppet.asked) == index + 1  # one is larger than what is left beside another
            puppet.answer(index)
        assert all(isinstance(one.result(), Reading) for one in asked)


def test_nothing_of_a_document_is_kept_once_it_is_read(here: Jail) -> None:
    with ThreadPoolExecutor(1) as pool:
        kept: list[weakref.ref[Future[Any]]] = []

        class Watched(Executor):
            def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
                future = pool.submit(fn, *args, **named)
                kept.append(weakref.ref(future))
                return future

        team = Team(Watched(), 1)
        many = Readers(here, Given(team))
        for _ in range(3):
            many.read(BOOK, FORM, "form.xlsx")
    # The pool's own thread has let go of the last one now; the team and its reader are still there.
    gc.collect()
    assert [one() for one in kept] == [None] * 3
    assert not team.gone._waiters  # type: ignore[attr-defined]


def test_closing_waits_for_what_is_being_read() -> None:
    puppet = Puppet()
    given = Given(Team(puppet, 1))
    jail = Jail(LIMITS)
    many = Readers(jail, given)
    with ThreadPoolExecutor(2) as callers:
        asked = callers.submit(many.read, BOOK, FORM, "form.xlsx")
        puppet.wait_for(1)
        closing = callers.submit(many.close)
        assert not closing.done()
        puppet.answer(0)
        assert isinstance(asked.result(), Reading)
        closing.result()
    assert given.told == ["closed"]
