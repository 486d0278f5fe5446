"""Whether a text can be what its column holds: a guard for readers of pictures, not a parser.

``values`` decides what a text means; here it only matters that a misread letter often makes a text
impossible (a phone of nine digits, 35 stars, 31/02) and that a known one is rarely misread.
"""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final

from parsers.form import Field, Form
from parsers.syllables import possible
from parsers.vietnamese import key

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
    "index": re.compile(r"[1-9]\d{0,2}\.?"),
    "code": re.compile(r"\d{10}(?:-\d{3})?|\d{12}|\d{2}[A-Z]\d{7}|\d{1,4}/[A-ZĐ&]+(?:-[A-ZĐ&]+)*"),
}
_DATE: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_WORD: Final = re.compile(r"[^\W\d_]+")
#: Signs where nobody writes them: at the ends, before a word, a full stop inside a sentence, a
#: digit inside a word.
_ODD_SIGNS: Final = re.compile(
    r"^[^\w\-(“\"]|[,;:(\-]$|\s[.,;:'’%!?*_°](?=\s|$|\w)|\.\s+(?=[a-zà-ỹđ])|[.,;:]{2}"
    r"|(?<=[^\W\d_]{2})\d|\d(?=[^\W\d_]{2})"
)
_YEARS: Final = range(1990, 2036)
#: Written with no vowel or in capitals in every second form; syllables they are not.
_SHORTENED: Final = (
    "htx tht hkd hkdct kd dn dntn tnhh mtv cp ctcp cty ubnd hđnd htxnn ocop đkkd mst sđt đt stt tt "
    "ql tl dt km sx sxkd nn ptnt qđ hd bt tp tx cn gcn m kg vnđ đ số a b c"
)
_SHORT: Final = frozenset(_SHORTENED.split())


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
        self._words = _SHORT | {
            word
            for text in (*form.titles, form.title, *form.words, *_said(form.fields))
            for word in _WORD.findall(key(text))
        }
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
