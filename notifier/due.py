"""Which mails are owed now: a pure function of the registry, the calendar and the clock.

Every rule below yields debts with the earliest moment they may leave; `due` keeps those whose
moment has come, `plan` shows all of them. Keys make repeats harmless: a debt whose key is already
in the outbox is not yielded again, whatever became of that mail. Only what reached nobody of a
commune is owed again to its other addresses, under another key.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import chain

from config.model import Config
from notifier import again, answers, campaign_rules, report_rules
from notifier.calendar import Calendar
from notifier.debt import NEEDS_INBOX, UNASKED, Due, World
from notifier.recheck import still_due
from notifier.schedule import closing_due, inbox_known, reminder_moments, report_due
from registry.model import Snapshot

__all__ = [
    "UNASKED",
    "Due",
    "closing_due",
    "due",
    "plan",
    "reminder_moments",
    "report_due",
    "still_due",
]


def due(snapshot: Snapshot, config: Config, calendar: Calendar, now: dt.datetime) -> list[Due]:
    """Return the mails owed at ``now``, in the order they should leave, each key once.

    Never raises for any snapshot and any config that was validated. Reminders and silence
    notices also wait until the inbox was read recently and completely.
    """
    known = inbox_known(snapshot, config.settings, now)
    return [
        one
        for one in _owed(World(snapshot, config, calendar, now))
        if one.not_before <= now and (known or one.kind not in NEEDS_INBOX)
    ]


def plan(snapshot: Snapshot, config: Config, calendar: Calendar, now: dt.datetime) -> list[Due]:
    """Return every mail that would be sent from now on if nothing else arrived, by its moment.

    A report that waits for its approval carries the fact ``waits = "approval"``.
    """
    world = World(snapshot, config, calendar, now)
    owed = chain(_owed(world), *(campaign_rules.foreseen(world, one) for one in config.campaigns))
    once = {one.key: one for one in sorted(owed, key=lambda one: one.not_before, reverse=True)}
    return sorted(once.values(), key=lambda one: (one.not_before, one.key))


def _owed(world: World) -> Iterator[Due]:
    """Yield every debt of this moment whose key is new, most urgent first."""
    rules = chain(
        answers.answers(world),
        answers.held_notices(world),
        report_rules.department_notices(world),
        answers.questions(world),
        answers.brake_alert(world),
        again.bounce_notices(world),
        *(again.unreached_notice(world, one) for one in world.config.campaigns),
        *(campaign_rules.campaign_mails(world, one) for one in world.config.campaigns),
        answers.digest(world),
    )
    seen = set(world.snapshot.mail_keys)
    lost = {one.key: one for one in world.snapshot.lost}
    for rule in rules:
        one = again.again(world, rule, lost[rule.key]) if rule.key in lost else rule
        if one and one.key not in seen and one.to:
            seen.add(one.key)
            yield one
