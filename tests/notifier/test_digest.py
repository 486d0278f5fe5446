"""What the officers' morning mail says beside the state of the campaigns."""

import dataclasses
import datetime as dt

import pytest
from rigs import world
from rigs.world import HOA_CU, snapshot

from config.model import Commune
from notifier.compose import Context
from notifier.due import Due, due
from notifier.view import view


@pytest.mark.parametrize(("day", "told"), [("2024-05-15", ""), ("2060-05-18", "2060")])
def test_fault_124_the_digest_names_a_year_without_holidays(day: str, told: str) -> None:
    """Whoever reads it can still write that year's days off into calendar.toml."""
    now = dt.datetime.fromisoformat(f"{day}T09:00:00+07:00")
    waiting = world.message(received_at=now - dt.timedelta(hours=3), state="held")
    config = world.config()
    owed = due(snapshot(now, held=(waiting,)), config, world.calendar(config), now)
    (digest,) = (one for one in owed if one.kind == "digest")
    assert digest.facts["unknown_year"] == told


def test_the_digest_names_whose_newest_mail_could_not_be_read() -> None:
    """Nobody else is told of it, and the version before counts."""
    now = world.at(16, 9)
    config = world.config(communes=[HOA_CU])
    place = config.campaigns[0].id, HOA_CU.key
    digest = Due("digest", "digest/2024-05-16", ("a@b.example",), "digest", now)
    for unread, listed in ((frozenset({place}), [HOA_CU.title]), (frozenset(), [])):
        facts = Context(config=config, now=now, snapshot=snapshot(now), unread=unread)
        assert view(digest, facts)["unread"] == listed


@pytest.mark.parametrize(
    ("unit", "listed"),
    [
        (dataclasses.replace(HOA_CU, emails=()), True),
        (dataclasses.replace(HOA_CU, emails=("Chet@Xa.example",)), True),
        (dataclasses.replace(HOA_CU, emails=("chet@xa.example", "a@xa.example")), False),
        (HOA_CU, False),
    ],
    ids=["no address", "bounced, in capitals on the roster", "one of two bounced", "well"],
)
def test_fault_085_the_digest_lists_who_cannot_be_reached(unit: Commune, listed: bool) -> None:
    """No address, or none that lives: the officers must ring them up."""
    now = world.at(16, 9)
    context = Context(
        config=world.config(communes=[unit]),
        now=now,
        snapshot=snapshot(now, bounced=frozenset({"chet@xa.example"})),
    )
    shown = view(Due("digest", "digest/2024-05-16", ("a@b.example",), "digest", now), context)
    assert shown["unreachable"] == ([unit.title] if listed else [])
