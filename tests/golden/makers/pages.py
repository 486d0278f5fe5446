"""Papers as PDFs with text, drawn by reportlab: ruled or not, upright or turned."""

import io
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from golden.makers.paper import Paper, Sheet
from golden.makers.words import widths
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

_FONTS = Path("/usr/share/fonts/truetype")
_FILES = {"Serif": "liberation2/LiberationSerif-Regular.ttf", "Sans": "dejavu/DejaVuSans.ttf"}
_WIDE_COLUMNS = 6
_MARGIN = 34


def by_reportlab(
    paper: Paper, *, ruled: bool = True, turned: int = 0, font: str = "Serif", points: float = 9
) -> bytes:
    """Return a PDF with text; ``turned`` is the pages' /Rotate, ``ruled`` draws the lines."""
    _register()
    size = landscape(A4) if max(s.width for s in paper.sheets) > _WIDE_COLUMNS else A4
    style = ParagraphStyle("cell", fontName=font, fontSize=points, leading=points * 1.2)
    story: list[Flowable] = []
    for sheet in paper.sheets:
        story += [_line(line, style) for line in sheet.above]
        story.append(_table(sheet, style, size[0] - 2 * _MARGIN, ruled=ruled))
        story += [_line(line, style) for line in sheet.below]
        story.append(Spacer(1, 14))
    out = io.BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    document = SimpleDocTemplate(out, pagesize=size, **margins)

    def turn(canvas: Canvas, _document: SimpleDocTemplate) -> None:
        canvas.setPageRotation(turned)

    document.build(
        story,
        onFirstPage=turn,
        onLaterPages=turn,
        canvasmaker=lambda *args, **more: Canvas(*args, **{**more, "invariant": 1}),
    )
    return out.getvalue()


@cache
def _register() -> None:
    for name, file in _FILES.items():
        registerFont(TTFont(name, _FONTS / file))


def _line(line: tuple[str, ...], style: ParagraphStyle) -> Flowable:
    text = "\u00a0" * 20
    return Paragraph(escape(text.join(line)) or "&nbsp;", style)


def _table(sheet: Sheet, style: ParagraphStyle, width: float, *, ruled: bool) -> Table:
    data: list[list[Any]] = []
    spans = []
    for r, row in enumerate(sheet.rows):
        data.append([""] * sheet.width)
        for c, box in enumerate(row):
            if box is None:
                continue
            text = escape(box.text).replace("\n", "<br/>")
            data[r][c] = Paragraph(text, style) if text else ""
            if box.across > 1 or box.down > 1:
                spans.append(("SPAN", (c, r), (c + box.across - 1, r + box.down - 1)))
    looks: list[tuple] = [("VALIGN", (0, 0), (-1, -1), "TOP"), *spans]
    if ruled:
        looks.append(("GRID", (0, 0), (-1, -1), 0.6, colors.black))
    columns = [share * width for share in widths(sheet)]
    return Table(data, colWidths=columns, repeatRows=1, style=looks)
