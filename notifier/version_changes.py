"""What changed between two versions of an answer, in the words of an acknowledgment. Pure.

Which point is which: `notifier.pairing`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from notifier import wording
from notifier.facts import title_field
from notifier.pairing import partners
from parsers.form import Field, Form
from registry.model import Point, Submission

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
    older, newer = previous.points, current.points
    same = partners(_values(older), _values(newer), key)
    found: list[Change] = []
    for index, point in enumerate(newer):
        if index in same:
            found += _fields(older[same[index]], point, form, key)
        else:
            found.append(Change("added", point.ordinal, _name(point, key)))
    kept = set(same.values())
    found += [
        Change("removed", point.ordinal, _name(point, key))
        for index, point in enumerate(older)
        if index not in kept
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


def _values(points: Sequence[Point]) -> list[Mapping[str, str]]:
    return [point.row.values for point in points]


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
