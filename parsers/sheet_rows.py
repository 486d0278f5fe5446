"""The rows of a sheet as programs write them, found by patterns instead of by an XML parser.

Nearly all of a workbook is cells, and nearly all programs write them alike. A part whose rows are
of that shape and nothing else is told apart here: the rows as text, and the frame round them, which
is XML for lxml like any other part. The patterns take no more than what is well-formed XML with
only one meaning; whatever else a part has – comments, other encodings, prefixes, attributes in
another order – makes it a part for ``sheet``'s own walk, which reads everything. So both give the
same cells, and the tests compare them.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from lxml import etree

#: Beyond this a part is walked over: what is matched stands in memory as a whole.
PLAIN_BYTES: Final = 8_000_000

#: Character data without what XML forbids in it, or what it would make something else of.
_LETTERS: Final = r"[^<&\x00-\x08\x0b-\x1f\ufffe\uffff]*"
_TEXT: Final = rf"{_LETTERS}(?:&(?:#[0-9]{{1,7}}|lt|gt|amp|quot|apos);{_LETTERS})*+"
_SPACE: Final = r'(?: xml:space="preserve")?'
_FORMULA: Final = (
    r'<f(?: aca="[a-z]+")?(?: t="[a-z]+")?(?: ref="[A-Z0-9:]+")?(?: si="[0-9]+")?'
    rf"(?: ?/>|>{_TEXT}</f>)"
)
#: A value is not empty but after a formula without a result, and then the cell is no shared text's.
_CELL: Final = (
    r'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"(?: s="([0-9]{1,10})")?'
    r'(?: t="(n|s(?="(?: ?/>|>(?:<v>[^<]|</c>)))|str|b|e|d|inlineStr)")?(?: ?/>|>'
    rf"({_FORMULA}(?:<v></v>|<v ?/>)?)?"
    rf"(?:<v>(?!<)({_TEXT})</v>|<is><t{_SPACE}>({_TEXT})</t></is>)?</c>)"
)
_CELL_ALONE: Final = re.compile(_CELL)
_UNGROUPED: Final = re.sub(r"\((?!\?)", "(?:", _CELL)
_ROW: Final = re.compile(
    r'<row r="([1-9][0-9]{0,9})"((?: [A-Za-z0-9:]+="[^"<&\x00-\x1f\ufffe\uffff]*")*+) ?'
    rf"(?:/>|>((?:{_UNGROUPED})*+)</row>)"
)
_ITEM: Final = re.compile(rf"<si>(?:<t{_SPACE}>({_TEXT})</t>|<t ?/>)</si>")
_ATTRIBUTE: Final = re.compile(r' ([A-Za-z0-9:]+)="([^"]*)"')
#: A prefix that Excel declares in the root of each part and uses for the height of rows.
_DYNAMIC: Final = "x14ac:dyDescent"
_DECLARED: Final = re.compile(r'<worksheet [^<>]*\bxmlns:x14ac="[^"<>]+"')
_ENCODING: Final = re.compile(r'<\?xml [^<>]*encoding=["\'](?!utf-8["\'])', re.IGNORECASE)

#: Column's letters, row's digits, style, type, formula, value, text in the cell.
PlainCell = tuple[str, str, str, str, str, str, str]


class PlainRow(NamedTuple):
    """A row: its number, whether it is hidden, its cells; parts that are not there are empty."""

    number: int
    hidden: bool
    cells: list[PlainCell]


class PlainSheet(NamedTuple):
    """A part whose rows are of the usual shape; ``frame`` is all the rest of it, as XML."""

    frame: bytes
    rows: list[PlainRow]
    #: What stands in cells with references in it (``&amp;``) → the text that it means.
    texts: dict[str, str]


def plain_sheet(part: bytes) -> PlainSheet | None:
    """Return the rows and the frame of a sheet's part, ``None`` if it is not of the usual shape."""
    found = _apart(part, "<sheetData>", "</sheetData>")
    if found is None:
        return None
    head, data, tail = found
    inside = data.removeprefix("<sheetData>").removesuffix("</sheetData>")
    rows: list[PlainRow] = []
    end = 0
    for match in _ROW.finditer(inside):
        number, attributes, cells = match.groups("")
        hidden = _hidden(attributes)
        if match.start() != end or hidden is None:
            return None
        if _DYNAMIC in attributes and not _DECLARED.search(head):
            return None
        rows.append(PlainRow(int(number), hidden, _CELL_ALONE.findall(cells)))
        end = match.end()
    if end != len(inside):
        return None
    written = [part for row in rows for cell in row.cells for part in cell[5:] if "&" in part]
    texts = _meant(written)
    if texts is None:
        return None
    return PlainSheet(f"{head}<sheetData/>{tail}".encode(), rows, texts)


def plain_strings(part: bytes) -> tuple[bytes, list[str]] | None:
    """Return the frame and the texts of a part of shared strings, ``None`` if it is of other shape.

    Texts with runs of their own fonts are another shape.
    """
    found = _apart(part, "<si>", "</si>")
    if found is None:
        return None
    head, inside, tail = found
    written, end = [], 0
    for match in _ITEM.finditer(inside):
        if match.start() != end:
            return None
        written.append(match[1] or "")
        end = match.end()
    texts = _meant(text for text in written if "&" in text)
    if end != len(inside) or texts is None:
        return None
    return f"{head}{tail}".encode(), [texts.get(text, text) for text in written]


@lru_cache(maxsize=1024)
def _hidden(attributes: str) -> bool | None:
    """Return whether a row with these attributes is hidden; ``None`` if they are not XML's."""
    pairs = _ATTRIBUTE.findall(attributes)
    values = dict(pairs)
    strange = any(":" in name and name != _DYNAMIC for name in values) or "r" in values
    if strange or len(values) < len(pairs) or any(name[0].isdigit() for name in values):
        return None
    return values.get("hidden") in {"1", "true", "on"}


def _apart(part: bytes, opening: str, closing: str) -> tuple[str, str, str] | None:
    """Return a part's text before the first opening, from there to the last closing, and after.

    ``None`` where a pattern could take for an element what is none, or the bytes are no UTF-8.
    """
    if len(part) > PLAIN_BYTES or b"<!" in part or b"]]>" in part:
        return None
    if part.count(b"<?") > part.startswith(b"<?xml ") or part.startswith(b"\xef\xbb\xbf"):
        return None
    try:
        text = part.decode()
    except UnicodeDecodeError:
        return None
    start, end = text.find(opening), text.rfind(closing)
    if not 0 < start < end or _ENCODING.match(text):
        return None
    return text[:start], text[start : end + len(closing)], text[end + len(closing) :]


#: Parts texts that are decoded together: a letter for private use, which is in none of them.
_PARTING: Final = "\uf8fe"


def _meant(written: Iterable[str]) -> dict[str, str] | None:
    """Return texts of XML with the references in them resolved; ``None`` if one is no letter's."""
    raw = list(set(written))
    if not raw:
        return {}
    together = _PARTING.join(raw)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        element = etree.fromstring(f"<t>{together}</t>", parser)
    except etree.XMLSyntaxError:
        return None
    texts = (element.text or "").split(_PARTING)
    return dict(zip(raw, texts, strict=True)) if len(texts) == len(raw) else None
