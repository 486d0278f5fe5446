"""How a list is laid out: one ``Layout`` per habit of drawing the form, and what makes it a paper.

A layout is data. ``drawn`` turns it, a seed and a file's possibilities into a ``Paper``: points
from the grammar, cells from a hand, slips planted, header, groups, totals and lines around.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Final

from golden.makers.captions import KNOWN
from golden.makers.grammar import Point, points, village
from golden.makers.hand import (
    BLANK,
    MONEY_UNITS,
    Hand,
    Written,
    habits,
    plain_number,
    tidy,
    vietnamese,
    write,
)
from golden.makers.header import header
from golden.makers.paper import BoxRow, Paper, Sheet, Truth, box, label, labels, number
from golden.makers.slips import REQUIRED, offered

SIXTEEN: Final = (
    "name", "address", "owner", "owner_kind", "registration_no", "representative", "phone",
    "location_kind", "area_m2", "products", "stars", "certified_on", "needs", "cost_total",
    "cost_requested", "note",
)  # fmt: skip
ELEVEN: Final = (
    "name", "address", "owner", "representative", "phone", "area_m2", "products", "stars",
    "cost_requested", "note",
)  # fmt: skip
FIVE: Final = ("name", "address", "representative", "phone", "products")
NINE: Final = REQUIRED
THIRTEEN: Final = (
    "name", "address", "owner", "owner_kind", "representative", "phone", "area_m2", "products",
    "stars", "certified_on", "cost_total", "cost_requested", "note",
)  # fmt: skip
SUMMED: Final = ("area_m2", "cost_total", "cost_requested")


@dataclass(frozen=True, slots=True)
class Can:
    """What a kind of file offers: cells with types, formulas, several lines in a cell, merges."""

    typed: bool = False
    formulas: bool = False
    lines: bool = True
    merges: bool = True
    columns: int = 16


@dataclass(slots=True)
class Draft:
    """A paper while it is drawn: the points as written, and what has been planted."""

    layout: "Layout"
    rng: Random
    hand: Hand
    can: Can
    points: list[Point]
    cells: list[dict[str, Written]]
    said: list[str]


Twist = Callable[[Draft], Paper]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of drawing the list; ``why`` is the case's ``why.md``.

    ``header`` names a shape of ``header.header``, ``captions`` a way of ``captions.caption``,
    ``index`` a row of column numbers (``(1)`` or ``A B 1 2``). ``unit_at`` is where the unit of
    money is stated. ``totals`` lists ``above``, ``below``, ``groups``; ``wrong-total`` spoils one.
    ``slips`` is how many errors are planted; ``twist`` draws what the rest cannot.
    """

    name: str
    why: str
    columns: tuple[str, ...] = ELEVEN
    captions: str = "label"
    header: str = "one"
    index: str = ""
    unit: str = "triệu đồng"
    unit_at: str = "caption"
    numbers: str = "1"
    title: bool = True
    signed: bool = False
    groups: bool = False
    totals: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    rows: tuple[int, int] = (2, 9)
    slips: int = 0
    extra: tuple[tuple[int, str, str], ...] = ()
    again: int = 0
    corner: tuple[int, int] = (0, 0)
    letter: bool = False
    twist: Twist | None = None


def drawn(layout: Layout, seed: int, can: Can) -> Paper:
    """Draw one paper of a layout. The same three arguments give the same paper."""
    rng = Random(f"{layout.name} {seed} {can}")  # noqa: S311  a generator of test data
    if layout.captions == KNOWN:
        layout = replace(layout, captions=f"{KNOWN} {rng.random()}")
    unit = "" if layout.unit_at == "cell" else layout.unit
    hand = habits(rng, unit)
    hand = hand if can.lines else tidy(hand)
    columns = layout.columns
    drawn_points = [
        {key: value for key, value in point.items() if key in columns}
        for point in points(rng, rng.randint(*layout.rows))
    ]
    for point in drawn_points:
        for key in sorted(set(point) - set(REQUIRED)):
            if rng.random() < 0.15:
                del point[key]
    cells = [write(point, hand, rng) for point in drawn_points]
    draft = Draft(layout, rng, hand, can, drawn_points, cells, [])
    _plant(draft)
    missing = [key for key in REQUIRED if key not in columns]
    draft.said += ["missing-column"] * len(missing)
    return (layout.twist or listed)(draft)


def _plant(draft: Draft) -> None:
    """Spoil as many cells as the layout says, at most one of a row and field."""
    layout, rng = draft.layout, draft.rng
    slips = offered(
        draft.hand, set(layout.columns), typed=draft.can.typed, formulas=draft.can.formulas
    )
    for slip in rng.sample(slips, min(layout.slips, len(slips))):
        row = rng.randrange(len(draft.cells))
        key = rng.choice([key for key in slip.fields if key in layout.columns])
        cell = draft.cells[row].get(key)
        if cell is not None and not cell.defect:
            draft.cells[row][key] = slip.spoil(cell, draft.hand, rng)


def truth_of(draft: Draft) -> Truth:
    """Return what the draft's cells mean."""
    rows, defects = [], []
    for count, cells in enumerate(draft.cells, 1):
        rows.append({key: cell.meant for key, cell in cells.items() if cell.meant is not None})
        defects += [(count, key, cell.defect) for key, cell in cells.items() if cell.defect]
    return Truth(tuple(rows), tuple(defects), tuple(draft.said))


def listed(draft: Draft) -> Paper:
    """Draw the list as one table."""
    return Paper([sheet_of(draft)], truth_of(draft), draft.layout.letter)


def sheet_of(draft: Draft, name: str = "Biểu 1") -> Sheet:
    """Return the one table with everything around it."""
    layout = draft.layout
    head = header(layout, draft.hand.unit)
    rows = [*head, *body(draft, head)]
    top, left = layout.corner
    return Sheet(name, rows, above(draft), below(draft), top=top, left=left)


def body(draft: Draft, head: Sequence[BoxRow]) -> list[BoxRow]:
    """Return the rows under the header: totals, groups, data, the header again."""
    layout = draft.layout
    rows: list[BoxRow] = []
    if "above" in layout.totals:
        rows.append(total(draft, "Tổng số", draft.cells))
    cuts = _groups(draft)
    for count, group in enumerate(cuts):
        if layout.groups:
            rows.append(_group_row(draft, count))
        for offset, cells in enumerate(group, 1):
            at = sum(map(len, cuts[:count])) + offset
            if layout.again and at > 1 and (at - 1) % layout.again == 0:
                rows += head
            rows.append(data_row(draft, cells, offset if layout.groups else at))
        if "groups" in layout.totals:
            rows.append(total(draft, f"Cộng {'I' * (count + 1)}", group))
    if "below" in layout.totals:
        rows.append(total(draft, draft.rng.choice(("Tổng cộng", "TỔNG CỘNG", "Cộng")), draft.cells))
    return rows


def _groups(draft: Draft) -> list[list[dict[str, Written]]]:
    cells = draft.cells
    if not draft.layout.groups:
        return [cells]
    half = max(1, len(cells) // 2)
    return [part for part in (cells[:half], cells[half:]) if part]


def _group_row(draft: Draft, count: int) -> BoxRow:
    layout = draft.layout
    name = ("Hợp tác xã", "Hộ kinh doanh và doanh nghiệp")[count]
    width = len(layout.columns) + len(layout.extra)
    if layout.numbers == "none":
        title = label(f"{'I' * (count + 1)}. {name}", across=width if draft.can.merges else 1)
        rest = [None] * (width - 1) if draft.can.merges else labels([""] * (width - 1))
        return [title, *rest]
    return labels(["I" * (count + 1), name, *[""] * (width - 1)])


def data_row(draft: Draft, cells: dict[str, Written], count: int) -> BoxRow:
    """Return one point's row, with its running number and the columns that are not of the form."""
    layout = draft.layout
    row: BoxRow = [box(cells.get(key, BLANK)) for key in layout.columns]
    for at, _, text in layout.extra:
        row.insert(at, label(text))
    return [*running(layout, count), *row]


def running(layout: Layout, count: int) -> BoxRow:
    """Return the cell of the running number, if the layout has one."""
    if layout.numbers == "none":
        return []
    if layout.numbers == "auto":
        return [label("")]
    if layout.numbers == "1":
        return [number(count, str(count))]
    return [label(f"{count:02d}" if layout.numbers == "01" else f"{count}.")]


def total(draft: Draft, name: str, group: Sequence[dict[str, Written]]) -> BoxRow:
    """Return a total row over these cells, in the unit of the table."""
    layout = draft.layout
    row: BoxRow = []
    for key in layout.columns:
        sum_ = _sum(key, group) if key in SUMMED else Decimal(0)
        if not sum_ or (key != "area_m2" and not draft.hand.unit):
            row.append(label(""))
            continue
        if key != "area_m2":
            sum_ /= MONEY_UNITS[draft.hand.unit]
        if "wrong" in layout.totals and key == "cost_requested":
            sum_ += 10
            draft.said.append("total-mismatch")
        grouped = key != "area_m2" and draft.hand.unit in {"đồng", "nghìn đồng"}
        row.append(number(plain_number(sum_), vietnamese(sum_, grouped)))
    for at, _, _ in layout.extra:
        row.insert(at, label(""))
    if layout.numbers == "none":
        return [label(name), *row[1:]]
    return [label(name), *row]


def _sum(key: str, group: Sequence[dict[str, Written]]) -> Decimal:
    """Add up what can be read: a spoiled cell has no value."""
    cells = [cells[key] for cells in group if key in cells]
    return sum((Decimal(cell.meant or 0) for cell in cells if not cell.defect), Decimal(0))


def above(draft: Draft) -> list[tuple[str, ...]]:
    """Return the lines over the table: letterhead, title, basis, unit."""
    layout, rng = draft.layout, draft.rng
    lines: list[tuple[str, ...]] = []
    commune = rng.choice(("Hòa Cư", "Thanh Lòa", "Thụy Hùng", "Xuất Lễ", "Gia Cát"))
    if layout.signed:
        lines += [
            (f"UBND XÃ {commune.upper()}", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
            ("", "Độc lập - Tự do - Hạnh phúc"),
            ("",),
        ]
    if layout.title:
        unit = f" (đơn vị tính: {layout.unit})" if layout.unit_at == "title" else ""
        lines.append((f"DANH SÁCH ĐĂNG KÝ HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP{unit}",))
        if layout.signed:
            number = f"{rng.randrange(11, 99)}/UBND-KT ngày 17/5/2024"
            lines.append((f"(Kèm theo Công văn số {number} của UBND xã {commune})",))
    if layout.unit_at == "line":
        lines.append(("", f"Đơn vị tính: {layout.unit}"))
    return lines


def below(draft: Draft) -> list[tuple[str, ...]]:
    """Return the lines under the table: notes, count, place and date, signatures."""
    layout = draft.layout
    lines: list[tuple[str, ...]] = []
    for line in layout.lines:
        count = len(draft.cells) + (1 if "{wrong}" in line else 0)
        if "{wrong}" in line:
            draft.said.append("count-mismatch")
        lines.append((line.format(count=f"{count:02d}", wrong=f"{count:02d}"),))
    if layout.signed:
        place = village(draft.rng)
        lines += [
            ("",),
            ("", f"{place}, ngày 17 tháng 5 năm 2024"),
            ("NGƯỜI LẬP BIỂU", "TM. ỦY BAN NHÂN DÂN"),
            ("", "CHỦ TỊCH"),
            ("",),
            ("Vi Thị Lập", "Hoàng Văn Ký"),
        ]
    return lines


def without_defects(layout: Layout) -> Layout:
    """Return the layout with nothing planted."""
    return replace(layout, slips=0)
