"""The dossiers of a commune: which documents have come, for which point, and what is missing.

Pure, and asked anew each time: documents may come over several mails, before the form or after it,
and a corrected form may number its points differently.
"""

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from config.model import Campaign, DossierItem
from parsers.form import Form
from parsers.vietnamese import fold
from registry.model import Document, Point

#: Fields that name a point or the people behind it; shorter values would be found anywhere.
_NAMING = ("name", "owner", "representative")
_SHORTEST_NAME = 6
_NUMBERED = re.compile(r"\b(?:diem|ho so|hs)(?: so| thu)? 0?(\d{1,2})\b")


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item of the checklist.

    ``documents`` are those that came, with the ordinal of their point (0 = it cannot be told).
    ``missing`` are the points for which nothing is known to have come; ``expired`` the documents
    that were too old on the deadline's last day.
    """

    item: DossierItem
    documents: tuple[tuple[Document, int], ...] = ()
    missing: tuple[int, ...] = ()
    expired: tuple[Document, ...] = ()


def checklist(
    campaign: Campaign, documents: Sequence[Document], points: Sequence[Point]
) -> tuple[ItemState, ...]:
    """Return the state of each item of the campaign's dossier.

    ``documents`` are all documents of the commune in this campaign; the same bytes sent twice count
    once. A document whose point cannot be told stands for one of the points that lack it.
    """
    by_item: dict[str, dict[str, Document]] = {}
    for document in documents:
        if document.item:
            by_item.setdefault(document.item, {}).setdefault(document.sha256, document)
    last_day, form = last_day_of(campaign), campaign.form
    return tuple(
        _state(item, tuple(by_item.get(item.key, {}).values()), points, form, last_day)
        for item in campaign.dossier
    )


def last_day_of(campaign: Campaign) -> dt.date:
    """Return the last day of the call, in the zone that its deadline is written in."""
    return (campaign.deadline_at - dt.timedelta(microseconds=1)).date()


def _state(
    item: DossierItem,
    documents: Sequence[Document],
    points: Sequence[Point],
    form: Form,
    last_day: dt.date,
) -> ItemState:
    matched = tuple((document, point_of(document.about, points, form)) for document in documents)
    served = {ordinal for _, ordinal in matched}
    lacking = tuple(point.ordinal for point in points if point.ordinal not in served)
    loose = sum(ordinal == 0 for _, ordinal in matched)
    expired = tuple(d for d in documents if is_expired(d.issued_on, item.valid_months, last_day))
    return ItemState(item, matched, lacking if len(lacking) > loose else (), expired)


def point_of(about: str, points: Sequence[Point], form: Form) -> int:
    """Return the ordinal of the one point that these folded words name, 0 if they name none or two.

    With a single point everything belongs to it.
    """
    if len(points) == 1:
        return points[0].ordinal
    keys = [field.key for field in form.fields if field.key in _NAMING]
    for key in keys:
        named = {point.ordinal for point in points if _names(about, point.row.values.get(key, ""))}
        if len(named) == 1:
            return named.pop()
    numbers = {int(number) for number in _NUMBERED.findall(about)}
    known = numbers & {point.ordinal for point in points}
    return known.pop() if len(known) == 1 else 0


def _names(about: str, value: str) -> bool:
    name = fold(value)
    return len(name) >= _SHORTEST_NAME and f" {name} " in f" {about} "


def is_expired(issued_on: str, valid_months: int | None, last_day: dt.date) -> bool:
    """Tell whether what was issued on an ISO date is no longer good on that day."""
    if not issued_on or valid_months is None:
        return False
    return months_later(dt.date.fromisoformat(issued_on), valid_months) < last_day


def months_later(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return day.replace(
        year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1])
    )


def remarks(states: Sequence[ItemState], points: int) -> list[str]:
    """Return in Vietnamese what is missing and what is too old, a line each; no line rejects."""
    lines = []
    for state in states:
        if state.item.required and state.missing:
            lines.append(_missing(state, points))
        for document in state.expired:
            day = dt.date.fromisoformat(document.issued_on)
            lines.append(
                f"“{document.name}” cấp ngày {day:%d/%m/%Y}, đã quá {state.item.valid_months} "
                "tháng; đề nghị kiểm tra hiệu lực hoặc gửi bản mới."
            )
    return lines


def _missing(state: ItemState, points: int) -> str:
    loose = sum(ordinal == 0 for _, ordinal in state.documents)
    if loose:
        return (
            f"{state.item.label}: có {loose} tệp chưa rõ của điểm nào; đề nghị gửi đủ cho từng "
            "điểm và ghi tên điểm vào tên tệp."
        )
    return f"Chưa thấy: {state.item.label}{_of_points(state.missing, points)}."


def _of_points(ordinals: Sequence[int], points: int) -> str:
    if len(ordinals) == points:
        return "" if points == 1 else " (cho tất cả các điểm)"
    word = "điểm" if len(ordinals) == 1 else "các điểm"
    return f" (cho {word} {', '.join(map(str, ordinals))})"
