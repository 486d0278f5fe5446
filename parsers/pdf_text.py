"""Glyphs of a PDF page → lines of text, in the order a person reads them."""

import itertools
import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.grid import WRAP
from parsers.legacy import VNI, believed, code_of, decoded
from parsers.legible import syllable
from parsers.vietnamese import repair

_SMALL: Final = 0.75  # of the usual size: superscripts, which must not start a line
_SPACE: Final = 0.3  # of the size: a wider gap is a space even where none was written
_UNWRITTEN: Final = 0.2  # and so is this one in a line that writes no space at all
_GUTTER: Final = 1.2  # of the size: a wider gap separates two columns of text
_GUTTER_TO_SPACE: Final = 2.5  # and it is that much wider than the line's own spaces
_ALWAYS_GUTTER: Final = 2.5  # of the size: no justified line has such spaces
_OVERLAP: Final = 0.5  # of the narrower glyph's width
_UNMAPPED: Final = re.compile(r"\(cid:\d+\)")
_WHOLE_PHONE: Final = re.compile(r"0\d{9,10}")
_CLOSING: Final = frozenset(",.;:)!?")
_ITEM: Final = re.compile(r"[-–•+*]|\d{1,2}[.)]")  # a new item of a list, wherever it stands
_ONSET: Final = re.compile(r"[bcdđghklmnpqrstvx]", re.IGNORECASE)
_NO_WORD: Final = frozenset("aeiou")  # a lone plain vowel is no Vietnamese word
_WORD_SPACE: Final = 0.5  # of a letter's width: about what a space takes
_DIGIT_END: Final = re.compile(r"[\d.,]$")
_DIGIT_START: Final = re.compile(r"[\d.,]")


@dataclass(frozen=True, slots=True)
class Glyph:
    """One drawn letter and its box, in points from the page's top left corner.

    ``written`` and ``code`` say what the file has where the letter was decoded by its font.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    written: str = ""
    code: str = ""

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one line without a wide gap.

    ``word`` is the width of its first word, ``overlaps`` counts letters drawn over others;
    ``written`` and ``code`` as in ``Glyph``.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    word: float = 0.0
    overlaps: int = 0
    written: str = ""
    code: str = ""


def glyphs(chars: Sequence[dict[str, object]]) -> list[Glyph]:
    """Return pdfplumber's characters as glyphs; marks join the letter they stand on.

    Letters of fonts older than Unicode are decoded, unless the file maps them to Unicode itself.
    """
    coded = _coded(chars)
    found: list[Glyph] = []
    for char in chars:
        text = _UNMAPPED.sub("\ufffd", str(char["text"]))
        if found and text and unicodedata.combining(text[0]):
            found[-1] = replace(found[-1], text=found[-1].text + text)
            continue
        x0, x1, top, bottom, size = (
            float(str(char[name])) for name in ("x0", "x1", "top", "bottom", "size")
        )
        font = str(char["fontname"]) if coded else ""
        if code_of(font) not in coded:
            found.append(Glyph(text, x0, x1, top, bottom, size))
            continue
        shown, code = decoded(text, font)
        pair = found[-1].written + text if found and code_of(font) == "vni" else ""
        if pair in VNI:
            found[-1] = replace(
                found[-1], text=VNI[pair], x1=max(found[-1].x1, x1), written=pair, code="vni"
            )
        else:
            found.append(Glyph(shown, x0, x1, top, bottom, size, text, code))
    return found


def _coded(chars: Iterable[dict[str, object]]) -> frozenset[str]:
    """Return the codes in which a page's letters are, by the names of its fonts."""
    texts: dict[str, list[str]] = {}
    for char in chars:
        code = code_of(str(char["fontname"]))
        if code:
            texts.setdefault(code, []).append(str(char["text"]))
    whole = {code: "".join(letters).split() for code, letters in texts.items()}
    return frozenset(code for code, words in whole.items() if believed(words, code))


def lines_of(letters: Sequence[Glyph]) -> list[list[Glyph]]:
    """Group glyphs into lines, top down, each from left to right."""
    inked = [letter for letter in letters if letter.text.strip()]
    if not inked:
        return []
    usual = statistics.median(letter.size for letter in inked)
    lines: list[list[Glyph]] = []
    for letter in sorted(inked, key=lambda glyph: (glyph.middle, glyph.x0)):
        if letter.size >= usual * _SMALL:
            if lines and letter.middle < lines[-1][0].bottom - lines[-1][0].size * 0.25:
                lines[-1].append(letter)
            else:
                lines.append([letter])
    small = [letter for letter in letters if letter.text.strip() and letter.size < usual * _SMALL]
    blank = [letter for letter in letters if not letter.text.strip()]
    for letter in small + blank:
        home = min(lines, key=lambda line: abs(line[0].middle - letter.middle), default=None)
        if home and abs(home[0].middle - letter.middle) <= home[0].size:
            home.append(letter)
        elif letter.text.strip():
            lines.append([letter])
    lines.sort(key=lambda line: line[0].middle)
    return [sorted(line, key=lambda glyph: glyph.x0) for line in lines]


def segments(line: Sequence[Glyph], *, split: bool = True) -> list[Segment]:
    """Cut one line at its wide gaps (``split``) and write each stretch as text."""
    if not split:
        return [_written(line)]
    inked = [letter for letter in line if letter.text.strip()]
    size = statistics.median(letter.size for letter in inked)
    gaps = [right.x0 - left.x1 for left, right in itertools.pairwise(inked)]
    spaces = [gap for gap in gaps if gap > size * _SPACE / 2]
    usual = statistics.median(spaces) if spaces else 0.0
    least = size * _GUTTER
    if len(spaces) > 2:  # noqa: PLR2004  with fewer spaces the median may be the gutter itself
        least = min(max(least, usual * _GUTTER_TO_SPACE), size * _ALWAYS_GUTTER)
    return _cut(line, least)


def pieces(line: Sequence[Glyph], gap: float, walls: Sequence[float]) -> list[Segment]:
    """Cut one line at gaps wider than so many times its letters' size, and where a wall stands.

    ``walls`` are x in points; one that stands in a letter cuts nothing.
    """
    size = statistics.median(letter.size for letter in line if letter.text.strip())
    return _cut(line, size * gap, walls)


def one_line(parts: Sequence[Segment]) -> Segment:
    """Return the pieces of one line as one: its words are merely set wide apart."""
    if len(parts) == 1:
        return parts[0]
    code = next((part.code for part in parts if part.code), "")
    return replace(
        parts[0],
        text=" ".join(part.text for part in parts),
        x1=parts[-1].x1,
        top=min(part.top for part in parts),
        bottom=max(part.bottom for part in parts),
        overlaps=sum(part.overlaps for part in parts),
        written=" ".join(part.written or part.text for part in parts) if code else "",
        code=code,
    )


def _cut(line: Sequence[Glyph], least: float, walls: Sequence[float] = ()) -> list[Segment]:
    stretches: list[list[Glyph]] = [[]]
    reach = line[0].x0
    for letter in line:
        inked = bool(letter.text.strip())
        wide = letter.x0 - reach > least or any(reach <= wall <= letter.x0 for wall in walls)
        if inked and stretches[-1] and wide:
            stretches.append([])
        stretches[-1].append(letter)
        if inked:
            reach = max(reach, letter.x1)
    return [_written(piece) for piece in stretches if any(each.text.strip() for each in piece)]


def _written(piece: Sequence[Glyph]) -> Segment:
    text, overlaps = "", 0
    space = _SPACE if any(not letter.text.strip() for letter in piece) else _UNWRITTEN
    previous: Glyph | None = None
    for letter in piece:
        if not letter.text.strip():
            text += " "
            continue
        if previous is not None:
            gap = letter.x0 - previous.x1
            if gap > letter.size * space and not text.endswith(" "):
                text += " "
            narrower = min(letter.x1 - letter.x0, previous.x1 - previous.x0)
            overlaps += -gap > narrower * _OVERLAP and narrower > 0
        text += letter.text
        previous = letter
    inked = [letter for letter in piece if letter.text.strip()]
    code = next((letter.code for letter in inked if letter.code), "")
    written = "".join(letter.written or letter.text for letter in piece) if code else ""
    return Segment(
        " ".join(repair(text).split()),
        inked[0].x0,
        max(letter.x1 for letter in inked),
        min(letter.top for letter in inked),
        max(letter.bottom for letter in inked),
        _first_word(piece),
        overlaps,
        written,
        code,
    )


def _first_word(piece: Sequence[Glyph]) -> float:
    inked = itertools.dropwhile(lambda letter: not letter.text.strip(), piece)
    word = list(itertools.takewhile(lambda letter: letter.text.strip(), inked))
    return word[-1].x1 - word[0].x0


def columns(lines: Sequence[Sequence[Segment]]) -> list[str]:
    """Return the text of lines in reading order: side-by-side blocks one after the other.

    A letterhead or signature block is two columns of text; read across, its words would mix
    (``UBND XÃ HÒA CƯ Độc lập - Tự do``). Lines that leave the same gutter free are one block.
    """
    texts: list[str] = []
    at = 0
    while at < len(lines):
        if len(lines[at]) != 2:  # noqa: PLR2004  a block starts with a left and a right text
            texts.append(" ".join(segment.text for segment in lines[at]))
            at += 1
            continue
        left, right, at = _block(lines, at)
        texts += left + right
    return [text for text in texts if text]


def _block(lines: Sequence[Sequence[Segment]], start: int) -> tuple[list[str], list[str], int]:
    low, high = lines[start][0].x1, lines[start][1].x0
    left, right = [], []
    at, height = start, lines[start][0].bottom - lines[start][0].top
    while at < len(lines):
        line = lines[at]
        if at > start and line[0].top - lines[at - 1][0].bottom > 6 * height:
            break
        before = [segment for segment in line if segment.x1 <= high]
        after = [segment for segment in line if segment not in before]
        new_low = max([low, *(segment.x1 for segment in before)])
        new_high = min([high, *(segment.x0 for segment in after)])
        if new_high - new_low < height / 2:
            break
        low, high = new_low, new_high
        left += [" ".join(segment.text for segment in before)] if before else []
        right += [" ".join(segment.text for segment in after)] if after else []
        at += 1
    return left, right, max(at, start + 1)


def cell_text(lines: Sequence[Segment], right_edge: float) -> tuple[str, bool]:
    """Join the lines of a cell as they were before they were fitted into it, and say if in doubt.

    ``right_edge`` is where the cell's text must end. A word that alone was too long for its line
    becomes whole again (``091234567`` / ``8``, ``Hạn`` / ``g sao``); where the next word did not
    fit any more, the break was the program's and becomes a space, or ``WRAP`` before a capital,
    which may also begin the next item of a list; other breaks are the writer's. In doubt are words
    that fill their line to the last letter and may be one with what follows (``Nguy`` / ``ên``).
    """
    text, doubtful = lines[0].text if lines else "", False
    for upper, lower in itertools.pairwise(lines):
        text += _break(upper, lower, right_edge) + lower.text
        doubtful = doubtful or _maybe_torn(upper, lower, right_edge)
    return text, doubtful


def _maybe_torn(upper: Segment, lower: Segment, right_edge: float) -> bool:
    if not upper.text or not lower.text:
        return False
    last, first = upper.text.split()[-1], _word(lower)
    letter_of_capitals = len(last) == 1 and last.isupper() and first.isupper()
    if last != upper.text and not letter_of_capitals and not syllable(last + first):
        return False
    if not _is_full(upper, lower, right_edge) or not (last[-1].isalnum() and first[0].isalnum()):
        return False
    if not (last.isalpha() and first.isalpha()):
        return not (last.isdecimal() and first.isdecimal())
    if last[-1].islower() and first[0].isupper():
        return False
    whole, words = syllable(last + first), syllable(last) and syllable(first)
    if letter_of_capitals:
        return True
    return not words if not whole else words and first not in _NO_WORD


def _word(line: Segment) -> str:
    """Return the first word without the sign behind it."""
    word = line.text.split()[0]
    return word.rstrip(".,;:)") or word


def _is_full(upper: Segment, lower: Segment, right_edge: float) -> bool:
    return upper.x1 + _letter(upper, lower) > right_edge


def _letter(upper: Segment, lower: Segment) -> float:
    """Return the width of a letter of these lines."""
    first = lower.text.split()[0]
    return max((upper.x1 - upper.x0) / len(upper.text), lower.word / len(first))


def _break(upper: Segment, lower: Segment, right_edge: float) -> str:
    if not upper.text or not lower.text:
        return "\n"
    if lower.text[0] in _CLOSING:  # no line begins with such a sign of its own accord
        return ""
    last, first = upper.text.split()[-1], _word(lower)
    letter = _letter(upper, lower)
    full = _is_full(upper, lower, right_edge)
    alone = last == upper.text
    if _DIGIT_END.search(last) and _DIGIT_START.match(first):
        return "" if alone and full and not _WHOLE_PHONE.fullmatch(last) else "\n"
    if (alone or full) and _is_one_syllable(last, first, alone=alone, full=full):
        return ""
    room = right_edge - upper.x1 - letter * _WORD_SPACE - lower.word
    if _ITEM.match(lower.text):
        return "\n"
    if first[0].isupper():  # it must fit for certain
        return "\n" if room >= letter else WRAP
    return "\n" if room >= 0 else " "


def _is_one_syllable(last: str, first: str, *, alone: bool, full: bool) -> bool:
    """Whether two pieces are one word torn apart: ``Hạn`` ``g``, ``sa`` ``o``, ``OCO`` ``P``."""
    if not (last.isalpha() and first.isalpha()) or (last[-1].islower() and first[0].isupper()):
        return False
    if not syllable(last + first):
        return alone and full and first.isupper() and not (syllable(last) or syllable(first))
    if not (syllable(last) and syllable(first)):
        return True
    return full and (first in _NO_WORD or (alone and not _ONSET.match(first)))
