"""An extract's tables → rows of the form: choosing the table, then header, rows, values, totals."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parsers.columns import captions_of
from parsers.form import Form
from parsers.grid import Extract, Grid
from parsers.header import Header
from parsers.reading import CERTAIN, Finding, Refusal, Row
from parsers.records import Record, contexts, records
from parsers.rows import BodyRow, body_rows, is_filled
from parsers.tables import tables_of
from parsers.totals import count_findings, total_findings
from parsers.vietnamese import fold, key, one_line, squash

_YEAR = re.compile(r"\b20\d\d\b")
#: With diacritics, because Hòa Cư is a commune and "cũ" is not; so is Mẫu Sơn.
_NOT_THE_ANSWER = re.compile(
    r"\b(?:hướng dẫn|huong dan|ví dụ|vi du|mẫu trống|năm trước|bản cũ|cũ|nháp|danh mục)\b"
)
_EXAMPLE = re.compile(r"(?:vi du|vd)\b")
_LONGEST_HEADING = 200


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the tables of a document say in terms of the form.

    ``heading`` are the lines over the chosen table, ``asides`` the texts between and below its rows
    that are no data (notes; also "Không có nhu cầu" written into the table). ``score`` is 0–1: how
    much of the form the best visible table has. Without rows there is a ``refusal``:
    ``blank-template`` for our table with nothing in it, else ``wrong-form``.
    """

    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    heading: tuple[str, ...] = ()
    refusal: Refusal | None = None
    score: float = 0.0
    asides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Table:
    """A grid in which the form's header was found."""

    grid: Grid
    header: Header
    rows: tuple[BodyRow, ...]

    @property
    def has_data(self) -> bool:
        return any(row.kind == "data" for row in self.rows)

    @property
    def titles(self) -> tuple[str, ...]:
        """The lines over the table, top down."""
        inside = [cell.text for row in self.grid.rows[: self.header.first] for cell in row if cell]
        texts = (*self.grid.before, *inside)
        lines = (line.strip() for text in texts for line in text.split("\n"))
        return tuple(line for line in lines if line and len(line) <= _LONGEST_HEADING)


def interpret(extract: Extract, form: Form) -> Interpretation:
    """Return the form's rows in an extract, or why there are none.

    Hidden tables never win. A table of an earlier year, an example or an instruction sheet yields
    to one that is not; what remains is read in the document's order.
    """
    captions = captions_of(form)
    score, best = 0.0, None
    tables: list[_Table] = []
    full = sum(2 if field.required else 1 for field in form.fields)
    for grid, header in tables_of(extract, captions):
        if header is None or grid.hidden:
            continue
        if best is None or header.score > best.score:
            best, score = header, min(1.0, header.score / full)
        if _is_ours(header, form):
            tables.append(_Table(grid, header, body_rows(grid, header)))
    if not tables:
        return Interpretation(refusal=_wrong_form(extract, form, best), score=score)
    chosen, findings = _chosen(tables)
    return replace(_read(chosen, extract, form, findings), score=score)


def _is_ours(header: Header, form: Form) -> bool:
    """Tell our form from a list that merely shares some columns (name, address, phone)."""
    required = [field.key for field in form.fields if field.required]
    found = {column.field.key for column in header.columns}
    has = sum(1 for field in required if field in found)
    named = bool(required) and required[0] in found
    return has >= len(required) / 2 or (named and has >= 3)  # noqa: PLR2004  of eight


def _chosen(tables: Sequence[_Table]) -> tuple[list[_Table], list[Finding]]:
    """Return the tables to read, and a note about each that was left out."""
    filled = [table for table in tables if table.has_data] or list(tables[:1])
    if len(filled) == 1:
        return filled, []
    fit = [t for t in filled if not _NOT_THE_ANSWER.search(key(t.grid.name))] or filled
    years = {id(table): _year(table) for table in fit}
    latest = max(years.values())
    fit = [table for table in fit if years[id(table)] in {0, latest}] or fit
    findings = [
        Finding("note", "table-left-out", _LEFT_OUT.format(table.grid.name))
        for table in filled
        if table not in fit
    ]
    if len(fit) > 1:
        names = ", ".join(f"“{table.grid.name}”" for table in fit)
        findings.append(Finding("warning", "several-tables", _SEVERAL.format(len(fit), names)))
    return fit, findings


_LEFT_OUT = "Bảng “{}” là của năm trước hoặc bảng hướng dẫn nên không được ghi nhận."
_SEVERAL = (
    "Tệp có {:02d} bảng cùng mẫu ({}), đã đọc tất cả; "
    "đề nghị kiểm tra và chỉ giữ bảng cần gửi nếu có bảng thừa."
)


def _year(table: _Table) -> int:
    """Return the latest year that the sheet's name, else the titles, state; 0 if none."""
    for texts in ((table.grid.name,), table.titles):
        years = [int(year) for text in texts for year in _YEAR.findall(text)]
        if years:
            return max(years)
    return 0


def _read(
    tables: Sequence[_Table], extract: Extract, form: Form, findings: list[Finding]
) -> Interpretation:
    done: list[Record] = []
    asides: list[str] = []
    for table in tables:
        rows = [row for row in table.rows if not _is_example(row, table.header)]
        if len(rows) < len(table.rows):
            findings.append(Finding("note", "example-row", _EXAMPLE_NOTE))
        mine = records(table.grid, table.header, rows, len(done) + 1)
        findings.extend(_column_findings(table, form, mine))
        findings.extend(finding for record in mine for finding in record.findings)
        known = contexts(table.grid, table.header)
        findings.extend(total_findings(table.header, rows, mine, known))
        asides.extend(_asides(table, rows))
        done.extend(mine)
    heading = tuple(line for table in tables[:1] for line in map(one_line, table.titles))
    if not done:
        return Interpretation((), (), heading, _blank(extract.kind), asides=tuple(asides))
    findings.extend(_duplicates(done, form))
    findings.extend(count_findings((*asides, *extract.lines), len(done)))
    rows_read = tuple(record.row() for record in done)
    return Interpretation(rows_read, tuple(findings), heading, asides=tuple(asides))


_EXAMPLE_NOTE = "Dòng ví dụ của biểu mẫu không được ghi nhận."


def _is_example(row: BodyRow, header: Header) -> bool:
    own = row.own
    first = next((own[c.field.key] for c in header.columns if c.field.key in own), None)
    marks = [cell for cell in (row.index, first) if cell]
    return row.kind == "data" and any(_EXAMPLE.match(fold(cell.text)) for cell in marks)


def _asides(table: _Table, rows: Iterable[BodyRow]) -> list[str]:
    numbers = {row.number for row in rows if row.kind in {"note", "total"}}
    texts = [
        one_line(cell.text)
        for number in sorted(numbers)
        for cell in table.grid.rows[number]
        if cell and any(letter.isalpha() for letter in cell.text)
    ]
    return [*texts, *table.grid.after]


def _column_findings(table: _Table, form: Form, mine: Sequence[Record]) -> Iterable[Finding]:
    """Yield what is to be said about columns as a whole, once each."""
    header, grid = table.header, table.grid
    place = next(cell.place for row in grid.rows[header.first :] for cell in row if cell)
    mapped = {column.field.key for column in header.columns}
    for field in form.fields:
        if field.required and field.key not in mapped:
            message = f"Bảng không có cột “{field.label}”; đề nghị bổ sung cột này theo mẫu."
            yield Finding("error", "missing-column", message, field.key, None, place)
    data = {record.body.number for record in mine}
    for guess in header.columns:
        if guess.confidence < CERTAIN:
            message = _GUESSED.format(guess.caption, guess.field.label)
            where = grid.place(header.first, guess.index)
            yield Finding("warning", "column-guessed", message, guess.field.key, None, where)
    for column, caption in header.assignment.ambiguous:
        where = grid.place(header.first, column)
        yield Finding("warning", "column-unclear", _UNCLEAR.format(caption), None, None, where)
    for column, caption in header.assignment.doubled:
        where = grid.place(header.first, column)
        yield Finding("warning", "column-doubled", _DOUBLED.format(caption), None, None, where)
    for column, caption in header.assignment.extras:
        if any(column < len(grid.rows[n]) and is_filled(grid.rows[n][column]) for n in data):
            where = grid.place(header.first, column)
            yield Finding("note", "extra-column", _EXTRA.format(caption), None, None, where)
    yield from _hidden(table, mine)
    yield from _gaps(mine)


_GUESSED = "Cột “{}” được hiểu là “{}”; nếu không đúng, đề nghị ghi tên cột theo mẫu."
_UNCLEAR = (
    "Không rõ cột “{}” ứng với nội dung nào của biểu mẫu nên chưa ghi nhận; "
    "đề nghị ghi tên cột đúng theo mẫu."
)
_DOUBLED = "Có nhiều cột cùng tên “{}”, chỉ đọc cột đầu tiên; đề nghị bỏ cột thừa."
_EXTRA = "Cột “{}” không có trong biểu mẫu nên không được ghi nhận."


def _hidden(table: _Table, mine: Sequence[Record]) -> Iterable[Finding]:
    visible = []
    for record in mine:
        own = list(record.body.own.values())
        if own and all(cell.hidden for cell in own):
            message = "Dòng này đang bị ẩn trong tệp nhưng vẫn được đọc; đề nghị kiểm tra."
            yield Finding("note", "hidden-row", message, None, record.number, own[0].place)
        else:
            visible.append(record)
    for column in table.header.columns:
        name = column.field.key
        cells = [record.body.own[name] for record in visible if name in record.body.own]
        if cells and all(cell.hidden for cell in cells):
            message = f"Cột “{column.caption}” đang bị ẩn trong tệp nhưng vẫn được đọc."
            yield Finding("note", "hidden-column", message, name, None, cells[0].place)


def _gaps(mine: Sequence[Record]) -> Iterable[Finding]:
    """Yield a warning where the running numbers skip: a row may have been lost or hidden."""
    above = 0
    for record in mine:
        cell = record.body.index
        mark = cell.text.strip(" .") if cell else ""
        if cell is None or not mark.isdecimal():
            above = 0
            continue
        number = int(mark)
        if above and number not in {1, above + 1}:
            message = (
                f"Số thứ tự nhảy từ {above} đến {number}; đề nghị kiểm tra có sót điểm nào không."
            )
            yield Finding("warning", "number-gap", message, None, record.number, cell.place)
        above = number


def _duplicates(done: Sequence[Record], form: Form) -> Iterable[Finding]:
    """Yield a warning for each row whose first two required values another row has too."""
    identity = [field.key for field in form.fields if field.required][:2]
    seen: dict[tuple[str, ...], int] = {}
    for number, record in enumerate(done, 1):
        values = tuple(key(record.values.get(name, "")) for name in identity)
        if not values or not values[0]:
            continue
        if values in seen:
            message = (
                f"Dòng {number} trùng tên và địa chỉ với dòng {seen[values]}; "
                "đề nghị kiểm tra, nếu là một điểm thì chỉ giữ một dòng."
            )
            place = record.places.get(identity[0])
            yield Finding("warning", "duplicate-point", message, identity[0], number, place)
        seen.setdefault(values, number)


def _blank(kind: str) -> Refusal:
    return Refusal(
        "blank-template",
        "Biểu mẫu chưa có dòng nào được điền. Đề nghị điền danh sách điểm và gửi lại; nếu không có "
        "nhu cầu, đề nghị trả lời rõ “không có nhu cầu”.",
        "the form's header was found, but no data row",
        kind,
    )


def _wrong_form(extract: Extract, form: Form, best: Header | None) -> Refusal:
    found = {column.field.key for column in best.columns} if best else set()
    missing = [f"“{f.label}”" for f in form.fields if f.required and f.key not in found]
    if best is None:
        message = f"Không tìm thấy bảng theo biểu mẫu “{form.title}” trong tệp."
    else:
        message = (
            f"Bảng trong tệp không phải biểu mẫu “{form.title}”: "
            f"thiếu các cột {', '.join(missing)}."
        )
    hidden = [squash(grid.name) for grid in extract.grids if grid.hidden]
    if hidden:
        message += " Trang tính ẩn không được đọc."
    return Refusal(
        "wrong-form",
        f"{message} Đề nghị gửi đúng biểu mẫu đã điền.",
        f"{len(extract.grids)} tables, {len(found)} known columns, {len(hidden)} hidden",
        extract.kind,
    )
