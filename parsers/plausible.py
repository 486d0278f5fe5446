"""Whether a text can be what its column holds: a guard for readers of pictures, not a parser.

``values`` decides what a text means; here it only matters that a misread letter often makes a text
impossible (a phone of nine digits, 35 stars, 31/02) and that a known one is rarely misread.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Final

from parsers.form import Field, Form
from parsers.syllables import possible
from parsers.vietnamese import fold, key

_SHAPES: Final = {
    "phone": re.compile(
        r"(?:0[35789]\d{8}|02\d{8,9}|0[35789]\d{2}[ .]\d{3}[ .]\d{3}|0[35789]\d[ .]\d{3}[ .]\d{4}"
        r"|02\d{2}[ .]\d{3,4}[ .]\d{3,4}|0[35789](?:[ .]\d{2}){4})"
    ),
    "stars": re.compile(r"[1-5](?: ?sao| ?\*)?"),
    "decimal": re.compile(r"\d{1,5}(?:[.,]\d{1,2})?(?: ?m[2²])?"),
    "money": re.compile(
        r"(?:\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d{1,12})(?:[.,]\d{1,2})?"
        r"(?: ?(?:đồng|đ|triệu|tr|tỷ|nghìn)(?: đồng)?)?"
    ),
    "index": re.compile(r"[1-9]\d{0,2}\.?|[IVX]{1,5}\.?"),
    "code": re.compile(r"\d{10}(?:-\d{3})?|\d{12}|\d{2}[A-Z]\d{7}|\d{1,4}/[A-ZĐ&]+(?:-[A-ZĐ&]+)*"),
}
_DATE: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_WORD: Final = re.compile(r"[^\W\d_]+")
#: A quotation mark, an apostrophe that joins nothing ("H'Mông" stays), as specks are read.
_ALONE: Final = {'"': re.compile(r'\s*"(?=\s|$)|"'), "'": re.compile(r"\s*'(?=\s|$)|(?<!\w)'")}
#: Signs where nobody writes them: at the ends, before a word, a full stop inside a sentence, a
#: digit inside a word.
_ODD_SIGNS: Final = re.compile(
    r"^[^\w\-(“\"]|[,;:(\-]$|\s[.,;:'’%!?*_°](?=\s|$|\w)|\.\s+(?=[a-zà-ỹđ])|[.,;:]{2}"
    r"|(?<=[^\W\d_]{2})[.,;:](?=[^\W\d_])|\s-(?=\s[a-zà-ỹđ])"
    r"|_|(?<=[^\W\d_]{2})\d|\d(?=[^\W\d_]{2})"
)
_YEARS: Final = range(1990, 2036)
#: Written with no vowel or in capitals in every second form; syllables they are not.
_SHORTENED: Final = (
    "htx tht hkd hkdct kd dn dntn tnhh mtv cp ctcp cty ubnd hđnd htxnn ocop đkkd mst sđt đt stt tt "
    "ql tl dt km sx sxkd nn ptnt qđ hd bt tp tx cn gcn m kg vnđ đ số a b c"
)
#: What stands in such forms everywhere: places, kinds of firms, shops and goods, family names.
_COMMON: Final = (
    "thôn xóm bản tổ khối khu phố phường xã huyện tỉnh thị trấn thành số nhà đường ngõ quốc lộ "
    "chợ cầu trung tâm cửa khẩu cụm điểm quầy gian hàng sạp siêu kho xưởng trạm dừng nghỉ bến xe "
    "khách di tích lịch đền chùa trường học văn hóa cộng đồng làng nghề trưng bày giới thiệu bán "
    "sản phẩm nông lâm thủy đặc sạch an toàn hữu cơ công ty cổ phần trách nhiệm hạn thương mại "
    "dịch vụ tổng hợp tác hộ kinh doanh gia đình cá thể nghiệp tư nhân chế biến chăn nuôi xuất "
    "nhập hội phụ nữ đoàn thanh niên ủy ban dân đề nghị hỗ trợ phí mua sắm lắp đặt sửa chữa cải "
    "tạo nâng cấp biển hiệu kệ tủ giá đèn điện máy in tờ rơi nhãn mác bao bì thuê mặt bằng diện "
    "sao hạng đã có chưa cần xét năm tháng ngày bổ sung hồ sơ giấy chứng nhận mật ong gạo nếp tẻ "
    "bún miến bánh chè trà rượu nước mắm tương ớt măng thịt gà vịt lợn trâu bò trứng rau củ quả "
    "bưởi cam na hồng khô tươi sấy ngâm muối dẻo hoa vàng nấm hương mộc nhĩ tinh dầu nguyễn trần "
    "lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ ngô dương lý đinh trịnh đào lương vi hứa triệu "
    "lăng mã hà chu phùng tô đàm đức xuân minh quang ngọc thúy bình cổng gần"
)
_EVERYWHERE: Final = frozenset((*_SHORTENED.split(), *_COMMON.split()))


def without_specks(text: str) -> str:
    """Drop the signs that nobody writes, but specks are read as, from a text in words.

    A quotation mark without its partner, an apostrophe that joins no letters, a stop before
    everything else.
    """
    for mark in "\"'":
        if text.count(mark) == 1:
            text = _ALONE[mark].sub("", text)
    return text.lstrip(" .,;") or text


def shaped(text: str, kind: str) -> bool:
    """Tell whether a text has the shape of its kind; texts and lists have any shape."""
    if kind == "date":
        return _is_date(text)
    shape = _SHAPES.get(kind)
    return shape is None or shape.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if not match or int(match[4]) not in _YEARS:
        return False
    try:
        dt.date(int(match[4]), int(match[3]), int(match[1]))
    except ValueError:
        return False
    return True


class Vocabulary:
    """The words that this campaign is likely to have, from its form and earlier submissions."""

    def __init__(self, form: Form) -> None:
        self._words = _EVERYWHERE | {
            word
            for text in (*form.titles, form.title, *form.words, *_said(form.fields))
            for word in _WORD.findall(key(text))
        }
        self._alike: dict[str, list[str]] = {}
        for word in self._words:
            self._alike.setdefault(fold(word), []).append(word)
        self._choices = {
            field.key: {
                key(name) for choice in field.choices for name in (choice.value, *choice.aliases)
            }
            for field in form.fields
        }

    def strange(self, text: str) -> int:
        """Count words that are neither likely here nor possible in Vietnamese, and odd signs."""
        text = text.replace("²", "2")
        odd = sum(not (possible(word) or key(word) in self._words) for word in _WORD.findall(text))
        return odd + len(_ODD_SIGNS.findall(text))

    def without_odd_signs(self, text: str) -> Iterator[str]:
        """Yield the text without one of its odd signs, for each: specks are read as such."""
        for match in _ODD_SIGNS.finditer(text):
            yield " ".join(f"{text[: match.start()]} {text[match.end() :]}".split())

    def look_alikes(self, text: str) -> Iterator[str]:
        """Yield the text with one unlikely word's accents changed to those of a likely word."""
        for match in _WORD.finditer(text):
            word = match.group()
            if len(word) < 2 or key(word) in self._words:  # noqa: PLR2004  one letter says nothing
                continue
            for other in self._alike.get(fold(word), ()):
                cased = other.upper() if word.isupper() else other
                cased = other.capitalize() if word.istitle() else cased
                yield text[: match.start()] + cased + text[match.end() :]

    def likely(self, text: str) -> int:
        """Count the words, of two letters and more, that this campaign is likely to have."""
        return sum(len(word) > 1 and key(word) in self._words for word in _WORD.findall(text))

    def is_choice(self, text: str, field: Field | None) -> bool:
        """Tell whether a text is one of the field's choices, as it is or by an alias."""
        return field is not None and key(text) in self._choices.get(field.key, ())


def _said(fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        yield field.label
        yield from field.aliases
        for choice in field.choices:
            yield choice.value
            yield from choice.aliases
