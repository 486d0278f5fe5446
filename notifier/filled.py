"""The official workbook filled in as a person would, for the self-test and the demo."""

import datetime as dt
import io
from collections.abc import Mapping, Sequence

from openpyxl import load_workbook

from parsers.form import Form
from parsers.official import column_key

Cell = str | int | float | dt.date | None
#: From the hidden line of keys to the first point: the captions and the columns' numbers.
_BELOW_KEYS = 3


def filled(book: bytes, form: Form, rows: Sequence[Mapping[str, Cell]]) -> bytes:
    """Return a workbook of ours with these values, by field key, in its first rows.

    Cells of which a row says nothing stay as they are.

    Raises:
        ValueError: it has no line of keys, so it is none of ours.
    """
    opened = load_workbook(io.BytesIO(book))
    sheet = opened.worksheets[0]
    wanted = {column_key(field): field.key for field in form.fields}
    for number, line in enumerate(sheet.iter_rows(), start=1):
        found = ((wanted.get(str(cell.value)), place) for place, cell in enumerate(line, start=1))
        columns = {key: place for key, place in found if key}
        if len(columns) == len(wanted):
            first = number + _BELOW_KEYS
            break
    else:
        raise ValueError("no line of this workbook bears the keys of the form's columns")
    for number, values in enumerate(rows):
        for key, value in values.items():
            sheet.cell(first + number, columns[key]).value = value
    target = io.BytesIO()
    opened.save(target)
    return target.getvalue()
