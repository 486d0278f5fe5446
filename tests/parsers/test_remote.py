"""The task that reads elsewhere: bytes in, bytes out, and an answer of other code is none."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.ocop_form import FORM

from parsers import remote
from parsers.jail import Jail, JailLimits
from parsers.office import OfficeLimits
from parsers.reading import Reading, Refusal
from parsers.remote import (
    NoJailError,
    OtherCodeError,
    greeting_task,
    layers_in,
    perform,
    reading_in,
    reading_task,
)

DATA = Path(__file__).parent / "data"
LIMITS = JailLimits(seconds=60, office=OfficeLimits(seconds=120))


@pytest.fixture(autouse=True)
def _worker() -> Iterator[None]:
    """Each test is a worker's whole life."""
    remote._jails.cache_clear()
    yield
    for jail in remote._jails().jails.values():
        jail.close()
    remote._jails.cache_clear()


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with Jail(LIMITS) as jail:
        yield jail


@pytest.mark.parametrize("name", ["form.xlsx", "form.docx", "form_docx.pdf", "letter.doc"])
def test_a_reading_from_elsewhere_is_the_jails_own(jail: Jail, name: str) -> None:
    data = (DATA / name).read_bytes()
    answer = perform(reading_task(LIMITS, FORM, name), data)
    assert reading_in(answer) == jail.read(data, FORM, name)
    assert isinstance(reading_in(answer), Reading)


def test_a_scans_pages_are_shared_within_the_process_that_reads_it_as_the_asker_says() -> None:
    for at_once in (3, 1):
        perform(reading_task(LIMITS, FORM, "", at_once), b"")
        assert [jail.at_once for jail in remote._jails().jails.values()] == [at_once]


def test_so_is_a_refusal(jail: Jail) -> None:
    refused = reading_in(perform(reading_task(LIMITS, FORM, ""), b""))
    assert isinstance(refused, Refusal)
    assert refused == jail.read(b"", FORM)


def test_only_plain_bytes_and_text_travel() -> None:
    task = reading_task(LIMITS, FORM, "x.csv")
    answer = perform(task, b"")
    assert type(task) is bytes
    assert [type(part) for part in answer] == [str, bytes]
    json.loads(answer[1])


def test_a_greeting_says_what_confines_the_readers(jail: Jail) -> None:
    assert layers_in(perform(greeting_task(LIMITS), b"")) == jail.ready()


def test_fault_135_a_worker_with_other_code_does_not_even_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says what it is; nothing of its reading could be taken for ours."""
    task = reading_task(LIMITS, FORM, "form.xlsx")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(remote, "code_fingerprint", lambda: "older")
        answer = perform(task, (DATA / "form.xlsx").read_bytes())
    assert answer == ("older", b"")
    with pytest.raises(OtherCodeError, match="older"):
        reading_in(answer)
    assert not remote._jails().jails


def test_fault_135_code_that_was_changed_under_a_worker_reads_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upgrade without a restart: its readers would run the new code, itself the old one."""
    monkeypatch.setattr(remote, "is_current", lambda: False)
    with pytest.raises(OtherCodeError, match="changed since"):
        reading_in(perform(reading_task(LIMITS, FORM, ""), b""))


@pytest.mark.parametrize(
    "said", [None, b"", {"reading": {}}, ("code",), ("code", "text"), (1, b"")]
)
def test_fault_135_an_answer_in_other_words_is_other_code(said: object) -> None:
    """A version that speaks differently about it is not understood, and not believed."""
    with pytest.raises(OtherCodeError):
        reading_in(said)


@pytest.mark.parametrize("said", [b"", b"{}", b"[]", b'{"reading": 5}', b"\xff"])
def test_an_answer_of_our_code_that_is_none_is_an_error(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  pydantic's and json's errors are of this kind
        reading_in((remote.code_fingerprint(), said))


def test_a_machine_that_can_start_no_reader_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Jail):
        def __init__(self, limits: JailLimits, workers: int) -> None:
            super().__init__(limits, workers, command=("/bin/false",))

    monkeypatch.setattr(remote, "Jail", Broken)
    for task in (greeting_task(LIMITS), reading_task(LIMITS, FORM, "")):
        with pytest.raises(NoJailError, match="worker did not start"):
            reading_in(perform(task, b"a,b\n1,2\n"))


def test_a_worker_keeps_few_jails_whatever_limits_it_is_asked_to_keep() -> None:
    made = {}
    for seconds in range(60, 66):
        perform(reading_task(JailLimits(seconds=seconds), FORM, ""), b"a,b\n1,2\n")
        made |= {jail.limits.seconds: jail for jail in remote._jails().jails.values()}
    kept = [jail.limits.seconds for jail in remote._jails().jails.values()]
    assert kept == [64, 65]
    assert {seconds for seconds, jail in made.items() if not jail._closed} == {64, 65}
