"""Rows that are sums: by their label, by what stands beside it, or without any label."""

import re

from parsers.body import LABEL, NUMBERS, SUMMED, BodyRow, begins_page
from parsers.header import Header
from parsers.vietnamese import fold, key, squash

_SUM = re.compile(
    r"(?:tong(?: cong| so| kinh phi| chung)?|cong(?: chung| don)?)"
    r"(?: (?:cong|so|i+|iv|vi*|\d+|[abc]|diem|xa|toan|muc|nhom|phan|trang|truoc"
    r"|nhu|cau|kinh|phi|de|nghi|ho|tro))*"
    r"|luy ke(?: (?:tu dau nam|trang|truoc|\d+))*"
    r"|(?:cong )?(?:mang|chuyen) sang(?: trang(?: (?:sau|tiep theo|\d+))?)?"
)
_SUBTOTAL = re.compile(
    r"cong (?:i+|iv|vi*|\d+|[abc]|muc|nhom|phan|trang)\b.*|tieu cong.*|cong nhom.*"
)
#: What a narrow column makes of them: "TỔ NG CỘ NG".
_TORN = frozenset({"tongcong", "tongso", "congtong"})
#: What may follow "tổng" and "cộng" in a name: a store, a company, a village's people.
_SUM_OF = re.compile(
    r"(?:tổng|cộng|tong)\b"
    r"(?!\s*(?:đồng|dong|kho|hợp|hop|công ty|cong ty|đại lý|dai ly|đội|doi)\b)"
)


def is_sum_label(text: str) -> bool:
    """Tell a text that says nothing but that a sum stands beside it: "Tổng cộng", "Cộng mục I"."""
    return bool(_SUM.fullmatch(fold(text[:LABEL]))) or squash(text[:LABEL]) in _TORN


def is_subtotal_label(text: str) -> bool:
    """Tell the label of the sum of a part."""
    return _SUBTOTAL.fullmatch(fold(text[:LABEL])) is not None


def is_sum_of_something(header: Header, row: BodyRow) -> bool:
    """Tell a label that goes on behind "Tổng" or "Cộng", with nothing but numbers beside it.

    It has no running number and stands where names do, or left of them. In a list without running
    numbers a name alone may be a point's.
    """
    if not row.own or row.is_counted or not _SUM_OF.match(key(row.text[:LABEL])):
        return False
    beside = row.own.keys() - {header.name}
    if header.assignment.index is None and not beside & header.keys_of(SUMMED):
        return False
    return beside <= header.keys_of(NUMBERS)


def is_unlabelled_sum(header: Header, row: BodyRow, above: BodyRow) -> bool:
    """Tell a row of nothing but amounts: a sum without a label, not what the point above lacks.

    It stands below a point to which no merged cell and no page break ties it.
    """
    alone = above.kind in {"data", "continued"} and not row.shared
    return alone and row.own.keys() <= header.keys_of(SUMMED) and not begins_page(row, above)
