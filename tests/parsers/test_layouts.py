"""The same points in every layout give the same values, or are flagged: never others in silence."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.grids import grid
from rigs.ocop_form import FORM

from config.settings import load
from parsers.form import Form, interpret
from parsers.grid import Cell, CellValue, Extract, Grid
from parsers.interpretation import Interpretation
from parsers.reading import CERTAIN

SHIPPED = Path(__file__).parents[2] / "config" / "cao-loc"
CAPTIONS = {
    "name": "Tên điểm",
    "address": "Địa chỉ",
    "owner": "Chủ thể quản lý",
    "representative": "Người đại diện",
    "phone": "Điện thoại",
    "area_m2": "Diện tích (m2)",
    "products": "Sản phẩm OCOP",
    "stars": "Hạng sao",
    "cost_requested": "Kinh phí đề nghị hỗ trợ (triệu đồng)",
}
Rows = list[list[CellValue]]


@dataclass(frozen=True)
class Point:
    """A point as a clerk writes it, and the values that must be read of it."""

    written: dict[str, CellValue]
    values: dict[str, str]


def shipped() -> Form:
    return (
        load(
            SHIPPED,
            env=dict(os.environ) | {"INTAKE_IMAP_PASSWORD": "x", "INTAKE_SMTP_PASSWORD": "x"},
        )
        .campaigns[0]
        .form
    )


NAMES = [
    "Điểm OCOP chợ Bản Ngà", "Cửa hàng Nà Lìn", "Tổng kho OCOP", "Quầy số 2", "Điểm OCOP",
    "Nhóm Hợp Thành", "Cộng đồng Khuổi Mạ", "Cửa hàng: Bản Ngà", "Thôn Bản Ngà",
    "Điểm bán hàng - chợ Pò Lạn",
]  # fmt: skip
ADDRESSES = [
    "Thôn Bản Ngà",
    "Số 5, thôn Nà Lìn",
    "Km 4, quốc lộ 1B",
    "Thôn Pò Lạn; chợ",
    "Khối 3",
    "Thôn: Nà Lìn",
]
OWNERS = ["HTX Nông sản Bản Ngà", "Hộ kinh doanh Lý Văn Thử", "Công ty TNHH Khuổi Mạ", "Tổ hợp tác"]
PERSONS = ["Hoàng Thị Mẫu", "Lý Văn Thử", "Nông Văn Ví", "Vi Thị Lập"]
PRODUCTS = ["Mật ong bạc hà", "Vịt quay Nà Lìn", "Chè dây (túi 100 g)", "Hồi khô; Na dai"]


@st.composite
def points(draw: st.DrawFn, most: int = 4, fewest: int = 1) -> list[Point]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=fewest, max_size=most, unique=True))
    found = []
    for name in names:
        area = draw(st.sampled_from([12.5, 20, 35.5, 48]))
        stars = draw(st.integers(3, 5))
        cost = draw(st.sampled_from([30.5, 50, 80, 120]))
        phone = "09" + "".join(
            str(d) for d in draw(st.lists(st.integers(1, 9), min_size=8, max_size=8))
        )
        texts = {
            "name": name,
            "address": draw(st.sampled_from(ADDRESSES)),
            "owner": draw(st.sampled_from(OWNERS)),
            "representative": draw(st.sampled_from(PERSONS)),
            "phone": phone,
            "products": draw(st.sampled_from(PRODUCTS)),
        }
        written = texts | {"area_m2": area, "stars": stars, "cost_requested": cost}
        values = texts | {
            "area_m2": f"{area:g}",
            "stars": str(stars),
            "cost_requested": str(int(cost * 10**6)),
        }
        found.append(Point({key: written[key] for key in CAPTIONS}, values))
    return found


def point(name: str) -> Point:
    written: dict[str, CellValue] = {
        "name": name, "address": "Thôn Bản Ngà", "owner": OWNERS[0], "representative": PERSONS[0],
        "phone": "0911111111", "area_m2": 12.5, "products": PRODUCTS[0], "stars": 3,
        "cost_requested": 30.5,
    }  # fmt: skip
    values = {key: str(value) for key, value in written.items()}
    return Point(written, values | {"cost_requested": "30500000"})


def check(result: Interpretation, truth: Sequence[Point]) -> None:
    """Every point is there, every value is right or missing or doubted with a finding."""
    said = {(f.field, f.row) for f in result.findings if f.severity != "note"}
    assert [row.values.get("name") for row in result.rows] == [p.values["name"] for p in truth]
    for number, (row, point) in enumerate(zip(result.rows, truth, strict=True), 1):
        for key, value in point.values.items():
            if row.values.get(key) == value:
                continue
            assert row.confidence.get(key, 0) < CERTAIN, (key, row.values.get(key), value)
            assert {(key, number), (key, None)} & said, key


def exact(result: Interpretation, truth: Sequence[Point], *allowed: str) -> None:
    """Every value is read for certain, and nothing is said about it."""
    assert [dict(row.values) for row in result.rows] == [point.values for point in truth]
    assert not [f for f in result.findings if f.severity != "note" and f.code not in allowed]


def upright(truth: Sequence[Point], order: Sequence[str], *, numbered: bool) -> Rows:
    head: list[CellValue] = [CAPTIONS[key] for key in order]
    rows: Rows = [["STT", *head] if numbered else head]
    for number, point in enumerate(truth, 1):
        line = [point.written[key] for key in order]
        rows.append([number, *line] if numbered else line)
    return rows


def labels_beside(point: Point, order: Sequence[str], pairs: int, *, numbered: bool) -> Rows:
    """A slip of so many labels with their values a row."""
    rows: Rows = []
    for start in range(0, len(order), pairs):
        row: list[CellValue] = [start // pairs + 1] if numbered else []
        for key in order[start : start + pairs]:
            row += [CAPTIONS[key], point.written[key]]
        rows.append(row)
    return rows


def in_words(point: Point, order: Sequence[str]) -> list[str]:
    """A slip of which each line is a label and its value, as people type it."""
    return [f"{CAPTIONS[key]}: {str(point.written[key]).replace('.', ',')}" for key in order]


FORMS = {"test": FORM, "shipped": shipped()}
orders = st.permutations(list(CAPTIONS))
forms = st.sampled_from(sorted(FORMS))


@settings(max_examples=60, deadline=None)
@given(
    truth=points(),
    order=orders,
    form=forms,
    titles=st.integers(0, 4),
    foreign=st.integers(0, 9),
    numbered=st.booleans(),
    total=st.sampled_from(["none", "above", "below", "wrong"]),
    groups=st.booleans(),
)
def test_upright_with_all_that_offices_add(
    truth: list[Point],
    order: list[str],
    form: str,
    titles: int,
    foreign: int,
    total: str,
    *,
    numbered: bool,
    groups: bool,
) -> None:
    """Foreign columns, titles, groups and totals change nothing; a wrong total warns."""
    rows = upright(truth, order, numbered=numbered)
    sums: list[CellValue] = [
        sum(float(str(point.written[key])) for point in truth)
        if key in {"area_m2", "cost_requested"}
        else None
        for key in order
    ]
    label = next(n for n, key in enumerate(order) if key not in {"area_m2", "cost_requested"})
    sums[label] = "Tổng cộng"
    if total == "wrong":
        sums[order.index("area_m2")] = 999
    sums = [None, *sums] if numbered else sums
    if groups:
        name = order.index("name") + numbered
        rows.insert(1, [*[None] * name, "I. Hợp tác xã"])
    if total != "none":
        rows.insert(1 if total == "above" else len(rows), sums)
    if foreign <= len(order):
        at = foreign + numbered
        rows = [
            [*row[:at], ("Chức vụ" if n == 0 else None), *row[at:]] for n, row in enumerate(rows)
        ]
    rows = [[f"Dòng tiêu đề {n}"] for n in range(titles)] + rows
    result = interpret(Extract("xlsx", (grid(rows),)), FORMS[form])
    if total == "wrong":
        check(result, truth)
        assert [f.code for f in result.findings if f.severity == "warning"] == ["total-mismatch"]
    else:
        exact(result, truth)


def test_a_row_of_points_is_no_header_where_captions_stand_down_the_side() -> None:
    """One point is called after its place, another what a caption is called: "Điểm OCOP"."""
    truth = [point("Thôn Bản Ngà"), point("Điểm OCOP")]
    order = ["address", "products", "owner", "representative", "phone", "area_m2", "name",
             "cost_requested", "stars"]  # fmt: skip
    rows: Rows = [
        [CAPTIONS[key].split(" (")[0], None, *(one.written[key] for one in truth)] for key in order
    ]
    rows[5][1], rows[7][1] = "m2", "triệu đồng"
    rows.insert(0, ["Nội dung", "ĐVT", "Điểm 1", "Điểm 2"])
    exact(interpret(Extract("xlsx", (grid(rows),)), FORMS["shipped"]), truth)


@settings(max_examples=60, deadline=None)
@given(
    truth=points(),
    order=orders,
    form=forms,
    head=st.sampled_from(["", "points", "units", "numbers"]),
)
def test_on_its_side(truth: list[Point], order: list[str], form: str, head: str) -> None:
    rows = [list(column) for column in zip(*upright(truth, order, numbered=False), strict=True)]
    if head == "points":
        rows.insert(0, ["Nội dung", *(f"Điểm {n}" for n in range(1, len(truth) + 1))])
    elif head == "numbers":
        rows = [[n, *row] for n, row in enumerate(rows, 1)]
    elif head == "units":
        units = {"area_m2": "m2", "cost_requested": "triệu đồng"}
        rows = [
            [str(row[0]).split(" (")[0], units.get(key), *row[1:]]
            for key, row in zip(order, rows, strict=True)
        ]
        rows.insert(0, ["Nội dung", "ĐVT", *(f"Điểm {n}" for n in range(1, len(truth) + 1))])
    exact(interpret(Extract("xlsx", (grid(rows),)), FORMS[form]), truth)


@settings(max_examples=80, deadline=None)
@given(
    truth=points(),
    order=orders,
    form=forms,
    pairs=st.integers(1, 3),
    numbered=st.booleans(),
    apart=st.sampled_from(["titles", "blank", "sheets", "nothing"]),
)
def test_slips_in_cells(
    truth: list[Point], order: list[str], form: str, pairs: int, apart: str, *, numbered: bool
) -> None:
    slips = [labels_beside(point, order, pairs, numbered=numbered) for point in truth]
    if apart == "sheets":
        grids = tuple(grid(slip, f"Phiếu {n}") for n, slip in enumerate(slips, 1))
    else:
        before: Rows = {"titles": [["PHIẾU ĐĂNG KÝ"]], "blank": [[None]], "nothing": []}[apart]
        grids = (grid([row for slip in slips for row in [*before, *slip]]),)
    exact(interpret(Extract("xlsx", grids), FORMS[form]), truth)


@settings(max_examples=60, deadline=None)
@given(truth=points(2), order=orders, form=forms)
def test_slips_side_by_side(truth: list[Point], order: list[str], form: str) -> None:
    lines = [labels_beside(point, order, 1, numbered=False) for point in truth]
    rows = [[cell for row in line for cell in (*row, None)] for line in zip(*lines, strict=True)]
    exact(interpret(Extract("xlsx", (grid(rows),)), FORMS[form]), truth)


@settings(max_examples=60, deadline=None)
@given(
    truth=points(),
    order=orders,
    form=forms,
    joint=st.sampled_from([None, " - ", "; ", "   "]),
    lead=st.sampled_from(["PHIẾU ĐĂNG KÝ", "Điểm {}:", ""]),
)
def test_slips_in_lines(
    truth: list[Point], order: list[str], form: str, joint: str | None, lead: str
) -> None:
    """One label a line, or all on one line: read, or flagged."""
    lines = ["Kính gửi: UBND huyện Cao Lộc", "Xã đăng ký như sau:"]
    for number, point in enumerate(truth, 1):
        lines += [lead.format(number)] if lead else []
        words = in_words(point, order)
        lines += words if joint is None else [joint.join(words)]
    lines += ["Trân trọng./.", "UBND xã Hòa Cư", "Điện thoại: 0205 3811 222"]
    result = interpret(Extract("docx", (), tuple(lines)), FORMS[form])
    if joint in {None, " - "}:
        exact(result, truth)
    else:
        check(result, truth)


STRAY = [
    "Xã cam kết duy trì hoạt động của điểm.",
    "thuộc địa bàn xã",
    "Trân trọng./.",
    "Ông A đã khảo sát ngày 5/5.",
    "(ghi theo giấy chứng nhận)",
    "Nội dung cụ thể như sau:",
    "UBND xã Hòa Cư\nĐiện thoại: 0205 3811 222\nKính gửi: UBND huyện Cao Lộc",
]


@settings(max_examples=80, deadline=None)
@given(
    truth=points(1),
    order=orders,
    form=forms,
    stray=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(STRAY)), max_size=3),
)
def test_stray_lines_in_a_slip_change_nothing_in_silence(
    truth: list[Point], order: list[str], form: str, stray: list[tuple[int, str]]
) -> None:
    lines = in_words(truth[0], order)
    for at, line in stray:
        lines.insert(at, line)
    lines = ["PHIẾU ĐĂNG KÝ", *"\n".join(lines).split("\n")]
    result = interpret(Extract("docx", (), tuple(lines)), FORMS[form])
    said = {finding.field for finding in result.findings if finding.severity != "note"}
    found = [row for row in result.rows if row.values.get("name") == truth[0].values["name"]]
    assert len(found) == 1 or result.refusal or "name" in said
    for row in found:
        for key, value in row.values.items():
            right = value == truth[0].values.get(key)
            assert right or row.confidence[key] < CERTAIN, (key, value)
            assert right or key in said


@settings(max_examples=40, deadline=None)
@given(truth=points(), order=orders, form=forms, cut=st.integers(1, 3), headed=st.booleans())
def test_in_pieces(
    truth: list[Point], order: list[str], form: str, cut: int, *, headed: bool
) -> None:
    """A Word table cut in two, with or without its header again."""
    rows = upright(truth, order, numbered=True)
    cut = min(cut, len(truth))
    below = rows[cut + 1 :]
    pieces = [rows[: cut + 1], [rows[0], *below] if headed else below]
    grids = tuple(
        replace(grid(piece, "x"), name=f"table {n}") for n, piece in enumerate(pieces, 1) if piece
    )
    exact(interpret(Extract("docx", grids), FORMS[form]), truth, "several-tables")


@settings(max_examples=40, deadline=None)
@given(truth=points(2), order=orders, form=forms, gap=st.integers(0, 2))
def test_side_by_side(truth: list[Point], order: list[str], form: str, gap: int) -> None:
    tables = [upright([point], order, numbered=True) for point in truth]
    between: list[CellValue] = [None] * gap
    rows = [
        [cell for row in line for cell in (*row, *between)] for line in zip(*tables, strict=True)
    ]
    exact(interpret(Extract("xlsx", (grid(rows),)), FORMS[form]), truth, "several-tables")


#: A caption of the second header row → what stands over it.
PARENTS = {
    "address": ("Địa điểm", "Địa chỉ"),
    "representative": ("Người đại diện", "Họ và tên"),
    "phone": ("Người đại diện", "Điện thoại"),
    "products": ("Sản phẩm OCOP", "Tên sản phẩm"),
    "stars": ("Sản phẩm OCOP", "Hạng sao"),
    "cost_requested": ("Kinh phí (triệu đồng)", "Kinh phí đề nghị hỗ trợ"),
}


def two_rows(order: Sequence[str]) -> tuple[list[CellValue], list[CellValue]]:
    """A header of two rows; a parent stands over the first of its neighbours only."""
    above: list[CellValue] = []
    below: list[CellValue] = []
    latest = ""
    for key in order:
        parent, child = PARENTS.get(key, (CAPTIONS[key], None))
        above.append(None if parent == latest else parent)
        below.append(child)
        latest = parent
    return above, below


def cells_of(rows: Rows) -> list[list[Cell | None]]:
    """The cells of a sheet, to be merged."""
    return [list(row) for row in grid(rows).rows]


def sheet_of(cells: list[list[Cell | None]]) -> Extract:
    """The workbook of one sheet with these cells."""
    return Extract("xlsx", (Grid("Biểu 1", tuple(map(tuple, cells))),))


def merged(whole: Grid, header: int) -> Grid:
    """The grid with the header's captions merged down or across over the empty cells."""
    rows = [list(row) for row in whole.rows]
    for column, cell in enumerate(rows[header]):
        if cell is None:
            continue
        if rows[header + 1][column] is None:
            rows[header][column] = cell._replace(row_span=2)
            continue
        end = column + 1
        while end < len(rows[header]) and rows[header][end] is None:
            end += 1
        rows[header][column] = cell._replace(col_span=end - column)
    return replace(whole, rows=tuple(map(tuple, rows)))


@settings(max_examples=60, deadline=None)
@given(
    truth=points(),
    order=orders,
    form=forms,
    merge=st.booleans(),
    index=st.booleans(),
    titles=st.integers(0, 2),
)
def test_two_header_rows(
    truth: list[Point], order: list[str], form: str, titles: int, *, merge: bool, index: bool
) -> None:
    """Merged or not, with column numbers below or not: the same values, or none in silence."""
    above, below = two_rows(order)
    rows: Rows = [[f"Dòng tiêu đề {n}"] for n in range(titles)] + [above, below]
    if index:
        rows.append([f"({n})" for n in range(1, len(order) + 1)])
    rows += [[point.written[key] for key in order] for point in truth]
    whole = grid(rows)
    result = interpret(Extract("xlsx", (merged(whole, titles) if merge else whole,)), FORMS[form])
    if merge:
        exact(result, truth)
    else:
        check(result, truth)


@settings(max_examples=60, deadline=None)
@given(
    truth=points(),
    order=orders,
    form=forms,
    more=st.lists(st.integers(0, 2), min_size=4, max_size=4),
)
def test_further_products_in_rows_below(
    truth: list[Point], order: list[str], form: str, more: list[int]
) -> None:
    """A point's further products in rows of their own, its other cells merged down."""
    rows = upright(truth[:1], order, numbered=True)[:1]
    spans: list[tuple[int, int]] = []
    expected = []
    for number, point in enumerate(truth):
        spans.append((len(rows), more[number] + 1))
        rows.append([number + 1, *(point.written[key] for key in order)])
        extra = [f"Sản vật {n}" for n in range(more[number])]
        for product in extra:
            rows.append([None, *(product if key == "products" else None for key in order)])
        products = "; ".join([point.values["products"], *extra])
        expected.append(Point(point.written, point.values | {"products": products}))
    cells = cells_of(rows)
    for top, height in spans:
        for column, cell in enumerate(cells[top]):
            if cell and (column == 0 or order[column - 1] != "products"):
                cells[top][column] = cell._replace(row_span=height)
    result = interpret(sheet_of(cells), FORMS[form])
    exact(result, expected)


@settings(max_examples=60, deadline=None)
@given(
    truth=points(3, 2),
    order=orders,
    form=forms,
    shared=st.sampled_from(sorted(CAPTIONS.keys() - {"name"})),
)
def test_a_cell_merged_over_all_points(
    truth: list[Point], order: list[str], form: str, shared: str
) -> None:
    """A text merged down holds for every point; a sum or an area merged down for none."""
    if len(truth) == 1 or shared == "name":
        return
    truth = [
        Point(
            p.written | {shared: truth[0].written[shared]},
            p.values | {shared: truth[0].values[shared]},
        )
        for p in truth
    ]
    column = order.index(shared) + 1
    cells = cells_of(upright(truth, order, numbered=True))
    top = cells[1][column]
    assert top is not None
    cells[1][column] = top._replace(row_span=len(truth))
    for row in cells[2:]:
        row[column] = None
    result = interpret(sheet_of(cells), FORMS[form])
    check(result, truth)
    if shared in {"area_m2", "cost_requested"}:
        assert not any(shared in row.values for row in result.rows)
    else:
        exact(result, truth)
