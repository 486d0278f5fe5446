"""The journal as a script: what is played together, what differs, which kinds there are."""

import ast
import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import cast, get_args

import pytest
from rigs.answers import at, reminder
from rigs.registry import laid

import registry
from intake.desk import Desk
from intake.replay_acts import ACTS, Player
from intake.replay_script import (
    BEFORE_THEIR_CAUSE,
    differences,
    name_of,
    number_of,
    scenes,
    too_old,
)
from registry.journal import GENESIS, seal
from registry.model import Event, MailState
from registry.store import open_store

OTHER_KINDS = {
    *("assigned", "accepted", "rejected", "recorded", "held"),
    *("report-approved", "report-returned", "report-again"),
}


def event(kind: str, minutes: int = 0, subject: str = "mail 1", **data: object) -> Event:
    return seal(GENESIS, 1, at(minutes), kind, subject, data)


def test_mails_of_one_decision_are_played_together() -> None:
    queued = [event("queued", 1, key=name) for name in "ab"]
    later, other = event("queued", 2, key="c"), event("saved", 1)
    script = [other, *queued, other, later, event("queued", 1, key="d")]
    assert [len(scene) for scene in scenes(script)] == [1, 2, 1, 1, 1]
    assert [one for scene in scenes(script) for one in scene] == script
    assert list(scenes([])) == []


def test_what_follows_from_an_event_is_played_with_it() -> None:
    cause = [event("mail-bounced"), event("mail-bounced"), event("recorded")]
    script = [event("saved"), *cause, event("queued")]
    assert [[one.kind for one in scene] for scene in scenes(script)] == [
        *(["saved"], ["mail-bounced", "mail-bounced", "recorded"], ["queued"])
    ]


def test_a_copy_in_sent_is_played_for_all_its_recipients_with_the_launch_that_it_proves() -> None:
    """One recipient at a time, the second would count as nobody knows (`take_over`)."""
    found = [event("found-in-sent", 1, key=key, body="b") for key in ("call/1", "call/1", "ack/1")]
    proved = event("launched", 1, subject="campaign c", launched_at="2024-05-13")
    other = event("found-in-sent", 1, key="ack/1", body="another")
    script = [*found[:2], proved, found[2], other, event("launched", 1, by="officer")]
    assert [len(scene) for scene in scenes(script)] == [3, 1, 1, 1]


def test_what_came_out_as_it_was_is_no_difference() -> None:
    old = event("recorded", state="recorded", receipt="1")
    assert differences([old], [event("recorded", state="recorded", receipt="1")]) == []


def test_only_what_differs_is_told() -> None:
    old = event("recorded", state="recorded", receipt="1")
    (found,) = differences([old], [event("recorded", state="held", receipt="1")])
    assert (found.then, found.now) == ({"state": "recorded"}, {"state": "held"})


def test_what_an_older_program_did_not_tell_is_not_compared() -> None:
    assert differences([event("saved")], [event("saved", by="x")]) == []
    assert len(differences([event("saved", by="x")], [event("saved")])) == 1


def test_an_event_that_did_not_come_and_one_too_many_are_told() -> None:
    old = event("saved", subject="mail 1")
    (missing,) = differences([old], [])
    assert (missing.serial, missing.now) == (1, {})
    (extra,) = differences([], [event("queued", key="k")])
    assert (extra.serial, extra.then, extra.now) == (0, {}, {"key": "k"})
    assert len(differences([old], [event("saved", subject="mail 2")])) == 2


@pytest.mark.parametrize(
    "kind", ["kept", "seen-again", "unfetched", "filed", "queued", "found-in-sent", "report-found"]
)
def test_an_event_of_an_older_program_is_known(kind: str) -> None:
    assert too_old(event(kind, sha256="0", uid=1))
    assert not too_old(event("saved"))


def test_subjects_name_what_they_are_about() -> None:
    assert number_of(event("saved", subject="mail 12")) == 12
    assert name_of(event("closed", subject="campaign ocop 2")) == "ocop 2"


#: At, kind, subject, data: what `registry.database.journal_all` is told of an event.
EVENT_PARTS = 4


def kinds_in_the_registry() -> set[str]:
    """Every kind that the registry's code writes as a literal."""
    found: set[str] = set()
    for path in Path(registry.__path__[0]).glob("*_rows.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "journal":
                kind = node.args[2]
            elif isinstance(node, ast.Tuple) and len(node.elts) == EVENT_PARTS:
                if not isinstance(node.elts[2], ast.JoinedStr):
                    continue
                kind = node.elts[1]  # as `journal_all` takes them
            else:
                continue
            names = [one.value for one in ast.walk(kind) if isinstance(one, ast.Constant)]
            found |= {name for name in names if isinstance(name, str)}
    return found


def test_every_kind_of_event_can_be_played_again() -> None:
    """Whoever writes a new kind of event says here what a replay does with it."""
    written = kinds_in_the_registry()
    assert len(written) > 15
    states = {f"mail-{state}" for state in get_args(MailState) if state != "sending"}
    literal = written - {"mail-"} - BEFORE_THEIR_CAUSE
    assert literal | states | OTHER_KINDS == set(ACTS)


def test_the_moment_of_an_event_is_aware() -> None:
    assert event("saved").at.tzinfo is dt.UTC


@pytest.mark.parametrize(("told", "attempts"), [({}, 1), ({"tried": False}, 0)])
def test_attempts_are_counted_again_as_the_program_of_that_day_counted(
    tmp_path: Path, told: dict[str, object], attempts: int
) -> None:
    """An older one counted what the gate let wait, and its journal does not tell it apart."""
    waits = {"response": "the cap", "server": "", "next_try_at": at(9).isoformat()}
    with open_store(laid(tmp_path), tmp_path) as store:
        store.queue([reminder()], at(0))
        desk = cast("Desk", SimpleNamespace(store=store))
        player = Player(desk, tmp_path, lambda _: pytest.fail("no config is read"), serial=0)
        player.settle([event("mail-queued", 1, **waits, **told)])
        assert store.mail(1).attempts == attempts
