"""What shows that a document without checksums lost a part on its way: its end, or a piece of it.

Such a document is read, and what is left of it recorded, but never as complete.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from parsers.reading import Finding

#: What is not there may be what matters: nothing is concluded from its absence.
UNREAD: Final = ("end",)

CUT_OFF: Final = Finding(
    "error",
    "cut-off",
    "Tệp có vẻ chưa trọn vẹn (bị cắt hoặc mất một phần khi lưu hay gửi) nên danh sách có thể thiếu "
    "dòng hoặc lẫn dòng. Đề nghị gửi lại tệp gốc, tốt nhất là tệp Excel (.xlsx).",
)

_RAGGED: Final = (
    "Dòng {} của bảng “{}” có {} ô, các dòng khác có {} ô, nên không rõ ô nào thuộc cột nào; "
    "đề nghị kiểm tra lại dòng này và gửi lại."
)
#: Fewer columns make no list.
_LEAST_COLUMNS: Final = 3
#: So many rows are named one by one.
_MOST_TOLD: Final = 20
_TAG: Final = re.compile(r"<(/?)(html|body|table|tr|td|th)\b[^<>]*(>?)", re.IGNORECASE)
#: What may be left open by the rules of HTML, if the page leaves it open throughout.
_OMISSIBLE: Final = frozenset({"html", "body", "tr", "td", "th"})


def is_page_torn(text: str) -> bool:
    """Whether a web page's tables do not end as they began, or a tag of theirs breaks off.

    Programs close every tag that they open; a person may leave out ``</td>``, ``</tr>``,
    ``</body>`` (HTML 13.1.2.4), but then leaves them out everywhere.
    """
    begun: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for closing, name, end in _TAG.findall(_without_comments(text)):
        if not end:
            return True
        (ended if closing else begun)[name.lower()] += 1
    if begun["table"] != ended["table"]:
        return True
    if not begun["table"]:
        return False
    closes = any(ended[name] for name in _OMISSIBLE)
    return closes and any(
        begun[name] != ended[name] and (ended[name] or name in {"html", "body"})
        for name in _OMISSIBLE
    )


def ragged_rows(name: str, rows: Sequence[tuple[int, int]], place: str) -> Iterator[Finding]:
    """Yield an error for each row that is wider or narrower than the table by the width of a cell.

    Args:
        name: what the table or sheet is called.
        rows: for each row its width in columns, spans counted, and how many cells say something.
        place: where a row is, with ``{}`` for its number.

    A line of text across the page is no row of the list, whatever its width.
    """
    widths = Counter(width for width, filled in rows if filled > width / 2)
    common = widths.most_common(1)[0][0] if widths else 0
    if common < _LEAST_COLUMNS or len(widths) == 1 or widths[common] == 1:
        return
    ragged = [n for n, (width, filled) in enumerate(rows, 1) if width != common < 2 * filled]
    for number in ragged[:_MOST_TOLD]:
        message = _RAGGED.format(number, name, rows[number - 1][0], common)
        yield Finding("error", "ragged-row", message, place=place.format(number))


def _without_comments(text: str) -> str:
    """Return a page without its comments; one that never ends is none."""
    pieces, at = [], 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin)) >= 0:
        pieces.append(text[at:begin])
        at = end + 3
    return "".join((*pieces, text[at:]))
