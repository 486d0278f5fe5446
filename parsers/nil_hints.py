"""Words beside a "no need" that tell of more than how it came about: a sentence with one is heard.

What is heard must say nothing unknown (`nil_words`). Words are matched with their marks where a
sentence has any: "chợ" is no "cho", "hỏi" no "hội".
"""

import re

from parsers.beside_nil import folded
from parsers.form import Form
from parsers.vietnamese import fold, unmarked

#: It is taken back, somebody else's, a draft, unfinished, or somebody hands something in.
_HINTS = (
    r"\b(?:sai|nhầm|lộn|quên|đùa|(?<!xã )hỏi|ghi(?! nhận)|bỏ (?:qua|giúp|thư|bản)|không phải"
    r"|chưa|(?:thư|bản) (?:này|trước)|dự thảo|nháp|soạn|viết(?! nam)|mẫu(?! sơn\b)|tham khảo|trích"
    r"|biên bản|nộp|đơn(?! vị)|biểu|hồ sơ|file|kèm|xem(?! xét)|bà(?! con)|ông|chợ|đồng ý|muốn"
    r"|chọn|nhờ(?! hộp thư)|(?:anh|chị|phòng) bảo|(?:thế|như) này|ý kiến|quyết(?! định)"
    r"|duyệt|chính thức|mới biết|vừa(?! qua)|chiều nay|(?:chiều|mai) (?:em|xã|tôi|anh|chị|họp|ubnd)"
    r"|báo (?:lại|sau)|p/?s|m2|trừ)\b"
)


_MARKED, _UNMARKED = re.compile(_HINTS), re.compile(unmarked(_HINTS))
#: What a subject speaks of when it speaks of this; a receipt's number stands for the matter.
_THIS = re.compile(r"\b(?:ocop|diem gioi thieu|so tiep nhan)\b")
#: A subject that announces what is registered, or that the mail is no answer.
_ANNOUNCES = re.compile(
    r"\b(?:danh sach|bieu|ho so|htx|hop tac xa|du thao|dinh chinh"
    r"|(?:(?!0+\b)\d+|mot|hai|ba|bon) diem)\b"
)
#: The subject of a receipt: its numbers are what was registered before.
_RECEIPT = re.compile(r"\bso tiep nhan\b")
#: A word, and how many of them in small letters make prose: a name or a rank has fewer.
_LETTERS, _WORDS = re.compile(r"[^\W\d_]+"), re.compile(r"[^\W_]+")
_SMALL, _FEWEST = 2, 3
_ADDRESSED = re.compile(r"^kính gửi ?:|^nơi nhận ?:", re.IGNORECASE)


def is_prose(written: str) -> bool:
    """Tell that somebody says something, in a line that is no name, rank or address."""
    if _ADDRESSED.match(written.strip()):
        return False
    told = " ".join(word for word in written.split() if "://" not in word and "@" not in word)
    words = _LETTERS.findall(told)
    return len(words) >= _FEWEST and sum(map(str.islower, words)) >= _SMALL


def names_in(written: str) -> set[str]:
    """Return the folded words that stand beside another with a capital, as those of names do.

    The number of a commune with others of its name ("Tân Lập 3") is one of them.
    """
    words = _WORDS.findall(written)
    named = [word[0].isupper() for word in words]
    around = zip([False, *named], [*named[1:], False], strict=False)
    return {
        fold(word)
        for word, is_named, (before, behind) in zip(words, named, around, strict=False)
        if (is_named and (before or behind)) or (before and word.isdigit())
    }


def hints(written: str) -> bool:
    """Tell a sentence, as written, that may say more than that there is no need."""
    text = written.lower()
    bare = unmarked(text)
    return (_UNMARKED if text == bare else _MARKED).search(text) is not None


def announces(subject: str) -> bool:
    """Tell a folded subject that names points, a form or a draft, not the matter alone."""
    return _ANNOUNCES.search(subject) is not None and not _RECEIPT.search(subject)


def names_this(subject: str, form: Form) -> bool:
    """Tell a folded subject that names the matter of the form."""
    names = map(folded, (*form.topic_phrases, form.title))
    return _THIS.search(subject) is not None or any(name in subject for name in names if name)
