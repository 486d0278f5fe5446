"""The workbook of what we understood of an answer: correcting it is editing the red cells.

Each value stands as a typed cell that reads back as the same value; what does not is said. Where
there is no value the words of the sender stand, unless they would now read as one.
"""

import contextlib
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openpyxl.comments import Comment
from openpyxl.styles import Border, PatternFill, Side

from config.model import Campaign, Commune, Office
from notifier.fill_in import Book, hint, look_of, official_book
from notifier.printed import CENTRE, Value, number, put, row
from notifier.wording import clean
from parsers.form import Field
from parsers.grid import Cell
from parsers.number_format import shown
from parsers.official import stated_unit
from parsers.outcome import Context
from parsers.reading import CERTAIN, Finding
from parsers.reading import Row as ReadRow
from parsers.values import MONEY_UNITS, is_ditto, parse
from parsers.vietnamese import is_plain, settled
from registry.model import Submission

RED = PatternFill("solid", fgColor="FFFF9C9C")
AMBER = PatternFill("solid", fgColor="FFFFE699")
_EDGE = {
    "red": Border(*(Side(style="medium", color="FFC00000"),) * 4),
    "amber": Border(*(Side(style="medium", color="FFBF8F00"),) * 4),
}
#: What a cell's text may be long (Excel: 32,767 with its escapes); what of a comment is read.
_CELL_TEXT, _COMMENT_TEXT = 32_000, 1_000
#: What a spreadsheet would take for an escaped letter.
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SQUARE_METRES: Mapping[str, int] = {"": 1, "m2": 1, "met vuong": 1, "ha": 10_000, "km2": 10**6}
_NOT_THE_SAME = (
    "Hệ thống không ghi lại được nguyên vẹn nội dung đã đọc của ô này; đề nghị kiểm tra và ghi lại."
)


@dataclass(frozen=True, slots=True)
class _Marked:
    """One cell as it will stand: its value, and what is said of it."""

    value: Value | dt.date
    colour: str = ""
    said: tuple[str, ...] = ()


def correction_workbook(
    campaign: Campaign, commune: Commune, office: Office, submission: Submission, secret: bytes
) -> bytes:
    """Return the official workbook filled with an answer, as ``.xlsx``; wrong cells are red.

    A red cell has an error, an amber one a doubt: its comment says what was found and what to
    write. Points keep their order, one row each. The mark names the receipt number of the answer.
    The same arguments give the same bytes; returned as it is it reads as the same rows.
    """
    fields = campaign.form.fields
    told = _told(submission.findings)
    lines = [
        _line(point.row, point.ordinal, fields, told)
        for point in sorted(submission.points, key=lambda one: one.ordinal)
    ]
    made = official_book(
        campaign,
        commune,
        office,
        secret,
        points=len(lines),
        issue=submission.receipt,
        remark=_remark([cell for line in lines for cell in line], submission),
    )
    for at, line in enumerate(lines):
        _write(made, made.first + at, line, fields)
    return made.data(submission.recorded_at)


def _remark(cells: Sequence[_Marked], submission: Submission) -> str:
    """Say over the table what the colours mean, and how many cells there are of each."""
    red = sum(cell.colour == "red" for cell in cells)
    amber = sum(cell.colour == "amber" for cell in cells)
    parts = [f"Nội dung đã đọc từ văn bản có số tiếp nhận {submission.receipt}."]
    if red:
        parts.append(f"Ô màu đỏ ({red} ô): đề nghị sửa.")
    if amber:
        parts.append(f"Ô màu vàng ({amber} ô): đề nghị kiểm tra lại.")
    parts.append("Chọn ô để xem ghi chú, sửa ngay trong ô, lưu lại và trả lời thư kèm tệp này.")
    return " ".join(parts)


def _told(findings: Sequence[Finding]) -> Mapping[tuple[int | None, str | None], list[Finding]]:
    """Return the findings by row and field; ``None`` stands for all rows, or the whole row."""
    told = defaultdict(list)
    for finding in findings:
        told[finding.row, finding.field].append(finding)
    return told


def _line(
    read: ReadRow,
    ordinal: int,
    fields: Sequence[Field],
    told: Mapping[tuple[int | None, str | None], list[Finding]],
) -> list[_Marked]:
    """Return the cells of one point: first what is said of the whole row, then the fields'."""
    whole = told.get((ordinal, None), [])
    cells = [_Marked(ordinal, _colour(whole), tuple(one.message for one in whole))]
    for field in fields:
        found = [*told.get((ordinal, field.key), []), *told.get((None, field.key), [])]
        cells.append(_marked(field, read, found))
    if all(cell.value is None for cell in cells[1:]):
        # An empty row is no point: then the words stand, whatever they may read as.
        raw = [read.raw.get(field.key) or None for field in fields]
        cells[1:] = [
            _Marked(words, cell.colour, cell.said)
            for words, cell in zip(raw, cells[1:], strict=True)
        ]
    return cells


def _marked(field: Field, read: ReadRow, found: Sequence[Finding]) -> _Marked:
    said = tuple(finding.message for finding in found)
    text = read.values.get(field.key)
    if text is None:
        raw = read.raw.get(field.key, "")[:_CELL_TEXT]
        # "Như trên" would now take its value from another row, an old font's letters any.
        words = raw.strip() and is_plain(raw) and not is_ditto(raw)
        unread = words and _back(field, raw) is None
        kept = raw if unread else None
        if raw.strip() and kept is None:
            said = (*said, f"Đã ghi: “{clean(raw, 200)}”.")
        return _Marked(kept, _colour(found), said)
    value = next((one for one in _ways(field, text) if _back(field, one) == text), None)
    if value is None:
        return _Marked(text[:_CELL_TEXT], _colour(found) or "amber", (*said, _NOT_THE_SAME))
    doubtful = read.confidence.get(field.key, 1.0) < CERTAIN
    return _Marked(value, _colour(found) or ("amber" if doubtful else ""), said)


def _colour(found: Sequence[Finding]) -> str:
    severities = {finding.severity for finding in found}
    return "red" if "error" in severities else "amber" if "warning" in severities else ""


def _ways(field: Field, text: str) -> Iterator[Value | dt.date]:
    """Yield the ways to write a canonical value into a cell of its column, the best one first."""
    unit = stated_unit(field)
    if field.type in {"money", "decimal"}:
        scale = MONEY_UNITS.get(unit, 1) if field.type == "money" else _SQUARE_METRES.get(unit)
        amount = number(text)
        if amount is not None and scale:
            yield amount / scale
        yield text.replace(".", ",")
    elif field.type == "stars" and text.isdecimal():
        yield int(text)
    elif field.type == "date":
        with contextlib.suppress(ValueError):
            yield dt.date.fromisoformat(text)
    yield text
    if field.type == "list":
        yield text.replace("; ", "\n")
    yield f"'{text}"  # a leading apostrophe is read as "this is text"


def _back(field: Field, value: Value | dt.date) -> str | None:
    """Return what a cell of the official workbook with this value will be read as."""
    code = look_of(field).number_format or "General"
    if isinstance(value, dt.date):
        moment = dt.datetime.combine(value, dt.time())
        cell = Cell(f"{value:%d/%m/%Y}", moment, "", code)
    elif isinstance(value, str):
        text = settled(value)
        if not text.strip() or len(text) > _CELL_TEXT:
            return None
        cell = Cell(text, text, "", code)
    elif value is None:
        return None
    else:
        text, typed = shown(float(value), code)
        cell = Cell(text, typed, "", code)
    context = Context(stated_unit(field), day_first=True, told=True)
    return parse(field, cell, context).text


def _write(made: Book, line: int, cells: Sequence[_Marked], fields: Sequence[Field]) -> None:
    sheet = made.sheet
    looks = [CENTRE, *map(look_of, fields)]
    row(sheet, line, [_measured(cell.value) for cell in cells], looks)
    for column, (marked, look) in enumerate(zip(cells, looks, strict=True), start=1):
        cell = sheet.cell(line, column)
        if isinstance(marked.value, dt.date):
            cell.value, cell.number_format = marked.value, look.number_format
        elif isinstance(marked.value, str):
            put(cell, _ESCAPED.sub("_x005F_", marked.value), look)
        if marked.colour:
            cell.fill = RED if marked.colour == "red" else AMBER
            cell.border = _EDGE[marked.colour]
            cell.comment = _comment(marked, fields[column - 2] if column > 1 else None)
    sheet.row_dimensions[line].height = max(32.0, sheet.row_dimensions[line].height or 0)


def _measured(value: Value | dt.date) -> Value:
    return f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else value


def _comment(marked: _Marked, field: Field | None) -> Comment:
    head = "CẦN SỬA" if marked.colour == "red" else "ĐỀ NGHỊ KIỂM TRA"
    said = marked.said or ("Hệ thống đọc ô này chưa chắc chắn; đề nghị đối chiếu với bản gốc.",)
    lines = [head, *dict.fromkeys(said)]
    if field:
        lines.append(f"Cách ghi: {hint(field)}")
    text = "\n".join(clean(line, _COMMENT_TEXT) for line in lines)
    height = 60 + 17 * sum(len(line) // 38 + 1 for line in lines)
    return Comment(text[:_COMMENT_TEXT], "", height=min(height, 400), width=280)
