"""The official fill-in workbook: one per commune, its name and code in place.

It reads back without a doubt: columns bear their fields' keys, captions are the form's labels,
money states its unit, phones and codes are text cells, choices are lists, and the guidance stands
on a sheet of its own in prose. Nothing is locked: communes add rows, and what they change in the
captions is told by the keys over them.
"""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from config.model import Campaign, Commune, Office
from notifier import wording
from notifier.facts import addressee
from notifier.fixed_zip import repack
from notifier.printed import (
    CENTRE,
    DECIMAL,
    HEADER,
    INDEX,
    WHOLE,
    Look,
    Value,
    page,
    put,
    row,
    span,
    widths,
)
from notifier.workbook_mark import sealed_mark, write_mark
from parsers.form import Field, FieldType
from parsers.official import MARK_SHEET, caption, column_key, guide_heads

#: Rows to be filled in.
ROWS = 20
#: Rows that stay free under the points of an answer that is sent back to be corrected.
SPARE = 5
_LIST_LIMIT = 255  # Excel's limit for a list written into the validation itself
_HINT_LIMIT = 250  # … and for its prompt

_WIDTHS: dict[FieldType, float] = {
    "text": 14.0, "list": 17.0, "choice": 13.0, "code": 12.0, "phone": 12.5,
    "decimal": 9.0, "stars": 6.0, "date": 12.0, "money": 14.0,
}  # fmt: skip
FORMATS: dict[FieldType, str] = {
    "phone": "@", "code": "@", "money": WHOLE, "decimal": DECIMAL, "stars": "0",
    "date": "dd/mm/yyyy",
}  # fmt: skip
_ACROSS: dict[FieldType, str] = {
    "phone": "center", "code": "center", "money": "right", "decimal": "right", "stars": "center",
    "date": "center",
}  # fmt: skip
_EXAMPLES: dict[FieldType, str] = {
    "text": "Ghi bằng chữ, đầy đủ.",
    "list": "Ghi từng sản phẩm, cách nhau bằng dấu chấm phẩy. Ví dụ: Hạt dẻ tươi; Mật ong.",
    "choice": "Chọn một giá trị trong danh sách của ô.",
    "code": "Ghi liền, không có dấu cách. Ví dụ: 4900123456.",
    "phone": "Ghi 10 chữ số, giữ số 0 ở đầu. Ví dụ: 0912 000 111.",
    "decimal": "Ghi số, dấu phẩy là dấu thập phân. Ví dụ: 35,5.",
    "stars": "Ghi một chữ số từ 1 đến 5. Ví dụ: 3.",
    "date": "Ghi ngày/tháng/năm. Ví dụ: 20/12/2022.",
    "money": "Ghi đủ số tiền bằng đồng, không viết tắt. Ví dụ: 50.000.000.",
}


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook that is being made; ``first`` is the line of its first point."""

    book: Workbook
    sheet: Worksheet
    first: int

    def data(self, made_at: dt.datetime) -> bytes:
        """Return the file; the same content and moment give the same bytes."""
        target = io.BytesIO()
        self.book.save(target)
        return repack(target.getvalue(), made_at)


def fill_in_workbook(campaign: Campaign, commune: Commune, office: Office, secret: bytes) -> bytes:
    """Return the form as ``.xlsx`` for one commune; the same arguments give the same bytes.

    ``secret`` is the vault's: it seals whom the workbook was made for.
    """
    return official_book(campaign, commune, office, secret).data(campaign.opens_at)


def official_book(
    campaign: Campaign,
    commune: Commune,
    office: Office,
    secret: bytes,
    *,
    points: int = 0,
    issue: str = "",
    remark: str = "",
) -> Book:
    """Return the sealed workbook with empty rows: for so many points and some more.

    ``issue`` is the receipt number of the answer that it corrects, ``remark`` a line above.
    """
    book = Workbook()
    book.properties.creator = wording.clean(office.name, 100)
    book.properties.title = wording.clean(campaign.form.title, 200)
    book.remove(book.worksheets[0])
    fields = campaign.form.fields
    rows = max(ROWS, points + SPARE)
    sheet = book.create_sheet("Biểu đăng ký")
    keys = _head(sheet, campaign, commune, office, remark)
    _keys(sheet, keys, fields)
    header = keys + 1
    _table(sheet, header, fields, rows)
    last = _foot(sheet, header + 2 + rows, len(fields) + 1)
    page(sheet, (header, header + 1), len(fields) + 1, last)
    sheet.freeze_panes = f"C{header + 2}"
    _guide(book.create_sheet("Hướng dẫn"), campaign, office)
    write_mark(book, sealed_mark(campaign, commune, secret, issue))
    _validations(book, header + 2, rows, fields)
    return Book(book, sheet, header + 2)


def _head(
    sheet: Worksheet, campaign: Campaign, commune: Commune, office: Office, remark: str
) -> int:
    """Write who fills it in and what it is; return the line below."""
    fields = campaign.form.fields
    columns = len(fields) + 1
    widths(sheet, [6.0, *(_WIDTHS[field.type] for field in fields)])
    middle = Look(across="center", border=False)
    body = addressee(commune)
    span(sheet, 1, 1, 4, body.upper(), Look(bold=True, across="center", border=False))
    span(sheet, 2, 1, 4, f"Mã đơn vị: {commune.code}", middle)
    title = Look(bold=True, across="center", size=14, border=False)
    span(sheet, 3, 1, columns, campaign.form.title.upper(), title)
    attached = (
        f"(Kèm theo Công văn số        ngày      tháng      năm "
        f"{campaign.deadline_at.astimezone(office.zone).year} của {body})"
    )
    span(sheet, 4, 1, columns, attached, Look(italic=True, across="center", border=False))
    until = wording.before(campaign.deadline_at, office.zone)
    sent = f"Gửi về {office.name} (qua {office.unit}), thư điện tử {office.address}, {until}"
    span(sheet, 5, 1, columns, sent, Look(italic=True, across="center", border=False))
    if remark:
        span(sheet, 6, 1, columns, remark, Look(bold=True, across="center", border=False))
    return 7 if remark else 6


def _keys(sheet: Worksheet, line: int, fields: Sequence[Field]) -> None:
    """Write the hidden row that names the columns: whoever moves one moves its key with it."""
    for column, field in enumerate((None, *fields), start=1):
        sheet.cell(line, column).value = column_key(field)
    sheet.row_dimensions[line].hidden = True


def _table(sheet: Worksheet, header: int, fields: Sequence[Field], rows: int) -> None:
    columns = len(fields) + 1
    row(sheet, header, ["STT", *(caption(field) for field in fields)], [HEADER] * columns)
    row(sheet, header + 1, [f"({index})" for index in range(1, columns + 1)], [INDEX] * columns)
    for column, field in enumerate(fields, start=2):
        comment = Comment(hint(field), "", height=110, width=260)
        sheet.cell(header, column).comment = comment
    looks = [CENTRE, *map(look_of, fields)]
    for number in range(1, rows + 1):
        line = header + 1 + number
        empty: list[Value] = [number, *([None] * len(fields))]
        row(sheet, line, empty, looks)
        sheet.row_dimensions[line].height = 32


def look_of(field: Field) -> Look:
    """Return how a cell of this column looks."""
    return Look(number_format=FORMATS.get(field.type, ""), across=_ACROSS.get(field.type, "left"))


def hint(field: Field) -> str:
    """Return how a column is filled in, with an example."""
    must = "Bắt buộc. " if field.required else "Không bắt buộc. "
    return must + _EXAMPLES[field.type]


def _validations(book: Workbook, first: int, rows: int, fields: Sequence[Field]) -> None:
    """Lists and bounds that explain themselves. Only whole stars are refused; the rest warns."""
    sheet, lists = book.worksheets[0], book[MARK_SHEET]
    for column, field in enumerate(fields, start=2):
        rule = _rule(field, lists, column)
        if rule is None:
            continue
        letter = get_column_letter(column)
        rule.add(f"{letter}{first}:{letter}{first + rows - 1}")
        rule.errorStyle = "stop" if field.type == "stars" else "warning"
        rule.allow_blank = True
        rule.promptTitle, rule.prompt = field.label[:32], hint(field)[:_HINT_LIMIT]
        rule.errorTitle, rule.error = "Đề nghị kiểm tra", hint(field)[:_HINT_LIMIT]
        rule.showInputMessage = rule.showErrorMessage = True
        sheet.add_data_validation(rule)


def _rule(field: Field, lists: Worksheet, column: int) -> DataValidation | None:
    if field.type == "choice" and field.choices:
        return DataValidation(type="list", formula1=_listed(field, lists, column))
    if field.type == "stars":
        return DataValidation(type="whole", operator="between", formula1="1", formula2="5")
    if field.type in {"money", "decimal"}:
        return DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0")
    if field.type == "date":
        return DataValidation(
            type="date", operator="greaterThan", formula1=str(_serial(dt.date(2000, 1, 1)))
        )
    return None


def _listed(field: Field, lists: Worksheet, column: int) -> str:
    """Return the choices as a rule names them; what it cannot hold stands on a hidden sheet."""
    values = [choice.value for choice in field.choices]
    inline = ",".join(values)
    if len(inline) <= _LIST_LIMIT and not any(sign in value for value in values for sign in ',"'):
        return f'"{inline}"'
    for line, value in enumerate(values, start=1):
        put(lists.cell(line, column), value)
    letter = get_column_letter(column)
    return f"{MARK_SHEET}!${letter}$1:${letter}${len(values)}"


def _serial(day: dt.date) -> int:
    return (day - dt.date(1899, 12, 30)).days


def _foot(sheet: Worksheet, line: int, columns: int) -> int:
    """Write the signature block and return its last line."""
    half = columns // 2
    strong = Look(bold=True, across="center", border=False)
    middle = Look(italic=True, across="center", border=False)
    span(sheet, line + 1, 1, half, "NGƯỜI LẬP BIỂU", strong)
    span(sheet, line + 1, half + 1, columns, "TM. ỦY BAN NHÂN DÂN", strong)
    span(sheet, line + 2, 1, half, "(Ký, ghi rõ họ tên)", middle)
    span(sheet, line + 2, half + 1, columns, "CHỦ TỊCH", strong)
    span(sheet, line + 3, half + 1, columns, "(Ký, đóng dấu, ghi rõ họ tên)", middle)
    return line + 3


def _guide(sheet: Worksheet, campaign: Campaign, office: Office) -> None:
    """How to fill it in, as prose: no second table that could be taken for the form.

    Never how to say that there is no need: our own words would come back as the commune's.
    """
    widths(sheet, [74.0])  # one column cannot be shrunk to the page by every program
    until = wording.before(campaign.deadline_at, office.zone)
    lines = [
        "HƯỚNG DẪN GHI BIỂU",
        f"1. Mỗi điểm ghi một dòng ở trang “Biểu đăng ký”. Ô bắt buộc phải ghi đủ. Gửi {until}.",
        "2. Không sửa dòng tiêu đề cột. Có thể thêm dòng nếu không đủ.",
        "3. Tiền ghi đủ bằng đồng; ngày ghi ngày/tháng/năm; điện thoại ghi đủ số 0 ở đầu.",
        "4. Nhiều sản phẩm trong một ô: cách nhau bằng dấu chấm phẩy.",
        "5. Biểu được cấp riêng cho từng đơn vị: ghi và gửi lại chính tệp này.",
        "Cách ghi từng cột:",
        *(guide_heads(field)[0] + hint(field) for field in campaign.form.fields),
        *_choice_lines(campaign.form.fields),
    ]
    for number, text in enumerate(lines, start=1):
        look = Look(bold=number == 1, border=False)
        row(sheet, number, [text], [look])
    page(sheet, (1, 1), 1, len(lines))
    sheet.page_setup.orientation = "portrait"


def _choice_lines(fields: Sequence[Field]) -> list[str]:
    return [
        f"{guide_heads(field)[1]}{'; '.join(choice.value for choice in field.choices)}."
        for field in fields
        if field.type == "choice" and field.choices
    ]
