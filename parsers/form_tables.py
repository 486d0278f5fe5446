"""Which tables of a document are our form, in whatever layout: upright, on their side, slips."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from parsers.body import BodyRow
from parsers.columns import Captions
from parsers.form import Form
from parsers.grid import Extract, Grid
from parsers.header import Header, find_header
from parsers.official import keyed_header
from parsers.rows import body_rows
from parsers.slips import Slip, slips_in_lines, slips_of
from parsers.tables import tables_of
from parsers.transposed import transposed
from parsers.vietnamese import key

#: The table of a document that names most of the form's fields, whether it is ours or not.
Best = tuple[Grid, Header]
_LONGEST_HEADING = 200
#: With diacritics, because Hòa Cư is a commune and "cũ" is not; so is Mẫu Sơn.
_NOT_THE_ANSWER = re.compile(
    r"\b(?:hướng dẫn|huong dan|ví dụ|vi du|mẫu trống|năm trước|bản cũ|cũ|nháp|danh mục)\b"
)


@dataclass(frozen=True, slots=True)
class FormTable:
    """A grid in which the form's header was found; ``slip`` if it was made of one."""

    grid: Grid
    header: Header
    rows: tuple[BodyRow, ...]
    slip: Slip | None = None

    @property
    def has_data(self) -> bool:
        """Whether any row is a point."""
        return any(row.kind == "data" for row in self.rows)

    @property
    def titles(self) -> tuple[str, ...]:
        """The lines over the table, top down."""
        inside = [cell.text for row in self.grid.rows[: self.header.first] for cell in row if cell]
        texts = self.slip.titles if self.slip else (*self.grid.before, *inside)
        lines = (line.strip() for text in texts for line in text.split("\n"))
        return tuple(line for line in lines if line and len(line) <= _LONGEST_HEADING)

    @property
    def sheet(self) -> str:
        """The name that the sender gave the sheet, empty for tables that have none."""
        return self.grid.name if "!" in self.grid.place(0, 0) else ""


def form_tables(extract: Extract, captions: Captions) -> tuple[list[FormTable], Best | None]:
    """Return the visible tables that are our form, and the visible one with the best header.

    Sheets of an official workbook come first, then upright tables, then those on their side and
    the slips, each in document order.
    """
    captions.learn(cell.text for grid in extract.grids for row in grid.rows for cell in row if cell)
    tables = [
        FormTable(grid, header, body_rows(grid, header))
        for grid in extract.grids
        if grid.keys and not grid.hidden
        for header in [keyed_header(grid, grid.keys, captions.form)]
    ]
    if tables:
        extract = replace(extract, grids=tuple(grid for grid in extract.grids if not grid.keys))
    others: list[Grid] = []
    keyed = [(table.grid, table.header) for table in tables]
    best: Best | None = max(keyed, key=lambda one: one[1].score, default=None)
    for grid, header in tables_of(extract, captions):
        if grid.hidden:
            continue
        if header and (best is None or header.score > best[1].score):
            best = grid, header
        if header and is_ours(header, captions.form) and not _is_beside(grid, header, captions):
            tables.append(FormTable(grid, header, body_rows(grid, header)))
        elif not is_beside_the_answer(grid.name):  # labels with instructions look like a slip
            others.append(grid)
    tables.extend(_in_other_layouts(others, extract, captions, found=bool(tables)))
    return tables, best


def is_beside_the_answer(name: str) -> bool:
    """Tell a sheet of instructions, examples, choices, or of last year by its name."""
    return _NOT_THE_ANSWER.search(key(name)) is not None


def is_ours(header: Header, form: Form) -> bool:
    """Tell our form from a list that merely shares some columns (name, address, phone)."""
    required = [field.key for field in form.fields if field.required]
    found = {column.field.key for column in header.columns}
    has = sum(1 for field in required if field in found)
    named = bool(required) and required[0] in found
    return has >= len(required) / 2 or (named and has >= 3)  # noqa: PLR2004  of eight


def _in_other_layouts(
    grids: Sequence[Grid], extract: Extract, captions: Captions, *, found: bool
) -> Iterator[FormTable]:
    """Yield the tables on their side, and the slips; those in running text only if alone."""
    beside: list[Grid] = []
    for grid in grids:
        if turned := _on_its_side(grid, captions):
            found = True
            yield turned
        else:
            beside.append(grid)
    slips = slips_of(beside, captions)
    in_cells = any("!" in grid.place(0, 0) for grid in extract.grids)
    if not slips and not found and not in_cells:  # a workbook's lines are cells as well
        slips = slips_in_lines(extract, captions)
    for slip in slips:
        yield FormTable(slip.grid, slip.header, body_rows(slip.grid, slip.header), slip)


def _is_beside(grid: Grid, header: Header, captions: Captions) -> bool:
    """Tell slips whose labels stand over each other: further captions in the header's columns.

    Or a table on its side, of which a row of points passes for a header. Only a header that names
    few of the fields can be such a row.
    """
    required = sum(field.required for field in captions.form.fields)
    if sum(column.field.required for column in header.columns) * 2 > required:
        return False
    cells = (row[column.index] for row in grid.rows for column in header.columns)
    keys = {captions.exact(cell.text) for cell in cells if cell and isinstance(cell.value, str)}
    if len(keys - {None} - {column.field.key for column in header.columns}) > 1:
        return True
    turned = _on_its_side(grid, captions)
    return turned is not None and len(turned.header.columns) > len(header.columns)


def _on_its_side(grid: Grid, captions: Captions) -> FormTable | None:
    """Return the table of a grid that lies on its side, if it is ours."""
    turned = transposed(grid, captions)
    header = find_header(turned, captions) if turned else None
    if turned and header and is_ours(header, captions.form):
        return FormTable(turned, header, body_rows(turned, header))
    return None
