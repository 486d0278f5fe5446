"""Tables and columns that only lay out a page: letterhead, recipients, signatures."""

import re
from typing import Final

from parsers.vietnamese import fold

_MOST_ROWS: Final = 12
#: What stands in a letterhead or signature block (Nghị định 30/2020/NĐ-CP, Phụ lục I), folded.
_WORDS: Final = re.compile(
    r"cong hoa xa hoi chu nghia|doc lap tu do|^uy ban nhan dan|^ubnd|noi nhan|kinh gui"
    r"|\btm uy ban|\btm ubnd|\bkt chu tich|\btl chu tich|\btuq chu tich|\bpho chu tich\b"
    r"|\bnguoi lap\b|\bky (?:va )?(?:ghi ro )?ho ten|\bdong dau\b"
)
_SIDE_BY_SIDE: Final = 3


def is_layout(columns: int, rows: int, text: str, *, ruled: bool) -> bool:
    """Whether a table is part of the letter and not a form.

    A single column is text in a box. Two or three columns with the words of a letterhead or a
    signature block are that, ruled or not; without lines, two columns are always layout.
    """
    if columns <= 1:
        return True
    if columns > _SIDE_BY_SIDE or rows > _MOST_ROWS:
        return False
    if not ruled and columns < _SIDE_BY_SIDE:
        return True
    return _WORDS.search(fold(text)) is not None
