"""The rows of a sheet as programs write them, parted at their tags instead of by an XML parser.

Nearly all of a workbook is cells, and nearly all programs write them alike. A part whose rows are
of that shape and nothing else is told apart here: the rows as text, and the frame round them, which
is XML for lxml like any other part. What stands between two tags must match a pattern as a whole,
and what is written in cells is matched once for each content. The patterns take no more than what
is well-formed XML with only one meaning; whatever else a part has – comments, other encodings,
prefixes, attributes in another order – makes it a part for ``sheet``'s own walk, which reads
everything. So both give the same cells, and the tests compare them.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple, cast

from parsers.grid import column_letters

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
#: What follows a cell's address. A value is not empty but after a formula without a result, and
#: then the cell is no shared text's.
_WRITTEN: Final = re.compile(
    r'(?: s="([0-9]{1,10})")?'
    r'(?: t="(n|s(?="(?: ?/>|>(?:<v>[^<]|</c>)))|str|b|e|d|inlineStr)")?(?: ?/>|>'
    rf"({_FORMULA}(?:<v></v>|<v ?/>)?)?"
    rf"(?:<v>(?!<)({_TEXT})</v>|<is><t{_SPACE}>({_TEXT})</t></is>)?</c>)"
)
#: Between two of these no other element can begin: what they part must match as a whole.
_ROW, _ROW_END, _CELL = '<row r="', "</row>", '<c r="'
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,6}")
_ATTRIBUTES: Final = re.compile(r'((?: [A-Za-z0-9:]+="[^"<&\x00-\x1f\ufffe\uffff]*")*+) ?>')
_ITEM: Final = re.compile(rf"(<si>(?:<t{_SPACE}>({_TEXT})</t>|<t ?/>)</si>)")
_ATTRIBUTE: Final = re.compile(r' ([A-Za-z0-9:]+)="([^"]*)"')
#: The columns that tables have, by their letters; further ones are the walk's.
COLUMNS: Final = {column_letters(number): number for number in range(1, 703)}
#: A prefix that Excel declares in the root of each part and uses for the height of rows.
_DYNAMIC: Final = "x14ac:dyDescent"
_DECLARED: Final = re.compile(r'<worksheet [^<>]*\bxmlns:x14ac="[^"<>]+"')
_ENCODING: Final = re.compile(r'<\?xml [^<>]*encoding=["\'](?!utf-8["\'])', re.IGNORECASE)

#: What stands in a cell: style, type, formula, value, text in the cell; what is not there is empty.
PlainContent = tuple[str, str, str, str, str]


class OtherShapeError(Exception):
    """A part is not of the usual shape after all: only the walk reads it."""


class PlainRow(NamedTuple):
    """A row: its number, whether it is hidden, and its cells from left to right.

    ``columns`` are theirs, counted from 1. A cell is its address, a quotation mark, and what is
    written in it, for ``plain_content``: much is written again and again.
    """

    number: int
    hidden: bool
    columns: tuple[int, ...]
    cells: list[tuple[str, str, str]]


class PlainSheet(NamedTuple):
    """A part whose rows may be of the usual shape; ``frame`` is all the rest of it, as XML."""

    frame: bytes
    #: They come in order, each once.
    #:
    #: Raises:
    #:     OtherShapeError: a row is not of that shape.
    rows: Iterator[PlainRow]


def plain_sheet(part: bytes) -> PlainSheet | None:
    """Return the rows and the frame of a sheet's part, ``None`` if it is not of the usual shape.

    The rows are looked at one by one, while their cells are made.
    """
    found = _apart(part, "<sheetData>", "</sheetData>")
    if found is None:
        return None
    head, data, tail = found
    before, *written = data.removeprefix("<sheetData>").removesuffix("</sheetData>").split(_ROW)
    if before:
        return None
    rows = _rows(written, dynamic=_DECLARED.search(head) is not None)
    return PlainSheet(f"{head}<sheetData/>{tail}".encode(), rows)


def plain_content(written: str) -> PlainContent:
    """Return what is written in a cell, taken apart, the references in its texts resolved.

    Raises:
        OtherShapeError: it is not of the usual shape.
    """
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise OtherShapeError
    content = cast("PlainContent", match.groups(""))
    if "&" not in written:
        return content
    style, kind, formula, saved, inline = content
    return style, kind, formula, _meant(saved), _meant(inline)


def _rows(written: Iterable[str], *, dynamic: bool) -> Iterator[PlainRow]:
    above = 0
    for text in written:
        row = _plain_row(text, dynamic=dynamic)
        if row is None or row.number <= above:
            raise OtherShapeError
        above = row.number
        yield row


def _plain_row(text: str, *, dynamic: bool) -> PlainRow | None:
    """Return a row from behind its number's quotation mark on; ``None`` if it is none."""
    if text.endswith(_ROW_END):
        opening, *written = text.removesuffix(_ROW_END).split(_CELL)
    elif text.endswith("/>"):
        opening, written = f"{text[:-2]}>", []
    else:
        return None
    number, _, attributes = opening.partition('"')
    hidden = _hidden(attributes, dynamic=dynamic)
    if hidden is None or not _NUMBER.fullmatch(number):
        return None
    cells = [cell.partition('"') for cell in written]
    columns = _columns(tuple([address.removesuffix(number) for address, _, _ in cells]))
    return None if columns is None else PlainRow(int(number), hidden, columns, cells)


@lru_cache(maxsize=1024)
def _columns(letters: tuple[str, ...]) -> tuple[int, ...] | None:
    """Return the columns of these letters; ``None`` if they are none, or not from left to right."""
    if not COLUMNS.keys() >= set(letters):
        return None
    columns = tuple(COLUMNS[each] for each in letters)
    return columns if all(left < right for left, right in pairwise(columns)) else None


def plain_strings(part: bytes) -> tuple[bytes, list[str]] | None:
    """Return the frame and the texts of a part of shared strings, ``None`` if it is of other shape.

    Texts with runs of their own fonts are another shape.
    """
    found = _apart(part, "<si>", "</si>")
    if found is None:
        return None
    head, inside, tail = found
    items = _ITEM.findall(inside)
    if "".join([item for item, _ in items]) != inside:
        return None
    try:
        return f"{head}{tail}".encode(), [_meant(text) for _, text in items]
    except OtherShapeError:
        return None


@lru_cache(maxsize=1024)
def _hidden(written: str, *, dynamic: bool) -> bool | None:
    """Return whether a row with these attributes is hidden; ``None`` if they are not XML's.

    ``dynamic`` tells whether the prefix is declared that Excel uses for the height of rows.
    """
    match = _ATTRIBUTES.fullmatch(written)
    pairs = _ATTRIBUTE.findall(match[1]) if match else []
    values = dict(pairs)
    strange = any(":" in name and (name != _DYNAMIC or not dynamic) for name in values)
    if match is None or strange or "r" in values or len(values) < len(pairs):
        return None
    if any(name[0].isdigit() for name in values):
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


_REFERENCE: Final = re.compile(r"&([^;]+);")


def _meant(text: str) -> str:
    """Return a text of XML with the references in it resolved."""
    return _REFERENCE.sub(_letter_of, text) if "&" in text else text


def _letter_of(reference: re.Match[str]) -> str:
    return _letter(reference[1])


@lru_cache(maxsize=1024)
def _letter(name: str) -> str:
    """Return the letter that a reference names.

    Raises:
        OtherShapeError: XML has no such letter (XML 1.0, 2.2).
    """
    if not name.startswith("#"):
        return {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}[name]
    code = int(name[1:])
    letter = chr(code) if code <= sys.maxunicode else ""
    if not letter or _NO_LETTER.match(letter):
        raise OtherShapeError
    return letter


_NO_LETTER: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
