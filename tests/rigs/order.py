"""The order of a run on several workers: what takes longest begins first, on each of them.

Every worker begins with an equal stretch of the list and, once it has no more, takes from the end
of another's. A test of two minutes at the end of a stretch is what all others then wait for.
"""

from collections.abc import Sequence
from itertools import islice

#: Modules below tests/ that take a minute or more with those that share their fixtures.
LONGEST = (
    "e2e/test_two_hosts.py",
    "parsers/test_golden.py",
    "e2e/test_crash.py",
    "e2e/test_vault_in_bucket.py",
    "e2e/test_cluster.py",
    "parsers/test_scan.py",
    "promises/test_machine.py",
    "e2e/test_nation.py",
    "e2e/test_replay.py",
    "intake/test_demo.py",
    "intake/test_migrate.py",
    "e2e/test_whole_way.py",
    "soak/test_soak.py",
)


def dealt(modules: Sequence[str], workers: int) -> list[int]:
    """Return the order for tests of these modules (paths below tests/), as numbers of places.

    The longest modules are dealt out to the beginnings of the workers' stretches, each module
    whole: its tests share fixtures. All others keep their order.
    """
    of: dict[str, list[int]] = {}
    for place, module in enumerate(modules):
        of.setdefault(module, []).append(place)
    stretches: list[list[int]] = [[] for _ in range(workers)]
    for number, module in enumerate(one for one in LONGEST if one in of):
        stretches[number % workers] += of[module]
    others = iter([place for place, module in enumerate(modules) if module not in LONGEST])
    order: list[int] = []
    for number, long in enumerate(stretches):
        size = (len(modules) - len(order)) // (workers - number)  # as xdist divides them
        order += [*long, *islice(others, max(0, size - len(long)))]
    return order
