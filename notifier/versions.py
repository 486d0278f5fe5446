"""What mails tell of versions: what one changed in the other, and what is asked about. Pure."""

from typing import Any

from config.model import Campaign
from notifier import wording
from notifier.doubts import Doubt, doubts, is_confirmed
from notifier.facts import point_names
from notifier.version_changes import Change, changes, in_words, is_hidden
from parsers.form import Form
from registry.model import Point, Submission

#: More than this is no longer read in a mail; the rest is counted.
_CHANGES_SHOWN, _DOUBTS_SHOWN = 20, 30
_NAME = 80
_NOTHING = "–"


def told_changes(
    campaign: Campaign | None, before: Submission | None, now: Submission | None
) -> dict[str, Any] | None:
    """Return what a version changed in the one before; None without two lists to compare.

    ``rows`` are point and field, what stood there, what stands there now; ``left`` counts those
    that are too many for a mail, ``count`` all of them: 0 = the same values in other files.
    """
    if campaign is None or before is None or now is None or is_confirmed(now):
        return None
    if not before.points or not now.points:
        return None
    found = changes(before, now, campaign.form)
    return {
        "rows": [_change(one) for one in found[:_CHANGES_SHOWN]],
        "left": max(0, len(found) - _CHANGES_SHOWN),
        "count": len(found),
    }


def told_doubts(campaign: Campaign | None, answer: Submission | None) -> dict[str, Any]:
    """Return the values that a commune is asked about: point and field, and what was read there.

    Shape as in `told_changes`; ``count`` is 0 when nothing is asked. ``hidden``: whether what was
    read of a person is left out.
    """
    found = doubts(answer.points, answer.findings) if answer and campaign else ()
    if answer is None or campaign is None or not found:
        return {"rows": [], "left": 0, "count": 0, "hidden": False}
    named = zip(answer.points, point_names(answer.points, campaign.form), strict=True)
    hidden = {field.key for field in campaign.form.fields if is_hidden(field)}
    points = {point.ordinal: (point, wording.clean(name, _NAME)) for point, name in named}
    return {
        "rows": [_doubt(one, *points[one.point], campaign.form) for one in found[:_DOUBTS_SHOWN]],
        "left": max(0, len(found) - _DOUBTS_SHOWN),
        "count": len(found),
        "hidden": not hidden.isdisjoint(one.field for one in found[:_DOUBTS_SHOWN]),
    }


def _change(one: Change) -> list[str]:
    where = f"Điểm {one.point}: {one.name}" if one.name else f"Điểm {one.point}"
    if one.kind == "added":
        return [where, _NOTHING, "điểm mới thêm"]
    if one.kind == "removed":
        return [f"{where} (số thứ tự ở bản trước)", "có trong danh sách", "đã bỏ"]
    return [f"{where} – {one.field}", one.before or _NOTHING, one.after]


def _doubt(one: Doubt, point: Point, name: str, form: Form) -> list[str]:
    field = next((field for field in form.fields if field.key == one.field), None)
    label = wording.clean(field.label if field else one.field, _NAME)
    read = in_words(point.row.values[one.field], field) if field else ""
    return [f"Điểm {one.point}: {name} – {label}", read]
