"""What a browser shows of a page: its text in reading order, and the tables that stand in it."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from parsers.html_tables import Look, rows
from parsers.vietnamese import repair

_BLOCKS: Final = frozenset(
    {
        *("address", "article", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt"),
        *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "ol"),
        *("p", "pre", "section", "table", "td", "th", "tr", "ul"),
    }
)
#: Never shown, or not as text; and what somebody deleted.
_GONE: Final = frozenset(
    {
        *("col", "colgroup", "del", "head", "iframe", "link", "meta", "noframes", "noscript"),
        *("object", "script", "select", "style", "svg", "template", "textarea", "title"),
    }
)
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")

#: Text, or a table and whether it is hidden.
Piece = str | tuple[etree._Element, bool]  # noqa: SLF001  lxml names its element's type so


def flow(
    element: etree._Element, look: Look, *, hidden: bool = False, pre: bool = False
) -> Iterator[Piece]:
    """Yield what is shown of an element in its order; tables come unopened, hidden ones too.

    The old mail below an answer is left out. ``pre`` = line ends in the text count.
    """
    tag = element.tag
    if tag in _GONE or _is_quoted(element):
        return
    hidden = hidden or look.hides(element)
    if tag == "table":
        yield element, hidden
        return
    pre = pre or tag == "pre"
    edge = "\n" if tag in _BLOCKS or tag == "br" else ""
    yield edge
    if not hidden:
        yield _spaced(element.text, pre=pre)
    for child in element.iterchildren(tag=etree.Element):
        yield from flow(child, look, hidden=hidden, pre=pre)
        if not hidden:
            yield _spaced(child.tail, pre=pre)
    yield edge


def cell_text(cell: etree._Element, look: Look) -> str:
    """Return the text of a cell, line by line, tables inside it included; also of a hidden cell."""
    return "\n".join(lines_of(_inside(cell, look)))


def _inside(cell: etree._Element, look: Look) -> Iterator[str]:
    yield _spaced(cell.text)
    for child in cell.iterchildren(tag=etree.Element):
        for piece in flow(child, look):
            if isinstance(piece, str):
                yield piece
                continue
            for inner in (each for row in rows(piece[0]) for each in row.iterchildren("td", "th")):
                yield "\n"
                yield from _inside(inner, look)
                yield "\n"
        yield _spaced(child.tail)


def lines_of(pieces: Iterable[Piece]) -> list[str]:
    """Return the lines of text among the pieces, tables left out."""
    text = repair("".join(piece for piece in pieces if isinstance(piece, str)))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if line]


def _is_quoted(element: etree._Element) -> bool:
    """Whether this is the old mail below an answer, as mailers mark it."""
    if element.tag == "blockquote" and (element.get("type") or "").lower() == "cite":
        return True
    return "gmail_quote" in (element.get("class") or "")


def _spaced(text: str | None, *, pre: bool = False) -> str:
    return text or "" if pre else _BLANKS.sub(" ", text or "")
