"""The official workbook: what it says of itself, and which column is which by its own keys. Pure.

The office seals each workbook that it sends; only the floors above know the secret and can tell
whether a mark is genuine. Here it is no more than a claim. The mark stands twice, on a hidden sheet
and in a property of the document: programs that drop one keep the other. The fields' keys stand in
a hidden row over the captions, so that they move with their columns.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from parsers.columns import Assignment, Column
from parsers.form import Field, Form
from parsers.grid import Cell, Extract, Grid, Keys
from parsers.header import Header, is_index_row
from parsers.money import money_unit
from parsers.quantities import quantity_unit
from parsers.reading import OfficialMark
from parsers.vietnamese import key, one_line, squash

#: The hidden sheet that holds the mark; the property's name is ``grid.MARK_PROPERTY``.
MARK_SHEET = "intake"
_BEGINS = "intake-form/1|"
_PARTS = 6
#: What a part of a mark may be: it may come from anybody, and people are told of it.
_PART = re.compile(r"[A-Za-z0-9._:/-]{0,60}")
#: Where on its sheet a mark may stand, also after somebody put rows or columns before it.
_SEARCHED = 5
#: What stands over a column: ``#`` and the field's key; over the running numbers ``#`` alone.
_KEY = re.compile(r"#([a-z_][a-z0-9_]*)?")
_FEWEST_KEYS = 2


def mark_text(mark: OfficialMark) -> str:
    """Return a mark as it is written into a workbook."""
    return _BEGINS + "|".join((*mark.sealed, mark.seal))


def caption(field: Field) -> str:
    """Return a column's caption: the label, with the unit that its figures are read in."""
    if field.type == "money" and "đồng" not in field.label:
        return f"{field.label} (đồng)"
    return field.label


def column_key(field: Field | None) -> str:
    """Return what stands in the hidden row over a field's column; ``None`` = running numbers."""
    return f"#{field.key}" if field else "#"


def guide_heads(field: Field) -> tuple[str, str]:
    """Return how the lines of our guidance begin that say how to write, and what to choose from."""
    return f"– {caption(field)}: ", f"– {field.label}, chọn một trong: "


def form_version(form: Form) -> str:
    """Return what tells an edited form from the earlier one: a hash of its columns, in order.

    Labels, types, choices and units count; aliases and bounds are ours alone and do not.
    """
    columns = [
        [one.key, one.label, one.type, one.required, one.unit, [c.value for c in one.choices]]
        for one in form.fields
    ]
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()[:12]


def claimed(extract: Extract, form: Form) -> tuple[OfficialMark | None, Extract]:
    """Return the mark that a document bears, and the extract with only what people filled in.

    Sheets of marks and rows of keys are taken out. A sheet whose keys are those of this very form,
    with the captions as they were printed, gets them as ``Grid.keys``: it can be read exactly.
    Two different marks in one document are worth none: the seal comes empty.
    """
    found = [mark for text in extract.marks if (mark := _mark_of(text))]
    grids = []
    for grid in extract.grids:
        mark = next(_marks_on(grid), None)
        if mark:
            found.append(mark)
        if mark is None or not grid.hidden:
            grids.append(grid)
    mark = found[0] if found else None
    if mark and len(set(found)) > 1:
        mark = replace(mark, seal="")
    ours = mark is not None and mark.form == form_version(form)
    keyed = tuple(_keyed(grid, form, exact=ours) for grid in grids)
    if mark:
        mark = replace(mark, exact=any(grid.keys and not grid.hidden for grid in keyed))
    lines = _own_words(extract.lines, form) if mark else extract.lines
    return mark, replace(extract, grids=keyed, lines=lines)


def keyed_header(grid: Grid, keys: Keys, form: Form) -> Header:
    """Return the header of a sheet whose columns are known by their keys."""
    fields = {one.key: one for one in form.fields}
    named = {column: name for column, name in keys.columns if name in fields}
    columns = tuple(
        Column(fields[name], column, caption(fields[name]), 1.0, stated_unit(fields[name]))
        for column, name in sorted(named.items())
    )
    index = next((column for column, name in keys.columns if not name), None)
    captions = [
        (column, one_line(cell.text))
        for column, cell in enumerate(grid.rows[keys.row])
        if cell and cell.text.strip() and column not in named and column != index
    ]
    end = keys.row + 1
    while end < len(grid.rows) and is_index_row(grid.rows[end]):
        end += 1
    texts = frozenset(squash(cell.text) for cell in grid.rows[keys.row] if cell) - {""}
    score = sum(2.0 if column.field.required else 1.0 for column in columns)
    assignment = Assignment(columns, tuple(captions), (), (), index)
    return Header(keys.row, end, assignment, texts, score, form.name_key, exact=True)


def stated_unit(field: Field) -> str:
    """Return the unit that the printed caption states; empty for what has none."""
    if field.type == "money":
        return money_unit(caption(field)) or "đồng"
    return quantity_unit(caption(field)) or "" if field.type == "decimal" else ""


def _own_words(lines: Iterable[str], form: Form) -> tuple[str, ...]:
    """Return the lines without our guidance and our row numbers: they are no answer."""
    heads = tuple(head for field in form.fields for head in guide_heads(field))
    return tuple(
        line for line in lines if not line.startswith(heads) and not line.strip().isdecimal()
    )


def _mark_of(text: str) -> OfficialMark | None:
    if not text.startswith(_BEGINS):
        return None
    parts = text.strip().removeprefix(_BEGINS).split("|")
    if len(parts) != _PARTS or not all(map(_PART.fullmatch, parts)):
        return None
    campaign, commune, valid_from, form, issue, seal = parts
    return OfficialMark(campaign, commune, valid_from, form, issue, seal)


def _marks_on(grid: Grid) -> Iterator[OfficialMark]:
    for row in grid.rows[:_SEARCHED]:
        for cell in row[:_SEARCHED]:
            if cell and isinstance(cell.value, str) and (mark := _mark_of(cell.text)):
                yield mark


def _keyed(grid: Grid, form: Form, *, exact: bool) -> Grid:
    """Return the grid without its rows of keys, with what they say if that can be relied on."""
    rows = {at: found for at, row in enumerate(grid.rows) if (found := _keys_of(row))}
    if not rows:
        return grid
    bare = tuple((None,) * len(row) if at in rows else row for at, row in enumerate(grid.rows))
    grid = replace(grid, rows=bare)
    if not exact or len(rows) > 1:
        return grid
    ((at, columns),) = rows.items()
    below = next((n for n in range(at + 1, len(bare)) if any(bare[n])), None)
    if below is None or not _as_printed(bare[below], columns, form):
        return grid
    return replace(grid, keys=Keys(below, columns))


def _keys_of(row: tuple[Cell | None, ...]) -> tuple[tuple[int, str], ...]:
    """Return column and key of each cell of a row that holds nothing but keys; else none."""
    found: list[tuple[int, str]] = []
    for column, cell in enumerate(row):
        if cell is None or not cell.text.strip():
            continue
        match = _KEY.fullmatch(cell.text.strip())
        if match is None:
            return ()
        found.append((column, match[1] or ""))
    return tuple(found) if len(found) >= _FEWEST_KEYS else ()


def _as_printed(
    captions: tuple[Cell | None, ...], columns: tuple[tuple[int, str], ...], form: Form
) -> bool:
    """Whether each key stands once and over the caption that we printed under it.

    Who changed a caption may mean something else by its column: then the captions decide.
    """
    names = [name for _, name in columns]
    fields = {one.key: one for one in form.fields}
    if len(set(names)) < len(names):
        return False
    for column, name in columns:
        cell = captions[column]
        printed = caption(fields[name]) if name in fields else None
        if printed is not None and (cell is None or key(cell.text) != key(printed)):
            return False
    return not set(names).isdisjoint(fields)
