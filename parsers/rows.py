"""The rows under a header: which are data, and which are totals, groups, notes or signatures."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice, zip_longest
from typing import Literal

from parsers.columns import Column
from parsers.grid import Cell, Grid
from parsers.header import Header, is_index_row
from parsers.outcome import Context
from parsers.values import parse
from parsers.vietnamese import fold, key, one_line, squash

RowKind = Literal["data", "continued", "total", "subtotal", "group", "note"]

_TOTAL = re.compile(
    r"(?:tong(?: cong| so| kinh phi| chung)?|cong(?: chung| don)?)"
    r"(?: (?:cong|so|i+|iv|vi*|\d+|[abc]|diem|xa|toan|muc|nhom|phan|trang|truoc"
    r"|nhu|cau|kinh|phi|de|nghi|ho|tro))*"
    r"|luy ke(?: (?:tu dau nam|trang|truoc|\d+))*"
    r"|(?:cong )?(?:mang|chuyen) sang(?: trang(?: (?:sau|tiep theo|\d+))?)?"
)
#: What may follow "tổng" and "cộng" in a name: a store, a company, a village's people.
_TOTAL_OF = re.compile(
    r"(?:tổng|cộng|tong)\b"
    r"(?!\s*(?:đồng|dong|kho|hợp|hop|công ty|cong ty|đại lý|dai ly|đội|doi)\b)"
)
_TORN_TOTALS = frozenset({"tongcong", "tongso", "congtong"})
_SUBTOTAL = re.compile(
    r"cong (?:i+|iv|vi*|\d+|[abc]|muc|nhom|phan|trang)\b.*|tieu cong.*|cong nhom.*"
)
_NOTE = re.compile(
    r"(?:ghi chu|luu y|chu thich|giai thich|ghi ro|bang chu|so tien bang chu"
    r"|danh sach (?:nay )?(?:gom|co)"
    r"|tong so (?:co )?\d|tong cong (?:co )?\d|bieu (?:nay )?gom|noi nhan|kinh gui|nguon"
    r"|don vi tinh|dvt)\b"
)
_SIGNATURE = re.compile(
    r"(?:tm|kt|tl|tuq|q) (?:uy ban|ubnd|chu tich|giam doc|hoi dong)|chu tich|pho chu tich"
    r"|nguoi lap|thu truong|can bo (?:lap|tong hop|phu trach)|ke toan|xac nhan cua"
    r"|dai dien (?:theo phap luat|co so)"
    r"|nguoi tong hop|cong chuc"
)
_PLACE_DATE = re.compile(r".{2,40} ngay (?:\d{1,2} )?thang (?:\d{1,2} )?nam (?:\d{4})?")
_GROUP_MARK = re.compile(r"[IVX]{1,5}|[A-HĐ]|[a-hđ]|[IVX]{1,5}\.\d{1,2}")
_NUMBERED_TEXT = re.compile(r"\d{1,2}\s*[.)]\s*[^\W\d_]")
_GROUP_TEXT = re.compile(
    r"^(?:[IVX]{1,5}|[A-HĐ])\s*[.):/-]\s*\S"
    r"|^(?:nhóm|cụm|thôn|xã|thị trấn|khu vực|phần|mục|loại hình)\b",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"khong(?: co)?|(?:.* )?khong (?:co )?(?:nhu cau|diem|dang ky|phat sinh|de xuat|don vi)\b.*"
)
#: Placeholders of a printed form: dots, dashes, underscores.
_BLANKS = " .…_-–—\n\t"
#: What a row is shows in its first words.
_LABEL = 200
_PAGE = re.compile(r"page \d+")
_NUMBER_TYPES = {"decimal", "money", "stars"}
_SUMMED_TYPES = {"decimal", "money"}
_AMOUNT = re.compile(r"[1-9][\d.,]*\s*\D{0,12}")
#: So many columns of the form are filled in a row that is a point and no signature.
_A_POINT = 3


@dataclass(frozen=True, slots=True)
class BodyRow:
    """One row under the header.

    ``cells`` are those of the columns that hold fields, by field key, with merged-down cells
    standing in each row they cover; ``shared`` names the keys whose cell began in a row above;
    ``own`` are the filled cells that begin in this row. ``stray`` is a row without a number among
    numbered ones that lacks a third of what is required: perhaps the rest of the row above.
    """

    kind: RowKind
    number: int
    cells: Mapping[str, Cell]
    own: Mapping[str, Cell]
    shared: frozenset[str] = frozenset()
    index: Cell | None = None
    text: str = ""
    stray: bool = False


def is_filled(cell: Cell | None) -> bool:
    """Tell whether a cell holds anything: a text beyond dots to write on, or an unsaved formula."""
    return cell is not None and (cell.text.strip(_BLANKS) != "" or cell.uncalculated)


def body_rows(grid: Grid, header: Header) -> tuple[BodyRow, ...]:
    """Return the rows under the header, empty ones and repeated headers left out.

    Signatures end the table: what stands below is none of it. What looks like one and has a point
    below it, before any empty row, is none: "Kế toán: …" may be a point's second representative.
    A row that continues the one above (a page break, or further products of the same point) is
    told by its missing number and name.
    """
    rows: list[BodyRow] = []
    covers: dict[int, tuple[Cell, int]] = {}
    point = 0  # the table is known to go on to this row
    for number in range(header.end, len(grid.rows)):
        cells = grid.rows[number]
        found = _body_row(header, cells, number, covers)
        _cover(cells, number, covers)
        row = found or BodyRow("note", number, {}, {})  # "STT" alone may have a signature below it
        if found and _is_header_again(header, cells):
            continue
        if _ends_table(header, row, cells):
            point = point if point > number else _next_point(grid, header, number + 1)
            if not point:
                break
            if len(row.own) == 1 and _named(header, row):
                row = replace(row, kind="note")  # a signature is no point's name
        if found:
            rows.append(row)
    return _one_each(header, rows) if header.exact else _joined(header, rows)


def _next_point(grid: Grid, header: Header, first: int) -> int:
    """Return the first row that is a point, 0 if an empty row or the end comes before it."""
    for number, cells in enumerate(grid.rows[first:], first):
        if not any(map(is_filled, cells)):
            return 0
        if is_point(header, cells):
            return number
    return 0


def is_point(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row that is a point and no signature, whatever stands above it.

    It has a name, and a running number with two more values or most of what is required. Nothing
    else stands in the columns of an official workbook: there the number may be missing.
    """
    required = [column.field.key for column in header.columns if column.field.required]
    at = {column.field.key: column.index for column in header.columns}
    own = {key for key, column in at.items() if is_filled(cells[column])}
    if not required or required[0] not in own or _is_header_again(header, cells):
        return False
    index = header.assignment.index
    mark = cells[index] if index is not None else None
    if header.exact or (mark is not None and mark.text.strip(" .").isdigit()):
        return len(own) >= _A_POINT
    return len(own.intersection(required)) * 2 > len(required)


def _cover(cells: Sequence[Cell | None], number: int, covers: dict[int, tuple[Cell, int]]) -> None:
    """Remember which columns a merged cell covers, and down to which row."""
    for column, cell in enumerate(cells):
        if cell and cell.row_span > 1:
            for covered in range(column, column + cell.col_span):
                covers[covered] = cell, number + cell.row_span


def _body_row(
    header: Header,
    cells: Sequence[Cell | None],
    number: int,
    covers: Mapping[int, tuple[Cell, int]],
) -> BodyRow | None:
    if not any(is_filled(cell) for cell in cells):
        return None
    found: dict[str, Cell] = {}
    shared = set()
    for column in header.columns:
        cell = cells[column.index] if column.index < len(cells) else None
        if cell is None and column.index in covers and number < covers[column.index][1]:
            cell = covers[column.index][0]
            shared.add(column.field.key)
        if cell is not None:
            found[column.field.key] = cell
    index = header.assignment.index
    mark = cells[index] if index is not None and index < len(cells) else None
    own = {key: cell for key, cell in found.items() if key not in shared and is_filled(cell)}
    row = BodyRow("data", number, found, own, frozenset(shared), mark)
    return _classified(header, cells, row)


def _classified(header: Header, cells: Sequence[Cell | None], row: BodyRow) -> BodyRow | None:
    filled = [cell for cell in cells if is_filled(cell)]
    worded = (cell.text.strip() for cell in filled if cell and not _is_number(cell))
    texts = list(islice(worded, 3))  # whether there are more, nobody asks
    label = texts[0] if texts else ""
    if label and row.index is not None and label == row.index.text.strip() and len(texts) > 1:
        is_mark = len(label) <= 5 and not _is_total(label)  # noqa: PLR2004  such as "II."
        label = texts[1] if is_mark else label
    folded = fold(label[:_LABEL])
    row = replace(row, text=label)
    words = set(islice((key for key, cell in row.own.items() if not _is_number(cell)), 2))  # same
    if folded and len(words) <= 1 and _is_total(label) and not _is_remark(header, row, label):
        subtotal = _SUBTOTAL.fullmatch(folded) is not None
        return replace(row, kind="subtotal" if subtotal else "total")
    if len(words) <= 1 and _NOTHING.fullmatch(folded):
        return replace(row, kind="note")
    if header.exact and row.own and _is_counted(row):
        return row
    noted = _NOTE.match(folded) and not _is_numbered(header, row)
    if len(texts) <= 2 and (noted or label.startswith("*")):  # noqa: PLR2004
        return replace(row, kind="note")
    if row.own and _is_total_of_something(header, row, label):
        return replace(row, kind="total")
    if not row.own:
        lonely = [cell for cell in filled if cell is not row.index]
        return replace(row, kind="note") if lonely and texts else None
    if _is_group(header, row, words):
        return replace(row, kind="group")
    return row


def _is_remark(header: Header, row: BodyRow, label: str) -> bool:
    """Tell a point of an official workbook in one of whose columns the word for a sum stands."""
    name = next((c.field.key for c in header.columns if c.field.required), "")
    named = row.own[name].text.strip() if name in row.own else ""
    return header.exact and _is_counted(row) and label != named


def _is_total(label: str) -> bool:
    """Tell the label of a total, also where the narrow column of a page tore it: "TỔ NG CỘ NG"."""
    return bool(_TOTAL.fullmatch(fold(label[:_LABEL]))) or squash(label[:_LABEL]) in _TORN_TOTALS


def _is_total_of_something(header: Header, row: BodyRow, label: str) -> bool:
    """Tell a label that goes on behind "Tổng" or "Cộng", with nothing but numbers beside it.

    It has no running number and stands where names do, or left of them. In a list without running
    numbers a name alone may be a point's.
    """
    if _is_counted(row) or not _TOTAL_OF.match(key(label[:_LABEL])):
        return False
    types = {column.field.key: column.field.type for column in header.columns}
    name = next((c.field.key for c in header.columns if c.field.required), "")
    beside = [types[field] for field in row.own if field != name]
    if header.assignment.index is None and not _SUMMED_TYPES.intersection(beside):
        return False
    return _NUMBER_TYPES.issuperset(beside)


def _is_numbered(header: Header, row: BodyRow) -> bool:
    """Tell a row with a running number or a number of its own: "Nguồn Việt" may name a point."""
    if _is_counted(row):
        return True
    types = {column.field.key: column.field.type for column in header.columns}
    return len(row.own) > 1 and any(types[key] in _NUMBER_TYPES for key in row.own)


def _is_counted(row: BodyRow) -> bool:
    """Tell a row with a running number."""
    return row.index is not None and row.index.text.strip(" .").isdigit()


def _is_number(cell: Cell) -> bool:
    if isinstance(cell.value, (int, float)):
        return True
    return not any(map(str.isalpha, cell.text))


def _is_group(header: Header, row: BodyRow, words: set[str]) -> bool:
    """Tell a heading inside the table: one text, the rest empty but for its sums."""
    if len(words) != 1:
        return False
    (key,) = words
    cell = row.own[key]
    others = [column for column in header.columns if column.field.key in row.own]
    if any(c.field.type not in _NUMBER_TYPES for c in others if c.field.key != key):
        return False
    mark = row.index.text.strip(" .):") if row.index else ""
    if mark and mark != cell.text.strip(" .):"):
        return bool(_GROUP_MARK.fullmatch(mark))
    merged = cell.col_span >= 3  # noqa: PLR2004  two merged cells are often a slip
    return merged or bool(_GROUP_TEXT.match(cell.text.strip()))


def _is_header_again(header: Header, cells: Sequence[Cell | None]) -> bool:
    return is_index_row(cells) or (has_captions(header, cells) and is_in_place(header, cells))


def has_captions(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell a row of nothing but the header's captions, in whatever order."""
    texts = [cell.text for cell in cells if cell and cell.text.strip()]
    return len(texts) >= 2 and all(squash(text) in header.texts for text in texts)  # noqa: PLR2004


def is_in_place(header: Header, cells: Sequence[Cell | None]) -> bool:
    """Tell captions of which none stands over the column of another."""
    captions = {column.index: squash(column.caption) for column in header.columns}
    others = set(captions.values())
    written = ((own, cells[column]) for column, own in captions.items())
    return not any(cell and squash(cell.text) in others - {own} for own, cell in written)


def _ends_table(header: Header, row: BodyRow, cells: Sequence[Cell | None]) -> bool:
    texts = [cell.text for cell in cells if cell and cell.text.strip()]
    if len(texts) > 3 or (row.index and row.index.text.strip().isdigit()):  # noqa: PLR2004
        return False
    folded = [fold(text[:_LABEL]) for text in texts]
    signed = any(_SIGNATURE.match(text) or _PLACE_DATE.fullmatch(text) for text in folded)
    return signed and not _has_amount(header, row)


def _named(header: Header, row: BodyRow) -> bool:
    """Tell a row with a text in the column of the points' names."""
    return next((c.field.key for c in header.columns if c.field.required), "") in row.own


def _has_amount(header: Header, row: BodyRow) -> bool:
    """Tell a number in a column of numbers: "4 sao" beside "QĐ … ngày … tháng … năm …"."""
    counted = (c.field.key for c in header.columns if c.field.type in _NUMBER_TYPES)
    return any(key in row.own and _AMOUNT.fullmatch(row.own[key].text.strip()) for key in counted)


def _one_each(header: Header, rows: Sequence[BodyRow]) -> tuple[BodyRow, ...]:
    """Return the rows of an official workbook: one is one point, unless their names are merged."""
    name = next((c.field.key for c in header.columns if c.field.required), "")
    merged = (name in row.shared and name not in row.own for row in rows)
    return tuple(
        replace(row, kind="continued") if row.kind == "data" and below and at else row
        for at, (row, below) in enumerate(zip(rows, merged, strict=True))
    )


def _joined(header: Header, rows: Sequence[BodyRow]) -> tuple[BodyRow, ...]:
    """Return the rows with those marked that continue the data row above them.

    Below a total or a note only a row with a number or with half of the required values is data.
    A row of nothing but amounts is a sum that nobody labelled, not what the point above lacks.
    """
    required = [c.field.key for c in header.columns if c.field.required]
    worded = {c.field.key for c in header.columns if c.field.type not in _NUMBER_TYPES}
    summed = {c.field.key for c in header.columns if c.field.type in _SUMMED_TYPES}
    numbered = any(row.kind == "data" and is_filled(row.index) for row in rows)
    result: list[BodyRow] = []
    for row in rows:
        kind, stray = row.kind, False
        if kind == "data" and numbered and _is_lone_heading(row, required, rows):
            kind = "group"
        elif kind == "data" and result and not is_filled(row.index):
            lacking = sum(1 for key in required if key not in row.own)
            mostly = lacking >= len(required) / 2
            if summed.issuperset(row.own) and _is_sum(row, result[-1]):
                kind = "total"
            elif result[-1].kind in {"data", "continued"}:
                nameless = required and required[0] not in row.own
                shared = required and required[0] in row.shared
                named = not nameless and _names_a_point(row, result[-1], required, worded)
                if (nameless and (shared or mostly)) or (numbered and mostly and not named):
                    kind = "continued"
                stray = kind == "data" and numbered and lacking >= len(required) / 3
            elif mostly and result[-1].kind in {"total", "note"}:
                kind = "note"
        result.append(replace(row, kind=kind, stray=stray) if stray or kind != row.kind else row)
    rows = tuple(_outlined(result))
    return rows if numbered else tuple(_with_points_called_groups(header, rows))


def _with_points_called_groups(header: Header, rows: Sequence[BodyRow]) -> Iterator[BodyRow]:
    """Yield the rows of a list without running numbers, its groups with an amount of their own.

    "Nhóm phụ nữ khởi nghiệp" may be a point's name: it is a group if the rows below add up to it.
    """
    money = [column for column in header.columns if column.field.type in _SUMMED_TYPES]
    for at, row in enumerate(rows):
        stated = [column for column in money if column.field.key in row.own]
        if row.kind == "group" and stated and not is_filled(row.index):
            adds_up = _adds_up(rows, at, stated)
            yield row if adds_up else replace(row, kind="data")
        else:
            yield row


def _adds_up(rows: Sequence[BodyRow], at: int, columns: Sequence[Column]) -> bool:
    """Tell a heading of whose amounts each is the sum of points below it."""
    stated = [_amount(column, rows[at]) for column in columns]
    sums, points = [Decimal(0)] * len(columns), 0
    unknown = any(rows[at].own[column.field.key].uncalculated for column in columns)
    for row in below_heading(rows, at):
        if row is not None:
            points += 1
            more = [_amount(column, row) or Decimal(0) for column in columns]
            sums = [one + other for one, other in zip(sums, more, strict=True)]
        elif points and (unknown or sums == stated):
            return True
    return False


def _amount(column: Column, row: BodyRow) -> Decimal | None:
    cell = row.own.get(column.field.key)
    if cell is None:
        return None
    unbounded = replace(column.field, low=None, high=None)
    value = parse(unbounded, cell, Context(column.unit, column.unit_certain))
    return None if value.text is None else Decimal(value.text)


def below_heading(rows: Sequence[BodyRow], at: int) -> Iterator[BodyRow | None]:
    """Yield the points below the heading in this row, and None wherever what it sums may end.

    It ends before any other heading or sum, at last before a heading of its own kind.
    """
    kind = _group_kind(rows[at])
    for row in islice(rows, at + 1, None):
        if row.kind == "data":
            yield row
        elif row.kind in {"group", "total", "subtotal"}:
            yield None
            if row.kind == "group" and _group_kind(row) == kind:
                return
    yield None


def _is_lone_heading(row: BodyRow, required: Sequence[str], rows: Sequence[BodyRow]) -> bool:
    """Tell a lone "1. Hợp tác xã" or "CÁC ĐIỂM ĐỢT 2" without number, where the points have some.

    Capitals tell nothing where the points' names are written in capitals too.
    """
    if is_filled(row.index) or list(row.own) != required[:1]:
        return False
    text = row.own[required[0]].text.strip()
    if _NUMBERED_TEXT.match(text):
        return True
    names = (one.own[required[0]] for one in rows if one is not row and required[0] in one.own)
    return text.isupper() and " " in text and not any(name.text.isupper() for name in names)


def _names_a_point(row: BodyRow, above: BodyRow, required: Sequence[str], worded: set[str]) -> bool:
    """Tell a point without number from the rest of the row above.

    A point has a name that begins like one and one more required text. What goes on below a page
    break may look the same: it stays joined, which lowers its confidence.
    """
    more = [key for key in required[1:] if key in worded and key in row.own]
    if not required or not more:
        return False
    return not _is_cut(row, above) and not row.own[required[0]].text.strip()[:1].islower()


def _is_sum(row: BodyRow, above: BodyRow) -> bool:
    """Tell a row of amounts below a point to which no merged cell and no page break ties it."""
    data = above.kind in {"data", "continued"}
    return data and not row.shared and not _is_cut(row, above)


def _is_cut(row: BodyRow, above: BodyRow) -> bool:
    """Tell a row that begins another page than the one above."""
    page, before = (
        next((_PAGE.match(cell.place) for cell in one.own.values()), None) for one in (row, above)
    )
    return bool(page and before and page[0] != before[0])


def _outlined(rows: Sequence[BodyRow]) -> Iterator[BodyRow]:
    """Yield the rows, a lone "1 Hợp tác xã" above a row numbered 1.1 being a group.

    So is a lone text above a row with which the numbers begin anew: its "I" may read as 1.
    """
    for row, below in zip_longest(rows, rows[1:]):
        lone = row.kind == "data" and len(row.own) == 1
        if lone and below is not None and row.index and below.index:
            mark, next_mark = row.index.text.strip(" ."), below.index.text.strip(" .")
            if next_mark == "1" or (mark and next_mark.startswith(f"{mark}.")):
                yield replace(row, kind="group")
                continue
        yield row


def sections(rows: Sequence[BodyRow]) -> dict[int, str]:
    """Return the group headings over each data row by its number, outermost first.

    A heading ends those of its own kind (Roman, letter, number, none) and what stands below them.
    """
    open_groups: list[tuple[str, str]] = []
    found: dict[int, str] = {}
    for row in rows:
        if row.kind == "group":
            kind = _group_kind(row)
            kinds = [one for one, _ in open_groups]
            if kind in kinds:
                del open_groups[kinds.index(kind) :]
            open_groups.append((kind, one_line(row.text)))
        elif row.kind == "data":
            found[row.number] = " / ".join(text for _, text in open_groups)
    return found


def _group_kind(row: BodyRow) -> str:
    mark = row.index.text.strip(" .):") if is_filled(row.index) and row.index else ""
    first = mark or re.split(r"[\s.):/-]", row.text.strip(), maxsplit=1)[0]
    for kind, pattern in (("roman", r"[IVX]+"), ("capital", r"[A-HĐ]"), ("small", r"[a-hđ]")):
        if re.fullmatch(pattern, first):
            return kind
    return "number" if first[:1].isdecimal() else "text"
