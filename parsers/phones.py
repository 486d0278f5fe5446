"""Vietnamese telephone numbers: ten digits for mobiles, eleven for landlines (02…), all with 0.

The map of the old 11-digit mobile prefixes is the Ministry's of 15/9/2018 (DOMAIN §4.3).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from parsers.form import Field
from parsers.grid import Cell
from parsers.outcome import Problem, Value, doubt, error
from parsers.vietnamese import repair

#: Old prefix → new prefix; the last seven digits stay.
OLD_MOBILES: Mapping[str, str] = MappingProxyType(
    {
        **{f"016{digit}": f"03{digit}" for digit in range(2, 10)},
        "0120": "070",
        "0121": "079",
        "0122": "077",
        "0126": "076",
        "0128": "078",
        "0123": "083",
        "0124": "084",
        "0125": "085",
        "0127": "081",
        "0129": "082",
        "0186": "056",
        "0188": "058",
        "0199": "059",
    }
)
_MOBILE = re.compile(r"0[35789]\d{8}")
_LANDLINE = re.compile(r"02\d{9}")
_SHORT_LANDLINE = re.compile(r"02\d{8}")
_HOTLINE = re.compile(r"1[89]00\d{4,6}")
_BETWEEN = re.compile(r"[;/\n|,&]|\s[-–—]\s|\bhoặc\b|\bvà\b", re.IGNORECASE)
_RUN = re.compile(r"\+?\(?\+?\d[\d\s.()\-–]*")
_LETTER_FOR_DIGIT = re.compile(r"[oOlI](?=\d)|(?<=\d)[oOlI]")
_FEWEST_DIGITS = 6
_HINT = "Đề nghị ghi đủ 10 chữ số (di động) hoặc 11 chữ số (cố định, có mã vùng)."


def parse_phone(field: Field, cell: Cell) -> Value:
    """Read one or several numbers into ``"0912345678; 02053811234"``.

    A leading zero that a spreadsheet dropped comes back, +84 becomes 0, old mobiles get their new
    prefix. Old landlines of ten digits are kept as written with a warning.
    """
    value = cell.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value) if isinstance(value, int) else repair(cell.text)
    whole = _canonical(re.sub(r"\D", "", text)) if not re.search(r"[^\W\d_]", text) else None
    if whole is not None:
        return _value(field, [whole], 0)
    pieces = _pieces(text)
    read = [number for piece in pieces if (number := _canonical(piece))]
    if read and _LETTER_FOR_DIGIT.search(text):
        message = f"số điện thoại có chữ cái lẫn trong chữ số. {_HINT}"
        return doubt(field, "; ".join(read), "bad-phone", message)
    if not read:
        return error(field, "bad-phone", f"số điện thoại chưa đúng. {_HINT}")
    return _value(field, list(dict.fromkeys(read)), len(pieces) - len(read))


def _pieces(text: str) -> list[str]:
    """Return the digits of each number; a line break parts numbers unless it tore one of them."""
    whole = _parted(text.replace("\n", " "))
    return whole if whole and all(map(_canonical, whole)) else _parted(text)


def _parted(text: str) -> list[str]:
    runs = (run for piece in _BETWEEN.split(text) for run in _runs(piece))
    return [re.sub(r"\D", "", run) for run in runs]


def _runs(piece: str) -> list[str]:
    """Return the digit runs of a piece; one run may hold numbers with a space or dash between."""
    runs = []
    for match in _RUN.finditer(piece):
        digits = re.sub(r"\D", "", match.group())
        runs.extend([digits] if _canonical(digits) else _numbers_in(match.group()) or [digits])
    return runs


def _numbers_in(run: str) -> list[str]:
    """Return the parts of a run if each is a number; none if they are not."""
    for between in (r"\s+", r"[-–]", r"[-–\s]+"):
        parts = [re.sub(r"\D", "", part) for part in re.split(between, run.strip(" -–"))]
        if all(map(_canonical, parts)):
            return parts
    return []


def _value(field: Field, numbers: list[str], unread: int) -> Value:
    text = "; ".join(numbers)
    if unread:
        return doubt(field, text, "bad-phone", f"có số điện thoại chưa đọc được. {_HINT}")
    if any(_SHORT_LANDLINE.fullmatch(number) for number in numbers):
        message = f"Cột “{field.label}”: số cố định có vẻ thiếu chữ số. {_HINT}"
        return Value(text, 0.9, Problem("warning", "short-landline", message))
    return Value(text, 1.0 if len(numbers) == 1 else 0.95)


def _canonical(digits: str) -> str | None:
    """Return the number in its present form, None if the digits are not one."""
    for prefix in ("0084", "84"):
        rest = digits.removeprefix(prefix)
        if rest != digits and (found := _national("0" + rest.removeprefix("0"))):
            return found
    found = _national(digits)
    if found is None and digits[:1] not in {"", "0"} and len(digits) > _FEWEST_DIGITS:
        found = _national("0" + digits)
    return found


def _national(digits: str) -> str | None:
    if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) or _HOTLINE.fullmatch(digits):
        return digits
    if _SHORT_LANDLINE.fullmatch(digits):
        return digits
    new = OLD_MOBILES.get(digits[:4])
    return new + digits[4:] if new and len(digits) == 11 else None  # noqa: PLR2004  the old length
