"""Lines of text with labels and values → entries: a mail's list, a Word form without a table."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from parsers.columns import Captions
from parsers.grid import Cell
from parsers.labels import Labelled, bare, labelled
from parsers.slip_parts import (
    Entry,
    Mark,
    Part,
    is_capitals,
    is_closing,
    is_opening,
    is_section,
    is_title,
    section_of,
)
from parsers.vietnamese import fold

_BULLET: Final = re.compile(r"^\s*(?:[-–—•*+▪●]\s*|\d{1,2}\s*[.)]\s+)")
#: Mail programs break lines near here; a line this long may go on below.
_WRAPPED: Final = 60
#: Types whose values may take more than a line.
_WORDED: Final = {"text", "list"}


def from_lines(lines: Sequence[str], captions: Captions) -> Iterator[Part]:
    """Yield the entries and marks of running text; places are ``line 12``, counted from 1.

    A line without a label goes on with the value above it only if it looks so. Anything else ends
    the slip: what stands below (an office's own telephone) is not the point's. A mere sentence ends
    it mildly.
    """
    held: Entry | None = None
    section, length = "", 0
    for number, line in enumerate(lines, 1):
        pairs = _pairs(line, captions)
        more = _more(held, line, number, captions) if held and not pairs else None
        if more:
            held, length = more, len(line)
            continue
        cut = held is not None and not pairs and _may_go_on(held, line, length, captions)
        if held:
            yield replace(held, loose=held.loose or cut)
            held = None
        if pairs:
            entries = [_entry(pair, number, section, captions) for pair in pairs]
            yield from entries[:-1]
            held, length = entries[-1], len(line)
        elif is_section(line) and not is_title(line):
            section = section_of(line)
            yield Mark(line)
        elif _is_hint(line):
            yield Mark(line)
        else:
            section = section if cut else ""
            yield Mark(line, not cut, mild=not (is_title(line) or is_closing(line)))
    if held:
        yield held


def _pairs(line: str, captions: Captions) -> Sequence[Labelled]:
    """Return the labels of a line with their values; a caption alone is a label too."""
    if is_title(line) and not labelled(line, captions):
        return ()
    pairs = labelled(line, captions)
    if not pairs and captions.exact(line) is not None and not is_section(line):
        return (Labelled(line, "", known=True),)
    if not pairs or pairs[0].known or pairs[0].numbered:
        return pairs
    strange = fold(pairs[0].label) in _LETTER_LABELS or is_opening(line)
    return () if strange else pairs


_LETTER_LABELS: Final = {"kinh gui", "so", "noi nhan", "can cu", "phieu so"}


def _entry(pair: Labelled, number: int, section: str, captions: Captions) -> Entry:
    place = f"line {number}"
    label = Cell(pair.label, pair.label, place)
    value = Cell(pair.value, pair.value, place)
    key = captions.exact(pair.label)
    return Entry(label, value, key, number, 0, section, pair.numbered, pair.assumed)


def _more(held: Entry, line: str, number: int, captions: Captions) -> Entry | None:
    """Return the entry with the line joined to its value, None if it does not go on there."""
    written = held.value.text
    capitals = not written and is_capitals(line) and not (is_title(line) or is_closing(line))
    if _is_other(line) and not capitals:
        return None
    if not written:
        held = replace(held, loose=held.loose or capitals)
        return replace(held, value=Cell(bare(line), bare(line), f"line {number}"))
    kind = _kind(held, captions)
    begun = _BULLET.match(line) is not None or written.endswith((";", "+"))
    goes_on = begun or line[:1].islower() or written.endswith((",", "-"))
    below = held.value.place != held.label.place
    if kind not in _WORDED or not (goes_on or (below and kind == "list")):
        return None
    text = f"{written}\n{line}"
    value = held.value._replace(text=text, value=text)
    return replace(held, value=value, loose=held.loose or not (begun and kind == "list"))


def _may_go_on(held: Entry, line: str, length: int, captions: Captions) -> bool:
    """Tell a value that may go on in a line which no label claims.

    A mail program may have cut it, if it is long and has no stop at its end; and what stands below
    its label is surely the value only if the next label follows.
    """
    written = held.value.text
    if _kind(held, captions) not in _WORDED or not written or _is_other(line):
        return False
    if held.value.place != held.label.place:
        return True
    first = line.split(maxsplit=1)[0]
    return not written.endswith((".", ";")) and length + len(first) >= _WRAPPED


def _kind(held: Entry, captions: Captions) -> str:
    return captions.form.field(held.key).type if held.key else "text"


def _is_other(line: str) -> bool:
    """Tell a line that belongs to no value: a hint, a heading, a greeting, a signature."""
    heading = _is_hint(line) or is_title(line) or is_section(line)
    return heading or is_closing(line)


def _is_hint(line: str) -> bool:
    return line.startswith("(") and line.endswith(")")
