"""Cells of a PDF: their text and where on the page they stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from parsers.grid import Cell, Trace
from parsers.pdf_text import Segment, cell_text
from parsers.reading import Box


@dataclass(frozen=True, slots=True)
class Placed:
    """Where cells are: the name of the table and how its page's points become a ``Box``."""

    name: str
    number: int
    left: float
    top: float
    width: float
    height: float

    def box(self, x0: float, top: float, x1: float, bottom: float) -> Box:
        """Return a box in points as shares of the page."""
        across = [(x - self.left) / self.width for x in (x0, x1)]
        down = [(y - self.top) / self.height for y in (top, bottom)]
        x0, x1, top, bottom = (round(min(1.0, max(0.0, v)), 4) for v in (*across, *down))
        return self.number, x0, top, x1, bottom

    def cell(
        self,
        lines: Sequence[Segment],
        box: tuple[float, float, float, float],
        at: tuple[int, int],
        spans: tuple[int, int] = (1, 1),
        *,
        margin: float = 0.0,
        sure: float = 1.0,
    ) -> Cell:
        """Return the cell of these lines of text in a box of points (x0, top, x1, bottom).

        ``at`` is its row and column, counted from 1, ``margin`` the room that text leaves at the
        right, ``sure`` how certain it is that these lines are this cell's and all of it.
        """
        text, torn = cell_text(lines, box[2] - margin)
        code = next((line.code for line in lines if line.code), "")
        written = "\n".join(line.written or line.text for line in lines) if code else ""
        return Cell(
            text,
            text or None,
            f"{self.name}, row {at[0]}, column {at[1]}",
            row_span=spans[0],
            col_span=spans[1],
            torn=torn,
            trace=Trace(written, code, sure, self.box(*box)),
        )
