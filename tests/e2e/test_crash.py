"""Die at every effect, the short form: one point of each kind. `./dev crash` dies at all."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from crash.child import ENV
from crash.play import Reference, kill, play, points, uninterrupted
from crash.scenario import SCENARIO, Step
from crash.stage import Point, Stage
from crash.state import Row, State, state_of
from rigs.answering import OFFICER
from rigs.cast import moment

pytestmark = pytest.mark.e2e

#: Of the days: the launch, the first answers, a stranger's form and its assignment, the closing,
#: the report and its release.
_TIMES = (
    moment(17, 9, 0),
    moment(17, 9, 20),
    moment(17, 9, 40),
    moment(17, 10, 0),
    moment(17, 10, 20),
    moment(17, 10, 30),
    moment(22, 0, 10),
    moment(22, 8, 5),
    moment(22, 8, 25),
    moment(22, 8, 40),
    moment(22, 9, 0),
)
SHORT = tuple(step for step in SCENARIO if step.at in _TIMES)
#: A launch and a reminder in days in which nobody writes.
QUIET_TIMES = (moment(17, 9, 0), moment(20, 7, 40), moment(20, 8, 5), moment(20, 8, 25))
QUIET = tuple(step for step in SCENARIO if step.at in QUIET_TIMES)


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Iterator[tuple[Stage, Reference]]:
    with Stage(tmp_path_factory.mktemp("days")) as stage:
        yield stage, play(stage, SHORT)


#: What changes nothing yet, between others that are died at.
_BETWEEN = frozenset(
    {
        *("smtp CONNECT", "smtp EHLO", "smtp MAIL", "smtp RCPT", "smtp QUIT"),
        *("mailbox LOGIN", "mailbox SUBSCRIBE", "copy create", "heartbeat create", "files create"),
    }
)


def _one_of_each_kind(reference: Reference) -> list[Point]:
    """One point for each kind of effect, spread over the days, before and after by turns."""
    kinds: dict[str, list[Point]] = defaultdict(list)
    for point in points(reference):
        if point.kind not in _BETWEEN:
            kinds[point.kind].append(point)
    return [found[(7 * index + 3) % len(found)] for index, found in enumerate(kinds.values())]


def test_the_days_are_the_same_in_one_process_and_in_many(played):
    """What is compared below is what a daemon does that is never stopped."""
    stage, reference = played
    assert len(SHORT) == len(_TIMES)
    verdict = uninterrupted(stage, reference, SHORT)
    assert (verdict.differences, verdict.duplicates) == ((), 0)


def test_fault_001_002_003_093_110_killed_at_one_effect_of_each_kind(played):
    """FAULTS 1-3, 93, 110: the registry, the mailbox and the mails end as without the kill."""
    stage, reference = played
    chosen = _one_of_each_kind(reference)
    rooms = {point.kind.split()[0] for point in chosen}
    assert rooms == {"mailbox", "vault", "copy", "registry", "smtp", "heartbeat", "files"}
    wrong = {
        str(point): verdict.differences
        for point in chosen
        if (verdict := kill(stage, reference, point, SHORT).verdict).differences
    }
    assert wrong == {}


def _at(reference: Reference, step: int, kind: str, when: str, number: int = 0) -> Point:
    fits = (p for p in points(reference) if (p.step, p.kind, p.death.when) == (step, kind, when))
    return list(fits)[number]


def test_fault_110_killed_after_the_dot_a_second_copy_of_the_same_bytes_leaves(played):
    """FAULTS 110: the one place where a mail may leave twice, and there it does."""
    stage, reference = played
    report = next(number for number, step in enumerate(SHORT) if step.at == moment(22, 8, 40))
    verdict = kill(stage, reference, _at(reference, report, "smtp DOT", "after"), SHORT).verdict
    assert (verdict.differences, verdict.duplicates) == ((), 1)


def test_fault_003_killed_after_the_move_a_decision_still_moves_the_message(played):
    """FAULTS 3: nobody wrote down where the stranger's form went; the officer then assigns it."""
    stage, reference = played
    stranger = next(number for number, step in enumerate(SHORT) if step.at == moment(17, 10, 0))
    point = _at(reference, stranger, "mailbox MOVE", "after")
    verdict = kill(stage, reference, point, SHORT).verdict
    assert verdict.differences == ()


# --- with the settings as shipped -----------------------------------------------------------------


@pytest.fixture(scope="module")
def quiet(tmp_path_factory) -> Iterator[tuple[Stage, Reference]]:
    with Stage(tmp_path_factory.mktemp("quiet"), settings={}) as stage:
        yield stage, play(stage, QUIET)


@pytest.mark.parametrize(
    ("step", "kind", "when", "arrived", "more"),
    [
        # That commune may never have heard of the campaign: the officer hears of it in time.
        (0, "call", "before", 0, {("alert/unreached/ocop-2024-2", OFFICER)}),
        (1, "digest", "after", 1, set()),
        (2, "reminder", "before", 0, set()),
    ],
)
def test_fault_110_kinds_that_are_not_tried_again_stay_unknown_and_are_told(
    quiet, step, kind, when, arrived, more
):
    """FAULTS 98, 110, rule 4: no second reminder; the status shows that one may be missing."""
    stage, reference = quiet
    days: Sequence[Step] = QUIET[: step + 2]
    verdict = kill(stage, reference, _at(reference, step, "smtp DOT", when), days).verdict
    assert verdict.duplicates == 0
    wanted, got = reference.states[len(days) - 1], state_of(stage)
    [lost] = [row for row in got.tables["mails"] if row["state"] == "unknown"]
    assert lost["kind"] == kind
    its = _key_of(got, lost)
    assert _outcomes(got) == {
        **_outcomes(wanted),
        its: "unknown",
        **dict.fromkeys(more, "sent"),
    }
    # Each mail left once, and with the bytes that it has without the kill.
    assert Counter((one, to) for one, to, _ in got.taken.elements()) == {
        (row["rfc_message_id"], row["recipient"]): 1
        for row in got.tables["mails"]
        if row["state"] == "sent" or (row["id"] == lost["id"] and arrived)
    }
    assert _bodies(got).items() >= _bodies(wanted).items()
    in_sent = {row["rfc_message_id"] for row in got.tables["mails"] if row["state"] == "sent"}
    assert got.folders[".Sent"].total() == len(in_sent)
    assert [one for one in verdict.differences if not _is_of_mails(one)] == []
    assert _status(stage.folder)["outbox"]["unknown"] == 1


def _key_of(state: State, row: Row) -> tuple[str, str]:
    """Return key and recipient; in an alert's key the refused mail instead of its number."""
    said, number = row["key"].rpartition("/")[::2]
    if said.startswith("alert/refused/") and said.count("/") == 2:
        told = next(one for one in state.tables["mails"] if one["id"] == int(number))
        return f"{said}/{told['key']}/{told['recipient']}", row["recipient"]
    return row["key"], row["recipient"]


def _outcomes(state: State) -> dict[tuple[str, str], str]:
    return {_key_of(state, row): row["state"] for row in state.tables["mails"]}


def _bodies(state: State) -> dict[tuple[str, str], str]:
    """Of all mails but those that tell officers of the unknown one."""
    return {
        _key_of(state, row): row["body_sha256"]
        for row in state.tables["mails"]
        if row["kind"] not in {"alert", "digest"}
    }


def _is_of_mails(difference: str) -> bool:
    """Whether it is of mails: one more, or an earlier alert, gives all later ones other numbers."""
    of_alerts = ("no such file: vault/", "one file more: vault/")  # their bytes are kept there too
    its = ("mails ", "mails: ", "never sent: ", "sent, and should not be: ", *of_alerts)
    in_journal = " in the journal: " in difference and "'mail " in difference
    return difference.startswith(its) or " in .Sent: " in difference or in_journal


def _status(folder: Path) -> dict[str, dict[str, int]]:
    command = [sys.executable, "-m", "intake", "--config", str(folder), "status", "--json"]
    env = {**ENV, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return found
