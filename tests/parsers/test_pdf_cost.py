"""Which pages pay for what: pdfplumber's tables are looked for only where rules are drawn."""

import io
from collections.abc import Iterator

import pypdfium2
import pytest
from pdfplumber.page import Page
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from parsers.pdf import extract
from parsers.reading import Refusal

_LINES = [f"Dong thu {number} cua van ban nay khong co khung nao ca" for number in range(1, 12)]


@pytest.fixture
def paid(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """What was asked of pdfplumber, with the page's number."""
    calls: list[tuple[str, int]] = []
    layout, find_tables = Page.layout, Page.find_tables

    def laid_out(page: Page):
        calls.append(("letters", page.page_number))
        return layout.fget(page)

    def tables_found(page: Page, *settings):
        calls.append(("tables", page.page_number))
        return find_tables(page, *settings)

    monkeypatch.setattr(Page, "layout", property(laid_out))
    monkeypatch.setattr(Page, "find_tables", tables_found)
    return calls


def test_pages_without_rules_or_text_cost_no_table_search(paid) -> None:
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4)
    _written(canvas)  # 1: text, no rules
    canvas.showPage()
    canvas.showPage()  # 2: nothing
    _pictured(canvas)  # 3: a picture of a page
    canvas.showPage()
    _written(canvas)  # 4: text, and a table with rules
    canvas.grid([60, 200, 340, 480], [100, 130, 160])
    canvas.drawString(65, 140, "mot")
    canvas.drawString(205, 140, "hai")
    canvas.drawString(345, 110, "ba")
    canvas.save()
    result = extract(made.getvalue())
    assert not isinstance(result, Refusal)
    assert [grid.name for grid in result.grids] == ["page 4"]
    assert {page for what, page in paid if what == "letters"} == {1, 4}
    assert [page for what, page in paid if what == "tables"] == [4]


def test_a_scan_is_none_of_pdfplumbers_business(paid) -> None:
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4)
    for _ in range(2):
        _pictured(canvas)
        canvas.showPage()
    canvas.save()
    extract(made.getvalue())
    assert paid == []


def _written(canvas: Canvas) -> None:
    for number, line in enumerate(_LINES):
        canvas.drawString(60, 780 - 20 * number, line)


def _pictured(canvas: Canvas) -> None:
    """Draw a page full of lines as a scanner would: one picture, no letters."""
    page = io.BytesIO()
    drawn = Canvas(page, pagesize=A4)
    _written(drawn)
    drawn.save()
    picture = pypdfium2.PdfDocument(page.getvalue())[0].render(scale=1).to_pil()
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)
