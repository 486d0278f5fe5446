"""Words that take an earlier answer back. Pure.

Marks decide: without them "hủy" is the name Huy and "rút" many a word. What is written without
marks takes nothing back by itself; beside files it makes a person read it.
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
_PLEA = r"\b(?:xin|đề nghị|được|cho)(?: (?:phép|được|xã|phòng|huyện)){0,2}"
_TAKES_BACK = re.compile(
    rf"\b(?:rút|hủy|thu hồi)\b{_OBJECT}|{_PLEA} rút(?: lại| hết| toàn bộ)?(?: ạ)?$"
)
_REPLACES = re.compile(rf"\bthay (?:thế|cho)\b{_OBJECT}")
#: "Chưa xin rút", "không có ý định rút"; but "sản phẩm không đạt xin rút" denies something else.
_DENIED = re.compile(
    r"\b(?:không|chưa|đừng)"
    r"(?: (?:hề|có|có ý|có ý định|có chủ trương|định|muốn|phải|nên|xin|đề nghị|được|cho|phép))* ?$"
)
#: Whoever is above a commune replaces documents of its own.
_FROM_ABOVE = re.compile(r"\b(?:huyện|tỉnh|sở|bộ|chính phủ)\b")
#: What an answer is founded on is news of others.
_PREAMBLE = re.compile(r"(?:căn cứ|thực hiện|theo|tiếp theo|xét)\b")
_ALL = re.compile(r"\b(?:toàn bộ|tất cả|hết|các điểm)\b")
_ANEW = re.compile(r"\b(?:thay|gửi lại|đăng ký lại|lập lại|điều chỉnh|sửa|đính chính|bổ sung)\b")
_CLAUSE = re.compile(r"[,;!?]|\.(?=\s|$)|\n\s*\n")

#: The same without marks, where it can mean nothing else: "phat huy", Mr Huy, who confirms, and
#: "rut kinh nghiem" withdraw nothing.
_BARE_ANSWER = (
    r"(?:dang ky|bieu|van ban|cong van|diem|ho so|(?:ban|thu|bao cao) (?:truoc|cu|da gui))"
)
_BARE_PLEA = r"\b(?:xin|de nghi|duoc|cho)(?: (?:phep|duoc|xa|phong|huyen)){0,2}"
_BARE_RUT = r"rut\b(?! (?:kinh nghiem|gon|ngan|tien))"
_BARE_TAKES_BACK = re.compile(
    rf"(?:{_BARE_PLEA} (?:{_BARE_RUT}|thu hoi)|\b{_BARE_RUT}(?: lai| het| bo)?)"
    rf"(?: (?!khong )\S+){{0,4}}? {_BARE_ANSWER}\b"
    rf"|{_BARE_PLEA} huy(?: bo)? {_BARE_ANSWER}\b"
    rf"|{_BARE_PLEA} rut(?: lai| het| toan bo)?(?: a)?$"
)
_BARE_DENIED = re.compile(
    r"\b(?:khong|chua|dung)"
    r"(?: (?:he|co|co y|co y dinh|co chu truong|dinh|muon|phai|nen|xin|de nghi|duoc|cho|phep))* ?$"
)
_BARE_ALL = re.compile(r"\b(?:toan bo|tat ca|het|cac diem)\b")
_BARE_ANEW = re.compile(r"\b(?:thay (?:the|cho|bang)|gui lai|dieu chinh|dinh chinh|bo sung)\b")


def takes_back(texts: Iterable[str]) -> bool:
    """Whether somebody withdraws (rút, hủy) what was registered, for certain."""
    return any(_says(_TAKES_BACK, _DENIED, clause) for clause in _clauses(texts))


def may_take_back(texts: Iterable[str]) -> bool:
    """Whether somebody withdraws what was registered, if only in words without marks."""
    return any(map(_may_take_back, _clauses(texts)))


def may_take_all_back(texts: Iterable[str]) -> bool:
    """Whether all of it is withdrawn, if only in words without marks."""
    return any(
        _may_take_back(one) and (_ALL.search(one) or _BARE_ALL.search(one))
        for one in _clauses(texts)
    )


def replaces(texts: Iterable[str]) -> bool:
    """Whether the text stands in place of an earlier answer (thay thế, thay cho)."""
    return any(
        _says(_REPLACES, _DENIED, clause) and not _FROM_ABOVE.search(clause)
        for clause in _clauses(texts)
    )


def sends_anew(texts: Iterable[str]) -> bool:
    """Whether something is sent in place of what is withdrawn."""
    return any(_ANEW.search(one) or _BARE_ANEW.search(one) for one in _clauses(texts))


def _may_take_back(clause: str) -> bool:
    if not clause.isascii():
        return _says(_TAKES_BACK, _DENIED, clause)
    return _says(_BARE_TAKES_BACK, _BARE_DENIED, clause)


def _says(words: re.Pattern[str], denial: re.Pattern[str], clause: str) -> bool:
    said = words.search(clause)
    return said is not None and not denial.search(clause, 0, said.start())


def _clauses(texts: Iterable[str]) -> Iterator[str]:
    """Yield the writer's own clauses, with their marks; not those on which an answer is founded."""
    for text in texts:
        for clause in map(key, _CLAUSE.split(text)):
            if clause and not _PREAMBLE.match(clause):
                yield clause
