"""A document before it becomes a file: tables of boxes with what stands over and under them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from golden.makers.hand import Scalar, Written


@dataclass(frozen=True, slots=True)
class Box:
    """One cell of a table; ``value`` for workbooks, ``text`` for everybody else."""

    text: str = ""
    value: Scalar = None
    across: int = 1
    down: int = 1
    number_format: str = ""
    formula: str = ""
    heading: bool = False


#: One row of a table: ``None`` is covered by a box above or to the left of it.
BoxRow = list[Box | None]


@dataclass(slots=True)
class Sheet:
    """A table, the lines over it (``above``) and under it (``below``).

    A line is one text or two that stand left and right of each other. ``top`` and ``left`` move the
    table away from a workbook's corner; ``hidden_rows`` and ``hidden_columns`` count from 0.
    """

    name: str
    rows: list[BoxRow]
    above: list[tuple[str, ...]] = field(default_factory=list)
    below: list[tuple[str, ...]] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    top: int = 0
    left: int = 0

    @property
    def width(self) -> int:
        """Return how many columns the table has."""
        return max(map(len, self.rows))


@dataclass(frozen=True, slots=True)
class Truth:
    """What the sender meant by one document.

    ``rows`` are canonical values; ``defects`` are (row from 1, field, finding code) of planted
    errors in cells, ``said`` are codes of findings about whole rows, columns or the document.
    ``outcome`` is ``form``, ``nil``, ``letter`` or the code of the refusal that is right.
    """

    rows: tuple[dict[str, str], ...] = ()
    defects: tuple[tuple[int, str, str], ...] = ()
    said: tuple[str, ...] = ()
    outcome: str = "form"

    def shape(self) -> dict[str, Any]:
        """Return what stands in ``truth.json``."""
        whole: dict[str, Any] = {"outcome": self.outcome, "rows": list(self.rows)}
        if self.defects:
            whole["defects"] = [list(defect) for defect in self.defects]
        if self.said:
            whole["said"] = list(self.said)
        return whole


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole document and its truth; ``letter`` = with letterhead, salutation and signature."""

    sheets: Sequence[Sheet]
    truth: Truth
    letter: bool = False


def box(written: Written, **more: Any) -> Box:
    """Return the box of a written cell."""
    return Box(
        written.text,
        written.value,
        number_format=written.number_format,
        formula=written.formula,
        **more,
    )


def label(text: str, **more: Any) -> Box:
    """Return a box with a text; an empty one holds nothing."""
    return Box(text, text or None, **more)


def labels(texts: Iterable[str], **more: Any) -> BoxRow:
    """Return a row of texts."""
    return [label(text, **more) for text in texts]


def number(value: float, text: str = "") -> Box:
    """Return a box with a number."""
    return Box(text or str(value).replace(".", ","), value)


def shown(value: Scalar) -> str:
    """Return a value as text where there is no type for it."""
    if value is None:
        return ""
    return f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else str(value)


def merge_down(rows: Sequence[BoxRow], column: int, first: int, count: int) -> None:
    """Let the box of row ``first`` cover the next rows' boxes of its column."""
    start = rows[first][column]
    if count < 2 or start is None:
        return
    merged = {"down": count}
    rows[first][column] = Box(
        start.text, start.value, start.across, merged["down"], start.number_format, start.formula
    )
    for covered in range(first + 1, first + count):
        rows[covered][column] = None
