"""What is drawn on a PDF page: its letters in the few words we need, its lines as pdfplumber's.

pdfplumber describes each letter by some thirty attributes, which takes a third of the time of a
page. Only what is no letter goes through it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pdfminer.layout import LTAnno, LTChar, LTContainer

_SAME_PLACE: Final = 1.0  # points: a letter drawn twice so near is one, made bold that way

#: One letter: text, fontname, x0, x1, top, bottom (points from the page's top left), size.
Char = dict[str, Any]


def letters(page: Any) -> list[Char]:
    """Return the letters of a ``pdfplumber`` page, each drawn twice once; its lines stay in it."""
    left, upper = page.mediabox[:2]
    chars: list[Char] = []
    others: dict[str, list[Any]] = {}
    for item in _items(page.layout):
        if isinstance(item, LTChar):
            x0, y0, x1, y1 = item.bbox
            chars.append(
                {
                    "text": item.get_text(),
                    "fontname": _name(item.fontname),
                    "x0": x0 + left,
                    "x1": x1 + left,
                    "top": page.height - y1 + upper,
                    "bottom": page.height - y0 + upper,
                    "size": item.size,
                }
            )
        elif not isinstance(item, LTAnno):
            described = page.process_object(item)
            others.setdefault(described["object_type"], []).append(described)
    page._objects = others  # noqa: SLF001  where pdfplumber keeps what it would describe itself
    return list(_once(chars))


def _items(parent: Iterable[Any]) -> Iterator[Any]:
    for item in parent:
        if isinstance(item, LTContainer):
            yield from _items(item)
        else:
            yield item


def _name(font: str | bytes) -> str:
    return font.decode("latin-1") if isinstance(font, bytes) else font


def _once(chars: Iterable[Char]) -> Iterator[Char]:
    seen: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for char in chars:
        x0, top = char["x0"], char["top"]
        row = round(top)
        near = (
            place
            for height in (row - 1, row, row + 1)
            for place in seen.get((char["text"], char["fontname"], height), ())
        )
        if not any(abs(x - x0) <= _SAME_PLACE and abs(y - top) <= _SAME_PLACE for x, y in near):
            seen.setdefault((char["text"], char["fontname"], row), []).append((x0, top))
            yield char
