"""Where a grid's header stands, however many rows it has and whatever lies above it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parsers.columns import Assignment, Captions, Column, assigned, is_index
from parsers.form import Field, FieldType
from parsers.grid import Cell, Grid
from parsers.money import money_unit, unit_line
from parsers.quantities import quantity_unit
from parsers.vietnamese import fold, squash

#: A header lower than this would be under a screenful of titles many times over.
_SEARCHED_ROWS = 300
_MOST_HEADER_ROWS = 4
#: So many rows with captions are looked at closely; a real table has one to three.
_LIKELY_ROWS = 12
_LONGEST_CAPTION = 160
_LONGEST_MARK, _BRACKETED = 4, 5
_INDEX_MARK = re.compile(r"\(?\s*(?:\d{1,2}[a-z]?|[A-Za-z])(?:\s*[=+\-*/x:(].*)?\s*\)?")
_UNIT_WORD = re.compile(
    r"(?:(?:1 ?000|nghin|ngan|trieu|tr|ty|ti) )?(?:dong|vnd|d)"
    r"|m2|met vuong|sao|ha|nguoi|diem|san pham|%"
)


@dataclass(frozen=True, slots=True)
class Header:
    """A header found in a grid: rows ``first`` to ``end`` (exclusive, counted from 0)."""

    first: int
    end: int
    assignment: Assignment
    texts: frozenset[str]
    score: float
    #: The key of the form's field that names a point; no column may hold it.
    name_key: str = ""
    #: An official workbook's: columns, units and "one row, one point" are known, not guessed.
    exact: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that hold fields, from left to right."""
        return self.assignment.columns

    @property
    def required(self) -> tuple[str, ...]:
        """The keys of the required fields that have a column, from left to right."""
        return tuple(column.field.key for column in self.columns if column.field.required)

    @property
    def name(self) -> str:
        """The key of the column that names a point: the leftmost required one if none is meant to.

        Empty if no required field has a column.
        """
        required = self.required
        return self.name_key if self.name_key in required else next(iter(required), "")

    def keys_of(self, types: frozenset[FieldType]) -> frozenset[str]:
        """Return the keys of the columns whose fields are of these types."""
        return frozenset(column.field.key for column in self.columns if column.field.type in types)


def find_header(grid: Grid, captions: Captions) -> Header | None:
    """Return the block of rows that names the most fields, or None if none names two.

    The rows of numbers or units under the captions belong to the header; a money column's unit is
    taken from its caption, the unit row, its parent caption, or a line "Đơn vị tính" above.
    """
    starts = sorted(_starts(grid, captions))
    most = sum(map(_weight, captions.form.fields))
    best: Header | None = None
    # A lower block wins only if it names more: what has all fields needs no rival.
    for size in range(1, _MOST_HEADER_ROWS + 1):
        for first in starts:
            if first + size > len(grid.rows):
                break
            candidate = _candidate(grid, captions, first, first + size)
            if candidate and (best is None or candidate.score > best.score):
                best = candidate
        if best is not None and best.score >= most:
            break
    return None if best is None else _finished(grid, captions, best)


def header_of(grid: Grid, captions: Captions, end: int) -> Header | None:
    """Return the header that the first ``end`` rows are known to be, None if they name no two."""
    header = _candidate(grid, captions, 0, end)
    return None if header is None else _with_units(grid, captions, header, None)


def is_unit(text: str) -> bool:
    """Tell a text that is nothing but a unit: "m2", "triệu đồng"."""
    return _UNIT_WORD.fullmatch(fold(text) or text.strip()) is not None


def _starts(grid: Grid, captions: Captions) -> set[int]:
    """Return the rows where a header may begin: those with most known captions, and two above."""
    ranked = []
    for number, row in enumerate(grid.rows[:_SEARCHED_ROWS]):
        texts = {cell.text for cell in row if cell and isinstance(cell.value, str)}
        known = sum(is_caption(text, captions) for text in captions.familiar(texts))
        if known >= 2:  # noqa: PLR2004  one word alone is a title or a datum
            ranked.append((-known, number))
    likely = [number for _, number in sorted(ranked)[:_LIKELY_ROWS]]
    return {max(0, number - above) for number in likely for above in range(3)}


def is_caption(text: str, captions: Captions) -> bool:
    """Tell a caption of the form or of its running number, however it is written."""
    if captions.is_strange(text) or len(text) > _LONGEST_CAPTION:
        return False
    return is_index(text) or captions.exact(text) is not None


def _candidate(grid: Grid, captions: Captions, first: int, end: int) -> Header | None:
    paths = _paths(grid, first, end, captions)
    assignment = assigned(tuple(paths.items()), captions)
    if len(assignment.columns) < 2:  # noqa: PLR2004  a table of one known column is not ours
        return None
    if _goes_on(grid, first, end, assignment.columns):
        return None
    score = sum(
        _weight(column.field) * (1.0 if column.confidence == 1.0 else 0.5)
        for column in assignment.columns
    )
    texts = frozenset(
        squash(cell.text) for row in grid.rows[first:end] for cell in row if cell and cell.text
    )
    return Header(first, end, assignment, texts - {""}, score, captions.form.name_key)


def _weight(entry: Field) -> float:
    return 2.0 if entry.required else 1.0


def _goes_on(grid: Grid, first: int, end: int, columns: Sequence[Column]) -> bool:
    """Tell whether most captions are merged with cells below: the header is higher than that."""
    below = 0
    for column in columns:
        reach = [
            r + cell.row_span
            for r in range(first, end)
            if (cell := grid.rows[r][column.index]) and cell.text.strip()
        ]
        below += bool(reach) and end < reach[-1] <= first + _MOST_HEADER_ROWS
    return below * 2 >= len(columns)


def _paths(grid: Grid, first: int, end: int, captions: Captions) -> dict[int, tuple[str, ...]]:
    """Return the captions over each column, top down, merged cells counted once."""
    block = grid.rows[first:end]
    if not _is_merged(block):
        return _unmerged_paths(block, captions)
    owners = _owners(grid, first, end)
    paths: dict[int, tuple[str, ...]] = {}
    for c in range(len(grid.rows[first])):
        path: list[Cell] = []
        for r in range(first, end):
            cell = owners.get((r, c))
            if cell and cell.text.strip() and not _is_mark(cell) and cell not in path:
                path.append(cell)
        if path:
            paths[c] = tuple(cell.text[:_LONGEST_CAPTION] for cell in path)
    tops = {c for c in paths if (top := owners.get((first, c))) and top.text.strip()}
    return _under_neighbours(paths, tops, captions)


def _owners(grid: Grid, first: int, end: int) -> dict[tuple[int, int], Cell]:
    """Return the cell that covers each position of a block."""
    owners: dict[tuple[int, int], Cell] = {}
    for r in range(first, end):
        for c, cell in enumerate(grid.rows[r]):
            if cell is None:
                continue
            for covered_r in range(r, min(end, r + cell.row_span)):
                for covered_c in range(c, min(len(grid.rows[r]), c + cell.col_span)):
                    owners.setdefault((covered_r, covered_c), cell)
    return owners


def _is_merged(block: Sequence[Sequence[Cell | None]]) -> bool:
    return any(cell and (cell.row_span > 1 or cell.col_span > 1) for row in block for cell in row)


def _unmerged_paths(
    block: Sequence[Sequence[Cell | None]], captions: Captions
) -> dict[int, tuple[str, ...]]:
    """Return what ``_paths`` does where each cell stands over its own column alone."""
    paths: dict[int, list[str]] = {}
    for row in block:
        for c, cell in enumerate(row[: len(block[0])]):
            if cell and cell.text.strip() and not _is_mark(cell):
                paths.setdefault(c, []).append(cell.text[:_LONGEST_CAPTION])
    tops = {c for c in paths if (top := block[0][c]) and top.text.strip()}
    return _under_neighbours({c: tuple(paths[c]) for c in sorted(paths)}, tops, captions)


def _under_neighbours(
    paths: dict[int, tuple[str, ...]], tops: set[int], captions: Captions
) -> dict[int, tuple[str, ...]]:
    """Return the captions with those put under a parent that nobody merged over them.

    It is the left neighbour's parent, if nothing stands above (``tops`` has no such column) and the
    two together are a caption of the form: "Kinh phí" over "Tổng kinh phí" and, beside it, "Đề nghị
    hỗ trợ", which alone would ask for something else.
    """
    parent, found = "", {}
    for c, path in sorted(paths.items()):
        found[c] = path
        if c in tops:
            parent = path[0] if len(path) > 1 else ""
        elif parent and len(path) == 1 and captions.exact(f"{parent} {path[0]}"):
            found[c] = parent, path[0]
    return found


def _is_mark(cell: Cell) -> bool:
    return bool(_INDEX_MARK.fullmatch(cell.text.strip()))


def _finished(grid: Grid, captions: Captions, header: Header) -> Header:
    """Return the header with its index and unit rows, and the units of its money columns."""
    end, unit_row = header.end, None
    while end < len(grid.rows):
        row = grid.rows[end]
        if unit_row is None and _is_unit_row(row):
            unit_row = row
        elif not is_index_row(row) and not _is_hint_row(row):
            break
        end += 1
    return _with_units(grid, captions, replace(header, end=end), unit_row, header.end)


def _with_units(
    grid: Grid,
    captions: Captions,
    header: Header,
    unit_row: Sequence[Cell | None] | None,
    captions_end: int = 0,
) -> Header:
    paths = _paths(grid, header.first, captions_end or header.end, captions)
    above = unit_above(grid, header.first)
    columns = tuple(
        _in_unit(column, paths[column.index], unit_row, above)
        for column in header.columns
        if not (column.field.type == "money" and _is_share(unit_row, column.index))
    )
    return replace(header, assignment=replace(header.assignment, columns=columns))


def _is_share(unit_row: Sequence[Cell | None] | None, column: int) -> bool:
    under = unit_row[column] if unit_row is not None else None
    return under is not None and "%" in under.text


def is_index_row(row: Sequence[Cell | None]) -> bool:
    """Tell a row of column numbers: (1) (2) (3), A B 1 2 3, 1 2 3=1+2."""
    texts = []
    for cell in row:
        text = cell.text.strip() if cell else ""
        if len(text) > _LONGEST_MARK and not _INDEX_MARK.fullmatch(text):
            return False  # as most rows of points do with their first words
        if text:
            texts.append(text)
    if _all_bracketed(texts):
        return True
    marks = [text for text in texts if _INDEX_MARK.fullmatch(text)]
    if len(marks) < 3 or any(map(_is_long, set(texts) - set(marks))):  # noqa: PLR2004  too few to tell
        return False
    numbers = [int(found[0]) for mark in marks if (found := re.search(r"\d+", mark))]
    counted = _counted(numbers)
    # On a scan one of many may be misread, "(80" or "(8U" for "(8)": short it is all the same.
    slips = len(texts) - len(marks) + len(numbers) - len(counted)
    started = not counted or counted[0] <= 2  # noqa: PLR2004  A, B may come first
    return started and slips * 4 <= len(marks)


def _counted(numbers: Sequence[int]) -> list[int]:
    """Return the numbers that go on from the first one by one or two, leaving out what does not."""
    counted: list[int] = []
    for at, number in enumerate(numbers):
        step = 2 + at - len(counted)  # what was left out counted on as well
        if not counted or counted[-1] <= number <= counted[-1] + step:
            counted.append(number)
    return counted


def _all_bracketed(texts: Sequence[str]) -> bool:
    """Tell "(1)", "(2)" … however badly they were read: nothing else is so short and ends so."""
    closed = sum(text.endswith(")") for text in texts)
    short = all(len(text) <= _LONGEST_MARK for text in texts)
    return short and len(texts) >= _BRACKETED and closed * 5 >= len(texts) * 4


def _is_long(text: str) -> bool:
    return len(text) > _LONGEST_MARK or not any(letter.isdigit() for letter in text)


def _is_hint_row(row: Sequence[Cell | None]) -> bool:
    """Tell a row of instructions under the captions: "(ghi theo GCN)", "(dd/mm/yyyy)"."""
    texts = [cell.text.strip() for cell in row if cell and cell.text.strip()]
    return len(texts) > 1 and all(text.startswith("(") and text.endswith(")") for text in texts)


def _is_unit_row(row: Sequence[Cell | None]) -> bool:
    texts = [cell.text for cell in row if cell and cell.text.strip()]
    return bool(texts) and all(map(is_unit, texts))


def unit_above(grid: Grid, first: int) -> str:
    """Return the money unit that a line "Đơn vị tính: triệu đồng" over the table states."""
    lines = list(grid.before[-10:])
    lines.extend(cell.text for row in grid.rows[:first] for cell in row if cell)
    return stated_unit(lines)


def stated_unit(lines: Sequence[str]) -> str:
    """Return the money unit that the last line which states one does, "" if there is none."""
    for line in reversed(lines):
        unit = unit_line(line) if len(line) <= _LONGEST_CAPTION else None
        if unit:
            return unit
    return ""


def _in_unit(
    column: Column,
    path: tuple[str, ...],
    unit_row: Sequence[Cell | None] | None,
    above: str,
) -> Column:
    """Return the column with its unit: its caption's, the unit row's, its parent's, the title's.

    What stands in the header itself must agree; the title's unit is for columns without their own.
    """
    read = _UNIT_READERS.get(column.field.type)
    if read is None:
        return column
    under = unit_row[column.index] if unit_row is not None else None
    stated = [path[-1], under.text if under else "", *reversed(path[:-1])]
    units = [unit for text in stated if text and (unit := read(text))]
    if not units:
        return replace(column, unit=above) if column.field.type == "money" else column
    return replace(column, unit=units[0], unit_certain=len(set(units)) == 1)


_UNIT_READERS = {"money": money_unit, "decimal": quantity_unit}
