"""The rows of points, as every sheet that lists them writes them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache

from notifier import wording
from notifier.pressed import Sheet
from notifier.printed import (
    BOLD,
    CENTRE,
    DECIMAL,
    HEADER,
    INDEX,
    PLAIN,
    UNSURE,
    WHOLE,
    WRONG,
    Look,
    Value,
    number,
)
from notifier.report_inputs import FieldFacts, PointFacts, total
from parsers.reading import CERTAIN

_WIDTHS = {
    "text": 11.5, "list": 14.0, "choice": 10.0, "code": 11.0, "phone": 11.5,
    "decimal": 8.0, "stars": 5.5, "date": 11.0, "money": 13.0,
}  # fmt: skip
_AS_WRITTEN, _SMALL = Look(number_format="@"), Look(size=9)
_MARK = Look(bold=True, across="center")
#: Filled looks by the identity of the plain one, which is a constant or cached.
_FILLED: dict[tuple[int, bool], Look] = {}


def column_width(field: FieldFacts) -> float:
    """Return how wide a column is, in digits."""
    base = _WIDTHS.get(field.type, 12.0)
    return 15.0 if field.title else base if field.required or field.type != "text" else base - 1


def header_rows(sheet: Sheet, line: int, fields: Sequence[FieldFacts]) -> None:
    """Write the labels of the columns and, beneath, their marks: two rows."""
    labels = [f"{field.label} (đồng)" if field.type == "money" and "đồng" not in field.label
              else field.label for field in fields]  # fmt: skip
    sheet.row(line, ["TT", *labels, "Nguồn (tệp, ô)"], [HEADER] * (len(fields) + 2))
    marks = ["A", "B", *(str(index) for index in range(1, len(fields) + 1))]
    sheet.row(line + 1, marks, [INDEX] * (len(fields) + 2))


def subtotal_row(
    sheet: Sheet,
    line: int,
    mark: str,
    text: str,
    points: Sequence[PointFacts],
    fields: Sequence[FieldFacts],
    receipt: str,
) -> None:
    """Write a group or total row: its name runs over the columns before the first sum."""
    summed = [index for index, field in enumerate(fields) if field.type in {"money", "decimal"}]
    values: list[Value] = [mark, text, *[None] * (len(fields) - 1), receipt]
    looks = [_MARK, *[BOLD] * len(fields), _SMALL]
    for index in summed:
        values[index + 1] = total(points, fields[index].key)
        looks[index + 1] = _figure(fields[index].type, bold=True)
    values[1] = text
    until = (summed[0] if summed else len(fields)) or 1
    sheet.row(line, [values[0], None, *values[2:]], looks)
    sheet.span(line, 2, until + 1 if until > 1 else 2, text, BOLD)


@cache
def _figure(kind: str, *, bold: bool = False) -> Look:
    return Look(bold=bold, across="right", number_format=WHOLE if kind == "money" else DECIMAL)


def point_row(
    sheet: Sheet,
    line: int,
    ordinal: int,
    point: PointFacts,
    fields: Sequence[FieldFacts],
    wrong: frozenset[tuple[int, str]],
) -> None:
    """Write one point; what is wrong or unsure in it is filled."""
    values: list[Value] = [ordinal]
    looks = [CENTRE]
    for field in fields:
        value, look = cell_of(field, point)
        if wrong and (ordinal, field.key) in wrong:
            look = _filled(look, wrong=True)
        elif point.confidence.get(field.key, 1.0) < CERTAIN:
            look = _filled(look, wrong=False)
        values.append(value)
        looks.append(look)
    values.append(source_of(point, fields))
    looks.append(_SMALL)
    sheet.row(line, values, looks)


def _filled(look: Look, *, wrong: bool) -> Look:
    """Return the look with its fill, the same one for the same look (`notifier.pressed`)."""
    found = _FILLED.get((id(look), wrong))
    if found is None:
        found = _FILLED[id(look), wrong] = _fill(look, wrong=wrong)
    return found


def _fill(look: Look, *, wrong: bool) -> Look:
    return replace(look, fill=WRONG if wrong else UNSURE)


def cell_of(field: FieldFacts, point: PointFacts) -> tuple[Value, Look]:
    """Return the value as Excel should hold it, and its look; what is no number stays text."""
    return _cell(field.type, point.values.get(field.key, ""))


@lru_cache(5_000)
def _cell(kind: str, text: str) -> tuple[Value, Look]:
    if kind in {"money", "decimal"} and (value := number(text)) is not None:
        return value, _figure(kind)
    if kind == "stars" and (value := number(text)) is not None:
        return value, CENTRE
    if kind == "date":
        return wording.iso_day(text), CENTRE
    if kind in {"phone", "code"}:
        return text, _AS_WRITTEN
    return text, PLAIN


def source_of(point: PointFacts, fields: Sequence[FieldFacts]) -> str:
    """Return the file and cell that a point was read from."""
    key = next((field.key for field in fields if field.title), "")
    place = point.places.get(key) or next(iter(point.places.values()), "")
    told = place if "!" in place else wording.place(place)  # Biểu 1!B9 is what Excel calls it
    file = wording.clean(point.file, 120)
    return f"{file}; {told}" if told else file
