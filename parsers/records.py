"""Data rows → values: one record per point, each value with its place, confidence and finding."""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from parsers.body import SUMMED, BodyRow, page_of
from parsers.columns import Column
from parsers.form import Field
from parsers.grid import WRAP, Cell, Grid, Trace, is_filled
from parsers.header import Header
from parsers.outcome import EMPTY, Context, Problem, Value
from parsers.reading import CERTAIN, Box, Finding, Row, Severity
from parsers.values import parse
from parsers.vietnamese import fold, one_line

_JOINED_TYPES = {"text", "code", "phone", "choice", "date"}
_WORDED_TYPES = {"text", "code", "list"}
_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})*,\d{1,2}(?![\d.,])|[1-9]\d{3,},\d+(?![\d.,])")
_POINT = re.compile(r"\d{1,3}(?:,\d{3})*\.\d{1,2}(?![\d.,])|[1-9]\d{3,}\.\d+(?![\d.,])")
_UNIT = re.compile(
    r"(?:(?:ty|ti|trieu|tr|nghin|ngan|k) ?)?(?:dong|vnd|d)?|m2|m|met vuong|ha|hecta|hec ta|km2"
)
_DATE = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*\d{2,4}")
_MONTHS = 12
_NO_TRACE = Trace()
#: Confidence of a text that may be half of one.
_HALF = 0.6


@dataclass(slots=True)
class Record:
    """One data row while its values are read; ``number`` counts data rows from 1."""

    body: BodyRow
    number: int
    values: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    section: str = ""

    def keep(self, key: str, place: str, written: str, box: Box | None) -> None:
        """Note where a value stands and how it is written there."""
        self.places[key] = place
        self.raw[key] = written.replace(WRAP, "\n")
        if box:
            self.boxes[key] = box

    def row(self) -> Row:
        """Return the finished row."""
        return Row(self.values, self.places, self.confidence, self.raw, self.boxes, self.section)


class _Parsed:
    """The values of one table, read once for each content that stands in a column."""

    def __init__(self, known: Mapping[str, Context]) -> None:
        self.known = known
        self._read: dict[tuple[object, ...], Value] = {}

    def value(self, entry: Field, cell: Cell) -> Value:
        """Return what a cell says; where it stands, no field's reading asks."""
        kind = type(cell.value)  # 1, 1.0 and True are equal
        content = (
            entry.key, cell.text, kind, cell.value, cell.number_format, cell.uncalculated
        )  # fmt: skip
        found = self._read.get(content)
        if found is None:
            found = self._read[content] = parse(entry, cell, self.known[entry.key])
        return found


def contexts(header: Header, rows: Sequence[BodyRow]) -> dict[str, Context]:
    """Return what each column's caption and its unmistakable cells say about reading it.

    Only cells of points and sums are asked: a note or a signature below says nothing of how the
    column's numbers and dates are written.
    """
    told = [row for row in rows if _tells(row)]
    found = {}
    for column in header.columns:
        key = column.field.key
        told_by_cells = column.field.type in SUMMED or column.field.type == "date"
        cells = [cell for row in (told if told_by_cells else ()) if (cell := row.own.get(key))]
        texts = {cell.text for cell in cells if _is_text(cell)}
        found[key] = Context(
            column.unit,
            column.unit_certain,
            _decimal_sign(column.field, texts),
            _day_first(column.field, texts, told=header.exact),
            _exchanged(column.field, cells),
            told=header.exact,
        )
    return found


def _tells(row: BodyRow) -> bool:
    """Tell a row of a point or a sum; a lone text below a point may be a remark."""
    return row.kind != "note" and (row.kind != "continued" or len(row.own) > 1)


def _is_text(cell: Cell) -> bool:
    return isinstance(cell.value, str) and bool(cell.text.strip())


def _decimal_sign(entry: Field, texts: Collection[str]) -> str:
    if entry.type not in SUMMED:
        return ""
    comma = any(_is_written(_COMMA, text) for text in texts)
    point = any(_is_written(_POINT, text) for text in texts)
    if comma == point:
        return ""
    return "," if comma else "."


def _is_written(number: re.Pattern[str], text: str) -> bool:
    """Tell a text that is wholly one number written so, with its unit or without."""
    found = number.match(text.strip())
    return found is not None and _UNIT.fullmatch(fold(text.strip()[found.end() :])) is not None


def _day_first(entry: Field, texts: Collection[str], *, told: bool) -> bool:
    """Tell a column whose days come first: one shows it, or the form said so and none denies it."""
    if entry.type != "date":
        return False
    found = [match for text in texts for match in _DATE.finditer(text)]
    shown = any(int(match[1]) > _MONTHS for match in found)
    return shown or (told and not any(int(match[2]) > _MONTHS for match in found))


def _exchanged(entry: Field, cells: Sequence[Cell]) -> bool:
    """Tell a column that a month-first spreadsheet parted: days over 12 are texts, others dates."""
    if entry.type != "date":
        return False
    typed, left = [], []
    for cell in cells:
        if isinstance(cell.value, dt.date):
            typed.append(cell.value.day)
        elif match := _DATE.fullmatch(cell.text.strip()):
            left.append((int(match[1]), int(match[2])))
    days_over = any(day > _MONTHS >= month for day, month in left)
    return days_over and bool(typed) and max(typed) <= _MONTHS


def records(grid: Grid, header: Header, rows: Sequence[BodyRow], first: int) -> list[Record]:
    """Return one record per data row, continued rows joined to theirs.

    Args:
        grid: the table.
        header: its header.
        rows: what ``body_rows`` gave.
        first: the number of the first data row (several tables count on).
    """
    parsed = _Parsed(contexts(header, rows))
    groups: list[list[BodyRow]] = []
    for row in rows:
        if row.kind == "data":
            groups.append([row])
        elif row.kind == "continued" and groups:
            groups[-1].append(row)
    done: list[Record] = []
    starts = [group[0].number for group in groups] + [len(grid.rows)]
    for number, (group, end) in enumerate(zip(groups, starts[1:], strict=True), first):
        record = Record(group[0], number)
        common = _common(group, end)
        for column in header.columns:
            if len(group) == 1 and _is_read_plainly(record, column, parsed, common):
                continue
            _read(record, column, group, grid, parsed, done[-1] if done else None, common)
        _note_joined(record, group)
        if group[0].stray and done:
            for doubtful in (done[-1], record):
                _doubt_texts(doubtful, header, group[0])
        done.append(record)
    return done


def _doubt_texts(record: Record, header: Header, stray: BodyRow) -> None:
    """Doubt the texts of a point that may be half of one: its neighbour has no number."""
    told = {finding.field for finding in record.findings}
    for column in header.columns:
        key = column.field.key
        if key in record.values and key in stray.own and column.field.type in _WORDED_TYPES:
            record.confidence[key] = min(record.confidence[key], _HALF)
            if key not in told:
                message = _STRAY.format(column.field.label)
                place = record.places.get(key)
                record.findings.append(
                    Finding("warning", "stray-row", message, key, record.number, place)
                )


def _common(group: Sequence[BodyRow], end: int) -> frozenset[str]:
    """Return the fields whose cell reaches over the next data row too."""
    return frozenset(
        key for row in group for key, cell in row.own.items() if row.number + cell.row_span > end
    )


def _note_joined(record: Record, group: Sequence[BodyRow]) -> None:
    """Note rows that were joined without a merged cell that shows they belong together."""
    for row in group[1:]:
        if row.own and not row.shared:
            place = next(iter(row.own.values())).place
            message = "Dòng không có số thứ tự này được ghép vào điểm ở dòng trên."
            record.findings.append(
                Finding("note", "row-joined", message, None, record.number, place)
            )


def _read(
    record: Record,
    column: Column,
    group: Sequence[BodyRow],
    grid: Grid,
    parsed: _Parsed,
    above: Record | None,
    common: frozenset[str],
) -> None:
    """Read one value of one record, with everything that is to be said about it."""
    entry = column.field
    cell, conflict = _one_cell(entry, group)
    shared = entry.key in group[0].shared or entry.key in common
    place = cell.place if cell else grid.place(group[0].number, column.index)

    def finding(severity: Severity, code: str, message: str) -> None:
        record.findings.append(Finding(severity, code, message, entry.key, record.number, place))

    if shared and cell and is_filled(cell) and entry.type in SUMMED:
        record.places[entry.key] = place
        finding("error", "merged-value", _MERGED.format(entry.label))
        return
    value = parsed.value(entry, cell) if cell else EMPTY
    if value.problem and value.problem.code == "ditto":
        value = _ditto(entry, above)
    if value.text is None and value.problem is None:
        if entry.required:
            record.places[entry.key] = place
            finding("error", "missing-value", _MISSING.format(entry.label))
        return
    trace = (cell and cell.trace) or _NO_TRACE
    record.keep(entry.key, place, trace.written or (cell.text if cell else ""), trace.box)
    if value.problem:
        finding(value.problem.severity, value.problem.code, value.problem.message)
    if value.text is None:
        return
    sure = min(_sure(value, parsed.known[entry.key]), column.confidence)
    torn = cell is not None and cell.torn and entry.type in _WORDED_TYPES
    for doubtful, limit, code, message in (
        (_is_joined(entry, group), 0.8, "joined-texts", _JOINED),
        (_is_from_below(entry, group), 0.8, "joined-number", _FROM_BELOW),
        (torn, 0.8, "torn-words", _TORN),
        (conflict, 0.5, "conflicting-values", _CONFLICT),
        (not conflict and _is_repeated(entry, group), 0.5, "repeated-amount", _REPEATED),
        (trace.confidence < CERTAIN, trace.confidence, "doubtful-reading", _DOUBTFUL),
    ):
        if doubtful:
            sure = min(sure, limit)
            finding("warning", code, message.format(entry.label))
    record.values[entry.key] = value.text
    record.confidence[entry.key] = sure


def _is_read_plainly(
    record: Record, column: Column, parsed: _Parsed, common: frozenset[str]
) -> bool:
    """Read a value of a single row of which nothing is to be said; False if there is more.

    So are nearly all of them: ``_read`` has the whole story.
    """
    key = column.field.key
    cell = record.body.cells.get(key)
    if cell is None:
        return not column.field.required
    if key in record.body.shared or key in common:
        return False
    value = parsed.value(column.field, cell)
    if value.text is None or value.problem or cell.torn or cell.trace:
        return False
    record.keep(key, cell.place, cell.text, None)
    record.values[key] = value.text
    record.confidence[key] = min(_sure(value, parsed.known[key]), column.confidence)
    return True


def _sure(value: Value, context: Context) -> float:
    """Return how sure a value is: in an official workbook wholly, if it has no problem."""
    return 1.0 if context.told and value.problem is None else value.confidence


_MISSING = "Thiếu “{}”; đề nghị bổ sung vào ô này."
_MERGED = (
    "Cột “{}”: ô gộp chung cho nhiều điểm nên không rõ số của từng điểm; "
    "đề nghị bỏ gộp ô và ghi riêng số của từng điểm."
)
_TORN = (
    "Cột “{}” quá hẹp nên chữ bị ngắt giữa từ, có thể đọc sai; "
    "đề nghị kiểm tra lại hoặc gửi tệp Word, Excel."
)
_JOINED = (
    "Cột “{}”: chữ ở dòng không có số thứ tự được ghép với dòng trên; "
    "nếu là hai điểm khác nhau, đề nghị ghi số thứ tự cho từng điểm."
)
_FROM_BELOW = (
    "Cột “{}”: số ở dòng không có số thứ tự được hiểu là của điểm ở dòng trên; "
    "đề nghị kiểm tra và ghi số của mỗi điểm cùng dòng với tên điểm."
)
_DOUBTFUL = (
    "Cột “{}”: chữ ở ô này không đủ rõ để đọc chắc chắn; "
    "đề nghị đối chiếu với bản gốc, hoặc gửi kèm tệp Excel."
)
_STRAY = (
    "Cột “{}”: chưa rõ dòng không có số thứ tự là một điểm khác hay là phần tiếp của dòng trên; "
    "đề nghị ghi số thứ tự cho từng điểm."
)
_CONFLICT = (
    "Cột “{}”: một điểm có nhiều giá trị khác nhau ở các dòng liền nhau, mới chỉ lấy giá trị đầu; "
    "đề nghị ghi một giá trị cho mỗi điểm."
)
_REPEATED = (
    "Cột “{}”: một điểm ghi cùng một số ở nhiều dòng, chưa rõ là ghi lặp lại hay phải cộng lại, "
    "mới chỉ lấy một lần; đề nghị ghi tổng số của điểm ở một dòng."
)
_NO_DITTO = "Cột “{}”: ghi “như trên” nhưng dòng trên không có giá trị; đề nghị ghi đầy đủ."


def _is_joined(entry: Field, group: Sequence[BodyRow]) -> bool:
    """Tell a text or code that goes on in a row which no merged cell ties to the first.

    An optional text is certain to go on only in the very next row.
    """
    if entry.type not in {"text", "code", "phone"}:
        return False
    apart = entry.required or entry.type != "text"
    more = (
        row.number - above.number > 1 or apart
        for above, row in pairwise(group)
        if entry.key in row.own and not row.shared
    )
    return any(more)


def _is_from_below(entry: Field, group: Sequence[BodyRow]) -> bool:
    """Tell an amount that only a row has which no merged cell ties to the first: perhaps a sum."""
    if entry.type not in SUMMED or entry.key in group[0].own:
        return False
    return any(entry.key in row.own and not row.shared for row in group[1:])


def _is_repeated(entry: Field, group: Sequence[BodyRow]) -> bool:
    """Tell an amount that several rows of one point state: said again, or to be added up.

    One merged cell over the rows is stated once.
    """
    return entry.type in SUMMED and sum(entry.key in row.own for row in group) > 1


def _ditto(entry: Field, above: Record | None) -> Value:
    text = above.values.get(entry.key) if above else None
    if above is None or text is None:
        return Value(None, 0.0, Problem("error", "ditto", _NO_DITTO.format(entry.label)))
    sure = above.confidence[entry.key]
    if sure >= CERTAIN:
        return Value(text, sure)
    message = f"Cột “{entry.label}”: ghi “như trên”, giá trị ở dòng trên chưa chắc chắn."
    return Value(text, sure, Problem("warning", "ditto", message))


def _one_cell(entry: Field, group: Sequence[BodyRow]) -> tuple[Cell | None, bool]:
    """Return the field's cell over all rows of one record, and whether they contradict."""
    if len(group) == 1:
        return group[0].cells.get(entry.key), False
    cells = [row.cells[entry.key] for row in group if entry.key in row.cells]
    own = [group[0].cells[entry.key]] if entry.key in group[0].cells else []
    own = [cell for cell in own if is_filled(cell)]
    later = [row.own[entry.key] for row in group[1:] if entry.key in row.own]
    filled = own + later
    if not filled:
        return (cells[0] if cells else None), False
    if len(filled) == 1:
        return filled[0], False
    first = filled[0]
    paged = len({*map(page_of, filled)} - {""}) > 1
    if entry.type == "list":
        loose = ";" in first.text and not any(row.shared for row in group[1:])
        cut = paged or loose or any(len(row.own) > _PRODUCT_CELLS for row in group[1:])
        text = (WRAP if cut else "; ").join(cell.text.strip() for cell in filled)
        return first._replace(text=text, value=text), False
    if entry.type in _JOINED_TYPES:
        text = " ".join(cell.text.strip() for cell in filled)
        return first._replace(text=text, value=text, torn=first.torn or paged), False
    return first, len({one_line(cell.text) for cell in filled}) > 1


#: A row of further products fills few cells (product, stars, date); the rest of a row that a page
#: break cut fills more. Where the first cell parts its own products, a row below goes on.
_PRODUCT_CELLS = 3
