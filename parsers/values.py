"""One cell → one canonical value with its confidence, for every field type (DESIGN §6).

``parse`` is the door. What it cannot read for certain it flags; what it cannot read it leaves out
with an error that says what to write instead.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType

from parsers.choices import parse_choice
from parsers.dates import parse_date
from parsers.form import Field, FieldType
from parsers.grid import Cell
from parsers.lists import parse_list
from parsers.money import MONEY_UNITS, money_unit, parse_money
from parsers.outcome import EMPTY, Context, Problem, Value, doubt, error, quoted
from parsers.phones import parse_phone
from parsers.quantities import parse_decimal, parse_stars
from parsers.ticks import ticked
from parsers.vietnamese import fold, looks_legacy, one_line

__all__ = [
    "MONEY_UNITS",
    "Context",
    "Problem",
    "Value",
    "is_ditto",
    "is_empty",
    "money_unit",
    "parse",
]

_BLANKS = re.compile(r"[\s\-–—−_.…/]*")
_NOTHING = frozenset(
    {
        "khong",
        "khong co",
        "khong co gi",
        "chua co",
        "ko",
        "ko co",
        "k co",
        "n a",
        "none",
        "null",
        "0",
    }
)
_DITTO_SIGNS = re.compile(
    r"[-–—\s]*(?://|\"|''|”|“|〃|″|,,)(?:\s*(?://|\"|''|”|“|〃|″|,,))*[-–—\s]*"
)
_DITTO_WORDS = frozenset({"nt", "n t", "nhu tren", "nhu tren nt", "tuong tu", "tuong tu nhu tren"})
_EXCEL_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|#+)")
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
#: Excel keeps 15 digits of a number; a longer code has lost its last ones.
_EXACT_LIMIT = 10**15
#: Digits of a tax code and of a branch's. Personal numbers have 12, of which the first is always 0.
_TAX_CODE, _BRANCH = 10, 13
#: What the first nine digits of a tax code count in its last.
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
#: The fourth digit of a personal number: sex and century. Of one without its zeros, the second.
_CENTURIES = frozenset("0123")
#: So many letters and digits may be a code of their own.
_WHOLE_CODE = 8
#: What a printed form may offer as boxes to tick; elsewhere a box may be a bullet.
_TICKED_TYPES: frozenset[FieldType] = frozenset({"choice", "stars"})
#: Types whose values are written with a few signs. What is longer is none of them, and looking at
#: it closely would take time by the square of its length.
_SHORT: frozenset[FieldType] = frozenset({"decimal", "money", "stars", "phone", "code", "date"})
_LONGEST = 1_000
_NUMERIC: frozenset[FieldType] = frozenset({"decimal", "money", "stars", "phone", "code"})


def parse(field: Field, cell: Cell, context: Context) -> Value:
    """Read one cell as its field asks (DESIGN §6).

    No text and no problem = empty; no text with a problem = there is something that cannot be
    trusted. A ditto mark gives the problem ``ditto``, which the caller resolves from the row above.
    """
    if cell.text.startswith("'"):  # a spreadsheet's mark for "this is text", typed in Word too
        cell = cell._replace(text=cell.text[1:])
    barred = _barred(field, cell)
    if barred is not None:
        return barred
    if field.type in _TICKED_TYPES and (chosen := ticked(cell.text)) is not None:
        cell = cell._replace(text=chosen, value=chosen)
    if is_empty(cell) and not (field.type == "stars" and "0" in cell.text):
        return EMPTY
    if is_ditto(cell.text):
        return error(field, "ditto", "ô ghi “như trên” nhưng phía trên không có giá trị để lấy.")
    return _READERS[field.type](field, cell, context)


def is_empty(cell: Cell) -> bool:
    """Tell whether a cell says nothing: blank, dashes, dots, "không", "không có", 0."""
    if cell.uncalculated:
        return False
    if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool):
        return cell.value == 0
    return (bool(_BLANKS.fullmatch(cell.text)) and "//" not in cell.text) or fold(
        cell.text
    ) in _NOTHING


def is_ditto(text: str) -> bool:
    """Tell a mark that stands for the value above: ``nt``, ``-nt-``, ``//``, ``như trên``."""
    return bool(_DITTO_SIGNS.fullmatch(text.strip())) or fold(text) in _DITTO_WORDS


def _barred(field: Field, cell: Cell) -> Value | None:
    """Return the error of a cell that no reader may look at, None for the others."""
    if cell.uncalculated:
        message = (
            "ô là công thức chưa có kết quả. "
            "Đề nghị mở tệp bằng Excel, lưu lại rồi gửi, hoặc gõ thẳng giá trị."
        )
        return error(field, "uncalculated", message)
    if "#" in cell.text and _EXCEL_ERROR.fullmatch(cell.text.strip()):
        message = f"ô báo lỗi công thức {cell.text.strip()}. Đề nghị gõ thẳng giá trị."
        return error(field, "formula-error", message)
    if isinstance(cell.value, float) and not math.isfinite(cell.value):
        return error(field, "formula-error", "ô không chứa một số dùng được.")
    if isinstance(cell.value, bool):
        return error(field, "not-text", "ô chỉ ghi đúng/sai. Đề nghị ghi giá trị bằng chữ hoặc số.")
    if field.type in _SHORT and len(cell.text) > _LONGEST:
        return error(field, "too-long", "ô có quá nhiều chữ. Đề nghị mỗi ô chỉ ghi một giá trị.")
    if looks_legacy(cell.text):
        message = "chữ gõ bằng phông cũ (TCVN3/VNI). Đề nghị gõ lại bằng phông Unicode."
        return error(field, "legacy-font", message)
    if field.type in _NUMERIC and isinstance(cell.value, (dt.date, dt.time)):
        message = "Excel đã đổi nội dung ô thành ngày. Đề nghị định dạng ô là Text rồi gõ lại."
        return error(field, "turned-into-date", message)
    return None


def _text(field: Field, cell: Cell, _context: Context) -> Value:
    text = _typed_text(cell)
    if isinstance(cell.value, (dt.date, dt.time)):
        message = f"Excel đã đổi ô này thành ngày, đọc là {quoted(field, text)}. Đề nghị xem lại."
        return doubt(field, text, "turned-into-date", message)
    return Value(text)


def _typed_text(cell: Cell) -> str:
    if isinstance(cell.value, float) and cell.value.is_integer() and abs(cell.value) < _EXACT_LIMIT:
        return str(int(cell.value))
    return one_line(cell.text) or str(cell.value)


def _code(field: Field, cell: Cell, _context: Context) -> Value:
    """Read a code as written without inner spaces; a number may have lost its leading zeros."""
    if isinstance(cell.value, (int, float)):
        return _numeric_code(field, cell.value, cell.number_format)
    line = one_line(cell.text)
    text = re.sub(r"\s+", "", line)
    if _SHORTENED.fullmatch(text):
        return _shortened(field)
    if not any(map(str.isdigit, text)):
        return error(field, "not-a-code", "ô không có số nào. Đề nghị ghi mã số hoặc để trống.")
    pieces = line.split()
    gaps = ["; " if _is_code(a) and _is_code(b) else "" for a, b in pairwise(pieces)]
    if any(gaps) or _is_glued(line):
        text = "".join(map(str.__add__, pieces, [*gaps, ""])) if any(gaps) else line
        message = "ô có vẻ có nhiều mã số. Đề nghị chỉ ghi một mã số, hoặc ngăn cách bằng dấu “;”."
        return doubt(field, text, "several-values", message)
    return Value(text)


def _is_glued(line: str) -> bool:
    """Tell more digits than any code has, with a space among them: two codes in groups."""
    return any(
        " " in part.strip() and sum(map(str.isdigit, part)) > _BRANCH
        for part in re.split(r"[/;,]", line)
    )


def _is_code(piece: str) -> bool:
    """Tell a piece that may be a code of its own: long, of letters and digits only."""
    return len(piece) >= _WHOLE_CODE and piece.isalnum() and any(map(str.isdigit, piece))


def _numeric_code(field: Field, value: float, number_format: str) -> Value:
    if value != int(value) or abs(value) >= _EXACT_LIMIT:
        return _shortened(field)
    digits = str(int(value))
    width = re.fullmatch(r"0+", number_format)
    if width and len(width.group()) > 1:
        return Value(digits.zfill(len(width.group())))
    if len(digits) == _BRANCH or (len(digits) == _TAX_CODE and _is_tax_code(digits)):
        return Value(digits)
    message = "mã số đang ở dạng số, có thể mất số 0 ở đầu. Đề nghị định dạng ô là Text rồi gõ lại."
    return doubt(field, digits, "lost-zero", message)


def _is_tax_code(digits: str) -> bool:
    """Tell ten digits that are no personal number without its two zeros.

    That one is certain of most tax codes by their second digit, of the others by the check digit.
    """
    if digits[1] not in _CENTURIES:
        return True
    weighed = sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, digits, strict=False))
    return 10 - weighed % 11 == int(digits[-1])


def _shortened(field: Field) -> Value:
    message = "mã số bị Excel rút gọn hoặc làm tròn. Đề nghị định dạng ô là Text rồi gõ lại đủ số."
    return error(field, "shortened", message)


def _phone(field: Field, cell: Cell, _context: Context) -> Value:
    return parse_phone(field, cell)


def _choice(field: Field, cell: Cell, _context: Context) -> Value:
    return parse_choice(field, cell)


def _list(field: Field, cell: Cell, context: Context) -> Value:
    return parse_list(field, cell, told=context.told)


def _stars(field: Field, cell: Cell, _context: Context) -> Value:
    return _bounded(field, parse_stars(field, cell))


def _decimal(field: Field, cell: Cell, context: Context) -> Value:
    return _bounded(field, parse_decimal(field, cell, context))


def _bounded(field: Field, value: Value) -> Value:
    """Add the warning of an unusual value, unless the reading already has a problem."""
    if value.text is None or value.problem is not None:
        return value
    number = Decimal(value.text)
    low, high = field.low, field.high
    if (low is None or number >= low) and (high is None or number <= high):
        return value
    message = (
        f"Cột “{field.label}”: đọc được {quoted(field, value.text)}, "
        "khác thường so với mức hay gặp. Đề nghị kiểm tra lại."
    )
    return Value(value.text, value.confidence, Problem("warning", "unusual-value", message))


_READERS: Mapping[FieldType, Callable[[Field, Cell, Context], Value]] = MappingProxyType(
    {
        "text": _text,
        "code": _code,
        "phone": _phone,
        "choice": _choice,
        "decimal": _decimal,
        "list": _list,
        "stars": _stars,
        "date": parse_date,
        "money": parse_money,
    }
)
