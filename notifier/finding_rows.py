"""Findings as a sender reads them: which cell, what was found there, what to write. Pure.

The value is shown as the sender wrote it, shortened; never that of a personal field. Many findings
of one kind are one row, or a form with one wrong column would make an endless mail.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from notifier import wording
from notifier.fill_in import hint
from parsers.form import Field, Form
from parsers.reading import Finding
from registry.model import Point

#: More than this is no longer read in a mail; the rest is counted.
SHOWN = 40
_VALUE, _PLACES, _VALUES = 60, 8, 3
_ORDER = ("error", "warning", "note")
_ASKS = re.compile(r"đề nghị\s+", re.IGNORECASE)
_QUOTED = re.compile(r"“[^”]*”?")
#: Where a message goes over from what was found to what the sender is asked to do.
_CLAUSE = re.compile(r"[;.]\s+")
_SHEET_PLACE = re.compile(r"(.+)!([A-Z]{1,3}\d+)")
_NO_REMEDY: Mapping[str, str] = {
    "error": "Sửa lại ô này rồi gửi lại biểu.",
    "warning": "Kiểm tra lại; nếu đã đúng thì để nguyên.",
    "note": "Không phải sửa nếu đã đúng.",
}


def rows(findings: Iterable[Finding], points: Sequence[Point], form: Form) -> list[dict[str, Any]]:
    """Return one row for each finding, or for all of one kind; errors first.

    Keys: ``severity``, ``severity_words``, ``field`` (label), ``row`` (of the first), ``place``,
    ``found``, ``needed``, ``message`` (of the first, whole) and ``count``.
    """
    fields = {field.key: field for field in form.fields}
    written = _written(points)
    kinds: dict[tuple[str, str, str | None, str], list[Finding]] = {}
    for one in sorted(findings, key=lambda item: _ORDER.index(item.severity)):
        needed = _needed(one, fields.get(one.field or ""))
        kinds.setdefault((one.severity, one.code, one.field, needed), []).append(one)
    return [
        {
            "severity": severity,
            "severity_words": wording.SEVERITIES[severity],
            "field": wording.clean(fields[key].label, 100) if key in fields else "",
            "row": alike[0].row or 0,
            "place": _places([one.place for one in alike]),
            "found": _all_found(alike, fields.get(key or ""), written),
            "needed": needed,
            "message": wording.discreet(alike[0].message, 500),
            "count": len(alike),
        }
        for (severity, _, key, needed), alike in kinds.items()
    ]


def _written(points: Sequence[Point]) -> dict[tuple[str, str], str]:
    """What stands in each cell, by field and place, as the sender wrote it."""
    return {
        (key, place): point.row.raw.get(key, point.row.values.get(key, ""))
        for point in points
        for key, place in point.row.places.items()
    }


def _all_found(
    alike: Sequence[Finding], field: Field | None, written: Mapping[tuple[str, str], str]
) -> str:
    found = list(dict.fromkeys(_found(one, field, written) for one in alike))
    more = f"; và {len(found) - _VALUES} nội dung khác" if len(found) > _VALUES else ""
    return "; ".join(found[:_VALUES]) + more


def _found(finding: Finding, field: Field | None, written: Mapping[tuple[str, str], str]) -> str:
    if finding.code == "missing-value":
        return "Ô để trống"
    said = wording.upper_first(_said(finding, field))
    value = " ".join(written.get((finding.field or "", finding.place or ""), "").split())
    if not value or field is None or f"“{value}”" in said:
        return wording.discreet(said, 300)
    if field.personal:
        shown = _masked(value, field)
    else:
        shown = f"“{value[: _VALUE - 1]}…”" if len(value) > _VALUE else f"“{value}”"
    return wording.discreet(f"{shown}: {wording.lower_first(said)}" if said else shown, 300)


def _masked(value: str, field: Field) -> str:
    """A personal value must not travel further; how long a number is tells its writer enough."""
    digits = sum(character.isdecimal() for character in value)
    return f"Số có {digits} chữ số" if field.type == "phone" and digits else "Giá trị đã ghi"


def _said(finding: Finding, field: Field | None) -> str:
    """What the message says was found, without the column that stands beside it already."""
    return _parts(finding, field)[0]


def _parts(finding: Finding, field: Field | None) -> tuple[str, str]:
    """Split a message into what was found and what is asked for; either may be empty.

    The words of a label or a value ("Kinh phí đề nghị hỗ trợ") ask for nothing.
    """
    message = finding.message
    if field is not None:
        message = message.removeprefix(f"Cột “{field.label}”:").strip()
    plain = _QUOTED.sub(lambda found: "_" * len(found[0]), message)
    asks = _ASKS.search(plain)
    if asks is None:
        return message.strip(" .;:"), ""
    clauses = [0, *(one.end() for one in _CLAUSE.finditer(plain, 0, asks.start()))]
    asked = message[clauses[-1] : asks.start()] + message[asks.end() :]
    return message[: clauses[-1]].strip(" .;:"), asked.strip()


def _needed(finding: Finding, field: Field | None) -> str:
    if finding.code == "missing-value" and field is not None:
        return wording.clean(how_to_write(field), 300)
    asked = _parts(finding, field)[1]
    if asked:
        return wording.discreet(wording.upper_first(asked), 400)
    if finding.severity == "error" and field is not None:
        return wording.clean(how_to_write(field), 300)
    return _NO_REMEDY[finding.severity]


def how_to_write(field: Field) -> str:
    """Return what belongs into a cell of this column, with an example or the choices."""
    if field.choices:
        return f"Ghi một trong: {'; '.join(choice.value for choice in field.choices)}."
    said = hint(field).removeprefix("Không bắt buộc. ").removeprefix("Bắt buộc. ")
    return said.partition(" Ví dụ")[0] if field.type == "phone" else said  # no number in a mail


def _places(places: Iterable[str | None]) -> str:
    """Cells of one sheet after another: ``ô H2, H9 (trang tính “Biểu 1”)``; others as they are."""
    known = list(dict.fromkeys(place for place in places if place))
    told = "; ".join(_by_sheet(known[:_PLACES]))
    more = f" và {len(known) - _PLACES} chỗ khác" if len(known) > _PLACES else ""
    return wording.discreet(told, 300) + more


def _by_sheet(places: Sequence[str]) -> Iterator[str]:
    sheets: dict[str, list[str]] = {}
    for place in places:
        found = _SHEET_PLACE.fullmatch(place)
        sheets.setdefault(found[1] if found else place, []).append(found[2] if found else "")
    for sheet, cells in sheets.items():
        inside = f"ô {', '.join(cells)} (trang tính “{wording.clean(sheet, 60)}”)"
        yield inside if cells[0] else wording.place(sheet)
