"""Where a table ends: signatures, and the place and date above them."""

import re
from collections.abc import Sequence

from parsers.body import LABEL, BodyRow, amounts
from parsers.grid import Cell
from parsers.header import Header
from parsers.vietnamese import fold

_SIGNATURE = re.compile(
    r"(?:tm|kt|tl|tuq|q) (?:uy ban|ubnd|chu tich|giam doc|hoi dong)|chu tich|pho chu tich"
    r"|nguoi lap|thu truong|can bo (?:lap|tong hop|phu trach)|ke toan|xac nhan cua"
    r"|dai dien (?:theo phap luat|co so)"
    r"|nguoi tong hop|cong chuc"
)
_PLACE_DATE = re.compile(r".{2,40} ngay (?:\d{1,2} )?thang (?:\d{1,2} )?nam (?:\d{4})?")
#: Place and date, clerk and chairman stand beside each other.
_MOST_CELLS = 3


def ends_table(header: Header, row: BodyRow, cells: Sequence[Cell | None]) -> bool:
    """Tell a row of signatures, or of place and date: no running number, few cells, no amount.

    "4 sao" beside "QĐ … ngày … tháng … năm …" is one.
    """
    texts = [cell.text for cell in cells if cell and cell.text.strip()]
    if len(texts) > _MOST_CELLS or row.is_counted:
        return False
    return any(map(is_signature, texts)) and not amounts(header, row)


def is_signature(text: str) -> bool:
    """Tell a signature, or place and date."""
    folded = fold(text[:LABEL])
    return bool(_SIGNATURE.match(folded) or _PLACE_DATE.fullmatch(folded))
