"""Areas and star ratings."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from parsers.form import Field
from parsers.grid import Cell
from parsers.number_format import beside, seen
from parsers.numerals import NUMBER, numeral, plain, scientific
from parsers.outcome import EMPTY, Context, Value, doubt, error, note, quoted
from parsers.vietnamese import fold, key

_SQUARE = r"(?:m\s*[2²]|㎡|m\^2|mét vuông|met vuong|m vuông)"
_AREA = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>{_SQUARE}|ha|hecta|héc ta)?(?!\w)")
_OWN_UNIT = re.compile(rf"\d\s*(?:{_SQUARE}|ha|hecta|héc ta)(?!\w)")
_TWO_SIDES = re.compile(rf"(?P<a>{NUMBER})\s*m?\s*[x×*]\s*(?P<b>{NUMBER})\s*(?:m|{_SQUARE})?(?!\w)")
_ROUGHLY = re.compile(r"^(?:khoảng|tầm|gần|hơn|trên|dưới|ước|dự kiến|[~≈<>≤≥])\s*")
_RANGE = re.compile(r"\d[^\d+]*(?:-|–|—|~|đến|tới|÷)\s*\d")
_HECTARE = 10_000
#: Units that a caption may state, in m²; None for those whose size differs from place to place.
_UNITS: Mapping[str, int | None] = MappingProxyType(
    {"m2": 1, "met vuong": 1, "ha": _HECTARE, "hecta": _HECTARE, "hec ta": _HECTARE, "km2": 10**6}
    | dict.fromkeys(("sao", "mau", "cong", "thuoc"))
)
_UNIT_LEAD = re.compile(r"^(?:dvt|don vi tinh|don vi|tinh bang|tinh theo) ")
_ABSURD = 10**12
_AREA_HINT = "Đề nghị ghi một số, ví dụ “45,5”."
_STAR_HINT = "Đề nghị ghi một chữ số từ 1 đến 5."
_STAR_SIGNS = re.compile(r"[*★☆⭐✩✪]")
_FULL_STARS = re.compile(r"[★⭐✪]")
#: The stars of a hotel or a restaurant are no rating of a product (community tourism has one).
_LODGING = re.compile(r"\b(?:khach san|nha hang|nha nghi|luu tru|resort)\b")
_STAR_WORDS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5}
_STARRED = re.compile(r"(?<![\w.,])(?P<count>\d+(?:[.,]\d+)?|mot|hai|ba|bon|nam)\s*sao\b")
_AROUND_STARS = frozenset({"ocop", "hang", "xep", "dat", "loai", "muc", "cap"})
_PRODUCT = frozenset({"san", "pham"})
_PRODUCTS = re.compile(r"\b(?<!hang )\d+ san pham\b")
#: Two ratings side by side, with something between them or only a space.
_ONE_RATING = r"(?<![\w.,/])(?P<{}>0?[1-5]|một|hai|ba|bốn|năm|mot|bon|nam)"
_STARS_OF_ONE = r"(?:sao(?!\w)|[*★☆⭐✩✪]+)"
_BETWEEN_RATINGS = r"(?:[-–—/,;&+]|(?:đến|tới|và|hoặc|hay|den|toi|va|hoac)(?!\w))"
_TWO_RATINGS = re.compile(
    rf"{_ONE_RATING.format('first')}\s*{_STARS_OF_ONE}?(?:\s*{_BETWEEN_RATINGS}\s*|\s+)"
    rf"{_ONE_RATING.format('second').replace('.,/', '')}"
    rf"(?=\s*(?:{_STARS_OF_ONE}|{_BETWEEN_RATINGS}|[.)]*$))"
)
_PENDING = re.compile(
    r"\b(?:dang|chua|de nghi|du kien|phan dau|cho|dang ky|khong|sap|tiem nang|huong toi)\b"
)
#: What may be a hope, or a rating that was and is no more.
_HOPED_OR_GONE = re.compile(
    r"\b(?:muc tieu|de xuat|mong muon|tu (?:cham|danh gia|xep)|(?:lap|nop|hoan thien) ho so"
    r"|chuan bi|(?<!theo )ke hoach(?! so)|se (?:dat|duoc|len|nang)|nang (?:hang|cap|len)"
    r"|xet (?:(?:duyet|hang|dat|len) )*\d|\d (?:sao )?len|len (?:hang )?\d"
    r"|thu hoi|het han|het hieu luc|qua han)\b"
)
#: More or fewer than the number that stands behind it, or before it.
_BOUND = re.compile(
    r"\b(?:tu|tren|duoi|hon|it nhat|toi thieu|toi da|khoang)"
    r" (?:0?[1-5]|(?:mot|hai|ba|bon|nam)(?= sao))(?= sao\b| tro\b|$)|\btro (?:len|xuong)\b"
)
_BOUND_SIGN = re.compile(r"[≥≤<>~≈]|\d\s*(?:sao\s*)?\+\s*$")
#: A digit alone that may rate one more product: behind its name, or before it.
_RATING_ALONE = re.compile(
    r"(?:(?<![\w.])(?P<word>[^\W\d_]+)\s+|[:=–-]\s*)0?(?P<behind>[1-5])(?=\s*(?:$|[;,()\n]))"
    r"|[,;)\n]\s*0?(?P<before>[1-5])(?=\s*(?:$|[;,\n(:]))"
)
#: Behind these a digit counts or numbers something else.
_COUNTED = {
    "đợt", "lần", "số", "qđ", "định", "năm", "tháng", "ngày", "quý", "kỳ", "khu", "thôn", "xóm",
    "tổ", "đội", "nhóm", "mục", "lục", "bảng", "điều", "khoản", "stt", "loại", "trí", "đoạn",
    "khóa", "khoá", "tầng", "điểm",
}  # fmt: skip
#: The day or month of a decision: its digits rate nothing.
_DATE = re.compile(r"(?<![\d/])(?:\d{1,2}\s*[/.-]\s*)?\d{1,2}\s*[/.-]\s*(?:19|20)\d\d(?!\d)")
_BEST = 5


def quantity_unit(text: str) -> str | None:
    """Return the unit of area that a caption or unit row states: ``"Diện tích (ha)"`` gives ha."""
    for piece in (*re.findall(r"\(([^()]*)\)", text), text):
        unit = _UNIT_LEAD.sub("", fold(piece))
        if unit in _UNITS:
            return unit
    return None


def parse_decimal(field: Field, cell: Cell, context: Context) -> Value:
    """Read a quantity such as an area in m² into a plain decimal.

    ``50 m²`` and ``0,5 ha`` are converted, ``5x10m`` multiplied with a note; ``1.500`` has two
    readings and is flagged; ranges, sums, percentages and negative numbers give no value. The unit
    that a number's format shows goes before the caption's.
    """
    scale = _UNITS.get(context.unit, 1) if context.certain else None
    typed = isinstance(cell.value, (int, float))
    unit = re.sub(_SQUARE, "m2", key(beside(cell.number_format))) if typed else ""
    scale = _UNITS.get(fold(unit), scale)
    if scale is None and not _OWN_UNIT.search(key(cell.text)):
        message = "đơn vị của cột chưa rõ là bao nhiêu mét vuông. Đề nghị ghi diện tích theo m²."
        return error(field, "unit-unknown", message)
    scale = scale or 1
    if isinstance(cell.value, (int, float)):
        if not 0 <= cell.value < _ABSURD or "%" in cell.number_format:
            return error(field, "not-a-number", f"giá trị không hợp lệ. {_AREA_HINT}")
        area = plain(seen(Decimal(str(cell.value)), cell.number_format) * scale)
        if unit and fold(unit) not in _UNITS:
            message = f"ô hiện thêm {quoted(field, unit)}, đơn vị chưa chắc. {_AREA_HINT}"
            return doubt(field, area, "unit-doubtful", message)
        return Value(area)
    return _written(field, cell.text, context, scale)


def _written(field: Field, text: str, context: Context, scale: int) -> Value:
    line = re.sub(rf"\(({_SQUARE})\)", r"\1", key(text).rstrip(". "))
    shown = quoted(field, text)
    exact = _ROUGHLY.sub("", line)
    sides = _TWO_SIDES.fullmatch(exact)
    if sides:
        return _product(field, sides, shown)
    if _RANGE.search(re.sub(_SQUARE, "", exact)):
        return error(field, "range", f"{shown} là một khoảng, không phải một số. {_AREA_HINT}")
    power = scientific(exact)
    if power is not None:
        message = f"{shown} là số bị rút gọn, có thể không đủ. {_AREA_HINT}"
        return doubt(field, plain(power), "not-exact", message)
    match = _AREA.fullmatch(exact)
    number = numeral(match["number"], context.decimal_sign) if match else None
    if match is None or number is None:
        return error(field, "not-a-number", f"không đọc được số từ {shown}. {_AREA_HINT}")
    if number.value == 0:
        return EMPTY
    if match["unit"]:
        scale = _HECTARE if match["unit"].startswith("h") else 1
    result = plain(number.value * scale)
    if number.other is not None:
        read = quoted(field, result.replace(".", ","))
        message = f"đọc {shown} là {read}, nhưng có thể hiểu khác. {_AREA_HINT}"
        return doubt(field, result, "ambiguous-number", message)
    if exact != line or number.broken:
        message = f"{shown} không phải một số chắc chắn. {_AREA_HINT}"
        return doubt(field, result, "not-exact", message)
    return Value(result)


def _product(field: Field, sides: re.Match[str], shown: str) -> Value:
    first, second = numeral(sides["a"]), numeral(sides["b"])
    if first is None or second is None or first.other or second.other:
        return error(field, "not-a-number", f"không đọc được số từ {shown}. {_AREA_HINT}")
    area = plain(first.value * second.value)
    message = f"{shown} được tính là {quoted(field, area.replace('.', ','))} m²."
    return note(field, area, "multiplied", message)


def parse_stars(field: Field, cell: Cell) -> Value:
    """Read a rating of one to five stars: ``3 sao``, ``***``, ``OCOP 4★``, ``ba sao``.

    Half stars, several different ratings, and "đang đề nghị" give no value and an error; what may
    be a bound, a hope or one of several ratings is asked about.
    """
    if isinstance(cell.value, (int, float)):
        return _stars(field, Decimal(str(cell.value)), quoted(field, cell.text or str(cell.value)))
    shown = quoted(field, cell.text)
    line = fold(cell.text)
    signs = len(_STAR_SIGNS.findall(cell.text))
    full = len(_FULL_STARS.findall(cell.text))
    if 0 < full < signs:  # ★★★☆☆: three of five
        signs = full if signs == _BEST else _BEST + 1
    if _LODGING.search(line):
        message = f"{shown} là hạng của cơ sở lưu trú, nhà hàng, không phải hạng sao OCOP. "
        return error(field, "not-stars", message + _STAR_HINT)
    if _PENDING.search(line):
        message = (
            f"{shown} chưa phải kết quả xếp hạng. Đề nghị ghi hạng sao đã được công nhận (1 đến 5)."
        )
        return error(field, "stars-pending", message)
    undated = _DATE.sub(" ", cell.text)
    if re.search(r"\d\s*(?:-|–|—|/|,|đến)\s*\d", undated) or _names_two(undated):
        return error(field, "several-values", f"{shown} không phải một hạng sao. {_STAR_HINT}")
    counts = _counts(cell.text, line, signs)
    if len(set(counts)) > 1:
        return error(field, "several-values", f"{shown} có nhiều hạng sao. {_STAR_HINT}")
    if not counts:
        return error(field, "not-stars", f"không đọc được hạng sao từ {shown}. {_STAR_HINT}")
    found = _stars(field, counts[0], shown)
    return _asked(field, found, cell.text, shown) if found.text is not None else found


def _asked(field: Field, found: Value, text: str, shown: str) -> Value:
    """Doubt a rating beside words or digits by which it may not be this product's, or not now."""
    line = fold(text)
    if _HOPED_OR_GONE.search(line):
        message = (
            f"{shown} có thể chưa, hoặc không còn, là hạng sao đang được công nhận. {_STAR_HINT}"
        )
        return doubt(field, str(found.text), "stars-pending", message)
    if _BOUND.search(line) or _BOUND_SIGN.search(text):
        message = f"{shown} không phải một hạng sao chắc chắn. {_STAR_HINT}"
        return doubt(field, str(found.text), "not-exact", message)
    if _STARRED.search(line) and _more_ratings(text) - {found.text}:
        message = f"{shown} có thể có nhiều hạng sao. {_STAR_HINT}"
        return doubt(field, str(found.text), "several-values", message)
    return found


def _more_ratings(text: str) -> set[str]:
    """Return the ratings that stand without the word: the second of "Mật ong: 4 sao, Chè: 3"."""
    return {
        match["behind"] or match["before"]
        for match in _RATING_ALONE.finditer(key(text.replace("\n", ";")))
        if match["word"] not in _COUNTED
    }


def _names_two(text: str) -> bool:
    """Tell a text that names two different ratings: ``3 và 4 sao``, ``3 sao/4``."""
    pairs = _TWO_RATINGS.finditer(key(text.replace("\n", ";")))
    return any(_rating(pair["first"]) != _rating(pair["second"]) for pair in pairs)


def _rating(count: str) -> Decimal:
    word = fold(count)
    return Decimal(_STAR_WORDS.get(word, word))


def _counts(text: str, line: str, signs: int) -> list[Decimal]:
    """Return every rating that the text names."""
    around = _AROUND_STARS
    if signs or not {"sao", "ocop"}.isdisjoint(line.split()):
        around |= _PRODUCT
    uncounted = _PRODUCTS.sub(" ", line)
    bare = " ".join(word for word in uncounted.split() if word not in around)
    if signs:
        digits = re.findall(r"\d+", bare)
        if digits and signs <= len(digits):  # "3*; 3*": one sign each stands for the word
            return [Decimal(digit) for digit in digits]
        counted = not bare or bool(digits)
        return [*map(Decimal, digits), *([Decimal(signs)] if counted else [])]
    starred = [match["count"] for match in _STARRED.finditer(line)]
    if starred:
        return list(map(_rating, starred))
    whole = bare.removesuffix(" sao").strip()
    if re.fullmatch(r"\d+(?:[.,]\d+)?", text.strip()):
        return [Decimal(text.strip().replace(",", "."))]
    if whole in _STAR_WORDS:
        return [Decimal(_STAR_WORDS[whole])]
    return [Decimal(whole)] if re.fullmatch(r"\d+", whole) else []


def _stars(field: Field, count: Decimal, shown: str) -> Value:
    if count != int(count) or not 1 <= count <= _BEST:
        return error(field, "not-stars", f"{shown} không phải hạng sao OCOP. {_STAR_HINT}")
    return Value(str(int(count)))
