"""Which point is which: rows bear no name of their own, so two lists are paired by what they say.

A point is the same one when all it says is equal, else when it bears the same name, else when it
says mostly the same as one that has no other partner: a corrected name is then one change, not one
point less and another one more. Pure.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from rapidfuzz import fuzz

from parsers.vietnamese import fold

Values = Mapping[str, str]
#: How many pairs of points are compared value by value; beyond, only their places are.
_MOST_PAIRS = 40_000
#: Two points whose other values are alike to this share are one point, renamed.
_ALIKE = 0.75


def partners(old: Sequence[Values], new: Sequence[Values], naming: str) -> dict[int, int]:
    """Return, by the index of each newer point, the index of the older one that it is.

    The values are canonical; ``naming`` is the key of the field that names a point, "" if none
    does.
    """
    found: dict[int, int] = {}
    left_old, left_new = list(range(len(old))), list(range(len(new)))

    def take(pairs: Iterable[tuple[int, int]]) -> None:
        found.update((after, before) for before, after in pairs)
        gone = set(found.values())
        left_old[:] = [index for index in left_old if index not in gone]
        left_new[:] = [index for index in left_new if index not in found]

    def equal(of: Callable[[Values], Hashable]) -> Iterator[tuple[int, int]]:
        """Pair the points of which the same can be said, in their order; of nothing, none."""
        known: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for index in left_old:
            known[of(old[index])].append(index)
        for index in left_new:
            said = of(new[index])
            if said and known[said]:
                yield known[said].popleft(), index

    take(equal(lambda values: tuple(sorted(values.items()))))
    take(equal(lambda values: fold(values.get(naming, ""))))
    take(_most_alike(old, new, left_old, left_new, naming))
    return found


def _most_alike(
    old: Sequence[Values],
    new: Sequence[Values],
    left_old: Sequence[int],
    left_new: Sequence[int],
    naming: str,
) -> Iterator[tuple[int, int]]:
    """Pair what says mostly the same under another name, the likest first."""
    if len(left_old) * len(left_new) > _MOST_PAIRS:
        tried = [(index, index) for index in sorted(set(left_old) & set(left_new))]
    else:
        tried = [(before, after) for before in left_old for after in left_new]
    alike = [
        (likeness, before, after)
        for before, after in tried
        if (likeness := _likeness(old[before], new[after], naming)) >= _ALIKE
    ]
    ranked = sorted(
        (-likeness, -_names(old[before], new[after], naming), abs(before - after), after, before)
        for likeness, before, after in alike
    )
    done_old: set[int] = set()
    done_new: set[int] = set()
    for *_, after, before in ranked:
        if before not in done_old and after not in done_new:
            done_old.add(before)
            done_new.add(after)
            yield before, after


def _likeness(before: Values, after: Values, naming: str) -> float:
    """Return the share (0–1) of the values besides the name that two points have in common."""
    every = (before.keys() | after.keys()) - {naming}
    return sum(before.get(key) == after.get(key) for key in every) / len(every) if every else 0.0


def _names(before: Values, after: Values, naming: str) -> float:
    """Return how alike two names are (0–100): it decides between points that else say the same."""
    return fuzz.ratio(fold(before.get(naming, "")), fold(after.get(naming, "")))
