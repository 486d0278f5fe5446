"""What a commune is asked about an answer: is this what you wrote? And what its yes settles. Pure.

A value that the reader was not sure of, or that looks odd, is asked about; an error is not: nobody
can confirm what is missing.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from notifier import wording
from parsers.reading import CERTAIN, Finding
from registry.model import Point, Submission

#: The code of the note that a confirmed version bears.
CONFIRMED = "confirmed"
#: Findings that a mail tells in other words: what is asked with the value that was read, and what
#: was confirmed.
TOLD_OTHERWISE = frozenset({CONFIRMED, "doubtful-reading"})
#: Warnings that a yes does not answer: what they say stays true of a value that was read right.
_STAYS = frozenset({"certificate-expired", "point-elsewhere", "only-in-other-file"})
#: Warnings about a whole column, which speak of every value in it.
_OF_COLUMNS = frozenset({"column-guessed"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """One value that is asked about: the point's number and the field's key."""

    point: int
    field: str


def doubts(points: Sequence[Point], findings: Iterable[Finding]) -> tuple[Doubt, ...]:
    """Return the values that a commune is asked about, point by point in the order of the form."""
    wrong: set[tuple[int | None, str | None]] = set()
    odd: set[tuple[int | None, str | None]] = set()
    for one in findings:
        if one.severity == "error":
            wrong.add((one.row, one.field))
        elif one.severity == "warning" and one.code not in _STAYS:
            odd.add((one.row, one.field))
    return tuple(
        Doubt(point.ordinal, key)
        for point in points
        for key in point.row.values
        if (point.ordinal, key) not in wrong
        and (point.row.confidence.get(key, 1.0) < CERTAIN or (point.ordinal, key) in odd)
    )


def settled(
    answer: Submission, at: dt.datetime, zone: ZoneInfo
) -> tuple[tuple[Point, ...], tuple[Finding, ...]]:
    """Return points and findings of an answer after the commune's yes of that moment.

    The values asked about are certain now, and what asked about them is gone; errors stay, and so
    does what a yes cannot answer. A note says what was confirmed: the version before has the rest.
    """
    asked = set(doubts(answer.points, answer.findings))
    columns = {one.field for one in asked}

    def is_answered(one: Finding) -> bool:
        if one.severity != "warning" or one.code in _STAYS or one.field is None:
            return False
        if one.row is None:
            return one.code in _OF_COLUMNS and one.field in columns
        return Doubt(one.row, one.field) in asked

    findings = tuple(one for one in answer.findings if not is_answered(one))
    note = Finding(
        "note",
        CONFIRMED,
        f"Đơn vị đã trả lời “ĐÚNG” lúc {wording.moment(at, zone)}, xác nhận {len(asked)} ô hệ "
        f"thống hỏi lại của bản có số tiếp nhận {answer.receipt}.",
    )
    points = tuple(_sure(point, asked) for point in answer.points)
    return points, (*findings, note)


def is_confirmed(answer: Submission) -> bool:
    """Whether a version is a commune's yes to the one before it."""
    return answer.read_from is not None


def _sure(point: Point, asked: set[Doubt]) -> Point:
    now = {key: 1.0 for key in point.row.values if Doubt(point.ordinal, key) in asked}
    if not now:
        return point
    return replace(point, row=replace(point.row, confidence={**point.row.confidence, **now}))
