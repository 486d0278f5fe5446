"""Lists that are more than a plain table: slips, tables on their side, sheets, merged cells."""

from dataclasses import replace

from golden.makers.captions import caption
from golden.makers.grammar import points
from golden.makers.hand import BLANK, Written, write
from golden.makers.header import header
from golden.makers.layouts import (
    Draft,
    above,
    below,
    data_row,
    listed,
    sheet_of,
    truth_of,
)
from golden.makers.paper import (
    Box,
    BoxRow,
    Paper,
    Sheet,
    Truth,
    box,
    label,
    labels,
    merge_down,
    number,
)


def owners_merged(draft: Draft) -> Paper:
    """One owner has several points: owner, representative and phone are merged down over them."""
    shared = ("owner", "representative", "phone")
    for first in range(0, len(draft.cells) - 1, 3):
        for key in shared:
            cell = draft.cells[first].get(key, BLANK)
            for other in draft.cells[first + 1 : first + 3]:
                other[key] = replace(cell, value=None, text="", defect="")
                if cell.defect:
                    other[key] = cell
    sheet = sheet_of(draft)
    start = len(header(draft.layout, draft.hand.unit))
    offset = 0 if draft.layout.numbers == "none" else 1
    for first in range(0, len(draft.cells) - 1, 3):
        count = min(3, len(draft.cells) - first)
        for key in shared:
            if not draft.cells[first].get(key, BLANK).defect:
                merge_down(
                    sheet.rows, offset + draft.layout.columns.index(key), start + first, count
                )
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def money_merged(draft: Draft) -> Paper:
    """One sum is merged over two points: it belongs to neither."""
    for cells in draft.cells[:2]:
        cells["cost_requested"] = replace(
            cells["cost_requested"], meant=None, defect="merged-value"
        )
    sheet = sheet_of(draft)
    start = len(header(draft.layout, draft.hand.unit))
    column = len(draft.layout.columns) - draft.layout.columns[::-1].index("cost_requested")
    merge_down(sheet.rows, column, start, 2)
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def _product_rows(draft: Draft, *, merged: bool) -> Paper:
    """Each product stands in a row of its own; one rating for all of a point's products."""
    rows: list[BoxRow] = header(draft.layout, draft.hand.unit)
    column = 1 + draft.layout.columns.index("products")
    for count, (point, cells) in enumerate(zip(draft.points, draft.cells, strict=True), 1):
        items = point["products"].split("; ")
        if cells["products"].defect:
            items = [cells["products"].text]
        first = data_row(draft, cells, count)
        first[column] = label(items[0])
        start = len(rows)
        rows.append(first)
        for item in items[1:]:
            more: BoxRow = labels([""] * len(first))
            more[column] = label(item)
            rows.append(more)
        if merged:
            for at in range(len(first)):
                if at != column:
                    merge_down(rows, at, start, len(items))
    sheet = Sheet("Biểu 1", rows, above(draft), below(draft))
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def products_merged(draft: Draft) -> Paper:
    """One point over several rows, everything but its products merged down."""
    return _product_rows(draft, merged=True)


def products_below(draft: Draft) -> Paper:
    """One point over several rows, the cells beside further products simply empty."""
    return _product_rows(draft, merged=False)


def ditto(draft: Draft) -> Paper:
    """Repeat owner, representative and phone of the row above by ditto marks."""
    for above_, cells in zip(draft.cells, draft.cells[1:], strict=False):
        if draft.rng.random() < 0.6:
            for key in ("owner", "representative", "phone"):
                meant = above_.get(key, BLANK)
                if meant.meant is not None and not meant.defect:
                    mark = draft.rng.choice(("nt", "-nt-", "//", "như trên", '"'))
                    cells[key] = Written(mark, mark, meant.meant)
    return listed(draft)


def transposed(draft: Draft) -> Paper:
    """The captions stand in the first column, one column a point."""
    layout = draft.layout
    rows: list[BoxRow] = [[label("Nội dung", heading=True)]]
    rows[0] += [label(f"Điểm {n}", heading=True) for n in range(1, len(draft.cells) + 1)]
    for key in layout.columns:
        name = label(caption(key, layout.captions, draft.hand.unit), heading=True)
        rows.append([name, *(box(cells.get(key, BLANK)) for cells in draft.cells)])
    return Paper([Sheet("Biểu 1", rows, above(draft))], truth_of(draft), layout.letter)


def _card(draft: Draft, cells: dict[str, Written], *, numbered: bool) -> list[BoxRow]:
    layout = draft.layout
    rows: list[BoxRow] = []
    for count, key in enumerate(layout.columns, 1):
        name = label(caption(key, layout.captions, draft.hand.unit), heading=True)
        lead = [number(count, str(count))] if numbered else []
        rows.append([*lead, name, box(cells.get(key, BLANK))])
    return rows


def cards(draft: Draft) -> Paper:
    """A registration slip for each point: captions left, values right."""
    sheets = []
    for count, cells in enumerate(draft.cells, 1):
        title = [("PHIẾU ĐĂNG KÝ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP",)]
        rows = _card(draft, cells, numbered=draft.layout.numbers == "1")
        sheets.append(Sheet(f"Phiếu {count}", rows, title))
    return Paper(sheets, truth_of(draft), draft.layout.letter)


def stacked_cards(draft: Draft) -> Paper:
    """Registration slips under each other in one table, a title row between them."""
    rows: list[BoxRow] = []
    for count, cells in enumerate(draft.cells, 1):
        title = label(f"PHIẾU ĐĂNG KÝ SỐ {count:02d}", across=2, heading=True)
        rows += [[title, None], *_card(draft, cells, numbered=False), labels(["", ""])]
    return Paper([Sheet("Phiếu", rows[:-1])], truth_of(draft), draft.layout.letter)


def two_tables(draft: Draft) -> Paper:
    """A table for each of two villages, each with its own header; numbers start again."""
    half = max(1, len(draft.cells) // 2)
    sheets = []
    for name, part in (("Thôn Bản Ngà", draft.cells[:half]), ("Thôn Nà Lìn", draft.cells[half:])):
        head = header(draft.layout, draft.hand.unit)
        rows = [*head, *(data_row(draft, cells, n) for n, cells in enumerate(part, 1))]
        sheets.append(Sheet(name, rows, [(name,)] if draft.layout.title else []))
    draft.said.append("several-tables")
    return Paper(sheets, truth_of(draft), draft.layout.letter)


def last_year_beside(draft: Draft) -> Paper:
    """Last year's list stands in a sheet of its own before this year's, and empty ones after it."""
    old = sheet_of(replace_cells(draft), "Năm 2023")
    draft.said.append("table-left-out")
    mine = sheet_of(draft, "Năm 2024")
    empty = Sheet("Sheet3", [labels(["", ""])])
    return Paper([old, mine, empty], truth_of(draft), draft.layout.letter)


def hidden_beside(draft: Draft) -> Paper:
    """A hidden sheet with other points beside the visible one; a hidden row and column in it."""
    hidden = sheet_of(replace_cells(draft), "Lưu")
    hidden.hidden = True
    mine = sheet_of(draft)
    mine.hidden_rows = {len(mine.rows) - 1}
    mine.hidden_columns = {3}
    draft.said += ["hidden-row", "hidden-column"]
    return Paper([hidden, mine], truth_of(draft), draft.layout.letter)


def replace_cells(draft: Draft) -> Draft:
    """Return a draft like this one with other points and nothing planted."""
    columns = draft.layout.columns
    other = [
        {key: value for key, value in point.items() if key in columns}
        for point in points(draft.rng, 2)
    ]
    cells = [write(point, draft.hand, draft.rng) for point in other]
    return replace(draft, points=other, cells=cells, said=[])


def twice(draft: Draft) -> Paper:
    """The last point is listed a second time."""
    again = dict(draft.cells[0])
    draft.cells.append(again)
    draft.points.append(draft.points[0])
    draft.said.append("duplicate-point")
    return listed(draft)


def number_missing(draft: Draft) -> Paper:
    """The running numbers skip one: a row was deleted or is hidden."""
    paper = listed(draft)
    rows = paper.sheets[0].rows
    last = len(rows) - 1
    rows[last][0] = number(len(draft.cells) + 1, str(len(draft.cells) + 1))
    draft.said.append("number-gap")
    return Paper(paper.sheets, truth_of(draft), draft.layout.letter)


def notes_between(draft: Draft) -> Paper:
    """Remarks stand in merged rows between and under the points; they are none."""
    sheet = sheet_of(draft)
    width = sheet.width
    note = label("Ghi chú: các điểm trên đã được khảo sát trong tháng 4/2024.", across=width)
    star = label("(*) Kinh phí theo báo giá của đơn vị cung cấp.", across=width)
    sheet.rows.insert(len(sheet.rows) - 1, [note, *[None] * (width - 1)])
    sheet.rows.append([star, *[None] * (width - 1)])
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def summed_by_formula(draft: Draft) -> Paper:
    """The total row is made of formulas whose results were never saved."""
    sheet = sheet_of(draft)
    start = len(header(draft.layout, draft.hand.unit)) + len(sheet.above) + 1
    end = start + len(draft.cells) - 1
    row: BoxRow = labels(["Tổng cộng", *[""] * len(draft.layout.columns)])
    for key in ("area_m2", "cost_requested"):
        at = 1 + draft.layout.columns.index(key)
        letter = chr(ord("A") + at)
        row[at] = Box(formula=f"=SUM({letter}{start}:{letter}{end})")
    sheet.rows.append(row)
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def half_filled(draft: Draft) -> Paper:
    """Our template with more numbered rows than points: the rest holds dots."""
    sheet = sheet_of(draft)
    width = sheet.width
    for n in range(len(draft.cells) + 1, len(draft.cells) + 4):
        sheet.rows.append([number(n, str(n)), *labels(["……"] * (width - 1))])
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def unfilled(draft: Draft) -> Paper:
    """Our template with nothing but its numbers: refused as blank."""
    rows = header(draft.layout, draft.hand.unit)
    for n in (1, 2, 3):
        rows.append([number(n, str(n)), *labels(["……"] * len(draft.layout.columns))])
    return Paper([Sheet("Biểu 1", rows, above(draft))], Truth(outcome="blank-template"))


def nothing_needed(draft: Draft) -> Paper:
    """The one entry says that there is no need: a nil return."""
    text = "Xã không có nhu cầu đăng ký hỗ trợ điểm giới thiệu và bán sản phẩm OCOP"
    row = [number(1, "1"), *labels([text, *[""] * (len(draft.layout.columns) - 1)])]
    rows = [*header(draft.layout, draft.hand.unit), row]
    return Paper([Sheet("Biểu 1", rows, above(draft))], Truth(outcome="nil"))


def other_list(draft: Draft) -> Paper:
    """Another list that shares captions with ours: refused as the wrong form."""
    head = labels(["STT", "Họ và tên", "Chức vụ", "Địa chỉ", "Điện thoại"], heading=True)
    rows: list[BoxRow] = [head]
    for n, point in enumerate(draft.points, 1):
        texts = [point["representative"], "Trưởng thôn", point["address"], point["phone"]]
        rows.append([number(n, str(n)), *labels(texts)])
    return Paper([Sheet("DS", rows, [("DANH SÁCH TRƯỞNG THÔN",)])], Truth(outcome="wrong-form"))


def blank_rows(draft: Draft) -> Paper:
    """Empty rows stand under the header and between the points."""
    sheet = sheet_of(draft)
    start = len(header(draft.layout, draft.hand.unit))
    rows: list[BoxRow] = sheet.rows[:start]
    for row in sheet.rows[start:]:
        rows += [labels([""] * sheet.width), row]
    sheet.rows = rows
    return Paper([sheet], truth_of(draft), draft.layout.letter)


def saved_formulas(draft: Draft) -> Paper:
    """Amounts are formulas whose results were saved, as Excel leaves them."""
    paper = listed(draft)
    column = 1 + draft.layout.columns.index("cost_requested")
    for row in paper.sheets[0].rows[1:]:
        box = row[column]
        if box is not None and isinstance(box.value, int | float):
            row[column] = replace(box, formula=f"={box.value}*1")
    return paper


def page_sums(draft: Draft) -> Paper:
    """A sum at each page's end and carried over to the next, as in ledgers."""
    sheet = sheet_of(draft)
    start = len(header(draft.layout, draft.hand.unit))
    half = start + len(draft.cells) // 2
    width = sheet.width
    for name in ("Mang sang trang sau", "Cộng trang 1"):
        sheet.rows.insert(half, labels(["", name, *[""] * (width - 2)]))
    return Paper([sheet], truth_of(draft), draft.layout.letter)
