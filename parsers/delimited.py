"""Text with separators (csv, tsv) → one grid.

A text has no types and no checks, so its shape must vouch for it: a row that is longer than the
table has an unquoted separator somewhere, and every value behind that would stand in the wrong
column. Such a file is refused; a shorter row is asked about. A last line without its end may have
been cut: its last value is doubted, and if it is short as well the file is not whole.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Final

from parsers.charset import decoded
from parsers.form import Form
from parsers.grid import Extract, Limits, Trace
from parsers.incomplete import CUT_OFF, UNREAD
from parsers.legible import PartialExtract
from parsers.package import RefusedError, refusal_of
from parsers.reading import Finding, Refusal
from parsers.sparse import Budget, Sheet, extract_of
from parsers.vietnamese import repair

#: The name that stands in for a sheet's in places.
SHEET: Final = "Bảng"
_SEPARATORS: Final = ";\t|,"
#: Excel's own hint in the first line, which it does not show.
_HINT: Final = re.compile(r'\ufeff?"?sep=(.)"?\r?\n', re.IGNORECASE)
_LOOKED_AT: Final = 200
_SAMPLE: Final = 100_000
#: From this share of the rows on, commas that make columns are no accident.
_RULES: Final = 0.6
_LEAST_COLUMNS: Final = 3
_LEAST_ROWS: Final = 2

_MOST_TOLD: Final = 20
#: How sure the last value of a file is that ends without a line end, as some programs write it.
_MAYBE_CUT: Final = 0.8
_MARK_OF_PROSE: Final = ","

Rows = Sequence[Sequence[str]]


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read text with separators as the sheet that Excel would show; places are ``Bảng!B9``.

    All values are text. ``sep=;`` in the first line is obeyed and not counted as a row.

    Returns:
        An ``Extract`` (with findings for rows that are too short), or a ``Refusal`` with code
        ``damaged`` (also: a row that does not fit the table, a quote that never ends),
        ``too-large`` or ``empty``.
    """
    limits = limits or Limits()
    try:
        text = decoded(data)
        Budget(limits).spell(len(text))
        rows = _rows(text)
        open_ended = not text.endswith(("\n", "\r"))
        cut = open_ended and _is_short(rows)
        findings = ((CUT_OFF,) if cut else ()) + _misfits(rows)
        result = extract_of("csv", [_sheet(rows, Budget(limits), doubt_last=open_ended)])
    except RefusedError as error:
        return refusal_of(error, "csv")
    if not findings:
        return result
    return PartialExtract("csv", result.grids, result.lines, findings, UNREAD if cut else ())


def separator(text: str, *, sure: bool = True) -> str:
    """Return what separates the cells of a text, "" if it is no table.

    A table has two rows one after the other with the same number of cells, three at least; of
    several candidates the one with most cells in most rows counts. ``sure`` = somebody says that
    this is a table: then one such row will do. Without that, commas must rule the text and stand
    without a space behind, for prose has them too.
    """
    hint = _HINT.match(text)
    if hint:
        return hint[1]
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1]
    fits = {mark: _fit(sample, mark) for mark in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda mark: (fits[mark][0] - 1) * fits[mark][1] ** 2)
    width, share = fits[best]
    if sure:
        return best if width else _most_in_a_line(sample)
    spaced = sample.count(_MARK_OF_PROSE + " ") * 2 > sample.count(_MARK_OF_PROSE)
    prose = best == _MARK_OF_PROSE and (share < _RULES or spaced)
    return best if width and not prose else ""


def _most_in_a_line(text: str) -> str:
    lines = text.splitlines()
    counts = {mark: max((line.count(mark) for line in lines), default=0) for mark in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda mark: counts[mark])
    return best if counts[best] >= _LEAST_COLUMNS - 1 else ""


def _fit(text: str, mark: str) -> tuple[int, float]:
    """Return how many cells most rows have with this separator, and their share; 0 = no table."""
    parsed = islice(_parsed(text, mark), _LOOKED_AT)
    widths = [len(row) for row in parsed if any(map(str.strip, row))]
    common = Counter(width for width in widths if width >= _LEAST_COLUMNS).most_common(1)
    runs = (len(list(same)) for width, same in groupby(widths) if width >= _LEAST_COLUMNS)
    if not common or max(runs) < _LEAST_ROWS:
        return 0, 0.0
    width, count = common[0]
    return width, count / len(widths)


def _parsed(text: str, mark: str) -> Iterator[list[str]]:
    """Yield rows until the end, or until one that the csv module cannot read."""
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    except csv.Error:
        return


def _rows(text: str) -> Rows:
    mark = separator(text)
    hint = _HINT.match(text)
    lines = io.StringIO(text[hint.end() :] if hint else text, newline="")
    if not mark:
        return [[line] for line in lines]
    try:
        rows = list(csv.reader(lines, delimiter=mark, strict=True))
    except csv.Error as error:
        raise RefusedError("damaged", f"csv: {error}", _QUOTES) from error
    if any("\n" in cell for row in rows for cell in row) and _is_regular(text, mark):
        raise RefusedError("damaged", "csv: quotes that join rows", _QUOTES)
    return rows


def _is_regular(text: str, mark: str) -> bool:
    """Whether every line by itself has the same number of cells: then no quote spans two."""
    counts = {line.count(mark) for line in text.splitlines() if line.strip()}
    return len(counts) == 1


def _misfits(rows: Rows) -> tuple[Finding, ...]:
    """Return a warning for each row that is too short for the table.

    Raises:
        RefusedError: a row reaches beyond the header, so that a separator in it is a part of a
            value (an address, a decimal comma) and what follows stands in the wrong columns.
    """
    common = Counter(len(row) for row in rows if _filled(row) >= _LEAST_COLUMNS).most_common(1)
    most = common[0][0] if common else 0
    first = next((at for at, row in enumerate(rows) if _filled(row) > most / 2), len(rows))
    found = []
    for number, row in enumerate(rows[first:], first + 1):
        width = len(rows[first])
        if any(map(str.strip, row[width:])):
            message = _LONG.format(number, len(row), width)
            raise RefusedError("damaged", f"csv: row {number} has {len(row)} cells", message)
        if most / 2 < len(row) < min(most, width):
            message = _SHORT.format(number, len(row), width)
            place = f"{SHEET}!A{number}"
            found.append(Finding("warning", "ragged-row", message, None, None, place))
    return tuple(found[:_MOST_TOLD])


def _is_short(rows: Rows) -> bool:
    """Whether the last row has fewer cells than those before it, in a table."""
    widths = Counter(len(row) for row in rows[:-1] if len(row) >= _LEAST_COLUMNS)
    return bool(widths) and len(rows[-1]) < widths.most_common(1)[0][0]


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def _sheet(rows: Rows, budget: Budget, *, doubt_last: bool) -> Sheet:
    sheet = Sheet(SHEET, budget)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            text = repair(cell)
            sheet.put(number, column, text, text)
    last = sheet.rows.get(len(rows), {})
    if doubt_last and rows and len(rows[-1]) in last:
        doubted = last[len(rows[-1])]._replace(trace=Trace(confidence=_MAYBE_CUT))
        last[len(rows[-1])] = doubted
    return sheet


_RESEND: Final = "Đề nghị gửi tệp Excel (.xlsx), hoặc lưu lại tệp .csv từ Excel rồi gửi."
_QUOTES: Final = (
    "Tệp .csv có dấu ngoặc kép mở mà không đóng nên không rõ ô nào kết thúc ở đâu. " + _RESEND
)
_LONG: Final = (
    "Dòng {} của tệp có {} ô, nhiều hơn {} ô của dòng tiêu đề: có dấu ngăn cách nằm trong nội dung "
    "ô nên không rõ ô nào thuộc cột nào. " + _RESEND
)
_SHORT: Final = (
    "Dòng {} của tệp chỉ có {} ô, ít hơn {} ô của dòng tiêu đề; "
    "đề nghị kiểm tra dòng này có thiếu ô nào không."
)
