"""What changed between two versions of an answer, in the words of an acknowledgment. Pure.

Rows bear no name of their own: a point is found again by its name, else by what else it says, else
by its place in the list. So a point that was renamed is one change, not one point less and another
one more.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from notifier import wording
from notifier.facts import title_field
from parsers.form import Field, Form
from parsers.vietnamese import fold
from registry.model import Point, Submission

#: How many pairs of points are compared value by value; beyond, only their places are.
_MOST_PAIRS = 40_000
#: Two points whose other values are alike to this share are one point, renamed.
_ALIKE = 0.6
_VALUE_LIMIT = 120
_EMPTY = "(trống)"
_UNREAD = "(chưa hợp lệ)"


@dataclass(frozen=True, slots=True)
class Change:
    """One point added or removed, or one field of a point changed.

    ``point`` is its number in the newer version (in the older one, when it was removed), ``name``
    its name there. ``before`` and ``after`` are in words, and empty for whole points; of personal
    data they say only that it was changed.
    """

    kind: Literal["added", "removed", "changed"]
    point: int
    name: str
    field: str = ""
    before: str = ""
    after: str = ""


def changes(previous: Submission, current: Submission, form: Form) -> tuple[Change, ...]:
    """Return what changed, in the order of the newer version; removed points last.

    Only canonical values count: the same number written in another way, or in another file, is no
    change. Nothing for two versions that say the same.
    """
    naming = title_field(form)
    key = naming.key if naming else ""
    pairs = _pairs(previous.points, current.points, key)
    found: list[Change] = []
    for point in current.points:
        before = pairs.get(point.ordinal)
        if before is None:
            found.append(Change("added", point.ordinal, _name(point, key)))
        else:
            found += _fields(before, point, form, key)
    kept = {one.ordinal for one in pairs.values()}
    found += [
        Change("removed", point.ordinal, _name(point, key))
        for point in previous.points
        if point.ordinal not in kept
    ]
    return tuple(found)


def in_words(value: str, field: Field) -> str:
    """Return a canonical value as people read it: ``50.000.000 đồng``; personal ones masked."""
    if not value:
        return _EMPTY
    if is_hidden(field):
        return "(không ghi trong thư)"
    if field.type == "money":
        return f"{wording.number(value)} đồng"
    if field.type == "decimal":
        return wording.number(value)
    if field.type == "date":
        return wording.iso_day(value)
    if field.type == "stars":
        return f"{wording.clean(value, 10)} sao"
    return wording.discreet(value, _VALUE_LIMIT)


def is_hidden(field: Field) -> bool:
    """Whether the values of a field stay out of mails: those of persons, and codes that may be.

    A household's business number is its owner's tax code.
    """
    return field.personal or field.type in {"phone", "code"}


def _name(point: Point, key: str) -> str:
    return wording.discreet(point.row.values.get(key, ""), 80)


def _fields(before: Point, after: Point, form: Form, key: str) -> Iterator[Change]:
    for field in form.fields:
        old, new = before.row.values.get(field.key, ""), after.row.values.get(field.key, "")
        if old == new:
            continue
        label = wording.clean(field.label, 80)
        was, now = _said(before, field), _said(after, field)
        if is_hidden(field):
            was, now = "", _hidden_change(old, new)
        yield Change("changed", after.ordinal, _name(after, key), label, was, now)


def _said(point: Point, field: Field) -> str:
    """Return a value in words; of none, whether something stood there all the same."""
    value = point.row.values.get(field.key, "")
    unread = not value and point.row.raw.get(field.key, "").strip()
    return _UNREAD if unread else in_words(value, field)


def _hidden_change(old: str, new: str) -> str:
    return "đã sửa" if old and new else "đã bổ sung" if new else "đã xóa"


# --- which point is which ---


def _pairs(old: Sequence[Point], new: Sequence[Point], key: str) -> dict[int, Point]:
    """Return, by the number of each newer point, the older one that it is."""
    pairs: dict[int, Point] = {}
    left_old, left_new = list(old), list(new)

    def take(found: Iterable[tuple[Point, Point]]) -> None:
        for before, after in found:
            pairs[after.ordinal] = before
        gone = {one.ordinal for one in pairs.values()}
        left_old[:] = [one for one in left_old if one.ordinal not in gone]
        left_new[:] = [one for one in left_new if one.ordinal not in pairs]

    take(_equal(left_old, left_new, lambda point: tuple(sorted(point.row.values.items()))))
    take(_equal(left_old, left_new, lambda point: _folded(point, key)))
    take(_most_alike(left_old, left_new, key))
    return pairs


def _folded(point: Point, key: str) -> str:
    return fold(point.row.values.get(key, ""))


def _equal(
    old: Sequence[Point], new: Sequence[Point], of: Callable[[Point], Hashable]
) -> Iterator[tuple[Point, Point]]:
    """Pair the points of which the same can be said, in their order; of nothing, none."""
    known: defaultdict[Hashable, deque[Point]] = defaultdict(deque)
    for point in old:
        known[of(point)].append(point)
    for point in new:
        said = of(point)
        if said and known[said]:
            yield known[said].popleft(), point


def _most_alike(
    old: Sequence[Point], new: Sequence[Point], key: str
) -> Iterator[tuple[Point, Point]]:
    """Pair what says mostly the same under another name, the likest first."""
    if len(old) * len(new) > _MOST_PAIRS:
        numbers = {point.ordinal: point for point in old}
        tried = [(numbers[point.ordinal], point) for point in new if point.ordinal in numbers]
    else:
        tried = [(before, after) for before in old for after in new]
    ranked = sorted(
        ((_likeness(before, after, key), before, after) for before, after in tried),
        key=lambda one: (-one[0], abs(one[1].ordinal - one[2].ordinal), one[2].ordinal),
    )
    done_old: set[int] = set()
    done_new: set[int] = set()
    for alike, before, after in ranked:
        fresh = before.ordinal not in done_old and after.ordinal not in done_new
        if alike >= _ALIKE and fresh:
            done_old.add(before.ordinal)
            done_new.add(after.ordinal)
            yield before, after


def _likeness(before: Point, after: Point, key: str) -> float:
    """Return the share (0–1) of the values besides the name that two points have in common."""
    old = {name: value for name, value in before.row.values.items() if name != key}
    new = {name: value for name, value in after.row.values.items() if name != key}
    every = old.keys() | new.keys()
    return sum(old.get(one) == new.get(one) for one in every) / len(every) if every else 0.0
