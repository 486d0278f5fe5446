"""Amounts of money: from the many ways of writing them to whole đồng.

A wrong amount that looks certain is worse than none. The unit therefore has to be stated, by the
cell, by its header or by the campaign; a number that does not fit its unit gives no value; and
"khoảng", ranges and sums ask back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from types import MappingProxyType

from parsers.form import Field
from parsers.grid import Cell
from parsers.number_format import beside, seen
from parsers.number_words import spelt_number
from parsers.numerals import NUMBER, Numeral, numeral, scientific
from parsers.outcome import EMPTY, Context, Value, doubt, error, quoted
from parsers.vietnamese import fold, key

#: What one of each unit is in đồng.
MONEY_UNITS: Mapping[str, int] = MappingProxyType(
    {"đồng": 1, "nghìn đồng": 10**3, "triệu đồng": 10**6, "tỷ đồng": 10**9}
)
#: What ``money_unit`` gives for a statement that names money and no unit of ``MONEY_UNITS``.
UNREADABLE = "?"
_DONG = r"(?:đồng|dong|vnđ|vnd|đ|₫)"
_THOUSAND = r"(?:(?:1[.,\s]?|['’‘`])?000|10\s*\^\s*3|10³)"
_MILLION = r"(?:(?:1[.,\s]?|['’‘`])?000[.,\s]?000|10\s*\^\s*6|10⁶)"


def _times(factor: str) -> str:
    """Return the pattern of so many đồng: ``1.000 đồng``, ``x 1.000 đ``, ``đồng x 1000``."""
    return rf"(?:[x×*]\s*)?{factor}\s*{_DONG}|{_DONG}\s*[x×*]\s*{factor}"


_WORDS: tuple[tuple[str, str], ...] = (
    ("tỷ đồng", rf"(?:tỷ|tỉ|ty|ti)(?:\s*{_DONG})?"),
    ("triệu đồng", rf"(?:triệu|trieu|tr)(?:\.?\s*{_DONG})?"),
    ("nghìn đồng", rf"(?:nghìn|ngàn|nghin|ngan|k)(?:\s*{_DONG})?|ngh?\.?\s*{_DONG}"),
    ("triệu đồng", _times(_MILLION)),
    ("nghìn đồng", _times(_THOUSAND)),
    ("đồng", _DONG),
)
_UNIT = "|".join(pattern for _, pattern in _WORDS[:3]) + f"|{_DONG}"
_STATED = re.compile(
    r"(?:đvt|đơn vị tính|đơn vị|đv tính|dvt|don vi tinh|don vi)\s*[:(]?\s*([^()\n]+)"
)
#: Only this lead is surely one of a unit: behind "Đơn vị:" there may be an office.
_TOLD = re.compile(r"(?:đvt|đơn vị tính|đv tính|dvt|don vi tinh)\s*[:(]?\s*([^()\n]+)")
#: Words by which a line over a table speaks of units.
_UNIT_LINE = re.compile(r"\b(?:don vi tinh|dvt|don vi|d v tinh|dv tinh|d v t|dv|d v)\b")
#: A line that says it in other words, and nothing else.
_LABELLED = re.compile(
    r"(?:(?:số liệu|(?:tổng )?(?:số tiền|kinh phí))\b[\w ]*?)? ?"
    r"(?::|(?:tính|ghi) (?:bằng|theo)(?: đơn vị)?:?) ?(?P<unit>.+)"
)
_PHRASE = re.compile(
    r"(?P<before>\d[\s.,]*|(?:trăm|chục|mươi|mười)\s+)?(?<!\w)"
    r"(?:triệu|trieu|nghìn|ngàn|nghin|ngan|tỷ|tỉ|ty)\s*(?:đồng|dong|vnđ|đ)(?!\w)"
    # By the month or the square metre it is a rate, no amount; by the point it is the amount.
    r"(?!\s*/(?!\s*(?:0?1\s*)?(?:điểm|cơ sở|cửa hàng|chủ thể|mô hình)(?!\w|\s*/)))"
)
#: Too short to state a unit in a header, where "(k)" may be a column's letter.
_CELL_ONLY = frozenset({"k", "ty", "ti", "tr"})
_FOREIGN = re.compile(r"[$€£¥]|usd|eur|cny|ndt")
#: Words with đồng that are no money.
_NO_MONEY = re.compile(r"(?<!\w)(?:hợp|cộng|hội|hop|cong|hoi)\s+(?:đồng|dong)(?!\w)")
_FOREIGN_WORD = r"[$€£¥]|(?<!\w)(?:usd|eur|cny|ndt|đô la|nhân dân tệ)(?!\w)"
#: What makes a statement one about the unit, though none can be read from it.
_NAMES_MONEY = re.compile(
    rf"{_FOREIGN_WORD}|(?<!\w)(?:vnđ|vnd)(?!\w)|₫|(?<!\d)['’‘`]?000(?!\d)"
    r"|(?<!\w)(?:đồng|dong|đ)\s*(?:$|[x×*]|/\s*(?!c\b))"
)
#: Unmistakable units at the end of a caption without brackets.
_PLAIN_TAIL = re.compile(
    r"(?<![\w.,])(?<!\d )"
    rf"(?:(?:ngh?|tr)\.?\s*(?:đ|₫)|[x×*]\s*(?:{_MILLION}|{_THOUSAND})\s*{_DONG})$"
)
#: What may be one there, or an amount.
_TAIL = re.compile(
    rf"(?:{_FOREIGN_WORD}|(?<![\w.,])(?:{_times(_MILLION)}|{_times(_THOUSAND)}))[\s.]*$"
)
#: Alone before đồng these are no amount; 106 is ten to the sixth whose small figure was lost.
_FACTOR = re.compile(rf"{_THOUSAND}|{_MILLION}|10[369]")
_LIMIT = re.compile(r"không quá|tối đa|tối thiểu|[≤≥<>]|(?<!\w)(?:dưới|trên|đến) \d")
_PART = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>(?:{_UNIT})(?!\w))?")
#: Behind the number: "(năm mươi triệu đồng)".
_REMARK = re.compile(r"\(([^()\d]*)\)[\s./]*$")
_ROUGHLY = re.compile(
    r"^(?:khoảng|tầm|gần|hơn|trên|dưới|tối đa|tối thiểu|không quá|ước tính|ước|dự kiến|dự toán"
    r"|[~≈<>≤≥])\s*"
)
_RANGE = re.compile(r"\d[^\d+]*(?:-|–|—|~|đến|tới|÷)\s*\d")
#: From here on a bare number can only have been meant in đồng.
_SURELY_DONG = 10**6
_NO_FRACTIONS = frozenset({"đồng", "nghìn đồng"})
_HINT = "Đề nghị ghi một số kèm đơn vị, ví dụ “50 triệu đồng” hoặc “50.000.000 đồng”."


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands in the cell: a number, the unit beside it if any, and whether it is exact.

    ``spelt`` is the same amount in words, where the cell has it too.
    """

    numeral: Numeral
    unit: str = ""
    rough: bool = False
    typed: bool = False
    spelt: Decimal | None = None


def money_unit(text: str) -> str | None:
    """Return the unit of money that a header, title or unit row states, a key of ``MONEY_UNITS``.

    ``"Kinh phí (triệu đồng)"``, ``"ĐVT: 1.000 đ"``, ``"tr.đ"``. ``UNREADABLE`` if it states two
    different ones, or money without any of them: "(USD)", "(trăm nghìn đồng)". Amounts ("không quá
    100 triệu đồng") and names (Đồng Đăng, hợp đồng) state none.
    """
    line = key(text)
    pieces = [line, *re.findall(r"\(([^()]*)\)", line), *_STATED.findall(line)]
    parts = [part for piece in pieces for part in re.split(r"[;:,](?!\d)", piece)]
    found = {unit for part in parts if part.strip() not in _CELL_ONLY and (unit := _unit(part))}
    phrases = [match for match in _PHRASE.finditer(line) if not match["before"]]
    tail = _PLAIN_TAIL.search(line)
    stated = [match.group() for match in (*phrases, *filter(None, [tail]))]
    found |= {unit for said in stated if (unit := _unit(said))}
    if found:
        return found.pop() if len(found) == 1 else UNREADABLE
    return UNREADABLE if _is_unreadable(line) else None


def unit_line(text: str) -> str | None:
    """Return the unit that a line over a table states for all of it, as ``money_unit`` does.

    ``"Đơn vị tính: triệu đồng"``, ``"Đ/v tính: 1.000 đ"``, ``"Số tiền tính bằng triệu đồng"``,
    ``"Kinh phí: triệu đồng"``. None of a line that speaks of something else.
    """
    line = key(text).strip(" .()*")
    named = _LABELLED.fullmatch(line)
    if named and (unit := _unit(named["unit"])):
        return unit
    return money_unit(text) if _UNIT_LINE.search(fold(text)) else None


def _is_unreadable(line: str) -> bool:
    """Tell a caption that says something about its money which is no unit that we know."""
    pieces = re.findall(r"\(([^()]*)\)", line) + _TOLD.findall(line)
    parts = [part.strip(" .") for piece in pieces for part in re.split(r"[;:,](?!\d)", piece)]
    return any(map(_names_money, parts)) or (not _is_limit(line) and bool(_TAIL.search(line)))


def _names_money(part: str) -> bool:
    if _is_limit(part) or not _NAMES_MONEY.search(_NO_MONEY.sub(" ", part)):
        return False
    return bool(re.search(r"[x×*]\s*\d|\d\s*[x×*]", part)) or not any(
        match["unit"] and not _FACTOR.fullmatch(match["number"]) for match in _PART.finditer(part)
    )


def _is_limit(text: str) -> bool:
    """Tell a remark on how much it may be: "không quá 1.000.000 đồng"."""
    return bool(_LIMIT.search(text))


def _unit(text: str) -> str | None:
    """Return the unit if the text is nothing else."""
    line = text.strip(" .:-/")
    line = re.sub(r"^(?:đvt|đơn vị tính|đơn vị|tính bằng)\s*:?\s*", "", line)
    for unit, pattern in _WORDS:
        if re.fullmatch(pattern, line):
            return unit
    return None


def parse_money(field: Field, cell: Cell, context: Context) -> Value:
    """Read an amount into whole đồng (DESIGN §6), or say why it cannot be read.

    The unit in the cell goes before that of the header, that before ``field.unit``; without any,
    only a number from a million on is taken as đồng.
    """
    if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool):
        written: _Written | Value = _typed(field, cell.value, cell.number_format)
    else:
        written = _text(field, cell.text, context)
    if isinstance(written, Value):
        return written
    if written.numeral.value == 0:
        return EMPTY
    return _amount(field, cell, written, context)


def _typed(field: Field, value: float, number_format: str) -> _Written | Value:
    number = Decimal(str(value))
    if number < 0:
        return error(field, "negative", f"số tiền không thể âm. {_HINT}")
    if "%" in number_format:
        return error(field, "percent", f"đang ghi tỷ lệ phần trăm. {_HINT}")
    literals = key(beside(number_format))
    if _FOREIGN.search(literals):
        return error(field, "currency", f"số tiền không phải tiền Việt Nam. {_HINT}")
    number = seen(number, number_format)  # the header speaks of what is shown
    return _Written(Numeral(number), _unit(literals) or "", typed=True)


def _text(field: Field, text: str, context: Context) -> _Written | Value:
    line = key(re.sub(r"\s*\n\s*", "\n", text))
    shown = quoted(field, text)
    if "%" in line:
        return error(field, "percent", f"{shown} là tỷ lệ phần trăm. {_HINT}")
    if re.match(r"^[-–−]\s*\d|^\(\s*\d[\d.,\s]*\)$", line):
        return error(field, "negative", f"{shown}: số tiền không thể âm. {_HINT}")
    if _RANGE.search(line):
        return error(field, "range", f"{shown} là một khoảng, không phải một số. {_HINT}")
    exact = _ROUGHLY.sub("", line)
    rough = exact != line
    power = scientific(exact)
    if power is not None:
        return _Written(Numeral(power), rough=True)
    return _parts(field, exact, shown, context, rough=rough)


def _parts(
    field: Field, line: str, shown: str, context: Context, *, rough: bool
) -> _Written | Value:
    """Read ``1 tỷ 200 triệu``, ``50tr``, ``50.000.000 đồng (năm mươi triệu đồng)``."""
    remark = _REMARK.search(line)
    body = line[: remark.start()].strip() if remark else line
    spelt = spelt_number(remark[1]) if remark else None
    rough = rough or (remark is not None and spelt is None)
    parts = [(match["number"], match["unit"] or "") for match in _PART.finditer(body)]
    rest = re.sub(r"^,-$|[\s.]|chẵn", "", _PART.sub("", body))
    if not parts or rest:
        return error(field, "not-a-number", f"không đọc được số tiền từ {shown}. {_HINT}")
    numbers = [numeral(number, context.decimal_sign) for number, _ in parts]
    if None in numbers:
        return error(field, "not-a-number", f"{shown} không phải một số viết đúng. {_HINT}")
    whole = [number for number in numbers if number is not None]
    units = [_unit(unit) or "" for _, unit in parts]
    if len(parts) == 1:
        return _Written(whole[0], units[0], rough=rough, spelt=spelt)
    scales = [MONEY_UNITS.get(unit, 0) for unit in units]
    falling = all(big > small > 0 for big, small in pairwise(scales))
    fits = all(n.value * s < b for n, s, b in zip(whole[1:], scales[1:], scales, strict=False))
    if not falling or not fits or any(number.other is not None for number in whole):
        return error(field, "several-values", f"{shown} có nhiều số. {_HINT}")
    total = sum((n.value * s for n, s in zip(whole, scales, strict=True)), Decimal(0))
    return _Written(Numeral(total), "đồng", rough=rough, spelt=spelt)


def _amount(field: Field, cell: Cell, written: _Written, context: Context) -> Value:
    stated = context.unit if context.unit in MONEY_UNITS else money_unit(context.unit) or ""
    unread = UNREADABLE in {context.unit, stated}
    stated = "" if unread else stated
    unit = written.unit or stated or field.unit
    shown = quoted(field, cell.text or str(cell.value))
    if not written.unit and not stated and _settled(written.numeral, "đồng") >= _SURELY_DONG:
        unit = "đồng"
    if unit not in MONEY_UNITS:
        return error(field, "unit-missing", f"{shown} không rõ đơn vị tiền. {_HINT}")
    number = _settled(written.numeral, unit)
    misfit = _misfit(number, unit)
    clash = misfit == "doubt" and "" != stated != unit
    if misfit == "error" or clash:
        message = f"{shown} không hợp với đơn vị “{unit}”. {_HINT}"
        return error(field, "unit-conflict", message)
    exact = number * MONEY_UNITS[unit]
    if written.spelt is not None and written.spelt not in {exact, number}:
        message = f"{shown} có số bằng chữ khác số bằng chữ số. {_HINT}"
        return error(field, "words-differ", message)
    text = str(exact.quantize(Decimal(1), ROUND_HALF_UP))
    said = f"đọc {shown} là {quoted(field, _dotted(text))} đồng"
    if written.numeral.other is not None and unit not in _NO_FRACTIONS:
        return doubt(field, text, "ambiguous-number", f"{said}, nhưng có thể hiểu khác. {_HINT}")
    if written.rough or written.numeral.broken or (not written.typed and exact % 1):
        return doubt(field, text, "not-exact", f"{said}, nhưng cách ghi chưa chắc chắn. {_HINT}")
    assumed = not written.unit and not stated and field.unit not in {"", unit}
    unsure = not written.unit and (unread or (bool(stated) and not context.certain))
    if misfit or assumed or unsure:
        return doubt(field, text, "unit-doubtful", f"{said}; đơn vị tiền chưa chắc. {_HINT}")
    return _usual(field, text, said, 0.9 if not written.unit and not stated else 1.0)


def _usual(field: Field, text: str, said: str, confidence: float) -> Value:
    if outside(field, Decimal(text)):
        message = f"{said}, khác thường so với mức hay gặp. Đề nghị kiểm tra lại số và đơn vị."
        return doubt(field, text, "unusual-value", message, 0.8)
    return Value(text, confidence)


def outside(field: Field, value: Decimal) -> bool:
    """Tell whether the value lies outside what the campaign calls usual."""
    too_low = field.low is not None and value < field.low
    return too_low or (field.high is not None and value > field.high)


def _settled(number: Numeral, unit: str) -> Decimal:
    """Return the number where its unit leaves one sensible reading.

    Nobody writes thousandths of a đồng or of a thousand đồng: there ``1.500`` and ``1,500`` group.
    """
    if number.other is None or unit not in _NO_FRACTIONS:
        return number.value
    return max(number.value, number.other)


def _misfit(number: Decimal, unit: str) -> str:
    """Tell a number that cannot ("error") or hardly ("doubt") stand with its unit.

    The bands are for one point of sale: support is 10–500 million (DOMAIN §1.4), so that a hundred
    billion is a slip of the unit and ten billion needs a second look. A number of seven digits in
    thousands or millions looks like đồng.
    """
    vnd = number * MONEY_UNITS[unit]
    looks_like_dong = unit != "đồng" and number >= _SURELY_DONG
    if not 10**3 <= vnd < (10**10 if looks_like_dong else 10**11):
        return "error"
    return "doubt" if looks_like_dong or not 10**6 <= vnd < 10**10 else ""


def _dotted(text: str) -> str:
    return f"{int(text):,}".replace(",", ".")
