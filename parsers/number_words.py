"""Numbers written out in Vietnamese words: ``năm mươi triệu năm trăm nghìn``."""

from decimal import Decimal
from typing import Final

from parsers.vietnamese import fold, key

_DIGITS: Final = {
    "không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5,
    "nhăm": 5, "sáu": 6, "bảy": 7, "bẩy": 7, "tám": 8, "chín": 9,
}  # fmt: skip
_SCALES: Final = {"nghìn": 10**3, "ngàn": 10**3, "triệu": 10**6, "tỷ": 10**9, "tỉ": 10**9}
_HUNDRED: Final = "trăm"
_TENS: Final = {"mươi", "mười", "chục"}
_FILLERS: Final = {"lẻ", "linh", "và"}
#: Round about the number: "(Bằng chữ: … đồng chẵn)".
_AROUND: Final = {"bằng", "chữ", "viết", "số", "tiền", "là", "đồng", "chẵn", "việt", "nam"}


def spelt_number(text: str) -> Decimal | None:
    """Return the number that the words name, None if they are anything but one number.

    "Đồng" and "bằng chữ" may stand round it. Words without diacritics are ambiguous (ba, tam, nam)
    and give None.
    """
    line = key(text)
    words = [word.strip(" .,:;/-()") for word in line.split()]
    said = [word for word in words if word and word not in _AROUND]
    if not said or line == fold(text):
        return None
    total, group, digit, scale = 0, 0, None, 10**12
    for word in said:
        if word in _DIGITS and digit is None:
            digit = _DIGITS[word]
        elif word == _HUNDRED and digit is not None and group == 0:
            group, digit = digit * 100, None
        elif word in _TENS:
            ten = 1 if word == "mười" or digit is None else digit
            if group % 100 or (word == "mười" and digit is not None):
                return None
            group, digit = group + ten * 10, None
        elif word in _SCALES and _SCALES[word] < scale and (group or digit):
            scale = _SCALES[word]
            total, group, digit = total + (group + (digit or 0)) * scale, 0, None
        elif word not in _FILLERS:
            return None
    return Decimal(total + group + (digit or 0))
