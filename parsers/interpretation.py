"""An extract's tables → rows of the form: choosing the table, then header, rows, values, totals."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parsers.body import BodyRow
from parsers.columns import captions_of
from parsers.form import Form
from parsers.form_tables import Best, FormTable, form_tables, is_beside_the_answer
from parsers.grid import Extract, Grid
from parsers.header import Header
from parsers.headings import sections
from parsers.reading import CERTAIN, Finding, Refusal, Row, UnknownColumn
from parsers.records import Record, contexts, records
from parsers.remarks import column_findings, duplicates
from parsers.rows import body_rows
from parsers.totals import count_findings, total_findings
from parsers.unknown import MOST_COLUMNS, unknown_columns
from parsers.vietnamese import fold, key, one_line, squash

_YEAR = re.compile(r"\b20\d\d\b")
_OF_YEAR = re.compile(r"(?<!việt )(?<!viet )\bn[ăa]m\s*(20\d\d)\b")
#: Years that are not the list's: of a decree, of a date, from one to another, in a number.
_OTHER_YEARS = re.compile(
    r"\b(?:(?:theo|ban hành|căn cứ|quyết định|qđ|công văn|cv|nghị quyết)\b|số:?\s*\d).*"
    r"|20\d\d\s*(?:-|–|—|đến|tới)\s*(?:hết\s*)?(?:năm\s*)?20\d\d"
    r"|(?:\d{1,2}\s*[/.-]\s*){1,2}20\d\d"
    r"|th[áa]ng[\s\d.…]*n[ăa]m\s*20\d\d"
)
_EXAMPLE = re.compile(r"(?:vi du|vd)\b")
#: In the first column with a field "VD Farm" is a name, "VD:" and "VD" alone are none.
_EXAMPLE_TEXT = re.compile(r"\W*(?:v[íi] d[ụu]\b|vd\s*\d{0,2}\s*(?::|\W*$))")


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the tables of a document say in terms of the form.

    ``heading`` are the lines over the tables that were read, ``asides`` the texts between and below
    their rows that are no data (notes; also "Không có nhu cầu" written into the table). ``score``
    is 0–1: how much of the form the best visible table has. Without rows there is a ``refusal``:
    ``blank-template`` for our table with nothing in it, else ``wrong-form``.
    """

    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    heading: tuple[str, ...] = ()
    refusal: Refusal | None = None
    score: float = 0.0
    asides: tuple[str, ...] = ()
    unknown: tuple[UnknownColumn, ...] = ()


def interpret(extract: Extract, form: Form) -> Interpretation:
    """Return the form's rows in an extract, or why there are none.

    Hidden tables never win. A table of an earlier year, an example or an instruction sheet yields
    to one that is not; what remains is read in the document's order, slips after tables. A table
    that says the same as one before is read once.
    """
    tables, best = form_tables(extract, captions_of(form))
    full = sum(2 if field.required else 1 for field in form.fields)
    score = min(1.0, best[1].score / full) if best else 0.0
    if not tables:
        return Interpretation(refusal=_wrong_form(extract, form, best), score=score)
    chosen, findings = _chosen(tables)
    return replace(_read(chosen, extract, form, findings), score=score)


def _chosen(tables: Sequence[FormTable]) -> tuple[list[FormTable], list[Finding]]:
    """Return the tables to read, and a warning about each that was left out."""
    filled = [table for table in tables if table.has_data] or list(tables[:1])
    if len(filled) == 1:
        return filled, []
    fit = [t for t in filled if not is_beside_the_answer(t.grid.name)] or filled
    years = {id(table): _year(table) for table in fit}
    latest = max(years.values())
    fit = [table for table in fit if years[id(table)] in {0, latest}] or fit
    kept = set(map(id, fit))
    findings = [
        Finding("warning", "table-left-out", _LEFT_OUT.format(table.grid.name))
        for table in filled
        if id(table) not in kept
    ]
    return fit, findings


_LEFT_OUT = (
    "Bảng “{}” là của năm trước hoặc bảng hướng dẫn nên không được ghi nhận; "
    "nếu không đúng, đề nghị ghi các điểm của bảng này vào bảng cần gửi."
)
_REPEATED = "Bảng “{}” giống hệt bảng “{}” nên chỉ được ghi nhận một lần; đề nghị bỏ bảng thừa."
_SEVERAL = (
    "Tệp có {:02d} bảng cùng mẫu ({}), đã đọc tất cả; "
    "đề nghị kiểm tra và chỉ giữ bảng cần gửi nếu có bảng thừa."
)


def _year(table: FormTable) -> int:
    """Return the latest year that the sheet's name, else the titles, say the list is of; 0 if none.

    In a title it is the year behind "năm"; a decree's, a date's and a period's are none.
    """
    for texts, pattern in (((table.grid.name,), _YEAR), (table.titles, _OF_YEAR)):
        lines = (_OTHER_YEARS.sub(" ", key(text)) for text in texts)
        years = [int(year) for line in lines for year in pattern.findall(line)]
        if years:
            return max(years)
    return 0


def _read(
    tables: Sequence[FormTable], extract: Extract, form: Form, findings: list[Finding]
) -> Interpretation:
    done: list[Record] = []
    asides: list[str] = []
    read: dict[str, FormTable] = {}
    unknown: list[UnknownColumn] = []
    for table in tables:
        exact = table.header.exact  # our own workbook has no example
        rows = [row for row in table.rows if exact or not _is_example(row, table.header)]
        if len(rows) < len(table.rows):
            findings.append(Finding("note", "example-row", _EXAMPLE_NOTE))
        mine = _records(table, rows, len(done) + 1)
        content = repr([record.values for record in mine]) if len(tables) > 1 else ""
        if mine and content in read:
            message = _REPEATED.format(table.grid.name, read[content].grid.name)
            findings.append(Finding("warning", "table-repeated", message))
            continue
        read[content] = table
        data = {record.body.number for record in mine}
        unknown.extend(unknown_columns(table.grid, table.header, data))
        findings.extend(column_findings(table, form, mine, all_read=len(rows) == len(table.rows)))
        findings.extend(finding for record in mine for finding in record.findings)
        known = contexts(table.header, rows)
        findings.extend(total_findings(table.header, rows, mine, known))
        asides.extend(_asides(table, rows))
        done.extend(mine)
    heading = tuple(one_line(line) for table in read.values() for line in table.titles)
    if not done:
        return Interpretation((), (), heading, _blank(extract.kind), asides=tuple(asides))
    findings[:0] = _several(list(read.values()))
    findings.extend(duplicates(done, form))
    findings.extend(count_findings((*asides, *extract.lines), len(done)))
    rows_read = tuple(record.row() for record in done)
    return Interpretation(
        rows_read,
        tuple(findings),
        heading,
        asides=tuple(asides),
        unknown=tuple(unknown[:MOST_COLUMNS]),
    )


def _records(table: FormTable, rows: Sequence[BodyRow], first: int) -> list[Record]:
    mine = records(table.grid, table.header, rows, first)
    groups = sections(rows)
    for record in mine:
        over = (table.sheet, groups[record.body.number])
        record.section = " / ".join(filter(None, over))
        _doubt_loose(record, table)
    return mine


def _several(tables: Sequence[FormTable]) -> list[Finding]:
    """Return the warning that several tables were read; slips are meant to be several."""
    if sum(not table.slip for table in tables) < 2:  # noqa: PLR2004  one is the rule
        return []
    names = ", ".join(f"“{table.grid.name}”" for table in tables)
    return [Finding("warning", "several-tables", _SEVERAL.format(len(tables), names))]


def _doubt_loose(record: Record, table: FormTable) -> None:
    """Lower the confidence of values that may go on, or stand twice, in a slip."""
    if table.slip is None:
        return
    for column in table.header.columns:
        name = column.field.key
        if name in table.slip.loose and record.confidence.get(name, 0) >= CERTAIN:
            record.confidence[name] = _LOOSE
            message = _LOOSE_VALUE.format(column.caption)
            place = record.places[name]
            record.findings.append(
                Finding("warning", "value-unclear", message, name, record.number, place)
            )


_LOOSE = 0.7
_LOOSE_VALUE = (
    "Mục “{}”: chưa rõ nội dung ghi đến đâu hoặc có hai nội dung khác nhau; "
    "đề nghị mỗi mục chỉ ghi một nội dung, ngay sau tên mục."
)
_EXAMPLE_NOTE = "Dòng ví dụ của biểu mẫu không được ghi nhận."


def _is_example(row: BodyRow, header: Header) -> bool:
    own = row.own
    first = next((own[c.field.key] for c in header.columns if c.field.key in own), None)
    marked = row.index is not None and _EXAMPLE.match(fold(row.index.text)) is not None
    said = first is not None and _EXAMPLE_TEXT.match(key(first.text)) is not None
    return row.kind == "data" and (marked or said)


def _asides(table: FormTable, rows: Iterable[BodyRow]) -> list[str]:
    numbers = {row.number for row in rows if row.kind in {"note", "total"}}
    texts = [
        one_line(cell.text)
        for number in sorted(numbers)
        for cell in table.grid.rows[number]
        if cell and any(letter.isalpha() for letter in cell.text)
    ]
    return [*texts, *table.grid.after]


def _blank(kind: str) -> Refusal:
    return Refusal(
        "blank-template",
        "Biểu mẫu chưa có dòng nào được điền. Đề nghị điền danh sách điểm và gửi lại; nếu không có "
        "nhu cầu, đề nghị trả lời rõ “không có nhu cầu”.",
        "the form's header was found, but no data row",
        kind,
    )


def _wrong_form(extract: Extract, form: Form, best: Best | None) -> Refusal:
    found = {column.field.key for column in best[1].columns} if best else set()
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
        tuple(_unknown_in(*best))[:MOST_COLUMNS] if best else (),
    )


def _unknown_in(grid: Grid, header: Header) -> Iterable[UnknownColumn]:
    data = [row.number for row in body_rows(grid, header) if row.kind == "data"]
    return unknown_columns(grid, header, data)
