"""Formulas whose results were not saved: what a program outside calculates is put in their place.

Only those cells are filled in; everything else stays as the sender saved it. And only where the
result is the same on every machine, on every day and in every program: a workbook of which one
formula asks for the time, for chance or for another file, or uses a function that depends on the
country's way of writing numbers, on sorting or on what counts as an error, is left alone. So is a
cell that comes out as an error; text where a number should stand is one (``parsers.office``).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from parsers.grid import Cell, Extract, Grid, Limits
from parsers.package import BROKEN, Package, RefusedError
from parsers.reading import Finding, Reading, Refusal

#: Kind of document → (kind that it is sent as, kind that comes back calculated).
CALCULATED: Final = {"xlsx": ("xlsx", "xlsx"), "xlsm": ("xlsx", "xlsx"), "ods": ("ods", "xlsx")}
#: Functions that every program calculates alike.
_ALIKE: Final = frozenset(
    """
    ABS AND AVERAGE COLUMN COLUMNS CONCATENATE COUNT COUNTA COUNTIF DATE DAY FALSE IF INDEX INT
    LEFT LEN LOWER MAX MEDIAN MID MIN MOD MONTH NOT OR PI POWER PRODUCT QUOTIENT RIGHT ROUND
    ROUNDDOWN ROUNDUP ROW ROWS SIGN SQRT SUBSTITUTE SUM SUMIF SUMPRODUCT TRIM TRUE TRUNC UPPER YEAR
    """.split()  # noqa: SIM905  one name a line would be a page
)
#: Excel's own limit for a formula.
_LONGEST: Final = 8_192
_CALL: Final = re.compile(r"([^\W\d][\w.]*)\s*\(")
_STRING: Final = re.compile(r'"[^"]*"')
#: What a reference to another file or program has: ``[1]Sheet!A1``, ``app|topic``, ``'file:///…'``.
_OUTSIDE: Final = {"xlsx": re.compile(r"[\[|]"), "ods": re.compile(r"[|]|//")}
_ERROR: Final = re.compile(r"#[A-Z0-9/]+[!?]?|Err:\d+", re.IGNORECASE)
#: A number made into text was written as this machine writes it, not as the sender's does.
_WRITTEN_NUMBER: Final = re.compile(r"\d[.,]\d")
_MESSAGE: Final = (
    "Ô này là công thức chưa có kết quả lưu trong tệp; chương trình đã tính lại theo công thức. "
    "Đề nghị kiểm tra số liệu đã ghi nhận."
)


def uncalculated(extract: Extract) -> bool:
    """Whether a visible cell is a formula without its result."""
    return any(
        cell.uncalculated and not cell.hidden
        for grid in extract.grids
        if not grid.hidden
        for cell in _cells(grid)
    )


def repeatable(data: bytes, limits: Limits) -> bool:
    """Whether every formula of a workbook (xlsx, ods) has the same result anywhere, at any time."""
    try:
        package = Package(data, limits)
        outside = _OUTSIDE["ods" if "content.xml" in package else "xlsx"]
        for formula in _formulas(package):
            bare = _STRING.sub("", formula)
            if (
                len(bare) > _LONGEST
                or outside.search(bare)
                or not _ALIKE.issuperset(_CALL.findall(bare.upper()))
            ):
                return False
    except (RefusedError, *BROKEN):
        return False
    return True


def fill(extract: Extract, calculated: Extract) -> tuple[Extract, frozenset[str]]:
    """Put the results of a calculated copy into the formulas that lack them.

    Returns:
        The extract and the places that were filled in: none if the copy's other numbers differ,
        for then it is no copy.
    """
    known = {cell.place: cell for grid in calculated.grids for cell in _cells(grid)}
    filled: set[str] = set()
    for grid in extract.grids:
        for cell in _cells(grid):
            other = known.get(cell.place)
            if cell.uncalculated:
                if other and _certain(other):
                    filled.add(cell.place)
            elif _number(cell) and (other is None or other.value != cell.value):
                return extract, frozenset()
    grids = tuple(
        replace(
            grid,
            rows=tuple(
                tuple(
                    _with_result(cell, known[cell.place]) if cell and cell.place in filled else cell
                    for cell in row
                )
                for row in grid.rows
            ),
        )
        for grid in extract.grids
    )
    return replace(extract, grids=grids), frozenset(filled)


def noted(result: Reading | Refusal, places: frozenset[str]) -> Reading | Refusal:
    """Add a note to every value that was calculated here."""
    if isinstance(result, Refusal) or not places:
        return result
    notes = (
        Finding("note", "recalculated", _MESSAGE, key, number, place)
        for number, row in enumerate(result.rows, 1)
        for key, place in row.places.items()
        if place in places and key in row.values
    )
    return replace(result, findings=(*result.findings, *notes))


def _cells(grid: Grid) -> Iterator[Cell]:
    return (cell for row in grid.rows for cell in row if cell is not None)


def _number(cell: Cell) -> bool:
    return isinstance(cell.value, int | float) and not isinstance(cell.value, bool)


def _certain(result: Cell) -> bool:
    if isinstance(result.value, str):
        return not (_ERROR.fullmatch(result.text) or _WRITTEN_NUMBER.search(result.text))
    return not result.uncalculated


def _with_result(cell: Cell, other: Cell) -> Cell:
    return cell._replace(
        text=other.text,
        value=other.value,
        number_format=other.number_format,
        uncalculated=False,
    )


def _formulas(package: Package) -> Iterator[str]:
    """Yield the formulas of cells and of names; one that is shared stands at its first cell."""
    if "content.xml" in package:
        for element in package.root("content.xml").iter("{*}table-cell", "{*}named-expression"):
            yield from (
                str(value)
                for name, value in element.attrib.items()
                if str(name).endswith(("}formula", "}expression"))
            )
        return
    mains = [part for kind, part in package.related("").values() if kind == "officeDocument"]
    for main in mains:
        yield from (name.text or "" for name in package.root(main).iter("{*}definedName"))
        for kind, part in package.related(main).values():
            if kind in {"worksheet", "xlMacrosheet"}:
                yield from (formula.text or "" for formula in package.walk(part, "f"))
