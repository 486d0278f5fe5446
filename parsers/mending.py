"""The first look at a document's text: what was typed in an old code becomes Unicode.

A reader decodes what the name of a font tells it (``legacy.joined``). Where nothing names the font
(a workbook of a program that lost it, a text file, letters that went through a wrong code page),
the words themselves decide, for a whole table at once: a short cell has too few of them, and
``Hé`` may be either. Without enough evidence the text stays as it is, and the error
``legacy-font`` of each cell asks for it again.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final, TypeGuard

from parsers import vietnamese
from parsers.grid import WRAP, Cell, Extract, Grid, Trace
from parsers.legacy import decode, lost_horns
from parsers.legible import spelled
from parsers.mojibake import unscrambled
from parsers.reading import Finding
from parsers.vietnamese import looks_legacy, sure

_DECODERS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "tcvn3": lambda text: decode(text, "tcvn3"),
    "tcvn3-1258": lambda text: decode(text, "tcvn3-1258"),
    "vni": lambda text: decode(text, "vni"),
    "mojibake": unscrambled,
}
#: So many different words must change; mojibake proves itself by being valid UTF-8.
_LEAST_WORDS: Final = {"tcvn3": 4, "tcvn3-1258": 4, "vni": 4, "mojibake": 1}
_GOOD: Final = 0.85  # of the changed words are Vietnamese afterwards
_BAD: Final = 0.4  # and at most so many were before
_MARGIN: Final = 0.1
#: The letters of bytes are signs, and so no sign beyond ASCII may part words.
_PARTS: Final = re.compile(r"[\x00-\x20!-/:-@\[-`{-~]+")
_QUOTES: Final = "“”‘’–—…«»"
#: Not ours to be sure of: a cell without evidence in a table where some columns are in a code.
_EITHER: Final = 0.5

_NOTES: Final = {
    "tcvn3": "Chữ gõ bằng phông TCVN3 (.VnTime) đã được chuyển sang Unicode; đề nghị kiểm tra lại "
    "và dùng phông Unicode (Times New Roman) cho lần gửi sau.",
    "vni": "Chữ gõ bằng phông VNI (VNI-Times) đã được chuyển sang Unicode; đề nghị kiểm tra lại "
    "và dùng phông Unicode (Times New Roman) cho lần gửi sau.",
    "mojibake": "Chữ tiếng Việt trong tệp bị sai bảng mã đã được khôi phục; đề nghị kiểm tra lại "
    "và lưu tệp theo bảng mã Unicode (UTF-8) cho lần gửi sau.",
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A code, and how many words speak for it."""

    code: str = ""
    words: int = 0


def mended(extract: Extract) -> Extract:
    """Return the extract with all its text in Unicode, nothing invisible in it.

    What was decoded keeps its words as they were (``Trace.written``) and the code (``repair``);
    ``Extract.repairs`` names the codes, those that the reader itself decoded included.
    """
    if _is_settled(extract):
        return _named(extract)
    own = [_texts_of_grid(grid) for grid in extract.grids]
    everywhere = _verdict(text for texts in (*own, extract.lines) for text in texts)
    grids = tuple(_grid(grid, everywhere.code) for grid in extract.grids)
    code = _verdict(extract.lines).code or everywhere.code
    lines = tuple(_line(line, code) for line in extract.lines)
    repairs = extract.repairs
    if code and lines != tuple(map(_settled, extract.lines)):
        repairs = (*repairs, _family(code))
    return _named(replace(extract, grids=grids, lines=lines, repairs=repairs))


def notes(repairs: Iterable[str]) -> tuple[Finding, ...]:
    """Return one note for the document for each code that was decoded."""
    return tuple(Finding("note", "text-repaired", _NOTES[code]) for code in repairs)


def best_of(texts: Sequence[str]) -> list[str]:
    """Return texts as they read best: what a page's letters are worth is judged after mending."""
    code = _verdict(texts).code
    return [_line(text, code) for text in texts]


def _is_settled(extract: Extract) -> bool:
    """Whether no text has a letter that Vietnamese writing lacks: then no code is at work."""
    cells = [cell for grid in extract.grids for row in grid.rows for cell in row if cell]
    others = [cell for cell in cells if cell.value is not cell.text]  # numbers, dates: few
    if any(isinstance(cell.value, str) and cell.value != cell.text for cell in others):
        return False
    texts = {cell.text for cell in cells}.union(extract.lines)
    texts.update(line for grid in extract.grids for line in (*grid.before, *grid.after))
    return _is_plain("\n".join(texts))


def _named(extract: Extract) -> Extract:
    """Return the extract with the codes of its cells and lines named once each, in order."""
    traces = (cell.trace for g in extract.grids for row in g.rows for cell in row if cell)
    codes = [trace.repair for trace in traces if trace and trace.repair]
    return replace(extract, repairs=tuple(sorted({*extract.repairs, *codes})))


def _settled(text: str) -> str:
    """Return the text settled, the breaks kept that may be the width's only."""
    return WRAP.join(map(vietnamese.settled, text.split(WRAP)))


def _is_plain(text: str) -> bool:
    return vietnamese.is_plain(text.replace(WRAP, "\n"))


def _family(code: str) -> str:
    return code.partition("-")[0]


# --- deciding -------------------------------------------------------------------------------------


def _verdict(texts: Iterable[str]) -> _Verdict:
    """Return the code that makes Vietnamese of words that were none; an empty one if none does."""
    unsure = [text for text in texts if not text.isascii() and not sure(text)]
    found: list[tuple[float, int, str]] = []
    for code, decoder in _DECODERS.items():
        changed = [pair for text in unsure for pair in _changed(text, decoder)]
        if len(set(changed)) < _LEAST_WORDS[code]:
            continue
        if code.startswith("tcvn3") and lost_horns([after for _, after in changed]):
            continue
        good = sum(spelled(after) for _, after in changed)
        before = sum(spelled(word) for word, _ in changed)
        if good >= _GOOD * len(changed) and before <= _BAD * len(changed):
            found.append((good / len(changed), good, code))
    if not found:
        return _Verdict()
    share, words, code = max(found, key=lambda each: (each[1], each[0]))
    rivals = (other for other in found if _family(other[2]) != _family(code))
    if any(other[0] > share - _MARGIN and other[1] > words / 2 for other in rivals):
        return _Verdict()
    return _Verdict(code, words)


def _changed(text: str, decoder: Callable[[str], str | None]) -> list[tuple[str, str]]:
    """Return the words that decoding changes, before and after."""
    if decoder is unscrambled:
        whole = unscrambled(text)
        words = [] if whole is None else _PARTS.split(whole)
        return [(text, word.strip(_QUOTES)) for word in words if not word.isascii()]
    pairs = []
    for word in _PARTS.split(text):
        after = None if word.isascii() else decoder(word)
        if after is not None and after != word:
            pairs.append((word.strip(_QUOTES), after.strip(_QUOTES)))
    return pairs


# --- mending --------------------------------------------------------------------------------------


def _texts_of_grid(grid: Grid) -> list[str]:
    return [cell.text for row in grid.rows for cell in row if _is_open(cell)]


def _is_open(cell: Cell | None) -> TypeGuard[Cell]:
    """Whether a cell's code is still to be decided: text that no reader decoded by its font."""
    return cell is not None and bool(cell.text) and not (cell.trace and cell.trace.repair)


def _grid(grid: Grid, everywhere: str) -> Grid:
    """Return a table in Unicode: as a whole, or column by column where some of it is Unicode."""
    texts = _texts_of_grid(grid)
    mixed = any(map(sure, texts))
    if mixed:
        columns = [
            _verdict(cell.text for cell in column if _is_open(cell)).code
            for column in zip_longest(*grid.rows)
        ]
        codes, doubtful = columns, next(filter(None, columns), "")
    else:
        codes = [_verdict(texts).code or everywhere] * max(map(len, grid.rows), default=0)
        doubtful = ""
    rows = tuple(
        tuple(cell and _cell(cell, codes[at], doubtful) for at, cell in enumerate(row))
        for row in grid.rows
    )
    lines = _verdict((*grid.before, *grid.after)).code or everywhere
    before, after = (tuple(_line(t, lines) for t in side) for side in (grid.before, grid.after))
    return replace(grid, rows=rows, before=before, after=after)


def _cell(cell: Cell, code: str, doubtful: str) -> Cell:
    trace = cell.trace or Trace()
    text = _decoded(cell.text, code) if _is_open(cell) else None
    if text is not None:
        trace = replace(trace, written=cell.text, repair=_family(code))
    elif doubtful and not code and _may_be(cell, doubtful):
        trace = replace(trace, confidence=min(trace.confidence, _EITHER))
    text = _settled(cell.text if text is None else text)
    if text == cell.text and trace == (cell.trace or Trace()):
        return cell
    value = text if isinstance(cell.value, str) else cell.value
    return cell._replace(text=text, value=value, trace=trace if trace != Trace() else None)


def _may_be(cell: Cell, code: str) -> bool:
    changes = _is_open(cell) and _decoded(cell.text, code) is not None
    return changes and not looks_legacy(cell.text)


def _line(line: str, code: str) -> str:
    return _settled(_decoded(line, code) or line)


def _decoded(text: str, code: str) -> str | None:
    """Return a text decoded, or ``None`` where it is Unicode already or would become worse."""
    if not code or text.isascii() or sure(text):
        return None
    decoder = _DECODERS[code]
    shown = decoder(text)
    if shown is None or shown == text:
        return None
    changed = _changed(text, decoder)
    before = sum(spelled(word) for word, _ in changed)
    after = sum(spelled(word) for _, word in changed)
    return None if before == len(changed) > after else shown
