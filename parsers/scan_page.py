"""One page of a scan or photo: gates, geometry, then its lines of text and its tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import cv2
import numpy as np

from parsers import gates
from parsers.columns import Captions
from parsers.layout import is_layout
from parsers.legible import syllable
from parsers.light import Lit, lit
from parsers.pdf_join import Row
from parsers.pdf_page import looks_tabular
from parsers.pdf_text import Glyph, Segment, columns, lines_of, segments
from parsers.picture import Pixels
from parsers.reading import Box, Refusal
from parsers.recognise import Recogniser, Word
from parsers.ruled import RuledTable, erased, tables
from parsers.rules import Bend, Rules, flattened, without_rules
from parsers.scan_stamp import secrecy_stamp
from parsers.scan_table import Place, read_table
from parsers.straighten import Sheet, straightened

_WORD: Final = re.compile(r"[0-9A-Za-zÀ-ɏḀ-ỹ]")
#: Capitals of running text are brought to this height: larger ones only cost time.
_TEXT_HEIGHT: Final = 26.0
_LEAST_CONFIDENCE: Final = 0.3
_SIDE_BY_SIDE, _LOW = 3, 12
#: Heights of a capital.
_AT_BORDER, _NEAR_BORDER = 1.3, 3.0
_FEWEST_CELLS: Final = 4
_EM: Final = 1.45  # the size of a font in heights of its capitals


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table as read; ``edges`` are its column borders in thousandths of its width."""

    rows: tuple[Row, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """Text and tables of a page in reading order.

    ``unruled`` says that lines look like a table whose rules are missing or too worn to be found.
    """

    content: tuple[str | ReadTable, ...]
    unruled: bool = False

    @property
    def has_table(self) -> bool:
        """Whether a table was read on it."""
        return any(isinstance(item, ReadTable) for item in self.content)


@dataclass(slots=True)
class _Flat:
    """A page brought flat, and the way back to the picture."""

    sheet: Sheet
    rules: Rules
    bends: tuple[Bend, ...]
    number: int
    tables: list[RuledTable] = field(default_factory=list)

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Return where a box of the flat page lies on the page as shown."""
        x, y = np.array([left, right, right, left]), np.array([top, top, bottom, bottom])
        for bow in reversed(self.bends):
            x, y = bow.bent(x, y)
        points = self.sheet.to_source @ np.stack([x, y, np.ones(4)])
        wide, high = self.sheet.source
        x, y = points[0] / points[2] / wide, points[1] / points[2] / high
        x, y = np.clip(x, 0, 1), np.clip(y, 0, 1)
        low, high_ = (x.min(), y.min()), (x.max(), y.max())
        return (self.number, *(round(float(v), 4) for v in (*low, *high_)))  # type: ignore[return-value]

    def cut_sides(self, table: RuledTable) -> frozenset[str]:
        """Return the sides where a table may run out of the picture.

        There it is open near the border of paper or picture, or so near the picture's border that
        nobody can see whether it goes on.
        """
        left, top, right, bottom = table.box
        high, wide = self.sheet.gray.shape
        source_wide, source_high = self.sheet.source
        inset_x, inset_y = (right - left) / 4, (bottom - top) / 4  # a corner lies at two borders
        across, down = (left + inset_x, right - inset_x), (top + inset_y, bottom - inset_y)
        sides = {
            "left": ((left, down[0], left, down[1]), left),
            "top": ((across[0], top, across[1], top), top),
            "right": ((right, down[0], right, down[1]), wide - right),
            "bottom": ((across[0], bottom, across[1], bottom), high - bottom),
        }
        cut = set()
        for side, (line, distance) in sides.items():
            _, x0, y0, x1, y1 = self.box(*line)
            beyond = min(min(x0, 1 - x1) * source_wide, min(y0, 1 - y1) * source_high)
            beyond /= self.sheet.letter
            if beyond < _AT_BORDER or (
                side in table.open_sides
                and min(beyond, distance / self.sheet.letter) < _NEAR_BORDER
            ):
                cut.add(side)
        return frozenset(cut)


def read_page(
    pixels: Pixels, number: int, recogniser: Recogniser, captions: Captions, kind: str
) -> ScannedPage | Refusal:
    """Read page ``number`` (from 1), or say why it cannot be read.

    A page refused gives nothing at all: neither a table nor a line of text.
    """
    page = lit(pixels)
    if gates.is_blank(page):
        return ScannedPage(())
    flat = _flat(page, number, recogniser, kind)
    if isinstance(flat, Refusal):
        return flat
    text = _outside(flat)
    words = _words(text, flat.sheet.letter, recogniser)
    stamp = secrecy_stamp(text, flat.sheet.letter, recogniser)
    flat.tables = [table for table in flat.tables if not _lays_out(table, words)]
    for table in flat.tables:
        refusal = gates.unclear_rules(table.doubtful, kind) or gates.cut_off(
            flat.cut_sides(table), kind
        )
        if refusal:
            return refusal
    outside = [word for word in words if not any(_within(word, t) for t in flat.tables)]
    good, bad = _weighed(outside)
    done = []
    for at, table in enumerate(flat.tables, 1):
        place = f"page {number}" + (f", table {at}" if at > 1 else "")
        clean = erased(flat.sheet.gray, flat.rules, table, flat.sheet.letter)
        where = Place(place, flat.box)
        rows = read_table(table, clean, flat.sheet.letter, recogniser, captions, where)
        more = _weighed_texts(cell.text for row in rows for cell in row if cell)
        good, bad = good + more[0], bad + more[1]
        done.append(ReadTable(rows, _shares(table.xs)))
    refusal = gates.too_few_words(good, bad, kind)
    if refusal:
        return refusal
    lines = [segments(line) for line in lines_of(_levelled(outside, flat.sheet.letter * _EM))]
    content = _in_order(lines, list(zip(flat.tables, done, strict=True)))
    unruled = not done and looks_tabular(lines)
    return ScannedPage((stamp, *content) if stamp else content, unruled)


def _outside(flat: _Flat) -> Pixels:
    """Return the page without rules and large tables, but with its stamps: one may say MẬT."""
    sheet = flat.sheet
    page = without_rules(sheet.marked, flat.rules, sheet.letter)
    for table in flat.tables:
        left, top, right, bottom = table.box
        if not _is_small(table):
            page[max(0, top - 4) : bottom + 5, max(0, left - 4) : right + 5] = 255
    return page


def _flat(page: Lit, number: int, recogniser: Recogniser, kind: str) -> _Flat | Refusal:
    refusal = gates.too_dark(page, kind)
    if refusal:
        return refusal

    def read(tile: Pixels, letter: float) -> str:
        return recogniser.cell(tile, "text", None, letter).text

    sheet = straightened(page, read)
    refusal = gates.too_coarse(sheet.gray, sheet.letter, kind)
    if refusal:
        return refusal
    sheet, rules, bends = flattened(sheet)
    found = [t for t in tables(rules, sheet.letter) if len(t.cells) >= _FEWEST_CELLS]
    return _Flat(sheet, rules, bends, number, found)


def _shares(xs: Sequence[int]) -> tuple[float, ...]:
    return tuple(1000.0 * (x - xs[0]) / (xs[-1] - xs[0]) for x in xs)


# --- words ----------------------------------------------------------------------------------------


def _words(page: Pixels, letter: float, recogniser: Recogniser) -> list[Word]:
    """Recognise running text."""
    scale = min(1.0, _TEXT_HEIGHT / letter)
    if scale < 1:
        page = np.asarray(
            cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    found = recogniser.words(page)
    return [
        replace(
            word,
            left=round(word.left / scale),
            top=round(word.top / scale),
            right=round(word.right / scale),
            bottom=round(word.bottom / scale),
        )
        for word in found
        if word.confidence >= _LEAST_CONFIDENCE and _WORD.search(word.text)
    ]


def _is_small(table: RuledTable) -> bool:
    return len(table.xs) - 1 <= _SIDE_BY_SIDE and len(table.ys) - 1 <= _LOW


def _lays_out(table: RuledTable, words: Sequence[Word]) -> bool:
    if not _is_small(table):
        return False
    text = " ".join(word.text for word in words if _within(word, table))
    return is_layout(len(table.xs) - 1, len(table.ys) - 1, text, ruled=True)


def _within(word: Word, table: RuledTable) -> bool:
    left, top, right, bottom = table.box
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    return left <= x <= right and top <= y <= bottom


def _weighed(words: Sequence[Word]) -> tuple[int, int]:
    return _weighed_texts(word.text for word in words)


def _weighed_texts(texts: Any) -> tuple[int, int]:
    """Return how many letters stand in Vietnamese syllables, and how many in what is no word."""
    good = bad = 0
    for text in texts:
        for word in text.split():
            bare = word.strip(".,:;()[]-–“”\"'/|")
            if not bare.isalpha() or bare.isupper():
                continue  # numbers and abbreviations say nothing
            if syllable(bare):
                good += len(bare)
            else:
                bad += len(bare)
    return good, bad


def _in_order(
    lines: Sequence[list[Segment]], done: Sequence[tuple[RuledTable, ReadTable]]
) -> tuple[str | ReadTable, ...]:
    """Put lines and tables in order from the top down."""
    kept = list(lines)
    content: list[str | ReadTable] = []
    for ruled, table in done:
        above = [line for line in kept if line[0].top < ruled.ys[0]]
        kept = kept[len(above) :]
        content += columns(above)
        content.append(table)
    return (*content, *columns(kept))


def _levelled(words: Sequence[Word], size: float) -> list[Glyph]:
    """Return words as glyphs, those of one line at one height, whatever marks and tails they have.

    Words come in reading order: a line goes on while the next word lies right of the last one and
    beside it.
    """
    lines: list[list[Word]] = []
    for word in words:
        last = lines[-1][-1] if lines else None
        if last and word.left >= last.left and _beside(last, word):
            lines[-1].append(word)
        else:
            lines.append([word])
    glyphs = []
    for line in lines:
        top = float(np.median([word.top for word in line]))
        bottom = float(np.median([word.bottom for word in line]))
        glyphs += [
            Glyph(f"{word.text} ", word.left, word.right, top, bottom, size) for word in line
        ]
    return glyphs


def _beside(one: Word, other: Word) -> bool:
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return overlap > 0.3 * min(one.bottom - one.top, other.bottom - other.top)
