"""From what the rules yield to what must still be sent: each debt once, to whom it goes. Pure."""

from collections.abc import Iterable, Iterator

from notifier import again
from notifier.debt import Due, World
from notifier.redirect import redirected


def new_debts(world: World, rules: Iterable[Due]) -> Iterator[Due]:
    """Yield the debts whose key is new, in their order: redirected ones, and those lost before.

    What reached nobody of a commune is owed to its other addresses, under another key.
    """
    known, seen = world.snapshot.mail_keys, set[str]()  # known grows with the years: not copied
    lost = {one.key: one for one in world.snapshot.lost}
    for rule in rules:
        own = again.again(world, rule, lost[rule.key]) if rule.key in lost else rule
        if own is None or own.key in known or own.key in seen or not own.to:
            continue
        one = redirected(own, world.config.settings)
        if one.key not in known and one.key not in seen:
            seen.add(one.key)
            yield one
