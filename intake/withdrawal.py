"""Words that take an earlier answer back. Pure.

Marks decide: without them "hủy" is the name Huy and "rút" many a word. What is written without
marks takes nothing back by itself; a person reads it.
"""

import re
from collections.abc import Iterable, Iterator

from parsers.vietnamese import key

_ANSWER = (
    r"(?:đăng ký|biểu|văn bản|công văn|điểm|hồ sơ"
    r"|(?:bản|thư|báo cáo) (?:trước|cũ|đã gửi|hôm trước|đã đăng ký|lần trước))"
)
#: What is taken back is an answer that registered, not one that said "no need".
_NO_NIL = r"(?!(?: (?:báo cáo|báo|về|việc|là|xã|trả lời|trước|ghi)){0,3} không có nhu cầu)"
_OBJECT = rf"(?: (?!không )\S+){{0,6}}? {_ANSWER}\b{_NO_NIL}"
_DENIED = r"(?<!không )(?<!chưa )(?<!không xin )(?<!không đề nghị )"
_TAKES_BACK = re.compile(
    rf"{_DENIED}\b(?:rút|hủy|hủy bỏ|thu hồi)\b(?:{_OBJECT})"
    r"|\b(?<!không )(?:xin|đề nghị|được|cho) (?:được )?rút(?: lại| hết| toàn bộ)?$"
)
_REPLACES = re.compile(rf"{_DENIED}\bthay (?:thế|cho)\b{_OBJECT}")
#: Whoever is above a commune replaces documents of its own.
_FROM_ABOVE = re.compile(r"\b(?:huyện|tỉnh|sở|bộ|chính phủ)\b")
#: What an answer is founded on is news of others.
_PREAMBLE = re.compile(r"(?:căn cứ|thực hiện|theo|tiếp theo|xét)\b")
_ALL = re.compile(r"\b(?:toàn bộ|tất cả|hết|các điểm)\b")
_ANEW = re.compile(r"\b(?:thay|gửi lại|đăng ký lại|lập lại|điều chỉnh|sửa|đính chính|bổ sung)\b")
_CLAUSE = re.compile(r"[,;!?]|\.(?=\s|$)|\n\s*\n")


def takes_back(texts: Iterable[str]) -> bool:
    """Whether somebody withdraws (rút, hủy) what was registered."""
    return any(_TAKES_BACK.search(clause) for clause in _clauses(texts))


def takes_all_back(texts: Iterable[str]) -> bool:
    """Whether all of it is withdrawn."""
    return any(_TAKES_BACK.search(one) and _ALL.search(one) for one in _clauses(texts))


def replaces(texts: Iterable[str]) -> bool:
    """Whether the text stands in place of an earlier answer (thay thế, thay cho)."""
    return any(
        _REPLACES.search(clause) and not _FROM_ABOVE.search(clause) for clause in _clauses(texts)
    )


def sends_anew(texts: Iterable[str]) -> bool:
    """Whether something is sent in place of what is withdrawn."""
    return any(_ANEW.search(clause) for clause in _clauses(texts))


def _clauses(texts: Iterable[str]) -> Iterator[str]:
    """Yield the writer's own clauses, with marks; not those on which an answer is founded."""
    for text in texts:
        for clause in map(key, _CLAUSE.split(text)):
            if clause and not _PREAMBLE.match(clause):
                yield clause
