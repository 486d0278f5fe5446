"""The differences that a supplement tells, in the words of its mails, its letter and its sheets."""

from notifier import wording
from notifier.changes import ChangedPoint, Changes, CommuneChange, Numbered
from notifier.report_inputs import FieldFacts, PointFacts, ReportInputs

_CELL, _NAMES = 80, 8


def earlier(inputs: ReportInputs, was: ReportInputs) -> str:
    """Return how the report is called that a supplement adds to: ``báo cáo đã gửi kèm …``."""
    base = inputs.base
    number = f" bổ sung số {base.base_supplement}" if base and base.base_supplement else ""
    until = wording.moment(was.counted_until, was.zone)
    return f"báo cáo{number} đã gửi{_letter(inputs)}, số liệu tính đến {until}"


def _letter(inputs: ReportInputs) -> str:
    base = inputs.base
    if base is None or not base.letter_number:
        return ""
    on = f" ngày {wording.iso_day(base.letter_issued_on)}" if base.letter_issued_on else ""
    return f" kèm Công văn số {wording.clean(base.letter_number, 60)}{on}"


def narrative(changes: Changes) -> str:
    """Return the differences in one sentence, as forms have them beneath the table."""
    parts = _counted(changes)
    return (
        f"So với số liệu đã báo cáo: {'; '.join(parts)}. Báo cáo bổ sung chỉ nêu phần khác; "
        "các nội dung còn lại không thay đổi."
    )


def _counted(changes: Changes) -> list[str]:
    counts = (
        (changes.added, "điểm bổ sung"),
        (changes.changed, "điểm thay đổi nội dung"),
        (changes.withdrawn, "điểm rút khỏi báo cáo"),
        (len(changes.moved), "đơn vị thay đổi trạng thái"),
    )
    return [f"{count} {what}" for count, what in counts if count]


def told(changes: Changes, *, values: bool) -> list[tuple[str, str]]:
    """Return commune by commune what differs, as (commune, sentence).

    With ``values`` a changed column is told as ``Diện tích (m²): 35,5 → 40``, else by its name.
    """
    return [
        (wording.clean(one.title, 100), "; ".join(_of_commune(one, changes, values=values)))
        for one in changes.communes
    ]


def _of_commune(one: CommuneChange, changes: Changes, *, values: bool) -> list[str]:
    parts = []
    if one.state_changed:
        was, now = map(state_words, one.states)
        parts.append(f"đã báo cáo “{was}”, nay là “{now}”")
    if one.added:
        parts.append(f"bổ sung {len(one.added)} điểm: {_names(one.added, changes)}")
    for point in one.changed:
        name = _name(point.now, point.ordinal, changes)
        parts.append(f"sửa điểm “{name}”: {_columns(point, changes, values=values)}")
    if one.withdrawn:
        parts.append(f"rút {len(one.withdrawn)} điểm: {_names(one.withdrawn, changes)}")
    return parts


def _names(points: tuple[Numbered, ...], changes: Changes) -> str:
    shown = [f"“{_name(point, number, changes)}”" for number, point in points[:_NAMES]]
    left = len(points) - len(shown)
    return ", ".join(shown) + (f" và {left} điểm khác" if left else "")


def _name(point: PointFacts, ordinal: int, changes: Changes) -> str:
    key = next((field.key for field in changes.fields if field.title), "")
    return wording.discreet(point.values.get(key, ""), 160) or f"điểm thứ {ordinal}, chưa ghi tên"


def _columns(point: ChangedPoint, changes: Changes, *, values: bool) -> str:
    fields = [field for field in changes.fields if field.key in point.keys]
    if not values:
        return ", ".join(wording.lower_first(field.label) for field in fields)
    return ", ".join(
        f"{field.label}: {_shown(field, point.was)} → {_shown(field, point.now)}"
        for field in fields
    )


def _shown(field: FieldFacts, point: PointFacts) -> str:
    text = point.values.get(field.key, "")
    if not text:
        return "(trống)"
    if field.type in {"money", "decimal"}:
        return wording.number(text)
    return wording.iso_day(text) if field.type == "date" else wording.discreet(text, _CELL)


def state_words(state: str | None) -> str:
    """Return a commune's state in a report; of one that is not on the roster, that it is not."""
    return wording.STATES[state] if state else "Không có trong danh sách đơn vị"
