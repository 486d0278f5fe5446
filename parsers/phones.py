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
#: What may part two numbers, or a number and its extension; dots and brackets never do, but one
#: round the last digits. A space does where no leading 0 shows that a whole number is meant.
_APART = re.compile(r"[^\d\s.()]+|\((?=\d+\)\W*$)")
_APART_OR_SPACE = re.compile(rf"{_APART.pattern}|\s+")
_COUNTRY = re.compile(r"^\D*(?:00)?84\D+")
_WHOLE = re.compile(r"\D*(?:0|84\D|1[89]00)")
_RUN = re.compile(r"\+?\(?\+?\d[\d\s.()\-–]*")
_LETTER_FOR_DIGIT = re.compile(r"[oOlI](?=\d)|(?<=\d)[oOlI]")
_FEWEST_DIGITS = 6
#: So many digits at least has what was torn from a number of which six stand together.
_PIECE = 3
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
    whole = _glued(text) if not re.search(r"[^\W\d_]", text) else None
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
        whole = _glued(match.group())
        runs.extend([whole] if whole else _numbers_in(match.group()) or _groups(match.group()))
    return runs


def _glued(text: str) -> str | None:
    """Return the one number that all digits of a text make; None of what may be several.

    "0912/345/678" is torn. "3861111/12" is a number and an extension, though its digits make a
    mobile's.
    """
    return None if _is_several(text) else _canonical(re.sub(r"\D", "", text))


def _is_several(text: str) -> bool:
    """Tell digits that may be a short number and more behind it: "386.111/222", "3861111 12".

    A number that says by its first digits that it is a whole one is parted only by what is too
    short to be a piece of it.
    """
    told = _is_told(text)
    groups = _groups(text)
    if not groups:
        return False
    if not told and len(re.findall(r"\d+", text)[-1]) < _PIECE:
        return True
    if all(len(group) < _FEWEST_DIGITS for group in groups[:-1]):
        return False
    return not told or any(len(group) < _PIECE for group in groups[1:])


def _groups(text: str) -> list[str]:
    """Return the digits between what may part numbers."""
    between = _APART if _is_told(text) else _APART_OR_SPACE
    groups = (re.sub(r"\D", "", group) for group in between.split(_COUNTRY.sub("0", text)))
    return [group for group in groups if group]


def _is_told(text: str) -> bool:
    """Tell a number that is written from its first digit on: 0, the country's or 1800."""
    return bool(_WHOLE.match(text))


def _numbers_in(run: str) -> list[str]:
    """Return the parts of a run if each is a number; none if they are not."""
    for between in (r"\s+", r"[-–]", r"[-–\s]+"):
        parts = re.split(between, run.strip(" -–"))
        if len(parts) > 1 and all(map(_glued, parts)):
            return [re.sub(r"\D", "", part) for part in parts]
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
