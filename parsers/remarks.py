"""What is to be said about a table as a whole: columns, hidden cells, gaps, repetitions."""

from collections.abc import Iterable, Sequence

from parsers.form import Form
from parsers.form_tables import FormTable
from parsers.grid import is_filled
from parsers.reading import CERTAIN, Finding
from parsers.records import Record
from parsers.rows import is_point, may_be_of_point, names_a_point
from parsers.vietnamese import key


def column_findings(
    table: FormTable, form: Form, mine: Sequence[Record], *, all_read: bool
) -> Iterable[Finding]:
    """Yield what is to be said about a table's columns as a whole, once each.

    ``all_read`` = no row was left out as the template's example, which may bear the number 1.
    """
    header, grid = table.header, table.grid
    place = next(cell.place for row in grid.rows[header.first :] for cell in row if cell)
    mapped = {column.field.key for column in header.columns}
    for field in form.fields:
        if field.required and field.key not in mapped:
            message = (_NO_LABEL if table.slip else _NO_COLUMN).format(field.label)
            number = mine[0].number if table.slip and mine else None
            yield Finding("error", "missing-column", message, field.key, number, place)
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
            if len(caption) > _LONGEST_CAPTION:
                message = _SWOLLEN.format(caption[:_LONGEST_CAPTION])
                yield Finding("warning", "extra-column", message, None, None, where)
            else:
                yield Finding("note", "extra-column", _EXTRA.format(caption), None, None, where)
    yield from _hidden(table, mine)
    # In an official workbook the numbers were printed, and an empty row is only empty.
    yield from _gaps([] if header.exact else mine, all_read=all_read)
    yield from _below(table)


_NO_COLUMN = "Bảng không có cột “{}”; đề nghị bổ sung cột này theo mẫu."
_NO_LABEL = "Phiếu không có mục “{}”; đề nghị bổ sung mục này theo mẫu."
_GUESSED = "Cột “{}” được hiểu là “{}”; nếu không đúng, đề nghị ghi tên cột theo mẫu."
_UNCLEAR = (
    "Không rõ cột “{}” ứng với nội dung nào của biểu mẫu nên chưa ghi nhận; "
    "đề nghị ghi tên cột đúng theo mẫu."
)
_DOUBLED = "Có nhiều cột cùng tên “{}”, chỉ đọc cột đầu tiên; đề nghị bỏ cột thừa."
_EXTRA = "Cột “{}” không có trong biểu mẫu nên không được ghi nhận."
#: Letters of a caption; a longer one may have swallowed a row of the list.
_LONGEST_CAPTION = 120
_SWOLLEN = (
    "Tiêu đề cột “{}…” quá dài và không có trong biểu mẫu; "
    "đề nghị kiểm tra có dòng nào của danh sách nằm lẫn trong tiêu đề không."
)


def _hidden(table: FormTable, mine: Sequence[Record]) -> Iterable[Finding]:
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


def _below(table: FormTable) -> Iterable[Finding]:
    """Yield what stands under the signatures: an error for a point, a warning for what may be."""
    header, last = table.header, max((row.number for row in table.rows), default=table.header.end)
    at = {column.field.key: column.index for column in header.columns}
    below = [cells for cells in table.grid.rows[last + 1 :] if any(map(is_filled, cells))]
    for number, cells in enumerate(below):
        named = cells[at[header.name]] if header.name else None
        if named is not None and is_point(header, cells):
            yield Finding("error", "below-table", _BELOW, header.name, None, named.place)
        elif may_be_of_point(header, cells) or (not number and names_a_point(header, cells)):
            place = next(cell.place for cell in cells if is_filled(cell) and cell)
            yield Finding("warning", "below-table", _MAY_BE_BELOW, None, None, place)


_BELOW = (
    "Dòng này nằm dưới phần ký nên không được ghi nhận; "
    "đề nghị chép lên trên, vào các dòng của bảng."
)
_MAY_BE_BELOW = (
    "Dòng này được hiểu là phần ký nên không được ghi nhận; "
    "nếu là thông tin của một điểm, đề nghị chép vào dòng của điểm đó."
)
#: What is larger is a code or a year.
_LAST_NUMBER = 500


def _gaps(mine: Sequence[Record], *, all_read: bool) -> Iterable[Finding]:
    """Yield a warning where the running numbers skip: a row may have been lost or hidden.

    So may one be whose document's first list does not begin with 1.
    """
    above = 0
    for record in mine:
        cell = record.body.index
        mark = cell.text.strip(" .") if cell else ""
        if cell is None or not mark.isdecimal():
            above = 0
            continue
        number = int(mark)
        if all_read and record.number == 1 and 1 < number <= _LAST_NUMBER:
            message = (
                f"Số thứ tự bắt đầu từ {number}; đề nghị kiểm tra có sót điểm nào ở trên không."
            )
            yield Finding("warning", "number-gap", message, None, record.number, cell.place)
        elif above and number not in {1, above + 1}:
            message = (
                f"Số thứ tự nhảy từ {above} đến {number}; đề nghị kiểm tra có sót điểm nào không."
            )
            yield Finding("warning", "number-gap", message, None, record.number, cell.place)
        above = number


def duplicates(done: Sequence[Record], form: Form) -> Iterable[Finding]:
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
