"""The fonts of a workbook's cells, for text typed in those that came before Unicode."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lxml import etree

from parsers.grid import Cell
from parsers.legacy import believed, code_of, joined
from parsers.vietnamese import repair

#: The cells of a sheet that have content: row → column → cell.
Sparse = dict[int, dict[int, Cell]]


#: The pieces of a text, each with its font; ``None`` is the cell's.
Runs = tuple[tuple[str, str | None], ...]


class Rich(str):
    """A text that knows its runs, some of which have a font of their own."""

    __slots__ = ("runs",)
    runs: Runs

    @classmethod
    def of(cls, text: str, runs: Runs) -> str:
        """Return the text, with its runs if there are any."""
        if not runs:
            return text
        rich = cls(text)
        rich.runs = runs
        return rich


class Fonts:
    """The font of each cell style of one workbook, where it is a legacy one."""

    def __init__(self, styles: etree._Element | None) -> None:
        self._of_style: dict[int, str] = {}
        if styles is None:
            return
        names = [_name(font) or "" for font in styles.iterfind("{*}fonts/{*}font")]
        if not any(map(code_of, names)):
            return
        for number, style in enumerate(styles.iterfind("{*}cellXfs/{*}xf")):
            font = int(style.get("fontId") or 0)
            if 0 <= font < len(names) and code_of(names[font]):
                self._of_style[number] = names[font]

    @property
    def any(self) -> bool:
        """Whether any style has one."""
        return bool(self._of_style)

    def of(self, style: str | None) -> str:
        """Return the legacy font of a cell's style number; ``""`` for every other one."""
        return self._of_style.get(int(style or 0), "") if self._of_style else ""


@dataclass(frozen=True, slots=True)
class Coded:
    """A cell that stands in a legacy font, or has runs that do."""

    rows: Sparse
    row: int
    column: int
    font: str

    @property
    def cell(self) -> Cell:
        """The cell as it was read."""
        return self.rows[self.row][self.column]

    @property
    def runs(self) -> list[tuple[str, str]]:
        """The cell's text, each piece with its font."""
        text = self.cell.text
        if not isinstance(text, Rich):
            return [(text, self.font)]
        return [(piece, self.font if font is None else font) for piece, font in text.runs]


def runs_of(item: etree._Element, tag: str, clean: Callable[[str], str]) -> Runs:
    """Return the runs of a string item; none if no run has a font of its own."""
    runs = tuple(
        ("".join(clean(text.text or "") for text in run.iterchildren(tag)), _name(run, "{*}rPr"))
        for run in item.iterchildren("{*}r")
    )
    return runs if any(font for _, font in runs) else ()


def _name(parent: etree._Element, below: str = ".") -> str | None:
    font = parent.find(below)
    name = None if font is None else next(font.iterchildren("{*}name", "{*}rFont"), None)
    return None if name is None else name.get("val")


def decode(cells: Iterable[Coded]) -> None:
    """Decode these cells in their place.

    Where an old font holds mostly Unicode text, the letters are believed and not the font.
    """
    cells = list(cells)
    by_code: dict[str, list[str]] = {}
    for each in cells:
        for text, font in each.runs:
            by_code.setdefault(code_of(font), []).append(text)
    coded = {code for code, texts in by_code.items() if code and believed(texts, code)}
    for each in cells:
        runs = [(text, font if code_of(font) in coded else "") for text, font in each.runs]
        typed = joined(runs)
        if typed.code:
            text = repair(typed.text)
            cell = each.cell._replace(text=text, value=text, trace=typed.trace())
            each.rows[each.row][each.column] = cell
