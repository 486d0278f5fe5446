"""The header of a list: one row, or several with parents over their children."""

from typing import TYPE_CHECKING, Final

from golden.makers.captions import caption
from golden.makers.paper import BoxRow, label

if TYPE_CHECKING:
    from golden.makers.layouts import Layout

#: Parent → the fields under it, and what the child is called there.
_PARENTS: Final = (
    ("Người đại diện", {"representative": "Họ và tên", "phone": "Điện thoại"}),
    (
        "Sản phẩm OCOP",
        {"products": "Tên sản phẩm", "stars": "Hạng sao", "certified_on": "Ngày cấp GCN"},
    ),
    ("Kinh phí", {"cost_total": "Tổng kinh phí", "cost_requested": "Đề nghị hỗ trợ"}),
)
_UNIT_ROW: Final = {"area_m2": "m2"}


def header(layout: "Layout", unit: str) -> list[BoxRow]:
    """Return the header's rows: captions, then the index row and the unit row if there are any."""
    rows = _captions(layout, unit if layout.unit_at == "caption" else "")
    columns = [f"field {key}" for key in layout.columns]
    for at, _, _ in layout.extra:
        columns.insert(at, "")
    if layout.numbers != "none":
        columns.insert(0, "")
    if layout.unit_at == "row":
        rows.append([label(_unit_of(column, layout.unit)) for column in columns])
    if layout.index == "(1)":
        rows.append([label(f"({n})") for n in range(1, len(columns) + 1)])
    elif layout.index:
        rows.append([label(letter) for letter in ("A", "B", *map(str, range(1, len(columns) - 1)))])
    return rows


def _unit_of(column: str, unit: str) -> str:
    key = column.removeprefix("field ")
    return unit if key.startswith("cost_") else _UNIT_ROW.get(key, "")


def _captions(layout: "Layout", unit: str) -> list[BoxRow]:
    if layout.header == "one":
        row = [label(caption(key, layout.captions, unit), heading=True) for key in layout.columns]
        for at, name, _ in layout.extra:
            row.insert(at, label(name, heading=True))
        return [[*_number_caption(layout), *row]]
    top: BoxRow = []
    leaf: BoxRow = []
    merged = layout.header != "unmerged"
    taken: set[str] = set()
    for key in layout.columns:
        parent, children = _parent(layout, key)
        if parent is None:
            top.append(
                label(caption(key, layout.captions, unit), down=2 if merged else 1, heading=True)
            )
            leaf.append(None if merged else label(""))
            continue
        leaf.append(label(children[key], heading=True))
        if parent in taken:
            top.append(None if merged else label(""))
            continue
        taken.add(parent)
        count = sum(1 for child in children if child in layout.columns)
        text = f"{parent} ({unit})" if unit and parent == "Kinh phí" else parent
        top.append(label(text, across=count if merged else 1, heading=True))
    number = [label("STT", down=2 if merged else 1, heading=True)]
    if layout.numbers != "none":
        top = [*number, *top]
        leaf = [None if merged else label(""), *leaf]
    rows = [top, leaf]
    if layout.header == "three":
        rows.insert(0, _grandparent(rows))
    return rows


def _parent(layout: "Layout", key: str) -> tuple[str | None, dict[str, str]]:
    for parent, children in _PARENTS:
        if key in children and sum(1 for child in children if child in layout.columns) > 1:
            return parent, children
    return None, {}


def _grandparent(rows: list[BoxRow]) -> BoxRow:
    """Return a row over the header that splits it into two halves."""
    width = len(rows[0])
    half = width // 2
    while rows[0][half] is None:
        half += 1
    left = label("Thông tin về điểm", across=half, heading=True)
    right = label("Thông tin đề nghị", across=width - half, heading=True)
    return [left, *[None] * (half - 1), right, *[None] * (width - half - 1)]


def _number_caption(layout: "Layout") -> BoxRow:
    if layout.numbers == "none":
        return []
    text = {"capitals": "TT", "bare": "So TT", "colons": "STT:"}.get(layout.captions, "STT")
    return [label(text, heading=True)]
