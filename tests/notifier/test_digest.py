"""What the officers' morning mail says beside the state of the campaigns."""

import datetime as dt

import pytest
from rigs import world
from rigs.world import snapshot

from notifier.due import due


@pytest.mark.parametrize(("day", "told"), [("2024-05-15", ""), ("2060-05-18", "2060")])
def test_fault_124_the_digest_names_a_year_without_holidays(day: str, told: str) -> None:
    """Whoever reads it can still write that year's days off into calendar.toml."""
    now = dt.datetime.fromisoformat(f"{day}T09:00:00+07:00")
    waiting = world.message(received_at=now - dt.timedelta(hours=3), state="held")
    config = world.config()
    owed = due(snapshot(now, held=(waiting,)), config, world.calendar(config), now)
    (digest,) = (one for one in owed if one.kind == "digest")
    assert digest.facts["unknown_year"] == told
